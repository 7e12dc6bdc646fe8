"""Do the pictures show what they should, with labelled axes?"""

import warnings
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from nn import fc_net, neural_net, vis

STATS = {"loss_history": [3.0, 2.0, 1.0], "train_acc_history": [0.1, 0.5], "val_acc_history": [0.2, 0.4]}


@pytest.fixture(autouse=True)
def no_figures_left():
    yield
    plt.close("all")


@pytest.mark.parametrize(("number", "side"), [(1, 1), (4, 2), (5, 3), (9, 3), (10, 4)])
def test_grid_is_square_with_padding(number, side):
    """Are the images laid out row by row in the smallest square, with black between them?"""
    Xs = np.random.default_rng(0).normal(size=(number, 4, 5, 3))
    grid = vis.visualize_grid(Xs, padding=2)
    assert grid.shape == (side * 6 - 2, side * 7 - 2, 3)
    for i, image in enumerate(Xs):
        top, left = i // side * 6, i % side * 7
        shown = grid[top : top + 4, left : left + 5]
        np.testing.assert_allclose(shown, 255 * (image - image.min()) / (image.max() - image.min()))
    assert grid[4:6].sum() == 0


@pytest.mark.parametrize(
    ("units", "rows", "columns"), [(50, 5, 10), (100, 10, 10), (200, 10, 20), (53, 6, 9), (1, 1, 1)]
)
def test_weights_leave_no_black_places(units, rows, columns):
    """Is the grid of a net's weights full where the number of units allows it, and white where a place is left over?"""
    vis.show_net_weights(neural_net.TwoLayerNet(12, units, 10))
    grid = plt.gca().images[0].get_array()
    assert grid.shape[:2] == (rows * 5 - 3, columns * 5 - 3)
    assert (grid[-2:, -2:] == 255).all() == (units < rows * columns)


def test_grid_of_constant_and_of_integer_images():
    """Is a constant image black, not NaN, and are unsigned pixels not wrapped around?"""
    assert vis.visualize_grid(np.full((1, 2, 2, 3), 7.0)).max() == 0
    pixels = np.array([200, 10, 100, 10], np.uint8).reshape(1, 2, 2, 1)
    np.testing.assert_allclose(vis.visualize_grid(pixels, ubound=1)[..., 0], [[1, 0], [9 / 19, 0]])
    with pytest.raises(ValueError, match=r"Xs: received shape \(2, 2\), expected \(N, height, width, channels\)"):
        vis.visualize_grid(np.ones((2, 2)))


def test_weights_of_both_nets_show_the_same_pictures():
    """Is a unit's picture the same from rows in the order height, width, channel and from columns in the other?"""
    pictures = np.random.default_rng(0).normal(size=(6, 32, 32, 3))
    rows = neural_net.TwoLayerNet(3072, 6, 10)
    rows.params["W1"] = pictures.reshape(6, -1)
    columns = fc_net.TwoLayerNet(3072, 6, 10)
    columns.params["W1"] = pictures.transpose(0, 3, 1, 2).reshape(6, -1).T
    shown = []
    for net in (rows, columns):
        vis.show_net_weights(net)
        shown.append(plt.gca().images[0].get_array())
    np.testing.assert_array_equal(shown[0], shown[1])
    grid = vis.visualize_grid(pictures, padding=3, columns=3, background=255)
    np.testing.assert_array_equal(shown[0], grid.astype(np.uint8))
    with pytest.raises(ValueError, match=r"W1: received 10 weights per image, expected 3 \* side \* side"):
        vis.show_net_weights(neural_net.TwoLayerNet(10, 6, 3))


@pytest.mark.parametrize("run", [STATS, SimpleNamespace(**STATS)], ids=["dict", "solver"])
def test_training_plot_is_labelled(run):
    """Are loss and accuracies drawn, with names on all axes and curves, from a dict and from a Solver?"""
    vis.plot_training(run, title="toy")
    loss_ax, accuracy_ax = plt.gcf().axes
    np.testing.assert_array_equal(loss_ax.lines[0].get_ydata(), STATS["loss_history"])
    assert (loss_ax.get_xlabel(), loss_ax.get_ylabel()) == ("iteration", "loss")
    assert accuracy_ax.get_xlabel() == "epoch"
    assert "accuracy" in accuracy_ax.get_ylabel()
    assert [text.get_text() for text in accuracy_ax.get_legend().texts] == ["training", "validation"]
    assert [line.get_ydata().tolist() for line in accuracy_ax.lines] == [[0.1, 0.5], [0.2, 0.4]]


def test_curves_compare_runs():
    """Is there one plot for each history and one labelled curve for each run?"""
    vis.plot_curves({"sgd": STATS, "adam": SimpleNamespace(**STATS)}, keys=("loss_history", "val_acc_history"))
    axes = plt.gcf().axes
    assert [ax.get_title() for ax in axes] == ["loss of each batch", "validation accuracy"]
    for ax in axes:
        assert len(ax.lines) == 2
        assert [text.get_text() for text in ax.get_legend().texts] == ["sgd", "adam"]
        assert ax.get_xlabel()
        assert ax.get_ylabel()


def test_figures_are_shown_only_where_there_is_a_screen(monkeypatch):
    """Is plt.show called by an interactive or inline backend only, so that scripts get no warning?"""
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vis.plot_training(STATS)
    assert shown == []
    monkeypatch.setattr(plt, "get_backend", lambda: "inline")
    vis.plot_training(STATS)
    assert shown == [1]
