"""`Classifier` and `Regressor` keep scikit-learn's contract."""

import io
import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_wine
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import nn

import backlight as bl

FEW = {"network": "16 relu", "epochs": 30, "batch_size": 32}


def both(**options):
    return [bl.Classifier(**FEW, **options), bl.Regressor(**FEW, learning_rate=0.01, **options)]


@parametrize_with_checks(both(validation_fraction=0))
def test_the_contract(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([*both(preprocessing="none"), *both()])
def test_the_contract_with_other_parameters(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def wine():
    X, y = load_wine(return_X_y=True)
    return X, np.array(["red", "rosé", "white"])[y]


def test_labels_are_the_users_own(wine):
    X, y = wine
    fitted = bl.Classifier(**FEW).fit(X, y)
    assert fitted.classes_.tolist() == ["red", "rosé", "white"]
    assert fitted.score(X, y) > 0.9
    assert np.allclose(fitted.predict_proba(X).sum(axis=1), 1)
    assert fitted.history_[-1].split == "validation"


def test_frames_with_text_and_holes():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=200), "b": random.choice(["x", "y"], 200)})
    y = (frame["a"] + 2 * (frame["b"] == "x") > 1).to_numpy()
    frame.loc[::7, "a"] = np.nan
    fitted = bl.Classifier(**FEW).fit(frame, y)
    assert fitted.feature_names_in_.tolist() == ["a", "b"]
    assert fitted.score(frame, y) > 0.8
    polars = pl.from_pandas(frame)
    assert np.allclose(bl.Classifier(**FEW).fit(polars, y).predict_proba(polars), fitted.predict_proba(frame))


@pytest.mark.parametrize("preprocessing", ["auto", "none"])
def test_a_module_of_ones_own_is_copied(wine, preprocessing):
    X, y = wine
    X = StandardScaler().fit_transform(X).astype(np.float32)
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, 3))
    before = [p.detach().clone() for p in module.parameters()]
    fitted = bl.Classifier(module, preprocessing=preprocessing, epochs=30, learning_rate=0.02).fit(X, y)
    assert fitted.score(X, y) > 0.9
    assert all(torch.equal(old, new) for old, new in zip(before, module.parameters(), strict=True))


def test_two_classes_with_two_outputs_or_one():
    X = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    y = (X[:, 0] > 0).astype(int)
    for outputs in (1, 2):
        fitted = bl.Classifier(nn.Linear(3, outputs), preprocessing="none", epochs=30, learning_rate=0.05).fit(X, y)
        assert fitted.predict_proba(X).shape == (200, 2)
        assert fitted.score(X, y) > 0.9


def test_values_in_their_own_units():
    X, y = load_diabetes(return_X_y=True)
    fitted = bl.Regressor(**FEW).fit(X, y)
    assert fitted.score(X, y) > 0.3
    assert 100 < fitted.predict(X).mean() < 200


def test_warm_start_goes_on():
    X, y = load_wine(return_X_y=True)
    fitted = bl.Classifier("16 relu", epochs=1, warm_start=True, schedule="constant", validation_fraction=0)
    first = fitted.fit(X, y).predict_proba(X)
    losses = [-np.log(fitted.fit(X, y).predict_proba(X)[np.arange(len(y)), y]).mean() for _ in range(8)]
    assert losses[-1] < -np.log(first[np.arange(len(y)), y]).mean()
    cold = clone(fitted).set_params(warm_start=False)
    assert np.array_equal(cold.fit(X, y).predict_proba(X), cold.fit(X, y).predict_proba(X))


def test_pickle_and_joblib(wine):
    X, y = wine
    torch.manual_seed(0)
    for fitted in (bl.Classifier(**FEW).fit(X, y), bl.Classifier(nn.Linear(13, 3), epochs=30).fit(X, y)):
        file = io.BytesIO()
        joblib.dump(fitted, file)
        file.seek(0)
        for again in (joblib.load(file), pickle.loads(pickle.dumps(fitted))):
            assert np.array_equal(again.predict_proba(X), fitted.predict_proba(X))
            assert again.fit(X, y).score(X, y) > 0.3


def test_searches_and_pipelines(wine):
    X, y = wine
    search = GridSearchCV(bl.Classifier(**FEW), {"learning_rate": [1e-3, 1e-2]}, cv=2)
    assert make_pipeline(StandardScaler(), search).fit(X, y).score(X, y) > 0.8


def test_a_wrong_parameter_is_one_sentence(wine):
    with pytest.raises(bl.BacklightError, match="optimizer = 'adamm' cannot be used"):
        bl.Classifier(optimizer="adamm").fit(*wine)
    with pytest.raises(bl.BacklightError, match="needs 3: change its last layer"):
        bl.Classifier(nn.Linear(13, 7), preprocessing="none").fit(*wine)


def test_great_values_that_lie_close_together_stay_apart():
    x = np.linspace(-1, 1, 200)[:, None]
    y = 1.6e9 + 10 * x[:, 0]
    fitted = bl.Regressor("16 relu", epochs=60, learning_rate=0.01, validation_fraction=0).fit(x, y)
    assert fitted.score(x, y) > 0.9


def test_warm_start_refuses_other_classes(wine):
    X, y = wine
    fitted = bl.Classifier("8 relu", epochs=1, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="goes on with the classes of the fit before"):
        fitted.fit(X, np.char.upper(y))
    assert fitted.classes_.tolist() == ["red", "rosé", "white"]


class _Pair(nn.Module):
    def forward(self, x):
        return x, x


class _Waves(nn.Module):
    def forward(self, x):
        return torch.complex(x, x)


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (_Pair(), "The network gives tuple; its forward must give one tensor of real numbers"),
        (_Waves(), "The network gives torch.complex64; its forward must give one tensor"),
        (nn.Linear, "is neither a line of text nor a module"),
    ],
)
def test_what_is_no_network_is_one_sentence(network, sentence):
    with pytest.raises(bl.BacklightError, match=sentence):
        bl.Classifier(network, epochs=1).fit(np.eye(6), [0, 1] * 3)
