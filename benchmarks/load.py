"""What the course asks of a reader, by notebook: words, minutes, exercises and figures, the core and what is marked *More*.

    python benchmarks/load.py            the table, as Markdown

Words are those of the Markdown cells that a student gets, hints included. A section is *More* where its heading begins so, an exercise where its line says so.
Minutes are the notebook's own estimate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAX_WORDS, MAX_EXERCISES = 2_800, 7
"""Of the core of one notebook."""
CORE_WORDS, CORE_HOURS = 60_000, 20
"""Of the core of the course."""

_HEADING = re.compile(r"(?m)^(#{1,3}) (.+)$")
_EXERCISE = re.compile(r"(?m)^\*\*[A-Z][^*]*\*\* · (\d+) minutes? · [●○]{3} · (More)?")
_TIME = re.compile(r"\*\*Time\*\*: about (\d+) minutes(?:; \*More\*: (?:about |another )?(\d+))?")


@dataclass
class Load:
    """One notebook's; each pair is of the core, and of what is marked *More*."""

    name: str
    words: tuple[int, int]
    minutes: tuple[int, int]
    exercises: tuple[int, int]
    figures: int
    moved: int
    links: int


def measure(path: Path) -> Load:
    """The load of an authored notebook. Raises `ValueError` where it does not say how long it takes."""
    text = re.sub(r"\A---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    code = "\n".join(re.findall(r"(?ms)^```python.*?^```$", text))
    prose = re.sub(r"(?ms)^```python.*?^```$", "", text)
    prose = re.sub(r"(?s)<!-- #region.*?<!-- #endregion -->", "", prose)
    time = _TIME.search(prose)
    if not time:
        raise ValueError(f"{path}: no line '**Time**: about 45 minutes; *More*: 20 more.'")
    words, exercises, more_section = [0, 0], [0, 0], False
    pieces = _HEADING.split(prose)
    for level, title, body in zip(["#", *pieces[1::3]], ["", *pieces[2::3]], [pieces[0], *pieces[3::3]], strict=True):
        if len(level) < 3:
            more_section = title.startswith("More")
        task = _EXERCISE.search(body)
        more = more_section or title.startswith("More") or bool(task and task[2])
        words[more] += len(title.split()) + len(body.split())
        exercises[more] += task is not None
    return Load(
        f"{path.parent.name}/{path.stem}",
        (words[0], words[1]),
        (int(time[1]), int(time[2] or 0)),
        (exercises[0], exercises[1]),
        code.count("plt.show()") + code.count("figures.move("),
        code.count("figures.move("),
        len(re.findall(r"\]\(https?://", prose)),
    )


def measure_all() -> list[Load]:
    paths = sorted(path for path in (ROOT / "notebooks").glob("*/*.md") if not path.name.endswith(".answers.md"))
    return [measure(path) for path in paths]


def main() -> None:
    loads = measure_all()
    print("| notebook | words: core | More | minutes: core | More | exercises: core | More | figures | moved | links |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    rows = [(one.name, *one.words, *one.minutes, *one.exercises, one.figures, one.moved, one.links) for one in loads]
    for row in [*rows, ("in all", *(sum(column) for column in list(zip(*rows, strict=True))[1:]))]:
        print("|", " | ".join(f"{one:,}" if isinstance(one, int) else one for one in row), "|")


if __name__ == "__main__":
    main()
