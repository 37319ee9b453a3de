"""Loops with more than one network: an encoder and its decoder, two players, one teacher."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn
from watched_loop import rows

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
