"""Inputs that tests of this room share."""

from backlight.records import ArrayInputs, Feature, ImageInputs, TableInputs

TABLE = TableInputs(
    (
        Feature("age", "continuous", edges=(-2.0, -0.5, 0.0, 0.5, 2.0)),
        Feature("married", "flag"),
        Feature("colour", "discrete", 5),
        Feature("town", "discrete", 40),
        Feature("income", "continuous", edges=(-1.0, 1.0)),
        Feature("street", "discrete", 900),
    )
)
NUMBERS = ArrayInputs((7,))
SEQUENCE = ArrayInputs((3, 24))


def images(channels: int = 3, height: int = 16, width: int = 12) -> ImageInputs:
    return ImageInputs(channels, height, width, (120.0,) * channels, (60.0,) * channels)
