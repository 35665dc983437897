"""Sprite sheets: pictures of equal tiles, found, and cut into sprites and their labels."""

import os
import warnings
from itertools import product
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
LEAST, LARGEST = 8, 64  # pixels of a side, among which the tiles of a sheet are looked for


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
    ground = ground if ground is None or ground is False else colour(ground=ground)
    on = np.array(colour(on=on), np.uint8)
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


def colour(**given):
    """A colour by its name as an argument: (red, green, blue)."""
    ((name, parts),) = given.items()
    parts = ImageColor.getrgb(parts) if isinstance(parts, str) else parts
    if np.shape(parts) != (3,) or not all(part in range(256) for part in parts):
        raise ValueError(f"{name} is {parts!r}; expected (red, green, blue), each 0 to 255, or a colour's name")
    return tuple(map(int, parts))


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
        pixels = rgba(picture)
    except Exception as error:
        raise ValueError(f"{path} cannot be read as {', '.join(FORMATS)} ({error})") from error
    if getattr(picture, "n_frames", 1) > 1:
        raise ValueError(f"{path} holds {picture.n_frames} frames; expected one picture")
    return pixels


def rgba(picture):
    """A frame of a PIL picture, not loaded yet, as uint8 (height, width, 4), see `open_picture`."""
    stored = picture.tile[0][3] if picture.tile else None
    picture.load()
    clear = picture.info.get("transparency")
    if clear is not None and stored in (
        "L;2",
        "L;4",
    ):  # Pillow scales the greys and leaves the transparent one as it is
        picture.info["transparency"] = clear * {"L;2": 85, "L;4": 17}[stored]
    elif clear is not None and stored == "RGB;16B":
        picture.info["transparency"] = tuple(part >> 8 for part in clear)
    if picture.mode.startswith(("I", "F")):  # grey of 16 bits
        values = np.asarray(picture)
        opaque = np.where(values == clear, 0, 255) if clear is not None else np.full_like(values, 255)
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


def find_tiles(picture, tile=None, margin=None, spacing=None):
    """How the tiles of a sheet lie, (tile, margin, spacing) in pixels, as its ground shows it.

    picture: uint8 (height, width, 4). The ground is what is transparent, else the colour of most of the rim, else the
    most frequent one. tile, margin, spacing: are not looked for if given.
    ValueError that asks for tile= if no tiles are shown: whole ones, with ground alone between them.
    """
    picture = np.asarray(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 4 or not picture.size:
        raise ValueError(f"the sheet is {picture.dtype} {picture.shape}; expected uint8 (height, width, 4)")
    figure = figures(picture)
    axes = _Axis(figure), _Axis(figure.T)
    fits = []
    for fit in product(
        range(LEAST, LARGEST + 1) if tile is None else [tile],
        range(17) if margin is None else [margin],
        range(5) if spacing is None else [spacing],
    ):
        (columns, across), (rows, down) = (axis.tiles(*fit) for axis in axes)
        if rows * columns > 1:
            side, rim, gap = fit
            after = any((length - 2 * rim + gap) % (side + gap) for length in figure.shape)  # a gap at the end
            fits.append((-rows * columns, side % 8 > 0, across + down, after, rim + gap > 0, fit))
    if not fits:
        height, width = figure.shape
        raise ValueError(
            f"the sheet is {width}x{height} pixels, and no ground shows its tiles; give tile= (and margin=, spacing=, "
            f"if it has them); if it is no sheet but one sprite, make it at most {LARGEST}x{LARGEST}"
        )
    return min(fits)[-1]  # with as many tiles as there may be, as four of them are a tile, too


class _Axis:
    """A sheet along one axis: where a figure is, and how many pairs of its pixels touch there and one further."""

    def __init__(self, figure):
        self.there = figure.any(axis=0)
        self.pairs = (figure[:, :-1] & figure[:, 1:]).sum(axis=0)

    def tiles(self, tile, margin, spacing):
        """How many lie along it; 0 if something is around them, or more than hardly a figure goes over two of them.

        Also in how many of a tile's places something is: if they lie otherwise than they were laid, it is in more.
        """
        count = whole_tiles(len(self.there), tile, margin, spacing)
        if not count:
            return 0, 0
        starts = margin + np.arange(count) * (tile + spacing)
        inside, around = np.add.outer(starts, np.arange(tile)), self.there.copy()
        around[inside] = False
        if around.any() or (count > 1 and self.pairs[starts[1:] - 1].mean() > self.pairs.mean() / 10):
            return 0, 0
        return count, int(self.there[inside].any(axis=0).sum())


def whole_tiles(length, tile, margin, spacing):
    """How many tiles fill a length; 0 if they leave a rest, other than a spacing after the last."""
    count, rest = divmod(length - 2 * margin + spacing, tile + spacing)
    return count if count > 0 and rest in (0, spacing) else 0


def figures(picture):
    """Where a picture (H, W, 4) is not its ground (see `find_tiles`), bool (H, W)."""
    if not picture[..., 3].all():
        return picture[..., 3] > 0
    often, share = most_on_the_rims([picture])
    if share <= 0.5:
        often, _ = _most(_packed(picture).ravel())
    return (picture != often).any(axis=2)


def most_on_the_rims(pictures):
    """The most frequent colour on the rims of pictures (H, W, 4), uint8 (4), and its share of them."""
    packed = map(_packed, pictures)
    return _most(np.concatenate([side for one in packed for side in (one[0], one[-1], one[:, 0], one[:, -1])]))


def _packed(picture):
    """The colours of a picture (H, W, 4) as one number each."""
    return np.ascontiguousarray(picture).view(np.uint32)[..., 0]


def _most(packed):
    values, counts = np.unique(packed, return_counts=True)
    most = counts.argmax()
    return values[most : most + 1].view(np.uint8), counts[most] / len(packed)
