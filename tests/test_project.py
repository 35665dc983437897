"""The project as a whole: set-up files, notebooks, what the README promises."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import bench
import definitions
import hand_out
import lab
import nbformat
import products
import pytest
import short_runs
import yaml

import diffusion_utilities as du
from diffusion_utilities import HERE

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib

PROJECT = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))
NOTEBOOKS = sorted(path for path in (HERE / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
NAMES = [path.relative_to(HERE).as_posix() for path in NOTEBOOKS]


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


# --- set-up


def test_environment_installs_the_project_and_lists_no_package_of_its_own():
    environment = yaml.safe_load((HERE / "environment.yml").read_text(encoding="utf-8"))
    listed = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    assert {re.split(r"[ <>=]", entry)[0] for entry in listed} == {"python", "pip", "ipykernel"}
    assert {"pip": ["-e .[lab,test]"]} in environment["dependencies"]
    assert "python " + PROJECT["project"]["requires-python"] in listed


def test_every_dependency_says_what_it_is_for_and_every_import_is_one():
    text = (HERE / "pyproject.toml").read_text(encoding="utf-8")
    required = sum(PROJECT["project"]["optional-dependencies"].values(), PROJECT["project"]["dependencies"])
    for requirement in required:
        assert re.search(re.escape(f'"{requirement}"') + r",\s+# \w+", text), requirement
    names = {re.split(r"[<>=;\[]", requirement)[0].lower() for requirement in required}
    packages = {"PIL": "pillow", "yaml": "pyyaml", "IPython": "ipython", "tomllib": "tomli", "sklearn": "scikit-learn"}
    of_jupyterlab = {"nbformat", "nbclient", "jupyter_server"}
    files = [path for path in HERE.rglob("*.py") if not {".venv", "runs"} & set(path.relative_to(HERE).parts)]
    own = {path.stem for path in files} | {path.parent.name for path in files if path.name == "__init__.py"}
    sources = [path.read_text(encoding="utf-8") for path in files]
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
    packages = {path.parent.name for path in HERE.glob("*/__init__.py")}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == packages


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
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def failure(done):
    assert done.returncode != 0
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("Set-up failed: "), done.stderr
    return lines[0]


def test_set_up_with_python_too_old(empty_clone):
    too_old = fake_python(empty_clone, 'case "$1" in --version) echo Python 3.8.1;; *) exit 1;; esac')
    assert f"PYTHON={too_old} is Python 3.8.1; the labs need" in failure(set_up(empty_clone, PYTHON=too_old))
    assert "PYTHON=/nowhere/python is " in failure(set_up(empty_clone, PYTHON="/nowhere/python"))
    for name in ("python3", *(f"python3.{minor}" for minor in range(10, 14))):
        (empty_clone / name).symlink_to(too_old)
    path = f"{empty_clone}{os.pathsep}{os.environ['PATH']}"
    said = failure(set_up(empty_clone, PATH=path, PYTHON=""))
    assert "no Python 3.10 to 3.13 found (python3 is Python 3.8.1)" in said


def test_set_up_without_venv_module(empty_clone):
    lacking = fake_python(empty_clone, f'case "$2" in *venv*) exit 1;; *) exec "{sys.executable}" "$@";; esac')
    assert "no venv module" in failure(set_up(empty_clone, PYTHON=lacking))
    assert not (empty_clone / ".venv").exists()


def test_set_up_without_network_and_then_recovery(empty_clone):
    (empty_clone / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\n[project.optional-dependencies]\nlab = []\ntest = []\n', encoding="utf-8"
    )
    cut_off = {"PYTHON": sys.executable, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}
    assert "check the network" in failure(set_up(empty_clone, **cut_off))
    assert (empty_clone / ".venv" / "bin" / "python").exists() and not (empty_clone / ".venv" / "installed").exists()
    pip = empty_clone / ".venv" / "bin" / "python"
    pip.unlink()  # half-made
    pip.write_text(
        f'#!/bin/sh\ncase "$*" in *install*) exit 0;; *) exec "{sys.executable}" "$@";; esac\n', encoding="utf-8"
    )
    pip.chmod(0o755)
    done = set_up(empty_clone, **cut_off)
    assert done.returncode == 0, done.stderr
    again = set_up(empty_clone, **cut_off)
    assert again.returncode == 0 and again.stdout == ""  # nothing to do


def test_set_up_replaces_a_half_made_environment(empty_clone):
    (empty_clone / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n', encoding="utf-8")
    (empty_clone / ".venv" / "bin").mkdir(parents=True)
    (empty_clone / ".venv" / "bin" / "python").write_text("broken", encoding="utf-8")
    done = set_up(empty_clone, PYTHON=sys.executable, PIP_NO_INDEX="1", PIP_FIND_LINKS="", PIP_CONFIG_FILE=os.devnull)
    assert "Making .venv" in done.stdout and "check the network" in failure(done)


def test_set_up_deletes_no_environment_that_works(empty_clone):
    python = empty_clone / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(
        f'#!/bin/sh\ncase "$*" in *pip*) exit 1;; *) exec "{sys.executable}" "$@";; esac\n', encoding="utf-8"
    )
    python.chmod(0o755)
    assert ".venv has no pip; install it" in failure(set_up(empty_clone))
    python.write_text('#!/bin/sh\ncase "$2" in "") exit 0;; *) exit 1;; esac\n', encoding="utf-8")  # another Python
    assert "delete .venv and run" in failure(set_up(empty_clone))
    assert python.is_file()


def test_make_help_lists_every_target():
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=HERE, capture_output=True, text=True, check=True
    ).stdout
    targets = re.search(r"^\.PHONY: (.*)$", (HERE / "Makefile").read_text(encoding="utf-8"), re.M).group(1).split()
    assert [line.split()[1] for line in shown.splitlines()] == targets


def test_ruff():
    for check in (["check"], ["format", "--check"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *check, "."], cwd=HERE, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


# --- notebooks


@pytest.mark.parametrize("name", NAMES)
def test_stored_outputs_are_of_this_code(name):
    record = json.loads(products.RECORD.read_text(encoding="utf-8"))
    assert products.stale(name, products.products()[name], record) is None, "run `make products`"


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
    pages = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    pictures = re.findall(r"<img [^>]*>", "".join(pages))
    assert len(pictures) >= 3 and all(re.search(r'alt="[^"]{7,}"', picture) for picture in pictures)
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert kinds <= {"text/html", "text/plain"}  # no picture without alternative text, no widget without a kernel
    assert not [page for page in pages if page.startswith("<pre>")]  # where a knob's picture went wrong
    assert str(Path.home()) not in path.read_text(encoding="utf-8") and str(HERE) not in path.read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_lab_is_its_lesson_and_no_more(path):
    """What a reader sees: words, cells, exercises, things to turn, questions; what is folded does not count."""
    cells = nbformat.read(path, 4).cells
    assert len(cells) <= 60
    open_to_all = re.sub(
        r"<details>.*?</details>", "", "".join(c.source for c in cells if c.cell_type == "markdown"), flags=re.S
    )
    words = re.sub(r"\$\$.*?\$\$|\$.*?\$|\(http\S*\)", "", open_to_all, flags=re.S)
    assert 1200 <= len(re.findall(r"\w[\w'’.-]*", words)) <= 2200
    code = [cell for cell in cells if cell.cell_type == "code"]
    folded = [cell for cell in code if cell.metadata.get("jupyter", {}).get("source_hidden")]
    assert all(cell.metadata.get("cellView") == "form" and cell.source.startswith("# @title ") for cell in folded)
    assert sum(cell.source.startswith("# @title ") for cell in code) == len(folded) >= 2
    first = next(cell for cell in code if cell not in folded)
    assert "<img" in str(first.outputs)  # before anything else, a picture
    assert sum(bool(re.search(r'^check\("\d\.\d"', cell.source, re.M)) for cell in code) >= 4
    assert sum(bool(re.search(r"^turn\(", cell.source, re.M)) for cell in code) >= 1
    assert code[-1].source == "check()"
    questions = [cell.source for cell in cells if "**Questions**" in cell.source]
    assert len(questions) == 1 and len(re.findall(r"<summary>\d\. ", questions[0])) == 5
    assert "**After this lab you can**" in cells[0].source and "## Recap" in questions[0]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_a_knob_draws_with_is_not_overwritten_below_it(path):
    """Else the knob goes wrong when the cells below have run."""
    cells = [ast.parse(cell.source) for cell in code_cells(nbformat.read(path, 4))]
    functions = {node.name: node for cell in cells for node in cell.body if isinstance(node, ast.FunctionDef)}

    def named(node, kind=ast.Store):
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, kind)}
        inner = [part for part in ast.walk(node) if isinstance(part, (ast.arg, ast.FunctionDef)) and part is not node]
        return names | {getattr(part, "arg", None) or part.name for part in inner} if kind is ast.Store else names

    def used(name, seen):
        """All names that a function needs, and those that the lab's functions among them need."""
        if name not in seen:
            seen.add(name)
            if name in functions:
                for other in named(functions[name], ast.Load) - named(functions[name]):
                    used(other, seen)
        return seen

    turned = 0
    for i, cell in enumerate(cells):
        for call in [node for node in ast.walk(cell) if isinstance(node, ast.Call)]:
            if isinstance(call.func, ast.Name) and call.func.id == "turn":
                drawing, needed = call.args[0], set()  # a function's name, or a lambda
                for name in named(drawing, ast.Load) - named(drawing):
                    used(name, needed)
                below = [node for later in cells[i + 1 :] for node in later.body]
                assigned = [{node.name} if isinstance(node, ast.FunctionDef) else named(node) for node in below]
                assert needed & set().union(*assigned) == set()
                turned += 1
    assert turned


def test_lab_1_says_where_sprite_and_noise_weigh_the_same():
    text = "".join(cell.source for cell in nbformat.read(NOTEBOOKS[0], 4).cells)
    ((t, code),) = re.findall(r"falls below 1/2, at \$t = (\d+)\$: `(.*?)`", text)
    assert eval(code, {"ab_t": du.NoiseSchedule().alpha_bar}) == int(t)


@pytest.mark.parametrize("name", NAMES)
def test_first_cell_fetches_from_the_projects_address(name):
    first = code_cells(nbformat.read(HERE / name, 4))[0].source
    assert first == code_cells(nbformat.read(NOTEBOOKS[0], 4))[0].source
    assert f'REPOSITORY = "{PROJECT["project"]["urls"]["Repository"]}"' in first


@pytest.fixture
def first_cell(tmp_path):
    """Runs the first cell of a lab in an empty folder, with the repository at another address."""
    code = code_cells(nbformat.read(NOTEBOOKS[0], 4))[0].source
    address = PROJECT["project"]["urls"]["Repository"]

    def run(repository=tmp_path / "nowhere", before="", **variables):
        source = before + code.replace(address, str(repository)) + "\nprint(labs)"
        environment = os.environ | variables
        return subprocess.run(
            [sys.executable, "-c", source], cwd=tmp_path, capture_output=True, text=True, env=environment
        )

    return run


def test_first_cell_alone(first_cell, tmp_path):
    """Opened alone, a notebook fetches the labs; when it cannot, it says what to do."""
    done = first_cell()
    assert done.returncode == 1 and "as a ZIP" in done.stderr
    repository = tmp_path / "origin"
    subprocess.run(["git", "init", "-q", repository], check=True)
    (repository / "keeping.py").touch()
    for arguments in (["add", "."], ["-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", repository, *arguments], check=True)
    (tmp_path / "diffusion-labs.part" / ".git").mkdir(parents=True)  # a clone that was cut off
    (tmp_path / "diffusion_utilities.py").touch()  # the course's module, which has nothing that the labs need
    done = first_cell(repository)
    assert done.returncode == 0 and done.stdout.strip() == str(tmp_path / "diffusion-labs")
    assert (tmp_path / "diffusion-labs" / "keeping.py").is_file()
    shutil.rmtree(tmp_path / "diffusion-labs")
    (tmp_path / "diffusion-labs" / ".git").mkdir(parents=True)
    (tmp_path / "diffusion-labs" / "notes.txt").touch()  # somebody's own folder of that name
    done = first_cell(repository)
    assert done.returncode == 1 and (tmp_path / "diffusion-labs" / "notes.txt").is_file()


def test_first_cell_under_another_python_or_without_packages(first_cell, tmp_path):
    done = first_cell(before="import sys\nsys.version_info = (3, 9, 1)\n")
    assert done.returncode == 1 and "need Python 3.10 to 3.13" in done.stderr
    (tmp_path / "diffusion-labs").mkdir()
    (tmp_path / "diffusion-labs" / "keeping.py").touch()  # but nothing that could be installed
    lacking = "import importlib.util\nimportlib.util.find_spec = lambda name: None\n"
    for _ in range(2):  # what failed is tried again
        done = first_cell(before=lacking)
        assert done.returncode == 1 and "Could not install what the labs need" in done.stderr


def test_first_cell_sets_how_threads_wait_and_leaves_a_setting_alone(first_cell, tmp_path):
    (tmp_path / "keeping.py").touch()
    asked = "import atexit, os\natexit.register(lambda: print({k: v for k, v in os.environ.items() if 'OMP_' in k}))\n"
    for given in ({}, {"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "active"}):
        clean = f"import os\nfor name in {[*bench.WAITING, 'OMP_WAIT_POLICY']}: os.environ.pop(name, None)\n"
        done = first_cell(before=f"{clean}os.environ.update({given})\n{asked}")
        settings = ast.literal_eval(done.stdout.splitlines()[-1])
        settings.pop("OMP_NUM_THREADS", None)
        assert settings == (given or bench.WAITING)


# --- products


def hashes(names=None):
    table = products.products()
    return {name: products.hash_of(table[name]) for name in names or table}


def replace(folder, old, new):
    """Change the one place in a folder's modules that reads so."""
    (path,) = [path for path in folder.rglob("*.py") if old in path.read_text(encoding="utf-8")]
    assert path.read_text(encoding="utf-8").count(old) == 1
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


@pytest.fixture
def code_alone(tmp_path, monkeypatch):
    """The project's modules, recipes and notebooks without their data, to change."""
    folders = [folder or "." for folder in definitions.FOLDERS]
    for path in [path for folder in folders for path in (HERE / folder).glob("*.py")] + NOTEBOOKS:
        (tmp_path / path.relative_to(HERE)).parent.mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / path.relative_to(HERE))
    shutil.copytree(HERE / "data" / "drawings", tmp_path / "data" / "drawings")
    monkeypatch.setattr(products, "ROOT", tmp_path)
    return tmp_path


DRAWN, TRAINED, LAB = ("sprites", "judge"), ("weights",), "notebooks/01_Sampling.ipynb"


@pytest.mark.parametrize(
    "old, new, stale, fresh",
    [
        ('("hero", "non-hero", ', '("non-hero", "hero", ', (*DRAWN, *TRAINED), ()),
        ("TILE = 16", "TILE = 8", (*DRAWN, *TRAINED), ()),
        ("pick_device(name=None)", 'pick_device(name="cpu")', (LAB,), (*DRAWN, *TRAINED, "errata", "full training")),
        ("scale=None, alt=None)", "scale=3, alt=None)", (LAB,), TRAINED),  # of a picture
        ("def distance(x):", "def distance(x, *y):", ("errata", "scores", "full training"), TRAINED),
        ("logspace(0, 2.7,", "logspace(0, 2.8,", ("weights", "full training", "scores"), ("errata",)),
    ],
)
def test_what_makes_a_product_stale(code_alone, old, new, stale, fresh):
    before = hashes({*stale, *fresh})
    replace(code_alone, old, new)
    after = hashes(before)
    assert {name for name in before if before[name] != after[name]} == set(stale)


SMALL_PROJECT = {
    "weights/recipe.py": '''
"""Makes something."""
import other  # a module
from package import shown, unseen

# ------------------------------ settings
RATE = 1


def main():
    """Do it."""
    from late import helper

    print(first(), helper(), other.scale(2), shown)


def first():
    return second()


def second():
    return RATE


def aside():
    return 5, unseen


if __name__ == "__main__":
    main()
''',
    "other.py": """
def scale(x):
    return 2 * x


def unasked():
    return 6


if __name__ == "__main__":
    print(7)
""",
    "data/late.py": "import runs_on_import\n\n\ndef helper():\n    return LATE\n\n\nLATE = 8\n",
    "runs_on_import.py": "import sys\n\nsys.setrecursionlimit(2_000)\n",
    "package/__init__.py": "from .inside import shown, unseen\n",
    "package/inside.py": "shown = 9\nunseen = 10\n",
}


@pytest.fixture
def small_project(tmp_path):
    for name, text in SMALL_PROJECT.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "old, new, counts",
    [
        ("RATE = 1", "RATE = 2", True),
        ("return second()", "return -second()", True),
        ("return RATE", "return -RATE", True),  # used by what is used
        ("return LATE", "return -LATE", True),  # imported inside a function
        ("LATE = 8", "LATE = 9", True),
        ("return 2 * x", "return 3 * x", True),  # asked for as `module.name`
        ("2_000", "3_000", True),
        ("shown = 9", "shown = 8", True),  # handed on by a package
        (".inside import shown, unseen", ".inside import shown as unseen, unseen as shown", True),
        ("return 5", "return 6", False),
        ("return 6", "return 5", False),
        ("print(7)", "print(8)", False),  # of the main program only
        ("unseen = 10", "unseen = 11", False),
        ('"""Makes something."""', "", False),
        ('"""Do it."""', "'''Do that.'''", False),
        ("  # a module", "", False),
        ("# ------------------------------ settings", "# what is set", False),
        ("RATE = 1", "RATE = (\n    1\n)", False),
    ],
)
def test_inputs_are_the_definitions_that_are_used(small_project, old, new, counts):
    before = definitions.used(small_project, "weights/recipe.py")
    replace(small_project, old, new)
    assert (definitions.used(small_project, "weights/recipe.py") != before) == counts


def test_our_modules_are_looked_for_where_programs_find_them():
    assert {*definitions.FOLDERS, "tools"} == {"", *PROJECT["tool"]["pytest"]["ini_options"]["pythonpath"]}


def test_a_name_that_cannot_be_followed_is_an_error(small_project):
    replace(small_project, "package import shown, unseen", "package import shown, lost as unseen")
    definitions.used(small_project, "weights/recipe.py")  # not used
    replace(small_project, "RATE = 1", "RATE = unseen")
    with pytest.raises(ValueError, match="does not define lost"):
        definitions.used(small_project, "weights/recipe.py")


@pytest.mark.parametrize(
    "cells, counts",
    [
        (["from package import shown", "shown"], False),
        (["from package import shown  # nine", "shown"], False),
        (["from package import shown", "shown;"], True),  # hides the output
        (["from package import shown\nshown"], True),
        (["from package import unseen as shown", "shown"], True),
    ],
)
def test_inputs_of_a_notebook(small_project, cells, counts):
    hashed = []
    for sources in (["from package import shown", "shown"], cells):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        nbformat.write(notebook, small_project / "lab.ipynb")
        hashed.append(definitions.used(small_project, "lab.ipynb"))
    assert ("package/inside.py", "shown") in hashed[0] and ("package/inside.py", "unseen") not in hashed[0]
    assert (hashed[0] != hashed[1]) == counts


STAND_INS = {
    "def train(": """network, sprites, labels, *, epochs=32, folder=HERE, after_epoch=lambda *state: None, **settings):
    Path(folder).mkdir(parents=True, exist_ok=True)
    for epoch in range(epochs):
        after_epoch(epoch, network, [0.5] * (epoch + 1))
    return [0.5] * epochs
""",
    "def sample(": """network, n_sample, **settings):
    return torch.zeros(n_sample, 3, network.h, network.h), torch.zeros(2, n_sample, 3, network.h, network.h)
""",
    "def score(": """x, context=None):
    return dict.fromkeys((*DISTANCES, "copies", "copies_floor", "agreement"), 0.5)
""",
}


@pytest.mark.parametrize("name", [name for name, product in products.products().items() if not product.is_notebook])
def test_every_file_that_a_recipe_writes_is_declared(name, tmp_path):
    """The recipes run to their ends, with stand-ins for what takes long."""
    shutil.copytree(HERE, tmp_path / "tree", ignore=shutil.ignore_patterns(*short_runs.LEFT_OUT, "tests"))
    product, stand_ins = products.products()[name], dict(STAND_INS)
    if product.resumes:
        product = product._replace(program=(*product.program, "--run", "runs/elsewhere"))
    if product.program[0] == "weights/train.py":  # trains a batch
        product = product._replace(program=(*product.program, "--epochs", "1"))
        del stand_ins["def train("]
    for path in tmp_path.rglob("*.py"):
        for start, rest in stand_ins.items():
            if f"\n{start}" in path.read_text(encoding="utf-8"):
                path.write_text(f"{path.read_text(encoding='utf-8')}\n\n{start}{rest}", encoding="utf-8")
    replace(tmp_path / "tree", '{"train": 2_600, "test": 440}', '{"train": 26, "test": 5}')
    replace(tmp_path / "tree", '"GAN": 3_500, "VAE": 4_500, "flow": 2_000', '"GAN": 1, "VAE": 1, "flow": 1')
    replace(tmp_path / "tree", '"diffusion": 10_000', '"diffusion": 1')
    threads = '__import__("concurrent.futures").futures.ThreadPoolExecutor(1)'  # a process would start slowly
    replace(tmp_path / "tree", "ProcessPoolExecutor(os.cpu_count(), **one_core_each)", threads)
    replace(tmp_path / "tree", '"items": (3, 10, 30), "beetles": (3, 30), "houses": (3, 20)', '"items": (3,)')
    written = short_runs.short_run(tmp_path / "tree", product._replace(row=None))
    patterns = {pattern: [file for file in written if fnmatch(file, pattern)] for pattern in product.writes}
    assert set(written) == {file for matched in patterns.values() for file in matched} and all(patterns.values())


# --- accepted changes

RECIPE = """
from pathlib import Path

EPOCHS = 3


def losses(epochs):
    return [1 / (epoch + 1) for epoch in range(epochs)]


Path("losses.csv").write_text(str(losses(EPOCHS)))
print("made")
"""


def git(folder, *arguments):
    identity = "-c", "user.name=a test", "-c", "user.email=test@localhost"
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def committed(tmp_path):
    """A small project under git, in which nothing is stale."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "products.py").touch()  # lists nothing
    (tmp_path / "recipe.py").write_text(RECIPE, encoding="utf-8")
    (tmp_path / "sheet").write_text("drawn", encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "A recipe")
    return tmp_path


MADE = products.Product(("recipe.py",), ["sheet"], ["losses.csv"])


@pytest.mark.parametrize(
    "old, new, differences",
    [
        ("epochs):\n    return [1 / (epoch", "n):\n    epochs = n\n    return [1 / (epoch", []),
        ("EPOCHS = 3", "EPOCHS = 4", ["losses.csv differs from HEAD"]),
        ("1 / (epoch", "1.0000000000000002 / (epoch", ["losses.csv differs from HEAD"]),
        ('"losses.csv"', '"loss.csv"', ["losses.csv differs from HEAD", "loss.csv differs from HEAD"]),
        ("print(", "print(1, ", []),
        ("EPOCHS = 3", "EPOCHS = E", ["after the change the run fails: NameError: name 'E' is not defined"]),
    ],
)
def test_a_change_is_accepted_if_the_recipe_does_the_same(committed, old, new, differences):
    replace(committed, old, new)
    found = short_runs.differences(committed, "losses", MADE)
    assert [line.split(";")[0] for line in found] == differences
    done = subprocess.run(["git", "worktree", "list"], cwd=committed, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 1  # nothing is left behind


def test_a_change_is_not_accepted_on_other_data_or_after_a_stale_commit(committed):
    (committed / "sheet").write_text("drawn anew", encoding="utf-8")
    assert short_runs.differences(committed, "losses", MADE) == ["sheet differs from HEAD"]
    git(committed, "checkout", "sheet")
    replace(committed, "EPOCHS = 3", "EPOCHS = 4")
    (committed / "tools" / "products.py").write_text('print("losses is older than its inputs")', encoding="utf-8")
    git(committed, "commit", "--quiet", "-a", "-m", "Four")
    (line,) = short_runs.differences(committed, "losses", MADE)  # as HEAD has the change already, it proves nothing
    assert "stale at HEAD, too" in line
    assert short_runs.differences(committed, "losses", MADE, "HEAD~") == ["losses.csv differs from HEAD~"]


def test_a_row_of_a_table_is_made_in_place_of_the_table(committed):
    table = MADE._replace(row={"x": 2})
    rows = "from pathlib import Path\nFOLDER = Path('runs')\ndef figures(x):\n    return x\n"
    (committed / "recipe.py").write_text(
        rows + "if __name__ == '__main__':\n    raise SystemExit('long')\n", encoding="utf-8"
    )
    assert short_runs.short_run(committed, table) == {"the row": "2\n"}


def test_accept(committed, monkeypatch, capsys):
    monkeypatch.setattr(products, "ROOT", committed)
    monkeypatch.setattr(products, "RECORD", committed / "products.json")
    monkeypatch.setattr(products, "products", lambda: {"losses": MADE})
    (committed / "losses.csv").touch()

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["products.py", *arguments])
        with pytest.raises(SystemExit) as end:
            products.main()
        return end.value.code, capsys.readouterr().out

    older = "losses is older than its inputs\n"
    assert call("--list") == (0, older)
    assert call("--accept", "losses") == (0, older) and call("--list") == (0, "")
    replace(committed, "EPOCHS = 3", "EPOCHS = 4")
    assert call("--accept", "losses") == (1, older + "  not accepted: losses.csv differs from HEAD\n")
    assert call("--list") == (0, older)
    assert call("--accept", "losses", "--unchecked") == (0, older) and call("--list") == (0, "")
    assert call("--accept", "loses")[0] == 2


# --- making them again


def test_a_recipe_continues_only_on_the_same_inputs(tmp_path, monkeypatch):
    monkeypatch.setattr(products, "ROOT", tmp_path)
    calls = []
    monkeypatch.setattr(products, "run", lambda *command: calls.append(command))
    recipe = products.Product(("recipe.py", "--course"), [], [], resumes=True)
    for setting in ("print(1)", "print(1)  # one", "print(2)"):
        (tmp_path / "recipe.py").write_text(setting, encoding="utf-8")
        products.make(recipe)
    assert calls[0] == calls[1] != calls[2]
    assert calls[0][:3] == ("recipe.py", "--course", "--run")
    products.make(recipe._replace(program=("recipe.py",)))
    assert calls[3][-1] != calls[2][-1]  # in a folder of its own


def test_stale_products_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(products, "ROOT", tmp_path)
    (tmp_path / "a.py").write_text("print(1)", encoding="utf-8")
    (tmp_path / "table").write_text("1", encoding="utf-8")
    product = products.Product(("a.py",), ["table"], ["out"])
    record = {"p": products.hash_of(product)}
    assert products.stale("p", product, record) == "is not there"
    (tmp_path / "out").touch()
    assert products.stale("p", product, record) is None
    for file, text in (("a.py", "print(2)"), ("table", "2")):
        (tmp_path / file).write_text(text, encoding="utf-8")
        assert products.stale("p", product, record) == "is older than its inputs"
        record = {"p": products.hash_of(product)}


def test_the_repository_is_small():
    listed = subprocess.run(["git", "ls-files"], cwd=HERE, capture_output=True, text=True)
    files = [HERE / line for line in listed.stdout.splitlines()]
    assert sum(path.stat().st_size for path in files if path.is_file()) <= 40e6


def test_every_picture_of_a_page_says_what_it_shows():
    pages = [path for path in HERE.rglob("*.md") if not {".venv", "runs", "mine"} & set(path.relative_to(HERE).parts)]
    alts = [alt for page in pages for alt in re.findall(r"!\[([^\]]*)\]\(", page.read_text(encoding="utf-8"))]
    assert len(alts) >= 5 and all(len(alt) >= 7 for alt in alts)


def test_the_docstring_lists_every_public_name_in_reading_order():
    tree = ast.parse((HERE / "diffusion_utilities.py").read_text(encoding="utf-8"))
    kinds = ast.FunctionDef, ast.ClassDef
    defined = [node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]
    listed = re.search(r"^sprites .*?(?=\n\n)", ast.get_docstring(tree), re.M | re.S).group()
    heads = "sprites", "network", "noise schedule", "training", "sampling", "pictures", "the course's"
    for head in heads:
        listed = re.sub(rf"^{head}  ", "", listed, flags=re.M)
    words = re.findall(r"\w+", listed)
    brought = {"load_sprites", "cut_sheet", "Animation", "bar"}  # from the modules beside it
    assert [word for word in words if word in defined] == defined and brought <= set(words) and brought <= set(vars(du))
    assert set(re.findall(r"\w*_\w+", listed)) <= {*defined, *brought}
    opened = re.findall(r"^# -+ ([\w' ]+)", (HERE / "diffusion_utilities.py").read_text(encoding="utf-8"), re.M)
    assert [head.split(",")[0] for head in opened] == list(heads)


# --- a student's own copies


def test_a_students_copies_are_made_once_and_told_of_what_is_newer(tmp_path):
    originals = tmp_path / "notebooks"
    originals.mkdir()
    for path in NOTEBOOKS[:2]:
        shutil.copy(path, originals)
    assert list(lab.copies(tmp_path)) == []
    first = tmp_path / "mine" / NOTEBOOKS[0].name
    for original, copied in zip(nbformat.read(NOTEBOOKS[0], 4).cells, nbformat.read(first, 4).cells, strict=True):
        assert original.source == copied.source
    first.write_text("my own", encoding="utf-8")
    changed = originals / NOTEBOOKS[1].name
    changed.write_text(changed.read_text(encoding="utf-8").replace("Lab 2", "Laboratory 2"), encoding="utf-8")
    (line,) = lab.copies(tmp_path)
    assert line.startswith(f"notebooks/{changed.name} has changed") and f"rename your mine/{changed.name}" in line
    assert first.read_text(encoding="utf-8") == "my own"
    (tmp_path / "mine" / changed.name).rename(tmp_path / "mine" / "old.ipynb")
    assert list(lab.copies(tmp_path)) == [] and "Laboratory 2" in (tmp_path / "mine" / changed.name).read_text(
        encoding="utf-8"
    )


def test_a_handout_has_neither_solutions_nor_outputs_and_is_read_when_it_comes_back(tmp_path):
    (tmp_path / "notebooks").mkdir()
    shutil.copy(NOTEBOOKS[0], tmp_path / "notebooks")
    (target,) = hand_out.write(tmp_path)
    given, original = (nbformat.read(path, 4) for path in (target, NOTEBOOKS[0]))
    assert not any("<summary>Solution" in cell.source for cell in given.cells)
    assert not any(cell.outputs or cell.execution_count for cell in code_cells(given))
    kept = {cell.source for cell in code_cells(original)}
    assert {cell.source for cell in code_cells(given)} == kept and "<summary>1. Why is no noise" in str(given.cells)
    assert set(hand_out.read(target).values()) == {"not written yet"}
    answers = {"1.1": "right", "1.2": "not right"}
    for cell in code_cells(given):
        for number, state in answers.items():
            if f'check("{number}"' in cell.source:
                data = {"text/plain": f"Exercise {number}: {state}. And why.", "text/html": "<div>"}
                cell.outputs = [nbformat.v4.new_output("execute_result", data)]
    nbformat.write(given, target)
    assert hand_out.read(target) == {"1.3": "not written yet", "1.4": "not written yet", **answers}


def test_what_is_to_be_predicted_is_left_out_of_a_copy(tmp_path):
    lab.copy(NOTEBOOKS[0], tmp_path / "copy.ipynb")
    shown = [cell for cell in nbformat.read(NOTEBOOKS[0], 4).cells if cell.cell_type == "code" and cell.outputs]
    left, asked, predicted = [], False, 0
    for cell in nbformat.read(tmp_path / "copy.ipynb", 4).cells:
        if cell.cell_type == "markdown":
            asked = "**Predict first" in cell.source
        elif asked:
            assert not cell.outputs
            predicted += 1
        elif cell.outputs:
            left.append(cell)
    assert predicted >= 5 and 0 < len(left) < len(shown)
