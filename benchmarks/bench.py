"""How fast the labs are beside the way of the course: `make bench`, or `make bench-quick` for the first table alone.

Every time is taken in this run, on the CPU of this machine, with the same sprites. The jobs are timed in rounds, all of
them one after the other, so that a ratio is of two times from the same minutes: its median over the rounds, the
smallest and the largest. Three rows of the first table are written to README.md, all of them to benchmarks/README.md.
"""

import argparse
import csv
import os
import platform
import re
import subprocess
import sys
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import course
import matplotlib
import torch
from full_training import COPIES, EPOCHS
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

from diffusion_utilities import (
    HERE,
    WEIGHTS,
    Animation,
    ContextUnet,
    Unet,
    load_checkpoint,
    load_sprites,
    sample,
    train,
    transform,
)
from keeping import whole
from recipes import SAMPLERS, SETTINGS, noised_average
from scoring import IdealDenoiser, score

FOLDER = Path(__file__).resolve().parent
N = 32  # sprites in the course's animations
COURSE_STEPS = EPOCHS * (COPIES // 100)
WAITING = {"GOMP_SPINCOUNT": "3000"}  # the set-up cell of the labs has it: how long a thread that waits keeps its core
LIBRARIES = "torch, torchvision, matplotlib.pyplot"
RATIOS = "| | target | times faster | the course | here | |\n|---|---|---|---|---|---|"


def seconds(function):
    """How long a call takes."""
    started = perf_counter()
    function()
    return perf_counter() - started


def several(function, calls=5):
    """How long a short call takes: the median of several."""
    return median(seconds(function) for _ in range(calls))


def in_rounds(jobs, rounds, at_first=()):
    """Time all jobs, one after the other, and again: {name: seconds in each round}. A job returns its seconds.

    at_first: names of jobs to run once before, because a first call is slower.
    """
    for name in at_first:
        jobs[name]()
    times = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in tqdm(jobs.items(), "round", leave=False):
            times[name].append(job())
    return times


def digits(x):
    """A number with three digits at least, and never with an exponent."""
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def ratio(slow, fast):
    """The cells of a ratio, from the seconds of both ways in each round."""
    ratios = sorted(a / b for a, b in zip(slow, fast, strict=True))
    spread = f"**{digits(median(ratios))}** ({digits(ratios[0])} to {digits(ratios[-1])})"
    return f"{spread} | {digits(median(slow))} s | {digits(median(fast))} s"


def rows_of(path, **settings):
    """The rows of a table in the repository that have these settings."""
    with path.open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if all(row[name] == str(v) for name, v in settings.items())]


def cheapest(rows, goal, by):
    """The row with the smallest number, by this name, whose distance by either judge is no larger than the goal's."""
    good = [row for row in rows if all(float(row[name]) <= float(goal[name]) for name in ("distance", "distance2"))]
    return min(good, key=lambda row: (int(row[by]), float(row["distance"])))


def in_fresh_process(job):
    """Run a job of fresh_process.py. Returns the most memory it took, in MB."""
    command = [sys.executable, FOLDER / "fresh_process.py", job]
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=HERE).stdout)


def import_in_fresh_process(names):
    """Import modules, and no more."""
    subprocess.run([sys.executable, "-c", f"import {names}"], check=True, cwd=HERE)


def training_time(batch_size=100, steps=10, precision="bf16"):
    """Seconds a step of our training: by how much a pass gets longer."""
    sprites, labels = load_sprites("train")
    settings = {**SETTINGS, "mixed_precision": precision, "batch_size": batch_size, "epochs": 1}

    def passing(n):
        return seconds(lambda: train(Unet(), sprites[: n * batch_size], labels[: n * batch_size], **settings))

    passing(1)  # imports what training needs
    few = passing(2)
    return (passing(2 + steps) - few) / steps


def course_training_time(steps=10):
    """Seconds a step of the course's training."""
    network = course.network()
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    sprites, labels = load_sprites("train")
    x, c = transform(sprites[:100]), torch.from_numpy(labels[:100])
    step = partial(course.training_step, network, optimizer, x, c)
    step()
    return seconds(lambda: [step() for _ in range(steps)]) / steps


def trained(row):
    """The steps of batch 100 behind a row of full_training.csv."""
    return int(row["epochs"]) * (int(row["sprites"]) // 100)


def beside_the_course(rounds):
    """The lines of the first table: the way of the course, and ours."""
    shipped = load_checkpoint(WEIGHTS / "model_trained.safetensors")
    theirs = course.network().eval()
    scores = rows_of(WEIGHTS / "scores.csv", network="model_trained", context="none", n=2000)
    (all_steps,) = (row for row in scores if row["steps"] == "500")
    whole_training = partial(rows_of, FOLDER / "full_training.csv", way="course", epochs=EPOCHS)
    (ddpm,), (ddim,) = (whole_training(drawn=2000, sampler=sampler) for sampler in ("DDPM", "DDIM"))
    (goal,) = whole_training(drawn=500)
    ours = rows_of(FOLDER / "full_training.csv", way="ours", drawn=500, context="none")
    as_good, as_ddim, as_ours = (cheapest(scores, row, "steps") for row in (ddpm, ddim, all_steps))
    shortest = cheapest(ours, goal, "epochs")
    better_start = noised_average(N, 0)

    def drawn(sampler, steps, start=None):
        start = better_start if start == "noised average" else None
        how = {"step": SAMPLERS[sampler], "steps": int(steps), "mixed_precision": "bf16", "start": start}
        return partial(sample, shipped, N, save_rate=None, progress=False, **how)

    def as_in(row):
        return partial(several, drawn(row["sampler"], row["steps"], row["start"]))

    frames = sample(shipped, N, seed=0, mixed_precision="bf16", progress=False)[1]
    ways = {"course": lambda: course.animation(frames.numpy()), "ours": lambda: Animation(frames).to_jshtml()}
    sizes = {}

    def animate(whose):
        sizes[whose] = len(ways[whose]())

    jobs = {
        "course DDIM": partial(several, lambda: course.sample_ddim(theirs, N)),
        "DDIM": partial(several, drawn("DDIM", 25)),
        "course DDPM": partial(seconds, lambda: course.sample_ddpm(theirs, N)),
        "DDPM": partial(seconds, drawn("DDPM", 500)),
        "as good": as_in(as_good),
        "as good as DDIM": as_in(as_ddim),
        "our network in the course's loop": partial(seconds, lambda: course.sample_ddpm(shipped, N)),
        "as good as ours": as_in(as_ours),
        "course training": lambda: COURSE_STEPS * course_training_time(),
        "training": lambda: trained(shortest) * training_time(),
        **{f"animation {whose}": partial(seconds, partial(animate, whose)) for whose in ways},
        **{
            f"first animation {whose}": partial(seconds, partial(in_fresh_process, f"first animation, {whose}"))
            for whose in ("course", "plain", "module")
        },
        "libraries": partial(seconds, partial(import_in_fresh_process, LIBRARIES)),
        "module": partial(seconds, partial(import_in_fresh_process, "diffusion_utilities")),
    }
    times = in_rounds(jobs, rounds, at_first=("DDIM", "course DDIM", "libraries", "module"))

    average_takes = several(lambda: noised_average(N, 0), 3)

    def both(row):
        return f"distance {digits(float(row['distance']))}, second judge {digits(float(row['distance2']))}"

    def note(row, goal):
        once = f" from the noised average ({digits(average_takes)} s, once)"
        start = once if row["start"] == "noised average" else ""
        return f"{row['sampler']}, {row['steps']} steps{start}: {both(row)}; there {both(goal)}"

    smaller = f"{sizes['ours'] // 1000:,} KB: **{sizes['course'] / sizes['ours']:.1f} times smaller** (target 8)"
    lengths = f"{both(shortest)} after {trained(shortest):,} steps; there {both(goal)} after {COURSE_STEPS:,}"
    no_worse = f"{N} sprites, at a distance no worse"
    rows = [
        (f"{N} sprites, DDIM in 25 steps", 2, "course DDIM", "DDIM", "each with its own network"),
        (f"{N} sprites, DDPM in 500 steps", 2, "course DDPM", "DDPM", "each with its own network"),
        (no_worse, 100, "course DDPM", "as good", note(as_good, ddpm)),
        (f"{no_worse} than its DDIM in 25 steps", "", "course DDIM", "as good as DDIM", note(as_ddim, ddim)),
        (
            f"{no_worse}, both with our network",
            10,
            "our network in the course's loop",
            "as good as ours",
            note(as_ours, all_steps),
        ),
        ("training, to the distance at the end of the course's", 30, "course training", "training", lengths),
        (f"animation of {len(frames)} frames", 20, "animation course", "animation ours", smaller),
        ("start of Python to first animation, Lab 1's loop", 2, "first animation course", "first animation plain", ""),
        ("the same, the module's `sample`", 3, "first animation course", "first animation module", ""),
        (f"importing {LIBRARIES}; the module", 0.91, "libraries", "module", "0.91: a tenth slower"),
    ]
    return [f"| {what} | {target} | {ratio(times[a], times[b])} | {why} |" for what, target, a, b, why in rows]


def one_thing_at_a_time(rounds):
    """The lines of the second table: what each thing gives by itself."""
    ours, theirs = (load_checkpoint(WEIGHTS / f"{name}.safetensors") for name in ("model_trained", "course"))
    as_made = ContextUnet().eval()  # not channels last
    x, t = torch.randn(256, 3, 16, 16), torch.full((1,), 0.5)

    def drawn(network, precision):
        how = {"steps": 25, "save_rate": None, "progress": False, "mixed_precision": precision}
        return partial(seconds, partial(sample, network, N, **how))

    @torch.no_grad()
    def predict(network, part, n):
        for some in x[:n].split(part):
            network(some, t)

    def predicted(network, part, n=256):
        return partial(seconds, lambda: [predict(network, part, n) for _ in range(5)])

    ways = {
        "sampling, our network: bfloat16, not float32": (drawn(ours, "no"), drawn(ours, "bf16")),
        "sampling, the course's network: bfloat16, not float32": (drawn(theirs, "no"), drawn(theirs, "bf16")),
        "sampling in bfloat16: our network, not the course's": (drawn(theirs, "bf16"), drawn(ours, "bf16")),
        "a training step: bfloat16, not float32": (partial(training_time, precision="no"), training_time),
        "float32, the course's network: channels last": (predicted(as_made, N, N), predicted(theirs, N, N)),
        "float32, a prediction for 256 sprites: 64 at a time": (predicted(ours, 256), predicted(ours, 64)),
    }
    jobs = {(what, which): way[which] for what, way in ways.items() for which in (0, 1)}
    times = in_rounds(jobs, rounds, at_first=jobs)
    return [f"| {what} | {ratio(times[what, 0], times[what, 1])} |" for what in ways]


def trainings():
    """The lines of the third table: how far trainings come; read, not measured."""
    for row in sorted(rows_of(FOLDER / "full_training.csv", drawn=500), key=lambda row: (row["way"], trained(row))):
        asked = "classes in turn" if row["context"] == "one-hot" else "no context"
        distances = f"{float(row['distance']):.1f} | {float(row['distance2']):.0f}"
        yield f"| {row['way']} | {trained(row):,} | {asked} | {distances} |"


def drawing():
    """The lines of the fourth table: the time of sampling by the number of sprites, and of steps."""
    shipped = load_checkpoint(WEIGHTS / "model_trained.safetensors")
    draw = partial(sample, shipped, save_rate=None, mixed_precision="bf16", progress=False)
    draw(N, steps=5)
    for n, steps in ((1, 10), (8, 10), (32, 10), (256, 10), (2_000, 10), (10_000, 10), (32, 50), (32, 500)):
        time = min(seconds(partial(draw, n, steps=steps)) for _ in range(1 if n * steps > 10_000 else 3))
        yield f"| {n:,} | {steps} | {digits(time)} s | {1e3 * time / n / steps:.2f} |"


def others():
    """The lines of the sixth table: other jobs that a student waits for, how long they take and may take."""
    ideal = IdealDenoiser(transform(load_sprites("train")[0][:12_000]))
    x = torch.randn(2_000, 3, 16, 16).clamp(-1, 1)
    jobs = {
        "Lab 2's training cell, 20 passes": (lambda: 20 * 130 * training_time(), 600),
        "scoring 2,000 sprites": (lambda: seconds(lambda: score(x)), 20),
        f"{N} sprites by the ideal denoiser of 12,000, 500 steps": (
            lambda: seconds(lambda: sample(ideal, N, save_rate=None, progress=False)),
            10,
        ),
    }
    for what, (job, most) in jobs.items():
        yield f"| {what} | {digits(median(job() for _ in range(3)))} s | {most} s |"


def learning():
    """The lines of the fifth table: how many sprites a second a training takes in, by the size of a batch."""
    for batch_size in (25, 50, 100, 200, 400):
        yield f"| {batch_size} | {batch_size / median(training_time(batch_size) for _ in range(3)):,.0f} |"


def rate_of_multiplying(n=2048):
    """Floating point operations a second when this machine multiplies two large matrices in bfloat16."""
    a = torch.randn(n, n, dtype=torch.bfloat16)
    return 2 * n**3 / min(seconds(lambda: a @ a) for _ in range(5))


def operations(network, batch_size):
    """Floating point operations of a prediction, and of a training step."""
    x, t, c = torch.randn(batch_size, 3, 16, 16), torch.rand(batch_size), torch.zeros(batch_size, 5)
    with FlopCounterMode(display=False) as forward:
        loss = network(x, t, c).sum()
    with FlopCounterMode(display=False) as backward:
        loss.backward()
    return forward.get_total_flops(), forward.get_total_flops() + backward.get_total_flops()


def shares():
    """The lines of the seventh table: the share of the rate of multiplying that sampling and training reach."""
    network = load_checkpoint(WEIGHTS / "model_trained.safetensors")
    draw = partial(sample, network, N, steps=20, save_rate=None, mixed_precision="bf16", progress=False)
    threads = torch.get_num_threads()
    for n in (1, threads):
        torch.set_num_threads(n)
        rate = rate_of_multiplying()
        draw()
        sampling, _ = operations(Unet(), N)
        _, training = operations(Unet(), 100)
        for what, time, count in (
            (f"a step of sampling, {N} sprites", several(draw, 3) / 20, sampling),
            ("a step of training, 100 sprites", median(training_time() for _ in range(3)), training),
        ):
            share = f"{count / time / rate:.0%} of {rate / 1e9:,.0f} GFLOP/s"
            yield f"| {what} | {n} | {1e3 * time:.0f} ms | {count / 1e9:.0f} GFLOP | {share} |"


def predictions(waiting):
    """The median and the slowest tenth of many predictions in a fresh process, in ms. waiting: its environment."""
    clean = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    command = [sys.executable, FOLDER / "waiting.py"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=HERE, env=clean | waiting)
    return [float(time) for time in done.stdout.split()]


def beside_others(rounds=5):
    """The lines of the table before the last: predictions alone, and beside another busy process on each core."""
    times = {(name, busy): [] for name in ("as torch has it", "as the labs set it") for busy in (False, True)}
    spinning = [sys.executable, "-c", "while True: pass"]
    for _ in range(rounds):
        for busy in (False, True):
            others = [subprocess.Popen(spinning) for _ in range(busy * os.cpu_count())]
            try:
                for name, waiting in (("as torch has it", {}), ("as the labs set it", WAITING)):
                    times[name, busy].append(predictions(waiting))
            finally:
                for other in others:
                    other.kill()
                    other.wait()
    for name in ("as torch has it", "as the labs set it"):
        cells = [digits(median(figures)) for busy in (False, True) for figures in zip(*times[name, busy], strict=True)]
        yield f"| {name} | {cells[0]} ms | {cells[1]} ms | {cells[2]} ms | {cells[3]} ms |"


def memory():
    """The lines of the last table: the most memory that a job takes."""
    animations = "first animation, course", "first animation, module"
    for job in ("imports", *animations, "32 sprites", "10,000 sprites", "training"):
        yield f"| {job} | {in_fresh_process(job):,} MB |"


def machine():
    """This machine and the versions, in a line."""
    described = Path("/proc/cpuinfo").read_text(encoding="utf-8") if sys.platform == "linux" else ""
    names = re.findall(r"model name\s*: (.*)", described)
    name = f"{names[0] if names else platform.processor()} ({torch.backends.cpu.get_cpu_capability()})"
    versions = f"Python {platform.python_version()}, torch {torch.__version__}, matplotlib {matplotlib.__version__}"
    return f"{name}, {torch.get_num_threads()} threads; {platform.system()}, {versions}; {date.today()}."


def put(path, text):
    """Write text between the two marks of a page. ValueError if it does not have each once."""
    start, end = "<!-- make bench writes this -->\n", "<!-- to here -->"
    before, rest = path.read_text(encoding="utf-8").split(start)
    _, after = rest.split(end)
    with whole(path) as beside:
        beside.write_text(before + start + text + end + after, encoding="utf-8")


FELT = {  # rows of the first table, and how the main README calls them
    "32 sprites, DDPM in 500 steps": "draw 32 sprites (DDPM, 500 steps)",
    "training, to the distance at the end of the course's": "train as well as the course does",
    "the same, the module's `sample`": "from starting Python to the first animation",
}


def felt(rows):
    """The three rows of the first table that a student feels, as a table of its own."""
    cells = {row.split(" | ")[0].strip("| "): [cell.strip() for cell in row.split("|")] for row in rows}
    lines = [f"| {name} | {cells[row][4]} | {cells[row][5]} | {cells[row][3]} |" for row, name in FELT.items()]
    return "\n".join(["| | the course | here | times faster |\n|---|---|---|---|", *lines]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the first table, one round; write nothing")
    quick = parser.parse_args().quick
    os.environ["ACCELERATE_USE_CPU"] = "true"
    here, rows = machine(), beside_the_course(1 if quick else 3)
    first = "\n".join([here, "", RATIOS, *rows]) + "\n"
    print(first, flush=True)
    if quick:
        return
    put(HERE / "README.md", f"{felt(rows)}\n{here}\n")
    page = first
    for head, lines in (
        ("| one thing at a time | times faster | without it | with it |\n|---|---|---|---|", one_thing_at_a_time(3)),
        (
            "| training | steps of 100 sprites | 500 sprites, drawn with | distance | second judge |\n"
            "|---|---|---|---|---|",
            trainings(),
        ),
        ("| sprites | steps | time | ms a sprite and step |\n|---|---|---|---|", drawing()),
        ("| sprites in a batch | sprites a second, training |\n|---|---|", learning()),
        ("| other jobs | time | at most |\n|---|---|---|", others()),
        ("| | threads | time | operations | share of the rate |\n|---|---|---|---|---|", shares()),
        (
            f"| a prediction, {N} sprites; waiting threads | alone | its slowest tenth | beside a busy process on each "
            "core | its slowest tenth |\n|---|---|---|---|---|",
            beside_others(),
        ),
        ("| in a fresh process | most memory |\n|---|---|", memory()),
    ):
        table = "\n".join([head, *lines]) + "\n"
        print(table, flush=True)
        page += "\n" + table
    put(FOLDER / "README.md", page)


if __name__ == "__main__":
    main()
