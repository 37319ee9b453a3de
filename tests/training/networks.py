"""Twenty small networks of the kinds that people train: (network, shape of an example or number of codes, classes)."""

import torch
from torch import nn
from torch.nn import functional as F

from backlight.network import Concat, Residual


class BasicBlock(nn.Module):
    """As torchvision writes it."""

    def __init__(self, inplanes, planes, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = None
        if stride != 1 or inplanes != planes:
            self.downsample = nn.Sequential(nn.Conv2d(inplanes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))

    def forward(self, x):
        identity = x
        out = self.conv1(x)
        out = self.bn1(out)
        out = self.relu(out)
        out = self.conv2(out)
        out = self.bn2(out)
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(2)
        self.layer1 = nn.Sequential(BasicBlock(4, 4), BasicBlock(4, 4))
        self.layer2 = nn.Sequential(BasicBlock(4, 8, 2), BasicBlock(8, 8))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8, 4)

    def _forward_impl(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer1(x)
        x = self.layer2(x)
        x = torch.flatten(self.avgpool(x), 1)
        return self.fc(x)

    def forward(self, x):
        return self._forward_impl(x)


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.places = nn.Parameter(torch.randn(6, 8) / 8)
        self.encoder = nn.Sequential(
            *(nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True) for _ in range(2))
        )
        self.head = nn.Linear(8, 4)

    def forward(self, codes):
        return self.head(self.encoder(self.embed(codes) + self.places).mean(1))


class Recurrent(nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.embed, self.cell, self.head = nn.Embedding(11, 6), cell(6, 8, batch_first=True), nn.Linear(8, 4)

    def forward(self, codes):
        hidden, _ = self.cell(self.embed(codes))
        return self.head(hidden[:, -1])


class TiedAutoencoder(nn.Module):
    """The decoder's matrix is the encoder's, transposed; classes are read from what is reconstructed."""

    def __init__(self):
        super().__init__()
        self.encoder, self.bias, self.head = nn.Linear(12, 5), nn.Parameter(torch.zeros(12)), nn.Linear(12, 4)

    def forward(self, x):
        code = torch.tanh(self.encoder(x))
        return self.head(F.linear(code, self.encoder.weight.t(), self.bias))


class Siamese(nn.Module):
    """One network on both halves of the example."""

    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 8)), nn.Linear(8, 4)

    def forward(self, x):
        a, b = self.body(x[:, :6]), self.body(x[:, 6:])
        return self.head((a - b).abs())


class SiameseOneByOne(Siamese):
    def forward(self, x):
        a = self.body(x[:, :6])
        b = self.body(x[:, 6:])
        return self.head(torch.abs(a - b))


class DenseBlock(nn.Module):
    """Each layer reads all earlier ones (Huang et al. 2017)."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(2 + 3 * i, 3, 3, padding=1) for i in range(3)])
        self.pool, self.head = nn.AdaptiveAvgPool2d(1), nn.Linear(11, 4)

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, F.relu(layer(x))], 1)
        return self.head(self.pool(x).flatten(1))


class Mixer(nn.Module):
    """Over places, then over channels (Tolstikhin et al. 2021)."""

    def __init__(self):
        super().__init__()
        self.norm1, self.places, self.norm2 = nn.LayerNorm(3), nn.Linear(5, 5), nn.LayerNorm(3)
        self.channels, self.head = nn.Sequential(nn.Linear(3, 6), nn.GELU(), nn.Linear(6, 3)), nn.Linear(15, 4)

    def forward(self, x):
        x = x + self.places(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        x = x + self.channels(self.norm2(x))
        return self.head(x.view(x.size(0), -1))


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.gate, self.up, self.down = (
            nn.RMSNorm(12),
            nn.Linear(12, 16),
            nn.Linear(12, 16),
            nn.Linear(16, 4),
        )

    def forward(self, x):
        x = self.norm(x)
        return self.down(F.silu(self.gate(x)) * self.up(x))


class OldStyle(nn.Module):
    """Asks for the mode within its forward."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(12, 16), nn.Linear(16, 4)

    def forward(self, x):
        x = F.dropout(F.relu(self.fc1(x)), 0.3, training=self.training)
        return self.fc2(x)


def tied_layers():
    first, second = nn.Linear(12, 12), nn.Linear(12, 12)
    second.weight = first.weight
    return nn.Sequential(first, nn.Tanh(), second, nn.ReLU(), nn.Linear(12, 4))


def frozen():
    network = nn.Sequential(
        nn.Linear(12, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 4)
    )
    network[0].requires_grad_(False)
    network[3].bias.requires_grad_(False)
    return network


def dropout():
    return nn.Sequential(nn.Linear(12, 16), nn.GELU(), nn.Dropout(0.4), nn.Linear(16, 16), nn.ELU(), nn.Linear(16, 4))


def self_normalising():
    return nn.Sequential(nn.Linear(12, 16), nn.SELU(), nn.AlphaDropout(0.1), nn.Linear(16, 4))


def parametrised():
    wide = nn.utils.parametrizations.weight_norm(nn.Linear(12, 16))
    return nn.Sequential(wide, nn.PReLU(), nn.Linear(16, 4))


def branches():
    return nn.Sequential(
        Concat(nn.Linear(12, 6), nn.Sequential(nn.Linear(12, 6), nn.Sigmoid()), nn.Identity()),
        nn.LayerNorm(24),
        Residual(nn.Sequential(nn.Linear(24, 24), nn.Mish()), nn.Linear(24, 24)),
        nn.Linear(24, 4),
    )


def one_dimension():
    return nn.Sequential(
        nn.Conv1d(2, 6, 3, padding="same"),
        nn.BatchNorm1d(6),
        nn.LeakyReLU(),
        nn.MaxPool1d(2),
        nn.Conv1d(6, 6, 3, dilation=2),
        nn.Hardswish(),
        nn.AdaptiveMaxPool1d(2),
        nn.Flatten(),
        nn.Linear(12, 4),
    )


def transposed():
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, stride=2), nn.SiLU(), nn.ConvTranspose2d(4, 3, 3, stride=2), nn.AvgPool2d(3), nn.Flatten(),
        nn.Linear(12, 4),
    )  # fmt: skip


def grouped():
    return nn.Sequential(
        nn.Conv2d(2, 6, 3, groups=2, padding=1),
        nn.GroupNorm(3, 6),
        nn.ReLU(),
        nn.Dropout2d(0.2),
        nn.Conv2d(6, 6, 3, dilation=2, groups=3),
        nn.Flatten(),
        nn.Linear(54, 4),
    )


def volumes():
    return nn.Sequential(nn.Unflatten(1, (1, 2, 2, 3)), nn.Conv3d(1, 4, (1, 2, 2)), nn.Softplus(), nn.Flatten(),
                         nn.Linear(16, 4))  # fmt: skip


def bag_of_words():
    return nn.Sequential(nn.EmbeddingBag(11, 8), nn.Linear(8, 8), nn.ReLU6(), nn.Linear(8, 4))


TABLE, PICTURE, SEQUENCE, CODES = (12,), (2, 7, 7), (2, 12), 6

NETWORKS = {
    "branches": (branches, TABLE),
    "tied layers": (tied_layers, TABLE),
    "tied autoencoder": (TiedAutoencoder, TABLE),
    "frozen layers": (frozen, TABLE),
    "dropout": (dropout, TABLE),
    "self-normalising": (self_normalising, TABLE),
    "weight norm": (parametrised, TABLE),
    "gated": (Gated, TABLE),
    "siamese": (Siamese, TABLE),
    "siamese, split": (SiameseOneByOne, TABLE),
    "asks for the mode": (OldStyle, TABLE),
    "volumes": (volumes, TABLE),
    "one dimension": (one_dimension, SEQUENCE),
    "mixer": (Mixer, (5, 3)),
    "transposed convolution": (transposed, PICTURE),
    "grouped and dilated convolution": (grouped, PICTURE),
    "dense block": (DenseBlock, PICTURE),
    "ResNet": (ResNet, PICTURE),
    "transformer": (Transformer, CODES),
    "LSTM": (lambda: Recurrent(nn.LSTM), CODES),
    "GRU": (lambda: Recurrent(nn.GRU), CODES),
    "bag of words": (bag_of_words, CODES),
}
"""name: (makes the network, shape of an example, or the number of codes in one)"""
