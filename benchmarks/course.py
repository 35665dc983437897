"""The way of the course, written plainly: its network, its sampling loops, its training step, its animation.

Float32, eager, and for each frame a picture on 32 axes, as there. What is left out costs the course a little time too:
loading checkpoints and batches, and the lines that it prints while it samples.
"""

import matplotlib

matplotlib.use("Agg")  # no window, as in a notebook
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.animation import FuncAnimation

from diffusion_utilities import ContextUnet, NoiseSchedule, unorm
from recipes import RandomShortcut

SCHEDULE = NoiseSchedule()
T = SCHEDULE.timesteps


def network():
    """Its network, with a new random shortcut at each call."""
    network = ContextUnet(n_feat=64)
    network.init_conv = RandomShortcut(network.in_channels, network.n_feat, is_res=True)
    return network


@torch.no_grad()
def sample_ddpm(network, n_sample, save_rate=20):
    """Its Lab 1: 500 steps, frames kept."""
    x = torch.randn(n_sample, 3, 16, 16)
    kept = []
    for i in range(T, 0, -1):
        t = torch.tensor([i / T])[:, None, None, None]
        z = torch.randn_like(x) if i > 1 else 0
        eps = network(x, t)
        alpha, alpha_bar = SCHEDULE.alpha[i], SCHEDULE.alpha_bar[i]
        x = (x - eps * ((1 - alpha) / (1 - alpha_bar).sqrt())) / alpha.sqrt() + SCHEDULE.beta[i].sqrt() * z
        if i % save_rate == 0 or i == T or i < 8:
            kept.append(x.numpy())
    return x, np.stack(kept)


@torch.no_grad()
def sample_ddim(network, n_sample, n=25):
    """Its Lab 4: every 20th step, no noise, all frames kept."""
    x = torch.randn(n_sample, 3, 16, 16)
    kept = []
    for i in range(T, 0, -(T // n)):
        eps = network(x, torch.tensor([i / T])[:, None, None, None])
        now, then = SCHEDULE.alpha_bar[i], SCHEDULE.alpha_bar[i - T // n]
        x = then.sqrt() / now.sqrt() * (x - (1 - now).sqrt() * eps) + (1 - then).sqrt() * eps
        kept.append(x.numpy())
    return x, np.stack(kept)


def training_step(network, optimizer, x, c):
    """Its Lab 3: the noise lacks its root."""
    optimizer.zero_grad()
    c = c * torch.bernoulli(torch.zeros(len(c)) + 0.9)[:, None]
    noise = torch.randn_like(x)
    t = torch.randint(1, T + 1, (len(x),))
    alpha_bar = SCHEDULE.alpha_bar[t, None, None, None]
    loss = F.mse_loss(network(alpha_bar.sqrt() * x + (1 - alpha_bar) * noise, t / T, c), noise)
    loss.backward()
    optimizer.step()


def animation(frames, rows=4):
    """Its `plot_sample`, from frames (F, N, 3, H, W) to a piece of HTML: every sprite is stretched to its own range."""
    pictures = np.moveaxis(frames, 2, 4)
    pictures = np.stack([[unorm(sprite) for sprite in frame] for frame in pictures])
    columns = pictures.shape[1] // rows
    fig, axes = plt.subplots(rows, columns, sharex=True, sharey=True, figsize=(columns, rows))

    def draw(i):
        drawn = []
        for axis, sprite in zip(axes.flat, pictures[i], strict=True):
            axis.clear()
            axis.set_xticks([]), axis.set_yticks([])
            drawn.append(axis.imshow(sprite))
        return drawn

    html = FuncAnimation(fig, draw, interval=200, blit=False, repeat=True, frames=len(pictures)).to_jshtml()
    plt.close(fig)
    return html
