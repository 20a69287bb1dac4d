"""The API's description as OpenAPI 3.1, from the same lists that the API checks by."""

from collections.abc import Mapping, Sequence
from typing import Final

from dashboard.figure_query import (
    DIMENSIONS,
    FORMATS,
    MOST,
    MOST_SENTENCES,
    TRUTHS,
    USUAL,
)
from dashboard.i18n import Words, german
from dashboard.openapi_schemas import Json, schemas
from ingest.city import City

_JSON: Final = "application/json"
_TITLES: Final = {
    "figures": german("Kennzahlen, gefiltert und seitenweise"),
    "catalogue": german("Was jede Kennzahl bedeutet und wie sie berechnet wird"),
    "sources": german("Die Quellen der Daten und wie aktuell sie sind"),
    "calendar": german("Öffnungstage, Feiertage und Schließungen"),
    "revisions": german(
        "Kennzahlen, die sich nach der Veröffentlichung geändert haben"
    ),
    "live": german("Die Warteschlangen jetzt"),
    "openapi.json": german("Diese Beschreibung"),
}
_FILTERS: Final = {
    "kpi": german("Kennzahl; mehrere durch Komma getrennt"),
    "office": german("Amt; „all“ meint die ganze Stadt; mehrere durch Komma getrennt"),
    "service": german(
        "Leistung; „all“ meint alle zusammen; mehrere durch Komma getrennt"
    ),
    "channel": german(
        "Zugang; „all“ meint alle zusammen; mehrere durch Komma getrennt"
    ),
    "grain": german("Art des Zeitraums; mehrere durch Komma getrennt"),
}
_DAY_OR_PERIOD: Final = (
    r"^[12]\d{3}(-W\d{2}|-Q[1-4]|-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$"
)


def describe(
    city: City, known: Mapping[str, Sequence[str]], words: Words, base: str
) -> Json:
    """Describe every address, parameter and answer of one city's API."""
    paths: Json = {
        f"/{name}": {"get": _operation(name, known, words)} for name in _TITLES
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": words("Offene Daten: {city}", city=city.info.name),
            "version": "1",
            "description": _description(city, words),
            "license": {"name": city.info.licence},
            "contact": _contact(city),
        },
        "servers": [{"url": base}],
        "paths": paths,
        "components": {
            "schemas": schemas(words),
            "responses": {
                "Unchanged": {"description": words("Unverändert seit dem ETag")},
                "Refused": _problem_response(
                    words("Ein Parameter ist falsch; was erwartet wird, steht dabei")
                ),
                "NothingPublished": _problem_response(
                    words("Es ist noch nichts veröffentlicht")
                ),
            },
        },
    }


def _description(city: City, words: Words) -> str:
    text = words(
        "Veröffentlichte Kennzahlen der Ämter. Kleine Zahlen sind geschützt: Eine"
        " gesperrte Kennzahl hat keinen Wert, sondern einen Grund."
    )
    if not city.info.sample_data:
        return text
    return f"{text} {words('Alle Daten sind Beispieldaten.')}"


def _contact(city: City) -> Json:
    contact = city.info.contact
    given = {"name": contact.name, "email": contact.mail, "url": contact.url}
    return {name: value for name, value in given.items() if value}


def _operation(name: str, known: Mapping[str, Sequence[str]], words: Words) -> Json:
    parameters = [_language(known, words)]
    if name == "figures":
        parameters = [*_figure_parameters(known, words), *parameters]
    responses: Json = {
        "200": _answer(name, words),
        "304": {"$ref": "#/components/responses/Unchanged"},
        "400": {"$ref": "#/components/responses/Refused"},
    }
    if name != "live":
        responses["503"] = {"$ref": "#/components/responses/NothingPublished"}
    return {
        "operationId": name.split(".")[0],
        "summary": words(_TITLES[name]),
        "parameters": parameters,
        "responses": responses,
    }


def _answer(name: str, words: Words) -> Json:
    schema: Json = {"type": "object"}
    if name != "openapi.json":
        schema = {"$ref": f"#/components/schemas/{name.capitalize()}Answer"}
    content: Json = {_JSON: {"schema": schema}}
    if name == "figures":
        content["text/csv"] = {"schema": {"type": "string"}}
    return {
        "description": words(_TITLES[name]),
        "headers": {"ETag": {"schema": {"type": "string"}}},
        "content": content,
    }


def _problem_response(description: str) -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": schema}},
    }


def _language(known: Mapping[str, Sequence[str]], words: Words) -> Json:
    text = words("Sprache der Wörter; sonst die, die Accept-Language vorzieht")
    return _parameter("lang", text, {"type": "string", "enum": list(known["lang"])})


def _figure_parameters(known: Mapping[str, Sequence[str]], words: Words) -> list[Json]:
    several = [
        {
            **_parameter(name, words(_FILTERS[name]), _several(known[name])),
            "style": "form",
            "explode": False,
        }
        for name in DIMENSIONS
    ]
    period = {"type": "string", "pattern": _DAY_OR_PERIOD}
    limit = words(
        "Höchstzahl der Kennzahlen; ohne Angabe {json} (JSON) oder {csv} (CSV),"
        " höchstens {most_json} oder {most_csv}",
        json=USUAL["json"],
        csv=USUAL["csv"],
        most_json=MOST["json"],
        most_csv=MOST["csv"],
    )
    return [
        *several,
        _parameter(
            "from",
            words("Nur Zeiträume, die frühestens dann beginnen; ein Tag oder Zeitraum"),
            period,
        ),
        _parameter(
            "to",
            words("Nur Zeiträume, die spätestens dann enden; ein Tag oder Zeitraum"),
            period,
        ),
        _parameter(
            "format",
            words("Form der Antwort"),
            {"type": "string", "enum": list(FORMATS), "default": "json"},
        ),
        _parameter(
            "sentences",
            words(
                "Jede Kennzahl auch als Satz, mit dem Vergleich zum Vorjahr; dann"
                " höchstens {most} je Antwort",
                most=MOST_SENTENCES,
            ),
            {"type": "string", "enum": list(TRUTHS), "default": "false"},
        ),
        _parameter(
            "limit",
            limit,
            {"type": "integer", "minimum": 1, "maximum": max(MOST.values())},
        ),
        _parameter(
            "offset",
            words("So viele Kennzahlen vom Anfang auslassen"),
            {"type": "integer", "minimum": 0, "default": 0},
        ),
    ]


def _several(values: Sequence[str]) -> Json:
    return {"type": "array", "items": {"type": "string", "enum": list(values)}}


def _parameter(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}
