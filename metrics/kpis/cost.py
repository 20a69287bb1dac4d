"""What a transaction costs: one function per KPI, over the years of stated costs.

A row is one office's or service's year; see metrics/costs.py. Nothing is added up over
offices: each states what its own amount includes.
"""

import polars as pl

from metrics.measure import Facts, Measure

_TRANSACTIONS = pl.col("transactions")


def per_visit() -> Measure:
    return _per_transaction("visit_costs")


def per_case() -> Measure:
    return _per_transaction("case_costs")


def _per_transaction(facts: Facts) -> Measure:
    is_told = pl.col("is_whole").all() & (_TRANSACTIONS.sum() > 0)
    is_counted = _TRANSACTIONS.null_count() == 0
    return Measure(
        facts=facts,
        value=pl.when(is_told & is_counted).then(
            pl.col("amount_eur").sum() / _TRANSACTIONS.sum()
        ),
        n=_TRANSACTIONS.sum(),
        reason=pl.when(pl.col("is_whole").all())
        .then(pl.lit("no_counts"))
        .otherwise(pl.lit("year_not_whole")),
        grains=("year",),
    )
