"""connector.crypto.live"""

import base64
import json
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.crypto import live
from connector.crypto.secret import Secret

PLAIN = "correct horse, battery & Käse"
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)
SECRET = st.text(
    alphabet=st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=12, max_size=50
)


@settings(max_examples=30)
@given(secret=SECRET, before=TEXT, after=TEXT)
def test_an_open_secret_is_found_wherever_it_stands(secret: str, before: str, after: str) -> None:
    raw = secret.encode()
    forms = [secret, raw.hex(), quote(secret, safe=""), json.dumps(secret)[1:-1]]

    with live.known([Secret(secret)]):
        for form in forms:
            found = live.hide(f"{before}\n{form}\n{after}")
            assert "***" in found
            assert len(found) < len(before) + len(form) + len(after) + 2


@settings(max_examples=30)
@given(before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_it_is_found_within_base64_of_more(before: bytes, after: bytes) -> None:
    whole = before + PLAIN.encode() + after

    with live.known([Secret(PLAIN)]):
        for text in (base64.b64encode(whole), base64.urlsafe_b64encode(whole)):
            assert "***" in live.hide(text.decode())


def test_it_is_known_for_the_span_of_the_block_and_as_often_as_it_was_opened() -> None:
    with live.known([Secret(PLAIN)]):
        with live.known([Secret(PLAIN)]):
            assert live.hide(f"a {PLAIN} b") == "a *** b"
        assert live.hide(f"a {PLAIN} b") == "a *** b"

    assert live.hide(f"a {PLAIN} b") == f"a {PLAIN} b"


def test_the_value_itself_is_not_kept() -> None:
    kept = "".join(["not", "-interned-", "Zq81Kd0PxT7m"])
    with live.known([Secret(kept)]):
        state = repr((live._open, live._by_head, live._search))

    assert kept not in state
    assert kept.encode().hex() not in state


def test_short_values_are_left_to_names_and_shapes() -> None:
    with live.known([Secret("box")]):
        assert live.hide("the box is here") == "the box is here"
