"""What was said to who applied next, whether it came true, and what follows from it."""

import random
from collections import deque
from datetime import UTC, date, datetime, timedelta
from statistics import fmean

import polars as pl
import pytest

from metrics.compute import compute
from metrics.derived import EXPECTED, RECORD, with_gate
from metrics.figures import FIGURES

ONE_DAY = timedelta(days=1)
MONDAY = date(2024, 1, 1)
DAYS = [
    day for number in range(7 * 130) if (day := MONDAY + number * ONE_DAY).weekday() < 5
]  # 650 working days, since the state has no holidays
CRISIS, RECOVERY = 200, 400  # the working days on which they begin


def noon(day: date | None) -> datetime | None:
    return day and datetime(day.year, day.month, day.day, 11, tzinfo=UTC)


def rows_of(cases):
    return [
        {
            "office": "bauamt",
            "service": "bauantrag",
            "received_at": noon(received),
            "decided_at": noon(decided),
            "outcome": "granted" if decided else None,
            "case_key": f"case-{number}",
        }
        for number, (received, decided) in enumerate(cases)
    ]


def simulate(seed: int, *, is_easy_first: bool = False):
    """Let 20 a day come in; 20 a day are decided, then 14, then 26, oldest first.

    Easy cases first: half of them are decided before any of the others.
    """
    chance = random.Random(seed)  # noqa: S311
    easy, hard = deque(), deque()
    cases = []
    for number, day in enumerate(DAYS):
        for _ in range(chance.randint(14, 26)):
            is_easy = is_easy_first and chance.random() < 0.5
            cases.append([day, None])
            (easy if is_easy else hard).append(cases[-1])
        for _ in range(chance.randint(-2, 2) + capacity(number)):
            queue = easy or hard
            if queue:
                queue.popleft()[1] = day
    return cases


def capacity(number: int) -> int:
    if number < CRISIS:
        return 20
    return 14 if number < RECOVERY else 26


def median(days):
    ordered = sorted(days)
    return ordered[(len(ordered) + 1) // 2 - 1]


def took(cases):
    """Find what half of those who applied on each day had come to, if they had."""
    by_day: dict[date, list[float]] = {}
    for received, decided in cases:
        days = (decided - received).days if decided else float("inf")
        by_day.setdefault(received, []).append(days)
    return {day: median(days) for day, days in by_day.items()}


@pytest.fixture
def computed(make_city, connection, deliver):
    """Compute the figures of cases that are delivered up to a day."""

    def of(cases, last: date = DAYS[-1]):
        end = datetime(last.year, last.month, last.day, 23, tzinfo=UTC)
        known = [
            (received, decided if decided and decided <= last else None)
            for received, decided in cases
            if received <= last
        ]
        connection.execute("DELETE FROM cases; DELETE FROM deliveries")
        deliver("cases", rows_of(known), until=end)
        return compute(connection, make_city(info={"state": "none"}), end).figures

    return of


def office(figures: pl.DataFrame, kpi: str, grain: str) -> dict[str, dict]:
    rows = figures.filter(
        pl.col("kpi") == kpi,
        pl.col("office") == "bauamt",
        pl.col("service").is_null(),
        pl.col("channel").is_null(),
        pl.col("grain").cast(pl.String) == grain,
    )
    return {
        row["figure_id"].rpartition("/")[2]: row for row in rows.iter_rows(named=True)
    }


def completed_in_30_days(cases, day):
    return median(
        (decided - received).days
        for received, decided in cases
        if decided and day - timedelta(days=30) < decided <= day
    )


@pytest.mark.parametrize("seed", range(3))
def test_in_a_crisis_the_forecast_is_near_and_decided_cases_are_far_off(computed, seed):
    """Offices take the oldest case first here: for them the forecast is made."""
    cases = simulate(seed)
    truth, said = took(cases), office(computed(cases), EXPECTED, "day")

    def error(days):
        return fmean(abs(said[str(day)]["value"] - truth[day]) for day in days)

    crisis, recovery = DAYS[CRISIS + 10 : CRISIS + 110 : 10], DAYS[430:530:10]
    of_decided = fmean(
        abs(completed_in_30_days(cases, day) - truth[day]) for day in crisis
    )
    assert error(crisis) < 3
    assert of_decided > 12
    assert error(recovery) < 3
    states = office(computed(cases), EXPECTED, "quarter").values()
    assert {row["state"] for row in states} == {"final", "provisional"}


@pytest.mark.parametrize("seed", range(3))
def test_an_office_that_takes_easy_cases_first_is_caught(computed, seed):
    """Then half of the people wait far longer, or far shorter, than is said."""
    quarters = office(computed(simulate(seed, is_easy_first=True)), EXPECTED, "quarter")
    in_crisis = [quarters[name] for name in ("2024-Q4", "2025-Q1", "2025-Q2")]
    assert [(row["state"], row["reason"]) for row in in_crisis] == [
        ("no_data", "forecast_failed")
    ] * 3
    assert all(row["value"] is None and row["n"] is None for row in in_crisis)


def test_what_happens_later_changes_no_verdict_and_no_gate(computed):
    cases = simulate(5)
    last = date(2024, 12, 31)
    early, late = computed(cases, last), computed(cases)
    for kpi in (RECORD, EXPECTED):
        then, now = (office(figures, kpi, "quarter") for figures in (early, late))
        for quarter in ("2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4"):
            assert then[quarter]["state"] == "final"
            assert then[quarter] == now[quarter]
    assert office(early, RECORD, "quarter")["2024-Q4"]["n"] > 5


def steady(weeks: int, days: int):
    """Ten apply on each working day, and are decided so many days later."""
    return [
        (day, day + days * ONE_DAY)
        for day in DAYS
        if day < MONDAY + weeks * 7 * ONE_DAY
        for _ in range(10)
    ]


def test_a_week_is_judged_once_the_time_said_and_a_third_more_are_over(computed):
    """Always 50 open, 10 a day decided: 300 in 30 working days, which are 42 days.

    So 7 days are said, 9.1 are allowed. The book begins on Monday 1 January; the first
    Friday with 30 working days of it behind it, and the evening before them, is 16
    February. The last of its applicants come on the 23rd, and 10 days later, on 4
    March, its verdict is due; then on the 11th, the 18th and the 25th.
    """
    quarters = office(computed(steady(30, 7), date(2024, 7, 19)), RECORD, "quarter")
    assert quarters["2024-Q1"]["n"] == 4
    assert quarters["2024-Q1"]["numerator"] == 4
    assert quarters["2024-Q1"]["value"] == 100


def test_half_still_open_when_the_time_is_over_is_a_miss_though_nobody_knows(computed):
    """From 1 March on nothing is decided any more: 7 days were said until then.

    Those who applied after 16 February are judged on 4 March: 40 of 50 were decided in
    time. Those who applied after the 23rd are judged on the 11th: all are still open.
    """
    cases = [
        (received, decided if decided < date(2024, 3, 1) else None)
        for received, decided in steady(30, 7)
    ]
    quarter = office(computed(cases, date(2024, 3, 17)), RECORD, "quarter")["2024-Q1"]
    assert (quarter["n"], quarter["numerator"]) == (2, 1)


def figure(kpi, quarter, value, n, numerator, *, grain="quarter", office="bauamt"):
    year, number = int(quarter[:4]), int(quarter[-1])
    start = date(year, 3 * number - 2, 1)
    end = date(year + number // 4, 3 * number % 12 + 1, 1) - ONE_DAY
    return dict.fromkeys(FIGURES) | {
        "figure_id": f"{kpi}/{office}/all/all/{grain}/{quarter}",
        "kpi": kpi,
        "office": office,
        "grain": grain,
        "period_start": start,
        "period_end": end,
        "value": value,
        "n": n,
        "numerator": numerator,
        "state": "final",
        "coverage": 1.0,
    }


def gated(*rows):
    frame = with_gate(pl.DataFrame(list(rows), schema=FIGURES))
    return {
        row["figure_id"].rpartition("/")[2]: (row["value"], row["reason"])
        for row in frame.iter_rows(named=True)
        if row["kpi"] == EXPECTED
    }


def record(quarter, n, hits, **place):
    return figure(RECORD, quarter, 100 * hits / n, n, hits, **place)


def said(quarter, **place):
    return figure(EXPECTED, quarter, 40.0, 100, 95, **place)


def test_a_forecast_is_shown_if_six_of_ten_came_true_in_the_last_year():
    before = [record(f"2025-Q{number}", 10, 6) for number in (1, 2, 3)]
    assert gated(*before, record("2025-Q4", 10, 6), said("2025-Q4")) == {
        "2025-Q4": (40.0, None)
    }
    assert gated(*before, record("2025-Q4", 10, 5), said("2025-Q4")) == {
        "2025-Q4": (None, "forecast_failed")
    }


def test_neither_the_next_quarter_nor_the_one_of_a_year_ago_counts():
    other = [record("2024-Q4", 13, 0), record("2026-Q1", 13, 0)]
    assert gated(*other, record("2025-Q3", 13, 13), said("2025-Q4")) == {
        "2025-Q4": (40.0, None)
    }


def test_with_few_verdicts_a_forecast_is_shown_and_called_untested():
    assert gated(record("2025-Q4", 7, 0), said("2025-Q4")) == {
        "2025-Q4": (40.0, "not_yet_tested")
    }


def test_each_office_has_its_own_record():
    failed = record("2025-Q4", 13, 0, office="meldeamt")
    own = record("2025-Q4", 13, 13)
    assert gated(failed, own, said("2025-Q4")) == {"2025-Q4": (40.0, None)}
