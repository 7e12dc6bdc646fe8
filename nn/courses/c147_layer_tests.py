"""C147's `nndl.layer_tests`: each function prints how far the layers of `nn` are from numeric gradients."""

from collections.abc import Callable

import numpy as np

from nn.checks import Array
from nn.fc_net import FullyConnectedNet
from nn.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array, rel_error
from nn.layer_utils import affine_relu_backward, affine_relu_forward
from nn.layers import affine_backward, affine_forward, relu_backward, relu_forward

__all__ = [
    "affine_backward_test",
    "affine_forward_test",
    "affine_relu_test",
    "fc_net_test",
    "relu_backward_test",
    "relu_forward_test",
]


def affine_forward_test() -> None:
    """Print the difference of `affine_forward` from sums over single entries."""
    x, w, b = _affine_inputs((2, 4, 5, 6), 3)
    expected = [[float(np.sum(row.ravel() * w[:, j]) + b[j]) for j in range(3)] for row in x]
    print(f"affine_forward: difference {rel_error(affine_forward(x, w, b)[0], np.array(expected)):.3g}")


def affine_backward_test() -> None:
    """Print the errors of `affine_backward`."""
    _backward_test(affine_forward, affine_backward, _affine_inputs((10, 2, 3), 5), "affine_backward")


def relu_forward_test() -> None:
    """Print the difference of `relu_forward` from single comparisons."""
    x = np.linspace(-0.5, 0.5, num=12).reshape(3, 4)
    expected = np.array([[max(value, 0.0) for value in row] for row in x])
    print(f"relu_forward: difference {rel_error(relu_forward(x)[0], expected):.3g}")


def relu_backward_test() -> None:
    """Print the error of `relu_backward`."""
    x = np.random.randn(10, 10)
    _backward_test(relu_forward, lambda dout, cache: (relu_backward(dout, cache),), (x,), "relu_backward")


def affine_relu_test() -> None:
    """Print the errors of `affine_relu_backward`."""
    _backward_test(affine_relu_forward, affine_relu_backward, _affine_inputs((2, 3, 4), 10), "affine_relu_backward")


def fc_net_test() -> None:
    """Print the loss of a small FullyConnectedNet and the errors of its gradients, without regularisation and with."""
    X, y = np.random.randn(2, 15), np.random.randint(10, size=2)
    for reg in (0, 3.14):
        net = FullyConnectedNet([20, 30], input_dim=15, reg=reg, weight_scale=5e-2, dtype=np.float64)
        loss, grads = net.loss(X, y)
        print(f"FullyConnectedNet with reg = {reg}: loss {loss:.6f}")
        for name in sorted(grads):
            numeric = eval_numerical_gradient(lambda _, net=net: net.loss(X, y)[0], net.params[name])
            print(f"  {name}: relative error {rel_error(numeric, grads[name]):.3g}")


def _affine_inputs(shape: tuple[int, ...], outputs: int) -> tuple[Array, Array, Array]:
    return np.random.randn(*shape), np.random.randn(int(np.prod(shape[1:])), outputs), np.random.randn(outputs)


def _backward_test(forward: Callable, backward: Callable, inputs: tuple[Array, ...], name: str) -> None:
    """Print the relative error of the gradient with respect to each input."""
    out, cache = forward(*inputs)
    dout = np.random.randn(*out.shape)
    for number, (value, grad) in enumerate(zip(inputs, backward(dout, cache), strict=True), start=1):
        numeric = eval_numerical_gradient_array(lambda _: forward(*inputs)[0], value, dout)
        print(f"{name}: relative error {rel_error(numeric, grad):.3g} of gradient {number}")
