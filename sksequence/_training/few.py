"""Predictions for few sequences, in the time of their arithmetic."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ..nn._few_network import FEW, FewNetwork, can_answer_few
from .batches import SequenceDataset
from .borrowed_torch import Snapshot

__all__ = ["FEW", "FewAnswers"]


class FewAnswers:
    """Predictions of a network for few sequences, as long as nothing is replaced in it.

    Parameters
    ----------
    module : Module
        The network, in evaluation mode.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module, self.snapshot = module, Snapshot(module)
        # A hook may be removed again, so that this is asked anew each time.
        self.is_bare = self.snapshot.holds()
        self.network: FewNetwork | None = None
        if self.is_bare and can_answer_few(module):
            self.network = FewNetwork(module)

    def serves(self, module: nn.Module) -> bool:
        """Return whether these are answers of the module as it is now."""
        return module is self.module and self.is_bare and self.snapshot.holds()

    def answer(self, dataset: SequenceDataset) -> np.ndarray | None:
        """Return the outputs for all sequences, or None if the network itself must.

        Returns
        -------
        ndarray of shape (n_sequences, n_outputs) or None
            Outputs in the order of the data set.
        """
        held = dataset.held
        if self.network is None or held is None or held.block is None:
            return None
        if dataset.static is not None or torch.is_autocast_enabled("cpu"):
            return None
        with torch.inference_mode():
            X = held.block.contiguous()
            outputs = self.network.forward(X, None if held.equal else held.lengths)
        return None if outputs is None else outputs.numpy()
