"""Runs: stopped anywhere they go on to the same end; what does not belong to them is refused."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from diffusion_utilities import (
    HERE,
    Animation,
    NoiseSchedule,
    Unet,
    load_checkpoint,
    middle,
    muon,
    plot_grid,
    sample,
    save_checkpoint,
    train,
)
from keeping import Run, _read_state, _write_state

KILLS = int(os.environ.get("KILLS", 8))
PROGRAM = """
import json, sys
import numpy as np, torch
from accelerate import PartialState
from accelerate.utils import gather_object
from diffusion_utilities import Unet, muon, train, uniform
folder, epochs = sys.argv[1], int(sys.argv[2])
import keeping
keeping.Run.__init__.__defaults__ = (None, True, True, 0)
torch.set_num_threads(1)
torch.manual_seed(0)
network = Unet(n_feat=8, n_wide=8)
sprites = np.random.default_rng(0).integers(0, 256, (64, 16, 16, 3), dtype=np.uint8)
drawn = []
def levels(n, timesteps, generator):
    drawn[:] = [uniform(n, timesteps, generator)]
    return drawn[0]
losses = train(network, sprites, [i % 5 for i in range(64)], epochs=epochs, batch_size=8, optimizer=muon,
               folder=None if folder == "-" else folder, progress=False, levels=levels,
               after_epoch=lambda epoch, network, losses: print("epoch", epoch, flush=True))
seen = gather_object([drawn[0].tolist()])
if PartialState().is_main_process:
    total = sum(float(value.double().abs().sum()) for value in network.state_dict().values())
    print(json.dumps([losses, total, seen]), flush=True)
PartialState().destroy_process_group()
"""


def learn(folder, resume=True, epochs=2, **settings):
    torch.manual_seed(0)
    network = Unet(n_feat=8, n_wide=8)
    sprites = np.random.default_rng(0).integers(0, 256, (16, 16, 16, 3), dtype=np.uint8)
    settings = {"batch_size": 8, "sprites": sprites, "labels": None, "progress": False, **settings}
    return train(network, epochs=epochs, folder=folder, resume=resume, **settings), network


def launch(folder, epochs=6, **environment):
    program = folder.parent / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    command = [sys.executable, str(program), str(folder) if folder.name != "-" else "-", str(epochs)]
    environment |= {"PYTHONPATH": str(HERE), "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.PIPE, text=True, cwd=HERE, start_new_session=True
    )


def launch_two(folder, epochs):
    """Two processes that share the work, told of each other as `accelerate launch` tells them."""
    with socket.create_server(("localhost", 0)) as free:
        both = {"WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": str(free.getsockname()[1])}
    return [launch(folder, epochs, RANK=rank, LOCAL_RANK=rank, **both) for rank in "01"]


def end_of(process, *others):
    out, _ = process.communicate()
    assert not any(one.wait() for one in (process, *others))
    return json.loads(out.splitlines()[-1])


def test_killed_anywhere_it_comes_to_the_same_end(tmp_path):
    """It writes after each step here; it is killed at moments spread evenly, from its imports to its last step."""
    started = time.monotonic()
    unbroken = end_of(launch(tmp_path / "-"))[:2]
    takes, folder, kills = time.monotonic() - started, tmp_path / "run", 0
    while kills < KILLS:
        started = time.monotonic()
        process = launch(folder)
        try:
            out, _ = process.communicate(timeout=takes * (0.5 + 0.5 * (kills * 0.618 % 1)))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
        else:
            assert json.loads(out.splitlines()[-1])[:2] == unbroken
            takes = time.monotonic() - started  # a machine may be busier at one time than at another
            shutil.rmtree(folder)
    assert end_of(launch(folder))[:2] == unbroken


@pytest.mark.parametrize(
    "change",
    [
        {"batch_size": 4},
        {"seed": 1},
        {"optimizer": muon},
        {"optimizer": lambda network: torch.optim.Adam(network.parameters(), 1e-2)},
        {"rate": lambda part: 1.0},
        {"levels": lambda n, timesteps, generator: torch.ones(n, dtype=torch.long)},
        {"schedule": NoiseSchedule.linear(400)},
        {"levels": middle},
        {"drop": 0.2},
        {"augmented": False},
        {"labels": [0] * 16},
        {"sprites": np.zeros((16, 16, 16, 3), np.uint8)},
    ],
)
def test_a_run_with_other_settings_is_refused(tmp_path, change):
    learn(tmp_path, epochs=1)
    before = (tmp_path / "state.safetensors").read_bytes()
    with pytest.raises(ValueError, match=rf"a run with {next(iter(change))} = .*another folder, or .*resume=False"):
        learn(tmp_path, **change)
    assert (tmp_path / "state.safetensors").read_bytes() == before
    learn(tmp_path, resume=False, **change)


def test_functions_are_told_apart_by_what_they_do(tmp_path):
    """Not by their names, nor by where they lie: whoever edits a cell and runs it again keeps the name."""
    strength = [1.0]

    def rate(part):
        return strength[0]

    def levels(n, timesteps, generator):
        return torch.full((n,), int(5 * strength[0]))

    def target(xt, t, c):
        return strength[0] * xt

    functions = {"rate": rate, "levels": levels, "target": target}
    for name, function in functions.items():
        strength[0] = 1.0
        learn(tmp_path / name, epochs=1, **{name: function})
        assert len(learn(tmp_path / name, **{name: lambda *given, same=function: same(*given)})[0]) == 2
        strength[0] = 2.0
        with pytest.raises(ValueError, match=f"a run with {name} = "):
            learn(tmp_path / name, **{name: function})


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"rate": lambda part: -part}, "expected factors of 0 or more"),
        ({"rate": lambda part: None}, "float"),
        ({"levels": lambda n, last, generator: torch.randint(0, last, (n,))}, "expected whole numbers"),
        ({"levels": lambda n, last, generator: [1] * n}, "expected whole numbers"),
        ({"target": lambda xt, t, c: xt[:, :1]}, "what target gives"),
        ({"schedule": "cosine"}, "schedule is 'cosine'"),
        ({"schedule": NoiseSchedule}, "expected one that is made"),
        ({"optimizer": partial(torch.optim.Adam, lr=1e-3)}, "expected a function of a network"),
        ({"optimizer": lambda network: None}, "expected a function that makes one"),
    ],
)
def test_functions_that_make_no_sense(tmp_path, wrong, message):
    with pytest.raises((ValueError, TypeError), match=message):
        learn(tmp_path, **wrong)
    learn(tmp_path)  # the folder is free, and nothing holds the right call up


@pytest.mark.parametrize(
    "first, then",
    [
        ({"batch_size": np.int64(4)}, {"batch_size": 4}),
        ({"batch_size": torch.tensor(4), "seed": np.int64(3)}, {"batch_size": 4, "seed": 3}),
        ({"drop": np.float32(0.5), "augmented": np.True_}, {"drop": 0.5, "augmented": True}),
        ({"labels": np.arange(16)[::-1] % 5.0}, {"labels": [(15 - i) % 5 for i in range(16)]}),
    ],
)
def test_the_same_settings_by_another_type(tmp_path, first, then):
    learn(tmp_path, epochs=1, **first)
    assert len(learn(tmp_path, **then)[0]) == 2


def test_mirrored_sprites_and_names_in_an_array(tmp_path):
    sprites = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), dtype=np.uint8)[:, :, ::-1]
    for classes in (np.array(["b", "a", "c", "d", "e"]), ["b", "a", "c", "d", "e"]):
        network = Unet(n_feat=8, n_wide=8)
        network.classes = classes
        train(network, sprites, ["a"] * 8, epochs=1, batch_size=8, folder=tmp_path, progress=False)
    network.classes = classes[::-1]
    with pytest.raises(ValueError, match="a run with labels = |a run with classes = "):
        train(network, sprites, ["a"] * 8, epochs=1, batch_size=8, folder=tmp_path, progress=False)


def test_the_home_and_folders_that_are_made(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path)), monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    network = learn("~/runs/one", epochs=1)[1]
    save_checkpoint(network, "~/kept/a.safetensors")
    assert load_checkpoint("~/kept/a.safetensors").n_cfeat == 5
    x = torch.zeros(4, 3, 16, 16)
    Animation(x[None]).save("~/out/a.webp"), Animation(x[None]).save(Path("here", "too", "a.gif"))
    plot_grid(x, 4, 2, "~/grids", 0)
    made = [
        "grids/run_image_w0.png",
        "here/too/a.gif",
        "kept/a.safetensors",
        "out/a.webp",
        "runs/one/state.safetensors",
    ]
    assert all((tmp_path / name).is_file() for name in made) and not (tmp_path / "~").exists()


def test_a_run_of_no_step_holds_nothing_up(tmp_path):
    with pytest.raises(FloatingPointError):
        learn(tmp_path, optimizer=lambda network: torch.optim.SGD(network.parameters(), 1e30), epochs=9)
    learn(tmp_path)


def test_a_network_within_another_is_refused_before_it_is_trained(tmp_path):
    network = torch.nn.DataParallel(Unet(n_feat=8, n_wide=8))
    with pytest.raises(ValueError, match=r"is a DataParallel; give what is in it, network\.module"):
        train(network, np.zeros((8, 16, 16, 3), np.uint8), None, batch_size=8)
    with pytest.raises(ValueError, match=r"network\.module"):
        sample(network, 1)
    with pytest.raises(ValueError, match="is the class Unet"):
        sample(Unet, 1)


def test_an_edited_network_is_another_one(tmp_path):
    class Mine(Unet):
        pass

    def edited(self, x, t, c=None):
        return Unet.forward(self, x, t, c) * 0.5

    sprites = np.random.default_rng(0).integers(0, 256, (16, 16, 16, 3), dtype=np.uint8)
    settings = {"epochs": 1, "batch_size": 8, "folder": tmp_path, "progress": False}
    network = Mine(n_feat=8, n_wide=8)
    train(network, sprites, None, **settings)
    train(network, sprites, None, **settings)  # which has a schedule now
    with pytest.raises(ValueError, match="with network = .*resume=False"):
        train(Mine(n_feat=8, n_wide=16), sprites, None, **settings)
    network.predicts = "velocity"
    with pytest.raises(ValueError, match="with predicts = noise, and this call has predicts = velocity"):
        train(network, sprites, None, **settings)
    Mine.forward = edited
    untouched = Mine(n_feat=8, n_wide=8)
    before = [weights.clone() for weights in untouched.parameters()]
    with pytest.raises(ValueError, match="answers otherwise, so it was edited"):
        train(untouched, sprites, None, **settings)
    assert all(map(torch.equal, before, untouched.parameters()))


def test_what_is_refused_changes_nothing(tmp_path):
    learn(tmp_path, epochs=1)
    network = Unet(n_feat=8, n_wide=8).eval()
    network.schedule = own = NoiseSchedule.linear(100)
    sprites = np.full((16, 16, 16, 3), 255, np.uint8)
    with pytest.raises(ValueError, match="resume=False"):
        train(network, sprites, None, batch_size=4, folder=tmp_path, progress=False)
    assert network.schedule is own and not network.training
    with pytest.raises(ValueError, match="cannot tell the picture"):
        train(network, sprites, None, batch_size=4, schedule=NoiseSchedule.cosine(), progress=False)
    assert network.schedule is own and not network.training


def test_only_the_epochs_may_grow(tmp_path, capsys):
    assert learn(tmp_path, epochs=3)[0][:1] == learn(tmp_path, epochs=3)[0][:1]
    assert len(learn(tmp_path, epochs=5)[0]) == 5
    assert capsys.readouterr().out.splitlines() == [f"3 of {epochs} epochs found in {tmp_path}" for epochs in (3, 5)]
    with pytest.raises(ValueError, match=r"a run of 5 epochs, and this call asks for 1\. .*resume=False"):
        learn(tmp_path, epochs=1)
    assert len(learn(tmp_path, epochs=1, resume=False)[0]) == 1


def test_of_two_runs_in_a_folder_the_second_is_refused(tmp_path):
    def begin_another(*_):
        with pytest.raises(RuntimeError, match="another training is at work"):
            Run(tmp_path, {}, {})
        asked.append(True)

    asked = []
    learn(tmp_path, after_epoch=begin_another)
    assert len(asked) == 2
    learn(tmp_path)  # and now the folder is free again
    with pytest.raises(ValueError) as refused:
        learn(tmp_path, seed=1)
    learn(tmp_path)
    assert refused  # what was refused keeps nobody out, even while its traceback lives


def test_stopped_by_hand_the_network_has_the_averaged_weights(tmp_path):
    def stop(epoch, average, losses):
        averages.append(average)
        raise KeyboardInterrupt

    averages, networks = [], []

    def optimizer(network):
        networks.append(network)
        return torch.optim.Adam(network.parameters(), 1e-2)

    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path, after_epoch=stop, optimizer=optimizer, ema_decay=0.5)
    network, average = networks[0], averages[0]
    assert not network.training
    for name, value in average.state_dict().items():
        assert torch.equal(network.state_dict()[name], value)


def test_stopped_within_an_epoch_only_the_steps_that_are_left_are_done(tmp_path, monkeypatch):
    monkeypatch.setattr(Run.__init__, "__defaults__", (None, True, True, 0))  # write after each step
    sprites = np.random.default_rng(0).integers(0, 256, (24, 16, 16, 3), dtype=np.uint8)

    def learn(folder, stop_at=None):
        torch.manual_seed(0)
        network, asked = Unet(n_feat=8, n_wide=8), []

        def note(module, given):
            if module.training:  # else it is asked for some numbers, by which a run knows it
                asked.append(len(given[0]))
                if len(asked) == stop_at:
                    raise KeyboardInterrupt

        network.register_forward_pre_hook(note)
        try:
            train(network, sprites, None, epochs=2, batch_size=8, folder=folder, progress=False)
        except KeyboardInterrupt as error:
            return error, len(asked)
        return network, len(asked)

    unbroken, steps = learn(None)
    error, until = learn(tmp_path, stop_at=3)  # its third step is not done
    network, left = learn(tmp_path)  # while the error lives on, as a notebook keeps the last one
    assert (steps, until, left, type(error)) == (6, 3, 4, KeyboardInterrupt)
    assert all(value.equal(unbroken.state_dict()[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("stopped_at, calls", [(1, [0, 0, 1]), (2, [0, 1, 1])])
def test_what_falls_due_after_an_epoch_is_never_lost(tmp_path, stopped_at, calls):
    """A view that was being written when the training was stopped is written when it goes on."""
    called = []

    def stop_once(epoch, average, losses):
        assert not average.training and len(losses) == epoch + 1
        called.append(epoch)
        if len(called) == stopped_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path, after_epoch=stop_once)
    learn(tmp_path, after_epoch=stop_once)
    assert called == calls


def test_a_folder_that_cannot_be_written_is_found_before_the_first_step(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    seen = []
    with pytest.raises(OSError):
        learn(tmp_path / "file" / "run", after_epoch=lambda *_: seen.append(1))
    assert not seen


def test_a_full_disk_leaves_the_old_state_whole(tmp_path, monkeypatch):
    learn(tmp_path, epochs=1)
    before = (tmp_path / "state.safetensors").read_bytes()

    def full(state, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keeping._write_state", full)
    with pytest.raises(OSError, match="cannot be written to .*No space left"):
        learn(tmp_path)
    assert (tmp_path / "state.safetensors").read_bytes() == before


def test_a_state_is_no_pickle_and_comes_back_as_it_was(tmp_path):
    state = {
        "numbers": {0: torch.arange(3), "a": (1, 2.5, None, True, "x"), 7: [torch.ones(2, 2, 2, 2), []]},
        "last": torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last),
    }
    _write_state(state, tmp_path / "s.safetensors")
    again = _read_state(tmp_path / "s.safetensors")
    assert again["numbers"]["a"] == state["numbers"]["a"] and list(again["numbers"]) == [0, "a", 7]
    assert torch.equal(again["numbers"][0], torch.arange(3)) and again["numbers"][7][1] == []
    assert torch.equal(again["last"], state["last"]) and again["last"].stride() == state["last"].stride()
    for damaged in (b"", b"garbage" * 100, (tmp_path / "s.safetensors").read_bytes()[:-8]):
        (tmp_path / "t.safetensors").write_bytes(damaged)
        with pytest.raises(ValueError, match="is no state of a run"):
            _read_state(tmp_path / "t.safetensors")


def test_two_processes_share_the_work_and_go_on(tmp_path):
    """Each batch is split: the losses are those of one process but for chance. One goes on with what two have begun."""
    alone, together = launch(tmp_path / "-", epochs=30), launch_two(tmp_path / "-", epochs=30)
    (losses_alone, _, (levels,)), unbroken = end_of(alone), end_of(*together)
    losses, _, (here, there) = unbroken  # with the last levels t that each process drew
    assert len(levels) == 8 and len(here) == len(there) == 4 and here != there
    assert sum(losses) == pytest.approx(sum(losses_alone), rel=0.2)
    stopped = launch_two(tmp_path / "run", epochs=30)
    for line in stopped[0].stdout:
        if line.startswith("epoch 2"):
            break
    time.sleep(0.1)
    for process in stopped:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert end_of(*launch_two(tmp_path / "run", epochs=30)) == unbroken
    assert len(end_of(launch(tmp_path / "run", epochs=32))[0]) == 32
