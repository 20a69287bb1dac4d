"""Waiting as a queue tells it, worked out by hand and by plain loops."""

import math
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from statistics import median_low
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from metrics.compute import compute
from metrics.periods import period_of

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 9, 7)
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def look(
    clock: str, wait: float | None = None, day: date = MONDAY, **fields: object
) -> dict[str, object]:
    moment = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=BERLIN)
    row = {"office": "meldeamt", "observed_at": moment, "state": "open"}
    return row | {"wait_minutes": wait} | fields


def of_monday(figures: pl.DataFrame, **group: str) -> dict[str, dict[str, object]]:
    rows = figures.filter(pl.col("grain") == "month", pl.col("office") == "meldeamt")
    for name in ("service", "channel"):
        wanted = group.get(name)
        column = pl.col(name)
        rows = rows.filter(column == wanted if wanted else column.is_null())
    first = rows.filter(pl.col("period_start") == date(2026, 9, 1))
    return {row["kpi"]: row for row in first.to_dicts()}


def test_an_hour_counts_once_however_often_somebody_looked(
    connection, make_city, deliver
) -> None:
    # 8 o'clock: looks 5 10 60 -> median 10. 9 o'clock: one look, 30. 10: 2 and 4 -> 2.
    # Hours in order: 2 10 30: median 10, p90 30. All looks: 2 4 5 10 30 60 -> 5.
    waits = [("08:05", 5), ("08:20", 60), ("08:40", 10), ("09:00", 30)]
    looks = [look(clock, wait, waiting=wait // 5) for clock, wait in waits]
    looks += [look("10:10", 2, waiting=0), look("10:59", 4, waiting=0)]
    deliver("queue_samples", looks, until=NOW)
    found = of_monday(compute(connection, make_city(), NOW).figures)
    assert found["queue.median_wait_minutes"]["value"] == 10
    assert found["queue.p90_wait_minutes"]["value"] == 30
    assert found["queue.hours_observed"]["value"] == 3
    # People waiting: 1 2 12 -> 2; 6; 0 0 -> 0. Median of 0 2 6 is 2.
    assert found["queue.median_waiting_people"]["value"] == 2
    assert {figure["n"] for figure in found.values()} == {3}


def test_closed_sold_out_and_unknown_is_no_wait(connection, make_city, deliver) -> None:
    looks = [
        look("08:00", 20),
        look("09:00", 0, state="closed"),
        look("10:00", 0, state="sold_out"),
        look("11:00", 0, state="unknown"),
    ]
    deliver("queue_samples", looks, until=NOW)
    found = of_monday(compute(connection, make_city(), NOW).figures)
    assert found["queue.median_wait_minutes"]["value"] == 20
    assert found["queue.hours_observed"]["value"] == 1
    assert found["queue.median_waiting_people"]["reason"] == "not_recorded"


def test_what_a_display_shows_behind_a_closed_door_is_no_wait(
    connection, make_city, deliver
) -> None:
    """Open from 8 to 12: before, from 12 and on Saturday it shows 0 minutes."""
    looks = [look("08:00", 20, waiting=4), look("11:59", 30, waiting=6)]
    clocks = ("00:10", "07:59", "12:00", "12:01", "23:00")
    looks += [look(clock, 0, waiting=0) for clock in clocks]
    looks.append(look("10:00", 0, date(2026, 9, 12), waiting=0))
    deliver("queue_samples", looks, until=NOW)
    found = of_monday(compute(connection, make_city(), NOW).figures)
    assert found["queue.hours_observed"]["value"] == 2
    assert found["queue.median_wait_minutes"]["value"] == 20
    assert found["queue.median_waiting_people"]["value"] == 4
    hours_of_nobody = [{"id": "meldeamt", "name": {"de": "x", "en": "x"}}]
    city = make_city(office=hours_of_nobody, service=[])
    unstated = of_monday(compute(connection, city, NOW).figures)
    # 8 to 9, 11 to 12, and 0, 7, 12, 23 o'clock and Saturday's 10 without anybody.
    assert unstated["queue.hours_observed"]["value"] == 7
    assert unstated["queue.median_wait_minutes"]["value"] == 0


def censored(clock: str, day: date = MONDAY) -> dict[str, object]:
    return look(clock, None, day, wait_minutes_at_least=60.0)


def test_more_than_an_hour_is_a_wait_as_long_as_it_does_not_matter_how_much(
    connection, make_city, deliver
) -> None:
    days = [MONDAY + timedelta(days=number) for number in range(3)]
    looks = [
        look(f"{8 + number % 3:02}:00", 10.0 * (1 + number), days[number // 3])
        for number in range(9)
    ]
    deliver("queue_samples", [*looks, censored("11:00")], until=NOW)
    found = of_monday(compute(connection, make_city(), NOW).figures)
    # 10 ... 90 and "at least 60": the median is the fifth, 50, wherever it belongs.
    assert found["queue.median_wait_minutes"]["value"] == 50
    # The ninth of ten is 80 if the unknown wait is 60, and 90 if it is 200.
    assert found["queue.p90_wait_minutes"]["value"] is None
    assert found["queue.p90_wait_minutes"]["reason"] == "censored"
    assert found["queue.hours_observed"]["value"] == 10


def test_an_hour_is_censored_where_its_median_is(
    connection, make_city, deliver
) -> None:
    looks = [look("08:00", 10), censored("08:20"), censored("08:40"), look("09:00", 5)]
    deliver("queue_samples", looks, until=NOW)
    found = of_monday(compute(connection, make_city(), NOW).figures)
    assert found["queue.median_wait_minutes"]["value"] == 5
    assert found["queue.p90_wait_minutes"]["reason"] == "censored"


def test_the_queues_of_an_office_are_one_queue(connection, make_city, deliver) -> None:
    looks = [
        look("08:00", 10, waiting=3, service="ausweis"),
        look("08:00", 30, waiting=4, service="pass"),
        look("08:30", 20, waiting=5, service="ausweis"),
    ]
    deliver("queue_samples", looks, until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    whole = of_monday(figures)
    # At 8:00 seven people, at 8:30 five: the lower median is 5. Waits 10 20 30: 20.
    assert whole["queue.median_waiting_people"]["value"] == 5
    assert whole["queue.median_wait_minutes"]["value"] == 20
    passports = of_monday(figures, service="pass")
    assert passports["queue.median_wait_minutes"]["value"] == 30
    assert passports["queue.median_waiting_people"]["value"] == 4


def test_hourly_means_without_counts_are_hours_not_people(
    connection, make_city, deliver
) -> None:
    hours = [
        {
            "office": "meldeamt",
            "hour_at": datetime.fromisoformat(f"{MONDAY}T{hour:02}:00").replace(
                tzinfo=BERLIN
            ),
            "mean_wait_minutes": wait,
        }
        for hour, wait in ((8, 4.0), (9, 12.0), (10, None), (11, 40.0))
    ]
    deliver("queue_hours", hours, until=NOW)
    found = of_monday(compute(connection, make_city(), NOW).figures)
    assert found["queue.median_wait_minutes"]["value"] == 12
    assert found["queue.hours_observed"]["value"] == 3
    assert not any(kpi.startswith("waiting.") for kpi in found)


def random_looks(seed: int) -> list[dict]:
    source = random.Random(seed)  # noqa: S311
    looks = []
    for _ in range(1500):
        # From 7 to 13 by the clock of Berlin, in summer; an hour earlier in winter.
        minutes = source.randrange(30) * 24 * 60 + 300 + source.randrange(72) * 5
        known = source.random() < 0.9
        looks.append(
            {
                "office": source.choice(["meldeamt", "bauamt"]),
                "observed_at": datetime(2026, 10, 10, tzinfo=UTC)
                + timedelta(minutes=minutes),
                "waiting": source.choice([None, source.randrange(30)]),
                "wait_minutes": float(source.randrange(45)) if known else None,
                "wait_minutes_at_least": None if known else 45.0,
                "state": source.choice(["open", "open", "closed", "unknown"]),
            }
        )
    return looks


def rank(values: list, p: float):
    return sorted(values)[math.ceil(p * len(values)) - 1] if values else None


def plain_hours(looks: list[dict]) -> dict[tuple, list[dict]]:
    """Group the open looks by office hour, and the hours by office and period."""
    hours: dict[tuple, list[dict]] = defaultdict(list)
    for row in looks:
        local = row["observed_at"].astimezone(BERLIN)
        if row["state"] == "open" and local.weekday() < 5 and 8 <= local.hour < 12:
            hours[row["office"], row["observed_at"].replace(minute=0)].append(row)
    groups = defaultdict(list)
    for (office, hour_at), rows in hours.items():
        for grain in ("day", "week", "month", "quarter", "year"):
            start = period_of(hour_at.astimezone(BERLIN).date(), grain).start
            groups[None, grain, start].append(rows)
            groups[office, grain, start].append(rows)
    return groups


def plain_value(kpi: str, hours: list[list[dict]]) -> float | None:
    if kpi == "queue.hours_observed":
        return len(hours)
    if kpi == "queue.median_waiting_people":
        people = []
        for rows in hours:
            seen = defaultdict(int)
            for row in rows:
                if row["waiting"] is not None:
                    seen[row["observed_at"]] += row["waiting"]
            people += [median_low(seen.values())] if seen else []
        return rank(people, 0.5)
    waits = [
        # A censored wait is longer than any other: (45, True) sorts last.
        rank([(row["wait_minutes"] or 0, False) if row["wait_minutes"] is not None
              else (45.0, True) for row in rows], 0.5)
        for rows in hours
    ]  # fmt: skip
    minutes, is_censored = rank(waits, 0.5 if "median" in kpi else 0.9)
    return None if is_censored else minutes


@pytest.mark.parametrize("seed", range(2))
def test_every_figure_is_what_plain_loops_find(
    connection, make_city, deliver, seed
) -> None:
    looks = random_looks(seed)
    deliver("queue_samples", looks, until=NOW)
    groups = plain_hours(looks)
    checked = 0
    for figure in compute(connection, make_city(), NOW).figures.to_dicts():
        key = tuple(figure[name] for name in ("office", "grain", "period_start"))
        if key in groups:
            assert figure["value"] == plain_value(figure["kpi"], groups[key])
            checked += 1
        else:
            assert figure["reason"] in {"no_rows", "closed"}
    assert checked > 200
