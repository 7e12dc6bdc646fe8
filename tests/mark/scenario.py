"""Two markers at work in two browsers, with the keyboard; for a test, and for the pictures of the documentation."""

import base64
import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from browser import Browser

QUESTION = "net/net/question-plateau"
GROUP = "document.querySelector('h2').innerText"
Shot = Callable[[Browser, str], None]


@contextlib.contextmanager
def serving(root: Path, home: Path) -> Iterator[str]:
    """The server's address while `autograder mark` runs in a course."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"JUPYTER_CONFIG_DIR": str(home), "JUPYTER_RUNTIME_DIR": str(home), "JUPYTER_TOKEN": "t"}
    command = [sys.executable, "-m", "autograder.cli", "mark", "net", "--no-browser", "--port", str(port)]
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        said = ""
        while "Ctrl+C" not in said:
            line = process.stdout.readline().decode()
            assert line, said
            said += line
        [address] = re.findall(r"http://localhost:\d+", said)
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{address}/api?token=t").close()
                break
            except OSError:
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.stdout.close()
        process.wait()


def until(browser: Browser, expression: str, why: str = "") -> None:
    """Wait until something is true on the page."""
    end = time.monotonic() + 20
    while not browser.value(f"!!({expression})"):
        page = browser.value("document.body.innerText")
        assert time.monotonic() < end, f"{expression} {why}\n{page}"
        time.sleep(0.05)


CONTROL, ALT = 2, 1
CODES = {"Enter": 13, "Escape": 27, "Delete": 46, "Tab": 9}


def press(browser: Browser, *keys: str, held: int = 0) -> None:
    """Type keys, as a person would. `held`: with CONTROL or ALT."""
    for key in keys:
        text = "" if held else "\r" if key == "Enter" else key if len(key) == 1 else ""
        code = f"Key{key.upper()}" if len(key) == 1 and key.isalpha() else key
        about = {"key": key, "code": code, "modifiers": held, "windowsVirtualKeyCode": CODES.get(key, 0)}
        browser.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
        browser.ask("Input.dispatchKeyEvent", type="keyUp", **about)


def write(browser: Browser, text: str) -> None:
    """Type a text where the cursor is."""
    browser.ask("Input.insertText", text=text)


def size(browser: Browser, width: int, height: int, dark: bool = False) -> None:
    browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.ask("Emulation.setEmulatedMedia", features=[scheme])


def enter(browser: Browser, address: str, marker: str) -> None:
    """Log in, say who one is, and open the question."""
    browser.open(f"{address}/autograder/mark/?token=t")
    until(browser, "document.querySelector('.questions')")
    browser.value(f"localStorage.setItem('marker', '{marker}')")
    browser.value(f"location.hash = '{QUESTION}'")
    browser.value("location.reload()")
    until(browser, "document.querySelector('.score') && document.getElementById('who').innerText.includes('marking')")


def to_group(browser: Browser, name: str) -> None:
    """Go on with the arrow key until the group of a student is shown."""
    for _ in range(40):
        if browser.value(f"document.querySelector('.members').innerText.includes('{name}')"):
            return
        before = browser.value("document.querySelector('.bar').innerText")
        press(browser, "ArrowRight")
        until(browser, f"document.querySelector('.bar').innerText != {before!r}")
    raise AssertionError(f"{name} is in no group")


def mark(browser: Browser, *items: str) -> None:
    """Choose items by their keys and save."""
    press(browser, *items)
    until(browser, "document.getElementById('state').innerText == 'not saved yet'")
    press(browser, "Enter")


def play(ada: Browser, bob: Browser, address: str, name: str, shot: Shot = lambda browser, name: None) -> None:
    """Ada and Bob mark the group of one student; Ada is first. Then Ada gives another no points, and takes it back."""
    enter(ada, address, "Ada")
    shot(ada, "question")
    enter(bob, address, "Bob")
    to_group(ada, name)
    to_group(bob, name)
    bob.value("document.querySelectorAll('.members input').forEach(one => one.checked || one.click())")
    press(ada, "1", "2")
    shot(ada, "group")
    mark(ada)
    until(ada, "document.getElementById('said').innerText.startsWith('4 of 5 for')")
    mark(bob, "3")
    until(bob, "document.getElementById('dialog').open && document.querySelector('.both')", "a conflict")
    assert "By Ada" in bob.value("document.getElementById('dialog').innerText")
    shot(bob, "conflict")
    bob.value("document.querySelector('#dialog button.main').click()")
    until(bob, "!document.getElementById('dialog').open")
    before = ada.value(GROUP) + ada.value("document.querySelector('.members').innerText")
    mark(ada, "0")
    until(ada, "document.getElementById('said').innerText.startsWith('0 of 5 for')")
    press(ada, "u")
    until(ada, "document.getElementById('said').innerText.startsWith('Taken back for')")
    assert ada.value(GROUP) + ada.value("document.querySelector('.members').innerText") == before
    shot(ada, "undone")


def edit_rubric(browser: Browser, shot: Shot = lambda browser, name: None) -> None:
    """With the keyboard alone: leave the rubric, add an item, change one, take it away, and see who moves."""
    is_open, said = "document.getElementById('dialog').open", "document.getElementById('said').innerText"
    press(browser, "n")
    until(browser, is_open)
    write(browser, "never kept")
    press(browser, "Escape")
    until(browser, f"{is_open} && document.querySelector('#dialog .warn')", "it asks before it forgets")
    press(browser, "Escape")
    until(browser, f"!{is_open}")
    press(browser, "n")
    until(browser, is_open)
    write(browser, "compares with a guess")
    shot(browser, "rubric")
    press(browser, "Enter", held=CONTROL)
    until(browser, f"!{is_open} && {said} == 'The rubric is saved.'")
    press(browser, "e")
    until(browser, f"{is_open} && document.activeElement.value.startsWith('equal scores')", "the first item")
    press(browser, "Tab", "Tab", "Tab")
    write(browser, " (or a low rate)")
    press(browser, "n", held=ALT)
    write(browser, "for a moment")
    press(browser, "Delete", held=CONTROL)
    until(browser, "document.activeElement.value == 'compares with a guess'", "the item beside it")
    press(browser, "Enter", held=CONTROL)
    until(browser, f"{is_open} && document.querySelector('#dialog [role=status] button')", "whose score moves")
    press(browser, "Enter")
    until(browser, f"!{is_open}")


def png(browser: Browser) -> bytes:
    return base64.b64decode(browser.ask("Page.captureScreenshot")["data"])
