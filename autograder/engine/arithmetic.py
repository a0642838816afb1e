"""Arithmetic with noise: as if every float were computed on another processor.

Processors agree on what IEEE 754 rounds correctly (one sum, product, quotient or root), on copies and comparisons. They differ by a
few units in the last place in sums of many numbers, whose order is not fixed, and in functions that are approximated. With Intel's and
with other processors torch also draws other masks of dropout, and other samples of `multinomial`, from the same seed.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import numpy
import torch
from numpy.typing import NDArray
from torch.utils._python_dispatch import TorchDispatchMode

Array = NDArray[Any]
Kind = Literal["exact", "composite", "drawn", "power", "sum", "moved"]

_EXACT = frozenset(
    # made, copied, chosen
    "empty empty_like empty_strided new_empty new_empty_strided zeros zeros_like new_zeros ones ones_like new_ones full full_like"
    " new_full eye scalar_tensor rand rand_like randint randint_like randperm random fill zero copy clone _to_copy lift lift_fresh"
    " lift_fresh_copy _copy_from _local_scalar_dense cat stack repeat repeat_interleave roll flip tril triu diag_embed index index_select"
    " gather scatter index_put _unsafe_index_put masked_fill masked_select masked_scatter index_fill index_copy take where embedding"
    " constant_pad_nd reflection_pad1d reflection_pad2d replication_pad1d replication_pad2d slice_backward select_backward"
    " diagonal_backward unfold_backward slice_scatter select_scatter sort topk kthvalue median nanmedian mode max min amax amin aminmax"
    " maximum minimum fmax fmin cummax cummin max_pool2d_with_indices nonzero unique_dim _unique2 bincount resize set"
    # rounded correctly, one operation for each element
    " add sub rsub mul div sqrt reciprocal square abs neg sign sgn floor ceil round trunc frac fmod remainder floor_divide clamp"
    " clamp_min clamp_max relu relu6 hardtanh hardtanh_backward leaky_relu leaky_relu_backward threshold threshold_backward"
    " poisson binomial heaviside copysign nan_to_num hardshrink softshrink _foreach_neg _foreach_zero _foreach_copy _foreach_mul _foreach_div"
    " _foreach_sqrt _foreach_abs _foreach_maximum _foreach_minimum"
    # not numbers
    " _record_function_enter_new _record_function_exit".split()
)
_SUMS = frozenset("sum mean cumsum mm bmm addmm baddbmm mv addmv dot vdot convolution trace".split())
_PRODUCTS = _SUMS - {"sum", "mean", "cumsum", "trace"}
_DRAWN = frozenset(("bernoulli", "exponential", "multinomial"))
_EXACT_POWERS = (-2, -1, 0, 0.5, 1, 2, 3)
"""Of these torch makes products, quotients and roots."""
_ROWS = frozenset(
    "_softmax _log_softmax _softmax_backward_data _log_softmax_backward_data cumprod logcumsumexp logsumexp prod norm sort".split()
)
"""Operations on one tensor of which an element of the result depends on several of its elements."""
_ASYMPTOTIC = frozenset("logsumexp logaddexp softplus gelu silu mish elu".split())
"""Operations whose result is one of their inputs where the rest is too small to count."""
_UPDATES = frozenset("add sub addcmul addcdiv lerp".split())
"""What adds a product to a number, which stays where the product is 0 or far smaller."""
_BOUNDED = frozenset("sigmoid tanh erf _softmax".split())
_ROUNDED_INSIDE = ("var", "std", "native_", "linalg_", "_linalg_", "normal", "randn", "uniform")
"""Operations whose intermediate results are rounded even where inputs and result are short numbers."""

_FLOATS = (torch.float16, torch.float32, torch.float64)
_SHORT = 64
_LARGE = 1024
"""A number is short if it is a multiple of 1/64 and not beyond 1024."""

_STEPS = 1 << 16
_FINE = 1 / 16
"""A part of a unit in the last place: what is this close to 1 is rounded to 1 everywhere."""


class Noise(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While it is entered, results of torch move by one or two units in the last place, differently for each `seed`.

    The same operation on the same numbers moves in the same way, since a processor repeats itself. The sums in a result move by up to a
    unit of the sum of the absolute values, to which their rounding errors are in proportion. Where every order of the operations gives
    the same result, nothing moves, nor do 0, infinity and NaN. No global random generator is touched, except that masks of dropout and
    the like take one number from the one that is theirs, as they do on Intel's processors.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seed = seed
        self.steps = numpy.random.default_rng(seed).choice([-2.0, -1.0, 1.0, 2.0], _STEPS)
        self.kinds: dict[Any, Kind] = {}
        self.writes: dict[Any, list[tuple[int, str]]] = {}

    def enter(self) -> None:
        """Enter it for as long as the process lives."""
        self.__enter__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        kind = self.kinds.get(func) or self._learn(func)
        if kind == "exact" and (not kwargs or kwargs.get("alpha", 1) in (1, -1)):
            return func(*args, **kwargs)
        if kind == "power" and isinstance(args[1], (int, float)) and args[1] in _EXACT_POWERS:
            return func(*args, **kwargs)
        if kind == "composite":
            with self:
                return func.decompose(*args, **kwargs)
        if kind == "drawn":
            return func(*args, **{**kwargs, "generator": self._fork_generator(kwargs.get("generator"))})
        with numpy.errstate(all="ignore"):
            return self._disturb(func, kind, args, kwargs)

    def _learn(self, func: Any) -> Kind:
        name, schema = _name(func), func._schema
        self.writes[func] = [
            (place, argument.name)
            for place, argument in enumerate(schema.arguments)
            if argument.alias_info is not None and argument.alias_info.is_write
        ]
        view = any(one.alias_info is not None and not one.alias_info.is_write for one in schema.returns)
        if func.has_kernel_for_dispatch_key(torch._C.DispatchKey.CompositeImplicitAutograd):
            kind: Kind = "composite"
        elif name in _DRAWN:
            kind = "drawn"
        elif view or name in _EXACT or func.namespace not in ("aten", "torchvision"):
            kind = "exact"
        elif name == "pow":
            kind = "power"
        else:
            kind = "sum" if name in _SUMS else "moved"
        self.kinds[func] = kind
        return kind

    def _fork_generator(self, generator: torch.Generator | None) -> torch.Generator:
        seed = int(torch.empty((), dtype=torch.int64).random_(generator=generator))
        return torch.Generator().manual_seed((seed ^ self.seed * 0x9E3779B97F4A7C15) & (1 << 63) - 1)

    def _disturb(self, func: Any, kind: Kind, args: Any, kwargs: Any) -> Any:
        """Do the operation, and move what comes of it."""
        name, written = _name(func), self.writes[func]
        if name in ("linspace", "arange") and not written:
            return self._move_places(name, func(*args, **kwargs), args)
        if kind == "sum" and not written:
            result = func(*args, **kwargs)
            for array in _find_arrays(result):
                self._move_sum(func, args, kwargs, array)
            return result
        short: Array | bool = False
        if not name.startswith(_ROUNDED_INSIDE):  # before the operation, which may write over its input
            short = _find_short(list(_find_numbers((args, kwargs))), each=name not in _ROWS)
        before = next((one.copy() for one in _find_arrays(args[:1])), None) if name in _UPDATES else None
        result = func(*args, **kwargs)
        targets = [args[place] if place < len(args) else kwargs.get(argument) for place, argument in written] or result
        for array in _find_arrays(targets):
            keep = _are_short(array) & (short if numpy.shape(short) == array.shape else numpy.all(short))
            if name in _BOUNDED and not written and (numpy.abs(array) == 1).any():
                saturated = numpy.abs(1 - numpy.abs(_compute(func, args, kwargs, torch.Tensor.double)))
                keep = keep | (saturated < numpy.finfo(array.dtype).eps * _FINE)
            if name in _ASYMPTOTIC:
                keep = keep | numpy.isin(array, numpy.concatenate([one.ravel() for one in _find_arrays(args)]))
            elif before is not None:
                keep = keep | (array == before)
            steps = numpy.where(keep, 0, self._draw_for_values(name, array))
            numpy.multiply(array, 1 + steps * numpy.finfo(array.dtype).eps, out=array, casting="same_kind")
        return result

    def _move_places(self, name: str, result: Any, args: Any) -> Any:
        """Move numbers between two ends, by a part of a unit of the ends: processors count from either end. So some hit a short number,
        such as 0, and others miss it: odd seeds do, and even ones don't."""
        places = [float(one) for one in args if isinstance(one, (int, float))]
        for array in _find_arrays(result):
            if array.size < 2:
                continue
            eps, largest = numpy.finfo(array.dtype).eps, numpy.abs(array).max()
            start = places[0] if places[1:] else 0.0
            step = (places[1] - start) / (array.size - 1) if name == "linspace" else (*places, 1.0, 1.0)[2]
            if all(one * _SHORT == round(one * _SHORT) for one in (start, step)) and largest * _SHORT < 1 / eps:
                continue  # every way to count gives the same
            fixed = numpy.isin(array, array[[0, -1]] if name == "linspace" else array[:1])
            near = numpy.rint(array * _SHORT) / _SHORT
            hit = numpy.abs(array - near) <= eps * largest
            moved = array + self._draw_for_values(name, array) * (eps / 4 * largest)
            if self.seed % 2:
                moved = numpy.where(hit, near, moved)
            array[:] = numpy.where(fixed, array, moved)
        return result

    def _move_sum(self, func: Any, args: Any, kwargs: Any, array: Array) -> None:
        """Move sums, or sums of products, in proportion to the sums of the absolute values."""
        name, numbers = _name(func), list(_find_numbers((args, kwargs)))
        terms = numpy.size(numbers[0]) / array.size if name in ("sum", "mean") else 2
        if terms == 1:
            return
        scale = _compute(func, args, kwargs, torch.abs)
        eps = numpy.finfo(array.dtype).eps
        if _find_short(numbers, each=False):
            whole = all(numpy.all(numpy.rint(number) == number) for number in numbers)
            unit = 1 if whole else _SHORT**2 if name in _PRODUCTS else _SHORT
            if scale.max() * (terms if name == "mean" else 1) * unit < 2 / eps:
                return
        change = self._draw_for_inputs(numbers, array.shape) * (eps / 2) * scale
        numpy.add(array, change, out=array, where=(array != 0) & numpy.isfinite(change), casting="same_kind")

    def _draw_for_values(self, name: str, array: Array) -> Array:
        """A step for each element; equal elements get the same."""
        bits = array.view(f"u{array.itemsize}").astype(numpy.uint64)
        salt = numpy.uint64(zlib.crc32(name.encode()) << 32)
        drawn: Array = self.steps[(bits * numpy.uint64(0x9E3779B97F4A7C15) + salt) >> numpy.uint64(48)]
        return drawn

    def _draw_for_inputs(self, numbers: list[Array | float], shape: tuple[int, ...]) -> Array:
        """A step for each element by its place; the same inputs give the same."""
        start = 0
        for number in numbers:
            start = zlib.crc32(numpy.ascontiguousarray(number).data, start)
        places = numpy.arange(start, start + math.prod(shape)) % _STEPS
        return self.steps[places].reshape(shape)


def _name(func: Any) -> str:
    """The operation's name, without the underscore of those that work in place."""
    name: str = func._opname
    return name.rstrip("_")


def _compute(func: Any, args: Any, kwargs: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Array:
    """What the operation gives if its floating-point tensors, and the factors `alpha` and `beta`, are changed first."""

    def changed(item: Any) -> Any:
        return change(item) if isinstance(item, torch.Tensor) and item.dtype in _FLOATS else item

    factors = {name: abs(item) if name in ("alpha", "beta") else changed(item) for name, item in kwargs.items()}
    result: Array = func(*map(changed, args), **factors).numpy(force=True)
    return result


def _find_tensors(items: Any) -> Iterator[torch.Tensor]:
    if isinstance(items, torch.Tensor):
        if items.dtype in _FLOATS and items.layout is torch.strided and items.numel():
            yield items
    elif isinstance(items, (list, tuple)):
        for item in items:
            yield from _find_tensors(item)


def _find_arrays(items: Any) -> Iterable[Array]:
    """The floating-point tensors as arrays that share their memory."""
    return (tensor.numpy(force=True) for tensor in _find_tensors(items))


def _find_numbers(items: Any) -> Iterator[Array | float]:
    if isinstance(items, torch.Tensor):
        if items.dtype in _FLOATS and items.layout is torch.strided:
            yield items.numpy(force=True)
    elif isinstance(items, float):
        yield items
    elif isinstance(items, (list, tuple)):
        for item in items:
            yield from _find_numbers(item)
    elif isinstance(items, dict):
        yield from _find_numbers(tuple(items.values()))


def _are_short(number: Array | float) -> Array:
    short: Array = (numpy.abs(number) <= _LARGE) & (number * _SHORT == numpy.rint(number * _SHORT)) | numpy.isinf(
        number
    )
    return short


def _find_short(numbers: list[Array | float], each: bool) -> Array | bool:
    """Whether these are short numbers, or infinite; with `each`, for which elements they all are, if the shapes allow it."""
    if not each:
        first = (number.flat[:16] if isinstance(number, numpy.ndarray) else number for number in numbers)
        return all(_are_short(few).all() for few in first) and all(_are_short(number).all() for number in numbers)
    short: Array | bool = True
    for number in numbers:
        try:
            short = short & _are_short(number)
        except ValueError:  # not element by element after all
            return _find_short(numbers, each=False)
        if not short.any():
            return False
    return short
