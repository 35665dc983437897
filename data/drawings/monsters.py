"""Monsters of fantasy, from the front (zombies stagger sideways): one class, ten kinds."""

import numpy as np

from .canvas import RAMPS, Canvas, tidy

ROWS, COLUMNS = np.mgrid[0:16, 0:16]

# --- tools


def inks(ramp, **others):
    """Inks for a stamp: the digits 0 to 4 are the shades of a ramp; k is black, w white, r red, y glowing yellow."""
    shades = {str(shade): (ramp, shade) for shade in range(5)}
    common = {"k": ("black", 0), "w": ("bone", 4), "r": ("red", 2), "y": ("yellow", 3)}
    return {**shades, **common, **others}


def cells(left, top, rows):
    """A mask from text: true where a row has anything but a dot."""
    mask = np.zeros((16, 16), bool)
    for y, row in enumerate(rows):
        for x, letter in enumerate(row):
            if letter != "." and 0 <= left + x < 16 and 0 <= top + y < 16:
                mask[top + y, left + x] = True
    return mask


def both(mask):
    """A mask and its mirror image about the middle of the tile."""
    return mask | mask[:, ::-1]


def grown(mask):
    """A mask and its four neighbours all around."""
    padded = np.pad(mask, 1)
    return mask | padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]


def layer(c, mask, ramp, shade=None, light="round", gloss=False):
    """Paint a mask over what is there, parted from it by a dark line."""
    c.paint(grown(mask) & ~mask & c.filled, ramp, 0)
    return c.paint(mask, ramp, shade, light, gloss)


def layer_stamp(c, left, top, rows, colours, ramp, flip=False):
    """A stamp over what is there, parted from it by a dark line; `flip` mirrors its place in the tile, too."""
    mask = cells(left, top, rows)
    mask = mask[:, ::-1] if flip else mask
    c.paint(grown(mask) & ~mask & c.filled, ramp, 0)
    c.stamp(16 - left - len(rows[0]) if flip else left, top, rows, colours, flip)


def middle_stamp(c, top, rows, colours):
    """A stamp of even width in the middle of the tile."""
    c.stamp(8 - len(rows[0]) // 2, top, rows, colours)


def finish(c, ramp):
    """The picture, with dark in the holes of one pixel that its outline would leave white."""
    around = np.pad(grown(c.filled), 1, constant_values=True)
    hole = ~around[1:-1, 1:-1] & around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    c.paint(hole & (ROWS > 0) & (ROWS < 15) & (COLUMNS > 0) & (COLUMNS < 15), ramp, 0)
    return c.finish()


EYES = {
    "dots": ["k..k", "k..k"],
    "wide dots": ["k....k", "k....k"],
    "glint": ["wk..wk", "kk..kk"],
    "googly": ["ww..ww", "wk..kw", "ww..ww"],
    "angry": ["k....k", "kk..kk", "wk..kw"],
    "sleepy": ["kk..kk"],
    "cyclops": [".ww.", "wkkw", "wkkw", ".ww."],
    "squint": ["kk..kk", ".k..k."],
    "fierce": ["k....k", "wk..kw", "ww..ww"],
}
MOUTHS = {
    "smile": ["k..k", ".kk."],
    "grin": ["k....k", ".kkkk."],
    "open": ["kkkk", "krrk", ".kk."],
    "fangs": ["kkkkkk", ".w..w."],
    "flat": ["kkkk"],
    "teeth": ["kkkkkk", "kwkkwk", ".kkkk."],
    "oh": ["kk", "kk"],
    "tongue": ["kkkk", "..rr"],
}

WINGS = [  # the left wing; its mirror image is the right one
    ["#....", "##...", "###..", "####.", "#####", ".#.##", "...##"],
    ["#....", "###..", "#####", "####.", "#.##.", "...#."],
    ["#....", "##...", "####.", "#####", "##.##", "#...#"],
    ["..#..", ".###.", "####.", "#####", "#.##.", "#..#."],
]
HORNS = [  # the left horn, over the left half of a head
    ["#...", "##..", ".##."],
    [".#..", ".#..", ".##."],
    ["#...", "#...", "###.", ".##."],
    ["..#.", ".##.", ".##."],
]

# --- kinds


def slime(dice):
    """A drop of jelly: a dome on a spread foot, a tip or horns or nothing on top, a face, a gloss."""
    c = Canvas()
    skin = dice.pick(["lime", "green", "sky", "teal", "pink", "purple", "orange", "magenta", "blue"])
    wide, high = dice.pick([(5.4, 8), (6, 8), (6.4, 8), (5, 9), (5.4, 10), (5, 10), (6, 9), (6, 10)])
    top = 14 - high
    dome = c.ellipse(8, top + high * 0.62, wide, high * 0.62) & (ROWS < 14)
    middle, spread = 8 + dice.pick([-0.5, 0, 0, 0.5]), wide + dice.pick([0, 0.5])
    foot = c.ellipse(middle, 13, spread, dice.pick([1.2, 2.2])) & (ROWS < 14)
    body = dome | foot
    crest = dice.pick(["drop", "drop", "drop", "none", "horns", "curl", "knob"])
    if crest == "drop":
        lean, tip = dice.pick([-2, -1, 0, 0, 1, 2]), dice.pick([1.4, 2.4])
        body |= c.polygon((8 - wide * 0.66, top + 3), (8 + lean - 0.9, top - tip), (8 + lean + 0.9, top - tip),
                          (8 + wide * 0.66, top + 3))  # fmt: skip
    elif crest == "curl":
        side = dice.pick([-1, 1])
        body |= c.stroke((8, top + 1), (8 + side, top - 0.5), (8 + side * 2.5, top - 1), width=2)
    elif crest == "horns":
        body |= both(cells(3, top - 1, dice.pick(HORNS)))
    elif crest == "knob":
        lean = dice.pick([-1, 0, 1])
        body |= c.stroke((8, top + 2), (8 + lean, top - 0.5), width=2) | c.ellipse(8 + lean, top - 0.5, 1.5)
    c.paint(body, skin)
    c.paint(body & (ROWS == 13), skin, 1)
    colours = inks(skin, k=(skin, 0))
    eyes = EYES[dice.pick(list(EYES))]
    mouth = MOUTHS[dice.pick([name for name, rows in MOUTHS.items() if len(eyes) + len(rows) < high - 2])]
    room = 12 - len(eyes) - len(mouth)
    gap = 1 if room >= top + 2 else 0
    brow = room - gap + (1 if room - gap < top + 2 else 0)
    shine = [".44", "44.", "4.."] if brow > top + 3 else [".44", "4.."]
    left = int(np.nonzero(dome[top + 1])[0][0])
    c.stamp(left, top + 1, shine, inks(skin))
    middle_stamp(c, brow, eyes, colours)
    middle_stamp(c, brow + len(eyes) + gap, mouth, colours)
    return c.finish()


HEMS = [[0, 1, 1, 0], [1, 1, 0], [2, 2, 0, 0], [1, 2, 1, 0], [0, 0, 1, 1], [2, 1, 0]]
GHOST_EYES = [["kk..kk", "kk..kk", "kk..kk"], ["kk..kk", "kk..kk"], [".k..k.", "kk..kk", "kk..kk"],
              ["k....k", "kk..kk", "kk..kk"], ["kk..kk", "kr..rk", "kk..kk"]]  # fmt: skip
GHOST_MOUTHS = [["kk", "kk"], ["kk", "kk", "kk"], [".kk.", "kkkk", "kkkk"], ["k..k", ".kk."], ["kkkk"],
                ["kkkk", "krrk", ".rr."]]  # fmt: skip


def ghost(dice):
    """A sheet: a round head, sides that fall straight or sway, a wavy hem, stub arms, hollow eyes."""
    c = Canvas()
    cloth = dice.pick(["bone", "bone", "ice", "ice", "steel", "cream"])
    wide, top = dice.pick([4, 5, 5]), dice.pick([1, 2, 3])
    body = c.ellipse(8, top + wide, wide, wide) | c.box(8 - wide, top + wide, 8 + wide, 15)
    if dice.chance(0.5):
        body |= both(c.polygon((8, 9), (8 - wide, 9), (8 - wide - 1.2, 15), (8, 15)))
    wave, shift = dice.pick(HEMS), dice.whole(0, 3)
    hem = np.array([wave[(x + shift) % len(wave)] for x in range(16)])
    body &= 12 + hem > ROWS
    arms = dice.pick(["none", "out", "up", "one up", "down"])
    hand = {"out": 8.5, "up": 6.5, "one up": 6.5, "down": 10.5}.get(arms)
    if hand:
        arm = c.stroke((9 - wide, 9), (7.2 - wide, hand), width=2.2)
        body |= both(arm) if arms != "one up" else arm | c.stroke((7 + wide, 9), (8.8 + wide, 10.5), width=2.2)
    sway = dice.pick([-2, -1, 0, 0, 1, 2]) if not hand else dice.pick([-1, 0, 1])
    swayed = body.copy()
    for y in range(10, 16):
        swayed[y] = np.roll(body[y], round(sway * (y - 9) / 4))
    c.paint(tidy(swayed), cloth, 3)
    right = np.pad(swayed, ((0, 0), (0, 2)))
    shadow = swayed & ~(right[:, 1:-1] & right[:, 2:]) & (top + 1 < ROWS)
    c.paint(tidy(swayed) & shadow, cloth, 2)
    c.paint(tidy(swayed) & (ROWS >= 11) & (hem[None, :] == 0), cloth, 2)
    c.stamp(7 - wide + 2, top + 1, [".44", "44.", "4.."], inks(cloth))
    colours = inks(cloth, k=(cloth, 0) if cloth != "cream" else ("black", 1))
    eyes = dice.pick(GHOST_EYES)
    look = dice.pick([-1, 0, 0, 1]) if wide > 4 else 0
    c.stamp(5 + look, top + 3, eyes, colours)
    mouth = dice.pick(GHOST_MOUTHS)
    c.stamp(8 + look - len(mouth[0]) // 2, top + 4 + len(eyes), mouth, colours)
    return c.finish()


SKULLS = [
    ["..44433..", ".4443333.", "4kk333kk2", "4kk333kk2", ".333k322.", "..3k3k2.."],
    ["..44433..", ".4444333.", "444333332", "3kk333kk2", "3kk3k3kk2", "..3k3k2.."],
    [".4444333.", "444433332", "4kk333kk2", "4ekk3kke2", ".333k322.", "..3k3k2.."],
    ["..44433..", "444333332", "4kk333kk2", "4ek333ek2", ".3kkkkk2.", "..3k3k2.."],
    ["..44433..", ".4443333.", "4kkk3kkk2", "4kek3kek2", ".333k322.", "..33322.."],
    [".44333.", "4443332", "4kk3kk2", "4kk3kk2", ".33k32.", ".3k3k2."],
]
RIBS = [
    ["3333332", ".00300.", ".33332.", ".00300.", "..332.."],
    [".33332.", ".00300.", ".33332.", ".00300.", "..332.."],
    ["3333332", ".00300.", ".33332.", ".00300.", ".33322."],
    ["3333332", ".00300.", "..332..", "..030..", ".33322."],
]
LEGS = [["..3.2..", "..3.2..", ".33.22."], ["..3.2..", ".33.22."], ["..3.2..", ".3...2.", "33...22"],
        [".3...2.", "33...22"], ["..3.2..", ".33..2.", ".....22"], ["..3.2..", ".3..22.", "33....."]]  # fmt: skip
ARMS = {  # an arm's pixels, as steps away from the spine and down
    "down": [(4, 0), (4, 1), (4, 2), (4, 3), (4, 4)],
    "apart": [(4, 0), (5, 1), (5, 2), (5, 3), (5, 4)],
    "up": [(4, 0), (5, 0), (6, -1), (6, -2), (6, -3)],
    "out": [(4, 1), (5, 1), (6, 0)],
    "spread": [(4, 0), (5, 0), (6, 0), (6, 1)],
    "akimbo": [(4, 0), (5, 1), (5, 2), (4, 3)],
}
WEAPONS = {  # hilt in the hand, point up: the middle column is the grip
    "sword": [".4.", ".3.", ".3.", ".3.", "bbb", ".b."],
    "long sword": [".4.", ".3.", ".3.", ".3.", ".3.", ".3.", "bbb", ".b."],
    "thigh bone": ["w.w", "www", ".w.", ".w.", ".w.", ".w."],
    "spear": [".4.", "433", ".b.", ".b.", ".b.", ".b.", ".b.", ".b.", ".b."],
}


def skeleton(dice):
    """A skull on a spine with ribs, thin arms in six poses, a pelvis, two legs; perhaps a weapon, a shield, a crown."""
    c = Canvas()
    bone = dice.pick(["bone", "bone", "bone", "cream"])
    colours = inks(bone, e=dice.pick([("red", 2), ("yellow", 2), ("sky", 3)]))
    skull, ribs, legs = dice.pick(SKULLS), dice.pick(RIBS), dice.pick(LEGS)
    top, neck = 1, 1 + len(skull)
    legs = legs[max(neck + len(ribs) + len(legs) - 14, 0) :]
    weapon, shielded = dice.pick([None, None, *WEAPONS]), dice.chance(0.2)
    crowned = dice.chance(0.12)
    poses = [dice.pick(list(ARMS)), dice.pick(list(ARMS))]
    if weapon:
        poses = [dice.pick(["down", "apart", "akimbo"]), "out"]
    for side, pose in zip((-1, 1), poses, strict=True):
        for x, y in ARMS[pose]:
            c.dot(7 + side * x, neck + y, bone, 3 if side < 0 else 2)
    c.stamp(4, neck, ribs, colours)
    c.stamp(4, neck + len(ribs), legs, colours)
    c.stamp(7 - len(skull[0]) // 2, top, skull, colours)
    if crowned:
        c.stamp(5, top, ["3.3.3", "33322"], inks("yellow"))
    if weapon:
        rows = WEAPONS[weapon]
        low = {"spear": 5}.get(weapon, 2) + dice.pick([-1, 0])
        layer_stamp(c, 12, max(neck + low - len(rows), 1), rows, inks("steel", b=("brown", 2)), "steel")
        c.dot(13, neck, bone, 3)
    if shielded and weapon:
        shield = dice.pick([[".33.", "3223", "3223", ".11."], ["3333", "3223", ".22."]])
        layer_stamp(c, 1, neck + 1, shield, inks("brown"), "brown")
    return finish(c, bone)


STALKS = [  # where the small eyes of a beholder sit
    ((3, 4), (8, 2), (13, 4)),
    ((2, 7), (5, 3), (11, 3), (14, 7)),
    ((4, 3), (8, 2), (12, 3)),
    ((2, 6), (8, 2), (14, 6)),
    ((3, 3), (13, 3)),
    ((2, 5), (7, 2), (12, 3)),
    ((4, 3), (9, 2), (14, 5)),
]


def eye(dice):
    """One huge eyeball with an iris that looks about; lids, bat wings, tentacles or eye stalks by the throw."""
    c = Canvas()
    skin = dice.pick(["red", "purple", "green", "teal", "magenta", "orange", "blue"])
    iris = dice.pick([ramp for ramp in ("red", "lime", "sky", "yellow", "purple", "green") if ramp != skin])
    gear = dice.pick(["wings", "wings", "tentacles", "stalks", "both", "nerve"])
    radius = dice.pick([4, 4, 4.6]) if gear in ("wings", "both") else dice.pick([4.6, 5, 5])
    high = 7 if gear in ("tentacles", "both", "nerve") else 9 if gear == "stalks" else 8
    if gear in ("wings", "both"):
        c.paint(both(cells(1, high - dice.pick([4, 5]), dice.pick(WINGS))), skin, light="down")
    if gear in ("tentacles", "both"):
        for x in dice.pick([(5, 8, 11), (4.5, 11.5), (4, 6.7, 9.3, 12)]):
            bend = dice.pick([-1, 1])
            foot = (x + bend, high + radius + 2.5)
            c.paint(c.stroke((x, high + 2), (x, high + radius), foot, width=1.6), skin, 2)
    if gear == "nerve":
        bend = dice.pick([-1, 1])
        root = [(8, high + radius - 1), (8 - bend, high + radius + 1), (8 + bend * 2, high + radius + 2.5)]
        c.paint(c.stroke(*root, width=2), skin, 2)
    if gear == "stalks":
        for x, top in dice.pick(STALKS):
            c.paint(c.stroke((8 + (x - 8) * 0.5, high - 2), (x, top + 1), width=1.2), skin, 2)
            c.stamp(x - 1, top - 1, ["44", "4i"], inks("bone", i=(iris, 2)))
    ball = c.ellipse(8, high, radius, radius)
    lidded = gear == "stalks" or (gear not in ("wings", "both") and dice.chance(0.4))
    layer(c, ball, skin if lidded else "bone", light="round")
    if not lidded:
        c.paint(ball & c.ellipse(7, high - 1, radius * 0.95, radius * 0.95), "bone", 4)
        for x, y in dice.pick([[(-4, 1), (-3, 2)], [(2, -3), (3, -2)], [(-3, 2), (-4, 1)], [(2, 3), (1, 3)], []]):
            c.paint(cells(8 + x, high + y, ["#"]) & ball, "pink", 2)
    else:
        slit = dice.pick([3, 3.4, 2.4])
        opening = c.ellipse(8, high, radius - 1, slit) & ball
        c.paint(grown(opening) & ball, skin, 1)
        c.paint(opening, "bone", 4)
    x, y = 8 + dice.pick([-1, 0, 0, 1]), high + (0 if lidded else dice.pick([-1, 0, 0, 1]))
    c.stamp(x - 2, y - 2, [".22.", "3221", "3221", ".11."], inks(iris))
    c.stamp(x - 1, y - 1, dice.pick([["kk", "kk"], ["kk", "kk"], [".k", ".k"]]), inks(iris))
    c.dot(x - 1, y - 1, "bone", 4)
    return finish(c, skin)


def golem(dice):
    """Blocks of stone: a small head between big shoulders, heavy fists in five poses, short legs, glowing eyes."""
    c = Canvas()
    stone = dice.pick(["grey", "grey", "steel", "brown", "tan", "ice"])
    glow = dice.pick([("yellow", 3), ("sky", 3), ("lime", 3), ("red", 3)])
    half, reach = dice.pick([(3, 6), (3, 6), (4, 6), (3, 7), (4, 7)])
    top, bottom = dice.pick([3, 4]), dice.pick([10, 11])
    outer = dice.pick([half, half + 1])
    c.paint(both(c.box(8 - outer, bottom - 1, 7, 14)), stone, light="edge")
    layer(c, c.box(8 - half, top, 8 + half, bottom), stone, light="edge")
    head = top - dice.pick([1, 2])
    colours = inks(stone, g=glow)
    belt = dice.pick(["none", "belt", "gem", "crack", "moss" if stone != "ice" else "gem"])
    if belt == "belt":
        layer(c, c.box(9 - half, bottom - 2, 7 + half, bottom), stone, light="edge")
    elif belt == "gem":
        middle_stamp(c, head + 6, ["gg", "gg"], colours)
    elif belt == "crack":
        c.stamp(6, head + 6, dice.pick([["0...", ".00.", "..0."], ["..0.", ".0..", ".00."]]), colours)
    pose = dice.pick([("down", "down"), ("down", "down"), ("up", "up"), ("up", "down"), ("down", "up"), ("low", "low"),
                      ("low", "down"), ("low", "up")])  # fmt: skip
    fist = dice.pick([3, 4])
    for side, arm in zip((-1, 1), pose, strict=True):
        ends = sorted((8 + side * reach, 8 + side * half))
        hand = sorted((8 + side * reach, 8 + side * (reach - fist)))
        low = {"up": 4, "down": 12, "low": 13}[arm]
        layer(c, c.box(ends[0], 4 if arm == "up" else top, ends[1], 8), stone, light="edge")
        layer(c, c.box(hand[0], low - 3 - (fist == 4 and arm != "up"), hand[1], low), stone, light="edge")
    brow = 2 if "up" in pose else dice.pick([2, 3])  # a broad head would touch a raised fist
    layer(c, c.box(8 - brow, head, 8 + brow, head + 4), stone, light="edge")
    if belt == "moss":
        tops = c.filled & ~np.pad(c.filled, ((1, 0), (0, 0)))[:-1] & (ROWS < 5)
        c.paint(tops & (dice.pick([1, 7]) < COLUMNS), "green", 3)
    middle_stamp(c, head + 1, ["0000", "g00g"] if brow == 2 else ["000000", "gg00gg"], colours)
    return finish(c, stone)


IMP_HORNS = [["#....", "##...", ".##.."], ["#....", "#....", "##..."], [".#...", ".#...", "##..."], ["#....", "##..."]]
IMP_EYES = [["y....y", "yy..yy"], ["yy..yy", "yk..ky"], ["yy..yy", "yk..yk"], ["y..y", "y..y"], ["ky..yk", "ky..yk"]]
IMP_MOUTHS = [["kkkk", "w..w"], ["kwwwwk"], ["kkkkkk", ".w..w."], ["kwkkwk"], ["kkkkkk", ".wwww."]]
IMP_LEGS = [["2..2", "2..2"], ["2..2", "22.22"], ["22.2", "..22"], ["2..2"]]
IMP_WINGS = [
    ["#...", "##..", "###.", "####", "#.##"],
    [".#..", "###.", "####", "#.##", "...#"],
    ["##..", "###.", "####", "####", "#.#."],
]
IMP_TAILS = [["..3", ".33", "..2", "22."], [".3.", "333", ".2.", "22."], ["..3", ".33", ".33", "..2", "22."]]
TRIDENT = ["3.3.3", "3.3.3", "33333", *["..2.."] * 9]


def imp(dice):
    """A little devil: a big horned head, a grin, a small body, and either wings or a trident and a pointed tail."""
    c = Canvas()
    skin = dice.pick(["red", "red", "red", "purple", "magenta"])
    horn, armed = dice.pick(["cream", "cream", "black"]), dice.chance(0.5)
    left = 7 if armed else 4  # of the head
    if armed:
        c.stamp(12, 9, dice.pick(IMP_TAILS), inks(skin))
    else:
        c.paint(both(cells(1, dice.pick([6, 7]), dice.pick(IMP_WINGS))), dice.pick(["black", "grey", "purple"]), 2)
    c.stamp(left + 2, 13 - dice.whole(0, 1), dice.pick(IMP_LEGS), inks(skin))
    layer_stamp(c, left + 2, 10, dice.pick([["3332", "3222", "2221"], ["3332", "3221", ".22."]]), inks(skin), skin)
    for side in (0, 1):
        mask = cells(0, 3 - dice.whole(0, 1), dice.pick(IMP_HORNS))
        c.paint(np.roll(mask[:, ::-1] if side else mask, left - 8 if side else left, 1), horn, 3)
    head = layer(c, c.ellipse(left + 4, 7, 4, 3.1), skin, 2)
    c.paint(head & (2 * ROWS + COLUMNS - left < 14), skin, 3)
    c.paint(head & (2 * ROWS + COLUMNS - left > 24), skin, 1)
    colours = inks(skin, k=(skin, 0), y=("yellow", 4))
    for top, rows in ((5, dice.pick(IMP_EYES)), (8, dice.pick(IMP_MOUTHS))):
        c.stamp(left + 4 - len(rows[0]) // 2, top, rows, colours)
    if armed:
        metal = dice.pick(["yellow", "steel"])
        top = dice.whole(2, 4)
        layer_stamp(c, 1, top, TRIDENT[: 14 - top], inks(metal), metal)
        c.stamp(3, 10, ["333222"], inks(skin))
    return finish(c, skin)


ROBOT_EYES = [["g..g"], ["g..g", "g..g"], ["gg..gg"], ["gg..gg", "gg..gg"], ["g....g", "g....g"]]
ANTENNAS = [["gg", "22"], ["g", "2"], ["2...2", ".2.2."], ["33"], ["2...."], ["g..g", "2..2"], []]


def robot(dice):
    """Boxes of metal: a big head with two lamps for eyes on a dark screen, a small body with one lamp, arms, legs."""
    c = Canvas()
    metal = dice.pick(["steel", "steel", "grey", "sky", "orange", "teal", "red", "yellow"])
    trim = dice.pick([ramp for ramp in ("grey", "steel") if ramp != metal])
    glow = dice.pick([ramp for ramp in ("lime", "sky", "yellow") if ramp != metal])
    lamp = inks(metal, g=(glow, 3))
    wide, chest = dice.pick([4, 5, 5]), 3
    walk = dice.pick(["legs", "legs", "boots", "tracks"])
    if walk == "tracks":
        c.paint(c.box(4, 12, 12, 14), "black", 2)
        middle_stamp(c, 13, ["3.33.3"], inks("grey"))
    else:
        c.paint(both(c.box(5, 12, 7, 14)), trim, 2)
        c.paint(both(c.box(4 if walk == "boots" else 5, 13, 7, 14)), metal, 2)
    for side in (0, 1):
        arm = dice.pick([["33", ".2", "33"], [".33", ".2.", "33."], ["3..", "33.", ".33"], ["33", "2.", "3."]])
        arm = [row.rjust(3, ".") for row in arm]
        c.stamp(12 if side else 1, 9, arm, inks(trim), bool(side))
    layer(c, c.box(8 - chest, 9, 8 + chest, 12), metal, light="edge")
    middle_stamp(c, 10, [dice.pick(["gg", "0g"])], lamp)
    rows = dice.pick(ANTENNAS)
    c.stamp(8 - len(rows[0]) // 2 if rows else 0, 3 - len(rows), rows, inks(trim, g=(glow, 3)))
    if dice.chance(0.5):
        c.paint(c.box(7 - wide, 4, 9 + wide, 6), trim, 1)
    layer(c, c.box(8 - wide, 3, 8 + wide, 8) & ~both(cells(8 - wide, 3, ["#"])), metal, light="edge")
    c.paint(c.box(9 - wide, 4, 7 + wide, 7), "black", 0)
    eyes = dice.pick([rows for rows in ROBOT_EYES if len(rows[0]) <= 2 * wide - 2])
    middle_stamp(c, 4 + (len(eyes) == 1), eyes, lamp)
    return finish(c, metal)


CAP_SPOTS = [
    [(3, 5), (7, 2), (11, 4)], [(4, 3), (9, 3), (7, 6), (12, 5)], [(6, 3), (10, 4), (3, 6)],
    [(5, 2), (9, 4), (4, 5)], [(7, 3), (4, 6), (10, 5)], [(6, 4), (11, 5), (3, 5)],
]  # fmt: skip
CAP_EYES = [  # the first three fit a slim stalk
    ["k..k", "k..k"], ["k..k"], ["k..k", "k..k"], ["k....k", ".k..k."], ["wk..wk", "kk..kk"], ["k....k", "k....k"],
]  # fmt: skip


def mushroom(dice):
    """A spotted cap over a pale stalk that has a face, feet and sometimes arms."""
    c = Canvas()
    hat = dice.pick(["red", "red", "purple", "orange", "sky", "brown", "teal", "magenta"])
    shape = dice.pick(["dome", "dome", "cone", "flat", "bell"])
    brim = dice.pick([7, 7, 8]) if shape != "flat" else 7
    wide = dice.pick([5, 6, 6])
    stem = dice.pick([3, 3, 4]) if wide > 5 else 3
    feet = dice.pick(["stub", "boots", "apart"])
    if feet == "boots":
        c.paint(both(c.box(5, 12, 7, 14)), "brown", light="down")
    else:
        c.paint(both(c.ellipse(5.6 if feet == "stub" else 4.8, 13, 1.8, 1.2)), "tan", 2)
    layer(c, c.box(8 - stem, brim - 1, 8 + stem, 12) | c.box(9 - stem, 11, 7 + stem, 13), "cream", 3)
    c.paint(c.box(7 + stem, brim - 1, 8 + stem, 12) | c.box(9 - stem, 12, 7 + stem, 13), "cream", 2)
    arms = dice.pick(["none", "out", "up", "down"])
    if arms != "none":
        drop = {"out": 10.5, "up": 9, "down": 12}[arms]
        c.paint(both(c.stroke((8 - stem, 10.5), (6.5 - stem, drop), width=1.6)), "cream", 2)
    high = dice.pick([0, 1])
    cap = {
        "dome": lambda: c.ellipse(8, brim, wide, brim - 1 - high) & (brim > ROWS),
        "flat": lambda: c.ellipse(8, brim - 0.5, wide + 0.5, 4.5) & (brim > ROWS),
        "cone": lambda: c.polygon((7.5 - wide, brim), (6.6, 1 + high), (8.8, 1 + high), (8.5 + wide, brim)),
        "bell": lambda: (
            c.ellipse(8, 4.6, wide - 1.6, 3.6 - high * 0.6)
            | c.polygon((4, 4), (12, 4), (8 + wide, brim), (8 - wide, brim))
        ),
    }[shape]()
    layer(c, cap, hat)
    for x, y in dice.pick(CAP_SPOTS):
        spot = cells(x - 1, y - 1, dice.pick([["##", "##"], [".#.", "###", ".#."], ["###", "###"]])) & cap
        if spot.sum() > 2:
            c.paint(spot, "cream", 4)
            c.dark[spot] = RAMPS[hat][0]  # the outline stays the cap's, past a spot on the rim
    colours = inks("cream", k=("black", 1), r=("pink", 2))
    eyes = dice.pick(CAP_EYES[:3] if stem == 3 or brim == 8 else CAP_EYES)
    mouths = [["kk"], ["r.kk.r"], ["r....r", "..kk.."]]
    if brim == 7:
        mouths += [["kk", "rr"], ["k..k", ".kk."] if len(eyes) == 1 else ["kk", "kk"]]
    mouth = dice.pick(mouths)
    top = 9  # whatever the brim: one row below a high cap, at once below a deep one
    middle_stamp(c, top, eyes, colours)
    middle_stamp(c, top + len(eyes) + (len(eyes) + len(mouth) < 3), mouth, colours)
    return c.finish()


KINDS = {
    "slime": slime,
    "ghost": ghost,
    "skeleton": skeleton,
    "eye": eye,
    "golem": golem,
    "imp": imp,
    "robot": robot,
    "mushroom": mushroom,
}
