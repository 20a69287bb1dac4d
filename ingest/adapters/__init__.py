"""The adapters: one module per source format, all of the same shape."""

from collections.abc import Mapping
from typing import Final

from ingest.adapters import table_file
from ingest.adapters.base import Adapter

ADAPTERS: Final[Mapping[str, Adapter]] = {"table_file": table_file}
