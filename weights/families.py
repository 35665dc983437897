"""Four kinds of models learn one set of points: `python weights/families.py`, a minute on one core.

The points lie in eight blobs on a ring. A GAN, a VAE, a flow and a diffusion model, each of a few small layers, learn
them, each in the steps that take it about ten seconds. families.csv beside this file has 500 points of each, and of the
set itself, for Lab 7: the first 500 of seed 0. Papers:

- GAN: Goodfellow et al., "Generative Adversarial Networks", 2014, https://arxiv.org/abs/1406.2661
- VAE: Kingma, Welling, "Auto-Encoding Variational Bayes", 2014, https://arxiv.org/abs/1312.6114
- flow: Dinh, Sohl-Dickstein, Bengio, "Density Estimation using Real NVP", 2017, https://arxiv.org/abs/1605.08803
- diffusion: DDPM, as in diffusion_utilities.py
"""

import csv
import math

import torch
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from diffusion_utilities import WEIGHTS, NoiseSchedule, waves
from keeping import whole

BLOBS, RADIUS, SPREAD = 8, 2.0, 0.15
BATCH, SHOWN = 256, 500
STEPS = {"GAN": 3_500, "VAE": 4_500, "flow": 2_000, "diffusion": 10_000}  # about ten seconds each
SHORT = {"n": 10, "steps": 20}  # for the test
TABLE = WEIGHTS / "families.csv"


def middles():
    """Where the blobs lie, (8, 2)."""
    angle = torch.arange(BLOBS) * 2 * math.pi / BLOBS
    return RADIUS * torch.stack((angle.cos(), angle.sin()), dim=1)


def points(n):
    """n points of the set, (n, 2): a blob, each as likely as the others, and a place in it."""
    return middles()[torch.randint(BLOBS, (n,))] + SPREAD * torch.randn(n, 2)


def layers(before, after, width=128):
    """A small network: two hidden layers."""
    hidden = nn.Linear(before, width), nn.GELU(), nn.Linear(width, width), nn.GELU()
    return nn.Sequential(*hidden, nn.Linear(width, after))


def learn(network, loss, steps):
    """Steps of Adam down a loss of a batch, at a rate that falls to 0."""
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 1e-3 * (1 - step / steps)
        value = loss(points(BATCH))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()


def gan(steps):
    """A generator that makes points of noise, and a critic that tells them from those of the set, in turns."""
    generator, critic = layers(2, 2), layers(2, 1)
    optimizers = [torch.optim.Adam(part.parameters(), 1e-3, betas=(0.5, 0.99)) for part in (generator, critic)]
    for step in range(steps):
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = 1e-3 * (1 - step / steps)
        made = generator(torch.randn(BATCH, 2))
        wrong = F.softplus(-critic(points(BATCH))) + F.softplus(critic(made.detach()))
        optimizers[1].zero_grad()
        wrong.mean().backward()
        optimizers[1].step()
        optimizers[0].zero_grad()
        F.softplus(-critic(made)).mean().backward()
        optimizers[0].step()
    return lambda n: generator(torch.randn(n, 2))


def vae(steps):
    """An encoder to the mean and spread of two hidden numbers, and a decoder back, which knows how far off it is."""
    parts = nn.ModuleDict({"encoder": layers(2, 4), "decoder": layers(2, 2)})
    parts.register_parameter("log_off", nn.Parameter(torch.zeros(())))

    def decoded(hidden):
        return Normal(parts["decoder"](hidden), parts.log_off.exp())

    def loss(x):
        mean, log_spread = parts["encoder"](x).chunk(2, dim=1)
        code = Normal(mean, log_spread.exp())
        likely = decoded(code.rsample()).log_prob(x)
        return (kl_divergence(code, Normal(0.0, 1.0)) - likely).sum(dim=1).mean()

    learn(parts, loss, steps)
    return lambda n: decoded(torch.randn(n, 2)).sample()


class Coupling(nn.Module):
    """Scales and shifts one of two numbers by what the other one says: the way back is as easy."""

    def __init__(self, kept):
        super().__init__()
        self.kept, self.network = kept, layers(1, 2, 64)

    def said(self, x):
        scale, shift = self.network(x[:, self.kept, None]).chunk(2, dim=1)
        changed = torch.arange(2) != self.kept
        return changed * scale.tanh() * 2, changed * shift

    def forward(self, x):
        """From a point to noise, and the logarithm of how much that stretches."""
        scale, shift = self.said(x)
        return x * scale.exp() + shift, scale.sum(dim=1)

    def back(self, z):
        scale, shift = self.said(z)
        return (z - shift) * (-scale).exp()


def flow(steps):
    """Eight couplings, one after the other, from the set to normal noise; drawn by going back."""
    couplings = nn.ModuleList([Coupling(i % 2) for i in range(8)])

    def loss(x):
        stretched = 0
        for coupling in couplings:
            x, more = coupling(x)
            stretched = stretched + more
        return (x.square().sum(dim=1) / 2 - stretched).mean()

    def draw(n):
        z = torch.randn(n, 2)
        for coupling in reversed(couplings):
            z = coupling.back(z)
        return z

    learn(couplings, loss, steps)
    return draw


def diffusion(steps):
    """A network that sees the noise in noisy points (DDPM, Algorithms 1 and 2)."""
    network, schedule = layers(2 + 32, 2), NoiseSchedule()
    alpha, alpha_bar, T = schedule.alpha, schedule.alpha_bar, schedule.timesteps

    def noise_in(x, t):
        return network(torch.cat((x, waves(t / T, 32)), dim=1))

    def loss(x):
        t, eps = torch.randint(1, T + 1, (len(x),)), torch.randn_like(x)
        signal = alpha_bar[t, None]
        return F.mse_loss(noise_in(signal.sqrt() * x + (1 - signal).sqrt() * eps, t), eps)

    def draw(n):
        x = torch.randn(n, 2)
        for t in range(T, 0, -1):
            eps = noise_in(x, torch.full((n,), t))
            x = (x - (1 - alpha[t]) / (1 - alpha_bar[t]).sqrt() * eps) / alpha[t].sqrt()
            x = x + (1 - alpha[t]).sqrt() * torch.randn_like(x) if t > 1 else x
        return x

    learn(network, loss, steps)
    return draw


FAMILIES = {"GAN": gan, "VAE": vae, "flow": flow, "diffusion": diffusion}


def drawn(name, n=SHOWN, steps=None, seed=0):
    """n points, (n, 2), of the set ("data") or of a model that learned it. The same seed gives the same points."""
    torch.manual_seed(seed)
    draw = points if name == "data" else FAMILIES[name](steps or STEPS[name])
    with torch.no_grad():
        return draw(n)


def figures(x):
    """How many of points (N, 2) lie on a blob, a share, and how many of the eight blobs have a fourth of theirs."""
    distance, nearest = torch.cdist(x, middles()).min(dim=1)
    counts = nearest[distance < 3 * SPREAD].bincount(minlength=BLOBS)
    return counts.sum().item() / len(x), int((counts >= len(x) / BLOBS / 4).sum())


def main():
    torch.set_num_threads(1)  # the same numbers wherever there are more
    with whole(TABLE) as path, path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("model", "x", "y"))
        sets = {name: {"name": name} for name in ("data", *FAMILIES)}
        sets |= {f"{name}, short": {"name": name, **SHORT} for name in FAMILIES}
        for name, settings in sets.items():
            x = drawn(**settings)
            writer.writerows((name, f"{a:.3f}", f"{b:.3f}") for a, b in x.tolist())
            print(name, *figures(x), flush=True)


if __name__ == "__main__":
    main()
