"""Who a name and a password belong to."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import get_hasher, identify_hasher, make_password
from django.db.models import Q
from django.http import HttpRequest

from appliance.accounts.models import User


class NameOrEmail(ModelBackend):
    """One look-up and one password check, whoever is asked for: the time says nothing.

    allauth's own backend checks a known person's password up to three times, and nobody's once.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        email: str | None = None,
        **_: Any,
    ) -> User | None:
        if not password:
            return None
        user = person(username or email or "")
        if user is None:
            make_password(password)
            return None
        if not user.check_password(password):
            _cost_the_same(user, password)
            return None
        return user if self.user_can_authenticate(user) else None


def person(name: str) -> User | None:
    """Who has this user name or e-mail, in any case; nobody if it fits several."""
    found = list(User.objects.filter(Q(username__iexact=name) | Q(email__iexact=name))[:2])
    exact = [user for user in found if user.username == name]
    found = exact or found
    return found[0] if name and len(found) == 1 else None


def _cost_the_same(user: User, password: str) -> None:
    """A hash of older or other making is checked in less time: one of today's is added."""
    if not user.has_usable_password():
        return  # Django has made one already
    try:
        hasher = identify_hasher(user.password)
    except ValueError:
        return  # the same
    preferred = get_hasher()
    if hasher.algorithm != preferred.algorithm or preferred.must_update(user.password):
        make_password(password)
