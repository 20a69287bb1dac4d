"""Downloads are the snapshot's own files, at addresses whose content never changes."""

import io
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from dashboard.excel_csv import excel_csv
from metrics.catalogue import CATALOGUE, REASONS
from metrics.figures import FIGURES
from metrics.frames import FRAMES, INTERNAL_FRAMES
from metrics.snapshot_folder import write_snapshot

FILES = ["manifest.json", "catalogue.json", "sources.json", "calendar.json",
         "figures.csv", "figures.parquet",
         *(f"{name}.parquet" for name in FRAMES
           if name not in INTERNAL_FRAMES)]  # fmt: skip
NUMBERS = {"Wert": "value", "Anzahl (n)": "n", "Zähler": "numerator",
           "Untergrenze": "lower", "Obergrenze": "upper", "Zielwert": "target",
           "Abdeckung": "coverage"}  # fmt: skip
PUBLISHED_AT = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
CATALOGUE_JSON = {name: kpi.model_dump(mode="json") for name, kpi in CATALOGUE.items()}


def snapshot_of(published_dir):
    return (published_dir / "current").readlink().name


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_served_as_it_was_published(open_client, open_published, name):
    snapshot = snapshot_of(open_published)
    response = open_client.get(f"/daten/{snapshot}/{name}")
    assert response.status_code == 200
    assert response.data == (open_published / snapshot / name).read_bytes()
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    again = {"If-None-Match": response.headers["ETag"]}
    assert (
        open_client.get(f"/daten/{snapshot}/{name}", headers=again).status_code == 304
    )


def test_every_file_of_the_snapshot_can_be_downloaded(open_published):
    folder = open_published / "current"
    assert {file.name for file in folder.iterdir()} <= set(FILES)


@pytest.mark.parametrize("name", [*FILES, "figures-excel.csv"])
def test_the_newest_file_is_found_at_one_address(open_client, open_published, name):
    response = open_client.get(f"/daten/aktuell/{name}")
    assert response.status_code == 302
    assert (
        response.headers["Location"] == f"/daten/{snapshot_of(open_published)}/{name}"
    )
    assert response.headers["Cache-Control"] == "public, no-cache"
    assert open_client.get(response.headers["Location"]).status_code == 200


def test_an_older_snapshot_stays_where_it_was(tmp_path, publish_open, client_for):
    publish_open(tmp_path)
    client, first = client_for(tmp_path), snapshot_of(tmp_path)
    before = client.get(f"/daten/{first}/figures.csv").data
    other = pl.read_parquet(tmp_path / first / "figures.parquet").head(3)
    publish_open(tmp_path, figures=other, now=PUBLISHED_AT + timedelta(days=1))
    assert snapshot_of(tmp_path) != first
    assert client.get(f"/daten/{first}/figures.csv").data == before
    newest = client.get("/daten/aktuell/figures.csv").headers["Location"]
    assert client.get(newest).data != before


@pytest.mark.parametrize(
    "path",
    [
        "current/figures.csv",
        "{id}/nothing.csv",
        "{id}/..%2flive.json",
        "{id}/%2e%2e/live.json",
        "..%2f..%2fetc/passwd",
        "{id}/.hidden.csv",
        "{id}/figures.csv%00",
        "aktuell/nothing.csv",
        "aktuell/..%2flive.json",
        "20260101T000000Z-000000000000/figures.csv",
        "{id}",
    ],
)
def test_nothing_else_can_be_reached(open_client, open_published, path):
    address = f"/daten/{path.format(id=snapshot_of(open_published))}"
    assert open_client.get(address).status_code == 404


def test_a_link_in_a_snapshot_is_not_followed(tmp_path, publish_open, client_for):
    folder = publish_open(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("4711")
    (folder / "other.csv").symlink_to(secret)
    assert (
        client_for(tmp_path).get(f"/daten/{folder.name}/other.csv").status_code == 404
    )


def test_the_name_of_a_saved_file_says_that_the_data_are_invented(
    open_client, open_published
):
    snapshot = snapshot_of(open_published)
    response = open_client.get(f"/daten/{snapshot}/figures.csv")
    name = f"musterstadt-beispieldaten-figures-{snapshot}.csv"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'


def read_excel_csv(content):
    assert content.startswith(b"\xef\xbb\xbf")
    return pl.read_csv(io.BytesIO(content), separator=";", infer_schema=False)


def german_number(text):
    return None if text is None else float(text.replace(".", "").replace(",", "."))


def test_the_file_for_excel_says_the_same_in_german(
    open_client, open_published, open_figures
):
    response = open_client.get(
        f"/daten/{snapshot_of(open_published)}/figures-excel.csv"
    )
    table = read_excel_csv(response.data)
    assert table.height == open_figures.height
    for column, name in NUMBERS.items():
        read = [german_number(text) for text in table[column]]
        assert read == open_figures[name].to_list(), column
    first = open_figures.row(0, named=True)
    row = table.filter(pl.col("Kennung") == first["figure_id"]).row(0, named=True)
    assert row["Kennzahl"] == CATALOGUE[first["kpi"]].texts["de"].label
    assert row["Amt"] == "alle Ämter"
    assert row["Beginn"] == f"{first['period_start']:%d.%m.%Y}"
    assert row["Hinweis"] == "Beispieldaten"
    assert set(table["Amt"]) == {"alle Ämter", "Einwohnermeldeamt", "Kfz-Zulassung"}
    assert set(table["Status"]) == {"endgültig", "vorläufig", "gesperrt", "keine Daten"}
    assert REASONS["fewer_than_8"].de in set(table["Grund"])


def test_a_name_that_excel_would_run_as_a_formula_is_disarmed(open_city, open_figures):
    office = open_city.offices[0]
    evil = office.model_copy(
        update={"name": office.name.model_copy(update={"de": '=HYPERLINK("http://x")'})}
    )
    city = open_city.model_copy(update={"offices": (evil, *open_city.offices[1:])})
    below_zero = open_figures.with_columns(value=pl.lit(-1.5))
    table = read_excel_csv(excel_csv(below_zero, CATALOGUE_JSON, city))
    assert '\'=HYPERLINK("http://x")' in set(table["Amt"])
    assert set(table["Wert"]) == {"-1,5"}


def test_without_a_publication_nothing_can_be_downloaded(tmp_path, client_for):
    response = client_for(tmp_path).get("/daten/aktuell/figures.csv")
    assert response.status_code == 503


def test_an_empty_snapshot_gives_a_table_with_heads_only(tmp_path, client_for):
    folder = write_snapshot(
        tmp_path,
        PUBLISHED_AT,
        figures=pl.DataFrame(schema=FIGURES),
        catalogue=CATALOGUE_JSON,
    )
    response = client_for(tmp_path).get(f"/daten/{folder.name}/figures-excel.csv")
    assert read_excel_csv(response.data).height == 0
