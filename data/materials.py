"""Draw three kinds of material to measure "your own sprites" with: `python data/materials.py FOLDER` writes them there.

items: 16 x 16, transparent, one palette of 16 colours, four classes. houses: 32 x 32 on an opaque meadow, 24 colours
with it, four classes. beetles: 12 to 20 pixels, each cropped to its figure, transparent, hundreds of colours.
The same on every machine, pixel for pixel. Light comes from the upper left, and every figure has an outline.
"""

import argparse
import colorsys
import math
from functools import partial
from itertools import chain, cycle, islice, pairwise
from pathlib import Path

import numpy as np
from drawings.canvas import Dice
from PIL import Image


def ramp(colours):
    """A text of colours, from shadow to light, as an array, uint8 (K, 3)."""
    return np.array([tuple(bytes.fromhex(colour)) for colour in colours.split()], np.uint8)


INK, WHITE, MEADOW = ramp("17121f"), ramp("ffffff"), ramp("98c379")  # the meadow is the ground of the houses alone
ITEMS = {  # ramps that share their colours: with INK they are 16
    "steel": ramp("3f4166 8289a8 c9d6e2 ffffff"),
    "gold": ramp("9a5640 e88a45 ffd45e ffffff"),
    "ruby": ramp("7d2246 d13b52 f58c74"),
    "leaf": ramp("1e5c58 3fa65c b4dd6b"),
    "sea": ramp("3f4166 4a90e2 c9d6e2"),
    "violet": ramp("3f4166 9b52b8 f58c74"),
    "wood": ramp("7d2246 9a5640 e88a45"),
    "snow": ramp("8289a8 c9d6e2 ffffff"),
}
HOUSES = {  # with INK and MEADOW they are 24
    "stone": ramp("4c4d68 7d84a0 bcc4d2 ffffff"),
    "plaster": ramp("b67d50 e2b47c f7e5bd ffffff"),
    "wood": ramp("4d2a2b 82503a b67d50"),
    "brick": ramp("7c2339 c03d40 ec7c55"),
    "slate": ramp("28406f 3f76b4 7ab8e2"),
    "moss": ramp("1c5557 34927a 86cfa5"),
    "plum": ramp("57346f 9758ad d294c8"),
    "lamp": ramp("e2b47c ffd45e ffffff"),
}


class Pad:
    """A transparent square to draw on. (0, 0) is its centre; x grows to the right, y downwards, in pixels.

    Shapes are asked for in coordinates turned by `tilt` degrees clockwise, and come back as boolean masks.
    """

    def __init__(self, size, tilt=0.0):
        self.rgb, self.filled = np.zeros((size, size, 3), np.uint8), np.zeros((size, size), bool)
        self.down, self.right = np.mgrid[:size, :size] + 0.5 - size / 2
        cos, sin = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
        # Rounded, here and below, so that the last bit, which differs between machines, never decides about a pixel.
        self.x = np.round(cos * self.right + sin * self.down, 6)
        self.y = np.round(cos * self.down - sin * self.right, 6)

    def oval(self, x, y, rx, ry):
        return np.round(((self.x - x) / rx) ** 2 + ((self.y - y) / ry) ** 2, 6) <= 1

    def box(self, left, top, right, bottom):
        return (self.x > left) & (self.x < right) & (self.y > top) & (self.y < bottom)

    def shape(self, *points):
        """The inside of a polygon."""
        inside = np.zeros_like(self.filled)
        for (x0, y0), (x1, y1) in pairwise((*points, points[0])):
            if y0 != y1:
                crossing = np.round(x0 + (self.y - y0) * ((x1 - x0) / (y1 - y0)), 6)
                inside ^= ((y0 <= self.y) != (y1 <= self.y)) & (self.x < crossing)
        return inside

    def wedge(self, low, bottom, high, top, x=0):
        """A trapezoid about x: half as wide as `low` says at the bottom, as `high` says at the top."""
        return self.shape((x - low, bottom), (x - high, top), (x + high, top), (x + low, bottom))

    def line(self, *points, width=1.0):
        drawn = np.zeros_like(self.filled)
        for (x0, y0), (x1, y1) in pairwise(points):
            dx, dy = x1 - x0, y1 - y0
            along = np.clip(((self.x - x0) * dx + (self.y - y0) * dy) / (dx * dx + dy * dy), 0, 1)
            far = (self.x - x0 - along * dx) ** 2 + (self.y - y0 - along * dy) ** 2
            drawn |= np.round(far, 6) <= width**2 / 4
        return drawn

    def paint(self, mask, colours, tone=None, light=(0.6, 0.8), of=None, rim=None):
        """Fill a mask. tone: which colour of the ramp; left out, they follow the light over the box of `of` (the mask).

        rim: a colour that goes around the mask, over what was there before.
        """
        if rim is not None:
            self.paint(grown(mask) & self.filled, rim, 0)
        if not mask.any():
            return
        if tone is None:
            rows, columns = box(mask if of is None else of)
            u = (self.right - self.right[0, columns].mean()) / (columns.stop - columns.start) * 2
            v = (self.down - self.down[rows, 0].mean()) / (rows.stop - rows.start) * 2
            facing = np.round((1 - light[0] * u - light[1] * v) / 2 * len(colours), 6)
            tone = np.clip(facing, 0, len(colours) - 1).astype(int)[mask]
        self.rgb[mask], self.filled[mask] = colours[tone], True

    def finish(self, outline=INK, size=None, ground=None):
        """The picture, uint8 (H, W, 4), cropped to its box; or in a square: in its middle, or standing on a ground."""
        if outline is not None:
            self.paint(grown(self.filled) & ~self.filled, outline, 0)
        picture = np.dstack([self.rgb, self.filled * np.uint8(255)])[box(self.filled)]
        if size is None:
            return picture
        height, width = picture.shape[:2]
        top, left = (size - height) // 2 if ground is None else size - 1 - height, (size - width) // 2
        picture = np.pad(picture, ((top, size - top - height), (left, size - left - width), (0, 0)))
        if ground is not None:
            picture[picture[..., 3] == 0] = *ground[0], 255
        return picture


def grown(mask):
    """The mask and its four neighbours."""
    wide = np.pad(mask, 1)
    return mask | wide[2:, 1:-1] | wide[:-2, 1:-1] | wide[1:-1, 2:] | wide[1:-1, :-2]


def box(mask):
    """The slices (rows, columns) that hold a mask."""
    return tuple(slice(held[0], held[-1] + 1) for held in (np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))))


def pick(dice, ramps, *texts):
    """A ramp for each text of names, one of them; never the one before again."""
    names = [None]
    for text in texts:
        names.append(dice.pick([name for name in text.split() if name != names[-1]]))
    return [ramps[name] for name in names[1:]]


# --- items


def axe(dice):
    pad, sides = Pad(24), dice.pick(((-1,), (1,), (-1, 1)))
    metal, grip, knob = pick(dice, ITEMS, "steel steel gold sea ruby leaf", "wood wood violet", "gold snow")
    reach = dice.between(3.6, 5.4) if len(sides) == 2 else dice.between(4.6, 7)
    rise, beard, neck = dice.between(4.6, 6), dice.between(-0.4, 2), dice.between(0.8, 1.6)
    pad.paint(pad.box(-1, -6, 1, 6), grip, light=(0.9, 0.1))
    if dice.chance(0.6):
        pad.paint(pad.filled & (pad.y % 2 < 1) & (pad.y > dice.between(1, 4)), ITEMS["snow"], dice.whole(0, 1))
    profile = [(0, -3 - neck), (reach - 2, -3.4 - neck), (reach - 1, -rise), (reach, 1 - rise)]
    profile += [(reach, beard - 1), (reach - 1, beard), (reach - 2.5, neck - 2.4), (0, neck - 3)]
    for side in sides:
        blade = pad.shape(*[(side * x, y) for x, y in profile])
        pad.paint(blade, metal[:2], rim=INK, light=(0.2, 0.8))
        pad.paint(blade & (side * pad.x > reach - 1.6), metal, -1 if side < 0 else 2)
    if dice.chance(0.7):
        pad.paint(pad.box(-1, -3 - neck, 1, -3 + neck), knob, light=(0.5, 0.5))
    return pad.finish(size=16)


def crown(dice):
    pad, tips, half = Pad(23), dice.pick((3, 3, 3, 5)), dice.pick((4.5, 5.5))
    metal, velvet, jewel = pick(dice, ITEMS, "gold gold steel sea", *["ruby leaf violet sea"] * 2)
    valley, top, droop = dice.between(-1, 1), -dice.between(3.4, 5), dice.between(-0.5, 2.4)
    spread = [2 * i / (tips - 1) - 1 for i in range(tips)]
    peaks = [(half * x, top + droop * abs(x)) for x in spread]
    dips = [(half * (x + 1 / (tips - 1)), valley) for x in spread[:-1]] + [(half, 5.5)]
    if dice.chance(0.5):
        pad.paint(pad.oval(0, 1, half - 0.5, dice.between(3, 4.5)) & (pad.y < 2), velvet)
    teeth = pad.shape((-half, 5.5), *chain(*zip(peaks, dips, strict=True)))
    pad.paint(teeth, metal[:3], rim=INK, light=(0.9, 0.2))
    for x, y in peaks if dice.chance(0.7) else ():
        pad.paint(pad.oval(int(x), math.floor(y), 0.6, 0.6), ITEMS["snow"], 2)
    pad.paint(pad.box(-half, 1.5, half, 2.5), metal, 2)
    pad.paint(pad.box(-half, 4.5, half, 5.5), metal, 0)
    first, apart = dice.pick(((-4, 2), (-4, 4), (-3, 3), (0, 9)))
    for x in range(first, 5, apart):
        pad.paint(pad.box(x - 0.6, 2.5, x + 0.6, 4.5), jewel, light=(0, 0.9))
    return pad.finish(size=16)


def lantern(dice):
    pad, ring = Pad(24 - dice.whole(0, 1)), dice.between(1.4, 2.2)
    metal, glow = pick(dice, ITEMS, "steel wood gold ruby leaf", "gold gold leaf sea violet")
    half, tall = dice.between(2.6, 4.4), dice.between(2.4, 3.4)
    pad.paint(pad.oval(0, -tall - 2, ring, 2) & ~pad.oval(0, -tall - 2, ring - 0.9, 1.1), metal, 1)
    glass = pad.oval(0, 0, half + 0.6, tall + 0.6) if dice.chance(0.4) else pad.box(-half, -tall, half, tall)
    pad.paint(glass, glow, 1)
    pad.paint(glass & pad.oval(0, 0.5, half * 0.75, tall * 0.8), glow, 2)
    pad.paint(pad.oval(0, 1, 0.9, dice.between(1, 2)), WHITE, 0)
    for x in dice.pick(((), (0,), (0.5 - half, half - 0.5), (-1.5, 1.5))):
        pad.paint(glass & (abs(pad.x - x) < 0.5), metal, 0)
    pad.paint(pad.wedge(half + 1, -tall, 1, -tall - dice.between(1.6, 2.6)), metal, rim=INK)
    pad.paint(pad.box(-half - 0.6, tall - 0.5, half + 0.6, tall + 1), metal, rim=INK, light=(1, 0))
    return pad.finish(size=16)


def umbrella(dice):
    pad, side, panels = Pad(23, tilt=dice.pick((-20, 0, 0, 20))), dice.pick((-1, 1)), dice.pick((3, 3, 5))
    stick, first, second = pick(dice, ITEMS, "wood gold", *["ruby leaf sea violet gold snow"] * 2)
    wide, tall, style = dice.between(5.2, 6), dice.between(3.8, 5), dice.pick(("panels", "panels", "hem", "plain"))
    hook = (0, 5), (0.5 * side, 6), (2 * side, 6), (2.5 * side, 5)
    pad.paint(pad.line((0, -tall - 0.4), *hook), stick, 0)
    canopy = pad.oval(0, 0, wide, tall) & (pad.y < 1)
    for i in range(panels):
        canopy &= ~pad.oval(wide * ((2 * i + 1) / panels - 1), 1.1, wide / panels - 0.6, 1.2)
    pad.paint(canopy, first, rim=INK)
    bulge = np.sqrt(np.clip(1 - (pad.y / tall) ** 2, 0.01, 1)) * wide
    panel = np.floor(np.round((pad.x / bulge + 1) / 2 * panels, 6))
    if style != "plain":
        pad.paint(canopy & (panel % 2 == 1 if style == "panels" else pad.y > -1.4), second, of=canopy)
    return pad.finish(size=16)


# --- houses


FOOT, ROOFS = 12, "brick slate moss plum"


def window(pad, dice, x, y, wide, tall):
    [light] = pick(dice, HOUSES, "lamp slate")
    pad.paint(pad.box(x - wide, y - tall, x + wide, y + tall), light, light=(0.7, 0.7), rim=HOUSES["wood"])


def door(pad, x, wide, tall, colours):
    leaf = pad.box(x - wide, FOOT - tall + wide, x + wide, FOOT) | pad.oval(x, FOOT - tall + wide, wide, wide)
    pad.paint(leaf, colours, light=(1, 0), rim=INK)
    pad.paint(pad.box(x + wide - 1.6, FOOT - 3, x + wide - 0.4, FOOT - 2), HOUSES["lamp"], 1)


def cottage(dice):
    pad, half, tall, high = Pad(40), dice.whole(8, 11), dice.whole(9, 11), dice.whole(9, 12)
    wall, roof, wood = pick(dice, HOUSES, "plaster plaster stone wood", ROOFS, "wood brick moss plum")
    eaves, ridge, x = FOOT - tall, dice.between(0.3, 0.75) * half, dice.pick((-4, 4))
    if dice.chance(0.7):
        pad.paint(pad.box(x - 1, eaves - high - 1, x + 2, eaves), HOUSES["stone"], light=(1, 0))
        pad.paint(pad.box(x - 2, eaves - high - 1, x + 3, eaves - high), HOUSES["stone"], 1)
    pad.paint(pad.box(-half, eaves - 1, half, FOOT), wall, light=(0.8, 0.3), rim=INK)
    pad.paint(pad.box(-half, FOOT - 2, half, FOOT), HOUSES["stone"], light=(1, 0))
    if dice.chance(0.5):
        pad.paint(pad.wedge(half, eaves, 0, eaves - high), wall, light=(0.8, 0.3))
        cover = pad.wedge(half + 2, eaves + 1, 0, eaves - high - 1)
        pad.paint(cover & ~pad.wedge(half - 1, eaves + 1, 0, eaves - high + 3), roof, light=(1, 0), rim=INK)
        window(pad, dice, 0, eaves - 2, 1, 1.2)
    else:
        cover = pad.wedge(half + 2, eaves + 1, ridge, eaves - high)
        pad.paint(cover, roof, light=(0.8, 0.4), rim=INK)
        pad.paint(cover & (pad.y % 3 < 1) & ((pad.x + pad.y // 3 * 2) % 5 < 3), roof, 0)
    x = dice.pick((-1, 0, 1)) * (half // 2)
    door(pad, x, 2, dice.whole(5, 6), wood)
    for at in (3 - half, half - 3):
        if abs(at - x) > 4:
            window(pad, dice, at, eaves + 3.5, 2, 1.6)
        x, r = math.copysign(dice.between(9, 11), at), dice.between(2, 3.4)
        if dice.chance(0.4):
            pad.paint(pad.oval(x, FOOT - r + 0.6, r, r) & (pad.y < FOOT), HOUSES["moss"], rim=INK)
    return pad.finish(size=32, ground=MEADOW)


def castle(dice):
    pad, half, wide, gate = Pad(40), dice.whole(7, 9), dice.whole(2, 3), dice.whole(2, 3)
    wall, roof, cloth, bars = pick(dice, HOUSES, "stone stone plaster", ROOFS, "brick lamp", "wood stone")
    top, capped, bare = FOOT - dice.whole(13, 17), dice.chance(0.6), dice.chance(0.3)

    def tower(x, half, top, teeth=True):
        stones = pad.box(x - half, top, x + half, FOOT)
        if teeth:
            stones |= pad.box(x - half, top - 2, x + half, FOOT) & ((pad.x - x + half) % 4 < 2)
        pad.paint(stones, wall, light=(0.9, 0.2), rim=INK)
        for _ in range(4):
            at, y = x + dice.between(1 - half, half - 2), dice.between(top + 2, FOOT - 2)
            pad.paint(pad.box(at, y, at + 2, y + 1), wall, 1)

    if dice.chance(0.4):
        tower(0, 3, top - 2)
        window(pad, dice, 0, top + 1, 0.6, 1.4)
    tower(0, half, FOOT - dice.whole(8, 11))
    for x in (-half, half):
        tower(x, wide + (not capped), top, teeth=not capped)
        if capped:
            pad.paint(pad.wedge(wide + 1, top + 1, 0, top - 7, x), roof, light=(1, 0.1), rim=INK)
        window(pad, dice, x, top + 4, 0.6, 1.4)
    if not bare:
        x, top = dice.pick((-half, half)), top - 6 if capped else top - 4
        pad.paint(pad.box(x - 0.6, top - 3, x + 0.6, top + 3), HOUSES["wood"], 1)
        pad.paint(pad.shape((x, top - 3.4), (x + 5, top - 2), (x, top + 0.4)), cloth, 1, rim=INK)
    arch = pad.box(-gate, FOOT - 5, gate, FOOT) | pad.oval(0, FOOT - 5, gate, gate)
    pad.paint(arch, HOUSES["wood"], 0, rim=INK)
    pad.paint(arch & ((pad.x % 2 < 1) | (pad.y % 3 < 1)), bars, 1)
    return pad.finish(size=32, ground=MEADOW)


def windmill(dice):
    pad, low, top, head = Pad(40), dice.between(5, 7.5), dice.between(3, 4.4), FOOT - dice.whole(14, 17)
    wall, roof, cloth = pick(dice, HOUSES, "plaster stone wood brick", ROOFS, "plaster plaster brick slate")
    body = pad.wedge(low, FOOT, top, head)
    pad.paint(body, wall, light=(1, 0.1))
    pad.paint(body & (pad.y > FOOT - dice.whole(0, 3)), HOUSES["stone"], light=(1, 0))
    cap = pad.oval(0, head + 1, top + 1, dice.between(3, 5)) & (pad.y < head + 1)
    if dice.chance(0.5):
        cap = pad.wedge(top + 1.5, head + 1, 0, head - dice.between(4, 6))
    pad.paint(cap, roof, rim=INK)
    door(pad, 0, 2, 6, roof)
    window(pad, dice, 0, FOOT - 9, 1, 1.2)
    turn, reach = dice.between(10, 80), dice.between(9, 10.8)
    for quarter in range(4):
        angle = math.radians(turn + 90 * quarter)
        across = np.round(pad.x * math.cos(angle) + (pad.y - head) * math.sin(angle), 6)
        along = np.round((pad.y - head) * math.cos(angle) - pad.x * math.sin(angle), 6)
        sail = (across > 0) & (across < 3.2) & (along > 2.5) & (along < reach)
        pad.paint(sail, cloth, -1 if quarter % 2 else -2, rim=INK)
        pad.paint((abs(across) < 0.8) & (along > 0) & (along < reach), HOUSES["wood"], 1)
    pad.paint(pad.oval(0, head, 1.5, 1.5), HOUSES["wood"], 2, rim=INK)
    return pad.finish(size=32, ground=MEADOW)


def lighthouse(dice):
    pad, low, top, head = Pad(40), dice.between(4.4, 6.5), dice.between(2.4, 3.6), FOOT - dice.whole(14, 18)
    wall, colours, wood = pick(dice, HOUSES, "plaster plaster stone", ROOFS, "wood moss slate")
    body, stripe, lean = pad.wedge(low, FOOT, top, head), dice.pick((3, 4, 5)), dice.pick((0, 0, 0.5, -0.5))
    pad.paint(body, wall, light=(1, 0.1))
    pad.paint(body & ((pad.y + pad.x * lean) % (2 * stripe) < stripe), colours, light=(1, 0.1), of=body)
    pad.paint(pad.box(-top - 1.5, head - 1, top + 1.5, head + 1), HOUSES["stone"], light=(1, 0), rim=INK)
    pad.paint(pad.box(0.6 - top, head - 5, top - 0.6, head - 1), HOUSES["lamp"], light=(0.7, 0.5), rim=INK)
    cap = pad.oval(0, head - 4.5, top + 0.5, 3) & (pad.y < head - 4)
    if dice.chance(0.5):
        cap = pad.wedge(top + 1, head - 4, 0, head - 9)
    pad.paint(cap, colours, rim=INK)
    door(pad, 0, 1.5, 5, wood)
    for x in (-9, -6, 6, 9):
        if dice.chance(0.7):
            r = dice.between(1.6, 2.8)
            pad.paint(pad.oval(x, FOOT - r + 1, r, r) & (pad.y < FOOT), HOUSES["stone"][:3], rim=INK)
    return pad.finish(size=32, ground=MEADOW)


# --- beetles


def hue(dice):
    """A ramp of one of 72 hues, whose shadows lean to blue and whose lights lean to yellow; now and then white."""
    if dice.chance(0.15):
        return ramp("2a2036 a9a8bf dfe0ea ffffff ffffff")
    turn = dice.whole(0, 71) / 72
    lean = 0.04 if 1 / 6 < turn < 2 / 3 else -0.04
    tones = ((2, 0.75, 0.2), (1, 0.85, 0.5), (0, 0.8, 0.8), (-1, 0.6, 0.95), (-1.5, 0.2, 1))
    shades = [colorsys.hsv_to_rgb((turn + lean * far) % 1, strength, light) for far, strength, light in tones]
    return np.array([[math.floor(round(255 * part, 6) + 0.5) for part in shade] for shade in shades], np.uint8)


def beetle(wide, long, horns, feelers, patterns, dice):
    """A beetle from above. wide, long: between what half its wings are; horns: how many; feelers: their length."""
    pad, coat, skin, mark = Pad(41, tilt=dice.pick((-45, 0, 0, 0, 0, 45))), hue(dice), hue(dice), hue(dice)
    rx, ry, bend, reach = dice.between(*wide), dice.between(*long), dice.between(0.4, 1.4), dice.between(1.6, 2.4)
    neck, brow, dark = -0.8 * ry, -0.8 * ry - 2.5, coat[:1]
    wings, chest = pad.oval(0, 0, rx, ry), pad.oval(0, neck, rx * dice.between(0.7, 0.85), dice.between(1.6, 2.4))
    head = pad.oval(0, neck - 2, rx * dice.between(0.4, 0.6), 1.6)
    horn = pad.line((0, brow), (0, brow - 2 - 1.5 * bend), width=1.3) if horns == 1 else np.zeros_like(wings)
    limbs, spots = np.zeros_like(wings), np.zeros_like(wings)
    pattern, many, size = dice.pick(patterns), dice.pick((2, 3)), dice.between(0.6, 0.95)
    for side in (-1, 1):
        for y, way in ((-0.5 * ry, -bend), (0.1 * ry, 0.3), (0.55 * ry, bend)):
            limbs |= pad.line((0, y), (side * (rx + reach - 1), y + way), (side * (rx + reach), y + 2.2 * way))
        out, back = side * feelers * 0.8, feelers if feelers > 3 else -feelers
        limbs |= pad.line((side, brow), (out, brow - 1.5), (out + side, brow - 1 + back))
        if horns == 2:
            horn |= pad.line((side, brow), (side * (1.5 + bend), brow - 1.5), (side * 1.5, brow - 3 - bend), width=1.2)
        for y in (0, 0.65):
            spots |= pad.oval(side * rx * dice.between(0.5, 0.6), ry * y, 1.1, size)
    pad.paint(limbs | grown(wings | chest | head | horn), dark, 0)
    pad.paint(horn, skin, 3)
    pad.paint(head, skin[1:4])
    pad.paint(wings, coat[1:4])
    u, v = abs(pad.x), np.round(pad.y / ry, 6)
    where = {
        "plain": u < 0,
        "spots": spots,
        "bands": np.floor((v + 1) * many) % 2 == 0,
        "stripes": (u > 0.35 * rx) & (u < 0.75 * rx),
        "tip": v > dice.between(-0.1, 0.4),
    }[pattern]
    pad.paint(wings & where, dark if pattern == "spots" and dice.chance(0.6) else mark[1:4], of=wings)
    pad.paint(wings & (u < 0.5), dark, 0)
    pad.paint(chest, skin[1:4], rim=dark)
    shine = np.round((pad.right + 0.45 * rx) ** 2 + (pad.down + 0.4 * ry) ** 2, 6)
    pad.paint(shine <= dice.pick((0.6, 1.1)), coat, 4)
    return pad.finish(WHITE if dice.chance(0.2) else None)


# --- all of it


CLASSES = {
    "items": {"axe": axe, "crown": crown, "lantern": lantern, "umbrella": umbrella},
    "houses": {"cottage": cottage, "castle": castle, "windmill": windmill, "lighthouse": lighthouse},
    "beetles": {
        "ladybird": partial(beetle, (3.8, 4.6), (3.8, 4.8), 0, 1.2, ("spots", "spots", "spots", "plain")),
        "stag beetle": partial(beetle, (2.6, 3.6), (2.6, 4), 2, 2, ("plain", "stripes", "tip")),
        "longhorn": partial(beetle, (2.2, 3), (3.2, 5.4), 0, 5, ("bands", "bands", "stripes", "spots")),
        "rhino beetle": partial(beetle, (2.6, 4.4), (2.6, 4.6), 1, 2, ("plain", "tip", "bands")),
    },
}


def draw(kind, n, seed):
    """n pictures of "items", "houses" or "beetles", its classes in turn: [(uint8 (H, W, 4), name of the class), ...].

    Alpha is 0 or 255, and what is transparent is all zeros. With the same seed, fewer pictures are the first of more.
    """
    dice = Dice(seed)
    return [(drawing(dice), name) for name, drawing in islice(cycle(CLASSES[kind].items()), n)]


def write(folder, n=None):
    """Write the three kinds as their makers would keep them, n pictures of each (200 items, 300 houses, 250 beetles).

    folder/items/CLASS/000.png, folder/houses.png with rows of 20 tiles, and folder/beetles/000.png without classes.
    """
    items, houses, beetles = (draw(kind, n or many, 0) for kind, many in zip(CLASSES, (200, 300, 250), strict=True))
    paths = [f"items/{name}/{number // 4:03}.png" for number, (_, name) in enumerate(items)]
    paths += [f"beetles/{number:03}.png" for number in range(len(beetles))]
    for path, (picture, _) in zip(paths, items + beetles, strict=True):
        Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(Path(folder, path))
    tiles = np.full((-(-len(houses) // 20) * 20, 32, 32, 3), MEADOW[0], np.uint8)
    tiles[: len(houses)] = [picture[..., :3] for picture, _ in houses]
    sheet = tiles.reshape(-1, 20, 32, 32, 3).swapaxes(1, 2).reshape(-1, 20 * 32, 3)
    Image.fromarray(sheet).save(Path(folder, "houses.png"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="FOLDER", help="where to write items, houses.png and beetles")
    write(parser.parse_args().folder)
