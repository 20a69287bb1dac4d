"""Satisfaction: one function per KPI, over the days on which people answered.

A row is one office's, service's and day's answers; see metrics/ratings.py.
"""

import polars as pl

from metrics.measure import Measure, share_measure

_ANSWERS = pl.col("answers")
_ASKED = pl.col("asked")  # null: nobody knows how many were asked


def answers() -> Measure:
    return _count(_ANSWERS)


def satisfied_share() -> Measure:
    satisfied = pl.col("answers_4").sum() + pl.col("answers_5").sum()
    # Others would have answered differently by chance: small changes mean nothing.
    return share_measure("answers", satisfied, _ANSWERS.sum(), reason=pl.lit("no_rows"))


def response_share() -> Measure:
    answered = pl.col("answers_of_asked").sum()
    is_unknown = _ASKED.count() == 0
    return share_measure(
        "answers",
        answered,
        _ASKED.sum(),
        reason=pl.when(is_unknown)
        .then(pl.lit("not_recorded"))
        .otherwise(pl.lit("no_rows")),
    )


def very_satisfied() -> Measure:
    return _count(pl.col("answers_5"))


def satisfied() -> Measure:
    return _count(pl.col("answers_4"))


def neither() -> Measure:
    return _count(pl.col("answers_3"))


def dissatisfied() -> Measure:
    return _count(pl.col("answers_2"))


def very_dissatisfied() -> Measure:
    return _count(pl.col("answers_1"))


def _count(column: pl.Expr) -> Measure:
    return Measure(facts="answers", value=column.sum(), n=column.sum())
