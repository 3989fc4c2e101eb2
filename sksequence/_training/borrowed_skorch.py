"""Private methods of skorch that we override.

No other module uses their names. If a version of skorch uses other names, its own methods
are called: slower, with the same results. ``tests/test_borrowed.py`` tests this by
removing the names.
"""

from __future__ import annotations

from typing import Any

from skorch import NeuralNet
from torch import nn


class Net(NeuralNet):
    """skorch's net, without a walk through all layers for every mini-batch."""

    @property
    def _default_callbacks(self) -> list[tuple[str, Any]]:
        # skorch's public method reads this property, and so do its other methods.
        return self.get_default_callbacks()

    def _set_training(self, training: bool = True) -> None:
        self.set_training(training)

    def set_training(self, training: bool) -> None:
        """Set all layers to training or evaluation mode, unless they are in it."""
        if self.module_.training != training:
            self.module_.train(training)
            if isinstance(self.criterion_, nn.Module):
                self.criterion_.train(training)
