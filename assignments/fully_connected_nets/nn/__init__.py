"""A small library for neural nets in numpy: what the homeworks write, and what they build on.

Where to find what (a homework comes with the modules that it uses):

    datasets            CIFAR-10 and MNIST, split and normalised
    k_nearest_neighbor  a classifier that only remembers
    linear_classifier   SVM and softmax on the scores X W, with loops and without
    losses              scores and labels -> loss and its gradient: MSE, softmax, SVM
    neural_net          TwoLayerNet, written out: scores, loss, gradients and training in one class
    layers              forward and backward functions: affine, ReLU, batch and layer normalisation, dropout
    layer_utils         layers that often follow one another, in one call
    fc_net              TwoLayerNet and FullyConnectedNet, put together from these layers
    optim               update rules: SGD, momentum, Nesterov momentum, RMSProp, Adam
    solver              trains whatever has `params` and `loss`, with any update rule
    gradient_check      numeric gradients to compare with
    vis                 pictures of images, weights and training runs
    saving              arrays in one file
    checks              what all modules check about their arguments
    courses             for notebooks of other courses, whose conventions differ

The same letters mean the same everywhere: N examples in a batch, D numbers in an example, H hidden units, C classes;
M is the number of outputs of a layer. `reg` is the strength of the L2 regularisation, whose term in the loss is
reg / 2 times the sum of the squared weights.
"""
