"""Values beyond plain data that pass between the processes: what comes back is what went, and what an enemy writes is refused."""

from __future__ import annotations

import datetime
import enum
import sys
import typing
from collections import namedtuple
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy
import pytest

from autograder.engine.standins.proxies import StandInClass
from autograder.engine.standins.registry import Registry
from autograder.engine.wire import wire
from autograder.engine.wire.channel import Malformed
from autograder.engine.wire.owned import read_owned, write_owned
from autograder.engine.wire.values import read_value, write_value

PANDAS = find_spec("pandas") is not None


@dataclass
class Point:
    x: int
    y: Any = 0

    def norm(self) -> float:
        return 0.0


class Color(enum.Enum):
    RED = 1


class Both(enum.StrEnum):
    A = "a"


class Slotted:
    __slots__ = ("x",)


class Wide(list[int]):
    pass


Pair = namedtuple("Pair", "a b")
AUTHORED = {kind.__name__: kind for kind in (Point, Color, Both, Slotted, Wide, Pair)}
for _kind in AUTHORED.values():
    _kind.__module__ = "__main__"


def find(name: str) -> Any:
    return AUTHORED.get(name)


def pass_on(value: Any) -> Any:
    text, raw = wire.encode(value, lambda part, write: write_value(part, write) or write_owned(part, write, find))
    return decode(text, raw)


def decode(text: bytes, raw: bytes = b"") -> Any:
    def read(tree: dict[str, Any], part: wire.Part) -> Any:
        return read_owned(tree, part, find) if tree["t"] == "own" else read_value(tree, part)

    return wire.decode(text, bytearray(raw), read)


@pytest.mark.parametrize(
    "value",
    [
        *(list[int], dict[str, list[float]], int | None, typing.Optional[int], typing.List[int], typing.Any),  # noqa: UP006, UP045
        *(tuple[int, ...], typing.Union[int, str], typing.Dict[str, int], typing.Literal["a"]),  # noqa: UP006, UP007
        *(Point(1, 2), Point(1, Point(2, [3])), Color.RED, Both.A, Pair(1, [2]), [Point(1), {"k": Color.RED}]),
        datetime.date(2024, 2, 29),
    ],
    ids=str,
)
def test_what_comes_back_is_what_went(value: Any) -> None:
    back = pass_on(value)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    "value",
    [Slotted(), Wide([1]), typing.Callable[[int], int], typing.TypeVar("T"), sys],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_pass_says_so(value: Any) -> None:
    with pytest.raises(wire.Unsendable):
        pass_on(value)


FRAMES = [
    '{"t": "own", "class": "Nobody", "v": {"t": "dict", "v": []}}',
    '{"t": "own", "class": "Point", "v": {"t": "dict", "v": [["norm", 5]]}}',
    '{"t": "own", "class": "Point", "v": {"t": "dict", "v": [["__class__", 5]]}}',
    '{"t": "own", "class": "Point", "v": {"t": "dict", "v": [[1, 5]]}}',
    '{"t": "own", "class": "Point", "v": [1, 2]}',
    '{"t": "own", "class": "Color", "v": "BLUE"}',
    '{"t": "own", "class": "Color", "v": {"t": "dict", "v": []}}',
    '{"t": "own", "class": "Wide", "v": {"t": "dict", "v": []}}',
    '{"t": "own", "class": "Pair", "v": [1]}',
    '{"t": "own", "class": ["Pair"], "v": [1]}',
    '{"t": "own"}',
    '{"t": "hint", "of": "|", "v": []}',
    '{"t": "hint", "of": "|", "v": [1, 2]}',
    '{"t": "hint", "of": "os", "v": [1]}',
    '{"t": "hint", "of": "Dict", "v": 5}',
    '{"t": "hint", "of": ["Dict"], "v": []}',
    '{"t": "frame", "of": [], "v": []}',
    '{"t": "frame", "of": [{"kind": "range", "v": [0, 9, 1], "names": [null]}, 5], "v": [{"kind": "objects", "v": [1]}]}',
    '{"t": "series", "of": [{"kind": "range", "v": [0, 4611686018427387904, 1], "names": [null]}], "v": {"kind": "objects", "v": [1]}, "name": null}',
    '{"t": "series", "of": [5], "v": {"kind": "file", "v": "/etc/passwd"}, "name": null}',
    '{"t": "index", "v": {"kind": "column", "v": {"kind": "M", "unit": "Y", "zone": "", "v": [1]}, "names": [null]}}',
    '{"t": "moment", "kind": "Timestamp", "v": [1, "ns", "../../etc/passwd"]}',
    '{"t": "moment", "kind": "Timestamp", "v": ["1", "ns", ""]}',
]


@pytest.mark.parametrize("text", FRAMES)
def test_a_forged_frame_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        decode(text.encode())


@pytest.mark.parametrize(
    "known",
    [
        [["os", "system"]],
        [["builtins", "int"]],
        [["torch", "Tensor"]],
        [["numpy", "ndarray"]],
        [["enum", "Enum"]],
        [["typing", "Generic"]],
    ]
    + [
        [["collections", "OrderedDict"]],
        [["torch.utils.data", "Dataset"]],
        [["nowhere", "X"]],
        [["torch.nn", "Module"]] * 50,
    ],
    ids=str,
)
def test_a_stand_in_passes_only_for_ordinary_classes(known: list[list[str]]) -> None:
    catalogue = Registry(Link(), find)
    described = {
        "id": 1,
        "name": "X",
        "module": "__main__",
        "error": False,
        "special": [],
        "base": None,
        "bases": [],
        "known": known,
    }
    thing = catalogue.read({"t": "ref", "id": 2, "class": described}, lambda part: part)
    assert isinstance(type(thing), StandInClass)
    assert thing.anything == ("getattr", "anything") == type(thing).anything
    assert not isinstance(thing, (int, numpy.ndarray, dict))


def test_a_stand_in_for_a_network_is_one_to_isinstance_and_nothing_else() -> None:
    import torch

    catalogue = Registry(Link(), find)
    described = {
        "id": 1,
        "name": "Net",
        "module": "__main__",
        "error": False,
        "special": [],
        "base": None,
        "bases": [],
        "known": [["torch.nn", "Linear"]],
    }
    net = catalogue.read({"t": "ref", "id": 2, "class": described}, lambda part: part)
    assert isinstance(net, torch.nn.Linear)
    assert isinstance(net, torch.nn.Module)
    assert issubclass(type(net), torch.nn.Module)
    assert net.weight == ("getattr", "weight")
    assert net.parameters == ("getattr", "parameters")
    assert net.__dict__ == ("getattr", "__dict__")
    assert type(net).forward == ("getattr", "forward")


class Link:
    """Answers every question with the question."""

    def operate(self, operation: str, thing: Any, *rest: Any, **named: Any) -> Any:
        return (operation, *rest)


if PANDAS:
    import pandas

    TABLE = pandas.DataFrame(
        {
            "a": [1, 2],
            "b": [1.5, numpy.nan],
            "s": ["x", None],
            "o": pandas.Series([1, "z"], dtype=object),
            "t": pandas.to_datetime(["2024-01-01", None]),
            "z": pandas.to_datetime(["2024-01-01", "2024-02-01"]).tz_localize("Europe/Paris"),
            "d": pandas.to_timedelta([1, 2], unit="h"),
            "c": pandas.Categorical(["u", "v"], ordered=True),
            "i": pandas.array([1, None], dtype="Int64"),
            "f": [True, False],
        }
    )

    @pytest.mark.parametrize(
        "table",
        [
            TABLE,
            TABLE.set_index(["a", "s"]),
            TABLE[["a", "f"]].T,
            pandas.DataFrame(),
            pandas.DataFrame(columns=["x"]),
            TABLE.groupby("a").b.agg(["mean", "sum"]),
        ],
    )
    def test_frames_come_back_as_they_went(table: Any) -> None:
        pandas.testing.assert_frame_equal(pass_on(table), table)

    @pytest.mark.parametrize("name", list(TABLE))
    def test_series_and_indexes_come_back_as_they_went(name: str) -> None:
        pandas.testing.assert_series_equal(pass_on(TABLE[name]), TABLE[name])
        pandas.testing.assert_index_equal(pass_on(pandas.Index(TABLE[name])), pandas.Index(TABLE[name]))

    def test_moments_come_back_as_they_went() -> None:
        moments = [
            pandas.Timestamp("2024-05-01 10:00", tz="Europe/Paris"),
            pandas.Timedelta("1h"),
            pandas.Timestamp("2024-01-01"),
        ]
        assert pass_on(moments) == moments
        assert pass_on([pandas.NaT, pandas.NA])[0] is pandas.NaT
