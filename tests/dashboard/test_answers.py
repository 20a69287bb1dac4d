"""Answers are made once, compressed once, and kept within bounds."""

import gzip
import threading
import time

import flask
import pytest

from dashboard.answers import ByteCache, answer, compress, tag_of


def test_a_body_is_made_once_however_many_ask_at_the_same_time():
    cache, made = ByteCache(1000), []

    def make():
        made.append(1)
        time.sleep(0.05)
        return b"body"

    askers = [threading.Thread(target=cache.get, args=("a", make)) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert len(made) == 1
    assert cache.get("a", make) == b"body"


def test_the_body_asked_for_longest_ago_goes_first():
    cache, made = ByteCache(100), []

    def ask(key, size=40):
        return cache.get(key, lambda: made.append(key) or bytes(size))

    ask("a"), ask("b"), ask("a"), ask("c")  # b goes
    made.clear()
    ask("a"), ask("c"), ask("b")
    assert made == ["b"]


def test_a_body_that_would_drive_out_the_rest_is_not_kept():
    cache, made = ByteCache(100), []
    cache.get("small", lambda: bytes(40))
    for _ in range(2):
        cache.get("large", lambda: made.append(1) or bytes(60))
    cache.get("small", lambda: made.append(2) or bytes(40))
    assert made == [1, 1]


def test_a_body_that_cannot_be_made_leaves_nothing_behind():
    cache = ByteCache(100)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: bytes(1 // 0))
    assert cache.get("a", lambda: b"now") == b"now"


@pytest.fixture
def client(tmp_path):
    (tmp_path / "site.css").write_text("body { color: black }\n" * 100)
    server = flask.Flask("test", static_folder=str(tmp_path), static_url_path="/assets")
    bodies = iter(["first " * 200, "second " * 200])
    server.add_url_rule(
        "/same",
        "same",
        lambda: answer("tag", lambda: next(bodies).encode(), "text/css"),
    )
    server.add_url_rule("/short", "short", lambda: "short")
    server.add_url_rule("/long", "long", lambda: "long " * 200)
    server.add_url_rule(
        "/picture", "picture", lambda: flask.Response(bytes(999), mimetype="image/png")
    )
    server.after_request(compress)
    return server.test_client()


ZIPPED = {"Accept-Encoding": "gzip"}


def test_a_file_is_compressed_and_known_again(client, tmp_path):
    for _ in range(2):
        response = client.get("/assets/site.css", headers=ZIPPED, buffered=True)
        assert gzip.decompress(response.data) == (tmp_path / "site.css").read_bytes()
        assert response.headers["ETag"].startswith("W/")
        assert int(response.headers["Content-Length"]) == len(response.data)
    again = ZIPPED | {"If-None-Match": response.headers["ETag"]}
    unchanged = client.get("/assets/site.css", headers=again, buffered=True)
    assert (unchanged.status_code, unchanged.data) == (304, b"")


def test_a_changed_file_is_compressed_anew(client, tmp_path):
    client.get("/assets/site.css", headers=ZIPPED, buffered=True)
    (tmp_path / "site.css").write_text("body { color: white }\n" * 101)
    response = client.get("/assets/site.css", headers=ZIPPED, buffered=True)
    assert b"white" in gzip.decompress(response.data)


def test_an_answer_under_the_same_tag_stays_the_same(client):
    plain = client.get("/same").data
    assert plain == b"first " * 200
    assert gzip.decompress(client.get("/same", headers=ZIPPED).data) == plain


@pytest.mark.parametrize("path", ["/short", "/picture"])
def test_what_gets_no_smaller_is_left_as_it_is(client, path):
    assert "Content-Encoding" not in client.get(path, headers=ZIPPED).headers


@pytest.mark.parametrize("refusal", ["identity", "gzip;q=0", "zstd", ""])
def test_who_cannot_unpack_gets_it_plain(client, refusal):
    response = client.get("/long", headers={"Accept-Encoding": refusal})
    assert response.data == b"long " * 200
    assert "Content-Encoding" not in response.headers


def test_a_head_request_is_answered_without_a_body(client):
    response = client.head("/assets/site.css", headers=ZIPPED, buffered=True)
    assert (response.status_code, response.data) == (200, b"")


def test_tags_differ_in_every_part():
    tags = {tag_of("id", "a", "bc"), tag_of("id", "ab", "c"), tag_of("id", "a", "bc ")}
    assert len(tags) == 3
    assert all(tag.startswith("id-") for tag in tags)
