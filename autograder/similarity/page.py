"""The page with the pairs of a chapter side by side, for instructors only. It asks what the two have to say, and judges nobody."""

from __future__ import annotations

from pathlib import Path

from autograder.grading.results import report_path
from autograder.reporting.layout import make_environment
from autograder.similarity.ranking import Pair, Ranking

TEMPLATES = Path(__file__).parent / "templates"

MOST_SHOWN, MOST_LINES = 20, 200
"""Exercises of a pair, and lines of an answer on the page."""

STANDS_OUT = 0.5
"""Pairs that would be as much alike by chance, below which a pair stands out: half a pair in the whole class."""


def write_page(course: Path, chapter: str, ranking: Ranking, notes: list[str]) -> Path:
    """Write `reports/<chapter>.similar.html`, and return its path."""
    path = report_path(course, chapter).with_suffix(".similar.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(render(chapter, ranking, notes), encoding="utf-8", errors="replace")
    part.replace(path)
    return path


def stands_out(pair: Pair) -> bool:
    """Whether a pair shares more than chance would give any pair of such a class."""
    return pair.by_chance < STANDS_OUT


def tell_chance(pair: Pair) -> str:
    """In words, how many pairs would be as much alike by chance."""
    if pair.by_chance >= 1:
        return f"about {pair.by_chance:.0f} such pairs would come about by chance"
    if pair.by_chance >= 1e-6:
        return f"by chance, one class in {1 / pair.by_chance:,.0f} would have such a pair"
    return "by chance, not one class in a million would have such a pair"


def render(chapter: str, ranking: Ranking, notes: list[str]) -> str:
    """The page as one HTML text that needs no other file."""
    shown = [pair for pair in ranking.pairs if stands_out(pair)]
    return (
        make_environment(TEMPLATES)
        .get_template("similar.html")
        .render(
            chapter=chapter,
            ranking=ranking,
            pairs=[(pair, tell_chance(pair), [_lay_out(pair, place) for place in _places(pair)]) for pair in shown],
            next_pair=next(((pair, tell_chance(pair)) for pair in ranking.pairs if not stands_out(pair)), None),
            notes=notes,
        )
    )


def _places(pair: Pair) -> range:
    return range(min(len(pair.shared), MOST_SHOWN))


def _lay_out(pair: Pair, place: int) -> dict[str, object]:
    shared = pair.shared[place]
    sides = []
    for author, text, marked in zip((pair.first, pair.second), shared.texts, shared.lines, strict=True):
        lines = text.split("\n")
        rows = [(number in marked, line) for number, line in enumerate(lines[:MOST_LINES], start=1)]
        sides.append({"author": str(author), "rows": rows, "more": len(lines) - len(rows)})
    return {
        "title": shared.exercise.title,
        "notebook": shared.exercise.notebook,
        "code": shared.exercise.code,
        "excess": shared.excess,
        "remarks": shared.remarks[:8],
        "same": shared.texts[0].split() == shared.texts[1].split(),
        "sides": sides,
    }
