"""connector.systems.call: what a system says is shown to people, but for the secrets in it."""

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest

from connector.systems.errors import SystemFailure
from tests.fakes.server import Answer, serve
from tests.fakes.systems import client, described

KEY = 'Zq81/Kd+0P "x" <T7m>'
FORMS = {
    "plain": KEY,
    "in a URL": quote(KEY, safe=""),
    "in a URL, small": re.sub("%..", lambda escape: escape.group().lower(), quote(KEY, safe="")),
    "in a form": quote_plus(KEY),
    "in JSON": json.dumps(KEY),
    "in HTML": html.escape(KEY),
    "as hex": KEY.encode().hex(),
    "as base64": base64.b64encode(KEY.encode()).decode(),
    "as base64 of an address": base64.urlsafe_b64encode(KEY.encode()).decode(),
    "in base64 behind a name": base64.b64encode(f"box:{KEY}".encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_words_of_a_system_hold_no_secret_in_any_form(form: str) -> None:
    auth = {"type": "static", "send": {"headers": {"X-Key": "{{ credential.key }}"}}}
    rules = [{"status": [422], "kind": "refused", "message": "said"}]
    system = described(auth=auth, credential=[{"name": "key", "label": "Key"}], errors=rules)
    said = Answer({"said": f"Who is {FORMS[form]} here?"}, 422)
    with (
        serve(lambda _: said) as fake,
        client(fake, system, credential={"key": KEY}) as acme,
        pytest.raises(SystemFailure) as caught,
    ):
        acme.read_page("items", position=None, mark="")

    words = caught.value.message
    assert "Who is " in words and " here?" in words and "***" in words
    shown = words.split("Who is ")[1].split(" here?")[0].replace("***", "")
    assert len(shown.strip('"=')) <= 8, shown
