"""Train the network that the labs build and sample from: `python weights/train.py`, one to two hours on two cores.

It takes the course's settings (T = 500, batches of 100, a rate that falls linearly) on the sprites in data/train, with
moved and tinted copies and an average of the weights; but Muon for Adam, more of the levels from the middle, and
contexts dropped with probability 0.3. The course's training has 32 epochs, and Lab 2 looks at it after epochs 0, 4, 8
and 31: epoch_0, epoch_4, epoch_8 and epoch_31 are the network after as large a part of ours.

What comes out is then taught by itself: it learns to predict what it predicted before, pushed further away from what
it predicted at epoch 0, when it knew little (`Pushed`). That makes its pictures more decided.

Follow it in the run's folder: loss.csv and, every sixteen epochs, grid_NNN.png. Stop it with Ctrl-C whenever you like:
the same command goes on after the last whole epoch. At the end it writes beside this file the four views,
model_trained.safetensors, loss.csv, loss.png and samples.png.
"""

import argparse
import copy
import shutil
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from PIL import Image

from diffusion_utilities import (
    CLASSES,
    HERE,
    WEIGHTS,
    Unet,
    ddim_step,
    load_checkpoint,
    load_sprites,
    muon,
    sample,
    save_checkpoint,
    tile,
    train,
)
from keeping import whole
from recipes import SETTINGS, Pushed, learn_from

VIEWS = 0, 4, 8, 31  # of the course's 32 epochs
COURSE = "model_trained", "model_0", "model_4", "model_8", "model_31", "context_model_trained", "context_model_31"


def save_grid(network, path, **how):
    """Draw 64 unconditional samples, not chosen, and write them as a PNG, each pixel four times as wide."""
    sprites, _ = sample(network, 64, seed=0, save_rate=None, **how)
    with whole(path) as beside:
        Image.fromarray(tile(sprites, columns=16).repeat(4, 0).repeat(4, 1)).save(beside, optimize=True)


def save_losses(losses, folder):
    """Write the mean loss of each epoch as loss.csv and loss.png."""
    rows = "".join(f"{epoch},{loss:.6f}\n" for epoch, loss in enumerate(losses))
    with whole(folder / "loss.csv") as path:
        path.write_text("epoch,loss\n" + rows, encoding="utf-8")
    fig, axis = plt.subplots(figsize=(6, 3))
    axis.plot(losses)
    axis.set(xlabel="epoch", ylabel="mean squared error of the noise", yscale="log")
    fig.tight_layout()
    with whole(folder / "loss.png") as path:
        fig.savefig(path, dpi=100)
    plt.close(fig)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=192, help="passes over the 13,000 sprites, 130 steps each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=["no", "bf16", "fp16"], default="bf16")
    parser.add_argument("--run", type=Path, default=HERE / "runs" / "train", help="folder of the unfinished run")
    parser.add_argument(
        "--pth", metavar="FOLDER", type=Path, help="do not train: write the weights for the course's notebooks"
    )
    arguments = parser.parse_args()
    if arguments.pth:
        for name in COURSE:
            save_checkpoint(load_checkpoint(WEIGHTS / "course.safetensors"), arguments.pth / f"{name}.pth")
        return
    folder = arguments.run

    def after_epoch(epoch, network, losses):
        save_losses(losses, folder)
        print(f"epoch {epoch}: loss {losses[-1]:.4f}", flush=True)
        if epoch % 16 == 15:
            save_grid(network, folder / f"grid_{epoch:03d}.png", step=ddim_step, steps=50)
        for view in VIEWS:
            if epoch + 1 == max(1, (view + 1) * arguments.epochs // 32):
                save_checkpoint(network, folder / f"epoch_{view}.safetensors")

    torch.manual_seed(arguments.seed)
    sprites, labels = load_sprites("train")
    network = Unet(n_cfeat=len(CLASSES))
    network.classes = CLASSES
    settings = {**SETTINGS, "mixed_precision": arguments.precision, "seed": arguments.seed}
    first = {"epochs": arguments.epochs, "folder": folder, "after_epoch": after_epoch}
    losses = train(network, sprites, labels, **settings, **first)
    teacher = Pushed(copy.deepcopy(network), load_checkpoint(folder / "epoch_0.safetensors"))
    second = {
        "target": learn_from(teacher, network.schedule),
        "optimizer": partial(muon, lr=1e-3, muon_lr=5e-3),
        "epochs": max(1, arguments.epochs // 6),
        "folder": folder / "pushed",
        "after_epoch": lambda epoch, network, losses: print(f"pushed {epoch}: {losses[-1]:.5f}", flush=True),
    }
    train(network, sprites, labels, **settings | second)
    for view in VIEWS:
        with whole(WEIGHTS / f"epoch_{view}.safetensors") as path:
            shutil.copy(folder / f"epoch_{view}.safetensors", path)
    save_checkpoint(network, WEIGHTS / "model_trained.safetensors")
    save_losses(losses, WEIGHTS)
    save_grid(load_checkpoint(WEIGHTS / "model_trained.safetensors"), WEIGHTS / "samples.png")


if __name__ == "__main__":
    main()
