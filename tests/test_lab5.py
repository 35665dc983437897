"""Lab 5, guidance and EMA: each formula against an oracle, what its cells compute, and what its text says of them."""

import csv
import os
import re
from copy import deepcopy
from functools import partial

import guidance
import matplotlib.pyplot as plt
import pytest
import torch
from further import Lab
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from diffusion_utilities import (
    CLASSES,
    HERE,
    WEIGHTS,
    NoiseSchedule,
    Unet,
    ddim_step,
    load_checkpoint,
    load_sprites,
    predict,
    sample,
    transform,
)
from exercises import yours_or_ours
from recipes import Pushed
from scoring import load_judge

guided, beyond, between, autoguided, embed, average = map(yours_or_ours, ("3.4", "5.1", "5.2", "5.3", "5.4", "5.5"))
LAB = Lab("05_Guidance_and_EMA")
cell, printed = LAB.cell, LAB.printed
TEXT = LAB.text


@pytest.fixture(scope="module")
def lab():
    """The names that all cells of the lab share, in the tiny configuration."""
    before, os.environ["LABS_CONFIG"] = os.environ.get("LABS_CONFIG"), "tiny"
    names = {"labs": HERE, "average": average}
    for holds in ("# @title What this lab uses", "# @title What all cells share", "def told_in_1d("):
        exec(cell(holds).source, names)
    os.environ.pop("LABS_CONFIG") if before is None else os.environ.update(LABS_CONFIG=before)
    plt.close("all")
    return names


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


# ------------------------------------------------------------------------------------------------------------ guidance


def test_both_formulas_are_those_of_diffusers():
    guiders = pytest.importorskip("diffusers.guiders")
    without, told = normal(2, 3, 16, 16), normal(2, 3, 16, 16, seed=1)
    for scale in (0.0, 0.5, 3.0, 8.0):
        theirs = guiders.ClassifierFreeGuidance(guidance_scale=scale).forward(told, without).pred
        assert torch.allclose(guided(without, told, scale), theirs, atol=1e-5)
        papers = (
            guiders.ClassifierFreeGuidance(guidance_scale=scale, use_original_formulation=True)
            .forward(told, without)
            .pred
        )
        assert torch.allclose(beyond(without, told, scale), papers, atol=1e-5)
        assert torch.allclose(beyond(without, told, scale - 1), guided(without, told, scale), atol=1e-5)


def test_an_interval_is_that_of_diffusers():
    guiders = pytest.importorskip("diffusers.guiders")
    without, told = normal(10, 3, 4, 4), normal(10, 3, 4, 4, seed=1)
    guider = guiders.ClassifierFreeGuidance(guidance_scale=4.0, start=0.2, stop=0.7)  # of the steps from T down
    ours = between(without, told, 1 - torch.arange(10) / 10, 4.0, 0.35, 0.85)
    for step in range(10):
        guider.set_state(step=step, num_inference_steps=10, timestep=torch.tensor(step))
        theirs = guider.forward(told[step], without[step]).pred
        assert torch.allclose(ours[step], theirs, atol=1e-5)


def test_guidance_in_sample_is_the_students_line_and_the_recipes():
    view = load_checkpoint(WEIGHTS / "epoch_31.safetensors")
    context = torch.eye(5)[[2, 3]]
    how = {"step": ddim_step, "steps": 10, "context": context, "seed": 3, "progress": False}

    class Student(nn.Module):
        in_channels, h, n_cfeat, schedule = 3, 16, 5, view.schedule

        def forward(self, x, t, c):
            return between(view(x, t), view(x, t, c), t.flatten(), 4.0, 0.2, 0.6)

    x, _ = sample(view, 2, guidance=lambda time: 4 if 0.2 <= time <= 0.6 else 1, **how)
    for other in (Student(), guidance.Guided(view, view, False, 4, 0.2, 0.6)):
        assert torch.allclose(x, sample(other, 2, **how)[0], atol=1e-3)
    assert (x - sample(view, 2, **how)[0]).abs().max() > 0.1


def test_it_is_the_same_in_the_guess_as_in_the_noise():
    """What the cell of exercise 5.1 prints; a network that gives x0 is guided like one that gives noise."""
    lines = printed('beyond = yours_or_ours("5.1")')
    assert re.findall(r"differ by (\S+), (\S+)", lines) == [("0.000", "0.000")] * 3
    schedule, network = NoiseSchedule(), Unet(n_feat=8, n_wide=8).eval()
    torch.manual_seed(0)
    for weights in network.parameters():
        nn.init.normal_(weights, std=0.1)
    xt, c = normal(2, 3, 16, 16), torch.eye(5)[:2]
    for network.predicts in ("noise", "x0", "velocity"):
        told, without = predict(network, xt, 200, schedule, c), predict(network, xt, 200, schedule)
        for one, other, both in zip(without, told, predict(network, xt, 200, schedule, c, guidance=3), strict=True):
            assert torch.allclose(beyond(one, other, 2), both, atol=1e-3)


def test_the_bells_have_the_exact_noise_and_chance(lab):
    """By autograd, from the densities: eps = -sqrt(1 - alpha_bar) grad log p; their difference is grad log p(c | x)."""
    ab, middle, v = lab["ab"], lab["middle"].double(), lab["v"]
    for t in (1, 100, 300, 500):
        x = torch.linspace(-3, 3, 50, dtype=torch.float64, requires_grad=True)
        variance = ab[t] * v + 1 - ab[t]
        densities = torch.exp(-((x[:, None] - ab[t].sqrt() * middle) ** 2) / (2 * variance))
        score_told, score = (
            torch.autograd.grad(each.log().sum(), x, retain_graph=True)[0]
            for each in (densities[:, 1], densities.sum(1))
        )
        p = (densities[:, 1] / densities.sum(dim=1)).detach()
        towards = torch.autograd.grad((densities[:, 1] / densities.sum(dim=1)).log().sum(), x)[0]
        with torch.no_grad():
            told = lab["told_in_1d"](x, t, 1)
            without = (1 - p) * lab["told_in_1d"](x, t, 0) + p * told
            assert torch.allclose(lab["chance"](x, t), p)
        noise = (1 - ab[t]).sqrt()
        assert torch.allclose(told, -noise * score_told) and torch.allclose(without, -noise * score)
        assert torch.allclose(towards, score_told - score)


def test_what_is_drawn_in_one_dimension(lab):
    """At 0 and 1 the distributions themselves; at 8 narrower than the tilted one, and beyond it, as the text says."""
    x = {scale: lab["drawn_in_1d"](scale) for scale in (0, 1, 3, 8)}
    for scale, mean, spread in ((0, 0, (1 + 0.6**2) ** 0.5), (1, 1, 0.6)):
        assert x[scale].mean().item() == pytest.approx(mean, abs=0.06)  # the start is not quite q(x_T)
        assert x[scale].std().item() == pytest.approx(spread, abs=0.03)
    grid = torch.linspace(-3, 4, 2000, dtype=torch.float64)
    bells = sum(torch.exp(-((grid - m) ** 2) / (2 * 0.6**2)) for m in (-1, 1))
    for scale in (3, 8):
        line = bells * lab["chance"](grid, 0) ** scale
        line = line / line.sum()
        mean = (line * grid).sum()
        assert x[scale].std() < 0.7 * (line * (grid - mean) ** 2).sum().sqrt() and x[scale].mean() > mean + 0.3
    assert (x[1] > x[8].mean()).float().mean() < 0.05  # hardly a number of the class is as large


# --------------------------------------------------------------------------------------------------- the table, claims


def test_kinds_are_counted_by_pairs():
    x, judge = transform(load_sprites("test")[0])[::3], load_judge()
    with torch.inference_mode():
        seen = judge(x).argmax(dim=1)
    chances = []
    for name in ("non-hero", "food", "spell"):
        mine = seen[judge.class_of_kind[seen] == CLASSES.index(name)]
        same = mine[:, None] == mine
        chances.append(same.triu(1).sum() / torch.ones(same.shape).triu(1).sum())
    assert guidance.kinds(x) == pytest.approx(3 / sum(chances).item())
    one_of_each = x[[(judge.class_of_kind[seen] == n).nonzero()[0].item() for n in range(5)]]
    assert guidance.kinds(one_of_each.repeat(4, 1, 1, 1)) == pytest.approx(1)


def test_the_push_is_that_of_the_recipes():
    view, weak = (load_checkpoint(WEIGHTS / f"{name}.safetensors") for name in ("epoch_31", "epoch_0"))
    x, c = normal(2, 3, 16, 16), torch.eye(5)[[0, 2]]
    recipes, ours = Pushed(view, weak), guidance.Guided(view, weak, True, 2.5, 0.1, 0.6)
    with torch.inference_mode():
        for time in (0.05, 0.4, 0.9):
            t = torch.full((2,), time)
            assert torch.allclose(ours(x, t), recipes(x, t), atol=1e-4)
            told = autoguided(view, weak, x, t, c, 2.5 if time == 0.4 else 1)
            assert torch.allclose(ours(x, t, c), told, atol=1e-4)


def seeds(name, **way):
    """The figures of both seeds in the stored table."""
    rows = [row for row in csv.DictReader((WEIGHTS / "guidance.csv").open()) if row["n"] == "500"]
    found = [float(row[name]) for row in rows if all(row[key] == str(value) for key, value in way.items())]
    assert len(found) == 2
    return found


def mean(name, **way):
    return sum(seeds(name, **way)) / 2


AT_ALL = {"begin": "no context", "first": 0, "last": 1}


def test_agreement_rises_kinds_fall_and_the_distance_has_its_best_point():
    agreement, kinds, distance, distance2 = (
        {scale: mean(name, scale=scale, **AT_ALL) for scale in (1, 1.5, 2, 3, 4, 6, 8)}
        for name in ("agreement", "kinds", "distance", "distance2")
    )
    assert agreement[1] < 0.95 < 0.98 < agreement[1.5] < agreement[3]
    assert all(agreement[scale] > 0.99 for scale in (2, 3, 4, 6, 8))
    falling = [kinds[scale] for scale in (1.5, 2, 3, 4, 6, 8)]
    assert falling == sorted(falling, reverse=True) and kinds[8] < kinds[1] / 2
    assert min(distance, key=distance.get) == min(distance2, key=distance2.get) == 1.5
    assert distance[8] > 3 * distance[1]
    at_2, best = (seeds("distance", scale=scale, **AT_ALL) for scale in (2, 1.5))
    assert min(at_2) < min(best) < max(best) < max(at_2)  # as the text says of the two seeds


def test_at_which_levels_guidance_helps():
    """Between whole pairs of seeds, which is what the text says; where pairs overlap, it says so."""
    parts = {"all": (0, 1), "low": (0, 0.2), "middle": (0.2, 0.6), "high": (0.6, 1)}
    ways = {name: {"begin": "no context", "scale": 4, "first": a, "last": b} for name, (a, b) in parts.items()}
    ways["told"] = {"scale": 1, **AT_ALL}
    agreement, kinds, one, two = (
        {way: seeds(name, **how) for way, how in ways.items()}
        for name in ("agreement", "kinds", "distance", "distance2")
    )
    assert max(kinds["high"]) < 0.75 * min(kinds["told"]) and mean("kinds", **ways["high"]) < 1.1 * mean(
        "kinds", **ways["all"]
    )
    assert min(kinds["middle"]) > max(kinds["told"]) and min(kinds["low"]) > max(kinds["told"])  # nothing is lost
    assert min(agreement["middle"]) > max(agreement["low"]) and min(agreement["low"]) > max(agreement["told"])
    assert max(one["middle"]) < min(min(one[way]) for way in ("all", "low", "high", "told"))
    assert min(two["low"]) < min(two["middle"]) < max(two["middle"]) < max(two["low"])  # overlap


def test_the_text_repeats_the_table():
    """Each number that it takes from the tables, as rounded there."""
    at, part = partial(mean, **AT_ALL), partial(mean, begin="no context", scale=4)
    between, low = {"first": 0.2, "last": 0.6}, {"first": 0, "last": 0.2}
    real = mean("kinds_floor", scale=1, **AT_ALL)
    for said in (
        f"test sprites show {real:.0f}, at scale 1 there are {at('kinds', scale=1):.0f}, and at 8 only "
        f"{at('kinds', scale=8):.0f}",
        f"{part('kinds', first=0.6, last=1):.0f} kinds are left",
        f"{part('agreement', **between):.0%} are of the class, and the kinds".replace("%", " %"),
        f"{part('agreement', **low):.0%} are of the class, still more".replace("%", " %"),
        f"one pair in {at('kinds', scale=1):.0f} is of one kind, as the judge names kinds, we count "
        f"{at('kinds', scale=1):.0f}.",
    ):
        assert said in TEXT
    assert round(at("distance", scale=8) / at("distance", scale=1)) == 3 and at("agreement", scale=2) > 0.99


def test_what_the_weak_network_is_worth():
    """Without a context, by both judges, seed against seed; with one, the judges disagree."""
    free, told = ({"begin": "weak network", "context": context} for context in ("none", "one-hot"))
    for name in ("distance", "distance2"):
        assert max(seeds(name, **free)) < min(seeds(name, scale=0, **AT_ALL))
    others = [{"scale": scale, **AT_ALL} for scale in (1, 1.5, 2)]
    others += [{"begin": "no context", "scale": 4, "first": a, "last": b} for a, b in ((0, 0.2), (0.2, 0.6))]
    assert max(seeds("distance", **told)) < min(min(seeds("distance", **way)) for way in others)
    shown = [*others[:2], others[-1]]  # with a context, in the table of the lab
    assert min(seeds("distance2", **told)) > max(max(seeds("distance2", **way)) for way in shown)


# -------------------------------------------------------------------------------------------- labels and their dropping


def test_an_embedding_is_our_matrix():
    """Also within the network: a forward pass with the label's row is one with the context."""
    view = load_checkpoint(WEIGHTS / "epoch_31.safetensors")
    table = nn.Embedding(6, 64, padding_idx=5)  # the last row is "nothing", which torch keeps at zeros
    table.weight.data[:5] = view.contextembed.weight.T
    labels = torch.tensor([2, -1, 0, 4])
    assert torch.equal(embed(labels, table.weight[:5]), table(torch.where(labels < 0, 5, labels)))

    class Embedding(nn.Module):
        def forward(self, c):
            return embed(labels, table.weight[:5])

    theirs = deepcopy(view)
    theirs.contextembed = Embedding()
    x, t, c = normal(4, 3, 16, 16), torch.full((4,), 0.4), torch.eye(6)[labels][:, :5]
    with torch.inference_mode():
        assert torch.allclose(theirs(x, t, c), view(x, t, c), atol=1e-5)
    assert "they differ by 0.000" in printed('embed = yours_or_ours("5.4")')


def test_what_dropping_whole_batches_costs():
    """What the full run says: the number left out varies like the heads of 50 coins, or of one."""
    spreads = re.findall(r"of 50, give or take +(\S+)", printed("left_out = 50 * (torch.rand(shape)"))
    by_hand = (50 * 0.1 * 0.9) ** 0.5, 50 * (0.1 * 0.9) ** 0.5
    assert [float(spread) for spread in spreads] == pytest.approx(by_hand, rel=0.05)
    assert round(by_hand[1] / by_hand[0]) == 7 and "varies seven times as much" in TEXT


# ------------------------------------------------------------------------------------------------------------ averages


def steps_of(network, n, seed=0):
    """The same network n times, each time with other weights, as a training leaves it."""
    torch.manual_seed(seed)
    for _ in range(n):
        with torch.no_grad():
            for weights in network.parameters():
                weights.normal_()
            network(torch.randn(8, 4))  # moves the running statistics
        yield network


def make():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))


def test_an_average_is_that_of_torch_and_of_diffusers():
    from diffusers.training_utils import EMAModel

    network = make()
    rules = {
        "warm-up": lambda old, new, n: average(old, new, int(n), 0.9),
        "none": lambda old, new, n: average(old, new, 10**9, 0.9),
    }
    ours = {name: AveragedModel(network, avg_fn=rule, use_buffers=True) for name, rule in rules.items()}
    torchs = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    theirs = EMAModel(network.parameters(), decay=0.9)
    for _ in steps_of(network, 100):
        for model in (*ours.values(), torchs):
            model.update_parameters(network)
        theirs.step(network.parameters())
    for one, other in zip(ours["warm-up"].module.parameters(), theirs.shadow_params, strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    for (name, one), other in zip(
        ours["none"].module.state_dict().items(), torchs.module.state_dict().values(), strict=True
    ):
        assert torch.allclose(one, other, atol=1e-5) or name.endswith("num_batches_tracked")
    assert ours["warm-up"].module[1].num_batches_tracked == 100  # counters are copied


def test_torch_takes_the_statistics_along_with_and_without_use_buffers():
    """A copy of them does as well as an average; what a loop over the parameters leaves is the start."""
    network = make()
    rule = partial(torch.lerp, weight=0.1)
    copied, averaged = (
        AveragedModel(network, avg_fn=lambda old, new, n: rule(old.float(), new.float()), use_buffers=use)
        for use in (False, True)
    )
    by_hand = make()
    for _ in steps_of(network, 100):
        copied.update_parameters(network), averaged.update_parameters(network)
        with torch.no_grad():
            for old, new in zip(by_hand.parameters(), network.parameters(), strict=True):
                old.copy_(new)
    own = network[1].running_var
    assert torch.equal(copied.module[1].running_var, own)
    assert (averaged.module[1].running_var / own - 1).abs().max() < 0.5
    assert torch.equal(by_hand[1].running_var, torch.ones(3)) and (own - 1).abs().min() > 0.1


def test_erratum_12_wrong_averages_are_noticed(lab):
    """Some steps of the lab's own training: both wrong averages lose far more than the right one and the weights."""
    for holds in ("def small(", "by_hand = small()", "def training_step(", "def test_loss("):
        source = cell(holds).source
        exec(source[: source.find("n_steps =")] if "n_steps =" in source else source, lab)
    for n in range(1, 61):
        lab["training_step"](n)
    loss = {name: lab["test_loss"](network) for name, network in lab["four"].items()}
    good = max(loss["the last weights"], loss["their average"])
    assert good < 0.7 * loss["without warm-up"] and good < 0.7 * loss["buffers left behind"], loss


def test_what_the_full_run_says_of_the_averages():
    losses = dict(re.findall(r"^([a-z -]+?) +(\d\.\d+)$", printed('ylabel="loss on unseen people"'), re.M))
    last, own, no_warm_up, behind = (float(loss) for loss in losses.values())
    assert "22% of the random start" in printed('ylabel="loss on unseen people"') and "22 % of the random" in TEXT
    assert own < last < 0.6 * no_warm_up and last < 0.6 * behind
    assert printed("def two_more_steps(").splitlines() == [
        "loaded, and the same two steps again: losses differ by 0.0000",
        "with a new optimizer: first loss the same, second loss another",
    ]


def test_the_loss_on_people_is_taken_in_eval_mode(lab):
    """Else batch norm would take its statistics from them, and keep those."""

    class Noisy(nn.Module):
        def forward(self, x, t, c):
            assert not self.training and t.min() == 5 / 500 and t.max() == 1
            return 0 * x

        module = property(lambda self: self)  # an average is asked for its network

    four = dict.fromkeys(("young", "by_hand", "no_warm_up", "right"), Noisy())
    names = lab | four | {"training_step": lambda n: None, "bar": lambda steps, *rest: steps}
    exec(cell("def test_loss(").source, names)
    assert names["test_loss"](Noisy()) == pytest.approx(1, abs=0.02)  # the mean square of noise


def test_what_the_knob_of_the_average_shows(lab, monkeypatch):
    """The longer the memory, the calmer; 0.999 without warm-up is far off; with it, it is 0.99's curve up to 890."""
    ways = {}

    def keep(fig, alt):
        ways[alt.split("decay ")[1]] = fig.axes[0].lines[1].get_ydata()
        plt.close(fig)

    source = cell("def followed(").source
    exec(source[: source.index("turn(")], lab)
    monkeypatch.setitem(lab, "picture", keep)
    for decay in (0.9, 0.99, 0.999):
        for how in ("with warm-up", "without"):
            lab["followed"](decay, how)
    off = {name: ((way[1000:] - 1) ** 2).mean() ** 0.5 for name, way in ways.items()}
    assert off["0.9, with warm-up"] > 1.7 * off["0.99, with warm-up"] > 2 * off["0.999, with warm-up"]
    assert ways["0.999, without"][999] < -0.5 and off["0.999, without"] > 3 * off["0.999, with warm-up"]
    one, other = ways["0.99, with warm-up"], ways["0.999, with warm-up"]
    assert (one[:890] == other[:890]).all() and abs(one[890] - other[890]) > 0


def test_a_longer_memory_is_calmer_for_any_chance(lab):
    """What the knob shows from one seed: the mean over 20 weights at once."""
    torch.manual_seed(0)
    weight = torch.zeros(20, dtype=torch.float64) - 3
    means, off = {decay: weight.clone() for decay in (0.9, 0.99, 0.999)}, dict.fromkeys((0.9, 0.99, 0.999), 0)
    for n in range(1, 3001):
        weight = weight + 0.05 * (1 - weight + 4 * torch.randn(20))
        for decay in means:
            means[decay] = average(means[decay], weight, n, decay)
            off[decay] += (means[decay] - 1).square().mean().item() * (n > 1000)
    assert off[0.9] > 2 * off[0.99] > 2 * off[0.999]


def test_how_long_an_average_remembers():
    """Of what was there 1 / (1 - d) steps ago, 37 % are left, as the text says; the warm-up begins with little."""
    value = torch.ones(1, dtype=torch.float64)
    for _ in range(1000):
        value = average(value, torch.zeros(1, dtype=torch.float64), 10**9, 0.999)
    for n in (100, 800):  # the warm-up remembers a ninth of the training
        kept = (1 + n) / (10 + n)
        assert 1 / (1 - kept) == pytest.approx(n / 9, abs=1.2)
    assert f"{value.item():.0%}".replace("%", " %") == "37 %" and "37 %" in TEXT
    kept = [line.split()[-1] for line in printed('average = yours_or_ours("5.5")').splitlines()[2:]]
    assert kept == [f"{min(0.999, (1 + n) / (10 + n)):.4f}" for n in (1, 10, 100, 1_500, 10_000)]
    assert "rises to 0.994" in TEXT and kept[3] == "0.9940"


def test_the_lab_shows_what_its_source_has():
    """C, conditional: guidance at scale 3 by lerp, an embedding, EMA, what is saved, ten of one class from the EMA."""
    for words in ("torch.lerp(without, told, 3)", "0.995", "2,000 steps"):
        assert words in TEXT
    source = cell("loaded = small()").source
    assert "average.safetensors" in source and "expand(10, -1)" in source
    assert F.mse_loss(guided(torch.zeros(2), torch.ones(2), 3), torch.lerp(torch.zeros(2), torch.ones(2), 3)) == 0
