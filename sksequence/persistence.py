"""Load estimators from files that contain data and no code."""

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
    """Load an estimator from a file written by its method ``save``.

    The file contains data only: its checksum is verified before anything in it is read,
    it can hold nothing but public estimators of sksequence, and it never runs code. The
    checksum detects damage. It is not a signature: whoever can write the file can
    replace the weights.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    estimator
        The estimator. Its predictions are bitwise identical, also after further
        training, on the same version of torch and the same kind of processor. It is on
        the device given by its hyperparameter or, if this is not available, on the CPU,
        with a warning.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        If the file cannot be read.
    ValueError
        If the file is damaged, of another kind, or in a format that this version of
        sksequence does not know.

    Warns
    -----
    UserWarning
        If a newer version wrote the file in a format that this one can still read.

    See Also
    --------
    sksequence.GRUClassifier.save : Writes the file.

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
