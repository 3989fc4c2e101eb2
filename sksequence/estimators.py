"""The public estimators."""

from __future__ import annotations

import numpy as np

from ._base.classifier import SequenceClassifier
from ._base.declaration import recurrent_estimator
from ._base.detecting import SequenceDetector
from ._base.estimator import ArrayLike, RandomState, Targets, names_itself, storable
from ._base.frames import FrameReader, FrameRegressor
from ._base.generation import generate
from ._base.horizons import HorizonRegressor
from ._base.hyperparameters import LabelledSequences, Pooling, WholeSequences
from ._base.per_step import PerStepEstimator
from ._base.regressor import NumberPredictor
from ._base.steps import AnyCell, SimpleCell, StepReader
from ._base.tagging import ChainTagger
from ._base.transcribing import TranscriptEstimator
from ._base.translating import TranslationEstimator
from ._base.truncating import TruncatedEstimator


@storable
@names_itself
@recurrent_estimator
class SimpleRNNClassifier(
    LabelledSequences, TruncatedEstimator, SimpleCell, SequenceClassifier
):
    r"""Classify sequences with a simple recurrent network.

    .. math:: h_t = \tanh(W x_t + U h_{t-1} + b)

    The smallest and fastest recurrent network. Its memory is limited to some tens of
    steps (Bengio, Simard and Frasconi, 1994): suitable for short sequences, and as a
    baseline for the other cells.

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
@names_itself
@recurrent_estimator
class SimpleRNNRegressor(
    WholeSequences, TruncatedEstimator, SimpleCell, HorizonRegressor
):
    r"""Predict numbers from sequences with a simple recurrent network.

    .. math:: h_t = \tanh(W x_t + U h_{t-1} + b)

    The smallest and fastest recurrent network, with a memory of some tens of steps.

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
@names_itself
@recurrent_estimator
class LSTMClassifier(
    LabelledSequences, TruncatedEstimator, StepReader, SequenceClassifier
):
    r"""Classify sequences with a long short-term memory network.

    .. math::
        i, f, o &= \sigma(W_{ifo} x_t + U_{ifo} h_{t-1} + b_{ifo}) \\
        c_t &= f \odot c_{t-1} + i \odot \tanh(W_c x_t + U_c h_{t-1} + b_c) \\
        h_t &= o \odot \tanh(c_t)

    The gates control by how much the cell state :math:`c` decays and what is added to
    it, so that its content and the gradient can persist over hundreds of steps.

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
    >>> model.score(X[100:], y[100:]) > 0.7
    True
    """

    _cell = "lstm"


@storable
@names_itself
@recurrent_estimator
class LSTMRegressor(WholeSequences, TruncatedEstimator, StepReader, HorizonRegressor):
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
@names_itself
@recurrent_estimator
class GRUClassifier(
    LabelledSequences, TruncatedEstimator, StepReader, SequenceClassifier
):
    r"""Classify sequences with a network of gated recurrent units.

    .. math::
        r, z &= \sigma(W_{rz} x_t + U_{rz} h_{t-1} + b_{rz}) \\
        n &= \tanh(W_n x_t + b_n + r \odot (U_n h_{t-1} + b'_n)) \\
        h_t &= z \odot h_{t-1} + (1 - z) \odot n

    See Also
    --------
    LSTMClassifier : Has a cell state in addition to the hidden state.
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
@names_itself
@recurrent_estimator
class GRURegressor(WholeSequences, TruncatedEstimator, StepReader, HorizonRegressor):
    r"""Predict numbers from sequences with a network of gated recurrent units.

    .. math::
        r, z &= \sigma(W_{rz} x_t + U_{rz} h_{t-1} + b_{rz}) \\
        n &= \tanh(W_n x_t + b_n + r \odot (U_n h_{t-1} + b'_n)) \\
        h_t &= z \odot h_{t-1} + (1 - z) \odot n

    See Also
    --------
    LSTMRegressor : Has a cell state in addition to the hidden state.
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
@names_itself
@recurrent_estimator
class RecurrentClassifier(
    LabelledSequences, TruncatedEstimator, AnyCell, SequenceClassifier
):
    """Classify sequences with a recurrent network whose cell is a hyperparameter.

    The networks are those of the classes for single cells; use it to search among them.

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
@names_itself
@recurrent_estimator
class RecurrentRegressor(WholeSequences, TruncatedEstimator, AnyCell, HorizonRegressor):
    """Predict numbers from sequences with a network whose cell is a hyperparameter.

    The networks are those of the classes for single cells; use it to search among them.

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
@names_itself
@recurrent_estimator
class RecurrentTagger(AnyCell, ChainTagger):
    """Classify every step of a sequence, with one class or with several labels.

    y is a list with an array for each sequence: (n_steps_i,) for one class per step, or
    (n_steps_i, n_labels) of zeros and ones for several labels; or one array if all
    sequences have the same length. ``predict`` returns the same form: an array if X is
    one, and for a list of sequences an object array with an array for each.

    Steps without a label are NaN or None in y: they are read, but count neither in the
    loss nor in scores. ``sample_weight`` may have a weight for each step.

    With the next token as the target of each step it is a language model: ``bptt_steps``
    trains on texts of any length, and ``generate`` generates text.

    With ``crf=True`` the classes of a sequence are predicted together: neighbouring ones
    have a score of their own, as in names of several words.

    See Also
    --------
    RecurrentStepRegressor : Predicts numbers for every step.
    RecurrentClassifier : Predicts one class for the whole sequence.
    sksequence.metrics.make_step_scorer : Makes scorers over steps, for searches.

    References
    ----------
    Graves and Schmidhuber (2005), Framewise phoneme classification with bidirectional
    LSTM and other neural network architectures. Neural Networks 18.
    Huang, Xu and Yu (2015), Bidirectional LSTM-CRF models for sequence tagging. arXiv.
    Lafferty, McCallum and Pereira (2001), Conditional random fields: probabilistic models
    for segmenting and labeling sequence data. ICML.

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
        """Return the accuracy over all steps; for several labels the subset accuracy.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : list of array-like, or array-like
            True labels of each step; steps whose label is NaN or None do not count.
        sample_weight : array-like of shape (n_sequences,) or list, default=None
            Weight of the steps of each sequence, or of each step, as in fit.

        Returns
        -------
        float
            Accuracy.
        """
        return self._score(self._accuracy, X, y, sample_weight)

    def generate(
        self,
        prompt: ArrayLike,
        n_steps: int,
        *,
        temperature: float = 1.0,
        random_state: RandomState = None,
    ) -> np.ndarray:
        """Continue a prompt, drawing each token from its predicted distribution.

        Needs a language model: a tagger fitted on tokens (``embedding_dim``), with the
        next token as the class of each step.

        Parameters
        ----------
        prompt : array-like of shape (n_prompt_steps,)
            Initial token ids, at least one.
        n_steps : int
            Number of tokens to generate.
        temperature : float, default=1.0
            Temperature of the distribution: below one, likely tokens become more likely;
            above one, less likely.
        random_state : int, RandomState instance or None, default=None
            Controls the random draws.

        Returns
        -------
        ndarray of shape (n_steps,)
            The generated token ids, without the prompt.

        Raises
        ------
        ValueError
            If the tagger is not a language model, or not causal.

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
@names_itself
@recurrent_estimator
class RecurrentStepRegressor(AnyCell, PerStepEstimator, NumberPredictor):
    """Predict one or several numbers for every step of a sequence.

    y is a list with an array for each sequence, (n_steps_i,) or (n_steps_i, n_outputs);
    or one array if all sequences have the same length. ``predict`` returns the same form:
    an array if X is one, and for a list of sequences an object array with an array for
    each.


    Steps without a target, or without some of several outputs, are NaN or None in y: they
    are read, but count neither in the loss nor in scores. ``sample_weight`` may have a
    weight for each step.

    See Also
    --------
    RecurrentTagger : Predicts classes for every step.
    RecurrentRegressor : Predicts one number for the whole sequence.

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
        """Return the coefficient of determination over all steps.

        Parameters
        ----------
        X : array-like
            Sequences, as in fit.
        y : list of array-like, or array-like
            True values of each step; those that are NaN or None do not count.
        sample_weight : array-like of shape (n_sequences,) or list, default=None
            Weight of the steps of each sequence, or of each step, as in fit.

        Returns
        -------
        float
            R squared; of several quantiles the mean of their D squared, the share of the
            pinball loss of constant quantiles that is explained.
        """
        return self._score(self._metric, X, y, sample_weight)


@storable
@names_itself
@recurrent_estimator
class ConvLSTMClassifier(FrameReader, SequenceClassifier):
    r"""Classify videos with a convolutional LSTM.

    An LSTM whose states have the shape of frames, with convolutions in place of products:

    .. math::
        i, f, o &= \sigma(W_{ifo} * X_t + U_{ifo} * H_{t-1} + b_{ifo}) \\
        C_t &= f \odot C_{t-1} + i \odot \tanh(W_c * X_t + U_c * H_{t-1} + b_c) \\
        H_t &= o \odot \tanh(C_t)

    X is (n_videos, n_steps, height, width), with channels last if there are several; or a
    list of videos with any number of steps. The head reads the hidden states, averaged
    over pixels and pooled over steps. In a 2-D X, every number is a frame of one pixel.

    See Also
    --------
    ConvLSTMRegressor : Predicts numbers or frames from videos.

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
@names_itself
@recurrent_estimator
class ConvLSTMRegressor(FrameReader, FrameRegressor):
    r"""Predict numbers, the next frame, or the next frames of videos.

    .. math::
        i, f, o &= \sigma(W_{ifo} * X_t + U_{ifo} * H_{t-1} + b_{ifo}) \\
        C_t &= f \odot C_{t-1} + i \odot \tanh(W_c * X_t + U_c * H_{t-1} + b_c) \\
        H_t &= o \odot \tanh(C_t)

    X is (n_videos, n_steps, height, width), with channels last if there are several; or a
    list of videos with any number of steps. y determines the predictions: numbers
    (n_videos,) or (n_videos, n_outputs); the next frame, in the layout of a frame of X;
    or several next frames, (n_videos, n_frames, height, width) or with channels last, by
    a second network that starts from the states of the first.

    See Also
    --------
    ConvLSTMClassifier : Predicts classes of videos.

    References
    ----------
    Shi et al. (2015), Convolutional LSTM network: a machine learning approach for
    precipitation nowcasting. NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import ConvLSTMRegressor
    >>> videos = np.zeros((60, 8, 8, 8), dtype=np.float32)
    >>> for i, video in enumerate(videos):
    ...     for t in range(8):
    ...         video[t, (i + t) % 8, i % 7] = 1
    >>> X, y = videos[:, :5], videos[:, 5:]
    >>> model = ConvLSTMRegressor(hidden_size=8, lr=0.02, max_epochs=10, random_state=0)
    >>> model.fit(X[:50], y[:50]).predict(X[50:]).shape
    (10, 3, 8, 8)
    """


@storable
@names_itself
@recurrent_estimator
class RecurrentTranscriber(AnyCell, TranscriptEstimator):
    r"""Transcribe sequences of signals, such as speech, without any alignment.

    y is a list of strings, or of lists of labels, of any length from one on; ``predict``
    returns the same form. Nothing says which steps a label belongs to: at each frame the
    network gives probabilities of the labels and of a blank, and the likelihood of a
    transcript is the sum over all paths that merging repeats and removing blanks turns
    into it (connectionist temporal classification):

    .. math:: p(y \mid x) = \sum_{\pi \to y} \prod_t p_t(\pi_t)

    A frame is a step or, with ``conv_stride``, a block of steps. A transcript needs a
    frame for each label, and one more between equal neighbours. The loss is the mean over
    sequences of the negative log likelihood per label. In the first epochs it often lies
    still, while the network predicts blanks alone: with ``early_stopping`` set
    ``patience`` to more than ten.

    With a causal network, ``open_stream().step`` returns the labels that a step adds, a
    string or a list that is often empty; in the end they are those of ``predict`` with
    ``beam_size=1``, but for the last block of a stride if it is incomplete. So are those
    of ``to_numpy`` and ``to_onnx``. ONNX files have the outputs ``label``, int64 (batch,
    frames), positions in ``classes_`` followed by -1, and ``probabilities`` (batch,
    frames, 1 + n_classes), undefined after the last frame.

    ``scoring`` by a name of scikit-learn, such as "accuracy", needs strings.

    See Also
    --------
    RecurrentTagger : Predicts a label for every step.
    RecurrentClassifier : Predicts one class for the whole sequence.

    References
    ----------
    Graves, Fernandez, Gomez and Schmidhuber (2006), Connectionist temporal
    classification: labelling unsegmented sequence data with recurrent neural networks.
    ICML.
    Hannun, Maas, Jurafsky and Ng (2014), First-pass large vocabulary continuous speech
    recognition using bi-directional recurrent DNNs. arXiv.

    Examples
    --------
    Three sounds, each for some steps of noise; nobody says where they are:

    >>> import numpy as np
    >>> from sksequence import RecurrentTranscriber
    >>> rng = np.random.default_rng(0)
    >>> y = ["".join(rng.choice(list("abc"), n)) for n in rng.integers(1, 5, 160)]
    >>> def sound(letter):
    ...     steps = np.zeros((rng.integers(3, 6), 3))
    ...     steps[:-1, "abc".index(letter)] = 1
    ...     return steps + rng.normal(scale=0.1, size=steps.shape)
    >>> X = [np.concatenate([sound(letter) for letter in word]) for word in y]
    >>> model = RecurrentTranscriber(
    ...     hidden_size=32, lr=0.02, max_epochs=30, random_state=0
    ... )
    >>> model.fit(X[:120], y[:120]).score(X[120:], y[120:]) > 0.8
    True
    >>> model.predict(X[:3]), y[:3]
    (array(['ccbb', 'bba', 'cab'], dtype=object), ['ccbb', 'bba', 'cab'])
    >>> model.align(X[:1], y[:1])[0].shape  # first and last frame of each letter
    (4, 2)
    """


@storable
@names_itself
@recurrent_estimator
class RecurrentTranslator(Pooling, AnyCell, TranslationEstimator):
    r"""Translate sequences to strings or lists of labels of any length and order.

    y is a list of strings, or of lists of labels, of any length from one on; ``predict``
    returns the same form. Numbers are read as they are, tokens with ``embedding_dim``:
    strings become tokens by :class:`~sksequence.preprocessing.SequenceTokenizer`.

    An encoder reads the sequence, best with ``bidirectional=True``, and a decoder says
    label after label until it says the end, each with a probability given those before:

    .. math:: p(y \mid x) = \prod_t p(y_t \mid y_1, \dots, y_{t-1}, x)

    The first layer of the decoder starts from a learnt map of the pooled encoder, and
    reads the labels; its outputs attend to the steps of the encoder, and further layers
    read both. As nothing is fed back, all labels are read at once in training, by the
    compiled kernels that also run the encoder. The loss is the mean over sequences of the
    cross entropy per label, with the end as one more label.

    Answers are ranked by their probability, whatever their length. Those of ``to_numpy``
    and ``to_onnx`` are those of ``predict`` with ``beam_size=1``. ONNX files have the
    output ``label``, int64 (batch, max_length), positions in ``classes_`` and then -1.

    ``scoring`` by a name of scikit-learn, such as "accuracy", needs strings.

    See Also
    --------
    RecurrentTranscriber : Labels in the order of the steps, without attention.
    RecurrentTagger : Predicts a label for every step.

    References
    ----------
    Sutskever, Vinyals and Le (2014), Sequence to sequence learning with neural networks.
    NeurIPS.
    Luong, Pham and Manning (2015), Effective approaches to attention-based neural machine
    translation. EMNLP.
    Wu et al. (2016), Google's neural machine translation system. arXiv.

    Examples
    --------
    Say a word backwards, without its vowels:

    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sksequence import RecurrentTranslator
    >>> from sksequence.preprocessing import SequenceTokenizer
    >>> rng = np.random.default_rng(0)
    >>> X = ["".join(rng.choice(list("abcdei"), n)) for n in rng.integers(4, 8, 500)]
    >>> X = [word for word in X if set(word) & set("bcd")]
    >>> y = ["".join(letter for letter in word[::-1] if letter in "bcd") for word in X]
    >>> model = make_pipeline(
    ...     SequenceTokenizer(analyzer="char"),
    ...     RecurrentTranslator(
    ...         embedding_dim=16, bidirectional=True, hidden_size=32,
    ...         lr=0.01, max_epochs=20, batch_size=32, random_state=0
    ...     ),
    ... )  # fmt: skip
    >>> model.fit(X[:400], y[:400]).score(X[400:], y[400:]) > 0.8
    True
    >>> model.predict(["cabbed"])
    array(['dbbc'], dtype=object)
    """


@storable
@names_itself
@recurrent_estimator
class RecurrentDetector(Pooling, AnyCell, SequenceDetector):
    r"""Find anomalies in sequences, and represent sequences, without labels.

    The network learns to predict each step from those before it, or to reconstruct all
    steps from a short code of the sequence. Where that fails, something is not as it was
    in the training sequences. The score of step t is

    .. math::
        s_t = - \sqrt{\frac{1}{C} \sum_{c=1}^C
              \left( \frac{x_{tc} - \mu_{tc}}{\sigma_{tc} \rho_c} \right)^2}

    with the prediction :math:`\mu` and its standard deviation :math:`\sigma`, which is
    constant with ``noise="constant"``, and the root mean square :math:`\rho` of these
    errors in the training sequences. Scores of usual steps are
    around -1. That of a sequence is minus the root of the mean of its squared scores, or
    the lowest.

    With ``missing="mask"`` or "decay" NaN is neither predicted nor scored; neither are
    categories and the time.

    See Also
    --------
    RecurrentStepRegressor : Predicts given numbers for every step.
    sklearn.ensemble.IsolationForest : Finds outliers among the rows of tables.

    References
    ----------
    Malhotra et al. (2015), Long short term memory networks for anomaly detection in time
    series. ESANN.
    Malhotra et al. (2016), LSTM-based encoder-decoder for multi-sensor anomaly detection.
    ICML workshop.

    Examples
    --------
    >>> import numpy as np
    >>> from sksequence import RecurrentDetector
    >>> rng = np.random.default_rng(0)
    >>> X = [np.sin(0.4 * np.arange(n)) for n in rng.integers(40, 60, 50)]
    >>> X = [x + rng.normal(scale=0.1, size=len(x)) for x in X]
    >>> model = RecurrentDetector(hidden_size=16, random_state=0).fit(X)
    >>> broken = X[0].copy()
    >>> broken[30:34] = 0.9  # it hangs
    >>> model.predict([X[0], broken])
    array([ 1, -1])
    >>> int(model.score_steps([broken])[0].argmin()) in range(30, 36)
    True
    """
