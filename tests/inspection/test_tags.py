"""Confusion of the labels of steps."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.metrics import confusion_matrix

from helpers.data import data_for, ragged
from helpers.estimators import labels_for, make
from sksequence.inspection import TagConfusionDisplay
from sksequence.metrics import flatten_steps

X, TAGS = data_for("RecurrentTagger", ragged(), None)
NAMES = [np.where(tags, "high", "low") for tags in TAGS]


@pytest.mark.parametrize("normalize", [None, "true", "pred", "all"])
def test_the_matrix_is_that_of_all_steps(normalize, pictures):
    model, (_, ax) = make("RecurrentTagger").fit(X, NAMES), pictures.subplots()
    display = TagConfusionDisplay.from_estimator(
        model, X, NAMES, normalize=normalize, ax=ax
    )
    expected = confusion_matrix(
        *flatten_steps(NAMES, model.predict(X)), normalize=normalize
    )
    np.testing.assert_array_equal(display.confusion_matrix, expected)
    assert isinstance(display, TagConfusionDisplay)
    assert [*display.display_labels] == ["high", "low"]
    assert display.ax_ is ax


def test_steps_without_a_label_do_not_count():
    display = TagConfusionDisplay.from_predictions(
        [["a", None, "b"], ["b"]], [["a", "a", "a"], ["b"]]
    )
    np.testing.assert_array_equal(display.confusion_matrix, [[1, 0], [1, 1]])


def test_one_label_a_sequence_is_for_the_display_of_scikit_learn():
    y = labels_for("GRUClassifier", len(X))
    with pytest.raises(ValueError, match=r"got GRUClassifier.*ConfusionMatrixDisplay"):
        TagConfusionDisplay.from_estimator(make("GRUClassifier").fit(X, y), X, y)


def test_predictions_must_match():
    with pytest.raises(ValueError, match="1"):
        TagConfusionDisplay.from_predictions([["a", "b"]], [["a"]])
    with pytest.raises(NotFittedError):
        TagConfusionDisplay.from_estimator(make("RecurrentTagger"), X, NAMES)
