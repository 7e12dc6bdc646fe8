"""The same run on inputs of float32 and on two threads of BLAS."""

import json
import os

import numpy as np

from autograder.grade.processes.otherwise import SingleGenerator, use_threads


def test_the_same_numbers_in_float32():
    """Are arrays the rounded numbers of the usual generator, and whole numbers and single ones as they were?"""
    usual, single = np.random.default_rng(3), SingleGenerator(np.random.default_rng(3).bit_generator)
    drawn = single.normal(size=(2, 3))
    assert drawn.dtype == np.float32
    assert np.array_equal(drawn, usual.normal(size=(2, 3)).astype(np.float32))
    assert np.array_equal(single.integers(9, size=4), usual.integers(9, size=4))
    assert single.uniform() == usual.uniform()
    assert isinstance(single, np.random.Generator)


def test_two_threads_multiply_as_one_does():
    """Is BLAS told to use two threads, and is a large product then right to rounding?"""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            a, b = np.random.default_rng(1).normal(size=(2, 300, 300))
            before = a @ b
            told = use_threads(2)
            os.write(writing, json.dumps([told, float(np.abs(a @ b - before).max())]).encode())
        finally:
            os._exit(0)
    os.wait()
    os.close(writing)
    with open(reading, "rb") as file:
        told, error = json.loads(file.read())
    assert told
    assert error < 1e-11
