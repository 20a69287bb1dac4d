"""The adapters: one module per source format, all of the same shape."""

from collections.abc import Mapping
from typing import Final

from ingest.adapters import asterisk_queue_log, open311, queue_feed, table_file, xes
from ingest.adapters.base import Adapter

ADAPTERS: Final[Mapping[str, Adapter]] = {
    "table_file": table_file,
    "queue_feed": queue_feed,
    "open311": open311,
    "asterisk_queue_log": asterisk_queue_log,
    "xes": xes,
}
