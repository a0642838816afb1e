"""A hub: what its settings may say, what JupyterHub reads of them, and, at night, one that runs, with two students and their instructor."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from lab import find_cell, open_browser, wait_for_kernel, write
from playwright.sync_api import FrameLocator, Locator, Page, expect
from running import Hub, free_ports, make_hub, run_hub
from sampling import NIGHTLY

from autograder.errors import CourseError
from autograder.hub.machine import check_ports, find_problems
from autograder.hub.preparing import run_as, write_configuration
from autograder.hub.settings import PORTS_AFTER, read_settings
from autograder.hub.starting import find_former, forget_groups
from autograder.hub.student import bring

WATCHED, BY_HAND = "01_mini", "02_mini"
RIGHT = ("def relu(z):", "return z.clamp(min=0)")

GOOD = """
[course]
id = "deep-learning"
folder = "course"
[people]
grader = "grader"
instructors = ["ines"]
students = ["ada", "bo-2"]
[hub]
address = "http://127.0.0.1:8000"
data = "data"
"""

SLIPS = [
    ('[hub]\naddress = "http', '[hub]\nadress = "http', "[hub] has no `adress`; did you mean `address`?"),
    ("[people]", "[poeple]", "there is no section [poeple]; did you mean `people`?"),
    ('["ada", "bo-2"]', '"ada"', "[people] students is a list of texts, not 'ada'."),
    ('["ada", "bo-2"]', '["Ada L.", "bo"]', "'Ada L.' can't be an account: a small letter, then"),
    ('["ada", "bo-2"]', '["ada", "ines"]', "'ines' is named more than once in [people]"),
    ('["ada", "bo-2"]', "[]", "[people] has no students"),
    ('grader = "grader"', "", "[people] needs `grader`."),
    ('students = ["ada", "bo-2"]', 'roster = "nobody.csv"', "nobody.csv can't be read: No such file or directory."),
    ("http://127.0.0.1:8000", "https://hub.example.org", "[hub] address is https, which needs `certificate` and `key`"),
    ("http://127.0.0.1:8000", "hub.example.org", "[hub] address is such as http://127.0.0.1:8000"),
    ("http://127.0.0.1:8000", "http://127.0.0.1:65534", "the 3 ports after 65534 are used as well"),
    ('data = "data"', 'data = "course"', "[course] folder and [hub] data are two folders"),
    ('data = "data"', 'data = "data"\n[watch]\nchapters = "1"', '[watch] chapters is "all" or a list such as ["1"].'),
    ('data = "data"', "data = data", "isn't TOML: Invalid value (at line 11, column 8)"),
]


def test_slips_in_the_settings_are_said_in_words(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    for before, after, says in SLIPS:
        assert before in GOOD
        file.write_text(GOOD.replace(before, after), encoding="utf-8")
        with pytest.raises(CourseError) as raised:
            read_settings(file)
        assert says in str(raised.value), str(raised.value)
    (tmp_path / "class.csv").write_text("id,name\nada,=Ada\nbo-2,\n", encoding="utf-8-sig")
    file.write_text(GOOD.replace('students = ["ada", "bo-2"]', 'roster = "class.csv"'), encoding="utf-8")
    assert read_settings(file).students == ("ada", "bo-2")


def test_jupyterhub_reads_the_configuration(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyterhub.app import JupyterHub

    file = tmp_path / "hub.toml"
    file.write_text(GOOD + "[watch]\nattempts = 3\n", encoding="utf-8")
    settings = read_settings(file)
    monkeypatch.setenv("AUTOGRADED_HUB", str(file))
    hub = JupyterHub(config_file=str(root / "hub" / "jupyterhub_config.py"))
    hub.load_config_file(hub.config_file)
    config = hub.config
    assert config.Authenticator.allowed_users == {"ada", "bo-2", "ines"}
    assert hub.bind_url == "http://127.0.0.1:8000"
    assert hub.load_groups["nbgrader-deep-learning"]["users"] == ["ada", "bo-2"]
    formgrader, watch = hub.services
    assert formgrader["timeout"] > 60
    assert (formgrader["user"], watch["user"], watch["command"][-4:]) == ("grader",) * 2 + (
        ["--counts", "last", "--attempts", "3"],
    )
    assert hub.default_url is config.JupyterHub.default_url
    # What Jupyter and nbgrader read on it is Python, and says where the exchange is.
    write_configuration(settings)
    for name in ("student/jupyter_server_config", "student/nbgrader_config", "grader/nbgrader_config"):
        compile((settings.etc / f"{name}.py").read_text(encoding="utf-8"), name, "exec")
    assert str(settings.exchange) in (settings.etc / "grader" / "nbgrader_config.py").read_text(encoding="utf-8")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    unprepared = replace(settings, students=("root",), create_accounts=False)
    problems = "\n".join(find_problems(unprepared, tmp_path))
    assert "root is an account of the system itself (number 0)" in problems
    assert "There are no accounts grader, ines on this machine" in problems
    assert f"The proxy isn't installed in {tmp_path / 'hub'}: make hub-setup" in problems


def test_each_port_of_the_hub_has_to_be_free(tmp_path: Path) -> None:
    """The address's own, the hub's pages, the proxy's door, and the graders' JupyterLab."""
    first = free_ports(PORTS_AFTER + 1)
    file = tmp_path / "hub.toml"
    file.write_text(GOOD.replace("127.0.0.1:8000", f"127.0.0.1:{first}"), encoding="utf-8")
    settings = read_settings(file)
    assert list(check_ports(settings)) == []
    for port in range(first, first + PORTS_AFTER + 1):
        with socket.create_server(("127.0.0.1", port)):
            assert list(check_ports(settings)) == [
                f"Port {port} at 127.0.0.1 can't be used: Address already in use. Choose another one in [hub] address."
            ]


def test_who_left_loses_what_they_had(tmp_path: Path) -> None:
    from jupyterhub import orm

    file = tmp_path / "hub.toml"
    file.write_text(GOOD, encoding="utf-8")
    settings = read_settings(file)
    assert find_former(settings) == set()
    settings.private.mkdir(parents=True)
    database = orm.new_session_factory(f"sqlite:///{settings.database}")()
    graders = orm.Group(name="formgrade-deep-learning")
    database.add_all([graders, *(orm.User(name=name, groups=[graders]) for name in ("ada", "zoe"))])
    database.commit()
    assert find_former(settings) == {"zoe"}
    forget_groups(settings)
    database.expire_all()
    assert graders.users == []
    database.close()


@pytest.fixture(scope="module")
def hub(mini: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub that runs, with two chapters, of which the first is released and graded on arrival."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("makes accounts, for which it has to be root on Linux")
    course = tmp_path_factory.mktemp("hub") / "course"
    shutil.copytree(mini, course)
    for kind in ("source", "release"):
        shutil.copytree(course / kind / WATCHED, course / kind / BY_HAND)
    with make_hub(course, [WATCHED]) as hub, run_hub(hub):
        hub.run_as_grader("autograder.cli", "hub", "release", "1")
        yield hub


def log_in(page: Page, hub: Hub, name: str) -> None:
    page.goto(hub.address)
    page.locator("#username_input").fill(name)
    page.locator("#password_input").fill(hub.passwords[name])
    page.locator("#login_submit").click()
    page.wait_for_url("**/lab**")


def work(page: Page, hub: Hub, name: str, chapter: str) -> None:
    """Solve an exercise of the chapter's notebook, which is open, and run it."""
    file = hub.home(name) / "autograded" / chapter / "1_mini.ipynb"
    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible()
    wait_for_kernel(page)
    write(page, find_cell(page, file, "relu"), *RIGHT)
    choose(page, "Run", "Run All Cells")
    expect(find_cell(page, file, "relu-check").locator(".jp-Cell-outputArea")).to_contain_text("3 of 3 points")


def choose(page: Page, menu: str, item: str) -> None:
    page.locator(".lm-MenuBar-itemLabel", has_text=menu).click()
    page.locator(".lm-Menu-itemLabel", has_text=item).first.click()


def list_assignments(page: Page, hub: Hub, name: str) -> Page:
    page.goto(f"{hub.address}/user/{name}/lab?reset")
    choose(page, "Nbgrader", "Assignment List")
    return page


def row(page: Page, state: str, chapter: str) -> Locator:
    """A chapter's line in nbgrader's list of assignments."""
    return page.locator(f"#{state}_assignments_list .list_item", has_text=chapter)


def read_feedback(hub: Hub, name: str, chapter: str) -> str:
    (page,) = (hub.home(name) / "autograded" / chapter / "feedback").glob("*/1_mini.html")
    return page.read_text(encoding="utf-8")


def press(formgrader: FrameLocator, kind: str) -> None:
    """An icon of the second chapter in formgrader; it says that it worked."""
    formgrader.locator("tr", has_text=BY_HAND).locator(f".{kind} a").click()
    expect(formgrader.locator(".modal.in")).to_contain_text("Success")
    formgrader.locator(".modal.in button", has_text="OK").click()
    expect(formgrader.locator(".modal.in")).to_have_count(0)


@pytest.fixture
def people(hub: Hub) -> tuple[str, str, str]:
    return (*hub.settings.students, *hub.settings.instructors)  # type: ignore[return-value]


@NIGHTLY
def test_what_is_handed_in_at_the_desk_is_graded_at_once(hub: Hub, people: tuple[str, str, str]) -> None:
    ada = people[0]
    with open_browser() as page:
        log_in(page, hub, ada)
        expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()  # the course's own first page
        page.goto(f"{hub.address}/user/{ada}/lab/tree/autograded/{WATCHED}/1_mini.ipynb")
        work(page, hub, ada, WATCHED)
        page.get_by_role("button", name="Hand in", exact=True).click()
        page.get_by_role("button", name="Submit to autograded").click()
        expect(page.locator(".jp-Dialog")).to_contain_text("Handed in")
        page.get_by_role("button", name="Close").click()
        list_assignments(page, hub, ada)
        handed_in = row(page, "submitted", WATCHED)
        until_shown(page, handed_in, "feedback available to fetch")
        handed_in.get_by_role("button", name="Fetch Feedback").click()
        expect(handed_in).to_contain_text("view feedback")
        for place in ("services/formgrader/lab", "hub/admin"):
            found = page.goto(f"{hub.address}/{place}")
            assert found is not None
            assert found.status == 403
    assert '<h2 id="fb-points">3 of 6 points</h2>' in read_feedback(hub, ada, WATCHED)


def until_saved(page: Page, file: Path) -> None:
    """Wait until the answer is in the file; raises `AssertionError` when it doesn't come."""
    for _ in range(240):
        if RIGHT[1] in file.read_text(encoding="utf-8"):
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"{file} was not saved")


def until_shown(page: Page, place: Locator, text: str) -> None:
    """Ask for the list again until it says so."""
    for _ in range(60):
        if text in place.inner_text():
            return
        page.wait_for_timeout(500)
        page.locator("#refresh_assignments_list").click()
        expect(place).to_be_visible()
    expect(place).to_contain_text(text)


@NIGHTLY
def test_a_link_and_the_exchange_bring_a_chapter_and_an_instructor_gives_it_back(
    hub: Hub, people: tuple[str, str, str]
) -> None:
    ada, bo, ines = people
    with open_browser() as page:  # his server starts before the chapter is released
        log_in(page, hub, bo)
        link = hub.run_as_grader("autograder.cli", "hub", "release", "2").split("; ")[1].strip()
        list_assignments(page, hub, bo)
        row(page, "released", BY_HAND).get_by_role("button", name="Fetch").click()
        expect(row(page, "fetched", BY_HAND)).to_be_visible()
        page.goto(f"{hub.address}/user/{bo}/lab/tree/autograded/{BY_HAND}/1_mini.ipynb?reset")
        work(page, hub, bo, BY_HAND)
        page.evaluate("document.activeElement.blur()")
        choose(page, "File", "Save Notebook")
        until_saved(page, hub.home(bo) / "autograded" / BY_HAND / "1_mini.ipynb")
        list_assignments(page, hub, bo)
        row(page, "fetched", BY_HAND).get_by_role("button", name="Submit").click()
        expect(row(page, "submitted", BY_HAND)).to_be_visible()
    with open_browser() as page:
        log_in(page, hub, ada)
        page.goto(link)
        page.wait_for_url(f"**/lab/tree/autograded/{BY_HAND}**")
        assert (hub.home(ada) / "autograded" / BY_HAND / "1_mini.ipynb").is_file()
    with open_browser() as page:
        log_in(page, hub, ines)
        page.wait_for_url("**/services/formgrader/lab**")
        choose(page, "Nbgrader", "Formgrader")
        formgrader = page.frame_locator("iframe")
        press(formgrader, "collect")
        hub.run_as_grader("autograder.cli", "grade", "2")
        formgrader.locator("tr", has_text=BY_HAND).locator(".num-submissions a").click()
        expect(formgrader.locator("tr", has_text=bo)).to_contain_text("3 / 6")
        hub.run_as_grader("autograder.cli", "grade", "2", "--feedback")
        formgrader.get_by_role("link", name="Manage Assignments").first.click()
        press(formgrader, "release-feedback")
    with open_browser() as page:
        log_in(page, hub, bo)
        list_assignments(page, hub, bo)
        row(page, "submitted", BY_HAND).get_by_role("button", name="Fetch Feedback").click()
        expect(row(page, "submitted", BY_HAND)).to_contain_text("view feedback")
    assert '<h2 id="fb-points">3 of 6 points</h2>' in read_feedback(hub, bo, BY_HAND)


@NIGHTLY
def test_a_student_reaches_nothing_of_others_and_a_second_hub_is_refused(
    hub: Hub, people: tuple[str, str, str]
) -> None:
    settings, (ada, bo, ines) = hub.settings, people
    course = settings.exchange / settings.course_id
    closed = [settings.course, settings.private, hub.home(bo), hub.home(ines), course / "inbound", course / "feedback"]
    for place in closed:
        with pytest.raises(CourseError, match="Permission denied"):
            run_as(ada, ["ls", place], Path("/"))
    for place in (course, course / "outbound", settings.etc, settings.repository):
        with pytest.raises(CourseError, match="Permission denied"):
            run_as(ada, ["touch", place / "mine"], Path("/"))
    with pytest.raises(CourseError, match="Operation not permitted"):
        run_as(ada, ["mv", course, settings.exchange / "away"], Path("/"))
    assert "A hub with" in hub.start_another()


def test_what_came_from_the_exchange_stays_when_git_brings_it_too(
    mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nbgrader_in_process: Callable[..., str]
) -> None:
    from autograder.hub import releases

    file = tmp_path / "hub.toml"
    file.write_text(GOOD.replace("deep-learning", "autograded"), encoding="utf-8")
    settings = read_settings(file)
    shutil.copytree(mini, settings.course)
    monkeypatch.setattr(releases, "run_nbgrader", lambda *_: "")
    releases.start_repository(settings)
    home = tmp_path / "home" / "autograded"
    bring(home, settings.repository.as_uri())
    releases.release(settings, [WATCHED])
    shutil.copytree(mini / "release" / WATCHED, home / WATCHED)  # as nbgrader's list brings it
    own = home / WATCHED / "1_mini.ipynb"
    notebook = nbformat.read(own, as_version=4)
    next(cell for cell in notebook.cells if cell.id == "relu").source = "\n    ".join(RIGHT)
    nbformat.write(notebook, own)
    before = own.read_bytes()
    bring(home, settings.repository.as_uri())
    assert own.read_bytes() == before
    assert sorted(path.name for path in own.parent.iterdir()) == sorted(
        path.name for path in (mini / "release" / WATCHED).iterdir()
    )
