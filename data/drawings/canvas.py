"""A 16x16 canvas, its colours, its dice: what every drawing of the data set is made with.

A drawing is a function of a `Dice`: it throws for the size, the tilt and the details of one sprite, lays down shapes
and stamps of pixel art on a `Canvas`, and returns `canvas.finish()`. Light comes from the upper left everywhere.
"""

import math
import random
from itertools import pairwise

import numpy as np

from diffusion_utilities import TILE as SIZE

BACKGROUND = (255, 255, 255)  # no ramp holds pure white, so a pixel is background exactly if it is white

STEPS = ((0, 1), (0, -1), (1, 0), (-1, 0))  # down, right: to the four neighbours

# One ramp a material: outline, shadow, base, light, highlight. Shadows lean to violet, lights to yellow.
RAMPS = {
    "red": "4a0f24 8f1d2f d13b3b f0735a ffb08a",
    "orange": "5a1f14 a8441c e67c2a f9a94a ffd890",
    "yellow": "5c3210 b0701c eab02b fbdc5a fff4b0",
    "lime": "24401a 4d7a22 86b833 bfdf5a e9f7a0",
    "green": "0f3a2c 1f6b3a 3fa04a 7ccb5e bdeb8c",
    "teal": "0c3340 176a70 2ba296 63d1b5 b2f0d8",
    "sky": "143560 2563a0 3f97d8 7cc6f0 c4ebff",
    "blue": "16204f 2a3c94 4462cf 7a96ee b8cdfa",
    "purple": "2c1650 562a8c 8647c2 b57be6 dfb6f8",
    "magenta": "4d1146 8c2173 c8409c ea78bd fbb8de",
    "pink": "6a2340 b04a6c e5809a f7b0bb ffdcdc",
    "brown": "33190f 5f3219 8f552b bb8246 e0b57c",
    "chocolate": "2a120c 4e2416 74391f 9c5a34 c88a5c",
    "tan": "4d2f1a 8a5e34 c4935a e6c48a f9e6bd",
    "cream": "5a4030 b08a68 ecd0a0 f8e8c4 fffbe8",
    "grey": "22232e 4b4f5e 7f8694 b4bac4 e2e6ea",
    "steel": "1c2a3d 475b75 7b93ab b3c7d6 e6f2f7",
    "bone": "4a4458 9a94a8 cfcbd2 eeeae6 fbf9f4",
    "black": "0e0c16 221f2e 3b3748 5b5668 8a8496",
    "ice": "1d3f66 5a9cc8 9cd6ee d2f2fb f4feff",
    "skin1": "5a2a20 d09474 f6c8a4 ffe0c4 fff2e2",
    "skin2": "54261c b87852 e6a878 f8caa0 ffe6cc",
    "skin3": "4a2218 9c6038 cc8c58 e8b482 f8d8b0",
    "skin4": "3c1a12 7c4828 a86c40 cc9464 ecc094",
    "skin5": "2e120e 5c3220 84502e aa7648 d0a074",
    "skin6": "200c0c 40221a 603826 84563a b08260",
}
RAMPS = {name: [tuple(bytes.fromhex(colour)) for colour in shades.split()] for name, shades in RAMPS.items()}


class Dice:
    """Throws that come out the same on every Python: only `Random.random()` has a stream that is promised to stay."""

    def __init__(self, seed):
        self._random = random.Random(seed).random

    def chance(self, probability):
        """True with the given probability."""
        return self._random() < probability

    def pick(self, options):
        """One of a sequence, all equally likely."""
        return options[int(self._random() * len(options))]

    def whole(self, low, high):
        """A whole number, both ends included."""
        return low + int(self._random() * (high - low + 1))

    def between(self, low, high):
        """A real number in [low, high)."""
        return low + (high - low) * self._random()


class Canvas:
    """Sixteen by sixteen pixels, empty at first. x grows to the right, y downwards, both from 0 to 16.

    Shapes (`ellipse`, `polygon`, `stroke`) are asked for in drawing coordinates and come back as boolean masks of
    shape (16, 16); `tilt` (degrees, clockwise), `scale`, `stretch` (x, y factors) and `flip` turn the drawing about
    `centre`. Masks can be combined with | & ~ before they are painted. Painting goes over what is there.
    """

    def __init__(self, tilt=0.0, scale=1.0, stretch=(1.0, 1.0), flip=False, centre=(8.0, 8.0)):
        self.colour = np.zeros((SIZE, SIZE, 3), np.uint8)
        self.dark = np.zeros((SIZE, SIZE, 3), np.uint8)  # the outline colour of each pixel's ramp
        self.filled = np.zeros((SIZE, SIZE), bool)
        screen_y, screen_x = np.mgrid[0:SIZE, 0:SIZE] + 0.5
        self.screen = screen_x, screen_y
        dx, dy = screen_x - centre[0], screen_y - centre[1]
        cos, sin = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
        x, y = cos * dx + sin * dy, cos * dy - sin * dx
        x = x / (scale * stretch[0]) * (-1 if flip else 1) + centre[0]
        # Rounded so that the last bit of a cosine, which differs between machines, never decides about a pixel.
        self.x, self.y = np.round(x, 6), np.round(y / (scale * stretch[1]) + centre[1], 6)

    # --- shapes: drawing coordinates in, boolean mask out

    def ellipse(self, cx, cy, rx, ry=None, angle=0.0):
        """The inside of an ellipse with radii rx, ry (ry = rx if left out), turned by `angle` degrees clockwise."""
        ry = rx if ry is None else ry
        cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        u = cos * (self.x - cx) + sin * (self.y - cy)
        v = cos * (self.y - cy) - sin * (self.x - cx)
        inside = np.round((u / rx) ** 2 + (v / ry) ** 2, 6) <= 1
        return tidy(inside) if min(rx, ry) > 1.5 else inside

    def polygon(self, *points):
        """The inside of a polygon with the given (x, y) corners, in order."""
        inside = np.zeros((SIZE, SIZE), bool)
        for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
            if y0 != y1:
                crossing = np.round(x0 + (self.y - y0) * ((x1 - x0) / (y1 - y0)), 6)
                inside ^= ((y0 <= self.y) != (y1 <= self.y)) & (self.x < crossing)
        return inside

    def box(self, left, top, right, bottom):
        """The rectangle between two corners."""
        return self.polygon((left, top), (right, top), (right, bottom), (left, bottom))

    def stroke(self, *points, width=1.0):
        """A line of the given width with round ends through (x, y) points."""
        drawn = np.zeros((SIZE, SIZE), bool)
        for (x0, y0), (x1, y1) in pairwise(points):
            dx, dy = x1 - x0, y1 - y0
            length = dx * dx + dy * dy or 1.0
            along = np.clip(((self.x - x0) * dx + (self.y - y0) * dy) / length, 0, 1)
            far = (self.x - x0 - along * dx) ** 2 + (self.y - y0 - along * dy) ** 2
            drawn |= np.round(far, 6) <= (width / 2) ** 2
        return drawn

    # --- paint: masks onto the canvas

    def paint(self, mask, ramp, shade=None, light="round", gloss=False):
        """Fill a mask with a ramp's colours.

        shade: one of 0 (darkest) to 4 for a plain fill; left out, `light` spreads shades 1 to 3 over the mask:
        "round" as on a ball, "edge" as on a plate with bevelled rim, "down" lighter above, "right" lighter left.
        gloss: put the highlight (shade 4) on the spot that faces the light.
        """
        mask = np.asarray(mask, bool)
        if not mask.any():
            return mask
        shades = np.full((SIZE, SIZE), 2 if shade is None else shade)
        if shade is None:
            x, y = self.screen
            rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
            u = (x - (columns[0] + columns[-1] + 1) / 2) / ((columns[-1] - columns[0] + 1) / 2)
            v = (y - (rows[0] + rows[-1] + 1) / 2) / ((rows[-1] - rows[0] + 1) / 2)
            if light == "edge":
                padded = np.pad(mask, 1)
                lit = ~padded[:-2, 1:-1] | ~padded[1:-1, :-2]
                dim = ~padded[2:, 1:-1] | ~padded[1:-1, 2:]
                shades[dim] = 1
                shades[lit & ~dim] = 3
            else:
                facing = {"round": -0.6 * u - 0.8 * v, "down": -v, "right": -u}[light]
                facing = np.round(facing, 6)
                shades[facing > 0.4] = 3
                shades[facing < -0.4] = 1
            if gloss:
                spot = np.where(mask, (u + 0.45) ** 2 + (v + 0.45) ** 2, np.inf)
                shades[np.unravel_index(np.argmin(np.round(spot, 6)), spot.shape)] = 4
        self.colour[mask] = np.array(RAMPS[ramp], np.uint8)[shades[mask]]
        self.dark[mask] = RAMPS[ramp][0]
        self.filled |= mask
        return mask

    def dot(self, x, y, ramp, shade=2):
        """One pixel, at whole screen coordinates (not turned with the drawing)."""
        if 0 <= x < SIZE and 0 <= y < SIZE:
            self.colour[y, x] = RAMPS[ramp][shade]
            self.dark[y, x] = RAMPS[ramp][0]
            self.filled[y, x] = True

    def stamp(self, left, top, rows, inks, flip=False):
        """Pixel art: `rows` of characters, each looked up in `inks` as (ramp, shade); "." and " " change nothing."""
        for y, row in enumerate(rows):
            for x, ink in enumerate(reversed(row) if flip else row):
                if ink not in ". ":
                    self.dot(left + x, top + y, *inks[ink])

    def erase(self, mask):
        """Back to background, where the mask is true."""
        self.filled &= ~np.asarray(mask, bool)

    def finish(self, outline=True, centred=True):
        """The picture, uint8 (16, 16, 3): the canvas with a dark outline, its box moved to the middle, on white."""
        colour, filled = self.colour.copy(), self.filled.copy()
        if outline:
            for step in STEPS:
                near = moved(self.filled, *step) & ~filled
                colour[near] = moved(self.dark, *step)[near]
                filled |= near
        colour[~filled] = BACKGROUND
        if centred and filled.any():
            rows, columns = np.nonzero(filled.any(1))[0], np.nonzero(filled.any(0))[0]
            down = (SIZE - 1 - rows[0] - rows[-1]) // 2
            right = (SIZE - 1 - columns[0] - columns[-1]) // 2
            colour = np.roll(colour, (int(down), int(right)), (0, 1))
        return colour


def tidy(mask):
    """The mask without its warts: pixels that hang on by fewer than two of their four neighbours."""
    neighbours = sum(moved(mask.astype(np.int8), *step) for step in STEPS)
    return mask & (neighbours >= 2)


def moved(array, down, right):
    """The array moved by whole pixels, zeros behind it."""
    moved = np.zeros_like(array)
    moved[max(down, 0) : SIZE + min(down, 0), max(right, 0) : SIZE + min(right, 0)] = array[
        max(-down, 0) : SIZE + min(-down, 0), max(-right, 0) : SIZE + min(-right, 0)
    ]
    return moved
