"""The plan: the ordered list of steps that the engine runs for a module, forward in order and backward in reverse."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..records import BacklightError, Layer
from . import check as checking
from . import copies as copying
from . import jacobian as jacobians
from . import trace as tracing
from .graphless import graphless
from .opaque import OpaqueStep
from .steps import LeafStep, Step, Tape, walk_backward, walk_forward
from .structure import Structure
from .ties import Ties
from .unfold import unfold


class Plan:
    """Back-propagation through any module, made explicit.

    Containers (`nn.Sequential`, `Residual`, `Concat`) are unfolded into steps. A step whose exact module type has a
    rule runs that rule. A module with a forward of its own is split into its layers where that is exactly the same;
    any other module runs as it is and autograd is asked for just that step. Train and eval
    mode, frozen parameters, tied parameters, buffers and random state behave as in PyTorch.

    Parameters
    ----------
    module:
        The network. The plan holds no copy of it: parameters and mode may change between calls, its layers may not.
        A list of networks of one structure (their shares of dropout may differ) makes a plan that runs them as one:
        x(i) and v(i) are then (copies, n, …), and each network gets its own gradients.
    sample:
        An input (or a tuple of inputs) to try the plan on at once, in eval mode; None tries it at the first call. For
        copies (n, …), which all of them are given.
    copies:
        So many copies of the module: the module itself, and equal ones to begin with; see `modules`.
    generators:
        Source of the random numbers of each copy; new ones, seeded 0, 1, …, where left out.

    Attributes
    ----------
    module:
        The network; a `nn.ModuleList` of all copies.
    modules:
        Every network, one or several.

    Raises
    ------
    CannotBatchError
        The copies cannot run as one: they differ, or have a layer without a rule, shared parameters, or a custom
        forward with branches.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    >>> x = torch.randn(5, 3)
    >>> plan = Plan(model, x)
    >>> y = plan.forward(x)
    >>> v_in = plan.backward(torch.ones_like(y))
    >>> v_in.shape, model[0].weight.grad.shape
    (torch.Size([5, 3]), torch.Size([4, 3]))
    >>> several = Plan(model, copies=6)
    >>> several.forward(torch.randn(6, 5, 3)).shape, several.modules[0] is model
    (torch.Size([6, 5, 2]), True)
    """

    def __init__(
        self,
        module: nn.Module | Sequence[nn.Module],
        sample: Any = None,
        *,
        copies: int | None = None,
        generators: Sequence[torch.Generator] | None = None,
    ) -> None:
        if copies is not None and isinstance(module, nn.Module):
            module = [module, *(copy.deepcopy(module) for _ in range(copies - 1))]
        self.steps: list[Step]
        if isinstance(module, nn.Module):
            self.module, self.modules = module, [module]
            self.steps = unfold("", module)
        else:
            self.module, self.modules = nn.ModuleList(module), list(module)
            sources = generators or [torch.Generator().manual_seed(i) for i in range(len(self.modules))]
            self.steps = copying.unfold_copies(self.modules, sources, unfold)
            sample = None if sample is None else sample.expand(len(self.modules), *sample.shape)
        self._ties = Ties(self.module, self.leaves)
        self.shared = self._ties.shared
        called = {id(m) for leaf in self.leaves if isinstance(leaf, OpaqueStep) for m in leaf.module.modules()}
        self._structure = Structure(self.module, called)
        self._tape: Tape | None = None
        self.last_input: Any = None
        self._output_shape = torch.Size()
        if sample is not None:
            self._try(sample)

    def __repr__(self) -> str:
        """The layers in forward order: number, path, kind, and whether a rule or autograd gives the gradients."""
        leaves = self.leaves
        names = max((len(leaf.label) for leaf in leaves), default=0)
        kinds = max((len(type(leaf.module).__name__) for leaf in leaves), default=0)
        rows = [
            f"  {i}  {leaf.label:{names}}  {type(leaf.module).__name__:{kinds}}  "
            + (f"autograd: {leaf.reason}" if isinstance(leaf, OpaqueStep) else "rule")
            for i, leaf in enumerate(leaves)
        ]
        several = f", {len(self.modules)} copies" if len(self.modules) > 1 else ""
        return "\n".join([f"Plan of {type(self.modules[0]).__name__}{several}", *rows])

    @property
    def leaves(self) -> list[LeafStep]:
        """The steps without children, in forward order."""
        return [leaf for step in self.steps for leaf in step.leaves()]

    @property
    def outdated(self) -> bool:
        """Whether the network has changed since the plan was made: a hook on a layer, another layer or parameter."""
        return bool(self._structure.change())

    @property
    def unreached(self) -> list[nn.Parameter]:
        """Parameters that the last backward pass brought no gradient to, where PyTorch would leave `p.grad` None."""
        return self._ties.unreached(self._tape.unreached if self._tape is not None else [])

    @graphless
    def forward(self, x: Any, *, observe: bool = False) -> Tensor:
        """The forward pass: x(0) → x(n).

        Parameters
        ----------
        x:
            Input, batch first; a tuple of tensors for a module with several inputs.
        observe:
            Keep x(i) and v(i) of every layer for `layers`.
        """
        self.require_current()
        self.release()
        tape = Tape(observe=observe)
        y = walk_forward(self.steps, x, tape)
        self._tape, self.last_input, self._output_shape = tape, x, y.shape
        return y

    @graphless
    def backward(
        self,
        v: Tensor,
        *,
        wants_x: bool = True,
        accumulate: bool = True,
        after: Callable[[LeafStep], None] | None = None,
    ) -> Tensor | None:
        """The backward pass: from v(n) = ∂L/∂x(n) to v(0) = ∂L/∂x(0), parameter gradients into `p.grad`.

        Parameters
        ----------
        v:
            ∂L/∂y, of the shape of the last forward's output.
        wants_x:
            Whether ∂L/∂x is computed and returned; without it the walk stops at the lowest trained layer.
        accumulate:
            Add to the gradients that stand in `p.grad`, as PyTorch does; otherwise overwrite them.
        after:
            Called with each layer, from output to input, as soon as its gradients are ready and v(i) is computed: its
            parameters may then be changed, and its gradients overwritten.

        Raises
        ------
        RuntimeError
            When no forward pass is waiting for its backward pass.
        """
        if self._tape is None or not self._tape.saved:
            raise RuntimeError("no forward pass is waiting: call plan.forward(x) before each plan.backward(v)")
        if v.shape != self._output_shape:
            raise BacklightError(
                f"v has shape {tuple(v.shape)} and the output {tuple(self._output_shape)}: v(n) = ∂L/∂x(n) has one "
                "number for each of the output's"
            )
        self._tape.accumulate, self._tape.after = accumulate, after
        if not accumulate:
            for p in self.shared:  # whose parts from several steps add up
                if p.grad is not None:
                    p.grad.zero_()
        return walk_backward(self.steps, v, self._tape, wants_x)

    def layers(self) -> tuple[Layer, ...]:
        """x(i), v(i), parameters and gradients of every layer of the last pass run with `observe=True`.

        A parameter that the pass brought no gradient to (`unreached`) has none here. The tensors are views: they are
        overwritten by the next step.
        """
        if self._tape is None or self._tape.layers is None:
            raise RuntimeError("nothing was observed: call plan.forward(x, observe=True) first")
        missed = {id(p) for p in self.unreached}
        return tuple(leaf.observed(self._tape, missed) for leaf in self.leaves)

    def release(self) -> None:
        """Forget the last pass and free what it holds."""
        self._tape = self.last_input = None

    def trace(self, x: Any, target: Tensor | None = None, *, loss: nn.Module | None = None) -> tracing.Trace:
        """One pass with everything kept: x(i), v(i) and the parameter gradients of every layer.

        Nothing stays behind: gradients in `p.grad`, buffers and the random state are as they were.

        Parameters
        ----------
        x:
            Input (n, …); a tuple for several.
        target:
            What `loss` compares the output with. Without a loss, v(n) = ∂L/∂x(n) itself, of the output's shape; ones
            where it is left out, so that L = Σ x(n).
        loss:
            A loss module such as `nn.CrossEntropyLoss()`.

        Examples
        --------
        >>> import torch
        >>> from torch import nn
        >>> plan = Plan(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)))
        >>> x, codes = torch.randn(5, 3), torch.tensor([0, 1, 1, 0, 1])
        >>> trace = plan.trace(x, codes, loss=nn.CrossEntropyLoss())
        >>> [(layer.kind, tuple(layer.x.shape), tuple(layer.v_in.shape)) for layer in trace]
        [('Linear', (5, 3), (5, 3)), ('Tanh', (5, 4), (5, 4)), ('Linear', (5, 4), (5, 4))]
        >>> trace["0"].gradients["weight"].shape
        torch.Size([4, 3])
        """
        return tracing.trace(self, x, target, loss=loss)

    def jacobian(self, layer: int | str, x: Any = None, *, by: str = "input", whole: bool = False) -> Any:
        """The exact Jacobian ∂x(i+1)/∂x(i) or ∂x(i+1)/∂θ(i), from the backward walk on unit vectors.

        Parameters
        ----------
        layer:
            A layer by its number or path, or a block or container by its path; "" is the whole network.
        x:
            Input of the *network*, (n, …), from which x(i) is computed; that of the last `forward` where left out.
        by:
            "input", "parameters" or the name of one parameter, such as "weight".
        whole:
            By input, for layers that mix the examples of a batch (batch normalisation in train mode): the Jacobian of
            the whole batch by the whole batch.

        Returns
        -------
        By input (n, *y, *x): for each of the n examples, y = x(i+1) by its own x = x(i); (n, *y, n, *x) with `whole`;
        a tuple of these for a layer with several inputs. By one parameter θ (n, *y, *θ); by all of them a dictionary.

        Raises
        ------
        BacklightError
            No such layer or parameter, examples that mix, or a Jacobian beyond 4 GiB.

        Examples
        --------
        >>> import torch
        >>> from torch import nn
        >>> plan = Plan(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)))
        >>> x = torch.randn(5, 3)
        >>> plan.jacobian("0", x).shape, plan.jacobian("", x).shape, plan.jacobian(2, x, by="weight").shape
        (torch.Size([5, 4, 3]), torch.Size([5, 2, 3]), torch.Size([5, 2, 2, 4]))
        >>> torch.equal(plan.jacobian(0, x)[3], plan.module[0].weight)
        True
        """
        return jacobians.jacobian(self, layer, x, by=by, whole=whole)

    def check(
        self,
        x: Any,
        target: Tensor | None = None,
        *,
        loss: nn.Module | None = None,
        tolerance: float = checking.TOLERANCE,
    ) -> checking.Check:
        """Hold the plan against autograd, layer by layer and as a whole, on copies in float64.

        The arguments are those of `trace`; without target and loss, v(n) is random. Train or eval mode is the module's.

        Examples
        --------
        >>> import torch
        >>> from torch import nn
        >>> check = Plan(nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.GELU())).check(torch.randn(5, 3))
        >>> check.passed, check.layer, sorted(check.differences)
        (True, None, ['', '0', '1', '2'])
        """
        return checking.check(self, x, target, loss=loss, tolerance=tolerance)

    def require_current(self) -> None:
        """Raise RuntimeError where the plan is `outdated`."""
        change = self._structure.change()
        if change:
            raise RuntimeError(f"{change} since the plan was made: make a new Plan")

    def _try(self, sample: Any) -> None:
        modes = [(m, m.training) for m in self.module.modules()]
        self.module.eval()
        try:
            self.forward(sample)
        finally:
            for module, mode in modes:
                module.training = mode
            self.release()
