"""Training on a GPU: as on the processor, plainly and with the step captured as a CUDA graph."""

import copy

import pytest
import torch
from torch import nn

from backlight.backprop import Plan
from backlight.backprop.capture import capture
from backlight.records.config import TrainingConfig
from backlight.training import train

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch finds no CUDA device here")

X = torch.randn(120, 3, 8, 8, generator=torch.Generator().manual_seed(0))
Y = torch.randint(0, 3, (120,), generator=torch.Generator().manual_seed(1))


def network(share=0.0):
    torch.manual_seed(2)
    layers = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(share), nn.Linear(144, 3)
    return nn.Sequential(*layers)


def losses(loss="cross-entropy", share=0.0, **changes):
    config = TrainingConfig(
        **{"optimizer": "sgd", "learning_rate": 0.02, "weight_decay": 0.0, "batch_size": 30, "epochs": 4,
           "schedule": "constant", "label_smoothing": 0.0, "average": 0, "device": "cuda"} | changes
    )  # fmt: skip
    found = train(network(share), loss, (X, Y), None, config, seed=3, record=False)
    return torch.tensor([row.loss for row in found.history])


def test_the_losses_are_those_of_the_processor():
    torch.testing.assert_close(losses(), losses(device="cpu"), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.5])
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_a_captured_step_is_the_step(share, precision):
    plain, captured = (losses(share=share, precision=precision, capture=on) for on in (False, True))
    torch.testing.assert_close(captured, plain, rtol=1e-3, atol=1e-4)


def test_weights_of_the_classes_follow_to_the_gpu():
    assert losses(nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 1.0]))).isfinite().all()


def test_a_function_that_waits_for_the_gpu_is_run_once_and_not_captured():
    x, runs = torch.zeros((), device="cuda"), []

    def function():
        runs.append(1)
        x.add_(1)
        return float(x)

    found, graph = capture(function, [x])
    assert (found, graph) == (1.0, None)
    assert torch.rand(3, device="cuda").isfinite().all()


def test_a_jacobian_with_dropout_is_that_of_one_draw():
    module = network(0.5).cuda().double()
    module[1].eval()
    plan = Plan(copy.deepcopy(module))
    x = X[:1].cuda().double()
    found = plan.jacobian("4", x, by="input")
    assert set(found.flatten().unique().tolist()) <= {0.0, 2.0}
