"""Beasts: creatures that are animals or plants."""

from itertools import pairwise

import numpy as np

from .canvas import RAMPS, Canvas

SIGNS = ("01234", "abcde", "vwxyz", "ABCDE")  # shades 0 to 4 of the first, second, third and fourth ramp of a stamp
DIM = str.maketrans("432dCyx", "321cByx")  # the side away from the light


def _inks(*ramps):
    """Inks for `stamp`: digits are the first ramp, a-e the second, v-z the third, A-E the fourth; # black, W white."""
    inks = {sign: (ramp, shade) for ramp, signs in zip(ramps, SIGNS, strict=False) for shade, sign in enumerate(signs)}
    return {**inks, "#": ("black", 0), "W": ("bone", 4)}


def _pair(c, left, top, rows, inks):
    """A stamp and its mirror image on the other side of the tile's middle, there with its outer side in shadow."""
    width = max(map(len, rows))
    rows = [row.ljust(width, ".") for row in rows]
    c.stamp(left, top, rows, inks)
    dark = width // 2
    c.stamp(16 - left - width, top, [row[:dark].translate(DIM) + row[dark:] for row in rows], inks, True)


def _over(c, left, top, rows, inks, ramp):
    """A stamp in front of what is drawn, with a dark line where it covers it."""
    front = Canvas()
    front.stamp(left, top, rows, inks)
    near = front.filled.copy()
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        near |= np.roll(front.filled, step, axis)
    c.paint(near & c.filled, ramp, 0)
    c.stamp(left, top, rows, inks)


def _line(c, points, ramp, shade):
    """A line one pixel wide through whole (x, y) points."""
    for (x0, y0), (x1, y1) in pairwise(points):
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for i in range(steps + 1):
            x = x0 + (2 * i * (x1 - x0) + steps) // (2 * steps)
            y = y0 + (2 * i * (y1 - y0) + steps) // (2 * steps)
            c.dot(x, y, ramp, shade)


def _outline_now(c):
    """Lay the outline under what is drawn so far; what comes later stays bare, if finished without outline."""
    c.colour = c.finish(centred=False)
    c.filled = (c.colour != 255).any(-1)


def _turn(c, ramp):
    """Mirror what is drawn; the sides of what has the given ramp are lit from the left again."""
    c.colour, c.dark, c.filled = (array[:, ::-1].copy() for array in (c.colour, c.dark, c.filled))
    shades = [(c.colour == np.array(colour, np.uint8)).all(-1) & c.filled for colour in RAMPS[ramp]]
    open_left, open_right = ~np.roll(c.filled, 1, 1), ~np.roll(c.filled, -1, 1)
    pale = shades[1] & open_left & ~open_right & np.roll(c.filled, -1, 0)
    dim = shades[3] & open_right & ~open_left & np.roll(c.filled, 1, 0)
    c.colour[pale], c.colour[dim] = RAMPS[ramp][3], RAMPS[ramp][1]


BAT_WINGS = (
    (-1, ("c....", "cc...", "cdc..", "bddc.", "bcddc", "bcbdd", "b.bcd", "..b.c")),
    (-1, ("..c...", ".ccc..", "cddcc.", "cdddcc", "bdbddd", "bcbddb", "b..bcb")),
    (2, ("..ccc", ".cddd", "cddbd", "cdbcd", "cdb.b", "cb...", "c....")),
    (0, ("cc...", "cddc.", "bdddc", "bcbdd", "bcbcd", "b.b.c")),
    (-2, (".c...", ".cc..", "cddc.", "cdddc", "bdbdd", "bcbcd", "b..bc", "....b")),
    (-3, ("cc...", "cdc..", ".cdc.", ".cddc", "cdbdd", "bcbdd", "b.bcd", "...bc")),
)
BAT_EARS = (("2....2", "32..21"), ("32..21",), ("2....1", "32..21", "32..21"), (".2..2.", "32..21"))
BAT_FEET = (
    (".3221.", ".2221.", "..11.."), (".3221.", "..21.."), (".3221.", ".2221.", ".1..1."),
    (".3221.", ".2221.", "..21..", "..21.."),
)  # fmt: skip


def bat(dice):
    """Two scalloped wings, a head with ears, eyes and fangs."""
    c = Canvas()
    fur, wing = dice.pick([("black", "purple"), ("black", "red"), ("purple", "magenta"), ("purple", "black"),
                           ("brown", "tan"), ("chocolate", "orange"), ("grey", "black"), ("steel", "blue"),
                           ("brown", "chocolate"), ("black", "grey")])  # fmt: skip
    inks = _inks(fur, wing, dice.pick(["yellow", "yellow", "lime", "red"]))
    rise, rows = dice.pick(BAT_WINGS)
    top = 5
    ears = dice.pick(BAT_EARS)
    _pair(c, 1, top + rise + dice.whole(-1, 0), rows, inks)
    eyes = dice.pick(["3y22y1", "3z22z1", "y#22#y"])
    mouth = dice.pick([("322221", ".W00W."), ("20W0W1", ".0000."), ("322221", ".0WW0.")])
    c.stamp(5, top - len(ears), (*ears, "332221", eyes, *mouth, *dice.pick(BAT_FEET)), inks)
    return c.finish()


SPIDER_MARKS = (
    (), ("dccd", ".dd.", ".cc.", "dccd"), (".dc.", "dccc", "dccc", ".cc."), ("d..d", "....", "d..c", "...."),
    ("dddc", "....", "dddc", "...."), ("....", ".dc.", ".cc."),
)  # fmt: skip
SPIDER_HEADS = (
    ("3222", "y22y", ".22.", "W..W"), ("3222", "yyyy", "y22y", "W..W"), ("3222", "y22y", "2yy1", ".WW."),
    (".22.", "y22y", "2221", ".W.W"), ("3222", "yy1y", "2221", "1..1"),
)  # fmt: skip
SPIDER_LEGS = (  # hip and knee, then where the foot may stand
    (((4, 7), (2, 5)), ((2, 1), (2, 2), (3, 1))),
    (((4, 9), (3, 8), (1, 8)), ((0, 4), (0, 5), (1, 4))),
    (((4, 10), (1, 10)), ((0, 13), (0, 14), (1, 14))),
    (((5, 12), (3, 12)), ((2, 15), (2, 14), (2, 15))),
)


def spider(dice):
    """A round abdomen with a mark, a small head with eyes and fangs, eight legs bent at the knees."""
    c = Canvas()
    skin, mark = dice.pick([("black", "red"), ("black", "yellow"), ("brown", "tan"), ("purple", "lime"),
                            ("grey", "red"), ("green", "yellow"), ("chocolate", "orange"),
                            ("blue", "sky")])  # fmt: skip
    c.paint(c.ellipse(8, 5.5, dice.pick([3.2, 3.6]), dice.pick([3.2, 3.6])), skin, gloss=True)
    inks = _inks(skin, mark, dice.pick(["red", "yellow", "lime", "bone"]))
    c.stamp(6, 4, dice.pick(SPIDER_MARKS), inks)
    _over(c, 6, 9, dice.pick(SPIDER_HEADS), inks, skin)
    c.dark[:] = RAMPS[skin][0]
    _outline_now(c)
    for hip_and_knee, feet in SPIDER_LEGS:
        for side in (0, 1):
            points = (*hip_and_knee, dice.pick(feet))
            _line(c, [(15 - x if side else x, y) for x, y in points], skin, 0)
    return c.finish(outline=False)


DRAGON_HEADS = (  # the neck starts under the last three columns
    (".....e.", ".333ee.", "333322.", "33$2322", "3222222", ".222222"),
    ("....e..", ".33ee..", "333322.", "33$2322", "3222222", "22.2222"),
    ("......e", "..33ee.", ".33332.", "33$2322", "3222222", ".222222"),
    ("...e...", ".33ee..", ".33332.", "33$2322", "3222222", ".211222"),
)
DRAGON_BODY = (
    "..cc322...",
    "..cc3322..",
    "..ccc333..",
    "..ccc3332.",
    "...cc22222",
    "...cc22222",
)
DRAGON_LEGS = (("..32..322", "..32...21", ".332..322"), ("..32..322", ".332...22", ".33...322"),
               ("..32..322", "..32..21.", ".332.332."), ("..32..322", "..32...32", ".332...33"))  # fmt: skip
DRAGON_WINGS = (
    ("....xx", "..xxyy", ".xyyyw", "xyywyw", "xywyw.", "xyw..."),
    ("...x..", "..xyx.", ".xyyyx", "xyywyw", "xywyw.", "xyw..."),
    ("..xxx.", ".xyyyx", "xyywyy", "xywyyw", "xywyw.", "xw.w.."),
    (".....x", "...xxy", ".xxyyw", "xyyyw.", "xywyw.", "xyw..."),
)
DRAGON_TAILS = (  # with a point in the wing's colour
    (6, ("...x.", "..xxx", "...2.", "...2.", "..22.", "2222.")),
    (7, ("...x.", "..xxx", "...2.", "..22.", "2222.")),
    (6, ("...xx", "...xx", "...2.", "...2.", "..22.", "2222.")),
    (8, ("....x", "...xx", "...2.", "..22.", "222..")),
)


def dragon(dice):
    """From the side: a head with one horn, a raised wing, a pale belly, two strong legs and a pointed tail."""
    c = Canvas()
    skin, belly, wing = dice.pick([("green", "yellow", "orange"), ("red", "yellow", "orange"), ("blue", "cream", "sky"),
                                   ("purple", "tan", "magenta"), ("black", "tan", "red"), ("teal", "cream", "purple"),
                                   ("orange", "cream", "red"), ("green", "cream", "lime")])  # fmt: skip
    inks = {**_inks(skin, belly, wing), "$": ("yellow", 3) if skin == "black" else ("black", 0), "e": ("cream", 4)}
    top, rows = dice.pick(DRAGON_TAILS)
    c.stamp(10, top, rows, {**inks, "x": (wing, 3)})
    c.stamp(2, 6, DRAGON_BODY, inks)
    c.stamp(3, 12, dice.pick(DRAGON_LEGS), inks)
    c.stamp(1, 1 + dice.whole(0, 1), dice.pick(DRAGON_HEADS), inks)
    shades = {"x": (wing, 3), "y": (wing, 2), "w": (wing, 1)}
    _over(c, dice.whole(7, 8), 1, dice.pick(DRAGON_WINGS), shades, skin)
    if dice.chance(0.5):
        _turn(c, skin)
    return c.finish()


RAT_TAILS = (
    ((10, 11), (12, 11), (13, 10), (13, 5), (12, 4)),
    ((10, 11), (12, 11), (13, 10), (13, 8), (14, 7)),
    ((10, 10), (12, 8), (12, 6), (13, 5), (14, 5)),
    ((10, 11), (13, 11), (13, 7), (12, 6), (12, 4)),
    ((10, 10), (12, 8), (13, 7), (13, 4), (12, 3), (10, 3)),
    ((10, 11), (12, 12), (13, 12), (14, 11), (14, 9)),
)
RAT_BODIES = (
    ("......333...", "....333322..", "..3332222221", ".3#322222221", "x3222222221.", ".1122222211."),
    (".....33333..", "...333222221", "..3332222221", "33#322222221", "x3222222211.", "..112222211."),
    (".......33...", ".....33222..", "..3332222221", ".3#322222221", "x3222222221.", ".11222222211"),
    ("......3333..", ".....3332221", "..3333222221", ".3#322222221", "x3222222221.", ".WW22222211."),
)
RAT_EARS = ((".33.", "3xx2", "3xx1", ".21."), (".33", "3xx", "3x1"), ("333.", "3xx1", "3xx1", ".11."))
RAT_FEET = ("..w..w..ww..", "...w....ww..", ".ww..w.w.ww.", "..w.w...ww..")


def rat(dice):
    """From the side: a pointed snout, a round pink ear, a humped back and a long bare tail."""
    c = Canvas()
    fur = dice.pick(["grey", "brown", "black", "bone", "steel", "tan", "chocolate"])
    inks = _inks(fur, "grey", "pink")
    _line(c, dice.pick(RAT_TAILS), "pink", 2)
    c.stamp(1, 6, (*dice.pick(RAT_BODIES), dice.pick(RAT_FEET)), inks)
    c.stamp(dice.whole(4, 5), dice.whole(4, 5), dice.pick(RAT_EARS), inks)
    if dice.chance(0.5):
        _turn(c, fur)
    return c.finish()


TONGUES = (((-1, 3), (-2, 3), (-3, 2), (-3, 4)), ((-1, 3), (-2, 3)), ((-1, 3), (-2, 4), (-3, 5), (-3, 3)),
           (), ((-1, 3), (-2, 3), (-3, 3), (-4, 2), (-4, 4)))  # fmt: skip
SNAKE_HEADS = (
    (".333..", "33332.", "3#3322", "333222", ".cc22."), (".3333.", "333322", "3#3322", "100222", ".cc22."),
    ("..333.", ".33332", "3z#322", "332222", "ccc22."), (".333..", "333321", "3z#221", "322221", ".ccc1."),
)  # fmt: skip
SNAKE_NECKS = (
    ("c332", "c332", "c332", "c332"), (".c332", ".c332", "c332.", "c332."), ("c332.", "c332.", ".c332", ".c332"),
)  # fmt: skip
COILS = (
    (3, (".33333221.", "3222222221", "1222222211")), (4, (".333322.", "32222221", "12222211")),
    (4, ("33333321", "12222211")), (3, ("3333333221", "1222222211")),
)  # fmt: skip
BASES = (
    ("333322222221", "222222222211", ".1111111111."), (".3333222221.", "322222222221", "122222222111"),
    ("3333222221.2", "222222222222", ".1111111111."), ("333322222221", "122222222111"),
)  # fmt: skip
WINDING = (
    ("..3333......", ".33#332.....", "33333322....", ".cc..3322...", "......322...", "..333332....", ".3332222....",
     ".332.....3..", ".332....32..", ".33322.322..", "..332222221.", "...222221..."),
    ("..3333......", ".33#332.....", "33333322....", ".cc.3322....", "....322.....", "....33222...", ".....332222.",
     ".......3321.", "3......3321.", "32...333221.", ".332322221..", "..322221...."),
    ("..3333......", ".3z#332.....", "33333322....", ".ccc3322....", "....332...3.", "....332..32.", "....3322.321",
     "..333222221.", ".33222.2221.", ".322........", ".3322222221.", "..22222221.."),
    ("..3333......", ".33#332.....", "33333322....", ".cc..332....", ".....332....", "..333322....", ".33222......",
     ".332........", ".3333222.3..", "...332222322", ".....222222.", "......222..."),
    ("..3333......", ".33#332.....", "33333322....", ".cc.3322....", "....332.....", "....332.....", "....3322....",
     ".333.3322...", "332...3322..", "322...3322..", ".33333222...", "..222222...."),
    ("..3333......", ".3z#332.....", "33333322....", ".ccc3322....", "....332.....", "...3322..333", "..3322..3322",
     ".3322..3322.", ".332...322..", ".3333.3322..", "..22222222..", "...222222..."),
)  # fmt: skip


def _banded(rows, pattern, first=0):
    """Rows of a stamp with marks of the second ramp from row `first` on: none, slanted bands or spots."""
    if pattern == 0:
        return rows
    marks = str.maketrans("321", "dcb")
    slant = (0, 3, 1)[pattern]
    return [
        "".join(ink.translate(marks) if y >= first and (x + y * slant) % (4 + pattern % 2) == 0 else ink
                for x, ink in enumerate(row)) for y, row in enumerate(rows)
    ]  # fmt: skip


def snake(dice):
    """Coiled with a raised neck or winding along in an S, plain, banded or spotted, mostly with a tongue."""
    c = Canvas()
    skin, mark = dice.pick([("green", "yellow"), ("lime", "green"), ("green", "lime"), ("purple", "pink"),
                            ("red", "yellow"), ("teal", "lime"), ("orange", "chocolate"),
                            ("tan", "brown")])  # fmt: skip
    inks = _inks(skin, mark, "cream")
    tongue, pattern = dice.pick([0, 0, 1, 2, 3, 4, 4]), dice.whole(0, 2)
    if skin == "orange":  # a plain orange one looks like a duck
        pattern = max(pattern, 1)
    if dice.chance(0.5):
        c.stamp(3, 1, _banded(dice.pick(WINDING), pattern, 4), inks)
        mouth = [(3 + x, y) for x, y in TONGUES[tongue]]
    else:
        base, (left, coil) = dice.pick(BASES), dice.pick(COILS)
        low = 14 - len(base)
        c.stamp(2, low, _banded(base, pattern), inks)
        _over(c, left, low - len(coil), _banded(coil, pattern), inks, skin)
        left, neck = dice.whole(4, 6), dice.pick(SNAKE_NECKS)
        bottom = low - len(coil) + 2
        _over(c, left + 2, bottom - len(neck), neck, inks, skin)
        left, top = left + (neck[0][0] == "."), bottom - len(neck) - 5
        c.stamp(left, top, dice.pick(SNAKE_HEADS), inks)
        mouth = [(left + x, top + y) for x, y in TONGUES[tongue]]
    flip = dice.chance(0.5)
    if flip:
        _turn(c, skin)
    c.dark[:] = RAMPS[skin][0]
    _outline_now(c)
    for x, y in mouth:
        c.dot(15 - x if flip else x, y, "red", 2)
    return c.finish(outline=False)


PLANT_HEADS = (
    ("...33333...", "..33dd3322.", "33333332222", "133333322d2", "#W#W#3322dd", "#######2222",
     "###W##32222", "W#W#222dd21", "1222222dd1.", ".22222211.."),
    ("...333333..", "..33dd3322.", ".333dd32dd2", "33333332dd2", "31111111122", "1W#W#W#W#12",
     "##W#W#W#W12", "21111111121", ".22dd22221.", "...222211.."),
    ("....3333...", "..33d33322.", "W33dd322dd2", "WW3333322d2", "#W#W3332222", "######33222",
     "######22222", "#W#W2222dd1", "WW2222222d1", "W22222d221.", "..222211..."),
    ("..3333322..", ".33dd33222.", "333dd322dd2", "33333322dd2", "W#W#W#W#W22", "##########2",
     "#W#W#W#W#21", "2222222221.", ".22dd2211..", "...2221...."),
    ("..333.3322..", ".3333332222.", "333111111222", "331W#W#W#122", ".31######12.", ".31######12.",
     "331#W#W#W122", "332111111221", "333322222211", ".332.222.21."),
)  # fmt: skip
LEAVES = (("CD...", "CCCC.", ".BBCC"), (".DD..", "DCCC.", ".BBBC"), ("D....", "CC...", "CCC..", ".BBC."), ())


def plant(dice):
    """A carnivorous flower: a toothed mouth on a stalk with leaves, from a pot, a mound or nothing."""
    c = Canvas()
    skin, spot = dice.pick([("red", "cream"), ("magenta", "cream"), ("purple", "yellow"), ("orange", "cream"),
                            ("blue", "ice"), ("red", "yellow")])  # fmt: skip
    inks = _inks(skin, spot, "red", "green")
    foot = dice.pick(["pot", "pot", "mound", "none"])
    c.paint(c.box(7, 8, 9, 15), "green", 2)
    low = 10 if foot == "none" else 9
    for flip in (False, True):
        rows = dice.pick(LEAVES)
        c.stamp(9 if flip else 2, low + dice.whole(0, 1), rows, inks, flip)
    if foot == "pot":
        rows = dice.pick([("33333333", ".222222."), ("333333", ".2222."), ("33333333", ".222222.", ".222222.")])
        c.stamp(8 - len(rows[0]) // 2, 15 - len(rows), rows, _inks(dice.pick(["brown", "orange", "blue", "grey"])))
    if foot == "mound":
        c.stamp(4, 13, (".333333.", "32222223"), _inks("chocolate"))
    head = dice.pick(PLANT_HEADS)
    if dice.chance(0.7):  # a flatter head leaves more of the stalk to see
        head = (*head[:-2], head[-1])
    c.stamp(dice.whole(2, 3), 1, head, inks)
    if dice.chance(0.5):
        _turn(c, skin)
    return c.finish()


FROG_EYES = (
    (".333..", "3WW3..", "3W#333"),
    (".333..", "3#W3..", "3##333"),
    (".33...", "3WW3..", "3#W333"),
    (".333..", "3222..", "3W#333"),
    ("..33..", ".3WW3.", "33W#33"),
    ("..33..", ".3##3.", "33#W33"),
    (".333..", "3WWW3.", "3W##3.", "3W##33"),
)
FROG_MOUTHS = (
    ("333333", "303333", "220000", ".22222"),
    ("333333", "333333", "200000", ".22222"),
    ("333333", "200000", "20yyyy", "220xxx", ".22000"),
    ("333333", "203333", ".20000", ".22xxx", ".22.xx"),
    ("333333", "330333", "222000", ".22222"),
)
FROG_BODIES = (
    ("32bccc", "332ccd", "3321cc"),
    (".32ccc", "332ccd", "33bccd", "3321cc"),
    ("32bccc", "332bcc"),
    ("3.2ccc", "332ccd", "2321cc", ".32bcc"),
    (".32ccc", "332bcc"),
)
FROG_FEET = (("22.222",), ("22..22",), ("33.22.",), (".33222",), ("222.22",), ("333.22",))


def frog(dice):
    """From the front: eyes on top of the head, a very wide mouth, a pale belly and splayed feet."""
    c = Canvas()
    skin, belly = dice.pick([("green", "cream"), ("lime", "yellow"), ("teal", "cream"), ("orange", "cream"),
                             ("blue", "yellow"), ("green", "lime"), ("brown", "tan")])  # fmt: skip
    inks = _inks(skin, belly, "red")
    eyes, mouth, body = dice.pick(FROG_EYES), dice.pick(FROG_MOUTHS), dice.pick(FROG_BODIES)
    feet = dice.pick(FROG_FEET), dice.pick(FROG_FEET)
    _pair(c, 2, 1, (*eyes, *mouth, *body), inks)
    bottom = 1 + len(eyes) + len(mouth) + len(body)
    for flip, rows in enumerate(feet):
        c.stamp(8 if flip else 2, bottom, rows, inks, bool(flip))
    spots = dice.pick([(), ((6, 2), (8, 2)), ((7, 1), (9, 2)), ((4, 3), (11, 3))])
    for x, y in spots:
        c.dot(x, len(eyes) + y - 1, skin, 1)
    c.dark[:] = RAMPS[skin][0]
    return c.finish()


OWL_TUFTS = (("3.....", "33..33"), ("33....", "333.33"), (".3....", ".33.33"), ("......", ".33333"))
OWL_EYES = (
    ("333333", "33zz33", "3z##z3", "3z##zC", "33zz3B"),
    ("333333", "3dzzd3", "3z#Wz3", "3z##zC", "3dzzdB"),
    ("333333", "311113", "3z##z3", "3z##zC", "33zz3B"),
    ("333333", "3dddd3", "3dddd3", "3d00dC", "33dd3B"),
    ("133333", "313333", "3z1113", "3z##zC", "33zz3B"),
)
OWL_BODIES = (
    ("322222", "221ccc", "221dcd", ".211cc", "..11dc"),
    ("322222", "321cdc", "2211cd", ".211dc", "..11cc"),
    (".21ccc", "2211dc", "2221cd", "2211dc", "..1ccc"),
    (".21cdc", ".221cd", ".211dc", "..21cc"),
)
OWL_WINGS = (
    (9, ()), (7, ("33.", "233", ".22", "..2")), (5, ("3..", "33.", "233", ".22")), (8, (".33", "233", "22.", "2..")),
)  # fmt: skip


def owl(dice):
    """From the front: huge eyes, ear tufts, a beak, wings folded or lifted, a speckled breast, feet, maybe a branch."""
    c = Canvas()
    feather, face = dice.pick([("brown", "tan"), ("grey", "bone"), ("chocolate", "tan"), ("bone", "cream"),
                               ("purple", "pink"), ("steel", "ice")])  # fmt: skip
    inks = _inks(feather, face, "yellow", "orange")
    rows = (*dice.pick(OWL_TUFTS), *dice.pick(OWL_EYES), *dice.pick(OWL_BODIES))
    shoulder, wing = dice.pick(OWL_WINGS)
    if wing:
        _pair(c, 1, shoulder, wing, inks)
    _pair(c, 2, 1, rows, inks)
    foot = dice.pick([("C..C",), ("CC.CC",), ("C.C..C.C",), ()])
    if dice.chance(0.35):
        c.stamp(3, len(rows) + 1, ("3222222221",), _inks("chocolate"))
    elif foot:
        c.stamp(8 - len(foot[0]) // 2, len(rows) + 1, foot, inks)
    return c.finish()


KINDS = {
    "bat": bat,
    "spider": spider,
    "dragon": dragon,
    "rat": rat,
    "snake": snake,
    "plant": plant,
    "frog": frog,
    "owl": owl,
}
