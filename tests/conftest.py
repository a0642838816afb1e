"""What several test files share: the repository, small courses made of text, and a warm process."""

from __future__ import annotations

import gc
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from autograder.grading import commands

if TYPE_CHECKING:  # each process of a run reads this file, also those that test nothing
    from attack_lab import Lab

    from autograder.engine.runner import Engine

ROOT = Path(__file__).resolve().parent.parent
MINI = "01_mini"
"""The chapter of the course `mini`."""

os.environ["OMP_NUM_THREADS"] = "1"  # two workers with threads of their own get into each other's way
execute_in_process = commands.execute


def pytest_collection_finish() -> None:
    """What is there by now stays: the collector need not look at it again, nor write to it in a fork."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session", autouse=True)
def nbgrader_in_forks() -> Iterator[None]:
    """nbgrader's commands run in forks of this process, which has it imported."""

    def execute(course: Path, arguments: tuple[str, ...]) -> tuple[int, str]:
        from warm import run_nbgrader_in_fork

        return run_nbgrader_in_fork(course, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "execute", execute)
        yield


@pytest.fixture
def nbgrader_in_process(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """`run_nbgrader` as an instructor's command: in a new process, whatever this one has imported."""

    def run(course: Path, *arguments: str) -> str:
        with monkeypatch.context() as patch:
            patch.setattr(commands, "execute", execute_in_process)
            return commands.run_nbgrader(course, *arguments)

    return run


@pytest.fixture(scope="session")
def make_course(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that writes a course of one chapter, a file for each text by its name, and returns its folder.

    The text `1_one` is a notebook, and `1_one.answers` its answers.

    Every call has a folder of its own, so that fixtures which live longer than a test can use it too.
    """

    def make(notebook_texts: dict[str, str], chapter: str = MINI) -> Path:
        course = tmp_path_factory.mktemp("course")
        folder = course / "notebooks" / chapter
        folder.mkdir(parents=True)
        shutil.copyfile(ROOT / "nbgrader_config.py", course / "nbgrader_config.py")
        for name, text in notebook_texts.items():
            (folder / f"{name}.md").write_text(text, encoding="utf-8")
        return course

    return make


@pytest.fixture(scope="session")
def mini_texts() -> dict[str, str]:
    """A small notebook and its answers, as texts for `make_course`."""
    folder = ROOT / "tests" / "fixtures"
    return {f"1_{name}": (folder / f"{name}.md").read_text(encoding="utf-8") for name in ("mini", "mini.answers")}


@pytest.fixture(scope="session")
def mini(make_course: Callable[..., Path], mini_texts: dict[str, str]) -> Path:
    """A course of `fixtures/mini.md`, its source and release built. It is for all tests to copy and for none to change."""
    from autograder.authoring.build import stage_chapter

    course = make_course(mini_texts)
    with TemporaryDirectory() as stage:
        stage_chapter(course, MINI, Path(stage))
        for kind in ("source", "release"):
            shutil.copytree(Path(stage) / kind, course / kind)
    return course


@pytest.fixture(scope="session")
def secret() -> Iterator[str]:
    """What no student may read; it stands in the environment of whoever grades, before the warm process starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOGRADED_TOKEN", secret := f"key-{secrets.token_hex(16)}")
        yield secret


@pytest.fixture(scope="session")
def warm(secret: str) -> Iterator[Engine]:
    """The engine whose warm process serves all tests; others take its address."""
    from autograder.engine.runner import Engine

    with Engine(isolated=True) as engine:
        engine.start()
        yield engine


@pytest.fixture
def shared_warm(warm: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """`grade_class` takes the warm process of all tests, and has a pool of its own."""
    from warm import share_warm_process

    share_warm_process(warm.start(), monkeypatch.setattr)


@pytest.fixture
def quick(warm: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """`grade_class` grades in this process, by the warm process of all tests: what is tried is the coordinator."""
    from warm import grade_here

    grade_here(warm.start(), monkeypatch.setattr)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, secret: str, warm: Engine) -> Iterator[Lab]:
    """The place where attacks and unusual honest work are tried."""
    from attack_lab import open_lab

    with open_lab(tmp_path_factory.mktemp("lab"), secret, warm) as lab:
        yield lab
