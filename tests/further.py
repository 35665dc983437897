"""What tests share: a lab's cells, its text, and what it printed in the full run; a network filled with chance."""

import nbformat
import torch

from diffusion_utilities import HERE


class Lab:
    """A further lab by the name of its file. cells: all of them; text: that of the markdown cells."""

    def __init__(self, name):
        self.cells = nbformat.read(HERE / "notebooks" / "further" / f"{name}.ipynb", 4).cells
        self.text = "\n".join(cell.source for cell in self.cells if cell.cell_type == "markdown")

    def cell(self, holds):
        """The one code cell that holds this text."""
        (found,) = [cell for cell in self.cells if cell.cell_type == "code" and holds in cell.source]
        return found

    def printed(self, holds):
        """What that cell printed in the full run."""
        return "".join(output.text for output in self.cell(holds).outputs if output.output_type == "stream")


def filled(network):
    """Give a network random weights and statistics, of both signs.

    Returns them by their names, and a function that gives weight and bias of a layer by its name.
    """
    torch.manual_seed(0)
    state = network.state_dict()
    w = {name: torch.randn(value.shape) / 2 for name, value in state.items() if value.is_floating_point()}
    w = {name: 1 + value.square() if name.endswith("running_var") else value for name, value in w.items()}
    network.load_state_dict(w, strict=False)
    return w, lambda name: (w[f"{name}.weight"], w[f"{name}.bias"])
