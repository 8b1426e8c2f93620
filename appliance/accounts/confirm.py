"""Whether who asks has proved again to be who they are, a short while ago."""

from allauth.account.internal.flows.reauthentication import (
    did_recently_reauthenticate,
    get_reauthentication_flows,
)
from django.http import HttpRequest


def confirmed(request: HttpRequest) -> bool:
    """True for 10 minutes after a sign-in or a confirmation (ACCOUNT_REAUTHENTICATION_TIMEOUT).

    Somebody who has neither a password nor a second factor here can't confirm: allauth would
    take them as confirmed for ever.
    """
    user = request.user
    return bool(
        user.is_authenticated
        and get_reauthentication_flows(user)
        and did_recently_reauthenticate(request)
    )
