"""Food that grows: fruit and vegetables."""

import numpy as np

from .canvas import Canvas, tidy

# --- parts that several kinds share


def shift(mask, right, down):
    """The mask moved by whole pixels."""
    return np.roll(mask, (down, right), (0, 1))


def around(mask):
    """The pixels that touch the mask from outside."""
    return (shift(mask, 1, 0) | shift(mask, -1, 0) | shift(mask, 0, 1) | shift(mask, 0, -1)) & ~mask


def smooth(mask):
    """The mask without whatever is narrower than three pixels: a round body without warts."""
    core = mask & shift(mask, 1, 0) & shift(mask, -1, 0)
    core &= shift(core, 0, 1) & shift(core, 0, -1)
    core |= shift(core, 1, 0) | shift(core, -1, 0)
    return core | shift(core, 0, 1) | shift(core, 0, -1)


def inside(mask):
    """The mask without its outermost pixels."""
    return mask & ~around(~mask)


def pixel(c, x, y):
    """The pixel on the screen that is nearest to a point of the drawing."""
    far = np.round((c.x - x) ** 2 + (c.y - y) ** 2, 6)
    row, column = divmod(int(np.argmin(far)), far.shape[1])
    return column, row


def limb(c, start, bend, end, widths):
    """A curved tube from start to end, pulled towards bend; widths are spread evenly along it."""
    t = np.linspace(0, 1, 17)[:, None, None]
    x = (1 - t) ** 2 * start[0] + 2 * t * (1 - t) * bend[0] + t**2 * end[0]
    y = (1 - t) ** 2 * start[1] + 2 * t * (1 - t) * bend[1] + t**2 * end[1]
    radius = np.interp(t, np.linspace(0, 1, len(widths)), widths) / 2
    return (np.round((c.x - x) ** 2 + (c.y - y) ** 2 - radius**2, 6) <= 0).any(0)


def tube(c, mask, ramp, base=2):
    """Paint a long thing: a light edge at the upper left, a dark one at the lower right."""
    c.paint(mask, ramp, base)
    c.paint(mask & ~shift(mask, 1, 1), ramp, base + 1)
    c.paint(mask & ~shift(mask, -1, -1), ramp, base - 1)
    return mask


def part(c, mask, ramp, shade=0):
    """Darken what is already there along the mask's border, so that the mask stands out in front."""
    c.paint(around(mask) & c.filled, ramp, shade)
    return mask


def leaf(c, x, y, angle, length=4.0, ramp="green"):
    """A leaf that starts at (x, y) and points away at `angle` degrees clockwise from the right."""
    a = np.radians(angle)
    middle = x + np.cos(a) * length / 2, y + np.sin(a) * length / 2
    mask = c.ellipse(*middle, length / 2, length * 0.27, angle)
    c.paint(part(c, mask, ramp), ramp, light="down")
    return mask


def bite(c, x, y, radius, ramp="cream"):
    """Take a round bite out of what is there and show the flesh along it."""
    hole = c.ellipse(x, y, radius)
    flesh = c.ellipse(x, y, radius + 1.4) & c.filled & ~hole
    c.paint(flesh, ramp, 3)
    c.paint(flesh & around(hole), ramp, 2)
    c.erase(hole)


def calyx(c, left, top, rows, flip=False):
    """A green stamp on top of a fruit, with a dark border on the fruit."""
    mask = np.zeros((16, 16), bool)
    for y, row in enumerate(rows):
        for x, ink in enumerate(reversed(row) if flip else row):
            mask[top + y, left + x] = ink != "."
    part(c, mask, "green")
    c.stamp(left, top, rows, {str(shade): ("green", shade) for shade in range(5)}, flip)


# --- fruit


def apple(dice):
    """Two lobes, a dent, a stalk and a leaf; sometimes a bite is gone."""
    c = Canvas(scale=dice.between(0.96, 1.04))
    skin = dice.pick(["red", "red", "red", "lime", "lime", "yellow"])
    apart, wide, tall = dice.between(1.7, 2.2), dice.between(3.6, 4.1), dice.between(4.7, 5.3)
    turn = dice.between(0, 14)
    body = c.ellipse(8 - apart, 9.4, wide, tall, -turn) | c.ellipse(8 + apart, 9.4, wide, tall, turn)
    body = smooth(body | c.ellipse(8, 10, 3.4, tall - dice.between(0.5, 1)))
    top = int(np.nonzero(body[:, 7])[0][0])
    body[top, 7:9] = False
    c.paint(body, skin, gloss=True)
    c.paint(body & c.box(6, top, 10, top + 2), skin, 1)
    if dice.chance(0.35):
        bite(c, 13.3, dice.between(7.5, 10), dice.between(2.4, 3))
    lean = dice.pick([-1, 1])
    foot = 8 + lean * 0.4
    c.paint(c.stroke((foot, top + 1), (8 + lean * dice.between(0.4, 1.6), top - 2), width=1.1), "brown", 1)
    leaves = dice.pick([0, 1, 1, 1, 2])
    if leaves > 0:
        leaf(c, foot, top - 0.3, 90 - lean * dice.between(100, 125), dice.between(3.6, 4.8))
    if leaves > 1:
        leaf(c, 16 - foot, top - 0.1, 90 + lean * dice.between(105, 125), 3.4)
    return c.finish()


def banana(dice):
    """One curved banana, a bunch that hangs from one stalk, or one half peeled."""
    pose = dice.pick(["one", "one", "bunch", "bunch", "peeled"])
    ramp = "yellow" if pose == "peeled" else dice.pick(["yellow", "yellow", "yellow", "yellow", "lime"])
    c = Canvas(tilt=dice.between(-12, 12), scale=dice.between(0.9, 0.98), flip=dice.chance(0.5))
    if pose == "one":
        fat = dice.between(4.8, 5.8)
        bend = (12.4 + dice.between(-1, 0.6), 13 + dice.between(-1, 0.4))
        tube(c, tidy(limb(c, (12.5, 3.6), bend, (2.4, 11.2), (1.8, fat * 0.9, fat, fat * 0.75, 1.6))), ramp)
        c.paint(c.stroke((12.6, 3.6), (12.2, 1.8), width=1.4), "brown", 1)
        c.paint(c.ellipse(2.3, 11, 1.0), "brown", 1)
    elif pose == "bunch":
        fat = dice.between(3.4, 4.1)
        ends = [(12.8, 11.2), (8.4, 13.2), (3.4, 12)][dice.whole(0, 1) :]
        if dice.chance(0.3):
            ends.append((2, 8.2))
        for x, y in ends:
            x, y = x + dice.between(-0.7, 0.7), y + dice.between(-0.7, 0.7)
            body = limb(c, (10, 3.4), (x * 0.5 + 6.8, y * 0.85 + 0.8), (x, y), (1.8, fat, fat, fat, 1.2))
            tube(c, part(c, tidy(body), ramp), ramp)
            c.paint(c.ellipse(x, y, 0.7), "brown", 1)
        c.paint(c.stroke((9.8, 3.4), (10.3, 1.8), width=1.6), "brown", 2)
    else:
        lean = dice.between(-1, 1)
        c.paint(tidy(limb(c, (8, 10), (8, 6), (8 + lean, 3.2), (4, 4, 4, 3))), "cream")
        if dice.chance(0.4):
            c.erase(c.ellipse(8 + lean + 1.6, 1.6, 2))
        tube(c, tidy(limb(c, (8, 9), (8, 12), (8 - lean, 14.2), (4.6, 4.4, 2.0))), ramp)
        reach = dice.between(0, 1)
        for side, long in ((-1, dice.between(-1, 1)), (1, dice.between(-1, 1))):
            tip = (8 + side * (5 + reach), 10 + long)
            flap = limb(c, (8 + side * 1.2, 8.5), (8 + side * (3.6 + reach), 5), tip, (2.6, 2.6, 1.8))
            tube(c, part(c, tidy(flap), ramp), ramp)
        front = limb(c, (8, 8.4), (8, 9), (8, 11 + reach), (3, 1.6))
        c.paint(part(c, front & c.filled, ramp, 1), ramp, 3)
    return c.finish()


def cherries(dice):
    """Two or three balls on stalks that meet, a leaf."""
    c = Canvas(scale=0.95, flip=dice.chance(0.5))
    ramp = dice.pick(["red", "red", "red", "red", "magenta"])
    size = dice.between(2.9, 3.4)
    meet = dice.between(8.5, 11), dice.between(2.2, 3)
    balls = [(4.4 + dice.between(-0.4, 0.4), 10.4 + dice.between(-0.8, 1)), (11.2, 11.4 + dice.between(-0.8, 0.8))]
    if dice.chance(0.2):
        size, balls = 2.4, [(3.6, 9.6 + dice.between(-0.6, 0.6)), (12.2, 10.2 + dice.between(-0.6, 0.6)), (8, 11.8)]
    for x, y in balls:
        c.paint(limb(c, (x, y - size), (x + (meet[0] - x) * 0.3, meet[1] + 2.4), meet, (1, 1)), "green", 2)
    leaves = dice.pick([0, 1, 1, 2])
    if leaves > 0:
        leaf(c, meet[0], meet[1], dice.between(5, 30), dice.between(4, 5))
    if leaves > 1 or leaves == 0:
        leaf(c, meet[0], meet[1], dice.between(160, 190), dice.between(4, 5.4))
    for x, y in balls:
        c.paint(part(c, smooth(c.ellipse(x, y, size)), ramp), ramp, gloss=True)
    return c.finish()


BERRY = (".33.", "3432", "2221", ".11.")
BUNCHES = (  # for each row of berries, from the top, how far right each of them sits
    ((0, 4, 8), (2, 6), (4,)),
    ((2, 6), (0, 4, 8), (2, 6), (4,)),
    ((0, 4, 8), (2, 6), (3,)),
    ((2, 6), (0, 4, 8), (3, 7), (5,)),
    ((0, 4, 8), (2, 6), (5,)),
)
STALKS = ((".2", ".2", "2."), ("2.", ".2", ".2"), ("22", ".2"), (".2", ".2"), ("32", ".2", ".2"))
GRAPE_LEAVES = (  # from the stalk to the left
    (".33...", "333332", ".22221"),
    ("..33..", "333322", "222221", ".2.2.."),
    ("33.33.", "333322", ".22221", "..1..."),
    (".333..", "333332", "22222.", ".21..."),
)


def grapes(dice):
    """A bunch of round berries that hangs down to a point, a stalk, one leaf on top."""
    c = Canvas()
    ramp = dice.pick(["purple", "purple", "magenta", "lime", "blue"])
    inks = {str(shade): (ramp, shade) for shade in range(5)}
    bunch, mirrored = dice.pick(BUNCHES), dice.chance(0.5)
    top = 5 if len(bunch) == 3 else 2
    for row, lefts in enumerate(bunch):
        for left in lefts:
            c.stamp(10 - left if mirrored else left + 2, top + 3 * row, BERRY, inks)
    brown, green = ({str(shade): (name, shade) for shade in range(5)} for name in ("brown", "green"))
    stalk, bent = dice.pick(STALKS), dice.chance(0.5)
    rows, flip = dice.pick(GRAPE_LEAVES), dice.chance(0.5)
    leaf_at, low = 8 if flip else 2, max(top - 2, 1)
    over = Canvas()
    over.stamp(leaf_at, low, rows, green, flip)
    part(c, over.filled, "green")
    c.stamp(leaf_at, low, rows, green, flip)
    c.stamp(7, max(top - len(stalk), 1), stalk, brown, bent)
    return c.finish()


STRAWBERRY_CROWNS = (
    (".....3....", ".3...2..3.", "3333222221", "..2.32.1..", "....2....."),
    ("....32....", "..33.2.2..", ".33222221.", "33.2.22.11", "...2..1..."),
    ("..........", "3..3..2..2", ".333322221", "..3222221.", "..2..2.1.."),
    (".....2....", "....2.....", ".33332221.", "3..322..21", "...2..1..."),
)


def strawberry(dice):
    """A red cone with seeds under a green crown of leaves."""
    c = Canvas(tilt=dice.between(-14, 14), scale=dice.between(0.95, 1.04), centre=(8, 4))
    ramp = dice.pick(["red", "red", "red", "red", "red", "pink"])
    wide, long = dice.between(8.8, 10.4), dice.between(12.4, 13.4)
    body = limb(c, (8, 6.4), (8, 8), (8, long), (wide, wide, wide * 0.8, wide * 0.6, 2.6))
    body = smooth((body | c.ellipse(8, 6.6, wide / 2 + 0.4, 3)) & c.box(0, 3.4, 16, 16))
    c.paint(body, ramp)
    inner = inside(body)
    rows = dice.pick(
        [
            ((4.6, 8), (8, 8.6), (11.4, 8), (6.2, 10.4), (9.8, 10.4), (8, 12.2)),
            ((6.2, 8), (9.8, 8), (4.6, 9.6), (8, 10.2), (11.2, 9.6), (6.8, 12), (9.4, 12)),
        ]
    )
    for x, y in rows:
        x, y = pixel(c, x, y)
        if inner[y, x]:
            c.dot(x, y, "yellow", 3)
    calyx(c, 3, 1, dice.pick(STRAWBERRY_CROWNS), dice.chance(0.5))
    return c.finish()


def watermelon(dice):
    """A slice: red flesh with seeds on a green rind, half a disc or a wedge; sometimes bitten."""
    flesh, rind = "red", dice.pick(["green", "green", "lime"])
    wedge = dice.chance(0.5)
    if wedge:
        c = Canvas(tilt=dice.between(-12, 12), scale=dice.between(0.95, 1.03))
        half = dice.between(5.6, 6.6)
        cut = c.polygon((8, 1.5), (8 + half * 1.18, 16), (8 - half * 1.18, 16))
        discs = [c.ellipse(8, 1.5, radius) for radius in (12.4, 11.1, 10.1)]
        seeds = dice.pick(
            [
                ((8, 5.4), (6.4, 8), (9.6, 8), (4.8, 10), (8, 10.2), (11.2, 10)),
                ((8, 6.4), (6, 9.4), (10, 9.4)),
                ((8, 4.6), (8, 7.6), (5.6, 9.4), (10.4, 9.4)),
            ]
        )
    else:
        c = Canvas(tilt=dice.pick([-1, 1]) * dice.between(0, 25), scale=dice.between(0.96, 1.04))
        cut = c.box(0, 5, 16, 16)
        deep = dice.between(1.05, 1.3)
        discs = [c.ellipse(8, 5, radius, radius * deep) for radius in (6.7, 5.6, 4.8)]
        seeds = dice.pick(
            [
                ((5, 7), (8, 7.4), (11, 7), (6.6, 9.2), (9.4, 9.2)),
                ((5.4, 6.8), (8, 8.6), (10.6, 6.8)),
                ((6.4, 7), (9.6, 7), (8, 9)),
            ]
        )
    whole = tidy(smooth(discs[0]) & cut)
    c.paint(whole, rind, 2)
    c.paint(whole & ~shift(whole, 0, -1), rind, 1)
    c.paint(discs[1] & whole, "lime", 4)
    red = discs[2] & whole
    c.paint(red, flesh, 2)
    c.paint(red & ~shift(red, 1, 1), flesh, 3)
    if dice.chance(0.35):
        at = (8 + dice.between(-1, 1), 1.5) if wedge else (8 + dice.between(-3, 3), 4.2)
        c.erase(c.ellipse(*at, dice.between(1.8, 2.5)))
    middle = inside(red & c.filled)
    for x, y in seeds:
        x, y = pixel(c, x, y)
        if middle[y, x]:
            c.dot(x, y, "black", 1)
    return c.finish()


def pear(dice):
    """A small ball on a big one, a stalk and a leaf."""
    c = Canvas(tilt=dice.between(-15, 15), scale=dice.between(0.92, 1), centre=(8, 9))
    skin = dice.pick(["lime", "lime", "yellow", "tan"])
    belly, neck = dice.between(4.4, 5.2), dice.between(3.8, 4.8)
    body = c.ellipse(8, 10.4, belly, 3.9) | limb(c, (8, 5.6), (8, 6.4), (8, 9.7), (neck, neck + 0.6, neck + 3))
    c.paint(smooth(body), skin, gloss=True)
    if dice.chance(0.2):
        bite(c, 13, dice.between(9, 10.2), dice.between(2.2, 2.7))
    c.paint(c.stroke((8, 4), (8 + dice.between(-1.2, 1.2), 1.9), width=1.1), "brown", 1)
    if dice.chance(0.7):
        leaf(c, 8.3, 3.4, dice.pick([0, 180]) + dice.between(-20, 20), dice.between(3.6, 4.8))
    return c.finish()


def pineapple(dice):
    """A golden barrel with a diamond pattern under a crown of spikes."""
    c = Canvas(tilt=dice.between(-12, 12), scale=dice.between(0.94, 1.0))
    ramp = dice.pick(["yellow", "yellow", "yellow", "orange"])
    wide = dice.between(3.8, 4.9)
    spikes = dice.pick([(-60, -30, 0, 30, 60), (-50, 0, 50), (-70, -35, 0, 35, 70), (-45, -15, 15, 45)])
    for angle in sorted(spikes, key=abs, reverse=True):
        a, long = np.radians(angle + dice.between(-6, 6)), dice.between(4, 5)
        tip = (8 + long * np.sin(a), 6.4 - long * np.cos(a))
        spike = limb(c, (8, 6.6), ((8 + tip[0]) / 2, 4), tip, (2.2, 1.8, 0.9))
        tube(c, part(c, spike, "green", 1), "green", 3 if abs(angle) < 20 else 2)
    body = smooth(c.ellipse(8, 10, wide, 4.6))
    c.paint(part(c, body, ramp), ramp)
    x, y = np.mgrid[0:16, 0:16][::-1]
    step = dice.whole(0, 3)
    c.paint(body & (((x + y + step) % 4 == 0) | ((x - y + step) % 4 == 0)), ramp, 1)
    return c.finish()


# --- vegetables


def carrot(dice):
    """An orange cone on the slant with rings, and feathery green leaves."""
    c = Canvas(tilt=dice.between(-16, 16), scale=dice.between(0.9, 0.96), flip=dice.chance(0.5))
    for angle in dice.pick([(-85, -5, -45), (-75, -20), (-95, 5, -60, -30)]):
        a, long = np.radians(angle + dice.between(-6, 6)), dice.between(4.2, 5.2)
        tip = (9.6 + long * np.cos(a), 6.4 + long * np.sin(a))
        frond = limb(c, (9.6, 6.4), ((9.6 + tip[0]) / 2, (6.4 + tip[1]) / 2), tip, (1.2, 2.2, 2))
        tube(c, part(c, tidy(frond), "green"), "green")
    thick = dice.between(4.6, 6)
    bend = dice.between(-1, 1)
    body = tidy(limb(c, (9, 7), (7 + bend, 9.5 + bend), (2.2, 13.8), (thick, thick * 0.9, thick * 0.55, 1.2)))
    tube(c, part(c, body, "orange"), "orange")
    for k in range(dice.whole(2, 3)):
        x, y = 8.6 - 1.8 * k + dice.between(-0.4, 0.4), 7.2 + 1.8 * k
        side = 1 if k % 2 else -1
        ring = c.stroke((x + side * 0.4, y + side * 0.4), (x + side * 3, y + side * 3), width=0.9)
        c.paint(ring & body, "orange", 1)
    return c.finish()


def aubergine(dice):
    """A dark purple club, bent a little, under a green cap."""
    c = Canvas(tilt=dice.between(-18, 14), scale=dice.between(0.9, 0.97), flip=dice.chance(0.5))
    ramp = dice.pick(["purple", "purple", "purple", "magenta"])
    thick = dice.between(5.8, 7)
    bend = (10 + dice.between(-1.2, 1), 9.4 + dice.between(-1, 1.2))
    body = smooth(limb(c, (11.6, 4.6), bend, (5, 10.8), (4.2, 4.4, thick * 0.85, thick, thick)))
    tube(c, body, ramp, 1)
    inner = body & shift(body, 1, 1)
    c.paint(inner & ~shift(inner, 1, 1), ramp, 2)
    x, y = pixel(c, 5.2, 10.6)
    for step in (-1, 0, 1)[dice.whole(0, 1) :]:
        c.dot(x - 1 - step, y - 1 + step, ramp, 4 if step == 0 else 3)
    cap = c.ellipse(12, 4.2, 2.2, 1.2, 45)
    for x, y in dice.pick([((9.8, 4.4), (11.8, 6.4)), ((9.6, 3.8), (10.8, 5.4), (12.2, 6.6)), ((10.4, 5.8),)]):
        cap |= limb(c, (11.6, 4.4), (11.6, 4.4), (x, y), (1.8, 1.4))
    tube(c, part(c, cap, "green"), "green")
    c.paint(c.stroke((12.2, 4), (13.6, 2.4), width=1.3), "green", 3)
    return c.finish()


def corn(dice):
    """A cob with rows of kernels between husk leaves."""
    c = Canvas(tilt=dice.between(-18, 18), scale=dice.between(0.95, 1))
    wide, top = dice.between(5.2, 6.2), dice.between(2.8, 3.8)
    cob = smooth(limb(c, (8, 12), (8, 8), (8, top), (wide, wide, wide, wide * 0.55)))
    x, y = np.mgrid[0:16, 0:16][::-1]
    c.paint(cob, "yellow")
    c.paint(cob & (x % 2 == 0) & (y % 2 == 0), "yellow", 1)
    out, low = dice.between(4.6, 6.4), dice.between(8, 10)
    for side in dice.pick([(-1, 1), (1, -1)]):
        tip = (8 + side * out, low + dice.between(-1, 1))
        husk = limb(c, (8, 14), (8 + side * 2.4, 13.2), tip, (2.4, 3, 2.4, 1))
        tube(c, part(c, tidy(husk), "green"), "green")
    if dice.chance(0.35):
        middle = limb(c, (8, 14), (8, 13), (8 + dice.between(-1, 1), 11), (2.8, 2.8, 1.2))
        tube(c, part(c, middle, "green"), "green")
    c.paint(c.stroke((8, 13.6), (8, 14.2), width=1.8), "green", 1)
    return c.finish()


def chili(dice):
    """A thin curved pepper that ends in a point, with a green cap and stalk."""
    c = Canvas(tilt=dice.between(-14, 16), scale=dice.between(0.93, 0.99), flip=dice.chance(0.5))
    ramp = dice.pick(["red", "red", "red", "orange", "lime"])
    thick = dice.between(3.6, 4.8)
    bend = (11.5 + dice.between(-1, 1), 12 + dice.between(-1, 1))
    body = tidy(limb(c, (11, 5.4), bend, (2.4, 12.6 + dice.between(-1.5, 1)), (thick, thick, thick * 0.75, 0.9)))
    tube(c, body, ramp)
    tube(c, part(c, c.ellipse(11, 4.8, thick / 2, 1.2), "green"), "green")
    c.paint(limb(c, (11, 4.4), (11, 2.6), (12.8, 2), (1.3, 1.3)), "green", 2)
    return c.finish()


KINDS = {
    "apple": apple,
    "banana": banana,
    "cherries": cherries,
    "grapes": grapes,
    "strawberry": strawberry,
    "watermelon": watermelon,
    "pear": pear,
    "pineapple": pineapple,
    "carrot": carrot,
    "aubergine": aubergine,
    "corn": corn,
    "chili": chili,
}
