"""What is on the shelf is what was made of the same, or nothing."""

import polars as pl
import pytest

from metrics.shelf import Shelf

ROWS = pl.DataFrame({"office": ["a", "b"], "count": [1, 2]})
OTHER = pl.DataFrame({"office": ["c"], "count": [3]})


@pytest.fixture
def shelf(tmp_path) -> Shelf:
    return Shelf(tmp_path / "shelf", "this code")


def test_what_was_put_there_is_found_again(shelf) -> None:
    assert shelf.scan("cases-2025", "deliveries 1 and 2") is None
    put = shelf.put("cases-2025", "deliveries 1 and 2", ROWS)
    found = shelf.scan("cases-2025", "deliveries 1 and 2")
    assert put.collect().equals(ROWS)
    assert found is not None
    assert found.collect().equals(ROWS)


def test_what_was_made_of_something_else_or_by_other_code_is_not(shelf) -> None:
    shelf.put("cases-2025", "deliveries 1 and 2", ROWS)
    assert shelf.scan("cases-2025", "deliveries 1 and 3") is None
    assert shelf.scan("cases-2024", "deliveries 1 and 2") is None
    assert Shelf(shelf.folder, "other code").scan("cases-2025", "...") is None


def test_a_name_has_one_file_and_one_file_has_one_content(shelf) -> None:
    first = shelf.put("cases-2025", "delivery 1", ROWS).collect()
    files = {*shelf.folder.iterdir()}
    shelf.put("cases-2025", "delivery 2", OTHER)
    shelf.put("cases-2025-events", "delivery 2", OTHER)
    assert first.equals(ROWS)
    assert files.isdisjoint(shelf.folder.iterdir())
    assert len([*shelf.folder.iterdir()]) == 2
    assert shelf.scan("cases-2025", "delivery 1") is None


def test_the_latest_of_a_name_is_found_whatever_it_was_made_of(shelf) -> None:
    assert shelf.latest("days_of_cases") is None
    shelf.keep("days_of_cases", ROWS)
    shelf.keep("days_of_cases", OTHER)
    shelf.keep("days_of_tickets", ROWS)
    latest = shelf.latest("days_of_cases")
    assert latest is not None
    assert latest.equals(OTHER)
    assert len([*shelf.folder.iterdir()]) == 2
    assert Shelf(shelf.folder, "other code").latest("days_of_cases") is None


@pytest.mark.parametrize("kept_bytes", [0, 30])
def test_a_damaged_file_counts_as_nothing(shelf, kept_bytes) -> None:
    shelf.put("cases-2025", "delivery 1", ROWS)
    shelf.keep("days_of_cases", ROWS)
    for file in shelf.folder.iterdir():
        file.write_bytes(file.read_bytes()[:kept_bytes])
    assert shelf.scan("cases-2025", "delivery 1") is None
    assert shelf.latest("days_of_cases") is None


def test_what_is_forgotten_is_made_anew(shelf) -> None:
    shelf.put("cases-2025", "delivery 1", ROWS)
    shelf.keep("days_of_cases", ROWS)
    shelf.forget()
    assert shelf.scan("cases-2025", "delivery 1") is None
    assert shelf.latest("days_of_cases") is None


def test_what_a_kill_or_a_full_disk_left_half_written_does_not_stay(
    shelf, monkeypatch
) -> None:
    shelf.folder.mkdir()
    half = shelf.folder / ".cases-2025.0123456789abcdef0123.parquet.new"
    half.write_bytes(b"PAR1")  # as a kill leaves it: its name never comes again
    shelf.put("cases-2025", "delivery 1", ROWS)
    assert not half.exists()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        shelf.put("cases-2025", "delivery 2", OTHER)
    monkeypatch.undo()
    assert len([*shelf.folder.iterdir()]) == 1
    found = shelf.scan("cases-2025", "delivery 1")
    assert found is not None
    assert found.collect().equals(ROWS)
