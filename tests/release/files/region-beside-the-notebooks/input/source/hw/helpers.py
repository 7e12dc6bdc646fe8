def helper(x):
    # ===== START YOUR CODE HERE =====
    out = 2 * x
    # ====== END YOUR CODE HERE ======
    return out
