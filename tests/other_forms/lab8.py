"""The exercises of Lab 8: right in other forms, and wrong in one thing, in none of the typical ways."""

import math
import statistics

import numpy as np
import torch

from exercises import EXERCISES


def moments_by_loops(points):
    n, width = points.shape
    mean = [sum(row[i].item() for row in points) / n for i in range(width)]
    covariance = torch.zeros(width, width)
    for i in range(width):
        for j in range(width):
            covariance[i, j] = sum((row[i] - mean[i]) * (row[j] - mean[j]) for row in points) / (n - 1)
    return torch.tensor(mean), covariance


def frechet_by_a_symmetric_root(mean1, cov1, mean2, cov2):
    """The eigenvalues of the root of one, the other, and that root again are those of their product."""
    values, vectors = torch.linalg.eigh(cov1)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    roots = torch.linalg.eigvalsh(root @ cov2 @ root).clamp(min=0).sqrt()
    return torch.dist(mean1, mean2) ** 2 + torch.diagonal(cov1 + cov2).sum() - 2 * roots.sum()


def frechet_with_numpy(m, c, n, d, eps=0.0):
    values = np.linalg.eigvals(c.numpy() @ d.numpy())
    root = np.sqrt(np.abs(values.real) + eps).sum()
    return float(((m - n) ** 2).sum()) + np.trace(c.numpy()) + np.trace(d.numpy()) - 2 * root


def frechet_of_large_eigenvalues(m, c, n, d):
    """Wrong: where points are few, the many eigenvalues that are 0 are taken for more."""
    return (m - n).square().sum() + (c + d).trace() - 2 * torch.linalg.eigvals(c @ d).real.clamp(min=1e-4).sqrt().sum()


def interval_by_hand(values):
    values = values.tolist()
    error = statistics.stdev(values) / math.sqrt(len(values))
    return [statistics.fmean(values) - 2 * error, statistics.fmean(values) + 2 * error]


def reach_by_loops(points, k):
    others = [[q for j, q in enumerate(points) if j != i] for i in range(len(points))]
    return torch.stack([sorted((p - q).norm() for q in rest)[k - 1] for p, rest in zip(points, others, strict=True)])


def precision_by_loops(drawn, real, reach):
    good = sum(any(math.dist(d, r) <= far + 1e-6 for r, far in zip(real, reach, strict=True)) for d in drawn)
    return good / len(drawn)


RIGHT = {
    "8.1": (
        lambda points: (torch.mean(points, 0), points.T.cov()),
        lambda x, bias=False: [x.double().mean(0), torch.from_numpy(np.cov(x.numpy(), rowvar=False))],
        moments_by_loops,
    ),
    "8.2": (frechet_by_a_symmetric_root, frechet_with_numpy),
    "8.3": (
        interval_by_hand,
        lambda values: values.mean() + torch.tensor([-2.0, 2.0]) * (values.var() / len(values)).sqrt(),
    ),
    "8.4": (
        reach_by_loops,
        lambda points, k: torch.cdist(points.double(), points.double()).kthvalue(k + 1, dim=0).values,
        lambda x, k, largest=False: (x[:, None] - x[None]).norm(dim=2).topk(k + 1, largest=largest).values[:, -1],
    ),
    "8.5": (
        precision_by_loops,
        lambda drawn, real, reach: np.mean((torch.cdist(drawn, real) - reach).numpy().min(axis=1) <= 0),
        lambda drawn, real, reach: (torch.cdist(real, drawn) <= reach[:, None]).any(0).double().mean(),
    ),
}

moments, frechet, interval, reach, precision = (EXERCISES[number].ours for number in RIGHT)

WRONG = [
    ("8.1", lambda points: (moments(points)[0], moments(points[1:])[1])),
    ("8.1", lambda points: (moments(points)[0], moments(points)[1].triu())),
    ("8.1", lambda points: (moments(points)[0] + 0.01, moments(points)[1])),
    ("8.2", lambda m, c, n, d: frechet(m, c, n, d) + 0.01),
    ("8.2", lambda m, c, n, d: frechet(m, c, n, d.diag().diag())),
    ("8.2", lambda m, c, n, d: frechet(m, c, n, c)),
    ("8.2", lambda m, c, n, d: frechet(m, c, n, d + 1e-3 * torch.eye(len(d)))),
    ("8.2", frechet_of_large_eigenvalues),
    ("8.2", lambda m, c, n, d: frechet(m.round(), c, n.round(), d)),
    ("8.3", lambda values: interval(values.repeat(2))),
    ("8.3", lambda values: (interval(values)[0], values.max())),
    ("8.3", lambda values: (interval(values)[0].clamp(min=0), interval(values)[1])),
    ("8.4", lambda points, k: reach(points[:, :1], k)),
    ("8.4", lambda points, k: reach(points, min(k, 2))),
    ("8.4", lambda points, k: reach(points, k).clamp(min=0.5)),
    ("8.5", lambda drawn, real, reach: precision(drawn, real[1:], reach[1:])),
    ("8.5", lambda drawn, real, reach: precision(drawn[:, :1], real[:, :1], reach)),
    ("8.5", lambda drawn, real, reach: precision(drawn, real, reach + 0.5)),
    ("8.5", lambda drawn, real, reach: precision(drawn, real, reach.sort().values)),
]
