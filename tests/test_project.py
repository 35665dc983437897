"""The project as a whole: set-up files, notebooks, what the README promises."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import products
import pytest
import yaml

from diffusion_utilities import HERE

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib

PROJECT = tomllib.loads((HERE / "pyproject.toml").read_text())
NOTEBOOKS = sorted(path for path in (HERE / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
NAMES = [path.relative_to(HERE).as_posix() for path in NOTEBOOKS]


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


# --- set-up


def test_environment_installs_the_project_and_lists_no_package_of_its_own():
    environment = yaml.safe_load((HERE / "environment.yml").read_text())
    listed = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    assert {re.split(r"[ <>=]", entry)[0] for entry in listed} == {"python", "pip", "ipykernel"}
    assert {"pip": ["-e .[lab,test]"]} in environment["dependencies"]
    assert "python " + PROJECT["project"]["requires-python"] in listed


def test_every_dependency_says_what_it_is_for_and_every_import_is_one():
    text = (HERE / "pyproject.toml").read_text()
    required = sum(PROJECT["project"]["optional-dependencies"].values(), PROJECT["project"]["dependencies"])
    for requirement in required:
        assert re.search(re.escape(f'"{requirement}"') + r",\s+# \w+", text), requirement
    names = {re.split(r"[<>=;\[]", requirement)[0].lower() for requirement in required}
    packages = {"PIL": "pillow", "yaml": "pyyaml", "IPython": "ipython", "tomllib": "tomli"}
    of_jupyterlab = {"nbformat", "nbclient"}
    files = [path for path in HERE.rglob("*.py") if not {".venv", "runs"} & set(path.relative_to(HERE).parts)]
    own = {path.stem for path in files} | {"drawings"}
    sources = [path.read_text() for path in files]
    sources += ["\n".join(cell.source for cell in code_cells(nbformat.read(path, 4))) for path in NOTEBOOKS]
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module]
            for module in (name.split(".")[0] for name in modules):
                if module not in sys.stdlib_module_names and module not in own | of_jupyterlab:
                    assert packages.get(module, module).lower() in names, module


def test_every_module_beside_the_readme_is_installed():
    modules = {path.stem for path in HERE.glob("*.py")} - {"conftest"}
    assert set(PROJECT["tool"]["setuptools"]["py-modules"]) == modules


@pytest.fixture
def empty_clone(tmp_path):
    """A folder with what set-up needs, and nothing else."""
    (tmp_path / "tools").mkdir()
    shutil.copy(HERE / "tools" / "setup.sh", tmp_path / "tools")
    shutil.copy(HERE / "pyproject.toml", tmp_path)
    return tmp_path


def set_up(folder, **variables):
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **variables}
    return subprocess.run(["sh", "tools/setup.sh"], cwd=folder, env=environment, capture_output=True, text=True)


def fake_python(folder, body):
    """A program that stands in for Python."""
    path = folder / "python-stand-in"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def failure(done):
    assert done.returncode != 0
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("Set-up failed: "), done.stderr
    return lines[0]


def test_set_up_with_python_too_old(empty_clone):
    too_old = fake_python(empty_clone, 'case "$1" in --version) echo Python 3.8.1;; *) exit 1;; esac')
    assert "no Python 3.10 to 3.13 found" in failure(set_up(empty_clone, PYTHON=too_old))


def test_set_up_without_venv_module(empty_clone):
    lacking = fake_python(empty_clone, f'case "$2" in *venv*) exit 1;; *) exec {sys.executable} "$@";; esac')
    assert "no venv module" in failure(set_up(empty_clone, PYTHON=lacking))
    assert not (empty_clone / ".venv").exists()


def test_set_up_without_network_and_then_recovery(empty_clone):
    (empty_clone / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\n[project.optional-dependencies]\nlab = []\ntest = []\n'
    )
    cut_off = {"PYTHON": sys.executable, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}
    assert "check the network" in failure(set_up(empty_clone, **cut_off))
    assert (empty_clone / ".venv" / "bin" / "python").exists() and not (empty_clone / ".venv" / "installed").exists()
    pip = empty_clone / ".venv" / "bin" / "python"
    pip.unlink()  # half-made
    pip.write_text(f'#!/bin/sh\ncase "$*" in *install*) exit 0;; *) exec {sys.executable} "$@";; esac\n')
    pip.chmod(0o755)
    done = set_up(empty_clone, **cut_off)
    assert done.returncode == 0, done.stderr
    again = set_up(empty_clone, **cut_off)
    assert again.returncode == 0 and again.stdout == ""  # nothing to do


def test_set_up_replaces_a_half_made_environment(empty_clone):
    (empty_clone / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n')
    (empty_clone / ".venv" / "bin").mkdir(parents=True)
    (empty_clone / ".venv" / "bin" / "python").write_text("broken")
    done = set_up(empty_clone, PYTHON=sys.executable, PIP_NO_INDEX="1", PIP_FIND_LINKS="", PIP_CONFIG_FILE=os.devnull)
    assert "Making .venv" in done.stdout and "check the network" in failure(done)


def test_make_help_lists_every_target():
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=HERE, capture_output=True, text=True, check=True
    ).stdout
    targets = re.search(r"^\.PHONY: (.*)$", (HERE / "Makefile").read_text(), re.M).group(1).split()
    assert [line.split()[1] for line in shown.splitlines()] == targets


def test_ruff():
    for check in (["check"], ["format", "--check"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *check, "."], cwd=HERE, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


# --- notebooks


@pytest.mark.parametrize("name", NAMES)
def test_stored_outputs_are_of_this_code(name):
    inputs, outputs, _ = products.products()[name]
    record = json.loads(products.RECORD.read_text())
    assert products.stale(name, inputs, outputs, record) is None, "run `make products`"


@pytest.mark.parametrize("name", NAMES)
def test_notebook_form(name):
    path = HERE / name
    notebook = nbformat.read(path, 4)
    cells = code_cells(notebook)
    assert path.stat().st_size <= 1_000_000
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert max(len(cell.source.splitlines()) for cell in cells) <= 30
    compared = [cell for cell in cells if "nbval-check-output" in cell.metadata.get("tags", [])]
    assert len(compared) >= 5
    for cell in compared:
        assert [output.output_type for output in cell.outputs] == ["stream"], cell.source
        assert cell.outputs[0].text.strip() not in ("", "True", "False")
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 3
    assert str(Path.home()) not in path.read_text() and str(HERE) not in path.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_first_cell_fetches_from_the_projects_address(name):
    first = code_cells(nbformat.read(HERE / name, 4))[0].source
    assert first == code_cells(nbformat.read(NOTEBOOKS[0], 4))[0].source
    assert f'REPOSITORY = "{PROJECT["project"]["urls"]["Repository"]}"' in first


def test_first_cell_alone(tmp_path):
    """Opened alone, a notebook fetches the labs; when it cannot, it says what to do."""
    first = code_cells(nbformat.read(NOTEBOOKS[0], 4))[0].source
    address = PROJECT["project"]["urls"]["Repository"]
    run = [sys.executable, "-c", first.replace(address, str(tmp_path / "nowhere")) + "\nprint(labs)"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "as a ZIP" in done.stderr
    (tmp_path / "diffusion-labs").mkdir()
    (tmp_path / "diffusion-labs" / "diffusion_utilities.py").touch()
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == str(tmp_path / "diffusion-labs")


# --- products


def test_hashes_see_code_and_not_comments():
    one = products.code('"""Doc."""\nx = 1  # why\n\n\ndef f():\n    """Doc."""\n')
    same = products.code("x = 1\ndef f():\n    pass\n")
    assert one == same != products.code("x = 2\ndef f():\n    pass\n")
    module = (HERE / "diffusion_utilities.py").read_text()
    training = products.sections(module, ["training"])
    assert "def train(" in training and "def sample(" not in training


def test_a_recipe_continues_only_on_the_same_inputs(tmp_path, monkeypatch):
    monkeypatch.setattr(products, "ROOT", tmp_path)
    calls = []
    monkeypatch.setattr(products, "run", lambda *command: calls.append(command))
    for setting in ("lr = 1", "lr = 1  # one", "lr = 2"):
        (tmp_path / "recipe.py").write_text(setting)
        products.resume(["recipe.py"], "recipe.py", "--course")
    assert calls[0] == calls[1] != calls[2]
    assert calls[0][:3] == ("recipe.py", "--course", "--run")
    products.resume(["recipe.py"], "another.py")
    assert calls[3][-1] != calls[2][-1]  # in a folder of its own


def test_stale_products_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(products, "ROOT", tmp_path)
    (tmp_path / "a.py").write_text("x = 1")
    record = {"p": products.hash_of(["a.py"])}
    assert products.stale("p", ["a.py"], ["out"], record) == "is not there"
    (tmp_path / "out").touch()
    assert products.stale("p", ["a.py"], ["out"], record) is None
    (tmp_path / "a.py").write_text("x = 2")
    assert products.stale("p", ["a.py"], ["out"], record) == "is older than its inputs"


def test_the_repository_is_small():
    listed = subprocess.run(["git", "ls-files"], cwd=HERE, capture_output=True, text=True)
    files = [HERE / line for line in listed.stdout.splitlines()]
    assert sum(path.stat().st_size for path in files if path.is_file()) <= 40e6
