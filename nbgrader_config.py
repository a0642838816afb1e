"""nbgrader's configuration for this course; every nbgrader command at this folder reads it."""

from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback

from autograder import preprocessors

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "autograded"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__"]
c.ClearSolutions.text_stub = "*Your answer here.*"
c.Execute.timeout = 30
c.Execute.extra_arguments = ["--HistoryManager.hist_file=:memory:", "--log-level=40"]
# What `nbgrader zip_collect` takes a file in downloaded/ to be: STUDENT_NOTEBOOK.ipynb; a student's id has no underscore.
c.FileNameCollectorPlugin.named_regexp = r".*?(?P<student_id>[^_/\\]+)_(?P<file_id>[^/\\]+)\.ipynb$"


def replace(converter, trait, *steps):
    """nbgrader's own list of steps, with those of the same name replaced by ours."""
    ours = {step.__name__: step for step in steps}
    return [ours.get(step.__name__, step) for step in converter.class_traits()[trait].default()]


c.GenerateAssignment.preprocessors = replace(GenerateAssignment, "preprocessors", preprocessors.ClearSolutions)
c.Autograde.sanitize_preprocessors = [preprocessors.Rebuild, *replace(Autograde, "sanitize_preprocessors")]
c.Autograde.autograde_preprocessors = replace(
    Autograde, "autograde_preprocessors", preprocessors.Execute, preprocessors.SaveAutoGrades
)
c.Autograde.pre_convert_hook = preprocessors.refuse_renamed  # a notebook with another name isn't one that is missing
c.GenerateFeedback.preprocessors = [
    preprocessors.CleanFeedback,
    *replace(GenerateFeedback, "preprocessors", preprocessors.GetGrades),
]
c.GenerateFeedback.exporter_class = preprocessors.FeedbackExporter  # its pages run nothing that a student wrote
c.HTMLExporter.sanitize_html = True  # what formgrader shows: clean, and with formulas that need no network
c.HTMLExporter.filters = preprocessors.FILTERS
c.HTMLExporter.preprocessors = [preprocessors.ShowSafely]
c.HTMLExporter.extra_template_basedirs = preprocessors.TEMPLATES
c.ExportApp.plugin_class = preprocessors.CsvExport  # texts in its cells are texts for a spreadsheet too
