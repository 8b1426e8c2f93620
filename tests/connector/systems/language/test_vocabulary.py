"""No dead vocabulary: each key and each word of the schema is used by a description."""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from connector.systems.schema import schema
from tests.connector.systems.language.documents import FILES, document

WHOLE = schema()
FAMILIES = {"account": "condition"}  # these differ by a template and is_secret only
SIBLINGS = {"ES256", "sha512", "utf8", False}  # of a word that is used, and treated alike
Seen = tuple[str, str]  # where, and the key or word


def resolved(part: Any, where: str) -> tuple[Any, str]:
    """The part behind a reference; pages_offset and pages_page are one family."""
    while isinstance(part, dict) and "$ref" in part:
        name = part["$ref"].rsplit("/", 1)[1]
        part = WHOLE["$defs"][name]
        where = FAMILIES.get(name, name.split("_")[0])
    return part, where


def vocabulary(part: Any, where: str) -> Iterator[Seen]:
    """Every key that a part of the schema knows and does not forbid, and every word."""
    if isinstance(part, list):
        for inner in part:
            yield from vocabulary(inner, where)
    if not isinstance(part, dict):
        return
    for word in set(part.get("enum", ())) - SIBLINGS:
        yield "word", word
    for name, inner in part.get("properties", {}).items():
        if inner.get("not") != {}:
            yield where, name
            yield from vocabulary(inner, f"{where}.{name}")
    for name in ("allOf", "then", "else", "items", "additionalProperties"):
        yield from vocabulary(part.get(name), where)


def used(part: Any, value: Any, where: str) -> Iterator[Seen]:
    """The keys and words that a value makes use of."""
    part, where = resolved(part, where)
    if not isinstance(part, dict):
        return
    if value in part.get("enum", ()):
        yield "word", value
    for inner in part.get("allOf", ()):
        yield from used(inner, value, where)
    if "if" in part:
        true = Draft202012Validator({**part["if"], "$defs": WHOLE["$defs"]}).is_valid(value)
        yield from used(part.get("then" if true else "else"), value, where)
    for item in value if isinstance(value, list) else ():
        yield from used(part.get("items"), item, where)
    for name, item in value.items() if isinstance(value, dict) else ():
        if name in part.get("properties", {}):
            yield where, name
            yield from used(part["properties"][name], item, f"{where}.{name}")
        else:
            yield from used(part.get("additionalProperties"), item, where)


def test_every_key_and_every_word_is_used_by_a_description() -> None:
    known = set(vocabulary(WHOLE, "top"))
    for name, part in WHOLE["$defs"].items():
        known |= set(vocabulary(part, FAMILIES.get(name, name.split("_")[0])))
    seen = {one for name in FILES for one in used(WHOLE, document(name), "top")}
    assert sorted(map(str, known - seen)) == []
