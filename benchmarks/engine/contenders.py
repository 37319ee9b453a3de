"""Ways to train the same network: Adam at 0.001, cross-entropy, the same batches an epoch, no evaluation.

Each is a function `(setting, x, y) -> losses`, the mean training loss of every epoch. What it imports, it imports
inside: each runs in a process of its own, and some are not installed everywhere.
"""

from .networks import network

RATE = 1e-3


def loop(setting, x, y):
    """The usual PyTorch loop, on tensors."""
    import torch
    from torch.nn import functional as F

    return _loop(setting, x, y, network(setting), torch.optim.Adam, F.cross_entropy)


def _loop(setting, x, y, model, make_optimizer, loss_of):
    import torch

    rows, targets = torch.tensor(x), torch.tensor(y)
    optimizer = make_optimizer(model.parameters(), lr=RATE)
    losses = []
    for _ in range(setting["epochs"]):
        total = 0.0
        parts = torch.randperm(len(rows)).split(setting["batch"])
        for part in parts:
            optimizer.zero_grad()
            loss = loss_of(model(rows[part]), targets[part])
            loss.backward()
            optimizer.step()
            total += loss.detach()
        losses.append(float(total) / len(parts))
    return losses


def data_loader(setting, x, y):
    """The loop fed by a DataLoader."""
    import torch
    from torch.nn import functional as F
    from torch.utils.data import DataLoader, TensorDataset

    model = network(setting)
    batches = DataLoader(TensorDataset(torch.tensor(x), torch.tensor(y)), setting["batch"], shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    losses = []
    for _ in range(setting["epochs"]):
        total = 0.0
        for rows, targets in batches:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(rows), targets)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        losses.append(float(total) / len(batches))
    return losses


_COMPILED = {}


def compiled(setting, x, y):
    """The loop on a compiled network; compiled once, by the fit that warms up."""
    import torch
    from torch.nn import functional as F

    key = str(setting)
    if key not in _COMPILED:
        _COMPILED[key] = torch.compile(network(setting))
    return _loop(setting, x, y, _COMPILED[key], torch.optim.Adam, F.cross_entropy)


def backlight(setting, x, y):
    """`bl.Classifier.fit`."""
    import backlight as bl

    fitted = bl.Classifier(
        network(setting),
        preprocessing="none",
        epochs=setting["epochs"],
        batch_size=setting["batch"],
        optimizer="adam",
        learning_rate=RATE,
        schedule="constant",
        weight_decay=0.0,
        average=0.0,
        validation_fraction=0.0,
        diagnose=False,
    ).fit(x, y)
    return [row.loss for row in fitted.history_ if row.split == "train"]


def lightning(setting, x, y):
    """A LightningModule and a Trainer without logger, checkpoints and progress bar."""
    import logging

    import lightning as pl
    import torch
    from torch.nn import functional as F
    from torch.utils.data import DataLoader, TensorDataset

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    losses = [[] for _ in range(setting["epochs"])]

    class Module(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.model = network(setting)

        def training_step(self, batch, _):
            loss = F.cross_entropy(self.model(batch[0]), batch[1])
            losses[self.current_epoch].append(loss.detach())
            return loss

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=RATE)

    batches = DataLoader(TensorDataset(torch.tensor(x), torch.tensor(y)), setting["batch"], shuffle=True)
    pl.Trainer(
        max_epochs=setting["epochs"],
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    ).fit(Module(), batches)
    return [float(torch.stack(part).mean()) for part in losses]


def keras(setting, x, y):
    """Keras 3 on PyTorch, `Model.fit`."""
    import os

    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    widths = setting["widths"]
    layers = [keras.layers.Dense(width, activation="relu") for width in widths[1:-1]] + [keras.layers.Dense(widths[-1])]
    model = keras.Sequential([keras.Input(widths[:1]), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(RATE, epsilon=1e-8), loss=loss)
    return model.fit(x, y, batch_size=setting["batch"], epochs=setting["epochs"], verbose=0).history["loss"]


def skorch(setting, x, y):
    """skorch's NeuralNetClassifier."""
    import torch
    from skorch import NeuralNetClassifier
    from torch import nn

    fitted = NeuralNetClassifier(
        network(setting),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=RATE,
        batch_size=setting["batch"],
        max_epochs=setting["epochs"],
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    ).fit(x, y)
    return fitted.history[:, "train_loss"]


def scikit_learn(setting, x, y):
    """MLPClassifier."""
    import warnings

    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")  # it has not converged, and need not
    hidden, batch, epochs = setting["widths"][1:-1], setting["batch"], setting["epochs"]
    return MLPClassifier(hidden, batch_size=batch, max_iter=epochs, alpha=0.0, tol=0.0).fit(x, y).loss_curve_


_JITTED = {}


def jax_scan(setting, x, y):
    """JAX and Optax, every epoch one `lax.scan` over its batches."""
    import jax
    import numpy as np
    import optax
    from jax import numpy as jnp

    optimizer = optax.adam(RATE)
    generator = np.random.default_rng(1)

    def layer(a, b):
        bound = a**-0.5  # PyTorch's initialisation
        return generator.uniform(-bound, bound, (a, b)).astype("f4"), generator.uniform(-bound, bound, b).astype("f4")

    def loss_of(layers, rows, targets):
        *hidden, last = layers
        for weight, bias in hidden:
            rows = jax.nn.relu(rows @ weight + bias)
        return optax.softmax_cross_entropy_with_integer_labels(rows @ last[0] + last[1], targets).mean()

    def step(state, batch):
        layers, memory = state
        loss, gradients = jax.value_and_grad(loss_of)(layers, *batch)
        updates, memory = optimizer.update(gradients, memory, layers)
        return (optax.apply_updates(layers, updates), memory), loss

    def epoch(state, x, y, order):
        return jax.lax.scan(step, state, (x[order], y[order]))

    run = _JITTED.setdefault("epoch", jax.jit(epoch))
    layers = [layer(a, b) for a, b in zip(setting["widths"], setting["widths"][1:], strict=False)]
    state, x, y = (layers, optimizer.init(layers)), jnp.asarray(x), jnp.asarray(y)
    losses = []
    for _ in range(setting["epochs"]):
        whole = len(x) // setting["batch"] * setting["batch"]
        state, found = run(state, x, y, generator.permutation(len(x))[:whole].reshape(-1, setting["batch"]))
        losses.append(float(found.mean()))
    return losses


PERCEPTRONS_ONLY = ("keras", "scikit_learn", "jax_scan")
CONTENDERS = {
    f.__name__: f for f in (loop, backlight, data_loader, compiled, lightning, keras, skorch, scikit_learn, jax_scan)
}
NEEDS = {"lightning": "lightning", "keras": "keras", "skorch": "skorch", "jax_scan": "optax"}
"""The package without which a contender is passed over."""
