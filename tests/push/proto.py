"""Loki's push message, as google.protobuf reads and writes it.

Source: grafana/loki pkg/push/push.proto. Fields that no client sends (`hash`, `format`, `parsed`) are left out: they count as unknown.
A line is declared as bytes: Loki's own decoder looks at no encoding, and a log may hold any byte.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

_PACKAGE: Final = "logproto"
_FIELDS: Final = {
    "Timestamp": (("seconds", 1, Field.TYPE_INT64, ""), ("nanos", 2, Field.TYPE_INT32, "")),
    "LabelPairAdapter": (("name", 1, Field.TYPE_STRING, ""), ("value", 2, Field.TYPE_STRING, "")),
    "EntryAdapter": (
        ("timestamp", 1, Field.TYPE_MESSAGE, "Timestamp"),
        ("line", 2, Field.TYPE_BYTES, ""),
        ("structuredMetadata", 3, Field.TYPE_MESSAGE, "LabelPairAdapter*"),
    ),
    "StreamAdapter": (("labels", 1, Field.TYPE_STRING, ""), ("entries", 2, Field.TYPE_MESSAGE, "EntryAdapter*")),
    "PushRequest": (("streams", 1, Field.TYPE_MESSAGE, "StreamAdapter*"),),
}


def _push_request_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="push.proto", package=_PACKAGE, syntax="proto3")
    for message_name, fields in _FIELDS.items():
        message = file.message_type.add(name=message_name)
        for name, number, kind, of in fields:
            label = Field.LABEL_REPEATED if of.endswith("*") else Field.LABEL_OPTIONAL
            type_name = f".{_PACKAGE}.{of.removesuffix('*')}" if of else None
            message.field.add(name=name, number=number, type=kind, label=label, type_name=type_name)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.PushRequest"))


PushRequest: Final = _push_request_class()
