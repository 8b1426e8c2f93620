"""Icons, state marks and times, the same on every page."""

from datetime import datetime, timedelta

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from connector.flows.models import Run

register = template.Library()

# state or outcome -> how it looks and the icon; the word is always shown beside it
LOOKS: dict[str, tuple[str, str]] = {
    "delivered": ("ok", "circle-check"),
    "finished": ("ok", "circle-check"),
    "answers": ("ok", "circle-check"),
    "on": ("ok", "circle-check"),
    "current": ("ok", "circle-check"),
    "processed": ("ok", "circle-check"),
    "receiving": ("ok", "circle-check"),
    "ready": ("ok", "circle-check"),
    "unchanged": ("", "circle-slash"),
    "skipped": ("", "skip-forward"),
    "held": ("wait", "hand"),
    "waiting": ("wait", "hand"),
    "queued": ("live", "clock"),
    "asked": ("live", "clock"),
    "received": ("live", "clock"),
    "running": ("live", "refresh-cw"),
    "sending": ("live", "send"),
    "released": ("live", "send"),
    "rejected": ("bad", "circle-x"),
    "stopped": ("bad", "circle-x"),
    "failed": ("bad", "circle-x"),
    "does not answer": ("bad", "circle-x"),
    "refused": ("bad", "circle-x"),
    "unreadable": ("bad", "circle-x"),
    "uncertain": ("doubt", "circle-question-mark"),
    "shredded": ("", "trash-2"),
    "revoked": ("", "circle-slash"),
    "expired": ("", "clock"),
    "off": ("", "circle-pause"),
    "cancelled": ("", "square"),
}

CAUSES = {
    "schedule": "by schedule",
    "webhook": "by a webhook",
    "after": "after another flow",
    "manual": "by hand",
    "command": "by a command",
    "release": "for released records",
}
KINDS = {
    "incremental": "what is new or changed",
    "full": "everything",
    "records": "single records",
    "held": "what was held",
}


@register.simple_tag
def icon(name: str, look: str = "") -> SafeString:
    """One icon of the sprite, hidden from screen readers: the word beside it says the same."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>',
        look,
        static("console/icons.svg"),
        name,
    )


@register.simple_tag
def pill(state: str, text: str = "") -> SafeString:
    """A state as icon and word; colour is only the third sign."""
    look, name = LOOKS.get(state, ("", "circle-slash"))
    return format_html('<span class="pill {}">{}{}</span>', look, icon(name), text or state)


@register.filter
def thousands(value: int | None) -> str:
    """A whole number with a comma at each thousand."""
    return "" if value is None else f"{value:,}"


@register.filter
def moment(value: datetime | None) -> str:
    """A time for people: with seconds today, with the date before; "–" for none."""
    if value is None:
        return "–"
    local, now = timezone.localtime(value), timezone.localtime()
    if local.date() == now.date():
        return f"{local:%H:%M:%S}"
    if local.year == now.year:
        return f"{local.day} {local:%b %H:%M}"
    return f"{local.day} {local:%b %Y}"


@register.filter
def since(value: datetime | None) -> str:
    """How long ago, or until when, in the largest unit that fits."""
    if value is None:
        return "–"
    return span(abs(timezone.now() - value))


@register.filter
def took(run: object) -> str:
    """How long something with started_at and finished_at took, or has taken so far."""
    started = getattr(run, "started_at", None)
    if started is None:
        return "–"
    return span((getattr(run, "finished_at", None) or timezone.now()) - started)


def span(length: timedelta) -> str:
    """A length of time: "9 s", "3 min 5 s", "2 h 10 min", "4 days"."""
    seconds = int(length.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3_600:
        return f"{seconds // 60} min {seconds % 60} s" if seconds < 600 else f"{seconds // 60} min"
    if seconds < 86_400:
        return f"{seconds // 3_600} h {seconds % 3_600 // 60} min"
    days = seconds // 86_400
    return "1 day" if days == 1 else f"{days} days"


@register.filter
def why(run: Run) -> str:
    """What started a run, as the end of a sentence."""
    return CAUSES.get(run.cause, run.cause)


@register.filter
def scope(run: Run) -> str:
    """What a run reads."""
    return KINDS.get(run.kind, run.kind)


@register.filter
def short_subject(subject: str) -> str:
    """A subject of the audit log without the tail of its id: "flow 353ff0fe"."""
    kind, _, name = subject.partition(":")
    return f"{kind.replace('_', ' ')} {name[:8] if len(name) == 36 else name[:40]}"


@register.simple_tag
def to_answer(run: Run) -> str:
    """How many records of a run went to the inbox."""
    return thousands(run.held + run.rejected + run.uncertain)
