"""The player of an animation: a piece of HTML that holds all frames, as small as they go."""

import base64
import io
import secrets

import numpy as np
from PIL import Image

HEAVY = 8_000  # bytes; noise does not compress, so a frame that takes more gets fewer colours


def as_html(pictures, fps=10):
    """A player with slider, play and pause; it waits on the last frame.

    pictures: the frames, uint8 (height, width, 3). A frame that takes more than HEAVY bytes gets as few levels a colour
    as stay within 1/16 of the range (root mean square; at most 1/8). The last frame is exact.
    """
    height, width, _ = pictures[0].shape
    frames = [_encode(picture) for picture in pictures]
    for number, picture in enumerate(pictures[:-1]):
        if len(frames[number]) > HEAVY:
            frames[number] = _encode(_fewer_colours(picture))
    frames = [base64.b64encode(data).decode() for data in frames]
    return _PLAYER % {
        "id": "player" + secrets.token_hex(4),
        "last": len(frames) - 1,
        "width": 4 * width,
        "height": 4 * height,
        "still": frames[-1],
        "frames": "".join(f'"{frame}",' for frame in frames[:-1]),
        "pause": round(1000 / fps),
    }


def _encode(picture):
    """A uint8 picture as the bytes of a WebP file, lossless (quality and method only say how hard to pack it)."""
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "WEBP", lossless=True, quality=50, method=4)
    return data.getvalue()


def _fewer_colours(picture, tolerance=255 / 16):
    """A uint8 picture with as few levels a colour, evenly spread, as keep its root mean square error in tolerance."""
    for levels in range(5, 256):
        step = 255 / (levels - 1)
        coarse = np.round(picture / step) * step
        if ((coarse - picture) ** 2).mean() <= tolerance**2:
            return coarse.round().astype(np.uint8)


_PLAYER = """<div id="%(id)s" style="max-width:%(width)dpx">
<img width="%(width)d" height="%(height)d" style="image-rendering:pixelated;max-width:100%%;height:auto"
 alt="sprites on their way from noise to picture" src="data:image/webp;base64,%(still)s"/>
<div style="display:flex;align-items:center;gap:8px;font:13px sans-serif">
<button type="button" style="width:4em">pause</button>
<input type="range" aria-label="frame" min="0" max="%(last)d" value="%(last)d" style="flex:1"/>
<span>%(last)d / %(last)d</span></div></div>
<script>(() => {
const root = document.getElementById("%(id)s"), image = root.querySelector("img");
const [button, slider, label] = ["button", "input", "span"].map(name => root.querySelector(name));
const kind = "data:image/webp;base64,", frames = [%(frames)simage.src.slice(kind.length)];
let now = 0, playing = true, timer;
function show(number) {
  now = number; slider.value = now; label.textContent = now + " / %(last)d";
  image.src = kind + frames[now];
}
function next() {
  if (!playing) return;
  show((now + 1) %% frames.length);
  timer = setTimeout(next, now == %(last)d ? 2000 : %(pause)d);
}
function play(on) {
  playing = on; clearTimeout(timer); button.textContent = on ? "pause" : "play"; if (on) next();
}
button.onclick = () => play(!playing);
slider.oninput = () => { play(false); show(+slider.value); };
play(true);
})();</script>"""
