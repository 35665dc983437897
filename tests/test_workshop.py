"""Your own sprites: their palette, the network that learns them, what it draws and changes, and the copies."""

import colorsys
import math
import re
import sys
from functools import partial
from itertools import combinations, pairwise, product
from types import SimpleNamespace

import materials
import numpy as np
import pytest
import torch
from diffusers import RePaintScheduler
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from PIL import Image
from test_pictures import enlarged, places

import workshop
from diffusion_utilities import (
    WEIGHTS,
    NoiseSchedule,
    Unet,
    ddim_step,
    ddpm_step,
    load_checkpoint,
    sample,
    save_checkpoint,
    to_uint8,
    transform,
)
from player import Picture
from scoring import IdealDenoiser
from workshop import (
    Diary,
    Palette,
    begin,
    between,
    copies,
    draw,
    recolour,
    repaint,
    repaint_step,
    teach,
    variants,
    vary,
)

ITEMS = np.stack([picture for picture, _ in materials.draw("items", 24, 0)])
HOUSES = np.stack([picture for picture, _ in materials.draw("houses", 6, 0)])
SHIPPED = load_checkpoint(WEIGHTS / "model_trained.safetensors")
FEW = settings(max_examples=25, deadline=None, derandomize=True)
pytestmark = pytest.mark.filterwarnings("error")


@some.composite
def sprite_sets(draw, opacity=None):
    """Sprites (2, 4, 4, 4) of up to 12 colours; what is transparent is all zeros."""
    colours = draw(arrays(np.uint8, (draw(some.integers(1, 12)), 4)))
    colours[:, 3] = colours[:, 3] if opacity is None else opacity
    colours[colours[:, 3] == 0] = 0
    return colours[draw(arrays(np.int64, (2, 4, 4), elements=some.integers(0, len(colours) - 1)))]


def distinct(pixels):
    """The colours that there are, as a set."""
    return set(map(tuple, pixels.reshape(-1, pixels.shape[-1]).tolist()))


def small(palette, n_classes=0, size=16, seed=0):
    """A tiny network of this palette that knows nothing."""
    torch.manual_seed(seed)
    network = Unet(n_feat=8, n_wide=8, n_cfeat=n_classes, height=size).eval()
    network.schedule = NoiseSchedule()
    network.own = {"colours": palette.colours.tolist(), "most": palette.most, "made_from": "tests"}
    return network


def knower(sprites):
    """The best network that there can be for these sprites: it draws them, and nothing else."""
    palette = Palette.of(sprites)
    network = IdealDenoiser(transform(palette.encode(sprites)))
    network.own = {"colours": palette.colours.tolist(), "most": palette.most, "made_from": "tests"}
    return network


KNOWER = knower(ITEMS[:6])


@pytest.fixture
def sampled(monkeypatch):
    """What the functions ask `sample` for, last."""
    asked = {}

    def recorded(network, n, **how):
        asked.clear(), asked.update(how, n=n)
        return sample(network, n, **how)

    monkeypatch.setattr(workshop, "sample", recorded)
    return asked


# --- palette


@FEW
@given(sprite_sets())
def test_a_palette_holds_the_colours_of_the_sprites(sprites):
    palette = Palette.of(sprites)
    assert distinct(palette.colours) == distinct(sprites) and len(palette.colours) == len(distinct(sprites))
    assert palette.most == max(len(distinct(sprite)) for sprite in sprites)


@FEW
@given(sprite_sets(opacity=255))
def test_no_corner_is_farther_from_all_colours_than_the_ground(sprites):
    palette = Palette([(0, 0, 0, 0), *Palette.of(sprites).colours.tolist()], 9)

    def far(ground):
        return min(math.dist(colour[:3], ground) for colour in palette.colours.tolist() if colour[3])

    corner = max(map(far, product((0, 255), repeat=3)))
    if far((255, 255, 255)) >= 64:
        assert palette.ground.tolist() == [255, 255, 255]
    elif corner >= 64:
        assert far(palette.ground) == corner
    else:
        assert far(palette.ground) >= max(map(far, product((0, 64, 128, 191, 255), repeat=3)))


def test_the_ground_is_white_unless_a_colour_is_within_64_of_it():
    assert Palette([(255, 255, 191, 255), (0, 0, 0, 0)], 2).ground.tolist() == [255, 255, 255]
    assert Palette([(255, 255, 192, 255), (0, 0, 0, 0)], 2).ground.tolist() != [255, 255, 255]
    assert Palette([(255, 255, 255, 0)], 1).ground.tolist() == [255, 255, 255]  # which is not seen
    assert Palette([(255, 255, 255, 255)], 1).ground.tolist() == [255, 255, 255]  # where nothing is transparent


def test_the_ground_is_in_a_corner_unless_the_palette_is():
    assert set(Palette([(0, 0, 0, 0), (255, 255, 255, 255), (128, 128, 128, 255)], 3).ground) <= {0, 255}
    corners = [(*corner, 255) for corner in product((0, 255), repeat=3)]
    ground = Palette([(0, 0, 0, 0), *corners], 9).ground
    assert min(math.dist(ground, corner[:3]) for corner in corners) > 200


def test_white_outlines_and_black_ones_stand_out_from_the_ground():
    sprites = np.zeros((2, 8, 8, 4), np.uint8)
    sprites[0, 1:7, 1:7], sprites[1, 1:7, 1:7], sprites[:, 2:6, 2:6] = 255, (0, 0, 0, 255), (200, 40, 40, 255)
    palette = Palette.of(sprites)
    ground = palette.encode(sprites)[0, 0, 0]
    assert (palette.encode(sprites)[sprites[..., 3] == 0] == ground).all()
    assert min(math.dist(ground, colour) for colour in ((255,) * 3, (0,) * 3, (200, 40, 40))) > 128


@FEW
@given(sprite_sets())
def test_what_is_encoded_is_decoded_to_the_same(sprites):
    palette = Palette.of(sprites)
    encoded = palette.encode(sprites)
    back = palette.decode(transform(encoded))
    assert back.dtype == np.uint8 and distinct(back) <= distinct(palette.colours)
    assert (palette.encode(back) == encoded).all()  # it looks the same
    if len(distinct(palette.encode(palette.colours))) == len(palette.colours):  # no two look alike on the ground
        assert (back == sprites).all()


@FEW
@given(sprite_sets(), some.integers(0, 99))
def test_each_pixel_gets_the_nearest_colour_of_so_many(sprites, seed):
    noise = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(seed))
    palette = Palette.of(sprites)
    pixels = to_uint8(noise).reshape(2, 16, 3).tolist()

    def far(sprite, colours):
        """How far each pixel is from the nearest of these colours, as they are seen."""
        seen = palette.encode(np.array(sorted(colours), np.uint8)).tolist()
        return [min(math.dist(pixel, colour) for colour in seen) for pixel in pixels[sprite]]

    free = Palette(palette.colours, len(palette.colours))
    for most in (palette, free):
        for number, decoded in enumerate(most.decode(noise)):
            used = distinct(decoded)
            assert used <= distinct(palette.colours) and len(used) <= most.most
            own = [
                math.dist(*pair) for pair in zip(pixels[number], palette.encode(decoded).reshape(-1, 3), strict=True)
            ]
            assert own == pytest.approx(far(number, used if most is palette else distinct(palette.colours)), abs=0.01)


def test_of_too_many_colours_those_stay_that_serve_best():
    red, dark, blue = (255, 0, 0, 255), (200, 0, 0, 255), (0, 0, 255, 255)
    sprite = np.array([[red] * 8, [red] * 8, [blue] * 8, [blue] * 7 + [dark]], np.uint8).repeat(2, axis=0)[None]
    decoded = Palette([red, dark, blue], 2).decode(transform(sprite[..., :3]))
    assert distinct(decoded) == {red, blue} and (decoded[0, -1, -1] == red).all()


@FEW
@given(arrays(np.int64, (6, 5), elements=some.integers(0, 30)))
def test_the_colour_goes_that_is_missed_least(far):
    """That is the best choice where one goes; where more go, it is so each time, which is not always the best."""

    def left(columns):
        return far[:, list(columns)].min(axis=1).sum()

    chosen = [workshop._best(torch.from_numpy(far).float(), most).tolist() for most in (5, 4, 3, 2, 1)]
    assert chosen[0] == [0, 1, 2, 3, 4]
    for more, fewer in pairwise(chosen):
        assert set(fewer) < set(more) and left(fewer) == min(map(left, combinations(more, len(more) - 1)))


@pytest.mark.parametrize("sprites", [ITEMS, HOUSES])
def test_a_little_noise_changes_no_sprite(sprites):
    palette = Palette.of(sprites)
    x = transform(palette.encode(sprites))
    noise = 2 * torch.rand(x.shape, generator=torch.Generator().manual_seed(0)) - 1
    assert (palette.decode(x + 0.05 * noise) == sprites).all()
    assert (palette.decode(x + noise) != sprites).any()


def test_hues_turn_as_in_colorsys():
    colours = np.random.default_rng(0).integers(0, 256, (300, 4), np.uint8)
    colours[:20, :3] = colours[:20, :1]  # greys
    for degrees in (30, 120, 270, -60):
        turned = workshop.turned(colours, degrees)
        assert turned.dtype == np.uint8 and (turned[:, 3] == colours[:, 3]).all()
        for before, after in zip(colours[:, :3] / 255, turned[:, :3].tolist(), strict=True):
            hue, *rest = colorsys.rgb_to_hsv(*before)
            expected = [255 * part for part in colorsys.hsv_to_rgb((hue + degrees / 360) % 1, *rest)]
            assert after == pytest.approx(expected, abs=0.501)
    for degrees in (0, 360):
        assert (workshop.turned(colours, degrees) == colours).all()
    assert not workshop.turned(np.zeros((1, 4, 4, 4), np.uint8), 90).any()


def test_hues_fit_where_one_in_twenty_at_most_leaves_the_palette():
    triads = [(*np.roll((value, 0, 0), turn), 255) for value in range(27, 256, 12) for turn in range(3)]
    odd = [(220, 220 - i, 0, 255) for i in range(3)]  # yellow; there is neither cyan nor magenta
    assert len(triads) == 60
    assert workshop.fitting_hues(Palette([(0, 0, 0, 0), *triads], 3)) == [120, 240]
    assert workshop.fitting_hues(Palette(triads[:57] + odd, 3)) == [120, 240]
    assert workshop.fitting_hues(Palette(triads[:54] + odd, 3)) == []  # one in nineteen


# --- network


def test_a_network_begins_with_what_the_shipped_one_knows():
    network = begin(Palette.of(ITEMS), 16, 3, made_from="my own")
    shipped, turned_over = SHIPPED.state_dict(), {"first.weight", "last.2.weight", "last.2.bias"}
    for name, weights in network.state_dict().items():
        same = torch.equal(weights.abs(), shipped[name].abs() if name in turned_over else shipped[name])
        assert name == "contextembed.weight" or (same if name in turned_over else torch.equal(weights, shipped[name]))
    assert network.contextembed.weight.shape == (64, 3) and network.own["made_from"] == "my own"
    palette = workshop.palette_of(network)
    assert (palette.colours == Palette.of(ITEMS).colours).all() and palette.most == Palette.of(ITEMS).most
    assert not torch.equal(begin(palette, 16, fresh=True).first.weight, SHIPPED.first.weight)
    assert torch.equal(begin(palette, 20).first.weight, begin(palette, 20, fresh=True).first.weight)
    assert not torch.equal(begin(palette, 20).first.weight, begin(palette, 20, fresh=False).first.weight)


@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 255), (255, 0, 255), (0, 0, 0)])
def test_on_a_ground_in_a_corner_a_network_sees_the_white_that_it_knows(ground):
    palette = Palette.of(ITEMS)
    palette.ground = np.array(ground)
    x = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    sign = torch.tensor(ground).reshape(3, 1, 1) / 127.5 - 1
    given = begin(palette, 16)(x * sign, 0.3)
    assert torch.allclose(given * sign, SHIPPED(x, 0.3), rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", [8, 12, 16, 20, 32, 64])
def test_at_any_size_the_fully_connected_layer_sees_what_it_saw(size):
    network, side = begin(Palette.of(ITEMS), size, fresh=False), size // 4
    assert network.whole.to_vec.weight.shape == (64, 80, side, side) == network.whole.to_map.weight.shape
    constant = torch.randn(2, 80, 1, 1, generator=torch.Generator().manual_seed(0))
    seen, before = (net.whole.to_vec(constant.expand(-1, -1, n, n)) for net, n in ((network, side), (SHIPPED, 4)))
    assert torch.allclose(seen, before, rtol=0, atol=1e-3) and before.std() > 0.1
    hidden = torch.randn(2, 64, 1, 1, generator=torch.Generator().manual_seed(0))
    given, before = (net.whole.to_map(hidden).mean(dim=(2, 3)) for net in (network, SHIPPED))
    assert torch.allclose(given, before, rtol=0, atol=1e-4)
    assert network(torch.zeros(1, 3, size, size), 0.5).shape == (1, 3, size, size)


def test_at_twice_the_size_it_sees_the_map_shrunk():
    network = begin(Palette.of(ITEMS), 32, fresh=False)
    seen = torch.randn(2, 80, 8, 8, generator=torch.Generator().manual_seed(0))
    before = SHIPPED.whole.to_vec(torch.nn.functional.avg_pool2d(seen, 2))
    assert torch.allclose(network.whole.to_vec(seen), before, rtol=0, atol=1e-3)


@pytest.mark.parametrize("classes", [["ship", "sun"], None])
def test_palette_and_classes_travel_with_the_weights(classes, tmp_path):
    network = begin(Palette.of(ITEMS), 20, len(classes or []), made_from="Jürgen's ships")
    network.classes = classes
    save_checkpoint(network, tmp_path / "model.safetensors")
    loaded = load_checkpoint(tmp_path / "model.safetensors")
    assert loaded.own == network.own and loaded.classes == classes and loaded.h == 20
    assert torch.equal(loaded.schedule.exact, network.schedule.exact)
    assert (workshop.palette_of(loaded).colours == Palette.of(ITEMS).colours).all()


def test_a_network_without_a_palette_is_told():
    assert SHIPPED.own is None  # its file was written before there were any
    for network in (SHIPPED, Unet(n_feat=8, n_wide=8)):
        with pytest.raises(ValueError, match="the network has no palette; `begin` makes one"):
            variants(network, ITEMS[0])


def moved(sprite, ground=0):
    """A sprite moved by up to a pixel, each with (down, right); what leaves it is lost."""
    size = len(sprite)
    wide = np.full((size + 2, size + 2, 4), ground, np.uint8)
    wide[1:-1, 1:-1] = sprite
    return {move: wide[1 - move[0] :, 1 - move[1] :][:size, :size] for move in product((-1, 0, 1), repeat=2)}


def move_of(varied, sprite, ground=0):
    """By how much a sprite was moved to become another, if it was."""
    return next((move for move, other in moved(sprite, ground).items() if (other == varied).all()), None)


LOPSIDED = np.zeros((4, 8, 8, 4), np.uint8)  # each in its corner, and of its colour
for number, (rows, columns) in enumerate(product((slice(0, 4), slice(4, 8)), repeat=2)):
    LOPSIDED[number, rows, columns] = *np.eye(4, 3, dtype=np.uint8)[number] * 255, 255
    LOPSIDED[number, 4:6, 2] = 0, 0, 255, 255


@pytest.mark.parametrize(("sprites", "ground"), [(ITEMS, 0), (LOPSIDED, 0), (HOUSES, (*materials.MEADOW[0], 255))])
def test_sprites_are_varied_by_moves_that_cut_nothing_off(sprites, ground):
    varied, which = vary(sprites, 90)
    often = np.bincount(which, minlength=len(sprites))
    assert len(varied) == len(which) == 90 and often.max() - often.min() <= 1
    moves = [move_of(one, sprites[of], ground) for one, of in zip(varied, which, strict=True)]
    assert None not in moves and len(set(moves)) == 9
    figures, before = ((some != np.array(ground)).any(axis=-1).sum(axis=(1, 2)) for some in (varied, sprites))
    assert (figures == before[which]).all()
    assert distinct(varied) <= distinct(sprites)
    assert all((one == other).all() for one, other in zip(vary(sprites, 90, seed=0), (varied, which), strict=True))
    assert (vary(sprites, 90, seed=1)[0] != varied).any()
    assert vary(sprites, 1)[0].shape == (1, *sprites.shape[1:])


def test_sprites_are_mirrored_and_turned_only_if_asked():
    for mirror, hues in product((False, True), ((), (120,), (60, 240))):
        varied, which = vary(LOPSIDED, 200, mirror=mirror, hues=hues)
        ways = {}
        for way in product(range(1 + mirror), (0, *hues)):
            sprites = workshop.turned(LOPSIDED[:, :, :: -1 if way[0] else 1], way[1])
            came = [move_of(one, sprites[of]) is not None for one, of in zip(varied, which, strict=True)]
            ways[way] = sum(came)
        assert sum(ways.values()) == 200 and min(ways.values()) > 100 / len(ways)
        if hues == (120,):
            triad = {*distinct(LOPSIDED), *distinct(workshop.turned(LOPSIDED, 120))}
            assert distinct(varied) == triad


def test_pictures_without_a_ground_stay_as_they_are():
    full = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 4), np.uint8)
    full[..., 3] = 255
    varied, which = vary(full, 12)
    assert (varied == full[which.numpy()]).all()


@pytest.fixture
def short(monkeypatch):
    """Epochs of few pictures."""
    monkeypatch.setattr(workshop, "EPOCH", 64)
    monkeypatch.setattr(workshop, "BATCH", 16)


LABELS = np.eye(4, dtype=np.float32)[np.arange(24) % 4]


def test_two_epochs_lower_the_loss(short):
    network = small(Palette.of(ITEMS), 4)
    losses = teach(network, ITEMS, LABELS, epochs=2, progress=False)
    assert len(losses) == 2 and losses[1] < 0.8 * losses[0] and network.last[2].weight.any()
    assert len(teach(small(Palette.of(ITEMS)), ITEMS, np.zeros((24, 0), np.float32), epochs=1, progress=False)) == 1


def test_a_run_that_was_stopped_goes_on_to_the_same_end(short, tmp_path):
    class Stopped(Exception):
        pass

    def stop(epoch, network, losses):
        raise Stopped

    how = {"epochs": 2, "progress": False, "more": partial(vary, mirror=True)}
    one, other, unbroken = (small(Palette.of(ITEMS), 4, seed=seed) for seed in (0, 1, 0))
    with pytest.raises(Stopped):
        teach(one, ITEMS, LABELS, folder=tmp_path, after_epoch=stop, **how)
    losses = teach(other, ITEMS, LABELS, folder=tmp_path, **how)
    assert losses == teach(unbroken, ITEMS, LABELS, **how)
    assert all(map(torch.equal, other.state_dict().values(), unbroken.state_dict().values()))


def test_labels_stay_beside_their_pictures(short, monkeypatch):
    sprites = np.zeros((90, 8, 8, 4), np.uint8)
    colours = np.array([(200, 0, 0), (0, 200, 0), (0, 0, 200)], np.uint8)
    sprites[:, 3:6, 3:6, :3], sprites[:, 3:6, 3:6, 3] = colours[np.arange(90) % 3][:, None, None], 255
    labels, given = np.eye(3, dtype=np.float32)[np.arange(90) % 3], {}
    monkeypatch.setattr(workshop, "train", lambda network, *data, **how: given.update(data=data, how=how))
    for n, number in ((90, 90), (10, 64)):
        teach(small(Palette.of(sprites), 3, 8), sprites[:n], labels[:n], drop=0.5, seed=7)
        encoded, theirs = given["data"]
        assert encoded.shape == (number, 8, 8, 3) and theirs.shape == (number, 3)
        assert (encoded[:, 4, 4] == theirs @ colours).all()
    assert given["how"]["drop"] == 0.5 and given["how"]["seed"] == 7 and given["how"]["batch_size"] == 16
    assert not given["how"]["augmented"]
    monkeypatch.setattr(workshop, "vary", None)  # it is asked for no other
    teach(small(Palette.of(sprites), 3), sprites, labels, more=lambda some, n, seed: (some[:n], torch.arange(n)))
    with pytest.raises(ValueError, match="no palette"):
        teach(SHIPPED, sprites, labels)


def test_photographs_are_enlarged_and_cut_within_their_frame():
    sprites = np.zeros((3, 16, 16, 4), np.uint8)
    sprites[..., 3], sprites[..., 2] = 255, np.arange(3)[:, None, None] * 100
    sprites[..., 0], sprites[..., 1] = np.arange(16) * 16, np.arange(16)[:, None] * 16
    cuts, which = workshop.enlarged(sprites, 300)
    assert cuts.shape == (300, 64, 64, 4) and cuts.dtype == np.uint8
    assert np.bincount(which).tolist() == [100] * 3 and (cuts[:, 0, 0, 2] == 100 * which.numpy()).all()
    across, down = cuts[:, 30, :, 0].astype(float), cuts[:, :, 30, 1].astype(float)
    assert (np.diff(across) >= 0).all() and (np.diff(down) >= 0).all()  # nothing is turned or mirrored
    wide, high = ((part[:, -1] - part[:, 0]) / 240 for part in (across, down))  # how much of the picture is seen
    assert (wide * high > 0.72).all() and (wide <= 1).all() and (high <= 1).all()  # four fifths of it, at least
    assert wide.std() > 0.02 and abs(wide - high).max() > 0.1  # not always as much, and stretched
    assert (workshop.enlarged(sprites, 9, seed=1)[0] != cuts[:9]).any()
    assert (workshop.enlarged(sprites, 300)[0] == cuts).all()


def test_photographs_are_learned_at_one_rate_with_a_thousand_steps(short):
    made = []
    how = workshop.PHOTOS | {"optimizer": lambda net: made.append(workshop.PHOTOS["optimizer"](net)) or made[0]}
    network = small(Palette.of(ITEMS), 4, 64)
    teach(network, ITEMS, LABELS, more=workshop.enlarged, epochs=2, progress=False, **how)
    assert network.schedule.timesteps == 1000 and type(made[0]) is torch.optim.AdamW
    assert [group["lr"] for group in made[0].param_groups] == [3e-4]


def test_the_time_of_a_step_is_taken_on_a_copy(short):
    full = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), np.uint8)  # no ground: nothing warns of it
    network = small(Palette.of(ITEMS), 4)
    before = [weights.clone() for weights in network.state_dict().values()]
    assert 0 < workshop.seconds_a_step(network, full) < 60
    assert all(map(torch.equal, before, network.state_dict().values()))


def test_each_class_is_asked_for_in_turn():
    contexts = workshop.each_in_turn(SimpleNamespace(n_cfeat=3), 7)
    assert contexts.argmax(dim=1).tolist() == [0, 1, 2, 0, 1, 2, 0] and (contexts.sum(dim=1) == 1).all()
    assert workshop.each_in_turn(SimpleNamespace(n_cfeat=0), 7) is None


# --- diary


def test_a_diary_says_in_a_line_how_far_it_is(capsys, monkeypatch, tmp_path):
    clock = iter((0.0, 60.0, 120.0))
    monkeypatch.setattr(workshop, "monotonic", lambda: next(clock))
    diary, network = Diary(4, tmp_path / "run"), small(Palette.of(ITEMS), 4)
    diary(0, network, [0.5])
    assert capsys.readouterr().out == "epoch 1 of 4, loss 0.5000\n"
    diary(1, network, [0.5, 0.25])
    assert re.fullmatch(r"epoch 2 of 4, loss 0\.2500, 2\.0 min\w* left\n", capsys.readouterr().out)
    assert (tmp_path / "run" / "loss.csv").read_text(encoding="utf-8") == "epoch,loss\n0,0.500000\n1,0.250000\n"
    drawn = draw(network, 16, steps=20, step=ddim_step, context=workshop.each_in_turn(network, 16), seed=0)
    with Image.open(tmp_path / "run" / "grid.png") as picture:
        assert corners(drawn, np.asarray(picture))
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"loss.csv", "grid.png"}


def test_a_diary_without_a_folder_writes_nothing(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Diary(1)(0, small(Palette.of(ITEMS)), [0.5])
    assert not list(tmp_path.iterdir())


def test_a_diary_shows_all_in_one_place_of_a_notebook(monkeypatch, capsys):
    places = []

    class Handle(list):
        update = list.append

    monkeypatch.setattr(workshop, "in_a_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda shown, display_id: places.append(Handle()) or places[-1])
    diary, network = Diary(3), small(Palette.of(ITEMS))
    for epoch, losses in enumerate(([0.5], [0.5, 0.3], [0.5, 0.3, 0.2])):
        diary(epoch, network, losses)
    samples, curve = places
    assert all(isinstance(picture, Picture) for picture in samples + curve)
    assert "epoch 3 of 3, loss 0.2000" in samples[2].alt and [len(samples), len(curve)] == [3, 3]
    assert curve[1].alt == "loss after 2 epochs: 0.3000" and not capsys.readouterr().out


@pytest.mark.filterwarnings("default")  # of TensorBoard itself
def test_a_diary_writes_for_tensorboard(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    diary, network = Diary(2, tmp_path, tensorboard=True), small(Palette.of(ITEMS))
    diary(0, network, [0.5]), diary(1, network, [0.5, 0.25])
    read = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(event.step, event.value) for event in read.Scalars("loss")] == [(0, 0.5), (1, 0.25)]
    with Image.open(tmp_path / "grid.png") as picture:
        last = read.Images("samples")[-1]
        assert (last.width, last.height) == picture.size


def test_where_tensorboard_is_not_installed_it_says_how(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ValueError, match=r'TensorBoard is not installed: pip install -e "\.\[tensorboard\]"'):
        Diary(2, tmp_path, tensorboard=True)


# --- drawing


def test_drawn_are_sprites_of_the_palette():
    drawn = draw(KNOWER, 12, seed=0)
    assert drawn.shape == (12, 16, 16, 4) and drawn.dtype == np.uint8
    known = [(drawn == sprite).all(axis=(1, 2, 3)) for sprite in ITEMS[:6]]
    assert np.any(known, axis=0).all() and np.any(known, axis=1).sum() > 2
    assert (draw(KNOWER, 12, seed=0) == drawn).all() and (draw(KNOWER, 12, seed=1) != drawn).any()
    drawn = draw(rough(), 3, steps=5, seed=0)
    assert len(distinct(drawn)) > 5 and distinct(drawn) <= distinct(ITEMS)
    assert max(len(distinct(sprite)) for sprite in drawn) <= Palette.of(ITEMS).most


def rough():
    """A network that draws what is nothing, but in all colours."""
    network = small(Palette.of(ITEMS))
    torch.nn.init.normal_(network.last[2].weight, std=0.2)
    return network


@pytest.mark.parametrize("network", [KNOWER, rough()])
def test_the_last_frame_is_the_sprite_on_white(network):
    drawn, frames = draw(network, 4, seed=0, frames=True)
    assert (drawn == draw(network, 4, seed=0)).all() and frames.shape[1:] == (4, 3, 16, 16) and len(frames) > 10
    on_white = [Image.alpha_composite(Image.new("RGBA", (16, 16), "white"), Image.fromarray(one)) for one in drawn]
    assert (to_uint8(frames[-1]) == np.stack([np.asarray(one)[..., :3] for one in on_white])).all()
    assert frames[0].std() > 0.8


def test_the_ground_turns_white_on_the_way():
    drawn, frames = draw(KNOWER, 4, seed=0, frames=True)
    assert frames[-2][torch.from_numpy(drawn[..., 3] == 0)[:, None].expand(-1, 3, -1, -1)].mean() > 0.9


def test_steps_and_times_are_those_of_sampling(sampled):
    draw(KNOWER, 2, seed=0)
    assert sampled["steps"] == 50 and sampled["save_rate"] is None and sampled["step"].keywords == {"posterior": True}
    draw(KNOWER, 2, seed=0, steps=7, step=ddim_step)
    assert sampled["steps"] == 7 and sampled["step"] is ddim_step
    draw(KNOWER, 2, seed=0, times=[500, 100, 0])
    assert sampled["steps"] is None and sampled["times"] == [500, 100, 0]


def test_a_sprite_that_is_hardly_noised_comes_back():
    network = begin(Palette.of(ITEMS), 16, fresh=True)
    for sprite in ITEMS[:3]:
        assert (variants(network, sprite, 1 / 500, n=8) == sprite).all()
    assert (variants(KNOWER, ITEMS[5], 1.0) != ITEMS[5]).any()


def seen(sprites):
    return transform(Palette.of(ITEMS[:6]).encode(sprites)).double()


def noised(x0, t, n, seed):
    """Noised to t, by DDPM's equation 4 and the course's schedule."""
    alpha_bar = np.prod(1 - np.linspace(1e-4, 0.02, 501)[1 : t + 1])
    eps = torch.randn(n, 3, 16, 16, generator=torch.Generator().manual_seed(seed)).double()
    return math.sqrt(alpha_bar) * x0 + math.sqrt(1 - alpha_bar) * eps


@pytest.mark.parametrize(("strength", "t"), [(1 / 500, 1), (0.05, 25), (0.5, 250), (1, 500)])
def test_variants_begin_where_the_noise_has_that_strength(sampled, strength, t):
    drawn = variants(KNOWER, ITEMS[2], strength, n=3, seed=5, context=[1, 0, 0, 0, 0], guidance=1.5)
    assert torch.allclose(sampled["start"].double(), noised(seen(ITEMS[2:3]), t, 3, 5), rtol=0, atol=1e-4)
    times = sampled["times"]
    assert times[0] == t and times[-1] == 0 and len(times) == min(t, 50) + 1 and sampled["guidance"] == 1.5
    assert drawn.shape == (3, 16, 16, 4) and (drawn == variants(KNOWER, ITEMS[2], strength, n=3, seed=5)).all()


def test_the_beginning_is_made_where_the_network_is(monkeypatch):
    monkeypatch.setattr(NoiseSchedule, "perturb", lambda schedule, x0, t, eps: {x0.device.type, eps.device.type})
    monkeypatch.setattr(workshop, "sample", lambda network, n, **how: (how["start"], None))
    monkeypatch.setattr(Palette, "decode", lambda palette, x: x)
    network = small(Palette.of(ITEMS)).to("meta")  # a device that every machine has
    assert variants(network, ITEMS[0]) == between(network, *ITEMS[:2]) == {"meta"}


@pytest.mark.parametrize("strength", [0, -0.1, 1.1, math.nan])
def test_a_strength_beyond_the_scale_is_told(strength):
    for change in (partial(variants, KNOWER, ITEMS[0]), partial(between, KNOWER, *ITEMS[:2])):
        with pytest.raises(ValueError, match=f"strength is {strength}; expected above 0, .*, up to 1"):
            change(strength=strength)


def test_sprites_of_another_size_are_told():
    network = small(Palette.of(ITEMS), size=20)
    for call in (variants, partial(repaint, mask=np.ones((16, 16), bool)), partial(recolour, degrees=90)):
        with pytest.raises(ValueError, match=r"\(1, 16, 16, 4\); this network is for \(N, 20, 20, 4\)"):
            call(network, ITEMS[0])
    with pytest.raises(ValueError, match=r"\(1, 16, 16, 3\); this network is for \(N, 16, 16, 4\)"):
        variants(KNOWER, ITEMS[0, ..., :3])


def test_recolouring_turns_the_hues_first(sampled):
    assert (recolour(KNOWER, ITEMS[1], 0, n=2) == variants(KNOWER, ITEMS[1], 0.2, n=2)).all()
    recolour(KNOWER, ITEMS[1], 120, n=2, seed=3)
    turned = seen(workshop.turned(ITEMS[1:2], 120))
    assert torch.allclose(sampled["start"].double(), noised(turned, 100, 2, 3), rtol=0, atol=1e-4)


def test_between_two_sprites_lie_mixtures_of_one_noise(sampled):
    drawn = between(KNOWER, ITEMS[1], ITEMS[4], 0.4, n=5, seed=2)
    one, other = seen(ITEMS[1:2]), seen(ITEMS[4:5])
    mixed = torch.cat([one + share / 4 * (other - one) for share in range(5)])
    assert torch.allclose(sampled["start"].double(), noised(mixed, 200, 1, 2), rtol=0, atol=1e-4)
    assert drawn.shape == (5, 16, 16, 4) and sampled["step"] is ddim_step
    for end, sprite in ((drawn[:1], ITEMS[1]), (drawn[-1:], ITEMS[4])):
        assert (end == variants(KNOWER, sprite, 0.4, n=1, seed=2, step=ddim_step)).all()


@pytest.mark.parametrize("network", [KNOWER, rough()])
def test_outside_of_the_mask_nothing_changes(network):
    mask = np.zeros((16, 16), bool)
    mask[4:12, 3:9] = True
    for part in (mask, ~mask):
        drawn = repaint(network, ITEMS[0], part, n=4, again=2, steps=20)
        assert drawn.shape == (4, 16, 16, 4) and drawn.dtype == np.uint8 and distinct(drawn) <= distinct(ITEMS)
        assert (drawn[:, ~part] == ITEMS[0][~part]).all()
        assert (drawn == repaint(network, ITEMS[0], torch.from_numpy(part), n=4, again=2, steps=20)).all()
    assert (drawn[:, ~mask] != ITEMS[0][~mask]).any()


def test_the_part_that_is_drawn_fits_what_is_kept():
    """Of six sprites only one has this left half, so its right half comes, as the two parts were noised alongside."""
    mask = np.arange(16) >= np.full((16, 1), 8)
    assert (repaint(KNOWER, ITEMS[0], mask, n=4, again=3, steps=25) == ITEMS[0]).all()


SCHEDULE = NoiseSchedule()
PAIRS = [(500, 499), (251, 250), (120, 80), (1, 0), (30, 0)]
X, KNOWN = torch.randn(2, 2, 3, 4, 4, generator=torch.Generator().manual_seed(3))
MASK = torch.arange(16).reshape(4, 4) % 3 == 0


def seen_noise(xt, t):
    """The noise that a stand-in for a network sees."""
    return torch.tanh(xt * (0.5 + t / 500)) + 0.1


def predict(xt, t):
    signal, noise = SCHEDULE.signal_and_noise(t, xt)
    return (xt - noise * seen_noise(xt, t)) / signal, seen_noise(xt, t)


@pytest.mark.parametrize("again", [1, 2, 3])
@pytest.mark.parametrize(("t", "t_prev"), PAIRS)
def test_a_step_of_repainting_is_the_papers_algorithm(t, t_prev, again):
    """RePaint, Algorithm 1, lines 3 to 10, with the noise levels of equation 8a, and DDPM's line 4 for line 7."""
    stepped = repaint_step(
        X,
        t,
        t_prev,
        predict,
        SCHEDULE,
        torch.Generator().manual_seed(1),
        known=KNOWN,
        mask=MASK,
        again=again,
        step=ddpm_step,
    )
    generator = torch.Generator().manual_seed(1)

    def fresh():
        return torch.randn(X.shape, generator=generator).double()

    alpha_bar, alpha_bar_prev = (math.prod(1 - np.linspace(1e-4, 0.02, 501)[1 : s + 1]) for s in (t, t_prev))
    alpha = alpha_bar / alpha_bar_prev
    xt = X.double()
    for turn in range(1, again + 1):
        noise = seen_noise(xt, t)
        unknown = (xt - (1 - alpha) / math.sqrt(1 - alpha_bar) * noise) / math.sqrt(alpha)
        unknown = unknown + math.sqrt(1 - alpha) * fresh() if t_prev else unknown
        known = math.sqrt(alpha_bar_prev) * KNOWN.double() + math.sqrt(1 - alpha_bar_prev) * fresh()
        x = unknown * MASK + known * ~MASK
        if t_prev == 0:
            break
        if turn < again:
            xt = math.sqrt(alpha) * x + math.sqrt(1 - alpha) * fresh()
    assert torch.allclose(stepped.double(), x, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("t", [500, 250, 2, 1])
def test_a_step_of_repainting_is_that_of_diffusers(t, monkeypatch):
    """Theirs takes one noise for both parts, so all noise is this one; with eta = 1 its variance is the posterior's."""
    schedule = NoiseSchedule(dtype=torch.float64)
    theirs = RePaintScheduler(500, eta=1.0, trained_betas=schedule.beta[1:].numpy(), clip_sample=False)
    theirs.set_timesteps(500, 1, 1)
    x, known, noise = torch.randn(3, 2, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    monkeypatch.setattr(torch, "randn", lambda *shape, **how: noise)
    step, mask = partial(ddpm_step, posterior=True), (~MASK).double()
    for again in (1, 2):
        ours = repaint_step(x, t, t - 1, predict64, schedule, known=known, mask=MASK, again=again, step=step)
        xt = theirs.step(seen_noise(x, t), t - 1, x, known, mask).prev_sample
        for _ in range(again - 1 if t > 1 else 0):
            xt = theirs.undo_step(xt, t - 1)
            xt = theirs.step(seen_noise(xt, t), t - 1, xt, known, mask).prev_sample
        assert torch.allclose(ours, xt, rtol=1e-6, atol=1e-6)


def predict64(xt, t):
    signal, noise = NoiseSchedule(dtype=torch.float64).signal_and_noise(t, xt)
    return (xt - noise * seen_noise(xt, t)) / signal, seen_noise(xt, t)


def test_repainting_all_is_drawing_and_repainting_nothing_keeps_all():
    known, how = transform(Palette.of(ITEMS[:6]).encode(ITEMS[:1])), {"seed": 3, "steps": 10, "progress": False}
    everywhere = torch.ones(16, 16, dtype=torch.bool)
    all_new = partial(repaint_step, known=known, mask=everywhere, again=1, step=ddim_step)
    assert torch.equal(sample(KNOWER, 2, step=all_new, **how)[0], sample(KNOWER, 2, step=ddim_step, **how)[0])
    one, other = (torch.Generator().manual_seed(1) for _ in range(2))
    mask = torch.ones(4, 4, dtype=torch.bool)
    stepped = repaint_step(X, 250, 240, predict, SCHEDULE, one, known=KNOWN, mask=mask, again=1)
    assert torch.equal(stepped, ddpm_step(X, 250, 240, predict, SCHEDULE, other, posterior=True))
    nothing_new = partial(repaint_step, known=known, mask=~everywhere, again=2)
    assert torch.equal(sample(KNOWER, 2, step=nothing_new, **how)[0], known.expand(2, -1, -1, -1))
    assert (repaint(KNOWER, ITEMS[0], ~everywhere, n=2, steps=5) == ITEMS[0]).all()


@pytest.mark.parametrize("mask", [np.ones((16, 16)), np.ones((8, 8), bool), torch.ones(1, 16, 16, dtype=torch.bool)])
def test_a_mask_that_is_none_is_refused(mask):
    with pytest.raises(ValueError, match=r"mask is .*expected bool \(16, 16\)"):
        repaint(KNOWER, ITEMS[0], mask)


# --- looking


def checkered(sprites):
    """Sprites (N, S, S, 4) on a checkerboard of squares of 2 x 2 pixels, dark first."""
    squares = np.kron(np.indices((len(sprites[0]) // 2,) * 2).sum(axis=0) % 2, np.ones((2, 2)))
    opacity = sprites[..., 3:] / 255
    board = np.where(squares, 238, 214)[..., None]
    return (sprites[..., :3] * opacity + board * (1 - opacity)).round().astype(np.uint8)


def corners(sprites, pixels):
    """Where each of the sprites stands in a picture, enlarged in whole pixels; [] if they do not."""
    found = [[places(enlarged(sprite, scale), pixels) for sprite in checkered(sprites)] for scale in range(2, 7)]
    return next(filter(all, found), [])


def test_sprites_that_you_have_twice_do_not_make_copies_rarer():
    palette = Palette.of(ITEMS)
    few = ITEMS[:12]
    once, twice = (copies(few, own, palette)[1] for own in (few, np.concatenate([few, few])))
    near = few.copy()
    near[:, 0, 0] = few[:, 8, 8]  # a pixel more
    assert once.all() and twice.all()
    assert copies(near, few, palette)[1].tolist() == copies(near, np.concatenate([few, few]), palette)[1].tolist()
    assert copies(near, few, palette)[1].any()


def test_what_is_transparent_is_seen_by_a_checkerboard():
    half = ITEMS[:3].copy()
    half[1, ..., 3] //= 2
    picture = workshop.checkered(half, titles=["one", "two", "three"])
    assert picture.alt == "3 sprites: one, two, three"
    ((top, left),), *others = corners(half, picture.pixels)
    assert [[y for y, _ in other] for other in others] == [[top], [top]]
    assert left < others[0][0][1] < others[1][0][1]


def speckled(n, seed, colours):
    """Sprites (n, 8, 8, 4) of which each pixel within the rim is one of the colours at random."""
    sprites = np.zeros((n, 8, 8, 4), np.uint8)
    sprites[:, 1:-1, 1:-1] = np.array(colours, np.uint8)[
        np.random.default_rng(seed).integers(len(colours), size=(n, 6, 6))
    ]
    return sprites


WHITE, BLACK, CLEAR = (255,) * 4, (0, 0, 0, 255), (0,) * 4


@pytest.mark.parametrize("colours", [((200, 0, 0, 255), BLACK), (WHITE, CLEAR), (WHITE, BLACK)])
def test_copies_are_found_where_they_are(colours):
    own, new = np.split(speckled(60, 0, colours), [40])
    palette = Palette.of(own)
    planted = np.concatenate([own[3:4], np.roll(own[7:8], 1, axis=2), np.roll(own[11:12], -1, axis=1)])
    which, copied = copies(np.concatenate([planted, new]), own, palette)
    assert which[:3].tolist() == [3, 7, 11] and copied[:3].all() and copied[3:].sum() <= 2
    assert which.shape == copied.shape == (23,) and copied.dtype == bool
    flipped = planted[:, :, ::-1]
    assert not copies(flipped, own, palette)[1].any()
    which, copied = copies(np.concatenate([flipped, new]), own, palette, mirror=True)
    assert which[:3].tolist() == [3, 7, 11] and copied[:3].all() and copied[3:].sum() <= 2


def test_a_single_sprite_has_copies_too():
    palette = Palette.of(ITEMS)
    which, copied = copies(ITEMS[:2], ITEMS[:1], palette)
    assert which.tolist() == [0, 0] and copied.tolist() == [True, False]


def test_how_near_yours_are_is_taken_from_all_of_them():
    """The last third of a set that is sorted by class is all alike, so that to be a little like one is no copy."""
    own = speckled(201, 0, (BLACK, (200, 0, 0, 255)))
    palette = Palette([BLACK, (200, 0, 0, 255), (0, 0, 255, 255)], 4)
    drawn = own[:1].copy()
    drawn[0, 3, 3] = 0, 0, 255, 255
    assert copies(drawn, own, palette)[1].all()
    alike = own[-1:].repeat(100, axis=0)
    alike[:, 5, 5] = 0, 0, 0, 255
    alike[:, 5, 5, 0] = np.arange(100)  # each a shade from the next
    assert not copies(drawn, np.concatenate([own, alike]), palette)[1].any()
