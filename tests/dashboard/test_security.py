"""What browsers are told, and what the server refuses to read."""

import re
from datetime import UTC, datetime

import pytest

from dashboard.app import create_app
from dashboard.pages import PAGES
from dashboard.security import LARGEST_REQUEST, content_security_policy, csp_hash

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def client(open_published, open_city):
    return create_app(
        open_published, open_city, PAGES, lambda: NOW
    ).server.test_client()


def policy_of(answer):
    said = answer.headers["Content-Security-Policy"].split("; ")
    return {name: values for name, *values in (each.split() for each in said)}


@pytest.mark.parametrize(
    "path",
    ["/nirgends", "/en/", "/assets/10-site.css", "/assets/fehlt.js", "/stadtfarben.css",
     "/_dash-layout", "/_dash-dependencies", "/api/v1/catalogue", "/api/v1/falsch",
     "/healthz"],
)  # fmt: skip
def test_every_answer_carries_the_headers(client, path):
    headers = client.get(path, buffered=True).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert "Set-Cookie" not in headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_the_policy_allows_this_host_and_nothing_inline(client):
    policy = policy_of(client.get("/nirgends"))
    assert policy["default-src"] == ["'none'"]
    assert policy["base-uri"] == policy["frame-ancestors"] == policy["object-src"]
    assert policy["object-src"] == ["'none'"]
    assert policy["form-action"] == policy["connect-src"] == ["'self'"]
    assert policy["img-src"] == ["'self'", "data:"]
    values = [value for each in policy.values() for value in each]
    assert not [value for value in values if "unsafe" in value or "http" in value]
    assert "*" not in values


def test_every_inline_script_of_a_page_has_its_hash(client):
    answer = client.get("/impressum")
    text = answer.get_data(as_text=True)
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", text, re.S)
    run = [body for head, body in scripts if body and "json" not in head]
    assert run
    allowed = policy_of(answer)["script-src"]
    assert {csp_hash(body) for body in run} <= set(allowed)
    assert len(allowed) == 1 + len(run)


def test_no_page_has_inline_styles_or_handlers(client):
    text = client.get("/impressum").get_data(as_text=True)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)


def test_a_large_question_is_refused(client):
    body = b'{"output": "' + b"x" * LARGEST_REQUEST + b'"}'
    answer = client.post(
        "/_dash-update-component", data=body, content_type="application/json"
    )
    assert answer.status_code == 413


def test_a_hash_is_what_browsers_compute():
    # The example of the Content Security Policy specification, level 2.
    assert csp_hash("alert('Hello, world.');") == (
        "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
    )


def test_the_policy_names_the_hashes_it_is_given():
    assert "script-src 'self' 'sha256-abc'" in content_security_policy(["'sha256-abc'"])
