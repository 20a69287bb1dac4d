"""DuckDB alone, into the columns that Amtspuls fills: the fairer comparison.

The tables have 13 and 11 columns, where those that it makes of the files have 5, and
times become moments, which costs most. Nothing is checked, hashed or archived.
"""

from collections.abc import Callable
from pathlib import Path

from ingest.warehouse import open_warehouse
from tests.bench.cities import HEAD
from tests.bench.volume import typed_csv

_STATEMENTS = {
    "tickets": """
        INSERT INTO tickets (delivery_id, office, arrived_at, called_at, finished_at,
            ticket_key, outcome)
        SELECT 'one', Amt, Ankunft, Aufruf, Ende, Nummer, 'served'""",
    "cases": """
        INSERT INTO cases (delivery_id, office, received_at, complete_at, decided_at,
            case_key)
        SELECT 'one', Amt, Eingang, "Vollständig", Entschieden, Aktenzeichen""",
}


def duckdb_same_columns(csv: str, data: str) -> Callable[[], int]:
    """Insert the files into the tables of a new warehouse."""
    connection = open_warehouse(Path(data) / "warehouse.duckdb")
    connection.execute(f"SET TimeZone = '{HEAD['timezone']}'")

    def work() -> int:
        rows = 0
        for table, statement in _STATEMENTS.items():
            files = {"files": f"{csv}/{table}-*.csv"}
            inserted = connection.execute(f"{statement} FROM {typed_csv(table)}", files)
            rows += int(inserted.fetchall()[0][0])
        connection.close()
        return rows

    return work
