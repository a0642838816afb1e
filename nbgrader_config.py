"""nbgrader's configuration for this course; every nbgrader command at this folder reads it."""

from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.preprocessors import ClearSolutions, LimitOutput

from autograder import preprocessors

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "autograded"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__"]
c.ClearSolutions.text_stub = "*Your answer here.*"
c.Execute.timeout = 30
c.Execute.extra_arguments = ["--HistoryManager.hist_file=:memory:", "--log-level=40"]
# What `nbgrader zip_collect` takes a file in downloaded/ to be: STUDENT_NOTEBOOK.ipynb; a student's id has no underscore.
c.FileNameCollectorPlugin.named_regexp = r".*?(?P<student_id>[^_/\\]+)_(?P<file_id>[^/\\]+)\.ipynb$"


def replace(converter, trait, old, new):
    """nbgrader's own list of steps, with one of them replaced."""
    return [new if step is old else step for step in converter.class_traits()[trait].default()]


c.GenerateAssignment.preprocessors = replace(
    GenerateAssignment, "preprocessors", ClearSolutions, preprocessors.ClearSolutions
)
c.Autograde.sanitize_preprocessors = [
    preprocessors.Rebuild,
    *Autograde.class_traits()["sanitize_preprocessors"].default(),
]
c.Autograde.autograde_preprocessors = replace(
    Autograde, "autograde_preprocessors", LimitOutput, preprocessors.LimitOutput
)
c.GenerateFeedback.preprocessors = [
    preprocessors.CleanFeedback,
    *GenerateFeedback.class_traits()["preprocessors"].default(),
]
