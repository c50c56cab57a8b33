"""Why attempts found no node: the scheduler's messages taken apart into single reasons.

Mirrors: kube-scheduler's FitError text, "0/5 nodes are available: 2 Insufficient cpu, 3 node(s)
had untolerated taint(s). preemption: ...". Counts differ from attempt to attempt, the reasons
behind them do not; a message of another form is a list of reasons between semicolons.
"""

from __future__ import annotations

import re

import polars as pl

from simk8s.results.results import Results

_PREFIX = re.compile(r"^\d+/\d+ nodes are available: ")
_SUFFIX = re.compile(r"\.?\s*preemption:.*$", re.DOTALL)
_SEPARATOR = re.compile(r",\s+(?=\d+ )")
_COUNT = re.compile(r"^\d+ ")


def parts(text: str) -> list[str]:
    """The single reasons in one message, without counts, each once."""
    match = _PREFIX.match(text)
    if match is None:
        plain = (part.strip().rstrip(".") for part in text.split("; "))
        return list(dict.fromkeys(part for part in plain if part)) or ["no reason given"]
    body = _SUFFIX.sub("", text[match.end() :]).strip().rstrip(".")
    found = (_COUNT.sub("", part).strip() for part in _SEPARATOR.split(body))
    return list(dict.fromkeys(part for part in found if part)) or ["no reason given"]


def unsuccessful(results: Results) -> pl.DataFrame:
    """text, attempts, pods: per single reason, most attempts first; an attempt may have several."""
    texts = results.reasons.collect()
    split = pl.DataFrame(
        {
            "reason": texts["reason"],
            "text": pl.Series([parts(text) for text in texts["text"]], dtype=pl.List(pl.String)),
        }
    ).explode("text")
    per_pod = (
        results.decisions.filter(pl.col("reason").is_not_null())
        .group_by("reason", "pod")
        .agg(attempts=pl.len())
        .collect()
    )
    return (
        per_pod.join(split, on="reason", how="inner")
        .group_by("text")
        .agg(attempts=pl.col("attempts").sum(), pods=pl.col("pod").n_unique())
        .sort("attempts", "pods", "text", descending=[True, True, False])
    )


def outcomes(results: Results) -> pl.DataFrame:
    """outcome, attempts, pods; most attempts first."""
    return (
        results.decisions.group_by("outcome")
        .agg(attempts=pl.len(), pods=pl.col("pod").n_unique())
        .sort("attempts", "outcome", descending=[True, False])
        .collect()
    )
