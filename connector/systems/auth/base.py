"""What every way of signing in gives, and the parts that they share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from connector.crypto.secret import Secret
from connector.systems.context import Context
from connector.systems.errors import Kind, SystemFailure
from connector.systems.render import Outgoing, header_values, query_pairs
from connector.systems.scope import Scope
from connector.systems.spec import CredentialField
from connector.systems.spec_auth import Send
from connector.systems.spec_fields import nothing
from connector.systems.template import DROP
from connector.systems.wire import jsontext


@dataclass(frozen=True, slots=True)
class Signed:
    """What signing in adds to a call. `generation` counts the sign-ins so far."""

    headers: Mapping[str, str] = field(default_factory=nothing, repr=False)
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    generation: int = 0


class Auth(Protocol):
    """One way of signing in. Safe to use from many threads."""

    def values(self) -> Mapping[str, Any]:
        """The names `auth.*`; signs in first where there are any. Raises SystemFailure."""

    def sign(self, outgoing: Outgoing) -> Signed:
        """What to add to this call; signs in first where needed. Raises SystemFailure."""

    def renew(self, generation: int) -> bool:
        """The sign-in of this generation was refused: True if another is worth a try."""

    def secrets(self) -> tuple[str, ...]:
        """Everything that must not stand in a message."""

    def sign_out(self) -> None:
        """Say that the sign-in is not needed any more. Raises nothing; a failure is no matter."""


def revealed(
    fields: tuple[CredentialField, ...], credential: Mapping[str, Secret]
) -> dict[str, Any]:
    """The names `credential.*` in clear: texts, and the objects of JSON files.

    Raises SystemFailure (config) if a part is missing or is no JSON.
    """
    out: dict[str, Any] = {}
    for part in fields:
        if part.name not in credential:
            if part.required:
                raise SystemFailure(
                    Kind.CONFIG, f'"{part.label}" is missing; enter the credential again.'
                )
            continue
        text = credential[part.name].reveal()
        out[part.name] = _file(part, text) if part.kind == "json_file" else text
    return out


def _file(part: CredentialField, text: str) -> Any:
    try:
        return jsontext.decode(text)
    except jsontext.NotJson:
        raise SystemFailure(Kind.CONFIG, f'"{part.label}" is not a JSON file.') from None


def texts(value: Any) -> tuple[str, ...]:
    """Every text inside a value, to be kept out of messages."""
    if isinstance(value, str):
        return (value,)
    inner = value.values() if isinstance(value, Mapping) else value
    if isinstance(value, Mapping | list | tuple):
        return tuple(text for item in inner for text in texts(item))
    return ()


def auth_scope(
    context: Context, credential: Mapping[str, Any], names: Mapping[str, Any] | None = None
) -> Scope:
    """What templates of `auth` and `csrf` may see."""
    return context.scope({"credential": credential, "auth": {}, **(names or {})})


def rendered(send: Send, scope: Scope, generation: int = 0) -> Signed:
    """`send` filled in."""
    body = send.body.make(scope) if send.body else None
    return Signed(
        headers=header_values(send.headers, scope),
        query=tuple(query_pairs(send.query, scope)),
        body=None if body is None or body is DROP else body,
        generation=generation,
    )
