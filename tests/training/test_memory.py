"""Too little memory."""

from __future__ import annotations

import pytest

from helpers.training import dataset_of
from sksequence._training.memory import memory_errors, require_memory


def test_what_no_machine_holds_is_refused_with_its_size():
    require_memory(2**20, "A small network")
    with pytest.raises(MemoryError, match=r"A large network takes 1048576\.0 GiB"):
        require_memory(2**50, "A large network")


def test_complaints_of_too_little_memory_become_a_memory_error():
    dataset = dataset_of([7, 3], n_channels=4)
    words = (
        "2 sequences of up to 7 steps x 4 channels in batches of 16.*said: CUDA out of"
    )
    with pytest.raises(MemoryError, match=words), memory_errors(dataset, 16):
        raise RuntimeError("CUDA out of memory. Tried to\nand more")
    with pytest.raises(RuntimeError, match="shapes"), memory_errors(dataset, 16):
        raise RuntimeError("shapes differ")
