"""Definitions, their functions and the reasons for missing values belong together."""

import inspect
from pathlib import Path

import pytest

from metrics.catalogue import CATALOGUE, REASONS, CatalogueError, read_catalogue
from metrics.derived import FROM_FIGURES
from metrics.kpis import KPI_FUNCTIONS
from metrics.small_numbers import THINGS

ENTRY = """
[{name}]
unit = "minutes"
decimals = 0
direction = "{direction}"
kind = "quantile"
counts = "visits"
tables = ["tickets"]
formula = "f"
[{name}.de]
label = "l"
sentence = "{{value}}"
definition = "d"
population = "p"
left_out = "o"
"""
ENGLISH = """
[{name}.en]
label = "l"
sentence = "{{value}}"
definition = "d"
population = "p"
left_out = "o"
"""


def test_every_kpi_is_defined_and_computed() -> None:
    assert CATALOGUE.keys() == KPI_FUNCTIONS.keys() | FROM_FIGURES


@pytest.mark.parametrize("kpi", KPI_FUNCTIONS)
def test_a_function_is_named_as_its_kpi_in_the_module_of_its_family(kpi: str) -> None:
    function = KPI_FUNCTIONS[kpi]
    assert f"metrics.kpis.{kpi}" == f"{function.__module__}.{function.__name__}"
    assert not inspect.signature(function).parameters


@pytest.mark.parametrize("kpi", CATALOGUE.values(), ids=lambda kpi: kpi.id)
def test_a_definition_speaks_both_languages_in_whole_sentences(kpi) -> None:
    german, english = kpi.texts["de"], kpi.texts["en"]
    assert german != english
    for text in (german, english):
        assert not text.label.endswith(".")
        for sentence in (text.definition, text.population, text.left_out):
            assert sentence.endswith(".")
            assert '"' not in sentence
    assert "  " not in kpi.model_dump_json()


@pytest.mark.parametrize("kpi", KPI_FUNCTIONS)
def test_every_reason_for_no_value_is_explained(kpi: str) -> None:
    measure = KPI_FUNCTIONS[kpi]()
    assert measure.absent in REASONS
    if measure.reason is not None:
        literals = set(measure.reason.meta.serialize(format="json").split('"'))
        assert literals & REASONS.keys(), "a reason is one of reasons.toml"


def test_a_share_is_in_percent_and_one_of_people_has_a_numerator_to_round() -> None:
    for kpi, function in KPI_FUNCTIONS.items():
        told = CATALOGUE[kpi]
        if told.kind == "share":
            assert told.unit == "percent", kpi
            assert function().numerator is not None or told.counts in THINGS, kpi
        if told.unit == "percent":
            assert told.kind in {"share", "ratio"}, kpi


def test_a_kpi_without_english_words_is_refused(tmp_path: Path) -> None:
    text = ENTRY.format(name="half", direction="neither")
    (tmp_path / "waiting.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"waiting\.toml: \[half\]: .*en missing"):
        read_catalogue(tmp_path)


def test_all_wrong_definitions_are_named_at_once(tmp_path: Path) -> None:
    text = "".join(
        (ENTRY + ENGLISH).format(name=name, direction=direction)
        for name, direction in (("one", "down"), ("two", "neither"), ("three", "up"))
    )
    (tmp_path / "queue.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(tmp_path)
    first, second = str(caught.value).splitlines()
    assert "queue.toml: [one]: direction is 'down'" in first
    assert "'lower_is_better', 'higher_is_better' or 'neither'" in first
    assert "[three]" in second


@pytest.mark.parametrize("sentence", ["Nichts gesagt", "{period}: {wert}", "{}"])
def test_a_sentence_that_names_no_known_part_is_refused(sentence, tmp_path) -> None:
    text = (ENTRY + ENGLISH).format(name="one", direction="neither")
    wrong = text.replace('sentence = "{value}"', f'sentence = "{sentence}"', 1)
    (tmp_path / "waiting.toml").write_text(wrong, encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"\[one\]: .*expected placeholders"):
        read_catalogue(tmp_path)
