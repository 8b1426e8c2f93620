"""connector.systems.addresses and connector.systems.hosts"""

import socket
from collections.abc import Sequence

import pytest

from connector.systems.addresses import AddressRefused, Guard, HostUnknown, resolve
from connector.systems.errors import Kind, SystemFailure
from connector.systems.hosts import Hosts, allowed_hosts
from tests.fakes.systems import described

FORBIDDEN = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.5", "172.16.3.4", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.7",
    "198.18.0.1", "192.88.99.1", "::1", "::", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
    "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::", "2001:0:a00:1::", "fe80::1", "fc00::1",
    "fd12:3456::1", "ff02::1", "2001:db8::1", "3fff::1", "::10.0.0.1", "fec0::1", "fe80::1%eth0",
]  # fmt: skip


def answering(*found: str) -> object:
    def ask(host: str, port: int) -> Sequence[str]:
        return found

    return ask


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused, match=r"api\.example\.com"):
        Guard().addresses("api.example.com", 443, answering(address))  # type: ignore[arg-type]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_one_bad_address_among_good_ones_refuses_the_name(address: str) -> None:
    with pytest.raises(AddressRefused):
        Guard().addresses("api.example.com", 443, answering("93.184.216.34", address))  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8"])
def test_a_public_address_is_called(address: str) -> None:
    assert Guard().addresses("api.example.com", 443, answering(address)) == [address]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "spelling", ["0x7f000001", "2130706433", "127.1", "0177.0.0.1", "localhost", "127.0.0.1"]
)
def test_every_spelling_of_this_machine_is_refused(spelling: str) -> None:
    with pytest.raises((AddressRefused, HostUnknown)):
        Guard().addresses(spelling, 443, resolve)


@pytest.mark.parametrize("spelling", ["0x7f000001", "2130706433", "127.1", "0177.0.0.1"])
def test_loopback_is_allowed_by_its_plain_names_only(spelling: str) -> None:
    guard = Guard(loopback=True)

    assert guard.addresses("127.0.0.1", 80, resolve) == ["127.0.0.1"]
    with pytest.raises((AddressRefused, HostUnknown)):
        guard.addresses(spelling, 80, resolve)


def test_loopback_says_nothing_about_a_public_name_that_leads_here() -> None:
    with pytest.raises(AddressRefused, match="this machine itself"):
        Guard(loopback=True).addresses("evil.example.com", 80, answering("127.0.0.1"))  # type: ignore[arg-type]


def test_a_host_that_the_operator_named_may_be_inside_but_no_other() -> None:
    guard = Guard(private=frozenset({"erp.lan"}))

    assert guard.addresses("erp.lan", 443, answering("10.0.0.5")) == ["10.0.0.5"]  # type: ignore[arg-type]
    for other in ("db", "worker", "erp.lan.evil.example.com"):
        with pytest.raises(AddressRefused):
            guard.addresses(other, 443, answering("10.0.0.5"))  # type: ignore[arg-type]


def test_not_even_a_named_host_may_be_a_group_of_machines() -> None:
    with pytest.raises(AddressRefused):
        Guard(private=frozenset({"erp.lan"})).addresses("erp.lan", 443, answering("224.0.0.1"))  # type: ignore[arg-type]


def test_an_unknown_name_is_said_to_be_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", nobody)

    with pytest.raises(HostUnknown):
        Guard().addresses("nowhere.example.com", 443, resolve)


HOSTS = Hosts(
    ("api.example.com", "*.files.example.com"),
    ("api.example.com", "*.files.example.com", "old.example.com"),
    "Acme",
)


def test_a_listed_host_is_a_target_with_its_usual_port() -> None:
    target = HOSTS.target("https://API.example.com/v1/bills?x=1")

    assert (target.origin, target.path) == (("https", "api.example.com", 443), "/v1/bills?x=1")
    assert target.authority == "api.example.com"
    assert HOSTS.target("https://api.example.com:443/").authority == "api.example.com"
    assert HOSTS.target("https://eu.files.example.com/").host == "eu.files.example.com"


def test_another_port_of_a_listed_host_is_another_place() -> None:
    hosts = Hosts(("erp.lan:8443", "[::1]:8001"), ("erp.lan:8443", "[::1]:8001"), "Acme", True)

    assert hosts.target("https://erp.lan:8443/x").authority == "erp.lan:8443"
    assert hosts.target("http://[::1]:8001/x").authority == "[::1]:8001"
    for url in ("https://erp.lan/", "https://erp.lan:9443/"):
        with pytest.raises(SystemFailure, match="not one of its hosts"):
            hosts.target(url)


def test_a_connection_is_bound_to_the_port_of_its_address() -> None:
    def bound(url: str) -> tuple[str, ...]:
        return allowed_hosts(described(), {"url": url})

    assert bound("https://erp.example.com/") == ("erp.example.com",)
    assert bound("https://ERP.example.com:443") == ("erp.example.com",)
    assert bound("https://erp.example.com:8443/x") == ("erp.example.com:8443",)
    assert bound("http://127.0.0.1:8001") == ("127.0.0.1:8001",)
    assert bound("http://[::1]:8001") == ("[::1]:8001",)
    for strange in ("https://a b/", "https://a:0/", "https://a:99999/", "https://a%2eb/", "x"):
        with pytest.raises(SystemFailure):
            bound(strange)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/",
        "https://files.example.com/",
        "https://api.example.com.evil.com/",
        "https://evilfiles.example.com/",
        "https://old.example.com/",
        "https://api.example.com./",
        "http://api.example.com/",
        "ftp://api.example.com/",
        "file:///etc/passwd",
        "//api.example.com/",
        "/v1/bills",
        "",
        "https://user:password@api.example.com/",
        "https://api.example.com@evil.com/",
        "https://evil.com\\@api.example.com/",
        "https://evil.com#@api.example.com/",
        "https://api.example.com:99999/",
        "https://api.example.com:8443/",
        "https://eu.files.example.com:8443/",
        "https://api.example.com:x/",
        "https://api.exa mple.com/",
        "https://api.example.com\r\n/",
        "https://аpi.example.com/",
        "https://api%2eexample.com/",
        "https://[::1]/",
        "https://127.0.0.1/",
        "http://127.0.0.1/",
    ],
)
def test_what_is_not_on_both_lists_is_no_target(url: str) -> None:
    with pytest.raises(SystemFailure) as caught:
        HOSTS.target(url)
    assert caught.value.kind is Kind.CONFIG


def test_plain_http_is_for_this_machine_alone() -> None:
    hosts = Hosts(("127.0.0.1:8001", "erp.lan"), ("127.0.0.1:8001", "erp.lan"), "Acme", True)

    assert hosts.target("http://127.0.0.1:8001/x").port == 8001
    with pytest.raises(SystemFailure, match="without TLS"):
        hosts.target("http://erp.lan/")
