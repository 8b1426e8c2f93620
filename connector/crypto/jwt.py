"""Signed JSON Web Tokens, for systems that want one in place of a client secret (RFC 7523)."""

import base64
import hashlib
import ssl
from collections.abc import Mapping
from typing import Literal, TypeAlias

import jwt
from jwt.exceptions import PyJWTError

from connector.crypto.errors import BadSigningKey
from connector.crypto.secret import Secret

Algorithm: TypeAlias = Literal["RS256", "PS256", "ES256"]
_FITTING = {"RS256": "an RSA key", "PS256": "an RSA key", "ES256": "an EC key on the curve P-256"}


def sign(
    claims: Mapping[str, str | int],
    *,
    key: Secret,
    algorithm: Algorithm,
    headers: Mapping[str, str],
) -> str:
    """A signed token in compact form (RFC 7515).

    Args:
        key: the private key in PEM form, without a passphrase.
        headers: beside `alg` and `typ`.

    Raises:
        BadSigningKey: the key can't be read, or does not fit the algorithm.
    """
    try:
        return jwt.encode(dict(claims), key.reveal(), algorithm=algorithm, headers=dict(headers))
    except (PyJWTError, ValueError, TypeError):
        raise BadSigningKey(
            f"The private key can't sign with {algorithm}: it takes {_FITTING[algorithm]} in PEM "
            "form, without a passphrase."
        ) from None


def thumbprints(certificate: str) -> dict[str, str]:
    """The headers `x5t` and `x5t#S256` of a certificate in PEM form. Source: RFC 7515 4.1.7, 4.1.8.

    Raises:
        BadSigningKey: it is no certificate.
    """
    try:
        der = ssl.PEM_cert_to_DER_cert(certificate.strip())
    except ValueError:
        raise BadSigningKey("The certificate is not in PEM form.") from None
    short = hashlib.sha1(der, usedforsecurity=False).digest()
    return {"x5t": base64url(short), "x5t#S256": base64url(hashlib.sha256(der).digest())}


def base64url(data: bytes) -> str:
    """Base64 for addresses, without padding. Source: RFC 7515 2."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
