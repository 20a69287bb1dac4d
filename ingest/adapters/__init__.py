"""The adapters: one module per source format, all of the same shape."""

from collections.abc import Mapping
from typing import Final

from ingest.adapters import (
    asterisk_queue_log,
    ckan_datastore,
    open311,
    ozg_dashboard,
    parkapi,
    queue_feed,
    slot_snapshots,
    soda,
    table_file,
    xes,
    zms_warehouse,
)
from ingest.adapters.base import Adapter

ADAPTERS: Final[Mapping[str, Adapter]] = {
    "table_file": table_file,
    "queue_feed": queue_feed,
    "open311": open311,
    "asterisk_queue_log": asterisk_queue_log,
    "xes": xes,
    "slot_snapshots": slot_snapshots,
    "zms_warehouse": zms_warehouse,
    "soda": soda,
    "ckan_datastore": ckan_datastore,
    "ozg_dashboard": ozg_dashboard,
    "parkapi": parkapi,
}
