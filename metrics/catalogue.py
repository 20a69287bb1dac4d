"""The KPIs as data: what each one says, how it is computed, in both languages."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Final, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from ingest.city import Text
from ingest.mappings import Model, Table

Language = Literal["de", "en"]
Unit = Literal[
    "seconds", "minutes", "hours", "days", "working_days",
    "percent", "count", "people", "euros",
]  # fmt: skip
Direction = Literal["lower_is_better", "higher_is_better", "neither"]
# A count is over the days of a period, a stock on its last day.
Kind = Literal[
    "count", "stock", "share", "quantile", "mean",
    "sum", "difference", "ratio", "price",
]  # fmt: skip
# What n counts. Of people and what they want, or of what nobody is behind.
Noun = Literal[
    "visits", "cases", "contacts", "answers", "appointments", "services",
    "searches", "slot_days", "opening_hours", "opening_days", "weeks",
]  # fmt: skip
# What a sentence may name. `most` is "höchstens 14 Minuten" or "weniger als 1 Minute",
# `about` "rund 14 Minuten"; the value in the dative follows "nach", "von", "mit".
SENTENCE_PARTS: Final = frozenset(
    ("period", "end", "value", "number", "dative", "most", "most_dative", "about")
)
# "[wurde|wurden]" stands for the form that fits the number: the first goes with 1.
_FORMS: Final = re.compile(r"\[([^\[\]|]+)\|([^\[\]|]+)\]")

DEFINITIONS: Final = Path(__file__).parent / "definitions"


class CatalogueError(Exception):
    """A definition is wrong; one line per error."""


class KpiText(Model):
    """What a KPI says, in plain words of one language."""

    label: str = Field(min_length=1)
    sentence: str = Field(min_length=1)  # with placeholders of SENTENCE_PARTS
    definition: str = Field(min_length=1)
    population: str = Field(min_length=1)
    left_out: str = Field(min_length=1)

    @field_validator("sentence")
    @classmethod
    def _known_parts(cls, sentence: str) -> str:
        named = {part for _, part, _, _ in Formatter().parse(sentence) if part}
        if not named or named - SENTENCE_PARTS:
            message = f"expected placeholders of {', '.join(sorted(SENTENCE_PARTS))}"
            raise ValueError(message)
        if set("[]|") & set(in_number(sentence, is_one=True)):
            message = "expected forms for one and for many as [war|waren]"
            raise ValueError(message)
        return sentence


def in_number(sentence: str, *, is_one: bool) -> str:
    """Put the forms for one, or those for many, into a sentence with both."""
    return _FORMS.sub(r"\1" if is_one else r"\2", sentence)


class Kpi(Model):
    """One definition; the function of the same name computes it."""

    id: str
    family: str
    name: str
    unit: Unit
    decimals: Literal[0]  # more would feign precision, see small_numbers.py
    direction: Direction
    kind: Kind  # which rule of small_numbers.py applies
    counts: Noun
    tells_of_staff: bool = False  # of how fast those who serve work
    tables: tuple[Table, ...] = Field(min_length=1)
    formula: str = Field(min_length=1)
    # Of a percentage that is one count over another: the KPIs of these two counts.
    quotient_of: tuple[str, str] | None = None
    texts: dict[Language, KpiText]

    @model_validator(mode="after")
    def _in_both_languages(self) -> Self:
        missing = {"de", "en"} - self.texts.keys()
        if missing:
            message = (
                f"expected texts in German and English, {', '.join(missing)} missing"
            )
            raise ValueError(message)
        return self


def read_catalogue(folder: Path = DEFINITIONS) -> dict[str, Kpi]:
    """Read every family's definitions; raise CatalogueError with all errors at once."""
    kpis: dict[str, Kpi] = {}
    errors: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        if path.stem == "reasons":
            continue
        for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            try:
                kpi = _read_kpi(path.stem, name, entry)
            except ValidationError as error:
                errors += _lines(path, name, error)
            else:
                kpis[kpi.id] = kpi
    if errors:
        raise CatalogueError("\n".join(errors))
    return kpis


def read_reasons(folder: Path = DEFINITIONS) -> dict[str, Text]:
    """Read why a figure can be without value, by reason code."""
    text = (folder / "reasons.toml").read_text(encoding="utf-8")
    return {
        code: Text.model_validate(words) for code, words in tomllib.loads(text).items()
    }


def _read_kpi(family: str, name: str, entry: Mapping[str, object]) -> Kpi:
    languages = {"de", "en"}
    return Kpi.model_validate(
        {
            "id": f"{family}.{name}",
            "family": family,
            "name": name,
            "texts": {key: value for key, value in entry.items() if key in languages},
            **{key: value for key, value in entry.items() if key not in languages},
        }
    )


def _lines(path: Path, name: str, error: ValidationError) -> list[str]:
    return [
        f"{path.name}: [{name}]: {'.'.join(map(str, problem['loc'])) or 'entry'} is"
        f" {problem['input']!r}: {problem['msg']}"
        for problem in error.errors()
    ]


CATALOGUE: Final[Mapping[str, Kpi]] = read_catalogue()
REASONS: Final[Mapping[str, Text]] = read_reasons()
