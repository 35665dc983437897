"""Whatever comes in: each public function gives what an independent formula gives, or the error that it documents.

A few hundred cases here; `make fuzz` tries ten thousand.
"""

import math
import os

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays
from PIL import Image

import gate
from diffusion_utilities import (
    NoiseSchedule,
    Unet,
    augment,
    cut_sheet,
    ddim_step,
    ddpm_step,
    drop_context,
    gen_tst_context,
    guesses,
    load_checkpoint,
    middle,
    norm_all,
    norm_torch,
    save_checkpoint,
    tile,
    to_uint8,
    transform,
    uniform,
    unorm,
)
from keeping import _read_state, _write_state

slow = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile(
    "labs",
    max_examples=int(os.environ.get("CASES", 25)),
    derandomize="CASES" not in os.environ,  # the same cases in each `make test`, others in each `make fuzz`
    deadline=None,
    suppress_health_check=slow,
)
settings.load_profile("labs")

SCHEDULE = NoiseSchedule(dtype=torch.float64)
ALPHA_BAR = np.concatenate([[1.0], np.cumprod(1 - np.linspace(1e-4, 0.02, 501)[1:])])
numbers = some.one_of(some.integers(-3, 505), some.floats(-2, 600), some.just(math.nan), some.just(math.inf))
times = some.integers(0, 500)
sizes = arrays.array_shapes(min_dims=2, max_dims=3, max_side=6)
bytes_of = some.tuples(sizes, some.integers(1, 4)).flatmap(lambda size: arrays.arrays(np.uint8, (*size[0], size[1])))


def pictures(channels=(1, 3, 4), most=5):
    """Pictures (N, C, H, W), float32 within -1.5 ... 1.5."""
    shapes = some.tuples(some.integers(1, most), some.sampled_from(channels), some.integers(2, 7), some.integers(2, 7))
    values = some.floats(-1.5, 1.5, width=32)
    return shapes.flatmap(lambda shape: arrays.arrays(np.float32, shape, elements=values)).map(torch.from_numpy)


def outcome(function, *arguments, **options):
    """What a function gives, or None where it refuses; anything but a ValueError goes through."""
    try:
        return function(*arguments, **options)
    except ValueError:
        return None


# --- pictures


@given(bytes_of)
def test_bytes_and_numbers(sprites):
    x = transform(sprites)
    assert torch.allclose(x.double(), torch.from_numpy(np.moveaxis(sprites / 127.5 - 1, -1, -3)), atol=1e-6)
    assert (to_uint8(x) == sprites).all() and torch.equal(transform(torch.from_numpy(sprites)), x)


@given(pictures(), some.integers(1, 9))
def test_tiles_lie_in_rows(x, columns):
    grid, columns = tile(x, columns), min(columns, len(x))
    height, width = x.shape[2:]
    for number, picture in enumerate(to_uint8(x)):
        top, left = (height + 1) * (number // columns) + 1, (width + 1) * (number % columns) + 1
        assert (grid[top : top + height, left : left + width] == picture).all()
    assert grid.shape[:2] == (-(-len(x) // columns) * (height + 1) + 1, columns * (width + 1) + 1)
    assert (grid == 255).sum() >= grid.size - x.numel() * (3 if x.shape[1] == 1 else 1)


@given(some.data())
def test_sheets_are_cut_where_the_tiles_are(tmp_path, data):
    size, margin, gap = data.draw(some.integers(1, 6)), data.draw(some.integers(0, 3)), data.draw(some.integers(0, 2))
    rows, columns = data.draw(some.integers(1, 3)), data.draw(some.integers(1, 3))
    ground = data.draw(some.sampled_from([(255, 255, 255), (255, 0, 255), "transparent"]))
    tiles = data.draw(arrays.arrays(np.uint8, (rows * columns, size, size, 3), elements=some.integers(1, 254)))
    figures = data.draw(arrays.arrays(bool, tiles.shape[:3]))
    height, width = (2 * margin + n * (size + gap) - gap for n in (rows, columns))
    sheet = np.zeros((height, width, 4), np.uint8)
    sheet[..., :] = (9, 9, 9, 0) if ground == "transparent" else (*ground, 255)
    for number, (sprite, figure) in enumerate(zip(tiles, figures, strict=True)):
        y, x = (margin + i * (size + gap) for i in divmod(number, columns))
        sheet[y : y + size, x : x + size][figure] = np.dstack([sprite, np.full((size, size), 255)])[figure]
    mode = "RGBA" if ground == "transparent" else data.draw(some.sampled_from(["RGB", "RGBA"]))
    ending = data.draw(some.sampled_from(["png", "bmp"] if mode == "RGB" else ["png"]))
    Image.fromarray(sheet).convert(mode).save(tmp_path / f"sheet.{ending}")
    how = {"tile": size, "margin": margin, "gap": gap, "ground": ground if ground == (255, 0, 255) else None}
    cut = outcome(cut_sheet, tmp_path / f"sheet.{ending}", **how, masks=True)
    kept = figures.any(axis=(1, 2))
    if not kept.any():
        assert cut is None
    else:
        expected = np.where(figures[..., None], tiles, 255)[kept]
        assert (cut[0] == expected).all() and (cut[1] == figures[kept]).all()
    wrong = outcome(cut_sheet, tmp_path / f"sheet.{ending}", tile=max(height, width) + 1)
    assert wrong is None


@given(some.integers(0, 2**31), some.sampled_from([1, 3]), some.sampled_from([-1.0, 0.25, 1.0]))
def test_augmented_figures_stay_whole(seed, channels, ground):
    """They move by a pixel at most, in one piece, and only the ground changes its colour."""
    random = np.random.default_rng(seed)
    x = np.full((4, channels, 9, 9), ground, np.float32)
    top, left = random.integers(0, 5, 2)
    figure = random.choice([-0.5, 0.0, 0.5], (4, channels, 5, 5)).astype(np.float32)
    x[:, :, top : top + 5, left : left + 5] = figure
    y = augment(torch.from_numpy(x), torch.Generator().manual_seed(seed)).numpy()
    for picture, inside in zip(y, figure, strict=True):
        found = [
            (dy, dx)
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
            if 0 <= top + dy <= 4 and 0 <= left + dx <= 4
            if (picture[:, top + dy : top + dy + 5, left + dx : left + dx + 5] == inside).all()
        ]
        assert found
        outside = np.ones((9, 9), bool)
        outside[top + found[0][0] :, left + found[0][1] :][:5, :5] = False
        assert (np.ptp(picture[:, outside], axis=1) == 0).all()
        assert (np.abs(picture[:, outside] - ground) <= 0.05 * abs(ground) + 1e-6).all()


@given(pictures(channels=(3,)))
def test_stretched_pictures(x):
    channels_last = np.moveaxis(x.numpy(), 1, 3)
    for picture, stretched in zip(channels_last, norm_torch(x), strict=True):
        spread = np.ptp(picture, axis=(0, 1))
        expected = (picture - picture.min((0, 1))) / np.where(spread > 0, spread, 1)
        assert np.allclose(unorm(picture), expected) and np.allclose(np.moveaxis(stretched.numpy(), 0, 2), expected)
    store = x[None].numpy()
    assert np.allclose(norm_all(store, 1, len(x))[0], np.stack([unorm(p) for p in channels_last]))


# --- contexts


@given(some.data())
def test_contexts_mean_their_classes_or_are_refused(data):
    n, classes = data.draw(some.integers(1, 5)), data.draw(some.integers(1, 5))
    names = [f"class {number}" for number in range(classes)]
    entry = some.one_of(some.integers(-1, classes), some.sampled_from([*names, "nobody"]))
    same = some.sampled_from([some.integers(-1, classes), some.sampled_from([*names, "nobody"])]).flatmap(
        lambda kind: some.lists(kind, min_size=1, max_size=6)
    )
    given = data.draw(some.one_of(entry, same))
    got = outcome(gate.context, given, n, classes, classes=names)
    entries = given if isinstance(given, list) else [given] * n
    numbers = [
        names.index(e) if e in names else e if isinstance(e, int) and 0 <= e < classes else None for e in entries
    ]
    ambiguous = isinstance(given, list) and len(given) == n == classes > 1 and set(given) <= {0, 1}
    row = isinstance(given, list) and len(given) == classes != n and set(given) <= {0, 1}
    if ambiguous or (None in numbers and not row) or (len(entries) != n and not row):
        assert got is None
    elif row:
        assert torch.equal(got, torch.tensor(given).float().expand(n, -1))
    else:
        assert torch.equal(got, torch.eye(classes)[numbers])


@given(arrays.arrays(np.float32, arrays.array_shapes(max_dims=3, max_side=4), elements=some.floats(width=32)))
def test_rows_of_numbers_are_taken_or_refused(rows):
    """Or, where they are three and whole, as class numbers."""
    got = outcome(gate.context, rows, 3, 2)
    classes = rows.shape == (3,) and set(rows.tolist()) <= {0, 1}
    fits = rows.shape in ((3, 2), (2,)) and np.isfinite(rows).all()
    assert (got is not None) == (fits or classes)
    if got is not None:
        expected = np.eye(2, dtype=np.float32)[rows.astype(int)] if classes else np.broadcast_to(rows, (3, 2))
        assert torch.equal(got, torch.from_numpy(expected.copy()))


@given(some.integers(0, 6), some.integers(1, 4), numbers, some.integers(0, 99))
def test_dropped_contexts(n, classes, probability, seed):
    c = torch.rand(n, classes) + 1
    got = outcome(drop_context, c, probability, torch.Generator().manual_seed(seed))
    if not 0 <= probability <= 1:
        assert got is None
    else:
        kept = (got == c).all(dim=1)
        assert (kept | (got == 0).all(dim=1)).all()
        assert probability > 0 or kept.all()
        assert probability < 1 or not kept.any()


@given(some.integers(1, 8))
def test_each_class_six_times_over(classes):
    n, contexts = gen_tst_context(classes)
    assert n == len(contexts) == 6 * (classes + 1)
    assert [row.tolist() for row in contexts.unique(dim=0)] == sorted([[0.0] * classes, *torch.eye(classes).tolist()])


# --- noise, steps and times


@given(
    pictures(), some.one_of(numbers, some.lists(some.integers(-2, 502), min_size=1, max_size=5)), some.integers(0, 99)
)
def test_noising_is_equation_4(x, t, seed):
    eps = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    steps = t if isinstance(t, list) else [t]
    whole = all(isinstance(one, int) and 0 <= one <= 500 for one in steps)
    if whole and len(steps) not in (1, len(x)):
        return
    got = outcome(SCHEDULE.perturb, x.double(), torch.tensor(t) if isinstance(t, list) else t, eps)
    assert (got is not None) == whole
    if whole:
        bar = ALPHA_BAR[steps].reshape(-1, 1, 1, 1)
        assert np.allclose(got.numpy(), np.sqrt(bar) * x.numpy() + np.sqrt(1 - bar) * eps.numpy(), atol=1e-6)


@given(numbers, numbers, some.sampled_from([0.0, 0.5, 1.0, 1.5, -1.0, math.nan]), some.integers(0, 99))
def test_steps_are_those_of_the_papers(t, t_prev, eta, seed):
    x, eps = torch.randn(2, 1, 3, 2, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    fits = all(float(v).is_integer() for v in (t, t_prev)) and 0 <= t_prev < t <= 500
    if fits:
        t, t_prev = int(t), int(t_prev)

    def sees(xt, t):
        return (xt - math.sqrt(1 - ALPHA_BAR[t]) * eps) / math.sqrt(ALPHA_BAR[t]), eps

    def dice():
        return torch.Generator().manual_seed(seed)

    got = outcome(ddim_step, x, t, t_prev, sees, SCHEDULE, dice(), eta)
    assert (got is not None) == (fits and 0 <= eta <= 1)
    z = torch.randn(x.shape, generator=dice(), dtype=torch.float64)
    if got is not None:
        bar, before = ALPHA_BAR[t], ALPHA_BAR[t_prev]
        sigma = eta * math.sqrt((1 - before) / (1 - bar)) * math.sqrt(1 - bar / before)
        x0 = (x - math.sqrt(1 - bar) * eps) / math.sqrt(bar)
        expected = math.sqrt(before) * x0 + math.sqrt(max(0, 1 - before - sigma**2)) * eps + sigma * z
        assert torch.allclose(got, expected, atol=1e-6)
    got = outcome(ddpm_step, x, t, t_prev, sees, SCHEDULE, dice())
    assert (got is not None) == fits
    if got is not None:
        bar, before = ALPHA_BAR[t], ALPHA_BAR[t_prev]
        alpha = bar / before
        expected = (x - (1 - alpha) / math.sqrt(1 - bar) * eps) / math.sqrt(alpha)
        assert torch.allclose(got, expected + (math.sqrt(1 - alpha) * z if t_prev else 0), atol=1e-6)


@given(some.sampled_from(["noise", "x0", "velocity", "nothing"]), some.integers(1, 500), some.integers(0, 99))
def test_whatever_is_predicted_picture_and_noise_belong_together(predicts, t, seed):
    x, answer = torch.randn(2, 2, 3, 4, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    if predicts == "nothing":
        assert outcome(gate.prediction, predicts, SCHEDULE.alpha_bar) is None
        return
    x0, eps = guesses(answer, predicts, x, t, SCHEDULE)
    signal, noise = math.sqrt(ALPHA_BAR[t]), math.sqrt(1 - ALPHA_BAR[t])
    assert torch.allclose(signal * x0 + noise * eps, x, atol=1e-6)
    assert torch.allclose({"noise": eps, "x0": x0, "velocity": signal * eps - noise * x0}[predicts], answer, atol=1e-6)


@given(some.sets(some.integers(0, 100), min_size=1, max_size=8).map(lambda v: [n / 100 for n in sorted(v)[::-1]]))
def test_any_falling_schedule(alpha_bar):
    made = outcome(NoiseSchedule, alpha_bar, dtype=torch.float64)
    fits = len(alpha_bar) > 1 and alpha_bar[0] == 1
    assert (made is not None) == fits
    if fits:
        assert np.allclose(made.alpha.cumprod(dim=0), alpha_bar) and torch.equal(made.beta, 1 - made.alpha)
        levels = torch.tensor(alpha_bar[1:], dtype=torch.float64)
        back = made.time_of(levels) * made.timesteps
        assert np.allclose(back, np.arange(1, len(alpha_bar)))


@given(some.one_of(some.none(), numbers), some.one_of(some.none(), some.lists(some.integers(-2, 505), max_size=5)))
def test_times_fall_to_zero_or_are_refused(steps, given):
    got = outcome(gate.times, steps, given, 500)
    if given is not None:
        fits = len(given) > 1 and given[0] <= 500 and given[-1] == 0 and all(np.diff(given) < 0)
        assert got == (given if fits and steps is None else None)  # not both
    else:
        steps = 500 if steps is None else steps
        fits = float(steps).is_integer() and 1 <= steps <= 500
        assert (got is not None) == fits
        if fits:
            assert len(got) == steps + 1 and (got[0], got[-1]) == (500, 0)
            assert np.abs(np.diff(got) + 500 / steps).max() < 1 + 1e-9


@given(some.integers(1, 50), some.integers(1, 2000), some.integers(0, 99))
def test_levels_lie_within_the_schedule(n, timesteps, seed):
    for levels in (uniform, middle):
        t = levels(n, timesteps, torch.Generator().manual_seed(seed))
        assert t.shape == (n,) and t.dtype == torch.long and 1 <= t.min() <= t.max() <= timesteps


# --- files


@given(some.integers(1, 4), some.integers(1, 3), some.integers(0, 3), some.sampled_from([4, 8, 12]), some.booleans())
def test_networks_come_back_as_they_were(tmp_path, channels, features, classes, height, half):
    network = Unet(in_channels=channels, n_feat=features, n_wide=features, n_cfeat=classes, height=height)
    network.schedule = NoiseSchedule.linear(7)
    save_checkpoint(network, tmp_path / "a.safetensors", half)
    again = load_checkpoint(tmp_path / "a.safetensors")
    assert again.arguments == network.arguments and torch.equal(again.schedule.exact, network.schedule.exact)
    for name, value in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], value.half().float() if half else value)


plain = some.one_of(
    some.none(), some.booleans(), some.integers(-(2**40), 2**40), some.floats(allow_nan=False), some.text()
)
tensors = arrays.arrays(np.float32, arrays.array_shapes(max_side=3)).map(torch.from_numpy)
nested = some.recursive(
    some.one_of(plain, tensors),
    lambda inner: some.one_of(
        some.lists(inner, max_size=3),
        some.lists(inner, max_size=3).map(tuple),
        some.dictionaries(some.one_of(some.integers(0, 9), some.text(max_size=3)), inner, max_size=3),
    ),
    max_leaves=8,
)


def same(a, b):
    if torch.is_tensor(a):
        return torch.is_tensor(b) and torch.equal(a.nan_to_num(7), b.nan_to_num(7)) and a.shape == b.shape
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@given(some.dictionaries(some.text(max_size=3), nested, max_size=4))
def test_states_come_back_as_they_were(tmp_path, state):
    _write_state(state, tmp_path / "s.safetensors")
    assert same(state, _read_state(tmp_path / "s.safetensors"))


@given(some.binary(max_size=300), some.sampled_from(["a.safetensors", "a.pth", "a.pt", "a.png"]))
def test_any_bytes_as_a_file_are_refused(tmp_path, data, name):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError):
        cut_sheet(tmp_path / name) if name == "a.png" else load_checkpoint(tmp_path / name)
