"""The tree is the data-flow diagram: imports point one way, modules stay small."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("ingest", "metrics", "dashboard", "data/simulator")
FORBIDDEN = {
    "ingest": {"metrics", "dashboard", "dash", "plotly", "flask"},
    "metrics": {"dashboard", "dash", "plotly", "flask", "requests"},
    "dashboard": {"duckdb", "requests", "apscheduler"},
    "data/simulator": {"ingest", "metrics", "dashboard", "duckdb"},
}
# The vocabulary that every layer shares: no more of ingest reaches the pages.
SHARED_WITH_DASHBOARD = {"ingest.city", "ingest.sources"}
MAX_LINES = 300

MODULES = [
    path.relative_to(ROOT)
    for layer in LAYERS
    for path in sorted((ROOT / layer).rglob("*.py"))
] + [Path("amtspuls.py")]


def imported_names(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_what_lies_below_it(layer):
    modules = [path for path in MODULES if path.is_relative_to(layer)]
    assert modules
    wrong = {
        (str(path), name)
        for path in modules
        for name in imported_names(path)
        if name.split(".")[0] in FORBIDDEN[layer]
    }
    assert wrong == set()


def test_the_dashboard_sees_no_more_of_ingest_than_the_city():
    wrong = {
        (str(path), name)
        for path in MODULES
        if path.is_relative_to("dashboard")
        for name in imported_names(path)
        if name.split(".")[0] == "ingest" and name not in SHARED_WITH_DASHBOARD
    }
    assert wrong == set()


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_module_does_one_thing_in_at_most_300_lines(path):
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_module_is_described_in_its_first_line(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert not tree.body or ast.get_docstring(tree)


def test_the_web_process_never_loads_the_database_or_a_fetching_library():
    code = "import dashboard.server, dashboard.app, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "dashboard.app" in loaded
    assert {"duckdb", "requests", "apscheduler"} & set(loaded) == set()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_has_hashes_and_names_no_host(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "--hash=sha256:" in text
    assert "://" not in text
    assert "--index-url" not in text
