"""Do the three ways to compute distances agree, and does the vote follow its rule?"""

import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn.k_nearest_neighbor import KNearestNeighbor

small = st.integers(1, 7)


def trained(X, y):
    knn = KNearestNeighbor()
    knn.train(X, y)
    return knn


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), small, small, small, st.sampled_from([np.float32, np.float64, np.uint8]))
def test_distances_agree(seed, m, n, d, dtype):
    """Do two loops, one loop and no loops give the Euclidean distances, for floats and for raw pixels?"""
    rng = np.random.default_rng(seed)
    X, X_train = (rng.uniform(0, 255, size=(rows, d)).astype(dtype) for rows in (m, n))
    knn = trained(X_train, np.zeros(n, int))
    expected = np.array([[np.linalg.norm(a.astype(float) - b) for b in X_train] for a in X])
    norm = max(np.linalg.norm(expected), 1e-9)
    for way in (knn.compute_distances_two_loops, knn.compute_distances_one_loop, knn.compute_distances_no_loops):
        dists = way(X)
        assert dists.shape == (m, n)
        assert dists.dtype == (np.float32 if dtype == np.float32 else np.float64)
        bound = 1e-3 if dtype == np.float32 else 1e-8
        assert np.linalg.norm(dists - expected) <= bound * norm + (0.5 if dtype == np.float32 else 1e-4)


def test_the_three_ways_agree_on_images():
    """Is the relative difference on image-like data under the homework's 1e-8?"""
    rng = np.random.default_rng(0)
    X, X_train = rng.uniform(0, 255, size=(40, 3072)), rng.uniform(0, 255, size=(60, 3072))
    knn = trained(X_train, np.zeros(60, int))
    two = knn.compute_distances_two_loops(X)
    for other in (knn.compute_distances_one_loop(X), knn.compute_distances_no_loops(X)):
        assert np.linalg.norm(other - two) / np.linalg.norm(two) < 1e-12


def test_an_example_is_at_distance_zero_from_itself():
    """Does rounding under the root give a tiny distance, never NaN?"""
    X = 255 * np.random.default_rng(0).random((50, 3072))
    dists = trained(X, np.arange(50)).compute_distances_no_loops(X)
    assert np.isfinite(dists).all()
    assert np.diag(dists).max() < 1e-2
    assert np.array_equal(dists.argmin(axis=1), np.arange(50))


def test_no_loops_needs_little_more_memory_than_its_result():
    """Does the fast way get along without an array of all differences?"""
    rng = np.random.default_rng(0)
    knn = trained(rng.random((2000, 200)), np.zeros(2000, int))
    X = rng.random((500, 200))
    tracemalloc.start()
    dists = knn.compute_distances_no_loops(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.2 * dists.nbytes


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), small, small, st.integers(1, 4), st.integers(1, 7))
def test_the_vote_is_the_commonest_label_the_smallest_of_equals(seed, m, n, classes, k):
    """Does the vote agree with counting by hand?"""
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=n) * 3 - 2  # labels need not be 0, 1, 2
    dists = rng.permutation(m * n).reshape(m, n).astype(float)
    k = min(k, n)
    expected = []
    for row in dists:
        counts = Counter(y[np.argsort(row)[:k]].tolist())
        expected.append(min(label for label, count in counts.items() if count == max(counts.values())))
    y_pred = trained(np.zeros((n, 2)), y).predict_labels(dists, k=k)
    assert y_pred.dtype == y.dtype
    assert y_pred.tolist() == expected


def test_ties():
    """Does the smallest label win a tie, also when a larger one is nearer, and do the first of equals vote?"""
    knn = trained(np.zeros((4, 1)), np.array([3, 1, 1, 3]))
    dists = np.array([[0.1, 0.2, 0.3, 0.4]])
    assert [knn.predict_labels(dists, k=k).tolist() for k in (1, 2, 3, 4)] == [[3], [1], [1], [1]]
    many = trained(np.zeros((600, 1)), np.where(np.arange(600) < 10, 7, 0))
    assert many.predict_labels(np.tile([2.0, 1.0], 300)[None], k=5).tolist() == [7]
    assert trained(np.zeros((3, 1)), np.array([2, 0, 1])).predict_labels(np.ones((1, 3)), k=1).tolist() == [2]


@pytest.mark.parametrize("num_loops", [0, 1, 2])
def test_predict_puts_both_together(num_loops):
    """Are well separated clouds told apart, whichever way the distances are computed?"""
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=60)
    X = 10 * np.eye(3)[y] + rng.normal(size=(60, 3))
    knn = trained(X[:40], y[:40])
    assert np.array_equal(knn.predict(X[40:], k=3, num_loops=num_loops), y[40:])


ONES = np.ones


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: trained(ONES((2, 3, 4)), ONES(2, int)), ValueError, r"X: .*\(2, 3, 4\), expected \(num_train, D\)"),
        (lambda: trained(ONES((2, 3)), ONES(3, int)), ValueError, r"y: .*\(3,\), expected \(2,\).*X of shape \(2, 3\)"),
        (lambda: trained(ONES((2, 3)), ONES(2)), TypeError, r"y: received dtype float64"),
        (lambda: trained(ONES((0, 3)), ONES(0, int)), ValueError, r"X: received shape \(0, 3\), an empty batch"),
        (lambda: trained(ONES((2, 3)) * np.nan, ONES(2, int)), ValueError, r"X: received nan"),
        (lambda: KNN.compute_distances_no_loops(ONES((4, 2))), ValueError, r"X: .*\(4, 2\), expected \(num_test, 3\)"),
        (lambda: KNN.predict_labels(ONES((4, 3))), ValueError, r"dists: .*\(4, 3\), expected \(num_test, 2\)"),
        (lambda: KNN.predict(ONES((4, 3)), k=3), ValueError, r"k: received 3, expected 1 <= k <= 2.*\(4, 2\)"),
        (lambda: KNN.predict(ONES((4, 3)), k=0), ValueError, r"k: received 0"),
        (lambda: KNN.predict(ONES((4, 3)), k=1.5), ValueError, r"k: received 1.5, expected a whole number >= 1"),
        (lambda: KNN.predict(ONES((4, 3)), num_loops=3), ValueError, r"num_loops: received 3, expected 0, 1 or 2"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, message):
    """Does the error name the argument and both shapes?"""
    with pytest.raises(error, match=message):
        call()


KNN = trained(ONES((2, 3)), ONES(2, int))
