"""Pictures and animations, and the names that the course's notebooks rely on."""

import base64
import io
import re
from itertools import count

import matplotlib.pyplot as plt
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


def decoded(data):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def images(html):
    """The alternative text and the pixels of each picture in a piece of HTML."""
    found = re.findall(
        r'<img width="(\d+)" height="(\d+)" alt="([^"]+)" src="data:image/\w+;base64,([\w+/=]+)"/>', html
    )
    assert len(found) == html.count("<img") > 0
    for width, height, alt, data in found:
        pixels = decoded(data)
        assert pixels.shape == (int(height), int(width), 3)
        yield alt, pixels


def films(html, scale=4):
    """The frames in a player, in order, of each of its pictures."""
    (texts,) = re.findall(r"films = \[\[(.*)\]\]\.map", html)
    for others, (_, sharp) in zip(
        texts.split("],["), images(html), strict=True
    ):  # the last, for readers without scripts
        small = sharp[::scale, ::scale]
        assert (sharp == enlarged(small, scale)).all()
        yield [*map(decoded, re.findall(r'"([\w+/=]+)"', others)), small]


def shown(html, scale=4):
    """The frames in a player with one picture."""
    (film,) = films(html, scale)
    return film


def enlarged(picture, scale):
    return picture.repeat(scale, 0).repeat(scale, 1)


def places(part, whole):
    """Where a picture is part of a larger one, pixel for pixel: [(top, left), ...], from the top."""
    height, width, _ = part.shape
    corners = np.argwhere((whole[: len(whole) - height + 1, : whole.shape[1] - width + 1] == part[0, 0]).all(-1))
    return [(y, x) for y, x in corners.tolist() if (whole[y : y + height, x : x + width] == part).all()]


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


@pytest.mark.parametrize(("fps", "scale"), [(2, 1), (10, 4), (40, 7)])
def test_the_player_and_the_file_are_as_fast_and_as_large_as_asked(fps, scale, tmp_path):
    animation = Animation(trajectory()[-3:, :2], fps=fps, scale=scale)
    html = animation.to_jshtml()
    assert f"now == last ? 2000 : {1000 // fps})" in html and shown(html, scale)[0].shape == (16, 33, 3)
    animation.save(tmp_path / "a.webp")
    with Image.open(tmp_path / "a.webp") as picture:
        assert picture.size == (33 * scale, 16 * scale)
        picture.load()
        assert picture.info["duration"] == 1000 // fps


@pytest.mark.parametrize("wrong", [{"fps": 0}, {"fps": float("nan")}, {"fps": 1e-9}, {"fps": 60}, {"fps": "fast"}])
def test_a_speed_that_makes_no_sense_is_told(wrong):
    with pytest.raises(ValueError, match="fps is .*; expected frames a second, from 0.1 to 50"):
        Animation(np.zeros((3, 1, 3, 16, 16)), **wrong)


@pytest.mark.parametrize("scale", [0, -1, 2.5, True, "4"])
def test_a_size_that_makes_no_sense_is_told(scale):
    for draw in (lambda x: Animation(x[None], scale=scale), lambda x: du.show_sprites(x, scale=scale)):
        with pytest.raises(ValueError, match="scale is .*; expected a whole number, at least 1"):
            draw(torch.zeros(1, 3, 16, 16))


def test_several_rows_move_in_step_each_under_its_name(tmp_path):
    frames = trajectory()[-4:, :3]
    animation = Animation({"$x_t$": frames, "guess & more": -frames[:, :2]}, alt="two rows")
    html = animation.to_jshtml()
    above, below = films(html)
    assert len(above) == len(below) == 4
    assert (above[-1] == tile(frames[-1])[1:-1, 1:-1]).all() and (below[-1] == tile(-frames[-1, :2])[1:-1, 1:-1]).all()
    assert [alt for alt, _ in images(html)] == ["x_t: two rows", "guess &amp; more: two rows"]
    assert re.findall(r"<div>(.*?)</div><img", html) == ["$x_t$", "guess &amp; more"]
    animation.save(tmp_path / "a.webp")
    with Image.open(tmp_path / "a.webp") as picture:
        for number in range(4):
            picture.seek(number)
            pixels = np.asarray(picture.convert("RGB"))
            ((first, _),) = places(enlarged(tile(frames[number])[1:-1, 1:-1], 4), pixels)
            ((second, _),) = places(enlarged(tile(-frames[number, :2])[1:-1, 1:-1], 4), pixels)
            for start, end in ((0, first), (first + 64, second)):  # the names, black on white
                assert 10 < end - start < 30 and pixels[start:end].min() < 64 and pixels[start:end].max() == 255
    assert "<div></div>" not in Animation(frames).to_jshtml()
    for n, width in ((1, 240), (3, 240), (8, 540)):  # room for the slider
        assert f"max-width:{width}px" in Animation(torch.zeros(2, n, 3, 16, 16)).to_jshtml()


def test_rows_that_cannot_move_in_step_are_told():
    frames = trajectory()[-4:, :3]
    with pytest.raises(ValueError, match=r"not the same number of frames \(here: 4, there: 3\)"):
        Animation({"here": frames, "there": frames[1:]})
    for nothing in ({}, {"here": frames[:0]}):
        with pytest.raises(ValueError, match="no frames"):
            Animation(nothing)


def test_players_do_not_disturb_each_other():
    animation = Animation(np.zeros((2, 1, 3, 16, 16)))
    names = [re.search(r'id="(\w+)"', animation.to_jshtml()).group(1) for _ in range(2)]
    assert names[0] != names[1] and animation._repr_html_().startswith("<div")


def test_plot_sample_and_save(tmp_path):
    frames = trajectory()[-3:, :8]
    animation = plot_sample(frames.numpy(), 8, 2, str(tmp_path), "run", 0.5, save=True)
    assert animation.films[""][0].shape[:2] == (2 * 17 - 1, 4 * 17 - 1)
    with Image.open(tmp_path / "run_w0.5.gif") as gif:
        assert gif.n_frames == 3 and gif.size == (4 * 67, 4 * 33)


def test_plot_grid(tmp_path):
    grid = plot_grid(trajectory()[-1][:8], 8, 2, str(tmp_path), 0)
    with Image.open(tmp_path / "run_image_w0.png") as picture:
        assert grid.shape == (3, *picture.size[::-1]) == (3, 2 * 18 + 2, 4 * 18 + 2)


@pytest.mark.parametrize(("columns", "scale"), [(1, 6), (5, 6), (7, 5), (8, 5), (10, 4), (30, 3)])
@pytest.mark.parametrize(
    "titles", [None, [f"t = {i}" for i in range(12)], ["with noise", *[""] * 11], ["two\nlines"] * 12]
)
def test_every_pixel_of_a_sprite_is_a_whole_number_of_pixels(columns, scale, titles):
    x = torch.rand(12, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    pixels = du.show_sprites(x, columns, titles, title="twelve").pixels
    found = [places(enlarged(sprite, scale), pixels) for sprite in du.to_uint8(x)]
    assert [len(place) for place in found] == 12 * [1]
    found = [place for (place,) in found]
    assert found == sorted(found) and len({top for top, _ in found}) == -(-12 // columns)
    assert len({left for _, left in found}) == min(columns, 12) and (pixels[[0, -1]] == 255).all()


@pytest.mark.parametrize(
    ("n", "shape", "scale"), [(8, (1, 28, 28), 3), (5, (3, 8, 20), 6), (8, (4, 16, 16), 5), (60, (3, 16, 16), 2)]
)
def test_pictures_of_any_shape_are_as_large_as_fits_a_page(n, shape, scale):
    x = torch.rand(n, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    pixels = du.show_sprites(x, columns=n).pixels
    assert scale == 2 or pixels.shape[1] <= 720
    for sprite in du.to_uint8(x):
        sprite = sprite.repeat(3, -1) if shape[0] == 1 else sprite
        if shape[0] == 4:
            on_white = Image.new("RGBA", sprite.shape[:2], "white")
            on_white.alpha_composite(Image.fromarray(sprite))
            sprite = np.asarray(on_white.convert("RGB"))
            assert (np.abs(pixels.astype(int)[:, :, None] - sprite[0, 0]).max(-1) <= 1).any()
        else:
            assert len(places(enlarged(sprite, scale), pixels)) == 1
    assert du.show_sprites(x, n, scale=scale).pixels.shape == pixels.shape


def inked(rows):
    """From where to where something is drawn, across."""
    dark = (rows < 128).all(-1).any(0).nonzero()[0]
    return dark.min(), dark.max() + 1


def test_titles_are_over_their_sprites_and_row_labels_at_the_left():
    x = -torch.ones(6, 3, 16, 16)
    x[1::2] = 1  # white: nothing but their titles is seen
    pixels = du.show_sprites(x[:4], 4, ["", "t = 5", "", "a\nb"], scale=4).pixels
    tops = [top for top, _ in places(np.zeros((64, 64, 3), np.uint8), pixels)]
    (top,) = set(tops)
    left, right = inked(pixels[:top, 70:142])
    assert abs((left + 70) - (6 + 68)) <= 3 and right - left > 25  # left of the sprite: the next has none
    over = du.show_sprites(x[:4], 4, ["t = 1", "t = 5", "t = 9", "t"], scale=4).pixels
    left, right = inked(over[:20, 74:142])
    assert abs((left + right) / 2 + 74 - (6 + 68 + 34)) <= 2
    label = "sprites with noise that goes on over three of them"
    row = du.show_sprites(x, 6, [label, *[""] * 5], scale=4).pixels
    left, right = inked(row[:20])
    assert left < 14 and right > 200 and row.shape[1] == 6 * 68 + 12
    one = du.show_sprites(x[:1], titles=[label]).pixels  # as wide as its title
    ((_, left),) = places(np.zeros((96, 96, 3), np.uint8), one)
    assert one.shape[1] > 300 and abs(left + 48 - one.shape[1] / 2) <= 2
    wide = du.show_sprites(x[:1], title=label + label).pixels
    assert wide.shape[1] > 600 and inked(wide[:22])[1] <= wide.shape[1] - 6


def test_what_is_to_be_seen_is_said():
    x = torch.zeros(4, 3, 16, 16)
    assert du.show_sprites(x).alt == "4 sprites" and du.show_sprites(x[:1]).alt == "1 sprite"
    titles = ["$t$ = 5", "", "two\nlines", "$t$ = 5"]
    assert du.show_sprites(x, titles=titles).alt == "4 sprites: t = 5, two lines"
    assert du.show_sprites(x, titles=titles, title="some").alt == "4 sprites: some: t = 5, two lines"
    assert du.show_sprites(x, titles=titles, alt="my own").alt == "my own"
    with pytest.raises(ValueError, match="say in words"):
        Animation(x[None], alt=" ")


def test_a_picture_is_exact_on_a_page_and_in_a_file(tmp_path):
    pixels = np.random.RandomState(0).randint(0, 256, (20, 30, 3), np.uint8)
    shown = player.Picture(pixels, 'a "b" <c>')
    ((alt, on_page),) = images(shown._repr_html_())
    assert alt == "a &quot;b&quot; &lt;c&gt;" and (on_page == pixels).all() and len(repr(shown)) < 60
    for name in ("a.png", "a.webp"):
        shown.save(tmp_path / name)
        with Image.open(tmp_path / name) as picture:
            assert picture.format == name[2:].upper() and (np.asarray(picture.convert("RGB")) == pixels).all()
    with pytest.raises(ValueError, match=r"a\.jpg ends in '\.jpg'; expected \.png or \.webp"):
        shown.save(tmp_path / "a.jpg")
    assert len(list(tmp_path.iterdir())) == 2
    tall = np.zeros((20_000, 2, 3), np.uint8)
    assert (next(images(player.Picture(tall, "tall")._repr_html_()))[1] == tall).all()


def test_what_is_no_picture_is_told():
    pixels = np.zeros((2, 2, 3), np.uint8)
    for alt in ("", " ", None):
        with pytest.raises(ValueError, match="say in words what is to be seen"):
            player.Picture(pixels, alt)
    for wrong in (pixels / 255, pixels[0], pixels[..., :1]):
        with pytest.raises(ValueError, match=r"pixels are .*; expected uint8 \(height, width, 3\)"):
            player.Picture(wrong, "alt")


def test_a_figure_becomes_a_picture_and_is_drawn_once():
    fig, axis = plt.subplots(figsize=(3, 2), facecolor="black")
    axis.plot([1, 2])
    shown = player.picture(fig, "a line")
    assert not plt.fignum_exists(fig.number) and shown.alt == "a line"
    height, width, _ = shown.pixels.shape
    assert 120 < height <= 220 and 200 < width <= 320 and (shown.pixels[[0, -1]] == 255).all()
    assert (shown.pixels == (31, 119, 180)).all(-1).any()  # the line
    fig, _ = plt.subplots()
    with pytest.raises(ValueError, match="say in words"):
        player.picture(fig, "")
    plt.close(fig)


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
    monkeypatch.setattr(player, "in_a_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda html, display_id: shown.append(html.data) or Handle())
    monkeypatch.setattr(player, "monotonic", count(0.0, 1.0).__next__)
    assert list(player.bar("abc", "letters")) == ["a", "b", "c"]
    assert shown[0].endswith("0 of 3") and shown[1].endswith("1 of 3") and shown[-1] == ""
    stopped = player.bar("abc", "letters")
    next(stopped), next(stopped)
    with pytest.raises(KeyboardInterrupt):
        stopped.throw(KeyboardInterrupt)
    assert shown[-2].endswith("1 of 3") and shown[-1] == ""
    shown.clear()
    assert list(player.bar("abc", "letters", show=False)) == ["a", "b", "c"]
    monkeypatch.setenv("TQDM_DISABLE", "1")
    assert list(player.bar("abc", "letters")) == ["a", "b", "c"] and not shown
    monkeypatch.setattr(player, "in_a_notebook", lambda: False)
    monkeypatch.setenv("TQDM_DISABLE", "0")
    assert list(player.bar("abc", "letters")) == ["a", "b", "c"] and "letters" in capsys.readouterr().err
    assert list(player.bar("abc", "letters", show=False)) == ["a", "b", "c"] and not capsys.readouterr().err


def test_arrow_keys_move_the_slider():
    assert "slider.dataset.lmSuppressShortcuts = true" in Animation(trajectory()).to_jshtml()


def test_a_webp_keeps_every_colour_and_a_gif_says_that_it_does_not(tmp_path):
    frames = torch.rand(2, 8, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    animation = Animation(frames, scale=1)
    animation.save(tmp_path / "a.webp")
    with Image.open(tmp_path / "a.webp") as picture:
        for number, frame in enumerate(animation.films[""]):
            picture.seek(number)
            assert (np.asarray(picture.convert("RGB")) == frame).all()
    with pytest.warns(UserWarning, match=r"a\.gif loses colours"):
        animation.save(tmp_path / "a.gif")


def test_what_cannot_be_saved_leaves_the_old_file(tmp_path):
    animation, path = Animation(trajectory()), tmp_path / "a.webp"
    animation.save(path)
    before = path.read_bytes()
    animation.fps = 1e-9  # longer than a file can say
    with pytest.raises(OverflowError):
        animation.save(path)
    with pytest.raises(ValueError, match=r"a\.mp4 ends in '\.mp4'; expected \.gif or \.webp"):
        animation.save(tmp_path / "a.mp4")
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["a.webp"]
