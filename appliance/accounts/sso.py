"""Single sign-on with OpenID Connect: one provider, and only for people who are here already.

Somebody is recognised by the identity that they came with before; the first time, by an e-mail
that the provider calls verified and that exactly one active person here has. Nobody gets an
account by it.
"""

from collections.abc import Callable
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2View
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from appliance.accounts import sso_client
from appliance.accounts.adapters import refuse
from appliance.accounts.models import User
from connector.audit import log
from connector.audit.actions import Action
from connector.console import public

PROVIDER, PROVIDER_ID = "openid_connect", "sso"
SECRET_FILE = "sso-client-secret"  # noqa: S105  - a name


class SingleSignOn(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """What allauth asks while somebody comes from the provider."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """The one provider of the settings; what stands in the database is not looked at."""
        if not settings.SSO_ISSUER or provider not in (None, PROVIDER, PROVIDER_ID):
            return []
        return [
            SocialApp(
                provider=PROVIDER,
                provider_id=PROVIDER_ID,
                name=settings.SSO_NAME,
                client_id=settings.SSO_CLIENT_ID,
                secret=_client_secret(),
                settings={
                    "server_url": settings.SSO_ISSUER.rstrip("/"),
                    "oauth_pkce_enabled": True,
                },
            )
        ]

    def get_requests_session(self) -> requests.Session:
        return sso_client.session()

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find the person, or refuse. What the provider tells of them is not kept."""
        emails = [each.email for each in sociallogin.email_addresses if _is_true(each.verified)]
        sociallogin.account.extra_data = {}
        if sociallogin.is_existing:
            sociallogin.account.save(update_fields=["extra_data"])
            return
        person = _person(emails)
        if person is None:
            raise _refused(request, "no person here has this identity")
        if SocialAccount.objects.filter(user=person).exists():
            raise _refused(request, "this person has another identity", person)
        _link(sociallogin, person, actor=person.username)

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, **_: Any
    ) -> None:
        raise _refused(request, f"the provider’s answer: {error or 'unknown'}"[:100])


@transaction.atomic
def _link(sociallogin: SocialLogin, person: User, *, actor: str) -> None:
    sociallogin.account.user = sociallogin.user = person
    sociallogin.account.save()
    log.record(
        Action.SINGLE_SIGN_ON_LINKED,
        actor=actor,
        subject=f"account:{person.username}",
        issuer=settings.SSO_ISSUER,
    )


class Provider(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """The way to the provider and back."""

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return public.address(request, reverse("openid_connect_callback", args=[self.provider_id]))


def guarded(view: type[OAuth2View]) -> Callable[..., HttpResponse]:
    """A page of allauth that calls the provider: whatever comes back, the answer is a page."""

    def page(request: HttpRequest, provider_id: str) -> HttpResponse:
        try:
            answered: HttpResponse = view.adapter_view(Provider(request, provider_id))(request)
            return answered
        except SocialApp.DoesNotExist:
            raise Http404 from None
        except (requests.RequestException, OAuth2Error, LookupError, TypeError, ValueError) as why:
            reason = f"the provider’s answer: {type(why).__name__}"
            answer: HttpResponse = _refused(request, reason).response
            return answer

    return page


def _client_secret() -> str:
    """From the variable, or the file beside the other secrets; never from the database."""
    folder: Path | None = settings.CONNECTOR_SECRETS_DIRECTORY
    file = folder / SECRET_FILE if folder else None
    if not settings.SSO_CLIENT_SECRET and file and file.is_file():
        return file.read_text(encoding="utf-8").strip()
    return str(settings.SSO_CLIENT_SECRET)


def _person(emails: list[str]) -> User | None:
    """The one active person with one of these addresses."""
    fits = reduce(or_, (Q(email__iexact=email) for email in emails), Q(pk=None))
    found = list(User.objects.filter(fits, is_active=True)[:2])
    return found[0] if len(found) == 1 else None


def _is_true(claim: object) -> bool:
    """Some providers send the word; any other text is none."""
    return claim is True or claim == "true"


def _refused(
    request: HttpRequest, reason: str, person: User | None = None
) -> ImmediateHttpResponse:
    refuse(request, f"account:{person.username}" if person else "account:~sso", reason)
    return ImmediateHttpResponse(render(request, "accounts/sso_refused.html", status=403))
