"""Score the shipped network: `python weights/score.py`, some two hours on two cores.

scores.csv beside this file has a row for each way of drawing with it: the scores of many pictures with all steps, which
the model card begins with, and of fewer with few steps. Stop it whenever you like: the same command goes on with the
rows that are missing.
"""

import argparse
import shutil
from functools import partial
from pathlib import Path

import torch
from tables import fill

from diffusion_utilities import CLASSES, HERE, WEIGHTS, ddim_step, ddpm_step, load_checkpoint, sample, score

SAMPLERS = {
    "DDPM": ddpm_step,
    "DDPM, posterior": partial(ddpm_step, posterior=True),
    "DDIM": ddim_step,
}
STEPS = 500, 250, 100, 50, 25, 10, 5
FEW, MANY = 500, 2000
COLUMNS = "distance", "floor", "ceiling", "copies", "copies_floor", "agreement"


def figures(sampler, steps, context, n, network=None):
    """Draw n pictures and score them: the figures of a row of the table."""
    network = network or load_checkpoint(WEIGHTS / "model_trained.safetensors")
    asked = torch.eye(len(CLASSES))[torch.arange(n) % len(CLASSES)] if context == "one-hot" else None
    how = {"step": SAMPLERS[sampler], "steps": steps, "context": asked, "seed": 0}
    x, _ = sample(network, n, save_rate=None, progress=False, **how)
    scores = {"agreement": float("nan"), **score(x.clamp(-1, 1), asked)}
    return {name: scores[name] for name in COLUMNS}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=HERE / "runs" / "scores", help="folder of the unfinished table")
    folder = parser.parse_args().run
    ways = [("DDIM", 5, "one-hot", 200)]  # for the test
    ways += [(sampler, steps, "none", FEW) for steps in STEPS for sampler in SAMPLERS]
    ways += [("DDPM", 500, context, MANY) for context in ("none", "one-hot")]
    wanted = [dict(zip(("sampler", "steps", "context", "n"), way, strict=True)) for way in ways]
    fill(folder / "scores.csv", wanted, figures)
    shutil.copy(folder / "scores.csv", WEIGHTS)


if __name__ == "__main__":
    main()
