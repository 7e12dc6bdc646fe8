"""Imports, once and before the fork, what every report needs."""

import nbgrader.apps
import nbgrader.converters
import PIL.PngImagePlugin
import pypandoc
import typst

import autograder.report.feedback
from autograder.report.fonts import font_files
from autograder.report.pandoc import program
from autograder.report.rows import code_rows

__all__ = ["PIL", "autograder", "nbgrader", "pypandoc", "typst"]

code_rows("import numpy as np  # loads the lexer")
font_files()
program()
