"""The exercises of Lab 2: the mixture, modulation, a skip connection, the loss, one training step."""

from functools import partial

import torch
from torch.nn import functional as F

from exercises.engine import Exercise, Problem, kind_of, read, result_of, shape_of
from exercises.lab1 import itself, rest, rest_of_root, root_of_rest
from exercises.trials import CHANCE, Network, alpha_bar_of, normal, plain


def perturb(x, t, noise, alpha_bar):
    level = alpha_bar[t][:, None, None, None]
    return level.sqrt() * x + (1 - level).sqrt() * noise


def _modulate(features, scale, shift):
    return (1 + scale[:, :, None, None]) * features + shift[:, :, None, None]


def _skip(below, across):
    return torch.cat((below, across), dim=1)


def _loss(network, x, t, noise, alpha_bar):
    predicted = network(perturb(x, t, noise, alpha_bar), t / (len(alpha_bar) - 1))
    return F.mse_loss(predicted, noise)


def _training_step(network, optimizer, x, alpha_bar):
    t = torch.randint(1, len(alpha_bar), (len(x),), device=x.device)
    loss = _loss(network, x, t, torch.randn_like(x), alpha_bar)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


# How the typical mistakes are made: the right way, with one thing changed.


def wrong_mix(picture=torch.sqrt, noise=root_of_rest):
    """The mixture of 2.1 with other factors, each made of the level."""
    return lambda x, t, e, ab: picture(_levels(ab, t)) * x + noise(_levels(ab, t)) * e


def _levels(ab, t):
    return ab[t].reshape(-1, 1, 1, 1)


def _wrong_loss(mix=perturb, told=lambda t, ab: t / (len(ab) - 1), target=lambda x, noise, xt: noise, error=F.mse_loss):
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


# What the functions are tried on.


def _perturb_cases():
    ones, t, ab = torch.ones(1, 3, 2, 2), torch.tensor([150]), alpha_bar_of(500)
    x, e = normal(4, 3, 4, 4), normal(4, 3, 4, 4, seed=1)
    return {
        "x = 0, noise = 1, t = [150] of 500": (0 * ones, t, ones, ab),
        "x = 1, noise = 0, t = [150] of 500": (ones, t, 0 * ones, ab),
        "four random pictures, t = [1, 7, 3, 4] of 7": (x, torch.tensor([1, 7, 3, 4]), e, alpha_bar_of(7)),
        "two random pictures, t = [20, 2] of 20": (x[:2, :, :3], torch.tensor([20, 2]), e[:2, :, :3], alpha_bar_of(20)),
    }


def _modulate_cases():
    ones = torch.ones(1, 1, 1, 1)
    return {
        "features = 2, scale = 3, shift = 10": (2 * ones, 3 * ones[0, 0], 10 * ones[0, 0]),
        "random features (3, 5, 3, 5)": (normal(3, 5, 3, 5), normal(3, 5, seed=1), normal(3, 5, seed=2)),
        "random features (2, 3, 4, 4)": (normal(2, 3, 4, 4), normal(2, 3, seed=1), normal(2, 3, seed=2)),
    }


def _skip_cases():
    return {
        "two maps of shape (2, 4, 3, 3)": (normal(2, 4, 3, 3), normal(2, 4, 3, 3, seed=1)),
        "below (2, 3, 4, 4), across (2, 5, 4, 4)": (normal(2, 3, 4, 4), normal(2, 5, 4, 4, seed=1)),
    }


def _loss_cases():
    ab = alpha_bar_of(7)
    return {
        "three pictures, t = [1, 7, 4] of 7": (
            *(Network(), normal(3, 3, 4, 4), torch.tensor([1, 7, 4]), normal(3, 3, 4, 4, seed=1), ab),
        ),
        "two pictures, t = [20, 5] of 20": (
            *(Network(), normal(2, 3, 5, 2), torch.tensor([20, 5]), normal(2, 3, 5, 2, seed=1), alpha_bar_of(20)),
        ),
    }


def _has_gradient(loss):
    return torch.tensor(float(torch.is_tensor(loss) and loss.requires_grad))


class _Optimizer(torch.optim.SGD):
    """Gradient descent that keeps the gradients with which it stepped."""

    def __init__(self, network):
        super().__init__([network.weights])
        self.network = network

    def step(self, closure=None):
        gradient = self.network.weights.grad
        self.gradients.append(torch.zeros(3) if gradient is None else gradient.clone())
        self.before = self.network.backwards
        return super().step(closure)


def _training_trial(exercise, function):
    outcome = {}
    for T in (4, 3):
        outcome |= {(what, f"T = {T}"): fact for what, fact in _two_steps(exercise, function, T).items()}
    return outcome


def _two_steps(exercise, function, T):
    """What two calls of a training step do, on white pictures, so that in x_t picture and noise can be told apart."""
    alpha_bar = torch.tensor([1, 0.9, 0.6, 0.3, 0.1])[: T + 1]
    x = torch.ones(2000, 3, 2, 2)
    network = Network()
    optimizer = _Optimizer(network)
    calls = [_one_step(exercise, function, network, optimizer, x, alpha_bar) for _ in range(2)]
    if any(call["asked"] == 0 for call in calls):
        return {
            "the number of times that the network is asked, call by call,": torch.tensor([c["asked"] for c in calls])
        }
    first, second = calls
    at = [first["xt"][first["t"] == t] for t in range(1, T + 1)]  # noisy pictures by their level
    last = at[-1] - at[-1].mean()
    both = {
        "the number of times that the network is asked, call by call,": "asked",
        "the loss, as a multiple of the mean squared error,": "loss",
        "the number of `backward()`, call by call,": "backwards",
        "the number of steps of the optimizer, call by call,": "steps",
        "the number of `backward()` before the optimizer's step, call by call,": "before",
        "the gradient at the optimizer's step, as a multiple of this call's,": "gradient",
        "the number of losses that are still tensors with a gradient, call by call,": "gradients",
    }
    both = {what: torch.tensor([call[fact] for call in calls]) for what, fact in both.items()}
    seen = {
        "the share of batches in which all pictures have the same t": float(len(first["time"].unique()) == 1),
        "the list of times that the network is told": first["time"].unique()[:8],
        "the share of pictures at each t": [len(pictures) / len(x) for pictures in at],
        "the share of pictures that have the same t in the next call": (first["t"] == second["t"]).float().mean(),
        "the share of pictures with a noise of their own": len(at[-1].unique(dim=0)) / max(len(at[-1]), 1),
        "the likeness of the noise within a picture": last.mean(dim=(1, 2, 3)).square().mean() / last.square().mean(),
        "the strength of the noise, from t = 1 to T,": [(p - p.mean()).square().mean().sqrt() for p in at],
        "the strength of the picture, from t = 1 to T,": [pictures.mean() for pictures in at],
        "the likeness of the noise in two calls": (first["noise"] * second["noise"]).mean(),
    }
    asked = next(iter(both))
    return {asked: both[asked], **{what: torch.as_tensor(fact) for what, fact in seen.items()}, **both}


def _one_step(exercise, function, network, optimizer, x, alpha_bar):
    """What one call of a training step does. The noise that was drawn is what x_t holds beside the picture."""
    network.asked, network.backwards, optimizer.gradients, optimizer.before = [], 0, [], 0
    weights = network.weights.clone()
    result = result_of(exercise, function, network, optimizer, x, alpha_bar)
    loss = read(result, 0.0, "T = 4")
    if loss.dim():
        raise Problem(f"It returns {kind_of(result)} {shape_of(loss)}; it should be one number, the loss.", "shape")
    if not network.asked:
        return {"asked": 0}
    xt, time = network.asked[-1]
    T = len(alpha_bar) - 1
    t = (time * T).round().long().clamp(1, T)
    level = alpha_bar[t][:, None, None, None]
    noise = (xt - level.sqrt()) / (1 - level).sqrt()  # the pictures are white, 1 everywhere
    predicted = weights[0] * xt + weights[1] + weights[2] * time[:, None, None, None]
    expected = F.mse_loss(predicted, noise)
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


EXERCISES = (
    Exercise(
        "2.1",
        "my_perturb(x, t, noise, alpha_bar)",
        perturb,
        lambda x, t, noise, alpha_bar: x,
        plain(_perturb_cases),
        "Start with `alpha_bar[t]`, one number for each picture. `[:, None, None, None]` lays them along the pictures.",
        "Now a network can be shown any sprite at any noise level, in one jump: that is all that training needs.",
        (
            "x_t is the root of alpha_bar_t times x plus the root of 1 - alpha_bar_t times noise. Each picture has a "
            "t of its own.",
            "With `level = alpha_bar[t][:, None, None, None]`, of shape (N, 1, 1, 1), multiply x with the root of "
            "level, noise with the root of what is left of 1, and add.",
        ),
        {
            wrong_mix(noise=rest): "Your noise is {yours} strong at t = 150, it should be {ours}: is a root missing?",
            wrong_mix(noise=rest_of_root): (
                "Your noise is {yours} strong, it should be {ours}: the root goes over 1 - alpha_bar as a whole."
            ),
            wrong_mix(itself): "Your picture is {yours} strong at t = 150, it should be {ours}: its root is missing.",
            wrong_mix(itself, rest): "Both roots are missing. Variances add up to 1; strengths are their roots.",
            wrong_mix(root_of_rest, torch.sqrt): "Picture and noise are exchanged: alpha_bar belongs to the picture.",
            lambda x, t, e, ab: perturb(x, t - 1, e, ab): "That is `alpha_bar[t - 1]`, one step too early.",
            wrong_mix(lambda level: 1): (
                "Noise comes, but the picture does not get weaker: it is multiplied with a root, too."
            ),
            lambda x, t, e, ab: perturb(x, t[:1].expand(len(x)), e, ab): (
                "All pictures get the level of the first. Each has a t of its own."
            ),
            lambda x, t, e, ab: perturb(x, t, -e, ab): "The noise is taken away. It should be added.",
            lambda x, t, e, ab: _levels(ab, t).sqrt() * x + 1 - _levels(ab, t).sqrt() * e: (
                "Brackets are missing: `1 - ...` is one number, whose root is multiplied with `noise`."
            ),
            lambda x, t, e, ab: perturb(x, t, torch.ones_like(x), ab): (
                "The same is added to each pixel: multiply `noise` with its root."
            ),
            lambda x, t, e, ab: perturb(x, t, e, alpha_bar_of(500)): (
                "That is the table of the notebook. Take `alpha_bar`, as given."
            ),
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
        plain(_modulate_cases),
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
                "scale, (N, C), has to lie along pictures and channels: `scale[:, :, None, None]`, (N, C, 1, 1)."
            ),
        },
    ),
    Exercise(
        "2.3",
        "my_skip(below, across)",
        _skip,
        lambda below, across: below,
        plain(_skip_cases),
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
        plain(_loss_cases, also=lambda loss: {"the number of losses with a gradient": _has_gradient(loss)}),
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
            _wrong_loss(mix=lambda x, t, e, ab: perturb(x, t / (len(ab) - 1), e, ab)): (
                "The table is asked for t / T. Look up t itself; only the network is told t / T."
            ),
            _wrong_loss(mix=lambda x, t, e, ab: perturb(x, t, e, alpha_bar_of(500))): (
                "That is the table of the notebook. Take `alpha_bar`, as given."
            ),
            _wrong_loss(wrong_mix(noise=rest)): "Too little noise is mixed in: is the root of 1 - alpha_bar missing?",
            _wrong_loss(wrong_mix(noise=rest_of_root)): "In x_t, the root goes over 1 - alpha_bar as a whole.",
            _wrong_loss(mix=lambda x, t, e, ab: perturb(x, t - 1, e, ab)): (
                "That is `alpha_bar[t - 1]`, one place too early."
            ),
            _wrong_loss(mix=lambda x, t, e, ab: ab[t].sqrt() * x + (1 - ab[t]).sqrt() * e): (
                "`alpha_bar[t]` has to lie along the pictures: `[:, None, None, None]`, as in exercise 2.1."
            ),
            lambda *given: _loss(*given).item(): (
                "The number is right, but nothing can be learned from it. Leave `.item()`, `.detach()`, `no_grad` away."
            ),
        },
        technical=("losses with a gradient",),
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
            _wrong_step(lambda n, T: torch.randint(1, 501, (n,))): (
                "T is that of the notebook, 500. Here it is `len(alpha_bar) - 1`."
            ),
            _wrong_step(lambda n, T: torch.randint(1, T + 2, (n,))): (
                "T is one too large: the table begins with t = 0, so T is `len(alpha_bar) - 1`."
            ),
            _wrong_step(lambda n, T: torch.randint(1, T + 1, n)): (
                "`randint` takes the shape in brackets, with a comma: `(len(x),)`."
            ),
            _wrong_step(noise=lambda x: torch.ones(10, 3, 16, 16)): (
                "The noise has another shape than x. Is it that of an earlier cell? Draw it here: `randn_like(x)`."
            ),
            _wrong_step(loss=_wrong_loss(mix=lambda x, t, e, ab: perturb(perturb(x, t, e, ab), t, e, ab))): (
                "The picture is noised twice. The loss mixes by itself: give it the clean pictures."
            ),
            _wrong_step(loss=_wrong_loss(mix=lambda x, t, e, ab: perturb(x, t, e, alpha_bar_of(500)))): (
                "The pictures are mixed by the table of the notebook. Take `alpha_bar`, as given."
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
            _wrong_step(noise=lambda x: normal(*x.shape)): "Every call has the same noise. Is a seed set inside?",
            _wrong_step(noise=lambda x: torch.randn(len(x), 1, 1, 1).expand(x.shape)): (
                "All pixels of a picture have the same noise. Draw one for each: `randn_like(x)`."
            ),
            _wrong_step(loss=_wrong_loss(wrong_mix(noise=rest))): (
                "Your noise is {yours} strong at t = 1, 2, ..., it should be {ours}: is a root missing?"
            ),
            _wrong_step(loss=_wrong_loss(wrong_mix(noise=rest_of_root))): "The root goes over all of 1 - alpha_bar.",
            _wrong_step(loss=_wrong_loss(wrong_mix(itself))): (
                "Your picture is {yours} strong at t = 1, 2, ..., it should be {ours}: is its root missing?"
            ),
            _wrong_step(loss=_wrong_loss(mix=lambda x, t, e, ab: x)): (
                "The network is shown clean pictures. Mix the noise in first, as in exercise 2.1."
            ),
            _wrong_step(noise=torch.rand_like): "`rand` draws evenly from 0 to 1. `randn` draws normal noise.",
            _wrong_step(loss=_wrong_loss(mix=lambda x, t, e, ab: perturb(x, t - 1, e, ab))): (
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
        technical=("likeness", "losses", "multiple", "the next call", "of their own"),
    ),
)
