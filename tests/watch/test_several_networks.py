"""Loops with more than one network, and more than one watch."""

from contextlib import nullcontext
from itertools import pairwise
from threading import Thread

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from watched_loop import rows

from backlight.records import BacklightError
from backlight.watch import watch


def coder(*sizes: int) -> nn.Sequential:
    layers = [part for i, o in pairwise(sizes) for part in (nn.Linear(i, o), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def pair() -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(4)
    return coder(8, 16, 4), coder(4, 16, 8)


def autoencode(encoder, decoder, optimizer, epochs: int = 4):
    x, _ = rows()
    generator = torch.Generator().manual_seed(6)
    for _ in range(epochs):
        for part in torch.randperm(len(x), generator=generator).split(32):
            optimizer.zero_grad()
            F.mse_loss(decoder(encoder(x[part])), x[part]).backward()
            optimizer.step()


def test_layers_of_another_network_are_no_activations_of_the_watched_one():
    encoder, decoder = pair()
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 3e-3)
    with watch(encoder, optimizer) as seen:
        autoencode(encoder, decoder, optimizer)
    assert seen.facts.output.chain == ()
    assert [finding.name for finding in seen.findings if finding.severity == "error"] == []


def adversaries(generator, critic, for_generator, for_critic, rounds: int = 60):
    loss, noise = F.binary_cross_entropy_with_logits, torch.Generator().manual_seed(7)
    for _ in range(rounds):
        real, made = torch.randn(32, 8, generator=noise), generator(torch.randn(32, 4, generator=noise))
        for_critic.zero_grad()
        told = loss(critic(real), torch.ones(32, 1)) + loss(critic(made.detach()), torch.zeros(32, 1))
        told.backward()
        for_critic.step()
        for_generator.zero_grad()
        loss(critic(made), torch.ones(32, 1)).backward()
        for_generator.step()


def players():
    torch.manual_seed(4)
    generator, critic = coder(4, 16, 8), coder(8, 16, 1)
    return generator, critic, *(torch.optim.Adam(one.parameters(), 2e-3) for one in (generator, critic))


def equal(ones, others) -> bool:
    return all(
        torch.equal(a, b)
        for one, other in zip(ones, others, strict=True)
        for a, b in zip(one.parameters(), other.parameters(), strict=True)
    )


# Trained as one


def test_an_encoder_and_its_decoder_are_watched_as_one_network():
    plain, watched = pair(), pair()
    for networks in (plain, watched):
        optimizer = torch.optim.Adam([p for network in networks for p in network.parameters()], 3e-3)
        if networks is plain:
            autoencode(*networks, optimizer)
            continue
        with watch(dict(zip(("encoder", "decoder"), networks, strict=True)), optimizer) as seen:
            autoencode(*networks, optimizer)
    assert equal(plain, watched)
    assert [layer.name for layer in seen.facts.layers] == [
        f"{part}.{layer}" for part in ("encoder", "decoder") for layer in "012"
    ]
    assert (seen.facts.loss.name, seen.facts.output.layer) == ("mse", "decoder.2")
    assert seen.facts.loop.unchanged == seen.facts.loop.without_gradient == seen.facts.optimizer.missing == ()
    assert [finding.name for finding in seen.findings if finding.severity == "error"] == []


class Lit(nn.Module):
    """A network that is never called as a whole: its step calls parts of it."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = coder(8, 32, 16), nn.Linear(16, 3)

    def training_step(self, x, y):
        return F.cross_entropy(self.head(torch.tanh(self.body(x))), y)


class Called(Lit):
    """It has a call of its own, past all hooks."""

    def __call__(self, x):
        return self.head(torch.tanh(self.body(x)))


def test_a_network_that_is_called_in_parts_is_seen_from_the_second_step_on():
    for kind in (Lit, Called):
        results = []
        for looking in (False, True):
            torch.manual_seed(4)
            model, (x, y) = kind(), rows()
            optimizer = torch.optim.Adam(model.parameters(), 3e-3)
            seen = watch(model, optimizer)
            if looking:
                seen.__enter__()
            for _ in range(2):
                for part, labels in zip(x.split(32), y.split(32), strict=True):
                    optimizer.zero_grad()
                    loss = model.training_step(part, labels) if kind is Lit else F.cross_entropy(model(part), labels)
                    loss.backward()
                    optimizer.step()
            if looking:
                seen.__exit__(None, None, None)
            results.append(model)
        assert equal(results[:1], results[1:])
        assert seen.recorder.observed[0] == 1
        names = [layer.name for layer in seen.facts.layers]
        assert [name for name in names if not name.endswith("tanh")] == ["body.0", "body.1", "body.2", "head"]
        assert seen.facts.loss.name == "cross_entropy" and seen.facts.inputs.shape == (8,)
        assert [finding.name for finding in seen.findings if finding.severity == "error"] == []
        assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


# Against each other


def test_players_are_watched_apart():
    plain, watched = players(), players()
    adversaries(*plain)
    with watch(watched[0], watched[2]) as seen, watch(watched[1], watched[3]) as seen_critic:
        adversaries(*watched)
    assert equal(plain[:2], watched[:2])
    assert seen.facts.loop.backwards == 60 and seen_critic.facts.loop.backwards == 120
    assert seen.facts.loop.stale_gradients == seen_critic.facts.loop.stale_gradients == 0
    assert [layer.name for layer in seen.facts.layers] == [layer.name for layer in seen_critic.facts.layers]


def test_players_given_as_one_are_known_and_not_called_faulty():
    generator, critic, *optimizers = players()
    with watch([generator, critic], optimizers) as seen:
        adversaries(generator, critic, *optimizers)
    assert seen.facts.loop.players
    assert seen.facts.loop.stale_gradients == 0 and seen.facts.loop.unchanged == ()
    assert max(seen.recorder.observed) > 100
    assert [finding.name for finding in seen.findings if finding.severity == "error"] == []


@pytest.mark.parametrize("which", ["generator", "critic"])
def test_one_player_watched_alone_is_judged_by_no_loss_of_the_game(which):
    generator, critic, *optimizers = players()
    network, optimizer = (generator, optimizers[0]) if which == "generator" else (critic, optimizers[1])
    with watch(network, optimizer) as seen:
        adversaries(generator, critic, *optimizers, rounds=300)
    assert seen.facts.loop.players
    symptoms = {"not-learning", "oscillating-loss", "plateau", "class-imbalance", "learning-rate-too-low"}
    assert symptoms.isdisjoint(finding.name for finding in seen.findings if finding.severity != "note")


def test_an_encoder_that_steps_beside_the_watched_network_is_no_player():
    encoder, decoder = pair()
    before, own = (torch.optim.Adam(one.parameters(), 3e-3) for one in (encoder, decoder))
    before.register_step_post_hook(lambda *_: own.step())
    with watch(decoder, own) as seen:
        own.register_step_post_hook(lambda *_: own.zero_grad())
        autoencode(encoder, decoder, before)
    assert not seen.facts.loop.players and seen.facts.measured


# More than one watch


def test_watches_may_be_left_in_any_order():
    before = torch.autograd.backward, F.cross_entropy
    pairs = []
    for _ in range(2):
        model = coder(8, 16, 3)
        optimizer = torch.optim.SGD(model.parameters(), 0.05)
        pairs.append((model, optimizer, watch(model, optimizer).__enter__()))
    x, y = rows()
    for left in range(3):
        if left:
            pairs[left - 1][2].__exit__(None, None, None)
        for model, optimizer, _ in pairs:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    assert [seen.facts.loop.backwards for *_, seen in pairs] == [1, 2]
    assert before == (torch.autograd.backward, F.cross_entropy)


def test_what_the_program_puts_around_a_function_meanwhile_stays():
    original, told = F.cross_entropy, []
    model = coder(8, 16, 3)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    x, y = rows()
    try:
        with watch(model, optimizer):
            replaced = F.cross_entropy

            def own(*args, **kwargs):
                told.append(1)
                return replaced(*args, **kwargs)

            F.cross_entropy = own
        for _ in range(2):
            with watch(model, optimizer) as seen:
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
            assert seen.facts.loss.name == "cross_entropy"
        assert F.cross_entropy is own and len(told) == 2
    finally:
        F.cross_entropy = original


def test_loops_in_threads_do_not_hear_each_other():
    def run(looking: bool):
        torch.manual_seed(4)
        models, seen = [coder(8, 32, 3) for _ in range(3)], {}

        def work(place):
            model, (x, y) = models[place], rows()
            optimizer = torch.optim.SGD(model.parameters(), 0.05)
            with watch(model, optimizer) if looking else nullcontext() as one:
                for _ in range(4):
                    for part, labels in zip(x.split(64), y.split(64), strict=True):
                        optimizer.zero_grad()
                        F.cross_entropy(model(part), labels).backward()
                        optimizer.step()
            seen[place] = one

        threads = [Thread(target=work, args=(place,)) for place in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return models, [seen[place] for place in range(3)]

    (plain, _), (watched, seen) = run(False), run(True)
    assert equal(plain, watched)
    assert [one.facts.loop.backwards for one in seen] == [32, 32, 32]
    assert all(one.facts.layers[0].name == "0" and len(one.facts.layers) == 3 for one in seen)


# Refused


@pytest.mark.parametrize("given", [[], "model", [nn.Linear(1, 1), 3], {}, {"a.b": nn.Linear(1, 1)}])
def test_what_is_no_network_is_told(given):
    with pytest.raises(BacklightError, match=r"torch.nn.Module|dots"):
        watch(given, torch.optim.SGD(nn.Linear(1, 1).parameters(), 0.1))
