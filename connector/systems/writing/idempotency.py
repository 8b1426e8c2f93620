"""When the very same call may be made again without making a second record. Pure."""

from connector.systems.spec_objects import ObjectSpec
from connector.systems.writing.names import uses

_BY_KEY = ("header", "query", "body")
_SHARE = 0.9
_A_DAY_S = 86_400.0


def repeat_window_s(spec: ObjectSpec, verb: str) -> float:
    """For how many seconds after the first try a write may be repeated; 0 is never.

    A key is trusted for its window less a tenth. Where the address is the identity there is no
    end; an update that depends on nothing read before may be made again for a day.
    """
    kind = spec.idempotency.kind
    if verb == "update":
        update = spec.update
        depends = update is None or update.read_first or uses(update.request, "remote")
        return 0.0 if depends else _A_DAY_S
    if verb == "void":
        return _A_DAY_S
    if kind == "upsert":
        return float("inf")
    if kind in _BY_KEY:
        return (spec.idempotency.window_s or 0) * _SHARE
    return 0.0
