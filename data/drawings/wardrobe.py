"""What people look like, from the front (heroes.py) as in profile (profiles.py): one throw, one person."""

SKINS = ("skin1", "skin2", "skin3", "skin4", "skin5", "skin6")
HAIR_COLOURS = ("yellow", "orange", "brown", "chocolate", "black", "grey", "bone", "red", "blue", "purple")
CLOTHES = ("red", "orange", "green", "teal", "blue", "purple", "magenta", "brown", "grey")
HEADS = (
    "short hair", "spiky hair", "long hair", "bob", "bun", "ponytail", "mohawk", "curls",
    "wizard hat", "knight helmet", "viking helmet", "crown", "hood", "headband",
)  # fmt: skip
OUTFITS = (
    "tunic", "robe", "plate armour", "dress", "overalls", "cape", "vest", "striped shirt", "coat", "chain mail",
)  # fmt: skip
THINGS = ("nothing", "sword", "staff", "axe", "shield", "bow", "torch", "spear", "hammer")


BROWNS = ("brown", "chocolate", "orange", "black")  # too near to dark skin to stand beside it


class Person:
    """One throw of the dice: skin, head, hair colour, outfit, two colours of cloth, thing in hand.

    Skin, hair and cloth never come from neighbouring ramps, so that a face stands out from what surrounds it.
    """

    def __init__(self, dice):
        self.skin = dice.pick(SKINS)
        near_skin = BROWNS[:3] if self.skin in SKINS[2:4] else BROWNS if self.skin in SKINS[4:] else ()
        self.head = dice.pick(HEADS)
        self.hair = dice.pick([colour for colour in HAIR_COLOURS if colour not in near_skin])
        self.outfit = dice.pick(OUTFITS)
        self.cloth = dice.pick([colour for colour in CLOTHES if colour not in (self.hair, *near_skin)])
        self.trim = dice.pick([colour for colour in CLOTHES if colour not in (self.cloth, self.hair)])
        self.thing = dice.pick(THINGS)
