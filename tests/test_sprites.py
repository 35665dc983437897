"""The data set: what the card promises, read from the shipped sheets, and the ways in which reading can fail."""

import re
import warnings
from collections import Counter
from itertools import product

import make_sprites
import numpy as np
import pytest
import torch
from PIL import Image

from diffusion_utilities import CLASSES, HERE, CustomDataset, augment, cut_sheet, load_sprites, to_uint8, transform


@pytest.fixture(scope="module")
def train_set():
    return load_sprites("train")


@pytest.fixture(scope="module")
def test_set():
    return load_sprites("test")


def keys(sprites):
    return [make_sprites.silhouette_and_palette(sprite) for sprite in sprites]


def test_counts_and_forms(train_set, test_set):
    for (sprites, labels), least in ((train_set, 12_000), (test_set, 2_000)):
        assert sprites.dtype == np.uint8 and sprites.shape == (len(labels), 16, 16, 3) and len(sprites) >= least
        assert labels.dtype == np.float32 and labels.shape[1] == len(CLASSES)
        assert (labels.sum(axis=1) == 1).all() and set(np.unique(labels)) == {0, 1}
    assert (train_set[1].sum(axis=0) >= 1_500).all()


def test_labels_follow_the_sheets(test_set):
    sprites, labels = test_set
    for number, name in enumerate(CLASSES):
        first = np.asarray(Image.open(HERE / "data" / "test" / f"{name}.png").convert("RGB"))[:16, :16]
        assert (sprites[labels[:, number] == 1][0] == first).all()


def test_no_picture_twice(train_set, test_set):
    pictures = [sprite.tobytes() for sprite in np.concatenate([train_set[0], test_set[0]])]
    assert len(set(pictures)) == len(pictures)


def test_no_test_sprite_repeats_a_train_sprites_silhouette_and_palette(train_set, test_set):
    assert not set(keys(train_set[0])) & set(keys(test_set[0]))


def test_enough_silhouettes(train_set):
    sprites, labels = train_set
    assert len({shape for shape, _ in keys(sprites)}) >= 3_000
    for number, name in enumerate(CLASSES):
        drawn = sprites[labels[:, number] == 1]
        kinds = make_sprites.KINDS[name]
        assert len(kinds) >= {"non-hero": 14, "food": 24, "spell": 24}.get(name, 1)
        for kind, of_kind in zip(kinds, np.array_split(drawn, len(kinds)), strict=True):
            assert len({shape for shape, _ in keys(of_kind)}) >= 20, kind


def test_few_colours_and_a_dark_outline(train_set):
    sprites, labels = train_set
    for number, name in enumerate(CLASSES):
        drawn, kinds = sprites[labels[:, number] == 1], make_sprites.KINDS[name]
        for kind, of_kind in zip(kinds, np.array_split(drawn, len(kinds)), strict=True):
            dark = []
            for sprite in of_kind[::3]:
                figure = (sprite != 255).any(axis=2)
                assert len(np.unique(sprite[figure], axis=0)) <= 16, kind
                outside = np.pad(~figure, 1, constant_values=True)
                rim = figure & (outside[:-2, 1:-1] | outside[2:, 1:-1] | outside[1:-1, :-2] | outside[1:-1, 2:])
                dark.append((sprite[rim] @ [0.299, 0.587, 0.114] < 115).mean())
            assert np.mean(dark) > 0.8, kind  # all of the rim but loose sparks


def test_sheets_are_small():
    assert sum(path.stat().st_size for path in (HERE / "data").glob("t*/*.png")) <= 5e6


@pytest.mark.parametrize("name", CLASSES)
def test_recipe_draws_the_shipped_sheets(name, train_set, test_set):
    drawn = make_sprites.draw_class(make_sprites.KINDS[name])
    for split, (sprites, labels) in (("train", train_set), ("test", test_set)):
        shipped = sprites[labels[:, CLASSES.index(name)] == 1]
        assert shipped.shape == drawn[split].shape and (shipped == drawn[split]).all()


def test_transform_and_back(test_set):
    x = transform(test_set[0][:50])
    assert x.dtype == torch.float32 and x.shape == (50, 3, 16, 16)
    assert x.min() >= -1 and x.max() == 1
    assert (to_uint8(x) == test_set[0][:50]).all()
    assert torch.equal(transform(test_set[0][3]), x[3])
    beyond = 2 * x
    to_uint8(beyond)
    assert beyond.max() == 2  # what is shown is not changed


def test_augment_moves_and_tints_and_cuts_nothing(test_set):
    sprites = test_set[0][::5]
    x = transform(sprites)
    y = augment(x, torch.Generator().manual_seed(0))
    assert y.shape == x.shape and y.max() <= 1
    seen = Counter()
    for before, after in zip(sprites, to_uint8(y), strict=True):
        ground = (after == after[0, 0]).all(axis=2, keepdims=True)
        figure = np.where(ground, 255, after)
        moves = [m for m in product((-1, 0, 1), repeat=2) if (np.roll(before, m, axis=(0, 1)) == figure).all()]
        assert len(moves) == 1  # by up to a pixel, and not a pixel of the figure is lost
        seen.update(moves)
    assert len(seen) == 9
    grounds = torch.stack([picture[:, 0, 0] for picture in y])
    assert grounds.min() >= 0.95 and len(grounds.unique(dim=0)) > 300


@pytest.mark.parametrize("shape", [(3, 4, 4), (4, 4, 4), (2, 4, 6)])
def test_augment_written_out(shape):
    """Pixel by pixel, with the same dice. On the rim of 4 x 4 a colour may be on exactly a third of the places."""
    random = np.random.default_rng(0)
    palette = torch.from_numpy(random.choice([-1, -0.5, 0, 0.5, 1], (4, shape[0]))).float()
    which = random.choice(4, (400, *shape[1:]), p=[0.4, 0.2, 0.2, 0.2])
    which[::2, 0], which[::3, :, -1] = 0, 0  # so that some moves are free
    x = palette[which].movedim(-1, 1)
    dice = torch.Generator().manual_seed(3)
    shade = 1 - 0.2 * torch.rand(400, shape[0], 1, 1, generator=dice)
    shade[:, 3:] = 1  # opacity is no colour
    down, right = (torch.randint(-1, 2, (400,), generator=dice) for _ in range(2))
    y, thirds = augment(x, torch.Generator().manual_seed(3), tint=0.2), 0
    for one, picture in enumerate(x):
        at_rim = np.ones(shape[1:], bool)
        at_rim[1:-1, 1:-1] = False
        (colour, often), *others = Counter(map(tuple, picture[:, at_rim].T.tolist())).most_common()
        if others and others[0][1] == often:
            continue  # either may be called the ground
        thirds += 3 * often == at_rim.sum()
        ground = (picture == torch.tensor(colour)[:, None, None]).all(dim=0) & bool(3 * often > at_rim.sum())
        move = []
        for step, lines in ((down[one], ground), (right[one], ground.T)):
            wraps = lines[0] if step < 0 else lines[-1]  # what leaves at one end comes in at the other
            move.append(int(step) if wraps.all() else 0)
        expected = torch.where(ground, picture * shade[one], picture).roll(move, dims=(1, 2))
        assert torch.allclose(y[one], expected, atol=1e-6), one
    assert thirds > 10 or shape[2] == 6


def test_augment_warns_where_fewer_than_half_have_a_ground():
    without = torch.linspace(-1, 1, 4 * 3 * 16).reshape(4, 3, 4, 4)
    for grounds, n, warns in ((0, 4, True), (1, 4, True), (2, 4, False), (3, 4, False), (2, 5, True), (3, 5, False)):
        x = torch.cat((without, without[-1:]))[:n]
        x[:grounds, :, :, 0] = x[:grounds, :, :, -1] = 1
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            augment(x, torch.Generator().manual_seed(0))
        assert bool(said) == warns and all("no ground in most pictures" in str(one.message) for one in said)
    with pytest.raises(ValueError, match=r"x is torch\.uint8"):
        augment(torch.zeros(1, 3, 4, 4, dtype=torch.uint8))


def test_numbers_of_any_format_become_bytes():
    x = torch.linspace(-1.5, 1.5, 999, requires_grad=True).expand(3, 2, 999)
    for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.float16):
        rounded = x.to(dtype)
        expected = ((rounded.detach().double().clamp(-1, 1) + 1) * 127.5).round()
        assert (to_uint8(rounded) == expected.movedim(0, -1).numpy()).all()


def test_augment_is_repeatable(test_set):
    x = transform(test_set[0][:20])
    once, again = (augment(x, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(once, again)


def test_the_courses_pair_of_files(tmp_path, test_set):
    sprites, labels = test_set
    np.save(tmp_path / "s.npy", sprites)
    np.save(tmp_path / "l.npy", labels.astype(np.float64))
    dataset = CustomDataset(tmp_path / "s.npy", tmp_path / "l.npy", transform, null_context=False)
    assert len(dataset) == len(sprites) and dataset.getshapes() == (sprites.shape, labels.shape)
    picture, label = dataset[5]
    assert torch.equal(picture, transform(sprites[5])) and label.dtype == torch.float32
    assert (label.numpy() == labels[5]).all()
    assert not CustomDataset(tmp_path / "s.npy", tmp_path / "l.npy", transform, null_context=True)[5][1].any()


def test_custom_dataset_without_transform_and_with_mixed_contexts(tmp_path):
    """Erratum 6: the course's class fails without a transform and turns 0.6 of a food into 0."""
    np.save(tmp_path / "s.npy", np.full((2, 16, 16, 3), 7, np.uint8))
    np.save(tmp_path / "l.npy", np.array([[0, 0, 0.6, 0.4, 0], [1, 0, 0, 0, 0]]))
    picture, label = CustomDataset(tmp_path / "s.npy", tmp_path / "l.npy")[0]
    assert (picture == 7).all() and picture.shape == (16, 16, 3)
    assert label.tolist() == pytest.approx([0, 0, 0.6, 0.4, 0])


def test_npy_pair_holds_the_train_sprites(tmp_path, train_set):
    sprites, labels = train_set
    by_class = {name: sprites[labels[:, number] == 1] for number, name in enumerate(CLASSES)}
    make_sprites.write_npy(by_class, tmp_path / "new")
    pair = tmp_path / "new" / "sprites_1788_16x16.npy", tmp_path / "new" / "sprite_labels_nc_1788_16x16.npy"
    dataset = CustomDataset(*pair, transform)
    assert (dataset.sprites == sprites).all() and (dataset.labels == labels).all()
    assert np.load(pair[1]).dtype == np.float64


def test_missing_or_empty_folder_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"hero\.png; expected one PNG a class"):
        load_sprites("train", tmp_path)
    with pytest.raises(FileNotFoundError, match="validation"):
        load_sprites("validation")


def test_bad_sheets(tmp_path):
    (tmp_path / "train").mkdir()
    path = tmp_path / "train" / "hero.png"
    Image.new("RGB", (32, 20)).save(path)
    with pytest.raises(ValueError, match=r"32x20 pixels; expected whole tiles of 16x16"):
        load_sprites("train", tmp_path)
    Image.new("RGB", (32, 32), "white").save(path)
    with pytest.raises(ValueError, match="no sprite"):
        load_sprites("train", tmp_path)


@pytest.mark.parametrize(
    ("sprites", "labels", "message"),
    [
        (np.zeros((3, 16, 16, 3), np.uint8), np.zeros((2, 5)), "3 sprites .* 2 labels"),
        (np.zeros((2, 16, 16, 3)), np.zeros((2, 5)), "float64.*expected uint8"),
        (np.zeros((2, 3, 16, 16), np.uint8), np.zeros((2, 5)), r"\(2, 3, 16, 16\)"),
        (np.zeros((2, 16, 16, 3), np.uint8), np.zeros(2), "labels|expected numbers"),
        (np.zeros((2, 16, 16, 3), np.uint8), np.full((2, 5), 2.0), "range 0 to 1"),
        (np.zeros((2, 16, 16, 3), np.uint8), np.full((2, 5), np.nan), "range 0 to 1"),
    ],
)
def test_bad_pairs_of_files(tmp_path, sprites, labels, message):
    np.save(tmp_path / "s.npy", sprites)
    np.save(tmp_path / "l.npy", labels)
    with pytest.raises(ValueError, match=message):
        CustomDataset(tmp_path / "s.npy", tmp_path / "l.npy", transform)


def test_transform_wants_bytes():
    with pytest.raises(ValueError, match="float64.*uint8"):
        transform(np.zeros((1, 16, 16, 3)))


def sheet(path, ground, mode="RGB"):
    """Four tiles, a figure in the second."""
    pixels = np.zeros((16, 64, 3), np.uint8) + np.array(ground, np.uint8)
    pixels[5:9, 20:26] = (250, 60, 10)
    Image.fromarray(pixels).convert(mode).save(path)
    return path


@pytest.mark.parametrize("ground, name", [((0, 0, 0), "black"), ((200, 230, 255), "#c8e6ff")])
def test_another_ground_is_told_of_and_can_be_named(tmp_path, ground, name):
    (tmp_path / "train").mkdir()
    path = sheet(tmp_path / "train" / "cat.png", ground)
    with pytest.warns(UserWarning, match=re.escape(f"give ground={ground}")):
        assert len(cut_sheet(path)) == 4
    for given in (ground, list(ground), name):
        assert len(cut_sheet(path, ground=given)) == 1
        sprites, labels = load_sprites(folder=tmp_path, classes=["cat"], ground=given)
        assert len(sprites) == 1 and (sprites[0, 0, 0] == 255).all() and labels.tolist() == [[1.0]]
    for wrong in ((300, 0, 0), (0, 0, 0, 255), True, "no colour"):
        with pytest.raises(ValueError):
            cut_sheet(path, ground=wrong)
    for wrong in ({"margin": -1}, {"gap": -1}, {"tile": 16.0}):
        with pytest.raises(ValueError, match="expected a whole number"):
            cut_sheet(path, **wrong)


def tiles_on(path, line, ground, see_through=0, white=0, mode="RGBA"):
    """Six tiles in a row with lines of a pixel around them: three with a figure, the last some transparent or white."""
    pixels = np.full((18, 17 * 6 + 1, 4), (*line, 255), np.uint8)
    for number in range(6):
        cell = pixels[1:17, 17 * number + 1 : 17 * number + 17]
        cell[:, :, :3] = ground if number < 6 - white else 255
        if number < 3:
            cell[5:9, 5:9, :3] = 200, 30, 30
        if number >= 6 - see_through:
            cell[:] = 0
    Image.fromarray(pixels).convert(mode).save(path)
    return path


GREY, MAGENTA, WHITE = (128, 128, 128), (255, 0, 255), (255, 255, 255)


@pytest.mark.parametrize("see_through", [0, 2])
@pytest.mark.parametrize("line", [WHITE, GREY, MAGENTA])
def test_the_ground_is_looked_for_on_the_rims_of_the_tiles(tmp_path, line, see_through):
    """Not on that of the sheet, and though some of it is transparent."""
    how = {"margin": 1, "gap": 1}
    path = tiles_on(tmp_path / "magenta.png", line, MAGENTA, see_through)
    with pytest.warns(UserWarning, match=re.escape(f"give ground={MAGENTA}; if there is no ground, give ground=False")):
        assert len(cut_sheet(path, **how)) == 6 - see_through
    path = tiles_on(tmp_path / "padded.png", line, MAGENTA, see_through, white=3 if not see_through else 0)
    with pytest.warns(UserWarning, match=re.escape(f"give ground={MAGENTA}")):
        cut_sheet(path, **how)
    white = tiles_on(tmp_path / "white.png", line, WHITE, see_through)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(cut_sheet(tmp_path / "magenta.png", **how, ground=MAGENTA)) == 3
        assert len(cut_sheet(white, **how, ground="white")) == 3
        assert len(cut_sheet(white, **how, ground=False)) == 6 - see_through
        if not see_through:
            assert len(cut_sheet(white, **how)) == 3
    if see_through:  # what is transparent is ground, but is white, too?
        with pytest.warns(UserWarning, match=re.escape(f"give ground={WHITE}")):
            assert len(cut_sheet(white, **how)) == 4


def test_tiles_that_are_full_of_a_picture(tmp_path):
    """Terrain: none of it is ground, and nobody is warned who said so."""
    pixels = np.random.default_rng(0).integers(0, 200, (16, 64, 4), dtype=np.uint8)
    pixels[:, :, 3], pixels[:, 16:32] = 255, (40, 160, 40, 255)
    Image.fromarray(pixels).save(tmp_path / "grass.png")
    pixels[:, 32:48], pixels[:, 48:] = 255, 0
    Image.fromarray(pixels).save(tmp_path / "snow.png")
    with pytest.warns(UserWarning, match=r"no pixel of .* is \(255, 255, 255\), .* give ground=False"):
        cut_sheet(tmp_path / "grass.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(cut_sheet(tmp_path / "grass.png", ground=False)) == 4
        sprites, figures = cut_sheet(tmp_path / "snow.png", ground=False, masks=True)
    assert (sprites == pixels[:, :48, :3].reshape(16, 3, 16, 3).swapaxes(0, 1)).all() and figures.all()


def test_figures_of_the_grounds_colour_are_told_of_and_can_be_laid_on_another(tmp_path):
    pixels = np.zeros((16, 48, 4), np.uint8)
    pixels[4:12, 4:12], pixels[4:12, 20:28] = 255, (255, 255, 255, 128)
    pixels[3, 40] = 0, 0, 0, 2  # which nobody sees
    Image.fromarray(pixels).save(tmp_path / "icons.png")
    with pytest.warns(UserWarning, match=r"2 of 2 sprites of .* are \(255, 255, 255\) all over, .* on="):
        assert (cut_sheet(tmp_path / "icons.png") == 255).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        on_black, figures = cut_sheet(tmp_path / "icons.png", on="black", masks=True)
    assert [np.unique(sprite).tolist() for sprite in on_black] == [[0, 255], [0, 128]] and figures.sum() == 2 * 64
    with pytest.raises(ValueError, match="on is 'blakc'|unknown color"):
        cut_sheet(tmp_path / "icons.png", on="blakc")


@pytest.mark.parametrize("margin, gap", [(0, 1), (2, 3), (0, 3)])
def test_the_last_tile_may_have_a_gap_after_it(tmp_path, margin, gap):
    tiles = np.random.default_rng(0).integers(0, 255, (6, 16, 16, 3), dtype=np.uint8)
    pixels = np.full((2 * margin + 2 * (16 + gap), 2 * margin + 3 * (16 + gap), 3), 255, np.uint8)
    for number, tile in enumerate(tiles):
        y, x = (margin + i * (16 + gap) for i in divmod(number, 3))
        pixels[y : y + 16, x : x + 16] = tile
    for height, width in ((0, 0), (gap, 0), (gap, gap)):
        Image.fromarray(pixels[height:, : pixels.shape[1] - width]).save(tmp_path / "a.png")
        if not height:
            assert (cut_sheet(tmp_path / "a.png", margin=margin, gap=gap) == tiles).all()
        assert len(cut_sheet(tmp_path / "a.png", margin=margin, gap=gap)) == 6
    Image.fromarray(pixels[1:]).save(tmp_path / "a.png")
    if gap > 1:
        with pytest.raises(ValueError, match="expected whole tiles"):
            cut_sheet(tmp_path / "a.png", margin=margin, gap=gap)


def test_what_is_no_path_or_gives_no_masks_is_named(tmp_path, monkeypatch):
    for picture in (Image.new("RGB", (16, 16)), np.zeros((16, 16, 3), np.uint8)):
        with pytest.raises(ValueError, match="expected the path of its file"):
            cut_sheet(picture)
    with pytest.raises(ValueError, match="gives no masks; cut_sheet does"):
        load_sprites(masks=True)
    monkeypatch.setenv("HOME", str(tmp_path)), monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "train").mkdir()
    sheet(tmp_path / "train" / "0.png", WHITE)
    assert len(load_sprites(folder="~", classes=[0])[0]) == len(cut_sheet("~/train/0.png")) == 1
    with pytest.raises(FileNotFoundError, match=r"one PNG a class \(0, 1\)"):
        load_sprites(folder="~", classes=[0, 1])


def test_classes_have_an_order():
    for wrong in ({"hero", "food"}, [], ["hero", "hero"], "hero"):
        with pytest.raises(ValueError, match="expected names in an order"):
            load_sprites(classes=wrong)


def test_pictures_with_losses_are_refused(tmp_path):
    for name in ("a.jpg", "a.webp"):
        Image.new("RGB", (16, 16)).save(tmp_path / name)
        with pytest.raises(ValueError, match="cannot be read as PNG, GIF, BMP"):
            cut_sheet(tmp_path / name)


def test_what_cut_sheet_calls_a_figure_is_one_for_augment(tmp_path):
    sprites, figures = cut_sheet(sheet(tmp_path / "a.png", (0, 0, 0)), ground="black", masks=True)
    y = augment(transform(sprites), torch.Generator().manual_seed(0), figure=figures)
    assert (to_uint8(y) == (250, 60, 10)).all(axis=3).sum() == figures.sum() == 24


def test_one_pixel_that_can_be_seen_through_makes_no_figure_of_the_ground(tmp_path):
    pixels = np.full((32, 32, 4), 255, np.uint8)
    pixels[4:10, 4:10, :3], pixels[31, 31, 3] = 9, 254
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert len(cut_sheet(tmp_path / "a.png")) == 1


def test_a_ground_that_is_not_in_the_sheet_is_told_of(tmp_path):
    path = sheet(tmp_path / "a.png", (255, 0, 255))
    with pytest.warns(UserWarning, match="so none is ground"):
        assert len(cut_sheet(path, ground=(254, 0, 255))) == 4
    with pytest.raises(ValueError, match="ground is"):
        cut_sheet(path, ground=(0.5, 0.0, 1.0))


def test_sixteen_bits_become_eight_and_what_is_half_seen_lies_on_white(tmp_path):
    grey = np.full((16, 16), 65535, np.uint16)
    grey[3, 3:6] = 0, 384, 65534
    Image.fromarray(grey).save(tmp_path / "grey.png")
    assert cut_sheet(tmp_path / "grey.png")[0, 3, 3:6, 0].tolist() == [0, 1, 255]
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[3, 3:5] = (100, 0, 200, 128), (7, 8, 9, 255)
    Image.fromarray(pixels).save(tmp_path / "half.png")
    ((sprite,), (figure,)) = cut_sheet(tmp_path / "half.png", masks=True)
    assert sprite[3, 3:5].tolist() == [[177, 127, 227], [7, 8, 9]] and (sprite[0] == 255).all()
    assert figure.sum() == 2
