"""What tests share so that they need not start it again: nbgrader as it is imported here, and one warm process."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from typing import Any

from autograder.authoring.forks import in_fork
from autograder.engine.runner import Engine


def run_nbgrader_in_fork(course: Path, arguments: Sequence[str]) -> tuple[int, str]:
    """`commands.execute` without a second to import nbgrader: its command, as it is, in a fork of this process."""
    import nbgrader.api
    import nbgrader.apps

    import autograder.grading.preprocessors  # noqa: F401  (which the course's configuration imports)

    head = prepare_for_nbgrader()

    def run() -> tuple[int, str]:
        os.chdir(course)
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        sys.path.insert(0, str(course))
        sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
        nbgrader.apps.NbGraderApp.clear_instance()
        nbgrader.api.get_alembic_version = lambda: head  # it would ask a new process, for seconds
        status: Any = 0
        try:
            nbgrader.apps.NbGraderApp.launch_instance(list(arguments))
        except SystemExit as end:
            status = end.code
        return int(status or 0), sys.stderr.getvalue()

    return in_fork(run, seconds=300)


@cache
def prepare_for_nbgrader() -> str:
    """Load and compile here what each command would in its fork; returns the version of nbgrader's tables."""
    import nbformat
    import nbgrader
    import sqlalchemy
    from alembic.script import ScriptDirectory

    nbformat.validate(nbformat.v4.new_notebook())
    with sqlalchemy.create_engine("sqlite://").connect() as connection:
        connection.execute(sqlalchemy.text("select 1"))
    head = ScriptDirectory(str(Path(nbgrader.__file__).parent / "alembic")).get_current_head()
    assert head
    return head


def share_warm_process(address: str, replace: Callable[[Any, str, Any], None] = setattr) -> None:
    """Let `grade_class` use the warm process at `address` in place of one of its own."""
    from autograder.grading import grade as grading

    replace(grading, "Engine", lambda isolated: Engine(isolated, address=address))


def grade_here(address: str, replace: Callable[[Any, str, Any], None] = setattr) -> None:
    """Let `grade_class` grade in this process, without a pool, by the warm process at `address`: for what the coordinator does."""
    from autograder.grading import grade as grading
    from autograder.grading.worker import Assignment, Graded, Submission, grade_submission

    @contextlib.contextmanager
    def open_pool(assignment: Assignment, *rest: Any) -> Iterator[Callable[[Submission], Future[Graded]]]:
        def submit(submission: Submission) -> Future[Graded]:
            future: Future[Graded] = Future()
            future.set_result(grade_submission(submission, assignment))
            return future

        yield submit

    share_warm_process(address, replace)
    replace(grading, "_open_workers", open_pool)
