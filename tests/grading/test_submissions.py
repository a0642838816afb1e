"""Reading what was handed in, and rebuilding from it the notebook that is graded."""

import copy
import json
import os
import time

import nbformat
import pytest

from autograder.errors import CourseError
from autograder.grading.files import MAX_BYTES
from autograder.grading.submissions import MAX_ADDED, MAX_NOTES, cut_notes, fill_in, get_id, read_submission, rebuild

CHAPTER = "01_mini"
ANSWERS = {
    "relu": "def relu(z):\n    return z.abs()",
    "shape": "shape = (5, 2)",
    "why": "Because it is so.",
}
ORDER = ["setup-1", "relu", "relu-check", "shape", "shape-check", "why"]


@pytest.fixture
def course(mini):
    """Source and release of the small notebook."""
    return mini


@pytest.fixture
def source(course):
    return nbformat.read(course / "source" / CHAPTER / "1_mini.ipynb", as_version=4)


@pytest.fixture
def submitted(course):
    """The release with an answer to everything, as a student hands it in."""
    return fill_in(nbformat.read(course / "release" / CHAPTER / "1_mini.ipynb", as_version=4), ANSWERS)


def place_of(notebook, name):
    return [get_id(cell) for cell in notebook.cells].index(name)


def cell_of(notebook, name):
    return notebook.cells[place_of(notebook, name)]


def assert_fixed_by_source(rebuilt, source):
    """The order of the graded cells, all that is not the student's, and the metadata are those of the source."""
    assert [get_id(cell) for cell in rebuilt.cells if get_id(cell)] == ORDER
    for name in ORDER:
        graded, own = cell_of(rebuilt, name), cell_of(source, name)
        assert graded.metadata == own.metadata
        assert graded.cell_type == own.cell_type
        assert graded.id == own.id
        if not own.metadata["nbgrader"]["solution"]:
            assert graded.source == own.source
    nbformat.validate(rebuilt)


def answers_in(rebuilt):
    return {name: cell_of(rebuilt, name).source for name in ANSWERS}


# --- rebuild -------------------------------------------------------------------------------------


def test_a_submission_without_oddities_has_no_notes(source, submitted):
    rebuilt, notes = rebuild(source, submitted)
    assert notes == []
    assert answers_in(rebuilt) == ANSWERS
    assert len(rebuilt.cells) == len(source.cells)
    assert_fixed_by_source(rebuilt, source)


def test_an_empty_submission_is_the_release_with_hidden_tests(source, course):
    release = nbformat.read(course / "release" / CHAPTER / "1_mini.ipynb", as_version=4)
    rebuilt, notes = rebuild(source, release)
    assert notes == []
    assert answers_in(rebuilt) == answers_in(release)
    assert_fixed_by_source(rebuilt, source)


def test_source_and_submission_are_left_as_they_are(source, submitted):
    before = copy.deepcopy(source), copy.deepcopy(submitted)
    rebuild(source, submitted)
    assert (source, submitted) == before


def test_hidden_tests_come_from_the_source(source, submitted):
    assert "HIDDEN" not in json.dumps(submitted)
    rebuilt, _ = rebuild(source, submitted)
    check = cell_of(rebuilt, "relu-check").source
    assert "### BEGIN HIDDEN TESTS\ncheck.hidden()\n" in check
    assert check == cell_of(source, "relu-check").source


def test_no_solution_comes_from_the_source(source, submitted):
    for name in ANSWERS:
        del submitted.cells[place_of(submitted, name)]
    rebuilt, _ = rebuild(source, submitted)
    assert answers_in(rebuilt) == {"relu": "", "shape": "", "why": "*No answer was handed in.*"}
    assert "SOLUTION" not in json.dumps(rebuilt)
    assert "MARK SCHEME" not in json.dumps(rebuilt)


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("setup-1", "The cell 'setup-1' is missing; the original is graded."),
        ("relu", "The cell 'relu' is missing."),
        ("relu-check", "The cell 'relu-check' is missing; the original is graded."),
        ("why", "The cell 'why' is missing."),
    ],
)
def test_a_missing_cell(source, submitted, name, note):
    del submitted.cells[place_of(submitted, name)]
    rebuilt, notes = rebuild(source, submitted)
    assert notes == [note]
    assert_fixed_by_source(rebuilt, source)


def test_missing_prose_is_not_worth_a_note(source, submitted):
    submitted.cells = [cell for cell in submitted.cells if get_id(cell)]
    rebuilt, notes = rebuild(source, submitted)
    assert notes == []
    assert len(rebuilt.cells) == len(source.cells)


def test_a_notebook_without_cells(source, submitted):
    submitted.cells = []
    rebuilt, notes = rebuild(source, submitted)
    assert notes == [
        "The cell 'setup-1' is missing; the original is graded.",
        "The cell 'relu' is missing.",
        "The cell 'relu-check' is missing; the original is graded.",
        "The cell 'shape' is missing.",
        "The cell 'shape-check' is missing; the original is graded.",
        "The cell 'why' is missing.",
    ]
    assert_fixed_by_source(rebuilt, source)


def test_a_second_copy_of_an_answer_runs_as_an_added_cell(source, submitted):
    place = place_of(submitted, "relu")
    second = copy.deepcopy(submitted.cells[place])
    second.source = "def relu(z):\n    return z.clamp(min=0)"
    submitted.cells.insert(place + 1, second)
    rebuilt, notes = rebuild(source, submitted)
    assert notes == ["The cell 'relu' is there more than once; the other copy runs as an added cell."]
    assert cell_of(rebuilt, "relu").source == ANSWERS["relu"]
    added = rebuilt.cells[place_of(rebuilt, "relu") + 1]
    assert added.source == second.source
    assert added.metadata == {}
    assert_fixed_by_source(rebuilt, source)


def test_a_second_copy_of_a_check_is_not_graded(source, submitted):
    second = copy.deepcopy(cell_of(submitted, "relu-check"))
    second.source = "3.0"
    submitted.cells.append(second)
    rebuilt, notes = rebuild(source, submitted)
    assert notes == ["The cell 'relu-check' is there more than once; the other copy runs as an added cell."]
    assert rebuilt.cells[-1].source == "3.0"
    assert rebuilt.cells[-1].metadata == {}
    assert_fixed_by_source(rebuilt, source)


def test_of_two_written_answers_the_longer_is_graded(source, submitted):
    second = copy.deepcopy(cell_of(submitted, "why"))
    second.source = "Because a stack of linear layers is one linear layer, as their product shows."
    cell_of(submitted, "why").source = "*Your answer here.*"
    submitted.cells.append(second)
    longer = second.source
    rebuilt, notes = rebuild(source, submitted)
    assert notes == ["The cell 'why' is there more than once; the other copy runs as an added cell."]
    assert cell_of(rebuilt, "why").source == longer
    assert rebuilt.cells[-1].source == "*Your answer here.*"
    assert_fixed_by_source(rebuilt, source)


def test_a_moved_cell_is_graded_in_its_own_place(source, submitted):
    submitted.cells.append(submitted.cells.pop(place_of(submitted, "relu")))
    rebuilt, notes = rebuild(source, submitted)
    assert notes == ["The cell 'relu' was moved; it is graded in its own place."]
    assert answers_in(rebuilt) == ANSWERS
    assert_fixed_by_source(rebuilt, source)


def test_cells_in_the_reverse_order(source, submitted):
    submitted.cells.reverse()
    rebuilt, notes = rebuild(source, submitted)
    assert notes == [
        f"The cell '{name}' was moved; it is graded in its own place." for name in reversed(ORDER) if name != "why"
    ]
    assert answers_in(rebuilt) == ANSWERS
    assert_fixed_by_source(rebuilt, source)


@pytest.mark.parametrize("name", ["setup-1", "relu-check"])
def test_an_edited_cell_that_is_not_the_student_s(source, submitted, name):
    cell_of(submitted, name).source = "1.0"
    rebuilt, notes = rebuild(source, submitted)
    assert notes == [f"The cell '{name}' was changed, though students may not change it; the original is graded."]
    assert_fixed_by_source(rebuilt, source)


def test_spaces_around_a_check_are_no_change(source, submitted):
    cell_of(submitted, "relu-check").source += "\n\n"
    assert rebuild(source, submitted)[1] == []


@pytest.mark.parametrize(
    ("name", "kind", "note"),
    [
        ("relu", "markdown", "The cell 'relu' was made a markdown cell; it is graded as a code cell."),
        ("why", "code", "The cell 'why' was made a code cell; it is graded as a markdown cell."),
        ("relu-check", "raw", "The cell 'relu-check' was made a raw cell; it is graded as a code cell."),
    ],
)
def test_a_cell_of_another_type(source, submitted, name, kind, note):
    place = place_of(submitted, name)
    old = submitted.cells[place]
    submitted.cells[place] = getattr(nbformat.v4, f"new_{kind}_cell")(old.source, id=old.id, metadata=old.metadata)
    rebuilt, notes = rebuild(source, submitted)
    assert notes == [note]
    assert answers_in(rebuilt) == ANSWERS
    assert_fixed_by_source(rebuilt, source)


@pytest.mark.parametrize("points", [300, 0, -1, "3", None])
def test_changed_points_do_not_count(source, submitted, points):
    cell_of(submitted, "relu-check").metadata["nbgrader"]["points"] = points
    rebuilt, notes = rebuild(source, submitted)
    assert notes == [f"The points of 'relu-check' were changed from 3 to {points}; it is worth 3."]
    assert_fixed_by_source(rebuilt, source)


def test_flags_of_nbgrader_come_from_the_source(source, submitted):
    for cell in submitted.cells:
        if get_id(cell):
            cell.metadata["nbgrader"].update(grade=True, solution=True, locked=False, task=True)
    rebuilt, notes = rebuild(source, submitted)
    assert notes == []
    assert_fixed_by_source(rebuilt, source)


def test_stripped_metadata(source, submitted):
    """Other editors drop nbgrader's metadata; the cells are known by their own ids then."""
    for cell in submitted.cells:
        cell.metadata = nbformat.from_dict({})
    submitted.metadata = nbformat.from_dict({})
    rebuilt, notes = rebuild(source, submitted)
    assert notes == []
    assert answers_in(rebuilt) == ANSWERS
    assert len(rebuilt.cells) == len(source.cells)
    assert_fixed_by_source(rebuilt, source)


def test_stripped_cell_ids(source, submitted):
    for cell in submitted.cells:
        cell.pop("id")
    rebuilt, notes = rebuild(source, submitted)
    assert notes == []
    assert answers_in(rebuilt) == ANSWERS
    assert len(rebuilt.cells) == len(source.cells)
    assert_fixed_by_source(rebuilt, source)


@pytest.mark.parametrize("nonsense", ["relu", 7, [], {"grade_id": ["relu"]}])
def test_metadata_that_is_nonsense(source, submitted, nonsense):
    cell_of(submitted, "relu").metadata["nbgrader"] = nonsense
    rebuilt, _ = rebuild(source, submitted)
    assert_fixed_by_source(rebuilt, source)


@pytest.mark.parametrize("nonsense", [7, ["relu"], {"a": 1}])
def test_a_cell_id_that_is_nonsense(source, submitted, nonsense):
    for cell in submitted.cells:
        cell["id"] = nonsense
    rebuilt, notes = rebuild(source, submitted)
    assert notes == []
    assert answers_in(rebuilt) == ANSWERS
    assert_fixed_by_source(rebuilt, source)


def test_added_cells_stay_where_they_are(source, submitted):
    for place, text in (
        (len(submitted.cells), "last = 1"),
        (place_of(submitted, "relu-check"), "between = 1"),
        (0, "first = 1"),
    ):
        submitted.cells.insert(place, nbformat.v4.new_code_cell(text))
    submitted.cells.insert(1, nbformat.v4.new_markdown_cell("My notes"))
    rebuilt, notes = rebuild(source, submitted)
    assert notes == []
    assert [cell.source for cell in rebuilt.cells[:3]] == ["first = 1", "My notes", "# A small notebook"]
    place = place_of(rebuilt, "relu")
    assert [cell.source for cell in rebuilt.cells[place : place + 2]] == [ANSWERS["relu"], "between = 1"]
    assert get_id(rebuilt.cells[place + 2]) == "relu-check"
    assert rebuilt.cells[-1].source == "last = 1"
    assert len(rebuilt.cells) == len(source.cells) + 4
    assert_fixed_by_source(rebuilt, source)


def test_added_cells_have_ids_of_their_own(source, submitted):
    submitted.cells += [nbformat.v4.new_code_cell("1", id="relu-copy"), nbformat.v4.new_code_cell("2", id="relu-copy")]
    rebuilt, _ = rebuild(source, submitted)
    ids = [cell.id for cell in rebuilt.cells]
    assert len(set(ids)) == len(ids)
    assert all(cell_id.startswith("added-") for cell_id in ids[-2:])


def test_an_added_cell_that_claims_to_be_graded_is_not(source, submitted):
    claim = {"grade": True, "grade_id": "bonus", "points": 100, "solution": False, "locked": False, "schema_version": 3}
    submitted.cells.append(nbformat.v4.new_code_cell("100.0", metadata={"nbgrader": claim}))
    rebuilt, _ = rebuild(source, submitted)
    assert rebuilt.cells[-1].source == "100.0"
    assert rebuilt.cells[-1].metadata == {}
    assert_fixed_by_source(rebuilt, source)


@pytest.mark.parametrize("ends", ["\r\n", "\r", "  \n", "\t\r\n"])
@pytest.mark.parametrize("marker", ["### BEGIN HIDDEN TESTS", "# BEGIN HIDDEN TESTS", "    #BEGIN HIDDEN TESTS"])
def test_line_ends_are_no_change(source, submitted, ends, marker):
    check = "assert relu(1) == 1"
    cell_of(source, "relu-check").source = f"{check}\n{marker}\nassert 0\n{marker.replace('BEGIN', 'END')}\n{check}"
    cell_of(submitted, "relu-check").source = f"{check}\n{check}"
    for cell in submitted.cells:
        cell.source = cell.source.replace("\n", ends)
    rebuilt, notes = rebuild(source, submitted)
    assert notes == []
    assert "\r" not in "".join(cell.source for cell in rebuilt.cells)
    for cell in source.cells:  # and where the author's file has them
        cell.source = cell.source.replace("\n", ends)
    assert rebuild(source, submitted)[1] == []


def test_code_that_students_may_change_runs_as_they_left_it(source, submitted):
    [shown] = [cell for cell in submitted.cells if cell.source.startswith("greeting")]
    shown.source = "greeting = 'changed'"
    rebuilt, notes = rebuild(source, submitted)
    assert notes == []
    assert [cell.source for cell in rebuilt.cells].count("greeting = 'changed'") == 1
    assert len(rebuilt.cells) == len(source.cells)


def test_several_oddities_are_noted_in_the_order_of_the_notebook(source, submitted):
    cell_of(submitted, "setup-1").source = "import torch"
    cell_of(submitted, "relu-check").source = "3"
    cell_of(submitted, "relu-check").metadata["nbgrader"]["points"] = 30
    del submitted.cells[place_of(submitted, "why")]
    assert rebuild(source, submitted)[1] == [
        "The cell 'setup-1' was changed, though students may not change it; the original is graded.",
        "The cell 'relu-check' was changed, though students may not change it; the original is graded.",
        "The points of 'relu-check' were changed from 3 to 30; it is worth 3.",
        "The cell 'why' is missing.",
    ]


@pytest.mark.parametrize("copies", [5, 20_000])
def test_copies_of_a_cell_cost_little(source, submitted, copies):
    """Twenty thousand copies are noted once, and a thousand of them kept."""
    relu = cell_of(submitted, "relu")
    submitted.cells += [relu] * copies
    began = time.monotonic()
    rebuilt, notes = rebuild(source, submitted)
    assert time.monotonic() - began < 10
    assert notes[0] == "The cell 'relu' is there more than once; the other copy runs as an added cell."
    assert notes[1:] == (
        ["There are 20,000 cells that the notebook doesn't have; 1,000 are kept."] if copies > 1_000 else []
    )
    assert len(rebuilt.cells) == len(source.cells) + min(copies, MAX_ADDED)
    assert_fixed_by_source(rebuilt, source)


def test_notes_are_short_and_few():
    assert cut_notes(["a", "b", "a"]) == ["a", "b"]
    found = cut_notes(f"{number} {'x' * 100_000}" for number in range(10_000))
    assert found[-1] == "And 9,960 more notes."
    assert len(found) == MAX_NOTES + 1
    assert max(map(len, found)) < 310


# --- reading -------------------------------------------------------------------------------------


def refusal(path):
    with pytest.raises(CourseError) as caught:
        read_submission(path)
    return str(caught.value)


def test_a_submission_is_read_as_it_is(submitted, tmp_path):
    path = tmp_path / "mini.ipynb"
    nbformat.write(submitted, path)
    assert read_submission(path) == submitted


def test_a_notebook_of_format_3_is_read(source, submitted, tmp_path):
    path = tmp_path / "mini.ipynb"
    nbformat.write(nbformat.convert(copy.deepcopy(submitted), 3), path, version=3)
    assert json.loads(path.read_text(encoding="utf-8"))["nbformat"] == 3
    rebuilt, notes = rebuild(source, read_submission(path))
    assert notes == []
    assert answers_in(rebuilt) == ANSWERS
    assert_fixed_by_source(rebuilt, source)


def test_a_byte_that_is_no_utf8_does_not_stop_the_reading(submitted, tmp_path):
    path = tmp_path / "mini.ipynb"
    nbformat.write(submitted, path)
    path.write_bytes(path.read_bytes().replace(b"Because it is so.", b"Caf\xe9."))
    assert cell_of(read_submission(path), "why").source == "Caf\N{REPLACEMENT CHARACTER}."


def test_a_link_is_refused(submitted, tmp_path):
    nbformat.write(submitted, tmp_path / "real.ipynb")
    link = tmp_path / "mini.ipynb"
    link.symlink_to(tmp_path / "real.ipynb")
    assert refusal(link) == "mini.ipynb is a link or isn't a regular file."


def test_a_folder_a_pipe_and_nothing_are_refused(tmp_path):
    (tmp_path / "folder.ipynb").mkdir()
    os.mkfifo(tmp_path / "pipe.ipynb")
    for name in ("folder.ipynb", "pipe.ipynb", "nothing.ipynb"):
        assert refusal(tmp_path / name) == f"{name} is a link or isn't a regular file."


def test_a_file_that_is_too_large_is_refused(tmp_path):
    path = tmp_path / "mini.ipynb"
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES + 10_000_000)
    assert refusal(path) == "mini.ipynb has 30 MB; the limit is 20 MB."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ("print('hello')", "Expecting value: line 1 column 1 (char 0)"),
        ("[]", "its JSON is not an object"),
        ("3", "its JSON is not an object"),
        ("{}", "Notebook could not be converted from version 1 to version 2 because it's missing a key: cells"),
        ('{"nbformat": 4, "nbformat_minor": 5}', "The notebook is invalid and is missing an expected key: cells"),
        ('{"nbformat": 99, "nbformat_minor": 5, "metadata": {}, "cells": []}', "Unsupported nbformat version 99"),
        ("[" * 100_000, "maximum recursion depth exceeded while decoding a JSON array from a unicode string"),
    ],
)
def test_what_is_no_notebook_is_refused_with_the_reason(tmp_path, text, reason):
    path = tmp_path / "mini.ipynb"
    path.write_text(text, encoding="utf-8")
    assert refusal(path) == f"mini.ipynb is not a notebook: {reason}"


CELL = {"cell_type": "code", "id": "a", "metadata": {}, "source": "", "outputs": [], "execution_count": None}


@pytest.mark.parametrize(
    "cells",
    [
        [CELL, 7],
        [{name: value for name, value in CELL.items() if name != "source"}],
        [{**CELL, "source": 7}],
        [{**CELL, "metadata": []}],
        [{**CELL, "cell_type": None}],
        {"source cell_type metadata": CELL},
        {},
        "cells",
    ],
)
def test_cells_that_are_no_cells_are_refused(tmp_path, cells):
    path = tmp_path / "mini.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}), encoding="utf-8")
    assert refusal(path).startswith("mini.ipynb is not a notebook: ")


@pytest.mark.parametrize(
    "said",
    [
        {"nbformat_minor": "5"},
        {"nbformat_minor": None},
        {"nbformat_minor": -1},
        {"nbformat_minor": [5]},
        {"nbformat_minor": 99},
        {"nbformat": "4"},
        {"nbformat": 4.0},
        {"metadata": "none"},
        {"metadata": {"kernelspec": 7}},
        {"signature": ["x"], "worksheets": []},
    ],
)
def test_what_a_notebook_says_of_its_own_format_plays_no_part(source, submitted, tmp_path, said):
    path = tmp_path / "mini.ipynb"
    path.write_text(json.dumps({**submitted, **said}), encoding="utf-8")
    rebuilt, notes = rebuild(source, read_submission(path))
    assert notes == []
    assert answers_in(rebuilt) == ANSWERS
    assert_fixed_by_source(rebuilt, source)


# --- submissions made for demonstrations and measurements --------------------------------------------


def test_fill_in_puts_answers_in_the_places_of_stubs_alone(course):
    release = nbformat.read(course / "release" / CHAPTER / "1_mini.ipynb", as_version=4)
    filled = fill_in(release, {"shape": "shape = 7", "relu-check": "3", "unknown": "1"})
    changed = [get_id(cell) for cell, old in zip(filled.cells, release.cells, strict=True) if cell.source != old.source]
    assert changed == ["shape"]
    assert cell_of(filled, "shape").source == "shape = 7"
