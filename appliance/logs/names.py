"""Redaction by name: what stands behind `password=`, `"token":`, `Authorization:` and the like."""

import re

from connector.crypto.secret import MASK

_STEMS = (
    "passw|passphrase|passwd|pwd|secret|token|api[_-]?key|apikey|access[_-]?key|private[_-]?key"
    "|signing[_-]?key|encryption[_-]?key|authorization|cookie|session[_-]?(?:id|key)|sessionid"
    "|credential|assertion|code[_-]?verifier|signature|x-amz-security|sas[_-]?key|pin[_-]?code"
    "|otp|totp|recovery[_-]?code"
)
# Names that speak of a secret without holding one.
_HARMLESS = (
    r"(?:[_-](?:type|types|url|uri|endpoint|name|names|label|id|ids|at|on|count|number|version"
    r"|expires(?:_in|_at)?|expiry|expired|age|life|state|status|changed|set|field|fields|method"
    r"|scheme|algorithm|length|bytes|limit|used|left|opened|created|rotated|replaced|deleted"
    r"|adopted|refused|rejected|wrong|missing|policy|prefix|file|path|hint))"
)
# Looked for in small letters, from the telling part of a name on: what stands before it stays.
# That part is a plain alternation, which the search finds fast; and bounded, so nothing is slow.
_NAME = rf"(?:{_STEMS})s?+(?!{_HARMLESS}\b)[\w.-]{{0,40}}+"
_QUOTE = r"\\*[\"']"
_QUOTED = r"(?P<q>\\*[\"'])(?:\\.|(?!(?P=q)).)*(?:(?P=q)|$)"
_BARE = r"[^\s,;&<>\"'()\[\]{}\\|]+"

# The rest of these lines is the secret, blanks and all.
_HEADER = re.compile(
    r"(?i)(?P<name>(?<![\w-])[\w-]{0,40}?(?:authorization|cookie2?)|(?<![\w-])x-[\w-]{0,40}?(?:"
    r"auth|token|key|secret|signature|session)[\w-]{0,40})(?P<between>\\*[\"']?\s*:\s*)(?!\s*\\*[\"'])"
    r"(?P<value>[\[(][^\])\r\n]*|(?:(?!\\r|\\n|[\r\n\"']).)+)"
)
_PAIR = re.compile(
    rf"(?s){_NAME}(?:{_QUOTE})?\s*(?:=>|:=|=|:|%3[ad])\s*b?"
    rf"(?P<value>{_QUOTED}|[\[(](?=\s*b?[\"'])[^\])]*|{_BARE})"
)
_TUPLE = re.compile(
    rf"(?s)[(\[]\s*b?{_QUOTE}[\w.-]{{0,40}}?{_NAME}{_QUOTE}\s*,\s*b?(?P<value>{_QUOTED})"
)
# Names that are common words, so it takes what stands behind them as well.
_AUTH = re.compile(r"(?P<before>\bauth\\*[\"']?\s*[=:]\s*[(\[])[^)\]]*")
_QUOTED_CODE = re.compile(r"(?P<before>[\"']code\\*[\"']\s*[:,]\s*\\*[\"'])[^\s\"'\\]{12,}")
_ELEMENT = re.compile(
    rf"(?s){_NAME}(?:\s[^<>]{{0,200}})?>(?P<q>)(?P<value>[^<]+</|<!\[cdata\[.*?\]\]>)"
)
_FLAG = re.compile(rf"--[\w-]{{0,40}}?{_NAME}\s+(?P<q>)(?P<value>[^\s-]\S*)")
_PART = re.compile(
    rf"(?s)name=\\*\"[\w.-]{{0,40}}?{_NAME}\\*\"[^\r\n\\]{{0,200}}(?:\r\n|\n|\\r\\n){{2}}"
    r"(?P<q>)(?P<value>.*?)(?=\r?\n--|\\r\\n--|\Z)"
)
_NAME_VALUE = re.compile(
    rf"(?s){_QUOTE}(?:name|key){_QUOTE}\s*:\s*{_QUOTE}[\w.-]{{0,40}}?{_NAME}{_QUOTE}\s*,\s*"
    rf"{_QUOTE}value{_QUOTE}\s*:\s*(?P<value>{_QUOTED})"
)
_USER = re.compile(r"(?P<before>\s(?:-u|--user)\s+[^\s:]{1,100}:)\S+")
_QUERY = re.compile(
    r"(?i)(?P<before>[?&](?:code|state|key|sig|hmac|auth|pass|t|ticket|jwt|nonce)=)"
    r"(?P<value>[^&\s\"'<>#]+)"
)
# In a body there is nothing before the first name; short codes are those of errors.
_CODE = re.compile(r"(?P<before>(?<![\w-])(?:code=(?=[^&\s]{12})|pass=))[^&\s\"'<>,;]+")
# Links that were sent to somebody carry their secret in the path.
_LINK = re.compile(r"(?P<before>/(?:set-up|invited)/)[^/\s\"'<>?&#]+")
_NAMED = re.compile(rf"{_NAME}\Z")
# Words that stand where a value would, and are none.
_COUNT = re.compile(
    r"(?:(?:tokens|secrets|credentials|cookies)\W{1,4}\d{1,6}"
    r"|credential:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\Z"
)
_HEADED = re.compile(r"authorization|cookie|x-")
_NO_VALUE = re.compile(r"(?:none|null|true|false|nil|undefined|\*+|\[\w+\]|<\w+>)\Z")


def is_secret(name: str) -> bool:
    """Whether what goes by this name is hidden, whatever it is."""
    return name == "auth" or _NAMED.search(name.lower()) is not None


def hide(text: str) -> str:
    """The text with the values behind secret names replaced."""
    if "/set-up/" in text or "/invited/" in text:
        text = _LINK.sub(rf"\g<before>{MASK}", text)
    if "=" in text and ("?" in text or "&" in text):
        text = _QUERY.sub(rf"\g<before>{MASK}", text)
    if "code=" in text or "pass=" in text:
        text = _CODE.sub(rf"\g<before>{MASK}", text)
    if "code'" in text or 'code"' in text or "code\\" in text:
        text = _QUOTED_CODE.sub(rf"\g<before>{MASK}", text)
    if "auth" in text:
        text = _AUTH.sub(rf"\g<before>{MASK}", text)
    colon = ":" in text
    if colon and _HEADED.search(text.lower()):
        text = _HEADER.sub(rf"\g<name>\g<between>{MASK}", text)
    if colon or "=" in text or "%3" in text:
        text = _without(_PAIR, text)
    if "'," in text or '",' in text:
        text = _without(_TUPLE, text)
    if "-" in text and (" -u " in text or "--" in text):
        text = _without(_FLAG, _USER.sub(rf"\g<before>{MASK}", text))
    if "value" in text:
        text = _without(_NAME_VALUE, text)
    if "name=" in text and ("\n" in text or "\\n" in text):
        text = _without(_PART, text)
    if "</" in text:
        text = _without(_ELEMENT, text)
    return text


def _without(pattern: re.Pattern[str], text: str) -> str:
    """The text without the values that the pattern finds in its small letters."""
    low = text.lower()
    if len(low) != len(text):  # a few letters of the world change their length
        low = text = text.encode("ascii", "backslashreplace").decode().lower()
    out, done = [], 0
    for match in pattern.finditer(low):
        start, end = match.span("value")
        quote = match["q"] or ""
        start += len(quote)
        if quote and end - len(quote) >= start and low.endswith(quote, start, end):
            end -= len(quote)
        if start < end and not _NO_VALUE.match(low, start, end) and not _counts(match[0]):
            out += [text[done:start], MASK]
            done = end
    return "".join([*out, text[done:]]) if out else text


def _counts(pair: str) -> bool:
    """A number of tokens is no token, and the id of a credential no credential."""
    return _COUNT.match(pair) is not None
