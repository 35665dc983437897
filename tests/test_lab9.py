"""Lab 9, your own sprites: each formula against an oracle, what its cells compute, and what its text says of them."""

import csv
import os
import re
import shutil
import sys
from functools import partial
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from further import Lab
from PIL import Image
from torch import nn

import workshop
from collection import collect, write_sheet
from diffusion_utilities import HERE, WEIGHTS, NoiseSchedule, Unet, load_checkpoint, sample, transform
from exercises import check, yours_or_ours
from scoring import IdealDenoiser

find_ground, nearest, start, beside, back = map(yours_or_ours, ("9.1", "9.2", "9.3", "9.4", "9.5"))
LAB = Lab("09_Your_own_sprites")
cell, printed = LAB.cell, LAB.printed
TEXT = LAB.text


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The names that all cells of the lab share, in the tiny configuration, with a network that draws at random."""
    before, os.environ["LABS_CONFIG"] = os.environ.get("LABS_CONFIG"), "tiny"
    names = {"labs": HERE, "sys": sys, "shutil": shutil, "start_of": start, "beside": beside, "back_up": back}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workshop, "EPOCH", workshop.EPOCH), patch.setattr(workshop, "BATCH", workshop.BATCH)
        for holds in ("# @title What this lab uses", "# @title The pictures"):
            exec(cell(holds).source, names)
        names["OUT"] = tmp_path_factory.mktemp("lab9")
        for holds in ("own = collect(", "def there_and_back("):
            exec(cell(holds).source, names)
        names["network"] = random_network(names["palette"])
        names["alpha_bar"] = names["network"].schedule.alpha_bar
        for holds in ("def my_variants(", "def my_repaint_step(", "def my_repaint(sprite"):
            exec(cell(holds).source, names)
    os.environ.pop("LABS_CONFIG") if before is None else os.environ.update(LABS_CONFIG=before)
    plt.close("all")
    return names


def random_network(palette, size=16):
    torch.manual_seed(0)
    network = workshop.begin(palette, size, 4, fresh=True)
    for weights in network.last.parameters():  # else it begins with zeros
        nn.init.normal_(weights, std=0.05)
    return network.eval()


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


# ---------------------------------------------------------------------------------------------------- what is read


def test_what_stands_in_for_yours(lab):
    """200 items of 16 x 16 in four classes, as many of each, and one palette with white in it, as the text says."""
    sprites, classes = lab["sprites"], lab["classes"]
    assert sprites.shape == (200, 16, 16, 4) and len(classes) == 4 and "200 items" in TEXT
    assert lab["labels"].sum(axis=0).tolist() == [50] * 4
    assert (lab["palette"].colours == 255).all(axis=1).any()


def test_of_your_folder_all_is_told_and_nothing_is_said_of_whose_it_is(lab, capsys):
    odd = collect(lab["odd_ones"]())
    yours, names = cell("own = collect(").source, dict(lab)
    assert "FOLDER = None" in yours and lab["MADE_FROM"] == "items that the labs drew, CC0"
    exec(yours.replace("FOLDER = None", f"FOLDER = {str(lab['OUT'] / 'odd')!r}"), names)
    assert names["MADE_FROM"] == "" and (names["sprites"] == odd.sprites).all()
    said = capsys.readouterr().out.splitlines()
    assert said == [*map(" ".join, odd.refused), *odd.remarks] and len(odd.refused) == 2 and odd.remarks
    assert printed("own = collect(") == ""


def test_the_lantern_is_padded_and_never_stretched(lab):
    odd = collect(lab["odd_ones"]())
    assert odd.sprites.shape == (3, 20, 20, 4) and "20 × 20" in TEXT and "13 pixels wide and 17 high" in TEXT
    tall = np.array(Image.open(lab["OUT"] / "odd" / "tall.png"))
    assert tall.shape == (17, 13, 4)
    (place,) = [i for i, name in enumerate(odd.names) if "tall" in name]
    shown = odd.sprites[place]
    assert (shown[1:18, 3:16] == tall).all() and shown.astype(int).sum() == tall.astype(int).sum()
    assert {name.split("/")[-1] for name, _ in odd.refused} == {"notes.txt", "broken.png"}
    said = printed("odd_ones())")
    assert all(reason and f"{name} {reason}" in said for name, reason in odd.refused)
    assert all(remark in said for remark in odd.remarks) and "padded" in said


# --------------------------------------------------------------------------------------------- ground and palette


def test_on_white_there_are_holes_and_on_the_ground_none(lab):
    white, found = lab["whitest"], lab["palette"].ground
    for ground, whole in (((255, 255, 255), False), (found, True)):
        yours, _, again = lab["there_and_back"](white, ground).reshape(2, 3, 16, 16, 4).swapaxes(0, 1)
        holes = (yours[..., 3] > 0) & (again[..., 3] == 0)
        assert (yours == white).all() and (again == white).all() == whole and holes.any() == (not whole)


def test_the_ground_is_that_of_the_workshop():
    """Where white cannot be and a corner can: the one with the largest of the smallest distances, here in numpy."""
    corners, compared = torch.cartesian_prod(*[torch.tensor([0.0, 255.0])] * 3), 0
    for seed in range(20):
        some = np.random.default_rng(seed).integers(0, 256, (6, 3))
        colours = np.concatenate([np.array([[255, 255, 255], [0, 0, 0]]), some])
        ours = find_ground(corners, torch.from_numpy(colours).float()).numpy()
        least = np.linalg.norm(corners.numpy()[:, None] - colours, axis=2).min(axis=1)
        assert (ours == corners.numpy()[least.argmax()]).all()
        if least.max() >= workshop.FREE:
            opaque = np.concatenate([colours, np.full((8, 1), 255)], axis=1)
            palette = workshop.Palette(np.concatenate([opaque, np.zeros((1, 4))]), 8)  # and what is transparent
            assert (palette.ground == ours).all()
            compared += 1
    assert compared >= 10


def test_the_ground_of_the_picture_is_the_palettes(lab):
    found = re.search(r"ground: \[(\d+), (\d+), (\d+)\]", printed("find_ground = yours_or_ours"))
    assert list(map(int, found.groups())) == lab["palette"].ground.tolist()


def test_question_2():
    colours = torch.tensor([[0.0, 0, 0], [255, 255, 255]])
    grey, red = torch.tensor([128.0, 128, 128]), torch.tensor([255.0, 0, 0])
    assert (grey - colours).norm(dim=1).min().round() == 220
    assert (red - colours).norm(dim=1).round().tolist() == [255, 361]
    assert find_ground(torch.stack([grey, red]), colours).equal(red)
    assert all(number in TEXT for number in ("about 220 away", "255 away and white 361"))


def test_bytes_begin_again():
    three, much = torch.tensor([3, 250], dtype=torch.uint8)
    assert (three - much).item() == 9 and "3 − 250 is 9" in TEXT


def test_the_nearest_colour_is_what_the_palette_decodes(lab):
    """Where no sprite has more colours than it may; and what was encoded comes back."""
    palette, sprites = lab["palette"], lab["sprites"]
    many = workshop.Palette(palette.colours, len(palette.colours))
    x = transform(palette.encode(sprites[:8])) + 0.3 * normal(8, 3, 16, 16)
    seen = torch.from_numpy(palette.encode(palette.colours[None])[0])
    pixels = ((x.clamp(-1, 1) + 1) * 127.5).round().byte().movedim(1, -1).reshape(-1, 3)
    decoded = palette.encode(many.decode(x)).reshape(-1, 3)
    assert (nearest(pixels, seen).numpy() == decoded).all()
    assert (palette.decode(transform(palette.encode(sprites))) == sprites).all()
    few = palette.decode(x)
    assert max(len(np.unique(one.reshape(-1, 4), axis=0)) for one in few) <= palette.most < len(palette.colours)


def test_noise_of_40_gives_a_third_of_the_pixels_a_wrong_colour():
    (come_back,) = re.findall(r"noise 40 of 255: (\d+)% come back", printed("sprites' pixels, with noise"))
    assert (
        abs(int(come_back) - 67) <= 3 and "At a noise of 40, a third of the figures' pixels get a wrong colour" in TEXT
    )
    assert "noise  0 of 255: 100% come back" in printed("sprites' pixels, with noise")


# -------------------------------------------------------------------------------------------------------- teaching


def test_what_the_table_says_of_the_two_starts():
    with (WEIGHTS / "own_scores.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["material"] == "items" and row["n"] == "400"]
    of = {(int(row["epochs"]), row["start"]): (float(row["distance"]), float(row["copies"])) for row in rows}
    labs, nothing = (
        {epochs: of[epochs, start] for epochs in (3, 10, 30)} for start in ("the labs' network", "nothing")
    )
    assert labs[3][0] < nothing[3][0] and labs[10][0] > nothing[10][0]
    assert "after 10 epochs it is no longer ahead" in TEXT
    assert labs[30][1] < nothing[30][1] and len(rows) == 6 == len(printed("own_scores.csv").splitlines())
    for (epochs, start), (distance, copied) in of.items():
        said = rf"{epochs} epochs from {start} +distance {distance:.2f}, copies {copied:.1%}$"
        assert re.search(said, printed("own_scores.csv"), re.M), said


def test_what_is_taken_over_is_what_the_cell_says(lab):
    lines = printed("tensors fit").splitlines()
    assert lines[0].endswith("others: contextembed.weight")
    assert "whole.to_vec.weight" in lines[1] and "whole.to_map.weight" in lines[1] and lines[1].count(",") == 2
    known = Unet(n_cfeat=5, height=16).state_dict()
    for line, size in zip(lines, (16, 32), strict=True):
        new = Unet(n_cfeat=4, height=size).state_dict()
        fit = sum(new[name].shape == weights.shape for name, weights in known.items())
        assert f"{size} x {size}: {fit} of {len(known)} " in line


def test_on_a_dark_ground_the_labs_network_is_shown_the_negative(lab):
    """What it says of noisy sprites there is, turned back, what it says of the negatives, as the text tells."""
    palette, known = lab["palette"], load_checkpoint(WEIGHTS / "model_trained.safetensors")
    sign = torch.where(torch.from_numpy(palette.ground) > 127, 1.0, -1.0).reshape(3, 1, 1)
    assert sign.flatten().tolist() == [-1, -1, 1]
    x, t = transform(palette.encode(lab["sprites"][:4])) + normal(4, 3, 16, 16), torch.full((4,), 0.4)
    with torch.inference_mode():
        ours = workshop.begin(palette, 16, 4).eval()(x, t)
        assert torch.allclose(ours, sign * known(sign * x, t), atol=1e-4)
    assert "flips the sign of that channel on the way in" in TEXT and "so the network is shown a white ground" in TEXT


def test_an_epoch_shows_2048_and_ten_sprites_twenty_times_as_often_as_200(lab):
    assert workshop.EPOCH == 2048 and "An epoch shows 2,048 sprites" in TEXT
    shown = []
    for some in (lab["sprites"], lab["sprites"][:10]):
        many, which = workshop.vary(some, 2048)
        assert len(many) == 2048
        shown.append(which.bincount().float().mean())
    assert shown[1] / shown[0] == pytest.approx(20) and "twenty times as often" in TEXT
    ten, all_of_them = (int(re.search(r"else (\d+)", cell(name).source)[1]) for name in ("TEN = ", "EPOCHS = "))
    assert f"in {ten} epochs" in TEXT and f"{all_of_them} epochs: why" in TEXT
    assert round(ten * shown[1].item(), -3) == 3000 and "about 3,000 times" in TEXT
    assert round(all_of_them * shown[0].item(), -2) == 300 and "about 300 times" in TEXT


def test_drawing_is_as_the_text_says():
    assert workshop.STEPS == 50 and workshop.SHARP.func.__name__ == "ddpm_step"
    assert workshop.SHARP.keywords == {"posterior": True}
    assert "`draw` takes 50 steps of DDPM with the smaller variance" in TEXT


# ---------------------------------------------------------------------------------------------------------- change


def test_a_start_is_diffusers_and_its_times_fall():
    diffusers = pytest.importorskip("diffusers")
    schedule = NoiseSchedule()
    theirs = diffusers.DDPMScheduler(trained_betas=schedule.beta[1:].numpy())
    x0, eps = normal(1, 3, 16, 16), normal(4, 3, 16, 16, seed=1)
    for strength, t, steps in ((0.5, 250, 50), (1, 500, 50), (0.03, 15, 15), (0.0001, 1, 1)):
        times, xt = start(x0, strength, eps, schedule.alpha_bar)
        assert torch.allclose(xt, theirs.add_noise(x0, eps, torch.tensor([t - 1])), atol=1e-5)
        assert times[0] == t and times[-1] == 0 and len(times) == steps + 1
        assert all(one > other for one, other in pairwise(times))


def test_variants_are_the_workshops(lab):
    sprite = lab["sprites"][7]
    for strength in (0.1, 0.6):
        ours = lab["my_variants"](sprite, strength, n=3)
        assert (ours == workshop.variants(lab["network"], sprite, strength, 3, seed=lab["SEED"])).all()
    assert (ours != sprite).any() and "0 numbers differ" in printed("def my_variants(")


def shown_by(names, holds):
    """Run a cell that ends with a knob. Returns the list of what is shown by it, each (N, S, S, 4), from then on."""
    shown = []
    names["checkered"] = lambda sprites, *how: shown.append(sprites) or workshop.checkered(sprites, *how)
    exec(cell(holds).source, names)
    return shown


def test_turning_the_hues_first_is_recolouring(lab):
    names, sprite = dict(lab), lab["sprites"][50]
    shown = shown_by(names, "def varied(")
    names["varied"](50, 120, 0.1)
    ours = workshop.recolour(lab["network"], sprite, 120, 0.1, seed=lab["SEED"])
    assert (shown[-1][0] == sprite).all() and (shown[-1][1:] == ours).all()
    assert "With `degrees` its hues are turned first; so it is recoloured" in TEXT


@pytest.mark.parametrize("side", [16, 20])
def test_what_is_painted_on_the_board_is_drawn_anew(lab, side):
    rim = (side - 16) // 2
    sprites = np.pad(lab["sprites"], [(0, 0), (rim, rim), (rim, rim), (0, 0)])
    names = dict(lab, sprites=sprites, mine=sprites[0], side=side, network=random_network(lab["palette"], side))
    for holds in ("find_ground = yours_or_ours", "def my_repaint_step(", "def my_repaint(sprite", "on_white = "):
        exec(cell(holds).source, names)
    shown, board = shown_by(names, "def painted_anew("), names["board"]

    def seen(number, painted):
        """It is sprites[number] that is shown, and drawn anew where it is painted over, and there alone."""
        one, _, *new = shown[-1]
        assert (one == sprites[number]).all() and len(new) == 4
        for drawn in new:
            assert (drawn[~painted] == one[~painted]).all() and (drawn[painted] != one[painted]).any()

    part = np.zeros((side, side), bool)
    part[side // 4 : side - side // 4, side // 4 : side - side // 4] = True
    seen(100, part)
    loud, (start, other) = board.palette["loud"], (board.starts[f"sprite {number}"] for number in (100, 41))
    erased = max(i for i, cell in enumerate(start) if cell != "#ffffff")
    board.cells = [*board.cells[:erased], "#ffffff", *board.cells[erased + 1 :]]
    part.flat[erased] = True
    names["painted_anew"](2)
    seen(100, part)
    board.cells = other[: 5 * side] + [loud] * 4 * side + other[9 * side :]
    names["painted_anew"](1)
    seen(41, np.isin(np.indices((side, side))[0], range(5, 9)))
    board.cells = other
    names["painted_anew"](1)
    assert (shown[-1][2:] == sprites[41]).all()
    assert loud not in {code for cells in board.starts.values() for code in cells}


def test_the_known_part_and_the_step_back_are_those_of_diffusers():
    """diffusers' own: what is known lies where its mask is 1. A step down with the same noise, and one back up."""
    diffusers = pytest.importorskip("diffusers")
    schedule = NoiseSchedule()
    theirs = diffusers.RePaintScheduler(num_train_timesteps=500, trained_betas=schedule.beta[1:].numpy())
    theirs.set_timesteps(500, 1, 1)
    known, xt, given = normal(1, 3, 8, 8), normal(2, 3, 8, 8, seed=1), normal(2, 3, 8, 8, seed=2)
    mask = normal(8, 8, seed=3) > 0
    for t in (2, 150, 400):  # theirs counts from 0
        step = theirs.step(given, t - 1, xt, known, (~mask).float(), generator=torch.Generator().manual_seed(5))
        eps = normal(2, 3, 8, 8, seed=5)
        ours = beside(step.prev_sample, known, mask, t - 1, eps, schedule.alpha_bar)
        assert torch.allclose(ours, step.prev_sample, atol=1e-5)
        up = theirs.undo_step(xt, t - 1, generator=torch.Generator().manual_seed(6))
        assert torch.allclose(back(xt, t, t - 1, normal(2, 3, 8, 8, seed=6), schedule.alpha_bar), up, atol=1e-5)


def test_noising_in_two_goes_is_noising_at_once():
    """The mean is the same factor, and the variances of the two noises add up."""
    alpha_bar = NoiseSchedule(dtype=torch.float64).alpha_bar
    one, none = torch.ones(1, 1, 1, 1, dtype=torch.float64), torch.zeros(1, 1, 1, 1, dtype=torch.float64)
    known = torch.zeros(1, 1, dtype=torch.bool)
    for t_prev, t in ((100, 150), (0, 1), (3, 500)):
        first = beside(none, one, known, t_prev, none, alpha_bar)
        assert back(first, t, t_prev, none, alpha_bar).item() == pytest.approx(alpha_bar[t].sqrt().item())
        noise = beside(none, none, known, t_prev, one, alpha_bar)
        variance = back(noise, t, t_prev, none, alpha_bar) ** 2 + back(none, t, t_prev, one, alpha_bar) ** 2
        assert variance.item() == pytest.approx(1 - alpha_bar[t].item())
    lines = re.findall(r"\d\.\d+$", printed("at_100 = "), re.M)
    assert [float(n) for n in lines] == [pytest.approx(alpha_bar[t].sqrt().item(), abs=5e-4) for t in (100, 150, 150)]


def test_repainting_is_the_workshops(lab):
    sprite = lab["sprites"][120]
    mask = normal(16, 16).numpy() > 0.3
    for again in (1, 3):
        ours = lab["my_repaint"](sprite, mask, again, n=2, steps=4)
        theirs = workshop.repaint(lab["network"], sprite, mask, 2, again=again, steps=4, seed=lab["SEED"])
        assert (
            (ours == theirs).all() and (ours[:, ~mask] == sprite[~mask]).all() and (ours[:, mask] != sprite[mask]).any()
        )
    assert "0 numbers differ" in printed("def my_repaint(sprite")


def test_taken_again_the_new_part_fits_the_known(lab):
    """A network that knows eight items by heart: one top belongs to each bottom, so what fits can be counted."""
    x0, rows = transform(lab["palette"].encode(lab["sprites"][::25])), 10
    mask = torch.arange(16)[:, None].expand(16, 16) < rows
    fits = []
    for again in (1, 10):
        drawn = []
        for one in x0:
            step = partial(lab["my_repaint_step"], known=one[None], mask=mask, again=again)
            drawn.append(sample(IdealDenoiser(x0), 16, step=step, steps=25, seed=3, progress=False)[0])
        far = (torch.stack(drawn)[:, :, None, :, :rows] - x0[:, :, :rows]).square().mean(dim=(3, 4, 5))
        fits.append((far.argmin(dim=2) == torch.arange(len(x0))[:, None]).float().mean().item())
    assert fits[1] > fits[0] + 0.1, fits


# ------------------------------------------------------------------------------------------------------- exercises


def test_what_check_says_is_of_the_mistake_alone():
    place = check("9.1", lambda candidates, colours: torch.cdist(candidates, colours).amin(dim=1).argmax()).text
    assert "That is the place of the candidate." in place and "float" not in place
    assert "The times come first" in check("9.3", lambda *arguments: start(*arguments)[::-1]).text
    for number, function in (
        ("9.3", lambda x0, strength, eps, ab: start(x0, strength, torch.randn_like(eps), ab)),
        ("9.5", lambda x, t, t_prev, eps, ab: back(x, t, t_prev, torch.randn_like(eps), ab)),
    ):
        text = check(number, function).text
        assert "The noise is given: eps." in text and "Is there chance in it" not in text


# ------------------------------------------------------------------------------------------------------------ kept


def test_the_model_and_the_sheet_carry_what_the_text_says():
    lines = printed("save_checkpoint(network").splitlines()
    assert "made from items that the labs drew, CC0" in lines[0] and "of 16 x 16" in lines[0]
    assert lines[1] == "8 more: (8, 16, 16, 4)" and lines[-1] == "read again, 0 numbers differ"


def test_whose_pictures_they_are_stands_in_the_sheet(lab, tmp_path):
    write_sheet(tmp_path / "sheet.png", lab["sprites"][:2], ["a", "b"], about=lab["MADE_FROM"])
    assert lab["MADE_FROM"] in (tmp_path / "sheet.json").read_text("utf-8") and "CC0" in lab["MADE_FROM"]


def test_enlarged_sprites_get_colours_that_they_have_not(lab):
    wide, _ = workshop.enlarged(lab["sprites"][:1], 5, seed=3)
    before, after = (len(np.unique(part.reshape(-1, 4), axis=0)) for part in (lab["sprites"][:1], wide))
    assert wide.shape == (5, 64, 64, 4) and after > 10 * before
    assert f"has {before} colours" in printed("# @title Optional") and f"has {after:,}" in printed("# @title Optional")
