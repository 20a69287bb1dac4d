"""The shapes of the API's answers as JSON Schema, from the frames they are made of."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from dashboard.i18n import Words
from metrics.figures import FIGURES
from metrics.frames import REVISIONS

Json = dict[str, Any]


def schemas(words: Words) -> Json:
    text, moment = {"type": "string"}, {"type": "string", "format": "date-time"}
    objects = {"type": "array", "items": {"type": "object"}}
    publisher: Json = {
        "city": text,
        "city_name": text,
        "publisher": text,
        "licence": text,
        "sample_data": {
            "type": "boolean",
            "description": words("Wahr, wenn alle Daten erfunden sind"),
        },
    }
    envelope = {"snapshot": text, "published_at": moment, **publisher}
    count = {"type": "integer", "minimum": 0}
    figures = {
        "total": count,
        "limit": count,
        "offset": count,
        "next": {
            "type": ["string", "null"],
            "description": words("Adresse der nächsten Seite"),
        },
        "kpis": {
            "type": "object",
            "description": words("Name, Einheit und Richtung jeder Kennzahl"),
        },
        "figures": _rows("Figure"),
    }
    live = {
        "units": {"type": "object"},
        "generated_at": {**moment, "type": ["string", "null"]},
        "queues": _rows("LiveQueue"),
    }
    return {
        "FiguresAnswer": _object({**envelope, **figures}),
        "CatalogueAnswer": _object({**envelope, "catalogue": {"type": "object"}}),
        "SourcesAnswer": _object({**envelope, "sources": objects}),
        "CalendarAnswer": _object({**envelope, "calendar": {"type": "object"}}),
        "RevisionsAnswer": _object({**envelope, "revisions": _rows("Revision")}),
        "LiveAnswer": _object({**publisher, **live}),
        "LiveQueue": _live_queue(words),
        "Figure": _figure(words),
        "Revision": _row(REVISIONS, required=("figure_id", "at", "cause")),
        "Problem": _problem_schema(),
    }


def _figure(words: Words) -> Json:
    figure = _row(FIGURES, required=("figure_id", "kpi", "grain", "state"))
    figure["properties"]["sentence"] = {
        "type": ["string", "null"],
        "description": words("Die Kennzahl als Satz; nur mit sentences=true"),
    }
    return figure


def _live_queue(words: Words) -> Json:
    moment, count = {"type": "string", "format": "date-time"}, {"type": "integer"}
    unknown = {"type": ["integer", "null"]}
    hour = {
        "hour": {**count, "description": words("Beginn der Stunde, in Ortszeit")},
        "wait_minutes": count,
        "low_minutes": count,
        "high_minutes": count,
    }
    queue = _object(
        {
            "office": {"type": "string"},
            "state": {
                "type": "string",
                "enum": ["open", "closed", "sold_out", "unknown"],
            },
            "observed_at": moment,
            "source_time_at": {**moment, "type": ["string", "null"]},
            "wait_minutes": unknown,
            "wait_minutes_at_least": unknown,
            "waiting": unknown,
            "waiting_fewer_than": unknown,
            "is_stale": {"type": "boolean"},
        }
    )
    # What was written before there was any has none.
    queue["properties"]["rest_of_day"] = {
        "type": "array",
        "items": _object(hour),
        "description": words(
            "Welche Wartezeit in späteren Stunden des Tages wohl angezeigt wird, mit"
            " der Spanne, in der 8 von 10 früheren Fällen lagen; nur, wo sich das"
            " bewährt hat"
        ),
    }
    return queue


def _problem_schema() -> Json:
    text = {"type": "string"}
    fault = {
        "parameter": text,
        "value": {"type": ["string", "null"]},
        "expected": text,
        "message": text,
    }
    problem = {"status": {"type": "integer"}, "title": text, "detail": text}
    errors = {"type": "array", "items": _object(fault)}
    schema = _object(problem)
    schema["properties"]["errors"] = errors
    return schema


def _object(properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _rows(name: str) -> Json:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


def _row(columns: pl.Schema, required: Sequence[str]) -> Json:
    properties: Json = {}
    for name, kind in columns.items():
        value = _value(kind)
        if name not in required:
            value["type"] = [value["type"], "null"]
        properties[name] = value
    return _object(properties)


def _value(kind: pl.DataType) -> Json:
    if isinstance(kind, pl.Enum):
        return {"type": "string", "enum": kind.categories.to_list()}
    if kind == pl.Date:
        return {"type": "string", "format": "date"}
    if kind == pl.Datetime:
        return {"type": "string"}
    if kind.is_integer():
        return {"type": "integer"}
    return {"type": "number" if kind.is_float() else "string"}
