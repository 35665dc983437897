"""The exercises of Lab 6: right in other forms, and wrong in one thing, in none of the typical ways."""

import math

import torch
from torch.distributions import Normal, kl_divergence

from exercises.lab6 import from_velocity, kl, mean_from_noise, posterior, score


def by_curvatures(xt, x0, t, beta, alpha, alpha_bar):
    """The product of two bells: curvatures add, and the mean is weighted with them."""
    if t == 1:
        return x0, 0.0
    forward, backward = 1 / (1 - alpha_bar[t - 1]), alpha[t] / beta[t]
    mean = (forward * alpha_bar[t - 1].sqrt() * x0 + backward * xt / alpha[t].sqrt()) / (forward + backward)
    return mean, 1 / (forward + backward)


def in_float64(xt, x0, step, b, a, ab, clip=False):
    left, before, beta = (float(x) for x in (1 - ab[step], 1 - ab[step - 1], b[step]))
    mean = math.sqrt(1 - before) * beta / left * x0.double() + math.sqrt(1 - beta) * before / left * xt.double()
    return [mean, torch.tensor(before / left * beta)]


def as_in_lab_1(xt, eps, t, alpha_bar, posterior):
    alpha = alpha_bar[t] / alpha_bar[t - 1]
    return (xt - (1 - alpha) / (1 - alpha_bar[t]).sqrt() * eps) / alpha.sqrt()


def by_solving(v, xt, t, ab):
    x0 = ab[t] ** 0.5 * xt - (1 - ab[t]) ** 0.5 * v
    return x0, (xt - torch.sqrt(ab[t]) * x0) / torch.sqrt(1 - ab[t])


RIGHT = {
    "6.1": (by_curvatures, in_float64),
    "6.2": (
        lambda x, noise, t, ab, ask: ask(x, x / ab[t] ** 0.5 - (1 / ab[t] - 1).sqrt() * noise, t)[0].double(),
        as_in_lab_1,
    ),
    "6.3": (
        lambda m1, v1, m2, v2: kl_divergence(Normal(m1, v1.sqrt()), Normal(m2, v2.sqrt())),
        lambda m1, v1, m2, v2: (v2.log() - v1.log()) / 2 + (v1 + (m2 - m1).double().square()) / (2 * v2) - 0.5,
    ),
    "6.4": (
        lambda e, t, ab: e.double() * -((1 - float(ab[t])) ** -0.5),
        lambda noise, t, alpha_bar, how="exact": torch.rsqrt(1 - alpha_bar[t]).neg() * noise,
    ),
    "6.5": (by_solving, lambda v, xt, t, ab: [part.double() for part in from_velocity(v, xt, t, ab)]),
}

WRONG = [
    ("6.1", lambda *given: [by_curvatures(*given)[0], by_curvatures(*given)[1] + (given[2] == 1)]),
    ("6.1", lambda xt, x0, t, b, a, ab: (posterior(xt, x0, t, b, a, ab)[0], b[t] * (1 - ab[t - 1]))),
    ("6.1", lambda xt, x0, t, b, a, ab: posterior(xt, x0.clamp(-1, 1), t, b, a, ab)),
    ("6.2", lambda x, e, t, ab, back: mean_from_noise(x, e, t, ab, back).clamp(-1, 1)),
    ("6.2", lambda x, e, t, ab, back: back(x, x, t)[0] - mean_from_noise(x, e, t, ab, back)),
    ("6.3", lambda m1, v1, m2, v2: kl(m1, v1, m2, v2).clamp(max=1)),
    ("6.3", lambda m1, v1, m2, v2: kl(m1, v1, 0 * m2, v2)),
    ("6.4", lambda e, t, ab: score(e, t, ab).clamp(-2, 2)),
    ("6.4", lambda e, t, ab: score(e.abs(), t, ab)),
    ("6.5", lambda v, xt, t, ab: (from_velocity(v, xt, t, ab)[0].clamp(-1, 1), from_velocity(v, xt, t, ab)[1])),
    ("6.5", lambda v, xt, t, ab: (from_velocity(v, xt, t, ab)[0], 2 * from_velocity(v, xt, t, ab)[1])),
]
