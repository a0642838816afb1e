"""pandas' tables as values that pass between the processes: frames, series and indexes of plain columns.

What pandas can hold besides, such as columns of another library's types, isn't data here.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy

from autograder.engine.wire.channel import Malformed
from autograder.engine.wire.wire import Part, Unsendable

_UNITS = ("s", "ms", "us", "ns")
_MASKED = {f"{kind}{size}" for kind in ("Int", "UInt") for size in (8, 16, 32, 64)} | {"Float32", "Float64", "boolean"}


def is_table(value: object) -> bool:
    """Whether this is a frame or a series, which can change in place."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and type(value) in (pandas.DataFrame, pandas.Series)


def write_table(value: Any, write: Part) -> dict[str, Any] | None:
    """`value` as a tagged dictionary, or `None` where it is no table. Raises `Unsendable` for one with what cannot be written."""
    pandas = sys.modules.get("pandas")
    kind = type(value)
    if pandas is None or kind.__module__.split(".")[0] != "pandas":
        return None
    if kind is pandas.DataFrame:
        columns = [_write_column(value.iloc[:, place], write) for place in range(value.shape[1])]
        return {
            "t": "frame",
            "v": columns,
            "of": [_write_index(value.index, write), _write_index(value.columns, write)],
        }
    if kind is pandas.Series:
        column, index = _write_column(value, write), _write_index(value.index, write)
        return {"t": "series", "of": [index], "v": column, "name": write(value.name)}
    if isinstance(value, pandas.Index):
        return {"t": "index", "v": _write_index(value, write)}
    if kind is pandas.Timestamp or kind is pandas.Timedelta:
        zone = str(getattr(value, "tz", None) or "")
        return {"t": "moment", "kind": kind.__name__, "v": [value.asm8.view("i8").item(), value.unit, zone]}
    if value is pandas.NaT or value is pandas.NA:
        return {"t": "nothing", "v": "NaT" if value is pandas.NaT else "NA"}
    return None


def _write_index(index: Any, write: Part) -> dict[str, Any]:
    pandas = sys.modules["pandas"]
    names = write(list(index.names))
    if type(index) is pandas.RangeIndex:
        return {"kind": "range", "v": [index.start, index.stop, index.step], "names": names}
    if isinstance(index, pandas.MultiIndex):
        levels = [_write_column(index.get_level_values(place), write) for place in range(index.nlevels)]
        return {"kind": "levels", "v": levels, "names": names}
    return {"kind": "column", "v": _write_column(index, write), "names": names}


def _write_column(column: Any, write: Part) -> dict[str, Any]:
    """A series or an index, without its name."""
    pandas = sys.modules["pandas"]
    array, dtype = column.array, column.dtype
    if isinstance(dtype, pandas.CategoricalDtype):
        codes = write(numpy.asarray(array.codes).astype("int64"))
        return {
            "kind": "category",
            "v": codes,
            "of": _write_index(dtype.categories, write),
            "ordered": bool(dtype.ordered),
        }
    if isinstance(dtype, pandas.StringDtype):
        missing = "NA" if dtype.na_value is pandas.NA else "nan"
        texts = [None if gone else str(text) for text, gone in zip(array, pandas.isna(array), strict=True)]
        return {"kind": "text", "missing": missing, "v": write(texts)}
    if isinstance(dtype, pandas.DatetimeTZDtype):
        moments = numpy.asarray(array.tz_convert("UTC").tz_localize(None)).view("i8")
        return {"kind": "M", "unit": dtype.unit, "zone": str(dtype.tz), "v": write(moments)}
    if str(dtype) in _MASKED:
        return {"kind": "masked", "of": str(dtype), "v": write(array._data), "missing": write(array._mask)}
    if not isinstance(dtype, numpy.dtype):
        raise Unsendable(f"a column of {dtype}")
    values = column.to_numpy()
    if dtype.kind in "Mm":
        unit = numpy.datetime_data(dtype)[0]
        return {"kind": dtype.kind, "unit": unit, "zone": "", "v": write(values.view("i8"))}
    if dtype.kind == "O":
        return {"kind": "objects", "v": write(list(values))}
    return {"kind": "numbers", "v": write(numpy.ascontiguousarray(values))}


def read_table(tree: dict[str, Any], read: Part) -> Any:
    """What `write_table` wrote. Raises `Malformed`."""
    try:
        return _read_table(tree, read)
    except Malformed:
        raise
    except Exception as error:  # pandas has many
        raise Malformed(f"no table: {type(error).__name__}: {error}"[:300]) from None


def _read_table(tree: dict[str, Any], read: Part) -> Any:
    pandas = importlib.import_module("pandas")

    tag = tree["t"]
    if tag == "moment":
        number, unit, zone = tree["v"]
        moment = numpy.array([_of(int, number)]).view(
            f"{'M8' if tree['kind'] == 'Timestamp' else 'm8'}[{_unit(unit)}]"
        )[0]
        if tree["kind"] != "Timestamp":
            return pandas.Timedelta(moment)
        return pandas.Timestamp(moment, tz="UTC").tz_convert(_of(str, zone)) if zone else pandas.Timestamp(moment)
    if tag == "nothing":
        return pandas.NaT if tree["v"] == "NaT" else pandas.NA
    if tag == "index":
        return _read_index(tree["v"], read)
    # What is read first is what was written first: the bytes of arrays are in that order.
    if tag == "series":
        column = _read_column(tree["v"], read)
        index = _read_index(tree["of"][0], read)
        return pandas.Series(column, index=index, name=read(tree["name"]))
    columns = {place: _read_column(each, read) for place, each in enumerate(_of(list, tree["v"]))}
    index, names = (_read_index(each, read) for each in tree["of"])
    frame = pandas.DataFrame(columns, index=index)
    frame.columns = names
    return frame


def _read_index(tree: dict[str, Any], read: Part) -> Any:
    pandas = importlib.import_module("pandas")

    names = _of(list, read(tree["names"]))
    if tree["kind"] == "range":
        start, stop, step = (_of(int, part) for part in tree["v"])
        return pandas.RangeIndex(start, stop, step, name=names[0])
    if tree["kind"] == "levels":
        return pandas.MultiIndex.from_arrays([_read_column(each, read) for each in _of(list, tree["v"])], names=names)
    return pandas.Index(_read_column(tree["v"], read), name=names[0])


def _read_column(tree: dict[str, Any], read: Part) -> Any:
    pandas = importlib.import_module("pandas")

    kind, values = tree["kind"], read(tree["v"])
    if kind == "numbers":
        return _of(numpy.ndarray, values)
    if kind == "objects":
        objects = numpy.empty(len(_of(list, values)), dtype=object)
        for place, value in enumerate(values):
            objects[place] = value
        return pandas.array(objects, dtype=object)
    if kind == "text":
        missing = pandas.NA if tree["missing"] == "NA" else numpy.nan
        texts = [missing if one is None else _of(str, one) for one in _of(list, values)]
        return pandas.array(texts, dtype=pandas.StringDtype(na_value=missing))
    if kind == "category":
        dtype = pandas.CategoricalDtype(_read_index(tree["of"], read), ordered=tree["ordered"] is True)
        return pandas.Categorical.from_codes(_of(numpy.ndarray, values), dtype=dtype)
    if kind == "masked" and tree["of"] in _MASKED:
        array = pandas.array(_of(numpy.ndarray, values), dtype=tree["of"])
        array[_of(numpy.ndarray, read(tree["missing"])).astype(bool)] = pandas.NA
        return array
    if kind not in ("M", "m"):
        raise Malformed("no column")
    moments = _of(numpy.ndarray, values).astype("int64").view(f"{kind}8[{_unit(tree['unit'])}]")
    array = pandas.array(moments)
    return array.tz_localize("UTC").tz_convert(_of(str, tree["zone"])) if tree["zone"] else array


def replace_table(old: Any, new: Any) -> None:
    """Give a frame or series the contents of another one."""
    old._update_inplace(new)


def _unit(name: Any) -> str:
    if name not in _UNITS:
        raise Malformed("no unit of time")
    return str(name)


def _of(kind: Any, value: Any) -> Any:
    if type(value) is not kind:
        raise Malformed(f"no {kind.__name__}")
    return value
