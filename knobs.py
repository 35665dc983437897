"""Things to turn: controls above a picture that follows them, and a still of it where no kernel runs."""

import sys
from html import escape
from math import isfinite
from numbers import Integral, Real

from ipywidgets import HTML, Dropdown, FloatSlider, IntSlider, VBox
from matplotlib.figure import Figure

from player import Picture, picture

STEPS = 50  # of a slider for numbers with a point


def turn(draw, /, **knobs):
    """Controls above the picture that `draw(**values)` gives, a `Picture` or a matplotlib figure; it follows them.

    knobs: by the names of draw's arguments, (low, high, start) for a slider, of whole numbers if all three are; or a
    list of choices, of which the first is the start. ValueError for anything else. What goes wrong in `draw` is said in
    place of the picture.
    """
    return Knobs(draw, knobs)


class Knobs:
    """What `turn` makes: shown by Jupyter, `.set(name=value)`; `.picture` is what was drawn last, or None."""

    def __init__(self, draw, knobs):
        if not callable(draw) or not knobs:
            raise ValueError("expected a function and its knobs: turn(draw, t=(1, 500, 100))")
        self.draw = draw
        self.controls = {name: _control(name, given) for name, given in knobs.items()}
        self.screen = HTML()
        self.box = VBox([*self.controls.values(), self.screen])
        widest = max(len(name) for name in knobs)
        for control in self.controls.values():
            control.layout.width, control.style.description_width = "min(100%, 32em)", f"{widest + 1}ex"
            control.observe(self._follow, "value")
        self._follow()

    def set(self, **values):
        """Turn knobs, by their names. ValueError for one that is not there, or a value that it cannot take."""
        for name, value in values.items():
            if name not in self.controls:
                raise ValueError(f"there is no knob {name}; there are {', '.join(self.controls)}")
            try:
                self.controls[name].value = value
            except Exception as error:
                raise ValueError(f"{name} cannot be {value!r}: {error}") from error
            if self.controls[name].value != value:
                raise ValueError(f"{name} cannot be {value!r}; it went to {self.controls[name].value}")

    def __repr__(self):
        return f"Knobs({_listed(self._values())})"

    def _values(self):
        return {name: control.value for name, control in self.controls.items()}

    def _follow(self, _=None):
        values = self._values()
        self.picture = None
        try:
            self.picture = _drawn(self.draw(**values), values)
        except Exception as error:
            self.screen.value = f"<pre>{escape(f'{type(error).__name__}: {error}'.splitlines()[-1])}</pre>"
        else:
            self.screen.value = self.picture._repr_html_()

    def _repr_mimebundle_(self, **_):
        view = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
        bundle = {"text/plain": repr(self), "application/vnd.jupyter.widget-view+json": view}
        # A page shows the first of these that it can. Colab keeps what a widget shows, and may prefer the still to it.
        return bundle if "google.colab" in sys.modules else bundle | {"text/html": self.screen.value}


def _control(name, given):
    named = {"description": name.replace("_", " ")}
    if isinstance(given, list) and given:
        return Dropdown(options=given, **named)
    numbers = isinstance(given, tuple) and len(given) == 3 and all(isinstance(n, Real) and isfinite(n) for n in given)
    if not numbers or not given[0] <= given[2] <= given[1] or given[0] == given[1]:
        raise ValueError(
            f"{name} is {given!r}; expected (low, high, start) with start from low to high, or a list of choices"
        )
    low, high, start = given
    if all(isinstance(number, Integral) for number in given):
        return IntSlider(start, low, high, **named)
    return FloatSlider(start, min=low, max=high, step=(high - low) / STEPS, readout_format=".3g", **named)


def _listed(values):
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def _drawn(given, values):
    """What `draw` gave as a `Picture`."""
    if isinstance(given, Figure):
        return picture(given, f"figure for {_listed(values)}")
    if not isinstance(given, Picture):
        raise TypeError(f"draw gave a {type(given).__name__}; expected a Picture or a matplotlib figure")
    return given
