"""What we override of skorch that it does not promise to keep.

No other module names any of it. Where a version of skorch calls it otherwise, its own
serves: slower, with the same results. ``tests/test_borrowed.py`` takes the names away.
"""

from __future__ import annotations

from typing import Any

from skorch import NeuralNet
from torch import nn


class Net(NeuralNet):
    """skorch's net, without a walk through all layers for every batch."""

    @property
    def _default_callbacks(self) -> list[tuple[str, Any]]:
        # skorch's public method asks this property; its other methods do so too.
        return self.get_default_callbacks()

    def _set_training(self, training: bool = True) -> None:
        self.set_training(training)

    def set_training(self, training: bool) -> None:
        """Let all layers train or answer, if they do not yet."""
        if self.module_.training != training:
            self.module_.train(training)
            if isinstance(self.criterion_, nn.Module):
                self.criterion_.train(training)
