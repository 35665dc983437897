"""Exercises that answer: `check("4.2", my_ddim_step)`, `hint("4.2")`, `check()`, `yours_or_ours("4.2")`.

engine          check, hint, yours_or_ours, and how a function is tried and its mistake found
trials          what the labs share: how a function is tried, and on what
lab1, lab2 ...  of each lab the right functions, their typical mistakes, and hints

A trial gives an outcome, {(what, for which arguments): tensor}. It is made with the student's function, with ours, with
the placeholder and with each typical mistake: the student's is told the mistake whose outcome it has.
In the functions, t is a whole number or (N,), ab is alpha_bar, (T + 1,), and e is noise like x.
"""

from exercises.engine import EXERCISES, check, hint, yours_or_ours
from exercises.lab1 import EXERCISES as LAB1
from exercises.lab2 import EXERCISES as LAB2
from exercises.lab3 import EXERCISES as LAB3
from exercises.lab4 import EXERCISES as LAB4
from exercises.lab5 import EXERCISES as LAB5
from exercises.lab6 import EXERCISES as LAB6
from exercises.lab7 import EXERCISES as LAB7
from exercises.lab8 import EXERCISES as LAB8
from exercises.lab9 import EXERCISES as LAB9

__all__ = ["EXERCISES", "check", "hint", "yours_or_ours"]

for lab in (
    LAB1,
    LAB2,
    LAB3,
    LAB4,
    LAB5,
    LAB6,
    LAB7,
    LAB8,
    LAB9,
):
    EXERCISES.update({exercise.number: exercise for exercise in lab})
