"""Displays that stand still while the office is open."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ingest.frozen import frozen_rows
from ingest.warehouse import schema_of

MONDAY = datetime(2026, 10, 26, 7, 0, tzinfo=UTC)  # 08:00 in Berlin: doors open
NOTHING = pl.DataFrame(schema=schema_of("queue_samples"))


def looks(waits, begin=MONDAY, every=10, office="meldeamt", clock=None, queue=None):
    """Return a look every ten minutes, showing these waits."""
    moments = [begin + timedelta(minutes=every * n) for n in range(len(waits))]
    return pl.DataFrame(
        {
            "office": [office] * len(waits),
            "queue": pl.Series([queue] * len(waits), dtype=pl.String),
            "observed_at": moments,
            "source_time_at": pl.Series(
                clock or [None] * len(waits), dtype=pl.Datetime("us", "UTC")
            ),
            "wait_minutes": waits,
            "state": ["open"] * len(waits),
        },
        schema_overrides=schema_of("queue_samples"),
    ).select(
        *(
            pl.col(name)
            if name in ("office", "queue", "observed_at", "source_time_at",
                        "wait_minutes", "state")
            else pl.lit(None, dtype).alias(name)
            for name, dtype in schema_of("queue_samples").items()
        )
    )  # fmt: skip


@pytest.fixture
def frozen(make_city, visits):
    closed = {
        "first_on": "2026-10-28",
        "last_on": "2026-10-28",
        "offices": ["meldeamt"],
        "reason": {"de": "x", "en": "y"},
    }
    city = make_city(visits(), closure=[closed])

    def frozen(rows, previous=NOTHING, table="queue_samples", minutes=30):
        longest = timedelta(minutes=minutes)
        return frozen_rows(table, rows, previous, city, longest).to_list()

    return frozen


def test_a_display_that_shows_the_same_for_too_long_is_frozen_from_the_first_look(
    frozen,
):
    waits = [5.0, 9, 9, 9, 9, 9, 7]
    assert frozen(looks(waits)) == [False] + [True] * 5 + [False]
    assert frozen(looks(waits), minutes=40) == [False] * 7


def test_a_value_that_comes_back_did_not_stand_still(frozen):
    assert frozen(looks([9.0, 9, 9, 7, 9, 9, 9])) == [False] * 7


def test_each_office_freezes_by_itself(frozen):
    rows = pl.concat([looks([9.0] * 5), looks([9.0, 8, 9, 8, 9], office="bauamt")])
    mixed = rows.sort("observed_at", maintain_order=True)
    assert frozen(mixed) == [True, False] * 5


def test_an_office_with_several_queues_is_frozen_only_when_all_of_them_are(frozen):
    still = looks([9.0] * 5, queue="A")
    moving = looks([1.0, 2, 3, 4, 5], queue="B")
    assert frozen(pl.concat([still, moving])) == [False] * 10
    still_too = looks([3.0] * 5, queue="B")
    assert frozen(pl.concat([still, still_too])) == [True] * 10
    # The order of the queues within a look says nothing.
    swapped = pl.concat([still, still_too]).sort(
        "observed_at", "queue", descending=True
    )
    assert frozen(swapped) == [True] * 10


def test_nights_and_closures_do_not_count(frozen):
    evening = MONDAY + timedelta(hours=7, minutes=30)  # 15:30, half an hour to go
    assert frozen(looks([9.0] * 40, begin=evening)) == [False] * 40
    outing = datetime(2026, 10, 28, 7, 0, tzinfo=UTC)
    assert frozen(looks([9.0] * 10, begin=outing)) == [False] * 10
    assert frozen(looks([9.0] * 10, begin=outing, office="bauamt")) == [True] * 10


def test_an_office_without_hours_is_always_watched(frozen):
    night = datetime(2026, 10, 26, 1, 0, tzinfo=UTC)
    assert frozen(looks([9.0] * 5, begin=night, office="bauamt")) == [True] * 5


def test_a_single_look_is_compared_with_those_before_it(frozen):
    before = looks([5.0, 9, 9, 9, 9])
    fifth = MONDAY + timedelta(minutes=50)
    assert frozen(looks([9.0], begin=fifth), before) == [True]
    assert frozen(looks([8.0], begin=fifth), before) == [False]
    assert frozen(looks([9.0], begin=fifth)) == [False]


def test_a_clock_that_fell_behind_is_frozen_although_values_move(frozen):
    clock = [MONDAY] * 5
    waits = [1.0, 2, 3, 4, 5]
    assert frozen(looks(waits, clock=clock)) == [False] * 4 + [True]
    good = [MONDAY + timedelta(minutes=10 * n) for n in range(5)]
    assert frozen(looks(waits, clock=good)) == [False] * 5


def test_hours_that_all_show_the_same_are_frozen(frozen):
    def day(waits):
        begin = [MONDAY + timedelta(hours=n) for n in range(len(waits))]
        return pl.DataFrame(
            [
                {"office": "meldeamt", "hour_at": hour, "mean_wait_minutes": wait}
                for hour, wait in zip(begin, waits, strict=True)
            ],
            schema=schema_of("queue_hours"),
        )

    nothing = day([]).clear()
    assert frozen(day([4.0] * 5), nothing, "queue_hours", 4 * 60) == [True] * 5
    assert frozen(day([4.0] * 4 + [5]), nothing, "queue_hours", 4 * 60) == [False] * 5
    assert frozen(day([4.0]), nothing, "queue_hours", 30) == [False]


def test_tables_without_a_display_never_freeze(frozen):
    rows = pl.DataFrame({"office": ["meldeamt"]})
    assert frozen(rows, rows, "tickets") == [False]
