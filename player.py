"""What a page shows: a progress bar; pictures with alternative text; animations. The last two are files, too."""

import base64
import io
import os
import secrets
import warnings
from functools import lru_cache
from html import escape
from itertools import takewhile
from numbers import Real
from pathlib import Path
from time import monotonic

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

import gate
from keeping import whole

DPI = 100
EXACT = {".png": {}, ".gif": {}, ".webp": {"lossless": True, "exact": True}}  # how Pillow loses the least
MARGIN = 6  # screen pixels of white around a sheet, as the page may be dark
WIDE = 720  # screen pixels; what is wider is made narrower by some pages, and is no longer sharp
HEAVY = 8_000  # bytes; noise does not compress, so a frame that takes more gets fewer colours


def bar(steps, name, show=True):
    """Go through steps behind a progress bar that counts them, and of which nothing is left in the end.

    steps: what has a length. show: False, or TQDM_DISABLE=1 in the environment, for no bar.
    """
    if not show or os.environ.get("TQDM_DISABLE", "0") not in ("", "0"):
        yield from steps
        return
    if not in_a_notebook():
        from tqdm import tqdm

        yield from tqdm(steps, name, leave=False)
        return
    from IPython.display import HTML, display

    def drawn(done):
        return HTML(f'{name} <progress value="{done}" max="{len(steps)}"></progress> {done} of {len(steps)}')

    handle, shown = display(drawn(0), display_id=True), monotonic()
    try:
        for done, step in enumerate(steps, 1):
            yield step
            if monotonic() - shown > 0.1:
                handle.update(drawn(done))
                shown = monotonic()
    finally:  # also after Ctrl-C
        handle.update(HTML(""))


def in_a_notebook():
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


class Picture:
    """A still picture, shown by Jupyter with alternative text, also where scripts and styles are stripped.

    pixels: uint8 (height, width, 3). alt: what is to be seen, in words. ValueError for anything else.
    """

    def __init__(self, pixels, alt):
        self.pixels, self.alt = np.asarray(pixels), _in_words(alt)
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise ValueError(f"pixels are {self.pixels.dtype} {self.pixels.shape}; expected uint8 (height, width, 3)")

    def _repr_html_(self):
        return _image(self.pixels, self.alt)

    def __repr__(self):
        return f"Picture({self.pixels.shape[1]} x {self.pixels.shape[0]} pixels, {self.alt!r})"

    def save(self, path):
        """Write it as a .png or a .webp file; neither loses anything. ValueError for another ending."""
        how = _how(path, ".png", ".webp")
        with whole(path) as beside:
            Image.fromarray(self.pixels).save(beside, **how)


def picture(fig, alt):
    """A `Picture` of a matplotlib figure, on white, at 100 dots an inch. The figure is closed: nothing else draws it.

    alt: what is to be seen, in words. ValueError if there are none.
    """
    data = io.BytesIO()
    fig.savefig(data, format="png", dpi=DPI, bbox_inches="tight", facecolor="white")
    plt.close(fig)
    return Picture(Image.open(data).convert("RGB"), alt)


def sheet(pictures, columns=8, titles=None, title=None, scale=None):
    """Pictures in rows on white, uint8 (N, H, W, 3 or 4) -> (height, width, 3), each pixel drawn as scale x scale.

    titles: N texts, each over the middle of its picture. Where an empty one follows another in a row, that one is for
    both, and the texts of the row begin at the left. title: over the whole. scale: left out, the largest of 2 ... 6
    with which a row is at most WIDE.
    """
    n, _, width, _ = pictures.shape
    columns = min(columns, n)
    if scale is None:
        scale = next((s for s in (6, 5, 4, 3) if columns * (width + 1) * s + 2 * MARGIN <= WIDE), 2)
    pictures = _enlarged(_on_white(pictures), scale)
    texts = [_text(str(words)) for words in ([""] * n if titles is None else titles)]
    rows = [slice(start, start + columns) for start in range(0, n, columns)]
    rooms = [room for row in rows for room in _rooms(texts[row])]
    needed = [-(-(text.shape[1] + 8) // room) for text, room in zip(texts, rooms, strict=True)]
    pitch = max(scale * (width + 1), *needed)  # from a picture to the next
    strips = [_strip(pictures[row], texts[row], rooms[row], pitch, scale) for row in rows]
    heading = [_text(title, size=14), _white(4, 0)] if title else []
    return _padded(_stacked([*heading, *strips]), MARGIN, MARGIN)


def _rooms(texts):
    """How many pictures of a row each text may run over: its own, and those after it that have none."""
    return [1 + len(list(takewhile(lambda text: not text.size, texts[i + 1 :]))) for i in range(len(texts))]


def _strip(pictures, texts, rooms, pitch, gap):
    """A row of a sheet: its texts, the pictures, and a gap below."""
    n, height, width, _ = pictures.shape
    above = max(map(len, texts))
    top = above + 10 if above else 0  # 7 above the text, 3 below
    strip = _white(top + height + gap, n * pitch)
    at_left = any(text.size and room > 1 for text, room in zip(texts, rooms, strict=True))
    for i, (text, picture) in enumerate(zip(texts, pictures, strict=True)):
        _paste(strip, picture, top, i * pitch + (pitch - width) // 2)
        left = min(4, (pitch - width) // 2) if at_left else (pitch - text.shape[1]) // 2
        _paste(strip, text, top - 3 - len(text), i * pitch + left)
    return strip


def _paste(canvas, picture, top, left):
    height, width, _ = picture.shape
    canvas[top : top + height, left : left + width] = picture


def _white(height, width):
    return np.full((height, width, 3), 255, np.uint8)


def _padded(picture, *around):
    """With so much white (above and below), (left and right)."""
    return np.pad(picture, [*(np.broadcast_to(side, 2) for side in around), (0, 0)], constant_values=255)


def _stacked(strips):
    """Pictures one below the other, from the left."""
    wide = max(strip.shape[1] for strip in strips)
    return np.vstack([_padded(strip, 0, (0, wide - strip.shape[1])) for strip in strips])


def _enlarged(pictures, scale):
    """Pictures (..., H, W, channels), each pixel drawn as scale x scale."""
    return pictures.repeat(scale, -3).repeat(scale, -2)


def _on_white(pictures):
    """Pictures (..., 3 or 4), of which a fourth channel says how opaque they are, as uint8 (..., 3)."""
    if pictures.shape[-1] == 3:
        return pictures
    opaque = pictures[..., 3:] / 255
    return (pictures[..., :3] * opaque + 255 * (1 - opaque)).round().astype(np.uint8)


@lru_cache(1000)
def _text(words, size=12):
    """A text, also of several lines or with $mathematics$, drawn in black on white: uint8 (height, width, 3)."""
    if not words.strip():
        return _white(0, 0)
    figure = Figure(dpi=DPI)
    canvas = FigureCanvasAgg(figure)
    drawn = figure.text(0, 0, words, fontsize=size * 72 / DPI, verticalalignment="bottom")
    box = drawn.get_window_extent(canvas.get_renderer())
    figure.set_size_inches((int(box.width) + 2) / DPI, (int(box.height) + 2) / DPI)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    across = (pixels < 255).any((0, 2)).nonzero()[0]
    return pixels[:, across[0] : across[-1] + 1].copy()


class Animation:
    """Frames of sprites, drawn as one small picture a frame: shown by Jupyter, `.to_jshtml()`, `.save(path)`.

    frames: (F, N, C, H, W), on the fixed scale -1 ... 1, so that the noise level can be seen; or a dictionary of names
    to such, of the same F: they move in step, each under its name. columns: sprites a row. fps: frames a second.
    scale: screen pixels for each of a sprite's. alt: what is to be seen, in words. ValueError for anything else.
    """

    def __init__(self, frames, columns=8, fps=10, scale=4, alt="sprites on their way from noise to picture"):
        from diffusion_utilities import tile  # which imports this module

        gate.counts(scale=scale)
        if not (isinstance(fps, Real) and 0.1 <= fps <= 50):  # browsers play faster GIFs slower
            raise ValueError(f"fps is {fps!r}; expected frames a second, from 0.1 to 50")
        self.fps, self.scale, self.alt = fps, scale, _in_words(alt)
        films = frames if isinstance(frames, dict) else {"": frames}
        if not films or any(not len(film) or len({frame.shape for frame in film}) > 1 for film in films.values()):
            raise ValueError("no frames, or of more than one shape; `sample` keeps them every save_rate time steps")
        if len({len(film) for film in films.values()}) > 1:
            counted = ", ".join(f"{name}: {len(film)}" for name, film in films.items())
            raise ValueError(f"not the same number of frames ({counted}); to move in step, they must have it")
        # without a margin: a page has its own
        self.films = {name: [tile(frame, columns)[1:-1, 1:-1] for frame in film] for name, film in films.items()}

    def to_jshtml(self):
        """A player as a piece of HTML with all frames inside: slider, play and pause; it waits on the last frame."""
        return as_html(self.films, self.fps, self.scale, self.alt)

    _repr_html_ = to_jshtml

    def save(self, path):
        """Write an animated picture, held for two seconds at the end.

        path: ends in .webp, which loses nothing, or in .gif, which has 256 colours a frame: it warns if they are not
        enough. ValueError for another ending.
        """
        how = _how(path, ".gif", ".webp")
        pictures = [Image.fromarray(self._frame(number)) for number in range(len(next(iter(self.films.values()))))]
        if Path(path).suffix == ".gif" and any(picture.getcolors(256) is None for picture in pictures):
            warnings.warn(f"{path} loses colours: a GIF has 256 a frame; a .webp keeps all", stacklevel=2)
        durations = [round(1000 / self.fps)] * (len(pictures) - 1) + [2000]
        with whole(path) as beside:
            pictures[0].save(beside, save_all=True, append_images=pictures[1:], duration=durations, loop=0, **how)

    def _frame(self, number):
        """A frame as a file has it, with the names."""
        strips = []
        for name, film in self.films.items():
            strips += [_padded(_text(name), (7, 3), (2, 0))] if name else []
            strips.append(_enlarged(film[number], self.scale))
        return _stacked(strips)


def as_html(films, fps, scale, alt):
    """A player with slider, play and pause; it waits on the last frame.

    films: of each name the frames, uint8 (height, width, 3), which move in step. A frame that takes more than HEAVY
    bytes gets as few levels a colour as stay within 1/16 of the range (root mean square; at most 1/8), and one of the
    last seven before the end, in which sprites come out of the noise, within 1/64. The last frame is exact, and a still
    that is sharp where neither scripts nor styles are allowed, as in a notebook that is not trusted yet: the script
    makes all else.
    """
    stills = ""
    for name, film in films.items():
        words = f"{name.replace('$', '')}: {alt}" if name else alt
        stills += f"<div>{escape(name)}</div>" * bool(name) + _image(_enlarged(film[-1], scale), words)
    parts = {
        "id": "player" + secrets.token_hex(4),
        "width": max(240, *(scale * film[-1].shape[1] for film in films.values())),  # room for the slider
        "stills": stills,
        "films": ",".join(f"[{','.join(_packed(film[:-1]))}]" for film in films.values()),
        "pause": round(1000 / fps),
    }
    return _PLAYER % parts


def _packed(film):
    """The frames before the last as texts in quotes."""
    for number, frame in enumerate(film, 1):
        data = _encode(frame)
        if len(data) > HEAVY:
            among_the_last = number > len(film) - 7
            data = _encode(_fewer_colours(frame, 255 / (64 if among_the_last else 16)))
        yield f'"{base64.b64encode(data).decode()}"'


def _image(pixels, alt):
    """A picture as a piece of HTML, one of its pixels to one of the page's."""
    kind = "webp" if max(pixels.shape) < 2**14 else "png"  # a WebP is smaller, but no larger than that
    height, width, _ = pixels.shape
    data = base64.b64encode(_encode(pixels, kind)).decode()
    return f'<img width="{width}" height="{height}" alt="{escape(alt)}" src="data:image/{kind};base64,{data}"/>'


def _encode(picture, kind="webp"):
    """A uint8 picture as the bytes of a file that loses nothing (quality and method say how hard a WebP is packed)."""
    data = io.BytesIO()
    Image.fromarray(picture).save(
        data, kind, **({"lossless": True, "quality": 50, "method": 4} if kind == "webp" else {})
    )
    return data.getvalue()


def _in_words(alt):
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(f"alt is {alt!r}; say in words what is to be seen, for readers who do not see the picture")
    return alt


def _how(path, *endings):
    """What to tell Pillow, that nothing is lost, if the path has one of these endings."""
    if Path(path).suffix not in endings:
        raise ValueError(f"{path} ends in {Path(path).suffix!r}; expected {' or '.join(endings)}")
    return EXACT[Path(path).suffix]


def _fewer_colours(picture, tolerance):
    """A uint8 picture with as few levels a colour, evenly spread, as keep its root mean square error in tolerance."""
    for levels in range(5, 256):
        step = 255 / (levels - 1)
        coarse = np.round(picture / step) * step
        if ((coarse - picture) ** 2).mean() <= tolerance**2:
            return coarse.round().astype(np.uint8)


_PLAYER = """<div id="%(id)s">%(stills)s</div>
<script>(() => {
const root = document.getElementById("%(id)s"), images = [...root.querySelectorAll("img")];
const films = [%(films)s].map((film, i) => [...film.map(data => "data:image/webp;base64," + data), images[i].src]);
const bar = root.appendChild(document.createElement("div")), last = films[0].length - 1;
const [button, slider, label] = ["button", "input", "span"].map(kind => bar.appendChild(document.createElement(kind)));
root.style.cssText = "max-width:%(width)dpx;font:13px/1.7 sans-serif";
for (const image of images) image.style.cssText = "display:block;image-rendering:pixelated;max-width:100%%;height:auto";
bar.style.cssText = "display:flex;align-items:center;gap:8px";
button.style.width = "4em";
Object.assign(slider, {type: "range", min: 0, max: last, ariaLabel: "frame"}).style.flex = 1;
slider.dataset.lmSuppressShortcuts = true;  // so that JupyterLab leaves the arrow keys to it
let now = 0, playing = true, timer;
function show(number) {
  now = number; slider.value = now; label.textContent = now + " / " + last;
  images.forEach((image, i) => { image.src = films[i][now]; });
}
function next() {
  if (!playing) return;
  show((now + 1) %% films[0].length);
  timer = setTimeout(next, now == last ? 2000 : %(pause)d);
}
function play(on) {
  playing = on; clearTimeout(timer); button.textContent = on ? "pause" : "play"; if (on) next();
}
button.onclick = () => play(!playing);
slider.oninput = () => { play(false); show(+slider.value); };
play(true);
})();</script>"""
