"""What the recipes in weights/ and benchmarks/, and their tests, share: samplers, a better start, a push, the course's
two errors, five ways to spoil sprites, tables that are made a row at a time.
"""

import csv
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache, partial
from multiprocessing import get_context

import torch
import torch.nn.functional as F
from torch import nn

from diffusion_utilities import (
    CLASSES,
    NoiseSchedule,
    ResidualConvBlock,
    augment,
    ddim_step,
    ddpm_step,
    load_sprites,
    middle,
    muon,
    predict,
    transform,
)
from keeping import whole

SETTINGS = {"optimizer": muon, "levels": middle, "drop": 0.3}  # of a training of the labs' network; Lab 2 has them, too
SAMPLERS = {
    "DDPM": ddpm_step,
    "DDPM, posterior": partial(ddpm_step, posterior=True),
    "DDIM": ddim_step,
}


def noised_average(n, seed):
    """The mean of all train sprites, noised to T in n ways: what the end of the noising looks like, (n, 3, H, W)."""
    schedule, average = NoiseSchedule(), transform(load_sprites("train")[0]).mean(dim=0).expand(n, -1, -1, -1)
    noise = torch.randn(average.shape, generator=torch.Generator().manual_seed(seed))
    return schedule.perturb(average, torch.full((n,), schedule.timesteps), noise)


class Pushed(nn.Module):
    """Autoguidance: what a network predicts, pushed further away from what a weak one does (Karras et al. 2024).

    Where the weak network errs the good one errs a little, too, so that the way from the one to the other leads on to
    better pictures. weight: how much further, 0 for not at all. between: from which to which t/T, for it helps where it
    is decided what a picture becomes (Kynkäänniemi et al. 2024). The weak network is not told the context, so that the
    way leads towards what was asked for, too. It is called like its networks.
    """

    predicts = "noise"

    def __init__(self, good, weak, weight=1.5, between=(0.1, 0.6)):
        super().__init__()
        self.good, self.weak, self.weight, self.between = good, weak, weight, between
        self.in_channels, self.h, self.n_cfeat = good.in_channels, good.h, good.n_cfeat  # what `sample` asks for
        self.schedule = good.schedule

    def forward(self, x, t, c=None):
        """Predict the noise. x: (N, 3, H, W). t: t/T of the good network's schedule. c: (N, n_cfeat) or None."""
        t = t.reshape(-1)
        step = (t * self.schedule.timesteps).round().long()
        good = predict(self.good, x, step, self.schedule, c)[1]
        first, last = self.between
        weight = self.weight * ((first <= t) & (t <= last)).reshape(-1, 1, 1, 1)
        return good + weight * (good - predict(self.weak, x, step, self.schedule)[1]) if weight.any() else good


def learn_from(teacher, schedule):
    """The `target` of a training that learns to see the noise that a teacher sees (distillation)."""
    teacher.eval()

    @torch.no_grad()
    def target(xt, t, c):
        teacher.to(xt.device, memory_format=torch.channels_last)
        return predict(teacher, xt, t, schedule, c)[1]

    return target


class WithoutTheRoot(NoiseSchedule):
    """The first error, in the course's Lab 2: the noise is scaled by 1 - alpha_bar_t, without the root."""

    def perturb(self, x0, t, eps):
        alpha_bar = self.alpha_bar[t].reshape(-1, 1, 1, 1)
        return alpha_bar.sqrt() * x0 + (1 - alpha_bar) * eps


class RandomShortcut(ResidualConvBlock):
    """The second error, in the course's block: its shortcut is a new convolution at each call, never trained."""

    def forward(self, x):
        shortcut = nn.Conv2d(*self.shortcut.weight.shape[1::-1], 1, device=x.device)
        return (shortcut(x) + self.conv2(self.conv1(x))) / 1.414


@cache
def _sprites_of(split):
    """Sprites (N, 3, 16, 16) and their labels (N, 5)."""
    sprites, labels = load_sprites(split)
    return transform(sprites), torch.from_numpy(labels)


def some_sprites(split, n, generator):
    """So many sprites, at random, moved and tinted as in training, and their labels."""
    x, labels = _sprites_of(split)
    chosen = torch.randperm(len(x), generator=generator)[:n]
    return augment(x[chosen], generator), labels[chosen]


def soft(x, labels, amount, generator):
    """A fifth of the way, so many times, to the weighted mean of each pixel and its neighbours (3 x 3)."""
    line = torch.tensor([0.25, 0.5, 0.25])
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate").flatten(0, 1)[:, None]
    blurred = F.conv2d(padded, torch.outer(line, line)[None, None]).reshape(x.shape)
    return x.lerp(blurred, 0.2 * amount), labels


def noisy(x, labels, amount, generator):
    """With noise, of this many times the strength 0.2."""
    return (x + 0.2 * amount * torch.randn(x.shape, generator=generator)).clamp(-1, 1), labels


def no_food(x, labels, amount, generator):
    """So large a share of the foods replaced by the other classes' sprites."""
    food = labels[:, CLASSES.index("food")].bool()
    gone = food & (torch.rand(len(x), generator=generator) < amount)
    others = (~food).nonzero()[:, 0]
    place = torch.arange(len(x))
    place[gone] = others[torch.randint(len(others), (int(gone.sum()),), generator=generator)]
    return x[place], labels[place]


def copied(x, labels, amount, generator):
    """So large a share replaced by train sprites."""
    train, own = some_sprites("train", len(x), generator)
    swapped = torch.rand(len(x), generator=generator) < amount
    return torch.where(swapped[:, None, None, None], train, x), torch.where(swapped[:, None], own, labels)


def moved(x, labels, amount, generator):
    """So large a share moved to the right by a pixel."""
    swapped = torch.rand(len(x), generator=generator) < amount
    right = torch.cat([x[..., :1], x[..., :-1]], dim=-1)
    return torch.where(swapped[:, None, None, None], right, x), labels


SPOILS = {"soft": soft, "noisy": noisy, "no food": no_food, "copied": copied, "moved": moved}


def fill(path, wanted, make, columns):
    """Write a table, as CSV, with a row for each of the wanted settings; rows that are there already are kept.

    wanted: dictionaries with the same keys: the first columns. make(**settings) returns the others, a dictionary of
    figures with the names in `columns`. A table with other columns is begun anew. As many rows are made at a time as
    there are cores, each by one: faster than all of them on one row.
    """
    header = [*wanted[0], *columns]

    def key(row):
        return tuple(str(row[name]) for name in wanted[0])

    rows = {}
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if reader.fieldnames == header:
                rows = {key(row): row for row in reader}
            else:
                print(f"{path} has other columns, and is begun anew", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    one_core_each = {"initializer": torch.set_num_threads, "initargs": (1,), "mp_context": get_context("spawn")}
    with ProcessPoolExecutor(os.cpu_count(), **one_core_each) as pool:
        running = {pool.submit(make, **settings): settings for settings in wanted if key(settings) not in rows}
        for done in as_completed(running):
            settings, figures = running[done], done.result()
            rows[key(settings)] = settings | {name: f"{figures[name]:.4g}" for name in columns}
            print(rows[key(settings)], flush=True)
            with whole(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, header, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows[key(settings)] for settings in wanted if key(settings) in rows)
