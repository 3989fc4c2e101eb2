"""Fitted estimators where torch is not, and where a sequence is still coming."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._inputs.types import ArrayLike, PathLike
from .declaration import recurrent_estimator
from .estimator import SequenceEstimator
from .lazy import training

if TYPE_CHECKING:
    from ..portable import NumpyPredictor, Stream


@recurrent_estimator
class Deployable(SequenceEstimator):
    """Answer while a sequence is still coming, and by numpy alone."""

    def predict_prefixes(
        self, X: ArrayLike, response_method: str = "predict"
    ) -> np.ndarray:
        """Answer after every step, from the steps so far, in one pass.

        What ``predict`` would say of a sequence's first step, its first two, and so on:
        how early a class can be told, and when an alarm would have been given.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        response_method : {"predict", "predict_proba", "transform"}, default="predict"
            Which answers.

        Returns
        -------
        ndarray of shape (n_sequences, n_steps, ...)
            For a list of sequences an object array with an array (n_steps_i, ...) for
            each. With ``conv_stride``, whose states belong to blocks of steps, there is
            an answer for each block that is complete (of estimators that answer for
            every step, for every step).

        Raises
        ------
        ValueError
            If the network is bidirectional: it reads from the end too.

        Examples
        --------
        >>> import numpy as np
        >>> from sksequence import GRUClassifier
        >>> X = np.random.default_rng(0).normal(size=(60, 20)).cumsum(axis=1)
        >>> model = GRUClassifier(hidden_size=8, random_state=0).fit(X, X[:, -1] > 0)
        >>> proba = model.predict_prefixes(X, "predict_proba")
        >>> proba.shape
        (60, 20, 2)
        >>> bool(np.allclose(proba[:, -1], model.predict_proba(X), atol=1e-6))
        True
        """
        check_is_fitted(self)
        names = self._target.predictions
        if response_method not in names:
            raise ValueError(
                f"response_method must be one of {', '.join(map(repr, names))}, "
                f"got {response_method!r}"
            )
        self._check_causal("predict_prefixes")
        represents = response_method == "transform"
        method = "represent_prefixes" if represents else "forward_prefixes"
        return self._respond(X, response_method, method)

    def open_stream(
        self, n_streams: int | None = None, static: ArrayLike | None = None
    ) -> Stream:
        """Begin to read a sequence, or several at once, step by step.

        Without torch, by a compiled kernel where there is one and numpy otherwise: a step
        takes some microseconds.

        Parameters
        ----------
        n_streams : int or None, default=None
            How many sequences; None for one, whose steps and answers have no axis for it.
        static : array-like of shape (n_streams, n_static) or (n_static,), default=None
            What is known of each sequence as a whole, if fit had that.

        Returns
        -------
        sksequence.portable.Stream
            At the beginning; its ``step`` reads a step and predicts from all so far.

        Raises
        ------
        ValueError
            If the network is bidirectional: it reads from the end too.

        Examples
        --------
        >>> import numpy as np
        >>> from sksequence import LSTMClassifier
        >>> X = np.random.default_rng(0).normal(size=(60, 20)).cumsum(axis=1)
        >>> model = LSTMClassifier(hidden_size=8, random_state=0).fit(X, X[:, -1] > 0)
        >>> stream = model.open_stream()
        >>> said = [stream.step(x) for x in X[0]]
        >>> bool(said[-1] == model.predict(X[:1])[0])
        True
        """
        from .._deployment.streams import CompiledStream

        check_is_fitted(self)
        self._check_causal("open_stream")
        predictor = self.to_numpy()
        parts = predictor.network, predictor.inputs, predictor.head
        return CompiledStream(*parts, n_streams, static)

    def to_numpy(self, path: PathLike | None = None) -> NumpyPredictor:
        """Make a predictor that needs numpy alone.

        Parameters
        ----------
        path : str or path, default=None
            Write it as a Python file too, under a name like "model.py": one file to copy
            to where numpy is, whose ``predictor`` is the one that is returned here.

        Returns
        -------
        sksequence.portable.NumpyPredictor
            Predicts whole sequences, and opens streams.

        Raises
        ------
        ValueError
            If Python could not import a file of that name.
        OSError
            If the file cannot be written; what was there before stays.
        """
        from .._deployment.bundles import write_bundle
        from ..portable import NumpyPredictor

        check_is_fitted(self)
        predictor = NumpyPredictor(*self._export())
        if path is not None:
            write_bundle(predictor, path)
        return predictor

    def to_onnx(self, path: PathLike) -> None:
        """Write the fitted estimator to an ONNX file, for use without Python or torch.

        The file holds the network and all that stands before and behind it: scaling,
        tokens unknown, gaps in the steps, probabilities and classes. Needs the package
        onnx, ``pip install 'sksequence[onnx]'``; onnxruntime runs it, from 1.17 on.

        Inputs are ``X``, float32 (batch, steps, channels), or int64 (batch, steps) for
        tokens; ``lengths``, int64 (batch,), how many steps each sequence has: what X
        holds behind is never read; and where there are static covariates ``static``,
        float64 (batch, n_static_features). Outputs are ``label``, of int64 or text or,
        for other classes, their positions in ``classes_``, and ``probabilities``,
        float32; or ``values``, float32. For an answer to each step they have an axis
        (batch, steps, ...), with no meaning behind an end.

        The answers are those for the same X in float32, to rounding: the file computes
        in single precision after scaling, also where ``dtype="float64"``, since
        onnxruntime has no recurrence in double. What predict refuses is not refused:
        sequences shorter than a kernel, ids that are no tokens, NaN with
        ``missing="error"``. Of times in a ``time_channel`` float32 resolves 1 in 16
        million: count them from each sequence's start, which changes nothing else.

        Parameters
        ----------
        path : str or os.PathLike
            File to write. One that is there is replaced; at no time there is half a
            file.

        Returns
        -------
        None

        Raises
        ------
        ImportError
            Without the package onnx.
        TypeError, OSError, ValueError
            If path is none, or names a folder or something in no folder; for weights of
            more than 2 GB. Nothing is written then.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np
        >>> import onnxruntime
        >>> from sksequence import GRUClassifier
        >>> X = np.random.default_rng(0).normal(size=(20, 10, 3)).astype(np.float32)
        >>> y = np.repeat(["left", "right"], 10)
        >>> model = GRUClassifier(max_epochs=2, random_state=0).fit(X, y)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.to_onnx(f"{folder}/model.onnx")
        ...     session = onnxruntime.InferenceSession(f"{folder}/model.onnx")
        >>> inputs = {"X": X, "lengths": np.full(20, 10)}
        >>> label, probabilities = session.run(None, inputs)
        >>> np.allclose(probabilities, model.predict_proba(X), atol=1e-6)
        True
        """
        from .._deployment.onnx_files import write_onnx

        check_is_fitted(self)
        write_onnx(
            path,
            network=self._network,
            weights=training.state_of(self.net_)["weights"],
            reading=self._reading.export(),
            answer=self._target.export(),
            about=self._describe_itself(),
        )

    def _describe_itself(self) -> dict[str, Any]:
        """What an ONNX file says beside the graph."""
        told: dict[str, Any] = {
            "estimator": type(self).__name__,
            "hyperparameters": self.get_params(),
        }
        if hasattr(self, "classes_"):
            told["classes"] = self.classes_.tolist()
        if hasattr(self, "feature_names_in_"):
            told["feature_names"] = self.feature_names_in_.tolist()
        if (names := self._reading.static.names) is not None:
            told["static_names"] = names
        return told

    def _export(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Settings in plain Python, and arrays: all that answers depend on."""
        described = {
            "network": self._network,
            "weights": training.state_of(self.net_)["weights"],
            "reading": self._reading.export(),
            "answer": self._target.export(),
        }
        settings: dict[str, Any] = {
            "made_from": repr(self),
            "channels_first": self.data_format == "channels_first",
        }
        arrays = {}
        for name, part in described.items():
            settings[name] = {}
            for key, value in part.items():
                if isinstance(value, np.ndarray):
                    arrays[f"{name}.{key}"] = value
                else:
                    settings[name][key] = _plain(value)
        return settings, arrays

    def _check_causal(self, name: str) -> None:
        if self._network["bidirectional"]:
            raise ValueError(
                f"{name} needs a causal network, but this one was fitted with "
                "bidirectional=True: it reads from the end too, and knows nothing before "
                "that is there. Fit one with bidirectional=False."
            )


def _plain(value: Any) -> Any:
    """The same without numpy's numbers and without tuples, as JSON has it."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
