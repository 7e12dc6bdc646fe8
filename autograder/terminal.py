"""What commands print on a terminal: what students named or wrote shows there, and does nothing."""

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook, RenderResult
from rich.segment import Segment


class _Printable:
    """What is to be printed, with what cannot be replaced: codes that colour, clear or turn the terminal's text."""

    def __init__(self, inner: RenderableType) -> None:
        self.inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.inner, options):
            yield segment if segment.control else Segment("".join(_signs(segment.text)), segment.style)


def _signs(text: str) -> Iterator[str]:
    return (sign if sign.isprintable() or sign == "\n" else "_" for sign in text)


class _Hook(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Printable(one) for one in renderables]


def terminal(*, stderr: bool = False) -> Console:
    """The terminal that a command prints on. Nothing is highlighted that is not marked so."""
    console = Console(stderr=stderr, highlight=False)
    console.push_render_hook(_Hook())
    return console
