"""What the API says when it cannot answer: one sentence, in the reader's language."""

from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from dashboard.answers import to_json
from dashboard.figure_query import QuestionRefused
from dashboard.i18n import Words
from ingest.city import City
from metrics.published import SnapshotMissing

PROBLEM: Final = "application/problem+json"
RETRY_SECONDS: Final = "60"


def register_problems(blueprint: Blueprint, city: City) -> None:
    """Answer unknown addresses and wrong questions below the blueprint's address."""

    def unknown(rest: str = "") -> Response:  # noqa: ARG001 - part of the address
        words = words_of_reader(city)
        sentence = words(
            "Diese Adresse gibt es nicht. Alle Adressen stehen in {address}.",
            address=f"{request.script_root}{blueprint.url_prefix}/openapi.json",
        )
        return _problem(HTTPStatus.NOT_FOUND, sentence, words)

    def refused(question: QuestionRefused) -> Response:
        errors = [
            {
                "parameter": fault.parameter,
                "value": fault.value,
                "expected": fault.expected,
                "message": fault.sentence,
            }
            for fault in question.faults
        ]
        words = words_of_reader(city)
        return _problem(HTTPStatus.BAD_REQUEST, str(question), words, errors=errors)

    def nothing_published(_: SnapshotMissing) -> Response:
        words = words_of_reader(city)
        sentence = words(
            "Es ist noch nichts veröffentlicht. Bitte versuchen Sie es später."
        )
        response = _problem(HTTPStatus.SERVICE_UNAVAILABLE, sentence, words)
        response.headers["Retry-After"] = RETRY_SECONDS
        return response

    def http_error(error: HTTPException) -> Response:
        words = words_of_reader(city)
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        sentence = words("Diese Anfrage kann nicht beantwortet werden.")
        return _problem(status, sentence, words)

    blueprint.add_url_rule("/", "unknown", unknown)
    blueprint.add_url_rule("/<path:rest>", "unknown", unknown)
    blueprint.register_error_handler(QuestionRefused, refused)
    blueprint.register_error_handler(SnapshotMissing, nothing_published)
    blueprint.register_error_handler(HTTPException, http_error)


def words_of_reader(city: City) -> Words:
    """Speak the language asked for, else the one that the reader prefers."""
    languages = city.info.languages
    wanted = request.args.get("lang")
    if wanted not in languages:
        wanted = request.accept_languages.best_match(languages, languages[0])
    return Words(wanted or languages[0], city.timezone)


def _problem(
    status: HTTPStatus, sentence: str, words: Words, **more: object
) -> Response:
    """Say what is wrong as RFC 9457 has it."""
    document = {"status": status, "title": status.phrase, "detail": sentence, **more}
    response = Response(to_json(document), status, content_type=PROBLEM)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Language"] = words.language
    return response
