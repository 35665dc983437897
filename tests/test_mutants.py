"""The tool that changes one thing at a time: what it changes, and that it sees who notices."""

import ast
import subprocess
import sys
from collections import Counter
from itertools import count, islice

import pytest

from diffusion_utilities import HERE

pytest.importorskip("resource")  # it forks, as Windows cannot
import mutants


def changed(line):
    """What becomes of a line, with each change that can be made in it."""
    found = []
    for number in count():
        tree = ast.parse(line)
        change = next(islice(mutants._changes(tree), number, None), None)
        if change is None:
            return sorted(found)
        mutants.make(change)
        found.append(ast.unparse(tree))


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        ("y = a - b", ["y = a", "y = a + b", "y = b", "y = b - a"]),
        ("y = a / b", ["y = a", "y = a * b"]),
        ("y = -a", ["y = a"]),
        ("y = a < b and c", ["y = a < b", "y = a < b or c", "y = a <= b and c", "y = c"]),
        ("y = a if b else c", ["y = a", "y = c"]),
        ("y = x.sqrt()", ["y = x", "y = x.square()"]),
        ("y = f(a, b, key=c)", ["y = f(a, b)", "y = f(b, a, key=c)"]),
        ("y = torch.maximum(a, b)", []),  # either way the same
        ("y = f(x, device=d)", ["y = x"]),  # where it is computed is no number
        ("y = x.to(device)", []),
        ("y = x[1]", ["y = x[0]", "y = x[2]"]),
        ("y = 0.5", ["y = 0.55"]),
        ("y = True", ["y = False"]),
        ("y += 1", ["pass", "y += 0", "y += 2", "y -= 1"]),
        ("step()", ["pass"]),
        ("if a:\n    b = 1", ["if a:\n    b = 0", "if a:\n    b = 2", "if not a:\n    b = 1"]),
        ("raise ValueError(f'{a - b}')", ["pass"]),
        ("def f(a: int=1):\n    return 'a - b'", [f"def f(a: int={n}):\n    return 'a - b'" for n in (0, 2)]),
    ],
)
def test_what_is_changed(line, changes):
    assert changed(line) == changes


def test_no_two_mutants_have_a_name_and_each_reason_is_for_some():
    everything = mutants.all_mutants(mutants.PARTS)
    names = Counter(mutant.key for mutant in everything)
    assert len(everything) > 4000 and max(names.values()) == 1
    for reason in mutants.reasons():
        assert mutants.harmless(everything, [reason]), f"tests/README.md says why {reason} changes nothing; it is gone"


def test_a_share_has_wilsons_interval():
    """Wilson 1927; the figures are those of the usual example, 8 of 10."""
    assert mutants.interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


KILLER = "tests/test_diffusion.py::test_ddim_step_is_equation_12"
TRY = """
import sys
sys.path[:0] = ["tools"]
from functools import partial
import mutants

killer, *changes = sys.argv[1:]
wanted = {f"{mutants.CORE} ddim_step: {change}" for change in changes}
chosen = [mutant for mutant in mutants.all_mutants(["steps"]) if mutant.key in wanted]
for mutant, said in mutants.in_processes((m, partial(mutants._attack, m, [[killer]], 15), 120) for m in chosen):
    print(mutant.key.split(": ")[1], said, sep=" | ")
"""


def test_who_notices_is_named_and_no_file_is_changed():
    """A missing root is noticed, and another default is not, by a test that always says how much it wants."""
    before = (HERE / mutants.CORE).read_bytes()
    root, default = "kept.sqrt() -> kept in kept.sqrt() * eps", "0.0 -> 1.0"
    command = sys.executable, "-c", TRY, KILLER, root, default
    run = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    said = dict(line.split(" | ") for line in run.stdout.splitlines())
    assert said == {root: KILLER, default: "survived 15 s of tests"}, run.stderr
    assert (HERE / mutants.CORE).read_bytes() == before
