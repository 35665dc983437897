"""The course's own notebooks must run on our module: each name that they take from it, called as they call it.

Names come from the star, arguments go by position, and arrays are handed over where the notebooks hand over arrays.
"""

import inspect
import subprocess
import sys

import numpy as np
import pytest
import torch
import train as training_recipe
from test_network import COURSE, course_checkpoint

import diffusion_utilities

COURSE_SETS = (89_400, 16, 16, 3), (89_400, 5)

SIGNATURES = {
    "ResidualConvBlock": ["in_channels", "out_channels", ("is_res", False)],
    "UnetUp": ["in_channels", "out_channels"],
    "UnetDown": ["in_channels", "out_channels"],
    "EmbedFC": ["input_dim", "emb_dim"],
    "unorm": ["x"],
    "norm_all": ["store", "n_t", "n_s"],
    "norm_torch": ["x_all"],
    "gen_tst_context": ["n_cfeat"],
    "plot_grid": ["x", "n_sample", "n_rows", "save_dir", "w"],
    "plot_sample": ["x_gen_store", "n_sample", "nrows", "save_dir", "fn", "w", ("save", False)],
    "CustomDataset": ["sfilename", "lfilename", "transform", ("null_context", False)],
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_names_order_and_defaults(name):
    parameters = inspect.signature(getattr(diffusion_utilities, name)).parameters.values()
    wanted = [item if isinstance(item, tuple) else (item, inspect.Parameter.empty) for item in SIGNATURES[name]]
    given = [(p.name, p.default) for p in parameters]
    assert [n for n, _ in given] == [n for n, _ in wanted]
    for (_, default), (_, expected) in zip(given, wanted, strict=True):
        assert expected is inspect.Parameter.empty or default == expected


@pytest.fixture(scope="module")
def star():
    """What a notebook has after the star, and nothing else."""
    names = {}
    exec("from diffusion_utilities import *", names)
    return names


def test_what_else_arrives_with_the_star(star):
    for name, module in {
        "os": "os",
        "np": "numpy",
        "torch": "torch",
        "nn": "torch.nn",
        "plt": "matplotlib.pyplot",
    }.items():
        assert star[name].__name__ == module


def test_what_is_slow_to_import_waits_until_it_is_needed():
    code = "import sys, workshop, scoring; print({'torchvision', 'accelerate', 'torchmetrics'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=diffusion_utilities.HERE, capture_output=True, text=True)
    assert done.stdout == "set()\n"


def test_a_network_built_from_our_blocks_takes_the_courses_checkpoint(star, tmp_path):
    """Labs 1 to 4 write the network out themselves and load a .pth file strictly."""
    nn = star["nn"]
    Block, Up, Down, Embed = (star[name] for name in ("ResidualConvBlock", "UnetUp", "UnetDown", "EmbedFC"))

    class Network(nn.Module):
        def __init__(self, in_channels, n_feat=256, n_cfeat=10, height=28):
            super().__init__()
            self.init_conv = Block(in_channels, n_feat, is_res=True)
            self.down1, self.down2 = Down(n_feat, n_feat), Down(n_feat, 2 * n_feat)
            self.to_vec = nn.Sequential(nn.AvgPool2d(4), nn.GELU())
            self.timeembed1, self.timeembed2 = Embed(1, 2 * n_feat), Embed(1, 1 * n_feat)
            self.contextembed1, self.contextembed2 = Embed(n_cfeat, 2 * n_feat), Embed(n_cfeat, 1 * n_feat)
            self.up0 = nn.Sequential(
                nn.ConvTranspose2d(2 * n_feat, 2 * n_feat, height // 4, height // 4),
                nn.GroupNorm(8, 2 * n_feat),
                nn.ReLU(),
            )
            self.up1, self.up2 = Up(4 * n_feat, n_feat), Up(2 * n_feat, n_feat)
            self.out = nn.Sequential(
                nn.Conv2d(2 * n_feat, n_feat, 3, 1, 1),
                nn.GroupNorm(8, n_feat),
                nn.ReLU(),
                nn.Conv2d(n_feat, in_channels, 3, 1, 1),
            )

        def forward(self, x, t, c):
            x = self.init_conv(x)
            down1 = self.down1(x)
            down2 = self.down2(down1)
            up1 = self.contextembed1(c).view(-1, 128, 1, 1) * self.up0(self.to_vec(down2))
            up2 = self.up1(up1 + self.timeembed1(t).view(-1, 128, 1, 1), down2)
            up2 = self.contextembed2(c).view(-1, 64, 1, 1) * up2 + self.timeembed2(t).view(-1, 64, 1, 1)
            return self.out(torch.cat((self.up2(up2, down1), x), 1))

    network = Network(3, 64, 5, 16)
    torch.save(course_checkpoint(), tmp_path / "model_trained.pth")
    with pytest.warns(UserWarning, match="shortcut"):
        network.load_state_dict(torch.load(tmp_path / "model_trained.pth", map_location="cpu"))
    assert set(network.state_dict()) - set(COURSE) == {"init_conv.shortcut.weight", "init_conv.shortcut.bias"}

    ours = star["ContextUnet"](in_channels=3, n_feat=64, n_cfeat=5, height=16)
    ours.load_state_dict(network.state_dict())
    x, t, c = torch.randn(4, 3, 16, 16), torch.tensor([0.3])[:, None, None, None], torch.eye(5)[:4]
    with torch.inference_mode():
        assert torch.allclose(network.eval()(x, t, c), ours.eval()(x, t, c), atol=1e-6)


def test_weights_under_every_name_that_the_course_loads(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py", "--pth", str(tmp_path)])
    training_recipe.main()
    names = "model_trained", "model_0", "model_4", "model_8", "model_31", "context_model_trained", "context_model_31"
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.pth" for name in names}
    for name in names:
        state = torch.load(tmp_path / f"{name}.pth", weights_only=True)
        assert {key: list(value.shape) for key, value in state.items() if "shortcut" not in key} == COURSE


def test_the_courses_data_set(star, tmp_path):
    sprites, labels = np.zeros(COURSE_SETS[0], np.uint8), np.zeros(COURSE_SETS[1], np.float64)
    sprites[:, 0, 0, 0] = np.arange(89_400) % 251
    labels[np.arange(89_400), np.arange(89_400) % 5] = 1
    np.save(tmp_path / "sprites.npy", sprites)
    np.save(tmp_path / "labels.npy", labels)
    paths = str(tmp_path / "sprites.npy"), str(tmp_path / "labels.npy")
    data = star["CustomDataset"](*paths, star["transform"], null_context=False)
    assert len(data) == 89_400 and data.getshapes() == COURSE_SETS
    loader = torch.utils.data.DataLoader(data, batch_size=100, shuffle=True)
    assert len(loader) == 894  # an epoch of the course
    x, c = next(iter(loader))
    assert x.shape == (100, 3, 16, 16) and x.dtype == torch.float32 and x.min() >= -1 and x.max() <= 1
    assert c.shape == (100, 5) and (c.sum(dim=1) == 1).all()
    x, c = data[89_399]
    assert x[0, 0, 0].item() == pytest.approx(89_399 % 251 / 127.5 - 1, abs=1e-6) and c.argmax() == 4
    assert not star["CustomDataset"](*paths, star["transform"], True)[7][1].any()


def test_pictures_as_the_course_asks_for_them(star, tmp_path):
    frames = np.stack([np.random.RandomState(i).randn(32, 3, 16, 16) for i in range(3)])  # as its sampler stacks them
    animation = star["plot_sample"](frames, 32, 4, str(tmp_path) + "/", "ani_run", None, save=False)
    assert "<img" in animation.to_jshtml() and not list(tmp_path.iterdir())
    assert animation.films[""][0].shape == (4 * 17 - 1, 8 * 17 - 1, 3)
    star["plot_grid"](torch.from_numpy(frames[0]), 32, 4, str(tmp_path) + "/", 0)
    assert [path.name for path in tmp_path.iterdir()] == ["run_image_w0.png"]
    assert star["norm_all"](frames, 3, 32).shape == (3, 32, 16, 16, 3)
    assert star["norm_torch"](torch.from_numpy(frames[0])).shape == (32, 3, 16, 16)
    assert star["unorm"](frames[0, 0].transpose(1, 2, 0)).max() == 1
    n, contexts = star["gen_tst_context"](5)
    assert len(contexts) == n
