"""Copies of the labs for a class: `make handout` writes them into `handout/`, without solutions and without outputs.

`python tools/hand_out.py --read FOLDER` reads a folder of notebooks that were handed in after *Run All*, and prints for
each which exercises are right: the answers of `check` as they are stored.
"""

import argparse
import re
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
SOLUTION = re.compile(r"<details><summary>Solution</summary>.*?</details>\s*", re.DOTALL)
CHECK = re.compile(r'^check\("(\d\.\d)"', re.MULTILINE)
SIGNS = {"right": "+", "not right": "-", "not written yet": "."}


def blank(original):
    """A notebook without solutions and outputs."""
    notebook = nbformat.read(original, 4)
    for cell in notebook.cells:
        cell.source = SOLUTION.sub("", cell.source).strip()
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.cells = [cell for cell in notebook.cells if cell.source]
    return notebook


def write(root=ROOT):
    """Write a handout of each lab, in the same folders, so that links between them work. Yields their paths."""
    for original in sorted((root / "notebooks").rglob("*.ipynb")):
        if ".ipynb_checkpoints" in original.parts:
            continue
        target = root / "handout" / original.relative_to(root / "notebooks")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(nbformat.writes(blank(original)) + "\n", encoding="utf-8")
        yield target


def read(path):
    """The stored answers of a notebook: {"1.1": "right", ...}, "not written yet" where none is stored."""
    answers = {}
    for cell in nbformat.read(path, 4).cells:
        for number in CHECK.findall(cell.source) if cell.cell_type == "code" else ():
            said = "".join(output.get("data", {}).get("text/plain", "") for output in cell.outputs)
            found = re.match(rf"Exercise {number}: ({'|'.join(SIGNS)})\.", said)
            answers[number] = found.group(1) if found else "not written yet"
    return answers


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--read", metavar="FOLDER", type=Path, help="print which exercises are right in these notebooks"
    )
    folder = parser.parse_args().read
    if folder is None:
        for target in write():
            print(target.relative_to(ROOT))
        return
    print(", ".join(f"{sign} {state}" for state, sign in SIGNS.items()))
    for path in sorted(folder.rglob("*.ipynb")):
        print(
            f"{path.relative_to(folder)!s:40s}", *(f"{n} {SIGNS[state]}" for n, state in read(path).items()), sep="  "
        )


if __name__ == "__main__":
    main()
