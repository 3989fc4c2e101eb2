"""ONNX's recurrent operators: equations in numpy, and cases that come with onnx.

The equations are those of https://onnx.ai/onnx/operators/onnx__RNN.html, ``__GRU`` and
``__LSTM``, for one sequence at a time, and share nothing with the cells of the package.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
import torch

from helpers.layers import sigmoid
from sksequence.nn import RecurrentLayer

# Gates in ONNX's order and in torch's.
GATES = {"RNN": ("i", "i"), "GRU": ("zrh", "rzh"), "LSTM": ("iofc", "ifco")}


@dataclass
class Operator:
    """One operator with its weights, named as in ONNX; ``P`` is not here.

    Parameters
    ----------
    kind : {"RNN", "GRU", "LSTM"}
        Operator.
    W, R : ndarray of shape (n_directions, n_gates * hidden, channels) and (..., hidden)
        Weights of input and state.
    B : ndarray of shape (n_directions, 2 * n_gates * hidden) or None
        Biases of the input, then of the state.
    direction : {"forward", "reverse", "bidirectional"}
        Order of the steps.
    relu : bool
        Whether an RNN has the activation Relu instead of Tanh.
    linear_before_reset : bool
        Whether a GRU's reset gate comes after the product, as in torch.
    """

    kind: str
    W: np.ndarray
    R: np.ndarray
    B: np.ndarray | None = None
    direction: str = "forward"
    relu: bool = False
    linear_before_reset: bool = True

    def __post_init__(self):
        if self.B is None:
            self.B = np.zeros((len(self.W), 2 * self.W.shape[1]), self.W.dtype)

    @property
    def hidden(self):
        return self.R.shape[2]

    def run(self, X, lengths=None, initial_h=None, initial_c=None):
        """Y (steps, directions, batch, hidden), zero in padding; Y_h and Y_c.

        Of X (steps, batch, channels) and states (directions, batch, hidden).
        """
        n_steps, n, _ = X.shape
        Y = np.zeros((n_steps, len(self.W), n, self.hidden))
        Y_h, Y_c = (
            np.zeros(Y.shape[1:]) if begin is None else begin.astype(float)
            for begin in (initial_h, initial_c)
        )
        for d, i in np.ndindex(len(self.W), n):
            steps = np.arange(n_steps if lengths is None else lengths[i])
            backward = self.direction == "reverse" or d == 1
            for t in steps[::-1] if backward else steps:
                Y_h[d, i], Y_c[d, i] = self._step(d, X[t, i], Y_h[d, i], Y_c[d, i])
                Y[t, d, i] = Y_h[d, i]
        return Y, Y_h, Y_c

    def _step(self, d, x, h, c):
        bias_x, bias_h = np.split(self.B[d], 2)
        of_x = self._gates(self.W[d] @ x + bias_x)
        of_h = self._gates(self.R[d] @ h + bias_h)
        both = {gate: of_x[gate] + of_h[gate] for gate in of_x}
        if self.kind == "RNN":
            return np.maximum(both["i"], 0) if self.relu else np.tanh(both["i"]), c
        if self.kind == "LSTM":
            c = sigmoid(both["f"]) * c + sigmoid(both["i"]) * np.tanh(both["c"])
            return sigmoid(both["o"]) * np.tanh(c), c
        z, r = sigmoid(both["z"]), sigmoid(both["r"])
        if self.linear_before_reset:
            new = np.tanh(of_x["h"] + r * of_h["h"])
        else:
            of_h = self._gates(self.R[d] @ (r * h) + bias_h)
            new = np.tanh(of_x["h"] + of_h["h"])
        return (1 - z) * new + z * h, c

    def _gates(self, rows):
        names = GATES[self.kind][0]
        return dict(zip(names, np.split(rows, len(names)), strict=True))

    def weights(self, d):
        """The weights of one direction as torch has them."""
        own, theirs = GATES[self.kind]
        order = [own.index(gate) for gate in theirs]

        def moved(rows):
            return np.concatenate([np.split(rows, len(own))[gate] for gate in order])

        of_x, of_h = np.split(self.B[d], 2)
        named = {"weight_ih": self.W[d], "weight_hh": self.R[d]}
        named |= {"bias_ih": of_x, "bias_hh": of_h}
        return {
            f"{name}_l0": torch.from_numpy(moved(rows)) for name, rows in named.items()
        }

    def layer(self):
        """Our layer with these weights; of "reverse" both directions have them."""
        layer = RecurrentLayer(
            self.W.shape[2],
            self.hidden,
            cell=self.kind.lower(),
            nonlinearity="relu" if self.relu else "tanh",
            bidirectional=self.direction != "forward",
        ).to(torch.from_numpy(self.W).dtype)
        layer.ahead.load_state_dict(self.weights(0))
        if layer.back is not None:
            layer.back.load_state_dict(self.weights(-1))
        return layer


def drawn(kind, direction="forward", dtype="float64", channels=3, hidden=4):
    """An operator with drawn weights; "RELU" is an RNN with Relu."""
    rng, relu = np.random.default_rng(0), kind == "RELU"
    kind = "RNN" if relu else kind
    rows, n = len(GATES[kind][0]) * hidden, 1 + (direction == "bidirectional")
    shapes = (n, rows, channels), (n, rows, hidden), (n, 2 * rows)
    W, R, B = (rng.normal(scale=0.5, size=shape).astype(dtype) for shape in shapes)
    return Operator(kind, W, R, B, direction, relu)


@dataclass
class Case:
    """A case of the package ``onnx``: an operator, what it reads, and its answers."""

    node: Any
    arrays: dict[str, np.ndarray]
    answers: dict[str, np.ndarray]
    attributes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        onnx = import_module("onnx")
        for attribute in self.node.attribute:
            value = onnx.helper.get_attribute_value(attribute)
            self.attributes[attribute.name] = value
        if self.attributes.get("layout"):  # batches first, as in ours
            for arrays, name in ((self.arrays, "X"), (self.answers, "Y_h")):
                arrays[name] = arrays[name].swapaxes(0, 1)
            self.answers["Y"] = self.answers["Y"].transpose(1, 2, 0, 3)

    @property
    def operator(self):
        return Operator(
            self.node.op_type,
            *(self.arrays.get(name) for name in "WRB"),
            direction=self.attributes.get("direction", b"forward").decode(),
            linear_before_reset=bool(self.attributes.get("linear_before_reset", 0)),
        )


def cases_of_onnx():
    """The cases of RNN, GRU and LSTM in the installed package, by name."""
    cases = {}

    def expect(node, inputs, outputs, name):
        arrays = dict(zip(filter(None, node.input), inputs, strict=True))
        answers = dict(zip(filter(None, node.output), outputs, strict=True))
        cases[name.removeprefix("test_")] = Case(node, arrays, answers)

    for kind in GATES:
        module = import_module(f"onnx.backend.test.case.node.{kind.lower()}")
        before, module.expect = module.expect, expect
        try:
            for name, export in vars(getattr(module, kind)).items():
                if name.startswith("export"):
                    export()
        finally:
            module.expect = before
    return cases
