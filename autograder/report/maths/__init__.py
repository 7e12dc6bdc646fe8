"""Formulas: TeX read as MathJax reads it, written for Typst and as MathML."""
