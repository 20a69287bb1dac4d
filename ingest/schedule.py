"""When a source is due, for the scheduler and in words."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from ingest.sources import Source

_FIELDS: Final = ("minute", "hour", "day", "month", "day_of_week")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONGEST_JITTER: Final = 30  # seconds
_PLAIN_TIME: Final = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* (\S+)")
_UNITS: Final = (
    (timedelta(weeks=1), "Woche", "Wochen", "week"),
    (timedelta(days=1), "Tag", "Tage", "day"),
    (timedelta(hours=1), "Stunde", "Stunden", "hour"),
    (timedelta(minutes=1), "Minute", "Minuten", "minute"),
    (timedelta(seconds=1), "Sekunde", "Sekunden", "second"),
)


def trigger(source: Source, timezone: ZoneInfo) -> BaseTrigger:
    """Return when a source is due; sources of one rhythm do not all ask at once."""
    if source.every is not None:
        seconds = source.every.total_seconds()
        jitter = min(_LONGEST_JITTER, seconds / 10)
        return IntervalTrigger(
            seconds=max(1, int(seconds)), timezone=timezone, jitter=jitter
        )
    return CronTrigger(
        **_cron_fields(source.cron or ""), timezone=timezone, jitter=_LONGEST_JITTER
    )


def is_overdue(
    source: Source, timezone: ZoneInfo, last_run: datetime | None, now: datetime
) -> bool:
    """Tell whether a turn was missed since the last run."""
    if last_run is None:
        return True
    if source.every is not None:
        return now - last_run >= source.every
    rhythm = CronTrigger(**_cron_fields(source.cron or ""), timezone=timezone)
    due = rhythm.get_next_fire_time(None, last_run + timedelta(seconds=1))
    return due is not None and due <= now


def in_words(source: Source) -> Mapping[str, str]:
    """Say how often a source is asked, in every language of the site."""
    if source.every is not None:
        return _span_in_words(source.every)
    daily = _PLAIN_TIME.fullmatch(source.cron or "")
    if daily is None:
        return {"de": f"nach Plan {source.cron}", "en": f"on schedule {source.cron}"}
    at = f"{int(daily[2]):02}:{int(daily[1]):02}"
    if daily[3] == "*":
        return {"de": f"täglich um {at} Uhr", "en": f"daily at {at}"}
    if daily[3] in ("1-5", "mon-fri"):
        return {"de": f"werktags um {at} Uhr", "en": f"on weekdays at {at}"}
    return {"de": f"nach Plan {source.cron}", "en": f"on schedule {source.cron}"}


def _span_in_words(every: timedelta) -> dict[str, str]:
    for unit, one, many, english in _UNITS:
        if every >= unit and every % unit == timedelta(0):
            count = every // unit
            if count == 1:
                gender = "jeden" if one == "Tag" else "jede"
                return {"de": f"{gender} {one}", "en": f"every {english}"}
            return {"de": f"alle {count} {many}", "en": f"every {count} {english}s"}
    return {"de": f"alle {every}", "en": f"every {every}"}


def _cron_fields(cron: str) -> dict[str, str]:
    parts = cron.split()
    fields = dict(zip(_FIELDS, parts, strict=True))
    # crontab counts days from Sunday, APScheduler from Monday; names are the same.
    fields["day_of_week"] = re.sub(
        r"(?<![/\d])[0-7](?!\d)",
        lambda day: _DAYS[int(day[0])],
        fields["day_of_week"].lower(),
    )
    return fields
