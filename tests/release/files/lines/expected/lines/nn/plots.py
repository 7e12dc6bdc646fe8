"""Plots."""


def draw(colour):
    """Say what would be drawn."""
    print(f"a line in {colour}")
