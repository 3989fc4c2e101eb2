"""Base of estimators of classes of steps, by themselves or as a chain."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import numpy as np

from .._inputs import AnySequences, Labels, Reading, Sequences, Tags, Target
from .._inputs.borrowed import StrOptions
from .classifier import Labeller
from .declaration import MODEL, NETWORK, hyperparameter, recurrent_estimator
from .deployable import Deployable
from .per_step import PerStepEstimator


@recurrent_estimator
class ChainTagger(PerStepEstimator, Labeller, Deployable):
    """Estimator of a class for each step, with a conditional random field if wanted."""

    crf: bool = hyperparameter(
        default=False,
        constraints=["boolean"],
        doc="""bool
        Predict the classes of all steps of a sequence together, by a linear-chain
        conditional random field (Lafferty et al., 2001) on the outputs of the network:
        each pair of neighbouring classes has a learnt score, too. ``predict`` returns
        the most likely sequence of classes (Viterbi), ``predict_proba`` the exact
        probability of each class at each step, summed over all sequences of classes.
        The loss is the negative log-likelihood of whole sequences, per step; over steps
        without a label it is summed. Not for several labels, ``class_weight``,
        ``label_smoothing``, weights of steps, ``bptt_steps``, streams and prefixes.""",
        role=NETWORK,
        since=(2, 0),
    )
    tag_scheme: str | None = hyperparameter(
        default=None,
        constraints=[StrOptions({"bio", "bioes"}), None],
        doc="""{"bio", "bioes"} or None
        With ``crf=True``, the scheme of the classes, by which others are never predicted:
        "O" is outside of chunks such as names; in "bio", the first step of a chunk of
        type x is "B-x" and all later ones are "I-x"; in "bioes", the last one is "E-x",
        and a chunk of one step is "S-x". Classes in y must follow it, too.""",
        role=MODEL,
        since=(2, 0),
    )

    def _get_network(self) -> dict[str, Any]:
        network = super()._get_network()
        if self.tag_scheme is not None and not self.crf:
            raise ValueError(
                f"tag_scheme={self.tag_scheme!r} needs crf=True, as without it each step "
                "has a class of its own; got crf=False."
            )
        if not self.crf:
            return network
        if self.bptt_steps is not None:
            raise ValueError(
                "bptt_steps must be None with crf=True, whose loss is that of all tags "
                f"of a sequence together, got {self.bptt_steps}."
            )
        if self.label_smoothing:
            raise ValueError(
                "label_smoothing must be 0 with crf=True, whose loss is that of all tags "
                f"of a sequence together, got {self.label_smoothing}."
            )
        if self.class_weight is not None:
            raise ValueError(
                "class_weight must be None with crf=True, whose loss is that of all tags "
                f"of a sequence together, got {self.class_weight!r}. Use sample_weight "
                "for sequences with rare classes."
            )
        return network

    def _encode(
        self,
        y: Any,
        sequences: AnySequences,
        reading: Reading,
        target: Target | None,
        classes: Any,
    ) -> tuple[Target, Sequences]:
        target, encoded = super()._encode(y, sequences, reading, target, classes)
        if self.crf and not isinstance(target, Tags):
            target = Tags.of_labels(cast(Labels, target), self.tag_scheme)
        if isinstance(target, Tags):
            target.check_tags(encoded.values, encoded.lengths)
        return target, encoded

    def _get_prediction(
        self, response_method: str, counts: np.ndarray | None
    ) -> Callable[..., np.ndarray]:
        if not isinstance(self._target, Tags) or response_method == "transform":
            return super()._get_prediction(response_method, counts)
        from ..portable._heads import TagsHead

        answer = self._export_answer()
        del answer["kind"]
        return partial(getattr(TagsHead(**answer), response_method), lengths=counts)

    def _export_answer(self) -> dict[str, Any]:
        answer = super()._export_answer()
        if not isinstance(self._target, Tags):
            return answer
        scores = {
            name: parameter.detach().cpu().numpy().astype(np.float64)
            for name, parameter in self.net_.module_.chain.named_parameters()
        }
        if (legal := self._target.legal) is not None:
            scores["transitions"][~legal[:-1, :-1]] = -np.inf
            scores["start"][~legal[-1, :-1]] = -np.inf
            scores["end"][~legal[:-1, -1]] = -np.inf
        return answer | scores

    def _check_prefixes(self, name: str) -> None:
        super()._check_prefixes(name)
        if isinstance(self._target, Tags):
            raise ValueError(
                f"{name} needs a model with crf=False: with crf=True later steps change "
                "the tags of earlier ones. Fit one with crf=False, or pass the prefixes "
                "to predict, as sequences."
            )
