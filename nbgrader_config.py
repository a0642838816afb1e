"""nbgrader's configuration for this course; every nbgrader command at this folder reads it."""

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions

from autograder import preprocessors

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "autograded"
c.ClearSolutions.text_stub = "*Your answer here.*"
c.GenerateAssignment.preprocessors = [
    preprocessors.ClearSolutions if step is ClearSolutions else step
    for step in GenerateAssignment.preprocessors.default_args[0]
]
