"""Addresses: the one place that builds and reads the site's paths."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode

from metrics.catalogue import Language

_MOST_FILTERS = 32


@dataclass(frozen=True)
class Addresses:
    """Builds every address of one city's site in one language.

    German stands at the city's base path, English below "en/". Keywords whose
    value is None are left out of the query, so a filter that is not set needs no
    special case: `addresses.home(amt=None)` is "/".
    """

    base: str = "/"
    language: Language = "de"
    releases: Mapping[str, str] = field(default_factory=dict)  # asset -> content hash

    def to(self, path: str, /, **query: str | None) -> str:
        """Address of a page from its path pattern with the values filled in."""
        language = "" if self.language == "de" else f"{self.language}/"
        return f"{self.base}{language}{quote(path.lstrip('/'))}{_query(query)}"

    def home(self, **query: str | None) -> str:
        return self.to("", **query)

    def office(self, office: str, **query: str | None) -> str:
        return self.to(f"amt/{office}", **query)

    def service(self, service: str, **query: str | None) -> str:
        return self.to(f"leistung/{service}", **query)

    def backlog(self, **query: str | None) -> str:
        return self.to("rueckstand", **query)

    def service_centre(self, **query: str | None) -> str:
        return self.to("servicecenter", **query)

    def comparison(self, **query: str | None) -> str:
        return self.to("vergleich", **query)

    def digital(self, **query: str | None) -> str:
        return self.to("digital", **query)

    def quarter(self, quarter: str, **query: str | None) -> str:
        """`quarter` as in figure ids: 2026-Q3."""
        return self.to(f"quartal/{quarter}", **query)

    def method(self, kpi: str | None = None) -> str:
        return self.to(f"methodik/{kpi}" if kpi else "methodik")

    def way(self, figure_id: str) -> str:
        """Address of the way to one figure, on its KPI's page."""
        kpi = figure_id.partition("/")[0]
        return self.to(f"methodik/{kpi}", zahl=figure_id)

    def data_status(self, **query: str | None) -> str:
        return self.to("datenstand", **query)

    def figures(self, *, form: str = "csv", **query: str | None) -> str:
        """Address of the open data behind a chart (the API serves every language)."""
        filters = {"format": form, "lang": self.language, **query}
        return f"{self.base}api/v1/figures{_query(filters)}"

    def api(self, name: str, **query: str | None) -> str:
        return f"{self.base}api/v1/{name}{_query(query)}"

    def download(self, name: str) -> str:
        """Address of a file of the newest snapshot, such as "figures.csv"."""
        return f"{self.base}daten/aktuell/{quote(name)}"

    def snapshot_file(self, snapshot_id: str, name: str) -> str:
        """Address of a file whose content never changes."""
        return f"{self.base}daten/{quote(snapshot_id)}/{quote(name)}"

    def asset(self, name: str) -> str:
        release = self.releases.get(name)
        return f"{self.base}assets/{quote(name)}{_query({'v': release})}"

    def in_language(self, language: Language) -> "Addresses":
        return Addresses(self.base, language, self.releases)

    def read(self, pathname: str) -> "tuple[Language, str] | None":
        """Language and path ("/", "/amt/x") of an address, None if it is not ours."""
        if not pathname.startswith(self.base):
            return None
        path = pathname[len(self.base) :]
        if path == "en" or path.startswith("en/"):
            return "en", "/" + path[2:].lstrip("/")
        return "de", "/" + path


def read_query(search: str | None) -> dict[str, str]:
    """Read the filters of "?amt=…&zeitraum=…"; of repeated ones the first counts."""
    try:
        pairs = parse_qsl((search or "").lstrip("?"), max_num_fields=_MOST_FILTERS)
    except ValueError:  # more than anybody sets by hand
        return {}
    return dict(reversed(pairs))


def _query(query: Mapping[str, str | None]) -> str:
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"?{urlencode(given, safe='/')}" if given else ""
