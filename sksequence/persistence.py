"""Save estimators to files that contain data and no code, and load them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from . import _storage
from ._storage import composites
from ._storage.composites import COMPOSITE
from ._storage.estimators import ESTIMATOR, rebuild

if TYPE_CHECKING:
    from ._base.classifier import Labeller
    from ._base.regressor import NumberPredictor

__all__ = ["load", "save"]


def save(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Save a fitted estimator, Pipeline or search to a file of data and no code.

    An estimator of sksequence gives the file that its own method ``save`` writes. Files
    also hold what scikit-learn makes of it: pipelines, column transformers, searches with
    their ``best_estimator_`` and ``cv_results_``, votes and stacks, with the transformers
    of sksequence and most of those of scikit-learn; ``docs/security.md`` lists them.

    Parameters
    ----------
    estimator : estimator
        The fitted estimator.
    path : str or path-like
        The file. An existing file is replaced atomically, and is unchanged after an
        error.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If a part is of another class, such as a transformer of your own, or holds code,
        such as a function or callbacks; the message names it.
    OSError
        If the file cannot be written: no such directory, not permitted, disk full.

    See Also
    --------
    load : Loads the file.

    Examples
    --------
    >>> import numpy as np
    >>> import sksequence
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sksequence.preprocessing import SlidingWindow
    >>> from tempfile import TemporaryDirectory
    >>> table = np.random.default_rng(0).normal(size=(60, 3))
    >>> model = sksequence.GRURegressor(hidden_size=4, max_epochs=2, random_state=0)
    >>> model = make_pipeline(StandardScaler(), SlidingWindow(5), model)
    >>> model = model.fit(table, table[:, 0])
    >>> with TemporaryDirectory() as folder:
    ...     sksequence.save(model, f"{folder}/model.safetensors")
    ...     again = sksequence.load(f"{folder}/model.safetensors")
    >>> np.array_equal(again.predict(table), model.predict(table))
    True
    """
    composites.save(estimator, path)


def load(path: str | os.PathLike[str]) -> Labeller | NumberPredictor | Any:
    """Load an estimator from a file written by ``save``.

    The file contains data only: its checksum is verified before anything in it is read,
    it can hold nothing but public estimators of sksequence and listed classes of
    scikit-learn, and it never runs code. The checksum detects damage. It is not a
    signature: whoever can write the file can replace the weights.

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
    sklearn.exceptions.InconsistentVersionWarning
        If the file holds classes of scikit-learn and another version of it wrote it.

    See Also
    --------
    save : Writes the file.
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
    content = _storage.read(path, ESTIMATOR, COMPOSITE)
    with _storage.refusing(path):
        if content.kind == COMPOSITE.name:
            return composites.rebuild(content)
        return rebuild(content)
