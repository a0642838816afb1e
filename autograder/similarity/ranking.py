"""How much two answers share, against what any two of the class share by chance.

A feature that `m` of `n` answers have is worth log₂(n/m) bits to each pair that shares it: what everybody wrote is worth nothing, and so the task
and the release take themselves out. By chance, two answers of an exercise share what their features' frequencies among the others make them expect. The
difference is a pair's *excess*. If a share p of all pairs reaches it, the exercise counts log₂(1/p): ten exercises in which few are as close outweigh one long
answer. Above their median the sums fall off about exponentially, at a pace that the class itself shows, and that says how many pairs would reach a sum by chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograder.similarity.answers import Author, Exercise
from autograder.similarity.features import Features, find_features

LEAST = 4
"""Answers to an exercise from which it can be said what is common."""

LEAST_BITS = 6.0
"""The excess in an exercise below which it doesn't count: a feature or two."""

TAIL = (0.75, 0.9, 0.98)
"""The shares of the pairs at which the tail is measured; the slowest fall counts. Fewer than 2% of the pairs have something to hide."""

LONG = 40
"""Features of its own, beside what everybody has, from which an answer is too long to be the same by chance."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Shared:
    """What a pair shares in one exercise: the excess in bits, and the lines of either answer that hold what few others have."""

    exercise: Exercise
    excess: float
    lines: tuple[frozenset[int], frozenset[int]]
    texts: tuple[str, str]
    remarks: tuple[str, ...]
    """Names, comments and texts that hardly anybody else has."""


@dataclass(frozen=True)
class Pair:
    """Two authors, the excess of all exercises in bits, and how many pairs would reach it by chance in a class like this one."""

    first: Author
    second: Author
    excess: float
    by_chance: float
    shared: tuple[Shared, ...]


@dataclass(frozen=True)
class Twins:
    """A long answer that two or three people have in the same shape, and nobody else."""

    exercise: Exercise
    authors: tuple[Author, ...]
    lines: int


@dataclass(frozen=True)
class Ranking:
    """Pairs from the most to the least alike, out of `compared` pairs of `authors` people; exercises with too few answers were left out."""

    pairs: tuple[Pair, ...]
    twins: tuple[Twins, ...]
    compared: int
    authors: int
    left_out: tuple[Exercise, ...]


class _Table:
    """The features of one exercise's answers."""

    def __init__(self, exercise: Exercise) -> None:
        self.exercise = exercise
        self.authors = sorted(exercise.answers)
        given: set[str] = set().union(*(find_features(text, exercise.code) for text in exercise.given))
        self.features: list[Features] = []
        for author in self.authors:
            found = find_features(exercise.answers[author], exercise.code)
            self.features.append({feature: lines for feature, lines in found.items() if feature not in given})
        names = sorted(set().union(*self.features))
        place = {name: number for number, name in enumerate(names)}
        self.has = np.zeros((len(self.authors), len(names)))
        for row, features in enumerate(self.features):
            self.has[row, [place[name] for name in features]] = 1
        self.count = dict(zip(names, self.has.sum(axis=0), strict=True))

    def find_excess(self) -> Matrix:
        """The excess of every pair in bits, (N, N)."""
        many = len(self.authors)
        holders = self.has.sum(axis=0)
        bits = np.log2(many / np.maximum(holders, 1))
        shared = (self.has * bits) @ self.has.T
        reach = (self.has * bits) @ (holders - 1)  # what all others together share with this one
        expected = (reach[:, None] + reach[None, :] - 2 * shared) / (2 * (many - 2))
        return np.asarray(shared - expected, dtype=np.float64)

    def find_twins(self) -> Iterator[Twins]:
        """The answers of a shape that only two or three people have, at least one of them of this year."""
        groups: dict[frozenset[str], list[int]] = {}
        for row, features in enumerate(self.features):
            shape = frozenset(name for name in features if not name.startswith(("name ", "remark ")))
            groups.setdefault(shape, []).append(row)
        for shape, rows in groups.items():
            authors = [self.authors[row] for row in rows]
            if len(shape) >= LONG and len({one.student for one in authors}) in (2, 3) and not authors[0].year:
                lines = [line for line in self.exercise.answers[authors[0]].split("\n") if line.strip()]
                yield Twins(self.exercise, tuple(authors), len(lines))

    def tell(self, first: Author, second: Author, excess: float) -> Shared:
        rows = [self.authors.index(author) for author in (first, second)]
        rare = max(2.0, len(self.authors) / 10)
        both = [name for name in self.features[rows[0]] if name in self.features[rows[1]] and self.count[name] <= rare]
        lines = [frozenset(line for name in both for line in self.features[row][name]) for row in rows]
        remarks = sorted({name.partition(" ")[2] for name in both if name.startswith(("name ", "remark "))})
        texts = [self.exercise.answers[author] for author in (first, second)]
        return Shared(self.exercise, excess, (lines[0], lines[1]), (texts[0], texts[1]), tuple(remarks))


def rank(exercises: Iterable[Exercise], most: int = 50) -> Ranking:
    """The `most` pairs that share most, at least one of the two being of this year; a student's own earlier answer isn't paired with the new one."""
    every = list(exercises)
    tables = [_Table(exercise) for exercise in every if len(exercise.answers) >= LEAST]
    authors = sorted({author for table in tables for author in table.authors})
    place = {author: number for number, author in enumerate(authors)}
    bits, total = np.zeros((2, len(authors), len(authors)))
    excesses = []
    for table in tables:
        excess = table.find_excess()
        rows = np.ix_(*[[place[author] for author in table.authors]] * 2)
        bits[rows] += excess
        total[rows] += _find_rarity(excess)
        excesses.append(excess)
    pairs = [
        (one, two)
        for one in range(len(authors))
        for two in range(one + 1, len(authors))
        if not (authors[one].year and authors[two].year) and authors[one].student != authors[two].student
    ]
    sums = np.array([total[pair] for pair in pairs])
    middle, half_life = _fit_tail(sums) if len(sums) else (0.0, 1.0)
    found = []
    for one, two in sorted(pairs, key=lambda pair: (-round(float(total[pair]), 6), pair))[:most]:
        if total[one, two] <= 0:
            break
        first, second = authors[one], authors[two]
        shared = []
        for table, excess in zip(tables, excesses, strict=True):
            if first in table.authors and second in table.authors:
                own = float(excess[table.authors.index(first), table.authors.index(second)])
                if own > LEAST_BITS:
                    shared.append(table.tell(first, second, own))
        shared.sort(key=lambda one: (-round(one.excess, 6), one.exercise.name))
        by_chance = len(pairs) / 2 * math.exp2((middle - total[one, two]) / half_life)
        found.append(Pair(first, second, float(bits[one, two]), by_chance, tuple(shared)))
    left_out = tuple(exercise for exercise in every if 0 < len(exercise.answers) < LEAST)
    twins = sorted((one for table in tables for one in table.find_twins()), key=lambda one: (-one.lines, one.authors))
    return Ranking(tuple(found), tuple(twins), len(pairs), len(authors), left_out)


def _find_rarity(excess: Matrix) -> Matrix:
    """For each pair log₂(1/p), where p is the share of pairs with at least its excess; 0 where the excess is small."""
    every = np.sort(excess[np.triu_indices(len(excess), 1)])
    below = np.searchsorted(every, excess - 1e-9)
    return np.where(excess > LEAST_BITS, -np.log2((len(every) - below).clip(1) / len(every)), 0.0)


def _fit_tail(sums: Matrix) -> tuple[float, float]:
    """The median of the pairs' sums, and over which distance above it the number of pairs halves."""
    middle = float(np.median(sums))
    reached = [(float(np.quantile(sums, share)) - middle) / math.log2(0.5 / (1 - share)) for share in TAIL]
    return middle, max(1.0, *reached)
