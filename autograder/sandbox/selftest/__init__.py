"""Attacks on the sandbox, to see whether this machine stops them."""
