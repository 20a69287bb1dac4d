"""Numbers, dates, times and durations as German offices write them, a column at once.

Every function gives null where it cannot read a text; nothing is ever guessed.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

import polars as pl

SERIAL: Final = "serial"  # days since 30 December 1899, as spreadsheets count them
ISO: Final = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_ISO_OFFSET: Final = ("%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z")
_WRITTEN_OFFSET: Final = r"(Z|[+-]\d{2}:?\d{2})$"
_SPACES: Final = r"[\s\u00a0\u202f]+"
_NUMBERS: Final = {  # after runs of blanks became one
    ",": r"^[+-]? ?(\d+|\d{1,3}(\.\d{3})+|\d{1,3}( \d{3})+)(,\d+)?$",
    ".": r"^[+-]? ?(\d+|\d{1,3}(,\d{3})+|\d{1,3}( \d{3})+)(\.\d+)?([eE][+-]?\d+)?$",
}
_HOUR: Final = timedelta(hours=1) - timedelta(microseconds=1)  # to its last moment
# What a delivery covers may end a year later, and must have an end in any time zone.
_FIRST: Final = datetime(2, 1, 1, tzinfo=UTC)
_END: Final = datetime(9998, 1, 1, tzinfo=UTC)
_UNIT_SECONDS: Final = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_CLOCKS: Final = {
    "mm:ss": (60, 1),
    "hh:mm": (3600, 60),
    "hh:mm:ss": (3600, 60, 1),
}
DURATION_FORMS: Final = (*_CLOCKS, "words")
_FULL_CLOCK: Final = r"^(\d{1,4}):(\d{2}):(\d{2})$"
# The whole text, since "10-15 min", "über 60 min" and "2 Tage 3 h" say something else.
# Of "1.200 min" nobody knows whether it is 1200 or hardly more than one.
_DURATION_WORDS: Final = (
    r"(?i)^(?:(?:ca\.?|circa|etwa)\s+)?"
    r"(?:(?P<hours>\d+(?:[.,]\d{1,2})?)\s*(?:h|std|stunden?|hours?|uur|uren|godz)\b\.?)?"
    r"(?:^|[\s,]*(?:\b(?:und|and|en)\b)?\s*)"
    r"(?:(?P<minutes>\d+(?:[.,]\d{1,2})?)\s*(?:m|min|minuten?|minutes?|minut[ay]?)\b\.?)?$"
)


def numbers(texts: pl.Series, decimal: str) -> pl.Series:
    """Read "1.234,5" (decimal ",") or "1,234.5" (decimal "."); refuse the other way."""
    plain_integers = texts.cast(pl.Int64, strict=False)
    if plain_integers.null_count() == texts.null_count():  # most columns, and quickly
        return plain_integers.cast(pl.Float64)
    thousands = "." if decimal == "," else ","
    plain = texts.str.replace_all(_SPACES, " ").str.strip_chars()
    readable = plain.set(~plain.str.contains(_NUMBERS[decimal]), None)
    return (
        readable.str.replace_all(" ", "", literal=True)
        .str.replace_all(thousands, "", literal=True)
        .str.replace(decimal, ".", literal=True)
        .cast(pl.Float64, strict=False)
    )


def integers(texts: pl.Series, decimal: str) -> pl.Series:
    """Read whole numbers; "3,0" is one, "3,5" is none."""
    floats = numbers(texts, decimal)
    whole = floats.set((floats != floats.round()) | (floats.abs() > 2.0**53), None)
    return whole.cast(pl.Int64, strict=False)


def moments(
    texts: pl.Series, formats: Sequence[str], timezone: str
) -> tuple[pl.Series, pl.Series]:
    """Read points in time; give them in UTC, and as the naive local times they were.

    Without formats, ISO 8601 with or without an offset. A local time that the clocks
    skip or show twice has no UTC value, but a naive one.
    """
    naive, utc = _local_and_utc(texts, formats or (*_ISO_OFFSET, *ISO))
    return utc.fill_null(_utc(naive, timezone)) if utc.null_count() else utc, naive


@cache
def say_a_moment(words: tuple[str, ...], formats: tuple[str, ...]) -> bool:
    """Say whether one of the words can be read as a point in time."""
    naive, utc = _local_and_utc(pl.Series(words, dtype=pl.String), formats)
    return (naive.is_not_null() | utc.is_not_null()).any()


def dates(texts: pl.Series, formats: Sequence[str], timezone: str) -> pl.Series:
    """Read days; of a point in time the day that it was there."""
    naive, utc = _local_and_utc(texts, formats or ISO)
    local = utc.dt.convert_time_zone(timezone).dt.replace_time_zone(None)
    return naive.fill_null(local).dt.date()


def durations(texts: pl.Series, form: str, unit: str) -> pl.Series:
    """Read "12:30" as form says ("mm:ss", "hh:mm", "hh:mm:ss"), or words.

    Spreadsheet cells that are durations by themselves come as hours, minutes, seconds;
    they are read so whatever the form.
    """
    seconds = _words(texts) if form == "words" else _clock(texts, form)
    return seconds / _UNIT_SECONDS[unit]


def skipped_by_clocks(naive: pl.Series, timezone: str) -> pl.Series:
    """Say which local times do not exist: the hour that summer time leaves out."""
    earliest = naive.dt.replace_time_zone(
        timezone, ambiguous="earliest", non_existent="null"
    )
    return earliest.is_null() & naive.is_not_null()


def _utc(naive: pl.Series, timezone: str) -> pl.Series:
    """Turn local times into UTC, by looking up each hour and not each time.

    Only in an hour in which the clocks change every time is looked up by itself.
    """
    hours = naive.dt.truncate("1h")
    begin = hours.unique().drop_nulls()
    end = begin + _HOUR
    begin_utc, end_utc = _looked_up(begin, timezone), _looked_up(end, timezone)
    offset = begin.dt.replace_time_zone("UTC") - begin_utc
    is_steady = (end_utc - begin_utc == _HOUR).fill_null(value=False)
    shift: pl.Series | timedelta = offset[0] if len(offset) else timedelta()
    if not is_steady.all() or offset.n_unique() > 1:  # not all of one summer or winter
        steady = offset.set(~is_steady, None)
        shift = hours.replace_strict(
            begin, steady, default=None, return_dtype=pl.Duration("us")
        )
    utc = naive.dt.replace_time_zone("UTC") - shift
    if utc.null_count() == naive.null_count():
        return utc
    return utc.fill_null(_looked_up(naive.set(utc.is_not_null(), None), timezone))


def _looked_up(naive: pl.Series, timezone: str) -> pl.Series:
    return naive.dt.replace_time_zone(
        timezone, ambiguous="null", non_existent="null"
    ).dt.convert_time_zone("UTC")


def _local_and_utc(
    texts: pl.Series, formats: Sequence[str]
) -> tuple[pl.Series, pl.Series]:
    count = len(texts)
    naive = pl.repeat(None, count, dtype=pl.Datetime("us"), eager=True)
    utc = pl.repeat(None, count, dtype=pl.Datetime("us", "UTC"), eager=True)
    iso = texts.str.replace("T", " ", literal=True) if ISO[0] in formats else texts
    for form in formats:
        unread = texts.is_not_null() & naive.is_null() & utc.is_null()
        if not unread.any():
            break
        candidates = (iso if form in ISO + _ISO_OFFSET else texts).set(~unread, None)
        if "z" in form:
            utc = utc.fill_null(_with_offset(candidates, form))
        else:
            naive = naive.fill_null(_without_offset(candidates, form))
    return _shown_by_clocks(naive), _shown_by_clocks(utc)


def _shown_by_clocks(times: pl.Series) -> pl.Series:
    """Leave out years like -026, which a format may find but no calendar has."""
    in_utc = times.dt.replace_time_zone("UTC")
    is_shown = in_utc.is_between(_FIRST, _END, closed="left").fill_null(value=True)
    return times if is_shown.all() else times.set(~is_shown, None)


def _with_offset(texts: pl.Series, form: str) -> pl.Series:
    candidates = texts.set(~texts.str.contains(_WRITTEN_OFFSET), None)
    if candidates.null_count() == len(candidates):
        return pl.repeat(None, len(texts), dtype=pl.Datetime("us", "UTC"), eager=True)
    return candidates.str.to_datetime(
        form, time_unit="us", time_zone="UTC", strict=False
    )


def _without_offset(texts: pl.Series, form: str) -> pl.Series:
    if form == SERIAL:
        return _serials(texts)
    if "%H" in form and "%M" not in form:  # Polars wants both: the full hour is meant
        texts, form = texts + " 00", form + " %M"
    # Hardly a moment is there twice, so remembering them costs more than it saves.
    return texts.str.to_datetime(form, time_unit="us", strict=False, cache=False)


def _serials(texts: pl.Series) -> pl.Series:
    days = texts.set(~texts.str.contains(r"^\d{5}([.,]\d+)?$"), None)
    seconds = (
        days.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False) * 86400
    ).round()  # a day's fraction is never exact
    epoch = seconds - 25569 * 86400
    return (epoch * 1_000_000).cast(pl.Int64).cast(pl.Datetime("us"))


def _clock(texts: pl.Series, form: str) -> pl.Series:
    frame = texts.alias("text").to_frame()
    full = pl.col("text").str.extract_groups(_FULL_CLOCK)
    short = pl.col("text").str.extract_groups(r"^(\d{1,4}):(\d{2})$")
    sizes = _CLOCKS[form]
    parts = _weighted(full, (3600, 60, 1))
    if len(sizes) == 2:
        parts = pl.coalesce(parts, _weighted(short, sizes))
    return frame.select(parts.alias("seconds"))["seconds"]


def _weighted(groups: pl.Expr, sizes: Sequence[int]) -> pl.Expr:
    """Sum a clock's fields; the fields after the first stay below 60."""
    fields = [
        groups.struct.field(str(index)).cast(pl.Float64)
        for index in range(1, len(sizes) + 1)
    ]
    in_range = pl.all_horizontal(field < 60 for field in fields[1:])
    total = pl.sum_horizontal(
        (field * size for field, size in zip(fields, sizes, strict=True)),
        ignore_nulls=False,
    )
    return pl.when(in_range).then(total)


def _words(texts: pl.Series) -> pl.Series:
    frame = texts.alias("text").to_frame()
    found = pl.col("text").str.extract_groups(_DURATION_WORDS)
    hours, minutes = (
        found.struct.field(name).str.replace(",", ".", literal=True).cast(pl.Float64)
        * seconds
        for name, seconds in (("hours", 3600), ("minutes", 60))
    )
    total = pl.sum_horizontal(hours, minutes)  # one of the two may be missing
    known = hours.is_not_null() | minutes.is_not_null()
    return frame.select(pl.when(known).then(total).alias("seconds"))["seconds"]
