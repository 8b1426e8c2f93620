"""The 25 transforms: a closed list of pure functions `(value, scope)`.

Null in gives null out without a call, except for `default`; an empty text counts as null.
"""

from connector.flows.mapping.transforms import dates, money, numbers, tables, text
from connector.flows.mapping.transforms.declare import Transform

TRANSFORMS: dict[str, Transform] = {
    **text.TRANSFORMS,
    **numbers.TRANSFORMS,
    **money.TRANSFORMS,
    **dates.TRANSFORMS,
    **tables.TRANSFORMS,
}
