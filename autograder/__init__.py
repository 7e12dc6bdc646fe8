"""Release, collect, grade and report Jupyter homework."""

import sys

# With nbformat comes jsonschema, which builds a grammar of internet addresses (a second) that no notebook needs.
sys.modules.setdefault("rfc3987_syntax", None)

__version__ = "0.1.0"
