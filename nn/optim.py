"""Update rules: `(w, dw, config=None) -> (next_w, config)`.

`config` holds a rule's settings and what it remembers between steps; a rule fills in what is missing and changes the
dict that it is given. No rule changes `w` or `dw`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable

import numpy as np

from nn.checks import Array, check_shape


def sgd(w: Array, dw: Array, config: dict | None = None) -> tuple[Array, dict]:
    r"""Stochastic gradient descent.

    $w \leftarrow w - \eta \, dw$

    Source: Robbins & Monro, A Stochastic Approximation Method (1951).

    Args:
        w: float, any shape.
        dw: the gradient of the loss with respect to w, in its shape.
        config: "learning_rate" (default 1e-2). Every rule refuses keys that it does not know.

    Returns:
        next_w: like w.
        config: with the settings used.

    Raises:
        ValueError: `dw` has another shape than `w`, or `config` has a key that this rule does not know.
    """
    config = _settings("sgd", w, dw, config, learning_rate=1e-2)
    return w - config["learning_rate"] * dw, config


def sgd_momentum(w: Array, dw: Array, config: dict | None = None) -> tuple[Array, dict]:
    r"""Gradient descent with momentum.

    $v \leftarrow \mu v - \eta \, dw, \quad w \leftarrow w + v$

    Source: Polyak, Some Methods of Speeding up the Convergence of Iteration Methods (1964).

    Args:
        w, dw: as in `sgd`.
        config: "learning_rate" (default 1e-2), "momentum" (default 0.9); "velocity" (like w, from zeros) is kept here.

    Returns:
        next_w: like w.
        config: with the settings used and the new velocity.

    Raises:
        ValueError: `dw` or the velocity has another shape than `w`, or `config` has a key that this rule does not know.
    """
    config = _settings("sgd_momentum", w, dw, config, learning_rate=1e-2, momentum=0.9)
    v = _memory(config, "velocity", w)
    # ===== START YOUR CODE HERE =====
    # TODO: next_w, and v, the new velocity; the settings are in config.
    #! mistake "it is plain gradient descent, and the velocity is not used":
    #!     next_w = w - config["learning_rate"] * dw
    #! mistake "w itself is changed":
    #!     next_w = w + v => w += v; next_w = w
    #! mistake "it is plain gradient descent, without a velocity":
    #!     v = config["momentum"] * v - config["learning_rate"] * dw => v = -config["learning_rate"] * dw
    #! mistake "the learning rate scales the whole velocity, not the gradient alone":
    #!     v = config["momentum"] * v - config["learning_rate"] * dw => v = config["momentum"] * v - dw
    #!     w + v => w + config["learning_rate"] * v
    #! mistake "the gradient is weighted with 1 - momentum too":
    #!     - config["learning_rate"] * dw => - (1 - config["momentum"]) * config["learning_rate"] * dw
    #! mistake "it looks ahead, as Nesterov's momentum does":
    #!     w + v => w + config["momentum"] * v - config["learning_rate"] * dw
    #! mistake "the new velocity is not kept in v":
    #!     v = config["momentum"] => new = config["momentum"]
    #!     w + v => w + new
    #! mistake "the velocity has the other sign: the gradient is added to it, and it is subtracted":
    #!     * v - config => * v + config
    #!     w + v => w - v
    #! mistake "the learning rate is multiplied in twice, in v and in the step":
    #!     w + v => w + config["learning_rate"] * v
    #! mistake "the learning rate is missing in v and in the step, and v has the other sign":
    #!     v = config["momentum"] * v - config["learning_rate"] * dw => v = config["momentum"] * v + dw
    #!     w + v => w - v
    #! mistake "the learning rate scales the whole velocity, which has the other sign, not the gradient alone":
    #!     v = config["momentum"] * v - config["learning_rate"] * dw => v = config["momentum"] * v + dw
    #!     w + v => w - config["learning_rate"] * v
    #! mistake "the velocity is a running mean of the gradients, with 1 - momentum":
    #!     - config["learning_rate"] * dw => + (1 - config["momentum"]) * dw
    #!     w + v => w - config["learning_rate"] * v
    #! mistake "momentum scales the step too":
    #!     w + v => w + config["momentum"] * v
    #! mistake "momentum multiplies the gradient, not the old velocity":
    #!     config["momentum"] * v - => v - config["momentum"] *
    #! mistake "momentum multiplies the gradient as well as the old velocity":
    #!     - config["learning_rate"] => - config["momentum"] * config["learning_rate"]
    #! mistake "momentum and learning_rate are exchanged":
    #!     config["momentum"] * v => RATE * v
    #!     config["learning_rate"] * dw => config["momentum"] * dw
    #!     RATE => config["learning_rate"]
    #! mistake "the old velocity is used in the step":
    #!     v = config["momentum"] => old = v; v = config["momentum"]
    #!     w + v => w + old
    #! mistake "the gradient step is taken besides the velocity":
    #!     w + v => w + v - config["learning_rate"] * dw
    #! mistake "the weights stand in place of the gradient":
    #!     config["learning_rate"] * dw => config["learning_rate"] * w
    v = config["momentum"] * v - config["learning_rate"] * dw
    next_w = w + v
    # ====== END YOUR CODE HERE ======
    config["velocity"] = v
    return next_w, config


def sgd_nesterov_momentum(w: Array, dw: Array, config: dict | None = None) -> tuple[Array, dict]:
    r"""Gradient descent with Nesterov's momentum, which looks one step of the velocity ahead.

    $v' \leftarrow \mu v - \eta \, dw, \quad w \leftarrow w + v' + \mu (v' - v), \quad v \leftarrow v'$

    Source: Nesterov, A Method of Solving a Convex Programming Problem with Convergence Rate O(1/k^2) (1983); in this
    form Bengio, Boulanger-Lewandowski & Pascanu, Advances in Optimizing Recurrent Networks (2013), section 3.5.

    Arguments, result and errors are those of `sgd_momentum`.
    """
    config = _settings("sgd_nesterov_momentum", w, dw, config, learning_rate=1e-2, momentum=0.9)
    before = _memory(config, "velocity", w)
    v = config["momentum"] * before - config["learning_rate"] * dw
    config["velocity"] = v
    return w + v + config["momentum"] * (v - before), config


def rmsprop(w: Array, dw: Array, config: dict | None = None) -> tuple[Array, dict]:
    r"""Steps divided by the root of a running mean of squared gradients.

    $c \leftarrow \rho c + (1 - \rho) \, dw^2, \quad w \leftarrow w - \eta \, dw / (\sqrt c + \epsilon)$

    Source: Tieleman & Hinton, Lecture 6.5 of Neural Networks for Machine Learning (2012).

    Args:
        w, dw: as in `sgd`.
        config: "learning_rate" (default 1e-2), "decay_rate" (default 0.99), "epsilon" (default 1e-8); "cache" (like w,
            from zeros) is kept here.

    Returns:
        next_w: like w.
        config: with the settings used and the new cache.

    Raises:
        ValueError: `dw` or the cache has another shape than `w`, or `config` has a key that this rule does not know.
    """
    config = _settings("rmsprop", w, dw, config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    cache = _memory(config, "cache", w)
    # ===== START YOUR CODE HERE =====
    # TODO: next_w, and cache, the new running mean of squared gradients; epsilon stands outside the root.
    #! mistake "epsilon stands inside of the root":
    #!     (np.sqrt(cache) + config["epsilon"]) => np.sqrt(cache + config["epsilon"])
    #! mistake "the squares are added up, not averaged (AdaGrad)":
    #!     config["decay_rate"] * cache + (1 - config["decay_rate"]) * dw**2 => cache + dw**2
    #! mistake "the old cache is not decayed":
    #!     config["decay_rate"] * cache + => cache +
    #! mistake "the magnitude of the gradient stands in place of its square":
    #!     dw**2 => np.abs(dw)
    #! mistake "the settings are numbers of its own, whatever config says":
    #!     config["decay_rate"] => 0.99
    #!     config["epsilon"] => 1e-8
    #! mistake "the cache is corrected for its start at 0, as in Adam":
    #!     (np.sqrt(cache) => (np.sqrt(cache / (1 - config["decay_rate"]))
    #! mistake "the old cache is used in the step":
    #!     cache = config["decay_rate"] => old = cache; cache = config["decay_rate"]
    #!     np.sqrt(cache) => np.sqrt(old)
    #! mistake "the learning rate stands in the cache too":
    #!     (1 - config["decay_rate"]) * dw**2 => (1 - config["decay_rate"]) * (config["learning_rate"] * dw)**2
    #! mistake "the gradients are averaged, and the square is taken afterwards":
    #!     (1 - config["decay_rate"]) * dw**2 => (1 - config["decay_rate"]) * dw
    #!     np.sqrt(cache) => np.abs(cache)
    #! mistake "the gradient is left out of the step":
    #!     config["learning_rate"] * dw / => config["learning_rate"] /
    #! mistake "the sign of the gradient is taken, not the gradient":
    #!     config["learning_rate"] * dw / => config["learning_rate"] * np.sign(dw) /
    #! mistake "the squares are averaged over all entries":
    #!     dw**2 => np.mean(dw**2)
    #! mistake "decay_rate and 1 - decay_rate are exchanged":
    #!     config["decay_rate"] * cache => (1 - RATE) * cache
    #!     (1 - config["decay_rate"]) * dw => RATE * dw
    #!     RATE => config["decay_rate"]
    #! mistake "epsilon is in the cache too":
    #!     * dw**2 => * dw**2 + config["epsilon"]
    #! mistake "the new cache is not kept":
    #!     cache = config => new = config
    #!     np.sqrt(cache) => np.sqrt(new)
    cache = config["decay_rate"] * cache + (1 - config["decay_rate"]) * dw**2
    next_w = w - config["learning_rate"] * dw / (np.sqrt(cache) + config["epsilon"])
    # ====== END YOUR CODE HERE ======
    config["cache"] = cache
    return next_w, config


def adam(w: Array, dw: Array, config: dict | None = None) -> tuple[Array, dict]:
    r"""Running means of the gradient and of its square, both corrected for their start at zero.

    $t \leftarrow t + 1, \quad m \leftarrow \beta_1 m + (1 - \beta_1) \, dw, \quad
    v \leftarrow \beta_2 v + (1 - \beta_2) \, dw^2, \quad
    w \leftarrow w - \eta \, \frac{m}{1 - \beta_1^t} / (\sqrt{v / (1 - \beta_2^t)} + \epsilon)$

    Source: Kingma & Ba, Adam: A Method for Stochastic Optimization (2015), algorithm 1.

    Args:
        w, dw: as in `sgd`.
        config: "learning_rate" (default 1e-3), "beta1" (default 0.9), "beta2" (default 0.999), "epsilon" (default
            1e-8); "m" and "v" (like w, from zeros) and "t" (steps so far, from 0) are kept here.

    Returns:
        next_w: like w.
        config: with the settings used and the new m, v and t.

    Raises:
        ValueError: `dw`, m or v has another shape than `w`, or `config` has a key that this rule does not know.
    """
    config = _settings("adam", w, dw, config, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8)
    m, v = _memory(config, "m", w), _memory(config, "v", w)
    t = config.get("t", 0)
    # ===== START YOUR CODE HERE =====
    # TODO: next_w, and the new m, v and t; count t up before the bias correction; epsilon stands outside the root.
    #! mistake "the weights `beta1` and 1 - `beta1`, and those of `beta2`, are exchanged":
    #!     config["beta1"] * m + (1 - config["beta1"]) * => (1 - config["beta1"]) * m + config["beta1"] *
    #!     config["beta2"] * v + (1 - config["beta2"]) * => (1 - config["beta2"]) * v + config["beta2"] *
    #! mistake "the bias correction is missing":
    #!     m_corrected = m / (1 - config["beta1"] ** t) => m_corrected = m
    #!     v_corrected = v / (1 - config["beta2"] ** t) => v_corrected = v
    #! mistake "epsilon stands inside of the root":
    #!     (np.sqrt(v_corrected) + config["epsilon"]) => np.sqrt(v_corrected + config["epsilon"])
    #! mistake "the settings are numbers of its own, whatever config says":
    #!     config["beta1"] => 0.9
    #!     config["beta2"] => 0.999
    #! mistake "the settings are numbers of its own, whatever config says":
    #!     config["beta1"] => 0.9
    #!     config["beta2"] => 0.999
    #!     config["epsilon"] => 1e-8
    #! mistake "beta1 stands in place of beta2":
    #!     beta2 => beta1
    #! mistake "the correction divides by 1 - beta, not by 1 - beta to the power of t":
    #!     (1 - config["beta1"] ** t) => (1 - config["beta1"])
    #!     (1 - config["beta2"] ** t) => (1 - config["beta2"])
    #! mistake "the correction has beta times t, not beta to the power of t":
    #!     config["beta1"] ** t => config["beta1"] * t
    #!     config["beta2"] ** t => config["beta2"] * t
    #! mistake "the correction divides by beta to the power of t, not by 1 minus that":
    #!     (1 - config["beta1"] ** t) => config["beta1"] ** t
    #!     (1 - config["beta2"] ** t) => config["beta2"] ** t
    #! mistake "the correction multiplies where it should divide":
    #!     m / (1 - => m * (1 -
    #!     v / (1 - => v * (1 -
    #! mistake "the corrected m and v are kept, and corrected again in the next step":
    #!     m_corrected = m / => m_corrected = m = m /
    #!     v_corrected = v / => v_corrected = v = v /
    #! mistake "dw stands in place of the corrected m in the step":
    #!     * m_corrected / => * dw /
    #! mistake "t is one too large in the correction":
    #!     ** t) => ** (t + 1))
    #! mistake "t is one too small in the correction":
    #!     ** t) => ** max(t - 1, 1))
    #! mistake "the old m and v are used in the step":
    #!     m = config["beta1"] * m + => old_m, old_v = m, v; m = config["beta1"] * m +
    #!     m_corrected = m / => m_corrected = old_m /
    #!     v_corrected = v / => v_corrected = old_v /
    #! mistake "the root is taken of v alone, before the correction":
    #!     np.sqrt(v_corrected) => np.sqrt(v) / (1 - config["beta2"] ** t)
    #! mistake "m and v are exchanged in the step":
    #!     m_corrected / (np.sqrt(v_corrected) => v_corrected / (np.sqrt(np.abs(m_corrected))
    #! mistake "v is made of the square of m, not of the gradient":
    #!     (1 - config["beta2"]) * dw**2 => (1 - config["beta2"]) * m**2
    #! mistake "the squares are added up in v, not averaged":
    #!     config["beta2"] * v + (1 - config["beta2"]) * dw**2 => v + dw**2
    #! mistake "beta2 stands in place of beta1":
    #!     beta1 => beta2
    #! mistake "the correction of m has beta2, and that of v has beta1":
    #!     (1 - config["beta1"] ** t) => (1 - config["beta_2"] ** t)
    #!     (1 - config["beta2"] ** t) => (1 - config["beta1"] ** t)
    #!     beta_2 => beta2
    #! mistake "the correction of v is missing":
    #!     v_corrected = v / (1 - config["beta2"] ** t) => v_corrected = v
    #! mistake "the correction of m is missing":
    #!     m_corrected = m / (1 - config["beta1"] ** t) => m_corrected = m
    #! mistake "m is used uncorrected, and v too, in the step":
    #!     config["learning_rate"] * m_corrected / (np.sqrt(v_corrected) => config["learning_rate"] * m / (np.sqrt(v)
    #! mistake "the learning rate is multiplied by the step number":
    #!     config["learning_rate"] * m_corrected => config["learning_rate"] * t * m_corrected
    #! mistake "the learning rate is divided by the root of the step number":
    #!     config["learning_rate"] * m_corrected => config["learning_rate"] / np.sqrt(t) * m_corrected
    #! mistake "epsilon is missing":
    #!     (np.sqrt(v_corrected) + config["epsilon"]) => np.sqrt(v_corrected)
    #! mistake "m is a sum of gradients with momentum, without 1 - beta1":
    #!     (1 - config["beta1"]) * dw => dw
    #! mistake "t is counted up twice":
    #!     t += 1 => t += 2
    #! mistake "t stays 1":
    #!     t += 1 => t = 1
    t += 1
    m = config["beta1"] * m + (1 - config["beta1"]) * dw
    v = config["beta2"] * v + (1 - config["beta2"]) * dw**2
    m_corrected = m / (1 - config["beta1"] ** t)
    v_corrected = v / (1 - config["beta2"] ** t)
    next_w = w - config["learning_rate"] * m_corrected / (np.sqrt(v_corrected) + config["epsilon"])
    # ====== END YOUR CODE HERE ======
    config["m"], config["v"], config["t"] = m, v, t
    return next_w, config


ELEMENTWISE = (sgd, sgd_momentum, sgd_nesterov_momentum, rmsprop, adam)
"""Rules that treat every number of w by itself."""

RULES = {rule.__name__: rule for rule in ELEMENTWISE}
"""Every update rule by its name, as a Solver knows it; one of your own can be added."""

BLOCK = 2**15  # numbers; so many fit into a processor's cache, with all that a rule computes of them


def in_blocks(rule: Callable, w: Array, dw: Array, config: dict) -> tuple[Array, dict]:
    """`rule(w, dw, config)`: the same result in less time, from one block of rows of a large `w` after another.

    A rule that is not in ELEMENTWISE gets `w` whole.
    """
    if rule not in ELEMENTWISE or w.size <= 2 * BLOCK or np.shape(dw) != w.shape:
        return rule(w, dw, config)
    rows = max(1, BLOCK * len(w) // w.size)
    memories = {name: value for name, value in config.items() if np.shape(value) == w.shape}
    joined = dict(memories)
    for start in range(0, len(w), rows):
        block = slice(start, start + rows)
        own = {name: value[block] if name in memories else value for name, value in config.items()}
        next_w, after = rule(w[block], dw[block], own)
        for name, value in {**after, "next_w": next_w}.items():
            if np.shape(value) == next_w.shape:
                if name not in joined:
                    joined[name] = np.empty(w.shape, value.dtype)
                joined[name][block] = value
    next_w = joined.pop("next_w")
    config.update(after | joined)
    return next_w, config


_MEMORIES = {
    "sgd": (),
    "sgd_momentum": ("velocity",),
    "sgd_nesterov_momentum": ("velocity",),
    "rmsprop": ("cache",),
    "adam": ("m", "v", "t"),
}
_C147 = {  # names of UCLA's C147, whose "v" in Adam is the mean of the gradient and "a" that of its square
    ("rmsprop", "a"): 'the running mean of squared gradients is called "cache" here',
    (
        "adam",
        "a",
    ): 'the running means of the gradient and of its square, "v" and "a" in C147, are called "m" and "v" here',
}


def _settings(rule: str, w: Array, dw: Array, config: dict | None, **defaults: float) -> dict:
    """The config with what is missing filled in, as plain floats: a numpy float64 would widen float32 weights."""
    check_shape("dw", dw, np.shape(w), f"w of shape {np.shape(w)}")
    config = {} if config is None else config
    known = [*defaults, *_MEMORIES[rule]]
    for name in config:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = _C147.get((rule, name)) or (f"did you mean {near[0]!r}?" if near else f"expected some of {known}")
            raise ValueError(f"config: received {name!r}, which {rule} does not know: {hint}")
    for name, default in defaults.items():
        config[name] = float(config.get(name, default))
    return config


def _memory(config: dict, name: str, w: Array) -> Array:
    """What a rule remembers under `name`, zeros in the first step."""
    memory = config.get(name)
    if memory is None:
        return np.zeros_like(w)
    check_shape(f"config[{name!r}]", memory, np.shape(w), f"w of shape {np.shape(w)}")
    return memory
