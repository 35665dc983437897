"""The three kinds of material that "your own sprites" is measured with: what their recipe promises."""

import os
from functools import cache

import materials
import numpy as np
import pytest
from PIL import Image

KINDS = "items", "houses", "beetles"


@cache
def drawn(kind):
    return materials.draw(kind, 500, 1)


def colours(pictures):
    seen = np.concatenate([picture[picture[..., 3] == 255] for picture in pictures])
    return {tuple(map(int, colour)) for colour in np.unique(seen[:, :3], axis=0)}


def pictures(kind):
    return [picture for picture, _ in drawn(kind)]


def figures(kind):
    """Which pixels of each picture are its figure's."""
    for picture in pictures(kind):
        ground = (*materials.MEADOW[0], 255) if kind == "houses" else (0, 0, 0, 0)
        yield (picture != ground).any(axis=2)


def edge_of(figure):
    """The pixels of a figure that have something else beside them."""
    free = np.pad(~figure, 1, constant_values=True)
    return figure & (free[2:, 1:-1] | free[:-2, 1:-1] | free[1:-1, 2:] | free[1:-1, :-2])


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_hardly_ever_come_twice(kind):
    for name in materials.CLASSES[kind]:
        made = [picture.tobytes() for picture, label in drawn(kind) if label == name]
        assert len(set(made)) >= 0.95 * len(made) == 0.95 * 125


@pytest.mark.parametrize("kind", KINDS)
def test_classes_take_turns(kind):
    names = list(materials.CLASSES[kind])
    assert len(names) == 4 and [name for _, name in drawn(kind)] == names * 125


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_decides(kind):
    again, other = materials.draw(kind, 6, 1), materials.draw(kind, 6, 2)
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(again, drawn(kind), strict=False))
    assert not any(np.array_equal(a, b) for (a, _), (b, _) in zip(again, other, strict=True))
    assert materials.draw(kind, 0, 1) == []


@pytest.mark.parametrize("kind", KINDS)
def test_alpha_is_all_or_nothing(kind):
    for picture in pictures(kind):
        assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 4
        assert set(np.unique(picture[..., 3])) == ({255} if kind == "houses" else {0, 255})
        assert not picture[picture[..., 3] == 0].any()


@pytest.mark.parametrize(("kind", "size", "most"), [("items", 16, 16), ("houses", 32, 24)])
def test_one_palette_and_one_size(kind, size, most):
    ramps = materials.ITEMS if kind == "items" else materials.HOUSES | {"ground": materials.MEADOW}
    palette = {tuple(map(int, colour)) for colours in [materials.INK, *ramps.values()] for colour in colours}
    assert len(palette) == most and (255, 255, 255) in palette
    assert colours(pictures(kind)) == palette
    assert {picture.shape for picture in pictures(kind)} == {(size, size, 4)}


@pytest.mark.parametrize(("kind", "least"), [("items", 40), ("houses", 150)])
def test_figures_stand_free_inside_a_dark_outline(kind, least):
    for picture, figure in zip(pictures(kind), figures(kind), strict=True):
        rim = np.concatenate([figure[0], figure[-1], figure[:, 0], figure[:, -1]])
        assert figure.sum() >= least and not rim.any()
        assert (picture[edge_of(figure)][:, :3] == materials.INK).all()


def test_the_figures_of_houses_do_not_have_the_ground():
    """So whoever makes the corner's colour transparent cuts no hole into a house."""
    ground = tuple(map(int, materials.MEADOW[0]))
    assert ground not in {tuple(map(int, colour)) for colours in materials.HOUSES.values() for colour in colours}
    assert all((picture[0, 0, :3] == ground).all() for picture in pictures("houses"))


def test_beetles_are_cropped_and_of_many_sizes_and_colours():
    for figure in figures("beetles"):
        assert figure[0].any() and figure[-1].any() and figure[:, 0].any() and figure[:, -1].any()
        assert 12 <= max(figure.shape) <= 20 and min(figure.shape) >= 8 and figure.sum() >= 40
    assert len({picture.shape for picture in pictures("beetles")}) >= 20
    assert len(colours(pictures("beetles"))) >= 200


def test_some_beetles_have_white_parts_and_some_a_white_outline():
    outlined = parts = 0
    for picture, figure in zip(pictures("beetles"), figures("beetles"), strict=True):
        edge, least = edge_of(figure), picture.min(axis=2)
        if (least[edge] == 255).all():
            outlined += 1
        else:
            parts += (least > 220).sum() >= 6  # the highlight of a hue is darker than that
    assert 50 <= outlined <= 200 and parts >= 50


def test_what_is_written_is_what_was_drawn(tmp_path):
    materials.write(tmp_path, 22)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    items = {os.path.join("items", name, f"{i:03}.png") for name in materials.CLASSES["items"] for i in range(5)}
    items |= {os.path.join("items", name, "005.png") for name in ("axe", "crown")}
    assert files == items | {os.path.join("beetles", f"{i:03}.png") for i in range(22)} | {"houses.png"}
    crown = Image.open(tmp_path / "items" / "crown" / "001.png")
    assert np.array_equal(np.asarray(crown), materials.draw("items", 6, 0)[5][0])
    beetle = Image.open(tmp_path / "beetles" / "021.png")
    assert np.array_equal(np.asarray(beetle), materials.draw("beetles", 22, 0)[21][0])
    sheet = np.asarray(Image.open(tmp_path / "houses.png"))
    assert sheet.shape == (64, 640, 3)
    for i, (house, _) in enumerate(materials.draw("houses", 22, 0)):
        y, x = i // 20 * 32, i % 20 * 32
        assert np.array_equal(sheet[y : y + 32, x : x + 32], house[..., :3])
    assert (sheet[32:, 64:] == materials.MEADOW).all()
