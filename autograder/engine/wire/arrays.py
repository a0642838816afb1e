"""numpy's arrays beyond those of numbers, its generators, and texts read like a file: as values that pass between the processes."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy

from autograder.engine.wire.channel import Malformed
from autograder.engine.wire.wire import Part, Unsendable

TAGS = ("objects", "records", "rng", "text file", "moments", "bytes array", "long", "matrix", "masked", "memory map")
_MOMENTS = re.compile(r"[Mm]8(\[(\d{1,9})?(Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?")
MAX_FIELDS = 100


def write_array(value: Any, write: Part) -> dict[str, Any] | None:
    """`value` as a tagged dictionary, or `None` where it is none of these."""
    kind = type(value)
    numbers = kind in (numpy.ndarray, numpy.datetime64, numpy.timedelta64, numpy.bytes_, numpy.longdouble)
    if numbers and (written := _write_numbers(value, write)) is not None:
        return written
    if kind is numpy.matrix:
        return {"t": "matrix", "v": write(numpy.asarray(value))}
    if kind is numpy.memmap:
        return {"t": "memory map", "v": write(numpy.array(value, subok=False))}
    if kind is numpy.ma.MaskedArray and not numpy.any(value.mask):  # what is masked is equal to everything
        return {"t": "masked", "v": write(numpy.asarray(value.data))}
    if kind is numpy.ndarray and value.dtype.kind == "O":
        return {"t": "objects", "shape": list(value.shape), "v": write(value.reshape(-1).tolist())}
    if kind in (numpy.ndarray, numpy.void) and value.dtype.names:
        fields = [[name, value.dtype[name].str] for name in value.dtype.names]
        if any(field[1][1] not in "biufcUS" for field in fields) or value.dtype != numpy.dtype(
            list(map(tuple, fields))
        ):
            raise Unsendable("an array of records that hold more than numbers and words")
        shape = list(value.shape) if kind is numpy.ndarray else None
        return {"t": "records", "fields": fields, "shape": shape, "v": write(value.tobytes())}
    if kind is numpy.random.Generator and type(value.bit_generator) is numpy.random.PCG64:
        state = value.bit_generator.state
        return {
            "t": "rng",
            "v": write([state["state"]["state"], state["state"]["inc"], state["has_uint32"], state["uinteger"]]),
        }
    if kind is io.StringIO and not value.closed:
        return {"t": "text file", "v": write(value.getvalue()), "at": value.tell()}
    return None


def _write_numbers(value: Any, write: Part) -> dict[str, Any] | None:
    """An array, or a single value, of dates, bytes, or numbers in another order or with more digits than `wire` has."""
    dtype, one = value.dtype, not isinstance(value, numpy.ndarray)
    if dtype.kind in "biufc" and not dtype.isnative:
        return write(value.astype(dtype.newbyteorder("=")))  # type: ignore[no-any-return]
    shape = None if one else list(value.shape)
    if dtype.kind in "Mm":
        form = dtype.newbyteorder("=").str[1:]
        return {
            "t": "moments",
            "of": form,
            "shape": shape,
            "v": write(numpy.atleast_1d(value.astype(form)).reshape(-1).view("i8")),
        }
    if dtype.kind == "S":
        return {"t": "bytes array", "size": dtype.itemsize, "shape": shape, "v": write(value.tobytes())}
    if dtype == numpy.longdouble:
        every = numpy.atleast_1d(value).reshape(-1)
        most = every.astype("f8")
        rest = numpy.where(numpy.isfinite(most), every - numpy.where(numpy.isfinite(most), most, 0), 0).astype("f8")
        return {"t": "long", "shape": shape, "v": write([most, rest])}
    return None


def _read_numbers(tree: dict[str, Any], value: Any) -> Any:
    if tree["t"] == "moments":
        if not _MOMENTS.fullmatch(_of(str, tree["of"])):
            raise Malformed("no unit of time")
        found = _of(numpy.ndarray, value).astype("i8").view(tree["of"])
    elif tree["t"] == "bytes array":
        found = numpy.frombuffer(_of(bytes, value), dtype=f"S{_of(int, tree['size'])}").copy()
    else:
        most, rest = (_of(numpy.ndarray, part).astype("f8").astype(numpy.longdouble) for part in _of(list, value))
        found = most + rest
    return found[0] if tree["shape"] is None else found.reshape(_shape(tree["shape"]))


def read_array(tree: dict[str, Any], read: Part) -> Any:
    """What `write_array` wrote. Raises `Malformed`, and the errors that `wire.decode` expects."""
    tag, value = tree["t"], read(tree["v"])
    if tag in ("moments", "bytes array", "long"):
        return _read_numbers(tree, value)
    if tag in ("matrix", "masked", "memory map"):
        found = _of(numpy.ndarray, value)
        if tag == "masked":
            return numpy.ma.MaskedArray(found)
        return found.view(numpy.matrix) if tag == "matrix" else found
    if tag == "objects":
        array = numpy.empty(len(_of(list, value)), dtype=object)
        for place, item in enumerate(value):
            array[place] = item
        return array.reshape(_shape(tree["shape"]))
    if tag == "records":
        fields = [(_of(str, name), _of(str, form)) for name, form in _of(list, tree["fields"])[:MAX_FIELDS]]
        if any(form[1:2] not in tuple("biufcUS") for _, form in fields):
            raise Malformed("no record")
        array = numpy.frombuffer(_of(bytes, value), dtype=numpy.dtype(fields)).copy()
        return array[0] if tree["shape"] is None else array.reshape(_shape(tree["shape"]))
    if tag == "rng":
        number, step, has, spare = (_of(int, part) for part in _of(list, value))
        generator = numpy.random.PCG64(0)
        generator.state = {
            "bit_generator": "PCG64",
            "state": {"state": number, "inc": step},
            "has_uint32": has,
            "uinteger": spare,
        }
        return numpy.random.Generator(generator)
    file = io.StringIO(_of(str, value), newline="")
    file.seek(_of(int, tree["at"]))
    return file


def is_changeable(value: object) -> bool:
    """Whether this is one of those that change in place, except for arrays."""
    return type(value) in (io.StringIO, numpy.random.Generator, numpy.matrix, numpy.ma.MaskedArray)


def replace_array(old: Any, new: Any) -> None:
    """Give a generator or a text the state of another one."""
    if isinstance(old, numpy.random.Generator):
        old.bit_generator.state = new.bit_generator.state
    elif isinstance(old, numpy.ndarray):
        if old.shape == new.shape and old.dtype == new.dtype and old.flags.writeable:
            old[...] = new
    elif isinstance(old, io.StringIO):
        old.seek(0)
        old.truncate()
        old.write(new.getvalue())
        old.seek(new.tell())


def _shape(value: Any) -> list[int]:
    return [_of(int, size) for size in _of(list, value)]


def _of(kind: Any, value: Any) -> Any:
    if type(value) is not kind:
        raise Malformed(f"no {kind.__name__}")
    return value
