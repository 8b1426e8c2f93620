"""Every template of a description: is it one, may it see its names, and do they exist?"""

from collections.abc import Iterator, Mapping
from typing import Any

from connector.systems import names
from connector.systems.body import Body, name_of
from connector.systems.template import Slot, Template, TemplateError

Where = tuple[str | int, ...]
Found = Iterator[tuple[Where, str]]
Loops = Mapping[str, Mapping[str, Any] | None]

_GIVES = {
    "none": set[str](),
    "offset": {"offset", "end", "size"},
    "page": {"number", "size"},
    "cursor": {"token", "size"},
    "bookmark": {"token", "size"},
    "next_url": {"size"},
    "link_header": {"size"},
    "graphql": {"token", "size"},
}
_LITERAL = ("pattern", "graphql")


def check(document: dict[str, Any]) -> Found:
    """Each template or bare name that is wrong."""
    yield from _Names(document).walk(document, (), {})


class _Names:
    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.settings = {one["name"] for one in document.get("settings", ())}
        self.credential = {one["name"]: one for one in document.get("credential", ())}
        self.streams = document.get("streams", {})
        self.objects = document.get("objects", {})

    def walk(self, node: Any, at: Where, loops: Loops) -> Found:
        if isinstance(node, str):
            yield from self.text(node, at, loops)
        elif isinstance(node, list):
            for number, item in enumerate(node):
                yield from self.walk(item, (*at, number), loops)
        elif isinstance(node, dict):
            if at and at[-1] in ("body", "form", "variables"):
                yield from _whole(node, at)
            inner = loops
            if "$each" in node:
                yield from self.bare(node["$each"], (*at, "$each"), loops)
                inner = {**loops, node.get("$as", "line"): self.columns(node["$each"], at, loops)}
            elif "each" in node and "request" in node:
                yield from self.bare(node["each"], (*at, "each"), loops)
                inner = {**loops, "line": self.columns(node["each"], at, loops)}
            for key, value in node.items():
                if key in ("$if", "if") and isinstance(value, str):
                    yield from self.bare(value, (*at, key), loops)
                elif key not in ("$each", "$as", "each", *_LITERAL):
                    here = (*at, key)
                    yield from self.walk(value, here, inner if key != "$each" else loops)

    def text(self, text: str, at: Where, loops: Loops) -> Found:
        if not any(mark in text for mark in ("{{", "{%", "{#")):
            return
        where = names.place(at, self.document)
        if not where:
            yield at, "no template may stand here"
            return
        try:
            template = Template(text)
        except TemplateError as error:
            yield at, str(error)
            return
        for slot in template.slots:
            yield from self.slot(slot, at, where, loops)
        if template.optional and at[-1] == "path":
            yield at, '"optional" has no place in a path: nothing can be left out of it'

    def bare(self, text: Any, at: Where, loops: Loops) -> Found:
        try:
            name = name_of(text)
        except TemplateError as error:
            yield at, str(error)
            return
        where = names.place((*at, "request"), self.document)
        yield from self.slot(Slot(name), at, where or "fixed", loops)

    def slot(self, slot: Slot, at: Where, where: str, loops: Loops) -> Found:
        problem = names.wrong(slot, where)
        if problem:
            yield at, problem
            return
        root, first = slot.name[0], (slot.name[1] if len(slot.name) > 1 else "")
        missing = {
            "settings": self.no_setting,
            "credential": self.no_credential,
            "record": self.no_field,
            "page": self.no_page,
            "cursor": self.no_cursor,
            "remote": self.no_remote,
            "auth": self.no_auth,
            "id": self.no_id,
        }
        if root in missing:
            problem = missing[root](first, at, slot)
        elif root in names.LOOPS:
            problem = _no_column(root, first, loops)
        if problem:
            yield at, problem

    def no_setting(self, first: str, _: Where, __: Slot) -> str:
        return "" if first in self.settings else f'no setting "{first}"'

    def no_credential(self, first: str, _: Where, slot: Slot) -> str:
        if first not in self.credential:
            return f'no credential "{first}"'
        keys = self.credential[first].get("keys", ())
        if len(slot.name) > 2 and slot.name[2] not in keys:
            return f'the credential "{first}" has no key "{slot.name[2]}"'
        return ""

    def no_field(self, first: str, at: Where, _: Slot) -> str:
        owner = self.objects[at[1]]
        return "" if first in owner["fields"] else f'no field "{first}" in objects.{at[1]}'

    def no_page(self, first: str, at: Where, _: Slot) -> str:
        block: dict[str, Any] = self.document[str(at[0])][at[1]]
        block = block.get(str(at[2]), {}) if at[2] in ("changes", "find") else block
        kind = block.get("pages", {}).get("type", "none")
        given = first in _GIVES[kind] or (first == "last" and kind != "none")
        return "" if given else f'the pager "{kind}" gives no "page.{first}"'

    def no_cursor(self, _: str, at: Where, __: Slot) -> str:
        stream = self.streams[at[1]]
        block = stream.get("changes", {}) if at[2] == "changes" else stream
        return "" if "cursor" in block else "this request has no cursor"

    def no_remote(self, first: str, at: Where, _: Slot) -> str:
        owner = self.objects[at[1]]
        verb = owner.get(str(at[2]), {})
        taken: set[str] = set()
        if at[2:4] != ("create", "request"):
            taken |= set(owner.get("create", {}).get("take", {}))
            for step in owner.get("create", {}).get("then", ()):
                taken |= set(step.get("take", {}))
        if verb.get("read_first"):
            read = owner.get("read") or self.streams.get(owner.get("stream"), {}).get("one", {})
            taken = set(read.get("take", {}))
        return "" if first in taken else f'nothing takes "{first}" from an answer of this object'

    def no_auth(self, first: str, _: Where, __: Slot) -> str:
        auth = self.document["auth"]
        known = {*auth.get("take", ()), *auth.get("derive", ())}
        known |= set(auth.get("login", {}).get("take", ()))
        known |= {"oauth2": {"access_token"}, "hmac": {"signature"}}.get(auth["type"], set())
        if first in known:
            return ""
        return f'nothing gives "auth.{first}"; known: ' + (", ".join(sorted(known)) or "none")

    def no_id(self, _: str, at: Where, __: Slot) -> str:
        early = at[0] == "objects" and at[2:4] == ("create", "request")
        return 'there is no "id" before the record is made' if early else ""

    def columns(self, name: Any, at: Where, loops: Loops) -> Mapping[str, Any] | None:
        """The fields of a list's elements; None where they are free."""
        root, _, rest = str(name).partition(".")
        if root == "batch":
            return None
        if root == "record" and at[0] == "objects":
            fields = self.objects[at[1]]["fields"]
        else:
            fields = loops.get(root) or {}
        field = fields.get(rest, {})
        return field.get("fields") if isinstance(field, dict) else None


def _no_column(root: str, first: str, loops: Loops) -> str:
    if root not in loops:
        return f'"{root}" is known only inside of "$each" with "$as: {root}"'
    columns = loops[root]
    if first and columns is not None and first not in columns:
        return f'no field "{first}" in the list that "{root}" goes through'
    return ""


def _whole(node: dict[str, Any], at: Where) -> Found:
    """What only the body as a whole shows: directives that don't go together."""
    try:
        Body(node)
    except TemplateError as error:
        if "{{" not in str(error) and "pipe" not in str(error) and "name" not in str(error):
            yield at, str(error)
