"""Diffusion models on 16x16 sprites: what the labs share, in the order in which the data flows.

sprites -> network -> noise schedule -> training -> sampling -> pictures

How good the pictures are is measured in scoring.py.

Pictures are float32 tensors of shape (N, 3, H, W) with values in [-1, 1]; on disk they are uint8 (N, H, W, 3).
Time steps run from 1 (almost clean) to T (almost pure noise); the network is told t/T. Papers:

- DDPM: Ho, Jain, Abbeel, "Denoising Diffusion Probabilistic Models", 2020, https://arxiv.org/abs/2006.11239
"""

import base64
import io
import os
import secrets
import warnings
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision.utils import make_grid

HERE = Path(__file__).resolve().parent
SPRITES = HERE / "data"
WEIGHTS = HERE / "weights"
CLASSES = ("hero", "non-hero", "food", "spell", "side-facing")  # in the order of the one-hot labels
TILE = 16  # width and height of a sprite in pixels

# --------------------------------------------------------------------------------------------------------- sprites


def load_sprites(split="train", folder=SPRITES):
    """Read the sprite sheets of a split, one PNG a class, and cut them into sprites.

    split: "train" or "test". folder: where the folders of the splits are.
    Returns sprites, uint8 (N, 16, 16, 3), and labels, float32 one-hot (N, 5) in the order of `CLASSES`.
    Raises FileNotFoundError if a sheet is missing and ValueError if one cannot be cut into 16x16 tiles.
    Tiles that are white all over are the empty rest of a sheet's last row, and are left out.
    """
    sprites, labels = [], []
    for number, name in enumerate(CLASSES):
        path = Path(folder) / split / f"{name}.png"
        if not path.is_file():
            raise FileNotFoundError(
                f"no sprite sheet at {path}; expected one PNG a class ({', '.join(CLASSES)}). "
                "`python data/make_sprites.py` draws them again."
            )
        tiles = cut_sheet(path)
        sprites.append(tiles)
        labels.append(np.tile(np.eye(len(CLASSES), dtype=np.float32)[number], (len(tiles), 1)))
    return np.concatenate(sprites), np.concatenate(labels)


def cut_sheet(path):
    """Cut a sheet of 16x16 tiles, row by row. Returns uint8 (N, 16, 16, 3) without the tiles that are all white."""
    sheet = np.asarray(Image.open(path).convert("RGB"))
    height, width, _ = sheet.shape
    if height % TILE or width % TILE:
        raise ValueError(
            f"{path} is {width}x{height} pixels; both must be multiples of {TILE}, the size of a tile. "
            "Crop the sheet, or pad it with white."
        )
    tiles = sheet.reshape(height // TILE, TILE, width // TILE, TILE, 3).swapaxes(1, 2).reshape(-1, TILE, TILE, 3)
    tiles = tiles[(tiles != 255).any(axis=(1, 2, 3))]
    if not len(tiles):
        raise ValueError(f"{path} holds no sprite: every tile is white")
    return tiles


def transform(sprites):
    """Scale pictures from bytes to [-1, 1] and put the channels first.

    sprites: uint8 (..., H, W, 3), array or tensor. Returns a float32 tensor (..., 3, H, W). Nothing is augmented here.
    """
    sprites = torch.as_tensor(np.ascontiguousarray(sprites) if isinstance(sprites, np.ndarray) else sprites)
    if sprites.dtype != torch.uint8:
        raise ValueError(f"sprites are {sprites.dtype}; expected uint8 with values 0 to 255, channels last")
    return (sprites.float() / 127.5 - 1).movedim(-1, -3).contiguous()


def to_uint8(x):
    """The way back from `transform`: (..., 3, H, W), clipped to [-1, 1], to uint8 (..., H, W, 3) as an array."""
    x = torch.as_tensor(x).detach().float().cpu()
    return ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).movedim(-3, -1).numpy()


def augment(x, generator=None, tint=0.05):
    """Move each sprite by up to a pixel and tint its white background: new pictures of the same thing.

    x: (N, 3, H, W) in [-1, 1] on a background of exactly 1. A move that would cut a sprite off is not made.
    tint: how far each colour channel of the background may fall below 1.
    Returns a tensor of the same shape. The course's data set holds each drawing 50 times, varied in this way.
    """
    n, channels = x.shape[:2]
    background = (x == 1).all(dim=1)  # (N, H, W)
    colour = 1 - tint * torch.rand(n, channels, 1, 1, generator=generator, device=x.device)
    x = torch.where(background[:, None], colour, x)
    rows = _shifts(background.all(dim=2), generator)  # (N, H): which row comes to stand here
    columns = _shifts(background.all(dim=1), generator)  # (N, W)
    each = torch.arange(n, device=x.device)[:, None, None]
    return x.movedim(1, -1)[each, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)


def _shifts(empty, generator):
    """Indices (N, L) that shift by -1, 0 or 1 around the edge, only where the line that wraps around is empty."""
    n, length = empty.shape
    shift = torch.randint(-1, 2, (n,), generator=generator, device=empty.device)
    blocked = torch.where(shift < 0, ~empty[:, 0], ~empty[:, -1])
    shift = torch.where(blocked, 0, shift)
    return (torch.arange(length, device=empty.device) - shift[:, None]) % length


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
        if self.sprites.dtype != np.uint8 or self.sprites.ndim != 4 or self.sprites.shape[-1] != 3:
            raise ValueError(
                f"{sfilename} holds {self.sprites.dtype} {self.sprites.shape}; expected uint8 (N, height, width, 3). "
                "Pictures with values 0 to 1: multiply by 255 and convert with .astype(np.uint8)."
            )
        if not (np.issubdtype(self.labels.dtype, np.number) and self.labels.ndim == 2):
            raise ValueError(
                f"{lfilename} holds {self.labels.dtype} {self.labels.shape}; expected numbers (N, classes)"
            )
        if len(self.sprites) != len(self.labels):
            raise ValueError(
                f"{len(self.sprites)} sprites in {sfilename} but {len(self.labels)} labels in {lfilename}; "
                "expected one label a sprite"
            )
        if not ((self.labels >= 0) & (self.labels <= 1)).all():
            raise ValueError(f"labels in {lfilename} leave the range 0 to 1; expected one-hot or mixed contexts")
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


# --------------------------------------------------------------------------------------------------------- network


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
        return self.model(x.view(-1, self.input_dim))


class ContextUnet(nn.Module):
    """The course's U-Net: predicts the noise in a picture, told how far along it is and, if we like, what it shows.

    in_channels: colours of a picture. n_feat: channels of the first layer. n_cfeat: width of a context.
    height: height and width of a picture in pixels, a multiple of 4 (it is halved twice), else ValueError.
    """

    def __init__(self, in_channels=3, n_feat=64, n_cfeat=5, height=TILE):
        super().__init__()
        _check_height(height)
        self.in_channels, self.n_feat, self.n_cfeat, self.h = in_channels, n_feat, n_cfeat, height
        self.widths = in_channels, n_feat, n_cfeat, height
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
        c = x.new_zeros(1, self.n_cfeat) if c is None else c

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


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel: (N, C, H, W) -> the same shape."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class TimedBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, told about time and context in between, as a scale and a shift.

    (N, in_channels, H, W) and (N, emb_dim) -> (N, out_channels, H, W). Dhariwal and Nichol 2021, section 3.1,
    with layer norm for group norm. The last convolution starts at zero, so that at first only the shortcut counts.
    """

    def __init__(self, in_channels, out_channels, emb_dim):
        super().__init__()
        self.norm1 = ChannelNorm(in_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm2 = ChannelNorm(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.scale_shift = nn.Linear(emb_dim, 2 * out_channels)
        self.shortcut = nn.Identity() if in_channels == out_channels else nn.Conv2d(in_channels, out_channels, 1)
        for layer in (self.conv2, self.scale_shift):
            nn.init.zeros_(layer.weight), nn.init.zeros_(layer.bias)

    def forward(self, x, embedding):
        scale, shift = self.scale_shift(embedding)[:, :, None, None].chunk(2, dim=1)
        hidden = self.conv1(nn.functional.gelu(self.norm1(x)))
        hidden = self.norm2(hidden) * (1 + scale) + shift
        return self.shortcut(x) + self.conv2(nn.functional.gelu(hidden))


class GlobalBlock(nn.Module):
    """A fully connected network with one hidden layer over a whole map, (N, C, size, size), told time and context.

    Written as the convolution, and the transposed one, that cover the map at once; the last starts at zero.
    """

    def __init__(self, channels, size, n_hidden, emb_dim):
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.to_vec = nn.Conv2d(channels, n_hidden, size)
        self.shift = nn.Linear(emb_dim, n_hidden)
        self.to_map = nn.ConvTranspose2d(n_hidden, channels, size)
        for layer in (self.shift, self.to_map):
            nn.init.zeros_(layer.weight), nn.init.zeros_(layer.bias)

    def forward(self, x, embedding):
        hidden = self.to_vec(self.norm(x)) + self.shift(embedding)[:, :, None, None]
        return x + self.to_map(nn.functional.gelu(hidden))


class Prototypes(nn.Module):
    """A first guess of x0: a mean of K learned pictures, weighted by how well each fits x_t.

    The weights are those of the `IdealDenoiser`, softened: the pictures have learned weights of their own, which the
    context, (N, n_cfeat), changes, and a learned variance joins that of the noise.
    """

    def __init__(self, k, shape, n_cfeat):
        super().__init__()
        self.means = nn.Parameter(0.1 * torch.randn(k, shape.numel()))
        self.log_weights = nn.Linear(n_cfeat, k)
        self.log_variance = nn.Parameter(torch.tensor(-2.0))
        nn.init.zeros_(self.log_weights.weight), nn.init.zeros_(self.log_weights.bias)

    def begin_with(self, x0):
        """Take some of these pictures, (N, *shape), picked at random, as the first ones to guess from."""
        chosen = torch.randint(len(x0), (len(self.means),))
        self.means.data = x0[chosen].flatten(1).to(self.means)

    def forward(self, x, alpha_bar, c):
        """x: (N, *shape), alpha_bar: (N, 1) or (1, 1), c: (N, n_cfeat) or (1, n_cfeat). Returns the shape of x."""
        variance = 1 - alpha_bar + alpha_bar * self.log_variance.exp()  # of x_t around each noised mean
        half_squares = self.means.square().sum(dim=1) / 2
        logits = (alpha_bar.sqrt() * (x.flatten(1) @ self.means.T) - alpha_bar * half_squares) / variance
        weights = (logits + self.log_weights(c)).softmax(dim=1)
        return (weights @ self.means).reshape(x.shape)


class PrototypeUnet(nn.Module):
    """The network of the shipped weights: a U-Net that refines a first guess, made of pictures it has learned.

    in_channels: colours of a picture. n_feat: channels of the first layer. n_cfeat: width of a context.
    height: height and width of a picture in pixels, a multiple of 4. n_prototypes: pictures to guess from.
    The widths together are in `widths`. It is called like a `ContextUnet`, for the default `NoiseSchedule`.
    """

    def __init__(self, in_channels=3, n_feat=48, n_cfeat=5, height=TILE, n_prototypes=1024):
        super().__init__()
        _check_height(height)
        self.in_channels, self.n_feat, self.n_cfeat, self.h = in_channels, n_feat, n_cfeat, height
        self.widths = in_channels, n_feat, n_cfeat, height, n_prototypes
        wide, emb = 2 * n_feat, 128
        self.register_buffer("alpha_bar", NoiseSchedule().alpha_bar, persistent=False)

        self.prototypes = Prototypes(n_prototypes, torch.Size((in_channels, height, height)), n_cfeat)
        self.timeembed = EmbedFC(64, emb)
        self.contextembed = nn.Linear(n_cfeat, emb, bias=False)

        self.first = nn.Conv2d(2 * in_channels, n_feat, 3, padding=1)
        self.down1 = TimedBlock(n_feat, n_feat, emb)
        self.shrink1 = nn.Conv2d(n_feat, wide, 2, 2)
        self.down2 = TimedBlock(wide, wide, emb)
        self.shrink2 = nn.Conv2d(wide, wide, 2, 2)
        self.middle1 = TimedBlock(wide, wide, emb)
        self.whole1 = GlobalBlock(wide, height // 4, 3 * n_feat, emb)
        self.middle2 = TimedBlock(wide, wide, emb)
        self.whole2 = GlobalBlock(wide, height // 4, 3 * n_feat, emb)
        self.grow2 = nn.ConvTranspose2d(wide, wide, 2, 2)
        self.up2 = TimedBlock(2 * wide, wide, emb)
        self.grow1 = nn.ConvTranspose2d(wide, n_feat, 2, 2)
        self.up1 = TimedBlock(2 * n_feat, n_feat, emb)
        self.last = nn.Sequential(ChannelNorm(n_feat), nn.GELU(), nn.Conv2d(n_feat, in_channels, 3, padding=1))
        nn.init.zeros_(self.last[-1].weight), nn.init.zeros_(self.last[-1].bias)

    def forward(self, x, t, c=None):
        """Predict the noise. Arguments and result are those of `ContextUnet`."""
        t = t.reshape(-1)
        alpha_bar = self.alpha_bar[(t * (len(self.alpha_bar) - 1)).round().long()].reshape(-1, 1)
        c = x.new_zeros(1, self.n_cfeat) if c is None else c
        embedding = nn.functional.gelu(self.timeembed(waves(t)) + self.contextembed(c))
        with torch.autocast(x.device.type, enabled=False):  # squared distances need all their digits
            guess = self.prototypes(x, alpha_bar, c)
        signal, noise = alpha_bar.sqrt()[:, :, None, None], (1 - alpha_bar).sqrt()[:, :, None, None]

        full = self.down1(self.first(torch.cat((x, noise * guess), dim=1)), embedding)  # (N, F, H, H)
        half = self.down2(self.shrink1(full), embedding)  # (N, 2F, H/2, H/2)
        quarter = self.whole1(self.middle1(self.shrink2(half), embedding), embedding)  # (N, 2F, H/4, H/4)
        quarter = self.whole2(self.middle2(quarter, embedding), embedding)
        up2 = self.up2(torch.cat((self.grow2(quarter), half), dim=1), embedding)  # (N, 2F, H/2, H/2)
        up1 = self.up1(torch.cat((self.grow1(up2), full), dim=1), embedding)  # (N, F, H, H)
        velocity = self.last(up1) - noise * guess  # what to predict by Salimans and Ho 2022, section 4; (N, C, H, H)
        return signal * velocity + noise * x  # as noise again


def waves(t, n=64):
    """Time as sines and cosines of n / 2 frequencies (Vaswani et al. 2017, section 3.5): t/T, (N,) -> (N, n)."""
    phase = t[:, None] * torch.logspace(0, 2.7, n // 2, device=t.device)  # from 1 to some 500 radians
    return torch.cat((phase.sin(), phase.cos()), dim=1)


def _check_height(height):
    if height < 4 or height % 4:
        raise ValueError(f"height is {height}; the network halves it twice, so it must be a multiple of 4: 16, 28, 32")


def pick_device(name=None):
    """The device to compute on: the one named, else CUDA, Apple's MPS or the CPU. RuntimeError if it is not there."""
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name is None:
        name = next(kind for kind in ("cuda", "mps", "cpu") if here[kind])
    if not here.get(str(name).split(":")[0], False):
        raise RuntimeError(f"device {name!r} is not there; this machine has: {', '.join(k for k in here if here[k])}")
    return torch.device(name)


def save_checkpoint(network, path, half=True):
    """Write a network's weights as safetensors, in half precision unless `half` is false.

    The file is written under a temporary name and then renamed, so that it is whole or not there.
    A path that ends in .pth gets the pickle of float32 tensors which the course's notebooks read.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    partial = path.with_name(path.name + ".partial")
    if path.suffix == ".pth":
        torch.save({key: value.clone() for key, value in tensors.items()}, partial)
    else:
        from safetensors.torch import save_file

        tensors = {k: v.half() if half and v.is_floating_point() else v for k, v in tensors.items()}
        save_file(tensors, partial)
    partial.replace(path)


def load_checkpoint(path, network=None, device="cpu"):
    """Read weights from a safetensors file or from one of the course's .pth files.

    network: the network to fill; left out, one of the kind and the widths that the file shows is made.
    Returns the network in eval mode on the device, laid out channels last, which is faster on CPUs.
    Raises FileNotFoundError for a missing file, and ValueError for one that is cut short, is no checkpoint of this
    network, or has other widths than the network given.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}; `python weights/train.py` makes one")
    try:
        if path.suffix == ".pth":
            tensors = torch.load(path, map_location="cpu", weights_only=True)
        else:
            from safetensors.torch import load_file

            tensors = load_file(path)
        tensors = {key: value.float() if value.is_floating_point() else value for key, value in tensors.items()}
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read, it is cut short or of another kind ({error}); fetch it again"
        ) from error
    try:
        kind, widths = _layout(tensors)
    except KeyError as error:
        raise ValueError(f"{path} is no checkpoint of ContextUnet or PrototypeUnet: it holds no {error}") from error
    network = network or kind(*widths)
    if network.widths != widths:
        raise ValueError(
            f"{path} is of {kind.__name__}{widths}; expected {type(network).__name__}{network.widths}. "
            "Make the network with the checkpoint's widths."
        )
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit {kind.__name__}: {error}") from error
    return network.to(device, memory_format=torch.channels_last).eval()


def _layout(tensors):
    """Which network a checkpoint is of, and the widths to make it with. KeyError if it is of none."""
    if "prototypes.means" in tensors:
        n_prototypes, numbers = tensors["prototypes.means"].shape
        in_channels, n_feat = tensors["last.2.weight"].shape[:2]
        n_cfeat = tensors["contextembed.weight"].shape[1]
        return PrototypeUnet, (in_channels, n_feat, n_cfeat, round((numbers / in_channels) ** 0.5), n_prototypes)
    n_feat, in_channels = tensors["init_conv.conv1.0.weight"].shape[:2]
    n_cfeat = tensors["contextembed1.model.0.weight"].shape[1]
    return ContextUnet, (in_channels, n_feat, n_cfeat, 4 * tensors["up0.0.weight"].shape[-1])


# -------------------------------------------------------------------------------------------------- noise schedule


class NoiseSchedule(nn.Module):
    """How much noise each step adds (DDPM, section 2 and 4): beta_t rises linearly from beta1 to beta2.

    timesteps: T. The tables have T + 1 entries, indexed by t = 0 ... T, where t = 0 is the clean picture:
    beta[0] = 0; alpha = 1 - beta; alpha_bar[t] = alpha[1] * ... * alpha[t], so alpha_bar[0] = 1.
    As in the course, the line starts at index 0, so that beta[1] lies a little above beta1.
    The tables move between devices together: `schedule.to(device)`. They are made in float64 and kept in `dtype`.
    """

    def __init__(self, timesteps=500, beta1=1e-4, beta2=0.02, dtype=torch.float32):
        super().__init__()
        if timesteps < 1 or not 0 < beta1 <= beta2 < 1:
            raise ValueError(
                f"timesteps = {timesteps}, beta1 = {beta1}, beta2 = {beta2}; "
                "expected at least one step and 0 < beta1 <= beta2 < 1"
            )
        self.timesteps = timesteps
        beta = torch.linspace(beta1, beta2, timesteps + 1, dtype=torch.float64)
        beta[0] = 0
        alpha = 1 - beta
        self.register_buffer("beta", beta.to(dtype))
        self.register_buffer("alpha", alpha.to(dtype))
        self.register_buffer("alpha_bar", alpha.cumprod(dim=0).to(dtype))

    def perturb(self, x0, t, eps):
        """Noise pictures to step t in one jump: sqrt(alpha_bar_t) x0 + sqrt(1 - alpha_bar_t) eps (DDPM, equation 4).

        x0, eps: (N, 3, H, W). t: whole numbers in 0 ... T, one or (N,). Returns xt, (N, 3, H, W).
        """
        alpha_bar = self.alpha_bar[torch.as_tensor(t, device=x0.device)].reshape(-1, 1, 1, 1)
        return alpha_bar.sqrt() * x0 + (1 - alpha_bar).sqrt() * eps


# -------------------------------------------------------------------------------------------------------- training


def train(
    network,
    sprites,
    labels,
    *,
    epochs=32,
    batch_size=100,
    optimizer="adam",
    lr=1e-3,
    muon_lr=0.02,
    schedule=None,
    drop_context=0.1,
    ema_decay=0.999,
    augmented=True,
    teacher=None,
    mixed_precision="no",
    seed=0,
    folder=None,
    after_epoch=None,
):
    """Train a network to predict noise (DDPM, Algorithm 1), at a rate that falls linearly by epoch.

    network: a `ContextUnet`; trained in place, and at the end given the averaged weights.
    sprites: uint8 (N, H, W, 3). labels: float (N, n_cfeat). epochs: passes over them, in batches of `batch_size`.
    optimizer: "adam", as in the course, or "muon" (Jordan et al. 2024), as for the shipped weights.
    lr: Adam's rate in the first epoch. muon_lr: Muon's, for the inner convolutions.
    drop_context: how likely each sample's context is replaced by zeros.
    ema_decay: decay of the exponential moving average of weights and buffers, shorter at the start; 0 for none.
    augmented: shift and tint the sprites anew in each epoch. mixed_precision: "no", "bf16" or "fp16".
    teacher: a network, called alike, whose predictions are to be learned in place of the noise: distillation.
    seed: of everything random; each epoch draws from its own stream, so that a continued run equals an unbroken one.
    folder: where `state.pt` is kept after each epoch; a run finds it there and goes on where it stopped.
    after_epoch: called as after_epoch(epoch, averaged network, mean losses of all epochs so far), epoch from 0.

    Runs on the device that Accelerate finds, and on several under `accelerate launch`.
    Returns the mean loss of each epoch. Raises ValueError for settings that make no sense, FloatingPointError if the
    loss is not finite; the last state stays on disk.
    """
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState
    from accelerate.utils import DataLoaderConfiguration
    from tqdm.auto import tqdm

    x, labels = transform(sprites), torch.as_tensor(labels, dtype=torch.float32)
    if len(x) != len(labels):
        raise ValueError(f"{len(x)} sprites but {len(labels)} labels; expected one label a sprite")
    if not 1 <= batch_size <= len(x):
        raise ValueError(f"batch_size is {batch_size}; expected 1 to {len(x)}, the number of sprites")
    if epochs < 1 or not 0 < lr < 1 or not 0 < muon_lr < 1:
        raise ValueError(
            f"epochs = {epochs}, lr = {lr}, muon_lr = {muon_lr}; expected at least one epoch and rates between 0 and 1"
        )

    AcceleratorState._reset_state()  # a second call in one kernel may ask for another precision
    accelerator = Accelerator(
        mixed_precision=mixed_precision,
        dataloader_config=DataLoaderConfiguration(split_batches=True),  # several devices share each batch
    )
    device = accelerator.device
    schedule = (schedule or NoiseSchedule()).to(device)
    shuffle = torch.Generator()
    loader = DataLoader(TensorDataset(x, labels), batch_size, shuffle=True, drop_last=True, generator=shuffle)
    network.to(device, memory_format=torch.channels_last).train()
    teacher = teacher and teacher.to(device, memory_format=torch.channels_last).eval()
    average = torch.optim.swa_utils.AveragedModel(network, avg_fn=_ema(ema_decay), use_buffers=True)
    optimizer = _optimizer(network, optimizer, lr, muon_lr)
    model, optimizer, loader = accelerator.prepare(network, optimizer, loader)
    generator = torch.Generator(device)

    losses = []
    state_file = Path(folder) / "state.pt" if folder else None
    if state_file and state_file.is_file():
        state = torch.load(state_file, map_location=device, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        losses = state["losses"]

    for epoch in range(len(losses), epochs):
        stream = seed * 100_003 + epoch
        shuffle.manual_seed(stream)
        generator.manual_seed(stream + 1_000_000_007 * accelerator.process_index)
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * (1 - epoch / epochs)
        total = torch.zeros((), device=device)
        bar = tqdm(loader, f"epoch {epoch}", leave=False, disable=not accelerator.is_main_process)
        for x0, c in bar:
            if augmented:
                x0 = augment(x0, generator)
            x0 = x0.contiguous(memory_format=torch.channels_last)
            t = torch.randint(1, schedule.timesteps + 1, (len(x0),), generator=generator, device=device)
            eps = torch.randn(x0.shape, generator=generator, device=device)
            keep = torch.rand(len(x0), 1, generator=generator, device=device) >= drop_context
            given = schedule.perturb(x0, t, eps), t / schedule.timesteps, c * keep
            target = eps
            if teacher:
                with torch.no_grad(), accelerator.autocast():
                    target = teacher(*given)
            loss = ((model(*given) - target) ** 2).mean()
            if not loss.isfinite():
                raise FloatingPointError(f"the loss is {loss} in epoch {epoch}; try a lower lr than {lr}")
            optimizer.zero_grad()
            accelerator.backward(loss)
            optimizer.step()
            average.update_parameters(network)
            total += loss.detach()
        losses.append(float(accelerator.reduce(total, "mean")) / len(loader))
        if state_file and accelerator.is_main_process:
            state_file.parent.mkdir(parents=True, exist_ok=True)
            state = {"network": network.state_dict(), "average": average.state_dict()}
            partial = state_file.with_suffix(".partial")
            torch.save({**state, "optimizer": optimizer.state_dict(), "losses": losses}, partial)
            partial.replace(state_file)
        if after_epoch and accelerator.is_main_process:
            after_epoch(epoch, average.module.eval(), losses)
    network = accelerator.unwrap_model(model, keep_fp32_wrapper=False)  # sampling is in float32 again
    network.load_state_dict(average.module.state_dict())
    network.eval()
    return losses


def _optimizer(network, name, lr, muon_lr):
    """Adam for all weights, or Muon for the kernels of the inner convolutions and Adam for the rest."""
    if name == "adam":
        return torch.optim.Adam([{"params": network.parameters(), "initial_lr": lr}], lr)
    if name != "muon":
        raise ValueError(f'optimizer is {name!r}; expected "adam" or "muon"')
    from pytorch_optimizer import Muon

    inner, rest = [], []
    for weights in network.parameters():
        is_inner = weights.ndim == 4 and min(weights.shape[:2]) > network.in_channels
        (inner if is_inner else rest).append(weights)
    inner = {"params": inner, "use_muon": True, "lr": muon_lr, "initial_lr": muon_lr}
    return Muon([inner, {"params": rest, "use_muon": False, "lr": lr, "initial_lr": lr, "betas": (0.9, 0.99)}])


def _ema(decay):
    """An averaging rule for AveragedModel: exponential, with a shorter memory while there is little to remember."""

    def average(old, new, count):
        if not old.is_floating_point():  # BatchNorm's counters
            return new
        return old.lerp(new, 1 - min(decay, (1 + float(count)) / (10 + float(count))))

    return average


# -------------------------------------------------------------------------------------------------------- sampling


def ddpm_step(xt, t, t_prev, predict, schedule, generator=None, posterior=False):
    """One step of DDPM sampling, from x_t to x at t_prev (DDPM, Algorithm 2, line 4).

    xt: (N, 3, H, W). t, t_prev: whole numbers, t > t_prev >= 0. predict(xt, t) gives the predicted noise.
    posterior: the variance of the fresh noise is beta_t, or else the posterior's (DDPM, equation 7).
    A step over several t is one step of the schedule that holds only these: alpha_t becomes
    alpha_bar_t / alpha_bar_t_prev. Returns x at t_prev. In the step to 0 no noise is added.
    """
    alpha_bar, alpha_bar_prev = schedule.alpha_bar[t], schedule.alpha_bar[t_prev]
    alpha = alpha_bar / alpha_bar_prev
    beta = 1 - alpha
    mean = (xt - beta / (1 - alpha_bar).sqrt() * predict(xt, t)) / alpha.sqrt()
    if t_prev == 0:
        return mean
    variance = beta * (1 - alpha_bar_prev) / (1 - alpha_bar) if posterior else beta
    return mean + variance.sqrt() * _noise_like(xt, generator)


def ddim_step(xt, t, t_prev, predict, schedule, generator=None, eta=0.0):
    """One step of DDIM sampling, from x_t to x at any earlier t_prev (DDIM, equation 12; its alpha is our alpha_bar).

    xt: (N, 3, H, W). t, t_prev: whole numbers, t > t_prev >= 0. predict(xt, t) gives the predicted noise.
    eta: how much fresh noise, from 0, none, to 1, as much as DDPM with the posterior's variance (DDIM, equation 16).
    """
    alpha_bar, alpha_bar_prev = schedule.alpha_bar[t], schedule.alpha_bar[t_prev]
    eps = predict(xt, t)
    x0 = (xt - (1 - alpha_bar).sqrt() * eps) / alpha_bar.sqrt()
    sigma = eta * ((1 - alpha_bar_prev) / (1 - alpha_bar) * (1 - alpha_bar / alpha_bar_prev)).sqrt()
    x = alpha_bar_prev.sqrt() * x0 + (1 - alpha_bar_prev - sigma**2).sqrt() * eps
    return x + sigma * _noise_like(xt, generator) if sigma > 0 else x


def _noise_like(x, generator):
    """Fresh noise from N(0, I), in the shape of x."""
    return torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)


PRECISIONS = {"no": None, "bf16": torch.bfloat16, "fp16": torch.float16}


@torch.no_grad()
def sample(
    network,
    n_sample,
    *,
    context=None,
    step=ddpm_step,
    steps=None,
    schedule=None,
    start=None,
    seed=None,
    save_rate=20,
    mixed_precision="no",
    progress=True,
):
    """Draw new pictures: start from pure noise at T and take a step at a time down to 0.

    network: predicts noise, in eval mode while we sample. n_sample: how many pictures.
    context: (n_sample, n_cfeat), or (n_cfeat,) for all alike, or None. step: the rule for one step.
    steps: how many steps, evenly spaced from T to 0, in 1 ... T; left out, all T.
    start: x_T, (n_sample, 3, H, W); left out, drawn from N(0, I). seed: the same seed gives the same pictures.
    save_rate: keep a frame at every so many steps, at the first and at the last seven; None keeps none.
    mixed_precision: of the network, "no", "bf16" or "fp16"; the steps are computed in float32 all the same.

    Returns x0, (n_sample, 3, H, W), and the frames, (frames, n_sample, 3, H, W), on the CPU, from noise to picture.
    Raises ValueError if n_sample is below 1, steps outside 1 ... T, the context of another shape, or for another
    precision.
    """
    from tqdm.auto import tqdm

    if mixed_precision not in PRECISIONS:
        raise ValueError(f"mixed_precision is {mixed_precision!r}; expected one of {', '.join(PRECISIONS)}")
    if n_sample < 1:
        raise ValueError(f"n_sample is {n_sample}; expected at least 1")
    device = next(network.parameters()).device
    schedule = (schedule or NoiseSchedule()).to(device)
    steps = schedule.timesteps if steps is None else steps
    if not 1 <= steps <= schedule.timesteps:
        raise ValueError(f"steps is {steps}; expected 1 to {schedule.timesteps}, the time steps of the schedule")
    context = _check_context(context, n_sample, network.n_cfeat, device)
    generator = torch.Generator(device)
    generator.manual_seed(secrets.randbits(63) if seed is None else seed)
    shape = n_sample, network.in_channels, network.h, network.h
    x = torch.randn(shape, generator=generator, device=device) if start is None else start.to(device)
    if x.shape != shape:
        raise ValueError(f"start has shape {tuple(x.shape)}; expected {shape}")

    part = 64 if device.type == "cpu" else 4096  # sprites at a time: memory stays bounded, and small fits the cache
    contexts = [None] * -(-n_sample // part) if context is None else context.split(part)

    def predict(xt, t):
        t = torch.full((1,), t / schedule.timesteps, dtype=xt.dtype, device=device)
        return torch.cat([network(x, t, c) for x, c in zip(xt.split(part), contexts, strict=True)])

    training = network.training
    network.eval()
    frames = []
    times = np.linspace(schedule.timesteps, 0, steps + 1).round().astype(int).tolist()
    with torch.autocast(device.type, PRECISIONS[mixed_precision], enabled=mixed_precision != "no"):
        for t, t_prev in tqdm(list(pairwise(times)), "sampling", leave=False, disable=not progress):
            x = step(x, t, t_prev, predict, schedule, generator)
            if save_rate and (t // save_rate > t_prev // save_rate or t == times[0] or t < 8 or t_prev == 0):
                frames.append(x.cpu())
    network.train(training)
    return x, torch.stack(frames) if frames else x.new_empty(0, *shape).cpu()


def _check_context(context, n_sample, n_cfeat, device):
    """The context as float32 (n_sample, n_cfeat) on the device, or None; ValueError if its shape is another."""
    if context is None:
        return None
    context = torch.as_tensor(context, dtype=torch.float32, device=device)
    if context.ndim == 1:
        context = context.expand(n_sample, -1)
    if context.shape != (n_sample, n_cfeat):
        raise ValueError(
            f"context has shape {tuple(context.shape)}; expected ({n_sample}, {n_cfeat}): "
            f"a row for each of the {n_sample} samples, a number for each of {n_cfeat} classes"
        )
    return context


class IdealDenoiser(nn.Module):
    """The best possible noise prediction for a finite set of pictures, in closed form: it knows them all by heart.

    How likely each picture x0 is behind x_t goes with exp(-|x_t - sqrt(alpha_bar_t) x0|^2 / (2 (1 - alpha_bar_t)))
    (Bayes' rule with DDPM's equation 4). The mean of the pictures, so weighted, is the guess of x0 with the least
    squared error, and equation 4 makes the noise of it. Sampling with it gives the set back.

    x0: the pictures, (M, 3, H, W). It takes the place of a `ContextUnet` wherever one samples; contexts are ignored.
    """

    n_cfeat = len(CLASSES)

    def __init__(self, x0, schedule=None):
        super().__init__()
        self.schedule = schedule or NoiseSchedule()
        self.in_channels, self.h = x0.shape[1:3]
        self.x0 = nn.Parameter(x0.flatten(1), requires_grad=False)
        self.half_squares = nn.Parameter(self.x0.square().sum(dim=1) / 2, requires_grad=False)

    def forward(self, x, t, c=None):
        """Predict the noise in x, (N, 3, H, W), at t/T, one number or N. Returns the shape of x."""
        step = (t * self.schedule.timesteps).round().long()
        alpha_bar = self.schedule.alpha_bar[step].reshape(-1, 1)
        xt = x.flatten(1)
        logits = (alpha_bar.sqrt() * (xt @ self.x0.T) - alpha_bar * self.half_squares) / (1 - alpha_bar)
        guess = logits.softmax(dim=1) @ self.x0
        return ((xt - alpha_bar.sqrt() * guess) / (1 - alpha_bar).sqrt()).reshape(x.shape)


# -------------------------------------------------------------------------------------------------------- pictures


def tile(x, columns=8):
    """Lay pictures out in rows, a pixel of white between them.

    x: (N, 3, H, W) on the fixed scale -1 ... 1. Returns one picture, uint8 (height, width, 3).
    """
    return to_uint8(make_grid(torch.as_tensor(x), nrow=columns, padding=1, pad_value=1.0))


def show_sprites(x, columns=8, titles=None, title=None, size=0.8):
    """Draw pictures in a matplotlib figure, each under its own title if there are some.

    x: (N, 3, H, W), drawn on the fixed scale -1 ... 1. columns: pictures a row. titles: N words.
    title: over the whole figure. size: width of a picture in inches. Returns the figure.
    """
    rows = -(-len(x) // columns)
    room = 0.28 if titles is not None else 0.05
    fig, axes = plt.subplots(rows, columns, figsize=(size * columns, (size + room) * rows), squeeze=False)
    for i, axis in enumerate(axes.flat):
        axis.axis("off")
        if i < len(x):
            axis.imshow(to_uint8(x[i]), interpolation="nearest")
            if titles is not None:
                axis.set_title(titles[i], fontsize=8, pad=3)
    fig.suptitle(title, fontsize=10)
    fig.tight_layout(pad=0.3)
    return fig


class Animation:
    """Frames of sprites, drawn as one small picture a frame: shown by Jupyter, `.to_jshtml()`, `.save(path)`.

    frames: (F, N, 3, H, W), on the fixed scale -1 ... 1, so that the noise level can be seen. columns: sprites a row.
    Noise does not compress: a frame that takes more than `heavy` bytes gets as few levels a colour as stay within 1/16
    of the range (root mean square; at most 1/8). The last frame is exact.
    """

    heavy = 8_000

    def __init__(self, frames, columns=8):
        self.pictures = [tile(frame, columns)[1:-1, 1:-1] for frame in frames]  # without a margin: a page has its own

    def _encoded(self):
        """The frames as bytes of lossless WebP files."""
        frames = [_encode(picture) for picture in self.pictures]
        for number, picture in enumerate(self.pictures[:-1]):
            if len(frames[number]) > self.heavy:
                frames[number] = _encode(_fewer_colours(picture))
        return frames

    def to_jshtml(self, fps=10):
        """A player as a piece of HTML with all frames inside: slider, play and pause; it waits on the last frame."""
        height, width, _ = self.pictures[0].shape
        frames = [base64.b64encode(data).decode() for data in self._encoded()]
        return _PLAYER % {
            "id": "player" + secrets.token_hex(4),
            "last": len(frames) - 1,
            "width": 4 * width,
            "height": 4 * height,
            "still": frames[-1],
            "frames": "".join(f'"{frame}",' for frame in frames[:-1]),
            "pause": round(1000 / fps),
        }

    _repr_html_ = to_jshtml

    def save(self, path, fps=10, scale=4):
        """Write an animated GIF, each pixel drawn `scale` times as wide, held for two seconds at the end."""
        pictures = [Image.fromarray(p.repeat(scale, 0).repeat(scale, 1)) for p in self.pictures]
        durations = [round(1000 / fps)] * (len(pictures) - 1) + [2000]
        pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=durations, loop=0)


def _encode(picture):
    """A uint8 picture as the bytes of a WebP file, lossless (quality and method only say how hard to pack it)."""
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "WEBP", lossless=True, quality=50, method=4)
    return data.getvalue()


def _fewer_colours(picture, tolerance=255 / 16):
    """A uint8 picture with as few levels a colour, evenly spread, as keep its root mean square error in tolerance."""
    for levels in range(5, 256):
        step = 255 / (levels - 1)
        coarse = np.round(picture / step) * step
        if ((coarse - picture) ** 2).mean() <= tolerance**2:
            return coarse.round().astype(np.uint8)


_PLAYER = """<div id="%(id)s" style="max-width:%(width)dpx">
<img width="%(width)d" height="%(height)d" style="image-rendering:pixelated;max-width:100%%;height:auto"
 alt="sprites on their way from noise to picture" src="data:image/webp;base64,%(still)s"/>
<div style="display:flex;align-items:center;gap:8px;font:13px sans-serif">
<button type="button" style="width:4em">pause</button>
<input type="range" aria-label="frame" min="0" max="%(last)d" value="%(last)d" style="flex:1"/>
<span>%(last)d / %(last)d</span></div></div>
<script>(() => {
const root = document.getElementById("%(id)s"), image = root.querySelector("img");
const [button, slider, label] = ["button", "input", "span"].map(name => root.querySelector(name));
const kind = "data:image/webp;base64,", frames = [%(frames)simage.src.slice(kind.length)];
let now = 0, playing = true, timer;
function show(number) {
  now = number; slider.value = now; label.textContent = now + " / %(last)d";
  image.src = kind + frames[now];
}
function next() {
  if (!playing) return;
  show((now + 1) %% frames.length);
  timer = setTimeout(next, now == %(last)d ? 2000 : %(pause)d);
}
function play(on) {
  playing = on; clearTimeout(timer); button.textContent = on ? "pause" : "play"; if (on) next();
}
button.onclick = () => play(!playing);
slider.oninput = () => { play(false); show(+slider.value); };
play(true);
})();</script>"""


# ---------------------------------------------------------------------- names that only the course's notebooks need


def plot_sample(x_gen_store, n_sample, nrows, save_dir, fn, w, save=False):
    """An `Animation` of kept frames, (F, N, 3, H, W), in `nrows` rows; with `save` also a GIF in save_dir."""
    animation = Animation(x_gen_store, columns=-(-n_sample // nrows))
    if save:
        animation.save(os.path.join(save_dir, f"{fn}_w{w}.gif"))
    return animation


def plot_grid(x, n_sample, n_rows, save_dir, w):
    """Write pictures, (N, 3, H, W), as one PNG in `n_rows` rows to save_dir. Returns the grid, (3, height, width)."""
    grid = make_grid(torch.as_tensor(x), nrow=n_sample // n_rows, pad_value=1.0)
    Image.fromarray(to_uint8(grid)).save(os.path.join(save_dir, f"run_image_w{w}.png"))
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
    pictures = np.moveaxis(np.asarray(torch.as_tensor(x_all).detach().cpu()), 1, 3)
    return torch.from_numpy(np.moveaxis(np.stack([unorm(picture) for picture in pictures]), 3, 1).copy())


def gen_tst_context(n_cfeat):
    """Each class and no class, six times over: how many there are, and the contexts, float (6 n_cfeat + 6, n_cfeat)."""
    contexts = torch.cat([torch.eye(n_cfeat), torch.zeros(1, n_cfeat)]).repeat(6, 1)
    return len(contexts), contexts
