"""People of a role-playing game in profile, walking to the right or to the left.

All parts are stamps drawn facing right. `Side` mirrors where their pixels go and lights them afterwards: "<" marks a
part's back edge, ">" its front edge, and whichever of them lies to the left on the screen is the lit one.
"""

from collections import Counter

from .canvas import STEPS, Canvas
from .wardrobe import SKINS, Person

HEAD_Y, LEGS_Y = 1, 13  # the hair begins on row 1; feet stand on row 14; row 15 is left for the outline
MOST_COLOURS = 13  # and white
# Inks that come in two shades: one if the light falls on the back (facing right), one if on the face (facing left).
LIT = {"<": (3, 1), ">": (1, 3), "(": (3, 2), ")": (2, 3), "[": (4, 3), "]": (3, 4)}
INK = ("black", 1)  # outline and eyes: one ink, as in heroes.py, so that the colours go to hair and clothes
SHAFT_X = 12  # the column of whatever is held upright in front, two white columns away from the face


class Side:
    """Pixel art drawn facing right, lit and mirrored when it is put down."""

    def __init__(self, person, left):
        self.left = left
        self.skin = person.skin
        self.face_shade = 3 if person.skin in SKINS[4:] else 2  # dark skins one shade lighter: the eye must show
        self.pixels = {}  # (x, y), x to the front: (ramp, shade)
        self.bare = {}  # pixels without an outline: True for a thin line of ink, False for white

    def put(self, x, y, rows, main, second=None):
        """A stamp: 0-4 shades of `main`; a b c C D of `second`; s d skin, k ink, x white; the others are lit."""
        second = second or main
        inks = {"k": INK, "s": (self.skin, self.face_shade), "d": (self.skin, self.face_shade - 1)}
        inks |= {digit: (main, shade) for shade, digit in enumerate("01234")}
        inks |= {letter: (second, shade) for shade, letter in enumerate("abcCD")}
        inks |= {ink: (main, shades[self.left]) for ink, shades in LIT.items()}
        for down, row in enumerate(rows):
            for right, ink in enumerate(row):
                if ink in "xl":
                    self.bare[x + right, y + down] = ink == "l"
                elif ink != ".":
                    self.pixels[x + right, y + down] = inks[ink]

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
        outline = {(x + dx, y + dy) for x, y in self.pixels for dx, dy in STEPS} - self.bare.keys()
        outline |= {place for place, line in self.bare.items() if line}
        pixels = dict.fromkeys(outline, INK) | self.pixels
        first = min(x for x, _ in pixels)
        canvas = Canvas()
        for (x, y), ink in pixels.items():
            canvas.dot(15 - x + first if self.left else x - first, y, *ink)
        return canvas.finish(outline=False)


# --- heads: nine columns, the ninth is the nose; row 0 is the top of the hair

FACE = ("...sssss.", "...sssss.", "...sssks.", "...dsskss", "...sssss.", "...dsss..")

# Each style: rows above row 0, stamp
HAIR = {
    "short hair": (
        (0, ("...(22)..", "..((22)).", ".<(22222.", ".<221221.", ".<21.....", ".<2......", "..1......")),
        (0, ("..((22)..", ".<(22222.", ".<222122.", ".<22122..", ".<21.....", ".<2......", "..1......")),
        (0, ("...(22)).", "..((22222", ".<(212222", ".<2122...", ".<22.....", ".<2......", "..1......")),
    ),
    "spiky hair": (
        (0, ("...((22).", ".((22222.", "<(222222.", ".<222222.", "<<22.....", ".<22.....", "..1......")),
        (0, (".((.(22)).", "..((2222.", "((222222.", ".<22222..", "<<22.....", "..2......", "..1......")),
    ),
    "long hair": (
        (0, ("...(22)..", "..((22)).", ".<(22222.", ".<221221.", ".<21.....", ".<2......", "<22......", "<22......",
             "<22......", "<21......", ".1.......")),
        (0, ("..((22)..", ".<(2222).", ".<222122.", ".<22122..", "<221.....", "<22......", "<22......", "<22......",
             "<22......", ".11......")),
        (0, ("...(22)..", "..((22)).", ".<(22222.", ".<222222.", ".<22.....", ".<2......", ".<2......", ".<2......",
             ".<2......", ".<2......", ".<1......")),
    ),
    "bob": (
        (0, ("..((22)..", ".<(2222).", ".<222122.", ".<221221.", ".<21.....", ".<22.....", ".<22.....", "..11.....")),
        (0, ("...(22)..", ".<(2222).", "<<222122.", "<2221222.", "<221.....", "<222.....", "<221.....")),
    ),
    "bun": (
        (1, (".()......", "<(22.....", "<22122)..", ".<((2222.", ".<222222.", ".<22.....", ".<2......", "..1......")),
        (0, ("...(22)..", "..((22)).", "((.(2222.", "<21222222", "<212.....", ".1.2.....", "...1.....")),
    ),
    "ponytail": (
        (0, ("...(22)..", "..((22)).", "..(22222.", "((b22222.", "<2.22....", "<2.2.....", "<2.......", "<2.......",
             ".1.......")),
        (0, ("...(22)..", "..((22)).", "((b22222.", "<2.22222.", "<2.22....", "<2.2.....", ".1.......")),
    ),
    "mohawk": (
        (1, ("...((22).", ".((22222.", ".<222222.", ".<2sssss.", ".<2sssss.", ".<2......", "..1......")),
        (1, (".((22222.", "((222222.", "<222ssss.", "<22sssss.", ".<2sssss.", ".<2......", "..1......")),
    ),
    "curls": (
        (0, ("..((22)..", ".((2222).", "((222222.", "<2222222.", "<222.....", "<222.....", "<221.....", ".11......")),
        (0, (".(((22)..", "((222222.", "<2222222.", "<222222..", "<222.....", "<222.....", ".221.....", ".11......")),
    ),
    "wizard hat": (
        (1, ("..()......", "..((2.....", "..((22...", "..<22222.", "(((222)))")),
        (1, ("....()...", "...((2...", "..((22...", "..<22222.", "(((222)))")),
        (1, (".(........", ".((2......", "..((22...", "..<22222.", "(((222)))")),
    ),
    "knight helmet": (
        (0, ("...[3]...", "..([3]2..", ".<33222).", ".11111111", ".<21.....", ".<21.....", ".<2211...", "..12221..")),
        (0, ("..([3])..", ".<[3222..", ".<33222).", ".1111111.", ".<21.....", ".<21.....", "..1211...")),
    ),
    "viking helmet": (
        (1, ("D.......D", "DD.(2).DD", ".C((22)C.", ".<(2222).", ".1111111.")),
        (1, (".........", "D..(2)..D", "DC((22)CD", ".<(2222).", ".1111111.")),
    ),
    "crown": (
        (1, ("..C.C.C..", "..CcCcC..", "..bbbbb..", ".<(2222).", ".<222222.")),
        (1, (".C..C..C.", ".CcCCcCC.", ".bbbbbbb.", ".<(2222).", ".<222222.")),
    ),
    "hood": (
        (0, ("..((22)..", ".<(2222).", ".<222222.", ".<222222.", ".<22.....", ".<22.....", ".<22.....", "..2222...")),
        (0, ("..((22)..", "((2222)..", ".<222222.", ".<222222.", ".<22.....", ".<22.....", ".<22.....", "..2222...")),
    ),
    "headband": (
        (0, ("...(22)..", "..((22)).", ".<(22222.", "CCcccccc.", "C<22.....", ".<2......", "..1......")),
        (0, (".((.((2).", "..((22)).", "((222222.", ".Ccccccc.", "CC22.....", "..2......", "..1......")),
    ),
}  # fmt: skip
BELOW = ((".<22.....", ".<2......", "..1......"), (".<22.....", ".<2......", "<22......", "<22......", "<21......"))
BEARDS = (("...222...", "...22222.", "....222.."), ("...222...", "...2222.."))
BEARDED = ("short hair", "curls", "headband", "mohawk")


def head(side, person, dice):
    """Face, then the hair or what covers it, rarely a beard. Returns by how many rows it was lowered."""
    kind = person.head
    down, rows = dice.pick(HAIR[kind])
    top = HEAD_Y + down
    side.put(0, top + 2, FACE, person.skin)
    if kind in BEARDED and dice.chance(0.125):
        side.put(0, top + 6, dice.pick(BEARDS), person.hair)
    if kind in ("crown", "wizard hat", "viking helmet"):
        side.put(0, top + 4, dice.pick(BELOW), person.hair)
    ramp = {"wizard hat": person.cloth, "hood": person.cloth, "knight helmet": "steel", "viking helmet": "steel"}
    accent = "yellow" if person.trim == "brown" else person.trim  # brown would sink into hair and skin
    second = {"crown": "yellow", "viking helmet": "bone"}.get(kind, accent)
    side.put(0, HEAD_Y, rows, ramp.get(kind, person.hair), second)
    return down


# --- legs: nine columns; digits trousers, letters boots; 1 and b are the far leg

LEGS = (
    ("..11..22.", ".bb...cc."),
    ("..22..11.", ".cc...bb."),
    (".b11.22..", ".b...ccc."),
    ("..11.22..", "..bb.ccc."),
)

# --- outfits: torso (columns 2 to 8, four rows), then what hangs over the legs

TORSOS = {
    "tunic": ((".<222>.", ".<222>.", ".bbbbb.", ".<222>."), (".<222>.", ".<222>.", ".bbbbb.", "<22222>")),
    "robe": (
        (".<222>.", ".<222>.", ".<222>.", "<22222>", "<22222>"),
        (".<222>.", ".<222>.", "<2222>.", "<22222>", "bbbbbbb"),
    ),
    "plate armour": ((".[333>.", ".<222>.", ".<222>.", ".11111."),),
    "dress": (
        (".<222>.", ".<222>.", ".ccccc.", "<22222>", "<22222>"),
        (".<222>.", ".<222>.", ".ccccc.", "<22222>"),
    ),
    "overalls": ((".Ccccb.", ".<222>.", ".<222>.", ".<222>."),),
    "cape": ((".<222>.", ".<222>.", ".<222>.", ".<222>."),),
    "vest": ((".<222C.", ".<222C.", ".<222c.", ".<222c."),),
    "striped shirt": ((".<222>.", ".CCCcc.", ".<222>.", ".<222>."),),
    "coat": ((".<222b.", ".<222b.", "<2222b.", "<222...", "<22...."),),
    "chain mail": ((".ccccc.", ".<222>.", ".<222>.", ".ccccc."), (".ccccc.", ".<222>.", ".ccccc.", "<22222>")),
}
CAPES = (
    (".((2..", ".(22..", "<222..", "<22...", "<22..."),
    (".((2..", "<222..", "<22...", "<22..."),
    ("..(2..", ".<22..", ".<22..", "<22...", ".1...."),
)


def materials(person):
    """Ramps of an outfit: torso, its second colour, sleeves, trousers."""
    cloth, trim = person.cloth, person.trim
    return {
        "tunic": (cloth, "brown", cloth, trim),
        "plate armour": ("steel", "steel", "steel", "steel"),
        "chain mail": (cloth, "steel", "steel", "steel"),
        "overalls": (cloth, trim, trim, cloth),
        "vest": (cloth, "bone", "bone", cloth),
        "striped shirt": (cloth, "bone", cloth, cloth),
        "dress": (cloth, trim, cloth, person.skin),
    }.get(person.outfit, (cloth, trim, cloth, trim))


def body(side, person, dice, top):
    """Legs, then the outfit, four rows high, or three under a high head."""
    main, second, _, trousers = materials(person)
    side.put(1, LEGS_Y, dice.pick(LEGS), trousers, "chocolate")
    torso = dice.pick(TORSOS[person.outfit])
    side.put(2, top, torso if top == LEGS_Y - 4 else torso[:1] + torso[2:], main, second)
    if person.outfit == "cape":
        side.put(0, top, dice.pick(CAPES), person.trim)


# --- arms, from column 4; the hand is near the front

FREE_ARMS = (
    (".33....", ".13333s"),
    (".33....", "..333..", "...11ss"),
    (".3.....", ".33....", ".1333s."),
)

# --- things: (columns left of the shaft, rows above the hand, stamp)

THINGS = {
    "sword": (
        (0, 7, ("3.", "[]", "[]", "[]", "[]", "[]", "cc", "b.", "c.")),
        (1, 6, (".3.", ".3.", ".3.", ".3.", ".3.", "ccc", ".b.", ".c.")),
        (0, 6, ("..3", ".[]", ".[]", "[].", "[].", "cc.", "b..")),
    ),
    "staff": (
        (1, 8, (".D.", "DCc", ".c.", ".2.", ".2.", ".2.", ".2.", ".2.", ".2.", ".2.", ".1.", ".1.")),
        (1, 6, (".D.", "DCc", ".c.", ".2.", ".2.", ".2.", ".2.", ".2.", ".1.", ".1.")),
        (1, 7, ("DCC", "CCc", "Ccc", ".2.", ".2.", ".2.", ".2.", ".2.", ".2.", ".1.", ".1.")),
    ),
    "axe": (
        (0, 6, ("2.C", "2CC", "2Cc", "2.c", "2..", "2..", "2..", "1..")),
        (0, 5, ("2CC", "2CC", "2.c", "2..", "2..", "1..", "1..")),
    ),
    "bow": (
        (1, 4, ("2..", "22.", "lx2", "lx2", "lx2", "lx2", "lx2", "22.", "2..")),
        (1, 3, ("22.", "lx2", "lx2", "lx2", "lx2", "lx2", "22.")),
    ),
    "torch": (
        (1, 5, (".2.", "242", "232", ".c.", ".c.", ".c.", ".b.")),
        (1, 5, ("..2", ".32", "243", "232", ".c.", ".c.", ".b.")),
    ),
    "spear": (
        (1, 8, (".D.", "CCc", "CCc", ".2.", ".2.", ".2.", ".2.", ".2.", ".2.", ".2.", ".2.", ".1.", ".1.")),
        (1, 8, (".D.", ".C.", "DCc", ".c.", ".2.", ".2.", ".2.", ".2.", ".2.", ".2.", ".2.", ".1.", ".1.")),
    ),
    "hammer": (
        (1, 5, ("CCC", "ccc", ".2.", ".2.", ".2.", ".2.", ".1.")),
        (1, 6, ("DCC", "Ccc", "ccb", ".2.", ".2.", ".2.", ".2.", ".1.")),
    ),
}  # fmt: skip
SHIELDS = (
    ("kcccc.", "kcCC2c", "kcC22c", "kc221c", ".kccc."),
    ("kccccc", "kc322c", "kc322c", ".kc2c.", "..kc.."),
    ("kcccc", "kc32c", "kc32c", "kc22c", ".kcc."),
)


def reach(side, person, dice, top, sleeve):
    """The near arm and the thing in its hand."""
    if person.thing == "nothing":
        side.put(4, top, dice.pick(FREE_ARMS), sleeve)
    elif person.thing == "shield":
        side.put(5, top, (".3", ".33"), sleeve)
        rim = "yellow" if sleeve == "steel" or person.trim == "grey" else "steel"
        side.put(7, LEGS_Y - 4, dice.pick(SHIELDS), person.trim, rim)
    else:
        metals = {
            "sword": ("steel", "yellow"), "staff": ("brown", dice.pick(("sky", "magenta", "lime"))),
            "bow": ("brown", "bone"), "torch": ("orange", "brown"),
        }  # fmt: skip
        left, up, rows = dice.pick(THINGS[person.thing])
        shaft = min(SHAFT_X, min(x for x, _ in side.pixels) + 14 + left - len(rows[0]))
        y = min(max(1, top + 1 - up), LEGS_Y + 2 - len(rows))  # neither above the tile nor below the feet
        side.put(shaft - left, y, rows, *metals.get(person.thing, ("brown", "steel")))
        bow = person.thing == "bow"
        sleeved = shaft - 6 - bow
        side.put(5, top, ("33", "3" * sleeved + "ss"), sleeve)


def side_facing(dice):
    """Back to front: head, legs, outfit, near arm with the thing in its hand."""
    person = Person(dice)
    side = Side(person, left=dice.chance(0.5))
    top = LEGS_Y - 4 + head(side, person, dice)
    body(side, person, dice, top)
    reach(side, person, dice, top, materials(person)[2])
    return side.finish()


KINDS = {"side-facing": side_facing}
