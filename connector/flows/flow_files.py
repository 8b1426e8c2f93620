"""Reads files of flows into checked objects by section and slug, and collects what is wrong."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.flows.document_shape import SHAPES, SLUG, SYSTEM_NAME, Place
from connector.flows.documents import Origin
from connector.flows.yaml_writer import SECTIONS
from connector.systems import yaml_reader

FORMAT = 1


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One mistake in a file. `path` is where it stands, like `flows.bills.trigger.zone`."""

    file: str
    line: int
    path: str
    text: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}: {where}{self.text}"


class DocumentError(Exception):
    """The files are refused; `problems` holds every mistake of all of them."""

    def __init__(self, problems: list[FileProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Node:
    """One object of one section, as read."""

    slug: str
    body: dict[str, Any]
    origin: Origin


class Files:
    """The files of a folder: `read` fills `nodes` and `problems`."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self.problems: list[FileProblem] = []
        self.nodes: dict[str, dict[str, Node]] = {section: {} for section in SECTIONS}

    def note(self, file: str, line: int, path: Place, text: str) -> None:
        self.problems.append(FileProblem(file, line, ".".join(map(str, path)), text))

    def note_at(self, node: Node, section: str, key: str, text: str) -> None:
        self.note(node.origin.file, node.origin.line, (section, node.slug, key), text)

    def read(self) -> None:
        values = {}
        for name, text in self.texts.items():
            if name.endswith((".yaml", ".yml")):
                try:
                    values[name] = yaml_reader.read(text, name)
                except yaml_reader.YamlError as error:
                    self.note(name, error.line, (), error.text)
        named = set(_named_files(value for value, _ in values.values()))
        for name, (value, lines) in values.items():
            if name not in named:
                self.file(name, value, lines)

    def file(self, name: str, value: Any, lines: yaml_reader.Lines) -> None:
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            self.note(name, 1, ("format",), f"must be {FORMAT}: other formats are not known here")
            return
        for section, objects in value.items():
            if section == "format":
                continue
            at: Place = (section,)
            if section not in SECTIONS:
                text = "unknown section; sections: " + ", ".join(SECTIONS)
                self.note(name, lines.near(at), at, text)
            elif not isinstance(objects, dict):
                self.note(name, lines.near(at), at, "must be a map of names")
            else:
                for slug, body in objects.items():
                    self.object(name, section, slug, body, lines)

    def object(
        self, name: str, section: str, slug: str, body: Any, lines: yaml_reader.Lines
    ) -> None:
        at: Place = (section, slug)
        origin = Origin(name, lines.near(at))
        if not (SYSTEM_NAME if section == "systems" else SLUG).match(slug):
            self.note(name, origin.line, at, "the name may hold a-z, 0-9 and - (at most 40)")
        before = self.nodes[section].get(slug)
        if before:
            place = f"{before.origin.file}:{before.origin.line}"
            self.note(name, origin.line, at, f"stands here again; first in {place}")
            return
        count = len(self.problems)
        SHAPES[section](body, at, lambda path, text: self.note(name, lines.near(path), path, text))
        if len(self.problems) == count:
            self.nodes[section][slug] = Node(slug, body, origin)

    def named(self, node: Node, section: str, key: str) -> str:
        """The text of a file that a declaration names."""
        name = node.body[key]
        if name not in self.texts:
            self.note_at(node, section, key, f'there is no file "{name}" beside it')
        return self.texts.get(name, "")


def _named_files(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        systems = value.get("systems") if isinstance(value, dict) else None
        for body in systems.values() if isinstance(systems, dict) else ():
            if isinstance(body, dict) and isinstance(body.get("file"), str):
                yield body["file"]
