"""Networks are built only where they fit."""

from __future__ import annotations

import pytest

from helpers.estimators import make
from sksequence._training import module
from sksequence.nn import RecurrentStack

STEPS = {"kind": "sequence", "input_size": 3, "output_size": 2, "hidden_size": 4}
FILMS = {"kind": "frames", "input_size": 2, "output_size": 2, "hidden_size": 3}


@pytest.mark.parametrize(
    "network",
    [
        {**STEPS, "cell": cell, **options}
        for cell in ("rnn", "gru", "lstm", "indrnn", "mingru", "qrnn")
        for options in (
            {},
            {"bidirectional": True, "layer_norm": True},
            {"residual": True},
            {"conv_channels": (5,), "conv_kernel_size": 2, "pooling": "attention"},
        )
    ]
    + [
        {**FILMS, "kernel_size": size, "frame_size": (5, 4), "n_frames": n_frames}
        for size in (3, (1, 3))
        for n_frames in (None, 2)
    ],
    ids=str,
)
@pytest.mark.parametrize("num_layers", [3, 7, 70])
def test_parameters_are_counted_without_building_all_layers(network, num_layers):
    network = {**network, "num_layers": num_layers}
    kind = network.pop("kind")
    whole = module._on_meta(kind, network)
    expected = sum(parameter.numel() for parameter in whole.parameters())
    assert module._count_parameters(kind, network) == expected


def test_many_small_layers_are_built():
    model = make("SimpleRNNRegressor", hidden_size=1, num_layers=70, max_epochs=1)
    model.fit([[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0])
    assert len(model.net_.module_.recurrence.layers) == 70


def test_more_layers_than_memory_has_places_are_refused():
    with pytest.raises(MemoryError, match=f"num_layers={2**40} are too many"):
        RecurrentStack(3, 4, num_layers=2**40)
