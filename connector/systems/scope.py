"""What a template may see while it is rendered: the names, and how the system writes values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Any

from connector.systems import path
from connector.systems.spec_fields import NOTHING, Field, Fields, Wire, nothing

_ID = Field(name="id", type="id", at=("id",))


@dataclass(frozen=True, slots=True)
class Scope:
    """The names of one rendering.

    `names` holds roots as "settings", "record", "now"; nested names are mappings. `fields` gives
    the field list behind the roots "record", "line" ... so that their values are written by their
    own types. `zone` is the connection's. `system` is the title that errors name. `verb` decides
    which fields are written and whether an empty one clears ("update").
    """

    names: Mapping[str, Any]
    system: str = "the system"
    wire: Wire = field(default_factory=Wire)
    zone: tzinfo = UTC
    fields: Mapping[str, Fields] = field(default_factory=nothing)
    verb: str = "create"

    def find(self, name: tuple[str, ...]) -> Any:
        """The value of a name, or MISSING where it is not there or null."""
        found = path.find(self.names, name)
        return path.MISSING if found is None else found

    def field(self, name: tuple[str, ...]) -> Field | None:
        """The field behind a name, where there is one."""
        if name == ("id",):
            return _ID
        fields = self.fields.get(name[0], NOTHING)
        return fields.get(name[1]) if len(name) == 2 else None

    def items(self, name: tuple[str, ...]) -> Fields:
        """The fields of the elements of a list."""
        found = self.field(name)
        return found.fields if found else NOTHING

    def inside(self, name: str, value: object, fields: Fields) -> "Scope":
        """The scope of one element of a list, under the loop's name."""
        return replace(
            self, names={**self.names, name: value}, fields={**self.fields, name: fields}
        )

    def currency(self, wanted: Field, values: Mapping[str, Any]) -> str | None:
        """The ISO code that counts for a money field: its own, its row's or the record's."""
        name = wanted.currency or ""
        if name.isupper():
            return name
        code = values.get(name) or path.find(self.names, ("record", name))
        return code if isinstance(code, str) else None
