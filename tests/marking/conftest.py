"""A class of sixty, of whom nobody has a mark yet; copies of it are for tests to change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from classes import STUDENTS, TEXTS, hand_in_class


@pytest.fixture(scope="session")
def waiting_class(mini: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = tmp_path_factory.mktemp("class") / "course"
    shutil.copytree(mini, course)
    answers = {
        student: {"why": TEXTS[place % 3] + (" Really." if place % 4 == 0 else "")}
        for place, student in enumerate(STUDENTS)
    }
    hand_in_class(course, {**answers, "never": {}})
    return course


@pytest.fixture
def course(waiting_class: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(waiting_class, tmp_path / "course")
    monkeypatch.chdir(tmp_path / "course")
    return tmp_path / "course"
