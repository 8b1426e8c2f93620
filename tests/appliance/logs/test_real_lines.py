"""appliance.logs: what libraries really log at DEBUG, made by running them against this machine"""

import http.client
import io
import json
import logging
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import requests
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import RequestFactory, override_settings
from django.views.debug import technical_500_response
from oauthlib.oauth2 import OAuth2Error
from requests_oauthlib import OAuth1Session, OAuth2Session

from appliance.logs import redact
from appliance.logs.gunicorn import Logger
from appliance.logs.lines import Line
from appliance.logs.records import StandardError
from tests.appliance.logs import corpus
from tests.settings import SERVER

TOKENS = {"access_token": corpus.RANDOM, "refresh_token": corpus.WORD, "token_type": "Bearer"}

REFUSED = {"error": "invalid_grant", "error_description": f"refresh_token={corpus.WORD} was used"}


class Answer(BaseHTTPRequestHandler):
    """Gives tokens, cookies and errors, each with a canary."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def do_GET(self) -> None:
        body = json.dumps(REFUSED if "bad" in self.path else TOKENS).encode()
        self.send_response(400 if "bad" in self.path else 200)
        self.send_header("Set-Cookie", f"sid={corpus.RANDOM}")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        logging.getLogger("http.server").debug(format, *args)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    made = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that is logged, at DEBUG, as the box writes it."""
    said = io.StringIO()
    handler = StandardError()
    handler.setStream(said)
    handler.setFormatter(Line())
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG)
    yield said
    root.handlers[:] = before
    root.setLevel(level)


def test_requests_and_urllib3(server: str, lines: io.StringIO) -> None:
    requests.get(
        f"http://box:{corpus.WORD}@{server}/v1?api_key={corpus.WORD}&code={corpus.WORD}",
        headers={"X-Api-Key": corpus.WORD},
        timeout=5,
    )
    with pytest.raises(requests.ConnectionError):
        try:
            requests.get(f"http://127.0.0.1:1/x?token={corpus.WORD}", timeout=1)
        except requests.ConnectionError:
            logging.getLogger("some").exception("no answer")
            raise

    said = lines.getvalue()
    assert "GET /v1?api_key=***&code=*** HTTP/1.1" in said
    assert "Max retries exceeded with url: /x?token=***" in said
    assert not corpus.leaks(said)


def test_http_client_with_its_debug_level(
    server: str, lines: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    client = http.client.HTTPConnection(server)
    client.set_debuglevel(2)
    auth = {"Authorization": f"Basic {corpus.BASIC}", "Cookie": f"sid={corpus.RANDOM}"}
    client.request("POST", "/token", body=f"client_secret={corpus.WORD}", headers=auth)
    client.getresponse().read()
    client.close()
    printed = capsys.readouterr().out

    assert corpus.leaks(printed)
    assert [line for line in printed.splitlines() if corpus.leaks(redact.text(line))] == []
    assert not corpus.leaks(redact.text(printed))


def test_oauthlib_and_requests_oauthlib(
    server: str, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    first = OAuth2Session("box", redirect_uri="http://127.0.0.1/back")
    first.fetch_token(
        f"http://{server}/token", code=corpus.WORD, client_secret=corpus.WORD, timeout=5
    )
    first.refresh_token(f"http://{server}/token", timeout=5, auth=("box", corpus.WORD))
    first.get(f"http://{server}/v1", timeout=5)
    with pytest.raises(OAuth2Error):
        try:
            first.fetch_token(
                f"http://{server}/bad",
                authorization_response=f"http://a/?code={corpus.WORD}&state={corpus.WORD}",
            )
        except OAuth2Error:
            logging.getLogger("some").exception("not connected")
            raise
    old = OAuth1Session("box", corpus.WORD, corpus.RANDOM, corpus.WORD)
    old.get(f"http://{server}/v1", timeout=5)

    said = lines.getvalue()
    assert "requests_oauthlib" in said
    assert "oauthlib.oauth1" in said
    assert not corpus.leaks(said)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t (token) VALUES (%(v)s)",
        "INSERT INTO t (token, n) VALUES (%(v)s || 'x', -1)",
        "SELECT %(v)s::integer",
        "SELECT %(v)s::uuid",
        "SELECT %(v)s::timestamptz",
        "SELECT %(v)s::jsonb",
        "SELECT * FROM nowhere WHERE a = %(v)s",
        "SELECT xmlparse(document %(v)s)",
    ],
)
def test_psycopg(statement: str, lines: io.StringIO) -> None:
    with psycopg.connect(SERVER.url) as database, database.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE t (token text UNIQUE, n int CHECK (n > 0))")
        cursor.execute("INSERT INTO t VALUES (%s, 1)", [corpus.WORD])
        with pytest.raises(psycopg.Error):
            try:
                cursor.execute(statement, {"v": corpus.WORD})
            except psycopg.Error:
                logging.getLogger("some").exception("not written")
                raise

    assert "Traceback" in lines.getvalue()
    assert not corpus.leaks(lines.getvalue())


@pytest.mark.django_db
def test_statements_that_django_logs(lines: io.StringIO) -> None:
    with override_settings(DEBUG=True), connection.cursor() as cursor:
        connection.force_debug_cursor = True
        try:
            cursor.connection and connection.cursor().execute("SELECT %s, 1", [corpus.WORD])
        finally:
            connection.force_debug_cursor = False

    assert "SELECT '***', 1; args=***" in lines.getvalue()
    assert not corpus.leaks(lines.getvalue())


@pytest.mark.parametrize("text", ["{{ record.none }}", "{% if none.at %}{% endif %}"])
def test_a_template_that_lacks_a_name_does_not_say_what_it_was_given(
    lines: io.StringIO, text: str
) -> None:
    record = {"name": "Ada Lovelace", "note": "two\nlines"}
    Template(text).render(Context({"record": record}))

    assert re.search(r"Failed lookup for key \[none\] in \*\*\*", lines.getvalue())
    for word in ("Lovelace", "two", "lines"):
        assert word not in lines.getvalue()


def _breaks(request: HttpRequest) -> HttpResponse:
    password = corpus.WORD
    raise ValueError(f"password={password}")


def test_the_page_of_an_error_in_debug_mode_shows_no_value() -> None:
    request = RequestFactory().post(
        f"/set-up/{corpus.WORD}/?code={corpus.WORD}",
        {"field": corpus.WORD},
        HTTP_COOKIE=f"sid={corpus.WORD}",
    )
    with override_settings(DEBUG=True, MY_OWN=corpus.WORD):
        try:
            _breaks(request)
        except ValueError:
            page = technical_500_response(request, *sys.exc_info()).content.decode()

    assert "ValueError" in page
    assert not corpus.leaks(page)


def test_gunicorn_writes_neither_queries_nor_links(lines: io.StringIO) -> None:
    log = Logger.__new__(Logger)
    log.access_log = logging.getLogger("gunicorn.access")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": f"/set-up/{corpus.WORD}/",
        "QUERY_STRING": f"code={corpus.WORD}",
        "HTTP_COOKIE": corpus.WORD,
    }
    log.access(SimpleNamespace(status="200 OK", sent=12), None, environ, timedelta(seconds=0.003))

    assert lines.getvalue().endswith("GET /set-up/***/ 200, 12 bytes, 3 ms\n")


LAST_WORDS = f"""
import faulthandler, gc, logging, sys, threading, warnings
from appliance.logs import setup
setup.configure(setup.from_environment("json"))
def bad(): raise ValueError("password={corpus.WORD}")
class Gone:
    def __del__(self): bad()
Gone(); gc.collect()
thread = threading.Thread(target=bad); thread.start(); thread.join()
warnings.warn("token={corpus.WORD}")
logging.getLogger("a").info("%d", "{corpus.WORD}")
assert not faulthandler.is_enabled()
bad()
"""


def test_nothing_else_that_a_process_says_holds_a_secret() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", LAST_WORDS], capture_output=True, text=True
    )

    said = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 1
    assert not corpus.leaks(done.stderr + done.stdout)
    assert [one["logger"] for one in said].count("appliance.unhandled") == 3
    assert "py.warnings" in [one["logger"] for one in said]
