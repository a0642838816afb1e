"""A platform's table, as it was written: each cell keeps its bytes until it is given another text.

So a file goes back with its byte-order mark, delimiter, quotes and ends of lines, and nothing in it changes but what is meant to.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import CourseError
from autograder.grading.files import read_file

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
DELIMITERS = ",;\t"


@dataclass
class Table:
    """Rows of raw cells, the first of them the header."""

    rows: list[list[str]]
    ends: list[str]
    """How each row ends: a line end, "" for a last row without one."""
    delimiter: str = ","
    mark: bytes = b""
    encoding: str = "utf-8"
    preamble: str = ""
    """What comes before the header: Excel's `sep=;`."""

    @property
    def header(self) -> list[str]:
        """The texts of the first row."""
        return [self.get(0, column).strip() for column in range(len(self.rows[0]))]

    def get(self, row: int, column: int) -> str:
        """The text of a cell; "" where the row is shorter."""
        return _unquote(self.rows[row][column]) if column < len(self.rows[row]) else ""

    def set(self, row: int, column: int, text: str) -> None:
        """Give a cell another text. One that has it already keeps its bytes."""
        cells = self.rows[row]
        cells += [""] * (column + 1 - len(cells))
        if _unquote(cells[column]) != text:
            quoted = cells[column].startswith('"') or self.quotes_all
            cells[column] = _quote(text, self.delimiter, quoted)

    @property
    def quotes_all(self) -> bool:
        """Whether the file has every cell of its header in quotes."""
        return all(cell.startswith('"') for cell in self.rows[0])

    def insert(self, column: int, texts: list[str]) -> None:
        """A new column before `column`, a text for each row."""
        for cells, text in zip(self.rows, texts, strict=True):
            cells += [""] * (column - len(cells))
            cells.insert(column, _quote(text, self.delimiter, self.quotes_all))

    def encode(self) -> bytes:
        """The file."""
        lines = [self.delimiter.join(cells) + end for cells, end in zip(self.rows, self.ends, strict=True)]
        return self.mark + (self.preamble + "".join(lines)).encode(self.encoding)


def read_table(path: Path) -> Table:
    """Raises `CourseError` where the file isn't a table in text."""
    if path.suffix.lower() in (".xlsx", ".ods", ".numbers"):
        raise CourseError(
            f"{path} is a spreadsheet. Save it as CSV (UTF-8), or download it as CSV, and give that file."
        )
    if not path.is_file():
        raise CourseError(f"There is no file {path}.")
    return parse_table(read_file(path), str(path))


def parse_table(data: bytes, name: str) -> Table:
    """The table in the bytes of the file `name`. Raises `CourseError`."""
    mark, encoding = next(((mark, kind) for mark, kind in MARKS if data.startswith(mark)), (b"", "utf-8"))
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeError:
        encoding = "cp1252"  # what Excel writes as "CSV" in Western Europe and America
        try:
            text = data.decode(encoding)
        except UnicodeError as error:
            raise CourseError(f"{name} isn't text. Save it as CSV (UTF-8), and give that file.") from error
    if "\0" in text or data[:4] == b"PK\x03\x04":
        raise CourseError(f"{name} isn't a table in text. Save it as CSV (UTF-8), and give that file.")
    told = re.match(r"sep=(.)\r?\n", text)
    preamble = told[0] if told else ""
    body = text[len(preamble) :]
    delimiter = told[1] if told else _find_delimiter(body)
    rows, ends = _split(body, delimiter)
    if not rows or not any(_unquote(cell).strip() for cell in rows[0]):
        raise CourseError(f"{name} is empty.")
    return Table(rows, ends, delimiter, mark, encoding, preamble)


def _find_delimiter(text: str) -> str:
    """The one that splits the header into the most cells."""
    first = _split(text, "\n", most=1)[0]
    header = first[0][0] if first else ""
    counts = {one: len(_split(header, one, most=1)[0][0]) for one in DELIMITERS} if header else {}
    return max(counts, key=lambda one: counts[one], default=",")


def _split(text: str, delimiter: str, most: int = 0) -> tuple[list[list[str]], list[str]]:
    """The raw cells of each row, and how it ends. A quote opens a cell only at its start, as in RFC 4180."""
    rows: list[list[str]] = []
    ends: list[str] = []
    cells: list[str] = []
    token = re.compile(
        rf'("(?:[^"]|"")*(?:"|\Z)[^{re.escape(delimiter)}\r\n]*|[^{re.escape(delimiter)}\r\n]*)({re.escape(delimiter)}|\r\n|\r|\n|\Z)'
    )
    place = 0
    while place < len(text) or cells:
        found = token.match(text, place)
        assert found  # both parts may be empty
        cells.append(found[1])
        place = found.end()
        if found[2] != delimiter or delimiter == "\n":
            rows.append(cells)
            ends.append(found[2])
            cells = []
            if most and len(rows) == most:
                break
    return rows, ends


def _unquote(raw: str) -> str:
    bare = raw.strip(" ") if raw.strip(" ").startswith('"') else raw
    return bare[1:-1].replace('""', '"') if len(bare) > 1 and bare[0] == bare[-1] == '"' else raw


def _quote(text: str, delimiter: str, always: bool = False) -> str:
    needs = always or any(sign in text for sign in (delimiter, '"', "\r", "\n")) or text != text.strip()
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if needs else text


def make_table(rows: list[list[str]], end: str = "\n") -> Table:
    """A new table of these texts, in UTF-8."""
    return Table([[_quote(cell, ",") for cell in row] for row in rows], [end] * len(rows))
