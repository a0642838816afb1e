"""Serve the page to this machine's browser, and to nobody else: on 127.0.0.1, with a token, without a network."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import secrets
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler, StaticFileHandler

from autograder.errors import CourseError
from autograder.grading.database import find_url, load_config, open_gradebook, tell_broken
from autograder.grading.places import find_places, forget_places
from autograder.marking.desk import Conflict, Desk
from autograder.marking.questions import Question, choose_question

PAGE = Path(__file__).parent / "page"
MAX_BODY = 1_000_000

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Room:
    """The desks of all chapters that are marked, and their questions in one list."""

    def __init__(self, desks: list[Desk], token: str, port: int) -> None:
        self.desks, self.token, self.port = desks, token, port
        self.questions: list[tuple[Desk, Question]] = [(desk, one) for desk in desks for one in desk.questions]

    @property
    def cookie(self) -> str:
        return f"marking-{self.port}"

    def overview(self) -> dict[str, Any]:
        viewer = self.desks[0].viewer
        rows = [
            {"chapter": one.chapter, "name": question.name, "title": question.title, **one.count(question)}
            for one, question in self.questions
        ]
        return {**vars(viewer), "questions": rows}


class _Handler(RequestHandler):  # type: ignore[misc]
    """Lets in only a browser that came with the token, at this machine's own name."""

    room: Room

    def initialize(self, room: Room) -> None:
        self.room = room

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")
        self.clear_header("Server")

    def prepare(self) -> None:
        names = {f"127.0.0.1:{self.room.port}", f"localhost:{self.room.port}"}
        given = self.get_query_argument("token", "") or self.get_cookie(self.room.cookie, "") or ""
        known = hmac.compare_digest(given.encode("utf-8", "replace"), self.room.token.encode())
        own = self.request.method == "GET" or self.request.headers.get("X-Marking") == "1"
        if self.request.host not in names or not known or not own:
            self.set_status(403)
            self.finish("This page needs the address that 'course mark' prints, with its token.")

    def answer(self, work: Callable[[], Any]) -> None:
        """Send what `work` returns, or why it can't."""
        try:
            found, status = work(), 200
        except Conflict as conflict:
            found, status = {"conflict": conflict.state}, 409
        except CourseError as error:
            found, status = {"error": str(error)}, 400
        except SQLAlchemyError as error:
            found, status = {"error": str(tell_broken(self.room.desks[0].engine.url, error))}, 503
        except OSError as error:
            found, status = (
                {"error": f"Nothing was saved: {error.strerror or error}. Fix the cause, and do it again."},
                503,
            )
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(found).encode())

    def question(self, number: str) -> tuple[Desk, Question]:
        if int(number) >= len(self.room.questions):
            raise CourseError("There is no such question any more. Load the page again.")
        return self.room.questions[int(number)]

    def body(self) -> dict[str, Any]:
        with contextlib.suppress(ValueError, RecursionError):
            if isinstance(found := json.loads(self.request.body), dict):
                return found
        raise CourseError("Nothing was saved: what the page sent can't be read. Load the page again.")


class _Page(_Handler):
    """The page itself. The token leaves the address, so that it isn't in the history or a screenshot."""

    def get(self) -> None:
        if self.get_query_argument("token", ""):
            self.set_cookie(self.room.cookie, self.room.token, httponly=True, samesite="Strict", path="/")
            self.redirect("/")
            return
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish((PAGE / "index.html").read_bytes())


class _Overview(_Handler):
    def get(self) -> None:
        self.answer(self.room.overview)


class _Question(_Handler):
    def get(self, number: str, what: str) -> None:
        def work() -> Any:
            desk, question = self.question(number)
            return desk.load(question) if what == "all" else desk.refresh(question)

        self.answer(work)

    def post(self, number: str, what: str) -> None:
        def work() -> Any:
            desk, question = self.question(number)
            return desk.save_mark(question, self.body()) if what == "mark" else desk.save_rubric(question, self.body())

        self.answer(work)


class _Static(StaticFileHandler):  # type: ignore[misc]
    def set_extra_headers(self, path: str) -> None:
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("Cache-Control", "no-cache")


def make_app(room: Room) -> Application:
    own = {"room": room}
    return Application(
        [
            (r"/", _Page, own),
            (r"/api/questions", _Overview, own),
            (r"/api/questions/(\d{1,6})/(all|states)", _Question, own),
            (r"/api/questions/(\d{1,6})/(mark|rubric)", _Question, own),
            (r"/page/(marking\.(?:css|js))", _Static, {"path": str(PAGE)}),
        ]
    )


def serve(
    course: Path,
    chapter: str | None,
    question: str | None,
    *,
    marker: str,
    anonymous: bool = False,
    independent: bool = False,
    port: int = 0,
    on_ready: Callable[[str], None],
) -> None:
    """Serve until Ctrl+C. `on_ready` gets the address, with the token. Raises `CourseError` where there is nothing to mark."""
    forget_places()
    places = find_places(course)
    chapters = [chapter] if chapter else [name for name in places.list_assignments() if places.list_graded(name)]
    ready = [name for name in chapters if places.list_graded(name)]
    if not ready:
        named = chapter or "CHAPTER"
        raise CourseError(f"Nothing of {named} has been graded yet: run 'course grade {named}' first.")
    with open_gradebook(course, find_url(course, load_config(course))) as gradebook:
        desks = [Desk(course, name, gradebook.engine, marker, anonymous, independent) for name in ready]
        desks = [desk for desk in desks if desk.questions]
        if not desks:
            raise CourseError(f"There is nothing to mark by hand in {', '.join(ready)}.")
        first = choose_question(desks[0].questions, desks[0].chapter, question) if question else 0
        listener = listen(port)
        room = Room(desks, secrets.token_urlsafe(24), listener.getsockname()[1])
        for desk in desks:
            desk.ledger.refresh()
        address = f"http://127.0.0.1:{room.port}/?token={room.token}#{first + 1}"
        asyncio.run(_run_until_stopped(room, listener, lambda: on_ready(address)))


def listen(port: int) -> socket.socket:
    """A socket at this port of this machine, 0 for a free one. Raises `CourseError` where it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else "there is no such port"
        raise CourseError(f"Port {port} cannot be used ({reason}). Choose another, or leave --port out.") from error
    listener.listen(64)
    listener.setblocking(False)
    return listener


async def run(room: Room, listener: socket.socket, on_ready: Callable[[], None], stopped: asyncio.Event) -> None:
    """Serve until `stopped` is set."""
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    server = HTTPServer(make_app(room), max_body_size=MAX_BODY)
    server.add_sockets([listener])
    on_ready()
    try:
        await stopped.wait()
    finally:
        server.stop()
        await server.close_all_connections()


async def _run_until_stopped(room: Room, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        with contextlib.suppress(NotImplementedError, AttributeError):  # Windows: Ctrl+C raises
            loop.add_signal_handler(getattr(signal, name), stopped.set)
    await run(room, listener, on_ready, stopped)
