"""A stranger's folder or sheet becomes sprites, with not a pixel changed; what cannot be used is named, with why."""

import io
import json
import os
import re
import struct
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

import collection
from collection import collect, find_tiles, write_sheet

RNG = np.random.default_rng(18)
ONCE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def figure(size=16, wide=None):
    """A sprite of few colours on transparent ground, half transparent in a place."""
    pixels = np.zeros((size, wide or size, 4), np.uint8)
    inside = pixels[2:-2, 2:-2]
    inside[...] = RNG.choice(
        [[200, 30, 40, 255], [20, 80, 250, 255], [255, 255, 255, 255], [9, 9, 9, 90]], inside.shape[:2]
    )
    return pixels


def save(path, pixels, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **how)
    return path


def in_the_middle(sprite, height, width):
    top, left = (len(sprite) - height) // 2, (len(sprite) - width) // 2
    return sprite[top : top + height, left : left + width]


def one(path, **how):
    """The only sprite of a file, which nothing is refused of."""
    read = collect(path, **how)
    assert len(read.sprites) == 1 and not read.refused, read.refused
    return read.sprites[0]


def refusal(path, **how):
    """Why a file is refused: beside a good one, which is read, and by itself."""
    good = save(path.parent / "good.png", figure())
    read = collect(path.parent, **how)
    (reason,) = [reason for name, reason in read.refused if name.endswith(path.name)]
    assert f"{path.parent.name}/{good.name}" in read.names
    if path.is_file() and not path.name.startswith(".") and not path.is_symlink():
        with pytest.raises(ValueError, match=re.escape(path.name)) as error:
            collect(path, **how)
        assert reason in str(error.value)
    return reason


# --- files: every kind of PNG, and the others ------------------------------------------------------------------------


def png(width, bits, kind, rows, *chunks):
    """The bytes of a PNG of such bits a channel (kind 0: grey, 2: colours, 3: palette, 4: grey and alpha, 6: RGBA)."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, len(rows), bits, kind, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [(b"IHDR", head), *chunks, (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def short(*numbers):
    return struct.pack(f">{len(numbers)}H", *numbers)


CLEAR, BLACK, WHITE = (0, 0, 0, 0), (0, 0, 0, 255), (255, 255, 255, 255)
KINDS = {  # two or more pixels in a row, and what they are
    "grey": (png(2, 8, 0, [bytes([7, 200])]), [(7, 7, 7, 255), (200, 200, 200, 255)]),
    "grey, one transparent": (png(2, 8, 0, [bytes([7, 200])], (b"tRNS", short(7))), [CLEAR, (200, 200, 200, 255)]),
    "1 bit": (png(2, 1, 0, [b"\x40"]), [BLACK, WHITE]),
    "1 bit, white transparent": (png(2, 1, 0, [b"\x40"], (b"tRNS", short(1))), [BLACK, CLEAR]),
    "2 bit, one transparent": (png(2, 2, 0, [b"\x60"], (b"tRNS", short(1))), [CLEAR, (170, 170, 170, 255)]),
    "4 bit, one transparent": (png(2, 4, 0, [b"\x3f"], (b"tRNS", short(3))), [CLEAR, WHITE]),
    "grey 16 bit": (png(2, 16, 0, [short(257 * 9, 65535)]), [(9, 9, 9, 255), WHITE]),
    "grey 16 bit, one transparent": (
        png(2, 16, 0, [short(2313, 2314)], (b"tRNS", short(2313))),
        [CLEAR, (9, 9, 9, 255)],
    ),
    "grey and alpha": (png(2, 8, 4, [bytes([9, 0, 8, 77])]), [CLEAR, (8, 8, 8, 77)]),
    "grey and alpha 16 bit": (png(1, 16, 4, [short(257 * 9, 257 * 3)]), [(9, 9, 9, 3)]),
    "colours": (png(1, 8, 2, [bytes([1, 2, 3])]), [(1, 2, 3, 255)]),
    "colours, one transparent": (
        png(2, 8, 2, [bytes([1, 2, 3, 3, 2, 1])], (b"tRNS", short(3, 2, 1))),
        [(1, 2, 3, 255), CLEAR],
    ),
    "colours 16 bit": (png(1, 16, 2, [short(257, 514, 65535)]), [(1, 2, 255, 255)]),
    "colours 16 bit, one transparent": (
        png(2, 16, 2, [short(1000, 2000, 3000, 771, 514, 257)], (b"tRNS", short(1000, 2000, 3000))),
        [CLEAR, (3, 2, 1, 255)],
    ),
    "RGBA": (png(2, 8, 6, [bytes([5, 6, 7, 8, 9, 9, 9, 0])]), [(5, 6, 7, 8), CLEAR]),
    "RGBA 16 bit": (png(1, 16, 6, [short(257, 514, 771, 257 * 99)]), [(1, 2, 3, 99)]),
    "palette": (png(2, 8, 3, [b"\1\0"], (b"PLTE", bytes([1, 2, 3, 4, 5, 6]))), [(4, 5, 6, 255), (1, 2, 3, 255)]),
    "palette, one transparent": (
        png(2, 8, 3, [b"\1\0"], (b"PLTE", bytes([1, 2, 3, 4, 5, 6])), (b"tRNS", b"\x00")),
        [(4, 5, 6, 255), CLEAR],
    ),
    "palette 1 bit, half transparent": (
        png(2, 1, 3, [b"\x40"], (b"PLTE", bytes([1, 2, 3, 4, 5, 6])), (b"tRNS", b"\x00\x50")),
        [CLEAR, (4, 5, 6, 80)],
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_png(tmp_path, kind):
    data, expected = KINDS[kind]
    (tmp_path / "a.png").write_bytes(data)
    read = collect(tmp_path / "a.png")
    assert in_the_middle(read.sprites[0], 1, len(expected))[0].tolist() == [list(pixel) for pixel in expected]
    assert any("16 bits" in remark for remark in read.remarks) == ("16 bit" in kind)


def interlaced(pixels):
    """A PNG of uint8 (H, W, 4) that is sent in seven passes, from coarse to fine; Pillow cannot write them."""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = [pixels[top::down, left::across] for top, left, down, across in passes]
    data = b"".join(b"\0" + row.tobytes() for part in parts if part.size for row in part)
    plain = png(pixels.shape[1], 8, 6, [b""] * len(pixels))
    head = bytearray(plain[16:29])
    head[-1] = 1
    body = zlib.compress(data)
    chunks = [(b"IHDR", bytes(head)), (b"IDAT", body), (b"IEND", b"")]
    return plain[:8] + b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part)) for name, part in chunks
    )


def test_interlaced_png(tmp_path):
    pixels = figure(20)
    (tmp_path / "a.png").write_bytes(interlaced(pixels))
    assert Image.open(tmp_path / "a.png").info["interlace"] == 1
    assert (one(tmp_path / "a.png") == pixels).all()


@pytest.mark.parametrize("ending", ["gif", "webp", "bmp", "dib", "PNG"])
def test_kinds_that_lose_nothing(tmp_path, ending):
    pixels = figure()
    pixels[pixels[..., 3] < 255] = 0
    if ending in ("bmp", "dib"):
        pixels = pixels[..., :3]
    path = save(
        tmp_path / f"a.{ending}",
        pixels,
        **({"lossless": True} if ending == "webp" else {}),
        format="BMP" if ending == "dib" else None,
    )
    sprite = one(path)
    assert (sprite[..., : pixels.shape[2]] == pixels).all() and (sprite[..., 3] == 255).any()


def test_jpeg_is_read_near_enough_and_named(tmp_path):
    for mode, name in (("RGB", "a.jpg"), ("L", "b.jpeg"), ("CMYK", "c.JPG")):
        Image.new(mode, (16, 16), {"RGB": (200, 100, 50), "L": 90, "CMYK": (0, 255, 255, 0)}[mode]).save(
            tmp_path / name, "JPEG"
        )
    read = collect(tmp_path)
    expected = np.array([(200, 100, 50), (90, 90, 90), (255, 0, 0)])
    assert (np.abs(read.sprites[..., :3].mean(axis=(1, 2)) - expected[[0, 1, 2]]) < 6).all()
    assert any(remark.startswith("JPEG") and "in 3 of the files" in remark for remark in read.remarks)


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_frames_are_composited_as_a_viewer_shows_them(tmp_path, ending):
    first = np.zeros((16, 16, 4), np.uint8)
    first[2:6, 2:6] = 255, 0, 0, 255
    second = first.copy()
    second[10:12, 10:12] = 0, 0, 255, 255  # a file keeps only what is new
    third = np.zeros_like(first)
    third[7:9] = 0, 255, 0, 255
    frames = [Image.fromarray(frame) for frame in (first, second, third)]
    how = {"lossless": True} if ending == "webp" else {"disposal": 2} if ending == "gif" else {}
    path = tmp_path / f"walk.{ending}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100, **how)
    read = collect(path)
    assert (read.sprites == np.stack([first, second, third])).all()
    assert read.names == [f"{path.name}, frame {i}" for i in (1, 2, 3)]
    assert f"{path.name} has 3 frames." in read.remarks


def test_the_picture_before_an_animation_is_not_of_it(tmp_path):
    frames = [Image.new("RGBA", (8, 8), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:], default_image=True)
    assert collect(tmp_path / "a.png").sprites[:, 0, 0, :3].tolist() == [[0, 255, 0], [0, 0, 255]]


# --- folders ---------------------------------------------------------------------------------------------------------


def test_a_folder_of_classes(tmp_path):
    root = tmp_path / "faces"
    there = {name: figure(12) for name in ("z.png", "calm/b.png", "calm/a.png", "Ärger $1$/deep/er/c.png")}
    for name, pixels in there.items():
        save(root / name, pixels)
    read = collect(root)
    assert read.classes == ["calm", "Ärger $1$"] and read.form == "hash" and not read.refused
    assert dict(zip(read.names, read.labels.tolist(), strict=True)) == {
        "faces/z.png": [0, 0],
        "faces/calm/a.png": [1, 0],
        "faces/calm/b.png": [1, 0],
        "faces/Ärger $1$/deep/er/c.png": [0, 1],
    }
    assert read.labels.dtype == np.float32 and read.sprites.dtype == np.uint8
    for name, sprite in zip(read.names, read.sprites, strict=True):
        assert (sprite == there[name.removeprefix("faces/")]).all()
    assert "Without a class, as they are beside the subfolders: 1." in read.remarks


def test_without_classes_there_are_no_labels(tmp_path):
    save(tmp_path / "a.png", figure())
    read = collect(tmp_path)
    assert read.labels.shape == (1, 0) and read.labels.dtype == np.float32 and read.classes == []


sizes = st.integers(1, 64)
shapes = st.lists(st.tuples(sizes, sizes), min_size=1, max_size=4)


@ONCE
@given(st.data(), shapes, st.booleans())
def test_pictures_are_found_unchanged_in_their_sprites(tmp_path_factory, data, shapes, opaque):
    folder, there = tmp_path_factory.mktemp("own"), []
    for number, shape in enumerate(shapes):
        pixels = data.draw(arrays(np.uint8, (*shape, 4), elements=st.sampled_from([0, 90, 255]), fill=st.just(255)))
        if opaque:
            pixels[..., 3] = 255
        pixels[0, 0, 3] = max(pixels[0, 0, 3], 1)  # else it might be empty
        there.append(pixels * (pixels[..., 3:] > 0))
        save(folder / f"{number}.png", pixels)
    read = collect(folder)
    side = max(8, *(side for shape in shapes for side in shape))
    assert read.sprites.shape == (len(shapes), (side + 3) // 4 * 4, (side + 3) // 4 * 4, 4)
    ground = (0, 0, 0, 0)
    if all((pixels[..., 3] == 255).all() for pixels in there):
        rims = [np.concatenate((p[0], p[-1], p[:, 0], p[:, -1])) for p in there]
        colours, counts = np.unique(np.concatenate(rims), axis=0, return_counts=True)
        assert (read.sprites[..., 3] == 255).all()
        grounds = {tuple(colour) for colour in colours[counts == counts.max()].tolist()}
    else:
        grounds = {ground}
    for pixels, sprite in zip(there, read.sprites, strict=True):
        height, width, _ = pixels.shape
        assert (in_the_middle(sprite, height, width) == pixels).all()
        around = sprite.copy().astype(int)
        in_the_middle(around, height, width)[...] = -1
        assert {tuple(pixel) for pixel in around.reshape(-1, 4).tolist()} - {(-1,) * 4} <= grounds
        assert not sprite[sprite[..., 3] == 0].any()


def test_opaque_among_transparent_stay_and_are_told_of(tmp_path):
    opaque = np.full((16, 16, 4), (0, 0, 0, 255), np.uint8)
    opaque[4:9, 4:9] = 255
    save(tmp_path / "a.png", figure(20)), save(tmp_path / "b.png", opaque)
    read = collect(tmp_path)
    assert (in_the_middle(read.sprites[1], 16, 16) == opaque).all()
    (told,) = [remark for remark in read.remarks if "paque" in remark]
    assert told.startswith("Opaque among transparent ones: 1 (") and "b.png" in told and "ground=(0, 0, 0)" in told
    cleared = collect(tmp_path, ground="black")
    assert not any("paque" in remark for remark in cleared.remarks)
    assert (cleared.sprites[1][..., 3] > 0).sum() == 25 and (cleared.sprites[1][..., 3] == 0).sum() == 400 - 25
    assert (cleared.sprites[0] == read.sprites[0]).all()
    assert "No pixel is (1, 2, 3), so that ground= changed nothing." in collect(tmp_path, ground=(1, 2, 3)).remarks


def test_ground_is_what_lies_around_a_figure_and_not_what_it_encloses(tmp_path):
    pixels = np.full((12, 12, 4), 255, np.uint8)
    pixels[3:9, 3:9] = 40, 20, 10, 255
    pixels[5:7, 5:7] = 255  # white eyes
    inside = np.zeros((12, 12), bool)
    inside[3:9, 3:9] = True
    outlined = pixels * inside[..., None]
    outlined[0, 0] = 255  # white and at the rim, but this picture is transparent already
    save(tmp_path / "a.png", pixels), save(tmp_path / "b.png", outlined.astype(np.uint8))
    read = collect(tmp_path, ground="white")
    assert "Pixels of the ground that figures enclose stay as they are: 4." in read.remarks
    opaque, transparent = read.sprites
    assert ((opaque[..., 3] > 0) == inside).all() and (opaque[5:7, 5:7] == 255).all()
    assert (transparent[0, 0] == 255).all()
    across = np.full((12, 12, 4), 255, np.uint8)
    across[:, 5] = across[5] = 9, 9, 9, 255  # four corners, each with a rim of its own
    save(tmp_path / "c" / "c.png", across)
    assert (collect(tmp_path / "c", ground="white").sprites[..., 3] > 0).sum() == 23


def test_half_transparent_pixels_are_no_ground(tmp_path):
    pixels = np.full((8, 8, 4), (10, 20, 30, 255), np.uint8)
    pixels[3] = 10, 20, 30, 128
    sprite = one(save(tmp_path / "a.png", pixels), ground=(10, 20, 30))
    assert (sprite[3] == (10, 20, 30, 128)).all() and not np.delete(sprite, 3, axis=0).any()


def test_copies_are_kept_and_told_of(tmp_path):
    pixels = figure()
    for name in "abc":
        save(tmp_path / f"{name}.png", pixels if name != "b" else figure())
    read = collect(tmp_path)
    here = tmp_path.name
    assert len(read.sprites) == 3
    assert f"Exact copies of others, which are kept: 1 ({here}/c.png of {here}/a.png)." in read.remarks


# --- what cannot be used ---------------------------------------------------------------------------------------------


def as_bytes(kind, pixels=None, **how):
    data = io.BytesIO()
    Image.fromarray(figure() if pixels is None else pixels).save(data, kind, **how)
    return data.getvalue()


def gif_with(count):
    frames = [Image.new("L", (64, 64), number % 256) for number in range(count)]
    data = io.BytesIO()
    frames[0].save(data, "GIF", save_all=True, append_images=frames[1:])
    return data.getvalue()


HOSTILE = {
    "broken.png": (lambda: as_bytes("PNG")[:-40], "cannot be read"),
    "head.png": (lambda: as_bytes("PNG")[:20], "no picture, or broken|cannot be read"),
    "empty.png": (lambda: b"", "is empty"),
    "text.png": (lambda: b"hello", "no picture, or broken"),
    "notes.txt": (lambda: b"hello", "no picture"),
    "drawing.tiff": (lambda: as_bytes("TIFF"), "no picture"),
    ".DS_Store": (lambda: b"\0\0", "hidden"),
    "photo.png": (lambda: as_bytes("JPEG", figure()[..., :3]), "JPEG by its content; rename it to photo.jpg"),
    "sprite": (lambda: as_bytes("PNG"), "PNG by its content; rename it to sprite.png"),
    "bomb.png": (lambda: png(100_000, 1, 0, [bytes(12_500)] * 1000), "100000x1000 pixels"),
    "far.png": (lambda: png(2**31 - 1, 8, 6, [b""] * 9), "16,777,216 pixels"),
    "bomb.bmp": (
        lambda: b"BM" + struct.pack("<IIIIiiHHIIiiII", 99, 0, 54, 40, 2**15, 2**14, 1, 24, 0, 0, 1, 1, 0, 0),
        "16,777,216 pixels",
    ),
    "clear.png": (lambda: as_bytes("PNG", np.full((16, 16, 4), (9, 9, 9, 0), np.uint8)), "is empty: all"),
    "large.png": (lambda: as_bytes("PNG", RNG.integers(1, 255, (65, 80, 4), np.uint8)), "80x65 pixels, and .* tile="),
    "large.webp": (lambda: as_bytes("WEBP", RNG.integers(1, 255, (65, 80, 4), np.uint8)), "80x65 pixels, and .* tile="),
    "strange.json": (lambda: b"{}", "no frames"),
    "list.json": (lambda: b"[[1, 2]]", "no frames"),
    "none.json": (lambda: b'{"frames": {}}', "no frames"),
    "text.json": (lambda: b"hello", "cannot be read as JSON"),
    "latin.json": (lambda: b'{"frames": "\xff"}', "cannot be read as JSON"),
    "deep.json": (lambda: b"[" * 200_000, "cannot be read as JSON"),
    "huge.json": (lambda: b'{"frames": ' + b"9" * 5000 + b"}", "cannot be read as JSON|no frames"),
    "twice.json": (lambda: b'{"frames": {"a": 1, "a": 2}}', "a name is in it twice"),
    "alone.json": (lambda: b'{"frames": {"a": 1}, "meta": {"image": "gone.png"}}', "gone.png is not there"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_used_is_refused_by_name(tmp_path, name):
    make, reason = HOSTILE[name]
    (tmp_path / name).write_bytes(make())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert re.search(reason, refusal(tmp_path / name))


def test_frames_are_counted_before_they_are_read(tmp_path, monkeypatch):
    (tmp_path / "many.gif").write_bytes(gif_with(5))
    monkeypatch.setattr(collection, "ROOM", 4 * 64 * 64)
    assert "64x64 pixels, 5 times" in refusal(tmp_path / "many.gif")
    monkeypatch.setattr(collection, "ROOM", 5 * 64 * 64)
    assert len(collect(tmp_path / "many.gif").sprites) == 5


def test_a_large_animation_is_refused(tmp_path):
    frames = [Image.new("RGB", (65, 20), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert "65x20 pixels; a sprite is at most 64x64" in refusal(tmp_path / "a.gif")


@pytest.mark.parametrize("kind", ["png", "gif", "webp", "bmp", "jpeg"])
def test_truncated_files_are_refused_or_lack_nothing(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    frames = [Image.fromarray(figure(10)[..., : 4 - (kind in ("bmp", "jpeg"))]) for _ in range(2)]
    more = {"save_all": True, "append_images": frames[1:]} if kind in ("png", "gif", "webp") else {}
    frames[0].save(path, **more)
    data, complete = path.read_bytes(), collect(path)
    lengths = range(0, len(data), 7) if kind != "gif" else range(len(data))
    for length in lengths:
        path.write_bytes(data[:length])
        try:
            read = collect(path)
        except ValueError as error:
            assert path.name in str(error)
        else:
            lacking = any("may have had more frames" in remark for remark in read.remarks)
            assert lacking or np.array_equal(read.sprites, complete.sprites)


def test_an_unreadable_file_or_folder_is_refused(tmp_path, monkeypatch):
    path, closed = save(tmp_path / "a.png", figure()), tmp_path / "closed"
    closed.mkdir()
    real_open, real_scan = Image.open, os.scandir

    def no_open(file, *args, **how):
        if file == path:
            raise PermissionError(13, "Permission denied", str(file))
        return real_open(file, *args, **how)

    def no_scan(folder):
        if os.fspath(folder) == str(closed):
            raise PermissionError(13, "Permission denied", str(folder))
        return real_scan(folder)

    monkeypatch.setattr(Image, "open", no_open), monkeypatch.setattr(os, "scandir", no_scan)
    assert "Permission denied" in refusal(path)
    assert (f"{tmp_path.name}/closed", "cannot be opened: Permission denied") in collect(tmp_path).refused


@pytest.mark.skipif(os.name == "nt", reason="links and pipes of other systems")
def test_links_and_pipes(tmp_path):
    secret, root = save(tmp_path / "secret.png", figure()), tmp_path / "own"
    inside = save(root / "calm" / "a.png", figure())
    (root / "out.png").symlink_to(secret)
    (root / "in.png").symlink_to(inside)
    (root / "nowhere.png").symlink_to(root / "gone.png")
    (root / "round.png").symlink_to(root / "round.png")
    (root / "up").symlink_to(tmp_path)
    os.mkfifo(root / "pipe.png")
    (root / ".git").mkdir()
    (root / "sheet.json").write_text('{"frames": {"a": 1}, "meta": {"image": "out.png"}}', encoding="utf-8")
    read = collect(root)
    assert read.names == ["own/in.png", "own/calm/a.png"]
    reasons = {name.removeprefix("own/"): reason for name, reason in read.refused}
    assert set(reasons) == {"out.png", "nowhere.png", "round.png", "up", "pipe.png", ".git", "sheet.json"}
    assert "leads out" in reasons["out.png"] and "leads out" in reasons["sheet.json"]
    assert "not followed" in reasons["up"] and "hidden" in reasons[".git"] and "no file" in reasons["pipe.png"]


def test_names_that_cannot_be_printed(tmp_path):
    try:
        path = save(tmp_path / "a\n\udcff.png", figure())
    except (OSError, ValueError):
        pytest.skip("this system has no such names")
    assert collect(path).names == ["a??.png"]


def test_nothing_usable_lists_the_first_reasons(tmp_path):
    with pytest.raises(ValueError, match="gives no sprite: it holds no file"):
        collect(tmp_path)
    for i in range(5):
        (tmp_path / f"{i}.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"0\.png is empty; .*1\.png is empty; .*2\.png is empty; and 2 more"):
        collect(tmp_path)
    with pytest.raises(FileNotFoundError, match="gone"):
        collect(tmp_path / "gone")


@pytest.mark.parametrize(
    "wrong",
    [
        {"tile": 4},
        {"tile": 65},
        {"tile": 8.0},
        {"margin": -1},
        {"spacing": 1.5},
        {"ground": (1, 2)},
        {"ground": "blurple"},
    ],
)
def test_wrong_sizes_and_grounds(tmp_path, wrong):
    save(tmp_path / "a.png", figure())
    with pytest.raises(ValueError):
        collect(tmp_path, **wrong)


def test_no_path_is_told():
    with pytest.raises(ValueError, match="path is a list"):
        collect([])


def test_reading_never_writes(tmp_path):
    root = tmp_path / "own"
    save(root / "a" / "b.png", figure()), (root / "notes.txt").write_text("x", encoding="utf-8")
    write_sheet(root / "sheet.png", np.stack([figure()] * 4), "abcd")

    def state():
        return {
            str(path): (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in tmp_path.rglob("*")
        }

    before = state()
    collect(root).picture()
    assert state() == before


# --- sheets ----------------------------------------------------------------------------------------------------------


def a_sheet(rng, tile, margin, spacing, opaque, rows, columns):
    """Blobs that fill their tiles nearly from rim to rim, some less, in rows."""
    ground = (120, 200, 90, 255) if opaque else (0, 0, 0, 0)
    height, width = (2 * margin + n * tile + (n - 1) * spacing for n in (rows, columns))
    sheet = np.full((height, width, 4), ground, np.uint8)
    y, x = np.mgrid[:tile, :tile] + 0.5 - tile / 2
    tiles = []
    for row in range(rows):
        for column in range(columns):
            top, left = (margin + place * (tile + spacing) for place in (row, column))
            across, down = rng.uniform(0.6, 0.95, 2) * tile / 2
            inside = (x / across) ** 2 + (y / down) ** 2 < 1
            here = sheet[top : top + tile, left : left + tile]
            here[inside] = (*rng.integers(0, 100, 3), 255)
            here[inside & (x + y < 0)] = (*rng.integers(0, 100, 3), 255)
            tiles.append(here)
    return sheet, np.stack(tiles)


@pytest.mark.parametrize("opaque", [False, True])
@pytest.mark.parametrize("tile", [8, 16, 20, 24, 32, 48])
def test_tiles_are_found(tmp_path, tile, opaque):
    rng = np.random.default_rng(tile + opaque)
    for margin, spacing in [(0, 0), (0, 1), (1, 1), (2, 1), (0, 2), (4, 0), (3, 4), (16, 3)]:
        if margin >= tile + spacing:
            continue  # the rim would be tiles, too, and empty
        rows, columns = rng.integers(3, 8, 2) + 64 // tile  # else it is one sprite
        sheet, tiles = a_sheet(rng, tile, margin, spacing, opaque, rows, columns)
        found = find_tiles(sheet)
        if tile == 20:  # 24 without a spacing may be the same, with more ground around
            assert found[0] + found[2] == tile + spacing and found[2] % 2 == spacing % 2
        else:
            assert found == (tile, margin, spacing)
        read = collect(save(tmp_path / "s.png", sheet))
        assert len(read.sprites) == rows * columns
        assert (np.stack([in_the_middle(sprite, tile, tile) for sprite in read.sprites]) == tiles).all()


def test_of_what_looks_alike_the_likelier_is_found():
    rng = np.random.default_rng(4)
    assert find_tiles(a_sheet(rng, 20, 1, 2, False, 5, 6)[0]) == (22, 0, 0)
    assert find_tiles(a_sheet(rng, 16, 1, 2, False, 5, 6)[0]) == (16, 1, 2)
    assert find_tiles(a_sheet(rng, 20, 0, 0, False, 6, 6)[0]) == (20, 0, 0)  # not 40, a multiple of 8
    trailing, _ = a_sheet(rng, 16, 0, 3, False, 5, 6)
    assert find_tiles(np.pad(trailing, ((0, 3), (0, 3), (0, 0)))) == (16, 0, 3)


def test_the_ground_is_on_the_rim_or_else_the_most_frequent_colour():
    sheet = np.full((74, 74, 4), 255, np.uint8)
    for place in np.ndindex(4, 4):
        top, left = (1 + 18 * number for number in place)
        sheet[top : top + 16, left : left + 16] = 9, 9, 9, 255  # more than there is ground
    assert find_tiles(sheet) == (16, 1, 2)
    many = RNG.integers(0, 200, (4, 16, 4, 16, 4), np.uint8)  # full to the rim, and of many colours
    rim = np.pad(np.zeros((14, 14), bool), 1, constant_values=True)
    for row, column in np.ndindex(4, 4):
        many[row, :, column][rim] = 7 * ((row + column) % 2)  # outlines, each of more of the rim than the ground
    many[..., 3] = 255
    sheet = np.pad(many, ((0, 0), (0, 4), (0, 0), (0, 4), (0, 0)), constant_values=255).reshape(80, 80, 4)
    assert find_tiles(sheet) == find_tiles(sheet[:-4, :-4]) == (16, 0, 4)


def test_empty_tiles_are_left_out_and_counted(tmp_path):
    for opaque in (False, True):
        sheet, _ = a_sheet(np.random.default_rng(1), 24, 0, 0, opaque, 4, 4)
        sheet[24:48, 48:72] = sheet[0, 0]
        read = collect(save(tmp_path / "s.png", sheet))
        assert len(read.sprites) == 15 and "s.png, row 2, column 3" not in read.names
        assert "s.png: 1 of 16 are empty and left out." in read.remarks
        assert "s.png: 4 x 4 tiles of 24x24, margin 0, spacing 0, as its ground shows." in read.remarks
        assert (read.sprites[read.names.index("s.png, row 2, column 4")] == sheet[24:48, 72:]).all()


def test_an_opaque_tileset_needs_its_tile(tmp_path):
    tiles = RNG.integers(0, 255, (80, 96, 4), np.uint8)
    tiles[..., 3] = 255
    tiles[16:32, 16:32] = 7, 7, 7, 255  # one colour, but it is a tile
    path = save(tmp_path / "ground.png", tiles)
    with pytest.raises(ValueError, match="give tile="):
        find_tiles(tiles)
    with pytest.raises(ValueError, match=r"ground\.png is 96x80 pixels, .*give tile="):
        collect(path)
    read = collect(path, tile=16)
    assert len(read.sprites) == 30
    assert (read.sprites[7] == tiles[16:32, 16:32]).all() and read.names[7] == "ground.png, row 2, column 2"
    assert "no whole number of tiles of 20x20" in refusal(path, tile=20, margin=0, spacing=0)


def test_a_small_picture_is_a_sheet_only_if_it_is_larger_than_the_tile_that_is_given(tmp_path):
    sheet, _ = a_sheet(np.random.default_rng(2), 16, 1, 2, False, 3, 3)
    save(tmp_path / "s.png", sheet), save(tmp_path / "t.png", figure(16, 9))
    assert len(collect(tmp_path).sprites) == 2
    read = collect(tmp_path, tile=16)
    assert len(read.sprites) == 10 and read.sprites.shape[1] == 16  # margin and spacing are found
    assert len(collect(tmp_path / "s.png", tile=16, margin=1, spacing=2).sprites) == 9
    with pytest.raises(ValueError, match="54x54 pixels, no whole number of tiles of 16x16, margin 0, spacing 1"):
        collect(tmp_path / "s.png", tile=16, margin=0, spacing=1)


def test_one_large_figure_is_no_sheet():
    y, x = np.mgrid[:128, :128] - 63.5
    picture = np.zeros((128, 128, 4), np.uint8)
    picture[y**2 + x**2 < 60**2] = 255
    with pytest.raises(ValueError, match="128x128 pixels, and no ground shows its tiles"):
        find_tiles(picture)


def test_no_picture_has_no_tiles():
    for wrong in (np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8, 4)), np.zeros((0, 8, 4), np.uint8), None):
        with pytest.raises(ValueError, match="expected uint8"):
            find_tiles(wrong)


# --- sheets with a JSON ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["hash", "array"])
@pytest.mark.parametrize("ending", ["png", "json"])
def test_what_is_written_is_read_again(tmp_path, form, ending):
    for size, n in ((8, 1), (20, 3), (64, 7)):
        sprites = np.stack([figure(size) for _ in range(n)])
        names = [f"blob {i}, né" for i in range(n)]
        write_sheet(tmp_path / "new" / "s.png", sprites, names, form, about="of my own")
        read = collect(tmp_path / "new" / f"s.{ending}")
        assert (read.sprites == sprites).all() and read.names == names and read.form == form and not read.refused
        told = json.loads((tmp_path / "new" / "s.json").read_text(encoding="utf-8"))
        assert isinstance(told["frames"], dict if form == "hash" else list) and told["meta"]["about"] == "of my own"
        assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["s.json", "s.png"]
    inside = collect(tmp_path)
    assert inside.classes == ["new"] and len(inside.sprites) == 7 and not inside.refused  # once, by its JSON
    assert inside.names[0] == f"{tmp_path.name}/new/s.json, blob 0, né"


def test_what_cannot_be_written(tmp_path):
    sprites, path = np.stack([figure()] * 2), tmp_path / "s.png"
    for wrong in (
        (path, sprites[..., :3], "ab"),
        (path, sprites / 255, "ab"),
        (path, sprites[:, :8], "ab"),
        (path, sprites[:0], ""),
        (path, sprites, "a"),
        (path, sprites, "aa"),
        (path, sprites, "ab", "list"),
        (tmp_path / "s.gif", sprites, "ab"),
    ):
        with pytest.raises(ValueError):
            write_sheet(*wrong)
    assert not [*tmp_path.iterdir()]
    write_sheet(path, sprites, "aa", "array")


def box(x, y, w, h):
    return {"x": x, "y": y, "w": w, "h": h}


def test_rotated_and_trimmed_frames_come_back(tmp_path):
    whole = figure(20, 24)
    piece = whole[3:15, 5:22]  # 17 wide, 12 high
    whole = np.pad(piece, ((3, 5), (5, 2), (0, 0)))
    sheet = np.zeros((64, 64, 4), np.uint8)
    sheet[1:13, 2:19] = piece
    sheet[20:37, 30:42] = [[piece[11 - x, y] for x in range(12)] for y in range(17)]  # its top is on the right
    trimmed = {"trimmed": True, "spriteSourceSize": box(5, 3, 17, 12), "sourceSize": {"w": 24, "h": 20}}
    frames = {
        "plain": {"frame": box(2, 1, 17, 12)},
        "turned": {"frame": box(30, 20, 17, 12), "rotated": True, "trimmed": False},
        "trimmed": {"frame": box(2, 1, 17, 12), "rotated": False, **trimmed},
        "both": {"frame": box(30, 20, 17, 12), "rotated": True, **trimmed},
    }
    save(tmp_path / "s.png", sheet)
    (tmp_path / "other.json").write_text(
        json.dumps({"frames": frames, "meta": {"image": "C:\\me\\s.png"}}), "utf-8-sig"
    )
    read = collect(tmp_path / "other.json")
    assert not read.refused and read.names == list(frames) and read.sprites.shape == (4, 24, 24, 4)
    for sprite in read.sprites[:2]:
        assert (in_the_middle(sprite, 12, 17) == piece).all()
    for sprite in read.sprites[2:]:
        assert (in_the_middle(sprite, 20, 24) == whole).all()
    assert any(remark.startswith("Exact copies of others, which are kept: 2 (") for remark in read.remarks)


TRIMMED = {"frame": box(0, 0, 9, 9), "trimmed": True, "sourceSize": {"w": 16, "h": 16}}
STRANGE = {
    "outside": {"frame": box(10, 0, 16, 16)},
    "outside when turned": {"frame": box(0, 8, 20, 8), "rotated": True},
    "nothing": {"frame": box(0, 0, 0, 5)},
    "negative": {"frame": box(-1, 0, 5, 5)},
    "half": {"frame": box(0.5, 0, 5, 5)},
    "not a number": {"frame": box(float("nan"), 0, 5, 5)},
    "endless": {"frame": box(float("inf"), 0, 5, 5)},
    "huge": {"frame": box(10**30, 0, 5, 5)},
    "true": {"frame": box(True, 0, 5, 5)},
    "text": {"frame": box("0", 0, 5, 5)},
    "list": {"frame": [0, 0, 5, 5]},
    "list of lists": {"frame": box([0], [0], [5], [5])},
    "no frame": {},
    "no object": 7,
    "turned by text": {"frame": box(0, 0, 5, 5), "rotated": "yes"},
    "no place": TRIMMED,
    "out of its place": {**TRIMMED, "spriteSourceSize": box(8, 0, 9, 9)},
    "below its place": {**TRIMMED, "spriteSourceSize": box(0, 8, 9, 9)},
    "no size": {**TRIMMED, "spriteSourceSize": box(0, 0, 9, 9), "sourceSize": None},
    "too large": {**TRIMMED, "spriteSourceSize": box(0, 0, 9, 9), "sourceSize": {"w": 16, "h": 65}},
    "deep": {"frame": json.loads("[" * 400 + "]" * 400)},
}


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("form", ["hash", "array"])
def test_a_strange_frame_is_refused_and_the_others_are_read(tmp_path, kind, form):
    pixels = figure(20)
    save(tmp_path / "s.png", pixels)
    frames = {"good": {"frame": box(0, 0, 20, 20)}, kind: STRANGE[kind]}
    if form == "array":
        frames = [{"filename": name, **frame} if isinstance(frame, dict) else frame for name, frame in frames.items()]
    (tmp_path / "s.json").write_text(json.dumps({"frames": frames}), encoding="utf-8")
    read = collect(tmp_path / "s.png")
    assert (read.sprites == pixels).all() and read.names == ["good"] and read.form == form
    ((name, reason),) = read.refused
    assert name == f"s.json, {'frame 2' if form == 'array' and kind == 'no object' else kind}" and reason


@pytest.mark.parametrize(
    "image", ["../s.png", "sub/s.png", "/s.png", "..", "a\0b", "\ud800", "x" * 5000, ["s.png"], "sub"]
)
def test_the_picture_of_a_json_lies_beside_it(tmp_path, image):
    """Of a path that it names, the last part counts; there is none such here, but above, and below."""
    for folder in ("", "own/sub"):
        save(tmp_path / folder / "s.png", figure())
    path = tmp_path / "own" / "a.json"
    path.write_text(
        json.dumps({"frames": {"a": {"frame": box(0, 0, 16, 16)}}, "meta": {"image": image}}), encoding="utf-8"
    )
    with pytest.raises(
        ValueError, match=r"a\.json is of no use: its picture .* (is not there|is no file|cannot be opened|is hidden)"
    ):
        collect(path)
    save(tmp_path / "own" / "s.png", np.full((16, 16, 4), 200, np.uint8))
    if image in ("../s.png", "sub/s.png", "/s.png"):
        assert (collect(path).sprites == 200).all()


def test_a_json_of_no_use_leaves_its_sheet_to_be_read(tmp_path):
    pixels = figure()
    save(tmp_path / "s.png", pixels)
    for text in ("[", '{"frames": [1]}'):
        (tmp_path / "s.json").write_text(text, encoding="utf-8")
        for path in (tmp_path, tmp_path / "s.png"):
            read = collect(path)
            assert (read.sprites == pixels).all() and any("s.json" in name for name, _ in read.refused)


def test_a_sheet_and_its_json_may_be_renamed_together(tmp_path):
    sprites = np.stack([figure()] * 2)
    write_sheet(tmp_path / "old.png", sprites, "ab")
    for ending in ("png", "json"):
        (tmp_path / f"old.{ending}").rename(tmp_path / f"new.{ending}")
    for path in (tmp_path, tmp_path / "new.json", tmp_path / "new.png"):
        read = collect(path)
        assert (read.sprites == sprites).all() and len(read.sprites) == 2 and not read.refused


def test_a_json_tells_of_no_more_than_there_is_room_for(tmp_path, monkeypatch):
    save(tmp_path / "s.png", figure())
    frames = {name: {"frame": box(0, 0, 16, 16)} for name in "abcd"}
    (tmp_path / "s.json").write_text(json.dumps({"frames": frames}), encoding="utf-8")
    monkeypatch.setattr(collection, "ROOM", 3 * 256)
    with pytest.raises(ValueError, match=r"s\.json tells of more than 768 pixels"):
        collect(tmp_path / "s.json")
    monkeypatch.setattr(collection, "ROOM", 4 * 256)
    assert len(collect(tmp_path / "s.json").sprites) == 4


# --- the picture of what was read ------------------------------------------------------------------------------------


def test_the_picture_shows_each_sprite_enlarged_by_class(tmp_path):
    for name in ("b$^$/1", "b$^$/2", "a/1", "none"):
        save(tmp_path / f"{name}.png", figure())
    read = collect(tmp_path)
    picture = read.picture()
    assert picture.alt == "4 sprites of 16x16 pixels, as they were read, by class: a, b$^$"
    seen = np.lib.stride_tricks.sliding_window_view(picture.pixels, (64, 64, 3))[:, :, 0]
    tops = []
    for sprite in read.sprites:
        solid = (sprite[..., 3] == 255).repeat(4, 0).repeat(4, 1)
        wanted = sprite[..., :3].repeat(4, 0).repeat(4, 1)
        y, x = np.argwhere(solid)[0]
        starts = np.argwhere((picture.pixels[y : y + len(seen), x : x + seen.shape[1]] == wanted[y, x]).all(2))
        found = [(top, left) for top, left in starts if (seen[top, left] == wanted)[solid].all()]
        ((top, left),) = found
        corner = picture.pixels[top : top + 8, left : left + 16].reshape(-1, 3)
        assert len(np.unique(corner, axis=0)) == 2 and corner.min() > 200  # two light greys
        tops.append((read.labels[len(tops)].tolist(), top))
    rows = {tuple(label): {top for other, top in tops if other == label} for label, _ in tops}
    assert all(len(row) == 1 for row in rows.values())
    order = [min(rows[key]) for key in ((1, 0), (0, 1), (0, 0))]
    assert order == sorted(order) and len(set(order)) == 3
    picture.save(tmp_path / "seen.png")


def test_the_picture_of_many_says_how_many_it_shows(tmp_path):
    sheet, _ = a_sheet(np.random.default_rng(3), 8, 0, 0, False, 15, 15)
    read = collect(save(tmp_path / "s.png", sheet), tile=8)
    assert read.picture().alt.startswith("200 of 225 sprites of 8x8 pixels")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read.classes, read.labels = ["\u4e2d"], np.ones((225, 1), np.float32)
        assert read.picture().pixels.shape[1] <= 720
    assert "225 sprites of 8x8" in repr(read)
