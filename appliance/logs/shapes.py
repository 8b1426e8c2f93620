"""Redaction by shape: what looks like a key, a token or a signed header, whatever it is called."""

import base64
import binascii
import re

from connector.crypto.secret import MASK

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?(?:-----END \1-----|\Z)", re.DOTALL)
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_=-]*){1,4}")
_USERINFO = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]{0,20}://)[^\s/@\"'<>]+@", re.IGNORECASE)
_BASIC = re.compile(r"(?i)\b(basic|negotiate|ntlm)(\s+|%20)([A-Za-z0-9+/_-]{6,}={0,2})")
_BEARER = re.compile(
    r"(?i)(?<![\w/])(bearer|token|apikey|sso-key|genie_?key|aws4-hmac-sha256)(\s+|%20|\\t)"
    r"([^\s\"'<>,;()\[\]{}\\]{6,})"
)
_DIGEST = re.compile(r"(?i)\b(digest|oauth|hawk|hmac)\s+(?=\w+=)[^\r\n]+")
# Tokens that say by their beginning whose they are.
_PREFIXED = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:sk|rk|pk)_(?:live|test)_|whsec_|gh[pousr]_|github_pat_|glpat-"
    r"|xox[abeoprs]-|xapp-|shp(?:at|ss|ca|pa)_|SG\.|ya29\.|1//|AIza|EAA[A-Za-z]|sq0[a-z]{3}-"
    r"|npm_|pypi-|dop_v1_|hf_|lin_api_|pat-(?:na|eu)\d-|key-|mlc_|mlci_|PMAK-|dckr_pat_|rzp_live_"
    r"|sbp_|phc_|AKIA|ASIA|ABIA|ACCA|ATATT|AccountKey=|access_token\$|APP_USR-|NRAK-|dp\.st\.)[A-Za-z0-9_.=/+$-]{8,}"
)
_ASSIGNED = re.compile(r"[A-Za-z_]{3,30}[=:]")
_LONG = re.compile(r"[A-Za-z0-9_+~-]{28,}={0,2}")
# Nothing shorter is looked at more closely.
_RUN = re.compile(r"(?<![\w.=/+$~-])[\w.=/+$~-]{12,}")


def hide(text: str) -> str:
    """The text with everything that looks like a secret replaced."""
    low = text.lower()
    if "-----BEGIN" in text:
        text = _PEM.sub(MASK, text)
    if "://" in text and "@" in text:
        text = _USERINFO.sub(rf"\g<scheme>{MASK}@", text)
    if "eyJ" in text:
        text = _JWT.sub(MASK, text)
    if "basic" in low or "negotiate" in low or "ntlm" in low:
        text = _BASIC.sub(_basic, text)
    if "bearer" in low or "token" in low or "key" in low or "aws4" in low:
        text = _BEARER.sub(_bearer, text)
    if "=" in text and ("digest" in low or "oauth" in low or "hawk" in low or "hmac" in low):
        text = _DIGEST.sub(rf"\1 {MASK}", text)
    return _RUN.sub(_run, text)


def _run(match: re.Match[str]) -> str:
    return _LONG.sub(_long, _PREFIXED.sub(MASK, match[0]))


def _basic(match: re.Match[str]) -> str:
    """A word behind "basic" is a secret if it reads as name and password."""
    word = match[3].replace("-", "+").replace("_", "/")
    if match[1].lower() != "basic":
        return f"{match[1]}{match[2]}{MASK}" if _is_mixed(word) else match[0]
    try:
        plain = base64.b64decode(word + "=" * (-len(word) % 4))
    except (binascii.Error, ValueError):
        return match[0]
    return f"{match[1]}{match[2]}{MASK}" if b":" in plain else match[0]


def _bearer(match: re.Match[str]) -> str:
    """A plain word behind "token" or "bearer" is a sentence; anything else is a token."""
    word = match[3]
    if _ASSIGNED.match(word):
        return match[0]  # another name with its value
    if word.isalpha() and len(word) < 24 and (word.islower() or word.istitle()):
        return match[0]
    if word.rstrip(".,:;").isalpha() and word.rstrip(".,:;").islower() and len(word) < 24:
        return match[0]
    if match[1].lower() == "token" and not any(sign.isdigit() for sign in word):
        return match[0]
    return f"{match[1]}{match[2]}{MASK}"


def _long(match: re.Match[str]) -> str:
    """Long and mixed as only random texts are; ids in hex and names in words are not."""
    return MASK if _is_mixed(match[0]) else match[0]


def _is_mixed(word: str) -> bool:
    if word.islower() or word.isupper():
        return False
    digits = sum(sign.isdigit() for sign in word)
    capitals = sum(sign.isupper() for sign in word)
    small = sum(sign.islower() for sign in word)
    return digits >= 2 and capitals >= 3 and small >= 3
