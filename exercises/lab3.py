"""The exercises of Lab 3: leaving the context out, a context for a wish, counting agreement, guidance."""

import torch
from torch.nn import functional as F

from exercises.engine import Exercise, Problem, read, result_of, shape_of
from exercises.trials import CHANCE, normal, plain

CLASSES = ["hero", "non-hero", "food", "spell", "side-facing"]  # as in Lab 3


def _drop(c, probability):
    keep = torch.rand(len(c), 1, device=c.device) >= probability
    return c * keep


def _context(wish, classes):
    return torch.tensor([float(wish.get(name, 0)) for name in classes])


def _agreement(asked, seen):
    return (asked == seen).float().mean().item()


def guided(without, told, scale):
    return without + scale * (told - without)


# What the functions are tried on.


def _context_cases():
    return {
        'wish = {"food": 0.6, "hero": 1}': ({"food": 0.6, "hero": 1}, CLASSES),
        'wish = {"moon": 2}, classes = sun, moon, star': ({"moon": 2}, ["sun", "moon", "star"]),
        "an empty wish": ({}, ["sun", "moon"]),
        'wish = {"b": 3, "a": -1}, classes = a, b': ({"b": 3, "a": -1}, ["a", "b"]),
    }


def _agreement_cases():
    pairs = ([0, 1, 2, 3, 4, 0, 1], [0, 2, 2, 3, 1, 4, 0]), ([2, 2, 1, 0, 3], [1, 2, 2, 3, 0]), ([1, 3, 0], [1, 3, 0])
    return {f"asked = {asked}, seen = {seen}": (torch.tensor(asked), torch.tensor(seen)) for asked, seen in pairs}


def _guided_cases():
    one, a, b = torch.ones(1, 1, 1, 1), normal(2, 3, 4, 4), normal(2, 3, 4, 4, seed=1)
    cases = {"without = 1, told = 2, scale = 3": (one, 2 * one, 3)}
    return cases | {f"random predictions, scale = {scale}": (a, b, scale) for scale in (0, 1, 0.5, 2.5)}


def _drop_trial(exercise, function):
    outcome = {}
    for probability, rows, width in ((0.3, 101, 5), (0.6, 71, 3)):
        c = 0.5 + torch.rand(rows, width)
        given = torch.stack([_dropped(exercise, function, c, probability) for _ in range(200)])  # (200, rows, width)
        zero = (given == 0).all(dim=2)
        factor = given / c
        whole = (factor - factor[..., :1]).abs().amax(dim=2) < 1e-4
        facts = {
            "the number of tries in which rows are zero only in part": (~whole).any().float(),
            "the share of calls in which all rows are treated the same": (zero == zero[:, :1])
            .all(dim=1)
            .float()
            .mean(),
            "the share of rows that are zero": zero.float().mean(),
            "the share of rows that fare the same in the next call": (zero[1:] == zero[:-1]).float().mean(),
            "the spread, from call to call, of the number of rows that are zero": zero.sum(dim=1).float().std(),
            "the factor on the rows that stay": factor[whole & ~zero].mean(),
        }
        outcome |= {(what, f"probability = {probability}"): fact for what, fact in facts.items()}
    for probability in (0.0, 1.0):
        zero = (_dropped(exercise, function, torch.ones(200, 2), probability) == 0).float().mean()
        outcome["the share of numbers that are zero", f"probability = {probability}"] = zero
    return outcome


def _dropped(exercise, function, c, probability):
    given = read(result_of(exercise, function, c, probability), c, f"probability = {probability}")
    if given.shape != c.shape:
        text = f"It returns contexts {shape_of(given)} for contexts {shape_of(c)}: the shape has to stay."
        raise Problem(text, "shape")
    return given


EXERCISES = (
    Exercise(
        "3.1",
        "my_drop(c, probability)",
        _drop,
        lambda c, probability: c,
        _drop_trial,
        "Start with one random number for each row: `torch.rand(len(c), 1)`. Which of them make a row drop out?",
        "A network trained so can draw with and without being told what: that makes guidance possible.",
        (
            "Draw a number between 0 and 1 for each row, and keep the row if it is not below the probability. A kept "
            "row is multiplied with 1, a dropped one with 0.",
            "`keep = torch.rand(len(c), 1) >= probability` has the shape (N, 1). Multiply c with it.",
        ),
        {
            lambda c, p: c * (torch.rand(c.shape) >= p): (
                "Rows are dropped in parts. Draw one number for each row, `(len(c), 1)`, not for each entry."
            ),
            lambda c, p: c * float(torch.rand(()) >= p): (
                "All rows are dropped together, or none. Draw one number for each row."
            ),
            lambda c, p: c * (torch.rand(len(c), 1) < p): "It drops with 1 - probability. Turn the comparison round.",
            lambda c, p: c * (torch.rand(len(c), 1) >= p) / max(1 - p, 1e-9): (
                "Rows that stay are scaled by {yours}, it should be {ours}. That is dropout; a context stays."
            ),
            lambda c, p: c * (torch.rand(len(c)) >= p): (
                "The numbers, (N,), lie along the columns. `[:, None]` makes one column of them, (N, 1)."
            ),
            lambda c, p: c * (torch.randn(len(c), 1) >= p): (
                "`randn` draws normal noise. `rand` draws evenly from 0 to 1: a share p of it lies below p."
            ),
            F.dropout: "`dropout` drops single entries, not rows, and scales what stays.",
            lambda c, p: c * (torch.arange(len(c)) >= p * len(c))[:, None]: (
                "It is always the same rows. Chance decides, in each call anew."
            ),
            lambda c, p: c * (torch.randperm(len(c)) >= p * len(c))[:, None]: (
                "It is always the same number of rows. Each row decides on its own, whatever the others do."
            ),
            lambda c, p: c[torch.rand(len(c)) >= p]: "Dropped rows have to stay, as zeros, beside their pictures.",
            lambda c, p: c * (torch.rand(len(c), 1) >= 0.5): "Half of the rows are dropped, whatever the probability.",
            lambda c, p: c * (torch.rand(1, c.shape[1]) >= p): (
                "Whole columns are dropped. A row is one sample's context: draw `(len(c), 1)` numbers."
            ),
        },
        {
            "the share of rows that fare the same in the next call": CHANCE / 2,
            "the share of rows that are zero": CHANCE / 2,
            "the share of numbers that are zero": CHANCE / 4,  # rand() > 0 in place of >= 0 is right, too
            "the spread, from call to call, of the number of rows that are zero": 2,
            "the factor on the rows that stay": 1e-4,
        },
        technical=("only in part", "the next call", "spread"),
    ),
    Exercise(
        "3.2",
        "my_context(wish, classes)",
        _context,
        lambda wish, classes: torch.zeros(len(classes)),
        plain(_context_cases),
        "Start with how much is wished of one class: `wish.get(name, 0)`, which is 0 where nothing is wished.",
        "Now you can ask by name, and for mixtures that nobody has drawn.",
        (
            "One number for each class, in the order of classes, not of the wish. What is not wished is 0.",
            "Go through classes, collect `float(wish.get(name, 0))` in a list, and make a tensor of the list.",
        ),
        {
            lambda wish, names: torch.tensor([*map(float, wish.values()), *[0.0] * (len(names) - len(wish))]): (
                "The numbers stand in the order of the wish. Take that of classes."
            ),
            lambda wish, names: torch.tensor([float(name in wish) for name in names]): (
                "How much is wished gets lost. Put the amount in place of 1."
            ),
            lambda wish, names: _context(wish, names) / max(sum(wish.values()), 1e-9): (
                "The amounts are scaled to a sum of 1. Take them as they are."
            ),
            lambda wish, names: _context(dict(list(wish.items())[-1:]), names): (
                "Only one wish comes through. Is the tensor made anew in the loop, or does `return` stand inside it?"
            ),
            lambda wish, names: _context(dict(list(wish.items())[:1]), names): (
                "Only the first wish comes through. Does `return` stand inside the loop?"
            ),
            lambda wish, names: _context(wish, names)[None]: "That is a row too many. One context has the shape (n,).",
            lambda wish, names: torch.tensor([float(wish[name]) for name in names if name in wish]): (
                "Only what is wished has a number. Every class has one, 0 where nothing is wished."
            ),
            lambda wish, names: wish["non-hero"]: "Not all is wished: `wish.get(name, 0)` gives 0 for what is missing.",
            lambda wish, names: _context(wish, CLASSES): "Those are the classes of the lab. Take `classes`, as given.",
            lambda wish, names: _context(wish, names).roll(1): "The place is one too late: places are counted from 0.",
            lambda wish, names: _context(wish, names).long(): (
                "Write `float(...)` around each number: whole numbers would be read as class numbers."
            ),
        },
    ),
    Exercise(
        "3.3",
        "my_agreement(asked, seen)",
        _agreement,
        lambda asked, seen: 0.0,
        plain(_agreement_cases),
        "Start with `asked == seen`: N times True or False.",
        "You can measure, in one number, how often the network draws what it was asked for.",
        (
            "Count the places where both are equal, and divide by how many places there are.",
            "True counts as 1: `(asked == seen).float()` are ones and zeros, and their mean is the share.",
        ),
        {
            lambda asked, seen: (asked == seen).sum(): "That is a count. Divide it by how many there are.",
            lambda asked, seen: 100 * _agreement(asked, seen): "That is per cent. A share lies between 0 and 1.",
            lambda asked, seen: 1 - _agreement(asked, seen): "That is the share that differs. Compare with `==`.",
            lambda a, s: (a == s).mean(): "True and False have no mean. `.float()` makes ones and zeros of them.",
            lambda a, s: (a == s).all(): "That is 1 where all agree, and else 0. Is there `.all()`, or `//`?",
            lambda asked, seen: (asked == seen).any(): "That is 1 where any agree. Take the mean.",
            lambda a, s: (a == s).sum() / 5: "Divide by how many were asked, not by the number of classes.",
            lambda asked, seen: asked == seen: "That is one answer for each picture. Take the mean of all.",
            lambda a, s: (a - s).abs().float().mean(): "That is how far numbers lie apart. Classes agree, or do not.",
        },
    ),
    Exercise(
        "3.4",
        "my_guided(without, told, scale)",
        guided,
        lambda without, told, scale: told,
        plain(_guided_cases),
        "Start with the way from one prediction to the other: the difference of the two.",
        "That is guidance, in one line: beyond 1, the sprites say more clearly what they are.",
        (
            "Begin at without and go towards told: scale says how far. At 0 you stay, at 1 you arrive.",
            "The way is `told - without`. Go scale times as far, starting from without.",
        ),
        {
            lambda u, c, s: c + s * (c - u): "You start from told, the form with 1 + w. Here scale 1 arrives at told.",
            lambda u, c, s: c + s * (u - c): "The two are swapped: at scale 0 it should be without.",
            lambda u, c, s: u - s * (c - u): "You go the wrong way: it is told - without.",
            lambda u, c, s: s * c: "told is only made stronger. Start from without, and go the difference.",
            lambda u, c, s: s * (c - u): "That is only the way. Start from without.",
            lambda u, c, s: u + s * c: "All of told is added. Add the difference.",
            lambda u, c, s: (u + c) / 2: "That is the middle, whatever the scale.",
            lambda u, c, s: s * (u + c) - u: "The sum of both is scaled. Scale the difference.",
        },
    ),
)
