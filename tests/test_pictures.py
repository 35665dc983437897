"""Pictures and animations, and the names that the course's notebooks rely on."""

import base64
import io
import re
from itertools import count

import numpy as np
import pytest
import torch
from PIL import Image

import diffusion_utilities as du
import player
from diffusion_utilities import Animation, NoiseSchedule, augment, load_sprites, plot_grid, plot_sample, tile, transform


def trajectory():
    """32 frames of 32 sprites, as noisy as sampling shows them, and a little noisy at the end as samples are."""
    generator = torch.Generator().manual_seed(0)
    x0 = augment(transform(load_sprites("test")[0][::68][:32]), generator)
    x0 = x0 + 0.01 * torch.randn(x0.shape, generator=generator)
    kept = [t for t in range(500, 0, -1) if t % 20 == 0 or t < 8]
    return torch.stack([NoiseSchedule().perturb(x0, t - 1, torch.randn(x0.shape, generator=generator)) for t in kept])


def shown(html):
    """The pictures in a player, in order."""
    (last,) = re.findall(r'src="data:image/webp;base64,([\w+/=]+)"', html)  # for readers without scripts, too
    (others,) = re.findall(r"frames = \[(.*)\]\.map", html)
    encoded = [*re.findall(r'"([\w+/=]+)"', others), last]
    pictures = [np.asarray(Image.open(io.BytesIO(base64.b64decode(frame))).convert("RGB")) for frame in encoded]
    sharp, small = pictures[-1], pictures[-1][::4, ::4]  # four screen pixels for each of a sprite's
    assert (sharp == small.repeat(4, 0).repeat(4, 1)).all()
    return [*pictures[:-1], small]


def test_tile_draws_on_a_fixed_scale():
    """Erratum 5: the course stretches every frame of every sprite to its own range, and divides by zero."""
    x = torch.full((3, 3, 16, 16), 0.0)
    x[1], x[2] = -1.0, 7.0
    picture = tile(x, columns=2)
    assert picture.shape == (2 * 17 + 1, 2 * 17 + 1, 3) and picture.dtype == np.uint8
    assert (
        (picture[1:17, 1:17] == 128).all() and (picture[1:17, 18:34] == 0).all() and (picture[18:34, 1:17] == 255).all()
    )


def test_animation_is_true_and_small():
    frames = trajectory()
    html = Animation(frames).to_jshtml()
    assert len(html) <= 330_000
    pictures = shown(html)
    assert len(pictures) == len(frames) == 32
    for number, (frame, picture) in enumerate(zip(frames, pictures, strict=True)):
        exact = tile(frame)[1:-1, 1:-1].astype(int)
        away = np.abs(picture.astype(int) - exact)
        part = 16 if number < 24 else 64  # the last seven before the end, and the end
        assert away.max() <= 255 / part * 2 + 1 and (away**2).mean() ** 0.5 <= 255 / part + 0.5
        assert (picture[exact == 255] == 255).all()
    assert (pictures[-1] == tile(frames[-1])[1:-1, 1:-1]).all()


def test_animation_takes_arrays_and_keeps_constant_frames():
    frames = np.zeros((2, 4, 3, 16, 16), np.float32)
    assert all((picture[:16, :16] == 128).all() for picture in shown(Animation(frames, columns=2).to_jshtml()))


@pytest.mark.parametrize("fps", [2, 10, 40])
def test_the_player_is_as_fast_as_asked(fps):
    html = Animation(np.zeros((3, 1, 3, 16, 16))).to_jshtml(fps=fps)
    assert f"now == last ? 2000 : {1000 // fps})" in html


def test_players_do_not_disturb_each_other():
    animation = Animation(np.zeros((2, 1, 3, 16, 16)))
    names = [re.search(r'id="(\w+)"', animation.to_jshtml()).group(1) for _ in range(2)]
    assert names[0] != names[1] and animation._repr_html_().startswith("<div")


def test_plot_sample_and_save(tmp_path):
    frames = trajectory()[-3:, :8]
    animation = plot_sample(frames.numpy(), 8, 2, str(tmp_path), "run", 0.5, save=True)
    assert animation.pictures[0].shape[:2] == (2 * 17 - 1, 4 * 17 - 1)
    with Image.open(tmp_path / "run_w0.5.gif") as gif:
        assert gif.n_frames == 3 and gif.size == (4 * 67, 4 * 33)
    animation.save(tmp_path / "own.gif", fps=5)
    with Image.open(tmp_path / "own.gif") as gif:
        assert gif.info["duration"] == 200


def test_plot_grid(tmp_path):
    grid = plot_grid(trajectory()[-1][:8], 8, 2, str(tmp_path), 0)
    with Image.open(tmp_path / "run_image_w0.png") as picture:
        assert grid.shape == (3, *picture.size[::-1]) == (3, 2 * 18 + 2, 4 * 18 + 2)


def test_show_sprites():
    fig = du.show_sprites(trajectory()[-1][:5], columns=3, titles=list("abcde"), title="five")
    assert len(fig.axes) == 6 and [axis.get_title() for axis in fig.axes] == [*"abcde", ""]
    assert fig.axes[0].images[0].get_array().dtype == np.uint8
    du.plt.close(fig)


def test_course_helpers():
    constant = np.full((4, 4, 3), 0.3)
    assert not du.unorm(constant).any()
    picture = np.random.RandomState(0).randn(4, 4, 3)
    stretched = du.unorm(picture)
    assert stretched.min((0, 1)) == pytest.approx(0) and stretched.max((0, 1)) == pytest.approx(1)
    store = np.random.RandomState(1).randn(2, 3, 3, 4, 4)
    assert du.norm_all(store, 2, 3).shape == (2, 3, 4, 4, 3)
    assert du.norm_all(store, 2, 3)[1, 2] == pytest.approx(du.unorm(store[1, 2].transpose(1, 2, 0)))
    batch = du.norm_torch(torch.from_numpy(store[0]))
    assert torch.is_tensor(batch) and batch.shape == (3, 3, 4, 4)
    assert batch[1].numpy() == pytest.approx(du.unorm(store[0, 1].transpose(1, 2, 0)).transpose(2, 0, 1))
    n, contexts = du.gen_tst_context(5)
    assert n == len(contexts) and contexts.shape[1] == 5 and contexts.sum(dim=1).max() == 1


def test_a_bar_counts_and_nothing_is_left_of_it(monkeypatch, capsys):
    shown = []

    class Handle:
        def update(self, html):
            shown.append(html.data)

    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr(player, "_in_a_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda html, display_id: shown.append(html.data) or Handle())
    monkeypatch.setattr(player, "monotonic", count(0.0, 1.0).__next__)
    assert list(player.bar("abc", "letters")) == ["a", "b", "c"]
    assert shown[0].endswith("0 of 3") and shown[1].endswith("1 of 3") and shown[-1] == ""
    shown.clear()
    assert list(player.bar("abc", "letters", show=False)) == ["a", "b", "c"]
    monkeypatch.setenv("TQDM_DISABLE", "1")
    assert list(player.bar("abc", "letters")) == ["a", "b", "c"] and not shown
    monkeypatch.setattr(player, "_in_a_notebook", lambda: False)
    monkeypatch.setenv("TQDM_DISABLE", "0")
    assert list(player.bar("abc", "letters")) == ["a", "b", "c"] and "letters" in capsys.readouterr().err
    assert list(player.bar("abc", "letters", show=False)) == ["a", "b", "c"] and not capsys.readouterr().err


def test_arrow_keys_move_the_slider():
    assert "slider.dataset.lmSuppressShortcuts = true" in Animation(trajectory()).to_jshtml()


def test_a_webp_keeps_every_colour_and_a_gif_says_that_it_does_not(tmp_path):
    frames = torch.rand(2, 8, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    animation = Animation(frames)
    animation.save(tmp_path / "a.webp", scale=1)
    with Image.open(tmp_path / "a.webp") as picture:
        for number, frame in enumerate(animation.pictures):
            picture.seek(number)
            assert (np.asarray(picture.convert("RGB")) == frame).all()
    with pytest.warns(UserWarning, match=r"a\.gif loses colours"):
        animation.save(tmp_path / "a.gif")


def test_what_cannot_be_saved_leaves_the_old_file(tmp_path):
    animation, path = Animation(trajectory()), tmp_path / "a.webp"
    animation.save(path)
    before = path.read_bytes()
    for wrong in ({"fps": 0}, {"fps": float("nan")}, {"scale": 2.5}, {"fps": 1e-9}):
        with pytest.raises((ValueError, OverflowError)):
            animation.save(path, **wrong)
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["a.webp"]
