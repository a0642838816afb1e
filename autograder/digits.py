"""The handwritten digits, under the name by which notebooks import them."""

from autograder.course.digits import load_digits

__all__ = ["load_digits"]
