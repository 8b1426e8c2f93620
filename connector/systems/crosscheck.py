"""What a schema can't see: names that must exist elsewhere, and parts that must agree."""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

from connector.systems import crosscheck_names, crosscheck_objects, patterns
from connector.systems.template import Slot, Template, TemplateError

Where = tuple[str | int, ...]
Found = Iterator[tuple[Where, str]]

_SAFE = ("integer", "boolean", "choice", "date")
_AUTH_NAMES = {"certificate": ("cert", "key"), "assertion": ("key", "thumbprint")}


def problems(document: dict[str, Any], schemes: Collection[str] | None = None) -> Found:
    """Each place where two parts of a description don't agree, and what would be right.

    `schemes` are the webhook signature schemes that exist; None leaves them unchecked.
    The document must have passed the schema.
    """
    yield from crosscheck_names.check(document)
    for part in _PARTS:
        yield from part(document)
    yield from crosscheck_objects.check(document)
    yield from _webhooks(document, schemes)


def _settings(document: dict[str, Any]) -> Found:
    credential = {one["name"]: one for one in document.get("credential", ())}
    for kind in ("settings", "credential"):
        seen: set[str] = set()
        for number, one in enumerate(document.get(kind, ())):
            if one["name"] in seen:
                yield (kind, number, "name"), f'"{one["name"]}" stands here twice'
            seen.add(one["name"])
    hosts = " ".join(document["hosts"])
    for number, one in enumerate(document.get("settings", ())):
        at = ("settings", number)
        if one["type"] in ("host", "url") and f"settings.{one['name']} " not in hosts:
            yield (*at, "type"), f'a setting of type {one["type"]} must be used in "hosts"'
        if "pattern" in one:
            yield from _pattern(one, at)
        if "default" in one and one["type"] == "choice":
            choices = [choice["value"] for choice in one["choices"]]
            if one["default"] not in choices:
                yield (*at, "default"), "must be one of " + ", ".join(map(str, choices))
        file, key = one.get("from_file", (None, None))
        if file and (file not in credential or key not in credential[file].get("keys", ())):
            yield (*at, "from_file"), f'no credential "{file}" with the key "{key}"'


def _pattern(one: dict[str, Any], at: Where) -> Found:
    problem = patterns.wrong(one["pattern"])
    default = one.get("default")
    if problem:
        yield (*at, "pattern"), problem
    elif isinstance(default, str) and not re.fullmatch(one["pattern"], default[:200]):
        yield (*at, "default"), "does not fit the pattern"


def _hosts(document: dict[str, Any]) -> Found:
    settings = {one["name"]: one for one in document.get("settings", ())}
    for kind in ("hosts", "urls"):
        entries = document[kind]
        for key, text in enumerate(entries) if kind == "hosts" else entries.items():
            for slot in _slots(text):
                one = settings.get(slot.name[-1], {}) if slot.name[0] == "settings" else {}
                bound = not one or one["type"] in _SAFE or "pattern" in one
                if not bound:
                    goes = "a host name" if kind == "hosts" else "a URL"
                    text = f'the setting "{one["name"]}" goes into {goes}: give it a pattern'
                    yield (kind, key), text
    auth = document["auth"]
    urls = {("urls", key): url for key, url in document["urls"].items()}
    urls |= {("auth", key): url for key, url in auth.items() if key.endswith("_url")}
    for path, url in urls.items():
        host = re.sub(r"^https?://", "", url).split("/")[0]
        if not _allowed(host, document["hosts"], settings):
            yield path, f'the host "{host}" is not in hosts'


def _allowed(host: str, hosts: list[str], settings: dict[str, Any]) -> bool:
    if host in hosts:
        return True
    if any(known.startswith("*.") and host.endswith(known[1:]) for known in hosts):
        return True
    slots = _slots(host)
    if len(slots) != 1 or host != f"{{{{ {slots[0].dotted} }}}}":
        return False
    if slots[0].name[0] == "auth":
        return any(known.startswith("*.") for known in hosts)
    choices = settings.get(slots[0].name[-1], {}).get("choices")
    if choices:
        return all(choice["value"] in hosts for choice in choices)
    return any(slots[0].dotted in known for known in hosts)


def _slots(text: str) -> tuple[Slot, ...]:
    try:
        return Template(text).slots
    except TemplateError:
        return ()


def _auth(document: dict[str, Any]) -> Found:
    known = {one["name"] for one in document.get("credential", ())}
    for block, keys in _AUTH_NAMES.items():
        for key in keys:
            name = document["auth"].get(block, {}).get(key)
            if name and name not in known:
                yield ("auth", block, key), f'no credential "{name}"'


def _bases(document: dict[str, Any]) -> Found:
    yield from _bases_of(document, (), document["urls"])


def _bases_of(node: Any, at: Where, urls: dict[str, str]) -> Found:
    if isinstance(node, dict):
        if at and at[-1] == "request" and node.get("base", "main") not in urls:
            yield (*at, "base"), f'no URL is named "{node["base"]}"'
        for key, value in node.items():
            yield from _bases_of(value, (*at, key), urls)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _bases_of(value, (*at, number), urls)


def _streams(document: dict[str, Any]) -> Found:
    for name, stream in document.get("streams", {}).items():
        field = stream.get("cursor", {}).get("field")
        if field is not None and field == stream["key"]:
            yield ("streams", name, "key"), "a cursor field can't be the key"


def _names(document: dict[str, Any]) -> Found:
    streams, objects = document.get("streams", {}), document.get("objects", {})
    check = document["check"].get("stream")
    if check is not None and check not in streams:
        yield ("check", "stream"), f'no stream "{check}"'
    for number, one in enumerate(document.get("discovery", ())):
        for place, name in enumerate(one["for"]):
            if name not in streams and name not in objects:
                yield ("discovery", number, "for", place), f'no stream or object "{name}"'
    for number, rate in enumerate(document.get("limits", {}).get("rates", ())):
        only = rate.get("only", "login")
        if only not in ("login", "read", "write", *streams, *objects):
            text = f'"{only}" is not login, read, write or the name of a stream or object'
            yield ("limits", "rates", number, "only"), text


def _webhooks(document: dict[str, Any], schemes: Collection[str] | None) -> Found:
    hooks = document.get("webhooks", {})
    streams = document.get("streams", {})
    scheme = hooks.get("scheme", "path_secret")
    if schemes is not None and scheme != "path_secret" and scheme not in schemes:
        known = ", ".join(sorted({*schemes, "path_secret"}))
        yield ("webhooks", "scheme"), f'no signature scheme "{scheme}"; schemes: {known}'
    secret = hooks.get("secret")
    if isinstance(secret, dict):
        names = {one["name"] for one in document.get("credential", ())}
        if secret["credential"] not in names:
            yield ("webhooks", "secret", "credential"), f'no credential "{secret["credential"]}"'
    for number, row in enumerate(hooks.get("types", ())):
        at = ("webhooks", "types", number, "stream")
        if row["stream"] not in streams:
            yield at, f'no stream "{row["stream"]}"'
        elif hooks.get("thin", True):
            if not row.get("deleted") and "one" not in streams[row["stream"]]:
                yield at, 'thin events need "one" in the stream'
        elif "record" not in hooks:
            yield ("webhooks", "thin"), 'events that are the record need "record"'


_PARTS: tuple[Callable[[dict[str, Any]], Found], ...] = (
    _settings,
    _hosts,
    _auth,
    _bases,
    _streams,
    _names,
)
