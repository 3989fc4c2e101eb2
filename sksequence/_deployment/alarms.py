"""Streams of detectors: a score for each step, as the steps arrive."""

from __future__ import annotations

from typing import Any, cast

from ..portable._parts import Part
from ..portable._signals import Expectation, SignalsHead
from .streams import CompiledStream


class ScoreStream(CompiledStream):
    """Score each step by how far it is from what the steps before it let expect.

    Otherwise as :class:`sksequence.portable.Stream`. Only ``step`` reads a step.
    """

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._expected = Expectation(cast(SignalsHead, self._head), self._n)

    def step(self, x: Any, return_std: bool = False) -> Any:
        """Read a step and score it.

        Parameters
        ----------
        x : array-like of shape (n_channels,) or (n_streams, n_channels)
            One step of each stream; of univariate sequences also a number, or
            (n_streams,).
        return_std : bool, default=False
            Must be False: a score has no standard deviation.

        Returns
        -------
        float or ndarray of shape (n_streams,)
            The scores, as in ``score_steps``: the higher, the more normal.

        Raises
        ------
        ValueError
            If x has another shape, or values that fit would refuse. The stream is then
            unchanged.
        """
        if return_std:
            self._head.check_std()
        values = self._inputs.check_step(x, self._shape)
        scores = self._expected.score(values)
        represented = self._advance(x)
        assert represented is not None, "a network of steps answers at each"
        raw = self._network.output(represented, self._scaled_static)
        self._expected.update(raw)
        return float(scores[0]) if self.n_streams is None else scores

    def step_proba(self, x: Any) -> Any:
        raise TypeError(
            "step_proba needs a classifier, but this is a detector: use step."
        )

    def step_transform(self, x: Any) -> Any:
        raise TypeError(
            "step_transform is not for detectors: pass sequences to transform."
        )

    def _parts(self) -> list[Part]:
        return [*super()._parts(), self._expected]
