"""Sound scripts over series, letters and words."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from . import posted_data as data
from .loops import ORDINARY_SOUND, Loop, batches, fit, learn
from .ordinary_data import ALPHABET, prose, sentences


def load_of_a_grid(hours: int = 1600) -> Tensor:
    """Hourly load: days and weeks, noise that lasts; mean 0, spread 1."""
    hour = torch.arange(hours)
    lasting = torch.zeros(hours)
    for i, shock in enumerate(torch.randn(hours - 1).tolist(), 1):
        lasting[i] = 0.8 * lasting[i - 1] + 0.2 * shock
    series = torch.sin(2 * math.pi * hour / 24) + 0.4 * torch.sin(4 * math.pi * hour / 24)
    series = series - 0.8 * ((hour // 24) % 7 >= 5).float() + lasting
    return (series - series.mean()) / series.std()


class _DayAhead(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gru, self.head = nn.GRU(1, 32, batch_first=True), nn.Sequential(nn.Dropout(0.1), nn.Linear(32, 12))

    def forward(self, x: Tensor) -> Tensor:
        return x[:, -24:-12, 0] + self.head(self.gru(x)[1][-1])


@ORDINARY_SOUND.add()
def half_a_day_ahead_by_a_gru() -> Loop:
    windows = load_of_a_grid().unfold(0, 48, 1)
    x, y = windows[:, :36].unsqueeze(2), windows[:, 36:]
    model = _DayAhead()
    optimizer = torch.optim.Adam(model.parameters(), 6e-3)
    loader = batches(x[:1200], y[:1200], size=50)

    def train() -> None:
        for _ in range(12):
            model.train()
            for a, b in loader:
                optimizer.zero_grad()
                F.mse_loss(model(a), b).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
            model.eval()
            with torch.no_grad():
                F.mse_loss(model(x[1260:]), y[1260:])

    return Loop(model, optimizer, train)


class _Causal(nn.Module):
    """A convolution that looks back, twice, beside a way around (Bai et al. 2018)."""

    def __init__(self, inputs: int, outputs: int, dilation: int) -> None:
        super().__init__()
        self.back = 2 * dilation
        self.first = weight_norm(nn.Conv1d(inputs, outputs, 3, dilation=dilation))
        self.second = weight_norm(nn.Conv1d(outputs, outputs, 3, dilation=dilation))
        self.around = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.drop(F.relu(self.first(F.pad(x, (self.back, 0)))))
        h = self.drop(F.relu(self.second(F.pad(h, (self.back, 0)))))
        return F.relu(h + self.around(x))


@ORDINARY_SOUND.add()
def next_hour_by_causal_convolutions() -> Loop:
    series = load_of_a_grid()
    x = series[:-1].unfold(0, 64, 8).unsqueeze(1)
    y = series[1:].unfold(0, 64, 8).unsqueeze(1)
    model = nn.Sequential(*(_Causal(a, 16, d) for a, d in ((1, 1), (16, 2), (16, 4))), nn.Conv1d(16, 1, 1))
    optimizer = torch.optim.Adam(model.parameters(), 4e-3)
    return fit(model, optimizer, batches(x[:160], y[:160], size=16), nn.MSELoss(), 25)


class _Letters(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(ALPHABET), 48)
        self.lstm, self.drop = nn.LSTM(48, 48, batch_first=True), nn.Dropout(0.1)
        self.out = nn.Linear(48, len(ALPHABET))
        nn.init.normal_(self.embed.weight, std=0.1)
        self.out.weight = self.embed.weight

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        h, state = self.lstm(self.embed(x), state)
        return self.out(self.drop(h)), state


@ORDINARY_SOUND.add()
def next_letter_with_one_table_for_both_ends() -> Loop:
    text = prose()
    rows = text[: len(text) // 16 * 16].view(16, -1)
    model = _Letters()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)

    def train() -> None:
        for _ in range(20):
            state = None
            for start in range(0, rows.shape[1] - 26, 25):
                x, y = rows[:, start : start + 25], rows[:, start + 1 : start + 26]
                said, state = model(x, state)
                state = (state[0].detach(), state[1].detach())
                optimizer.zero_grad()
                F.cross_entropy(said.flatten(0, 1), y.flatten()).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 0.5)
                optimizer.step()

    return Loop(model, optimizer, train)


class _Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.read, self.write = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        n, length, width = x.shape
        q, k, v = self.read(self.norm1(x)).view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.write(seen.transpose(1, 2).reshape(n, length, width))
        return x + self.mlp(self.norm2(x))


class _Writer(nn.Module):
    def __init__(self, width: int = 32, length: int = 32) -> None:
        super().__init__()
        self.letters, self.places = nn.Embedding(len(ALPHABET), width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(_Block(width, 4), _Block(width, 4))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, len(ALPHABET), bias=False)
        for layer in self.modules():
            if isinstance(layer, (nn.Linear, nn.Embedding)):
                nn.init.normal_(layer.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.blocks(self.letters(x) + self.places.weight[: x.shape[1]])))


@ORDINARY_SOUND.add()
def letters_by_a_small_transformer() -> Loop:
    text = prose()
    model = _Writer()
    optimizer = torch.optim.AdamW(model.parameters(), 6e-3, betas=(0.9, 0.95), weight_decay=0.1)

    def train() -> None:
        for step in range(420):
            rate = 6e-3 * min(1.0, (step + 1) / 30) * (0.1 + 0.45 * (1 + math.cos(math.pi * step / 420)))
            for group in optimizer.param_groups:
                group["lr"] = rate
            starts = torch.randint(len(text) - 33, (16, 1))
            rows = text[starts + torch.arange(33)]
            loss = F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()

    return Loop(model, optimizer, train)


class _Phrases(nn.Module):
    """Windows of two, three and four words, the strongest answer of each (Kim 2014)."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, 32)
        self.windows = nn.ModuleList(nn.Conv1d(32, 16, size) for size in (2, 3, 4))
        self.drop, self.out = nn.Dropout(0.5), nn.Linear(48, 4)

    def forward(self, x: Tensor) -> Tensor:
        seen = self.embed(x).transpose(1, 2)
        return self.out(self.drop(torch.cat([F.relu(conv(seen)).amax(2) for conv in self.windows], 1)))


@ORDINARY_SOUND.add()
def which_description_a_phrase_is_from() -> Loop:
    x, y, words = sentences()
    model = _Phrases(words)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    cut = int(0.8 * len(x))
    return fit(model, optimizer, batches(x[:cut], y[:cut], size=20), nn.CrossEntropyLoss(), 12)


@ORDINARY_SOUND.add()
def words_in_a_sparse_bag() -> Loop:
    x, y, words = sentences()
    cut = int(0.8 * len(x))
    counts = torch.zeros(len(x), words).scatter_add_(1, x, torch.ones(x.shape))
    weights = counts * (cut / (1 + (counts[:cut] > 0).sum(0))).log()
    rows = F.normalize(weights, dim=1)

    class Linear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight, self.bias = nn.Parameter(0.01 * torch.randn(words, 32)), nn.Parameter(torch.zeros(32))
            self.out = nn.Linear(32, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.out(F.relu(torch.sparse.mm(x, self.weight) + self.bias))

    model = Linear()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)

    def train() -> None:
        for _ in range(12):
            for chosen in torch.randperm(cut).split(20):
                optimizer.zero_grad()
                F.cross_entropy(model(rows[chosen].to_sparse()), y[chosen]).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@ORDINARY_SOUND.add()
def digits_pixel_by_pixel() -> Loop:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.out = nn.LSTM(4, 48, batch_first=True), nn.Linear(48, 10)
            for name, p in self.lstm.named_parameters():
                if "bias_ih" in name:
                    p.data[48:96] = 1.0

        def forward(self, x: Tensor) -> Tensor:
            return self.out(self.lstm(x)[0].mean(1))

    x, y = data.digits()
    x = x.view(-1, 16, 4)
    model = Reader()
    optimizer = torch.optim.RMSprop(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x[:1400], y[:1400], size=40), nn.CrossEntropyLoss(), 20)


@ORDINARY_SOUND.add()
def usual_days_told_again_by_recurrence() -> Loop:
    class Again(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encode, self.decode = nn.GRU(1, 16, batch_first=True), nn.GRU(16, 16, batch_first=True)
            self.out = nn.Linear(16, 1)

        def forward(self, x: Tensor) -> Tensor:
            code = self.encode(x)[1][-1]
            return self.out(self.decode(code.unsqueeze(1).expand(-1, x.shape[1], -1))[0])

    days = load_of_a_grid().unfold(0, 24, 2).unsqueeze(2)
    model = Again()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)

    def loss(x: Tensor) -> Tensor:
        return F.mse_loss(model(x), x)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(days[:640], size=32), loss, 15))
