"""Whatever order deliveries come in, what counts is what a plain model says."""

from datetime import UTC, datetime, timedelta

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.adapters.base import REFUSED
from ingest.checks import Checked
from ingest.errors import DeliveryRefused
from ingest.loading import Delivery, load, next_moment
from ingest.warehouse import SCHEMA, read_rows

START = datetime(2026, 1, 1, tzinfo=UTC)

spans = st.none() | st.tuples(st.integers(0, 11), st.integers(1, 6))
deliveries = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), spans, st.integers(0, 4)),
    min_size=1,
    max_size=12,
)


def make(number, source, span, rows):
    first = None if span is None else START + timedelta(days=span[0])
    end = None if span is None else first + timedelta(days=span[1])
    return Delivery(
        source=source,
        table="tickets",
        covers=None if span is None else (first, end),
        content_sha256="0" * 64,
        read_with="1",
        name=f"{number}.csv",
        etag=None,
        last_modified=None,
        received_at=START + timedelta(hours=number),
        rows_read=rows,
        rows_loaded=rows,
        rows_quarantined=0,
    )


def rows_of(number, rows):
    tickets = pl.DataFrame(
        {
            "office": [f"office-{number}"] * rows,
            "outcome": ["served"] * rows,
            "persons": pl.Series(range(rows), dtype=pl.Int32),
        },
        schema_overrides={"office": pl.String, "outcome": pl.String},
    )
    return Checked("tickets", tickets, pl.DataFrame(schema=REFUSED), rows)


def days_of(span):
    return None if span is None else set(range(span[0], span[0] + span[1]))


class Model:
    """What the warehouse should hold: a dict, compared day by day."""

    def __init__(self):
        self.counting = {}
        self.history = []

    def load(self, number, source, span, rows, shrink_to):
        days = days_of(span)
        replaced = []
        for name, (other, earlier, _) in self.counting.items():
            if other != source:
                continue
            if days is None or (earlier is not None and earlier <= days):
                replaced.append(name)
            elif earlier is None or earlier & days:
                return False
        if rows < shrink_to * sum(self.counting[name][2] for name in replaced):
            return False
        for name in replaced:
            del self.counting[name]
        self.counting[number] = (source, days, rows)
        return True

    def visits(self):
        return {
            f"office-{number}": rows
            for number, (_, _, rows) in self.counting.items()
            if rows
        }


def visits(connection, as_of=None):
    offices = read_rows(connection, "tickets", as_of=as_of)["office"]
    return dict(offices.value_counts().iter_rows())


@pytest.fixture(scope="module")
def empty():
    """Return an empty warehouse in memory; hypothesis asks for many."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    for file in sorted(SCHEMA.glob("*.sql")):
        connection.execute(file.read_text())
    yield connection
    connection.close()


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(deliveries, st.sampled_from([0.0, 0.5, 1.0]))
def test_any_order_of_deliveries_leaves_what_a_plain_model_leaves(
    empty, coming, shrink_to
):
    empty.execute("DELETE FROM tickets")
    empty.execute("DELETE FROM deliveries")
    model = Model()
    states = []
    for number, (source, span, rows) in enumerate(coming):
        expected = model.load(number, source, span, rows, shrink_to)
        empty.execute("BEGIN")
        try:
            load(
                empty,
                make(number, source, span, rows),
                rows_of(number, rows),
                shrink_to,
            )
            loaded = True
            empty.execute("COMMIT")
        except DeliveryRefused:
            loaded = False
            empty.execute("ROLLBACK")
        assert loaded is expected
        assert visits(empty) == model.visits()
        states.append(model.visits())
    for number, state in enumerate(states):
        assert visits(empty, as_of=START + timedelta(hours=number)) == state


def test_a_clock_that_went_back_does_not_put_deliveries_out_of_order(warehouse):
    own = warehouse.cursor()
    assert next_moment(own, "a", START) == START
    load(own, make(5, "a", None, 1), rows_of(5, 1), 0)
    later = START + timedelta(hours=5, microseconds=1)
    assert next_moment(own, "a", START) == later
    assert next_moment(own, "b", START) == START
