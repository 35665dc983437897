"""Noise schedule, training and sampling: the formulas, the promises about seeds and checkpoints, bad input."""

import copy
import math
import sys
from functools import partial
from itertools import pairwise
from unittest.mock import patch

import numpy as np
import pytest
import torch
import train as training_recipe
from torch import nn

import diffusion_utilities
from diffusion_utilities import (
    CLASSES,
    WEIGHTS,
    ContextUnet,
    NoiseSchedule,
    Unet,
    adam,
    augment,
    ddim_step,
    ddpm_step,
    drop_context,
    guesses,
    load_checkpoint,
    middle,
    muon,
    predict,
    sample,
    save_checkpoint,
    train,
    transform,
    uniform,
)
from keeping import _read_state
from recipes import Pushed, learn_from


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return ContextUnet(n_feat=8).eval()


def few_sprites(n=24):
    generator = np.random.RandomState(0)
    return generator.randint(0, 256, (n, 16, 16, 3)).astype(np.uint8), np.eye(5, dtype=np.float32)[
        generator.randint(0, 5, n)
    ]


def sees(eps, schedule=None):
    """Stands in for `predict` with a network that sees this noise, whatever it is shown."""
    schedule = schedule or NoiseSchedule(dtype=eps.dtype)

    def predict(xt, t):
        signal, noise = schedule.signal_and_noise(t, xt)
        return (xt - noise * eps) / signal, eps

    return predict


# --- noise schedule


@pytest.mark.parametrize("timesteps", [1, 300, 500, 1000])
def test_schedule_by_hand(timesteps):
    schedule = NoiseSchedule.linear(timesteps, dtype=torch.float64)
    product = 1.0
    for t in range(timesteps + 1):
        beta = 1e-4 + (0.02 - 1e-4) * t / timesteps if t else 0.0
        product *= 1 - beta
        assert schedule.beta[t].item() == pytest.approx(beta, rel=1e-11)
        assert schedule.alpha[t].item() == pytest.approx(1 - beta, rel=1e-12)
        assert schedule.alpha_bar[t].item() == pytest.approx(product, rel=1e-10)
    assert schedule.alpha_bar[0] == 1 and len(schedule.beta) == timesteps + 1


def test_the_courses_numbers_are_the_defaults():
    """Its `timesteps`, `beta1`, `beta2`, `n_epoch`, `batch_size`, `lrate`, and how often it drops the context."""
    assert NoiseSchedule().timesteps == NoiseSchedule.linear().timesteps == NoiseSchedule.cosine().timesteps == 500
    beta = NoiseSchedule.linear(dtype=torch.float64).beta
    assert beta[1].item() == pytest.approx(1e-4 + (0.02 - 1e-4) / 500) and beta[-1].item() == pytest.approx(0.02)
    recorder = Recorder()
    train(recorder, *few_sprites(250), augmented=False)
    assert [len(x) for x, _, _ in recorder.seen] == 32 * [100, 100]
    dropped = torch.cat([(c == 0).all(dim=1) for _, _, c in recorder.seen]).float().mean()
    assert dropped.item() == pytest.approx(0.1, abs=0.008)  # of 6,400: two deviations, always the same draws
    assert adam(recorder).param_groups[0]["lr"] == 1e-3


def test_schedule_in_float32_is_the_float64_one_rounded():
    ours, exact = NoiseSchedule(), NoiseSchedule(dtype=torch.float64)
    for name in ("beta", "alpha", "alpha_bar"):
        assert torch.equal(getattr(ours, name), getattr(exact, name).float())


def test_schedule_has_not_the_courses_extra_factor():
    """Erratum 14: the course's product starts at alpha_0 = 1 - beta1."""
    schedule = NoiseSchedule(dtype=torch.float64)
    course = torch.cumsum((1 - torch.linspace(1e-4, 0.02, 501, dtype=torch.float64)).log(), 0).exp()
    assert torch.allclose(course[1:] / schedule.alpha_bar[1:], torch.tensor(1 - 1e-4, dtype=torch.float64))


def test_schedule_moves_as_one():
    schedule = NoiseSchedule().to("meta")
    assert {buffer.device.type for buffer in schedule.buffers()} == {"meta"} and len(list(schedule.buffers())) == 3


def test_perturb_is_equation_4():
    schedule, x0, eps = NoiseSchedule(), torch.randn(3, 3, 4, 4), torch.randn(3, 3, 4, 4)
    t = torch.tensor([0, 7, 500])
    xt = schedule.perturb(x0, t, eps)
    assert torch.equal(xt[0], x0[0])
    for i, step in enumerate(t.tolist()):
        alpha_bar = schedule.alpha_bar[step].item()
        expected = math.sqrt(alpha_bar) * x0[i] + math.sqrt(1 - alpha_bar) * eps[i]
        assert torch.allclose(xt[i], expected, atol=1e-6)
        assert torch.equal(schedule.perturb(x0[i : i + 1], step, eps[i : i + 1]), xt[i : i + 1])


def test_noised_pictures_keep_their_dtype():
    for dtype in (torch.bfloat16, torch.float16, torch.float32, torch.float64):
        x = torch.ones(2, 3, 4, 4, dtype=dtype)
        assert NoiseSchedule().perturb(x, torch.tensor([1, 500]), x).dtype == dtype


def test_many_small_steps_are_one_jump():
    """x_t = sqrt(alpha_t) x_(t-1) + sqrt(beta_t) eps, 200 times (DDPM, equation 2), against equation 4."""
    schedule, generator = NoiseSchedule(), torch.Generator().manual_seed(0)
    x0 = x = torch.full((60, 3, 16, 16), 0.7)
    for t in range(1, 201):
        eps = torch.randn(x.shape, generator=generator)
        x = schedule.alpha[t].sqrt() * x + schedule.beta[t].sqrt() * eps
    jump = schedule.perturb(x0, 200, torch.randn(x.shape, generator=generator))
    error = math.sqrt((1 - schedule.alpha_bar[200].item()) / x.numel())  # of a mean of 46,080 values; five of them
    assert x.mean().item() == pytest.approx(0.7 * schedule.alpha_bar[200].sqrt().item(), abs=5 * error)
    assert x.mean().item() == pytest.approx(jump.mean().item(), abs=5 * math.sqrt(2) * error)
    relative = math.sqrt(2 / x.numel())  # of a variance
    assert x.var().item() == pytest.approx(1 - schedule.alpha_bar[200].item(), rel=5 * relative)
    assert jump.var().item() == pytest.approx(1 - schedule.alpha_bar[200].item(), rel=5 * relative)


@pytest.mark.parametrize("bad", [{"timesteps": 0}, {"beta1": 0.0}, {"beta1": 0.3, "beta2": 0.2}, {"beta2": 1.0}])
def test_schedules_that_make_no_sense(bad):
    with pytest.raises(ValueError, match=r"timesteps is 0|expected 0 < beta1"):
        NoiseSchedule.linear(**bad)


def test_cosine_is_equation_17():
    """Nichol and Dhariwal 2021, from their f(t) = cos^2((t / T + s) / (1 + s) * pi / 2), s = 0.008."""
    schedule = NoiseSchedule.cosine(400, dtype=torch.float64)
    f = [math.cos((t / 400 + 0.008) / 1.008 * math.pi / 2) ** 2 for t in range(401)]
    for t in (0, 1, 100, 399):
        assert schedule.alpha_bar[t].item() == pytest.approx(f[t] / f[0], rel=1e-12)
    assert schedule.alpha_bar[-1] == 0 and schedule.beta[-1] == 1
    assert schedule.beta[200].item() == pytest.approx(1 - f[200] / f[199], rel=1e-9)


@pytest.mark.parametrize("offset", [0, -0.1, float("nan")])
def test_a_cosine_without_its_offset_is_refused(offset):
    with pytest.raises(ValueError, match=f"offset is {offset}; expected a number above 0"):
        NoiseSchedule.cosine(offset=offset)


@pytest.mark.parametrize("bad", [[1.0], [0.9, 0.5], [1.0, 0.5, 0.5], [1.0, 0.4, 0.5], [1.0, -0.1], [[1.0, 0.5]]])
def test_alpha_bar_must_fall_from_one(bad):
    with pytest.raises(ValueError, match="expected numbers for t = 0 ... T that fall from 1"):
        NoiseSchedule(bad)


def test_times_of_noise_levels():
    coarse, fine = NoiseSchedule.linear(500), NoiseSchedule.cosine(1000)
    assert torch.equal(coarse.time_of(coarse.exact[1:]), torch.arange(1, 501) / torch.tensor(500.0).double())
    t = torch.arange(30, 900)
    there = fine.exact[t]
    back = np.interp(-coarse.time_of(there) * 500, -np.arange(501)[::-1], np.sqrt(coarse.exact).numpy()[::-1])
    assert np.abs(back - there.sqrt().numpy()).max() < 1e-4
    for level in (0.001, 0.99999):
        with pytest.raises(ValueError, match=r"from 0.9999 to 0.006289 were trained; asked for"):
            coarse.time_of(torch.tensor([level]))


def test_times_between_steps_go_by_the_angle():
    """Where alpha_bar = cos^2 of an angle that rises evenly, a level at a part of a step is that part of it away."""
    angle = torch.linspace(0, 1.5, 11, dtype=torch.float64)
    schedule = NoiseSchedule(angle.cos().square())
    between = torch.tensor([1.25, 4.5, 9.9], dtype=torch.float64)
    assert torch.allclose(schedule.time_of((between * 0.15).cos().square()), between / 10, atol=1e-9)


# --- predictions


class Knows(nn.Module):
    """A network that gives exactly the noise, the picture or the velocity of x_t. It notes the time that it is told."""

    in_channels, n_cfeat, h = 3, 5, 16

    def __init__(self, predicts, x0, eps, t, schedule):
        super().__init__()
        self.predicts, self.schedule, self.told = predicts, schedule, None
        signal, noise = schedule.alpha_bar[t].sqrt(), (1 - schedule.alpha_bar[t]).sqrt()
        self.answer = nn.Parameter({"noise": eps, "x0": x0, "velocity": signal * eps - noise * x0}[predicts])

    def forward(self, x, t, c=None):
        self.told = t
        return self.answer


@pytest.mark.parametrize("predicts", ["x0", "velocity"])
@pytest.mark.parametrize(
    "step", [ddpm_step, partial(ddpm_step, posterior=True), ddim_step, partial(ddim_step, eta=1.0)]
)
def test_a_schedule_may_end_in_pure_noise(predicts, step):
    schedule = NoiseSchedule.cosine(100, dtype=torch.float64)
    x0, eps = torch.randn(2, 2, 3, 16, 16, dtype=torch.float64)
    network = Knows(predicts, x0, eps, 100, schedule)
    x = step(eps, 100, 60, partial(predict, network, schedule=schedule), schedule, torch.Generator().manual_seed(0))
    signal, noise = schedule.alpha_bar[60].sqrt(), (1 - schedule.alpha_bar[60]).sqrt()
    z = torch.randn(x.shape, generator=torch.Generator().manual_seed(0), dtype=x.dtype)
    if step is not ddim_step:  # x_T has forgotten x0 wholly, so all the noise at 60 is fresh
        assert torch.allclose(x, signal * x0 + noise * z if step is not ddpm_step else signal * x0 + z)
    else:
        assert torch.allclose(x, signal * x0 + noise * eps)


class Affine(nn.Module):
    """Sees noise that depends on picture, time and context; counts how often it is asked."""

    in_channels, h, n_cfeat = 3, 16, 2

    def __init__(self, predicts="noise"):
        super().__init__()
        self.predicts, self.asked, self.none = predicts, 0, nn.Parameter(torch.zeros(0))

    def forward(self, x, t, c=None):
        self.asked += 1
        return torch.tanh(x) * t[:, None, None, None] + (c * torch.tensor([1.0, -2.0]))[:, :1, None, None]


@pytest.mark.parametrize("predicts", ["noise", "x0", "velocity"])
@pytest.mark.parametrize("scale", [-1, 0, 1, 1.5, 8])
def test_guidance_is_equation_6_of_its_paper(predicts, scale):
    """(1 + w) told - w without, in the noise, whatever the network predicts; and the picture fits to that noise."""
    network, schedule = Affine(predicts), NoiseSchedule()
    xt, c = torch.randn(4, 3, 16, 16), torch.tensor([[1.0, 0], [0, 1], [0.5, 0], [0, 0]])
    told, without = (predict(network, xt, 300, schedule, context)[1] for context in (c, None))
    network.asked = 0
    x0, eps = predict(network, xt, 300, schedule, c, scale)
    assert network.asked == (1 if scale in (0, 1) else 2)
    w = scale - 1
    assert torch.allclose(eps, (1 + w) * told - w * without, atol=1e-5)
    assert torch.allclose(schedule.perturb(x0, 300, eps), xt, atol=1e-5)
    assert torch.equal(eps[3], without[3])  # which asks for nothing


def test_sampling_with_guidance():
    """Every step asks so strongly; a function of t/T may say how strongly at which noise level."""
    asked, network = [], Affine()

    def step(xt, t, t_prev, predict, schedule, generator):
        asked.append(predict(xt, t)[1])
        return xt

    c, how = torch.tensor([1.0, 0]), {"steps": 4, "step": step, "seed": 0, "progress": False}
    ways = 1, 3, lambda time: 3 if time <= 0.5 else 1
    for guidance in ways:
        sample(network, 2, context=c, guidance=guidance, **how)
    plain, strong, partly = asked[:4], asked[4:8], asked[8:]
    assert all(torch.allclose(b - a, 2 * torch.ones(1)) for a, b in zip(plain, strong, strict=True))
    assert [torch.equal(a, b) for a, b in zip(partly, plain, strict=True)] == [
        True,
        True,
        False,
        False,
    ]  # 500, 375, 250
    told = []
    sample(network, 2, context=c, guidance=lambda time: told.append(time) or 1, times=[250, 125, 0], progress=False)
    assert told == [0.5, 0.25]  # of T, wherever sampling begins
    x = sample(network, 2, context=c, guidance=1.0, steps=4, seed=0, progress=False)[0]
    assert torch.equal(x, sample(network, 2, context=c, steps=4, seed=0, progress=False)[0])


def test_predictions_that_say_nothing():
    schedule = NoiseSchedule.cosine(10)
    network = Knows("noise", *torch.randn(2, 1, 3, 4, 4), 5, schedule)
    with pytest.raises(ValueError, match="cannot tell the picture where nothing but noise is left"):
        predict(network, torch.randn(1, 3, 4, 4), 10, schedule)
    network.predicts = "nose"
    with pytest.raises(ValueError, match="predicts is 'nose'; expected"):
        predict(network, torch.randn(1, 3, 4, 4), 5, schedule)


def test_a_network_is_told_its_own_time():
    """Sampled by another schedule, at the time of its own training at which there was as much noise; or not at all."""
    own, other = NoiseSchedule(), NoiseSchedule.cosine(1000)
    x0, eps = torch.randn(2, 1, 3, 16, 16)
    network = Knows("noise", x0, eps, 250, own)
    predict(network, eps, 500, other)
    assert own.alpha_bar[round(500 * network.told.item())].item() == pytest.approx(
        other.alpha_bar[500].item(), abs=3e-3
    )
    sample(network, 1, schedule=other, times=[900, 500, 20, 0], progress=False)
    with pytest.raises(ValueError, match="Sample with the schedule of the training, or give times within it"):
        sample(network, 1, schedule=NoiseSchedule.linear(1000), progress=False)


# --- sampling


def test_ddpm_step_is_line_4_of_algorithm_2():
    schedule = NoiseSchedule(dtype=torch.float64)
    x, eps = torch.randn(2, 3, 4, 4, dtype=torch.float64), torch.randn(2, 3, 4, 4, dtype=torch.float64)
    for t in (1, 2, 100, 500):
        z = torch.randn(x.shape, generator=torch.Generator().manual_seed(t), dtype=x.dtype) if t > 1 else 0
        beta, alpha_bar = 1e-4 + 0.0199 * t / 500, schedule.alpha_bar[t].item()
        expected = (x - beta / math.sqrt(1 - alpha_bar) * eps) / math.sqrt(1 - beta) + math.sqrt(beta) * z
        step = ddpm_step(x, t, t - 1, sees(eps, schedule), schedule, torch.Generator().manual_seed(t))
        assert torch.allclose(step, expected, atol=1e-12, rtol=0)


def test_a_respaced_step_is_a_step_of_the_shorter_schedule():
    """From t to t_prev at once: a schedule with these two entries has alpha = alpha_bar_t / alpha_bar_t_prev."""
    schedule = NoiseSchedule(dtype=torch.float64)
    x, eps = torch.randn(2, 3, 4, 4, dtype=torch.float64), torch.randn(2, 3, 4, 4, dtype=torch.float64)
    for t, t_prev in ((500, 480), (30, 7), (9, 0)):
        alpha = (schedule.alpha_bar[t] / schedule.alpha_bar[t_prev]).item()
        mean = (x - (1 - alpha) / math.sqrt(1 - schedule.alpha_bar[t]) * eps) / math.sqrt(alpha)
        variance = (1 - alpha) if t_prev else 0
        for posterior in (False, True):
            if posterior:
                variance *= ((1 - schedule.alpha_bar[t_prev]) / (1 - schedule.alpha_bar[t])).item()
            z = torch.randn(x.shape, generator=torch.Generator().manual_seed(5), dtype=x.dtype)
            step = ddpm_step(x, t, t_prev, sees(eps, schedule), schedule, torch.Generator().manual_seed(5), posterior)
            assert torch.allclose(step, mean + math.sqrt(variance) * z, atol=1e-12, rtol=0)


def test_ddim_step_is_equation_12():
    schedule = NoiseSchedule(dtype=torch.float64)
    x, eps = torch.randn(2, 3, 4, 4, dtype=torch.float64), torch.randn(2, 3, 4, 4, dtype=torch.float64)
    for t, t_prev in ((500, 480), (30, 7), (2, 1), (9, 0)):
        a, a_prev = schedule.alpha_bar[t].item(), schedule.alpha_bar[t_prev].item()
        for eta in (0.0, 0.3, 1.0):
            sigma = eta * math.sqrt((1 - a_prev) / (1 - a)) * math.sqrt(1 - a / a_prev)
            expected = math.sqrt(a_prev) * (x - math.sqrt(1 - a) * eps) / math.sqrt(a)
            expected += math.sqrt(1 - a_prev - sigma**2) * eps
            expected += sigma * torch.randn(x.shape, generator=torch.Generator().manual_seed(5), dtype=x.dtype)
            step = ddim_step(x, t, t_prev, sees(eps, schedule), schedule, torch.Generator().manual_seed(5), eta)
            assert torch.allclose(step, expected, atol=1e-12, rtol=0)


def test_a_guess_of_another_shape_is_named_before_what_was_expected():
    x, schedule = torch.zeros(2, 3, 4, 4), NoiseSchedule()
    wrong = torch.zeros(2, 3, 4, 5)
    message = r"is .*\(2, 3, 4, 5\).*; expected \(2, 3, 4, 4\)"
    for pair, step in (((wrong, x), ddpm_step), ((wrong, x), ddim_step), ((x, wrong), ddim_step)):
        with pytest.raises(ValueError, match=message):
            step(x, 5, 4, lambda xt, t, pair=pair: pair, schedule)
    with pytest.raises(ValueError, match=message):
        guesses(wrong, "noise", x, 5, schedule)


def test_ddim_without_fresh_noise_leaves_chance_alone():
    x, generator = torch.zeros(1, 3, 4, 4), torch.Generator().manual_seed(0)
    before = generator.get_state()
    ddim_step(x, 5, 4, lambda xt, t: (xt, xt), NoiseSchedule(), generator)
    assert generator.get_state().equal(before)


def test_ddim_at_eta_1_is_ddpm_with_the_posteriors_variance():
    schedule = NoiseSchedule(dtype=torch.float64)
    x, eps = torch.randn(2, 3, 4, 4, dtype=torch.float64), torch.randn(2, 3, 4, 4, dtype=torch.float64)
    for t, t_prev in ((500, 480), (2, 1), (9, 0)):
        arguments = x, t, t_prev, sees(eps, schedule), schedule
        ddim = ddim_step(*arguments, torch.Generator().manual_seed(5), eta=1.0)
        ddpm = ddpm_step(*arguments, torch.Generator().manual_seed(5), posterior=True)
        assert torch.allclose(ddim, ddpm, atol=1e-12, rtol=0)


@pytest.mark.parametrize("steps", [1, 7, 25, 30, 240, 300, 499, 500])
def test_any_number_of_steps(network, steps):
    """Erratum 3: the course steps by T // n, which takes other numbers of steps and ends at a negative index."""
    taken = []

    def note(xt, t, t_prev, predict, schedule, generator):
        taken.append((t, t_prev))
        return xt

    sample(network, 1, step=note, steps=steps, progress=False)
    assert len(taken) == steps and taken[0][0] == 500 and taken[-1][1] == 0
    assert all(t > t_prev >= 0 for t, t_prev in taken)
    assert all(one[1] == other[0] for one, other in pairwise(taken))
    course = list(range(500, 0, -(500 // steps)))
    wrong = len(course) != steps or course[-1] - 500 // steps < 0
    assert wrong == (500 % steps != 0)


def test_times_may_be_given(network):
    """For instance from half-way; and what they pass is what the rule is asked for."""
    taken = []

    def note(xt, t, t_prev, predict, schedule, generator):
        taken.append((t, t_prev))
        return xt

    sample(network, 1, step=note, times=torch.tensor([300, 40, 3, 0]), progress=False)
    assert taken == [(300, 40), (40, 3), (3, 0)]
    for times in ([501, 0], [300, 1], [0], [300, 300, 0], [20, 40, 0]):
        with pytest.raises(ValueError, match="expected whole numbers that fall from at most 500 to 0"):
            sample(network, 1, times=times)


class SecondOrder:
    """DDIM whose noise is led on from the last two predictions (Adams and Bashforth): it remembers one of them."""

    def __init__(self):
        self.last = None

    def __call__(self, xt, t, t_prev, predict, schedule, generator):
        x0, eps = predict(xt, t)
        led_on = eps if self.last is None else 1.5 * eps - 0.5 * self.last
        self.last = eps
        signal, noise = schedule.signal_and_noise(t_prev, xt)
        return signal * x0 + noise * led_on


def test_a_rule_may_remember_for_the_length_of_one_call(network):
    how = {"steps": 4, "start": torch.randn(2, 3, 16, 16), "progress": False}
    once, again = (sample(network, 2, step=step, **how)[0] for step in (SecondOrder, partial(SecondOrder)))
    kept = SecondOrder()
    assert torch.equal(once, again) and torch.equal(once, sample(network, 2, step=kept, **how)[0])
    assert not torch.equal(once, sample(network, 2, step=kept, **how)[0])  # what is kept is not forgotten


@pytest.mark.parametrize("steps", [0, -1, 501])
def test_steps_out_of_range(network, steps):
    with pytest.raises(ValueError, match=f"steps is {steps}; expected 1 to 500"):
        sample(network, 1, steps=steps)


def test_ddim_is_deterministic_from_its_start(network):
    start = torch.randn(2, 3, 16, 16)
    once, again = (sample(network, 2, step=ddim_step, steps=5, start=start, seed=s, progress=False)[0] for s in (1, 2))
    assert torch.equal(once, again)


def test_a_start_of_the_same_seed_is_not_taken_for_fresh_noise_again(network):
    """Else the first step's fresh noise would be the start itself, and its variance 1.3 in place of 1."""
    start = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(7))
    given, drawn = (sample(network, 2, steps=3, start=x, seed=7, progress=False)[0] for x in (start, None))
    assert torch.equal(given, drawn)


def test_ddpm_samples_a_gaussian_exactly():
    """For data N(m, s^2) the best noise prediction is known; from q(x_T), mean and spread must come back."""
    mean, std, schedule = 0.4, 0.25, NoiseSchedule()

    class Ideal(nn.Module):
        in_channels, n_cfeat, h = 3, 5, 16

        def __init__(self):
            super().__init__()
            self.anchor = nn.Parameter(torch.zeros(()))

        def forward(self, x, t, c=None):
            alpha_bar = schedule.alpha_bar[(t * schedule.timesteps).round().long()].view(-1, 1, 1, 1)
            return (1 - alpha_bar).sqrt() * (x - alpha_bar.sqrt() * mean) / (alpha_bar * std**2 + 1 - alpha_bar)

    start = torch.randn(64, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    start = schedule.perturb(
        mean + std * start, 500, torch.randn(start.shape, generator=torch.Generator().manual_seed(1))
    )
    x, frames = sample(Ideal(), 64, start=start, seed=2, progress=False)
    # 49,152 values: the standard error of the mean is 0.0011, of the deviation 0.0008; five of them.
    assert x.mean().item() == pytest.approx(mean, abs=0.006)
    assert x.std().item() == pytest.approx(std, abs=0.006)
    kept = [t for t in range(500, 0, -1) if t % 20 == 0 or t < 8]
    assert len(frames) == len(kept)
    for t, frame in zip(kept, frames, strict=True):  # the variance along the way is that of the forward process
        alpha_bar = schedule.alpha_bar[t - 1].item()
        assert frame.var().item() == pytest.approx(alpha_bar * std**2 + 1 - alpha_bar, rel=0.04)


def test_frames_and_shapes(network):
    x, frames = sample(network, 3, seed=0, progress=False)
    assert x.shape == (3, 3, 16, 16) and frames.shape == (25 + 7, 3, 3, 16, 16)
    assert torch.equal(frames[-1], x)
    short = NoiseSchedule.linear(9)
    assert len(sample(network, 1, schedule=short, seed=0, save_rate=4, progress=False)[1]) == 1 + 1 + 7
    assert sample(network, 1, schedule=short, save_rate=None, progress=False)[1].shape == (0, 1, 3, 16, 16)


def test_the_last_frame_is_the_result_however_few_are_kept():
    how = {"save_rate": 200, "seed": 0, "progress": False}
    x, frames = sample(ContextUnet(n_feat=8), 1, times=[500, 100, 0], **how)
    assert len(frames) == 2 and frames[-1].equal(x)
    frames = sample(ContextUnet(n_feat=8), 1, times=[499, 498, 420, 100, 0], **how)[1]
    assert len(frames) == 3  # the first, of 499, though it passes no multiple; of 420; the last


def test_a_network_is_asked_in_eval_mode():
    """Else batch norm would take its means from what is drawn, and keep them."""
    network = ContextUnet(n_feat=8).train()
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    seen = []
    network.register_forward_pre_hook(lambda module, given: seen.append(module.training))
    sample(network, 2, schedule=NoiseSchedule.linear(3), seed=0, progress=False)
    assert seen == [False] * 3 and network.training
    assert all(buffer.equal(before[name]) for name, buffer in network.named_buffers())


def test_same_seed_same_sprites_and_mode_restored(network):
    short = NoiseSchedule.linear(10)
    network.train()
    once, again, other = (sample(network, 2, schedule=short, seed=s, progress=False)[0] for s in (1, 1, 2))
    assert network.training
    network.eval()
    assert torch.equal(once, again) and not torch.equal(once, other)
    fresh = [sample(network, 2, schedule=short, progress=False)[0] for _ in range(2)]
    assert not torch.equal(*fresh)


def test_contexts(network):
    short = NoiseSchedule.linear(5)

    def draw(context):
        return sample(network, 2, schedule=short, seed=0, context=context, progress=False)[0]

    assert torch.allclose(draw(None), draw(torch.zeros(2, 5)), atol=1e-4)
    assert torch.equal(draw([0, 1, 0, 0, 0]), draw(torch.eye(5)[[1, 1]]))
    for one, other in pairwise(map(draw, torch.eye(5))):  # contexts of one shape: no rounding differs
        assert not torch.equal(one, other)
    for wrong in (torch.zeros(2, 4), torch.zeros(3, 5), torch.zeros(1, 5)):
        with pytest.raises(ValueError, match=r"context has shape .*expected \(2, 5\)"):
            draw(wrong)
    with pytest.raises((ValueError, RuntimeError), match=r"expected \(2, 5\)"):
        draw(torch.zeros(4))


def test_samples_may_be_learned_from(network):
    """They are plain tensors: what one does with them afterwards may ask for gradients."""
    x, frames = sample(network, 2, steps=2, progress=False)
    weights = torch.ones(3, 16, 16, requires_grad=True)
    assert not x.requires_grad and not frames.requires_grad
    ((x * weights).sum() + (frames[-1] * weights).sum()).backward()
    assert weights.grad.abs().sum() > 0


def test_many_samples_are_predicted_in_parts(network):
    start, context = torch.randn(70, 3, 16, 16), torch.rand(70, 5)
    batches = []
    hook = network.register_forward_hook(lambda _, inputs, __: batches.append(len(inputs[0])))
    how = {"step": ddim_step, "steps": 3, "progress": False}
    x, _ = sample(network, 70, start=start, context=context, **how)
    hook.remove()
    assert batches == 3 * [64, 6]
    for part in (slice(0, 5), slice(62, 70)):
        alone, _ = sample(network, len(x[part]), start=start[part], context=context[part], **how)
        assert torch.allclose(x[part], alone, atol=1e-4)


def test_parts_and_memory_layout_change_nothing_in_float64():
    torch.manual_seed(0)
    network = ContextUnet(n_feat=8).eval().double()
    start = x = torch.randn(70, 3, 16, 16, dtype=torch.float64)
    times = [500, 333, 167, 0]
    with torch.inference_mode():
        for t, t_prev in pairwise(times):
            eps = network(x, torch.tensor([t / 500], dtype=torch.float64))
            x = ddim_step(x, t, t_prev, sees(eps, NoiseSchedule()), NoiseSchedule())
    fast = copy.deepcopy(network).to(memory_format=torch.channels_last)
    ours, _ = sample(fast, 70, start=start, step=ddim_step, steps=3, progress=False)
    assert ours.dtype == torch.float64 and torch.allclose(ours, x, rtol=0, atol=1e-10)


def test_training_in_half_precision_learns_nearly_the_same():
    losses = {}
    for precision in ("no", "bf16"):
        torch.manual_seed(0)
        losses[precision] = train(
            ContextUnet(n_feat=8), *few_sprites(100), epochs=10, batch_size=20, mixed_precision=precision
        )
    assert losses["bf16"] != losses["no"] and losses["bf16"] == pytest.approx(losses["no"], rel=0.05)


@pytest.mark.parametrize("precision, dtype", [("bf16", torch.bfloat16), ("fp16", torch.float16)])
@pytest.mark.parametrize("name", ["model_trained", "course"])
def test_mixed_precision_draws_nearly_the_same(name, precision, dtype):
    shipped = load_checkpoint(WEIGHTS / f"{name}.safetensors")
    kernel = next(layer for layer in shipped.modules() if isinstance(layer, nn.Conv2d))
    formats = []
    kernel.register_forward_hook(lambda _, __, out: formats.append(out.dtype))
    how = {"step": ddim_step, "steps": 10, "seed": 0, "progress": False}
    plain, mixed, again = (sample(shipped, 8, mixed_precision=p, **how)[0] for p in ("no", precision, precision))
    assert formats == 10 * [torch.float32] + 20 * [dtype]
    assert mixed.dtype == plain.dtype == torch.float32 and torch.equal(mixed, again)
    each = (mixed - plain).square().mean(dim=(1, 2, 3)).sqrt()
    assert each.median() < 0.15  # of a range of 2; now and then a sprite tips over to another


def test_a_precision_that_is_none(network):
    with pytest.raises(ValueError, match="mixed_precision is 'fp8'; expected one of no, bf16, fp16"):
        sample(network, 1, mixed_precision="fp8")


@pytest.mark.parametrize("n_sample", [0, -3])
def test_no_samples(network, n_sample):
    with pytest.raises(ValueError, match=f"n_sample is {n_sample}"):
        sample(network, n_sample)


def test_start_of_another_shape(network):
    with pytest.raises(ValueError, match="start has shape"):
        sample(network, 2, start=torch.zeros(1, 3, 16, 16))


# --- training


class Recorder(nn.Module):
    """A network that learns next to nothing and writes down what it was given."""

    in_channels, h, n_cfeat = 3, 16, 5

    def __init__(self):
        super().__init__()
        self.scale, self.seen = nn.Parameter(torch.zeros(())), []

    def forward(self, x, t, c):
        self.seen.append((x.detach().clone(), t.clone(), c.clone()))
        return x * self.scale


def test_training_is_a_plain_loop():
    """`train` against Algorithm 1 written out, to rounding."""
    sprites, labels = few_sprites()
    torch.manual_seed(0)
    ours, plain = ContextUnet(n_feat=8), ContextUnet(n_feat=8)
    plain.load_state_dict(ours.state_dict())
    losses = train(ours, sprites, labels, epochs=3, batch_size=8, augmented=False, ema_decay=0, seed=3)

    schedule, optimizer = NoiseSchedule(), torch.optim.Adam(plain.parameters(), 1e-3)
    shuffle, generator = torch.Generator(), torch.Generator()
    data = torch.utils.data.TensorDataset(transform(sprites), torch.from_numpy(labels))
    expected = []
    for epoch in range(3):
        shuffle.manual_seed(3 * 100_003 + epoch)
        generator.manual_seed(3 * 100_003 + epoch)
        optimizer.param_groups[0]["lr"] = 1e-3 * (1 - epoch / 3)
        of_epoch = []
        for x0, c in torch.utils.data.DataLoader(data, 8, shuffle=True, generator=shuffle):
            t = torch.randint(1, 501, (8,), generator=generator)
            eps = torch.randn(x0.shape, generator=generator)
            c = c * (torch.rand(8, 1, generator=generator) >= 0.1)
            a = schedule.alpha_bar[t].view(-1, 1, 1, 1)
            loss = ((plain(a.sqrt() * x0 + (1 - a).sqrt() * eps, t / 500, c) - eps) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            of_epoch.append(loss.item())
        expected.append(np.mean(of_epoch))
    assert losses == pytest.approx(expected, rel=1e-3)
    for key, value in plain.state_dict().items():
        if key.endswith("weight"):  # a bias before a norm has no gradient but rounding, and Adam makes a step of it
            assert (ours.state_dict()[key] - value).abs().mean() < 1e-5, key


def test_batches_are_whole_and_the_network_is_in_training_mode():
    network, seen = ContextUnet(n_feat=8).eval(), []
    network.register_forward_pre_hook(lambda module, given: seen.append((len(given[0]), module.training)))
    losses = train(network, *few_sprites(10), epochs=2, batch_size=4)
    assert seen == [(4, True)] * 4 and len(losses) == 2 and not network.training


@pytest.mark.parametrize("precision, expected", [("no", False), ("bf16", True)])
def test_the_network_runs_in_the_number_format_that_was_asked_for(precision, expected):
    network, seen = Unet(n_feat=8, n_wide=8), []
    network.first.register_forward_pre_hook(lambda module, given: seen.append(torch.is_autocast_enabled("cpu")))
    train(network, *few_sprites(8), epochs=1, batch_size=8, mixed_precision=precision)
    assert seen == [expected]


@pytest.mark.parametrize("timesteps", [1, 4, 10])
def test_middle_is_logit_normal(timesteps):
    """logit(t / T) is normal around -0.2 before it is rounded up: so likely is each t (Esser et al. 2024, 3.1)."""
    t = middle(100_000, timesteps, torch.Generator().manual_seed(0))
    edges = torch.special.ndtr(torch.linspace(0, 1, timesteps + 1).logit() + 0.2)
    shares = torch.bincount(t, minlength=timesteps + 1)[1:] / len(t)
    assert t.min() >= 1 and torch.allclose(shares, edges.diff(), atol=0.008)  # five deviations of 0.0016


def test_all_steps_are_drawn_alike_and_contexts_dropped_by_sample():
    sprites, labels = few_sprites(40)
    recorder = Recorder()
    train(recorder, sprites, labels, epochs=500, batch_size=40, augmented=False, schedule=NoiseSchedule.linear(10))
    t = torch.cat([t for _, t, _ in recorder.seen]) * 10
    counts = torch.bincount(t.round().long(), minlength=11)
    assert counts[0] == 0 and len(counts) == 11  # 20,000 draws of 1 ... 10: 2,000 each, deviation 42
    assert (counts[1:] - 2_000).abs().max() < 5 * 42
    dropped = torch.stack([(c.sum(dim=1) == 0).float() for _, _, c in recorder.seen])
    assert dropped.mean().item() == pytest.approx(0.1, abs=5 * math.sqrt(0.09 / 20_000))
    assert dropped.mean(dim=1).max() < 1  # never the whole batch
    x = recorder.seen[0][0]
    assert x.shape == (40, 3, 16, 16)


class Opposite(nn.Module):
    """A teacher who predicts -x / 2; with batch norm, whose statistics a training would move."""

    def __init__(self):
        super().__init__()
        self.norm, self.share = nn.BatchNorm2d(3), nn.Parameter(torch.tensor(0.5))

    def forward(self, x, t, c):
        return 0 * self.norm(x) - self.share * x


def test_a_teacher_is_learned_in_place_of_the_noise():
    pupil, teacher = Recorder(), Opposite()
    settings = {"epochs": 10, "batch_size": 8, "ema_decay": 0, "optimizer": partial(adam, lr=0.05)}
    losses = train(pupil, *few_sprites(40), target=learn_from(teacher, NoiseSchedule()), **settings)
    assert losses[-1] < 0.02 * losses[0] and pupil.scale.item() == pytest.approx(-0.5, abs=0.1)
    assert (teacher.norm.running_mean == 0).all() and teacher.share.grad is None


def test_the_loss_falls_and_the_average_follows():
    sprites, labels = few_sprites(20)
    torch.manual_seed(0)
    network = ContextUnet(n_feat=8)
    seen = []
    losses = train(
        network,
        sprites,
        labels,
        epochs=12,
        batch_size=10,
        after_epoch=lambda e, average, losses: seen.append((e, len(losses))),
    )
    assert seen == [(epoch, epoch + 1) for epoch in range(12)]
    assert losses[-1] < 0.9 * losses[0] and not network.training
    moved = network.init_conv.conv1[1].running_mean
    assert moved.abs().max() > 0  # erratum 12: BatchNorm's statistics are averaged too
    assert network.init_conv.conv1[1].num_batches_tracked == 24


@pytest.mark.parametrize("decay", [0, 0.9, 0.999])
def test_the_average_remembers_less_while_there_is_little(decay):
    """d = (1 + n) / (10 + n) after n steps, at most `decay`: for 0.999 up to the 8,990th."""
    rule = diffusion_utilities._ema(decay)
    for n in (0, 1, 50, 99, 100, 500, 8_989, 8_992, 10**6):
        new = rule(torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64), torch.tensor(n))
        assert new.item() == pytest.approx(1 - min(decay, (1 + n) / (10 + n)), rel=1e-6)


def test_the_average_takes_in_weights_and_the_statistics_of_batch_norm():
    """After each step d old + (1 - d) new, d = (1 + n) / (10 + n), for every tensor; and it is what is shown."""
    network, raw, shown = ContextUnet(n_feat=8), [], []

    def note(epoch, average, losses):
        raw.append({name: value.clone() for name, value in network.state_dict().items()})
        shown.append({name: value.clone() for name, value in average.state_dict().items()})
        assert network.training and not average.training

    train(network, *few_sprites(8), epochs=4, batch_size=8, after_epoch=note)
    expected = raw[0]
    for n in range(1, 4):
        d = (1 + n) / (10 + n)
        for name, new in raw[n].items():
            expected[name] = d * expected[name] + (1 - d) * new if new.is_floating_point() else new
        for name, value in shown[n].items():
            assert torch.allclose(value, expected[name], atol=1e-6), name
    assert all(value.equal(shown[-1][name]) for name, value in network.state_dict().items())


def test_average_is_the_exponential_one():
    average = diffusion_utilities._ema(0.9)
    old = torch.zeros(())
    for count in range(1, 200):
        old = average(old, torch.ones(()), torch.tensor(count))
        assert 0 <= old <= 1
    assert old.item() == pytest.approx(1, abs=1e-4)
    assert average(torch.zeros(()), torch.ones(()), torch.tensor(10_000)).item() == pytest.approx(0.1)
    assert average(torch.zeros(()), torch.ones(()), torch.tensor(0)).item() == pytest.approx(0.9)
    assert average(torch.tensor(3), torch.tensor(5), torch.tensor(7)).item() == 5


@pytest.mark.parametrize("optimizer", [adam, muon])
def test_stopped_and_continued_equals_unbroken(tmp_path, optimizer):
    sprites, labels = few_sprites()
    settings = {"epochs": 4, "batch_size": 8, "optimizer": optimizer}

    def fresh():
        torch.manual_seed(0)
        return ContextUnet(n_feat=8)

    def stop(epoch, network, losses):
        if epoch == 1:
            raise KeyboardInterrupt

    unbroken, broken = fresh(), fresh()
    losses = train(unbroken, sprites, labels, **settings)
    with pytest.raises(KeyboardInterrupt):
        train(broken, sprites, labels, **settings, folder=tmp_path, after_epoch=stop)
    torch.manual_seed(99)
    continued = ContextUnet(n_feat=8)
    assert train(continued, sprites, labels, **settings, folder=tmp_path) == pytest.approx(losses, rel=1e-5)
    for key, value in unbroken.state_dict().items():
        assert torch.allclose(continued.state_dict()[key].float(), value.float(), atol=1e-5), key
    assert {path.name for path in tmp_path.iterdir()} - {"lock"} == {"state.safetensors"}  # older filelock removes it


def test_muon_moves_the_inner_kernels_at_its_own_rate_and_all_rates_fall():
    network = ContextUnet(n_feat=8)
    optimizer = muon(network, 1e-3, 0.05)
    inner, rest = optimizer.param_groups
    assert (inner["lr"], rest["lr"]) == (0.05, 1e-3)
    assert {id(w) for w in [*inner["params"], *rest["params"]]} == {id(w) for w in network.parameters()}
    assert all(w.ndim == 4 for w in inner["params"])
    outer = [network.init_conv.conv1[0].weight, network.out[3].weight]  # from and to colours
    assert {id(w) for w in outer} <= {id(w) for w in rest["params"]}
    assert sum(w.numel() for w in inner["params"]) > 0.9 * sum(w.numel() for w in network.parameters())

    rates = []

    def note(self, closure=None):
        rates.append([group["lr"] for group in self.param_groups])

    with patch.object(type(optimizer), "step", autospec=True, side_effect=note):
        train(network, *few_sprites(8), epochs=4, batch_size=8, optimizer=partial(muon, lr=2e-3, muon_lr=0.03))
        assert rates == pytest.approx(np.outer([1, 0.75, 0.5, 0.25], [0.03, 2e-3]))
        rates.clear()
        train(network, *few_sprites(8), epochs=4, batch_size=8, optimizer=muon, rate=lambda part: part / 2)
        assert rates == pytest.approx(np.outer([0, 0.125, 0.25, 0.375], [0.02, 4e-3]))


def test_muon_moves_kernels_evenly_in_all_directions_and_the_rest_as_torchs_adam():
    torch.manual_seed(0)
    network = Unet(n_feat=8, n_wide=8)
    optimizer = muon(network)
    rest = {id(weights) for weights in optimizer.param_groups[1]["params"]}
    before = [weights.detach().clone() for weights in network.parameters() if id(weights) not in rest]
    theirs = [weights.detach().clone().requires_grad_() for weights in network.parameters() if id(weights) in rest]
    oracle = torch.optim.Adam(theirs, lr=4e-3, betas=(0.9, 0.99))
    for step in range(3):
        for weights in network.parameters():
            weights.grad = torch.randn(weights.shape, generator=torch.Generator().manual_seed(step))
        for weights, of in zip(theirs, (w for w in network.parameters() if id(w) in rest), strict=True):
            weights.grad = of.grad.clone()
        optimizer.step(), oracle.step()
        if step == 0:  # Jordan et al. 2024: a step has singular values near 1, times the rate
            after = [weights for weights in network.parameters() if id(weights) not in rest]
            moves = [(new - old).detach().flatten(1) for new, old in zip(after, before, strict=True)]
            sizes = torch.cat([torch.linalg.svdvals(move) for move in moves]) / 0.02
            assert sizes.min() > 0.6 and sizes.max() < 1.2
    for weights, of in zip(theirs, (w for w in network.parameters() if id(w) in rest), strict=True):
        assert torch.allclose(weights, of, atol=1e-6)


def test_a_network_trained_in_half_precision_samples_in_full():
    network, fresh = ContextUnet(n_feat=8), ContextUnet(n_feat=8)
    train(network, *few_sprites(8), epochs=1, batch_size=8, mixed_precision="bf16")
    fresh.load_state_dict(network.state_dict())
    x, t = torch.randn(4, 3, 16, 16), torch.rand(4)
    with torch.inference_mode():
        assert torch.allclose(network(x, t), fresh.eval()(x, t), atol=1e-5)


def test_train_again_with_another_precision():
    sprites, labels = few_sprites(8)
    for precision in ("no", "bf16", "no"):
        losses = train(ContextUnet(n_feat=8), sprites, labels, epochs=1, batch_size=8, mixed_precision=precision)
        assert np.isfinite(losses).all()


def test_levels_are_drawn_from_all_or_more_from_the_middle():
    generator = torch.Generator().manual_seed(0)
    each = uniform(100_000, 10, generator).bincount(minlength=11)[1:] / 100_000
    assert torch.allclose(each, torch.full((10,), 0.1), atol=0.004)
    t = middle(100_000, 500, generator)
    assert t.dtype == torch.long and t.min() >= 1 and t.max() <= 500
    z = ((t - 0.5) / 500).logit()  # normal again
    assert z.mean().item() == pytest.approx(-0.2, abs=0.02) and z.std().item() == pytest.approx(1, abs=0.02)


def test_levels_are_those_of_the_seed():
    for levels in (uniform, middle):
        one, again, other = (levels(99, 500, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
        assert one.equal(again) and not one.equal(other)


def test_no_context_is_dropped_with_probability_0_whatever_chance_gives():
    c = torch.ones(4, 5)
    with patch.object(torch, "rand", lambda *shape, **how: torch.zeros(shape)):
        assert drop_context(c, 0).equal(c) and not drop_context(c, 0.1).any()


def test_training_takes_the_levels_that_it_is_told():
    recorder = Recorder()
    drawn = []

    def levels(n, timesteps, generator):
        drawn.append(uniform(n, timesteps, generator) // 2 + 1)
        return drawn[-1]

    train(recorder, *few_sprites(40), epochs=3, batch_size=20, levels=levels)
    told = [t for _, t, _ in recorder.seen]
    assert len(told) == len(drawn[1:]) == 6  # the first are drawn to tell one function from another
    assert all(torch.allclose(a, b / 500) for a, b in zip(told, drawn[1:], strict=True))


def test_a_training_that_could_not_be_sampled_is_refused():
    network = ContextUnet(n_feat=8)
    with pytest.raises(ValueError, match='give it predicts = "velocity" or "x0" before it is trained'):
        train(network, *few_sprites(8), epochs=1, batch_size=8, schedule=NoiseSchedule.cosine(10))
    network.predicts = "velocity"
    train(network, *few_sprites(8), epochs=1, batch_size=8, schedule=NoiseSchedule.cosine(10))
    assert sample(network, 1, progress=False)[0].isfinite().all()


def test_any_optimizer_will_do():
    rates = []

    class Slow(torch.optim.SGD):
        def step(self, *args):
            rates.append(self.param_groups[0]["lr"])
            return super().step(*args)

    train(
        Recorder(), *few_sprites(8), epochs=4, batch_size=8, optimizer=lambda network: Slow(network.parameters(), 0.4)
    )
    assert rates == pytest.approx([0.4, 0.3, 0.2, 0.1])


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """weights/train.py, on few sprites and with small networks, writing into a folder of its own."""
    monkeypatch.setattr(training_recipe, "WEIGHTS", tmp_path)
    monkeypatch.setattr(training_recipe, "load_sprites", lambda split: few_sprites(100))
    monkeypatch.setattr(training_recipe, "Unet", partial(Unet, n_feat=8, n_wide=8))
    monkeypatch.setattr(training_recipe, "save_grid", lambda network, path, **how: path.touch())
    return training_recipe


def run_recipe(recipe, monkeypatch, folder, *arguments):
    """Run it, and return the settings with which it called `train`."""
    calls = []
    monkeypatch.setattr(recipe, "train", lambda *args, **settings: calls.append(settings) or train(*args, **settings))
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments, "--precision", "no"])
    recipe.main()
    assert len(_read_state(folder / "state.safetensors")["optimizer"]["param_groups"]) == 2  # Muon's and Adam's
    return calls


def test_the_recipe_writes_what_the_labs_read(recipe, tmp_path, monkeypatch):
    torch.manual_seed(0)
    fresh = Unet(n_feat=8, n_wide=8)
    taught, saved, folder = [], [], tmp_path / "run"

    def save(network, path):
        saved.append((path.stem, len((folder / "loss.csv").read_text(encoding="utf-8").split()) - 1))
        save_checkpoint(network, path)

    monkeypatch.setattr(recipe, "save_checkpoint", save)
    monkeypatch.setattr(recipe, "learn_from", lambda *given: taught.extend(given) or learn_from(*given))
    first, second = run_recipe(recipe, monkeypatch, folder, "--epochs", "16", "--run", str(folder))
    assert (first["optimizer"], first["epochs"], first["drop"], first["levels"]) == (
        muon,
        16,
        0.3,
        middle,
    ) and "target" not in first
    assert (second["optimizer"].keywords, second["epochs"]) == ({"lr": 1e-3, "muon_lr": 5e-3}, 2)
    views = ["epoch_0", "epoch_4", "epoch_8", "epoch_31"]
    assert saved == [*zip(views, [1, 2, 4, 16], strict=True), ("model_trained", 16)]
    written = {path.name for path in tmp_path.iterdir()}
    weights = {f"{name}.safetensors" for name in (*views, "model_trained")}
    assert written == {"run", "loss.csv", "loss.png", "samples.png", *weights}
    assert len((tmp_path / "loss.csv").read_text(encoding="utf-8").split()) == 1 + 16
    networks = [load_checkpoint(tmp_path / f"{name}.safetensors") for name in (*views, "model_trained")]
    assert all(network.classes == list(CLASSES) and network.arguments == fresh.arguments for network in networks)
    teacher, _ = taught
    assert torch.equal(teacher.weak.first.weight, networks[0].first.weight)
    averaged = _read_state(folder / "state.safetensors")["average"]
    assert torch.equal(teacher.good.first.weight, averaged["module.first.weight"])
    assert not torch.equal(networks[0].last[2].weight, fresh.last[2].weight)  # the first step moves nothing before it
    for before, after in pairwise([fresh, *networks[2:]]):
        for name, weights in after.named_parameters():
            assert (weights - before.get_parameter(name)).abs().mean() > 1e-6, name


def test_autoguidance_pushes_on():
    good, weak = Unet(n_feat=8), ContextUnet(n_feat=8)
    good.schedule, weak.schedule = NoiseSchedule(), NoiseSchedule()
    pushed = Pushed(good, weak, weight=0.5)
    assert sample(pushed, 2, context=torch.zeros(5), steps=4, progress=False)[0].shape == (2, 3, 16, 16)
    good.forward, weak.forward = lambda x, t, c: 3 * x + c, lambda x, t, c: x if c is None else x + c
    x, t = torch.ones(4, 3, 1, 1), torch.tensor([0.08, 0.1, 0.6, 0.62])
    assert pushed(x, t, 1)[:, 0, 0, 0].tolist() == [4, 5.5, 5.5, 4]  # 4 + 0.5 (4 - 1)
    assert torch.equal(pushed(x, t[:1], 1), 4 * x) and torch.equal(pushed(x, t[1:2], 1), 5.5 * x)
    assert torch.equal(pushed(x, t.reshape(4, 1, 1, 1), 1), pushed(x, t, 1))


def test_autoguidance_asks_both_networks_at_the_very_step_and_the_weak_one_only_where_it_pushes():
    good, weak, told = Unet(n_feat=8), Unet(n_feat=8), {"good": [], "weak": []}
    good.schedule = weak.schedule = NoiseSchedule()
    for name, network in (("good", good), ("weak", weak)):
        network.forward = lambda x, t, c, name=name: told[name].append(t) or x
    pushed, steps = Pushed(good, weak), torch.arange(1, 501)
    for time in steps / 500:
        pushed(torch.zeros(1, 3, 1, 1), time)
    assert torch.allclose(torch.cat(told["good"]) * 500, steps.float(), atol=1e-2)
    assert torch.allclose(torch.cat(told["weak"]) * 500, steps[49:300].float(), atol=1e-2)


def test_augmented_by_default():
    sprites, labels = few_sprites(8)
    sprites[:] = 255
    sprites[:, 6:10, 6:10] = 0
    recorder = Recorder()
    train(recorder, sprites, labels, epochs=1, batch_size=8, schedule=NoiseSchedule.linear(1, 1e-6, 1e-6))
    grounds = recorder.seen[0][0][:, :, 0, 0]
    assert grounds.std() > 0.008 and grounds.min() > 0.94
    assert augment(transform(sprites)).shape == (8, 3, 16, 16)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 9}, "batch_size is 9; expected 1 to 8"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"epochs": 0}, "epochs is 0; expected a whole number, at least 1"),
        ({"optimizer": partial(adam, lr=-1e-3)}, "lr = -0.001"),
        ({"optimizer": partial(adam, lr=10.0)}, "lr = 10"),
        ({"optimizer": partial(muon, muon_lr=0.0)}, "muon_lr = 0"),
        ({"after_epoch": 3}, "after_epoch is 3"),
        ({"optimizer": partial(muon, lr=2.0)}, "lr = 2"),
    ],
)
def test_settings_that_make_no_sense(settings, message):
    with pytest.raises(ValueError, match=message):
        train(ContextUnet(n_feat=8), *few_sprites(8), **{"batch_size": 8, **settings})


def test_sprites_and_labels_of_different_lengths():
    with pytest.raises(ValueError, match="8 sprites but 5 labels"):
        train(ContextUnet(n_feat=8), few_sprites(8)[0], few_sprites(5)[1], batch_size=4)


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_state(tmp_path):
    sprites, labels = few_sprites(8)
    network = ContextUnet(n_feat=8)

    def poison(epoch, average, losses):
        with torch.no_grad():
            network.out[3].bias.fill_(float("nan"))

    with pytest.raises(FloatingPointError, match="loss is nan in epoch 1"):
        train(network, sprites, labels, epochs=3, batch_size=4, folder=tmp_path, after_epoch=poison)
    assert network.init_conv.conv1[1].num_batches_tracked == 2  # the steps before the one that went wrong
    state = _read_state(tmp_path / "state.safetensors")
    assert len(state["losses"]) == 1 and all(v.isfinite().all() for v in state["network"].values())
