"""Waiting at the office: a week worked out by hand, and the same by plain loops."""

import math
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from metrics.compute import compute
from metrics.periods import GRAINS, period_of

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY, TUESDAY, THURSDAY, FRIDAY = (date(2026, 9, day) for day in (7, 8, 10, 11))
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
TARGET = {
    "kpi": "waiting.share_within_target",
    "value": 80,
    "limit": 15,
    "valid_from": "2026-01-01",
    "decided_by": {"de": "Rat", "en": "Council"},
}


def at(day: date, clock: str | None) -> datetime | None:
    if clock is None:
        return None
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=BERLIN)


def visit(
    day: date,
    arrived: str | None,
    called: str | None,
    *,
    appointment: str | None = None,
    outcome: str = "served",
    persons: int | None = 1,
    office: str = "meldeamt",
    service: str | None = "ausweis",
) -> dict[str, object]:
    return {
        "office": office,
        "service": service,
        "channel": "appointment" if appointment else "walk_in",
        "appointment_at": at(day, appointment),
        "arrived_at": at(day, arrived),
        "called_at": at(day, called),
        "outcome": outcome,
        "persons": persons,
    }


WEEK = [
    visit(MONDAY, "08:00", "08:10"),  # waits 10
    visit(MONDAY, "08:05", "08:35", persons=3),  # waits 30, three of them
    visit(MONDAY, "08:40", "09:04", appointment="09:00"),  # early: waits 4
    visit(MONDAY, "09:10", "09:12", appointment="09:00"),  # late: waits 2
    visit(MONDAY, "09:20", "09:25", appointment="09:30"),  # called early: waits 0
    visit(TUESDAY, None, None, appointment="10:00", outcome="no_show"),
    visit(TUESDAY, "10:00", None, outcome="left"),
    visit(TUESDAY, "11:00", "12:00", persons=None),  # waits 60, at least one person
    # Wednesday: nobody knows.
    visit(THURSDAY, None, "10:00"),  # served, but its wait was not recorded
    visit(FRIDAY, None, "08:15", appointment="08:00"),  # waits 15
]


@pytest.fixture
def week(connection, make_city, deliver):
    deliver("tickets", WEEK, until=NOW)
    return compute(connection, make_city(target=[TARGET]), NOW).figures


def test_the_week_worked_out_by_hand(week) -> None:
    # Waits in order: 0 2 4 10 15 30 60. Ranks ceil(3.5) = 4 -> 10, ceil(6.3) = 7 -> 60.
    # Seven values: the interval of the median goes from the 1st to the 7th.
    # Mean 121 / 7. Within 15 minutes: 0 2 4 10 15, 5 of 7.
    # Appointments: 9:00, 9:00, 9:30, 10:00 (missed), 8:00. Came: 8 served and 1 left.
    # Shares have Wilson's interval, e.g. 1 of 5: (0.2 + 0.384) / 1.768 = 0.330
    # and 1.96 * sqrt(0.2 * 0.8 / 5 + 0.0384) / 1.768 = 0.294 on either side of it.
    # Minutes times persons: 10 + 3 * 30 + 4 + 2 + 0 + 60 + 15 = 181.
    expected = {
        "waiting.median_minutes": (10.0, 7, None, 0.0, 60.0),
        "waiting.p90_minutes": (60.0, 7, None, None, None),
        "waiting.mean_minutes": (121 / 7, 7, None, None, None),
        "waiting.share_within_target": (500 / 7, 7, 5, 35.9, 91.8),
        "waiting.visits": (8.0, 8, None, None, None),
        "waiting.no_show_share": (20.0, 5, 1, 3.6, 62.4),
        "waiting.left_share": (100 / 9, 9, 1, 2.0, 43.5),
        "waiting.hours_waited": (181 / 60, 7, None, None, None),
    }
    for kpi, (value, *rest) in expected.items():
        figure = week.row(
            by_predicate=pl.col("figure_id") == f"{kpi}/meldeamt/all/all/week/2026-W37",
            named=True,
        )
        assert figure["value"] == pytest.approx(value), kpi
        found = [figure[name] for name in ("n", "numerator", "lower", "upper")]
        assert found == [pytest.approx(each, abs=0.05) for each in rest], kpi
        assert figure["state"] == "final"
        assert figure["coverage"] == 4 / 5  # Wednesday is missing
        assert figure["period_end"] == date(2026, 9, 13)


def test_a_day_without_data_is_a_gap_and_not_a_zero(week) -> None:
    wednesday = week.filter(
        pl.col("kpi").str.starts_with("waiting."),
        pl.col("office") == "meldeamt",
        pl.col("grain") == "day",
        pl.col("period_start") == date(2026, 9, 9),
    )
    assert len(wednesday) == 8
    assert set(wednesday["state"]) == {"no_data"}
    assert set(wednesday["reason"]) == {"no_rows"}
    assert wednesday.select("value", "n", "lower").null_count().row(0) == (8, 8, 8)
    assert set(wednesday["coverage"]) == {0.0}


def test_a_visit_without_times_is_a_visit_without_a_wait(week) -> None:
    thursday = week.filter(
        pl.col("office") == "meldeamt",
        pl.col("grain") == "day",
        pl.col("period_start") == THURSDAY,
    )
    found = {row["kpi"]: (row["value"], row["reason"]) for row in thursday.to_dicts()}
    assert found["waiting.visits"] == (1.0, None)
    assert found["waiting.median_minutes"] == (None, "no_waits")
    assert found["waiting.mean_minutes"] == (None, "no_waits")
    assert found["waiting.hours_waited"] == (None, "no_waits")
    assert found["waiting.no_show_share"] == (None, "no_appointments")


def test_the_target_stands_beside_the_share(week) -> None:
    shares = week.filter(pl.col("kpi") == "waiting.share_within_target")
    assert set(shares["target"]) == {80.0}


def test_without_a_target_there_is_no_share_within_it(
    connection, make_city, deliver
) -> None:
    deliver("tickets", WEEK, until=NOW)
    share = _of_week(compute(connection, make_city(), NOW).figures)[
        "waiting.share_within_target"
    ]
    assert (share["state"], share["reason"]) == ("no_data", "no_target")


def test_each_visit_is_measured_by_the_limit_of_its_office_and_day(
    connection, make_city, deliver
) -> None:
    stricter = TARGET | {"office": "bauamt", "limit": 5}
    ended = TARGET | {"limit": 1, "valid_from": "2025-01-01", "valid_to": "2025-12-31"}
    city = make_city(target=[stricter, TARGET, ended])
    waits_10 = [
        visit(MONDAY, "08:00", "08:10"),
        visit(MONDAY, "08:00", "08:10", office="bauamt", service="bauantrag"),
    ]
    deliver("tickets", waits_10, until=NOW)
    figures = compute(connection, city, NOW).figures.filter(
        pl.col("kpi") == "waiting.share_within_target", pl.col("grain") == "year"
    )
    found = {(row["office"], row["service"]): row for row in figures.to_dicts()}
    assert found["meldeamt", None]["value"] == 100
    assert found["bauamt", None]["value"] == 0
    assert found["bauamt", "bauantrag"]["value"] == 0
    assert found[None, None]["value"] == 50


def test_sixty_minutes_stay_sixty(connection, make_city, deliver) -> None:
    # One hour is served on Thursdays only. The source says 0 minutes for other days;
    # the mean of days would be (0 + 0 + 0 + 60 + 0) / 5 = 12.
    hours = [
        {
            "office": "meldeamt",
            "hour_at": at(MONDAY + timedelta(days=offset), "17:00"),
            "customers": 10 if offset == 3 else 0,
            "mean_wait_minutes": 60.0 if offset == 3 else 0.0,
        }
        for offset in range(5)
    ]
    deliver("queue_hours", hours, until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    for grain, period in (("week", "2026-W37"), ("month", "2026-09"), ("year", "2026")):
        figure = figures.row(
            by_predicate=pl.col("figure_id")
            == f"waiting.mean_minutes/meldeamt/all/all/{grain}/{period}",
            named=True,
        )
        assert (figure["value"], figure["n"]) == (60.0, 10)


def test_hourly_means_count_with_their_customers(
    connection, make_city, deliver
) -> None:
    hours = [
        {"customers": 30, "mean_wait_minutes": 10.0, "hour_at": at(MONDAY, "08:00")},
        {"customers": 10, "mean_wait_minutes": 40.0, "hour_at": at(MONDAY, "09:00")},
    ]
    rows = [{"office": "meldeamt", **hour} for hour in hours]
    deliver("queue_hours", rows, until=NOW)
    found = _of_week(compute(connection, make_city(), NOW).figures)
    # (30 * 10 + 10 * 40) / 40 = 17.5, and not (10 + 40) / 2.
    assert found["waiting.mean_minutes"]["value"] == 17.5
    assert found["waiting.visits"]["value"] == 40
    assert found["waiting.hours_waited"]["value"] == pytest.approx(700 / 60)
    assert found["waiting.median_minutes"]["reason"] == "only_means"
    assert found["waiting.p90_minutes"]["reason"] == "only_means"
    assert found["waiting.no_show_share"]["reason"] == "not_recorded"
    assert found["waiting.left_share"]["reason"] == "not_recorded"
    # What has its people counted is not looked at as a queue as well.
    assert not any(kpi.startswith("queue.") for kpi in found)


def test_a_missing_count_is_not_guessed(connection, make_city, deliver) -> None:
    rows = [
        {"customers": 30, "mean_wait_minutes": 10.0, "hour_at": at(MONDAY, "08:00")},
        {"customers": None, "mean_wait_minutes": 40.0, "hour_at": at(MONDAY, "09:00")},
    ]
    deliver("queue_hours", [{"office": "meldeamt", **row} for row in rows], until=NOW)
    found = _of_week(compute(connection, make_city(), NOW).figures)
    for kpi in ("mean_minutes", "visits", "hours_waited"):
        assert found[f"waiting.{kpi}"]["reason"] == "no_counts"
        assert found[f"waiting.{kpi}"]["value"] is None


def test_tickets_are_not_counted_again_from_hourly_means(
    connection, make_city, deliver
) -> None:
    hour = {"office": "meldeamt", "customers": 99, "mean_wait_minutes": 99.0}
    monday = hour | {"hour_at": at(MONDAY, "08:00")}
    next_monday = hour | {"hour_at": at(MONDAY + timedelta(days=7), "08:00")}
    deliver("queue_hours", [monday, next_monday], until=NOW, source="hours")
    deliver("tickets", WEEK, until=NOW, source="tickets")
    found = _of_week(compute(connection, make_city(), NOW).figures)
    assert found["waiting.visits"]["value"] == 8


def test_what_a_source_never_reports_is_not_zero_percent(
    connection, make_city, deliver
) -> None:
    only_served = [row for row in WEEK if row["outcome"] == "served"]
    deliver("tickets", only_served, until=NOW)
    found = _of_week(compute(connection, make_city(), NOW).figures)
    assert found["waiting.no_show_share"]["reason"] == "not_recorded"
    assert found["waiting.left_share"]["reason"] == "not_recorded"


def _of_week(figures: pl.DataFrame) -> dict[str, dict[str, object]]:
    rows = figures.filter(
        pl.col("grain") == "week",
        pl.col("office") == "meldeamt",
        pl.col("service").is_null(),
        pl.col("channel").is_null(),
        pl.col("period_start") == MONDAY,
    )
    return {row["kpi"]: row for row in rows.to_dicts()}


# ---- the same by plain loops over rows


def random_visits(seed: int) -> list[dict[str, object]]:
    """Make visits around a change of the clocks, a year's end and midnight."""
    source = random.Random(seed)  # noqa: S311
    visits = []
    for _ in range(700):
        first = source.choice([datetime(2025, 12, 20), datetime(2026, 3, 20)])  # noqa: DTZ001
        start = (first + timedelta(minutes=source.randrange(20 * 24 * 60))).replace(
            tzinfo=UTC
        )
        wait = timedelta(minutes=round(source.expovariate(1 / 20), 1))
        office, service = source.choice(
            [("meldeamt", "ausweis"), ("meldeamt", "pass"), ("bauamt", None)]
        )
        outcome = source.choices(["served", "no_show", "left"], [8, 1, 1])[0]
        has_appointment = outcome == "no_show" or source.random() < 0.5
        early = timedelta(minutes=source.randrange(-10, 20))
        visits.append(
            {
                "office": office,
                "service": service,
                "channel": "appointment" if has_appointment else "walk_in",
                "appointment_at": start if has_appointment else None,
                "arrived_at": None
                if outcome == "no_show" or source.random() < 0.05
                else start - early,
                "called_at": start + wait - timedelta(minutes=3)
                if outcome == "served"
                else None,
                "outcome": outcome,
                "persons": source.choice([None, 1, 2, 5]),
            }
        )
    return visits


def plain_wait(row: dict) -> float | None:
    begins = [row[name] for name in ("appointment_at", "arrived_at") if row[name]]
    if row["outcome"] != "served" or not begins:
        return None
    minutes = (row["called_at"] - max(begins)).total_seconds() / 60
    return max(0.0, minutes)


def plain_day(row: dict) -> date | None:
    moment = {
        "served": row["called_at"],
        "no_show": row["appointment_at"],
        "left": row["arrived_at"] or row["appointment_at"],
    }[row["outcome"]]
    return moment.astimezone(BERLIN).date() if moment else None


def plain_figures(rows: list[dict]) -> dict[str, float | None]:
    waits = sorted(wait for row in rows if (wait := plain_wait(row)) is not None)
    served = [row for row in rows if row["outcome"] == "served"]
    left = [row for row in rows if row["outcome"] == "left"]
    with_appointment = [row for row in rows if row["appointment_at"]]
    missed = [row for row in rows if row["outcome"] == "no_show"]
    person_minutes = sum((plain_wait(row) or 0) * (row["persons"] or 1) for row in rows)

    def share(part: int, whole: int) -> float | None:
        return 100 * part / whole if whole else None

    def rank(p: float) -> float | None:
        return waits[math.ceil(p * len(waits)) - 1] if waits else None

    return {
        "waiting.median_minutes": rank(0.5),
        "waiting.p90_minutes": rank(0.9),
        "waiting.mean_minutes": sum(waits) / len(waits) if waits else None,
        "waiting.share_within_target": share(
            sum(wait <= 15 for wait in waits), len(waits)
        ),
        "waiting.visits": len(served),
        "waiting.no_show_share": share(len(missed), len(with_appointment)),
        "waiting.left_share": share(len(left), len(left) + len(served)),
        "waiting.hours_waited": person_minutes / 60 if waits else None,
    }


@pytest.mark.parametrize("seed", range(3))
def test_every_figure_is_what_plain_loops_find(
    connection, make_city, deliver, seed
) -> None:
    visits = random_visits(seed)
    deliver("tickets", visits, until=NOW)
    target = TARGET | {"valid_from": "2025-01-01"}
    figures = compute(connection, make_city(target=[target]), NOW).figures

    groups = defaultdict(list)
    for row in visits:
        day = plain_day(row)
        if day is None:
            continue
        for grain in GRAINS:
            start = period_of(day, grain).start
            fine = [(None, None), (row["office"], None)]
            if row["service"] and grain in {"month", "quarter", "year"}:
                fine.append((row["office"], row["service"]))
            for office, service in fine:
                groups[office, service, grain, start].append(row)

    checked = 0
    is_wait = pl.col("kpi").str.starts_with("waiting.") & (
        pl.col("kpi") != "waiting.hours_saved"  # of two periods
    )
    for figure in figures.filter(is_wait, pl.col("channel").is_null()).to_dicts():
        key = tuple(figure[n] for n in ("office", "service", "grain", "period_start"))
        if key not in groups:
            assert figure["state"] == "no_data", figure
            continue
        expected = plain_figures(groups[key])[figure["kpi"]]
        assert figure["value"] == pytest.approx(expected), figure
        assert (figure["state"] == "no_data") == (expected is None)
        checked += expected is not None
    assert checked > 8 * len(groups) / 2
    assert {tuple(key) for key in groups} <= set(
        figures.select("office", "service", "grain", "period_start").rows()
    )
