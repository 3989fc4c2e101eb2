"""The pages of the site say everything there is, and nothing that there is not."""

from __future__ import annotations

import importlib
import re

from helpers.package import ROOT

DOCS = ROOT / "docs"
ROOMS = (
    *("sksequence", "sksequence.preprocessing", "sksequence.forecasting"),
    *("sksequence.model_selection", "sksequence.metrics", "sksequence.inspection"),
    *("sksequence.ensemble", "sksequence.datasets", "sksequence.utils"),
    "sksequence.portable",
)
# Classes that users get from a function and do not make.
RETURNED = (
    "BaselineReport",
    "QuantileScorer",
    "SequenceScorer",
    "StdScorer",
    "StepScorer",
)


def public_names(*rooms):
    return {name for room in rooms for name in importlib.import_module(room).__all__}


def words_in_code(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    codes = re.findall(r"`([^`]+)`", text)
    return {word for code in codes for word in re.findall(r"\w+", code)}


def test_every_public_name_is_in_the_tables_of_what_to_use():
    names = {name for name in public_names(*ROOMS) if not name.endswith("_scorer")}
    assert names - words_in_code("which.md") == set(RETURNED)


def test_the_chart_leads_to_every_estimator_and_nowhere_else():
    chart = (DOCS / "which.svg").read_text(encoding="utf-8")
    shown = {
        name
        for names in re.findall(r'class="c"[^>]*>([^<]*)<', chart)
        for name in names.split()
    }
    assert shown == public_names("sksequence") - {"load", "save"}
