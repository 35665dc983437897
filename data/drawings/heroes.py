"""People from the front: a big head, an outfit, something in the hand, all thrown by `wardrobe.Person`.

A hero is put together from stamps on a grid of its own: columns 0 to 7 are the head, 0 is also the row of the top of
the hair; a hat may start at row -1, the feet stand on row 12. `Figure.finish` moves it all to the middle of the tile.
"""

from .canvas import RAMPS, SIZE, Canvas
from .wardrobe import SKINS, Person

INK = ("black", 1)  # one outline for all parts: an own dark for each ramp would need too many colours
EARTHY = ("brown", "chocolate")
COLOURS = 14
SPARE = ("Tt", "Yy", "rt", "Ww", "bB", "nm", "Kg", "LM", "tc", "Dh")  # of two marks, the first gives way
STRING = RAMPS["grey"][2]

FACE = (
    "..SSSS..",
    ".SSSSSS.",
    ".SSSSSS.",
    ".SeSSes.",
    ".SeSSes.",
    "..Ssss..",
)  # fmt: skip

# Hair and hats: variants of (column, row, stamp). h H D are the hair with its light and dark.
HEADS = {
    "short hair": (
        (0, 0, ("..HHhh..", ".HHhhhh.", "hHhhhhhD", "hhhShShD", "h......D", "S......s")),
        (0, 0, ("..hHhh..", ".hHHhhh.", "hhHhhhhD", "hhhSSShD", "hh.....D", "S......s")),
        (0, 0, ("...HHhh.", ".hHHhhh.", "hHHhhhhD", "hhhhhhSD", "h......D", "S......s")),
    ),
    "spiky hair": (
        (-1, -1, ("....h..h..", "..hHh.hh..", "h.HHhhhh.h", ".hHHhhhhh.", "hhhShShShD", ".h......D.", ".S......s.")),
        (-1, -1, (".....H....", "...hHHh...", "h.hHHhhhh.", ".hHHhhhhhh", "hhhSShSShD", ".h......D.", ".S......s.")),
        (-1, -1, ("..h..h..h.", "..Hh.hh.h.", "..HHhhhhh.", ".hHHhhhhD.", ".hhSShShD.", ".h......D.", ".S......s.")),
    ),
    "long hair": (
        (0, 0, ("..HHhh..", ".HHhhhh.", "hHhhhhhh", "hhhhSShD", "hh....hD", "hh....hD", "hh....hD", "hh....hD",
         "hD....DD")),
        (-1, 0, ("...HHhh...", "..HHhhhh..", ".hHhhhhhh.", ".hhSSSShD.", ".hh....hD.", ".hh....hD.", "hhh....hhD",
         "hh......hD", "hh......hD", "D........D")),
        (0, 0, ("..HHhh..", ".HHhhhh.", "hHhhhhhh", "hhShhShD", "hh....hD", "hh....hD", "hh....hD", "hD....hD",
         "hD....DD", ".D....D.")),
    ),
    "bob": (
        (-1, 0, ("...HHhh...", "..HHhhhh..", ".hHHhhhhh.", ".hhhhhhhD.", ".hh....hD.", "hhh....hhD", "hhD....DDD")),
        (0, 0, (".HHHhhh.", "hHHhhhhh", "hHhhhhhD", "hhhhhhhD", "hh....hD", "hh....hD", "hD....DD")),
    ),
    "bun": (
        (0, -1, ("..Hhh...", "..HhhD..", ".HDDDDh.", "hHhhhhhD", "hhSSSShD", "h......D", "S......s")),
        (-1, -1, (".Hh....Hh.", "HhhD..HhhD", ".DHHhhhDD.", ".hHhhhhhD.", ".hhhSShhD.", ".h......D.", ".S......s.")),
    ),
    "ponytail": (
        (0, 0, ("..HHhh...", ".HHhhhhhh", "hHhhhhhDhh", "hhhhSShDhh", "h......D.h", "S......s.h", ".........D")),
        (0, -1, ("......hhh", "..HHhhDhhh", ".HHhhhhDhh", "hHhhhhhD.h", "hhSShhhD.h", "h......D.D", "S......s")),
        (-1, 0, ("...HHhh...", "hhHHhhhhhh", "hhHhhhhDhh", "hDhhSShDhD", "h.h....D.D", "..S....s..")),
    ),
    "mohawk": (
        (0, -1, ("...Hh...", "..HHhD..", "..HHhD..", ".SHHhDs.", ".SSHhSs.", "S......s")),
        (0, -1, ("..H.h...", "..HhhD..", "..HHhD..", ".SSHhSs.", ".SSHhSs.", "S......s")),
        (0, -1, ("..HHhh..", "..HHhD..", "..HHhD..", ".SSHhSs.", ".SSSSSs.", "S......s")),
    ),
    "curls": (
        (-1, -1, ("...hh.hh..", "..HHhhHhh.", ".HhhHhhhhh", "hhhHhhhHhD", ".hhhDhDhD.", "hhh....hhD", "hhD....hDD",
         ".h......D.")),
        (-1, 0, ("..hHhhhh..", ".HHhhHhhD.", "hHhhhhhHhD", "hhhDhhDhhD", ".hh....hD.", "hhh....hhD", "hhD....DhD",
         ".D......D.")),
    ),
    "wizard hat": (
        (-1, -1, ("......lc..", "....lccd..", "...lcccd..", "..tttttr..", "lllccccccd")),
        (-1, -1, ("..lc......", "..dlccc...", "...lcccd..", "..tttttr..", "llllcccccd")),
        (-1, -1, ("....lc....", "....lcd...", "...lccd...", "..tttttr..", "llllcccccd")),
    ),
    "knight helmet": (
        (0, -1, ("...TT...", "...tt...", ".LLttmm.", "LLMmmmmn", "LMmmmmmn", "m######n", "mMm##mmn", ".mm##mn.")),
        (0, -1, ("....TTtt", "...Ttt.t", ".LMMmm.t", "LLMmmmmn", "LMmmmmmn", "m######n", "mm#m#m#n", ".mmmmmn.")),
        (0, -1, ("...tt...", "..LttM..", ".LMttmm.", "LLMttmmn", "nnnnnnnn", "Lm.mm.nn", "Lm....nn", ".m....n.")),
    ),
    "viking helmet": (
        (0, -1, ("B......b", "B......b", "BBLMmmbb", "LLMmmmmn", "yyyyyyyY", "h......D", "h......D")),
        (0, -1, ("BB....bb", ".B....b.", ".BLMmmb.", "LLMyymmn", "nnnyynnn", "h......D", "h......D")),
        (-1, -1, ("B........b", "B........b", "BB.LMmm.bb", ".BLLMmmmb.", ".yyyyyyyY.", ".h......D.",
         ".h......D.")),
        (-1, 0, ("B..LMmm..b", "BB.LMmm.bb", ".BLMyymmb.", ".nnnyynnn.", ".h......D.", ".h......D.")),
    ),
    "crown": (
        (0, -1, ("y..yY..y", "yy.yY.yY", "yyytyyyY", "hHhhhhhD", "hhhShShD", "h......D", "S......s")),
        (0, -1, (".y.yy.y.", ".yyyyyY.", ".ytytyY.", "hHhhhhhh", "hhSSSShD", "hh....hD", "hh....hD", "hh....DD")),
    ),
    "hood": (
        (0, -1, ("...lc...", "..lccc..", ".llcccc.", "llccccdd", "lcddddcd", "cd....dd", "cd....dd", "cc....dd",
         ".cd..dd.")),
        (0, 0, ("..llcc..", ".llcccc.", "llccccdd", "lcdhhdcd", "cd....dd", "cd....dd", ".c....d.")),
    ),
    "headband": (
        (0, 0, ("..HHhh..", ".HHhhhh.", "hHhhhhhD", "tttttttr", "h......D", "S......s")),
        (0, 0, ("..HHhh..", ".HHhhhh.", "hHhhhhhD", "ttttttttt", "h......D.t", "S......s.t")),
        (-1, 0, (".h.HHhh.h.", ".hHHhhhhh.", "hhHhhhhhDD", ".tttttttr.", ".hh....hD.", ".hh....hD.", ".hD....DD.")),
    ),
}  # fmt: skip

BEARDS = (
    ("h......D", ".hhDDhD.", "..hhhD.."),
    ("........", ".hhhhhD.", ".hhhhhD.", "..hhhD..", "...hD..."),
    ("........", "..hDDD..",),
)  # fmt: skip
BEARDED = {
    "short hair": 0.3, "mohawk": 0.3, "wizard hat": 0.6, "viking helmet": 0.7,
    "crown": 0.35, "hood": 0.2, "headband": 0.2,
}  # fmt: skip

# Variants of rows 7 to 10 of an outfit, six wide (the slim figure leaves out columns 1 and 4); then what the sleeve and
# the hand are made of; then what is worn below: a skirt, a coat's tails, or trousers in light and shade.
OUTFITS = {
    "tunic": (
        ((".cSsc.", "dlcccd", "WWyyWW", "lccccd"), (".cSsc.", "dltrcd", "WWyyWW", "lltrcd"),
         (".tttr.", "dlcccd", "lccccd", "tttttr")),
        "cS",
        "tr",
    ),
    "robe": (
        ((".ctrc.", "dltrcd", "dltrcd", "WWyyWW"), (".tttr.", "dlcccd", "WWyyWW", "dlcccd"),
         (".lccd.", "dlcccd", "dlcccd", "dttttd")),
        "cS",
        "skirt",
    ),
    "plate armour": (
        ((".LMmm.", "nLMmmn", "nMmmmn", "nttttn"), (".LMmm.", "nttttn", "ntyytn", "nttttn"),
         (".yyyy.", "nLMmmn", "nLMmmn", "WWyyWW")),
        "Mm",
        "mn",
    ),
    "dress": (
        ((".SSSs.", "dlcccd", ".tttr.", "lccccd"), (".cSsc.", ".lccd.", ".tttr.", "lccccd"),
         (".tSst.", "dlBBcd", ".lBBd.", "lcBBcd")),
        "SS",
        "dress",
    ),
    "overalls": (
        ((".cTTc.", "tclldt", "tycdyt", "dcccdd"), (".cTTc.", "tyccyt", "dlcccd", "dcccdd")),
        "TS",
        "cd",
    ),
    "cape": (
        ((".tyyt.", "dlcccd", "dlcccd", "WWyyWW"), (".tyyt.", "dlcccd", "WWyyWW", "lccccd"),
         (".ttyt.", "dlctcd", "dltccd", "WWyyWW")),
        "cS",
        "cd",
    ),
    "vest": (
        ((".cBbd.", "dcBbdd", "dcBbdd", "WWyyWW"), (".cSsd.", "dlSsdd", "dlSsdd", "WWyyWW")),
        "BS",
        "tr",
    ),
    "striped shirt": (
        ((".BBBb.", "dcccdd", "bBBBbb", "dcccdd"), (".cccd.", "bBBBbb", "dcccdd", "bBBBbb"),
         (".cBcd.", "dcBcBd", "dcBcBd", "WWyyWW")),
        "BS",
        "tr",
    ),
    "coat": (
        ((".ctTd.", "dltrcd", "dlyrcd", "WWyyWW"), (".dBbd.", "dlBbcd", "dlttcd", "dlcccd"),
         (".lccd.", "dlyccd", "dlyccd", "WWyyWW")),
        "cS",
        "coat",
    ),
    "chain mail": (
        ((".MmMm.", "nMmMmn", "nmMmMn", "WWyyWW"), (".MmMm.", "nMttmn", "nmttMn", "nMttmn"),
         (".MmMm.", "nmMmMn", "WWyyWW", "MmMmMn")),
        "mS",
        "tr",
    ),
}  # fmt: skip

# Rows 11 and 12, eight wide. 1 2: the trousers in light and shade, w W: the boots.
LEGS = (("..1122..", "..wwWW.."), (".11..22.", ".ww..WW."), ("..1122..", ".ww..WW."))
ROBES = ((".lccccd.", "llccccdd"), (".lccccd.", "tttttttr"), (".lctrcd.", "llctrcdd"), (".lccccd.", ".lccccd."))
DRESSES = (("llccccdd", "..w..W.."), ("tttttttr", "..w..W.."), ("llccccdd", "tttttttr"), (".lccccd.", ".tttttr."))
COATS = ((".lctrcd.", ".cw..Wd."), ("llc12cdd", "..w..W.."), ("lc1122cd", "..wwWW.."))
CAPES = (
    ("..tttttt..", ".ttttttrr.", ".tttttttr.", "ttttttttrr", "tttttttttr"),
    ("..tttttt..", "tttttttttr", "tttttttttr", "tttttttttr", "ttttttttrr", ".tttttttr."),
)

# The free arm from the shoulder at column 0: a for the sleeve, o for the hand.
ARMS = (
    (0, 8, ("a", "a", "o")),
    (0, 8, ("a", "a", "o")),
    (-1, 6, ("o.", "a.", "aa")),
    (-1, 8, ("aa", "a.", "ao")),
    (-1, 8, (".a", "aa", "o.")),
)

# Things: variants of (column and row from the hand, stamp, rises with the hand). The hand is drawn over the shaft.
THINGS = {
    "sword": (
        (-1, -8, (".L..", ".LM.", ".LM.", ".LM.", ".LM.", ".LM.", ".LM.", "yyYY", ".w..", ".y.."), True),
        (-1, -7, (".L..", ".LM.", ".LM.", ".LM.", ".LM.", ".LM.", "yyYY", ".w..", ".y.."), True),
    ),
    "staff": (
        (-1, -10, (".Gg.", "GggK", "wgKw", ".ww.") + (".w..",) * 8 + (".W..",), False),
        (-1, -10, (".G.", "Ggg", "gKK", ".K.") + (".w.",) * 8 + (".W.",), False),
        (-1, -10, (".Gg.", "GggK", "ggKK", ".KK.") + (".w..",) * 8 + (".W..",), False),
        (-1, -10, (".ww.", "w..w", "wGgw", ".gK.") + (".w..",) * 8 + (".W..",), False),
    ),
    "axe": (
        (0, -8, ("w.L.", "wMLL", "wmML", "wmML", "w.M.") + ("w",) * 5 + ("W",), False),
        (0, -8, ("w..L", "wMML", "wmML", "wmmM", "w..M") + ("w",) * 5 + ("W",), False),
        (-1, -8, (".w.L.", "MwMLL", "MwmML", "mwmML", ".w.M.") + (".w",) * 5 + (".W",), False),
    ),
    "shield": (
        (-3, -3, (".LLLM.", "LTTttm", "LTyytm", "MtyYtm", "Mttttm", ".mmmm."), True),
        (-2, -3, (".LLM.", "LTtMm", "LTytm", "Mttrm", ".mmm."), True),
    ),
    "bow": (
        (-3, -5, ("ww..", "..w.", "...w", "...w", "...W", "...W", "...w", "...w", "..w.", "ww.."), True),
        (-3, -4, ("ww..", ".ww.", "..ww", "...w", "...W", "...w", "..ww", ".ww.", "ww.."), True),
    ),
    "torch": (
        (-1, -7, (".O..", ".OO.", "OOyO", "OyyO", ".yy.", ".WW.", ".w..", ".w..", ".w.."), True),
        (-1, -7, ("..O.", ".OO.", "OyOO", "OyyO", ".yy.", ".WW.", ".w..", ".w..", ".w.."), True),
    ),
    "spear": (
        (-1, -10, (".L.", ".L.", "LMm", "LMm") + (".w.",) * 9, False),
        (-1, -10, (".L.", ".L.", "LMm", "LMm", "ttt") + (".w.",) * 8, False),
        (-1, -9, (".L.", ".L.", "LMm", "L.m") + (".w.",) * 8, False),
    ),
    "hammer": (
        (-2, -9, ("LLLLM", "LMMMm", "Mmmmm") + ("..w..",) * 7 + ("..W..",), False),
        (-2, -9, ("LMwMm", "LMwMm", "LMwmm") + ("..w..",) * 7 + ("..W..",), False),
        (-1, -9, ("LLLM", "LMMm", "Mmmm") + (".w..",) * 7 + (".W..",), False),
    ),
}  # fmt: skip
WIDE = ("hammer", "axe", "bow")
LOPSIDED = ("ponytail", "headband", "wizard hat", "knight helmet")
MIRROR = str.maketrans("HDSsldLnMm", "DHsSdlnLmM")  # the light stays on the left


class Figure:
    """Stamps on a grid without borders; `side` tells where the hand with the thing is, right (1) or left (-1)."""

    def __init__(self, inks, side):
        self.inks, self.side = inks, side
        self.pixels = {}
        self.thread = []

    def stamp(self, left, top, rows, turn=False, ring=False):
        """Lay a stamp down; turned to the side of the hand if asked; a ring cuts it out of what is behind."""
        marks = [
            (7 - left - x if turn and self.side < 0 else left + x, top + y, mark)
            for y, row in enumerate(rows)
            for x, mark in enumerate(row)
            if mark != "."
        ]
        if ring:
            for x, y, _ in marks:
                for place in ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)):
                    if place in self.pixels:
                        self.pixels[place] = INK
        for x, y, mark in marks:
            self.pixels[x, y] = self.inks[mark]

    def finish(self):
        """The picture: all pixels in the middle of the tile, with an outline."""
        self.save_colours()
        columns, rows = [x for x, _ in self.pixels], [y for _, y in self.pixels]
        right = (SIZE - 1 - min(columns) - max(columns)) // 2
        down = (SIZE - 1 - min(rows) - max(rows)) // 2
        c = Canvas()
        for (x, y), ink in self.pixels.items():
            c.dot(x + right, y + down, *ink)
        c.dark[:] = RAMPS[INK[0]][INK[1]]
        picture = c.finish(centred=False)
        for x, y in self.thread:
            picture[y + down, x + right] = STRING
        return picture

    def save_colours(self):
        """Let the least of the shades go until the colours are few enough."""
        for spare, instead in SPARE:
            if len(set(self.pixels.values()) | {INK}) + bool(self.thread) <= COLOURS:
                break
            old, new = self.inks[spare], self.inks[instead]
            self.pixels = {place: new if ink == old else ink for place, ink in self.pixels.items()}


def palette(dice, person):
    """What each mark of the stamps stands for."""
    glow = dice.pick(("sky", "lime", "magenta", "red", "ice"))
    inks = {"#": INK, "e": INK, "w": ("brown", 2), "W": ("brown", 1), "y": ("yellow", 3), "Y": ("yellow", 2)}
    inks |= {"S": (person.skin, 3), "s": (person.skin, 2)}
    shade = 1 if person.hair in EARTHY and person.skin in SKINS[3:] else 2  # hair must stand out from the skin
    inks |= {"H": (person.hair, shade + 1), "h": (person.hair, shade), "D": (person.hair, shade - 1)}
    inks |= {"l": (person.cloth, 3), "c": (person.cloth, 2), "d": (person.cloth, 1)}
    inks |= {"T": (person.trim, 3), "t": (person.trim, 2), "r": (person.trim, 1)}
    inks |= {"L": ("steel", 4), "M": ("steel", 3), "m": ("steel", 2), "n": ("steel", 1)}
    inks |= {"B": ("bone", 3), "b": ("bone", 2), "O": ("orange", 2)}
    inks |= {"G": (glow, 4), "g": (glow, 3), "K": (glow, 2)}
    return inks


def below(dice, figure, worn):
    """Legs, a skirt or a coat's tails, rows 11 and 12."""
    light, shade = "tr" if len(worn) > 2 else worn
    figure.inks |= {"1": figure.inks[light], "2": figure.inks[shade]}
    return dice.pick({"skirt": ROBES, "dress": DRESSES, "coat": COATS}.get(worn, LEGS))


def head_gear(dice, figure, person):
    """Hair or hat: not wider than the thing leaves room for, a tail or a plume away from it."""
    variants = HEADS[person.head]
    if person.head == "viking helmet":
        variants = variants[:2] if person.thing not in ("nothing", "shield", "bow") else variants[2:]
    elif person.thing in WIDE:
        variants = [head for head in variants if head[0] + max(map(len, head[2])) <= 9]
    left, top, rows = dice.pick(variants)
    if person.head in LOPSIDED and figure.side > 0:
        width = max(map(len, rows))
        rows = [row.ljust(width, ".")[::-1].translate(MIRROR) for row in rows]
        left = 8 - left - width
    figure.stamp(left, top, rows)


def hero(dice):
    """A person from the front: body, arms, head, and a thing in one hand."""
    person = Person(dice)
    figure = Figure(palette(dice, person), dice.pick((1, -1)))
    variants, (sleeve, hand), worn = OUTFITS[person.outfit]
    figure.inks |= {"a": figure.inks[sleeve], "o": figure.inks[hand]}
    wide = dice.chance(0.5)
    shoulder = 7 if wide else 6
    if person.outfit == "cape":
        figure.stamp(-1, 7, dice.pick(CAPES))
    figure.stamp(0, 11, below(dice, figure, worn))
    torso = dice.pick(variants)
    figure.stamp(1 if wide else 2, 7, torso if wide else [row[0] + row[2:4] + row[5] for row in torso])
    if person.outfit == "plate armour":
        figure.stamp(7 - shoulder, 7, ("L" + "." * (2 * shoulder - 8) + "m",))
    figure.stamp(0, 1, FACE)
    head_gear(dice, figure, person)
    if person.outfit != "dress" and dice.chance(BEARDED.get(person.head, 0)):
        figure.stamp(0, 5, dice.pick(BEARDS[1:2] if person.head == "crown" else BEARDS))
    arm_left, arm_top, arm = dice.pick(ARMS[:2] if person.thing in WIDE and wide else ARMS)
    figure.stamp(7 - shoulder + arm_left, arm_top, arm, turn=True, ring=arm_top < 7)
    if person.thing == "nothing":
        figure.stamp(shoulder, 8, ("a", "a", "o"), turn=True)
    else:
        carry(dice, figure, person, shoulder)
    return figure.finish()


def carry(dice, figure, person, shoulder):
    """The other arm and the thing at its end."""
    reach = {"hammer": 10, "bow": 12}.get(person.thing, 9)
    variants = THINGS[person.thing]
    if person.thing == "hammer" and person.head == "viking helmet":
        variants = variants[2:]  # the others would hit a horn
    dx, dy, thing, rises = dice.pick(variants)
    hand = dice.whole(*{"shield": (8, 9), "bow": (7, 8)}.get(person.thing, (7, 9)))
    top = (hand if rises else 9) + dy
    figure.stamp(shoulder, 8, ("a",), turn=True)
    figure.stamp(reach + dx, top, thing, turn=True, ring=True)
    if person.thing == "shield":
        return
    if hand == 7:
        figure.stamp(shoulder + 1, 7, ("." + "a" * (reach - shoulder - 2), "a" * (reach - shoulder - 1)), turn=True)
    else:
        figure.stamp(shoulder, hand, ("a" * (reach - shoulder),), turn=True)
    figure.stamp(reach, hand, ("o",), turn=True)
    if person.thing == "bow":
        x = reach + dx if figure.side > 0 else 7 - reach - dx
        figure.thread = [(x, y) for y in range(top + 1, top + len(thing) - 1) if (x, y) not in figure.pixels]


KINDS = {"hero": hero}
