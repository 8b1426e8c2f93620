"""The site of the auditors: who may enter, and what stands there."""

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode

from connector.console.access import WHO, role_of


class Auditors(AdminSite):
    """Owners and auditors, read only. They sign in at the console's door, which counts guesses."""

    site_header = "ml-connector for auditors"
    site_title = "Auditors"
    index_title = "What this box holds, read only"
    site_url = "/"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return role_of(request) in WHO["box.inspect"]

    def login(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        if request.user.is_authenticated:
            return redirect("overview")
        return redirect(f"/sign-in/?{urlencode({'next': request.get_full_path()})}")

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Sessions end at the console's door, where it is recorded."""
        return redirect("overview")

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Nothing is changed here, not even one's own password."""
        return redirect("overview")


auditors = Auditors(name="auditors")

from appliance.auditors import access, box, records  # noqa: E402, F401  - they fill the site
