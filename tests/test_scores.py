"""Scores: the figures mean what they say."""

import judge as recipe
import numpy as np
import pytest
import torch

import scoring
from diffusion_utilities import CLASSES, augment, load_sprites, transform
from scoring import load_judge, nearest, score

N = 500


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


def test_judge_knows_the_classes():
    sprites, labels = load_sprites("test")
    with torch.inference_mode():
        seen = torch.cat([load_judge().classes(part).argmax(dim=1) for part in transform(sprites).split(500)])
    assert (seen == torch.from_numpy(labels).argmax(dim=1)).float().mean() >= 0.99


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
    assert of_test["floor"] < 0.05 * of_test["ceiling"]
    assert of_test["agreement"] >= 0.99
    assert of_test["copies"] <= 0.03


def test_distance_is_the_formula(sets, of_test):
    """Heusel et al. 2017, equation 6; the trace of the root is the sum of the roots of the product's eigenvalues."""
    references, x, _ = sets
    with torch.inference_mode():
        a, b = (load_judge().features(part[:N]).double().numpy() for part in (references, x))
    (mean_a, cov_a), (mean_b, cov_b) = ((f.mean(axis=0), np.cov(f, rowvar=False)) for f in (a, b))
    root = np.sqrt(np.linalg.eigvals(cov_a @ cov_b).real.clip(0)).sum()
    formula = np.square(mean_a - mean_b).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * root
    assert scoring._distance_to(references[:N])(x) == pytest.approx(formula, rel=1e-3)


def test_distance_grows_with_noise(sets, of_test):
    noise = torch.randn(sets[1].shape, generator=torch.Generator().manual_seed(0))
    distances = [
        of_test["distance"],
        *(score((sets[1] + sigma * noise).clamp(-1, 1))["distance"] for sigma in (0.1, 0.3)),
    ]
    assert distances == sorted(distances) and distances[2] > 2 * of_test["floor"]


def test_distance_grows_with_a_class_missing(sets, of_test):
    _, x, labels = sets
    kept = x[labels[:, CLASSES.index("food")] == 0]
    again = torch.arange(N) % len(kept)
    assert score(kept[again])["distance"] > 2 * of_test["floor"]


def test_distance_grows_with_collapse_to_the_mean(sets, of_test):
    _, x, _ = sets
    towards = [score(x.lerp(x.mean(dim=0), share))["distance"] for share in (0.2, 0.6)]
    assert of_test["distance"] < towards[0] < towards[1]


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
    distances = nearest(mixed, train_set)
    assert distances[: N // 10].max() < distances[N // 10 :].median()


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
    ],
)
def test_what_cannot_be_scored(x, message):
    with pytest.raises(ValueError, match=message):
        score(x)
