"""Networks that say what each step should be."""

from __future__ import annotations

import pytest
import torch

from sksequence.nn import AutoencoderNetwork, NextStepNetwork, SequenceNetwork

X, LENGTHS = torch.randn(5, 12, 3), torch.tensor([12, 9, 12, 4, 1])


def test_the_next_step_is_said_by_the_steps_so_far():
    network = NextStepNetwork(3, 2, hidden_size=8).eval()
    before = network(X, LENGTHS)
    later = X.clone()
    later[:, 6:] += 1
    after = network(later, LENGTHS)
    assert torch.equal(before[:, :6], after[:, :6])
    assert (before[0, 6:] != after[0, 6:]).all()


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("branch", [(), (4,)])
def test_sequences_are_represented_as_by_a_network_that_pools(pooling, branch):
    options = {"hidden_size": 8, "pooling": pooling, "parallel_channels": branch}
    options["parallel_kernel_size"] = 3
    network = NextStepNetwork(3, 2, **options).eval()
    pooled = SequenceNetwork(3, 2, **options).eval()
    pooled.load_state_dict(network.state_dict())
    with torch.no_grad():
        assert torch.equal(network.represent(X, LENGTHS), pooled.represent(X, LENGTHS))
    assert network.representation_size == pooled.representation_size


def test_a_decoder_knows_the_code_and_the_place_alone():
    """Sequences of one code have one reconstruction, whatever they are."""
    network = AutoencoderNetwork(3, 2, code_size=4, hidden_size=8).eval()
    torch.nn.init.zeros_(network.code.weight)
    with torch.no_grad():
        said = network(X, LENGTHS)
    assert torch.equal(said[0], said[2])
    assert (said[0, :9] != said[1, :9]).any()  # places in a shorter sequence
    assert (said[0].diff(dim=0).abs().sum(1) > 0).all()


def test_a_code_is_a_linear_function_of_pooled_states():
    network = AutoencoderNetwork(3, 2, code_size=4, hidden_size=8, pooling="mean").eval()
    with torch.no_grad():
        mean = network.states(X)[0].mean(1)
        torch.testing.assert_close(network.represent(X), network.code(mean))
    assert network.representation_size == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bidirectional": True}, "bidirectional must be False"),
        ({"pooling": "attention"}, "pooling must be one of 'last', 'mean', 'max'"),
    ],
)
def test_what_would_see_the_step_or_learn_nothing_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        NextStepNetwork(3, 2, **options)
