"""How soon applications are decided: by hand, by plain loops, and as published."""

import csv
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from metrics.compute import compute
from metrics.frames import SURVIVAL
from metrics.periods import period_of
from metrics.protect import protect, protect_survival
from metrics.survival import DAYS, kaplan_meier, median_days
from tests.real_inputs import DATA

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
Q1, Q2, Q3 = date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1)
WALTONS = DATA / "testvectors" / "waltons_dataset.csv"
# Weeks in remission under 6-mercaptopurine (Freireich 1963); + was still in remission.
REMISSION = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"


def moment(day: date | None) -> datetime | None:
    return day and datetime(day.year, day.month, day.day, 11, tzinfo=UTC)


def case(
    key: int,
    received: date,
    after: int | None = None,
    *,
    outcome: str = "granted",
    office: str = "bauamt",
    service: str = "bauantrag",
) -> dict[str, object]:
    decided = None if after is None else received + timedelta(days=after)
    return {
        "office": office,
        "service": service,
        "received_at": moment(received),
        "decided_at": moment(decided),
        "outcome": None if after is None else outcome,
        "case_key": f"case-{key}",
    }


def curve(cohorts: pl.DataFrame, start: date, **place: str | None) -> dict[int, tuple]:
    where = {"office": "bauamt", "service": None, **place}
    found = cohorts.filter(
        pl.col("cohort_start") == start,
        *(pl.col(name).eq_missing(pl.lit(value)) for name, value in where.items()),
    )
    return {
        row["days"]: (row["n"], row["decided"], row["share_percent"])
        for row in found.iter_rows(named=True)
    }


def test_a_curve_worked_out_by_hand(connection, make_city, deliver) -> None:
    cases = [
        case(0, date(2025, 12, 1)),  # so that the book begins before the quarter
        case(1, date(2026, 1, 2), 7),  # after 7 days: still within 7
        case(2, date(2026, 1, 30), 8),
        case(3, date(2026, 2, 10), 31),
        case(4, date(2026, 3, 31), 200),  # after 16 November: within 365, not 180
        case(5, date(2026, 3, 31)),  # still open
        case(6, date(2026, 2, 1), 3, outcome="withdrawn"),  # given up
        case(7, date(2026, 2, 2), 3, outcome="duplicate"),
    ]
    deliver("cases", cases, until=NOW)
    found = curve(compute(connection, make_city(), NOW).frames["survival"], Q1)
    # Five cases; 365 days after 31 March 2026 are not over yet.
    assert found == {
        7: (5, 1, 20.0),
        14: (5, 2, 40.0),
        30: (5, 2, 40.0),
        60: (5, 3, 60.0),
        90: (5, 3, 60.0),
        180: (5, 3, 60.0),
    }


def test_a_share_is_told_once_all_of_a_cohort_had_so_many_days(
    connection, make_city, deliver
) -> None:
    cases = [case(0, date(2026, 3, 1), 3), case(1, Q3, 3), case(2, Q2, 3)]
    # The third quarter ends on 30 September; 30 days later it is 30 October.
    deliver(
        "cases",
        cases,
        first=datetime(2026, 2, 28, 23, tzinfo=UTC),
        until=datetime(2026, 10, 30, 23, tzinfo=UTC),
    )
    found = compute(connection, make_city(), NOW).frames["survival"]
    assert list(curve(found, Q3)) == [7, 14, 30]
    assert list(curve(found, Q2)) == [7, 14, 30, 60, 90]
    # Of the first quarter only March is known.
    assert curve(found, Q1) == {}


def test_a_day_less_and_the_share_is_not_told(connection, make_city, deliver) -> None:
    cases = [case(0, date(2026, 3, 2), 3), case(1, Q3, 3)]
    deliver("cases", cases, until=datetime(2026, 10, 30, 22, tzinfo=UTC))
    found = compute(connection, make_city(), NOW).frames["survival"]
    assert list(curve(found, Q3)) == [7, 14]


def test_every_curve_agrees_with_plain_loops(connection, make_city, deliver) -> None:
    source = random.Random(11)  # noqa: S311
    cases = [
        case(
            number,
            date(2024, 10, 8) + timedelta(days=source.randrange(700)),
            source.choice([None, 0, 5, 7, 14, 29, 30, 31, 90, 120, 400]),
            outcome=source.choice(["granted", "granted", "withdrawn"]),
            **source.choice(
                [
                    {"office": "bauamt", "service": "bauantrag"},
                    {"office": "meldeamt", "service": "pass"},
                    {"office": "meldeamt", "service": "ausweis"},
                ]
            ),
        )
        for number in range(600)
    ]
    first = datetime(2024, 10, 7, 22, tzinfo=UTC)
    deliver("cases", cases, first=first, until=NOW)
    found = compute(connection, make_city(), NOW).frames["survival"]
    assert found.schema == SURVIVAL
    expected = recounted(cases)
    assert expected
    assert {
        (row["office"], row["service"], row["cohort_start"], row["days"]): (
            row["n"],
            row["decided"],
        )
        for row in found.iter_rows(named=True)
    } == expected


def recounted(cases: list[dict]) -> dict[tuple, tuple[int, int]]:
    """Go through the cases one by one."""
    last_full_day = date(2026, 11, 21)
    counted: dict[tuple, list[int]] = defaultdict(lambda: [0, 0])
    for each in cases:
        received = each["received_at"].date()
        decided = each["decided_at"] and each["decided_at"].date()
        cohort = period_of(received, "quarter")
        if each["outcome"] == "withdrawn" or cohort.start < date(2025, 1, 1):
            continue  # the deliveries begin in the middle of the quarter before
        for place in (
            (None, None),
            (each["office"], None),
            (each["office"], each["service"]),
        ):
            for days in DAYS:
                if cohort.end + timedelta(days=days) <= last_full_day:
                    entry = counted[*place, cohort.start, days]
                    entry[0] += 1
                    entry[1] += bool(decided and (decided - received).days <= days)
    return {key: (n, decided) for key, (n, decided) in counted.items()}


def lattice(*by: str) -> dict[str, object]:
    return {
        "cells": [
            {
                "kpis": ["processing.share_within_deadline"],
                "by": list(by),
                "grains": ["quarter"],
            }
        ]
    }


def cohort(decided: int, n: int, **fields: object) -> dict[str, object]:
    return {
        "office": "bauamt",
        "service": None,
        "cohort_start": Q1,
        "cohort_end": date(2026, 3, 31),
        "days": 30,
        "n": n,
        "decided": decided,
        "share_percent": 100 * decided / n,
        "lower": 1.0,
        "upper": 2.0,
        "state": "final",
        "reason": None,
        **fields,
    }


def published(city, *cohorts: dict[str, object]) -> list[dict[str, object]]:
    frame = pl.DataFrame(list(cohorts), schema=SURVIVAL)
    return protect_survival(frame, city, NOW).to_dicts()


def test_a_published_share_comes_from_rounded_counts(make_city) -> None:
    city = make_city(publish=lattice("office"))
    (found,) = published(city, cohort(62, 101))
    # 60 of 100; Wilson's interval of it is 50.2 to 69.1 percent.
    assert (found["share_percent"], found["n"], found["decided"]) == (60, 100, 60)
    assert (found["lower"], found["upper"], found["days"]) == (50, 70, 30)


def test_all_and_none_are_told_as_bounds_and_few_not_at_all(make_city) -> None:
    city = make_city(publish=lattice("office"))
    few, none, everybody = published(
        city,
        cohort(20, 49, days=7),
        cohort(0, 400, days=14),
        cohort(400, 400, days=30),
    )
    assert (few["state"], few["reason"], few["n"]) == ("hidden", "too_few", None)
    assert (none["share_percent"], none["reason"]) == (5, "below")
    assert (everybody["share_percent"], everybody["reason"]) == (95, "above")
    assert none["decided"] is None
    assert none["upper"] is None


def test_only_cells_of_the_lattice_and_no_sensitive_service_are_published(
    make_city,
) -> None:
    of_service = cohort(200, 400, service="bauantrag")
    city = make_city(publish=lattice("office"))
    assert [each["service"] for each in published(city, of_service)] == []
    assert published(make_city(), cohort(200, 400)) == []
    sensitive = {
        "id": "bauantrag", "leika": "9" * 14, "name": {"de": "x", "en": "x"},
        "office": "bauamt", "sensitive": True,
    }  # fmt: skip
    city = make_city(publish=lattice("office", "office_service"), service=[sensitive])
    assert published(city, of_service) == []


def test_the_frame_is_protected(connection, make_city, deliver) -> None:
    begin = date(2025, 10, 1)
    cases = [case(i, begin + timedelta(days=i // 8), i % 40) for i in range(3200)]
    deliver("cases", cases, until=NOW)
    city = make_city(publish=lattice("office"))
    inside = compute(connection, city, NOW)
    outside = protect(inside, city, NOW)
    assert not outside.frames["survival"].is_empty()
    assert outside.frames["survival"]["share_percent"].round().to_list() == (
        outside.frames["survival"]["share_percent"].to_list()
    )


def test_remission_under_six_mercaptopurine() -> None:
    times = REMISSION.split()
    steps = kaplan_meier(
        [int(time.rstrip("+")) for time in times],
        [not time.endswith("+") for time in times],
    )
    assert {step.days: round(step.open_share, 4) for step in steps} == {
        6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378,
        23: 0.4482,
    }  # fmt: skip
    assert median_days(steps) == 23


def test_where_everything_is_decided_the_curve_is_a_plain_share() -> None:
    steps = kaplan_meier([3, 1, 2, 3], [True] * 4)
    assert {step.days: step.open_share for step in steps} == pytest.approx(
        {1: 0.75, 2: 0.5, 3: 0}
    )
    assert median_days(steps) == 2


def test_where_nothing_is_decided_no_median_is_known() -> None:
    assert kaplan_meier([5, 9], [False, False]) == []
    assert median_days(kaplan_meier([1, 9, 9], [True, False, False])) is None


@pytest.mark.skipif(not WALTONS.exists(), reason=f"the vectors are not in {WALTONS}")
def test_the_median_lifetime_of_the_published_data() -> None:
    """The manual of lifelines gives 56 days for all flies together."""
    with WALTONS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    steps = kaplan_meier(
        [float(row["T"]) for row in rows], [row["E"] == "1" for row in rows]
    )
    assert median_days(steps) == 56
