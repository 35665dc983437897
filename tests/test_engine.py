"""What `check` is made of, part by part: how a function is called, read, compared, told, stopped."""

import math
import operator
import random
import threading
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from diffusion_utilities import NoiseSchedule
from exercises import EXERCISES, check, engine, hint, lab2, trials, yours_or_ours
from exercises.engine import Answer, Exercise, Problem, read, result_of
from exercises.trials import normal

NAMED = EXERCISES["4.2"]  # my_ddim_step(x, t, t_prev, eps, alpha_bar)


@pytest.fixture(autouse=True)
def fresh_kernel(monkeypatch):
    for memory in ("ANSWERS", "FUNCTIONS", "HINTS"):
        monkeypatch.setattr(engine, memory, {})


def problem_of(do, *given):
    with pytest.raises(Problem) as caught:
        do(*given)
    return caught.value


def test_an_exercise_knows_its_names():
    assert NAMED.name == "my_ddim_step" and NAMED.arguments == ["x", "t", "t_prev", "eps", "alpha_bar"]


# ---------------------------------------------------------------------------------------------------------- answers


def test_an_answer_as_a_page():
    page = Answer("Title", "x < `a`\nand `b`", "right", [("4.1", "`f`", "not right")])._repr_html_()
    edge = "border-left:5px solid {};padding:4px 12px"
    assert page == (
        f'<div style="{edge.format("#009E73")};margin:4px 0;color:inherit;max-width:60em">'
        "<b>Title.</b> x &lt; <code>a</code><br>and <code>b</code>"
        f'<table><tr><td style="{edge.format("#D55E00")}">4.1</td><td><code>f</code></td><td>not right</td></tr>'
        "</table></div>"
    )
    assert "<table>" not in Answer("Title", "text")._repr_html_()


def test_an_answer_as_text():
    assert repr(Answer("Title", "text", rows=[("4.1", "`f`", "right")])) == "Title. text\n4.1  `f`  right"
    assert Answer("Title", "text").state == "not written yet"


def test_hints_come_in_order_and_begin_again(monkeypatch):
    monkeypatch.setitem(EXERCISES, "4.2", replace(NAMED, hints=("one", "two", "three")))
    told = [hint(number) for number in ("4.2", 4.2, "4.2", "4.2")]
    last = "three (That was the last; the solution is folded below the exercise.)"
    assert [answer.text for answer in told] == ["one", "two", last, "one"]
    assert [answer.title[-11:] for answer in told] == ["hint 1 of 3", "hint 2 of 3", "hint 3 of 3", "hint 1 of 3"]


def test_before_the_first_check_there_is_nothing_to_sum_up():
    assert repr(check()) == "Exercises so far. None was checked since the kernel was started."


def test_a_number_may_be_a_number():
    assert yours_or_ours(4.2) is NAMED.ours


def test_what_is_printed_is_told_without_the_blanks_around_it():
    def talks(*given):
        print("\n so far \n")
        return EXERCISES["4.3"].ours(*given)

    words = check("4.3", talks).text.split("It printed:")[1]
    assert words == f" {words.strip()}" and words.startswith(" so far")
    assert "It printed" not in check("4.3", lambda T, n: print() or EXERCISES["4.3"].ours(T, n)).text


def test_what_is_wrong_is_told_alone_where_nobody_made_that_mistake():
    nothing = 'It returns nothing (`None`): is there a `return`? More: `hint("4.2")`.'
    assert check("4.2", lambda *given: None).text == nothing


def test_a_known_mistake_that_ends_in_an_error_is_told_with_the_error():
    text = check("2.3", lambda below, across: torch.cat(below, across, dim=1)).text
    assert text.startswith("`cat` wants the two in brackets of their own: `cat((..., ...))`. (It stops with an error")


# --------------------------------------------------------------------------------------------- how a function is called


def test_a_call_with_too_few_arguments_is_told():
    text = "It is called as `my_arc(a, b, s)`, with 3 values in this order; yours takes `(a, b)`."
    assert str(problem_of(result_of, EXERCISES["4.4"], lambda a, b: a, 1, 2, 3)) == text


class Called:
    def __call__(self, x):
        return x.nothing


def at_last(x):
    return x.nothing_more


def first_calls(x):
    return at_last(x)


@pytest.mark.parametrize(
    ("function", "where"),
    [
        (lambda x: x.none, " in the line `(lambda x: x.none, "),
        (first_calls, " in the line `return x.nothing_more`"),  # the last of the student's own lines
        (Called(), " in the line `return x.nothing`"),
        (operator.attrgetter("none"), ": `Attribute"),
    ],
)
def test_the_line_that_stopped_is_told(function, where):
    text = str(problem_of(result_of, EXERCISES["4.3"], function, 3.0))
    assert text.startswith(f"It stops with an error{where}") and text.endswith("`"), text


def test_an_error_is_told_in_one_line_of_300_letters_at_most():
    def long(x):
        raise ValueError("a" * 400)

    def code(x):
        exec("1 +")

    one_line = str(problem_of(result_of, EXERCISES["4.3"], code, 1))
    assert one_line == 'It stops with an error in the line `exec("1 +")`: `SyntaxError: invalid syntax`'
    assert str(problem_of(result_of, EXERCISES["4.3"], long, 1)).split("`: `")[1] == f"ValueError: {'a' * 288}`"


def test_an_error_that_names_the_same_in_another_order_is_the_same():
    def raises(words):
        def function(x):
            raise ValueError(words)

        return problem_of(result_of, EXERCISES["4.3"], function, 1).kind

    assert raises("size 3 of a, size 4 of b") == raises("size 4 of a, size 3 of b") != raises("size 3 of a, 4 of b")
    assert raises("ab c") != raises("a bc")


@pytest.mark.parametrize(
    ("given", "change"),
    [
        ({"a": 1}, dict.clear),
        ([1, 2], list.clear),
        ([1, 2], list.pop),
        (torch.ones(2), torch.Tensor.zero_),
        (torch.ones(2), lambda x: x.resize_(1)),
    ],
)
def test_what_is_given_is_a_copy_and_must_stay(given, change):
    def changes(thing):
        change(thing)
        return 1

    exercise = Exercise("0", "my_function(thing)", *[None] * 7)
    problem = problem_of(result_of, exercise, changes, given)
    assert str(problem).startswith("It changes `thing` itself") and problem.kind == "changes thing"
    assert str(problem).endswith("with `thing.clone()`, or without `thing[...] =`, `+=` and functions that end in `_`.")
    assert given in ({"a": 1}, [1, 2]) if not torch.is_tensor(given) else given.equal(torch.ones(2))
    assert result_of(exercise, lambda thing: 5, given) == 5
    assert result_of(exercise, lambda thing: thing, 7) == 7


def test_each_thing_that_is_given_must_stay():
    exercise, given = Exercise("0", "my_function(a, b, c)", *[None] * 7), [torch.ones(2) for _ in "abc"]
    for at, name in enumerate("abc"):
        problem = problem_of(result_of, exercise, lambda *given, at=at: given[at].add_(1), *given)
        assert problem.kind == f"changes {name}"


# --------------------------------------------------------------------------------------------------- what it gives back


@pytest.mark.parametrize(
    ("result", "like", "value"),
    [
        (3, 0.5, 3.0),
        ([3], 0.5, 3.0),  # one number in brackets is one number
        (torch.tensor([3]), torch.tensor(0.5), 3.0),
        (np.float64(3), 0.5, 3.0),
        ([3], [1], [3.0]),
        ([3, 4], 0.5, [3.0, 4.0]),
        (np.array([3, 4]), [1, 2], [3.0, 4.0]),
        (torch.tensor([3.0]), torch.tensor([0.5]), [3.0]),
        (torch.tensor([[3.0]], dtype=torch.float64, requires_grad=True), torch.tensor([[1.0]]), [[3.0]]),
        (torch.tensor([torch.nan, 2]), torch.tensor([0.5]), [0.0, 2.0]),  # another shape says more than NaN
        (torch.tensor([torch.nan, 2]).double(), 0.5, [0.0, 2.0]),
    ],
)
def test_what_is_read(result, like, value):
    found, expected = read(result, like, "x = 1"), torch.tensor(value)
    assert found.equal(expected) and found.dtype == torch.float32 and not found.requires_grad


@pytest.mark.parametrize(
    ("result", "like", "kind", "text"),
    [
        ("text", 0.5, "type", "It returns text; it should be a number."),
        ([None], torch.tensor(0.5), "type", "It returns a list; it should be a number."),
        ({}, [1.0], "type", "It returns a dictionary; it should be numbers in a list or a tensor."),
        (
            (1.0, 2.0),
            torch.ones(2),
            "type",
            "It returns a tuple; what comes after it needs a tensor, here of shape (2,).",
        ),
        (1j, 0.5, "complex", "It returns complex numbers; it should be real ones."),
        (
            torch.ones(2).int(),
            torch.ones(2),
            "dtype",
            "It returns whole numbers or bools (torch.int32); floats are needed",
        ),
        (torch.nan, 0.5, "NaN", "For x = 1 it gives NaN"),
        (torch.tensor([torch.nan, 1]), torch.ones(2), "NaN", "For x = 1 it gives NaN"),
        ([torch.nan, 1.0], [1, 2], "NaN", "For x = 1 it gives NaN"),
    ],
)
def test_what_cannot_be_read(result, like, kind, text):
    problem = problem_of(read, result, like, "x = 1")
    assert problem.kind == kind and str(problem).startswith(text)


# ------------------------------------------------------------------------------------------------- how it is compared


def test_as_good_as_equal():
    """Within a tolerance, 1e-5 unless an exercise says more of it, and within a ten-thousandth."""
    exercise = replace(NAMED, rough={"measured": 0.08})

    def near(what, a, b):
        return bool(engine._near(exercise, (what, ""), {(what, ""): torch.tensor(a)}, {(what, ""): torch.tensor(b)}))

    assert near("result", 0.0, 0.95e-5) and not near("result", 0.0, 1.05e-5)
    assert near("measured", 0.0, 0.079) and not near("measured", 0.0, 0.081)
    assert near("result", 1000.0, 1000.095) and not near("result", 1000.0, 1000.105)
    assert near("result", torch.nan, torch.nan) and not near("result", torch.nan, 0.0)
    assert near("result", [1.0, 2.0], [1.0, 2.0]) and not near("result", [1.0, 2.0], [1.0, 2.1])
    assert not near("result", [1.0], 1.0)


def test_the_first_difference_is_the_first_of_ours_and_what_is_missing_is_one():
    a, b, c = (("result", where) for where in "abc")
    one, ours = {a: torch.ones(1), c: torch.ones(1)}, {b: torch.ones(1), a: torch.ones(1)}
    assert engine._first_difference(NAMED, one, ours) == b
    assert engine._first_difference(NAMED, ours, one) == c
    assert engine._first_difference(NAMED, {a: torch.ones(1)}, {a: torch.zeros(1), b: torch.ones(1)}) == a
    assert engine._first_difference(NAMED, one, dict(one)) is None
    assert engine._near(NAMED, b, one, one)
    assert not engine._near(NAMED, b, one, ours) and not engine._near(NAMED, c, one, ours)


def test_the_placeholder_is_known_to_the_last_bit():
    a, b = ("result", "a"), ("result", "b")
    one = {a: torch.ones(1)}
    assert engine._identical(one, {a: torch.ones(1)}) and not engine._identical(one, {a: torch.ones(1) + 1e-7})
    assert not engine._identical({**one, b: torch.ones(1)}, one)
    assert not engine._identical(Problem("text", "kind"), one)


@pytest.mark.parametrize(
    "yours, ours, tolerance, told",
    [
        (None, [1.0], 1e-5, ("missing", "there", "")),
        ([1.0], None, 1e-5, ("there", "missing", "")),
        (0.5, 0.25, 1e-5, ("0.5", "0.25", "")),
        ([1, 2], [1, 3], 1e-5, ("1, 2", "1, 3", "")),
        ([1, 2, 3], [1, 2], 1e-5, ("1, 2, 3", "1, 2", "")),
        ([], [1], 1e-5, ("none", "1", "")),
        ([1], 1, 1e-5, ("of shape (1,)", "one number", "")),
        ([[1, 2, 3]], [[1, 2]], 1e-5, ("of shape (1, 3)", "of shape (1, 2)", "")),
        ([[1, 2], [3, 4]], [[1, 2], [3, 5]], 1e-5, ("4", "5", " at place [1, 1]")),
        ([[1, 2], [3, 4]], [[1, 1], [1, 1]], 1e-5, ("2", "1", "")),  # where all is the same, a place says nothing
        (range(8), [0] * 8, 1e-5, ("0, 1, 2, 3, 4, 5, 6, 7", "0, 0, 0, 0, 0, 0, 0, 0", "")),
        ([0, 1, 2, 3, 7, 5, 6, 7, 8], range(9), 1e-5, ("7", "4", " at place [4]")),
        (range(9), range(8), 1e-5, ("of shape (9,)", "of shape (8,)", "")),
        (0.123456, 0.123466, 1e-7, ("0.123456", "0.123466", "")),  # so many digits as show the difference
        ([1, 2.0001], [1, 2], 1e-5, ("1, 2.0001", "1, 2", "")),
        ([1, 2], [1, 2.0001], 1e-5, ("1, 2", "1, 2.0001", "")),
        ([1.0625], [1, 2], 1e-5, ("1.0625", "1, 2", "")),
        ([1 / 3], [1, 2], 1e-5, ("0.333", "1, 2", "")),  # no number of digits shows it
        (-1234.56, -1000, 1e-5, ("-1234.6", "-1000.0", "")),
        (999, 500, 1e-5, ("999", "500", "")),
        ([[1, 2]], [1, 2], 1e-5, ("of shape (1, 2)", "of shape (2,)", "")),
        (1 / 3, 0.5, 1e-5, ("0.333", "0.5", "")),
        (1234.56, 1000, 1e-5, ("1234.6", "1000.0", "")),
        (1 / 3, 0.5, 0.08, ("0.33", "0.5", "")),  # where chance is in it, two digits
        (-0.001, 0.126, 0.08, ("0", "0.13", "")),
        ([[0.5, 0.5]], [[0.5, 0.75]], 0.08, ("0.5", "0.75", " at place [0, 1]")),
    ],
)
def test_where_two_outcomes_differ_is_told_in_numbers(yours, ours, tolerance, told):
    yours, ours = (None if each is None else torch.tensor(each, dtype=torch.float32) for each in (yours, ours))
    assert engine._two_numbers(yours, ours, tolerance) == told


CHANCES = {
    "torch": lambda c: torch.rand(len(c), 1),
    "numpy": lambda c: torch.from_numpy(np.random.rand(len(c), 1)).float(),
    "python": lambda c: torch.tensor([random.random() for _ in c])[:, None],
}


@pytest.mark.parametrize("chance", CHANCES.values(), ids=CHANCES)
def test_an_answer_does_not_depend_on_chance(chance):
    """Whatever has been drawn before, and by whatever the function draws."""

    def drops_too_many(c, probability):
        return c * (chance(c) >= probability + 0.15)

    texts = []
    for seed in range(9):
        random.seed(seed), np.random.seed(seed), torch.manual_seed(seed)
        texts.append(check("3.1", drops_too_many).text)
    assert "it should be" in texts[0] and len({*texts}) == 1


# ------------------------------------------------------------------------------------------------- printed, and stopped


def test_of_what_is_printed_the_first_500_letters_are_kept():
    printed = engine._Printed()
    assert printed.write("a" * 499) == 499 and printed.write("b" * 600) == 500  # of one call, too
    assert printed.write("c" * 7) == 7  # or print would try again
    assert printed.getvalue() == "a" * 499 + "b" * 500
    full = engine._Printed()
    full.write("a" * 500), full.write("b")
    assert full.getvalue() == "a" * 500


def test_what_ends_in_time_gives_its_result():
    assert engine._within(5, lambda: 7) == 7
    assert engine._within(5, lambda: None) is None


def test_what_does_not_end_is_stopped_whatever_it_catches():
    ended = []

    def holds():
        try:
            while True:
                with suppress(Exception):
                    time.sleep(0.001)
        finally:
            ended.append(True)

    threads = threading.active_count()
    assert engine._within(0.2, holds) is None
    assert ended == [True] and threading.active_count() == threads


def test_what_runs_is_no_reason_for_the_kernel_to_stay():
    daemon = []
    engine._within(5, lambda: daemon.append(threading.current_thread().daemon))
    assert daemon == [True]


# ------------------------------------------------------------------------------------------ what functions are tried on


def test_the_tables_are_the_labs_at_500_and_fall_steeply_where_t_is_small():
    assert torch.allclose(trials.alpha_bar_of(500), NoiseSchedule().alpha_bar, atol=1e-6)
    assert torch.allclose(trials.beta_of(500), NoiseSchedule().beta, atol=1e-6)
    for T in (3, 7, 20):
        beta, alpha_bar = trials.beta_of(T), trials.alpha_bar_of(T)
        assert len(beta) == T + 1 and beta[0] == 0 and alpha_bar[0] == 1
        assert (beta.diff() > 0).all() and alpha_bar.diff().max() < -0.001 and alpha_bar[-1] < 0.3


def test_noise_is_the_same_whenever_it_is_asked_for():
    once, again, other = normal(50, 3, 4), normal(50, 3, 4), normal(50, 3, 4, seed=1)
    assert once.shape == (50, 3, 4) and once.equal(again)
    assert abs((once * other).mean()) < 0.2 and abs(once.mean()) < 0.2 and abs(once.std() - 1) < 0.15


TRIED = Exercise("0", "my_function(a, b)", lambda a, b: (a + b, a * b), *[None] * 7)


def cases():
    return {"1 and 2": (torch.ones(2), 2 * torch.ones(2)), "3 and 4": (3 * torch.ones(2), 4 * torch.ones(2))}


def test_a_plain_trial_asks_for_each_case_part_by_part():
    def also(result):
        return {"how many": torch.tensor(len(result))}

    outcome = trials.plain(cases, ("sum", "product"), also=also)(TRIED, TRIED.ours)
    places = [(what, where) for what in ("sum", "product", "how many") for where in ("1 and 2", "3 and 4")]
    assert list(outcome) == places  # all sums first
    assert [value.tolist() for value in outcome.values()] == [[3, 3], [7, 7], [2, 2], [12, 12], 2, 2]
    whole = trials.plain(cases)(replace(TRIED, ours=torch.add), torch.add)
    assert {label: value.tolist() for label, value in whole.items()} == {
        ("the result", "1 and 2"): [3, 3],
        ("the result", "3 and 4"): [7, 7],
    }


@pytest.mark.parametrize("which", [0, 1])
def test_a_plain_trial_finds_chance_in_each_part(which):
    def chance(a, b):
        given = [a + b, a * b]
        given[which] = given[which] + torch.rand(2)
        return given

    problem = problem_of(trials.plain(cases, ("sum", "product")), TRIED, chance)
    assert problem.kind == "chance" and str(problem).startswith("Asked twice with the same arguments, it gives two")


def test_a_plain_trial_finds_what_is_kept_from_the_first_call():
    kept = []

    def keeps(a, b):
        kept.append(a)
        return kept[0] + b * len(kept)

    assert problem_of(trials.plain(cases), replace(TRIED, ours=torch.add), keeps).kind == "chance"


@pytest.mark.parametrize(
    ("result", "what"),
    [
        ((1, 2, 3), "3 things"),
        ([1], "1 thing"),
        (torch.ones(4), "4 things"),
        (torch.ones(()), "a tensor"),
        (2.0, "float"),
        ("ab", "text"),
    ],
)
def test_how_many_things_are_given_is_told(result, what):
    problem = problem_of(trials.plain(cases, ("sum", "product")), TRIED, lambda a, b: result)
    assert problem.kind == "parts" and str(problem) == f"It returns {what}; it should be 2: `return sum, product`."


def test_two_things_may_come_in_one_tensor():
    outcome = trials.plain(cases, ("sum", "product"))(TRIED, lambda a, b: torch.stack((a + b, a * b)))
    assert outcome["product", "3 and 4"].tolist() == [12, 12]


# --------------------------------------------------------------------------------------------- networks that take notes


RIGHT = {"told": lambda time: time, "z": torch.randn_like, "last": torch.zeros_like, "seen": lambda x, first: x}
RIGHT |= {"eps": lambda eps: eps, "kept": -1}


def loop(x, network, step, T, **wrong):
    """The loop of exercise 1.4, right unless told otherwise."""
    told, z, last, seen, eps, kept = (RIGHT | wrong).values()
    first, states = x, [x]
    for t in range(T, 0, -1):
        shown = seen(x, first)
        x = step(shown, t, eps(network(shown, told(t / T))), (z if t > 1 else last)(x))
        states.append(x)
    return states[kept]


LIKE = "the likeness of z from step to step"
SHOWN = "how many steps lie behind each x that the network is shown (-1: no such x)"
STEPPED = "how many steps lie behind each x that `step` is given (-1: no such x)"
EPS = "the list of answers of the network (0, 1, ...) that `step` is given as eps (-1: none)"
OF_A_LOOP = {
    "the list of times that the network is told": [1, 0.8, 0.6, 0.4, 0.2],
    "the list of t that `step` is given": [5, 4, 3, 2, 1],
    SHOWN: [0, 1, 2, 3, 4],
    STEPPED: [0, 1, 2, 3, 4],
    EPS: [0, 1, 2, 3, 4],
    "the shape of z": [40, 3, 8, 8],
    "the strength of z": 1,
    "the mean of z": 0,
    "the strength of z in the last step": 0,
    LIKE: 0,
    "how many steps lie behind what comes back (-1: no such x)": 5,
}


TURN, AFTER = count(), [0, -1, -1, -1, -1]


@pytest.mark.parametrize(
    ("wrong", "facts"),
    [
        ({}, {}),
        ({"told": lambda time: 0.5}, {"the list of times that the network is told": [0.5] * 5}),
        ({"z": lambda x: 2 * torch.randn_like(x)}, {"the strength of z": 2}),
        ({"z": lambda x: 1 + torch.randn_like(x)}, {"the mean of z": 1, "the strength of z": 2**0.5, LIKE: 1}),
        ({"z": torch.ones_like}, {"the mean of z": 1, "the strength of z": 1, LIKE: 1}),
        ({"z": lambda x: normal(*x.shape)}, {LIKE: 1}),
        ({"z": lambda x: normal(*x.shape) * (-1) ** next(TURN)}, {LIKE: -1}),
        ({"z": lambda x: F.pad(torch.randn(3, 8, 7), (0, 1))}, {"the shape of z": [3, 8, 8]}),
        ({"z": lambda x: torch.randn_like(x) if next(TURN) % 2 else 0.0}, {"the strength of z": 0.5**0.5}),
        ({"z": torch.zeros_like}, {"the strength of z": 0}),
        ({"last": lambda x: 3.0}, {"the strength of z in the last step": 3}),
        ({"last": lambda x: 0}, {}),
        ({"kept": 2}, {"how many steps lie behind what comes back (-1: no such x)": 2}),
        ({"seen": lambda x, first: first}, {SHOWN: [0] * 5, STEPPED: [0] * 5}),
        ({"seen": lambda x, first: x + 1}, {SHOWN: [-1] * 5, STEPPED: [-1] * 5}),
        ({"seen": lambda x, first: x if x is first else x.add_(1)}, {SHOWN: AFTER, STEPPED: AFTER}),  # it is a copy
        ({"eps": lambda eps: eps.mul_(2)}, {EPS: [-1] * 5}),
        ({"eps": lambda eps: 0.5}, {EPS: [-1] * 5}),
    ],
)
def test_what_is_measured_of_a_loop_is_what_it_does(wrong, facts):
    exercise = EXERCISES["1.4"]
    torch.manual_seed(0)
    found = exercise.trial(exercise, partial(loop, **wrong))
    for what, fact in (OF_A_LOOP | facts).items():
        chance = (0.2 if "the shape of z" in facts else 0.04) if " of z" in what else 1e-6
        assert found[what, "T = 5"].shape == torch.tensor(fact).shape
        assert torch.allclose(found[what, "T = 5"].float(), torch.tensor(fact).float(), atol=chance), (what, found)
    assert found[LIKE, "T = 3"].item() == pytest.approx(facts.get(LIKE, 0), abs=0.2)


def test_our_loop_draws_fresh_noise_for_each_step_but_the_last():
    given = []
    EXERCISES["1.4"].ours(torch.full((50, 3, 4, 4), 5.0), lambda x, t: x, lambda x, t, eps, z: given.append(z) or x, 4)
    *noises, last = given
    assert len(noises) == 3 and (last == 0).all()
    for noise in noises:
        assert abs(noise.mean()) < 0.1 and abs(noise.std() - 1) < 0.1


def test_our_arc_passes_through_the_middle_of_an_obtuse_angle():
    """A third of the way from 0 to 120 degrees is at 40, and as long."""
    a, b = torch.zeros(2, 1, 3, 2, 2)
    a[0, 0, 0, 0] = 5
    b[0, 0, 0, 0], b[0, 0, 0, 1] = 5 * math.cos(math.radians(120)), 5 * math.sin(math.radians(120))
    third = EXERCISES["4.4"].ours(a, b, 1 / 3)[0, 0, 0]
    assert third.tolist() == pytest.approx([5 * math.cos(math.radians(40)), 5 * math.sin(math.radians(40))], abs=1e-4)


def test_our_context_is_a_tensor():
    context = EXERCISES["3.2"].ours({"moon": 2}, ["sun", "moon"])
    assert context.equal(torch.tensor([0.0, 2.0]))


def test_a_loop_without_steps():
    exercise = EXERCISES["1.4"]
    found = exercise.trial(exercise, lambda x, network, step, T: x)
    assert found["the list of t that `step` is given", "T = 5"].tolist() == []
    assert found["the strength of z", "T = 3"] == found["the strength of z in the last step", "T = 3"] == 0
    assert found[LIKE, "T = 3"] == 0
    assert found["how many steps lie behind what comes back (-1: no such x)", "T = 3"] == 0


def asks(times):
    def function(x, network, step, T):
        for told in times:
            network(x, told)
        return x

    return function


def test_a_loop_that_asks_for_ever_is_stopped_by_the_network():
    exercise, text = EXERCISES["1.4"], "The network is asked 100 times and more, with T = 5"
    assert exercise.trial(exercise, asks([0.5] * 100))
    down, to_0, below = ([1 - at / n for at in range(101)] for n in (200, 99, 50))
    for times, said, kind in ((down, f"{text}.", "long"), ([1] * 101, f"{text}: does the loop end?", "endless")):
        problem = problem_of(exercise.trial, exercise, asks(times))
        assert (str(problem), problem.kind) == (said, kind)
    for times in (to_0, below, down[::-1]):  # at 0 and beyond, and upwards
        assert problem_of(exercise.trial, exercise, asks(times)).kind == "endless"


def test_a_step_is_told_that_it_wants_a_number():
    problem = problem_of(EXERCISES["1.4"].trial, EXERCISES["1.4"], partial(loop, last=lambda x: None))
    assert problem.kind == "z" and "give it 0, or zeros, in the last step" in str(problem)
    problem = problem_of(EXERCISES["1.4"].trial, EXERCISES["1.4"], lambda *given: [1])
    assert (str(problem), problem.kind) == ("It returns a list; it should be x, a tensor.", "type")


def test_the_optimizer_steps_down_the_gradient_and_takes_notes():
    network = trials.Network()
    optimizer, before = lab2._Optimizer(network), network.weights.detach().clone()
    optimizer.gradients = []
    (network.weights * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    optimizer.step()
    assert optimizer.gradients[0].tolist() == [1, 2, 3] and optimizer.before == 1
    assert torch.allclose(network.weights, before - 1e-3 * torch.tensor([1.0, 2.0, 3.0]))


def test_the_smallest_network_knows_time_and_takes_notes():
    network, x = trials.Network(), normal(2, 3, 4, 4)
    w = torch.tensor([2.0, 3.0, 5.0])
    with torch.no_grad():
        network.weights.copy_(w)
    for told, each in ((0.5, [0.5, 0.5]), (torch.tensor([0.5]), [0.5, 0.5]), (torch.tensor([[0.5], [1.0]]), [0.5, 1])):
        answer = network(x, told, None)
        by_hand = torch.stack([2 * picture + 3 + 5 * t for picture, t in zip(x, each, strict=True)])
        assert torch.allclose(answer, by_hand) and network.asked[-1][0].equal(x)
        assert network.asked[-1][1].tolist() == each
        answer.mean().backward()
    assert network.backwards == 3 and not network.asked[0][0].requires_grad
    given = x.clone().requires_grad_()
    network(given, 0.5)
    given.detach().zero_()
    assert network.asked[-1][0].equal(x) and not network.asked[-1][0].requires_grad
    assert network(x, torch.ones(2).double()).dtype == torch.float32
    with pytest.raises(ValueError, match="is given 3 times for 2 pictures"):
        network(x, torch.ones(3))
    for wrong in (x[0], 0.5):
        with pytest.raises(TypeError, match="takes noisy pictures"):
            network(wrong, x)
    for _ in range(95):
        network(x, 0.5)
    assert problem_of(network, x, 0.5).kind == "endless"
