"""Exercises that answer: `check("4.2", my_ddim_step)`, `hint("4.2")`, `check()`, `yours_or_ours("4.2")`.

engine          check, hint, yours_or_ours, and how a function is tried and its mistake found
trials          how each kind of exercise tries a function
exercises       the right functions, their typical mistakes, and hints, in the order of the labs

A trial gives an outcome, {(what, for which arguments): tensor}. It is made with the student's function, with ours, with
the placeholder and with each typical mistake: the student's is told the mistake whose outcome it has.
"""

import ctypes
import html
import inspect
import io
import math
import random
import re
import traceback
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from functools import cache, partial
from threading import Thread
from time import monotonic

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

LIMIT = 10  # seconds for a check; a right answer takes milliseconds
COLOURS = {"right": "#009E73", "not right": "#D55E00", "not written yet": "#0072B2"}  # Okabe and Ito: safe for all eyes
# In what is measured: its numbers would say nothing to a student who is told the mistake.
TECHNICAL = re.compile("-1:|likeness|losses|multiple|in part|alike|the next call|spread|of their own|whole numbers")
ANSWERS, FUNCTIONS, HINTS = {}, {}, {}  # of this kernel, by number: answers, right functions, hints given

# ---------------------------------------------------------------------------------------------------------- engine


@dataclass(frozen=True)
class Exercise:
    """What `check` knows of one exercise. mistakes: {wrong function: what to say about it}.

    This may hold {yours} and {ours}, the two numbers where the student's outcome first differs from ours; else a
    sentence with the two stands before it, unless what they measure is TECHNICAL.
    rough: how far an outcome may be off where it depends on chance, by what it is; a right one is farther off with a
    probability below 1e-9.
    """

    number: str
    call: str
    ours: callable
    placeholder: callable
    trial: callable
    start: str
    opens: str
    hints: tuple
    mistakes: dict
    rough: dict = field(default_factory=dict)

    @property
    def name(self):
        return self.call.split("(")[0]

    @property
    def arguments(self):
        return self.call.split("(")[1].rstrip(")").split(", ")


class Answer:
    """What an exercise answers: `.state`, `.right`, `.text`; a box in a notebook, plain text elsewhere."""

    def __init__(self, title, text, state="not written yet", rows=()):
        self.title, self.text, self.state, self.rows = title, text, state, rows

    @property
    def right(self):
        return self.state == "right"

    def __repr__(self):
        return "\n".join([f"{self.title}. {self.text}", *("  ".join(row) for row in self.rows)])

    def _repr_html_(self):
        edge = "border-left:5px solid %s;padding:4px 12px"
        rows = "".join(
            f'<tr><td style="{edge % COLOURS[row[-1]]}">' + "</td><td>".join(map(_html, row)) + "</td></tr>"
            for row in self.rows
        )
        return (
            f'<div style="{edge % COLOURS[self.state]};margin:4px 0;color:inherit;max-width:60em">'
            f"<b>{_html(self.title)}.</b> {_html(self.text)}{rows and f'<table>{rows}</table>'}</div>"
        )


def _html(text):
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text)).replace("\n", "<br>")


def check(number=None, function=None):
    """Say whether a student's function is right, and if not, why; without arguments, which exercises are right so far.

    number: "4.2". function: the student's. Returns an Answer. Raises nothing but KeyboardInterrupt, and leaves the
    random state of torch (on the CPU), numpy and Python as it was.
    """
    if number is None:
        return _summary()
    exercise = EXERCISES.get(str(number))
    if exercise is None:
        return _unknown(number)
    answer = _answer(exercise, function)
    if answer.right:
        FUNCTIONS[exercise.number] = function
    if answer.right or exercise.number not in FUNCTIONS:  # what was right stays right
        ANSWERS[exercise.number] = answer
    return answer


def hint(number=None):
    """The next of an exercise's hints, as an Answer; after the last it begins again."""
    exercise = EXERCISES.get(str(number))
    if exercise is None:
        return _unknown(number)
    given = HINTS.get(exercise.number, 0)
    HINTS[exercise.number] = given + 1
    at = given % len(exercise.hints)
    more = "" if at + 1 < len(exercise.hints) else " (That was the last; the solution is folded below the exercise.)"
    return Answer(f"Exercise {number}, hint {at + 1} of {len(exercise.hints)}", exercise.hints[at] + more)


def yours_or_ours(number):
    """The student's last function that was right, else ours; prints which. ValueError for an unknown number."""
    exercise = EXERCISES.get(str(number))
    if exercise is None:
        raise ValueError(_unknown(number).text)
    yours = exercise.number in FUNCTIONS
    which = f"your {exercise.name}." if yours else "ours, until yours is right."
    print(f"Exercise {exercise.number}: from here on with {which}")
    return FUNCTIONS[exercise.number] if yours else exercise.ours


def _summary():
    labs = {number[0] for number in ANSWERS}
    if not labs:
        return Answer("Exercises so far", "None was checked since the kernel was started.")
    shown = [exercise for number, exercise in EXERCISES.items() if number[0] in labs]
    states = [getattr(ANSWERS.get(exercise.number), "state", "not written yet") for exercise in shown]
    right = states.count("right")
    state = "right" if right == len(states) else "not right" if right or "not right" in states else "not written yet"
    rows = [(each.number, f"`{each.name}`", its) for each, its in zip(shown, states, strict=True)]
    return Answer("Exercises so far", f"{right} of {len(states)} right.", state, rows)


def _unknown(number):
    return Answer(f"There is no exercise {number}", f'There are {", ".join(EXERCISES)}: `check("1.1", my_tables)`.')


def _answer(exercise, function):
    """Try the function, in a thread of its own, without leaving traces in the kernel."""
    title, more = f"Exercise {exercise.number}", f' More: `hint("{exercise.number}")`.'
    if not callable(function):
        what = "" if function is None else f" It was given {_kind(function)}."
        text = f'Give the function itself, without calling it: `check("{exercise.number}", {exercise.name})`.{what}'
        state = "not written yet" if function is None else "not right"
        return Answer(f"{title}: {state}", text, state)
    printed = _Printed()
    with _same_chance(), redirect_stdout(printed):
        state, text = _within(LIMIT, partial(_judge, exercise, function)) or (
            "not right",
            f"It did not end within {LIMIT} seconds and was stopped. Is there a loop that never ends? What it runs "
            "over, or what `while` asks, has to change.",
        )
    text += "" if state == "right" else more
    text += f"\nIt printed: {printed.getvalue().strip()}" if printed.getvalue().strip() else ""
    return Answer(f"{title}: {state}", text, state)


def _judge(exercise, function):
    """The state of a function and what to say about it."""
    try:
        outcome = _outcome(exercise, function)
        ours = _outcome(exercise, exercise.ours)
        if _same(exercise, outcome, ours):
            return "right", exercise.opens
        if _identical(outcome, _outcome(exercise, exercise.placeholder)):
            return "not written yet", exercise.start
        return "not right", _why(exercise, outcome, ours)
    except Exception as error:  # whatever strange thing it returned, Run All goes on
        return "not right", f"What it gives back cannot be read: `{_last_line(error)}`"


def _outcome(exercise, function):
    """What comes of trying a function: {(what, for which arguments): tensor}, or the Problem that stopped it."""
    torch.default_generator.manual_seed(0)  # and not torch.manual_seed, which would change the GPU's chance too
    random.seed(0), np.random.seed(0)
    try:
        return exercise.trial(exercise, function)
    except Problem as problem:
        return problem


def _same(exercise, one, other):
    if isinstance(one, Problem) or isinstance(other, Problem):
        return getattr(one, "kind", one) == getattr(other, "kind", other)
    return _first_difference(exercise, one, other) is None


def _identical(one, other):
    """To the last bit, which only the placeholder is: x after a way there and back is x up to rounding."""
    if isinstance(one, Problem) or isinstance(other, Problem):
        return False
    return one.keys() == other.keys() and all(one[label].equal(other[label]) for label in other)


def _first_difference(exercise, one, other):
    labels = list(dict.fromkeys([*other, *one]))
    return next((label for label in labels if not _near(exercise, label, one, other)), None)


def _near(exercise, label, one, other):
    a, b = one.get(label), other.get(label)
    if a is None or b is None or a.shape != b.shape:
        return a is b
    return bool(_close(a, b, exercise.rough.get(label[0], 1e-5)).all())


def _close(a, b, tolerance):
    return torch.isclose(a.double(), b.double(), rtol=1e-4, atol=tolerance, equal_nan=True)


def _why(exercise, outcome, ours):
    """The mistake whose outcome this is; else where it first differs from ours."""
    tried = _tried(exercise.number)
    if isinstance(outcome, Problem):
        known = next((message for wrong, message in tried if getattr(wrong, "kind", None) == outcome.kind), None)
        return f"{known} ({outcome})" if known else str(outcome)
    first = _first_difference(exercise, outcome, ours)
    what, where = first
    yours, right, place = _two_numbers(outcome.get(first), ours.get(first), exercise.rough.get(what, 1e-5))

    def alike(wrong):  # 0 if it goes wrong elsewhere first, else on how much the two agree
        if isinstance(wrong, Problem) or not _near(exercise, first, wrong, outcome):
            return 0
        return sum(_near(exercise, label, wrong, outcome) for label in ours)

    wrong, message = max(tried, key=lambda each: alike(each[0]))
    differs = f"For {where}, {what} is {yours}{place}; it should be {right}."
    if not alike(wrong):
        return differs
    alone = "{yours}" in message or TECHNICAL.search(what)
    return message.format(yours=yours, ours=right) if alone else f"{differs} {message}"


@cache
def _tried(number):
    """The outcomes of an exercise's typical mistakes, each with what to say about it."""
    exercise = EXERCISES[number]
    return [(_outcome(exercise, wrong), message) for wrong, message in exercise.mistakes.items()]


def _two_numbers(yours, ours, tolerance):
    """Where two tensors first differ, as text: this number, that number, and the place."""
    place = ""
    if yours is None or ours is None:
        return "missing" if yours is None else "there", "there" if yours is None else "missing", ""
    if max(yours.dim(), ours.dim()) > 1 or max(yours.numel(), ours.numel()) > 8:
        if yours.shape != ours.shape:
            return _shape(yours), _shape(ours), ""
        place = ours.unique().numel() > 1  # where all is the same, it says nothing
        index = (~_close(yours, ours, tolerance)).nonzero()[0].tolist()
        yours, ours, place = yours[tuple(index)], ours[tuple(index)], f" at place {index}" * place
    elif yours.dim() != ours.dim():
        return _shape(yours), _shape(ours), ""
    if tolerance > 0.01:  # measured on what is drawn, so more digits mean nothing
        yours, ours = (each.double().mul(100).round().div(100) + 0.0 for each in (yours, ours))
    pair, gap = (yours.reshape(-1).tolist(), ours.reshape(-1).tolist()), 0.0
    if yours.shape == ours.shape:
        gap = (yours - ours).abs().max().item()
    fits = (d for d in range(3, 8) if all(abs(float(_number(x, d)) - x) <= 0.1 * gap for x in (*pair[0], *pair[1])))
    digits = next(fits, 3)
    return *(", ".join(_number(x, digits) for x in numbers) or "none" for numbers in pair), place


def _shape(tensor):
    return f"of shape {tuple(tensor.shape)}" if tensor.dim() else "one number"


def _number(x, digits):
    return f"{x:.{digits}g}" if abs(x) < 1000 else f"{x:.1f}"


class Problem(Exception):
    """Why a function gave no outcome. kind: the same for two functions that fail in the same way."""

    def __init__(self, text, kind=None):
        super().__init__(text)
        self.kind = kind or text


def _call(exercise, function, *arguments):
    """What a function gives, called with copies of the arguments. Problem if it raises, gives None or changes one."""
    with suppress(ValueError, TypeError):  # functions in C do not say what they take
        signature = inspect.signature(function)
        try:
            signature.bind(*arguments)
        except TypeError:
            names = ", ".join(exercise.arguments)
            text = f"It is called as `{exercise.name}({names})`, with {len(arguments)} values in this order; "
            raise Problem(f"{text}yours takes `{signature}`.", "arguments") from None
    copies = [_copy(argument) for argument in arguments]
    try:
        result = function(*copies)
    except (Problem, _Stopped):
        raise
    except BaseException as error:  # SystemExit, too
        line, code = _last_line(error), _line_of(error, function)
        where = f" in the line `{code}`" if code else ""
        words = sorted(line.split())  # "size of a (3) ... b (4)" names them the other way round in y * x
        raise Problem(f"It stops with an error{where}: `{line}`", " ".join(words)) from None
    if result is None:
        raise Problem("It returns nothing (`None`): is there a `return`?", "None")
    for name, before, after in zip(exercise.arguments, arguments, copies, strict=True):
        if not _unchanged(before, after):
            text = f"It changes `{name}` itself, which whoever called it may still need. Make a new one: with "
            raise Problem(f"{text}`{name}.clone()`, or without `{name}[...] =`, `+=` and functions that end in `_`.")
    return result


def _copy(argument):
    if torch.is_tensor(argument):
        return argument.clone()
    return type(argument)(argument) if isinstance(argument, (dict, list)) else argument


def _unchanged(before, after):
    if torch.is_tensor(before):
        return before.shape == after.shape and torch.equal(before, after)
    return before == after if isinstance(before, (dict, list)) else True


def _last_line(error):
    return traceback.format_exception_only(error)[-1].strip()[:300]


def _line_of(error, function):
    """The line of the student's code in which an error was raised, or None; linecache knows the cells of a notebook."""
    with suppress(Exception):
        function = inspect.unwrap(function)
        code = getattr(function, "__code__", None) or type(function).__call__.__code__
        frames = traceback.extract_tb(error.__traceback__)
        return [frame.line for frame in frames if frame.filename == code.co_filename][-1]


def _kind(thing):
    names = {str: "text", list: "a list", tuple: "a tuple", dict: "a dictionary", np.ndarray: "a numpy array"}
    return {**names, torch.Tensor: "a tensor"}.get(type(thing), type(thing).__name__)


def _read(result, like, where):
    """What a function gave, as a tensor to compare with ours. Problem for another type, and for NaN."""
    if torch.is_tensor(like) and like.dim() and not torch.is_tensor(result):
        text = f"It returns {_kind(result)}; what comes after it needs a tensor, here {_shape(like)}."
        raise Problem(f"{text} `torch.tensor(...)`, `torch.stack(...)` or `torch.cat(...)` make one.", "type")
    try:
        value = torch.as_tensor(result).detach().cpu()
    except (TypeError, ValueError, RuntimeError):
        wanted = "numbers in a list or a tensor" if isinstance(like, list) else "a number"
        raise Problem(f"It returns {_kind(result)}; it should be {wanted}.", "type") from None
    if value.is_complex():
        raise Problem("It returns complex numbers; it should be real ones.", "complex")
    if torch.is_tensor(like) and like.dim() and not value.is_floating_point():
        raise Problem(f"It returns whole numbers or bools ({value.dtype}); floats are needed: `.float()`.", "dtype")
    if value.isnan().any():
        if value.numel() != torch.as_tensor(like).numel():
            return value.float().nan_to_num()  # the shape says more: a whole table has 0 / 0 at t = 0
        text = f"For {where} it gives NaN (not a number) back, as comes of the root of a negative number, of 0 / 0"
        raise Problem(f"{text}, or of an angle whose cosine is beyond 1.", "NaN")
    small = not torch.is_tensor(like) or not like.dim()
    return value.float().reshape(()) if small and not isinstance(like, list) and value.numel() == 1 else value.float()


class _Printed(io.StringIO):
    """What a function prints, but not the megabytes of an endless loop."""

    def write(self, text):
        return super().write(text[:500]) if self.tell() < 500 else len(text)


@contextmanager
def _same_chance():
    """Leave the random state of Python, numpy and torch as it was."""
    states = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(states[0]), np.random.set_state(states[1])


class _Stopped(BaseException):
    """Raised inside a function that does not end: no Exception, which a student's `except Exception` would hold."""


def _within(seconds, work):
    """What work() gives, or None if it takes longer.

    Signals that stop a function after some time exist on Unix only, and a process of its own could not be given a
    function from a notebook on Windows. So it runs in a thread, and Python is asked to raise an exception there: again
    and again for a moment, as an `except:` in the loop may swallow it. Whoever survives that, or waits in C code, is
    left alone: a daemon thread does not keep the kernel from ending.
    """
    results = []

    def run():
        with suppress(_Stopped):
            results.append(work())

    thread = Thread(target=run, daemon=True)
    thread.start()
    end = monotonic() + seconds
    try:
        while thread.is_alive() and monotonic() < end:
            thread.join(0.1)  # short: on Windows, Ctrl-C waits for its end
    finally:  # also after Ctrl-C
        for _ in range(20):
            if thread.is_alive():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(_Stopped))
                thread.join(0.05)
    return results[0] if results else None


# ---------------------------------------------------------------------------------------------------------- trials


def _plain(cases, parts=None, also=lambda result: {}):
    """A trial of a function that gives the same for the same: cases() is {for which arguments: arguments}.

    parts: the names of what it gives, if it is several. also(result): more to compare, {what: tensor}.
    """

    def trial(exercise, function):
        rows = []
        for where, arguments in cases().items():
            result = _call(exercise, function, *arguments)
            like = exercise.ours(*arguments)
            rows += [(part, where, value) for part, value in _parts(result, like, parts, where)]
            rows += [(what, where, value) for what, value in also(result).items()]
        where, arguments = next(iter(cases().items()))
        again = dict(_parts(_call(exercise, function, *arguments), exercise.ours(*arguments), parts, where))
        if not all(again[what].equal(value) for what, at, value in rows if at == where and what in again):
            text = "Asked twice with the same arguments, it gives two answers. Is there chance in it, or does it keep"
            raise Problem(f"{text} something from the first call? Here nothing is random.", "chance")
        order = list(dict.fromkeys(what for what, _, _ in rows))
        return {(what, where): value for what, where, value in sorted(rows, key=lambda row: order.index(row[0]))}

    return trial


def _parts(result, like, parts, where):
    if parts is None:
        return [("the result", _read(result, like, where))]
    count = len(result) if isinstance(result, (tuple, list)) or (torch.is_tensor(result) and result.dim()) else None
    if count != len(parts):
        what = _kind(result) if count is None else f"{count} things"
        raise Problem(f"It returns {what}; it should be {len(parts)}: `return {', '.join(parts)}`.", "parts")
    return [(part, _read(r, o, where)) for part, r, o in zip(parts, result, like, strict=True)]


def _random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _beta(T):
    """The schedule of the labs at T = 500; a steeper one, in which steps differ much, for a small T."""
    beta = torch.linspace(0.05 / T, min(10 / T, 0.5), T + 1)
    beta[0] = 0
    return beta


def _alpha_bar(T):
    return (1 - _beta(T)).cumprod(dim=0)


class _Recorder:
    """A network and a step for exercise 1.4 that do nothing but write down what they are given."""

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
        self.z.append(z.expand(self.states[0].shape)), self.shape.append(list(z.shape if z.any() else x.shape))
        self.states.append(self._picture())
        return self.states[-1].clone()

    def seen(self, result):
        before = torch.stack(self.z[:-1] or [torch.zeros(1)])
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
        return {what: torch.as_tensor(fact, dtype=torch.float32) for what, fact in facts.items()}


def _which(x, known):
    """The place of a tensor among known ones, or -1."""
    same = (at for at, other in enumerate(known) if torch.is_tensor(x) and x.shape == other.shape and x.equal(other))
    return next(same, -1)


def _loop_trial(exercise, function):
    outcome = {}
    for T in (5, 3):
        recorder = _Recorder(T)
        result = _call(exercise, function, recorder.states[0], recorder.network, recorder.step, T)
        if not torch.is_tensor(result):
            raise Problem(f"It returns {_kind(result)}; it should be x, a tensor.", "type")
        outcome |= {(what, f"T = {T}"): fact for what, fact in recorder.seen(result).items()}
    return outcome


class _Network(nn.Module):
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


class _Optimizer:
    """Gradient descent with the methods of torch's optimizers; it keeps the gradients with which it stepped."""

    def __init__(self, network):
        self.param_groups = [{"params": [network.weights], "lr": 1e-3}]
        self.network, self.weights, self.gradients, self.before = network, network.weights, [], 0

    def zero_grad(self, set_to_none=True):
        self.weights.grad = None

    @torch.no_grad()
    def step(self, closure=None):
        gradient = torch.zeros(3) if self.weights.grad is None else self.weights.grad.clone()
        self.gradients.append(gradient)
        self.before = self.network.backwards
        self.weights -= 1e-3 * gradient


def _training_trial(exercise, function):
    outcome = {}
    for T in (4, 3):
        outcome |= {(what, f"T = {T}"): fact for what, fact in _two_steps(exercise, function, T).items()}
    return outcome


def _two_steps(exercise, function, T):
    """What two calls of a training step do, on white pictures, so that in x_t picture and noise can be told apart."""
    alpha_bar = torch.tensor([1, 0.9, 0.6, 0.3, 0.1])[: T + 1]
    x = torch.ones(2000, 3, 2, 2)
    network = _Network()
    optimizer = _Optimizer(network)
    calls = [_one_step(exercise, function, network, optimizer, x, alpha_bar) for _ in range(2)]
    if any(call["asked"] == 0 for call in calls):
        return {
            "the number of times that the network is asked, call by call,": torch.tensor([c["asked"] for c in calls])
        }
    first, second = calls
    at = [first["xt"][first["t"] == t] for t in range(1, T + 1)]  # noisy pictures by their level
    last = at[-1] - at[-1].mean()
    noise = first["noise"] / first["noise"].square().mean().sqrt()
    other = second["noise"] / second["noise"].square().mean().sqrt()
    both = {
        "the number of times that the network is asked, call by call,": "asked",
        "the loss, as a multiple of the mean squared error,": "loss",
        "the number of `backward()`, call by call,": "backwards",
        "the number of steps of the optimizer, call by call,": "steps",
        "the number of `backward()` before the optimizer's step, call by call,": "before",
        "the gradient at the optimizer's step, as a multiple of this call's,": "gradient",
        "the number of losses that are still tensors with a gradient, call by call,": "gradients",
    }
    both = {what: torch.tensor([float(call[fact]) for call in calls]) for what, fact in both.items()}
    seen = {
        "the share of batches in which all pictures have the same t": float(len(first["time"].unique()) == 1),
        "the list of times that the network is told": first["time"].unique()[:8],
        "the share of pictures at each t": [len(pictures) / len(x) for pictures in at],
        "the share of pictures that have the same t in the next call": (first["t"] == second["t"]).float().mean(),
        "the share of pictures with a noise of their own": len(at[-1].unique(dim=0)) / max(len(at[-1]), 1),
        "the likeness of the noise within a picture": last.mean(dim=(1, 2, 3)).square().mean() / last.square().mean(),
        "the strength of the noise, from t = 1 to T,": torch.stack([(p - p.mean()).square().mean().sqrt() for p in at]),
        "the strength of the picture, from t = 1 to T,": torch.stack([pictures.mean() for pictures in at]),
        "the likeness of the noise in two calls": (noise * other).mean(),
    }
    asked = next(iter(both))
    return {asked: both[asked], **{what: torch.as_tensor(fact) for what, fact in seen.items()}, **both}


def _one_step(exercise, function, network, optimizer, x, alpha_bar):
    """What one call of a training step does. The noise that was drawn is what x_t holds beside the picture."""
    network.asked, network.backwards, optimizer.gradients, optimizer.before = [], 0, [], 0
    weights = network.weights.detach().clone().requires_grad_()
    result = _call(exercise, function, network, optimizer, x, alpha_bar)
    loss = _read(result, 0.0, "T = 4")
    if loss.dim():
        raise Problem(f"It returns {_kind(result)} {_shape(loss)}; it should be one number, the loss.", "shape")
    if not network.asked:
        return {"asked": 0}
    xt, time = network.asked[-1]
    T = len(alpha_bar) - 1
    t = (time * T).round().long().clamp(1, T)
    level = alpha_bar[t][:, None, None, None]
    noise = (xt - level.sqrt() * x) / (1 - level).sqrt()
    predicted = weights[0] * xt + weights[1] + weights[2] * time[:, None, None, None]
    expected = (predicted - noise).square().mean()
    (gradient,) = torch.autograd.grad(expected, weights)
    stepped = optimizer.gradients[-1] if optimizer.gradients else torch.zeros(3)
    return {
        "xt": xt,
        "time": time,
        "t": t,
        "noise": noise,
        "asked": len(network.asked),
        "loss": loss / expected.detach(),
        "backwards": network.backwards,
        "before": optimizer.before,
        "steps": len(optimizer.gradients),
        "gradient": (stepped @ gradient) / (gradient @ gradient),
        "gradients": _has_gradient(result),
    }


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
    given = _read(_call(exercise, function, c, probability), c, f"probability = {probability}")
    if given.shape != c.shape:
        raise Problem(f"It returns contexts {_shape(given)} for contexts {_shape(c)}: the shape has to stay.", "shape")
    return given


# ------------------------------------------------------------------------------------------------------- exercises
# In the functions, t is a whole number or (N,), ab is alpha_bar, (T + 1,), and e is noise like x.


def _tables(beta):
    alpha = 1 - beta
    return alpha, alpha.cumprod(dim=0)


def _scales(t, beta, alpha, alpha_bar):
    return 1 / alpha[t].sqrt(), (1 - alpha[t]) / (1 - alpha_bar[t]).sqrt(), beta[t].sqrt()


def _guess(x, t, eps, alpha_bar):
    return (x - (1 - alpha_bar[t]).sqrt() * eps) / alpha_bar[t].sqrt()


def _loop(x, network, step, T):
    for t in range(T, 0, -1):
        eps = network(x, t / T)
        z = torch.randn_like(x) if t > 1 else torch.zeros_like(x)
        x = step(x, t, eps, z)
    return x


def _perturb(x, t, noise, alpha_bar):
    level = alpha_bar[t][:, None, None, None]
    return level.sqrt() * x + (1 - level).sqrt() * noise


def _modulate(features, scale, shift):
    return (1 + scale[:, :, None, None]) * features + shift[:, :, None, None]


def _skip(below, across):
    return torch.cat((below, across), dim=1)


def _loss(network, x, t, noise, alpha_bar):
    predicted = network(_perturb(x, t, noise, alpha_bar), t / (len(alpha_bar) - 1))
    return F.mse_loss(predicted, noise)


def _training_step(network, optimizer, x, alpha_bar):
    t = torch.randint(1, len(alpha_bar), (len(x),), device=x.device)
    loss = _loss(network, x, t, torch.randn_like(x), alpha_bar)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def _drop(c, probability):
    keep = torch.rand(len(c), 1, device=c.device) >= probability
    return c * keep


def _context(wish, classes):
    return torch.tensor([float(wish.get(name, 0)) for name in classes])


def _agreement(asked, seen):
    return (asked == seen).float().mean().item()


def _guided(without, told, scale):
    return without + scale * (told - without)


def _ddim_step(x, t, t_prev, eps, alpha_bar):
    return alpha_bar[t_prev].sqrt() * _guess(x, t, eps, alpha_bar) + (1 - alpha_bar[t_prev]).sqrt() * eps


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


# How the typical mistakes are made: the right way, with one thing changed.


def _wrong_loop(
    times=lambda T: range(T, 0, -1), told=lambda t, T: t / T, given=lambda t, T: t, draw=None, shown=lambda first, x: x
):
    """The loop of 1.4. draw(x) gives a function of t that gives z. shown(first, x): what network and step are given."""
    draw = draw or (lambda x: lambda t: torch.randn_like(x) if t > 1 else 0 * x)

    def loop(x, network, step, T):
        first, z = x, draw(x)
        for t in times(T):
            x = step(shown(first, x), given(t, T), network(shown(first, x), told(t, T)), z(t))
        return x

    return loop


def _always(z):
    return lambda t: z if t > 1 else 0 * z


def _ask_once(x, network, step, T):
    eps = network(x, 1.0)
    for t in range(T, 0, -1):
        x = step(x, t, eps, torch.randn_like(x) if t > 1 else 0)
    return x


def _never_step(x, network, step, T):
    return _loop(x, network, lambda x, t, eps, z: x, T)


def _z_for_eps(x, network, step, T):
    return _loop(x, network, lambda x, t, eps, z: step(x, t, z, eps), T)


def _return_inside(x, network, step, T):
    return step(x, T, network(x, 1.0), torch.randn_like(x))


def _wrong_loss(
    mix=_perturb, told=lambda t, ab: t / (len(ab) - 1), target=lambda x, noise, xt: noise, error=F.mse_loss
):
    def loss(network, x, t, noise, alpha_bar):
        xt = mix(x, t, noise, alpha_bar)
        return error(network(xt, told(t, alpha_bar)), target(x, noise, xt))

    return loss


def _wrong_step(
    draw=lambda n, T: torch.randint(1, T + 1, (n,)),
    noise=torch.randn_like,
    loss=_loss,
    do=("zero_grad", "backward", "step"),
    result=lambda loss: loss.item(),
):
    def training_step(network, optimizer, x, alpha_bar):
        error = loss(network, x, draw(len(x), len(alpha_bar) - 1), noise(x), alpha_bar)
        for method in do:
            error.backward() if method == "backward" else getattr(optimizer, method)()
        return result(error)

    return training_step


def _itself(level):
    return level


def _rest(level):
    return 1 - level


def _root_of_rest(level):
    return (1 - level).sqrt()


def _rest_of_root(level):
    return 1 - level.sqrt()


def _wrong_mix(picture=torch.sqrt, noise=_root_of_rest):
    """The mixture of 2.1 with other factors, each made of the level."""
    return lambda x, t, e, ab: picture(_levels(ab, t)) * x + noise(_levels(ab, t)) * e


def _wrong_guess(picture=torch.sqrt, noise=_root_of_rest):
    return lambda x, t, e, ab: (x - noise(ab[t]) * e) / picture(ab[t])


def _wrong_ddim(sketch=_guess, **factors):
    return lambda x, t, p, e, ab: _wrong_mix(**factors)(sketch(x, t, e, ab), p, e, ab)


def _wrong_scales(place, wrong):
    """The three numbers of 1.3 with another one at a place."""
    return lambda *given: [wrong(*given) if at == place else right for at, right in enumerate(_scales(*given))]


def _whole(times):
    """Whether times can be looked up in a table: whole numbers, as a list, a tensor, an array or a range."""
    return torch.tensor(float(not torch.as_tensor(times).is_floating_point()))


def _has_gradient(loss):
    return torch.tensor(float(torch.is_tensor(loss) and loss.requires_grad))


def _levels(ab, t):
    return ab[t].reshape(-1, 1, 1, 1)


def _picture_cases():
    """Of a picture, a step, noise and the table; numbers that tell alone what becomes of noise and of the picture."""
    ones, ab = torch.ones(1, 3, 2, 2), _alpha_bar(500)
    return {
        "x = 0, eps = 1, t = 150 of 500": (0 * ones, 150, ones, ab),
        "x = 1, eps = 0, t = 150 of 500": (ones, 150, 0 * ones, ab),
        "random x and eps, t = 1 of 7": (_random(2, 3, 4, 4), 1, _random(2, 3, 4, 4, seed=1), _alpha_bar(7)),
        "random x and eps, t = 20 of 20": (_random(3, 1, 5, 2), 20, _random(3, 1, 5, 2, seed=1), _alpha_bar(20)),
    }


GUESS_MISTAKES = {
    _wrong_guess(noise=_rest): "Too little noise goes: `1 - alpha_bar[t]` needs a root.",
    _wrong_guess(noise=_rest_of_root): "The root goes over 1 - alpha_bar as a whole: `(1 - alpha_bar[t]).sqrt()`.",
    _wrong_guess(_itself): "A root is missing below the line.",
    _wrong_guess(_itself, _rest): "Both roots are missing. alpha_bar holds variances; strengths are their roots.",
    _wrong_guess(noise=lambda level: -_root_of_rest(level)): "The sign is turned: take the noise away from x.",
    _wrong_guess(lambda level: 1): (
        "The noise is taken away, but the picture is still weak. Divide by what it was multiplied with."
    ),
    _wrong_guess(torch.rsqrt): (
        "The picture is made weaker once more. Divide by the root of alpha_bar, do not multiply."
    ),
    lambda x, t, e, ab: x - (1 - ab[t]).sqrt() * e / ab[t].sqrt(): (
        "Only the noise is divided. Put brackets around the difference."
    ),
    lambda x, t, e, ab: _guess(x, t - 1, e, ab): (
        "That is `alpha_bar[t - 1]`. Index 0 is the clean picture, so step t is index t."
    ),
    lambda x, t, e, ab: ab * e: "That is the whole table. Look up what belongs to step t: `alpha_bar[t]`.",
    _wrong_guess(noise=lambda level: 1): "All of eps is taken away. It has the strength 1; in x it is weaker.",
    _wrong_guess(_root_of_rest, torch.sqrt): (
        "The two roots are exchanged. alpha_bar belongs to the picture, 1 - alpha_bar to the noise."
    ),
}


def _perturb_cases():
    ones, t, ab = torch.ones(1, 3, 2, 2), torch.tensor([150]), _alpha_bar(500)
    x, e = _random(4, 3, 4, 4), _random(4, 3, 4, 4, seed=1)
    return {
        "x = 0, noise = 1, t = [150] of 500": (0 * ones, t, ones, ab),
        "x = 1, noise = 0, t = [150] of 500": (ones, t, 0 * ones, ab),
        "four random pictures, t = [1, 7, 3, 4] of 7": (x, torch.tensor([1, 7, 3, 4]), e, _alpha_bar(7)),
        "two random pictures, t = [20, 2] of 20": (x[:2, :, :3], torch.tensor([20, 2]), e[:2, :, :3], _alpha_bar(20)),
    }


def _modulate_cases():
    ones = torch.ones(1, 1, 1, 1)
    return {
        "features = 2, scale = 3, shift = 10": (2 * ones, 3 * ones[0, 0], 10 * ones[0, 0]),
        "random features (3, 5, 3, 5)": (_random(3, 5, 3, 5), _random(3, 5, seed=1), _random(3, 5, seed=2)),
        "random features (2, 3, 4, 4)": (_random(2, 3, 4, 4), _random(2, 3, seed=1), _random(2, 3, seed=2)),
    }


def _skip_cases():
    return {
        "two maps of shape (2, 4, 3, 3)": (_random(2, 4, 3, 3), _random(2, 4, 3, 3, seed=1)),
        "below (2, 3, 4, 4), across (2, 5, 4, 4)": (_random(2, 3, 4, 4), _random(2, 5, 4, 4, seed=1)),
    }


def _loss_cases():
    ab = _alpha_bar(7)
    return {
        "three pictures, t = [1, 7, 4] of 7": (
            *(_Network(), _random(3, 3, 4, 4), torch.tensor([1, 7, 4]), _random(3, 3, 4, 4, seed=1), ab),
        ),
        "two pictures, t = [20, 5] of 20": (
            *(_Network(), _random(2, 3, 5, 2), torch.tensor([20, 5]), _random(2, 3, 5, 2, seed=1), _alpha_bar(20)),
        ),
    }


CLASSES = ["hero", "non-hero", "food", "spell", "side-facing"]  # as in Lab 3


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
    one, a, b = torch.ones(1, 1, 1, 1), _random(2, 3, 4, 4), _random(2, 3, 4, 4, seed=1)
    cases = {"without = 1, told = 2, scale = 3": (one, 2 * one, 3)}
    return cases | {f"random predictions, scale = {scale}": (a, b, scale) for scale in (0, 1, 0.5, 2.5)}


def _ddim_cases():
    ones, ab = torch.ones(1, 3, 2, 2), _alpha_bar(500)
    x, e = _random(2, 3, 4, 4), _random(2, 3, 4, 4, seed=1)
    return {
        "x = 0, eps = 1, from t = 150 to 100 of 500": (0 * ones, 150, 100, ones, ab),
        "x = 1, eps = 0, from t = 150 to 100 of 500": (ones, 150, 100, 0 * ones, ab),
        "random x and eps, from t = 7 to 3 of 7": (x, 7, 3, e, _alpha_bar(7)),
        "random x and eps, from t = 4 to 0 of 20": (x[:, :, :3], 4, 0, e[:, :, :3], _alpha_bar(20)),
    }


def _arc_cases():
    a, b = _random(2, 3, 4, 4), _random(2, 3, 4, 4, seed=1)
    c, d = _random(1, 3, 5, 2, seed=2), _random(1, 3, 5, 2, seed=3)
    return {
        "a = (1, 0), b = (3, 4), s = 0.5": (torch.tensor([[[[1.0, 0.0]]]]), torch.tensor([[[[3.0, 4.0]]]]), 0.5),
        "random a and b, s = 0.3": (1.5 * a, a + b, 0.3),
        "random a and b, s = 0.75": (c, 2 * c + d, 0.75),
        "random a and b, s = 0": (a, b, 0),
        "random a and b, s = 1": (a, b, 1),
    }


CHANCE = 0.08  # how far off a number measured on what is drawn may be

ALL = (
    Exercise(
        "1.1",
        "my_tables(beta)",
        _tables,
        lambda beta: (beta, beta),
        _plain(lambda: {f"T = {T}": (_beta(T),) for T in (7, 500)}, ("alpha", "alpha_bar")),
        "Start with alpha: what is left of 1 when beta is taken away. Both tables have as many numbers as beta.",
        "From these two tables comes everything else: how much picture and how much noise there is at each step.",
        (
            "alpha_t is 1 - beta_t. alpha_bar_t is the product of all alpha up to t; torch has a function that keeps "
            "every product on the way.",
            "With `alpha = 1 - beta`, the running product is `torch.cumprod(..., dim=0)`. Give both back, alpha first.",
        ),
        {
            lambda b: (1 - b, (1 - b).cumsum(0)): "That is a running sum. It should be a running product, `cumprod`.",
            lambda b: (1 - b, b.cumprod(0)): "That is the running product of beta. It should be that of alpha.",
            lambda b: _tables(b)[::-1]: "The two tables are in the wrong order: alpha comes first, then alpha_bar.",
            lambda b: ((1 - b).sqrt(), (1 - b).sqrt().cumprod(0)): (
                "Leave the root away. Roots come later, where strengths are needed."
            ),
            lambda b: (1 - b, 1 - b): "That is alpha itself, not yet multiplied up.",
            lambda b: (1 - b, 1 - b.cumsum(0)): "beta is added up. The shares that stay have to be multiplied.",
            lambda b: (1 - b, (1 - b).prod()): "That is the product of all. A table holds every product on the way.",
            lambda b: (1 - b[1:], (1 - b[1:]).cumprod(0)): "The first entry is cut off. It stays: index t is step t.",
            lambda b: _tables(-b): "That is 1 + beta. What is left is 1 - beta.",
        },
    ),
    Exercise(
        "1.2",
        "my_guess(x, t, eps, alpha_bar)",
        _guess,
        lambda x, t, eps, alpha_bar: x,
        _plain(_picture_cases),
        "Start with what x is made of: so much of the picture and so much noise. Take the noise away first.",
        "At every step you can now see what the network takes the picture to be, long before it is clean.",
        (
            "x is the root of alpha_bar_t times the picture, plus the root of 1 - alpha_bar_t times eps. Solve that "
            "for the picture.",
            "Take `(1 - alpha_bar[t]).sqrt() * eps` away from x, put brackets around the difference, and divide it by "
            "the root that stands before the picture.",
        ),
        GUESS_MISTAKES,
    ),
    Exercise(
        "1.3",
        "my_scales(t, beta, alpha, alpha_bar)",
        _scales,
        lambda t, beta, alpha, alpha_bar: (1, 0, 0),
        _plain(
            lambda: {
                f"t = {t} of {T}": (t, _beta(T), *_tables(_beta(T))) for t, T in ((150, 500), (1, 7), (5, 7), (20, 20))
            },
            ("s1", "s2", "s3"),
        ),
        "Start with s1, one over the root of alpha at t. Tables are looked up with `alpha[t]`.",
        "With these three numbers a picture goes one step back: less of the old noise, a little stronger, a little "
        "fresh noise.",
        (
            "All three come from the tables at t: s1 from alpha, s2 from alpha and alpha_bar, s3 from beta. Which of "
            "them stand under a root in the formula?",
            "s2 is `(1 - alpha[t])`, without a root, divided by the root of `1 - alpha_bar[t]`. s1 and s3 are a root "
            "each; s1 stands below 1.",
        ),
        {
            _wrong_scales(0, lambda t, b, a, ab: 1 / a[t]): "The root is missing: one over the root of alpha.",
            _wrong_scales(0, lambda t, b, a, ab: a[t].sqrt()): (
                "The step forward made x weaker. Going back makes it stronger: one over the root."
            ),
            _wrong_scales(0, lambda t, b, a, ab: 1 / ab[t].sqrt()): (
                "Is alpha_bar in the place of alpha? This is a single step, so alpha."
            ),
            _wrong_scales(1, lambda t, b, a, ab: (1 - a[t]) / (1 - ab[t])): "The root below the line is missing.",
            _wrong_scales(1, lambda t, b, a, ab: 1 - a[t] / (1 - ab[t]).sqrt()): (
                "What is above the line needs brackets, `(1 - alpha[t])`: else only alpha is divided."
            ),
            _wrong_scales(1, lambda t, b, a, ab: (1 - a[t]).sqrt()): (
                "Below the line is alpha where alpha_bar, of all steps up to t, belongs."
            ),
            _wrong_scales(1, lambda t, b, a, ab: (1 - ab[t]).sqrt()): (
                "Above the line is alpha_bar. A step takes away the noise of one step, 1 - alpha."
            ),
            _wrong_scales(1, lambda t, b, a, ab: ((1 - a[t]) / (1 - ab[t])).sqrt()): (
                "The root spans too much. There is none above the line."
            ),
            _wrong_scales(2, lambda t, b, a, ab: b[t]): "beta is a variance. The strength is its root.",
            _wrong_scales(2, lambda t, b, a, ab: ((1 - ab[t - 1]) / (1 - ab[t]) * b[t]).sqrt()): (
                "That is the paper's other choice, the posterior's. Here it is the root of beta."
            ),
            _wrong_scales(2, lambda t, b, a, ab: (1 - ab[t]).sqrt()): (
                "That is the noise of all steps up to t. Fresh noise is that of one step, from beta."
            ),
            lambda t, *tables: _scales(slice(None), *tables): "That is the whole table. Look up step t in it: `[t]`.",
            lambda t, b, a, ab: _scales(max(t - 1, 1), b, a, ab): "That is one place too early: index t is step t.",
        },
    ),
    Exercise(
        "1.4",
        "my_loop(x, network, step, T)",
        _loop,
        lambda x, network, step, T: x,
        _loop_trial,
        "Start with `for t in range(T, 0, -1):`, and in it ask the network what noise it sees.",
        "This loop is all of sampling: give it noise and the trained network, and a sprite comes out.",
        (
            "For t = T, T - 1, ..., 1: ask the network, draw z, take a step with the x that the last step gave. The "
            "network is told the time as a share of T. In the last step z is 0.",
            "Three lines in the loop: `eps = network(x, t / T)`, then `z = torch.randn_like(x)` if t > 1, else 0, then "
            "`x = step(x, t, eps, z)`. After the loop, `return x`.",
        ),
        {
            _wrong_loop(told=lambda t, T: t): (
                "The network is told {yours}; it should be {ours}: it wants the time as a share of T, `t / T`."
            ),
            _wrong_loop(times=lambda T: range(1, T + 1)): (
                "The loop runs from clean to noisy. Begin with t = T, where all is noise."
            ),
            _wrong_loop(times=lambda T: range(T)): "t rises from 0 to T - 1. It falls, from T to 1: `range(T, 0, -1)`.",
            _wrong_loop(times=lambda T: range(500, 0, -1)): (
                "It ends, but T is given, and may be another: `range(T, 0, -1)`."
            ),
            _wrong_loop(times=lambda T: range(T, 1, -1)): "The loop stops too early: `range` leaves its end out.",
            _wrong_loop(times=lambda T: range(T - 1, -1, -1)): "t runs from T - 1 to 0. The steps are T ... 1.",
            _wrong_loop(times=lambda T: range(T, -1, -1)): "t runs down to 0, where the picture is done already.",
            _wrong_loop(given=lambda t, T: t / T): "`step` looks t up in tables: it wants a whole number, not t / T.",
            _wrong_loop(draw=lambda x: lambda t: torch.randn_like(x)): (
                "In the last step z has the strength {yours}, it should be {ours}: noise that is added there stays."
            ),
            _wrong_loop(draw=lambda x: lambda t: 0 * x): (
                "There is no fresh noise: z has the strength {yours} before the last step, it should be {ours}."
            ),
            _wrong_loop(draw=lambda x: _always(torch.randn_like(x))): (
                "z is the same noise in every step. Draw it anew inside the loop."
            ),
            _wrong_loop(draw=lambda x: lambda t: torch.rand_like(x) if t > 1 else 0 * x): (
                "z is {yours} strong, it should be {ours}: `rand` draws evenly from 0 to 1, `randn` draws normal noise."
            ),
            _wrong_loop(draw=lambda x: lambda t: torch.randn(1) if t > 1 else 0): (
                "z is a single number for all. Draw one for each pixel: `torch.randn_like(x)`."
            ),
            _wrong_loop(draw=lambda x: lambda t: torch.randn(x.shape[1:]) if t > 1 else 0): (
                "All pictures get the same noise. Draw one for each: `torch.randn_like(x)`."
            ),
            _wrong_loop(shown=lambda first, x: first): (
                "Every step begins at the first noise. Pass on what `step` gives: `x = step(x, ...)`."
            ),
            _never_step: "`step` is never called. In each round of the loop, `x = step(x, t, eps, z)`.",
            _ask_once: "The network is asked once. It has to be asked in every step.",
            _return_inside: "The loop ends after its first step: does `return` stand inside it?",
            _z_for_eps: "`step` is not given the network's answer as eps. The order is x, t, eps, z.",
        },
        {"the strength of z": CHANCE, "the mean of z": CHANCE, "the likeness of z from step to step": CHANCE}
        | {"the strength of z in the last step": CHANCE},
    ),
    Exercise(
        "2.1",
        "my_perturb(x, t, noise, alpha_bar)",
        _perturb,
        lambda x, t, noise, alpha_bar: x,
        _plain(_perturb_cases),
        "Start with `alpha_bar[t]`, one number for each picture. `[:, None, None, None]` lays them along the pictures.",
        "Now a network can be shown any sprite at any noise level, in one jump: that is all that training needs.",
        (
            "x_t is the root of alpha_bar_t times x plus the root of 1 - alpha_bar_t times noise. Each picture has a "
            "t of its own.",
            "With `level = alpha_bar[t][:, None, None, None]`, of shape (N, 1, 1, 1), multiply x with the root of "
            "level, noise with the root of what is left of 1, and add.",
        ),
        {
            _wrong_mix(noise=_rest): "Your noise is {yours} strong at t = 150, it should be {ours}: is a root missing?",
            _wrong_mix(noise=_rest_of_root): (
                "Your noise is {yours} strong, it should be {ours}: the root goes over 1 - alpha_bar as a whole."
            ),
            _wrong_mix(_itself): "Your picture is {yours} strong at t = 150, it should be {ours}: its root is missing.",
            _wrong_mix(_itself, _rest): "Both roots are missing. Variances add up to 1; strengths are their roots.",
            _wrong_mix(_root_of_rest, torch.sqrt): "Picture and noise are exchanged: alpha_bar belongs to the picture.",
            lambda x, t, e, ab: _perturb(x, t - 1, e, ab): "That is `alpha_bar[t - 1]`, one step too early.",
            _wrong_mix(lambda level: 1): (
                "Noise comes, but the picture does not get weaker: it is multiplied with a root, too."
            ),
            lambda x, t, e, ab: _perturb(x, t[:1].expand(len(x)), e, ab): (
                "All pictures get the level of the first. Each has a t of its own."
            ),
            lambda x, t, e, ab: _perturb(x, t, -e, ab): "The noise is taken away. It should be added.",
            lambda x, t, e, ab: ab[t].sqrt() * x + (1 - ab[t]).sqrt() * e: (
                "`alpha_bar[t]`, (N,), lies along the columns. `[:, None, None, None]` lays it along the pictures."
            ),
        },
    ),
    Exercise(
        "2.2",
        "my_modulate(features, scale, shift)",
        _modulate,
        lambda features, scale, shift: features,
        _plain(_modulate_cases),
        "Start with the shapes: `scale[:, :, None, None]` is (N, C, 1, 1), one number for each map of features.",
        "So time and context enter the network: they turn each map of features up or down, and shift it.",
        (
            "Each map is multiplied with 1 + scale, so that a scale of 0 changes nothing, and then shifted.",
            "Give scale and shift two more places with `[:, :, None, None]`. Then multiply features with `1 + scale`, "
            "and add shift.",
        ),
        {
            lambda f, s, h: _modulate(f, s - 1, h): "Multiply with 1 + scale, so that a scale of 0 changes nothing.",
            lambda f, s, h: _modulate(f, h, s): "Scale and shift are exchanged.",
            lambda f, s, h: _modulate(f, s, 0 * h): "The shift is missing.",
            lambda f, s, h: _modulate(f, s, h + s * h): "The shift is multiplied, too. Multiply first, then shift.",
            lambda f, s, h: _modulate(f, 0 * s, h): "The scale is missing. Multiply with 1 + scale, then shift.",
            lambda f, s, h: f + (1 + s + h)[:, :, None, None]: "1 + scale is added. It should be multiplied.",
            lambda f, s, h: 1 + _modulate(f, s - 1, h): "Brackets: `(1 + scale)` as a whole multiplies features.",
            lambda f, s, h: (1 + s) * f + h: (
                "scale, (N, C), lies along rows and columns. `[:, :, None, None]` lays it along pictures and maps."
            ),
        },
    ),
    Exercise(
        "2.3",
        "my_skip(below, across)",
        _skip,
        lambda below, across: below,
        _plain(_skip_cases),
        "Start with `torch.cat`, which lays tensors side by side along one dimension. Which one holds channels?",
        "Fine detail now has a way around the narrow middle of the network, straight to where it is drawn.",
        (
            "The shape is (N, C, H, W), and the channels become more. Nothing is added up: both stay as they are.",
            "`torch.cat((first, second), dim=...)`, with below first, along the dimension that stands after N.",
        ),
        {
            lambda b, a: torch.cat((a, b), 1): "The order is swapped: below comes first, then across.",
            lambda b, a: torch.cat((b, a), 0): "Laid along dim 0, they are more pictures. Channels are dim 1.",
            lambda b, a: torch.cat((b, a), 2): "Laid along dim 2, they are taller pictures. Channels are dim 1.",
            lambda b, a: torch.cat((b, a), 3): "Laid along the last dim, they are wider pictures. Channels are dim 1.",
            lambda b, a: (
                b + a
            ): "After adding, the network cannot separate the two. Lay them side by side: `torch.cat`.",
            lambda b, a: torch.cat(b, a, dim=1): "`cat` wants the two in brackets of their own: `cat((..., ...))`.",
            lambda b, a: torch.cat(b, a, 1): "`cat` takes two things: both tensors in brackets, and the dimension.",
            lambda b, a: torch.stack((b, a), 1): "`stack` makes a new dimension. `cat` lays them along one there is.",
            lambda b, a: a: "Only across comes back. below has to come along.",
        },
    ),
    Exercise(
        "2.4",
        "my_loss(network, x, t, noise, alpha_bar)",
        _loss,
        lambda network, x, t, noise, alpha_bar: torch.zeros(()),
        _plain(_loss_cases, also=lambda loss: {"the number of losses with a gradient": _has_gradient(loss)}),
        "Start with the noisy pictures: mix x and noise as in exercise 2.1. Then show them to the network.",
        "This one number is all that the network is trained by: how far its idea of the noise is from the noise.",
        (
            "Three steps: mix picture and noise; ask the network, which is told the time as a share of T; take the "
            "mean of the squared differences between its answer and the noise.",
            "T is `len(alpha_bar) - 1`. The answer is `network(x_t, t / T)`, and `F.mse_loss` compares it with noise.",
        ),
        {
            _wrong_loss(error=partial(F.mse_loss, reduction="sum")): "That is the sum of the squares, not the mean.",
            _wrong_loss(error=lambda p, n: F.mse_loss(p, n, reduction="sum") / len(p)): (
                "The squares are summed over each picture. Take the mean over all numbers."
            ),
            _wrong_loss(error=F.l1_loss): "That is the mean absolute difference. Square the differences.",
            _wrong_loss(error=lambda p, n: F.mse_loss(p, n).sqrt()): "That is one root too many.",
            _wrong_loss(error=lambda p, n: (p - n).mean()): "The differences are not squared, so they cancel out.",
            _wrong_loss(error=lambda p, n: (p - n).mean() ** 2): "Square first, then take the mean.",
            _wrong_loss(error=lambda p, n: (p - n).square()): "That is a loss for each number. Take the mean of all.",
            _wrong_loss(target=lambda x, n, xt: x): "The answer is compared with the clean picture, not the noise.",
            _wrong_loss(target=lambda x, n, xt: xt): "The answer is compared with the noisy picture, not the noise.",
            _wrong_loss(mix=lambda x, t, e, ab: x): "The network is shown clean pictures. Mix in the noise first.",
            _wrong_loss(told=lambda t, ab: t): "The network is told t itself. It wants a share of T, `t / T`.",
            _wrong_loss(told=lambda t, ab: t / len(ab)): "T is one too large: alpha_bar begins with t = 0.",
            _wrong_loss(told=lambda t, ab: t / 500): "t is divided by 500. Take T as `len(alpha_bar) - 1`.",
            _wrong_loss(_wrong_mix(noise=_rest)): "Too little noise is mixed in: is the root of 1 - alpha_bar missing?",
            _wrong_loss(_wrong_mix(noise=_rest_of_root)): "In x_t, the root goes over 1 - alpha_bar as a whole.",
            _wrong_loss(mix=lambda x, t, e, ab: _perturb(x, t - 1, e, ab)): (
                "That is `alpha_bar[t - 1]`, one place too early."
            ),
            _wrong_loss(mix=lambda x, t, e, ab: ab[t].sqrt() * x + (1 - ab[t]).sqrt() * e): (
                "`alpha_bar[t]` has to lie along the pictures: `[:, None, None, None]`, as in exercise 2.1."
            ),
            lambda *given: _loss(*given).item(): (
                "The number is right, but nothing can be learned from it. Leave `.item()`, `.detach()`, `no_grad` away."
            ),
        },
    ),
    Exercise(
        "2.5",
        "my_training_step(network, optimizer, x, alpha_bar)",
        _training_step,
        lambda network, optimizer, x, alpha_bar: 0.0,
        _training_trial,
        "Start with a t for each picture, from 1 to T, and with noise: `torch.randint` and `torch.randn_like`.",
        "Repeat this a few thousand times, and a network that knows nothing learns to draw: Algorithm 1 of the paper.",
        (
            "Draw t and noise; get the loss as in exercise 2.4; clear the old gradient, go backward, let the optimizer "
            "step. Give the loss back as a plain number.",
            "`t = torch.randint(1, T + 1, (len(x),))`, noise like x, the loss of 2.4, then `optimizer.zero_grad()`, "
            "`loss.backward()`, `optimizer.step()`, and at last `return loss.item()`.",
        ),
        {
            _wrong_step(lambda n, T: torch.randint(0, T, (n,))): (
                "t = 0 is drawn and t = T is not: `randint` begins with its first number and leaves its last out."
            ),
            _wrong_step(lambda n, T: torch.randint(1, T, (n,))): (
                "t = T is never drawn: `randint` leaves its last number out."
            ),
            _wrong_step(lambda n, T: torch.randint(0, T + 1, (n,))): (
                "t = 0 is drawn, too, where there is no noise to see. Begin with 1."
            ),
            _wrong_step(lambda n, T: torch.randint(1, T + 1, (1,)).expand(n)): (
                "All pictures of a batch have the same t. Draw one for each: `(len(x),)` of them."
            ),
            _wrong_step(loss=_wrong_loss(told=lambda t, ab: t)): "The network is told t itself. It wants `t / T`.",
            _wrong_step(loss=_wrong_loss(told=lambda t, ab: t / len(ab))): (
                "T is one too large: alpha_bar begins with t = 0, so T is `len(alpha_bar) - 1`."
            ),
            _wrong_step(lambda n, T: torch.arange(n) % T + 1): ("Every call draws the same t. Is a seed set inside?"),
            _wrong_step(noise=lambda x: torch.randn(x.shape[1:]).expand(x.shape)): (
                "All pictures have the same noise. Draw one for each: `randn_like(x)`."
            ),
            _wrong_step(noise=lambda x: _random(*x.shape)): "Every call has the same noise. Is a seed set inside?",
            _wrong_step(noise=lambda x: torch.randn(len(x), 1, 1, 1).expand(x.shape)): (
                "All pixels of a picture have the same noise. Draw one for each: `randn_like(x)`."
            ),
            _wrong_step(loss=_wrong_loss(_wrong_mix(noise=_rest))): (
                "Your noise is {yours} strong at t = 1, 2, ..., it should be {ours}: is a root missing?"
            ),
            _wrong_step(loss=_wrong_loss(_wrong_mix(noise=_rest_of_root))): "The root goes over all of 1 - alpha_bar.",
            _wrong_step(loss=_wrong_loss(_wrong_mix(_itself))): (
                "Your picture is {yours} strong at t = 1, 2, ..., it should be {ours}: is its root missing?"
            ),
            _wrong_step(loss=_wrong_loss(mix=lambda x, t, e, ab: x)): (
                "The network is shown clean pictures. Mix the noise in first, as in exercise 2.1."
            ),
            _wrong_step(noise=torch.rand_like): "`rand` draws evenly from 0 to 1. `randn` draws normal noise.",
            _wrong_step(loss=_wrong_loss(mix=lambda x, t, e, ab: _perturb(x, t - 1, e, ab))): (
                "That is `alpha_bar[t - 1]`, one place too early."
            ),
            _wrong_step(loss=_wrong_loss(target=lambda x, noise, xt: x)): (
                "The network's answer is compared with the picture. It is to predict the noise."
            ),
            _wrong_step(loss=_wrong_loss(error=partial(F.mse_loss, reduction="sum"))): (
                "The squares are summed. Take their mean."
            ),
            _wrong_step(do=("backward", "step")): (
                "The old gradient is not cleared, and the new one is added to it: `zero_grad()` before `backward()`."
            ),
            _wrong_step(do=("zero_grad", "backward")): "The optimizer takes no step, so nothing is learned.",
            _wrong_step(do=("zero_grad", "step")): "`backward()` is missing: it makes the gradient to step by.",
            _wrong_step(do=("backward", "zero_grad", "step")): (
                "It is cleared when the optimizer steps. First `zero_grad()`, then `backward()`, then `step()`."
            ),
            _wrong_step(do=("step", "zero_grad", "backward")): (
                "The optimizer steps before `backward()`, by the gradient of the call before."
            ),
            _wrong_step(do=("zero_grad", "step", "backward")): (
                "The optimizer steps before there is a gradient. First `backward()`, then `step()`."
            ),
            _wrong_step(result=lambda loss: loss): "All else is done. Give `loss.item()` back, a number of its own.",
        },
        {
            "the share of pictures at each t": CHANCE,
            "the share of pictures that have the same t in the next call": CHANCE,
            "the share of pictures with a noise of their own": CHANCE,
            "the likeness of the noise in two calls": CHANCE,
            "the likeness of the noise within a picture": CHANCE,
            "the strength of the noise, from t = 1 to T,": CHANCE,
            "the strength of the picture, from t = 1 to T,": CHANCE,
            "the loss, as a multiple of the mean squared error,": 1e-3,
            "the gradient at the optimizer's step, as a multiple of this call's,": 1e-3,
        },
    ),
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
    ),
    Exercise(
        "3.2",
        "my_context(wish, classes)",
        _context,
        lambda wish, classes: torch.zeros(len(classes)),
        _plain(_context_cases),
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
        _plain(_agreement_cases),
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
        _guided,
        lambda without, told, scale: told,
        _plain(_guided_cases),
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
    Exercise(
        "4.1",
        "my_sketch(x, t, eps, alpha_bar)",
        _guess,
        lambda x, t, eps, alpha_bar: x,
        _plain(_picture_cases),
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
        _ddim_step,
        lambda x, t, t_prev, eps, alpha_bar: x,
        _plain(_ddim_cases),
        "Start with the sketch of exercise 4.1. Then noise it again, with the same eps, to the level of t_prev.",
        "This step may be as long as you like: from here on 25 steps, or 5, do what took 500.",
        (
            "Two halves: the sketch at t, and then the mixture of exercise 2.1 at t_prev, with eps for the noise.",
            "`x0 = (x - (1 - alpha_bar[t]).sqrt() * eps) / alpha_bar[t].sqrt()`; then weaken x0 and add eps, each with "
            "its root at t_prev.",
        ),
        {
            _wrong_ddim(_wrong_guess(noise=_rest)): "In the sketch, the noise is taken away without its root.",
            _wrong_ddim(noise=_rest): "The root is missing at the noise that you add.",
            _wrong_ddim(picture=_itself): "The root is missing before the sketch.",
            _wrong_ddim(picture=_itself, noise=_rest): "At t_prev, both roots are missing.",
            _wrong_ddim(_wrong_guess(noise=_rest_of_root)): "At t, the root goes over 1 - alpha_bar as a whole.",
            _wrong_ddim(noise=_rest_of_root): "At t_prev, the root goes over 1 - alpha_bar as a whole.",
            _wrong_ddim(_wrong_guess(noise=_rest_of_root), noise=_rest_of_root): (
                "Both at t and at t_prev, the root goes over 1 - alpha_bar as a whole."
            ),
            _wrong_ddim(lambda x, t, e, ab: x): "x itself goes on. Take the sketch.",
            _wrong_ddim(noise=lambda level: 0): "The noise is missing at the end. Add eps, as strong as at t_prev.",
            lambda x, t, p, e, ab: _guess(x, t, e, ab): "That is the sketch. Now noise it again, to t_prev.",
            lambda x, t, p, e, ab: ab[p].sqrt() * _guess(x, t, e, ab) + (1 - ab[t]).sqrt() * e: (
                "The noise you add is that of t. The second half looks up t_prev."
            ),
            lambda x, t, p, e, ab: _ddim_step(x, t, t, e, ab): (
                "It gives x back: both moves use the same level. The sketch belongs to t, the way back to t_prev."
            ),
            lambda x, t, p, e, ab: _ddim_step(x, t, t - 1, e, ab): "You go to t - 1. Go to t_prev.",
            lambda x, t, p, e, ab: _ddim_step(x, p, t, e, ab): "t and t_prev are exchanged. The sketch is made at t.",
            _wrong_ddim(picture=_root_of_rest, noise=torch.sqrt): "The two roots at t_prev are exchanged.",
            _wrong_ddim(noise=lambda level: -_root_of_rest(level)): (
                "The noise is taken away once more. At the end, eps is added."
            ),
            lambda x, t, p, e, ab: _ddim_step(x, t, p, e, ab) + (1 - ab[p]).sqrt() * (torch.randn_like(x) - e): (
                "There is fresh noise. DDIM uses eps again."
            ),
        },
    ),
    Exercise(
        "4.3",
        "my_times(T, n)",
        _times,
        lambda T, n: [T, 0],
        _plain(
            lambda: {f"T = {T}, n = {n}": (T, n) for T, n in ((7, 3), (20, 6), (500, 12), (500, 25), (7, 1), (7, 7))},
            also=lambda times: {"the share of times that are whole numbers": _whole(times)},
        ),
        "Start with n = 1: from T to 0 in one step, [T, 0]. For n steps there are n + 1 times.",
        "Now you choose how many steps a sprite is worth.",
        (
            "Time number i of n is what is left of T after i of n equal parts. Round to whole numbers.",
            "`torch.linspace(T, 0, n + 1)` gives them with points; `.round().int()` makes whole numbers of them.",
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
                "The numbers are right, but they have points, and tables want whole numbers: `.int()`."
            ),
            lambda T, n: [round(T * ((n - i) / n) ** 2) for i in range(n + 1)]: "They are not even: equal parts of T.",
        },
    ),
    Exercise(
        "4.4",
        "my_arc(a, b, s)",
        _arc,
        lambda a, b, s: a,
        _plain(_arc_cases),
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
EXERCISES = {exercise.number: exercise for exercise in ALL}
