"""From an address to a page: which page it is, of which snapshot, in which language."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from dash import html
from dash.development.base_component import Component

from dashboard.addresses import Addresses, read_query
from dashboard.components import frame
from dashboard.i18n import Words
from dashboard.view import Page, Scene, View
from ingest.city import City
from metrics.catalogue import Language
from metrics.published import Live, Snapshot, open_current, read_live


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Visit:
    """A page in one of its views; without a page the address is unknown."""

    page: Page | None
    view: View

    def content(self) -> Component:
        if self.page is None:
            return not_found(self.view)
        return self.page.layout(self.view)


@dataclass(frozen=True)
class Edition:
    """What is published right now; all that a page says follows from it."""

    snapshot: Snapshot
    live: Live | None
    now: datetime  # cut to the minute

    @property
    def version(self) -> str:
        live = "" if self.live is None else self.live.generated_at.isoformat()
        return f"{self.snapshot.version} {live} {self.now.isoformat()}"


class Site:
    """One city's pages."""

    def __init__(
        self,
        published_dir: Path,
        city: City,
        pages: Sequence[Page],
        releases: Mapping[str, str],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.city = city
        self.pages = pages
        self._published_dir = published_dir
        self._releases = releases
        self._clock = clock

    def edition(self) -> Edition:
        """Read what is current; raise SnapshotMissing before the first publication."""
        return Edition(
            snapshot=open_current(self._published_dir),
            live=read_live(self._published_dir),
            now=self._clock().replace(second=0, microsecond=0),
        )

    def scene(self, pathname: str) -> Scene:
        """Tell an address's language and path."""
        addresses, path = self._read(pathname)
        return Scene(
            city=self.city,
            words=self._words[addresses.language],
            addresses=addresses,
            path=path,
        )

    def visit(self, edition: Edition, pathname: str, search: str | None) -> Visit:
        """Find the page and take from the query what it understands."""
        addresses, path = self._read(pathname)
        page, parts = self._match(path)
        asked = read_query(search)
        wanted = page.filters if page else ()
        view = View(
            city=self.city,
            snapshot=edition.snapshot,
            live=edition.live,
            words=self._words[addresses.language],
            addresses=addresses,
            now=edition.now,
            path=path,
            parts=parts,
            query={name: asked[name] for name in wanted if name in asked},
        )
        if page is not None and not page.knows(view):
            page = None
        return Visit(page, view)

    def _read(self, pathname: str) -> tuple[Addresses, str]:
        base = Addresses(releases=self._releases)
        language, path = base.read(pathname) or ("de", pathname)
        if language not in self.city.info.languages:
            return base.in_language(self.city.info.languages[0]), pathname
        return base.in_language(language), path

    def _match(self, path: str) -> tuple[Page | None, dict[str, str]]:
        for page in self.pages:
            parts = page.match(path)
            if parts is not None:
                return page, parts
        return None, {}

    @cached_property
    def _words(self) -> Mapping[Language, Words]:
        languages = self.city.info.languages
        return {each: Words(each, self.city.timezone) for each in languages}


def not_found(scene: Scene) -> html.Main:
    words = scene.words
    home = html.A(words("Zur Startseite"), href=scene.addresses.home())
    said = words(
        "Vielleicht ist der Link veraltet oder die Adresse hat einen Tippfehler."
    )
    return frame.main(
        words("Diese Seite gibt es nicht"), html.Section(html.P(home)), lead=said
    )


def nothing_published(scene: Scene) -> html.Main:
    words = scene.words
    said = words(
        "Sobald die ersten Daten geprüft sind, stehen hier die Zahlen der Ämter."
    )
    return frame.main(words("Noch sind keine Zahlen veröffentlicht"), lead=said)


def broken(scene: Scene) -> html.Main:
    words = scene.words
    home = html.A(words("Zur Startseite"), href=scene.addresses.home())
    return frame.main(
        words("Diese Seite lässt sich gerade nicht anzeigen"),
        html.Section(html.P(home)),
        lead=words(
            "Der Fehler liegt bei uns. Bitte versuchen Sie es später noch einmal."
        ),
    )
