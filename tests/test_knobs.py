"""Things to turn, without a browser, and what is kept of them in a notebook."""

import json
import sys
from pathlib import Path

import lab
import matplotlib.pyplot as plt
import nbformat
import products
import pytest
import torch

from diffusion_utilities import show_sprites
from knobs import turn

VIEW = "application/vnd.jupyter.widget-view+json"


def draw(t=100, share=0.5, kind="light"):
    """A sprite that no two settings share."""
    x = torch.full((1, 3, 16, 16), t / 500 * (1 if kind == "light" else -1))
    x[:, :, 0] = share
    return show_sprites(x, alt=f"t is {t}")


def bundle(knobs):
    """What a page gets to show."""
    from IPython.core.formatters import DisplayFormatter

    data, _ = DisplayFormatter().format(knobs)
    return data


def test_each_knob_changes_the_picture():
    knobs = turn(draw, t=(1, 500, 100), share=(0.0, 1.0, 0.5), kind=["light", "dark"])
    seen = [knobs.picture.pixels]
    for turned in ({"t": 150}, {"share": 0.25}, {"kind": "dark"}):
        knobs.set(**turned)
        assert all((knobs.picture.pixels != before).any() for before in seen)
        assert knobs.picture._repr_html_() == knobs.screen.value
        seen.append(knobs.picture.pixels)
    assert (knobs.picture.pixels == draw(150, 0.25, "dark").pixels).all()
    assert repr(knobs) == "Knobs(t = 150, share = 0.25, kind = dark)"


def test_the_controls_fit_what_they_are_for():
    knobs = turn(lambda **_: draw(), time_step=(1, 500, 100), share=(0, 2.0, 1), kind=["a", "b"])
    step, share, kind = knobs.controls.values()
    assert (step.min, step.max, step.value, step.step) == (1, 500, 100, 1) and step.description == "time step"
    assert (share.min, share.max, share.value) == (0, 2, 1) and share.step == pytest.approx(0.04)
    assert kind.options == ("a", "b") and kind.value == "a"
    assert step.continuous_update and share.continuous_update
    assert knobs.box.children == (step, share, kind, knobs.screen)


def test_a_page_gets_the_widget_and_a_still_with_words(monkeypatch):
    knobs = turn(draw, t=(1, 500, 100))
    data = bundle(knobs)
    assert data[VIEW]["model_id"] == knobs.box.model_id and data["text/plain"] == "Knobs(t = 100)"
    assert data["text/html"].startswith("<img") and 'alt="t is 100"' in data["text/html"]
    monkeypatch.setitem(sys.modules, "google.colab", json)  # there the still might be shown in place of the knobs
    assert set(bundle(knobs)) == {"text/plain", VIEW}


def test_what_goes_wrong_is_said_and_the_knobs_stay_alive():
    def touchy(t):
        if t > 300:
            raise ValueError("above\n<t> is above 300")
        return draw(t) if t < 200 else None

    knobs = turn(touchy, t=(1, 500, 400))
    assert knobs.picture is None and knobs.screen.value == "<pre>&lt;t&gt; is above 300</pre>"
    assert bundle(knobs)["text/html"] == knobs.screen.value
    knobs.set(t=250)
    assert knobs.picture is None and "TypeError: draw gave a NoneType; expected a Picture" in knobs.screen.value
    knobs.set(t=100)
    assert knobs.picture.alt == "t is 100" and "<pre>" not in knobs.screen.value


def test_a_figure_is_shown_with_the_values_as_its_words():
    def line(end, kind):
        fig, axis = plt.subplots()
        axis.plot([0, end])
        return fig

    knobs = turn(line, end=(1, 9, 3), kind=["a"])
    before = knobs.picture.pixels
    knobs.set(end=5)
    assert not plt.get_fignums() and knobs.picture.alt == "figure for end = 5, kind = a"
    assert before.shape != knobs.picture.pixels.shape or (before != knobs.picture.pixels).any()


RANGES = [(1, 500), (500, 1, 3), (1, 500, 501), (1, 500, 0), (1, 1, 1), (0, float("nan"), 0), (0, float("inf"), 1)]


@pytest.mark.parametrize("wrong", [*RANGES, [], "ab", 3, ("a", "b", "c"), None])
def test_a_knob_that_cannot_be_is_told(wrong):
    with pytest.raises(ValueError, match=r"t is .*; expected \(low, high, start\) .* or a list of choices"):
        turn(draw, t=wrong)


def test_wrong_use_is_told():
    for call in (lambda: turn(draw), lambda: turn("draw", t=(1, 2, 1)), lambda: turn(None, t=(1, 2, 1))):
        with pytest.raises(ValueError, match="expected a function and its knobs"):
            call()
    knobs = turn(draw, t=(1, 500, 100), kind=["light", "dark"])
    for values, said in (({"s": 1}, "no knob s; there are t, kind"), ({"t": 501}, "t cannot be 501; it went to 500")):
        with pytest.raises(ValueError, match=said):
            knobs.set(**values)
    for values in ({"kind": "grey"}, {"t": "high"}):
        with pytest.raises(ValueError, match="cannot be"):
            knobs.set(**values)


def test_a_knob_may_have_any_name():
    knobs = turn(lambda draw, self: show_sprites(torch.zeros(draw, 3, 16, 16), alt=self), draw=(1, 3, 2), self=["a"])
    assert knobs.picture.alt == "a"


def output(**data):
    return nbformat.v4.new_output("display_data", data={name.replace("_", "/"): given for name, given in data.items()})


def test_stored_outputs_hold_stills_and_nothing_that_needs_a_kernel():
    knobs = nbformat.v4.new_output("execute_result", data={**bundle(turn(draw, t=(1, 500, 100)))})
    bare = nbformat.v4.new_output("display_data", data={"text/plain": "IntSlider()", VIEW: {"model_id": "a"}})
    said, bar = nbformat.v4.new_output("stream", name="stdout", text="a"), output(text_html="", text_plain="<HTML>")
    warned, plain = nbformat.v4.new_output("stream", name="stderr", text="a"), output(text_plain="3")
    kept = products.without_the_living([knobs, bare, said, bar, warned, plain])
    assert kept == [knobs, said, plain] and set(knobs.data) == {"text/html", "text/plain"}
    assert "<img" in knobs.data["text/html"]


def test_a_notebook_is_stored_with_stills(tmp_path, monkeypatch):
    """Runs a notebook as `make products` does."""
    source = (
        f"import sys; sys.path.insert(0, {str(lab.ROOT)!r})\n"
        "import numpy as np\nfrom knobs import turn\nfrom player import Picture\n"
        "turn(lambda t: Picture(np.full((4, 4, 3), t, np.uint8), f'all {t}'), t=(0, 255, 9))"
    )
    monkeypatch.setattr(products, "ROOT", tmp_path)
    monkeypatch.setenv("LABS_CONFIG", "tiny")  # given back in the end
    path = tmp_path / "a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)
    products.run_notebook(path)
    stored = nbformat.read(path, 4)
    (shown,) = stored.cells[0].outputs
    assert set(shown.data) == {"text/html", "text/plain"} and 'alt="all 9"' in shown.data["text/html"]
    assert "widgets" not in stored.metadata


def test_a_students_notebook_keeps_its_knobs_when_it_is_saved(tmp_path, monkeypatch):
    """`make lab` turns on the setting with which JupyterLab saves widgets; without it a later page shows an error."""
    commands = []

    class Ended:
        def __init__(self, command, **_):
            commands.append(command)

        def poll(self):
            return 0

        wait = terminate = poll

    (tmp_path / "mine").mkdir()
    monkeypatch.setattr(lab, "ROOT", tmp_path)
    monkeypatch.setattr(lab.subprocess, "Popen", Ended)
    monkeypatch.setattr(sys, "argv", ["lab.py"])
    with pytest.raises(SystemExit):
        lab.main()
    (folder,) = [word.partition("=")[2] for word in commands[0] if word.startswith("--LabApp.app_settings_dir=")]
    settings = json.loads((Path(folder) / "overrides.json").read_text(encoding="utf-8"))
    assert settings == {"@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True}}
    manager = "@jupyter-widgets/jupyterlab-manager"
    schema = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / manager / "schemas" / manager / "plugin.json"
    assert json.loads(schema.read_text(encoding="utf-8"))["properties"]["saveState"]["type"] == "boolean"
