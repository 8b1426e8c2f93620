"""Two answers for whoever watches the box: is the process alive, can it work. No details."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from connector.console.access import everybody


@require_safe
@everybody("health checks don't sign in; they learn nothing but ok")
def live(request: HttpRequest) -> HttpResponse:
    """200 while the process answers."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@everybody("health checks don't sign in; they learn nothing but ok")
def ready(request: HttpRequest) -> HttpResponse:
    """200 while the database answers as well, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("no database", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")
