"""Where a tensor lies in memory, known without keeping it there."""

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef


class Glimpse:
    """The memory of a tensor: known again, and found again, as long as someone else keeps it."""

    def __init__(self, tensor: Tensor) -> None:
        self._storage = StorageWeakRef(tensor.untyped_storage())
        self._start = tensor.data_ptr()
        self._end = self._start + max(1, tensor.numel()) * tensor.element_size()
        self._place = tensor.storage_offset(), tensor.shape, tensor.stride()
        self._empty = torch.empty(0, dtype=tensor.dtype, device=tensor.device)

    def holds(self, x: Tensor) -> bool:
        """Whether x begins in this memory."""
        return self._start <= x.data_ptr() < self._end and not self._storage.expired()

    def again(self) -> Tensor | None:
        """The whole tensor with the values of now; None once its memory is free."""
        storage = torch.UntypedStorage._new_with_weak_ptr(self._storage.cdata)
        return None if storage is None else self._empty.set_(storage, *self._place)


def has_memory(tensor: Tensor) -> bool:
    """Whether its numbers lie in plain memory: not those of sparse and nested tensors, or of one row inside `vmap`."""
    wrapped: bool = torch._C._functorch.is_functorch_wrapped_tensor(tensor)
    return not wrapped and not tensor.is_nested and tensor.layout == torch.strided


def glimpse(tensor: Tensor) -> Glimpse | None:
    """None for tensors of other classes, whose memory may be elsewhere."""
    return Glimpse(tensor) if type(tensor) in (Tensor, nn.Parameter) and has_memory(tensor) else None
