"""The gate: what comes from outside is checked here, so that it goes wrong at once, with what was given and what is
expected. Each function raises ValueError; those that return something return it in the one form that is used inside.
"""

from itertools import pairwise

import numpy as np
import torch


def height(pixels):
    """The height and width of a network's pictures."""
    if pixels < 4 or pixels % 4:
        raise ValueError(f"height is {pixels}; the network halves it twice, so it must be a multiple of 4: 16, 28, 32")


def rates(**given):
    """Rates of learning, by their names."""
    for name, rate in given.items():
        if not 0 < rate < 1:
            raise ValueError(f"{name} = {rate}; expected a rate between 0 and 1")


def training(n_sprites, n_labels, batch_size, epochs):
    """The lengths of a training."""
    if n_sprites != n_labels:
        raise ValueError(f"{n_sprites} sprites but {n_labels} labels; expected one label a sprite")
    if not 1 <= batch_size <= n_sprites:
        raise ValueError(f"batch_size is {batch_size}; expected 1 to {n_sprites}, the number of sprites")
    if epochs < 1:
        raise ValueError(f"epochs is {epochs}; expected at least 1")


PRECISIONS = {"no": None, "bf16": torch.bfloat16, "fp16": torch.float16}


def sampling(n_sample, mixed_precision):
    """How many pictures, and in which number format: returns its dtype, None for the network's own."""
    if mixed_precision not in PRECISIONS:
        raise ValueError(f"mixed_precision is {mixed_precision!r}; expected one of {', '.join(PRECISIONS)}")
    if n_sample < 1:
        raise ValueError(f"n_sample is {n_sample}; expected at least 1")
    return PRECISIONS[mixed_precision]


def prediction(predicts, alpha_bar):
    """What a network predicts, at the noise levels alpha_bar."""
    if predicts not in ("noise", "x0", "velocity"):
        raise ValueError(f'predicts is {predicts!r}; expected "noise", "x0" or "velocity"')
    if predicts == "noise" and not alpha_bar.all():
        raise ValueError(
            "a network that predicts the noise cannot tell the picture where nothing but noise is left (alpha_bar 0); "
            'give it predicts = "velocity" or "x0" before it is trained'
        )


def times(steps, given, timesteps):
    """The times of sampling, from the first to 0, as a list of whole numbers."""
    if given is not None:
        given = [int(t) for t in given]
        if len(given) < 2 or given[0] > timesteps or given[-1] != 0 or any(a <= b for a, b in pairwise(given)):
            raise ValueError(f"times are {given}; expected whole numbers that fall from at most {timesteps} to 0")
        return given
    steps = timesteps if steps is None else steps
    if not 1 <= steps <= timesteps:
        raise ValueError(f"steps is {steps}; expected 1 to {timesteps}, the time steps of the schedule")
    return np.linspace(timesteps, 0, steps + 1).round().astype(int).tolist()


def context(given, n_sample, n_cfeat, device):
    """A context as float32 (n_sample, n_cfeat) on the device, or None."""
    if given is None:
        return None
    given = torch.as_tensor(given, dtype=torch.float32, device=device)
    if given.ndim == 1:
        given = given.expand(n_sample, -1)
    if given.shape != (n_sample, n_cfeat):
        raise ValueError(
            f"context has shape {tuple(given.shape)}; expected ({n_sample}, {n_cfeat}): "
            f"a row for each of the {n_sample} samples, a number for each of {n_cfeat} classes"
        )
    return given


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
