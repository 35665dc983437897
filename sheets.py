"""Sprite sheets: pictures of equal tiles, cut into sprites and their labels."""

import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

import gate

CLASSES = ("hero", "non-hero", "food", "spell", "side-facing")  # in the order of the one-hot labels
TILE = 16  # width and height of a sprite in pixels
SPRITES = Path(__file__).resolve().parent / "data"
FORMATS = "PNG", "GIF", "BMP"  # the colours of a JPEG, and of many a WebP, run into each other
NONE = "if there is no ground, give ground=False"
SEEN = 8  # of 255: a pixel of less opacity is not seen


def load_sprites(split="train", folder=SPRITES, classes=CLASSES, tile=TILE, **cut):
    """Read the sprite sheets of a split, one PNG a class, and cut them into sprites.

    split: "train" or "test". folder: where the folders of the splits are. classes: the names of the sheets. tile: the
    width and height of a sprite in pixels. cut: margin, gap, ground and on of the sheets, see `cut_sheet`.
    Returns sprites, uint8 (N, tile, tile, 3), and labels, float32 one-hot (N, classes) in their order.
    Raises FileNotFoundError if a sheet is missing and ValueError if one cannot be cut into such tiles (`cut_sheet`).
    """
    if not isinstance(classes, (list, tuple)) or not classes or len(set(classes)) < len(classes):
        raise ValueError(f"classes are {classes!r}; expected names in an order, each once")
    if "masks" in cut:
        raise ValueError("load_sprites gives no masks; cut_sheet does, sheet by sheet")
    folder = Path(folder).expanduser()
    sprites, labels = [], []
    for number, name in enumerate(classes):
        path = folder / split / f"{name}.png"
        if not path.is_file():
            ours = "; `python data/make_sprites.py` draws them again" if folder == SPRITES else ""
            named = ", ".join(map(str, classes))
            raise FileNotFoundError(f"no sprite sheet at {path}; expected one PNG a class ({named}){ours}")
        tiles = cut_sheet(path, tile, **cut)
        sprites.append(tiles)
        labels.append(np.tile(np.eye(len(classes), dtype=np.float32)[number], (len(tiles), 1)))
    return np.concatenate(sprites), np.concatenate(labels)


def cut_sheet(path, tile=TILE, margin=0, gap=0, ground=None, masks=False, on="white"):
    """Cut a sheet into tiles, row by row. Tiles with nothing but ground in them are left out.

    tile: their width and height, margin: the rim of the sheet, gap: what is between two tiles, all in pixels.
    ground: the colour that is no part of the figures, (red, green, blue) in 0 ... 255 or a name; what is transparent
    never is. Left out, it is white if nothing is transparent; False for none, in tiles that are full of a picture.
    on: the colour that the ground becomes.
    Returns sprites, uint8 (N, tile, tile, 3); with masks also where their figures are, bool (N, tile, tile), so that
    parts of a figure in the colour of `on` can be told from the ground. Warns if the ground seems to be another, or a
    sprite cannot be seen on it.
    Raises ValueError for a file that is no picture without losses, a size that does not fit, or an empty sheet.
    """
    gate.counts(tile=tile), gate.counts(0, margin=margin, gap=gap)
    ground = ground if ground is None or ground is False else _colour(ground=ground)
    on = np.array(_colour(on=on), np.uint8)
    picture = open_picture(path)
    (height, width), step = picture.shape[:2], tile + gap
    (rows, rest), (columns, rest_across) = (divmod(side - 2 * margin + gap, step) for side in (height, width))
    if min(rows, columns) < 1 or not {rest, rest_across} <= {0, gap}:  # the last tile may have a gap after it, too
        between = f", with {margin} at the rim and {gap} between them" * (margin > 0 or gap > 0)
        raise ValueError(
            f"{path} is {width}x{height} pixels; expected whole tiles of {tile}x{tile}{between}. "
            "Give tile=, margin= and gap= as they are in the sheet, or pad it."
        )
    tiles = np.pad(picture, ((0, gap), (0, gap), (0, 0)))[margin:, margin:][: rows * step, : columns * step]
    tiles = tiles.reshape(rows, step, columns, step, 4)[:, :tile, :, :tile].swapaxes(1, 2).reshape(-1, tile, tile, 4)
    colours, alpha = tiles[..., :3], tiles[..., 3]
    if (alpha < 255).any():
        opacity = alpha[..., None].astype(int)
        colours = ((colours * opacity + on * (255 - opacity) + 127) // 255).astype(np.uint8)
    figures = alpha > 0
    there = (255, 255, 255) if ground is None and figures.all() else ground or None
    if there:
        figures &= (colours != np.array(there, np.uint8)).any(axis=3)
    kept = (figures & (alpha >= SEEN)).any(axis=(1, 2))
    if not kept.any():
        raise ValueError(f"{path} holds no sprite: every tile is ground alone, white if you name no other")
    sprites = np.where(figures[..., None], colours, on)[kept]
    often = _most_of_the_rims(tiles[kept]) if ground is None else None
    if often and often != there:
        warnings.warn(
            f"most of the rims of the tiles of {path} is {often}; if it is ground, give ground={often}; {NONE}",
            stacklevel=2,
        )
    elif there and figures.all():
        warnings.warn(f"no pixel of {path} is {there}, so none is ground; {NONE}", stacklevel=2)
    blank = (sprites == on).all(axis=(1, 2, 3)).sum()
    if blank and ground is not False:
        on = tuple(on.tolist())
        warnings.warn(
            f"{blank} of {len(sprites)} sprites of {path} are {on} all over, the colour that ground becomes; if it is "
            f"ground, give ground={on}, else another one to lay them on, on=",
            stacklevel=2,
        )
    return (sprites, figures[kept]) if masks else sprites


def _colour(**given):
    """A colour by its name as an argument: (red, green, blue)."""
    ((name, colour),) = given.items()
    colour = ImageColor.getrgb(colour) if isinstance(colour, str) else colour
    if np.shape(colour) != (3,) or not all(part in range(256) for part in colour):
        raise ValueError(f"{name} is {colour!r}; expected (red, green, blue), each 0 to 255, or a colour's name")
    return tuple(map(int, colour))


def _most_of_the_rims(tiles):
    """The colour that more than half of the pixels on the rims of tiles have, (N, H, W, 4); None if that is none."""
    rims = np.concatenate((tiles[:, 0], tiles[:, -1], tiles[:, :, 0], tiles[:, :, -1]), axis=1).reshape(-1, 4)
    middle = np.median(rims, axis=0)  # which is that of more than half, if there is one
    *colour, alpha = middle.astype(int).tolist()
    return tuple(colour) if alpha and 2 * (rims == middle).all(axis=1).sum() > len(rims) else None


def open_picture(path):
    """A picture file as uint8 (height, width, 4): red, green, blue, and 0 where it is transparent. 16 bits become 8.

    Raises FileNotFoundError if there is none, and ValueError for no path, and for a file of another kind (`FORMATS`) or
    of many frames.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ValueError(f"the picture is a {type(path).__name__}; expected the path of its file")
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"no picture at {path}")
    try:
        picture = Image.open(path, formats=FORMATS)
        picture.load()
    except Exception as error:
        raise ValueError(f"{path} cannot be read as {', '.join(FORMATS)} ({error})") from error
    if getattr(picture, "n_frames", 1) > 1:
        raise ValueError(f"{path} holds {picture.n_frames} frames; expected one picture")
    if picture.mode.startswith(("I", "F")):  # grey of 16 bits
        values = np.asarray(picture)
        bits = picture.info.get("transparency")
        opaque = np.where(values == bits, 0, 255) if bits is not None else np.full_like(values, 255)
        grey = (values / 257).round()
        return np.stack([grey, grey, grey, opaque], axis=2).astype(np.uint8)
    if picture.mode == "CMYK":
        picture = picture.convert("RGB")
    return np.asarray(picture.convert("RGBA"))


def pixels(picture):
    """A PIL picture as an array (height, width, channels): 1 for grey, 3 for colours, 4 if it is transparent."""
    if picture.mode[-1] in "Aa" or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    elif picture.mode not in ("L", "RGB") and picture.mode[0] not in "IF":
        picture = picture.convert("RGB")
    return np.array(picture).reshape(picture.height, picture.width, -1)
