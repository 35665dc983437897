"""What each measure sees: `python weights/spoiled.py`, ten minutes on two cores.

Test sprites are spoiled on purpose, in five ways and by several amounts, and measured. spoiled.csv beside this file has
a row for each, for Lab 8. Stop it whenever you like: the same command goes on with the rows that are missing.
"""

import argparse
import shutil
from pathlib import Path

import torch

from diffusion_utilities import HERE, WEIGHTS
from keeping import whole
from recipes import SPOILS, fill, some_sprites
from scoring import precision_recall, score

AMOUNTS = 0.1, 0.2, 0.5, 1.0
SEEDS = 0, 1
N, SMALL = 1_000, 200  # sprites in a row; in the test's
FOLDER = HERE / "runs" / "spoiled"
COLUMNS = "distance", "distance2", "precision", "recall", "copies", "agreement"


def figures(spoil, amount, n, seed):
    """Spoil n test sprites and measure them: the figures of a row of the table."""
    generator = torch.Generator().manual_seed(seed)
    x, labels = some_sprites("test", n, generator)
    references, _ = some_sprites("train", n, generator)
    if spoil != "nothing":
        x, labels = SPOILS[spoil](x, labels, amount, generator)
    scores = score(x, labels)
    scores["precision"], scores["recall"] = precision_recall(x, references)
    return {name: scores[name] for name in COLUMNS}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=FOLDER, help="folder of the unfinished table")
    folder = parser.parse_args().run
    ways = [("nothing", 0.0), *((spoil, amount) for spoil in SPOILS for amount in AMOUNTS)]
    wanted = [
        dict(zip(("spoil", "amount", "n", "seed"), (*way, N, seed), strict=True)) for way in ways for seed in SEEDS
    ]
    wanted.append({"spoil": "soft", "amount": 0.5, "n": SMALL, "seed": 0})  # for the test
    fill(folder / "spoiled.csv", wanted, figures, COLUMNS)
    with whole(WEIGHTS / "spoiled.csv") as path:
        shutil.copy(folder / "spoiled.csv", path)


if __name__ == "__main__":
    main()
