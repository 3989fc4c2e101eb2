"""Names of channels: like those of a table's columns, in every form that has them."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest

import sksequence
from helpers.data import objects, ragged
from helpers.estimators import make

X = ragged()
LABELS = np.arange(len(X)) % 2
AGE = np.arange(8.0)
OTHER_ORDER = "must be in the same order as they were in fit"


def pandas(x, names):
    return pd.DataFrame(x, columns=names)


def of_polars(x, names):
    return pl.DataFrame(x, schema=list(names))


def nullable(x, names):
    return pandas(x, names).convert_dtypes()


def table_of_frames(frames):
    return pd.DataFrame({"age": AGE, "history": pd.Series(frames, dtype=object)})


KINDS = {"pandas": pandas, "polars": of_polars, "pandas' own dtypes": nullable}
HOLDERS = {
    "list": list,
    "tuple": tuple,
    "object array": objects,
    "Series": lambda frames: pd.Series(frames, dtype=object),
    "cells of a table": table_of_frames,
    "cells of an object array": lambda frames: table_of_frames(frames).to_numpy(),
}
every_kind = pytest.mark.parametrize("frame", KINDS.values(), ids=KINDS)
every_holder = pytest.mark.parametrize("held", HOLDERS.values(), ids=HOLDERS)


def frames_of(frame, names="ab", columns=slice(None)):
    return [frame(x[:, columns], list(names)) for x in X]


@every_kind
@every_holder
def test_channels_have_the_names_of_columns(frame, held):
    named = held(frames_of(frame))
    model = make("GRUClassifier").fit(named, LABELS)
    assert model.feature_names_in_.tolist() == ["a", "b"]
    assert model.n_features_in_ == 2
    plain = held(X) if model.n_static_features_in_ else X
    expected = make("GRUClassifier").fit(plain, LABELS).transform(plain)
    np.testing.assert_array_equal(model.transform(named), expected)
    with pytest.raises(ValueError, match=OTHER_ORDER):
        model.predict(held(frames_of(frame, "ba", [1, 0])))
    with pytest.raises(ValueError, match="Feature names unseen at fit time:\n- q\n- r"):
        model.predict(held(frames_of(frame, "qr")))
    # One frame among others, also where it is not the first.
    mixed = [*frames_of(frame)[:5], *frames_of(frame, "ba", [1, 0])[5:]]
    with pytest.raises(ValueError, match=f"(?s)Sequence 5 .*{OTHER_ORDER}"):
        model.predict(held(mixed))


@every_kind
@every_holder
def test_one_X_has_one_order_of_channels(frame, held):
    mixed = [*frames_of(frame)[:3], *frames_of(frame, "ba", [1, 0])[3:]]
    model = make("GRUClassifier")
    with pytest.raises(ValueError, match=f"(?s)Sequence 3 .*{OTHER_ORDER}"):
        model.fit(held(mixed), LABELS)
    assert not hasattr(model, "feature_names_in_")
    assert not hasattr(model, "n_features_in_")


def test_columns_of_a_polars_table_are_named_like_those_of_pandas():
    wide = np.array([x[:4, 0] for x in X])
    model = make("GRUClassifier").fit(pl.DataFrame(wide, schema=list("abcd")), LABELS)
    assert model.feature_names_in_.tolist() == list("abcd")
    np.testing.assert_array_equal(
        model.transform(pd.DataFrame(wide, columns=list("abcd"))),
        make("GRUClassifier").fit(wide, LABELS).transform(wide),
    )
    with pytest.raises(ValueError, match=OTHER_ORDER):
        model.predict(pl.DataFrame(wide, schema=list("abcd")).select(list("badc")))


def test_scikit_learn_warns_where_names_come_or_go():
    named = frames_of(pandas)
    model = make("GRUClassifier").fit(named, LABELS)
    with pytest.warns(UserWarning, match="does not have valid feature names, but GRU"):
        answer = model.transform(X)
    np.testing.assert_array_equal(answer, model.transform(named))
    with pytest.warns(UserWarning, match="does not have valid feature names, but GRU"):
        model.predict([named[0], *X[1:]])
    nameless = make("GRUClassifier").fit(X, LABELS)
    with pytest.warns(UserWarning, match="X has feature names, but GRUClassifier was"):
        nameless.predict(named)


def test_names_are_no_names_of_channels_if_channels_come_first():
    steps_named = [pd.DataFrame(x.T, columns=[f"t{i}" for i in range(len(x))]) for x in X]
    model = make("GRUClassifier", data_format="channels_first").fit(steps_named, LABELS)
    assert not hasattr(model, "feature_names_in_")
    expected = make("GRUClassifier").fit(X, LABELS).transform(X)
    np.testing.assert_array_equal(model.transform(steps_named), expected)


def test_numbers_are_no_names():
    frames = [pd.DataFrame(x) for x in X]
    model = make("GRUClassifier").fit(frames, LABELS)
    assert not hasattr(model, "feature_names_in_")
    np.testing.assert_array_equal(model.predict(frames), model.predict(X))


def test_continued_fits_and_stored_estimators_know_the_names(tmp_path):
    named, other = frames_of(pandas), frames_of(pandas, "ba", [1, 0])
    model = make("GRUClassifier").partial_fit(named, LABELS, [0, 1])
    with pytest.raises(ValueError, match=OTHER_ORDER):
        model.partial_fit(other, LABELS)
    model.save(tmp_path / "model.safetensors")
    for again in (
        pickle.loads(pickle.dumps(model)),
        sksequence.load(tmp_path / "model.safetensors"),
    ):
        with pytest.raises(ValueError, match=OTHER_ORDER):
            again.predict(other)
    predictor = model.to_numpy()
    np.testing.assert_allclose(
        predictor.predict_proba(named), model.predict_proba(named), atol=1e-6
    )
    with pytest.raises(
        ValueError, match=r"names should match.*\['b', 'a'\].*in this ord"
    ):
        predictor.predict(other)


# ------------------------------------------------------------------- targets of each step


def targets(frame, names="pq", columns=slice(None)):
    return [frame(np.c_[x[:, 0], -x[:, 1]][:, columns], list(names)) for x in X]


@every_kind
def test_targets_of_steps_have_one_order(frame):
    mixed = [*targets(frame)[:6], *targets(frame, "qp", [1, 0])[6:]]
    with pytest.raises(ValueError, match=r"\['q', 'p'\] for sequence 6.*\['p', 'q'\]"):
        make("RecurrentStepRegressor").fit(X, mixed)
    model = make("RecurrentStepRegressor").fit(X, targets(frame))
    plain = targets(lambda y, names: y)
    assert model.score(X, targets(frame)) == pytest.approx(model.score(X, plain))
    with pytest.raises(ValueError, match=r"target names should match.*\['q', 'p'\]"):
        model.score(X, targets(frame, "qp", [1, 0]))
    with pytest.raises(ValueError, match="target names should match"):
        model.partial_fit(X, targets(frame, "rs"))


def test_labels_of_steps_have_one_order():
    y = [pd.DataFrame(x > 0, columns=["p", "q"]).astype(int) for x in X]
    model = make("RecurrentTagger").fit(X, y)
    assert pickle.loads(pickle.dumps(model)).score(X, y) == model.score(X, y)
    with pytest.raises(ValueError, match="target names should match"):
        model.score(X, [labels[["q", "p"]] for labels in y])


def test_several_outputs_keep_their_order_in_a_continued_fit():
    y = pd.DataFrame({"heat": AGE, "power": -AGE})
    model = make("GRURegressor", warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="target names should match"):
        model.fit(X, y[["power", "heat"]])
    with pytest.raises(ValueError, match="target names should match"):
        model.partial_fit(X, y[["power", "heat"]])
