"""People from the front: a big head, an outfit, something in the hand, all thrown by `wardrobe.Person`.

A hero is put together from stamps on a grid of its own: columns 0 to 7 are the head, 0 is also the row of the top of
the hair; a hat may start at row -1, the feet stand on row 12. `Figure.finish` moves it all to the middle of the tile.
"""

from .canvas import RAMPS, SIZE, Canvas
from .wardrobe import SKINS, Person

INK = ("black", 1)  # one outline for all parts: an own dark for each ramp would need too many colours
EARTHY = ("brown", "chocolate")
COLOURS = 13  # and the white of the ground
SPARE = ("rt", "bB", "kg", "nm", "Ww", "mM", "LM", "Dh", "Hh", "dc")  # of two marks, the first gives way
STRING = RAMPS["grey"][2]

FACE = (
    ".SSSSSS.",
    ".SSSSSS.",
    ".SeSSes.",
    ".SeSSes.",
    ".SSssSs.",
)  # fmt: skip

# Hair and hats: variants of (row, stamp), eight wide and above rows 3 to 6 of the face. h H D are the hair with its
# light and dark.
HEADS = {
    "short hair": (
        (0, ("..HHhh..", ".HHhhhh.", "hHHhhhhD", "hhh...hD", "h......D", "S......s")),
        (0, ("..hHhh..", ".hHHhhh.", "hHHhhhhD", "hh....hD", "h......D", "S......s")),
        (0, (".HHHhh..", "hHHhhhh.", "hHhhhhhD", "h...hhhD", "h......D", "S......s")),
        (-1, ("..HHhh..", ".HHhhhh.", "hHHhhhhD", "hHhhhhhD", "hh.....D", "h......D", "S......s")),
    ),
    "spiky hair": (
        (-1, (".h..h..h", ".Hh.hh.h", "hHHhhhhD", "hHhhhhhD", "hh.h.hhD", "h......D", "S......s")),
        (-1, ("...h..h.", "h.Hh.hh.", "hHHhhhhD", "hHhhhhhD", "hh.hh.hD", "h......D", "S......s")),
        (-1, ("...HH...", ".hHHhhh.", ".HHhhhhD", "hHhhhhhD", "hh....hD", "h......D", "S......s")),
    ),
    "long hair": (
        (0, ("..HHhh..", ".HHhhhh.", "hHHhhhhD", "hhh...hD", "h......D", "h......D", "h......D", "hh....DD",
         "hh....DD")),
        (0, (".HHHhhh.", "hHHhhhhD", "hHhhhhhD", "hh....hD", "h......D", "h......D", "h......D", "hh....DD")),
        (-1, ("..HHhh..", ".HHhhhh.", "hHHhhhhD", "hHhhhhhD", "h...hhhD", "h......D", "h......D", "h......D",
         "hh....DD", ".h....D.")),
    ),
    "bob": (
        (0, ("..HHhh..", ".HHhhhh.", "hHHhhhhD", "hh....hD", "h......D", "h......D", "h......D")),
        (0, (".HHHhhh.", "hHHhhhhD", "hHhhhhhD", "hhhhhhhD", "h......D", "h......D", "h......D")),
    ),
    "bun": (
        (-1, ("..Hhh...", "..hhD...", ".HHhhhh.", "hHHhhhhD", "hh....hD", "h......D", "S......s")),
        (-1, ("Hh....hD", "hhHHhhDD", ".HHhhhh.", "hHhhhhhD", "hhh..hhD", "h......D", "S......s")),
        (-1, ("...Hh...", "..HhhD..", ".HHhhhh.", "hHHhhhhD", "hhh...hD", "h......D", "S......s")),
    ),
    "ponytail": (
        (0, ("..HHhh...", ".HHhhhhhh", "hHHhhhhDhh", "hh....hDhD", "h......D.D", "S......s")),
        (-1, (".....Hhh", "..HHhhhD", ".HHhhhhD", "hHHhhhhD", "hhh...hD", "h......D", "S......s")),
        (0, ("..HHhh..", ".HHhhhh.", "hHHhhhhD", "hh....hD", "h......D", "h......D", "S......D", ".......D",
         ".......D")),
    ),
    "mohawk": (
        (-1, ("...Hh...", "..HHhD..", "..HHhD..", ".SHHhDs.", ".S....s.", "........", "S......s")),
        (-1, ("..HHhD..", "..HHhD..", "..HHhD..", ".SHHhDs.", ".S.Hh.s.", "........", "S......s")),
    ),
    "curls": (
        (-1, ("..HHhh..", ".HHHhhh.", "HHHhhhhD", "hHhhhhhD", "hh....hD", "h......D", "h......D", "hh....DD")),
        (0, (".HH.hh..", "HHHhhhhh", "hHhhhhhD", "hh.hh.hD", "h......D", "h......D", ".h....D.")),
        (-1, (".HH.hhh.", "HHHhhhhD", "hHhhhhhD", "hHhhhhhD", "hh....hD", "h......D", "S......s")),
    ),
    "wizard hat": (
        (-1, ("....lc....", "...lccd...", "..tttttt..", ".lccccccd.", "llccccccdd", ".h......D.", ".h......D.")),
        (-1, ("...lc.....", "...lccd...", "..lcccdd..", ".tttttttt.", "llccccccdd", ".h......D.", ".S......s.")),
        (-1, (".....lcd..", "...lccd...", "..lcccdd..", ".tttttttt.", "llccccccdd", ".h......D.", ".h......D.",
         ".h......D.", ".hh....DD.")),
    ),
    "knight helmet": (
        (-1, ("..LLMM..", ".LLMMMm.", "LLMMMMmm", "LMMMMMmm", "mmmmmmmm", "M......m", "M......m", "MM....mm")),
        (0, ("..LLMM..", ".LLMMMm.", "LLMMMMmm", "yyyyyyyy", "M......m", "M......m", "M......m")),
        (-1, ("...tt...", "..LttM..", ".LMttMm.", "LLMttMmm", "mmmmmmmm", "M......m", "M......m", ".M....m.")),
    ),
    "viking helmet": (
        (-1, ("B......b", "BBLMMmbb", ".LLMMMm.", "LLMMMMmm", "yyyyyyyy", "h......D", "h......D")),
        (-1, ("B......b", "B.LMMm.b", "BLLMMMmb", ".LMMMMm.", "yyyyyyyy", "h......D", "S......s")),
    ),
    "crown": (
        (-1, ("y..yy..y", "yy.yy.yy", "yyyttyyy", "hHhhhhhD", "hh....hD", "h......D", "S......s")),
        (-1, (".y.yy.y.", ".yyyyyy.", ".yyttyy.", "hHhhhhhD", "hh....hD", "h......D", "h......D", "hh....DD")),
    ),
    "hood": (
        (-1, ("...lc...", "..lccc..", ".llcccd.", "llcccccd", "lc....dd", "l......d", "l......d", "lc....dd")),
        (0, ("..llcc..", ".llcccd.", "llcccccd", "lc....dd", "l......d", "l......d", ".c....d.")),
    ),
    "headband": (
        (0, ("..HHhh..", ".HHhhhh.", "hHHhhhhD", "tttttttt", "h......D", "S......s")),
        (-1, (".h.HhhD.", ".HHhhhh.", "hHHhhhhD", "hHhhhhhD", "tttttttt", "h......D", "S......s")),
        (0, ("..HHhh..", ".HHhhhh.", "hHHhhhhD", "tttttttt", "h......D", "h......D", "h......D", "hh....DD")),
    ),
}  # fmt: skip

BEARDS = (("h......D", ".hhhhhD.", "..hhhD.."), ("h......D", ".hhhhhD."), ("S......s", "..hhhD..", "...hD..."))
BEARDED = ("short hair", "mohawk", "wizard hat", "viking helmet", "crown", "headband")

# Variants of rows 7 to 10 of an outfit, four wide (on the broad figure the outer columns are doubled); then what the
# sleeve and the hand are made of; then what is worn below: a skirt, a coat's tails, or trousers in light and shade.
OUTFITS = {
    "tunic": ((("lccd", "lccd", "WyyW", "lccd"), ("cSSc", "lccd", "WWWW", "lccd")), "cS", "tr"),
    "robe": ((("lccd", "lccd", "tttt", "lccd"), ("tttt", "lccd", "lccd", "lccd")), "cS", "robe"),
    "plate armour": ((("LMMm", "LMMm", "tttt", "MMMm"), ("tttt", "LMMm", "LMMm", "MMMm")), "MM", "mm"),
    "dress": ((("cSSc", "lccd", "tttt", "lccd"), ("SSSS", "lccd", "lccd", "lccd")), "SS", "dress"),
    "overalls": ((("cttc", "lccd", "lccd", "lccd"), ("cttc", "cttc", "lccd", "lccd")), "tS", "cd"),
    "cape": ((("tyyt", "lccd", "lccd", "WWWW"), ("tyyt", "lccd", "WWWW", "lccd")), "cS", "cd"),
    "vest": ((("cBBd", "cBBd", "cBBd", "WWWW"), ("cBBd", "cBBd", "WWWW", "ccdd")), "BS", "cd"),
    "striped shirt": ((("lccd", "BBBB", "lccd", "lccd"), ("lccd", "lccd", "BBBB", "lccd")), "cS", "tr"),
    "coat": ((("tttt", "lccd", "lccd", "WWWW"), ("lccd", "lccd", "WyyW", "lccd")), "cS", "coat"),
    "chain mail": ((("MMMm", "lccd", "WWWW", "lccd"), ("MMMm", "lccd", "lccd", "lccd")), "MM", "mm"),
}

# Rows 11 and 12, four wide or six wide. 1 2: the trousers in light and shade, W: the shoes.
LEGS = (("1122", "W..W"), ("1..2", "W..W"))
BROAD_LEGS = (("11..22", "WW..WW"), ("111222", "WW..WW"), (".1..2.", ".W..W."))
SKIRTS = {
    "robe": ((".lccccd.", ".lccccd."), (".lccccd.", ".tttttt."), (".lccccd.", "lcccccdd")),
    "dress": ((".lccccd.", "lcccccdd"), (".lccccd.", "..W..W.."), ("lcccccdd", "..W..W.."), (".lccccd.", "tttttttt")),
    "coat": ((".lccccd.", "..W..W.."), (".lccccd.", ".WW..WW.")),
}  # fmt: skip
CAPES = (
    (".tttttr.", "ttttttrr", "ttttttrr", "ttttttrr", "ttttttrr"),
    (".tttttr.", "ttttttrr", "ttttttrr", "ttttttrr"),
    (".tttttr.", "ttttttrr", "ttttttrr", "ttttttrr", ".tttttr."),
)

# The free arm, from its shoulder in the right one of the columns: a for the sleeve, o for the hand.
ARMS = ((".a", ".o"), (".a", ".a", ".o"), (".a", "oa"))

# Things: variants of (column, row, stamp). The shaft is in column 9, the hand is drawn over it. A sword is the blade
# alone, its row counted from the hand.
THINGS = {
    "sword": (
        (9, -7, ("L", "L", "L", "L", "L", "L")),
        (9, -8, (".L", "LM", "LM", "LM", "LM", "LM", "LM")),
        (9, -6, (".L", "LM", "LM", "LM", "LM")),
    ),
    "staff": (
        (8, -1, (".G.", "Ggg", ".k.") + (".w.",) * 10),
        (8, -1, ("Ggg", "ggk", ".k.") + (".w.",) * 10),
        (8, -1, (".g.", "Ggg", "gkk", ".k.") + (".w.",) * 9),
    ),
    "axe": (
        (9, 1, ("w.L", "wML", "wML", "w.M") + ("w",) * 8),
        (9, 2, ("wLL", "wML", "w.M") + ("w",) * 7),
        (9, 3, ("w.L", "wML", "wML", "w.M") + ("w",) * 4),
    ),
    "shield": (
        (6, 7, ("LLLLM", "LtttM", "LtttM", ".LtM.", "..M..")),
        (6, 7, (".LLM.", "LtttM", "LtytM", "LtttM", ".MMM.")),
        (6, 7, ("LLLM", "LttM", "LttM", "LttM", ".MM.")),
    ),
    "bow": (
        (9, 4, ("w..", ".w.", "..w", "..w", "..W", "..w", "..w", ".w.", "w..")),
        (9, 5, ("w..", ".w.", "..w", "..W", "..w", ".w.", "w..")),
    ),
    "torch": (
        (8, 0, (".O.", "OyO", "OyO", ".W.") + (".w.",) * 7),
        (8, -1, ("O..", "OyO", "OyO", ".W.") + (".w.",) * 8),
        (8, -1, (".O.", "OOO", "OyO", ".W.") + (".w.",) * 7),
    ),
    "spear": (
        (9, -1, ("L", "L", "M") + ("w",) * 10),
        (9, 0, ("L", "L", "M") + ("w",) * 9),
        (9, -1, ("L", "L", "M", "y") + ("w",) * 8),
    ),
    "hammer": (
        (8, -1, ("LMM", "Mmm", "nnn") + (".w.",) * 9),
        (8, -1, ("LMm", "mmn") + (".w.",) * 10),
    ),
}  # fmt: skip


class Figure:
    """Stamps on a grid without borders; `side` tells where the hand with the thing is, right (1) or left (-1)."""

    def __init__(self, inks, side):
        self.inks, self.side = inks, side
        self.pixels = {}
        self.thread = []
        self.gap = []

    def stamp(self, left, top, rows, turn=False, ring=False):
        """Lay a stamp down; turned to the side of the hand if asked; a ring cuts it out of what is behind."""
        marks = [
            (self.column(left + x) if turn else left + x, top + y, mark)
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

    def column(self, x):
        """The column, counted from the side away from the thing."""
        return x if self.side > 0 else 7 - x

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
        for x, y in self.gap:
            picture[y + down, x + right] = 255
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
    glow = dice.pick(("sky", "lime", "magenta", "red", "teal"))
    inks = {"e": INK, "w": ("brown", 2), "W": ("brown", 1), "y": ("yellow", 3), "O": ("orange", 2)}
    inks |= {"S": (person.skin, 3), "s": (person.skin, 2)}
    shade = 1 if person.hair in EARTHY and person.skin in SKINS[3:] else 2  # hair must stand out from the skin
    inks |= {"H": (person.hair, shade + 1), "h": (person.hair, shade), "D": (person.hair, shade - 1)}
    inks |= {"l": (person.cloth, 3), "c": (person.cloth, 2), "d": (person.cloth, 1)}
    inks |= {"t": (person.trim, 2), "r": (person.trim, 1)}
    inks |= {"L": ("steel", 4), "M": ("steel", 3), "m": ("steel", 2), "n": ("steel", 1)}
    inks |= {"B": ("bone", 3), "b": ("bone", 2)}
    inks |= {"G": (glow, 4), "g": (glow, 2), "k": (glow, 1)}
    return inks


def body(dice, figure, person, broad):
    """Torso and legs or skirt, rows 7 to 12; a cape behind them."""
    torsos, _, worn = OUTFITS[person.outfit]
    if person.outfit == "cape":
        figure.stamp(0, 7, dice.pick(CAPES))
    torso = dice.pick(torsos)
    figure.stamp(1 if broad else 2, 7, [row[0] + row + row[3] for row in torso] if broad else torso)
    if worn in SKIRTS:
        figure.stamp(0, 11, dice.pick(SKIRTS[worn]))
    else:
        figure.inks |= {"1": figure.inks[worn[0]], "2": figure.inks[worn[1]]}
        figure.stamp(1 if broad else 2, 11, dice.pick(BROAD_LEGS if broad else LEGS))


def head_gear(dice, figure, person):
    """Hair or hat; a tail that stands out hangs away from the thing."""
    top, rows = dice.pick(HEADS[person.head])
    if person.head == "ponytail" and max(map(len, rows)) > 8:
        figure.side = -1
    figure.stamp(-1 if person.head == "wizard hat" else 0, top, rows)


def hero(dice):
    """A person from the front: body, arms, head, and a thing in one hand."""
    person = Person(dice)
    figure = Figure(palette(dice, person), dice.pick((1, -1)))
    sleeve, hand = OUTFITS[person.outfit][1]
    figure.inks |= {"a": figure.inks[sleeve], "o": figure.inks[hand]}
    broad = dice.chance(0.5)
    shoulder = 7 if broad else 6
    body(dice, figure, person, broad)
    figure.stamp(0, 2, FACE)
    head_gear(dice, figure, person)
    bearded = person.head in BEARDED and person.outfit != "dress" and person.hair != "black"  # the eyes are black
    if bearded and dice.chance(0.25):
        figure.stamp(0, 5, dice.pick(BEARDS))
    if person.outfit != "cape":
        figure.stamp(6 - shoulder, 8, dice.pick(ARMS), turn=True)
    if person.thing == "nothing" and person.outfit != "cape":
        figure.stamp(shoulder, 8, ("a", "o"), turn=True)
    elif person.thing != "nothing":
        carry(dice, figure, person.thing, shoulder, person.head)
    return figure.finish()


def carry(dice, figure, thing, shoulder, head):
    """The other arm and the thing at its end; a column farther out where a horn or a brim needs the room."""
    left, top, rows = dice.pick(THINGS[thing])
    if thing == "shield":
        figure.stamp(left, top, rows, turn=True, ring=True)
        return
    reach = 10 if head == "wizard hat" or (head == "viking helmet" and left == 8) else 9
    left += reach - 9
    hand = dice.whole(8, 9)
    if thing == "sword":
        top += hand
        figure.stamp(reach, hand + 1, ("w",), turn=True)
    figure.stamp(left, top, rows, turn=True, ring=True)
    if thing == "sword":
        figure.stamp(reach - 1, hand - 1, ("y" * (len(rows[0]) + 2),), turn=True)
    figure.stamp(shoulder, 8, ("a",), turn=True)
    figure.stamp(shoulder, hand, ("a" * (reach - shoulder) + "o",), turn=True)
    if thing == "bow":
        figure.thread = [(figure.column(reach), y) for y in range(top + 1, top + len(rows) - 1) if y != hand]
        figure.gap = [(figure.column(reach + 1), y) for y in range(top + 2, top + len(rows) - 2)]


KINDS = {"hero": hero}
