"""What the README says can be typed as it stands."""

import re
import tomllib
from pathlib import Path

from typer.main import get_command

from amtspuls import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_lists_every_command_and_no_other():
    in_table = set(re.findall(r"^\| `amtspuls ([a-z]+)", README, re.MULTILINE))
    assert in_table == set(get_command(app).commands)


def test_every_make_target_of_the_readme_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    used = set(re.findall(r"make ([a-z]+)", README)) - {"and"}
    assert {"run", "test", "check", "bench"} <= used <= targets


def test_every_link_of_the_readme_leads_to_a_file():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_sources_that_the_readme_loads_are_in_their_city_files():
    loads = re.findall(r"amtspuls load (\S+) .*--city ([\w./-]+)", README)
    assert loads
    for source, city_file in loads:
        city = tomllib.loads((ROOT / city_file).read_text(encoding="utf-8"))
        assert source in {entry["id"] for entry in city["source"]}
