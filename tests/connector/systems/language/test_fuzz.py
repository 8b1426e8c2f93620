"""A description with anything wrong in it is refused with a SpecError, never with another error."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connector.systems.build import build
from connector.systems.crosscheck import problems as cross_problems
from connector.systems.schema import problems as shape_problems
from tests.connector.systems.language.documents import FILES, document

DOCUMENTS = {name: document(name) for name in FILES}
Where = list[str | int]


def places(node: Any, at: Where) -> list[Where]:
    inner: list[Where] = []
    for key, item in node.items() if isinstance(node, dict) else enumerate(node):
        inner.append([*at, key])
        if isinstance(item, dict | list):
            inner += places(item, [*at, key])
    return inner


PLACES = {name: places(whole, []) for name, whole in DOCUMENTS.items()}
NAMES = [
    "x",
    "settings.zone",
    "record.lines",
    "record.number",
    "page.token",
    "cursor.from",
    "remote.etag",
    "line.amount",
    "id",
    "key",
]
WORDS = [
    "main",
    "record",
    "none",
    "*",
    "list",
    "money",
    "cursor",
    "offset",
    "lookup",
    "upsert",
    "GET",
]
TEXTS = ["", *NAMES, *WORDS, *(f"{{{{ {name} }}}}" for name in NAMES)]
KEYS = [
    "type",
    "at",
    "request",
    "path",
    "is",
    "body",
    "$each",
    "$if",
    "$fields",
    "$then",
    "each",
    "if",
    "name",
    "kind",
    "header",
    "query",
    "x",
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 200) | st.sampled_from(TEXTS),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """A description with one or two values replaced, or taken out."""
    name = draw(st.sampled_from(sorted(DOCUMENTS)))
    whole: dict[str, Any] = json.loads(json.dumps(DOCUMENTS[name]))
    for _ in range(draw(st.integers(1, 2))):
        *front, last = draw(st.sampled_from(PLACES[name]))
        node: Any = whole
        try:
            for key in front:
                node = node[key]
            if draw(st.booleans()):
                node[last] = draw(VALUES)
            else:
                del node[last]
        except (KeyError, IndexError, TypeError):
            continue
    return whole


@given(spoiled())
def test_a_spoiled_description_is_refused_in_words_or_still_a_whole(whole: dict[str, Any]) -> None:
    found = list(shape_problems(whole)) or list(cross_problems(whole))
    assert all(text and isinstance(text, str) for _, text in found)
    if not found:
        assert build(whole).name == whole["name"]
