"""Cases of a cohort are read again when something was told of them, and only then."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.city import City
from metrics.cohorts import cohort_year, cohorts_of, forecast_evening
from metrics.compute import compute
from metrics.reading import Reading
from metrics.shelf import Shelf

Deliver = Callable[..., str]
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
IN_10_DAYS = {
    "service": "bauantrag",
    "norm": "x",
    "duration": 10,
    "unit": "days",
    "starts_at": "received",
    "label": {"de": "x", "en": "x"},
    "source": "x",
    "valid_from": "2020-01-01",
}


def at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 11, tzinfo=UTC)


def case(number: str, received: datetime, days: int | None) -> dict[str, Any]:
    done = None if days is None else received + timedelta(days=days)
    return {
        "office": "bauamt",
        "service": "bauantrag",
        "channel": "paper",
        "received_at": received,
        "complete_at": received,
        "decided_at": done,
        "outcome": done and "granted",
        "case_key": number,
    }


class Bauamt:
    """An office whose cases are computed with what is kept, and anew."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, city: City, folder: Path
    ) -> None:
        self.connection, self.city = connection, city
        self.shelf = Shelf.of(folder, city)

    def values(self, kpi: str, period: str, now: datetime = NOW) -> float | None:
        figures = compute(self.connection, self.city, now, self.shelf).figures
        assert figures.equals(compute(self.connection, self.city, now).figures)
        figure_id = f"{kpi}/bauamt/all/all/year/{period}"
        return dict(figures.select("figure_id", "value").iter_rows())[figure_id]


@pytest.fixture
def bauamt(connection, make_city, tmp_path) -> Iterator[Bauamt]:
    return Bauamt(connection, make_city(deadline=[IN_10_DAYS]), tmp_path / "kept")


@given(st.dates(date(1995, 1, 1), date(2035, 12, 31)))
def test_every_day_belongs_to_the_cohort_of_the_friday_before(day) -> None:
    friday = day - timedelta(days=1)
    while friday.weekday() != 4:
        friday -= timedelta(days=1)
    asked = pl.DataFrame({"day": [day]}).select(
        evening=forecast_evening(pl.col("day")), year=cohort_year(pl.col("day"))
    )
    assert asked.row(0) == (friday, friday.year)


def test_each_case_is_in_the_cohort_of_its_year(connection, deliver, make_city) -> None:
    """In 2026 the first Friday is 2 January: who comes on the 3rd is of the cohort."""
    received = (at(2026, 1, 2), at(2026, 1, 3), at(2025, 1, 4), at(2025, 1, 3))
    cases = [case(str(number), day, 5) for number, day in enumerate(received)]
    deliver("cases", cases, until=NOW)
    cohorts = cohorts_of(Reading(connection, make_city(), NOW))
    assert {
        cohort.year: sorted(cohort.rows.collect()["received_on"].to_list())
        for cohort in cohorts
    } == {
        2024: [date(2025, 1, 3)],
        2025: [date(2025, 1, 4), date(2026, 1, 2)],
        2026: [date(2026, 1, 3)],
    }


def test_a_case_that_moves_to_another_year_leaves_its_cohort(bauamt, deliver) -> None:
    """Of decisions after 4, 6 and 20 days the last is told anew, as of 2024."""
    kpi = "processing.median_days_decided"
    cases = [case("a", at(2025, 5, 5), 4), case("b", at(2025, 5, 6), 6)]
    moving = case("c", at(2025, 12, 1), 20)
    deliver("cases", [*cases, moving], until=NOW - timedelta(days=9))
    assert bauamt.values(kpi, "2025") == 6
    told_anew = case("c", at(2024, 12, 1), 20)
    deliver("cases", [told_anew], until=NOW, source="corrections")
    assert bauamt.values(kpi, "2025") == 4
    assert bauamt.values(kpi, "2024") == 20


def test_what_was_told_first_of_another_year_does_not_come_back(
    bauamt, deliver
) -> None:
    """The correction of 2024 is replaced by a file without the case."""
    kpi = "processing.median_days_decided"
    deliver("cases", [case("a", at(2024, 5, 6), 9)], until=NOW - timedelta(days=9))
    correction = deliver("cases", [case("a", at(2025, 5, 6), 5)], until=NOW, source="b")
    assert bauamt.values(kpi, "2025") == 5
    bauamt.connection.execute(
        "UPDATE deliveries SET superseded_at = received_at WHERE delivery_id = ?",
        [correction],
    )
    assert bauamt.values(kpi, "2024") == 9


def test_a_stop_told_later_shortens_the_net_time_of_an_old_case(
    bauamt, deliver
) -> None:
    """20 days from complete to decided, 15 of them with the applicant."""
    kpi = "processing.median_net_days_decided"
    deliver("cases", [case("a", at(2024, 5, 6), 20)], until=NOW)
    assert bauamt.values(kpi, "2024") == 20
    stop = {
        "case_key": "a",
        "from_at": at(2024, 5, 8),
        "to_at": at(2024, 5, 23),
        "holder": "applicant",
    }
    deliver("case_pauses", [stop], until=NOW, source="stops")
    assert bauamt.values(kpi, "2024") == 5


def test_a_number_that_two_offices_give_stops_no_case(bauamt, deliver) -> None:
    kpi = "processing.median_net_days_decided"
    twin = case("a", at(2025, 5, 6), 20) | {"office": "meldeamt", "service": "pass"}
    stop = {
        "case_key": "a",
        "from_at": at(2024, 5, 8),
        "to_at": at(2024, 5, 23),
        "holder": "applicant",
    }
    deliver("cases", [case("a", at(2024, 5, 6), 20)], until=NOW)
    deliver("case_pauses", [stop], until=NOW, source="stops")
    assert bauamt.values(kpi, "2024") == 5
    deliver("cases", [twin], until=NOW, source="others")
    assert bauamt.values(kpi, "2024") == 20


def test_a_deadline_runs_out_without_any_delivery_of_the_case(bauamt, deliver) -> None:
    """Of two cases with 10 days one is open: first nobody knows, then half are late."""
    kpi, first = "processing.share_within_deadline", at(2025, 12, 29)
    cases = [case("a", first, 4), case("b", first, None)]
    deliver("cases", cases, until=at(2026, 1, 2))
    assert bauamt.values(kpi, "2025", at(2026, 1, 2)) is None
    deliver("cases", [case("c", at(2026, 1, 12), 1)], until=at(2026, 1, 14), source="b")
    bauamt.connection.execute(
        "UPDATE deliveries SET covers_to = ?", [at(2026, 1, 14)]
    )  # the first source, too, now tells that nothing else came
    assert bauamt.values(kpi, "2025", at(2026, 1, 14)) == 50


def test_of_a_year_whose_cases_were_taken_back_nothing_is_kept(
    connection, bauamt, deliver
) -> None:
    deliver("cases", [case("a", at(2024, 5, 6), 9)], until=NOW, source="a")
    deliver("cases", [case("b", at(2025, 5, 6), 5)], until=NOW, source="b")
    compute(connection, bauamt.city, NOW, bauamt.shelf)
    assert [*bauamt.shelf.folder.glob("cases-2024*")]
    connection.execute("UPDATE deliveries SET superseded_at = now() WHERE source = 'a'")
    assert bauamt.values("processing.median_days_decided", "2025") == 5
    assert not [*bauamt.shelf.folder.glob("cases-2024*")]
    assert [*bauamt.shelf.folder.glob("cases-2025*")]


def test_cases_of_which_nothing_was_told_are_not_read_again(
    connection, bauamt, deliver
) -> None:
    kpi = "processing.median_days_decided"
    deliver("cases", [case("a", at(2024, 5, 6), 9)], until=NOW - timedelta(days=9))
    deliver("cases", [case("b", at(2025, 5, 6), 5)], until=NOW, source="b")
    before = compute(connection, bauamt.city, NOW, bauamt.shelf).figures
    # Rows of a delivery are never edited; if they were, it would go unnoticed.
    connection.execute("UPDATE cases SET decided_at = decided_at + INTERVAL 3 DAY")
    assert compute(connection, bauamt.city, NOW, bauamt.shelf).figures.equals(before)
    deliver("cases", [case("c", at(2025, 5, 7), 7)], until=NOW, source="b")
    figures = compute(connection, bauamt.city, NOW, bauamt.shelf).figures
    known = dict(figures.select("figure_id", "value").iter_rows())
    assert known[f"{kpi}/bauamt/all/all/year/2024"] == 9
    assert known[f"{kpi}/bauamt/all/all/year/2025"] == 7  # of 7 and 8, the lower
