"""Export requests made by hand, wire bytes only: what the tests know of a trace must not come from a library that both sides
share."""
import struct


def varint(n):
    out = bytearray()
    while True:
        out.append(n & 127 | (128 if n > 127 else 0))
        n >>= 7
        if not n:
            return bytes(out)


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def fixed64(number, value):
    return varint(number << 3 | 1) + struct.pack("<Q", value)


def any_value(value):
    kind = {str: 1, bool: 2, int: 3, float: 4, list: 5}[type(value)]
    return field(kind, b"".join(field(1, any_value(one)) for one in value) if kind == 5 else value)


def attribute(number, key, value):
    return field(number, field(1, key) + field(2, any_value(value)))


def span(trace_id, span_id, parent, name, start_ns, end_ns, **attributes):
    out = field(1, trace_id) + field(2, span_id) + (field(4, parent) if parent else b"") + field(5, name)
    out += fixed64(7, start_ns) + fixed64(8, end_ns)
    return out + b"".join(attribute(9, k.replace("__", "."), v) for k, v in attributes.items())


def request(spans, service="agent"):
    scope = field(1, field(1, "tests")) + b"".join(field(2, s) for s in spans)
    return field(1, field(1, attribute(1, "service.name", service)) + field(2, scope))
