"""Pipelines, searches and ensembles in files: the same to the bit, without pickle."""

from __future__ import annotations

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils._param_validation import InvalidParameterError
from skorch.callbacks import EpochScoring

import sksequence
from helpers.comparing import assert_same
from helpers.composites import LABELS, NAMED, SMALL, fitted, methods_of, rows
from helpers.estimators import make
from helpers.files import forge
from helpers.processes import run_python
from sksequence.metrics import make_step_scorer
from sksequence.preprocessing import SlidingWindow, StepwiseTransformer


def stored(model, path):
    sksequence.save(model, path)
    return sksequence.load(path)


def answers(model, X):
    return [getattr(model, method)(X) for method in methods_of(model)]


def flat(answers):
    return [np.concatenate([*map(np.ravel, answer)]) for answer in answers]


def parts_of(model):
    """The names and classes of all that a composite is made of."""
    return {name: type(value) for name, value in model.get_params().items()}


# ---------------------------------------------------------------------------- to the bit


@pytest.mark.parametrize("case", NAMED)
def test_what_is_saved_comes_back_to_the_bit(case, path):
    model, X, y = fitted(case)
    again = stored(model, path)
    assert type(again) is type(model)
    assert vars(again).keys() == vars(model).keys()
    assert parts_of(again) == parts_of(model)
    addresses = re.compile("0x[0-9a-fA-F]+")
    assert addresses.sub("", repr(again)) == addresses.sub("", repr(model))
    assert_same(flat(answers(again, X)), flat(answers(model, X)))
    if case != "panel":  # whose folds need groups
        one, other = clone(again).fit(X, y), clone(model).fit(X, y)
        assert_same(flat(answers(one, X)), flat(answers(other, X)))


@pytest.mark.parametrize("case", ["columns", "grid", "union"])
def test_the_same_composite_makes_the_same_bytes(case, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    again = stored(fitted(case)[0], first)
    sksequence.save(again, first)
    sksequence.save(sksequence.load(first), second)
    assert first.read_bytes() == second.read_bytes()


WITHOUT_PICKLE = """
    import pickle, sys
    import _pickle, joblib, torch, numpy as np
    import sksequence

    folder = sys.argv[1]
    with open(f"{folder}/data", "rb") as file:
        data = pickle.load(file)

    def forbidden(*_, **__):
        raise AssertionError("somebody unpickles")

    class Forbidden:
        __init__ = forbidden

    for module in (pickle, _pickle):
        module.load = module.loads = forbidden
        module.Unpickler = Forbidden
    joblib.load = torch.load = forbidden
    sys.addaudithook(lambda event, _: event == "pickle.find_class" and forbidden())
    for case, (X, methods) in data.items():
        model = sksequence.load(f"{folder}/{case}")
        found = [getattr(model, method)(X) for method in methods]
        flat = [np.concatenate([*map(np.ravel, answer)]) for answer in found]
        np.savez(f"{folder}/{case}.npz", *flat)
"""


def test_another_process_answers_the_same_without_pickle(tmp_path):
    expected, data = {}, {}
    for case in NAMED:
        model, X, _ = fitted(case)
        sksequence.save(model, tmp_path / case)
        data[case] = X, methods_of(model)
        expected[case] = flat(answers(model, X))
    (tmp_path / "data").write_bytes(pickle.dumps(data))
    run_python(WITHOUT_PICKLE, tmp_path)
    for case, flats in expected.items():
        with np.load(tmp_path / f"{case}.npz") as found:
            assert_same([*found.values()], flats)


# ------------------------------------------------------------------ what a user relies on


def test_a_search_keeps_its_results_and_its_scorer(path):
    search, X, y = fitted("grid")
    again = stored(search, path)
    pd.testing.assert_frame_equal(
        pd.DataFrame(again.cv_results_), pd.DataFrame(search.cv_results_)
    )
    parameters = "param_gruclassifier__lr"
    assert type(again.cv_results_[parameters]) is np.ma.MaskedArray
    assert again.best_params_ == search.best_params_
    assert again.best_score_ == search.best_score_
    assert again.score(X, y) == search.score(X, y)
    assert set(again.scorer_) == {"f1", "loss"}


@pytest.mark.parametrize("scoring", [None, "f1_macro"])
def test_a_search_scores_as_before(scoring, path):
    search = GridSearchCV(
        make("GRUClassifier", **SMALL), {"lr": [0.1]}, scoring=scoring, cv=2
    ).fit(rows(), LABELS)
    again = stored(search, path)
    assert again.score(rows(), LABELS) == search.score(rows(), LABELS)


def test_a_search_over_a_tagger_keeps_the_scorer_of_steps(path):
    X = [x[:, None] for x in rows()]
    y = [np.where(x[:, 0] > 0, "up", "down") for x in X]
    scoring = make_step_scorer(f1_score, average="macro")
    search = GridSearchCV(
        make("RecurrentTagger", **SMALL), {"lr": [0.1]}, scoring=scoring, cv=2
    ).fit(X, y)
    again = stored(search, path)
    assert again.scorer_ is again.scoring
    assert again.score(X, y) == search.score(X, y) > 0


def test_parts_that_are_one_object_stay_one(path):
    model, _, _ = fitted("votes")
    again = stored(model, path)
    for name, part in zip(again.named_estimators_, again.estimators_, strict=True):
        assert again.named_estimators_[name] is part


def test_a_shared_generator_goes_on_as_one(path):
    generator = np.random.RandomState(0)
    model = make_pipeline(
        FunctionTransformer(), make("GRUClassifier", random_state=generator)
    ).set_params(functiontransformer__kw_args={"unused": generator})
    model[0].set_params(func=None, kw_args={"unused": generator})
    model.set_params(functiontransformer__kw_args=None).fit(rows(), LABELS)
    model[0].kw_args = {"unused": generator}
    again = stored(model, path)
    assert again[0].kw_args["unused"] is again[1].random_state
    assert again[1].random_state is not generator
    for one in (model, again):
        one[0].kw_args = None
        one.fit(rows(), LABELS)
    assert_same(flat(answers(again, rows())), flat(answers(model, rows())))


def test_windows_reach_back_into_the_rows_of_the_fit(path):
    model, X, _ = fitted("windows")
    again = stored(model, path)
    later = X.set_axis(X.index + pd.Timedelta("24D"))
    assert_same(again.predict(later), model.predict(later))
    assert not np.array_equal(model[:2].transform(later), model[:2].transform(X))


def test_names_and_requests_and_containers_are_kept(path):
    frame = pd.DataFrame(rows(), columns=[*"abcdef"])
    with sklearn.config_context(enable_metadata_routing=True):
        model = make_pipeline(
            StandardScaler().set_fit_request(sample_weight="weight"),
            make("GRUClassifier", **SMALL).set_fit_request(sample_weight=True),
        ).set_output(transform="pandas")
        weight = np.arange(len(frame)) % 2 + 1
        model.fit(frame, LABELS, weight=weight, sample_weight=weight)
        again = stored(model, path)
        expected = model[0].get_metadata_routing()
        assert repr(again[0].get_metadata_routing()) == repr(expected)
    assert again.feature_names_in_.tolist() == [*"abcdef"]
    pd.testing.assert_frame_equal(again[0].transform(frame), model[0].transform(frame))
    with pytest.raises(ValueError, match="feature names"):
        again.predict(frame[[*"fedcba"]])


def test_an_estimator_of_its_own_makes_the_file_of_its_method(tmp_path):
    model = make("GRUClassifier", **SMALL).fit(rows(), LABELS)
    sksequence.save(model, tmp_path / "one")
    model.save(tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_loaded_pipeline_trains_on(path):
    model, X, y = fitted("grid")
    again = stored(model, path)
    for one in (model, again):
        one.best_estimator_[-1].partial_fit(X, y)
    assert_same(flat(answers(again, X)), flat(answers(model, X)))


# -------------------------------------------------------------------------------- refusal


class Doubled(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return 2 * X


class Impostor(StandardScaler):
    pass


Impostor.__name__ = "StandardScaler"


def through(*steps):
    return make_pipeline(*steps, make("GRUClassifier", **SMALL))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (through(Doubled()), r"steps\[0\]\[1\]: .*Doubled cannot be saved: files hold"),
        (through(Impostor()), r"Impostor cannot be saved"),
        (
            through(FunctionTransformer(lambda X: X)),
            r"steps\[0\]\[1\]\['func'\]: .*<lambda> cannot be saved",
        ),
        (
            through(FunctionTransformer(np.asarray)),
            r"steps\[0\]\[1\]\['func'\]: numpy\.asarray cannot be saved",
        ),
        (through(StandardScaler()).set_params(memory="cache"), "set memory=None"),
        (
            through().set_params(gruclassifier__callbacks=[EpochScoring("accuracy")]),
            r"steps\[0\]\[1\]: callbacks=.* cannot be saved: it is code",
        ),
        (
            through(StepwiseTransformer(Doubled())),
            r"\['transformer'\]: .*Doubled cannot be saved",
        ),
        (DecisionTreeClassifier(), "tree.* cannot be saved: files hold"),
        (
            GridSearchCV(
                make("GRUClassifier", **SMALL),
                {"lr": [0.1]},
                scoring=lambda model, X, y: 0.0,
                cv=2,
            ),
            r"scoring: .*<lambda> cannot be saved",
        ),
    ],
    ids=[
        "own",
        "impostor",
        "lambda",
        "numpy",
        "memory",
        "callbacks",
        "inner",
        "tree",
        "scorer",
    ],
)
def test_what_is_code_is_refused_by_name(model, message, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path.write_bytes(b"before")
    with pytest.raises(TypeError, match=message):
        sksequence.save(model.fit(rows(), LABELS), path)
    assert path.read_bytes() == b"before"


def test_what_is_not_fitted_or_no_estimator_is_refused(path):
    with pytest.raises(NotFittedError):
        sksequence.save(through(StandardScaler()), path)
    with pytest.raises(TypeError, match="must be a fitted estimator, got dict"):
        sksequence.save({"model": 1}, path)
    with pytest.raises(TypeError, match="path must be str"):
        sksequence.load(3)
    model, _, _ = fitted("windows")
    model.set_params(gruregressor__dropout=3.0)
    with pytest.raises(InvalidParameterError, match="dropout"):
        sksequence.save(model, path)
    assert not path.exists()


# ------------------------------------------------------------------------------- versions


def test_another_scikit_learn_is_said_once_as_it_says_it(path):
    model, X, _ = fitted("votes")
    sksequence.save(model, path)
    forge(path, lambda content, _: content["about"].update({"scikit-learn": "1.0"}))
    with pytest.warns(InconsistentVersionWarning) as warned:
        again = sksequence.load(path)
    (warning,) = warned
    here = re.escape(sklearn.__version__)
    said = f"VotingClassifier was saved with scikit-learn 1.0, and is loaded with {here}"
    assert re.match(said, str(warning.message))
    assert warning.message.original_sklearn_version == "1.0"
    assert warning.filename == __file__
    assert_same(flat(answers(again, X)), flat(answers(model, X)))


def test_an_estimator_alone_does_not_depend_on_scikit_learn(path):
    sksequence.save(make("GRUClassifier", **SMALL).fit(rows(), LABELS), path)
    forge(path, lambda content, _: content["about"].update({"scikit-learn": "1.0"}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sksequence.load(path)


def test_what_an_older_scikit_learn_did_not_have_gets_its_default(path):
    sksequence.save(through(StandardScaler()).fit(rows(), LABELS), path)

    def older(content, _):
        steps = content["tree"]["$object"][1]["steps"]
        scaler = steps[0]["$tuple"][1]["$object"][1]
        del scaler["with_std"]

    forge(path, older)
    assert sksequence.load(path)[0].with_std is True


def test_a_newer_minor_format_loads_with_a_warning(path):
    model, X, _ = fitted("windows")
    sksequence.save(model, path)

    def newer(content, _):
        content["version"], content["about"]["sksequence"] = [1, 1], "9.9"

    forge(path, newer)
    with pytest.warns(UserWarning, match=r"sksequence 9\.9 in format 1\.1, newer"):
        again = sksequence.load(path)
    assert_same(flat(answers(again, X)), flat(answers(model, X)))


def test_a_part_in_a_newer_format_is_refused(path):
    sksequence.save(through(SlidingWindow(2)).fit(rows(), LABELS), path)

    def newer(content, _):
        steps = content["tree"]["$object"][1]["steps"]
        steps[1]["$tuple"][1]["$object"][1]["format"] = {"$tuple": [3, 0]}

    forge(path, newer)
    with pytest.raises(ValueError, match="GRUClassifier was stored by sksequence"):
        sksequence.load(path)


def test_a_pipeline_can_still_be_taken_apart(path):
    model, X, _ = fitted("windows")
    model[-1].save(path)
    again = Pipeline([*model.steps[:-1], ("gru", sksequence.load(path))])
    assert_same(flat(answers(again, X)), flat(answers(model, X)))
