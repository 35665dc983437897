"""Measure how well one's own sprites are learned: `python weights/own_scores.py`, an hour and a half on two cores.

own_scores.csv beside this file has a row for each material of data/materials.py, each start (the labs' network, or one
that knows nothing) and each length of the training. For Lab 9. Stop it whenever you like: the same command goes on with
what is missing.
"""

import argparse
import shutil
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression

import workshop
from collection import collect
from diffusion_utilities import HERE, WEIGHTS, transform
from keeping import whole
from recipes import fill
from scoring import distance_to, load_judge

sys.path.insert(0, str(HERE / "data"))
import materials

SOURCES = {"items": "items", "houses": "houses.png", "beetles": "beetles"}
COLUMNS = "minutes", "distance", "floor", "ceiling", "named", "named_floor", "copies"
SURE = 0.9  # how likely a kind must be for a sprite to be named


def drawings(material, n, seed, size):
    """Other drawings of a material, uint8 (n, size, size, 4), and the names of what they show."""
    drawn = materials.draw(material, n, seed)
    with TemporaryDirectory() as folder:
        for number, (picture, _) in enumerate(drawn):
            Image.fromarray(picture).save(Path(folder, f"{number:05d}.png"))
        return collect(folder, size=size).sprites, [name for _, name in drawn]


@torch.inference_mode()
def on_white(sprites):
    """Sprites, uint8 (N, S, S, 4), on white, as the first judge knows them: (N, 3, S, S)."""
    return transform(workshop.laid(sprites, (255, 255, 255)))


@torch.inference_mode()
def features(sprites):
    """What the first judge, which knows none of these things, sees in sprites: (N, 64)."""
    return torch.cat([load_judge().features(part) for part in on_white(sprites).split(250)]).numpy()


@cache
def judged(material, size, n):
    """What drawn sprites are measured with: a distance to n other drawings, and what names the kind."""
    references, _ = drawings(material, n, 1, size)
    shown, names = drawings(material, n, 2, size)
    return distance_to(on_white(references), load_judge()), LogisticRegression(max_iter=2000).fit(
        features(shown), names
    )


def named(namer, sprites, asked=None):
    """The share of sprites of which a kind is likely, and is the one that was asked for, if any was."""
    likely = namer.predict_proba(features(sprites))
    right = likely.max(axis=1) >= SURE
    if asked is not None:
        right &= namer.classes_[likely.argmax(axis=1)] == asked
    return float(right.mean())


def figures(material, start, epochs, n=400, given=0):
    """A row of the table. n: how many are drawn. given: how many sprites are learned, 0 for all."""
    with TemporaryDirectory() as folder:
        materials.write(folder, given or None)
        own = collect(Path(folder, SOURCES[material]))
    palette, size, n_classes = workshop.Palette.of(own.sprites), own.sprites.shape[1], len(own.classes)
    network = workshop.begin(palette, size, n_classes, fresh=start == "nothing")
    network.classes = own.classes or None
    started = monotonic()
    workshop.teach(network, own.sprites, own.labels, epochs=epochs, progress=False)
    minutes = (monotonic() - started) / 60
    context = workshop.each_in_turn(network, n)
    asked = context if context is None else [own.classes[i % n_classes] for i in range(n)]
    drawn = workshop.draw(network, n, context=context, guidance=1.0 if context is None else 1.5, seed=0)
    distance, namer = judged(material, size, n)
    others, names = drawings(material, n, 3, size)
    noise = torch.randn(n, 3, size, size, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
    return {
        "minutes": minutes,
        "distance": distance(on_white(drawn)),
        "floor": distance(on_white(others)),
        "ceiling": distance(noise),
        "named": named(namer, drawn, asked),
        "named_floor": named(namer, others, asked and names),
        "copies": float(workshop.copies(drawn, own.sprites, palette)[1].mean()),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=HERE / "runs" / "own_scores", help="folder of the unfinished table")
    folder = parser.parse_args().run
    lengths = {"items": (3, 10, 30), "beetles": (3, 30), "houses": (3, 20)}
    rows = [
        {"material": material, "start": start, "epochs": epochs, "n": 400, "given": 0}
        for material, several in lengths.items()
        for epochs in several
        for start in ("the labs' network", "nothing")
    ]
    rows += [{"material": "items", "start": "the labs' network", "epochs": 1, "n": 50, "given": 8}]  # for the test
    fill(folder / "own_scores.csv", rows, figures, COLUMNS)
    with whole(WEIGHTS / "own_scores.csv") as path:
        shutil.copy(folder / "own_scores.csv", path)


if __name__ == "__main__":
    main()
