"""One call, as a description writes it, and the conditions on its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from connector.systems.body import Body
from connector.systems.spec_fields import nothing
from connector.systems.template import Template

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Operation: TypeAlias = Literal[
    "login", "token", "read", "one", "find", "create", "update", "void", "acknowledge"
]
Query: TypeAlias = Mapping[str, Template | tuple[Template, ...]]
Headers: TypeAlias = Mapping[str, Template]


@dataclass(frozen=True, slots=True)
class Request:
    """Of `body`, `form` and `graphql` (with `variables`) at most one is there.

    `reads` says that a POST changes nothing, so that it may be repeated freely.
    """

    method: Method = "GET"
    base: str = "main"
    path: Template = field(default_factory=lambda: Template(""))
    query: Query = field(default_factory=nothing)
    headers: Headers = field(default_factory=nothing)
    body: Body | None = None
    form: Body | None = None
    graphql: str | None = None
    variables: Body | None = None
    reads: bool = False
    answer: Literal["json", "none", "text"] = "json"

    @property
    def repeatable(self) -> bool:
        """Whether the call may be made again without a second thought."""
        return self.method == "GET" or self.reads
