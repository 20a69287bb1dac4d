import json
from datetime import UTC, datetime

import pytest

from ingest.errors import DeliveryRefused, SourceChanged

TICKETS = {
    "table": "tickets",
    "encoding": "windows-1252",
    "header_row": 3,
    "total_rows": {"Nr.": "^Summe"},
    "ignored_columns": ["Name"],
    "columns": {
        "ticket_key": {"column": "Nr.", "key": True},
        "office": {"column": "Amt", "values": {"Meldeämter": "ema", "Kfz": "kfz"}},
        "arrived_at": {"column": "Ankunft", "format": "%d.%m.%Y %H:%M"},
        "called_at": {"column": ["Tag", "Aufruf"], "format": "%d.%m.%Y %H:%M"},
        "outcome": {"value": "served"},
        "persons": {"column": "Personen"},
    },
}
EXPORT = """Aufrufsystem der Stadt Musterstadt
erstellt am 15.03.2026
Nr.;Name;Amt;Ankunft;Tag;Aufruf;Personen
A1;Müller;Meldeämter;14.03.2026 08:00;14.03.2026;08:12;1
A2;Öztürk;Kfz;14.03.2026 08:05;14.03.2026;-;1.000
Summe;;;;;;1.001
"""


def latin(text):
    return text.replace("\n", "\r\n").encode("windows-1252")


def lines(export, *changed):
    """Give the export with its data lines changed."""
    return latin("\n".join([*export.splitlines()[:3], *changed]) + "\n")


@pytest.fixture
def tickets(table_source):
    return table_source(TICKETS)


def test_a_german_export_becomes_typed_rows(tickets, read):
    parsed = read(tickets, latin(EXPORT))
    assert parsed.rows.to_dicts() == [
        {
            "row_number": 4,
            "ticket_key": "#A1",
            "office": "ema",
            "arrived_at": datetime(2026, 3, 14, 7, 0, tzinfo=UTC),
            "called_at": datetime(2026, 3, 14, 7, 12, tzinfo=UTC),
            "outcome": "served",
            "persons": 1,
        },
        {
            "row_number": 5,
            "ticket_key": "#A2",
            "office": "kfz",
            "arrived_at": datetime(2026, 3, 14, 7, 5, tzinfo=UTC),
            "called_at": None,
            "outcome": "served",
            "persons": 1000,
        },
    ]
    assert parsed.refused.is_empty()
    assert parsed.rows_read == 2
    assert parsed.covers == (
        datetime(2026, 3, 13, 23, tzinfo=UTC),
        datetime(2026, 3, 14, 23, tzinfo=UTC),
    )


def test_no_name_is_in_rows_or_refused_rows(tickets, read):
    wrong = EXPORT.replace("Kfz", "Hundesteuer")
    parsed = read(tickets, latin(wrong))
    seen = parsed.rows.write_json() + parsed.refused.write_json()
    assert "Hundesteuer" in seen
    assert "Müller" not in seen
    assert "Öztürk" not in seen
    assert '"A2' not in json.loads(parsed.refused.write_json())[0]["row_json"]


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ("Hund;14.03.2026 08:00;14.03.2026;08:12;1", "office", "unknown_category"),
        ("Kfz;31.02.2026 08:00;14.03.2026;08:12;1", "arrived_at", "unreadable_time"),
        ("Kfz;29.03.2026 02:30;29.03.2026;08:12;1", "arrived_at", "nonexistent_time"),
        ("Kfz;25.10.2026 02:30;25.10.2026;08:12;1", "arrived_at", "ambiguous_time"),
        ("Kfz;14.03.2026 08:00;14.03.2026;08:12;1,5", "persons", "unreadable_number"),
        ("Kfz;14.03.2026 08:00;;;9999999999", "persons", "unreadable_number"),
        ("Kfz;14.03.2026 08:00;14.03.2026;08:12", None, "broken_row"),
        ("Kfz;14.03.2026 08:00;14.03.2026;08:12;1;2", None, "broken_row"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_is_refused_with_its_reason(
    tickets, read, line, field, reason
):
    good = "A2;M;Kfz;14.03.2026 08:00;14.03.2026;08:12;1"
    parsed = read(tickets, lines(EXPORT, f"A1;M;{line}", good))
    assert parsed.rows["ticket_key"].to_list() == ["#A2"]
    refused = parsed.refused.to_dicts()
    assert [(row["row_number"], row["field"], row["reason"]) for row in refused] == [
        (4, field, reason)
    ]
    assert parsed.rows_read == 2


def test_a_file_cut_off_anywhere_is_never_half_loaded(tickets, read):
    """At the end of a line nobody can see a cut; within one it is always noticed."""
    content = latin(EXPORT)
    whole = read(tickets, content).rows.drop("persons")
    refusals = 0
    for length in range(20, len(content) - 2):
        try:
            parsed = read(tickets, content[:length])
        except (DeliveryRefused, SourceChanged):
            refusals += 1
            continue
        # What is read is what the whole file says, but for numbers that lost their end.
        assert parsed.rows.drop("persons").equals(whole.head(parsed.rows.height))
        assert parsed.refused.is_empty()
    assert refusals > 150


def test_a_line_cut_off_in_its_middle_refuses_the_whole_file(tickets, read):
    cut = lines(EXPORT, "A1;M;Kfz;14.03.2026 08:00;14.03.2026;08:12;1", "A2;M;Kfz;14.")
    with pytest.raises(DeliveryRefused, match="ends in the middle of a row"):
        read(tickets, cut.rstrip())


def test_a_last_value_cut_off_refuses_the_whole_file(table_source, read):
    source = table_source(
        {
            "table": "queue_hours",
            "columns": {
                "office": {"value": "ema"},
                "hour_at": {"column": "Stunde"},
            },
        }
    )
    whole = b"Stunde\n2026-03-14 10:00\n2026-03-14 11:00"
    assert read(source, whole).rows.height == 2  # some write no last line break
    with pytest.raises(DeliveryRefused, match="ends in the middle"):
        read(source, whole[:-3])


def test_line_breaks_and_delimiters_inside_quotes_are_part_of_the_field(tickets, read):
    quoted = lines(
        EXPORT,
        '"A;1";"Mül""ler\n;";"Kfz";"14.03.2026 08:00";14.03.2026;08:12;"1"',
        "A2;M;Kfz;14.03.2026 08:00;14.03.2026;08:12;1",
    )
    parsed = read(tickets, quoted)
    assert parsed.rows["ticket_key"].to_list() == ["#A;1", "#A2"]
    assert parsed.rows["row_number"].to_list() == [4, 6]  # lines of the file


def test_both_ways_of_reading_give_the_same(tickets, read):
    rows = [
        f'"A{n}";"M";"Kfz";14.03.2026 08:{n % 60:02};14.03.2026;09:00;{n % 4 + 1}'
        for n in range(200)
    ]
    fast = read(tickets, lines(EXPORT, *rows))
    # One broken line makes the reader go through all rows one by one.
    careful = read(tickets, lines(EXPORT, *rows, "x;y", "Summe;;;;;;"))
    assert careful.rows.equals(fast.rows)
    assert careful.refused["reason"].to_list() == ["broken_row"]


def test_blank_lines_and_rows_of_nothing_but_delimiters_are_no_rows(tickets, read):
    good = "A1;M;Kfz;14.03.2026 08:00;14.03.2026;08:12;1"
    parsed = read(tickets, lines(EXPORT, "", good, ";;;;;;", "", good))
    assert parsed.rows["row_number"].to_list() == [5, 8]
    assert parsed.rows_read == 2


def test_a_row_behind_a_sign_that_nobody_sees_is_not_taken_for_a_blank_line(
    tickets, read
):
    first, second = EXPORT.splitlines()[3:5]
    parsed = read(tickets, lines(EXPORT, f'"{first[:2]}"{first[2:]}', "\x1f" + second))
    assert (parsed.rows.height, parsed.refused.height) == (2, 0)


def test_of_ten_thousand_unknown_columns_some_are_named(tickets, read):
    more = "".join(f";c{number}" for number in range(10_000))
    export = EXPORT.replace("Personen", "Personen" + more, 1)
    with pytest.raises(SourceChanged, match=r"no. 8, no. 9.* and 9970 more") as error:
        read(tickets, latin(export))
    assert len(str(error.value)) < 1_000


def test_empty_fields_at_the_end_of_each_line_are_no_fault(tickets, read):
    good = "A1;M;Kfz;14.03.2026 08:00;14.03.2026;08:12;1;;"
    assert read(tickets, lines(EXPORT, good)).rows.height == 1


def test_a_new_column_refuses_the_delivery_and_says_what_to_do(tickets, read):
    more = EXPORT.replace("Personen", "Personen;Geburtsdatum")
    with pytest.raises(SourceChanged) as refusal:
        read(tickets, latin(more))
    assert '"Geburtsdatum" is not known' in str(refusal.value)
    assert "ignored_columns" in str(refusal.value)


def test_a_renamed_column_refuses_the_delivery_and_shows_the_header(tickets, read):
    renamed = EXPORT.replace("Ankunft", "Eintreffen")
    with pytest.raises(SourceChanged, match=r'"Ankunft" is missing.*Eintreffen'):
        read(tickets, latin(renamed))


def test_a_column_that_stands_there_twice_refuses_the_delivery(tickets, read):
    twice = EXPORT.replace("Name;Amt", "Amt;Amt")
    with pytest.raises(SourceChanged, match="more than once"):
        read(tickets, latin(twice))


def test_values_without_a_column_name_refuse_the_delivery(tickets, read):
    first, second, names, *rows = EXPORT.splitlines()
    nameless = [first, second, f"{names};", *(f"{row};" for row in rows), ""]
    assert read(tickets, latin("\n".join(nameless))).rows.height == 2
    nameless[4] += "1"
    with pytest.raises(SourceChanged, match=r"column 8 has values.*may have slipped"):
        read(tickets, latin("\n".join(nameless)))


def test_windows_1252_read_as_utf_8_is_refused_with_the_line(table_source, read):
    source = table_source({**TICKETS, "encoding": "utf-8-sig"})
    with pytest.raises(DeliveryRefused) as refusal:
        read(source, latin(EXPORT))
    assert "byte 0xFC in line 4" in str(refusal.value)
    assert "windows-1252" in str(refusal.value)


def test_utf_8_read_as_windows_1252_is_refused_instead_of_mojibake(tickets, read):
    with pytest.raises(DeliveryRefused, match=r"is UTF-8.*try 'utf-8-sig'"):
        read(tickets, EXPORT.encode())


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "windows-1252", "mac-roman"]
)
def test_every_named_encoding_is_read(table_source, read, encoding):
    source = table_source({**TICKETS, "encoding": encoding})
    assert read(source, EXPORT.encode(encoding)).rows["office"].to_list() == [
        "ema",
        "kfz",
    ]


def test_zero_bytes_of_a_file_still_being_written_are_refused(tickets, read):
    with pytest.raises(DeliveryRefused, match="zero bytes"):
        read(tickets, latin(EXPORT)[:-20] + b"\0" * 20)


def test_an_unknown_encoding_is_a_mistake_of_the_mapping(table_source, read):
    source = table_source({**TICKETS, "encoding": "utf-9"})
    with pytest.raises(SourceChanged, match="'utf-9' is unknown"):
        read(source, latin(EXPORT))


def test_an_empty_file_is_refused(tickets, read):
    for content in (b"", b" \r\n", b"\xef\xbb\xbf"):
        with pytest.raises(DeliveryRefused):
            read(tickets, content)


def test_a_file_of_header_and_totals_has_no_rows(tickets, read):
    with pytest.raises(SourceChanged, match="no row of this delivery says when"):
        read(tickets, lines(EXPORT, "Summe;;;;;;0"))


def test_a_header_may_break_its_names_over_lines(table_source, read):
    source = table_source(
        {
            "table": "queue_hours",
            "columns": {
                "office": {"value": "ema"},
                "hour_at": {"column": "Beginn der Stunde"},
                "mean_wait_minutes": {"column": "Ø Wartezeit", "format": "mm:ss"},
                "customers": {"column": "Kunden", "missing": ["k. A."]},
            },
        }
    )
    content = (
        '"Beginn\nder  Stunde";"Ø\r\nWartezeit";Kunden\n'
        "2026-03-14 10:00;12:30;5\n2026-03-14 11:00;-;k. A.\n"
    )
    rows = read(source, content.encode()).rows
    assert rows["mean_wait_minutes"].to_list() == [12.5, None]
    assert rows["customers"].to_list() == [5, None]
    assert rows["row_number"].to_list() == [4, 5]


def test_old_line_breaks_without_a_line_feed_are_read(tickets, read):
    old = EXPORT.replace("\n", "\r").encode("windows-1252")
    assert read(tickets, old).rows.height == 2


def test_fixed_values_scale_and_other_time_zones(table_source, read):
    source = table_source(
        {
            "table": "queue_hours",
            "delimiter": ",",
            "decimal": ".",
            "columns": {
                "office": {"value": "ema"},
                "hour_at": {"column": "hour", "timezone": "America/New_York"},
                "mean_wait_minutes": {"column": "seconds", "scale": 1 / 60},
            },
        }
    )
    rows = read(source, b"hour,seconds\n2026-01-05 10:00,90.0\n").rows
    assert rows["mean_wait_minutes"].to_list() == [1.5]
    assert rows["hour_at"].to_list() == [datetime(2026, 1, 5, 15, tzinfo=UTC)]


def test_numbers_keep_their_leading_zeros_where_they_are_texts(table_source, read):
    source = table_source(
        {
            "table": "online_services",
            "columns": {
                "service": {"column": "LeiKa"},
                "observed_on": {"column": "Tag", "format": "%d.%m.%Y"},
                "is_online": {"column": "Online"},
            },
        }
    )
    rows = read(source, b"LeiKa;Tag;Online\n00115005070000;1.3.2026;ja\n").rows
    assert rows["service"].to_list() == ["00115005070000"]
    assert rows["is_online"].to_list() == [True]


def test_a_mapping_of_a_column_that_the_table_lacks_is_a_mistake(table_source, read):
    source = table_source({"table": "tickets", "columns": {"waited": {"column": "A"}}})
    with pytest.raises(SourceChanged, match="fills waited"):
        read(source, b"A\n1\n")


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("total_rows", {"Nr.": "(("}),
        ("columns", {"arrived_at": {"column": "Ankunft", "format": "%Q"}}),
    ],
)
def test_patterns_that_are_none_are_said_to_be(table_source, read, field, change):
    if field == "columns":
        change = {**TICKETS["columns"], **change}
    with pytest.raises((DeliveryRefused, SourceChanged)):
        read(table_source({**TICKETS, field: change}), latin(EXPORT))
