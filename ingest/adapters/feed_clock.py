"""A feed's clock that shows no date: the day of the look is meant."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from ingest.adapters import columns
from ingest.adapters.base import Download
from ingest.city import City
from ingest.errors import DeliveryRefused
from ingest.mappings import Column

_NAME: Final = "source_time_at"
_TIMES: Final = frozenset("HIMSp")  # what strptime reads of a time of day
_AHEAD: Final = timedelta(hours=1)  # so far a clock may be fast; more is yesterday
_DATED: Final = "%Y-%m-%d %H:%M:%S"


def with_day(
    raw: pl.DataFrame, mapped: dict[str, Column], download: Download, city: City
) -> tuple[pl.DataFrame, dict[str, Column]]:
    """Put the day before a clock whose format has none: 23:58 seen at 0:02 is old."""
    clock = mapped.get(_NAME)
    formats = () if clock is None else _formats(clock)
    if clock is None or not formats or not all(map(_is_time_of_day, formats)):
        return raw, mapped
    if not isinstance(download.content, bytes):
        message = (
            f"{download.name} shows a clock without a date, and a file has no day of"
            " its own; load only what was looked at live"
        )
        raise DeliveryRefused(message)
    zone = ZoneInfo(clock.timezone or city.info.timezone)
    look = download.fetched_at.astimezone(zone).replace(tzinfo=None)
    dated = [
        None if text is None else _dated(text, formats, look)
        for text in columns.texts_of(raw, clock)
    ]
    texts = pl.Series(_NAME, dated, dtype=pl.String)
    column = clock.model_copy(update={"column": _NAME, "format": _DATED, "plus": {}})
    return raw.with_columns(texts), {**mapped, _NAME: column}


def _formats(clock: Column) -> Sequence[str]:
    given = clock.format or ()
    return (given,) if isinstance(given, str) else given


def _is_time_of_day(form: str) -> bool:
    return set(re.findall("%(.)", form)) <= _TIMES


def _dated(text: str, formats: Sequence[str], look: datetime) -> str:
    """Give the last moment at which this clock can have shown that time."""
    for form in formats:
        try:
            shown = datetime.strptime(text, form).time()  # noqa: DTZ007 - no day either
        except ValueError:
            continue
        moment = datetime.combine(look.date(), shown)
        if moment > look + _AHEAD:
            moment -= timedelta(days=1)
        return moment.strftime(_DATED)
    return text  # which is no time: the row is refused
