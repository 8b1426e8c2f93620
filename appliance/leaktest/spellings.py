"""The spellings in which a text may stand in bytes."""

import base64
import html
import json
import quopri
from urllib.parse import quote


def spellings(text: str) -> dict[str, bytes]:
    """What to look for: the text as bytes of each usual encoding, none of them twice.

    Base64 (RFC 4648) of a longer text spells it in three ways, by where it begins;
    the digits that share bits with its neighbours are left off.
    """
    plain = text.encode()
    found = {
        "utf-8": plain,
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": text.encode("utf-16-be"),
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "hex of utf-16": text.encode("utf-16-le").hex().encode(),
        "backwards": plain[::-1],
        "url": quote(text, safe="").encode(),
        "url twice": quote(quote(text, safe=""), safe="").encode(),
        "url, every byte": "".join(f"%{byte:02X}" for byte in plain).encode(),
        "json": json.dumps(text)[1:-1].encode(),
        "json in json": json.dumps(json.dumps(text)[1:-1])[1:-1].encode(),
        "html": html.escape(text).encode(),
        "quoted-printable": quopri.encodestring(plain),
    }
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + plain)
        whole = coded[-(-shift * 8 // 6) : len(coded) - 4]
        found[f"base64 at {shift}"] = whole
        found[f"base64url at {shift}"] = whole.replace(b"+", b"-").replace(b"/", b"_")
    return {name: one for one, name in {one: name for name, one in reversed(found.items())}.items()}
