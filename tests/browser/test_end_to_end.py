"""The whole way: bytes of a source, over HTTP, to a figure on a page in a browser."""

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

import pytest

from dashboard.server import serve

CITY = """
[city]
id = "kleinstadt"
name = "Kleinstadt"
ars = "051200000000"
state = "NW"
timezone = "Europe/Berlin"
publisher = "Stadt Kleinstadt"
licence = "dl-de/by-2-0"
first_day = 2026-07-01
contact = { name = "Pressestelle", mail = "presse@kleinstadt.example" }

[[office]]
id = "buergeramt"
name = { de = "Bürgeramt", en = "Citizens' office" }
hours.mon = [{ opens = 08:00:00, closes = 16:00:00 }]
hours.tue = [{ opens = 08:00:00, closes = 16:00:00 }]
hours.wed = [{ opens = 08:00:00, closes = 16:00:00 }]
hours.thu = [{ opens = 08:00:00, closes = 16:00:00 }]
hours.fri = [{ opens = 08:00:00, closes = 16:00:00 }]

[[source]]
id = "aufrufe"
adapter = "table_file"
publisher = "Stadt Kleinstadt"
licence = "dl-de/by-2-0"
url = "ADDRESS/aufrufe.csv"
private_host = true
every = "15min"
max_age = "3650d"

[source.mapping]
table = "tickets"
encoding = "cp1252"
header_row = 3
total_rows = { "Marke" = "^Summe$" }
ignored_columns = ["Name"]
covers = { by = "rows", period = "quarter" }
columns.ticket_key = { column = "Marke", key = true }
columns.office = { value = "buergeramt" }
columns.channel = { value = "walk_in" }
columns.arrived_at = { column = "Ankunft", format = "%d.%m.%Y %H:%M" }
columns.called_at = { column = "Aufruf", format = "%d.%m.%Y %H:%M" }
columns.outcome.column = "Ergebnis"
columns.outcome.values = { "bedient" = "served", "gegangen" = "left" }

[[source]]
id = "kaputt"
adapter = "table_file"
publisher = "Stadt Kleinstadt"
licence = "dl-de/by-2-0"
url = "ADDRESS/gibt-es-nicht.csv"
private_host = true
every = "15min"
max_age = "1d"

[source.mapping]
table = "tickets"
columns.office = { value = "buergeramt" }
columns.outcome = { value = "served" }
columns.arrived_at = { column = "Ankunft", format = "%d.%m.%Y %H:%M" }

[[publish.cells]]
kpis = ["waiting.*"]
by = ["city", "office"]
grains = ["day", "month", "quarter", "hour_of_week"]
"""

# Every working day of the third quarter of 2026, one visit; the waits run 1, 2, … 66.
# 66 waits: the median is the ceil(0.5 x 66) = 33rd, 33 minutes; the 90th percentile
# the ceil(0.9 x 66) = 60th, 60 minutes; the mean 33.5, a whole number of minutes: 34.
FIRST_DAY, LAST_DAY = datetime(2026, 7, 1), datetime(2026, 9, 30)  # noqa: DTZ001


def working_days() -> list[datetime]:
    count = (LAST_DAY - FIRST_DAY).days + 1
    days = [FIRST_DAY + timedelta(days=number) for number in range(count)]
    return [day for day in days if day.weekday() < 5]


def export() -> bytes:
    lines = ["Aufrufliste Bürgeramt", "", "Marke;Name;Ankunft;Aufruf;Ergebnis"]
    for number, day in enumerate(working_days(), start=1):
        arrived = day.replace(hour=9)
        called = arrived + timedelta(minutes=number)
        lines.append(
            f"{number};Erika Musterfrau;{arrived:%d.%m.%Y %H:%M};"
            f"{called:%d.%m.%Y %H:%M};bedient"
        )
    # One row that cannot be: called before arriving. It must be refused, with a reason.
    lines.append("900;Max Mustermann;01.09.2026 10:00;01.09.2026 09:00;bedient")
    lines.append("Summe;;;;67")
    return "\r\n".join(lines).encode("cp1252")


@contextmanager
def systems_of_the_city():
    class Export(BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path == "/aufrufe.csv"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/csv" if found else "text/plain")
            self.end_headers()
            self.wfile.write(export() if found else b"404")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Export)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def amtspuls(*arguments: str, data: Path, city: Path) -> subprocess.CompletedProcess:
    environment = {**os.environ, "AMTSPULS_DATA": str(data), "AMTSPULS_CITY": str(city)}
    return subprocess.run(
        [sys.executable, "-m", "amtspuls", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kleinstadt")
    city = folder / "kleinstadt.toml"
    with systems_of_the_city() as address:
        city.write_text(CITY.replace("ADDRESS", address), encoding="utf-8")
        ingested = amtspuls("ingest", "--json", data=folder, city=city)
    publishing = amtspuls("publish", "--quiet", data=folder, city=city)
    assert publishing.returncode == 0, publishing.stderr
    return folder, city, ingested


def test_a_source_that_fails_fails_alone_and_says_why(published):
    *_, ingested = published
    runs = {run["source"]: run for run in json.loads(ingested.stdout)}
    assert ingested.returncode == 1
    assert runs["aufrufe"]["outcome"] == "loaded"
    assert runs["kaputt"]["outcome"] == "failed"
    assert "404" in runs["kaputt"]["error"]


def test_status_counts_what_was_loaded_and_what_was_refused_by_rule(published):
    folder, city, _ = published
    status = amtspuls("status", "--json", data=folder, city=city)
    sources = {source["id"]: source for source in json.loads(status.stdout)}
    assert sources["aufrufe"]["rows_loaded"] == 66
    assert sources["aufrufe"]["refused_by_rule"] == {"called_before_arrived": 1}


def test_the_figure_of_the_page_the_api_and_the_recomputation_are_the_same(
    published, chromium
):
    folder, city, _ = published
    figure = "waiting.median_minutes/buergeramt/all/all/quarter/2026-Q3"
    explained = json.loads(
        amtspuls("explain", figure, "--json", data=folder, city=city).stdout
    )
    assert explained["computed"]["value"] == 33
    assert explained["recounted"]["value"] == 33
    assert explained["agrees"]

    with serve(folder / "kleinstadt" / "published", city, port=0, workers=1) as site:
        address = site.wait_until_ready()
        query = "kpi=waiting.median_minutes&office=buergeramt&grain=quarter"
        with urlopen(f"{address}/api/v1/figures?{query}") as answer:
            (row,) = json.load(answer)["figures"]
        assert (row["value"], row["state"]) == (33, "final")

        page = chromium.new_page(locale="de-DE")
        page.goto(f"{address}/quartal/2026-Q3", wait_until="networkidle")
        german = page.inner_text("main")
        page.goto(f"{address}/en/quartal/2026-Q3", wait_until="networkidle")
        english = page.inner_text("main")
        page.close()
    assert "33 Minuten" in german
    assert "33 minutes" in english


def test_nothing_personal_is_left_anywhere(published):
    folder, *_ = published
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".duckdb" for path in files)
    for path in files:
        content = path.read_bytes()
        assert b"Musterfrau" not in content, path
        assert b"Mustermann" not in content, path
