"""What a page is given to draw itself, and what a page is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from dash.development.base_component import Component

from dashboard.addresses import Addresses
from metrics.catalogue import Language

if TYPE_CHECKING:
    from dashboard.i18n import Words
    from ingest.city import City
    from metrics.published import Live, Snapshot

Children = Component | str | list[Component | str] | list[Component] | list[str] | None
Place = Literal["menu", "footer"]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What the frame around a page depends on, even where nothing is published yet."""

    city: City
    words: Words
    addresses: Addresses
    path: str = "/"
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def language(self) -> Language:
        return self.addresses.language


@dataclass(frozen=True, kw_only=True)
class View(Scene):
    """Everything one rendering of a page depends on, and nothing else.

    `path` is the address without base and language ("/amt/buergeramt"), `parts` the
    values of the page's placeholders ({"office": "buergeramt"}), `query` only those
    filters that the page lists in `Page.filters`. `now` is UTC, cut to the minute.
    """

    snapshot: Snapshot
    live: Live | None
    now: datetime
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """One page: its address, its words in head and menu, and how it is drawn.

    `path` may hold placeholders: "/amt/{office}". `places(view)` then yields every
    set of values that exists ({"office": "buergeramt"}); anything else is a 404 and
    the same list is what tests and the sitemap walk over. `layout` returns the
    page's html.Main; use `components.frame.main`.
    """

    name: str
    path: str
    title: Callable[[View], str]  # without the city's name, which is added
    layout: Callable[[View], Component]
    description: Callable[[View], str] | None = None
    label: Callable[[View], str] | None = None  # in the menu; the title if missing
    place: Place | None = None  # where the frame links it
    places: Callable[[View], Iterable[Mapping[str, str]]] | None = None
    filters: tuple[str, ...] = ()  # the query parameters it understands
    # Whether the query asks for one thing that does not exist; the layout says so, and
    # the answer is a 404.
    lacks: Callable[[View], bool] | None = None

    def match(self, path: str) -> dict[str, str] | None:
        """Read the placeholders' values if `path` has this page's shape."""
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None

    def knows(self, view: View) -> bool:
        """Whether the values in `view.parts` exist."""
        if self.places is None:
            return not view.parts
        return any(dict(place) == dict(view.parts) for place in self.places(view))
