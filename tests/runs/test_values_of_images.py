"""A number told of a picture: what is chosen for it trains."""

import csv

import numpy as np
import pytest
from sklearn.datasets import load_digits

import backlight as bl


def digits(folder):
    """A CSV of 500 handwritten digits, whose value is the target."""
    data = load_digits()
    with (folder / "digits.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*data.feature_names, "target"])
        rows.writerows(np.column_stack([data.data, data.target]).astype(int)[:500].tolist())
    return folder / "digits.csv"


@pytest.mark.parametrize("optimizer", [None, "sgd"])
def test_values_of_handwritten_digits_are_learned(tmp_path, optimizer):
    run = bl.train(
        digits(tmp_path), target="target", task="regression", optimizer=optimizer, treat=False, diagnose=False,
        verbose=False, out=tmp_path / "run",
    )  # fmt: skip
    losses = [row.loss for row in run.history if row.split == "validation"]
    assert np.isfinite(losses).all()
    assert min(losses) < 0.4  # of the variance; measured 0.1 to 0.2
