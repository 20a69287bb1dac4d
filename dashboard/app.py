"""Wires the public site: pages, Dash, API and security on one Flask server."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component
from flask import Flask, Response, request

from dashboard import document
from dashboard.answers import IMMUTABLE, ByteCache, answer, tag_of
from dashboard.api import register_api
from dashboard.components.content import Content, shown
from dashboard.pages import PAGES
from dashboard.security import secure
from dashboard.site import Edition, Site, broken, nothing_published, utc_now
from dashboard.view import Page, Scene
from ingest.city import City
from metrics.published import SnapshotMissing

ASSETS: Final = Path(__file__).resolve().parents[1] / "assets"
_HTML: Final = "text/html; charset=utf-8"
_CACHED_BYTES: Final = 32_000_000
# Loaded by assets/20-drawing.js when a chart is on screen.
_LOADED_LATER: Final = r"plotly"


def create_app(
    published_dir: Path,
    city: City,
    pages: Sequence[Page] = PAGES,
    clock: Callable[[], datetime] = utc_now,
) -> Dash:
    """Make the public site of one city; it reads nothing but `published_dir`."""
    site = Site(published_dir, city, pages, _releases(), clock)
    app = _App(site)
    app.layout = html.Div(
        [dcc.Location(id="address", refresh=False), Content(id="page")]
    )

    @app.callback(
        Output("page", "shown"),
        Input("address", "pathname"),
        Input("address", "search"),
    )
    def show(pathname: str, search: str | None) -> dict[str, Any]:
        return shown(site.visit(site.edition(), pathname, search).content())

    server: Flask = app.server
    _cache_callbacks(server, site)
    _serve_theme(server, city)
    server.after_request(_keep_assets)
    server.register_error_handler(500, app.failed)
    register_api(server, published_dir, city)
    secure(server, app.csp_hashes())
    return app


class _App(Dash):
    """Dash, except that every address answers with the whole page, or with 404."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._pages = ByteCache(_CACHED_BYTES)
        super().__init__(
            "dashboard",
            assets_folder=str(ASSETS),
            assets_ignore=_LOADED_LATER,
            pages_folder="",
            use_pages=False,
            index_string=document.INDEX,
            update_title=None,  # type: ignore[arg-type]
            add_log_handler=False,
        )

    def index(self, *_args: object, **_kwargs: object) -> Response:
        site, path, search = self._site, request.path, request.query_string.decode()
        try:
            edition = site.edition()
        except SnapshotMissing:
            return self._unpublished(path)
        visit = site.visit(edition, path, search)
        if visit.page is None:
            title = visit.view.words("Seite nicht gefunden")
            return self._text_alone(visit.view, visit.content(), title, 404)
        if visit.page.lacks is not None and visit.page.lacks(visit.view):
            title = visit.page.title(visit.view)
            return self._text_alone(visit.view, visit.content(), title, 404)
        key = (edition.version, path, tuple(visit.view.query.items()))
        body = self._pages.get(key, lambda: self._render(edition, path, search))
        tag = tag_of(edition.snapshot.id, blake2b(body, digest_size=8).hexdigest())
        return answer(tag, lambda: body, _HTML)

    @cached_property
    def _index(self) -> str:
        """Dash's parts of the document, the same for every page."""
        index: str = super().index()  # type: ignore[no-untyped-call]
        return document.without_secrets(index)

    def _render(self, edition: Edition, path: str, search: str) -> bytes:
        visit = self._site.visit(edition, path, search)
        page, view = visit.page, visit.view
        if page is None:
            message = f"{path} is no page"
            raise LookupError(message)
        said = page.description(view) if page.description else ""
        title = page.title(view)
        return document.fill(
            self._index,
            view,
            visit.content(),
            self._site.pages,
            title=title,
            description=said,
        ).encode()

    def _text_alone(
        self, scene: Scene, content: Component, title: str, status: int
    ) -> Response:
        """Answer with a page that needs no script and must not be kept."""
        pages = self._site.pages
        text = document.fill(
            self._index, scene, content, pages, title=title, with_app=False
        )
        response = Response(text, status, content_type=_HTML)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _unpublished(self, path: str) -> Response:
        scene = self._site.scene(path)
        title = scene.words("Noch keine Zahlen")
        response = self._text_alone(scene, nothing_published(scene), title, 503)
        response.headers["Retry-After"] = "60"
        return response

    def failed(self, _error: Exception) -> Response:
        """Say that a page could not be drawn; the log says why."""
        scene = self._site.scene(request.path)
        title = scene.words("Diese Seite lässt sich gerade nicht anzeigen")
        return self._text_alone(scene, broken(scene), title, 500)


class _NotKept(Exception):  # noqa: N818 - carries an answer past the cache
    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def _cache_callbacks(server: Flask, site: Site) -> None:
    """Answer the same question about the same edition without asking Dash again."""
    endpoint = "/_dash-update-component"
    ask = server.view_functions[endpoint]
    kept = ByteCache(_CACHED_BYTES)

    def asked() -> bytes:
        response = server.make_response(ask())  # type: ignore[arg-type]
        if response.status_code != 200:
            raise _NotKept(response)
        return response.get_data()

    def answer_callback() -> Response:
        question = (site.edition().version, request.get_data())
        try:
            body = kept.get(question, asked)
        except _NotKept as passed:
            return passed.response
        return Response(body, content_type="application/json")

    server.view_functions[endpoint] = answer_callback


def _serve_theme(server: Flask, city: City) -> None:
    css = document.theme_css(city).encode()

    def theme() -> Response:
        return answer(
            tag_of("theme", css.decode()),
            lambda: css,
            "text/css; charset=utf-8",
            cache_control=IMMUTABLE if request.args.get("v") else "public, no-cache",
        )

    server.add_url_rule(f"/{document.THEME}", "theme", theme)


def _keep_assets(response: Response) -> Response:
    """Let browsers keep what has its version in its address."""
    is_versioned = {"v", "m"} & request.args.keys()
    if (
        request.path.startswith("/assets/")
        and is_versioned
        and response.status_code < 400
    ):
        response.headers["Cache-Control"] = IMMUTABLE
    return response


def _releases() -> dict[str, str]:
    names = (document.PLOTLY, document.LOCALE, document.ICON)
    return {
        name: blake2b((ASSETS / name).read_bytes(), digest_size=4).hexdigest()
        for name in names
    }
