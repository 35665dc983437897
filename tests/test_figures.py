"""Scores written out: each figure by another way, on few sprites; and what cannot be scored."""

from functools import cache
from itertools import product

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import scoring
from diffusion_utilities import CLASSES, WEIGHTS, augment, load_sprites, transform
from scoring import JUDGES, SecondJudge, load_judge, nearest, score


@pytest.fixture(scope="module")
def few_of_each():
    return {
        split: [part[np.random.default_rng(1).permutation(len(part))[:n]] for part in load_sprites(split)]
        for split, n in (("train", 220), ("test", 190))
    }


@pytest.fixture
def few(few_of_each, monkeypatch):
    """220 train and 190 test sprites, and the classes of these, in place of all."""
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
    x[70, 0, 0, 0] = 2.9  # it is clipped
    found = score(x.double().numpy(), [CLASSES[at] for at in labels[which].argmax(dim=1)])  # in whatever format
    assert all(isinstance(figure, int | float) for figure in found.values())
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
    del expected["agreement"]
    assert score(x) == pytest.approx(expected, rel=1e-3)  # nothing was asked for
    assert {*scoring.DISTANCES} == {name + number for name in beside for number in JUDGES}


def test_the_nearest_written_out(few):
    train_set, test_set, _ = few
    dots = torch.ones(2, 3, 16, 16)
    dots[1, :, 7, 7] = -1  # and nothing on the other
    two = 1 - 2 * torch.randint(2, (20, 1, 16, 16), generator=torch.Generator().manual_seed(1)).expand(-1, 3, -1, -1)
    x = torch.cat([test_set[:40], dots, two])
    x[:20] = train_set[50:70].roll((-1, 1), dims=(2, 3)).lerp(x[:20], 0.1)
    references = torch.cat([train_set, torch.ones(1, 3, 16, 16), two.roll(1, dims=0).flip(3)])
    for found, expected in zip(nearest(x, references), nearest_by_hand(x, references), strict=True):
        assert np.allclose(found.numpy(), expected, atol=1e-3)
    assert nearest(x[:20], references)[1].tolist() == list(range(50, 70))
    assert (nearest(train_set, train_set)[0] < 0.01).all()
    assert nearest(dots, dots[:1])[0].tolist() == [0, 2]  # over the one pixel, and over none


@pytest.mark.parametrize("row", [[0.2] * 5, [0.5, 0.5, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]])
@pytest.mark.parametrize("rows", [1, 200])
def test_only_one_class_can_be_agreed_with(few, row, rows):
    context = torch.eye(5)[torch.arange(200) % 5]
    context[:rows] = torch.tensor(row)
    with pytest.raises(ValueError, match="context is not one-hot"):
        score(few[1][torch.arange(200) % 190], context)


@pytest.mark.parametrize("build", JUDGES.values())
def test_a_judge_is_what_its_file_holds(build):
    judge, stored = load_judge.__wrapped__(build), load_file(WEIGHTS / build.file)
    assert all(torch.equal(values, stored.pop(name)) for name, values in judge.state_dict().items()) and not stored
    with torch.inference_mode():
        assert judge.features(torch.zeros(2, 3, 16, 16)).shape == (2, judge.features.num_features)
    assert not judge.training


def test_a_judge_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(scoring, "WEIGHTS", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"judge2\.safetensors; `python weights/judges.py` makes one"):
        load_judge.__wrapped__(SecondJudge)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([torch.zeros(3, 16, 16) - 1] * 200, "x is a list; expected one tensor of pictures"),
        (torch.zeros(199, 3, 16, 16) - 1, "199 pictures are too few"),
        (torch.zeros(200, 16, 16, 3) - 1, r"expected \(N, 3, 16, 16\)"),
        (torch.zeros(200, 3, 32, 32) - 1, r"expected \(N, 3, 16, 16\)"),
        (torch.full((200, 3, 16, 16), 255.0), "values from 255 to 255"),
        (torch.rand(200, 3, 16, 16), "expected -1 to 1"),
        (torch.rand(200, 3, 16, 16).round(), "values from 0 to 1; expected -1 to 1"),
        (torch.full((200, 3, 16, 16), float("nan")), "values from nan"),
        (torch.zeros(200, 3, 16, 16).index_fill(0, torch.tensor([7]), float("nan")), "values from nan"),
        (torch.linspace(-3.1, 1, 200 * 768).reshape(200, 3, 16, 16), "values from -3.1 to 1"),
        (torch.linspace(-1, 3.1, 200 * 768).reshape(200, 3, 16, 16), "values from -1 to 3.1"),
    ],
)
def test_what_cannot_be_scored(x, message):
    with pytest.raises(ValueError, match=message):
        score(x)
