"""What the kit's own programs do first, so that they start quickly. Never in a process that runs a notebook."""

import sys
from types import ModuleType


def leave_out() -> None:
    """Keep out of this process what takes long to import and no command needs.

    nbgrader imports its Jupyter server extensions with any part of itself, and no command serves. jsonschema, which
    comes with nbformat, builds a grammar of internet addresses for two seconds, and no notebook's format has one.
    """
    for name in ("assignment_list", "course_list", "formgrader", "validate_assignment"):
        module = ModuleType(f"nbgrader.server_extensions.{name}")
        module.load_jupyter_server_extension = None  # type: ignore[attr-defined]
        sys.modules.setdefault(module.__name__, module)
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # None makes its import fail
