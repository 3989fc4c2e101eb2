"""scikit-learn cannot tell these estimators from its own."""

from __future__ import annotations

import os
from operator import attrgetter

import numpy as np
import pandas as pd
import pytest
import sklearn
from joblib import Parallel, delayed
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
    train_test_split,
)
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    check_sample_weight_equivalence_on_dense_data,
    parametrize_with_checks,
)

import sksequence
from helpers.data import objects, ragged
from helpers.estimators import CLASSIFIERS, ESTIMATORS, make

# One exact configuration per task: full batches, in double precision, and few enough
# steps of Adam that the rounding of sums in another order has not grown.
STRICT = {
    "Classifier": {"max_epochs": 20, "lr": 0.05},
    "Regressor": {"max_epochs": 60, "lr": 0.05, "bidirectional": True, "pooling": "last"},
}


def strict(name, **params):
    kind = "Classifier" if name in CLASSIFIERS else "Regressor"
    return getattr(sksequence, name)(
        **{"dtype": "float64", "batch_size": None, "hidden_size": 16},
        **{**STRICT[kind], **params},
    )


DETECTORS = [
    strict("RecurrentDetector", objective=objective, bidirectional=both, max_epochs=20)
    for objective, both in {"predict": False, "reconstruct": True}.items()
]


def failures_expected(estimator):
    if estimator.dtype == "float64":
        return {}
    return {
        "check_sample_weight_equivalence_on_dense_data": (
            "a repeated row changes what shares a mini-batch with what"
        )
    }


def by_default(name):
    """The estimator as it comes, or smaller, where another cell only repeats the checks.

    With ``SKSEQUENCE_TESTS=full`` in the environment none is smaller.
    """
    small = {"hidden_size": 16, "max_epochs": 15, "lr": 0.05}
    as_it_comes = name.startswith("LSTM") or os.environ.get("SKSEQUENCE_TESTS") == "full"
    return getattr(sksequence, name)(**{} if as_it_comes else small)


@pytest.mark.no_cover  # slower with it, and others cover what it covers
@parametrize_with_checks(
    [by_default(name) for name in (*ESTIMATORS, "RecurrentDetector")],
    expected_failed_checks=failures_expected,
)
def test_with_defaults(estimator, check):
    check(estimator)


@pytest.mark.no_cover
@parametrize_with_checks(
    [strict("LSTMClassifier"), strict("GRURegressor"), *DETECTORS],
    expected_failed_checks=failures_expected,
)
def test_strictly(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_sample_weights_equal_repetition(name):
    check_sample_weight_equivalence_on_dense_data(name, strict(name, max_epochs=15))


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    "check", [check_param_validation, check_dataframe_column_names_consistency]
)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_parameters_and_column_names(name, check):
    check(name, make(name))


# -------------------------------------------------- what carries sequences of any length


@pytest.fixture(scope="module")
def task():
    """Random walks of unequal length that drift up or down."""
    rng = np.random.default_rng(1)
    y = np.array(["up", "down"])[rng.integers(0, 2, size=60)]
    drift = np.where(y == "up", 0.5, -0.5)
    X = [
        (rng.normal(size=(n, 2)) + np.array([d, 0])).cumsum(axis=0)
        for n, d in zip(rng.integers(6, 25, size=60), drift, strict=True)
    ]
    return X, y


@pytest.fixture
def model():
    return make("LSTMClassifier", max_epochs=12, lr=0.02)


@pytest.mark.parametrize("container", [list, objects])
class TestMetaEstimators:
    def test_train_test_split(self, task, model, container):
        X, y = task
        X_train, X_test, y_train, y_test = train_test_split(
            container(X), y, random_state=0, stratify=y
        )
        assert model.fit(X_train, y_train).score(X_test, y_test) > 0.7

    def test_cross_validate_with_groups(self, task, model, container):
        X, y = task
        groups = np.arange(len(X)) % 4
        scores = cross_validate(
            model, container(X), y, cv=GroupKFold(4), groups=groups, scoring="accuracy"
        )
        assert scores["test_score"].mean() > 0.7

    def test_cross_val_predict(self, task, model, container):
        X, y = task
        proba = cross_val_predict(model, container(X), y, cv=3, method="predict_proba")
        assert proba.shape == (60, 2)
        np.testing.assert_allclose(proba.sum(axis=1), 1)

    @pytest.mark.parametrize(
        ("search", "options"),
        [
            (GridSearchCV, {}),
            (RandomizedSearchCV, {"n_iter": 2, "random_state": 0}),
            (HalvingGridSearchCV, {"resource": "max_epochs", "max_resources": 9}),
            (HalvingGridSearchCV, {"min_resources": 20, "random_state": 0}),
        ],
    )
    def test_searches(self, task, model, container, search, options):
        X, y = task
        grid = {"hidden_size": [4, 8], "bidirectional": [False, True]}
        found = search(model, grid, cv=3, **options).fit(container(X), y)
        assert found.best_score_ > 0.6
        assert found.score(container(X), y) > 0.7

    def test_learning_curve(self, task, model, container):
        X, y = task
        sizes, _, test_scores = learning_curve(
            model, container(X), y, cv=3, train_sizes=[0.5, 1.0]
        )
        assert sizes.tolist() == [20, 40]
        assert np.isfinite(test_scores).all()

    @pytest.mark.parametrize(
        "meta",
        [
            lambda m: VotingClassifier([("a", m), ("b", clone(m))], voting="soft"),
            lambda m: StackingClassifier([("a", m), ("b", clone(m))], cv=2),
            lambda m: CalibratedClassifierCV(m, cv=2),
            lambda m: make_pipeline(FunctionTransformer(lambda X: X), m),
        ],
        ids=["voting", "stacking", "calibrated", "pipeline"],
    )
    def test_ensembles(self, task, model, container, meta):
        X, y = task
        fitted = meta(model).fit(container(X), y)
        assert fitted.score(container(X), y) > 0.7
        assert set(fitted.predict(container(X)[:5])) <= {"up", "down"}


def test_multi_output_classes(task, model):
    X, y = task
    both = np.column_stack([y, np.where([len(x) > 15 for x in X], "long", "short")])
    predicted = MultiOutputClassifier(model).fit(X, both).predict(X)
    assert predicted.shape == (60, 2)
    assert set(predicted[:, 1]) <= {"long", "short"}


def test_inside_a_pipeline_as_transformer(task):
    """The pooled states of one network feed another estimator."""
    X, y = task
    from sklearn.linear_model import LogisticRegression

    pipe = make_pipeline(
        make("LSTMClassifier", max_epochs=8, lr=0.02), LogisticRegression()
    )
    assert pipe.fit(X, y).score(X, y) > 0.7


# ------------------------------------------------------------------------------ comforts


def test_metadata_routing():
    X, y = np.random.default_rng(0).normal(size=(40, 6)), np.arange(40) % 2
    weight = np.random.default_rng(1).uniform(size=40)
    groups = np.repeat(np.arange(10), 4)
    model = make("LSTMClassifier", early_stopping=True)
    with sklearn.config_context(enable_metadata_routing=True):
        pipe = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=True),
            model.set_fit_request(sample_weight=True, groups=True),
        )
        scorer = get_scorer("accuracy").set_score_request(sample_weight=False)
        grid = {"lstmclassifier__hidden_size": [2, 4]}
        search = GridSearchCV(pipe, grid, cv=2, scoring=scorer)
        search.fit(X, y, sample_weight=weight, groups=groups)
        direct = clone(search.best_estimator_).fit(
            X, y, sample_weight=weight, groups=groups
        )
        unweighted = clone(search.best_estimator_).fit(X, y, groups=groups)
    np.testing.assert_array_equal(search.predict_proba(X), direct.predict_proba(X))
    assert (search.predict_proba(X) != unweighted.predict_proba(X)).any()


@pytest.mark.parametrize("name", ["GRUClassifier", "GRURegressor"])
def test_set_output_and_names(name):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 5)), columns=list("abcde"))
    y = np.arange(20) % 2
    model = make(name, bidirectional=True).set_output(transform="pandas").fit(X, y)
    units = model.transform(X)
    assert list(units.columns) == [f"{name.lower()}{i}" for i in range(16)]
    assert list(model.get_feature_names_out()) == list(units.columns)
    assert list(model.feature_names_in_) == list("abcde")


def test_html_repr_links_and_describes(task):
    X, y = task
    html = make("LSTMClassifier").fit(X, y)._repr_html_()
    assert "sksequence.LSTMClassifier" in html
    words = ["hidden_size"]
    if hasattr(sksequence.LSTMClassifier, "set_callbacks"):  # of the same release
        words += ["merge_mode", "How to merge the outputs", "n_epochs_", "classes_"]
    for word in words:
        assert word in html


@pytest.mark.skipif(
    not hasattr(sksequence.LSTMClassifier, "set_callbacks"),
    reason="scikit-learn has callbacks since 1.9",
)
class TestCallbacks:
    class Recorder:
        """Remember every task of a fit, and maybe stop after an epoch."""

        max_propagation_depth = None

        def __init__(self, stop_at=None):
            self.stop_at = stop_at
            self.tasks, self.scores = [], []

        def setup(self, estimator, context):
            self.tasks.append("setup")

        def teardown(self, estimator, context):
            self.tasks.append("teardown")

        def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
            pass

        def on_fit_task_end(
            self, estimator, context, *, X=None, y=None, fitted_estimator=None
        ):
            self.tasks.append(
                (context.estimator_name, context.task_name, context.task_id)
            )
            if context.task_name == "epoch" and fitted_estimator is not None:
                self.scores.append(fitted_estimator.score(X, y))
                return self.stop_at == context.task_id

    def test_every_epoch_is_a_task_with_a_fitted_estimator(self, task):
        X, y = task
        recorder = self.Recorder()
        model = make("GRUClassifier", max_epochs=3).set_callbacks(recorder).fit(X, y)
        epochs = [("GRUClassifier", "epoch", i) for i in range(3)]
        assert recorder.tasks[0] == "setup"
        assert recorder.tasks[1:4] == epochs
        assert recorder.tasks[-1] == "teardown"
        assert recorder.scores[-1] == model.score(X, y)

    def test_a_callback_can_stop_training(self, task):
        X, y = task
        model = make("GRUClassifier", max_epochs=9).set_callbacks(self.Recorder(1))
        assert model.fit(X, y).n_epochs_ == 2

    def test_teardown_after_a_failure(self, task):
        X, y = task
        recorder = self.Recorder()
        model = make("GRUClassifier", lr=1e38, gradient_clip=None, optimizer="sgd")
        with pytest.raises(ValueError, match="diverged"):
            model.set_callbacks(recorder).fit(X, y)
        assert recorder.tasks[-1] == "teardown"
        assert not hasattr(model, "net_")
        assert not [name for name in vars(model) if name.startswith("_callback")]

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_progress_from_a_search_down_to_the_epochs(self, n_jobs, capfd):
        pytest.importorskip("rich")
        from sklearn.callback import ProgressBar

        # StandardScaler takes callbacks too; so nothing in the pipeline warns.
        X, y = np.random.default_rng(0).normal(size=(30, 8)), np.arange(30) % 2
        pipe = make_pipeline(StandardScaler(), make("GRUClassifier", max_epochs=3))
        search = GridSearchCV(
            pipe, {"gruclassifier__hidden_size": [2, 4]}, cv=2, n_jobs=n_jobs
        )
        search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, y)
        assert "GRUClassifier" in capfd.readouterr().out


def test_regressor_in_a_search_by_quantile():
    X = np.random.default_rng(0).normal(size=(60, 8))
    y = X.mean(axis=1)
    search = GridSearchCV(
        make("LSTMRegressor", max_epochs=10),
        {"loss": ["squared_error", "absolute_error", "huber"]},
        cv=3,
    ).fit(X, y)
    assert not is_classifier(search)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


# ---------------------------------------------------------------------- data for workers


def test_views_of_a_file_reach_workers_as_references(tmp_path):
    path = tmp_path / "steps.npy"
    np.save(path, np.concatenate(ragged()))
    steps = np.load(path, mmap_mode="r")
    X = np.split(steps, np.cumsum([len(x) for x in ragged()])[:-1])
    for part in train_test_split(X, random_state=0):
        assert {x.filename for x in part} == {path}
        # What a worker finds there, to which arrays are sent as they are.
        found = Parallel(n_jobs=2)(delayed(attrgetter("filename"))(x) for x in part)
        assert set(map(str, found)) == {str(path)}
    (kind,) = Parallel(n_jobs=2)(
        delayed(attrgetter("__class__"))(x) for x in ragged()[:1]
    )
    assert kind is np.ndarray
