"""Estimators of which some members fail; workers of joblib can import them."""

from __future__ import annotations

from sksequence import GRUClassifier


class FailsForOdd(GRUClassifier):
    """Fail, after training, for an odd seed."""

    def fit(self, X, y, **given):
        super().fit(X, y, **given)
        if self.random_state % 2:
            raise ValueError("this seed is odd")
        return self


class FailsLater(GRUClassifier):
    """Fail in the second epoch of partial_fit for an odd seed."""

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        again = hasattr(self, "net_")
        super().partial_fit(X, y, classes, sample_weight)
        if again and self.random_state % 2:
            raise ZeroDivisionError("this seed is odd")
        return self
