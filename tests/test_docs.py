"""The city files' parts that documents show can be copied as they stand."""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from pydantic import TypeAdapter

from ingest.adapters import ADAPTERS
from ingest.adapters.base import Download
from ingest.city import read_city
from ingest.mappings import Column, TableMapping
from ingest.sources import Source, TableFileSource
from ingest.template import TABLES
from ingest.warehouse import columns_of
from metrics.catalogue import CATALOGUE

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs" / "sources"
CASES = """\
Aktenzeichen;Verfahrensart;Eingangsart;Eingang am;Vollständig am;Bescheid am;\
Erledigt am;Status;Antragsteller;Anschrift;Geburtsdatum;Sachbearbeitung;Bemerkung
B-1;Baugenehmigung;Post;01.07.2026;offen;;;in Bearbeitung;Erika M.;Weg 7;1.1.70;Kurz;?
B-2;Vereinfachtes Verfahren;Portal;01.07.2026 09:15;10.07.2026;03.08.2026;04.08.2026;\
genehmigt;Erika M.;Weg 7;1.1.70;Kurz;eilt
Summe;;;;;;;2;;;;;
"""
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in sorted(DOCS.glob("*.md"))
    for number, block in enumerate(
        re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    )
    if block.startswith("[[source]]")
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_source_that_is_shown_is_one(block):
    (shown,) = tomllib.loads(block)["source"]
    source = TypeAdapter(Source).validate_python(shown)
    assert source.table
    if isinstance(source, TableFileSource):
        assert set(source.mapping.columns) <= set(columns_of(source.table))


def test_the_page_of_templates_names_every_one():
    page = (DOCS / "templates.md").read_text(encoding="utf-8")
    assert all(f"`{table}`" in page for table in TABLES)


def test_the_page_of_tables_explains_every_field_of_a_mapping():
    page = (DOCS / "table-file.md").read_text(encoding="utf-8")
    fields = {*TableMapping.model_fields, *Column.model_fields} - {"columns"}
    assert sorted(name for name in fields if f"`{name}`" not in page) == []


def test_the_export_of_a_case_management_is_read_as_its_page_says():
    page = (DOCS / "case-management.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    source = TypeAdapter(Source).validate_python(tomllib.loads(block)["source"][0])
    city = read_city(ROOT / "data" / "cities" / "musterstadt.toml")
    download = Download(
        "vorgaenge_1.csv", CASES.encode("cp1252"), datetime(2026, 11, 1, tzinfo=UTC)
    )

    def pseudonym(texts):
        return texts.hash().cast(pl.String)

    parsed = ADAPTERS["table_file"].parse(download, source, city, pseudonym)
    assert parsed.refused.is_empty()
    still_open, decided = parsed.rows.sort("row_number").to_dicts()
    assert (still_open["outcome"], still_open["decided_at"]) == (None, None)
    assert (still_open["complete_at"], still_open["channel"]) == (None, "paper")
    assert (decided["outcome"], decided["channel"]) == ("granted", "online")
    assert decided["received_at"] == datetime(2026, 7, 1, 7, 15, tzinfo=UTC)
    assert decided["decided_at"] == datetime(2026, 8, 2, 22, tzinfo=UTC)
    assert {row["service"] for row in (still_open, decided)} == {"baugenehmigung"}
    assert "Erika" not in parsed.rows.write_json()


def test_the_page_on_figures_names_every_family_and_the_tables_it_reads():
    text = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| (.+) \|$", text, re.MULTILINE))
    assert rows.keys() == {kpi.family for kpi in CATALOGUE.values()}
    for kpi in CATALOGUE.values():
        missing = [
            table for table in kpi.tables if f"`{table}`" not in rows[kpi.family]
        ]
        assert missing == [], kpi.id
