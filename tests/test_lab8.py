"""Lab 8, how good is it: each measure against an oracle, what spoils do, and what the text claims of the tables."""

import csv
import math
import re

import nbformat
import numpy as np
import pytest
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

import recipes
import scoring
from diffusion_utilities import CLASSES, HERE, WEIGHTS
from exercises import EXERCISES
from recipes import SPOILS, some_sprites
from scoring import Judge, SecondJudge, load_judge, precision_recall

CELLS = nbformat.read(HERE / "notebooks" / "further" / "08_How_good_is_it.ipynb", 4).cells
TEXT = "\n".join(cell.source for cell in CELLS if cell.cell_type == "markdown")
moments, frechet, interval, reach, precision = (EXERCISES[f"8.{n}"].ours for n in range(1, 6))
N = 200


def cell(holds):
    """The one code cell that holds this text."""
    (found,) = [each for each in CELLS if each.cell_type == "code" and holds in each.source]
    return found


def printed(holds):
    """What that cell printed in the full run."""
    return "".join(output.text for output in cell(holds).outputs if output.output_type == "stream")


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d+\.\d+", text)]


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=chance(seed))


@pytest.fixture(scope="module")
def lab():
    """The names of the lab after some of its cells were run, on few sprites."""
    names = {"labs": HERE, "moments": moments, "frechet": frechet}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABS_CONFIG", "tiny")
        for holds in ("# @title What this lab uses", "# @title What all cells share", "# @title Two clouds"):
            exec(cell(holds).source, names)
        exec(cell("# @title Draw who reaches whom").source, names)
    return names


@pytest.fixture(scope="module")
def test_set():
    return some_sprites("test", N, chance(5))


# ------------------------------------------------------------------------------------------------ the Fréchet distance


def two_clouds(width=6):
    return [normal(90, width, seed=s) @ normal(width, width, seed=s + 2) + normal(width, seed=s + 4) for s in (0, 1)]


def test_moments_are_numpys():
    points = two_clouds()[0]
    mean, covariance = moments(points)
    np.testing.assert_allclose(mean, points.numpy().mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(covariance, np.cov(points.numpy(), rowvar=False), rtol=1e-4)


def test_frechet_is_that_of_torchmetrics():
    features = nn.Flatten()
    features.num_features = 6
    metric = FrechetInceptionDistance(features)
    clouds = two_clouds()
    for points, is_real in zip(clouds, (True, False), strict=True):
        metric.update(points.reshape(-1, 3, 1, 2), real=is_real)
    ours = frechet(*moments(clouds[0].double()), *moments(clouds[1].double()))
    assert metric.compute().item() == pytest.approx(ours.item(), rel=1e-3)


def test_frechet_in_one_direction_is_what_the_text_begins_with():
    assert "$(\\mu_1-\\mu_2)^2 + (\\sigma_1-\\sigma_2)^2$" in TEXT
    for mean1, sigma1, mean2, sigma2 in ((0.0, 1.0, 2.0, 3.0), (1.5, 0.3, -1.0, 0.0), (4.0, 2.0, 4.0, 2.0)):
        tables = [torch.tensor([[sigma**2]]) for sigma in (sigma1, sigma2)]
        found = frechet(torch.tensor([mean1]), tables[0], torch.tensor([mean2]), tables[1])
        assert found.item() == pytest.approx((mean1 - mean2) ** 2 + (sigma1 - sigma2) ** 2, abs=1e-5)


def test_frechet_in_two_directions_has_a_closed_form():
    """The trace of the root of a 2 x 2 table M is the root of tr M + 2 sqrt(det M)."""
    (mean1, cov1), (mean2, cov2) = (moments(points.double()) for points in two_clouds(2))
    product = cov1 @ cov2
    root = (product.trace() + 2 * product.det().sqrt()).sqrt()
    expected = (mean1 - mean2).square().sum() + (cov1 + cov2).trace() - 2 * root
    assert frechet(mean1, cov1, mean2, cov2).item() == pytest.approx(expected.item(), rel=1e-6)


def test_a_ring_has_nearly_the_distance_of_a_cloud(lab):
    ring, first = lab["SHAPES"]["ring"], lab["first"]
    assert frechet(*moments(first), *moments(ring)) < 0.05
    assert ring.norm(dim=1).std() < 1e-3 < 0.5 < first.norm(dim=1).std()
    assert (
        "distance 4.0" in lab["two_clouds"]("ring", 2.0, 1.0).alt
        or "distance 3.9" in lab["two_clouds"]("ring", 2.0, 1.0).alt
    )


def test_the_distance_of_a_perfect_set_falls_nearly_as_one_over_n():
    def mean_distance(n):
        sets = [normal(n, 20, seed=100 * n + s).double() for s in range(20)]
        exact = torch.zeros(20).double(), torch.eye(20).double()
        return torch.stack([frechet(*moments(points), *exact) for points in sets]).mean()

    distances = [mean_distance(n) for n in (100, 200, 400)]
    for twice, once in zip(distances[1:], distances, strict=False):
        assert 0.42 < twice / once < 0.55


def test_an_interval_holds_the_true_mean_about_19_times_in_20():
    assert "about 19 times in 20; of few values somewhat less often" in TEXT
    for k, low_share, high_share in ((100, 0.94, 0.97), (5, 0.85, 0.92)):
        sets = normal(2000, k) * 3 + 7
        ends = [interval(values) for values in sets]
        held = sum(bool(low <= 7 <= high) for low, high in ends) / len(sets)
        assert low_share < held < high_share


# ------------------------------------------------------------------------------------------------ precision and recall


def share_by_loops(features, centres, k):
    """Kynkäänniemi et al. 2019, equation 1, word by word: one number after the other."""
    far = [sorted(math.dist(a, b) for b in centres)[k] for a in centres]
    return np.mean([any(math.dist(f, c) <= reach for c, reach in zip(centres, far, strict=True)) for f in features])


@pytest.mark.parametrize("build", [Judge, SecondJudge])
@pytest.mark.parametrize("k", [1, 3])
def test_precision_and_recall_are_the_papers(build, k, test_set):
    x, references = SPOILS["soft"](test_set[0][:40], test_set[1][:40], 1.0, chance())[0], test_set[0][40:90]
    with torch.inference_mode():
        drawn, real = (load_judge(build).features(part).double().tolist() for part in (x, references))
    expected = share_by_loops(drawn, real, k), share_by_loops(real, drawn, k)
    assert precision_recall(x, references, k, build) == pytest.approx(expected)
    assert any(0 < share < 1 for share in expected)


def test_precision_and_recall_are_those_of_the_exercises(test_set):
    x, references = test_set[0][:100], test_set[0][100:]
    with torch.inference_mode():
        drawn, real = (load_judge().features(part).double() for part in (x, references))
    both = precision(drawn, real, reach(real, 3)), precision(real, drawn, reach(drawn, 3))
    assert precision_recall(x, references) == pytest.approx(both)
    assert precision_recall(references, x) == pytest.approx(both[::-1])


def test_a_set_matches_itself_and_a_part_of_it_is_good_but_not_varied(test_set):
    x, labels = test_set
    assert precision_recall(x, x) == (1, 1)
    people = x[labels[:, CLASSES.index("side-facing")].bool()]
    good, varied = precision_recall(people, x)
    assert good == 1 and varied < 0.7


def test_in_the_drawing_all_drawn_is_good_and_much_of_the_real_is_not_drawn(lab):
    good = precision(lab["drawn_dots"], lab["real_dots"], reach(lab["real_dots"], 3))
    varied = precision(lab["real_dots"], lab["drawn_dots"], reach(lab["drawn_dots"], 3))
    assert good == 1 and 0.4 < varied < 0.7
    assert "All that is drawn here is good" in TEXT


@pytest.mark.parametrize(
    ("x", "k", "message"),
    [
        (torch.zeros(3, 3, 16, 16), 3, "x holds 3 pictures; for k = 3 neighbours each, give more than 3"),
        (torch.zeros(5, 16, 16, 3), 3, r"x is \(5, 16, 16, 3\); expected finite numbers \(N, 3, 16, 16\)"),
        (torch.full((5, 3, 16, 16), math.nan), 3, "expected finite numbers"),
        (torch.zeros(5, 3, 16, 16).byte(), 3, "expected pictures"),
        (torch.zeros(5, 3, 16, 16), 0, "k is 0; expected a whole number, at least 1"),
        (torch.zeros(5, 3, 16, 16), 1.5, "k is 1.5; expected a whole number"),
    ],
)
def test_what_has_no_precision(x, k, message):
    with pytest.raises(ValueError, match=message):
        precision_recall(x, torch.zeros(9, 3, 16, 16), k)
    if k == 3:
        with pytest.raises(ValueError, match=message.replace("x ", "references ")):
            precision_recall(torch.zeros(9, 3, 16, 16), x, k)


# ------------------------------------------------------------------------------------------------- spoiled on purpose


@pytest.mark.parametrize("name", SPOILS)
def test_a_spoil_leaves_its_input_and_at_amount_0_all_as_it_is(name, test_set):
    x, labels = test_set
    before = x.clone()
    for amount in (0.0, 1.0):
        spoiled, own = SPOILS[name](x, labels, amount, chance())
        again, _ = SPOILS[name](x, labels, amount, chance())
        assert torch.equal(spoiled, again) and torch.equal(x, before)
        assert spoiled.shape == x.shape and own.shape == labels.shape and spoiled.abs().max() <= 1
        assert torch.allclose(spoiled, x) == (amount == 0)


def test_soft_goes_a_fifth_of_the_way_to_the_mean_of_the_neighbours(test_set):
    x, labels = test_set
    spoiled, _ = SPOILS["soft"](x, labels, 1.0, chance())
    weights = torch.tensor([1.0, 2.0, 1.0])[:, None] * torch.tensor([1.0, 2.0, 1.0]) / 16
    mean = (x[3, 1, 4:7, 8:11] * weights).sum()
    assert spoiled[3, 1, 5, 9].item() == pytest.approx((0.8 * x[3, 1, 5, 9] + 0.2 * mean).item(), abs=1e-6)


def test_noisy_adds_noise_of_strength_0_2(test_set):
    grey = torch.zeros(N, 3, 16, 16)
    for amount in (0.5, 1.0):
        assert SPOILS["noisy"](grey, test_set[1], amount, chance())[0].std().item() == pytest.approx(
            0.2 * amount, rel=0.01
        )


def test_no_food_leaves_the_others_alone(test_set):
    x, labels = test_set
    food = labels[:, CLASSES.index("food")].bool()
    half, all_gone = (SPOILS["no food"](x, labels, amount, chance()) for amount in (0.5, 1.0))
    for spoiled, own in (half, all_gone):
        assert torch.equal(spoiled[~food], x[~food]) and torch.equal(own[~food], labels[~food])
        same = [
            bool((x[labels.eq(one).all(dim=1)] == sprite).flatten(1).all(dim=1).any())
            for sprite, one in zip(spoiled, own, strict=True)
        ]
        assert all(same)  # each has the label of the sprite that it is
    left = half[1][food, CLASSES.index("food")].mean()
    assert 0.3 < left < 0.7 and all_gone[1][:, CLASSES.index("food")].sum() == 0


def test_copied_are_train_sprites_with_their_labels(monkeypatch, test_set):
    x, labels = test_set
    train, own = some_sprites("train", N, chance(9))
    monkeypatch.setattr(recipes, "some_sprites", lambda split, n, generator: (train[:n], own[:n]))
    spoiled, its = SPOILS["copied"](x, labels, 0.3, chance())
    swapped = (spoiled == train).flatten(1).all(dim=1)
    assert torch.equal(spoiled[~swapped], x[~swapped]) and torch.equal(its[~swapped], labels[~swapped])
    assert torch.equal(its[swapped], own[swapped]) and 0.2 < swapped.float().mean() < 0.4


def test_moved_goes_to_the_right_by_a_pixel(test_set):
    x, labels = test_set
    spoiled, _ = SPOILS["moved"](x, labels, 0.5, chance())
    moved = (spoiled[..., 1:] == x[..., :-1]).flatten(1).all(dim=1)
    assert torch.equal(spoiled[~moved], x[~moved]) and 0.4 < moved.float().mean() < 0.6
    assert torch.equal(spoiled[moved][..., 0], x[moved][..., 0])


def test_some_sprites_are_other_ones_each_time():
    first, again, other = (some_sprites("test", 50, chance(seed))[0] for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


# -------------------------------------------------------------------------------------------- what the text claims


@pytest.fixture(scope="module")
def times():
    """How many times the unspoiled value each measure is, by spoil and amount; the mean of two seeds."""
    with (WEIGHTS / "spoiled.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["n"] == "1000"]
    assert len(rows) == 2 * (1 + 4 * len(SPOILS))

    def mean(spoil, amount, measure):
        values = [float(r[measure]) for r in rows if r["spoil"] == spoil and float(r["amount"]) == amount]
        assert len(values) == 2
        return sum(values) / 2

    return lambda spoil, amount, measure: mean(spoil, amount, measure) / mean("nothing", 0.0, measure)


def test_both_judges_find_the_noisy_set_nearer_than_the_soft_one(times):
    for measure in ("distance", "distance2"):
        assert times("noisy", 1.0, measure) < times("soft", 1.0, measure) / 3


def test_the_second_judge_sees_softness_far_better(times):
    assert times("soft", 1.0, "distance2") > 4 * times("soft", 1.0, "distance") > 4
    assert times("soft", 0.1, "distance") < 1.15 and times("soft", 0.1, "distance2") == pytest.approx(2, abs=0.15)


def test_who_sees_a_missing_class(times):
    assert times("no food", 1.0, "distance") > 5 and times("no food", 1.0, "distance2") > 5
    assert times("no food", 1.0, "recall") < 0.8 and times("no food", 1.0, "precision") > 0.95


def test_copies_are_seen_by_the_copies_alone(times):
    assert times("copied", 1.0, "copies") > 50
    assert times("copied", 1.0, "distance") < 1.5 and times("copied", 1.0, "distance2") < 2
    assert all(times("copied", 1.0, measure) > 0.98 for measure in ("precision", "recall", "agreement"))


def test_the_first_judge_hardly_sees_a_move(times):
    assert times("moved", 1.0, "distance") < 2 and times("moved", 1.0, "distance2") > 50


def test_agreement_sees_nothing_and_noise_hides_copies(times):
    assert all(times(spoil, 1.0, "agreement") > 0.99 for spoil in SPOILS)
    assert times("noisy", 1.0, "copies") == 0


def test_a_copy_with_noise_on_it_escapes():
    train, test = (recipes._sprites_of(split)[0] for split in ("train", "test"))
    threshold = torch.quantile(scoring.nearest(test[::5], train), 0.01)
    copies, labels = some_sprites("train", 20, chance(3))
    noisy, _ = SPOILS["noisy"](copies, labels, 1.0, chance())
    assert scoring.nearest(copies, train).max() < threshold < scoring.nearest(noisy, train).min()


def test_the_errata_cost_what_the_text_says():
    with (WEIGHTS / "errata.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["size"] == "full"]
    distances = {}
    for row in rows:
        distances.setdefault(row["training"], []).append(float(row["distance"]))
    (found,) = re.findall(r"The missing root costs more: (\d+) to (\d+) in place of (\d+) to ([\d.]+),", TEXT)
    said = [float(number) for number in found]
    right, wrong = sorted(distances["right"]), sorted(distances["noise without the root"])
    assert said == [round(wrong[0]), round(wrong[1]), round(right[0]), round(right[1], 1)]
    shortcut, both = sorted(distances["random shortcut"]), sorted(distances["both, as in the course"])
    assert "With the random shortcut it is 15 to 16" in TEXT
    assert [round(d) for d in shortcut] == [15, 16]
    low, high = interval(torch.tensor(both))[0], interval(torch.tensor(wrong))[1]
    assert low < high and "the intervals of both errors and of the missing root alone overlap" in TEXT


def test_the_text_says_what_the_full_run_printed():
    test, a, b, noise, of_score = (numbers(line) for line in printed("def distance(").splitlines()[1:])
    assert b[0] < a[0] / 3 and b[1] < a[1] / 3  # both judges
    assert of_score == pytest.approx(a, rel=0.05) and test[0] == 0.4 and noise[0] > 50
    lines = printed("sizes = (50, 100, 200)").splitlines()
    assert f"Sets of 50 perfect sprites have distances of {' to '.join(f'{d:.0f}' for d in numbers(lines[0]))}," in TEXT
    assert numbers(lines[-1])[0] == pytest.approx(0.1, abs=0.05) and "and 2,000 have 0.1." in TEXT
    softness = [
        numbers(line)[1:] for line in printed('interval = yours_or_ours("8.3")').splitlines() if "soft by" in line
    ]
    for clean, little, more in (softness[:3], softness[3:]):
        assert little[0] < clean[1] < more[0]  # 0.2 overlaps, 0.5 lies apart
    shares = [numbers(line) for line in printed("precision_recall(x[:n]").splitlines()]
    few, many = shares[1:5], shares[6:]
    assert few[3] == [1, 0] and few[1][0] > few[0][0] - 0.05
    assert many[1][0] < 0.5 and many[2][0] > many[1][0] + 0.2 and many[3][0] < 0.5 and many[3][1] == 0


def test_the_start_is_to_blame_for_the_food():
    percents = [[int(p) for p in re.findall(r"(\d+)%", line)] for line in printed("n_free =").splitlines()]
    _, creatures, food, spells, side = zip(*percents, strict=True)
    low, high = 20 - 3.6, 20 + 3.6
    assert food[0] < low < food[1] < high and creatures[0] > high > creatures[1]
    assert spells[1] > high and side[1] < low
    assert f"{100 * math.sqrt(0.2 * 0.8 / 500):.1f} %" in TEXT


def test_the_table_of_networks_says_what_the_text_says():
    rows = {line[:18].strip(): numbers(line[18:]) for line in printed("scores, both = ").splitlines()[1:]}
    test, young, shipped = rows["test sprites"], rows["epoch_31"], rows["model_trained"]
    assert test[4] < shipped[4] < young[4] and shipped[2] < young[2]
    assert shipped[6] == pytest.approx(test[6], abs=0.03) and shipped[5] < test[5] - 0.1
    assert all(row[7] == 0 for name, row in rows.items() if name != "test sprites")
    assert len(rows) == 4


@pytest.mark.parametrize("there", [True, False])
def test_another_network_takes_the_place_of_one_that_is_not_there_and_says_so(lab, there, tmp_path):
    if there:
        (tmp_path / "runs" / "tiny").mkdir(parents=True)
        (tmp_path / "runs" / "tiny" / "mine.safetensors").touch()
    names = lab | {"labs": tmp_path}
    source = cell("mine = labs /").source
    exec(source[: source.index("step, steps =")], names)
    first, *others = names["files"]
    assert first == ("yours" if there else "epoch_0, not yours") and others == ["epoch_31", "model_trained"]
    assert all(path.is_file() for path in names["files"].values())
