"""A step recorded once and replayed: the same kernels on the same buffers, without what Python does around them.

A step of a small network spends as much time between PyTorch's kernels as in them: rules are looked up, results are
allocated, shapes are worked out, the same every time. `record` runs a function once, notes every kernel that it calls
(`torch.ops.aten`), and keeps the tensors. `Recording.replay` then calls the kernels alone, each writing into the tensor
that the recorded run left there (its `out=` form). The arithmetic is the same, to the last bit; views cost nothing.

It serves every rule, since it sees kernels and not rules. What it cannot serve is a function that turns a tensor into
a Python number, or asks autograd: `record` then says so with `None`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

Call = Callable[[], Any]

DIRECT = frozenset(
    f"aten.{name}"
    for name in (
        *("add.out", "addmm.out", "baddbmm.out", "bmm.out", "clamp_min.out", "div.out", "exp.out", "mm.out", "mul.out"),
        *("mv.out", "sigmoid.out", "sub.out", "sum.IntList_out", "tanh.out", "_log_softmax.out"),
        "_log_softmax_backward_data.out",
    )
)
"""Kernels called by their function in `torch`, which parses its arguments in 1 µs less than `torch.ops.aten` does."""

RESIZING = frozenset(("aten.huber_loss", "aten.smooth_l1_loss"))
"""Kernels whose `out=` form takes the result for its workspace, which PyTorch warns of at every call."""

MOST_BYTES = 8 << 20
"""Results kept alive by one recording. Beyond it, kernels take far longer than what is around them, and a step that
frees its intermediate results as it goes needs less memory."""


class Recording:
    """The kernels of one run of a function, ready to be run again on whatever now lies in its inputs.

    Attributes
    ----------
    result:
        What the function returned: tensors that every replay overwrites.
    """

    def __init__(self, calls: Sequence[Call], result: Any) -> None:
        self.result = result
        self._calls = calls

    def __len__(self) -> int:
        """Kernels called by one replay."""
        return len(self._calls)

    def replay(self) -> Any:
        """Run the kernels again, and return the result with its new values."""
        for call in self._calls:
            call()
        return self.result


def record(function: Callable[[], Any], *, most_bytes: int = MOST_BYTES) -> tuple[Any, Recording | None]:
    """Run the function once, as it is, and record it where it can be.

    The function must do the same at every call, but for the values in the tensors that it reads: same branches, same
    shapes, the same tensors in the same places.

    Returns
    -------
    What the function returned, and its recording: None where a replay would not do the same or needs too much memory.

    Examples
    --------
    >>> import torch
    >>> x = torch.ones(2)
    >>> with torch.no_grad():
    ...     y, recording = record(lambda: (3 * x).sum())
    >>> y.item(), len(recording)
    (6.0, 2)
    >>> _ = x.fill_(2)
    >>> recording.replay().item()
    12.0
    """
    notes = _Notes(most_bytes)
    with notes:
        result = function()
    calls = notes.calls()
    if calls is None:
        return result, None
    return result, Recording(calls, result)


class _Notes(TorchDispatchMode):
    """Every kernel called while this mode is on, with its arguments and results."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__()
        self.most_bytes = most_bytes
        self.seen: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = []
        self.bytes = 0
        self.possible = True

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Nothing here is compiled; PyTorch would import its compiler (a second) to leave this class out of it."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if not self.possible:
            return result
        self.seen.append((func, args, kwargs, result))
        self.possible &= not torch.is_grad_enabled() and all(isinstance(r, Tensor | None) for r in _listed(result))
        self.possible &= not _shape_depends_on_values(func, args)
        if not _shares_memory(result, args):
            self.bytes += sum(r.nbytes for r in _listed(result) if isinstance(r, Tensor))
        self.possible &= self.bytes <= self.most_bytes
        if not self.possible:
            self.seen.clear()  # or this run would hold every intermediate result to its end
        return result

    def calls(self) -> list[Call] | None:
        """The kernels to run at each replay, or None where one cannot be."""
        if not self.possible:
            return None
        written = {place for func, args, kwargs, _ in self.seen for place in _written(func, args, kwargs)}
        return [_call(*note) for note in self.seen if not _is_done(*note, written)]


def _is_done(func: Any, args: Sequence[Any], kwargs: dict[str, Any], result: Any, written: set[int]) -> bool:
    """Whether the recorded run left nothing to do again: a view, fresh memory, or a constant that nothing changes."""
    if func._schema.is_mutable:
        return False
    if func.overloadpacket.__name__.startswith(("empty", "new_empty")) or _shares_memory(result, args):
        return True
    constant = (
        torch.Tag.nondeterministic_seeded not in func.tags and next(_tensors([args, *kwargs.values()]), None) is None
    )
    return constant and written.isdisjoint(map(_place, _tensors([result])))


def _shape_depends_on_values(func: Any, args: Sequence[Any]) -> bool:
    if torch.Tag.dynamic_output_shape not in func.tags:
        return False
    by_codes = func.overloadpacket is torch.ops.aten.index
    return not by_codes or any(t.dtype in (torch.bool, torch.uint8) for t in _tensors(args[1]))


def _written(func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Iterator[int]:
    """Where the kernel writes, of what it was given."""
    for i, argument in enumerate(func._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            given = args[i] if i < len(args) else kwargs.get(argument.name)
            yield from map(_place, _tensors([given]))


def _call(func: Any, args: Sequence[Any], kwargs: dict[str, Any], result: Any) -> Call:
    """The call that writes the kernel's result where it lies."""
    if func._schema.is_mutable:
        return partial(_entry(func), *args, **kwargs)
    out = _out_form(func)
    if out is None or any(r is None for r in _listed(result)):  # a gradient that was not asked for
        return partial(_run_and_copy, func._op, args, kwargs, _listed(result))
    form, names = out
    return partial(_entry(form), *args, **kwargs, **dict(zip(names, _listed(result), strict=True)))


def _entry(form: Any) -> Any:
    return getattr(torch, form.overloadpacket.__name__) if str(form) in DIRECT else form._op


def _out_form(func: Any) -> tuple[Any, list[str]] | None:
    """The overload that takes the same arguments and writes into tensors given, and their names."""
    if str(func.overloadpacket) in RESIZING:
        return None
    wanted = [(a.name, str(a.type)) for a in func._schema.arguments]
    for overload in func.overloadpacket.overloads():
        form = getattr(func.overloadpacket, overload)
        arguments = form._schema.arguments
        names = [a.name for a in arguments if a.is_out]
        if len(names) == len(func._schema.returns) > 0 and wanted == [
            (a.name, str(a.type)) for a in arguments if not a.is_out
        ]:
            return form, names
    return None


def _run_and_copy(op: Any, args: Sequence[Any], kwargs: dict[str, Any], into: Sequence[Tensor | None]) -> None:
    for mine, fresh in zip(into, _listed(op(*args, **kwargs)), strict=True):
        if mine is not None:
            mine.copy_(fresh)


def _shares_memory(result: Any, args: Sequence[Any]) -> bool:
    """Whether the result is a view of an argument (or the argument itself)."""
    places = set(map(_place, _tensors(args)))
    return all(_place(r) in places for r in _tensors([result]))


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def _tensors(items: Sequence[Any]) -> Iterator[Tensor]:
    for item in items:
        if isinstance(item, Tensor):
            yield item
        elif isinstance(item, list | tuple):
            yield from _tensors(item)


def _listed(result: Any) -> list[Any]:
    return list(result) if isinstance(result, list | tuple) else [result]
