"""Whether a network is worth it: cheap models on the same folds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv, cross_validate

from .._inputs import as_numbers, last_of, quantiles_of, score_numbers
from .._inputs.types import ArrayLike, RandomState, Targets
from ._comparison import Comparison
from ._models import make_baselines

__all__ = ["BaselineReport", "baseline_report"]

_SIGNIFICANT = 0.05
# What the scores of a baseline that does not have what the metric asks for raise.
_CANNOT = (ValueError, TypeError, AttributeError, NotImplementedError)


def baseline_report(
    estimator: Any,
    X: ArrayLike,
    y: Targets,
    *,
    cv: Any = 5,
    groups: ArrayLike | None = None,
    scoring: str | Callable[..., float] | None = None,
    n_jobs: int | None = None,
    random_state: RandomState = None,
) -> BaselineReport:
    """Fit cheap baselines on the folds of a network, and say whether it is worth it.

    The baselines are

    - the most frequent class, or the mean of y;
    - for numbers: the last value of the channel that is nearest to y, which forecasts
      have to be ahead of;
    - ridge on summary statistics of each channel (mean, standard deviation, extremes,
      first and last value, trend, mean absolute change) and the length;
    - the nearest neighbour by standardised steps, with zeros behind shorter sequences;
    - ridge on random convolutions, with the kernels of MiniRocket (Dempster, Schmidt and
      Webb, 2021), in numpy;
    - for tokens in place of the summaries: ridge on tf-idf of tokens and pairs.

    They read what the network reads, also in a Pipeline, a search or an ensemble. Gaps
    are filled by the value before them.

    Parameters
    ----------
    estimator : estimator
        Classifier or regressor of whole sequences, or a Pipeline, search or ensemble of
        one. It is cloned.
    X : array-like
        Sequences, in any form that the estimator accepts.
    y : array-like of shape (n_sequences,) or (n_sequences, ...)
        Targets.
    cv : int, cross-validation generator or iterable, default=5
        The folds, as in :func:`sklearn.model_selection.cross_validate`. Use
        :class:`~sksequence.model_selection.PurgedKFold` for overlapping windows.
    groups : array-like of shape (n_sequences,), default=None
        Passed to the splitter.
    scoring : str, callable or None, default=None
        The metric; None for accuracy, or R squared. A baseline that lacks what it asks
        for, such as probabilities, is left out, and the report says so.
    n_jobs : int or None, default=None
        Number of folds computed at the same time.
    random_state : int, RandomState instance or None, default=None
        Draws the random convolutions. The network has a ``random_state`` of its own.

    Returns
    -------
    BaselineReport
        Scores, differences with their spread, and a verdict; print it.

    Raises
    ------
    TypeError
        If the estimator predicts steps or sequences of labels.
    ValueError
        If it predicts several quantiles and ``scoring`` is None, whose scores the
        baselines have not.

    See Also
    --------
    sklearn.model_selection.cross_validate : The scores of one estimator.

    References
    ----------
    Dempster, Schmidt and Webb (2021), MiniRocket: a very fast (almost) deterministic
    transform for time series classification. KDD.

    Nadeau and Bengio (2003), Inference for the generalization error. Machine Learning 52.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import GRUClassifier
    >>> from sksequence.inspection import baseline_report
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(n, 2)) for n in rng.integers(5, 20, size=80)]
    >>> y = np.array(["up" if x[:, 0].mean() > 0 else "down" for x in X])
    >>> network = GRUClassifier(hidden_size=4, max_epochs=2, random_state=0)
    >>> report = baseline_report(network, X, y, cv=4, random_state=0)
    >>> report.best_baseline
    'ridge on summaries'
    >>> report.is_worth_it
    False
    """
    _check_kind(estimator)
    scorer = _default_scorer(estimator) if scoring is None else scoring
    splitter = check_cv(cv, y, classifier=is_classifier(estimator))
    folds = list(splitter.split(X, y, groups))
    options = {"cv": folds, "n_jobs": n_jobs, "error_score": "raise"}
    name = type(last_of(estimator)).__name__
    found = {name: cross_validate(estimator, X, y, scoring=scorer, **options)}
    left_out = {}
    for baseline, model in make_baselines(estimator, random_state).items():
        try:
            scored = check_scoring(model, scorer)
            found[baseline] = cross_validate(
                model, X, _as_table(y), scoring=scored, **options
            )
        except _CANNOT as error:
            left_out[baseline] = (str(error) or type(error).__name__).splitlines()[0]
    scores = {model: result["test_score"] for model, result in found.items()}
    test_share = float(np.mean([len(test) / len(train) for train, test in folds]))
    return BaselineReport(
        network=name,
        scoring=_name_of(scoring, estimator),
        scores=scores,
        seconds={
            model: float(np.mean(result["fit_time"] + result["score_time"]))
            for model, result in found.items()
        },
        comparisons={
            model: Comparison.of(scores[name], own, test_share)
            for model, own in scores.items()
            if model != name
        },
        left_out=left_out,
    )


def _check_kind(estimator: Any) -> None:
    """Raise TypeError unless it predicts one target for each sequence."""
    name = type(estimator).__name__
    if not (is_classifier(estimator) or is_regressor(estimator)):
        raise TypeError(
            f"estimator must be a classifier or regressor of whole sequences, got {name}."
        )
    if hasattr(estimator, "historical_forecasts"):
        raise TypeError(
            f"estimator must be a regressor of sequences, got {name}, which reads a "
            "table. Pass its regressor, and the windows and targets of "
            "sksequence.preprocessing.make_windows."
        )


def _default_scorer(estimator: Any) -> Any:
    if is_classifier(estimator):
        return "accuracy"
    if levels := quantiles_of(estimator):
        raise ValueError(
            "scoring must be given for a network that predicts several quantiles, got "
            f"None with the quantiles {levels}: R squared is of one number. Report a "
            "network with another loss, or pass a scorer."
        )
    return _r_squared


def _r_squared(estimator: Any, X: Any, y: Any) -> float:
    """Return R squared, for several outputs the mean over those that are given."""
    truth = _as_table(as_numbers(y, "y", allow_nan=True))
    predicted = np.asarray(estimator.predict(X)).reshape(truth.shape)
    return score_numbers(truth, predicted, None)


def _as_table(y: Any) -> Any:
    """Return targets of several steps ahead as (n_sequences, n_outputs)."""
    return np.reshape(y, (len(y), -1)) if np.ndim(y) > 2 else y


def _name_of(scoring: Any, estimator: Any) -> str:
    if scoring is None:
        return "accuracy" if is_classifier(estimator) else "r2"
    return scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")


def _with_error(found: Comparison) -> str:
    return f"{found.difference:+.3f} ± {found.std_error:.3f}"


@dataclass(frozen=True, repr=False)
class BaselineReport:
    """Scores of a network and of cheap baselines on the same folds.

    Returned by :func:`baseline_report`; ``print`` shows all of it.

    Attributes
    ----------
    network : str
        The name of the network's class.
    scoring : str
        The name of the metric, of which more is better.
    scores : dict of ndarray of shape (n_folds,)
        The score of each fold, by model, the network first.
    seconds : dict of float
        Mean time to fit and score a fold, by model.
    comparisons : dict of Comparison
        By baseline: how far the network is ahead, with a standard error, a p-value and a
        confidence interval by the corrected resampled t-test.
    left_out : dict of str
        Why a baseline has no score, by its name.
    """

    network: str
    scoring: str
    scores: dict[str, np.ndarray]
    seconds: dict[str, float]
    comparisons: dict[str, Comparison]
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def best_baseline(self) -> str | None:
        """The baseline of the highest mean score; None if all are left out."""
        if not self.comparisons:
            return None
        return max(self.comparisons, key=lambda name: self.scores[name].mean())

    @property
    def is_worth_it(self) -> bool:
        """Whether the network is ahead of the best baseline by more than chance is."""
        if (best := self.best_baseline) is None:
            return False
        found = self.comparisons[best]
        return found.difference > 0 and found.p_value < _SIGNIFICANT

    @property
    def verdict(self) -> str:
        """A sentence that says whether the network is worth it."""
        best = self.best_baseline
        if best is None:
            return f"No baseline could be scored by {self.scoring}."
        found = self.comparisons[best]
        means = f"{self.scores[self.network].mean():.3f} against "
        means += f"{self.scores[best].mean():.3f} of the best baseline ({best})"
        spread = (
            f"{found.difference:+.3f} ± {found.std_error:.3f}, p = {found.p_value:.2g}"
        )
        if self.is_worth_it:
            return f"{self.network} is worth it: {means}, {spread}."
        if found.difference <= 0:
            return f"{self.network} is not worth it: {means}, {spread}."
        if np.isnan(found.p_value):
            return f"{self.network} is ahead, but one fold has no spread: {means}."
        return (
            f"{self.network} is not shown to be worth it: {means}, {spread}; the folds "
            "differ as much by chance."
        )

    def to_frame(self) -> Any:
        """Return the report as a DataFrame of pandas.

        Returns
        -------
        DataFrame
            A row for each model, the network first, with the columns ``mean_score``,
            ``std_score``, ``difference`` (network less model), ``std_error``,
            ``p_value``, ``low``, ``high`` and ``seconds``.
        """
        import pandas as pd

        nothing = Comparison(*[np.nan] * 5)
        rows = {
            name: {
                "mean_score": own.mean(),
                "std_score": own.std(),
                **vars(self.comparisons.get(name, nothing)),
                "seconds": self.seconds[name],
            }
            for name, own in self.scores.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index")

    def _rows(self) -> list[list[str]]:
        """Return the cells of the table that people see, the head first."""
        rows = [["", self.scoring, "std", "network ahead by", "p", "seconds"]]
        for name, own in self.scores.items():
            ahead, p_value = "", ""
            if (found := self.comparisons.get(name)) is not None:
                ahead = _with_error(found)
                p_value = f"{found.p_value:.2g}"
            numbers = [f"{own.mean():.3f}", f"{own.std():.3f}"]
            rows.append([name, *numbers, ahead, p_value, f"{self.seconds[name]:.1f}"])
        return rows

    def __str__(self) -> str:
        rows = self._rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
            for row in rows
        ]
        notes = [f"{name} left out: {why}" for name, why in self.left_out.items()]
        return "\n".join([*lines, *notes, self.verdict])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, *body = self._rows()
        cells = ["".join(f"<th>{escape(text)}</th>" for text in head)]
        for name, *others in body:
            numbers = "".join(f"<td>{escape(text)}</td>" for text in others)
            cells.append(f"<th>{escape(name)}</th>{numbers}")
        table = "".join(f"<tr>{row}</tr>" for row in cells)
        notes = [f"{name} left out: {why}" for name, why in self.left_out.items()]
        said = "".join(f"<p>{escape(text)}</p>" for text in (*notes, self.verdict))
        return f"<table>{table}</table>{said}"
