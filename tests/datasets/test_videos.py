"""Digits move, bounce, and stay what they are."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from sksequence.datasets import make_moving_digits


def test_every_frame_shows_the_digit_and_nothing_else():
    images = load_digits().images / 16
    videos, drawn = make_moving_digits(20, 30, random_state=0)
    assert videos.dtype == np.float32
    for video, (which,) in zip(videos, drawn, strict=True):
        for frame in video:
            rows, columns = (np.flatnonzero(frame.any(axis=axis)) for axis in (1, 0))
            shown = frame[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            ours = images[which]
            rows, columns = (np.flatnonzero(ours.any(axis=axis)) for axis in (1, 0))
            cut = ours[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            np.testing.assert_array_equal(shown, cut.astype(np.float32))


def test_digits_move_evenly_between_the_edges():
    dot = np.ones((1, 1, 1))
    videos, _ = make_moving_digits(30, 40, size=101, images=dot, random_state=0)
    for video in videos:
        places = np.array([np.argwhere(frame)[0] for frame in video]) / 100
        steps = np.diff(places, axis=0)
        # A tenth of the range in a frame, but where it bounces; places are whole pixels.
        lengths = np.hypot(*steps.T)
        assert np.median(lengths) == pytest.approx(0.1, abs=0.01)
        assert lengths.max() < 0.12
        assert np.ptp(places, axis=0).max() > 0.9


def test_the_brighter_digit_is_seen():
    images = np.stack([np.full((6, 6), 0.5), np.full((6, 6), 1.0)])
    videos, drawn = make_moving_digits(
        40, 5, size=8, n_digits=2, images=images, random_state=0
    )
    assert drawn.shape == (40, 2)
    for video, which in zip(videos, drawn, strict=True):
        for level in {(0.5, 1.0)[i] for i in which} - {0.5}:
            counts = (video == level).sum(axis=(1, 2))
            assert (counts >= 36).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 8}, "size must be above .* got 8 with images of 8 x 8"),
        ({"images": np.ones((4, 4))}, r"shape \(n_images, height, width\), got \(4, 4\)"),
        ({"images": np.ones((0, 4, 4))}, r"got \(0, 4, 4\)"),
    ],
)
def test_images_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make_moving_digits(2, **options)
