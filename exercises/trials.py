"""What the labs share: the trial of a function that gives the same for the same, and what functions are tried on."""

import torch
from torch import nn

from exercises.engine import Problem, kind_of, read, result_of

CHANCE = 0.08  # how far off a number measured on what is drawn may be


def plain(cases, parts=None, also=lambda result: {}):
    """A trial of a function that gives the same for the same: cases() is {for which arguments: arguments}.

    parts: the names of what it gives, if it is several. also(result): more to compare, {what: tensor}.
    """

    def trial(exercise, function):
        rows = []
        for where, arguments in cases().items():
            result = result_of(exercise, function, *arguments)
            like = exercise.ours(*arguments)
            rows += [(part, where, value) for part, value in _parts(result, like, parts, where)]
            rows += [(what, where, value) for what, value in also(result).items()]
        where, arguments = next(iter(cases().items()))
        again = dict(_parts(result_of(exercise, function, *arguments), exercise.ours(*arguments), parts, where))
        if not all(again[what].equal(value) for what, at, value in rows if at == where and what in again):
            text = "Asked twice with the same arguments, it gives two answers. Is there chance in it, or does it keep"
            raise Problem(f"{text} something from the first call? Here nothing is random.", "chance")
        order = list(dict.fromkeys(what for what, _, _ in rows))
        return {(what, where): value for what, where, value in sorted(rows, key=lambda row: order.index(row[0]))}

    return trial


def _parts(result, like, parts, where):
    if parts is None:
        return [("the result", read(result, like, where))]
    count = len(result) if isinstance(result, (tuple, list)) or (torch.is_tensor(result) and result.dim()) else None
    if count != len(parts):
        what = kind_of(result) if count is None else "1 thing" if count == 1 else f"{count} things"
        raise Problem(f"It returns {what}; it should be {len(parts)}: `return {', '.join(parts)}`.", "parts")
    return [(part, read(r, o, where)) for part, r, o in zip(parts, result, like, strict=True)]


def normal(*shape, seed=0):
    """Normal noise, the same whenever it is asked for."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def beta_of(T):
    """The schedule of the labs at T = 500; a steeper one, in which steps differ much, for a small T."""
    beta = torch.linspace(0.05 / T, min(10 / T, 0.5), T + 1)
    beta[0] = 0
    return beta


def alpha_bar_of(T):
    return (1 - beta_of(T)).cumprod(dim=0)


class Recorder:
    """A network and a step that do nothing but write down what they are given."""

    def __init__(self, T):
        self.T, self.chance = T, torch.Generator().manual_seed(T)
        self.states, self.answers = [self._picture()], []
        self.times, self.given, self.shown, self.stepped, self.eps, self.z, self.shape = [], [], [], [], [], [], []

    def _picture(self):
        return torch.randn(40, 3, 8, 8, generator=self.chance)

    def network(self, x, time, *rest):
        if len(self.times) == 100:  # before it fills the memory
            ends = self.times[0] > self.times[-1] > 0  # it counts down, to 0 some day
            text = f"The network is asked 100 times and more, with T = {self.T}"
            raise Problem(f"{text}{'.' if ends else ': does the loop end?'}", "long" if ends else "endless")
        self.times.append(float(torch.as_tensor(time).reshape(-1)[0]))
        self.shown.append(_which(x, self.states))
        self.answers.append(self._picture())
        return self.answers[-1].clone()

    def step(self, x, t, eps, z):
        if z is None:
            raise Problem("`step` is given `None` for z: give it 0, or zeros, in the last step.", "z")
        z = torch.as_tensor(z, dtype=torch.float32)
        self.given.append(float(t)), self.stepped.append(_which(x, self.states))
        self.eps.append(_which(eps, self.answers))
        self.z.append(z.expand(self.states[0].shape)), self.shape.append(z.shape if z.any() else x.shape)
        self.states.append(self._picture())
        return self.states[-1].clone()

    def seen(self, result):
        before = torch.stack(self.z[:-1] or [torch.zeros(())])
        steps = "how many steps lie behind"
        facts = {
            "the list of times that the network is told": self.times,
            "the list of t that `step` is given": self.given,
            f"{steps} each x that the network is shown (-1: no such x)": self.shown,
            f"{steps} each x that `step` is given (-1: no such x)": self.stepped,
            "the list of answers of the network (0, 1, ...) that `step` is given as eps (-1: none)": self.eps,
            "the shape of z": self.shape[0] if self.shape else [],
            "the strength of z": before.square().mean().sqrt(),
            "the mean of z": before.mean(),
            "the strength of z in the last step": (self.z or [before])[-1].square().mean().sqrt(),
            "the likeness of z from step to step": (before[1:] * before[:-1]).mean() if len(before) > 1 else 0.0,
            f"{steps} what comes back (-1: no such x)": _which(result, self.states),
        }
        return {what: torch.as_tensor(fact) for what, fact in facts.items()}


def _which(x, known):
    """The place of a tensor among known ones, or -1."""
    same = (at for at, other in enumerate(known) if torch.is_tensor(x) and x.equal(other))
    return next(same, -1)


class Network(nn.Module):
    """The smallest network that learns and knows the time; it keeps what it was asked."""

    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(torch.tensor([0.4, 0.1, 0.5]))
        self.weights.register_hook(self._count)
        self.asked, self.backwards = [], 0

    def _count(self, gradient):
        self.backwards += 1

    def forward(self, x, time, *rest):
        if not torch.is_tensor(x) or x.dim() != 4:
            raise TypeError("network(x, time) takes noisy pictures (N, 3, H, W) first, then their times (N,)")
        if len(self.asked) == 100:  # before it fills the memory
            raise Problem("The network is asked 100 times and more: is there a loop that does not end?", "endless")
        time = torch.as_tensor(time, dtype=torch.float32).reshape(-1)
        if len(time) not in (1, len(x)):
            raise ValueError(f"the network is given {len(time)} times for {len(x)} pictures")
        time = time.expand(len(x))
        self.asked.append((x.detach().clone(), time))
        return self.weights[0] * x + self.weights[1] + self.weights[2] * time[:, None, None, None]
