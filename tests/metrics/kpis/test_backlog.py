"""What is open, worked out by hand and by plain loops over all cases for every day."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from metrics.compute import compute

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
DEADLINE = {
    "service": "bauantrag",
    "norm": "§ 1",
    "duration": 10,
    "unit": "days",
    "starts_at": "received",
    "valid_from": "2020-01-01",
    "label": {"de": "Frist", "en": "Deadline"},
    "source": "https://example.org/",
}


def moment(day: date | None) -> datetime | None:
    return day and datetime(day.year, day.month, day.day, 11, tzinfo=UTC)


def case(
    key: int,
    received: date,
    ended: date | None = None,
    outcome: str = "granted",
    *,
    office: str = "bauamt",
    service: str | None = "bauantrag",
    channel: str | None = None,
) -> dict[str, object]:
    return {
        "office": office,
        "service": service,
        "channel": channel,
        "received_at": moment(received),
        "decided_at": moment(ended),
        "outcome": outcome if ended else None,
        "case_key": f"case-{key}",
    }


def values(figures: pl.DataFrame, period: str, group: str = "bauamt/all/all") -> dict:
    rows = figures.filter(pl.col("figure_id").str.ends_with(f"/{group}/{period}"))
    return {row["kpi"].removeprefix("backlog."): row for row in rows.to_dicts()}


SUMMER = [
    case(1, date(2026, 6, 1), date(2026, 6, 5)),
    case(2, date(2026, 6, 2), date(2026, 7, 20)),  # past its deadline on 13 June
    case(3, date(2026, 6, 25)),  # past its deadline on 6 July
    case(4, date(2026, 7, 1), date(2026, 7, 2), "withdrawn"),
    case(5, date(2026, 7, 3), date(2026, 7, 3), "duplicate"),
    case(6, date(2026, 7, 21), date(2026, 8, 10)),  # its deadline ends on 31 July
]


@pytest.fixture
def summer(connection, make_city, deliver):
    deliver("cases", SUMMER, until=NOW)
    return compute(connection, make_city(deadline=[DEADLINE]), NOW)


def test_the_summer_worked_out_by_hand(summer) -> None:
    june, july, august = (
        values(summer.figures, f"month/2026-0{month}") for month in (6, 7, 8)
    )
    names = ("received", "decided", "open", "older_than_deadline", "clearance_percent")
    assert [june[name]["value"] for name in names] == [
        3,
        1,
        2,
        1,
        pytest.approx(100 / 3),
    ]
    # Decided in July: 4, 5 and 2. Open at its end: 3 and 6, of which 3 is too old: the
    # deadline of 6 ends with this very day.
    assert [july[name]["value"] for name in names] == [3, 3, 2, 1, 100]
    assert [august[name]["value"] for name in names] == [0, 1, 1, 1, None]
    assert august["clearance_percent"]["reason"] == "no_receipts"
    assert july["clearance_percent"]["n"] == 3
    assert june["reach_working_days"]["reason"] == "history_too_short"
    assert july["reach_working_days"]["reason"] == "too_few_decisions"


def test_the_quarter_adds_what_came_in_and_ends_with_what_is_open(summer) -> None:
    third = values(summer.figures, "quarter/2026-Q3")
    assert third["received"]["value"] == 3
    assert third["decided"]["value"] == 4
    assert third["open"]["value"] == 1


def test_open_is_open_before_plus_received_minus_decided(summer) -> None:
    months = summer.figures.filter(
        pl.col("office") == "bauamt",
        pl.col("service").is_null(),
        pl.col("grain") == "month",
    )
    table = months.pivot("kpi", index="period_start", values="value").sort(
        "period_start"
    )
    change = pl.col("backlog.received") - pl.col("backlog.decided")
    balance = table.with_columns(expected=change.cum_sum())
    assert balance["backlog.open"].to_list() == balance["expected"].to_list()
    assert len(balance) == 6


def test_a_service_without_a_deadline_has_no_case_past_it(
    connection, make_city, deliver
) -> None:
    deliver("cases", [case(1, date(2026, 6, 1), service=None)], until=NOW)
    figures = compute(connection, make_city(deadline=[DEADLINE]), NOW).figures
    june = values(figures, "month/2026-06")["older_than_deadline"]
    assert (june["value"], june["reason"]) == (None, "no_deadline")


def test_left_overs_of_long_ago_are_open_but_begin_no_history(
    connection, make_city, deliver
) -> None:
    left_over = case(99, date(2009, 3, 1))
    deliver("cases", [left_over, *SUMMER], until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    assert figures["period_start"].min() == date(2026, 1, 1)  # the year and the quarter
    june = values(figures, "month/2026-06")
    assert (june["open"]["value"], june["received"]["value"]) == (3, 3)


def test_figures_begin_with_the_citys_first_day(connection, make_city, deliver) -> None:
    deliver("cases", SUMMER, until=NOW)
    city = make_city(info={"first_day": "2026-07-01"})
    figures = compute(connection, city, NOW).figures
    assert not values(figures, "month/2026-06")
    july = values(figures, "month/2026-07")
    # What was open before is in the opening balance; what was decided before is not.
    assert (july["open"]["value"], july["decided"]["value"]) == (2, 3)


def test_how_old_the_open_cases_are(connection, make_city, deliver) -> None:
    # At the end of July 2026 these are 0, 30, 31, 90, 91, 180, 181 and 500 days old.
    ages = (0, 30, 31, 90, 91, 180, 181, 500)
    end = date(2026, 7, 31)
    cases = [case(age, end - timedelta(days=age)) for age in ages]
    cases.append(case(1000, date(2026, 7, 1), end))  # ended on that day
    deliver("cases", cases, until=NOW)
    ageing = compute(connection, make_city(), NOW).frames["ageing"]
    of_july = ageing.filter(
        pl.col("at") == end, pl.col("office") == "bauamt", pl.col("service").is_null()
    )
    bands = of_july.select("band_from_days", "band_to_days", "count", "state").rows()
    assert bands == [
        (0, 30, 2, "final"),
        (31, 90, 2, "final"),
        (91, 180, 2, "final"),
        (181, None, 2, "final"),
    ]
    city = ageing.filter(pl.col("at") == end, pl.col("office").is_null())
    assert city["count"].to_list() == [2, 2, 2, 2]
    assert ageing["at"].max() == date(2026, 10, 31)  # November is not over


# ---- the same by plain loops over rows


def random_cases(seed: int) -> list[dict]:
    source = random.Random(seed)  # noqa: S311
    cases = []
    for key in range(800):
        received = date(2026, 1, 1) + timedelta(days=source.randrange(240))
        ended: date | None = received + timedelta(days=source.randrange(70))
        if source.random() < 0.1 or ended > date(2026, 10, 20):
            ended = None
        office, service = source.choice(
            [("bauamt", "bauantrag"), ("meldeamt", "pass"), ("meldeamt", None)]
        )
        outcome = source.choice(["granted", "refused", "withdrawn"])
        channel = source.choice(["online", "paper", None])
        cases.append(
            case(
                key, received, ended, outcome,
                office=office, service=service, channel=channel,
            )
        )  # fmt: skip
    return cases


def plain_values(rows: list[dict], first: date, last: date) -> dict[str, float | None]:
    def day(row: dict, name: str) -> date | None:
        return row[name] and row[name].date()

    def is_open(row: dict) -> bool:
        ended = day(row, "decided_at")
        return day(row, "received_at") <= last and (ended is None or ended > last)

    def is_overdue(row: dict) -> bool:
        due = day(row, "received_at") + timedelta(days=10)
        return row["service"] == "bauantrag" and is_open(row) and due < last

    def within(name: str) -> int:
        return sum(bool(row[name]) and first <= day(row, name) <= last for row in rows)

    has_deadline = any(
        row["service"] == "bauantrag" and day(row, "received_at") <= last
        for row in rows
    )
    received, decided = within("received_at"), within("decided_at")
    return {
        "received": received,
        "decided": decided,
        "open": sum(is_open(row) for row in rows),
        "older_than_deadline": sum(map(is_overdue, rows)) if has_deadline else None,
        "clearance_percent": 100 * decided / received if received else None,
    }


def plain_pace(
    book: list[dict], rows: list[dict], last: date, is_working: Callable
) -> tuple[int | None, int]:
    """Count back 31 working days, and what was decided after the first of them."""
    working = []
    day = last
    while len(working) < 31:
        if is_working(day):
            working.append(day)
        day -= timedelta(days=1)
    begins, length = working[30], (working[0] - working[30]).days
    # The book of a group is as long as its office's.
    if begins < min(row["received_at"].date() for row in book) - timedelta(days=1):
        return None, length
    decided = [row["decided_at"].date() for row in rows if row["decided_at"]]
    return sum(begins < day <= last for day in decided), length


HOLIDAYS = {
    date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1),
    date(2026, 5, 14), date(2026, 5, 25), date(2026, 6, 4),
}  # fmt: skip


def test_every_figure_is_what_plain_loops_find(connection, make_city, deliver) -> None:
    cases = random_cases(1)
    deliver("cases", cases, until=NOW)
    figures = compute(connection, make_city(deadline=[DEADLINE]), NOW).figures

    checked = 0
    is_checked = (pl.col("grain") != "day") | (pl.col("period_start").dt.day() == 15)
    for row in figures.filter(is_checked).to_dicts():
        name = row["kpi"].removeprefix("backlog.")
        book = [each for each in cases if row["office"] in (None, each["office"])]
        rows = [
            each
            for each in book
            if all(row[dim] in (None, each[dim]) for dim in ("service", "channel"))
        ]
        last = min(row["period_end"], date(2026, 11, 22))
        plain = plain_values(rows, row["period_start"], last)
        if name in {"reach_working_days", "processing.expected_days"}:
            decisions, days = plain_pace(
                book,
                rows,
                last,
                lambda day: day.weekday() < 5 and day not in HOLIDAYS,
            )
            unit = 30 if name == "reach_working_days" else days
            is_enough = decisions is not None and decisions >= 20
            plain[name] = plain["open"] * unit / decisions if is_enough else None
        if name in plain and row["reason"] != "forecast_failed":
            assert row["value"] == pytest.approx(plain[name]), row
            checked += plain[name] is not None
    assert checked > 800
