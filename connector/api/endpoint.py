"""What all addresses of the API have in common."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from connector.api import tokens
from connector.api.errors import TooLarge
from connector.api.models import ApiToken
from connector.console import pages
from connector.flows.models import Flow

M = TypeVar("M", bound=Model)
LARGEST_BODY = 256_000  # bytes


class Endpoint(APIView):
    """One address. `abilities` says for each of its methods what a token must be allowed to do."""

    abilities: ClassVar[Mapping[str, str]]
    metadata_class = None

    @classmethod
    def as_view(cls, **options: Any) -> Any:
        """The view; it refuses long bodies itself, in JSON (connector.console.bodies)."""
        view = super().as_view(**options)
        view.most_bytes = None  # type: ignore[attr-defined]
        return view

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > LARGEST_BODY:
            raise TooLarge


class Nothing(Endpoint):
    """An address that isn't there; said in JSON, and only to who has a token."""

    abilities: ClassVar[Mapping[str, str]] = {}


def actor_of(request: Request) -> str:
    """How the audit log names who asks."""
    assert isinstance(request.auth, ApiToken)
    return tokens.actor_of(request.auth)


def chosen(request: Request, name: str, values: Collection[str]) -> str:
    """A filter of the query string: "" if it isn't given.

    Raises:
        ValidationError: it is none of the values.
    """
    value = request.query_params.get(name, "")
    if value and value not in values:
        raise ValidationError({name: f"one of {', '.join(values)}"})
    return value


def narrowed(request: Request, query: QuerySet[M], states: Collection[str]) -> QuerySet[M]:
    """Rows in one state (`?state=`) or of one flow (`?flow=`) alone, if asked.

    Raises:
        ValidationError: no such state.
        Http404: no such flow.
    """
    state = chosen(request, "state", states)
    if state:
        query = query.filter(state=state)
    if "flow" in request.query_params:
        query = query.filter(flow=get_object_or_404(Flow, slug=request.query_params["flow"]))
    return query


def listed(
    request: Request, query: QuerySet[M], show: Callable[[M], object], *, order: Sequence[str]
) -> Response:
    """One page by key: `before` and `after` are the addresses of the pages beside it.

    Raises:
        ValidationError: a cursor that did not come from here. Ignoring it would make a program
            read the first page for ever.
    """
    for name in ("before", "after"):
        start = request.query_params.get(name)
        if start is not None and not pages.is_key(query, order, start):
            raise ValidationError({name: "take it from an earlier answer"})
    page = pages.page(query, request.query_params, order=order)
    beside = {
        name: f"{request.path}{link}" if link else None
        for name, link in (("before", page.before), ("after", page.after))
    }
    return Response({"rows": [show(row) for row in page.rows], **beside})
