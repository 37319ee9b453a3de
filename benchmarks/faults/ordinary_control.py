"""Sound scripts that act, that solve equations, and that learn operators."""

import copy
import math
from collections import deque

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .loops import ORDINARY_SOUND, Loop, batches, learn


class Cart:
    """Sixteen carts with poles (Barto, Sutton, Anderson 1983); those that fell begin anew."""

    def __init__(self) -> None:
        self.state = 0.05 * torch.randn(16, 4)

    def step(self, action: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Push left (0) or right (1); (next states, rewards, whether they fell)."""
        _, v, angle, turning = self.state.unbind(1)
        force = 20.0 * action - 10.0
        push = (force + 0.05 * turning.square() * angle.sin()) / 1.1
        turned = (9.8 * angle.sin() - push * angle.cos()) / (0.5 * (4 / 3 - 0.1 * angle.cos().square() / 1.1))
        moved = push - 0.05 * turned * angle.cos() / 1.1
        after = self.state + 0.02 * torch.stack([v, moved, turning, turned], 1)
        fell = (after[:, 0].abs() > 2.4) | (after[:, 2].abs() > 0.21)
        self.state = torch.where(fell.unsqueeze(1), 0.05 * torch.randn(16, 4), after)
        return after, 1.0 - fell.float(), fell


@ORDINARY_SOUND.add()
def poles_by_values_of_two_networks() -> Loop:
    model = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    slow = copy.deepcopy(model).requires_grad_(False)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    memory: deque[tuple[Tensor, ...]] = deque(maxlen=300)

    def train() -> None:
        carts = Cart()
        for time in range(800):
            state = carts.state
            with torch.no_grad():
                best = model(state).argmax(1)
            free = torch.rand(16) < max(0.05, 1 - time / 300)
            action = torch.where(free, torch.randint(2, (16,)), best)
            after, reward, fell = carts.step(action.float())
            memory.append((state, action, after, reward, fell.float()))
            if time < 30:
                continue
            chosen = [memory[i] for i in torch.randint(len(memory), (4,)).tolist()]
            s, a, t, r, f = (torch.cat(parts) for parts in zip(*chosen, strict=True))
            with torch.no_grad():
                next_action = model(t).argmax(1, keepdim=True)
                goal = r + 0.97 * (1 - f) * slow(t).gather(1, next_action).squeeze(1)
            loss = F.smooth_l1_loss(model(s).gather(1, a.unsqueeze(1)).squeeze(1), goal)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 10.0)
            optimizer.step()
            with torch.no_grad():
                for late, p in zip(slow.parameters(), model.parameters(), strict=True):
                    late.lerp_(p, 0.02)

    return Loop(model, optimizer, train)


@ORDINARY_SOUND.add()
def poles_by_the_gradient_of_a_policy() -> Loop:
    model = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)

    def train() -> None:
        for _ in range(60):
            carts, logs, rewards, alive = Cart(), [], [], torch.ones(16)
            for _ in range(60):
                law = torch.distributions.Categorical(logits=model(carts.state))
                action = law.sample()
                _, reward, fell = carts.step(action.float())
                logs.append(alive * law.log_prob(action))
                rewards.append(alive * reward)
                alive = alive * (1 - fell.float())
            returns, later = [], torch.zeros(16)
            for reward in reversed(rewards):
                later = reward + 0.98 * later
                returns.insert(0, later)
            worth = torch.stack(returns)
            worth = (worth - worth.mean()) / (worth.std() + 1e-8)
            optimizer.zero_grad()
            (-(torch.stack(logs) * worth).mean()).backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@ORDINARY_SOUND.add()
def pushes_by_an_actor_and_its_critic() -> Loop:
    """A point is brought to rest in the middle, by deterministic policy gradients (Lillicrap et al. 2016)."""
    actor = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1), nn.Tanh())
    critic = nn.Sequential(nn.Linear(3, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1))
    slow_actor, slow_critic = (copy.deepcopy(net).requires_grad_(False) for net in (actor, critic))
    of_actor = torch.optim.Adam(actor.parameters(), 1e-3)
    of_critic = torch.optim.Adam(critic.parameters(), 2e-3)

    def moved(state: Tensor, push: Tensor) -> tuple[Tensor, Tensor]:
        place, speed = state[:, :1], state[:, 1:]
        speed = (0.95 * speed + 0.3 * push).clamp(-1.5, 1.5)
        after = torch.cat([(place + 0.3 * speed).clamp(-2, 2), speed], 1)
        return after, -after.square().sum(1, keepdim=True) - 0.05 * push.square()

    def train() -> None:
        kept: deque[tuple[Tensor, ...]] = deque(maxlen=200)
        state = 2 * torch.rand(32, 2) - 1
        for time in range(700):
            with torch.no_grad():
                push = (actor(state) + 0.3 * torch.randn(32, 1)).clamp(-1, 1)
            after, reward = moved(state, push)
            kept.append((state, push, reward, after))
            state = 2 * torch.rand(32, 2) - 1 if time % 20 == 19 else after
            s, a, r, t = kept[int(torch.randint(len(kept), ()))]
            with torch.no_grad():
                goal = r + 0.9 * slow_critic(torch.cat([t, slow_actor(t)], 1))
            of_critic.zero_grad()
            F.mse_loss(critic(torch.cat([s, a], 1)), goal).backward()
            of_critic.step()
            of_actor.zero_grad()
            (-critic(torch.cat([s, actor(s)], 1)).mean()).backward()
            of_actor.step()
            with torch.no_grad():
                for late, now in ((slow_actor, actor), (slow_critic, critic)):
                    for p, q in zip(late.parameters(), now.parameters(), strict=True):
                        p.lerp_(q, 0.05)

    return Loop(nn.ModuleList([actor, critic]), [of_actor, of_critic], train)


def _slope(of: Tensor, by: Tensor) -> Tensor:
    (slope,) = torch.autograd.grad(of.sum(), by, create_graph=True)
    return slope


@ORDINARY_SOUND.add()
def potential_in_a_square() -> Loop:
    """−Δu = f with u = 0 at the border; f is made so that u = sin πx · sin πy."""
    model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.998)

    def train() -> None:
        for _ in range(700):
            inside = torch.rand(100, 2, requires_grad=True)
            first = _slope(model(inside), inside)
            laplace = _slope(first[:, 0], inside)[:, 0] + _slope(first[:, 1], inside)[:, 1]
            source = 2 * math.pi**2 * (math.pi * inside).sin().prod(1)
            border = torch.rand(40, 2)
            border[torch.arange(40), torch.randint(2, (40,))] = torch.randint(2, (40,)).float()
            optimizer.zero_grad()
            ((laplace + source).square().mean() + 50 * model(border).square().mean()).backward()
            optimizer.step()
            scheduler.step()

    return Loop(model, optimizer, train)


class _Operator(nn.Module):
    """Values of a function and a place → its integral there (Lu et al. 2021)."""

    def __init__(self) -> None:
        super().__init__()
        self.branch = nn.Sequential(nn.Linear(20, 40), nn.ReLU(), nn.Linear(40, 24))
        self.trunk = nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 24), nn.Tanh())
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, values: Tensor, place: Tensor) -> Tensor:
        return (self.branch(values) * self.trunk(place)).sum(1) + self.bias


@ORDINARY_SOUND.add()
def integrals_of_functions_given_by_values() -> Loop:
    waves = torch.arange(1, 5) * math.pi
    size = torch.randn(2000, 4) / torch.arange(1, 5)
    grid, place = torch.linspace(0, 1, 20), torch.rand(2000, 1)
    values = (size.unsqueeze(2) * (waves.unsqueeze(1) * grid).sin()).sum(1)
    y = (size * (1 - (waves * place).cos()) / waves).sum(1)
    model = _Operator()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(values: Tensor, place: Tensor, y: Tensor) -> Tensor:
        return F.mse_loss(model(values, place), y)

    loader = batches(values[:1700], place[:1700], y[:1700], size=50)
    return Loop(model, optimizer, lambda: learn(optimizer, loader, loss, 25))


@ORDINARY_SOUND.add()
def one_step_from_a_shared_start() -> Loop:
    """Lines of five points each: a start from which one step on five points fits the next five (first order)."""
    model = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def train() -> None:
        for _ in range(500):
            optimizer.zero_grad()
            for _ in range(4):
                slope, height = torch.randn(2).tolist()
                x = 2 * torch.rand(10, 1) - 1
                y = slope * x + height
                weights = dict(model.named_parameters())
                near = F.mse_loss(torch.func.functional_call(model, weights, (x[:5],)), y[:5])
                steps = torch.autograd.grad(near, list(weights.values()))
                moved = {name: p - 0.05 * step for (name, p), step in zip(weights.items(), steps, strict=True)}
                (F.mse_loss(torch.func.functional_call(model, moved, (x[5:],)), y[5:]) / 4).backward()
            optimizer.step()

    return Loop(model, optimizer, train)
