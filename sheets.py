"""Sprite sheets: pictures of equal tiles, cut into sprites and their labels."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

import gate

CLASSES = ("hero", "non-hero", "food", "spell", "side-facing")  # in the order of the one-hot labels
TILE = 16  # width and height of a sprite in pixels
SPRITES = Path(__file__).resolve().parent / "data"
FORMATS = "PNG", "GIF", "BMP"  # the colours of a JPEG, and of many a WebP, run into each other


def load_sprites(split="train", folder=SPRITES, classes=CLASSES, tile=TILE, **cut):
    """Read the sprite sheets of a split, one PNG a class, and cut them into sprites.

    split: "train" or "test". folder: where the folders of the splits are. classes: the names of the sheets. tile: the
    width and height of a sprite in pixels. cut: margin, gap and ground of the sheets, see `cut_sheet`.
    Returns sprites, uint8 (N, tile, tile, 3), and labels, float32 one-hot (N, classes) in their order.
    Raises FileNotFoundError if a sheet is missing and ValueError if one cannot be cut into such tiles (`cut_sheet`).
    """
    if not isinstance(classes, (list, tuple)) or not classes or len(set(classes)) < len(classes):
        raise ValueError(f"classes are {classes!r}; expected names in an order, each once")
    sprites, labels = [], []
    for number, name in enumerate(classes):
        path = Path(folder) / split / f"{name}.png"
        if not path.is_file():
            ours = "; `python data/make_sprites.py` draws them again" if Path(folder) == SPRITES else ""
            raise FileNotFoundError(f"no sprite sheet at {path}; expected one PNG a class ({', '.join(classes)}){ours}")
        tiles = cut_sheet(path, tile, **cut)
        sprites.append(tiles)
        labels.append(np.tile(np.eye(len(classes), dtype=np.float32)[number], (len(tiles), 1)))
    return np.concatenate(sprites), np.concatenate(labels)


def cut_sheet(path, tile=TILE, margin=0, gap=0, ground=None, masks=False):
    """Cut a sheet into tiles, row by row. Tiles with nothing but ground in them are left out.

    tile: their width and height, margin: the rim of the sheet, gap: what is between two tiles, all in pixels.
    ground: the colour that is no part of the figures, (red, green, blue) in 0 ... 255 or a name; what is transparent
    never is. The ground becomes white; left out, it is white already, and a warning says so if the rim is not.
    Returns sprites, uint8 (N, tile, tile, 3); with masks also where their figures are, bool (N, tile, tile), so that
    white parts of a figure can be told from the ground.
    Raises ValueError for a file that is no picture without losses, a size that does not fit, or an empty sheet.
    """
    gate.counts(tile=tile), gate.counts(0, margin=margin, gap=gap)
    ground = ImageColor.getrgb(ground) if isinstance(ground, str) else ground
    if ground is not None and (np.shape(ground) != (3,) or not all(part in range(256) for part in ground)):
        raise ValueError(f"ground is {ground!r}; expected (red, green, blue), each 0 to 255, or a colour's name")
    picture = open_picture(path)
    colours, alpha = picture[..., :3], picture[..., 3:]
    seen_through = (alpha == 0).any()
    if (alpha < 255).any():
        colours = (colours.astype(int) * alpha + 255 * (255 - alpha.astype(int)) + 127) // 255  # laid on white
    if seen_through and ground is None:
        figure = alpha > 0
    else:
        rim = np.concatenate((colours[0], colours[-1], colours[:, 0], colours[:, -1]))
        each, numbers = np.unique(rim, axis=0, return_counts=True)
        if ground is None and 2 * numbers.max() > len(rim) and (each[numbers.argmax()] != 255).any():
            often = tuple(each[numbers.argmax()].tolist())
            warnings.warn(f"most of the rim of {path} is {often}; if it is ground, give ground={often}", stacklevel=2)
        figure = (colours != (255 if ground is None else ground)).any(axis=2, keepdims=True) & (alpha > 0)
        if figure.all():
            warnings.warn(
                f"no pixel of {path} is {'white' if ground is None else ground}, so none is ground", stacklevel=2
            )
    height, width = figure.shape[:2]
    step = tile + gap
    rows, columns = (side - 2 * margin + gap for side in (height, width))
    if min(tile, rows, columns) < 1 or rows % step or columns % step:
        between = f", with {margin} at the rim and {gap} between them" * (margin > 0 or gap > 0)
        raise ValueError(
            f"{path} is {width}x{height} pixels; expected whole tiles of {tile}x{tile}{between}. "
            "Give tile=, margin= and gap= as they are in the sheet, or pad it."
        )

    def cut(plane):
        plane = np.pad(plane[margin : height - margin, margin : width - margin], ((0, gap), (0, gap), (0, 0)))
        plane = plane.reshape(rows // step, step, columns // step, step, -1)[:, :tile, :, :tile]
        return plane.swapaxes(1, 2).reshape(-1, tile, tile, plane.shape[-1])

    sprites, figures = cut(np.where(figure, colours, 255).astype(np.uint8)), cut(figure)[..., 0]
    kept = figures.any(axis=(1, 2))
    if not kept.any():
        raise ValueError(f"{path} holds no sprite: every tile is ground alone, white if you name no other")
    return (sprites[kept], figures[kept]) if masks else sprites[kept]


def open_picture(path):
    """A picture file as uint8 (height, width, 4): red, green, blue, and 0 where it is transparent. 16 bits become 8.

    Raises FileNotFoundError if there is none, and ValueError for a file of another kind (`FORMATS`) or of many frames.
    """
    if not Path(path).is_file():
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
