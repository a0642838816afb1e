"""Marks by item in the gradebook: what follows, what stays, what is refused, and who sees what."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from classes import CHAPTER, in_book, open_desk, serve_desk, set_in_formgrader

from autograder.cli import main
from autograder.errors import CourseError
from autograder.marking.agreement import read_agreement
from autograder.marking.desk import Conflict, Desk
from autograder.marking.rubrics import rubric_path

ITEMS = [{"id": "a", "text": "the product", "points": 1}, {"id": "b", "text": "what follows", "points": 1}]
RUBRIC = {"start": 0, "items": ITEMS}


def load(desk: Desk) -> dict[str, Any]:
    """The only question, with its answers by student."""
    found = desk.load(desk.questions[0])
    return {**found, "by": {one["name"]: one for one in found["answers"]}}


def give(desk: Desk, seen: dict[str, Any], *items: str, given: bool = True, **more: Any) -> dict[str, Any]:
    """Mark an answer as the page does it that has `seen` this state."""
    asked = {"key": seen["key"], "revision": seen["revision"], "items": list(items), "given": given, **more}
    return desk.save_mark(desk.questions[0], {"adjust": 0, "comment": "", **asked})


def set_rubric(desk: Desk, rubric: Any) -> dict[str, Any]:
    [question] = desk.questions
    return desk.save_rubric(question, {"rubric": rubric, "revision": desk.rubric(question).revision})


def test_marks_follow_the_rubric_and_formgrader_is_respected(course: Path) -> None:
    with open_desk(course) as desk:
        before = load(desk)
        assert before["proposed"]["items"][0]["text"] == "the product of matrices"
        assert "stack of linear layers" in before["model"]
        assert before["by"]["never"]["status"] == "not attempted"
        assert [one["status"] for one in before["answers"]].count("waiting") == 59
        set_rubric(desk, RUBRIC)
        seen = load(desk)["by"]
        assert give(desk, seen["s00"], "a", comment="And then?")["score"] == 1
        give(desk, seen["s01"], "a", "b", adjust=-0.5)
        give(desk, seen["s02"], "a")
        assert in_book(course, "s00") == {"score": 1.0, "comment": "And then?"}
        assert in_book(course, "s01")["score"] == 1.5
        set_in_formgrader(course, "s02", 2.0, "set by hand")
        set_in_formgrader(course, "s03", 0.5)
        shown = load(desk)["by"]
        assert [(shown[name]["score"], shown[name]["by"]) for name in ("s02", "s03")] == [
            (2, "formgrader"),
            (0.5, "formgrader"),
        ]

        told = set_rubric(desk, {"start": 0, "items": [{**ITEMS[0], "points": 0.5}, ITEMS[1]]})
        assert [in_book(course, name)["score"] for name in ("s00", "s01", "s02", "s03")] == [0.5, 1.0, 2.0, 0.5]
        assert in_book(course, "s00")["comment"] == "And then?"
        assert told["warnings"] == [
            "1 of the marks were changed in formgrader since they were given here. They stay as they are there."
        ]
        assert told["rubric"]["uses"] == {"a": 3, "b": 1}

        with pytest.raises(Conflict) as refused:
            give(desk, seen["s02"], "b")
        assert refused.value.state["score"] == 2, "what formgrader wrote is shown, not overwritten"
        assert in_book(course, "s02") == {"score": 2.0, "comment": "set by hand"}
        give(desk, refused.value.state, "b")
        assert in_book(course, "s02")["score"] == 1.0, "somebody who has seen it may"

        set_rubric(desk, {"start": 0, "items": [ITEMS[1]]})  # an item is gone, and out of its marks
        assert [in_book(course, name)["score"] for name in ("s00", "s01")] == [0, 0.5]
        path = rubric_path(course, CHAPTER)
        stored = json.loads(path.read_text(encoding="utf-8"))
        stored["1_mini/why"]["items"][0]["points"] = 2
        path.write_text(json.dumps(stored), encoding="utf-8")
        load(desk)  # a file that was edited
        assert in_book(course, "s01")["score"] == 1.5
        path.unlink()
        assert load(desk)["warnings"] == [
            "2 of the marks use items that the rubric's file doesn't have any more. They stay as they are."
        ]
        assert in_book(course, "s01")["score"] == 1.5


def test_two_tabs_and_two_markers_lose_nothing(course: Path) -> None:
    with open_desk(course) as ada, open_desk(course, "ben") as ben:
        set_rubric(ada, RUBRIC)
        seen = load(ada)["by"]["s05"]
        also = load(ben)["by"]["s05"]
        give(ada, seen, "a", comment="mine")
        with pytest.raises(Conflict) as refused:
            give(ben, also, "b")
        assert (refused.value.state["score"], refused.value.state["comment"]) == (1, "mine")
        with pytest.raises(Conflict):
            give(ada, seen, "b")  # her other tab
        assert in_book(course, "s05") == {"score": 1.0, "comment": "mine"}
        revision = load(ben)["rubric"]["revision"]
        set_rubric(ada, {"start": 0, "items": [*ITEMS, {"id": "c", "text": "more", "points": 1}]})
        with pytest.raises(Conflict) as refused:
            ben.save_rubric(ben.questions[0], {"rubric": RUBRIC, "revision": revision})
        assert len(refused.value.state["rubric"]["items"]) == 3
        back = give(ada, load(ada)["by"]["s05"], given=False)
        assert (back["status"], in_book(course, "s05")["score"]) == ("waiting", None)
        with pytest.raises(CourseError, match="isn't a mark"):
            give(ada, back, adjust=float("nan"))


def test_independent_markers_agree_or_not(course: Path) -> None:
    with open_desk(course) as ada, open_desk(course, "ben", independent=True, anonymous=True) as ben:
        set_rubric(ada, RUBRIC)
        seen = load(ada)["by"]
        for name, items in {"s01": ["a"], "s02": ["a", "b"], "s04": []}.items():
            give(ada, seen[name], *items)
        set_in_formgrader(course, "s07", 2.0)
        hidden = load(ben)
        assert {one["status"] for one in hidden["answers"]} == {"waiting", "not attempted"}
        assert not any(one["marks"] or one["score"] or one["by"] for one in hidden["answers"])
        assert "s01" not in json.dumps({**hidden, "by": None}), "no names"
        assert hidden["rubric"]["uses"] == {}
        keys = {one["key"]: one for one in hidden["answers"]}
        for name, items in {"s01": ["a"], "s02": ["a"], "s04": [], "s07": ["a"]}.items():
            give(ben, keys[seen[name]["key"]], *items, comment=f"ben on {name}")
        assert [in_book(course, name)["score"] for name in ("s01", "s02", "s04", "s07")] == [1.0, None, 0.0, None]
        found = load(ada)
        assert sorted(name for name, one in found["by"].items() if one["status"] == "disputed") == ["s02", "s07"]
        [pair] = [one for one in found["agreement"] if one["markers"] == ["ada", "ben"]]
        assert (pair["count"], pair["percent"]) == (3, 66.7)
        marks = {mark["marker"]: mark["score"] for mark in found["by"]["s07"]["marks"]}
        assert marks == {"ben": 1.0, "formgrader": 2.0}, (
            "a mark of formgrader's is another marker's, and not overwritten"
        )
        settled = give(ada, found["by"]["s02"], "a", settles=True)
        assert (settled["status"], in_book(course, "s02")["score"]) == ("marked", 1.0)
        for desk in (ada, ben):  # as it was, also for the one whose mark gave way
            assert [one["percent"] for one in load(desk)["agreement"] if one["markers"] == ["ada", "ben"]] == [66.7]
        question = ada.questions[0]
        with ada.engine.connect() as connection:
            now = [case.target for case in ada.list_cases(question, connection)]
        answers = {student: {notebook: {cell: digest}} for student, notebook, cell, digest in now}
        measured = read_agreement(course, ada.chapter, answers)[question.notebook, question.cell]
        assert measured["ada", "ben"].percent == 66.7
        stale = {student: {question.notebook: {question.cell: ""}} for student in answers}
        assert read_agreement(course, ada.chapter, stale) == {}


def test_the_server_lets_in_nobody_without_the_token(course: Path) -> None:
    def ask(path: str, host: str = "", headers: dict[str, str] | None = None, body: bytes | None = None) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{room.port}{path}", body, headers or {})
        request.add_header("Host", host or f"127.0.0.1:{room.port}")
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            return error.code

    with serve_desk(course) as (_, room):
        known = {"Cookie": f"{room.cookie}={room.token}"}
        assert ask("/api/questions") == 403
        assert ask("/api/questions", headers={"Cookie": f"{room.cookie}=guess"}) == 403
        assert ask("/api/questions", host="evil.example", headers=known) == 403
        assert ask("/api/questions/0/mark", headers=known, body=b"{}") == 403, "not from another site's form"
        assert ask("/api/questions/0/mark", headers={**known, "X-Marking": "1"}, body=b"nonsense") == 400
        assert ask("/api/questions/7/all", headers=known) == 400
        assert ask("/page/../server.py", headers=known) == 404
        assert ask("/api/questions", headers=known) == 200


def test_the_command_says_what_is_wrong(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, says in {
        ("9",): "isn't an assignment",
        ("1", "nothing"): "isn't a question to mark of 01_mini. There are: 1_mini/why.",
        ("1", "--port", "70000"): "Port 70000 cannot be used",
        ("1", "--marker", "formgrader"): "--marker takes a name",
    }.items():
        assert main(["mark", *arguments, "--no-browser"]) == 1
        assert says in capsys.readouterr().err
