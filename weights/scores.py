"""Score the shipped network: `python weights/scores.py`, an hour on two cores.

scores.csv beside this file has a row for each way of drawing with it: the scores of 10,000 pictures in 50 steps and of
2,000 with all 500, which the model card begins with; of twice 500 with fewer and fewer steps, for Lab 4; of 500 drawn
with the course's network, and with the last view as it is and pushed; and of 2,000 in few steps. The numbers are
bfloat16, as in training. Stop it whenever you like: the same command goes on with what is missing.
"""

import argparse
import csv
import re
import shutil
from pathlib import Path

import torch

from diffusion_utilities import CLASSES, HERE, WEIGHTS, load_checkpoint, sample
from keeping import whole
from recipes import SAMPLERS, Pushed, fill, noised_average
from scoring import DISTANCES, score

STEPS = 500, 250, 100, 50, 25, 10, 5
FOLDER = HERE / "runs" / "score"
COLUMNS = *DISTANCES, "copies", "copies_floor", "agreement"


def load(name):
    """The network in the file of this name, or pushed away from the view after epoch 0."""
    if name.endswith(", pushed"):
        return Pushed(load(name.removesuffix(", pushed")), load("epoch_0"))
    return load_checkpoint(WEIGHTS / f"{name}.safetensors")


def figures(network, sampler, steps, start, context, n, seed):
    """Draw n pictures and score them: the figures of a row of the table."""
    start = noised_average(n, seed) if start == "noised average" else None
    asked = torch.eye(len(CLASSES))[torch.arange(n) % len(CLASSES)] if context == "one-hot" else None
    how = {"step": SAMPLERS[sampler], "steps": steps, "start": start, "context": asked, "seed": seed}
    x, _ = sample(load(network), n, save_rate=None, mixed_precision="bf16", progress=False, **how)
    scores = {"agreement": float("nan"), **score(x.clamp(-1, 1), asked)}
    return {name: scores[name] for name in COLUMNS}


def card_line(rows):
    """The line of the model card that says how good the network is."""

    def figures_of(**way):
        (row,) = (row for row in rows if way.items() <= row.items() and row["network"] == "model_trained")
        return {name: float(value) for name, value in row.items() if name in COLUMNS}

    texts = []
    names = {"DDPM, posterior": "DDPM with the posterior's variance", "DDPM": "DDPM"}
    for n, sampler, steps in (("10000", "DDPM, posterior", "50"), ("2000", "DDPM", "500")):
        free, asked = (figures_of(n=n, sampler=sampler, steps=steps, context=c) for c in ("none", "one-hot"))
        texts.append(
            f"{int(n):,} samples by {names[sampler]} in {steps} steps: distance **{free['distance']:.2f}**, second "
            f"judge {free['distance2']:.1f}, without a context; **{asked['distance']:.2f}**, {asked['distance2']:.1f} "
            f"with each class asked for (test sprites {free['floor']:.2f}, {free['floor2']:.1f}; noise "
            f"{free['ceiling']:.0f}, {free['ceiling2']:.0f}); {asked['agreement']:.1%} are of the class asked for; "
            f"{free['copies']:.1%} and, asked for, {asked['copies']:.1%} are copies (of test sprites "
            f"{free['copies_floor']:.0%})"
        )
    start = "**Scores.** Fréchet distances by the features of two judges; they fall as the number of samples grows. "
    return start + ". ".join(texts) + ". ([scores.csv](scores.csv), made by `scores.py`)\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=FOLDER, help="folder of the unfinished table")
    folder = parser.parse_args().run
    drawn = [("model_trained", sampler, steps, "noise", "none", 500) for steps in STEPS for sampler in SAMPLERS]
    better_start = [(sampler, steps) for sampler in ("DDPM, posterior", "DDIM") for steps in STEPS if steps <= 100]
    drawn += [("model_trained", *how, "noised average", "none", 500) for how in better_start]
    ways = [(*way, seed) for way in drawn for seed in (0, 1)]
    ways += [
        (name, "DDPM, posterior", 50, "noise", "none", 500, 0) for name in ("course", "epoch_31", "epoch_31, pushed")
    ]
    ways += [("model_trained", "DDPM, posterior", 50, "noise", context, 10_000, 0) for context in ("none", "one-hot")]
    ways += [("model_trained", "DDPM", 500, "noise", context, 2_000, 0) for context in ("none", "one-hot")]
    few = [(sampler, steps) for sampler in ("DDPM, posterior", "DDIM") for steps in (100, 50, 25, 15, 10, 5, 3, 2)]
    ways += [("model_trained", *how, "noised average", "none", 2_000, 0) for how in few]
    ways += [("model_trained", "DDIM", steps, "noise", "none", 2_000, 0) for steps in (10, 5, 3, 2)]
    ways += [("model_trained", "DDIM", 5, "noised average", "one-hot", 200, 0)]  # for the test
    names = "network", "sampler", "steps", "start", "context", "n", "seed"
    wanted = [dict(zip(names, way, strict=True)) for way in ways]
    fill(folder / "scores.csv", wanted, figures, COLUMNS)
    with whole(WEIGHTS / "scores.csv") as path:
        shutil.copy(folder / "scores.csv", path)
    card = WEIGHTS / "README.md"
    line = card_line(list(csv.DictReader((WEIGHTS / "scores.csv").open(encoding="utf-8"))))
    with whole(card) as path:
        text = re.sub(r"\*\*Scores\.\*\* .*\n", lambda _: line, card.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
