"""Which cells of one submission need not run, worked out in a time that grows with their number and not with its square."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Collection, Sequence

from autograder.engine.planning.names import Names


class Settlement:
    """The cells of a notebook by number: what each needs and makes, which are `clean`, and the names that a student `changed` in each.

    A clean cell explains: it is as the author wrote it and had no effect in the reference run but to bind names. It need not run where
    every name that it needs has the value that it had then, and no cell that runs needs what it makes.
    """

    def __init__(
        self,
        names: Sequence[Names],
        asked: Sequence[Collection[str]],
        mutable: Sequence[Collection[str]],
        clean: frozenset[int],
        changed: Sequence[Collection[str]],
    ) -> None:
        self.names, self.asked, self.clean = names, asked, clean
        self.changed: dict[str, list[int]] = defaultdict(list)
        """Name → the cells that give it a value that differs from the reference run's, in order."""
        self.touched: dict[str, list[int]] = defaultdict(list)
        """Name → the cells that may give it another value, or change the one that it has, in order."""
        self.made: dict[str, list[int]] = defaultdict(list)
        """Name → the clean cells that give it its value again, in order."""
        for number, own in enumerate(names):
            for name in changed[number]:
                self.changed[name].append(number)
            for name in own.bound.union(mutable[number]):
                self.touched[name].append(number)
            if number in clean:
                for name in own.made:
                    self.made[name].append(number)

    def find(self, until: float) -> set[int]:
        """The cells that need not run; none where that is not known at the time `until`."""
        settled = set(self.clean)
        running = set(range(len(self.names))) - settled
        while time.monotonic() < until:
            makers = self._find_makers(running)
            needed = {number for number in settled if number in makers or self._sees_change(number)}
            if not needed:
                return settled
            settled -= needed
            running |= needed
            self._pass_on(running & self.clean)
        return set()

    def _pass_on(self, running: set[int]) -> None:
        """What a running cell makes of a changed value is changed as well."""
        while True:
            found = [
                (name, number)
                for number in sorted(running)
                if self._sees_change(number)
                for name in self.names[number].bound
                if not self._is_changed(name, number)
            ]
            if not found:
                return
            for name, number in found:
                insort(self.changed[name], number)

    def _is_changed(self, name: str, number: int) -> bool:
        places = self.changed.get(name, [])
        at = bisect_left(places, number)
        return at < len(places) and places[at] == number

    def _sees_change(self, number: int) -> bool:
        """Whether a name that a cell needs may have another value: changed before it, and given its value again by no clean cell since."""
        own = self.names[number]
        for name in own.incoming & self.changed.keys():
            places = self.changed[name]
            if not places:
                continue
            if places[-1] > number and name in own.late:
                return True
            last = bisect_right(places, number) - 1
            if last >= 0 and not self._is_made_between(name, places[last], number):
                return True
        return False

    def _is_made_between(self, name: str, after: int, before: int) -> bool:
        """Whether a clean cell, whose value is the one of the reference run, makes a name between two cells."""
        makers = self.made[name]
        at = bisect_left(makers, before) - 1
        return at >= 0 and makers[at] > after

    def _find_makers(self, running: Collection[int]) -> set[int]:
        """The cells that what the running ones need may come from.

        For each name the cells are asked from the last to the first. A walk back from one of them ends where the name gets its value again;
        what another one has walked already is not walked again.
        """
        askers: dict[str, list[int]] = defaultdict(list)
        first_late: dict[str, int] = {}
        for number in sorted(running, reverse=True):
            own = self.names[number]
            for name in own.incoming.union(self.asked[number]):
                askers[name].append(number)
                if name in own.late:
                    first_late[name] = number
        makers: set[int] = set()
        for name, numbers in askers.items():
            places = self.touched.get(name, [])
            if name in first_late:
                makers.update(places[bisect_right(places, first_late[name]) :])
            end = len(self.names)
            for number in numbers:
                if number <= end:
                    end = self._walk(name, places, number, makers)
        return makers

    def _walk(self, name: str, places: list[int], number: int, makers: set[int]) -> int:
        """Add the cells before `number` that may have given a name its value; returns the one that gave it its value again, or -1."""
        for at in range(bisect_left(places, number) - 1, -1, -1):
            other = places[at]
            makers.add(other)
            if other in self.clean and name in self.names[other].made and not self._sees_change(other):
                return other
        return -1
