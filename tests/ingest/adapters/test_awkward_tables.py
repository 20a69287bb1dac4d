"""Tables as they really come: headers of two rows, totals inside, calls one by one."""

import io
from datetime import UTC, datetime

import pytest
import xlsxwriter
from pydantic import ValidationError

from ingest.adapters.raw_table import joined_names
from ingest.errors import DeliveryRefused, SourceChanged

CALL_TABLE = {
    "table": "contacts",
    "delimiter": "\t",
    "ignored_columns": ["server", "call_id"],
    "columns": {
        "office": {"value": "ema"},
        "line": {"value": "phone"},
        "entered_at": {"column": ["date", "in"], "format": "%y%m%d %H:%M:%S"},
        "outcome": {
            "column": "outcome",
            "values": {
                "AGENT": "answered",
                "HANG": "abandoned",
                "PHANTOM": "no_contact",
            },
        },
        "wait_seconds": {"column": "q_time"},
        "handling_seconds": {"column": "ser_time"},
    },
    "calls": {
        "interval_minutes": 30,
        "target_seconds": 20,
        "abandoned_from_seconds": 1,
    },
}
CALLS = """call_id\tdate\tin\tq_time\toutcome\tser_time\tserver
1\t260302\t7:15:55\t0\tAGENT\t62\tBASCH
2\t260302\t7:29:59\t21\tAGENT\t30\tDORIT
3\t260302\t7:20:00\t50\tHANG\t0\tNO_SERVER
4\t260302\t7:21:00\t0\tHANG\t0\tNO_SERVER
5\t260302\t7:22:00\t0\tPHANTOM\t0\tNO_SERVER
6\t260302\t7:30:00\t20\tAGENT\t10\tGILI
7\t260302\t7:31:00       20\tAGENT\t10\tGILI
8\t260302\t7:32:00\t9\tUNKNOWN\t10\tGILI
"""


@pytest.fixture
def read_table(table_source, read):
    def read_table(mapping, content, name="tabelle.csv"):
        content = content if isinstance(content, bytes) else content.encode()
        return read(table_source(mapping), content, name)

    return read_table


def test_single_calls_are_counted_before_anything_is_stored(read_table):
    found = read_table(CALL_TABLE, CALLS)
    first, second = found.rows.drop("row_number").rows(named=True)
    assert first == {
        "office": "ema", "line": "phone",
        "interval_at": datetime(2026, 3, 2, 6, 0, tzinfo=UTC), "interval_minutes": 30,
        "offered": 3, "answered": 2, "answered_in_target": 1, "abandoned": 1,
        "wait_seconds": 21.0, "handling_seconds": 92.0,
    }  # fmt: skip
    assert (second["offered"], second["answered_in_target"]) == (1, 1)
    assert found.rows_read == 8
    assert found.covers[0] == datetime(2026, 3, 1, 23, tzinfo=UTC)


def test_phantoms_given_up_at_once_and_ragged_rows_are_told(read_table):
    refused = read_table(CALL_TABLE, CALLS).refused
    assert dict(refused.select("row_number", "reason").iter_rows()) == {
        5: "no_contact", 6: "no_contact", 8: "broken_row", 9: "unknown_category",
    }  # fmt: skip
    assert not [word for word in ("GILI", "BASCH") if word in refused.write_json()]


def test_a_sum_of_which_a_part_is_unknown_is_unknown(read_table):
    found = read_table(CALL_TABLE, CALLS.replace("\t30\tDORIT", "\t\tDORIT"))
    assert found.rows["handling_seconds"].to_list() == [None, 10.0]
    assert found.rows["wait_seconds"].to_list() == [21.0, 20.0]


def test_an_answered_call_whose_wait_is_unknown_does_not_count(read_table):
    found = read_table(CALL_TABLE, CALLS.replace("\t21\tAGENT", "\t\tAGENT"))
    assert found.rows["answered"].to_list() == [1, 1]
    assert "missing_value" in found.refused["reason"].to_list()


def test_calls_are_contacts_and_nothing_else(table_source):
    with pytest.raises(ValidationError, match="goes with"):
        table_source({**CALL_TABLE, "table": "tickets"})


def test_a_column_that_a_call_does_not_have_is_a_fault_of_the_mapping(read_table):
    columns = CALL_TABLE["columns"] | {"offered": {"column": "q_time"}}
    with pytest.raises(SourceChanged, match="offered"):
        read_table({**CALL_TABLE, "columns": columns}, CALLS)


def test_a_name_over_several_columns_stands_before_each():
    rows = [["Tag", "Wartezeit", None, "Kunden", ""], ["", "Mittel", "Max", "", "X"]]
    assert joined_names(rows) == [
        "Tag", "Wartezeit Mittel", "Wartezeit Max", "Kunden", "Kunden X",
    ]  # fmt: skip
    assert joined_names([["a", "", "b"]]) == ["a", "", "b"]
    assert joined_names([["a"], ["x", "y"]]) == ["a x", "a y"]


TWO_ROWS = [
    ["Bericht 2026", "", "", ""],
    ["Stunde", "Wartezeit", "", "Kunden"],
    ["", "Mittel", "Max", "Zahl"],
    ["02.03.2026 08:00", "12,5", "40", "8"],
    ["02.03.2026 09:00", "#NAME?", "30", "4"],
    ["Summe", "", "", "12"],
    ["03.03.2026 08:00", "7", "9", "1.020"],
]
HOURS = {
    "table": "queue_hours",
    "header_row": 2,
    "header_rows": 2,
    "total_rows": {"Stunde": "^Summe"},
    "ignored_columns": ["Wartezeit Max"],
    "columns": {
        "office": {"value": "ema"},
        "hour_at": {"column": "Stunde", "format": "%d.%m.%Y %H:%M"},
        "mean_wait_minutes": {"column": "Wartezeit Mittel", "missing": ["#NAME?"]},
        "customers": {"column": "Kunden Zahl"},
    },
}


def as_csv(rows):
    return "".join(";".join(row) + "\n" for row in rows)


def as_xlsx(rows):
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if cell:
                sheet.write_string(number, column, cell)
    sheet.merge_range(1, 1, 1, 2, "Wartezeit")
    book.close()
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("write", "name"), [(as_csv, "bericht.csv"), (as_xlsx, "bericht.xlsx")]
)
def test_a_header_of_two_rows_totals_inside_and_error_cells(read_table, write, name):
    found = read_table(HOURS, write(TWO_ROWS), name)
    rows = found.rows.select("row_number", "mean_wait_minutes", "customers").rows()
    assert rows == [(4, 12.5, 8), (5, None, 4), (7, 7.0, 1020)]
    assert found.refused.is_empty()


def test_a_file_that_ends_within_its_header_is_refused(read_table):
    with pytest.raises(DeliveryRefused, match="header"):
        read_table(HOURS, as_csv(TWO_ROWS[:2]))


def test_a_second_header_row_that_was_renamed_is_told(read_table):
    changed = [row if row[1] != "Mittel" else ["", "Schnitt", "Max", "Zahl"]
               for row in TWO_ROWS]  # fmt: skip
    with pytest.raises(SourceChanged, match="Wartezeit Mittel"):
        read_table(HOURS, as_csv(changed))


def test_an_export_as_socrata_writes_it(read_table):
    """Quoted, American dates with AM and PM, thousands by comma, blanks for null."""
    export = (
        '"Unique Key","Agency","Created Date","Closed Date","Location"\r\n'
        '"1","DSNY","03/02/2026 12:05:00 AM","03/02/2026 01:30:00 PM","(40, -73)"\r\n'
        '"2","DSNY","03/03/2026 11:00:00 PM","",""\r\n'
    )
    mapping = {
        "table": "cases",
        "delimiter": ",",
        "decimal": ".",
        "ignored_columns": ["Location"],
        "columns": {
            "case_key": {"column": "Unique Key", "key": True},
            "office": {"column": "Agency", "values": {"DSNY": "ema"}},
            "received_at": {
                "column": "Created Date",
                "format": "%m/%d/%Y %I:%M:%S %p",
                "timezone": "America/New_York",
            },
            "decided_at": {
                "column": "Closed Date",
                "format": "%m/%d/%Y %I:%M:%S %p",
                "timezone": "America/New_York",
            },
        },
    }
    rows = read_table(mapping, export).rows.select("received_at", "decided_at").rows()
    assert rows == [
        (
            datetime(2026, 3, 2, 5, 5, tzinfo=UTC),
            datetime(2026, 3, 2, 18, 30, tzinfo=UTC),
        ),
        (datetime(2026, 3, 4, 4, 0, tzinfo=UTC), None),
    ]


NAMED = {
    "table": "cases",
    "names": ["Nr", "Eingang", "Ort"],
    "ignored_columns": ["Ort"],
    "columns": {
        "office": {"value": "ema"},
        "case_key": {"column": "Nr", "key": True},
        "received_at": {"column": "Eingang"},
    },
}


@pytest.mark.parametrize("header", ["", "Nr;Eingang;Ort\n"])
def test_files_without_a_header_and_later_ones_with_it(read_table, header):
    body = "1;2026-03-02;hier\n2;2026-03-03;dort\n"
    found = read_table(NAMED, header + body)
    assert found.rows["case_key"].to_list() == ["#1", "#2"]
    first = 2 if header else 1
    assert found.rows["row_number"].to_list() == [first, first + 1]
    assert found.refused.is_empty()


def test_a_header_in_another_order_is_followed_and_other_names_are_told(read_table):
    found = read_table(NAMED, "Eingang;Nr;Ort\n2026-03-02;1;hier\n")
    assert found.rows["case_key"].to_list() == ["#1"]
    with pytest.raises(SourceChanged, match="missing"):
        read_table(NAMED, "Nummer;Eingang;Ort\n1;2026-03-02;hier\n")


def test_files_that_are_days_of_another_zone_cover_those_days(read_table):
    mapping = NAMED | {
        "columns": NAMED["columns"]
        | {"received_at": {"column": "Eingang", "timezone": "UTC"}},
        "covers": {"by": "rows", "timezone": "UTC"},
    }
    rows = "1;2026-03-02 00:10;hier\n2;2026-03-02 23:50;hier\n"
    assert read_table(mapping, rows).covers == (
        datetime(2026, 3, 2, tzinfo=UTC),
        datetime(2026, 3, 3, tzinfo=UTC),
    )
