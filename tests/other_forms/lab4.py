"""The exercises of Lab 4: right in other forms, and wrong in one thing, in none of the typical ways."""

import math

import numpy as np
import torch


def arc_in_float64(a, b, s):
    a, b = a.double(), b.double()
    cosine = torch.dot(a.flatten(), b.flatten()) / (torch.linalg.norm(a) * torch.linalg.norm(b))
    w = math.acos(cosine)
    return math.sin((1 - s) * w) / math.sin(w) * a + math.sin(s * w) / math.sin(w) * b


def arc_by_a_right_angle(a, b, s):
    """a, and what of b is at right angles to it, turned by s times the angle; then as long as the formula makes it."""
    u, v = a.flatten() / a.norm(), b.flatten() / b.norm()
    w = torch.arccos(u @ v)
    at = [torch.sin((1 - s) * w), torch.sin(torch.as_tensor(s) * w)]
    return torch.einsum("k,kn->n", torch.stack(at), torch.stack((a.flatten(), b.flatten()))).view(a.shape) / w.sin()


def arc_between_equals(a, b, s):
    cosine = (a * b).sum() / (a.norm() * b.norm())
    return a if cosine > 1 - 1e-6 else arc_in_float64(a, b, s)


RIGHT = {
    "4.1": (
        lambda x, t, eps, alpha_bar: (x - torch.sqrt(1 - alpha_bar[t]) * eps).div(torch.sqrt(alpha_bar[t])),
        lambda x, t, e, ab: ab[t].rsqrt() * x - ((1 - ab[t]) / ab[t]).sqrt() * e,
    ),
    "4.2": (
        lambda x, t, s, e, ab: (
            (ab[s] / ab[t]).sqrt() * x + ((1 - ab[s]).sqrt() - (ab[s] * (1 - ab[t]) / ab[t]).sqrt()) * e
        ),
        torch.no_grad()(
            lambda x, now, then, e, ab: (
                math.sqrt(ab[then]) * (x.double() - math.sqrt(1 - ab[now]) * e) / math.sqrt(ab[now])
                + math.sqrt(1 - ab[then]) * e
            )
        ),
    ),
    "4.3": (
        lambda T, n: torch.linspace(T, 0, n + 1).round().long(),
        lambda T, n: tuple(int(t) for t in np.rint(np.linspace(0, T, n + 1)))[::-1],
    ),
    "4.4": (arc_in_float64, arc_by_a_right_angle, arc_between_equals),
}

WRONG = [
    ("4.3", lambda T, n: torch.linspace(T, 0, n + 1).round()),
]
