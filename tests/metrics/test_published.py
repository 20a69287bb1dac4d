"""What readers see of snapshots: whole ones, at once, whatever happens to writers."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.figures import FIGURES
from metrics.frames import AGEING, FRAMES, INTERNAL_FRAMES, REVISIONS, WAIT_BY_HOUR
from metrics.published import (
    CURRENT,
    Snapshot,
    SnapshotMissing,
    open_current,
    read_live,
)
from metrics.snapshot_folder import (
    csv_bytes,
    json_bytes,
    thin_out,
    write_atomically,
    write_snapshot,
)

ROOT = Path(__file__).resolve().parents[2]
KPI = "waiting.median_minutes"
NOW = datetime(2026, 11, 22, 8, 0, 0, tzinfo=UTC)


def figures(value: float = 14.0, months: int = 3) -> pl.DataFrame:
    rows = [
        {
            "figure_id": f"{KPI}/{office or 'all'}/all/all/month/2026-{month:02}",
            "kpi": KPI,
            "office": office,
            "grain": "month",
            "period_start": date(2026, month, 1),
            "period_end": date(2026, month, 28),
            "value": value,
            "n": 100,
            "state": "final",
            "coverage": 1.0,
        }
        for office in (None, "amt", "standesamt")
        for month in range(months, 0, -1)
    ]
    return pl.DataFrame(rows, schema=FIGURES)


def test_a_written_snapshot_is_read_back_whole(tmp_path):
    hours = pl.DataFrame(
        [{"office": "amt", "weekday": 1, "hour": 9, "n": 20, "state": "final"}],
        schema=WAIT_BY_HOUR,
    )
    path = write_snapshot(
        tmp_path,
        NOW,
        figures=figures(),
        catalogue={"waiting.median_minutes": {"unit": "minutes"}},
        sources=[{"id": "aufrufe", "is_late": False}],
        calendar={"holidays": []},
        frames={"wait_by_hour": hours},
        manifest={"code_version": "1"},
    )
    snapshot = open_current(tmp_path)
    assert snapshot.path == path
    assert snapshot.id == path.name == snapshot.manifest["id"]
    assert snapshot.id.startswith("20261122T080000Z-")
    assert snapshot.published_at == snapshot.checked_at == NOW
    assert snapshot.catalogue == {"waiting.median_minutes": {"unit": "minutes"}}
    assert snapshot.sources == [{"id": "aufrufe", "is_late": False}]
    assert snapshot.figures.equals(figures())
    assert snapshot.frames["wait_by_hour"].equals(hours)
    assert (snapshot.frames["ageing"].schema, snapshot.frames["revisions"].schema) == (
        AGEING,
        REVISIONS,
    )
    assert snapshot.manifest["code_version"] == "1"


def test_a_series_is_one_population_in_the_order_of_time(tmp_path):
    write_snapshot(tmp_path, NOW, figures=figures())
    snapshot = open_current(tmp_path)
    series = snapshot.series("waiting.median_minutes", "amt", grain="month")
    assert series["office"].to_list() == ["amt"] * 3
    assert [start.month for start in series["period_start"]] == [1, 2, 3]
    city = snapshot.series("waiting.median_minutes", grain="month")
    assert city["office"].null_count() == 3
    unknown = snapshot.series("waiting.median_minutes", "amt", grain="quarter")
    assert unknown.is_empty()
    assert unknown.schema == FIGURES


def test_a_figure_is_found_by_its_id(tmp_path):
    write_snapshot(tmp_path, NOW, figures=figures(value=21.0))
    snapshot = open_current(tmp_path)
    found = snapshot.figure("waiting.median_minutes/amt/all/all/month/2026-02")
    assert found is not None
    assert (found["value"], found["office"]) == (21.0, "amt")
    assert snapshot.figure("waiting.median_minutes/amt/all/all/month/2031-02") is None


def test_figures_are_read_and_parted_once_however_often_they_are_asked(tmp_path):
    path = write_snapshot(tmp_path, NOW, figures=figures(months=12))
    asked = ("waiting.median_minutes", "amt")
    first = open_current(tmp_path).series(*asked, grain="month")
    (path / "figures.parquet").unlink()  # nobody reads it again
    assert open_current(tmp_path).series(*asked, grain="month") is first
    assert first.height == 12


def test_nothing_published_is_said_in_a_sentence(tmp_path):
    with pytest.raises(SnapshotMissing, match="nothing has been published here yet"):
        open_current(tmp_path)


def test_a_broken_snapshot_is_said_in_a_sentence(tmp_path):
    path = write_snapshot(tmp_path, NOW, figures=figures())
    (path / "figures.parquet").write_bytes(b"PAR1 half")
    with pytest.raises(SnapshotMissing, match="cannot be read"):
        Snapshot.read(path)


def test_the_same_content_gives_the_same_bytes_wherever_it_is_written(tmp_path):
    one = write_snapshot(
        tmp_path / "a", NOW, figures=figures(), catalogue={"b": 1, "a": 2}
    )
    two = write_snapshot(
        tmp_path / "b", NOW, figures=figures(), catalogue={"a": 2, "b": 1}
    )
    assert one.name == two.name
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(
        [
            "manifest.json", "catalogue.json", "sources.json", "calendar.json",
            "figures.parquet", "figures.csv",
            *(f"{name}.parquet" for name in FRAMES if name not in INTERNAL_FRAMES),
        ]
    )  # fmt: skip
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_saying_the_same_again_writes_nothing_new(tmp_path):
    first = write_snapshot(tmp_path, NOW, figures=figures(), sources=[{"runs": 1}])
    later = NOW + timedelta(hours=1)
    again = write_snapshot(
        tmp_path,
        later,
        figures=figures(),
        sources=[{"runs": 2}],
        manifest={"deliveries": [{"delivery_id": "another"}]},
    )
    assert again == first
    other = write_snapshot(tmp_path, later, figures=figures(value=15.0))
    assert other != first
    assert open_current(tmp_path).path == other
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 3  # + current


@pytest.mark.parametrize("changed", ["catalogue", "calendar", "manifest"])
def test_another_definition_calendar_or_code_is_another_snapshot(tmp_path, changed):
    first = write_snapshot(tmp_path, NOW, figures=figures(), **{changed: {"x": 1}})
    assert (
        write_snapshot(tmp_path, NOW, figures=figures(), **{changed: {"x": 2}}) != first
    )


def test_a_snapshot_is_not_touched_by_the_next_one(tmp_path):
    first = write_snapshot(tmp_path, NOW, figures=figures())
    before = {path.name: path.read_bytes() for path in first.iterdir()}
    held = open_current(tmp_path)
    write_snapshot(tmp_path, NOW + timedelta(seconds=1), figures=figures(value=99.0))
    assert {path.name: path.read_bytes() for path in first.iterdir()} == before
    assert held.figures["value"].unique().to_list() == [14.0]
    assert open_current(tmp_path).figures["value"].unique().to_list() == [99.0]


def test_fresher_news_of_the_sources_come_without_a_new_snapshot(tmp_path):
    write_snapshot(
        tmp_path, NOW, figures=figures(), sources=[{"id": "a", "is_late": False}]
    )
    before = open_current(tmp_path)
    checked = NOW + timedelta(hours=2)
    write_atomically(
        tmp_path / "sources.json",
        json_bytes(
            {
                "checked_at": checked.isoformat(),
                "sources": [{"id": "a", "is_late": True}],
            }
        ),
    )
    after = open_current(tmp_path)
    assert after.id == before.id
    assert after.figures is before.figures
    assert (after.sources[0]["is_late"], after.checked_at) == (True, checked)
    assert after.version != before.version
    newer = write_snapshot(
        tmp_path, checked + timedelta(hours=1), figures=figures(value=3.0), sources=[]
    )
    assert open_current(tmp_path).path == newer
    assert open_current(tmp_path).sources == []


def test_live_queues_are_read_and_a_replaced_file_is_noticed(tmp_path):
    assert read_live(tmp_path) is None
    queue = {
        "office": "amt",
        "state": "open",
        "observed_at": "2026-11-22T07:59:00Z",
        "source_time_at": None,
        "wait_minutes": 15,
        "wait_minutes_at_least": None,
        "waiting": None,
        "waiting_fewer_than": 5,
        "is_stale": False,
    }
    document = {"generated_at": "2026-11-22T08:00:00Z", "queues": [queue]}
    write_atomically(tmp_path / "live.json", json_bytes(document))
    live = read_live(tmp_path)
    assert live is not None
    assert live.generated_at == NOW
    found = live.of("amt")
    assert found is not None
    assert found.observed_at == NOW - timedelta(minutes=1)
    assert (found.wait_minutes, found.source_time_at) == (15, None)
    assert live.of("standesamt") is None
    assert live.document == document
    assert read_live(tmp_path) is live
    write_atomically(tmp_path / "live.json", json_bytes(document | {"queues": []}))
    emptied = read_live(tmp_path)
    assert emptied is not None
    assert emptied.queues == ()


def test_the_csv_is_what_the_standard_and_spreadsheets_want():
    frame = pl.DataFrame(
        {
            "office": ["amt", "=HYPERLINK(1)", 'a "b", c', "-1", None],
            "value": [14.0, 2.5, None, -3.0, 1234567.0],
            "on": [date(2026, 9, 30)] * 5,
        }
    )
    raw = csv_bytes(frame)
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == raw.count(b"\n") == 6
    assert list(csv.reader(io.StringIO(raw.decode(), newline=""))) == [
        ["office", "value", "on"],
        ["amt", "14", "2026-09-30"],
        ["'=HYPERLINK(1)", "2.5", "2026-09-30"],
        ['a "b", c', "", "2026-09-30"],
        ["'-1", "-3", "2026-09-30"],
        ["", "1234567", "2026-09-30"],
    ]


def test_the_last_snapshot_of_every_day_is_kept(tmp_path):
    """Three a day for three days: all of the last day stay, of the others the last."""
    paths = [
        write_snapshot(
            tmp_path,
            NOW - timedelta(days=days, hours=hours),
            figures=figures(value=days + hours / 8),
        )
        for days in (2, 1, 0)
        for hours in (4, 2, 0)
    ]
    thin_out(tmp_path, NOW, all_within=timedelta(hours=12))
    left = [path for path in paths if path.exists()]
    assert left == [paths[2], paths[5], *paths[6:]]
    thin_out(tmp_path, NOW, all_within=timedelta(0), keep=2)
    assert [path for path in paths if path.exists()] == paths[-2:]
    assert open_current(tmp_path).path == paths[-1]


WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
import polars as pl
from metrics.figures import FIGURES
from metrics.snapshot_folder import write_snapshot

directory, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
for number in range(first, first + count):
    frame = pl.DataFrame(
        {"figure_id": [f"{i}" for i in range(4000)], "value": [float(number)] * 4000},
        schema_overrides={"figure_id": pl.String},
    ).with_columns(
        pl.lit(None).alias(name)
        for name in FIGURES
        if name not in ("figure_id", "value")
    )
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    write_snapshot(
        directory, now, figures=frame, catalogue={"number": number},
        calendar={"number": number}, sources=[{"number": number}],
    )
"""


def writer(directory: Path, first: int, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(directory), str(first), str(count)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )


def assert_whole(snapshot: Snapshot) -> float:
    """All parts of a snapshot carry the number of the publication that wrote it."""
    numbers = {*snapshot.figures["value"].unique(), snapshot.catalogue["number"]}
    numbers |= {snapshot.calendar["number"], snapshot.sources[0]["number"]}
    assert len(numbers) == 1
    assert snapshot.figures.height == 4000
    assert snapshot.id == snapshot.path.name
    return numbers.pop()


def test_readers_see_one_publication_or_the_next_but_never_a_mixture(tmp_path):
    """Publications come from another process, as they do in the field."""
    with writer(tmp_path, 0, 15) as process:
        seen = []
        while process.poll() is None:
            try:
                seen.append(assert_whole(open_current(tmp_path)))
            except SnapshotMissing:
                assert seen == []
    seen.append(assert_whole(open_current(tmp_path)))
    assert process.returncode == 0
    assert seen == sorted(seen)
    assert seen[-1] == 14
    assert len(set(seen)) > 1


def test_a_kill_while_publishing_leaves_a_whole_snapshot_and_the_next_goes_on(tmp_path):
    reached = -1.0
    for after in (0.3, 0.013, 0.031, 0.057):
        with writer(tmp_path, int(reached) + 1, 100_000) as process:
            process.stdout.readline()
            # A busy machine takes its time for the first one.
            while not (tmp_path / CURRENT).exists() and process.poll() is None:
                time.sleep(0.01)
            time.sleep(after)
            os.kill(process.pid, signal.SIGKILL)
        before, reached = reached, assert_whole(open_current(tmp_path))
        assert reached >= before
        for path in tmp_path.iterdir():
            if path.name[0].isdigit():
                assert_whole(Snapshot.read(path))
    with writer(tmp_path, int(reached) + 1, 1) as process:
        assert process.wait() == 0
    assert assert_whole(open_current(tmp_path)) == reached + 1
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_threads_that_read_at_the_same_time_get_the_same_snapshot(tmp_path):
    write_snapshot(tmp_path, NOW, figures=figures())
    found: list[Snapshot] = []
    threads = [
        threading.Thread(target=lambda: found.append(open_current(tmp_path)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(snapshot) for snapshot in found}) == 1


def test_reading_needs_neither_database_nor_http():
    code = "import sys, metrics.published; print(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", f"import json; {code}"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    loaded = set(json.loads(answer.stdout))
    assert loaded.isdisjoint({"duckdb", "requests", "dash"})
