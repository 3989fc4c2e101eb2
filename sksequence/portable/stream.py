"""Predictions while a sequence is still being read."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ._cell import RunningCell
from ._heads import Head
from ._inputs import Inputs
from ._layers import advance
from ._network import Network
from ._parts import Part


class Stream:
    """Read sequences step by step, as the steps arrive.

    A stream keeps the state of every layer, whose size does not grow. After any number of
    steps its prediction is that of ``predict`` for the steps so far. Each of the ``step``
    methods reads one step. With ``conv_stride`` or ``parallel_stride`` a state belongs to
    a block of steps: the prediction comes with the last step of a block and is None
    before (estimators that predict every step always give one).

    A stream can be copied and pickled. Do not share one between threads.

    Parameters
    ----------
    network, inputs, head
        The parts of a :class:`NumpyPredictor`.
    n_streams : int or None, default=None
        How many sequences are read at once; None for one, whose steps and predictions
        have no axis for it.
    static : array-like of shape (n_streams, n_static) or (n_static,), default=None
        Static covariates, if the estimator was fitted with some.

    Attributes
    ----------
    n_steps_ : int
        Steps read since the stream was opened, or since the last ``reset`` of all.
    state : dict
        A copy of the state of all layers, in numpy and plain Python. It can be set.

    Raises
    ------
    ValueError
        If the network is bidirectional, has a decoder or pools segments, or n_streams is
        not a positive int.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import GRURegressor
    >>> X = np.random.default_rng(0).normal(size=(30, 12)).cumsum(axis=1)
    >>> model = GRURegressor(hidden_size=8, random_state=0).fit(X, X.mean(axis=1))
    >>> stream = model.open_stream()
    >>> predictions = [stream.step(x) for x in X[0]]
    >>> bool(np.isclose(predictions[-1], model.predict(X[:1])[0], atol=1e-5))
    True
    """

    _run: ClassVar[type[RunningCell]] = RunningCell

    def __init__(
        self,
        network: Network,
        inputs: Inputs,
        head: Head,
        n_streams: int | None = None,
        static: Any = None,
    ) -> None:
        if not network.causal:
            raise ValueError(
                "A bidirectional network cannot predict before the end of a sequence. "
                "Fit one with bidirectional=False."
            )
        if network.n_segments > 1:
            raise ValueError(
                "A network with pooling_segments above 1 cannot predict before the end "
                "of a sequence, whose parts depend on its length. Fit one with "
                "pooling_segments=1."
            )
        if network.decoder_steps:
            raise ValueError(
                "A network with a decoder cannot predict before the end of a sequence, "
                "which holds what is known ahead. Fit one with decoder=False."
            )
        counts = isinstance(n_streams, int | np.integer) and n_streams is not True
        if n_streams is not None and (not counts or n_streams < 1):
            raise ValueError(
                f"n_streams must be int of at least 1 or None, got {n_streams!r}"
            )
        n = self._n = 1 if n_streams is None else int(n_streams)
        self.n_streams, self.static, self.n_steps_ = n_streams, static, 0
        self._network, self._inputs, self._head = network, inputs, head
        if static is not None and n_streams is None:
            static = np.reshape(static, (1, -1))
        self._scaled_static = inputs.scale_static(static, n)
        self._shape = (n, inputs.n_channels)[n_streams is None :]
        self._reader = network.reading.start(n)
        self._encoder = [layer.start(n) for layer in network.encoder]
        self._cells = [self._run(layer[0], n) for layer in network.layers]
        self._branch = [layer.start(n) for layer in network.branch]
        self._pool, *self._branch_pools = network.make_pools(n)
        self._random = [] if network.random is None else [network.random.start(n)]
        self._block = network.block
        self._emitter = head.emitter(n, is_one=n_streams is None)

    def step(self, x: Any, return_std: bool = False) -> Any:
        """Read a step and predict from all steps so far.

        Parameters
        ----------
        x : array-like of shape (n_channels,) or (n_streams, n_channels)
            One step of each stream; of univariate sequences also a number, or
            (n_streams,).
        return_std : bool, default=False
            Whether to return the standard deviation too, as a second value.

        Returns
        -------
        object or ndarray of shape (n_streams, ...) or None
            The prediction of ``predict`` for the steps so far; None if this step does
            not complete a block of a strided convolution. Of a transcriber the labels
            that this step adds: a string or a list, which may be empty.

        Raises
        ------
        ValueError
            If x has another shape, or values that fit would refuse, or there is no
            standard deviation. The stream is then unchanged.
        """
        if not return_std:
            said = self._predict(self._advance(x), self._head.predict)
            return said if self._emitter is None else self._emitter.step(said)
        self._head.check_std()
        represented = self._advance(x)
        mean = self._predict(represented, self._head.predict)
        return mean, self._predict(represented, self._head.predict_std)

    def step_proba(self, x: Any) -> Any:
        """Read a step and predict the probability of each class.

        Parameters
        ----------
        x : array-like
            As in ``step``.

        Returns
        -------
        ndarray of shape (n_classes,) or (n_streams, n_classes) or None
            As ``step``, for ``predict_proba``.
        """
        return self._predict(self._advance(x), self._head.predict_proba)

    def step_transform(self, x: Any) -> Any:
        """Read a step and represent all steps so far.

        Parameters
        ----------
        x : array-like
            As in ``step``.

        Returns
        -------
        ndarray of shape (n_units,) or (n_streams, n_units) or None
            As ``step``, for ``transform``.
        """
        represented = self._advance(x)
        if represented is None:
            return None
        # A copy, since the layers go on writing to theirs.
        whole = represented.astype(np.float64)
        return whole[0] if self.n_streams is None else whole

    def _predict(self, represented: np.ndarray | None, predict: Any) -> Any:
        if represented is None:
            return None
        raw = self._network.output(represented, self._scaled_static)
        predictions = predict(raw.astype(np.float64))
        return predictions[0] if self.n_streams is None else predictions

    def _advance(self, x: Any) -> np.ndarray | None:
        """Run all layers on a step; return the representation, if a block is complete."""
        values = self._inputs.check_step(x, self._shape)
        read, elapsed = self._reader.step(values)
        self.n_steps_ += 1
        beside = advance(self._branch, read) if self._branch else None
        if beside is not None:
            self._branch_pools[0].add(beside)
        for features in self._random:
            features.add(read)
        steps = advance(self._encoder, read) if self._encoder else read
        if steps is not None:
            for level, cell in enumerate(self._cells):
                below, steps = steps, cell.step(steps, elapsed)
                if level and self._network.has_residual:
                    steps = steps + below
            self._pool.add(steps)
        if self.n_steps_ % self._block:
            return None
        if not self._branch_pools and not self._random:
            return self._pool.result()
        pools = [self._pool, *self._branch_pools, *self._random]
        return np.concatenate([pool.result() for pool in pools], axis=1)

    def reset(self, streams: Any = None) -> Stream:
        """Return to the initial state, to read new sequences.

        Parameters
        ----------
        streams : int, slice, array-like of int or of bool, default=None
            Which of the streams; None for all.

        Returns
        -------
        self : Stream
            In its initial state.

        Raises
        ------
        ValueError
            For only some of the streams, if a convolution has a stride: blocks of steps
            begin and end in all streams at once.
        """
        rows: Any = slice(None)
        if streams is not None:
            if max(self._network.stride, self._network.branch_stride) > 1:
                raise ValueError(
                    "With conv_stride or parallel_stride above 1 streams begin together: "
                    "call reset() without arguments, or open streams of their own."
                )
            rows = np.zeros(self._n, dtype=bool)
            rows[streams] = True
        else:
            self.n_steps_ = 0
        for part in self._parts():
            part.reset(rows)
        return self

    @property
    def state(self) -> dict[str, Any]:
        """A copy of the state of all layers."""
        parts = [part.get_state() for part in self._parts()]
        return {"n_steps": self.n_steps_, "parts": parts}

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        for part, own in zip(self._parts(), state["parts"], strict=True):
            part.set_state(own)
        self.n_steps_ = state["n_steps"]

    def _parts(self) -> list[Part]:
        layers = [self._reader, *self._encoder, *self._cells, *self._branch]
        emitter = [] if self._emitter is None else [self._emitter]
        pools = [self._pool, *self._branch_pools, *self._random]
        return [*layers, *pools, *emitter]

    def __reduce__(self) -> tuple[Any, ...]:
        parts = self._network, self._inputs, self._head
        return type(self), (*parts, self.n_streams, self.static), self.state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.state = state
