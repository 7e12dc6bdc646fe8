"""A homework opened in JupyterLab, in a browser, as a student has it.

    python tests/student/lab.py FOLDER --pictures OUT

opens every notebook of the folder, runs all of its cells, says which of them stopped with an error, and takes a picture
of each screen.
"""

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in ("report", "mark")]

from browser import Browser  # noqa: E402
from scenario import png, size  # noqa: E402

PANEL = "[...(window.jupyterapp?.shell?.widgets('main') ?? [])][0]"
IDLE = f"{PANEL}?.sessionContext?.session?.kernel?.status == 'idle'"
FAILED = f"""[...{PANEL}.content.widgets].filter(cell => cell.model.type == 'code'
    && cell.model.sharedModel.outputs.some(one => one.output_type == 'error')).map(cell => cell.model.id).join(' ')"""
SCREEN = (1100, 2200)


@contextlib.contextmanager
def lab(folder: Path, home: Path) -> Iterator[str]:
    """The address of a JupyterLab that shows a folder; `home` is for its settings."""
    ours = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "IPYTHONDIR")
    environment = os.environ | {name: str(home) for name in ours} | {"JUPYTERLAB_WORKSPACES_DIR": str(home)}
    arguments = ["--no-browser", "--allow-root", "--expose-app-in-browser", "--LabApp.extension_manager=readonly"]
    arguments += ["--IdentityProvider.token=", "--ServerApp.port=0"]
    settings, log = home / "labconfig", home / "log"
    settings.mkdir(parents=True, exist_ok=True)
    quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    (settings / "default_setting_overrides.json").write_text(json.dumps(quiet))
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *arguments], cwd=folder, env=environment, stderr=file
        )
    try:
        while not (found := re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/lab", log.read_text())):
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
        yield found[0]
    finally:
        process.terminate()
        process.wait()


def wait(browser: Browser, expression: str, seconds: float = 120.0) -> None:
    """Wait until something is true on the page."""
    end = time.monotonic() + seconds
    while not browser.value(f"!!({expression})"):
        assert time.monotonic() < end, f"{expression}\n{browser.value('document.body.innerText')}"
        time.sleep(0.2)


def open_notebook(browser: Browser, address: str, name: str) -> None:
    """Open a notebook and wait for its kernel."""
    browser.open(f"{address}/tree/{name}?reset")
    wait(browser, IDLE)
    browser.value("window.jupyterapp.shell.collapseLeft(); window.jupyterapp.shell.collapseRight()")


def command(browser: Browser, name: str, seconds: float = 120.0) -> None:
    """Have JupyterLab carry out one of its commands, and wait until it has."""
    browser.value(f"window.jupyterapp.shell.activateById({PANEL}.id)")
    done = "() => { window.done = true }"
    browser.value(f"window.done = false; window.jupyterapp.commands.execute('{name}').then({done}, {done})")
    wait(browser, f"window.done && {IDLE}", seconds)


def run_all(browser: Browser, seconds: float = 900.0) -> list[str]:
    """Run all cells; returns the ids of those that stopped with an error."""
    command(browser, "notebook:run-all-cells", seconds)
    return browser.value(FAILED).split()


def show(browser: Browser, cell: str) -> None:
    """Scroll a cell to the top of the window, and give what it draws a moment."""
    browser.value(f"""(async () => {{
        const content = {PANEL}.content;
        const index = content.widgets.findIndex(one => one.model.id == '{cell}');
        content.activeCellIndex = index;
        await content.scrollToItem(index, 'start');
    }})()""")
    time.sleep(1.5)


def screens(browser: Browser) -> Iterator[bytes]:
    """The notebook from its beginning to its end, one picture a screen."""
    scroller = f"{PANEL}.node.querySelector('.jp-WindowedPanel-outer')"
    browser.value(f"{scroller}.scrollTop = 0")
    while True:
        time.sleep(1.5)
        yield png(browser)
        before = browser.value(f"{scroller}.scrollTop")
        browser.value(f"{scroller}.scrollTop += {scroller}.clientHeight - 40")
        if browser.value(f"{scroller}.scrollTop") == before:
            return


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=600.0, help="for each notebook (default: %(default)s)")
    options = parser.parse_args(arguments)
    options.pictures.mkdir(parents=True, exist_ok=True)
    home = options.pictures / "home"
    with lab(options.folder, home) as address, Browser(home) as browser:
        size(browser, *SCREEN)
        for path in sorted(options.folder.glob("*.ipynb")):
            began = time.monotonic()
            open_notebook(browser, address, path.name)
            failed = run_all(browser, options.seconds)
            print(f"{path.name}: {time.monotonic() - began:.0f} s; stopped: {', '.join(failed) or 'none'}")
            for number, picture in enumerate(screens(browser)):
                (options.pictures / f"{path.stem}-{number:02}.png").write_bytes(picture)


if __name__ == "__main__":
    main()
