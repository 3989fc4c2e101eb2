"""Layer normalisation and residual layers, in every back end as in torch."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import onnxruntime
import pytest
import torch

from helpers.data import padded
from helpers.networks import CELLS, assert_promised, fitted, network, sequences
from sksequence._deployment.bundles import write_bundle
from sksequence._deployment.onnx import make_model
from sksequence._deployment.streams import CompiledStream
from sksequence.nn import SequenceNetwork
from sksequence.portable import NumpyPredictor

OPTIONS = {
    "norm": {"layer_norm": True},
    "residual": {"residual": True},
    "both, wide input": {"layer_norm": True, "residual": True, "hidden_size": 2},
}
DIRECTIONS = {
    "ahead": {"bidirectional": False},
    "sum": {"bidirectional": True, "merge_mode": "sum"},
    "concat": {"bidirectional": True, "merge_mode": "concat"},
}


def drawn(module, seed=0):
    """Give every weight a number that counts."""
    generator = torch.Generator().manual_seed(seed)
    for values in module.state_dict().values():
        values.uniform_(-0.6, 0.6, generator=generator)
    return module.eval()


def make(cell, **options):
    """A network of torch, and its description for the other back ends."""
    model = fitted(network(cell)[0], **network(cell)[1], num_layers=3, pooling="last")
    settings, arrays = model._export()
    settings["network"] |= options
    known = inspect.signature(SequenceNetwork).parameters
    keywords = {k: v for k, v in settings["network"].items() if k in known}
    module = drawn(SequenceNetwork(**keywords))
    arrays = {k: v for k, v in arrays.items() if not k.startswith("weights.")}
    weights = {k: v.numpy() for k, v in module.state_dict().items()}
    arrays |= {f"weights.{k}": v for k, v in weights.items()}
    return module, settings, arrays


def scaled(arrays):
    """The sequences as they are passed, and as the network reads them."""
    X = [x.astype(np.float32) for x in sequences()]
    read = [(x - arrays["reading.mean"]) / arrays["reading.scale"] for x in X]
    return X, [torch.from_numpy(x.astype(np.float32)) for x in read]


@pytest.fixture(params=OPTIONS)
def options(request):
    return {"hidden_size": 5, **OPTIONS[request.param]}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_options_are_those_of_torch(cell, direction, options, tmp_path):
    both = DIRECTIONS[direction]
    module, settings, arrays = make(cell, **options, **both)
    X, read = scaled(arrays)
    with torch.no_grad():
        expected = [module(x[None])[0].softmax(0).numpy() for x in read]
    assert np.ptp(expected, axis=0).max() > 1e-3
    predictor = NumpyPredictor(settings, arrays)
    assert_promised(predictor.predict_proba(X), expected)

    write_bundle(predictor, tmp_path / "model.py")
    namespace = {}
    exec((tmp_path / "model.py").read_text(encoding="utf-8"), namespace)
    bundled = namespace["predictor"].predict_proba(X)
    assert np.array_equal(bundled, predictor.predict_proba(X))

    given = {
        name: {k.partition(".")[2]: v for k, v in arrays.items() if k.startswith(name)}
        for name in ("weights", "reading", "answer")
    }
    given["answer"] |= settings["answer"]
    file = make_model(network=settings["network"], **given, metadata={}, version="0")
    session = onnxruntime.InferenceSession(file.SerializeToString())
    found = session.run(["probabilities"], padded(X))[0]
    assert_promised(found, expected)


@pytest.mark.parametrize("cell", CELLS)
def test_streams_are_torch_read_step_by_step(cell, options):
    module, settings, arrays = make(cell, **options)
    X, read = scaled(arrays)
    predictor = NumpyPredictor(settings, arrays)
    parts = predictor.network, predictor.inputs, predictor.head
    for stream in (predictor.open_stream(), CompiledStream(*parts)):
        for i in (0, 1):
            stream.reset()
            for t, step in enumerate(X[i]):
                if t == 4:
                    stream = pickle.loads(pickle.dumps(stream))
                found = stream.step_proba(step)
                with torch.no_grad():
                    expected = module(read[i][None, : t + 1])[0].softmax(0).numpy()
                assert_promised([found], [expected])
