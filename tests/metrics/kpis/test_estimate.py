"""How right the display was, worked out by hand."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from metrics.compute import compute
from metrics.explain import explain

NOON = datetime(2026, 9, 15, 10, tzinfo=UTC)  # a Tuesday, 12 o'clock in Kleinstadt
NOW = datetime(2026, 9, 20, 6, tzinfo=UTC)
KPIS = ("mean_error_minutes", "bias_minutes", "share_within_5_minutes")


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def visit(came: float, wait: float | None, **fields: object) -> dict[str, object]:
    arrived = NOON + minutes(came)
    return {
        "office": "meldeamt",
        "service": "ausweis",
        "channel": "walk_in",
        "arrived_at": arrived,
        "called_at": None if wait is None else arrived + minutes(wait),
        "outcome": "left" if wait is None else "served",
        "ticket_key": f"{came}-{wait}-{fields}",
        **fields,
    }


def look(at: float, wait: float | None, **fields: object) -> dict[str, object]:
    return {
        "office": "meldeamt",
        "observed_at": NOON + minutes(at),
        "wait_minutes": wait,
        "state": "open",
        **fields,
    }


def hour(clock: int, estimate, mean, customers) -> dict[str, object]:
    return {
        "office": "bauamt",
        "hour_at": datetime(2026, 9, 15, clock, tzinfo=UTC),
        "customers": customers,
        "mean_wait_minutes": mean,
        "estimated_wait_minutes": estimate,
    }


@pytest.fixture
def figures(make_city, connection, deliver):
    def of(office="meldeamt", **tables):
        for table, rows in tables.items():
            deliver(table, rows, until=NOW, source=table)
        city = make_city()
        computed = compute(connection, city, NOW).figures
        found = []
        for kpi in KPIS:
            name = f"estimate.{kpi}/{office}/all/all/month/2026-09"
            rows = computed.filter(pl.col("figure_id") == name)
            if rows.is_empty():
                return None
            row = rows.row(0, named=True)
            assert explain(connection, city, name, NOW).agrees
            found.append((row["value"], row["n"], row["numerator"], row["reason"]))
        return found

    return of


def test_a_visit_is_held_against_the_last_look_before_it_came(figures):
    """Told 10, came 16: -6. Told 20, came 15: +5. Then 10 minutes without a look."""
    found = figures(
        queue_samples=[look(-12, 99), look(0, 10), look(5, 20)],
        tickets=[visit(1, 16), visit(5, 15), visit(15.1, 3)],
    )
    assert found == [
        (5.5, 2, None, None),
        (-0.5, 2, None, None),
        (50, 2, 1, None),
    ]


def test_of_several_queues_the_longest_wait_was_told(figures):
    found = figures(
        queue_samples=[look(0, 10, queue="A"), look(0, 25, queue="B")],
        tickets=[visit(1, 22)],
    )
    assert found[1] == (3, 1, None, None)


def test_who_had_an_appointment_or_left_or_saw_no_number_is_not_counted(figures):
    found = figures(
        queue_samples=[
            look(0, 10),
            look(20, 99, state="closed"),
            look(40, None, wait_minutes_at_least=60),
        ],
        tickets=[
            visit(1, 12),
            visit(2, 30, channel="appointment", appointment_at=NOON),
            visit(3, None),
            visit(21, 30),
            visit(41, 30),
        ],
    )
    assert found[0] == (2, 1, None, None)


def test_hours_are_weighed_by_their_customers(figures):
    """Estimates are 12 too long for 30, and 4 too short for 10."""
    found = figures(
        "bauamt",
        queue_hours=[hour(7, 20, 8, 30), hour(8, 6, 10, 10), hour(9, 5, 0, 0)],
    )
    assert found == [
        (10, 40, None, None),
        (8, 40, None, None),
        (25, 40, 10, None),
    ]


def test_without_the_number_of_customers_nothing_is_said(figures):
    rows = [hour(7, 20, 8, 30), hour(8, 6, 10, None)]
    assert (
        figures("bauamt", queue_hours=rows)
        == [
            (None, None, None, "no_counts"),
        ]
        * 3
    )


def test_where_nothing_was_told_there_is_no_figure(figures):
    assert figures(tickets=[visit(1, 12)]) is None
