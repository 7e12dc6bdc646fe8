"""What the kit's own programs do first, so that they start quickly. Never in a process that runs a notebook."""

import sys
from importlib.util import LazyLoader, find_spec, module_from_spec
from types import ModuleType

EXTENSIONS = tuple(
    f"nbgrader.server_extensions.{name}"
    for name in ("assignment_list", "course_list", "formgrader", "validate_assignment")
)


def leave_out() -> None:
    """Keep out of this process what takes long to import and no command needs.

    nbgrader imports its Jupyter server extensions with any part of itself, and few commands serve. jsonschema, which
    comes with nbformat, builds a grammar of internet addresses for two seconds, and no notebook's format has one.
    nbgrader's gradebook comes with a plugin for JupyterHub: what that needs is imported once something of it is used.
    """
    later("requests")
    for name in EXTENSIONS:
        module = ModuleType(name)
        module.load_jupyter_server_extension = None  # type: ignore[attr-defined]
        sys.modules.setdefault(module.__name__, module)
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # None makes its import fail


def take_in() -> None:
    """Let nbgrader's Jupyter server extensions be imported after all."""
    for name in EXTENSIONS:
        if name in sys.modules and not hasattr(sys.modules[name], "__file__"):
            del sys.modules[name]


def later(name: str) -> None:
    """Let a module's code run once something in it is used, rather than when it is imported."""
    spec = None if name in sys.modules else find_spec(name)
    if spec is not None and spec.loader is not None:
        loader = LazyLoader(spec.loader)
        spec.loader = loader
        sys.modules[name] = module = module_from_spec(spec)
        loader.exec_module(module)
