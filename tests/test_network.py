"""The network: the course's layout, the errata put right, checkpoints read and written."""

import hashlib
import inspect
import json
import re
import textwrap
from itertools import combinations
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from further import filled
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from diffusion_utilities import (
    CLASSES,
    HERE,
    WEIGHTS,
    Block,
    ContextUnet,
    NoiseSchedule,
    ResidualConvBlock,
    Unet,
    Whole,
    load_checkpoint,
    middle,
    muon,
    pick_device,
    save_checkpoint,
    train,
    waves,
)
from exercises import yours_or_ours
from recipes import SETTINGS

kinds = pytest.mark.parametrize("kind", [ContextUnet, Unet])

COURSE = json.loads((Path(__file__).parent / "course_state_dict.json").read_text(encoding="utf-8"))


def course_checkpoint(seed=0):
    """Random weights under exactly the names and shapes of the course's checkpoint."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.zeros((), dtype=torch.long)
        if name.endswith("num_batches_tracked")
        else torch.rand(shape, generator=generator) * 0.1
        for name, shape in COURSE.items()
    }


def test_layout_is_the_courses_and_a_shortcut():
    ours = {name: list(tensor.shape) for name, tensor in ContextUnet().state_dict().items()}
    shortcut = {name: ours.pop(name) for name in ("init_conv.shortcut.weight", "init_conv.shortcut.bias")}
    assert ours == COURSE and list(ours) == list(COURSE)
    assert shortcut == {"init_conv.shortcut.weight": [64, 3, 1, 1], "init_conv.shortcut.bias": [64]}
    assert sum(p.numel() for p in ContextUnet().parameters()) - 64 * 3 - 64 == 1_480_771


def test_at_first_only_the_shortcuts_count():
    """Each block gives back what it is given, and the network predicts its input, whatever time and context are."""
    x, emb = torch.randn(2, 8, 4, 4), torch.randn(2, 64)
    assert Block(8, 8, 64)(x, emb).equal(x) and Whole(8, 4, 64)(x, emb).equal(x)
    shift = Whole(8, 4, 64).shift
    assert not shift.weight.any() and not shift.bias.any()
    x = torch.randn(2, 3, 16, 16)
    assert Unet(n_feat=8, n_wide=8)(x, torch.tensor([0.1, 0.9]), torch.eye(5)[:2]).equal(x)


def test_what_is_added_to_a_shortcut_starts_at_zero():
    """What time and context add to it, too."""
    network = Unet(n_feat=8, n_wide=8)
    starts = {Block: ("conv2", "scale_shift"), Whole: ("shift", "to_map")}
    layers = [getattr(part, name) for part in network.modules() for name in starts.get(type(part), ())]
    assert len(layers) == 6 * 2 + 2
    for layer in (*layers, network.last[2]):
        assert not layer.weight.any() and not layer.bias.any()


def test_course_checkpoint_loads_strictly_with_a_zero_shortcut():
    network = ContextUnet()
    with pytest.warns(UserWarning, match="shortcut") as warned:
        network.load_state_dict(course_checkpoint(), strict=True)
    assert len(warned) == 1
    assert not network.init_conv.shortcut.weight.any() and not network.init_conv.shortcut.bias.any()
    assert torch.equal(network.out[3].bias, course_checkpoint()["out.3.bias"])


def test_course_checkpoint_loads_into_a_network_built_from_our_blocks():
    class Mine(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = ResidualConvBlock(3, 64, is_res=True)

    own = {
        name.replace("init_conv", "first"): t for name, t in course_checkpoint().items() if name.startswith("init_conv")
    }
    mine = Mine()
    with pytest.warns(UserWarning, match=r"first\.shortcut"):
        mine.load_state_dict(own, strict=True)


@pytest.mark.parametrize("missing", ["init_conv.conv1.0.weight", "up0.1.bias", "out.3.weight"])
def test_any_other_missing_key_is_an_error(missing):
    checkpoint = course_checkpoint()
    del checkpoint[missing]
    with pytest.raises(RuntimeError, match=missing), pytest.warns(UserWarning):
        ContextUnet().load_state_dict(checkpoint, strict=True)


def test_a_key_too_many_is_an_error():
    checkpoint = ContextUnet(n_feat=8).state_dict() | {"init_conv.more": torch.zeros(1)}
    with pytest.raises(RuntimeError, match=r"init_conv\.more"):
        ContextUnet(n_feat=8).load_state_dict(checkpoint)


def test_half_a_shortcut_is_an_error():
    checkpoint = ContextUnet().state_dict()
    del checkpoint["init_conv.shortcut.bias"]
    with pytest.raises(RuntimeError, match=r"shortcut\.bias"):
        ContextUnet().load_state_dict(checkpoint)


def test_one_input_gives_one_output_and_the_shortcut_learns():
    """Erratum 2: the course's block draws a new random convolution in every forward pass."""
    block, x = ResidualConvBlock(3, 8, is_res=True).eval(), torch.randn(2, 3, 16, 16)
    assert torch.equal(block(x), block(x))
    block(x).sum().backward()
    assert block.shortcut.weight.grad.abs().sum() > 0
    expected = (block.conv2(block.conv1(x)) + block.shortcut(x)) / 1.414
    assert torch.equal(block(x), expected)
    same = ResidualConvBlock(8, 8, is_res=True).eval()
    y = torch.randn(2, 8, 4, 4)
    assert same.shortcut is None and torch.equal(same(y), (y + same.conv2(same.conv1(y))) / 1.414)
    plain = ResidualConvBlock(3, 8).eval()
    assert plain.shortcut is None and torch.equal(plain(x), plain.conv2(plain.conv1(x)))


def awake(network):
    """The network with random numbers for the weights that start at zero, so that nothing in it is without effect."""
    with torch.no_grad():
        for weights in network.parameters():
            if not weights.any():
                weights.normal_(std=0.05)
    return network.eval()


@kinds
@pytest.mark.parametrize("height", [4, 16, 20, 28, 32, 64])
def test_heights(kind, height):
    network, x = awake(kind(n_feat=8, height=height)), torch.randn(2, 3, height, height)
    assert network(x, torch.tensor([0.5])).shape == x.shape


@pytest.mark.parametrize("height", [4, 16, 20, 28, 32, 64])
def test_the_pool_takes_the_whole_map(height):
    """Erratum 4: the course pools by a fixed 4."""
    network = ContextUnet(n_feat=8, height=height).eval()
    x = torch.randn(2, 3, height, height)
    assert network.to_vec(network.down2(network.down1(network.init_conv(x)))).shape == (2, 16, 1, 1)


@kinds
@pytest.mark.parametrize("height", [0, 2, 18, 30])
def test_heights_it_cannot_take(kind, height):
    with pytest.raises(ValueError, match=f"height is {height}.*(multiple of 4|at least 1)"):
        kind(height=height)


@kinds
def test_time_and_context_matter_and_no_context_is_zeros(kind):
    torch.manual_seed(0)
    network, x = awake(kind(n_feat=8)), torch.randn(2, 3, 16, 16)
    time = torch.tensor([0.3, 0.7])
    out = network(x, time)
    assert torch.allclose(out, network(x, time, torch.zeros(2, 5)), atol=1e-5)
    assert torch.equal(out, network(x, time[:, None, None, None]))
    told = [network(x, time, torch.eye(5)[[number] * 2]) for number in range(5)]  # of one shape: no rounding differs
    for one, other in (*combinations(told, 2), (told[0], network(x, time.flip(0), torch.eye(5)[[0, 0]]))):
        assert not torch.equal(one, other)


def test_in_the_courses_network_contexts_multiply_and_times_are_added():
    """Features go on as c * features + t, before each step of the way up."""
    torch.manual_seed(0)
    network, seen = ContextUnet(n_feat=8).eval(), {}
    for name in ("up0", "up1", "up2"):
        network.get_submodule(name).register_forward_hook(
            lambda _, inputs, out, name=name: seen.update({name: (inputs, out)})
        )
    t, c = torch.tensor([0.3, 0.7]), torch.rand(2, 5)
    network(torch.randn(2, 3, 16, 16), t, c)
    for before, after, number in (("up0", "up1", 1), ("up1", "up2", 2)):
        factor = network.get_submodule(f"contextembed{number}")(c)[:, :, None, None]
        shift = network.get_submodule(f"timeembed{number}")(t)[:, :, None, None]
        expected = factor * seen[before][1] + shift
        assert torch.allclose(seen[after][0][0], expected, atol=1e-6)
        assert (expected - (seen[before][1] + shift)).abs().mean() > 0.01  # so that leaving out the factor would show


def test_the_courses_network_written_out():
    """Layer by layer, in functions, with random weights and statistics."""
    network = ContextUnet(n_feat=8).eval()
    w, part = filled(network)

    def convolutions(x, name):
        for conv in (f"{name}.conv1", f"{name}.conv2"):
            x = F.conv2d(x, *part(f"{conv}.0"), padding=1)
            x = F.gelu(F.batch_norm(x, w[f"{conv}.1.running_mean"], w[f"{conv}.1.running_var"], *part(f"{conv}.1")))
        return x

    def down(x, name):
        return F.max_pool2d(convolutions(convolutions(x, f"{name}.model.0"), f"{name}.model.1"), 2)

    def up(x, name):
        x = F.conv_transpose2d(x, *part(f"{name}.model.0"), stride=2)
        return convolutions(convolutions(x, f"{name}.model.1"), f"{name}.model.2")

    def embedded(x, name):
        return F.linear(F.gelu(F.linear(x, *part(f"{name}.model.0"))), *part(f"{name}.model.2"))[:, :, None, None]

    x, t, c = torch.randn(2, 3, 16, 16), torch.tensor([[0.2], [0.9]]), torch.rand(2, 5)
    first = (convolutions(x, "init_conv") + F.conv2d(x, *part("init_conv.shortcut"))) / 1.414
    down1 = down(first, "down1")
    down2 = down(down1, "down2")
    hidden = F.gelu(down2.mean(dim=(2, 3), keepdim=True))
    hidden = F.relu(F.group_norm(F.conv_transpose2d(hidden, *part("up0.0"), stride=4), 8, *part("up0.1")))
    for name, skip, number in (("up1", down2, 1), ("up2", down1, 2)):
        hidden = embedded(c, f"contextembed{number}") * hidden + embedded(t, f"timeembed{number}")
        hidden = up(torch.cat((hidden, skip), dim=1), name)
    hidden = F.conv2d(torch.cat((hidden, first), dim=1), *part("out.0"), padding=1)
    expected = F.conv2d(F.relu(F.group_norm(hidden, 8, *part("out.1"))), *part("out.3"), padding=1)
    assert torch.allclose(network(x, t, c), expected, rtol=1e-3, atol=1e-3 * expected.abs().mean().item())


def test_block_scales_and_shifts():
    block = awake(Block(8, 12, 6))
    x, embedding = torch.randn(2, 8, 4, 4), torch.randn(2, 6)
    scale, shift = block.scale_shift(embedding).reshape(2, 2, 12, 1, 1).unbind(1)
    normed = (hidden := block.conv1(nn.functional.gelu(block.norm1(x)))) - hidden.mean(dim=1, keepdim=True)
    normed = normed / (hidden.var(dim=1, keepdim=True, unbiased=False) + 1e-5).sqrt()
    normed = normed * block.norm2.weight[:, None, None] + block.norm2.bias[:, None, None]
    out = block.shortcut(x) + block.conv2(nn.functional.gelu(normed * (1 + scale) + shift))
    assert torch.allclose(block(x, embedding), out, atol=1e-5)
    fresh = Block(8, 8, 6)
    assert torch.equal(fresh(x, embedding), x)


def test_waves():
    t = torch.tensor([0.0, 0.25, 1.0])
    assert torch.equal(waves(t, 4)[0], torch.tensor([0.0, 0.0, 1.0, 1.0]))
    assert torch.allclose(waves(t)[:, 0], t.sin()) and torch.allclose(waves(t)[:, 63], (10**2.7 * t).cos(), atol=1e-4)


@kinds
@pytest.mark.parametrize("whole", [np.int64, np.uint8, torch.tensor])
def test_sizes_of_any_whole_type(kind, whole, tmp_path):
    """As of labels.max() + 1: what is kept of them is plain."""
    network = kind(**{name: whole(size) for name, size in {"n_feat": 8, "n_cfeat": 3, "height": 20}.items()})
    save_checkpoint(network, tmp_path / "a.safetensors")
    assert load_checkpoint(tmp_path / "a.safetensors").arguments == kind(n_feat=8, n_cfeat=3, height=20).arguments
    assert {type(size) for size in (*network.arguments.values(), network.n_cfeat, network.h)} == {int}


@kinds
def test_checkpoints_come_back(kind, tmp_path):
    torch.manual_seed(0)
    network, x = awake(kind(n_feat=8, n_cfeat=3, height=20)), torch.randn(2, 3, 20, 20)
    out = network(x, torch.tensor([0.5]))
    names = {"a.safetensors": 2e-2, "a.pth": 1e-5} if kind is ContextUnet else {"a.safetensors": 2e-2}
    for name, tolerance in names.items():
        save_checkpoint(network, tmp_path / name)
        again = load_checkpoint(tmp_path / name)
        assert type(again) is kind and not again.training
        assert again.arguments == network.arguments and again.arguments["height"] == 20
        assert (again(x, torch.tensor([0.5])) - out).abs().max() <= tolerance
    save_checkpoint(network, tmp_path / "full.safetensors", half=False)
    exact = load_checkpoint(tmp_path / "full.safetensors").state_dict()
    assert all(torch.equal(exact[key], value) for key, value in network.state_dict().items())
    assert {path.suffix for path in tmp_path.iterdir()} == {
        Path(name).suffix for name in names
    }  # nothing half-written is left


@pytest.mark.parametrize("given, named", [("cpu", "'cpu'"), (torch.device("cpu"), "device"), (Unet, "Unet")])
def test_what_is_no_network_to_fill(tmp_path, given, named):
    save_checkpoint(Unet(n_feat=8), tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match=f"network is .*{named}.*; expected one that is made, .* device="):
        load_checkpoint(tmp_path / "a.safetensors", given)
    with pytest.raises(ValueError, match=r"is of Unet\(.*; expected Linear\(\)"):
        load_checkpoint(tmp_path / "a.safetensors", nn.Linear(2, 2))


def test_checkpoints_that_cannot_be_read(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(FileNotFoundError, match=r"a\.safetensors.*train\.py"):
        load_checkpoint(path)
    save_checkpoint(ContextUnet(n_feat=8), path)
    with pytest.raises(ValueError, match=r"n_feat=8, n_cfeat=5, height=16\); expected ContextUnet\(.*n_feat=16"):
        load_checkpoint(path, ContextUnet(n_feat=16))
    with pytest.raises(ValueError, match=r"is of ContextUnet\(.*; expected Unet\("):
        load_checkpoint(path, Unet(n_feat=8))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="cut short"):
        load_checkpoint(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="cut short"):
        load_checkpoint(path)
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "foreign.pth")
    with pytest.raises(ValueError, match="does not say that it is a checkpoint"):
        load_checkpoint(tmp_path / "foreign.pth")
    torch.save(nn.Linear(2, 2), tmp_path / "code.pth")
    with pytest.raises(ValueError, match="cannot be read"):
        load_checkpoint(tmp_path / "code.pth")
    partly = ContextUnet(n_feat=8).state_dict()
    del partly["out.1.bias"]
    torch.save(partly, tmp_path / "partly.pth")
    with pytest.raises(ValueError, match=r"out\.1\.bias"):
        load_checkpoint(tmp_path / "partly.pth")


@pytest.mark.parametrize("name", ["epoch_0", "epoch_4", "epoch_8", "epoch_31", "model_trained", "course"])
def test_shipped_weights(name):
    network = load_checkpoint(WEIGHTS / f"{name}.safetensors")
    assert type(network) is (ContextUnet if name == "course" else Unet)
    assert network.schedule.timesteps == 500 and network.predicts == type(network).predicts
    assert name == "course" or (network.classes == list(CLASSES) and network.arguments == Unet().arguments)


def test_the_samples_that_viewers_named_are_of_the_shipped_network():
    digest = hashlib.sha256((WEIGHTS / "model_trained.safetensors").read_bytes()).hexdigest()
    assert digest[:16] in (WEIGHTS / "naming.csv").read_text(encoding="utf-8").splitlines()[0]


def test_all_weights_together_stay_small():
    assert sum(path.stat().st_size for path in WEIGHTS.glob("*.safetensors")) <= 20e6


def test_devices():
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device().type in ("cpu", "cuda", "mps")
    with pytest.raises(RuntimeError, match="'tpu' is not there; this machine has: .*cpu"):
        pick_device("tpu")


def test_whole_is_fully_connected():
    """One hidden layer over all numbers of the map, which every one of them reaches."""
    block = awake(Whole(8, 4, 6, n_hidden=10))
    x, emb = torch.randn(2, 8, 4, 4, requires_grad=True), torch.randn(2, 6)
    first, last = block.to_vec.weight.flatten(1), block.to_map.weight.flatten(1)
    hidden = block.norm(x).flatten(1) @ first.T + block.to_vec.bias + block.shift(emb)
    out = nn.functional.gelu(hidden) @ last + block.to_map.bias.repeat_interleave(16)
    assert torch.allclose(block(x, emb), x + out.reshape(x.shape), atol=1e-5)
    block(x, emb)[0, 0, 0, 0].backward()
    assert (x.grad[0] != 0).all() and not x.grad[1].any()


@pytest.mark.parametrize("n_cfeat", [1, 12])
@pytest.mark.parametrize("in_channels", [1, 4])
def test_unet_is_tied_to_no_size_and_no_number_of_classes(in_channels, n_cfeat):
    for height in (16, 28):
        network = awake(Unet(in_channels, n_feat=8, n_cfeat=n_cfeat, height=height))
        x = torch.randn(2, in_channels, height, height)
        assert network(x, torch.tensor([0.5]), torch.ones(2, n_cfeat)).shape == x.shape


def test_every_block_of_the_unet_hears_time_and_context():
    network = awake(Unet(n_feat=8))
    x, t, c = torch.randn(2, 3, 16, 16), torch.tensor([0.5]), torch.eye(5)[:2]
    for block in (module for module in network.modules() if isinstance(module, Block)):
        heard = []
        hook = block.register_forward_hook(lambda _, inputs, __, heard=heard: heard.append(inputs[1]))
        for time, context in ((t, c), (t / 2, c), (t, c.flip(0))):
            network(x, time, context)
        hook.remove()
        same, later, other = heard
        assert not torch.equal(same, later) and not torch.equal(same, other)


def test_the_skips_of_the_unet_matter():
    """Without what the way down hands over, fine details cannot come back."""
    network, x, t = awake(Unet(n_feat=8)), torch.randn(2, 3, 16, 16), torch.tensor([0.5])
    whole = network(x, t)
    for name in ("up1", "up2"):
        block = network.get_submodule(name)
        width = block.conv1.in_channels // 2
        cut = block.register_forward_pre_hook(
            lambda _, inputs, width=width: (inputs[0] * (torch.arange(2 * width) < width)[:, None, None], inputs[1])
        )
        assert (network(x, t) - whole).abs().max() > 1e-3
        cut.remove()


def test_a_checkpoint_says_what_it_is(tmp_path):
    network = Unet(4, 8, 16, 3, 20)
    network.classes, network.predicts = ("a", "b", "c"), "x0"
    network.schedule = NoiseSchedule.cosine(30)
    save_checkpoint(network, tmp_path / "a.safetensors")
    again = load_checkpoint(tmp_path / "a.safetensors")
    assert type(again) is Unet and again.arguments == {
        "in_channels": 4,
        "n_feat": 8,
        "n_wide": 16,
        "n_cfeat": 3,
        "height": 20,
    }
    assert again.classes == ["a", "b", "c"] and again.predicts == "x0"
    for name in ("beta", "alpha", "alpha_bar"):
        assert torch.equal(getattr(again.schedule, name), getattr(network.schedule, name))
    with pytest.raises(ValueError, match=r"in_channels=4.*expected Unet\(in_channels=3"):
        load_checkpoint(tmp_path / "a.safetensors", Unet())


def test_a_network_that_does_not_say_how_it_is_made_is_not_kept(tmp_path):
    with pytest.raises(ValueError, match=r"Linear, of torch.*, does not say how .* its schedule, predicts and classes"):
        save_checkpoint(nn.Linear(2, 2), tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


def test_nothing_is_guessed_from_shapes(tmp_path):
    save_file(Unet(n_feat=8).state_dict(), tmp_path / "silent.safetensors")
    with pytest.raises(ValueError, match="does not say that it is a checkpoint"):
        load_checkpoint(tmp_path / "silent.safetensors")


def test_what_would_overflow_in_half_precision_is_kept_in_full(tmp_path):
    network = ContextUnet(n_feat=8)
    network.init_conv.conv1[1].running_var[0] = 1e6
    save_checkpoint(network, tmp_path / "a.safetensors")
    again = load_checkpoint(tmp_path / "a.safetensors")
    assert again.init_conv.conv1[1].running_var[0] == 1e6
    with safe_open(tmp_path / "a.safetensors", "pt") as file:
        kept = {name for name in file.keys() if file.get_tensor(name).dtype == torch.float32}  # noqa: SIM118
    assert kept == {"init_conv.conv1.1.running_var"}


def test_a_view_of_a_training_takes_two_megabytes_at_most(tmp_path):
    network = Unet()
    network.schedule, network.classes = NoiseSchedule(), CLASSES
    save_checkpoint(network, tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").stat().st_size <= 2e6


# --- what Lab 2 builds


@pytest.fixture(scope="module")
def lab2():
    """The cells of Lab 2."""
    return nbformat.read(HERE / "notebooks" / "02_Training.ipynb", 4).cells


def test_lab_2_builds_the_shipped_network_in_three_cells_and_seventy_lines(lab2):
    cells = [cell.source for cell in lab2 if "nn.Module)" in cell.source and cell.cell_type == "code"]
    assert len(cells) <= 3
    assert len([line for cell in cells for line in cell.splitlines() if line.strip()]) <= 70
    built = {"torch": torch, "nn": nn, "F": nn.functional, "plt": plt, "picture": lambda fig, alt: None}
    built |= {"yours_or_ours": yours_or_ours, "skip": yours_or_ours("2.3")}
    for cell in cells:
        exec(cell, built)
    plt.close("all")
    mine, shipped = built["MyUnet"]().eval(), load_checkpoint(WEIGHTS / "model_trained.safetensors")
    mine.load_state_dict(shipped.state_dict())  # strictly: name by name
    x = torch.randn(6, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    times = torch.tensor([0.002, 0.1, 0.4, 0.6, 0.8, 1.0])
    contexts = torch.cat([torch.eye(5), torch.tensor([[0.5, 0, 0, 2, -1]])])
    as_in_training = times[:, None, None, None]
    for t, c in ((times, contexts), (times[:1], contexts), (times, None), (times[3:4], None), (as_in_training, None)):
        assert torch.allclose(mine(x, t, c), shipped(x, t, c), atol=1e-5)
    assert (mine.in_channels, mine.h, mine.n_cfeat) == (3, 16, 5)
    emb, hidden = torch.randn(2, 48), torch.randn(2, 8, 4, 4)  # at first, as above, only the shortcuts count
    block, whole = built["MyBlock"](8, 8, 48), built["MyWhole"](8, 4, 48)
    assert block(hidden, emb).equal(hidden) and whole(hidden, emb).equal(hidden)
    assert not any(weights.any() for part in (block.scale_shift, whole.shift) for weights in part.parameters())
    assert built["MyUnet"]()(x, times, contexts).equal(x)


def test_lab_2_shows_the_way_through_the_courses_network_as_it_is(lab2):
    (shown,) = (cell.source for cell in lab2 if "<summary><b>The course's network" in cell.source)
    (code,) = re.findall(r"```python\n(.*?)```", shown, re.DOTALL)
    assert code in textwrap.dedent(inspect.getsource(ContextUnet.forward).split("gate.asked(self, x, t, c)\n\n")[1])


def test_lab_2_trains_as_the_recipe_does(lab2):
    (line,) = (line for cell in lab2 for line in cell.source.splitlines() if line.startswith("settings = {"))
    settings = eval(line.removeprefix("settings = "), {"muon": muon, "middle": middle, "faster": "no"})
    assert settings == {**SETTINGS, "mixed_precision": "no"}


# --- checkpoints of other forms


@pytest.mark.parametrize("wrapper", ["module.", "_orig_mod.", "module._orig_mod."])
@pytest.mark.parametrize("ending", [".pth", ".pt"])
def test_wrapped_networks_are_unwrapped(tmp_path, wrapper, ending):
    network = ContextUnet(n_feat=8)
    path = tmp_path / f"wrapped{ending}"
    torch.save({wrapper + key: value for key, value in network.state_dict().items()}, path)
    again = load_checkpoint(path)
    assert all(torch.equal(value, again.state_dict()[key]) for key, value in network.state_dict().items())


def test_other_files_are_named(tmp_path):
    network = ContextUnet(n_feat=8)
    files = {
        "it is a dictionary with epoch, model, optimizer; take": {
            "epoch": 3,
            "model": network.state_dict(),
            "optimizer": {},
        },
        "it holds whole Python objects": network,
    }
    for message, what in files.items():
        torch.save(what, tmp_path / "other.pth")
        with pytest.raises(ValueError, match=message):
            load_checkpoint(tmp_path / "other.pth")
    torch.jit.script(nn.Linear(2, 2)).save(tmp_path / "script.pt")
    with pytest.raises(ValueError, match="it is TorchScript"):
        load_checkpoint(tmp_path / "script.pt")
    train(
        network, np.full((4, 16, 16, 3), 255, np.uint8), None, epochs=1, batch_size=4, folder=tmp_path, progress=False
    )
    with pytest.raises(ValueError, match="it is the state of a run"):
        load_checkpoint(tmp_path / "state.safetensors")


@pytest.mark.parametrize("version, safe", [("2.5.1+cpu", False), ("2.9.0", False), ("2.10.0", True), ("3.0", True)])
def test_pickles_are_read_under_a_torch_that_reads_them_safely(tmp_path, monkeypatch, version, safe):
    save_checkpoint(ContextUnet(n_feat=8), tmp_path / "a.pth")
    monkeypatch.setattr(torch, "__version__", version)
    if safe:
        assert load_checkpoint(tmp_path / "a.pth")
    else:
        with pytest.raises(ValueError, match="CVE-2025-32434"):
            load_checkpoint(tmp_path / "a.pth")


def test_what_could_not_be_loaded_again_is_not_saved(tmp_path):
    class Mine(Unet):
        pass

    borrowed = type("Unet", (Mine,), {"__module__": __name__})(n_feat=8)
    theirs_by_name = type("ContextUnet", (ContextUnet,), {})(n_feat=8)
    theirs = ContextUnet(n_feat=8)
    theirs.predicts = "velocity"
    for network, name, message in (
        (Mine(n_feat=8), "a.safetensors", "Mine, of test_network, does not say how it is made"),
        (borrowed, "a.safetensors", "Unet, of test_network, does not say how it is made"),
        (theirs_by_name, "a.pth", "a ContextUnet that predicts noise"),
        (Unet(n_feat=8), "a.pt", "ends in '.pt'"),
        (ContextUnet(n_feat=8), "a.PTH", "ends in '.PTH'"),
        (theirs, "a.pth", "a ContextUnet that predicts noise"),
    ):
        with pytest.raises(ValueError, match=message):
            save_checkpoint(network, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_file_is_known_by_what_is_in_it(tmp_path):
    """Not by its ending; and what was wrapped by torch.compile or DataParallel is what is saved."""
    network = ContextUnet(n_feat=8)
    save_checkpoint(nn.DataParallel(network), tmp_path / "a.safetensors")
    (tmp_path / "a.safetensors").rename(tmp_path / "a.pth")
    torch.save(network.state_dict(), tmp_path / "b.bin")
    network.classes = np.array(["a", "b", "c", "d", "e"])
    save_checkpoint(torch.compile(network), tmp_path / "c.safetensors")
    for name in ("a.pth", "b.bin", "c.safetensors"):
        assert load_checkpoint(tmp_path / name).n_feat == 8
    assert load_checkpoint(tmp_path / "c.safetensors").classes == ["a", "b", "c", "d", "e"]
    (tmp_path / "page.pth").write_text("<html>not found</html>", encoding="utf-8")
    with pytest.raises(ValueError, match="cut short or of another kind"):
        load_checkpoint(tmp_path / "page.pth")
    torch.save(7, tmp_path / "number.pth")
    with pytest.raises(ValueError, match="it holds a int"):
        load_checkpoint(tmp_path / "number.pth")
