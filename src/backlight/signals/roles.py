"""PyTorch's names of layers, sorted by what a layer does to its input."""

from .facts import Role

_ACTIVATIONS = """
ReLU ReLU6 LeakyReLU PReLU RReLU ELU SELU CELU GELU SiLU Mish Softplus Softsign Tanh Sigmoid LogSigmoid Hardtanh
Hardsigmoid Hardswish Hardshrink Softshrink Tanhshrink Threshold Softmax Softmax2d LogSoftmax Softmin GLU Clamp Log Exp
"""
_WORDS: dict[Role, str] = {
    "linear": "Linear Bilinear Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d"
    " NonDynamicallyQuantizableLinear LazyLinear LazyConv1d LazyConv2d",
    "activation": _ACTIVATIONS,
    "normalisation": "BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm LayerNorm GroupNorm InstanceNorm1d"
    " InstanceNorm2d RMSNorm LocalResponseNorm",
    "dropout": "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout",
    "recurrent": "RNN LSTM GRU RNNCell LSTMCell GRUCell",
    "attention": "MultiheadAttention",
    "embedding": "Embedding EmbeddingBag",
    "pooling": "MaxPool1d MaxPool2d MaxPool3d AvgPool1d AvgPool2d AvgPool3d AdaptiveAvgPool1d AdaptiveAvgPool2d"
    " AdaptiveMaxPool1d AdaptiveMaxPool2d LPPool2d FractionalMaxPool2d",
    "shape": "Flatten Unflatten Identity PixelShuffle Upsample ZeroPad2d",
}
_ROLES: dict[str, Role] = {word: role for role, words in _WORDS.items() for word in words.split()}

RECTIFIERS = frozenset({"ReLU", "ReLU6", "Threshold"})
"""Activations with an exactly zero half: the only ones whose units can be dead."""
FLAT_ENDS: dict[str, tuple[float, float]] = {
    "Sigmoid": (0.0, 1.0),
    "Tanh": (-1.0, 1.0),
    "Hardtanh": (-1.0, 1.0),
    "Hardsigmoid": (0.0, 1.0),
    "Softsign": (-1.0, 1.0),
}
"""Activations with two flat ends, and the values of these ends."""
LINEAR_POOLING = frozenset({"AvgPool1d", "AvgPool2d", "AvgPool3d", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d"})
AFFINE_NORMALISATION = frozenset({"BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"})
"""Normalisations that are an affine map once training is over."""


def role_of(kind: str) -> Role:
    """What a layer of this class name does; "other" for a class that PyTorch does not know."""
    return _ROLES.get(kind, "other")


def passes_linearly(kind: str) -> bool:
    """Whether the layer leaves a chain of linear maps linear."""
    role = role_of(kind)
    return role in ("dropout", "shape") or kind in LINEAR_POOLING or kind in AFFINE_NORMALISATION
