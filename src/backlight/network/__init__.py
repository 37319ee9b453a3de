"""Which layers, with which first parameters? An abstract description becomes an ordinary `torch.nn.Module`."""

from .layers import Concat, Residual

__all__ = ["Concat", "Residual"]
