"""The JSON that tells of the sprites of a sheet, as Aseprite and TexturePacker export it: read, and written."""

import json
from pathlib import Path, PureWindowsPath

import numpy as np
from PIL import Image

from keeping import whole
from sheets import LARGEST

ROOM = 2**24  # pixels that a file may have over all its frames, and bytes of a JSON; a bomb has more


class Unfit(ValueError):
    """Why something cannot be used, in words that follow its name."""


def told(file):
    """What a JSON of Aseprite's or TexturePacker's form tells: "hash" or "array", its picture's name, the frames."""
    try:
        if file.stat().st_size > ROOM:
            raise ValueError(f"it has more than {ROOM:,} bytes")
        found = json.loads(file.read_bytes(), object_pairs_hook=_once)
    except (OSError, ValueError, RecursionError) as error:
        raise Unfit(f"cannot be read as JSON ({getattr(error, 'strerror', None) or error})") from error
    frames, image = _within(found, "frames"), _within(_within(found, "meta"), "image")
    if not isinstance(frames, (dict, list)) or not frames:
        raise Unfit("has no frames, as Aseprite and TexturePacker export them with a sheet")
    form = "hash" if isinstance(frames, dict) else "array"
    if form == "array":
        frames = [(_within(frame, "filename"), frame) for frame in frames]
        frames = [(name if isinstance(name, str) else f"frame {i}", frame) for i, (name, frame) in enumerate(frames, 1)]
    # some write the whole path that it had on another machine; it lies beside the JSON
    image = PureWindowsPath(image).name if isinstance(image, str) else ""
    return form, image or f"{file.stem}.png", frames if form == "array" else [*frames.items()]


def _once(pairs):
    """An object of a JSON. Two of its parts of the same name would be one."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is in it twice")
    return found


def _within(part, key):
    return part.get(key) if isinstance(part, dict) else None


def placed(sheet, frame):
    """The picture of a JSON's frame, turned back, and in its place in the untrimmed one."""
    x, y, width, height = _numbers(frame, "frame", "xywh")
    turned, trimmed = (frame.get(key, False) for key in ("rotated", "trimmed"))
    if not isinstance(turned, bool) or not isinstance(trimmed, bool):
        raise Unfit("has rotated or trimmed, and it is not true or false")
    right, bottom = (x + height, y + width) if turned else (x + width, y + height)
    left, top = _numbers(frame, "spriteSourceSize", "xy") if trimmed else (0, 0)
    across, down = _numbers(frame, "sourceSize", "wh") if trimmed else (width, height)
    if right > sheet.shape[1] or bottom > sheet.shape[0] or not width * height:
        raise Unfit(f"is {width}x{height} pixels at {x}, {y}, not within the sheet")
    if left + width > across or top + height > down:
        raise Unfit(f"is {width}x{height} pixels at {left}, {top}, not within its {across}x{down}")
    if max(across, down) > LARGEST:
        raise Unfit(too_large(across, down))
    picture = np.rot90(sheet[y:bottom, x:right], int(turned))  # it was turned clockwise
    return np.pad(picture, ((top, down - top - height), (left, across - left - width), (0, 0)))


def _numbers(frame, key, names):
    numbers = [_within(_within(frame, key), name) for name in names]
    if not all(type(number) is int and 0 <= number <= ROOM for number in numbers):
        raise Unfit(f"has no {key} with {', '.join(names)} that are whole numbers of pixels")
    return numbers


def too_large(width, height):
    return f"is {width}x{height} pixels; a sprite is at most {LARGEST}x{LARGEST}: make it smaller"


def write_sheet(path, sprites, names, form="hash", about=""):
    """Write sprites as a sheet, a PNG, and beside it the JSON that tells their places, in Aseprite's form.

    sprites: uint8 (N, S, S, 4). names: theirs; in a hash each once. form: "hash" or "array", of the JSON. about: a line
    that it keeps. `collect` of either file gives the same sprites and names. ValueError for anything else.
    """
    path, sprites, names = Path(path).expanduser(), np.asarray(sprites), [*map(str, names)]
    n, size, *_ = shape = sprites.shape or (0, 0)
    if sprites.dtype != np.uint8 or shape != (n, size, size, 4) or not sprites.size:
        raise ValueError(f"sprites are {sprites.dtype} {shape}; expected uint8 (N, S, S, 4)")
    if form not in ("hash", "array") or path.suffix != ".png":
        raise ValueError(f"form is {form!r}, path is {path}; expected hash or array, and a path that ends in .png")
    if len(names) != n or (form == "hash" and len({*names}) < n):
        raise ValueError(f"{len(names)} names for {n} sprites; expected one each, and in a hash no name twice")
    columns = int(np.ceil(n**0.5))
    rows = -(-n // columns)
    sheet, frames = np.zeros((rows * size, columns * size, 4), np.uint8), []
    for number, (name, sprite) in enumerate(zip(names, sprites, strict=True)):
        y, x = (place * size for place in divmod(number, columns))
        sheet[y : y + size, x : x + size] = sprite
        box, full = {"x": x, "y": y, "w": size, "h": size}, {"x": 0, "y": 0, "w": size, "h": size}
        frame = {"frame": box, "rotated": False, "trimmed": False, "spriteSourceSize": full}
        frames.append((name, {**frame, "sourceSize": {"w": size, "h": size}, "duration": 100}))
    told = {"frames": dict(frames) if form == "hash" else [{"filename": name, **frame} for name, frame in frames]}
    told["meta"] = {"image": path.name, "format": "RGBA8888", "size": {"w": sheet.shape[1], "h": sheet.shape[0]}}
    told["meta"].update({"scale": "1"}, **({"about": about} if about else {}))
    with whole(path) as beside:
        Image.fromarray(sheet).save(beside, "PNG")
    with whole(path.with_suffix(".json")) as beside:
        beside.write_text(json.dumps(told, indent=1), encoding="utf-8")
