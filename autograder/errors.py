"""The one error that a person is meant to read: what was wrong, where, and what to do."""


class CourseError(Exception):
    """Bad input. The command line prints its text as it is, without a traceback, and exits with 1."""
