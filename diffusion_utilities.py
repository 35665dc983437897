"""Diffusion models on sprites: what the labs share, in the order in which the data flows.

sprites         load_sprites, cut_sheet, transform, to_uint8, augment
network         ChannelNorm, Block, Whole, Unet, waves, pick_device
noise schedule  NoiseSchedule
training        train, uniform, middle, drop_context, adam, muon
sampling        predict, guesses, ddpm_step, ddim_step, sample
pictures        tile, show_sprites, Animation, bar
the course's    ResidualConvBlock, UnetDown, UnetUp, EmbedFC, ContextUnet, CustomDataset, plot_sample, plot_grid, unorm,
                norm_all, norm_torch, gen_tst_context

Beside it: gate.py checks what comes in; keeping.py keeps trainings and networks on disk (save_checkpoint and
load_checkpoint come from there); sheets.py cuts sprite sheets; player.py shows pictures; scoring.py measures them.

Pictures are float32 tensors of shape (N, 3, H, W) with values in [-1, 1]; on disk they are uint8 (N, H, W, 3).
Time steps run from 1 (almost clean) to T (almost pure noise); the network is told t/T. Papers:

- DDPM: Ho, Jain, Abbeel, "Denoising Diffusion Probabilistic Models", 2020, https://arxiv.org/abs/2006.11239
- DDIM: Song, Meng, Ermon, "Denoising Diffusion Implicit Models", 2021, https://arxiv.org/abs/2010.02502
"""

import os
import secrets
import warnings
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt  # noqa: F401, the course's notebooks find it here
import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

import gate
from keeping import Run, described, load_checkpoint, save_checkpoint, whole  # noqa: F401, here they are looked for
from player import Animation, Picture, bar, sheet
from sheets import CLASSES, TILE, cut_sheet, load_sprites, pixels  # noqa: F401

HERE = Path(__file__).resolve().parent
WEIGHTS = HERE / "weights"

# --------------------------------------------------------------------------------------------------------- sprites


def transform(sprites):
    """Scale pictures from bytes to [-1, 1] and put the channels first.

    sprites: uint8 (..., H, W, C), array or tensor, or a PIL picture, or a list of such. Returns a float32 tensor
    (..., C, H, W). Nothing is augmented here. ValueError for other numbers: bytes and [-1, 1] must not be mixed up.
    """
    if isinstance(sprites, (list, tuple)):
        return gate.of_one_size([transform(sprite) for sprite in sprites])
    if isinstance(sprites, Image.Image):
        sprites = pixels(sprites)
    sprites = gate.bytes_of(sprites)
    return (sprites.float() / 127.5 - 1).movedim(-1, -3).contiguous()


def to_uint8(x):
    """Undo `transform`: (..., 3, H, W), clipped to [-1, 1], to an array, uint8 (..., H, W, 3). ValueError for bytes."""
    x = gate.numbers_of(x).float().cpu()
    return ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).movedim(-3, -1).numpy()


def augment(x, generator=None, tint=0.05, figure=None):
    """Move each picture by up to a pixel and tint its ground: new pictures of the same thing.

    x: (N, C, H, W) in [-1, 1]. figure: where something is drawn, bool (N, H, W); left out, all that has not the colour
    which is the most frequent one on a picture's rim, if a third of it has that colour. A move that would cut a figure
    off is not made. tint: how much smaller each of the ground's colours may get, as a part of it. Returns (N, C, H, W).
    The course's data set holds each drawing 50 times, varied so. Warns if most of the pictures have no such ground.
    """
    gate.pictures(x=x), gate.shares(tint=tint)
    x = gate.tensor(x)
    n, channels = x.shape[:2]
    rim = torch.cat((x[:, :, 0], x[:, :, -1], x[:, :, 1:-1, 0], x[:, :, 1:-1, -1]), dim=2)  # (N, C, R)
    codes = torch.einsum("ncr,c->nr", rim.double(), 1e3 ** torch.arange(channels, device=x.device).double())
    most, where = codes.mode(dim=1)  # a number for each colour; the one that comes most often
    colour = rim.gather(2, where[:, None, None].expand(-1, channels, 1))[..., None]
    if figure is None:
        often = (codes == most[:, None]).double().mean(dim=1) > 1 / 3
        ground = (x == colour).all(dim=1) & often[:, None, None]  # (N, H, W)
    else:
        ground = ~gate.figures(figure, x)
    if 2 * ground.flatten(1).any(dim=1).sum() < n:
        none = "augment finds no ground in most pictures: no colour is on a third of the rim"
        warnings.warn(f"{none}. If they have none, train with augmented=False", stacklevel=2)
    shade = 1 - tint * torch.rand(n, channels, 1, 1, generator=generator, device=x.device)
    shade[:, 3:] = 1  # how much can be seen through is no colour
    x = torch.where(ground[:, None], x * shade, x)
    rows = _shifts(ground.all(dim=2), generator)  # (N, H): which row comes to stand here
    columns = _shifts(ground.all(dim=1), generator)  # (N, W)
    each = torch.arange(n, device=x.device)[:, None, None]
    return x.movedim(1, -1)[each, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)


def _shifts(empty, generator):
    """Indices (N, L) that shift by -1, 0 or 1 around the edge, only where the line that wraps around is empty."""
    n, length = empty.shape
    shift = torch.randint(-1, 2, (n,), generator=generator, device=empty.device)
    blocked = torch.where(shift < 0, ~empty[:, 0], ~empty[:, -1])
    shift = torch.where(blocked, 0, shift)
    return (torch.arange(length, device=empty.device) - shift[:, None]) % length


# --------------------------------------------------------------------------------------------------------- network


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel: (N, C, H, W) -> the same shape."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut, told about time and context in between, as a scale and a shift.

    (N, in_channels, H, W) and (N, n_emb) -> (N, out_channels, H, W). Dhariwal and Nichol 2021, section 3.1,
    with layer norm for group norm. The last convolution starts at zero, so that at first only the shortcut counts.
    """

    def __init__(self, in_channels, out_channels, n_emb):
        super().__init__()
        self.norm1, self.norm2 = ChannelNorm(in_channels), ChannelNorm(out_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.scale_shift = nn.Linear(n_emb, 2 * out_channels)
        self.shortcut = nn.Identity() if in_channels == out_channels else nn.Conv2d(in_channels, out_channels, 1)
        for layer in (self.conv2, self.scale_shift):
            nn.init.zeros_(layer.weight), nn.init.zeros_(layer.bias)

    def forward(self, x, emb):
        scale, shift = self.scale_shift(emb)[:, :, None, None].chunk(2, dim=1)
        hidden = self.conv1(nn.functional.gelu(self.norm1(x)))
        hidden = self.norm2(hidden) * (1 + scale) + shift
        return self.shortcut(x) + self.conv2(nn.functional.gelu(hidden))


class Whole(nn.Module):
    """A fully connected network with one hidden layer over a whole map, beside a shortcut, told time and context.

    (N, channels, size, size) and (N, n_emb) -> the same map. Its two layers are written as the convolution, and the
    transposed one, that cover the map at once; the last starts at zero.
    """

    def __init__(self, channels, size, n_emb, n_hidden=64):
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.to_vec = nn.Conv2d(channels, n_hidden, size)
        self.shift = nn.Linear(n_emb, n_hidden)
        self.to_map = nn.ConvTranspose2d(n_hidden, channels, size)
        for layer in (self.shift, self.to_map):
            nn.init.zeros_(layer.weight), nn.init.zeros_(layer.bias)

    def forward(self, x, emb):
        hidden = self.to_vec(self.norm(x)) + self.shift(emb)[:, :, None, None]  # (N, n_hidden, 1, 1)
        return x + self.to_map(nn.functional.gelu(hidden))


class Unet(nn.Module):
    """The labs' U-Net: shrinks a noisy picture twice, looks at it as a whole, and grows it back, with skips across.

    in_channels: colours of a picture. n_feat, n_wide: channels at full size, and below. n_cfeat: width of a context.
    height: height and width of a picture in pixels, a multiple of 4, as it is halved twice, else ValueError.
    """

    predicts = "noise"  # see `guesses`

    @gate.without_classes()
    def __init__(self, in_channels=3, n_feat=48, n_wide=80, n_cfeat=5, height=TILE):
        super().__init__()
        self.arguments = gate.sizes(
            in_channels=in_channels, n_feat=n_feat, n_wide=n_wide, n_cfeat=n_cfeat, height=height
        )
        in_channels, f, w, n_cfeat, height = self.arguments.values()
        self.in_channels, self.n_cfeat, self.h, emb = in_channels, n_cfeat, height, 64

        self.timeembed = nn.Sequential(nn.Linear(64, emb), nn.GELU(), nn.Linear(emb, emb))
        self.contextembed = nn.Linear(n_cfeat, emb, bias=False)
        self.first = nn.Conv2d(in_channels, f, 3, padding=1)
        self.down1, self.shrink1 = Block(f, f, emb), nn.Conv2d(f, w, 2, 2)
        self.down2, self.shrink2 = Block(w, w, emb), nn.Conv2d(w, w, 2, 2)
        self.middle1, self.whole, self.middle2 = Block(w, w, emb), Whole(w, height // 4, emb), Block(w, w, emb)
        self.grow2, self.up2 = nn.ConvTranspose2d(w, w, 2, 2), Block(2 * w, w, emb)
        self.grow1, self.up1 = nn.ConvTranspose2d(w, f, 2, 2), Block(2 * f, f, emb)
        self.last = nn.Sequential(ChannelNorm(f), nn.GELU(), nn.Conv2d(f, in_channels, 3, padding=1))
        nn.init.zeros_(self.last[2].weight), nn.init.zeros_(self.last[2].bias)

    def forward(self, x, t, c=None):
        """Predict the noise.

        x: (N, in_channels, height, height). t: t/T in (0, 1], one number or N of them, in any shape.
        c: context (N, n_cfeat), or None for a context of zeros. Returns the shape of x.
        """
        t, c = gate.asked(self, x, t, c)
        emb = nn.functional.gelu(self.timeembed(waves(t)) + self.contextembed(c))  # (N, 64)

        full = self.down1(self.first(x), emb)  # (N, F, H, H)
        half = self.down2(self.shrink1(full), emb)  # (N, W, H/2, H/2)
        quarter = self.middle1(self.shrink2(half), emb)  # (N, W, H/4, H/4)
        quarter = self.middle2(self.whole(quarter, emb), emb)
        half = self.up2(torch.cat((self.grow2(quarter), half), dim=1), emb)
        full = self.up1(torch.cat((self.grow1(half), full), dim=1), emb)
        return x + self.last(full)  # where there is much noise, x is nearly all of it


def waves(t, n=64):
    """Time as sines and cosines of n / 2 frequencies (Vaswani et al. 2017, section 3.5): t/T, (N,) -> (N, n)."""
    phase = t[:, None] * torch.logspace(0, 2.7, n // 2, device=t.device)  # from 1 to some 500 radians
    return torch.cat((phase.sin(), phase.cos()), dim=1).to(t.dtype)


def pick_device(name=None):
    """The device to compute on: the one named, else CUDA, Apple's MPS or the CPU. RuntimeError if it is not there."""
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name is None:
        name = next(kind for kind in ("cuda", "mps", "cpu") if here[kind])
    if not here.get(str(name).split(":")[0], False):
        raise RuntimeError(f"device {name!r} is not there; this machine has: {', '.join(k for k in here if here[k])}")
    return torch.device(name)


# -------------------------------------------------------------------------------------------------- noise schedule


class NoiseSchedule(nn.Module):
    """How much of the picture, and how much noise, there is at each step: the tables beta, alpha and alpha_bar.

    alpha_bar: numbers for t = 0 ... T that fall from 1, the clean picture, to 0, pure noise, or to something above;
    left out, those of the course, `NoiseSchedule.linear()`. Else they make the rest (DDPM, sections 2 and 4):
    alpha_t = alpha_bar_t / alpha_bar_(t-1) and beta_t = 1 - alpha_t, with beta_0 = 0. ValueError if they do not fall.
    The tables, (T + 1,), are made in float64, kept in `dtype`, and move between devices together.
    """

    def __init__(self, alpha_bar=None, dtype=torch.float32):
        super().__init__()
        alpha_bar = _linear(500, 1e-4, 0.02) if alpha_bar is None else gate.tensor(alpha_bar, torch.float64)
        gate.falling(alpha_bar, dtype)
        self.timesteps = len(alpha_bar) - 1
        self.exact = alpha_bar.cpu()
        alpha = torch.cat((torch.ones(1), self.exact[1:] / self.exact[:-1]))
        for name, table in (("beta", 1 - alpha), ("alpha", alpha), ("alpha_bar", self.exact)):
            self.register_buffer(name, table.to(dtype), persistent=False)

    def _apply(self, move, recurse=True):
        """Move the tables to where the network moves, but keep their numbers when it is made half or double."""
        for name, table in self._buffers.items():
            self._buffers[name] = table.to(move(table).device)
        return self

    @classmethod
    def linear(cls, timesteps=500, beta1=1e-4, beta2=0.02, dtype=torch.float32):
        """beta rises in a straight line that would begin with beta1 at index 0, as in the course, to beta2 at T."""
        gate.counts(timesteps=timesteps)
        if not 0 < beta1 <= beta2 < 1:
            raise ValueError(f"beta1 = {beta1}, beta2 = {beta2}; expected 0 < beta1 <= beta2 < 1")
        return cls(_linear(timesteps, beta1, beta2), dtype)

    @classmethod
    def cosine(cls, timesteps=500, offset=0.008, dtype=torch.float32):
        """alpha_bar falls like a squared cosine, to pure noise (Nichol and Dhariwal 2021, equation 17).

        There is no picture left at T to subtract noise from, so a network has to predict "velocity" or "x0".
        """
        gate.counts(timesteps=timesteps)
        if not offset > 0:
            raise ValueError(f"offset is {offset}; expected a number above 0")
        angle = (torch.arange(timesteps + 1, dtype=torch.float64) / timesteps + offset) / (1 + offset) * torch.pi / 2
        alpha_bar = (angle.cos() / angle[0].cos()).square()
        alpha_bar[-1] = 0  # where rounding leaves 1e-33
        return cls(alpha_bar, dtype)

    def perturb(self, x0, t, eps):
        """Noise pictures to step t in one jump: sqrt(alpha_bar_t) x0 + sqrt(1 - alpha_bar_t) eps (DDPM, equation 4).

        x0, eps: (N, 3, H, W). t: whole numbers in 0 ... T, one or (N,). Returns xt, (N, 3, H, W).
        """
        gate.alike(x0=x0, eps=eps)
        signal, noise = self.signal_and_noise(t, x0)
        return signal * x0 + noise * eps

    def signal_and_noise(self, t, x):
        """sqrt(alpha_bar_t) and sqrt(1 - alpha_bar_t) for steps t, one or (N,), to multiply pictures like x with."""
        t = gate.time_steps(t, self.timesteps, len(x)).to(x.device)
        alpha_bar = self.alpha_bar[t].reshape(-1, *[1] * (x.ndim - 1))
        return alpha_bar.sqrt().to(x.dtype), (1 - alpha_bar).sqrt().to(x.dtype)

    def time_of(self, alpha_bar):
        """The time t/T, (N,), at which this schedule has the noise levels alpha_bar, (N,), between its steps, too.

        ValueError if a level lies outside those of t = 1 ... T.
        """
        angle, own = (gate.tensor(part, torch.float64).cpu().sqrt().acos() for part in (alpha_bar, self.exact))
        gate.levels(angle, own, self.exact, alpha_bar)
        steps = np.interp(angle, own, np.arange(self.timesteps + 1))
        return torch.from_numpy(steps) / self.timesteps


def _linear(timesteps, beta1, beta2):
    """alpha_bar for t = 0 ... T, float64, where beta rises in a straight line."""
    beta = torch.linspace(beta1, beta2, timesteps + 1, dtype=torch.float64)
    beta[0] = 0
    return (1 - beta).cumprod(dim=0)


# -------------------------------------------------------------------------------------------------------- training


def train(
    network,
    sprites,
    labels,
    *,
    epochs=32,
    batch_size=100,
    optimizer=None,
    rate=None,
    schedule=None,
    levels=None,
    drop=0.1,
    ema_decay=0.999,
    augmented=True,
    target=None,
    mixed_precision="no",
    seed=0,
    folder=None,
    resume=True,
    after_epoch=None,
    progress=True,
):
    """Train a network to see the noise in noisy sprites (DDPM, Algorithm 1).

    network: a `Unet`, or what is called alike and has in_channels, h (the height) and n_cfeat; trained in place, and at
    the end given the averaged weights.
    sprites: uint8 (N, H, W, C). labels: (N, n_cfeat) in [0, 1], or N class numbers or names (network.classes), or None
    for no classes. epochs: passes over them, in batches of `batch_size`.
    optimizer: a function that makes one for a network; left out, `adam`, as in the course.
    rate: a function from the part of the epochs that is done, 0 to 1, to what the optimizer's rates are multiplied
    with; left out, 1 - part, as in the course. schedule: left out, that of the network, else the course's
    `NoiseSchedule`; the network keeps it. levels: a function that draws the t of each sprite, like `middle`; left out,
    `uniform`, as in the course. drop: how likely each sample's context is replaced by zeros (`drop_context`).
    ema_decay: decay of the exponential moving average of weights and buffers, shorter at the start; 0 for none.
    augmented: shift and tint the sprites anew in each epoch. mixed_precision: "no", "bf16" or "fp16".
    target: the noise that it is to see, called as target(xt, t, c); left out, that which is there.
    seed: of everything random; each epoch draws from its own stream, so that a continued run equals an unbroken one.
    folder: where the run is kept, every few minutes and after each epoch (`Run` in keeping.py); it is found there, and
    goes on where it stopped, with the same settings, but for more epochs if you like (with a longer run's rates from
    there on) and the number format. resume: False begins it anew.
    after_epoch: called as after_epoch(epoch, averaged network, mean losses of all epochs so far), epoch from 0; once
    more when a run is found that may have been stopped within it. progress: show a bar.

    Runs on the device that Accelerate finds, and on several under `accelerate launch`. Stopped with Ctrl-C it leaves
    the network with the averaged weights, too. Returns the mean loss of each epoch. Raises ValueError for settings that
    make no sense or are not the run's, FloatingPointError if the loss is not finite; the last state stays on disk.
    """
    gate.functions(after_epoch=after_epoch), gate.made(network, schedule)
    labels, seed = gate.training(network, sprites, labels, batch_size, epochs), gate.seed(seed)
    gate.shares(drop=drop, ema_decay=ema_decay)
    optimizer = gate.optimizer(optimizer or adam, network)
    schedule = schedule or getattr(network, "schedule", None) or NoiseSchedule()
    predicts, classes = getattr(network, "predicts", "noise"), gate.class_names(getattr(network, "classes", None))
    gate.prediction(predicts, schedule.exact)
    free = "epochs", "mixed_precision", "folder", "resume", "after_epoch", "progress", "free"  # may change
    settings = {name: described(value) for name, value in locals().items() if folder and name not in free}
    accelerator = _accelerator(mixed_precision)
    device = accelerator.device
    schedule.to(device), network.to(device, memory_format=torch.channels_last)
    data = TensorDataset(transform(sprites), labels)
    settings |= gate.doing(rate, levels, target, network, schedule, data[0][0].shape)
    average = torch.optim.swa_utils.AveragedModel(network, avg_fn=_ema(ema_decay), use_buffers=True)
    parts = {"network": network, "average": average, "optimizer": optimizer}
    some = data[0][0][None].to(device), torch.tensor([0.5], device=device), labels[:1].to(device)
    shuffle, generator = torch.Generator(), torch.Generator(device)
    loader = DataLoader(data, int(batch_size), shuffle=True, drop_last=True, generator=shuffle)
    run = Run(folder, parts, settings, some, accelerator.is_main_process, resume)
    try:  # from here on; if the run is refused, the network is as it was
        network.schedule = average.module.schedule = schedule
        model, optimizer, loader = accelerator.prepare(network.train(), optimizer, loader)
        if run.due and after_epoch and accelerator.is_main_process:
            after_epoch(len(run.losses) - 1, average.module.eval(), run.losses)
        for epoch in run.epochs_left(epochs):
            stream = (seed * 100_003 + epoch) % 2**62
            shuffle.manual_seed(stream), generator.manual_seed(stream + 1_000_000_007 * accelerator.process_index)
            factor = rate(epoch / epochs) if rate else 1 - epoch / epochs
            for group in optimizer.param_groups:
                group["lr"] = factor * group.setdefault("initial_lr", group["lr"])
            total, done = torch.tensor(run.total, device=device), run.steps
            for number, (x0, c) in enumerate(bar(loader, f"epoch {epoch}", progress and accelerator.is_main_process)):
                if augmented:
                    x0 = augment(x0, generator)
                x0 = x0.contiguous(memory_format=torch.channels_last)
                t = (levels or uniform)(len(x0), schedule.timesteps, generator)
                eps = torch.randn(x0.shape, generator=generator, device=device)
                c = drop_context(c, drop, generator)
                if number < done:
                    continue  # this step was done before the stop; only its dice had to be thrown again
                xt = schedule.perturb(x0, t, eps)
                with accelerator.autocast():
                    wanted = target(xt, t, c) if target else eps
                _, guess = guesses(model(xt, t / schedule.timesteps, c), predicts, xt, t, schedule)
                loss = nn.functional.mse_loss(guess, wanted)
                if not loss.isfinite():
                    raise FloatingPointError(f"the loss is {loss} in epoch {epoch}; try a lower rate")
                optimizer.zero_grad()
                accelerator.backward(loss)
                optimizer.step()
                average.update_parameters(network)
                total += accelerator.reduce(loss.detach(), "mean")
                run.step_is_done(total)
            run.epoch_is_done(float(total) / len(loader))
            if accelerator.is_main_process and after_epoch:
                after_epoch(epoch, average.module.eval(), run.losses)
    finally:
        run.close()
        network = accelerator.unwrap_model(network, keep_fp32_wrapper=False)  # sampling is in float32 again
        network.load_state_dict(average.module.state_dict())
        network.eval()
    return run.losses


def _accelerator(mixed_precision):
    """Accelerate's view of this machine: its device, or several that share each batch."""
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState
    from accelerate.utils import DataLoaderConfiguration

    AcceleratorState._reset_state()  # a second call in one kernel may ask for another precision
    return Accelerator(mixed_precision=mixed_precision, dataloader_config=DataLoaderConfiguration(split_batches=True))


def uniform(n, timesteps, generator):
    """Levels t, (n,), whole numbers in 1 ... T, each as likely as the others (DDPM, Algorithm 1)."""
    return torch.randint(1, timesteps + 1, (n,), generator=generator, device=generator.device)


def middle(n, timesteps, generator):
    """Levels t, (n,), more of them from the middle, where it is decided what a sprite becomes: t/T is logit-normal.

    Esser et al. 2024, section 3.1; with a mean of -0.2, half of them lie below 0.45 T.
    """
    z = torch.randn(n, generator=generator, device=generator.device)
    return (timesteps * torch.sigmoid(z - 0.2)).ceil().long()


def drop_context(c, probability, generator=None):
    """Replace contexts (N, n_cfeat) by zeros, each on its own with this probability (Ho and Salimans 2022)."""
    gate.shares(probability=probability)
    gate.rows(c)
    keep = torch.rand(len(c), 1, generator=generator, device=c.device) >= probability
    return c * keep


def adam(network, lr=1e-3):
    """Adam for all weights, as in the course. ValueError if the rate lies outside 0 ... 1."""
    gate.rates(lr=lr)
    return torch.optim.Adam(network.parameters(), lr)


def muon(network, lr=4e-3, muon_lr=0.02):
    """Muon (Jordan et al. 2024), at muon_lr, for the kernels between features, and Adam, at lr, for the rest."""
    from pytorch_optimizer import Muon

    gate.rates(lr=lr, muon_lr=muon_lr)
    inner, rest = [], []
    for weights in network.parameters():
        is_inner = weights.ndim == 4 and min(weights.shape[:2]) > network.in_channels  # no colours at either end
        (inner if is_inner else rest).append(weights)
    rest = {"params": rest, "use_muon": False, "lr": lr, "betas": (0.9, 0.99)}
    return Muon([{"params": inner, "use_muon": True, "lr": muon_lr}, rest])


def _ema(decay):
    """An averaging rule for AveragedModel: exponential, with a shorter memory while there is little to remember."""

    def average(old, new, count):
        if not old.is_floating_point():  # BatchNorm's counters
            return new
        return old.lerp(new, 1 - min(decay, (1 + float(count)) / (10 + float(count))))

    return average


# -------------------------------------------------------------------------------------------------------- sampling


def predict(network, xt, t, schedule, c=None, guidance=1.0):
    """Ask a network about x_t: its guess of the clean picture and of the noise in it, (x0, eps), both like xt.

    xt: (N, 3, H, W). t: whole numbers in 1 ... T of the schedule, one or (N,). c: contexts (N, n_cfeat), or None.
    guidance: 0 asks without the context and 1 with it; any other number asks both, and goes that far from the one to
    the other (Ho and Salimans 2022, equation 6, w = guidance - 1). network.predicts says what it gives, see `guesses`.
    A network of another schedule is told the time at which its own has as much noise; one that is not ours is told N
    times and contexts, as in training. ValueError if its schedule never has as much, or for noise at alpha_bar = 0.
    """
    if guidance not in (0, 1):
        without, told = (predict(network, xt, t, schedule, c, part) for part in (0, 1))
        return tuple(one.lerp(other, guidance) for one, other in zip(without, told, strict=True))
    c = c if guidance else None
    own, predicts = getattr(network, "schedule", None) or schedule, getattr(network, "predicts", "noise")
    alpha_bar = schedule.exact[gate.time_steps(t, schedule.timesteps).cpu()].reshape(-1)
    gate.prediction(predicts, alpha_bar)
    x = xt.to(next(network.parameters(), xt).dtype)
    return guesses(network(x, *gate.told(network, x, own.time_of(alpha_bar).to(x), c)), predicts, xt, t, schedule)


def guesses(given, predicts, xt, t, schedule):
    """What a network gave for x_t, as guesses of the clean picture and the noise, (x0, eps), both like xt.

    predicts: what it gave: "noise", "x0", or "velocity", which is sqrt(alpha_bar) eps - sqrt(1 - alpha_bar) x0
    (Salimans and Ho 2022, section 4). The three differ in what is easy to get right at which t.
    """
    gate.same(xt, given, "the prediction"), gate.prediction(predicts)
    given = given.to(xt.dtype)
    signal, noise = schedule.signal_and_noise(t, xt)
    if predicts == "velocity":
        return signal * xt - noise * given, noise * xt + signal * given
    if predicts == "x0":
        return given, (xt - signal * given) / noise
    return (xt - noise * given) / signal, given


def ddpm_step(xt, t, t_prev, predict, schedule, generator=None, posterior=False):
    """One step of DDPM sampling, from x_t to x at t_prev (DDPM, Algorithm 2, line 4).

    xt: (N, 3, H, W). t, t_prev: whole numbers, t > t_prev >= 0. predict(xt, t) gives the guesses (x0, eps).
    posterior: True for the smaller variance of fresh noise, the posterior's (DDPM, equation 7); False for beta_t.
    A step over several t is one step of the schedule that holds only these: alpha_t becomes
    alpha_bar_t / alpha_bar_t_prev. Returns x at t_prev. In the step to 0 no noise is added.
    The mean is that of line 4, written with x0 in place of eps (DDPM, equation 7), so that alpha_bar_t may be 0.
    """
    gate.one_step(t, t_prev, schedule.timesteps)
    alpha_bar, alpha_bar_prev = schedule.alpha_bar[t], schedule.alpha_bar[t_prev]
    alpha = alpha_bar / alpha_bar_prev
    beta, left, left_prev = 1 - alpha, 1 - alpha_bar, 1 - alpha_bar_prev  # variances of noise
    x0, _ = predict(xt, t)
    gate.same(xt, x0, "the guess of the clean picture")
    mean = (alpha_bar_prev.sqrt() * beta * x0 + alpha.sqrt() * left_prev * xt) / left
    if t_prev == 0:
        return mean
    variance = beta * left_prev / left if posterior else beta
    return mean + variance.sqrt() * _noise_like(xt, generator)


def ddim_step(xt, t, t_prev, predict, schedule, generator=None, eta=0.0):
    """One step of DDIM sampling, from x_t to x at any earlier t_prev (DDIM, equation 12; its alpha is our alpha_bar).

    xt: (N, 3, H, W). t, t_prev: whole numbers, t > t_prev >= 0. predict(xt, t) gives the guesses (x0, eps).
    eta: how much fresh noise, from 0, none, to 1, as much as DDPM with the posterior's variance (DDIM, equation 16).
    """
    gate.one_step(t, t_prev, schedule.timesteps), gate.shares(eta=eta)
    alpha_bar, alpha_bar_prev = schedule.alpha_bar[t], schedule.alpha_bar[t_prev]
    x0, eps = predict(xt, t)
    gate.same(xt, x0, "the guess of the clean picture"), gate.same(xt, eps, "the guess of the noise")
    sigma = eta * ((1 - alpha_bar_prev) / (1 - alpha_bar) * (1 - alpha_bar / alpha_bar_prev)).sqrt()
    kept = (1 - alpha_bar_prev - sigma**2).clamp(min=0)  # 0 but for rounding, where all the noise is fresh
    x = alpha_bar_prev.sqrt() * x0 + kept.sqrt() * eps
    return x + sigma * _noise_like(xt, generator) if sigma > 0 else x


def _noise_like(x, generator):
    """Fresh noise from N(0, I), in the shape of x."""
    return torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)


@torch.no_grad()
def sample(
    network,
    n_sample,
    *,
    context=None,
    guidance=1.0,
    step=ddpm_step,
    steps=None,
    times=None,
    schedule=None,
    start=None,
    seed=None,
    save_rate=20,
    mixed_precision="no",
    progress=True,
):
    """Draw new pictures: start from pure noise at T and take a step at a time down to 0.

    network: a `Unet`, or what is called like one and has in_channels, h (the height) and n_cfeat; `schedule` and
    `predicts`, if it has them, are those of its training. In eval mode while we sample. n_sample: how many pictures.
    context: (n_sample, n_cfeat), or class numbers or names, or (n_cfeat,) or one name for all alike, or None.
    guidance: how strongly to ask for it, 1 as told and more beyond (see `predict`), or a function of t/T that says so.
    step: the rule for one step, called as step(xt, t, t_prev, predict, schedule, generator), where predict(xt, t)
    gives the guesses (x0, eps). A class, or a partial of one, is made anew for each `sample`, so that it can remember.
    steps: how many steps, evenly spaced from T to 0, in 1 ... T; left out, all T. times: in place of steps, the times
    themselves: whole numbers that fall from at most T to 0. schedule: left out, that of the network's training.
    start: the pictures at the first time, (n_sample, 3, H, W); left out, drawn from N(0, I).
    seed: the same seed gives the same pictures, and the same fresh noise.
    save_rate: keep a frame where t passes a multiple of this, at the start and for t below 8; None keeps none.
    mixed_precision: of the network, "no", "bf16" or "fp16"; the steps are computed in float32 all the same.

    Returns x0, (n_sample, 3, H, W), and the frames, (frames, n_sample, 3, H, W), on the CPU, from noise to picture.
    Raises ValueError for settings that do not fit each other, and noise levels that the network was not trained on.
    """
    dtype = gate.precision(mixed_precision)
    gate.counts(n_sample=n_sample, save_rate=save_rate or 1), gate.functions(step=step), gate.made(network, schedule)
    device = next(network.parameters(), torch.zeros(0)).device
    schedule = (schedule or getattr(network, "schedule", None) or NoiseSchedule()).to(device)
    times = gate.times(steps, times, schedule.timesteps)
    gate.begins(start, times[0], schedule.exact)
    context = gate.context(context, n_sample, network.n_cfeat, device, getattr(network, "classes", None))
    scale = gate.guidance(guidance, context)
    generator = torch.Generator(device)
    generator.manual_seed(secrets.randbits(63) if seed is None else gate.seed(seed))
    shape = n_sample, network.in_channels, network.h, network.h
    x = torch.randn(shape, generator=generator, device=device)  # always: a start of this seed is no fresh noise again
    x = x if start is None else gate.start(start, shape, device)
    step = step() if isinstance(getattr(step, "func", step), type) else step

    part = 64 if device.type == "cpu" else 4096  # sprites at a time: memory stays bounded, and small fits the cache
    contexts = [None] * -(-n_sample // part) if context is None else context.split(part)

    def ask(xt, t):
        s = scale(t / schedule.timesteps)
        guesses = [predict(network, x, t, schedule, c, s) for x, c in zip(xt.split(part), contexts, strict=True)]
        return tuple(torch.cat(parts) for parts in zip(*guesses, strict=True))

    training = network.training
    network.eval()
    frames = []
    try:
        with torch.autocast(device.type, dtype, enabled=dtype is not None):
            for t, t_prev in bar(list(pairwise(times)), "sampling", progress):
                x = step(x.clone(), t, t_prev, ask, schedule, generator)  # it may work in place
                gate.drawn(x, t, shape)
                if save_rate and (t // save_rate > t_prev // save_rate or t == times[0] or t < 8 or t_prev == 0):
                    frames.append(x.cpu())
    finally:
        network.train(training)
    return x, torch.stack(frames) if frames else x.new_empty(0, *shape).cpu()


# -------------------------------------------------------------------------------------------------------- pictures


def tile(x, columns=8):
    """Lay pictures out in rows, a pixel of white between them.

    x: (N, C, H, W) on the fixed scale -1 ... 1, grey or in colours. Returns one picture, uint8 (height, width, 3).
    """
    pictures = _in_colours(x, columns)
    n, height, width, channels = pictures.shape
    columns = min(columns, n)
    rows = -(-n // columns)
    cells = np.full((rows * columns, height + 1, width + 1, channels), 255, dtype=np.uint8)
    cells[:n, 1:, 1:] = pictures
    cells = cells.reshape(rows, columns, height + 1, width + 1, channels).swapaxes(1, 2)
    grid = cells.reshape(rows * (height + 1), columns * (width + 1), channels)
    return np.pad(grid, ((0, 1), (0, 1), (0, 0)), constant_values=255)


def _in_colours(x, columns):
    """Pictures (N, C, H, W) as uint8 (N, H, W, 3 or 4); grey ones get three colours."""
    gate.pictures(x=x), gate.shown(x), gate.counts(columns=columns)
    pictures = to_uint8(x)
    return pictures.repeat(3, axis=-1) if pictures.shape[-1] == 1 else pictures


def show_sprites(x, columns=8, titles=None, title=None, scale=None, alt=None):
    """Pictures in rows as a `Picture`, sharp: each of their pixels is drawn as scale x scale pixels of the screen.

    x: (N, C, H, W), drawn on the fixed scale -1 ... 1. titles: N texts over them, also $t$ or of several lines; one
    that is followed by "" runs on over its neighbour. title: over the whole. scale: left out, 2 to 6, what fits a page.
    alt: what is to be seen, for readers who do not see it; left out, made of the titles.
    """
    pictures = _in_colours(x, columns)
    gate.titles(titles, len(pictures)), gate.counts(scale=2 if scale is None else scale)
    words = ", ".join(dict.fromkeys(" ".join(str(words).replace("$", "").split()) for words in titles or [] if words))
    said = [f"{len(pictures)} sprites" if len(pictures) > 1 else "1 sprite", title, words]
    return Picture(sheet(pictures, columns, titles, title, scale), alt or ": ".join(filter(None, said)))


# ---------------------------------------------------------------------- the course's, for its own notebooks


class ResidualConvBlock(nn.Module):
    """Two 3x3 convolutions, each with batch norm and GELU; with `is_res` the input is added at the end.

    (N, in_channels, H, W) -> (N, out_channels, H, W). Where the channel counts differ, a learned 1x1 convolution,
    the shortcut, fits the input to the sum. The course makes a new random one in every forward pass, which its
    checkpoints therefore lack: loading such a checkpoint fills the shortcut with zeros, the mean of the random ones.
    """

    def __init__(self, in_channels, out_channels, is_res=False):
        super().__init__()
        self.is_res = is_res
        self.conv1 = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.BatchNorm2d(out_channels), nn.GELU()
        )
        self.conv2 = nn.Sequential(
            nn.Conv2d(out_channels, out_channels, 3, padding=1), nn.BatchNorm2d(out_channels), nn.GELU()
        )
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1) if is_res and in_channels != out_channels else None

    def forward(self, x):
        out = self.conv2(self.conv1(x))  # (N, out_channels, H, W)
        if not self.is_res:
            return out
        out = out + (x if self.shortcut is None else self.shortcut(x))
        return out / 1.414  # the sum of two has twice the variance of one; the course's value for the root of 2

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs):
        absent = [key for key in ("shortcut.weight", "shortcut.bias") if prefix + key not in state_dict]
        if self.shortcut is not None and len(absent) == 2:
            warnings.warn(
                f"the checkpoint holds no weights for {prefix}shortcut, as the course's do: filled with zeros",
                stacklevel=2,
            )
            state_dict[prefix + "shortcut.weight"] = torch.zeros_like(self.shortcut.weight)
            state_dict[prefix + "shortcut.bias"] = torch.zeros_like(self.shortcut.bias)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


class UnetDown(nn.Module):
    """Two convolution blocks and a max-pool: (N, in_channels, H, W) -> (N, out_channels, H/2, W/2)."""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.model = nn.Sequential(
            ResidualConvBlock(in_channels, out_channels),
            ResidualConvBlock(out_channels, out_channels),
            nn.MaxPool2d(2),
        )

    def forward(self, x):
        return self.model(x)


class UnetUp(nn.Module):
    """A transposed convolution and two convolution blocks over [x, skip], which have in_channels together.

    (N, a, H, W) and (N, b, H, W) with a + b = in_channels -> (N, out_channels, 2H, 2W).
    """

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.model = nn.Sequential(
            nn.ConvTranspose2d(in_channels, out_channels, 2, 2),
            ResidualConvBlock(out_channels, out_channels),
            ResidualConvBlock(out_channels, out_channels),
        )

    def forward(self, x, skip):
        return self.model(torch.cat((x, skip), dim=1))


class EmbedFC(nn.Module):
    """A small fully connected network, from a number or a context to channels: (N, input_dim) -> (N, emb_dim)."""

    def __init__(self, input_dim, emb_dim):
        super().__init__()
        self.input_dim = input_dim
        self.model = nn.Sequential(nn.Linear(input_dim, emb_dim), nn.GELU(), nn.Linear(emb_dim, emb_dim))

    def forward(self, x):
        return self.model(x.reshape(-1, self.input_dim) if self.input_dim else x)


class ContextUnet(nn.Module):
    """The course's U-Net: predicts the noise in a picture, told how far along it is and, if we like, what it shows.

    in_channels: colours of a picture. n_feat: channels of the first layer. n_cfeat: width of a context.
    height: height and width of a picture in pixels, a multiple of 4 (it is halved twice), else ValueError.
    """

    predicts = "noise"

    @gate.without_classes()
    def __init__(self, in_channels=3, n_feat=64, n_cfeat=5, height=TILE):
        super().__init__()
        self.arguments = gate.sizes(in_channels=in_channels, n_feat=n_feat, n_cfeat=n_cfeat, height=height)
        in_channels, n_feat, n_cfeat, height = self.arguments.values()
        self.in_channels, self.n_feat, self.n_cfeat, self.h = in_channels, n_feat, n_cfeat, height
        wide = 2 * n_feat

        self.init_conv = ResidualConvBlock(in_channels, n_feat, is_res=True)
        self.down1 = UnetDown(n_feat, n_feat)
        self.down2 = UnetDown(n_feat, wide)
        self.to_vec = nn.Sequential(nn.AvgPool2d(height // 4), nn.GELU())

        self.timeembed1 = EmbedFC(1, wide)
        self.timeembed2 = EmbedFC(1, n_feat)
        self.contextembed1 = EmbedFC(n_cfeat, wide)
        self.contextembed2 = EmbedFC(n_cfeat, n_feat)

        self.up0 = nn.Sequential(
            nn.ConvTranspose2d(wide, wide, height // 4, height // 4), nn.GroupNorm(8, wide), nn.ReLU()
        )
        self.up1 = UnetUp(2 * wide, n_feat)
        self.up2 = UnetUp(wide, n_feat)
        self.out = nn.Sequential(
            nn.Conv2d(wide, n_feat, 3, padding=1),
            nn.GroupNorm(8, n_feat),
            nn.ReLU(),
            nn.Conv2d(n_feat, in_channels, 3, padding=1),
        )

    def forward(self, x, t, c=None):
        """Predict the noise.

        x: (N, in_channels, height, height). t: t/T in (0, 1], one number or N of them, in any shape.
        c: context (N, n_cfeat), or None for a context of zeros. Returns the shape of x.
        """
        t, c = gate.asked(self, x, t, c)

        x = self.init_conv(x)  # (N, F, H, H)
        down1 = self.down1(x)  # (N, F, H/2, H/2)
        down2 = self.down2(down1)  # (N, 2F, H/4, H/4)
        hidden = self.to_vec(down2)  # (N, 2F, 1, 1)

        t1, t2 = self.timeembed1(t)[:, :, None, None], self.timeembed2(t)[:, :, None, None]
        c1, c2 = self.contextembed1(c)[:, :, None, None], self.contextembed2(c)[:, :, None, None]

        up0 = self.up0(hidden)  # (N, 2F, H/4, H/4)
        up1 = self.up1(c1 * up0 + t1, down2)  # (N, F, H/2, H/2)
        up2 = self.up2(c2 * up1 + t2, down1)  # (N, F, H, H)
        return self.out(torch.cat((up2, x), dim=1))  # (N, in_channels, H, H)


class CustomDataset(Dataset):
    """Sprites and labels from a pair of .npy files, as the course stores them.

    sfilename: uint8 (N, H, W, 3). lfilename: numbers in [0, 1], (N, classes), one-hot or mixed.
    transform: called on each picture; left out, the picture comes as it is on disk.
    null_context: give a context of zeros in place of every label.
    An item is (picture, label), the label float32 (classes,), so that mixed contexts survive.
    """

    def __init__(self, sfilename, lfilename, transform=None, null_context=False):
        self.sprites = np.load(sfilename)
        self.labels = np.load(lfilename)
        gate.arrays(sfilename, self.sprites, lfilename, self.labels)
        self.labels = self.labels.astype(np.float32)
        self.transform = transform
        self.null_context = null_context

    def __len__(self):
        return len(self.sprites)

    def __getitem__(self, index):
        picture = self.sprites[index]
        if self.transform is not None:
            picture = self.transform(picture)
        label = torch.from_numpy(self.labels[index])
        return picture, torch.zeros_like(label) if self.null_context else label

    def getshapes(self):
        """The shapes of all sprites and of all labels."""
        return self.sprites.shape, self.labels.shape


def plot_sample(x_gen_store, n_sample, nrows, save_dir, fn, w, save=False):
    """An `Animation` of kept frames, (F, N, 3, H, W), in `nrows` rows; with `save` also a GIF in save_dir."""
    gate.file_name(fn)
    animation = Animation(x_gen_store, columns=-(-n_sample // nrows))
    if save:
        animation.save(os.path.join(save_dir, f"{fn}_w{w}.gif"))
    return animation


def plot_grid(x, n_sample, n_rows, save_dir, w):
    """Write pictures, (N, 3, H, W), as one PNG in `n_rows` rows to save_dir. Returns the grid, (3, height, width)."""
    from torchvision.utils import make_grid  # here, as it takes longer than all other imports together

    gate.pictures(x=x), gate.shown(x), gate.counts(n_sample=n_sample, n_rows=n_rows)
    grid = make_grid(gate.tensor(x), nrow=-(-n_sample // n_rows), pad_value=1.0)
    with whole(os.path.join(save_dir, f"run_image_w{w}.png")) as path:
        Image.fromarray(to_uint8(grid)).save(path)
    return grid


def unorm(x):
    """Stretch one picture, channels last, to 0 ... 1, each channel by itself; a constant channel becomes 0."""
    low, high = x.min((0, 1)), x.max((0, 1))
    return (x - low) / np.where(high > low, high - low, 1)


def norm_all(store, n_t, n_s):
    """`unorm` for each of n_t frames of n_s pictures: (n_t, n_s, 3, H, W) -> (n_t, n_s, H, W, 3)."""
    store = np.moveaxis(np.asarray(store), 2, 4)
    return np.stack([[unorm(store[t, s]) for s in range(n_s)] for t in range(n_t)])


def norm_torch(x_all):
    """`unorm` for a batch, (N, 3, H, W), array or tensor; returns a tensor of that shape."""
    pictures = np.moveaxis(np.asarray(gate.tensor(x_all).detach().cpu()), 1, 3)
    return torch.from_numpy(np.moveaxis(np.stack([unorm(picture) for picture in pictures]), 3, 1).copy())


def gen_tst_context(n_cfeat):
    """Each class and no class, six times over: how many there are, and the contexts, float (6 n_cfeat + 6, n_cfeat)."""
    contexts = torch.cat([torch.eye(n_cfeat), torch.zeros(1, n_cfeat)]).repeat(6, 1)
    return len(contexts), contexts
