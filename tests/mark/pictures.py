"""Makes the documentation's pictures of the marking room: python tests/mark/pictures.py docs/pictures"""

import importlib.util
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "report")]

from browser import Browser  # noqa: E402
from classroom import make_class  # noqa: E402
from scenario import play, png, serving, size, until  # noqa: E402


def main(target: Path) -> None:
    found = importlib.util.spec_from_file_location("shared_helpers", HERE.parent / "conftest.py")
    helpers = importlib.util.module_from_spec(found)
    sys.modules["shared_helpers"] = helpers
    found.loader.exec_module(helpers)
    names = ("notebook", "given", "work", "check", "answer", "make_course")
    factory = SimpleNamespace(**{name: getattr(helpers, name) for name in names})

    def shot(browser: Browser, name: str) -> None:
        if name == "question":
            size(browser, 1200, 800)
            return
        size(browser, 1200, 800, dark=name == "conflict")
        frames = "[...document.querySelectorAll('iframe')].every(one => one.contentDocument?.title)"
        until(browser, frames)
        (target / f"marking-{name}.png").write_bytes(png(browser))
        if name == "group":
            size(browser, 400, 900)
            (target / "marking-narrow.png").write_bytes(png(browser))
            size(browser, 1200, 800)

    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        course = make_class(factory, work / "course", b"", students=40, late=3)
        for name in ("ada", "bob"):
            (work / name).mkdir()
        with (
            serving(course.root, work) as address,
            Browser(work / "ada") as ada,
            Browser(work / "bob") as bob,
        ):
            play(ada, bob, address, "Ada Archer", shot)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
