"""Lab 7, attention and the full U-Net: each part against an oracle, each option, what the text claims, the table."""

import csv
import math
import re

import families
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torchvision
from diffusers.models.embeddings import get_timestep_embedding
from further import Lab
from scipy.linalg import sqrtm
from torch import nn
from torch.nn import functional as F

from diffusion_utilities import HERE, ddim_step, sample, show_sprites, train, waves
from exercises import EXERCISES, check

LAB = Lab("07_Attention_UNet")
cell, printed = LAB.cell, LAB.printed
TEXT = LAB.text
embedding, attention, heads = (EXERCISES[f"7.{n}"].ours for n in (3, 4, 5))


@pytest.fixture(scope="module")
def lab():
    """The names of the lab after the cells that define its network and its measures were run, on the CPU."""
    names = {"labs": HERE, "embedding": embedding}
    for holds in (
        "# @title What this lab uses",
        "# @title What all cells share",
        "class Down(",
        "levels = yours_or_ours",
        "class Residual(",
        "class Attention(",
        "class Stage(",
        "# @title What it refuses",
        "class Parts(",
        "class UNetModel(",
    ):
        exec(cell(holds).source, names)
    names |= {"unseen": names["x0"][names["held_out"]], "its": names["labels"][names["held_out"]]}
    exec(cell("def frechet(").source, names)
    names["device"] = torch.device("cpu")
    names["schedule"].cpu()
    return names


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def awake(network, seed=0):
    """The network with no layer at zero, so that every part counts."""
    torch.manual_seed(seed)
    for weights in network.parameters():
        nn.init.normal_(weights, std=0.1)
    return network.eval()


# ------------------------------------------------------------------------------------------------ the time, attention


@pytest.mark.parametrize("dim", [2, 7, 64, 65])
@pytest.mark.parametrize("max_period", [100, 10_000])
def test_the_embedding_is_that_of_diffusers(dim, max_period):
    t = torch.tensor([0.0, 0.5, 1.0, 2.5, 499.75])
    theirs = get_timestep_embedding(t, dim, downscale_freq_shift=0, max_period=max_period)
    assert torch.allclose(embedding(t, dim, max_period), theirs, atol=1e-4)


def test_waves_and_the_embedding_are_in_the_same_order_and_run_the_other_way():
    """Sines above, cosines below; ours from slow to fast, theirs from fast to slow."""
    t = torch.arange(501.0)
    for table, slow in ((waves(t / 500), 0), (embedding(t, 64, 10_000), 31)):
        assert table[0].tolist() == pytest.approx([0.0] * 32 + [1.0] * 32)
        turns = (table[1:, :32].sign() != table[:-1, :32].sign()).sum(dim=0)
        assert turns.argmax() == 31 - slow and turns[slow] <= 1


def test_attention_is_that_of_torch():
    q, k, v = (normal(2, 4, 9, 8, seed=seed) for seed in range(3))
    assert torch.allclose(attention(q, k, v), F.scaled_dot_product_attention(q, k, v), atol=1e-6)


@pytest.mark.parametrize(("channels", "n"), [(8, 1), (32, 4), (24, 3)])
def test_the_layer_is_multihead_attention(lab, channels, n):
    layer = awake(lab["Attention"](channels, n))
    theirs = nn.MultiheadAttention(channels, n, batch_first=True)
    theirs.in_proj_weight.data, theirs.in_proj_bias.data = layer.qkv.weight.data[..., 0, 0], layer.qkv.bias.data
    theirs.out_proj.weight.data, theirs.out_proj.bias.data = layer.out.weight.data[..., 0, 0], layer.out.bias.data
    x = normal(2, channels, 5, 3)
    places = layer.norm(x).flatten(2).mT
    found = theirs(places, places, places)[0].mT.reshape(x.shape)
    assert torch.allclose(layer(x), x + found, atol=1e-5)


def test_attention_does_not_know_where_a_place_is(lab):
    """All places shuffled alike, it gives the same, shuffled; and the same weights serve any size."""
    layer, x = awake(lab["Attention"](16, 2)), normal(1, 16, 4, 4)
    order = torch.randperm(16, generator=torch.Generator().manual_seed(0))
    shuffled = x.flatten(2)[..., order].reshape(x.shape)
    assert torch.allclose(layer(shuffled).flatten(2), layer(x).flatten(2)[..., order], atol=1e-5)
    assert layer(normal(1, 16, 7, 7)).shape == (1, 16, 7, 7)


def test_a_layer_begins_as_nothing(lab):
    torch.manual_seed(0)
    x = normal(2, 16, 4, 4)
    assert lab["Attention"](16, 2)(x).equal(x)


def test_the_weights_in_the_picture_are_those_of_the_layer(lab):
    names = dict(lab)
    names["network"] = awake(lab["UNetModel"]())
    exec(cell("def looks(").source, names)
    kept = {}
    names["seen"].attention.register_forward_hook(lambda _, given, result: kept.update(x=given[0], y=result))
    weights = names["weights_of"](normal(1, 1, 8, 8), 50, torch.eye(10)[[3]])
    assert weights.shape == (1, 2, 64, 64) and torch.allclose(weights.sum(dim=3), torch.ones(1, 2, 64))
    with torch.inference_mode():
        values = names["seen"].attention.asked(kept["x"])[2]
        found = names["seen"].attention.out((weights @ values).transpose(2, 3).reshape(kept["x"].shape))
        assert torch.allclose(kept["x"] + found, kept["y"], atol=1e-5)
    drawn = names["looks"](3, 1, 3, 50)
    assert "3" in drawn.alt and drawn.pixels.shape[1] <= 720
    names["picture"] = lambda fig, alt: fig
    figure = names["looks"](3, 1, 3, 50)
    _, one, other = (axis.images[0] for axis in figure.axes[:3])
    assert one.get_clim() == other.get_clim() == (0, 10)  # or a flat map looks decided
    assert one.get_array().sum() == pytest.approx(100, rel=1e-4)
    plt.close("all")


# --------------------------------------------------------------------------------------------------- the whole network

OPTIONS = (
    {},
    {"attention_resolutions": ()},
    {"attention_resolutions": (8,), "num_heads": 8},
    {"channel_mult": (1,), "attention_resolutions": (8,)},
    {"channel_mult": (1, 2, 3, 4), "attention_resolutions": (1, 2), "model_channels": 8, "num_heads": 4},
    {"channel_mult": (2, 1), "model_channels": 12, "num_heads": 3},
    {"num_res_blocks": 3, "model_channels": 9, "num_heads": 9},
    {"conv_resample": False, "dropout": 0.3},
    {"in_channels": 3, "out_channels": 6, "n_cfeat": 5},
    {"height": 28, "channel_mult": (1, 2, 2), "attention_resolutions": (14, 7), "model_channels": 16},
    {"height": 16, "channel_mult": (1, 1, 2), "attention_resolutions": (16, 4), "model_channels": 8, "n_cfeat": 0},
)


@pytest.mark.filterwarnings("ignore:Initializing zero-element")
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_option_builds_and_every_weight_counts(lab, options):
    network = awake(lab["UNetModel"](**options)).train()
    channels, size = options.get("in_channels", 1), options.get("height", 8)
    out = network(normal(2, channels, size, size), torch.tensor([0.2, 1.0]), torch.ones(2, network.n_cfeat))
    assert out.shape == (2, options.get("out_channels", 1), size, size)
    out.square().sum().backward()
    assert all(weights.grad is not None for weights in network.parameters())
    assert not [name for name, weights in network.named_parameters() if weights.numel() and not weights.grad.any()]


def attended(network, size):
    """The sizes of the maps that its attention sees."""
    seen = []
    for part in network.modules():
        if hasattr(part, "qkv"):
            part.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape[2]))
    network(torch.zeros(1, 1, size, size), torch.ones(1))
    return seen


@pytest.mark.parametrize(("size", "at"), [(8, (4,)), (8, (8,)), (32, (8,)), (32, (16, 8)), (32, ()), (28, (7, 14))])
def test_attention_is_where_the_option_says(lab, size, at):
    """Erratum 11: resolutions are sizes of maps, not how many times smaller they are."""
    mult = (1, 2) if size == 8 else (1, 1, 2)
    assert set(
        attended(lab["UNetModel"](height=size, channel_mult=mult, model_channels=4, attention_resolutions=at), size)
    ) == set(at)


@pytest.mark.filterwarnings("ignore:Initializing zero-element")
def test_the_drawing_shows_the_parts_in_order(lab):
    """Its boxes are what runs, with the sizes and channels of what comes out; its arcs join what is joined."""
    drawn = lab | {"picture": lambda fig, alt: plt.close(fig)}
    exec(cell("def boxes(").source, drawn)
    for options in OPTIONS:
        network, seen = lab["UNetModel"](**options), []
        parts = [network.first, *network.down, *network.middle, *network.up, network.last]
        for part in parts:
            part.register_forward_hook(lambda of, given, result, seen=seen: seen.append((of, given[0], result)))
        channels, size = options.get("in_channels", 1), options.get("height", 8)
        network(torch.randn(1, channels, size, size), torch.ones(1))
        found, skips = drawn["boxes"](network)
        assert [of for of, _, _ in seen] == parts
        assert [(width, count) for _, width, count in found] == [(y.shape[2], y.shape[1]) for _, _, y in seen]
        assert ["attention" in name for name, _, _ in found] == [
            any(hasattr(inner, "qkv") for inner in part.modules()) for part in parts
        ]
        for one, other in skips:
            kept = seen[one][2]
            assert seen[other][1][:, -kept.shape[1] :].equal(kept)
        assert len(skips) == len(network.down) + 1


def test_erratum_11_is_noticed(lab):
    def by_factor(size, channel_mult, attention_resolutions):
        return [2**level in attention_resolutions for level in range(len(channel_mult))]

    assert by_factor(16, (1, 2, 4), (4,)) == EXERCISES["7.2"].ours(16, (1, 2, 4), (4,))  # where they happen to agree
    assert by_factor(32, (1, 2, 4), (4,)) == EXERCISES["7.2"].ours(32, (1, 2, 4), (8,))  # question 3
    assert "how many times smaller" in check("7.2", by_factor).text
    with pytest.raises(TypeError, match="kernel_size"):
        nn.AvgPool2d(stride=2)
    assert "size of the window is missing" in check("7.1", lambda x: nn.AvgPool2d(stride=2)(x)).text


def test_what_only_the_last_trial_shows_is_told():
    """() for no level, and fewer places that ask than are looked at: tried where all else is right."""

    def first_of_all(size, channel_mult, at):
        return [size // 2**level in at and at[0] > 0 for level in range(len(channel_mult))] if at[0] else []

    def square(q, k, v):
        return attention(q, k, v).reshape(v.shape)

    assert "attention_resolutions may be ()" in check("7.2", first_of_all).text
    assert "fewer places that ask" in check("7.4", square).text
    asked = check("7.2", lambda size, mult, at: [size // 2**level == at[0] for level in range(len(mult))])
    assert "Only the first" in asked.text and "error" not in asked.text


def test_without_convolutions_shrinking_and_growing_have_no_weights(lab):
    down, up = lab["Down"](4, False), lab["Up"](4, False)
    assert not [*down.parameters(), *up.parameters()]
    x = normal(1, 4, 6, 6)
    assert torch.allclose(down(up(x)), x, atol=1e-6) and torch.allclose(down(x).mean(), x.mean(), atol=1e-6)
    assert lab["Down"](4, True)(x).shape == (1, 4, 3, 3)


def test_with_convolutions_a_stride_shrinks_and_a_convolution_follows_the_growing(lab):
    x = torch.randn(2, 6, 8, 8)
    down, up = lab["Down"](6, True), lab["Up"](6, True)
    assert torch.equal(down(x), F.conv2d(x, down.conv.weight, down.conv.bias, stride=2, padding=1))
    grown = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    assert torch.equal(up(x), F.conv2d(grown, up.conv.weight, up.conv.bias, padding=1))
    assert down.conv.weight.shape == up.conv.weight.shape == (6, 6, 3, 3)


def test_the_network_written_out(lab):
    """Over its parts, for two levels with a stage each way down, and two each way up."""
    network = awake(lab["UNetModel"](model_channels=8, channel_mult=(1, 3)))
    assert network.time[0].weight.shape == (32, 8) and network.down[1].conv is not None
    x, t, c = normal(2, 1, 8, 8), torch.tensor([0.2, 1.0]), torch.eye(10)[[3, 8]]
    hidden = F.gelu(network.time[0](embedding(500 * t, 8, 10_000)))
    emb = F.gelu(network.time[2](hidden) + network.label(c))
    first = network.first(x)
    full = network.down[0](first, emb)
    shrunk = network.down[1](full)
    half = network.down[2](shrunk, emb)
    assert (full.shape[1:], half.shape[1:]) == ((8, 8, 8), (24, 4, 4))
    hidden = network.middle[1](network.middle[0](half, emb), emb)
    hidden = network.up[0](torch.cat((hidden, half), dim=1), emb)
    hidden = network.up[2](network.up[1](torch.cat((hidden, shrunk), dim=1), emb))
    hidden = network.up[3](torch.cat((hidden, full), dim=1), emb)
    hidden = network.up[4](torch.cat((hidden, first), dim=1), emb)
    assert torch.allclose(network(x, t, c), network.last(F.gelu(hidden)), atol=1e-6)


def test_dropout_is_in_every_block_and_in_training_only(lab):
    network = awake(lab["UNetModel"](dropout=0.4, model_channels=8))
    blocks = [part for part in network.modules() if isinstance(part, lab["Residual"])]
    assert len(blocks) == 8 and all(block.conv2[0].p == 0.4 for block in blocks)
    x, t = normal(2, 1, 8, 8), torch.full((2,), 0.5)
    assert network(x, t).equal(network(x, t))
    assert not network.train()(x, t).equal(network(x, t))


def test_time_and_label_count_and_no_context_is_zeros(lab):
    network, x = awake(lab["UNetModel"](model_channels=8)), normal(2, 1, 8, 8)
    t, c = torch.tensor([0.3, 0.7]), torch.eye(10)[[4, 9]]
    told = network(x, t, c)
    assert not network.label(0 * c).any()  # zeros add nothing
    assert network(x, t).equal(network(x, t, 0 * c)) and network(x, t.reshape(2, 1, 1, 1), c).equal(told)
    assert (network(x, t, c.flip(0)) != told).all() and (network(x, t + 0.001, c) != told).all()


def test_the_network_tells_the_time_in_steps(lab, monkeypatch):
    network, asked = lab["UNetModel"](model_channels=8), []
    monkeypatch.setitem(lab, "embedding", lambda t, *rest: asked.append((t, *rest)) or embedding(t, *rest))
    network(normal(2, 1, 8, 8), torch.tensor([0.002, 1.0]))
    ((t, dim, max_period),) = asked
    assert t.tolist() == pytest.approx([1, 500]) and (dim, max_period) == (8, 10_000)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            {"attention_resolutions": (16, 4)},
            "attention_resolutions has 16; the maps of this network are 8, 4 pixels wide",
        ),
        ({"attention_resolutions": (2,)}, "has 2; the maps of this network are 8, 4"),
        ({"height": 28, "channel_mult": (1, 1, 2, 2)}, "halved 3 times; 28 pixels cannot be: .* multiple of 8"),
        ({"num_heads": 5}, "32 channels cannot be cut into 5 heads"),
        ({"num_heads": 64, "attention_resolutions": (8,)}, "32 channels cannot be cut into 64 heads"),
    ],
)
def test_what_does_not_fit_together_is_refused(lab, options, says):
    with pytest.raises(ValueError, match=says):
        lab["UNetModel"](**options)


def test_heads_may_be_any_where_there_is_no_attention(lab):
    lab["UNetModel"](num_heads=64, attention_resolutions=(4,))
    lab["UNetModel"](num_heads=5, attention_resolutions=())


# ------------------------------------------------------------------------------------------------- training, measuring


def test_pictures_of_one_channel_pass_through_training_and_sampling(lab):
    torch.manual_seed(0)
    network = lab["UNetModel"](model_channels=8, num_heads=2)
    before = [weights.clone() for weights in network.parameters()]
    data = lab["images"][:60], lab["labels"][:60]
    losses = train(network, *data, epochs=2, batch_size=20, augmented=False, progress=False, **lab["SETTINGS"])
    assert len(losses) == 2 and all(map(math.isfinite, losses))
    assert any(not old.equal(new) for old, new in zip(before, network.parameters(), strict=True))
    how = {"step": ddim_step, "steps": 3, "seed": 0, "progress": False}
    x, frames = sample(network, 10, context=torch.eye(10), **how)
    assert x.shape == (10, 1, 8, 8) and frames.shape[1:] == x.shape
    assert show_sprites(x, columns=10).pixels.ndim == 3
    assert not sample(network, 10, context=torch.eye(10).flip(0), **how)[0].equal(x)


def test_the_folded_mnist_runs_at_28(lab, monkeypatch):
    (code,) = re.findall(r"```python\n(from torchvision.datasets import MNIST.*?)```", TEXT, re.S)
    asked = {}

    class Stand:
        def __init__(self, folder, download):
            asked.update(folder=folder, download=download)
            self.data = torch.randint(0, 256, (24, 28, 28), dtype=torch.uint8)
            self.targets = torch.arange(24) % 10

    def short(network, images, labels, epochs, **settings):
        asked.update(epochs=epochs, settings=settings)
        return train(network, images, labels, epochs=1, batch_size=12, progress=False, **settings)

    monkeypatch.setattr(torchvision.datasets, "MNIST", Stand)
    few = {"train": short, "sample": lambda *a, **k: sample(*a, steps=2, progress=False, **k)}
    names = lab | few
    exec(code, names)
    assert asked["download"] and asked["epochs"] == 10 and asked["settings"]["augmented"] is False
    assert names["x"].shape == (10, 1, 28, 28) and set(attended(names["network"], 28)) == {14, 7}


def test_no_network_is_trained_on_what_is_held_out(lab):
    names = lab | {"tiny": False, "train": lambda network, images, labels, **how: (images, labels)}
    exec(cell("def trained(").source, names)
    images, labels = names["trained"](1)[1]
    kept = ~lab["held_out"]
    assert np.array_equal(images, lab["images"][kept.numpy()]) and labels.equal(lab["labels"][kept])


def test_the_digits_are_all_there_and_a_fifth_is_held_out(lab):
    images, held_out = lab["images"], lab["held_out"]
    assert images.shape == (1797, 8, 8, 1) and images.dtype == np.uint8 and images.max() == 255 and images.min() == 0
    assert len(np.unique(images)) == 17 and lab["x0"].min() == -1 and lab["x0"].max() == 1
    assert held_out.sum() == 360 and lab["labels"].bincount().min() >= 174
    assert len(lab["known"]) + len(lab["unseen"]) == 1797 and lab["judge"].n_features_in_ == 64


def test_the_distance_is_frechets(lab):
    a, b = normal(300, 1, 3, 3).double(), 0.5 * normal(200, 1, 3, 3, seed=1).double() + 0.2
    one, other = (np.cov(x.flatten(1).numpy().T) for x in (a, b))
    apart = (a.mean(0) - b.mean(0)).square().sum().item()
    expected = apart + np.trace(one + other - 2 * sqrtm(one @ other).real)
    assert lab["frechet"](a, b) == pytest.approx(expected, rel=1e-6)
    assert lab["frechet"](a, a) == pytest.approx(0, abs=1e-6)


def test_the_judge_and_the_scale_are_as_printed(lab):
    said = printed("def frechet(")
    right = lab["judge"].score(lab["flat"](lab["unseen"]), lab["its"])
    assert right > 0.97 and f"{right:.1%}" in said
    assert f"{lab['frechet'](lab['known'], lab['unseen']):.2f} of 360 held-out digits" in said


# --------------------------------------------------------------------------------------------------- what the text says


def test_the_work_grows_with_the_fourth_power(lab):
    said = printed("for size in (4, 8, 16, 64)")
    assert f"{8**4:,}" in said and f"{64**4:,}" in said and (2 * 8) ** 4 == 16 * 8**4
    assert 512 * 512 * 3 == 48 * 64 * 64 * 4  # latent diffusion


def test_the_shares_in_the_text_are_those_printed():
    """Head 2 tells strokes from ground; head 1 less; in much noise both hardly do."""
    said = printed("# @title How much of the weight")
    chance, *shares = (int(share) for share in re.findall(r"(\d+)%", said))
    stroke_1, stroke_2, ground_1, ground_2, *noisy = shares
    (claim,) = re.findall(r"With little noise, a stroke pixel.*", TEXT)
    assert re.findall(r"\d+(?= %)", claim) == [str(share) for share in (stroke_2, chance, ground_2, stroke_1, ground_1)]
    assert stroke_2 > 1.9 * chance > 3 * ground_2 and 0 < stroke_1 - ground_1 < 15
    assert all(abs(share - chance) <= 6 for share in noisy)


def test_the_time_of_an_epoch_fits_the_training():
    """30 epochs of the time that is printed take no longer than the training did, and most of it."""
    (total,) = re.findall(r"30 epochs, and the drawing, in (\d+) s", printed("after_epoch=draw_ten"))
    slow, fast = map(float, re.findall(r"([\d.]+) s with", printed("# @title How long is an epoch?")))
    assert 0.7 * int(total) < 30 * slow < int(total) + 0.5 and fast < slow
    (more,) = re.findall(r"there are (\d+) without", printed("# @title How long is an epoch?"))
    assert int(more) == pytest.approx(30 * slow / fast, abs=0.5)


def test_angles_are_not_numbers():
    said = printed("on_circle")
    assert "180° as numbers, 0° there" in said
    left = [float(share) for share in re.findall(r": ([\d.]+) of the direction", said)]
    for share, degrees in zip(left, (10, 100, 1000), strict=True):  # the mean of a wrapped normal
        assert share == pytest.approx(math.exp(-(math.radians(degrees) ** 2) / 2), abs=0.006)


# --------------------------------------------------------------------------------------------------- families of models


@pytest.fixture(scope="module")
def stored():
    """The points of the table, {name: (500, 2)}."""
    rows = {}
    with families.TABLE.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["model"], []).append((float(row["x"]), float(row["y"])))
    return {name: torch.tensor(points) for name, points in rows.items()}


def test_the_table_holds_500_points_of_each(stored):
    names = [*families.FAMILIES, *(f"{name}, short" for name in families.FAMILIES)]
    assert list(stored) == ["data", *names] and list(families.STEPS) == list(families.FAMILIES)
    assert [len(points) for points in stored.values()] == [500] * 5 + [10] * 4


def test_the_sets_own_points_are_made_again(stored):
    assert torch.allclose(families.drawn("data"), stored["data"], atol=1e-3)
    share, found = families.figures(stored["data"])
    assert share == pytest.approx(1 - math.exp(-4.5), abs=0.015) and found == 8  # three spreads, in two dimensions


def test_what_the_text_says_of_the_four_is_in_the_table(stored):
    """The share on blobs, on the ring between them, and in the middle."""
    share = {name: families.figures(points)[0] for name, points in stored.items()}
    assert share["data"] > share["diffusion"] > max(share[name] for name in ("GAN", "VAE", "flow"))
    assert families.figures(stored["GAN"])[1] == 8
    radius = {name: points.norm(dim=1) for name, points in stored.items()}
    middle = {name: (r < 1.5).float().mean().item() for name, r in radius.items()}
    assert middle["VAE"] > 0.05 > 0.03 > max(middle[name] for name in ("data", "GAN", "flow", "diffusion"))
    between = {}
    for name, points in stored.items():
        turn = torch.atan2(points[:, 1], points[:, 0]) / (math.pi / 4)
        halfway = ((turn - turn.round()).abs() > 0.3) & ((radius[name] - 2).abs() < 0.45)
        between[name] = halfway.float().mean().item()
    assert between["flow"] > between["GAN"] > between["diffusion"] > 10 * between["data"]


@pytest.mark.parametrize("name", families.FAMILIES)
def test_a_short_training_draws_the_points_of_the_table(name, stored):
    assert torch.allclose(families.drawn(name, **families.SHORT), stored[f"{name}, short"], rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("name", families.FAMILIES)
def test_the_same_seed_draws_the_same_points(name):
    one, other, else_ = (families.drawn(name, n=7, steps=3, seed=seed) for seed in (0, 0, 1))
    assert one.equal(other) and not one.equal(else_) and one.shape == (7, 2) and one.isfinite().all()


def test_a_flow_undoes_itself_and_knows_how_much_it_stretches():
    torch.manual_seed(0)
    for kept in (0, 1):
        layer, x = families.Coupling(kept), torch.randn(5, 2)
        z, stretched = layer(x)
        assert torch.allclose(layer.back(z), x, atol=1e-5) and z[:, kept].equal(x[:, kept])
        jacobian = torch.stack(
            [torch.autograd.functional.jacobian(lambda a, of=layer: of(a[None])[0][0], a) for a in x]
        )
        assert torch.allclose(jacobian.det().log(), stretched, atol=1e-5)


def test_the_figure_says_what_the_table_says(stored):
    """The lab counts by itself: as the recipe does."""
    titles, axes = {}, plt.subplots(1, 5)[1]
    names = {"WEIGHTS": families.WEIGHTS, "csv": csv, "math": math, "torch": torch, "plt": plt}
    exec(cell("# made by weights/families.py").source, names | {"picture": lambda fig, alt: titles.update(fig=fig)})
    for axis, (name, points) in zip(titles["fig"].axes, list(stored.items())[:5], strict=True):
        assert axis.get_title() == f"{name}\n{families.figures(points)[0]:.0%} on a blob"
    assert len(axes) == 5
    plt.close("all")
