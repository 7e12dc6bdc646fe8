"""Release, collect, grade and report Jupyter homework."""

__version__ = "0.1.0"
