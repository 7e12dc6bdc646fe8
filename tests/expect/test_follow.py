"""What only follows from something earlier: a check that needs what is not right yet, a name that was never made."""

import pytest

from autograder.expect.follow import CellAbove, why_not_defined

ZERO = "ZeroDivisionError: division by zero"
INIT = CellAbove("init", "W = np.ones(3) / 0", ZERO)
FORWARD = CellAbove("forward", "scores, _ = forward(W)", "NameError: name 'W' is not defined")
BACK = '`W` was never made, because the cell "init" above stopped: ZeroDivisionError: division by zero.'
FIRST = "`scores` was never made, because the cell \"forward\" above stopped: NameError: name 'W' is not defined."


@pytest.mark.parametrize(
    ("name", "above", "said"),
    [
        ("W", [INIT], BACK),
        ("scores", [INIT, FORWARD], f"{FIRST}\n{BACK}"),
        (
            "net",
            [CellAbove("net", "def net(x):\n    y = 1", "NotImplementedError: net")],
            '`net` was never made, because the cell "net" above stopped: net is not written yet.',
        ),
        (
            "net",
            [CellAbove("net", "net = (", "SyntaxError: '(' was never closed")],
            "`net` was never made, because the cell \"net\" above stopped: SyntaxError: '(' was never closed.",
        ),
        ("W", [CellAbove("init", INIT.source, "")], None),
        ("W", [CellAbove("reads", "print(W)", ZERO)], None),
        ("y", [CellAbove("net", "def net(x):\n    y = 1", ZERO)], None),
        ("W", [CellAbove("loop", "for W in W:\n    pass", "NameError: name 'W' is not defined")], None),
    ],
)
def test_a_missing_name_names_the_cell_that_stopped(name, above, said):
    """Is the cell named that should have made the name, and what that one lacked, and no cell that only reads it?"""
    assert why_not_defined(f"NameError: name '{name}' is not defined", above) == said
    assert why_not_defined("NameError: something else", above) is None
