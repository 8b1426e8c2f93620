"""The mapping language: pure functions from a source record to typed values of a target object.

Written as data, read by `declare`, checked by `checks`, compiled by `compile` once per flow version
and run by `compiled` for each record. What other floors use is named here.
"""

from connector.flows.mapping.canonical import payload_bytes, record_bytes, values_to_send
from connector.flows.mapping.compile import compile_mapping
from connector.flows.mapping.compiled import CompiledMapping
from connector.flows.mapping.context import StaticContext
from connector.flows.mapping.errors import Finding, Level, MappingError, Reason
from connector.flows.mapping.links import LinkKey
from connector.flows.mapping.outcomes import Held, Mapped, Outcome, Preview, Problem, Skipped
from connector.flows.mapping.samples import SampleResult, run_samples
from connector.flows.mapping.scope import RunContext
from connector.flows.mapping.transforms.declare import Systems
from connector.flows.mapping.types import FieldType, Kind
from connector.flows.mapping.value_maps import (
    MapShape,
    ValueMapEntries,
    ValueMapError,
    read_csv,
    value_map,
)

__all__ = [
    "CompiledMapping",
    "FieldType",
    "Finding",
    "Held",
    "Kind",
    "Level",
    "LinkKey",
    "MapShape",
    "Mapped",
    "MappingError",
    "Outcome",
    "Preview",
    "Problem",
    "Reason",
    "RunContext",
    "SampleResult",
    "Skipped",
    "StaticContext",
    "Systems",
    "ValueMapEntries",
    "ValueMapError",
    "compile_mapping",
    "payload_bytes",
    "read_csv",
    "record_bytes",
    "run_samples",
    "value_map",
    "values_to_send",
]
