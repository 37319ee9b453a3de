"""Sound scripts without a table of targets: acting, equations, networks that make networks."""

import copy
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .forum_loop import perceptron
from .loops import UNUSUAL_SOUND, Loop, batches, fit, learn

STEPS = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])


def walk(place: Tensor, action: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """One step on a board of 5 × 5; the reward and the end are in one corner."""
    place = (place + STEPS[action]).clamp(0, 4)
    there = (place == 4).all(1)
    return place, there.float() - 0.02, there


def seen(place: Tensor) -> Tensor:
    """The place as ten bits."""
    return torch.cat([F.one_hot(place[:, 0], 5), F.one_hot(place[:, 1], 5)], 1).float()


@UNUSUAL_SOUND.add()
def values_from_a_memory_of_steps() -> Loop:
    model = perceptron(10, 4, hidden=48)
    slow = copy.deepcopy(model)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def train() -> None:
        memory: list[tuple[Tensor, ...]] = []
        place = torch.randint(5, (16, 2))
        for step in range(1000):
            with torch.no_grad():
                greedy = model(seen(place)).argmax(1)
            action = torch.where(torch.rand(16) < max(0.1, 1 - step / 500), torch.randint(4, (16,)), greedy)
            after, reward, end = walk(place, action)
            memory = [*memory[-99:], (place, action, reward, after, end)]
            place = torch.where(end.unsqueeze(1), torch.randint(5, (16, 2)), after)
            rows = torch.randint(16 * len(memory), (64,))
            was, done, got, then, ended = (torch.cat(part)[rows] for part in zip(*memory, strict=True))
            with torch.no_grad():
                best = model(seen(then)).argmax(1, keepdim=True)
                goal = got + 0.9 * (~ended) * slow(seen(then)).gather(1, best).squeeze(1)
            loss = F.smooth_l1_loss(model(seen(was)).gather(1, done.unsqueeze(1)).squeeze(1), goal)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                for mean, now in zip(slow.parameters(), model.parameters(), strict=True):
                    mean.lerp_(now, 0.02)

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def actor_and_critic() -> Loop:
    class ActorCritic(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(10, 48), nn.Tanh())
            self.act, self.value = nn.Linear(48, 4), nn.Linear(48, 1)

        def forward(self, x: Tensor) -> tuple[torch.distributions.Categorical, Tensor]:
            h = self.body(x)
            return torch.distributions.Categorical(logits=self.act(h)), self.value(h).squeeze(1)

    model = ActorCritic()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def train() -> None:
        place = torch.randint(5, (32, 2))
        for _ in range(400):
            logs, values, rewards, ends, spread = [], [], [], [], torch.zeros(())
            for _ in range(5):
                choice, value = model(seen(place))
                action = choice.sample()
                after, reward, end = walk(place, action)
                logs.append(choice.log_prob(action))
                values.append(value)
                rewards.append(reward)
                ends.append(end)
                spread = spread + choice.entropy().mean()
                place = torch.where(end.unsqueeze(1), torch.randint(5, (32, 2)), after)
            with torch.no_grad():
                gain, gains = model(seen(place))[1], []
                for reward, end in zip(reversed(rewards), reversed(ends), strict=True):
                    gain = reward + 0.9 * gain * (~end)
                    gains.insert(0, gain)
            ahead = torch.stack(gains) - torch.stack(values)
            loss = -(torch.stack(logs) * ahead.detach()).mean() + 0.5 * (ahead**2).mean() - 0.01 * spread / 5
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def clipped_policy_steps() -> Loop:
    model = perceptron(10, 4, hidden=48)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def train() -> None:
        for _ in range(60):
            place, states, actions, logs, rewards = torch.randint(5, (64, 2)), [], [], [], []
            alive = torch.ones(64)
            for _ in range(8):
                with torch.no_grad():
                    choice = torch.distributions.Categorical(logits=model(seen(place)))
                action = choice.sample()
                states.append(seen(place))
                actions.append(action)
                logs.append(choice.log_prob(action))
                place, reward, end = walk(place, action)
                rewards.append(reward * alive)
                alive = alive * (~end)
            gains = torch.stack(rewards).flip(0).cumsum(0).flip(0)
            ahead = (gains - gains.mean(1, keepdim=True)).flatten()
            ahead = ahead / (ahead.std() + 1e-6)
            state, done, old = torch.cat(states), torch.cat(actions), torch.cat(logs)
            for _ in range(4):
                ratio = (torch.distributions.Categorical(logits=model(state)).log_prob(done) - old).exp()
                loss = -torch.minimum(ratio * ahead, ratio.clamp(0.8, 1.2) * ahead).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def policy_of_a_teacher() -> Loop:
    rule = torch.randn(8, 3)
    x = torch.randn(1500, 8)
    said = ((x @ rule) / 0.7).softmax(1)
    model = nn.Sequential(nn.Linear(8, 48), nn.Mish(), nn.Linear(48, 3), nn.LogSoftmax(1))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x, said), nn.KLDivLoss(reduction="batchmean"), 15)


@UNUSUAL_SOUND.add()
def heat_in_a_rod() -> Loop:
    model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)

    def train() -> None:
        for _ in range(500):
            place = torch.rand(128, 2, requires_grad=True)
            u = model(place)
            slope = torch.autograd.grad(u.sum(), place, create_graph=True)[0]
            bend = torch.autograd.grad(slope[:, 0].sum(), place, create_graph=True)[0][:, 0]
            start = torch.cat([torch.rand(64, 1), torch.zeros(64, 1)], 1)
            ends = torch.cat([torch.randint(2, (64, 1)).float(), torch.rand(64, 1)], 1)
            loss = ((slope[:, 1] - 0.1 * bend) ** 2).mean() + (model(ends) ** 2).mean()
            loss = loss + 5 * ((model(start) - torch.sin(math.pi * start[:, :1])) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def energy_and_its_slope() -> Loop:
    x = 2 * torch.rand(1000, 3) - 1
    energy = torch.sin(2 * x[:, :1]) + x[:, 1:2] * x[:, 2:]
    force = -torch.cat([2 * torch.cos(2 * x[:, :1]), x[:, 2:], x[:, 1:2]], 1)
    model = nn.Sequential(nn.Linear(3, 48), nn.Softplus(), nn.Linear(48, 48), nn.Softplus(), nn.Linear(48, 1))
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)

    def loss(x: Tensor, energy: Tensor, force: Tensor) -> Tensor:
        x = x.clone().requires_grad_()
        said = model(x)
        slope = torch.autograd.grad(said.sum(), x, create_graph=True)[0]
        return F.mse_loss(-slope, force) + 0.1 * F.mse_loss(said, energy)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, energy, force), loss, 15))


@UNUSUAL_SOUND.add()
def motion_in_small_steps() -> Loop:
    class Motion(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.speed = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))

        def forward(self, x: Tensor) -> Tensor:
            path = []
            for _ in range(20):
                x = x + 0.1 * self.speed(x)
                path.append(x)
            return torch.stack(path, 1)

    start, turn = torch.randn(400, 2), torch.tensor([[-0.1, 1.0], [-1.0, -0.1]])
    x, path = start, []
    for _ in range(20):
        x = x @ torch.linalg.matrix_exp(0.1 * turn).T
        path.append(x)
    model = Motion()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    return fit(model, optimizer, batches(start, torch.stack(path, 1)), nn.MSELoss(), 12)


@UNUSUAL_SOUND.add()
def fixed_point_of_a_layer() -> Loop:
    class Settled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.into, self.within, self.out = nn.Linear(64, 48), nn.Linear(48, 48, bias=False), nn.Linear(48, 10)

        def forward(self, x: Tensor) -> Tensor:
            given = self.into(x)
            with torch.no_grad():
                z = torch.zeros_like(given)
                for _ in range(15):
                    z = torch.tanh(given + 0.5 * self.within(z))
            for _ in range(3):
                z = torch.tanh(given + 0.5 * self.within(z))
            return self.out(z)

    model = Settled()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 8)


@UNUSUAL_SOUND.add()
def weights_made_by_another_network() -> Loop:
    class Hyper(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.make = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 33))

        def forward(self, task: Tensor, x: Tensor) -> Tensor:
            a, b, c = self.make(task).split([16, 16, 1], 1)
            return (torch.tanh(x * a) * b).sum(1, keepdim=True) + c

    task, x = torch.randn(2000, 2), torch.randn(2000, 1)
    y = task[:, :1] * torch.tanh(2 * x) + task[:, 1:]
    model = Hyper()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    loader = batches(task, x, y)
    return Loop(model, optimizer, lambda: learn(optimizer, loader, lambda t, x, y: F.mse_loss(model(t, x), y), 12))


@UNUSUAL_SOUND.add()
def start_from_which_one_step_is_enough() -> Loop:
    model = nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1))
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def adapted(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        named = dict(model.named_parameters())
        loss = F.mse_loss(model(x), y)
        slopes = torch.autograd.grad(loss, list(named.values()), create_graph=True)
        return {name: p - 0.05 * g for (name, p), g in zip(named.items(), slopes, strict=True)}

    def train() -> None:
        for _ in range(250):
            optimizer.zero_grad()
            for _ in range(4):
                height, shift = 1 + torch.rand(()), 3 * torch.rand(())
                x = 6 * torch.rand(20, 1) - 3
                y = height * torch.sin(x + shift)
                (F.mse_loss(torch.func.functional_call(model, adapted(x[:10], y[:10]), x[10:]), y[10:]) / 4).backward()
            optimizer.step()

    return Loop(model, optimizer, train)
