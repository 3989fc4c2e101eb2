"""Videos: handwritten digits that move and bounce."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from .._inputs.borrowed import validate_params
from .._inputs.types import ArrayLike, typed
from ._random import SEED, N, Seed, generator_of

__all__ = ["make_moving_digits"]

_SPEED = 0.1  # of the range, per frame


@typed(
    validate_params(
        {
            "n_videos": N,
            "n_frames": N,
            "size": N,
            "n_digits": N,
            "images": ["array-like", None],
            "random_state": SEED,
        },
        prefer_skip_nested_validation=True,
    )
)
def make_moving_digits(
    n_videos: int = 100,
    n_frames: int = 12,
    *,
    size: int = 16,
    n_digits: int = 1,
    images: ArrayLike | None = None,
    random_state: Seed = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Generate videos of handwritten digits that move and bounce off the edges.

    Each digit moves in a direction of its own, by a tenth of its range in each frame. One
    frame shows which digit it is, but only several frames show its velocity.

    Parameters
    ----------
    n_videos : int, default=100
        Number of videos.
    n_frames : int, default=12
        Number of frames of each.
    size : int, default=16
        Height and width of the frames.
    n_digits : int, default=1
        Number of digits in each video; where they overlap, the brighter one is seen.
    images : array-like of shape (n_images, height, width) or None, default=None
        Images to draw from, smaller than the frames. None for those that scikit-learn
        ships, of 8 x 8 pixels from 0 to 1.
    random_state : int, RandomState or Generator instance or None, default=None
        Seed of the generator, or the generator.

    Returns
    -------
    videos : ndarray of shape (n_videos, n_frames, size, size)
        Brightness, float32.
    drawn : ndarray of shape (n_videos, n_digits)
        Which of the images are in each video: ``load_digits().target[drawn]`` are the
        labels of those of scikit-learn.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or an image is as large as a frame.

    References
    ----------
    Srivastava, Mansimov and Salakhutdinov (2015), Unsupervised learning of video
    representations using LSTMs. ICML.

    Examples
    --------
    >>> from sksequence.datasets import make_moving_digits
    >>> videos, drawn = make_moving_digits(20, 12, random_state=0)
    >>> X, y = videos[:, :8], videos[:, 8:]  # the frames to predict
    >>> X.shape, y.shape, drawn.shape
    ((20, 8, 16, 16), (20, 4, 16, 16), (20, 1))
    """
    pictures = _read_images(images, size)
    room = size - np.array(pictures.shape[1:])
    rng = generator_of(random_state)
    videos = np.zeros((n_videos, n_frames, size, size), dtype=np.float32)
    drawn = np.empty((n_videos, n_digits), dtype=np.intp)
    for video, which in zip(videos, drawn, strict=True):
        which[:] = rng.integers(len(pictures), size=n_digits)
        for picture in pictures[which]:
            path = _bounce(n_frames, rng)
            corners = np.round(path * room).astype(int)
            for frame, (top, left) in zip(video, corners, strict=True):
                part = frame[top : top + len(picture), left : left + picture.shape[1]]
                np.maximum(part, picture, out=part)
    return videos, drawn


def _read_images(images: Any, size: int) -> np.ndarray:
    """Return images (n, height, width), float32, all smaller than a frame."""
    if images is None:
        images = load_digits().images / 16
    pictures = np.asarray(images, dtype=np.float32)
    if pictures.ndim != 3 or len(pictures) == 0:
        raise ValueError(
            f"images must have the shape (n_images, height, width), got {pictures.shape}."
        )
    if max(pictures.shape[1:]) >= size:
        raise ValueError(
            f"size must be above the height and width of the images, got {size} with "
            f"images of {pictures.shape[1]} x {pictures.shape[2]}."
        )
    return pictures


def _bounce(n_frames: int, rng: np.random.Generator) -> np.ndarray:
    """Return the places of one digit (n_frames, 2) between 0 and 1."""
    angle = rng.uniform(0, 2 * np.pi)
    place = rng.uniform(0, 1, size=2)
    speed = _SPEED * np.array([np.sin(angle), np.cos(angle)])
    places = np.empty((n_frames, 2))
    for t in range(n_frames):
        places[t] = place
        place = place + speed
        speed = np.where((place < 0) | (place > 1), -speed, speed)
        place = np.where(place < 0, -place, np.where(place > 1, 2 - place, place))
    return places
