"""Autograded: a PyTorch course in notebooks that grades itself.

A notebook needs `Check`, `sealed` and `vary`; the drawing helpers are in `autograder.figures`.
"""

from autograder.checks import Check, sealed, vary

__all__ = ["Check", "sealed", "vary"]
__version__ = "0.1.0"
