"""What is online, and how many use it: one function per KPI.

Over receipts (a row is a case received), decisions (a row is a decided case) or the
days of the online services; see metrics/cases.py and metrics/online_services.py.
"""

import polars as pl

from metrics.measure import Measure, percent, share_measure


def online_share() -> Measure:
    is_online = pl.col("is_online")  # null: the way it came is not known
    return share_measure(
        "receipts",
        is_online.sum(),
        is_online.count(),
        reason=pl.lit("not_recorded"),
        absent="no_receipts",
    )


def end_to_end_share() -> Measure:
    """Count by decision: before it, many sources do not know how a case will go on.

    By receipt the newest months would hold the quick cases only, which are the ones
    without paper.
    """
    is_end_to_end = pl.col("is_end_to_end")  # null: not online, or not known
    is_none_online = (pl.col("is_online").count() > 0) & (
        pl.col("is_online").sum() == 0
    )
    return share_measure(
        "decisions",
        is_end_to_end.sum(),
        is_end_to_end.count(),
        reason=pl.when(is_none_online)
        .then(pl.lit("no_online_cases"))
        .otherwise(pl.lit("not_recorded")),
        absent="no_decisions",
    )


def services_online() -> Measure:
    known = pl.col("told").last()
    return Measure(
        facts="services",
        value=pl.when(known > 0).then(pl.col("online").last()),
        n=known,
        reason=pl.lit("not_recorded"),
    )


def level_4_share_model_11() -> Measure:
    return _level_4_share("11")


def level_4_share_model_20() -> Measure:
    return _level_4_share("20")


def _level_4_share(model: str) -> Measure:
    rated, mature = (pl.col(f"{name}_{model}").last() for name in ("rated", "level_4"))
    return Measure(
        facts="services",
        value=percent(mature, rated),
        n=rated,
        numerator=mature,
        reason=pl.lit("not_recorded"),
    )
