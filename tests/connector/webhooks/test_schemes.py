"""connector.webhooks.schemes: vectors of the providers, and what must never pass."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crypto import mac
from connector.sandbox.events import sign
from connector.systems.yaml_reader import YamlError
from connector.webhooks import schemes
from connector.webhooks.schemes import Delivery, Verdict, verify
from tests.connector.webhooks.vectors import BODY, NOW, SECRET, STANDARD, VECTORS, Vector


def a_delivery(headers: dict[str, str], body: bytes = BODY, url: str = "") -> Delivery:
    return Delivery(body=body, headers=tuple(headers.items()), url=url)


IDS = [f"{name}-{number}" for number, (name, *_) in enumerate(VECTORS)]


def checked(vector: Vector, **changes: object) -> Verdict:
    name, secret, headers, body, url, now = vector
    given = {"headers": headers, "body": body, "secrets": [secret], "now": now, **changes}
    pairs = given["headers"]
    delivery = Delivery(
        body=given["body"],  # type: ignore[arg-type]
        headers=tuple(pairs.items()) if isinstance(pairs, dict) else pairs,  # type: ignore[arg-type]
        url=url,
    )
    return verify(
        schemes.get(name),
        delivery,
        given["secrets"],  # type: ignore[arg-type]
        now_s=given["now"],  # type: ignore[arg-type]
    )


def test_every_shipped_scheme_has_a_vector() -> None:
    assert {name for name, *_ in VECTORS} == schemes.known_schemes()


@pytest.mark.parametrize("vector", VECTORS, ids=IDS)
class TestEveryScheme:
    def test_the_vector_is_genuine(self, vector: Vector) -> None:
        assert checked(vector) is Verdict.GENUINE

    def test_names_of_headers_are_taken_in_any_case(self, vector: Vector) -> None:
        upper = {key.upper(): value for key, value in vector[2].items()}

        assert checked(vector, headers=upper) is Verdict.GENUINE

    def test_one_bit_of_the_body_is_noticed(self, vector: Vector) -> None:
        body = vector[3]
        for position in {0, len(body) // 2, len(body) - 1}:
            for bit in range(8):
                bent = bytearray(body)
                bent[position] ^= 1 << bit
                assert checked(vector, body=bytes(bent)) is Verdict.WRONG

    def test_a_shorter_a_longer_and_no_body_are_noticed(self, vector: Vector) -> None:
        body = vector[3]
        for bent in (body[:-1], body[1:], body + b" ", body + b"\n", b""):
            assert checked(vector, body=bent) is Verdict.WRONG

    def test_every_header_that_is_missing_empty_or_there_twice_is_refused(
        self, vector: Vector
    ) -> None:
        headers = vector[2]
        for name, value in headers.items():
            rest = tuple((key, text) for key, text in headers.items() if key != name)
            joined = f"{value},{value}"  # as some servers hand over a header sent twice
            for bent in (
                rest,
                (*rest, (name, "")),
                (*rest, (name, " ")),
                (*rest, (name, value), (name, value)),
                (*rest, (name, value), (name.upper(), value)),
                (*rest, (name, joined)),
                (*rest, (name, f" {value}")),
                (*rest, (name, f"{value} ")),
                (*rest, (name, value.replace("a", "\u00e1", 1) + "\u00e9")),
                (*rest, (name, "\u0660" + value)),
                (*rest, (name, value[:-1])),
                (*rest, (name, value[1:])),
                (*rest, (name, "x" * 1_048_576)),
            ):
                assert checked(vector, headers=bent) is not Verdict.GENUINE, bent

    def test_every_character_of_the_signature_counts(self, vector: Vector) -> None:
        headers = vector[2]
        name = next(key for key in headers if "sign" in key.lower() or "hmac" in key.lower())
        value = headers[name]
        for position, old in enumerate(value):
            other = "0" if old != "0" else "1"
            bent = {**headers, name: value[:position] + other + value[position + 1 :]}
            assert checked(vector, headers=bent) is not Verdict.GENUINE, position

    def test_another_secret_is_wrong(self, vector: Vector) -> None:
        other = "whsec_" + base64.b64encode(b"another secret!!").decode()

        assert checked(vector, secrets=[other]) is Verdict.WRONG

    def test_no_secret_and_an_empty_one_refuse_everything(self, vector: Vector) -> None:
        assert checked(vector, secrets=[]) is Verdict.NO_SECRET
        assert checked(vector, secrets=[""]) is Verdict.NO_SECRET
        assert checked(vector, secrets=["whsec_"]) in (Verdict.NO_SECRET, Verdict.WRONG)

    def test_while_rotating_both_secrets_are_taken_in_any_order(self, vector: Vector) -> None:
        other = "whsec_" + base64.b64encode(b"another secret!!").decode()

        assert checked(vector, secrets=[other, vector[1]]) is Verdict.GENUINE
        assert checked(vector, secrets=[vector[1], other]) is Verdict.GENUINE

    def test_time_counts_in_both_directions(self, vector: Vector) -> None:
        now = vector[5]
        if schemes.get(vector[0]).timestamp is None:
            assert checked(vector, now=now + 10_000_000) is Verdict.GENUINE
            return
        for seconds in (-300, 300):
            assert checked(vector, now=now + seconds) is Verdict.GENUINE
        for seconds in (-10_000_000, -301, 301, 10_000_000):
            assert checked(vector, now=now + seconds) is Verdict.STALE


@pytest.mark.parametrize(
    "stamp", ["", " 1700000000", "1_700_000_000", "+1700000000", "1700000000.0", "-1", "1e9",
              "\u0661\u0667\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660", "9" * 14, "9" * 4300]
)  # fmt: skip
def test_a_timestamp_is_plain_digits(stamp: str) -> None:
    signed = mac.hmac_digest("sha256", SECRET.encode(), f"v0:{stamp}:".encode() + BODY)
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed.hex()}"}

    assert (
        verify(schemes.get("slack"), a_delivery(headers), [SECRET], now_s=NOW) is Verdict.UNSIGNED
    )


def test_an_id_with_the_separator_in_it_is_refused_though_signed() -> None:
    key = b"k" * 32
    signed = mac.hmac_digest("sha256", key, f"a.b.{NOW}.".encode() + BODY)
    headers = {
        "webhook-id": "a.b",
        "webhook-timestamp": str(NOW),
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
    }
    secret = "whsec_" + base64.b64encode(key).decode()

    verdict = verify(schemes.get("standard"), a_delivery(headers), [secret], now_s=NOW)

    assert verdict is Verdict.UNSIGNED


def test_of_several_signatures_one_good_one_is_enough_and_other_versions_are_not_read() -> None:
    scheme, secret, headers, body, *_ = VECTORS[0]
    other = "v1," + base64.b64encode(b"x" * 32).decode()
    for text in (
        f"{other} {headers['webhook-signature']}",
        f"{headers['webhook-signature']} {other}",
        f"v1a,anything {headers['webhook-signature']}",
    ):
        delivery = a_delivery({**headers, "webhook-signature": text}, body)
        assert verify(schemes.get(scheme), delivery, [secret], now_s=1_614_265_330) == "genuine"


def test_the_old_version_of_a_signature_is_not_enough() -> None:
    headers = dict(VECTORS[4][2])
    headers["Stripe-Signature"] = headers["Stripe-Signature"].replace("v1=", "v0=")

    verdict = verify(schemes.get("stripe"), a_delivery(headers), ["whsec_test_secret"], now_s=NOW)

    assert verdict is Verdict.UNSIGNED


def test_the_address_that_was_given_to_the_provider_is_signed() -> None:
    vector = next(one for one in VECTORS if one[0] == "square")
    delivery = a_delivery(vector[2], url="https://other.example.com/hooks/square")

    assert verify(schemes.get("square"), delivery, [SECRET], now_s=NOW) is Verdict.WRONG


@pytest.mark.parametrize(
    "text", ["AA!!AA==", "AB==", "AA=", "AA", " AAAA", "AAAA\n", "AA-_", "\u00e9A=="]
)
def test_base64_is_read_strictly(text: str) -> None:
    assert schemes.decode(text, "base64") is None


@pytest.mark.parametrize("text", ["0", "0g", "0x00", " 00", "00\n", "\u0660\u0660"])
def test_hex_is_read_strictly(text: str) -> None:
    assert schemes.decode(text, "hex") is None


@given(st.binary(), st.lists(st.tuples(st.text(), st.text())), st.text())
def test_nothing_that_is_sent_raises_or_passes(
    body: bytes, headers: list[tuple[str, str]], text: str
) -> None:
    for name in schemes.known_schemes():
        scheme = schemes.get(name)
        names = [piece.header for piece in (scheme.signature, scheme.timestamp, scheme.id) if piece]
        sent = (*headers, *((header, text) for header in names))
        delivery = Delivery(body=body, headers=sent, url="")
        assert verify(scheme, delivery, [STANDARD], now_s=NOW) is not Verdict.GENUINE


@given(st.binary(min_size=1), st.binary(min_size=1))
def test_what_is_signed_is_genuine(key: bytes, body: bytes) -> None:
    scheme = schemes.load(
        "title: T\nsource: S\nkey: {encoding: hex}\nsignature: {header: X, encoding: hex}", "t.yaml"
    )
    signed = mac.hmac_digest("sha256", key, body).hex()

    verdict = verify(scheme, a_delivery({"x": signed}, body), [key.hex()], now_s=NOW)

    assert verdict is Verdict.GENUINE


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("title: T\nsource: S", "signature"),
        ("title: T\nsource: S\nsignature: {header: X}\nsecret: x", "unknown secret"),
        ("title: T\nsource: S\nsignature: {head: X}", "unknown head"),
        ('title: T\nsource: S\nsignature: {header: X}\nmessage: "{url}"', "body"),
        ('title: T\nsource: S\nsignature: {header: X}\nmessage: "{body}{host}"', "known parts"),
        ('title: T\nsource: S\nsignature: {header: X}\nmessage: "{timestamp}{body}"', "exactly"),
        ("title: T\nsource: S\nsignature: {header: X}\ntimestamp: {header: Y}", "exactly"),
    ],
)
def test_a_description_that_could_mislead_is_refused(text: str, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        schemes.load(text, "t.yaml")


def test_a_description_that_is_no_yaml_names_its_line() -> None:
    with pytest.raises(YamlError, match=r"t\.yaml:2"):
        schemes.load("title: T\n{", "t.yaml")


def test_an_unknown_scheme_is_an_error() -> None:
    for name in ("nothing", "../schemes/github", ""):
        with pytest.raises(LookupError):
            schemes.get(name)


def test_what_the_practice_systems_sign_is_genuine() -> None:
    headers = {
        "webhook-id": "evt_7",
        "webhook-timestamp": str(NOW),
        "webhook-signature": sign(STANDARD, "evt_7", NOW, BODY),
    }

    verdict = verify(schemes.get("standard"), a_delivery(headers), [STANDARD], now_s=NOW)

    assert verdict is Verdict.GENUINE
