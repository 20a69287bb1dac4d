"""What the bench's cities have in common: the head of a city file."""

from collections.abc import Mapping
from typing import Final

HEAD: Final[Mapping[str, object]] = {
    "id": "grossstadt",
    "name": "Großstadt",
    "ars": "069990000000",
    "state": "HE",
    "timezone": "Europe/Berlin",
    "contact": {"name": "Rathaus"},
    "publisher": "Stadt",
    "licence": "dl-de/zero-2.0",
}
