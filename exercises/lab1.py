"""The exercises of Lab 1: tables, the guess, the three numbers of a step, the loop."""

import torch

from exercises.engine import Exercise, Problem, kind_of, result_of
from exercises.trials import CHANCE, Recorder, alpha_bar_of, beta_of, normal, plain


def tables(beta):
    alpha = 1 - beta
    return alpha, alpha.cumprod(dim=0)


def guess(x, t, eps, alpha_bar):
    return (x - (1 - alpha_bar[t]).sqrt() * eps) / alpha_bar[t].sqrt()


def scales(t, beta, alpha, alpha_bar):
    return 1 / alpha[t].sqrt(), (1 - alpha[t]) / (1 - alpha_bar[t]).sqrt(), beta[t].sqrt()


def _loop(x, network, step, T):
    for t in range(T, 0, -1):
        eps = network(x, t / T)
        z = torch.randn_like(x) if t > 1 else torch.zeros_like(x)
        x = step(x, t, eps, z)
    return x


# How the typical mistakes are made: the right way, with one thing changed. First, factors made of a level.


def itself(level):
    return level


def rest(level):
    return 1 - level


def root_of_rest(level):
    return (1 - level).sqrt()


def rest_of_root(level):
    return 1 - level.sqrt()


def wrong_guess(picture=torch.sqrt, noise=root_of_rest):
    return lambda x, t, e, ab: (x - noise(ab[t]) * e) / picture(ab[t])


def _wrong_scales(place, wrong):
    """The three numbers of 1.3 with another one at a place."""
    return lambda *given: [wrong(*given) if at == place else right for at, right in enumerate(scales(*given))]


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


# What the functions are tried on.


def picture_cases():
    """Of a picture, a step, noise and the table; numbers that tell alone what becomes of noise and of the picture."""
    ones, ab = torch.ones(1, 3, 2, 2), alpha_bar_of(500)
    return {
        "x = 0, eps = 1, t = 150 of 500": (0 * ones, 150, ones, ab),
        "x = 1, eps = 0, t = 150 of 500": (ones, 150, 0 * ones, ab),
        "random x and eps, t = 1 of 7": (normal(2, 3, 4, 4), 1, normal(2, 3, 4, 4, seed=1), alpha_bar_of(7)),
        "random x and eps, t = 20 of 20": (normal(3, 1, 5, 2), 20, normal(3, 1, 5, 2, seed=1), alpha_bar_of(20)),
    }


def _loop_trial(exercise, function):
    outcome = {}
    for T in (5, 3):
        recorder = Recorder(T)
        result = result_of(exercise, function, recorder.states[0], recorder.network, recorder.step, T)
        if not torch.is_tensor(result):
            raise Problem(f"It returns {kind_of(result)}; it should be x, a tensor.", "type")
        outcome |= {(what, f"T = {T}"): fact for what, fact in recorder.seen(result).items()}
    return outcome


GUESS_MISTAKES = {
    wrong_guess(noise=rest): "Too little noise goes: `1 - alpha_bar[t]` needs a root.",
    wrong_guess(noise=rest_of_root): "The root goes over 1 - alpha_bar as a whole: `(1 - alpha_bar[t]).sqrt()`.",
    wrong_guess(itself): "A root is missing below the line.",
    wrong_guess(itself, rest): "Both roots are missing. alpha_bar holds variances; strengths are their roots.",
    wrong_guess(noise=lambda level: -root_of_rest(level)): "The sign is turned: take the noise away from x.",
    wrong_guess(lambda level: 1): (
        "The noise is taken away, but the picture is still weak. Divide by what it was multiplied with."
    ),
    wrong_guess(torch.rsqrt): (
        "The picture is made weaker once more. Divide by the root of alpha_bar, do not multiply."
    ),
    lambda x, t, e, ab: x - (1 - ab[t]).sqrt() * e / ab[t].sqrt(): (
        "Only the noise is divided. Put brackets around the difference."
    ),
    lambda x, t, e, ab: guess(x, t - 1, e, ab): (
        "That is `alpha_bar[t - 1]`. Index 0 is the clean picture, so step t is index t."
    ),
    lambda x, t, e, ab: ab * e: "That is the whole table. Look up what belongs to step t: `alpha_bar[t]`.",
    wrong_guess(noise=lambda level: 1): "All of eps is taken away. It has the strength 1; in x it is weaker.",
    wrong_guess(root_of_rest, torch.sqrt): (
        "The two roots are exchanged. alpha_bar belongs to the picture, 1 - alpha_bar to the noise."
    ),
}

EXERCISES = (
    Exercise(
        "1.1",
        "my_tables(beta)",
        tables,
        lambda beta: (beta, beta),
        plain(lambda: {f"T = {T}": (beta_of(T),) for T in (7, 500)}, ("alpha", "alpha_bar")),
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
            lambda b: tables(b)[::-1]: "The two tables are in the wrong order: alpha comes first, then alpha_bar.",
            lambda b: ((1 - b).sqrt(), (1 - b).sqrt().cumprod(0)): (
                "Leave the root away. Roots come later, where strengths are needed."
            ),
            lambda b: (1 - b, 1 - b): "That is alpha itself, not yet multiplied up.",
            lambda b: (1 - b, 1 - b.cumsum(0)): "beta is added up. The shares that stay have to be multiplied.",
            lambda b: (1 - b, (1 - b).prod()): "That is the product of all. A table holds every product on the way.",
            lambda b: (1 - b[1:], (1 - b[1:]).cumprod(0)): "The first entry is cut off. It stays: index t is step t.",
            lambda b: tables(-b): "That is 1 + beta. What is left is 1 - beta.",
        },
    ),
    Exercise(
        "1.2",
        "my_guess(x, t, eps, alpha_bar)",
        guess,
        lambda x, t, eps, alpha_bar: x,
        plain(picture_cases),
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
        scales,
        lambda t, beta, alpha, alpha_bar: (1, 0, 0),
        plain(
            lambda: {
                f"t = {t} of {T}": (t, beta_of(T), *tables(beta_of(T)))
                for t, T in ((150, 500), (1, 7), (5, 7), (20, 20))
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
            lambda t, *tables: scales(slice(None), *tables): "That is the whole table. Look up step t in it: `[t]`.",
            lambda t, b, a, ab: scales(max(t - 1, 1), b, a, ab): "That is one place too early: index t is step t.",
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
        technical=("-1:", "likeness"),
    ),
)
