"""What is wrong goes wrong at once, and says how: pictures, labels, times and networks that do not belong together."""

import re
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from diffusion_utilities import (
    CLASSES,
    Animation,
    ContextUnet,
    NoiseSchedule,
    Unet,
    augment,
    ddim_step,
    ddpm_step,
    drop_context,
    guesses,
    norm_torch,
    plot_grid,
    plot_sample,
    predict,
    sample,
    show_sprites,
    tile,
    to_uint8,
    train,
    transform,
)
from scoring import score

kinds = pytest.mark.parametrize("kind", [Unet, ContextUnet])


def small(kind=Unet, **arguments):
    torch.manual_seed(0)
    return kind(n_feat=8, **({"n_wide": 8} if kind is Unet else {}), **arguments).eval()


def pictures(n=8, pixels=16, channels=3):
    return np.random.default_rng(0).integers(0, 256, (n, pixels, pixels, channels), dtype=np.uint8)


def learn(network, sprites, labels, **settings):
    return train(network, sprites, labels, **{"epochs": 1, "batch_size": len(sprites), **settings})


# --- pictures and the network's size


@kinds
@pytest.mark.parametrize("pixels, channels", [(32, 3), (28, 3), (16, 1), (16, 4), (8, 3)])
def test_pictures_of_another_size_are_refused_and_a_network_of_theirs_takes_them(kind, pixels, channels):
    sprites, labels = pictures(4, pixels, channels), np.eye(5, dtype=np.float32)[:4]
    fits = f"make it for them, with in_channels={channels}, height={pixels}"
    with pytest.raises(ValueError, match=re.escape(fits)):
        learn(small(kind), sprites, labels)
    x = transform(sprites)
    with pytest.raises(ValueError, match=re.escape("this network is for (N, 3, 16, 16)")):
        small(kind)(x, torch.tensor([0.5]))
    fitting = small(kind, in_channels=channels, height=pixels)
    learn(fitting, sprites, labels, augmented=False)
    assert sample(fitting, 2, steps=2, progress=False)[0].shape == (2, channels, pixels, pixels)


@pytest.mark.parametrize(
    "wrong", [pictures()[..., 0], pictures()[0], pictures().astype(np.float32), pictures()[:, :12]]
)
def test_sprites_of_another_form(wrong):
    with pytest.raises(ValueError, match="sprites (are|have shape)"):
        learn(small(), wrong, None)
    with pytest.raises(ValueError, match=r"a list; expected one array of them: np\.stack"):
        learn(small(), list(pictures()), None)


def test_pictures_from_pil():
    colours, grey = Image.fromarray(pictures()[0]), Image.fromarray(pictures()[0, ..., 0])
    assert transform(colours).shape == (3, 16, 16) and transform(grey).shape == (1, 16, 16)
    assert torch.equal(transform([colours, colours])[1], transform(colours))
    shades = colours.quantize(8)
    assert torch.equal(transform(shades), transform(shades.convert("RGB")))
    with pytest.raises(ValueError, match="expected uint8"):
        transform(Image.fromarray(np.full((4, 4), 40_000, np.uint16)))


# --- labels and contexts


@pytest.mark.parametrize(
    "given",
    [
        [0, 4, 2],
        np.array([0, 4, 2]),
        torch.tensor([0, 4, 2]),
        np.array([0.0, 4.0, 2.0]),
        ["hero", "side-facing", "food"],
        np.array(["hero", "side-facing", "food"]),
        np.eye(5)[[0, 4, 2]],
    ],
)
def test_class_numbers_and_names_are_what_their_rows_are(given):
    network, rows = small(), torch.eye(5)[[0, 4, 2]]
    network.classes = CLASSES
    with torch.no_grad():
        network.contextembed.weight.normal_(), network.last[2].weight.normal_()
        network.down1.scale_shift.weight.normal_(), network.down1.conv2.weight.normal_()
    how = {"steps": 2, "seed": 0, "progress": False}
    assert torch.equal(sample(network, 3, context=given, **how)[0], sample(network, 3, context=rows, **how)[0])
    assert not torch.equal(sample(network, 3, context=given, **how)[0], sample(network, 3, **how)[0])
    x, t = torch.randn(3, 3, 16, 16), torch.tensor([0.3])
    assert torch.equal(network(x, t, given), network(x, t, rows))
    losses = []
    for labels in (given, rows.numpy()):
        torch.manual_seed(0)
        losses.append(learn(small_with_names(), pictures(3), labels, drop=0, epochs=3))
    assert losses[0] == losses[1]


def small_with_names():
    network = small()
    network.classes = CLASSES
    return network


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([0, 1, 2, 3], "expected .5, 5.|5 sprites but 4"),
        ([0, 1, 2, 3, 5], "class numbers from 0 to 5; expected 0 to 4"),
        ([-1, 1, 2, 3, 4], "class numbers from -1 to 4"),
        ([0, 1, 0, 0, 0], "class numbers, or one row for all"),
        (["hero"] * 4 + ["hreo"], "names 'hreo'; expected hero"),
        (torch.full((5, 5), float("nan")), "not finite"),
        (torch.zeros(5, 4), "has shape"),
    ],
)
def test_contexts_that_mean_nothing_or_two_things(wrong, message):
    network = small_with_names()
    with pytest.raises(ValueError, match=message):
        sample(network, 5, context=wrong, steps=1, progress=False)
    with pytest.raises(ValueError, match=message):
        network(torch.zeros(5, 3, 16, 16), torch.tensor([0.5]), wrong)
    if wrong != [0, 1, 0, 0, 0]:  # these five labels mean five classes, as no label stands for all
        with pytest.raises(ValueError, match=message):
            learn(network, pictures(5), wrong)


def test_names_need_a_network_that_has_some():
    with pytest.raises(ValueError, match=r"set network\.classes"):
        sample(small(), 2, context="hero", steps=1, progress=False)
    network = small_with_names()
    one, rows = (
        sample(network, 2, context=c, steps=1, seed=0, progress=False)[0] for c in ("food", torch.eye(5)[[2, 2]])
    )
    assert torch.equal(one, rows)


@kinds
def test_without_classes(kind):
    plain, five = small(kind, n_cfeat=0), small(kind)
    for network in (plain, five):
        learn(network, pictures(), None)
        assert sample(network, 2, steps=2, progress=False)[0].isfinite().all()
    with pytest.raises(ValueError, match="8 sprites but 3 labels"):
        learn(five, pictures(), np.eye(5, dtype=np.float32)[:3])


def test_scores_of_contexts_that_ask_for_no_class():
    x = torch.rand(200, 3, 16, 16) * 2 - 1
    with pytest.raises(ValueError, match="one-hot"):
        score(x, torch.full((200, 5), 0.2))


# --- times, steps and numbers


def same(xt, t):
    return xt, torch.zeros_like(xt)


@pytest.mark.parametrize("step", [ddpm_step, ddim_step])
@pytest.mark.parametrize("t, t_prev", [(7, -9), (7, 7), (7, 8), (-1, -2), (501, 3), (7.5, 3)])
def test_steps_that_lead_nowhere(step, t, t_prev):
    with pytest.raises(ValueError, match="a step from t = "):
        step(torch.zeros(1, 3, 4, 4), t, t_prev, same, NoiseSchedule())


@pytest.mark.parametrize("eta", [1.5, -0.1, float("nan")])
def test_eta_out_of_range(eta):
    with pytest.raises(ValueError, match="eta is "):
        ddim_step(torch.zeros(1, 3, 4, 4), 7, 3, same, NoiseSchedule(), eta=eta)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"guidance": "strong"}, "guidance is 'strong'; expected a number"),
        ({"guidance": float("nan")}, "guidance is nan"),
        ({"guidance": True}, "guidance is True"),
        ({"guidance": [3, 3]}, "guidance is .3, 3.; expected a number"),
        ({"guidance": lambda time: "3"}, "guidance is '3'"),
        ({"context": None}, "but there is no context; give one"),
        ({"context": torch.zeros(2, 5)}, "but all contexts are zeros"),
        ({"context": None, "guidance": lambda time: 1}, "but there is no context"),
    ],
)
def test_guidance_that_leads_nowhere(settings, message):
    how = {"context": torch.eye(5)[:2], "guidance": 3, "steps": 2, "progress": False}
    with pytest.raises(ValueError, match=message):
        sample(small(), 2, **how | settings)


def test_guidance_without_classes():
    network = Unet(n_cfeat=0, n_feat=8, n_wide=8)
    assert sample(network, 1, steps=2, guidance=1, progress=False)[0].shape == (1, 3, 16, 16)
    with pytest.raises(ValueError, match="but there is no context"):
        sample(network, 1, steps=2, guidance=2, progress=False)


@pytest.mark.parametrize("one", [np.float32(2), torch.tensor(2), torch.tensor([2.0]), np.int64(2)])
def test_guidance_of_any_number_type(one):
    how = {"context": torch.eye(5)[:2], "steps": 2, "seed": 0, "progress": False}
    network = small()
    assert torch.equal(sample(network, 2, guidance=one, **how)[0], sample(network, 2, guidance=2, **how)[0])


@pytest.mark.parametrize("t", [-1, 501, 0.5, torch.tensor([3, -2])])
def test_times_out_of_range(t):
    x, schedule = torch.zeros(2, 3, 16, 16), NoiseSchedule()
    for call in (lambda: schedule.perturb(x, t, x), lambda: predict(small(), x, t, schedule)):
        with pytest.raises(ValueError, match="expected (whole numbers, )?0 to 500"):
            call()


@kinds
@pytest.mark.parametrize("t", [torch.tensor([300]), torch.tensor([1.5, 0.2]), torch.tensor([float("nan")])])
def test_a_network_is_told_the_part_of_time(kind, t):
    with pytest.raises(ValueError, match="a network is told t/T, from 0 to 1"):
        small(kind)(torch.zeros(2, 3, 16, 16), t)
    with pytest.raises(ValueError, match="3 times for 2 pictures"):
        small(kind)(torch.zeros(2, 3, 16, 16), torch.tensor([0.1, 0.2, 0.3]))


def test_noise_and_predictions_of_another_shape():
    x, schedule = torch.zeros(2, 3, 16, 16), NoiseSchedule()
    for eps in (torch.zeros(2, 3, 16, 1), torch.zeros(3, 3, 16, 16), torch.zeros(2, 1, 16, 16)):
        with pytest.raises(ValueError, match="expected the same"):
            schedule.perturb(x, 3, eps)
        with pytest.raises(ValueError, match="the prediction is .* the shape of the pictures"):
            guesses(eps, "noise", x, 3, schedule)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_shares_out_of_range(share):
    labels = np.eye(5, dtype=np.float32)[[0] * 8]
    for name in ("drop", "ema_decay"):
        with pytest.raises(ValueError, match=f"{name} is "):
            learn(small(), pictures(), labels, **{name: share})
    with pytest.raises(ValueError, match="probability is "):
        drop_context(torch.zeros(2, 5), share)
    with pytest.raises(ValueError, match="tint is "):
        augment(torch.ones(1, 3, 4, 4), tint=share)


@pytest.mark.parametrize(
    "wrong", [{"save_rate": -3}, {"save_rate": 2.5}, {"steps": 2.5}, {"n_sample": 1.5}, {"n_sample": 0}]
)
def test_counts_that_are_none(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is "):
        sample(small(), **{"n_sample": 2, "progress": False, **wrong})


# --- number formats


@kinds
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_networks_of_other_numbers_draw_nearly_the_same(kind, dtype):
    how = {"steps": 3, "seed": 0, "progress": False, "step": ddim_step}
    plain = sample(small(kind), 2, **how)[0]
    other = sample(small(kind).to(dtype), 2, **how)[0]
    assert other.dtype == torch.float32 and (plain - other).square().mean().sqrt() < 0.1 * plain.square().mean().sqrt()


# --- failure looks like failure


def test_a_network_gone_wrong_stops_the_sampling_and_is_left_as_it_was():
    network = small().train()
    with torch.no_grad():
        network.last[2].bias.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="in the step from t = 500"):
        sample(network, 2, steps=5, progress=False)
    assert network.training
    with pytest.raises(ValueError, match="not finite"):
        tile(torch.full((1, 3, 16, 16), float("nan")))


def test_a_single_sprite_keeps_its_pixels():
    x = torch.rand(1, 3, 16, 16) * 2 - 1
    assert (tile(x)[1:-1, 1:-1] == to_uint8(x)[0]).all() and tile(x).shape == (18, 18, 3)
    (picture,) = Animation(x[None]).films[""]
    assert (picture == to_uint8(x)[0]).all()


def test_grey_is_drawn_on_the_fixed_scale():
    x = torch.zeros(2, 1, 16, 16)
    x[1] = 0.5
    assert (tile(x)[1:17, 1:17] == 128).all() and (tile(x)[1:17, 18:34] == 191).all()
    shown = show_sprites(x, scale=1).pixels
    assert (shown == 128).all(-1).sum() == (shown == 191).all(-1).sum() == 16 * 16
    with pytest.raises(ValueError, match="2 channels"):
        tile(torch.zeros(1, 2, 4, 4))


def test_rows_are_as_many_as_asked_for(tmp_path):
    grid = plot_grid(torch.zeros(10, 3, 16, 16), 10, 4, str(tmp_path), 0)
    assert grid.shape == (3, 4 * 18 + 2, 3 * 18 + 2)


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b"])
def test_files_stay_in_their_folder(tmp_path, name):
    with pytest.raises(ValueError, match="the name of a file alone"):
        plot_sample(np.zeros((1, 1, 3, 16, 16)), 1, 1, str(tmp_path), name, 0, save=True)


# --- the ground of a picture


def test_the_ground_is_what_the_rim_shows():
    """Whatever its colour; a figure of another one stays, and so does one that a mask says is a figure."""
    for ground, figure in ((-1.0, 1.0), (0.5, -1.0), (1.0, 0.0)):
        x = torch.full((50, 1, 16, 16), ground)
        x[:, :, 5:9, 6:12] = figure
        y = augment(x, torch.Generator().manual_seed(0))
        assert ((y == figure).sum(dim=(1, 2, 3)) == 24).all() and (y[:, 0, 0, 0] != ground).float().mean() > 0.9
        assert (y[:, 0, 0, 0] - ground).abs().max() <= 0.05 * abs(ground)
    white = torch.ones(50, 3, 16, 16)
    figure = torch.zeros(50, 16, 16, dtype=torch.bool)
    figure[:, 5:9, 6:12] = True
    y = augment(white, torch.Generator().manual_seed(0), figure=figure)
    assert ((y == 1).all(dim=1).sum(dim=(1, 2)) == 24).all()


def test_a_picture_without_ground_is_left_alone_and_it_says_so():
    x = torch.rand(3, 3, 8, 8) * 2 - 1
    with pytest.warns(UserWarning, match=r"finds no ground .* train with augmented=False"):
        assert torch.equal(augment(x), x)


@pytest.mark.parametrize("mixed_precision", ["bf16", "fp16"])
def test_steps_are_computed_in_full_whatever_the_network_is(mixed_precision):
    given = []

    def note(xt, t, t_prev, predict, schedule, generator):
        given.extend((*predict(xt, t), xt))
        return ddim_step(xt, t, t_prev, predict, schedule, generator)

    sample(small(), 2, step=note, steps=3, mixed_precision=mixed_precision, progress=False)
    assert {x.dtype for x in given} == {torch.float32}


# --- what an attack found


def batch(n=4):
    return torch.zeros(n, 3, 16, 16)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: guesses(batch(), "v", batch(), 3, NoiseSchedule()), "predicts is 'v'"),
        (lambda: guesses(batch()[:1], "noise", batch(), 3, NoiseSchedule()), "the shape of the pictures"),
        (lambda: ddim_step(batch(2), 5, 3, lambda x, t: x, NoiseSchedule()), "the guess of the clean picture"),
        (lambda: ddpm_step(batch(2), 5, 3, lambda x, t: x, NoiseSchedule()), "the guess of the clean picture"),
        (lambda: ddpm_step(batch(2), 5.0, 3, lambda x, t: (x, x), NoiseSchedule()), "expected whole numbers"),
        (lambda: NoiseSchedule().perturb(batch().byte(), 3, batch()), "x0 is torch.uint8"),
        (lambda: NoiseSchedule().perturb(batch().numpy(), 3, batch()), "x0 is a ndarray"),
        (lambda: NoiseSchedule().perturb(batch(4), torch.tensor([1, 2, 3]), batch(4)), "for 4 pictures"),
        (lambda: NoiseSchedule(dtype=torch.float16), "cannot hold alpha_bar"),
        (lambda: NoiseSchedule.linear(1000, 1e-4, 0.2), "cannot hold alpha_bar"),
        (lambda: NoiseSchedule.cosine(2.5), "timesteps is 2.5"),
        (lambda: NoiseSchedule().time_of(torch.tensor([float("nan")])), "noise levels"),
        (lambda: drop_context(torch.zeros(5), 0.5), "expected contexts"),
        (lambda: drop_context(torch.tensor([1, 2]), 0.5), "expected contexts"),
        (lambda: small()(batch().double(), torch.tensor([0.5])), "takes tensors of torch.float32"),
        (lambda: small()(batch().numpy(), torch.tensor([0.5])), "pictures are a ndarray"),
        (lambda: sample(small(), 2, steps=2, times=[500, 0]), "expected one of them"),
        (lambda: sample(small(), 2, steps=2, step="ddim"), "step is 'ddim'; expected a function"),
        (lambda: sample(small(), 2, steps=2, step=lambda x, *rest: x[:1]), "the step from t = 500 gave"),
        (lambda: sample(small(), 2, steps=2, seed=1.5), "seed is 1.5"),
        (lambda: sample(small(), 2.0), "n_sample is 2.0"),
        (lambda: sample(small(), 1, steps=1, context={0: 1}), "context is a dict"),
        (lambda: sample(small(), 2, steps=1, context=[True, False]), "context has shape"),
        (lambda: Unet(n_cfeat=-1), "n_cfeat is -1"),
        (lambda: Unet(n_feat=0), "n_feat is 0"),
        (lambda: transform(np.zeros((9, 28, 28), np.uint8)), "expected (..., height, width, channels)"),
        (lambda: tile([batch(), batch()]), "expected one tensor of pictures"),
        (lambda: score([batch()]), "expected one tensor of pictures"),
        (lambda: tile(batch(0)), "no picture to show"),
        (lambda: tile(255 * torch.rand(2, 3, 16, 16)), "expected -1 to 1"),
        (lambda: show_sprites(batch(), titles=["a"]), "a word for each of 4"),
        (lambda: show_sprites(batch(), titles="abcd"), "a word for each of 4"),
        (lambda: plot_grid(batch() * float("nan"), 4, 2, ".", 0), "not finite"),
        (lambda: plot_grid(batch(), 4, 0, ".", 0), "n_rows is 0"),
        (lambda: Animation(torch.zeros(0, 4, 3, 16, 16)), "no frames"),
        (lambda: augment(batch(), figure=torch.zeros(4, 16, 16)), "figure is torch.float32"),
        (lambda: to_uint8(pictures()), "`transform` makes them of bytes"),
        (lambda: to_uint8(batch().long()), "pictures are torch.int64"),
        (
            lambda: transform([pictures()[0], pictures(1, 20)[0]]),
            "shapes [(3, 16, 16), (3, 20, 20)]; expected at least",
        ),
        (lambda: transform([]), "0 pictures of shapes []"),
        (lambda: transform("x.png"), "sprites are a str; expected an array, or PIL pictures"),
        (lambda: transform(["x.png"]), "sprites are a str"),
        (lambda: transform(None), "sprites are a NoneType"),
        (lambda: sample(small(), 4, steps=1, start=batch().byte()), "start has shape (4, 3, 16, 16), torch.uint8"),
        (lambda: sample(small(), 4, steps=1, start=batch() / 0), "start holds numbers that are not finite"),
        (lambda: sample(lambda x, t, c: x, 1), "the network is a function; expected a torch.nn.Module"),
        (lambda: sample(torch.nn.Linear(1, 1), 1), "Linear has no in_channels, h, n_cfeat"),
        (lambda: sample(small(), 3, steps=1, context=[0.0, 1.5, 2.0]), "context has shape (3,)"),
        (lambda: sample(small(), 3, steps=1, context=[0.0, 1.0, 5.0]), "class numbers from 0 to 5"),
    ],
)
def test_what_would_go_wrong_is_named(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"optimizer": torch.optim.Adam}, "expected a function that makes one"),
        ({"optimizer": "adam"}, "optimizer is 'adam'"),
        ({"optimizer": lambda network: torch.optim.Adam(small().parameters())}, "no weights of this network"),
        ({"levels": "middle"}, "levels is 'middle'"),
        ({"seed": None}, "seed is None"),
        ({"epochs": 2.0}, "epochs is 2.0"),
        ({"batch_size": 100}, "batch_size is 100; expected 1 to 8, the number of sprites. Left out it is 100"),
    ],
)
def test_what_would_go_wrong_in_training_is_named(settings, message):
    network = small()
    with pytest.raises(ValueError, match=re.escape(message)):
        learn(network, pictures(), [0] * 8, **settings)
    assert not network.training and not hasattr(network, "schedule")
    with pytest.raises(ValueError, match="labels run from -1 to "):
        learn(network, pictures(), -np.eye(5, dtype=np.float32)[[0] * 8])
    with pytest.raises(ValueError, match="sprites hold only 0 and 1"):
        learn(network, (pictures() > 99).astype(np.uint8), [0] * 8)
    with pytest.raises(ValueError, match="takes float32"):
        learn(small().double(), pictures(), [0] * 8)


def test_whatever_kind_of_whole_number_t_is():
    schedule = NoiseSchedule()
    for dtype in (np.uint8, np.int8, np.int16, np.uint16, np.int32):
        for t in (np.array([3, 7], dtype), dtype(3)):
            same = schedule.perturb(batch(2) + 1, torch.as_tensor(t.astype(np.int64)), batch(2))
            assert torch.equal(schedule.perturb(batch(2) + 1, t, batch(2)), same)


def test_a_network_in_half_precision_keeps_its_noise_levels():
    network = small()
    network.schedule = NoiseSchedule()
    network.bfloat16()
    assert torch.equal(network.schedule.alpha_bar, NoiseSchedule().alpha_bar)


def test_a_step_may_work_in_place():
    start = torch.randn(2, 3, 16, 16)
    before = start.clone()
    _, frames = sample(small(), 2, start=start, steps=3, save_rate=1, step=lambda x, *rest: x.mul_(0.5))
    assert torch.equal(start, before) and torch.equal(frames[0], before / 2) and torch.equal(frames[2], before / 8)


def test_a_short_schedule_is_not_begun_with_noise_alone():
    with pytest.warns(UserWarning, match=r"at t = 100 there is 60% of the picture left"):
        sample(small(), 1, steps=1, schedule=NoiseSchedule.linear(100))


def test_training_goes_on_with_the_networks_own_noise_levels():
    network = small()
    network.predicts, network.schedule = "velocity", NoiseSchedule.cosine(200)
    learn(network, pictures(), [0] * 8)
    assert network.schedule.timesteps == 200


def test_how_much_can_be_seen_through_is_not_tinted():
    x = torch.full((20, 4, 8, 8), -1.0)
    y = augment(x, torch.Generator().manual_seed(0))
    assert (y[:, 3] == -1).all() and (y[:, :3] > -1).any()


def test_a_rim_without_one_colour_is_no_ground():
    """As in a JPEG, or a sky: tinting the few pixels that are alike would make speckles."""
    x = torch.linspace(-1, 1, 256).reshape(1, 1, 16, 16).repeat(4, 3, 1, 1)
    x[:, :, 0, :4] = 0.5
    with pytest.warns(UserWarning, match="finds no ground"):
        assert torch.equal(augment(x), x)


def test_pictures_that_can_be_seen_through_keep_it():
    picture = Image.new("P", (16, 16), 0)
    picture.info["transparency"] = 0
    assert transform(picture).shape == (4, 16, 16) and (transform(picture)[3] == -1).all()
    assert transform(Image.new("LA", (16, 16), (5, 0))).shape == (4, 16, 16)


# --- networks of one's own


class Mine(torch.nn.Module):
    """It lays time and context beside the picture, which broadcasts nothing."""

    in_channels, h, n_cfeat = 3, 16, 5

    def __init__(self):
        super().__init__()
        self.told, self.last = [], torch.nn.Conv2d(9, 3, 1)

    def forward(self, x, t, c):
        self.told.append((tuple(t.shape), tuple(c.shape), c.dtype))
        beside = torch.cat((t[:, None], c), dim=1)[:, :, None, None].expand(-1, -1, *x.shape[2:])
        return self.last(torch.cat((x, beside), dim=1))


@pytest.mark.parametrize("context", [None, "one", torch.ones(3, 5)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_network_of_ones_own_is_told_the_same_in_training_and_in_sampling(context, dtype):
    network = Mine()
    network.classes = ["one", "two", "three", "four", "five"]
    learn(network, pictures(3), [0, 1, 2], augmented=False)
    assert sample(network.to(dtype), 3, context=context, steps=2, progress=False)[0].shape == (3, 3, 16, 16)
    assert [told[:2] for told in network.told] == [((3,), (3, 5))] * len(network.told) and len(network.told) > 2
    assert network.told[-1][2] == dtype


def test_ours_are_told_one_time_for_all():
    """It is faster, and what was drawn with them before is drawn again, to the bit."""
    network, told = small(), []
    network.register_forward_pre_hook(lambda _, given: told.append((given[1].shape, given[2])))
    sample(network, 3, steps=1, progress=False)
    assert told == [((1,), None)]


@pytest.mark.parametrize("lacking", ["in_channels", "h", "n_cfeat"])
def test_what_could_not_be_sampled_is_not_trained(monkeypatch, lacking):
    monkeypatch.delattr(Mine, lacking)
    with pytest.raises(ValueError, match=rf"Mine has no {lacking}; give it the attributes in_channels .* h .* n_cfeat"):
        learn(Mine(), pictures(3), [0, 1, 2])


def test_a_network_without_weights_is_sampled_and_not_trained():
    class Nothing(Mine):
        def __init__(self):
            torch.nn.Module.__init__(self)

        def forward(self, x, t, c):
            return 0 * x

    assert sample(Nothing(), 1, steps=1, progress=False)[0].isfinite().all()
    with pytest.raises(ValueError, match="Nothing has no weights that could learn"):
        learn(Nothing(), pictures(3), [0, 1, 2])
    with pytest.raises(ValueError, match=r"the network is a function; expected a torch\.nn\.Module"):
        learn(lambda x, t, c: x, pictures(3), [0, 1, 2])


# --- what comes in by another name


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_steps_are_computed_in_full_whatever_they_start_from(half):
    start = torch.randn(2, 3, 16, 16).to(half)
    how = {"steps": 3, "seed": 0, "progress": False, "step": ddim_step}
    x, _ = sample(small(), 2, start=start, **how)
    assert x.dtype == torch.float32 and torch.equal(x, sample(small(), 2, start=start.float(), **how)[0])


def ups_and_downs(*shape):
    return np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)


@pytest.mark.parametrize(
    "call, array",
    [
        (transform, pictures()),
        (to_uint8, ups_and_downs(4, 3, 8, 8)),
        (tile, ups_and_downs(4, 3, 8, 8)),
        (lambda x: show_sprites(x).pixels, ups_and_downs(4, 3, 8, 8)),
        (lambda x: Animation(x).films[""], ups_and_downs(2, 4, 3, 8, 8)),
        (lambda x: plot_grid(x, 4, 2, "~/grids", 0), ups_and_downs(4, 3, 8, 8)),
        (norm_torch, ups_and_downs(4, 3, 8, 8)),
        (lambda x: augment(x, torch.Generator().manual_seed(0)), -np.ones((4, 3, 8, 8), np.float32)),
        (
            lambda m: augment(batch(2), torch.Generator().manual_seed(0), figure=m),
            np.eye(16, dtype=bool)[[range(16)] * 2],
        ),
        (lambda t: NoiseSchedule().perturb(batch(3) + 1, t, batch(3)), np.array([3, 5, 7])),
        (lambda a: NoiseSchedule(a).exact, np.array([0.1, 0.5, 1])),
        (lambda a: NoiseSchedule().time_of(a), np.array([0.1, 0.5, 0.9])),
        (lambda x: sample(small(), 2, start=x, steps=2, seed=0, progress=False)[0], ups_and_downs(2, 3, 16, 16)),
        (lambda c: sample(awake(), 3, context=c, steps=2, seed=0, progress=False)[0], np.array([0, 1, 2])),
        (lambda c: sample(awake(), 3, context=c, steps=2, seed=0, progress=False)[0], np.eye(5)[:3]),
    ],
)
def test_mirrored_arrays_and_those_that_cannot_be_written_to(call, array, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path)), monkeypatch.setenv("USERPROFILE", str(tmp_path))
    flipped = array[::-1]
    plain = np.asarray(call(flipped.copy()))
    flipped.setflags(write=False)
    assert (np.asarray(call(flipped)) == plain).all()


def awake():
    network = small()
    with torch.no_grad():
        for weights in network.parameters():
            weights.normal_(std=0.1, generator=torch.Generator().manual_seed(0))
    return network


@pytest.mark.parametrize("classes", [CLASSES, list(CLASSES), np.array(CLASSES)])
def test_names_in_an_order(classes):
    network = small()
    network.classes = classes
    learn(network, pictures(3), ["hero", "food", "spell"])
    assert sample(network, 1, context="food", steps=1, progress=False)[0].shape == (1, 3, 16, 16)


@pytest.mark.parametrize(
    "classes", [dict.fromkeys(CLASSES, 0), dict(enumerate(CLASSES)), set(CLASSES), "hero", range(5), ["hero"] * 5]
)
def test_names_without_an_order(classes):
    network = small()
    network.classes = classes
    for call in (lambda: learn(network, pictures(3), [0, 1, 2]), lambda: sample(network, 1, context="hero")):
        with pytest.raises(ValueError, match=r"network\.classes is .*; expected a list of names"):
            call()


@kinds
def test_a_network_without_classes_is_made_without_a_warning(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small(kind, n_cfeat=0)
