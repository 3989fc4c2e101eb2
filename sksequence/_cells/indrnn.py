"""The independently recurrent cell."""

from __future__ import annotations

from .rnn import RectifiedRNN


class IndRNN(RectifiedRNN):
    """IndRNN of Li et al. (2018): ReLU, and each unit only reads its own state."""

    is_diagonal = True
