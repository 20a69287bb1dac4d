"""Disclosure control: the only place that decides what may leave the house.

Rows outside the lattice of the city file and of periods that are not over are left out;
what is left says no more than small_numbers lets it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from ingest.city import City
from metrics.case_counts import protect_unbalanced
from metrics.catalogue import CATALOGUE, Kpi
from metrics.compute import Computed
from metrics.figures import FIGURES, sorted_by_id
from metrics.lattice import WAITS, hours_are_listed, in_lattice
from metrics.live_queues import live_queue, newest_looks, rest_of_today
from metrics.moments import iso
from metrics.online_services import protect_online_services
from metrics.protect_crowd import protect_crowd
from metrics.protect_parts import hide_second_parts
from metrics.protect_rest import protect_rest
from metrics.shelf import Shelf
from metrics.small_numbers import (
    FEWEST,
    FEWEST_FOR_PERCENTILE,
    IS_SHOWN,
    THINGS,
    hide,
    nearest,
    say,
    whole,
)
from metrics.small_offices import (
    hidden_offices,
    sensitive_offices,
    tells_of_single_staff,
    with_merged_offices,
)
from metrics.survival import as_figures, from_figures
from metrics.withhold import withhold

FEWEST_HOURS: Final = 3  # looked at, for one hour of one weekday

_CONTENT: Final = ("value", "n", "numerator", "lower", "upper")
_HAS_NO_VALUE: Final = IS_SHOWN & ~pl.col("value").is_finite().fill_null(value=False)
_IS_TICKETS: Final = pl.col("basis") == "tickets"
# Where there are data, having no rows means none; none must look like a few.
_IS_NOBODY: Final = (
    (pl.col("state") == "no_data")
    & ~pl.col("kpi").is_in(
        [kpi.id for kpi in CATALOGUE.values() if kpi.counts in THINGS]
    )
    & (
        pl.col("reason").is_in(
            ["no_decisions", "no_receipts", "no_online_cases", "no_appointments"]
        )
        | ((pl.col("reason") == "no_rows") & (pl.col("coverage") > 0))
    )
)


def protect(
    computed: Computed, city: City, now: datetime, shelf: Shelf | None = None
) -> Computed:
    """Return what of it may be published at this moment; raise TooMuchIsTold.

    A frame that no function of PROTECTED is for stays inside.
    """
    protected = replace(
        computed,
        figures=protect_figures(computed.figures, city, now),
        frames={
            name: PROTECTED[name](frame, city, now)
            for name, frame in computed.frames.items()
            if name in PROTECTED
        },
    )
    return withhold(protected, computed, city, shelf)


def protect_figures(
    figures: pl.DataFrame,
    city: City,
    now: datetime,
    catalogue: Mapping[str, Kpi] = CATALOGUE,
) -> pl.DataFrame:
    publishable = figures.filter(
        pl.col("period_end") < _today(city, now),
        in_lattice(city, catalogue),
        _not_too_sensitive(city),
        ~tells_of_single_staff(catalogue),
    )
    parts = (
        publishable.with_columns(**_turned(_HAS_NO_VALUE, "no_data", "no_rows"))
        .with_columns(**_turned(_IS_NOBODY, "hidden", "fewer_than_8"))
        .partition_by("kpi", as_dict=True)
    )
    base = city.publish.rounding_base
    said = [say(part, catalogue[str(kpi)], base) for (kpi,), part in parts.items()]
    return (
        _without_small_offices(pl.concat([figures.clear(), *said]), city)
        .pipe(hide_second_parts)
        .with_columns(pl.when(IS_SHOWN).then(pl.col(name)) for name in _CONTENT)
        # On how many days there was somebody says that it was not nobody.
        .with_columns(coverage=pl.when(pl.col("state") != "hidden").then("coverage"))
        .select(pl.col(name).cast(kind) for name, kind in FIGURES.items())
        .pipe(sorted_by_id)
    )


def protect_wait_by_hour(
    hours: pl.DataFrame, city: City, now: datetime
) -> pl.DataFrame:
    """When to go: over people for tickets, over looks at the queue otherwise."""
    too_few = pl.col("n").fill_null(0)
    nobody = _IS_TICKETS & (pl.col("reason") == "no_rows")
    base = city.publish.rounding_base
    return (
        hours.filter(
            pl.col("window_end") < _today(city, now),
            hours_are_listed(city, WAITS),
            ~pl.col("office").is_in(sensitive_offices(city)),
        )
        .with_columns(**_turned(nobody, "hidden", "fewer_than_8"))
        .pipe(hide, _IS_TICKETS & (too_few < FEWEST), "fewer_than_8")
        .pipe(hide, too_few < FEWEST_HOURS, "too_few")
        .pipe(_without_small_offices, city)
        .with_columns(
            median_minutes=pl.when(IS_SHOWN).then(whole("median_minutes")),
            sold_out_percent=pl.when(IS_SHOWN).then(whole("sold_out_percent")),
            p90_minutes=pl.when(IS_SHOWN & (pl.col("n") >= FEWEST_FOR_PERCENTILE)).then(
                whole("p90_minutes")
            ),
            n=pl.when(IS_SHOWN).then(
                pl.when(_IS_TICKETS)
                .then(nearest("n", base).cast(pl.Int64, strict=False))
                .otherwise(pl.col("n"))
            ),
        )
        .sort("office", "weekday", "hour")
    )


def protect_ageing(ageing: pl.DataFrame, city: City, now: datetime) -> pl.DataFrame:
    """How old the open cases are: each band is a count of its own."""
    as_figures = {
        "kpi": pl.lit("backlog.open"),
        "channel": pl.lit(None, pl.String),
        "grain": pl.lit("month"),
    }
    counts = nearest("count", city.publish.rounding_base)
    return (
        ageing.with_columns(**as_figures)
        .filter(
            pl.col("at") < _today(city, now),
            in_lattice(city, ("backlog.open",)),
            _not_too_sensitive(city),
        )
        .select(ageing.columns)
        .pipe(hide, pl.col("count").fill_null(0) < FEWEST, "fewer_than_8")
        .pipe(_without_small_offices, city)
        .with_columns(count=pl.when(IS_SHOWN).then(counts.cast(pl.Int64, strict=False)))
        .sort("office", "service", "at", "band_from_days")
    )


def protect_survival(cohorts: pl.DataFrame, city: City, now: datetime) -> pl.DataFrame:
    return from_figures(protect_figures(as_figures(cohorts), city, now))


def protect_live(
    samples: pl.DataFrame, city: City, now: datetime, rest: pl.DataFrame | None = None
) -> dict[str, Any]:
    """Say of each office's queue what may be said of it while it is there.

    Of `samples` the newest look at each queue counts. A column `source`, where there is
    one, tells how old a look may be before it is called stale. What is said of the
    hours to come follows from that and from `rest`, both published.
    """
    # The newest of each first: merged offices may have queues of the same name.
    newest = newest_looks(samples.filter(pl.col("observed_at") <= now))
    looks = with_merged_offices(newest, city).filter(
        ~_is_sensitive(city),
        ~pl.col("office").is_in(list(hidden_offices(city))),
    )
    by_office = looks.partition_by("office", as_dict=True)
    queues = [
        live_queue(office.id, by_office[office.id,], city, now)
        for office in city.offices
        if (office.id,) in by_office
    ]
    coming = rest_of_today(queues, rest, city, now)
    told = [queue | {"rest_of_day": coming[queue["office"]]} for queue in queues]
    return {"generated_at": iso(now), "queues": told}


def _today(city: City, now: datetime) -> date:
    return now.astimezone(city.timezone).date()


def _not_too_sensitive(city: City) -> pl.Expr:
    """Sensitive services appear per quarter and without the office only."""
    is_coarse = (pl.col("grain").cast(pl.String) == "quarter") & pl.col(
        "office"
    ).is_null()
    return ~_is_sensitive(city) | is_coarse


def _is_sensitive(city: City) -> pl.Expr:
    """Find rows of a sensitive service, or of an office that has no other."""
    sensitive = [service.id for service in city.services if service.sensitive]
    service = pl.col("service").is_in(sensitive).fill_null(value=False)
    return service | pl.col("office").is_in(sensitive_offices(city)).fill_null(
        value=False
    )


def _without_small_offices(rows: pl.DataFrame, city: City) -> pl.DataFrame:
    small = pl.col("office").is_in(list(hidden_offices(city)))
    return hide(rows, small, "small_staff")


def _turned(where: pl.Expr, state: str, reason: str) -> dict[str, pl.Expr]:
    to = {"state": state, "reason": reason}
    meets = where.fill_null(value=False)
    return {
        name: pl.when(meets).then(pl.lit(word, FIGURES[name])).otherwise(pl.col(name))
        for name, word in to.items()
    }


PROTECTED: Final[
    Mapping[str, Callable[[pl.DataFrame, City, datetime], pl.DataFrame]]
] = {
    "wait_by_hour": protect_wait_by_hour,
    "crowd": protect_crowd,
    "rest_of_day": protect_rest,
    "ageing": protect_ageing,
    "survival": protect_survival,
    "online_services": protect_online_services,
    "unbalanced": protect_unbalanced,
}
