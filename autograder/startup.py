"""What the kit's own programs do first, so that they start quickly. Never in a process that runs a notebook."""

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

EXTENSIONS = tuple(
    f"nbgrader.server_extensions.{name}"
    for name in ("assignment_list", "course_list", "formgrader", "validate_assignment")
)
FORMATS = ("rfc3987_syntax", "rfc3986_validator", "isoduration", "uri_template", "webcolors")
ARCHIVES = "setuptools.archive_util"


def leave_out() -> None:
    """Keep out of this process what takes long to import and no command needs.

    nbgrader imports its Jupyter server extensions with any part of itself, and few commands serve. jsonschema, which
    comes with nbformat, reads a grammar of internet addresses, libraries of dates and of colours, and no notebook's
    format has any. nbgrader's gradebook comes with a plugin for JupyterHub, and nbgrader's helpers with setuptools, for
    archives: what these need is imported once something of it is used. Pydantic looks for plugins in every package that
    is installed.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    sys.modules.setdefault("requests", LaterModule("requests"))
    sys.modules.setdefault(ARCHIVES, LaterFunctions(ARCHIVES))
    for name in EXTENSIONS:
        module = ModuleType(name)
        module.load_jupyter_server_extension = None  # type: ignore[attr-defined]
        sys.modules.setdefault(module.__name__, module)
    for name in FORMATS:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None makes its import fail


def take_in() -> None:
    """Let nbgrader's Jupyter server extensions be imported after all."""
    for name in EXTENSIONS:
        if name in sys.modules and not hasattr(sys.modules[name], "__file__"):
            del sys.modules[name]


class LaterModule(ModuleType):
    """Stands for a module whose code runs once something in it is used, rather than when it is imported."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        del sys.modules[self.__name__]
        self.__dict__.update(vars(import_module(self.__name__)))
        return getattr(sys.modules[self.__name__], name)


class LaterFunctions(ModuleType):
    """Stands for a module whose code runs once one of its functions is called: these may be imported by name."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def function(*args: Any, **kwargs: Any) -> Any:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
            return getattr(import_module(self.__name__), name)(*args, **kwargs)

        return function
