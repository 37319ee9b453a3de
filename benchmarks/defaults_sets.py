"""The sets on which defaults are measured."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine

BUNDLED: dict[str, Callable[..., Any]] = {
    "wine": load_wine,
    "breast_cancer": load_breast_cancer,
    "diabetes": load_diabetes,
    "digits": load_digits,
    "iris": load_iris,
}
FILES = {
    "adult": ("adult.csv", "income"),
    "beijing-pm25": ("beijing-pm25.csv", "pm2.5"),
    "mnist10k": ("mnist10k.csv.zip", "label"),
}
"""File and target of each."""
_OF_VALUES = ("diabetes", "beijing-pm25")


@dataclass(frozen=True)
class Table:
    """Rows and target; rows without a target are left out."""

    X: pd.DataFrame
    y: np.ndarray
    values: bool
    """Whether the target is a value, not a class."""

    @property
    def categories(self) -> list[str]:
        """Columns of text."""
        return [name for name in self.X.columns if not pd.api.types.is_numeric_dtype(self.X[name])]

    def typed(self) -> pd.DataFrame:
        """The rows with columns of text as pandas categories."""
        return self.X.astype(dict.fromkeys(self.categories, "category"))


def load(name: str, folder: Path | None) -> Table:
    """The set of that name; the files lie in the folder."""
    if name in BUNDLED:
        X, y = BUNDLED[name](return_X_y=True, as_frame=True)
    else:
        if folder is None:
            raise SystemExit(f"{name} is a file: give its folder with --data.")
        file, target = FILES[name]
        frame = pd.read_csv(folder / file).dropna(subset=[target]).reset_index(drop=True)
        X, y = frame.drop(columns=target), frame[target]
    return Table(X, y.to_numpy(float if name in _OF_VALUES else None), name in _OF_VALUES)
