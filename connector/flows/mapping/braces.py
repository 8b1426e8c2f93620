"""Splits `"{number} {company}/{po?}"` into texts and paths, for templates and formulas."""

from dataclasses import dataclass

from connector.flows.mapping.paths import Path, PathError, compile_path


@dataclass(frozen=True, slots=True)
class Hole:
    """A path in braces; optional if a `?` stands at its end."""

    path: Path
    optional: bool


def split(text: str) -> list[str | Hole]:
    """Texts and holes in order. Raises PathError for a brace without its partner, or a bad path."""
    parts: list[str | Hole] = []
    at = 0
    while at < len(text):
        start = text.find("{", at)
        plain = text[at:] if start < 0 else text[at:start]
        if "}" in plain:
            raise PathError('a "}" has no "{" before it')
        if plain:
            parts.append(plain)
        if start < 0:
            break
        end = _closing(text, start)
        inner = text[start + 1 : end].strip()
        optional = inner.endswith("?")
        parts.append(Hole(compile_path(inner.removesuffix("?")), optional))
        at = end + 1
    return parts


def _closing(text: str, start: int) -> int:
    depth, quote = 0, ""
    for at in range(start, len(text)):
        char = text[at]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote = char
        elif char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                return at
    raise PathError('a "{" has no "}" after it')
