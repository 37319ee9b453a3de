"""Sound scripts over words and time, as most people write them."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from .loops import EVERYDAY_SOUND, Loop, batches, fit, learn


@EVERYDAY_SOUND.add()
def news_by_a_bag_of_embeddings() -> Loop:
    class TextClassifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.fc = nn.EmbeddingBag(300, 32), nn.Linear(32, 4)
            nn.init.uniform_(self.embedding.weight, -0.5, 0.5)
            nn.init.uniform_(self.fc.weight, -0.5, 0.5)
            nn.init.zeros_(self.fc.bias)

        def forward(self, text: Tensor, offsets: Tensor) -> Tensor:
            return self.fc(self.embedding(text, offsets))

    kind = torch.randint(4, (1200,))
    texts = []
    for k in kind.tolist():
        about = torch.randint(int(k) * 75, int(k) * 75 + 75, (20,))
        text = torch.where(torch.rand(20) < 0.35, about, torch.randint(300, (20,)))
        texts.append((text[: int(torch.randint(6, 21, ()))], k))

    def collate(rows: list[tuple[Tensor, int]]) -> tuple[Tensor, Tensor, Tensor]:
        lengths = torch.tensor([0, *(len(t) for t, _ in rows)])
        return torch.tensor([k for _, k in rows]), torch.cat([t for t, _ in rows]), lengths[:-1].cumsum(0)

    loader: DataLoader = DataLoader(texts, batch_size=32, shuffle=True, collate_fn=collate)  # type: ignore[arg-type]
    model = TextClassifier()
    optimizer = torch.optim.SGD(model.parameters(), lr=2.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 4, gamma=0.5)

    def train() -> None:
        for _ in range(12):
            for label, text, offsets in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(text, offsets), label).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 0.1)
                optimizer.step()
            scheduler.step()

    return Loop(model, optimizer, train)


class _Forecast(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.fc = nn.LSTM(1, 32, num_layers=2, batch_first=True), nn.Linear(32, 1)

    def forward(self, x: Tensor) -> Tensor:
        h0, c0 = torch.zeros(2, len(x), 32), torch.zeros(2, len(x), 32)
        out, _ = self.lstm(x, (h0, c0))
        return self.fc(out[:, -1, :])


@EVERYDAY_SOUND.add()
def passengers_by_an_lstm() -> Loop:
    month = torch.arange(360.0)
    series = (1 + month / 180) * (3 + torch.sin(month * math.pi / 6)) + 0.1 * torch.randn(360)
    series = 2 * (series - series.min()) / (series.max() - series.min()) - 1
    windows = series.unfold(0, 25, 1)
    x, y = windows[:, :24].unsqueeze(2), windows[:, 24:]
    model = _Forecast()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    return fit(model, optimizer, batches(x[:260], y[:260], size=16, shuffle=False), nn.MSELoss(), 25)


class _Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.place = nn.Embedding(40, 32, padding_idx=0), nn.Parameter(0.02 * torch.randn(1, 16, 32))
        layer = nn.TransformerEncoderLayer(32, 4, 64, 0.1, batch_first=True, norm_first=True, activation="gelu")
        self.body = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm, self.head = nn.LayerNorm(32), nn.Linear(32, 2)

    def forward(self, x: Tensor) -> Tensor:
        pad = x == 0
        out = self.norm(self.body(self.embed(x) + self.place[:, : x.shape[1]], src_key_padding_mask=pad))
        kept = (~pad).unsqueeze(2).float()
        return self.head((out * kept).sum(1) / kept.sum(1))


@EVERYDAY_SOUND.add()
def moods_by_a_transformer_with_padding() -> Loop:
    texts = [torch.randint(1, 40, (int(n),)) for n in torch.randint(5, 17, (900,))]
    x = pad_sequence(texts, batch_first=True)
    y = (((x >= 1) & (x <= 8)).sum(1) > ((x >= 9) & (x <= 16)).sum(1)).long()
    model = _Encoder()
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    loader = batches(x, y)
    steps = 10 * len(loader)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: min((i + 1) / 30, (steps - i) / steps))

    def train() -> None:
        for _ in range(10):
            model.train()
            for a, b in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(a), b).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                scheduler.step()

    return Loop(model, optimizer, train)


@EVERYDAY_SOUND.add()
def demand_from_lags_and_the_calendar() -> Loop:
    day = torch.arange(1500)
    series = torch.sin(2 * math.pi * day / 7) + 0.5 * torch.sin(2 * math.pi * day / 365) + 0.2 * torch.randn(1500)
    lags = series.unfold(0, 8, 1)
    calendar = F.one_hot(day[7:] % 7, 7).float()
    x, y = torch.cat([lags[:, :7], calendar], 1), lags[:, 7:]
    model = nn.Sequential(nn.Linear(14, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=2, factor=0.5)

    def train() -> None:
        for _ in range(25):
            model.train()
            for a, b in batches(x[:1200], y[:1200]):
                optimizer.zero_grad()
                F.l1_loss(model(a), b).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                scheduler.step(F.l1_loss(model(x[1200:]), y[1200:]))

    return Loop(model, optimizer, train, ("mae",))


@EVERYDAY_SOUND.add()
def movements_by_convolutions_and_a_gru() -> Loop:
    class Recogniser(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Sequential(nn.Conv1d(3, 16, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2))
            self.gru, self.out = nn.GRU(16, 24, batch_first=True), nn.Linear(24, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.out(self.gru(self.conv(x).transpose(1, 2))[1][-1])

    kind = torch.randint(4, (800,))
    speed = 0.3 + 0.25 * kind.view(-1, 1, 1)
    x = torch.sin(speed * torch.arange(32.0) + 6.3 * torch.rand(800, 3, 1)) + 0.3 * torch.randn(800, 3, 32)
    model = Recogniser()
    optimizer = torch.optim.RMSprop(model.parameters(), 2e-3)
    loader = batches(x, kind)
    return Loop(model, optimizer, lambda: learn(optimizer, loader, lambda a, b: F.cross_entropy(model(a), b), 10))
