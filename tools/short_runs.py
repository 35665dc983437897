"""Does a change leave a product as it is? Its recipe runs before and after the change, and must do the same.

A training runs with all its settings, on so few sprites that it takes minutes in place of hours; the drawing recipe
runs as it is; of a table one small row is made. Each runs in a tree of its own and on one thread, and the row, or all
files that it writes, must be the same, bit for bit. What a recipe only says on its way is not compared.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from definitions import FOLDERS
from PIL import Image

FEW = 26  # train sprites a class, 130 in all: enough for one batch of 128, the judge's, which is the largest
LEFT_OUT = ".git", ".venv", "runs", "__pycache__"


class Failed(Exception):
    """A program that did not come to its end."""


def differences(root, name, product, commit="HEAD"):
    """What a product's recipe does otherwise than at a commit, as lines of text; none if it does the same."""
    if product.is_notebook:
        return ["a notebook has no short run; run it again, or accept it `--unchecked` if its tests pass"]
    with tempfile.TemporaryDirectory() as folder:
        before, after = trees = Path(folder, "before"), Path(folder, "after")
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", before, commit], cwd=root, check=True)
        try:
            shutil.copytree(root, after, ignore=shutil.ignore_patterns(*LEFT_OUT))
            listed = run(before, "tools/products.py", "--list").splitlines()
            if any(line.startswith(f"{name} is ") for line in listed):
                return [f"it is stale at {commit}, too; name a commit at which it is not, with `--since`"]
            changed = unlike(*(contents(tree, files(tree, product.reads)) for tree in trees))
            if not changed:
                with ThreadPoolExecutor() as pool:
                    changed = unlike(*pool.map(lambda tree: short_run(tree, product), trees))
            return [f"{what} differs from {commit}" for what in changed]
        except Failed as failure:
            return [f"{failure}; `--unchecked` accepts it without a run"]
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", before], cwd=root, check=True)


def short_run(tree, product):
    """What a shortened recipe makes, in a tree that is thrown away: {file: bytes} or, of a table, {"the row": text}."""
    if product.row:
        make = f"from {Path(product.program[0]).stem} import FOLDER, figures; FOLDER.mkdir(parents=True)"
        return {"the row": run(tree, "-c", f"{make}; print(figures(**{product.row}))")}
    for sheet in tree.glob("data/t*/*.png"):
        Image.open(sheet).crop((0, 0, 16 * FEW, 16)).save(sheet)
    for file in files(tree, ["**/*"]):
        os.utime(file, (0, 0))  # so that what is written shows
    run(tree, *product.program)
    written = contents(tree, [file for file in files(tree, ["**/*"]) if file.stat().st_mtime])
    return {file: data for file, data in written.items() if file.split("/")[0] not in LEFT_OUT}


def run(tree, *command):
    """Run a program with the modules of a tree, on one thread; returns what it prints, or raises Failed."""
    path = os.pathsep.join(str(tree / folder) for folder in FOLDERS)
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *command], cwd=tree, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"{tree.name} the change the run fails: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout


def files(root, patterns):
    """The files that patterns stand for, in order."""
    return [path for pattern in patterns for path in sorted(root.glob(pattern)) if path.is_file()]


def contents(root, paths):
    return {path.relative_to(root).as_posix(): in_order(path) for path in paths}


def in_order(path):
    """The bytes of a file; those of a safetensors file with its description in order, which else is by chance."""
    data = path.read_bytes()
    if path.suffix != ".safetensors":
        return data
    header = 8 + int.from_bytes(data[:8], "little")
    return json.dumps(json.loads(data[8:header]), sort_keys=True).encode() + data[header:]


def unlike(one, other):
    """The keys under which two dictionaries differ."""
    return [key for key in one | other if one.get(key) != other.get(key)]
