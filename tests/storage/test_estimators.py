"""Estimators in files: the same to the bit, in any process, or a clear refusal."""

from __future__ import annotations

import copy
import json
import pickle
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
import sklearn
import skops.io
import torch
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError
from skorch.callbacks import EpochScoring

import sksequence
from helpers.comparing import assert_same
from helpers.data import ragged
from helpers.estimators import PUBLIC, labels_for, make
from helpers.files import (
    CASES,
    SMALL,
    WORDS,
    N,
    answers,
    fitted,
    learnt,
    methods_of,
    stored,
)
from helpers.processes import run_python
from sksequence._storage import estimators as storage
from sksequence.preprocessing import StepwiseTransformer

# ---------------------------------------------------------------------------- to the bit


def test_the_cases_are_of_all_public_classes():
    assert {name for name, *_ in CASES.values()} == set(PUBLIC)
    assert set(storage.REGISTRY) == set(PUBLIC)
    assert all(storage.REGISTRY[name] is getattr(sksequence, name) for name in PUBLIC)


@pytest.mark.parametrize("case", CASES)
def test_what_is_saved_comes_back_to_the_bit(case, path):
    model, X, y = fitted(case)
    before = learnt(model)
    assert model.save(path) is model
    assert_same(learnt(model), before)
    again = sksequence.load(path)
    assert type(again) is type(model)
    assert_same(again.get_params(), model.get_params())
    assert_same(learnt(again), before)
    assert_same(answers(again, X), answers(model, X))
    # And it goes on as the other does: weights, averages, and all that is drawn.
    for one in (model, again):
        one.partial_fit(X, y)
    assert_same(answers(again, X), answers(model, X))
    assert_same(learnt(again)["fitted"]["net"], learnt(model)["fitted"]["net"])


@pytest.mark.parametrize("case", ["objects", "tokens"])
def test_a_later_fit_goes_on_as_it_would_have(case, path):
    model, X, y = fitted(case)
    again = stored(model, path)
    assert_same(answers(again.fit(X, y), X), answers(model.fit(X, y), X))
    assert again.n_epochs_ == model.n_epochs_ == (2 if model.warm_start else 1)


def test_hyperparameters_for_a_next_fit_change_nothing(path):
    model, X, _ = fitted("strings")
    expected = answers(model, X)
    model.set_params(hidden_size=9, num_layers=3, optimizer="sgd", dtype="float64")
    again = stored(model, path)
    assert_same(answers(again, X), expected)
    assert_same(again.get_params(), model.get_params())


def test_what_scikit_learn_was_told_is_kept(path):
    model, X, _ = fitted("searched")
    with sklearn.config_context(enable_metadata_routing=True):
        model.set_output(transform="pandas").set_fit_request(sample_weight="weight")
        again = stored(model, path)
        expected = model.get_metadata_routing()
        assert repr(again.get_metadata_routing()) == repr(expected)
    assert again.feature_names_in_.tolist() == [*"abcd"]
    pd.testing.assert_frame_equal(again.transform(X), model.transform(X))


def test_the_same_estimator_makes_the_same_bytes(model, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    model.save(first)
    pickle.loads(pickle.dumps(model)).save(second)
    model.save(second)
    assert first.read_bytes() == second.read_bytes()


def test_people_and_tools_can_read_a_file(model, path):
    model.save(path)
    with safetensors.safe_open(path, framework="pt") as file:
        weights = {
            name.removeprefix("fitted/net/weights/"): file.get_tensor(name)
            for name in file.keys()  # noqa: SIM118, no dict
            if name.startswith("fitted/net/weights/")
        }
        content = json.loads(file.metadata()["sksequence"])
    torch.testing.assert_close(weights, dict(model.net_.module_.state_dict()))
    assert content["about"]["class"] == "GRUClassifier"
    assert content["about"]["torch"] == version("torch")
    assert content["about"]["sksequence"] == sksequence.__version__
    assert content["tree"]["hyperparameters"]["hidden_size"] == 4
    assert content["tree"]["fitted"]["history"] == model.history_
    classes = content["tree"]["fitted"]["target"]["classes"]
    assert classes["$strings"][2] == ["no", "yes"]


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
        flat = [np.concatenate([*answer], axis=None) for answer in found]
        np.savez(f"{folder}/{case}.npz", *flat)
"""


def test_another_process_answers_the_same_without_pickle(tmp_path):
    expected, data = {}, {}
    for case, (_, params, *_) in CASES.items():
        if params.get("optimizer", "adam") != "adam":
            continue  # torch's own optimizers take long to import
        model, X, _ = fitted(case)
        model.save(tmp_path / case)
        data[case] = X, methods_of(model)
        expected[case] = [np.concatenate([*a], axis=None) for a in answers(model, X)]
    (tmp_path / "data").write_bytes(pickle.dumps(data))
    run_python(WITHOUT_PICKLE, tmp_path)
    for case, those in expected.items():
        with np.load(tmp_path / f"{case}.npz") as found:
            assert_same([found[name] for name in found.files], those)


# ----------------------------------------------------------------------- what is refused


def test_before_a_fit_there_is_nothing_to_save(path):
    with pytest.raises(NotFittedError):
        make("GRUClassifier").save(path)
    assert not path.exists()


class Mine(sksequence.GRUClassifier):
    pass


def test_a_class_of_somebody_else_is_refused(path):
    model = Mine(**SMALL).fit(ragged(), WORDS)
    with pytest.raises(TypeError, match=r"Mine cannot be saved: .*by pickle"):
        model.save(path)
    Mine.__name__ = "GRUClassifier"
    try:
        with pytest.raises(TypeError, match="cannot be saved"):
            model.save(path)
    finally:
        Mine.__name__ = "Mine"
    assert not path.exists()


class Descent(torch.optim.SGD):
    pass


def strip(optimizer):
    return lambda params, lr: optimizer(params, lr=lr)


@pytest.mark.parametrize(
    ("name", "value", "instead"),
    [
        ("callbacks", [EpochScoring("accuracy", name="accuracy")], None),
        ("optimizer", Descent, "adam"),
        ("optimizer", strip(torch.optim.SGD), "sgd"),
        ("net_params", {"iterator_train__unused": len}, {"lr": 0.1}),
        ("net_params", {"callbacks__lr_schedule__monitor": "train_loss"}, {}),
        ("net_params", {"torch_load_kwargs": {"weights_only": False}}, None),
        ("net_params", {"predict_nonlinearity": None}, {"callbacks__print_log": None}),
    ],
    ids=lambda value: str(value)[:30],
)
def test_code_is_refused_until_it_is_taken_away(name, value, instead, path):
    """What is then saved answers as before, and holds nothing of it."""
    X = ragged()
    model = make("GRUClassifier", **SMALL)
    if "iterator_train__unused" in (value if isinstance(value, dict) else ()):
        # Only a fit would look at it.
        model.fit(X, WORDS).set_params(net_params=value)
    else:
        model.set_params(**{name: value}).fit(X, WORDS)
    with pytest.raises(TypeError, match=rf"^{name}=.* set_params\({name}="):
        model.save(path)
    assert not path.exists()
    again = stored(model.set_params(**{name: instead}), path)
    assert_same(answers(again, X), answers(model, X))
    assert getattr(again, name) == instead
    again.partial_fit(X, WORDS)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda model: model.set_params(class_weight={0: np.array(1j)}), "class_weight"),
        (lambda model: setattr(model, "note", "mine"), "note"),
        (lambda model: setattr(model, "_skl_callbacks", []), "set_callbacks"),
    ],
    ids=["complex", "attribute", "callbacks"],
)
def test_what_else_no_file_can_hold_is_named(change, words, model, path):
    model = copy.deepcopy(model)
    change(model)
    with pytest.raises(TypeError, match=words):
        model.save(path)
    assert not path.exists()


def test_hyperparameters_of_no_use_are_not_saved(model, path):
    model = copy.deepcopy(model).set_params(lr=-1)
    with pytest.raises(InvalidParameterError, match="lr"):
        model.save(path)
    assert not path.exists()


# --------------------------------------------------------------------------------- kills


KILLED_WHILE_SAVING = """
    import os, random, signal, sys, time
    import sksequence

    folder = sys.argv[1]
    target = f"{folder}/saved/model.safetensors"
    models = [sksequence.load(f"{folder}/{name}") for name in ("old", "new")]
    complete = []
    for model in models:
        model.save(target)
        complete.append(open(target, "rb").read())
    wait, met = random.Random(0), []

    def stop_halfway(file, target):
        os.write(writing, b"x")
        signal.pause()

    for round in range(21):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            if round == 20:  # the moment that the others may miss
                os.replace = stop_halfway
            while True:
                for model in models:
                    model.save(target)
                    os.write(writing, b"x")
        for _ in range(1 + round % 2):  # one or both models, even where saving is slow
            os.read(reading, 1)
        time.sleep(wait.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        sksequence.load(target)
        met.append(complete.index(open(target, "rb").read()))
        left = len(os.listdir(f"{folder}/saved")) > 1
    models[0].save(target)
    print(len(met), sorted(set(met)), left, os.listdir(f"{folder}/saved"))
"""


def test_a_kill_leaves_the_old_file_or_the_new_one(model, tmp_path):
    """And what it leaves beside them, the next save removes."""
    model.save(tmp_path / "old")
    copy.copy(model).partial_fit(ragged(), WORDS).save(tmp_path / "new")
    (tmp_path / "saved").mkdir()
    said = run_python(KILLED_WHILE_SAVING, tmp_path)
    assert said.strip() == "21 [0, 1] True ['model.safetensors']"


# ----------------------------------------------------------------------------- pipelines


def test_a_pipeline_is_saved_in_two_files(tmp_path):
    X, y = ragged(), labels_for("GRUClassifier", N)
    scaled = StepwiseTransformer(StandardScaler())
    pipeline = make_pipeline(scaled, make("GRUClassifier", **SMALL)).fit(X, y)

    pipeline[-1].save(tmp_path / "model.safetensors")
    skops.io.dump(pipeline[:-1], tmp_path / "rest.skops")

    assert not {"sksequence.estimators", "torch"} & set(
        (tmp_path / "rest.skops").read_bytes().decode("latin-1").split()
    )
    known = ["sksequence.preprocessing.stepwise.StepwiseTransformer"]
    rest = skops.io.load(tmp_path / "rest.skops", trusted=known)
    again = Pipeline(
        [*rest.steps, ("gru", sksequence.load(tmp_path / "model.safetensors"))]
    )
    assert_same(again.predict_proba(X), pipeline.predict_proba(X))
    assert_same(again.predict(X), pipeline.predict(X))
