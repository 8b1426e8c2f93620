"""What the webhook floor refuses.

WebhookError
  BadEndpoint     it can't be saved: its system sends no webhooks, or the secret is none
  EndpointGone    it was archived
  NotReplayable   the event is waiting, or has nothing for a flow
"""


class WebhookError(Exception):
    """Something was refused; the message is safe to show."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadEndpoint(WebhookError):
    """It can't be saved like this; nothing was changed."""


class EndpointGone(WebhookError):
    """The endpoint was archived; make a new one."""


class NotReplayable(WebhookError):
    """The event is not one that was processed; nothing was changed."""
