"""Score guidance: `python weights/guidance.py`, ten minutes on two cores.

guidance.csv beside this file has a row for each way to guide `epoch_31`, the view that was trained on the noise alone:
from its prediction without a context, or from a weak network's, at several scales, at all noise levels or at some. For
Lab 5. Stop it whenever you like: the same command goes on with what is missing.
"""

import argparse
import shutil
from functools import cache
from pathlib import Path

import torch
from torch import nn

from diffusion_utilities import CLASSES, HERE, WEIGHTS, load_checkpoint, load_sprites, sample, transform
from keeping import whole
from recipes import SAMPLERS, fill
from scoring import load_judge, score

FOLDER = HERE / "runs" / "guidance"
COLUMNS = "agreement", "distance", "floor", "distance2", "floor2", "kinds", "kinds_floor", "copies"
STARTS = {  # of the way to the prediction as told: a network, and whether it is told the context
    "no context": ("epoch_31", False),
    "weak network": ("epoch_0", True),
}


class Guided(nn.Module):
    """A network that goes from another prediction to its own, and beyond, where first <= t/T <= last.

    begin: the network that gives the other prediction. told: whether this one is told the context, too.
    """

    def __init__(self, network, begin, told, scale, first, last):
        super().__init__()
        self.network, self.begin, self.told = network, begin, told
        self.scale, self.first, self.last = scale, first, last
        self.in_channels, self.h, self.n_cfeat, self.schedule = 3, network.h, network.n_cfeat, network.schedule

    def forward(self, x, t, c=None):
        """Predict the noise in x, (N, 3, H, W), at t/T, the same for all, with contexts (N, n_cfeat) or None."""
        own = self.network(x, t, c)
        if self.scale == 1 or not self.first <= t.flatten()[0] <= self.last:
            return own
        other = self.begin(x, t, c if self.told else None)
        return other + self.scale * (own - other)


@torch.inference_mode()
def kinds(x):
    """How many kinds of creatures, foods and spells, on average, the first judge sees in x, (N, 3, 16, 16).

    Two sprites of one class are of the same kind with some chance; if all kinds were equally frequent, there would be
    1 / chance of them. So rare ones count little. The other classes have one kind only.
    """
    judge = load_judge()
    seen = torch.cat([judge(part).argmax(dim=1) for part in x.split(500)])
    chances = []
    for number in (judge.class_of_kind.bincount() > 1).nonzero():
        counts = seen[judge.class_of_kind[seen] == number].bincount().double()
        chances.append((counts * (counts - 1)).sum() / (counts.sum() * (counts.sum() - 1)))
    return 1 / torch.stack(chances).mean().item()


@cache
def kinds_of_test():
    return kinds(transform(load_sprites("test")[0]))


def figures(begin, scale, first, last, context, steps, n, seed):
    """Draw n pictures and score them: the figures of a row of the table."""
    name, told = STARTS[begin]
    network, other = (load_checkpoint(WEIGHTS / f"{one}.safetensors") for one in ("epoch_31", name))
    asked = torch.eye(len(CLASSES))[torch.arange(n) % len(CLASSES)] if context == "one-hot" else None
    how = {"step": SAMPLERS["DDPM, posterior"], "steps": steps, "context": asked, "seed": seed, "save_rate": None}
    guided = Guided(network, other, told, scale, first, last)
    x = sample(guided, n, mixed_precision="bf16", progress=False, **how)[0].clamp(-1, 1)
    scores = {"agreement": float("nan"), **score(x, asked), "kinds": kinds(x), "kinds_floor": kinds_of_test()}
    return {name: scores[name] for name in COLUMNS}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=FOLDER, help="folder of the unfinished table")
    folder = parser.parse_args().run
    ways = [("no context", scale, 0, 1, "one-hot") for scale in (0, 1, 1.5, 2, 3, 4, 6, 8)]
    ways += [("no context", 4, first, last, "one-hot") for first, last in ((0, 0.2), (0.2, 0.6), (0.6, 1))]
    ways += [("weak network", 2.5, 0.1, 0.6, context) for context in ("none", "one-hot")]
    names = "begin", "scale", "first", "last", "context", "steps", "n", "seed"
    rows = [(*way, 50, 500, seed) for way in ways for seed in (0, 1)]
    rows += [("no context", 3, 0.2, 0.6, "one-hot", 5, 200, 0)]  # for the test
    fill(folder / "guidance.csv", [dict(zip(names, row, strict=True)) for row in rows], figures, COLUMNS)
    with whole(WEIGHTS / "guidance.csv") as path:
        shutil.copy(folder / "guidance.csv", path)


if __name__ == "__main__":
    main()
