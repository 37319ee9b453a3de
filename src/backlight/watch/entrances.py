"""Where a loop calls its network: as a whole, or part by part (`model.body(x)`, or an encoder and then its decoder)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import nn

from .hooks import Hook
from .network import is_compiled_in_place

if TYPE_CHECKING:
    from torch.utils.hooks import RemovableHandle


class Entrances:
    """Calls `before(module, args, kwargs)` and `after(module, args, output)` around each outermost call.

    The hooks hang only between `open` and `close`: at other steps the network is called as if nobody looked.
    """

    def __init__(
        self,
        model: nn.Module,
        network: nn.Module,
        before: Callable[[nn.Module, Any, Any], None],
        after: Callable[[nn.Module, Any, Any], None],
        *,
        in_parts: bool,
    ) -> None:
        self._model, self._network, self._before, self._after = model, network, before, after
        self.in_parts = in_parts
        self._depth = 0
        self._handles: list[RemovableHandle] = []
        self._compiled: Any = None

    def open(self) -> None:
        """Hang the hooks, unless they hang."""
        if self._handles or self._compiled is not None:
            return
        if self.in_parts:
            for module in self._network.modules():
                self._hang(module, self._enter, self._leave)
        elif is_compiled_in_place(self._model):
            self._compiled = self._model._compiled_call_impl
            self._model._compiled_call_impl = self._around(self._compiled)
        else:
            self._hang(self._model, self._before, self._after)

    def close(self) -> None:
        """Take the hooks off."""
        for handle in self._handles:
            handle.remove()
        if self._compiled is not None:
            self._model._compiled_call_impl = self._compiled
        self._handles, self._compiled, self._depth = [], None, 0

    def take_parts(self) -> None:
        """The network is called part by part: from now on each outermost call of any module in it counts."""
        self.close()
        self.in_parts = True

    def _hang(self, module: nn.Module, before: Callable[..., None], after: Callable[..., None]) -> None:
        self._handles.append(module.register_forward_pre_hook(Hook(before), with_kwargs=True))
        self._handles.append(module.register_forward_hook(Hook(after), always_call=True))

    def _enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        self._depth += 1
        if self._depth == 1:
            self._before(module, args, kwargs)

    def _leave(self, module: nn.Module, args: Any, output: Any) -> None:
        self._depth = max(0, self._depth - 1)
        if not self._depth:
            self._after(module, args, output)

    def _around(self, compiled: Callable[..., Any]) -> Callable[..., Any]:
        """`model.compile()` calls this in place of the module's own call, in which hooks would stand."""

        def call(*args: Any, **kwargs: Any) -> Any:
            self._before(self._model, args, kwargs)
            output = compiled(*args, **kwargs)
            self._after(self._model, args, output)
            return output

        return call
