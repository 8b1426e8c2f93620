"""Redaction of what a database repeats: statements, and errors that quote values."""

import re

from connector.crypto.secret import MASK

_LITERAL = re.compile(r"'(?:[^'\\]|''|\\.)*(?:'|\Z)", re.DOTALL)
_ARGS = re.compile(r"; args=.*?(?=; alias=|\Z)", re.DOTALL)
# DETAIL and CONTEXT (postgresql.org/docs/current/protocol-error-fields.html) hold values.
_KEY = re.compile(
    r"(?P<before>\bKey \([^()\n]{1,200}\)=\().*?(?P<after>\) (?:already exists|is (?:not |still )"
    r"|conflicts|is duplicated)|\)?(?:\n|\Z))",
    re.DOTALL,
)
_ROW = re.compile(r"(?P<before>Failing row contains \().*?(?P<after>\)\.(?:\n|$)|\Z)", re.DOTALL)
_SYNTAX = re.compile(
    r"(?P<before>(?:invalid input (?:syntax|value) for [\w ]{2,40}|out of range for type \w+"
    r"|date/time field value out of range|invalid byte sequence[\w ]{0,40}): *)"
    r"(?P<value>\"[^\"\n]*\"?)"
)
_JSON = re.compile(r"(?P<before>\bJSON data, line \d+: |\bToken (?=\")).*")
_PARAMETER = re.compile(r"(?P<before>\bparameter \$\d+ = )'[^'\n]*(?:'|$)")


def statement(text: str) -> str:
    """A line of django.db.backends with no value in it: neither literals nor arguments."""
    return _LITERAL.sub(f"'{MASK}'", _ARGS.sub(f"; args={MASK}", text))


def hide(text: str) -> str:
    """The text with the values that PostgreSQL quotes in its errors replaced."""
    if "Key (" in text:
        text = _KEY.sub(rf"\g<before>{MASK}\g<after>", text)
    if "Failing row" in text:
        text = _ROW.sub(rf"\g<before>{MASK}\g<after>", text)
    if "invalid " in text or "out of range" in text:
        text = _SYNTAX.sub(rf'\g<before>"{MASK}"', text)
    if "JSON data" in text:
        text = _JSON.sub(rf"\g<before>{MASK}", text)
    if "parameter $" in text:
        text = _PARAMETER.sub(rf"\g<before>'{MASK}'", text)
    return text
