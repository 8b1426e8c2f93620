"""connector.jobs.registry"""

import pytest
from django.test import override_settings

from connector.jobs import registry
from connector.jobs.errors import UnknownKind
from connector.jobs.registry import Kind


def an_entry(args: registry.Args, job: object) -> None:
    """Does nothing."""


@override_settings(CONNECTOR_JOBS={Kind.FLOWS_RUN: f"{__name__}.an_entry"})
def test_a_kind_names_a_function_of_the_settings() -> None:
    assert registry.entry("flows.run") is an_entry


@override_settings(CONNECTOR_JOBS={"os.system": "os.system"})
def test_a_kind_outside_the_enum_is_refused_even_if_the_settings_name_it() -> None:
    with pytest.raises(UnknownKind):
        registry.entry("os.system")
