"""From deliveries to figures: which there are, how far they reach, their states."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from metrics.catalogue import CATALOGUE, REASONS
from metrics.compute import compute
from metrics.figures import FIGURES, parse_figure_id
from metrics.frames import AGEING, FRAMES, INTERNAL_FRAMES, WAIT_BY_HOUR
from metrics.periods import parse_period

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def visit(arrived: str, minutes: int = 10, **fields: object) -> dict[str, object]:
    return {
        "office": "meldeamt",
        "service": "ausweis",
        "channel": "walk_in",
        "arrived_at": moment(arrived),
        "called_at": moment(arrived) + timedelta(minutes=minutes),
        "outcome": "served",
        **fields,
    }


def case(key: str, day: str) -> dict[str, object]:
    received = moment(f"{day}T10:00")
    return {"office": "bauamt", "received_at": received, "case_key": key}


def visits(figures: pl.DataFrame, period: str, group: str = "meldeamt/all/all") -> dict:
    wanted = pl.col("figure_id") == f"waiting.visits/{group}/{period}"
    found = figures.filter(wanted).to_dicts()
    return found[0] if found else {}


def test_the_frames_are_as_promised(connection, make_city, deliver) -> None:
    empty = compute(connection, make_city(), NOW)
    assert empty.figures.schema == FIGURES
    assert empty.frames["wait_by_hour"].schema == WAIT_BY_HOUR
    assert empty.frames["ageing"].schema == AGEING
    assert empty.figures.is_empty()

    deliver("tickets", [visit("2026-09-07T08:00")], until=NOW)
    deliver("cases", [case("a", "2026-09-07")], until=NOW, source="cases")
    look = {"office": "bauamt", "observed_at": moment("2026-09-07T09:00")}
    look |= {"wait_minutes": 5.0, "state": "open"}
    bands = {"office": "bauamt", "band_from": 0, "count": 9}
    bands |= {"period_from": date(2026, 8, 1), "period_to": date(2026, 9, 1)}
    units = [bands | {"unit": unit} for unit in ("minutes", "days")]
    deliver("wait_bands", units, until=NOW, source="bands")
    sold_out = look | {"observed_at": moment("2026-09-07T10:00"), "state": "sold_out"}
    deliver("queue_samples", [look, sold_out], until=NOW, source="queue")
    search = {"office": "bauamt", "observed_at": moment("2026-09-07T09:00")}
    deliver("slot_offers", [search], until=NOW, source="searches")
    slots = {"office": "bauamt", "slots_on": date(2026, 9, 7)}
    deliver("slots", [slots], until=NOW, source="slots")
    call = {"office": "bauamt", "line": "phone", "interval_minutes": 30, "offered": 4}
    call["interval_at"] = moment("2026-09-07T09:00")
    deliver("contacts", [call], until=NOW, source="phone")
    rating = {"office": "bauamt", "rated_on": date(2026, 9, 7), "answer": 5, "count": 2}
    deliver("ratings", [rating], until=NOW, source="survey")
    costs = [
        {
            "office": office,
            "year": 2026,
            "amount_eur": 1,
            "per": per,
            "includes": {"de": "x", "en": "x"},
            "decided_by": {"de": "x", "en": "x"},
        }
        for office, per in (("meldeamt", "visits"), ("bauamt", "cases"))
    ]
    online = {"service": "bauantrag", "observed_on": date(2026, 9, 7)}
    deliver("online_services", [online], until=NOW, source="ozg")
    full = compute(connection, make_city(cost=costs), NOW)
    assert full.figures.schema == FIGURES
    assert {name: frame.schema for name, frame in full.frames.items()} == {
        name: schema
        for name, schema in FRAMES.items()
        if name not in {"revisions", *INTERNAL_FRAMES}
    }
    assert full.frames["wait_by_hour"].schema == WAIT_BY_HOUR
    assert full.frames["ageing"].schema == AGEING
    # No wait was told, and nobody could say how long an application takes.
    missing = {kpi for kpi in CATALOGUE if kpi.startswith("estimate.")}
    missing.add("processing.expected_days_hit_share")
    assert set(full.figures["kpi"]) == CATALOGUE.keys() - missing


def test_a_figure_is_its_id_and_has_a_value_or_a_reason(
    connection, make_city, deliver
) -> None:
    deliver("tickets", [visit("2026-09-07T08:00")], until=NOW)
    deliver("cases", [case("a", "2026-01-07")], until=NOW, source="cases")
    figures = compute(connection, make_city(), NOW).figures
    assert figures["figure_id"].is_unique().all()
    for row in figures.sample(300, seed=1).to_dicts():
        figure_id = parse_figure_id(row["figure_id"])
        for name in ("kpi", "office", "service", "channel", "grain"):
            assert getattr(figure_id, name) == row[name]
        period = parse_period(figure_id.period)
        assert (period.start, period.end) == (row["period_start"], row["period_end"])
    has_value = pl.col("value").is_not_null()
    assert figures.select(((pl.col("state") != "no_data") == has_value).all()).item()
    assert figures.select((pl.col("reason").is_null() == has_value).all()).item()
    assert figures.select((pl.col("n").is_not_null() == has_value).all()).item()
    assert set(figures["reason"].drop_nulls()) <= REASONS.keys()


def test_a_period_is_final_when_deliveries_reach_beyond_it(
    connection, make_city, deliver
) -> None:
    # Received on 3 September at 5: the 2nd is complete, August and its last week are.
    until = moment("2026-09-03T05:00")
    rows = [visit("2026-08-31T08:00"), visit("2026-09-02T08:00")]
    deliver("tickets", rows, until=until)
    figures = compute(connection, make_city(), NOW).figures
    assert visits(figures, "day/2026-08-31")["state"] == "final"
    assert visits(figures, "month/2026-08")["state"] == "final"
    assert visits(figures, "day/2026-09-02")["state"] == "final"
    assert visits(figures, "week/2026-W36")["state"] == "provisional"
    assert visits(figures, "month/2026-09")["state"] == "provisional"
    # The 3rd has begun; after it nothing is known, and nothing is claimed.
    assert visits(figures, "day/2026-09-03")["reason"] == "no_rows"
    assert not visits(figures, "day/2026-09-04")
    assert not visits(figures, "month/2026-10")


def test_a_months_file_that_came_early_does_not_make_the_month_final(
    connection, make_city, deliver
) -> None:
    deliver(
        "tickets",
        [visit("2026-09-07T08:00")],
        until=moment("2026-10-01T00:00"),
        received_at=moment("2026-09-15T05:00"),
    )
    figures = compute(connection, make_city(), NOW).figures
    assert visits(figures, "month/2026-09")["state"] == "provisional"


def test_a_city_figure_waits_for_the_slowest_office(
    connection, make_city, deliver
) -> None:
    october = moment("2026-10-05T05:00")
    elsewhere = visit("2026-09-07T08:00", office="bauamt", service=None)
    deliver("tickets", [visit("2026-09-07T08:00")], until=october, source="fast")
    deliver("tickets", [elsewhere], until=moment("2026-09-20T05:00"), source="slow")
    figures = compute(connection, make_city(), NOW).figures
    assert visits(figures, "month/2026-09")["state"] == "final"
    assert visits(figures, "month/2026-09", "bauamt/all/all")["state"] == "provisional"
    assert visits(figures, "month/2026-09", "all/all/all")["state"] == "provisional"
    assert visits(figures, "month/2026-09", "all/all/all")["value"] == 2


def test_an_old_system_that_was_replaced_does_not_hold_up_the_new_one(
    connection, make_city, deliver
) -> None:
    old = [visit("2025-09-01T08:00"), visit("2025-12-30T08:00")]
    new = [visit("2026-01-05T08:00"), visit("2026-09-07T08:00")]
    deliver("tickets", old, until=moment("2026-01-01T00:00"), source="old")
    deliver("tickets", new, until=moment("2026-10-05T05:00"), source="new")
    figures = compute(connection, make_city(), NOW).figures
    assert visits(figures, "month/2026-09")["state"] == "final"


def test_two_systems_of_one_office_are_both_waited_for(
    connection, make_city, deliver
) -> None:
    rows = [visit("2026-08-03T08:00"), visit("2026-09-07T08:00")]
    deliver("tickets", rows, until=moment("2026-09-10T05:00"), source="walk-ins")
    deliver("tickets", rows, until=moment("2026-10-05T05:00"), source="appointments")
    figures = compute(connection, make_city(), NOW).figures
    assert visits(figures, "month/2026-09")["state"] == "provisional"
    assert visits(figures, "month/2026-08")["state"] == "final"


def test_closed_days_have_no_figures_and_other_gaps_do(
    connection, make_city, deliver
) -> None:
    # Christmas: 25 and 26 December are holidays, 27 and 28 December 2025 a weekend.
    rows = [visit("2025-12-23T08:00"), visit("2025-12-27T08:00")]
    deliver("tickets", rows, until=moment("2026-01-05T00:00"))
    figures = compute(connection, make_city(), NOW).figures
    days = figures.filter(
        pl.col("kpi") == "waiting.visits",
        pl.col("grain") == "day",
        pl.col("office") == "meldeamt",
    ).sort("period_start")
    found = [(row["period_start"].day, row["value"]) for row in days.to_dicts()]
    # The Saturday on which somebody came after all is there; New Year is not.
    assert found == [
        (23, 1.0), (24, None), (27, 1.0), (29, None), (30, None), (31, None),
        (2, None),
    ]  # fmt: skip
    december = visits(figures, "month/2025-12")
    # Opening days: 1-5, 8-12, 15-19, 22-24, 29-31. Only the 23rd is covered.
    assert december["coverage"] == pytest.approx(1 / 21)


def test_the_first_week_of_a_year_is_covered_as_a_whole_week(
    connection, make_city, deliver
) -> None:
    # Opening days of 2026-W01: 29, 30 and 31 December and 2 January.
    deliver("tickets", [visit("2026-01-02T08:00")], until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    assert visits(figures, "week/2026-W01")["coverage"] == 1 / 4


def test_a_month_in_which_an_office_was_closed_says_so(
    connection, make_city, deliver
) -> None:
    reason = {"de": "Umbau", "en": "Renovation"}
    closed = {"first_on": "2026-08-01", "last_on": "2026-08-31", "reason": reason}
    rows = [visit("2026-07-07T08:00"), visit("2026-09-07T08:00")]
    deliver("tickets", rows, until=NOW)
    figures = compute(connection, make_city(closure=[closed]), NOW).figures
    august = visits(figures, "month/2026-08")
    assert (august["state"], august["reason"]) == ("no_data", "closed")
    assert august["coverage"] is None
    assert not visits(figures, "day/2026-08-03")


def test_a_visit_belongs_to_the_local_day_also_when_the_clocks_change(
    connection, make_city, deliver
) -> None:
    # 25 October 2026 has 25 hours; 22:30 UTC is 23:30, and 23:30 UTC is the next day.
    # 28 March 2026, 23:30 UTC, is half past midnight on the 29th.
    calls = [
        datetime(2026, 3, 28, 23, 30, tzinfo=UTC),
        datetime(2026, 10, 24, 22, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 22, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 23, 30, tzinfo=UTC),
    ]
    rows = [
        visit("2026-09-07T08:00", arrived_at=call, called_at=call) for call in calls
    ]
    deliver("tickets", rows, until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    assert visits(figures, "day/2026-03-29")["value"] == 1
    assert visits(figures, "day/2026-10-25")["value"] == 2
    assert visits(figures, "day/2026-10-26")["value"] == 1
    assert visits(figures, "week/2026-W43")["value"] == 2
    assert visits(figures, "week/2026-W44")["value"] == 1


def test_the_hour_that_happens_twice_is_no_wait_of_an_hour(
    connection, make_city, deliver
) -> None:
    arrived = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)  # 2:50 summer time
    called = arrived + timedelta(minutes=20)  # 2:10 winter time
    row = visit("2026-10-24T08:00", arrived_at=arrived, called_at=called)
    deliver("tickets", [row], until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    median = figures.filter(
        pl.col("figure_id") == "waiting.median_minutes/meldeamt/all/all/day/2026-10-25"
    )
    assert median["value"].to_list() == [20.0]


def test_populations_are_the_city_offices_services_and_channels(
    connection, make_city, deliver
) -> None:
    rows = [
        visit("2026-09-07T08:00"),
        visit("2026-09-07T08:00", service="unknown", channel="kiosk"),
        visit("2026-09-07T08:00", office="bauamt", service=None, channel=None),
        visit("2026-09-07T08:00", office="no such office"),
    ]
    deliver("tickets", rows, until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    september = figures.filter(
        pl.col("kpi") == "waiting.visits",
        pl.col("grain") == "month",
        pl.col("period_start") == date(2026, 9, 1),
    )
    found = {row[:3]: row[3] for row in september.select(
        "office", "service", "channel", "value"
    ).rows()}  # fmt: skip
    assert found == {
        (None, None, None): 3,
        ("meldeamt", None, None): 2,
        ("bauamt", None, None): 1,
        ("meldeamt", "ausweis", None): 1,
        ("meldeamt", None, "walk_in"): 1,
        ("meldeamt", None, "kiosk"): 1,
    }


def test_services_have_days_only_where_the_city_publishes_them(
    connection, make_city, deliver
) -> None:
    deliver("tickets", [visit("2026-09-07T08:00")], until=NOW)
    cells = [{"kpis": ["waiting.*"], "by": ["office_service"], "grains": ["day"]}]
    of_a_day = "waiting.visits/meldeamt/ausweis/all/day/2026-09-07"
    for publish, expected in (([], 0), (cells, 1)):
        city = make_city(publish={"cells": publish})
        figures = compute(connection, city, NOW).figures
        assert len(figures.filter(pl.col("figure_id") == of_a_day)) == expected


def test_a_sensitive_service_has_a_quarter_of_its_own_without_its_office(
    connection, make_city, deliver
) -> None:
    name = {"de": "Beratung", "en": "Counselling"}
    service = {"id": "ausweis", "leika": "9" * 14, "name": name, "office": "meldeamt"}
    deliver("tickets", [visit("2026-09-07T08:00")], until=NOW)
    city = make_city(service=[service | {"sensitive": True}])
    figures = compute(connection, city, NOW).figures
    assert visits(figures, "quarter/2026-Q3", "all/ausweis/all")["value"] == 1
    assert not visits(figures, "month/2026-09", "all/ausweis/all")


def test_a_small_office_is_counted_with_its_parent(
    connection, make_city, deliver
) -> None:
    name = {"de": "Amt", "en": "Office"}
    city = make_city(
        office=[
            {"id": "meldeamt", "name": name, "staff": 20},
            {"id": "bauamt", "name": name, "staff": 2, "parent": "meldeamt"},
        ]
    )
    rows = [visit("2026-09-07T08:00", 10), visit("2026-09-07T08:00", 20)]
    rows.append(visit("2026-09-07T08:00", 60, office="bauamt", service=None))
    deliver("tickets", rows, until=NOW)
    figures = compute(connection, city, NOW).figures
    # The median of 10 20 60 is 20; of 10 and 20 alone it would be 10.
    median = "waiting.median_minutes/{}/all/all/month/2026-09"
    together = figures.filter(pl.col("figure_id") == median.format("meldeamt"))
    assert together["value"].to_list() == [20.0]
    assert figures.filter(pl.col("office") == "bauamt").is_empty()


def test_the_target_is_the_one_valid_at_the_periods_end(
    connection, make_city, deliver
) -> None:
    def target(value: float, first: str, **fields: str) -> dict[str, object]:
        by = {"de": "Rat", "en": "Council"}
        return {
            "kpi": "waiting.median_minutes",
            "value": value,
            "valid_from": first,
            "decided_by": by,
            **fields,
        }

    targets = [
        target(20, "2026-01-01", valid_to="2026-08-31"),
        target(10, "2026-09-01"),
        target(5, "2026-09-01", office="bauamt"),
    ]
    rows = [visit("2026-08-03T08:00"), visit("2026-09-07T08:00")]
    rows.append(visit("2026-09-07T08:00", office="bauamt", service=None))
    deliver("tickets", rows, until=NOW)
    figures = compute(connection, make_city(target=targets), NOW).figures
    medians = figures.filter(
        pl.col("kpi") == "waiting.median_minutes", pl.col("channel").is_null()
    )
    found = {
        row["figure_id"].split("/", 1)[1]: row["target"] for row in medians.to_dicts()
    }
    assert found["meldeamt/all/all/month/2026-08"] == 20
    assert found["meldeamt/all/all/quarter/2026-Q3"] == 10
    assert found["bauamt/all/all/quarter/2026-Q3"] == 5
    assert found["all/all/all/quarter/2026-Q3"] == 10


def test_a_target_for_the_citys_sum_is_none_for_an_office(
    connection, make_city, deliver
) -> None:
    by = {"de": "Rat", "en": "Council"}
    target = {
        "kpi": "waiting.visits",
        "value": 1000,
        "valid_from": "2026-01-01",
        "decided_by": by,
    }
    deliver("tickets", [visit("2026-09-07T08:00")], until=NOW)
    figures = compute(connection, make_city(target=[target]), NOW).figures
    assert visits(figures, "month/2026-09", "all/all/all")["target"] == 1000
    assert visits(figures, "month/2026-09")["target"] is None


def test_a_superseded_delivery_no_longer_counts(connection, make_city, deliver) -> None:
    old = deliver("tickets", [visit("2026-09-07T08:00")] * 5, until=NOW)
    deliver("tickets", [visit("2026-09-07T08:00")] * 3, until=NOW)
    connection.execute(
        "UPDATE deliveries SET superseded_at = ? WHERE delivery_id = ?", [NOW, old]
    )
    figures = compute(connection, make_city(), NOW).figures
    assert visits(figures, "month/2026-09")["value"] == 3


def test_a_case_told_of_twice_counts_once_and_as_told_last(
    connection, make_city, deliver
) -> None:
    first, second = moment("2026-09-10T05:00"), moment("2026-10-10T05:00")
    told = case("a", "2026-09-07")
    decided = told | {"decided_at": moment("2026-09-20T10:00"), "outcome": "granted"}
    deliver("cases", [decided], until=second, source="second")
    deliver("cases", [told, case("b", "2026-09-08")], until=first, source="first")
    figures = compute(connection, make_city(), NOW).figures
    found = {
        row["kpi"]: row["value"]
        for row in figures.filter(
            pl.col("figure_id").str.ends_with("/bauamt/all/all/month/2026-09")
        ).to_dicts()
    }
    assert found["backlog.received"] == 2
    assert found["backlog.decided"] == 1
    assert found["backlog.open"] == 1


# ---- when to go


def test_when_to_go_is_the_last_eight_closed_weeks(
    connection, make_city, deliver
) -> None:
    # Data are complete up to Friday 20 November; the last closed week ends on the 15th,
    # and the first of the eight begins on 21 September.
    rows = [
        visit("2026-09-18T08:30", 99),  # a Friday before the window
        visit("2026-09-25T08:10", 5),
        visit("2026-10-02T08:20", 10),
        visit("2026-11-13T08:59", 20),
        visit("2026-11-20T08:30", 99),  # a Friday after it
        visit("2026-11-13T09:10", 7),
        visit("2026-11-13T07:50", 12),  # before the office opens at 8
        visit("2026-11-14T08:30", 12),  # on a Saturday, when it does not
    ]
    deliver("tickets", rows, until=moment("2026-11-21T05:00"))
    hours = compute(connection, make_city(), NOW).frames["wait_by_hour"]
    fridays = hours.filter(pl.col("weekday") == 5)
    assert fridays.select(
        "office", "hour", "n", "median_minutes", "p90_minutes"
    ).rows() == [
        ("meldeamt", 8, 3, 10.0, 20.0),
        ("meldeamt", 9, 1, 7.0, 7.0),
        ("meldeamt", 10, None, None, None),
        ("meldeamt", 11, None, None, None),
    ]
    assert set(hours["window_start"]) == {date(2026, 9, 21)}
    assert set(hours["window_end"]) == {date(2026, 11, 15)}
    assert len(hours) == 5 * 4  # every opening hour, and those of no other office
    gaps = hours.filter(pl.col("n").is_null())
    assert set(zip(gaps["state"], gaps["reason"], strict=True)) == {
        ("no_data", "no_rows")
    }


def test_when_to_go_is_for_people_without_an_appointment(
    connection, make_city, deliver
) -> None:
    name = {"de": "Amt", "en": "Office"}
    city = make_city(
        office=[
            {"id": "meldeamt", "name": name},
            {"id": "bauamt", "name": name, "appointment_only": True},
        ]
    )
    booked = {"channel": "appointment", "appointment_at": moment("2026-11-13T08:00")}
    rows = [
        visit("2026-11-13T08:00", 30),
        visit("2026-11-13T08:00", 2, **booked),
        visit("2026-11-13T08:00", 4, office="bauamt", service=None, **booked),
    ]
    deliver("tickets", rows, until=NOW)
    hours = compute(connection, city, NOW).frames["wait_by_hour"]
    assert hours.select("office", "hour", "n", "median_minutes").rows() == [
        ("bauamt", 8, 1, 4.0),
        ("meldeamt", 8, 1, 30.0),
    ]


def test_when_to_go_looks_at_the_queue_where_there_are_no_tickets(
    connection, make_city, deliver
) -> None:
    looks = [
        {
            "office": office,
            "observed_at": moment(f"2026-11-{day}T08:{minute}"),
            "wait_minutes": wait,
            "state": "open",
        }
        for office, day, minute, wait in (
            ("bauamt", "06", 10, 10.0),
            ("bauamt", "06", 50, 30.0),
            ("bauamt", 13, 20, 40.0),
            ("meldeamt", 13, 20, 40.0),
        )
    ]  # fmt: skip
    deliver("queue_samples", looks, until=NOW, source="queue")
    deliver("tickets", [visit("2026-11-13T08:00", 3)], until=NOW, source="tickets")
    hours = compute(connection, make_city(), NOW).frames["wait_by_hour"]
    known = hours.filter(pl.col("n").is_not_null())
    # Two hours, of 10 (the lower median of 10 and 30) and 40 minutes: the lower is 10.
    assert known.select("office", "basis", "n", "median_minutes").rows() == [
        ("bauamt", "queue", 2, 10.0),
        ("meldeamt", "tickets", 1, 3.0),
    ]


def queue_look(day: str, clock: str, state: str, wait: float | None = None):
    return {
        "office": "meldeamt",
        "observed_at": moment(f"{day}T{clock}"),
        "wait_minutes": wait,
        "state": state,
    }


def test_when_to_go_says_how_often_there_were_no_tickets_left(
    connection, make_city, deliver
) -> None:
    """A sold-out look is no wait: on three Fridays at eight somebody waited 10 minutes.

    On one of them tickets ran out half-way through the hour: 50 % of one of three.
    """
    fridays = ("2026-10-30", "2026-11-06", "2026-11-13")
    looks = [queue_look(day, "08:10", "open", 10.0) for day in fridays]
    looks += [queue_look(fridays[0], "08:50", "sold_out", 0.0)]
    looks += [queue_look(fridays[0], "09:10", "sold_out", 0.0)]
    looks += [queue_look(day, "09:10", "open", 4.0) for day in fridays[1:2]]
    deliver("queue_samples", looks, until=NOW, source="queue")
    hours = compute(connection, make_city(), NOW).frames["wait_by_hour"]
    known = hours.filter(pl.col("weekday") == 5, pl.col("n") > 0)
    assert known.select("hour", "n", "median_minutes", "sold_out_percent").rows() == [
        (8, 3, 10.0, pytest.approx(100 * 0.5 / 3)),
        (9, 1, 4.0, None),  # two hours looked at do not say how often
    ]


def test_when_to_go_leaves_out_days_on_which_the_office_is_closed(
    connection, make_city, deliver
) -> None:
    """A display went on showing 1 minute on a day of closure."""
    looks = [
        queue_look("2026-11-06", "08:10", "open", 30.0),
        queue_look("2026-11-13", "08:10", "open", 1.0),
    ]
    deliver("queue_samples", looks, until=NOW, source="queue")
    reason = {"de": "Umzug", "en": "Moving"}
    closure = {"first_on": "2026-11-13", "last_on": "2026-11-13", "reason": reason}
    city = make_city(closure=[closure])
    hours = compute(connection, city, NOW).frames["wait_by_hour"]
    known = hours.filter(pl.col("n").is_not_null())
    assert known.select("weekday", "hour", "n", "median_minutes").rows() == [
        (5, 8, 1, 30.0)
    ]
