"""How quick the desk is: JupyterLab's page to a usable panel, a check's card, and the size of what the page loads.

    python benchmarks/desk.py [--json] [--runs 5]

The workspace has all chapters, with the solutions in place of the answers, so all results and figures are stored. *Panel* is the time from opening
the address to the panel with every chapter's state, in a fresh browser each run; *server* the time until JupyterLab answers. *Card* is one result
of two mistakes with tables of 48 numbers, from its data to laid out. Medians.
"""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import nbformat  # noqa: E402
from lab import free_port, open_browser, own_settings  # noqa: E402
from playwright.sync_api import Page, expect  # noqa: E402

from autograder.course.workspace import make_command, update_workspace, wait_until_up  # noqa: E402
from autograder.formats import RESULT  # noqa: E402

MADE = ROOT / "autograder" / "desk" / "labextension"
TABLE = {
    "rows": [[f"{row}.{column:04}" for column in range(8)] for row in range(6)],
    "shape": [6, 8],
    "dtype": "float32",
}
MISTAKE = {
    "look": "values",
    "known": False,
    "tried": "f(z)",
    "given": [{"name": "z", **TABLE}],
    "got": TABLE,
    "expected": {**TABLE, "rows": [["0.0"] * 8] * 6},
}
BIG = {
    "exercise": "softmax",
    "score": 0,
    "points": 3,
    "attempted": True,
    "mistakes": [{**MISTAKE, "part": part, "says": f"`f`: {part} is not the expected one."} for part in ("one", "two")],
    "parts": [{"name": part, "points": 1, "score": 0} for part in ("one", "two")],
}
DRAW = """
async ([type, result, runs]) => {
    const tracker = jupyterapp.shell.currentWidget.content.rendermime;
    const place = document.querySelector('.jp-Notebook');
    const times = [];
    for (let run = 0; run < runs; run++) {
        const from = performance.now();
        const card = tracker.createRenderer(type);
        await card.renderModel({data: {[type]: result}, metadata: {}, trusted: true});
        place.append(card.node);
        card.node.offsetHeight;
        times.push(performance.now() - from);
        card.dispose();
    }
    return times;
}
"""


def prepare(workspace: Path) -> int:
    """Fill a workspace as a student has it at the end; returns how many notebooks it has."""
    update_workspace(ROOT / "release", workspace)
    own = sorted(workspace.glob("[0-9]*/*.ipynb"))
    for path in own:
        solved = nbformat.read(ROOT / "solutions" / path.relative_to(workspace), as_version=4)
        by_id = {cell.id: cell for cell in solved.cells}
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.id in by_id:
                cell.source = by_id[cell.id].source
                cell.update({name: by_id[cell.id][name] for name in ("outputs", "execution_count") if name in cell})
        nbformat.write(notebook, path)
    return len(own)


def measure(workspace: Path, home: Path, runs: int) -> dict[str, float]:
    """The medians, with JupyterLab started once."""
    port, token = free_port(), secrets.token_hex(16)
    settings = home / "settings"
    settings.mkdir()
    command = [*make_command(workspace, "127.0.0.1", port, token, settings), "--LabApp.expose_app_in_browser=True"]
    begin = time.perf_counter()
    server = subprocess.Popen(command, env=own_settings(home), stdin=subprocess.DEVNULL)
    try:
        wait_until_up(server, f"http://127.0.0.1:{port}/api")
        up = time.perf_counter() - begin
        address = f"http://localhost:{port}/lab?token={token}"
        panels = []
        for _ in range(runs):
            with open_browser() as page:
                panels.append(open_panel(page, address))
        with open_browser() as page:
            open_panel(page, address)
            page.locator(".agd-chapter").first.click()
            expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible()
            cards = page.evaluate(DRAW, [RESULT, BIG, 20])
        return {"server": up, "panel": statistics.median(panels), "card": statistics.median(cards)}
    finally:
        server.terminate()
        server.wait()


def open_panel(page: Page, address: str) -> float:
    """The seconds until the panel has every chapter."""
    begin = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator(".agd-tree [role=treeitem]").first.wait_for()
    return time.perf_counter() - begin


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(description="Measure the desk in JupyterLab.")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--runs", type=int, default=5, help="how often the page is opened (default: 5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder, "workspace")
        notebooks = prepare(workspace)
        found = measure(workspace, Path(folder), options.runs)
    found["build"] = sum(path.stat().st_size for path in MADE.rglob("*") if path.is_file()) / 1000
    if options.json:
        print(json.dumps({"notebooks": notebooks, **found}))
        return
    print(f"{notebooks} notebooks, all solved")
    print(f"server answers after    {found['server']:6.2f} s")
    print(f"panel usable after      {found['panel']:6.2f} s   (limit 3)")
    print(f"a large card            {found['card']:6.1f} ms  (limit 50)")
    print(f"the extension           {found['build']:6.0f} kB  (limit 150)")


if __name__ == "__main__":
    main()
