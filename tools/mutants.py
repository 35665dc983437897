"""Change one thing in the core, a sign or a root, and see whether a test notices: `make mutants`.

A mutant is a file with one change in it. It is run, in a process of its own, against the tests of its part that come by
the changed line, the quickest first, until one fails: then it is killed. What is left after a quarter of a minute of
tests has survived, and meets a minute of them at the end. What survives that, too, wants a test, or changes nothing
(tests/README.md says which, and why). No file is written but in runs/mutants: Python is given the changed code when it
imports the module.

    make mutants                            all that is not known yet, an hour or two on two cores; stop and go on
    make mutants ARGS="--sample=50"         fifty by chance: how large a share is killed, with its interval
    make mutants ARGS="--part=steps"        of one part, beginning anew
    make mutants ARGS="--survivors"         those that survived, once more, by a minute of tests
    make mutants ARGS="--show"              the table, and who survived; runs nothing

Which test comes by which line is found out first, with Coverage.py, in some minutes, and kept until a file changes.
"""

import argparse
import ast
import copy
import gc
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache, partial
from importlib import import_module
from importlib.machinery import SourceFileLoader
from itertools import accumulate, islice
from math import sqrt
from pathlib import Path
from select import select
from time import monotonic

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported: a process for each core

import coverage
import pytest

from keeping import whole

ROOT = Path(__file__).resolve().parent.parent
RUNS = ROOT / "runs" / "mutants"
README = ROOT / "tests" / "README.md"
MEMORY, SURVIVED = 8 << 30, "survived"
LONGEST, LONGER = 15, 60  # seconds of tests for a mutant; for one that survived them
CORE = "diffusion_utilities.py"
OF_CORE = "diffusion", "oracles", "errata", "network", "properties", "gate", "lab5", "lab6"
JUDGING = "what an exercise is judged by"  # see `_judging`
PARTS = {  # name: {file: names of functions and classes in it}, and the tests that state facts of it
    "schedule": ({CORE: ("NoiseSchedule", "_linear")}, OF_CORE),
    "steps": ({CORE: ("ddpm_step", "ddim_step", "guesses", "_noise_like")}, OF_CORE),
    "sampling": ({CORE: ("sample",)}, OF_CORE),
    "training": (
        {CORE: ("train", "uniform", "middle", "drop_context", "adam", "muon", "_ema", "_accelerator")},
        (*OF_CORE, "runs"),
    ),
    "guidance": ({CORE: ("predict",), "recipes.py": ("Pushed", "learn_from")}, (*OF_CORE, "lab8")),
    "network": ({CORE: ("ChannelNorm", "Block", "Whole", "Unet", "waves")}, OF_CORE),
    "the course's network": (
        {
            CORE: ("ResidualConvBlock", "UnetDown", "UnetUp", "EmbedFC", "ContextUnet"),
            "recipes.py": ("WithoutTheRoot", "RandomShortcut"),
        },
        (*OF_CORE, "course"),
    ),
    "the network of Lab 2": (
        {"notebooks/02_Training.ipynb": ("ChannelNorm", "MyBlock", "MyWhole", "MyUnet")},
        ("network",),
    ),
    "the network of Lab 6": ({"notebooks/further/06_The_Derivation.ipynb": ("Stage", "SimpleUnet")}, ("lab6",)),
    "the network of Lab 7": (
        {
            "notebooks/further/07_Attention_UNet.ipynb": ("Down", "Up", "Attention", "Stage", "Parts", "UNetModel"),
        },
        ("lab7",),
    ),
    "pictures": ({CORE: ("transform", "to_uint8", "augment", "_shifts")}, (*OF_CORE, "pictures", "sprites")),
    "scores": (
        {"scoring.py": ("", "score", "nearest", "_references", "_scales", "_on_white", "distance_to", "load_judge")},
        ("figures",),
    ),
    "judges": (
        {"scoring.py": ("Judge", "SecondJudge", "precision_recall", "_within_reach", "IdealDenoiser")},
        ("figures", "oracles", "properties", "gate", "scores", "lab8", "lab9"),
    ),
    **{
        f"exercises {lab}": (
            {f"exercises/lab{lab}.py": JUDGING},
            ("engine", "exercises", f"lab{lab}") if lab > 4 else ("engine", "exercises"),
        )
        for lab in sorted(int(path.stem[3:]) for path in (ROOT / "exercises").glob("lab*.py"))
    },
    "exercises": ({"exercises/engine.py": ("*",), "exercises/trials.py": ("*",)}, ("engine", "exercises")),
}
SWAPS = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult},
    **{ast.FloorDiv: ast.Div, ast.Mod: ast.FloorDiv, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd},
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And},
}
NAMES = {  # a function for its neighbour
    **{"min": "max", "max": "min", "amin": "amax", "amax": "amin", "sin": "cos", "cos": "sin", "any": "all"},
    **{"all": "any", "floor": "ceil", "ceil": "floor", "zeros": "ones", "ones": "zeros", "mean": "sum", "sum": "mean"},
    **{"argmax": "argmin", "argmin": "argmax", "cumsum": "cumprod", "cumprod": "cumsum", "eval": "train"},
    **{"zeros_like": "ones_like", "ones_like": "zeros_like", "sqrt": "square", "square": "sqrt", "randn": "rand"},
}
MODULES = "torch", "nn", "np", "math", "F", "functional", "gate", "random", "plt", "super"  # before a dot: no method
# The order of the first two is all one:
EITHER_WAY = "min", "max", "minimum", "maximum", "mse_loss", "equal", "allclose", "suppress", "transpose"
ONLY_HOW = "strict", "stacklevel", "device", "memory_format", "progress"  # where and how it is computed, and told
SPARED = "warn", "bar", "print"  # calls that tell the user something: what they say is no behaviour


# ------------------------------------------------------------------------------------------------------- changes


def replacements(node):
    """What may stand in the place of an expression or a statement, each with one thing changed; none keeps `node`."""

    def with_(**changed):
        other = copy.copy(node)
        for name, value in changed.items():
            setattr(other, name, value)
        return other

    match node:
        case ast.BinOp(op=op):
            if type(op) in SWAPS:
                yield with_(op=SWAPS[type(op)]())
            if isinstance(op, (ast.Add, ast.Sub, ast.Mult, ast.MatMult)):
                yield node.left
                yield node.right
            if isinstance(op, ast.Sub):
                yield with_(left=node.right, right=node.left)
            if isinstance(op, (ast.Div, ast.Pow)):
                yield node.left
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert()):
            yield node.operand
        case ast.BoolOp(op=op, values=values):
            yield with_(op=SWAPS[type(op)]())
            for i in range(len(values)):
                yield with_(values=values[:i] + values[i + 1 :]) if len(values) > 2 else values[1 - i]
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                yield with_(ops=[*ops[:i], SWAPS[type(op)](), *ops[i + 1 :]])
        case ast.IfExp():
            yield node.body
            yield node.orelse
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
            if value > 0:
                yield ast.Constant(value - 1)
        case ast.Constant(value=float(value)):
            yield ast.Constant(value * 1.1 if value else 1.0)
        case ast.Call(func=func, args=args, keywords=keywords):
            for i, keyword in enumerate(keywords):
                if keyword.arg not in ONLY_HOW:
                    yield with_(keywords=keywords[:i] + keywords[i + 1 :])
            name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", None)
            if len(args) > 1 and name not in EITHER_WAY and not any(isinstance(arg, ast.Starred) for arg in args[:2]):
                yield with_(args=[args[1], args[0], *args[2:]])
            to_device = name == "to" and "device" in ast.unparse(node)
            if isinstance(func, ast.Attribute) and _root(func) not in MODULES:
                if not to_device and name not in ("cpu", "contiguous"):
                    yield func.value  # a method: x.sqrt() becomes x
            elif len(args) == 1 and not isinstance(args[0], ast.Starred | ast.GeneratorExp):
                yield args[0]
            if name in NAMES:
                other = copy.copy(func)
                setattr(other, "attr" if isinstance(func, ast.Attribute) else "id", NAMES[name])
                yield with_(func=other)
        case ast.If(test=test):
            yield with_(test=ast.UnaryOp(ast.Not(), test))
        case ast.AugAssign(op=op):
            yield with_(op=SWAPS[type(op)]())
            yield ast.Pass()
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()


def _root(node):
    """The first name of a.b.c, or None."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return getattr(node, "id", None)


def _idle(node):
    """Whether a change in this node can be no change of behaviour: text, types, what is told, checks of our own."""
    match node:
        case ast.JoinedStr() | ast.arg() | ast.Expr(value=ast.Constant()):
            return True
        case ast.keyword(arg=name):
            return name in ONLY_HOW
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in SPARED
    return False


def _places(node, name=""):
    """Each (parent, field, index, node, name of its function) below a node, in order."""
    for field, value in ast.iter_fields(node):
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _idle(child) or field in ("annotation", "returns"):
                continue
            if isinstance(node, ast.Raise):
                continue  # the words of an error
            inner = name
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inner = f"{name}.{child.name}".lstrip(".")
            yield node, field, index if isinstance(value, list) else None, child, inner
            yield from _places(child, inner)


@dataclass(frozen=True)
class Mutant:
    """One change in one file: the number of that change, where it is, and what it does."""

    part: str
    file: str
    number: int
    name: str
    lines: range
    before: str
    after: str

    @property
    def key(self):
        """What it is called, the same until the code around it changes."""
        return f"{self.file} {self.name}: {self.before} -> {self.after}"

    def tree(self):
        """The changed file."""
        tree = _tree(self.file)
        make(next(islice(_changes(tree), self.number, None)))
        return ast.fix_missing_locations(tree)

    def infect(self):
        """From here on Python imports, and nbformat reads, the changed file."""
        import nbformat

        path, get_code, read = ROOT / self.file, SourceFileLoader.get_code, nbformat.read

        def changed_code(loader, name):
            return compile(self.tree(), path, "exec") if loader.path == str(path) else get_code(loader, name)

        def changed_notebook(source, *given, **options):
            notebook = read(source, *given, **options)
            if source == path:
                for cell, before, after in zip(_code(notebook), _tree(self.file).body, self.tree().body, strict=True):
                    if ast.unparse(before) != ast.unparse(after):  # tests know it by the comments that it begins with
                        head = [line for line in cell.source.splitlines() if line.startswith("#")]
                        cell.source = "\n".join([*head, ast.unparse(after)])
            return notebook

        SourceFileLoader.get_code, nbformat.read = changed_code, changed_notebook


def _code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@cache
def _text(file):
    return (ROOT / file).read_text(encoding="utf-8")


def _tree(file):
    """The syntax tree of a file; of a notebook, with a tree for each of its code cells."""
    if file.endswith(".py"):
        tree = ast.parse(_text(file))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):  # a default belongs to the lines where it is used
                for node in ast.walk(function.args):
                    node.lineno, node.end_lineno = function.body[0].lineno, function.body[-1].end_lineno
        return tree
    cells = json.loads(_text(file))["cells"]
    return ast.Module([ast.parse("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"], [])


def _changes(tree):
    for place in _places(tree):
        for other in replacements(place[3]):
            if ast.dump(other) != ast.dump(place[3]):
                yield place, other


def make(change):
    """Make one of the changes of a tree in it."""
    (parent, field, index, node, _), other = change
    if index is None:
        setattr(parent, field, ast.copy_location(other, node))
    else:
        getattr(parent, field)[index] = ast.copy_location(other, node)


def _within(name, names):
    return any(fnmatch(name, wanted) or name.startswith(wanted + ".") for wanted in names)


def _judging(tree):
    """The functions by which exercises are judged: the right ones, the trials, and what these call.

    Left out are the typical mistakes, which are the right functions with one thing changed already, and the cases on
    which functions are tried, of which any would do.
    """
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _root(node.func) == "Exercise"]
    here = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    found, left = set(), [part for call in calls for part in (call.args[2], call.args[4])]
    while left:
        for node in ast.walk(left.pop()):
            name = getattr(node, "id", None)
            if name in here and name not in found and not name.endswith("_cases"):
                found.add(name)
                left.append(here[name])
    return found


def _short(text, limit=70):
    text = " ".join(text.split())
    return text if len(text) <= limit else text[:limit] + " ..."


def all_mutants(parts):
    """All changes of these parts."""
    found, seen = [], Counter()
    for part in parts:
        for file, names in PARTS[part][0].items():
            tree = _tree(file)
            names = _judging(tree) if names is JUDGING else names
            for number, (place, other) in enumerate(_changes(tree)):
                parent, _, _, node, name = place
                if not _within(name, names):
                    continue
                shown = copy.copy(parent) if isinstance(parent, ast.expr | ast.keyword) else node
                before, after = _short(ast.unparse(node)), _short(ast.unparse(other))
                if shown is not node:
                    after = f"{after} in {_short(ast.unparse(parent))}"
                place = f"{file} {name}: {before} -> {after}"
                seen[place] += 1
                after += f" ({seen[place]})" * (seen[place] > 1)
                found.append(Mutant(part, file, number, name, range(node.lineno, node.end_lineno + 1), before, after))
    return found


# ------------------------------------------------------------------------------------------------ in other processes


def in_processes(jobs):
    """Do jobs, (name, do, seconds that it may take), each in a fork of this process; yields (name, what do() said).

    What said nothing has "died"; what took too long is "too slow".
    """
    running, jobs, width = {}, iter(jobs), os.cpu_count()
    while True:
        while len(running) < width and (job := next(jobs, None)):
            name, do, limit = job
            folder = tempfile.mkdtemp(prefix="mutants")
            reader, writer = os.pipe()
            child = os.fork()
            if not child:
                _say(writer, do, folder)
            os.close(writer)
            running[reader] = name, child, monotonic() + limit, folder
        if not running:
            return
        ready = select(running, [], [], 1)[0]
        for reader, (name, child, ends, folder) in list(running.items()):
            late = monotonic() > ends
            if reader not in ready and not late:
                continue
            said = os.read(reader, 10_000).decode() if reader in ready else "too slow"
            os.close(reader)
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            shutil.rmtree(folder, ignore_errors=True)
            del running[reader]
            yield name, said or "died"


def _say(writer, do, folder):
    """In a fork: do it, out of the way of all others, and write what it says."""
    said = ""
    try:
        os.setsid()
        os.chdir(ROOT)
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        os.environ["TMPDIR"], tempfile.tempdir = folder, None
        out = os.open(f"{folder}/said", os.O_CREAT | os.O_WRONLY)
        os.dup2(out, 1), os.dup2(out, 2)
        said = do(folder)
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"[:200]
    finally:
        os.write(writer, said.encode())
        os._exit(0)


def _pytest(tests, folder, *options, plugins=()):
    """Run tests in this process, without what only makes it slower here."""
    without = "cacheprovider", "nbval", "unraisableexception", "threadexception"
    quick = *(f"-pno:{name}" for name in without), "--assert=plain", "-oaddopts=", f"--basetemp={folder}/tests"
    return pytest.main([*quick, "-q", "-W", "ignore", *options, *tests], plugins=list(plugins))


# ----------------------------------------------------------------------------------------------- who comes by where


class Visits:
    """A pytest plugin that notes which test comes by which line, and how long each takes."""

    def __init__(self, lines):
        self.lines, self.seconds, self.failed = lines, Counter(), set()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        self.lines.switch_context(item.nodeid + "|setup")
        yield
        self.lines.switch_context("")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item):
        self.lines.switch_context(item.nodeid + "|run")
        yield
        self.lines.switch_context(item.nodeid + "|setup")

    def pytest_runtest_logreport(self, report):
        self.seconds[report.nodeid] += report.duration
        if not report.passed:  # without any mutant: it can tell nothing
            self.failed.add(report.nodeid)


def visits(names):
    """Of each file of tests: {file: {line: tests}}, and the seconds of each test."""
    known = {name: _known(name) for name in names}
    missing = [name for name in names if not known[name]]
    for name, said in in_processes((name, partial(_visit, name), 3600) for name in missing):
        print(f"test_{name}.py: {said}", flush=True)
    return {name: known[name] or _known(name) for name in names}


def warm_up(visited):
    """Import what the tests need of other libraries once, before all forks."""
    for name in sorted({name for of_file in visited.values() for name in of_file["imports"]}):
        with suppress(BaseException), redirect_stdout(None), redirect_stderr(None):
            import_module(name)
    gc.freeze()


def _visited(name):
    """Where the visits of a file of tests are kept, by what they depend on."""
    files = [ROOT / "tests" / f"test_{name}.py", *sorted({ROOT / file for part in PARTS.values() for file in part[0]})]
    of = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    return RUNS / "visits" / f"{name}-{of}.json"


def _known(name):
    path = _visited(name)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _visit(name, folder):
    sources = [str(ROOT / file) for file in {file for part in PARTS.values() for file in part[0]}]
    lines = coverage.Coverage(data_file=None, branch=True, include=sources, config_file=False)
    plugin, path = Visits(lines), _visited(name)
    lines.start()
    _pytest([f"tests/test_{name}.py"], folder, plugins=[plugin])
    lines.stop()
    data = lines.get_data()
    able = [test for test in plugin.seconds if test not in plugin.failed]

    def tests(contexts):
        """What is done while one is set up may serve all others of its file."""
        if any(context.endswith("|setup") or not context for context in contexts):
            return able
        return [test for test in able if test + "|run" in contexts]

    found = {
        str(Path(file).relative_to(ROOT)): {
            line: tests(set(contexts)) for line, contexts in data.contexts_by_lineno(file).items()
        }
        for file in data.measured_files()
    }
    arcs = {str(Path(file).relative_to(ROOT)): data.arcs(file) for file in data.measured_files()}
    theirs = [
        name for name, module in sys.modules.items() if "site-packages" in (getattr(module, "__file__", "") or "")
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    for former in path.parent.glob(f"{name}-*.json"):
        former.unlink()
    with whole(path) as beside:
        beside.write_text(
            json.dumps({"seconds": plugin.seconds, "able": able, "lines": found, "arcs": arcs, "imports": theirs}),
            encoding="utf-8",
        )
    return f"{len(able)} tests, {sum(plugin.seconds.values()):.0f} s" + (
        f"; without a mutant fail {sorted(plugin.failed)}" if plugin.failed else ""
    )


# ---------------------------------------------------------------------------------------------------- one against all


class Killer:
    """A pytest plugin that notes the first test that fails."""

    by = None

    def pytest_runtest_logreport(self, report):
        if report.failed and not self.by:
            self.by = report.nodeid

    def pytest_collectreport(self, report):
        if report.failed and not self.by:
            self.by = report.nodeid + " (at its import)"


def jobs(mutants, visited, longest):
    """For each mutant what `in_processes` takes: it says who killed it, or that it survived up to so many seconds."""
    for mutant in mutants:
        names, seconds, tests = PARTS[mutant.part][1], {}, set()
        for name in names:
            seconds |= visited[name]["seconds"]
            if mutant.file.endswith(".py"):
                lines = visited[name]["lines"].get(mutant.file, {})
                tests |= {test for line in mutant.lines for test in lines.get(str(line), ())}
            else:
                tests |= {*visited[name]["able"]}
        tests = sorted(tests, key=seconds.get)  # those that come by, the quickest first
        took = list(accumulate(map(seconds.get, tests)))
        tests = [test for test, until in zip(tests, took, strict=True) if until < longest]
        of_files = ([test for test in tests if test.startswith(f"tests/test_{name}.py:")] for name in names)
        yield mutant, partial(_attack, mutant, list(filter(None, of_files)), longest), 60 + 4 * longest


def _attack(mutant, of_files, longest, folder):
    mutant.infect()
    for tests in of_files:
        killer = Killer()
        code = _pytest(tests, folder, "-x", plugins=[killer])
        if killer.by or code:
            return killer.by or f"pytest ends with {code}"
    return f"{SURVIVED} {longest} s of tests"


# ------------------------------------------------------------------------------------------------------------ telling


def results():
    """What is known so far: {key: who killed it, or that it survived}."""
    path = RUNS / "results.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return dict(json.loads(line) for line in lines)


def reasons():
    """What tests/README.md lists as changing nothing, and says why: keys, with * for anything."""
    lines = README.read_text(encoding="utf-8").splitlines()
    return [key for line in lines if line.startswith("- ``") for key in re.findall("``(.+?)``", line)]


def harmless(mutants, listed):
    """The keys of those that are listed."""
    patterns = re.compile("|".join(re.escape(key).replace(r"\*", ".*") for key in listed) or "$^")
    return {mutant.key for mutant in mutants if patterns.fullmatch(mutant.key)}


def covered(part, visited):
    """Of a part: lines that its tests come by, lines, branches that they take, and branches."""
    counts = [0, 0, 0, 0]
    for file, names in PARTS[part][0].items():
        if file.endswith(".ipynb"):
            continue
        path, tree = str(ROOT / file), _tree(file)
        names = _judging(tree) if names is JUDGING else names
        report = coverage.Coverage(data_file=None, branch=True, config_file=False)
        arcs = {tuple(arc) for name in PARTS[part][1] for arc in visited[name]["arcs"].get(file, ())}
        report.get_data().add_arcs({path: arcs})
        within = {
            line
            for *_, node, name in _places(tree)
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and _within(name, names)
            for line in range(node.lineno, node.end_lineno + 1)
        }
        _, lines, _, missing, _ = report.analysis2(path)
        exits = [both for line, both in report.branch_stats(path).items() if line in within]
        lines = within.intersection(lines)
        here = len(lines - {*missing}), len(lines), sum(taken for _, taken in exits), sum(every for every, _ in exits)
        counts = [before + now for before, now in zip(counts, here, strict=True)]
    return counts


def table(mutants, known, visited):
    """By part, how many were made, killed, change nothing, and survived; and how much the tests come by."""
    spared, rows = harmless(mutants, reasons()), {}
    for part in dict.fromkeys(mutant.part for mutant in mutants):
        said = {mutant.key: known.get(mutant.key, SURVIVED) for mutant in mutants if mutant.part == part}
        left = [key for key, who in said.items() if who.startswith(SURVIVED)]
        rows[part] = [len(said), len(said) - len(left), len(spared.intersection(left)), *covered(part, visited)]
    rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    told = ["| part | made | killed | change nothing | survived | of those that change something | lines | branches |"]
    told.append("|---" * 8 + "|")
    for part, (made, killed, alike, *counts) in rows.items():
        shares = [(killed, made - alike), *zip(counts[::2], counts[1::2], strict=True)]
        shares = [f"{some / every:.1%}" if every else "" for some, every in shares]
        told.append("| " + " | ".join(map(str, (part, made, killed, alike, made - killed - alike, *shares))) + " |")
    return "\n".join(told)


def interval(hits, n, z=1.96):
    """Wilson's interval for a share, of 95 %."""
    middle, spread = (hits + z * z / 2) / (n + z * z), z * sqrt(hits * (n - hits) / n + z * z / 4) / (n + z * z)
    return middle - spread, middle + spread


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", action="append", choices=PARTS, help="this part alone, beginning anew")
    parser.add_argument("--sample", type=int, help="so many mutants by chance, for an estimate")
    parser.add_argument("--seed", type=int, default=0, help="of that chance")
    parser.add_argument("--survivors", action="store_true", help="once more those that survived")
    parser.add_argument("--show", action="store_true", help="run nothing; show what is known")
    options = parser.parse_args()
    mutants, known = all_mutants(options.part or PARTS), results()
    spared, started = harmless(mutants, reasons()), monotonic()
    RUNS.mkdir(parents=True, exist_ok=True)

    def attack(mutants, longest):
        visited = visits(sorted({name for part in {mutant.part for mutant in mutants} for name in PARTS[part][1]}))
        warm_up(visited)
        with (RUNS / "results.jsonl").open("a", encoding="utf-8") as file:
            for number, (mutant, said) in enumerate(in_processes(jobs(mutants, visited, longest)), 1):
                known[mutant.key] = said
                print(f"{number}/{len(mutants)} {monotonic() - started:.0f} s  {mutant.key}  {said}", flush=True)
                file.write(json.dumps([mutant.key, said]) + "\n"), file.flush()

    def survivors(of):
        """Those of whom nobody says why they change nothing."""
        return [m for m in of if known.get(m.key, "").startswith(SURVIVED) and m.key not in spared]

    chosen = random.Random(options.seed).sample(mutants, options.sample) if options.sample else mutants
    if not options.show:
        attack([m for m in chosen if options.part or options.sample or m.key not in known], LONGEST)
        quick = f"{SURVIVED} {LONGEST} s"
        attack([m for m in survivors(chosen) if options.survivors or known[m.key].startswith(quick)], LONGER)
    if options.sample:
        n = len(survivors(chosen)) + sum(not known[m.key].startswith(SURVIVED) for m in chosen)
        killed = n - len(survivors(chosen))
        low, high = interval(killed, n)
        print(f"killed: {killed} of {n} that change something, {low:.0%} to {high:.0%} (95 %)")
        return
    for mutant in survivors(mutants):
        print(f"survived: line {mutant.lines[0]} of {mutant.key}")
    print(table(mutants, known, visits(sorted({name for part in PARTS.values() for name in part[1]}))))


if __name__ == "__main__":
    main()
