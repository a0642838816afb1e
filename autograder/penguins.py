"""The penguins, under the name by which notebooks import them."""

from autograder.course.penguins import load_penguins

__all__ = ["load_penguins"]
