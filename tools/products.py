"""Make again what a recipe makes, in order, where its inputs changed: sprites, weights, the notebooks' stored outputs.

`python tools/products.py` makes what is stale; `--list` only names it; `--accept NAME` says that a change of inputs
does not change the product (a renamed variable, say). An unfinished training goes on where it stopped.
products.json holds, for each product, the hash of the inputs that it was made from.
"""

import argparse
import ast
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "products.json"
SPRITES = ["data/make_sprites.py", "data/drawings/*.py"]
SHEETS = ["data/train/*.png", "data/test/*.png"]
JUDGE = [SHEETS[0], "data/make_sprites.py", "diffusion_utilities.py:sprites", "scoring.py", "weights/judge.py"]
COURSE = [SHEETS[0], "diffusion_utilities.py:sprites,network,noise schedule,training", "weights/train.py"]
OURS = [*COURSE, "weights/model_0.safetensors"]
SCORING = [
    "diffusion_utilities.py:sprites,network,noise schedule,sampling",
    "scoring.py",
    *SHEETS,
    "weights/judge*.safetensors",
]
ERRATA = [*SCORING, "diffusion_utilities.py:training", "weights/tables.py", "weights/errata.py"]
NETWORKS = [f"weights/model_{name}.safetensors" for name in (0, 31, "trained")]
SCORES = [*SCORING, *NETWORKS, "weights/tables.py", "weights/train.py", "weights/score.py"]
FULL_TRAINING = [*ERRATA, "weights/train.py", "benchmarks/course.py", "benchmarks/full_training.py"]
TABLES = ["weights/loss_course.csv", "weights/errata.csv", "weights/errata.png", "weights/scores.csv"]
VIEWS = ["weights/loss_course.csv", *(f"weights/model_{epoch}.safetensors" for epoch in (0, 4, 8, 31))]


def code(text):
    """Python code without what cannot change its result: comments, docstrings, layout."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return repr(plain(tree))


def plain(node):
    """A syntax tree as nested lists that are the same on every Python (`ast.dump` and `ast.unparse` are not)."""
    if isinstance(node, ast.AST):
        fields = [(name, plain(value)) for name, value in ast.iter_fields(node) if value is not None and value != []]
        return [type(node).__name__, *fields]
    return [plain(item) for item in node] if isinstance(node, list) else repr(node)


def sections(text, names):
    """The sections of the module with these names; a line `# ---- name` opens each."""
    parts = {}
    name = "imports"
    for line in text.splitlines(keepends=True):
        if line.startswith("# ---"):
            name = line.strip("# -\n")
        parts[name] = parts.get(name, "") + line
    return "".join(parts[name] for name in names)


def content(path, part=None):
    """What counts of a file: code, the source of a notebook's cells, else its bytes."""
    if path.suffix == ".py":
        text = path.read_text()
        return code(sections(text, part.split(",")) if part else text).encode()
    if path.suffix == ".ipynb":
        return "\n\n".join(cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code").encode()
    return path.read_bytes()


def hash_of(inputs):
    """One hash over files, given as patterns from the root, `module.py:section,section` for a part of a module."""
    digest = hashlib.sha256()
    for pattern in inputs:
        pattern, _, part = pattern.partition(":")
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.relative_to(ROOT).as_posix().encode() + content(path, part))
    return digest.hexdigest()[:16]


def products():
    """All products, in the order in which they are made: {name: (inputs, outputs, function that makes it)}."""
    table = {
        "sprites": (SPRITES, [*SHEETS, "data/preview.png"], lambda: run("data/make_sprites.py")),
        "judge": (JUDGE, ["weights/judge.safetensors", "weights/judge2.safetensors"], lambda: run("weights/judge.py")),
        "views": (COURSE, VIEWS, lambda: resume(COURSE, "weights/train.py", "--course")),
        "weights": (OURS, ["weights/model_trained.safetensors"], lambda: resume(OURS, "weights/train.py")),
        "errata": (ERRATA, ["weights/errata.csv", "weights/errata.png"], lambda: resume(ERRATA, "weights/errata.py")),
        "scores": (SCORES, ["weights/scores.csv"], lambda: resume(SCORES, "weights/score.py")),
        "full training": (
            FULL_TRAINING,
            ["benchmarks/full_training.csv"],
            lambda: resume(FULL_TRAINING, "benchmarks/full_training.py"),
        ),
    }
    for path in sorted(ROOT.glob("notebooks/**/*.ipynb")):
        if ".ipynb_checkpoints" not in path.parts:
            name = path.relative_to(ROOT).as_posix()
            inputs = [name, "diffusion_utilities.py", "scoring.py", *SHEETS, "weights/*.safetensors", *TABLES]
            table[name] = (inputs, [name], lambda path=path: run_notebook(path))
    return table


def run(*command):
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True)


def resume(inputs, *recipe):
    """Run a long recipe in a folder named after its inputs, so that only a run on the same inputs is continued."""
    run(*recipe, "--run", f"runs/{Path(recipe[0]).stem}-{hash_of(inputs)}")


def run_notebook(path):
    """Run a notebook from the top in the full configuration and store its outputs, without progress bars and stderr."""
    from nbclient import NotebookClient

    os.environ.pop("LABS_CONFIG", None)
    notebook = nbformat.read(path, 4)
    NotebookClient(
        notebook, timeout=None, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [
                output
                for output in cell.outputs
                if output.get("name") != "stderr"
                and "application/vnd.jupyter.widget-view+json" not in output.get("data", {})
            ]
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = {"name": "python"}
    nbformat.write(notebook, path)


def stale(name, inputs, outputs, record):
    """Why a product must be made again, or None."""
    if not all(any(ROOT.glob(pattern)) for pattern in outputs):
        return "is not there"
    if record.get(name) != hash_of(inputs):
        return "is older than its inputs"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="only list what is stale")
    parser.add_argument("--accept", metavar="NAME", nargs="+", default=[], help="record these as up to date")
    arguments = parser.parse_args()
    for name, (inputs, outputs, make) in products().items():
        record = json.loads(RECORD.read_text()) if RECORD.is_file() else {}
        reason = stale(name, inputs, outputs, record)
        if reason:
            print(f"{name} {reason}", flush=True)
        if name in arguments.accept or (reason and not arguments.list and not arguments.accept):
            if name not in arguments.accept:
                make()
            record[name] = hash_of(inputs)
            RECORD.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
