"""The book: no answer is in it, every link leads somewhere, figures that move are drawn, and pages read well in a browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from autograder.book.browser import keep_home, read_book, serve
from autograder.book.checking import check_links
from autograder.book.crossing import Places, keep_present, link_places
from autograder.book.drawing import NOTE, Drawn, draw_all
from autograder.book.frames import MOST, find_start, list_frames, plan_controls
from autograder.book.front import Chapter, make_lab
from autograder.book.leaks import find_leaks
from autograder.book.notebook import find_predicted, make_page, read_cells, read_source
from autograder.book.site import Book, build_book
from autograder.book.wanted import describe_check
from autograder.cli import main
from autograder.errors import CourseError

ROOT = Path(__file__).parents[2]
NOTEBOOK = "00_start/1_start_here"

COLORS = """['article h1', 'section.exercise'].map((one, place) => getComputedStyle(document.querySelector(one))[place ? 'backgroundColor' : 'color'])"""
"""Of text, and below it."""

pytestmark = pytest.mark.filterwarnings("ignore:'myst_parser")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course with its first notebook only."""
    course = tmp_path_factory.mktemp("course")
    for kind, ending in (("notebooks", "md"), ("release", "ipynb"), ("solutions", "ipynb")):
        (course / kind / NOTEBOOK).parent.mkdir(parents=True)
        shutil.copy(ROOT / kind / f"{NOTEBOOK}.{ending}", course / kind / f"{NOTEBOOK}.{ending}")
    shutil.copy(ROOT / "notebooks" / "glossary.md", course / "notebooks")
    shutil.copytree(ROOT / "release" / "reference", course / "release" / "reference")
    shutil.copy(ROOT / "CITATION.cff", course)
    shutil.copytree(ROOT / "book", course / "book", ignore=shutil.ignore_patterns("_build", "__pycache__"))
    return course


@pytest.fixture(scope="module")
def book(course: Path) -> Book:
    return build_book(course, repository="someone/course", most=4, tell=lambda _: None)


def test_every_link_leads_somewhere_and_every_picture_is_described(book: Book) -> None:
    assert book.report.problems == []
    assert {"index.html", "search.html", "lab.html", "exercises.html", "reference/losses.html"} <= names(book.folder)
    assert book.report.pages == len([name for name in names(book.folder) if name.endswith(".html")])


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_no_answer_is_in_any_file(book: Book) -> None:
    assert book.leaks == []


@pytest.mark.parametrize(
    ("file", "leak"),
    [
        ("page.html", "<p>celsius\n  <b>*</b> 9 / 5 + 32</p>"),
        ("page.html", '<img alt="return celsius * 9 / 5 + 32">'),
        ("searchindex.js", 'Search.setIndex({"return celsius * 9 / 5 + 32": 1})'),
        ("parts.py", ""),
    ],
)
def test_an_answer_would_be_found(course: Path, tmp_path: Path, file: str, leak: str) -> None:
    answer = "return celsius * 9 / 5 + 32"
    assert answer in (course / "solutions" / f"{NOTEBOOK}.ipynb").read_text(encoding="utf-8")
    (tmp_path / file).write_text(leak.replace("celsius\n", "return celsius\n"), encoding="utf-8")
    assert find_leaks(course, tmp_path)


def test_what_an_exercise_has_readers_predict_is_an_answer(tmp_path: Path) -> None:
    name = "01_activations/1_scores_to_probabilities"
    for kind, ending in (("notebooks", "md"), ("release", "ipynb"), ("solutions", "ipynb")):
        (tmp_path / kind / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / kind / f"{name}.{ending}", tmp_path / kind / f"{name}.{ending}")
    path = tmp_path / "solutions" / f"{name}.ipynb"
    solution = nbformat.read(path, as_version=4)
    for cell in solution.cells:  # no pictures here, which would have to be drawn
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if "image/png" not in output.get("data", {})]
    nbformat.write(solution, path)
    [asked] = find_predicted(read_cells(tmp_path, "release", name))
    [printed] = [cell.outputs[0].text for cell in read_cells(tmp_path, "solutions", name) if cell.id == asked]
    page = make_page(tmp_path, read_source(tmp_path, name), Drawn(), Places({}, {}), tmp_path, tmp_path / "out")
    [shown] = [cell.outputs for cell in page.cells if cell.source.startswith("z, h = ")]
    assert "for you to predict" in str(shown)
    assert "0.0763, 0.2500" in printed
    assert "0.0763, 0.2500" not in nbformat.writes(page)
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "page.html").write_text(f"<pre>{printed}</pre>", encoding="utf-8")
    assert find_leaks(tmp_path, tmp_path / "html")


def test_the_cover_and_the_chapters_say_what_one_learns_and_how_long_it_takes(book: Book) -> None:
    cover, chapter, page = (
        (book.folder / name).read_text(encoding="utf-8")
        for name in ("index.html", "00_start/index.html", f"{NOTEBOOK}.html")
    )
    assert "What you’ll be able to do" in cover
    assert "1 notebook · about 35 minutes · 7 exercises" in cover
    assert "@misc" in cover
    assert "combine tensors by broadcasting" in chapter
    assert '<meta name="description" content="This is a PyTorch course to read' in cover
    pages = [path.read_text(encoding="utf-8") for path in book.folder.rglob("*.html")]
    described = [found for html in pages for found in re.findall(r'<meta name="description" content="([^"]+)">', html)]
    assert len(described) > 6
    assert not [said for said in described if "class=" in said]
    assert "About 35 minutes, plus 5 for <em>More</em>. <a" in page


def test_a_notebook_is_opened_where_it_runs() -> None:
    sources = [read_source(ROOT, name) for name in (NOTEBOOK, "06_all_yours/1_all_yours")]
    lab = make_lab([Chapter("00_start", "Start", "", tuple(sources))], "someone/course")
    assert "/lab/tree/00_start/1_start_here.ipynb" in lab
    assert (
        "someone/course/HEAD?urlpath=lab/tree/workspace/00_start/1_start_here.ipynb" in lab
    )  # .binder/postBuild makes it
    assert "blob/HEAD/release/00_start/1_start_here.ipynb" in lab
    assert "blob/HEAD/release/06_all_yours" not in lab  # it takes functions from files that Colab doesn't have


def test_each_exercise_has_a_box_with_its_stub_and_what_is_checked(book: Book) -> None:
    page = (book.folder / f"{NOTEBOOK}.html").read_text(encoding="utf-8")
    exercises = re.findall(r'<section class="exercise" id="exercise-(\d+)">(.*?)</section>', page, re.DOTALL)
    assert [int(number) for number, _ in exercises] == list(range(1, len(exercises) + 1))
    assert len(exercises) > 5
    for _, text in exercises:
        assert "tag_answer" in text
        assert "Checked in your lab: " in text
    assert "fahrenheit(celsius)</code> with <code>celsius = 100.0</code> should give <code>212.0" in page
    assert "exercise-end" not in page


def test_a_moved_figure_has_its_frames(book: Book) -> None:
    page = (book.folder / f"{NOTEBOOK}.html").read_text(encoding="utf-8")
    assert page.count('<input id="') == 3
    frames = list((book.folder / "_static" / "frames").rglob("*.webp"))
    assert len(frames) == 8  # 2 values of each slider
    assert 'alt="The classifier says 3 with probability 0.98, and is right' in page
    assert 'data-meaning="' in page


def test_what_was_drawn_is_drawn_again_only_after_a_change(course: Path, book: Book) -> None:
    folder = course / "book" / "_build" / "drawn"
    before = (folder / NOTEBOOK / NOTE).stat().st_mtime_ns
    said: list[str] = []
    draw_all(course, [NOTEBOOK], folder, 4, said.append)
    assert said == []
    assert (folder / NOTEBOOK / NOTE).stat().st_mtime_ns == before


@pytest.mark.nightly
def test_a_page_is_read_in_a_browser_and_asks_nobody_else(book: Book) -> None:
    seen = read_book(book.folder, [f"{NOTEBOOK}.html"], lambda _: None)
    assert seen.problems == seen.violations == seen.requests == []
    assert seen.formulas


@pytest.mark.nightly
def test_readers_move_figures_look_terms_up_and_search(book: Book, open_page: Callable[[], object]) -> None:
    from playwright.sync_api import Page, expect

    page = open_page()
    assert isinstance(page, Page)
    with serve(book.folder) as address:
        page.goto(f"{address}{NOTEBOOK}.html")
        figure = page.locator("figure.moving").first
        picture = figure.locator("img")
        before = picture.get_attribute("src")
        slider = figure.locator("input").first
        slider.focus()
        page.keyboard.press("ArrowRight")
        expect(picture).not_to_have_attribute("src", str(before))
        assert slider.get_attribute("aria-valuetext") == figure.locator("output").first.text_content()
        page.evaluate("document.body.dataset.theme = 'dark'")
        page.emulate_media(media="print", color_scheme="dark")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(COLORS) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
        expect(picture).to_have_attribute("src", str(before))
        page.emulate_media(media="screen", color_scheme="light")
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        term = page.locator("a.term").first
        term.focus()
        expect(page.get_by_role("tooltip")).to_contain_text(str(term.get_attribute("data-meaning")))
        page.keyboard.press("Escape")
        expect(page.get_by_role("tooltip")).to_be_hidden()
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        code = page.locator(".cell_input .highlight:has(> button.copy)").last
        code.hover()
        code.get_by_role("button").click()
        expect(code.get_by_role("button")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == code.locator("pre").text_content()
        page.goto(f"{address}search.html?q=broadcasting")
        expect(page.locator("#search-results li").first).to_contain_text("roadcasting")


@pytest.mark.nightly
def test_the_first_tap_on_a_term_says_what_it_means(book: Book, open_page: Callable[[], object]) -> None:
    from playwright.sync_api import Page, expect

    page = open_page()
    assert isinstance(page, Page)
    assert page.context.browser is not None
    phone = page.context.browser.new_context(viewport={"width": 400, "height": 800}, has_touch=True, is_mobile=True)
    page = phone.new_page()
    with serve(book.folder) as address:
        page.goto(f"{address}{NOTEBOOK}.html")
        page.locator("a.term").first.tap()
        expect(page.get_by_role("tooltip")).to_be_visible()
        assert page.url.endswith(f"{NOTEBOOK}.html")
        page.locator("a.term").first.tap()
        expect(page).to_have_url(re.compile("reference/glossary.html#"))
    phone.close()


@pytest.fixture
def open_page() -> object:
    from lab import open_browser

    with open_browser() as page:
        yield lambda: page


@pytest.mark.nightly
def test_the_whole_book(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What `make book ARGS=--browser` does: all pages, their links, no answers, every page in Chromium."""
    monkeypatch.chdir(ROOT)
    status = main(["book", "--browser"])
    said = capsys.readouterr()
    assert status == 0, said.err
    assert " 0 dead; 0 traces of answers." in said.out
    assert " 0 violations by axe, 0 requests that left the machine" in said.out


# --- the parts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("controls", "counts"),
    [
        ({"z": (-6.0, 6.0, 2.0)}, [25]),
        ({"step": (0, 5, 0), "label": [1, 0]}, [6, 2]),
        ({"rate": (0.05, 2.0, 0.3), "curvature": (0.5, 4.5, 2.0)}, [7, 7]),
        (
            {
                "kind": ["a", "b", "c", "d"],
                "warm": (0.0, 0.5, 0.1),
                "peak": (0.01, 0.2, 0.1),
                "low": (1e-4, 0.05, 1e-3),
            },
            [4, 3, 2, 2],
        ),
        ({"on": True, "size": (1.0, 256.0, 8.0)}, [2, 25]),
    ],
)
def test_the_pictures_of_a_moved_figure(controls: dict[str, object], counts: list[int]) -> None:
    planned = plan_controls(controls)  # type: ignore[arg-type]
    assert [len(one.values) for one in planned] == counts
    frames = list_frames(planned)
    assert len(frames) <= MOST
    starts = {
        name: one[2] if isinstance(one, tuple) else one[0] if isinstance(one, list) else one
        for name, one in controls.items()
    }
    assert frames[find_start(planned)] == starts


def test_numbers_of_exercises_notebooks_and_chapters_become_links() -> None:
    places = Places(
        {"4.6": "04_b/6_g.ipynb", "1.1": "01_a/1_s.ipynb"}, {"4": "04_b/index.md"}, {"1.1": frozenset({1, 2})}
    )
    for text, linked in (
        ("See Exercise 2.", "See [Exercise 2](#exercise-2)."),
        ("See Exercise 9.", "See Exercise 9."),
        ("In notebook 4.6, you", "In [notebook 4.6](../04_b/6_g.ipynb), you"),
        ("Notebooks 1.1 and 4.6", "Notebooks 1.1 and [4.6](../04_b/6_g.ipynb)"),
        ("`Exercise 2` and $chapter 4$", "`Exercise 2` and $chapter 4$"),
        ("chapter 4 of it", "[chapter 4](../04_b/index.md) of it"),
        ("- **Read**: Bishop, chapter 4", "- **Read**: Bishop, chapter 4"),
        ("### Exercise 2 · Title", "### Exercise 2 · Title"),
        ("Exercise 1 of notebook 1.1", "[Exercise 1 of notebook 1.1](#exercise-1)"),
    ):
        assert link_places(text, places, "1.1") == linked
    assert keep_present("a [b](../x/y.ipynb#c), [d](../x/z.ipynb)", ["x/z"]) == "a b, [d](../x/z.ipynb)"


def test_a_check_says_what_it_wants_and_not_how_the_answer_is_computed() -> None:
    source = """check = Check("f", points=2)
check("f(x)", x=torch.tensor([1.0, 2.0]), gives=torch.tensor(3.0))
check("f(x) < 3", x=2.0, gives=lambda x: torch.logsumexp(x, 0))
check("guess", gives=sealed("8aba06afc8fd"))
check("f(x)", x=make(3), gives=1.0)
for x in vary((3,), seed=1):
    check("f(x)", x=x, gives=secret_helper)
check.report()
"""
    said = describe_check(source, 2, 0)
    assert "2 points" in said
    assert (
        "<code>f(x)</code> with <code>x = torch.tensor([1.0, 2.0])</code> should give <code>torch.tensor(3.0)</code>"
        in said
    )
    assert "f(x) &lt; 3" in said
    assert "inputs of its own" in said
    for hidden in ("logsumexp", "sealed", "8aba06afc8fd", "make", "secret_helper"):
        assert hidden not in said


def test_dead_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "other.html").write_text('<p id="here">', encoding="utf-8")
    (tmp_path / "style.css").write_text(
        'a { background: url("gone.png"); } b { src: url(https://fonts.example/x) }', encoding="utf-8"
    )
    good = '<a href="other.html#here">1</a><a href="https://doi.org/10.1/x">2</a><img src="data:," alt="dot">'
    bad = [
        '<a href="gone.html">',
        '<a href="other.html#there">',
        '<a href="#top">',
        '<a href="../outside.html">',
        '<img src="gone.png" alt="x">',
        '<img src="data:,">',
        '<script src="https://cdn.example/x.js"></script>',
        '<a href="http://not an address">',
    ]
    for count, links in ((0, [good]), (len(bad), bad)):
        (tmp_path / "page.html").write_text("".join(links), encoding="utf-8")
        problems = check_links(tmp_path).problems
        assert len(problems) == count + 2, problems  # and the two of the style sheet


@pytest.mark.nightly
def test_a_request_that_leaves_is_noted(tmp_path: Path, open_page: Callable[[], object]) -> None:
    from playwright.sync_api import Page

    from autograder.book.browser import Seen

    (tmp_path / "page.html").write_text(
        '<img src="http://elsewhere.invalid/x.png"><img src="gone.png">', encoding="utf-8"
    )
    page, seen = open_page(), Seen()
    assert isinstance(page, Page)
    with serve(tmp_path) as address:
        keep_home(page, address, seen)
        page.goto(f"{address}page.html")
    assert [request.split()[-1] for request in seen.requests] == ["http://elsewhere.invalid/x.png"]
    assert any("gone.png: 404" in problem for problem in seen.problems)


@pytest.mark.nightly
def test_what_a_narrow_screen_cuts_off_is_noted(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '<title>x</title><div style="overflow: hidden"><article class="content"><p style="width: 700px">a</p>'
        '<div style="overflow-x: auto"><p style="width: 900px">scrolls</p></div></article></div>',
        encoding="utf-8",
    )
    seen = read_book(tmp_path, ["page.html"], lambda _: None)
    [problem] = [one for one in seen.problems if "right of the screen" in one]
    assert "at 400 pixels: <p" in problem


def test_what_cannot_be_built_is_said(tmp_path: Path, course: Path) -> None:
    with pytest.raises(CourseError, match=r"no book/conf\.py"):
        build_book(tmp_path)
    broken = tmp_path / "broken"
    shutil.copytree(course, broken, ignore=shutil.ignore_patterns("_build"))
    path = broken / "solutions" / f"{NOTEBOOK}.ipynb"
    path.unlink()
    with pytest.raises(CourseError, match="course build"):
        build_book(broken, most=2, tell=lambda _: None)
