"""Your own sprites: a network that draws more of what a collection holds, and changes what you have.

palette    Palette, turned, fitting_hues
network    begin, seconds_a_step, vary, teach, Diary
drawing    each_in_turn, draw, variants, repaint, repaint_step, recolour, between
looking    copies

`weights/own.py` is the command over these functions, Lab 9 the lesson. Sprites are uint8 (N, S, S, 4): red, green, blue
and opacity, as `collect` in collection.py gives them. The network sees them in three colours on a ground that none of
them has, so all that the labs can do with a `Unet` can be done with it. Papers:

- SDEdit: Meng, He, Song, Song, Wu, Zhu, Ermon, "SDEdit: Guided Image Synthesis and Editing with Stochastic Differential
  Equations", 2021, https://arxiv.org/abs/2108.01073
- RePaint: Lugmayr, Danelljan, Romero, Yu, Timofte, Van Gool, "RePaint: Inpainting using Denoising Diffusion
  Probabilistic Models", 2022, https://arxiv.org/abs/2201.09865
"""

import copy
import warnings
from functools import partial
from itertools import product
from pathlib import Path
from time import monotonic

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.colors import hsv_to_rgb, rgb_to_hsv
from PIL import Image
from torch.nn.functional import avg_pool2d, interpolate

from collection import on_a_checkerboard
from diffusion_utilities import (
    TILE,
    WEIGHTS,
    NoiseSchedule,
    Unet,
    augment,
    ddim_step,
    ddpm_step,
    load_checkpoint,
    middle,
    muon,
    sample,
    show_sprites,
    to_uint8,
    train,
    transform,
    uniform,
)
from keeping import whole
from player import in_a_notebook, picture
from scoring import nearest

BATCH = 64
EPOCH = 2_048  # pictures that are shown in an epoch, however few there are: each comes in many places
STEPS = 50  # of drawing
FREE = 64  # how far the ground is to be from each colour, in bytes
SHARP = partial(ddpm_step, posterior=True)  # with the least noise, which is good for few steps

# --------------------------------------------------------------------------------------------------------- palette


class Palette:
    """The colours of a set of sprites, and the ground on which a network of three channels sees them.

    colours: red, green, blue and opacity, uint8 (K, 4). most: how many of them a sprite has at most.
    `ground`, (3,), is a colour far from all of them: white if it can be, which the labs' network knows, else a corner
    of the cube of colours (`begin` says why), else any.
    """

    def __init__(self, colours, most):
        self.colours, self.most = np.asarray(colours, np.uint8).reshape(-1, 4), int(most)
        grounds = np.array(list(product((255, 0, 64, 128, 191), repeat=3)))  # white first
        opaque = self.colours[self.colours[:, 3] > 0]
        free = np.array([np.linalg.norm(laid(opaque, one) - one, axis=1).min(initial=np.inf) for one in grounds])
        corners = (grounds % 255 == 0).all(axis=1)
        best = np.where(corners, free, -1).argmax()
        best = best if free[best] >= FREE else free.argmax()
        self.ground = grounds[0 if free[0] >= FREE or (self.colours[:, 3] == 255).all() else best]

    @classmethod
    def of(cls, sprites):
        """The palette of sprites, uint8 (N, S, S, 4)."""
        colours = np.unique(sprites.reshape(-1, 4), axis=0)
        return cls(colours, max(len(np.unique(sprite.reshape(-1, 4), axis=0)) for sprite in sprites))

    def encode(self, sprites):
        """Sprites, uint8 (N, S, S, 4), as a network sees them: on the ground, uint8 (N, S, S, 3)."""
        return laid(sprites, self.ground)

    def decode(self, x):
        """Pictures (N, 3, S, S) in [-1, 1] as sprites, uint8 (N, S, S, 4), in exactly these colours.

        Each pixel gets the nearest colour. No sprite gets more colours than `most`: those that serve it best.
        """
        seen = torch.from_numpy(self.encode(self.colours)).float()
        sprites = []
        for pixels in torch.from_numpy(to_uint8(x)).flatten(1, 2).float():  # (S * S, 3)
            far = torch.cdist(pixels, seen).square()  # (S * S, K)
            some = far.argmin(dim=1).unique()
            if len(some) > self.most:
                some = some[_best(far[:, some], self.most)]
            sprites.append(self.colours[some[far[:, some].argmin(dim=1)]])
        return np.stack(sprites).reshape(len(x), *x.shape[2:], 4)


def laid(sprites, ground):
    """Colours with an opacity, uint8 (..., 4), laid on a ground, (3,) or one for each: uint8 (..., 3)."""
    opacity = sprites[..., 3:] / 255
    return (sprites[..., :3] * opacity + np.asarray(ground) * (1 - opacity)).round().astype(np.uint8)


def _best(far, most):
    """Which columns of squared distances (P, K) to keep: the one that is missed least goes, until so many are left."""
    kept = torch.arange(far.shape[1])
    while len(kept) > most:
        (first, second), (which, _) = (part.T for part in far[:, kept].topk(2, largest=False))
        missed = torch.zeros(len(kept)).index_add(0, which, second - first)
        kept = kept[torch.arange(len(kept)) != missed.argmin()]
    return kept


def turned(sprites, degrees):
    """Sprites, uint8 (N, S, S, 4), with every hue turned by so many degrees."""
    hsv = rgb_to_hsv(sprites[..., :3] / 255)
    hsv[..., 0] = (hsv[..., 0] + degrees / 360) % 1
    return np.concatenate([(hsv_to_rgb(hsv) * 255).round().astype(np.uint8), sprites[..., 3:]], axis=-1)


def fitting_hues(palette, near=40):
    """By how many degrees, of 30, 60 ... 330, all hues can be turned so that the colours stay in a palette.

    So they do where at most one in twenty ends further than `near`, in steps of 256, from every colour of the palette.
    """
    colours = palette.colours[palette.colours[:, 3] > 0]
    own = torch.from_numpy(colours[:, :3]).float()
    far = {
        degrees: torch.cdist(torch.from_numpy(turned(colours, degrees)[:, :3]).float(), own).amin(dim=1)
        for degrees in range(30, 360, 30)
    }
    return [degrees for degrees, distances in far.items() if 20 * (distances > near).sum() <= len(colours)]


# --------------------------------------------------------------------------------------------------------- network


def begin(palette, size, n_classes=0, fresh=None, made_from="", seed=0):
    """A network for sprites of this palette and size: one that knows the labs' sprites, or one that knows nothing.

    size: height and width in pixels, a multiple of 4. fresh: True for the one that knows nothing; left out, that one
    for other sizes than the labs' 16 x 16, where what it knows pays in short trainings alone (weights/own_scores.csv).
    made_from: whose pictures it will learn from, in words; it is kept with the network. seed: of what it knows not yet.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Unet(n_cfeat=n_classes, height=size)
    if not (size != TILE if fresh is None else fresh):
        known = load_checkpoint(WEIGHTS / "model_trained.safetensors").state_dict()
        known = {name: weights for name, weights in known.items() if not name.startswith("contextembed")}
        for name in ("whole.to_vec.weight", "whole.to_map.weight"):
            known[name] = avg_pool2d(interpolate(known[name], scale_factor=size // 4), 4)  # all add up as before
        known["whole.to_vec.weight"] *= (TILE / size) ** 2  # it sums over so many more places
        sign = torch.tensor(palette.ground > 127).float().reshape(3, 1, 1) * 2 - 1  # where the ground is dark, it is
        known["first.weight"] *= sign  # shown the negative, so that it sees the white ground that it knows; that is
        known["last.2.weight"] *= sign[..., None]  # exact in the corners, as the negative of noise is noise
        known["last.2.bias"] *= sign.flatten()
        network.load_state_dict(known, strict=False)
    network.schedule = NoiseSchedule()
    network.own = {"colours": palette.colours.tolist(), "most": palette.most, "made_from": made_from}
    return network


def palette_of(network):
    """The palette that a network was made for. ValueError if it was made for none."""
    own = getattr(network, "own", None)
    if not own:
        raise ValueError("the network has no palette; `begin` makes one that has, and `teach` teaches it")
    return Palette(own["colours"], own["most"])


def vary(sprites, n, mirror=False, hues=(), seed=0):
    """So many sprites out of fewer: each comes as often as the others, moved by up to a pixel, where there is room.

    sprites: uint8 (N, S, S, 4). mirror: mirror half of them. hues: degrees by one of which each may be turned.
    Returns them, uint8 (n, S, S, 4), and which of the given each one was made of, (n,).
    """
    generator = torch.Generator().manual_seed(seed)
    which = torch.cat([torch.randperm(len(sprites), generator=generator) for _ in range(-(-n // len(sprites)))])[:n]
    varied = sprites[which.numpy()]
    if mirror:
        other = (torch.rand(n, generator=generator) < 0.5).numpy()
        varied[other] = varied[other, :, ::-1]
    chosen = torch.randint(len(hues) + 1, (n,), generator=generator).numpy()
    for number, degrees in enumerate(hues, 1):
        varied[chosen == number] = turned(varied[chosen == number], degrees)
    figure = torch.from_numpy(varied[..., 3] > 0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "augment finds no ground")  # then nothing is moved
        moved = augment(transform(varied), generator, tint=0, figure=None if figure.all() else figure)
    return to_uint8(moved), which


def seconds_a_step(network, sprites, optimizer=muon):
    """How long a step of training takes on this machine, measured on a copy of the network: some seconds' work."""
    batch, seconds = np.resize(sprites, (BATCH, *sprites.shape[1:])), 0.0
    for _ in range(2):  # the first one also sets up
        started = monotonic()
        train(
            copy.deepcopy(network),
            np.tile(batch, (2, 1, 1, 1)),
            None,
            optimizer=optimizer,
            epochs=1,
            batch_size=BATCH,
            augmented=False,
            progress=False,
        )
        seconds = (monotonic() - started) / 2
    return seconds


def teach(network, sprites, labels, *, epochs=30, more=vary, seed=0, **settings):
    """Teach a network sprites, uint8 (N, S, S, 4), with labels (N, K): the labs' `train`, with many copies of each.

    more: how one comes to so many, called as more(sprites, n, seed=seed): `vary`, a partial of it, or `enlarged`.
    settings: of `train`, as folder, after_epoch or optimizer. Returns the mean loss of each epoch of 2,048 pictures.
    """
    many, which = more(sprites, max(EPOCH, len(sprites)), seed=seed)
    usual = {"optimizer": muon, "levels": middle, "drop": 0.2, "batch_size": BATCH, "augmented": False, "seed": seed}
    encoded = palette_of(network).encode(many)
    return train(network, encoded, labels[which.numpy()], epochs=epochs, **usual | settings)


def enlarged(sprites, n, seed=0):
    """So many sprites out of fewer, as photographs are treated: enlarged to 80 x 80, and parts of that made 64 x 64.

    That stretches and crops, which is wrong for pixel art: only with `PHOTOS`, to compare.
    """
    from torchvision.transforms import RandomResizedCrop

    crop, which = RandomResizedCrop(64, scale=(0.8, 1.0)), torch.arange(n) % len(sprites)
    wide = [Image.fromarray(sprite).resize((80, 80), Image.Resampling.BILINEAR) for sprite in sprites]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return np.stack([crop(wide[i]) for i in which.tolist()]), which


PHOTOS = {  # how Diffusion-Models-pytorch by dome272 learns photographs: teach(..., more=enlarged, **PHOTOS)
    "schedule": NoiseSchedule.linear(1000),
    "optimizer": lambda network: torch.optim.AdamW(network.parameters(), 3e-4),
    "rate": lambda part: 1.0,
    "levels": uniform,
    "drop": 0.1,
}


def each_in_turn(network, n):
    """Contexts that ask for each class in turn, (n, K); None without classes."""
    return torch.eye(network.n_cfeat)[torch.arange(n) % network.n_cfeat] if network.n_cfeat else None


class Diary:
    """What a training says after each epoch: give it to `teach` as after_epoch.

    epochs: how many there will be. folder: where loss.csv and grid.png go, if anywhere. tensorboard: True to write both
    for TensorBoard, too, in tensorboard there, or in runs. In a notebook samples and loss are shown, in one place;
    in a terminal a line is printed.
    """

    def __init__(self, epochs, folder=None, tensorboard=False):
        self.epochs, self.folder, self.writer = epochs, folder and Path(folder), None
        self.begun, self.done, self.handles = monotonic(), 0, None
        if tensorboard:
            self.writer = _tensorboard(Path(folder or "runs") / "tensorboard")

    def __call__(self, epoch, network, losses):
        self.done += 1
        left = (monotonic() - self.begun) / self.done * (self.epochs - epoch - 1) / 60
        waiting = f", {left:.1f} min left" if self.done > 1 else ""  # the first may be one that was done before a stop
        drawn = draw(network, 16, steps=20, step=ddim_step, context=each_in_turn(network, 16), seed=0)
        said = f"epoch {epoch + 1} of {self.epochs}, loss {losses[-1]:.4f}{waiting}"
        samples = checkered(drawn, title=said)
        if self.folder:
            samples.save(self.folder / "grid.png")
            with whole(self.folder / "loss.csv") as path:
                rows = "".join(f"{number},{loss:.6f}\n" for number, loss in enumerate(losses))
                path.write_text("epoch,loss\n" + rows, encoding="utf-8")
        if self.writer:
            self.writer.add_scalar("loss", losses[-1], epoch)
            self.writer.add_image("samples", samples.pixels, epoch, dataformats="HWC")
            self.writer.flush()
        if in_a_notebook():
            self._show(samples, _curve(losses, self.epochs))
        else:
            print(said, flush=True)

    def _show(self, *pictures):
        from IPython.display import display

        self.handles = self.handles or [display(None, display_id=True) for _ in pictures]
        for handle, shown in zip(self.handles, pictures, strict=True):
            handle.update(shown)


def _tensorboard(folder):
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ValueError('TensorBoard is not installed: pip install -e ".[tensorboard]"') from error
    return SummaryWriter(folder)


def _curve(losses, epochs):
    """The loss so far."""
    fig, axis = plt.subplots(figsize=(6, 2))
    axis.plot(range(1, len(losses) + 1), losses, marker="." if len(losses) < 20 else "")
    axis.set(xlabel="epoch", ylabel="loss", yscale="log", xlim=(0, epochs))
    return picture(fig, f"loss after {len(losses)} epochs: {losses[-1]:.4f}")


# --------------------------------------------------------------------------------------------------------- drawing


def draw(network, n, *, step=SHARP, steps=STEPS, frames=False, **how):
    """Draw sprites in the palette that a network was made for: uint8 (n, S, S, 4). how: as in `sample`.

    frames: True to return also how they came out of the noise, (F, n, 3, S, S), for an `Animation`, on white.
    """
    palette, schedule = palette_of(network), how.get("schedule") or network.schedule
    steps = None if how.get("times") else min(steps, schedule.timesteps)
    usual = {"save_rate": 20 if frames else None, "progress": False}
    x, kept = sample(network, n, step=step, steps=steps, **usual | how)
    sprites = palette.decode(x)
    if not frames:
        return sprites
    ground = torch.tensor(palette.ground / 127.5 - 1).float().reshape(3, 1, 1)
    near = (-(kept - ground).square().sum(dim=2, keepdim=True) / 0.1).exp()  # to the ground: 1 where it is the ground
    kept = kept + near * (1 - ground)
    kept[-1] = transform(laid(sprites, (255, 255, 255)))
    return sprites, kept


def _from(network, x0, strength, n, seed):
    """Where drawing from pictures x0, (1 or n, 3, S, S), begins: noised to t = strength T, and the times from there."""
    if not 0 < strength <= 1:
        raise ValueError(f"strength is {strength}; expected above 0, nothing changes, up to 1, all is new")
    schedule = network.schedule
    t = max(1, round(strength * schedule.timesteps))
    eps = torch.randn(n, *x0.shape[1:], generator=torch.Generator().manual_seed(seed))
    times = np.linspace(t, 0, min(t, STEPS) + 1).round().astype(int).tolist()
    x0, eps = (part.to(schedule.alpha_bar.device) for part in (x0, eps))
    return {"start": schedule.perturb(x0, torch.tensor(t), eps), "times": times, "seed": seed}


def _seen(network, sprites):
    """Sprites, uint8 (N, S, S, 4), as the network sees them, (N, 3, S, S) in [-1, 1]."""
    if sprites.shape[1:] != (network.h, network.h, 4):
        raise ValueError(f"sprites have shape {sprites.shape}; this network is for (N, {network.h}, {network.h}, 4)")
    return transform(palette_of(network).encode(sprites))


def variants(network, sprite, strength=0.5, n=8, *, seed=0, **how):
    """A sprite, uint8 (S, S, 4), drawn again n times from t = strength T on (SDEdit, section 3): (n, S, S, 4)."""
    return draw(network, n, **_from(network, _seen(network, sprite[None]), strength, n, seed), **how)


def recolour(network, sprite, degrees, strength=0.2, n=8, *, seed=0, **how):
    """A sprite, uint8 (S, S, 4), with its hues turned by so many degrees, then drawn again from t = strength T on."""
    return variants(network, turned(sprite, degrees), strength, n, seed=seed, **how)


def between(network, one, other, strength=0.6, n=7, *, seed=0, **how):
    """Sprites from one to another, uint8 (S, S, 4) each: both noised alike to t = strength T, mixed there, and drawn.

    DDPM, section 4.3. Returns (n, S, S, 4). The noise is one, and DDIM adds none, so that they change step by step.
    """
    ends = _seen(network, np.stack([one, other]))
    share = torch.linspace(0, 1, n).reshape(-1, 1, 1, 1)
    begun = _from(network, ends[:1].lerp(ends[1:], share), strength, 1, seed)
    return draw(network, n, **{"step": ddim_step, **begun, **how})


def repaint(network, sprite, mask, n=8, *, again=5, seed=0, **how):
    """A sprite, uint8 (S, S, 4), with the part drawn anew where mask, bool (S, S), is True: (n, S, S, 4)."""
    mask = torch.as_tensor(mask)
    if mask.dtype != torch.bool or mask.shape != sprite.shape[:2]:
        raise ValueError(f"mask is {mask.dtype} {tuple(mask.shape)}; expected bool {sprite.shape[:2]}, one a pixel")
    step = partial(repaint_step, known=_seen(network, sprite[None]), mask=mask, again=again)
    drawn = draw(network, n, step=step, seed=seed, **how)
    return np.where(mask.numpy()[..., None], drawn, sprite)


def repaint_step(xt, t, t_prev, predict, schedule, generator=None, *, known, mask, again=5, step=SHARP):
    """One step that draws where mask is True, and elsewhere keeps what is known (RePaint, Algorithm 1).

    known: clean pictures, (1 or N, 3, H, W). mask: bool, (H, W). again: how many times the step is taken: between, the
    noise is added again, so that the two parts come to fit each other. step: the rule for the part that is drawn.
    """
    alpha = schedule.alpha_bar[t] / schedule.alpha_bar[t_prev]
    for left in reversed(range(again if t_prev else 1)):
        drawn = step(xt, t, t_prev, predict, schedule, generator)
        eps = torch.randn(xt.shape, generator=generator, device=xt.device)
        kept = schedule.perturb(known.to(xt).expand_as(xt), torch.tensor(t_prev), eps)
        x = torch.where(mask.to(xt.device), drawn, kept)
        if left:
            eps = torch.randn(xt.shape, generator=generator, device=xt.device)
            xt = alpha.sqrt() * x + (1 - alpha).sqrt() * eps
    return x


# --------------------------------------------------------------------------------------------------------- looking


def checkered(sprites, columns=None, titles=None, title=None):
    """A `Picture` of sprites, uint8 (N, S, S, 4), enlarged on a checkerboard; the rest as in `show_sprites`."""
    size = sprites.shape[1]
    scale = 4 if size <= 24 else 3 if size <= 40 else 2
    shown = transform(on_a_checkerboard(sprites))
    return show_sprites(shown, columns or 720 // (scale * (size + 1)), titles, title, scale)


def copies(drawn, own, palette, mirror=False):
    """Which of your own sprites each drawn one is nearest to, and whether it is a copy of it.

    drawn, own: uint8 (N, S, S, 4) and (M, S, S, 4). mirror: whether they were also learned from mirrored.
    A copy is as near to one of yours as only one in a hundred of yours is to another. Returns which, (N,), and
    copied, bool (N,).
    """
    white = torch.tensor(1 - palette.ground / 255).float().reshape(3, 1, 1) * 2  # `nearest` takes the ground for white
    drawn, seen = (transform(palette.encode(sprites)) + white for sprites in (drawn, own))
    others = seen[np.sort(np.unique(own, axis=0, return_index=True)[1])]  # without those that you have twice
    some = range(0, len(others), -(-len(others) // 200)) if len(others) > 1 else ()  # at most 200, from all over
    usual = [nearest(others[i : i + 1], others[torch.arange(len(others)) != i])[0] for i in some]
    limit = torch.cat(usual).quantile(0.01).clamp(min=0.01) if usual else 0.01
    distances, which = nearest(drawn, torch.cat([seen, seen.flip(3)]) if mirror else seen)
    return (which % len(own)).numpy(), (distances <= limit).numpy()
