"""Checks: grade an answer by its result, then say what went wrong.

`Check` is what a notebook uses. The rest is in the order of the work: `student` evaluates an
expression where the student's names live, `looks` compares what came with what was expected,
`mistakes` recognizes the results of known wrong answers.
"""

from autograder.checks.check import Check, Score
from autograder.checks.inputs import vary
from autograder.checks.seals import sealed
from autograder.checks.variants import variant

__all__ = ["Check", "Score", "sealed", "variant", "vary"]
