"""The desk in JupyterLab, in a real browser: what a student sees, does and reads in a first hour."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from lab import find_cell, open_browser, run_course_lab, run_with_check, wait_for_kernel, write
from playwright.sync_api import Locator, Page, expect

from autograder.course.workspace import update_workspace
from autograder.desk.built import NOTE, digest_sources, read_note
from autograder.desk.progress import read_progress

CHAPTER = "01_mini"
NOTEBOOK = f"{CHAPTER}/1_mini.ipynb"
TITLES = {"relu": "Keep what is positive", "shape": "The shape of it", "why": "Why one is enough"}
WRONG = ("def relu(z):", "return z.clamp(max=0)")
RIGHT = ("def relu(z):", "return z.clamp(min=0)")
CONTRAST = """
element => {
    const numbers = color => (color.match(/[\\d.]+/g) || []).map(Number);
    const read = color => color.startsWith('color(')
        ? numbers(color).map((one, place) => place < 3 ? 255 * one : one) : numbers(color);
    const light = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map(one => (one /= 255) <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const over = (top, under) => under.map((one, place) => one + (top[place] - one) * (top[3] ?? 1));
    const layers = [];
    for (let node = element; node; node = node.parentElement) layers.unshift(read(getComputedStyle(node).backgroundColor));
    const back = layers.reduce((under, top) => over(top, under), [255, 255, 255]);
    const front = over(read(getComputedStyle(element).color), back);
    const [more, less] = [light(front), light(back)].sort((a, b) => b - a);
    return (more + 0.05) / (less + 0.05);
}
"""
"""The contrast of an element's text with what lies behind it, as WCAG 2 has it."""
FIGURE = "import matplotlib.pyplot as plt\n\nplt.plot([1, 2])  # a line\nplt.title('A line')\nplt.xlabel('$\\\\eta$')\nplt.show()"
HINT = "<details><summary>Hint 1: where to look</summary>\n\nWhich numbers stay?\n\n</details>"


def give_titles(notebook: Path) -> None:
    """Put a heading before each exercise, as the chapters have it."""
    stored = nbformat.read(notebook, as_version=4)
    for number, (name, title) in enumerate(TITLES.items(), start=1):
        place = next(place for place, cell in enumerate(stored.cells) if cell.id == name)
        text = f"### Exercise {number} · {title}\n\n**Implement** · 5 minutes · 3 points\n\n{HINT}"
        stored.cells.insert(place, nbformat.v4.new_markdown_cell(text, id=f"text-{name}"))
    stored.cells.append(nbformat.v4.new_code_cell(FIGURE, id="figure"))
    nbformat.write(stored, notebook)


@pytest.fixture(scope="module")
def course(mini: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course of one chapter with titles, released."""
    course = tmp_path_factory.mktemp("desk") / "course"
    shutil.copytree(mini, course)
    give_titles(course / "release" / NOTEBOOK)
    return course


@pytest.fixture(scope="module")
def workspace(course: Path) -> Path:
    return course.with_name("workspace")


@pytest.fixture(scope="module")
def address(course: Path, workspace: Path) -> Iterator[str]:
    with run_course_lab(course, workspace, workspace.parent) as printed:
        yield printed


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Page]:
    """JupyterLab as it opens; nothing is asked of any other machine."""
    with open_browser() as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        yield page
        assert {urlsplit(url).hostname for url in asked if url.startswith("http")} == {"localhost"}


def open_start(page: Page, address: str) -> None:
    """JupyterLab as after a restart, without the tabs that were open."""
    page.goto(f"{address}&reset")
    expect(page.get_by_role("tree")).to_be_visible()


@contextmanager
def another_page(page: Page, width: int = 1280) -> Iterator[Page]:
    """A page without the cookies of the first, in the same browser: of these there is one in a process."""
    assert page.context.browser
    other = page.context.browser.new_page(viewport={"width": width, "height": 900})
    try:
        yield other
    finally:
        other.close()


def exercise(page: Page, name: str) -> Locator:
    return page.get_by_role("treeitem", name=re.compile(f"^{TITLES[name]}:"))


def test_a_first_hour(page: Page, address: str, workspace: Path) -> None:
    def cell(name: str) -> Locator:
        return find_cell(page, workspace / NOTEBOOK, name)

    # The start page in place of the launcher, and the panel with everything open.
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    expect(page.locator(".jp-Launcher")).to_have_count(0)
    expect(exercise(page, "relu")).to_have_accessible_name(re.compile("not started, 0 of 3 points"))
    expect(page.locator(".agd-totals")).to_contain_text("0 of 3 exercises")

    # Files of the checks are out of sight, and kernels read them.
    listed = page.request.get(address.replace("/lab?", f"/api/contents/{CHAPTER}?")).json()["content"]
    assert {"1_mini.ipynb"} == {one["name"] for one in listed}
    assert (workspace / CHAPTER / "mistakes.json").is_file()

    # The keyboard leads from the tree into the exercise.
    page.get_by_role("treeitem", name=re.compile("mini", re.IGNORECASE)).first.focus()
    page.keyboard.press("End")
    expect(exercise(page, "why")).to_be_focused()
    page.keyboard.press("Home")
    page.get_by_role("button", name="Next exercise").click()
    expect(page.locator(".jp-Notebook .jp-Cell.jp-mod-active.agd-answer")).to_be_visible()
    wait_for_kernel(page)

    # A wrong answer: a card with words, tables and no bare number; the panel follows.
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").click()
    page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
    card = cell("relu-check").locator(".agd-card")
    expect(card).to_contain_text("not started")
    wait_for_kernel(page)
    expect(page.get_by_role("img", name="A line: along η.")).to_have_count(1)
    write(page, cell("relu"), *WRONG)
    run_with_check(page)
    expect(card).to_have_attribute("data-state", "partly")
    expect(card).to_contain_text(TITLES["relu"])
    expect(card).to_contain_text("relu keeps what is positive; this keeps what is negative.")
    expect(card.get_by_role("list", name="Points by part")).to_contain_text("0 of 2")
    expect(card.get_by_role("group", name="Expected").locator("td")).to_have_text(["0.0", "0.0", "2.0"])
    expect(cell("relu-check").locator(".jp-OutputArea-output:visible")).to_have_count(1)
    expect(exercise(page, "relu")).to_have_accessible_name(re.compile("partly right, 1 of 3 points"))
    expect(page.locator("#autograded-desk-said")).to_contain_text("partly right")
    card.get_by_role("button", name="hints").click()
    expect(page.locator(".jp-MarkdownOutput details[open] p")).to_be_visible()

    # One that doesn't run: the card says so, not that nothing was started, nor that the earlier answer holds.
    write(page, cell("relu"), "def relu(z)")
    run_with_check(page)
    expect(card).to_contain_text("The cell with your answer stopped with SyntaxError: expected ':', in line 1.")

    # A right one.
    write(page, cell("relu"), *RIGHT)
    run_with_check(page)
    expect(card).to_have_attribute("data-state", "right")
    expect(card).to_contain_text("3 of 3 points")
    expect(exercise(page, "relu")).to_have_accessible_name(re.compile(": right, 3 of 3 points"))
    cell("relu").locator(".cm-content").click()
    page.keyboard.type("1")
    expect(exercise(page, "relu")).to_have_accessible_name(re.compile("changed since its last check"))
    page.keyboard.press("Backspace")
    expect(exercise(page, "relu")).to_have_accessible_name(re.compile(": right, 3 of 3 points"))

    # A locked cell says why, and an answer in words is a place to write.
    cell("relu-check").locator(".cm-content").click()
    page.keyboard.type("x")
    expect(cell("relu-check").locator(".agd-lock")).to_contain_text(f"it checks “{TITLES['relu']}”")
    cell("why").locator(".jp-MarkdownOutput").click()
    page.keyboard.type("Two linear maps make one.")
    page.keyboard.press("Shift+Enter")
    expect(cell("why")).not_to_have_class(re.compile("agd-empty"))
    expect(page.locator(".jp-mod-dirty")).not_to_have_count(0)  # the panel knows before it's saved
    expect(exercise(page, "why")).to_have_accessible_name(re.compile("written, a person reads it"))

    # “Check my notebook” saves, runs a copy, and lists the exercises by title.
    page.get_by_role("button", name="Check my notebook").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 of 3 exercises done, from a fresh start.")
    stored = (workspace / NOTEBOOK).read_bytes()
    for name, state in (("relu", "right"), ("shape", "not started"), ("why", "written, a person reads it")):
        expect(dialog.get_by_role("button", name=f"{TITLES[name]} : {state}")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name=TITLES["relu"])).to_be_focused()
    dialog.get_by_role("button", name="Close").click()
    expect(exercise(page, "why")).to_have_accessible_name(re.compile("written, a person reads it"))

    # “Hand in” says what the zip holds, and makes it.
    page.get_by_role("button", name="Hand in").click()
    expect(dialog).to_contain_text("2 of 3 exercises done")
    dialog.get_by_role("button", name="Make the zip").click()
    expect(dialog.get_by_role("link", name="Download")).to_be_visible()
    [made] = (workspace / "handed_in").iterdir()
    with zipfile.ZipFile(made) as archive:
        assert archive.namelist() == [NOTEBOOK]
        assert archive.read(NOTEBOOK) == stored == (workspace / NOTEBOOK).read_bytes()
    dialog.get_by_role("button", name="Close").click()

    # After a restart, the panel is right for the closed notebook, and the start page leads back.
    open_start(page, address)
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    expect(page.locator(".agd-totals")).to_contain_text("1 of 3 exercises")
    assert read_progress(workspace).totals.right == 1
    page.locator("#jp-main-dock-panel .jp-icon-hoverShow, #jp-main-dock-panel .lm-TabBar-tabCloseIcon").first.click()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    expect(page.locator(".jp-Launcher")).to_have_count(0)


@pytest.mark.nightly
def test_a_newer_release_is_compared_and_taken_over_with_the_answers(page: Page, course: Path, tmp_path: Path) -> None:
    """The release changes while a student has an answer: the start page says so, shows the change, and moves the answer."""
    newer, workspace = tmp_path / "course", tmp_path / "workspace"
    shutil.copytree(course, newer)
    update_workspace(newer / "release", workspace)
    own, released = workspace / NOTEBOOK, newer / "release" / NOTEBOOK
    answered = nbformat.read(own, as_version=4)
    answer = next(cell for cell in answered.cells if cell.id == "relu")
    answer.source = "\n    ".join(RIGHT)
    nbformat.write(answered, own)
    changed = nbformat.read(released, as_version=4)
    changed.cells.insert(1, nbformat.v4.new_markdown_cell("A paragraph that is new.", id="0123456789ab"))
    nbformat.write(changed, released)
    with run_course_lab(newer, workspace, tmp_path) as address, another_page(page) as other:
        other.goto(address)
        news = other.get_by_role("region", name="What's new")
        expect(news).to_contain_text("1 notebook has a newer release")
        news.get_by_role("button", name="Compare").click()
        dialog = other.get_by_role("dialog")
        expect(dialog).to_contain_text("+A paragraph that is new.")
        dialog.get_by_role("button", name="Take over").click()
        expect(dialog).to_contain_text("is kept beside it")
        dialog.get_by_role("button", name="Take over").click()
        expect(dialog).to_contain_text(f"Your answers are in place: {TITLES['relu']}")
        dialog.get_by_role("button", name="Close").click()
        expect(news).to_have_count(0)
    cells = {cell.id: cell.source for cell in nbformat.read(own, as_version=4).cells}
    assert cells["relu"] == answer.source
    assert "0123456789ab" in cells


@pytest.mark.nightly
@pytest.mark.parametrize(("width", "theme"), [(1280, "JupyterLab Dark"), (800, "JupyterLab Light")])
def test_everything_is_reached_and_read_in_the_dark_and_on_a_small_screen(
    width: int, theme: str, page: Page, course: Path, tmp_path: Path
) -> None:
    """Nothing is wider than the window, and text has a contrast of at least 4.5."""
    workspace = tmp_path / "workspace"
    settings = tmp_path / "jupyterlab_settings_dir" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}), encoding="utf-8")
    with run_course_lab(course, workspace, tmp_path) as address, another_page(page, width) as other:
        other.goto(address)
        expect(other.get_by_role("heading", name="Welcome")).to_be_visible()
        expect(other.locator(f"body[data-jp-theme-name='{theme}']")).to_have_count(1)
        for place in (".agd-start", ".agd-panel"):
            assert other.locator(place).evaluate("one => one.scrollWidth <= one.clientWidth")
        for text in (
            ".agd-page h1",
            ".agd-continue .agd-quiet",
            ".agd-primary",
            ".agd-row .agd-count",
            ".agd-next-place",
        ):
            assert other.locator(text).first.evaluate(CONTRAST) >= 4.5, text
        other.get_by_role("button", name="Next exercise").click()
        code = other.locator(".jp-Notebook .cm-line span:visible")
        expect(code.filter(has_text="YOUR CODE HERE").first).to_be_visible()
        assert min(code.evaluate_all(f"all => all.map({CONTRAST})")) >= 4.5


def test_what_is_committed_was_built_from_these_sources(root: Path) -> None:
    made = root / "autograder" / "desk" / "labextension" / "autograded-desk"
    assert read_note(made) == digest_sources(root / "labextension"), f"{NOTE} is stale: run bash labextension/build.sh"
    load = json.loads((made / "package.json").read_text(encoding="utf-8"))["jupyterlab"]["_build"]["load"]
    assert (made / load).is_file()
    assert sum(path.stat().st_size for path in made.rglob("*") if path.is_file()) < 150_000
