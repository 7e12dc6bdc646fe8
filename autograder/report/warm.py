"""Loads, before the forks of `report/workers.py`, what every report needs."""

from autograder.startup import leave_out


def warm_up() -> None:
    """Import the libraries, and load what they load when first used."""
    leave_out()
    import nh3  # noqa: F401
    import PIL.PngImagePlugin  # noqa: F401
    import typst  # noqa: F401

    import autograder.report.feedback
    import autograder.report.make  # noqa: F401
    from autograder.report.fonts import font_files
    from autograder.report.pandoc import program
    from autograder.report.rows import code_rows

    code_rows("import numpy as np  # loads the lexer")
    font_files()
    program()
