"""The exercises of Lab 5: right in other forms, and wrong in one thing, in none of the typical ways."""

import math

import numpy as np
import torch
from torch.nn import functional as F


def between_one_by_one(without, told, time, scale, first, last):
    strong = [scale if first <= t <= last else 1 for t in time.tolist()]
    return torch.stack([u + s * (c - u) for u, c, s in zip(without, told, strong, strict=True)])


def autoguided_from_the_good(good, weak, x, time, c, scale=1.0):
    end = good(x, time, c)
    return end + (scale - 1) * (end - weak(x, time, c))


def embed_with_a_row_more(labels, table):
    with_nothing = torch.cat((table, torch.zeros(1, table.shape[1])))
    return F.embedding(torch.where(labels < 0, len(table), labels), with_nothing)


def average_with_numpy(old, new, n, decay):
    if old.dtype == torch.long:
        return new.clone()
    d = np.minimum(decay, (1 + n) / (10 + n))
    return (1 - d) * new.double() + d * old.double()


def average_with(d=lambda n, decay: min(decay, (1 + n) / (10 + n)), counter=lambda old, new: new):
    return lambda old, new, n, decay: (
        old + (1 - d(n, decay)) * (new - old) if old.is_floating_point() else counter(old, new)
    )


RIGHT = {
    "5.1": (
        lambda without, told, w: without.lerp(told, 1 + float(w)),
        lambda u, c, w=0: c.double() + w * (c - u),
    ),
    "5.2": (
        between_one_by_one,
        lambda u, c, t, s, a, b: torch.where(((t >= a) * (t <= b)).view(-1, 1, 1, 1), (1 - s) * u + s * c, c),
    ),
    "5.3": (
        autoguided_from_the_good,
        lambda good, weak, *asked: torch.lerp(weak(*asked[:-1]), good(*asked[:-1]), asked[-1]),
    ),
    "5.4": (
        embed_with_a_row_more,
        lambda labels, table: torch.stack([table[n] if n >= 0 else 0 * table[0] for n in labels]),
        lambda labels, table: (labels[:, None] == torch.arange(len(table))).double() @ table.double(),
    ),
    "5.5": (average_with_numpy, average_with()),
}

WRONG = [
    ("5.1", lambda u, c, w: (1 + abs(w)) * c - abs(w) * u),
    ("5.1", lambda u, c, w: (1 + math.ceil(w)) * c - math.ceil(w) * u),
    ("5.2", lambda u, c, t, s, a, b: torch.where(((t >= a) & (t <= b)).view(-1, 1, 1, 1), u + (s - 1) * (c - u), c)),
    ("5.2", lambda u, c, t, s, a, b: u + s * (c - u) if a <= t.mean() <= b else c),
    ("5.2", lambda u, c, t, s, a, b: torch.where(((t > a) & (t <= b)).view(-1, 1, 1, 1), u + s * (c - u), c)),
    ("5.3", lambda good, weak, x, t, c, s: weak(x, t, c) + max(s, 1) * (good(x, t, c) - weak(x, t, c))),
    ("5.3", lambda good, weak, x, t, c, s: weak(x, t[:1], c) + s * (good(x, t[:1], c) - weak(x, t[:1], c))),
    ("5.4", lambda labels, table: table[labels] * (labels >= 0)[:, None] * 1.01),
    ("5.4", lambda labels, table: table[labels.abs()] * (labels >= 0)[:, None] + 0.01 * (labels < 0)[:, None]),
    ("5.5", average_with(lambda n, decay: min(decay, (1 + n) / (9 + n)))),
    ("5.5", average_with(lambda n, decay: min(decay, (2 + n) / (10 + n)))),
    ("5.5", average_with(counter=lambda old, new: new + 1)),
    ("5.5", lambda old, new, n, decay: new if old.numel() == 1 else average_with()(old, new, n, decay)),
    ("5.5", lambda old, new, n, decay: new if old.dtype.itemsize > 4 else average_with()(old, new, n, decay)),
]
