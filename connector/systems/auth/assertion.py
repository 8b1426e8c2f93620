"""A signed token in place of a client secret, or as the grant itself. Source: RFC 7523."""

from collections.abc import Mapping
from typing import Any

from connector.crypto import jwt, mac
from connector.crypto.errors import BadSigningKey
from connector.crypto.secret import Secret
from connector.systems.context import Context
from connector.systems.errors import Kind, SystemFailure
from connector.systems.scope import Scope
from connector.systems.spec_auth import Assertion, OAuth2Auth
from connector.systems.template import DROP, render_text

_AS_CLIENT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_AS_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def assertion_fields(
    auth: OAuth2Auth, context: Context, credential: Mapping[str, Any], scope: Scope
) -> dict[str, str]:
    """The fields of a token call that hold a fresh signed token (RFC 7523 2.1, 2.2).

    Raises:
        SystemFailure (config): a part is missing, or the key can't sign.
    """
    if auth.assertion is None:
        raise SystemFailure(Kind.CONFIG, f"{context.title} does not say what to sign.")
    try:
        signed = _signed(auth.assertion, context, credential, scope)
    except BadSigningKey as wrong:
        raise SystemFailure(Kind.CONFIG, f"{context.title}: {wrong}") from None
    if auth.grant == "jwt_bearer":
        return {"grant_type": _AS_GRANT, "assertion": signed}
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": _AS_CLIENT,
        "client_assertion": signed,
    }


def _signed(
    assertion: Assertion, context: Context, credential: Mapping[str, Any], scope: Scope
) -> str:
    now = int(context.clock().timestamp())
    claims: dict[str, str | int] = {"iat": now, "exp": now + assertion.life_s, "jti": mac.token(16)}
    for name, template in assertion.claims.items():
        value = render_text(template, scope)
        if value is not DROP:
            claims[name] = value
    headers: dict[str, str] = {}
    if assertion.key_id is not None:
        headers["kid"] = str(render_text(assertion.key_id, scope))
    if assertion.thumbprint is not None:
        headers |= jwt.thumbprints(_part(credential, assertion.thumbprint, context))
    key = Secret(_part(credential, assertion.key, context))
    return jwt.sign(claims, key=key, algorithm=assertion.algorithm, headers=headers)


def _part(credential: Mapping[str, Any], name: str, context: Context) -> str:
    part = credential.get(name)
    if not isinstance(part, str):
        raise SystemFailure(Kind.CONFIG, f'{context.title} wants "{name}" of the credential.')
    return part
