"""What a sample of cases keeps for the day, and what it leaves to the night."""

from __future__ import annotations

import pytest
from sampling import at_night, sample


def by_day(cases: list[object]) -> list[object]:
    return [case for case in cases if not (hasattr(case, "marks") and case.marks)]


def test_the_first_of_each_kind_and_each_third_stay() -> None:
    assert by_day(sample("abcdefg", 3)) == ["a", "d", "g"]
    assert by_day(sample("abcdefG", 6, kind=str.isupper)) == ["a", "G"]
    assert by_day(sample("aBCd", 9, kind=str.isupper)) == ["a", "B"]


def test_no_case_is_lost_and_the_order_is_kept() -> None:
    cases = sample([(1, 2), (3, 4), (5, 6)], 2)
    assert [tuple(getattr(case, "values", case)) for case in cases] == [(1, 2), (3, 4), (5, 6)]
    assert [mark.name for mark in cases[1].marks] == ["nightly"]


def test_a_marked_case_keeps_its_name_and_its_marks() -> None:
    case = at_night(pytest.param(1, 2, id="one", marks=pytest.mark.network))
    assert (case.values, case.id) == ((1, 2), "one")
    assert [mark.name for mark in case.marks] == ["network", "nightly"]
