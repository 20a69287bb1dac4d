"""Chromium, a served site, and the eyes that watch every page that is opened."""

import json
import threading
import time
from contextlib import closing
from itertools import product
from pathlib import Path
from shutil import which
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from ingest.city import read_city

ROOT = Path(__file__).parents[2]
CITY_FILE = ROOT / "data" / "cities" / "musterstadt.toml"
AXE = Path(__file__).with_name("axe.min.js")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WATCH = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


@pytest.fixture(scope="session")
def city():
    return read_city(CITY_FILE)


def in_one_piece(application):
    """Close every answer before it is sent.

    Werkzeug's server forgets to when the reader resets the connection meanwhile, as
    Chromium does when a tab is closed; the file of an asset then stays open.
    """

    def answer(environ, start_response):
        with closing(application(environ, start_response)) as parts:
            return [b"".join(parts)]

    return answer


@pytest.fixture(scope="session")
def serve():
    """Serve an app for the rest of the session; gives its address."""
    running = []

    def start(app):
        server = make_server("127.0.0.1", 0, in_one_piece(app.server), threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=which("chromium") or which("chromium-browser"),
            headless=True,
            args=FLAGS,
        )
        yield browser
        browser.close()


class Tab:
    """A page in the browser, and everything that must not happen on it."""

    def __init__(self, page, address):
        self.page = page
        self.host = urlsplit(address).netloc
        self.problems = []
        self.received = {}
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.problems.append(f"error {error}"))
        page.on("request", self._see)
        page.add_init_script(WATCH)
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.responseReceived", self._name)
        session.on("Network.loadingFinished", self._weigh)
        self._names = {}

    def until(self, expression, seconds=10):
        """Wait for a JavaScript expression; the page itself may not evaluate any."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, f"{expression} did not come true"
            self.page.wait_for_timeout(20)

    def until_taken_over(self):
        self.until("'takenOver' in document.documentElement.dataset")

    def scroll_through(self):
        """Bring everything on screen once, so that every chart is drawn."""
        self.until_taken_over()
        for drawing in self.page.locator(".drawing").all():
            drawing.evaluate("(e) => e.scrollIntoView({behavior: 'instant'})")
            live = f"document.getElementById({drawing.get_attribute('id')!r})"
            self.until(f"{live}.classList.contains('is-live')")

    def axe(self, rules=None):
        """Return what axe-core finds, one line each.

        The insides of drawings are left out: they are one picture with one name, and
        axe cannot see contrast in SVG; tests/dashboard/test_chart_colours.py does.
        """
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        chosen = (
            {"type": "rule", "values": rules}
            if rules
            else {"type": "tag", "values": TAGS}
        )
        what = json.dumps({"exclude": [[".drawing-static"], [".drawing-live"]]})
        how = json.dumps({"runOnly": chosen, "resultTypes": ["violations"]})
        found = self.page.evaluate(f"axe.run({what}, {how})")
        return [
            f"{each['id']}: {node['target']} {node['failureSummary']}"
            for each in found["violations"]
            for node in each["nodes"]
        ]

    def axe_everywhere(self):
        """Ask axe on screens and phones, in light and dark; nothing may scroll."""
        found = []
        for width, scheme in product((1280, 320), ("light", "dark")):
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.emulate_media(color_scheme=scheme)
            self.page.wait_for_timeout(100)
            # Dark differs from light in nothing but colours.
            rules = COLOUR_RULES if scheme == "dark" else None
            found += [f"{width} {scheme} {each}" for each in self.axe(rules)]
            if self.scrolls_sideways():
                found.append(f"{width} {scheme} scrolls sideways")
        return found

    def scrolls_sideways(self):
        root = "document.documentElement"
        return self.page.evaluate(f"{root}.scrollWidth > {root}.clientWidth")

    def found(self):
        return [*self.problems, *self.page.evaluate("window.__violations")]

    def _hear(self, message):
        if message.type in ("error", "warning"):
            self.problems.append(f"console {message.text[:300]}")

    def _see(self, request):
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self.host:
            self.problems.append(f"foreign host {request.url}")

    def _name(self, event):
        self._names[event["requestId"]] = event["response"]["url"]

    def _weigh(self, event):
        name = self._names.get(event["requestId"], event["requestId"])
        self.received[name] = self.received.get(name, 0) + event["encodedDataLength"]


@pytest.fixture
def open_tab(chromium):
    """Open an address; at the end nothing forbidden may have happened."""
    tabs = []

    def start(address, *, width=1280, scheme="light", with_script=True):
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            locale="de-DE",
            java_script_enabled=with_script,
            reduced_motion="reduce",
        )
        tab = Tab(context.new_page(), address)
        tabs.append((tab, with_script))
        tab.page.goto(address)
        return tab

    yield start
    found = [tab.found() if watched else tab.problems for tab, watched in tabs]
    for tab, _ in tabs:
        tab.page.context.close()
    assert not [problem for each in found for problem in each]
