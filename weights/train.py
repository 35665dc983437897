"""Train the network that the labs sample from: `python weights/train.py`, or `accelerate launch weights/train.py`.

The course's settings (T = 500, batches of 100, a rate that falls linearly from 1e-3, contexts dropped with probability
0.1) on the sprites in data/train, with shifted and tinted copies and an average of the weights; but Muon for Adam.

Follow it in the run's folder: loss.csv and, every sixteen epochs, grid_NNN.png. Stop it with Ctrl-C whenever you like:
the same command goes on after the last whole epoch. At the end it writes model_trained.safetensors, loss.csv, loss.png
and samples.png beside this file, and the views for Lab 2: the course's run has 32 epochs, and model_0, model_4 and
model_8 are the network after as large a part of ours as the course has done after its epochs 0, 4 and 8.
"""

import argparse
import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from PIL import Image

from diffusion_utilities import (
    HERE,
    WEIGHTS,
    ContextUnet,
    ddim_step,
    load_checkpoint,
    load_sprites,
    sample,
    save_checkpoint,
    tile,
    train,
)

TRAINED = WEIGHTS / "model_trained.safetensors"
VIEWS = 0, 4, 8  # of the course's 32 epochs


def save_grid(network, path, **how):
    """Draw 64 unconditional samples, not chosen, and write them as a PNG, each pixel four times as wide."""
    sprites, _ = sample(network, 64, seed=0, save_rate=None, **how)
    Image.fromarray(tile(sprites, columns=16).repeat(4, 0).repeat(4, 1)).save(path, optimize=True)


def save_losses(losses, folder):
    """Write the mean loss of each epoch as loss.csv and loss.png."""
    rows = "".join(f"{epoch},{loss:.6f}\n" for epoch, loss in enumerate(losses))
    (folder / "loss.csv").write_text("epoch,loss\n" + rows)
    fig, axis = plt.subplots(figsize=(6, 3))
    axis.plot(losses)
    axis.set(xlabel="epoch", ylabel="mean squared error of the noise", yscale="log")
    fig.tight_layout()
    fig.savefig(folder / "loss.png", dpi=100)
    plt.close(fig)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=128, help="passes over the 13,000 sprites, 130 steps each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=["no", "bf16", "fp16"], default="bf16")
    parser.add_argument("--run", type=Path, default=HERE / "runs" / "train", help="folder of the unfinished run")
    parser.add_argument(
        "--pth", metavar="FOLDER", type=Path, help="do not train: write the weights for the course's notebooks"
    )
    arguments = parser.parse_args()
    if arguments.pth:
        save_checkpoint(load_checkpoint(TRAINED), arguments.pth / "model_trained.pth")
        return

    def after_epoch(epoch, network, losses):
        save_losses(losses, arguments.run)
        print(f"epoch {epoch}: loss {losses[-1]:.4f}", flush=True)
        if epoch % 16 == 15:
            save_grid(network, arguments.run / f"grid_{epoch:03d}.png", step=ddim_step, steps=50)
        for view in VIEWS:
            if epoch + 1 == max(1, (view + 1) * arguments.epochs // 32):
                save_checkpoint(network, arguments.run / f"model_{view}.safetensors")

    torch.manual_seed(arguments.seed)
    network = ContextUnet()
    losses = train(
        network,
        *load_sprites("train"),
        epochs=arguments.epochs,
        optimizer="muon",
        mixed_precision=arguments.precision,
        seed=arguments.seed,
        folder=arguments.run,
        after_epoch=after_epoch,
    )
    save_checkpoint(network, TRAINED)
    for view in VIEWS:
        shutil.copy(arguments.run / f"model_{view}.safetensors", WEIGHTS)
    save_losses(losses, WEIGHTS)
    save_grid(load_checkpoint(TRAINED), WEIGHTS / "samples.png")


if __name__ == "__main__":
    main()
