"""A notebook in JupyterLab as its reader sees it, in a real browser: for tests/course/test_lab.py and for authors.

    python tests/lab.py NOTEBOOK.ipynb OUT_FOLDER [--width 1280]

opens the notebook in JupyterLab, runs all its cells, and saves screenshots of it from top to bottom as
OUT_FOLDER/01.png, 02.png, ... The notebook file itself is not changed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, urlsplit

import nbformat
import psutil
from playwright.sync_api import Locator, Page, expect, sync_playwright

from autograder.course.workspace import make_command, wait_until_up

BROWSERS = ("chromium", "google-chrome", "chromium-browser")
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECONDS = 60
"""How long to wait for what should be on the page: far more than it takes."""

expect.set_options(timeout=SECONDS * 1000)

RECORD_TOASTS = """
window.toasts = [];
new MutationObserver(records => {
    for (const record of records)
        for (const node of record.addedNodes)
            if (node.querySelector && (node.matches('.Toastify__toast') || node.querySelector('.Toastify__toast')))
                window.toasts.push(node.textContent);
}).observe(document, {childList: true, subtree: true});
"""


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def own_settings(folder: Path) -> dict[str, str]:
    """An environment in which Jupyter and IPython keep settings and state in `folder`, not in the user's home."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    kept = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}  # another test may have set it
    return {**kept, **{name: str(folder / name.lower()) for name in (*names, "IPYTHONDIR")}}


@contextmanager
def run_course_lab(course: Path, workspace: Path, home: Path) -> Iterator[str]:
    """`course lab` as a student runs it, until the block ends; yields the address that it prints.

    Raises `AssertionError` when it does not start, or when one of its processes is left after Ctrl+C.
    """
    command = [Path(sys.executable).with_name("course"), "lab", "--no-browser", "--port", str(free_port())]
    server = subprocess.Popen(
        [*command, "--workspace", workspace], cwd=course, env=own_settings(home), stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        said = ""
        for line in server.stdout:
            said += line
            if found := re.search(r"http://\S+", line):
                yield found[0]
                break
        else:
            raise AssertionError(f"course lab printed no address, but: {said!r}")
    finally:
        stop(server, signal.SIGINT)


def stop(server: subprocess.Popen[str], by: signal.Signals) -> None:
    """Stop the server by a signal; raises `AssertionError` when any process that it started is left."""
    started = psutil.Process(server.pid).children(recursive=True) if server.poll() is None else []
    server.send_signal(by)
    server.communicate(timeout=SECONDS)
    _, left = psutil.wait_procs(started, timeout=SECONDS)
    for process in left:
        process.kill()
    assert not left, f"left running: {left}"


@contextmanager
def open_browser(width: int = 1280, height: int = 900) -> Iterator[Page]:
    """A page of a headless Chromium; keeps the text of every toast in `window.toasts`."""
    browsers = [path for name in BROWSERS if (path := shutil.which(name))]
    if not browsers:
        raise RuntimeError(f"JupyterLab is tested in a browser, and none of {', '.join(BROWSERS)} is installed.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers[0], args=BROWSER_ARGUMENTS)
        try:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_default_timeout(SECONDS * 1000)
            page.add_init_script(RECORD_TOASTS)
            yield page
        finally:
            browser.close()


def open_notebook(page: Page, address: str, name: str) -> None:
    """Open the notebook `name`, a path below the server's folder, and wait until its kernel is idle."""
    parts = urlsplit(address)
    page.goto(f"{parts.scheme}://{parts.netloc}/lab/tree/{quote(name)}?{parts.query}")
    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible()
    wait_for_kernel(page)


def wait_for_kernel(page: Page) -> None:
    """Wait until nothing is running or queued."""
    expect(page.locator(".jp-InputPrompt", has_text="*")).to_have_count(0)
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle")


def find_cell(page: Page, notebook: Path, grade_id: str) -> Locator:
    """The cell on the page that has the name `grade_id` for nbgrader in the file `notebook`."""
    cells = nbformat.read(notebook, as_version=4).cells
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in cells]
    return page.locator(".jp-Notebook .jp-Cell").nth(names.index(grade_id))


def write(page: Page, cell: Locator, *lines: str) -> None:
    """Type `lines` in place of what the cell holds; JupyterLab indents by itself."""
    cell.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    for number, line in enumerate(lines):
        if number:
            page.keyboard.press("Enter")
        page.keyboard.type(line)


def run_with_check(page: Page) -> None:
    """Run the cell that is being edited and, when it is done, the check below it: after an error Jupyter leaves out what is queued."""
    page.keyboard.press("Shift+Enter")
    wait_for_kernel(page)
    page.keyboard.press("Shift+Enter")


def photograph(notebook: Path, out: Path, width: int) -> int:
    """Run `notebook` in JupyterLab and save screenshots from top to bottom; returns how many."""
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        settings = Path(folder, "settings")
        settings.mkdir()
        port, token = free_port(), secrets.token_hex(16)
        command = make_command(notebook.resolve().parent, "127.0.0.1", port, token, settings)
        overrides = {
            "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "scrollPastEnd": False},
            "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
        }
        (settings / "overrides.json").write_text(json.dumps(overrides))
        command.append("--LabApp.expose_app_in_browser=True")
        server = subprocess.Popen(command, env=own_settings(Path(folder)), stdin=subprocess.DEVNULL, text=True)
        try:
            wait_until_up(server, f"http://127.0.0.1:{port}/api")
            with open_browser(width, 1000) as page:
                open_notebook(page, f"http://localhost:{port}/lab?token={token}", notebook.name)
                page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")  # ends when the cells have run
                wait_for_kernel(page)
                return scroll_through(page, out)
        finally:
            stop(server, signal.SIGTERM)


def scroll_through(page: Page, out: Path) -> int:
    """Save the notebook on the page as screenshots, each a little less than a page further; returns how many."""
    scroller = page.locator(".jp-WindowedPanel-outer").first
    page.evaluate("document.fonts.ready")
    number = 0
    while True:
        at, step, height = scroller.evaluate(
            """async (element, number) => {
                element.scrollTop = number * (element.clientHeight - 40);
                await Promise.all([...element.querySelectorAll('img')].map(one => one.decode().catch(() => 0)));
                await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
                return [element.scrollTop, element.clientHeight, element.scrollHeight];
            }""",
            number,
        )
        number += 1
        page.screenshot(path=out / f"{number:02}.png")
        if at + step >= height - 1:
            return number


def main() -> None:
    """Read the command line and photograph the notebook."""
    parser = argparse.ArgumentParser(description="Run a notebook in JupyterLab and save screenshots of all of it.")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, default=1280, help="the window's width in pixels (default: 1280)")
    options = parser.parse_args()
    if not options.notebook.is_file():
        parser.error(f"there is no file {options.notebook}")
    print(f"{photograph(options.notebook, options.out, options.width)} screenshots in {options.out}/")


if __name__ == "__main__":
    main()
