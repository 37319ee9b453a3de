"""Whether a custom forward may be read as a fixed graph of its layers.

Tracing with torch.fx runs a forward once with stand-ins for tensors; what Python decides or draws on the way (a branch,
a random number, a counter) would be frozen as it happened to be. So a forward is traced only if its source consists of
nothing that could go otherwise: calls of child modules and of known pure functions, arithmetic, loops over containers,
branches on settings, which are written down and held against the module later. Whatever else is met: not readable.
"""

from __future__ import annotations

import ast
import inspect
import operator
import textwrap
import types
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from .functions import FUNCTIONS, METHODS
from .graph import Guard

_BUILTINS = (range, zip, enumerate, reversed, list, tuple)
_SETTINGS = (bool, int, float, str, type(None))
_COMPARISONS: dict[type, Callable[[Any, Any], bool]] = {
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class UnreadableError(Exception):
    """Something in the forward could go otherwise another time."""


class Reader:
    """Reads the forward of one module; `guards` and `adds_in_place` hold what was found."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.guards: list[Guard] = []
        self.adds_in_place = False
        self._seen: set[Callable[..., Any]] = set()

    def read(self) -> None:
        """Raises UnreadableError."""
        kind = type(self.module)
        if "forward" in vars(self.module) or kind.__call__ is not nn.Module.__call__:
            raise UnreadableError("its call is not its class's forward")
        for name in ("__getattr__", "__getattribute__", "_call_impl"):
            if getattr(kind, name) is not getattr(nn.Module, name):
                raise UnreadableError(f"it has a {name} of its own")
        self._function(kind.forward)

    def _function(self, function: Any) -> None:
        if function in self._seen:
            return
        self._seen.add(function)
        if not isinstance(function, types.FunctionType) or function.__module__.startswith("torch."):
            raise UnreadableError("its forward is not written in its own class")
        if function.__code__.co_freevars or function.__defaults__ or function.__kwdefaults__:
            raise UnreadableError("its forward has defaults or a closure")
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
        except (OSError, TypeError, SyntaxError, IndexError) as error:
            raise UnreadableError("its source is not at hand") from error
        arguments = getattr(tree, "args", None)
        plain = isinstance(tree, ast.FunctionDef) and not tree.decorator_list
        if not plain or arguments is None or arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
            raise UnreadableError("its forward is decorated or takes a variable number of arguments")
        names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
        assert isinstance(tree, ast.FunctionDef)
        local = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        if names[0] in local:
            raise UnreadableError("it rebinds self")
        _Body(self, names[0], local | set(names[1:]), function).block(tree.body)

    def setting(self, owner: nn.Module, name: str) -> Any:
        """The value of an attribute that a forward reads; guarded unless it is a layer."""
        if name == "training":
            raise UnreadableError("it asks for the mode")
        if isinstance(inspect.getattr_static(type(owner), name, None), property):
            raise UnreadableError(f"{name} is computed")
        value = getattr(owner, name, UnreadableError)
        if isinstance(value, nn.Module):
            return value
        settled = isinstance(value, tuple) and all(isinstance(part, _SETTINGS) for part in value)
        if not (settled or isinstance(value, _SETTINGS) or _known(value)):
            raise UnreadableError(f"it reads {name}")
        self.guards.append(Guard(owner, name, value))
        return value

    def method(self, name: str) -> bool:
        """Whether self.name is a method of the module's own class; then it is read, too."""
        found = inspect.getattr_static(type(self.module), name, None)
        if not isinstance(found, types.FunctionType) or name in vars(self.module):
            return False
        self._function(found)
        return True


class _Body:
    """The statements and expressions of one function."""

    def __init__(self, reader: Reader, own: str, local: set[str], function: types.FunctionType) -> None:
        self.reader, self.own, self.local, self.scope = reader, own, local, function.__globals__

    def block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            self.statement(statement)

    def statement(self, s: ast.stmt) -> None:
        match s:
            case ast.Expr(ast.Constant()) | ast.Pass():
                pass
            case ast.Expr(ast.Call(ast.Attribute(ast.Name(name), "append"), [value], [])) if name in self.local:
                self.expression(value)
            case ast.Assign([ast.Name()], value) | ast.AnnAssign(ast.Name(), _, ast.expr() as value):
                self.expression(value)
            case ast.AugAssign(ast.Name(), ast.Add(), value):
                self.reader.adds_in_place = True
                self.expression(value)
            case ast.Return(ast.expr() as value) if not isinstance(value, ast.Tuple | ast.List | ast.Dict):
                self.expression(value)
            case ast.If(test, body, orelse):
                self.block(body if self.settled(test) else orelse)
            case ast.For(target, source, body, []):
                if not all(isinstance(node, ast.Name | ast.Tuple | ast.expr_context) for node in ast.walk(target)):
                    raise UnreadableError("an unusual loop")
                self.expression(source)
                self.block(body)
            case _:
                raise UnreadableError(f"a statement of another kind, line {s.lineno} of its forward")

    def expression(self, e: ast.expr) -> None:
        match e:
            case ast.Constant():
                pass
            case ast.Name(name) if name in self.local:
                pass
            case ast.Attribute(value, "shape"):
                self.expression(value)
            case ast.Attribute():
                if self.static(e) is UnreadableError:
                    raise UnreadableError(f"the attribute {e.attr}")
            case ast.Call(func, args, keywords):
                self.called(func)
                for part in (*args, *(keyword.value for keyword in keywords)):
                    self.expression(part)
            case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.MatMult() | ast.Pow(), right):
                self.expression(left)
                self.expression(right)
            case ast.UnaryOp(ast.USub(), operand):
                self.expression(operand)
            case ast.List(parts) | ast.Tuple(parts):
                for part in parts:
                    self.expression(part)
            case ast.ListComp(part, [ast.comprehension(ast.Name(), source, [], 0)]):
                self.expression(source)
                self.expression(part)
            case ast.IfExp(test, body, orelse):
                self.expression(body if self.settled(test) else orelse)
            case ast.Subscript(value, index):
                self.expression(value)
                self.index(index)
            case _:
                raise UnreadableError(f"an expression of another kind, {type(e).__name__}")

    def index(self, e: ast.expr) -> None:
        for node in ast.walk(e):
            if not isinstance(node, ast.Constant | ast.Slice | ast.Tuple | ast.UnaryOp | ast.USub | ast.expr_context):
                raise UnreadableError("an index that is computed")

    def settled(self, e: ast.expr) -> Any:
        """The outcome of a test that hangs on settings alone; they are guarded, and only what it leads to is read."""
        match e:
            case ast.Constant(value):
                return value
            case ast.Attribute() if (value := self.static(e)) is not UnreadableError:
                return value
            case ast.UnaryOp(ast.Not(), operand):
                return not self.settled(operand)
            case ast.BoolOp(ast.And(), parts):
                return all(self.settled(part) for part in parts)
            case ast.BoolOp(ast.Or(), parts):
                return any(self.settled(part) for part in parts)
            case ast.Compare(left, [comparison], [right]) if type(comparison) in _COMPARISONS:
                return _COMPARISONS[type(comparison)](self.settled(left), self.settled(right))
            case _:
                raise UnreadableError("its forward has an `if` on something else than a setting")

    def static(self, e: ast.expr) -> Any:
        """What self.a.b or torch.nn.functional.relu is, without running anything; UnreadableError where unknown."""
        if isinstance(e, ast.Name):
            if e.id == self.own:
                return self.reader.module
            found = UnreadableError if e.id in self.local else self.scope.get(e.id, UnreadableError)
            return found if isinstance(found, types.ModuleType) or _known(found) else UnreadableError
        if isinstance(e, ast.Attribute):
            owner = self.static(e.value)
            if isinstance(owner, nn.Module):
                return self.reader.setting(owner, e.attr)
            if isinstance(owner, types.ModuleType):
                found = getattr(owner, e.attr, UnreadableError)
                return found if isinstance(found, types.ModuleType) or _known(found) else UnreadableError
        if isinstance(e, ast.Subscript) and isinstance(e.slice, ast.Constant):
            owner = self.static(e.value)
            if isinstance(owner, nn.ModuleList | nn.Sequential | nn.ModuleDict):
                return owner[e.slice.value]  # type: ignore[index]
        return UnreadableError

    def called(self, func: ast.expr) -> None:
        """A layer, a known function, a method of the module itself, or a pure method of a tensor."""
        if isinstance(func, ast.Name):
            builtin = func.id not in self.local and func.id not in self.scope
            if func.id in self.local or (builtin and func.id in {b.__name__ for b in _BUILTINS}):
                return  # a local name can only hold what an expression above may give: a layer or a known function
        if isinstance(func, ast.Attribute):
            if isinstance(func.value, ast.Name) and func.value.id == self.own and self.reader.method(func.attr):
                return
            rooted = _root(func)
            if rooted != self.own and (rooted is None or rooted in self.local):
                self.expression(func.value)
                if func.attr not in METHODS:
                    raise UnreadableError(f"the method {func.attr}")
                return
            if rooted == self.own and func.attr in METHODS and not self._is_layer(func):
                self.expression(func.value)
                return
        found = self.static(func)
        if not isinstance(found, nn.Module) and not _known(found):
            raise UnreadableError(f"a call of {ast.unparse(func)}")

    def _is_layer(self, func: ast.Attribute) -> bool:
        owner = self.static(func.value) if not isinstance(func.value, ast.Call) else None
        return isinstance(owner, nn.Module)


def _root(e: ast.expr) -> str | None:
    """The name that a chain of attributes begins with; None where it begins with something computed."""
    while isinstance(e, ast.Attribute):
        e = e.value
    return e.id if isinstance(e, ast.Name) else None


def _known(value: Any) -> bool:
    try:
        return value in FUNCTIONS
    except TypeError:
        return False


def of_torch(module: nn.Module) -> bool:
    """Whether PyTorch itself wrote the module; its forwards decide much in Python."""
    return type(module).__module__.partition(".")[0] == torch.__name__
