"""People of a role-playing game in profile, walking to the right or to the left.

All parts are stamps drawn facing right. `Side` mirrors where their pixels go and lights them afterwards: "<" marks a
part's back edge, ">" its front edge, and whichever of them lies to the left on the screen is the lit one.
"""

import re
from collections import Counter

from .canvas import RAMPS, Canvas
from .wardrobe import SKINS, Person

HEAD_X, BODY_X, LEGS_Y = 3, 4, 12  # feet stand on row 14; row 15 is left for the outline
MOST_COLOURS = 14
# Inks that come in two shades: one if the light falls on the back (facing right), one if on the face (facing left).
LIT = (("<", 3, 1), (">", 1, 3), ("(", 3, 2), (")", 2, 3), ("*", 4, 2), ("&", 2, 4), ("[", 4, 3), ("]", 3, 4))
LIT += (("{", 3, 2), ("}", 2, 3))
INK = ("black", 1)  # outline and eyes: one ink, as in heroes.py, so that the colours go to hair and clothes
THING_X = 12  # the column of whatever is held upright in front


class Side:
    """Pixel art drawn facing right, lit and mirrored when it is put down."""

    def __init__(self, person, left):
        self.left = left
        self.skin = person.skin
        self.pixels = {}  # (x, y): (ramp, shade)

    def put(self, x, y, rows, main, second=None):
        """A stamp: 0-4 shades of `main`; a b c C D of `second`; s and d skin, k ink; the others as the light falls."""
        second = second or main
        inks = {"k": INK, "s": (self.skin, 2), "d": (self.skin, 1)}
        inks |= {digit: (main, shade) for shade, digit in enumerate("01234")}
        inks |= {letter: (second, shade) for shade, letter in enumerate("abcCD")}
        for ink, lit_from_behind, lit_from_ahead in LIT:
            inks[ink] = second if ink in "{}" else main, lit_from_ahead if self.left else lit_from_behind
        for down, row in enumerate(rows):
            for right, ink in enumerate(row):
                if ink != ".":
                    self.pixels[15 - x - right if self.left else x + right, y + down] = inks[ink]

    def economise(self):
        """Down to the allowed number of colours: the rarest shade becomes its neighbour in the same ramp."""
        counts = Counter(self.pixels.values())
        while len(counts.keys() | {INK}) > MOST_COLOURS:
            rare, near = min(
                ((ink, (ink[0], ink[1] + step)) for ink in counts for step in (1, -1, 2, -2)
                 if (ink[0], ink[1] + step) in counts),
                key=lambda pair: counts[pair[0]],
            )  # fmt: skip
            self.pixels = {place: near if ink == rare else ink for place, ink in self.pixels.items()}
            counts = Counter(self.pixels.values())

    def finish(self):
        """The picture, uint8 (16, 16, 3)."""
        self.economise()
        canvas = Canvas()
        for place, ink in self.pixels.items():
            canvas.dot(*place, *ink)
        canvas.dark[:] = RAMPS[INK[0]][INK[1]]
        return canvas.finish()


# --- heads: eight columns, the eighth is the nose; row 0 is the top of the hair

FACE = (".sssss..", "sssssss.", "sssssss.", "sssssks.", "sssdskss", ".ssssss.", "..dsss..")

# Each style: rows above row 0, columns behind column 0, stamp
HAIR = {
    "short hair": (
        (0, 0, (".33333..", "<((22)).", "<222222.", "<22.....", "<21.....", ".1......")),
        (0, 0, (".3333333", "<3((22))", "<22221..", "<22.....", "<21.....", ".1......")),
        (0, 0, ("..3333..", ".((22)).", "<222221.", "<222....", "<21.....", "<21.....", ".1......")),
    ),
    "spiky hair": (
        (1, 2, ("....3..3..", "..3333333.", "...3((22))", "<32222221.", "..2221....", "<2221.....", "...1......")),
        (1, 2, ("...3..3..3", "...3333332", "<33((22)).", ".<222221..", "<22221....", "..<21.....", "...1......")),
    ),
    "long hair": (
        (0, 1, ("..33333..", ".<((22)).", "<2222222.", "<2222....", "<2221....", "<2121....", "<2121....",
                "<221.....", "221......", "21.......")),
        (0, 2, ("...33333..", "..<((22)).", ".<2222221.", ".<2221....", ".<2121....", ".<2121....", ".<221.....",
                "<2221.....", "<221......", "21........")),
        (0, 2, ("...33333..", "..<((22)).", ".<2222222.", ".<2222....", ".<2221....", "<22121....", "<2121.....",
                "221.......", "1.........")),
    ),
    "bob": (
        (0, 1, ("..33333..", ".<((22)).", "<2222222.", "<2222....", "<2221....", "<22221...", ".1221....")),
        (0, 1, ("..33333..", ".<((22)).", ".<2222221", "<2222....", "<2221....", "<22221...", "122211...")),
        (0, 1, ("..33333..", ".<((22)).", "<222222..", "<2222....", "<22221...", "<2221....", "1221.....")),
    ),
    "bun": (
        (0, 2, (".33.3333..", "<()>b2222.", "<22>b22222", ".11.<22...", "...<21....", "....1.....")),
        (2, 1, (".33......", "<()>.....", "<22>b33..", ".22b3222.", "..<22222.", ".<222....", ".<21.....",
                "..1......")),
        (1, 2, (".33.......", "<()>.333..", "<22>b3222.", ".2<b22222.", "...<22....", "...<21....", "....1.....")),
        (0, 2, ("...33333..", "..<((22)).", "..<222222.", ".33b22....", "<()>b1....", "<22>......", ".11.......")),
    ),
    "ponytail": (
        (0, 2, ("...33333..", "..<((22)).", "<)b222222.", "<2b<22....", "<2><21....", "<2>.1.....", "<2>.......",
                ".2>.......", ".1........")),
        (0, 2, (".33b3333..", "<(2b32222.", "<2><22222.", "<2><22....", "<2><21....", ".2>.1.....", ".1........")),
    ),
    "mohawk": (
        (2, 1, ("..3.3.3..", ".33333333", "<2222222.", "<22......", ".<2......", ".1.......")),
        (2, 1, ("..33.33.3", ".33333333", "<3222222.", "<22......", "<2.......", ".1.......")),
        (2, 1, (".3..3..3.", ".33.33.33", "<33333332", "322......", ".2.......", "<1.......", ".1.......")),
    ),
    "curls": (
        (1, 1, ("..33.33..", ".3323323.", "<32132132", ".2212212.", "<2212....", "<221.....", ".2212....",
                "..1......")),
        (1, 1, ("...3333..", ".3322332.", "<32132132", "<2221221.", "<1222....", "<2212....", ".2212....",
                "..1......")),
    ),
    "wizard hat": (
        (2, 1, (".33......", "<(()>....", "..<((2...", ".<bbbbb..", "<2222222>")),
        (2, 1, ("....3....", "...<3....", "..<((2...", ".<bbbbb..", "<2222222>")),
        (2, 2, ("...33.....", "..<(2>....", ".<1<(2>...", "..<bbbbb..", "<22222222>")),
    ),
    "knight helmet": (
        (0, 0, ("..3333..", ".((*2&).", "<((22)).", "<221kkkk", "<2133333", "<212k2k1", ".1222221")),
        (0, 0, ("..3333..", ".((*2&).", "<332221.", "<21kkkk.", "<2133331", "<2122222", ".1.1111.")),
        (0, 0, ("..3333..", ".((*2&).", "<((22))1", "<2211...", "<221....", "<2221...", ".12221..")),
    ),
    "viking helmet": (
        (0, 0, ("..333...", ".(*(2&).", "cCcccccb")),
        (0, 0, ("..333...", ".(*(2&).", "cCccccc.", "......b.")),
    ),
    "crown": ((1, 0, ("b.C.C.C.", "bcCCbcC.", "bbbbbbb.")), (1, 0, ("..C..C..", "b.cC.cC.", "bccccCC.", "bbbbbbb."))),
    "hood": (
        (0, 1, ("..33333..", "<3((22)).", ".<222223.", ".<2213dd.", ".<213....", ".<213....", ".<2213...",
                "..22223..")),
        (0, 2, ("...33333..", "..<((22)).", "<32222223.", ".2<2213dd.", "..<213....", "..<213....", "..<2213...",
                "...22223..")),
    ),
    "headband": (
        (1, 2, ("...3..3..3", ".<33333332", "<((22))222", ".bcccccCC.", ".c<222....", "cb<22.....", "c..<1.....",
                "b.........")),
        (1, 2, ("....3.33..", "..<3333332", ".<((22))22", "<.bccccCC.", "ccb222....", "b<222.....", "..<21.....")),
        (1, 2, ("..3..3.33.", "<.33333332", ".<32222222", "..bccccCC.", ".c<222....", "c.<221....", "...<1.....")),
    ),
}  # fmt: skip
CLOSED_HELMETS = HAIR["knight helmet"][:2]
ROWS_ABOVE = {"viking helmet": 2, "knight helmet": 1}  # horns and plumes; the others as their stamps say
PLUMES = (
    (1, 2, ("..((2))", ".<22>..", "<21....", "<1.....", "1......")),
    (1, 2, ("....33.", ".((2)).", "<22>...", "<1.....")),
    (1, 2, (".((22))", "<2222>.", "<1.....")),
)
HORNS = (
    ("3.......3", "3.......3", "32.....32", ".32...22."),
    ("3........", "33......3", "<3.....33", ".22...22."),
)
BEARDS = (
    (5, 3, ("2222", "1221")),
    (5, 2, (".2222", "22222", ".122.")),
    (5, 3, ("2222", "2222", ".222", ".21.")),
)
BEARDED = {"wizard hat": 0.7, "viking helmet": 0.75, "crown": 0.35, "short hair": 0.3, "curls": 0.2, "mohawk": 0.3}
BEARDED |= {"headband": 0.2, "knight helmet": 0.3}


def head(side, person, dice, x, top):
    """Face, then the hair or what covers it, then a beard."""
    kind = person.head
    scalp = 0 if kind == "mohawk" else 2  # rows of the skull that hair or hat hide
    side.put(x, top + scalp, FACE[scalp:], person.skin)
    if person.skin in SKINS[4:]:
        side.put(x + 4, top + 3, ("2",), "bone")  # the white of the eye, which a dark face needs
    bearded = dice.chance(BEARDED.get(kind, 0))
    if kind in ("crown", "wizard hat", "viking helmet"):
        below = dice.pick(HAIR["short hair" if bearded or kind == "wizard hat" else "long hair"])
        side.put(x - below[1], top + 2, below[2][2:], person.hair)
    ramp = {"wizard hat": person.cloth, "hood": person.cloth, "knight helmet": "steel", "viking helmet": "steel"}
    style = dice.pick(HAIR[kind])
    up, back, rows = style
    second = person.cloth if person.trim == person.hair else person.trim
    second = "yellow" if kind in ("crown", "viking helmet") else second
    side.put(x - back, top - up, rows, ramp.get(kind, person.hair), second)
    if kind == "viking helmet":
        side.put(x - 1, top - 2, dice.pick(HORNS), "bone")
    if kind == "knight helmet" and dice.chance(0.7):
        up, back, rows = dice.pick(PLUMES)
        side.put(x - back, top - up, rows, person.trim)
    if style not in CLOSED_HELMETS and bearded:
        down, right, rows = dice.pick(BEARDS)
        side.put(x + right, top + down, rows, person.hair)


# --- legs: nine columns from two behind the body; digits trousers, letters boots; 1 and b are the far leg

LEGS = {
    "stand": (("..22221..", "...221...", "...cccb.."), ("..22221..", "..22.1...", "..ccbbb..")),
    "stride": (
        ("..12222..", ".11..222.", ".bb...ccc"),
        ("..22211..", ".222..11.", ".cc...bbb"),
        ("..12222..", ".b1..222.", ".b....ccc"),
    ),
    "passing": (("...2222..", ".b1222...", ".b.ccc..."), ("...2221..", "...2211b.", "...ccc...")),
    "run": ((".b112222.", ".b1...222", "......ccc"), ("bb112222.", "b.....22.", "......ccc")),
}

# --- outfits: torso (five columns), what hangs over the legs (nine columns), materials


def torso_rows(rows, tall):
    """A torso of four rows, or of three without the second."""
    return rows if tall else rows[:1] + rows[2:]


TORSOS = {
    "tunic": ("<333>", "<222>", "bbbcb", "<222>"),
    "robe": ("<333>", "<222>", "<222>", "cbbbb"),
    "plate armour": ("<343>", "<222>", "12221", "<121>"),
    "dress": (".333.", "<222>", ".ccb.", "<222>"),
    "overalls": ("c<2cc", "c<22c", "<2223", "<222>"),
    "cape": ("<333>", "<222>", "<222>", "bbbbb"),
    "vest": ("<33CC", "<22cC", "<22cC", "<22cc"),
    "striped shirt": ("<333>", "CCCCc", "<222>", "CCCCc"),
    "coat": ("<33b>", "<22b>", "<222>", "<222>"),
    "chain mail": ("<323>", "21212", "12121", "ccccb"),
}
OVER = {
    "tunic": ((".<2222>..",), ("..<222>..",)),
    "robe": (
        (".<22222>.", "<2212222>", "<21......"),
        ("..<2222>.", ".<221222>", ".<21....."),
        (".<22122>.", ".<2212222", "<221....."),
    ),
    "plate armour": ((),),
    "dress": ((".<22222>.", "<22222222"), (".<22122>.", "<cbcbcbcb"), ("..<2222>.", ".<222222>")),
    "overalls": ((),),
    "cape": ((), ("..<222>..",)),
    "vest": ((),),
    "striped shirt": ((),),
    "coat": ((".<222....", "<2221....", "<21......"), ("..<222...", ".<221....", ".<21.....")),
    "chain mail": (("..21212..",), ("..cccccb.",)),
}
CAPES = (
    ("...(2)..", "..<(2>..", ".<(22>..", ".<222>..", "<2222>..", "<222>..."),
    ("...(2)..", "..<(2>..", "..<22>..", ".<222>..", ".<222>..", ".<22>..."),
    ("...(2)..", ".<(222..", "<(222>..", "<222>...", "<22>....", ".11....."),
)


def materials(person):
    """Ramps of an outfit: torso, its second colour, sleeves, trousers."""
    cloth, trim = person.cloth, person.trim
    return {
        "plate armour": ("steel", trim, "steel", "steel"),
        "chain mail": ("steel", trim, "steel", trim),
        "overalls": (cloth, trim, trim, cloth),
        "vest": (cloth, "bone", "bone", "brown"),
        "striped shirt": (cloth, "bone", cloth, trim),
        "dress": (cloth, trim, cloth, person.skin),
    }.get(person.outfit, (cloth, trim, cloth, trim))


# --- arms: from two columns behind the body; the hand ends where the thing is held

FREE_ARMS = (
    ("...33....", "...21....", "...ss...."),
    ("...33....", "...122...", ".....1ss."),
    ("...33....", "..22.....", ".ss......"),
    ("...33....", "...12222s", "........s"),
)
HOLDING = (
    (0, 1, ("...33......", "...122222ss")),
    (0, 2, ("...33......", "...122.....", "....11222ss")),
)


# --- things: upright in front; (columns left of THING_X, rows above the hand, stamp)

THINGS = {
    "sword": (
        (1, 7, (".4..", ".[].", ".[].", ".[].", ".[].", ".[].", "cccc", ".b..", ".c..")),
        (1, 6, (".4..", ".[].", ".[].", ".[].", ".[].", "cccc", ".b..", ".c..")),
        (1, 6, ("...4", "..[]", "..[]", ".[].", ".[].", "c3..", "bc..")),
    ),
    "staff": (
        (1, 7, (".C.", "{D}", ".c.", ".2.", ".2.", ".2.", ".2.", ".2.", ".2.", ".2.", ".1.", ".1.")),
        (1, 7, ("2C2", "{D}", "2c2", ".2.", ".2.", ".2.", ".2.", ".2.", ".2.", ".1.", ".1.", ".1.")),
        (1, 6, (".CC", "{D}", ".c2", ".2.", ".2.", ".2.", ".2.", ".2.", ".1.", ".1.", ".1.")),
    ),
    "axe": (
        (1, 7, (".2C.", "c2CC", "c2cC", ".2cC", ".2c.", ".2..", ".2..", ".2..", ".1..")),
        (1, 6, ("C2C", "C2C", "c2c", ".2.", ".2.", ".2.", ".2.", ".1.")),
        (0, 7, (".C.", "2CC", "2cC", "2cC", "2c.", "2", "2", "2", "1", "1")),
    ),
    "bow": (
        (1, 4, ("2...", "C2..", "C22.", "C.2.", "C.22", "C.2.", "C22.", "C1..", "1...")),
        (1, 5, ("2...", "C2..", "C22.", "C.2.", "C.22", "C.22", "C.2.", "C22.", "C1..", "1...")),
    ),
    "torch": (
        (1, 5, (".3.", "323", "343", "242", ".c.", ".c.", ".b.")),
        (1, 6, ("..3", ".32", "323", "343", "242", ".c.", ".c.", ".b.")),
        (1, 5, ("3..", "23.", "343", "242", ".c.", ".c.", ".b.")),
    ),
    "spear": (
        (1, 8, (".C.", "{C}", "{C}", "{C}", ".c.", ".2.", ".2.", ".2.", ".2.", ".2.", ".2.", ".1.", ".1.")),
        (1, 8, (".C.", ".C.", "{C}", "{C}", ".c.", ".2.", ".2.", ".2.", ".2.", ".2.", ".2.", ".1.", ".1.")),
    ),
    "hammer": (
        (1, 6, ("CCCC", "{cc}", "{cc}", ".2..", ".2..", ".2..", ".2..", ".1..")),
        (1, 7, ("CCCC", "{cc}", "{cc}", "{cc}", ".2..", ".2..", ".2..", ".2..", ".1..")),
    ),
}  # fmt: skip
SHIELDS = (
    (".CCCC.", "c3333c", "c2CC2c", "c2cc2c", "b2111b", ".bbbb."),
    ("CCCCC", "c333c", "c2C2c", "c222c", ".b1b.", "..b.."),
    (".CCC.", "c333c", "c2C2c", "c2c2c", "b111b", ".bbb."),
)


def hold(side, person, dice, x, top, sleeve, crowded):
    """The near arm and the thing in its hand."""
    if person.thing == "nothing":
        side.put(x, top, dice.pick(FREE_ARMS), sleeve)
    elif person.thing == "shield":
        side.put(x, top, ("...33....", "...1222.."), sleeve)
        rim = "yellow" if sleeve == "steel" else "steel"
        shield = dice.pick(SHIELDS)
        y = top
        if crowded:
            shield, y = shield[:2] + shield[3:], top + 1
        for left, above in ((1, 0), (0, 1)):  # a dark line where it covers the body
            side.put(x + 6 - left, y - above, [re.sub(r"[^.]", "k", row) for row in shield], "black")
        side.put(x + 6, y, shield, person.cloth if person.trim == "grey" else person.trim, rim)
    else:
        _, down, arm = dice.pick(HOLDING)
        wood, metal = "brown", "steel"
        main, second = {
            "sword": ("steel", "yellow"), "staff": (wood, dice.pick(("sky", "magenta", "lime"))), "axe": (wood, metal),
            "bow": (wood, "bone"), "torch": ("orange", wood), "spear": (wood, metal), "hammer": (wood, metal),
        }[person.thing]  # fmt: skip
        left, up, rows = dice.pick(THINGS[person.thing])
        y = min(max(1, top + down - up), LEGS_Y + 3 - len(rows))  # neither above the tile nor below the feet
        side.put(THING_X - left, y, rows, main, second)
        side.put(x, top, arm, sleeve)


def dress(person):
    """Other colours for hair and cloth that would not show against the skin or against each other."""
    if person.hair in ("brown", "chocolate") and person.skin in SKINS[3:]:
        person.hair = "black"
    if person.hair == "brown" and person.skin == SKINS[2]:
        person.hair = "chocolate"
    if person.hair == person.cloth and person.head in ("wizard hat", "hood"):
        person.hair = "bone"
    if person.cloth == "brown" and person.skin in SKINS[2:]:
        person.cloth = "red" if person.trim == "teal" else "teal"


def side_facing(dice):
    """Back to front: legs, torso, skirt, head, cape, near arm with the thing in its hand."""
    person = Person(dice)
    dress(person)
    side = Side(person, left=dice.chance(0.5))
    main, second, sleeve, trousers = materials(person)
    lift = ROWS_ABOVE.get(person.head) or max(up for up, _, _ in HAIR[person.head])
    tall = lift == 0 and dice.chance(0.6)
    top = LEGS_Y - (4 if tall else 3)
    pose = dice.pick(tuple(LEGS))
    body = BODY_X - (pose == "run" and person.outfit != "cape")  # a runner leans forward, the head ahead of the body
    side.put(body - 2, LEGS_Y, dice.pick(LEGS[pose]), trousers, "brown")
    side.put(body, top, torso_rows(TORSOS[person.outfit], tall), main, second)
    side.put(body - 2, LEGS_Y, dice.pick(OVER[person.outfit]), main, second)
    head(side, person, dice, HEAD_X, top - (6 if lift == 2 else 7))
    if person.outfit == "cape":
        side.put(body - 3, top, dice.pick(CAPES), person.trim)
    hold(side, person, dice, body - 2, LEGS_Y - 3 if person.thing == "shield" else top, sleeve, crowded=lift == 2)
    return side.finish()


KINDS = {"side-facing": side_facing}
