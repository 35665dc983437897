"""Keeping on disk: a training's run, so that it goes on where it stopped; networks, as files that say what they are."""

import hashlib
import json
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import numpy as np
import torch

import gate


@contextmanager
def whole(path):
    """A path to write to, beside this one; what is there in the end becomes it, so that it is whole at any time.

    Its folder is made if need be, and ~ is the home. OSError if it cannot be written; then nothing is left beside.
    """
    from safetensors import SafetensorError

    path = Path(path).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"unfinished-{path.name}")
    try:
        yield beside
        beside.replace(path)
    except BaseException as error:
        beside.unlink(missing_ok=True)
        if isinstance(error, SafetensorError):
            raise OSError(f"{path} cannot be written: {error}") from error
        raise


def _kinds():
    """The networks that a checkpoint can be of, by their names."""
    from diffusion_utilities import ContextUnet, Unet  # which imports this module

    return {"Unet": Unet, "ContextUnet": ContextUnet}


class Run:
    """A run of a training, kept in folder/state.safetensors, so that it goes on where it stopped.

    folder: where, or None for nowhere. parts: {name: what has a state_dict}. settings: {name: what it must go on with}.
    some: what the averaged network is asked, to tell by its answer whether it was edited since.
    writes: whether this process writes; of several, one does. resume: False begins anew.
    If the folder holds a run already, the parts are given its state, `losses` has the mean loss of each epoch that is
    done, `steps` and `total` say how many steps of the next one are, and the sum of their losses, and `due` whether
    what is to be done after the last epoch may not have been.
    Raises ValueError for a run with other settings, RuntimeError if another process is at work in the folder, and
    OSError, before anything is lost, if it cannot be written.
    """

    def __init__(self, folder, parts, settings, some=None, writes=True, resume=True, minutes=2):
        self.file = Path(folder).expanduser() / "state.safetensors" if folder else None
        self.parts, self.settings, self.some, self.writes, self.minutes = parts, settings, some, writes, minutes
        self.losses, self.steps, self.total, self.due = [], 0, 0.0, False
        if not self.file:
            return
        if writes:
            self._lock()
        try:
            if resume and self.file.is_file():
                self._go_on()
            self.save()
        except BaseException:
            self.close()
            raise

    def _lock(self):
        from filelock import FileLock, Timeout

        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.lock = FileLock(self.file.with_name("lock"))
            self.lock.acquire(timeout=0)
        except Timeout:
            raise RuntimeError(f"another training is at work in {self.file.parent}; give this one its own") from None

    def _go_on(self):
        state = _read_state(self.file)
        if not state["losses"] and not state["steps"]:
            return  # nothing was trained yet
        for name, now in self.settings.items():
            then = state["settings"].get(name)
            if then != now:
                raise ValueError(
                    f"{self.file.parent} holds a run with {name} = {then}, and this call has {name} = {now}. Give it "
                    "another folder, or begin anew with resume=False"
                )
        self.parts["average"].load_state_dict(state["average"])
        if not np.allclose(self._answer(), state["answer"], rtol=0.01, atol=0.001):
            raise ValueError(
                f"{self.file.parent} holds a run whose network answers otherwise, so it was edited since. Give "
                "this one another folder, or begin anew with resume=False"
            )
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
        self.losses, self.steps, self.total, self.due = (state[name] for name in ("losses", "steps", "total", "due"))

    @torch.no_grad()
    def _answer(self):
        return self.parts["average"].module.eval()(*self.some).float().flatten()[::50].tolist() if self.some else []

    def epochs_left(self, epochs):
        """Which of so many epochs are still to be done; says what was found. ValueError if there are more already."""
        if len(self.losses) > epochs:
            raise ValueError(
                f"{self.file.parent} holds a run of {len(self.losses)} epochs, and this call asks for {epochs}. Give "
                "it another folder, or begin anew with resume=False"
            )
        if self.writes and (self.losses or self.steps):
            more = f" and {self.steps} steps" * bool(self.steps)
            print(f"{len(self.losses)} of {epochs} epochs{more} found in {self.file.parent}", flush=True)
        return range(len(self.losses), epochs)

    def step_is_done(self, total):
        """Count a step, after which the losses of the epoch make this total; write the state if it is minutes old."""
        self.steps, self.total = self.steps + 1, total
        if self.file and monotonic() - self.written > 60 * self.minutes:
            self.save()

    def epoch_is_done(self, loss):
        """Note the mean loss of an epoch, and write the state."""
        self.losses.append(loss)
        self.steps, self.total, self.due = 0, 0.0, True
        self.save()

    def save(self):
        """Write the state."""
        self.written = monotonic()
        if self.file and self.writes:
            state = {name: part.state_dict() for name, part in self.parts.items()}
            names = "settings", "losses", "steps", "due"
            state |= {name: getattr(self, name) for name in names}
            state |= {"total": float(self.total), "answer": self._answer()}
            try:
                with whole(self.file) as path:
                    _write_state(state, path)
            except OSError as error:
                raise OSError(f"the run cannot be written to {self.file.parent}: {error}") from error

    def close(self):
        """Let another training have the folder."""
        if self.file and self.writes:
            self.lock.release()


def _write_state(state, path):
    """Write nested dictionaries, lists, tensors and plain values: tensors as safetensors, the rest beside as JSON."""
    from safetensors.torch import save_file

    tensors = {}

    def plain(value):
        if torch.is_tensor(value):
            name = str(len(tensors))
            tensors[name] = value.detach().cpu().contiguous().clone()
            return {"tensor": name, "last": value.ndim == 4 and not value.is_contiguous()}
        if isinstance(value, dict):
            return {"dict": [[key, plain(item)] for key, item in value.items()]}
        return {type(value).__name__: [plain(item) for item in value]} if isinstance(value, (list, tuple)) else value

    described = json.dumps(plain(state))
    save_file(tensors, path, {"state": described})


def _read_state(path):
    """What `_write_state` wrote. ValueError if the file is cut short or of another kind."""
    from safetensors import safe_open

    def whole(value):
        if not isinstance(value, dict):
            return value
        ((kind, items), *_) = value.items()
        if kind == "tensor":
            tensor = file.get_tensor(items)
            return tensor.contiguous(memory_format=torch.channels_last) if value["last"] else tensor
        if kind == "dict":
            return {key: whole(item) for key, item in items}
        return {"list": list, "tuple": tuple}[kind](whole(item) for item in items)

    try:
        with safe_open(path, "pt") as file:
            return whole(json.loads(file.metadata()["state"]))
    except Exception as error:
        raise ValueError(f"{path} is no state of a run ({error}); begin anew with resume=False") from error


def described(value):
    """A setting as something to compare and to read; much data by its hash."""
    if hasattr(value, "exact"):  # a noise schedule
        return described(value.exact)
    if isinstance(value, torch.optim.Optimizer):
        groups = [{k: v for k, v in group.items() if k != "params"} for group in value.param_groups]
        return f"{type(value).__name__}({', '.join(map(str, groups))})"
    if isinstance(value, torch.nn.Module):
        shapes = {name: tuple(tensor.shape) for name, tensor in value.state_dict().items()}
        return f"{type(value).__name__} {_hash(str(shapes).encode())}"
    if isinstance(value, (np.generic, np.ndarray, torch.Tensor)):
        if not value.ndim:
            return value.item()
        array = np.ascontiguousarray(gate.tensor(value).detach().cpu())
        return f"{array.dtype} {array.shape} {_hash(array.tobytes())}"
    if isinstance(value, (list, tuple)):
        return [described(item) for item in value]
    return value if isinstance(value, (bool, int, float, type(None))) else str(value)


def _hash(data):
    return hashlib.sha256(data).hexdigest()[:12]


def save_checkpoint(network, path, half=True):
    """Write a network's weights as safetensors, and in its metadata what they belong to.

    That is the kind of network and its arguments, what it predicts, the noise levels that it was trained on, the names
    of its classes (`network.classes`, if there are any), and what workshop.py keeps with it (`network.own`). half: in
    half precision, but for weights that would overflow there. The file is written under a temporary name and then
    renamed, so that it is whole or not there.
    A path that ends in .pth gets the pickle of float32 tensors which the course's notebooks read; that says nothing
    of itself, so it is kept for the course's network as the course has it.
    ValueError for another ending, or a network that could not be loaded again.
    """
    path = Path(path).expanduser()
    network = getattr(network, "_orig_mod", network)  # within torch.compile's
    network = getattr(network, "module", network)  # within DataParallel's
    kind, schedule = type(network).__name__, getattr(network, "schedule", None)
    ours = type(network) is _kinds().get(kind)  # a network that borrows the name has not its layout
    if path.suffix not in (".safetensors", ".pth"):
        raise ValueError(f"{path} ends in {path.suffix!r}; expected .safetensors, or .pth for the course's network")
    tensors = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    if path.suffix == ".pth":
        theirs = schedule is None or torch.equal(schedule.exact, type(schedule)().exact)
        if not ours or kind != "ContextUnet" or network.predicts != "noise" or not theirs:
            raise ValueError(
                f"{path} is of the course's form, for a ContextUnet that predicts noise on the course's schedule, and "
                "says nothing of itself; end the name in .safetensors"
            )
        with whole(path) as unfinished:
            torch.save({key: value.clone() for key, value in tensors.items()}, unfinished)
    else:
        from safetensors.torch import save_file

        if not ours:
            raise ValueError(
                f"{kind}, of {type(network).__module__}, does not say how it is made, so it could not be loaded "
                "again. Give a Unet that is made alike its weights, and also what it was trained with, else that is "
                "lost: its schedule, predicts and classes. Or write network.state_dict() yourself"
            )
        description = {
            "network": kind,
            "arguments": network.arguments,
            "predicts": network.predicts,
            "alpha_bar": schedule and schedule.exact.tolist(),
            "classes": gate.class_names(getattr(network, "classes", None)),
        }
        if getattr(network, "own", None):
            description["own"] = network.own
        tensors = {key: _halved(value) if half else value for key, value in tensors.items()}
        with whole(path) as unfinished:
            save_file(tensors, unfinished, {name: json.dumps(value) for name, value in description.items()})


def _halved(value):
    """A tensor in half precision, if it is of floats and none of them becomes infinite."""
    smaller = value.half() if value.is_floating_point() else value
    return smaller if torch.equal(smaller.isfinite(), value.isfinite()) else value


def load_checkpoint(path, network=None, device="cpu"):
    """Read weights from a safetensors file of `save_checkpoint`, or from one of the course's .pth files.

    network: the network to fill; left out, the one that the file describes is made.
    Returns the network in eval mode on the device, laid out channels last, which is faster on CPUs; it has its
    `schedule`, what it `predicts` and the names of its `classes`, as it had when it was saved.
    Raises FileNotFoundError for a missing file, and ValueError for one that is cut short, says not what it is, or is
    of another network, or of other arguments, than the network given.
    """
    from diffusion_utilities import NoiseSchedule  # which imports this module

    if not isinstance(network, (torch.nn.Module, type(None))):
        raise ValueError(f"network is {network!r}; expected one that is made, to fill, or none; device= is by its name")
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}; `python weights/train.py` makes one")
    try:
        tensors, description = _read(path)
    except Unreadable as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read, it is cut short or of another kind ({error}); fetch it again"
        ) from error
    kind = _kinds().get(description.get("network"))
    if kind is None:
        raise ValueError(
            f"{path} does not say that it is a checkpoint of Unet or ContextUnet, and has not their layout"
        )
    network = network or kind(**description["arguments"])
    arguments = getattr(network, "arguments", {})
    if (type(network), arguments) != (kind, description["arguments"]):
        raise ValueError(
            f"{path} is of {kind.__name__}({_listed(description['arguments'])}); expected "
            f"{type(network).__name__}({_listed(arguments)}). Make the network with the checkpoint's arguments."
        )
    try:
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in tensors.items()})
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit {kind.__name__}: {error}") from error
    network.predicts = description["predicts"]
    network.schedule = description["alpha_bar"] and NoiseSchedule(description["alpha_bar"])
    network.classes, network.own = description["classes"], description.get("own")
    return network.to(device, memory_format=torch.channels_last).eval()


class Unreadable(ValueError):
    """A checkpoint that is of a form which is known, and not read."""


def _read(path):
    """The tensors of a checkpoint, and what it says that it is."""
    with path.open("rb") as file:
        begin = file.read(9)  # a safetensors file's header begins with { after eight bytes
    if begin[:1] in (b"P", b"\x80") and begin[8:] != b"{":
        tensors, description = _unwrapped(_unpickled(path)), {}
    else:
        from safetensors import safe_open

        with safe_open(path, "pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118, it is no dictionary
            description = {name: json.loads(value) for name, value in (file.metadata() or {}).items()}
        if "state" in description:
            raise Unreadable("it is the state of a run, with which train(folder=...) goes on")
        lacking = {"network", "arguments", "predicts", "alpha_bar", "classes"} - set(description)
        if description and lacking != set() and "network" in description:
            raise Unreadable(f"its description lacks {', '.join(sorted(lacking))}")
    return tensors, description or _by_layout(tensors)


def _unpickled(path):
    """What a file of torch.save holds, if that is tensors and plain values alone."""
    if tuple(int(part) for part in torch.__version__.split(".")[:2]) < (2, 10):
        raise Unreadable(
            f"under torch {torch.__version__} such a file could run code of its own (CVE-2025-32434, CVE-2026-24747); "
            "take torch 2.10 or later, or a .safetensors file"
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        if "TorchScript" in str(error):
            raise Unreadable("it is TorchScript; save network.state_dict() in its place") from error
        if "weights_only" in str(error).lower().replace(" ", "_"):
            raise Unreadable("it holds whole Python objects; save network.state_dict() in their place") from error
        raise


def _unwrapped(tensors):
    """The weights of a network by the names that it has without DataParallel or torch.compile around it."""
    if not isinstance(tensors, dict):
        raise Unreadable(f"it holds a {type(tensors).__name__}, and no weights of a network by their names")
    if not all(torch.is_tensor(value) for value in tensors.values()):
        raise Unreadable(
            f"it is a dictionary with {', '.join(map(str, tensors))}; take the network's weights out of it, and save "
            "these alone"
        )
    for wrapper in ("module.", "_orig_mod.", "module."):
        if tensors and all(key.startswith(wrapper) for key in tensors):
            tensors = {key.removeprefix(wrapper): value for key, value in tensors.items()}
    return tensors


def _by_layout(tensors):
    """What a checkpoint is that says nothing, if it has the layout of the course's; else {}."""
    from diffusion_utilities import NoiseSchedule

    if not {"init_conv.conv1.0.weight", "contextembed1.model.0.weight", "up0.0.weight"} <= set(tensors):
        return {}
    n_feat, in_channels = tensors["init_conv.conv1.0.weight"].shape[:2]
    n_cfeat, height = tensors["contextembed1.model.0.weight"].shape[1], 4 * tensors["up0.0.weight"].shape[-1]
    arguments = {"in_channels": in_channels, "n_feat": n_feat, "n_cfeat": n_cfeat, "height": height}
    alpha_bar = NoiseSchedule().exact.tolist()
    return {
        "network": "ContextUnet",
        "arguments": arguments,
        "predicts": "noise",
        "alpha_bar": alpha_bar,
        "classes": None,
    }


def _listed(arguments):
    return ", ".join(f"{name}={value}" for name, value in arguments.items())
