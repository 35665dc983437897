"""The exercises of Lab 7: right in other forms, and wrong in one thing, in none of the typical ways."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from exercises import EXERCISES


def halved(size):
    while True:
        yield size
        size //= 2


def embedding_by_loops(t, dim, max_period):
    rows = []
    for time in t.tolist():
        phases = [time / max_period ** (i / (dim // 2)) for i in range(dim // 2)]
        rows.append([*map(math.sin, phases), *map(math.cos, phases), *[0.0] * (dim % 2)])
    return torch.tensor(rows)


def embedding_by_exp(times, width, period=10_000, flip=False):
    half = width // 2
    phase = torch.outer(times.double(), torch.exp(-math.log(period) * torch.arange(half) / half))
    out = torch.zeros(len(times), width, dtype=torch.float64)
    out[:, :half], out[:, half : 2 * half] = phase.sin(), phase.cos()
    return out


def attention_by_einsum(q, k, v):
    scores = torch.einsum("bhqd,bhkd->bhqk", q.double(), k.double()) / q.shape[-1] ** 0.5
    weights = torch.exp(scores - scores.max(dim=-1, keepdim=True).values)
    return torch.einsum("bhqk,bhkd->bhqd", weights / weights.sum(-1, keepdim=True), v.double())


RIGHT = {
    "7.1": (
        lambda x: F.interpolate(x, scale_factor=0.5, mode="area"),
        lambda x: x.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).mean(dim=(3, 5)),
        lambda maps, window=2: nn.AvgPool2d(window)(maps.double()),
        lambda x: (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4,
    ),
    "7.2": (
        lambda size, mult, at: [bool({size // 2**level} & set(at)) for level in range(len(mult))],
        lambda size, mult, at: [int(s in at) for s, _ in zip(halved(size), mult, strict=False)],
        lambda size, mult, at: np.isin(size // 2 ** np.arange(len(mult)), at),
        lambda size, mult, at: tuple(any(size >> i == r for r in at) for i, _ in enumerate(mult)),
    ),
    "7.3": (
        embedding_by_loops,
        embedding_by_exp,
        lambda t, dim, p: F.pad(
            torch.cat(
                [f(t[:, None] / p ** (torch.arange(dim // 2) / (dim // 2))) for f in (torch.sin, torch.cos)], dim=1
            ),
            (0, dim - dim // 2 * 2),
        ),
    ),
    "7.4": (
        F.scaled_dot_product_attention,
        attention_by_einsum,
        lambda q, k, v: (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) @ v,
    ),
    "7.5": (
        lambda x, n: x.flatten(2).unflatten(1, (n, -1)).mT,
        lambda x, n: torch.stack([part.flatten(2).permute(0, 2, 1) for part in x.chunk(n, dim=1)], dim=1),
        lambda x, heads: x.permute(0, 2, 3, 1).reshape(len(x), -1, heads, x.shape[1] // heads).transpose(1, 2),
    ),
}

shrink, levels, embedding, attention, heads = (EXERCISES[number].ours for number in RIGHT)

WRONG = [
    ("7.1", lambda x: shrink(x) + 0.01),
    ("7.1", lambda x: shrink(x).transpose(2, 3)),
    ("7.1", lambda x: F.interpolate(x, scale_factor=0.5, mode="bicubic")),
    ("7.2", lambda size, mult, at: [*levels(size, mult, at)[:-1], True]),
    ("7.2", lambda size, mult, at: levels(size, mult, at) if at else [True] * len(mult)),
    ("7.2", lambda size, mult, at: [size // 2**i <= max(at, default=0) for i in range(len(mult))]),
    ("7.2", lambda size, mult, at: [size / 2**i > 3 and size / 2**i in at for i in range(len(mult))]),
    ("7.3", lambda t, dim, period: embedding(t, dim, 2 * period)),
    ("7.3", lambda t, dim, period: embedding(t + 1, dim, period)),
    ("7.3", lambda t, dim, period: embedding(t.round(), dim, period)),
    ("7.3", lambda t, dim, period: embedding(t / 300, dim, period)),
    ("7.4", lambda q, k, v: attention(q, k, v) + v),
    ("7.4", lambda q, k, v: attention(q, k, q)),
    ("7.4", lambda q, k, v: attention(q, k, v) if q.shape[2] > 1 else v),
    ("7.4", lambda q, k, v: attention(q, k, v.flip(2))),
    ("7.5", lambda x, n: heads(x, n).flip(2)),
    ("7.5", lambda x, n: heads(x, n).flip(3)),
    ("7.5", lambda x, n: heads(x, 2)),
]

NEARLY = {
    "7.2": lambda size, mult, at: [*levels(size, mult, at)[:-1], 7],
    "7.5": lambda x, n: heads(x, n) + 0.01 * (torch.arange(x.shape[1] // n) == 0),
}
