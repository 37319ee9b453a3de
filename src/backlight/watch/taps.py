"""What flows through someone else's module during one forward and backward pass, taken by hooks.

Hooks on the layers live only for the forward pass of an observed step. Small parts of the tensors are copied as they
pass: nothing is written, no random number is drawn, and no memory that the program would free is held.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized
from torch.utils.hooks import RemovableHandle

from ..records import Layer
from ..signals.roles import role_of
from .call import Call, as_layer, hidden_layer
from .functions import FUNCTIONS, FunctionCalls, first_tensor
from .hooks import Hook, Threads, harmless
from .leaves import readers
from .memory import has_memory
from .network import is_compiled


class Taps:
    """Takes the calls of one forward pass of `network`, and the gradients of the backward pass that follows.

    `whole` is what the loop calls where that is compiled: it is one layer then. Where it, or a part of the network, is
    compiled, the layers inside are seen by their parameters alone. Of sparse and nested tensors, and inside `vmap`,
    nothing but the call is taken.
    """

    def __init__(self, network: nn.Module, threads: Threads, *, whole: nn.Module | None = None) -> None:
        self.failure: Exception | None = None
        self.threads = threads
        self.calls: list[Call] = []
        self._network, self._whole = network, whole
        self._inside_compiled: dict[str, nn.Module] = {}
        self._handles: list[RemovableHandle] = []
        self._names: set[str] = set()
        self._inside = 0
        self._x: tuple[Tensor, int] | None = None
        self._first_again = False
        self._functions = FunctionCalls(self._take_function, self._detached)
        self._in_functions = False
        self._finds_readers = True

    def open(self) -> None:
        """Start taking calls; the tensors of an earlier pass are let go."""
        self.close()
        self.forget()
        layers = {} if self._whole is not None else dict(layers_of(self._network))
        self._inside_compiled = dict(_inside_compiled(self._network if self._whole is not None else None, layers))
        for name, module in layers.items():
            self._handles.append(module.register_forward_pre_hook(Hook(self._enter)))
            self._handles.append(module.register_forward_hook(Hook(self._taker(name))))
        self.open_functions()

    def open_functions(self) -> None:
        """Take activation functions, too; compiled code would be compiled anew where such a mode is on."""
        if not self._in_functions and not self._inside_compiled:
            self._functions.__enter__()
            self._in_functions = True

    def close_functions(self) -> None:
        """Take layers alone from here on."""
        if self._in_functions:
            self._functions.__exit__(None, None, None)
            self._in_functions = False

    def close(self) -> None:
        """Take no more calls; gradients still arrive."""
        self.close_functions()
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def forget(self) -> None:
        """Let go of everything that was taken."""
        for call in self.calls:
            call.let_go()
        self.calls, self._names, self._inside, self._x, self._first_again = [], set(), 0, None, False

    def stop_looking(self) -> None:
        """A call could not be taken: this pass is not observed, and none after it."""
        self.forget()

    def take_whole(self, args: Any, output: Any) -> None:
        """What is compiled as a whole was called."""
        if self._whole is not None:
            self._take("", type(self._whole).__name__, self._whole, first_tensor(args), first_tensor(output))

    def layers(self, received: Sequence[Tensor] = (), passes: int = 1) -> tuple[Layer, ...]:
        """The calls as records, with the parameters and gradients of now, to which so many backward passes came.

        x(0) is that of the first call; where this is a function of what the network has computed by itself, the one
        tensor that it received.
        """
        x = self._x[0].detach() if self._x is not None and self._x[0]._version == self._x[1] else None
        if len(received) == 1 and not self.begin_with_data(received):
            x = received[0].detach()
        calls = tuple(as_layer(call, x if i == 0 else None) for i, call in enumerate(self.calls))
        layers = (*calls, *(hidden_layer(name, m) for name, m in self._inside_compiled.items() if calls))
        return tuple(replace(layer, passes=passes, gradients=layer.gradients if passes else {}) for layer in layers)

    def begin_with_data(self, received: Sequence[Tensor]) -> bool:
        """Whether the first call is a layer, or a function of what the network received: not of what it computed."""
        if not self.calls or self.calls[0].module is not None or self._x is None:
            return True
        return self._received_first(received)

    def step_through(self, received: Sequence[Tensor]) -> bool:
        """Whether the first layer is called again and again on what was computed: as a cell is, that reads a state."""
        return self._first_again and not self._received_first(received)

    def _received_first(self, received: Sequence[Tensor]) -> bool:
        return self._x is not None and any(has_memory(x) and x.data_ptr() == self._x[0].data_ptr() for x in received)

    @property
    def called(self) -> set[str]:
        """Names of the layers that took part."""
        return {call.name for call in self.calls} | (set(self._inside_compiled) if self.calls else set())

    def parameters(self) -> set[int]:
        """Identities of the parameters of the layers that took part."""
        modules = [call.module for call in self.calls if call.module is not None]
        modules += self._inside_compiled.values() if self.calls else ()
        return {id(p) for module in modules for p in module.parameters()}

    def source(self, x: Tensor | None) -> str:
        """The latest call whose output x is, or is a view of."""
        maker = self._maker(x) if x is not None and has_memory(x) else None
        return "" if maker is None else maker.name

    def _maker(self, x: Tensor) -> Call | None:
        return next((c for c in reversed(self.calls) if c.memory is not None and c.memory.holds(x)), None)

    def mark_branches(self, loss: Tensor) -> None:
        """Tell of each call whether several operations between it and the loss read what it put out; asked once."""
        if not self._finds_readers:
            return
        read = readers(loss, {call.node for call in self.calls if call.node is not None})
        for call in self.calls:
            call.branches, call.node = call.branches or read.get(call.node, 0) > 1, None
        self._finds_readers = False

    def widen(self) -> None:
        """Take whole outputs where their memory is still in use: to find the place of a single number."""
        for call in self.calls:
            call.widen()

    def _enter(self, module: nn.Module, args: Any) -> None:
        self._inside += 1

    def _taker(self, name: str) -> Callable[[nn.Module, Any, Any], None]:
        def take(module: nn.Module, args: Any, output: Any) -> None:
            self._inside = max(0, self._inside - 1)  # a model that is one layer is entered before its hooks live
            with torch._C.DisableTorchFunction():  # what is computed here is none of the program's
                self._take(name, kind_of(module), module, first_tensor(args), first_tensor(output))

        return take

    @harmless
    def _take_function(self, name: str, x: Tensor | None, y: Tensor, settings: dict[str, float]) -> None:
        if self._inside:
            return
        name_here = f"{self.source(x)}.{name}".lstrip(".")
        while name_here in self._names:
            name_here += "'"
        self._take(name_here, FUNCTIONS[name], None, x, y, settings)

    @harmless
    def _detached(self, x: Tensor) -> None:
        """The program keeps what a layer put out apart from the graph: it reads it in a second place."""
        call = self._maker(x) if not self._inside and has_memory(x) else None
        if call is not None:
            call.branches = True

    @harmless
    def _take(
        self,
        name: str,
        kind: str,
        module: nn.Module | None,
        x: Tensor | None,
        y: Tensor | None,
        settings: dict[str, float] | None = None,
    ) -> None:
        if name in self._names:
            self._first_again |= name == self.calls[0].name
            return
        call = Call(
            name, kind, module, source=self.source(x), settings=settings or {}, finds_readers=self._finds_readers
        )
        if x is not None and has_memory(x):
            call.x_shape = tuple(x.shape)
            if not self.calls:
                self._x = x, x._version
        if y is not None and has_memory(y) and y.numel():
            call.keep_output(y)
        self._names.add(name)
        self.calls.append(call)


def layers_of(model: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Modules seen as one layer: leaves, composites that PyTorch itself calls a layer, holders of own parameters."""
    children = [(name, child) for name, child in model.named_children() if not _is_parametrization(model, name)]
    is_layer = not children or role_of(kind_of(model)) != "other" or is_compiled(model)
    if is_layer or next(model.parameters(recurse=False), None) is not None:
        yield prefix, model
    if not is_layer:
        for name, child in children:
            yield from layers_of(child, f"{prefix}.{name}".lstrip("."))


def kind_of(module: nn.Module) -> str:
    """Name of its class: with a parametrized weight (spectral or weight norm) that of the class it had before."""
    own = type(module)
    return (own.__bases__[0] if _is_parametrization(module, "parametrizations") else own).__name__


def _is_parametrization(module: nn.Module, name: str) -> bool:
    return name == "parametrizations" and is_parametrized(module)


def _inside_compiled(network: nn.Module | None, layers: dict[str, nn.Module]) -> Iterator[tuple[str, nn.Module]]:
    """Layers with parameters inside of compiled ones, by name: of the whole network, or of parts of it."""
    compiled = {"": network} if network is not None else {n: m for n, m in layers.items() if is_compiled(m)}
    for name, module in compiled.items():
        for inner, part in module.named_modules():
            if next(part.parameters(recurse=False), None) is not None:
                yield f"{name}.{inner}".strip("."), part
