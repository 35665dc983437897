"""The icon bar of a mage: the forces of nature and the signs that stand for spells."""

import math

import numpy as np

from .canvas import SIZE, STEPS, Canvas, moved, tidy

# Fires as outer, middle and innermost (ramp, shade).
RED_FIRE = (("red", 2), ("orange", 3), ("yellow", 4))
ORANGE_FIRE = (("orange", 2), ("yellow", 3), ("cream", 4))
BLUE_FIRE = (("blue", 2), ("sky", 3), ("ice", 4))
GREEN_FIRE = (("green", 2), ("lime", 3), ("lime", 4))
VIOLET_FIRE = (("purple", 2), ("magenta", 3), ("pink", 4))
FIRES = (RED_FIRE, RED_FIRE, RED_FIRE, ORANGE_FIRE, ORANGE_FIRE, BLUE_FIRE, GREEN_FIRE, VIOLET_FIRE)


MIDDLE = np.zeros((SIZE, SIZE), bool)
MIDDLE[6:10, 6:10] = True


# --- helpers: masks


def shrunk(mask):
    """A mask without its rim."""
    return mask & ~rim(mask, 1, 1) & ~rim(mask, -1, -1)


def rim(mask, down, right):
    """The pixels of a mask with nothing above or left of them (1, 1), below or right of them (-1, -1)."""
    return mask & ~(moved(mask, down, 0) & moved(mask, 0, right))


def linked(mask, seed=MIDDLE):
    """The part of a mask that hangs together, edge to edge, with its pixels in the seed (the middle of the tile)."""
    part = mask & seed
    size = -1
    while size != part.sum():
        size = part.sum()
        for step in STEPS:
            part |= moved(part, *step) & mask
    return part


def burst(c, cx, cy, radii, turn=0.0):
    """A polygon around a centre: one corner for each radius, at equal angles, the first one up (+ turn degrees)."""
    step = 2 * math.pi / len(radii)
    angles = [math.radians(turn) + i * step for i in range(len(radii))]
    corners = [(cx + r * math.sin(a), cy - r * math.cos(a)) for r, a in zip(radii, angles, strict=True)]
    return c.polygon(*[(round(x, 6), round(y, 6)) for x, y in corners])


# --- helpers: paint


def bevel(c, mask, ramp, lit=4, base=3, dim=2):
    """A plate: one light rim towards the light, one dark rim away from it."""
    c.paint(mask, ramp, base)
    c.paint(rim(mask, -1, -1), ramp, dim)
    c.paint(rim(mask, 1, 1), ramp, lit)


def plus(c, x, y, ramp, shade, arm=1):
    """An upright cross of the given arm length round a pixel."""
    for i in range(-arm, arm + 1):
        c.dot(x + i, y, ramp, shade)
        c.dot(x, y + i, ramp, shade)


def spark(c, dice, places, ramp, shade, kinds=("dot", "plus", "pair")):
    """A glint at one of the places that are still free of the drawing, outline and all."""
    x, y = dice.pick(places)
    kind = dice.pick(kinds)
    if kind == "plus":
        x, y = min(max(x, 2), 13), min(max(y, 2), 13)
    reach = 2 if kind == "dot" else 3
    if c.filled[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1].any():
        return
    if kind == "plus":
        plus(c, x, y, ramp, shade)
    elif kind == "pair":
        c.dot(x, y, ramp, shade)
        c.dot(x, y + 1 if y < 8 else y - 1, ramp, shade)
    else:
        c.dot(x, y, ramp, shade)


CORNERS = ((2, 2), (13, 2), (2, 13), (13, 13), (2, 4), (13, 4), (2, 11), (13, 11))


# --- the forces


def tongues(c, lean, tips, width, low):
    """A flame: a round foot and pointed tongues, each (x, y) tip on its own root."""
    mask = c.ellipse(8, low - 3.8, width, 3.9)
    for i, (x, y) in enumerate(tips):
        root = 8 + (i - (len(tips) - 1) / 2) * (2 * width / len(tips)) if len(tips) > 1 else 8
        half = width / len(tips) + (0.6 if len(tips) > 1 else -0.05)
        knee = (low - 4 + y) / 2
        mask |= c.polygon(
            (max(root - half, 8 - width), low - 3.2),
            (root - half * 0.9 + (x - root) * 0.15, knee + 0.8),
            (x, y),
            (root + half * 0.8 + (x - root) * 0.35, knee + 0.4),
            (min(root + half, 8 + width), low - 3.2),
        )
    return mask


def flame(dice):
    """One to three tongues over a round foot, in three nested colours."""
    fire = dice.pick(FIRES)
    count = dice.pick((1, 2, 3, 3, 3))
    width = dice.between(4.2, 5.2) if count > 1 else dice.between(3.9, 4.6)
    lean = dice.between(-1.8, 1.8)
    top = dice.between(1.2, 2.2)
    if count == 1:
        tips = [(8 + 1.4 * lean, top)]
    elif count == 2:
        tips = [(6.5 + lean, top), (11.2 + lean * 0.5, dice.between(4, 6))]
    else:
        tips = [
            (4.2 + lean * 0.4, dice.between(3.4, 5.4)),
            (8 + lean, top),
            (11.8 + lean * 0.4, dice.between(3.4, 5.4)),
        ]
    flip = dice.chance(0.5)
    c = Canvas(flip=flip)
    outer = linked(tongues(c, lean, tips, width, 14))
    c.paint(outer, *fire[0])
    middle = tidy(tongues(Canvas(flip=flip, scale=0.66, centre=(8, 12.6)), lean, tips, width, 14)) & shrunk(outer)
    c.paint(middle, *fire[1])
    core = tidy(tongues(Canvas(flip=flip, scale=0.42, centre=(8, 12.6)), lean, tips, width, 14)) & shrunk(middle)
    c.paint(core, *fire[2])
    if count == 1 or dice.chance(0.25):
        spark(c, dice, ((3, 3), (12, 3), (3, 5), (12, 5), (2, 6), (13, 6)), *fire[1], kinds=("dot", "pair"))
    return c.finish()


def ice(dice):
    """A snowflake: eight arms with side branches, alike in every direction."""
    c = Canvas()
    ramp, bright = dice.pick(("ice", "ice", "sky", "blue")), dice.whole(2, 7)
    straight, diagonal = dice.pick((5, 6, 6)), dice.pick((3, 4, 4))
    pixels = {(0, i) for i in range(straight + 1)} | {(i, i) for i in range(1, diagonal + 1)}
    pixels |= dice.pick(({(1, 4)}, {(1, 5)}, {(1, straight)}, {(1, 4), (1, straight)}))
    pixels |= dice.pick((set(), {(diagonal - 1, diagonal)}, {(diagonal, diagonal + 1)}))
    for x, y in sorted(pixels):
        for u, v in ((x, y), (y, x)):
            for across, down in ((u, v), (-u, v), (u, -v), (-u, -v)):
                c.dot(8 + across, 8 + down, ramp, 3 if y < bright else 2)
    if dice.chance(0.5):
        c.dot(8, 8, ramp, 4)
    return c.finish()


def zigzag(c, dice):
    """A lightning bolt: a bar, a step back and a long point."""
    wide, top = dice.between(3.2, 4.4), dice.between(7, 8.8)
    low, jag = dice.between(8, 9.4), dice.between(1.9, 2.9)
    left, right = dice.between(3.2, 4.2), dice.between(12, 13)
    point = dice.between(4.4, 6)
    mask = c.polygon(
        (top, 1.6), (left, low), (6.9, low), (point, 14.4),
        (right, low - jag), (9.3, low - jag), (top + wide + 0.6, 1.6),
    )  # fmt: skip
    # The thin places are drawn over, so that no throw comes apart there.
    return mask | c.stroke((8.1, low - jag), (point + 1.5, 11.6), width=1.4)


def bolt(dice):
    """A jagged flash of lightning, sometimes with glints."""
    ramp = dice.pick(("yellow", "yellow", "yellow", "sky", "purple"))
    flip, lean = dice.chance(0.2), dice.between(-8, 3)
    c = Canvas(
        flip=flip, tilt=-lean if flip else lean, scale=dice.between(0.92, 1.0),
        stretch=(dice.between(0.9, 1.12), 1),
    )  # fmt: skip
    bevel(c, linked(zigzag(c, dice)), ramp)
    for _ in range(dice.pick((0, 0, 0, 1, 2))):
        spark(c, dice, CORNERS, ramp, 4)
    return c.finish()


HEARTS = (  # half the width of every row, from the first row under the lobes; the lobes' rows
    ((6, 6, 6, 5, 4, 3, 2, 1, 0), ((2, 4), (1, 5))),
    ((6, 6, 6, 6, 5, 4, 3, 2, 1, 0), ((2, 4), (1, 5))),
    ((5, 5, 5, 4, 3, 2, 1, 0), ((2, 3), (1, 4))),
    ((5, 5, 5, 5, 4, 3, 2, 1, 0), ((2, 3), (1, 4))),
    ((5, 5, 5, 4, 4, 3, 2, 1, 0), ((2, 4), (1, 5))),
    ((6, 6, 5, 5, 4, 3, 2, 1, 0), ((3, 4), (2, 5), (1, 6))),
    ((6, 6, 6, 6, 6, 5, 4, 3, 2, 1, 0), ((2, 4), (1, 5))),
    ((5, 5, 5, 5, 5, 4, 3, 2, 1, 0), ((2, 3), (1, 4))),
    ((6, 6, 6, 5, 5, 4, 3, 2, 1, 0), ((2, 4), (1, 5))),
    ((5, 5, 5, 5, 4, 3, 2, 1, 0), ((2, 4), (1, 5))),
)  # fmt: skip


def heart(dice):
    """Two lobes and a point, with a shine or a healer's cross, sometimes with glints."""
    c = Canvas()
    ramp = dice.pick(("red", "red", "red", "pink", "magenta"))
    halves, lobes = dice.pick(HEARTS)
    mask = np.zeros((SIZE, SIZE), bool)
    for y, (near, far) in enumerate(lobes):
        for x in range(near, far + 1):
            mask[2 + y, [8 - x, 8 + x]] = True
    for y, half in enumerate(halves):
        mask[2 + len(lobes) + y, 8 - half : 9 + half] = True
    c.paint(mask, ramp, 2)
    c.paint(rim(mask, -1, -1), ramp, 1)
    kind = dice.pick(("shine", "shine", "cross", "both"))
    if kind != "cross":
        c.paint(shrunk(mask) & c.ellipse(5.4, 5.4, dice.between(1.2, 3)), ramp, 3)
        shine = dice.pick(((".w", "w."), ("ww", "w."), (".w", "w.", "w.")))
        c.stamp(8 - max(halves) + 1, 3 + len(lobes) // 2, shine, {"w": (ramp, 4)})
    elif dice.chance(0.6):
        c.paint(shrunk(mask) & c.ellipse(4.6, 5, dice.between(1.2, 2.6)), ramp, 3)
    if kind != "shine":
        plus(c, 8, 6 + len(lobes) // 2, "bone", 4, 2 if kind == "cross" else 1)
    glints = [(x, y) for x in (1, 2, 14) for y in (11, 12, 13)] + [(3, 13), (13, 12), (13, 13)]
    for _ in range(dice.whole(0, 4)):
        spark(c, dice, glints, dice.pick(("green", "yellow")), 3, ("plus", "dot", "pair"))
    return c.finish()


def faceted(c, ramp, mask, cx, cy, points, turn):
    """A cut star: each point is a ridge, one flank in the light, the other one in the shade."""
    x, y = c.x - cx, c.y - cy
    half = math.pi / points
    sector = np.floor(np.round((np.arctan2(x, -y) - math.radians(turn)) / half, 5)).astype(int)
    for k in np.unique(sector[mask]):
        # The flank leans away from the ridge of its point, which is at its start if it is even.
        ridge = (k if k % 2 == 0 else k + 1) * half + math.radians(turn)
        normal = ridge + (1.25 if k % 2 == 0 else -1.25)
        facing = round(-0.6 * math.sin(normal) + 0.8 * math.cos(normal), 6)
        c.paint(mask & (sector == k), ramp, 4 if facing > 0.6 else 3 if facing > -0.2 else 2)


def star(dice):
    """Five points, rarely four or eight: cut like a gem, flat with a rim, or with a face."""
    points = dice.pick((4, 5, 5, 5, 5, 5, 5, 5, 8))
    ramp = dice.pick(("yellow", "yellow", "yellow", "yellow", "sky", "pink", "orange", "purple"))
    turn = dice.pick((0, 0, dice.between(-10, 10))) if points == 5 else 0
    look = dice.pick(("cut", "cut", "flat", "face")) if points == 5 else "flat"
    outer = dice.between(6.4, 7.1)
    low, high = {4: (2.3, 2.7), 5: (3.0, 3.6), 8: (2.5, 2.9)}[points]
    inner = dice.between(low, high) + (0.5 if look == "face" else 0)
    if points != 5:
        outer -= 0.4
    radii = [outer, inner] * points
    if points == 8:
        radii = [outer, inner, outer - 2.2, inner] * 4
    if look == "face":
        turn = 0
    c = Canvas(stretch=(dice.between(0.9, 1.02), 1))
    cx = 8 if look == "face" else 8.5 if points != 5 else dice.pick((8, 8.5))
    cy = 8.6 if points == 5 else cx
    mask = linked(burst(c, cx, cy, radii, turn))
    if look == "cut":
        faceted(c, ramp, mask, cx, cy, points, turn)
    else:
        bevel(c, mask, ramp)
    if look == "face":
        face = dice.pick((("k..k", "k..k"), ("k..k", "k..k", ".kk."), ("k..k", "....", ".kk.")))
        c.stamp(6, 7, face, {"k": (ramp, 0)})
    if points == 4:
        c.paint(c.ellipse(8.5, 8.5, 1.6), ramp, 4)
    for _ in range(dice.pick((0, 1, 1, 2, 3))):
        spark(c, dice, CORNERS, ramp, 4, ("dot", "plus"))
    return c.finish()


def moon(dice):
    """A crescent, with craters or a small star."""
    c = Canvas(tilt=dice.pick((-35, -25, -20, -15, -10, 0, 10)), flip=dice.chance(0.4))
    ramp = dice.pick(("yellow", "yellow", "cream", "ice", "bone"))
    radius, bite = dice.between(5.6, 6.4), dice.between(4.4, 5.2)
    disc = c.ellipse(8, 8, radius)
    mask = disc & ~c.ellipse(8 + dice.between(2.6, 3.6), 8 - dice.between(0, 0.8), bite)
    mask = linked(mask, c.ellipse(9 - radius, 8, 1.5))
    c.paint(mask, ramp, 3)
    c.paint(mask & ~c.ellipse(8.8, 7, radius), ramp, 4)
    c.paint(mask & ~c.ellipse(7.3, 7, radius), ramp, 2)
    for _ in range(dice.whole(0, 2)):
        x, y = dice.pick(((4, 6), (4, 9), (6, 11), (5, 4), (3, 8)))
        if shrunk(mask)[y, x]:
            c.dot(x, y, ramp, 2)
    if dice.chance(0.5):
        places = ((10, 7), (11, 7), (10, 6), (5, 7), (4, 7), (11, 5), (12, 3), (3, 4))
        spark(c, dice, places, "yellow", 4, ("plus", "dot"))
    return c.finish()


SUNS = (  # disc, rays and their shade
    ("yellow", "orange", 2), ("yellow", "orange", 3), ("orange", "yellow", 3), ("yellow", "yellow", 3),
    ("yellow", "yellow", 3), ("yellow", "orange", 3), ("yellow", "yellow", 2),
)  # fmt: skip
FACES = (("k..k", "k..k", "....", ".kk."), ("k..k", "....", "k..k", ".kk."), ("k..k", "....", ".kk.", ".kk."))


def sun(dice):
    """A disc and its rays, pointed or barred, sometimes with a face."""
    c = Canvas()
    ramp, rays, shade = dice.pick(SUNS)
    if dice.chance(0.4):
        radius, near, far = dice.pick(((3.1, 4, 5), (3.1, 4, 6), (3.6, 5, 5), (3.6, 5, 6), (4.1, 5, 6), (4.1, 5, 5)))
        slant, end, bold = near - 1, near - 1 + dice.whole(0, 1), dice.pick((0, 1, 2) if far > near else (0, 1))
        for i in range(near, far + 1):
            thick = (6, 7, 8, 9) if bold == 2 and i == near else (7, 8)
            for j in thick:
                for x, y in ((j, 7 - i), (j, 8 + i), (7 - i, j), (8 + i, j)):
                    c.dot(x, y, rays, shade)
        for i in range(slant, end + 1):
            for x, y in ((7 - i, 7 - i), (8 + i, 7 - i), (7 - i, 8 + i), (8 + i, 8 + i)):
                c.dot(x, y, rays, shade)
                if bold == 1 and i < end:
                    c.dot(x + (1 if x < 8 else -1), y, rays, shade)
                    c.dot(x, y + (1 if y < 8 else -1), rays, shade)
    else:
        radius = dice.between(3.3, 4)
        valley = radius + dice.between(0.1, 0.7)
        long, other = dice.between(6.7, 7.4), dice.between(6.7, 7.5)
        # The same left and right, above and below: that looks calm, the explosion is the uneven one.
        turn, lengths = dice.pick(((22.5, (long, other, other, long) * 2), (0, (long, other) * 4), (22.5, (long,) * 8)))
        turn += dice.pick((0, 0, 3, -3, 5, -5, 8, -8))
        mask = burst(c, 8, 8, [r for length in lengths for r in (length, valley)], turn)
        c.paint(mask, rays, shade)
        c.paint(c.ellipse(8, 8, radius + 0.8) & mask, rays, shade - 1)
    disc = c.ellipse(8, 8, radius)
    c.paint(disc, ramp, 2)
    c.paint(c.ellipse(7.6, 7.6, radius - 0.3) & disc, ramp, 3)
    look = dice.pick(("plain", "shine", "face"))
    if look == "shine":
        c.paint(c.ellipse(6.6, 6.6, dice.between(1.2, 2)) & disc, ramp, 4)
    if look == "plain":
        c.paint(c.ellipse(7.2, 7.2, radius - dice.between(0.8, 1.8)) & disc, ramp, 4)
    if look == "face":
        c.stamp(6, 6, dice.pick(FACES), {"k": (ramp, 0)})
    return c.finish()


STANDS = (  # half the width of every row, from the ball's foot down
    (3, 2, 4), (3, 2, 5), (4, 3, 4), (2, 1, 3, 4), (4, 4, 3, 5), (3, 4, 5), (4, 5, 5), (5, 4, 4), (5, 5, 4),
    (3, 2, 2, 4), (4, 3, 5),
)  # fmt: skip


def orb(dice):
    """A crystal ball with mist or a spark inside, held by prongs on a stand."""
    c = Canvas()
    ramp = dice.pick(("purple", "sky", "teal", "magenta", "blue", "ice", "red"))
    wood = dice.pick(("yellow", "brown", "steel", "chocolate"))
    rows = dice.pick(STANDS)
    radius = dice.pick((4.1, 4.6, 5.1)) if len(rows) == 3 else dice.pick((4.1, 4.6))
    tall = radius * dice.pick((1, 1, 0.92))
    cy = 1.2 + tall
    ball = c.ellipse(8, cy, radius, tall)
    c.paint(ball, ramp, 2)
    c.paint(ball & ~c.ellipse(7.2, cy - 0.9, radius, tall), ramp, 1)
    c.paint(c.ellipse(7.6, cy - 0.3, radius * 0.55), ramp, 3)
    x, y = int(8 - radius * 0.5), int(cy - tall * 0.5)
    c.stamp(x, y, ("ww", "w."), {"w": ("ice", 4)})
    inside = dice.pick(("plain", "star", "mist"))
    if inside == "star":
        plus(c, 8, int(cy) + 1, ramp, 4)
    elif inside == "mist":
        c.stamp(6, int(cy), ("...mm", ".mm..", "m...."), {"m": (ramp, 4)})
    top = round(cy + tall) - 1
    for i, half in enumerate(rows):
        for x in range(8 - half, 8 + half):
            place = (x + 0.5 - 8) / half
            c.dot(x, top + i, wood, 3 if place < -0.3 else 2 if place < 0.45 else 1)
    if dice.chance(0.4):  # feet: the last row is open in the middle
        c.erase(c.box(8 - rows[-1] + 2, top + len(rows) - 1, 8 + rows[-1] - 2, top + len(rows)))
    if radius < 5 and dice.chance(0.5):  # prongs
        rise = dice.whole(1, 3)
        for i in range(rise):
            for side in (-1, 1):
                out = min(rows[0] + (i > 0) + (radius > 4.5 and i > 1), 5)
                c.dot(8 + out if side > 0 else 7 - out, top - i, wood, 1 if side > 0 else 3)
    for _ in range(dice.whole(0, 1)):
        spark(c, dice, ((2, 2), (13, 2), (3, 2), (12, 2), (2, 3), (13, 3)), ramp, 3, ("dot", "plus", "pair"))
    return c.finish()


def wind(dice):
    """A tornado that leans: rings that narrow downwards along a curve, dust at the foot."""
    lean = dice.pick((-1, 1))
    c = Canvas()
    ramp = dice.pick(("steel", "grey", "sky", "tan", "teal"))
    reach, curl = dice.between(1.2, 2.4), dice.between(1.2, 2.2)
    wide, slant = dice.between(5.6, 6.4), lean * dice.between(-9, -3)
    rings = dice.pick((4, 4, 5))
    path = []
    for i in range(rings):
        part = i / (rings - 1)
        x = 8 + lean * (reach * (0.5 - part) * 1.6 + curl * math.sin(3.14 * part) * 0.8 - 0.5)
        half = (wide - 1.3) * (1 - part) ** dice.between(1.1, 1.4) + 1.3
        path.append((round(x, 6), round(2.9 + 9.4 * part, 6), round(half, 6), round(1.5 + 0.5 * (1 - part), 6)))
    dust = dice.pick(((".33...33.", "332222332"), (".33......", "3333.333.", ".222.2222"), ("..33...33", "333222.32")))
    c.stamp(round(path[-1][0]) - 4, 15 - len(dust), dust, {"3": ("cream", 4), "2": ("cream", 3)}, dice.chance(0.5))
    for x, y, half, tall in reversed(path):
        ring = c.ellipse(x, y, half, tall, slant)
        c.paint((ring | moved(ring, 1, 0)) & c.filled, ramp, 1)
        c.paint(ring, ramp, 3)
        c.paint(ring & (c.x < x - 0.35 * half), ramp, 4)
        c.paint(ring & (c.x > x + 0.5 * half), ramp, 2)
    x, y, half, tall = path[0]
    c.paint(c.ellipse(x, y - 0.3, half - 1.4, tall - 1.1, slant), ramp, 1)
    return c.finish()


def leaf(dice):
    """A blade with midrib and veins on a stalk: smooth, toothed or lobed."""
    tilt = dice.pick((-1, 1)) * dice.between(32, 50)
    c = Canvas(tilt=tilt)
    ramp = dice.pick(("green", "green", "lime", "lime", "orange", "red"))
    wide, round_at = dice.between(3.6, 4.8), dice.between(0.42, 0.68)
    kind = dice.pick(("smooth", "smooth", "toothed", "lobed"))
    bend = dice.between(-1.2, 1.2)
    v = (c.y - 0.6) / 11.4  # 0 at the tip, 1 at the stalk
    inside = (v > 0) & (v < 1)
    v = np.clip(v, 0.0001, 0.9999)
    profile = np.where(
        v < round_at, np.sin(v / round_at * math.pi / 2), np.cos((v - round_at) / (1 - round_at) * math.pi / 2)
    )
    half = wide * np.abs(profile) ** 0.8
    if kind == "lobed":
        half = half * (0.95 + 0.24 * np.cos(v * 6 * math.pi))
    elif kind == "toothed":
        half = half * (1.08 - 0.22 * ((v * 4) % 1))
    across = np.round(c.x - 8 - bend * np.sin(v * math.pi), 6)
    mask = tidy(inside & (np.round(np.abs(across) - half, 6) <= 0))
    lit = (across < 0) == (tilt > 0)
    c.paint(mask, ramp, 2)
    c.paint(mask & lit, ramp, 3)
    veins = (np.round((c.y + 0.9 * np.abs(across)) % 3.4, 6) < 1.0) & (np.abs(across) > 0.9)
    c.paint(shrunk(mask) & veins & ~lit, ramp, 1)
    c.paint(rim(mask, 1, 1) & lit, ramp, 4)
    rib = [(8 + bend * math.sin(t * math.pi), 0.6 + 11.4 * t) for t in (0.22, 0.4, 0.6, 0.8, 1.0)]
    c.paint(c.stroke(*rib, (8 - bend * 0.8, 14.6), width=1.05), ramp, 1)
    return c.finish()


EYES = (
    ("kkk", "kkk", ".k."), ("kk.", "kkk", "kkk"), ("kkk", "kkk", "kkk"), (".k.", "kkk", "kkk"),
    ("kkk", "kke", "kkk"), ("k..", "kkk", "kkk"), ("kkk", "kek", "kkk"),
)  # fmt: skip
JAWS = (
    (".bBBBBd.", ".BkBBkd.", ".BkBBkd."), (".bBBBBd.", ".BkBkBd.", ".BkBkBd."), ("bBBBBBBd", "BkBkkBkB", "BkBkkBkB"),
    (".BkBBkd.", ".BkBBkd."), ("BkBkkBkd", "bBBBBBBd", ".bBBBBd."), (".kkkkkk.", ".BkBBkB.", ".bBBBBd."),
    ("bBBBBBBd", ".kkkkkk.", ".bBBBBd."), ("bBBBBBBd", "BkBBkBBd"), (".bBBBBd.", ".BkBBkk.", ".B..B..."),
)  # fmt: skip


def skull(dice):
    """A cranium with dark sockets, a nose and teeth; sometimes cracked, with glowing eyes."""
    c = Canvas()
    bone = dice.pick(("bone", "bone", "bone", "cream", "tan"))
    wide, tall = dice.pick((5.1, 5.6, 6.0, 6.2)), dice.pick((4.0, 4.3, 4.7, 5.0, 5.2))
    middle = 2 + tall
    head = c.ellipse(8, middle, wide, tall)
    if dice.chance(0.3):  # a squarer brow
        head |= c.box(8 - int(wide) + 1, middle - tall * 0.7, 8 + int(wide) - 1, middle)
    cheek = int(wide) - dice.whole(0, 2)
    head |= c.box(8 - cheek, middle, 8 + cheek, middle + tall - dice.pick((0.5, 1.5)))
    c.paint(head, bone, 3)
    c.paint(head & ~c.ellipse(7.4, middle - 0.6, wide, tall + 0.6), bone, 2)
    c.paint(head & c.ellipse(6.4, middle - tall * 0.5, wide * 0.45, tall * 0.28), bone, 4)
    glow = dice.pick((("red", 2), ("lime", 3), ("sky", 3)))
    inks = {"k": ("black", 0), "B": (bone, 3), "b": (bone, 4), "d": (bone, 2), "e": glow}
    eye = dice.pick(EYES)
    top = int(middle) - 1 + (tall > 4.5)
    c.stamp(4, top, eye, inks)
    c.stamp(9, top, eye, inks, flip=True)
    c.stamp(7, top + 3, dice.pick((("kk",), ("kk", "kk"))), inks)
    c.stamp(4, round(middle + tall - 0.5), dice.pick(JAWS), inks)
    if dice.chance(0.25):
        c.stamp(dice.pick((8, 9)), 2, (".c", "c.", ".c"), {"c": (bone, 0)})
    return c.finish()


def comet(dice):
    """A burning ball that falls, its tail of flames streaming behind."""
    fire = dice.pick(FIRES)
    flip, tilt = dice.chance(0.4), dice.between(-10, 10)
    radius = dice.between(3.3, 4.1)
    tips = [(dice.between(7, 9.5), dice.between(1.6, 3)), (dice.between(13.5, 14.8), 1.4), (14.4, dice.between(6, 8.5))]
    extra = dice.chance(0.5)

    c = Canvas(flip=flip, tilt=tilt)

    def shape(size):
        """Ball and tail together, made smaller towards the ball."""
        x, y, r, s = 5.6, 10.4, radius, radius * 0.72
        tail = (
            (x - r, y),
            (x - s, y - s),
            tips[0],
            (x + 2.4, y - 5),
            tips[1],
            (x + 5.2, y - 2.2),
            tips[2],
            (x + s, y + s),
        )
        nearer = [(5.4 + size * (px - 5.4), 10.6 + size * (py - 10.6)) for px, py in (*tail, (x, y + r))]
        return c.ellipse(5.4 + size * 0.2, 10.6 - size * 0.2, r * size) | c.polygon(*nearer)

    outer = linked(shape(1))
    c.paint(outer, *fire[0])
    middle = tidy(shape(0.7)) & shrunk(outer)
    c.paint(middle, *fire[1])
    if dice.chance(0.35):
        rock = c.ellipse(5.3, 10.7, radius * 0.72)
        c.paint(rock, dice.pick(("brown", "grey")), gloss=True)
    else:
        c.paint(c.ellipse(5.2, 10.8, radius * 0.52), *fire[2])
    if extra:
        spark(c, dice, ((2, 3), (13, 3), (3, 4), (12, 4), (13, 12), (2, 12)), *fire[1], kinds=("dot", "pair"))
    return c.finish()


def bomb(dice):
    """A black ball with a cap, a bent fuse and its spark."""
    ramp = dice.pick(("black", "black", "black", "steel", "red", "blue"))
    flip = dice.chance(0.4)
    c = Canvas(flip=flip)
    radius = dice.between(4.4, 5.2)
    cx, cy = 7.2, 14.4 - radius
    rise = dice.between(2.2, 3.2)
    neck = (cx + radius * 0.62, cy - radius * 0.78)
    top = (neck[0] + dice.between(0.4, 1.2), neck[1] - rise * 0.6)
    end = (min(top[0] + dice.between(1, 2.2), 13), max(top[1] - dice.between(-0.4, 0.9), 2.6))
    c.paint(c.stroke(neck, top, end, width=1.05), "tan", 2)
    c.paint(c.ellipse(cx, cy, radius), ramp, 2 if ramp == "black" else 1)
    ball = c.ellipse(cx, cy, radius)
    screen_x = 16 - cx if flip else cx
    lit = Canvas()
    c.paint(ball & ~lit.ellipse(screen_x - 0.9, cy - 0.9, radius), ramp, 1 if ramp == "black" else 0)
    c.paint(lit.ellipse(screen_x - radius * 0.35, cy - radius * 0.35, radius * 0.4), ramp, 3 if ramp == "black" else 2)
    x, y = int(screen_x - radius * 0.5), int(cy - radius * 0.5)
    c.stamp(x, y, dice.pick((("ww", "w."), (".w", "w."), ("ww", "ww"), (".ww", "w..", "w.."))), {"w": ("grey", 4)})
    c.paint(c.ellipse(neck[0] + 0.1, neck[1] + 0.4, 1.4, 1.1, 40), "grey", 2)
    px, py = round((16 - end[0] if flip else end[0]) - 0.5), round(end[1] - 0.5)
    if dice.chance(0.6):
        plus(c, px, py, "orange", 2)
    else:
        c.stamp(px - 1, py - 1, ("o.o", ".o.", "o.o"), {"o": ("orange", 2)})
    c.dot(px, py, "yellow", 4)
    return c.finish()


KINDS = {
    "flame": flame,
    "ice": ice,
    "bolt": bolt,
    "heart": heart,
    "star": star,
    "moon": moon,
    "sun": sun,
    "orb": orb,
    "wind": wind,
    "leaf": leaf,
    "skull": skull,
    "comet": comet,
    "bomb": bomb,
}
