"""Files and pickles of other versions."""

from __future__ import annotations

import copy
import pickle

import pytest

import sksequence
from helpers.comparing import assert_same
from helpers.data import ragged
from helpers.files import WORDS, answers, forge, learnt, without
from sksequence._storage import states


def newer(version, **names):
    def change(content, _):
        content["version"] = version
        content["about"]["sksequence"] = "9.9"
        content["tree"]["hyperparameters"].update(names)
        content["tree"]["fitted"].update(names)
        content["tree"]["fitted"]["reading"].update(names)

    return change


def test_a_newer_minor_format_loads_with_a_warning(model, path):
    model.save(path)
    forge(path, newer([2, 1], new_hyperparameter=3, new_=[1]))
    with pytest.warns(UserWarning, match=r"sksequence 9\.9 in format 2\.1, newer"):
        again = sksequence.load(path)
    assert_same(answers(again, ragged()), answers(model, ragged()))
    assert not hasattr(again, "new_")
    assert_same(again.get_params(), model.get_params())


def test_a_newer_major_format_says_who_wrote_it(model, path):
    model.save(path)
    forge(path, newer([3, 0]))
    with pytest.raises(
        ValueError, match=r"sksequence 9\.9 has written it in format 3\.0"
    ):
        sksequence.load(path)


@pytest.mark.parametrize("version", [(2, 1), (3, 0)])
def test_a_pickle_of_a_newer_format_warns(version, model, monkeypatch):
    with monkeypatch.context() as later:
        later.setattr(states, "FORMAT", version)
        later.setattr(states, "__version__", "9.9")
        stored = pickle.dumps(model)
    with pytest.warns(UserWarning, match=r"sksequence 9\.9 has stored .* newer format"):
        again = pickle.loads(stored)
    assert_same(answers(again, ragged()), answers(model, ragged()))


def test_a_pickle_that_lacks_a_hyperparameter_gets_its_default(model):
    state = copy.deepcopy(model.set_params(patience=7).__getstate__())
    model.set_params(patience=10)
    fitted = state["fitted"]
    del state["hyperparameters"]["patience"], fitted["settings"]["patience"]
    del fitted["network"]["num_layers"], fitted["fixed"]["num_layers"]
    again = sksequence.GRUClassifier()
    again.__setstate__(state)
    assert again.patience == 10
    assert_same(answers(again, ragged()), answers(model, ragged()))
    again.set_params(warm_start=True).fit(ragged(), WORDS)


def test_a_file_that_lacks_a_hyperparameter_gets_its_default(model, path):
    model.save(path)
    forge(path, without("hyperparameters", "patience"))
    forge(path, without("fitted", "network", "num_layers"))
    forge(path, without("fitted", "settings", "patience"))
    again = sksequence.load(path)
    assert_same(again.get_params(), model.get_params())
    assert_same(answers(again, ragged()), answers(model, ragged()))


def test_a_copy_trains_by_itself(model):
    before = learnt(model)
    copy.copy(model).partial_fit(ragged(), WORDS)
    assert_same(learnt(model), before)
