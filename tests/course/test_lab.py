"""What a student does and reads: `course lab`, and its JupyterLab in a real browser with a real keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lab import find_cell, open_browser, open_notebook, run_course_lab, run_with_check, write
from playwright.sync_api import Locator, Page, expect

from autograder.authoring.reference import write_pages

CHAPTER = "01_mini"
NOTEBOOK = f"{CHAPTER}/1_mini.ipynb"
KEEPS_NEGATIVE = ("def relu(z):", "return z.clamp(max=0)")
RIGHT = ("def relu(z):", "return z.clamp(min=0)")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("student") / "workspace"


@pytest.fixture(scope="module")
def address(mini: Path, workspace: Path) -> Iterator[str]:
    """The address that `course lab` prints, while it runs on a small course with reference pages."""
    shutil.copytree(mini, workspace.with_name("course"))
    pages = workspace.with_name("course") / "release" / "reference"
    pages.mkdir()
    write_pages(mini, pages)
    with run_course_lab(workspace.with_name("course"), workspace, workspace.parent) as printed:
        yield printed


@pytest.fixture(scope="module")
def browser_page(address: str) -> Iterator[tuple[Page, list[str]]]:
    """A browser's page and the addresses that it asks."""
    with open_browser() as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        yield page, asked


@pytest.fixture
def page(browser_page: tuple[Page, list[str]], address: str, workspace: Path, root: Path) -> Iterator[Page]:
    """The released notebook, opened as it was copied, with an idle kernel; no toast may come up."""
    page, asked = browser_page
    open_notebook(page, address, NOTEBOOK)
    yield page
    assert page.evaluate("window.toasts") == []
    assert {urlsplit(url).hostname for url in asked if url.startswith("http")} == {"localhost"}


@pytest.fixture
def cell(page: Page, workspace: Path) -> Callable[[str], Locator]:
    """A function that finds the cell on the page by its name for nbgrader."""
    return lambda name: find_cell(page, workspace / NOTEBOOK, name)


def run_all(page: Page) -> None:
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").click()
    page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()


def read_output(cell: Locator) -> Locator:
    return cell.locator(".jp-Cell-outputArea")


def test_a_student_runs_the_notebook_errs_and_gets_full_marks(page: Page, cell: Callable[[str], Locator]) -> None:
    expect(page.locator(".lm-TabBar-tab", has_text="1_mini.ipynb")).to_have_count(1)
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)  # opening it has changed nothing
    expect(page.locator(".jp-DirListing-item", has_text=".json")).to_have_count(0)
    run_all(page)
    output = read_output(cell("relu-check"))
    expect(output).to_contain_text("○ relu: not attempted yet, 0 of 3 points.")
    expect(read_output(cell("shape-check"))).to_contain_text("○ shape: not attempted yet, 0 of 1 points.")
    expect(page.locator("[data-mime-type*=error]")).to_have_count(0)
    write(page, cell("relu"), *KEEPS_NEGATIVE)
    run_with_check(page)
    expect(output).to_contain_text("relu keeps what is positive; this keeps what is negative.")
    write(page, cell("relu"), *RIGHT)
    run_with_check(page)
    expect(output).to_contain_text("✓ relu: 3 of 3 points")


def test_the_check_and_the_instructors_tools_are_out_of_reach(page: Page, cell: Callable[[str], Locator]) -> None:
    text = cell("relu-check").locator(".cm-content")
    before = text.inner_text()
    write(page, cell("relu-check"), "spoiled")
    expect(text).to_have_text(before, use_inner_text=True)
    write(page, cell("relu"), "spoiled")  # what holds the check would hold here too
    expect(cell("relu").locator(".cm-content")).to_have_text("spoiled")
    expect(page.get_by_role("button", name="Check my notebook")).to_be_visible()
    expect(page.get_by_role("button", name="Validate")).to_have_count(0)
    expect(page.get_by_text("Create Assignment")).to_have_count(0)
    expect(page.locator(".lm-MenuBar-itemLabel", has_text="Nbgrader")).to_have_count(0)


def test_a_reference_page_opens_as_it_reads_and_its_contents_lead_to_an_item(page: Page, address: str) -> None:
    parts = urlsplit(address)
    page.goto(f"{parts.scheme}://{parts.netloc}/lab/tree/reference/losses.md?{parts.query}")
    item = page.locator(".jp-MarkdownViewer h3", has_text="CTC")
    expect(item).to_have_count(1)
    expect(item).not_to_be_in_viewport()
    page.locator(".jp-MarkdownViewer a", has_text="CTC").first.click()
    expect(item).to_be_in_viewport()
    picture = page.locator('.jp-MarkdownViewer img[alt^="All ways to spell it"]')
    expect(picture).to_have_js_property("naturalWidth", 390)
