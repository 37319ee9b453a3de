"""Sound scripts on words, letters and series: gaps to fill, pointers, states carried on, packed lengths."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .loops import UNUSUAL_SOUND, Loop, batches, fit, learn

SENTENCE = "the rain in spain stays mainly in the plain and how kind of you to let me come"


def counted(n: int, length: int = 12, words: int = 20) -> Tensor:
    """Rows of words (n, length), each the sum of the two before it, modulo `words`, less two that are kept free."""
    x = torch.randint(words - 2, (n, length))
    for i in range(2, length):
        x[:, i] = (x[:, i - 1] + 1 + x[:, i - 2] // 9) % (words - 2)
    return x + 2


class _Encoder(nn.Module):
    """A transformer whose last layer is the table of words again."""

    def __init__(self, words: int, length: int, causal: bool) -> None:
        super().__init__()
        self.embed, self.place = nn.Embedding(words, 32), nn.Embedding(length, 32)
        nn.init.normal_(self.embed.weight, std=0.1)
        nn.init.normal_(self.place.weight, std=0.1)
        layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm, self.out = nn.LayerNorm(32), nn.Linear(32, words, bias=False)
        self.out.weight = self.embed.weight
        self.mask = nn.Transformer.generate_square_subsequent_mask(length) if causal else None

    def forward(self, x: Tensor) -> Tensor:
        """(n, length) → (n, length, words)"""
        h = self.embed(x) + self.place(torch.arange(x.shape[1]))
        return self.out(self.norm(self.body(h, mask=self.mask)))


@UNUSUAL_SOUND.add()
def words_hidden_and_guessed() -> Loop:
    x, model = counted(1000), _Encoder(20, 12, causal=False)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)

    def loss(x: Tensor) -> Tensor:
        hidden = torch.rand(x.shape) < 0.15
        said = model(x.masked_fill(hidden, 0))
        return F.cross_entropy(said.flatten(0, 1), x.masked_fill(~hidden, -100).flatten())

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x), loss, 10))


@UNUSUAL_SOUND.add()
def next_word_with_a_warm_up() -> Loop:
    x, model = counted(1000), _Encoder(20, 11, causal=True)
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3, betas=(0.9, 0.95), weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / 40) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / 256)))
    )
    loader = batches(x)

    def train() -> None:
        for _ in range(8):
            for (some,) in loader:
                said = model(some[:, :-1])
                optimizer.zero_grad(set_to_none=True)
                F.cross_entropy(said.reshape(-1, 20), some[:, 1:].reshape(-1)).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                schedule.step()

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def where_the_largest_stands() -> Loop:
    class Pointer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.LSTM(1, 32, batch_first=True)
            self.asked, self.keys, self.score = nn.Linear(32, 32), nn.Linear(32, 32), nn.Linear(32, 1, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            each, (last, _) = self.encoder(x)
            return self.score(torch.tanh(self.keys(each) + self.asked(last[0]).unsqueeze(1))).squeeze(2)

    x = torch.rand(1500, 6, 1)
    model = Pointer()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    return fit(model, optimizer, batches(x, x.squeeze(2).argmax(1)), nn.CrossEntropyLoss(), 12)


@UNUSUAL_SOUND.add()
def letters_with_a_state_carried_on() -> Loop:
    class Letters(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.out = nn.LSTM(27, 64), nn.Linear(64, 27)

        def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
            h, state = self.rnn(x, state)
            return self.out(h), state

    words = SENTENCE.split()
    text = " ".join(words[i] for i in torch.randint(len(words), (3000,)))
    codes = torch.tensor([26 if c == " " else ord(c) - 97 for c in text])
    lanes = codes[: len(codes) // 16 * 16].view(16, -1).T
    model = Letters()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)

    def train() -> None:
        for _ in range(5):
            state = None
            for start in range(0, len(lanes) - 1, 20):
                piece = lanes[start : start + 21]
                said, state = model(F.one_hot(piece[:-1], 27).float(), state)
                state = (state[0].detach(), state[1].detach())
                optimizer.zero_grad()
                F.cross_entropy(said.flatten(0, 1), piece[1:].flatten()).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def packed_sequences_read_both_ways() -> Loop:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(30, 16, padding_idx=0)
            self.rnn = nn.LSTM(16, 24, batch_first=True, bidirectional=True)
            self.out = nn.Linear(48, 3)

        def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
            packed = pack_padded_sequence(self.embed(x), lengths, batch_first=True, enforce_sorted=False)
            each, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
            there = (torch.arange(each.shape[1]) < lengths.unsqueeze(1)).unsqueeze(2)
            return self.out((each * there).sum(1) / lengths.unsqueeze(1))

    lengths = torch.randint(3, 15, (1200,))
    x = torch.randint(1, 30, (1200, 14)).masked_fill(torch.arange(14) >= lengths.unsqueeze(1), 0)
    meaning = torch.randn(30, 3)
    meaning[0] = 0
    y = meaning[x].sum(1).argmax(1)
    model = Reader()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    loader = batches(x, lengths, y)
    return Loop(model, optimizer, lambda: learn(optimizer, loader, lambda x, n, y: F.cross_entropy(model(x, n), y), 10))


@UNUSUAL_SOUND.add()
def translation_with_attention_and_its_own_words_fed_back() -> Loop:
    class Translator(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.source, self.target = nn.Embedding(12, 24), nn.Embedding(13, 24)
            self.encoder, self.cell = nn.GRU(24, 48, batch_first=True), nn.GRUCell(72, 48)
            self.out = nn.Linear(96, 12)

        def forward(self, x: Tensor, y: Tensor, forced: float) -> Tensor:
            memory, state = self.encoder(self.source(x))
            state, word, said = state[0], torch.full((len(x),), 12), []
            seen = torch.zeros_like(state)
            for i in range(y.shape[1]):
                state = self.cell(torch.cat([self.target(word), seen], 1), state)
                share = F.softmax((memory @ state.unsqueeze(2)).squeeze(2) / 48**0.5, 1)
                seen = (share.unsqueeze(1) @ memory).squeeze(1)
                said.append(self.out(torch.cat([state, seen], 1)))
                word = torch.where(torch.rand(len(x)) < forced, y[:, i], said[-1].argmax(1))
            return torch.stack(said, 2)

    x = torch.randint(12, (1000, 5))
    y = (x.flip(1) + 3) % 12
    model = Translator()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    loader = batches(x, y)

    def train() -> None:
        for epoch in range(16):
            for some, words in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(some, words, 1 - epoch / 32), words).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()

    return Loop(model, optimizer, train)


class _Causal(nn.Module):
    """Two dilated convolutions that look only back, and a way around them."""

    def __init__(self, width: int, apart: int) -> None:
        super().__init__()
        self.a = nn.utils.parametrizations.weight_norm(nn.Conv1d(width, width, 3, dilation=apart))
        self.b = nn.utils.parametrizations.weight_norm(nn.Conv1d(width, width, 3, dilation=apart))
        self.back = 2 * apart

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.a(F.pad(x, (self.back, 0))))
        return F.relu(x + self.b(F.pad(h, (self.back, 0))))


@UNUSUAL_SOUND.add()
def dilated_convolutions_over_time() -> Loop:
    x = torch.randn(300, 2, 40)
    y = (x[:, 0].roll(5, 1) + x[:, 1].roll(9, 1))[:, 10:]
    model = nn.Sequential(nn.Conv1d(2, 24, 1), *(_Causal(24, 2**i) for i in range(3)), nn.Conv1d(24, 1, 1))
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    loader = batches(x, y, size=16)
    return Loop(model, optimizer, lambda: learn(optimizer, loader, lambda x, y: F.mse_loss(model(x)[:, 0, 10:], y), 12))


@UNUSUAL_SOUND.add()
def sounds_without_their_places() -> Loop:
    class Listener(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.out = nn.GRU(8, 32, batch_first=True), nn.Linear(32, 6)

        def forward(self, x: Tensor) -> Tensor:
            return self.out(self.rnn(x)[0]).log_softmax(2)

    tones, labels = torch.randn(6, 8), torch.randint(1, 6, (500, 4))
    labels = torch.where(labels == labels.roll(1, 1), labels % 5 + 1, labels)
    x = tones[labels.repeat_interleave(4, 1)] + 0.2 * torch.randn(500, 16, 8)
    model, criterion = Listener(), nn.CTCLoss()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)

    def loss(x: Tensor, labels: Tensor) -> Tensor:
        n = len(x)
        return criterion(model(x).transpose(0, 1), labels, torch.full((n,), 16), torch.full((n,), 4))

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, labels), loss, 12))


@UNUSUAL_SOUND.add()
def reservoir_that_stays_as_it_is() -> Loop:
    class Reservoir(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            within = torch.randn(100, 100) * (torch.rand(100, 100) < 0.1)
            self.register_buffer("within", 0.9 * within / torch.linalg.eigvals(within).abs().max())
            self.register_buffer("into", 0.5 * torch.rand(1, 100) - 0.25)
            self.out = nn.Linear(100, 1)

        def forward(self, x: Tensor) -> Tensor:
            state, states = torch.zeros(len(x), 100), []
            for step in x.unbind(1):
                state = torch.tanh(step @ self.into + state @ self.within)
                states.append(state)
            return self.out(torch.stack(states, 1))

    t = torch.arange(31) * 0.3 + 6.3 * torch.rand(400, 1)
    wave = (torch.sin(t) + 0.5 * torch.sin(2.3 * t)).unsqueeze(2)
    model = Reservoir()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    return fit(model, optimizer, batches(wave[:, :-1], wave[:, 1:]), nn.MSELoss(), 15)
