"""Lab 6, the derivation: each formula against an oracle, what its cells compute, and what its text says of them."""

import math
import re

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler
from further import Lab, filled
from torch import nn
from torch.nn import functional as F

from diffusion_utilities import HERE, NoiseSchedule, ddpm_step, guesses, load_sprites, transform
from exercises import yours_or_ours
from exercises.lab6 import from_velocity, kl, mean_from_noise, posterior, score
from scoring import IdealDenoiser

T = 500
SCHEDULE = NoiseSchedule(dtype=torch.float64)
TABLES = SCHEDULE.beta, SCHEDULE.alpha, SCHEDULE.alpha_bar
LAB = Lab("06_The_Derivation")
cell, printed = LAB.cell, LAB.printed


@pytest.fixture(scope="module")
def lab():
    """The names of the lab after the cells that define functions were run, without training, sampling and figures."""
    names = {"labs": HERE, "posterior": yours_or_ours("6.1"), "kl": yours_or_ours("6.3")}
    for holds in (
        "# @title What this lab uses",
        "# @title What all cells share",
        "mean_of = yours_or_ours",
        "def bound(",
        "def variances(",
        "def decoder(",
        "def get_index_from_list(",
        "class Stage(",
        "class SimpleUnet(",
        "def sample_timestep(",
    ):
        exec(cell(holds).source, names)
    plt.close("all")
    names["device"] = torch.device("cpu")
    names["d"].cpu()
    return names


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# --- the posterior, and the mean through the noise


@pytest.mark.parametrize("schedule", [SCHEDULE, NoiseSchedule(SCHEDULE.exact[::50], torch.float64)])
def test_the_posterior_is_bayes_rule_on_a_grid(schedule):
    steps = schedule.timesteps
    for t in (2, steps // 2, steps):
        xt, x0 = torch.tensor(-0.4, dtype=torch.float64), torch.tensor(0.8, dtype=torch.float64)
        before, alpha, beta = schedule.alpha_bar[t - 1], schedule.alpha[t], schedule.beta[t]
        mean, variance = posterior(xt, x0, t, schedule.beta, schedule.alpha, schedule.alpha_bar)
        x = mean + variance.sqrt() * torch.linspace(-8, 8, 4001, dtype=torch.float64)
        logs = -((x - before.sqrt() * x0) ** 2) / (2 * (1 - before)) - (xt - alpha.sqrt() * x) ** 2 / (2 * beta)
        weights = torch.softmax(logs, dim=0)
        assert (weights * x).sum().item() == pytest.approx(mean.item(), abs=1e-6)
        assert (weights * (x - mean) ** 2).sum().item() == pytest.approx(variance.item(), rel=1e-5)


def test_the_small_variance_is_that_of_diffusers():
    scheduler = DDPMScheduler(T, trained_betas=SCHEDULE.beta[1:].numpy(), variance_type="fixed_small")
    for t in (2, 3, 50, 250, 500):
        ours = posterior(torch.zeros(()), torch.zeros(()), t, *TABLES)[1]
        assert ours.item() == pytest.approx(scheduler._get_variance(t - 1).item(), rel=2e-3)  # it is in float32


def test_the_mean_through_the_noise_is_lab_1s_step_at_every_t():
    x, eps = normal(3), normal(3, seed=1)
    for t in range(1, T + 1):
        s1, s2, _ = yours_or_ours("1.3")(t, *TABLES)
        ours = mean_from_noise(x, eps, t, SCHEDULE.alpha_bar, lambda *given: posterior(*given, *TABLES))
        assert torch.allclose(ours, s1 * (x - s2 * eps), rtol=1e-9, atol=1e-9)


def test_what_x0_and_xt_count_as_the_text_says():
    rows = [[float(x) for x in line.split()] for line in printed("x0 counts").splitlines()[1:]]
    assert [row[0] for row in rows] == [2, 4, 10]
    for t, of_x0, of_xt, variance in rows:
        ten = NoiseSchedule(SCHEDULE.exact[::50], torch.float64)
        tables = ten.beta, ten.alpha, ten.alpha_bar
        xt, x0 = torch.tensor([0.0, 1.0]).double(), torch.tensor([1.0, 0.0]).double()
        means, expected = posterior(xt, x0, int(t), *tables)
        assert [of_x0, of_xt, variance] == pytest.approx([*means.tolist(), expected.item()], abs=0.0051)
    text = "".join(each.source for each in LAB.cells if each.cell_type == "markdown")
    assert f"counts {rows[0][1]:.2f} and $x_t$ {rows[0][2]:.2f}" in text
    assert f"$t = 10$, {rows[2][1]:.2f} and {rows[2][2]:.2f}" in text


def test_the_true_step_back_is_a_bell_only_if_beta_is_small():
    """Two clean pixels behind x_t: for long steps the average of the posteriors has two tops, for short ones one."""

    def tops(schedule, t):
        tables = schedule.beta, schedule.alpha, schedule.alpha_bar
        level = schedule.alpha_bar[t]
        points = torch.tensor([-1.0, 1.0], dtype=torch.float64)
        weights = torch.softmax(-((0.0 - level.sqrt() * points) ** 2) / (2 * (1 - level)), dim=0)
        means, variance = posterior(torch.zeros(2).double(), points, t, *tables)
        x = torch.linspace(-2, 2, 4001, dtype=torch.float64)[:, None]
        density = (weights * torch.exp(-((x - means) ** 2) / (2 * variance))).sum(dim=1)
        return int(((density[1:-1] > density[:-2]) & (density[1:-1] > density[2:])).sum())

    assert tops(NoiseSchedule(SCHEDULE.exact[::50], torch.float64), 2) == 2
    assert tops(SCHEDULE, 100) == 1


def test_the_lab_finds_lab_1s_numbers():
    rows = [[float(x) for x in line.split()] for line in printed("lab1 = a_t[t].rsqrt()").splitlines()[1:]]
    assert [row[0] for row in rows] == [500, 250, 100, 50, 10, 2, 1]
    assert all(row[1] == row[2] and row[3] == row[4] for row in rows)
    lab1 = nbformat.read(HERE / "notebooks" / "01_Sampling.ipynb", 4).cells
    (there,) = ["".join(o.text for o in c.outputs) for c in lab1 if "def denoise_add_noise" in c.source]
    for t, s1, _, s2, _, beta, _ in rows:
        assert re.search(rf"^ *{t:.0f}  {s1:.5f}  {s2:.5f}  {beta:.5f} ", there, re.M)


# --- the bound


def test_the_divergence_is_the_integral():
    for m1, v1, m2, v2 in ((0.5, 0.4, 0.5, 0.4), (1.0, 0.5, -0.5, 2.0), (-0.3, 2.0, 0.2, 0.7)):
        q, p = (torch.distributions.Normal(m, v**0.5) for m, v in ((m1, v1), (m2, v2)))
        x = torch.linspace(-15, 15, 30_001, dtype=torch.float64)
        integral = torch.trapezoid(q.log_prob(x).exp() * (q.log_prob(x) - p.log_prob(x)), x)
        ours = kl(*(torch.tensor(number, dtype=torch.float64) for number in (m1, v1, m2, v2)))
        assert ours.item() == pytest.approx(integral.item(), abs=1e-6)
        if v1 == v2:
            assert ours.item() == pytest.approx((m1 - m2) ** 2 / (2 * v2))


@pytest.mark.parametrize("s", [0.05, 0.2, 0.5, 0.8, 1.0, 1.5])
def test_the_bound_is_one(lab, s):
    """Least <= -log p <= bound for each choice of variances, nearly equal for the right ones."""
    least = math.log(2 * math.pi * math.e * s**2) / 2
    for name, variance in lab["variances"](s).items():
        own, bound = lab["minus_log_p"](s, variance).item(), lab["bound"](s, variance).item()
        assert least - 1e-9 <= own <= bound + 1e-9
        if name == "right":
            assert bound - least < 0.011 * max(1, abs(s - 1))  # what is left is L_T


def test_beta_is_right_for_unit_variance_and_the_small_one_for_a_point(lab):
    assert torch.allclose(lab["variances"](1.0)["beta"], lab["variances"](1.0)["right"])
    point = lab["variances"](1e-9)
    assert torch.allclose(point["beta~"][2:], point["right"][2:])
    half = {name: lab["bound"](0.5, v) - lab["minus_log_p"](0.5, v) for name, v in lab["variances"](0.5).items()}
    assert half["right"] < half["beta"] < half["beta~"]  # "nearer to beta here"


def test_four_pairs_stand_for_all(lab, monkeypatch):
    """The bound by 200,000 draws is the same, and -log p is what sampling from the model shows."""
    variance = lab["variances"](0.5)["beta~"]
    exact, own = lab["bound"](0.5, variance).item(), lab["minus_log_p"](0.5, variance).item()
    monkeypatch.setitem(lab, "four_x", normal(200_000))
    monkeypatch.setitem(lab, "four_eps", normal(200_000, seed=1))
    assert lab["bound"](0.5, variance).item() == pytest.approx(exact, abs=0.015)
    x, ten = normal(200_000, seed=2), lab["ten"]
    for t in range(10, 0, -1):
        x = posterior(x, lab["best_guess"](x, t, 0.5), t, ten.beta, ten.alpha, ten.alpha_bar)[0]
        x = x + variance[t].sqrt() * normal(200_000, seed=2 + t)
    model = torch.distributions.Normal(0.0, x.std().item())
    assert -model.log_prob(0.5 * normal(200_000)).mean().item() == pytest.approx(own, abs=0.015)


def test_the_table_of_bounds_reads_as_the_text_says():
    rows = [[float(x) for x in line.split()] for line in printed("def variances(").splitlines()[2:]]
    assert [row[0] for row in rows] == [0.05, 0.5, 1.0]
    for s, least, right, right_bound, beta, beta_bound, small, small_bound in rows:
        assert right == right_bound == least  # "the three agree"
        assert least <= beta <= beta_bound and least <= small <= small_bound
        assert (beta_bound == least) == (s == 1) and (small_bound == least) == (s == 0.05)


# --- the weight of equation 12, and erratum 16


def check_weight(weight_of):
    """A weight times the squared error of the noise is the divergence of two steps of one variance, in 768 numbers."""
    x0, eps, wrong = normal(3, 16, 16), normal(3, 16, 16, seed=1), normal(3, 16, 16, seed=2)
    for t in (2, 40, 500):
        xt = SCHEDULE.perturb(x0[None], t, eps[None])[0]
        one, other = (
            mean_from_noise(xt, e, t, SCHEDULE.alpha_bar, lambda *given: posterior(*given, *TABLES))
            for e in (eps, wrong)
        )
        divergence = kl(one, SCHEDULE.beta[t], other, SCHEDULE.beta[t]).sum()
        assert (weight_of(t) * ((eps - wrong) ** 2).sum()).item() == pytest.approx(divergence.item(), rel=1e-6)


def weight(t):
    beta, alpha, alpha_bar = (table[t] for table in TABLES)
    return beta**2 / (2 * beta * alpha * (1 - alpha_bar))


def weight_by_the_norm_of_sigma(t):
    """Erratum 16: ||Sigma||^2 of Sigma = beta I, in 768 dimensions, where sigma^2 belongs."""
    return weight(t) * SCHEDULE.beta[t] / (768 * SCHEDULE.beta[t] ** 2)


def weight_with_the_square_of_beta_left_out(t):
    return weight(t) / SCHEDULE.beta[t] ** 2


def test_16_the_weight_holds_sigma_squared():
    check_weight(weight)
    for wrong in (weight_by_the_norm_of_sigma, weight_with_the_square_of_beta_left_out):
        with pytest.raises(AssertionError):
            check_weight(wrong)


def test_the_two_sides_of_equation_12_agree_for_both_variances():
    rows = [line.split() for line in printed("of_means / (2 * variance)").splitlines()[1:]]
    assert [row[:2] for row in rows] == [["2", "beta"], ["2", "beta~"], ["500", "beta"], ["500", "beta~"]]
    assert all(row[2] == row[3] for row in rows) and float(rows[1][4]) > 2 * float(rows[0][4])


def test_what_an_error_of_the_noise_is_in_picture_and_velocity():
    """The weights of the lab's figure: (1 - alpha_bar) / alpha_bar and 1 / alpha_bar."""
    xt, eps = normal(1, 3, 4, 4), normal(1, 3, 4, 4, seed=1)
    for t in (1, 100, 500):
        level = SCHEDULE.alpha_bar[t]
        pictures = [guesses(e, "noise", xt, t, SCHEDULE)[0] for e in (eps, eps + 1)]
        speeds = [level.sqrt() * e - (1 - level).sqrt() * x for x, e in zip(pictures, (eps, eps + 1), strict=True)]
        assert torch.allclose((pictures[1] - pictures[0]) ** 2, (1 - level) / level)
        assert torch.allclose((speeds[1] - speeds[0]) ** 2, 1 / level)
    assert "(1 - levels) / levels" in cell("bound_weight").source and "1 / levels," in cell("bound_weight").source


# --- the score


@pytest.mark.parametrize("t", [5, 150, 480])
def test_the_score_is_the_slope_of_the_log_density(t):
    points = normal(9, 2)
    x = (0.5 * normal(20, 2, seed=1)).requires_grad_()
    level = SCHEDULE.alpha_bar[t]
    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(torch.ones(9)),
        torch.distributions.Independent(
            torch.distributions.Normal(level.sqrt() * points, (1 - level).sqrt().expand(9, 2)), 1
        ),
    )
    (slope,) = torch.autograd.grad(mixture.log_prob(x).sum(), x)
    denoiser = IdealDenoiser(points.reshape(9, 2, 1, 1), SCHEDULE)
    eps = denoiser(x.detach().reshape(20, 2, 1, 1), torch.tensor([t / T])).reshape(20, 2)
    assert torch.allclose(score(eps, t, SCHEDULE.alpha_bar), slope, rtol=1e-4, atol=1e-6)


# --- the velocity


def test_the_velocity_is_that_of_diffusers_and_of_the_module():
    scheduler = DDPMScheduler(T, trained_betas=SCHEDULE.beta[1:].numpy(), clip_sample=False)
    x0, eps = normal(2, 3, 4, 4), normal(2, 3, 4, 4, seed=1)
    for t in (1, 150, 500):
        v = scheduler.get_velocity(x0.float(), eps.float(), torch.tensor([t - 1])).double()
        xt = SCHEDULE.perturb(x0, t, eps)
        for guessed in (from_velocity(v, xt, t, SCHEDULE.alpha_bar), guesses(v, "velocity", xt, t, SCHEDULE)):
            assert torch.allclose(guessed[0], x0, atol=1e-5) and torch.allclose(guessed[1], eps, atol=1e-5)


def test_the_text_is_right_on_the_end_of_the_cosine_schedule():
    """Ours leaves nothing at T; with beta cut off at 0.999, as in Nichol and Dhariwal, something is left."""
    cosine = NoiseSchedule.cosine(dtype=torch.float64)
    assert cosine.alpha_bar[-1] == 0 and (1 - cosine.beta[1:].clamp(max=0.999)).prod() > 0
    x0, eps = normal(1, 3, 4, 4), normal(1, 3, 4, 4, seed=1)
    assert torch.equal(cosine.perturb(x0, T, eps), eps)


# --- the decoder and the bits


@pytest.mark.parametrize(("mean", "sigma"), [(0.3, 0.2), (1.4, 0.05), (-0.99, 0.3), (0.0, 0.004)])
def test_the_decoder_is_the_area_over_each_bin(lab, mean, sigma):
    levels = torch.arange(256, dtype=torch.float64)
    ours = lab["decoder"](levels, torch.tensor(mean, dtype=torch.float64), torch.tensor(sigma, dtype=torch.float64))
    assert ours.sum().item() == pytest.approx(1)
    x = torch.linspace(-4, 4, 2_000_001, dtype=torch.float64)
    density = torch.exp(-((x - mean) ** 2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi)) * (x[1] - x[0])
    bins = ((x + 1) * 127.5).round().clamp(0, 255).long()
    areas = torch.zeros(256, dtype=torch.float64).index_add(0, bins, density)
    assert torch.allclose(ours, areas, atol=5e-4)  # a point of the grid


def test_the_bits_of_a_model_that_knows_nothing(lab):
    """A flat last bell gives each level nearly 1/256: 8 bits."""
    levels = torch.arange(1, 255, dtype=torch.float64)
    flat = lab["decoder"](levels, torch.tensor(0.0).double(), torch.tensor(50.0).double())
    assert torch.allclose(flat / flat.sum(), torch.full_like(flat, 1 / 254), rtol=1e-3)


def test_the_bits_are_as_the_text_says():
    lines = printed("parts = {").splitlines()
    rows = {line.split(":")[0] if ":" in line else line[4:27].strip(): line for line in lines}
    numbers = {name: float(re.findall(r"\d+\.\d+", line)[0]) for name, line in rows.items()}
    total = numbers["the bound"]
    terms = [number for name, number in numbers.items() if re.match(r"1 \(|T \(|\d+ to", name)]
    assert len(terms) == 6 and sum(terms) == pytest.approx(total, abs=0.004)
    assert 0.45 < numbers["1 (the decoder)"] / total < 0.55  # "half of all bits go to the last step"
    seen = sum(value for name, value in numbers.items() if name.startswith(("11", "51", "251")))
    assert 0.35 < seen < 0.7  # "half a bit"
    last, nine = numbers["1 (the decoder)"], numbers["2 to 10"]
    assert nine > 0.5 * (total - last)  # "most of the rest to the nine before it"
    assert numbers["a PNG file for each sprite"] < total < 8


# --- the appendix: T = 300


def check_strip(strip_of, levels):
    """Each level has its own variance 1 - alpha_bar_t (x0 = 0; 7,680 values, error 1.6 %), and its own picture."""
    schedule = NoiseSchedule(torch.cat([torch.ones(1), (1 - torch.linspace(1e-4, 0.02, 300)).cumprod(dim=0)]))
    for t, x in zip(levels, strip_of(torch.zeros(10, 3, 16, 16), levels), strict=True):
        assert x.var().item() == pytest.approx((1 - schedule.alpha_bar[t]).item(), rel=5 * 0.016)


def test_9_the_strip_noises_the_clean_picture(lab):
    levels = [33, 100, 200, 300]

    def right(x0, levels):
        return [lab["forward_sample"](x0, torch.full((10,), t), normal(*x0.shape, seed=t).float()) for t in levels]

    def of_the_noised(x, levels):
        strip = []
        for t in levels:
            x = lab["forward_sample"](x, torch.full((10,), t), normal(*x.shape, seed=t).float())
            strip.append(x)
        return strip

    check_strip(right, levels)
    left = [x.mean().item() for x in right(torch.ones(10, 3, 16, 16), levels)]
    assert left == pytest.approx([lab["d"].alpha_bar[t].sqrt().item() for t in levels], abs=0.06)
    with pytest.raises(AssertionError):
        check_strip(of_the_noised, levels)


def test_its_schedule_and_its_way_to_look_up(lab):
    d, gather = lab["d"], lab["get_index_from_list"]
    assert d.timesteps == 300
    assert torch.allclose(d.beta[1:], torch.linspace(1e-4, 0.02, 300), atol=1e-6)
    assert d.alpha_bar[-1].sqrt().item() == pytest.approx(0.22, abs=0.005)
    t = torch.tensor([300, 1, 77])
    assert gather(d.beta, t, torch.zeros(3, 3, 4, 4)).shape == (3, 1, 1, 1)
    assert gather(d.beta, t, torch.zeros(3, 2)).flatten().tolist() == d.beta[t].tolist()


def test_its_step_has_the_posteriors_mean_and_small_variance(lab):
    x = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))

    def seen(x, t):
        return torch.tanh(x * (0.5 + t.reshape(-1, 1, 1, 1) / 300))

    lab["unet"] = seen
    for t in (300, 120, 2, 1):
        torch.manual_seed(5)
        ours = lab["sample_timestep"](x, t)
        torch.manual_seed(5)
        expected = ddpm_step(
            x,
            t,
            t - 1,
            lambda xt, t: guesses(seen(xt, torch.tensor([t])), "noise", xt, t, lab["d"]),
            lab["d"],
            torch.default_generator,
            posterior=True,
        )
        assert torch.allclose(ours, expected, atol=5e-4), t  # 1 - alpha_bar_1 is 1e-4, in float32


def test_its_network_in_full_and_shrunk(lab):
    full = lab["SimpleUnet"]()
    assert [stage.conv2.out_channels for stage in full.downs] == [128, 256, 512, 1024]
    assert [stage.conv2.out_channels for stage in full.ups] == [512, 256, 128, 64]
    assert sum(weights.numel() for weights in full.parameters()) == 62_438_883
    with torch.inference_mode():
        for height in (16, 32):
            assert full(torch.zeros(2, 3, height, height), torch.tensor([1, 300])).shape == (2, 3, height, height)
    torch.manual_seed(0)
    small = lab["SimpleUnet"]((8, 16, 24)).eval()
    x = torch.randn(2, 3, 16, 16)
    early, late = (small(x, torch.full((2,), t)) for t in (1, 300))
    assert not torch.allclose(early, late)  # it hears the time
    for weights in small.ups[0].parameters():
        nn.init.zeros_(weights)
    one, other = small(x, torch.tensor([5, 5]))
    assert not torch.allclose(one, other)  # what differs comes by way of the skips alone


def test_its_network_written_out(lab):
    """Layer by layer, in functions: the time as sines and cosines of 1 to 1/10,000 radians a step, added in between."""
    network = lab["SimpleUnet"]((8, 16, 24), n_emb=12).eval()
    w, part = filled(network)

    def norm(x, name):
        return F.batch_norm(x, w[f"{name}.running_mean"], w[f"{name}.running_var"], *part(name))

    def stage(x, name, resize):
        hidden = norm(F.relu(F.conv2d(x, *part(f"{name}.conv1"), padding=1)), f"{name}.norm1")
        hidden = hidden + F.relu(F.linear(emb, *part(f"{name}.time")))[:, :, None, None]
        hidden = norm(F.relu(F.conv2d(hidden, *part(f"{name}.conv2"), padding=1)), f"{name}.norm2")
        return resize(hidden, *part(f"{name}.resize"), stride=2, padding=1)

    x, t = torch.randn(2, 3, 16, 16), torch.tensor([3, 250])
    angles = [[one * 10 ** (-4 * i / 5) for i in range(6)] for one in t.tolist()]
    emb = torch.tensor([[*map(math.sin, row), *map(math.cos, row)] for row in angles])
    emb = F.relu(F.linear(emb, *part("time.0")))
    first = F.conv2d(x, *part("first"), padding=1)
    half = stage(first, "downs.0", F.conv2d)
    quarter = stage(half, "downs.1", F.conv2d)
    hidden = stage(torch.cat([quarter, quarter], dim=1), "ups.0", F.conv_transpose2d)
    hidden = stage(torch.cat([hidden, half], dim=1), "ups.1", F.conv_transpose2d)
    expected = F.conv2d(hidden, *part("last"))
    assert torch.allclose(network(x, t), expected, rtol=1e-3, atol=1e-3 * expected.abs().mean().item())


def test_each_strip_has_the_same_start_and_leaves_chance_alone(lab):
    class Silent(nn.Module):
        def forward(self, x, t):
            assert not self.training  # else batch norm would take its statistics from what is drawn
            return 0 * x

    lab["unet"] = Silent()
    torch.manual_seed(11)
    before = torch.get_rng_state()
    one = lab["draw"](2)
    assert one.shape == (10, 2, 3, 16, 16) and torch.get_rng_state().equal(before)
    torch.rand(5)
    assert torch.equal(lab["draw"](2), one) and lab["unet"].training


def test_pictures_are_mirrored_each_by_itself(lab):
    x = transform(load_sprites("train")[0][:400])
    torch.manual_seed(0)
    turned = lab["mirrored"](x)
    same, flipped = ((turned == other).flatten(1).all(dim=1) for other in (x, x.flip(-1)))
    assert (same | flipped).all() and (flipped & ~same).sum() == pytest.approx(200, abs=60)


def test_the_training_of_the_lab_is_a_plain_loop(lab):
    """Levels from 1 to 300, in training mode, and a step after each batch; the noise is what is learned."""
    seen, drawn = [], []

    class Recorder(nn.Module):
        def __init__(self, widths):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(()))

        def forward(self, x, t):
            assert self.training
            seen.append((t, x.detach()))
            return self.weight + 0 * x

    names = lab | {"SimpleUnet": Recorder, "tiny": False, "x0": torch.zeros(640, 3, 16, 16), "display": lambda shown: 0}
    names |= {"draw": lambda n: drawn.append(n) or torch.zeros(10, n, 3, 16, 16), "bar": lambda steps, *rest: steps}
    exec(cell("# @title Training: L1").source, names)
    levels = torch.cat([t for t, _ in seen])
    assert len(seen) == 20 * 10 and levels.min() == 1 and levels.max() == 300  # of 12,800
    assert levels.float().mean().item() == pytest.approx(150.5, abs=4) and drawn == [1] * 4 + [24]
    noise = torch.cat([x for _, x in seen]) / (1 - names["d"].alpha_bar[levels]).sqrt()[:, None, None, None]
    assert noise.std().item() == pytest.approx(1, abs=0.01)
    assert names["optimizer"].state[names["unet"].weight]["step"] == 200
    assert names["total"] == pytest.approx(10 / 100 * math.sqrt(2 / math.pi), rel=0.01)  # the mean of |noise|


def test_the_parts_of_the_bound_are_all_of_it(lab, capsys):
    L = torch.linspace(0.1, 0.9, 499).tolist()
    names = lab | {"L0": 3.0, "L": L, "L_T": 5.0, "some": [np.zeros((16, 16, 3), np.uint8)]}
    exec(cell("# @title The bits").source, names)
    told = [float(x) for x in re.findall(r" (\d+\.\d+)(?: bits|$)", capsys.readouterr().out, re.M)]
    assert told[-2] == pytest.approx((8 + sum(L)) / math.log(2), abs=1e-3) == sum(told[:-2])
    assert told[2] == pytest.approx(sum(L[:9]) / math.log(2), abs=1e-3)  # t = 2 ... 10


# --- what the text repeats


def test_the_best_network_copies_and_is_lost_on_unseen_sprites():
    lines = printed("for name, network in ((").splitlines()
    losses = [[float(x) for x in re.findall(r"\d+\.\d{4}", line)] for line in lines[1:]]
    known, trained, unseen, trained_unseen = (np.array(row) for row in losses)
    assert (known <= trained).all() and (unseen[:3] > 10 * trained_unseen[:3]).all()
    assert (unseen[4:] < trained_unseen[4:]).all()  # "At t = 300 and 400 ... it even beats the trained network"
    assert (abs(trained_unseen / trained - 1) < 0.3).all()
