"""Base of estimators that can be exported, and that predict step by step."""

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
    """Estimator with streams, predictions for prefixes, and exports."""

    def predict_prefixes(
        self, X: ArrayLike, response_method: str = "predict"
    ) -> np.ndarray:
        """Predict after every step, given the steps so far, in one pass.

        Returns what ``predict`` would return for the first step of a sequence, the first
        two, and so on: for example, to see how early a prediction is right.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        response_method : {"predict", "predict_proba", "transform"}, default="predict"
            The method whose predictions are returned.

        Returns
        -------
        ndarray of shape (n_sequences, n_steps, ...)
            For a list of sequences, an object array with an array (n_steps_i, ...) for
            each. With ``conv_stride`` or ``parallel_stride`` there is a prediction for
            each complete block of steps of all strides (but always for every step if the
            estimator predicts for every step).

        Raises
        ------
        ValueError
            If the network is bidirectional, or was fitted with ``normalize``,
            ``decoder=True``, ``crf=True`` or ``pooling_segments`` above 1.

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
        self._check_prefixes("predict_prefixes")
        represents = response_method == "transform"
        method = "represent_prefixes" if represents else "forward_prefixes"
        return self._respond(X, response_method, method)

    def open_stream(
        self, n_streams: int | None = None, static: ArrayLike | None = None
    ) -> Stream:
        """Open a stream that reads one or several sequences step by step.

        Streams do not use torch, but a compiled kernel if available, else numpy: a step
        takes some microseconds.

        Parameters
        ----------
        n_streams : int or None, default=None
            Number of sequences; None for one, whose steps and predictions have no axis
            for sequences.
        static : array-like of shape (n_streams, n_static) or (n_static,), default=None
            Static covariates, if there were any in fit.

        Returns
        -------
        sksequence.portable.Stream
            The stream; its ``step`` reads one step and returns the prediction so far.

        Raises
        ------
        ValueError
            If the network is bidirectional, or was fitted with ``normalize``,
            ``decoder=True``, ``crf=True`` or ``pooling_segments`` above 1.

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
        self._check_prefixes("open_stream")
        predictor = self.to_numpy()
        parts = predictor.network, predictor.inputs, predictor.head
        return CompiledStream(*parts, n_streams, static)

    def to_numpy(self, path: PathLike | None = None) -> NumpyPredictor:
        """Make a predictor that needs only numpy.

        Parameters
        ----------
        path : str or path, default=None
            If given, also write a Python file, with a name such as "model.py": a single
            file that needs only numpy, with the returned object as ``predictor``.

        Returns
        -------
        sksequence.portable.NumpyPredictor
            Predicts whole sequences, and opens streams.

        Raises
        ------
        ValueError
            If Python cannot import a file of that name.
        OSError
            If the file cannot be written; an existing file is then unchanged.
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

        The file includes scaling, unknown tokens, missing values, probabilities and
        classes. Writing it needs the package onnx, ``pip install 'sksequence[onnx]'``;
        onnxruntime runs it since version 1.17.

        Inputs are ``X``, in ``dtype`` (float64 with ``normalize``) (batch, steps,
        channels), or int64 (batch, steps) for tokens; ``lengths``, int64 (batch,), the
        number of steps of each sequence, since padding is never read; and, with static
        covariates, ``static``, float64 (batch, n_static_features). Outputs are ``label``,
        int64 or text or, for other classes, their positions in ``classes_``, and
        ``probabilities``, in ``dtype``; or ``values``, in ``dtype``, or float64 where
        float32 cannot resolve the targets and with ``normalize``, and ``std`` beside them
        if the loss is that of a distribution.
        Predictions for every step are (batch, steps, ...), undefined in padding.

        Channels and static columns of categories hold ids in ``X`` and ``static``:
        levels count from 1, in the order in the metadata ``categories`` and
        ``static_categories`` (JSON), and others are 0.

        The predictions are those for the same X in ``dtype``, up to rounding: the file
        computes in the precision of the network, with ``dtype="float64"`` step by step,
        since runtimes have recurrent operators in float32 only. Unlike predict, the file
        does not validate its input: invalid tokens, or NaN with ``missing="error"``.
        float32 resolves times in a ``time_channel`` to 1 in 16 million: subtract the time
        at the start of each sequence, which has no effect on predictions, or use
        ``dtype="float64"``.

        Parameters
        ----------
        path : str or os.PathLike
            File to write. An existing file is replaced atomically.

        Returns
        -------
        None

        Raises
        ------
        ImportError
            If the package onnx is not installed.
        TypeError, OSError, ValueError
            If path is not a path to a file in an existing directory, or the weights
            exceed 2 GB. Nothing is written then.

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
        write_onnx(path, **self._export_parts(), about=self._describe_itself())

    def _export_parts(self) -> dict[str, dict[str, Any]]:
        """Return what other back ends need, in numpy and plain Python."""
        return {
            "network": self._network,
            "weights": training.state_of(self.net_)["weights"],
            "reading": self._reading.export(),
            "answer": self._export_answer(),
        }

    def _describe_itself(self) -> dict[str, Any]:
        """Return the metadata of an ONNX file."""
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
        exported = self._reading.export()
        places = ("categories", "static_categories")
        return told | {name: exported[name] for name in places if name in exported}

    def _export_answer(self) -> dict[str, Any]:
        """Return kind and values of the head."""
        answer = self._target.export()
        if self._reading.local is not None:
            answer["in_double"] = True  # sequences may lie anywhere
        return answer

    def _export(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return settings in plain Python, and arrays, for a predictor."""
        settings: dict[str, Any] = {
            "made_from": repr(self),
            "channels_first": self.data_format == "channels_first",
            "feature_names": _plain(list(getattr(self, "feature_names_in_", ()))) or None,
            "is_table": self._reading.form.is_table,
        }
        arrays = {}
        for name, part in self._export_parts().items():
            settings[name] = {}
            for key, value in part.items():
                if isinstance(value, np.ndarray):
                    arrays[f"{name}.{key}"] = value
                else:
                    settings[name][key] = _plain(value)
        return settings, arrays

    def _check_prefixes(self, name: str) -> None:
        """Raise ValueError unless predictions are possible while a sequence arrives."""
        if self._reading.local is not None:
            raise ValueError(
                f"{name} needs a model with normalize=None: each sequence is normalised "
                "by its last value, or by mean and deviation of all its steps, so every "
                "prefix has another scale and would have to be read from its first step "
                "again. Pass the prefixes to predict, as sequences."
            )
        if self._network["bidirectional"]:
            raise ValueError(
                f"{name} needs a causal network, but this one was fitted with "
                "bidirectional=True, so its states depend on later steps. Fit one with "
                "bidirectional=False."
            )
        if self._network.get("decoder_steps"):
            raise ValueError(
                f"{name} needs a network that can answer after any step, but this one "
                "was fitted with decoder=True: its last steps hold what is known ahead. "
                "Fit one with decoder=False."
            )
        if (n := self._network.get("pooling_segments", 1)) > 1 and not self._per_step:
            raise ValueError(
                f"{name} needs a network that can answer after any step, but this one "
                f"was fitted with pooling_segments={n}, and the parts of a sequence "
                "depend on its length. Fit one with pooling_segments=1, or pass the "
                "prefixes to predict, as sequences."
            )


def _plain(value: Any) -> Any:
    """Convert numpy scalars and tuples to the types of JSON."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
