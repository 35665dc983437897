"""What the course's two errors cost: `python weights/errata.py`, an hour on two cores.

The course's network is trained four times from the same start: rightly, with each error alone, and with both, as in the
course's code; and all that once more from another start. errata.csv beside this file has the scores of each, and
errata.png the first samples. Stop it whenever you like: the same command goes on with the rows that are missing.
"""

import argparse
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from diffusion_utilities import (
    HERE,
    WEIGHTS,
    ContextUnet,
    NoiseSchedule,
    ddpm_step,
    load_sprites,
    sample,
    tile,
    train,
)
from keeping import whole
from recipes import RandomShortcut, WithoutTheRoot, fill
from scoring import DISTANCES, score

TRAININGS = {  # error 1: noise without the root; error 2: a random shortcut
    "right": (False, False),
    "noise without the root": (True, False),
    "random shortcut": (False, True),
    "both, as in the course": (True, True),
}
SIZES = {  # epochs, every how many sprites, channels of the first layer, samples, precision
    "small": (60, 65, 16, 200, "no"),  # for the test
    "full": (16, 1, 64, 1000, "bf16"),
}
SEEDS = 0, 1
SHOWN = 16
FOLDER = HERE / "runs" / "errata"
COLUMNS = "steps", "loss", *DISTANCES


def figures(size, training, seed, folder=FOLDER):
    """Train, draw by DDPM in 50 steps, and score: the figures of a row of the table."""
    epochs, every, n_feat, n_sample, precision = SIZES[size]
    without_root, random_shortcut = TRAININGS[training]
    sprites, labels = (part[::every] for part in load_sprites("train"))
    torch.manual_seed(seed)
    network = ContextUnet(n_feat=n_feat)
    if random_shortcut:
        right, network.init_conv = network.init_conv, RandomShortcut(network.in_channels, n_feat, is_res=True)
        network.init_conv.load_state_dict(right.state_dict())
    schedule = WithoutTheRoot() if without_root else NoiseSchedule()
    losses = train(network, sprites, labels, epochs=epochs, seed=seed, schedule=schedule, mixed_precision=precision)
    step = partial(ddpm_step, posterior=True)
    x, _ = sample(network, n_sample, step=step, steps=50, seed=seed, save_rate=None, progress=False)
    Image.fromarray(tile(x[:SHOWN], columns=SHOWN)).save(folder / f"{size} {training} {seed}.png")
    scores = score(x.clamp(-1, 1))
    steps = epochs * (len(sprites) // 100)
    return {"steps": steps, "loss": losses[-1], **{name: scores[name] for name in DISTANCES}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=FOLDER, help="folder of the unfinished table")
    folder = parser.parse_args().run
    wanted = [{"size": "full", "training": name, "seed": seed} for seed in SEEDS for name in TRAININGS]
    wanted.append({"size": "small", "training": "both, as in the course", "seed": 0})
    fill(folder / "errata.csv", wanted, partial(figures, folder=folder), COLUMNS)
    with whole(WEIGHTS / "errata.csv") as path:
        shutil.copy(folder / "errata.csv", path)
    rows = [np.asarray(Image.open(folder / f"full {name} {SEEDS[-1]}.png")) for name in TRAININGS]
    with whole(WEIGHTS / "errata.png") as path:
        Image.fromarray(np.concatenate(rows).repeat(4, 0).repeat(4, 1)).save(path, optimize=True)


if __name__ == "__main__":
    main()
