"""Do the numeric gradients measure what they say?"""

import numpy as np
import pytest

from nn.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array, grad_check_sparse, rel_error


def test_rel_error_is_the_largest():
    """Is it the worst entry that counts, and are tiny numbers not blown up?"""
    assert rel_error(np.array([1.0, 1.0]), np.array([1.0, 3.0])) == 0.5
    assert rel_error(np.array([0.0]), np.array([1e-12])) == pytest.approx(1e-4)
    assert rel_error(2.0, 2.0) == 0
    assert rel_error(np.array([1], np.uint8), np.array([3], np.uint8)) == 0.5
    assert rel_error([True, False], [True, True]) == 1
    assert np.isnan(rel_error(np.array([np.nan, 0]), np.zeros(2)))


def test_a_cubic_has_its_derivative():
    """Is the gradient of a sum of cubes 3x², and x left as it was?"""
    x = np.random.default_rng(0).normal(size=(3, 4))
    kept = x.copy()
    numeric = eval_numerical_gradient(lambda x: np.sum(x**3), x)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_allclose(numeric, 3 * x**2, atol=1e-8)


def test_the_upstream_gradient_weighs_the_outputs():
    """Is the gradient of a function with many outputs weighed with df?"""
    rng = np.random.default_rng(0)
    x, A, df = rng.normal(size=4), rng.normal(size=(3, 4)), rng.normal(size=3)
    np.testing.assert_allclose(eval_numerical_gradient_array(lambda x: A @ x, x, df), A.T @ df, atol=1e-9)


def test_a_function_may_give_the_same_array_twice():
    """Is the result right when f writes both of its answers into one buffer?"""
    x, buffer = np.array([1.0, 2.0]), np.empty(2)
    np.testing.assert_allclose(
        eval_numerical_gradient_array(lambda x: np.multiply(x, x, out=buffer), x, np.ones(2)), 2 * x, atol=1e-8
    )


def test_x_is_put_back_when_f_fails():
    """Is x the same after an error in f?"""
    x = np.array([1.0, 2.0])
    with pytest.raises(ZeroDivisionError):
        eval_numerical_gradient(lambda x: 1 / 0, x)
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_sparse_check_prints_and_returns_the_worst(capsys):
    """Does it print one line for each check, give the worst error, and leave numpy's random stream alone?"""
    x = np.random.default_rng(0).normal(size=(5, 6))
    state = np.random.get_state()[1].copy()
    assert grad_check_sparse(lambda x: np.sum(x**2), x, 2 * x, num_checks=4) < 1e-7
    assert capsys.readouterr().out.count("relative error") == 4
    assert grad_check_sparse(lambda x: np.sum(x**2), x, 4 * x, num_checks=4) == pytest.approx(1 / 3, rel=1e-4)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_verbose_prints_every_coordinate(capsys):
    """Does verbose show each derivative?"""
    eval_numerical_gradient(lambda x: np.sum(x), np.zeros((2, 3)), verbose=True)
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_integers_and_shapes_are_refused():
    """Is an integer array, in which a small step is lost, refused, and a gradient of another shape?"""
    with pytest.raises(TypeError, match=r"x: received dtype int64 in shape \(3,\)"):
        eval_numerical_gradient(np.sum, np.arange(3))
    with pytest.raises(ValueError, match=r"df: received shape \(2,\), expected \(3,\)"):
        eval_numerical_gradient_array(lambda x: x, np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match=r"analytic_grad: received shape \(2,\), expected \(3,\)"):
        grad_check_sparse(np.sum, np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match=r"y: received shape \(2,\), expected \(3,\)"):
        rel_error(np.ones(3), np.ones(2))
