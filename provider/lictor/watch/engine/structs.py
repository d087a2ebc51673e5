"""Properties as the engine sends them, and back: protobuf structs with marks for what is unknown.

The SDK's own reader and writer are made for resources' arguments of every kind, and take four
times as long; ours are plain JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import struct_pb2
from pulumi.output import Unknown
from pulumi.runtime import rpc

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIGNED = "4dabf18193072939515e22adb298388d"
"""Key that marks what is more than a plain struct: a secret, an asset, a resource."""


def read(properties: struct_pb2.Struct) -> dict[str, Any]:
    """Read properties; what is known only later is ``Unknown``, secrets are in clear."""
    return {key: _read(value) for key, value in properties.fields.items()}


def _read(value: struct_pb2.Value) -> Any:  # noqa: ANN401 - JSON
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return Unknown() if text == rpc.UNKNOWN else text  # type: ignore[no-untyped-call] # the SDK's
    if kind == "struct_value":
        if _SIGNED in value.struct_value.fields:
            return rpc.unwrap_rpc_secret(rpc.deserialize_property(value.struct_value, True))  # noqa: FBT003 - keep what is unknown
        return read(value.struct_value)
    if kind == "list_value":
        return [_read(item) for item in value.list_value.values]
    return None if kind in {None, "null_value"} else getattr(value, kind)


def write(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Write properties; ``Unknown`` becomes the engine's mark, None is left out."""
    struct = struct_pb2.Struct()
    _fill(struct, {key: value for key, value in properties.items() if value is not None})
    return struct


def _fill(struct: struct_pb2.Struct, properties: Mapping[str, Any]) -> None:
    for key, value in properties.items():
        _write(struct.fields[key], value)


def _write(slot: struct_pb2.Value, value: object) -> None:
    if isinstance(value, str):
        slot.string_value = value
    elif isinstance(value, dict):
        slot.struct_value.SetInParent()
        _fill(slot.struct_value, value)
    elif isinstance(value, (list, tuple)):
        slot.list_value.SetInParent()
        for item in value:
            _write(slot.list_value.values.add(), item)
    elif isinstance(value, bool):
        slot.bool_value = value
    elif isinstance(value, (int, float)):
        slot.number_value = value
    elif isinstance(value, Unknown):
        slot.string_value = rpc.UNKNOWN
    else:
        slot.null_value = struct_pb2.NULL_VALUE
