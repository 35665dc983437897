"""A stranger's pictures: a folder, a sheet or an animation, read into sprites of one size; a sheet with its JSON."""

import os
import warnings
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from scipy import ndimage

import gate
import player
from atlas import ROOM, Unfit, placed, told, too_large, write_sheet  # noqa: F401
from sheets import LARGEST, LEAST, colour, figures, find_tiles, most_on_the_rims, rgba, whole_tiles

SHOWN = 200  # sprites of a collection's picture, at most
ENDINGS = {
    "PNG": (".png", ".apng"),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
}


@dataclass(eq=False)
class Collection:
    """What was read of a folder, a sheet or an animation.

    sprites: uint8 (N, S, S, 4), red, green, blue and how opaque; where that is 0, all are. S is the smallest multiple
    of 4, at least 8, into which each fits. labels: float32 (N, K), one-hot; zeros for a picture without a class.
    classes: their K names. names: where each sprite came from. refused: [(name, reason)], what could not be used.
    remarks: sentences on what was found, padded, or odd. form: "hash" or "array", that of its JSON.
    """

    sprites: np.ndarray
    labels: np.ndarray
    classes: list
    names: list
    refused: list
    remarks: list
    form: str = "hash"

    def __repr__(self):
        n, size, *_ = self.sprites.shape
        return f"Collection({n} sprites of {size}x{size}, classes {self.classes}, {len(self.refused)} refused)"

    def picture(self):
        """A `player.Picture` of the sprites, at most SHOWN of them, in rows by class, on a checkerboard."""
        n, size, *_ = self.sprites.shape
        shown = np.unique(np.linspace(0, n - 1, min(n, SHOWN)).round().astype(int))
        scale = 4 if size <= 20 else 3 if size <= 40 else 2
        columns = min((player.WIDE - 2 * player.MARGIN) // ((size + 1) * scale), len(shown))
        k, pictures, titles = len(self.classes), [], []
        for name, label in zip([*self.classes, "without a class" if k else ""], np.eye(k + 1, k), strict=True):
            row = self.sprites[shown[(self.labels[shown] == label).all(axis=1)]]
            if len(row):
                blank = np.full((-len(row) % columns, size, size, 3), 255, np.uint8)
                pictures += [on_a_checkerboard(row), blank]
                title = name[:40].replace("$", r"\$")  # between two of which would be mathematics
                titles += [title] + [""] * (len(row) + len(blank) - 1)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # a class may have its name in any writing
            pixels = player.sheet(np.concatenate(pictures), columns, titles, scale=scale)
        some = f"{len(shown)} of {n}" if len(shown) < n else n
        of = f", by class: {', '.join(self.classes)}" if k else ""
        return player.Picture(pixels, f"{some} sprites of {size}x{size} pixels, as they were read{of}")


def collect(path, tile=None, margin=None, spacing=None, ground=None, size=LEAST):
    """Read a stranger's pictures into a `Collection`. Nothing is stretched or cropped, and nothing written.

    path: a folder, whose subfolders are classes; a sheet; the JSON beside a sheet, or the sheet beside it; an animated
    GIF, WebP or PNG; one picture. Larger than 64x64, or than tile, a picture is a sheet. tile, margin, spacing: of the
    sheets without a JSON, in pixels: the side of a tile, the rim of the sheet, and what is between two tiles; left out,
    they are found where the ground shows them. ground: a colour, (red, green, blue) in 0 ... 255 or a name, that
    becomes transparent in opaque pictures, from their rims on: what a figure encloses stays. size: the least that
    sprites are padded to, as those of a network.
    What cannot be used is in the collection's `refused`, with the reason. Raises FileNotFoundError if there is nothing
    at path, ValueError for sizes that no sheet has, and if nothing can be used.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ValueError(f"path is a {type(path).__name__}; expected that of a folder or of a picture")
    gate.counts(LEAST, tile=LEAST if tile is None else tile)
    gate.counts(0, margin=margin or 0, spacing=spacing or 0)
    if tile is not None and tile > LARGEST:
        raise ValueError(f"tile is {tile}; expected {LEAST} to {LARGEST} pixels")
    path = Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"no folder or file at {path}")
    gate.counts(LEAST, size=size)
    reading = _Reading((tile, margin, spacing), None if ground is None else colour(ground=ground))
    beside = path if path.is_dir() else path.with_suffix(".json")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of bombs and oddities; what cannot be used is told of here
        if path.is_dir():
            reading.folder(path)
        elif path == beside or not os.path.lexists(beside) or not reading.take(beside, path.parent, sheet=path):
            reading.take(path)
    if not reading.found:
        reasons = [f"{name} {reason}" for name, reason in reading.refused]
        raise ValueError(f"{path} gives no sprite: {_some(reasons, '; ') or 'it holds no file'}")
    return reading.collection(size)


class _Reading:
    """What is gathered on the way through the files: found, [(name, class, picture)], and what was odd."""

    def __init__(self, sizes, ground):
        self.sizes, self.ground, self.form = sizes, ground, "hash"
        self.found, self.refused, self.remarks, self.odd = [], [], [], defaultdict(list)
        self.cleared = self.enclosed = 0  # pixels of the ground

    def folder(self, root):
        """Read all files below a folder; the names of its subfolders are the classes."""
        top = Path(os.path.abspath(root)).name

        def named(path):
            return (top / Path(path).relative_to(root)).as_posix()

        def unreadable(error):
            self.refuse(named(error.filename), f"cannot be opened: {error.strerror}")

        for here, folders, files in os.walk(root, onerror=unreadable):
            here = Path(here)
            for name in sorted(folders):
                link = (here / name).is_symlink()
                if link or name.startswith("."):
                    self.refuse(named(here / name), "is a link to a folder, not followed" if link else "is hidden")
                    folders.remove(name)
            folders.sort()
            label = None if here == root else here.relative_to(root).parts[0]
            sheets = set()  # of which a JSON tells, which is read first
            for file in sorted(map(here.joinpath, files), key=lambda file: (file.suffix.lower() != ".json", file.name)):
                if file not in sheets:
                    sheets.add(self.take(file, root, named(file), label))

    def refuse(self, name, reason):
        self.refused.append((_plain(name), _plain(reason)))

    def take(self, file, root=None, name=None, label=None, sheet=None):
        """Read a file, or refuse it. root: the folder that links may not lead out of. Returns the sheet of a JSON."""
        name = name or file.name
        try:
            _openable(file, root)
            if file.suffix.lower() == ".json":
                return self.described(file, root, name, label, sheet)
            self.picture(file, name, label)
        except Unfit as reason:
            self.refuse(name, str(reason))

    def picture(self, file, name, label):
        """Take a picture as a sprite, as frames, or as a sheet."""
        pictures, size = self.open(file, name), self.sizes[0] or LARGEST
        largest = max(pictures[0].shape)
        if len(pictures) == 1 and largest > size:
            self.parts(name, label, [*self.tiles(name, pictures[0])])
        elif largest > LARGEST:
            raise Unfit(too_large(*pictures[0].shape[1::-1]))
        elif len(pictures) > 1:
            self.remarks.append(f"{name} has {len(pictures)} frames.")
            self.parts(name, label, [(f"{name}, frame {i}", picture) for i, picture in enumerate(pictures, 1)])
        elif pictures[0].any():
            self.found.append((name, label, pictures[0]))
        else:
            raise Unfit("is empty: all of it is transparent")

    def open(self, file, name):
        """The frames of a picture file, uint8 (H, W, 4), without the ground."""
        pictures, odd = _frames(file)
        for kind in odd:
            self.odd[kind].append(name)
        for picture in pictures:
            gone = picture[..., 3] == 0
            if self.ground and not gone.any():
                gone, alike = _around(picture, self.ground)
                self.cleared += gone.sum()
                self.enclosed += (alike & ~gone).sum()
            picture[gone] = 0
        return pictures

    def parts(self, name, label, parts):
        """Take pictures (part's name, pixels) of one file; those in which nothing is are left out."""
        seen = [(part, label, picture) for part, picture in parts if picture.any()]
        if not seen:
            raise Unfit("is empty: nothing in it can be seen")
        if len(seen) < len(parts):
            self.remarks.append(f"{name}: {len(parts) - len(seen)} of {len(parts)} are empty and left out.")
        self.found += seen

    def tiles(self, name, sheet):
        """The tiles of a sheet, each with its name; those of ground alone are all zeros."""
        figure, (height, width, _) = figures(sheet), sheet.shape
        try:
            (tile, margin, spacing), shown = find_tiles(sheet, *self.sizes), True
        except ValueError as error:
            if not self.sizes[0]:
                raise Unfit(str(error).removeprefix("the sheet ")) from error
            (tile, margin, spacing), shown = (size or 0 for size in self.sizes), False
        rows, columns = (whole_tiles(side, tile, margin, spacing) for side in figure.shape)
        laid = f"tiles of {tile}x{tile}, margin {margin}, spacing {spacing}"
        if not rows or not columns:
            raise Unfit(f"is {width}x{height} pixels, no whole number of {laid}; give tile=, margin= and spacing=")
        self.remarks.append(f"{name}: {columns} x {rows} {laid}{'' if self.sizes[0] else ', as its ground shows'}.")
        for row in range(rows):
            for column in range(columns):
                top, left = (margin + number * (tile + spacing) for number in (row, column))
                there = np.s_[top : top + tile, left : left + tile]
                seen = figure[there].any() or not shown
                yield f"{name}, row {row + 1}, column {column + 1}", sheet[there] * np.uint8(seen)

    def described(self, file, root, name, label, sheet):
        """Take the frames that a JSON tells of. Returns the path of their sheet."""
        form, image, frames = told(file)
        among_others, parts, room = root and not sheet, [], ROOM
        named, renamed = file.with_name(image), file.with_suffix(".png")  # both may have got another name since
        sheet = sheet or (renamed if os.path.isfile(renamed) and not os.path.lexists(named) else named)
        try:
            _openable(sheet, root or file.parent)
            picture, *more = self.open(sheet, name)
        except Unfit as reason:
            raise Unfit(f"is of no use: its picture {sheet.name} {reason}") from reason
        if more:
            raise Unfit(f"is of no use: its picture {sheet.name} is an animation")
        for part, entry in frames:
            try:
                parts.append((f"{name}, {part}" if among_others else part, placed(picture, entry)))
                room -= parts[-1][1].size // 4
            except Unfit as reason:
                self.refuse(f"{name}, {part}", str(reason))
            if room < 0:
                raise Unfit(f"tells of more than {ROOM:,} pixels")
        self.form = form
        self.remarks.append(f"{name} tells of {len(frames)} frames in {sheet.name}.")
        self.parts(name, label, parts)
        return sheet

    def collection(self, size):
        """All that was found, in one size, on the common ground."""
        names, labels, pictures = zip(*self.found, strict=True)
        names, classes = [*map(_plain, names)], sorted({label for label in labels if label is not None})
        size = -(-max(size, *(max(picture.shape) for picture in pictures)) // 4) * 4
        opaque = [bool((picture[..., 3] == 255).all()) for picture in pictures]
        ground = most_on_the_rims(pictures)[0] if all(opaque) else np.zeros(4, np.uint8)
        sprites = np.tile(ground, (len(pictures), size, size, 1))
        for sprite, picture in zip(sprites, pictures, strict=True):
            height, width, _ = picture.shape
            top, left = (size - height) // 2, (size - width) // 2
            sprite[top : top + height, left : left + width] = picture
        one_hot = np.array([[label == name for name in classes] for label in labels], np.float32)
        self.remarks += [f"{kind}, in {len(files)} of the files: {_some(files)}." for kind, files in self.odd.items()]
        self.remarks += _oddities(names, pictures, sprites, opaque)
        if self.ground and not self.cleared:
            self.remarks.append(f"No pixel is {self.ground}, so that ground= changed nothing.")
        if self.enclosed:
            self.remarks.append(f"Pixels of the ground that figures enclose stay as they are: {self.enclosed:,}.")
        if classes and None in labels:
            self.remarks.append(f"Without a class, as they are beside the subfolders: {labels.count(None)}.")
        texts = [*map(_plain, classes)], names, self.refused, [*map(_plain, self.remarks)], self.form
        return Collection(sprites, one_hot.reshape(len(names), len(classes)), *texts)


def _around(picture, ground):
    """Where a picture, uint8 (H, W, 4), has this colour without a gap from its rim on, bool (H, W), and anywhere."""
    alike = (picture == (*ground, 255)).all(axis=2)
    regions, _ = ndimage.label(np.pad(alike, 1, constant_values=True))
    return (regions == regions[0, 0])[1:-1, 1:-1], alike


def _oddities(names, pictures, sprites, opaque):
    """Sentences on what was done to pictures, and what is to be known of them."""
    sides, size = sorted(side for picture in pictures for side in picture.shape[:2]), sprites.shape[1]
    if sides[0] < size:
        of = " to ".join(map(str, dict.fromkeys((sides[0], sides[-1]))))
        yield f"Sides of {of} pixels are padded evenly to {size}x{size}; nothing is stretched."
    full = [i for i, is_full in enumerate(opaque) if is_full]
    if full:
        ground, share = most_on_the_rims([pictures[i] for i in full])
        ground = tuple(ground[:3].tolist())
        hint = f"if {ground} is their ground, ground={ground} makes it transparent."
        if len(full) < len(names):
            yield f"Opaque among transparent ones: {len(full)} ({_some([names[i] for i in full])}); {hint}"
        elif share > 0.5:
            yield f"All are opaque; {hint}"
    first, copies = {}, []
    for name, sprite in zip(names, sprites, strict=True):
        like = first.setdefault(sprite.tobytes(), name)
        copies += [f"{name} of {like}"] * (like is not name)
    if copies:
        yield f"Exact copies of others, which are kept: {len(copies)} ({_some(copies)})."


def _openable(file, root):
    """Refuse what is no file, hidden, or outside of a folder."""
    try:
        if root and file.name.startswith("."):
            raise Unfit("is hidden")
        if root and file.is_symlink() and not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(root)):
            raise Unfit("is a link that leads out of the folder")
        if not file.is_file():  # a folder, or a pipe, of which reading would not end
            raise Unfit("is no file" if os.path.lexists(file) else "is not there")
    except OSError as error:
        raise Unfit(f"cannot be opened ({error.strerror})") from error


def _frames(file):
    """The frames of a picture file as a viewer shows them, uint8 (H, W, 4), and what is odd about its kind."""
    pictures, odd = [], []
    try:
        size = file.stat().st_size
        if not 0 < size <= 8 * ROOM:
            raise Unfit(f"has more than {8 * ROOM:,} bytes" if size else "is empty")
        with Image.open(file, formats=tuple(ENDINGS)) as picture:
            kind = picture.format if picture.format in ENDINGS else "JPEG"  # of which there are a few
            if file.suffix.lower() not in ENDINGS[kind]:
                raise Unfit(f"is a {kind} by its content; rename it to {file.stem}{ENDINGS[kind][0]}")
            if kind == "PNG" and "16B" in str(picture.tile):
                odd.append("16 bits a channel, read as 8")
            if kind == "JPEG":
                odd.append("JPEG, whose colours run into each other")
            if kind == "GIF" and not file.read_bytes().rstrip(b"\0\r\n").endswith(b";"):
                odd.append("GIF without its end, which may have had more frames")
            width, height = picture.size
            count = getattr(picture, "n_frames", 1) if width * height <= ROOM else 1
            # an APNG may begin with a picture that is for those alone who know no animations
            for number in range(bool(getattr(picture, "default_image", False)), count):
                picture.seek(number)
                if picture.width * picture.height * count > ROOM:  # asked again: a GIF can grow
                    many = f", {count} times," * (count > 1)
                    raise Unfit(f"has {picture.width}x{picture.height} pixels{many} of which {ROOM:,} are read at most")
                pictures.append(rgba(picture).copy())
        if not pictures:
            raise Unfit("has no frames")
    except Unfit:
        raise
    except Image.DecompressionBombError as error:
        raise Unfit(f"has far more than the {ROOM:,} pixels that are read") from error
    except UnidentifiedImageError as error:
        raise Unfit("is no picture, or broken; PNG, GIF, WebP, BMP and JPEG are read") from error
    except Exception as error:  # Pillow has many for broken files
        raise Unfit(f"cannot be read ({getattr(error, 'strerror', None) or error})") from error
    return pictures, odd


def _some(texts, between=", "):
    """The first few of many."""
    return between.join([*texts[:3], *[f"and {len(texts) - 3} more"] * (len(texts) > 3)])


def _plain(text):
    """A stranger's text as one that can be printed on a line."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def on_a_checkerboard(sprites):
    """Sprites (N, S, S, 4) with two light greys where they are transparent, (N, S, S, 3)."""
    squares = np.arange(sprites.shape[1]) // 2
    board = np.where(np.add.outer(squares, squares) % 2, 238, 214)[..., None]
    opaque = sprites[..., 3:] / 255
    return (sprites[..., :3] * opaque + board * (1 - opaque)).round().astype(np.uint8)
