"""The public estimators: a docstring, and what is particular."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import accuracy_score, r2_score

from ._base.classifier import Labeller, SequenceClassifier
from ._base.declaration import recurrent_estimator
from ._base.estimator import ArrayLike, RandomState, Targets, storable
from ._base.frames import FrameReader, FrameRegressor
from ._base.generation import generate
from ._base.hyperparameters import Pooling
from ._base.per_step import PerStepEstimator
from ._base.regressor import NumberPredictor, SequenceRegressor
from ._base.steps import AnyCell, SimpleCell, StepReader


@storable
@recurrent_estimator
class SimpleRNNClassifier(Pooling, SimpleCell, SequenceClassifier):
    r"""Label sequences with a simple recurrent network.

    .. math:: h_t = \tanh(W x_t + U h_{t-1} + b)

    The smallest and fastest of the recurrent networks. Its memory fades within some tens
    of steps (Bengio, Simard and Frasconi, 1994): the choice for short sequences, and the
    yardstick for the other cells.

    See Also
    --------
    LSTMClassifier, GRUClassifier : Cells with gates, for longer memory.
    RecurrentClassifier : The cell as a hyperparameter.

    References
    ----------
    Elman (1990), Finding structure in time. Cognitive Science 14.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import SimpleRNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(n, 2)).cumsum(axis=0) for n in rng.integers(5, 20, 80)]
    >>> y = np.array(["up" if x[-1, 0] > x[0, 0] else "down" for x in X])
    >>> model = SimpleRNNClassifier(bidirectional=True, random_state=0)
    >>> model.fit(X[:60], y[:60]).predict(X[60:63])
    array(['up', 'up', 'up'], dtype='<U4')
    >>> model.score(X[60:], y[60:]) > 0.8
    True
    """


@storable
@recurrent_estimator
class SimpleRNNRegressor(Pooling, SimpleCell, SequenceRegressor):
    r"""Predict numbers from sequences with a simple recurrent network.

    .. math:: h_t = \tanh(W x_t + U h_{t-1} + b)

    The smallest and fastest of the recurrent networks, with a memory of some tens of
    steps.

    See Also
    --------
    LSTMRegressor, GRURegressor : Cells with gates, for longer memory.
    RecurrentRegressor : The cell as a hyperparameter.

    References
    ----------
    Elman (1990), Finding structure in time. Cognitive Science 14.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import SimpleRNNRegressor
    >>> X = np.random.default_rng(0).normal(size=(120, 10))
    >>> y = X[:, -3:].mean(axis=1)
    >>> model = SimpleRNNRegressor(hidden_size=16, random_state=0).fit(X[:100], y[:100])
    >>> model.score(X[100:], y[100:]) > 0.5
    True
    """


@storable
@recurrent_estimator
class LSTMClassifier(Pooling, StepReader, SequenceClassifier):
    r"""Label sequences with a long short-term memory network.

    .. math::
        i, f, o &= \sigma(W_{ifo} x_t + U_{ifo} h_{t-1} + b_{ifo}) \\
        c_t &= f \odot c_{t-1} + i \odot \tanh(W_c x_t + U_c h_{t-1} + b_c) \\
        h_t &= o \odot \tanh(c_t)

    The cell state :math:`c` is only faded and added to, and the gates decide by how much:
    what it holds, and the gradient through it, can survive hundreds of steps.

    See Also
    --------
    GRUClassifier : Fewer gates and weights, often as good.
    RecurrentClassifier : The cell as a hyperparameter.

    References
    ----------
    Hochreiter and Schmidhuber (1997), Long short-term memory. Neural Computation 9.
    Gers, Schmidhuber and Cummins (2000), Learning to forget. Neural Computation 12.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import LSTMClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(120, 30, 2))
    >>> y = (X[:, :, 0].mean(axis=1) > X[:, :, 1].mean(axis=1)).astype(int)
    >>> model = LSTMClassifier(hidden_size=16, random_state=0).fit(X[:100], y[:100])
    >>> model.predict_proba(X[100:]).shape
    (20, 2)
    >>> model.score(X[100:], y[100:]) > 0.8
    True
    """

    _cell = "lstm"


@storable
@recurrent_estimator
class LSTMRegressor(Pooling, StepReader, SequenceRegressor):
    r"""Predict numbers from sequences with a long short-term memory network.

    .. math::
        i, f, o &= \sigma(W_{ifo} x_t + U_{ifo} h_{t-1} + b_{ifo}) \\
        c_t &= f \odot c_{t-1} + i \odot \tanh(W_c x_t + U_c h_{t-1} + b_c) \\
        h_t &= o \odot \tanh(c_t)

    See Also
    --------
    GRURegressor : Fewer gates and weights, often as good.
    RecurrentRegressor : The cell as a hyperparameter.

    References
    ----------
    Hochreiter and Schmidhuber (1997), Long short-term memory. Neural Computation 9.
    Gers, Schmidhuber and Cummins (2000), Learning to forget. Neural Computation 12.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import LSTMRegressor
    >>> X = np.random.default_rng(0).normal(size=(120, 10))
    >>> y = np.column_stack([X.mean(axis=1), X[:, -1]])
    >>> model = LSTMRegressor(hidden_size=16, random_state=0).fit(X[:100], y[:100])
    >>> model.predict(X[100:]).shape
    (20, 2)
    """

    _cell = "lstm"


@storable
@recurrent_estimator
class GRUClassifier(Pooling, StepReader, SequenceClassifier):
    r"""Label sequences with a network of gated recurrent units.

    .. math::
        r, z &= \sigma(W_{rz} x_t + U_{rz} h_{t-1} + b_{rz}) \\
        n &= \tanh(W_n x_t + b_n + r \odot (U_n h_{t-1} + b'_n)) \\
        h_t &= z \odot h_{t-1} + (1 - z) \odot n

    See Also
    --------
    LSTMClassifier : A cell state beside the hidden one.
    RecurrentClassifier : The cell as a hyperparameter.

    References
    ----------
    Cho et al. (2014), Learning phrase representations using RNN encoder-decoder for
    statistical machine translation. EMNLP.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import GRUClassifier
    >>> X = [np.sin(f * np.arange(n)) for n in range(20, 50) for f in (0.3, 0.4)]
    >>> y = np.tile(["slow", "fast"], 30)
    >>> model = GRUClassifier(bidirectional=True, random_state=0).fit(X[:40], y[:40])
    >>> model.score(X[40:], y[40:])
    1.0
    """

    _cell = "gru"


@storable
@recurrent_estimator
class GRURegressor(Pooling, StepReader, SequenceRegressor):
    r"""Predict numbers from sequences with a network of gated recurrent units.

    .. math::
        r, z &= \sigma(W_{rz} x_t + U_{rz} h_{t-1} + b_{rz}) \\
        n &= \tanh(W_n x_t + b_n + r \odot (U_n h_{t-1} + b'_n)) \\
        h_t &= z \odot h_{t-1} + (1 - z) \odot n

    See Also
    --------
    LSTMRegressor : A cell state beside the hidden one.
    RecurrentRegressor : The cell as a hyperparameter.

    References
    ----------
    Cho et al. (2014), Learning phrase representations using RNN encoder-decoder for
    statistical machine translation. EMNLP.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import GRURegressor
    >>> frequency = np.random.default_rng(0).uniform(0.2, 0.6, size=100)
    >>> X = np.sin(frequency[:, None] * np.arange(40))
    >>> model = GRURegressor(random_state=0).fit(X[:80], frequency[:80])
    >>> model.score(X[80:], frequency[80:]) > 0.9
    True
    """

    _cell = "gru"


@storable
@recurrent_estimator
class RecurrentClassifier(Pooling, AnyCell, SequenceClassifier):
    """Label sequences with a recurrent network whose cell is a hyperparameter.

    The same networks as the classes named after one cell, for searches among them.

    See Also
    --------
    SimpleRNNClassifier, LSTMClassifier, GRUClassifier : One cell each.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sksequence import RecurrentClassifier
    >>> X = [np.sin(f * np.arange(n)) for n in range(20, 40) for f in (0.3, 0.4)]
    >>> y = np.tile(["slow", "fast"], 20)
    >>> model = RecurrentClassifier(hidden_size=16, random_state=0)
    >>> search = GridSearchCV(model, {"cell": ["rnn", "gru"]}, cv=2).fit(X, y)
    >>> sorted(search.cv_results_["param_cell"])
    ['gru', 'rnn']
    """


@storable
@recurrent_estimator
class RecurrentRegressor(Pooling, AnyCell, SequenceRegressor):
    """Predict numbers from sequences with a network whose cell is a hyperparameter.

    The same networks as the classes named after one cell, for searches among them.

    See Also
    --------
    SimpleRNNRegressor, LSTMRegressor, GRURegressor : One cell each.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import RecurrentRegressor
    >>> X = np.random.default_rng(0).normal(size=(120, 10))
    >>> y = X.mean(axis=1)
    >>> model = RecurrentRegressor(cell="gru", hidden_size=16, random_state=0)
    >>> model.fit(X[:100], y[:100]).predict(X[100:]).shape
    (20,)
    """


@storable
@recurrent_estimator
class RecurrentTagger(AnyCell, PerStepEstimator, Labeller):
    """Label every step of a sequence, with one class or with any number of labels.

    y is a list of arrays as long as their sequences: (n_steps_i,) for one class per step,
    (n_steps_i, n_labels) of zeros and ones for several labels; or one array where all
    sequences are equally long. ``predict`` answers in the same form: an array for an
    array, and for a list of sequences an object array with an array for each.

    With next tokens for targets it is a language model: ``bptt_steps`` trains on texts
    of any length, and ``generate`` writes.

    See Also
    --------
    RecurrentStepRegressor : Numbers for every step.
    RecurrentClassifier : One class for the whole sequence.
    sksequence.metrics.make_step_scorer : Scores over the steps, for searches.

    References
    ----------
    Graves and Schmidhuber (2005), Framewise phoneme classification with bidirectional
    LSTM and other neural network architectures. Neural Networks 18.
    Huang, Xu and Yu (2015), Bidirectional LSTM-CRF models for sequence tagging. arXiv.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import RecurrentTagger
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=n) for n in rng.integers(5, 15, 60)]
    >>> y = [np.where(x.cumsum() > 0, "above", "below") for x in X]
    >>> model = RecurrentTagger(hidden_size=16, random_state=0).fit(X[:50], y[:50])
    >>> [len(labels) for labels in model.predict(X[50:53])] == [len(x) for x in X[50:53]]
    True
    >>> model.score(X[50:], y[50:]) > 0.8
    True
    """

    def score(
        self, X: ArrayLike, y: Targets, sample_weight: ArrayLike | None = None
    ) -> float:
        """Share of steps labelled right; of several labels all must be.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : list of array-like, or array-like
            True labels of each step.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence's steps.

        Returns
        -------
        float
            Accuracy over the steps that there are.
        """
        return self._score(accuracy_score, X, y, sample_weight)

    def generate(
        self,
        prompt: ArrayLike,
        n_steps: int,
        *,
        temperature: float = 1.0,
        random_state: RandomState = None,
    ) -> np.ndarray:
        """Go on from a prompt, each token drawn from what the last ones make likely.

        For language models: fitted on tokens (``embedding_dim``), with the next token of
        each step for its class.

        Parameters
        ----------
        prompt : array-like of shape (n_prompt_steps,)
            Token ids to begin with, at least one.
        n_steps : int
            How many to write.
        temperature : float, default=1.0
            Below one likelier tokens are preferred even more, above one less so.
        random_state : int, RandomState instance or None, default=None
            Draws.

        Returns
        -------
        ndarray of shape (n_steps,)
            Token ids, without the prompt.

        Raises
        ------
        ValueError
            If the tagger is no language model, or looks ahead.

        Examples
        --------
        >>> import numpy as np
        >>> from sksequence import RecurrentTagger
        >>> text = np.tile([1, 2, 3], 40)
        >>> model = RecurrentTagger(
        ...     embedding_dim=4, hidden_size=8, bptt_steps=10, random_state=0
        ... )
        >>> model = model.fit([text[:-1]], [text[1:]])
        >>> model.generate([1], 5, temperature=0.1, random_state=0)
        array([2, 3, 1, 2, 3])
        """
        return generate(self, prompt, n_steps, temperature, random_state)


@storable
@recurrent_estimator
class RecurrentStepRegressor(AnyCell, PerStepEstimator, NumberPredictor):
    """Predict one number, or several, for every step of a sequence.

    y is a list of arrays as long as their sequences, (n_steps_i,) or (n_steps_i,
    n_outputs); or one array where all sequences are equally long. ``predict`` answers in
    the same form: an array for an array, and for a list of sequences an object array
    with an array for each.

    See Also
    --------
    RecurrentTagger : Classes for every step.
    RecurrentRegressor : One number for the whole sequence.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import RecurrentStepRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=n) for n in rng.integers(5, 15, 60)]
    >>> y = [x.cumsum() for x in X]
    >>> model = RecurrentStepRegressor(hidden_size=16, random_state=0)
    >>> model.fit(X[:50], y[:50]).score(X[50:], y[50:]) > 0.8
    True
    """

    def score(
        self, X: ArrayLike, y: Targets, sample_weight: ArrayLike | None = None
    ) -> float:
        """Coefficient of determination over all steps.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : list of array-like, or array-like
            True values of each step.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence's steps.

        Returns
        -------
        float
            R squared of the steps that there are.
        """
        return self._score(r2_score, X, y, sample_weight)


@storable
@recurrent_estimator
class ConvLSTMClassifier(FrameReader, SequenceClassifier):
    r"""Label films with a convolutional LSTM.

    An LSTM whose states are frames too, and whose products are convolutions:

    .. math::
        i, f, o &= \sigma(W_{ifo} * X_t + U_{ifo} * H_{t-1} + b_{ifo}) \\
        C_t &= f \odot C_{t-1} + i \odot \tanh(W_c * X_t + U_c * H_{t-1} + b_c) \\
        H_t &= o \odot \tanh(C_t)

    X is (n_films, n_steps, height, width), with the channels of a pixel last if there are
    several; or a list of films of any number of steps. The pooled states' mean over the
    plane is what the head reads. Of a 2-D X every number is a frame of one pixel.

    See Also
    --------
    ConvLSTMRegressor : Numbers or frames from films.

    References
    ----------
    Shi et al. (2015), Convolutional LSTM network: a machine learning approach for
    precipitation nowcasting. NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import ConvLSTMClassifier
    >>> X = np.zeros((60, 6, 8, 8), dtype=np.float32)
    >>> y = np.array(["down", "right"] * 30)
    >>> for i, way in enumerate(y):
    ...     for t in range(6):
    ...         place = (t, i % 8) if way == "down" else (i % 8, t)
    ...         X[i, t][place] = 1
    >>> model = ConvLSTMClassifier(
    ...     hidden_size=8, lr=0.02, max_epochs=10, random_state=0
    ... )
    >>> model.fit(X[:40], y[:40]).score(X[40:], y[40:]) > 0.8
    True
    """


@storable
@recurrent_estimator
class ConvLSTMRegressor(FrameReader, FrameRegressor):
    r"""Predict numbers, the next frame or the next frames of films.

    .. math::
        i, f, o &= \sigma(W_{ifo} * X_t + U_{ifo} * H_{t-1} + b_{ifo}) \\
        C_t &= f \odot C_{t-1} + i \odot \tanh(W_c * X_t + U_c * H_{t-1} + b_c) \\
        H_t &= o \odot \tanh(C_t)

    X is (n_films, n_steps, height, width), with the channels of a pixel last if there are
    several; or a list of films of any number of steps. What y is decides what is
    predicted: numbers (n_films,) or (n_films, n_outputs); the next frame, in the layout
    of a frame of X; or several next frames, (n_films, n_frames, height, width) or with
    channels last, by a second network that starts from the states of the first.

    See Also
    --------
    ConvLSTMClassifier : Labels of films.

    References
    ----------
    Shi et al. (2015), Convolutional LSTM network: a machine learning approach for
    precipitation nowcasting. NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import ConvLSTMRegressor
    >>> films = np.zeros((60, 8, 8, 8), dtype=np.float32)
    >>> for i, film in enumerate(films):
    ...     for t in range(8):
    ...         film[t, (i + t) % 8, i % 7] = 1
    >>> X, y = films[:, :5], films[:, 5:]
    >>> model = ConvLSTMRegressor(hidden_size=8, lr=0.02, max_epochs=10, random_state=0)
    >>> model.fit(X[:50], y[:50]).predict(X[50:]).shape
    (10, 3, 8, 8)
    """
