"""Draw the data set: `python data/make_sprites.py` makes the sheets in data/train and data/test, and data/preview.png.

The same on every machine and every supported Python, pixel for pixel, in some ten seconds. `--npy FOLDER` writes the
sprites as the pair of files that the notebooks of the course "How Diffusion Models Work" open.
"""

import argparse
import zlib
from pathlib import Path

import numpy as np
from drawings import beasts, elements, fruit, heroes, items, meals, monsters, profiles
from drawings.canvas import Dice
from PIL import Image

from diffusion_utilities import CLASSES
from keeping import whole

HERE = Path(__file__).resolve().parent
KINDS = {
    "hero": heroes.KINDS,
    "non-hero": monsters.KINDS | beasts.KINDS,
    "food": fruit.KINDS | meals.KINDS,
    "spell": elements.KINDS | items.KINDS,
    "side-facing": profiles.KINDS,
}
COUNTS = {"train": 2_600, "test": 440}  # sprites a class
COLUMNS = 40  # tiles in a row of a sheet
SHARE = COUNTS["test"] / sum(COUNTS.values())


def silhouette_and_palette(sprite):
    """What tells drawings apart: the shape cut out of the white (wherever it stands in the tile), and the colours."""
    figure = (sprite != 255).any(axis=2)
    rows, columns = np.nonzero(figure.any(axis=1))[0], np.nonzero(figure.any(axis=0))[0]
    shape = figure[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    palette = np.unique(sprite[figure], axis=0)
    return bytes(shape.shape) + np.packbits(shape).tobytes(), palette.tobytes()


def belongs_to(sprite):
    """The split of a sprite. Sprites alike in silhouette and palette go to the same one, so none is in both."""
    shape, palette = silhouette_and_palette(sprite)
    return "test" if zlib.crc32(shape + palette) < SHARE * 2**32 else "train"


def draw_kind(name, draw, counts):
    """Throw dice until a kind has filled its places in both splits with different pictures: {split: [sprite, ...]}."""
    drawn, seen = {split: [] for split in counts}, set()
    for throw in range(60 * sum(counts.values())):
        sprite = draw(Dice(zlib.crc32(f"{name} {throw}".encode())))
        if sprite.tobytes() not in seen:
            seen.add(sprite.tobytes())
            split = belongs_to(sprite)
            if len(drawn[split]) < counts[split]:
                drawn[split].append(sprite)
        if all(len(drawn[split]) == counts[split] for split in counts):
            return drawn
    raise ValueError(f"{name}: only {len(seen)} different pictures in {throw + 1} throws; vary its parts more")


def draw_class(kinds, counts=COUNTS):
    """The sprites of a class, kind after kind in equal shares: {split: uint8 (N, 16, 16, 3)}."""
    drawn = {split: [] for split in counts}
    for number, (name, draw) in enumerate(kinds.items()):
        share = {split: count // len(kinds) + (number < count % len(kinds)) for split, count in counts.items()}
        for split, sprites in draw_kind(name, draw, share).items():
            drawn[split] += sprites
    return {split: np.stack(sprites) for split, sprites in drawn.items()}


def sheet(sprites, columns=COLUMNS):
    """Sprites laid out in rows, the last one filled up with white: uint8 (height, width, 3)."""
    rows = -(-len(sprites) // columns)
    height, width = sprites.shape[1:3]
    tiles = np.full((rows * columns, height, width, 3), 255, np.uint8)
    tiles[: len(sprites)] = sprites
    return tiles.reshape(rows, columns, height, width, 3).swapaxes(1, 2).reshape(rows * height, columns * width, 3)


def preview(drawn, columns=24, rows=2, scale=3):
    """The contact sheet: for each class some sprites, evenly spread over its train sheet, enlarged."""
    spread = np.linspace(0, COUNTS["train"] - 1, columns * rows).astype(int)
    picked = np.concatenate([splits["train"][spread] for splits in drawn.values()])
    framed = np.pad(picked, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=255)
    return sheet(framed, columns).repeat(scale, 0).repeat(scale, 1)


def write_npy(train, folder):
    """Write {class: uint8 (N, 16, 16, 3)} under the names of the course's pair of files, labels one-hot float64."""
    folder.mkdir(parents=True, exist_ok=True)
    labels = np.repeat(np.eye(len(train)), [len(sprites) for sprites in train.values()], axis=0)
    with whole(folder / "sprites_1788_16x16.npy") as path:
        np.save(path, np.concatenate(list(train.values())))
    with whole(folder / "sprite_labels_nc_1788_16x16.npy") as path:
        np.save(path, labels)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--npy", metavar="FOLDER", type=Path, help="write the course's pair of .npy files here instead")
    arguments = parser.parse_args()
    drawn = {name: draw_class(KINDS[name]) for name in CLASSES}
    if arguments.npy:
        write_npy({name: splits["train"] for name, splits in drawn.items()}, arguments.npy)
        return
    for name, splits in drawn.items():
        for split, sprites in splits.items():
            (HERE / split).mkdir(exist_ok=True)
            with whole(HERE / split / f"{name}.png") as path:
                Image.fromarray(sheet(sprites)).save(path, optimize=True)
    with whole(HERE / "preview.png") as path:
        Image.fromarray(preview(drawn)).save(path, optimize=True)


if __name__ == "__main__":
    main()
