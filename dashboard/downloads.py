"""Downloads: the snapshot's own files at addresses that never change their content."""

import json
import re
from http import HTTPStatus
from pathlib import Path
from typing import Final

import polars as pl
from flask import Blueprint, Flask, Response, abort, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.answers import IMMUTABLE, REVALIDATE, allow_everybody, answer, tag_of
from dashboard.excel_csv import excel_csv
from ingest.city import City
from metrics.published import SnapshotMissing, open_current

EXCEL: Final = "figures-excel.csv"
NEWEST: Final = "aktuell"

_SNAPSHOT_ID: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{12}")
_FILE_NAME: Final = re.compile(r"[a-z][a-z_]*\.(?:csv|json|parquet)")
_MEDIA_TYPES: Final = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
}


def register_downloads(server: Flask, published_dir: Path, city: City) -> None:
    """Add /daten/<snapshot id>/<file> and /daten/aktuell/<file>."""
    blueprint = Blueprint("downloads", __name__, url_prefix="/daten")

    @blueprint.get(f"/{NEWEST}/<name>")
    def newest(name: str) -> AnyResponse:
        try:
            snapshot = open_current(published_dir)
        except SnapshotMissing:
            abort(HTTPStatus.SERVICE_UNAVAILABLE)
        if name != EXCEL and _file(published_dir, snapshot.id, name) is None:
            abort(HTTPStatus.NOT_FOUND)
        address = url_for(".download", snapshot_id=snapshot.id, name=name)
        response = redirect(address, HTTPStatus.FOUND)
        response.headers["Cache-Control"] = REVALIDATE
        return response

    @blueprint.get("/<snapshot_id>/<name>")
    def download(snapshot_id: str, name: str) -> Response:
        wanted = "figures.parquet" if name == EXCEL else name
        file = _file(published_dir, snapshot_id, wanted)
        if file is None:
            abort(HTTPStatus.NOT_FOUND)
        if name == EXCEL:
            response = _excel(file.parent, city)
        else:
            response = answer(
                tag_of(snapshot_id, name),
                file.read_bytes,
                _MEDIA_TYPES[file.suffix],
                cache_control=IMMUTABLE,
            )
        stem, ending = name.rsplit(".", 1)
        if ending != "json":
            save_as(response, city, f"{stem}-{snapshot_id}", ending)
        return response

    blueprint.after_request(allow_everybody)
    server.register_blueprint(blueprint)


def save_as(response: Response, city: City, stem: str, ending: str) -> None:
    """Name the file that a browser saves; the name says when the data are invented."""
    sample = "-beispieldaten" if city.info.sample_data else ""
    name = f"{city.id}{sample}-{stem}.{ending}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'


def _excel(folder: Path, city: City) -> Response:
    def make() -> bytes:
        figures = pl.read_parquet(folder / "figures.parquet", memory_map=False)
        catalogue = json.loads((folder / "catalogue.json").read_text(encoding="utf-8"))
        return excel_csv(figures, catalogue, city)

    # Its words come from the city file, which may change while the snapshot stays.
    tag = tag_of(folder.name, EXCEL, city.model_dump_json())
    return answer(tag, make, _MEDIA_TYPES[".csv"])


def _file(published_dir: Path, snapshot_id: str, name: str) -> Path | None:
    """Find a published file; nothing but the files of a snapshot can be named."""
    if not (_SNAPSHOT_ID.fullmatch(snapshot_id) and _FILE_NAME.fullmatch(name)):
        return None
    file = published_dir / snapshot_id / name
    return file if file.is_file() and not file.is_symlink() else None
