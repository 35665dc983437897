"""Small tables of figures that take long to compute, made a row at a time."""

import csv
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import torch


def fill(path, wanted, make, columns):
    """Write a table, as CSV, with a row for each of the wanted settings; rows that are there already are kept.

    wanted: dictionaries with the same keys: the first columns. make(**settings) returns the others, a dictionary of
    figures with the names in `columns`. A table with other columns is begun anew. As many rows are made at a time as
    there are cores, each by one: faster than all of them on one row.
    """
    header = [*wanted[0], *columns]

    def key(row):
        return tuple(str(row[name]) for name in wanted[0])

    rows = {}
    if path.is_file():
        with path.open(newline="") as file:
            reader = csv.DictReader(file)
            if reader.fieldnames == header:
                rows = {key(row): row for row in reader}
            else:
                print(f"{path} has other columns, and is begun anew", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    one_core_each = {"initializer": torch.set_num_threads, "initargs": (1,), "mp_context": get_context("spawn")}
    with ProcessPoolExecutor(os.cpu_count(), **one_core_each) as pool:
        running = {pool.submit(make, **settings): settings for settings in wanted if key(settings) not in rows}
        for done in as_completed(running):
            settings, figures = running[done], done.result()
            rows[key(settings)] = settings | {name: f"{figures[name]:.4g}" for name in columns}
            print(rows[key(settings)], flush=True)
            with path.open("w", newline="") as file:
                writer = csv.DictWriter(file, header, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows[key(settings)] for settings in wanted if key(settings) in rows)
