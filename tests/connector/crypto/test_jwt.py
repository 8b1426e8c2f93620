"""connector.crypto.jwt: what we sign is what others verify"""

import hashlib
from pathlib import Path

import jwt as theirs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from connector.crypto import jwt
from connector.crypto.errors import BadSigningKey
from connector.crypto.jwt import Algorithm
from connector.crypto.secret import Secret
from tests.fakes.certificates import Authority

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
CLAIMS: dict[str, str | int] = {"iss": "box", "aud": "https://example.com", "exp": 4_000_000_000}


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> Secret:
    return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


@pytest.mark.parametrize(("algorithm", "key"), [("RS256", RSA), ("PS256", RSA), ("ES256", EC)])
def test_a_signed_token_is_verified_by_its_public_key(
    algorithm: Algorithm, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
) -> None:
    token = jwt.sign(CLAIMS, key=pem(key), algorithm=algorithm, headers={"kid": "k1"})

    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    said = theirs.decode(token, public, algorithms=[algorithm], audience="https://example.com")
    assert said == CLAIMS
    assert theirs.get_unverified_header(token) == {"alg": algorithm, "kid": "k1", "typ": "JWT"}


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_what_is_no_key_signs_nothing_and_is_not_repeated(text: str, algorithm: Algorithm) -> None:
    with pytest.raises(BadSigningKey, match=f"can't sign with {algorithm}") as caught:
        jwt.sign(CLAIMS, key=Secret(text), algorithm=algorithm, headers={})
    assert "AAAA" not in str(caught.value)


def test_a_key_of_the_other_kind_signs_nothing() -> None:
    with pytest.raises(BadSigningKey, match="an EC key"):
        jwt.sign(CLAIMS, key=pem(RSA), algorithm="ES256", headers={})
    with pytest.raises(BadSigningKey, match="an RSA key"):
        jwt.sign(CLAIMS, key=pem(EC), algorithm="RS256", headers={})


def test_the_example_of_the_standard_for_a_challenge() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
    digest = hashlib.sha256(verifier.encode()).digest()
    assert jwt.base64url(digest) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_thumbprints_of_a_certificate_are_those_of_its_bytes(tmp_path: Path) -> None:
    file = Authority(tmp_path).own.certificate
    der = x509.load_pem_x509_certificate(file.read_bytes()).public_bytes(Encoding.DER)

    assert jwt.thumbprints(file.read_text()) == {
        "x5t": jwt.base64url(hashlib.sha1(der).digest()),
        "x5t#S256": jwt.base64url(hashlib.sha256(der).digest()),
    }
    with pytest.raises(BadSigningKey, match="not in PEM form"):
        jwt.thumbprints("no certificate")
