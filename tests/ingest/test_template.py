"""What an office fills in is read back without a mapping, cell by cell."""

import io
import json
import zipfile
from datetime import UTC, date, datetime

import polars as pl
import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from ingest.delivery import run_source
from ingest.errors import IngestError
from ingest.rules import CATEGORIES
from ingest.template import SHEET, TABLES, template_of, with_columns
from ingest.template_workbook import EXAMPLES, EXPLANATIONS, LISTS, write_workbook
from ingest.warehouse import columns_of, read_frame, read_rows


@pytest.fixture
def source():
    """Return a source that reads a filled-in template."""

    def source(table, **more):
        return {
            "id": "von-hand",
            "adapter": "table_file",
            "publisher": "Stadt",
            "licence": "dl-de/zero-2.0",
            "every": "1h",
            "max_age": "40d",
            "folder": "in",
            "pattern": "*.*",
            "mapping": {"table": table, "template": True},
            **more,
        }

    return source


@pytest.fixture
def load(make_city, folder, warehouse, now):
    def load(source, path):
        city = make_city(source)
        (run,) = run_source(
            *(warehouse, city, city.source(source["id"])),
            data_dir=folder,
            now=now,
            files=[path],
        )
        return run

    return load


@pytest.fixture
def filled(make_city, source, folder):
    """Fill rows into the template of visits, as a spreadsheet program saves it."""

    def filled(*rows, name="besuche.xlsx", sheet=SHEET, more=()):
        city = make_city(source("tickets"))
        header = [column.header for column in template_of("tickets", city).columns]
        path = folder / name
        with xlsxwriter.Workbook(path) as workbook:
            moment = workbook.add_format({"num_format": "dd.mm.yyyy hh:mm"})
            written = workbook.add_worksheet(sheet)
            written.write_row(0, 0, [*header, *more])
            for line, row in enumerate(rows, 1):
                for label, value in row.items():
                    place = [*header, *more].index(label)
                    if isinstance(value, datetime):
                        written.write_datetime(line, place, value, moment)
                    else:
                        written.write(line, place, value)
        return path

    return filled


def at(hour, minute):
    return datetime(2026, 10, 26, hour, minute)  # noqa: DTZ001 - a local time


def row(**more):
    return {
        "Amt *": "Meldeamt",
        "Ankunft": at(8, 0),
        "Aufruf": at(8, 12),
        "Ergebnis *": "bedient",
        **{name.replace("_", " *"): value for name, value in more.items()},
    }


@pytest.mark.parametrize("table", TABLES)
def test_the_examples_of_a_template_can_be_loaded_as_they_stand(
    table, source, make_city, folder, load, warehouse
):
    city = make_city(source(table))
    template = template_of(table, city)
    path = folder / "vorlage.xlsx"
    write_workbook(template, path)
    examples_first(path)
    run = load(source(table), path)
    assert (run.outcome, run.error, run.wrong_cells) == ("loaded", None, ())
    count = len(template.columns[0].examples)
    assert run.rows_loaded == count >= 2
    rows = read_rows(warehouse, table)
    for column in template.columns:
        given = sum(value != "" for value in column.examples)
        assert rows[column.name].count() == given, column.name


def examples_first(path):
    """Let the sheet of the examples be the one that is filled in."""
    content = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(path, "w") as new:
        for member in old.namelist():
            text = old.read(member)
            if member == "xl/workbook.xml":
                text = text.replace(f'"{SHEET}"'.encode(), b'"leer"')
                text = text.replace(f'"{EXAMPLES}"'.encode(), f'"{SHEET}"'.encode())
            new.writestr(member, text)


def test_an_empty_template_is_refused_with_a_sentence(
    source, make_city, folder, load, warehouse
):
    path = folder / "leer.xlsx"
    write_workbook(template_of("cases", make_city(source("cases"))), path)
    run = load(source("cases"), path)
    assert run.outcome == "refused"
    assert "no row of this delivery" in run.error
    assert read_rows(warehouse, "cases").is_empty()


def test_what_was_filled_in_means_what_it_says(filled, source, load, warehouse):
    path = filled(
        row(Personen=2, Wartenummer="007", Zugang="mit Termin", Termin=at(8, 5)),
        row(Amt_="bauamt", Ankunft="26.10.2026 09:00", Aufruf="26.10.2026 09:30"),
    )
    run = load(source("tickets"), path)
    assert (run.outcome, run.rows_loaded) == ("loaded", 2)
    first, second = read_rows(warehouse, "tickets").sort("arrived_at").to_dicts()
    assert first["office"] == "meldeamt"
    assert first["arrived_at"] == datetime(2026, 10, 26, 7, 0, tzinfo=UTC)
    assert first["appointment_at"] == datetime(2026, 10, 26, 7, 5, tzinfo=UTC)
    assert (first["channel"], first["outcome"]) == ("appointment", "served")
    assert first["persons"] == 2
    assert len(first["ticket_key"]) == 32  # a keyed hash, not the number
    assert second["office"] == "bauamt"
    assert second["called_at"] == datetime(2026, 10, 26, 8, 30, tzinfo=UTC)


def test_a_csv_with_the_same_columns_is_read_the_same_way(
    source, load, folder, warehouse
):
    path = folder / "gezaehlt.csv"
    path.write_text(
        "Amt *;Leistung;Von *;Bis vor *;Eingegangen;Entschieden;Offen am Ende\n"
        "Meldeamt;Ausweis;01.09.2026;01.10.2026;1.204;98;310\n",
        encoding="utf-8",
    )
    assert load(source("case_counts"), path).outcome == "loaded"
    (counted,) = read_rows(warehouse, "case_counts").to_dicts()
    assert (counted["office"], counted["service"]) == ("meldeamt", "ausweis")
    assert counted["period_from"] == date(2026, 9, 1)
    assert (counted["received"], counted["open_at_end"]) == (1204, 310)
    (delivery,) = read_frame(warehouse, "FROM deliveries").to_dicts()
    # Counts of months replace months: from midnight to midnight in Berlin.
    assert delivery["covers_from"] == datetime(2026, 8, 31, 22, tzinfo=UTC)
    assert delivery["covers_to"] == datetime(2026, 9, 30, 22, tzinfo=UTC)


def test_a_wrong_cell_is_named_by_sheet_row_and_column_but_not_quoted(
    filled, source, load, warehouse
):
    path = filled(
        row(),
        row(Amt_="Erika Mustermann"),
        row(Ankunft="gestern, 0171 2345678"),
        row(Personen="zwei"),
        row(Ergebnis_="Kanarienweg 7"),
        row(Ankunft=at(9, 0), Aufruf=at(8, 30)),
        row(Amt_=""),
    )
    run = load(source("tickets"), path)
    assert run.outcome == "refused"
    said = [cell.in_words() for cell in run.wrong_cells]
    assert said == [
        "Blatt Daten, Zeile 3, Spalte Amt *: „xxxxx xxxxxxxxxx“, unbekannte"
        " Bezeichnung, erwartet: eines von Meldeamt, Bauamt",
        "Blatt Daten, Zeile 4, Spalte Ankunft: „xxxxxxx, 9999 9999999“, Zeitangabe"
        " nicht lesbar, erwartet: Datum und Uhrzeit wie 05.10.2026 08:12",
        "Blatt Daten, Zeile 5, Spalte Personen: „xxxx“, Zahl nicht lesbar, erwartet:"
        " eine ganze Zahl ab 0",
        "Blatt Daten, Zeile 6, Spalte Ergebnis *: „xxxxxxxxxxx 9“, unbekannte"
        " Bezeichnung, erwartet: eines von bedient, nicht erschienen, gegangen",
        "Blatt Daten, Zeile 7, Spalte Aufruf: „26.10.2026 08:30“, Aufruf vor der"
        " Ankunft",
        "Blatt Daten, Zeile 8, Spalte Amt *: (leer), Pflichtangabe fehlt, erwartet:"
        " eines von Meldeamt, Bauamt",
    ]
    everything = json.dumps([vars(run)], default=str) + str(
        read_frame(warehouse, "FROM runs").to_dicts()
    )
    for canary in ("Erika", "0171", "zwei", "Kanarien"):
        assert canary not in everything
    assert read_rows(warehouse, "tickets").is_empty()


def test_cells_of_refused_rows_are_named_beside_what_is_loaded(filled, source, load):
    path = filled(*[row(Ankunft=at(8, n)) for n in range(5)], row(Amt_="?"))
    run = load(source("tickets", checks={"max_refused_share": 0.5}), path)
    assert (run.outcome, run.rows_loaded, run.rows_quarantined) == ("loaded", 5, 1)
    assert [(cell.row, cell.column) for cell in run.wrong_cells] == [(7, "Amt *")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"more": ["Name"]}, 'the column "Name" is not known'),
        ({"sheet": "Tabelle1"}, "has no sheet 'Daten', only Tabelle1"),
    ],
)
def test_a_changed_workbook_is_refused_as_a_whole(filled, source, load, change, said):
    run = load(source("tickets"), filled(row(), **change))
    assert run.outcome == "refused"
    assert said in run.error


@pytest.mark.parametrize("table", TABLES)
def test_a_template_has_what_its_table_demands_and_its_words(table, make_city, source):
    template = template_of(table, make_city(source(table)))
    named = {column.name: column for column in template.columns}
    declared = columns_of(table)
    assert set(named) == set(declared) - {"delivery_id"}
    assert all(named[name].is_required == declared[name].is_required for name in named)
    labels = [column.label for column in template.columns]
    assert len(set(labels)) == len(labels)
    for name, words in CATEGORIES.get(table, {}).items():
        assert set(named[name].words.values()) == set(words)
    counts = {len(column.examples) for column in template.columns}
    assert len(counts) == 1
    for column in template.columns:
        # As much as Excel shows beside a cell.
        assert len(f"{column.help} Erwartet: {column.expected}") <= 255


def test_every_column_has_its_rule_in_the_cells(make_city, source, tmp_path):
    template = template_of("tickets", make_city(source("tickets")))
    path = tmp_path / "vorlage.xlsx"
    write_workbook(template, path)
    with CalamineWorkbook.from_path(path) as workbook:
        assert workbook.sheet_names == [SHEET, EXAMPLES, EXPLANATIONS, LISTS]
        lists = workbook.get_sheet_by_name(LISTS).to_python()
        explained = workbook.get_sheet_by_name(EXPLANATIONS).to_python()
    assert [row[0] for row in lists] == ["Amt", "Meldeamt", "Bauamt", ""]
    assert [column.label for column in template.columns] == [
        row[0] for row in explained[-len(template.columns) :]
    ]
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<dataValidation ") == len(template.columns)
    assert "Listen!$A$2:$A$3" in sheet
    # Called before arriving: F is the arrival, G the call.
    assert 'AND($F2&lt;&gt;"",$G2&lt;&gt;"",$G2&lt;$F2)' in sheet


def test_offices_of_one_name_are_told_apart_by_their_ids(make_city, source):
    twins = [
        {"id": one, "name": {"de": "Bürgerbüro", "en": "Office"}}
        for one in ("nord", "sued")
    ]
    city = make_city(source("ratings"), office=twins, service=[])
    office = template_of("ratings", city).columns[0]
    assert list(office.words) == ["Bürgerbüro (nord)", "Bürgerbüro (sued)"]
    mapping = with_columns(city.source("von-hand").mapping, city)
    assert set(mapping.columns["office"].values) == {*office.words, "nord", "sued"}


def test_there_is_no_template_for_what_no_office_fills_in(make_city, source):
    with pytest.raises(IngestError, match="there is no template for 'parking'"):
        template_of("parking", make_city(source("tickets")))


def test_a_mapping_has_columns_or_is_a_template(make_city, source):
    column = {"office": {"column": "Amt"}}
    for mapping in ({"columns": column, "template": True}, {}):
        with pytest.raises(ValueError, match='give either "columns" or "template'):
            make_city(source("tickets", mapping={"table": "tickets", **mapping}))


def test_numbers_of_tickets_stay_texts(filled, source, load, warehouse):
    run = load(source("tickets"), filled(row(Wartenummer=17), row(Wartenummer="18")))
    assert run.rows_loaded == 2
    keys = read_rows(warehouse, "tickets")["ticket_key"]
    assert keys.n_unique() == 2
    assert keys.dtype == pl.String
