"""The dashboard in a browser: as files where a browser can read them, or served on this machine, to whoever has the address.

Names and marks of students are on these pages, and `127.0.0.1` belongs to everyone who is logged in on a machine. So the address has a
secret in it, as JupyterLab's has, and only the dashboard, the feedback pages and the graded notebooks are served.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import urllib.parse
import webbrowser
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from autograder.grading.places import find_places
from autograder.reporting.links import FOLDER

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".ipynb": "application/x-ipynb+json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
"""What is served, by the ends of names."""

POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src data:; script-src {script}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Server(ThreadingHTTPServer):
    """Serves a course's dashboard, and the work that it links to, on a free port of this machine."""

    daemon_threads = True

    def __init__(self, root: Path, port: int = 0) -> None:
        self.secret = secrets.token_urlsafe(24)
        places = find_places(root)
        self.site = (root / "reports" / FOLDER).resolve()
        self.top = Path(
            os.path.commonpath([root.resolve(), Path(places.root).resolve()])
        )  # links may lead from one to the other
        steps = "|".join(re.escape(step) for step in (places.feedback, places.autograded))
        parts = {"nbgrader_step": f"(?:{steps})", "student_id": "[^/]+", "assignment_id": "[^/]+"}
        named = re.split(r"\{(\w+)\}", Path(places.structure).as_posix())
        pattern = "".join(parts[part] if place % 2 else re.escape(part) for place, part in enumerate(named))
        self.work = re.compile(f"{re.escape(Path(places.root).resolve().as_posix())}/{pattern}/.+", re.DOTALL)
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def address(self) -> str:
        """Where the first page is."""
        page = urllib.parse.quote((self.site / "index.html").relative_to(self.top).as_posix())
        return f"http://127.0.0.1:{self.server_port}/{self.secret}/{page}"

    def find(self, path: str) -> Path | None:
        """The file at an address' path; `None` for one without the secret, outside of what is shown, or of another kind."""
        given, _, name = urllib.parse.unquote(path.partition("?")[0]).lstrip("/").partition("/")
        if not secrets.compare_digest(given.encode("utf-8", "replace"), self.secret.encode()) or "\0" in name:
            return None
        with contextlib.suppress(OSError, ValueError):
            found = (self.top / name).resolve()
            inside = found.is_relative_to(self.site) or self.work.fullmatch(found.as_posix())
            if inside and found.suffix in KINDS and found.is_file():
                return found
        return None


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version, sys_version = "course", ""

    def do_GET(self) -> None:
        path = self.server.find(self.path) if self._is_meant() else None
        if path is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        data = path.read_bytes()
        own = path.is_relative_to(self.server.site)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", KINDS[path.suffix])
        self.send_header("Content-Length", str(len(data)))
        # A page of a student's work runs nothing, whatever is in it.
        self.send_header("Content-Security-Policy", POLICY.format(script="'self'" if own else "'none'"))
        self.end_headers()
        self.wfile.write(data)

    def end_headers(self) -> None:
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def _is_meant(self) -> bool:
        """Whether the page was asked for by this server's address, and not by a name that somebody else made point here."""
        return self.headers.get("Host", "") in (
            f"127.0.0.1:{self.server.server_port}",
            f"localhost:{self.server.server_port}",
        )

    def log_message(self, *_: object) -> None:
        pass  # the addresses have the secret in them


def find_browser(environment: Mapping[str, str] = os.environ) -> webbrowser.BaseBrowser | None:
    """A browser with a window, `None` where there is none: on a server, or in a terminal."""
    if os.name == "posix" and os.uname().sysname == "Linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & environment.keys():
        return None
    try:
        return webbrowser.get()
    except webbrowser.Error:
        return None


def open_page(page: Path) -> bool:
    """Open a page in a browser; whether there is one."""
    browser = find_browser()
    return browser is not None and browser.open(page.resolve().as_uri())


def open_site(root: Path, page: Path, tell: Callable[[str], None]) -> None:
    """Show the dashboard in a browser; where there is none, serve it until the command is stopped, and tell the address."""
    if open_page(page):
        return
    with Server(root) as server:
        tell(f"The dashboard is at {server.address}")
        tell("Whoever has this address can read it on this machine, until you stop this command with Ctrl+C.")
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
