"""The rows behind the KPIs of online services: each day, what is known of each office.

A state lasts until it is told anew. How mature a service is, the city file states with
a date; a source that says so later replaces it. A row of the facts is one day:

told, online                 services of which it is known whether they are online
rated_11, level_4_11 ...     services rated by a model, and those at level 4 or above
"""

from datetime import datetime
from typing import Final

import polars as pl

from ingest.city import HIGHEST_MATURITY, City
from ingest.warehouse import read_frame, read_rows
from metrics.frames import ONLINE_SERVICES
from metrics.reading import Reading
from metrics.small_offices import hidden_offices, with_merged_offices
from metrics.spans import ALL_SPANS, SPANS, Counted, days_of, spans_of

# Never mixed: their levels differ.
MODELS: Final = {model: model.replace(".", "") for model in HIGHEST_MATURITY}
END_TO_END: Final = 4  # the level from which nothing is printed or scanned

_RATED: Final = tuple(f"rated_{name}" for name in MODELS.values())
_LEVEL_4: Final = tuple(f"level_4_{name}" for name in MODELS.values())
_STATES: Final = ("told", "online", *_RATED, *_LEVEL_4)


def count_services(reading: Reading) -> Counted | None:
    """Count services day by day; None where nothing is known of any."""
    told = _told(reading)
    if told.is_empty():
        return None
    spans = _spans(reading, told)
    changes = pl.concat([_changes(told, _online()), _changes(told, _rated())])
    changes = changes.join(spans, on="office").with_columns(
        day=pl.max_horizontal("day", "first_on")
    )
    whole = pl.DataFrame({"first_on": [spans["first_on"].min()],
                          "last_on": [spans["last_on"].max()]})  # fmt: skip
    return Counted(
        rows={
            "city": _daily(changes, whole, ()),
            "office": _daily(changes, spans, ("office",)),
        },
        spans=spans,
        covered=days_of(spans),
        events=pl.len(),
    )


def online_services(reading: Reading) -> pl.DataFrame:
    """Give what is known last of every service of the city file."""
    told = _told(reading)
    online = told.filter(pl.col("is_online").is_not_null())
    rated = told.filter(pl.col("maturity").is_not_null())
    services = [
        {"service": service.id, "office": service.office}
        for service in reading.city.services
    ]
    return (
        pl.DataFrame(services, {"service": pl.String, "office": pl.String})
        .pipe(with_merged_offices, reading.city)
        .join(_last(online, "is_online", observed_on="day"), on="service", how="left")
        .join(
            _last(
                rated, "maturity", "maturity_model", rated_on="day", rated_by="told_by"
            ),
            on="service",
            how="left",
        )
        .select(pl.col(name).cast(kind) for name, kind in ONLINE_SERVICES.items())
        .sort("office", "service")
    )


def protect_online_services(
    services: pl.DataFrame,
    city: City,
    now: datetime,  # noqa: ARG001 - the signature of all that protects a frame
) -> pl.DataFrame:
    """Nobody is behind a service that is online; only small offices stay hidden."""
    return services.filter(~pl.col("office").is_in(list(hidden_offices(city))))


def _told(reading: Reading) -> pl.DataFrame:
    """List all that was ever said of a service, in the order in which it counts."""
    city = reading.city
    offices = {service.id: service.office for service in city.services}
    told_at = "SELECT delivery_id, source, received_at FROM deliveries"
    looks = (
        read_rows(reading.connection, "online_services")
        .filter(pl.col("service").is_in(list(offices)))
        .join(read_frame(reading.connection, told_at), on="delivery_id")
        .rename({"observed_on": "day", "source": "told_by"})
    )
    return (
        pl.concat([looks, _stated(reading)], how="diagonal_relaxed")
        .filter(pl.col("day") <= _today(reading))
        .with_columns(office=pl.col("service").replace(offices))
        .pipe(with_merged_offices, city)
        .sort("service", "day", "received_at", nulls_last=False)
    )


def _stated(reading: Reading) -> pl.DataFrame:
    """Take from the city file how mature its services are."""
    rows = [
        (each.id, each.online.on, each.online.maturity, each.online.model)
        for each in reading.city.services
        if each.online is not None
    ]
    columns = {
        "service": pl.String,
        "day": pl.Date,
        "maturity": pl.Int32,
        "maturity_model": pl.String,
    }
    return pl.DataFrame(rows, columns, orient="row")


def _spans(reading: Reading, told: pl.DataFrame) -> pl.DataFrame:
    """Find the days told of: a source's end with it, the city file's do not."""
    looked = spans_of(reading, told.filter(pl.col("delivery_id").is_not_null()))
    today = _today(reading)
    first_day = pl.lit(reading.city.info.first_day, pl.Date)
    stated = (
        told.filter(pl.col("delivery_id").is_null())
        .group_by("office")
        .agg(first_on=pl.max_horizontal(pl.col("day").min(), first_day))
        .with_columns(
            begins_on="first_on",
            last_on=today,
            complete_on=today.dt.offset_by("-1d"),
            due_on=today,
        )
    )
    both = pl.concat([looked, stated.select(list(SPANS))])
    return both.group_by("office").agg(ALL_SPANS)


def _online() -> dict[str, pl.Expr]:
    is_online = pl.col("is_online")
    return {
        "told": is_online.is_not_null().cast(pl.Int64),
        "online": is_online.cast(pl.Int64),
    }


def _rated() -> dict[str, pl.Expr]:
    states = {}
    for model, name in MODELS.items():
        is_rated = pl.col("maturity_model") == model
        is_mature = is_rated & (pl.col("maturity") >= END_TO_END)
        states[f"rated_{name}"] = is_rated.cast(pl.Int64)
        states[f"level_4_{name}"] = is_mature.cast(pl.Int64)
    return states


def _changes(told: pl.DataFrame, states: dict[str, pl.Expr]) -> pl.DataFrame:
    """Give what a service's state changes by on a day, against the state before."""
    is_known = next(iter(states)) == "told"
    subject = pl.col("is_online") if is_known else pl.col("maturity")
    last = (
        told.filter(subject.is_not_null())
        .unique(["service", "day"], keep="last", maintain_order=True)
        .with_columns(**states)
        .sort("service", "day")
    )
    return last.select(
        pl.col("office").cast(pl.String),
        "day",
        *(
            (
                pl.col(name) - pl.col(name).shift(fill_value=0).over("service")
                if name in states
                else pl.lit(0, pl.Int64)
            ).alias(name)
            for name in _STATES
        ),
    )


def _daily(
    changes: pl.DataFrame, spans: pl.DataFrame, keys: tuple[str, ...]
) -> pl.DataFrame:
    by_day = changes.group_by(*keys, "day").agg(pl.col(*_STATES).sum())
    running = pl.col(*_STATES).fill_null(0).cum_sum()
    return (
        spans.select(*keys, day=pl.date_ranges("first_on", "last_on"))
        .explode("day")
        .join(by_day, on=[*keys, "day"], how="left")
        .sort(*keys, "day")
        .with_columns(running.over(keys) if keys else running)
    )


def _last(told: pl.DataFrame, *names: str, **renamed: str) -> pl.DataFrame:
    return told.unique("service", keep="last", maintain_order=True).select(
        "service", *names, **renamed
    )


def _today(reading: Reading) -> pl.Expr:
    today = reading.now.astimezone(reading.city.timezone).date()
    return pl.lit(today)
