"""Use the labs of the course in a real browser: `make browser`; `make browser ARGS="05_Guidance_and_EMA"` for others.

JupyterLab is started as `make lab` does, on a copy of the labs, in their small configuration. In headless Chromium each
notebook is run from top to bottom; then its boards are painted on, its knobs turned and its animations played, in the
light theme and, without running again, in the dark one. Every picture has to change, and no error may be on the page.
Screenshots are kept in `runs/browser`.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from urllib.parse import quote

from playwright.sync_api import Error, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
SHOTS = ROOT / "runs" / "browser"
NAMES = "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge"
ON_A_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
PATIENCE = 10  # seconds for a picture to change
LONGEST = 300  # seconds for a notebook to run

KNOBS = ".noUi-handle, .widget-dropdown select, .widget-checkbox input, .widget-toggle-buttons button:not(.mod-active)"
BOARD = ".board canvas"
PLAYER = ".jp-OutputArea-output input[type=range]"
FAILURES = '[data-mime-type="application/vnd.jupyter.error"], .jupyter-widgets pre'  # also those inside a widget
CALLS = r"labs.asked(/\b{}\(/)"  # how many cells call it
SAID = "Error displaying widget", "Failed to load model", "Loading widget"  # in place of a widget

# What the page has to tell, and to do, as functions in it.
HELPERS = """
window.labs = {
  panel: () => window.jupyterapp?.shell.currentWidget,
  ready: () => labs.panel()?.content?.widgets?.length && labs.panel().sessionContext?.session?.kernel?.status == "idle",
  idle: () => labs.panel().sessionContext.session.kernel.status == "idle",
  run: () => {
    labs.ran = false;
    jupyterapp.commands.execute("notebook:run-all-cells").then(() => labs.ran = true);
  },
  errors: () => labs.panel().content.widgets.flatMap((cell, i) => (cell.model.outputs?.toJSON() ?? [])
    .filter(output => output.output_type == "error")
    .map(output => `cell ${i} raises ${output.ename}: ${output.evalue}`)),
  code: () => labs.panel().content.widgets
    .filter(cell => cell.model.type == "code" && cell.model.sharedModel.source.trim()),
  unrun: () => labs.code().filter(cell => !cell.model.executionCount).length,
  asked: call => labs.code().filter(cell => call.test(cell.model.sharedModel.source)).length,
  shown: what => labs.code().filter(cell => cell.node.querySelector(".jp-Cell-outputArea")?.querySelector(what)).length,
  texts: what => [...document.querySelectorAll(what)].map(node => node.textContent.trim()),  // also out of sight
  pixels: async node => {  // of all pictures in it: a picture drawn again has a new address, but the same pixels
    const found = [];
    for (const picture of node.querySelectorAll("img, canvas")) {
      if (picture.tagName == "IMG") await picture.decode().catch(() => 0);
      const copy = document.createElement("canvas");
      copy.width = picture.naturalWidth ?? picture.width;
      copy.height = picture.naturalHeight ?? picture.height;
      copy.getContext("2d").drawImage(picture, 0, 0);
      found.push(copy.toDataURL());
    }
    return found.join();
  },
  around: node => labs.pixels(node.closest(".jp-Cell-outputArea")),
  below: async node => {  // the first picture in the cells below, as it is when they have run
    const cells = labs.panel().content.widgets, start = cells.findIndex(cell => cell.node.contains(node));
    const area = cells.slice(start + 1).map(cell => cell.node.querySelector(".jp-Cell-outputArea"))
      .find(area => area?.querySelector("img"));
    return area && await labs.pixels(area);
  },
  runBelow: async node => {  // the cells below, up to the first with a picture
    const cells = labs.panel().content.widgets, start = cells.findIndex(cell => cell.node.contains(node));
    const last = cells.findIndex((cell, i) => i > start && cell.node.querySelector(".jp-Cell-outputArea img"));
    for (let i = start + 1; i <= last; i++) {
      labs.panel().content.activeCellIndex = i;
      await jupyterapp.commands.execute("notebook:run-cell");
    }
  },
  ask: async code => {  // what an expression is in the kernel
    const asked = {code: "", silent: false, store_history: false, user_expressions: {answer: code}};
    const reply = await labs.panel().sessionContext.session.kernel.requestExecute(asked).done;
    return reply.content.user_expressions.answer.data["text/plain"];
  },
};
"""


def chromium():
    """Where Chromium or a browser of its kind is, or None."""
    found = [path for path in map(shutil.which, NAMES) if path] + [str(ON_A_MAC)] * ON_A_MAC.exists()
    return found[0] if found else None


@contextmanager
def jupyterlab(notebooks, folder):
    """JupyterLab as `make lab` starts it, on a copy of the labs in this folder. Yields its address and its token."""
    labs, settings = folder / "labs", folder / "settings"
    unneeded = shutil.ignore_patterns(".*", "runs", "mine", "__pycache__", "*.ipynb")
    shutil.copytree(ROOT, labs, ignore=unneeded)
    for notebook in notebooks:
        shutil.copy(notebook, labs / "notebooks")
    of_apputils = settings / "lab" / "@jupyterlab" / "apputils-extension"
    of_apputils.mkdir(parents=True)
    (of_apputils / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}', encoding="utf-8")
    own = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "IPYTHONDIR": "ipython"}
    own |= {"JUPYTERLAB_SETTINGS_DIR": "lab", "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
    environment = os.environ | {name: str(settings / part) for name, part in own.items()}
    environment |= {"LABS_CONFIG": "tiny", "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    options = ["--no-browser", "--port=0", "--LabApp.expose_app_in_browser=True", *as_root]
    command = [sys.executable, str(labs / "tools" / "lab.py"), *options]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        said = ""
        for line in process.stdout:
            said += line
            if where := re.search(r"(http\S+/)lab/tree/\S+\?token=(\w+)", line):
                yield where.groups()
                break
        else:
            raise RuntimeError(f"JupyterLab did not start:\n{said}")
    finally:
        process.send_signal(signal.SIGINT)  # Ctrl-C: it ends JupyterLab, which ends its kernels
        process.wait()


class Lab:
    """A notebook on a page of the browser, and what is wrong with it: `.problems`, a list of lines."""

    def __init__(self, browser, address, token, name):
        self.name, self.problems, self.waits = name, [], []
        self.page = browser.new_page(viewport={"width": 1300, "height": 1000})
        self.page.add_init_script(HELPERS)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.problems.append(f"error in the page: {error}"))
        self.page.goto(f"{address}lab/workspaces/{quote(name)}/tree/mine/{quote(name)}.ipynb?token={token}")

    def _said(self, message):
        if message.type == "error":
            self.problems.append(f"the page's console says: {message.text[:500]}")

    def attempt(self, do, *given):
        """Do a part; what the browser cannot do in time is a problem."""
        try:
            do(*given)
        except Error as error:
            self.problems.append(f"{do.__name__}: {error.message.splitlines()[0]}")

    def see_all(self, shots):
        """Use the notebook in each theme, once it has run."""
        self.finish()
        for theme in THEMES:
            self.wear(theme)
            self.shoot(shots / f"{self.name}-{theme}.png")
            self.use()

    def start(self):
        """Begin to run all cells."""
        self.page.wait_for_function("labs.ready()", timeout=60_000)
        self.page.evaluate("labs.run()")

    def finish(self):
        """Wait until all cells have run, and all that they show is there."""
        self.page.wait_for_function("labs.ran && labs.idle()", timeout=1000 * LONGEST)
        self.page.wait_for_timeout(300)  # until what the last messages show is there
        if unrun := self.page.evaluate("labs.unrun()"):
            self.problems.append(f"{unrun} cells have not run")
        asked, shown = (self.page.evaluate(code) for code in (CALLS.format("turn"), f"labs.shown({KNOBS!r})"))
        if shown < asked:
            self.problems.append(f"{asked} cells call turn(), but {shown} have a knob")
        for name, what in (("Board", BOARD), ("Animation", PLAYER)):
            if self.page.evaluate(CALLS.format(name)) and not self.page.locator(what).count():
                self.problems.append(f"a cell has {name}(...), but nothing of it is on the page")
        self.look()

    def look(self):
        """Look for errors on the page."""
        self.problems += self.page.evaluate("labs.errors()")
        self.problems += [f"an error on the page: {text[-200:]}" for text in self._texts(FAILURES)]
        for text in self._texts(".jp-OutputArea-output:not(:has(script))"):
            self.problems += [f"on the page: {said}" for said in SAID if said in text]
        self.problems = list(dict.fromkeys(self.problems))

    def _texts(self, what):
        return self.page.evaluate("what => labs.texts(what)", what)

    def use(self):
        """Paint on each board, turn each knob, play each animation, and see that the pictures change."""
        for part, do in ((BOARD, self.paint), (KNOBS, self.turn), (PLAYER, self.play)):
            for i in range(self.page.locator(part).count()):
                self.attempt(do, self.page.locator(part).nth(i))
        self.look()

    def paint(self, board):
        """A stroke in the next colour shows on the board, and in the first picture below it, once its cell has run."""
        node = board.element_handle()
        board.press("]")
        board.blur()
        before = node.evaluate("labs.around"), node.evaluate("labs.below")
        box = board.bounding_box()
        across = [(box["x"] + box["width"] * part, box["y"] + box["height"] * part) for part in (0.2, 0.8)]
        self.page.mouse.move(*across[0])
        self.page.mouse.down()
        self.page.mouse.move(*across[1], steps=5)
        self.page.mouse.up()
        if node.evaluate("labs.around") == before[0]:
            self.problems.append("a stroke on the board does not show")
        node.evaluate("labs.runBelow")
        if self._stays(node, "labs.below", before[1]):
            self.problems.append("what is painted on the board changes no picture below it")

    def turn(self, knob):
        """One step of a knob, by key where it is a slider."""
        node = knob.element_handle()
        label = node.evaluate("node => node.closest('.jupyter-widgets').querySelector('.widget-label')?.textContent")
        before = node.evaluate("labs.around")
        started = monotonic()
        kind = node.evaluate("node => node.tagName")
        if kind == "SELECT":
            chosen, options = node.evaluate("node => [node.selectedIndex, node.options.length]")
            knob.select_option(index=(chosen + 1) % options)
        elif kind in ("INPUT", "BUTTON"):
            knob.click()
        else:
            full = node.evaluate("node => node.ariaValueNow == node.ariaValueMax")
            knob.focus()
            knob.press("ArrowLeft" if full else "ArrowRight")
        if self._stays(node, "labs.around", before):
            self.problems.append(f"the knob {label} changes no picture")
        else:
            self.waits.append(monotonic() - started)

    def _stays(self, node, pixels, before):
        """Whether a picture is what it was, and remains so."""
        started = monotonic()
        while node.evaluate(pixels) == before:
            if monotonic() - started > PATIENCE:
                return True
            self.page.wait_for_timeout(20)
        return False

    def play(self, slider):
        """The first and the last frame of an animation, which stays where it is put."""
        node = slider.element_handle()
        slider.focus()
        frames = []
        for key in ("Home", "End"):
            slider.press(key)
            frames.append(node.evaluate("node => labs.pixels(node.closest('.jp-OutputArea-output'))"))
        if frames[0] == frames[1]:
            self.problems.append("the slider of an animation changes no picture")
        at = slider.input_value()
        self.page.wait_for_timeout(250)
        if slider.input_value() != at:
            self.problems.append("an animation plays on while its slider is held")

    def wear(self, theme):
        """Change JupyterLab's theme."""
        self.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", THEMES[theme])
        expected = "true" if theme == "light" else "false"
        self.page.wait_for_function(f"document.body.dataset.jpThemeLight == '{expected}'", timeout=1000 * PATIENCE)

    def shoot(self, path):
        """Keep a screenshot of the whole notebook, as tall as it is."""
        height = self.page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollHeight")
        self.page.set_viewport_size({"width": 1300, "height": min(height + 100, 16_000)})
        self.page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
        self.page.wait_for_timeout(200)  # until what was out of sight is drawn
        self.page.screenshot(path=path)
        self.page.set_viewport_size({"width": 1300, "height": 1000})


def browse(notebooks, shots=SHOTS):
    """Use these notebooks in a browser, all at a time. Yields each one's name and what is wrong with it, as lines."""
    shots.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        jupyterlab(notebooks, Path(folder)) as where,
        sync_playwright() as play,
        play.chromium.launch(executable_path=chromium(), args=FLAGS) as browser,
    ):
        labs = [Lab(browser, *where, notebook.stem) for notebook in notebooks]
        for lab in labs:
            lab.attempt(lab.start)
        for lab in labs:
            lab.attempt(lab.see_all, shots)
            yield lab
            lab.page.close()


def main():
    if not chromium():
        sys.exit(f"No Chromium found; install one of {', '.join(NAMES)}.")
    wanted = sys.argv[1:]
    course = sorted((ROOT / "notebooks").glob("0*.ipynb"))
    every = [*course, *sorted((ROOT / "notebooks" / "further").glob("0*.ipynb"))]
    notebooks = [path for path in every if path.stem in wanted] if wanted else course
    started, wrong = monotonic(), 0
    for lab in browse(notebooks):
        slowest = f", the slowest of {len(lab.waits)} turns in {max(lab.waits):.1f} s" if lab.waits else ""
        print(f"{lab.name}: {'no error' if not lab.problems else ''}{slowest}, after {monotonic() - started:.0f} s")
        print(*(f"  {line}\n" for line in lab.problems), sep="", end="", flush=True)
        wrong += bool(lab.problems)
    print(f"Screenshots are in {SHOTS.relative_to(ROOT)}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
