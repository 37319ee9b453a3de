"""The settings that a sweep varies, as a person calls them and asks for them."""

from __future__ import annotations

_WORDS: dict[str, tuple[str, str]] = {
    "learning_rate": ("learning rate", "Which learning rate suits this network?"),
    "batch_size": ("batch size", "How many rows should a batch have?"),
    "epochs": ("number of epochs", "How many epochs are enough?"),
    "width": ("width", "How wide should the network be?"),
    "init": ("initialisation", "From which initialisation does this network learn best?"),
    "dropout": ("dropout", "How much dropout helps?"),
    "weight_decay": ("weight decay", "How much weight decay helps?"),
    "label_smoothing": ("label smoothing", "How much should the labels be smoothed?"),
    "optimizer": ("optimizer", "Which optimizer suits this network?"),
    "momentum": ("momentum", "How much momentum helps?"),
    "nesterov": ("Nesterov momentum", "Does Nesterov's form of momentum help?"),
    "schedule": ("schedule", "Which schedule of the learning rate is best?"),
    "warmup": ("warm-up", "How long should the learning rate warm up?"),
    "average": ("decay of the average", "Over how many steps should the parameters be averaged?"),
    "clip": ("bound on the gradient", "Where should the gradient be clipped?"),
    "patience": ("patience", "How long should training wait for a better epoch?"),
    "keep": ("kept epoch", "Should the best epoch be kept, or the last?"),
    "class_weights": ("weighting of the classes", "Should rare classes weigh more?"),
    "shuffle": ("shuffling", "Should the rows be shuffled?"),
    "accumulate": ("accumulated batches", "Over how many batches should gradients be accumulated?"),
    "layerwise": ("update by layer", "Should each layer be updated as soon as its gradient is ready?"),
    "precision": ("precision", "In which precision should it train?"),
    "capture": ("capture", "Should the steps be captured?"),
}


def name_of(setting: str) -> str:
    """As it stands within a sentence, without an article."""
    return _WORDS[setting][0] if setting in _WORDS else setting.replace("_", " ")


def question(setting: str) -> str:
    """What a sweep over the setting answers."""
    return _WORDS[setting][1] if setting in _WORDS else f"Which {name_of(setting)} is best?"
