"""connector.systems.transport and sockets: certificates are verified, and shown where wanted."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import certifi
import pytest

from connector.systems import transport as transport_module
from connector.systems.addresses import Guard
from connector.systems.errors import Kind
from connector.systems.hosts import Hosts
from connector.systems.sockets import tls_with_certificate
from connector.systems.transport import Bounds, NothingSent, Transport
from tests.fakes.certificates import Authority, Pair
from tests.fakes.server import Answer, Fake, serve


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The test's authority in place of the shipped list."""
    monkeypatch.setattr(certifi, "where", lambda: str(authority.own.certificate))
    transport_module.shared_tls.cache_clear()
    yield
    transport_module.shared_tls.cache_clear()


@contextmanager
def secured(pair: Pair, *, clients: Path | None = None, newest: bool = True) -> Iterator[Fake]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    if not newest:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
    if clients:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    with serve(lambda _: Answer({"ok": True}), tls=context) as fake:
        yield fake


def ask(fake: Fake, host: str = "localhost", certificate: tuple[bytes, bytes] | None = None) -> int:
    place = f"{host}:{fake.port}"
    client = Transport(
        Hosts((place,), (place,), "Acme"),
        Guard(loopback=True),
        Bounds(2, 3),
        certificate=certificate,
    )
    try:
        target = client.hosts.target(f"https://{place}/x")
        client.send("POST", target, headers={}, private={"X-Key": "secret"}, body=b"{}")
        return client.send("POST", target, headers={}, private={}, body=b"{}").status
    finally:
        client.close()


@pytest.mark.usefixtures("trusted")
def test_a_good_certificate_is_taken_and_its_connection_kept(authority: Authority) -> None:
    with secured(authority.issue("good", "DNS:localhost,IP:127.0.0.1")) as fake:
        assert ask(fake) == 200
        assert fake.connections == 1
        assert ask(fake, "127.0.0.1") == 200


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name_gets_no_byte_of_the_call(authority: Authority) -> None:
    with secured(authority.issue("other", "DNS:other.example.com")) as fake:
        with pytest.raises(NothingSent, match="certificate of localhost is not valid") as caught:
            ask(fake)
        assert fake.asked == []
    assert caught.value.kind is Kind.TRANSIENT


def test_a_certificate_of_an_unknown_authority_gets_no_byte_of_the_call(
    authority: Authority,
) -> None:
    with secured(authority.issue("unknown", "DNS:localhost")) as fake:
        with pytest.raises(NothingSent, match="not valid"):
            ask(fake)
        assert fake.asked == []


@pytest.mark.usefixtures("trusted")
def test_an_old_version_of_tls_is_refused(authority: Authority) -> None:
    with (
        pytest.warns(DeprecationWarning),
        secured(authority.issue("old", "DNS:localhost"), newest=False) as fake,
        pytest.raises(NothingSent),
    ):
        ask(fake)
    assert fake.asked == []


@pytest.mark.usefixtures("trusted")
def test_a_client_certificate_is_shown_and_its_key_touches_no_disk(authority: Authority) -> None:
    own = authority.issue("client", "DNS:client")
    certificate = (own.certificate.read_bytes(), own.key.read_bytes())
    with secured(
        authority.issue("server", "DNS:localhost"), clients=authority.own.certificate
    ) as fake:
        own.key.unlink()
        assert ask(fake, certificate=certificate) == 200


def test_a_key_that_does_not_fit_its_certificate_is_refused(authority: Authority) -> None:
    one, other = authority.issue("one", "DNS:one"), authority.issue("two", "DNS:two")
    with pytest.raises(ssl.SSLError):
        tls_with_certificate(one.certificate.read_bytes(), other.key.read_bytes())
    with secured(one) as fake:
        with pytest.raises(NothingSent, match="can't be used together") as caught:
            ask(fake, certificate=(b"nonsense", b"nonsense"))
        assert (caught.value.kind, fake.asked) == (Kind.CONFIG, [])
