"""Raw outputs become probabilities that sum to one, classes in the user's labels, values in the target's units."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn

from backlight.records import Task
from backlight.runs.prediction import prediction_frame, predictions, raw_outputs

BINARY = Task("binary", "y", ("no", "yes"))
MULTI = Task("multiclass", "y", (1, 2, 3))
LOGITS = st.floats(-1e4, 1e4)


@given(arrays(np.float32, (5, 3), elements=st.floats(-9984, 9984, width=32)))
def test_probabilities_sum_to_one(outputs):
    found = predictions(MULTI, outputs, lambda values: values)
    assert found.shape == (5, 3)
    assert np.allclose(found.sum(axis=1), 1)
    assert (found >= 0).all()


@pytest.mark.parametrize("outputs", [[[0.0]], [[50.0]], [[-1000.0]]])
def test_one_logit_and_two_say_the_same(outputs):
    one = predictions(BINARY, np.array(outputs), lambda values: values)
    two = predictions(BINARY, np.array([[0.0, outputs[0][0]]]), lambda values: values)
    assert np.array_equal(one, two)


def test_frames_speak_the_users_words():
    frame = prediction_frame(BINARY, np.array([[0.9, 0.1], [0.2, 0.8]]))
    assert frame.to_dict(as_series=False) == {
        "prediction": ["no", "yes"],
        "probability_no": [0.9, 0.2],
        "probability_yes": [0.1, 0.8],
    }
    assert prediction_frame(MULTI, np.eye(3))["prediction"].to_list() == [1, 2, 3]
    assert prediction_frame(MULTI, np.zeros((0, 3))).height == 0


def test_values_come_back_in_the_targets_units():
    task = Task("regression", "y")
    found = predictions(task, np.array([[0.0], [1.0]]), lambda values: values * 10 + 5)
    assert found.tolist() == [5.0, 15.0]
    assert prediction_frame(task, found).columns == ["prediction"]


def test_a_row_alone_is_predicted_as_among_others():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(100, 64), nn.SiLU(), nn.Linear(64, 3))
    x = np.random.default_rng(0).normal(size=(50, 100)).astype(np.float32)
    together = raw_outputs(module, x, device="cpu")
    assert np.array_equal(np.concatenate([raw_outputs(module, row[None], device="cpu") for row in x]), together)
    assert len(raw_outputs(module, x[:0], device="cpu")) == 0
