"""The exercises of Lab 4: the sketch, DDIM's step, the times, the arc."""

import math

import torch
from torch.nn import functional as F

from exercises.engine import Exercise
from exercises.lab1 import GUESS_MISTAKES, guess, itself, picture_cases, rest, rest_of_root, root_of_rest, wrong_guess
from exercises.lab2 import wrong_mix
from exercises.trials import alpha_bar_of, normal, plain


def ddim_step(x, t, t_prev, eps, alpha_bar):
    return alpha_bar[t_prev].sqrt() * guess(x, t, eps, alpha_bar) + (1 - alpha_bar[t_prev]).sqrt() * eps


def _times(T, n):
    return [round(T * (n - i) / n) for i in range(n + 1)]


def _arc(a, b, s):
    w = _angle(a, b)
    return _weighted(a, b, s, w) if w else a


def _angle(a, b):
    cosine = (a * b).sum() / (a.norm() * b.norm())
    return torch.acos(cosine.clamp(-1, 1))  # for a = b it may be rounded to more than 1


def _weighted(a, b, s, w):
    return (torch.sin((1 - s) * w) * a + torch.sin(s * w) * b) / torch.sin(w)


def _wrong_ddim(sketch=guess, **factors):
    return lambda x, t, p, e, ab: wrong_mix(**factors)(sketch(x, t, e, ab), p, e, ab)


def _ddim_cases():
    ones, ab = torch.ones(1, 3, 2, 2), alpha_bar_of(500)
    x, e = normal(2, 3, 4, 4), normal(2, 3, 4, 4, seed=1)
    return {
        "x = 0, eps = 1, from t = 150 to 100 of 500": (0 * ones, 150, 100, ones, ab),
        "x = 1, eps = 0, from t = 150 to 100 of 500": (ones, 150, 100, 0 * ones, ab),
        "random x and eps, from t = 7 to 3 of 7": (x, 7, 3, e, alpha_bar_of(7)),
        "random x and eps, from t = 4 to 0 of 20": (x[:, :, :3], 4, 0, e[:, :, :3], alpha_bar_of(20)),
    }


def _arc_cases():
    a, b = normal(2, 3, 4, 4), normal(2, 3, 4, 4, seed=1)
    c, d = normal(1, 3, 5, 2, seed=2), normal(1, 3, 5, 2, seed=3)
    return {
        "a = (1, 0), b = (3, 4), s = 0.5": (torch.tensor([[[[1.0, 0.0]]]]), torch.tensor([[[[3.0, 4.0]]]]), 0.5),
        "random a and b, s = 0.3": (1.5 * a, a + b, 0.3),
        "random a and b, s = 0.75": (c, 2 * c + d, 0.75),
        "random a and b, s = 0": (a, b, 0),
        "random a and b, s = 1": (a, b, 1),
    }


def _whole(times):
    """Whether times can be looked up in a table: whole numbers, as a list, a tensor, an array or a range."""
    return torch.tensor(float(not torch.as_tensor(times).is_floating_point()))


EXERCISES = (
    Exercise(
        "4.1",
        "my_sketch(x, t, eps, alpha_bar)",
        guess,
        lambda x, t, eps, alpha_bar: x,
        plain(picture_cases),
        "Start with x, and take away as much noise as is in it. You did this in Lab 1, as the guess.",
        "The sketch is half of the DDIM step: whoever has it can go to any other noise level at once.",
        (
            "A noisy picture is a weakened picture and noise. Take the noise away, then undo the weakening.",
            "The noise in x is `(1 - alpha_bar[t]).sqrt() * eps`. The difference is divided by `alpha_bar[t].sqrt()`.",
        ),
        GUESS_MISTAKES,
    ),
    Exercise(
        "4.2",
        "my_ddim_step(x, t, t_prev, eps, alpha_bar)",
        ddim_step,
        lambda x, t, t_prev, eps, alpha_bar: x,
        plain(_ddim_cases),
        "Start with the sketch of exercise 4.1. Then noise it again, with the same eps, to the level of t_prev.",
        "This step may be as long as you like: from here on 25 steps, or 5, do what took 500.",
        (
            "Two halves: the sketch at t, and then the mixture of exercise 2.1 at t_prev, with eps for the noise.",
            "`x0 = (x - (1 - alpha_bar[t]).sqrt() * eps) / alpha_bar[t].sqrt()`; then weaken x0 and add eps, each with "
            "its root at t_prev.",
        ),
        {
            _wrong_ddim(wrong_guess(noise=rest)): "In the sketch, the noise is taken away without its root.",
            _wrong_ddim(noise=rest): "The root is missing at the noise that you add.",
            _wrong_ddim(picture=itself): "The root is missing before the sketch.",
            _wrong_ddim(picture=itself, noise=rest): "At t_prev, both roots are missing.",
            _wrong_ddim(wrong_guess(noise=rest_of_root)): "At t, the root goes over 1 - alpha_bar as a whole.",
            _wrong_ddim(noise=rest_of_root): "At t_prev, the root goes over 1 - alpha_bar as a whole.",
            _wrong_ddim(wrong_guess(noise=rest_of_root), noise=rest_of_root): (
                "Both at t and at t_prev, the root goes over 1 - alpha_bar as a whole."
            ),
            _wrong_ddim(lambda x, t, e, ab: x): "x itself goes on. Take the sketch.",
            _wrong_ddim(noise=lambda level: 0): "The noise is missing at the end. Add eps, as strong as at t_prev.",
            lambda x, t, p, e, ab: guess(x, t, e, ab): "That is the sketch. Now noise it again, to t_prev.",
            lambda x, t, p, e, ab: ab[p].sqrt() * guess(x, t, e, ab) + (1 - ab[t]).sqrt() * e: (
                "The noise you add is that of t. The second half looks up t_prev."
            ),
            lambda x, t, p, e, ab: ddim_step(x, t, t, e, ab): (
                "It gives x back: both moves use the same level. The sketch belongs to t, the way back to t_prev."
            ),
            lambda x, t, p, e, ab: ddim_step(x, t, t - 1, e, ab): "You go to t - 1. Go to t_prev.",
            lambda x, t, p, e, ab: ddim_step(x, p, t, e, ab): "t and t_prev are exchanged. The sketch is made at t.",
            _wrong_ddim(picture=root_of_rest, noise=torch.sqrt): "The two roots at t_prev are exchanged.",
            _wrong_ddim(noise=lambda level: -root_of_rest(level)): (
                "The noise is taken away once more. At the end, eps is added."
            ),
            lambda x, t, p, e, ab: ddim_step(x, t, p, e, ab) + (1 - ab[p]).sqrt() * (torch.randn_like(x) - e): (
                "There is fresh noise. DDIM uses eps again."
            ),
        },
    ),
    Exercise(
        "4.3",
        "my_times(T, n)",
        _times,
        lambda T, n: [T, 0],
        plain(
            lambda: {f"T = {T}, n = {n}": (T, n) for T, n in ((7, 3), (20, 6), (500, 12), (500, 25), (7, 1), (7, 7))},
            also=lambda times: {"the share of times that are whole numbers": _whole(times)},
        ),
        "Start with n = 1: from T to 0 in one step, [T, 0]. For n steps there are n + 1 times.",
        "Now you choose how many steps a sprite is worth.",
        (
            "Cut the way from T to 0 into n equal parts. After i of them, T * (n - i) / n is left: round it.",
            "`torch.linspace(T, 0, n + 1)` gives them with decimals; `.round().int()` makes whole numbers of them.",
        ),
        {
            lambda T, n: torch.linspace(T, 0, n).round().int(): "These are n times. For n steps it takes n + 1.",
            lambda T, n: _times(T, n)[::-1]: "They rise. Sampling goes from noise, T, to the picture, 0.",
            lambda T, n: [T - i * (T // n) for i in range(n + 1)]: (
                "The step is `T // n`, so they do not end at 0. Round each time, not the step."
            ),
            lambda T, n: _times(T, n)[:-1]: "The 0 at the end is missing. Only there is the picture clean.",
            lambda T, n: torch.linspace(T, 1, n + 1).round().int(): "They end at 1. The last step goes to 0.",
            lambda T, n: [T * (n - i) // n for i in range(n + 1)]: "They are cut off. Round them first.",
            lambda T, n: [T * (n - i) / n for i in range(n + 1)]: "They are not rounded. Tables want whole numbers.",
            lambda T, n: [float(t) for t in _times(T, n)]: (
                "The numbers are right, but tables want whole ones, without a decimal point: `.int()` for a tensor, "
                "`.astype(int)` for an array."
            ),
            lambda T, n: [*range(T, -1, -T // n)]: (
                "`-T // n` rounds the step up, so there are too few. Round each time, not the step."
            ),
            lambda T, n: [*range(T, 0, -max(1, round(T / n))), 0]: "The step is rounded. Round each time instead.",
            lambda T, n: [round(T * ((n - i) / n) ** 2) for i in range(n + 1)]: "They are not even: equal parts of T.",
        },
        technical=("that are whole numbers",),
    ),
    Exercise(
        "4.4",
        "my_arc(a, b, s)",
        _arc,
        lambda a, b, s: a,
        plain(_arc_cases),
        "Start with the angle between a and b, as two long rows of numbers: its cosine is their product over their "
        "lengths.",
        "Everything between two noises is noise of the right strength now, so every point of the walk is a sprite.",
        (
            "The cosine of w is `(a * b).sum()` divided by both lengths. Then a is weighted by a sine of (1 - s) w, b "
            "by one of s w, and both are divided by a third.",
            "With `w = torch.acos((a * b).sum() / (a.norm() * b.norm()))`, take `torch.sin((1 - s) * w) * a`, add the "
            "same for b with s, and divide by `torch.sin(w)`.",
        ),
        {
            lambda a, b, s: (1 - s) * a + s * b: "That is the straight line. Half way, it leaves noise too weak.",
            lambda a, b, s: _weighted(a, b, s, _angle(a, b) * 180 / torch.pi): (
                "The angle is in degrees. `sin` wants what `acos` gives, radians."
            ),
            lambda a, b, s: _arc(b, a, s): "a and b are exchanged. At s = 0 it should be a.",
            lambda a, b, s: (
                (torch.cos((1 - s) * _angle(a, b)) * a + torch.cos(s * _angle(a, b)) * b) / torch.sin(_angle(a, b))
            ): "There is a cosine where a sine belongs.",
            lambda a, b, s: _arc(a, b, s) * torch.sin(_angle(a, b)): "The division by sin(w) is missing.",
            lambda a, b, s: _arc(a, b, s) * torch.tan(_angle(a, b)): "It is divided by cos(w). Divide by sin(w).",
            lambda a, b, s: (
                torch.sin((1 - s) * _angle(a, b)) * a + torch.sin(s * _angle(a, b)) * b / _angle(a, b).sin()
            ): ("Only the second part is divided by sin(w). Put the sum in brackets."),
            lambda a, b, s: (
                (torch.sin(1 - s * _angle(a, b)) * a + torch.sin(s * _angle(a, b)) * b) / _angle(a, b).sin()
            ): ("Brackets are missing in the first sine: `sin((1 - s) * w)`."),
            lambda a, b, s: _weighted(a, b, s, torch.acos(a * b / (a.norm() * b.norm()))): (
                "There is an angle for each pixel. It takes one for all: `(a * b).sum()`."
            ),
            lambda a, b, s: _weighted(a, b, s, torch.acos((a * b).sum())): (
                "The cosine of the angle is beyond 1: divide the product by both lengths, `a.norm()` and `b.norm()`."
            ),
            lambda a, b, s: _weighted(
                a, b, s, torch.acos(F.cosine_similarity(a.flatten(1), b.flatten(1)))[:, None, None, None]
            ): "The angle is that of each picture on its own. Take a and b as wholes: `.sum()` over all.",
            lambda a, b, s: _weighted(a, b, s, torch.tensor(torch.pi / 2)): (
                "The angle is taken as a right one. Between two noises it is only nearly so."
            ),
            lambda a, b, s: (1 - s) ** 0.5 * a + s**0.5 * b: (
                "Roots of 1 - s and s keep the strength, but they are not the arc."
            ),
            lambda a, b, s: _weighted(a, b, s, _angle(a, b).cos()): "That is the cosine; `torch.acos` gives the angle.",
            lambda a, b, s: (math.sin(1 - s) * a + math.sin(s) * b) * _angle(a, b) / torch.sin(_angle(a, b)): (
                "The angle stands outside of the sine: `sin((1 - s) * w)`."
            ),
            lambda a, b, s: torch.sin(1 - s) * a: "The angle belongs inside: `torch.sin((1 - s) * w)`.",
            lambda a, b, s: a @ b: "`@` multiplies matrices. Both as one long row of numbers: `(a * b).sum()`.",
            lambda a, b, s: torch.dot(a, b): "`torch.dot` takes single rows only. In its place: `(a * b).sum()`.",
            lambda a, b, s: _weighted(a / a.norm(), b / b.norm(), s, _angle(a, b)): (
                "The lengths are divided away from a and b. Only the angle needs them."
            ),
        },
    ),
)
