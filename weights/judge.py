"""Train the judge, which scores sprites: `python weights/judge.py`, half a minute on two cores.

It learns to name the kinds of the train sprites (slime, apple, bolt ...), moved, tinted and with a little noise on
them, and writes judge.safetensors beside this file.
"""

import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from tqdm import tqdm

from diffusion_utilities import CLASSES, HERE, WEIGHTS, augment, load_sprites, transform
from scoring import Judge

sys.path.insert(0, str(HERE / "data"))
from make_sprites import KINDS  # the kinds of each class, in the order of its sheet


def kinds_of(labels):
    """The kind of each sprite, (N,), and the class of each kind, (kinds,): kinds share a sheet equally, in order."""
    kinds, class_of_kind = torch.zeros(len(labels), dtype=torch.long), []
    for number, name in enumerate(CLASSES):
        for share in np.array_split(np.flatnonzero(labels[:, number]), len(KINDS[name])):
            kinds[share] = len(class_of_kind)
            class_of_kind.append(number)
    return kinds, torch.tensor(class_of_kind)


def accuracy(judge, x, labels):
    """How often the judge is right about the class."""
    with torch.inference_mode():
        seen = torch.cat([judge.classes(part).argmax(dim=1) for part in x.split(500)])
    return (seen == torch.as_tensor(labels).argmax(dim=1)).float().mean().item()


def main(epochs=8, batch_size=128):
    torch.manual_seed(0)
    sprites, labels = load_sprites("train")
    x, (kinds, class_of_kind) = transform(sprites), kinds_of(labels)
    judge = Judge(len(class_of_kind)).to(memory_format=torch.channels_last)
    judge.class_of_kind.copy_(class_of_kind)
    optimizer = torch.optim.AdamW(judge.parameters())
    steps = epochs * (len(x) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    for step in tqdm(range(steps)):
        if step % (len(x) // batch_size) == 0:
            order = torch.randperm(len(x)).split(batch_size)
        batch = order[step % (len(x) // batch_size)]
        noisy = augment(x[batch])
        noisy = noisy + 0.1 * torch.rand(len(batch), 1, 1, 1) * torch.randn(noisy.shape)
        logits = judge(noisy.contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits, kinds[batch], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    sprites, labels = load_sprites("test")
    print(f"test sprites in the right class: {accuracy(judge.eval(), transform(sprites), labels):.2%}")
    save_file({name: value.contiguous() for name, value in judge.state_dict().items()}, WEIGHTS / "judge.safetensors")


if __name__ == "__main__":
    main()
