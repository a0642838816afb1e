"""A watch as the command line and the course's configuration want it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import Exchange as NbgraderExchange

from autograder.engine.runner import Engine
from autograder.errors import CourseError
from autograder.grading.database import load_config
from autograder.grading.places import find_places, forget_places, name_unit
from autograder.term.choosing import Rules
from autograder.term.handing_back import Exchange, Folder
from autograder.term.watch import Watch


def make_watch(
    course: Path,
    chapters: list[str],
    inbox: Path | None,
    outbox: Path | None,
    engine: Engine,
    *,
    attempts: int | None = None,
    counts: Literal["best", "last"] = "last",
    jobs: int = 1,
) -> Watch:
    """A watch of `inbox`, or without one of nbgrader's exchange; without chapters, of all.

    Raises `CourseError` where there is no such folder, or it is one that the course itself writes to.
    """
    forget_places()
    course, places = course.resolve(), find_places(course)
    chapters = list(dict.fromkeys(chapters)) or places.list_assignments()
    if not chapters:
        raise CourseError(
            f"There is no notebook in {places.source_folder(name_unit(course).upper())}: run the command in the folder of the course."
        )
    rules = Rules(attempts, counts)
    if inbox is None:
        if outbox:
            raise CourseError("--outbox is for --folder: through the exchange, feedback goes back by the exchange.")
        config = load_config(course)
        exchange = NbgraderExchange(coursedir=CourseDirectory(config=config), config=config)
        folder = Path(exchange.root) / exchange.coursedir.course_id
        inbound = folder / "inbound"
        if not exchange.coursedir.course_id or not os.access(inbound, os.R_OK | os.X_OK):
            raise CourseError(
                f"There is no inbox in the exchange that can be read ({inbound}): release an assignment first with 'nbgrader release_assignment'."
            )
        back = Exchange(folder, exchange.coursedir.course_id)
        return Watch(course, chapters, inbound, back, rules, engine, jobs, exchange.timezone)
    inbox = inbox.resolve()
    if not inbox.is_dir():
        raise CourseError(f"There is no folder {inbox}.")
    own = [
        Path(places.root, name).resolve()
        for name in (places.submitted, places.autograded, places.feedback, places.source)
    ]
    if inbox in (course, *own) or any(inbox in one.parents or one in inbox.parents for one in own):
        raise CourseError(f"{inbox} is a folder that the course itself uses. Have work handed in to another one.")
    if outbox:
        outbox = outbox.resolve()
        if outbox == inbox or inbox in outbox.parents:
            raise CourseError("The outbox can't be in the inbox.")
    return Watch(course, chapters, inbox, Folder(inbox, outbox), rules, engine, jobs)
