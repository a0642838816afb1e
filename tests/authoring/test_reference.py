"""The reference pages and the glossary: what is written, what counts as the same, and which words of a notebook become links."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from autograder.authoring.cells import Cell, Notebook
from autograder.authoring.freshness import digest_origin, is_reference_fresh
from autograder.authoring.glossary import Term, digest_terms, find_title, link_terms, read_glossary
from autograder.authoring.reference import (
    PAGES,
    _draw,
    build_reference,
    check_reference,
    make_glossary,
    make_page,
    name_notebook,
)
from autograder.cli import main
from autograder.course.workspace import update_workspace
from autograder.engine.arithmetic import Noise
from autograder.errors import CourseError

ROOT = Path(__file__).parents[2]
HERE = "01_mini/1_mini"
TEXT = """# Glossary

What is above the first notebook is for authors.

## 01_mini/1_mini

**learning rate** (learning rates): The factor η in front
of the gradient.

**ReLU**: `max(0, z)`.

## 02_more/1_later

**loss** (-): What training makes small.
"""
TERMS = [
    Term("learning rate", ("learning rates",), "The factor η in front of the gradient.", HERE),
    Term("ReLU", (), "`max(0, z)`.", HERE),
    Term("loss", ("-",), "What training makes small.", "02_more/1_later"),
]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course with a glossary and one notebook."""
    folder = tmp_path / "notebooks" / "01_mini"
    folder.mkdir(parents=True)
    shutil.copyfile(ROOT / "tests" / "fixtures" / "mini.md", folder / "1_mini.md")
    (folder.parent / "glossary.md").write_text(TEXT)
    (tmp_path / "solutions").mkdir()
    return tmp_path


def link(text: str, anchor: str) -> str:
    return f"[{text}](../reference/glossary.md#{anchor})"


# --- the glossary ------------------------------------------------------------------------------------


def test_a_glossary_is_read_as_it_is_written(course: Path) -> None:
    assert read_glossary(course) == TERMS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "**a**: Before any heading.",
            "1: a term is written **name** (form, form): meaning, below the heading of its notebook.",
        ),
        (
            "## x/1_y\n\n**a** is a letter.",
            "3: a term is written **name** (form, form): meaning, below the heading of its notebook.",
        ),
        ("## x/1_y\n\n**a**: One.\n\n**b** (a): Two.", "5: 'a' is the name or a form of another term too."),
        ("## x/1_y\n\n**a b**: One.\n\n**a-b**: Two.", "5: 'a-b' is the name or a form of another term too."),
    ],
)
def test_a_paragraph_that_is_no_term_is_refused(course: Path, text: str, says: str) -> None:
    (course / "notebooks" / "glossary.md").write_text(text)
    with pytest.raises(CourseError) as refused:
        read_glossary(course)
    assert str(refused.value) == f"notebooks/glossary.md:{says}"


def test_the_page_is_in_order_with_links_to_the_notebooks_that_are_there(course: Path) -> None:
    page = make_glossary(read_glossary(course), course)
    title = find_title(course, HERE)
    assert title
    assert re.findall(r"\*\*(.+?)\*\*", page) == ["learning rate", "loss", "ReLU"]
    assert f"[{title}](../01_mini/1_mini.ipynb)" in page
    assert "What training makes small. (2.1 · later)" in page
    assert all(f'id="{anchor}"' in page for anchor in re.findall(r"\]\(#([^)]*)\)", page))


def test_a_page_gives_no_answer_away() -> None:
    """Exercises ask for what the entries compute."""
    for page in PAGES:
        assert "```" not in make_page(page)


def test_a_notebook_is_named_by_its_file() -> None:
    assert name_notebook("01_activations/3_activation_family") == "1.3 · activation family"


# --- links -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("A learning rate, a learning rate.", f"A {link('learning rate', 'learning-rate')}, a learning rate."),
        ("Learning rates differ.", f"{link('Learning rates', 'learning-rate')} differ."),
        (
            "The learning\nrate of ReLU",
            "The " + link("learning\nrate", "learning-rate") + " of " + link("ReLU", "relu"),
        ),
        ("**ReLU**", f"**{link('ReLU', 'relu')}**"),
        ("relu", "relu"),
        ("LeakyReLU, ReLU6, ReLU-like, nn.ReLU, ReLU.x", "LeakyReLU, ReLU6, ReLU-like, nn.ReLU, ReLU.x"),
        ("`ReLU`", "`ReLU`"),
        ("```python\nReLU\n```", "```python\nReLU\n```"),
        ("$ReLU$ and $$\nReLU\n$$", "$ReLU$ and $$\nReLU\n$$"),
        ("## ReLU", "## ReLU"),
        ("[ReLU](x) ![ReLU](y)", "[ReLU](x) ![ReLU](y)"),
        ("<summary>ReLU</summary>\nReLU\n\nReLU", "<summary>ReLU</summary>\nReLU\n\n" + link("ReLU", "relu")),
        ("<b title='ReLU'>", "<b title='ReLU'>"),
        ("**Checked:** ReLU", "**Checked:** ReLU"),
        ("**Find the bug** · ReLU", "**Find the bug** · ReLU"),
        ("A loss.", "A loss."),
        ("**You'll be able to** write a ReLU", "**You'll be able to** write a ReLU"),
    ],
)
def test_the_first_mention_in_prose_becomes_a_link(text: str, linked: str) -> None:
    assert link_terms([text, text.lower()], TERMS, "09_other/1_other")[0] == linked


def test_the_notebook_that_introduces_a_term_has_no_link_to_it() -> None:
    assert link_terms(["ReLU"], TERMS, HERE) == ["ReLU"]


def test_a_term_is_linked_once_in_a_notebook_and_few_in_a_cell() -> None:
    terms = [Term(f"t{i}", (), "", HERE) for i in range(30)]
    texts = link_terms([" ".join(term.name for term in terms)] * 12, terms, "09_other/1_other")
    assert [text.count("](") for text in texts] == [3] * 6 + [2] + [0] * 5
    assert len(set(re.findall(r"#(t\d+)\)", " ".join(texts)))) == 20


def test_source_has_links_and_solutions_lead_to_the_release() -> None:
    from autograder.authoring.making import make_solution, make_source

    cells = [Cell("markdown", "A ReLU.", "", 1), Cell("markdown", "[All](../reference/losses.md)", "", 2)]
    notebook = Notebook(Path("notebooks/09_other/1_other.md"), cells, {}, terms=TERMS)
    assert [cell.source for cell in make_source(notebook).cells] == [f"A {link('ReLU', 'relu')}.", cells[1].source]
    assert [cell.source for cell in make_solution(notebook).cells] == [
        "A [ReLU](../../release/reference/glossary.md#relu).",
        "[All](../../release/reference/losses.md)",
    ]


def test_a_new_meaning_makes_no_chapter_stale_and_a_new_form_does(course: Path) -> None:
    glossary = course / "notebooks" / "glossary.md"
    shutil.copyfile(ROOT / "nbgrader_config.py", course / "nbgrader_config.py")
    before = digest_origin(course, "01_mini")
    glossary.write_text(TEXT.replace("The factor", "A factor"))
    assert digest_origin(course, "01_mini") == before
    glossary.write_text(TEXT.replace("(learning rates)", "(learning rates, step size)"))
    assert digest_origin(course, "01_mini") != before
    assert digest_terms(course)


# --- the pages ---------------------------------------------------------------------------------------


@pytest.fixture
def built(course: Path) -> Path:
    build_reference(course)
    return course


def test_the_pages_are_built_once_and_noted(built: Path) -> None:
    assert is_reference_fresh(built)
    assert build_reference(built) == []
    assert check_reference(built) == []
    (built / "notebooks" / "glossary.md").write_text(TEXT.replace("The factor", "A factor"))
    assert not is_reference_fresh(built)
    assert check_reference(built) == ["release/reference/glossary.md"]


def test_every_link_of_a_page_leads_somewhere(built: Path) -> None:
    folder = built / "release" / "reference"
    for page in PAGES:
        text = (folder / f"{page.file}.md").read_text()
        targets = re.findall(r"\]\(([^)]*)\)", text) + re.findall(r'src="([^"]*)"', text)
        inside = [target for target in targets if not target.startswith("https://")]
        assert len(inside) >= 2 * len(page.entries)
        for target in inside:
            assert f'id="{target[1:]}"' in text if target.startswith("#") else (folder / target).is_file(), target
        assert len(re.findall(r'<img [^>]*alt="[^"]{30,}"', text)) == len(page.entries)


def test_a_picture_has_no_background_and_readable_text(built: Path) -> None:
    for path in (built / "release" / "reference" / "pictures").glob("*.svg"):
        text = path.read_text()
        assert "prefers-color-scheme:dark" in text
        assert min(int(size) for size in re.findall(r"(\d+)px", text)) >= 12
        assert all(int(width) < 330 for width in re.findall(r'<rect[^>]* width="(\d+)"', text))


def test_a_point_may_differ_by_two_tenths_and_a_text_by_nothing(built: Path) -> None:
    picture = built / "release" / "reference" / "pictures" / "relu.svg"
    text = picture.read_text()
    first = re.search(r' points="([\d.]+),', text)
    assert first

    def moved(by: float) -> str:
        return text.replace(f' points="{first[1]},', f' points="{float(first[1]) + by:.1f},', 1)

    changes = {
        moved(0.2): [],
        moved(0.4): ["relu"],
        text.replace(">z<", ">x<"): ["relu"],
        text.replace('x="58"', 'x="59"'): ["relu"],
    }
    for change, stale in changes.items():
        picture.write_text(change)
        assert check_reference(built) == [f"release/reference/pictures/{name}.svg" for name in stale]
    picture.write_text(re.sub(r" \S+\"/>", '"/>', text, count=1))
    assert check_reference(built) == ["release/reference/pictures/relu.svg"]


def test_students_get_the_pages(built: Path, tmp_path: Path) -> None:
    chapter = built / "release" / "01_mini"
    chapter.mkdir()
    (chapter / "1_mini.ipynb").write_text("{}")
    update_workspace(built / "release", tmp_path / "workspace")
    copied = tmp_path / "workspace" / "reference"
    assert (copied / "glossary.md").is_file()
    assert len(list(copied.glob("pictures/*.svg"))) == sum(len(page.entries) for page in PAGES)


def test_the_command_builds_the_pages_alone(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(built)
    assert main(["build", "reference"]) == 0
    assert capsys.readouterr().out == "Unchanged since the last build: reference.\n"
    (built / "release" / "reference" / "losses.md").unlink()
    assert main(["build", "reference", "--check"]) == 1
    assert "release/reference/losses.md" in capsys.readouterr().err
    assert main(["build", "reference"]) == 0
    assert capsys.readouterr().out == "reference pages\n  wrote release/reference/losses.md\n"
    (built / "notebooks" / "glossary.md").unlink()
    assert main(["build", "reference"]) == 1
    assert "has no notebooks/glossary.md, and so no reference pages." in capsys.readouterr().err


# --- the course's own --------------------------------------------------------------------------------


def test_every_link_of_a_notebook_to_a_page_leads_somewhere() -> None:
    anchors = {page.file: {entry.anchor for entry in page.entries} for page in PAGES}
    anchors["glossary"] = {term.anchor for term in read_glossary(ROOT)}
    for path in (ROOT / "notebooks").glob("*/*.md"):
        for file, anchor in re.findall(
            r"\]\(\.\./reference/(\w+)\.md(?:#([\w-]+))?\)", path.read_text(encoding="utf-8")
        ):
            assert anchor in anchors[file] or not anchor, f"{path.name}: {file}#{anchor}"


@pytest.mark.parametrize("seed", [1, 2])
def test_the_pages_are_the_same_under_noise(course: Path, seed: int) -> None:
    """As if another processor had computed what is drawn: no corner or jump of a curve is where rounding decides."""
    build_reference(course)
    _draw.cache_clear()
    with Noise(seed):
        assert check_reference(course) == []
    _draw.cache_clear()
