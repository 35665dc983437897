"""How long a training takes to a distance: `python benchmarks/full_training.py`, some three hours on two cores.

The course's full training, its errors included: 28,608 steps of batch 100 (32 epochs of 894) on 89,400 copies of the
train sprites, moved and tinted once, with Adam at a rate that falls linearly from 0.001, with noise that lacks the
root, a random shortcut, and no average of the weights. The one difference is the number format, bfloat16. And short
trainings of our network from nothing, with the settings of weights/train.py.

full_training.csv beside this file has the Fréchet distance of samples, drawn mostly by all 500 steps of DDPM, after
some of the course's epochs and after each of our trainings. Stop it whenever you like: the same command goes on.
"""

import argparse
import shutil
from functools import partial
from pathlib import Path

import course
import torch

from diffusion_utilities import (
    CLASSES,
    HERE,
    Unet,
    augment,
    ddim_step,
    ddpm_step,
    load_checkpoint,
    load_sprites,
    sample,
    save_checkpoint,
    to_uint8,
    train,
    transform,
)
from keeping import whole
from recipes import SETTINGS, WithoutTheRoot, fill
from scoring import DISTANCES, score

EPOCHS, COPIES = 32, 89_400
SCORED = 0, 3, 7, 31
OURS = {
    "ours": "bf16",
    "ours, in float32": "no",  # for the test: bfloat16 differs from processor to processor
}
FOLDER = HERE / "runs" / "full_training"


def copies(n=COPIES, seed=0):
    """Train sprites, uint8 (n, 16, 16, 3), each moved and tinted once and for all, and their labels."""
    sprites, labels = load_sprites("train")
    chosen = torch.arange(n) % len(sprites)
    moved = augment(transform(sprites)[chosen], torch.Generator().manual_seed(seed))
    return to_uint8(moved), labels[chosen]


def short_training(way, epochs, sprites, labels):
    """A network trained from nothing for this many passes, as in the first part of weights/train.py."""
    torch.manual_seed(0)
    network = Unet()
    train(network, sprites, labels, epochs=epochs, mixed_precision=OURS[way], **SETTINGS)
    return network


def figures(way, sprites, epochs, drawn, sampler, steps, context, folder=FOLDER):
    """Draw sprites in so many steps with a network after some epochs: the figures of a row of the table."""
    if way in OURS:
        network = short_training(way, epochs, *(part[:sprites] for part in load_sprites("train")))
    else:
        torch.manual_seed(0)  # of the random shortcut
        network = load_checkpoint(folder / f"epoch_{epochs}.safetensors", course.network())
    asked = torch.eye(len(CLASSES))[torch.arange(drawn) % len(CLASSES)] if context == "one-hot" else None
    how = {"step": {"DDPM": ddpm_step, "DDIM": ddim_step}[sampler], "steps": steps, "seed": 0, "context": asked}
    x, _ = sample(network, drawn, save_rate=None, mixed_precision="bf16", progress=False, **how)
    scores = score(x.clamp(-1, 1))
    return {name: scores[name] for name in DISTANCES}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=FOLDER, help="folder of the unfinished run")
    folder = parser.parse_args().run

    def after_epoch(epoch, network, losses):
        print(f"epoch {epoch}: loss {losses[-1]:.4f}", flush=True)
        if epoch in SCORED:
            save_checkpoint(network, folder / f"epoch_{epoch + 1}.safetensors")

    torch.manual_seed(0)
    settings = {"schedule": WithoutTheRoot(), "ema_decay": 0, "augmented": False, "mixed_precision": "bf16"}
    train(course.network(), *copies(), epochs=EPOCHS, folder=folder, after_epoch=after_epoch, **settings)
    all_steps = "DDPM", 500, "none"
    ways = [("course", COPIES, EPOCHS, 2_000, *all_steps), ("course", COPIES, EPOCHS, 2_000, "DDIM", 25, "none")]
    ways += [("course", COPIES, epoch + 1, 500, *all_steps) for epoch in SCORED]
    ways += [("ours", 13_000, epochs, 500, *all_steps) for epochs in (4, 8, 20)]
    ways += [("ours", 13_000, 20, 500, "DDPM", 500, "one-hot")]
    ways += [("ours, in float32", 1_000, 2, 200, "DDPM", 5, "none")]
    names = "way", "sprites", "epochs", "drawn", "sampler", "steps", "context"
    wanted = [dict(zip(names, way, strict=True)) for way in ways]
    fill(folder / "full_training.csv", wanted, partial(figures, folder=folder), DISTANCES)
    with whole(Path(__file__).with_suffix(".csv")) as path:
        shutil.copy(folder / "full_training.csv", path)


if __name__ == "__main__":
    main()
