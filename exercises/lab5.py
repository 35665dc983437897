"""The exercises of Lab 5: guidance by w, within some noise levels, from a weak network; an embedding; an average."""

import torch
from torch.nn import functional as F

from exercises.engine import Exercise
from exercises.lab3 import guided
from exercises.trials import normal, plain


def _beyond(without, told, w):
    return (1 + w) * told - w * without


def _guided_between(without, told, time, scale, first, last):
    inside = (first <= time) & (time <= last)
    s = torch.where(inside, scale, 1.0)[:, None, None, None]
    return without + s * (told - without)


def _autoguided(good, weak, x, time, c, scale):
    begin, end = weak(x, time, c), good(x, time, c)
    return begin + scale * (end - begin)


def _embed(labels, table):
    return table[labels.clamp(min=0)] * (labels >= 0)[:, None]


def _kept(count, decay):
    return min(decay, (1 + count) / (10 + count))


def _average(old, new, count, decay):
    if not old.is_floating_point():
        return new
    d = _kept(count, decay)
    return d * old + (1 - d) * new


# How the typical mistakes are made: the right way, with one thing changed.


def _wrong_between(inside=lambda time, first, last: (first <= time) & (time <= last), outside=1.0, way=guided):
    def between(without, told, time, scale, first, last):
        s = torch.where(inside(time, first, last), scale, outside).reshape(-1, 1, 1, 1)
        return way(without, told, s)

    return between


def _for_all(inside):
    """One decision for all pictures, by inside(times, first, last)."""

    def between(without, told, time, scale, first, last):
        return guided(without, told, scale) if inside(time, first, last) else told

    return between


def _wrong_autoguided(good=1, weak=1):
    """The two networks asked at time times these."""
    return lambda g, k, x, t, c, s: guided(k(x, weak * t, c), g(x, good * t, c), s)


def _wrong_average(d=_kept, mix=torch.lerp, counts=lambda old: not old.is_floating_point(), counter=None):
    """mix(new, old, d): the mean of both, d of it old. counter(old, new, d): what comes of what counts(old)."""

    def average(old, new, count, decay):
        if counts(old):
            return (counter or (lambda old, new, d: new))(old, new, d(count, decay))
        return mix(new, old, d(count, decay))

    return average


# What the functions are tried on.


def _beyond_cases():
    one, a, b = torch.ones(1, 1, 1, 1), normal(2, 3, 4, 4), normal(2, 3, 4, 4, seed=1)
    cases = {"without = 1, told = 2, w = 3": (one, 2 * one, 3)}
    return cases | {f"random predictions, w = {w}": (a, b, w) for w in (0, 0.5, 2.5, -1)}


def _between_cases():
    one, time = torch.ones(5, 1, 1, 1), torch.tensor([0.3, 0.1, 0.125, 0.5, 0.51])
    a, b, other = normal(4, 3, 4, 4), normal(4, 3, 4, 4, seed=1), torch.tensor([0.9, 0.2, 0.7, 0.45])
    return {
        "without = 1, told = 2, time = [0.3, 0.1, 0.125, 0.5, 0.51], scale = 4, from 0.125 to 0.5": (
            *(one, 2 * one, time, 4.0, 0.125, 0.5),
        ),
        "random predictions, time = [0.9, 0.2, 0.7, 0.45], scale = 2.5, from 0.4 to 0.8": (a, b, other, 2.5, 0.4, 0.8),
        "two random predictions, time = [0.7, 0.75], scale = 3, from 0.4 to 0.8": (
            *(a[:2], b[:2], torch.tensor([0.7, 0.75]), 3.0, 0.4, 0.8),
        ),
        "two random predictions, time = [0.9, 0.95], scale = 3, from 0.4 to 0.8": (
            *(a[:2], b[:2], torch.tensor([0.9, 0.95]), 3.0, 0.4, 0.8),
        ),
    }


def _network(of_x, of_time, of_context):
    def network(x, time, c=None):
        seen = of_x * x + of_time * time.reshape(-1, 1, 1, 1)
        return seen if c is None else seen + of_context * (c * torch.arange(1, 3)).sum(dim=1).reshape(-1, 1, 1, 1)

    return network


def _autoguided_cases():
    good, weak = _network(0.5, 0.125, 1), _network(0.25, 0.25, 0.25)
    one, c = torch.ones(1, 1, 1, 1), torch.tensor([[1.0, 0.0], [0.0, 0.5]])
    return {
        "x = 1, good 0.5 x, weak 0.25 x, at time = 0, scale = 3": (good, weak, one, torch.zeros(1), 0 * c[:1], 3.0),
        "x = 0, good 1, weak 0.25 for this context, at time = 0, scale = 2": (
            *(good, weak, 0 * one, torch.zeros(1), c[:1], 2.0),
        ),
        "two random pictures, scale = 1.5": (good, weak, normal(2, 3, 4, 4), torch.tensor([0.3, 0.8]), c, 1.5),
        "two random pictures, scale = 0": (good, weak, normal(2, 3, 4, 4), torch.tensor([0.3, 0.8]), c, 0.0),
    }


def _embed_cases():
    return {
        "labels = [1, -1, 0], table = [[1, 2], [3, 4]]": (torch.tensor([1, -1, 0]), torch.tensor([[1.0, 2], [3, 4]])),
        "labels = [4, 0, -1, 2, 2, -1], a random table (5, 6)": (torch.tensor([4, 0, -1, 2, 2, -1]), normal(5, 6)),
        "labels = [2], a random table (3, 4)": (torch.tensor([2]), normal(3, 4)),
    }


def _average_cases():
    ten, two = torch.full((1,), 10.0), torch.full((1,), 2.0)
    return {
        "old = 10, new = 2, count = 2, decay = 0.9": (ten, two, 2, 0.9),
        "old = 10, new = 2, count = 2, decay = 0.2": (ten, two, 2, 0.2),
        "old = 10, new = 2, count = 2,000, decay = 0.99": (ten, two, 2000, 0.99),
        "random weights, count = 1, decay = 0.999": (normal(3, 4), normal(3, 4, seed=1), 1, 0.999),
        "a single weight, old = 10.0, new = 2.0, of shape (), count = 2, decay = 0.9": (ten[0], two[0], 2, 0.9),
        "old = 10, new = 2 in float64, count = 2, decay = 0.9": (ten.double(), two.double(), 2, 0.9),
        "the counter old = 4, new = 7, count = 2, decay = 0.9": (torch.tensor(4), torch.tensor(7), 2, 0.9),
    }


EXERCISES = (
    Exercise(
        "5.1",
        "my_beyond(without, told, w)",
        _beyond,
        lambda without, told, w: told,
        plain(_beyond_cases),
        "Start with the formula as it stands above: 1 + w times the one, less w times the other.",
        "You can read both formulas now, and know what a paper's w = 2 is in a program that asks for a scale: 3.",
        (
            "The formula is (1 + w) times the prediction as told, minus w times the one without a context.",
            "`(1 + w) * told` is the first half. At w = 0 only told is left.",
        ),
        {
            lambda u, c, w: u + w * (c - u): "That is the way of Lab 3, where 1 is as told. Here w = 0 is.",
            lambda u, c, w: u + (w - 1) * (c - u): "You have taken 1 off. The scale is 1 + w.",
            lambda u, c, w: (1 + w) * u - w * c: "The two are swapped: at w = 0 it should be told.",
            lambda u, c, w: (1 + w) * c + w * u: "without is added. Subtract it.",
            lambda u, c, w: (1 - w) * c + w * u: "The signs are swapped: 1 + w times told, and minus w times without.",
            lambda u, c, w: (1 + w) * c - u: "without is subtracted once. Subtract it w times.",
            lambda u, c, w: (1 + w) * c: "told is only made stronger. Subtract w times without.",
            lambda u, c, w: (1 + w) * (c - u): "That is only the way. Subtract w times without, not 1 + w times.",
            lambda u, c, w: 1 + w * c - w * u: "Brackets are missing: `(1 + w) * told`.",
            lambda u, c, w: w * c - (1 + w) * u: "The two factors are swapped: told has 1 + w.",
        },
    ),
    Exercise(
        "5.2",
        "my_guided_between(without, told, time, scale, first, last)",
        _guided_between,
        lambda without, told, time, scale, first, last: told,
        plain(_between_cases),
        "Start with which pictures are inside: two comparisons give True or False for each, and `&` joins them.",
        "Each picture is pushed only where it helps. Elsewhere a sampler need not ask for the prediction without.",
        (
            "Make a scale for each picture: scale where its time lies from first to last, and 1 elsewhere. With these "
            "go the way from without to told.",
            "`torch.where(inside, scale, 1.0)` has the shape (N,). `[:, None, None, None]` lays it along the pictures.",
        ),
        {
            _wrong_between(lambda time, first, last: time > -1): (
                "It is pushed at all times. Ask for both, `(first <= time) & (time <= last)`: for `|`, one is enough."
            ),
            _wrong_between(outside=0.0): "Outside it should be told, so the scale there is 1, not 0.",
            _wrong_between(lambda time, first, last: (time < first) | (time > last)): (
                "Inside and outside are swapped: push from first to last."
            ),
            _wrong_between(lambda time, first, last: (first < time) & (time < last)): (
                "first and last belong to the interval: `<=` on both sides."
            ),
            _wrong_between(lambda time, first, last: (first <= time) & (time < last)): (
                "last belongs to the interval, too: `time <= last`."
            ),
            _wrong_between(lambda time, first, last: first <= time): "It does not end: `last` is not asked for.",
            _wrong_between(lambda time, first, last: time <= last): "It begins too early: `first` is not asked for.",
            _for_all(lambda time, first, last: ((first <= time) & (time <= last)).any()): (
                "If one picture is inside, all are pushed. Each has a time of its own: `torch.where` chooses for each."
            ),
            _for_all(lambda time, first, last: ((first <= time) & (time <= last)).all()): (
                "They are pushed only if all are inside. Each has a time of its own: `torch.where` chooses for each."
            ),
            _for_all(lambda time, first, last: first <= time[0] <= last): (
                "The first picture's time decides for all. Each has its own: `torch.where` chooses for each."
            ),
            _for_all(lambda time, first, last: first <= time[-1] <= last): (
                "The last picture's time decides for all. Each has its own: `torch.where` chooses for each."
            ),
            _wrong_between(lambda time, first, last: (first <= 500 * time) & (500 * time <= last)): (
                "time is a share of T already, as first and last are."
            ),
            _wrong_between(way=lambda u, c, s: c + s * (c - u)): (
                "You start from told, the form with 1 + w. Start from without: scale 1 arrives at told."
            ),
            _wrong_between(outside=0.0, way=lambda u, c, s: c + s * (c - u)): (
                "You start from told, and go scale further. Start from without: scale 1 arrives at told."
            ),
            _wrong_between(way=lambda u, c, s: c + s * (u - c)): "without and told are swapped.",
            lambda u, c, time, s, first, last: _wrong_between()(u, c, time, 0.0, first, last): (
                "Inside, without is given as it is. There, go scale times the way from it to told."
            ),
            lambda u, c, time, s, first, last: _wrong_between(outside=0.0)(u, c, time, 1.0, first, last): (
                "Inside it is told, outside without: nothing is pushed. Inside go scale times the way, outside once."
            ),
            lambda u, c, time, s, first, last: guided(u, c, s) if first <= time <= last else c: (
                "`if` wants one answer, and there is one for each picture: `torch.where` chooses for each."
            ),
            _wrong_between(lambda time, first, last: first <= time & time <= last): (
                "Brackets are missing around the comparisons, as `&` goes first: `(first <= time) & (time <= last)`."
            ),
            lambda u, c, time, s, first, last: (
                u + torch.where((first <= time) & (time <= last), s, 1.0) * (c - u)
            ): "The scales, (N,), lie along the columns. `[:, None, None, None]` lays them along the pictures.",
        },
    ),
    Exercise(
        "5.3",
        "my_autoguided(good, weak, x, time, c, scale)",
        _autoguided,
        lambda good, weak, x, time, c, scale: good(x, time, c),
        plain(_autoguided_cases),
        "Start with the two predictions: ask both networks for x at this time, with this context.",
        "The same line pushes away from nothing told, or from a weaker network with the same faults, only stronger.",
        (
            "The weak network's prediction stands where the one without a context stood: begin there, and go towards "
            "the good one's.",
            "`begin = weak(x, time, c)`, `end = good(x, time, c)`, and from there it is exercise 3.4.",
        ),
        {
            lambda g, k, x, t, c, s: guided(g(x, t, c), k(x, t, c), s): "You go towards the weak one. Swap the two.",
            lambda g, k, x, t, c, s: guided(k(x, t), g(x, t, c), s): (
                "The weak network is not told the context. Here both are, so that only what they know differs."
            ),
            lambda g, k, x, t, c, s: guided(k(x, t, c), g(x, t), s): "The good network is not told the context.",
            lambda g, k, x, t, c, s: guided(k(x, t), g(x, t), s): "Neither network is told the context.",
            lambda g, k, x, t, c, s: guided(g(x, t), g(x, t, c), s): (
                "The weak network is not asked. That is classifier-free guidance again."
            ),
            lambda g, k, x, t, c, s: g(x, t, c) + s * (g(x, t, c) - k(x, t, c)): (
                "You start from the good one, the form with 1 + w. Start from the weak one: scale 1 arrives."
            ),
            lambda g, k, x, t, c, s: s * (g(x, t, c) - k(x, t, c)): "That is only the way. Start from the weak one.",
            lambda g, k, x, t, c, s: k(x, t, c) - s * (g(x, t, c) - k(x, t, c)): (
                "You go the wrong way: it is the good one less the weak one."
            ),
            lambda g, k, x, t, c, s: k(x, t, c) + s * g(x, t, c): (
                "The good one is added whole. Add scale times the difference, the good one less the weak one."
            ),
            lambda g, k, x, t, c, s: k(x, t, c): "That is the weak one alone. Go from it towards the good one.",
            lambda g, k, x, t, c, s: (g(x, t, c) + k(x, t, c)) / 2: "That is the middle, whatever the scale.",
            _wrong_autoguided(1 / 500, 1 / 500): "time is a share of T already: give it to both networks as it is.",
            _wrong_autoguided(
                1 / 500
            ): "The good network is asked at another time. Give it `time`, a share of T already.",
            _wrong_autoguided(
                1, 1 / 500
            ): "The weak one is asked at another time. Give it `time`, a share of T already.",
            _wrong_autoguided(500, 500): "The networks take the time as a share of T, so give them `time` as it is.",
            lambda g, k, x, t, c, s: guided(k(x, c, t), g(x, c, t), s): (
                "The order is wrong: a network is called as `network(x, time, c)`, the time before the context."
            ),
            lambda g, k, x, t, c, s: guided(k(x, t, c), g(k(x, t, c), t, c), s): (
                "The good network is shown what the weak one predicts. Show x to both."
            ),
        },
    ),
    Exercise(
        "5.4",
        "my_embed(labels, table)",
        _embed,
        lambda labels, table: torch.zeros(len(labels), table.shape[1]),
        plain(_embed_cases),
        "Start with the rows of the classes, and then think of -1.",
        "That is `nn.Embedding` and a way to say nothing: all that a label needs beside the time.",
        (
            "Take for each label its row of the table; a label of -1 gets zeros.",
            "`table[labels.clamp(min=0)]` has a row for each. `(labels >= 0)[:, None]` is True where one is asked for.",
        ),
        {
            lambda n, table: table[n]: "-1 takes the last row, as in a list. Where nothing is asked for, give zeros.",
            lambda n, table: table[n.clamp(min=0)]: "-1 gets the row of class 0. It should get zeros.",
            lambda n, table: table[n.clamp(min=0)] * (n > 0)[:, None]: "Class 0 gets zeros, too: `labels >= 0`.",
            lambda n, table: table[n[n >= 0]]: "Where nothing is asked for, a row is missing. It stays, as zeros.",
            lambda n, table: torch.where((n >= 0)[:, None], table[n], 1.0): "Nothing gets ones. It should get zeros.",
            lambda n, table: torch.where((n >= 0)[:, None], table[n], table.mean(dim=0)): (
                "Nothing gets the mean of all rows. It should get zeros."
            ),
            lambda n, table: _embed(n, table).T: "Rows and columns are swapped: a row for each label, so no `.T`.",
            lambda n, table: table.T[n.clamp(min=0)] * (n >= 0)[:, None]: (
                "Those are columns of the table. A class is a row: no `.T`."
            ),
            lambda n, table: torch.zeros(len(table)): (
                "That is one row, as long as there are classes. Give a row for each label, as wide as the table."
            ),
            lambda n, table: torch.stack([table[k] if k >= 0 else torch.zeros(len(table)) for k in n]): (
                "`len(table)` is the number of classes. A row is as long as the table is wide: `table.shape[1]` zeros."
            ),
            lambda n, table: torch.where((n >= 0)[:, None], table[n], torch.zeros(len(table))): (
                "The zeros are as many as there are classes. They should be as many as the table is wide."
            ),
            lambda n, table: table[n + 1]: "The rows are counted from 0, so label 0 is row 0: no `+ 1`.",
            lambda n, table: torch.cat((0 * table[:1], table[1:]))[n + 1]: "The row of class 0 is gone: add one more.",
            lambda n, table: F.embedding(n, table): "`F.embedding` has no row -1. Take row 0 there, and times 0.",
            lambda n, table: F.one_hot(n, len(table)).float() @ table: (
                "`one_hot` knows no -1. Take class 0 there, and make its row zeros afterwards."
            ),
            lambda n, table: table[:, n.clamp(min=0)]: "Those are columns. A class is a row: `table[labels]`.",
            lambda n, table: table[n.clamp(min=0)] * (n >= 0): (
                "`labels >= 0`, (N,), lies along the columns. `[:, None]` makes one column of it."
            ),
        },
    ),
    Exercise(
        "5.5",
        "my_average(old, new, count, decay)",
        _average,
        lambda old, new, count, decay: old,
        plain(_average_cases),
        "Start with the part of the old one that is kept: the smaller of two numbers.",
        "This line, after each step, and you sample from the mean of the last weights, as the shipped network does.",
        (
            "Keep d of the old one and take 1 - d of the new. d is decay, or (1 + count) / (10 + count) while that is "
            "smaller. Whole numbers have no mean worth keeping: give the new one back.",
            "`if not old.is_floating_point(): return new`, then `d = min(decay, (1 + count) / (10 + count))`.",
        ),
        {
            _wrong_average(lambda n, decay: decay): (
                "The decay is there from the first step on: no warm-up. If you have one, look at its brackets: "
                "`(1 + count) / (10 + count)`."
            ),
            _wrong_average(lambda n, decay: (1 + n) / (10 + n)): "It never stops growing: `min(decay, ...)`.",
            _wrong_average(lambda n, decay: max(decay, (1 + n) / (10 + n))): "Take the smaller: `min`, not `max`.",
            _wrong_average(lambda n, decay: min(decay, n / (10 + n))): "It is 1 + count over 10 + count.",
            _wrong_average(lambda n, decay: decay**n): "decay is taken count times. One step takes it once.",
            _wrong_average(lambda n, decay: n / (n + 1)): (
                "That is the mean of all since the start, in which the first weights count as much as the last."
            ),
            _wrong_average(mix=lambda new, old, d: d * new + (1 - d) * old): (
                "The two are swapped: d of the old one is kept."
            ),
            _wrong_average(mix=lambda new, old, d: d * old + new): "The parts sum to more than 1: 1 - d of the new.",
            _wrong_average(mix=lambda new, old, d: d * old + d * new): "Both are taken d times: 1 - d of the new.",
            _wrong_average(mix=lambda new, old, d: d * old - (1 - d) * new): "The new one is subtracted. Add it.",
            lambda old, new, n, decay: _wrong_average(
                mix=lambda new, old, d: d * old + (1 - decay) * new,
            )(old, new, n, decay): "The new one is taken 1 - decay times. In the warm-up, too, it is 1 - d.",
            lambda old, new, n, decay: _wrong_average(
                mix=lambda new, old, d: decay * old + (1 - d) * new,
            )(old, new, n, decay): "The old one is kept decay times. In the warm-up, too, it is d.",
            _wrong_average(mix=lambda new, old, d: d * old): "The new one does not enter: add 1 - d of it.",
            _wrong_average(mix=lambda new, old, d: (1 - d) * (new - old)): "That is only the step. Add it to old.",
            _wrong_average(mix=lambda new, old, d: new): "Nothing is kept. That is no average.",
            _wrong_average(counter=lambda old, new, d: old): "A counter stays at its start. Give the new one back.",
            _wrong_average(counter=lambda old, new, d: d * old + (1 - d) * new): (
                "A counter is averaged, too. Give the new one back: `if not old.is_floating_point(): return new`."
            ),
            _wrong_average(counter=lambda old, new, d: (d * old + (1 - d) * new).long()): (
                "A counter is averaged, and made whole again. Give the new one back: "
                "`if not old.is_floating_point(): return new`."
            ),
            _wrong_average(counts=lambda old: old.dim() == 0): (
                "A weight may be a single number, too, and is averaged then. Ask for the type, not for the shape: "
                "`old.is_floating_point()`."
            ),
            _wrong_average(counts=lambda old: old.dtype != torch.float32): (
                "There are other floats than float32, and they are averaged, too: ask `old.is_floating_point()`."
            ),
            lambda old, new, count, decay: torch.lerp(new, old, _kept(count, decay)): (
                "`lerp` takes no whole numbers. Give a counter's new value back before."
            ),
        },
    ),
)
