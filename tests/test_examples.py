"""Every example runs by itself, and its figures bear out what it says."""

import contextlib
import multiprocessing
import os
import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor

EXAMPLES = Path(__file__).parents[1] / "examples"
NUMBER = r"[-+]?\d+(?:\.\d+)?(?:e[-+]\d+)?"


# A process for each, of a server that has imported what takes seconds to import.
PROCESSES: Any = multiprocessing.get_context(
    "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
)
if PROCESSES.get_start_method() == "forkserver":
    PROCESSES.set_forkserver_preload(["matplotlib.pyplot", "pandas", "skorch", "torch"])


def run_example(script: Path, folder: Path) -> None:
    """Run an example as the main program in a folder, and keep there what it prints."""
    os.environ["MPLBACKEND"] = "Agg"
    os.chdir(folder)
    sys.argv = [str(script), "--quick"]
    with (
        open("out.txt", "w", encoding="utf-8") as out,
        open("err.txt", "w", encoding="utf-8") as err,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        runpy.run_path(str(script), run_name="__main__")
    # A child of multiprocessing would wait for idle workers, for as long as they do.
    get_reusable_executor().shutdown()


def row(printed: str, name: str) -> list[float]:
    """Return the numbers of the first row of a printed table that begins with name."""
    line = re.search(rf"^{re.escape(name)} +(?={NUMBER})(.*)$", printed, re.MULTILINE)
    assert line, f"no row {name!r} in:\n{printed}"
    return [float(number) for number in re.findall(NUMBER, line[1])]


def check_quickstart(printed: str, folder: Path) -> None:
    accuracy = re.search(rf"Test accuracy: ({NUMBER})", printed)
    assert accuracy is not None
    assert float(accuracy[1]) >= 0.95
    best, std, seconds, *_ = row(printed.split("convolution\n")[1], "")
    assert best >= 0.95
    assert std >= 0
    assert seconds > 0


def check_unequal_lengths(printed: str, folder: Path) -> None:
    _, shuffled, _, chance = row(printed, "limp, KFold shuffled")
    _, grouped, _, _ = row(printed, "limp, GroupKFold")
    _, walker, _, walker_chance = row(printed, "which walker, KFold")
    assert chance < grouped < shuffled - 0.05
    assert walker > 3 * walker_chance


def check_halving_search(printed: str, folder: Path) -> None:
    _, epochs, _, test, *_ = row(printed, "GridSearchCV")
    _, anew_epochs, cv, anew_test, *_ = row(printed, "HalvingGridSearchCV")
    _, halved_epochs, on_cv, halved_test, *_ = row(printed, "HalvingEpochSearchCV")
    assert (on_cv, halved_test) == (cv, anew_test)
    assert halved_epochs < 0.8 * anew_epochs
    # The seconds are not compared: they depend on what else the machine does.
    assert halved_epochs < epochs / 2
    assert min(test, halved_test) > 0.7
    assert halved_test > test - 0.1


def check_dask_search(printed: str, folder: Path) -> None:
    n_clusters = printed.count("on a cluster of")
    assert n_clusters == 2 - ("ray is not installed" in printed)
    assert printed.count("equal to the last bit: True") == n_clusters
    scores = {float(score) for score in re.findall(rf"best ({NUMBER})", printed)}
    assert len(scores) == 1
    assert scores.pop() > 0.5


def check_larger_than_memory(printed: str, folder: Path) -> None:
    for what in ("1200 rows", "80 machines"):
        assert f"{what} in 4 parts, equal to the last bit: True" in printed


def check_regression(printed: str, folder: Path) -> None:
    (mean,), (series,) = row(printed, "mean"), row(printed, "ridge on the series")
    (summaries,), (gru,) = row(printed, "ridge on summaries"), row(printed, "GRU")
    assert gru < 0.9 * summaries
    assert summaries < series
    assert series == pytest.approx(mean, rel=0.1)
    (_, learnt), (_, new), (_, adjusted) = (
        row(printed, name)
        for name in ("series of the fit", "new series", "new series, adjusted")
    )
    assert new < learnt
    assert 75 <= adjusted <= 85
    (weak, often), (strong, as_often) = (
        row(printed, name) for name in ("weakly damped", "strongly damped")
    )
    assert weak < strong
    assert min(often, as_often) >= 70


def check_stacking_and_direction(printed: str, folder: Path) -> None:
    # Accuracy and std in turn: one layer one way, both ways, two layers likewise.
    for task in ("neighbours", "digits"):
        plain, _, _, _, _, _, deeper_both, _ = row(printed, task)
        assert deeper_both > plain
    plain, _, both, _, deeper, *_ = row(printed, "early event")
    assert both > 0.95
    assert both > deeper + 0.1


def check_vanishing_gradient(printed: str, folder: Path) -> None:
    accuracy, gradient = printed.split("gradient norm")
    networks = ("rnn", "lstm", "lstm, open", "gru")
    for name in networks[1:]:
        assert row(accuracy, name)[-1] > row(accuracy, "rnn")[-1] + 0.3
    near, *_, far = map(
        np.array, zip(*(row(gradient, name) for name in networks), strict=True)
    )
    rnn, usual, open_, gru = far / near
    # The memory that starts open keeps its gradient, the usual one does not.
    assert max(rnn, usual) < 0.05 < min(open_, gru)
    assert usual < open_ / 100
    assert row(accuracy, "lstm, open")[-1] > 0.95
    assert "above 0.8 after 100 steps of noise: lstm; lstm, open; gru.\n" in printed
    assert "of the gradient is left: lstm, open; gru.\n" in printed


def check_sentiment(printed: str, folder: Path) -> None:
    words, *_ = row(printed, "words")
    pairs, _, negated, but, _ = row(printed, "words and pairs")
    assert abs(words - 0.5) < 0.1
    assert max(pairs, negated, but) < 0.8
    last, *_ = row(printed, "LSTM, last state")
    everything, *kinds = row(printed, "LSTM, maximum")
    assert min(kinds) > 0.95
    assert pairs + 0.15 < last < everything - 0.03
    said = re.findall(r"(\d+)%", printed.split("new reviews, ")[1])
    shares = [words, pairs, 0.5, last, everything]
    assert [int(share) for share in said] == pytest.approx(
        [100 * share for share in shares], abs=1
    )
    # The twins have the same words: the bag cannot differ, the order must.
    (bag, praise), (same, blame) = (
        row(printed, f"a {start} start but a {end} end")
        for start, end in (("bad", "wonderful"), ("wonderful", "bad"))
    )
    assert bag == same
    assert blame < 0.5 < praise


def check_promoters(printed: str, folder: Path) -> None:
    counts, *_, misplaced = row(printed, "k-mer counts")
    network, *parts = row(printed, "CNN + GRU")
    rule, *_ = row(printed, "the rule")
    assert 0.5 < counts < network - 0.1 < rule
    assert misplaced < 0.5 < min(parts)
    searched = re.findall(rf"CNN \+ GRU, cross.*: ({NUMBER}) \(k = 1\)", printed)
    assert abs(float(searched[0]) - network) < 0.1


def check_tagging(printed: str, folder: Path) -> None:
    frequent, _, _, _ = row(printed, "most frequent")
    one, one_f1, before, behind = row(printed, "LSTM")
    both, both_f1, both_before, both_behind = row(printed, "BiLSTM")
    assert frequent < one < both
    assert one_f1 < both_f1
    assert min(before, both_before, both_behind) > 0.95
    assert behind < 0.75
    # "watch shops sell books": that the watch is a noun, only what follows tells.
    assert re.search(r"^LSTM +VERB +NOUN +VERB +NOUN", printed, re.MULTILINE)
    assert re.search(r"^BiLSTM +NOUN +NOUN +VERB +NOUN", printed, re.MULTILINE)


def check_character_model(printed: str, folder: Path) -> None:
    (single,), (pairs,) = row(printed, "characters"), row(printed, "pairs of characters")
    whole, few_updates, _ = row(printed, "LSTM, whole streams")
    chunks, many_updates, _ = row(printed, "LSTM, chunks of 25")
    assert chunks < 0.8 * pairs
    assert pairs < single
    assert few_updates < many_updates
    assert whole > pairs
    assert printed.count("| **Data Set") == 2  # at two temperatures


def check_spoken_digits(printed: str, folder: Path) -> None:
    _, spectrum = row(printed, "mean spectrum")
    _, steps, _, _, accuracy = row(printed, "CNN + GRU")
    assert accuracy > 0.85
    assert accuracy > spectrum + 0.1
    _, samples, _, _, plain = row(printed, "GRU, 3 speakers")
    *_, in_that_time = row(printed, "CNN + GRU, 3 speakers")
    assert samples / steps == 128
    assert in_that_time > plain + 0.1


def check_next_frame(printed: str, folder: Path) -> None:
    black, last, network = (
        row(printed, name) for name in ("black", "last frame", "ConvLSTM")
    )
    assert len(network) == 4
    for error, dark, still in zip(network, black, last, strict=True):
        assert error < 0.8 * min(dark, still)
    assert network == sorted(network)
    # Where a digit was and where it is: the last frame is wrong twice in the end.
    assert last == sorted(last)
    assert last[0] < black[0] < last[-1]
    said = f"({last[-1]:.1f} against {black[-1]:.1f})"
    assert said in printed


def check_weather_forecast(printed: str, folder: Path) -> None:
    (before,), (usual,) = (
        row(printed, "as warm as the day before"),
        row(printed, "as usual that day"),
    )
    (gru,) = row(printed, "GRU")
    assert gru < 0.97 * before
    assert before < usual
    (width, inside), (summer, _), (winter, _) = (
        row(printed, name) for name in ("all year", "summer", "winter")
    )
    assert 70 <= inside <= 90
    assert winter < width < summer


def check_conformal_interval(printed: str, folder: Path) -> None:
    plain, plain_width, _, warm, _, cool = row(printed, "quantiles")
    adapted, width, adapted_warm, _, adapted_cool, _ = row(
        printed, "quantiles, conformal"
    )
    constant, _, one_warm, one_width, one_cool, the_same = row(
        printed, "one width, conformal"
    )
    assert plain < 80 <= min(adapted, constant)
    assert plain_width < width
    assert cool < warm
    assert one_width == the_same
    # Of one width, they are too narrow after warm days, and too wide after cool ones.
    assert one_warm < 80 < one_cool
    assert abs(adapted_warm - adapted_cool) < one_cool - one_warm


def check_window_search(printed: str, folder: Path) -> None:
    (one_year,), (eight,) = row(printed, "1"), row(printed, "8")
    assert eight < 0.8 * one_year
    (last,), (cycle,) = row(printed, "the last year"), row(printed, "eleven years before")
    assert row(printed, "the best of the search")[0] < 0.8 * min(last, cycle)


def check_panel(printed: str, folder: Path) -> None:
    (last,) = row(printed, "wage of 1983")
    for name in ("ridge", "GRU"):
        (alone,), (static,) = row(printed, name), row(printed, f"{name} + static")
        assert static < alone < 0.8 * last


def check_leakage(printed: str, folder: Path) -> None:
    for name in ("one walk, KFold shuffled", "shops, TimeSeriesSplit"):
        assert row(printed, name)[0] > 0.7
    for name in ("one walk, PurgedKFold", "shops, PanelTimeSeriesSplit"):
        accuracy, std = row(printed, name)
        assert 0.4 < accuracy < 0.6
        assert std < 0.15


def check_irregular(printed: str, folder: Path) -> None:
    (mean,), (by_hours,) = row(printed, "mean"), row(printed, "decay by hours")
    (best,) = row(printed, "best possible")
    assert best < by_hours < 0.97 * mean


def check_remaining_life(printed: str, folder: Path) -> None:
    rule, gru, width, inside = row(printed, "all")
    assert gru < 0.8 * rule
    assert 70 <= inside <= 90
    widths = [row(printed, name)[-2] for name in ("more than 60", "21 to 60", "up to 20")]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < width / 2
    near_rule, near, *_ = row(printed, "up to 20")
    assert near < near_rule / 2


def check_ensemble(printed: str, folder: Path) -> None:
    accuracy, loss, _ = row(printed, "one network")
    together, loss_together, _ = row(printed, "five as one")
    _, best_loss, _ = row(printed, "the best of them")
    assert together > accuracy + 1
    assert loss_together < best_loss < loss
    network, *_ = row(printed, "DeepEnsembleClassifier")
    convolutions, *_ = row(printed, "random convolutions")
    assert 0.8 < network < convolutions
    assert "DeepEnsembleClassifier is not worth it" in printed
    (known,), (unknown,) = row(printed, "digits 0 to 8"), row(printed, "nines")
    assert unknown > 3 * known
    assert row(printed, "nines told apart")[0] > 0.75


def check_spelled_letters(printed: str, folder: Path) -> None:
    wrong, right = row(printed, "no list of words")
    listed_wrong, listed_right = row(printed, "with the list")
    assert listed_wrong <= wrong < 15
    assert listed_right >= max(right, 95)
    assert right > 50
    found = re.search(rf"they were spoken: ({NUMBER})%", printed)
    assert found is not None
    assert float(found[1]) > 90


def check_spelling_to_sound(printed: str, folder: Path) -> None:
    similar, similar_long = row(printed, "most similar known word")
    without, without_long = row(printed, "without attention")
    right, right_long = row(printed, "with attention")
    assert max(similar, similar_long) < 5
    assert right > 90
    assert right_long > 80
    assert without < right - 20
    assert without_long < right_long - 40
    sure = re.search(rf"are right: ({NUMBER}), that are wrong: ({NUMBER})", printed)
    assert sure is not None
    assert float(sure[1]) > float(sure[2])


def check_machine_alarm(printed: str, folder: Path) -> None:
    (day, hours), (late, late_hours) = (
        row(printed, name) for name in ("the detector", "fixed limits")
    )
    assert 5 < day < late
    assert 0 < hours < late_hours / 1.5
    assert "minutes of alarm on the sound day: 0\n" in printed
    share = re.search(rf"share of the last day in alarm: ({NUMBER})", printed)
    assert share is not None
    assert float(share[1]) > 0.95


def check_drawn_digits(printed: str, folder: Path) -> None:
    (accuracy,), (share, *_) = (
        row(printed, name) for name in ("accuracy, whole drawings", "right from here on")
    )
    assert accuracy > 0.95
    # The network says late what a drawing becomes, but before its end.
    assert 50 < share < 100
    assert (folder / "drawn_digits.png").read_bytes().startswith(b"\x89PNG")


def check_state_and_reset(printed: str, folder: Path) -> None:
    (right, rounding), (misread, other) = (
        row(printed, name) for name in ("with reset", "without")
    )
    assert right > 0.95
    assert rounding < 1e-5
    # Mostly the last events decide, but not always.
    assert misread <= right
    assert other > 0.5
    assert (folder / "state_and_reset.png").read_bytes().startswith(b"\x89PNG")


def check_exact_predictions(printed: str, folder: Path) -> None:
    (last, _), (valid, _), (packed, _), ours = (
        row(printed, name)
        for name in (
            *("torch, last step", "torch, last valid step", "torch, packed"),
            "sksequence",
        )
    )
    # Packing differs by rounding, if at all: that depends on the processor.
    assert packed < 1e-6 < 1e-3 < min(last, valid)
    assert ours == [0, 0]
    assert (folder / "exact_predictions.png").read_bytes().startswith(b"\x89PNG")


CHECKS: dict[str, Callable[[str, Path], None]] = {
    "quickstart": check_quickstart,
    "unequal_lengths": check_unequal_lengths,
    "halving_search": check_halving_search,
    "regression": check_regression,
    "stacking_and_direction": check_stacking_and_direction,
    "vanishing_gradient": check_vanishing_gradient,
    "sentiment": check_sentiment,
    "promoters": check_promoters,
    "tagging": check_tagging,
    "character_model": check_character_model,
    "spoken_digits": check_spoken_digits,
    "next_frame": check_next_frame,
    "weather_forecast": check_weather_forecast,
    "conformal_interval": check_conformal_interval,
    "window_search": check_window_search,
    "panel": check_panel,
    "leakage": check_leakage,
    "irregular": check_irregular,
    "dask_search": check_dask_search,
    "larger_than_memory": check_larger_than_memory,
    "remaining_life": check_remaining_life,
    "machine_alarm": check_machine_alarm,
    "ensemble": check_ensemble,
    "spelled_letters": check_spelled_letters,
    "spelling_to_sound": check_spelling_to_sound,
    "drawn_digits": check_drawn_digits,
    "state_and_reset": check_state_and_reset,
    "exact_predictions": check_exact_predictions,
}


def test_every_example_is_checked():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_example_bears_out_its_claim(name, tmp_path):
    script = EXAMPLES / f"{name}.py"
    process = PROCESSES.Process(target=run_example, args=(script, tmp_path))
    process.start()
    process.join()
    printed, errors = (
        (tmp_path / name).read_text(encoding="utf-8") for name in ("out.txt", "err.txt")
    )
    assert process.exitcode == 0, errors
    assert "Warning" not in errors
    assert "INFO" not in errors
    CHECKS[name](printed, tmp_path)
    picture = (tmp_path / f"{name}.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 5_000
