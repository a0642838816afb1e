"""Put like answers together, so that they can be marked one after the other: the same way each time, on every machine."""

from __future__ import annotations

import ast
import re
import unicodedata
import zlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LIKE = 0.6
"""The cosine from which two answers are in a group."""

SIZE, LETTERS, MOST = 2048, 3, 4_000
"""Columns that pieces of text fall into, letters of a piece, and letters that are looked at."""


def normalize(text: str, code: bool) -> str:
    """The text without what doesn't matter: case, spaces, signs; of Python code, its comments and layout."""
    if code:
        try:
            return ast.unparse(ast.parse(text))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return " ".join(text.split())
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[^\w\s+\-*/=<>^]|_", " ", text).split())


def group_answers(texts: Sequence[str], code: bool = False) -> list[list[int]]:
    """The places of the answers in groups of like ones: large groups first, and in each the most typical answer first.

    Answers that are equal once normalized are always in one group.
    """
    same: dict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(texts):
        same[normalize(text, code)].append(place)
    kinds = sorted(same, key=lambda kind: (-len(same[kind]), kind))
    if not kinds:
        return []
    vectors = _make_vectors(kinds)
    counts = np.array([len(same[kind]) for kind in kinds], dtype=np.float64)
    groups = _gather(vectors, counts)
    order = sorted(groups, key=lambda group: (-sum(counts[kind] for kind in group), group[0]))
    return [[place for kind in _by_nearness(group, vectors, counts) for place in same[kinds[kind]]] for group in order]


def _make_vectors(texts: Sequence[str]) -> NDArray[np.float64]:
    """One row for each text: how often its pieces of three letters and its words occur, the rarer the heavier, of length 1."""
    counts = np.zeros((len(texts), SIZE))
    for row, text in enumerate(texts):
        text = f" {text[:MOST]} "
        pieces = [text[place : place + LETTERS] for place in range(len(text) - LETTERS + 1)] + text.split()
        for piece in pieces:
            counts[row, zlib.crc32(piece.encode("utf-8", "replace")) % SIZE] += 1
    rarity = np.log((1 + len(texts)) / (1 + (counts > 0).sum(axis=0))) + 1
    weighted = np.log1p(counts) * rarity
    lengths = np.linalg.norm(weighted, axis=1, keepdims=True)
    return np.asarray(weighted / np.where(lengths > 0, lengths, 1))


def _gather(vectors: NDArray[np.float64], counts: NDArray[np.float64]) -> list[list[int]]:
    """Each text joins the group whose mean it is most like, or begins one."""
    groups: list[list[int]] = []
    sums = np.zeros_like(vectors)  # of each group, at most one for each text
    for row, vector in enumerate(vectors):
        if groups:
            means = sums[: len(groups)]
            likeness = np.round(means @ vector / np.linalg.norm(means, axis=1), 6)
            best = int(likeness.argmax())
            if likeness[best] >= LIKE:
                groups[best].append(row)
                sums[best] += counts[row] * vector
                continue
        sums[len(groups)] = counts[row] * vector
        groups.append([row])
    return groups


def _by_nearness(group: list[int], vectors: NDArray[np.float64], counts: NDArray[np.float64]) -> list[int]:
    middle = (vectors[group] * counts[group, None]).sum(axis=0)
    likeness = np.round(vectors[group] @ middle, 6)
    return [group[place] for place in sorted(range(len(group)), key=lambda place: (-likeness[place], place))]
