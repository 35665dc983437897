"""The board and pictures of your own, without a browser; `test_browser.py` paints in one."""

import base64
import io
import re
import sys
import types

import numpy as np
import pytest
import torch
from PIL import Image

import board
from board import PALETTE, STARTS, Board, own_picture
from diffusion_utilities import load_sprites, to_uint8, transform

SPRITES = load_sprites("test")[0]


def dots(height, width, channels=3):
    """A picture in which no two pixels are the same."""
    numbers = np.arange(height * width * channels) * 7 % 251
    return numbers.reshape(height, width, channels).astype(np.uint8)


def drawn(picture, side=16):
    """What own_picture or a board gives, as bytes."""
    assert picture.dtype == torch.float32 and picture.shape == (1, 3, side, side)
    return to_uint8(picture)[0]


# --- the board


def test_an_empty_board_is_white():
    assert (Board().picture == 1).all()


@pytest.mark.parametrize("kind", ["bytes", "tensor of bytes", "one picture", "a batch of one"])
def test_a_board_holds_the_picture_it_is_given_pixel_for_pixel(kind):
    sprite = SPRITES[77]
    given = {
        "bytes": sprite,
        "tensor of bytes": torch.tensor(sprite),
        "one picture": transform(sprite),
        "a batch of one": transform(sprite)[None],
    }[kind]
    painted = Board()
    painted.picture = given
    for one in (Board(given), painted):
        assert (drawn(one.picture) == sprite).all()


@pytest.mark.parametrize("side", [8, 13, 24, 64])
def test_a_board_has_the_size_of_its_picture_from_8_to_64(side):
    picture = dots(side, side)
    for given in (picture, transform(picture)[None]):
        assert (drawn(Board(given).picture, side) == picture).all()
    painted = Board(picture)
    painted.picture = transform(255 - picture)
    assert (drawn(painted.picture, side) == 255 - picture).all()
    assert painted.starts == {} and len(painted.cells) == side**2


def test_a_board_of_one_size_takes_pictures_of_no_other():
    painted = Board(dots(20, 20))
    with pytest.raises(ValueError, match="with S 20; own_picture"):
        painted.picture = dots(16, 16)
    with pytest.raises(ValueError, match="with S 20; own_picture"):
        Board(dots(20, 20), starts={"sprite": dots(16, 16)})
    for side in (7, 65):
        with pytest.raises(ValueError, match="with S from 8 to 64; own_picture"):
            Board(dots(side, side))


def test_a_board_begins_again_from_the_pictures_it_is_given():
    one, other = dots(12, 12), 255 - dots(12, 12)
    painted = Board(one, starts={"one": one, "other": transform(other)})
    assert list(painted.starts) == ["one", "other"] and Board(starts={}).starts == {}
    for name, picture in (("other", other), ("one", one)):
        painted.cells = painted.starts[name]
        assert (drawn(painted.picture, 12) == picture).all()


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((15, 16, 3), np.uint8),
        np.zeros((16, 16, 4), np.uint8),
        np.zeros((16, 16, 3)),
        torch.zeros(2, 3, 16, 16),
        torch.zeros(3, 16, 16, dtype=torch.int64),
        "cat.png",
    ],
    ids=lambda wrong: str(getattr(wrong, "shape", wrong)),
)
def test_a_board_names_what_it_cannot_hold_and_keeps_its_picture(wrong):
    with pytest.raises(ValueError, match=r"the picture is .*; expected .*own_picture"):
        Board(wrong)
    kept = Board(SPRITES[0])
    with pytest.raises(ValueError, match="the picture is"):
        kept.picture = wrong
    assert (drawn(kept.picture) == SPRITES[0]).all()


def test_numbers_that_are_not_finite_are_no_picture():
    with pytest.raises(ValueError, match="not finite"):
        Board(torch.full((1, 3, 16, 16), float("nan")))


def test_a_stroke_in_the_page_is_in_the_picture():
    painted = Board()
    state = painted.get_state()
    state["cells"][16 * 2 + 5] = "#d13b3b"  # row 2, column 5
    painted.set_state({"cells": state["cells"]})  # as the front end's message does
    assert drawn(painted.picture)[2, 5].tolist() == [0xD1, 0x3B, 0x3B]
    assert (drawn(painted.picture) != 255).any(axis=2).sum() == 1


def test_colours_to_paint_with_are_the_sprites_own():
    from drawings.canvas import RAMPS

    ours = {"#" + bytes(shade).hex() for ramp in RAMPS.values() for shade in ramp}
    assert set(PALETTE.values()) - ours == {"#ffffff"}
    assert len(set(PALETTE.values())) == len(PALETTE) <= 32
    assert Board().palette == PALETTE and Board(palette={"ink": "#000000"}).palette == {"ink": "#000000"}


def test_there_are_sprites_to_start_from():
    starts = Board().starts
    assert list(starts) == list(STARTS) and len(starts) >= 4
    for name, number in STARTS.items():
        again = Board()
        again.cells = starts[name]
        assert (drawn(again.picture) == SPRITES[number]).all()


@pytest.mark.parametrize("picture", [SPRITES[3], dots(8, 8), dots(64, 64)], ids=len)
def test_a_page_without_a_kernel_shows_the_board_as_a_still(picture):
    still = Board(picture)._repr_mimebundle_()[0]["text/html"]
    (data,) = re.findall(r'<img [^>]*alt="[^"]{10,}"[^>]* src="data:image/\w+;base64,([\w+/=]+)"', still)
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
    scale = pixels.shape[0] // len(picture)
    middle = slice(scale // 2, None, scale)
    assert 180 <= pixels.shape[0] <= 200 and (pixels[middle, middle] == picture).all()
    assert (pixels[::scale] != 255).all()  # lines, so that an empty board can be seen


def test_the_page_fetches_nothing_from_elsewhere():
    assert not re.search(r"https?:|import[ (]|@import|url\(", board.SCRIPT + board.STYLE)


# --- any picture


@pytest.mark.parametrize("scale", [1, 2, 3, 40])
def test_enlarged_pixel_art_becomes_the_sprite_it_was(scale):
    sprite = SPRITES[500]
    assert (drawn(own_picture(sprite.repeat(scale, 0).repeat(scale, 1))) == sprite).all()


def test_enlarged_pixel_art_with_soft_edges_is_read_in_the_middle_of_its_pixels():
    large = SPRITES[500].repeat(5, 0).repeat(5, 1)
    for edge in (0, 4):
        large[edge::5] = large[:, edge::5] = 99
    assert (drawn(own_picture(large)) == SPRITES[500]).all()


def test_a_picture_that_is_not_square_is_not_stretched():
    wide = dots(8, 16).repeat(2, 0).repeat(2, 1)
    got = drawn(own_picture(wide))
    assert (got[4:12] == dots(8, 16)).all() and (got[:4] == 255).all() and (got[12:] == 255).all()
    assert (drawn(own_picture(wide.swapaxes(0, 1))) == got.swapaxes(0, 1)).all()


def test_a_smaller_picture_gets_a_white_rim():
    got = drawn(own_picture(dots(10, 6)))
    assert (got[3:13, 5:11] == dots(10, 6)).all()
    got[3:13, 5:11] = 255
    assert (got == 255).all()


def test_what_is_transparent_lies_on_white():
    picture = dots(16, 16, 4)
    picture[..., 3] = 0
    picture[0, 0] = [10, 20, 30, 255]
    picture[0, 1] = [0, 0, 0, 128]
    got = drawn(own_picture(picture))
    assert got[0, 0].tolist() == [10, 20, 30] and got[0, 1].tolist() == [127, 127, 127]
    assert (got[1:] == 255).all()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA", "1", "I;16"])
def test_a_png_of_any_kind_can_be_read(mode, tmp_path):
    grey = Image.fromarray(np.where(SPRITES[500][..., 0] < 128, 0, 255).astype(np.uint8).repeat(3, 0).repeat(3, 1))
    picture = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    picture.save(tmp_path / "own.png")
    expected = np.asarray(grey)[1::3, 1::3, None].repeat(3, 2)
    for path in (tmp_path / "own.png", str(tmp_path / "own.png")):
        assert (drawn(own_picture(path)) == expected).all()


def test_what_is_no_picture_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no picture at .*cat\.png"):
        own_picture(tmp_path / "cat.png")
    for wrong in (np.zeros((16, 16, 3)), np.zeros((16, 16), np.uint8), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(ValueError, match=r"the picture is .*; expected uint8 \(height, width, 3 or 4\)"):
            own_picture(wrong)


def test_in_colab_the_widget_comes_without_a_still_that_might_be_shown_in_its_place(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    assert "text/html" not in Board()._repr_mimebundle_()[0]
