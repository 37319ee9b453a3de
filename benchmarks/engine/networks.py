"""The networks that are trained, their data, and the arithmetic that one row of them costs."""

import numpy as np

NETWORKS = {
    "23-64-64-2, batch 128": {"widths": (23, 64, 64, 2), "batch": 128, "rows": 40_000, "epochs": 4},
    "23-64-64-2, batch 32": {"widths": (23, 64, 64, 2), "batch": 32, "rows": 20_000, "epochs": 2},
    "784-512-512-10, batch 128": {"widths": (784, 512, 512, 10), "batch": 128, "rows": 20_000, "epochs": 2},
    "784-512-512-10, batch 32": {"widths": (784, 512, 512, 10), "batch": 32, "rows": 5_000, "epochs": 2},
    "residual table, 23-128-2, batch 128": {"residual": (23, 128, 2), "batch": 128, "rows": 20_000, "epochs": 2},
    "4 convolutions, 3×32×32, batch 128": {"batch": 128, "rows": 2_000, "epochs": 1},
}


def data(setting):
    """Rows (n, …) of normal numbers, and the class that a random linear map gives each."""
    generator = np.random.default_rng(0)
    shape, classes = _shape_and_classes(setting)
    x = generator.normal(size=(setting["rows"], *shape)).astype(np.float32)
    teacher = generator.normal(size=(int(np.prod(shape)), classes)).astype(np.float32)
    return x, (x.reshape(len(x), -1) @ teacher).argmax(1)


def _shape_and_classes(setting):
    if "widths" in setting:
        return (setting["widths"][0],), setting["widths"][-1]
    if "residual" in setting:
        return (setting["residual"][0],), setting["residual"][-1]
    return (3, 32, 32), 10


def network(setting):
    """The same network for every contender on PyTorch, with PyTorch's own initialisation."""
    from torch import nn

    if "widths" in setting:
        pairs = list(zip(setting["widths"], setting["widths"][1:], strict=False))
        return nn.Sequential(*[layer for a, b in pairs for layer in (nn.Linear(a, b), nn.ReLU())][:-1])
    if "residual" in setting:
        from backlight.network import Residual

        inputs, width, classes = setting["residual"]
        body = [nn.LayerNorm(width), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width)]
        again = [nn.LayerNorm(width), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width)]
        blocks = Residual(nn.Sequential(*body)), Residual(nn.Sequential(*again))
        return nn.Sequential(nn.Linear(inputs, width), *blocks, nn.LayerNorm(width), nn.Linear(width, classes))
    first, second, third, fourth = (nn.Conv2d(a, b, 3, padding=1) for a, b in ((3, 32), (32, 32), (32, 64), (64, 64)))
    return nn.Sequential(
        *(first, nn.ReLU(), second, nn.ReLU(), nn.MaxPool2d(2), third, nn.ReLU(), fourth, nn.ReLU()),
        *(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64 * 8 * 8, 10)),
    )


def flops_of_a_row(setting):
    """Operations in the matrix products of one row: 2 for each weight and place going forward, 2 for ∂L/∂W, and 2 for
    ∂L/∂x of all layers but the first."""
    if "widths" in setting:
        products = [a * b for a, b in zip(setting["widths"], setting["widths"][1:], strict=False)]
    elif "residual" in setting:
        inputs, width, classes = setting["residual"]
        products = [inputs * width, *[width * width] * 4, width * classes]
    else:
        convolutions = ((3, 32, 32), (32, 32, 32), (32, 64, 16), (64, 64, 16))
        products = [9 * a * b * side * side for a, b, side in convolutions] + [64 * 8 * 8 * 10]
    return 6 * sum(products) - 2 * products[0]
