"""Food that is made: cooked, baked or poured."""

import math

import numpy as np

from .canvas import SIZE, STEPS, Canvas, moved, tidy

ROUND = (6.3, 5.8, 5.3)  # radii whose circles have no nose at the top or the side

# --- parts that several kinds share


def pixel(c, x, y):
    """The screen pixel (column, row) that holds a point given in drawing coordinates."""
    far = np.round((c.x - x) ** 2 + (c.y - y) ** 2, 6)
    row, column = np.unravel_index(np.argmin(far), far.shape)
    return int(column), int(row)


def core(mask):
    """The mask without its rim of one pixel."""
    return mask & np.all([moved(mask, *step) for step in STEPS], 0)


def bitten(c, mask, angle, reach, deep=2.0):
    """The mask without a bite of two teeth, `reach` from the middle in a direction (degrees, 0 right, 90 down)."""
    for turn in (-14, 14):
        way = math.radians(angle + turn)
        mask = mask & ~c.ellipse(8 + reach * math.cos(way), 8 + reach * math.sin(way), deep)
    return tidy(tidy(mask))


def scatter(dice, mask, count, apart=2):
    """Up to `count` random pixels (column, row) of a mask, no two nearer than `apart`."""
    rows, columns = np.nonzero(mask)
    found = []
    for _ in range(4 * count):
        if len(found) == count or not len(rows):
            break
        i = dice.whole(0, len(rows) - 1)
        x, y = int(columns[i]), int(rows[i])
        if all(max(abs(x - a), abs(y - b)) >= apart for a, b in found):
            found.append((x, y))
    return found


def stamp_on(c, mask, x, y, rows, inks):
    """A stamp whose middle is at (x, y), cut to a mask."""
    for row, line in enumerate(rows, y - len(rows) // 2):
        for column, ink in enumerate(line, x - len(line) // 2):
            if ink != "." and 0 <= row < SIZE and 0 <= column < SIZE and mask[row, column]:
                c.dot(column, row, *inks[ink])


def cherry(c, x, y, ramp="red", stalk=0):
    """A cherry, three pixels wide, its upper left at (x, y); the stalk leans left (-1) or right (1), or is missing."""
    if stalk:
        c.dot(x + 1, y - 1, "brown", 1)
        c.dot(x + 1 + stalk, y - 2, "brown", 1)
    c.stamp(x, y, ["432", "322", "211"], {k: (ramp, int(k)) for k in "1234"})


def wedge(c, left, right, back, top, middle, bottom):
    """The two faces of a wedge that lies with its long side to us: masks (top triangle, side)."""
    lid = c.polygon((left, middle), (back, top), (right, middle))
    return lid, c.box(left, middle, right, bottom)


# --- baked


def bread(dice):
    """A loaf with cuts, a baguette, or a slice with its crust."""
    shape = dice.pick(["loaf", "loaf", "baguette", "slice"])
    if shape == "slice":
        return slice_of_bread(dice, dice.pick(["brown", "chocolate"]))
    crust = dice.pick(["brown", "tan", "brown"])
    side = dice.pick([-1, 1])
    if shape == "loaf":
        half, thick, cuts = dice.between(6.2, 6.9), dice.between(3.8, 4.6), dice.whole(2, 3)
        c = Canvas(tilt=side * dice.between(14, 38))
        body = c.ellipse(7, 8, half - 1, thick) | c.ellipse(9, 8, half - 1, thick)
    else:
        half, thick, cuts = dice.between(7.0, 7.7), dice.between(2.5, 3.0), dice.whole(3, 4)
        c = Canvas(tilt=side * dice.between(38, 50))
        body = tidy(c.stroke((10 - half, 8), (6 + half, 8), width=2 * thick - 0.4))
    c.paint(body, crust)
    lean, inner = side * dice.between(0.6, 1.2), core(body)
    for i in range(cuts):
        x = 8 + (i - (cuts - 1) / 2) * (2 * half - 2.4) / cuts
        cut = c.stroke((x - lean, 8 + thick * 0.5), (x + lean, 8 - thick * 0.6), width=1.2) & inner
        c.paint(moved(cut, 1, 0) & inner, crust, 1)
        c.paint(cut, "cream", 3)
    return c.finish()


def slice_of_bread(dice, crust):
    """A slice of a tin loaf: two round shoulders, a straight waist, a crust all round."""
    c = Canvas()
    wide, deep, head = dice.whole(4, 5), dice.whole(12, 14), dice.whole(6, 7)
    body = c.box(8 - wide, 5, 8 + wide, deep) | c.box(7 - wide, 3, 9 + wide, head)
    body |= c.box(8 - wide, 2, 8 + wide, head + 1)
    if dice.chance(0.7):
        body = bitten(c, body, dice.pick([-55, -40, -30, 20, 35, 150, 215]), dice.between(6.0, 7.4))
    c.paint(body, crust, 3)
    c.paint(body & ~moved(body, -1, 0) | body & ~moved(body, 0, -1), crust, 2)
    crumb = core(body)
    c.paint(crumb, "cream", 3)
    c.paint(crumb & ~moved(core(body), -1, -1), "cream", 2)
    if dice.chance(0.4):
        c.stamp(dice.whole(6, 8), dice.whole(6, 8), ["433", "332", "221"], {k: ("yellow", int(k)) for k in "1234"})
    return c.finish()


def doughnut(dice):
    """A ring of dough with icing and sprinkles, whole or bitten."""
    c = Canvas()
    icing = dice.pick(["pink", "chocolate", "pink", "magenta", "sky", "cream", "purple", "lime"])
    rx, ry = dice.pick(ROUND[:2]), dice.pick(ROUND)
    body = c.ellipse(8, 8, rx, ry)
    hole = c.box(6, 6, 10, 9) if dice.chance(0.5) else c.ellipse(8, 8, 2.3)
    if dice.chance(0.6):
        body = bitten(c, body, dice.pick([-50, -35, 30, 45, 135, 150, 215, 235]), dice.between(6.5, 7.1))
    ring = body & ~hole
    c.paint(ring, "tan" if icing != "cream" else "brown", 2)
    c.paint(ring & ~moved(body, 0, -1) | ring & ~moved(body, -1, 0), "tan" if icing != "cream" else "brown", 1)
    bumps, phase = dice.whole(5, 8), dice.between(0, 6.28)
    angle = np.arctan2(c.y - 7.4, c.x - 8)
    far = np.hypot((c.x - 8) / rx, (c.y - 7.4) / ry)
    glaze = tidy((np.round(0.84 + 0.09 * np.cos(bumps * angle + phase) - far, 5) > 0) & body) & ~hole
    c.paint(glaze, icing)
    if icing == "cream" or dice.chance(0.8):
        colours = ["cream", "yellow", "sky", "red"] if icing not in ("cream", "sky") else ["red", "yellow", "purple"]
        spots = scatter(dice, core(glaze) & ~moved(hole, 1, 0), dice.whole(6, 10))
        for i, (x, y) in enumerate(spots):
            c.dot(x, y, colours[i % len(colours)], 3)
    return c.finish()


def cake(dice):
    """A slice of layer cake: icing on top, layers of sponge and cream on the side, something red on it."""
    c = Canvas()
    sponge, icing = dice.pick(
        [("tan", "pink"), ("chocolate", "cream"), ("tan", "cream"), ("chocolate", "pink"), ("tan", "chocolate"),
         ("red", "cream"), ("tan", "sky"), ("tan", "lime")]
    )  # fmt: skip
    flip, bottom = dice.chance(0.5), dice.whole(13, 14)
    middle, back = dice.whole(7, 8), dice.whole(8, 12)
    lid, side = wedge(c, 2, 14, back, middle - dice.whole(3, 4), middle, bottom)
    c.paint(side, sponge, 2)
    filling = "cream" if icing == "chocolate" else icing
    rows = dice.pick([[3], [2], [2, 4], [3]])
    for row in rows:
        c.paint(side & c.box(0, middle + row, 16, middle + row + 1), filling, 3)
        c.paint(side & c.box(0, middle + row + 1, 16, middle + row + 2), sponge, 1)
    c.paint(side & c.box(13, middle, 16, 16), sponge, 1)
    c.paint(lid, icing, 3)
    c.paint(side & c.box(0, middle, 16, middle + 1), icing, 2)
    for x in range(3 + dice.whole(0, 2), 14, dice.whole(3, 4)):
        c.paint(side & c.box(x, middle, x + 1, middle + 2), icing, 2)
    top = dice.pick(["cherry", "cherry", "berry", "cream"])
    x = min(back - 1, 10)
    if top == "cream":
        c.stamp(x - 1, middle - 4, [".43.", "4332", "3321"], {k: (icing, int(k)) for k in "1234"})
        cherry(c, x, middle - 6)
    elif top == "berry":
        inks = {"a": ("green", 2), "b": ("green", 3), "3": ("red", 3), "2": ("red", 2)}
        c.stamp(x, middle - 5, ["aba", "323", "322", ".2."], inks)
    else:
        cherry(c, x, middle - 4, stalk=dice.pick([-1, 0, 1]))
    picture = c.finish()
    return picture[:, ::-1].copy() if flip else picture


# --- cooked


def cheese(dice):
    """A wedge of yellow cheese, full of holes."""
    c = Canvas()
    ramp = "yellow"
    left, right, back = 2, 14, dice.whole(8, 13)
    top, middle, bottom = dice.whole(2, 3), dice.whole(6, 7), dice.whole(13, 14)
    lid, side = wedge(c, left, right, back, top, middle, bottom)
    if dice.chance(0.7):
        x = dice.whole(4, 8)
        side &= ~c.box(x, bottom - 1, x + 4, bottom) & ~c.box(x + 1, bottom - 2, x + 3, bottom)
    if dice.chance(0.5):
        side &= ~c.box(right - 1, middle + 2, right, middle + dice.whole(4, 5))
    if dice.chance(0.3):
        side &= ~c.box(left, middle + 2, left + 1, middle + 4)
    c.paint(side, ramp, 2)
    c.paint(lid, ramp, 3)
    c.paint(c.box(left, middle, right, middle + 1) & side, ramp, 4)
    inks = {"1": (ramp, 1)}
    big, small = dice.pick([["111", "111"], ["11", "11", "11"], [".11", "111", "111"]]), ["11", "11"]
    x = dice.whole(left + 1, left + 6)
    y = dice.whole(middle + 2, middle + 3)
    c.stamp(x, y, big, inks)
    for dx in (-4, 6):
        if left < x + dx < right - 2 and dice.chance(0.8):
            c.stamp(x + dx, y + dice.whole(0, 2), small, inks)
    if back > 9:
        c.paint(c.box(back - 2, middle - 2, back, middle - 1) & lid, ramp, 2)
    picture = c.finish()
    return picture[:, ::-1].copy() if dice.chance(0.5) else picture


BONES = (  # from the shaft's upper right end: two knobs, one to the left and one below
    ("33.33", "33332", "..32.", "...33", "...32"),
    (".3.33", "33332", ".332.", "..333", "...3."),
    ("33..33", "333332", "..332.", "..332.", "....33", "....32"),
    ("33.33", "33332", ".332.", "...33", "...32"),
)


def drumstick(dice):
    """A roast leg of chicken: a big teardrop of meat, a bone with two knobs, perhaps a bite to the white meat."""
    flip = dice.chance(0.5)
    c = Canvas(flip=flip)
    meat = dice.pick(["brown", "brown", "orange"])
    rows = dice.pick(BONES)
    left, top = 7 - len(rows[0]), 15 - len(rows)
    c.stamp(16 - left - len(rows[0]) if flip else left, top, rows, {"3": ("bone", 3), "2": ("bone", 2)}, flip)
    fat, x, y = dice.between(3.8, 4.5), dice.between(9.5, 10.0), dice.between(5.4, 5.9)
    body = c.ellipse(x, y, fat + dice.between(0.1, 0.5), fat, -45)
    body = tidy(body | c.polygon((x - fat + 0.2, y), (x, y + fat - 0.2), (6.7, 10.6), (5.4, 9.3)))
    c.paint(moved(body, 1, 0) & c.filled, "bone", 1)
    c.paint(body, meat)
    c.paint(c.ellipse(x + (1.8 if flip else -1.8), y - 1.9, 1.3, 0.8, -45 if not flip else 45) & body, meat, 4)
    if dice.chance(0.35):
        hole = c.ellipse(x + 3.6, y - 2.8, dice.between(2.6, 3.2)) & body
        c.paint(hole, "cream", 3)
        c.erase(c.ellipse(x + 4.4, y - 3.6, 2.2))
        c.erase(~tidy(c.filled))
    return c.finish()


def fish(dice):
    """A whole fish from the side: tail, fins, gill, eye."""
    c = Canvas(tilt=dice.between(-14, 14), scale=dice.between(0.98, 1.06), flip=dice.chance(0.5))
    skin, fin = dice.pick(
        [("sky", "blue"), ("teal", "green"), ("orange", "red"), ("steel", "blue"), ("steel", "steel"),
         ("pink", "magenta"), ("yellow", "orange")]
    )  # fmt: skip
    deep, end = dice.between(2.9, 4.0), dice.between(3.4, 4.4)
    tail = c.polygon((10.2, 8), (13.8, 8 - end), (12.8, 8), (13.8, 8 + end)) | c.box(10, 7, 12, 9)
    back = c.polygon((4.6, 6), (dice.between(6, 9), 8 - deep - dice.between(1.2, 2.2)), (10.6, 6.6))
    belly = c.polygon((6.0, 8.6), (9.6, 9), (dice.between(8.6, 10), 8 + deep + 1.4))
    c.paint(tail | back | belly, fin, light="down")
    body = c.ellipse(6.3, 8, 4.5, deep)
    c.paint(body, skin, light="down")
    c.paint(c.stroke((5.6, 8 - deep * 0.6), (6.3, 8), (5.6, 8 + deep * 0.6), width=0.95) & core(body), skin, 1)
    x, y = pixel(c, 3.9, 7.4)
    c.dot(x, y, "black", 0)
    return c.finish()


def egg(dice):
    """A fried egg: a splash of white, a shining yolk or two."""
    c = Canvas()
    two = dice.chance(0.15)
    bumps, phase = (2, dice.between(-0.5, 0.5)) if two else (dice.pick([2, 3, 3]), dice.between(0, 6.28))
    wave = dice.between(0.35, 0.7)
    wide, high = dice.between(5.5, 6.0), dice.between(5.0, 5.7)
    angle = np.arctan2(c.y - 8, c.x - 8)
    far = np.hypot((c.x - 8) / wide, (c.y - 8) / high) * 5.5
    edge = 5.5 + wave * np.cos(bumps * angle + phase) + 0.2 * np.cos(5 * angle - 2 * phase)
    white = tidy(tidy(np.round(far - edge, 5) < 0))
    c.paint(white, "bone", 4)
    c.paint(white & ~moved(white, -1, 0) | white & ~moved(white, 0, -1), "bone", 2)
    yolk = dice.pick(["yellow", "orange", "yellow"])
    x, y = 8 + dice.whole(-1, 1), 8 + dice.whole(-1, 0)
    if two:
        spots = [(5, 8, 1.6), (10, 7, 1.6)] if dice.chance(0.5) else [(6, 7, 1.6), (11, 8, 1.6)]
    else:
        spots = [dice.pick([(x + 0.5, y + 0.5, 2.3), (x, y, 2.95), (x - 0.5, y + 0.5, 2.3)])]
    for x, y, r in spots:
        c.paint(c.ellipse(x, y, r) & white, yolk, gloss=True)
    return c.finish()


def burger(dice):
    """Two halves of a bun, between them patties, salad, cheese, tomato; seeds on top."""
    c = Canvas()
    bun, wide = dice.pick(["tan", "orange", "tan"]), dice.whole(10, 12)
    fillings = ["patty"] + [f for f, often in (("salad", 0.9), ("cheese", 0.75), ("tomato", 0.6)) if dice.chance(often)]
    fillings += ["patty"] if dice.chance(0.35) or len(fillings) < 3 else []
    fillings = fillings if set(fillings) != {"patty"} else ["patty", "salad", "patty"]
    order = sorted(fillings, key=lambda _: dice.between(0, 1))
    high = dice.whole(4, 5) - (len(fillings) > 4)
    left, right = 8 - wide // 2, 8 + (wide + 1) // 2
    out = 1 if wide < 12 else 0  # how far salad sticks out
    y = 14
    c.paint(c.box(left, y - 2, right, y - 1) | c.box(left + 1, y - 1, right - 1, y), bun, 2)
    c.paint(c.box(left + 1, y - 1, right - 1, y), bun, 1)
    y -= 2
    for filling in order:
        if filling == "patty":
            c.paint(c.box(left, y - 2, right, y), "chocolate", 2)
            c.paint(c.box(left, y - 1, right, y), "chocolate", 1)
            y -= 2
            continue
        if filling == "salad":
            c.paint(c.box(left - out, y - 1, right + out, y), "green", 3)
            for x in range(left - out + dice.whole(0, 1), right, 3):
                c.paint(c.box(x, y, x + 1 + dice.whole(0, 1), y + 1), "green", 2)
        elif filling == "cheese":
            c.paint(c.box(left, y - 1, right, y), "yellow", 3)
            x = dice.whole(left + 1, right - 5)
            c.stamp(x, y, ["aaaa", ".aa."], {"a": ("yellow", 2)})
        else:
            c.paint(c.box(left, y - 1, right, y), "red", 2)
        y -= 1
    dome = c.ellipse((left + right) / 2, y, wide / 2, high) & c.box(0, 0, 16, y)
    dome |= c.box(left, y - 1, right, y)
    c.paint(dome, bun)
    for x, row in scatter(dice, core(dome) & c.box(0, 0, 16, y - 1), dice.whole(0, 5)):
        c.dot(x, row, "cream", 4)
    return c.finish()


TOPPINGS = {
    "salami": (["322", "222", "221"], {"3": ("red", 3), "2": ("red", 2), "1": ("red", 1)}),
    "olive": (["ab", "bb"], {"a": ("black", 3), "b": ("black", 1)}),
    "mushroom": ([".cc", "ccd", ".d."], {"c": ("tan", 4), "d": ("tan", 1)}),
    "basil": (["ab", "bb"], {"a": ("green", 3), "b": ("green", 2)}),
}


def pizza(dice):
    """A slice: crust behind, melted cheese that drips, toppings."""
    c = Canvas(tilt=dice.pick([-1, 1]) * dice.between(0, 26), scale=0.95, flip=dice.chance(0.5))
    half, tip = dice.between(4.6, 5.4), dice.between(13.6, 14.4)
    base = c.polygon((8 - half, 4), (8 + half, 4), (8.5, tip), (7.5, tip))
    for x, y in ((8 - half * 0.5, 9.0), (8 + half * 0.5, 8.6)):
        if dice.chance(0.5):
            base |= c.stroke((x, y - 1.5), (x, y + dice.between(0.8, 2.0)), width=1.4)
    base = tidy(base)
    crust = tidy(c.stroke((8 - half, 4), (8, dice.between(2.8, 3.4)), (8 + half, 4), width=dice.between(2.7, 3.2)))
    c.paint(base, "yellow", 3)
    c.paint(base & ~moved(base, 0, -1), "yellow", 2)
    c.paint(moved(crust, 1, 0) & base, "yellow", 2)
    kind = dice.pick(["salami", "salami", "salami", "mushroom", "olive", "basil"])
    places = [(5.6, 7), (9.9, 7.6), (7.8, 11)] if dice.chance(0.5) else [(10.2, 6.8), (6.4, 8), (8.6, 11.2)]
    for i, (x, y) in enumerate(places):
        topping = TOPPINGS["salami" if i == 1 else kind]
        stamp_on(c, base, *pixel(c, x, y), *topping)
    c.paint(crust, dice.pick(["brown", "tan", "tan", "orange"]))
    return c.finish()


def fries(dice):
    """Chips of potato in a paper box."""
    c = Canvas()
    paper = dice.pick(["red", "red", "red", "blue", "green"])
    brim, wide = dice.whole(7, 8), dice.whole(4, 5)
    for i, x in enumerate(range(8 - wide, 8 + wide, 2)):
        top = dice.whole(2, 4) + (1 if i in (0, wide - 1) else 0)
        c.paint(c.box(x, top, x + 1, brim + 2), "yellow", 3)
        c.paint(c.box(x + 1, top, x + 2, brim + 2), "yellow", 2)
        c.paint(c.box(x, top, x + 2, top + 1), "yellow", 4)
        c.paint(c.box(x + 1, top + dice.whole(2, 3), x + 2, brim + 2), "yellow", 1)
    box = c.polygon((8 - wide, brim), (8 + wide, brim), (8 + wide - 1.2, 14), (8 - wide + 1.2, 14))
    box &= ~c.ellipse(8, brim, wide - 1.5, dice.between(1.2, 2.4))
    c.paint(box, paper, 2)
    c.paint(box & ~moved(box, 0, 1), paper, 3)
    c.paint(box & ~moved(box, 1, 0), paper, 3)
    c.paint(box & ~moved(box, 0, -1), paper, 1)
    if dice.chance(0.5):
        c.paint(box & (c.box(6, 0, 7, 16) | c.box(9, 0, 10, 16)), "cream", 4)
    elif dice.chance(0.5):
        c.stamp(7, 11, ["aa", "aa"], {"a": ("yellow", 3)})
    return c.finish()


# --- cold and sweet


def ice_cream(dice):
    """A waffle cone with scoops or a soft twist, perhaps a cherry or a stick of chocolate."""
    c = Canvas()
    flavours = ["pink", "cream", "chocolate", "lime", "sky", "purple", "orange", "magenta", "yellow"]
    first = dice.pick([f for f in flavours if f != "cream"])  # cream would melt into the cone
    second = dice.pick([f for f in flavours if f != first])
    scoops = dice.pick(["one", "two", "beside", "three", "twist"])
    if scoops == "twist" and first in ("orange", "yellow", "lime"):  # a twist in these looks like a cob or a fir
        first = "pink"
    topping = "none"
    if scoops in ("one", "twist"):
        topping = dice.pick(["none", "cherry"])
    elif scoops == "beside":
        topping = dice.pick(["none", "stick", "stick"])
    rim, half = 9 if scoops in ("two", "three") else 8, dice.between(3.6, 4.7)
    r = dice.between(3.7, 4.4)
    if scoops == "one":
        balls = [(8, rim - r * 0.4, r + 0.5, first)]
    elif scoops == "two":
        balls = [(8, 7.6, r, first), (8, 4.2, min(r - 0.8, 3.1), second)]
    elif scoops == "beside":
        balls = [(5.4, rim - 1.3, 2.9, first), (10.6, rim - 1.3, 2.9, second)]
    elif scoops == "three":
        balls = [(5.2, 7.6, 2.7, first), (10.8, 7.6, 2.7, first), (8, 4.4, dice.between(2.7, 3.1), second)]
    else:
        balls = []
    if topping == "stick":
        lean = dice.pick([-1, 1])
        wafer = "tan" if "chocolate" in (first, second) else "chocolate"
        c.paint(c.stroke((8 + lean, rim - 3), (8 + lean * 3.4, 2), width=1.9), wafer, light="right")
    low = dice.whole(13, 14)
    cone = c.polygon((8 - half, rim), (8 + half, rim), (9.1, low), (6.9, low))
    c.paint(cone, "tan", 3)
    column, row = np.floor(c.screen[0]).astype(int), np.floor(c.screen[1]).astype(int)
    c.paint(cone & (((column + row) % 3 == 0) | ((column - row) % 3 == 0)), "tan", 2)
    c.paint(cone & ~moved(cone, 0, -1), "tan", 1)
    for i in range(3 if scoops == "twist" else 0):
        tier = c.ellipse(8, rim - 0.6 - 2.1 * i, half + 0.6 - 1.4 * i, 1.7)
        c.paint(moved(tier, 1, 0) & ~cone & c.filled, first, 1)
        c.paint(tier, first)
    if scoops == "twist" and topping != "cherry":
        c.paint(c.box(8, rim - 7, 9, rim - 5), first, 3)
    for x, y, radius, ramp in balls:
        c.paint(c.ellipse(x, y, radius) & c.box(0, 0, 16, rim + 1), ramp, gloss=len(balls) == 1)
    if scoops in ("one", "two", "twist"):
        for x in range(8 - int(half), 8 + int(half), 2):
            c.paint(c.box(x, rim, x + 1, rim + dice.whole(1, 2)), first, 2)
    if topping == "cherry":
        cherry(c, 7 - dice.whole(0, 1), 1)
    return c.finish()


# --- poured


def beer(dice):
    """A glass mug of beer, foam on top, a handle."""
    c = Canvas()
    ale = dice.pick(["yellow", "yellow", "orange", "chocolate"])
    left, right, top = 3, dice.whole(10, 11), dice.whole(5, 6)
    low, high = top + dice.whole(1, 2), 13 - dice.whole(0, 1)
    handle = c.box(right, low, right + 3, high) & ~c.box(right, low + 1, right + 2, high - 1)
    if dice.chance(0.5):
        handle &= ~c.box(right + 2, low, right + 3, low + 1) & ~c.box(right + 2, high - 1, right + 3, high)
    c.paint(handle, "steel", 3)
    body = c.box(left, top, right, 14)
    c.paint(body, ale, 2)
    c.paint(c.box(left, top, left + 1, 14), ale, 4)
    c.paint(c.box(right - 1, top, right, 14), ale, 1)
    for x in range(left + 2, right - 1, dice.whole(2, 3)):
        c.paint(c.box(x, top + 2, x + 1, 13), ale, 3)
    c.paint(c.box(left, 13, right, 14), "steel", 3)
    foam = c.box(left, top - 1, right, top + 1)
    for x in range(left, right + 1, 2):
        foam |= c.ellipse(x + 0.5 + dice.whole(0, 1) * 0.5, top - 1.0, dice.between(1.4, 2.2))
    x = dice.whole(left, right - 3)
    foam |= c.box(x, top, x + 2, top + dice.whole(2, 4))
    c.paint(foam, "cream", 4)
    c.paint(foam & ~moved(foam, -1, 0), "cream", 2)
    return c.finish()


KINDS = {
    "bread": bread,
    "cheese": cheese,
    "drumstick": drumstick,
    "fish": fish,
    "egg": egg,
    "burger": burger,
    "pizza": pizza,
    "cake": cake,
    "doughnut": doughnut,
    "ice_cream": ice_cream,
    "fries": fries,
    "beer": beer,
}
