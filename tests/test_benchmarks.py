"""The benchmark's baseline is the course's way, and its table is what its recipe makes."""

import inspect
import re
import sys
from contextlib import nullcontext

import bench
import course
import full_training
import pytest
import torch
from test_tables import assert_made, stored
from torch import nn

import diffusion_utilities
from diffusion_utilities import (
    ContextUnet,
    NoiseSchedule,
    adam,
    ddim_step,
    ddpm_step,
    load_checkpoint,
    sample,
    save_checkpoint,
    train,
)
from recipes import RandomShortcut, WithoutTheRoot


@pytest.fixture
def network():
    torch.manual_seed(0)
    return ContextUnet(n_feat=8).eval()


def test_the_courses_loops_draw_what_ours_do(network):
    def with_the_dice_of_all(xt, t, t_prev, predict, schedule, generator):
        return ddpm_step(xt, t, t_prev, predict, schedule)

    for loop, step, steps in ((course.sample_ddpm, with_the_dice_of_all, 500), (course.sample_ddim, ddim_step, 25)):
        torch.manual_seed(1)
        theirs, their_frames = loop(network, 2)
        torch.manual_seed(1)
        ours, frames = sample(network, 2, start=torch.randn(2, 3, 16, 16), step=step, steps=steps, progress=False)
        assert torch.allclose(theirs, ours, rtol=1e-3, atol=1e-2)
        if step is not ddim_step:
            assert torch.allclose(torch.from_numpy(their_frames), frames, rtol=1e-3, atol=1e-2)


def test_the_courses_network_is_its_own_with_a_new_shortcut_at_each_call():
    network = course.network().eval()
    x, t = torch.randn(1, 3, 16, 16), torch.ones(1)
    with torch.inference_mode():
        assert (network(x, t) - network(x, t)).abs().max() > 1e-3
    assert network.n_feat == 64 and type(network.init_conv) is RandomShortcut


def test_the_courses_training_lacks_the_root():
    torch.manual_seed(0)
    given = []

    class Recorder(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(()))

        def forward(self, x, t, c):
            given.append((x, t, c))
            return x * self.weight

    network = Recorder()
    x, c = torch.full((4000, 3, 2, 2), 2.0), torch.ones(4000, 5)
    course.training_step(network, torch.optim.Adam(network.parameters(), 1e-3), x, c)
    (noisy, t, kept) = given[0]
    alpha_bar = NoiseSchedule().alpha_bar[(500 * t).round().long(), None, None, None]
    noise = (noisy - 2 * alpha_bar.sqrt()) / (1 - alpha_bar)
    assert noise.mean().abs() < 0.02 and noise.var().item() == pytest.approx(1, abs=0.03)
    assert kept[:, 0].mean().item() == pytest.approx(0.9, abs=0.02) and kept.unique().tolist() == [0, 1]
    assert t.min() >= 1 / 500 and t.max() == 1 and network.weight > 0


def test_the_courses_animation_shows_each_frame():
    frames = torch.rand(3, 4, 3, 16, 16)

    def pictures(frames):
        return re.findall('base64,([^"]*)', course.animation(frames.numpy(), rows=2))

    assert len(set(pictures(frames))) == 3
    assert pictures(frames[:1]) == pictures(4 * frames[:1])  # each sprite is stretched to its own range
    assert pictures(frames[:1]) != pictures(frames[:1].flip(1))


def test_a_row_of_the_full_training():
    settings = {"way": "ours, in float32", "sprites": 1_000, "epochs": 2, "drawn": 200, "sampler": "DDPM", "steps": 5}
    settings["context"] = "none"
    again = full_training.figures(**settings)
    row = stored(full_training.Path(full_training.__file__).parent / "full_training.csv", **settings)
    assert_made(row, settings, again, rel=0.02)


def test_the_courses_training_is_scored_by_its_checkpoint(tmp_path, monkeypatch):
    network = course.network()
    save_checkpoint(network, tmp_path / "epoch_3.safetensors")
    loaded = []
    monkeypatch.setattr(full_training, "load_checkpoint", lambda *args: loaded.append(args) or load_checkpoint(*args))
    figures = full_training.figures("course", 89_400, 3, 200, "DDIM", 1, "none", tmp_path)
    ((path, loaded_into),) = loaded
    assert path.name == "epoch_3.safetensors" and type(loaded_into.init_conv) is RandomShortcut
    assert figures["floor"] < figures["distance"]


def test_steps_behind_a_row():
    assert bench.trained({"epochs": "32", "sprites": "89400"}) == bench.COURSE_STEPS == 28_608


def test_the_whole_training_is_the_courses_recipe(tmp_path, monkeypatch):
    """All but the number format: network, noise, copies, Adam at 0.001, batches of 100, 32 epochs, no average."""
    called = []
    monkeypatch.setattr(full_training, "train", lambda *data, **settings: called.append((data, settings)))
    monkeypatch.setattr(full_training, "fill", lambda *args: None)
    monkeypatch.setattr(full_training.shutil, "copy", lambda *args: None)
    monkeypatch.setattr(full_training, "whole", nullcontext)
    monkeypatch.setattr(sys, "argv", ["full_training.py", "--run", str(tmp_path)])
    full_training.main()
    [((network, sprites, labels), settings)] = called
    assert type(network.init_conv) is RandomShortcut and len(sprites) == len(labels) == 89_400
    assert type(settings.pop("schedule")) is WithoutTheRoot and settings.pop("mixed_precision") == "bf16"
    assert settings.pop("folder") == tmp_path and settings.pop("after_epoch")
    assert settings == {"epochs": 32, "ema_decay": 0, "augmented": False}
    by_default = inspect.signature(train).parameters["batch_size"], inspect.signature(adam).parameters["lr"]
    assert [parameter.default for parameter in by_default] == [100, 1e-3]
    made = []
    monkeypatch.setattr(diffusion_utilities, "adam", lambda network: made.append(network) or adam(network))
    train(network, sprites[:100], labels[:100], epochs=1)
    assert made == [network]


def test_copies_of_the_sprites_are_made_once():
    sprites, labels = full_training.copies(13_500)
    again, _ = full_training.copies(13_500)
    assert sprites.shape == (13_500, 16, 16, 3) and (sprites == again).all()
    assert (labels[13_000:] == labels[:500]).all() and (sprites[13_000:] != sprites[:500]).any()


def test_the_cheapest_row_that_is_good_enough_by_both_judges():
    def rows(*figures):
        return [dict(zip(("steps", "distance", "distance2"), row, strict=True)) for row in figures]

    (goal,) = rows(("500", "2.0", "9"))
    some = rows(("500", "1.9", "9"), ("9", "2", "8"), ("10", "1.7", "7"), ("5", "2.1", "7"), ("4", "1.7", "10"))
    assert bench.cheapest(some, goal, "steps")["steps"] == "9"
    some += rows(("9", "1.8", "8"))
    assert bench.cheapest(some, goal, "steps")["distance"] == "1.8"


def test_ratios_are_taken_round_by_round():
    assert bench.ratio([4.0, 9.0, 20.0], [1.0, 3.0, 2.0]) == "**4** (3 to 10) | 9 s | 2 s"
    assert bench.ratio([9734.0], [7.0]) == "**1,391** (1,391 to 1,391) | 9,734 s | 7 s"


def test_each_round_times_every_job_once():
    called = []
    jobs = {name: lambda name=name: called.append(name) or len(called) for name in "ab"}
    assert bench.in_rounds(jobs, 3) == {"a": [1, 3, 5], "b": [2, 4, 6]}
    assert bench.in_rounds(jobs, 1, at_first=["a"]) == {"a": [8], "b": [9]}


def test_the_first_table_is_made_from_the_tables_of_distances(monkeypatch):
    """All but the times: which rows are taken, and a row has as many cells as the head."""
    monkeypatch.setattr(bench, "sample", lambda *args, **how: (None, torch.zeros(2, 32, 3, 16, 16)))

    def quick_rounds(jobs, rounds, at_first):
        jobs["animation course"](), jobs["animation ours"]()  # of which the sizes are told
        return {name: [2.0] * rounds for name in jobs}

    monkeypatch.setattr(bench, "in_rounds", quick_rounds)
    lines = bench.beside_the_course(1)
    assert {line.count("|") for line in lines} == {bench.RATIOS.splitlines()[0].count("|")}
    assert "there distance 1.32, second judge 4.85 |" in lines[4]  # our network's own distance after all 500 steps
    assert [row.split(" | ")[1] for row in bench.felt(lines).splitlines()[2:]] == ["2 s"] * 3


def test_the_trainings_are_told_in_steps():
    lines = list(bench.trainings())
    assert any(line.startswith("| course | 28,608 |") for line in lines)
    assert any(line.startswith("| ours | 2,600 |") for line in lines)


def test_the_memory_of_a_process_is_its_own():
    much = torch.ones(1_200, 2**20, dtype=torch.uint8)
    assert bench.in_fresh_process("imports") < 1_000 < much.numel() // 2**20


def test_a_page_keeps_what_stands_around_its_tables(tmp_path):
    page = tmp_path / "README.md"
    page.write_text("before\n<!-- make bench writes this -->\nold\n<!-- to here -->\nafter\n", encoding="utf-8")
    bench.put(page, "new\n")
    assert page.read_text(encoding="utf-8") == "before\n<!-- make bench writes this -->\nnew\n<!-- to here -->\nafter\n"
    page.write_text("before\nold\n<!-- to here -->\nafter\n", encoding="utf-8")
    with pytest.raises(ValueError):
        bench.put(page, "new\n")


def test_operations_of_a_convolution():
    class Convolution(nn.Conv2d):
        def forward(self, x, t, c):
            return super().forward(x)

    forward, step = bench.operations(Convolution(3, 8, 3, padding=1), 2)
    assert forward == 2 * 2 * 16 * 16 * 3 * 8 * 9 and step == 2 * forward  # weights only: x needs no gradient
