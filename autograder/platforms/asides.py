"""What isn't collected and may still need a person: texts typed on the platform, Jupyter's own copies, people of one name. And folders around a class."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from autograder.platforms.archives import Found, is_junk
from autograder.platforms.naming import Named, squash
from autograder.platforms.pieces import Told


@dataclass(frozen=True)
class Aside:
    """A file that isn't collected. Where its student has a notebook, `beside` says so; where not, `alone` says what to do."""

    found: Found
    named: Named
    beside: str
    alone: str

    def tell(self, student: str, handed_in: bool) -> Told | None:
        """What is told of the file; `student` is who it is of, in words."""
        if handed_in:
            return Told(self.found.path, f"left out: {self.beside}") if self.beside else None
        return Told(self.found.path, f"{student}: left out: {self.alone}", trouble=True)


def make_aside(found: Found, named: Named) -> Aside:
    """For what a platform made of a student's attempt."""
    platform = named.platform.capitalize()
    if named.platform == "blackboard":
        note = f"it is {platform}'s note of the attempt"
        return Aside(
            found, named, note, f"{note}, and there is no notebook. Read the note, or ask for the .ipynb file."
        )
    typed = f"it is what the student typed on {platform}"
    return Aside(found, named, typed, f"{typed}, and there is no notebook. Ask for the .ipynb file.")


def make_copy(found: Found, named: Named) -> Aside:
    """For a notebook in Jupyter's folder of checkpoints."""
    return Aside(
        found, named, "", "it is a copy that Jupyter made for itself, and the notebook is missing. Ask for it."
    )


def find_namesakes(names: Iterable[tuple[str, Named | None]]) -> set[tuple[str, str]]:
    """The names that two people have in one download of Moodle, as `squash` has them, each with the download.

    In one download, numbers of people are numbers of people; in the next assignment's, the same people have others.
    """
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    for root, named in names:
        for who in named.who if named and named.platform == "moodle" else ():
            if who.name:
                keys[root, squash(who.name)].add(who.key)
    return {name for name, found in keys.items() if len(found) > 1}


def unwrap(found: list[Found], notebooks: Sequence[str]) -> list[Found]:
    """The files of one zip or folder, without a folder around all of them."""
    folders = [one.parts[1:-1] for one in found if not is_junk(one)]
    around = list(itertools.takewhile(lambda names: len(set(names)) == 1, zip(*folders, strict=False)))
    several = len({one[len(around)] for one in folders if len(one) > len(around)}) > 1
    if not around or not (several or _is_flat(found, notebooks)):
        return found
    return [
        replace(one, parts=(one.parts[0], *one.parts[1 + len(around) :])) if one.parts[1:-1] in folders else one
        for one in found
    ]


def _is_flat(found: Iterable[Found], notebooks: Sequence[str]) -> bool:
    """Whether the names of a class's files, not of a folder, say whose they are: `ada_p1.ipynb`, `bo_p1.ipynb`."""
    names = [one.name for one in found if one.name.lower().endswith(".ipynb") and not is_junk(one)]
    ends = "|".join(map(re.escape, notebooks))
    told = [name for name in names if re.fullmatch(rf".+[_ -]+(?:{ends})(?: ?\(\d+\)|-\d+)?\.ipynb", name, re.I)]
    return len(told) > 1 and not any(f"{one}.ipynb" in names for one in notebooks)
