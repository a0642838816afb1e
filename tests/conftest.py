"""What several test files share: the repository, and small courses made of text."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from attack_lab import Lab, open_lab

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root():
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def make_course(tmp_path_factory):
    """A function that writes a course of one chapter, a file for each text by its name, and returns its folder.

    The text `1_one` is a notebook, and `1_one.answers` its answers.

    Every call has a folder of its own, so that fixtures which live longer than a test can use it too.
    """

    def make(notebook_texts, chapter="01_mini"):
        course = tmp_path_factory.mktemp("course")
        folder = course / "notebooks" / chapter
        folder.mkdir(parents=True)
        shutil.copyfile(ROOT / "nbgrader_config.py", course / "nbgrader_config.py")
        for name, text in notebook_texts.items():
            (folder / f"{name}.md").write_text(text, encoding="utf-8")
        return course

    return make


@pytest.fixture(scope="session")
def mini():
    """A small notebook and its answers, as texts for `make_course`."""
    return {
        f"1_{name}": (ROOT / "tests" / "fixtures" / f"{name}.md").read_text(encoding="utf-8")
        for name in ("mini", "mini.answers")
    }


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The place where attacks and unusual honest work are tried."""
    with pytest.MonkeyPatch.context() as patch, open_lab(tmp_path_factory.mktemp("lab"), patch.setenv) as lab:
        yield lab
