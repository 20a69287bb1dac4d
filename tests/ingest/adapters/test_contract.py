"""What every adapter in ADAPTERS keeps to, whatever its format."""

import inspect
import json
import logging
import os
import random
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from ingest.adapters import ADAPTERS
from ingest.adapters.base import REFUSED, Adapter, Download
from ingest.checks import RULES, check
from ingest.city_errors import _UNION_PARTS
from ingest.delivery import run_source
from ingest.errors import IngestError, SourceChanged
from ingest.http_guard import Limits
from ingest.sources import Source
from ingest.warehouse import open_warehouse, read_frame, schema_of
from tests import damage

CANARY = "KANARIENVOGEL"
# `make fuzz` damages each sample 100 000 times.
DAMAGES = int(os.environ.get("AMTSPULS_DAMAGES", "150"))
TABLE = (
    "Nr;Amt;Eingang;Name\n"
    f"V-{CANARY}-1;ema;01.03.2026;{CANARY}\n"
    f"V-{CANARY}-2;ema;gestern;{CANARY}\n"
    f"V-{CANARY}-3;nirgends;02.03.2026;{CANARY}\n"
)
FEED = [
    {"name": "Meldeamt", "wait": 5, "clerk": CANARY, "at": "2026-11-20T10:00:00Z"},
    {"name": "Hundeamt", "wait": 5, "clerk": CANARY, "at": "2026-11-20T10:00:00Z"},
]
REQUESTS = [
    {
        "service_request_id": f"{CANARY}-{number}",
        "status": status,
        "service_code": "1",
        "requested_datetime": "2026-03-01T10:00:00Z",
        "description": CANARY,
    }
    for number, status in enumerate(("open", "verloren"))
]


QUEUE_LOG = (
    f"1772352000|{CANARY}|ema|NONE|ENTERQUEUE||{CANARY}|1\n"
    f"1772352005|{CANARY}|ema|{CANARY}|CONNECT|5|{CANARY}|3\n"
    f"1772352065|{CANARY}|ema|{CANARY}|COMPLETEAGENT|5|60|1\n"
    f"1772352070|{CANARY}|{CANARY}|NONE|ENTERQUEUE||{CANARY}|1\n"
    f"gestern|{CANARY}|ema|{CANARY}|ABANDON|1|1|5\n"
)


def of_columns(*variables):
    return [{"position": n, "variable": name} for n, name in enumerate(variables)]


ZMS = {
    "meta": {"server": CANARY},
    "data": {
        "title": CANARY,
        "period": "day",
        "dictionary": of_columns(
            "subjectid", "date", "hour", "waitingcount", "waitingtime",
            "waitingcalculated", "waitingcount_termin", "waitingtime_termin",
            "waitingcalculated_termin",
        ),
        "data": [["141", "2026-03-02", 9, "3", "10", "0", "x", "0", "0"]],
    },
}  # fmt: skip
RECORDS = [
    {"nr": f"{CANARY}-1", "amt": "ema", "am": "2026-03-02T10:00:00.000", "x": CANARY},
    {"nr": f"{CANARY}-2", "amt": "hundeamt", "am": "2026-03-02T10:00:00.000"},
]
RECORD_COLUMNS = {
    "case_key": {"column": "nr", "key": True},
    "office": {"column": "amt", "values": {"ema": "ema"}},
    "received_at": {"column": "am"},
}
OZG = [
    {"leika_key": "99115005070000", "ars": "069990000000", "online_status": status,
     "aktiv": "ja", "url": f"https://{CANARY}"}
    for status in ("ok", "vielleicht")
]  # fmt: skip
PARKING = {
    "last_updated": "2026-11-22T07:58:00",
    "data_source": CANARY,
    "lots": [
        {"id": "p1", "name": "Rathaus", "total": 100, "free": 40, "state": "open"},
        {"id": "p2", "name": "Markt", "total": 10, "free": "x", "state": "open"},
    ],
}


@pytest.fixture
def interfaces(any_source):
    """Give the samples of the interfaces, that have no file of their own."""
    table = {"table": "cases", "columns": RECORD_COLUMNS}
    made = {
        "zms_warehouse": ({"subject": "waitingscope", "offices": {"141": "ema"}}, ZMS),
        "soda": (table, RECORDS),
        "ckan_datastore": ({**table, "ignored_columns": ["x"]}, RECORDS),
        "ozg_dashboard": ({}, OZG),
        "parkapi": ({}, PARKING),
    }
    return {
        name: (any_source(name, mapping), json.dumps(said).encode(), f"{name}.json")
        for name, (mapping, said) in made.items()
    }


SLOTS = (
    "date,place,who,2026-03-02 08:00:00\n"
    f"2026-03-01 07:00:00,ema,{CANARY},1\n"
    f"2026-03-01 07:15:00,nirgends,{CANARY},1\n"
)
XES = f"""<log xmlns="http://www.xes-standard.org/">
<trace><string key="concept:name" value="{CANARY}-1"/>
<string key="Responsible_actor" value="{CANARY}"/>
<event><string key="concept:name" value="Eingang"/>
<string key="org:resource" value="{CANARY}"/>
<date key="time:timestamp" value="2026-03-01T10:00:00Z"/></event></trace>
<trace><string key="concept:name" value="{CANARY}-2"/>
<event><string key="concept:name" value="Eingang"/>
<date key="time:timestamp" value="gestern"/></event></trace></log>
"""


@pytest.fixture
def samples(table_source, feed_source, open311_source, any_source, interfaces):
    """Per adapter: a source, bytes with one good and one bad row, the file's name."""
    table = table_source(
        {
            "table": "cases",
            "ignored_columns": ["Name"],
            "columns": {
                "case_key": {"column": "Nr", "key": True},
                "office": {"column": "Amt", "values": {"ema": "ema"}},
                "received_at": {"column": "Eingang", "format": "%d.%m.%Y"},
            },
        }
    )
    feed = feed_source(
        {
            "queues": "@",
            "office": {"column": "name", "values": {"Meldeamt": "ema"}},
            "wait_minutes": {"column": "wait"},
            "source_time_at": {"column": "at"},
        }
    )
    requests = open311_source({"office": "ema"})
    calls = {"target_seconds": 30}
    queue_log = any_source(
        "asterisk_queue_log", {"queues": {"ema": "ema"}, "calls": calls}
    )
    slots = any_source(
        "slot_snapshots",
        {
            "observed_at": {"column": "date"},
            "office": {"column": "place", "values": {"ema": "ema"}},
            "ignored_columns": ["who"],
        },
    )
    xes = any_source(
        "xes",
        {
            "columns": {
                "case_key": {"column": "concept:name", "key": True},
                "office": {"value": "ema"},
                "received_at": {"column": "received"},
            },
            "moments": {"received": {"events": ["Eingang"]}},
        },
    )
    return {
        "slot_snapshots": (slots, SLOTS.encode(), "termine.csv"),
        "xes": (xes, XES.encode(), "faelle.xes"),
        "asterisk_queue_log": (queue_log, QUEUE_LOG.encode(), "queue_log"),
        "table_file": (table, TABLE.encode(), "faelle.csv"),
        "queue_feed": (feed, json.dumps(FEED).encode(), "warten.json"),
        "open311": (requests, json.dumps(REQUESTS).encode(), "requests.json"),
        **interfaces,
    }


@pytest.fixture(params=sorted(ADAPTERS))
def name(request):
    return request.param


def test_there_is_an_adapter_for_every_kind_of_source():
    kinds = {
        kind.model_fields["adapter"].annotation.__args__[0]
        for kind in Source.__origin__.__args__
    }
    assert kinds == set(ADAPTERS)


def test_an_adapter_has_the_functions_of_all(name):
    for function in ("downloads", "handed_in", "parse"):
        ours = inspect.signature(getattr(ADAPTERS[name], function))
        agreed = list(inspect.signature(getattr(Adapter, function)).parameters)
        assert list(ours.parameters) == agreed[1:]  # without self


def test_rows_fit_their_table_and_refused_rows_say_why(name, samples, read):
    source, content, file = samples[name]
    parsed = read(source, content, file)
    schema = schema_of(parsed.table)
    assert parsed.rows.height == 1
    assert parsed.refused.height >= 1
    assert parsed.rows_read == parsed.rows.height + parsed.refused.height
    for column, dtype in parsed.rows.schema.items():
        assert dtype == (pl.Int64 if column == "row_number" else schema[column])
    assert parsed.refused.schema == REFUSED
    assert set(parsed.refused["reason"]) <= set(RULES)
    assert parsed.refused["row_number"].null_count() == 0
    assert all(json.loads(row) for row in parsed.refused["row_json"])


def test_what_an_adapter_gives_passes_the_checks(name, samples, read, city, now):
    source, content, file = samples[name]
    checked = check(read(source, content, file), source, city, None, now)
    assert checked.rows.height == 1


def test_nothing_personal_gets_through(name, samples, city, now):
    source, content, file = samples[name]
    parsed = ADAPTERS[name].parse(
        Download(file, content, now),
        source,
        city,
        lambda texts: pl.Series(texts.name, ["hash" for _ in texts], pl.String),
    )
    assert CANARY not in parsed.rows.write_json()
    assert CANARY not in parsed.refused.write_json()


def test_the_same_file_by_hand_gives_the_same_rows(
    name, samples, city, now, hashed, read, tmp_path
):
    source, content, file = samples[name]
    path = tmp_path / file
    path.write_bytes(content)
    (download,) = ADAPTERS[name].handed_in([path], source, city, now)
    by_hand = ADAPTERS[name].parse(download, source, city, hashed)
    fetched = read(source, content, file)
    told_apart = {"observed_at", "state", "wait_minutes"} & set(fetched.rows.columns)
    assert by_hand.rows.drop(told_apart).equals(fetched.rows.drop(told_apart))
    assert by_hand.refused.equals(fetched.refused)


def test_a_source_of_another_adapter_is_refused(name, samples, read, city, now):
    other = next(source for kind, (source, *_) in samples.items() if kind != name)
    with pytest.raises(SourceChanged):
        ADAPTERS[name].parse(
            Download("x.csv", b"x", now), other, city, lambda texts: texts
        )


def test_a_file_that_is_gone_is_an_ingest_error(name, samples, city, now):
    source, *_ = samples[name]
    gone = Download("x.csv", Path("/nirgends/x.csv"), now)
    with pytest.raises(IngestError):
        ADAPTERS[name].parse(gone, source, city, lambda texts: texts)


def test_spans_are_in_order(name, samples, read):
    source, content, file = samples[name]
    first, end = read(source, content, file).covers or (None, None)
    assert first is None or end - first >= timedelta(microseconds=1)


def test_a_damaged_delivery_is_read_or_refused_with_a_sentence(name, samples, read):
    source, content, file = samples[name]
    chance = random.Random(name)  # noqa: S311 - repeatable
    outcomes = set()
    for _ in range(DAMAGES):
        damaged = chance.choice(damage.ALL)(content, chance)
        try:
            parsed = read(source, damaged, file)
        except IngestError as error:
            outcomes.add("refused")
            assert len(str(error)) > len(file)  # noqa: PT017 - a sentence
            assert CANARY not in str(error)  # noqa: PT017
            continue
        outcomes.add("read")
        assert parsed.rows_read >= parsed.rows.height + parsed.refused.height
        assert parsed.refused.schema == REFUSED
    assert outcomes == {"read", "refused"}


def damaged(content: bytes) -> list[bytes]:
    """Return what may come: as it should be, cut off, other words, an error page."""
    return [
        content,
        content[: len(content) // 2],
        content.replace(b"2026", CANARY.encode()),
        f"{CANARY};{CANARY}\n{CANARY};1\n".encode(),
        f'{{"error": "{CANARY}", "records": ["{CANARY}"]}}'.encode(),
        f"<!DOCTYPE html><html>{CANARY}</html>".encode(),
    ]


def test_people_are_nowhere_after_good_and_bad_deliveries(
    name, samples, city, now, server, tmp_path, caplog
):
    caplog.set_level(logging.DEBUG)
    source, content, file = samples[name]
    folder = tmp_path / city.id
    warehouse = open_warehouse(folder / "warehouse.duckdb")
    paths = []
    for number, bad in enumerate(damaged(content)):
        paths.append(tmp_path / str(number) / file)
        paths[-1].parent.mkdir()
        paths[-1].write_bytes(bad)
    lenient = source.checks.model_copy(update={"max_refused_share": 1.0})
    by_hand = source.model_copy(update={"checks": lenient})
    fetched = by_hand.model_copy(
        update={"url": f"{server.url}/x", "folder": None, "private_host": True}
    )
    runs = []

    def run(source, **files):
        runs.extend(
            run_source(
                *(warehouse, city, source),
                data_dir=folder,
                now=now,
                limits=Limits(retries=0),
                **files,
            )
        )

    for path in paths:
        run(by_hand, files=[path])
    for body, status in [(bad, 200) for bad in damaged(content)] + [(content, 500)]:
        once = [body]  # then 404: who turns pages would never come to an end
        server.status = status
        server.answer = lambda *_, once=once: once.pop() if once else None
        run(fetched)
    assert {"loaded"} < {one.outcome for one in runs}

    warehouse.execute("CHECKPOINT")
    found = {"log": caplog.text, "runs": str(runs)}
    for (table,) in warehouse.execute("SHOW TABLES").fetchall():
        found[table] = str(read_frame(warehouse, f"FROM {table}").to_dicts())
    warehouse.close()
    for path in folder.rglob("*.*"):
        found[str(path)] = path.read_bytes().decode("latin-1") if path.is_file() else ""
        if path.suffix == ".parquet":
            found[f"{path} read"] = str(pl.read_parquet(path).to_dicts())
    assert [place for place, text in found.items() if CANARY in text.upper()] == []


def test_errors_of_a_city_file_never_name_parts_of_a_union():
    assert set(ADAPTERS) <= _UNION_PARTS
