#!/usr/bin/env python3
"""Holds proto/ against the official OTLP descriptors.

Our definitions are compiled with protoc and compared, file by file, with those of the package opentelemetry-proto: every
message, field (number, name, type, label, type name, oneof), oneof, enum value and method, on either side. google.rpc is compared
with what is written here, google.protobuf with the protobuf package.

    pip install opentelemetry-proto==1.45.2
    python3 tests/lint/descriptors.py
"""
import importlib
import importlib.metadata
import pathlib
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2

PINNED = "1.45.2"
PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"
OFFICIAL = [
    "opentelemetry/proto/common/v1/common.proto",
    "opentelemetry/proto/resource/v1/resource.proto",
    "opentelemetry/proto/trace/v1/trace.proto",
    "opentelemetry/proto/logs/v1/logs.proto",
    "opentelemetry/proto/collector/trace/v1/trace_service.proto",
    "opentelemetry/proto/collector/logs/v1/logs_service.proto",
    "google/protobuf/any.proto",
    "google/protobuf/duration.proto",
]
FIELD = descriptor_pb2.FieldDescriptorProto
RPC = {
    "google/rpc/status.proto": {
        "package google.rpc",
        "syntax proto3",
        "message google.rpc.Status",
        "field google.rpc.Status 1 code INT32 OPTIONAL  ",
        "field google.rpc.Status 2 message STRING OPTIONAL  ",
        "field google.rpc.Status 3 details MESSAGE REPEATED .google.protobuf.Any ",
    },
    "google/rpc/retry_info.proto": {
        "package google.rpc",
        "syntax proto3",
        "message google.rpc.RetryInfo",
        "field google.rpc.RetryInfo 1 retry_delay MESSAGE OPTIONAL .google.protobuf.Duration ",
    },
}


def enum_entries(enum, scope):
    name = f"{scope}.{enum.name}"
    yield f"enum {name}"
    for value in enum.value:
        yield f"value {name} {value.number} {value.name}"


def message_entries(message, scope):
    name = f"{scope}.{message.name}"
    yield f"message {name}"
    for oneof in message.oneof_decl:
        yield f"oneof {name} {oneof.name}"
    for reserved in message.reserved_range:
        yield f"reserved {name} {reserved.start}-{reserved.end - 1}"
    for field in message.field:
        oneof = message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else ""
        kind = FIELD.Type.Name(field.type).removeprefix("TYPE_")
        label = FIELD.Label.Name(field.label).removeprefix("LABEL_")
        yield f"field {name} {field.number} {field.name} {kind} {label} {field.type_name} {oneof}"
    for enum in message.enum_type:
        yield from enum_entries(enum, name)
    for nested in message.nested_type:
        yield from message_entries(nested, name)


def file_entries(file):
    yield f"package {file.package}"
    yield f"syntax {file.syntax}"
    for message in file.message_type:
        yield from message_entries(message, file.package)
    for enum in file.enum_type:
        yield from enum_entries(enum, file.package)
    for service in file.service:
        for method in service.method:
            streams = f"{method.client_streaming} {method.server_streaming}"
            yield (f"method {file.package}.{service.name}.{method.name} "
                   f"{method.input_type} {method.output_type} {streams}")


def our_files():
    sources = sorted(str(path.relative_to(PROTO)) for folder in ("opentelemetry", "google")
                     for path in (PROTO / folder).rglob("*.proto"))
    with tempfile.NamedTemporaryFile(suffix=".pb") as out:
        subprocess.run(["protoc", f"--proto_path={PROTO}", "--include_imports",
                        f"--descriptor_set_out={out.name}", *sources], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out.name).read_bytes())
    return {file.name: set(file_entries(file)) for file in files.file}


def official_file(name):
    module = importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
    file = descriptor_pb2.FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(file)
    return set(file_entries(file))


def main():
    version = importlib.metadata.version("opentelemetry-proto")
    if version != PINNED:
        print(f"opentelemetry-proto {version} is installed, {PINNED} is what this test is pinned to")
        return 1
    ours = our_files()
    expected = {name: official_file(name) for name in OFFICIAL} | RPC
    passed = failed = 0
    for name in sorted(ours.keys() | expected.keys()):
        mine, theirs = ours.get(name, set()), expected.get(name, set())
        passed += len(mine & theirs)
        for entry in sorted(mine ^ theirs):
            failed += 1
            print(f"{name}: only in {'our' if entry in mine else 'the official'} definitions: {entry}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
