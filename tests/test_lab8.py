"""Lab 8, how good is it: each measure against an oracle, what spoils do, and what the text claims of the tables."""

import csv
import math
import re
from itertools import pairwise

import numpy as np
import pytest
import torch
from further import Lab
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

import recipes
import scoring
from diffusion_utilities import CLASSES, HERE, WEIGHTS, NoiseSchedule, load_sprites
from exercises import EXERCISES
from recipes import SPOILS, some_sprites
from scoring import Judge, SecondJudge, load_judge, precision_recall

LAB = Lab("08_How_good_is_it")
cell, printed = LAB.cell, LAB.printed
TEXT = LAB.text
moments, frechet, interval, reach, precision = (EXERCISES[f"8.{n}"].ours for n in range(1, 6))
N = 200


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
def judged():
    """What the first judge makes of all test sprites, and its moments of some train sprites; moved and tinted."""
    with torch.inference_mode():
        test, train = (
            torch.cat(
                [load_judge().features(part) for part in some_sprites(split, n, chance(6))[0].split(500)]
            ).double()
            for split, n in (("test", 2_200), ("train", 13_000))
        )
    return {"test": test, "real": moments(train)}


@pytest.fixture(scope="module")
def test_set():
    return some_sprites("test", N, chance(5))


def test_some_sprites_are_drawn_without_replacement():
    for n in (100, 2_200):
        x, labels = some_sprites("test", n, chance(5))
        assert len(x) == len(labels) == n and not x.equal(some_sprites("test", n, chance(6))[0])
    assert labels.sum(dim=0).tolist() == load_sprites("test")[1].sum(axis=0).tolist()  # all of them, each once


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
    ring, first = lab["SHAPES"]["ring"], lab["round_one"]
    assert frechet(*moments(first), *moments(ring)) < 0.05
    assert ring.norm(dim=1).std() < 1e-3 < 0.5 < first.norm(dim=1).std()
    assert (
        "distance 4.0" in lab["two_clouds"]("ring", 2.0, 1.0).alt
        or "distance 3.9" in lab["two_clouds"]("ring", 2.0, 1.0).alt
    )


def test_the_distance_of_a_perfect_set_halves_with_twice_as_many():
    def mean_distance(n):
        sets = [normal(n, 20, seed=100 * n + s).double() for s in range(20)]
        exact = torch.zeros(20).double(), torch.eye(20).double()
        return torch.stack([frechet(*moments(points), *exact) for points in sets]).mean()

    distances = [mean_distance(n) for n in (100, 200, 400)]
    for twice, once in zip(distances[1:], distances, strict=False):
        assert 0.42 < twice / once < 0.55


def test_half_of_all_test_sprites_leave_less_to_chance(judged):
    """Drawn again and again, with repetition, they are as far from the train sprites as train sprites are."""
    places = [torch.randint(2200, (1000,), generator=chance(seed)) for seed in range(4)]
    repeated = [frechet(*moments(judged["test"][place]), *judged["real"]) for place in places]
    halves = [
        frechet(*moments(judged["test"][torch.randperm(2200, generator=chance(s))[:1000]]), *judged["real"])
        for s in range(4)
    ]
    assert max(halves) < min(repeated) and sum(halves) < 0.8 * sum(repeated)
    assert "The sets of 1,000, nearly half of all 2,200, cannot differ much" in TEXT and len(judged["test"]) == 2200


def test_fifty_points_do_not_fill_64_directions(judged):
    covariance = moments(judged["test"][:50])[1]
    assert torch.linalg.matrix_rank(covariance) == 49 and covariance.shape == (64, 64)
    assert torch.linalg.matrix_rank(judged["real"][1]) > 55


def test_white_pictures_are_farther_than_noise(judged):
    white, noise = torch.ones(300, 3, 16, 16), normal(300, 3, 16, 16).clamp(-1, 1)
    with torch.inference_mode():
        far = [frechet(*moments(load_judge().features(x).double()), *judged["real"]) for x in (white, noise)]
    assert far[0] > 2 * far[1] > 80


def test_an_interval_holds_the_true_mean_as_often_as_the_text_says():
    assert "about 19 times in 20; of few values less often: of two, 7 times in 10" in TEXT
    for k, low_share, high_share in ((100, 0.94, 0.97), (5, 0.85, 0.92), (2, 0.67, 0.73)):
        sets = normal(2000, k) * 3 + 7
        ends = [interval(values) for values in sets]
        held = sum(bool(low <= 7 <= high) for low, high in ends) / len(sets)
        assert low_share < held < high_share


def test_differences_of_pairs_and_of_others_are_held_as_often():
    """Pairs: by the interval of the differences. Others: by the root of the summed squares of the standard errors."""
    pairs = others = 0
    for x, y, own in zip(normal(1000, 40, seed=1), normal(1000, 40, seed=2), normal(1000, 40, seed=3), strict=True):
        low, high = interval((x + 0.3 * y + 1) - x)
        pairs += bool(low <= 1 <= high)
        (a, b), (c, d) = interval(x + 1), interval(3 * own)
        error = ((b - a).square() + (d - c).square()).sqrt() / 4
        others += abs((x + 1).mean() - (3 * own).mean() - 1).item() <= 2 * error
    assert 930 < pairs < 970 and 930 < others < 970
    assert "$\\sqrt{e_1^2+e_2^2}$" in TEXT


def test_question_5_is_answered_rightly():
    first, second = (1.9, 2.3), (2.1, 2.6)
    errors = [(high - low) / 4 for low, high in (first, second)]
    gap = sum(second) / 2 - sum(first) / 2
    assert "two samplers have the intervals 1.9 to 2.3 and 2.1 to 2.6" in TEXT.lower()
    said = f"The means differ by {gap:.2f}, and the standard errors are {errors[0]:.1f} and {errors[1]:.3f}"
    assert f"{said}, together {math.hypot(*errors):.2f}." in TEXT and gap < 2 * math.hypot(*errors)


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
    same = x[:1].expand(5, -1, -1, -1)
    assert precision_recall(same, same) == (1, 1)  # at its reach, of 0, is within it
    people = x[labels[:, CLASSES.index("side-facing")].bool()]
    good, varied = precision_recall(people, x)
    assert good == 1 and varied < 0.7


def test_what_lies_beyond_1_counts_as_it_is_seen(test_set):
    x, references = 1.5 * test_set[0][:100], test_set[0][100:]
    found = precision_recall(x.double().numpy(), references)  # in whatever format
    assert found == precision_recall(x.clamp(-1, 1), references) and all(type(share) is float for share in found)
    assert precision_recall(references, x) == precision_recall(references, x.clamp(-1, 1))


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
        (torch.zeros(5, 3, 16, 16).index_fill(0, torch.tensor([2]), math.nan), 3, "expected finite numbers"),
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


def test_copies_are_seen_by_hardly_anything_else(times):
    assert f"{times('copied', 1.0, 'copies'):.0f} times as many copies; all else hardly changes" in TEXT
    assert times("copied", 1.0, "distance") < 1.5 and times("copied", 1.0, "distance2") < 2
    assert all(times("copied", 1.0, measure) > 0.98 for measure in ("precision", "recall", "agreement"))


def test_the_first_judge_hardly_sees_a_move(times):
    assert times("moved", 1.0, "distance") < 2 and times("moved", 1.0, "distance2") > 50


def test_agreement_sees_nothing_and_noise_hides_copies(times):
    assert all(times(spoil, 1.0, "agreement") > 0.99 for spoil in SPOILS)
    assert times("noisy", 1.0, "copies") == 0


def test_a_copy_with_noise_on_it_escapes():
    train, test = (recipes._sprites_of(split)[0] for split in ("train", "test"))
    threshold = torch.quantile(scoring.nearest(test[::5], train)[0], 0.01)
    copies, labels = some_sprites("train", 20, chance(3))
    noisy, _ = SPOILS["noisy"](copies, labels, 1.0, chance())
    assert scoring.nearest(copies, train)[0].max() < threshold < scoring.nearest(noisy, train)[0].min()


def test_the_errata_cost_what_the_text_says():
    with (WEIGHTS / "errata.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["size"] == "full"]
    by = {"distance": {}, "distance2": {}}
    for row in rows:
        for judge, found in by.items():
            found.setdefault(row["training"], []).append(float(row[judge]))
    (found,) = re.findall(
        r"the missing root costs more, (\d+) to (\d+) in place of (\d+) to ([\d.]+), .* the random shortcut comes to "
        r"(\d+) to (\d+),",
        TEXT,
    )
    right, root, shortcut = (
        sorted(by["distance"][name]) for name in ("right", "noise without the root", "random shortcut")
    )
    ends = round(root[0]), round(root[1]), round(right[0]), round(right[1], 1), round(shortcut[0]), round(shortcut[1])
    assert [float(number) for number in found] == list(ends)
    second = [interval(torch.tensor(by["distance2"][name])) for name in ("noise without the root", "random shortcut")]
    assert second[0][0] < second[1][1] and "By the second judge the two errors lie too near each other" in TEXT


def test_the_text_says_what_the_full_run_printed():
    test, a, b, noise, of_score = (numbers(line) for line in printed("def distance(").splitlines()[1:])
    assert b[0] < a[0] / 3 and b[1] < a[1] / 3  # both judges
    assert of_score == pytest.approx(a, rel=0.05) and test[0] == 0.4 and noise[0] > 50
    lines = [numbers(line) for line in printed("# @title Measure sets of 50").splitlines()[1:]]
    low, high, *_ = lines[0]
    assert f"Sets of 50 perfect sprites have distances of {low:.0f} to {high:.0f}, and 1,000 have 0.4." in TEXT
    assert len(lines) == 5 and lines[-1][0] == pytest.approx(0.4, abs=0.05)
    for _, _, both, of_means, of_covariances in lines:
        assert both == pytest.approx(of_means + of_covariances, abs=0.011) and of_means < 0.15 * both
    assert all(twice[2] < once[2] / 2 for once, twice in pairwise(lines))
    softness = [numbers(line) for line in printed('interval = yours_or_ours("8.3")').splitlines() if ":" in line]
    for clean, little, more in (softness[1:4], softness[4:]):
        assert little[1] < clean[1] < more[1]  # 0.2 overlaps, 0.5 lies apart
        assert little[3] > 0 and more[3] > 0  # the pairs differ
    shares = [numbers(line) for line in printed("of_real = features").splitlines()]
    few, many = shares[1:5], shares[6:]
    assert few[3] == [1, 0] and few[1][0] > few[0][0] - 0.05
    assert many[1][0] < 0.5 and many[2][0] > many[1][0] + 0.2 and many[3][0] < 0.5 and many[3][1] == 0


def test_the_card_says_of_the_start_what_the_table_says():
    (card,) = re.findall(r"\*\*The start\.\*\* .*?\n\n", (WEIGHTS / "README.md").read_text(encoding="utf-8"), re.S)
    with (WEIGHTS / "scores.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["n"] == "500" and row["network"] == "model_trained"]

    def distances(start, sampler, steps):
        way = {"start": start, "sampler": sampler, "steps": str(steps)}
        return sorted(float(row["distance"]) for row in rows if way.items() <= row.items())

    for sampler, steps in (("DDIM", 50), ("DDPM, posterior", 50), ("DDIM", 5)):
        for start in ("noise", "noised average"):
            assert "{:.1f} and {:.1f}".format(*distances(start, sampler, steps)) in card
    for steps in (10, 25, 50, 100):
        assert max(distances("noised average", "DDIM", steps)) < min(distances("noise", "DDIM", steps))
    assert f"{NoiseSchedule().alpha_bar[-1].sqrt():.0%}".replace("%", " %") in card


def test_a_gap_has_the_standard_error_of_both_networks(lab, capsys):
    """The root of the summed squares of the two, of five sets each, and twice that to either side."""
    values = normal(2, 4, 5).abs() + 1  # of two judges, four networks, five sets

    def distance(part, build):
        network, place = divmod(int(part[0]), 200)
        return values[[Judge, SecondJudge].index(build), network, place // 40]

    names = lab | {"tiny": True, "distance": distance, "interval": interval}
    names |= {"score": lambda x: {"distance": 0.0, "copies": 0.0}, "precision_recall": lambda *given: (0.0, 0.0)}
    names["drawn"] = dict(zip("abcd", torch.arange(800).split(200), strict=True))
    exec(cell("# @title Measure what they drew").source, names)
    told = [numbers(line) for line in capsys.readouterr().out.splitlines()[-2:]]
    for line, (first, second) in zip(told, ((1, 2), (2, 3)), strict=True):
        for judge, ends in enumerate((line[:2], line[2:])):
            x, y = values[judge, first], values[judge, second]
            error = math.hypot(x.std() / math.sqrt(5), y.std() / math.sqrt(5))
            gap = (x.mean() - y.mean()).item()
            assert ends == pytest.approx([gap - 2 * error, gap + 2 * error], abs=0.051)


def test_the_table_of_networks_says_what_the_text_says():
    lines = printed("# @title Measure what they drew").splitlines()
    above, below = lines[1:5], lines[7:]
    test, _, young, shipped = (numbers(line[18:]) for line in above)
    assert test[0] < shipped[0] < young[0]
    assert shipped[2] == pytest.approx(test[2], abs=0.03) and shipped[1] < test[1] - 0.1
    assert all(numbers(line[18:])[3] == 0 for line in above[1:])
    intervals = [numbers(line[35:]) for line in below]
    for of_first, of_second, of_both in ((1, 2, 4), (2, 3, 5)):
        for place in (0, 2):  # two judges
            ends = [intervals[which][place : place + 2] for which in (of_first, of_second)]
            error = math.hypot(*((high - low) / 4 for low, high in ends))
            gap = sum(ends[0]) / 2 - sum(ends[1]) / 2
            assert intervals[of_both][place : place + 2] == pytest.approx([gap - 2 * error, gap + 2 * error], abs=0.16)
    assert all(low > 0 for low in (*intervals[4][::2], *intervals[5][::2])) and "0 lies within none of them" in TEXT
    assert len(below) == 6 and below[5].startswith("epoch_31 less model_trained")


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
