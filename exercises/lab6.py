"""The exercises of Lab 6: the posterior, the mean from the noise, the divergence, the score, back from the velocity."""

import math

import torch

from exercises.engine import Exercise, Problem
from exercises.lab1 import guess, itself, rest, rest_of_root, root_of_rest, wrong_guess
from exercises.trials import alpha_bar_of, beta_of, normal, plain


def posterior(xt, x0, t, beta, alpha, alpha_bar):
    return _wrong_posterior()(xt, x0, t, beta, alpha, alpha_bar)


def mean_from_noise(xt, eps, t, alpha_bar, posterior):
    return posterior(xt, guess(xt, t, eps, alpha_bar), t)[0]


def kl(mean1, var1, mean2, var2):
    return ((var2 / var1).log() + (var1 + (mean1 - mean2) ** 2) / var2 - 1) / 2


def score(eps, t, alpha_bar):
    return -eps / (1 - alpha_bar[t]).sqrt()


def from_velocity(v, xt, t, alpha_bar):
    signal, noise = alpha_bar[t].sqrt(), (1 - alpha_bar[t]).sqrt()
    return signal * xt - noise * v, noise * xt + signal * v


# How the typical mistakes are made: the right way, with one thing changed. Each part is given t and the tables.


def _of_x0(t, b, a, ab):
    return ab[t - 1].sqrt() * b[t] / (1 - ab[t])


def _of_xt(t, b, a, ab):
    return a[t].sqrt() * (1 - ab[t - 1]) / (1 - ab[t])


def _variance(t, b, a, ab):
    return b[t] * (1 - ab[t - 1]) / (1 - ab[t])


def _wrong_posterior(of_x0=_of_x0, of_xt=_of_xt, variance=_variance):
    return lambda xt, x0, t, *tables: (of_x0(t, *tables) * x0 + of_xt(t, *tables) * xt, variance(t, *tables))


def _by_curvatures(xt, x0, t, b, a, ab):
    """Right, but with 1 / 0 at t = 1."""
    variance = 1 / (a[t] / b[t] + 1 / (1 - ab[t - 1]))
    return variance * (a[t].sqrt() * xt / b[t] + ab[t - 1].sqrt() * x0 / (1 - ab[t - 1])), variance


def _wrong_mean(x0_of):
    """x0_of(xt, t, eps, alpha_bar) is what stands in place of the guess."""
    return lambda xt, e, t, ab, back: back(xt, x0_of(xt, t, e, ab), t)[0]


def _wrong_velocity(x0=(1, -1), eps=(1, 1), signal=torch.sqrt, noise=root_of_rest):
    """x0, eps: the signs before x_t and before v."""

    def back(v, xt, t, ab):
        s, n = signal(ab[t]), noise(ab[t])
        return x0[0] * s * xt + x0[1] * n * v, eps[0] * n * xt + eps[1] * s * v

    return back


# What the functions are tried on.


def _tables(T):
    return beta_of(T), 1 - beta_of(T), alpha_bar_of(T)


def _posterior_cases():
    zero, one = torch.tensor(0.0), torch.tensor(1.0)
    x, y = normal(2, 3, 4, 4), normal(2, 3, 4, 4, seed=1)
    return {
        "x_t = 0, x_0 = 1, t = 4 of 10": (zero, one, 4, *_tables(10)),
        "x_t = 1, x_0 = 0, t = 4 of 10": (one, zero, 4, *_tables(10)),
        "random x_t and x_0, t = 7 of 7": (x, y, 7, *_tables(7)),
    }


def _last_posterior_case():
    x, y = normal(2, 3, 4, 4), normal(2, 3, 4, 4, seed=1)
    return {"random x_t and x_0, t = 1 of 7": (y, x, 1, *_tables(7))}


_above_1, _at_1 = (plain(cases, ("mean", "variance")) for cases in (_posterior_cases, _last_posterior_case))


def _posterior_trial(exercise, function):
    """First t > 1: at t = 1, where 1 - alpha_bar[0] is 0, several mistakes give the same NaN."""
    outcome = _above_1(exercise, function)
    try:
        return outcome | _at_1(exercise, function)
    except Problem as problem:
        ours = _above_1(exercise, exercise.ours)
        if any(outcome[what].shape != ours[what].shape or not outcome[what].allclose(ours[what]) for what in ours):
            return outcome
        raise Problem(str(problem), f"{problem.kind} at t = 1") from None


def _mean_cases():
    def back(T):
        return lambda xt, x0, t: posterior(xt, x0, t, *_tables(T))

    zero, one = torch.tensor(0.0), torch.tensor(1.0)
    x, e = normal(2, 3, 4, 4), normal(2, 3, 4, 4, seed=1)
    return {
        "x_t = 0, eps = 1, t = 4 of 10": (zero, one, 4, alpha_bar_of(10), back(10)),
        "x_t = 1, eps = 0, t = 4 of 10": (one, zero, 4, alpha_bar_of(10), back(10)),
        "random x_t and eps, t = 7 of 7": (x, e, 7, alpha_bar_of(7), back(7)),
        "random x_t and eps, t = 1 of 7": (e, x, 1, alpha_bar_of(7), back(7)),
    }


def _kl_cases():
    numbers = {
        "means 0 and 0, variances 1 and 2": (0, 1, 0, 2),
        "means 1 and 0, variances 1 and 1": (1, 1, 0, 1),
        "means 1 and 3, variances 4 and 4": (1, 4, 3, 4),
        "means 1 and 1, variances 3 and 3": (1, 3, 1, 3),
        "means -1 and 2, variances 0.5 and 3": (-1, 0.5, 2, 3),
    }
    cases = {where: tuple(torch.tensor(float(x)) for x in given) for where, given in numbers.items()}
    several = normal(4), torch.tensor(0.5), normal(4, seed=1), torch.tensor(2.0)
    tables = torch.zeros(3), torch.tensor([0.2, 1.0, 3.0]), torch.zeros(3), torch.tensor([0.4, 0.5, 2.0])
    return cases | {"four random means, variances 0.5 and 2": several, "means 0, tables of three variances": tables}


def _score_cases():
    e = normal(2, 3, 4, 4)
    return {
        "eps = 1, t = 150 of 500": (torch.ones(1, 3, 2, 2), 150, alpha_bar_of(500)),
        "random eps, t = 1 of 7": (e, 1, alpha_bar_of(7)),
        "random eps, t = 20 of 20": (e[:, :1], 20, alpha_bar_of(20)),
    }


def _velocity_cases():
    ones, x, v = torch.ones(1, 3, 2, 2), normal(2, 3, 4, 4), normal(2, 3, 4, 4, seed=1)
    return {
        "v = 0, x_t = 1, t = 150 of 500": (0 * ones, ones, 150, alpha_bar_of(500)),
        "v = 1, x_t = 0, t = 150 of 500": (ones, 0 * ones, 150, alpha_bar_of(500)),
        "random v and x_t, t = 1 of 7": (v, x, 1, alpha_bar_of(7)),
        "random v and x_t, t = 20 of 20": (x, v, 20, alpha_bar_of(20)),
    }


EXERCISES = (
    Exercise(
        "6.1",
        "my_posterior(xt, x0, t, beta, alpha, alpha_bar)",
        posterior,
        lambda xt, x0, t, beta, alpha, alpha_bar: (xt, beta[t]),
        _posterior_trial,
        "Start with the number before x0: a root of alpha_bar, times beta, over 1 - alpha_bar. Mind which is of t - 1.",
        "You know what a step back would be for somebody who knew the end. All else in this lab compares with it.",
        (
            "The mean is a number times x0 plus a number times xt. Both numbers, and the variance, are divided by "
            "`1 - alpha_bar[t]`.",
            "The number before x0 is `alpha_bar[t - 1].sqrt() * beta[t] / (1 - alpha_bar[t])`, that before xt "
            "`alpha[t].sqrt() * (1 - alpha_bar[t - 1]) / (1 - alpha_bar[t])`.",
        ),
        {
            _wrong_posterior(
                lambda t, b, a, ab: ab[t - 1].sqrt() * b[t] / 1 - ab[t],
                lambda t, b, a, ab: a[t].sqrt() * (1 - ab[t - 1]) / 1 - ab[t],
                lambda t, b, a, ab: b[t] * (1 - ab[t - 1]) / 1 - ab[t],
            ): "Brackets are missing below the line: `/ (1 - alpha_bar[t])`.",
            _wrong_posterior(variance=lambda t, b, a, ab: b[t]): (
                "That is beta. It is multiplied with (1 - alpha_bar[t - 1]) / (1 - alpha_bar[t])."
            ),
            _wrong_posterior(variance=lambda *given: _variance(*given).sqrt()): (
                "That is the root of the variance, a strength."
            ),
            _wrong_posterior(variance=lambda t, b, a, ab: b[t] * (1 - ab[t]) / (1 - ab[t - 1])): (
                "The fraction before beta stands upside down."
            ),
            _wrong_posterior(variance=lambda *given: 1 / _variance(*given)): (
                "That is one over the variance, the curvature. Turn it over."
            ),
            _wrong_posterior(variance=lambda t, b, a, ab: b[t] * ab[t - 1] / ab[t]): (
                "Above and below the line stands 1 - alpha_bar, not alpha_bar."
            ),
            _wrong_posterior(variance=lambda t, b, a, ab: b * (1 - ab[t - 1]) / (1 - ab[t])): (
                "That is made of the whole table. Take `beta[t]`."
            ),
            _wrong_posterior(lambda t, b, a, ab: ab[t - 1] * b[t] / (1 - ab[t])): (
                "Before x0, alpha_bar[t - 1] needs a root."
            ),
            _wrong_posterior(lambda t, b, a, ab: ab[t].sqrt() * b[t] / (1 - ab[t])): (
                "Before x0 stands the root of alpha_bar at t - 1, not at t: so much of x0 is left there."
            ),
            _wrong_posterior(lambda t, b, a, ab: ab[t - 1].sqrt() * b[t].sqrt() / (1 - ab[t])): (
                "Before x0 stands beta[t] itself, without a root. Only alpha_bar[t - 1] has one."
            ),
            _wrong_posterior(lambda t, b, a, ab: ab[t - 1].sqrt() * b[t] / (1 - ab[t - 1])): (
                "Before x0, the division is by 1 - alpha_bar[t], not by that of t - 1."
            ),
            _wrong_posterior(
                lambda t, b, a, ab: ab[t - 1].sqrt() * b[t] / (1 - ab[t - 1]),
                lambda t, b, a, ab: a[t].sqrt() * (1 - ab[t - 1]) / (1 - ab[t - 1]),
                lambda t, b, a, ab: b[t] * (1 - ab[t - 1]) / (1 - ab[t - 1]),
            ): "All is divided by 1 - alpha_bar[t - 1]. Divide by 1 - alpha_bar[t].",
            _wrong_posterior(of_xt=lambda *given: 0): "The part of xt is missing: the mean is a sum of two parts.",
            _wrong_posterior(of_x0=lambda *given: 0): "The part of x0 is missing: the mean is a sum of two parts.",
            _wrong_posterior(of_xt=lambda t, b, a, ab: a[t - 1].sqrt() * (1 - ab[t - 1]) / (1 - ab[t])): (
                "Before xt stands the root of alpha at t, not at t - 1: the step from t - 1 to t."
            ),
            _by_curvatures: (
                "For t > 1 it is right. But at t = 1, `1 - alpha_bar[0]` is 0, and nothing can be divided by it: use "
                "equation 7, which divides by `1 - alpha_bar[t]` only."
            ),
            _wrong_posterior(lambda t, b, a, ab: ab[t - 1].sqrt() * b[t]): (
                "Before x0, the division by 1 - alpha_bar[t] is missing."
            ),
            _wrong_posterior(of_xt=lambda t, b, a, ab: a[t] * (1 - ab[t - 1]) / (1 - ab[t])): (
                "Before xt, alpha[t] needs a root."
            ),
            _wrong_posterior(of_xt=lambda t, b, a, ab: ab[t].sqrt() * (1 - ab[t - 1]) / (1 - ab[t])): (
                "Before xt stands the root of alpha, not of alpha_bar: it is a single step."
            ),
            _wrong_posterior(of_xt=lambda t, b, a, ab: a[t].sqrt()): (
                "Before xt, 1 - alpha_bar above the line is that of t - 1, not that of t."
            ),
            _wrong_posterior(of_xt=lambda t, b, a, ab: a[t].sqrt() * (1 - ab[t - 1])): (
                "Before xt, the division by 1 - alpha_bar[t] is missing."
            ),
            _wrong_posterior(_of_xt, _of_x0): "The two are exchanged: what belongs before x0 stands before xt.",
            lambda *given: posterior(*given)[::-1]: "The order is wrong: the mean comes first, then the variance.",
        },
    ),
    Exercise(
        "6.2",
        "my_mean(xt, eps, t, alpha_bar, posterior)",
        mean_from_noise,
        lambda xt, eps, t, alpha_bar, posterior: xt,
        plain(_mean_cases),
        "Start with the guess of Lab 1: take the noise away from xt, and divide by the root of alpha_bar[t].",
        "Nobody told you Lab 1's numbers, and here they are: that step is the posterior's, with a guess for x0.",
        (
            "xt is the root of alpha_bar times x0, plus the root of 1 - alpha_bar times eps. Solve for x0, and give "
            "that to `posterior`.",
            "`x0 = (xt - (1 - alpha_bar[t]).sqrt() * eps) / alpha_bar[t].sqrt()`; then the first of what "
            "`posterior(xt, x0, t)` gives.",
        ),
        {
            lambda xt, e, t, ab, back: back(xt, guess(xt, t, e, ab), t): (
                "`posterior` gives two things, mean and variance. Only the first is asked for."
            ),
            lambda xt, e, t, ab, back: back(xt, guess(xt, t, e, ab), t)[1]: "That is the variance. Take the mean.",
            lambda xt, e, t, ab, back: guess(xt, t, e, ab): "That is the guess of x0. Now ask `posterior`.",
            _wrong_mean(lambda xt, t, e, ab: e): "`posterior` was given the noise for x0. Solve for x0 first.",
            lambda xt, e, t, ab, back: back(guess(xt, t, e, ab), xt, t)[0]: (
                "`posterior` was given x0 and xt in the wrong order: xt comes first."
            ),
            lambda xt, e, t, ab, back: back(xt, guess(xt, t, e, ab), t - 1)[0]: (
                "`posterior` was asked for the step from t - 1. It is the step from t."
            ),
            _wrong_mean(wrong_guess(noise=rest)): "Too little noise goes: `1 - alpha_bar[t]` needs a root.",
            _wrong_mean(wrong_guess(noise=rest_of_root)): (
                "The root goes over 1 - alpha_bar as a whole: `(1 - alpha_bar[t]).sqrt()`."
            ),
            _wrong_mean(wrong_guess(itself)): "A root is missing below the line.",
            _wrong_mean(wrong_guess(lambda level: 1)): "The guess is still weak: divide by the root of alpha_bar[t].",
            _wrong_mean(lambda xt, t, e, ab: xt - (1 - ab[t]).sqrt() * e / ab[t].sqrt()): (
                "Only the noise is divided by the root of alpha_bar[t]. Put brackets around `xt - ...`."
            ),
            _wrong_mean(wrong_guess(noise=lambda level: -root_of_rest(level))): (
                "The noise is added to xt. Take it away."
            ),
            _wrong_mean(wrong_guess(noise=lambda level: 1)): "All of eps is taken away. In xt it is weaker.",
            _wrong_mean(lambda xt, t, e, ab: xt): "`posterior` was given xt for x0. Solve for x0 first.",
        },
    ),
    Exercise(
        "6.3",
        "my_kl(mean1, var1, mean2, var2)",
        kl,
        lambda mean1, var1, mean2, var2: 0 * mean1,
        plain(_kl_cases),
        "Start with the logarithm: `(var2 / var1).log()`. Then the fraction, less 1, and half of all.",
        "With this line every term of the bound is a number, and for equal variances a squared error.",
        (
            "Three parts in a bracket: a logarithm, a fraction with var2 below the line, and -1. Then divide by 2.",
            "The fraction is `(var1 + (mean1 - mean2) ** 2) / var2`.",
        ),
        {
            lambda m1, v1, m2, v2: kl(m2, v2, m1, v1): (
                "The two bells are exchanged: that is KL(p || q). var2 stands below the line."
            ),
            lambda m1, v1, m2, v2: 2 * kl(m1, v1, m2, v2): "The half before the bracket is missing.",
            lambda m1, v1, m2, v2: kl(m1, v1, m2, v2) + 0.5: "The -1 is missing: two equal bells differ by 0.",
            lambda m1, v1, m2, v2: kl(m1, v1, m2, v2) - (v2 / v1).log(): (
                "The fraction in the logarithm stands upside down: var2 / var1."
            ),
            lambda m1, v1, m2, v2: ((v2 / v1).log() + v2 / (v1 + (m1 - m2) ** 2) - 1) / 2: (
                "The fraction after the logarithm stands upside down: var2 stands below the line."
            ),
            lambda m1, v1, m2, v2: (v2 / v1).log() / 2 + (v1 + (m1 - m2) ** 2) / v2 - 1: (
                "Only the logarithm is halved. The half stands before the whole bracket."
            ),
            lambda m1, v1, m2, v2: ((v2 / v1).log() + (v1 + (m1 - m2).abs()) / v2 - 1) / 2: (
                "The difference of the means is taken without its sign. It has to be squared."
            ),
            lambda m1, v1, m2, v2: (math.log(v2 / v1) + (v1 + (m1 - m2) ** 2) / v2 - 1) / 2: (
                "`math.log` takes one number only. The variances may be whole tables: `(var2 / var1).log()`."
            ),
            lambda m1, v1, m2, v2: kl(m1, v1, m2, v2) - (v2 / v1).log() / 2: "The logarithm is missing.",
            lambda m1, v1, m2, v2: kl(m1, v1**2, m2, v2**2): (
                "The variances are squared. They are squares already, of strengths."
            ),
            lambda m1, v1, m2, v2: ((v2 / v1).log() + (v1 + m1 - m2) / v2 - 1) / 2: (
                "The difference of the means is not squared."
            ),
            lambda m1, v1, m2, v2: (m1 - m2) ** 2 / (2 * v2) + 0 * v1: (
                "That holds only for equal variances. Here they may differ."
            ),
            lambda m1, v1, m2, v2: ((v2 / v1).log() + v1 + (m1 - m2) ** 2 / v2 - 1) / 2: (
                "Only the square is divided by var2. Put brackets around the sum above the line."
            ),
            lambda m1, v1, m2, v2: ((v2 / v1).log() + (v1 + (m1 - m2) ** 2) / v1 - 1) / 2: (
                "It is divided by var1. Below the line stands var2, the variance of p."
            ),
            lambda m1, v1, m2, v2: ((v2 / v1).log() + (v2 + (m1 - m2) ** 2) / v2 - 1) / 2: (
                "Above the line stands var1, the variance of q, beside the square."
            ),
            lambda m1, v1, m2, v2: ((v2 / v1).log2() + (v1 + (m1 - m2) ** 2) / v2 - 1) / 2: (
                "`log2` counts in bits. The formula has the natural logarithm, `log`."
            ),
            lambda m1, v1, m2, v2: ((v2 / v1).log() + (v1 + (m1 + m2) ** 2) / v2 - 1) / 2: (
                "The means are added. What counts is their difference."
            ),
            lambda m1, v1, m2, v2: kl(m1, v1, m2, v2) - (v2 / v1).log() / 4: (
                "The logarithm is halved twice: it is that of the variances, without a root."
            ),
            lambda m1, v1, m2, v2: kl(m1, v1, m2, v2).mean(): (
                "That is one number for all. Give one for each mean; the average comes later."
            ),
        },
    ),
    Exercise(
        "6.4",
        "my_score(eps, t, alpha_bar)",
        score,
        lambda eps, t, alpha_bar: eps,
        plain(_score_cases),
        "Start with the sign: noise leads away from the data, the score leads back.",
        "A network that sees the noise knows, at every level, which way the data lie.",
        (
            "The score is minus the noise, divided by the noise's strength at t.",
            "The strength is `(1 - alpha_bar[t]).sqrt()`.",
        ),
        {
            lambda e, t, ab: -score(e, t, ab): "The sign is turned: that leads away from the data.",
            lambda e, t, ab: -e / (1 - ab[t]): (
                "It is divided by the variance. eps has the strength 1, so divide by the root."
            ),
            lambda e, t, ab: -e * (1 - ab[t]).sqrt(): "It is multiplied with the strength. Divide by it.",
            lambda e, t, ab: -e / ab[t].sqrt(): "That is the root of alpha_bar, the picture's. Take that of the noise.",
            lambda e, t, ab: -e / (1 - ab[t].sqrt()): (
                "The root goes over 1 - alpha_bar as a whole: `(1 - alpha_bar[t]).sqrt()`."
            ),
            lambda e, t, ab: -e: "The direction is right, the length is not: divide by the strength of the noise.",
            lambda e, t, ab: e / (1 - ab[t]): "The sign is turned, and the root is missing.",
            lambda e, t, ab: -e / (1 - ab).sqrt(): "That is the whole table. Look up `alpha_bar[t]`.",
            lambda e, t, ab: score(e, t - 1, ab): "That is the level of t - 1. Step t is index t.",
        },
    ),
    Exercise(
        "6.5",
        "my_from_velocity(v, xt, t, alpha_bar)",
        from_velocity,
        lambda v, xt, t, alpha_bar: (v, v),
        plain(_velocity_cases, ("x0", "eps")),
        "Start with x0, which the text gives: the root of alpha_bar times xt, less the other root times v.",
        "What a network predicts is a matter of choice: from each of the three come the other two.",
        (
            "For the noise, xt is multiplied with the root that v had before, and v with that of xt; then add.",
            "`eps = (1 - alpha_bar[t]).sqrt() * xt + alpha_bar[t].sqrt() * v`.",
        ),
        {
            _wrong_velocity(x0=(1, 1)): "For x0, v is taken away, not added.",
            _wrong_velocity(x0=(-1, 1)): "The sign of x0 is turned.",
            _wrong_velocity(eps=(1, -1)): "For the noise, both are added.",
            _wrong_velocity(eps=(-1, 1)): "For the noise, both are added: xt has the wrong sign.",
            lambda *given: from_velocity(*given)[::-1]: "The order is wrong: the picture comes first, then the noise.",
            _wrong_velocity(signal=root_of_rest, noise=torch.sqrt): "The two roots are exchanged in both.",
            lambda v, xt, t, ab: (
                from_velocity(v, xt, t, ab)[0],
                ab[t].sqrt() * xt + (1 - ab[t]).sqrt() * v,
            ): "For the noise, the two roots change places.",
            lambda v, xt, t, ab: from_velocity(xt, v, t, ab): "v and xt are exchanged in both.",
            lambda v, xt, t, ab: (from_velocity(v, xt, t, ab)[0], xt + v): (
                "For the noise, xt and v are added without the two roots before them."
            ),
            _wrong_velocity(signal=itself, noise=rest): "The roots are missing.",
            _wrong_velocity(noise=rest): "The root of 1 - alpha_bar is missing.",
            _wrong_velocity(noise=rest_of_root): "The root goes over 1 - alpha_bar as a whole.",
            lambda v, xt, t, ab: from_velocity(v, xt, t, ab)[0]: "The noise is missing: give both, x0 and eps.",
            lambda v, xt, t, ab: (from_velocity(v, xt, t, ab)[0], v): "The noise is still v.",
            lambda v, xt, t, ab: (
                from_velocity(v, xt, t, ab)[0],
                guess(xt, t, from_velocity(v, xt, t, ab)[0], ab),
            ): "The noise is solved as the picture was in Lab 1: picture and noise are exchanged there.",
        },
    ),
)
