"""Sound scripts over pictures, as most people write them."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from . import posted_data as data
from .loops import EVERYDAY_SOUND, Loop, batches, fit


class _Augmented(Dataset[Any]):
    """Pictures that are shifted and made noisy each time one is asked for."""

    def __init__(self, x: Tensor, y: Tensor) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        shift = torch.randint(-1, 2, (2,)).tolist()
        picture = torch.roll(self.x[i], shift, (1, 2)) + 0.05 * torch.randn_like(self.x[i])
        return (picture - 0.5) / 0.5, int(self.y[i])


class _LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 12, 3, padding=1), nn.Conv2d(12, 24, 3)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc1, self.fc2 = nn.Linear(24, 48), nn.Linear(48, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        return self.fc2(F.relu(self.fc1(x)))


@EVERYDAY_SOUND.add()
def small_convolutions_over_shifted_pictures() -> Loop:
    x, y = data.pictures(1200)
    model = _LeNet()
    loader = DataLoader(_Augmented(x, y), batch_size=32, shuffle=True, drop_last=True)
    return fit(model, torch.optim.Adam(model.parameters(), 2e-3), loader, nn.CrossEntropyLoss(), 12)


def _body() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
    )  # fmt: skip


def _taught_body(x: Tensor, y: Tensor, classes: int) -> nn.Sequential:
    """A body that has learned another task before."""
    body = _body()
    net = nn.Sequential(body, nn.Linear(128, classes))
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(8):
        for a, b in batches(x, y):
            optimizer.zero_grad()
            F.cross_entropy(net(a), b).backward()
            optimizer.step()
    return body


@EVERYDAY_SOUND.add()
def frozen_body_and_a_new_head() -> Loop:
    x, y = data.pictures(1500)
    body = _taught_body(x[y < 6], y[y < 6], 6)
    for p in body.parameters():
        p.requires_grad = False
    model = nn.Sequential(body, nn.Linear(128, 4))
    optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), 3e-3)
    return fit(model, optimizer, batches(x[y >= 6], y[y >= 6] - 6), nn.CrossEntropyLoss(), 12)


@EVERYDAY_SOUND.add()
def body_thawed_after_the_head() -> Loop:
    x, y = data.pictures(1500)
    body, head = _taught_body(x[y < 6], y[y < 6], 6), nn.Linear(128, 4)
    x, y = x[y >= 6], y[y >= 6] - 6
    model = nn.Sequential(body, head)
    optimizer = torch.optim.Adam([{"params": body.parameters(), "lr": 2e-4}, {"params": head.parameters(), "lr": 3e-3}])

    def train() -> None:
        for epoch in range(14):
            model.train()
            for p in body.parameters():
                p.requires_grad = epoch >= 5
            if epoch < 5:
                body.eval()
            for a, b in batches(x, y):
                optimizer.zero_grad()
                F.cross_entropy(model(a), b).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


class _BasicBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


@EVERYDAY_SOUND.add()
def resnet_with_decay_and_steps_of_the_rate() -> Loop:
    x, y = data.pictures(800)
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3, 1, 1, bias=False), nn.BatchNorm2d(12), nn.ReLU(), _BasicBlock(12, 12, 1),
        _BasicBlock(12, 24, 2), _BasicBlock(24, 32, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9, weight_decay=5e-4, nesterov=True)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [6, 9], 0.1)
    loader = batches((x - x.mean()) / x.std(), y)

    def train() -> None:
        for _ in range(11):
            model.train()
            for a, b in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(a), b).backward()
                optimizer.step()
            scheduler.step()

    return Loop(model, optimizer, train)


class _UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2 = self._double(1, 12), self._double(12, 24)
        self.middle = self._double(24, 32)
        self.up2, self.up1 = nn.ConvTranspose2d(32, 24, 2, 2), nn.ConvTranspose2d(24, 12, 2, 2)
        self.back2, self.back1 = self._double(48, 24), self._double(24, 12)
        self.out = nn.Conv2d(12, 1, 1)

    @staticmethod
    def _double(inputs: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        first = self.down1(x)
        second = self.down2(F.max_pool2d(first, 2))
        low = self.middle(F.max_pool2d(second, 2))
        low = self.back2(torch.cat([self.up2(low), second], 1))
        return self.out(self.back1(torch.cat([self.up1(low), first], 1)))


@EVERYDAY_SOUND.add()
def u_net_by_overlap_and_entropy() -> Loop:
    row, column = torch.arange(16).view(-1, 1), torch.arange(16)
    centre, size = torch.randint(4, 12, (240, 2)), torch.randint(2, 5, (240, 1, 1))
    away = (row - centre[:, :1, None]) ** 2 + (column - centre[:, 1:, None]) ** 2
    mask = (away <= size**2).float().unsqueeze(1)
    x = 0.8 * mask + 0.4 * torch.randn(240, 1, 16, 16)
    model = _UNet()

    def criterion(out: Tensor, t: Tensor) -> Tensor:
        p = torch.sigmoid(out)
        dice = 1 - (2 * (p * t).sum((1, 2, 3)) + 1) / (p.sum((1, 2, 3)) + t.sum((1, 2, 3)) + 1)
        return F.binary_cross_entropy_with_logits(out, t) + dice.mean()

    return fit(model, torch.optim.Adam(model.parameters(), 3e-3), batches(x, mask, size=16), criterion, 12)


@EVERYDAY_SOUND.add()
def convolutional_autoencoder_without_noise() -> Loop:
    x, _ = data.pictures(1000)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 8, 3, 2, 1), nn.ReLU(),
        nn.ConvTranspose2d(8, 16, 2, 2), nn.ReLU(), nn.ConvTranspose2d(16, 1, 2, 2), nn.Sigmoid(),
    )  # fmt: skip
    noisy = (x + 0.2 * torch.randn_like(x)).clamp(0, 1)
    return fit(model, torch.optim.Adam(model.parameters(), 2e-3), batches(noisy, x), nn.MSELoss(), 15)
