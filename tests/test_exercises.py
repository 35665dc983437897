"""Exercises: right is right in any form, each typical mistake gets its own answer, and nothing stops Run All."""

import json
import math
import random
import re
import threading
import time
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from exercises import EXERCISES, check, engine, hint, yours_or_ours
from exercises.trials import normal

HOW_MANY = {  # exercises of each lab
    1: 4,
    2: 5,
    3: 4,
    4: 4,
    5: 5,
    6: 5,
    7: 5,
    8: 5,
    9: 5,
}
NUMBERS = [f"{lab}.{n}" for lab, count in HOW_MANY.items() for n in range(1, count + 1)]

# Of each lab, in other_forms/labN.py:
# RIGHT    {number: (function, ...)}: right, at least two otherwise than ours: floats, float64, tuples, numpy, names
# WRONG    [(number, function), ...]: wrong in one thing, in none of the typical ways
# DRAWS    numbers of exercises that draw by chance; may be missing
# NEARLY   {number: function} where ours with one number changed would be a known mistake; may be missing
OF_LABS = [import_module(f"other_forms.lab{lab}") for lab in HOW_MANY]
RIGHT = {number: functions for lab in OF_LABS for number, functions in lab.RIGHT.items()}
WRONG = [row for lab in OF_LABS for row in lab.WRONG]
DRAWS = [number for lab in OF_LABS for number in getattr(lab, "DRAWS", ())]
NEARLY = {number: function for lab in OF_LABS for number, function in getattr(lab, "NEARLY", {}).items()}

STATES = "not written yet", "not right", "right"
of_each_exercise = pytest.mark.parametrize("number", NUMBERS)


@pytest.fixture(autouse=True)
def fresh_kernel(monkeypatch):
    for memory in ("ANSWERS", "FUNCTIONS", "HINTS"):
        monkeypatch.setattr(engine, memory, {})


def test_the_exercises_are_those_of_the_labs():
    assert list(EXERCISES) == list(RIGHT) == NUMBERS
    for exercise in EXERCISES.values():
        assert re.fullmatch(r"my_\w+\((\w+, )*\w+\)", exercise.call) and len(exercise.hints) == 2


# ------------------------------------------------------------------------------------------- right, in any other form


@of_each_exercise
def test_right_is_right(number):
    exercise = EXERCISES[number]
    assert len(RIGHT[number]) >= 2
    for function in (exercise.ours, *RIGHT[number]):
        answer = check(number, function)
        assert answer.right and answer.state == "right" and exercise.opens in repr(answer), answer


def test_a_partial_is_a_function():
    assert check("4.3", partial(RIGHT["4.3"][0])).right


def test_numpy_whole_numbers_are_times():
    assert check("4.3", lambda T, n: np.linspace(T, 0, n + 1).round().astype(int)).right


def test_our_arc_between_equals_is_a():
    """The cosine of their angle is rounded, above 1 for some."""
    for seed in range(20):
        a = normal(2, 3, 4, 4, seed=seed)
        assert torch.allclose(yours_or_ours("4.4")(a, a.clone(), 0.3), a, atol=1e-5)
    assert any((a * a).sum() / (a.norm() * a.norm()) > 1 for a in (normal(99, seed=n) for n in range(50)))


@pytest.mark.parametrize("number", DRAWS)
def test_right_is_right_whatever_is_drawn(number, monkeypatch):
    """Eleven other seeds: how far off chance may lead is chosen so that it fails once in 10 ** 9."""
    seeded = torch.default_generator.manual_seed
    for seed in range(1, 12):
        monkeypatch.setattr(engine.random, "seed", lambda _, seed=seed: seeded(seed))
        assert check(number, EXERCISES[number].ours).right


# ------------------------------------------------------------------------------------------------ what is measured


def measured(number, function):
    """What the trial of an exercise says of a function: {(what, for which arguments): tensor}."""
    torch.manual_seed(0)
    return EXERCISES[number].trial(EXERCISES[number], function)


def a_step(one_t=False, noise=torch.randn_like, zero=True, back=1, steps=1, first=1, result=torch.Tensor.item):
    """A training step of Lab 2, right unless told otherwise."""

    def step(network, optimizer, x, alpha_bar):
        T = len(alpha_bar) - 1
        t = torch.randint(first, T + 1, (1 if one_t else len(x),)).expand(len(x))
        level, eps = alpha_bar[t].view(-1, 1, 1, 1), noise(x)
        loss = (network(level.sqrt() * x + (1 - level).sqrt() * eps, t / T) - eps).square().mean()
        if zero:
            optimizer.zero_grad()
        for _ in range(back):
            loss.backward(retain_graph=True)
        for _ in range(steps):
            optimizer.step()
        return result(loss)

    return step


ONE_TO_ALL = {  # facts of a right training step, on white pictures of 12 numbers, whatever T is
    "the number of times that the network is asked, call by call,": [1, 1],
    "the loss, as a multiple of the mean squared error,": [1, 1],
    "the number of `backward()`, call by call,": [1, 1],
    "the number of steps of the optimizer, call by call,": [1, 1],
    "the number of `backward()` before the optimizer's step, call by call,": [1, 1],
    "the gradient at the optimizer's step, as a multiple of this call's,": [1, 1],
    "the number of losses that are still tensors with a gradient, call by call,": [0, 0],
    "the share of batches in which all pictures have the same t": 0,
    "the share of pictures with a noise of their own": 1,
    "the likeness of the noise within a picture": 1 / 12,  # of a mean of 12
    "the likeness of the noise in two calls": 0,
}


@pytest.mark.parametrize("T", [3, 4])
def test_what_is_measured_of_a_training_step_is_what_theory_says(T):
    alpha_bar = torch.tensor([0.9, 0.6, 0.3, 0.1])[:T]
    even = {
        "the share of pictures at each t": [1 / T] * T,
        "the share of pictures that have the same t in the next call": 1 / T,
        "the list of times that the network is told": [t / T for t in range(1, T + 1)],
        "the strength of the noise, from t = 1 to T,": (1 - alpha_bar).sqrt(),
        "the strength of the picture, from t = 1 to T,": alpha_bar.sqrt(),
    }
    found = measured("2.5", a_step())
    for what, fact in (ONE_TO_ALL | even).items():
        assert torch.allclose(found[what, f"T = {T}"].double(), torch.as_tensor(fact).double(), atol=0.04), what
    exactly = "loss, as", "number of", "gradient at", "share of batches", "noise of their own", "list of times"
    for what, fact in (ONE_TO_ALL | even).items():
        if any(words in what for words in exactly):
            assert torch.allclose(found[what, f"T = {T}"].double(), torch.as_tensor(fact).double(), atol=1e-4), what


class Kept:
    """Noise that is drawn once."""

    def __init__(self):
        self.noise = None

    def __call__(self, x):
        self.noise = torch.randn_like(x) if self.noise is None else self.noise
        return self.noise


@pytest.mark.parametrize(
    "wrong, what, fact",
    [
        ({"one_t": True}, "the share of batches in which all pictures have the same t", 1),
        ({"noise": Kept()}, "the likeness of the noise in two calls", 1),
        (
            {"noise": lambda x: torch.randn(len(x), 1, 1, 1).expand_as(x)},
            "the likeness of the noise within a picture",
            1,
        ),
        (
            {"noise": lambda x: torch.randn(1, 3, 2, 2).expand_as(x)},
            "the share of pictures with a noise of their own",
            0,
        ),
        ({"zero": False}, "the gradient at the optimizer's step, as a multiple of this call's,", [1, 2]),
        ({"back": 0}, "the gradient at the optimizer's step, as a multiple of this call's,", [0, 0]),
        ({"back": 2}, "the number of `backward()` before the optimizer's step, call by call,", [2, 2]),
        ({"back": 2}, "the gradient at the optimizer's step, as a multiple of this call's,", [2, 2]),
        ({"steps": 0}, "the gradient at the optimizer's step, as a multiple of this call's,", [0, 0]),
        ({"steps": 0}, "the number of `backward()` before the optimizer's step, call by call,", [0, 0]),
        ({"steps": 2}, "the number of steps of the optimizer, call by call,", [2, 2]),
        ({"result": lambda loss: 3 * loss}, "the loss, as a multiple of the mean squared error,", [3, 3]),
        (
            {"result": lambda loss: loss},
            "the number of losses that are still tensors with a gradient, call by call,",
            [1, 1],
        ),
    ],
)
def test_what_is_measured_of_a_wrong_training_step(wrong, what, fact):
    found = measured("2.5", a_step(**wrong))
    for T in (3, 4):
        assert torch.allclose(found[what, f"T = {T}"].double(), torch.as_tensor(fact).double(), atol=0.05), found


def test_what_is_measured_of_a_training_step_that_draws_t_from_0_is_a_number():
    """Where there is no noise at t = 0, none can be seen in x_t."""
    assert all(fact.isfinite().all() for fact in measured("2.5", a_step(first=0)).values())


def test_a_training_step_may_ask_once_and_never_again():
    asked = []

    def step(network, optimizer, x, alpha_bar):
        if not asked:
            network(x, 1.0)
        asked.append(alpha_bar)
        return 0.0

    assert "call by call, is 1, 0; it should be 1, 1." in check("2.5", step).text


@pytest.mark.parametrize("p, n, width", [(0.3, 101, 5), (0.6, 71, 3)])
def test_what_is_measured_of_dropped_contexts_is_the_binomials(p, n, width):
    """Of rows dropped one by one, all at a time, and entry by entry."""
    keep = {
        "rows": lambda c, p: c * (torch.rand(len(c), 1) >= p),
        "all": lambda c, p: 2 * c * (torch.rand(1, 1) >= p),
        "entries": lambda c, p: c * (torch.rand(c.shape) >= p),
    }
    one, spread = (p * (1 - p)) ** 0.5, "the spread, from call to call, of the number of rows that are zero"
    facts = {
        "the number of tries in which rows are zero only in part": (0, 0, 1),
        "the share of calls in which all rows are treated the same": (0, 1, (1 - p**width) ** n),
        "the share of rows that are zero": (p, p, p**width),
        "the share of rows that fare the same in the next call": (
            *[p**2 + (1 - p) ** 2] * 2,
            p ** (2 * width) + (1 - p**width) ** 2,
        ),
        spread: (one * n**0.5, one * n, (n * p**width * (1 - p**width)) ** 0.5),
        "the factor on the rows that stay": (1, 2, 1),
    }
    for at, function in enumerate(keep.values()):
        found = measured("3.1", function)
        for what, values in facts.items():
            wide = 0.2 * values[at] if what == spread else 0.13 if at == 1 or "all rows" in what else 0.02
            assert found[what, f"probability = {p}"].item() == pytest.approx(values[at], abs=wide), (what, at)
        shares = [found["the share of numbers that are zero", f"probability = {p}"].item() for p in (0.0, 1.0)]
        assert shares == [0, 1]


# ------------------------------------------------------------------------------------------------- not written, wrong


@of_each_exercise
def test_the_placeholder_is_not_written_yet(number):
    answer = check(number, EXERCISES[number].placeholder)
    assert answer.state == "not written yet" and not answer.right and EXERCISES[number].start in answer.text


def test_x_after_a_way_there_and_back_is_written():
    """It is x up to rounding, as the placeholder gives it to the last bit."""

    def my_ddim_step(x, t, t_prev, eps, alpha_bar):
        signal, noise = alpha_bar[t_prev].sqrt(), (1 - alpha_bar[t_prev]).sqrt()
        return signal * ((x - noise * eps) / signal) + noise * eps

    for function in (my_ddim_step, lambda x, t, t_prev, *rest: my_ddim_step(x, t, t, *rest)):
        answer = check("4.2", function)
        assert answer.state == "not right" and "It gives x back: both moves use the same level." in answer.text


@of_each_exercise
def test_each_mistake_gets_its_own_answer(number):
    mistakes = EXERCISES[number].mistakes
    assert len(mistakes) >= 4 and len(set(mistakes.values())) == len(mistakes)
    for function, message in mistakes.items():
        answer = check(number, function)
        assert answer.state == "not right"
        assert re.search(".+".join(map(re.escape, re.split(r"\{\w+\}", message))), answer.text), (message, answer)


def test_a_mistake_is_told_with_its_numbers():
    def my_perturb(x, t, noise, alpha_bar):
        a = alpha_bar[t][:, None, None, None]
        return a**0.5 * x + (1 - a) * noise

    assert (
        "Your noise is 0.373 strong at t = 150, it should be 0.611: is a root missing?" in check("2.1", my_perturb).text
    )


@pytest.mark.parametrize("number", [number for number in EXERCISES if EXERCISES[number].technical])
def test_a_mistake_is_told_without_what_only_the_check_measures(number):
    texts = [check(number, function).text for function in EXERCISES[number].mistakes]
    assert not any(words in text for text in texts for words in EXERCISES[number].technical)
    assert any("it should be" in text for text in texts)


def test_a_whole_table_is_told_wherever_it_stands():
    for wrong in range(3):

        def my_scales(t, beta, alpha, alpha_bar, wrong=wrong):
            t = [slice(None) if place == wrong else t for place in range(3)]
            s2 = (1 - alpha[t[1]]) / (1 - alpha_bar[t[1]]).sqrt()
            return 1 / alpha[t[0]].sqrt(), s2, beta[t[2]].sqrt()

        text = check("1.3", my_scales).text
        assert f"s{wrong + 1} is of shape (501,); it should be one number. That is the whole table." in text


def test_a_mistake_is_told_beside_another():
    """s1 is wrong in a known way, s2 in a way of its own, s3 not written."""
    answer = check("1.3", lambda t, b, a, ab: (1 / a[t], 7, 0))
    assert "s1 is 1.006; it should be 1.003" in answer.text and "The root is missing: one over" in answer.text


@of_each_exercise
def test_what_no_mistake_is_like_is_told_where_it_differs(number):
    exercise = EXERCISES[number]

    def nearly(*arguments):
        return disturbed(exercise.ours(*arguments))

    answer = check(number, NEARLY.get(number, nearly))
    assert answer.state == "not right" and re.search(r"For .* is .*; it should be ", answer.text), answer
    assert not any(message in answer.text for message in exercise.mistakes.values())


def disturbed(result):
    if isinstance(result, tuple):
        return (*result[:-1], disturbed(result[-1]))
    if isinstance(result, list):
        return [*result[:-2], result[-2] + 1, result[-1]]
    if torch.is_tensor(result) and result.dim():
        result = result.clone()
        result.view(-1)[-1] += 0.01
        return result
    return result + 0.01


@of_each_exercise
def test_hard_coded_answers_are_not_right(number):
    """The answer to the first question that is asked, given to all."""
    exercise, first = EXERCISES[number], []

    def remembers(*arguments):
        first.append(exercise.ours(*arguments))
        return first[0]

    for _ in range(2):  # the second time, from the first call on
        assert check(number, remembers).state == "not right"
    for constant in (0.0, 1.0, (1.0, 0.0, 0.0), [500, 0], torch.zeros(2, 3, 4, 4), torch.tensor(0.5)):
        assert not check(number, lambda *arguments, constant=constant: constant).right


def test_dropping_always_the_same_rows_is_not_right():
    keep = torch.rand(200, 1)
    assert check("3.1", lambda c, p: c * (keep[: len(c)] >= p)).state == "not right"


@pytest.mark.parametrize(("number", "function"), WRONG, ids=[f"{at} {row[0]}" for at, row in enumerate(WRONG)])
def test_one_thing_wrong_is_not_right(number, function):
    assert check(number, function).state == "not right"


# ------------------------------------------------------------------------------------------- whatever a student writes


def exits(*arguments):
    raise SystemExit


def raises(*arguments):
    return {}["of the student"]


def forever(*arguments):
    while True:
        pass


def swallows(*arguments):
    while True:
        with suppress(Exception):
            time.sleep(0.001)


def recurses(*arguments):
    return recurses(*arguments)


def prints(*arguments):
    print("hello\n" * 1000)


def generates(*arguments):
    yield 1


class Odd:
    def __eq__(self, other):
        raise RuntimeError("odd")

    def __str__(self):
        raise RuntimeError("odd")

    __hash__, __repr__, __len__, __iter__, __float__ = None, __str__, __str__, __str__, __str__


class OddError(Exception):
    __str__ = Odd.__str__


def raises_oddly(*arguments):
    raise OddError


STRANGE = {
    "None": (lambda *arguments: None, "is there a `return`"),
    "text": (lambda *arguments: "text", "It returns (text|4 things)"),
    "exit": (exits, "SystemExit"),
    "error": (raises, "KeyError: 'of the student'.*"),
    "recursion": (recurses, "RecursionError"),
    "too few arguments": (lambda: 0, r"It is called as `my_\w+\(.*takes `\(\)`"),
    "prints": (prints, "It printed: hello"),
    "generator": (generates, "generator"),
    "odd": (lambda *arguments: Odd(), "."),
    "odd error": (raises_oddly, "OddError"),
    "interrupt": (lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt), "KeyboardInterrupt"),
    "complex": (lambda *arguments: 1j, "."),
    "a class": (dict, "."),
    "set": (lambda *arguments: {1, 2}, "."),
    "empty": (lambda *arguments: [], "."),
    "a tensor that is empty": (lambda *arguments: torch.zeros(0), "."),
    "strange dtype": (lambda *arguments: torch.zeros(2, 3, dtype=torch.bool), "."),
    "no numbers": (lambda *arguments: [None, "a", {}], "."),
    "sparse": (lambda *arguments: torch.eye(3).to_sparse(), "."),
    "meta": (lambda *arguments: torch.zeros(3, device="meta"), "."),
}


def test_one_thing_is_no_things():
    assert "It returns 1 thing; it should be 2" in check("6.1", lambda *arguments: [torch.zeros(())]).text


@pytest.mark.parametrize("what", STRANGE)
@of_each_exercise
def test_nothing_stops_run_all(number, what):
    function, says = STRANGE[what]
    answer = check(number, function)
    assert answer.state == "not right" and re.search(says, answer.text) and "did not end" not in answer.text, answer
    assert "<div" in answer._repr_html_() and "Exercise" in repr(answer) and len(answer.text) < 1500


@of_each_exercise
def test_nan_is_told(number):
    exercise = EXERCISES[number]

    def spoiled(*arguments):
        result = exercise.ours(*arguments)
        if isinstance(result, tuple):
            return (*result[:-1], result[-1] * math.nan)
        return [math.nan] * len(result) if isinstance(result, list) else result * math.nan

    answer = check(number, spoiled)
    assert answer.state == "not right"
    assert "NaN" in answer.text or number == "1.4", answer  # where it is another x than the last step gave


def test_what_is_wrong_above_1_is_told_before_what_stops_at_1():
    """0 / 0 at t = 1: of what is right above, that is told; of what is not, the difference."""
    ours, right = EXERCISES["6.1"].ours, "For t > 1 it is right"

    def spoiled(mean, variance):
        def function(xt, x0, t, beta, alpha, alpha_bar):
            nan = (1 - alpha_bar[t - 1]) / (1 - alpha_bar[t - 1])
            found = ours(xt, x0, t, beta, alpha, alpha_bar)
            return mean(found[0]) * nan, variance(found[1]) * nan

        return check("6.1", function).text

    def same(x):
        return x

    assert right in spoiled(same, same)

    def more(x):
        return 3 * x

    for mean, variance in ((more, same), (same, more), (more, more), (lambda x: x[None], same)):
        text = spoiled(mean, variance)
        assert right not in text and "it should be" in text, text


def test_what_else_is_told_of_things_in_the_wrong_place_or_kind():
    start, nearest = EXERCISES["9.3"].ours, EXERCISES["9.2"].ours
    assert "It returns 3 things" in check("9.3", lambda *given: (start(*given)[1], start(*given)[0], 0)).text
    for place in (2, torch.tensor(2)):
        assert "the result is one number; it should be" in check("9.1", lambda *given, place=place: place).text
    assert "It returns complex numbers" in check("9.2", lambda p, c: nearest(p, c) + 0j).text


def test_nan_everywhere_is_not_told_as_that_of_the_first_step():
    assert "For t > 1 it is right" not in check("6.1", lambda xt, *rest: (xt * math.nan, rest[2][1])).text


@of_each_exercise
@pytest.mark.parametrize("loop", [forever, swallows])
def test_an_endless_loop_is_stopped(number, loop, monkeypatch):
    monkeypatch.setattr(engine, "LIMIT", 0.05)
    before = threading.active_count()
    answer = check(number, loop)
    assert answer.state == "not right" and "did not end within 0.05 seconds" in answer.text
    assert threading.active_count() == before


def test_a_loop_that_cannot_be_stopped_is_left_alone(monkeypatch):
    monkeypatch.setattr(engine, "LIMIT", 0.05)
    done = threading.Event()

    def stubborn(x, t, eps, alpha_bar):
        while not done.is_set():
            with suppress(BaseException):
                time.sleep(0.01)

    start = time.monotonic()
    assert "did not end" in check("4.1", stubborn).text
    assert time.monotonic() - start < 5
    done.set()


def test_an_endless_loop_that_asks_the_network_is_told_at_once():
    def asks(x, network, *rest):
        while True:
            network(x, 1.0)

    text = check("1.4", asks).text
    assert "100 times and more" in text and "does the loop end?" in text and "It ends" not in text
    assert "100 times and more" in check("2.4", lambda network, x, *rest: asks(x, network)).text


def test_ctrl_c_interrupts_a_check(monkeypatch):
    """The thread that waits gets the interrupt; the student's is stopped, and the kernel's chance is as before."""
    seen = []

    def interrupted(self, timeout=None, join=threading.Thread.join):
        seen.append(timeout)
        if len(seen) == 1:
            raise KeyboardInterrupt
        join(self, timeout)

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    before, threads = torch.get_rng_state(), threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        check("4.1", forever)
    monkeypatch.undo()
    end = time.monotonic() + 5
    while threading.active_count() > threads and time.monotonic() < end:
        time.sleep(0.01)
    assert torch.get_rng_state().equal(before) and threading.active_count() <= threads


@of_each_exercise
def test_an_input_changed_in_place_is_told(number):
    exercise, changed = EXERCISES[number], []

    def changes(*arguments):
        result = exercise.ours(*arguments)
        changed.extend(a for a in arguments if torch.is_tensor(a) or isinstance(a, (dict, list)))
        if changed:
            changed[0].zero_().sub_(7) if torch.is_tensor(changed[0]) else changed[0].clear()
        return result

    answer = check(number, changes)
    told = answer.state == "not right" and "itself, which whoever called it may still need" in answer.text
    assert told if changed else answer.right, answer  # numbers, nobody can change


def test_the_line_of_an_error_is_shown():
    def my_arc(a, b, s):
        w = a.norm() * b.norm()
        return w.no_such_thing(s)

    answer = check("4.4", my_arc)
    assert "in the line `return w.no_such_thing(s)`" in answer.text and "AttributeError" in answer.text


def test_the_line_of_an_error_is_found_in_a_cell():
    """As a notebook does it: the source is not in a file, and linecache has been given it."""
    import linecache

    source = "def my_arc(a, b, s):\n    return a.nothing\n"
    linecache.cache["<cell 7>"] = (len(source), None, source.splitlines(True), "<cell 7>")
    names = {}
    exec(compile(source, "<cell 7>", "exec"), names)
    assert "in the line `return a.nothing`" in check("4.4", names["my_arc"]).text


def test_types_are_told():
    assert "returns a list; what comes after it needs a tensor" in check("2.1", lambda x, *rest: x.tolist()).text
    assert "returns a numpy array;" in check("2.1", lambda x, *rest: x.numpy()).text
    assert "complex" in check("2.1", lambda x, *rest: x + 0j).text
    assert "`.float()`" in check("2.1", lambda x, *rest: x.int()).text
    assert "returns 3 things; it should be 2: `return alpha, alpha_bar`" in check("1.1", lambda beta: (beta,) * 3).text
    assert "of shape (1, 3, 4)" in check("2.1", lambda x, *rest: torch.zeros(1, 3, 4)).text
    assert "takes `(x, t)`" in check("4.2", lambda x, t: x).text
    assert "gives two answers" in check("4.1", lambda x, *rest: torch.randn(x.shape)).text


def test_a_call_in_place_of_the_function_is_told():
    for given in (None, torch.zeros(3), 5, "my_arc"):
        answer = check("4.4", given)
        assert answer.state == ("not written yet" if given is None else "not right")
        assert '`check("4.4", my_arc)`' in answer.text


def test_an_unknown_number_is_told():
    for number in ("9.9", 7, [1], "", "4.2 "):
        for answer in (check(number, len), hint(number)):
            assert not answer.right and answer.state in STATES and "There is no exercise" in answer.title
    assert check(4.2, EXERCISES["4.2"].ours).right  # as a number, it can only mean this


@of_each_exercise
def test_the_kernel_is_left_as_it_was(number):
    def draws(*arguments):
        random.random(), np.random.rand(), torch.rand(1), random.seed(7), np.random.seed(7), torch.manual_seed(7)
        return EXERCISES[number].ours(*arguments)

    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    with torch.inference_mode():  # as a cell may be in, while a training step needs gradients
        for function in (draws, raises, EXERCISES[number].ours):
            states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
            check(number, function)
            assert states == (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())
        assert check(number, EXERCISES[number].ours).right
    assert torch.is_grad_enabled()


# ------------------------------------------------------------------------------------ answers, hints, summary, and on


def test_answers_are_readable_with_and_without_colour():
    for state, function in zip(STATES, (EXERCISES["4.3"].placeholder, len, EXERCISES["4.3"].ours), strict=True):
        answer = check("4.3", function)
        page = answer._repr_html_()
        assert answer.state == state and f"Exercise 4.3: {state}." in repr(answer) and f"4.3: {state}." in page
        assert "color:inherit" in page and "border-left" in page and "background" not in page
        assert "<" not in repr(answer)
    page = check("4.3", lambda T, n: {}["<script>"])._repr_html_()
    assert "<code>KeyError: " in page and "&lt;script&gt;" in page and "<script>" not in page


@of_each_exercise
def test_hints_come_one_by_one(number):
    hints = [hint(number) for _ in range(3)]
    for answer, text in zip(hints, EXERCISES[number].hints, strict=False):
        assert text in answer.text and "<b>" in answer._repr_html_()
    assert "hint 1 of 2" in hints[0].title and "hint 2 of 2" in hints[1].title and hints[2].text == hints[0].text
    assert not hints[0].right


def test_a_summary_says_which_are_right():
    assert "None was checked" in repr(check())
    check("4.1", EXERCISES["4.1"].ours), check("4.2", len), check("4.3", EXERCISES["4.3"].placeholder)
    summary = check()
    assert not summary.right and "1 of 4 right" in repr(summary)
    lines = repr(summary).splitlines()[1:]
    assert [line.split("`")[1] for line in lines] == ["my_sketch", "my_ddim_step", "my_times", "my_arc"]
    assert [line.split("`  ")[1] for line in lines] == ["right", "not right", "not written yet", "not written yet"]
    assert summary._repr_html_().count("<tr>") == 4
    for number in ("4.2", "4.3", "4.4"):
        check(number, EXERCISES[number].ours)
    assert check().right and "4 of 4 right" in repr(check())
    assert not check("4.4", EXERCISES["4.4"].placeholder).right and not check("4.3", len).right
    assert check().right  # what was right stays right


def zeros(*given):
    return 0 * given[0]


@pytest.mark.parametrize(
    "functions, state",
    [
        ({"1.1": "placeholder", "1.2": "placeholder"}, "not written yet"),
        ({"1.1": "placeholder", "1.2": "wrong"}, "not right"),
        ({"1.1": "ours", "1.2": "placeholder"}, "not right"),
        ({"1.1": "ours", "1.2": "wrong", "1.3": "ours", "1.4": "ours"}, "not right"),
        ({"1.1": "ours", "1.2": "ours", "1.3": "ours", "1.4": "ours"}, "right"),
    ],
)
def test_a_summary_is_right_if_all_are_and_not_written_if_none_is(functions, state):
    for number, which in functions.items():
        check(number, zeros if which == "wrong" else getattr(EXERCISES[number], which))
    answer, right = check(), [*functions.values()].count("ours")
    assert (answer.title, answer.text, answer.state) == ("Exercises so far", f"{right} of 4 right.", state)
    states = {"ours": "right", "placeholder": "not written yet", "wrong": "not right"}
    expected = [states[functions.get(number, "placeholder")] for number in ("1.1", "1.2", "1.3", "1.4")]
    assert [row[-1] for row in answer.rows] == expected and answer.rows[0][:2] == ("1.1", "`my_tables`")


def test_what_an_answer_adds():
    """A way to a hint unless it is right; what the function printed, if anything; what was given in its place."""

    def talks(x, t, eps, alpha_bar):
        print(" so far ")
        return EXERCISES["1.2"].ours(x, t, eps, alpha_bar)

    opens = EXERCISES["1.2"].opens
    assert check("1.2", EXERCISES["1.2"].ours).text == opens
    assert check("1.2", talks).text.startswith(f"{opens}\nIt printed: so far")
    assert check("1.2", zeros).text.endswith(' More: `hint("1.2")`.')
    give = 'Give the function itself, without calling it: `check("1.2", my_guess)`.'
    assert (check("1.2").text, check("1.2").state) == (give, "not written yet")
    assert (check("1.2", 3).text, check("1.2", 3).state) == (f"{give} It was given int.", "not right")


@of_each_exercise
def test_yours_go_on_where_they_are_right(number, capsys):
    exercise, mine = EXERCISES[number], RIGHT[number][0]
    with_ours = f"Exercise {number}: from here on with ours, until yours is right.\n"
    assert yours_or_ours(number) is exercise.ours and capsys.readouterr().out == with_ours
    check(number, mine)
    assert yours_or_ours(number) is mine
    assert capsys.readouterr().out == f"Exercise {number}: from here on with your {exercise.name}.\n"
    for wrong in (exercise.placeholder, raises, None):
        assert not check(number, wrong).right
        assert yours_or_ours(number) is mine
    check(number, RIGHT[number][1])
    assert yours_or_ours(number) is RIGHT[number][1]


def test_yours_or_ours_of_an_unknown_number():
    with pytest.raises(ValueError, match="1.1, 1.2"):
        yours_or_ours("9.9")


# ----------------------------------------------------------------------------------------------------- in the notebooks

HERE = Path(__file__).resolve().parent.parent


def cells():
    """(notebook, number, the exercise's cell, the cell below it) for each exercise in a notebook."""
    for path in sorted((HERE / "notebooks").glob("**/*.ipynb")):
        found = json.loads(path.read_text(encoding="utf-8"))["cells"]
        sources = [(cell["cell_type"], "".join(cell["source"])) for cell in found]
        for (kind, source), below in zip(sources, [*sources[1:], ("", "")], strict=True):
            last = (source.strip().splitlines() or [""])[-1]
            if kind == "code" and (asked := re.fullmatch(r'check\("([\d.]+)", (my_\w+)\);?', last.strip())):
                yield path.relative_to(HERE).as_posix(), asked[1], source, below


CELLS = list(cells())


def defined(name, *sources):
    """The function of that name, after these cells were run."""
    names = {"torch": torch, "math": math, "F": F, "np": np, "nn": torch.nn, "yours_or_ours": yours_or_ours}
    for source in sources:
        exec(compile(source, name, "exec"), names)
    return names[name]


@pytest.mark.parametrize(("path", "number", "source", "below"), CELLS, ids=[f"{cell[0]} {cell[1]}" for cell in CELLS])
def test_in_the_notebook(path, number, source, below):
    exercise = EXERCISES[number]
    code = source.strip().rsplit("\n", 1)[0]
    assert check(number, defined(exercise.name, code)).state == "not written yet"
    assert "# TODO" in code and '"""' in code and code.count("def my_") == 1
    assert not re.search(r"\d\.\d{2}", code)  # no expected value
    kind, text = below
    assert kind == "markdown" and text.startswith("<details><summary>Solution</summary>")
    (solution,) = re.findall(r"```python\n(.*?)```", text, re.S)
    assert check(number, defined(exercise.name, code, solution)).right


def test_every_exercise_is_in_one_notebook():
    assert sorted(number for _, number, _, _ in CELLS) == NUMBERS
