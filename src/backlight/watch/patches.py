"""Functions of PyTorch that are replaced while a loop is watched, and put back after it.

Each replacement calls the original with the same arguments and returns its result unchanged. However many loops are
watched at a time, a function is replaced once, and put back when the last of them has left, in whatever order they do.
"""

import functools
import inspect
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.utils.data import DataLoader
from torch.utils.hooks import RemovableHandle

from ..signals.losses import LOSSES
from .hooks import Hook

_LOCK = threading.Lock()


class Point:
    """A place in PyTorch at which watches listen."""

    def __init__(self) -> None:
        self._listeners: list[Any] = []

    def add(self, listener: Any) -> None:
        """Tell the listener of every call from now on."""
        with _LOCK:
            if not self._listeners:
                self._listeners = []  # what a program has wrapped around an earlier replacement stays without any
                self._begin(self._listeners)
            self._listeners.append(listener)

    def remove(self, listener: Any) -> None:
        """Tell it no more; the last one leaves PyTorch as it was."""
        with _LOCK:
            self._listeners.remove(listener)
            if not self._listeners:
                self._end()

    def _begin(self, listeners: list[Any]) -> None:
        raise NotImplementedError

    def _end(self) -> None:
        raise NotImplementedError


class Replaced(Point):
    """A function in whose place stands `around(original, listeners)`."""

    def __init__(self, owner: Any, name: str, around: Callable[[Any, list[Any]], Any]) -> None:
        super().__init__()
        self._owner, self._name, self._around = owner, name, around
        self._original: Any = None
        self._standing: Any = None

    def _begin(self, listeners: list[Any]) -> None:
        self._original = getattr(self._owner, self._name)
        self._standing = functools.wraps(self._original)(self._around(self._original, listeners))
        setattr(self._owner, self._name, self._standing)

    def _end(self) -> None:
        if getattr(self._owner, self._name) is self._standing:  # else the program has put something around it
            setattr(self._owner, self._name, self._original)

    @contextmanager
    def away(self) -> Iterator[None]:
        """The original stands in its place meanwhile."""
        standing = getattr(self._owner, self._name) is self._standing
        if standing:
            setattr(self._owner, self._name, self._original)
        try:
            yield
        finally:
            if standing and self._listeners:
                setattr(self._owner, self._name, self._standing)


class Hooked(Point):
    """A hook of PyTorch for all optimizers: one for all watches, for its table must not change while others step."""

    def __init__(self, register: Callable[[Callable[..., None]], RemovableHandle]) -> None:
        super().__init__()
        self._register = register
        self._handle: RemovableHandle | None = None

    def _begin(self, listeners: list[Any]) -> None:
        def tell(*args: Any) -> None:
            for listener in [*listeners]:
                listener(*args)

        self._handle = self._register(tell)

    def _end(self) -> None:
        if self._handle is not None:
            self._handle.remove()


class Patches:
    """The places at which one watch listens."""

    def __init__(self) -> None:
        self._places: list[tuple[Point, Any]] = []

    def listen(self, point: Point, listener: Any) -> None:
        """Hear of every call there until `undo`."""
        point.add(listener)
        self._places.append((point, listener))

    def undo(self) -> None:
        """Hear of nothing more."""
        while self._places:
            point, listener = self._places.pop()
            point.remove(listener)


class PassListener:
    """Hears of the outermost backward passes; those that run inside of one belong to it."""

    def is_own(self, inputs: Any) -> bool:
        """Whether a pass of `torch.autograd.grad` for these tensors counts."""
        raise NotImplementedError

    def before_backward(self, loss: Tensor, weights: Any, asked: bool) -> None:
        """A pass begins at `loss`; `asked` where the program asks for gradients instead of having them put in place."""
        raise NotImplementedError

    def after_backward(self) -> None:
        """It has ended."""
        raise NotImplementedError

    def backward_left(self) -> None:
        """It has ended, or failed."""
        raise NotImplementedError


_INSIDE = threading.local()


def _heard(listeners: list[PassListener], loss: Tensor, weights: Any, asked: bool, run: Callable[[], Any]) -> Any:
    _INSIDE.a_pass = True
    try:
        for listener in listeners:
            listener.before_backward(loss, weights, asked)
        result = run()
        for listener in listeners:
            listener.after_backward()
    finally:
        _INSIDE.a_pass = False
        for listener in listeners:
            listener.backward_left()
    return result


def _around_backward(original: Any, listeners: list[PassListener]) -> Any:
    def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
        tensors = _kept(tensors)
        loss = _first_tensor(tensors)
        if getattr(_INSIDE, "a_pass", False) or loss is None:
            return original(tensors, *args, **kwargs)
        weights = args[0] if args else kwargs.get("grad_tensors")
        return _heard([*listeners], loss, weights, False, lambda: original(tensors, *args, **kwargs))

    return backward


def _around_grad(original: Any, listeners: list[PassListener]) -> Any:
    def grad(outputs: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        outputs, inputs = _kept(outputs), _kept(inputs)
        loss, create_graph = _first_tensor(outputs), args[2] if len(args) > 2 else kwargs.get("create_graph")
        inside = getattr(_INSIDE, "a_pass", False) or create_graph  # that is a part of the loss
        own = [] if inside or loss is None else [listener for listener in listeners if listener.is_own(inputs)]
        if not own or loss is None:
            return original(outputs, inputs, *args, **kwargs)
        weights = args[0] if args else kwargs.get("grad_outputs")
        return _heard(own, loss, weights, True, lambda: original(outputs, inputs, *args, **kwargs))

    return grad


def _kept(tensors: Any) -> Any:
    """What can be iterated once only, as a tuple: the original, too, is to find something in it."""
    return tuple(tensors) if isinstance(tensors, Iterator) else tensors


def _first_tensor(tensors: Any) -> Tensor | None:
    """None where a pass begins at edges of the graph alone."""
    several = (tensors,) if isinstance(tensors, Tensor) else tensors
    return next((tensor for tensor in several if isinstance(tensor, Tensor)), None)


def _around_scale(original: Any, listeners: list[Callable[[Any, Any, Callable[[Tensor], Tensor]], None]]) -> Any:
    def scale(self: Any, outputs: Any) -> Any:
        result = original(self, outputs)
        for seen in [*listeners]:
            seen(outputs, result, functools.partial(original, self))
        return result

    return scale


def _around_iter(original: Any, listeners: list[Callable[[DataLoader[Any]], None]]) -> Any:
    def begin(self: DataLoader[Any]) -> Any:
        for seen in [*listeners]:
            seen(self)
        return original(self)

    return begin


def _around_state(original: Any, listeners: list[Any]) -> Any:
    """Copies and files of a module are made from this: they shall not hold a hook of ours, nor its number."""

    def state(self: nn.Module) -> Any:
        found = original(self)
        for kind in ("_forward_hooks", "_forward_pre_hooks"):
            ours = {number for number, hook in found.get(kind, {}).items() if isinstance(hook, Hook)}
            for name in [name for name in found if ours and name.startswith(kind)]:
                found[name] = OrderedDict((number, hook) for number, hook in found[name].items() if number not in ours)
        return found

    return state


def _around_save(original: Any, listeners: list[Any]) -> Any:
    """A model that holds a loss function is written by the function's name: under that it must find what it holds."""

    def save(*args: Any, **kwargs: Any) -> Any:
        with ExitStack() as stack:
            for point in LOSS:
                stack.enter_context(point.away())
            return original(*args, **kwargs)

    return save


def _around_loss(name: str, original: Any, listeners: list[Any]) -> Any:
    settings = tuple(inspect.signature(original).parameters)[2:]

    def call(input: Tensor, target: Tensor, *args: Any, **kwargs: Any) -> Any:
        result = original(input, target, *args, **kwargs)
        if isinstance(result, Tensor) and isinstance(target, Tensor) and not torch.compiler.is_compiling():
            for seen in [*listeners]:
                seen(name, input, target, {**dict(zip(settings, args, strict=False)), **kwargs}, result)
        return result

    return _unseen(call)


def _unseen(function: Any) -> Any:
    """The function under a file name by which `warnings` takes its frame for one of the import system.

    Such frames it does not count: a warning of the original then names the line that it names without the function.
    """
    function.__code__ = function.__code__.replace(co_filename=f"{__file__} (not counted as importlib._bootstrap)")
    return function


BACKWARD = Replaced(torch.autograd, "backward", _around_backward)
"""Listeners: `PassListener`."""
GRAD = Replaced(torch.autograd, "grad", _around_grad)
"""Listeners: `PassListener`."""
SCALE = Replaced(torch.amp.GradScaler, "scale", _around_scale)
"""Called with the loss, what it was scaled to, and what scales a number likewise, for mixed precision."""
LOADER = Replaced(DataLoader, "__iter__", _around_iter)
"""Called with a DataLoader that begins a pass over its data."""
BEFORE_UPDATE = Hooked(register_optimizer_step_pre_hook)
"""Called with (optimizer, args, kwargs) before any optimizer makes a step."""
AFTER_UPDATE = Hooked(register_optimizer_step_post_hook)
"""The same after it."""
STATE = Replaced(nn.Module, "__getstate__", _around_state)
"""Never called: while anyone listens, copies and files of modules hold no hook of ours."""
SAVE = Replaced(torch, "save", _around_save)
"""Never called: files are written as if nobody listened."""
LOSS = tuple(Replaced(F, name, functools.partial(_around_loss, name)) for name in LOSSES)
"""Called with (name, output, target, settings, loss) after every call of a loss in `torch.nn.functional`."""
