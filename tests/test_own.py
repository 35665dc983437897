"""weights/own.py: a folder or a sheet in, new sprites and a model out; nothing lost, nothing written elsewhere."""

import json
import sys
from functools import partial
from pathlib import Path

import materials
import numpy as np
import own
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import workshop
from collection import collect
from diffusion_utilities import load_checkpoint

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Epochs of four small steps, sprites in few steps, and nobody at the keyboard."""
    monkeypatch.setattr(workshop, "EPOCH", 64)
    monkeypatch.setattr(workshop, "BATCH", 16)
    monkeypatch.setattr(workshop, "STEPS", 3)
    monkeypatch.setattr(workshop, "repaint", partial(workshop.repaint, again=1, steps=3))
    monkeypatch.setattr(workshop, "seconds_a_step", lambda *given: 0.1)  # which `made` below takes in earnest
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    materials.write(folder, 16)
    return folder


def tree(folder):
    """All files below a folder, with their contents."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def made(sources, tmp_path_factory):
    """What one run on the items made: the folder, and what it said."""
    out = tmp_path_factory.mktemp("made") / "new ones"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workshop, "EPOCH", 64), patch.setattr(workshop, "BATCH", 16)
        patch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
        before = tree(sources)
        own.main(
            [str(sources / "items"), "--out", str(out), "--epochs", "1", "--number", "8", "--made-from", "drawn by me"]
        )
        assert tree(sources) == before
    assert {path.name for path in out.parent.iterdir()} == {"new ones"}
    return out


def test_what_is_made_is_there(made):
    names = {path.name for path in made.iterdir()}
    files = {"read.png", "preview.png", "copies.png", "sheet.png", "sheet.json", "denoising.webp", "model.safetensors"}
    assert names == files | {"sprites", "training", "about.json"}
    assert len(list(made.glob("sprites/*/*.png"))) == 8 and (made / "training" / "loss.csv").is_file()
    about = json.loads((made / "about.json").read_text(encoding="utf-8"))
    assert about["made from"] == "drawn by me" and about["sprites"] == 16 and about["drawn"] == 8


def test_new_sprites_have_the_palette_and_the_transparency_of_the_old(made, sources):
    palette = {tuple(colour) for colour in collect(sources / "items").sprites.reshape(-1, 4)}
    drawn = [np.asarray(Image.open(path)) for path in sorted(made.glob("sprites/*/*.png"))]
    assert all(sprite.shape == (16, 16, 4) for sprite in drawn)
    assert {tuple(colour) for sprite in drawn for colour in sprite.reshape(-1, 4)} <= palette


def test_the_sheet_holds_the_sprites_by_their_names(made):
    again = collect(made / "sheet.json")
    assert len(again.sprites) == 8 and not again.refused
    for sprite, name in zip(again.sprites, again.names, strict=True):
        assert (sprite == np.asarray(Image.open(made / "sprites" / name))).all()


def test_the_model_draws_anywhere_in_three_lines(made, sources, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    network = load_checkpoint(made / "model.safetensors")
    sprites = workshop.draw(network, 2, context="crown", seed=1)
    assert sprites.shape == (2, 16, 16, 4) and network.classes == ["axe", "crown", "lantern", "umbrella"]
    assert network.own["made_from"] == "drawn by me" and network.schedule.timesteps == 500


def test_a_second_call_goes_on_where_the_first_stopped(sources, tmp_path, capsys, monkeypatch):
    call = [str(sources / "beetles"), "--out", str(tmp_path / "out"), "--epochs", "2", "--number", "2"]

    def stopped(self, epoch, network, losses):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(workshop.Diary, "__call__", stopped)
        own.main(call)
    assert not (tmp_path / "out" / "model.safetensors").exists()
    own.main(call)
    said = capsys.readouterr().out
    assert "1 of 2 epochs found" in said and "Training will take about 1 min" in said
    trained = load_file(tmp_path / "out" / "model.safetensors")
    own.main(call)
    said = capsys.readouterr().out
    assert "2 of 2 epochs found" in said and "Training will take" not in said
    again = load_file(tmp_path / "out" / "model.safetensors")
    assert all(torch.equal(again[name], weights) for name, weights in trained.items())
    with pytest.raises(ValueError, match=r"begun with other sprites or settings; give another --out"):
        own.main([*call, "--mirror"])


def test_what_cannot_be_used_is_named_and_few_are_said_to_be_few(sources, tmp_path, capsys):
    folder = tmp_path / "mine"
    folder.mkdir()
    for number, path in enumerate(sorted((sources / "beetles").glob("*.png"))[:10]):
        (folder / f"{number}.png").write_bytes(path.read_bytes())
    (folder / "cut.png").write_bytes((folder / "0.png").read_bytes()[:60])
    (folder / "notes.txt").write_text("to do", encoding="utf-8")
    own.main([str(folder), "--out", str(tmp_path / "out"), "--epochs", "1", "--number", "2"])
    said = capsys.readouterr().out
    assert "not used: mine/cut.png" in said and "not used: mine/notes.txt" in said
    assert "10 are too few to learn from: copies will come out" in said


def test_what_the_reading_says_is_said_in_options():
    said = "if (0, 0, 16) is their ground, ground=(0, 0, 16) makes it transparent. Give tile=, margin= and spacing=."
    ours = (
        "if (0, 0, 16) is their ground, --ground '#000010' makes it transparent. Give --tile, --margin and --spacing ."
    )
    assert own.as_options(said).replace(" .", ".") == ours.replace(" .", ".")


@pytest.mark.parametrize("number, words", [(29, "too few"), (30, "not many"), (99, "not many"), (100, None)])
def test_how_many_are_enough(number, words, tmp_path, capsys):
    folder = tmp_path / "mine"
    folder.mkdir()
    picture = np.full((8, 8, 4), 255, np.uint8)
    for i in range(number):
        picture[0, 0, 0] = i
        Image.fromarray(picture).save(folder / f"{i}.png")
    options = own.options_of([str(folder), "--out", str(tmp_path / "out")])
    own.read(options)
    said = capsys.readouterr().out
    assert (words in said) if words else ("too few" not in said and "not many" not in said)


def test_whoever_can_answer_is_asked_before_anything_is_trained(sources, tmp_path, monkeypatch):
    asked, answers = [], iter(("", "y", "No"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(
        "builtins.input", lambda words: asked.append((tmp_path / "read.png").is_file()) or next(answers)
    )
    call = [str(sources / "items"), "--out", str(tmp_path)]
    own.read(own.options_of(call)), own.read(own.options_of(call))
    with pytest.raises(ValueError, match="then give --tile"):
        own.read(own.options_of(call))
    assert asked == [True] * 3
    own.read(own.options_of([*call, "--yes"]))
    assert len(asked) == 3


def test_a_wrong_path_leaves_nothing(tmp_path):
    with pytest.raises(FileNotFoundError):
        own.main([str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_fewer_sprites_leave_none_of_the_former_ones(sources, tmp_path):
    call = [str(sources / "beetles"), "--out", str(tmp_path / "out"), "--epochs", "1"]
    own.main([*call, "--number", "5"])
    (tmp_path / "out" / "sprites" / "mine.png").write_bytes(b"edited")
    own.main([*call, "--number", "2", "--seed", "1"])
    assert {path.name for path in (tmp_path / "out" / "sprites").iterdir()} == {"000.png", "001.png", "mine.png"}


def test_nothing_of_the_users_is_written_over(sources, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "sheet.png").write_bytes(b"mine")
    with pytest.raises(ValueError, match="holds something else"):
        own.out_folder(tmp_path / "full", sources)
    with pytest.raises(ValueError, match="holds something else"):
        own.out_folder(tmp_path / "full" / "sheet.png", sources)
    with pytest.raises(ValueError, match="lies within what is read"):
        own.out_folder(sources / "items" / "new", sources / "items")
    assert own.out_folder(tmp_path / "new", sources) == (tmp_path / "new").resolve()


def read(path):
    return np.asarray(Image.open(path).convert("RGBA"))


def written(picture, path):
    """Write a picture, uint8 (H, W, 4), as a PNG. Returns its path, as text."""
    Image.fromarray(picture).save(path)
    return str(path)


@pytest.fixture
def change(made, sources, tmp_path):
    """Change the first axe with the model: from the options beside --variants-of to the pictures of a folder.

    The model is copied beside; PICTURE is another one where the options name it.
    """
    axe = str(sources / "items" / "axe" / "000.png")

    def changed(folder, *options):
        out = tmp_path / "out"
        out.mkdir(exist_ok=True)
        for name in ("about.json", "model.safetensors"):
            (out / name).write_bytes((made / name).read_bytes())
        own.main(["--out", str(out), "--variants-of", axe, *map(str, options)])
        drawn = [read(path) for path in sorted((out / folder).glob("*.png"))]
        assert drawn and all(one.shape == (16, 16, 4) for one in drawn)
        assert (out / folder).with_name(f"{Path(folder).name}.png").is_file()
        return np.stack(drawn)

    changed.network, changed.sprite = load_checkpoint(made / "model.safetensors"), read(axe)
    return changed


def test_variants_of_a_sprite(change, tmp_path, capsys):
    drawn = change("variants/000")
    ours = [workshop.variants(change.network, change.sprite, strength) for strength in own.STRENGTHS["variants"]]
    assert (drawn == np.concatenate(ours)).all() and (drawn != change.sprite).any()
    assert capsys.readouterr().out == f"Look at {tmp_path / 'out' / 'variants' / '000.png'}\n"


def padded(picture):
    """A picture as the one sprite that `collect` makes of it, for a network of 16 x 16."""
    height, width, _ = picture.shape
    sides = [((16 - side) // 2, 16 - side - (16 - side) // 2) for side in (height, width)]
    return np.pad(picture, [*sides, (0, 0)])


LOUD, ERASED, LEFT_OVER = (255, 0, 255, 255), (0, 0, 0, 0), (9, 9, 9, 0)


@pytest.mark.parametrize("ink", [LOUD, ERASED, LEFT_OVER])
@pytest.mark.parametrize(("rows", "columns"), [((0, 16), (0, 16)), ((2, 15), (4, 13))])
def test_what_is_painted_over_is_drawn_anew_and_the_rest_is_kept(change, tmp_path, capsys, ink, rows, columns):
    picture = change.sprite[slice(*rows), slice(*columns)].copy()
    painted, part = picture.copy(), np.zeros(picture.shape[:2], bool)
    part[3:9, 5:] = ink == LOUD or picture[3:9, 5:, 3] > 0  # what is transparent already cannot be erased
    painted[3:9, 5:] = ink
    options = ["--variants-of", written(picture, tmp_path / "axe.v2.png"), "--repaint"]
    drawn = change("repainted/axe.v2", *options, written(painted, tmp_path / "painted.png"))
    inside, sprite = padded(part[..., None])[..., 0], padded(picture)
    assert f"{part.sum()} of {part.size} pixels are drawn anew" in capsys.readouterr().out
    assert len(drawn) == 8 and (drawn[:, ~inside] == sprite[~inside]).all()
    assert all((one[inside] != sprite[inside]).any() for one in drawn)
    assert (drawn == workshop.repaint(change.network, sprite, inside)).all()
    colours = {tuple(colour) for colour in change.network.own["colours"]}
    assert {tuple(colour) for colour in drawn.reshape(-1, 4).tolist()} <= colours


def test_the_ground_around_an_opaque_picture_stays_whatever_is_painted(change, tmp_path):
    """Its rim is red, of which its padding is made; what is painted would make another of it."""
    picture = np.full((12, 12, 4), (200, 0, 0, 255), np.uint8)
    picture[4:8, 4:8] = 40
    picture[..., 3] = 255
    painted = picture.copy()
    painted[:, :10] = ERASED
    options = ["--variants-of", written(picture, tmp_path / "red.png"), "--repaint"]
    drawn = change("repainted/red", *options, written(painted, tmp_path / "painted.png"))
    part = np.zeros((16, 16), bool)
    part[2:14, 2:12] = True
    assert (drawn[:, ~part] == (200, 0, 0, 255)).all()


def test_what_says_nothing_of_a_part_is_refused(change, sources, tmp_path):
    axe, other = change.sprite, sources / "items" / "crown" / "000.png"
    flat = axe.copy()
    flat[flat[..., 3] == 0] = 255
    wrong = {
        "wide": (
            np.pad(axe, [(0, 0), (0, 4), (0, 0)]),
            r"wide.png is 20 x 16, .*000.png is 16 x 16; paint over a copy",
        ),
        "same": (axe, "same.png is the same as .*000.png; paint over"),
        "flat": (flat, "flat.png has lost what is transparent in .*000.png; save it as a PNG"),
    }
    for name, (picture, said) in wrong.items():
        with pytest.raises(ValueError, match=said):
            change("repainted/000", "--repaint", written(picture, tmp_path / f"{name}.png"))
    with pytest.raises(ValueError, match="--repaint is for one sprite in a file of its own; .*axe is none"):
        change("repainted/000", "--variants-of", sources / "items" / "axe", "--repaint", other)
    with pytest.raises(FileNotFoundError):
        change("repainted/000", "--repaint", tmp_path / "nowhere.png")
    assert not (tmp_path / "out" / "repainted").exists()


def test_recoloured_by_so_many_degrees(change):
    drawn = change("recoloured/000 by 120", "--recolour", 120)
    ours = [workshop.recolour(change.network, change.sprite, 120, s) for s in own.STRENGTHS["recoloured"]]
    assert (drawn == np.concatenate(ours)).all()


def test_between_two_the_ends_of_a_row_are_the_two(change, sources, monkeypatch):
    shown, crown = [], sources / "items" / "crown" / "000.png"
    checkered = workshop.checkered
    monkeypatch.setattr(workshop, "checkered", lambda *given: shown.append(given) or checkered(*given))
    drawn = change("between/000 to 000", "--towards", crown)
    ours = [workshop.between(change.network, change.sprite, read(crown), s) for s in own.STRENGTHS["between"]]
    assert (drawn == np.concatenate(ours)).all()
    ((pictures, columns, titles),) = shown
    rows = pictures.reshape(len(ours), columns, 16, 16, 4)
    assert (rows[:, 0] == change.sprite).all() and (rows[:, -1] == read(crown)).all()
    assert (rows[:, 1:-1] == np.stack(ours)).all()
    assert titles[0] == titles[columns - 1] == titles[columns] == "yours" and len(titles) == len(pictures)


def test_several_changes_at_once_are_each_made(change, sources, tmp_path):
    change(
        "recoloured/000 by -60", "--recolour", -60, "--towards", sources / "items" / "crown" / "000.png", "--seed", 1
    )
    assert {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()} == {"recoloured", "between"}
    first, other = (change("recoloured/000 by 0", "--recolour", 0, "--seed", seed) for seed in (1, 2))
    assert (first != other).any()


def test_each_sprite_of_a_sheet_is_changed_and_kept_apart(change, sources, tmp_path, capsys):
    """As the sheet was read to learn from it: cut by --tile, with --ground around the figures."""
    some = [read(sources / "items" / name / "000.png") for name in ("axe", "crown")]
    sheet = np.concatenate(some, axis=1)
    sheet[sheet[..., 3] == 0] = (255, 0, 255, 255)
    path = written(sheet, tmp_path / "two.png")
    options = ["--variants-of", path, "--tile", 16, "--ground", "#ff00ff", "--recolour", 90]
    for number, sprite in enumerate(some, 1):
        drawn = change(f"recoloured/two, row 1, column {number} by 90", *options)
        ours = [workshop.recolour(change.network, sprite, 90, s) for s in own.STRENGTHS["recoloured"]]
        assert (drawn == np.concatenate(ours)).all()
    with pytest.raises(ValueError, match=r"--towards is for one sprite; .*two.png holds 2"):
        change("between/000 to two", "--tile", 16, "--towards", path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("knight.png", "knight"),
        ("my.knight.v2.png", "my.knight.v2"),
        ("faces/calm/01.png", "faces_calm_01"),
        ("ships.png, row 2, column 5", "ships, row 2, column 5"),
        ("knight 3.aseprite", "knight 3"),
        ("../../x.png", "_.._x"),
        ("..", "sprite"),
    ],
)
def test_a_sprites_name_as_that_of_a_file(name, expected):
    assert own.file_name(name) == expected


@pytest.mark.parametrize("option", [["--repaint", "a.png"], ["--recolour", "0"], ["--towards", "a.png"]])
def test_a_change_needs_a_sprite(option, tmp_path, capsys):
    with pytest.raises(SystemExit):
        own.main(["--out", str(tmp_path / "out"), *option])
    assert "change a sprite: name it with --variants-of" in capsys.readouterr().err


def test_variants_need_a_model_and_a_sprite_that_fits(made, sources, tmp_path):
    with pytest.raises(ValueError, match="first make one"):
        own.main(["--out", str(tmp_path / "empty"), "--variants-of", str(sources / "houses.png")])
    with pytest.raises(ValueError, match="32 x 32.*16 x 16"):
        own.main(["--out", str(made), "--variants-of", str(sources / "houses.png")])


def test_a_gif_says_what_it_loses_and_hues_that_fit_nothing_are_said_to(sources, tmp_path, capsys):
    call = [
        str(sources / "items"),
        "--out",
        str(tmp_path / "out"),
        "--epochs",
        "1",
        "--number",
        "2",
        "--gif",
        "--hue",
        "--mirror",
    ]
    own.main(call)
    said = capsys.readouterr().out
    assert "denoising.gif has 256 colours a frame, and loses some" in said and "--hue: no hue fits the palette" in said
    assert (tmp_path / "out" / "denoising.gif").is_file()


def test_photographs_are_learned_as_such(sources, tmp_path, monkeypatch):
    asked = {}
    monkeypatch.setattr(workshop, "teach", lambda network, sprites, labels, **how: asked.update(how, size=network.h))
    options = own.options_of([str(sources / "items"), "--out", str(tmp_path / "out"), "--photos"])
    own.learn(collect(sources / "items"), options)
    assert asked["size"] == 64 and asked["more"] is workshop.enlarged
    assert all(asked[name] is setting for name, setting in workshop.PHOTOS.items())


def test_copies_of_what_was_enlarged_are_looked_for_among_the_enlarged(sources, tmp_path):
    network, read = (
        workshop.begin(workshop.Palette.of(collect(sources / "items").sprites), 20),
        collect(sources / "items"),
    )
    network.classes = None
    options = own.options_of([str(sources / "items"), "--out", str(tmp_path / "out"), "--number", "2"])
    assert own.make(network, read, options) == 0 and (tmp_path / "out" / "copies.png").is_file()


def test_errors_are_sentences(tmp_path):
    import subprocess

    run = [sys.executable, str(ROOT / "weights" / "own.py")]
    done = subprocess.run(
        [*run, "nowhere", "--out", str(tmp_path / "out")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr and "nowhere" in done.stderr
    with pytest.raises(SystemExit) as ended:
        own.main(["--out", str(tmp_path / "out")])
    assert ended.value.code == 2
