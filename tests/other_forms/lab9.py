"""The exercises of Lab 9: right in other forms, and wrong in one thing, in none of the typical ways."""

import numpy as np
import torch


def ground_in_a_loop(candidates, colours):
    best, farthest = None, -1.0
    for candidate in candidates:
        least = min((candidate - colour).square().sum().item() for colour in colours)
        if least > farthest:
            best, farthest = candidate, least
    return best


def nearest_by_products(pixels, colours):
    p, c = pixels.double(), colours.double()
    return colours[(c.square().sum(dim=1) - 2 * p @ c.T).argmin(dim=1)]


def nearest_in_numpy(pixels, colours):
    far = pixels.numpy()[:, None].astype(int) - colours.numpy().astype(int)
    return torch.from_numpy(colours.numpy()[(far**2).sum(axis=2).argmin(axis=1)])


def start_in_numpy(x0, strength, eps, alpha_bar):
    t = max(1, int(strength * (len(alpha_bar) - 1) + 0.5))
    times = np.linspace(t, 0, min(t, 50) + 1).round().astype(int)
    return times, torch.lerp(0 * eps, x0, alpha_bar[t] ** 0.5) + eps * (1 - alpha_bar[t]) ** 0.5


def start_as_tensors(x0, s, e, ab):
    t = torch.tensor(s * (len(ab) - 1)).round().clamp(min=1).int()
    times = torch.linspace(float(t), 0, min(int(t), 50) + 1).round().int()
    return times, (ab[t].sqrt() * x0).expand(e.shape) + torch.sqrt(1 - ab[t]) * e


def beside_in_place(drawn, known, mask, t, eps, alpha_bar):
    x = alpha_bar[t].sqrt() * known + (1 - alpha_bar[t]).sqrt() * eps
    x[..., mask] = drawn[..., mask]
    return x


def back_step_by_step(x, t, t_prev, eps, alpha_bar):
    """What is left of x after each single step, and of all noises together one."""
    left = torch.prod(alpha_bar[t_prev + 1 : t + 1] / alpha_bar[t_prev:t])
    return left**0.5 * x + (1 - left) ** 0.5 * eps


RIGHT = {
    "9.1": (
        ground_in_a_loop,
        lambda candidates, colours: max(candidates, key=lambda one: (one - colours).norm(dim=1).min()),
    ),
    "9.2": (nearest_by_products, nearest_in_numpy),
    "9.3": (start_in_numpy, start_as_tensors),
    "9.4": (
        beside_in_place,
        lambda d, k, m, t, e, ab: m * d + (1 - m.float()) * (ab[t].sqrt() * k + (1 - ab[t]).sqrt() * e),
    ),
    "9.5": (
        back_step_by_step,
        lambda x, t, p, e, ab: (ab[t] / ab[p]).sqrt() * x.double() + ((ab[p] - ab[t]) / ab[p]).sqrt() * e,
    ),
}

WRONG = [
    ("9.1", lambda candidates, colours: candidates[torch.cdist(candidates, colours[1:]).amin(dim=1).argmax()]),
    ("9.1", lambda candidates, colours: candidates[torch.cdist(candidates, colours).median(dim=1).values.argmax()]),
    ("9.2", lambda p, c: c[torch.cdist(p[:, :2].float(), c[:, :2].float()).argmin(dim=1)]),
    ("9.2", lambda p, c: c[torch.cdist(p.float(), c[:-1].float()).argmin(dim=1)]),
    ("9.3", lambda x0, s, e, ab: (start_in_numpy(x0, s, e, ab)[0].astype(float), start_in_numpy(x0, s, e, ab)[1])),
    ("9.3", lambda x0, s, e, ab: (start_in_numpy(x0, s, e, ab)[0], start_in_numpy(x0, s, e[:1], ab)[1])),
    ("9.4", lambda d, k, m, t, e, ab: beside_in_place(d, k, m, max(t, 1), e, ab)),
    ("9.4", lambda d, k, m, t, e, ab: beside_in_place(d, k, m.T, t, e, ab)),
    ("9.5", lambda x, t, p, e, ab: back_step_by_step(x, t, max(p, 1), e, ab)),
]


def one_colour_on(pixels, colours):
    """The right colours, but for the last pixel: the next of the palette."""
    found = torch.cdist(pixels.float(), colours.float()).argmin(dim=1)
    return colours[torch.cat((found[:-1], (found[-1:] + 1) % len(colours)))]


NEARLY = {"9.2": one_colour_on}
