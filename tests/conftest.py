"""Shared by all tests."""

import torch

torch.set_num_threads(1)  # small tensors: a second thread only waits, and badly so on a busy machine
