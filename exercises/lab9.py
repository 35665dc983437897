"""The exercises of Lab 9: the ground, the nearest colour, where drawing again begins, the known part, a step back."""

from functools import wraps

import torch

from exercises.engine import Exercise, Problem, read, result_of
from exercises.lab1 import itself, rest, rest_of_root, root_of_rest
from exercises.lab2 import wrong_mix
from exercises.trials import alpha_bar_of, normal, plain

MOST = 50  # steps of drawing again


def _ground(candidates, colours):
    far = torch.cdist(candidates, colours)  # (M, K)
    return candidates[far.amin(dim=1).argmax()]


def _nearest(pixels, colours):
    far = torch.cdist(pixels.float(), colours.float())  # (P, K)
    return colours[far.argmin(dim=1)]


def _times(t, n):
    return [round(t * (n - i) / n) for i in range(n + 1)]


def _start(x0, strength, eps, alpha_bar):
    t = max(1, round(strength * (len(alpha_bar) - 1)))
    return _times(t, min(t, MOST)), _noised(x0, t, eps, alpha_bar)


def _beside(drawn, known, mask, t, eps, alpha_bar):
    return torch.where(mask, drawn, _noised(known, t, eps, alpha_bar))


def _back(x, t, t_prev, eps, alpha_bar):
    alpha = alpha_bar[t] / alpha_bar[t_prev]
    return alpha.sqrt() * x + (1 - alpha).sqrt() * eps


_noised = wrong_mix()  # with nothing wrong: alpha_bar[t].sqrt() * x + (1 - alpha_bar[t]).sqrt() * e


# How the typical mistakes are made: the right way, with one thing changed.


def _wrong_ground(each=lambda far: far.amin(dim=1), best=torch.argmax, far=torch.cdist):
    return lambda candidates, colours: candidates[best(each(far(candidates, colours)))]


def _apart(one, other):
    return one[:, None] - other


def _wrong_nearest(far, best=torch.argmin):
    return lambda p, c: c[best(far(p, c).float(), dim=1)]


def _by_channel(p, c):
    far = _apart(p.float(), c.float()).abs().argmin(dim=1)  # (P, 3)
    return c.gather(0, far)


def _wrong_start(
    t=lambda strength, T: max(1, round(strength * T)), times=_times, n=lambda t: min(t, MOST), mix=_noised
):
    def start(x0, strength, eps, alpha_bar):
        at = t(strength, len(alpha_bar) - 1)
        return times(at, n(at)), mix(x0, at, eps, alpha_bar)

    return start


def _straight(x0, strength, eps, alpha_bar):
    return _start(x0, strength, eps, alpha_bar)[0], (1 - strength) * x0 + strength * eps


def _wrong_beside(mix=_noised, drawn=lambda drawn, t, eps, ab: drawn):
    return lambda d, k, mask, t, e, ab: torch.where(mask, drawn(d, t, e, ab), mix(k, t, e, ab))


def _wrong_back(alpha=lambda ab, t, p: ab[t] / ab[p], picture=torch.sqrt, noise=root_of_rest):
    return lambda x, t, p, e, ab: picture(alpha(ab, t, p)) * x + noise(alpha(ab, t, p)) * e


# What the functions are tried on.


def _bytes(*shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, shape, generator=generator, dtype=torch.uint8)


def _ground_cases():
    of_three = torch.tensor([[128.0, 128, 128], [255, 128, 0], [252, 252, 252]])
    cases = {
        "candidates grey, orange, nearly white, colours black and white": (
            of_three,
            torch.tensor([[0.0], [255]]).expand(2, 3),
        )
    }
    for seed in range(8):
        some = _bytes(12, 3, seed=seed).float(), _bytes(3 + seed % 3, 3, seed=seed + 100).float()
        cases[f"{len(some[0])} candidates and {len(some[1])} colours drawn at random, number {seed + 1}"] = some
    return cases


def _ground_trial(exercise, function):
    """A place is no float either, but what is wrong with it is not that."""

    @wraps(function)
    def floats(*arguments):
        given = function(*arguments)
        whole = isinstance(given, int) or (torch.is_tensor(given) and not given.is_floating_point())
        return torch.as_tensor(given).float() if whole else given

    return plain(_ground_cases)(exercise, floats)


def _nearest_cases():
    dark_and_light = torch.tensor([[3, 3, 3], [250, 250, 250], [120, 10, 200]], dtype=torch.uint8)
    cases = {"the palette's own colours": (dark_and_light, dark_and_light.flip(0))}
    for seed in range(4):
        some = _bytes(9, 3, seed=seed), _bytes(4 + seed, 3, seed=seed + 50)
        cases[f"9 pixels and {len(some[1])} colours drawn at random, number {seed + 1}"] = some
    return cases


def _nearest_trial(exercise, function):
    outcome = {}
    for where, arguments in _nearest_cases().items():
        given, like = result_of(exercise, function, *arguments), exercise.ours(*arguments)
        real = torch.is_tensor(given) and not given.is_complex()
        value = read(given.float() if real else given, like, where)
        if value.shape == like.shape and given.dtype != torch.uint8:
            text = (
                f"It returns {given.dtype}; pictures are bytes, torch.uint8. `colours[...]` of whole places stays so."
            )
            raise Problem(text, "bytes")
        outcome["the result", where] = value
    return outcome


def _start_cases():
    ones = torch.ones(1, 3, 2, 2)
    x, eps = normal(1, 3, 4, 4), normal(3, 3, 4, 4, seed=1)
    return {
        "x0 = 1, eps = 0, strength = 0.3, T = 500": (ones, 0.3, 0 * ones, alpha_bar_of(500)),
        "x0 = 0, eps = 1, strength = 0.2, T = 500": (0 * ones, 0.2, ones, alpha_bar_of(500)),
        "random x0 and eps, strength = 0.5, T = 20": (x, 0.5, eps, alpha_bar_of(20)),
        "random x0 and eps, strength = 0.9, T = 20": (x, 0.9, eps, alpha_bar_of(20)),
        "random x0 and eps, strength = 0.29, T = 100": (x, 0.29, eps, alpha_bar_of(100)),
        "random x0 and eps, strength = 0.001, T = 100": (x[..., :3, :], 0.001, eps[..., :3, :], alpha_bar_of(100)),
        "random x0 and eps, strength = 1, T = 500": (x, 1, eps, alpha_bar_of(500)),
    }


def _start_trial(exercise, function):
    @wraps(function)
    def in_order(*arguments):
        given = function(*arguments)
        if isinstance(given, (tuple, list)) and len(given) == 2 and torch.is_tensor(given[0]) and given[0].dim() == 4:
            text = "It returns the noised x0 first. The times come first: `return times, xt`."
            raise Problem(text, "order")
        return given

    return _once(plain(_start_cases, ("times", "xt"), also=_whole))(exercise, in_order)


def _once(trial):
    """The same trial, where a mistake says already what chance has to do with it."""

    def tried(exercise, function):
        try:
            return trial(exercise, function)
        except Problem as problem:
            if problem.kind != "chance":
                raise
            raise Problem("Asked twice, it gives two answers.", "chance") from None

    return tried


def _beside_cases():
    ones, left = torch.ones(1, 3, 2, 2), torch.tensor([[True, False]]).expand(2, 2)
    known, drawn, eps = normal(1, 3, 4, 4), normal(2, 3, 4, 4, seed=1), normal(2, 3, 4, 4, seed=2)
    some = normal(4, 4, seed=3) > 0
    return {
        "drawn = 5, known = 1, eps = 0, mask left, t = 150": (5 * ones, ones, left, 150, 0 * ones, alpha_bar_of(500)),
        "drawn = 5, known = 0, eps = 1, mask left, t = 150": (5 * ones, 0 * ones, left, 150, ones, alpha_bar_of(500)),
        "random pictures and mask, t = 4 of 20": (drawn, known, some, 4, eps, alpha_bar_of(20)),
        "random pictures and mask, t = 0": (drawn, known, some, 0, eps, alpha_bar_of(20)),
    }


def _back_cases():
    ones, x, eps = torch.ones(1, 3, 2, 2), normal(2, 3, 4, 4), normal(2, 3, 4, 4, seed=1)
    return {
        "x = 1, eps = 0, from t_prev = 100 to t = 150": (ones, 150, 100, 0 * ones, alpha_bar_of(500)),
        "x = 0, eps = 1, from t_prev = 100 to t = 150": (0 * ones, 150, 100, ones, alpha_bar_of(500)),
        "random x and eps, from t_prev = 4 to t = 9 of 20": (x, 9, 4, eps, alpha_bar_of(20)),
        "random x and eps, from t_prev = 0 to t = 1 of 7": (x[..., :2], 1, 0, eps[..., :2], alpha_bar_of(7)),
    }


def _whole(result):
    return {"the share of times that are whole numbers": torch.tensor(float(not _pointed(result[0])))}


def _pointed(times):
    return torch.as_tensor(times).is_floating_point()


EXERCISES = (
    Exercise(
        "9.1",
        "my_ground(candidates, colours)",
        _ground,
        lambda candidates, colours: candidates[0],
        _ground_trial,
        "Start with all distances, (M, K): `torch.cdist(candidates, colours)`.",
        "On this ground, your sprites stand out as far as they can.",
        (
            "A candidate is as good as its nearest colour is far. So two steps: of each candidate the smallest "
            "distance to a colour, and then the candidate for which this is largest.",
            "`far = torch.cdist(candidates, colours)` has a row for each candidate. `far.amin(dim=1)` is the smallest "
            "of each row, and `.argmax()` says in which row it is largest.",
        ),
        {
            _wrong_ground(best=torch.argmin): "That is the candidate nearest to a colour. Take `argmax` at the end.",
            _wrong_ground(lambda far: far.mean(dim=1)): (
                "That is farthest from the colours on average; a single one may be very near. Take the smallest "
                "distance of each candidate."
            ),
            _wrong_ground(lambda far: far.amax(dim=1)): (
                "You look at each candidate's farthest colour. The nearest one is the danger: `amin`."
            ),
            _wrong_ground(lambda far: far.amax(dim=1), torch.argmin): (
                "Smallest and largest are exchanged: first `amin` over the colours, then `argmax` over the candidates."
            ),
            lambda candidates, colours: torch.cdist(candidates, colours).amin(dim=1).argmax(): (
                "That is the place of the candidate. Look it up: `candidates[...]`."
            ),
            lambda candidates, colours: torch.cdist(candidates, colours).amin(dim=1).max(): (
                "That is how far it is. Which one it is says `argmax`."
            ),
            lambda candidates, colours: colours[torch.cdist(candidates, colours).amin(dim=0).argmax()]: (
                "That is a colour of the palette, so all of it would vanish. `dim=1` goes over the colours; then look "
                "up a candidate."
            ),
            lambda candidates, colours: candidates[torch.cdist(candidates, colours).amin(dim=0).argmax()]: (
                "The smallest is taken over the candidates. Take it over the colours: `dim=1`."
            ),
            lambda candidates, colours: candidates[(candidates - colours.mean(dim=0)).norm(dim=1).argmax()]: (
                "You compare with the mean of the colours, which may be a colour that nothing has."
            ),
            _wrong_ground(far=lambda one, other: torch.cdist(one, other, p=1)): (
                "You add up the differences of red, green and blue. The distance is the root of the sum of squares."
            ),
            _wrong_ground(far=lambda one, other: _apart(one, other).sum(dim=2)): (
                "Differences of opposite signs cancel. Square them before you add them up."
            ),
        },
    ),
    Exercise(
        "9.2",
        "my_nearest(pixels, colours)",
        _nearest,
        lambda pixels, colours: pixels,
        _nearest_trial,
        "Start with numbers that can be negative: `pixels.float()` and `colours.float()`.",
        "Whatever the network draws, what comes out is in your palette, to the last bit.",
        (
            "First all distances, a row for each pixel, after `.float()`. Then the place of the smallest in "
            "each row, and the colour at that place.",
            "`far = torch.cdist(pixels.float(), colours.float())`; `far.argmin(dim=1)` are places, and `colours[...]` "
            "looks them up.",
        ),
        {
            _wrong_nearest(lambda p, c: _apart(p, c).float().square().sum(dim=2)): (
                "You subtract bytes, and there 3 - 250 is 9: they begin again at 0. `.float()` comes first, on both."
            ),
            _wrong_nearest(lambda p, c: _apart(p, c).square().sum(dim=2)): (
                "You subtract and square bytes, and these begin again at 0 after 255. `.float()` comes first, on both."
            ),
            _wrong_nearest(lambda p, c: _apart(p.short(), c.short()).square().sum(dim=2)): (
                "A square of up to 65,025 does not fit into 16 bits. `.float()`, or `.int()`."
            ),
            _wrong_nearest(lambda p, c: torch.cdist(p.float(), c.float()), torch.argmax): (
                "That is the colour farthest away. Take `argmin`."
            ),
            lambda p, c: torch.cdist(p.float(), c.float()).argmin(dim=1): (
                "These are the places of the colours. Look them up: `colours[...]`."
            ),
            lambda p, c: c.float()[torch.cdist(p.float(), c.float()).argmin(dim=1)]: (
                "Look the places up in `colours` itself, and not in what you made of it to measure with."
            ),
            _by_channel: (
                "Red, green and blue each find the nearest on their own, so colours come out that the palette has not. "
                "One distance for the three together."
            ),
            _wrong_nearest(lambda p, c: torch.cdist(p.float(), c.float(), p=1)): (
                "You add up the differences of red, green and blue. The distance is the root of the sum of squares."
            ),
            _wrong_nearest(lambda p, c: _apart(p.float(), c.float()).sum(dim=2)): (
                "Differences of opposite signs cancel. Square them before you add them up."
            ),
            _wrong_nearest(lambda p, c: _apart(p.float().mean(dim=1), c.float().mean(dim=1)).abs()): (
                "You compare how bright they are. A red and a blue can be equally bright."
            ),
            lambda p, c: c[torch.cdist(p.float(), c.float()).argmin(dim=0)]: (
                "The smallest is taken over the pixels. Take it over the colours: `dim=1`."
            ),
        },
    ),
    Exercise(
        "9.3",
        "my_start(x0, strength, eps, alpha_bar)",
        _start,
        lambda x0, strength, eps, alpha_bar: (_times(len(alpha_bar) - 1, min(len(alpha_bar) - 1, MOST)), eps),
        _start_trial,
        "Start with the time: strength times T, rounded with `round`, but at least 1.",
        "Anything can be changed so, from hardly to beyond recognition: programs that make pictures call it "
        "image-to-image.",
        (
            "Two things: the time t that belongs to the strength, rounded and at least 1, and x0 noised to t in one "
            "jump. The last line makes the times of t.",
            "The time is `max(1, round(strength * T))`. The jump is `alpha_bar[t].sqrt() * x0 + "
            "(1 - alpha_bar[t]).sqrt() * eps`.",
        ),
        {
            _wrong_start(t=lambda strength, T: T): "It always begins at T, where nothing of x0 is left.",
            lambda x0, s, e, ab: (_times(len(ab) - 1, MOST), _start(x0, s, e, ab)[1]): (
                "The times begin at T; x0 is noised to t only. Both belong together."
            ),
            lambda x0, s, e, ab: (_start(x0, s, e, ab)[0], _noised(x0, len(ab) - 1, e, ab)): (
                "x0 is noised to T, but the times begin at t. Noise it to t."
            ),
            _wrong_start(t=lambda strength, T: max(1, int(strength * T))): (
                "`int` cuts off: 0.29 * 100 is 28.999..., and becomes 28. Round it."
            ),
            _wrong_start(t=lambda strength, T: max(1, round((1 - strength) * T))): (
                "It changes least where the strength is greatest. t is strength times T."
            ),
            _wrong_start(t=lambda strength, T: round(strength * T), n=lambda t: max(1, min(t, MOST))): (
                "A small strength gives t = 0, where there is nothing to draw. t is at least 1."
            ),
            _wrong_start(t=lambda strength, T: round(strength * T)): (
                "A small strength gives t = 0, and so 0 steps to divide by. t is at least 1: `max(1, ...)`."
            ),
            lambda x0, s, e, ab: (None, _noised(x0, max(1, s * (len(ab) - 1)), e, ab)): (
                "t looks up a row of alpha_bar, so it has to be a whole number: `round(strength * T)`."
            ),
            _wrong_start(t=lambda strength, T: max(1, strength * T), mix=lambda x0, t, e, ab: e): (
                "The number of steps has to be whole, and so t: `round(strength * T)`."
            ),
            _wrong_start(t=lambda strength, T: max(1, round(strength * (T + 1)))): (
                "alpha_bar has an entry for t = 0, too, so T is `len(alpha_bar) - 1`; at T + 1 it has none."
            ),
            _wrong_start(t=lambda strength, T: min(T, max(1, round(strength * (T + 1))))): (
                "The strength is a part of T, which is `len(alpha_bar) - 1`, as alpha_bar begins at t = 0."
            ),
            _wrong_start(t=lambda strength, T: max(1, round(strength * 500))): (
                "T is not 500 in every schedule. Take it from alpha_bar: `len(alpha_bar) - 1`."
            ),
            _wrong_start(n=lambda t: MOST): "Where t is below 50, times come twice. Take min(t, 50) steps.",
            _wrong_start(n=lambda t: t): "Each t is a step, up to 500 of them. Take min(t, 50) steps.",
            _wrong_start(times=lambda t, n: _times(t, n)[:-1]): "The last time is missing: they end at 0.",
            _wrong_start(times=lambda t, n: _times(t, n)[::-1]): "The times rise. Drawing goes from t down to 0.",
            _straight: (
                "You mix by the strength itself. How much is left at t, alpha_bar says: the mixture of exercise 2.1."
            ),
            _wrong_start(mix=wrong_mix(picture=root_of_rest, noise=torch.sqrt)): (
                "The two roots are exchanged: sqrt(alpha_bar[t]) belongs to x0."
            ),
            _wrong_start(mix=wrong_mix(noise=rest)): "The root is missing at the noise.",
            _wrong_start(mix=wrong_mix(picture=itself)): "The root is missing at x0.",
            _wrong_start(
                mix=wrong_mix(noise=rest_of_root)
            ): "At the noise, the root goes over 1 - alpha_bar as a whole.",
            _wrong_start(mix=wrong_mix(picture=itself, noise=rest)): "Both roots are missing.",
            _wrong_start(mix=wrong_mix(picture=torch.ones_like)): (
                "x0 keeps its full strength: multiply it by sqrt(alpha_bar[t])."
            ),
            lambda x0, s, e, ab: (_start(x0, s, e, ab)[0], x0.expand(e.shape)): "x0 is not noised at all.",
            lambda x0, s, e, ab: _start(
                x0, s, torch.randn_like(e), ab
            ): "The noise is given: eps. Draw none of your own.",
        },
        technical=("whole numbers",),
    ),
    Exercise(
        "9.4",
        "my_beside(drawn, known, mask, t, eps, alpha_bar)",
        _beside,
        lambda drawn, known, mask, t, eps, alpha_bar: drawn,
        plain(_beside_cases),
        "Start with the known part at the level t: the mixture of exercise 2.1, of known and eps.",
        "Any part of any sprite can be drawn anew, by a network that was never taught to.",
        (
            "Both parts must have the same level of noise, as the network knows nothing else. Noise the known picture, "
            "then take `drawn` where the mask is True.",
            "`kept = alpha_bar[t].sqrt() * known + (1 - alpha_bar[t]).sqrt() * eps`, and "
            "`torch.where(mask, drawn, kept)`.",
        ),
        {
            lambda d, k, m, t, e, ab: _beside(d, k, ~m, t, e, ab): (
                "The two parts are exchanged. Where the mask is True, it is drawn anew."
            ),
            _wrong_beside(mix=lambda k, t, e, ab: k.expand(e.shape)): (
                "The known part is clean beside a noisy one. Noise it to the level t."
            ),
            _wrong_beside(mix=lambda k, t, e, ab: k + (1 - ab[t]).sqrt() * e): (
                "There is noise on the known part, but it is not weakened: alpha_bar[t].sqrt() * known."
            ),
            _wrong_beside(mix=lambda k, t, e, ab: (ab[t].sqrt() * k).expand(e.shape)): (
                "The known part is weakened, but the noise is missing."
            ),
            _wrong_beside(mix=wrong_mix(noise=rest)): (
                "The root is missing at the noise, as it is in the paper's Algorithm 1."
            ),
            _wrong_beside(mix=wrong_mix(picture=itself)): "The root is missing at the known part.",
            _wrong_beside(mix=wrong_mix(noise=rest_of_root)): "The root goes over 1 - alpha_bar as a whole.",
            _wrong_beside(mix=wrong_mix(picture=root_of_rest, noise=torch.sqrt)): (
                "The two roots are exchanged: sqrt(alpha_bar[t]) belongs to what is known."
            ),
            _wrong_beside(mix=lambda k, t, e, ab: k.expand(e.shape), drawn=_noised): (
                "You noise what is drawn, which has its noise already. It is the known part that needs it."
            ),
            _wrong_beside(drawn=_noised): (
                "What is drawn has its noise already. Noise the known part alone, before you put them together."
            ),
            lambda d, k, m, t, e, ab: d + ~m * _noised(k, t, e, ab): (
                "Where it is known, both lie on top of each other. Take only one at each place."
            ),
            lambda d, k, m, t, e, ab: m * d: "The known part is missing: it is zero.",
            _wrong_beside(mix=lambda k, t, e, ab: _noised(k, len(ab) - 1, e, ab)): (
                "The known part is noised to T. It needs the level of what is drawn, t."
            ),
            lambda d, k, m, t, e, ab: _noised(k, t, e, ab): "All of it is known. Where the mask is True, take drawn.",
        },
    ),
    Exercise(
        "9.5",
        "my_back(x, t, t_prev, eps, alpha_bar)",
        _back,
        lambda x, t, t_prev, eps, alpha_bar: x,
        _once(plain(_back_cases)),
        "Start with how much of the picture this step leaves: `alpha = alpha_bar[t] / alpha_bar[t_prev]`.",
        "With it a step can be taken as often as you like, until both parts fit.",
        (
            "It is a mixture again, but of a picture that is noisy already. From t_prev to t, the share alpha_bar "
            "falls by the factor alpha: so much of x stays.",
            "`alpha = alpha_bar[t] / alpha_bar[t_prev]`; then `alpha.sqrt() * x + (1 - alpha).sqrt() * eps`.",
        ),
        {
            _wrong_back(alpha=lambda ab, t, p: ab[t]): (
                "That noises as if x were clean. It has the noise of t_prev already: alpha is alpha_bar[t] / "
                "alpha_bar[t_prev]."
            ),
            _wrong_back(alpha=lambda ab, t, p: ab[p]): "Only t_prev is looked up. Where it goes, says t.",
            _wrong_back(alpha=lambda ab, t, p: ab[p] / ab[t]): (
                "The ratio is upside down, above 1. It is alpha_bar[t] / alpha_bar[t_prev]."
            ),
            _wrong_back(alpha=lambda ab, t, p: ab[p] - ab[t]): (
                "You take the difference of both alpha_bar. What stays is a factor: their ratio."
            ),
            _wrong_back(alpha=lambda ab, t, p: ab[t] / ab[t - 1]): (
                "You go one t back. From t_prev to t it may be many: the ratio of alpha_bar at these two."
            ),
            _wrong_back(noise=rest): "The root is missing at the noise.",
            _wrong_back(picture=itself): "The root is missing before x.",
            _wrong_back(picture=itself, noise=rest): "Both roots are missing.",
            _wrong_back(noise=rest_of_root): "At the noise, the root goes over 1 - alpha as a whole.",
            _wrong_back(picture=lambda alpha: 1): "Noise comes on top, but x is not weakened: alpha.sqrt() * x.",
            _wrong_back(noise=lambda alpha: 0): "x is weakened, but no noise comes on top.",
            _wrong_back(picture=root_of_rest, noise=torch.sqrt): "The two roots are exchanged.",
            lambda x, t, p, e, ab: (x - (1 - ab[t] / ab[p]).sqrt() * e) / (ab[t] / ab[p]).sqrt(): (
                "That takes noise away. Here it goes up, from t_prev to t."
            ),
            lambda x, t, p, e, ab: _back(x, t, p, torch.randn_like(e), ab): (
                "The noise is given: eps. Draw none of your own."
            ),
        },
    ),
)
