"""Bodies of requests: a closed set of names, each with a type."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request


class Body(serializers.Serializer[Any]):
    """A JSON object. A name that isn't known is refused: a misspelt one must not be ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and set(data) - set(self.fields):
            raise ValidationError({"body": f"there is only {', '.join(self.fields)}"})
        return super().to_internal_value(data)


def said(body: type[Body], request: Request) -> dict[str, Any]:
    """What the body of a request says.

    Raises:
        ValidationError: it says something else than it may.
    """
    read = body(data=request.data)
    read.is_valid(raise_exception=True)
    return dict(read.validated_data)
