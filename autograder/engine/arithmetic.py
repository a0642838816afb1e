"""Arithmetic with noise: as if every float were computed on another processor.

Processors agree on what IEEE 754 rounds correctly (one sum, product, quotient or root), on copies and comparisons. They differ by a
few units in the last place in sums of many numbers, whose order is not fixed, and in functions that are approximated. With Intel's and
with other processors torch also draws other masks of dropout, and other samples of `multinomial`, from the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import numpy
import torch
from numpy.typing import NDArray
from torch.utils._python_dispatch import TorchDispatchMode

Array = NDArray[Any]
Kind = Literal["exact", "composite", "drawn", "sum", "power", "moved"]

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
    " heaviside copysign nan_to_num hardshrink softshrink _foreach_neg _foreach_zero _foreach_copy _foreach_mul _foreach_div"
    " _foreach_sqrt _foreach_abs _foreach_maximum _foreach_minimum"
    # not numbers
    " _record_function_enter_new _record_function_exit".split()
)
_SUMS = frozenset("sum mean cumsum mm bmm addmm baddbmm mv addmv dot vdot convolution trace".split())
_PRODUCTS = _SUMS - {"sum", "mean", "cumsum", "trace"}
_DRAWN = frozenset(("bernoulli", "exponential", "multinomial"))
_EXACT_POWERS = (-2, -1, 0, 0.5, 1, 2, 3)
"""Of these torch makes products, quotients and roots."""
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

    The sums in a result move by up to a unit of the sum of the absolute values, since that is what its rounding errors are in proportion
    to. Where every order of the operations gives the same result, nothing moves, nor do 0, infinity and NaN. No global random generator
    is touched, except that masks of dropout and the like take one number from the one that is theirs, as they do on Intel's processors.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seed = seed
        self.steps = numpy.random.default_rng(seed).choice([-2.0, -1.0, 1.0, 2.0], _STEPS)
        self.next = 0
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
        short = not _name(func).startswith(_ROUNDED_INSIDE) and all(map(_is_short, _find_numbers((args, kwargs))))
        result = func(*args, **kwargs)
        written = self.writes[func]
        targets = [args[place] if place < len(args) else kwargs.get(name) for place, name in written] or result
        if kind == "sum" and not written:
            self._move_sum(func, args, kwargs, result, short)
            return result
        for array in _find_arrays(targets):
            keep = array * _SHORT == numpy.rint(array * _SHORT) if short else None
            if _name(func) in _BOUNDED and not written and (numpy.abs(array) == 1).any():
                saturated = numpy.abs(1 - numpy.abs(_compute(func, args, kwargs, torch.Tensor.double)))
                keep = saturated < numpy.finfo(array.dtype).eps * _FINE
            self._move(array, keep)
        return result

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

    def _move_sum(self, func: Any, args: Any, kwargs: Any, result: torch.Tensor, short: bool) -> None:
        """Move sums, or sums of products, in proportion to the sums of the absolute values."""
        array = next(iter(_find_arrays(result)), None)
        if array is None:
            return
        name = _name(func)
        scale = _compute(func, args, kwargs, torch.abs)
        terms = args[0].numel() / result.numel() if name == "mean" else 1
        unit = _SHORT**2 if name in _PRODUCTS else _SHORT
        if short and all(map(_is_whole, _find_numbers((args, kwargs)))):
            unit = 1
        eps = numpy.finfo(array.dtype).eps
        if short and scale.max() * terms * unit < 2 / eps:
            return
        if name in ("sum", "mean") and args[0].numel() == result.numel():
            return
        with numpy.errstate(all="ignore"):
            change = self._draw(array.shape) * (eps / 2) * scale
            numpy.add(array, change, out=array, where=(array != 0) & numpy.isfinite(change), casting="same_kind")

    def _move(self, array: Array, keep: Array | None) -> None:
        steps = self._draw(array.shape)
        if keep is not None:
            steps = numpy.where(keep, 0, steps)
        with numpy.errstate(all="ignore"):
            numpy.multiply(array, 1 + steps * numpy.finfo(array.dtype).eps, out=array, casting="same_kind")

    def _draw(self, shape: tuple[int, ...]) -> Array:
        size = int(numpy.prod(shape))
        if self.next + size > _STEPS:
            self.next = self.next * 31 % 7919
        steps = self.steps[self.next : self.next + size]
        self.next += size
        return (steps if len(steps) == size else numpy.resize(self.steps, size)).reshape(shape)


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


def _is_whole(number: Array | float) -> bool:
    return bool(numpy.all(numpy.rint(number) == number))


def _is_short(number: Array | float) -> bool:
    """Whether these are short numbers, or infinite."""
    if isinstance(number, float):
        return number * _SHORT == round(number * _SHORT) and abs(number) <= _LARGE if abs(number) < 1e300 else True
    if number.size > 16:  # most are not, and the first of them tell
        first = number.flat[:16]
        if not (first * _SHORT == numpy.rint(first * _SHORT)).all():
            return False
    with numpy.errstate(all="ignore"):
        fits = (numpy.abs(number) <= _LARGE) | numpy.isinf(number)
        return bool((fits & (number * _SHORT == numpy.rint(number * _SHORT))).all())
