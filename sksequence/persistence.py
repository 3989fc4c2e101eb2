"""Estimators in files that hold data and no code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import _storage
from ._storage.estimators import KIND, rebuild
from ._storage.states import FORMAT

if TYPE_CHECKING:
    from ._base.classifier import Labeller
    from ._base.regressor import NumberPredictor

__all__ = ["load"]


def load(path: str | os.PathLike[str]) -> Labeller | NumberPredictor:
    """Load an estimator that its method ``save`` has written.

    A file is data alone: it is checked against its checksum before anything in it is
    read, it can hold the public estimators of sksequence and nothing else, and no code in
    it is ever run. The checksum shows damage. It is no signature: whoever can write the
    file can put other weights into it.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    estimator
        With the same answers to the bit, also after more training, on the same version
        of torch and the same kind of processor. It stands on the device that its
        hyperparameter names or, where there is none, on the CPU, with a warning.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        If there is no file to read.
    ValueError
        If the file is damaged, of another kind, or written by a version of sksequence
        whose format this one does not know; with what is wrong.

    Warns
    -----
    UserWarning
        If a newer version wrote it, whose format this one can still read.

    See Also
    --------
    sksequence.GRUClassifier.save : Write the file.

    Examples
    --------
    >>> import numpy as np
    >>> import sksequence
    >>> from tempfile import TemporaryDirectory
    >>> X = np.random.default_rng(0).normal(size=(20, 10))
    >>> y = np.where(X[:, -1] > 0, "up", "down")
    >>> model = sksequence.GRUClassifier(hidden_size=4, max_epochs=2, random_state=0)
    >>> with TemporaryDirectory() as folder:
    ...     _ = model.fit(X, y).save(f"{folder}/model.safetensors")
    ...     sksequence.load(f"{folder}/model.safetensors").classes_
    array(['down', 'up'], dtype='<U4')
    """
    content = _storage.read(path, kind=KIND, version=FORMAT)
    with _storage.refusing(path):
        return rebuild(content)
