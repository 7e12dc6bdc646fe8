"""Imports, once and before the forks, what every report needs."""

import PIL.PngImagePlugin
import pypandoc
import typst

import autograder.report.batch
from autograder.report.fonts import font_files
from autograder.report.pandoc import program
from autograder.report.rows import code_rows

__all__ = ["PIL", "autograder", "pypandoc", "typst"]

code_rows("import numpy as np  # loads the lexer")
font_files()
program()
