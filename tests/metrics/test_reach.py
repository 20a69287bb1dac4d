"""Where data end, and what is said of the days after that: nothing, or a gap."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from metrics.compute import compute
from metrics.explain import Explainer

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
SOURCE = {
    "id": "system",
    "adapter": "table_file",
    "publisher": "Amt",
    "licence": "x",
    "folder": "eingang",
    "every": "1d",
    "max_age": "5d",
    "mapping": {"table": "cases", "columns": {"office": {"value": "bauamt"}}},
}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def case(number: int, received: datetime, days: int = 10) -> dict[str, object]:
    return {
        "office": "bauamt",
        "service": "bauantrag",
        "received_at": received,
        "decided_at": received + timedelta(days=days),
        "case_key": str(number),
    }


def cases_of_a_spring() -> list[dict[str, object]]:
    """One case a day; the last decision is on Friday, 14 March 2025, at 10."""
    first = moment("2025-01-02T10:00")
    return [case(number, first + timedelta(days=number)) for number in range(62)]


def figure(figures: pl.DataFrame, kpi: str, period: str) -> dict:
    wanted = pl.col("figure_id") == f"{kpi}/bauamt/all/all/{period}"
    found = figures.filter(wanted).to_dicts()
    return found[0] if found else {}


def source(**fields: object) -> dict[str, object]:
    return SOURCE | fields


@pytest.mark.parametrize("sources", [[], [source(max_age="36500d")]])
def test_the_book_ends_where_an_archive_handed_in_years_later_ends(
    connection, make_city, deliver, sources
) -> None:
    received_at = moment("2026-11-20T12:00")
    deliver("cases", cases_of_a_spring(), until=None, received_at=received_at)
    city = make_city(source=sources)
    computed = compute(connection, city, NOW)
    figures = computed.figures
    assert figures["period_end"].max() == date(2025, 12, 31)
    assert figures["period_start"].max() == date(2025, 3, 14)
    february = figure(figures, "backlog.open", "month/2025-02")
    assert (february["state"], february["coverage"]) == ("final", 1)
    for period in ("day/2025-03-14", "week/2025-W11", "month/2025-03", "year/2025"):
        last = figure(figures, "backlog.open", period)
        assert (last["state"], last["value"]) == ("provisional", 0)
    assert figure(figures, "backlog.open", "day/2025-03-13")["state"] == "final"
    # Opening days of March: 21, of which 10 up to the 14th.
    march = figure(figures, "backlog.received", "month/2025-03")
    assert march["coverage"] == pytest.approx(10 / 21)
    assert computed.frames["ageing"]["at"].max() == date(2025, 2, 28)
    explainer = Explainer(connection, city, NOW)
    assert all(explainer.explain(name).agrees for name in explainer.figure_ids)


def test_a_daily_export_of_everything_is_final_for_what_is_over(
    connection, make_city, deliver
) -> None:
    # Received on Monday, 17 March; nothing happened since Friday.
    received_at = moment("2025-03-17T05:00")
    deliver("cases", cases_of_a_spring(), until=None, received_at=received_at)
    figures = compute(connection, make_city(), received_at).figures
    assert figure(figures, "backlog.open", "week/2025-W11")["state"] == "final"
    assert figure(figures, "backlog.open", "day/2025-03-14")["state"] == "final"


@pytest.mark.parametrize(
    ("received", "last_day"),
    [
        ("2025-03-19T05:00", date(2025, 3, 19)),  # two working days of silence
        ("2025-03-20T05:00", date(2025, 3, 14)),  # three
    ],
)
def test_a_few_quiet_working_days_are_believed(
    connection, make_city, deliver, received, last_day
) -> None:
    deliver("cases", cases_of_a_spring(), until=None, received_at=moment(received))
    figures = compute(connection, make_city(), NOW).figures
    days = figures.filter(pl.col("grain") == "day", pl.col("value").is_not_null())
    assert days["period_start"].max() == last_day


def test_an_archive_of_a_queue_has_no_gap_of_years_behind_it(
    connection, make_city, deliver
) -> None:
    look = {"office": "bauamt", "wait_minutes": 5.0, "state": "open"}
    rows = [
        look | {"observed_at": moment(f"2020-01-{day:02}T09:00")} for day in (20, 22)
    ]
    deliver("queue_samples", rows, until=None, received_at=NOW)
    figures = compute(connection, make_city(source=[source(max_age="36500d")]), NOW)
    days = figures.figures.filter(pl.col("grain") == "day")
    assert days["period_start"].max() == date(2020, 1, 22)


def test_a_source_that_no_longer_delivers_leaves_a_gap(
    connection, make_city, deliver
) -> None:
    # Friday, 13 November, was the last delivery; nine days later five were promised.
    deliver(
        "cases",
        [case(number, moment("2026-09-01T10:00")) for number in range(30)],
        until=moment("2026-11-13T05:00"),
    )
    city = make_city(source=[source()])
    explainer = Explainer(connection, city, NOW)
    figures = compute(connection, city, NOW).figures
    for kpi in ("backlog.open", "backlog.received", "processing.median_days_decided"):
        gap = figure(figures, kpi, "week/2026-W47")
        assert (gap["state"], gap["reason"]) == ("no_data", "no_rows")
        assert gap["coverage"] == 0
        assert explainer.explain(gap["figure_id"]).agrees
    week_before = figure(figures, "backlog.open", "week/2026-W46")
    assert (week_before["state"], week_before["value"]) == ("provisional", 0)
    in_time = make_city(source=[source(max_age="14d")])
    figures = compute(connection, in_time, NOW).figures
    assert not figure(figures, "backlog.open", "week/2026-W47")


def test_a_feed_that_rests_while_offices_are_closed_leaves_no_gap(
    connection, make_city, deliver
) -> None:
    look = {"office": "bauamt", "wait_minutes": 5.0, "state": "open"}
    friday = moment("2026-11-20T11:58")
    deliver(
        "queue_samples",
        [look | {"observed_at": friday}],
        until=friday + timedelta(microseconds=1),
    )
    feed = source(
        adapter="queue_feed",
        mapping={"queues": "[]", "office": {"value": "bauamt"}},
        max_age="15min",
    )
    city = make_city(source=[feed])
    on_sunday = compute(connection, city, NOW).figures
    assert on_sunday["period_start"].max() == date(2026, 11, 20)
    monday = compute(connection, city, moment("2026-11-23T09:00")).figures
    gap = figure(monday, "queue.median_wait_minutes", "day/2026-11-23")
    assert (gap["state"], gap["reason"]) == ("no_data", "no_rows")


def test_a_quarter_of_which_only_the_last_days_were_delivered_is_not_final(
    connection, make_city, deliver
) -> None:
    days = ("06-30", "07-02", "10-05")
    rows = [
        case(number, moment(f"2026-{day}T10:00"), 1) for number, day in enumerate(days)
    ]
    deliver("cases", rows, first=moment("2026-06-29T00:00"), until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    states = {
        period: figure(figures, "backlog.received", period)["state"]
        for period in ("quarter/2026-Q2", "month/2026-06", "week/2026-W27")
    }
    assert states == {
        "quarter/2026-Q2": "provisional",
        "month/2026-06": "provisional",
        "week/2026-W27": "final",
    }
    assert figure(figures, "backlog.received", "quarter/2026-Q3")["state"] == "final"


def test_what_is_delivered_from_new_year_is_the_whole_year_whenever_it_begins(
    connection, make_city, deliver
) -> None:
    days = ("01-09", "03-04")
    rows = [
        case(number, moment(f"2025-{day}T10:00"), 1) for number, day in enumerate(days)
    ]
    # The first application came on the 9th; New Year is a holiday.
    deliver("cases", rows, first=moment("2025-01-02T00:00"), until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    assert figure(figures, "backlog.received", "year/2025")["state"] == "final"
