"""The HTML of a fitted estimator shows its network and its history."""

from __future__ import annotations

import re

import pytest
from sklearn import config_context

from helpers.data import data_for, ragged
from helpers.estimators import PUBLIC, labels_for, make

X = ragged()


def fitted(name, **params):
    given, y = data_for(name, X, labels_for(name, len(X)))
    return make(name, **params).fit(given, y)


def text_of(html):
    return re.sub(r"<[^>]+>", " ", html.split('class="sksequence-network"')[1])


@pytest.mark.parametrize("name", PUBLIC)
def test_the_parameters_of_the_layers_are_all_there_are(name):
    model = fitted(name)
    text = text_of(model._repr_html_())
    assert text == text_of(model._repr_mimebundle_()["text/html"])
    counts = re.findall(r"(\d[\d,]*) parameters", text)
    total, *parts = (int(count.replace(",", "")) for count in counts)
    assert total == sum(p.numel() for p in model.net_.module_.parameters())
    assert sum(parts) == total
    assert f"{model.n_epochs_} epochs" in text


def test_layers_are_named_by_what_they_are():
    model = fitted(
        "RecurrentClassifier",
        cell="gru",
        hidden_size=(8, 4),
        num_layers=2,
        bidirectional=True,
        pooling="attention",
        conv_channels=(5,),
    )
    text = " ".join(text_of(model._repr_html_()).split())
    order = ["input 2 channels", "encoder 5 outputs", "recurrence gru 8 + 4, both"]
    order += ["pool attention", "head"]
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_random_convolutions_are_drawn_though_they_are_not_trained():
    drawn = fitted("LSTMClassifier", random_convolutions=84)._repr_html_()
    assert "<b>random convolutions</b><br>84 features" in drawn
    assert "random convolutions</b>" not in fitted("LSTMClassifier")._repr_html_()


def test_what_stands_beside_the_recurrence_is_drawn_below_it():
    model = fitted(
        "LSTMClassifier",
        parallel_channels=(3,),
        parallel_kernel_size=3,
        random_convolutions=84,
    )
    html = model._repr_html_().split('class="sksequence-network"')[1]
    before, *rows, behind = re.split(
        r'<div style="text-align:center">|</div></div>', html
    )
    names = [re.findall("<b>(.*?)</b>", part) for part in (before, *rows, behind)]
    assert names[:2] == [["input"], ["recurrence", "pooling"]]
    assert names[2:] == [["branch"], ["random convolutions"], ["head"]]


def test_the_history_is_a_line_of_each_loss():
    model = fitted("GRUClassifier", max_epochs=4, early_stopping=True)
    html = model._repr_html_()
    lines = re.findall(r'<polyline points="([^"]*)"', html)
    assert [len(line.split()) for line in lines] == [model.n_epochs_] * 2
    for line, key in zip(lines, ("train_loss", "valid_loss"), strict=True):
        heights = [float(point.split(",")[1]) for point in line.split()]
        losses = [epoch[key] for epoch in model.history_]
        assert sorted(range(4), key=lambda i: -heights[i]) == sorted(
            range(4), key=losses.__getitem__
        )
    first, *_, last = (epoch["valid_loss"] for epoch in model.history_)
    assert f"{first:.3g} to {last:.3g}" in html


def test_what_is_not_fitted_is_drawn_by_scikit_learn_alone():
    assert "sksequence-network" not in make("GRUClassifier")._repr_html_()
    with config_context(display="text"):
        model = fitted("GRUClassifier")
        assert not hasattr(model, "_repr_html_")
        assert "text/html" not in model._repr_mimebundle_()
