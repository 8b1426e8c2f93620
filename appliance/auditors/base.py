"""What all pages of the auditors have in common: they are read, and nothing else."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.timezone import localtime

COUNTED = 5_000


class Bounded(Paginator):  # type: ignore[type-arg]
    """Counts no further than COUNTED rows: ten million open as fast as ten."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[:COUNTED].count()


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Nothing is added, changed or deleted here. Sealed fields are never named."""

    actions = None
    list_per_page = 50
    paginator = Bounded
    show_full_result_count = False
    list_select_related: ClassVar[bool | list[str] | tuple[str, ...]] = True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def at(name: str) -> Callable[[Model], str]:
    """A column for a time, to the second."""

    @admin.display(description=name.replace("_", " "), ordering=name)
    def shown(row: Model) -> str:
        value = getattr(row, name)
        return f"{localtime(value):%Y-%m-%d %H:%M:%S}" if value else "–"

    shown.__name__ = name
    return shown
