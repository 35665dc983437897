"""The exercises of Lab 7: shrinking, which levels get attention, the time as waves, attention, heads."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from exercises.engine import Exercise, Problem
from exercises.trials import normal, plain


def _shrink(x):
    return F.avg_pool2d(x, 2)


def _levels(size, channel_mult, attention_resolutions):
    return [size // 2**level in attention_resolutions for level in range(len(channel_mult))]


def _embedding(t, dim, max_period):
    frequencies = max_period ** (-torch.arange(dim // 2, device=t.device) / (dim // 2))
    phase = t[:, None] * frequencies
    return F.pad(torch.cat((phase.sin(), phase.cos()), dim=1), (0, dim % 2))


def attention(q, k, v):
    weights = (q @ k.transpose(2, 3) / math.sqrt(q.shape[3])).softmax(dim=3)
    return weights @ v


def heads(x, n):
    batch, channels, height, width = x.shape
    return x.reshape(batch, n, channels // n, height * width).transpose(2, 3)


# How the typical mistakes are made: the right way, with one thing changed.


def _wrong_embedding(
    frequencies=lambda i, half, period: period ** (-i / half),
    phases=lambda t, frequencies: t[:, None] * frequencies,
    half_of=lambda dim: dim // 2,
    joined=lambda phase: torch.cat((phase.sin(), phase.cos()), dim=1),
    pad=lambda dim: (0, dim % 2),
):
    def embedding(t, dim, max_period):
        half = half_of(dim)
        phase = phases(t, frequencies(torch.arange(half), half, max_period))
        return F.pad(joined(phase), pad(dim))

    return embedding


def _woven(phase):
    return torch.stack((phase.sin(), phase.cos()), dim=2).flatten(1)


def _of_width(t, dim, max_period):
    """As in Vaswani et al., where the width is even."""
    phase = t[:, None] * max_period ** (-2 * torch.arange(dim // 2) / dim)
    return F.pad(torch.cat((phase.sin(), phase.cos()), dim=1), (0, dim % 2))


def _wrong_attention(scale=lambda q: math.sqrt(q.shape[3]), share=lambda scores: scores.softmax(dim=3)):
    return lambda q, k, v: share(q @ k.transpose(2, 3) / scale(q)) @ v


def _weights(q, k):
    return (q @ k.transpose(2, 3) / math.sqrt(q.shape[3])).softmax(dim=3)


# What the functions are tried on.


def _and_then(cases, last, about):
    """The trial of cases, and of the last only where they are right: its error would hide what is wrong with them."""

    def trial(exercise, function):
        outcome, ours = plain(cases)(exercise, function), plain(cases)(exercise, exercise.ours)
        same = all(x.shape == ours[at].shape and torch.allclose(x, ours[at], atol=1e-5) for at, x in outcome.items())
        try:
            return outcome | plain(last)(exercise, function) if same else outcome
        except Problem as problem:
            raise Problem(f"{problem} ({about})", problem.kind) from None

    return trial


def _shrink_cases():
    return {
        "a map of 2 x 2, 0, 1, 2 and 5": (torch.tensor([[[[0.0, 1.0], [2.0, 5.0]]]]),),
        "a map of 4 x 6": (normal(1, 2, 4, 6),),
        "two maps of 8 x 8": (normal(2, 3, 8, 8, seed=1),),
    }


def _levels_cases():
    cases = (
        (8, (1, 2), (4,)),
        (32, (1, 2, 3, 4), (16, 8)),
        (64, (1, 1, 2, 2), (8, 32)),
        (28, (1, 2, 2), (7,)),
        (16, (1, 2, 4), (16, 4)),
        (4, (1, 1, 1), (1,)),
    )
    return {
        f"size = {size}, channel_mult = {mult}, attention_resolutions = {at}": (size, mult, at)
        for size, mult, at in cases
    }


def _no_level_cases():
    return {"size = 8, channel_mult = (1, 2), attention_resolutions = ()": (8, (1, 2), ())}


def _embedding_cases():
    return {
        "t = 0, 1 and 100, dim = 4, max_period = 10000": (torch.tensor([0.0, 1.0, 100.0]), 4, 10_000),
        "t = 2.5, dim = 8, max_period = 100": (torch.tensor([2.5]), 8, 100),
        "t = 0.5 and 300, dim = 7, max_period = 1000": (torch.tensor([0.5, 300.0]), 7, 1_000),
    }


def _attention_cases():
    q, k, v = (normal(2, 3, 5, 4, seed=seed) for seed in range(3))
    two = torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])
    asked = torch.tensor([[[[2.0, 0.0], [1.0, 4.0]]]])
    return {
        "q = (2, 0) and (1, 4), k = (1, 0) and (0, 1), v = 10 and 20": (asked, two, torch.tensor([[[[10.0], [20.0]]]])),
        "random q, k and v of shape (2, 3, 5, 4)": (q, k, v),
        "random q, k and v of shape (1, 1, 6, 9)": tuple(2 * normal(1, 1, 6, 9, seed=seed) for seed in range(3)),
    }


def _one_question_cases():
    q, k, v = normal(1, 2, 1, 4), normal(1, 2, 3, 4, seed=1), normal(1, 2, 3, 4, seed=2)
    return {"q of one place, k and v of three": (q, k, v)}


def _heads_cases():
    counted = torch.arange(8.0).reshape(1, 4, 1, 2)
    return {
        "x = 0, 1, ... 7 of shape (1, 4, 1, 2), n = 2": (counted, 2),
        "random x of shape (2, 6, 2, 4), n = 3": (normal(2, 6, 2, 4), 3),
        "random x of shape (2, 4, 3, 3), n = 1": (normal(2, 4, 3, 3, seed=1), 1),
        "random x of shape (1, 12, 2, 2), n = 4": (normal(1, 12, 2, 2, seed=2), 4),
    }


EXERCISES = (
    Exercise(
        "7.1",
        "my_shrink(x)",
        _shrink,
        lambda x: x,
        plain(_shrink_cases),
        "Start with four pixels, 2 × 2: what is their mean? `F.avg_pool2d` takes it everywhere.",
        "A map of half the size, without a weight to learn.",
        (
            "Averages over little windows are called average pooling: `F.avg_pool2d`. How large is the window?",
            "`F.avg_pool2d(x, 2)` takes windows of 2 × 2, side by side.",
        ),
        {
            lambda x: F.avg_pool2d(x, stride=2): (
                "The window's size is missing. It comes first: `F.avg_pool2d(x, 2)`; the stride is then the same."
            ),
            lambda x: nn.AvgPool2d(stride=2)(x): (
                "The size of the window is missing; `nn.AvgPool2d(2)` has one, and goes on by as much."
            ),
            lambda x: x[..., ::2, ::2]: "That is every second pixel. The other three of each four count, too.",
            lambda x: F.max_pool2d(x, 2): "That is the largest of the four. Take their mean.",
            lambda x: 4 * _shrink(x): "That is the sum of the four. Divide it by 4.",
            lambda x: F.avg_pool2d(x, 2, stride=1): (
                "The window goes on by one pixel only. Leave `stride` out, and it goes on by its own size."
            ),
            lambda x: F.avg_pool2d(x, 4, ceil_mode=True): "The window is 4 × 4: that halves twice. Take 2.",
            lambda x: F.avg_pool2d(x, 3, 2, padding=1): (
                "Windows of 3 × 3 overlap, and at the rim they take in zeros. Take 2 × 2."
            ),
            lambda x: F.avg_pool2d(x, (1, 2)): "Only the width is halved. Halve the height as well.",
            lambda x: F.avg_pool2d(x, (2, 1)): "Only the height is halved. Halve the width as well.",
            lambda x: x.mean(dim=(2, 3), keepdim=True): "That is one mean for the whole map. Take one for each 2 × 2.",
            lambda x: x.mean(dim=(2, 3)): (
                "That is one mean for a whole map, and no map any more. Take one for each 2 × 2: `F.avg_pool2d(x, 2)`."
            ),
            lambda x: _shrink(x).sum(dim=1, keepdim=True): (
                "The channels are added up. Each keeps a map of its own: (N, C, H / 2, W / 2)."
            ),
            lambda x: _shrink(x).sum(dim=1, keepdim=True).expand_as(_shrink(x)): (
                "Each map is the sum over all channels. Average each channel on its own."
            ),
            lambda x: _shrink(x).mean(dim=1, keepdim=True): (
                "The mean runs over the channels, too. Each keeps a map of its own: (N, C, H / 2, W / 2)."
            ),
        },
    ),
    Exercise(
        "7.2",
        "my_levels(size, channel_mult, attention_resolutions)",
        _levels,
        lambda size, channel_mult, attention_resolutions: list(channel_mult),
        _and_then(
            _levels_cases, _no_level_cases, "attention_resolutions may be (): then no level has it. `in` can ask that."
        ),
        "Start with how large the map is at level 0, 1, 2: the size, half of it, a quarter.",
        "Attention where it is wanted, whatever the size of the picture.",
        (
            "There are as many levels as `channel_mult` has numbers. At level i the map is `size // 2**i` pixels wide.",
            "Make a list, `[... for level in range(len(channel_mult))]`, and ask with `in` whether the map's size is "
            "among the attention_resolutions.",
        ),
        {
            lambda size, mult, at: [2**level in at for level in range(len(mult))]: (
                "You compare how many times smaller the map is, 1, 2, 4. A resolution is its size: `size // 2**level`."
            ),
            lambda size, mult, at: [level in at for level in range(len(mult))]: (
                "You compare the number of the level, 0, 1, 2. Compare the size of its map."
            ),
            lambda size, mult, at: [size // 2 ** (level + 1) in at for level in range(len(mult))]: (
                "You are one halving ahead: the first level has the full size."
            ),
            lambda size, mult, at: [size // 2**i in at for i in mult]: (
                "The loop runs over the values of channel_mult. It needs the numbers of the levels, 0, 1, 2: "
                "`for level in range(len(channel_mult))`."
            ),
            lambda size, mult, at: [size // 2**level == at for level in range(len(mult))]: (
                "A size never equals a tuple, so all is False. Ask whether it is among them: `in`, not `==`."
            ),
            lambda size, mult, at: [size // 2**level == at[0] for level in range(len(mult))]: (
                "Only the first of attention_resolutions counts. There may be several, or none: ask with `in`."
            ),
            lambda size, mult, at: [size // 2**level == max(at) for level in range(len(mult))]: (
                "Only the largest of attention_resolutions counts. There may be several, or none: ask with `in`."
            ),
            lambda size, mult, at: [m in at for m in mult]: (
                "channel_mult says how many channels a level has, not how large its map is."
            ),
            lambda size, mult, at: [size // m in at for m in mult]: (
                "You divide by channel_mult, which is about channels. Each level halves the map."
            ),
            lambda size, mult, at: [size // (level + 1) in at for level in range(len(mult))]: (
                "A half, a third, a fourth: each level halves the one before, so divide by `2**level`."
            ),
            lambda size, mult, at: [size in at] * len(mult): "Each level is asked for the full size. It halves.",
            lambda size, mult, at: [size // max(1, 2 * level) in at for level in range(len(mult))]: (
                "You divide by 2, 4, 6. Each level halves the one before: `2**level`, not `2 * level`."
            ),
            lambda size, mult, at: [size - 2 * level in at for level in range(len(mult))]: (
                "You take 2 away for each level. Each level halves the one before: `size // 2**level`."
            ),
            lambda size, mult, at: [size // 2 in at] * len(mult): (
                "Each level is asked for half the size. Level i has `size // 2**i`."
            ),
            lambda size, mult, at: [size // 2**level not in at for level in range(len(mult))]: (
                "It is turned round: True where attention is wanted."
            ),
            lambda size, mult, at: _levels(size, mult, at)[
                ::-1
            ]: "The order is turned round: the full size comes first.",
            lambda size, mult, at: _levels(size, mult, at)[:1]: (
                "There is one answer only. Does `return` stand inside the loop?"
            ),
            lambda size, mult, at: [r in [size // 2**level for level in range(len(mult))] for r in at]: (
                "That is an answer for each resolution. Give one for each level."
            ),
            lambda size, mult, at: [size // 2**level for level in range(len(mult))]: (
                "Those are the sizes. Ask of each whether it is `in attention_resolutions`."
            ),
        },
    ),
    Exercise(
        "7.3",
        "my_embedding(t, dim, max_period)",
        _embedding,
        lambda t, dim, max_period: torch.zeros(len(t), dim),
        plain(_embedding_cases),
        "Start with the frequencies: `i = torch.arange(dim // 2)`, and max_period to the power of -i / (dim // 2).",
        "The network hears the time as many numbers, fast ones and slow ones, and also a time between two steps.",
        (
            "Three lines: the frequencies, (dim // 2,); the phases, time times frequency, (N, dim // 2); the sines and "
            "then the cosines, side by side. An odd dim lacks one number.",
            "`phase = t[:, None] * frequencies`, then `torch.cat((phase.sin(), phase.cos()), dim=1)`; "
            "`F.pad(..., (0, dim % 2))` puts a zero at the end if dim is odd.",
        ),
        {
            _wrong_embedding(joined=lambda phase: torch.cat((phase.cos(), phase.sin()), dim=1)): (
                "Sines and cosines are in the other order. A network could learn from either; here sines come first."
            ),
            _wrong_embedding(joined=_woven): (
                "Sine and cosine take turns, as in Vaswani et al. Here, as in most diffusion programs, all sines stand "
                "first, then all cosines."
            ),
            _wrong_embedding(lambda i, half, period: period ** (i / half)): (
                "The frequencies grow from 1 up. They fall from 1: the exponent has a minus."
            ),
            _wrong_embedding(lambda i, half, period: period ** (-i / max(half - 1, 1))): (
                "The last frequency is 1 / max_period. Divide i by `dim // 2`, not by one less, and it stays above."
            ),
            _wrong_embedding(lambda i, half, period: period ** (-i / (2 * half))): (
                "The frequencies fall by half as much as they should: i goes up to `dim // 2`, so divide by that."
            ),
            _wrong_embedding(lambda i, half, period: period ** (-2 * i / half)): (
                "The frequencies fall twice as much as they should: i already counts pairs, so leave the 2 away."
            ),
            _of_width: (
                "For an odd dim, -2 i / dim is not -i / (dim // 2). Divide by the number of frequencies, `dim // 2`."
            ),
            _wrong_embedding(lambda i, half, period: period ** (-i) / half): (
                "The power is divided by h, not its exponent. Brackets: `max_period ** (-i / h)`."
            ),
            _wrong_embedding(lambda i, half, period: period ** (-(i + 1) / half)): (
                "i begins at 1. It begins at 0, so that the first frequency is 1: `torch.arange(dim // 2)`."
            ),
            _wrong_embedding(lambda i, half, period: 10_000 ** (-i / half)): (
                "It is 10000 whatever max_period is. Use the argument."
            ),
            _wrong_embedding(phases=lambda t, f: t.floor()[:, None] * f): (
                "The time is cut to a whole number. Fractions count."
            ),
            _wrong_embedding(phases=lambda t, f: 2 * math.pi * t[:, None] * f): (
                "Leave 2π away: the sine is taken of t times frequency."
            ),
            _wrong_embedding(phases=lambda t, f: t[:, None] / 500 * f): (
                "t is divided by T, as Lab 2's `waves` wants it. This embedding takes t in steps, as it is."
            ),
            _wrong_embedding(phases=lambda t, f: t * f): (
                "Each time has to meet each frequency. Make a column of the times: `t[:, None] * frequencies`."
            ),
            _wrong_embedding(pad=lambda dim: (0, 0)): (
                "An odd dim comes out one number short. Put a zero at the end: `F.pad(..., (0, dim % 2))`."
            ),
            _wrong_embedding(
                pad=lambda dim: (dim % 2, 0)
            ): "The zero of an odd dim stands first. It belongs at the end.",
            _wrong_embedding(half_of=lambda dim: dim, pad=lambda dim: (0, 0)): (
                "Twice as many numbers as asked for: sines and cosines share them, so take `dim // 2` frequencies."
            ),
            _wrong_embedding(half_of=lambda dim: -(-dim // 2), pad=lambda dim: (0, -(dim % 2))): (
                "For an odd dim you take a frequency too many and cut it off again. Take `dim // 2`, and add a zero."
            ),
        },
    ),
    Exercise(
        "7.4",
        "my_attention(q, k, v)",
        attention,
        lambda q, k, v: v,
        _and_then(_attention_cases, _one_question_cases, "There may be fewer places that ask than places looked at."),
        "Start with how well each question fits each key: `q @ k.transpose(2, 3)`, a table of places by places.",
        "That is the whole of attention: a mean over all places, with weights that the picture itself decides.",
        (
            "Scores, `q @ k.transpose(2, 3)`, divided by the root of d; a softmax, so that rows sum to 1; times v.",
            "`weights = (q @ k.transpose(2, 3) / q.shape[3] ** 0.5).softmax(dim=3)`, and then `weights @ v`.",
        ),
        {
            _wrong_attention(scale=lambda q: 1): "The scores are not divided by the root of d, `q.shape[3] ** 0.5`.",
            _wrong_attention(scale=lambda q: q.shape[3]): "The scores are divided by d. Divide by its root.",
            _wrong_attention(scale=lambda q: q.shape[3] ** -0.5): (
                "The scores are multiplied with the root of d. Divide by it."
            ),
            _wrong_attention(scale=lambda q: math.sqrt(q.shape[2])): (
                "You divide by the root of the number of places. d is the last size of q, `q.shape[3]`."
            ),
            _wrong_attention(scale=lambda q: math.sqrt(q.shape[1])): (
                "You divide by the root of the number of heads. d is the last size of q, `q.shape[3]`."
            ),
            _wrong_attention(share=lambda scores: scores.softmax(dim=2)): (
                "The softmax runs along the places that ask. Each row has to sum to 1: `dim=3`."
            ),
            _wrong_attention(share=lambda scores: scores.softmax(dim=1)): (
                "The softmax runs over the heads. It runs over the places that are looked at, `dim=3`."
            ),
            _wrong_attention(share=lambda scores: scores): "The softmax is missing: weights are positive and sum to 1.",
            _wrong_attention(share=torch.exp): (
                "`exp` makes the scores positive; divide each row by its sum, too. `softmax(dim=3)` does both."
            ),
            _wrong_attention(share=torch.sigmoid): "A sigmoid is no softmax: the weights of a row have to sum to 1.",
            lambda q, k, v: attention(q, k, v) / math.sqrt(q.shape[3]): (
                "The result is divided once more by the root of d. The scores are, before the softmax, and that is all."
            ),
            lambda q, k, v: (q @ k.transpose(2, 3)).softmax(dim=3) / math.sqrt(q.shape[3]) @ v: (
                "The root of d comes after the softmax. Divide the scores before it."
            ),
            lambda q, k, v: (q @ k.transpose(2, 3) / math.sqrt(q.shape[3]) @ v).softmax(dim=3): (
                "The softmax comes last. It makes weights of the scores, before they meet v."
            ),
            lambda q, k, v: attention(k, q, v): "q and k are swapped: rows belong to the places that ask, q.",
            lambda q, k, v: _weights(q, k).transpose(2, 3) @ v: (
                "The weights are turned round before they meet v. Rows belong to the places that ask: `weights @ v`."
            ),
            lambda q, k, v: _weights(q, k): (
                "Those are the weights. What is handed on is their mean of v: `weights @ v`."
            ),
        },
    ),
    Exercise(
        "7.5",
        "my_heads(x, n)",
        heads,
        lambda x, n: x,
        plain(_heads_cases),
        "Start with the shapes: C channels become n heads of C / n. `x.reshape(N, n, C // n, H * W)` cuts them so.",
        "Several heads ask at once, with no more multiplications than one; but each has a table of weights of its own.",
        (
            "First cut the channels into n parts and lay the places in one row: (N, n, C / n, H W). Then the last two "
            "change places.",
            "`x.reshape(N, n, C // n, H * W).transpose(2, 3)`, with N, C, H, W from `x.shape`.",
        ),
        {
            lambda x, n: x.reshape(len(x), n, -1, x.shape[1] // n): (
                "The shape is right, but numbers of one place get torn apart: a reshape does not turn anything round. "
                "Cut into (N, n, C / n, H W) first, then `.transpose(2, 3)`."
            ),
            lambda x, n: heads(x, n).transpose(
                2, 3
            ): "Channels and places still have to change places: `.transpose(2, 3)`.",
            lambda x, n: x.reshape(len(x), x.shape[2] * x.shape[3], n, -1).transpose(1, 2): (
                "The shape is right, but the reshape cuts across the channels: x has them before the places. Keep that "
                "order, (N, n, C / n, H W), and then `.transpose(2, 3)`."
            ),
            lambda x, n: heads(x, n).transpose(2, 3).transpose(1, 3): (
                "The wrong two axes change places. After (N, n, C / n, H W), the last two do: `.transpose(2, 3)`."
            ),
            lambda x, n: x.reshape(len(x), x.shape[1] // n, n, -1).permute(0, 2, 3, 1): (
                "Each head takes every n-th channel. It takes C / n channels in a row: `reshape(N, n, C // n, ...)`."
            ),
            lambda x, n: heads(x.transpose(2, 3), n): (
                "The places are counted by columns. Count them by rows, as `reshape` does by itself."
            ),
            lambda x, n: heads(x, x.shape[1] // n): "n is the number of heads, not of channels in each.",
            lambda x, n: heads(x, 1)[:, 0]: "The heads are missing: cut the channels into n parts of C / n.",
            lambda x, n: heads(x, 1): "There is one head, whatever n is. Cut the channels into n parts.",
            lambda x, n: heads(x, n).flatten(
                0, 1
            ): "Heads and pictures are one axis. Keep them apart: (N, n, H W, C / n).",
            lambda x, n: heads(x, n).transpose(1, 2): "Heads come before places: (N, n, H W, C / n).",
            lambda x, n: heads(x, n).unflatten(2, x.shape[2:]): (
                "Rows and columns are still two axes. Lay the places in one row of H W."
            ),
            lambda x, n: heads(x, n).flip(1): "The heads are in the other order: the first has the first channels.",
            lambda x, n: heads(x, n) / math.sqrt(x.shape[1] // n): "Nothing is divided here; attention does that.",
            lambda x, n: heads(x[:, : x.shape[1] // n * n // n], 1): (
                "Only the first head is there. Keep all channels, in n parts."
            ),
        },
    ),
)
