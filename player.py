"""What moves: a progress bar; and animations, as a player, a piece of HTML that holds all frames, or as files."""

import base64
import io
import os
import secrets
import warnings
from pathlib import Path
from time import monotonic

import numpy as np
from PIL import Image

from keeping import whole

FILES = ".gif", ".webp"
SCALE = 4  # screen pixels for each of a sprite's
HEAVY = 8_000  # bytes; noise does not compress, so a frame that takes more gets fewer colours


def bar(steps, name, show=True):
    """Go through steps behind a progress bar that counts them, and of which nothing is left in the end.

    steps: what has a length. show: False, or TQDM_DISABLE=1 in the environment, for no bar.
    """
    if not show or os.environ.get("TQDM_DISABLE", "0") not in ("", "0"):
        yield from steps
        return
    if not _in_a_notebook():
        from tqdm import tqdm

        yield from tqdm(steps, name, leave=False)
        return
    from IPython.display import HTML, display

    def drawn(done):
        return HTML(f'{name} <progress value="{done}" max="{len(steps)}"></progress> {done} of {len(steps)}')

    handle, shown = display(drawn(0), display_id=True), monotonic()
    for done, step in enumerate(steps, 1):
        yield step
        if monotonic() - shown > 0.1:
            handle.update(drawn(done))
            shown = monotonic()
    handle.update(HTML(""))


def _in_a_notebook():
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


class Animation:
    """Frames of sprites, drawn as one small picture a frame: shown by Jupyter, `.to_jshtml()`, `.save(path)`.

    frames: (F, N, C, H, W), on the fixed scale -1 ... 1, so that the noise level can be seen. columns: sprites a row.
    """

    def __init__(self, frames, columns=8):
        from diffusion_utilities import tile  # which imports this module

        if not len(frames) or len({frame.shape for frame in frames}) > 1:
            raise ValueError("no frames, or of more than one shape; `sample` keeps them every save_rate time steps")
        self.pictures = [tile(frame, columns)[1:-1, 1:-1] for frame in frames]  # without a margin: a page has its own

    def to_jshtml(self, fps=10):
        """A player as a piece of HTML with all frames inside: slider, play and pause; it waits on the last frame."""
        return as_html(self.pictures, fps)

    _repr_html_ = to_jshtml

    def save(self, path, fps=10, scale=4):
        """Write an animated picture, each pixel drawn `scale` times as wide, held for two seconds at the end.

        path: ends in .webp, which loses nothing, or in .gif, which has 256 colours a frame: it warns if they are not
        enough. ValueError for another ending.
        """
        if Path(path).suffix not in FILES:
            raise ValueError(f"{path} ends in {Path(path).suffix!r}; expected {' or '.join(FILES)}")
        pictures = [Image.fromarray(p.repeat(scale, 0).repeat(scale, 1)) for p in self.pictures]
        if Path(path).suffix == ".gif" and any(picture.getcolors(256) is None for picture in pictures):
            warnings.warn(f"{path} loses colours: a GIF has 256 a frame; a .webp keeps all", stacklevel=2)
        if not (fps > 0 and scale >= 1 and scale == int(scale)):
            raise ValueError(f"fps = {fps}, scale = {scale}; expected more than 0, and a whole number from 1")
        durations = [round(1000 / fps)] * (len(pictures) - 1) + [2000]
        how = {"lossless": True, "exact": True} if Path(path).suffix == ".webp" else {}
        with whole(path) as beside:
            pictures[0].save(beside, save_all=True, append_images=pictures[1:], duration=durations, loop=0, **how)


def as_html(pictures, fps=10):
    """A player with slider, play and pause; it waits on the last frame.

    pictures: the frames, uint8 (height, width, 3). A frame that takes more than HEAVY bytes gets as few levels a colour
    as stay within 1/16 of the range (root mean square; at most 1/8), and one of the last seven before the end, in which
    sprites come out of the noise, within 1/64. The last frame is exact, and a still that is sharp where neither scripts
    nor styles are allowed, as in a notebook that is not trusted yet: the script makes all else.
    """
    height, width, _ = pictures[0].shape
    frames = [_encode(picture) for picture in pictures[:-1]]
    for number, picture in enumerate(pictures[:-1]):
        if len(frames[number]) > HEAVY:
            among_the_last = number >= len(frames) - 7
            frames[number] = _encode(_fewer_colours(picture, 255 / (64 if among_the_last else 16)))
    still = _encode(pictures[-1].repeat(SCALE, 0).repeat(SCALE, 1))
    return _PLAYER % {
        "id": "player" + secrets.token_hex(4),
        "width": SCALE * width,
        "height": SCALE * height,
        "still": base64.b64encode(still).decode(),
        "frames": ",".join(f'"{base64.b64encode(frame).decode()}"' for frame in frames),
        "pause": round(1000 / fps),
    }


def _encode(picture):
    """A uint8 picture as the bytes of a WebP file, lossless (quality and method only say how hard to pack it)."""
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "WEBP", lossless=True, quality=50, method=4)
    return data.getvalue()


def _fewer_colours(picture, tolerance):
    """A uint8 picture with as few levels a colour, evenly spread, as keep its root mean square error in tolerance."""
    for levels in range(5, 256):
        step = 255 / (levels - 1)
        coarse = np.round(picture / step) * step
        if ((coarse - picture) ** 2).mean() <= tolerance**2:
            return coarse.round().astype(np.uint8)


_PLAYER = """<div id="%(id)s"><img width="%(width)d" height="%(height)d"
 alt="sprites on their way from noise to picture" src="data:image/webp;base64,%(still)s"/></div>
<script>(() => {
const root = document.getElementById("%(id)s"), image = root.querySelector("img"), still = image.src;
const frames = [%(frames)s].map(frame => "data:image/webp;base64," + frame), last = frames.push(still) - 1;
const bar = root.appendChild(document.createElement("div"));
const [button, slider, label] = ["button", "input", "span"].map(kind => bar.appendChild(document.createElement(kind)));
root.style.maxWidth = "%(width)dpx";
image.style.cssText = "image-rendering:pixelated;max-width:100%%;height:auto";
bar.style.cssText = "display:flex;align-items:center;gap:8px;font:13px sans-serif";
button.style.width = "4em";
Object.assign(slider, {type: "range", min: 0, max: last, ariaLabel: "frame"}).style.flex = 1;
slider.dataset.lmSuppressShortcuts = true;  // so that JupyterLab leaves the arrow keys to it
let now = 0, playing = true, timer;
function show(number) {
  now = number; slider.value = now; label.textContent = now + " / " + last;
  image.src = frames[now];
}
function next() {
  if (!playing) return;
  show((now + 1) %% frames.length);
  timer = setTimeout(next, now == last ? 2000 : %(pause)d);
}
function play(on) {
  playing = on; clearTimeout(timer); button.textContent = on ? "pause" : "play"; if (on) next();
}
button.onclick = () => play(!playing);
slider.oninput = () => { play(false); show(+slider.value); };
play(true);
})();</script>"""
