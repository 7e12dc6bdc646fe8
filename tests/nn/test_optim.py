"""Do the update rules follow their formulas over many steps? (Their published tables are in test_reference_figures.)"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn import optim

RULES = optim.RULES


def one_number(name, w, gradients, lr):
    """The formulas for a single weight, step by step."""
    first, second = 0.0, 0.0
    for t, dw in enumerate(gradients, start=1):
        if name == "sgd":
            w -= lr * dw
        elif name == "sgd_momentum":
            first = 0.9 * first - lr * dw
            w += first
        elif name == "sgd_nesterov_momentum":
            before, first = first, 0.9 * first - lr * dw
            w += first + 0.9 * (first - before)
        elif name == "rmsprop":
            second = 0.99 * second + 0.01 * dw**2
            w -= lr * dw / (second**0.5 + 1e-8)
        else:
            first = 0.9 * first + 0.1 * dw
            second = 0.999 * second + 0.001 * dw**2
            w -= lr * (first / (1 - 0.9**t)) / ((second / (1 - 0.999**t)) ** 0.5 + 1e-8)
    return w


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 4), max_size=3), st.integers(1, 6))
def test_rule_is_its_formula_for_every_weight(name, seed, shape, steps):
    """Do several steps on an array do to each weight what the formula does to one number?"""
    rng = np.random.default_rng(seed)
    w, gradients = rng.normal(size=shape), rng.normal(size=(steps, *shape))
    config = {"learning_rate": 0.05}
    computed = w
    for dw in gradients:
        computed, config = RULES[name](computed, dw, config)
    for index in np.ndindex(*shape):
        expected = one_number(name, w[index], [g[index] for g in gradients], 0.05)
        assert computed[index] == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", RULES)
def test_rules_change_only_what_they_return(name):
    """Are w and dw left alone, and missing settings filled in?"""
    w, dw = np.ones((2, 3)), np.full((2, 3), 0.5)
    w.flags.writeable = dw.flags.writeable = False
    next_w, config = RULES[name](w, dw)
    assert np.all(next_w < w)
    assert config["learning_rate"] == {"adam": 1e-3}.get(name, 1e-2)
    given_config = {}
    assert RULES[name](w, dw, given_config)[1] is given_config


@pytest.mark.parametrize("name", RULES)
def test_float32_weights_stay_float32(name):
    """Do weights keep their precision, also when the settings are numpy float64 scalars from a random search?"""
    w = np.ones(3, np.float32)
    own = {"sgd_momentum": "momentum", "sgd_nesterov_momentum": "momentum", "rmsprop": "decay_rate", "adam": "beta1"}
    config = {setting: np.float64(0.1) for setting in ("learning_rate", own.get(name, "learning_rate"))}
    for _ in range(3):
        w, config = RULES[name](w, np.ones(3, np.float32), config)
        assert w.dtype == np.float32
    memory = [value for value in config.values() if isinstance(value, np.ndarray)]
    assert all(value.dtype == np.float32 for value in memory)


@pytest.mark.parametrize("name", RULES)
def test_rules_descend(name):
    """Does each rule find the lowest point of a bowl?"""
    w, config = np.array([3.0, -2.0]), {"learning_rate": 0.05}
    for _ in range(400):
        w, config = RULES[name](w, 2 * w, config)
    assert np.abs(w).max() < 0.06


@pytest.mark.parametrize(("name", "memory"), [("sgd_momentum", "velocity"), ("rmsprop", "cache"), ("adam", "m")])
def test_wrong_shapes_are_named(name, memory):
    """Does the error name the gradient or the memory that does not fit?"""
    with pytest.raises(ValueError, match=r"dw: received shape \(3,\), expected \(2,\).*w of shape \(2,\)"):
        RULES[name](np.ones(2), np.ones(3))
    with pytest.raises(ValueError, match=rf"config\['{memory}'\]: received shape \(3,\), expected \(2,\)"):
        RULES[name](np.ones(2), np.ones(2), {memory: np.zeros(3)})


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("shape", [(700, 110), (3, 30000), (65537,), (2, 3)])
def test_blocks_give_the_same_numbers(name, shape):
    """Is a large array that goes through in blocks changed bit by bit as if it had gone through whole?"""
    rng = np.random.default_rng(0)
    whole = blocks = rng.normal(size=shape).astype(np.float32)
    config, own = {"learning_rate": 0.1}, {"learning_rate": 0.1}
    for _ in range(3):
        dw = rng.normal(size=shape).astype(np.float32)
        whole, config = RULES[name](whole, dw, config)
        blocks, after = optim.in_blocks(RULES[name], blocks, dw, own)
        assert after is own
        assert blocks.dtype == np.float32
        np.testing.assert_array_equal(blocks, whole)
        assert own.keys() == config.keys()
        for key, value in config.items():
            np.testing.assert_array_equal(own[key], value)


def test_a_rule_of_ones_own_gets_the_array_whole():
    """Is a rule that looks at all of w never given a part of it?"""
    w = np.ones((700, 110))
    next_w, _ = optim.in_blocks(lambda w, dw, config: (w * len(w), config), w, w, {})
    np.testing.assert_array_equal(next_w, 700 * w)
    with pytest.raises(ValueError, match="dw: received shape"):
        optim.in_blocks(optim.adam, w, w[:2], {})
