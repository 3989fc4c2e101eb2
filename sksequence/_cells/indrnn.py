"""The independently recurrent cell."""

from __future__ import annotations

from .rnn import RectifiedRNN


class IndRNN(RectifiedRNN):
    """The cell of Li et al. (2018): a rectifier, and each unit reads its own state."""

    is_diagonal = True
