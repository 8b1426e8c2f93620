"""The schema and the typed spec say the same: each key has its attribute, and no more."""

from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from connector.systems import schema, spec, spec_auth, spec_fields, spec_objects, spec_request
from connector.systems.build import key_of
from connector.systems.condition import Condition
from tests.connector.systems.language.documents import FILES, document, load

WHOLE = schema.schema()
DEFS = WHOLE["$defs"]
STREAM, OBJECT, HOOKS = DEFS["stream"], DEFS["object"], DEFS["webhooks"]


def keys(part: Any) -> set[str]:
    return set(part["properties"])


def attributes(cls: type) -> set[str]:
    assert is_dataclass(cls)
    return {key_of(one.name) for one in fields(cls)}


PAIRS: list[tuple[type, set[str], set[str]]] = [
    (spec.System, keys(WHOLE), set()),
    (spec.Setting, keys(DEFS["setting"]), set()),
    (spec.CredentialField, keys(DEFS["credential"]), set()),
    (spec.Limits, keys(DEFS["limits"]), set()),
    (spec.ErrorRule, keys(DEFS["error"]), set()),
    (spec.Check, keys(WHOLE["properties"]["check"]), set()),
    (spec.Success, keys(WHOLE["properties"]["success"]), set()),
    (spec.Discovery, keys(DEFS["discovery"]), set()),
    (spec.Webhooks, keys(HOOKS), set()),
    (spec.Subscription, keys(HOOKS["properties"]["subscription"]), set()),
    (spec.EventType, keys(HOOKS["properties"]["types"]["items"]), set()),
    (spec_request.Request, keys(DEFS["request"]), set()),
    (Condition, keys(DEFS["condition"]) | keys(DEFS["account"]), set()),
    (spec_fields.Wire, keys(DEFS["wire"]), set()),
    (spec_fields.Field, keys(DEFS["field"]["else"]), {"name"}),
    (spec_objects.Stream, keys(STREAM), {"name"}),
    (spec_objects.Changes, keys(STREAM["properties"]["changes"]), set()),
    (spec_objects.Acknowledge, keys(STREAM["properties"]["acknowledge"]), set()),
    (spec_objects.Cursor, keys(DEFS["cursor"]), set()),
    (spec_objects.One, keys(DEFS["one"]), set()),
    (spec_objects.ObjectSpec, keys(OBJECT), {"name"}),
    (spec_objects.Find, keys(DEFS["find"]), set()),
    (spec_objects.Create, keys(OBJECT["properties"]["create"]), set()),
    (spec_objects.Update, keys(OBJECT["properties"]["update"]), set()),
    (spec_objects.Void, keys(OBJECT["properties"]["void"]), set()),
    (spec_objects.WaitFor, keys(OBJECT["properties"]["create"]["properties"]["wait_for"]), set()),
    (spec_objects.Step, keys(DEFS["then"]["items"]), set()),
    (
        spec_objects.Pages,
        set().union(*(keys(DEFS[name]) for name in DEFS if name.startswith("pages_"))),
        set(),
    ),
    (
        spec_objects.Idempotency,
        set().union(*(keys(DEFS[name]) for name in DEFS if name.startswith("idem_"))),
        set(),
    ),
    (spec_auth.NoAuth, keys(DEFS["auth_none"]), set()),
    (spec_auth.StaticAuth, keys(DEFS["auth_static"]), set()),
    (spec_auth.BasicAuth, keys(DEFS["auth_basic"]), set()),
    (spec_auth.SessionAuth, keys(DEFS["auth_session"]), set()),
    (spec_auth.OAuth1Auth, keys(DEFS["auth_oauth1"]), set()),
    (spec_auth.HmacAuth, keys(DEFS["auth_hmac"]), set()),
    (spec_auth.OAuth2Auth, keys(DEFS["auth_oauth2"]), set()),
    (spec_auth.Csrf, keys(DEFS["csrf"]), set()),
]


@pytest.mark.parametrize(
    ("cls", "known", "own"), PAIRS, ids=lambda one: getattr(one, "__name__", "")
)
def test_schema_and_spec_have_the_same_keys(cls: type, known: set[str], own: set[str]) -> None:
    assert attributes(cls) - own == known


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(WHOLE)


def test_no_part_of_the_schema_takes_unknown_keys_but_maps() -> None:
    loose = [name for name, part in DEFS.items()
             if "properties" in part and "additionalProperties" not in part]  # fmt: skip
    assert sorted(loose) == ["auth", "idempotency", "pages"]  # these only choose among others


def test_a_description_that_is_written_out_again_means_the_same() -> None:
    for name in FILES:
        whole = document(name)
        assert load(whole) == load(document(name))


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["format", "name", "auth", "streams", "type", "x"]), inner),
    max_leaves=10))  # fmt: skip
def test_any_values_are_refused_with_words(value: object) -> None:
    found = list(schema.problems(value))
    assert found
    assert all(text for _, text in found)
