"""The open data for programs: /api/v1 serves what the snapshot holds, never more."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlencode

import polars as pl
from flask import Blueprint, Flask, Response, request

from dashboard.addresses import Addresses
from dashboard.answers import (
    allow_everybody,
    answer,
    compress,
    tag_of,
    to_json,
)
from dashboard.downloads import register_downloads, save_as
from dashboard.figure_query import (
    FigureQuery,
    known_values,
    read_query,
    refuse_parameters,
)
from dashboard.health import register_health
from dashboard.i18n import Words
from dashboard.openapi import describe
from dashboard.problems import register_problems, words_of_reader
from dashboard.telling import with_sentences
from dashboard.view import View
from ingest.city import City
from metrics.catalogue import Language
from metrics.figures import FIGURES
from metrics.published import Snapshot, open_current, read_live
from metrics.snapshot_folder import csv_bytes

VERSION: Final = "/api/v1"
JSON: Final = "application/json"
CSV: Final = "text/csv; charset=utf-8"
LIVE_UNITS: Final = {
    **dict.fromkeys(("wait_minutes", "low_minutes", "high_minutes"), "minutes"),
    "waiting": "people",
}
GRAINS: Final = cast("pl.Enum", FIGURES["grain"]).categories.to_list()


def register_api(server: Flask, published_dir: Path, city: City) -> None:
    """Add the API, the downloads and /healthz, and compress what the server answers."""
    api = _Api(published_dir, city)
    blueprint = Blueprint("api", __name__, url_prefix=VERSION)
    for name, view in api.views.items():
        blueprint.add_url_rule(f"/{name}", name.split(".")[0], view)
    register_problems(blueprint, city)
    blueprint.after_request(allow_everybody)
    server.register_blueprint(blueprint)
    register_downloads(server, published_dir, city)
    register_health(server, published_dir)
    server.after_request(compress)


class _Api:
    """The addresses of one city's API."""

    def __init__(self, published_dir: Path, city: City) -> None:
        self._published_dir = published_dir
        self._city = city
        # What is cached must not outlive a change of the city file.
        self._edition = tag_of("city", city.model_dump_json())
        self._last_known: tuple[str, Mapping[str, Sequence[str]]] | None = None
        self.views: Mapping[str, Callable[[], Response]] = {
            "figures": self.figures,
            "catalogue": self.catalogue,
            "sources": self.sources,
            "calendar": self.calendar,
            "revisions": self.revisions,
            "live": self.live,
            "openapi.json": self.openapi,
        }

    def figures(self) -> Response:
        snapshot, words = self._snapshot(), self._words()
        known = self._known(snapshot)
        query = read_query(request.args, known, words)
        tag = self._tag(snapshot.id, words, request.full_path)
        if query.format == "csv":
            found = query.select(snapshot.figures)
            response = answer(
                tag,
                lambda: csv_bytes(self._page(snapshot, found, query, words)),
                CSV,
            )
            save_as(response, self._city, f"figures-{snapshot.id}", "csv")
            response.headers["X-Total-Count"] = str(found.height)
            following = _next_page(query, found.height)
        else:
            following = None
            response = answer(
                tag, lambda: self._figures_json(snapshot, query, words), JSON
            )
        if following:
            response.headers["Link"] = f'<{following}>; rel="next"'
        return self._in_language(response, words)

    def _figures_json(
        self, snapshot: Snapshot, query: FigureQuery, words: Words
    ) -> bytes:
        found = query.select(snapshot.figures)
        page = self._page(snapshot, found, query, words)
        kpis = page.get_column("kpi").unique().sort().to_list()
        head = self._envelope(
            snapshot,
            total=found.height,
            limit=query.limit,
            offset=query.offset,
            next=_next_page(query, found.height),
            kpis={kpi: _kpi(snapshot.catalogue[kpi], words) for kpi in kpis},
        )
        return _with_rows(head, "figures", page)

    def _page(
        self,
        snapshot: Snapshot,
        found: pl.DataFrame,
        query: FigureQuery,
        words: Words,
    ) -> pl.DataFrame:
        page = found.slice(query.offset, query.limit)
        if not query.sentences:
            return page
        view = View(
            city=self._city,
            words=words,
            addresses=Addresses(language=cast("Language", words.language)),
            snapshot=snapshot,
            live=None,
            now=snapshot.published_at,
        )
        return with_sentences(view, page)

    def catalogue(self) -> Response:
        return self._document("catalogue", lambda snapshot: snapshot.catalogue)

    def calendar(self) -> Response:
        return self._document("calendar", lambda snapshot: snapshot.calendar)

    def sources(self) -> Response:
        # How fresh the sources are is found out between two snapshots, too.
        return self._document(
            "sources",
            lambda snapshot: snapshot.sources,
            version=lambda snapshot: snapshot.version,
        )

    def revisions(self) -> Response:
        snapshot, words = self._snapshot(), self._checked_words()
        return self._in_language(
            answer(
                self._tag(snapshot.id, words, "revisions"),
                lambda: _with_rows(
                    self._envelope(snapshot), "revisions", snapshot.frames["revisions"]
                ),
                JSON,
            ),
            words,
        )

    def live(self) -> Response:
        words = self._checked_words()
        live = read_live(self._published_dir)
        document = live.document if live else {"generated_at": None, "queues": []}
        body = to_json({**self._publisher(), "units": LIVE_UNITS, **document})
        return self._in_language(
            answer(tag_of("live", body), lambda: body, JSON), words
        )

    def openapi(self) -> Response:
        snapshot, words = self._snapshot(), self._checked_words()
        base = request.script_root + VERSION
        return self._in_language(
            answer(
                self._tag(snapshot.id, words, f"openapi {base}"),
                lambda: to_json(
                    describe(self._city, self._known(snapshot), words, base)
                ),
                JSON,
            ),
            words,
        )

    def _document(
        self,
        name: str,
        read: Callable[[Snapshot], object],
        *,
        version: Callable[[Snapshot], str] = lambda snapshot: snapshot.id,
    ) -> Response:
        snapshot, words = self._snapshot(), self._checked_words()
        return self._in_language(
            answer(
                self._tag(version(snapshot), words, name),
                lambda: to_json(self._envelope(snapshot, **{name: read(snapshot)})),
                JSON,
            ),
            words,
        )

    def _snapshot(self) -> Snapshot:
        return open_current(self._published_dir)

    def _words(self) -> Words:
        return words_of_reader(self._city)

    def _checked_words(self) -> Words:
        words = self._words()
        refuse_parameters(request.args, self._city.info.languages, words)
        return words

    def _known(self, snapshot: Snapshot) -> Mapping[str, Sequence[str]]:
        """List the values that parameters can have; found once per snapshot."""
        last = self._last_known
        if last is None or last[0] != snapshot.id:
            named = {
                "kpi": list(snapshot.catalogue),
                "office": [office.id for office in self._city.offices],
                "service": [service.id for service in self._city.services],
                "grain": GRAINS,
            }
            known = known_values(snapshot.figures, named)
            known["lang"] = list(self._city.info.languages)
            self._last_known = last = (snapshot.id, known)
        return last[1]

    def _tag(self, version: str, words: Words, question: str) -> str:
        return tag_of(version, self._edition, words.language, question)

    def _publisher(self) -> dict[str, object]:
        info = self._city.info
        return {
            "city": info.id,
            "city_name": info.name,
            "publisher": info.publisher,
            "licence": info.licence,
            "sample_data": info.sample_data,
        }

    def _envelope(self, snapshot: Snapshot, **content: object) -> dict[str, object]:
        origin = {"snapshot": snapshot.id, "published_at": snapshot.manifest["time"]}
        return {**origin, **self._publisher(), **content}

    @staticmethod
    def _in_language(response: Response, words: Words) -> Response:
        response.headers["Content-Language"] = words.language
        if "lang" not in request.args:
            response.vary.add("Accept-Language")
        return response


def _with_rows(head: Mapping[str, object], name: str, rows: pl.DataFrame) -> bytes:
    """Append a frame to a document: Polars writes rows far faster than json does."""
    opened = to_json(head).removesuffix(b"}")
    return b'%s,"%s":%s}' % (opened, name.encode(), rows.write_json().encode())


def _kpi(entry: Mapping[str, Any], words: Words) -> dict[str, object]:
    texts = entry["texts"][words.language]
    return {
        "label": texts["label"],
        "definition": texts["definition"],
        "unit": entry["unit"],
        "decimals": entry["decimals"],
        "direction": entry["direction"],
    }


def _next_page(query: FigureQuery, total: int) -> str | None:
    following = query.offset + query.limit
    if following >= total:
        return None
    arguments = [
        (name, value)
        for name, value in request.args.items(multi=True)
        if name not in ("limit", "offset")
    ]
    arguments += [("limit", str(query.limit)), ("offset", str(following))]
    return f"{request.script_root}{request.path}?{urlencode(arguments)}"
