"""Open the labs: `make lab`. JupyterLab starts on your own copies of the notebooks, in `mine/`, which git ignores.

A copy is made once and never written over. In it the outputs of cells that follow a **Predict first** are left out, so
that a prediction is one. Where an original has changed since it was copied, the start says so.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import nbformat

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = ROOT / "tools" / "settings"  # widgets are saved, too: else a notebook opened again has errors in their place


def write(path, text):
    """Write a file so that it is whole at any time."""
    beside = path.with_name(f"unfinished-{path.name}")
    beside.write_text(text + "\n", encoding="utf-8")
    beside.replace(path)


def copy(original, target):
    """Copy a notebook, without the outputs that a student is asked to predict."""
    notebook = nbformat.read(original, 4)
    asked = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            asked = "**Predict first" in cell.source
        elif asked:
            cell.outputs, cell.execution_count = [], None
    target.parent.mkdir(parents=True, exist_ok=True)
    write(target, nbformat.writes(notebook))


def copies(root):
    """Make the copies that are missing. Yields a line for each original that has changed since it was copied."""
    mine = root / "mine"
    record = mine / ".copied.json"
    try:
        copied = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # the first start, or one that was cut off
        copied = {}
    for original in sorted((root / "notebooks").rglob("*.ipynb")):
        if ".ipynb_checkpoints" in original.parts:
            continue
        name = original.relative_to(root / "notebooks").as_posix()
        now = hashlib.sha256(original.read_bytes()).hexdigest()[:16]
        if not (mine / name).is_file():
            copy(original, mine / name)
            copied[name] = now
        elif copied.setdefault(name, now) != now:
            yield f"notebooks/{name} has changed since you copied it; to take it, rename your mine/{name}"
        write(record, json.dumps(copied, indent=1))


def address(process, seconds=60):
    """Where the server of this process can be opened, or None if it ends or does not say so in time."""
    from jupyter_server.serverapp import list_running_servers

    started = monotonic()
    while process.poll() is None and monotonic() - started < seconds:
        for server in list_running_servers():
            if server["pid"] == process.pid:
                return f"{server['url']}lab/tree/mine/01_Sampling.ipynb?token={server['token']}"
        sleep(0.2)
    return None


def main():
    for line in copies(ROOT):
        print(line)
    command = [sys.executable, "-m", "jupyterlab", "--LabApp.default_url=/lab/tree/mine/01_Sampling.ipynb"]
    command += [f"--LabApp.app_settings_dir={SETTINGS}"]
    log = ROOT / "mine" / ".jupyter.log"
    with log.open("w") as file:
        process = subprocess.Popen([*command, *sys.argv[1:]], cwd=ROOT, stdout=file, stderr=file)
    try:
        where = address(process)
        if where is None:
            said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
            sys.exit(said + "\nJupyterLab did not start; above is what it says.")
        print(f"Your copies of the labs are in mine/. JupyterLab is at\n  {where}\nCtrl-C ends it.", flush=True)
        process.wait()
    except KeyboardInterrupt:
        pass
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
