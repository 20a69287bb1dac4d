"""Nothing personal gets past the door: not into tables, archive, errors or logs."""

import hashlib
import json
import logging
import stat
import threading
from datetime import UTC, date, datetime

import polars as pl
import pytest

from ingest.delivery import run_source
from ingest.errors import IngestError
from ingest.privacy import (
    installation_key,
    mask_json,
    pseudonyms,
    quarantine_json,
    refuse_bare_numbers,
    shape,
    shape_of,
)
from ingest.warehouse import read_frame

KEY = bytes(range(32))


def test_a_pseudonym_is_the_keyed_blake2b_of_the_text():
    hashed = pseudonyms(KEY)(pl.Series("key", ["A001", None, "A001", "Ä 7"]))
    plain = [
        hashlib.blake2b(text.encode(), key=KEY, digest_size=16).hexdigest()
        for text in ("A001", "Ä 7")
    ]
    assert hashed.to_list() == [plain[0], None, plain[0], plain[1]]


def test_another_installation_has_other_pseudonyms(monkeypatch, tmp_path):
    numbers = pl.Series(["A001"])
    keys = [installation_key(tmp_path / name) for name in ("a", "b")]
    monkeypatch.setenv("AMTSPULS_KEY", "a secret of this city")
    keys.append(installation_key(tmp_path / "a"))
    assert len({pseudonyms(key)(numbers).item() for key in keys}) == 3


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    first = installation_key(tmp_path)
    assert installation_key(tmp_path) == first
    mode = (tmp_path / "secret.key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_runs_that_start_together_agree_on_one_key(tmp_path):
    keys = []
    threads = [
        threading.Thread(target=lambda: keys.append(installation_key(tmp_path)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_a_damaged_key_is_not_silently_replaced(tmp_path):
    (tmp_path / "secret.key").write_text("abcd\n")
    with pytest.raises(IngestError, match="is damaged"):
        installation_key(tmp_path)
    (tmp_path / "secret.key").write_text("not hexadecimal\n")
    with pytest.raises(IngestError, match="is damaged"):
        installation_key(tmp_path)


def test_bare_numbers_stop_a_delivery():
    hashed = pseudonyms(KEY)(pl.Series("ticket_key", ["A001", None]))
    refuse_bare_numbers(pl.DataFrame({"ticket_key": hashed}))
    with pytest.raises(IngestError, match="ticket_key holds values") as caught:
        refuse_bare_numbers(pl.DataFrame({"ticket_key": ["4711-canary"]}))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "other", ["", "f" * 31, "f" * 33, "F" * 32, "g" * 32, "f" * 31 + "\n", "ä" * 16]
)
def test_among_many_hashes_one_that_is_none_is_seen(other):
    hashed = pseudonyms(KEY)(pl.Series([f"A{number}" for number in range(1000)]))
    rows = pl.DataFrame({"case_key": [*hashed, other, None, "f" * (64 - len(other))]})
    with pytest.raises(IngestError, match="no keyed hashes"):
        refuse_bare_numbers(rows)


def test_a_pseudonym_is_the_same_where_numbers_come_again_and_where_not():
    pseudonym = pseudonyms(KEY)
    once = pl.Series([f"Ä{number}" for number in range(100)])
    often = pl.concat([once] * 5)
    assert pl.concat([pseudonym(once)] * 5).equals(pseudonym(often))


def test_a_shape_shows_how_a_text_looks_and_not_what_it_says():
    texts = ["Müller, 3.5.26", "A-007", "日本 ٣", "x" * 100]
    shapes = ["xxxxxx, 9.9.99", "x-999", "xx 9", "x" * 40]
    frame = pl.DataFrame({"text": texts})
    assert frame.select(shape(pl.col("text")))["text"].to_list() == shapes
    assert [shape_of(text) for text in texts] == shapes


def test_a_quarantined_row_shows_known_words_times_and_hashes_only():
    key = pseudonyms(KEY)(pl.Series(["A001"])).item()
    rows = pl.DataFrame(
        {
            "row_number": [7],
            "office": ["meldeamt"],
            "service": ["Erika M. 1"],
            "persons": [2],
            "ticket_key": [key],
        }
    )
    (shown,) = quarantine_json(
        rows, {"office": ["meldeamt"], "service": ["ausweis"]}, date(2000, 1, 1)
    )
    assert json.loads(shown) == {
        "office": "meldeamt",
        "service": "xxxxx x. 9",
        "persons": 2,
        "ticket_key": key,
    }


def test_a_day_on_which_somebody_may_have_been_born_is_not_shown():
    rows = pl.DataFrame(
        {
            "arrived_at": [datetime(1931, 3, 17, tzinfo=UTC), None],
            "called_at": [datetime(2026, 3, 17, 9, 30, tzinfo=UTC), None],
            "rated_on": [date(1931, 3, 17), date(2024, 12, 31)],
        },
    )
    first, second = quarantine_json(rows, {}, date(2000, 1, 1)).to_list()
    assert json.loads(first) == {
        "arrived_at": "9999-99-99x99:99:99x",
        "called_at": "2026-03-17T09:30:00Z",
        "rated_on": "9999-99-99",
    }
    assert json.loads(second)["rated_on"] == "2024-12-31"
    (_, later) = quarantine_json(rows, {}, date(2025, 1, 1)).to_list()
    assert json.loads(later)["rated_on"] == "9999-99-99"


def test_rows_that_an_adapter_could_not_read_are_masked_the_same_way():
    key = pseudonyms(KEY)(pl.Series(["A001"])).item()
    row = {
        "office": "meldeamt",
        "arrived_at": "Erika 3.5.1980",
        "persons": 49171234,
        "nested": {"name": "Erika"},
        "ticket_key": key,
        "case_key": "A001",
        "called_at": None,
    }
    masked = mask_json(
        pl.Series([json.dumps(row), "Erika 7", '["Erika"]']), {"office": ["meldeamt"]}
    )
    first, second, third = masked.to_list()
    assert json.loads(first) == {
        "office": "meldeamt",
        "arrived_at": "xxxxx 9.9.9999",
        "persons": "99999999",
        "nested": "{'xxxx': 'xxxxx'}",
        "ticket_key": key,
        "case_key": "x999",
        "called_at": None,
    }
    assert "Erika" not in second + third


CANARIES = ("Mustermann", "erika@example.org", "15485863", "Kanarienweg", "2147483629")


def test_canary_values_are_nowhere_but_in_the_inbox(
    make_city, visits, folder, put, day_csv, warehouse, now, caplog
):
    """Names in every place where a row may go wrong, and in the right ones."""
    caplog.set_level(logging.DEBUG)
    source = visits(checks={"max_refused_share": 1})
    source["mapping"]["ignored_columns"] = ["Name", "Freitext"]
    lines = day_csv("26.10.2026").splitlines()
    lines[0] += ";Name;Freitext"
    good = [f"{line};Mustermann;erika@example.org" for line in lines[1:]]
    broken = [
        "Mustermann;26.10.2026 10:00;26.10.2026 10:05;26.10.2026 10:09;C1;x;y",
        "meldeamt;Mustermann 15485863;26.10.2026 10:05;26.10.2026 10:09;C2;x;y",
        "meldeamt;26.10.2026 10:00;Kanarienweg 2147483629;26.10.2026 10:09;C3;x;y",
        "meldeamt;26.10.2026 10:00;26.10.2026 09:00;26.10.2026 10:09;15485863;x;y",
        "meldeamt;26.10.2026 10:00;26.10.2026 10:05;26.10.2026 10:09;2147483629;x;y",
        "Kanarienweg 7;Mustermann;;;;erika@example.org;",
    ]
    put("montag.csv", "\n".join([lines[0], *good, *broken]) + "\n")
    put("kaputt.csv", "Mustermann;Kanarienweg;15485863\nerika@example.org;1;2\n")
    put("leer.csv", "Mustermann 15485863 Kanarienweg")
    city = make_city(source)
    runs = run_source(warehouse, city, city.source("visits"), data_dir=folder, now=now)
    assert sorted(run.outcome for run in runs) == ["loaded", "refused", "refused"]
    loaded = next(run for run in runs if run.outcome == "loaded")
    assert (loaded.rows_loaded, loaded.rows_quarantined) == (13, 5)
    warehouse.execute("CHECKPOINT")

    found = {"log": caplog.text, "errors": "".join(str(run.error) for run in runs)}
    tables = read_frame(warehouse, "SELECT table_name FROM information_schema.tables")
    for table in tables["table_name"]:
        rows = read_frame(warehouse, f"FROM {table}")
        found[table] = str(rows.to_dicts())
    for path in folder.rglob("*"):
        if path.is_file() and path.parent.name != "in":
            found[str(path)] = path.read_bytes().decode("latin-1")
            if path.suffix == ".parquet":
                found[f"{path} read"] = str(pl.read_parquet(path).to_dicts())
    leaks = [
        (place, canary)
        for place, text in found.items()
        for canary in CANARIES
        if canary.lower() in text.lower()
    ]
    assert leaks == []
