"""Scores: the figures mean what they say."""

from functools import cache
from itertools import product

import judges as recipe
import numpy as np
import pytest
import torch
import torch.nn.functional as F

import scoring
from diffusion_utilities import CLASSES, WEIGHTS, augment, load_sprites, transform
from scoring import JUDGES, Judge, SecondJudge, load_judge, nearest, score

N = 500
BOTH = pytest.mark.parametrize("number", JUDGES)


@pytest.fixture(scope="module")
def sets():
    """Train sprites, and N test sprites moved and tinted, with their labels."""
    generator = torch.Generator().manual_seed(3)
    train_set = transform(load_sprites("train")[0])
    sprites, labels = load_sprites("test")
    chosen = torch.randperm(len(sprites), generator=generator)[:N]
    return train_set, augment(transform(sprites)[chosen], generator), torch.from_numpy(labels)[chosen]


@pytest.fixture(scope="module")
def of_test(sets):
    return score(sets[1], sets[2])


@pytest.mark.parametrize(("build", "share"), [(Judge, 0.99), (SecondJudge, 0.98)])
def test_judge_knows_the_classes(build, share):
    sprites, labels = load_sprites("test")
    with torch.inference_mode():
        seen = torch.cat([load_judge(build).classes(part).argmax(dim=1) for part in transform(sprites).split(500)])
    assert (seen == torch.from_numpy(labels).argmax(dim=1)).float().mean() >= share


def test_second_judge_was_taught_the_classes_and_is_small():
    assert torch.equal(load_judge(SecondJudge).class_of_kind, torch.arange(len(CLASSES)))
    classes, _ = recipe.classes_of(load_sprites()[1])
    assert torch.equal(classes.bincount(), torch.full((len(CLASSES),), 2_600))
    assert (WEIGHTS / SecondJudge.file).stat().st_size < 1e6


@pytest.mark.parametrize("build", recipe.SETTINGS)
def test_a_judge_can_be_trained_again(build, monkeypatch):
    few = tuple(part[::50] for part in load_sprites())
    monkeypatch.setattr(recipe, "load_sprites", lambda split: few)
    settings = recipe.SETTINGS[build] | {"epochs": 1, "batch_size": 100}
    states = [recipe.trained(build, **settings).state_dict() for _ in range(2)]
    assert all(torch.equal(values, states[1][name]) for name, values in states[0].items())
    other = recipe.trained(build, **settings | {"seed": 17}).state_dict()
    assert not torch.equal(states[0]["kinds.weight"], other["kinds.weight"])


def test_first_judge_looks_away_from_places_and_the_second_does_not(sets):
    """How far a move by a pixel changes the features, as a share of their variance over the sprites."""
    _, x, _ = sets

    def change(features):
        with torch.inference_mode():
            here, moved = features(x), features(x.roll(1, dims=3))
        return ((moved - here).square().sum() / (here - here.mean(dim=0)).square().sum()).item()

    first, second = (change(load_judge(build).features) for build in (Judge, SecondJudge))
    assert second > 3 * first


def test_judge_was_taught_the_kinds_of_the_recipe():
    sprites, labels = (part[::13] for part in load_sprites())
    kinds, class_of_kind = recipe.kinds_of(load_sprites()[1])
    assert torch.equal(load_judge().class_of_kind, class_of_kind)
    with torch.inference_mode():
        seen = load_judge()(transform(sprites)).argmax(dim=1)
    assert (seen == kinds[::13]).float().mean() > 0.95
    assert recipe.accuracy(load_judge(), transform(sprites), labels) >= 0.99
    assert recipe.accuracy(load_judge(), transform(sprites), np.roll(labels, 1, axis=1)) <= 0.01


@pytest.fixture(scope="module")
def few_of_each():
    return {
        split: [part[np.random.default_rng(1).permutation(len(part))[:n]] for part in load_sprites(split)]
        for split, n in (("train", 220), ("test", 180))
    }


@pytest.fixture
def few(few_of_each, monkeypatch):
    """220 train and 180 test sprites, and the classes of these, in place of all."""
    monkeypatch.setattr(scoring, "load_sprites", few_of_each.get)
    for name in ("_references", "_scales"):
        monkeypatch.setattr(scoring, name, cache(getattr(scoring, name).__wrapped__))
    sprites, labels = few_of_each["test"]
    return transform(few_of_each["train"][0]), transform(sprites), torch.from_numpy(labels)


def frechet(references, x, judge):
    """Heusel et al. 2017, equation 6; the trace of the root is the sum of the roots of the product's eigenvalues."""
    with torch.inference_mode():
        a, b = (judge.features(part).double().numpy() for part in (references, x))
    (mean_a, cov_a), (mean_b, cov_b) = ((f.mean(axis=0), np.cov(f, rowvar=False)) for f in (a, b))
    root = np.sqrt(np.linalg.eigvals(cov_a @ cov_b).real.clip(0)).sum()
    return np.square(mean_a - mean_b).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * root


def nearest_by_hand(x, references):
    """Pair by pair and move by move: the root mean square over the pixels where either shows something."""

    def on_white(picture):
        rim = np.concatenate([picture[:, 0], picture[:, -1], picture[:, :, 0], picture[:, :, -1]], axis=1)
        shown = (np.abs(picture - np.sort(rim, axis=1)[:, 31, None, None]) > 0.15).any(axis=0)
        return np.where(shown, picture, 1), shown

    theirs = [on_white(picture) for picture in references.numpy()]
    others, their_shown = (np.stack(part) for part in zip(*theirs, strict=True))
    found = []
    for picture in x.numpy():
        picture, shown = on_white(picture)
        best = np.full(len(others), np.inf)
        for move in product((-1, 0, 1), repeat=2):
            moved, moved_shown = np.roll(picture, move, axis=(1, 2)), np.roll(shown, move, axis=(0, 1))
            pixels = (their_shown | moved_shown).sum(axis=(1, 2))
            best = np.minimum(best, ((others - moved) ** 2).sum(axis=(1, 2, 3)) / (3 * np.maximum(pixels, 1)))
        found.append((np.sqrt(best.min()), best.argmin()))
    return [np.array(part) for part in zip(*found, strict=True)]


def test_all_figures_written_out(few):
    """Of 200 pictures, more than there are test sprites: some are moved train sprites, some noisy, some others'."""
    train_set, test_set, labels = few
    chance, n = torch.Generator().manual_seed(5), 200
    which = torch.arange(n) % len(test_set)
    x = augment(test_set[which], chance) + 0.1 * torch.randn((n, 3, 16, 16), generator=chance)
    x[:30] = train_set[:30].roll((1, -1), dims=(2, 3))
    x[30:60] = test_set[30:60]
    found = score(x.double().numpy(), labels[which])  # in whatever format
    x = x.clamp(-1, 1)

    chance = torch.Generator().manual_seed(0)
    order = torch.randperm(len(test_set), generator=chance)
    references = augment(train_set, chance)
    beside = {"distance": x, "floor": augment(test_set[order[which]], chance)}
    beside["ceiling"] = torch.randn(x.shape, generator=chance).clamp(-1, 1)
    expected = {"n": n}
    for number, build in JUDGES.items():
        expected |= {name + number: frechet(references, y, load_judge(build)) for name, y in beside.items()}
    of_test, of_x = (nearest(part, train_set)[0].numpy() for part in (test_set, x))
    threshold = np.quantile(of_test, 0.01)
    expected |= {"copies": (of_x < threshold).mean(), "copies_floor": (of_test < threshold).mean()}
    with torch.inference_mode():
        kinds, of_class = load_judge()(x).softmax(dim=1), load_judge().class_of_kind
    likely = torch.stack([kinds[:, of_class == each].sum(dim=1) for each in range(5)], dim=1)
    expected["agreement"] = (likely.argmax(dim=1) == labels[which].argmax(dim=1)).float().mean().item()
    assert found["copies"] > 0.1 and 0 < found["copies_floor"] < 0.02 and 0.2 < found["agreement"] < 1
    assert list(found) == list(expected) and found == pytest.approx(expected, rel=1e-3)
    assert {*scoring.DISTANCES} == {name + number for name in beside for number in JUDGES}


def test_the_nearest_written_out(few):
    train_set, test_set, _ = few
    x = torch.cat([test_set[:40], torch.ones(2, 3, 16, 16)])
    x[:20] = train_set[50:70].roll((-1, 1), dims=(2, 3)).lerp(x[:20], 0.1)
    references = torch.cat([train_set, torch.ones(1, 3, 16, 16)])
    for found, expected in zip(nearest(x, references), nearest_by_hand(x, references), strict=True):
        assert np.allclose(found.numpy(), expected, atol=1e-3)
    assert nearest(x[:20], references)[1].tolist() == list(range(50, 70))


@pytest.mark.parametrize(
    "context", [torch.full((200, 5), 0.2), torch.eye(5)[[0] * 200] + torch.eye(5)[[1] * 200], torch.zeros(200, 5)]
)
def test_only_one_class_can_be_agreed_with(few, context):
    with pytest.raises(ValueError, match="context is not one-hot"):
        score(few[1][torch.arange(200) % 180], context)


def test_a_judge_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(scoring, "WEIGHTS", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"judge2\.safetensors; `python weights/judges.py` makes one"):
        load_judge.__wrapped__(SecondJudge)


def test_real_sprites_score_like_the_floor(of_test):
    assert of_test["n"] == N
    assert of_test["distance"] == pytest.approx(of_test["floor"], rel=0.5)
    for number in JUDGES:
        distance, floor, ceiling = (of_test[name + number] for name in ("distance", "floor", "ceiling"))
        assert distance == pytest.approx(floor, abs=0.01 * ceiling)
        assert floor < 0.02 * ceiling
    assert of_test["agreement"] >= 0.99
    assert of_test["copies"] <= 0.03


@pytest.fixture(scope="module")
def of_noisy(sets):
    noise = torch.randn(sets[1].shape, generator=torch.Generator().manual_seed(0))
    return [score((sets[1] + sigma * noise).clamp(-1, 1)) for sigma in (0.1, 0.3)]


@BOTH
def test_distance_grows_with_noise(of_test, of_noisy, number):
    assert "agreement" not in of_noisy[0]  # nothing was asked for
    distances = [scores["distance" + number] for scores in (of_test, *of_noisy)]
    assert distances == sorted(distances) and distances[2] > 2 * of_test["floor" + number]


@pytest.fixture(scope="module")
def of_four_classes(sets):
    _, x, labels = sets
    kept = x[labels[:, CLASSES.index("food")] == 0]
    return score(kept[torch.arange(N) % len(kept)])


@BOTH
def test_distance_grows_with_a_class_missing(of_test, of_four_classes, number):
    assert of_four_classes["distance" + number] > 4 * of_test["distance" + number]


@pytest.fixture(scope="module")
def of_collapsed(sets):
    return [score(sets[1].lerp(sets[1].mean(dim=0), share)) for share in (0.2, 0.6)]


@BOTH
def test_distance_grows_with_collapse_to_the_mean(of_test, of_collapsed, number):
    distances = [scores["distance" + number] for scores in (of_test, *of_collapsed)]
    assert distances == sorted(distances) and distances[1] > 2 * distances[0]


def test_second_judge_sees_softness_more_than_the_first():
    generator = torch.Generator().manual_seed(1)
    x = augment(transform(load_sprites("test")[0])[torch.randperm(2_200, generator=generator)[:1_000]], generator)
    line = torch.tensor([0.25, 0.5, 0.25])
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate").flatten(0, 1)[:, None]
    blurred = F.conv2d(padded, torch.outer(line, line)[None, None]).reshape(x.shape)
    soft = score(x.lerp(blurred, 0.2))
    first, second = (soft["distance" + number] / soft["floor" + number] for number in JUDGES)
    assert first > 5 and second > 4 * first


def test_the_floor_is_of_test_sprites_moved_and_tinted_as_in_training(of_test):
    """As they are, on plain white, the second judge finds them more than twice as far from what training sees."""
    as_they_are = score(transform(load_sprites("test")[0])[:: 2_200 // N][:N])
    assert as_they_are["distance2"] > 2 * as_they_are["floor2"]


def test_agreement_is_what_was_asked(sets):
    _, x, labels = sets
    assert score(x, labels.roll(1, dims=1))["agreement"] <= 0.01


def test_copies_finds_planted_copies_and_only_those(sets, of_test):
    train_set, x, _ = sets
    mixed = x.clone()
    planted = augment(train_set[: N // 10], torch.Generator().manual_seed(1), tint=0.3)
    mixed[: N // 10] = (planted + 0.02 * torch.randn(planted.shape)).clamp(-1, 1)
    others = score(x[N // 10 :])["copies"] * 0.9
    assert score(mixed)["copies"] == pytest.approx(0.1 + others, abs=1e-6)
    distances, which = nearest(mixed, train_set)
    assert distances[: N // 10].max() < distances[N // 10 :].median()
    assert (which[: N // 10] == torch.arange(N // 10)).float().mean() > 0.9  # a few are drawn twice nearly alike


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(199, 3, 16, 16) - 1, "199 pictures are too few"),
        (torch.zeros(200, 16, 16, 3) - 1, r"expected \(N, 3, 16, 16\)"),
        (torch.zeros(200, 3, 32, 32) - 1, r"expected \(N, 3, 16, 16\)"),
        (torch.full((200, 3, 16, 16), 255.0), "values from 255 to 255"),
        (torch.rand(200, 3, 16, 16), "expected -1 to 1"),
        (torch.rand(200, 3, 16, 16).round(), "values from 0 to 1; expected -1 to 1"),
        (torch.full((200, 3, 16, 16), float("nan")), "values from nan"),
        (torch.zeros(200, 3, 16, 16).index_fill(0, torch.tensor([7]), float("nan")), "values from nan"),
        (torch.linspace(-1, 3.1, 200 * 768).reshape(200, 3, 16, 16), "values from -1 to 3.1"),
    ],
)
def test_what_cannot_be_scored(x, message):
    with pytest.raises(ValueError, match=message):
        score(x)
