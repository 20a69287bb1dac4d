"""What others made lies in assets/ as they made it, with its licence."""

import hashlib
import re
from pathlib import Path

import pytest

ASSETS = Path(__file__).parents[2] / "assets"


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        # @kern-ux/native 2.7.2, dist/kern.min.css
        ("00-kern.min.css",
         "fc2428f71ee156d7187a3d416bedd5550c3543925204e9ac4b02544e649eb7f8"),
        # plotly.js-basic-dist-min 4.1.1
        ("00-plotly-basic.min.js",
         "99784e3abfb07b142a15e521a439e6d9addceadb3f79553fd24c72774f0649ba"),
    ],
)  # fmt: skip
def test_a_file_is_the_one_that_was_released(name, digest):
    assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest


def test_every_work_of_others_has_its_licence():
    licences = " ".join(path.name for path in (ASSETS / "licences").iterdir())
    for work in ("kern-ux", "fira-sans", "plotly.js-MIT", "plotly.js-locales"):
        assert work in licences


def test_plotlys_bundle_belongs_to_the_python_package():
    from plotly.offline import get_plotlyjs_version

    head = (ASSETS / "00-plotly-basic.min.js").read_text(encoding="utf-8")[:200]
    assert f"v{get_plotlyjs_version()}" in head


@pytest.mark.parametrize(
    "path", sorted(ASSETS.glob("*.css")), ids=lambda path: path.name
)
def test_no_style_sheet_loads_anything_from_another_host(path):
    found = re.findall(r"url\(\s*[\"']?([^\"')]{4})", path.read_text(encoding="utf-8"))
    assert not [each for each in found if each not in ("data", "font")]
