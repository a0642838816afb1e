"""The desk's part of JupyterLab's server: what the panel, the start page and the buttons ask below `/autograded/`."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, authenticated

from autograder.desk.carrying import carry
from autograder.desk.checking import check_notebook
from autograder.desk.comparing import compare, list_news
from autograder.desk.handing import describe, hand_in
from autograder.desk.progress import read_progress
from autograder.errors import CourseError
from autograder.formats import CELLS, MISTAKES, PARTS, RELEASED

HIDDEN = [MISTAKES, CELLS, PARTS]
"""Files beside the notebooks that are for the checks: kernels read them, and the file browser doesn't list them."""

REFERENCE = "reference"
DISTRIBUTION = "autograded"


def find_course(root: Path) -> Path | None:
    """The folder with the chapters, for a server that was started at `root`: this folder, or one in it; `None` where there is none."""
    if (root / RELEASED).is_file():
        return root
    try:
        folders = sorted(one for one in root.iterdir() if one.is_dir() and not one.name.startswith("."))
    except OSError:
        return None
    for folder in folders:
        if (folder / RELEASED).is_file():
            return folder
    if (root / "nbgrader_config.py").is_file():  # an instructor's: the chapters in it are nobody's own
        return None
    return next((folder for folder in (root, *folders) if _has_chapters(folder)), None)


def _has_chapters(folder: Path) -> bool:
    return not (folder / "nbgrader_config.py").is_file() and any(folder.glob(f"*/{MISTAKES}"))


class DeskHandler(APIHandler):  # type: ignore[misc]
    """What all have in common: the course's folder, paths that stay in it, and errors in words."""

    @property
    def root(self) -> Path:
        return Path(self.settings["server_root_dir"]).expanduser().resolve()

    @property
    def course(self) -> Path:
        """The course's folder. Raises a 404 where there is none."""
        folder = find_course(self.root)
        if folder is None:
            raise HTTPError(404, "There are no chapters of a course in this folder.")
        return folder

    @property
    def prefix(self) -> str:
        """What the course's paths have before them as JupyterLab names them."""
        inner = self.course.relative_to(self.root).as_posix()
        return "" if inner == "." else f"{inner}/"

    def find_file(self, name: str) -> Path:
        """A notebook of the course by the path that JupyterLab has for it. Raises a 404 where there is none in the course's folder."""
        course = self.course
        with contextlib.suppress(OSError, ValueError):  # a name that no file can have
            path = (self.root / str(name)).resolve()
            if path.suffix == ".ipynb" and path.is_relative_to(course) and path.is_file():
                return path
        raise HTTPError(404, f"There is no notebook {name} in the course's folder.")

    def read_body(self, *names: str) -> list[Any]:
        """The values of the request's body with these names. Raises a 400 where one is missing."""
        body = self.get_json_body()
        if not isinstance(body, dict) or not all(isinstance(body.get(name), str) for name in names):
            raise HTTPError(400, f"The request needs: {', '.join(names)}.")
        return [body[name] for name in names]

    async def work(self, task: Callable[[], Any]) -> None:
        """Answer with what `task` gives, worked out beside the server's loop; bad input is a 400 with its words."""
        try:
            found = await asyncio.get_running_loop().run_in_executor(None, task)
        except CourseError as error:
            raise HTTPError(400, str(error)) from error
        self.finish(json.dumps(found))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """The words of an error, as JSON."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        says = error.log_message if isinstance(error, HTTPError) and error.log_message else self._reason
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"message": says}))


class HomeHandler(DeskHandler):
    """Progress, and what else the panel and the start page show."""

    @authenticated  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        course, prefix = self.course, self.prefix
        await self.work(lambda: _describe_home(course, prefix))


class CheckHandler(DeskHandler):
    """Run a copy of a notebook; a line of JSON for each step, as it happens."""

    @authenticated  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        path = self.find_file(self.read_body("path")[0])
        self.set_header("Content-Type", "application/x-ndjson")
        self.set_header("X-Accel-Buffering", "no")
        self._run = asyncio.ensure_future(self._tell(path))
        with contextlib.suppress(asyncio.CancelledError, StreamClosedError):
            await self._run

    async def _tell(self, path: Path) -> None:
        try:
            async with contextlib.aclosing(check_notebook(path)) as steps:
                async for step in steps:
                    await self._send(step)
        except CourseError as error:
            await self._send({"message": str(error)})
        except StreamClosedError:
            raise
        except Exception as error:  # the headers are sent: all that is left is to say it in the body
            self.log.exception("Check of %s", path.name)
            await self._send({"message": f"The run failed: {type(error).__name__}: {error}"})

    async def _send(self, line: dict[str, Any]) -> None:
        self.write(json.dumps(line) + "\n")
        await self.flush()

    def on_connection_close(self) -> None:
        """The reader has left: end the run and its kernel."""
        if run := getattr(self, "_run", None):
            run.cancel()
        super().on_connection_close()


class HandInHandler(DeskHandler):
    """What handing in would hold, and handing in."""

    @authenticated  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        course, prefix, chapter = self.course, self.prefix, self.get_query_argument("chapter")

        def tell() -> dict[str, Any]:
            found = describe(course, chapter)
            return {**found, "notebooks": [{**one, "path": prefix + one["path"]} for one in found["notebooks"]]}

        await self.work(tell)

    @authenticated  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        course, prefix, (chapter,) = self.course, self.prefix, self.read_body("chapter")

        def do() -> dict[str, Any]:
            handed = asdict(hand_in(course, chapter))
            return {**handed, "path": handed["path"] and prefix + handed["path"]}

        await self.work(do)


class CompareHandler(DeskHandler):
    """What a newer release changes."""

    @authenticated  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        own, newer = (self.find_file(self.get_query_argument(name)) for name in ("own", "newer"))
        await self.work(lambda: {"changes": [change.as_json() for change in compare(own, newer)]})


class CarryHandler(DeskHandler):
    """Take a newer release over, with the answers."""

    @authenticated  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        own, newer = map(self.find_file, self.read_body("own", "newer"))
        await self.work(lambda: carry(own, newer).as_json())


def _describe_home(course: Path, prefix: str) -> dict[str, Any]:
    found = read_progress(course).as_json()
    for chapter in found["chapters"]:
        for notebook in chapter["notebooks"]:
            notebook["path"] = prefix + notebook["path"]
            notebook["newer"] = notebook["newer"] and prefix + notebook["newer"]
    pages = [
        {"path": f"{prefix}{REFERENCE}/{page.name}", "title": _read_title(page)}
        for page in sorted((course / REFERENCE).glob("*.md"))
    ]
    news = [{key: prefix + path for key, path in one.items()} for one in list_news(course)]
    return {**found, "folder": prefix, "pages": pages, "news": news, "book": _find_book()}


def _read_title(page: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError), page.open(encoding="utf-8") as lines:
        return next((line.strip("# \n") for line in lines if line.startswith("# ")), page.stem)
    return page.stem


def _find_book() -> str:
    """The address of the book, where the package's metadata has one."""
    with contextlib.suppress(metadata.PackageNotFoundError):
        for entry in metadata.metadata(DISTRIBUTION).get_all("Project-URL") or []:
            name, _, address = entry.partition(",")
            if name.strip().lower() == "book" and address.strip().startswith("https://"):
                return str(address.strip())
    return ""


def load(server: Any) -> None:
    """Add the desk to a Jupyter server: its addresses, and the files that the file browser doesn't list.

    The page hears at once whether there is a course, so that no other start page comes up first.
    """
    application = server.web_app
    base = url_path_join(application.settings["base_url"], "autograded")
    application.add_handlers(
        ".*$",
        [
            (url_path_join(base, "home"), HomeHandler),
            (url_path_join(base, "check"), CheckHandler),
            (url_path_join(base, "hand-in"), HandInHandler),
            (url_path_join(base, "compare"), CompareHandler),
            (url_path_join(base, "carry"), CarryHandler),
        ],
    )
    course = find_course(Path(application.settings["server_root_dir"]).expanduser().resolve())
    page = application.settings.setdefault("page_config_data", {})
    page["autogradedDesk"] = "true" if course else "false"
    if course is None:
        return
    globs = server.contents_manager.hide_globs
    globs = [*globs, *(name for name in HIDDEN if name not in globs)]
    server.contents_manager.hide_globs = globs
    server.config.ContentsManager.hide_globs = globs  # Jupytext's part of the server makes another manager, from this
