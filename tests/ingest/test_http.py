"""One session per source, against real servers that misbehave."""

import gzip
import logging
import shutil
import socket
import ssl
import subprocess
import threading
import time
import tracemalloc
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ingest.errors import SourceChanged, SourceUnavailable
from ingest.http import Session, place
from ingest.http_guard import Limits, _is_public, cut_all

QUICK = Limits(
    connect=timedelta(seconds=1),
    read=timedelta(seconds=1),
    total=timedelta(seconds=5),
    pause=timedelta(milliseconds=10),
    longest_pause=timedelta(seconds=2),
)


@pytest.fixture
def session(make_city, visits):
    """Return a session for a source at an address."""
    opened = []

    def open_session(url, limits=QUICK, **more):
        source = visits(url=url, **{"private_host": True, **more})
        city = make_city(source)
        opened.append(Session(city.source("visits"), city.id, limits))
        return opened[-1]

    yield open_session
    for each in opened:
        each.close()


def test_an_answer_has_its_content_and_what_to_ask_with_next_time(web, session):
    url = web.says("/a.csv", "a;b\n", ETag='"1"', Last_Modified="yesterday")
    answer = session(url).get(url)
    assert (answer.content, answer.status) == (b"a;b\n", 200)
    assert (answer.etag, answer.last_modified) == ('"1"', "yesterday")
    _, headers = web.asked[0]
    assert headers["User-Agent"] == "Amtspuls (teststadt)"


def test_an_unchanged_address_answers_304_without_content(web, session):
    url = web.says("/a.csv", "", status=304)
    answer = session(url).get(url, etag='"1"', last_modified="yesterday")
    assert (answer.status, answer.content, answer.etag) == (304, b"", '"1"')
    _, headers = web.asked[0]
    assert headers["If-None-Match"] == '"1"'
    assert headers["If-Modified-Since"] == "yesterday"


def test_304_to_a_question_that_did_not_ask_for_it_is_an_error(web, session):
    url = web.says("/a.csv", "", status=304)
    with pytest.raises(SourceUnavailable, match="answers 304"):
        session(url).get(url)


def test_compressed_answers_are_unpacked(web, session):
    url = web.says("/a.csv", gzip.compress(b"a;b\n"), Content_Encoding="gzip")
    assert session(url).get(url).content == b"a;b\n"


def test_errors_of_the_server_are_tried_again_after_the_time_it_asks_for(web, session):
    url = web.says("/a.csv", "a;b\n")
    good = web.answers["/a.csv"]
    moments = []

    def at_first_busy(request):
        moments.append(time.monotonic())
        if len(moments) < 3:
            request.send_response(503)
            request.send_header("Retry-After", "1")
            request.send_header("Content-Length", "0")
            request.end_headers()
        else:
            good(request)

    web.answers["/a.csv"] = at_first_busy
    assert session(url).get(url).content == b"a;b\n"
    assert len(moments) == 3
    assert moments[1] - moments[0] >= 1
    assert moments[2] - moments[1] >= 1


def test_a_server_that_keeps_failing_is_left_alone_after_three_more_tries(web, session):
    url = web.says("/a.csv", "secret words", status=500)
    with pytest.raises(SourceUnavailable, match="answers 500") as caught:
        session(url).get(url)
    assert caught.value.http_status == 500
    assert len(web.asked) == 4
    assert "secret words" not in str(caught.value)


def test_a_missing_page_is_not_asked_for_again(web, session):
    url = f"{web.url}/nothing.csv"
    with pytest.raises(SourceUnavailable, match=r"nothing\.csv answers 404") as caught:
        session(url).get(url)
    assert caught.value.http_status == 404
    assert len(web.asked) == 1


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ("<!DOCTYPE html><title>Anmeldung</title>", {}),
        ("\n  <html lang=de>", {"Content_Type": "application/json"}),
        ("Wartung", {"Content_Type": "text/html; charset=utf-8"}),
    ],
)
def test_a_web_page_instead_of_data_is_said_in_plain_words(web, session, body, headers):
    url = web.says("/queue.json", body, **headers)
    with pytest.raises(SourceChanged, match=r"web page \(HTML\) instead of data"):
        session(url).get(url)


def test_a_redirect_on_the_same_host_is_followed(web, session):
    web.says("/new.csv", "a;b\n")
    url = web.says("/a.csv", "", status=302, Location="/new.csv")
    assert session(url).get(url).content == b"a;b\n"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:{port}/new.csv",
        "http://127.0.0.1:{other}/new.csv",
        "http://user@127.0.0.1:{port}/new.csv",
        "file:///etc/passwd",
        "//example.org/new.csv",
    ],
)
def test_a_redirect_elsewhere_is_refused_before_anything_is_asked(
    web, session, elsewhere
):
    web.says("/new.csv", "a;b\n")
    target = elsewhere.format(port=web.port, other=web.port + 1)
    url = web.says("/a.csv", "", status=302, Location=target)
    with pytest.raises(SourceChanged, match="not the host in the city file"):
        session(url).get(url)
    assert [path for path, _ in web.asked] == ["/a.csv"]


def test_a_circle_of_redirects_ends(web, session):
    url = web.says("/a.csv", "", status=301, Location="/a.csv")
    with pytest.raises(SourceChanged, match="redirects more than 5 times"):
        session(url).get(url)


def test_another_address_than_the_city_files_is_refused(web, session):
    with pytest.raises(SourceChanged, match=r"leads to http://example\.org/x"):
        session(f"{web.url}/a.csv").get("http://example.org/x")
    assert web.asked == []


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_private_address_is_not_asked_unless_the_city_file_says_so(
    web, session, name
):
    web.says("/a.csv", "a;b\n")
    url = f"http://{name}:{web.port}/a.csv"
    with pytest.raises(SourceUnavailable, match="private_host = true"):
        session(url, private_host=False).get(url)
    assert web.asked == []
    assert session(url).get(url).content == b"a;b\n"


def test_a_name_that_resolves_anew_to_a_private_address_is_refused(
    web, session, monkeypatch
):
    """The address is looked at when the connection is made, not before."""
    url = f"http://rebound.example:{web.port}/a.csv"
    inside = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", web.port))
    outside = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("203.0.113.9", web.port))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: [outside, inside])
    with pytest.raises(SourceUnavailable, match="private address"):
        session(url, private_host=False).get(url)
    assert web.asked == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - nothing is bound
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_only_addresses_of_the_open_internet_are_public(address, public):
    assert _is_public(address) is public


def test_an_answer_above_the_size_limit_is_cut_off(web, session):
    url = web.says("/a.csv", b"x" * 200_000)
    small = Limits(largest=100_000)
    with pytest.raises(SourceUnavailable, match="more than 100_000 bytes"):
        session(url, small).get(url)


def test_a_gzip_bomb_is_cut_off_long_before_it_is_unpacked(web, session):
    bomb = gzip.compress(bytes(300_000_000))
    url = web.says("/a.csv", bomb, Content_Encoding="gzip")
    tracemalloc.start()
    with pytest.raises(SourceUnavailable, match="more than 1_000_000 bytes"):
        session(url, Limits(largest=1_000_000)).get(url)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_an_answer_that_breaks_off_is_not_half_an_answer(web, session):
    def break_off(request):
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b"a;b\n1;2\n")
        request.close_connection = True

    web.answers["/a.csv"] = break_off
    url = f"{web.url}/a.csv"
    with pytest.raises(SourceUnavailable, match="breaks off before the end"):
        session(url).get(url)


def test_silence_ends_with_the_time_out(web, session):
    web.answers["/a.csv"] = lambda request: time.sleep(2)
    url = f"{web.url}/a.csv"
    limits = Limits(read=timedelta(milliseconds=200), retries=0)
    with pytest.raises(SourceUnavailable, match="does not answer in time"):
        session(url, limits).get(url)


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_server_that_drips_is_cut_off_in_time(web, session, part):
    def drip(request):
        request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        if part == "body":
            request.wfile.write(b"\r\n")
        for _ in range(100):
            request.wfile.write(b"X: y\r\n")
            time.sleep(0.05)

    web.answers["/a.csv"] = drip
    url = f"{web.url}/a.csv"
    limits = Limits(total=timedelta(milliseconds=400), retries=0)
    began = time.monotonic()
    with pytest.raises(SourceUnavailable, match="takes too long"):
        session(url, limits).get(url)
    assert time.monotonic() - began < 2


def test_a_stopping_process_ends_what_waits(web, session):
    web.answers["/a.csv"] = lambda request: time.sleep(3)
    url = f"{web.url}/a.csv"
    asking = session(url, Limits())
    timer = threading.Timer(0.3, cut_all)
    timer.start()
    began = time.monotonic()
    with pytest.raises(SourceUnavailable, match="takes too long"):
        asking.get(url)
    timer.join()
    assert time.monotonic() - began < 2


def test_nobody_listening_and_unknown_names_are_told_apart(session):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/a.csv"
        with pytest.raises(SourceUnavailable, match="nothing listens there"):
            session(url).get(url)
    url = "http://no-such-name.invalid/a.csv"
    with pytest.raises(SourceUnavailable, match="a name that nobody knows"):
        session(url).get(url)


@pytest.fixture
def certificate(tmp_path):
    """Make a certificate for localhost that nobody else knows."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    subprocess.run(
        [
            openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", key, "-out", chain,
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return chain, key


def test_certificates_are_checked_for_the_name_and_not_for_the_address(
    certificate, session
):
    chain, key = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    served = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            served.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"a;b\n")

        def log_message(self, *args):
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *args):
            pass  # the handshakes that fail are what is tested

    with Quiet(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        url = f"https://localhost:{server.server_address[1]}/a.csv"
        try:
            with pytest.raises(SourceUnavailable, match="no valid certificate"):
                session(url, Limits(retries=0)).get(url)
            assert served == []
            knowing = session(url)
            knowing._requests.verify = str(chain)
            assert knowing.get(url).content == b"a;b\n"
        finally:
            server.shutdown()


def test_a_secret_goes_to_the_source_and_nowhere_else(
    web, session, monkeypatch, caplog
):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TEST_KEY", "hunter2-canary")
    url = web.says("/a.csv", "a;b\n")
    asking = session(url, secrets={"X-Authkey": "TEST_KEY"})
    asking.get(url)
    assert web.asked[0][1]["X-Authkey"] == "hunter2-canary"
    web.says("/a.csv", "no", status=403)
    with pytest.raises(SourceUnavailable, match="the secret in TEST_KEY is not") as no:
        asking.get(url)
    assert "hunter2-canary" not in str(no.value) + repr(asking) + caplog.text


def test_a_missing_secret_names_its_variable(web, session, monkeypatch):
    monkeypatch.delenv("TEST_KEY", raising=False)
    url = web.says("/a.csv", "a;b\n")
    with pytest.raises(SourceUnavailable, match="TEST_KEY is not set"):
        session(url, secrets={"X-Authkey": "TEST_KEY"}).get(url)
    assert web.asked == []


def test_no_secret_goes_out_unencrypted(session, monkeypatch):
    monkeypatch.setenv("TEST_KEY", "hunter2-canary")
    url = "http://example.org/a.csv"
    asking = session(url, secrets={"X-Authkey": "TEST_KEY"}, private_host=False)
    with pytest.raises(SourceUnavailable, match="not encrypted"):
        asking.get(url)


def test_proxies_of_the_environment_are_not_used(web, session, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    url = web.says("/a.csv", "a;b\n")
    assert session(url).get(url).status == 200


def test_a_place_is_an_address_without_what_may_be_secret():
    address = "https://user:word@host.example:8443/a/b.csv?key=1#part"
    assert place(address) == "https://host.example:8443/a/b.csv"
    assert place("http://host.example:80/") == "http://host.example/"
