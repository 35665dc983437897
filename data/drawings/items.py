"""Things of magic and adventure: what the icon bar of a mage shows."""

import numpy as np

from .canvas import RAMPS, SIZE, Canvas

GEMS = ["red", "green", "sky", "purple", "magenta", "orange", "teal", "blue"]
METALS = ["yellow", "yellow", "steel", "orange"]

# Signs of odd width, so that they sit in the middle of things of odd width.
EMBLEMS = {
    "star": ("..#..", "#####", ".###.", "##.##"),
    "moon": (".###.", "##...", "##...", "##..#", ".###."),
    "diamond": ("..#..", ".###.", "#####", ".###.", "..#.."),
    "cross": ("..#..", "..#..", "#####", "..#..", "..#.."),
    "heart": ("##.##", "#####", ".###.", "..#.."),
    "bolt": ("..##.", ".##..", "####.", "..##.", ".##.."),
}

# Cut stones, each character a shade.
JEWELS = {
    "round": (".333.", "34322", "33222", "32221", ".211."),
    "diamond": ("..3..", ".332.", "34321", ".221.", "..1.."),
    "square": ("33332", "34321", "33221", "32221", "21111"),
    "heart": (".3.2.", "34321", "33221", ".221.", "..1.."),
    "drop": ("..3..", ".332.", "34321", "33221", ".211."),
    "hexagon": (".332.", "34321", "33221", "33221", ".211."),
}


def shaded(c, left, top, rows, ramp, flip=False):
    """A stamp whose characters are shades of one ramp."""
    c.stamp(left, top, rows, {str(shade): (ramp, shade) for shade in range(5)}, flip)


def emblem(c, centre, middle, name, ramp, shade):
    """An emblem about a middle pixel."""
    rows = EMBLEMS[name]
    c.stamp(centre - len(rows[0]) // 2, middle - len(rows) // 2, rows, {"#": (ramp, shade)})


def stack(top, widths):
    """The mask of centred rows of the given widths, one below the other: bottles, bells, shields."""
    mask = np.zeros((SIZE, SIZE), bool)
    for y, width in enumerate(widths, top):
        left = (SIZE - width) // 2
        mask[y, left : left + width] = True
    return mask


def rectangle(left, top, right, bottom):
    """The mask of whole pixels, all four sides included."""
    mask = np.zeros((SIZE, SIZE), bool)
    mask[top : bottom + 1, left : right + 1] = True
    return mask


def core(mask):
    """The mask without its outermost pixels."""
    padded = np.pad(mask, 1)
    return mask & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]


def odd(value):
    """The odd whole number nearest to a value, at least 1."""
    return max(1, 2 * int(round(value, 6) // 2) + 1)


def bulge(width, height, power=2.0):
    """Odd row widths of a round belly; a higher power makes it squarer."""
    across = [abs(2 * (y + 0.5) / height - 1) for y in range(height)]
    return [odd(width * (1 - t**power) ** (1 / power)) for t in across]


def slope(first, last, height):
    """Odd row widths that go evenly from first to last."""
    return [odd(first + (last - first) * y / max(1, height - 1)) for y in range(height)]


class Rod:
    """A long thing in cells (along, across): upright, or leaning by 45 degrees, where the cells tile without gaps.

    A leaning cell is 1.4 pixels long and 0.7 pixels across, so a leaning thing has fewer cells along, more across.
    """

    def __init__(self, c, leaning, flip=False):
        self.c, self.leaning, self.flip = c, leaning, flip

    def cell(self, along, across):
        """The pixel of a cell; along grows from the top (right) end down."""
        if self.leaning:
            x, y = 13 - along + across // 2, 2 + along + (across + 1) // 2
        else:
            x, y = 7 + across, 1 + along
        return (15 - x if self.flip else x), y

    def row(self, along, half, ramp, shade=None, shades=(3, 2, 1)):
        """Cells from -half to half: light, middle and dark, or all of one shade."""
        for across in range(-half, half + 1):
            side = 0 if across < 0 else 1 if across == 0 else 2
            x, y = self.cell(along, across)
            self.c.dot(x, y, ramp, shades[side] if shade is None else shade)


def scroll(dice):
    """A sheet of parchment with writing between two rolls, or rolled up with a ribbon."""
    c = Canvas()
    paper = dice.pick(["tan", "cream", "tan"])
    if dice.chance(0.15):
        return rolled(dice, c, paper)
    turned = dice.chance(0.35)
    width, height = dice.pick([7, 9, 9]), dice.whole(6 if turned else 4, 7)
    thick, over = dice.whole(2, 3), dice.whole(1, 2)
    top = 8 - (height + 2 * thick) // 2
    sheet = stack(top + thick, [width] * height)
    rolls = [stack(at, [width + 2 * over] * thick) for at in (top, top + thick + height)]
    knobs = [stack(at, [width + 2 * over + 2] * (thick - 1)) for at in (top + 1, top + thick + height)]
    knob = dice.pick(["red", "brown", "yellow", "blue", "purple"]) if dice.chance(0.6) else None
    c.paint(sheet.T if turned else sheet, paper, 3)
    for roll, ends in zip(rolls, knobs, strict=True):
        if knob and over == 1:
            c.paint(ends.T if turned else ends, knob, 2)
        c.paint(roll.T if turned else roll, paper, light="right" if turned else "down")
    writing(dice, c, sheet.T if turned else sheet)
    return c.finish()


def rolled(dice, c, paper):
    """The scroll rolled up and tied: its end shows the turns of the roll."""
    rod, ribbon = Rod(c, True, dice.chance(0.5)), dice.pick(["red", "blue", "purple", "green"])
    half, length = dice.whole(3, 4), dice.whole(8, 9)
    start = (12 - length) // 2
    tie = start + length // 2 - 1 + dice.whole(0, 1)
    for along in range(start, start + length):
        rod.row(along, half, ribbon if tie <= along <= tie + 1 else paper)
    rod.row(start, half, paper, 4)
    rod.row(start, half - 2, "brown", 1)
    rod.row(tie + dice.whole(0, 1), 1, dice.pick(["yellow", "orange"]), 3)
    return c.finish()


def writing(dice, c, sheet):
    """Lines of ink, or a sign, inside a sheet."""
    rows, columns = np.nonzero(sheet.any(1))[0], np.nonzero(sheet.any(0))[0]
    ink = dice.pick([("brown", 1), ("brown", 1), ("blue", 1), ("red", 1)])
    if min(len(rows), len(columns)) >= 6 and dice.chance(0.4):
        name = dice.pick(list(EMBLEMS))
        emblem(c, int(columns[len(columns) // 2]), int(rows[len(rows) // 2]), name, *ink)
        return
    for y in range(rows[0] + 1, rows[-1] + 1, 2):
        right = columns[-1] - 1 - dice.whole(0, 2)
        c.paint(rectangle(columns[0] + 1, y, right, y), *ink)


def book(dice):
    """A closed spell book with an emblem and a clasp, or an open one."""
    c = Canvas()
    cover = dice.pick(["red", "blue", "purple", "green", "brown", "teal", "magenta", "black"])
    if dice.chance(0.35):
        return open_book(dice, c, cover)
    width, height = dice.whole(9, 11), dice.whole(9, 11)
    left, top, metal = 2, 1, dice.pick(["yellow", "yellow", "steel"])
    right, bottom = left + width - 1, top + height - 1
    edge = dice.whole(1, 2)
    c.paint(rectangle(left + 1, bottom + 1, right, bottom + edge), "cream", 3)  # the pages, seen from below
    c.paint(rectangle(left + 2, bottom + edge, right, bottom + edge), "cream", 1)
    c.paint(rectangle(left, bottom + edge + 1, right, bottom + edge + 1), cover, 1)
    c.paint(rectangle(left, top, right, bottom), cover, 2)
    c.paint(rectangle(left, top, right, top), cover, 3)
    c.paint(rectangle(left, top + 1, left, bottom + edge), cover, 3)
    c.paint(rectangle(left + 1, top, left + 1, bottom), cover, 1)
    mounted = dice.chance(0.4)
    if mounted:
        corners = ((right, top), (right - 1, top), (right, top + 1))
        for x, y in corners + tuple((x, bottom - (y - top)) for x, y in corners):
            c.dot(x, y, metal, 3 if y < 8 else 2)
    middle, centre = (top + bottom) // 2, left + (width + 1) // 2
    if dice.chance(0.5):  # a clasp
        c.paint(rectangle(right - 1, middle, right + 1, middle + 1), metal, 3)
        c.paint(rectangle(right, middle + 1, right + 1, middle + 1), metal, 1)
        centre -= width % 2
    if not mounted and dice.chance(0.4):
        stone = dice.pick([stone for stone in GEMS if stone != cover])
        shaded(c, centre - 2, middle - 2, JEWELS[dice.pick(list(JEWELS))], stone)
    else:
        emblem(c, centre, middle, dice.pick(list(EMBLEMS)), metal, 3)
    if dice.chance(0.4):
        mark = right - dice.whole(1, 3)
        ribbon = rectangle(mark - 1, bottom + 1, mark, min(14, bottom + edge + dice.whole(1, 2)))
        c.paint(ribbon, dice.pick(["red", "yellow"]), 2)
    return c.finish()


def open_book(dice, c, cover):
    """Two pages with lines that meet in a dark fold, the cover peeping out below."""
    half, height, sag = dice.whole(5, 6), dice.whole(8, 10), dice.whole(1, 2)
    ink = dice.pick([("brown", 2), ("blue", 2), ("purple", 2), ("red", 2)])
    sign = dice.pick(list(EMBLEMS)) if half == 6 and dice.chance(0.7) else None
    top, wide = 2, 13 if half == 6 else dice.pick([11, 13])
    bottom = top + height
    c.paint(stack(top + 2, [wide] * (height + dice.whole(0, 1))), cover, light="right")
    for side in (-1, 1):
        for i in range(half + 1):  # from the fold outwards
            x, first = 7 + side * i, top + (sag if i == 0 else 0 if 1 < i < half - 1 else sag - 1)
            c.paint(rectangle(x, first, x, bottom), "cream", 1 if i == 0 else 3)
            c.paint(rectangle(x, bottom, x, bottom), "cream", 1 if i > 1 else 0)
        if side == 1 and sign:
            emblem(c, 10, top + height // 2, sign, *ink)
            continue
        near, far = 2, half - 1
        for y in range(top + 2, bottom - 1, 2):
            short = dice.chance(0.3)
            left, right = (7 - far, 7 - near - short) if side == -1 else (7 + near, 7 + far - short)
            c.paint(rectangle(left, y, right, y), *ink)
    if dice.chance(0.5):
        x = dice.pick([7, 4, 10])
        c.paint(rectangle(x, bottom, x, min(14, bottom + dice.whole(2, 3))), "red" if cover != "red" else "yellow", 2)
    return c.finish()


def potion(dice):
    """A flask of glass with a cork, filled with a bright liquid."""
    c = Canvas()
    brew, shape = dice.pick([*GEMS, "lime", "pink"]), dice.pick(["round", "round", "cone", "square", "drop"])
    if shape == "round":
        belly = bulge(dice.pick([9, 11, 11]), dice.whole(8, 9), dice.pick([2.0, 2.3]))
    elif shape == "cone":
        width = dice.pick([9, 11, 13])
        belly = [*slope(3, width, dice.whole(7, 8)), width - 2]
    elif shape == "square":
        width = dice.pick([7, 9])
        belly = [width - 2] + [width] * dice.whole(6, 7) + [width - 2]
    else:
        width = dice.pick([9, 11])
        belly = [5, *slope(5, width, 4), *bulge(width, 6)[3:]]
    neck, narrow = dice.whole(1, 2), 3 if shape != "square" else dice.pick([3, 5])
    cork = dice.whole(1, 2)
    top = 1
    c.paint(stack(top, [narrow] * cork), dice.pick(["brown", "tan", "brown"]), light="right")
    c.paint(stack(top + cork, [narrow + 2]), "ice", 3)
    c.paint(stack(top + cork + 1, [narrow] * neck), "ice", 2)
    start = top + cork + 1 + neck
    glass = stack(start, belly)
    c.paint(glass, "ice", 3)
    level = dice.whole(0, 3)
    liquid = glass.copy()
    liquid[: start + level] = False
    c.paint(liquid, brew, light="round")
    surface = liquid.copy()
    surface[start + level + 1 :] = False
    if level:
        c.paint(surface, brew, 4)
    left = int(np.nonzero(glass[start + 4])[0][0])
    c.paint(rectangle(left + 1, start + 3, left + 1, start + 4 + dice.whole(0, 1)), brew, 4)
    if dice.chance(0.5):
        c.dot(7 + dice.whole(-1, 2), start + len(belly) - 3, brew, 4)
        c.dot(7 + dice.whole(0, 2), start + len(belly) - 5, brew, 4)
    elif dice.chance(0.5) and len(belly) > 7:
        c.paint(stack(start + 4, [5, 5, 5][: dice.whole(2, 3)]), "cream", 3)
    if dice.chance(0.25):
        c.paint(stack(start - 1, [narrow + 2]), dice.pick(["red", "yellow"]), 2)
    return c.finish()


TIPS = {
    "star": ("...3...", "...3...", "3343322", ".33322.", "..322..", ".32.21.", ".2...1."),
    "big star": (
        "....3....",
        "....3....",
        "...332...",
        "333432222",
        ".3333222.",
        "..33222..",
        "..32221..",
        ".332.221.",
        ".2.....1.",
    ),
    "spark": ("...3...", "...3...", "..332..", "3343221", "..322..", "...2...", "...1..."),
    "sun": ("..3.3..", "3.333.2", ".34322.", "3333221", ".33221.", "2.221.1", "..2.1.."),
    "heart": (".33.22.", "3433222", "3332221", ".32221.", "..221..", "...1..."),
}


def wand(dice):
    """A leaning stick with a star or a heart at its tip, or a conjurer's black and white one, among sparks."""
    c = Canvas()
    flip = dice.chance(0.4)
    tip = dice.pick(["yellow", "yellow", "sky", "pink", "lime", "magenta", "orange"])
    kind = dice.pick(["star", "star", "big star", "big star", "spark", "heart", "conjurer"])
    rod, length = Rod(c, True, flip), dice.whole(9 + (kind == "big star"), 11) if kind != "conjurer" else 11
    stick = dice.pick(["brown", "purple", "blue", "chocolate", "red", "black"]) if kind != "conjurer" else "black"
    for along in range(3, length + 1):
        rod.row(along, 1, stick)
    if kind == "conjurer":
        for along in (0, 1, 2, length, length - 1, length - 2):
            rod.row(along, 1, "bone", shades=(4, 3, 2))
    elif dice.chance(0.4):
        rod.row(length, 1, dice.pick(["yellow", "steel"]), 2)
    if dice.chance(0.3) and kind != "conjurer":
        rod.row(length, 2, dice.pick(["yellow", "steel"]), 2)
    if kind != "conjurer":
        rows = TIPS[kind]
        big = kind == "big star"
        centre = 5 - (not big) if flip else 10 + (not big)
        shaded(c, centre - len(rows[0]) // 2, 4 + big - len(rows) // 2, rows, tip)
    sparks = []
    places = (
        ((2, 2), (4, 5), (13, 10), (10, 12), (6, 1)) if kind == "conjurer" else ((2, 3), (4, 1), (13, 11), (10, 13))
    )
    for x, y in places:
        if dice.chance(0.45):
            sparks.append((15 - x if flip else x, y))
    picture = c.finish(centred=False)
    for x, y in sparks:
        spark(picture, x, y, tip)
    return picture


def spark(picture, x, y, ramp):
    """A little four-pointed spark on a finished picture, where there is room for it."""
    cross = [(x, y), (x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)]
    if all((picture[max(0, b - 1) : b + 2, max(0, a - 1) : a + 2] == 255).all() for a, b in cross):
        for a, b in cross[1:]:
            picture[b, a] = RAMPS[ramp][2]
        picture[y, x] = RAMPS[ramp][3]


def ring(dice):
    """A band of metal with a jewel on top."""
    c = Canvas()
    metal = dice.pick(METALS)
    stone = dice.pick([stone for stone in GEMS if stone != metal])
    width, height = dice.pick([11, 11, 13]), dice.whole(9, 10)
    top = 14 - height
    sides, below = dice.whole(1, 2), dice.whole(1, 2)
    power = dice.pick([2.0, 2.3])
    outer = stack(top, bulge(width, height, power))
    inner = stack(top + 1, bulge(width - 2 * sides, height - 1 - below, power))
    c.paint(outer & ~inner, metal, light="round")
    c.paint(rectangle(7 - width // 2, top + 3, 7 - width // 2, top + 4), metal, 4)
    setting = dice.pick([5, 7, 7, 9])
    c.paint(stack(top, [setting, setting - 2]), metal, 3)
    rows = JEWELS[dice.pick(list(JEWELS))]
    at = max(1, top - len(rows) + 1 + dice.whole(0, 1))
    c.paint(stack(at + len(rows) - 1, [5]), metal, 2)
    shaded(c, 5, at, rows, stone)
    if dice.chance(0.35):
        for x, shade in ((4, 3), (10, 2)):
            c.paint(rectangle(x, at + 2, x, top), metal, shade)
    return c.finish()


def gem(dice):
    """A big cut stone: a brilliant from the side, a step cut from above, or a crystal."""
    c = Canvas()
    stone = dice.pick([*GEMS, "ice", "pink", "lime", "yellow"])
    cut = dice.pick([brilliant, brilliant, brilliant, brilliant, step_cut, step_cut, crystal])
    if cut is step_cut and stone in ("yellow", "orange"):  # which would be a coin
        stone = "green"
    cut(dice, c, stone)
    return c.finish()


def brilliant(dice, c, stone):
    """A flat table, a slanting crown and facets that run down to a point."""
    width, crown, table = dice.pick([11, 13, 13]), dice.whole(2, 4), dice.pick([5, 7, 7, 9])
    table = min(table, width - 4)
    steep = dice.whole(0, 2)
    upper = stack(2, slope(table, width, crown))
    down = [width] * steep + list(range(width - 2, 0, -2))
    lower = stack(2 + crown, down)
    girdle, end = 2 + crown, 2 + crown + len(down)
    inner = dice.pick([2.5, 3.5]) if width == 13 else 2.5
    c.paint(lower, stone, 2)
    c.paint(lower & c.polygon((0, girdle), (7.5 - inner, girdle), (7.5, end), (6, end), (0, girdle + 2)), stone, 3)
    c.paint(lower & c.polygon((7.5 + inner, girdle), (15, girdle), (15, girdle + 2), (9, end), (7.5, end)), stone, 1)
    c.paint(upper, stone, 3)
    c.paint(upper & c.polygon((7.5 + table / 2, 2), (15, 2), (15, girdle), (7.5 + inner, girdle)), stone, 2)
    facet = (7.5 - inner, girdle), (7.5 - table / 2, 2), (7.5 + table / 2, 2), (7.5 + inner, girdle)
    c.paint(upper & c.polygon(*facet), stone, dice.whole(3, 4))
    c.paint(upper & c.polygon((7.5 - inner, girdle), (7.5, 2), (7.5 + inner, girdle)), stone, dice.pick([4, 4, 2]))
    c.paint(stack(girdle, [width]) & rectangle(0, 0, 7, 15), stone, 4 if dice.chance(0.5) else 3)


def step_cut(dice, c, stone):
    """An eight-cornered stone from above: a rim of facets about a flat table."""
    width, height, corner = dice.pick([9, 11, 13]), dice.whole(10, 13), dice.pick([2, 2, 3])
    taper = [width - 2 * i for i in range(corner, 0, -1)]
    body = stack(1, taper + [width] * (height - 2 * corner) + taper[::-1])
    table = core(core(body)) if dice.chance(0.5) else core(core(core(body)))
    lit = np.add.outer(np.arange(SIZE), np.arange(SIZE)) < 8 + height // 2
    c.paint(body, stone, 1)
    c.paint(body & lit, stone, 3)
    c.paint(table, stone, 2)
    c.paint(table & ~core(table) & lit, stone, 4)
    if dice.chance(0.5):
        c.paint(core(table) & lit, stone, 3)


def crystal(dice, c, stone):
    """A tall crystal with a pointed top and small ones beside it, on a bit of rock; or one alone, with two points."""
    width, height, point = dice.pick([5, 7]), 12, dice.whole(2, 4)
    alone, left = dice.chance(0.35) or stone in ("green", "lime"), 7 - width // 2  # green ones together look like grass
    if alone:
        foot = dice.whole(3, 5)
        width, point = 7, dice.whole(3, 4)
        body = stack(1, slope(1, width, point) + [width] * (13 - point - foot) + slope(width, 1, foot))
    else:
        body = stack(1, slope(1, width, point) + [width] * (height - point))
        for side in (-1, 1):
            tall, x = dice.whole(4, 7), 7 + side * (width // 2 + 2)
            c.paint(rectangle(x - 1, 13 - tall, x + 1, 12) | rectangle(x, 12 - tall, x, 12), stone, 2)
            c.paint(rectangle(x - 1, 13 - tall, x - 1, 12), stone, 3)
            c.paint(rectangle(x + 1, 13 - tall, x + 1, 12), stone, 1)
        c.paint(rectangle(left - 1, 5, left + width, 12) & c.filled, stone, 0)
    c.paint(body, stone, 2)
    third = width // 3
    c.paint(body & rectangle(0, 0, 7 - width // 2 + third - 1, 15), stone, 3)
    c.paint(body & rectangle(7 + width // 2 - third + 1, 0, 15, 15), stone, 1)
    c.paint(
        body & rectangle(7 - width // 2 + third, 0, 7 - width // 2 + third, 15 if dice.chance(0.5) else 7), stone, 4
    )
    if not alone:
        wide = width + 2 * dice.whole(2, 3)
        rock = dice.pick(["grey", "steel", "brown"])
        c.paint(stack(12, [wide - 2, wide]), rock, light="right")
        c.paint(stack(12, [wide - 2]), rock, 3)
        c.paint(stack(12, [width - 2]), stone, 1)


RUNES = (
    ("#.#.#", "#.#.#", ".###.", "..#..", "..#..", "..#..", "..#.."),
    ("..#..", ".###.", "#.#.#", "..#..", "..#..", "..#..", "..#.."),
    ("###..", "#..#.", "#..#.", "###..", "##...", "#.#..", "#..#."),
    ("...#.", "..#..", ".#...", ".###.", "...#.", "..#..", ".#..."),
    ("#...#", "##.##", "#.#.#", "#.#.#", "#...#", "#...#", "#...#"),
    ("#...#", "#...#", ".#.#.", "..#..", ".#.#.", "#...#", "#...#"),
    ("..#..", ".#.#.", "#...#", ".#.#.", "..#..", ".#.#.", "#...#"),
    ("#...#", "#...#", "##..#", "#.#.#", "#..##", "#...#", "#...#"),
    ("#...#", "##.##", "#.#.#", "#.#.#", "#.#.#", "##.##", "#...#"),
    ("..#..", ".#.#.", "#...#", "#...#", "#...#", ".#.#.", "..#.."),
    (".#...", ".##..", ".#.#.", ".##..", ".#.#.", ".#..#", ".#..."),
    ("..#..", "#.#.#", ".###.", "##.##", ".###.", "#.#.#", "..#.."),
)


def rune(dice):
    """A rough stone with a glowing sign."""
    c = Canvas()
    stone = dice.pick(["grey", "grey", "steel", "black", "brown"])
    glow = dice.pick(["sky", "lime", "orange", "magenta", "teal", "red", "yellow"])
    width, height = dice.pick([9, 11, 11, 13]), dice.whole(11, 13)
    shape = dice.pick(["egg", "slab", "arch"])
    if shape == "egg":
        widths = bulge(width, height, dice.pick([2.3, 2.8]))
    elif shape == "slab":
        widths = [width - 4, width - 2] + [width] * (height - 3) + [width - 2]
    else:
        widths = bulge(width, 8, 2.0)[:4] + [width] * (height - 4)
    body = stack(1, widths)
    if dice.chance(0.6):  # a corner knocked off
        x, y = 7 + (width // 2) * dice.pick([-1, 1]), dice.pick([2, 3, height - 2, height - 1, height])
        body &= ~rectangle(x, y - 1, x, y + 1)
    lighter = int(stone == "black")  # whose darkest shades are too dark for a crack to show
    c.paint(body, stone, 1 + lighter)
    edge = body & ~core(body)
    lit = np.add.outer(np.arange(SIZE), np.arange(SIZE)) < 14
    c.paint(edge & lit, stone, 2 + lighter)
    c.paint(edge & lit & rectangle(0, 0, 7, 5), stone, 3)
    sign = dice.pick(RUNES)
    c.stamp(5, (height - len(sign)) // 2 + 1, sign, {"#": (glow, 3)})
    for x, y in ((7 - width // 2 + 2, height - 2), (7 + width // 2 - 2, 4)):  # cracks
        if dice.chance(0.4):
            c.paint(rectangle(x, y, x, y + 1), stone, 0)
    return c.finish()


def shield(dice):
    """A heater, a kite or a round shield with a rim, a field and an emblem."""
    c = Canvas()
    field = dice.pick(["red", "blue", "green", "purple", "sky", "orange", "brown"])
    rim = dice.pick(["steel", "yellow", "grey"])
    width = dice.pick([11, 13])
    if dice.chance(0.2):
        body = stack(1, bulge(width, dice.whole(11, 13), dice.pick([2.0, 2.4])))
        middle = 1 + int(body.any(1).sum()) // 2
    else:
        body, middle = heater(dice, width), 6
    c.paint(body, rim, light="edge")
    inner = core(body)
    c.paint(inner, field, 2)
    c.paint(inner & rectangle(8, 0, 15, 15), field, 1)
    pattern = dice.pick(["emblem", "emblem", "emblem", "quarter", "cross", "chevron", "stripe"])
    second = dice.pick(["bone", "yellow"])
    if pattern == "quarter":
        c.paint(inner & (rectangle(8, 0, 15, middle) | rectangle(0, middle + 1, 7, 15)), second, 3)
    elif pattern == "cross":
        c.paint(inner & (rectangle(7, 0, 7, 15) | rectangle(0, middle, 15, middle)), second, 3)
        if dice.chance(0.5):
            c.paint(stack(middle - 1, [3, 3, 3]), rim, light="edge")
    elif pattern == "chevron":
        for i in range(6):
            for x in (7 - i, 7 + i):
                c.paint(inner & rectangle(x, middle - 2 + i, x, middle - 1 + i), second, 3)
    elif pattern == "stripe":
        slant = np.subtract.outer(np.arange(SIZE), np.arange(SIZE)) + 7 - middle
        c.paint(inner & (np.abs(slant) <= 1), second, 3)
    else:
        emblem(c, 7, middle, dice.pick(list(EMBLEMS)), second, 3)
    return c.finish()


def heater(dice, width):
    """The mask of a shield that runs down to a point."""
    steps = dice.pick([(1, 0, 1, 1, 1, 1, 1), (0, 1, 0, 1, 1, 1, 1, 1), (1, 0, 1, 0, 1, 1, 1, 1), (1, 1, 1, 1, 1, 1)])
    taper = [width]
    for step in steps:
        if taper[-1] > 1:
            taper.append(max(1, taper[-1] - 2 * step))
    if taper[-1] > 1:
        taper.append(taper[-1] - 2)
    widths = [width] * (dice.whole(12, 13) - len(taper)) + taper
    head = dice.pick(["flat", "round", "ears", "point", "dome"])
    if head == "round":
        widths[0] = width - 2
    elif head == "point":
        widths = [3, width - 4, *widths[2:]]
    elif head == "dome":
        widths[:2] = [width - 4, width - 2]
    body = stack(1, widths)
    if head == "ears":
        body[1, 7 - width // 2 + 2 : 7 - 1] = body[1, 7 + 2 : 7 + width // 2 - 1] = False
    return body


def key(dice):
    """A ring to hold, a shaft, and teeth at its end."""
    c = Canvas()
    metal = dice.pick(["yellow", "yellow", "steel", "orange", "brown"])
    leaning, flip = dice.chance(0.5), dice.chance(0.5)
    rod = Rod(c, leaning, flip)
    size = dice.pick([5, 7])
    rows = bulge(size, size, dice.pick([2.0, 2.6]))
    if leaning:
        cx = 13 - size // 2
        cy = 2 + size // 2
        start, end = size - 2, dice.whole(9, 10)
    else:
        cx, cy = 7, 1 + size // 2
        start, end = size, dice.whole(11, 12)
    outer = np.zeros((SIZE, SIZE), bool)
    for i, w in enumerate(rows):
        outer[cy - size // 2 + i, cx - w // 2 : cx + w // 2 + 1] = True
    hole = core(outer)
    mask = outer & ~hole
    c.paint(mask[:, ::-1] if flip else mask, metal, light="round")
    for along in range(start, end + 1):
        rod.row(along, 1 if leaning else 0, metal)
    if dice.chance(0.5):
        rod.row(start + dice.whole(0, 1), 2 if leaning else 1, metal)
    teeth = dice.pick([(0, 2), (0, 1, 3), (0, 1), (0, 3), (0, 2, 3)])
    reach = [dice.whole(2, 3) for _ in teeth]
    for back, far in zip(teeth, reach, strict=True):
        for across in range(1, far + 1 + leaning):
            x, y = rod.cell(end - back, across)
            c.dot(x, y, metal, 2)
    return c.finish()


def hat(dice):
    """A pointed wizard's hat, its tip bent, with a brim, a band and stars."""
    c = Canvas()
    cloth = dice.pick(["blue", "purple", "red", "green", "black", "teal", "magenta", "brown"])
    height, width = dice.whole(9, 10), dice.pick([7, 9])
    bend, flip = dice.pick([0, 0, 2, 3, 4, 4]), dice.chance(0.5)
    cone = np.zeros((SIZE, SIZE), bool)
    for i in range(height):
        w = odd(1 + (width - 1) * i / (height - 1))
        x = 7 + round(round(bend * (max(0, height - 3 - i) / (height - 3)) ** 1.5, 6))
        cone[1 + i, x - w // 2 : x + w // 2 + 1] = True
    if bend:  # the tip hangs
        xs = np.nonzero(cone[1])[0]
        droop = int(xs[-1])
        cone[1:3, droop : droop + 2] = True
        cone[2:4, droop + 1 : droop + 3] = True
    if flip:
        cone = np.roll(cone[:, ::-1], -1, 1)
    c.paint(cone, cloth, light="right")
    bottom = 1 + height
    brim = dice.pick([11, 13, 13])
    band = dice.pick(["yellow", "red", "orange", "sky", "pink"])
    row = stack(bottom - 2, [odd(width - 1), width])
    c.paint(row & cone, band, light="right")
    style = dice.pick(["flat", "round", "curl"])
    edge = {"flat": [brim, brim], "round": [brim - 2, brim, brim - 4], "curl": [brim - 2, brim - 2]}[style]
    c.paint(stack(bottom, edge), cloth, light="down")
    c.paint(stack(bottom, [brim - 2]), cloth, 3)
    if style == "curl":
        for x in (7 - brim // 2, 7 + brim // 2):
            c.paint(rectangle(x, bottom - 1, x, bottom), cloth, 3)
    ornament = dice.pick(["buckle", "star" if width == 9 else "buckle", "dots", "none"])
    if ornament == "buckle":
        c.paint(rectangle(6, bottom - 3, 8, bottom - 1), "yellow" if band != "yellow" else "steel", 3)
        c.dot(7, bottom - 2, cloth, 0)
    elif ornament == "star":
        emblem(c, 7, bottom - 3, "star", "yellow" if band != "yellow" else "bone", 3)
    elif ornament == "dots":
        for x, y in ((6, bottom - 4), (8, bottom - 6)):
            c.dot(x, y, "yellow", 3)
    return c.finish()


def chest(dice):
    """A chest of wood with metal bands and a lock; open, it shows gold."""
    c = Canvas()
    wood, metal = dice.pick(["brown", "brown", "chocolate", "red", "tan"]), dice.pick(["yellow", "steel", "grey"])
    width, opened = dice.pick([11, 13]), dice.chance(0.45)
    left, right = 7 - width // 2, 7 + width // 2
    box = dice.whole(5, 6)
    lid, feet = dice.whole(4, 5), dice.chance(0.35)
    top = 1 if box + lid > 9 else 2
    if opened:
        shape = dice.pick([[width - 2] + [width] * (lid - 2), [width] * (lid - 1)])
        c.paint(stack(top, shape), wood, light="down")
        c.paint(stack(top + 1, [width - 2] * (len(shape) - 1)), wood, 0)
        inside = top + len(shape)
        c.paint(stack(inside, [width - 2]), wood, 0)
        gold = dice.pick(["yellow", "yellow", "yellow", "sky", "red"])
        heap = dice.pick([[5, 9, width - 2], [3, 7, width - 2], [7, width - 2, width - 2], [width - 4, width - 2]])
        mound = stack(inside + 1 - len(heap), heap)
        c.paint(mound, gold, 2)
        c.paint(mound & (np.add.outer(np.arange(SIZE), 2 * np.arange(SIZE)) % 5 == 0), gold, 4)
        front = inside + 1
    else:
        arch = dice.pick([[width - 4, width - 2], [width - 2, width], [width - 2, width - 2]])
        c.paint(stack(top + 1, arch + [width] * (lid - 2)), wood, light="down")
        front = top + 1 + lid
    if dice.chance(0.4):  # the lid overhangs
        width -= 2
        left, right = left + 1, right - 1
    body = stack(front, [width] * box)
    c.paint(body, wood, 2)
    c.paint(stack(front, [width]), wood, 0 if not opened else 3)
    c.paint(stack(front + box - 1, [width]), wood, 1)
    if feet and opened:
        for x in (left, right - 1):
            c.paint(rectangle(x, front + box, x + 1, front + box), wood, 1)
    if box > 4 and dice.chance(0.6):
        c.paint(stack(front + 2, [width]), wood, 1)
    bands = dice.pick([(0,), (0,), (2,), (1,)])
    for inset in bands:
        for x in (left + inset, right - inset):
            first = front if opened else 0
            c.paint(rectangle(x, first, x, 15) & c.filled, metal, 2 if x > 7 else 3)
    c.paint(rectangle(6, front - (not opened), 8, front + 1), metal, 3)
    c.dot(7, front + 1 - (not opened) * dice.whole(0, 1), metal, 0)
    return c.finish()


def sword(dice):
    """A straight blade, a guard, a wrapped grip and a pommel."""
    c = Canvas()
    leaning, flip = dice.chance(0.65), dice.chance(0.4)
    rod = Rod(c, leaning, flip)
    blade = dice.pick(["steel", "steel", "grey", "ice", "sky"])
    hilt = dice.pick(["yellow", "yellow", "orange", "grey", "red", "blue", "purple"])
    grip = dice.pick(["brown", "red", "blue", "purple", "black"])
    half = dice.whole(1, 2) if leaning else 1
    if leaning:
        length, guard = dice.whole(7, 8), dice.whole(3, 5)
        handle = 10 - length if dice.chance(0.7) else 2
    else:
        length, handle, guard = dice.whole(8, 9), dice.whole(2, 3), dice.whole(3, 4)
    for along in range(length):
        narrow = max(0, min(half, along + (1 if leaning else 0)))
        rod.row(along, narrow, blade, shades=(4, 3, 2))
    for along in range(length + 1, length + 1 + handle):
        rod.row(along, 1 if leaning else 0, grip)
    rod.row(length, guard, hilt, shades=(3, 3, 2))
    ends = dice.pick(["plain", "up", "down" if handle > 2 or not leaning else "up"])
    if ends != "plain":
        for across in (-guard, guard):
            x, y = rod.cell(length + (-1 if ends == "up" else 1), across)
            c.dot(x, y, hilt, 3 if across < 0 else 2)
    pommel = dice.whole(1, 2) if leaning else 1
    rod.row(length + handle + 1, pommel, hilt, shades=(3, 3, 1))
    if dice.chance(0.4):
        x, y = rod.cell(length, 0)
        c.dot(x, y, dice.pick(GEMS), 3)
    return c.finish()


KINDS = {
    "scroll": scroll,
    "book": book,
    "potion": potion,
    "wand": wand,
    "ring": ring,
    "gem": gem,
    "rune": rune,
    "shield": shield,
    "key": key,
    "hat": hat,
    "sword": sword,
    "chest": chest,
}
