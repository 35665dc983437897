"""Scores: the figures mean what they say."""

import judges as recipe
import numpy as np
import pytest
import torch
import torch.nn.functional as F

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
