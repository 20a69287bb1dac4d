"""Who holds the cases, and the time they were with the office, worked out by hand."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from metrics.compute import compute

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def moment(day: date | None) -> datetime | None:
    return day and datetime(day.year, day.month, day.day, 11, tzinfo=UTC)


def case(key: str, received: date, decided: date | None = None, **more: Any) -> Any:
    days = {"received_at": received, "decided_at": decided}
    days["complete_at"] = more.pop("complete", None)
    return {
        "office": "bauamt",
        "service": "bauantrag",
        "outcome": "granted" if decided else None,
        "case_key": key,
        **{name: moment(day) for name, day in days.items()},
        **more,
    }


def stop(key: str, first: date, last: date | None, holder: str = "applicant") -> Any:
    return {
        "case_key": key,
        "from_at": moment(first),
        "to_at": moment(last),
        "holder": holder,
    }


@pytest.fixture
def figures_of(connection, make_city, deliver):
    def figures_of(cases, stops):
        deliver("cases", cases, until=NOW)
        deliver("case_pauses", stops, until=NOW, source="pauses")
        return compute(connection, make_city(), NOW).figures

    return figures_of


def told(figures: pl.DataFrame, figure: str, office: str = "bauamt") -> Any:
    kpi, _, period = figure.partition("/")
    wanted = f"{kpi}/{office}/all/all/{period}"
    row = figures.row(by_predicate=pl.col("figure_id") == wanted, named=True)
    return row["reason"] if row["value"] is None else row["value"]


NET = "processing.median_net_days_decided/month/2026-07"
GROSS = "processing.median_days_decided/month/2026-07"


@pytest.mark.parametrize(
    ("stops", "days"),
    [
        # Received on 1 June, complete on the 21st, decided on 31 July: 40 days.
        ([], 40),
        ([stop("a", date(2026, 7, 1), date(2026, 7, 11))], 30),
        # Before it was complete the clock of the office did not run anyway.
        ([stop("a", date(2026, 6, 3), date(2026, 6, 21))], 40),
        ([stop("a", date(2026, 6, 11), date(2026, 6, 26))], 35),
        # What overlaps is one stop; what still lasts ends with the decision.
        (
            [
                stop("a", date(2026, 7, 1), date(2026, 7, 11)),
                stop("a", date(2026, 7, 6), date(2026, 7, 16), "third_party"),
                stop("a", date(2026, 7, 29), None, "third_party"),
            ],
            23,
        ),
        ([stop("b", date(2026, 7, 1), date(2026, 7, 11))], 40),  # of another case
    ],
)
def test_net_days_are_those_of_the_office(figures_of, stops, days) -> None:
    decided = case("a", date(2026, 6, 1), date(2026, 7, 31), complete=date(2026, 6, 21))
    figures = figures_of([decided], stops)
    assert told(figures, NET) == days
    assert told(figures, GROSS) == 60


def test_without_the_day_of_completeness_there_are_no_net_days(figures_of) -> None:
    cases = [
        case("a", date(2026, 6, 1), date(2026, 7, 31)),
        # Completed after it was decided: one of both days is wrong.
        case("b", date(2026, 6, 1), date(2026, 7, 30), complete=date(2026, 8, 2)),
    ]
    figures = figures_of(cases, [])
    assert told(figures, NET) == "not_recorded"
    assert told(figures, GROSS) == 59


def test_who_holds_the_open_cases(figures_of) -> None:
    cases = [
        case("office", date(2026, 6, 1)),
        case("papers", date(2026, 6, 1)),
        case("opinion", date(2026, 6, 1)),
        case("both", date(2026, 6, 1)),
        case("over", date(2026, 6, 1), date(2026, 7, 20)),
    ]
    stops = [
        stop("papers", date(2026, 7, 5), None),
        stop("opinion", date(2026, 7, 31), date(2026, 9, 1), "third_party"),
        stop("both", date(2026, 7, 5), date(2026, 8, 15), "applicant"),
        stop("both", date(2026, 7, 1), date(2026, 9, 30), "third_party"),
        stop("over", date(2026, 7, 1), None),
    ]
    figures = figures_of(cases, stops)

    def held(month: str) -> list[Any]:
        return [
            told(figures, f"backlog.{name}/month/2026-{month}")
            for name in ("with_office", "with_applicant", "with_third_party", "open")
        ]

    assert held("06") == [5, 0, 0, 5]
    assert held("07") == [1, 2, 1, 4]
    # On 31 August the opinion is still awaited; of "both" only the third party is left.
    assert held("08") == [1, 1, 2, 4]
    # A stop that ends on 30 September lasted up to the 29th.
    assert held("09") == [3, 1, 0, 4]


def test_offices_that_record_no_stops_hold_nothing_by_default(figures_of) -> None:
    cases = [
        case("a", date(2026, 6, 1)),
        case("b", date(2026, 6, 1), office="meldeamt", service="pass"),
    ]
    figures = figures_of(cases, [stop("a", date(2026, 7, 1), None)])
    held = "backlog.with_office/month/2026-07"
    assert told(figures, held, "meldeamt") == "not_recorded"
    assert told(figures, held) == 0
    # Of the city it is what the offices say that record it.
    assert told(figures, held, "all") == 0
    assert told(figures, "backlog.with_applicant/month/2026-07", "all") == 1


def test_a_number_that_two_offices_give_tells_of_neither(figures_of) -> None:
    cases = [
        case("1/2026", date(2026, 6, 1)),
        case("1/2026", date(2026, 6, 1), office="meldeamt", service="pass"),
    ]
    figures = figures_of(cases, [stop("1/2026", date(2026, 7, 1), None)])
    assert told(figures, "backlog.with_applicant/month/2026-07") == "not_recorded"


def test_what_was_told_last_of_a_stop_counts(connection, make_city, deliver) -> None:
    deliver("cases", [case("a", date(2026, 6, 1))], until=NOW)
    earlier = datetime(2026, 8, 1, tzinfo=UTC)
    ended = stop("a", date(2026, 7, 1), date(2026, 7, 5))
    deliver("case_pauses", [ended], until=NOW, source="pauses")
    still_on = [stop("a", date(2026, 7, 1), None)]
    deliver("case_pauses", still_on, until=earlier, source="pauses")
    figures = compute(connection, make_city(), NOW).figures
    assert told(figures, "backlog.with_applicant/month/2026-07") == 0


def test_three_months_end_as_the_civil_code_says(figures_of) -> None:
    """Received on 30 November: three months end with February, on its last day."""
    figures = figures_of([case("a", date(2025, 11, 30))], [])
    assert told(figures, "backlog.older_than_3_months/month/2026-02") == 0
    assert told(figures, "backlog.older_than_3_months/day/2026-03-02") == 1


def test_the_old_case_index_sets_old_cases_against_a_years_work(figures_of) -> None:
    """At the end of July 2026: 2 old of 3 open, and 5 closed in the last 12 months."""
    cases = [
        case("old", date(2025, 6, 1)),
        case("older", date(2026, 4, 30)),
        case("young", date(2026, 5, 2)),
        case("long ago", date(2025, 6, 1), date(2025, 7, 31)),
        *(
            case(f"done {day}", date(2025, 7, 1), date(2025, 8, day))
            for day in range(1, 6)
        ),
    ]
    figures = figures_of(cases, [])
    assert told(figures, "backlog.old_case_percent/month/2026-07") == 25
    # On 31 May 2026 the book is exactly a year old: all six were closed in it.
    assert told(figures, "backlog.old_case_percent/month/2026-05") == pytest.approx(
        100 * 1 / (3 + 6)
    )
    assert told(figures, "backlog.old_case_percent/month/2026-04") == "year_too_short"
