"""The errors that a person is meant to read: what was wrong, where, and what to do."""


class CourseError(Exception):
    """Bad input. The command line prints its text as it is, without a traceback, and exits with 1."""


class GraderError(CourseError):
    """The grader itself cannot work here: nothing that a submission is to blame for, and nothing that the next one would change.

    It ends a grading at once; whatever was graded before is kept.
    """
