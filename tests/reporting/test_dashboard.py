"""The dashboard: what it says about a course worked out by hand, its pages, and how they are served."""

from __future__ import annotations

import http.client
import posixpath
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest
from lab import open_browser

from autograder.grading.coursewide import ChapterMark, CourseMark, CourseMarks
from autograder.grading.results import ClassResult, ExerciseResult, StudentResult
from autograder.grading.weighing import MarkRules
from autograder.marking.agreement import Agreement
from autograder.reporting.gathering import Chapter, Course, Try, make_pages
from autograder.reporting.serving import Server, find_browser
from autograder.reporting.sheets import describe_history, write_late
from autograder.reporting.site import render_site
from autograder.reporting.statistics import complete, compute_statistics, count_mistakes
from autograder.reporting.titles import Titles, name_chapter
from autograder.reporting.trouble import find_complaints, find_stuck, find_worries, follow_messages

SECOND = '02 <script>alert("x")<script>#?'
EVIL = '<script>alert("x")</script>'
BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
HARD, FAIR, WHY = ("1_n", "hard"), ("1_n", "fair"), ("1_n", "why")


def mark(key: tuple[str, str], score: float | None, *mistakes: str) -> ExerciseResult:
    state = "by hand" if key == WHY else "right" if score == 2 else "wrong"
    return ExerciseResult(*key, 2, score, state, list(mistakes), by_hand=key == WHY)  # type: ignore[arg-type]


def attempt(number: int, *marks: ExerciseResult, changed: set[tuple[str, str]] | None = None, reason: str = "") -> Try:
    time, found = BEGIN + timedelta(days=number), {(one.notebook, one.exercise): one for one in marks}
    known = None if changed is None else frozenset(changed)
    return Try(number, time, time, timedelta(), reason, "", found, known, True)


def make_chapter(tries: dict[str, list[Try]], name: str = "01_first", missing: tuple[str, ...] = ()) -> Chapter:
    students = [StudentResult(one, "graded", exercises=list(found[-1].marks.values())) for one, found in tries.items()]
    students += [StudentResult(one, "nothing handed in") for one in missing]
    result = ClassResult(name, students)
    graded = complete(result)
    titles = Titles(name_chapter(name), {"1_n": "A notebook"}, {HARD: "The hard one"}, {HARD: "hard-check"})
    page = make_pages([name])[name]
    counted = compute_statistics(graded), count_mistakes(graded)
    agreement = {WHY: {("Emmy", "<Kurt>"): Agreement(3, 66.7, 0.4, None, -0.5)}}
    return Chapter(name, titles, page, result, graded, *counted, tries, None, agreement)


def test_a_message_helps_if_the_next_answer_is_better() -> None:
    """`fay` changed another answer, and isn't counted; after a regrade, what a student read first counts."""
    same, other, right = (mark(HARD, 0, "no"), mark(HARD, 0, "different"), mark(HARD, 2))
    first = attempt(1, same)
    tries = {
        name: [first, attempt(2, then, changed={HARD})]
        for name, then in zip("abcd", (same, same, other, right), strict=True)
    }
    tries["fay"] = [first, attempt(2, same, changed=set())]
    tries["gus"] = [first, attempt(1, right, reason="the source changed"), attempt(2, same, changed={HARD})]
    chapter = make_chapter(tries)
    [fate] = follow_messages(chapter)[HARD]
    assert (fate.right, fate.other, fate.same, fate.unchanged, fate.students) == (1, 1, 3, 1, ["a", "b", "gus"])
    assert fate.failed
    [complaint] = find_complaints(chapter, follow_messages(chapter))
    assert complaint.reasons[0].startswith("A message doesn't help: 3 of 5")


def test_stuck_is_who_changed_an_answer_and_never_got_it_right() -> None:
    no, other, right = mark(HARD, 0, "no"), mark(HARD, 0, "different"), mark(HARD, 2)
    tries = {
        "stuck": [attempt(1, other), attempt(2, no, changed={HARD}), attempt(3, no, changed={HARD})],
        "wanders": [attempt(1, no), attempt(2, other, changed={HARD})],
        "done": [attempt(1, no), attempt(2, no, changed={HARD}), attempt(3, right, changed={HARD})],
        "once": [attempt(1, no)],
        "rested": [attempt(1, no), attempt(2, no, changed={FAIR})],
        "lost it": [attempt(1, right), attempt(2, no, changed={HARD})],
    }
    found = [(one.student, one.attempts, one.same) for one in find_stuck(make_chapter(tries))]
    assert found == [("stuck", 3, 2), ("wanders", 2, 1)]


def test_a_history_says_what_changed_mark_by_mark() -> None:
    tries = [
        attempt(1, mark(HARD, 0, "no"), mark(FAIR, 0), mark(WHY, None)),
        attempt(2, mark(HARD, 2), mark(FAIR, 0), mark(WHY, None), changed={HARD, FAIR}),
        attempt(2, mark(HARD, 2), mark(FAIR, 2), mark(WHY, 1), reason="the source changed"),
    ]
    first, second, again = describe_history(tries)
    assert (first.changes, first.again, first.score) == ([], False, 0)
    [change] = second.changes
    assert (change.key, change.before, change.after, change.points_after, second.edited) == (
        HARD,
        "wrong",
        "right",
        2,
        [FAIR],
    )
    assert [one.key for one in again.changes] == [FAIR], "a mark given by hand isn't what grading again changed"
    assert (again.again, again.reason) == (True, "the source changed")


@pytest.mark.parametrize(
    ("late", "says"),
    [
        (timedelta(), ""),
        (timedelta(seconds=5), "1 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(hours=25, minutes=30), "1 d 1 h"),
        (timedelta(days=2), "2 d"),
    ],
)
def test_lateness_in_words(late: timedelta, says: str) -> None:
    assert write_late(late) == says


def test_every_name_has_a_file_of_its_own() -> None:
    names = ["ada", "Ada", "ADA", "a b", "a/b", "../x", "con", "=1+1", "ß", "", "🙂", "a" * 300, ".", "x\udcff"]
    pages = make_pages(names)
    assert len({page.lower() for page in pages.values()}) == len(names)
    assert all(re.fullmatch(r"[a-z0-9_-]{1,80}", page) for page in pages.values())
    assert pages["ada"] == "ada"
    assert name_chapter("01_forward_pass") == "1 · Forward pass"
    assert name_chapter("ps1") == "PS1"


# --- pages --------------------------------------------------------------------------------------------


@cache
def make_course(root: Path) -> Course:
    names = {"ada": "Ada Lovelace", f"{EVIL}&'": f"{EVIL} O'Brien, Jr.", "=bo 🙂": "=bo 🙂", "cyn": "cyn", "dee": "dee"}
    tries: dict[str, list[Try]] = {}
    for place, name in enumerate(names):
        if name != "dee":
            bad = mark(HARD, 0, f"no {EVIL}"), mark(FAIR, 2 * (place % 2)), mark(WHY, None)
            good = (
                mark(HARD, 2 * (place % 2), *[f"no {EVIL}"] * (place % 2 == 0)),
                *bad[1:2],
                mark(WHY, 1 if place else None),
            )
            tries[name] = [
                attempt(1, *bad),
                attempt(2, *good, changed={HARD}),
                attempt(2, *good, reason=f"changed {EVIL}"),
            ]
            tries[name][1] = replace(tries[name][1], late=timedelta(hours=5))
    chapters = [make_chapter(tries, name, ("dee",)) for name in ("01_first", SECOND)]
    chapters[1].result.students[-1] = StudentResult("dee", "not graded", f"broken {EVIL}")
    marks = [
        CourseMark(
            name,
            shown,
            {
                one.name: ChapterMark(
                    one.name, "missing" if name == "dee" else "pending", None if name == "dee" else 2, 6, 2
                )
                for one in chapters
            },
            None if name == "dee" else 100 / 3,
            None if name == "dee" else 200 / 3,
        )
        for name, shown in names.items()
    ]
    most = {one.name: 6.0 for one in chapters}
    pages = make_pages(names)
    return Course(root, chapters, names, pages, CourseMarks(MarkRules(drop=1), most, dict.fromkeys(most, 0.5), marks))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with one feedback page, and a secret beside it."""
    root = tmp_path_factory.mktemp("course")
    for path, text in {
        "feedback/ada/01_first/1_n.html": "<p id='hard-check'>good</p>",
        f"feedback/=bo 🙂/{SECOND}/1_n.html": '<article id="fb-exercise-1">',
        "autograded/ada/01_first/1_n.ipynb": "{}",
        "source/01_first/1_n.html": "solution",
        "gradebook.db": "marks",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    for name, page in render_site(make_course(root)).items():
        path = root / "reports" / "dashboard" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    return root


def test_every_link_leads_somewhere_and_nothing_needs_a_network(root: Path) -> None:
    pages = render_site(make_course(root))
    work = set()
    for name, page in pages.items():
        if not name.endswith(".html"):
            continue
        assert not re.search(r"https?://|url\(|@import|<iframe|<img", page), name
        assert page.count("<script") == page.count("script.js") <= 1
        for address in re.findall(r'(?:href|src)="([^"]*)"', page):
            if address == "data:,":  # no picture for the browser's tab, so that it asks for none
                continue
            path, _, part = unescape(address).partition("#")
            target = (
                posixpath.normpath(posixpath.join("reports/dashboard", posixpath.dirname(name), unquote(path)))
                if path
                else ""
            )
            if target and not target.startswith("reports/dashboard/"):
                assert (root / target).is_file(), address
                work.add(address.removeprefix("../../../"))
                continue
            known = pages[target.removeprefix("reports/dashboard/")] if target else page
            assert not part or f'id="{part}"' in known, (name, address)
    assert {unquote(unescape(address)) for address in work} == {
        "feedback/ada/01_first/1_n.html#hard-check",
        "feedback/ada/01_first/1_n.html",
        "autograded/ada/01_first/1_n.ipynb",
        f"feedback/=bo 🙂/{SECOND}/1_n.html#fb-exercise-1",
        f"feedback/=bo 🙂/{SECOND}/1_n.html",
    }


def test_names_and_messages_are_text_on_every_page(root: Path) -> None:
    pages = render_site(make_course(root))
    assert all("alert(" not in re.sub(r"&lt;script&gt;alert\(&#34;x", "", page) for page in pages.values())
    assert "Ada Lovelace" in pages["index.html"]
    assert pages == render_site(make_course(root)), "the same course gives the same pages"


def test_pages_can_be_read_without_seeing_them(root: Path) -> None:
    for name, page in render_site(make_course(root)).items():
        if name.endswith(".html"):
            assert '<html lang="en">' in page
            assert page.count("<h1") == page.count("<main") == 1, name
            assert all("scope=" in header for header in re.findall(r"<th\b[^>]*>", page)), name
            assert all(re.search(r'role="img".*aria-label="[^"]{20,}"', one) for one in re.findall(r"<svg[^>]*>", page))


def test_the_page_of_an_answer_by_hand_says_how_far_markers_agree(root: Path) -> None:
    pages = {
        name: re.sub(r"\s+", " ", page)
        for name, page in render_site(make_course(root)).items()
        if name.startswith("exercises/")
    }
    told = (
        "<li>Emmy and &lt;Kurt&gt; marked 3 answers independently, and gave the same points to 67%. Kappa 0.40. "
        "&lt;Kurt&gt; gave 0.50 points more on average.</li>"
    )
    assert {told in page for name, page in pages.items() if "why" in name} == {True}
    assert not any('id="markers"' in page for name, page in pages.items() if "why" not in name)


def test_the_first_page_says_what_needs_a_person(root: Path) -> None:
    course = make_course(root)
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", render_site(course)["index.html"]))
    assert "To grade by hand: 1 answer in 1 · First" in page
    assert "Not graded: dee in" in page
    assert "33.3%" in page
    assert "66.7%" in page
    assert "dee : Nothing handed in yet." in page
    assert [one.student for one in find_worries(course, [])][:1] == ["dee"]
    student = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", render_site(course)["students/ada.html"]))
    assert "2026-03-0" in student
    assert "5 h" in student
    assert "Graded again: changed &lt;script&gt;" in student


# --- in a browser -------------------------------------------------------------------------------------


@pytest.fixture
def server(root: Path) -> Iterator[Server]:
    with Server(root) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_only_the_dashboard_and_the_work_are_served_and_only_to_who_has_the_address(root: Path, server: Server) -> None:
    def get(path: str, host: str = "") -> tuple[int, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
        connection.request("GET", path, headers={"Host": host or f"127.0.0.1:{server.server_port}"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers.get("Content-Security-Policy", "")

    first = f"/{server.secret}/reports/dashboard/index.html"
    assert server.address.endswith(first)
    status, page, policy = get(first)
    assert (status, "The course at a glance" in page, "script-src 'self'" in policy) == (200, True, True)
    status, page, policy = get(f"/{server.secret}/feedback/ada/01_first/1_n.html?x")
    assert (status, "good" in page, "script-src 'none'" in policy) == (200, True, True)
    (root / "feedback" / "ada" / "01_first" / "link.html").symlink_to(root / "source" / "01_first" / "1_n.html")
    for path in (
        "/reports/dashboard/index.html",
        "/wrong/reports/dashboard/index.html",
        f"/{server.secret}/gradebook.db",
        f"/{server.secret}/source/01_first/1_n.html",
        f"/{server.secret}/feedback/../source/01_first/1_n.html",
        f"/{server.secret}/feedback/ada/01_first/%2e%2e/%2e%2e/%2e%2e/source/01_first/1_n.html",
        f"/{server.secret}/feedback/ada/01_first/link.html",
        f"/{server.secret}/reports/dashboard",
        f"/{server.secret}/%00",
        "/",
    ):
        assert get(path)[0] == 404, path
    assert get(first, "evil.example")[0] == 404


def test_without_a_window_there_is_no_browser() -> None:
    assert find_browser({}) is None


def test_in_a_browser(root: Path, server: Server) -> None:
    """Sorted, searched, and as wide as a telephone; served with the policy that the server sends."""
    with open_browser(400, 800) as page:
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        exercise = next(path.name for path in (root / "reports" / "dashboard" / "exercises").glob("*hard*"))
        for name in (
            "index.html",
            "exercises.html",
            "students/ada.html",
            "chapters/01_first.html",
            f"exercises/{exercise}",
        ):
            page.goto(server.address.replace("index.html", name))
            assert page.evaluate("document.documentElement.scrollWidth") <= 400, name
        page.goto(server.address)
        table = page.locator("table.sortable")
        first = table.locator("tbody tr").first
        table.get_by_role("button", name="Student", exact=True).click()
        assert table.locator("tbody tr").last.inner_text().startswith("dee")
        table.get_by_role("button", name="Student", exact=True).click()
        assert first.inner_text().startswith("dee")
        table.get_by_role("button", name="Course so far", exact=True).click()
        assert "dee" in table.locator("tbody tr").last.inner_text(), "without a mark is last, whichever way"
        page.get_by_label("Find a student:").fill("lovelace")
        assert table.locator("tbody tr:visible").count() == 1
        page.get_by_role("link", name="Ada Lovelace").first.click()
        assert page.title() == "Ada Lovelace"
        assert not errors
