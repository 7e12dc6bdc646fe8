"""A headless Chromium for tests that must see what a browser makes of a page."""

import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
import websocket

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
in_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


class Browser:
    """A headless Chromium that opens pages one after the other, by its debugging protocol."""

    def __init__(self, profile: Path) -> None:
        self.profile = profile

    def __enter__(self) -> "Browser":
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        command += ["--remote-debugging-port=0", "--remote-allow-origins=*", f"--user-data-dir={self.profile}/chromium"]
        self.process = subprocess.Popen(
            [*command, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        address = next(line for line in self.process.stderr if "DevTools listening on" in line).split()[-1]
        port = address.split(":")[2].split("/")[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            page = next(target for target in json.load(answer) if target["type"] == "page")
        self.socket = websocket.create_connection(page["webSocketDebuggerUrl"], timeout=60)
        self.number = 0
        self.ask("Page.enable")
        return self

    def __exit__(self, *exc) -> None:
        self.socket.close()
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def ask(self, method: str, **parameters) -> dict:
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("method") == "Page.javascriptDialogOpening":
                pytest.fail("a script opened a dialog")
            if answer.get("id") == self.number:
                return answer.get("result", {})

    def value(self, expression: str):
        return self.ask("Runtime.evaluate", expression=expression)["result"].get("value")

    def open(self, address: str) -> None:
        """Open a page and wait until it, and what it fetches for its tables, is there."""
        self.ask("Page.navigate", url=address)
        settled = (
            "document.readyState == 'complete' && location.href != 'about:blank' && !(window.jQuery && jQuery.active)"
        )
        end = time.monotonic() + 20
        quiet = 0
        while quiet < 3 and time.monotonic() < end:
            time.sleep(0.05)
            quiet = quiet + 1 if self.value(settled) else 0

    def title(self, address: str) -> str:
        self.open(address)
        return self.value("document.title")
