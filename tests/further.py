"""What the tests of the further labs share: a lab's cells, its text, and what it printed in the full run."""

import nbformat

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
