"""Train the two judges, which score sprites: `python weights/judges.py`, half a minute each on two cores.

The first learns to name the kinds of the train sprites (slime, apple, bolt ...), the second their classes, from other
random weights and in another order; both see them moved, tinted and with a little noise on them. They are written to
judge.safetensors and judge2.safetensors beside this file. `--only judge2` trains the second alone, which changes
nothing: each begins with a seed of its own.
"""

import argparse
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from diffusion_utilities import CLASSES, HERE, WEIGHTS, augment, load_sprites, transform
from keeping import whole
from player import bar
from scoring import JUDGES, Judge, SecondJudge

sys.path.insert(0, str(HERE / "data"))
from make_sprites import KINDS  # the kinds of each class, in the order of its sheet

# The second is to see small faults. It sees fewer of them after a rate that falls, and with smoothed labels.
SETTINGS = {
    Judge: {"seed": 0, "falling_rate": True, "label_smoothing": 0.05},
    SecondJudge: {"seed": 1, "falling_rate": False, "label_smoothing": 0},
}


def kinds_of(labels):
    """The kind of each sprite, (N,), and the class of each kind, (kinds,): kinds share a sheet equally, in order."""
    kinds, class_of_kind = torch.zeros(len(labels), dtype=torch.long), []
    for number, name in enumerate(CLASSES):
        for share in np.array_split(np.flatnonzero(labels[:, number]), len(KINDS[name])):
            kinds[share] = len(class_of_kind)
            class_of_kind.append(number)
    return kinds, torch.tensor(class_of_kind)


def classes_of(labels):
    """As `kinds_of`, with the five classes in place of the kinds."""
    return torch.as_tensor(labels).argmax(dim=1), torch.arange(len(CLASSES))


def accuracy(judge, x, labels):
    """How often the judge is right about the class."""
    with torch.inference_mode():
        seen = torch.cat([judge.classes(part).argmax(dim=1) for part in x.split(500)])
    return (seen == torch.as_tensor(labels).argmax(dim=1)).float().mean().item()


def trained(build, seed, falling_rate, label_smoothing, epochs=8, batch_size=128, lr=4e-3):
    """A judge of this class, trained on all train sprites, in eval mode."""
    torch.manual_seed(seed)
    sprites, labels = load_sprites("train")
    x, (kinds, class_of_kind) = transform(sprites), (kinds_of if build is Judge else classes_of)(labels)
    judge = build(len(class_of_kind)).to(memory_format=torch.channels_last)
    judge.class_of_kind.copy_(class_of_kind)
    optimizer = torch.optim.AdamW(judge.parameters(), lr)
    steps = epochs * (len(x) // batch_size)
    if falling_rate:
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    else:
        schedule = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1)
    for step in bar(range(steps), "steps"):
        if step % (len(x) // batch_size) == 0:
            order = torch.randperm(len(x)).split(batch_size)
        batch = order[step % (len(x) // batch_size)]
        noisy = augment(x[batch])
        noisy = noisy + 0.1 * torch.rand(len(batch), 1, 1, 1) * torch.randn(noisy.shape)
        logits = judge(noisy.contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits, kinds[batch], label_smoothing=label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return judge.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=["judge" + number for number in JUDGES], help="train one judge")
    only = parser.parse_args().only
    sprites, labels = load_sprites("test")
    for number, build in JUDGES.items():
        if only in (None, "judge" + number):
            judge = trained(build, **SETTINGS[build])
            right = accuracy(judge, transform(sprites), labels)
            print(f"judge{number}: {right:.2%} of the test sprites in the right class")
            state = {name: value.contiguous() for name, value in judge.state_dict().items()}
            with whole(WEIGHTS / build.file) as path:
                save_file(state, path)


if __name__ == "__main__":
    main()
