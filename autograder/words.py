"""How messages say a number of things."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """The number with its noun: "1 report", "2 reports", "2 entries" (`plural` is "entries")."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
