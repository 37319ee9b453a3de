"""The programs of the fault benchmark serve the tests, too."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))
torch.set_num_threads(1)  # many small products: on a busy machine a second thread costs more than it brings


@pytest.fixture
def rng():
    return np.random.default_rng(0)
