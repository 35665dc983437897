"""A picture of your own: a board of pixels to paint on in a notebook, or a picture file of any size."""

import sys
from math import isqrt

import anywidget
import numpy as np
import torch
import traitlets

import gate
from diffusion_utilities import TILE, to_uint8, transform
from player import Picture
from sheets import LARGEST, LEAST, load_sprites, open_picture

# Colours of the sprites' own ramps, eight a row: greys and skins, then shadows, middle tones and lights of eight hues.
PALETTE = {
    **{"white": "#ffffff", "light grey": "#b4bac4", "grey": "#7f8694", "dark grey": "#4b4f5e"},
    **{"black": "#0e0c16", "dark brown": "#5c3220", "brown": "#a86c40", "peach": "#f6c8a4"},
    **{"dark red": "#8f1d2f", "dark orange": "#a8441c", "dark yellow": "#b0701c", "dark green": "#1f6b3a"},
    **{"dark sky": "#2563a0", "dark blue": "#2a3c94", "dark purple": "#562a8c", "dark pink": "#b04a6c"},
    **{"red": "#d13b3b", "orange": "#e67c2a", "yellow": "#eab02b", "green": "#3fa04a"},
    **{"sky": "#3f97d8", "blue": "#4462cf", "purple": "#8647c2", "pink": "#e5809a"},
    **{"light red": "#f0735a", "light orange": "#f9a94a", "light yellow": "#fbdc5a", "light green": "#7ccb5e"},
    **{"light sky": "#7cc6f0", "light blue": "#7a96ee", "light purple": "#b57be6", "light pink": "#f7b0bb"},
}
STARTS = {"hero": 120, "mushroom": 640, "cherries": 920, "heart": 1380}  # sprites of the test split, by their numbers
STILL = 192  # screen pixels of its side, about, where nothing can be painted


# The board in the page. The colours of text and buttons are the theme's own where there is one.
STYLE = """
.board { display: flex; flex-wrap: wrap; gap: 16px; padding: 6px; font: 13px sans-serif; }
.board { color: var(--jp-ui-font-color1, inherit); }
.board canvas { touch-action: none; cursor: crosshair; box-shadow: 0 0 0 1px #8888; }
.board-side { display: flex; flex-direction: column; gap: 10px; width: 256px; }
.board-row { display: flex; flex-wrap: wrap; }
.board button { box-sizing: border-box; min-width: 32px; height: 32px; padding: 0 12px; color: inherit; cursor: pointer;
  background: var(--jp-layout-color2, #8883); border: 1px solid var(--jp-border-color1, #888); }
.board .board-colour, .board .board-start { padding: 0; }
.board .board-start { width: 40px; height: 40px; background: #fff; }
.board-start img { width: 32px; image-rendering: pixelated; }
.board .board-colour[aria-pressed=true] { border: 3px solid #fff; box-shadow: 0 0 0 2px #1976d2; z-index: 1; }
.board canvas:focus-visible, .board button:focus-visible { outline: 3px solid #1976d2; outline-offset: 2px; }
"""
SCRIPT = """
const KEYS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

function make(kind, parent, properties = {}) {
  return Object.assign(parent.appendChild(document.createElement(kind)), properties);
}

function thumbnail(cells) {
  const side = Math.sqrt(cells.length);
  const canvas = Object.assign(document.createElement("canvas"), {width: side, height: side});
  const pen = canvas.getContext("2d");
  cells.forEach((cell, i) => { pen.fillStyle = cell; pen.fillRect(i % side, Math.floor(i / side), 1, 1); });
  return canvas.toDataURL();
}

function render({model, el}) {
  const palette = Object.entries(model.get("palette"));  // [name, "#rrggbb"]
  const before = [];  // pictures to go back to
  let cells = [...model.get("cells")];
  const SIDE = Math.sqrt(cells.length), ZOOM = Math.floor(320 / SIDE);  // its pixels, and screen pixels for each
  let colour = Math.min(4, palette.length - 1);
  let cursor = [7, 7], last = null;  // last: the pixel where a stroke is now; null between strokes

  const root = make("div", el, {className: "board"});
  const canvas = make("canvas", root, {width: SIDE * ZOOM, height: SIDE * ZOOM, tabIndex: 0});
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", `board, ${SIDE} by ${SIDE} pixels: ` +
    "arrow keys move, space paints, [ and ] change the colour");
  const pen = canvas.getContext("2d");
  const side = make("div", root, {className: "board-side"});

  function draw() {
    cells.forEach((cell, i) => {
      pen.fillStyle = "#ddd";  // the grid
      pen.fillRect(i % SIDE * ZOOM, Math.floor(i / SIDE) * ZOOM, ZOOM, ZOOM);
      pen.fillStyle = cell;
      pen.fillRect(i % SIDE * ZOOM, Math.floor(i / SIDE) * ZOOM, ZOOM - 1, ZOOM - 1);
    });
    if (document.activeElement != canvas) return;
    for (const [ink, width] of [["#000", 4], ["#fff", 2]]) {  // to be seen on any colour
      Object.assign(pen, {strokeStyle: ink, lineWidth: width});
      pen.strokeRect(cursor[0] * ZOOM + 1, cursor[1] * ZOOM + 1, ZOOM - 3, ZOOM - 3);
    }
  }
  function say() {
    const here = cells[cursor[1] * SIDE + cursor[0]];
    const named = palette.find(([, code]) => code == here);
    words.textContent = `row ${cursor[1] + 1}, column ${cursor[0] + 1}: ${named ? named[0] : here}` +
      ` · you paint with ${palette[colour][0]}`;
  }
  function keep() { before.push([...cells]); }
  function tell() { model.set("cells", [...cells]); model.save_changes(); draw(); say(); }
  function replace(picture) { keep(); cells = [...picture]; tell(); }
  function undo() { if (before.length) { cells = before.pop(); tell(); } }
  function choose(number) {
    colour = (number + palette.length) % palette.length;
    swatches.forEach((swatch, i) => swatch.setAttribute("aria-pressed", i == colour));
    say();
  }
  function paint([x, y]) { cells[y * SIDE + x] = palette[colour][1]; }

  function line(from, to) {  // a quick finger leaves out pixels on its way
    const steps = Math.max(1, Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]));
    for (let i = 0; i <= steps; i++) paint(from.map((a, axis) => Math.round(a + (to[axis] - a) * i / steps)));
  }
  function place(event) {
    const box = canvas.getBoundingClientRect();
    const parts = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    return parts.map(part => Math.max(0, Math.min(SIDE - 1, Math.floor(part * SIDE))));
  }
  function stroke(event) {
    cursor = place(event); line(last, cursor); last = cursor; draw();
  }
  canvas.onpointerdown = event => {
    if (event.button || !event.isPrimary) return;
    canvas.setPointerCapture(event.pointerId);
    keep(); last = place(event); stroke(event);
  };
  canvas.onpointermove = event => { if (last && event.isPrimary) stroke(event); };
  canvas.onlostpointercapture = () => { if (last) { last = null; tell(); } };
  canvas.onfocus = canvas.onblur = () => { draw(); say(); };
  canvas.onkeydown = event => {
    if (event.key in KEYS) {
      cursor = cursor.map((now, axis) => Math.max(0, Math.min(SIDE - 1, now + KEYS[event.key][axis])));
      draw(); say();
    } else if (event.key == " " || event.key == "Enter") { keep(); paint(cursor); tell(); }
    else if (event.key == "[" || event.key == "]") choose(colour + (event.key == "]" ? 1 : -1));
    else if (event.key == "z" && (event.ctrlKey || event.metaKey)) undo();
    else return;
    event.preventDefault();
  };

  const colours = make("div", side, {className: "board-row"});
  const swatches = palette.map(([name, code], i) => {
    const swatch = make("button", colours, {className: "board-colour", title: name, ariaLabel: name});
    swatch.style.background = code;
    swatch.onclick = () => choose(i);
    return swatch;
  });
  const actions = make("div", side, {className: "board-row"});
  make("button", actions, {textContent: "undo"}).onclick = undo;
  make("button", actions, {textContent: "clear"}).onclick = () => replace(Array(SIDE * SIDE).fill("#ffffff"));
  const starts = make("div", side, {className: "board-row"});
  for (const [name, picture] of Object.entries(model.get("starts"))) {
    const label = "start from the " + name;
    const button = make("button", starts, {className: "board-start", title: label, ariaLabel: label});
    make("img", button, {src: thumbnail(picture), alt: ""});
    button.onclick = () => replace(picture);
  }
  const words = make("div", side);
  words.setAttribute("role", "status");

  for (const node of root.querySelectorAll("canvas, button")) {
    node.dataset.lmSuppressShortcuts = true;  // so that JupyterLab leaves the keys to it
  }
  const painted = () => { cells = [...model.get("cells")]; draw(); };  // from Python, or on another view
  model.on("change:cells", painted);
  choose(colour); draw();
  return () => model.off("change:cells", painted);
}
export default {render};
"""


class Board(anywidget.AnyWidget):
    """A board of pixels to paint on with mouse, finger, pen or keys; without a front end it keeps its picture.

    picture: what to start from, as float (1, 3, S, S) or (3, S, S) in [-1, 1], or uint8 (S, S, 3), with S from 8 to 64;
    the board has its size. Left out, an empty board of 16 x 16. palette: the colours to paint with, at most 32, a
    dictionary of names to "#rrggbb"; the picture may have others. starts: pictures of that size to begin again from, a
    dictionary by their names; left out, four sprites, where the board is 16 x 16. ValueError for a picture of another
    shape: `own_picture` makes one of 16 x 16.
    """

    _esm, _css = SCRIPT, STYLE
    cells = traitlets.List(traitlets.Unicode()).tag(sync=True)  # "#rrggbb" of each pixel, row by row
    palette = traitlets.Dict().tag(sync=True)
    starts = traitlets.Dict().tag(sync=True)

    def __init__(self, picture=None, palette=None, starts=None):
        pixels = np.full((TILE, TILE, 3), 255, np.uint8) if picture is None else _as_bytes(picture)
        if starts is None:
            sprites, _ = load_sprites("test")
            starts = {name: sprites[number] for name, number in STARTS.items()} if len(pixels) == TILE else {}
        starts = {name: _as_cells(_as_bytes(start, len(pixels))) for name, start in starts.items()}
        super().__init__(cells=_as_cells(pixels), palette=palette or PALETTE, starts=starts)

    @property
    def picture(self):
        """What is painted: float32 (1, 3, S, S) in [-1, 1]. To paint from Python, set it, in the board's size."""
        return transform(self._bytes())[None]

    @picture.setter
    def picture(self, picture):
        self.cells = _as_cells(_as_bytes(picture, len(self._bytes())))

    def _bytes(self):
        colours = bytes.fromhex("".join(cell[1:] for cell in self.cells))
        side = isqrt(len(self.cells))
        return np.frombuffer(colours, np.uint8).reshape(side, side, 3)

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        if "google.colab" not in sys.modules:  # see knobs.py
            data = {**data, "text/html": self._still()._repr_html_()}  # for a page without a kernel
        return data, metadata

    def _still(self):
        pixels, side = self._bytes(), len(self._bytes())
        zoom = STILL // side
        pixels = pixels.repeat(zoom, 0).repeat(zoom, 1)
        pixels[::zoom] = pixels[:, ::zoom] = 0xDD  # the grid
        return Picture(pixels, f"a board of {side} × {side} pixels to paint on")


def own_picture(picture):
    """A picture of any size as one of 16 x 16 pixels: float32 (1, 3, 16, 16) in [-1, 1].

    picture: a PNG, GIF or BMP file, or uint8 (height, width, 3 or 4). What is transparent lies on white; what is not
    square, or smaller than 16 pixels, gets a white rim; of what is larger, every so many pixels are kept, so that
    pixel art stays sharp. FileNotFoundError or ValueError for what cannot be read as a picture.
    """
    is_array = torch.is_tensor(picture) or hasattr(picture, "__array__")
    picture = np.asarray(picture) if is_array else open_picture(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] not in (3, 4) or not picture.size:
        raise ValueError(f"the picture is {picture.dtype} {picture.shape}; expected uint8 (height, width, 3 or 4)")
    height, width, channels = picture.shape
    alpha = picture[..., 3:] / 255 if channels == 4 else 1
    colours = (picture[..., :3] * alpha + 255 * (1 - alpha)).round().astype(np.uint8)
    side = max(height, width, TILE)
    square = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = colours
    kept = (2 * np.arange(TILE) + 1) * side // (2 * TILE)  # the pixels at the middle of 16 equal parts
    return transform(square[kept][:, kept])[None]


def _as_bytes(picture, side=None):
    """A picture as uint8 (S, S, 3), of this side, or left out of any that a board can have."""
    shape, kind = tuple(np.shape(picture)), str(getattr(picture, "dtype", type(picture).__name__))
    size = side or (0, 0, *shape)[-2]
    if LEAST <= size <= LARGEST:
        if "uint8" in kind and shape == (size, size, 3):
            return np.asarray(picture)
        if "float" in kind and shape in ((1, 3, size, size), (3, size, size)):
            gate.shown(picture.reshape(1, 3, size, size))
            return to_uint8(picture).reshape(size, size, 3)
    raise ValueError(
        f"the picture is {kind} {shape}; expected float (1, 3, S, S) in [-1, 1], or uint8 (S, S, 3), with S "
        f"{side or f'from {LEAST} to {LARGEST}'}; own_picture(file or array) makes one of 16 x 16"
    )


def _as_cells(picture):
    return ["#" + bytes(colour).hex() for colour in np.ascontiguousarray(picture).reshape(-1, 3)]
