"""Collects a chapter: from what a platform handed out into the folders where the grading reads it.

Everything is looked at before anything is written. Each file becomes something, and is told what.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from autograder.errors import CourseError
from autograder.grading.replaced import TIMESTAMP
from autograder.grading.todo import submission_folder
from autograder.platforms.archives import Found, Opener, is_junk
from autograder.platforms.asides import Aside, find_namesakes, make_aside, make_copy, unwrap
from autograder.platforms.layouts import find_layout, find_people, list_students, read_person
from autograder.platforms.naming import (
    Identity,
    Named,
    read_blackboard,
    read_gradescope,
    read_moodle_date,
    read_name,
    read_plain,
    squash,
    with_names,
)
from autograder.platforms.origins import Origin, save_origins
from autograder.platforms.pieces import Collected, Piece, Told, Ways
from autograder.platforms.placing import Place
from autograder.platforms.recognizing import Recognizer
from autograder.platforms.roster import Person, Roster, make_safe
from autograder.platforms.tables import parse_table

MAX_OTHERS = 200
"""Files of a student beside the notebooks."""

TOGETHER = 300
"""Seconds within which all files of a class were changed where a platform puts down the time of the download."""


class Intake:
    """Collects one chapter."""

    def __init__(self, course: Path, chapter: str, roster: Roster, ways: Ways) -> None:
        self.course, self.chapter, self.roster, self.ways = course, chapter, roster, ways
        self.recognize = Recognizer(course, chapter)
        self.known = roster.known()
        self.closed = roster.complete and not ways.new
        self.before = set(roster.people)
        self.times: dict[str, str] = {}  # by key on Moodle, when the submission was last changed
        self.asides: list[Aside] = []
        self.namesakes: set[tuple[str, str]] = set()
        self.keys: dict[tuple[str, str], str] = {}  # by download and student, the number on Moodle
        self.result = Collected(chapter)

    def collect(self, given: Sequence[Path]) -> Collected:
        """Raises `CourseError` where nothing can be read at all; then nothing was written."""
        with Opener() as opener:
            notebooks = self.recognize.notebooks
            found = [one for path in given for one in unwrap(list(opener.list(path)), notebooks)]
            found = [one for one in found if not self._read_about(one)]
            self.namesakes = find_namesakes((one.parts[0], self._read_name(one)) for one in found)
            pieces = [piece for one in found for piece in self._look(one)]
        pieces = self._put_times(pieces)
        for student in sorted({piece.person.id for piece in pieces}):
            self._hand_in(student, [piece for piece in pieces if piece.person.id == student])
        if self.ways.write:
            self._keep_origins(pieces)
        for one in self.asides:
            self._tell_aside(one)
        there = set(self.result.students)
        self.result.newcomers = sorted(there - self.before)
        self.result.missing = [name for name in sorted(self.roster.people) if name not in there and not self._has(name)]
        self.result.told.sort(key=lambda one: (one.path, one.says))
        return self.result

    def _keep_origins(self, pieces: list[Piece]) -> None:
        """Note where each notebook came from, for the way back."""
        found: dict[str, dict[str, Origin]] = {}
        for piece in sorted(pieces, key=lambda one: one.rank):
            if piece.recognized.notebook and piece.person.id in self.result.students:
                who = piece.named.who[0]
                origin = Origin(
                    piece.named.platform,
                    who.key,
                    who.name,
                    piece.named.file,
                    piece.named.attachment,
                    piece.named.upload,
                )
                found.setdefault(piece.person.id, {})[piece.recognized.notebook] = origin
        save_origins(self.course, self.chapter, found)

    def _has(self, student: str) -> bool:
        return submission_folder(self.course, student, self.chapter).is_dir()

    def _tell(self, found: Found, says: str, *, taken: bool = False, trouble: bool = False) -> None:
        self.result.told.append(Told(found.path, says, taken, trouble))

    def _tell_aside(self, aside: Aside) -> None:
        for who in aside.named.who:
            person = self.roster.find(who)
            told = aside.tell(
                person.id if person else str(who), person is not None and person.id in self.result.students
            )
            if told:
                self.result.told.append(told)

    # --- what each file is ------------------------------------------------------------------------

    def _read_about(self, found: Found) -> bool:
        """Take in a file that says something of the others; whether it was one."""
        try:
            if found.name == "submission_metadata.yml" and not found.trouble:
                about = read_gradescope(found.read().decode("utf-8", "replace"))
                self.known.gradescope |= about
                self._tell(found, f"Gradescope's list of {len(about)} submissions")
                return True
            if found.name.lower().endswith(".csv") and not is_junk(found) and len(found.parts) <= 2:
                return self._read_worksheet(found)
            if (
                "_attempt_" in found.name
                and found.name.endswith(".txt")
                and (about_one := read_blackboard(found.read().decode("utf-8", "replace")))
            ):
                self.known.blackboard[about_one[0]] = about_one[1]
        except (CourseError, ValueError) as error:
            if found.name == "submission_metadata.yml":
                raise CourseError(f"{found.path} says who handed in what, and can't be read: {error}") from error
        return False

    def _read_worksheet(self, found: Found) -> bool:
        """Moodle's worksheet: names by number, and when each submission was last changed."""
        data = found.read()
        if b"Identifier" not in data[:200]:
            return False
        table = parse_table(data, found.path)
        layout = find_layout(table, found.path)
        if layout.platform != "moodle" or "Identifier" not in table.header:
            return False
        columns = find_people(table, layout)
        change = next((at for at, name in enumerate(table.header) if name == "Last modified (submission)"), None)
        for row in list_students(table, layout):
            about = read_person(table, layout, columns, row)
            person = self.roster.find_row(about)
            if person is None and not self.closed:
                person, _ = self.roster.take(about)
            if person:
                person.add_key("moodle", about.get("moodle", ""))
            if change is not None and (when := table.get(row, change).strip()) not in ("", "-"):
                self.times[about.get("moodle", "")] = when
        self._tell(found, "Moodle's worksheet: names and times")
        self.known = replace(self.roster.known(), gradescope=self.known.gradescope, blackboard=self.known.blackboard)
        return True

    def _look(self, found: Found) -> Iterable[Piece]:
        """What a file is; for the work of a group a piece for each of them."""
        if is_junk(found):
            self.result.told.append(Told(found.path, "left out: a program made it for itself", junk=True))
            self._look_at_copy(found)
            return
        named = self._read_name(found)
        if named and named.own and named.who:
            self.asides.append(make_aside(found, named))
            return
        if named and named.own:
            self._tell(found, f"left out: {named.platform.capitalize()} wrote it, not the student")
            return
        try:
            data = found.read()
        except CourseError as error:
            self._tell(found, f"left out: {error}", trouble=True)
            return
        recognized = self.recognize(found.name, data)
        is_notebook = bool(recognized.notebook)
        if recognized.chapter not in ("", self.chapter):
            says = f"left out: it is {recognized.chapter}/{recognized.notebook}, not of {self.chapter}. 'course collect {recognized.chapter}' takes it."
            self._tell(found, says, trouble=True)
            return
        if named is None or not named.who:
            self._tell(
                found,
                "left out: nothing in its path says whose it is",
                trouble=is_notebook or found.name.endswith(".ipynb"),
            )
            return
        for who in named.who:
            person, why = self._find_person(who, found.parts[0])
            if person is None:
                self._tell(found, f"left out: {why}", trouble=True)
                continue
            yield Piece(found, named, person, recognized, data, self._find_time(named))

    def _look_at_copy(self, found: Found) -> None:
        """Keep in mind that there is Jupyter's own copy of a notebook, in case its student has no other."""
        if ".ipynb_checkpoints" in found.parts and found.name.endswith(".ipynb") and not found.trouble:
            named = self._read_name(found)
            if named and self.recognize(found.name, found.read()).chapter == self.chapter:
                self.asides.append(make_copy(found, named))

    def _read_name(self, found: Found) -> Named | None:
        if self.ways.student:
            return Named("plain", (Identity("id", self.ways.student),), found.name)
        named = read_name(found.parts, self.known, self.ways.platform) if self.ways.platform != "plain" else None
        if named is None and self.ways.platform in ("", "plain"):
            named = read_plain(found.parts, self.recognize.notebooks, self.known, set(self.roster.people))
        return with_names(named, self.known.blackboard) if named else None

    def _find_person(self, who: Identity, root: str) -> tuple[Person | None, str]:
        """The student, or why there is none. `root` is what was given: in one download of Moodle, each number is another student."""
        person = self.roster.find(who)
        if who.kind == "moodle" and not self.roster.find(Identity("moodle", who.key)):
            person = person or self._find_member(who)
            if (root, squash(who.name)) in self.namesakes or (
                person and self.keys.get((root, person.id), who.key) != who.key
            ):
                return None, (
                    f"{who}: somebody else of that name handed in as well. Give Moodle's grading worksheet along with the zip: it tells them apart."
                )
        if person:
            self.keys[root, person.id] = who.key
            if who.kind in person.keys or who.kind in ("canvas", "moodle", "brightspace", "github"):
                person.add_key(who.kind, who.key)
            return person, ""
        if who.key.startswith("anon_") and who.kind == "canvas" and not self.ways.new:
            return (
                None,
                "Canvas hides whose it is, as the assignment is graded anonymously. Turn that off, and download again.",
            )
        if self.closed:
            return None, (
                f"{who} isn't in the roster, or fits several students there. Import a newer table ('course roster import FILE'), or add --new "
                "to take new students from the files; then collect again."
            )
        about = {"name": who.name or who.key, "email": who.email, "number": who.number}
        if who.kind == "id":
            about = {"id": who.key}
        elif who.kind == "canvas" and who.name:
            about = {"canvas": who.key, "id": make_safe(who.name)}  # Canvas leaves no spaces between the names
        elif who.kind:
            about[who.kind] = who.key
        try:
            return self.roster.take({key: text for key, text in about.items() if text})[0], ""
        except CourseError as error:
            return None, str(error)

    def _find_member(self, who: Identity) -> Person | None:
        """Moodle puts the name of a group and a hyphen in front of a student's."""
        words = who.name.split("-")
        ends = (Identity(name="-".join(words[place:])) for place in range(1, len(words)))
        return next(filter(None, map(self.roster.find, ends)), None)

    # --- times ------------------------------------------------------------------------------------

    def _find_time(self, named: Named) -> datetime | None:
        """When the platform says that it was handed in, in UTC."""
        when = named.when
        if named.platform == "moodle" and (told := self.times.get(named.who[0].key)):
            when = read_moodle_date(told)
        return None if when is None else self._make_utc(when)

    def _make_utc(self, when: datetime) -> datetime:
        """A time without a zone is by the clock of the zone that is set, or of this machine."""
        if when.tzinfo is None and self.ways.zone:
            when = when.replace(tzinfo=self.ways.zone)
        return when.astimezone(UTC).replace(microsecond=0)

    def _put_times(self, pieces: list[Piece]) -> list[Piece]:
        """Take the time of a file where the platform says none, unless it is that of the download."""
        blank = [one for one in pieces if one.when is None and one.found.modified]
        stamps = sorted(one.found.modified.timestamp() for one in blank if one.found.modified)
        people = {one.person.id for one in blank}
        spread = stamps[-1] - stamps[0] if stamps else 0
        use = self.ways.file_times == "yes" or (
            self.ways.file_times == "auto"
            and all(
                one.found.zipped and one.named.platform not in ("canvas", "github", "google", "plain") for one in blank
            )
            and not (len(people) > 2 and spread < TOGETHER)
        )
        return [
            replace(one, when=self._make_utc(one.found.modified))
            if use and one.when is None and one.found.modified
            else one
            for one in pieces
        ]

    # --- one student ------------------------------------------------------------------------------

    def _hand_in(self, student: str, pieces: list[Piece]) -> None:
        """Choose among the files of a student, and put them in place."""
        chosen: dict[str, Piece] = {}
        for piece in sorted((one for one in pieces if one.recognized.notebook), key=lambda one: one.rank, reverse=True):
            name = piece.recognized.notebook
            if name not in chosen:
                chosen[name] = piece
                continue
            best = chosen[name]
            same = best.data == piece.data
            self._tell(
                piece.found,
                f"{student}: left out: {'the same as' if same else _compare(best, piece)} {best.found.path}",
            )
        if not chosen:
            for piece in pieces:
                says = piece.recognized.says or f"It isn't a notebook of {self.chapter}."
                self._tell(piece.found, f"{student}: left out: {says}", trouble=True)
            return
        newest = max(chosen.values(), key=lambda one: one.rank)
        self.result.chosen += [(one.found, student, name, one.when) for name, one in chosen.items()]
        files = {f"{name}.ipynb": piece.data for name, piece in chosen.items()}
        others = [one for one in pieces if not one.recognized.notebook]
        folders = {one.found.parts[:-1] for one in chosen.values()}
        told = [
            self._add_other(student, one, files, folders)
            for one in sorted(others, key=lambda one: one.rank, reverse=True)
        ]
        when = max((one.when for one in chosen.values() if one.when), default=None)
        place = Place(self.course, self.chapter, self.recognize.notebooks, self.ways.write)
        state, written = place.put(student, files, when)
        self.result.students[student] = state
        for name, piece in chosen.items():
            if f"{name}.ipynb" in written:
                renamed = "" if piece.named.file == f"{name}.ipynb" else f" (it is called {piece.named.file})"
                late = ", late" if piece.named.late else ""
                self._tell(piece.found, f"{student}: {name}.ipynb{renamed}{late}", taken=True)
            else:
                self._tell(piece.found, f"{student}: {state}")
        self.result.told += [one for one in told if not one.taken or written >= set(files)]
        self.result.untimed += when is None
        if newest.named.late and when is None:
            self.result.late.append(student)

    def _add_other(self, student: str, piece: Piece, files: dict[str, bytes], folders: set[tuple[str, ...]]) -> Told:
        """A file beside the notebooks: what its code may read, or something that should have been a notebook.

        It has the place that it had beside a notebook in one of `folders`.
        """
        path, parts = piece.found.path, piece.found.parts[:-1]
        around = max((len(one) for one in folders if parts[: len(one)] == one), default=len(parts))
        name = "/".join(filter(None, map(make_safe, (*parts[around:], piece.named.file))))
        if piece.recognized.says:
            return Told(path, f"{student}: left out: {piece.recognized.says}", trouble=True)
        if name.lower() == TIMESTAMP or name.lower().endswith(".ipynb") or not make_safe(piece.named.file):
            return Told(path, f"{student}: left out: a file of that name has a meaning for the grader")
        if name in files:
            return Told(path, f"{student}: left out: there is a later file of that name")
        if len(files) >= MAX_OTHERS:
            return Told(path, f"{student}: left out: there are more than {MAX_OTHERS} files", trouble=True)
        files[name] = piece.data
        return Told(path, f"{student}: {name}, beside the notebooks", taken=True)


def _compare(best: Piece, other: Piece) -> str:
    """Why one attempt counts rather than the other, in words that end before its path."""
    reasons = (
        "a checkpoint is Jupyter's own copy",
        "a later time",
        "a later attempt",
        "changed later",
        "a higher number in its name",
        "larger",
        "in fewer folders",
    )
    reason = next((why for why, one, two in zip(reasons, best.rank, other.rank, strict=False) if one != two), "as good")
    return f"another attempt counts ({reason}):"
