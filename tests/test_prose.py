"""Each rule of `prose.toml` finds its examples, and leaves alone what only looks like them; and each text is read where a person reads it."""

from __future__ import annotations

from pathlib import Path

import prose
import pytest

RULES = {rule.name: rule for rule in prose.read_rules()}


def names(text: str) -> set[str]:
    return {hit.rule for hit in prose.find_hits(Path("x.md"), prose.read_markdown(text))}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_finds_what_it_is_for_and_nothing_else(name: str) -> None:
    rule = RULES[name]
    assert rule.hits
    assert rule.spares
    for text in rule.hits:
        assert name in names(text), text
    for text in rule.spares:
        assert name not in names(text), text


def test_no_two_rules_have_one_name() -> None:
    assert len(RULES) == len(prose.read_rules())


# --- where it is read -----------------------------------------------------------------------------------

CHAPTER = """---
jupyter:
  colour: grey
---

# The colour

A sum of `colour` and $\\text{colour}$ over
$$ colour $$ has the wrong way
round. See [this](https://colour.org/colour), `a
colour`, and <img src="colour.png" alt="a grey line">.

```python tags=["check"] exercise="colour"
# The colour
# of each point is the wrong way
# round.
colour = grey(colour="grey")  # centred
check("colour(grey)", on="a grey image")
print(f"The {colour} is grey", "text and"
    " more grey text")
def f():
    \"\"\"Say.

    Its colour.
    \"\"\"
```

```
colour of the output
```
"""

ANSWERS = """## `colour`

Seen in class: a grey line.

```python tags=["wrong"] says="The 'colour' is \\"grey\\"; `colour` isn't."
# a grey line
```
"""


def lines(text: str, **options: bool) -> list[tuple[int, str]]:
    return sorted((hit.line, hit.form) for hit in prose.find_hits(Path("x.md"), prose.read_markdown(text, **options)))


def test_of_a_chapter_its_prose_is_read_and_what_its_code_says() -> None:
    assert lines(CHAPTER) == [
        (6, "colour"),
        (9, "way round"),
        (11, "grey"),
        (14, "colour"),
        (15, "way round"),
        (17, "centred"),
        (18, "grey"),
        (19, "grey"),
        (19, "grey"),
        (24, "colour"),
    ]


def test_of_an_answers_file_the_messages_and_notes_are_read() -> None:
    assert lines(ANSWERS, is_answers=True) == [(3, "grey"), (5, "colour"), (5, "grey")]


def test_the_command_names_file_and_line_and_what_to_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.md", tmp_path / "bad.py"
    good.write_text("The mean is 0.\n", encoding="utf-8")
    bad.write_text('"""Docs."""\n\nX = 1\n"""It normalises\nby one number a\nrow."""\n', encoding="utf-8")
    assert prose.main([str(good)]) == 0
    assert capsys.readouterr().out.strip() == ""
    assert prose.main([str(tmp_path)]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed == [
        f"{bad}:4: 'normalises': write normalizes",
        f"{bad}:5: 'one number a row': write 'per', 'for each'",
    ]


def test_every_text_of_the_course_is_read() -> None:
    read = set(prose.find_files(prose.ROOT / name for name in prose.READ))
    for place in ("notebooks/*/*.md", "docs/*.md", "autograder/**/*.py"):
        found = set(prose.ROOT.glob(place))
        assert found, place
        assert found <= read, place
