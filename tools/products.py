"""Make again what a recipe makes, in order, where its inputs changed: sprites, weights, the notebooks' stored outputs.

`python tools/products.py` makes what is stale; `--list` only names it. An unfinished training goes on where it stopped.
The inputs of a product are the definitions that its recipe uses, in whichever of our modules they are, and the files
that it reads. products.json holds, for each product, the hash of the inputs that it was made from.

`--accept NAME` is for a change that leaves the product as it is: it runs the recipe on a few sprites, at HEAD and in
the work tree, and records the new hash if both make the same, bit for bit (see short_runs.py).
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import definitions
import nbformat
import short_runs

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "products.json"
TRAIN_SHEETS, TEST_SHEETS = "data/train/*.png", "data/test/*.png"
SCORING = [TRAIN_SHEETS, TEST_SHEETS, "weights/judge*.safetensors"]
VIEWS = [f"weights/epoch_{epoch}.safetensors" for epoch in (0, 4, 8, 31)]
NETWORKS = [*VIEWS, "weights/model_trained.safetensors", "weights/course.safetensors"]
WIDGET = "application/vnd.jupyter.widget-view+json"
TABLES = [
    "weights/loss.csv",
    "weights/errata.csv",
    "weights/errata.png",
    "weights/scores.csv",
    "weights/guidance.csv",
    "weights/families.csv",
    "weights/spoiled.csv",
    "weights/own_scores.csv",
]


class Product(NamedTuple):
    """What a recipe makes. Files are patterns, from the root.

    program: a script with its options, or a notebook. reads, writes: its files. resumes: it takes `--run FOLDER`, and
    goes on with what it finds there. row: of a table, the settings of a row that takes seconds.
    """

    program: tuple
    reads: list
    writes: list
    resumes: bool = False
    row: dict = None

    @property
    def is_notebook(self):
        return self.program[0].endswith(".ipynb")


def products():
    """All products, in the order in which they are made."""
    row_of_scores = {"network": "model_trained", "sampler": "DDIM", "steps": 5, "start": "noised average"}
    row_of_guidance = {"begin": "no context", "scale": 3, "first": 0.2, "last": 0.6}
    row_of_training = {
        "way": "ours, in float32",
        "sprites": 1_000,
        "epochs": 2,
        "drawn": 200,
        "sampler": "DDPM",
        "context": "none",
    }
    table = {
        "sprites": Product(("data/make_sprites.py",), [], [TRAIN_SHEETS, TEST_SHEETS, "data/preview.png"]),
        "judge": Product(
            ("weights/judges.py",), [TRAIN_SHEETS], ["weights/judge.safetensors", "weights/judge2.safetensors"]
        ),
        "weights": Product(
            ("weights/train.py",),
            [TRAIN_SHEETS],
            [
                *VIEWS,
                *(f"weights/{name}" for name in ("model_trained.safetensors", "loss.csv", "loss.png", "samples.png")),
            ],
            resumes=True,
        ),
        "errata": Product(
            ("weights/errata.py",),
            SCORING,
            ["weights/errata.csv", "weights/errata.png"],
            resumes=True,
            row={"size": "small", "training": "both, as in the course", "seed": 0},
        ),
        "scores": Product(
            ("weights/scores.py",),
            [*SCORING, *NETWORKS],
            ["weights/scores.csv", "weights/README.md"],
            resumes=True,
            row={**row_of_scores, "context": "one-hot", "n": 200, "seed": 0},
        ),
        "guidance": Product(
            ("weights/guidance.py",),
            [*SCORING, *VIEWS],
            ["weights/guidance.csv"],
            resumes=True,
            row={**row_of_guidance, "context": "one-hot", "steps": 5, "n": 200, "seed": 0},
        ),
        "spoiled": Product(
            ("weights/spoiled.py",),
            SCORING,
            ["weights/spoiled.csv"],
            resumes=True,
            row={"spoil": "soft", "amount": 0.5, "n": 200, "seed": 0},
        ),
        "own scores": Product(
            ("weights/own_scores.py",),
            ["weights/model_trained.safetensors", "weights/judge.safetensors"],
            ["weights/own_scores.csv"],
            resumes=True,
            row={"material": "items", "start": "the labs' network", "epochs": 1, "n": 50, "given": 8},
        ),
        "families": Product(("weights/families.py",), [], ["weights/families.csv"]),
        "animation": Product(
            ("weights/animation.py",), ["weights/model_trained.safetensors"], ["weights/samples.webp"]
        ),
        "full training": Product(
            ("benchmarks/full_training.py",),
            SCORING,
            ["benchmarks/full_training.csv"],
            resumes=True,
            row={**row_of_training, "steps": 5},
        ),
    }
    for path in sorted(ROOT.glob("notebooks/**/*.ipynb")):
        if ".ipynb_checkpoints" not in path.parts:
            name = path.relative_to(ROOT).as_posix()
            reads = [TRAIN_SHEETS, TEST_SHEETS, "weights/*.safetensors", *TABLES]
            table[name] = Product((name,), reads, [name])
    return table


def hash_of(product):
    """One hash over all inputs: what the program uses, and the files that it reads."""
    digest = hashlib.sha256(repr(product.program[1:]).encode())
    for place, code in sorted(definitions.used(ROOT, product.program[0]).items()):
        digest.update(repr((place, code)).encode())
    for path in short_runs.files(ROOT, product.reads):
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def make(product):
    """Run a recipe; a long one in a folder named after its inputs, so that only a run on the same is continued."""
    if product.is_notebook:
        run_notebook(ROOT / product.program[0])
    elif product.resumes:
        run(*product.program, "--run", f"runs/{Path(product.program[0]).stem}-{hash_of(product)}")
    else:
        run(*product.program)


def run(*command):
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True)


def run_notebook(path):
    """Run a notebook from the top in the full configuration and store its outputs."""
    from nbclient import NotebookClient

    os.environ.pop("LABS_CONFIG", None)
    shutil.rmtree(ROOT / "runs" / "lab2", ignore_errors=True)  # else Lab 2 goes on with what it finds there
    notebook = nbformat.read(path, 4)
    how = {"timeout": None, "kernel_name": "python3", "resources": {"metadata": {"path": str(path.parent)}}}
    NotebookClient(notebook, store_widget_state=False, coalesce_streams=True, **how).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = without_the_living(cell.outputs)
    notebook.metadata.language_info = {"name": "python"}
    write(path, nbformat.writes(notebook) + "\n")


def without_the_living(outputs):
    """Outputs as they are stored: no stderr, no progress bar that has ended, and the still in place of a widget."""
    for output in outputs:
        if output.get("data", {}).pop(WIDGET, None):
            output.data.setdefault("text/html", "")  # one without a still is left out
    return [o for o in outputs if o.get("name") != "stderr" and o.get("data", {}).get("text/html") != ""]


def write(path, text):
    """Write a text beside a file and rename it, so that the file is whole at any time."""
    beside = path.with_name(f"unfinished-{path.name}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def stale(name, product, record):
    """Why a product must be made again, or None."""
    if not all(short_runs.files(ROOT, [pattern]) for pattern in product.writes):
        return "is not there"
    if record.get(name) != hash_of(product):
        return "is older than its inputs"
    return None


def recorded():
    """The hashes of the inputs that the products were made from."""
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="only list what is stale")
    parser.add_argument("--accept", metavar="NAME", nargs="+", help="record these as up to date, if a short run agrees")
    parser.add_argument("--since", metavar="COMMIT", default="HEAD", help="the commit to compare with, if not HEAD")
    parser.add_argument("--unchecked", action="store_true", help="accept without the short run")
    arguments = parser.parse_args()
    unknown = set(arguments.accept or []) - set(products())
    if unknown:
        parser.error(f"no product is called {', '.join(unknown)}; they are {', '.join(products())}")
    refused = []
    for name, product in products().items():
        reason = stale(name, product, recorded())
        if reason:
            print(f"{name} {reason}", flush=True)
        if not reason or arguments.list or name not in (arguments.accept or [name]):
            continue
        inputs = hash_of(product)  # now, as they may change while it is made
        if not arguments.accept:
            make(product)
        elif not arguments.unchecked:
            differences = short_runs.differences(ROOT, name, product, arguments.since)
            print("".join(f"  not accepted: {line}\n" for line in differences), end="", flush=True)
            refused += differences
            if differences:
                continue
        write(RECORD, json.dumps(recorded() | {name: inputs}, indent=1) + "\n")
    sys.exit(bool(refused))


if __name__ == "__main__":
    main()
