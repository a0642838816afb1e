"""Read the built book in Chromium: no request may leave the machine, every formula has to be there, and axe has to be content.

Each page is read in light, and in dark for what colors change, and measured on the screens of a tablet and a phone; one page of each kind is also
read on a phone.
"""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources, util
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from autograder.errors import CourseError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request, Route

BROWSERS = ("chromium", "google-chrome", "chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--no-first-run"]
WIDE, MIDDLE, NARROW = 1280, 800, 400
HEIGHT = 900

FORMULAS = """
async () => {
    if (!window.MathJax) return [document.querySelectorAll('.math').length, 0, []];
    await MathJax.startup.promise;
    const places = [...document.querySelectorAll('.math')];
    const bare = places.filter(one => !one.querySelector('mjx-container')).map(one => one.textContent);
    const wrong = [...document.querySelectorAll('mjx-merror, [data-mjx-error]')].map(one => one.textContent);
    return [places.length, places.length - bare.length, [...bare, ...wrong]];
}
"""
"""How many formulas a page has, how many are rendered, and those that aren't or that MathJax can't read."""

TOO_WIDE = """
() => {
    const edge = document.documentElement.clientWidth;
    const page = document.documentElement.scrollWidth - edge;
    if (page > 1) return `the page is ${page} pixels wider than the screen`;
    const scrolls = one => { for (one = one.parentElement; one && !one.matches('.content'); one = one.parentElement)
        if (getComputedStyle(one).overflowX !== 'visible') return true; };
    const wide = [...document.querySelectorAll('.content, article *')].find(
        one => one.getBoundingClientRect().right > edge + 1 && one.offsetParent && !one.closest('mjx-assistive-mml') && !scrolls(one));
    return wide ? `<${wide.localName} class="${wide.className}"> ends ${Math.round(wide.getBoundingClientRect().right - edge)} pixels right of the screen` : '';
}
"""
"""What of a page is cut off at the right: the theme hides it, so the page's own width doesn't tell."""

AXE = """
async rules => {
    const seen = new Set();
    for (const one of document.querySelectorAll('.highlight pre span:not(:has(*))')) {
        const style = getComputedStyle(one);
        const places = ['section.exercise', '.tag_answer', '.cell_output'].map(place => one.closest(place) !== null);
        const kind = [style.color, style.backgroundColor, style.fontSize, style.fontWeight, ...places].join();
        one.toggleAttribute('data-alike', seen.has(kind));
        seen.add(kind);
    }
    const options = {resultTypes: ['violations'], ...(rules && {runOnly: rules})};
    const found = (await axe.run({exclude: ['[data-alike]']}, options)).violations;
    for (const one of found.filter(one => one.id === 'empty-table-header'))
        one.nodes = one.nodes.filter(node => !document.querySelector(node.target[0]).querySelector('mjx-container math'));
    return found.filter(one => one.nodes.length).map(
        one => `${one.id} (${one.nodes.length}): ${one.help}: ${one.nodes[0].html.slice(0, 160)}`);
}
"""
"""What axe finds. It takes a table's head for empty that is a formula, though its MathML is read aloud. Of the words of code that look alike, it sees one: a page has thousands, and their contrast takes most of the time."""


@dataclass
class Seen:
    """What a look at the pages found: how many views and formulas, what axe says, what left the machine, and what went wrong on a page."""

    views: int = 0
    formulas: int = 0
    violations: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_book(folder: Path, names: list[str] | None = None, tell: Callable[[str], None] = print) -> Seen:
    """Read the pages in `folder` (default: all, `names` are their paths in it) as a reader would.

    Raises `CourseError` where there is no Chromium, or what drives it isn't installed.
    """
    if missing := [name for name in ("playwright", "axe_playwright_python") if util.find_spec(name) is None]:
        raise CourseError(
            f"Looking at the pages needs {', '.join(missing)}. Install it with: python -m pip install --editable '.[book]'"
        )
    programs = [path for name in BROWSERS if (path := shutil.which(name))]
    if not programs:
        raise CourseError(f"Looking at the pages needs a browser, and none of {', '.join(BROWSERS)} is installed.")
    from playwright.sync_api import sync_playwright

    names = names or sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    seen = Seen()
    with serve(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=programs[0], args=ARGUMENTS)
        try:
            for theme in ("light", "dark"):
                tell(f"Reading {len(names)} pages in {theme}")
                _read(browser, address, names, theme, WIDE, seen)
            kinds = list(
                {(Path(name).parent.name == "reference", Path(name).stem == "index"): name for name in names}.values()
            )
            _read(browser, address, kinds, "light", NARROW, seen)
        finally:
            browser.close()
    return seen


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The files in `folder` at an address of this machine, until the block ends."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def _read(browser: Browser, address: str, names: list[str], theme: str, width: int, seen: Seen) -> None:
    context = browser.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=theme)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        keep_home(page, address, seen)
        for name in names:
            where = f"{name} ({theme}, {width} pixels)"
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.goto(address + name)
            _read_page(
                page, where, theme == "light" and width == WIDE, ["color-contrast"] if theme == "dark" else None, seen
            )
    finally:
        context.close()


def keep_home(page: Page, address: str, seen: Seen) -> None:
    """Let a page ask nobody but `address`; what it asks of others, what is missing, and errors of its scripts are noted."""
    home = urlsplit(address).netloc

    def decide(route: Route) -> None:
        parts = urlsplit(route.request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != home:
            seen.requests.append(f"{page.url} asks for {route.request.url}")
            route.abort()
        else:
            route.continue_()

    def fail(request: Request) -> None:
        if urlsplit(request.url).netloc == home and "ERR_ABORTED" not in (request.failure or ""):
            seen.problems.append(f"{request.url}: {request.failure}")

    page.context.route("**/*", decide)
    page.on("requestfailed", fail)
    page.on("response", lambda one: seen.problems.append(f"{one.url}: {one.status}") if one.status >= 400 else None)
    page.on("pageerror", lambda error: seen.problems.append(f"{page.url}: {error}"))


def _read_page(page: Page, where: str, measure: bool, rules: list[str] | None, seen: Seen) -> None:
    count, rendered, wrong = page.evaluate(FORMULAS)
    seen.views += 1
    seen.formulas += rendered
    if count != rendered or wrong:
        seen.problems.append(f"{where}: {count - rendered} of {count} formulas aren't rendered: {wrong[:3]}")
    # What is folded is read too.
    page.evaluate("for (const one of document.querySelectorAll('article details')) one.open = true")
    page.evaluate(resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    seen.violations += [f"{where}: {one}" for one in page.evaluate(AXE, rules)]
    if measure:
        _measure(page, where, seen)


def _measure(page: Page, where: str, seen: Seen) -> None:
    for width in (WIDE, MIDDLE, NARROW):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        if too_wide := page.evaluate(TOO_WIDE):
            seen.problems.append(f"{where}, at {width} pixels: {too_wide}")
