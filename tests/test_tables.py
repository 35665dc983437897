"""The small tables that the labs read: a row is what its recipe makes."""

import csv

import errata
import guidance
import pytest
import scores
import spoiled
import torch

from diffusion_utilities import WEIGHTS, NoiseSchedule, ResidualConvBlock
from recipes import RandomShortcut, WithoutTheRoot, fill


def stored(name, **settings):
    """The figures of one row of a table in the repository."""
    rows = csv.DictReader((WEIGHTS / name).open())
    (row,) = [row for row in rows if all(row[key] == str(value) for key, value in settings.items())]
    return row


def assert_made(row, settings, made, **tolerance):
    """Each figure of a row is what its recipe makes; a table from before a figure was thought of lacks that one."""
    figures = {name: float(value) for name, value in row.items() if name not in settings}
    assert "distance" in figures
    assert figures == pytest.approx({name: made[name] for name in figures}, **tolerance)


def test_a_row_of_the_errata(tmp_path):
    settings = {"size": "small", "training": "both, as in the course", "seed": 0}
    again = errata.figures(**settings, folder=tmp_path)
    assert tuple(again) == errata.COLUMNS
    assert_made(stored("errata.csv", **settings), settings, again, rel=0.01)
    assert (tmp_path / "small both, as in the course 0.png").is_file()  # beside that of the full training, not over it


def test_the_errata_are_trained_wrongly_from_one_start(tmp_path, monkeypatch):
    started = []

    def stand_in(network, *data, schedule, **settings):
        started.append((type(network.init_conv), type(schedule), network.state_dict()))
        raise InterruptedError

    monkeypatch.setattr(errata, "train", stand_in)
    for training in errata.TRAININGS:
        with pytest.raises(InterruptedError):
            errata.figures("small", training, 0, tmp_path)
    blocks, schedules, weights = zip(*started, strict=True)
    right, wrong = ResidualConvBlock, RandomShortcut
    assert blocks == (right, right, wrong, wrong)
    right, wrong = NoiseSchedule, WithoutTheRoot
    assert schedules == (right, wrong, right, wrong)
    assert all(torch.equal(values, weights[0][name]) for state in weights for name, values in state.items())


def root(x, name):
    return {"root": x**0.5, "letters": len(name)}


@pytest.fixture
def one_process(monkeypatch):
    """For `fill`: each that it starts takes seconds."""
    monkeypatch.setattr("os.cpu_count", lambda: 1)


def test_a_stopped_table_goes_on(tmp_path, one_process):
    path = tmp_path / "run" / "roots.csv"
    wanted = [{"x": 4, "name": "four"}, {"x": 9, "name": "nine"}]
    columns = "root", "letters"
    fill(path, wanted[1:], root, columns)
    assert path.read_text(encoding="utf-8") == "x,name,root,letters\n9,nine,3,4\n"
    path.write_text("x,name,root,letters\n9,nine,three,4\n", encoding="utf-8")  # is kept
    fill(path, wanted, root, columns)
    assert path.read_text(encoding="utf-8") == "x,name,root,letters\n4,four,2,4\n9,nine,three,4\n"


def test_a_table_with_other_columns_is_begun_anew(tmp_path, one_process):
    path = tmp_path / "roots.csv"
    path.write_text("x,name,root\n9,nine,three\n", encoding="utf-8")
    fill(path, [{"x": 4, "name": "four"}, {"x": 9, "name": "nine"}], root, ("root", "letters"))
    assert path.read_text(encoding="utf-8") == "x,name,root,letters\n4,four,2,4\n9,nine,3,4\n"


def test_a_row_of_the_scores():
    way = {"network": "model_trained", "sampler": "DDIM", "steps": 5, "start": "noised average", "context": "one-hot"}
    settings = way | {"n": 200, "seed": 0}
    again = scores.figures(**settings)
    assert tuple(again) == scores.COLUMNS
    assert_made(stored("scores.csv", **settings), settings, again, rel=0.01, abs=0.011)


def test_a_row_of_the_guidance():
    way = {"begin": "no context", "scale": 3, "first": 0.2, "last": 0.6, "context": "one-hot", "steps": 5}
    settings = way | {"n": 200, "seed": 0}
    again = guidance.figures(**settings)
    assert tuple(again) == guidance.COLUMNS
    assert_made(stored("guidance.csv", **settings), settings, again, rel=0.02, abs=0.011)


def test_a_row_of_the_spoiled():
    settings = {"spoil": "soft", "amount": 0.5, "n": 200, "seed": 0}
    again = spoiled.figures(**settings)
    assert tuple(again) == spoiled.COLUMNS
    assert_made(stored("spoiled.csv", **settings), settings, again, rel=0.01, abs=0.006)


@pytest.fixture
def own_scores():
    """Imported here alone: the processes of `fill` import this file, and would wait for it."""
    import own_scores

    return own_scores


def test_a_row_of_your_own_sprites(own_scores):
    settings = {"material": "items", "start": "the labs' network", "epochs": 1, "n": 50, "given": 8}
    again, row = own_scores.figures(**settings), stored("own_scores.csv", **settings)
    assert tuple(again) == own_scores.COLUMNS and float(row.pop("minutes")) > 0  # which another machine needs not
    assert_made(row, settings, again, rel=0.05, abs=0.03)


def test_a_sprite_is_named_where_a_kind_is_likely_and_the_one_that_was_asked_for(own_scores):
    _, namer = own_scores.judged("items", 16, 60)
    sprites, names = own_scores.drawings("items", 40, 5, 16)
    right = own_scores.named(namer, sprites, names)
    assert 0.7 < right <= own_scores.named(namer, sprites)
    assert own_scores.named(namer, sprites, names[1:] + names[:1]) < 0.1
    assert own_scores.named(namer, sprites * 0) < 1


def test_the_card_begins_with_the_scores_of_the_table():
    rows = list(csv.DictReader((WEIGHTS / "scores.csv").open()))
    _, first, _ = (WEIGHTS / "README.md").read_text(encoding="utf-8").split("\n\n", 2)
    assert first + "\n" == scores.card_line(rows)


def test_the_shipped_network_draws_what_it_is_asked_for_and_few_copies():
    rows = [row for row in csv.DictReader((WEIGHTS / "scores.csv").open()) if int(row["n"]) >= 2_000]
    asked = [row for row in rows if row["context"] == "one-hot"]
    assert len(asked) == 2 and all(float(row["agreement"]) >= 0.95 for row in asked)
    assert all(float(row["copies"]) <= 0.02 for row in rows if int(row["steps"]) >= 50)
