"""Keeping on disk: a training's run, so that it goes on where it stopped; networks, as files that say what they are."""

import json
from pathlib import Path

import torch


class Run:
    """A run of a training: its parts, and the mean loss of each epoch so far, `losses`, kept in folder/state.pt.

    folder: where it is kept, or None for nowhere. parts: {name: what has a state_dict}. If the folder holds a run
    already, the parts are given its state, on the device, and `losses` is as long as the epochs that are done.
    """

    def __init__(self, folder, parts, device):
        self.file = Path(folder) / "state.pt" if folder else None
        self.parts, self.losses = parts, []
        if self.file and self.file.is_file():
            state = torch.load(self.file, map_location=device, weights_only=True)
            for name, part in parts.items():
                part.load_state_dict(state[name])
            self.losses = state["losses"]

    def save(self):
        """Write the state under a temporary name, then rename it, so that the file is whole at any time."""
        if self.file:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            partial = self.file.with_suffix(".partial")
            torch.save(
                {name: part.state_dict() for name, part in self.parts.items()} | {"losses": self.losses}, partial
            )
            partial.replace(self.file)


def save_checkpoint(network, path, half=True):
    """Write a network's weights as safetensors, and in its metadata what they belong to.

    That is the kind of network and its arguments, what it predicts, the noise levels that it was trained on, and the
    names of its classes (`network.classes`, if there are any). half: in half precision, but for weights that would
    overflow there. The file is written under a temporary name and then renamed, so that it is whole or not there.
    A path that ends in .pth gets the pickle of float32 tensors which the course's notebooks read; that says nothing
    of itself, so it is kept for the course's network, else ValueError.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    partial = path.with_name(path.name + ".partial")
    if path.suffix == ".pth":
        if type(network).__name__ != "ContextUnet":
            raise ValueError(f"{path} is of the course's form, for a ContextUnet; end the name in .safetensors")
        torch.save({key: value.clone() for key, value in tensors.items()}, partial)
    else:
        from safetensors.torch import save_file

        if not hasattr(network, "arguments"):
            raise ValueError(
                f"{type(network).__name__} does not say how it is made, so it could not be loaded again; "
                "give its weights to a Unet that is made alike, or write network.state_dict() yourself"
            )
        schedule = getattr(network, "schedule", None)
        description = {
            "network": type(network).__name__,
            "arguments": network.arguments,
            "predicts": network.predicts,
            "alpha_bar": schedule and schedule.exact.tolist(),
            "classes": getattr(network, "classes", None),
        }
        tensors = {key: _halved(value) if half else value for key, value in tensors.items()}
        save_file(tensors, partial, {name: json.dumps(value) for name, value in description.items()})
    partial.replace(path)


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
    from diffusion_utilities import ContextUnet, NoiseSchedule, Unet  # which imports this module

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}; `python weights/train.py` makes one")
    try:
        tensors, description = _read(path)
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read, it is cut short or of another kind ({error}); fetch it again"
        ) from error
    kinds = {kind.__name__: kind for kind in (Unet, ContextUnet)}
    kind = kinds.get(description.get("network"))
    if kind is None:
        raise ValueError(
            f"{path} does not say that it is a checkpoint of Unet or ContextUnet, and has not their layout"
        )
    network = network or kind(**description["arguments"])
    if (type(network), network.arguments) != (kind, description["arguments"]):
        raise ValueError(
            f"{path} is of {kind.__name__}({_listed(description['arguments'])}); expected "
            f"{type(network).__name__}({_listed(network.arguments)}). Make the network with the checkpoint's arguments."
        )
    try:
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in tensors.items()})
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit {kind.__name__}: {error}") from error
    network.predicts = description["predicts"]
    network.schedule = description["alpha_bar"] and NoiseSchedule(description["alpha_bar"])
    network.classes = description["classes"]
    return network.to(device, memory_format=torch.channels_last).eval()


def _read(path):
    """The tensors of a checkpoint, and what it says that it is."""
    if path.suffix == ".pth":
        tensors, description = torch.load(path, map_location="cpu", weights_only=True), {}
    else:
        from safetensors import safe_open

        with safe_open(path, "pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118, it is no dictionary
            description = {name: json.loads(value) for name, value in (file.metadata() or {}).items()}
    return tensors, description or _by_layout(tensors)


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
