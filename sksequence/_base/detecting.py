"""Base of estimators that find anomalies in sequences without labels."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np
from sklearn.base import OutlierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from .._inputs import (
    AnySequences,
    FitData,
    NumberReading,
    Reading,
    Sequences,
    Signals,
    Target,
    check_weights,
    lower_limit,
    weights_ahead,
)
from .._inputs.borrowed import StrOptions
from .._inputs.types import ArrayLike, PathLike, Targets
from .declaration import MODEL, NETWORK, hyperparameter, recurrent_estimator
from .deployable import Deployable
from .fitting import computing
from .hyperparameters import COUNT
from .intervals import Number
from .per_step import PerStepEstimator

if TYPE_CHECKING:
    from .._training import SequenceDataset
    from ..portable import NumpyPredictor, Stream
    from ..portable._signals import SignalsHead

# As scikit-learn's callbacks get it from estimators without targets.
_NO_Y = cast(Targets, None)


@recurrent_estimator
class SequenceDetector(OutlierMixin, PerStepEstimator, Deployable):
    """Detector of anomalies by the errors of predicted or reconstructed steps."""

    objective: str = hyperparameter(
        default="predict",
        constraints=[StrOptions({"predict", "reconstruct"})],
        doc="""{"predict", "reconstruct"}
        What the network learns. "predict": each step from those before it, by a causal
        network; the first step, which has none, is predicted by mean and standard
        deviation of each channel. "reconstruct": all steps, from a code of ``code_size``
        numbers: a linear function of the pooled states, from which one more recurrent
        layer, of the same cell and the size of the first layer, makes every step, reading
        the code and the place of the step: in the sequence, and on clocks of 4 to 256
        steps.""",
        role=NETWORK,
        since=(2, 0),
    )
    code_size: int = hyperparameter(
        default=8,
        constraints=[COUNT],
        doc="""int
        With ``objective="reconstruct"``, number of values of the code; at most half as
        many as the longest training sequence has, for otherwise the network might learn
        the identity.""",
        role=NETWORK,
        since=(2, 0),
    )
    noise: str = hyperparameter(
        default="constant",
        constraints=[StrOptions({"constant", "gaussian", "student_t"})],
        doc="""{"constant", "gaussian", "student_t"}
        What the network learns of the size of errors. "constant": nothing, the loss is
        the squared error, and each channel has one standard deviation. The others: a
        standard deviation for each value, by the negative log-likelihood of a normal or,
        for heavy tails, a Student's t distribution; errors then count less where the
        signal is noisy.""",
        role=MODEL,
        since=(2, 0),
    )
    contamination: str | float = hyperparameter(
        default="auto",
        constraints=[StrOptions({"auto"}), Number(Real, 0, 0.5, closed="right")],
        doc=""""auto" or float
        What determines ``offset_``, the score below which a sequence is an outlier: the
        proportion of outliers among the training sequences, in (0, 0.5]; or "auto" for
        the lower fence of Tukey (1977), the first quartile of their scores less 1.5 times
        the distance of the quartiles, or their 1 % quantile if that is higher.""",
        since=(2, 0),
    )
    score_reduction: str = hyperparameter(
        default="mean",
        constraints=[StrOptions({"mean", "min"})],
        doc="""{"mean", "min"}
        How the score of a sequence follows from those of its steps: by the mean of their
        squares, or the lowest: the score of the worst step.""",
        role=MODEL,
        since=(2, 0),
    )

    _network_kind: ClassVar[str] = "detector"
    _attributes_doc = """
    offset_ : float
        Score below which a sequence is an outlier; it can be set.
    step_offset_ : float
        The same for scores of steps, by the same rule.
    """

    # --------------------------------------------------------- network and its targets

    def _get_network(self) -> dict[str, Any]:
        if self.embedding_dim is not None:
            raise ValueError(
                "embedding_dim must be None, as a detector measures errors of numbers, "
                f"got {self.embedding_dim}. For tokens fit a RecurrentTagger to the next "
                "token of each, and see which ones it finds improbable."
            )
        if self.scoring is not None:
            raise ValueError(
                "scoring must be None, as there are no targets to score, got "
                f"{self.scoring!r}. Early stopping watches the loss."
            )
        network = super()._get_network()
        if self.objective == "predict":
            self._check_predicting(network)
        else:
            self._check_code()
        return network

    def _check_predicting(self, network: dict[str, Any]) -> None:
        """Raise ValueError for what cannot predict the next step."""
        if network["bidirectional"]:
            raise ValueError(
                'bidirectional must be False with objective="predict", as a backward '
                "direction has read the step that is to be predicted, got True."
            )
        if network["pooling"] == "attention":
            raise ValueError(
                'pooling must be "last", "mean" or "max" with objective="predict", which '
                'pools for transform alone: weights would not be learnt, got "attention".'
            )
        if network["pooling_segments"] > 1:
            raise ValueError(
                'pooling_segments must be 1 with objective="predict", which has a state '
                f"for every step, got {network['pooling_segments']}."
            )

    def _check_code(self) -> None:
        """Raise ValueError for what cannot make a code of whole sequences."""
        if self.bptt_steps is not None:
            raise ValueError(
                'bptt_steps must be None with objective="reconstruct", whose code is of '
                f"whole sequences, got {self.bptt_steps}."
            )

    def _describe_network(self, reading: Reading, target: Target) -> dict[str, Any]:
        described = super()._describe_network(reading, target)
        code_size = cast(Signals, target).limit_code(self.code_size)
        return described | {"code_size": code_size}

    def _get_allowed_changes(self) -> Collection[str]:
        return ("jitter",)  # of what is read; targets are the steps as they are

    def _check_y(self, *_: Any) -> tuple[Target, np.ndarray]:
        raise AssertionError("the targets are those of X")

    def _check_first_batch(self, y: Any, classes: Any) -> None:
        """Nothing has to be known in advance."""

    def _encode(
        self,
        y: Any,
        sequences: AnySequences,
        reading: Reading,
        target: Target | None,
        classes: Any,
    ) -> tuple[Target, Sequences]:
        if not isinstance(target, Signals):
            target = self._make_target(reading, int(sequences.lengths.max()))
        if target.is_ahead and sequences.lengths.max() < 2:
            raise ValueError(
                'objective="predict" needs a sequence of at least two steps, got one '
                "step in each (a table with n_features = 1, or as many arrays of one "
                'step). Pass longer ones, or set objective="reconstruct".'
            )
        rows = target.rows_of(sequences)
        return target, Sequences(rows, sequences.lengths, sequences.is_block)

    def _make_target(self, reading: Reading, longest: int) -> Signals:
        """Return the unfitted targets: the channels of numbers, but not the time."""
        assert isinstance(reading, NumberReading), "tokens are refused before"
        others = {reading.time_channel}
        if reading.categories is not None:
            others |= set(reading.categories.columns)
        columns = tuple(j for j in range(reading.input_size) if j not in others)
        if not columns:
            raise ValueError(
                "X has no channel of numbers to be predicted or reconstructed: all are "
                "categories or the time."
            )
        return Signals.in_channels(
            columns,
            "squared_error" if self.noise == "constant" else self.noise,
            is_ahead=self.objective == "predict",
            reduction=self.score_reduction,
            longest=longest,
        )

    # ------------------------------------------------------------------------- fitting

    def fit(
        self,
        X: ArrayLike,
        y: Targets | None = None,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: Targets | None = None,
    ) -> Self:
        """Train the network, and learn how large its errors usually are.

        Parameters
        ----------
        X : array-like
            Sequences, as in the other estimators: 2-D (n_sequences, n_steps), 3-D
            (n_sequences, n_steps, n_channels), or a list of arrays (n_steps_i,
            n_channels) or (n_steps_i,), DataFrames included. A few anomalies among them
            do little harm.
        y : object, default=None
            Ignored, as are labels that a Pipeline or a search passes on.
        sample_weight : array-like of shape (n_sequences,) or list, default=None
            Weight of each sequence; or a list with an array (n_steps_i,) for each, the
            weight of each step. They count in loss, scaling and ``offset_``.
        groups : array-like of shape (n_sequences,), default=None
            Groups for early stopping: sequences of one group are held out together.
        X_val : array-like, default=None
            Validation set for early stopping, in the form of X; nothing of X is then
            held out.
        y_val : object, default=None
            Ignored.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If data or hyperparameters are invalid, before any training; ValueError also
            if training diverges. The estimator is then unchanged.
        """
        weight = self._weight_ahead(sample_weight)
        y_val = None if X_val is None else []
        return super().fit(X, _NO_Y, weight, groups, X_val=X_val, y_val=y_val)

    def partial_fit(
        self,
        X: ArrayLike,
        y: Targets | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch, continuing from the last call or fit.

        Channels are scaled by running means and standard deviations of all calls so far;
        the usual size of errors, ``offset_`` and ``step_offset_`` are those of the
        sequences of this call, by the network as it is after it.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : object, default=None
            Ignored.
        sample_weight : array-like of shape (n_sequences,) or list, default=None
            Weight of each sequence, or of each step as in fit.

        Returns
        -------
        self : object
            The estimator.
        """
        return self._fit_one_epoch(X, _NO_Y, self._weight_ahead(sample_weight))

    def _weight_ahead(self, sample_weight: Any) -> Any:
        """Return weights where the network has its outputs for what they weigh."""
        if getattr(sample_weight, "ndim", 1) == 2:
            raise ValueError(
                f"sample_weight.shape == {tuple(sample_weight.shape)}, expected a weight "
                "for each sequence, or a list with an array for each, the weights of its "
                "steps."
            )
        if self.objective != "predict":
            return sample_weight
        return weights_ahead(sample_weight)

    def _calibrate(self, parts: list[tuple[SequenceDataset, FitData]]) -> None:
        runs = [self._run(data) for data, _ in parts]
        run = [np.concatenate(arrays) for arrays in zip(*runs, strict=True)]
        weight = np.concatenate([_weight_of_sequences(data) for _, data in parts])
        signals = cast(Signals, self._target)
        step_weight = np.concatenate([signals.weight_of_steps(data) for _, data in parts])
        blank = replace(signals, spread=np.ones_like(signals.spread))
        errors = _make_head(blank).errors_of_steps(*run)
        calibrated = blank.calibrate(errors, step_weight)
        head = _make_head(calibrated)
        scores = head.score_steps(*run)
        limit = partial(lower_limit, contamination=self.contamination)
        self._target = replace(
            calibrated,
            offset=limit(head.reduce(scores, run[-1]), weight),
            step_offset=limit(scores, step_weight),
        )

    @property
    def offset_(self) -> float:
        """Score below which a sequence is an outlier; it can be set."""
        return self._fitted_signals("offset_").offset

    @offset_.setter
    def offset_(self, value: float) -> None:
        self._target = replace(self._fitted_signals("offset_"), offset=float(value))

    @property
    def step_offset_(self) -> float:
        """Score below which a step is an outlier; it can be set."""
        return self._fitted_signals("step_offset_").step_offset

    @step_offset_.setter
    def step_offset_(self, value: float) -> None:
        signals = self._fitted_signals("step_offset_")
        self._target = replace(signals, step_offset=float(value))

    def _fitted_signals(self, name: str) -> Signals:
        """Return what was learnt of errors; without a fit there is no such attribute."""
        signals = vars(self).get("_target")
        if signals is None:
            raise AttributeError(f"{type(self).__name__} has no {name} before a fit.")
        return cast(Signals, signals)

    # ------------------------------------------------------------------------- scoring

    def _run(self, data: SequenceDataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return raw outputs and values of all steps, and the lengths of sequences."""
        with computing(self, data):
            raw, lengths = self.net_.answers(data, "forward")
        assert lengths is not None, "the network answers at each step"
        return raw, data.source.load(np.arange(len(data))).values, lengths

    def _answer(
        self,
        data: SequenceDataset,
        response_method: str,
        method: str = "forward",
        **options: Any,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        if response_method == "transform":
            return super()._answer(data, response_method, method, **options)
        run, head = self._run(data), _make_head(cast(Signals, self._target))
        lengths = run[-1]
        if response_method == "score":
            return head.log_density_of_steps(*run), lengths
        scores = head.score_steps(*run)
        if response_method == "score_steps":
            return scores, lengths
        return head.reduce(scores, lengths), None

    def score_samples(self, X: ArrayLike) -> np.ndarray:
        """Score sequences: the higher, the more normal.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences,)
            Minus the root mean squared error over steps and channels, in standard
            deviations of the usual errors of each channel; with
            ``score_reduction="min"``, the score of the worst step. Zero if no step of a
            sequence has a score.
        """
        return self._respond(X, "score_samples")

    def score_steps(self, X: ArrayLike) -> np.ndarray:
        """Score every step of sequences: the higher, the more normal.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences, n_steps)
            Minus the root mean squared error over the channels of a step, in standard
            deviations of their usual errors; NaN if all of its channels are missing. For
            a list of sequences, an object array with an array (n_steps_i,) for each.
        """
        return self._respond(X, "score_steps")

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Return ``score_samples(X) - offset_``, below zero for outliers.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences,)
            Scores.
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Tell outliers from normal sequences.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences,)
            -1 for outliers, whose ``decision_function`` is below zero, else 1.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def score(
        self,
        X: ArrayLike,
        y: Targets | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Return the mean log-likelihood of all values, for searches.

        It is that of normal distributions around what is predicted or reconstructed,
        whose standard deviations are the usual errors, in units of X: greater is better,
        whatever the loss. It says how well normal sequences are known; whether anomalies
        are found only labels can tell.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : object, default=None
            Ignored.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence.

        Returns
        -------
        float
            Mean over all values that are not missing.
        """
        found = self._respond(X, "score")
        weight = check_weights(sample_weight, len(found))
        steps = np.concatenate(list(found))
        of_step = np.ones(len(steps))
        if weight is not None:
            of_step = np.repeat(weight, [len(x) for x in found])
        there = ~np.isnan(steps)
        return float(np.average(steps[there], weights=of_step[there]))

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Return the representation of each sequence, learnt without labels.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.

        Returns
        -------
        ndarray of shape (n_sequences, n_units)
            With ``objective="predict"`` the hidden states, pooled over the steps as
            ``pooling`` says, followed by the output of the parallel convolutions if there
            are any; with "reconstruct" the code.
        """
        return self._respond(X, "transform", "represent")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        return tags

    # ---------------------------------------------------------------------- deployment

    def predict_prefixes(
        self, X: ArrayLike, response_method: str = "predict"
    ) -> np.ndarray:
        """Refuse: ``score_steps`` has a score for every step.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        response_method : str, default="predict"
            Ignored.

        Returns
        -------
        ndarray
            Never.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError(
            "predict_prefixes is not for detectors: use score_steps, which with "
            'objective="predict" scores each step by those before it alone.'
        )

    def open_stream(
        self, n_streams: int | None = None, static: ArrayLike | None = None
    ) -> Stream:
        """Open a stream that scores one or several sequences step by step.

        Parameters
        ----------
        n_streams : int or None, default=None
            Number of sequences; None for one, whose steps and scores have no axis for
            sequences.
        static : array-like of shape (n_streams, n_static) or (n_static,), default=None
            Static covariates, if there were any in fit.

        Returns
        -------
        sksequence.portable.Stream
            The stream; its ``step`` reads one step and returns its score, as
            ``score_steps`` does, by the steps before it. Below ``step_offset_`` it is an
            outlier.

        Raises
        ------
        ValueError
            If ``objective`` was "reconstruct".

        Examples
        --------
        >>> import numpy as np
        >>> from sksequence import RecurrentDetector
        >>> X = np.sin(np.arange(60) + np.arange(20)[:, None])
        >>> model = RecurrentDetector(hidden_size=16, random_state=0).fit(X)
        >>> stream = model.open_stream()
        >>> scores = [stream.step(x) for x in X[0]]
        >>> bool(np.allclose(scores, model.score_steps(X[:1])[0], atol=1e-4))
        True
        >>> stream.step(10.0) < model.step_offset_
        True
        """
        from .._deployment.alarms import ScoreStream
        from ..portable import NumpyPredictor

        check_is_fitted(self)
        signals = cast(Signals, self._target)
        if not signals.is_ahead:
            raise ValueError(
                'open_stream needs a detector fitted with objective="predict": to '
                'reconstruct a step, objective="reconstruct" reads the whole sequence.'
            )
        predictor = NumpyPredictor(*self._export())
        parts = predictor.network, predictor.inputs, _make_head(signals)
        return ScoreStream(*parts, n_streams, static)

    def to_numpy(self, path: PathLike | None = None) -> NumpyPredictor:
        """Refuse: of a detector only streams do without torch.

        Parameters
        ----------
        path : str or path, default=None
            Ignored.

        Returns
        -------
        sksequence.portable.NumpyPredictor
            Never.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError(
            "to_numpy is not for detectors. open_stream scores step by step without "
            'torch (objective="predict"); streams can be pickled.'
        )

    def to_onnx(self, path: PathLike) -> None:
        """Refuse: scores need both the network and the steps that it predicts.

        Parameters
        ----------
        path : str or path-like
            Ignored.

        Returns
        -------
        None
            Never.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError(
            "to_onnx is not for detectors. To predict the next step by an ONNX file, fit "
            "a RecurrentStepRegressor to it."
        )


def _make_head(signals: Signals) -> SignalsHead:
    """Return what computes scores, in every back end."""
    from ..portable._signals import SignalsHead

    return SignalsHead(**signals.describe())


def _weight_of_sequences(data: FitData) -> np.ndarray:
    return np.ones(len(data.sequences)) if data.weight is None else data.weight
