"""Loads, before the forks of `report/workers.py`, what every report needs."""


def warm_up() -> None:
    """Import the libraries, and load what they load when first used."""

    from autograder.report.fonts import font_files
    from autograder.report.pandoc import program
    from autograder.report.rows import code_rows

    code_rows("import numpy as np  # loads the lexer")
    font_files()
    program()
