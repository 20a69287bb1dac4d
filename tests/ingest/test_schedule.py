"""When a source is due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ingest import schedule

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def source(make_city, visits):
    def source(**rhythm):
        described = {name: value for name, value in visits().items() if name != "every"}
        return make_city({**described, **rhythm}).source("visits")

    return source


def utc(*moment):
    return datetime(*moment, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "after", "due"),
    [
        # In city time, on both sides of the change of clocks on 25 October.
        ("15 5 * * *", utc(2026, 10, 24, 12), utc(2026, 10, 25, 4, 15)),
        ("15 5 * * *", utc(2026, 10, 23, 12), utc(2026, 10, 24, 3, 15)),
        # Sunday is 0 or 7 and Monday is 1, as in every crontab.
        ("0 6 * * 0", utc(2026, 11, 2), utc(2026, 11, 8, 5)),
        ("0 6 * * 7", utc(2026, 11, 2), utc(2026, 11, 8, 5)),
        ("0 6 * * 1", utc(2026, 11, 3), utc(2026, 11, 9, 5)),
        ("0 6 * * 1-5", utc(2026, 11, 6, 12), utc(2026, 11, 9, 5)),
        ("0 6 * * 1,3", utc(2026, 11, 2, 12), utc(2026, 11, 4, 5)),
        ("0 6 * * mon-fri", utc(2026, 11, 6, 12), utc(2026, 11, 9, 5)),
        ("0 6 1 * *", utc(2026, 11, 2), utc(2026, 12, 1, 5)),
        ("*/20 * * * *", utc(2026, 11, 2, 12, 1), utc(2026, 11, 2, 12, 20)),
    ],
)
def test_a_missed_turn_is_caught_up_and_no_other(source, cron, after, due):
    daily = source(cron=cron)
    just_before = due - timedelta(seconds=1)
    assert not schedule.is_overdue(daily, BERLIN, after, just_before)
    assert schedule.is_overdue(daily, BERLIN, after, due)


def test_a_span_is_over_when_it_is_over(source):
    often = source(every="5min")
    last = utc(2026, 11, 2, 12)
    assert not schedule.is_overdue(often, BERLIN, last, last + timedelta(seconds=299))
    assert schedule.is_overdue(often, BERLIN, last, last + timedelta(minutes=5))
    assert schedule.is_overdue(often, BERLIN, None, last)


def test_turns_of_sources_with_one_rhythm_are_spread(source):
    trigger = schedule.trigger(source(cron="15 5 * * *"), BERLIN)
    now = utc(2026, 11, 2)
    turns = {trigger.get_next_fire_time(None, now) for _ in range(20)}
    due = utc(2026, 11, 2, 4, 15)
    assert len(turns) > 5
    assert all(abs(turn - due) <= timedelta(seconds=30) for turn in turns)


@pytest.mark.parametrize(
    ("rhythm", "german", "english"),
    [
        ({"cron": "15 5 * * *"}, "täglich um 05:15 Uhr", "daily at 05:15"),
        ({"cron": "0 6 * * 1-5"}, "werktags um 06:00 Uhr", "on weekdays at 06:00"),
        ({"cron": "0 6 1 * *"}, "nach Plan 0 6 1 * *", "on schedule 0 6 1 * *"),
        ({"every": "1min"}, "jede Minute", "every minute"),
        ({"every": "5min"}, "alle 5 Minuten", "every 5 minutes"),
        ({"every": "24h"}, "jeden Tag", "every day"),
        ({"every": "90s"}, "alle 90 Sekunden", "every 90 seconds"),
        ({"every": "36h"}, "alle 36 Stunden", "every 36 hours"),
        ({"every": "2w"}, "alle 2 Wochen", "every 2 weeks"),
    ],
)
def test_a_rhythm_can_be_said(source, rhythm, german, english):
    assert schedule.in_words(source(**rhythm)) == {"de": german, "en": english}
