"""Files and pickles of other versions."""

from __future__ import annotations

import copy
import pickle

import pytest

import sksequence
from helpers.comparing import assert_same
from helpers.data import ragged
from helpers.files import WORDS, answers, forge, learnt
from sksequence._storage import estimators as storage


def newer(version, **names):
    def change(content, _):
        content["version"] = version
        content["about"]["sksequence"] = "9.9"
        content["tree"].update(names)

    return change


def test_a_newer_minor_format_loads_with_a_warning(model, path):
    model.save(path)
    forge(path, newer([1, 1], new_hyperparameter=3, new_=[1]))
    with pytest.warns(UserWarning, match=r"sksequence 9\.9 in format 1\.1, newer"):
        again = sksequence.load(path)
    assert_same(answers(again, ragged()), answers(model, ragged()))
    assert not hasattr(again, "new_")
    assert_same(again.get_params(), model.get_params())


def test_a_newer_major_format_says_who_wrote_it(model, path):
    model.save(path)
    forge(path, newer([2, 0]))
    with pytest.raises(
        ValueError, match=r"sksequence 9\.9 has written it in format 2\.0"
    ):
        sksequence.load(path)


@pytest.mark.parametrize("version", [(1, 1), (2, 0)])
def test_a_pickle_of_a_newer_format_warns(version, model, monkeypatch):
    with monkeypatch.context() as later:
        later.setattr(storage, "FORMAT", version)
        later.setattr(storage, "__version__", "9.9")
        stored = pickle.dumps(model)
    with pytest.warns(UserWarning, match=r"sksequence 9\.9 has stored .* newer format"):
        again = pickle.loads(stored)
    assert_same(answers(again, ragged()), answers(model, ragged()))


def test_a_state_without_a_format_is_older_and_loads_silently(model):
    state = model.__getstate__()
    del state["_stored_by"]
    again = sksequence.GRUClassifier()
    again.__setstate__(state)
    assert_same(answers(again, ragged()), answers(model, ragged()))


def test_a_copy_trains_by_itself(model):
    before = learnt(model)
    copy.copy(model).partial_fit(ragged(), WORDS)
    assert_same(learnt(model), before)
