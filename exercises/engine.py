"""check, hint, yours_or_ours: how a function is tried, its mistake found, and the answer told. Knows no lab."""

import ctypes
import html
import inspect
import io
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

LIMIT = 10  # seconds for a check; a right answer takes milliseconds
COLOURS = {"right": "#009E73", "not right": "#D55E00", "not written yet": "#0072B2"}  # Okabe and Ito: safe for all eyes
EXERCISES = {}  # by number; the package fills it
ANSWERS, FUNCTIONS, HINTS = {}, {}, {}  # of this kernel, by number: answers, right functions, hints given


@dataclass
class Exercise:
    """What `check` knows of one exercise. mistakes: {wrong function: what to say about it}.

    This may hold {yours} and {ours}, the two numbers where the student's outcome first differs from ours; else a
    sentence with the two stands before it, unless what they measure is technical.
    rough: how far an outcome may be off where it depends on chance, by what it is; a right one is farther off with a
    probability below 1e-9.
    technical: words in what a trial measures, where its numbers would say nothing to a student who is told the mistake.
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
    technical: tuple = ()

    @property
    def name(self):
        return self.call.split("(")[0]

    @property
    def arguments(self):
        return self.call.split("(")[1].rstrip(")").split(", ")

    def tolerance(self, what):
        """How far off an outcome of this kind may be."""
        return self.rough.get(what, 1e-5)


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
        what = "" if function is None else f" It was given {kind_of(function)}."
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


def _same(exercise, outcome, ours):
    return not isinstance(outcome, Problem) and _first_difference(exercise, outcome, ours) is None


def _identical(one, other):
    """To the last bit, which only the placeholder is: x after a way there and back is x up to rounding."""
    if isinstance(one, Problem):
        return False
    return one.keys() == other.keys() and all(one[label].equal(other[label]) for label in other)


def _first_difference(exercise, one, other):
    labels = dict.fromkeys([*other, *one])
    return next((label for label in labels if not _near(exercise, label, one, other)), None)


def _near(exercise, label, one, other):
    a, b = one.get(label), other.get(label)
    if a is None or b is None or a.shape != b.shape:
        return a is b
    return _close(a, b, exercise.tolerance(label[0])).all()


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
    yours, right, place = _two_numbers(outcome.get(first), ours.get(first), exercise.tolerance(what))

    def alike(wrong):  # 0 if it goes wrong elsewhere first, else on how much the two agree
        if isinstance(wrong, Problem) or not _near(exercise, first, wrong, outcome):
            return 0
        return sum(_near(exercise, label, wrong, outcome) for label in ours)

    wrong, message = max(tried, key=lambda each: alike(each[0]))
    differs = f"For {where}, {what} is {yours}{place}; it should be {right}."
    if not alike(wrong):
        return differs
    alone = "{yours}" in message or any(words in what for words in exercise.technical)
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
    many = ours.dim() > 1 or max(yours.numel(), ours.numel()) > 8
    if yours.dim() != ours.dim() or (many and yours.shape != ours.shape):
        return shape_of(yours), shape_of(ours), ""
    if many:
        place = ours.unique().numel() > 1  # where all is the same, it says nothing
        index = (~_close(yours, ours, tolerance)).nonzero()[0].tolist()
        yours, ours, place = yours[tuple(index)], ours[tuple(index)], f" at place {index}" * place
    if tolerance > 0.01:  # measured on what is drawn, so more digits mean nothing
        yours, ours = (each.mul(100).round().div(100) + 0.0 for each in (yours, ours))
    pair, gap = (yours.reshape(-1).tolist(), ours.reshape(-1).tolist()), 0.0
    if yours.shape == ours.shape:
        gap = (yours - ours).abs().max().item()
    fits = (d for d in range(3, 8) if all(abs(float(_number(x, d)) - x) <= 0.1 * gap for x in (*pair[0], *pair[1])))
    digits = next(fits, 3)
    return *(", ".join(_number(x, digits) for x in numbers) or "none" for numbers in pair), place


def shape_of(tensor):
    return f"of shape {tuple(tensor.shape)}" if tensor.dim() else "one number"


def _number(x, digits):
    return f"{x:.{digits}g}" if abs(x) < 1000 else f"{x:.1f}"


class Problem(Exception):
    """Why a function gave no outcome. kind: the same for two functions that fail in the same way."""

    def __init__(self, text, kind):
        super().__init__(text)
        self.kind = kind


def result_of(exercise, function, *arguments):
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
            text += f"`{name}.clone()`, or without `{name}[...] =`, `+=` and functions that end in `_`."
            raise Problem(text, f"changes {name}")
    return result


def _copy(argument):
    if torch.is_tensor(argument):
        return argument.clone()
    return type(argument)(argument) if isinstance(argument, (dict, list)) else argument


def _unchanged(before, after):
    return torch.equal(before, after) if torch.is_tensor(before) else before == after


def _last_line(error):
    return traceback.format_exception_only(error)[-1].strip()[:300]


def _line_of(error, function):
    """The line of the student's code in which an error was raised, or None; linecache knows the cells of a notebook."""
    with suppress(Exception):
        function = inspect.unwrap(function)
        code = getattr(function, "__code__", None) or function.__call__.__code__
        frames = traceback.extract_tb(error.__traceback__)
        return [frame.line for frame in frames if frame.filename == code.co_filename][-1]


def kind_of(thing):
    names = {str: "text", list: "a list", tuple: "a tuple", dict: "a dictionary", np.ndarray: "a numpy array"}
    return {**names, torch.Tensor: "a tensor"}.get(type(thing), type(thing).__name__)


def read(result, like, where):
    """What a function gave, as a tensor to compare with ours. Problem for another type, and for NaN."""
    table = torch.is_tensor(like) and like.dim() > 0
    if table and not torch.is_tensor(result):
        text = f"It returns {kind_of(result)}; what comes after it needs a tensor, here {shape_of(like)}."
        raise Problem(f"{text} `torch.tensor(...)`, `torch.stack(...)` or `torch.cat(...)` make one.", "type")
    try:
        value = torch.as_tensor(result).detach().cpu()
    except (TypeError, ValueError, RuntimeError):
        wanted = "numbers in a list or a tensor" if isinstance(like, list) else "a number"
        raise Problem(f"It returns {kind_of(result)}; it should be {wanted}.", "type") from None
    if value.is_complex():
        raise Problem("It returns complex numbers; it should be real ones.", "complex")
    if table and not value.is_floating_point():
        raise Problem(f"It returns whole numbers or bools ({value.dtype}); floats are needed: `.float()`.", "dtype")
    if value.isnan().any():
        if value.numel() != torch.as_tensor(like).numel():
            return value.float().nan_to_num()  # the shape says more: a whole table has 0 / 0 at t = 0
        text = f"For {where} it gives NaN (not a number) back, as comes of the root of a negative number, of 0 / 0"
        raise Problem(f"{text}, or of an angle whose cosine is beyond 1.", "NaN")
    number = not table and not isinstance(like, list)
    return value.float().reshape(()) if number and value.numel() == 1 else value.float()


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
