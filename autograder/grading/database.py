"""nbgrader's database as this course has it: its configuration and URL, opening it, and transactions."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import nbgrader
from alembic.script import ScriptDirectory
from nbgrader.api import (
    Base,
    Course,
    Gradebook,
    InvalidEntry,
)
from nbgrader.apps import NbGrader
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import URL, Connection, create_engine, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from traitlets.config import Application, Config

from autograder.errors import CourseError, GraderError

PATIENCE = 60  # seconds to wait for another program that is writing


ATTEMPTS = 5


T = TypeVar("T")


def load_config(course: Path) -> Config:
    """The configuration with which nbgrader works at the course folder; its root and late penalty plugin are resolved.

    Raises `CourseError` when `nbgrader_config.py` cannot be read.
    """
    course = course.resolve()
    app = NbGrader()
    app.log_level = logging.ERROR
    app.raise_config_file_errors = True
    app.load_cwd_config = False
    with _importing_from(course):
        try:
            app.load_config_file(suppress_errors=False)
            Application.load_config_file(app, "nbgrader_config", path=str(course))
            root = course / app.config.CourseDirectory.get("root", "")
            if root != course:  # as nbgrader does
                Application.load_config_file(app, "nbgrader_config", path=str(root))
            app.config.CourseDirectory.root = str(root)
            app.config.AssignLatePenalties.plugin_class = AssignLatePenalties(config=app.config).plugin_class
        except (Exception, SystemExit) as error:  # the file is a program, and traitlets exits for a bad value
            raise CourseError(
                f"nbgrader's configuration of the course cannot be read: {type(error).__name__}: {first_line(error)}"
            ) from error
    config: Config = app.config
    return config


@contextlib.contextmanager
def _importing_from(course: Path) -> Iterator[None]:
    """As nbgrader does: what the configuration imports may lie in the course folder."""
    sys.path.insert(0, str(course))
    try:
        yield
    finally:
        sys.path.remove(str(course))


def find_url(course: Path, config: Config | None = None) -> str:
    """The URL of the database that nbgrader uses at the course folder; `sqlite:///…/gradebook.db` unless configured.

    `config` is the course's configuration, where that has been loaded.

    Raises `CourseError` when the configuration or the URL cannot be read.
    """
    url = _parse_url(str(CourseDirectory(config=config or load_config(course)).db_url))
    if url.get_backend_name() == "sqlite" and url.database and not url.database.startswith((":memory:", "file:")):
        url = url.set(database=str(course.resolve() / url.database))
    return url.render_as_string(hide_password=False)


def find_database(course: Path, config: Config) -> str:
    """The file of the gradebook, "" where it is in a server or in memory."""
    url = make_url(find_url(course, config))
    return url.database or "" if url.get_backend_name() == "sqlite" and os.path.isabs(url.database or "") else ""


def _parse_url(text: str) -> URL:
    """Raises `CourseError`, which doesn't quote the text: a part of the password may be in the wrong place."""
    with contextlib.suppress(ArgumentError, ValueError):
        url = make_url(text)
        if "@" not in (url.host or ""):
            return url
    raise CourseError(
        "The URL of the gradebook's database (CourseDirectory.db_url) cannot be read. "
        "In a password, @ is written as %40, : as %3A, / as %2F and % as %25."
    )


@contextlib.contextmanager
def open_gradebook(course: Path, url: str | None = None) -> Iterator[Any]:
    """nbgrader's gradebook at `url`, without one the file `gradebook.db` of the course; a new one gets its tables.

    Raises `CourseError`, also for a database error in the body: a broken gradebook is never replaced by a fresh one.
    """
    where = _parse_url(url) if url else URL.create("sqlite", database=str(course / "gradebook.db"))
    if where.get_backend_name() == "sqlite" and "timeout" not in where.query:
        where = where.update_query_dict({"timeout": str(PATIENCE)})
    try:
        _create_tables(where)
        gradebook = Gradebook(where.render_as_string(hide_password=False))
    except (SQLAlchemyError, InvalidEntry) as error:
        raise tell_broken(where, error) from error
    except ImportError as error:
        raise CourseError(
            f"The gradebook needs a database driver that is not installed ({error}). "
            "For PostgreSQL: pip install 'psycopg[binary]', and a URL that starts with postgresql+psycopg://"
        ) from error
    try:
        yield gradebook
    except SQLAlchemyError as error:
        raise tell_broken(where, error) from error
    finally:
        gradebook.close()


def _create_tables(url: URL) -> None:
    """Give an empty database nbgrader's tables, all at once: `Gradebook` would need `alembic` on PATH half-way."""
    engine = create_engine(url)

    def is_complete(connection: Connection) -> bool:
        tables = inspect(connection).get_table_names()
        if "assignment" in tables and "course" not in tables:  # Gradebook would add it, and 'db upgrade' fail over it
            raise tell_broken(url, ValueError("its tables are those of an older nbgrader"))
        if "course" not in tables:
            return bool(tables)  # another program's; nbgrader adds its own
        return connection.scalar(select(Course.id).where(Course.id == "default_course")) is not None

    def create(connection: Connection) -> None:
        if not inspect(connection).get_table_names():
            Base.metadata.create_all(connection)
            head = ScriptDirectory(str(Path(nbgrader.__file__).parent / "alembic")).get_current_head()
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": head})
        if not is_complete(connection):
            connection.execute(Course.__table__.insert(), [{"id": "default_course"}])

    try:
        with engine.connect() as connection:
            complete = is_complete(connection)
        if not complete:
            write(engine, create)
    finally:
        engine.dispose()


def tell_broken(url: URL, error: Exception) -> GraderError:
    """The message for a database error. No submission is to blame for one."""
    reason = first_line(getattr(error, "orig", None) or error)
    for secret in (url.password, url.query.get("password")):
        reason = reason.replace(str(secret), "***") if secret else reason
    if _is_busy(error):
        return GraderError(
            f"The gradebook {_name(url)} is in use by another program and stayed locked ({reason}). "
            "Nothing was written. Stop what writes to it, and grade again."
        )
    if _finds_no_room(error):
        return GraderError(
            f"The gradebook {_name(url)} cannot be written ({reason}). Nothing was written, and the marks in it are as before. "
            "Make room on its disk, or make sure you may write there, and grade again."
        )
    advice = "Put an earlier copy in its place, or, after an update of nbgrader, run 'nbgrader db upgrade'."
    if url.get_backend_name() != "sqlite":
        advice = (
            "Make sure that the server runs and that CourseDirectory.db_url in nbgrader_config.py names it, with a user who "
            "may write there; after an update of nbgrader, run 'nbgrader db upgrade'."
        )
    return GraderError(f"The gradebook {_name(url)} cannot be used ({reason}). It was left as it is. {advice}")


def _name(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return Path(url.database or "").name
    return f"{url.database or ''} at {url.host or url.query.get('host') or 'the local server'}"


def first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def write(engine: Any, work: Callable[[Connection], T]) -> T:
    """Do `work` in one transaction that nobody else writes into; one that another writer got in the way of is repeated.

    Raises `CourseError` for a database error; nothing is written then.
    """
    attempt = 1
    while True:
        try:
            with engine.begin() as connection:
                _lock(connection)
                return work(connection)
        except SQLAlchemyError as error:
            if attempt == ATTEMPTS or not (_is_busy(error) or _is_overtaken(error)):
                raise tell_broken(engine.url, error) from error
        time.sleep(random.uniform(0, 0.05 * attempt))
        attempt += 1


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # From the start, so that what is read still holds when it is written. A transaction that reads first is not waited for.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE}s'")


def _is_busy(error: Exception) -> bool:
    """Another connection holds a lock for too long."""
    reason = getattr(error, "orig", None)
    if isinstance(reason, sqlite3.Error):
        return getattr(reason, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return getattr(reason, "sqlstate", None) == "55P03"  # lock_not_available


def _finds_no_room(error: Exception) -> bool:
    """The disk is full, read-only or broken; the database itself is as it was."""
    reason = getattr(error, "orig", None)
    codes = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM)
    if isinstance(reason, sqlite3.Error):
        return getattr(reason, "sqlite_errorcode", 0) & 0xFF in codes
    return getattr(reason, "sqlstate", None) in ("53100", "53200", "25006")  # disk_full, out_of_memory, read_only


def _is_overtaken(error: Exception) -> bool:
    """Another connection wrote the same row first (a new student, a table), or each waited for the other."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(error, IntegrityError) or state in ("40001", "40P01", "42P07", "42710")
