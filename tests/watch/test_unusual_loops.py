"""Loops of unusual kinds: adversaries, policies, pairs within a batch, passes inside of passes."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backlight.watch import watch


class Pair(nn.Module):
    """A maker and its judge."""

    def __init__(self) -> None:
        super().__init__()
        self.maker, self.judge = nn.Linear(2, 2), nn.Linear(2, 1)

    def forward(self, z: Tensor) -> Tensor:
        return self.judge(self.maker(z))


def play(*, zeroed: bool = True):
    torch.manual_seed(0)
    model = Pair()
    making, judging = (torch.optim.SGD(part.parameters(), 0.1) for part in (model.maker, model.judge))
    with watch(model, [making, judging]) as seen:
        for _ in range(20):
            judging.zero_grad()
            said = model.judge(torch.cat([torch.ones(4, 2), model.maker(torch.randn(4, 2)).detach()]))
            F.binary_cross_entropy_with_logits(said, torch.tensor([[1.0]] * 4 + [[0.0]] * 4)).backward()
            judging.step()
            if zeroed:
                making.zero_grad()
            F.binary_cross_entropy_with_logits(model(torch.randn(4, 2)), torch.ones(4, 1)).backward()
            making.step()
    return seen


def test_adversaries_are_known_and_their_losses_measure_nothing():
    facts = play().facts
    assert facts.loop.players
    assert facts.learned and not facts.failed and facts.left == 0
    assert facts.loop.stale_gradients == 0 and facts.loop.fresh_gradients > 0
    assert facts.loop.unchanged == ()


def test_a_player_whose_gradients_are_never_cleared_is_found():
    facts = play(zeroed=False).facts
    assert facts.loop.stale_gradients > facts.loop.fresh_gradients


def test_two_optimizers_of_one_pass_are_no_players():
    model = Pair()
    both = [torch.optim.SGD(part.parameters(), 0.1) for part in (model.maker, model.judge)]
    with watch(model, both) as seen:
        for _ in range(10):
            for one in both:
                one.zero_grad()
            F.mse_loss(model(torch.randn(4, 2)), torch.ones(4, 1)).backward()
            for one in both:
                one.step()
    assert not seen.facts.loop.players and seen.facts.measured


def facts_of(model: nn.Module, loss, steps: int = 12):
    """Facts of a loop that descends `loss(model)`."""
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watch(model, optimizer) as seen:
        for _ in range(steps):
            optimizer.zero_grad()
            loss(model).backward()
            optimizer.step()
    return seen.facts


def test_targets_that_the_loss_leaves_out_are_not_counted():
    y = torch.tensor([0, 1, -100, -100, -100, 2])
    facts = facts_of(nn.Linear(4, 3), lambda model: F.cross_entropy(model(torch.randn(6, 4)), y))
    assert set(facts.targets.counts) == {0.0, 1.0, 2.0}
    assert facts.targets.minimum == 0


def test_places_in_the_batch_are_no_classes():
    def contrast(model):
        a, b = model(torch.randn(6, 4)), model(torch.randn(6, 4))
        return F.cross_entropy(a @ b.T, torch.arange(6))

    assert facts_of(nn.Linear(4, 3), contrast).targets is None


def test_gains_of_a_policy_are_no_classification():
    gains = torch.tensor([1.0, -1.0, 0.5, -0.5])

    def surrogate(model):
        chosen = torch.distributions.Categorical(logits=model(torch.randn(4, 4))).log_prob(torch.tensor([0, 1, 2, 0]))
        return -(chosen * gains).mean()

    facts = facts_of(nn.Linear(4, 3), surrogate)
    assert facts.loss.name == "custom" and facts.targets is None


def test_states_that_come_several_times_in_a_batch_are_no_number_of_rows():
    def values(model):
        state = F.one_hot(torch.randint(3, (32,)), 4).float()
        return F.mse_loss(model(state), torch.randn(32, 1))

    assert facts_of(nn.Linear(4, 1), values).loop.rows is None


def test_a_pass_through_which_the_program_differentiates_is_no_step_of_its_own():
    def with_penalty(model):
        loss = model(torch.randn(4, 4)).square().mean()
        slopes = torch.autograd.grad(loss, list(model.parameters()), create_graph=True)
        return loss + sum((slope**2).sum() for slope in slopes)

    facts = facts_of(nn.Linear(4, 1), with_penalty)
    assert facts.loop.backwards == len(facts.losses) == 12


def test_a_network_that_answers_with_one_number_is_watched():
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(x).square().mean()

    facts = facts_of(Own(), lambda model: model(torch.randn(4, 4)))
    assert len(facts.observed) > 3


class Branching(nn.Module):
    """Two linear layers; what becomes of the first one's output beside is told by `way`."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.a, self.b, self.way = nn.Linear(4, 4), nn.Linear(4, 4), way

    def forward(self, x: Tensor) -> Tensor:
        h = self.a(x)
        if self.way == "detached":
            self.kept = h.detach()
        return h + self.b(h) if self.way == "added" else self.b(h)


@pytest.mark.parametrize(("way", "branches"), [("added", True), ("detached", True), ("", False)])
def test_outputs_that_are_read_in_several_places(way, branches):
    facts = facts_of(Branching(way), lambda model: F.mse_loss(model(torch.randn(8, 4)), torch.randn(8, 4)))
    assert facts.by_name["a"].branches is branches
