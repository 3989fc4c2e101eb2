"""Members of an ensemble: clones from different seeds, trained side by side."""

from __future__ import annotations

import os
import re
from operator import attrgetter

import numpy as np
import pandas as pd
import pytest
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.comparing import assert_same, pickled
from helpers.data import objects, ragged
from helpers.estimators import make
from helpers.failing_members import FailsForOdd, FailsLater
from helpers.files import learnt
from sksequence import GRUClassifier, GRURegressor, RecurrentTagger
from sksequence._inputs.packing import pack, unpack
from sksequence.ensemble import DeepEnsembleClassifier, DeepEnsembleRegressor
from sksequence.ensemble._members import draw_seeds
from sksequence.preprocessing import StepwiseTransformer

N = 20
LENGTHS = np.random.default_rng(3).integers(4, 12, size=N)
X = ragged(LENGTHS)
LABELS = np.where(np.arange(N) % 2, "up", "down")
SMALL = {"hidden_size": 4, "random_state": None}


def ensemble(n=3, *, n_jobs=None, warm_start=False, **params):
    network = make("GRUClassifier", **{**SMALL, **params})
    return DeepEnsembleClassifier(
        network, n, random_state=0, n_jobs=n_jobs, warm_start=warm_start
    )


def weights_of(model):
    return [learnt(member)["fitted"]["net"] for member in model.estimators_]


def table(n=N):
    frame = pd.DataFrame({"age": np.arange(n), "kind": ["a", "b"] * (n // 2)})
    frame["series"] = ragged(LENGTHS)[:n]
    return frame


# ------------------------------------------------------------------------------- seeds


def test_a_member_is_the_network_that_its_seed_gives():
    model = ensemble().fit(X, LABELS)
    seeds = draw_seeds(0, 3)
    assert [member.random_state for member in model.estimators_] == seeds
    for seed, member in zip(seeds, model.estimators_, strict=True):
        alone = make("GRUClassifier", **{**SMALL, "random_state": seed}).fit(X, LABELS)
        np.testing.assert_array_equal(member.predict_proba(X), alone.predict_proba(X))
    first, second, third = (member.predict_proba(X) for member in model.estimators_)
    assert not np.array_equal(first, second)
    assert not np.array_equal(second, third)


def test_no_seed_gives_other_networks_every_time_and_a_seed_the_same():
    unseeded = ensemble().set_params(random_state=None)
    once, again = (clone(unseeded).fit(X, LABELS).predict_proba(X) for _ in range(2))
    assert not np.array_equal(once, again)
    once, again = (clone(ensemble()).fit(X, LABELS).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(once, again)


def test_every_part_of_a_pipeline_gets_the_seed():
    pipeline = make_pipeline(
        StepwiseTransformer(StandardScaler()), make("GRUClassifier", **SMALL)
    )
    model = DeepEnsembleClassifier(pipeline, 2, random_state=0).fit(X, LABELS)
    seeds = [member[-1].random_state for member in model.estimators_]
    assert seeds == draw_seeds(0, 2)
    answers = [member.predict_proba(X) for member in model.estimators_]
    np.testing.assert_allclose(model.predict_proba(X), np.mean(answers, axis=0))


# -------------------------------------------------------------------------- side by side


def large(n_steps=450):
    """More than a megabyte, in sequences of unequal length."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=(n_steps + i, 8)) for i in range(N * 2)]


ORDER = np.random.default_rng(1).permutation(2 * N).tolist()


def overlapping():
    steps = np.random.default_rng(0).normal(size=(2 * N * 100 + 300, 16))
    return [steps[100 * i : 100 * i + 400] for i in range(2 * N)]


def sliding(step):
    steps = np.random.default_rng(0).normal(size=(2 * N * step + 20, 3))
    every = np.lib.stride_tricks.sliding_window_view(steps, 12, axis=0)
    return every.swapaxes(1, 2)[::step][: 2 * N]


def windows_in_cells():
    cells = [x for _, x in sorted(zip(ORDER, overlapping(), strict=True))]
    frame = pd.DataFrame({"kind": ["a", "b"] * N, "age": 0.5}, index=range(5, 5 + 2 * N))
    frame.insert(1, "series", cells)
    return frame


FORMS = {
    "list": (large, {}),
    "objects": (lambda: objects(large()), {}),
    "3-D": (lambda: np.stack([x[:450] for x in large()]), {}),
    "2-D": (lambda: np.random.default_rng(0).normal(size=(2 * N, 6)), {}),
    "windows": (overlapping, {"early_stopping": True}),
    "shuffled windows": (
        lambda: [x for _, x in sorted(zip(ORDER, overlapping(), strict=True))],
        {"early_stopping": True},
    ),
    "windows of one array": (lambda: sliding(3), {"early_stopping": True}),
    "windows backwards": (lambda: sliding(3)[::-1], {"early_stopping": True}),
    "windows in reversed time": (lambda: sliding(3)[:, ::-1], {"early_stopping": True}),
    "windows of one channel": (lambda: sliding(3)[..., 0], {}),
    "Fortran's order": (lambda: np.asfortranarray(sliding(20)), {}),
    "one row repeated": (lambda: np.broadcast_to(sliding(3)[0], (2 * N, 12, 3)), {}),
    "copies of windows": (lambda: sliding(3).copy(), {"early_stopping": True}),
    "stopped": (large, {"early_stopping": True, "validation_fraction": 0.2}),
    "table": (lambda: pd.concat([table(), table()], ignore_index=True), {}),
    "table of windows": (windows_in_cells, {"early_stopping": True}),
    "table without": (lambda: pd.DataFrame(sliding(3)[..., 0]), {}),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_result_does_not_depend_on_the_number_of_workers(form):
    make_X, params = FORMS[form]
    data, labels = make_X(), np.tile(LABELS, 2)
    one = ensemble(2, hidden_size=3, max_epochs=1, **params).fit(data, labels)
    two = clone(one).set_params(n_jobs=2).fit(data, labels)
    np.testing.assert_array_equal(two.predict_proba(data), one.predict_proba(data))
    assert_same(weights_of(two), weights_of(one))


@pytest.mark.parametrize("form", FORMS)
def test_sequences_arrive_as_they_were_sent(form):
    data = FORMS[form][0]()
    packed = pack(data)
    if form == "table without":
        assert packed is data
        return
    arrived = unpack(pickled(packed))
    assert type(arrived) is (list if form == "objects" else type(data))
    if "table" in form:
        pd.testing.assert_frame_equal(arrived, data)
        packed, data = packed.sequences, data["series"]
        arrived = arrived["series"]
    for one, other in zip(arrived, data, strict=True):
        np.testing.assert_array_equal(one, other)
    if "windows" in form and "copies" not in form:
        steps = sum(map(len, data))
        assert len(packed.rows) < steps / 2  # each row of the table is sent once


def test_references_to_files_stay_references(tmp_path):
    np.save(tmp_path / "steps.npy", np.concatenate(X))
    steps = np.load(tmp_path / "steps.npy", mmap_mode="r")
    views = np.split(steps, np.cumsum(LENGTHS)[:-1])
    assert pack(views) is views
    assert pack(steps) is steps
    plain = np.asarray(steps)  # which numpy no longer calls a map
    assert pack(plain) is plain
    one, two = (ensemble(2, n_jobs=n).fit(views, LABELS) for n in (None, 2))
    np.testing.assert_array_equal(two.predict_proba(X), one.predict_proba(X))


def test_long_data_reach_the_workers_as_one_mapped_array():
    kind = attrgetter("rows.__class__.__name__")
    for data in (large(), FORMS["3-D"][0]()):
        found = Parallel(n_jobs=2)(delayed(kind)(pack(data)) for _ in range(2))
        assert found == ["memmap"] * 2
    assert type(pack(X).unpack()[0]) is np.ndarray


# ------------------------------------------------------------------------------- growth


def test_a_warm_start_adds_members_and_keeps_the_others():
    grown = ensemble(2, warm_start=True).fit(X, LABELS)
    before = list(grown.estimators_)
    grown.set_params(n_estimators=4).fit(X, LABELS)
    assert grown.estimators_[:2] == before  # the same objects
    at_once = ensemble(4).fit(X, LABELS)
    np.testing.assert_array_equal(grown.predict_proba(X), at_once.predict_proba(X))


def test_without_a_warm_start_all_is_fitted_anew():
    model = ensemble(2).fit(X, LABELS)
    before = list(model.estimators_)
    model.set_params(n_estimators=3).fit(X, LABELS)
    assert len(model.estimators_) == 3
    assert not set(map(id, before)) & set(map(id, model.estimators_))


def test_a_warm_start_that_cannot_add_says_so():
    model = ensemble(3, warm_start=True).fit(X, LABELS)
    proba = model.predict_proba(X)
    with pytest.warns(UserWarning, match="has 3 members already.*Raise n_estimators"):
        model.fit(X, LABELS)
    with pytest.raises(ValueError, match="n_estimators=2 must be at least 3"):
        model.set_params(n_estimators=2).fit(X, LABELS)
    model.set_params(n_estimators=4)
    with pytest.raises(ValueError, match=r"classes = \['down' 'up'\], got \[0 1\]"):
        model.fit(X, np.arange(N) % 2)
    with pytest.raises(ValueError, match="n_features_in = 2, got 1"):
        model.fit([x[:, :1] for x in X], LABELS)
    assert len(model.estimators_) == 3
    np.testing.assert_array_equal(model.predict_proba(X), proba)


def test_a_warm_start_with_another_loss_is_refused():
    network = GRURegressor(hidden_size=4, max_epochs=1)
    model = DeepEnsembleRegressor(network, 1, warm_start=True).fit(X, np.arange(N))
    model.set_params(n_estimators=2, estimator__loss="gaussian")
    with pytest.raises(ValueError, match="has_std = False, got True"):
        model.fit(X, np.arange(N))


def test_partial_fit_trains_each_member_on():
    model = ensemble(2)
    for _ in range(3):
        model.partial_fit(X, LABELS, classes=["down", "up"])
    for member in model.estimators_:
        alone = make("GRUClassifier", **{**SMALL, "random_state": member.random_state})
        for _ in range(3):
            alone.partial_fit(X, LABELS, classes=["down", "up"])
        np.testing.assert_array_equal(member.predict_proba(X), alone.predict_proba(X))
    fitted = ensemble(2).fit(X, LABELS)
    assert fitted.partial_fit(X, LABELS).estimators_[0].n_epochs_ == 3
    with pytest.raises(
        ValueError, match=r"Member 0 of .*\(0 to 1\) failed: classes must"
    ):
        ensemble(2).partial_fit(X, LABELS)


# ----------------------------------------------------------------------------- failures


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_member_that_fails_is_named_and_nothing_is_kept(n_jobs):
    odd = [seed % 2 for seed in draw_seeds(0, 5)]
    network = FailsForOdd(hidden_size=4, max_epochs=1)
    model = DeepEnsembleClassifier(network, odd.index(1) + 1, random_state=0)
    model.set_params(n_jobs=n_jobs)
    with pytest.raises(
        ValueError,
        match=f"^Member {odd.index(1)} of the ensemble .* failed: this seed is odd",
    ) as raised:
        model.fit(X, LABELS)
    assert raised.value.__cause__ is not None
    assert set(vars(model)) == set(model.get_params(deep=False))


def test_a_failed_fit_leaves_the_ensemble_as_it_was():
    model = ensemble(2).fit(X, LABELS)
    before, proba = dict(vars(model)), model.predict_proba(X)
    model.set_params(estimator=FailsForOdd(), n_estimators=5)
    with pytest.raises(ValueError, match="is odd"):
        model.fit(X, LABELS)
    changed = {"estimator", "n_estimators"}
    assert {k: v for k, v in vars(model).items() if k not in changed} == {
        k: v for k, v in before.items() if k not in changed
    }
    np.testing.assert_array_equal(model.predict_proba(X), proba)


def test_members_are_not_trained_by_halves():
    odd = [seed % 2 for seed in draw_seeds(0, 5)]
    n = odd.index(1) + 1
    model = DeepEnsembleClassifier(FailsLater(hidden_size=4), max(n, 2), random_state=0)
    model.partial_fit(X, LABELS, classes=["down", "up"])
    before = weights_of(model)
    with pytest.raises(RuntimeError, match=f"Member {odd.index(1)} of .* seed is odd"):
        model.partial_fit(X, LABELS)
    assert_same(weights_of(model), before)


@pytest.mark.parametrize(
    ("params", "error", "words"),
    [
        ({"n_estimators": 0}, ValueError, "'n_estimators' .* must be an int in .*Got 0"),
        ({"n_estimators": True}, ValueError, "'n_estimators' .* Got True"),
        ({"n_jobs": "all"}, ValueError, "'n_jobs'"),
        ({"estimator": "GRU"}, ValueError, "'estimator' .* must be an object impl"),
        ({"estimator": GRUClassifier}, TypeError, r"Pass GRUClassifier\(\)"),
        (
            {"estimator": GRURegressor()},
            TypeError,
            "classifier of whole sequences.* got GRURegressor",
        ),
        (
            {"estimator": RecurrentTagger()},
            TypeError,
            "classifier of whole sequences.* got RecurrentTagger",
        ),
        (
            {"estimator": KNeighborsClassifier()},
            ValueError,
            r"must have the hyperparameter random_state.*KNeighborsClassifier\(\)",
        ),
        (
            {"estimator": GRUClassifier(hidden_size=0)},
            ValueError,
            r"Member 0 of the ensemble \(0 to 2\) failed: .*hidden_size",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_bad_hyperparameters_are_refused(params, error, words):
    model = ensemble().set_params(**params)
    with pytest.raises(error, match=words):
        model.fit(X, LABELS)
    assert not hasattr(model, "estimators_")


def test_regressors_take_regressors_alone():
    for wrong in (GRUClassifier(), RecurrentTagger()):
        with pytest.raises(TypeError, match="regressor of whole sequences, got"):
            DeepEnsembleRegressor(wrong).fit(X, np.arange(N))


# --------------------------------------------------------------------------- checkpoints


def test_each_member_resumes_from_its_own_checkpoint(tmp_path):
    folder = f"{tmp_path / 'kept'}{os.sep}"
    plain = ensemble(2).fit(X, LABELS)
    kept = ensemble(2, checkpoint=folder).fit(X, LABELS)
    assert len(list((tmp_path / "kept").iterdir())) == 2
    np.testing.assert_array_equal(kept.predict_proba(X), plain.predict_proba(X))
    # One is lost, as if the fit had been killed before it: the other is only read.
    first, second = sorted((tmp_path / "kept").iterdir())
    first.unlink()
    before = second.stat().st_mtime_ns
    again = clone(kept).fit(X, LABELS)
    assert second.stat().st_mtime_ns == before
    assert first.exists()
    np.testing.assert_array_equal(again.predict_proba(X), plain.predict_proba(X))


def test_a_checkpoint_that_members_would_share_or_not_find_is_refused(tmp_path):
    model = ensemble(2, checkpoint=str(tmp_path / "one"))
    with pytest.raises(ValueError, match=r"checkpoint must be a directory.*End it with"):
        model.fit(X, LABELS)
    model.set_params(estimator__checkpoint=str(tmp_path), random_state=None)
    with pytest.raises(ValueError, match="random_state must be an int"):
        model.fit(X, LABELS)
    assert not any(tmp_path.iterdir())


# -------------------------------------------------------------------------------- copies


def test_pickles_answer_and_grow_as_the_ensemble_would():
    model = ensemble(2, warm_start=True).fit(X, LABELS)
    again = pickled(model)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    for one in (model, again):
        one.set_params(n_estimators=3).fit(X, LABELS)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_a_clone_is_not_fitted_and_has_a_clone_of_the_network():
    model = ensemble().fit(X, LABELS)
    copy = clone(model)
    assert not hasattr(copy, "estimators_")
    assert copy.estimator is not model.estimator
    assert re.sub(r"\s", "", repr(copy)) == re.sub(r"\s", "", repr(model))
