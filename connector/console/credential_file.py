"""Many credentials from one file, in the browser: all of them, or nothing."""

import io
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from connector.console.access import actor_of, allowed
from connector.console.bodies import takes
from connector.flows.credential_import import Imported, enter
from connector.flows.credential_rows import MOST_BYTES, ImportRefused, Problem, Row, parse

SHOWN = 100
SIZE = f"of at most {MOST_BYTES // 1_000_000} MB"


class FromFile(forms.Form):
    """A file of secrets; it is kept in memory only."""

    # a file that is far too large does not even arrive
    file = forms.FileField(label="File", error_messages={"required": f"Choose a file {SIZE}."})
    dry_run = forms.BooleanField(label="Only try it, and keep nothing", required=False)

    def clean_file(self) -> "UploadedFile[Any]":
        given: UploadedFile[Any] = self.cleaned_data["file"]
        if given.size is None or given.size > MOST_BYTES:
            raise forms.ValidationError(f"Choose a file {SIZE}.")
        return given


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@allowed("credentials.change", confirm=True)
@takes(11_000_000)
def import_file(request: HttpRequest) -> HttpResponse:
    """Enter what a file holds. No secret comes back; wrong rows are named by line and name."""
    form = FromFile(request.POST, request.FILES) if request.method == "POST" else FromFile()
    problems: list[Problem] = []
    if form.is_valid():
        given = form.cleaned_data
        try:
            rows = _rows(given["file"])
            done = enter(rows, actor=actor_of(request), dry_run=given["dry_run"])
        except ImportRefused as refused:
            problems = refused.problems
        else:
            messages.success(request, _said(done, tried=given["dry_run"]))
            return redirect("connection-import" if given["dry_run"] else "connections")
    context: dict[str, Any] = {
        "form": form,
        "problems": problems[:SHOWN],
        "more": max(len(problems) - SHOWN, 0),
    }
    status = 422 if problems or form.errors else 200
    return render(request, "console/connections/import.html", context, status=status)


def _rows(given: "UploadedFile[Any]") -> list[Row]:
    """The rows of what was uploaded, whose bytes are overwritten then."""
    stream = given.file
    if not isinstance(stream, io.BytesIO):  # the settings let no upload reach the disk
        raise ImportRefused([Problem(1, "the file is not in memory")])
    with stream.getbuffer() as view:
        try:
            text = str(view, "utf-8")
        except UnicodeDecodeError:
            raise ImportRefused([Problem(1, "the file is not UTF-8 text")]) from None
        finally:
            view[:] = bytes(len(view))
    return parse(text, is_csv=(given.name or "").lower().endswith(".csv"))


def _said(done: Imported, *, tried: bool) -> str:
    many = f"{len(done.slugs)} credential{'s' if len(done.slugs) != 1 else ''}"
    if tried:
        return f"The file fits: {many} would be entered. Nothing was kept."
    return f"{many} entered. The worker tests each before it is used."
