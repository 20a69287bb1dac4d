"""Colours can be told from their background, in light and dark; axe cannot see that."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "assets" / "10-site.css").read_text(encoding="utf-8")
LIGHT, DARK = re.findall(r":root \{\n(    .*?|  .*?)\n *\}", CSS, re.S)[:2]


def colours(block):
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
    )
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_the_measure_is_right():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("block", [LIGHT, DARK], ids=["light", "dark"])
class TestColours:
    def test_lines_and_bars_stand_out(self, block):
        found = colours(block)
        for name in (
            "chart-1",
            "chart-2",
            "chart-3",
            "chart-4",
            "chart-target",
            "chart-axis",
        ):
            assert contrast(found[name], found["background"]) >= 3, name

    def test_words_can_be_read(self, block):
        found = colours(block)
        for name in ("text", "muted", "chart-text", "chart-muted", "chart-1", "chart-2",
                     "chart-3", "chart-target"):  # fmt: skip
            assert contrast(found[name], found["background"]) >= 4.5, name
        for name in ("text", "muted"):
            assert contrast(found[name], found["surface"]) >= 4.5, name
        # Names at the ends of lines are large and bold enough for 3:1, but aim higher.
        assert contrast(found["chart-text"], found["chart-0"]) >= 7

    def test_words_on_shades_can_be_read(self, block):
        found = colours(block)
        for shade in ("shade-1", "shade-2", "shade-3"):
            assert contrast(found["on-shade"], found[shade]) >= 4.5, shade
        assert contrast(found["on-shade-4"], found["shade-4"]) >= 4.5

    def test_the_background_of_the_picture_is_that_of_the_page(self, block):
        found = colours(block)
        assert found["chart-0"] == found["background"]


def test_dark_changes_every_colour_of_a_picture():
    light, dark = colours(LIGHT), colours(DARK)
    missing = {name for name in light if name.startswith("chart")} - dark.keys()
    assert not missing
