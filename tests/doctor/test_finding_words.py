"""How a finding says a number, and how it names a layer."""

import pytest

from backlight.doctor.words import layer_named


@pytest.mark.parametrize(
    ("name", "said"),
    [("0", "layer 0"), ("2.1", "layer 2.1"), ("encoder.0", "encoder.0"), ("fc1", "fc1"), ("", "the network")],
)
def test_a_layer_that_is_called_by_a_number_is_called_a_layer(name: str, said: str) -> None:
    assert layer_named(name) == said
