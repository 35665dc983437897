"""Oracles that know the right answer without us: the diffusers library, and the best denoiser there can be."""

import copy
import math
from functools import partial

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler

from diffusion_utilities import NoiseSchedule, ddim_step, ddpm_step, load_sprites, sample, transform
from recipes import SAMPLERS
from scoring import IdealDenoiser

SCHEDULE = NoiseSchedule(dtype=torch.float64)
PAIRS = [(500, 499), (500, 480), (251, 250), (20, 0), (17, 4), (1, 0), (500, 0)]


def seen(xt, t):
    """The noise that a stand-in for a network sees: smooth, and different at each t."""
    return torch.tanh(xt * (0.5 + t / 500)) + 0.1


def predict(xt, t):
    """Its guesses of picture and noise."""
    signal, noise = SCHEDULE.signal_and_noise(t, xt)
    return (xt - noise * seen(xt, t)) / signal, seen(xt, t)


def picture(seed=0):
    return torch.randn(2, 3, 16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def theirs(kind, alpha_bar, **settings):
    """A scheduler of diffusers with our table: its entry t - 1 is our t, it knows no entry for t = 0.

    It builds its table in float32 from betas; we put ours in. `fixed_large` is the variance beta, `fixed_small` the
    posterior's. `clip_sample` would cut the predicted x0 to -1 ... 1, which neither paper does.
    """
    scheduler = kind(num_train_timesteps=len(alpha_bar), clip_sample=False, **settings)
    scheduler.alphas_cumprod = alpha_bar.clone()
    scheduler.alphas = alpha_bar / torch.cat([torch.ones(1, dtype=torch.float64), alpha_bar[:-1]])
    scheduler.betas = 1 - scheduler.alphas
    scheduler.one = scheduler.final_alpha_cumprod = torch.ones((), dtype=torch.float64)
    return scheduler


def of_pair(kind, t, t_prev, **settings):
    """A scheduler whose table holds only t_prev and t: one step of it goes from t to t_prev."""
    alpha_bar = SCHEDULE.alpha_bar[[t] if t_prev == 0 else [t_prev, t]]
    return theirs(kind, alpha_bar, **settings)


def test_schedule():
    scheduler = DDPMScheduler(500, trained_betas=SCHEDULE.beta[1:].numpy(), clip_sample=False)
    assert torch.allclose(scheduler.alphas_cumprod.double(), SCHEDULE.alpha_bar[1:], rtol=1e-5)
    scheduler = theirs(DDPMScheduler, SCHEDULE.alpha_bar[1:])
    assert torch.allclose(scheduler.betas, SCHEDULE.beta[1:], rtol=0, atol=1e-12)
    x, eps, t = picture(), picture(1), torch.tensor([3, 400])
    assert torch.allclose(scheduler.add_noise(x, eps, t - 1), SCHEDULE.perturb(x, t, eps), rtol=0, atol=1e-10)


@pytest.mark.parametrize(("t", "t_prev"), PAIRS)
@pytest.mark.parametrize("posterior", [False, True])
def test_ddpm_step(t, t_prev, posterior):
    scheduler = of_pair(DDPMScheduler, t, t_prev, variance_type="fixed_small" if posterior else "fixed_large")
    ours = ddpm_step(picture(), t, t_prev, predict, SCHEDULE, torch.Generator().manual_seed(1), posterior)
    entry = len(scheduler.alphas_cumprod) - 1
    expected = scheduler.step(seen(picture(), t), entry, picture(), torch.Generator().manual_seed(1)).prev_sample
    assert torch.allclose(ours, expected, atol=1e-10, rtol=0)


@pytest.mark.parametrize(("t", "t_prev"), PAIRS)
@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
def test_ddim_step(t, t_prev, eta):
    scheduler = of_pair(DDIMScheduler, t, t_prev)
    entry = len(scheduler.alphas_cumprod) - 1
    scheduler.set_timesteps(len(scheduler.alphas_cumprod))
    ours = ddim_step(picture(), t, t_prev, predict, SCHEDULE, torch.Generator().manual_seed(1), eta)
    noise = torch.Generator().manual_seed(1)
    expected = scheduler.step(seen(picture(), t), entry, picture(), eta=eta, generator=noise).prev_sample
    assert torch.allclose(ours, expected, atol=1e-10, rtol=0)


@pytest.mark.parametrize("kind", ["beta", "posterior", "ddim"])
def test_each_step_of_a_trajectory(kind):
    types = {"beta": "fixed_large", "posterior": "fixed_small"}
    settings = {} if kind == "ddim" else {"variance_type": types[kind]}
    scheduler = theirs(DDIMScheduler if kind == "ddim" else DDPMScheduler, SCHEDULE.alpha_bar[1:], **settings)
    scheduler.set_timesteps(500)
    ours = x = picture()
    mine, noise = torch.Generator().manual_seed(2), torch.Generator().manual_seed(2)
    for t in range(500, 0, -1):
        x = scheduler.step(seen(x, t), t - 1, x, generator=noise).prev_sample
        if kind == "ddim":
            ours = ddim_step(ours, t, t - 1, predict, SCHEDULE, mine)
        else:
            ours = ddpm_step(ours, t, t - 1, predict, SCHEDULE, mine, kind == "posterior")
        assert torch.allclose(ours, x, atol=1e-10, rtol=1e-10), t


# --- the ideal denoiser


@pytest.fixture(scope="module")
def subset():
    """500 train sprites and their classes, in unequal shares."""
    sprites, labels = load_sprites("train")
    chance = labels @ np.array([0.1, 0.3, 0.1, 0.4, 0.1])
    chosen = np.random.RandomState(0).choice(len(sprites), 500, replace=False, p=chance / chance.sum())
    return transform(sprites[chosen]), torch.from_numpy(labels[chosen].argmax(axis=1))


def test_ideal_denoiser_by_hand():
    """Two pictures, one value each: the logistic function of their distance."""
    pair = torch.tensor([1.0, -1.0], dtype=torch.float64).reshape(2, 1, 1, 1)
    schedule = NoiseSchedule(dtype=torch.float64)
    xt, t = torch.tensor([[[[0.3]]]], dtype=torch.float64), torch.tensor([200 / 500])
    a = schedule.alpha_bar[200]
    weight = 1 / (1 + torch.exp(-2 * a.sqrt() * 0.3 / (1 - a)))
    expected = (0.3 - a.sqrt() * (2 * weight - 1)) / (1 - a).sqrt()
    assert IdealDenoiser(pair, schedule)(xt, t).item() == pytest.approx(expected.item(), rel=1e-10)


def test_ideal_denoiser_of_each_picture_at_its_own_time(subset):
    """Of many at once, what it says of one alone, at any step, whatever rounding makes of t/T; and in float64."""
    denoiser, t = IdealDenoiser(subset[0][:50]), torch.arange(1, 501)
    x = torch.randn(500, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    together = denoiser(x, t / 500)
    for at in (0, 6, 57, 250, 252, 499):  # 251 / 500 and 253 / 500, times 500, are a bit less than whole in float32
        exact = denoiser(x[at : at + 1], torch.tensor([(at + 1) / 500], dtype=torch.float64))
        assert torch.allclose(together[at], exact[0].float(), rtol=1e-3, atol=1e-3)
    assert denoiser.n_cfeat == 5 and not any(weights.requires_grad for weights in denoiser.parameters())
    in_double = copy.deepcopy(denoiser).double()(x[:4].double(), t[:4] / 500)
    assert torch.allclose(in_double.float(), together[:4], rtol=1e-3, atol=1e-3) and in_double.dtype == torch.float64


@pytest.mark.parametrize("steps", [5, 50, 150])
@pytest.mark.parametrize("step", [*SAMPLERS.values(), partial(ddim_step, eta=0.5)])
def test_every_sampler_lands_on_the_sprites(subset, step, steps):
    x0, classes = subset
    schedule, generator = NoiseSchedule(), torch.Generator().manual_seed(0)
    chosen = torch.randint(len(x0), (400,), generator=generator)
    start = schedule.perturb(x0[chosen], 500, torch.randn(400, 3, 16, 16, generator=generator))
    x, _ = sample(IdealDenoiser(x0), 400, start=start, step=step, steps=steps, seed=0, save_rate=None)
    distances = torch.cdist(x.flatten(1), x0.flatten(1)) / math.sqrt(3 * 16 * 16)
    rms, nearest = distances.min(dim=1)
    assert (rms < 0.01).float().mean() >= (0.97 if steps == 5 else 1)

    expected = torch.bincount(classes, minlength=5) / len(classes) * 400
    seen = torch.bincount(classes[nearest], minlength=5)
    chi2 = ((seen - expected) ** 2 / expected).sum()
    p = torch.special.gammaincc(torch.tensor(2.0), chi2 / 2)  # four degrees of freedom
    assert p > 0.001, f"{seen.tolist()} in place of {expected.tolist()}"
