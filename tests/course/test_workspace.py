"""A student's workspace: what is copied, what is replaced, and what is never touched; and how `course lab` refuses."""

from __future__ import annotations

import hashlib
import json
import socket
from pathlib import Path

import pytest
from ipykernel.ipkernel import IPythonKernel

from autograder.cli import main
from autograder.course.workspace import update_workspace
from autograder.errors import CourseError
from autograder.formats import RELEASED

NOTEBOOK = "01_mini/1_mini.ipynb"


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release of one chapter: a notebook, a figure and the known mistakes."""
    folder = tmp_path / "release" / "01_mini"
    folder.mkdir(parents=True)
    (folder / "1_mini.ipynb").write_text("first release")
    (folder / "figure.svg").write_text("first figure")
    (folder / "mistakes.json").write_text("{}")
    return folder.parent


@pytest.fixture
def workspace(tmp_path: Path, release: Path) -> Path:
    """A workspace that holds the release."""
    folder = tmp_path / "workspace"
    update_workspace(release, folder)
    return folder


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != RELEASED
    }


def beside(text: str) -> str:
    return f"1_mini.new-{hashlib.sha256(text.encode()).hexdigest()[:6]}.ipynb"


def test_the_first_run_copies_the_release_and_says_nothing(release: Path, tmp_path: Path) -> None:
    assert update_workspace(release, tmp_path / "new") == []
    assert files(tmp_path / "new") == files(release)


def test_a_copy_for_another_editor_needs_no_server(
    release: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(release.parent)
    assert main(["lab", "--no-server"]) == 0
    assert capsys.readouterr().out == "Your copy of the chapters is in workspace.\n"
    assert files(release.with_name("workspace")) == files(release)


def test_an_untouched_notebook_is_replaced_by_its_newer_release(release: Path, workspace: Path) -> None:
    (release / NOTEBOOK).write_text("second release")
    assert update_workspace(release, workspace) == [
        f"{NOTEBOOK} was replaced by its new release; you had not changed it."
    ]
    assert files(workspace) == files(release)
    assert update_workspace(release, workspace) == []


def test_a_changed_notebook_is_kept_and_its_newer_release_put_beside_it(release: Path, workspace: Path) -> None:
    (workspace / NOTEBOOK).write_text("my work")
    (release / NOTEBOOK).write_text("second release")
    name = beside("second release")
    said = f"{NOTEBOOK}: there is a new release; it is in {name}, and your own work is unchanged."
    assert update_workspace(release, workspace) == [f"{said} To take it over with your answers: course new-release"]
    assert (workspace / NOTEBOOK).read_text() == "my work"
    assert (workspace / "01_mini" / name).read_text() == "second release"


def test_a_newer_release_is_announced_once(release: Path, workspace: Path) -> None:
    (workspace / NOTEBOOK).write_text("my work")
    (release / NOTEBOOK).write_text("second release")
    update_workspace(release, workspace)
    before = files(workspace)
    assert update_workspace(release, workspace) == []
    assert files(workspace) == before
    (release / NOTEBOOK).write_text("third release")
    assert beside("third release") in update_workspace(release, workspace)[0]


def test_a_changed_notebook_without_a_newer_release_is_left_alone(release: Path, workspace: Path) -> None:
    (workspace / NOTEBOOK).write_text("my work")
    before = files(workspace)
    assert update_workspace(release, workspace) == []
    assert files(workspace) == before


def test_a_deleted_notebook_comes_back(release: Path, workspace: Path) -> None:
    (workspace / NOTEBOOK).unlink()
    assert update_workspace(release, workspace) == []
    assert files(workspace) == files(release)


def test_the_known_mistakes_are_always_those_of_the_release(release: Path, workspace: Path) -> None:
    (workspace / "01_mini" / "mistakes.json").write_text("spoiled")
    (release / "01_mini" / "mistakes.json").write_text('{"relu": []}')
    assert update_workspace(release, workspace) == []
    assert files(workspace) == files(release)


def test_what_the_student_adds_stays(release: Path, workspace: Path) -> None:
    (workspace / "01_mini" / "notes.txt").write_text("mine")
    update_workspace(release, workspace)
    assert (workspace / "01_mini" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("record", ["{ half a rec", "[]", "", None])
def test_without_a_readable_record_nothing_of_the_students_is_lost(
    release: Path, workspace: Path, record: str | None
) -> None:
    (workspace / NOTEBOOK).write_text("my work")
    (release / NOTEBOOK).write_text("second release")
    update_workspace(release, workspace)
    (workspace / "01_mini" / beside("second release")).write_text("my work, gone on with in the new release")
    if record is None:
        (workspace / RELEASED).unlink()
    else:
        (workspace / RELEASED).write_text(record)
    before = files(workspace)
    assert len(update_workspace(release, workspace)) == 1
    assert files(workspace) == before
    assert update_workspace(release, workspace) == []


def test_what_jupyterlab_writes_of_the_language_is_there_and_is_no_change(tmp_path: Path) -> None:
    released = {"cells": [], "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}
    path, workspace = tmp_path / "release" / NOTEBOOK, tmp_path / "workspace"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(released))
    update_workspace(path.parents[1], workspace)
    own = json.loads((workspace / NOTEBOOK).read_text())
    assert own["metadata"].pop("language_info") == IPythonKernel.language_info
    assert own["metadata"] == released["metadata"]
    (workspace / NOTEBOOK).write_text(json.dumps(released))  # as another Python would have left it
    released["nbformat_minor"] = 4
    path.write_text(json.dumps(released))
    assert update_workspace(path.parents[1], workspace)[0].endswith("you had not changed it.")
    (workspace / RELEASED).write_text(json.dumps({NOTEBOOK: hashlib.sha256(path.read_bytes()).hexdigest()}))
    (workspace / NOTEBOOK).write_bytes(path.read_bytes())  # the record and the copy of an earlier version of the course
    released["nbformat_minor"] = 5
    path.write_text(json.dumps(released))
    assert update_workspace(path.parents[1], workspace)[0].endswith("you had not changed it.")


def test_without_a_release_there_is_nothing_to_open(tmp_path: Path) -> None:
    (tmp_path / "release").mkdir()
    with pytest.raises(CourseError, match=r"There is no release to open in .*release\. Run the command in the course"):
        update_workspace(tmp_path / "release", tmp_path / "workspace")
    assert not (tmp_path / "workspace").exists()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def lab(course: Path, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.chdir(course)
    return main(["lab", "--no-browser", *map(str, arguments)])


def test_lab_on_a_taken_port_is_one_clear_line(
    release: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert lab(release.parent, monkeypatch, "--port", port) == 1
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err == (
        f"course: Port {port} at 127.0.0.1 cannot be used (Address already in use). "
        "Choose another: course lab --port 8888\n"
    )
    assert not (release.parent / "workspace").exists()


def test_lab_on_a_port_that_is_none_is_one_clear_line(
    release: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert lab(release.parent, monkeypatch, "--port", 70000) == 1
    assert capfd.readouterr().err == (
        "course: Port 70000 at 127.0.0.1 cannot be used (there is no such port). "
        "Choose another: course lab --port 8888\n"
    )


def test_lab_on_a_workspace_that_cannot_be_written_is_one_clear_line(
    release: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (release.parent / "workspace").write_text("a file where the folder should be")
    assert lab(release.parent, monkeypatch, "--port", free_port()) == 1
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.startswith("course: The workspace cannot be brought up to date: workspace/01_mini: ")
    assert said.err.count("\n") == 1


def test_lab_outside_a_course_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert lab(tmp_path, monkeypatch, "--port", free_port()) == 1
    assert capfd.readouterr().err.startswith("course: There is no release to open in ")
