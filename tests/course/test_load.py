"""A notebook is one sitting, and the core of the course a course: what `benchmarks/load.py` counts stays below the ceilings."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from load import CORE_HOURS, CORE_WORDS, MAX_EXERCISES, MAX_WORDS, Load, measure, measure_all  # noqa: E402

LOADS = measure_all()

AUTHORED = """---
jupyter: {}
---

# 1.1 · Title

**Time**: about 40 minutes; *More*: 15 more.

## 1 · Two words

```python
figures.move(figures.show_huber, delta=(0.1, 3.0, 1.0))
plt.show()
```

### Exercise 1 · Three

**Implement** · 5 minutes · ●○○ · 2 points

### Exercise 2 · Four

**Implement** · 5 minutes · ●○○ · More, 2 extra points

One [link](https://doi.org/10.1/1).

## More · Five

### Exercise 3 · Six

**Choose** · 5 minutes · ●○○ · More, 2 extra points

<!-- #region tags=["explain"] exercise="why" points=2 -->
Not given out.
<!-- #endregion -->

## Recap

Seven.
"""


@pytest.mark.parametrize("load", LOADS, ids=[one.name for one in LOADS])
def test_a_notebook_is_one_sitting(load: Load):
    assert load.words[0] <= MAX_WORDS
    assert load.exercises[0] <= MAX_EXERCISES
    assert load.figures >= 3


def test_the_core_of_the_course_fits_its_hours():
    assert sum(one.words[0] for one in LOADS) <= CORE_WORDS
    assert sum(one.minutes[0] for one in LOADS) <= CORE_HOURS * 60


def test_what_is_more_is_counted_apart(tmp_path: Path):
    (tmp_path / "1_title.md").write_text(AUTHORED, encoding="utf-8")
    found = measure(tmp_path / "1_title.md")
    assert found.minutes == (40, 15)
    assert found.exercises == (1, 2)
    assert (found.figures, found.moved, found.links) == (2, 1, 1)
    more = "Exercise 2 · Four **Implement** · 5 minutes · ●○○ · More, 2 extra points One [link](https://doi.org/10.1/1). More · Five Exercise 3 · Six **Choose** · 5 minutes · ●○○ · More, 2 extra points"
    assert found.words[1] == len(more.split())


def test_a_notebook_that_does_not_say_how_long_it_takes_is_refused(tmp_path: Path):
    (tmp_path / "1_title.md").write_text(AUTHORED.replace("about 40", "some"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"1_title\.md: no line"):
        measure(tmp_path / "1_title.md")
