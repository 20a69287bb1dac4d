"""The command line, used as an operator uses it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.warehouse import open_warehouse

ROOT = Path(__file__).parents[1]

CITY = """
[city]
id = "kleinstadt"
name = "Kleinstadt"
ars = "051200000000"
state = "NW"
timezone = "Europe/Berlin"
publisher = "Stadt Kleinstadt"
licence = "dl-de/by-2-0"
contact = { name = "Pressestelle", mail = "presse@kleinstadt.example" }

[[office]]
id = "buergeramt"
name = { de = "Bürgeramt", en = "Citizens' office" }

[[source]]
id = "aufrufe"
adapter = "table_file"
publisher = "Stadt Kleinstadt"
licence = "dl-de/by-2-0"
folder = "eingang"
pattern = "*.csv"
every = "15min"
max_age = "2d"

[source.mapping]
table = "tickets"
ignored_columns = ["Name"]
columns.office = { value = "buergeramt" }
columns.arrived_at = { column = "Ankunft", format = "%d.%m.%Y %H:%M" }
columns.called_at = { column = "Aufruf", format = "%d.%m.%Y %H:%M" }
columns.outcome = { value = "served" }

[publish]
cells = [{ kpis = ["waiting.*"], by = ["city"], grains = ["month"] }]
"""
ROWS = "Ankunft;Aufruf;Name\n01.09.2026 09:00;01.09.2026 09:10;Meier\n"


@pytest.fixture
def place(tmp_path):
    (tmp_path / "stadt.toml").write_text(CITY, encoding="utf-8")
    inbox = tmp_path / "data" / "kleinstadt" / "eingang"
    inbox.mkdir(parents=True)
    (inbox / "september.csv").write_text(ROWS, encoding="utf-8")
    return tmp_path


def environment(place):
    return {
        **os.environ,
        "AMTSPULS_CITY": str(place / "stadt.toml"),
        "AMTSPULS_DATA": str(place / "data"),
    }


def amtspuls(place, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "amtspuls", *arguments],
        env=environment(place),
        capture_output=True,
        text=True,
        cwd=ROOT,
    )


def test_a_wrong_city_file_is_refused_with_every_error_and_exit_code_1(place):
    wrong = CITY.replace('state = "NW"', 'state = "XY"').replace(
        'every = "15min"', 'every = "oft"'
    )
    (place / "stadt.toml").write_text(wrong, encoding="utf-8")
    answer = amtspuls(place, "check")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert "[city] state: is 'XY'" in answer.stderr
    assert "[[source]] \"aufrufe\" every: is 'oft'" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_wrong_use_ends_with_exit_code_2(place):
    assert amtspuls(place, "ingest", "--nonsense").returncode == 2


def test_an_unknown_source_is_named_with_the_known_ones(place):
    answer = amtspuls(place, "ingest", "anrufe")
    assert answer.returncode == 1
    assert "no source anrufe; it has: aufrufe" in answer.stderr


def test_check_says_what_would_be_loaded_and_leaves_nothing_behind(place):
    answer = amtspuls(place, "check", "--json", "--quiet")
    (source,) = json.loads(answer.stdout)
    assert answer.returncode == 0
    assert source["rows_loaded"] == 1
    assert source["filled"] == dict.fromkeys(
        ("office", "arrived_at", "called_at", "outcome"), 100.0
    )
    assert "persons" in source["empty"]
    assert source["dropped"] == ["Name"]
    assert list((place / "data" / "kleinstadt").iterdir()) == [
        place / "data" / "kleinstadt" / "eingang"
    ]


def test_check_of_an_unknown_column_says_what_to_write_where(place):
    more = ROWS.replace("Ankunft;", "Schalterpost;Ankunft;").replace("\n01", "\nx;01")
    inbox = place / "data" / "kleinstadt" / "eingang"
    (inbox / "september.csv").write_text(more, encoding="utf-8")
    answer = amtspuls(place, "check", "--quiet")
    assert answer.returncode == 1
    assert '"Schalterpost" is not known' in answer.stdout
    assert "nan" not in answer.stdout


def test_check_of_a_missing_folder_names_the_entry_of_the_city_file(place):
    inbox = place / "data" / "kleinstadt" / "eingang"
    (inbox / "september.csv").unlink()
    inbox.rmdir()
    answer = amtspuls(place, "check", "--quiet")
    assert answer.returncode == 1
    assert "or mend [[source]] folder" in answer.stdout


def test_a_figure_that_does_not_exist_is_said_in_one_sentence(place):
    amtspuls(place, "ingest", "--quiet")
    answer = amtspuls(place, "explain", "waiting.nonsense/all/all/all/month/2026-09")
    assert answer.returncode == 1
    assert "there is no figure waiting.nonsense" in answer.stderr


def test_serving_before_anything_was_published_says_what_to_do(place):
    with subprocess.Popen(
        [sys.executable, "-m", "amtspuls", "serve", "--port", "0"],
        env=environment(place),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as serving:
        line = serving.stdout.readline()
        serving.send_signal(signal.SIGTERM)
        serving.wait(10)
    assert line.startswith("Kleinstadt: http://127.0.0.1:")


def test_status_answers_while_another_process_holds_the_warehouse(place):
    assert amtspuls(place, "ingest", "--quiet").returncode == 0
    assert amtspuls(place, "publish", "--quiet").returncode == 0
    free = json.loads(amtspuls(place, "status", "--json").stdout)
    with open_warehouse(place / "data" / "kleinstadt" / "warehouse.duckdb"):
        held = amtspuls(place, "status", "--json")
        ingest = amtspuls(place, "ingest", "--quiet")
    assert json.loads(held.stdout) == free
    assert free[0]["rows_loaded"] == 1
    assert ingest.returncode == 1
    assert f"held by process {os.getpid()}" in ingest.stderr
