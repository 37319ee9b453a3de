"""One row a rule: a module and the shape of an input. `test_rules.py` runs every row against autograd."""

import torch
from torch import nn

from backlight.network import Concat, Residual

LAYERS = {
    "linear": (nn.Linear(5, 3), (4, 5)),
    "linear without bias": (nn.Linear(5, 3, bias=False), (4, 5)),
    "linear on sequences": (nn.Linear(5, 3), (2, 7, 5)),
    "conv1d": (nn.Conv1d(3, 4, 3, stride=2, padding=1), (2, 3, 9)),
    "conv2d": (nn.Conv2d(3, 4, 3, padding=1), (2, 3, 6, 5)),
    "conv2d grouped, dilated": (nn.Conv2d(4, 6, 3, groups=2, dilation=2, bias=False), (2, 4, 8, 7)),
    "conv2d of one example": (nn.Conv2d(3, 4, 3), (3, 6, 5)),
    "conv2d same padding (opaque)": (nn.Conv2d(3, 4, 3, padding="same"), (2, 3, 6, 5)),
    "conv2d circular (opaque)": (nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular"), (2, 3, 6, 5)),
    "conv3d": (nn.Conv3d(2, 3, 2), (2, 2, 4, 3, 4)),
    "conv transpose 1d": (nn.ConvTranspose1d(3, 2, 3, stride=2), (2, 3, 5)),
    "conv transpose 2d": (nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1, groups=2), (2, 4, 4, 5)),
    "conv transpose 3d": (nn.ConvTranspose3d(2, 2, 2), (1, 2, 3, 3, 3)),
    "batch norm 1d": (nn.BatchNorm1d(4), (6, 4)),
    "batch norm 1d on sequences": (nn.BatchNorm1d(4), (3, 4, 5)),
    "batch norm 2d": (nn.BatchNorm2d(3), (4, 3, 5, 4)),
    "batch norm 2d, cumulative": (nn.BatchNorm2d(3, momentum=None), (4, 3, 5, 4)),
    "batch norm 2d, plain": (nn.BatchNorm2d(3, affine=False, track_running_stats=False), (4, 3, 5, 4)),
    "batch norm 3d": (nn.BatchNorm3d(2), (3, 2, 3, 2, 2)),
    "layer norm": (nn.LayerNorm(6), (3, 4, 6)),
    "layer norm over two axes": (nn.LayerNorm((4, 6), elementwise_affine=False), (3, 4, 6)),
    "group norm": (nn.GroupNorm(2, 6), (3, 6, 4, 5)),
    "rms norm": (nn.RMSNorm(6), (3, 4, 6)),
    "rms norm plain": (nn.RMSNorm((4, 6), elementwise_affine=False, eps=1e-3), (3, 4, 6)),
    "relu": (nn.ReLU(), (4, 5)),
    "relu in place": (nn.ReLU(inplace=True), (4, 5)),
    "leaky relu": (nn.LeakyReLU(0.2), (4, 5)),
    "prelu": (nn.PReLU(), (4, 5)),
    "prelu a channel": (nn.PReLU(3), (4, 3, 5)),
    "relu6": (nn.ReLU6(), (4, 5)),
    "elu": (nn.ELU(1.3), (4, 5)),
    "selu": (nn.SELU(), (4, 5)),
    "gelu": (nn.GELU(), (4, 5)),
    "gelu tanh": (nn.GELU("tanh"), (4, 5)),
    "silu": (nn.SiLU(), (4, 5)),
    "mish": (nn.Mish(), (4, 5)),
    "tanh": (nn.Tanh(), (4, 5)),
    "sigmoid": (nn.Sigmoid(), (4, 5)),
    "softplus": (nn.Softplus(2.0), (4, 5)),
    "hardswish": (nn.Hardswish(), (4, 5)),
    "hardsigmoid": (nn.Hardsigmoid(), (4, 5)),
    "hardtanh": (nn.Hardtanh(-0.5, 0.7), (4, 5)),
    "softmax": (nn.Softmax(1), (4, 5, 3)),
    "log softmax": (nn.LogSoftmax(-1), (4, 5)),
    "dropout": (nn.Dropout(0.3), (4, 5)),
    "dropout of everything": (nn.Dropout(1.0), (4, 5)),
    "dropout1d": (nn.Dropout1d(0.3), (4, 5, 3)),
    "dropout2d": (nn.Dropout2d(0.3), (4, 5, 3, 2)),
    "dropout3d": (nn.Dropout3d(0.3), (4, 5, 3, 2, 2)),
    "max pool 1d": (nn.MaxPool1d(3, 2, 1), (2, 3, 9)),
    "max pool 2d": (nn.MaxPool2d(2), (2, 3, 6, 5)),
    "max pool 2d, overlapping": (nn.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0), ceil_mode=True), (2, 3, 6, 5)),
    "max pool 2d, dilated": (nn.MaxPool2d(2, dilation=2), (2, 3, 6, 5)),
    "avg pool 1d": (nn.AvgPool1d(3, 2, 1), (2, 3, 9)),
    "avg pool 2d": (nn.AvgPool2d(3, 2, padding=1, count_include_pad=False), (2, 3, 6, 5)),
    "adaptive avg pool 1d": (nn.AdaptiveAvgPool1d(3), (2, 3, 7)),
    "adaptive avg pool 1d to one": (nn.AdaptiveAvgPool1d(1), (2, 3, 7)),
    "adaptive avg pool 2d": (nn.AdaptiveAvgPool2d((3, 2)), (2, 3, 7, 5)),
    "adaptive avg pool 2d to one": (nn.AdaptiveAvgPool2d(1), (2, 3, 7, 5)),
    "adaptive max pool 1d": (nn.AdaptiveMaxPool1d(3), (2, 3, 7)),
    "adaptive max pool 2d": (nn.AdaptiveMaxPool2d((3, 2)), (2, 3, 7, 5)),
    "flatten": (nn.Flatten(), (2, 3, 4)),
    "unflatten": (nn.Unflatten(1, (2, 3)), (4, 6)),
    "identity": (nn.Identity(), (4, 5)),
    "residual": (Residual(nn.Sequential(nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 5))), (4, 5)),
    "residual with shortcut": (Residual(nn.Sequential(nn.Linear(5, 3), nn.Tanh()), nn.Linear(5, 3)), (4, 5)),
    "gated linear unit (opaque)": (nn.GLU(), (4, 6)),
    "concat": (Concat(nn.Linear(5, 2), nn.Sequential(nn.Linear(5, 3), nn.Tanh()), nn.Identity()), (4, 5)),
}
"""name: (module, shape of a float input)"""

CODES = {
    "embedding": (nn.Embedding(7, 3), (4, 5)),
    "embedding with padding": (nn.Embedding(7, 3, padding_idx=2), (4, 5)),
    "embedding scaled by frequency": (nn.Embedding(7, 3, scale_grad_by_freq=True), (4, 5)),
    "embedding bag": (nn.EmbeddingBag(7, 3), (4, 5)),
    "embedding bag, summed, padded": (nn.EmbeddingBag(7, 3, mode="sum", padding_idx=2), (4, 5)),
    "embedding bag, mean, padded": (nn.EmbeddingBag(7, 3, mode="mean", padding_idx=2), (4, 5)),
    "embedding bag of maxima (opaque)": (nn.EmbeddingBag(7, 3, mode="max"), (4, 5)),
}
"""name: (module, shape of an input of codes below 7)"""

WEIGHT = torch.rand(3, dtype=torch.float64) + 0.1
_codes = torch.tensor([0, 2, 1, 2, 0])
_shares = torch.softmax(torch.randn(5, 3, dtype=torch.float64), 1)
_numbers = torch.randn(5, 3, dtype=torch.float64)
_bits = (torch.rand(5, 3) < 0.5).double()

LOSSES = {
    "cross-entropy": (nn.CrossEntropyLoss(), (5, 3), _codes),
    "cross-entropy summed": (nn.CrossEntropyLoss(reduction="sum"), (5, 3), _codes),
    "cross-entropy weighted": (nn.CrossEntropyLoss(WEIGHT), (5, 3), _codes),
    "cross-entropy ignoring": (nn.CrossEntropyLoss(ignore_index=2), (5, 3), _codes),
    "cross-entropy smoothed": (nn.CrossEntropyLoss(label_smoothing=0.1), (5, 3), _codes),
    "cross-entropy smoothed, ignoring": (nn.CrossEntropyLoss(label_smoothing=0.1, ignore_index=0), (5, 3), _codes),
    "cross-entropy smoothed, weighted": (nn.CrossEntropyLoss(WEIGHT, label_smoothing=0.1), (5, 3), _codes),
    "cross-entropy of shares": (nn.CrossEntropyLoss(), (5, 3), _shares),
    "cross-entropy of shares, weighted": (nn.CrossEntropyLoss(WEIGHT, label_smoothing=0.2), (5, 3), _shares),
    "cross-entropy by place": (nn.CrossEntropyLoss(WEIGHT), (2, 3, 4), torch.randint(0, 3, (2, 4))),
    "cross-entropy by place, shares": (nn.CrossEntropyLoss(), (2, 3, 4), torch.rand(2, 3, 4, dtype=torch.float64)),
    "negative log-likelihood": (nn.NLLLoss(), (5, 3), _codes),
    "negative log-likelihood weighted": (nn.NLLLoss(WEIGHT, ignore_index=1), (5, 3), _codes),
    "negative log-likelihood by place": (nn.NLLLoss(reduction="sum"), (2, 3, 4), torch.randint(0, 3, (2, 4))),
    "binary cross-entropy": (nn.BCEWithLogitsLoss(), (5, 3), _bits),
    "binary cross-entropy weighted": (nn.BCEWithLogitsLoss(WEIGHT, pos_weight=WEIGHT + 1), (5, 3), _bits),
    "mean squared error": (nn.MSELoss(), (5, 3), _numbers),
    "squared error summed": (nn.MSELoss(reduction="sum"), (5, 3), _numbers),
    "absolute error": (nn.L1Loss(), (5, 3), _numbers),
    "huber": (nn.HuberLoss(delta=0.5), (5, 3), _numbers),
    "smooth l1": (nn.SmoothL1Loss(beta=0.4), (5, 3), _numbers),
    "poisson": (nn.PoissonNLLLoss(), (5, 3), _numbers.abs()),
    "poisson of rates (opaque)": (nn.PoissonNLLLoss(log_input=False), (5, 3), _numbers.abs()),
    "soft margin (opaque)": (nn.SoftMarginLoss(), (5, 3), _bits * 2 - 1),
}
"""name: (loss, shape of the output, target)"""
