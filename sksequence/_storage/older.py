"""Convert states of older formats to the current one."""

from __future__ import annotations

from typing import Any

import numpy as np


def upgrade(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state in format 2, given one in format 1 or 2."""
    return state if "hyperparameters" in state else _from_first(state)


def _from_first(state: dict[str, Any]) -> dict[str, Any]:
    """Convert a state of format 1 to format 2.

    Format 1 is a dict of the estimator's attributes, including private ones.
    """
    left = dict(state)
    stamp = left.pop("_stored_by", {"sksequence": "an older version"})
    upgraded: dict[str, Any] = {
        # The version is (1, n); the content is in format 2 from here on.
        "format": (2, 0) if tuple(stamp.get("format", (1, 0))) <= (1, 0) else (2, 1),
        "sksequence": stamp["sksequence"],
    }
    if "net_" in left:
        upgraded["fitted"] = _fitted(left)
    of_sklearn = {name for name in left if name.endswith("_") or name.startswith("_")}
    upgraded["attributes"] = {name: left.pop(name) for name in of_sklearn}
    # A user's own attributes look like hyperparameters, but files never hold any.
    upgraded["hyperparameters"] = left
    return upgraded


def _fitted(left: dict[str, Any]) -> dict[str, Any]:
    """Remove the fitted attributes, and return them in the new format."""
    network, settings, fixed = (
        left.pop(name) for name in ("_network", "_settings", "_fixed")
    )
    reading = _reading(left, network, fixed)
    target = _target(left, network, fixed, settings, reading["form"])
    left.pop("n_epochs_")
    return {
        "network": network,
        "settings": settings,
        "fixed": fixed,
        "history": left.pop("history_"),
        "net": left.pop("net_"),
        "reading": reading,
        "target": target,
    }


def _reading(
    left: dict[str, Any], network: dict[str, Any], fixed: dict[str, Any]
) -> dict[str, Any]:
    mean, scale = left.pop("_channel_mean", None), left.pop("_channel_scale", None)
    known, fill = left.pop("_known_tokens", None), left.pop("_fill", None)
    static = {
        "kind": "static columns",
        "columns": left.pop("_columns", None),
        "mean": left.pop("_static_mean", np.zeros(0)),
        "scale": left.pop("_static_scale", np.ones(0)),
    }
    left.pop("n_static_features_in_", None)
    step_shape = left.pop("_step_shape")
    reading = {
        "form": {
            "kind": "form",
            "is_table": left.pop("_fitted_on_table"),
            "step_shape": step_shape,
            "has_channels": left.pop("_has_channels", True),
        },
        "static": static,
    }
    if network.get("embedding_dim") is not None:
        limit = fixed.get("num_embeddings")
        return reading | {"kind": "tokens", "limit": limit, "known": known}
    return reading | {
        "kind": "numbers",
        "missing": network.get("missing", "error"),
        "time_channel": network.get("time_channel"),
        "mean": mean,
        "scale": scale,
        "fill": fill,
    }


def _target(
    left: dict[str, Any],
    network: dict[str, Any],
    fixed: dict[str, Any],
    settings: dict[str, Any],
    form: dict[str, Any],
) -> dict[str, Any]:
    if "classes_" in left:
        return {
            "kind": "labels",
            "classes": left.pop("classes_"),
            "is_multilabel": left.pop("_is_multilabel"),
        }
    target = {
        "kind": "values",
        "loss_name": fixed.get("loss", settings.get("loss")),
        "n_values": left.pop("_n_targets"),
        "is_many": left.pop("_many_outputs"),
        "mean": left.pop("_target_mean"),
        "scale": left.pop("_target_scale"),
    }
    left.pop("_predicts_rates")
    n_frames, is_single = left.pop("_n_frames", None), left.pop("_single_frame", False)
    if n_frames is None:
        return target
    return target | {
        "kind": "frames",
        "n_frames": n_frames,
        "is_single": is_single,
        "has_channels": form["has_channels"],
    }
