"""A feedback page: a graded notebook by exercises, those with mistakes first, and then the notebook itself.

`templates/feedback.html` lays it out. Whatever it gets is drawn already (`drawing`) or escaped there.
"""

from __future__ import annotations

import functools
import hashlib
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from markupsafe import Markup, escape

from autograder.engine.scores import get_extra
from autograder.grading.answers import find_own_answers, is_answer
from autograder.grading.cards import Card, draw_words, write_points
from autograder.grading.collecting import read_exercise
from autograder.grading.drawing import (
    OWN,
    draw_code,
    draw_line,
    draw_markdown,
    draw_outputs,
    lower_headings,
    show_plain,
)
from autograder.grading.environment import make_environment
from autograder.grading.findings import Findings
from autograder.grading.submissions import get_id
from autograder.grading.texts import is_random, plain_heading

State = Literal["wrong", "stopped", "partial", "not attempted", "to grade", "right"]

SYMBOLS: dict[State, str] = {
    "wrong": "✗",
    "stopped": "!",
    "partial": "◐",
    "not attempted": "○",
    "to grade": "?",
    "right": "✓",
}

WORDS: dict[State, str] = {
    "wrong": "not right",
    "stopped": "stopped with an error",
    "partial": "partly right",
    "not attempted": "not attempted",
    "to grade": "not graded yet",
    "right": "right",
}


@dataclass(frozen=True)
class Marks:
    """What the gradebook has of one cell; named as in nbgrader's `Grade`."""

    name: str
    cell_type: str
    auto_score: float | None
    manual_score: float | None
    extra_credit: float
    score: float
    max_score: float
    needs_manual_grade: bool


@dataclass(frozen=True)
class PageMarks:
    """What the gradebook has of one student's notebook; comments as pairs, nbgrader's own and a person's."""

    grades: Mapping[str, Marks]
    comments: Mapping[str, tuple[str | None, str | None]]
    score: float
    most: float
    penalty: float = 0.0
    seconds_late: float = 0.0
    due: datetime | None = None


@dataclass(frozen=True)
class Words:
    """What a check says: a card, or else its first line, and what follows; `plain` is any other output of its cell."""

    head: str
    paragraphs: list[Markup]
    plain: list[Markup]
    test: Markup | None = None
    card: Card | None = None


@dataclass
class Exercise:
    """One exercise on the page: an answer, the checks that judge it, and what a person says about it."""

    anchor: str
    title: Markup
    place: int
    """The number of its first cell in the notebook."""
    answer: list[Markup] = field(default_factory=list)
    checks: list[Words] = field(default_factory=list)
    comments: list[Markup] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    score: float = 0.0
    points: float = 0.0
    bonus: float = 0.0
    """Extra credit that a person gave beside the points."""
    waiting: float = 0.0
    """Points that a person has still to give."""
    extra: bool = False

    @property
    def state(self) -> State:
        """How it went on the whole, where it has several checks."""
        states = set(self.states)
        if len(states) == 1:
            return self.states[0]
        if states & {"wrong", "stopped", "partial"}:
            return "partial" if self.score else "stopped" if "stopped" in states else "wrong"
        return "to grade" if "to grade" in states else "partial"


@dataclass(frozen=True)
class Cell:
    """A cell of the notebook, as the page shows it."""

    anchor: str
    shown: list[Markup]


def render_page(notebook: Any, names: Mapping[str, Any]) -> str:
    """The page of a graded and cleaned notebook; `names` is what nbgrader's steps know of it."""
    marks: PageMarks | None = names.get("marks")
    exercises = _read_exercises(notebook, names, marks) if marks else []
    extra = sum(one.score if one.extra else one.bonus for one in exercises)
    page: str = _template("feedback.html").render(
        title=_find_title(notebook) or escape(names.get("notebook", "Notebook")),
        notebook=names.get("notebook", ""),
        assignment=names.get("assignment", ""),
        student=names.get("student", ""),
        marks=marks,
        extra=extra,
        earned=sum(one.score for one in exercises if not one.extra),
        waiting=sum(one.waiting for one in exercises),
        late=write_duration(marks.seconds_late) if marks and marks.seconds_late else "",
        exercises=exercises,
        sections=_sort(exercises),
        commented=[one for one in exercises if one.comments],
        cells=list(_draw_cells(notebook, names.get("cards") or {})),
        symbols=SYMBOLS,
        words=WORDS,
        own=OWN,
        style=Markup(_style()),
        style_digest=_digest_style(),
    )
    return page


def _sort(exercises: list[Exercise]) -> list[tuple[str, str, list[Exercise]]]:
    """The sections of the page, each with a name for its anchor, a heading and its exercises."""
    sections: list[tuple[str, str, set[State]]] = [
        ("mistakes", "Look at these again", {"wrong", "stopped", "partial"}),
        ("missing", "Not attempted", {"not attempted"}),
        ("waiting", "Not graded yet", {"to grade"}),
        ("right", "Right", {"right"}),
    ]
    found = [(name, head, [one for one in exercises if one.state in states]) for name, head, states in sections]
    return [section for section in found if section[2]]


def _read_exercises(notebook: Any, names: Mapping[str, Any], marks: PageMarks) -> list[Exercise]:
    """The exercises in the order of the notebook: what has points, or a person's comment."""
    findings: Findings = names.get("findings") or {}
    automatic = {cell: auto for cell, (auto, _) in marks.comments.items()}
    answers, titles = find_own_answers(notebook), _find_titles(notebook)
    found: dict[str, Exercise] = {}
    failed: dict[str, list[Words]] = {}
    for place, cell in enumerate(notebook.cells):
        name = get_id(cell)
        if not name:
            continue
        key = answers.get(name) or name
        comment = marks.comments.get(name, (None, None))[1]
        if name not in marks.grades and not comment:
            continue
        if key not in found:
            first = next((at for at, one in enumerate(notebook.cells) if get_id(one) == key), place)
            found[key] = Exercise(f"{OWN}exercise-{len(found) + 1}", titles[key], first)
        one = found[key]
        if comment:
            one.comments.append(draw_markdown(comment))
        if name in marks.grades:
            grade = marks.grades[name]
            _add_mark(one, grade, read_exercise("", grade, findings, automatic, get_extra(cell)))
        if name in answers and name in marks.grades:
            result = findings.get(name, {}).get("result") or {}
            card = (names.get("cards") or {}).get(name)
            words = _read_words(cell, notebook, card, [each["says"] for each in result.get("mistakes", [])])
            one.checks.append(words)
            if one.states[-1] != "right":
                failed.setdefault(key, []).append(words)
    for key, one in found.items():
        one.checks = failed.get(key) or one.checks  # beside one that failed, those that didn't say nothing
        one.states = one.states or ["right"]  # a comment alone
        one.answer = _draw_answer(notebook, key, one)
    return sorted(found.values(), key=lambda one: one.place)


def _add_mark(one: Exercise, grade: Marks, result: Any) -> None:
    waiting = result.state == "by hand" and result.score is None
    bonus = 0.0 if result.extra else grade.extra_credit
    score = 0.0 if waiting else grade.score - bonus
    state: State = result.state if result.state != "by hand" else "to grade" if waiting else "wrong"
    if result.state == "by hand" and not waiting:
        state = "right" if score >= result.points else "partial" if score else "wrong"
    one.states.append(state)
    one.extra = one.extra or result.extra
    one.score, one.points, one.bonus = one.score + score, one.points + result.points, one.bonus + bonus
    one.waiting += result.points if waiting else 0.0


def _draw_answer(notebook: Any, key: str, one: Exercise) -> list[Markup]:
    """The student's own answer; for a task, the cells that the student added after it. Nothing for what was not attempted."""
    if one.state == "not attempted":
        return []
    at = next((place for place, cell in enumerate(notebook.cells) if get_id(cell) == key), None)
    if at is None or not (is_answer(notebook.cells[at]) or notebook.cells[at].metadata["nbgrader"].get("task")):
        return []
    shown = [notebook.cells[at]] if is_answer(notebook.cells[at]) else []
    for cell in notebook.cells[at + 1 :] if not shown else ():
        if get_id(cell):
            break
        shown.append(cell)
    return [drawn for cell in shown for drawn in _draw_cell(cell, notebook)]


def _draw_cells(notebook: Any, cards: Mapping[str, Card]) -> Iterator[Cell]:
    """The whole notebook; a check's words are its card."""
    titles, answers = _find_titles(notebook), find_own_answers(notebook)
    for place, cell in enumerate(notebook.cells):
        name = get_id(cell)
        shown = _draw_cell(cell, notebook)
        if card := cards.get(name or ""):
            words = _read_words(cell, notebook, card, ())
            title = titles[answers.get(name) or name]
            head = Markup("{} {} · {}").format(card.symbol, title, card.earned)
            drawn = Markup('<div class="fb-card" data-sign="{}">{}</div>').format(
                card.symbol, _template("card.html").module.draw_card(card, head)
            )
            shown = [*filter(None, [words.test]), *words.plain, drawn]
        yield Cell(f"{OWN}cell-{place}", shown)


def _draw_cell(cell: Any, notebook: Any) -> list[Markup]:
    """What a cell says and shows; if that can't be drawn, its text as it is."""
    try:
        if cell.cell_type == "code":
            code = [draw_code(cell.source, _find_language(notebook))] if cell.source.strip() else []
            return code + [lower_headings(drawn) for drawn in draw_outputs(cell.get("outputs", []))]
        if cell.cell_type == "markdown":
            return [lower_headings(draw_markdown(cell.source, cell.get("attachments")))]
    except Exception:  # whatever is in a cell, the page is made
        pass
    return [show_plain(cell.source)]


def _find_language(notebook: Any) -> str:
    info = notebook.metadata.get("language_info") or {}
    kernel = notebook.metadata.get("kernelspec") or {}
    found = info.get("pygments_lexer") or info.get("name") or kernel.get("language") or "python"
    return "ipython3" if found == "python" else str(found)


def _find_titles(notebook: Any) -> dict[str, Markup]:
    """A title for each cell that nbgrader knows: the last heading before it, or else its id.

    Where exercises share a heading, and below the notebook's own title, the id says which one it is, or a number where the id is random.
    """
    titles: dict[str, Markup] = {}
    heading, level, number = "", 1, 0
    used: Counter[str] = Counter()
    answers = find_own_answers(notebook)
    for cell in notebook.cells:
        name = get_id(cell)
        own = _HEADINGS.findall(_FENCES.sub("", cell.source)) if cell.cell_type == "markdown" else []
        if own and not (name and is_answer(cell)):
            level, heading = len(own[-1][0]), own[-1][1]
        if not name:
            continue
        label = Markup("<code>{}</code>").format(name)
        marks = cell.metadata["nbgrader"]
        is_own = is_answer(cell) or bool(marks.get("task"))
        number += is_own or (bool(marks.get("grade")) and name not in answers)
        used[heading] += is_own
        if not heading or level == 1:
            titles[name] = Markup("Exercise {}").format(number) if is_random(name) else label
        elif is_own and used[heading] == 1:
            titles[name] = _draw_title(heading)
        else:
            second = escape(used[heading]) if is_own and is_random(name) else label
            titles[name] = _draw_title(heading) + Markup(" · ") + second
    return titles


def _find_title(notebook: Any) -> Markup | None:
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and not get_id(cell):
            for signs, text in _HEADINGS.findall(_FENCES.sub("", cell.source)):
                if len(signs) == 1:
                    return _draw_title(text)
    return None


def _draw_title(heading: str) -> Markup:
    """A heading's words; formulas in it as text."""
    return escape(plain_heading(heading)) if "$" in heading else draw_line(heading)


_HEADINGS = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.{1,200}?)[ \t]*#*[ \t]*$", re.MULTILINE)
_FENCES = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def _read_words(cell: Any, notebook: Any, card: Card | None, says: Iterable[str]) -> Words:
    """The words of a check: its card, and as paragraphs if it is one of ours."""
    texts = [one.text for one in cell.get("outputs", []) if one.output_type == "stream"]
    test = draw_code(cell.source, _find_language(notebook)) if cell.source.strip() else None
    if not texts or texts[0][:2] not in ("✓ ", "✗ ", "○ "):
        return Words("", [], draw_outputs(cell.get("outputs", [])), test)
    others = [one for one in cell.outputs if one.output_type not in ("stream", "execute_result")]
    head, _, rest = texts[0].partition("\n")
    return Words(head, [draw_words(one) for one in _split(rest, says)], draw_outputs(others), test, card)


def _split(text: str, says: Iterable[str]) -> list[str]:
    """The paragraphs of a check's words, which are wrapped for a terminal."""
    paragraphs: list[str] = []
    before = 0
    for line in text.splitlines():
        indent, line = len(line) - len(line.lstrip()), line.strip()
        starts = indent < before or line.startswith(("✓ ", "✗ ", "Tried: ", "Seen only on "))
        if not line or (paragraphs and not starts and not paragraphs[-1].startswith(("✓ ", "✗ "))):
            if line:
                paragraphs[-1] += f" {line}"
        else:
            paragraphs.append(line)
        before = indent
    known = [" ".join(one.split()) for one in says]
    pairs = [
        next(((one, text[len(one) :].strip()) for one in known if text.startswith(one)), (text, ""))
        for text in paragraphs
    ]
    return [part for pair in pairs for part in pair if part]


def write_duration(seconds: float) -> str:
    """A time span in its two largest units, such as `2 days 3 hours`."""
    rest = max(int(seconds), 1)
    parts: list[str] = []
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, size)
        if count and len(parts) < 2:
            parts.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return " ".join(parts)


_TEMPLATES = Path(__file__).parent / "templates"


@functools.cache
def _style() -> str:
    return (_TEMPLATES / "feedback.css").read_text(encoding="utf-8")


@functools.cache
def _digest_style() -> str:
    """The style's digest, by which the page lets a browser use it and no other."""
    return b64encode(hashlib.sha256(_style().encode()).digest()).decode()


@functools.cache
def _template(name: str) -> Any:
    environment = make_environment(_TEMPLATES)
    environment.filters["points"] = write_points
    return environment.get_template(name)
