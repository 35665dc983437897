"""In a real browser: the labs; notebooks in which something is wrong; and the board, by all the ways to paint."""

import ast
from urllib.error import URLError
from urllib.request import urlopen

import browser
import nbformat
import pytest
from browser import ROOT, browse, chromium

pytestmark = pytest.mark.skipif(not chromium(), reason="no Chromium was found, so no lab was opened in a browser")

IMPORTS = """import sys
import numpy as np
import torch
sys.path.insert(0, "..")
from board import Board
from diffusion_utilities import Animation, show_sprites
from knobs import turn"""
DRAW = """def draw(t, colour="light"):
    shade = t / 50 if colour == "light" else -t / 50
    return show_sprites(torch.full((1, 3, 16, 16), shade))"""
GOOD = [
    IMPORTS,
    DRAW,
    "turn(draw, t=(1, 50, 10), colour=['light', 'dark'])",
    "mine = Board()\nmine",
    "show_sprites(mine.picture)",
    "small = Board(np.zeros((8, 8, 3), np.uint8))\nsmall",
    "show_sprites(small.picture)",
    "def each_in_turn(n):\n    return n\neach_in_turn(2)",  # which is not `turn`
    "Animation(torch.linspace(-1, 1, 5)[:, None, None, None, None].expand(-1, 2, 3, 16, 16))",
]
STRANGER = """from ipywidgets import DOMWidget
from traitlets import Unicode
class Stranger(DOMWidget):
    _view_module = _model_module = Unicode("nowhere").tag(sync=True)
    _view_name = Unicode("View").tag(sync=True)
    _model_name = Unicode("Model").tag(sync=True)
Stranger()"""
BROKEN = """from anywidget import AnyWidget
class Broken(AnyWidget):
    _esm = "export default {render() { throw new Error('no view today') }}"
Broken()"""
GONE = """from IPython.display import display
display({"application/vnd.jupyter.widget-view+json": {"model_id": "gone", "version_major": 2}}, raw=True)"""
WRONG = {  # a cell, and what must be said of it
    "turn(lambda idle: draw(0), idle=(1, 5, 2))": "the knob idle changes no picture",
    "turn(lambda t: draw({2: 0}[t]), t=(1, 5, 2))": "an error on the page: KeyError",
    "shown = turn(draw, t=(1, 5, 2))": "3 cells call turn(), but 2 have a knob",
    "Board()": "what is painted on the board changes no picture below it",
    "show_sprites(torch.zeros(1, 3, 16, 16))": "",
    GONE: "on the page: Error displaying widget",
    STRANGER: "No version of module nowhere is registered",
    BROKEN: "no view today",
}


def notebook(folder, name, cells):
    path = folder / f"{name}.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    cells = [nbformat.v4.new_code_cell(source) for source in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    return path


def painted(page):
    """What the boards of GOOD hold in the kernel after each way to paint: how many pixels have which colour."""
    root, found = page.locator(".board").first, {}
    board = root.locator("canvas")

    def now(name, which="mine"):
        page.wait_for_timeout(200)  # until the message has come
        colours = page.evaluate(f"labs.ask('sorted(({which}.cells.count(c), c) for c in set({which}.cells))')")
        found[name] = {colour: number for number, colour in ast.literal_eval(colours)}

    def touch(kind, *points):
        points = [{"x": box["x"] + 20 * x + 10, "y": box["y"] + 20 * y + 10} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    now("small", "small")
    root.get_by_role("button", name="clear").click()
    now("clear")
    root.get_by_role("button", name="red", exact=True).click()
    board.focus()
    for key in ("ArrowRight", " ", "ArrowDown", "Enter", "b"):  # the last makes a new cell, if JupyterLab gets it
        board.press(key)
    now("keys")
    found["cells"] = page.evaluate("labs.panel().content.widgets.length")
    board.press("]")
    board.press(" ")
    now("next colour")
    board.press("Control+z")
    now("undone by key")
    root.get_by_role("button", name="undo").click()
    now("undone")
    root.get_by_role("button", name="clear").click()
    board.scroll_into_view_if_needed()
    box, session = board.bounding_box(), page.context.new_cdp_session(page)
    touch("touchStart", (3, 2))
    for row in (5, 7, 13):  # as a quick finger: no event for the pixels between
        touch("touchMove", (3, row))
    touch("touchEnd")
    now("finger")
    root.get_by_role("button", name="start from the heart").click()
    now("heart")
    page.evaluate("labs.ask('setattr(mine, \"picture\", torch.zeros(1, 3, 16, 16))')")
    page.wait_for_timeout(200)
    grey = "c => [...c.getContext('2d').getImageData(170, 170, 1, 1).data]"
    found["from Python"] = board.evaluate(grey)
    return found


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    """What is wrong with each notebook, and what was painted in the good one."""
    patience = browser.PATIENCE
    folder = tmp_path_factory.mktemp("notebooks")
    cells = {"good": GOOD, "wrong": [IMPORTS, DRAW, *WRONG], "raises": [IMPORTS, "1 / 0", DRAW]}
    notebooks = [notebook(folder, *each) for each in cells.items()]
    problems, boards = {}, None
    for lab in browse(notebooks, folder / "shots"):
        problems[lab.name] = list(lab.problems)
        browser.PATIENCE = 1 if lab.name == "good" else patience  # "wrong" is next, whose pictures never change
        address = lab.page.url
        if lab.name == "good":
            boards = painted(lab.page)
            assert len(lab.waits) == 4  # two knobs in two themes
    with pytest.raises(URLError):  # JupyterLab has ended, and its kernels with it
        urlopen(address)
    assert len(list((folder / "shots").glob("good-*.png"))) == 2
    return problems, boards


def test_nothing_is_wrong_with_a_good_notebook(tried):
    assert tried[0]["good"] == []


@pytest.mark.parametrize("said", filter(None, WRONG.values()))
def test_what_is_wrong_is_found(tried, said):
    assert any(said in line for line in tried[0]["wrong"]), tried[0]["wrong"]


def test_a_cell_that_raises_is_found_and_those_after_it_have_not_run(tried):
    assert tried[0]["raises"] == ["1 cells have not run", "cell 1 raises ZeroDivisionError: division by zero"]


def test_a_board_can_be_painted_on_by_keys_and_by_touch(tried):
    boards = tried[1]
    red, orange = "#d13b3b", "#e67c2a"
    assert boards["small"] == {"#000000": 58, "#a86c40": 6}  # from row 2, column 2, to row 7, column 7
    assert boards["clear"] == {"#ffffff": 256}
    assert boards["keys"][red] == 2 and boards["undone by key"] == boards["keys"]
    assert boards["cells"] == len(GOOD)
    assert boards["next colour"] == {"#ffffff": 254, red: 1, orange: 1}
    assert boards["undone"] == {"#ffffff": 255, red: 1}
    assert boards["finger"] == {"#ffffff": 244, orange: 12}
    assert len(boards["heart"]) > 4
    assert boards["from Python"] == [128, 128, 128, 255]


def test_two_labs(tmp_path):
    """Between them these have all that can be turned, painted on and played; `make browser` uses the others, too."""
    labs = [ROOT / "notebooks" / f"{name}.ipynb" for name in ("01_Sampling", "03_Context")]
    problems = {lab.name: lab.problems for lab in browse(labs)}
    assert problems == {lab.stem: [] for lab in labs}
