"""What a call out may reach: one table for addresses, one for spellings, one for the allow-list"""

import ipaddress
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from connector.systems.addresses import AddressRefused, Guard, HostUnknown, resolve
from connector.systems.errors import Kind, SystemFailure
from connector.systems.hosts import Hosts
from connector.systems.transport import Bounds, NoAnswer, NothingSent, Transport
from tests.fakes.server import Answer, serve

NAMED = Guard.of(["erp.lan", "10.20.0.0/16", "fd12:3456::/32"], loopback=False)
EVERYTHING = Guard(
    private=frozenset({"erp.lan"}),
    networks=(ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")),
    loopback=True,
)

# address: for a public name, for the name that the operator allows, whatever is allowed
ADDRESSES = {
    "93.184.216.34": ("yes", "yes", "yes"),
    "2606:2800:220:1::1": ("yes", "yes", "yes"),
    "::ffff:8.8.8.8": ("yes", "yes", "yes"),
    "10.0.0.5": ("no", "yes", "yes"),
    "172.31.255.255": ("no", "yes", "yes"),
    "192.168.1.1": ("no", "yes", "yes"),
    "100.64.0.1": ("no", "yes", "yes"),
    "100.127.255.254": ("no", "yes", "yes"),
    "192.0.2.7": ("no", "yes", "yes"),
    "198.18.0.1": ("no", "yes", "yes"),
    "192.88.99.1": ("no", "yes", "yes"),
    "fc00::1": ("no", "yes", "yes"),
    "fd12:9999::1": ("no", "yes", "yes"),
    "fec0::1": ("no", "yes", "yes"),
    "::ffff:10.0.0.5": ("no", "yes", "yes"),
    "64:ff9b::a00:1": ("no", "yes", "yes"),
    "64:ff9b:1::a00:1": ("no", "yes", "yes"),
    "2002:a00:1::": ("no", "yes", "yes"),
    "2001:0:a00:1::f5ff:fffe": ("no", "yes", "yes"),
    # an in-house name server may not turn a name into this machine
    "127.0.0.1": ("no", "no", "yes"),
    "127.255.255.254": ("no", "no", "yes"),
    "::1": ("no", "no", "yes"),
    "::ffff:127.0.0.1": ("no", "no", "yes"),
    # no machine, or every machine
    "0.0.0.0": ("no", "no", "no"),
    "0.1.2.3": ("no", "no", "no"),
    "::": ("no", "no", "no"),
    "::ffff:0.0.0.0": ("no", "no", "no"),
    "224.0.0.1": ("no", "no", "no"),
    "239.255.255.250": ("no", "no", "no"),
    "ff02::1": ("no", "no", "no"),
    "240.0.0.1": ("no", "no", "no"),
    "255.255.255.255": ("no", "no", "no"),
    # neighbours on the wire, and what clouds tell a machine about itself
    "169.254.1.1": ("no", "no", "no"),
    "fe80::1": ("no", "no", "no"),
    "fe80::1%eth0": ("no", "no", "no"),
    "169.254.169.254": ("no", "no", "no"),
    "169.254.170.2": ("no", "no", "no"),
    "fd00:ec2::254": ("no", "no", "no"),
    "fd00:ec2::23": ("no", "no", "no"),
    "fd20:ce::254": ("no", "no", "no"),
    "100.100.100.200": ("no", "no", "no"),
    "192.0.0.192": ("no", "no", "no"),
    "168.63.129.16": ("no", "no", "no"),
    # the same, wrapped
    "::ffff:169.254.169.254": ("no", "no", "no"),
    "::169.254.169.254": ("no", "no", "no"),
    "64:ff9b::a9fe:a9fe": ("no", "no", "no"),
    "64:ff9b:1::a9fe:a9fe": ("no", "no", "no"),
    "2002:a9fe:a9fe::": ("no", "no", "no"),
    "2001:0:a9fe:a9fe::": ("no", "no", "no"),
    "2001:0:a00:1::5601:5601": ("no", "no", "no"),
    "64:ff9b::e000:1": ("no", "no", "no"),
}


def answer(guard: Guard, host: str, *found: str) -> str:
    """ "yes", if a host with these addresses may be called."""

    def ask(name: str, port: int) -> Sequence[str]:
        return found

    try:
        assert guard.addresses(host, 443, ask) == list(found)
    except AddressRefused as error:
        assert f'"{host}"' in str(error)
        return "no"
    return "yes"


@pytest.mark.parametrize(("address", "expected"), ADDRESSES.items(), ids=ADDRESSES.keys())
def test_an_address_is_judged_wherever_a_name_leads(
    address: str, expected: tuple[str, str, str]
) -> None:
    assert answer(NAMED, "api.example.com", address) == expected[0]
    assert answer(NAMED, "erp.lan", address) == expected[1]
    assert answer(EVERYTHING, "erp.lan", address) == expected[2]
    assert answer(NAMED, "api.example.com", "93.184.216.34", address) == expected[0]
    assert answer(NAMED, "api.example.com", address, "93.184.216.34") == expected[0]


@pytest.mark.parametrize(
    ("host", "address", "expected"),
    [
        ("erp.lan", "10.9.9.9", "yes"),
        ("any.name", "10.20.3.4", "yes"),
        ("10.20.3.4", "10.20.3.4", "yes"),
        ("any.name", "::ffff:10.20.3.4", "yes"),
        ("any.name", "fd12:3456::9", "yes"),
        ("any.name", "10.21.0.1", "no"),
        ("db", "10.0.0.2", "no"),
        ("worker", "172.18.0.3", "no"),
        ("erp.lan.evil.example.com", "10.0.0.2", "no"),
        ("xerp.lan", "10.0.0.2", "no"),
        ("localhost", "127.0.0.1", "no"),
    ],
)
def test_the_operator_opens_a_name_or_a_network_and_nothing_beside_it(
    host: str, address: str, expected: str
) -> None:
    assert answer(NAMED, host, address) == expected


def test_a_name_is_refused_if_one_of_its_addresses_is_outside_the_network() -> None:
    assert answer(NAMED, "any.name", "10.20.3.4", "10.21.0.1") == "no"


@pytest.mark.parametrize(
    "word",
    (
        *("10.0.0.1/8", "10.0.0.0/33", "0.0.0.0/0", "::/0", "0x7f000001", "127.1", "2130706433"),
        *("erp.lan:8443", "https://erp.lan", "*.lan", "erp.lan.", "érp.lan", "a b", "fd00::/8x"),
    ),
)
def test_what_is_neither_a_name_nor_a_network_is_said_at_the_start(
    word: str, settings: Settings
) -> None:
    settings.CONNECTOR_ALLOWED_PRIVATE_HOSTS = ["erp.lan", word]

    (found,) = [one for one in run_checks() if one.id == "connector.systems.E001"]

    assert word in found.msg


SPELLINGS = (
    *("0x7f000001", "0x7f.1", "2130706433", "017700000001", "127.1", "127.0.1", "0177.0.0.1"),
    *("127.0.0.01", "0", "0.0.0.0", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::]"),
    *("169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376"),
    *("127.0.0.1.", "localhost.", "ⓛocalhost", "127。0。0。1", "1２7.0.0.1", "[::1%25lo]"),
)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_an_inner_place_gets_through(spelling: str) -> None:
    """Refused by the list of hosts; were it on the list, by its address."""
    for names in (("api.example.com",), (spelling,)):
        hosts = Hosts(names, names, "Acme")
        try:
            target = hosts.target(f"https://{spelling}/")
        except SystemFailure as failure:
            assert failure.kind is Kind.CONFIG
            continue
        with pytest.raises((AddressRefused, HostUnknown)):
            Guard().addresses(target.host, 443, resolve)


@pytest.mark.parametrize(
    "spelling", ["0xa14030", "10.1.2.03", "012.1.2.3", "[0:0::1]", "[FD12::1]"]
)
def test_an_address_has_one_spelling(spelling: str) -> None:
    names = (spelling.lower(),)

    assert _is_target("https://[fd12::1]/", ("[fd12::1]",))
    assert _is_target("https://10.20.3.4/", ("10.20.3.4",))
    assert _is_target(f"https://{spelling}/", names) is (spelling == "[FD12::1]")


def test_lookalikes_are_other_hosts() -> None:
    for host in (
        "xn--pi-7kc.example.com",
        "аpi.example.com",
        "api.example.com。",
        "api．example.com",
    ):
        assert not _is_target(f"https://{host}/", ("api.example.com",))


def _is_target(url: str, names: tuple[str, ...]) -> bool:
    try:
        return bool(Hosts(names, names, "Acme").target(url))
    except SystemFailure:
        return False


def test_what_was_checked_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that says something else a moment later is not asked again."""
    asked: list[str] = []
    reached: list[object] = []
    real = socket.create_connection

    def once(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        reached.append(address)
        return real(address, timeout)

    monkeypatch.setattr(socket, "create_connection", connect)
    with serve(lambda _: Answer({})) as fake:
        place = f"localhost:{fake.port}"
        client = Transport(Hosts((place,), (place,), "Acme", True), Guard(loopback=True))
        client.resolve = once
        for _ in range(2):
            client.send("GET", client.hosts.target(f"http://{place}/"), headers={}, private={})
        client.close()
        with pytest.raises(NothingSent, match="a private address"):
            client.send("GET", client.hosts.target(f"http://{place}/"), headers={}, private={})

        assert reached == [("127.0.0.1", fake.port)]
        assert len(fake.asked) == 2


def test_a_host_that_was_reached_inside_is_told() -> None:
    with serve(lambda _: Answer({})) as fake:
        place = f"localhost:{fake.port}"
        for guard, told in (
            (Guard.of(["127.0.0.0/8"], loopback=False), {place}),
            (Guard.of([], loopback=True), set()),
        ):
            client = Transport(Hosts((place,), (place,), "Acme", True), guard, Bounds(2, 3))
            client.resolve = lambda host, port: ["127.0.0.1"]
            client.send("GET", client.hosts.target(f"http://{place}/"), headers={}, private={})
            client.close()
            assert client.inside == told


def test_nothing_of_the_environment_speaks_for_the_box(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login robber password hunter2\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with serve(lambda _: Answer({})) as fake:
        place = f"127.0.0.1:{fake.port}"
        client = Transport(Hosts((place,), (place,), "Acme", True), Guard(loopback=True))
        client.send("GET", client.hosts.target(f"http://{place}/"), headers={}, private={})
        client.close()

        assert "authorization" not in fake.asked[0].headers


@pytest.mark.parametrize(
    "place",
    (
        *("http://127.0.0.2/", "https://10.0.0.1/", "ftp://localhost/", "gopher://localhost:70/_x"),
        *("file:///etc/passwd", "data:text/plain,x", "//evil.example.com/", "http://[::1]/"),
        *("http://user:pw@localhost/", "http:\\\\evil.example.com", "http://e.com#@localhost/"),
    ),
)
@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_goes_nowhere_that_a_call_may_not_go(place: str, status: int) -> None:
    redirect = Answer(status=status, headers={"Location": place})
    with serve(lambda asked: redirect if asked.path == "/" else Answer({})) as fake:
        here = f"127.0.0.1:{fake.port}"
        client = Transport(Hosts((here,), (here,), "Acme", True), Guard(loopback=True))
        target = client.hosts.target(f"http://{here}/")
        with pytest.raises(NoAnswer, match="forbidden place"):
            client.send("GET", target, headers={}, private={"X-Key": "secret"}, follow=True)
        client.close()

        assert len(fake.asked) == 1
