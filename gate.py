"""The gate: what comes from outside is checked here, so that it goes wrong at once, with what was given and what is
expected. Each function raises ValueError; those that return something return it in the one form that is used inside.
"""

import warnings
from contextlib import contextmanager
from itertools import pairwise
from math import isfinite
from numbers import Integral, Real

import numpy as np
import torch


def tensor(given, dtype=None):
    """A tensor of anything that holds numbers, also of an array that is mirrored, or cannot be written to."""
    if isinstance(given, np.ndarray):
        given = np.require(given, requirements="CW")
    return torch.as_tensor(given, dtype=dtype)


def sizes(**given):
    """What a network is made with, by its name: n_cfeat, the width of a context, may be 0. Returns plain numbers."""
    for name, size in given.items():
        counts(int(name != "n_cfeat"), **{name: size})
    if given["height"] % 4:
        raise ValueError(
            f"height is {given['height']}; the network halves it twice, so it must be a multiple of 4: 16, 28, 32"
        )
    return {name: int(size) for name, size in given.items()}


@contextmanager
def without_classes():
    """Where a network may be made whose contexts have a width of 0: torch warns of that, as if it were a mistake."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Initializing zero-element tensors")
        yield


def rates(**given):
    """Rates of learning, by their names."""
    for name, rate in given.items():
        if not 0 < rate < 1:
            raise ValueError(f"{name} = {rate}; expected a rate between 0 and 1")


def shares(**given):
    """Probabilities and the like, by their names."""
    for name, share in given.items():
        if not 0 <= share <= 1:
            raise ValueError(f"{name} is {share}; expected a number from 0 to 1")


def _whole(number):
    if torch.is_tensor(number) and number.ndim == 0:
        return not number.is_floating_point() and number.dtype != torch.bool
    return isinstance(number, Integral) and not isinstance(number, bool)


def functions(**given):
    """Functions by their names, each may be None."""
    for name, function in given.items():
        if function is not None and not callable(function):
            raise ValueError(f"{name} is {function!r}; expected a function, see the docstring")


def made(given, schedule=None):
    """A network that can be trained and sampled, and its noise schedule, or None."""
    if schedule is not None and not torch.is_tensor(getattr(schedule, "exact", None)):
        raise ValueError(
            f"schedule is {schedule!r}; expected one that is made: NoiseSchedule(), NoiseSchedule.cosine()"
        )
    if hasattr(given, "module") and not hasattr(given, "in_channels"):
        raise ValueError(
            f"the network is a {type(given).__name__}; give what is in it, network.module (on several devices: "
            "accelerate launch)"
        )
    if isinstance(given, type):
        raise ValueError(f"the network is the class {given.__name__}; make one: {given.__name__}()")
    if not isinstance(given, torch.nn.Module):
        raise ValueError(f"the network is {_kind(given)}; expected a torch.nn.Module, called as network(x, t, c)")
    lacking = [name for name in ("in_channels", "h", "n_cfeat") if not hasattr(given, name)]
    if lacking:
        raise ValueError(
            f"{type(given).__name__} has no {', '.join(lacking)}; give it the attributes in_channels (of a picture: 3 "
            "for colours), h (its height) and n_cfeat (numbers in a context: how many classes there are, or 0)"
        )


def optimizer(make, network):
    """The optimizer that a function makes for a network."""
    if not any(weights.requires_grad for weights in network.parameters()):
        raise ValueError(f"{type(network).__name__} has no weights that could learn, nn.Parameter, as nn.Conv2d has")
    example = "lambda network: torch.optim.Adam(network.parameters(), 1e-3)"
    try:
        made = None if isinstance(make, type) else make(network)
    except TypeError as error:
        raise ValueError(f"optimizer is {make!r} ({error}); expected a function of a network: {example}") from error
    if not hasattr(made, "param_groups"):
        raise ValueError(f"optimizer is {make!r}; expected a function that makes one for a network: {example}")
    own = {id(weights) for weights in network.parameters()}
    if not any(id(weights) in own for group in made.param_groups for weights in group["params"]):
        raise ValueError("the optimizer has no weights of this network")
    return made


def doing(rate, levels, target, network, schedule, shape):
    """What a training's functions do, as numbers to compare, {name: ...}: names and code alone do not tell.

    ValueError where they make no sense.
    """
    functions(rate=rate, levels=levels, target=target)
    done = {"rate": None, "levels": None, "target": None}
    device, last = schedule.alpha_bar.device, schedule.timesteps
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        if rate:
            done["rate"] = [round(float(rate(part)), 6) for part in (0.0, 0.25, 0.5, 0.75)]
            if not all(factor >= 0 for factor in done["rate"]):
                raise ValueError(f"rate gives {done['rate']}; expected factors of 0 or more")
        if levels:
            t = levels(10_000, last, torch.Generator(device).manual_seed(0))
            if not torch.is_tensor(t) or t.shape != (10_000,) or not 1 <= t.min() <= t.max() <= last:
                raise ValueError(f"levels gives {_kind(t)}; expected whole numbers (n,) in 1 ... {last}")
            done["levels"] = [*t[:20].tolist(), int(t.sum())]
        if target:
            x, t = torch.linspace(-1, 1, 2 * shape.numel(), device=device).reshape(2, *shape), last // 2 + 1
            given = target(x, torch.full((2,), t, device=device), x.new_zeros(2, network.n_cfeat))
            same(x, given, "what target gives")
            done["target"] = [round(number, 3) for number in given.flatten()[::50].tolist()]
    return done


def counts(least=1, **given):
    """Whole numbers of something, by their names."""
    for name, count in given.items():
        if not _whole(count) or count < least:
            raise ValueError(f"{name} is {count!r}; expected a whole number, at least {least}")


def seed(given):
    """The seed of a random generator, as an int."""
    if not _whole(given):
        raise ValueError(f"seed is {given!r}; expected a whole number")
    return int(given)


# ------------------------------------------------------------------------------------------- pictures and contexts


def sprites(given, network):
    """Sprites to train a network on: uint8 (N, H, W, C), array or tensor, of the size that it is made for."""
    if not hasattr(given, "ndim"):
        raise ValueError(f"sprites are a {type(given).__name__}; expected one array of them: np.stack(sprites)")
    if str(given.dtype).removeprefix("torch.") != "uint8" or given.ndim != 4:
        raise ValueError(
            f"sprites are {given.dtype} {tuple(given.shape)}; expected uint8 (N, height, width, channels). "
            "Grey ones need a last axis of 1: sprites[..., None]"
        )
    pixels, channels = network.h, network.in_channels
    if tuple(given.shape[1:]) != (pixels, pixels, channels):
        raise ValueError(
            f"sprites have shape {tuple(given.shape)}; this network is for (N, {pixels}, {pixels}, {channels}): "
            f"make it for them, with in_channels={given.shape[3]}, height={given.shape[1]}, or cut them to its size"
        )
    if len(given) and given.max() == 1:
        raise ValueError("sprites hold only 0 and 1; expected bytes, 0 to 255: were they scaled before .astype(uint8)?")


def pictures(**given):
    """Pictures, by their name: numbers with a point, (N, C, H, W), arrays or tensors."""
    for name, x in given.items():
        if not hasattr(x, "ndim"):
            raise ValueError(f"{name} is a {type(x).__name__}; expected one tensor of pictures: torch.stack, torch.cat")
        if x.ndim != 4 or "float" not in str(x.dtype):
            raise ValueError(
                f"{name} is {x.dtype} {tuple(x.shape)}; expected pictures (N, channels, height, width) with values "
                "from -1 to 1. `transform` makes them of bytes; a single one is x[None]"
            )


def shown(x):
    """Pictures that can be drawn."""
    if not len(x):
        raise ValueError("there is no picture to show")
    if x.shape[1] not in (1, 3, 4):
        raise ValueError(f"pictures have {x.shape[1]} channels; 1 (grey), 3 or 4 (with transparency) can be drawn")
    if not tensor(x).isfinite().all():
        raise ValueError("pictures hold numbers that are not finite, which nothing can show")
    if x.min() >= 0 and x.max() > 10:
        raise ValueError(f"pictures hold values from {x.min():.3g} to {x.max():.3g}; expected -1 to 1: `transform`")


def file_name(name):
    """The name of a file in a folder that is given besides."""
    if str(name) != str(name).replace("\\", "/").split("/")[-1]:
        raise ValueError(f"{name!r} is not the name of a file alone; the folder is save_dir")


def alike(**given):
    """Two tensors of pictures, by their names: of one shape, where a single picture may go with many."""
    (name, x), (other, y) = given.items()
    for which, z in given.items():
        if not torch.is_tensor(z) or not z.is_floating_point():
            raise ValueError(f"{which} is {_kind(z)}; expected a tensor of numbers with a point, like torch.randn's")
    if x.shape[1:] != y.shape[1:] or x.ndim != y.ndim or (1 not in (len(x), len(y)) and len(x) != len(y)):
        raise ValueError(f"{other} has shape {tuple(y.shape)}, but {name} {tuple(x.shape)}; expected the same")


def bytes_of(sprites):
    """Pictures as bytes, channels last, as a tensor."""
    if not hasattr(sprites, "dtype"):
        raise ValueError(f"sprites are {_kind(sprites)}; expected an array, or PIL pictures: Image.open(path)")
    sprites = tensor(sprites)
    if sprites.dtype != torch.uint8:
        raise ValueError(f"sprites are {sprites.dtype}; expected uint8 with values 0 to 255, channels last")
    if sprites.ndim < 3 or sprites.shape[-1] > 4:
        raise ValueError(f"sprites have shape {tuple(sprites.shape)}; expected (..., height, width, channels)")
    return sprites


def numbers_of(x):
    """Pictures as numbers with a point, channels first, as a tensor."""
    x = tensor(x)
    if not x.is_floating_point() or x.ndim < 3:
        raise ValueError(
            f"pictures are {_kind(x)}; expected (..., channels, height, width) with values from -1 to 1; `transform` "
            "makes them of bytes"
        )
    return x


def of_one_size(pictures):
    """Pictures that are to be one tensor, which is returned."""
    shapes = sorted({tuple(picture.shape) for picture in pictures})
    if len(shapes) != 1:
        raise ValueError(f"{len(pictures)} pictures of shapes {shapes}; expected at least one, and all of one shape")
    return torch.stack(pictures)


def titles(given, n):
    """Words over n pictures, or None."""
    if given is not None and (isinstance(given, str) or len(given) != n):
        raise ValueError(f"titles are {given!r}; expected a word for each of {n} pictures")


def rows(c):
    """Contexts as a network gets them."""
    if c.ndim != 2 or not c.is_floating_point():
        raise ValueError(f"c is {_kind(c)}; expected contexts (N, n_cfeat), numbers with a point")


def _kind(given):
    return f"{given.dtype} {tuple(given.shape)}" if torch.is_tensor(given) else f"a {type(given).__name__}"


def same(x, given, what):
    """What was made of pictures x: a tensor in their shape."""
    if not torch.is_tensor(given) or given.shape != x.shape or not given.is_floating_point():
        raise ValueError(f"{what} is {_kind(given)}; expected {tuple(x.shape)}, the shape of the pictures")


def figures(given, x):
    """Where the figures are in pictures x, as a bool tensor (N, H, W)."""
    given = tensor(given)
    if given.dtype != torch.bool or given.shape != (len(x), *x.shape[2:]):
        raise ValueError(f"figure is {_kind(given)}; expected bool {(len(x), *x.shape[2:])}, as of cut_sheet")
    return given.to(x.device)


def context(given, n, n_cfeat, device="cpu", classes=None, what="context", one_for_all=True):
    """Contexts, or labels, as float32 (n, n_cfeat) on the device; None stays None.

    given: n rows of n_cfeat numbers; or n class numbers, whole ones; or n names out of `classes`. Where one may stand
    for all, a single row, number or name. (n numbers with a point are a row if they could be one.)
    """
    if given is None:
        return None
    expected = f"expected ({n}, {n_cfeat}): a row for each of {n}, a number for each of {n_cfeat} classes"
    given, named = _named(given, classes, what)
    try:
        given = tensor(np.asarray(given) if isinstance(given, (list, tuple)) else given)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{what} is a {type(given).__name__} ({error}); {expected}") from error
    row = given.shape == (n_cfeat,) and one_for_all
    if given.dtype == torch.bool:
        given = given.float()
    elif given.is_floating_point() and given.ndim < 2 and not row and (given.frac() == 0).all():
        given = given.long()
    whole = not given.is_floating_point()
    if whole and given.ndim < 2:
        bits = row and not named and ((given == 0) | (given == 1)).all()
        if bits and n == n_cfeat > 1:
            raise ValueError(
                f"{what} is {given.tolist()}: {n} class numbers, or one row for all? "
                "Write class numbers as rows, torch.eye(classes)[numbers], and a row with decimal points"
            )
        if given.shape == (n,) or (given.ndim == 0 and one_for_all):
            if not ((given >= 0) & (given < n_cfeat)).all():
                raise ValueError(
                    f"{what} holds class numbers from {given.min()} to {given.max()}; expected 0 to {n_cfeat - 1}"
                )
            given = torch.eye(n_cfeat)[given.long().cpu()]
        elif not bits:
            raise ValueError(f"{what} has shape {tuple(given.shape)}; {expected}; or {n} class numbers")
    given = given.to(device, torch.float32)
    if row and n == n_cfeat and given.max() > 1 and (given == given.round()).all():
        raise ValueError(f"{what} is {given.tolist()}: {n} class numbers, or one row for all? Write it as rows")
    if given.shape == (n_cfeat,) and one_for_all:
        given = given.expand(n, -1)
    if given.shape != (n, n_cfeat):
        raise ValueError(f"{what} has shape {tuple(given.shape)}; {expected}")
    if not given.isfinite().all():
        raise ValueError(f"{what} holds numbers that are not finite")
    return given


def guidance(given, context):
    """How strongly to ask for contexts, (N, n_cfeat) or None: a number, or a function of t/T that gives one.

    Returns such a function.
    """
    if not callable(given):
        given = _finite(given)
        if given == 1:
            return lambda time: given
    if context is None or not context.any():
        nothing = "there is no context" if context is None else "all contexts are zeros, which ask for nothing"
        raise ValueError(f"guidance asks more strongly for a context, but {nothing}; give one, or leave guidance out")
    return (lambda time: _finite(given(time))) if callable(given) else lambda time: given


def _finite(given):
    number = given.item() if torch.is_tensor(given) and given.numel() == 1 else given
    if isinstance(number, bool) or not isinstance(number, Real) or not isfinite(number):
        raise ValueError(f"guidance is {given!r}; expected a number: 0 without the context, 1 as told, more beyond")
    return number


def _named(given, classes, what):
    """Names of classes as their numbers, and True; what is no name as it is, and False."""
    if isinstance(given, np.ndarray) and given.dtype.kind in "USO":
        given = given.tolist()
    names = [given] if isinstance(given, str) else given
    if not (isinstance(names, (list, tuple)) and names and isinstance(names[0], str)):
        return given, False
    classes = class_names(classes)
    if not classes:
        raise ValueError(f"{what} names classes, but this network has no names for its own: set network.classes")
    unknown = set(names) - set(classes)
    if unknown:
        raise ValueError(f"{what} names {', '.join(map(repr, sorted(unknown)))}; expected {', '.join(classes)}")
    numbers = torch.tensor([classes.index(name) for name in names])
    return numbers[0] if isinstance(given, str) else numbers, True


def class_names(given):
    """The names of a network's classes as a list, in the order of their numbers; or None."""
    names = given.tolist() if hasattr(given, "tolist") else given
    if names is None:
        return None
    texts = isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names)
    if not texts or len(set(names)) < len(names):
        raise ValueError(f"network.classes is {given!r}; expected a list of names, texts in an order, each once")
    return list(map(str, names))


OURS = "diffusion_utilities", "recipes", "scoring"


def told(network, x, t, c):
    """What a network is told of pictures x: times t/T and contexts, one for each, and zeros for None, as in training.

    Ours are told of one time for all, and None, as it came: they take both, and it is faster.
    """
    if type(network).forward.__module__ in OURS:
        return t, c
    c = x.new_zeros(len(x), getattr(network, "n_cfeat", 0)) if c is None else c.to(x.dtype)
    return t.expand(len(x)), c


def asked(network, x, t, c):
    """What a network of ours is asked: pictures (N, C, H, H), times t/T, (1,) or (N,), and contexts (1 or N, n_cfeat).

    Returns the times and the contexts, zeros for None.
    """
    shape = network.in_channels, network.h, network.h
    weights = next(network.parameters())
    if not torch.is_tensor(x) or (x.dtype != weights.dtype and not torch.is_autocast_enabled(weights.device.type)):
        raise ValueError(f"pictures are {_kind(x)}; this network takes tensors of {weights.dtype}: x.to(that)")
    if x.ndim != 4 or x.shape[1:] != shape:
        raise ValueError(f"pictures have shape {tuple(x.shape)}; this network is for (N, {', '.join(map(str, shape))})")
    t = torch.as_tensor(t, dtype=x.dtype, device=x.device).reshape(-1)
    if len(t) not in (1, len(x)):
        raise ValueError(f"{len(t)} times for {len(x)} pictures; expected one, or one each")
    if not torch.compiler.is_compiling() and not ((t >= 0) & (t <= 1)).all():
        raise ValueError(f"times run from {t.min():.4g} to {t.max():.4g}; a network is told t/T, from 0 to 1")
    if c is None:
        return t, x.new_zeros(1, network.n_cfeat)
    rows = 1 if torch.is_tensor(c) and c.ndim == 2 and len(c) == 1 else len(x)
    return t, context(c, rows, network.n_cfeat, x.device, getattr(network, "classes", None)).to(x.dtype)


def arrays(sfilename, sprites, lfilename, labels):
    """Sprites and labels as the course stores them, arrays from these files."""
    if sprites.dtype != np.uint8 or sprites.ndim != 4 or sprites.shape[-1] != 3:
        raise ValueError(
            f"{sfilename} holds {sprites.dtype} {sprites.shape}; expected uint8 (N, height, width, 3). "
            "Pictures with values 0 to 1: multiply by 255 and convert with .astype(np.uint8)."
        )
    if not (np.issubdtype(labels.dtype, np.number) and labels.ndim == 2):
        raise ValueError(f"{lfilename} holds {labels.dtype} {labels.shape}; expected numbers (N, classes)")
    if len(sprites) != len(labels):
        raise ValueError(
            f"{len(sprites)} sprites in {sfilename} but {len(labels)} labels in {lfilename}; "
            "expected one label a sprite"
        )
    if not ((labels >= 0) & (labels <= 1)).all():
        raise ValueError(f"labels in {lfilename} leave the range 0 to 1; expected one-hot or mixed contexts")


# ------------------------------------------------------------------------------------------- training and sampling


def training(network, given, labels, batch_size, epochs):
    """What a network is trained on, for how long. Returns the labels, float32 (N, n_cfeat): zeros for None."""
    sprites(given, network)
    if labels is not None and len(given) != len(labels):
        raise ValueError(f"{len(given)} sprites but {len(labels)} labels; expected one label a sprite")
    counts(epochs=epochs)
    weights = next(network.parameters(), torch.zeros(0))
    if weights.dtype != torch.float32:
        raise ValueError(f"the network's weights are {weights.dtype}; train() takes float32: network.float()")
    if not _whole(batch_size) or not 1 <= batch_size <= len(given):
        raise ValueError(
            f"batch_size is {batch_size}; expected 1 to {len(given)}, the number of sprites. Left out it is 100: give "
            "batch_size="
        )
    if labels is None:
        return torch.zeros(len(given), network.n_cfeat)
    labels = context(labels, len(given), network.n_cfeat, "cpu", getattr(network, "classes", None), "labels", False)
    if labels.numel() and not 0 <= labels.min() <= labels.max() <= 1:
        raise ValueError(f"labels run from {labels.min():.4g} to {labels.max():.4g}; expected 0 to 1")
    return labels


PRECISIONS = {"no": None, "bf16": torch.bfloat16, "fp16": torch.float16}


def precision(name):
    """A number format, by its name: its dtype, or None for the network's own."""
    if name not in PRECISIONS:
        raise ValueError(f"mixed_precision is {name!r}; expected one of {', '.join(PRECISIONS)}")
    return PRECISIONS[name]


def prediction(predicts, alpha_bar=None):
    """What a network predicts, at the noise levels alpha_bar."""
    if predicts not in ("noise", "x0", "velocity"):
        raise ValueError(f'predicts is {predicts!r}; expected "noise", "x0" or "velocity"')
    if predicts == "noise" and alpha_bar is not None and not alpha_bar.all():
        raise ValueError(
            "a network that predicts the noise cannot tell the picture where nothing but noise is left (alpha_bar 0); "
            'give it predicts = "velocity" or "x0" before it is trained'
        )


def falling(alpha_bar, dtype):
    """What a noise schedule is made of, and kept in."""
    falls = alpha_bar.ndim == 1 and len(alpha_bar) > 1 and (alpha_bar.diff() < 0).all()
    if not falls or alpha_bar[0] != 1 or alpha_bar[-1] < 0:
        raise ValueError(
            f"alpha_bar is {alpha_bar}; expected numbers for t = 0 ... T that fall from 1 and stay at 0 or above"
        )
    if dtype not in (torch.float32, torch.float64) or (alpha_bar[alpha_bar > 0].to(dtype) == 0).any():
        raise ValueError(f"{dtype} cannot hold alpha_bar, down to {alpha_bar[-1]:.2g}; take float64, or less noise")


def levels(angle, own, exact, asked):
    """Noise levels that a schedule of others, alpha_bar in `exact`, has as well (all as angles, too)."""
    if not own[1] - 1e-6 <= angle.min() <= angle.max() <= own[-1] + 1e-6:
        asked = tensor(asked)
        raise ValueError(
            f"noise levels alpha_bar from {exact[1]:.4g} to {exact[-1]:.4g} were trained; asked for "
            f"{asked.min():.4g} to {asked.max():.4g}. Sample with the schedule of the training, or give "
            "times within it."
        )


def begins(start, t, alpha_bar):
    """Where sampling starts from: a warning if that is noise alone where there should be some of a picture, too."""
    if start is None and alpha_bar[t] > 0.1:
        left = f"at t = {t} there is {alpha_bar[t].sqrt():.0%} of the picture left"
        warnings.warn(f"{left}, and sampling starts from nothing but noise; give start=", stacklevel=3)


def start(given, shape, device):
    """The pictures that sampling starts from, on the device, in float32 or, if they are, in float64."""
    given = tensor(given)
    if given.shape != shape or not given.is_floating_point():
        raise ValueError(f"start has shape {tuple(given.shape)}, {given.dtype}; expected {shape}, numbers with a point")
    if not given.isfinite().all():
        raise ValueError("start holds numbers that are not finite; look at where it was made")
    return given.detach().to(device, torch.promote_types(given.dtype, torch.float32))


def time_steps(t, timesteps, n=None):
    """Time steps, whole numbers in 0 ... T, one or n of them, as a tensor; for one picture any number."""
    t = tensor(t)
    if t.is_floating_point() or t.is_complex() or t.dtype == torch.bool:
        raise ValueError(f"t is {t.tolist()}; expected whole numbers, 0 to {timesteps} (only a network is told t/T)")
    t = t.long()
    if n is not None and (t.ndim > 1 or (n > 1 and t.numel() not in (1, n))):
        raise ValueError(f"t has shape {tuple(t.shape)} for {n} pictures; expected one time step, or ({n},)")
    if t.numel() and not 0 <= t.min() <= t.max() <= timesteps:
        raise ValueError(f"t runs from {t.min()} to {t.max()}; expected 0 to {timesteps}")
    return t


def one_step(t, t_prev, timesteps):
    """The times of one step of sampling."""
    if not (_whole(t) and _whole(t_prev)) or not 0 <= t_prev < t <= timesteps:
        raise ValueError(
            f"a step from t = {t} to t_prev = {t_prev}; expected whole numbers, {timesteps} >= t > t_prev >= 0"
        )


def times(steps, given, timesteps):
    """The times of sampling, from the first to 0, as a list of whole numbers."""
    if given is not None and steps is not None:
        raise ValueError("both steps and times are given; expected one of them")
    if given is not None:
        given = given.tolist() if hasattr(given, "tolist") else list(given)
        whole = all(map(_whole, given))
        given = [int(t) for t in given] if whole else list(given)
        if (
            not whole
            or len(given) < 2
            or given[0] > timesteps
            or given[-1] != 0
            or any(a <= b for a, b in pairwise(given))
        ):
            raise ValueError(f"times are {given}; expected whole numbers that fall from at most {timesteps} to 0")
        return given
    steps = timesteps if steps is None else steps
    if not _whole(steps) or not 1 <= steps <= timesteps:
        raise ValueError(f"steps is {steps}; expected 1 to {timesteps}, the time steps of the schedule")
    return np.linspace(timesteps, 0, int(steps) + 1).round().astype(int).tolist()


def drawn(x, t, shape):
    """Pictures on their way, after the step from t: of this shape. FloatingPointError if a number in them is none."""
    if not torch.is_tensor(x) or x.shape != shape or not x.is_floating_point():
        raise ValueError(f"the step from t = {t} gave {_kind(x)}; expected {tuple(shape)}")
    if not x.isfinite().all():
        raise FloatingPointError(
            f"numbers that are not finite came up in the step from t = {t}; look at the network's weights, or try "
            'mixed_precision="no"'
        )
