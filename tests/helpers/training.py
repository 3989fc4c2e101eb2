"""A small problem to optimize, and datasets of sequences."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from sksequence._inputs import Sequences
from sksequence._training.batches import SequenceDataset


def problem(seed=0):
    """A small network, and a function that gives it the gradients of step i."""
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))
    data = torch.randn(50, 7, 3)

    def backward(i):
        network.zero_grad()
        network(data[i]).square().sum().backward()

    return network, backward


def same(some, others):
    return all(torch.equal(a, b) for a, b in zip(some, others, strict=True))


def as_they_are(sequences):
    return sequences


def one_each(target):
    """A target for each sequence."""
    return Sequences(np.asarray(target), np.ones(len(target), dtype=np.int64))


def dataset_of(lengths, n_channels=2, *, target=None, weight=None):
    """Sequence i holds i + 1 at every step."""
    values = np.repeat(np.arange(len(lengths)) + 1.0, lengths).astype(np.float32)
    sequences = Sequences(np.tile(values[:, None], n_channels), np.asarray(lengths))
    target = None if target is None else one_each(target)
    return SequenceDataset(sequences, as_they_are, target, weight)
