"""How many rows a delivery or a source has, as far as everybody may know."""

from collections.abc import Mapping
from typing import Any, Final

from ingest.city import City
from metrics.moments import iso, parse_moment

_ABOUT_PEOPLE: Final = frozenset(
    {"tickets", "cases", "case_pauses", "contacts", "ratings"}
)


def protect_counts(about: Mapping[str, Any], city: City) -> dict[str, Any]:
    """Say of a delivery or a source how many rows about people it has, but not exactly.

    A month's file of one office is how many cases it received, to the last one; and the
    latest moment of its rows is that of one person.
    """
    if about["table"] not in _ABOUT_PEOPLE:
        return dict(about)
    base = city.publish.rounding_base
    loaded = max(base, (2 * about["rows_loaded"] + base) // (2 * base) * base)
    said = {**about, "rows_loaded": loaded}
    if "warned_by_rule" in about:
        said["warned_by_rule"] = [
            rule | {"count": max(base, rule["count"] // base * base)}
            for rule in about["warned_by_rule"]
        ]
    if "rows_read" in about:
        said["rows_read"] = loaded + about["rows_quarantined"]
    if about.get("data_until"):
        hour = parse_moment(about["data_until"]).replace(minute=0, second=0)
        said["data_until"] = iso(hour)
    return said
