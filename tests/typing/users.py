"""What users write, for type checkers; never run. See tests/test_typing.py.

Every call that is wrong says so by an ignore, of which mypy reports those that are not
needed: a wrong call that is accepted fails the test. So does pyright.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sksequence
from sksequence import (
    ConvLSTMClassifier,
    ConvLSTMRegressor,
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RecurrentClassifier,
    RecurrentDetector,
    RecurrentRegressor,
    RecurrentStepRegressor,
    RecurrentTagger,
    RecurrentTranscriber,
    RecurrentTranslator,
    SimpleRNNClassifier,
    SimpleRNNRegressor,
    WindowForecaster,
    load,
    model_selection,
    save,
)
from sksequence.datasets import (
    make_adding,
    make_irregular_sensors,
    make_moving_digits,
    make_order,
    make_parity,
    make_sales,
)
from sksequence.ensemble import DeepEnsembleClassifier, DeepEnsembleRegressor
from sksequence.forecasting import forecast_recursive
from sksequence.inspection import (
    AttentionDisplay,
    BaselineReport,
    ForecastDisplay,
    HistoryDisplay,
    MemoryDisplay,
    OcclusionDisplay,
    TagConfusionDisplay,
    attention_weights,
    baseline_report,
    memory_curve,
    occlusion_importance,
)
from sksequence.metrics import (
    QuantileScorer,
    SequenceScorer,
    StdScorer,
    StepScorer,
    bleu,
    bleu_scorer,
    character_error_rate,
    character_error_rate_scorer,
    chunk_f1,
    chunk_f1_scorer,
    crps_gaussian,
    crps_quantiles,
    crps_samples,
    crps_scorer,
    edit_distance,
    exact_share,
    exact_share_scorer,
    flatten_steps,
    interval_coverage,
    interval_coverage_scorer,
    interval_width,
    interval_width_scorer,
    make_quantile_scorer,
    make_sequence_scorer,
    make_std_scorer,
    make_step_scorer,
    perplexity,
    perplexity_scorer,
    pinball_loss,
    pinball_scorer,
    token_error_rate,
    token_error_rate_scorer,
)
from sksequence.model_selection import (
    HalvingEpochSearchCV,
    PanelTimeSeriesSplit,
    PurgedKFold,
    RandomizedSearchCV,
    cross_val_predict_steps,
)
from sksequence.nn import LastPooling, RecurrentStack, SequenceNetwork
from sksequence.portable import NumpyPredictor, Stream
from sksequence.preprocessing import (
    SequenceTokenizer,
    SlidingWindow,
    StepwiseTransformer,
    from_long,
    make_windows,
    merge_forecasts,
    to_long,
    trim_padding,
)
from sksequence.utils import (
    FrozenSequenceEstimator,
    QuantileView,
    check_sequence_estimator,
)

rng = np.random.default_rng(0)
X = [rng.normal(size=(n, 2)) for n in range(5, 25)]
labels = np.arange(20) % 2
numbers = [float(len(x)) for x in X]
frame = pd.DataFrame({"id": [1, 1, 2], "t": [0, 1, 0], "x": [0.1, 0.2, 0.3]})

# ------------------------------------------------------- every class, built and fitted

assert_type(SimpleRNNClassifier(nonlinearity="relu").fit(X, labels), SimpleRNNClassifier)
assert_type(SimpleRNNRegressor(hidden_size=(8, 4)).fit(X, numbers), SimpleRNNRegressor)
assert_type(LSTMClassifier(hidden_size=8).fit(X, labels), LSTMClassifier)
assert_type(LSTMRegressor(loss="huber").fit(X, numbers), LSTMRegressor)
assert_type(GRUClassifier(class_weight="balanced").fit(X, labels), GRUClassifier)
assert_type(GRURegressor(lr=0.01, max_epochs=3).fit(X, numbers), GRURegressor)
LSTMClassifier(categorical_features=["shop", "weekday"], category_dim=8)
GRURegressor(normalize="window", season=24, target_channels=[0, 2])
assert_type(RecurrentClassifier(cell="gru").fit(X, labels), RecurrentClassifier)
assert_type(RecurrentRegressor(cell="rnn").fit(X, numbers), RecurrentRegressor)
steps = [x[:, 0] for x in X]
assert_type(RecurrentTagger(bptt_steps=5).fit(X, steps), RecurrentTagger)
assert_type(RecurrentStepRegressor(batch_size=None).fit(X, steps), RecurrentStepRegressor)
texts = ["ab"] * 20
heard = RecurrentTranscriber(beam_size=4).fit(X, texts, sample_weight=np.ones(20))
assert_type(heard, RecurrentTranscriber)
assert_type(heard.predict(X, lexicon=["a", "ab"]), np.ndarray)
assert_type(heard.predict_proba(X), np.ndarray)
assert_type(heard.log_likelihood(X, [[1, 2]] * 20), np.ndarray)
assert_type(heard.align(X, texts), np.ndarray)
assert_type(heard.score(X, texts), float)
assert_type(heard.partial_fit(X, texts, classes=["a", "b"]), RecurrentTranscriber)
watcher = RecurrentDetector(objective="reconstruct", contamination=0.1)
assert_type(watcher.fit(X), RecurrentDetector)
assert_type(watcher.fit(X, sample_weight=np.ones(20)).offset_, float)
assert_type(watcher.partial_fit(X), RecurrentDetector)
assert_type(watcher.fit_predict(X), np.ndarray)
assert_type(watcher.fit_transform(X), np.ndarray)
assert_type(watcher.score_samples(X), np.ndarray)
assert_type(watcher.score_steps(X), np.ndarray)
assert_type(watcher.decision_function(X), np.ndarray)
assert_type(watcher.score(X), float)
translator = RecurrentTranslator(beam_size=4, max_length=9, attention=True)
assert_type(translator.fit(X, texts, sample_weight=np.ones(20)), RecurrentTranslator)
assert_type(translator.predict(X), np.ndarray)
for _answer, log_probability in translator.predict_nbest(X, 2)[0]:
    assert_type(log_probability, float)
assert_type(translator.log_likelihood(X, [[1, 2]] * 20), np.ndarray)
assert_type(translator.attend(X, texts)[0], np.ndarray)
assert_type(translator.score(X, texts), float)
assert_type(translator.partial_fit(X, texts, classes=["a", "b"]), RecurrentTranslator)
films = rng.normal(size=(20, 4, 8, 8))
assert_type(ConvLSTMClassifier(kernel_size=5).fit(films, labels), ConvLSTMClassifier)
assert_type(ConvLSTMRegressor(patch_size=2).fit(films, numbers), ConvLSTMRegressor)

LSTMClassifier(
    conv_channels=(8,),
    optimizer=torch.optim.Adam,
    random_state=np.random.RandomState(0),
    callbacks=[],
    net_params={"optimizer__betas": (0.9, 0.99)},
    checkpoint=Path("fits"),
)

LSTMClassifier(max_epochs="auto", batch_size="auto", patience="auto")
LSTMClassifier(lr_warmup=0.1, average_weights="ema", ema_decay=0.9)
LSTMClassifier(average_weights=0.9)  # type: ignore[arg-type]
LSTMClassifier(label_smoothing=0.1)
LSTMRegressor(label_smoothing=0.1)  # type: ignore[call-arg]
LSTMClassifier(augment="jitter")
LSTMClassifier(augment=("crop", "warp"))
LSTMClassifier(augment={"mixup": 0.4})
LSTMClassifier(augment=0.4)  # type: ignore[arg-type]
LSTMClassifier(max_epochs=None)  # type: ignore[arg-type]

# ----------------------------------------------------------------------------- answers

model = LSTMClassifier(hidden_size=8, random_state=0)
model.fit(X, labels, sample_weight=np.ones(20), groups=range(20))
model.fit(pd.DataFrame(np.zeros((20, 5))), pd.Series(labels))
model.fit(torch.zeros(20, 5, 2), labels.tolist())
assert_type(model.partial_fit(X, labels, classes=[0, 1]), LSTMClassifier)
assert_type(model.predict(X), np.ndarray)
assert_type(model.predict_proba(X), np.ndarray)
assert_type(model.predict_log_proba(X), np.ndarray)
assert_type(model.predict_prefixes(X, "predict_proba"), np.ndarray)
assert_type(model.transform(X), np.ndarray)
assert_type(model.fit_transform(X, labels), np.ndarray)
assert_type(model.score(X, labels), float)
assert_type(model.get_feature_names_out(), np.ndarray)
assert_type(model.get_params(), dict[str, Any])
assert_type(model.set_params(lr=0.1), LSTMClassifier)
assert_type(model.set_fit_request(sample_weight=True), LSTMClassifier)

# -------------------------------------------------------------------------- attributes

assert_type(model.classes_, np.ndarray)
assert_type(model.history_, list[dict[str, float]])
assert_type(model.n_epochs_, int)
assert_type(model.n_features_in_, int)
assert_type(model.feature_names_in_, np.ndarray)
assert_type(model.hidden_size, int | Sequence[int])
weights: list[torch.Tensor] = list(model.net_.module_.parameters())
cell: str = RecurrentTagger().cell

# --------------------------------------------------------- files, streams, deployment

assert_type(model.save("model.safetensors"), LSTMClassifier)
save(make_pipeline(StandardScaler(), model), Path("pipeline.safetensors"))
again = load(Path("model.safetensors"))
labels_again: np.ndarray = again.predict(X)
if isinstance(again, LSTMClassifier):
    assert_type(again.predict(X), np.ndarray)
    assert_type(again.predict_proba(X), np.ndarray)
stream = model.open_stream(n_streams=20, static=np.zeros((20, 3)))
assert_type(stream, Stream)
assert_type(stream.reset(), Stream)
said: Any = stream.step(np.zeros((20, 2)))
assert_type(model.to_numpy("model.py"), NumpyPredictor)
assert_type(model.to_numpy().predict(X), np.ndarray)
assert_type(model.to_numpy().predict(X, return_std=True), tuple[np.ndarray, np.ndarray])
gaussian = GRURegressor(loss="gaussian", quantile=(0.1, 0.9)).fit(X, numbers)
assert_type(gaussian.predict(X), np.ndarray)
assert_type(gaussian.predict(X, return_std=True), tuple[np.ndarray, np.ndarray])
assert_type(gaussian.predict(X, quantiles=[0.1, 0.9]), np.ndarray)
assert_type(gaussian.sample_y(X, 3, random_state=0), np.ndarray)
view = QuantileView(gaussian, 0.9).fit(X, numbers)
assert_type(view.predict(X), np.ndarray)

# ---------------------------------------------------------------------- uncertainty

bounds = gaussian.predict(X, quantiles=[0.1, 0.9])
lost: float = pinball_loss(numbers, bounds, quantiles=(0.1, 0.9))
inside: float = interval_coverage(numbers, bounds)
widths: np.ndarray = interval_width(numbers, bounds, multioutput="raw_values")
ranked: float = crps_quantiles(numbers, bounds, quantiles=(0.1, 0.9))
ranked = crps_samples(numbers, gaussian.sample_y(X, 9))
ranked = crps_gaussian(numbers, *gaussian.predict(X, return_std=True))
by_quantiles = make_quantile_scorer(pinball_loss, quantiles=[0.1, 0.9])
assert_type(by_quantiles, QuantileScorer)
assert_type(make_std_scorer(crps_gaussian, greater_is_better=False), StdScorer)
for scored in (pinball_scorer, interval_coverage_scorer, interval_width_scorer):
    assert_type(scored(gaussian, X, numbers), float)
cross_val_score(gaussian, X, numbers, scoring=crps_scorer)
model.to_onnx("model.onnx")
written: np.ndarray = RecurrentTagger(embedding_dim=4).generate([1], 5, random_state=0)

# ---------------------------------------------------------------- with scikit-learn

search = GridSearchCV(RecurrentClassifier(), {"cell": ["rnn", "gru"]}, cv=2)
search.fit(X, labels)
cross_val_score(make_pipeline(StandardScaler(), GRURegressor()), X, numbers)
shared = model_selection.GridSearchCV(GRUClassifier(), {"lr": [0.1, 0.01]}, n_jobs=2)
assert_type(shared.fit(X, labels), model_selection.GridSearchCV)
drawn = RandomizedSearchCV(GRUClassifier(), {"lr": [0.1]}, n_iter=1)
assert_type(drawn.fit(X, labels).best_params_, dict[str, Any])
epochs = HalvingEpochSearchCV(
    GRUClassifier(), {"lr": [0.1, 0.01]}, resource="max_epochs", max_resources=9
)
assert_type(epochs.fit(X, labels), HalvingEpochSearchCV)
assert_type(epochs.best_params_, dict[str, Any])
folds = PurgedKFold(3, length=2, horizon=1, embargo=0.1)
assert_type(folds.split(X), Iterator[tuple[np.ndarray, np.ndarray]])
assert_type(folds.get_n_splits(), int)
panel = PanelTimeSeriesSplit(n_splits=2, test_size=1, by=["shop"], time="day")
assert_type(panel.split(X, groups=range(20)), Iterator[tuple[np.ndarray, np.ndarray]])

# -------------------------------------------------------- before and after the network

tokenizer = SequenceTokenizer(analyzer="char", max_features=9)
assert_type(tokenizer.fit(["a text"]), SequenceTokenizer)
assert_type(tokenizer.fit_transform(["a text", "another"]), list[np.ndarray])
assert_type(tokenizer.transform(np.array([["a text"]])), Any)
assert_type(tokenizer.inverse_transform([[1, 2], [3]]), list[list[Any]])
windows = SlidingWindow(5, first_rows="shorter", by="id")
SlidingWindow(5, by=["id", 0], time="day", max_gap="2D")
assert_type(windows.fit(frame), SlidingWindow)
assert_type(windows.transform(frame), np.ndarray | list[np.ndarray])
scaler = StepwiseTransformer(StandardScaler())
assert_type(scaler.fit(X, sample_weight=np.ones(20)), StepwiseTransformer)
assert_type(scaler.set_output(transform="pandas"), StepwiseTransformer)
assert_type(scaler.get_feature_names_out(), np.ndarray)
inputs, targets, index = make_windows(np.arange(9.0), length=3, horizon=2)
assert_type(targets, np.ndarray)
make_windows(np.arange(9.0), 3, 2, time=0, known=[1], max_gap=np.timedelta64(1, "D"))
assert_type(merge_forecasts(targets, index, np.arange(9.0)), np.ndarray)
sequences, wanted, ids = from_long(frame, by="id", time="t")
*_, times = from_long(frame, by=["id"], time="t", return_times=True)
assert_type(ids, np.ndarray)
to_long(sequences, ids, times=times, columns=["x"])

trim_padding(np.zeros((2, 3, 1)))

# ------------------------------------------------------------ metrics and forecasting

assert_type(make_step_scorer(np.mean, greater_is_better=False), StepScorer)
assert_type(perplexity([[0, 1]], [np.eye(2)], classes=[0, 1]), float)
assert_type(flatten_steps([[0, 1]], [[0, 1]]), tuple[np.ndarray, np.ndarray])
assert_type(cross_val_predict_steps(RecurrentTagger(), X, steps), np.ndarray)
weight_of_steps: list[list[float]] = [[1.0, 0.5]]
assert_type(RecurrentTagger().fit(X, steps, weight_of_steps), RecurrentTagger)
assert_type(perplexity_scorer(RecurrentTagger(), X, steps), float)
tagger = RecurrentTagger(crf=True, tag_scheme="bio")
assert_type(tagger.fit(X, [["B-x"] * len(x) for x in X]), RecurrentTagger)
assert_type(make_sequence_scorer(chunk_f1, scheme="bioes"), SequenceScorer)
assert_type(chunk_f1_scorer(tagger, X, [["O"] * len(x) for x in X]), float)
assert_type(chunk_f1([["B-x"]], [["B-x"]], average="macro"), float)
assert_type(edit_distance("a text", "a test"), int)
assert_type(token_error_rate(["a text"], ["a test"], sample_weight=[1.0]), float)
assert_type(character_error_rate(["a text"], ["a test"]), float)
assert_type(exact_share([[1, 2]], [np.array([1, 2])]), float)
assert_type(bleu(["a text"], ["a text"], tokenize=None), float)
for scorer_of_texts in (
    exact_share_scorer,
    token_error_rate_scorer,
    character_error_rate_scorer,
    bleu_scorer,
):
    assert_type(scorer_of_texts, SequenceScorer)
assert_type(forecast_recursive(GRURegressor(), X, horizon=3), np.ndarray)
forecast_recursive(GRURegressor(), X, horizon=3, target=[0, 2], future=X)
assert_type(check_sequence_estimator(model, on_fail=None), list[dict[str, Any]])
FrozenSequenceEstimator(model).predict(X)

# ---------------------------------------------------------------------- generated data

GRURegressor().fit(*make_adding(20, 10, random_state=0))
GRUClassifier().fit(*make_order(20, (5, 10), random_state=np.random.default_rng(0)))
RecurrentTagger().fit(*make_parity(20, each_step=True))
assert_type(make_moving_digits(5, size=20)[0], np.ndarray)
assert_type(make_sales(100), pd.DataFrame)
assert_type(make_sales(return_expected=True), tuple[pd.DataFrame, pd.Series])
seen, now, best = make_irregular_sensors(5, return_best=True)
assert_type(best, np.ndarray)
GRURegressor(missing="decay", time_channel=2).fit(*make_irregular_sensors(5))
make_sales(random_state="0")  # type: ignore[call-overload]
make_adding(n_steps="long")  # type: ignore[arg-type]

# -------------------------------------------------------------------------- inspection

looked_at = LSTMClassifier(pooling="attention", early_stopping=True).fit(X, labels)
assert_type(attention_weights(looked_at, X), list[np.ndarray])
assert_type(memory_curve(looked_at, X, of="representation", max_lag=3), np.ndarray)
occlusion_importance(looked_at, X, window=2, fill=[0.0, 1.0])
history_display = HistoryDisplay.from_estimator(looked_at, metrics=["valid_loss"])
assert_type(history_display, HistoryDisplay)
assert_type(history_display.best_epoch, int)
HistoryDisplay.from_history(looked_at.history_).plot(metrics=["lr"])
assert_type(AttentionDisplay.from_estimator(looked_at, X, sequence=3), AttentionDisplay)
assert_type(MemoryDisplay.from_estimator(looked_at, X).reach, int)
assert_type(OcclusionDisplay.from_estimator(looked_at, X), OcclusionDisplay)
assert_type(ForecastDisplay.from_predictions(numbers, [1.0, 2.0]), ForecastDisplay)
TagConfusionDisplay.from_predictions([["a"]], [["b"]], normalize="true")
memory_curve(looked_at, X, max_lag="3")  # type: ignore[arg-type]
HistoryDisplay()  # type: ignore[call-arg]
ForecastDisplay.from_predictions(numbers)  # type: ignore[call-arg]

# --------------------------------------------------------------------------- ensembles

several = DeepEnsembleClassifier(GRUClassifier(), n_estimators=3, n_jobs=2)
assert_type(several.fit(X, labels, sample_weight=np.ones(20)), DeepEnsembleClassifier)
assert_type(several.partial_fit(X, labels, classes=[0, 1]), DeepEnsembleClassifier)
assert_type(several.predict_proba(X), np.ndarray)
assert_type(several.predict_proba(X, return_std=True), tuple[np.ndarray, np.ndarray])
assert_type(several.score(X, labels), float)
assert_type(several.save("several.safetensors"), DeepEnsembleClassifier)
several.to_onnx(Path("several.onnx"))
mixture = DeepEnsembleRegressor(GRURegressor(loss="gaussian"), warm_start=True)
assert_type(mixture.fit(X, numbers), DeepEnsembleRegressor)
assert_type(mixture.predict(X), np.ndarray)
assert_type(mixture.predict(X, return_std=True), tuple[np.ndarray, np.ndarray])
assert_type(mixture.predict(X, quantiles=[0.1, 0.9]), np.ndarray)
assert_type(mixture.sample_y(X, n_samples=3, random_state=0), np.ndarray)
DeepEnsembleRegressor(GRURegressor(), 3, 2)  # type: ignore[call-arg]
report = baseline_report(GRUClassifier(), X, labels, cv=3, scoring="f1_macro")
assert_type(report, BaselineReport)
assert_type(report.verdict, str)
assert_type(report.best_baseline, str | None)
assert_type(report.scores, dict[str, np.ndarray])
baseline_report(GRUClassifier(), X, labels, 3)  # type: ignore[call-arg]

# ------------------------------------------------------------------------------ layers

network = SequenceNetwork(2, 3, hidden_size=8, cell="gru")
states, lengths, summary = network.states(torch.zeros(4, 5, 2))
assert_type(states, torch.Tensor)
assert_type(lengths, torch.Tensor | None)
RecurrentStack(2, 8)
LastPooling()

# ------------------------------------------------------------------------- wrong calls

LSTMClassifier(hidden=8)  # type: ignore[call-arg]
LSTMClassifier(8)  # type: ignore[call-arg]
LSTMClassifier(cell="gru")  # type: ignore[call-arg]
LSTMClassifier(loss="huber")  # type: ignore[call-arg]
LSTMClassifier(hidden_size="8")  # type: ignore[arg-type]
LSTMClassifier(lr=None)  # type: ignore[arg-type]
LSTMClassifier(random_state="0")  # type: ignore[arg-type]
GRURegressor(class_weight="balanced")  # type: ignore[call-arg]
ConvLSTMRegressor(kernel_size=2.5)  # type: ignore[arg-type]
model.fit(X)  # type: ignore[call-arg]
model.fit(None, labels)  # type: ignore[arg-type]
model.fit(X, 3)  # type: ignore[arg-type]
model.fit(X, labels, weights=labels)  # type: ignore[call-arg]
model.predict(3)  # type: ignore[arg-type]
model.score(X)  # type: ignore[call-arg]
model.save(3)  # type: ignore[arg-type]
model.to_onnx(None)  # type: ignore[arg-type]
model.open_stream(n_streams="two")  # type: ignore[arg-type]
load(3)  # type: ignore[arg-type]
SlidingWindow()  # type: ignore[call-arg]
SlidingWindow(length="5")  # type: ignore[arg-type]
SequenceTokenizer("char")  # type: ignore[call-arg]
PurgedKFold(lenght=3)  # type: ignore[call-arg]
PanelTimeSeriesSplit(gap=None)  # type: ignore[arg-type]
make_windows(np.arange(9), length=3)  # type: ignore[call-arg]
forecast_recursive(model, X, horizon=3, future=1)  # type: ignore[arg-type]
from_long(frame, by="id", as_frame=True)  # type: ignore[call-overload]
perplexity([[0]], [[[1.0]]])  # type: ignore[call-arg]
SequenceNetwork(2)  # type: ignore[call-arg]
sksequence.LSTM()  # type: ignore[attr-defined]
HalvingEpochSearchCV(model)  # type: ignore[call-arg]
HalvingEpochSearchCV(model, {}, resources="max_epochs")  # type: ignore[call-arg]


def forecast_a_table(table: pd.DataFrame, path: Path) -> None:
    forecaster = WindowForecaster(
        GRURegressor(), length=4, horizon=2, strategy="decoder", known=["plan"]
    )
    assert_type(forecaster.fit(table), WindowForecaster)
    forecaster.predict(table, history=table)
    forecaster.predict(2, return_std=True)
    forecaster.historical_forecasts(table, step=2)
    assert_type(forecaster.score(table), float)
    forecaster.save(path)
    WindowForecaster(GRURegressor(), length=4)  # type: ignore[call-arg]
    WindowForecaster(GRURegressor(), length="4", horizon=2)  # type: ignore[arg-type]
