"""What JupyterLab's server does for the desk, without a browser."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import nbformat
import pytest
from lab import free_port, own_settings
from nbformat.v4 import new_code_cell, new_notebook

from autograder.course.workspace import update_workspace, wait_until_up
from autograder.desk import checking
from autograder.desk.checking import check_notebook
from autograder.desk.comparing import compare
from autograder.desk.handing import describe, find_exchange, hand_in
from autograder.desk.server import find_course
from autograder.errors import CourseError

CHAPTER = "01_mini"
NOTEBOOK = f"{CHAPTER}/1_mini.ipynb"


@pytest.fixture
def workspace(mini: Path, tmp_path: Path) -> Path:
    """A student's own copy, with a name that paths have to survive."""
    workspace = tmp_path / "my course, “1”"
    update_workspace(mini / "release", workspace)
    return workspace


def run(path: Path, **settings: Any) -> list[dict[str, Any]]:
    async def collect() -> list[dict[str, Any]]:
        return [step async for step in check_notebook(path, **settings)]

    return asyncio.run(collect())


def test_a_run_says_what_each_exercise_gets_after_an_error_as_well_and_leaves_the_file_alone(workspace: Path) -> None:
    path = workspace / NOTEBOOK
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(2, new_code_cell("missing_name"))
    next(cell for cell in notebook.cells if cell.id == "shape").source = "shape = (2, 5)"
    nbformat.write(notebook, path)
    before = path.read_bytes()
    *steps, outcome = run(path)
    assert [step["step"] for step in steps] == list(range(steps[0]["of"]))
    assert [(one["error"], one["near"]) for one in outcome["stopped"]] == [("NameError", "A small notebook")]
    states = {one["id"]: one["state"] for one in outcome["exercises"]}
    assert states == {"relu": "untouched", "shape": "right", "why": "untouched"}
    assert path.read_bytes() == before


STUBBORN = "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass"


def test_a_run_ends_what_never_ends_and_goes_on_when_the_kernel_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "MOST_KERNELS", 2)
    path = tmp_path / "a.ipynb"
    sources = ["known = 1", "while True:\n    pass", STUBBORN, "known + missing", "import os\nos._exit(1)", "1 / 0"]
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)
    *steps, outcome = run(path, seconds=1.5, grace=1)
    assert [step["step"] for step in steps] == [0, 1, 2, 3, 4]
    assert [(one["error"], one["says"].rpartition("; ")[2]) for one in outcome["stopped"]] == [
        ("Timeout", "stopped after 1.5 seconds"),
        ("Timeout", "a new kernel went on without it"),
        ("NameError", "name 'missing' is not defined"),
        ("DeadKernel", "the cells after it weren't run"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "isn't a notebook's JSON"),
        (
            json.dumps({"cells": [], "metadata": {"kernelspec": {"name": "no-such"}}}),
            "There is no kernel 'no-such' here",
        ),
    ],
)
def test_what_cannot_run_says_why(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match=re.escape(says)):
        run(path)


def test_the_course_is_found_in_its_folder_or_above_and_an_instructors_is_none(
    workspace: Path, mini: Path, tmp_path: Path
) -> None:
    assert find_course(workspace) == workspace
    assert find_course(tmp_path) == workspace
    assert find_course(mini) is None
    assert find_course(tmp_path / "missing") is None
    fetched = tmp_path / "fetched" / "course"
    shutil.copytree(mini / "release", fetched)  # as nbgrader or git brings it, without our record
    assert find_course(fetched) == fetched
    assert find_course(fetched.parent) == fetched


def test_handing_in_twice_keeps_both_zips_and_takes_only_the_students_notebooks(workspace: Path) -> None:
    shutil.copyfile(workspace / NOTEBOOK, workspace / CHAPTER / "1_mini.new-abcdef.ipynb")
    told = describe(workspace, CHAPTER)
    assert [one["path"] for one in told["notebooks"]] == [NOTEBOOK]
    assert told["exchange"] == ""
    first, second = (hand_in(workspace, CHAPTER) for _ in range(2))
    assert first.path != second.path
    assert first.holds == [NOTEBOOK]
    assert len(list((workspace / "handed_in").iterdir())) == 2
    with pytest.raises(CourseError, match="There is no chapter '02' here"):
        hand_in(workspace, "02")
    shutil.rmtree(workspace / "handed_in")
    (workspace / "handed_in").write_text("in the way", encoding="utf-8")
    with pytest.raises(CourseError, match="The zip cannot be made in handed_in/"):
        hand_in(workspace, CHAPTER)


def test_comparing_names_what_the_release_changes_and_nothing_of_the_students(workspace: Path) -> None:
    own, newer = workspace / NOTEBOOK, workspace / CHAPTER / "1_mini.new-abcdef.ipynb"
    notebook = nbformat.read(own, as_version=4)
    nbformat.write(notebook, newer)
    next(cell for cell in notebook.cells if cell.id == "relu").source = "def relu(z):\n    return z"
    next(cell for cell in notebook.cells if cell.id == "relu-check").source += "\n# once more"
    notebook.cells.append(new_code_cell("mine = 1"))
    nbformat.write(notebook, own)
    [change] = compare(own, newer)
    assert (change.kind, change.name) == ("changed", "relu-check")
    assert "-# once more" in change.lines
    with pytest.raises(CourseError, match="not a newer release"):
        compare(own, own)


@pytest.mark.nightly
def test_a_plain_jupyter_lab_has_the_desk_where_the_package_is_installed(workspace: Path, tmp_path: Path) -> None:
    """As on a hub: no command line of ours, only what the installation put in place. Nobody without the token asks the desk anything."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--port",
        str(port),
        "--IdentityProvider.token=abc",
    ]
    server = subprocess.Popen(command, cwd=workspace, env=own_settings(tmp_path), text=True, stdin=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(server, f"{address}/api")
        with urllib.request.urlopen(f"{address}/lab?token=abc", timeout=30) as page:
            text = page.read().decode()
        config = json.loads(
            re.search(r'<script id="jupyter-config-data" type="application/json">(.*?)</script>', text, re.S)[1]
        )
        assert config["autogradedDesk"] == "true"
        assert "autograded-desk" in [one["name"] for one in config["federated_extensions"]]
        with urllib.request.urlopen(f"{address}/autograded/home?token=abc", timeout=30) as home:
            assert json.load(home)["totals"]["exercises"] == 3
        for path, status in (("home", 403), ("compare?token=abc&own=../a.ipynb&newer=b", 404)):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"{address}/autograded/{path}", timeout=30)
            assert refused.value.code == status
    finally:
        server.terminate()
        server.communicate(timeout=60)


@pytest.mark.nightly
def test_where_nbgraders_exchange_has_the_chapter_it_gets_it(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, settings = tmp_path / "exchange", tmp_path / "settings"
    (root / "ml" / "outbound").mkdir(parents=True)
    (root / "ml" / "inbound").mkdir()
    (root / "ml" / "inbound").chmod(0o733)
    settings.mkdir()
    (settings / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.course_id = 'ml'\nc.Exchange.root = {str(root)!r}\nc.Exchange.cache = {str(tmp_path / 'cache')!r}\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(settings))
    assert find_exchange(workspace, CHAPTER) is None  # not released there
    shutil.copytree(workspace / CHAPTER, root / "ml" / "outbound" / CHAPTER)
    assert describe(workspace, CHAPTER)["exchange"] == "ml"
    handed = hand_in(workspace, CHAPTER)
    assert (handed.course, handed.path, handed.holds) == ("ml", "", [NOTEBOOK])
    [submitted] = (root / "ml" / "inbound").iterdir()
    assert (submitted / "1_mini.ipynb").read_bytes() == (workspace / NOTEBOOK).read_bytes()


@pytest.mark.nightly
@pytest.mark.skipif(shutil.which("npm") is None, reason="only whoever changes the extension needs Node")
def test_building_the_extension_again_gives_what_is_committed(root: Path, tmp_path: Path) -> None:
    """In another folder, names of files and numbers of modules differ; the code doesn't."""
    sources = tmp_path / "labextension"
    shutil.copytree(root / "labextension", sources, ignore=shutil.ignore_patterns("node_modules", "lib"))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for command in (["npm", "ci", "--no-audit", "--no-fund"], ["npm", "run", "build"]):
        subprocess.run(command, cwd=sources, env={**os.environ, "PATH": path}, check=True, capture_output=True)
    made, committed = (one / "autograder" / "desk" / "labextension" / "autograded-desk" for one in (tmp_path, root))
    assert read_code(made) == read_code(committed)


def read_code(made: Path) -> list[str]:
    """The code that was made, without hashes and numbers."""
    texts = [path.read_text(encoding="utf-8") for path in (made / "static").glob("*.js")]
    return sorted(re.sub(r"[0-9a-f]{8,}|\b\d+\b", "#", text) for text in texts)
