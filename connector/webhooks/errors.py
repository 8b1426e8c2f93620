"""What the webhook floor refuses.

WebhookError
  BadEndpoint     it can't be saved: its system sends no webhooks, or the secret is none
  EndpointGone    it was archived
"""


class WebhookError(Exception):
    """Something was refused; the message is safe to show."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadEndpoint(WebhookError):  # noqa: N818
    """It can't be saved like this; nothing was changed."""


class EndpointGone(WebhookError):  # noqa: N818
    """The endpoint was archived; make a new one."""
