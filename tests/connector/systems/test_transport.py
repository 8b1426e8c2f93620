"""connector.systems.transport: the guarded client against real sockets."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from connector.systems.addresses import Guard
from connector.systems.errors import Kind
from connector.systems.hosts import Hosts
from connector.systems.reply import Reply
from connector.systems.transport import Bounds, NoAnswer, NothingSent, Transport
from tests.fakes.server import Answer, Asked, Fake, Handle, cut, raw, serve

OK = Answer({"ok": True})


@contextmanager
def transport(*ports: int, bounds: Bounds = Bounds(2, 3, 100_000)) -> Iterator[Transport]:  # noqa: B008
    names = tuple(f"{host}:{port}" for port in ports for host in ("127.0.0.1", "localhost"))
    made = Transport(Hosts(names, names, "Acme", loopback=True), Guard(loopback=True), bounds)
    try:
        yield made
    finally:
        made.close()


def call(client: Transport, url: str, method: str = "GET", *, body: bytes | None = None) -> Reply:
    return client.send(
        method,
        client.hosts.target(url),
        headers={"Accept": "application/json"},
        private={"Authorization": "Bearer secret", "X-Key": "secret"},
        body=body,
        follow=method == "GET",
    )


def failing(handle: Handle, method: str = "POST", **bounds: float) -> NoAnswer:
    limits = Bounds(2, bounds.get("total_s", 3), int(bounds.get("answer_bytes", 100_000)))
    with (
        serve(handle) as fake,
        transport(fake.port, bounds=limits) as client,
        pytest.raises(NoAnswer) as caught,
    ):
        call(client, fake.url, method, body=b"{}")
    assert len(fake.asked) == 1
    return caught.value


def test_a_call_arrives_as_it_was_made_and_its_connection_is_kept() -> None:
    with serve(lambda _: OK) as fake, transport(fake.port) as client:
        for _ in range(3):
            reply = call(client, f"{fake.url}/bills?x=1", "POST", body=b'{"a":1}')

        assert (reply.status, reply.body) == (200, b'{"ok": true}')
        assert fake.connections == 1
        asked = fake.asked[-1]
        assert (asked.method, asked.target, asked.body) == ("POST", "/bills?x=1", b'{"a":1}')
        assert asked.headers["host"] == f"127.0.0.1:{fake.port}"
        assert asked.headers["authorization"] == "Bearer secret"


def test_a_kept_connection_that_the_peer_closed_is_not_used_for_a_write() -> None:
    replied = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    with serve(lambda _: replied) as fake, transport(fake.port) as client:
        for _ in range(3):
            assert call(client, fake.url, "POST", body=b"{}").status == 200
            time.sleep(0.05)

        assert len(fake.asked) == fake.connections == 3


def test_nothing_listening_means_that_nothing_was_sent() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with transport(port) as client, pytest.raises(NothingSent, match="can't be reached") as caught:
        call(client, f"http://127.0.0.1:{port}/", "POST")
    assert caught.value.kind is Kind.TRANSIENT


def test_a_peer_that_does_not_speak_tls_gets_no_byte_of_the_call() -> None:
    with serve(lambda _: OK) as fake, transport(fake.port) as client, pytest.raises(NothingSent):
        call(client, f"https://127.0.0.1:{fake.port}/", "POST")
    assert fake.asked == []


def test_a_connection_cut_after_the_call_is_no_answer_and_is_not_repeated() -> None:
    assert "broke off" in str(failing(lambda _: cut))


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100",
        b"rubbish\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 10_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: " + b"1" * 100_000 + b"\r\n\r\n",
    ],
)
def test_half_an_answer_is_no_answer(data: bytes) -> None:
    assert failing(lambda _: raw(data)).kind is Kind.TRANSIENT


def slowly(pieces: list[bytes]) -> Callable[[socket.socket], None]:
    def send(sock: socket.socket) -> None:
        for piece in pieces:
            sock.sendall(piece)
            time.sleep(0.1)

    return send


@pytest.mark.parametrize(
    "pieces",
    [
        [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", *[b"x"] * 100],
        [b"HTTP/1.1 200 OK\r\n", *[b"X: 1\r\n"] * 90],
        [b"H"] * 100,
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 100],
    ],
)
def test_a_slow_drip_ends_with_the_time_of_the_whole_call(pieces: list[bytes]) -> None:
    began = time.monotonic()

    failure = failing(lambda _: slowly(pieces), total_s=0.5)

    assert "in time" in str(failure)
    assert time.monotonic() - began < 2


def test_an_answer_that_is_too_long_is_refused_before_it_is_read() -> None:
    for answer in (
        Answer(b"x" * 200_000),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000),
    ):
        failure = failing(lambda _, answer=answer: answer)  # type: ignore[misc]
        assert "more than 100000 bytes" in str(failure)
        assert failure.kind is Kind.CONFIG


def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused() -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 50_000_000))
    packed = Answer(gzip.decompress(bomb), headers={"Content-Encoding": "gzip"})

    assert "more than 100000 bytes" in str(failing(lambda _: packed))


def test_a_packed_answer_is_unpacked() -> None:
    with serve(lambda _: Answer({"a": 1}, packed=True)) as fake, transport(fake.port) as client:
        assert call(client, fake.url).body == b'{"a": 1}'


def redirecting(to: Callable[[Asked], str], status: int = 302) -> Handle:
    return lambda asked: Answer(status=status, headers={"Location": to(asked)})


def test_a_redirect_of_a_write_is_an_answer_and_is_not_followed() -> None:
    for status in (301, 302, 303, 307, 308):
        with serve(redirecting(lambda _: "/there", status)) as fake, transport(fake.port) as client:
            assert call(client, fake.url, "POST", body=b"{}").status == status
            assert len(fake.asked) == 1


def test_a_read_follows_on_the_same_origin_with_its_credential() -> None:
    def handle(asked: Asked) -> Answer:
        return OK if asked.path == "/there" else Answer(status=302, headers={"Location": "there"})

    with serve(handle) as fake, transport(fake.port) as client:
        assert call(client, f"{fake.url}/here").status == 200
        assert fake.asked[-1].headers["authorization"] == "Bearer secret"


def test_a_redirect_to_another_origin_carries_no_credential_and_never_gets_it_back() -> None:
    first: list[Fake] = []

    def back(asked: Asked) -> Answer:
        return Answer(status=302, headers={"Location": f"{first[0].url}/end"})

    def away(asked: Asked) -> Answer:
        where = f"http://localhost:{second.port}/"
        return OK if asked.path == "/end" else Answer(status=302, headers={"Location": where})

    with serve(back) as second, serve(away) as fake, transport(fake.port, second.port) as client:
        first.append(fake)
        assert call(client, fake.url).status == 200

    for asked in (second.asked[0], fake.asked[-1]):
        assert "authorization" not in asked.headers
        assert "x-key" not in asked.headers
        assert asked.headers["accept"] == "application/json"


@pytest.mark.parametrize(
    "place", ["http://10.0.0.1/", "http://169.254.169.254/x", "https://evil.com/", "file:///etc"]
)
def test_a_redirect_to_a_forbidden_place_is_not_followed(place: str) -> None:
    with serve(redirecting(lambda _: place)) as fake, transport(fake.port) as client:
        with pytest.raises(NoAnswer, match="forbidden"):
            call(client, fake.url)
        assert len(fake.asked) == 1


def test_redirects_in_a_circle_end() -> None:
    with serve(redirecting(lambda _: "/again")) as fake, transport(fake.port) as client:
        with pytest.raises(NoAnswer, match="circle"):
            call(client, fake.url)
        assert len(fake.asked) == 6


def test_a_name_server_that_changes_its_mind_is_asked_once_a_connection() -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    with serve(lambda _: raw(b"HTTP/1.0 200 OK\r\n\r\n{}")) as fake, transport(fake.port) as client:
        client.resolve = lambda host, port: next(answers)
        assert call(client, fake.url.replace("127.0.0.1", "localhost")).status == 200

        with pytest.raises(NothingSent, match="a private address") as caught:
            call(client, fake.url.replace("127.0.0.1", "localhost"))
    assert caught.value.kind is Kind.CONFIG


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serve(lambda _: OK) as fake, transport(fake.port) as client:
        assert call(client, fake.url).status == 200


@pytest.mark.parametrize("value", ["a\r\nX: 1", "a\nb", "a\x00b"])
def test_a_header_that_would_break_the_request_is_not_sent(value: str) -> None:
    with serve(lambda _: OK) as fake, transport(fake.port) as client:
        target = client.hosts.target(fake.url)
        with pytest.raises(ValueError, match="control character"):
            client.send("GET", target, headers={"X-A": value}, private={})
        with pytest.raises(ValueError, match="control character"):
            client.send("GET", target.with_path(f"/{value}"), headers={}, private={})
        assert fake.asked == []


def test_many_threads_share_one_transport() -> None:
    def echo(asked: Asked) -> Answer:
        return Answer(asked.body)

    wrong: list[bytes] = []
    with serve(echo) as fake, transport(fake.port) as client:

        def work(number: int) -> None:
            for turn in range(20):
                sent = f"{number}-{turn}".encode()
                if call(client, fake.url, "POST", body=sent).body != sent:
                    wrong.append(sent)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(fake.asked), wrong) == (160, [])
        assert fake.connections <= 8


def test_a_peer_that_takes_no_more_bytes_ends_with_the_time_of_the_whole_call() -> None:
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        with transport(port, bounds=Bounds(2, 0.5)) as client, pytest.raises(NoAnswer):
            call(client, f"http://127.0.0.1:{port}/", "POST", body=b"x" * 30_000_000)
    assert time.monotonic() - began < 2
