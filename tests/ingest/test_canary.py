"""People's data go in, in right and in wrong places; they come out nowhere."""

import io
import json
import logging
import os
import subprocess
import sys
from contextlib import redirect_stderr
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from dashboard.app import create_app
from ingest.city import City
from ingest.delivery import run_source
from ingest.http_guard import Limits
from ingest.status import source_status
from ingest.template import template_of
from ingest.warehouse import open_warehouse, read_frame
from metrics.snapshot import publish, publish_live

ROOT = Path(__file__).parents[2]
# Unusual enough to be nowhere by chance; letters and digits only, so that no way of
# writing (JSON, Parquet, HTML, an address) can hide them.
CANARIES = {
    "name": "Zwrkanarischnik",
    "street": "Kanarienstieg",
    "mail": "kanaria.qx",
    "phone": "015170815471",
    "agent": "Agentkanari",
    "note": "Kanarienlied",
    "number": "KNR4711X",
    "born": "19310317",
    "born_iso": "1931-03-17",
    "born_german": "17.03.1931",
}
NAME = f"{CANARIES['name']}-Öztürk, D'Arcy"
STREET = f"{CANARIES['street']} 7b, {CANARIES['born_german']}"
NOTE = f'"{CANARIES["note"]}" {CANARIES["mail"]}@example.org <b>{CANARIES["phone"]}</b>'
NUMBER = CANARIES["number"]
AGENT = CANARIES["agent"]
BORN = CANARIES["born_german"]
ONCE = Limits(retries=0, read=timedelta(seconds=3), total=timedelta(seconds=5))
COMMON = {
    "publisher": "Stadt",
    "licence": "dl-de/zero-2.0",
    "every": "1h",
    "max_age": "4000d",
    "checks": {"max_refused_share": 1},
}
CELLS = {
    "kpis": ["waiting.*", "processing.*", "backlog.*", "queue.*"],
    "by": ["city", "office"],
    "grains": ["day", "month", "quarter"],
}


def visits_csv(day_csv):
    """Good rows, and one for each way in which a row can be wrong."""
    head, *good = day_csv("26.10.2026", visits=60).splitlines()
    tail = f"{NAME};{STREET};{AGENT};{BORN};{NOTE.replace(';', ',')}".replace('"', "'")
    wrong = [
        f"{NAME};26.10.2026 10:00;26.10.2026 10:05;26.10.2026 10:09;{NUMBER}1",
        f"meldeamt;{STREET};26.10.2026 10:05;26.10.2026 10:09;{NUMBER}2",
        f"meldeamt;{BORN} 00:00;26.10.2026 10:05;26.10.2026 10:09;{NUMBER}3",
        f"meldeamt;26.10.2026 10:00;26.10.2026 09:00;26.10.2026 10:09;{NUMBER}4",
        f"meldeamt;26.10.2026 10:00;;;{NUMBER}5;{NAME};{STREET};{AGENT}",
        f"meldeamt;26.10.2099 10:00;{BORN} 00:00;{BORN} 10:09;{NUMBER}",
        f"{NUMBER};{NAME};{STREET};{AGENT};{NAME}",
    ]
    lines = [f"{head};Name;Anschrift;Sachbearbeitung;Geboren;Notiz"]
    lines += [f"{line}{NUMBER};{tail}" for line in good]
    lines += [f"{line};{tail}" for line in wrong]
    return "\n".join(lines) + "\n"


QUEUES = {
    "queues": [
        {
            "name": "meldeamt",
            "waiting": 3,
            "minutes": 15,
            "clerk": AGENT,
            "next": NUMBER,
        },
        {"name": NAME, "waiting": NUMBER, "minutes": STREET, "note": NOTE},
        {"name": "bauamt", "waiting": f"{NAME} wartet", "minutes": 5},
    ]
}
REQUESTS = [
    {
        "service_request_id": f"{NUMBER}-{number}",
        "status": status,
        "status_notes": NOTE,
        "service_code": code,
        "service_name": NAME,
        "description": NOTE,
        "requested_datetime": moment,
        "updated_datetime": moment,
        "address": STREET,
        "agency_responsible": AGENT,
        "email": f"{CANARIES['mail']}@example.org",
        "phone": CANARIES["phone"],
    }
    for number, (status, code, moment) in enumerate(
        (
            ("open", "1", "2026-10-26T10:00:00Z"),
            (NAME, "1", "2026-10-26T10:00:00Z"),
            ("open", NAME, f"{STREET}"),
            ("closed", STREET, f"{CANARIES['born_iso']}T00:00:00Z"),
        )
    )
]


HOURS = {
    day: [{"opens": "08:00", "closes": "16:00"}]
    for day in ("mon", "tue", "wed", "thu", "fri")
}
DOCUMENT = {
    "city": {
        "id": "teststadt",
        "name": "Teststadt",
        "ars": "069990000000",
        "state": "HE",
        "timezone": "Europe/Berlin",
        "contact": {"name": "Rathaus"},
        "publisher": "Stadt Teststadt",
        "licence": "dl-de/zero-2.0",
    },
    "office": [
        {"id": "meldeamt", "name": {"de": "Meldeamt", "en": "A"}, "hours": HOURS},
        {"id": "bauamt", "name": {"de": "Bauamt", "en": "B"}},
    ],
    "service": [
        {
            "id": "ausweis",
            "leika": "99115005070000",
            "name": {"de": "Ausweis", "en": "Identity card"},
            "office": "meldeamt",
        }
    ],
    "publish": {"cells": [CELLS]},
}


def sources(visits, address):
    """Return sources of every kind that people's data may come through."""
    table = visits(**COMMON)
    table["mapping"]["ignored_columns"] = [
        *("Name", "Anschrift", "Sachbearbeitung", "Geboren", "Notiz")
    ]
    feed = {
        **COMMON,
        "id": "live",
        "adapter": "queue_feed",
        "private_host": True,
        "url": f"{address}/live.json",
        "mapping": {
            "queues": "queues",
            "office": {"column": "name"},
            "waiting": {"column": "waiting"},
            "wait_minutes": {"column": "minutes"},
            "state": {"value": "open"},
        },
    }
    reports = {
        **COMMON,
        "id": "reports",
        "adapter": "open311",
        "folder": "reports",
        "mapping": {"office": "bauamt", "services": {"1": "ausweis"}},
    }
    template = {
        **COMMON,
        "id": "template",
        "adapter": "table_file",
        "folder": "hand",
        "mapping": {"table": "cases", "template": True},
    }
    return [table, feed, reports, template]


def as_toml(value):
    match value:
        case dict():
            inside = (f"{json.dumps(k)} = {as_toml(v)}" for k, v in value.items())
            return f"{{ {', '.join(inside)} }}"
        case list() | tuple():
            return f"[{', '.join(as_toml(one) for one in value)}]"
    return json.dumps(value, ensure_ascii=False)


def workbook(path, city):
    columns = template_of("cases", city).columns
    wrong = {"Amt *": NAME, "Eingang *": STREET, "Ohne Papier": NOTE, "Ergebnis": AGENT}
    good = {"Aktenzeichen *": NUMBER, "Amt *": "Bauamt", "Eingang *": "05.10.2026"}
    rows = [good, *({**good, label: value} for label, value in wrong.items())]
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Daten")
        sheet.write_row(0, 0, [column.header for column in columns])
        for line, row in enumerate(rows, 1):
            for place, column in enumerate(columns):
                sheet.write(line, place, row.get(column.header, ""))


def texts_of_warehouse(warehouse):
    tables = read_frame(warehouse, "SELECT table_name FROM information_schema.tables")
    return {
        table: str(read_frame(warehouse, f"FROM {table}").to_dicts())
        for table in tables["table_name"]
    }


def texts_of_files(folder, but):
    found = {}
    for path in folder.rglob("*"):
        if not path.is_file() or any(part in but for part in path.parts):
            continue
        found[str(path)] = path.read_bytes().decode("latin-1")
        if path.suffix == ".parquet":
            found[f"{path} read"] = str(pl.read_parquet(path).to_dicts())
    return found


def texts_of_site(published, city):
    client = create_app(published, city).server.test_client()
    pages = ["/", "/en/", "/amt/meldeamt", "/amt/bauamt", "/rueckstand", "/daten"]
    api = [f"/api/v1/{name}" for name in ("figures", "catalogue", "sources", "live")]
    texts = {}
    for path in (*pages, "/datenstand", "/quartal/2026-Q4", *api, "/healthz"):
        answer = client.get(path)
        assert answer.status_code in (200, 404, 503), path
        texts[path] = answer.get_data(as_text=True) + str(answer.headers)
    return texts


def amtspuls(*arguments, data, city_file):
    given = {"AMTSPULS_DATA": str(data), "AMTSPULS_CITY": str(city_file)}
    done = subprocess.run(
        [sys.executable, "-m", "amtspuls", *arguments],
        env={**os.environ, **given},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return f"{done.stdout}{done.stderr}"


def leaks(texts):
    return [
        (place, canary)
        for place, text in texts.items()
        for canary in CANARIES.values()
        if canary.lower() in text.lower()
    ]


def damaged(content):
    """Return what may come instead: cut off, people's words alone, a web page."""
    words = f"{NAME};{STREET};{NOTE}\n{NUMBER};{AGENT};{BORN}\n".encode()
    page = f"<!DOCTYPE html><html><title>{NAME}</title>{NOTE}</html>".encode()
    return [content[: len(content) * 2 // 3], words, page, b"{" + words, content * 2]


@pytest.fixture
def city_folder(tmp_path):
    folder = tmp_path / "teststadt"
    for inbox in INBOXES:
        (folder / inbox).mkdir(parents=True)
    return folder


INBOXES = ("in", "reports", "hand", "damaged")


def fill_inboxes(folder, city, day_csv):
    good = {
        "visits": (folder / "in" / "besuche.csv", visits_csv(day_csv).encode()),
        "reports": (folder / "reports" / "a.json", json.dumps(REQUESTS).encode()),
        "live": (folder / "damaged" / "look.json", json.dumps(QUEUES).encode()),
    }
    for path, content in good.values():
        path.write_bytes(content)
    good["template"] = (folder / "hand" / "a.xlsx", b"")
    workbook(good["template"][0], city)
    files = {}
    for source, (path, _) in good.items():
        files[source] = [path]
        for number, content in enumerate(damaged(path.read_bytes())):
            bad = folder / "damaged" / f"{source}{number}{path.suffix}"
            bad.write_bytes(content)
            files[source].append(bad)
    for path in folder.rglob("*.*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return files


def answer_badly(web):
    """Let the live queue's server go wrong in its ways, then answer as it should."""
    words = f"{NAME} {NOTE}"
    body = json.dumps(QUEUES)
    elsewhere = f"http://elsewhere.example/login?user={CANARIES['name']}"
    for status, content, headers in (
        (500, words, {"Content_Type": "text/plain", "X_Reason": NUMBER}),
        (404, words, {}),
        (302, words, {"Location": elsewhere}),
        (200, body[:-30], {"Content_Type": "application/json"}),
        (200, f"<html>{words}", {"Content_Type": "text/html"}),
        (200, words, {"Content_Encoding": "gzip"}),
        (200, body, {"Content_Type": "application/json", "ETag": '"1"'}),
    ):
        web.says("/live.json", content, status=status, **headers)
        yield


def test_people_are_nowhere_but_in_the_inbox(
    city_folder, visits, web, day_csv, now, caplog
):
    caplog.set_level(logging.DEBUG)
    document = {**DOCUMENT, "source": sources(visits, web.url)}
    city_file = city_folder.parent / "stadt.toml"
    lines = (f"{name} = {as_toml(value)}" for name, value in document.items())
    city_file.write_text("\n".join(lines), encoding="utf-8")
    city = City.model_validate(document)
    files = fill_inboxes(city_folder, city, day_csv)
    warehouse = open_warehouse(city_folder / "warehouse.duckdb")
    printed = io.StringIO()
    runs = []

    def run(source, later, files=()):
        runs.extend(
            run_source(
                *(warehouse, city, city.source(source)),
                data_dir=city_folder,
                now=now + timedelta(minutes=later),
                files=files,
                limits=ONCE,
            )
        )

    with redirect_stderr(printed):
        for source, paths in files.items():
            for number, path in enumerate(paths):
                run(source, number, [path])
        for minute, _ in enumerate(answer_badly(web)):
            run("live", 30 + minute)
        publish(warehouse, city, city_file, city_folder, now + timedelta(hours=1))
        publish_live(
            warehouse, city, city_folder / "published", now + timedelta(hours=1)
        )
    outcomes = {(run.source, run.outcome) for run in runs}
    assert {(source, "loaded") for source in files} <= outcomes
    assert {(source, "refused") for source in files} <= outcomes
    assert ("live", "failed") in outcomes
    refused = read_frame(
        warehouse,
        "SELECT DISTINCT source FROM quarantine JOIN deliveries USING (delivery_id)",
    )
    assert set(refused["source"]) == set(files)

    found = texts_of_warehouse(warehouse)
    found["status"] = str(source_status(warehouse, city, now))
    found["runs"] = str(runs)
    found["cells"] = str([cell.in_words() for run in runs for cell in run.wrong_cells])
    found |= texts_of_site(city_folder / "published", city)
    warehouse.execute("CHECKPOINT")
    warehouse.close()
    hand = str(city_folder / "hand" / "a.xlsx")
    for arguments in (
        ("load", "template", hand),
        ("ingest", "--json"),
        ("status", "--json"),
    ):
        said = amtspuls(*arguments, data=city_folder.parent, city_file=city_file)
        assert "Traceback" not in said
        found[" ".join(arguments[:1])] = said
    found["log"] = caplog.text + printed.getvalue()
    found |= texts_of_files(city_folder, but=INBOXES)
    assert "Blatt Daten, Zeile 3" in found["load"]
    assert '"visits"' in found["status"]
    assert leaks(found) == []
    # And what looks for them does find them, in every inbox.
    inside = {place for place, _ in leaks(texts_of_files(city_folder, but=()))}
    assert {Path(place).parent.name for place in inside} >= {"in", "reports", "damaged"}
