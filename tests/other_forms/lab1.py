"""The exercises of Lab 1: right in other forms, and wrong in one thing, in none of the typical ways."""

import math

import numpy as np
import torch


def loop_downwards(pictures, model, one_step, steps, verbose=False):
    t = steps
    while t:
        z = torch.randn(pictures.shape) if t != 1 else 0
        pictures = one_step(pictures, t, model(pictures, torch.tensor([t / steps])), z)
        t -= 1
    return pictures


def loop_in_place(x, network, step, T):
    x = x.clone()
    with torch.no_grad():
        for t in reversed(range(1, T + 1)):
            z = torch.empty_like(x).normal_()
            if t == 1:
                z.zero_()
            x.copy_(step(x, t, network(x, torch.full((len(x), 1, 1, 1), t / T), None), z))
    return x


def loop_with(T_=0, **changed):
    def loop(x, network, step, T):
        before, first = x, x
        for t in range(T + T_, 0, -1):
            z = torch.randn_like(x) if t > 1 else torch.zeros_like(x)
            given = {"t": t, "x": x, "eps": network(changed.get("shown", lambda x, first: x)(x, first), t / T), "z": z}
            given |= {name: change(given[name], first) for name, change in changed.items() if name in given}
            before, x = x, step(given["x"], given["t"], given["eps"], given["z"])
        return changed.get("back", lambda x, before: x)(x, before)

    return loop


RIGHT = {
    "1.1": (
        lambda beta: [1 - beta.double(), torch.exp(torch.cumsum(torch.log(1 - beta.double()), 0))],
        lambda b, start=1.0: (a := 1 - b, torch.stack([start * a[: i + 1].prod() for i in range(len(a))])),
    ),
    "1.2": (
        lambda x, t, eps, alpha_bar: x / alpha_bar[t] ** 0.5 - (1 / alpha_bar[t] - 1).sqrt() * eps,
        lambda pictures, step, e, ab, clip=None: (
            (pictures.double() - e * math.sqrt(1 - ab[step])) * float(ab[step]) ** -0.5
        ),
    ),
    "1.3": (
        lambda t, beta, alpha, alpha_bar: torch.stack(
            [alpha[t] ** -0.5, beta[t] / torch.sqrt(1 - alpha_bar[t]), beta[t] ** 0.5]
        ),
        lambda t, b, a, ab: [float(a[t]) ** -0.5, np.float64((1 - a[t]) / math.sqrt(1 - ab[t])), math.sqrt(b[t])],
    ),
    "1.4": (loop_downwards, loop_in_place, loop_with()),
}

WRONG = [
    ("1.4", loop_with(z=lambda z, first: 0.9 * z)),
    ("1.4", loop_with(z=lambda z, first: (0.9375**0.5 * z + 0.25) * (z != 0))),
    ("1.4", loop_with(z=lambda z, first: z + 0.2)),
    ("1.4", loop_with(z=lambda z, first: z[:, :1, :1, :1])),
    ("1.4", loop_with(t=lambda t, first: t - 1)),
    ("1.4", loop_with(x=lambda x, first: first)),
    ("1.4", loop_with(shown=lambda x, first: first)),
    ("1.4", loop_with(eps=lambda eps, first: -eps)),
    ("1.4", loop_with(back=lambda x, before: before)),
    ("1.4", loop_with(T_=1)),
]

DRAWS = ("1.4",)
