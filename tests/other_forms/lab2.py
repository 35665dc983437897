"""The exercises of Lab 2: right in other forms, and wrong in one thing, in none of the typical ways."""

import numpy as np
import torch
from torch.nn import functional as F

from exercises import EXERCISES


def mix(x, t, noise, ab):
    level = ab.double()[t].reshape(len(x), 1, 1, 1)
    return torch.sqrt(level) * x + torch.sqrt(1 - level) * noise


def step_by_multinomial(network, optimizer, x, alpha_bar):
    T = alpha_bar.shape[0] - 1
    network.train()
    t = torch.multinomial(torch.ones(T), len(x), replacement=True) + 1
    noise = torch.normal(0.0, 1.0, x.shape)
    signal = alpha_bar[t].view(-1, 1, 1, 1)
    prediction = network(signal**0.5 * x + (1 - signal) ** 0.5 * noise, (t / T)[:, None, None, None])
    loss = ((prediction - noise) ** 2).mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    return float(loss.detach())


def step_with_numpy(network, optimizer, x, alpha_bar, *, scaler=None):
    T = len(alpha_bar) - 1
    t = torch.from_numpy(np.random.randint(1, T + 1, size=len(x)))
    noise = torch.from_numpy(np.random.standard_normal(tuple(x.shape))).float()
    signal = alpha_bar[t].reshape(-1, 1, 1, 1)
    loss = F.mse_loss(network(signal.sqrt() * x + (1 - signal).sqrt() * noise, t / T), noise)
    network.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def training_with(draw=lambda n, T: torch.randint(1, T + 1, (n,)), loss=lambda loss: loss, times=1, twice=False, ask=1):
    def training_step(network, optimizer, x, alpha_bar):
        T = len(alpha_bar) - 1
        t, noise = draw(len(x), T), torch.randn_like(x)
        for _ in range(ask):
            error = loss(F.mse_loss(network(mix(x, t, noise, alpha_bar).float(), t / T), noise))
        optimizer.zero_grad()
        for _ in range(1 + twice):
            error.backward(retain_graph=True)
        for _ in range(times):
            optimizer.step()
        return error.item()

    return training_step


RIGHT = {
    "2.1": (
        mix,
        lambda x, t, noise, ab: torch.stack(
            [ab[i] ** 0.5 * a + (1 - ab[i]) ** 0.5 * b for i, a, b in zip(t, x, noise, strict=True)]
        ),
    ),
    "2.2": (
        lambda f, scale, shift: f + torch.einsum("nchw,nc->nchw", f, scale) + shift.unsqueeze(-1).unsqueeze(-1),
        lambda f, scale, shift: torch.addcmul(shift.view(*shift.shape, 1, 1), f, 1 + scale.view(*scale.shape, 1, 1)),
    ),
    "2.3": (
        lambda a, b: torch.concat([a, b], -3),
        lambda a, b: torch.stack([*a.unbind(1), *b.unbind(1)], dim=1),
    ),
    "2.4": (
        lambda network, x, t, noise, ab: (
            (network(mix(x, t, noise, ab).float(), t / (ab.shape[0] - 1)) - noise) ** 2
        ).mean(),
        lambda model, x, t, noise, ab, weight=1.0: (
            weight * F.mse_loss(noise, model(mix(x, t, noise, ab).float(), (t / (len(ab) - 1)).view(-1, 1, 1, 1), None))
        ),
    ),
    "2.5": (step_by_multinomial, step_with_numpy, training_with()),
}

WRONG = [
    ("2.4", lambda network, x, t, noise, ab: EXERCISES["2.4"].ours(network, x, t, noise, ab).detach()),
    ("2.5", training_with(lambda n, T: (T * torch.rand(n) ** 2).ceil().clamp(min=1).long())),
    ("2.5", training_with(lambda n, T: torch.multinomial(torch.tensor([1.6, 1, 1, 1][:T]), n, replacement=True) + 1)),
    ("2.5", training_with(loss=lambda loss: 0.5 * loss)),
    ("2.5", training_with(loss=lambda loss: loss + 0.01)),
    ("2.5", training_with(times=2)),
    ("2.5", training_with(twice=True)),
    ("2.5", training_with(ask=2)),
]

DRAWS = ("2.5",)
