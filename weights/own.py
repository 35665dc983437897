"""New sprites out of your own: `python weights/own.py FOLDER_OR_SHEET --out DIR`.

A folder of pictures (its subfolders are classes), a sheet, with or without its JSON, or an animated GIF goes in. What
was made of it is shown before anything is trained. Then a network learns it; how long that will take is said first.
Stop it with Ctrl-C whenever you like: the same command goes on. DIR then holds

    read.png                   your sprites, as they were understood
    sprites/, sheet.png/.json  new ones, transparent, in your palette
    preview.png, copies.png    the same enlarged, and each beside the nearest of yours
    denoising.webp             how they came out of the noise
    model.safetensors          the network: size, classes, palette and all, to draw more
    training/                  loss.csv, grid.png, and what a stopped training goes on from

`python weights/own.py --out DIR --variants-of PICTURE` then changes a sprite that you have: all of it, or with

    --repaint PAINTED          the part that you painted over in a copy of it
    --recolour DEGREES         its colours: their hues are turned by so much
    --towards OTHER            step by step, until it is another sprite
"""

import argparse
import json
import re
import sys
import warnings
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

import workshop
from collection import collect, write_sheet
from diffusion_utilities import Animation, load_checkpoint, muon, save_checkpoint
from keeping import whole
from sheets import open_picture

STRENGTHS = {  # of what goes into folders of these names
    "variants": (0.2, 0.35, 0.5, 0.7),
    "recoloured": (0.05, 0.1, 0.2, 0.35),  # with more, the shape changes, too
    "between": (0.2, 0.35, 0.5),  # with more, all on the way is one thing, and neither of the two
}
FEW, ENOUGH = 30, 100  # sprites: with fewer than the first come copies, from the second on new ones
MADE_BY = "Diffusion Labs, weights/own.py"


def out_folder(out, source):
    """The folder to write to: new, empty, or one that this program made. ValueError for another."""
    out = Path(out).expanduser().resolve()
    if source and out.is_relative_to(Path(source).expanduser().resolve()):
        raise ValueError(f"--out {out} lies within what is read; give a folder beside it")
    about = out / "about.json"
    ours = about.is_file() and MADE_BY in about.read_text(encoding="utf-8", errors="replace")
    if out.exists() and not ours and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"--out {out} holds something else; give a new folder, so that nothing of yours is lost")
    return out


def read(options):
    """Read the sprites, write and say what was made of them, and ask whether it is right where somebody can answer."""
    collection = collect(options.source, options.tile, options.margin, options.spacing, options.ground)
    note(options, {})
    n, size = collection.sprites.shape[:2]
    tell(collection)
    classes = f", in {len(collection.classes)} classes: {', '.join(collection.classes)}" if collection.classes else ""
    print(f"{n} sprite{'s' * (n > 1)} of {size} x {size}{classes}. Look at {options.out / 'read.png'}", flush=True)
    collection.picture().save(options.out / "read.png")
    if n < FEW:
        print(f"{n} are too few to learn from: copies will come out. {ENOUGH} give some new ones, 200 are better.")
    elif n < ENOUGH:
        print(f"{n} are not many: most of what comes out will be near one of yours. 200 are better.")
    if (
        sys.stdin.isatty()
        and not options.yes
        and input("Are they read rightly? [Y/n] ").strip().lower().startswith("n")
    ):
        raise ValueError(
            "then give --tile, --margin and --spacing of the sheet, or --ground, the colour around figures"
        )
    return collection


def tell(collection):
    """Say what of it could not be used, and what is odd."""
    for name, reason in collection.refused:
        print(f"not used: {name}: {as_options(reason)}")
    for remark in collection.remarks:
        print(as_options(remark))


def as_options(words):
    """What `collect` says of its arguments, in words for the command line."""

    def in_hex(found):
        return "--ground '#{:02x}{:02x}{:02x}'".format(*map(int, found.groups()))

    words = re.sub(r"\bground=\((\d+), (\d+), (\d+)\)", in_hex, words)
    return re.sub(r"\b(tile|margin|spacing|ground)=", r"--\1", words)


def learn(collection, options):
    """Teach a network what was read, or go on where that was stopped. Returns it."""
    sprites, palette = collection.sprites, workshop.Palette.of(collection.sprites)
    size, more, how = sprites.shape[1], partial(workshop.vary, mirror=options.mirror), {}
    if options.hue:
        hues = workshop.fitting_hues(palette)
        print(f"hues are turned by {', '.join(map(str, hues))} degrees" if hues else "--hue: no hue fits the palette")
        more = partial(more, hues=hues)
    if options.photos:
        size, more, how = 64, workshop.enlarged, workshop.PHOTOS
    network = workshop.begin(palette, size, len(collection.classes), options.fresh or None, options.made_from)
    network.classes = collection.classes or None
    folder, bar = options.out / "training", sys.stderr.isatty()
    losses = folder / "loss.csv"
    left = options.epochs - (len(losses.read_text(encoding="utf-8").splitlines()) - 1 if losses.is_file() else 0)
    if left > 0:
        some = palette.encode(more(sprites, workshop.BATCH)[0])
        seconds = workshop.seconds_a_step(network, some, how.get("optimizer", muon))
        minutes = left * (max(workshop.EPOCH, len(sprites)) // workshop.BATCH) * seconds / 60
        print(f"Training will take about {max(1, round(minutes))} min on this machine", flush=True)
    diary = workshop.Diary(options.epochs, folder, options.tensorboard)
    settings = {"epochs": options.epochs, "folder": folder, "after_epoch": diary, "more": more, "progress": bar, **how}
    try:
        workshop.teach(network, sprites, collection.labels, **settings)
    except ValueError as error:
        if "holds a run" not in str(error):
            raise
        raise ValueError(
            f"{folder} was begun with other sprites or settings; give another --out, or delete it"
        ) from error
    save_checkpoint(network, options.out / "model.safetensors")
    return network


def make(network, collection, options):
    """Draw new sprites and write all that is made of them."""
    contexts = workshop.each_in_turn(network, options.number)
    how = {"context": contexts, "guidance": options.guidance if contexts is not None else 1.0, "seed": options.seed}
    sprites, frames = workshop.draw(network, options.number, frames=True, **how)
    of = [network.classes[i % network.n_cfeat] if network.classes else "" for i in range(options.number)]
    names = [f"{name}/{number:03d}.png".lstrip("/") for number, name in enumerate(of)]
    out = options.out
    for former in (out / "sprites").rglob("[0-9][0-9][0-9].png"):
        former.unlink()
    for sprite, name in zip(sprites, names, strict=True):
        save_png(sprite, out / "sprites" / name)
    write_sheet(out / "sheet.png", sprites, names, collection.form, options.made_from)
    workshop.checkered(sprites, title=f"{len(sprites)} new sprites").save(out / "preview.png")
    film = Animation(frames, columns=16, scale=3, fps=8)
    film.save(out / "denoising.webp")
    if options.gif:
        with warnings.catch_warnings(record=True) as lost:
            film.save(out / "denoising.gif")
        print(f"denoising.gif {'has 256 colours a frame, and loses some' if lost else 'loses nothing'}")
    own = collection.sprites
    if own.shape[1] != network.h:  # learned as photographs
        size = network.h, network.h
        own = np.stack([Image.fromarray(sprite).resize(size, Image.Resampling.NEAREST) for sprite in own])
    which, copied = workshop.copies(sprites, own, workshop.palette_of(network), options.mirror)
    pairs = np.stack([sprites, own[which]], axis=1).reshape(-1, *sprites.shape[1:])
    titles = [word for copy in copied for word in ("copy of" if copy else "new", "yours")]
    workshop.checkered(pairs, 8, titles, "each beside the nearest of yours").save(out / "copies.png")
    print(f"{copied.sum()} of {len(sprites)} are copies of yours; see {out / 'copies.png'}")
    return int(copied.sum())


def change(options):
    """Draw sprites of the user's again, in each of the ways that were asked for."""
    model = options.out / "model.safetensors"
    if not model.is_file():
        raise ValueError(f"there is no {model} yet; first make one: python weights/own.py YOUR_SPRITES --out DIR")
    network = load_checkpoint(model)
    given = fitting(options.variants_of, network, options)
    asked = [*ways(network, given, options)]
    for sprite, name in zip(given.sprites, given.names, strict=True):
        for kind, to, end, rows in asked:
            drawn = {words: function(sprite, seed=options.seed) for words, function in rows.items()}
            keep(options.out / kind / f"{file_name(name)}{to}", sprite, drawn, end)


def fitting(path, network, options):
    """Read sprites to change, padded to the size that a network draws. ValueError if they are larger."""
    given = collect(path, options.tile, options.margin, options.spacing, options.ground, size=network.h)
    tell(given)
    size = given.sprites.shape[1]
    if size > network.h:
        raise ValueError(f"{path} is {size} x {size}; the network draws {network.h} x {network.h}")
    return given


def ways(network, given, options):
    """What to do with each sprite: (kind, what its name gets, sprites at the end of a row, {words: function})."""

    def each(kind, function, **how):
        return {f"strength {s:.2f}": partial(function, network, strength=s, **how) for s in STRENGTHS[kind]}

    if options.repaint:
        if given.names != [options.variants_of.name]:
            raise ValueError(f"--repaint is for one sprite in a file of its own; {options.variants_of} is none")
        mask = painted_over(options.variants_of, options.repaint, network.h)
        yield "repainted", "", [], {"new": partial(workshop.repaint, network, mask=mask)}
    if options.recolour is not None:
        degrees = options.recolour
        yield "recoloured", f" by {degrees}", [], each("recoloured", workshop.recolour, degrees=degrees)
    if options.towards:
        others = fitting(options.towards, network, options)
        if len(others.sprites) > 1:
            raise ValueError(f"--towards is for one sprite; {options.towards} holds {len(others.sprites)}")
        rows = each("between", workshop.between, other=others.sprites[0])
        yield "between", f" to {file_name(others.names[0])}", others.sprites, rows
    if not options.repaint and options.recolour is None and not options.towards:
        yield "variants", "", [], each("variants", workshop.variants)


def painted_over(picture, painted, size):
    """Where two files differ, bool (size, size), padded evenly as `collect` does. ValueError if that says nothing."""
    before, after = map(open_picture, (picture, painted))
    if before.shape != after.shape:
        sizes = ["{1} x {0}".format(*pixels.shape) for pixels in (after, before)]
        raise ValueError(f"{painted} is {sizes[0]}, {picture} is {sizes[1]}; paint over a copy that keeps its size")
    if before[..., 3].min() == 0 and after[..., 3].min() == 255:
        raise ValueError(f"{painted} has lost what is transparent in {picture}; save it as a PNG with transparency")
    differ = (before * (before[..., 3:] > 0) != after * (after[..., 3:] > 0)).any(axis=2)
    if not differ.any():
        raise ValueError(f"{painted} is the same as {picture}; paint over what is to be drawn anew")
    print(f"{differ.sum()} of {differ.size} pixels are drawn anew")
    mask, (top, left) = np.zeros((size, size), bool), ((size - side) // 2 for side in differ.shape)
    mask[top : top + len(differ), left : left + differ.shape[1]] = differ
    return mask


def file_name(name):
    """The name of a sprite, as `collect` gives it, as that of a file or folder: without its ending, or a path."""
    name = re.sub(r"\.[A-Za-z]+(?=$|, )", "", name)  # of "ships.png, row 2, column 5", too
    return re.sub(r'[\\/:*?"<>|]', "_", name).strip(". ") or "sprite"


def keep(folder, sprite, rows, end):
    """Write what was made of a sprite: rows, {words: (n, S, S, 4)}, into a folder, and as a picture beside it."""
    shown, titles = [], []
    for words, drawn in rows.items():
        for number, one in enumerate(drawn):
            save_png(one, folder / f"{words}_{number}.png")
        shown += [sprite, *drawn, *end]
        titles += ["yours", words, *[""] * (len(drawn) - 1), *["yours"] * len(end)]
    beside = folder.with_name(f"{folder.name}.png")
    workshop.checkered(np.stack(shown), len(shown) // len(rows), titles).save(beside)
    print(f"Look at {beside}", flush=True)


def save_png(sprite, path):
    """Write a sprite, uint8 (S, S, 4), as a PNG."""
    with whole(path) as beside:
        Image.fromarray(sprite).save(beside)


def options_of(arguments=None):
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add(
        "source",
        nargs="?",
        type=Path,
        help="folder of pictures (subfolders are classes), sheet, its JSON, or animation",
    )
    add("--out", type=Path, required=True, help="where to write; nothing is written elsewhere")
    add("--tile", type=int, help="of a sheet: the side of a tile in pixels; found if left out")
    add("--margin", type=int, help="of a sheet: the rim in pixels")
    add("--spacing", type=int, help="of a sheet: pixels between two tiles")
    add("--ground", help="a colour around the figures that is to be transparent: white, or '#aaccee'")
    add("--yes", action="store_true", help="do not ask whether the sprites were read rightly")
    add("--epochs", type=int, default=30, help="how long to train, 30 if left out; the minutes are said before")
    add("--fresh", action="store_true", help="begin with a network that knows nothing, as for other sizes than 16 x 16")
    add("--mirror", action="store_true", help="also learn from mirrored sprites")
    add("--hue", action="store_true", help="also learn from sprites in other hues, where they fit the palette")
    add(
        "--photos",
        action="store_true",
        help="to compare: learn as photographs are learned, enlarged to 64 x 64 and cropped",
    )
    add("--tensorboard", action="store_true", help="also write loss and samples for TensorBoard")
    add("--number", type=int, default=64, help="how many sprites to draw, 64 if left out")
    add(
        "--guidance",
        type=float,
        default=1.5,
        help="how strongly to ask for a class: 1 as told, 1.5 if left out, more is plainer and less varied",
    )
    add("--seed", type=int, default=0, help="another number, other sprites; nothing is trained again")
    add("--gif", action="store_true", help="also write the denoising as a GIF")
    add("--made-from", default="", metavar="TEXT", help="whose pictures they are; it is kept with all that is made")
    add("--variants-of", type=Path, metavar="PICTURE", help="change this sprite with the network that DIR holds")
    add("--repaint", type=Path, metavar="PAINTED", help="draw anew what you painted over in this copy of PICTURE")
    add("--recolour", type=int, metavar="DEGREES", help="turn the hues of PICTURE: 120, for instance")
    add("--towards", type=Path, metavar="OTHER", help="fill in between PICTURE and this sprite")
    options = parser.parse_args(arguments)
    if not options.variants_of and (options.repaint or options.recolour is not None or options.towards):
        parser.error("--repaint, --recolour and --towards change a sprite: name it with --variants-of")
    if not options.source and not options.variants_of:
        parser.error("give the pictures to learn from, or --variants-of")
    return options


def main(arguments=None):
    options = options_of(arguments)
    options.out = out_folder(options.out, options.source)
    if options.source:
        collection = read(options)
        network = learn(collection, options)
        copied = make(network, collection, options)
        note(options, {"sprites": len(collection.sprites), "drawn": options.number, "copies": copied})
    if options.variants_of:
        change(options)


def note(options, figures):
    """Say in the folder what made it, and of whose pictures; by it a second call knows its own folder."""
    about = {"made by": MADE_BY, "made from": options.made_from, **figures}
    with whole(options.out / "about.json") as path:
        path.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nstopped; the same command goes on")
    except (ValueError, OSError, RuntimeError) as error:
        sys.exit(f"own.py: {as_options(str(error))}")
