"""Lines of the OTLP and gRPC specifications that only bytes on a socket can show: encodings, deadlines, headers, streams, pings and the
end of connections by gRPC, and what HTTP answers to whom. CONFORMANCE.md says which test holds which line."""
import gzip, json, os, struct, time

from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.metrics import by_label
from flywheel.sender import JSON, PROTOBUF, connect, post
from flywheel.h2_raw import DATA, END_STREAM, PING, Connection, frame, message
from flywheel.otlp_bytes import field, request, span
from flywheel.waiting import patiently

args = arguments()
checks = Checks()
NOW = time.time_ns()
GOOD = ("0", "ended")  # `ended`: core writes a status that it has sent before as an index
SNAPPY = b"\xff\x06\x00\x00sNaPpY" + bytes(20)
ZSTD = b"\x28\xb5\x2f\xfd" + bytes(20)


def good(**more):
    return request([span(os.urandom(16), os.urandom(8), None, "chat", NOW, NOW + 1, **more)])


def export(port, body, *headers, is_compressed=False):
    """(status, the header block that carries it)."""
    connection = Connection(port)
    stream = connection.open(*headers)
    connection.send_body(stream, message(body, is_compressed))
    status = connection.status(stream)
    connection.close()
    return status, connection.statuses.get(stream, b"")


def encodings_of_grpc(port):
    checks.check("gRPC: no compression", export(port, good())[0] in GOOD)
    checks.check("gRPC: grpc-encoding: identity", export(port, good(), ("grpc-encoding", "identity"))[0] in GOOD)
    checks.check("gRPC: gzip", export(port, gzip.compress(good()), ("grpc-encoding", "gzip"), is_compressed=True)[0] in GOOD)
    checks.check("gRPC: gzip was agreed on, and this message is plain", export(port, good(), ("grpc-encoding", "gzip"))[0] in GOOD)
    for name, body in (("snappy", SNAPPY), ("zstd", ZSTD)):
        status, block = export(port, body, ("grpc-encoding", name), is_compressed=True)
        checks.check(f"gRPC: {name} is UNIMPLEMENTED and told what there is", status == "12" and b"grpc-accept-encoding" in block, (status, block))
    checks.check("gRPC: deflate is UNIMPLEMENTED", export(port, ZSTD, ("grpc-encoding", "deflate"), is_compressed=True)[0] == "12")
    status, _ = export(port, gzip.compress(good()), is_compressed=True)
    checks.check("gRPC: compressed without an encoding is INTERNAL", status == "13", status)


def calls_of_grpc(port):
    connection = Connection(port)
    streams = [connection.open() for _ in range(80)]
    for stream in reversed(streams):
        connection.send_body(stream, message(good()))
    statuses = [connection.status(stream) for stream in streams]
    checks.check("gRPC: 80 calls of one connection at once, answered as they come", all(s in GOOD for s in statuses), set(statuses))
    connection = Connection(port)
    stream, began = connection.open(("grpc-timeout", "300m")), time.monotonic()
    status, seconds = connection.status(stream, patiently(20)), time.monotonic() - began
    checks.check("gRPC: grpc-timeout ends a call here too", status == "4" and 0.2 < seconds < patiently(15), f"{status} after {seconds:.2f} s")
    connection = Connection(port)
    stream = connection.open()
    connection.send(frame(DATA, END_STREAM, stream))
    checks.check("gRPC: no message is INVALID_ARGUMENT", connection.status(stream) == "3")
    checks.check("gRPC: an empty message is a success", export(port, b"")[0] in GOOD)
    checks.check("gRPC: a message with new fields is a success", export(port, good() + field(99, "new") + field(100, 7))[0] in GOOD)
    checks.check("gRPC: application/grpc+proto, any User-Agent",
                 export(port, good(), ("content-type", "application/grpc+proto"), ("user-agent", "OTel-OTLP-Exporter-X/0.1 (ä)".encode()))[0] in GOOD)
    connection = Connection(port)
    for number in range(2):
        connection.send(frame(PING, 0, 0, struct.pack(">Q", number)))
    answered = [connection.read(2) for _ in range(2)]
    stream = connection.open()
    connection.send_body(stream, message(good()))
    checks.check("gRPC: a few pings are borne", all(answered) and connection.status(stream) in GOOD)
    connection = Connection(port)
    try:
        for number in range(50):
            connection.send(frame(PING, 0, 0, struct.pack(">Q", number)))
        while connection.read(2):
            pass
    except OSError:
        pass
    checks.check("gRPC: a flood of pings is not", b"too_many_pings" in connection.statuses.get(0, b""), connection.statuses)


def ends_of_connections():
    daemon = Daemon(args.flywheel, "trajectory: { settle: 500ms }\nlimits: { connection_age: 1s }\n", http="")
    daemon.start()
    connection, began = Connection(daemon.port), time.monotonic()
    stream = connection.open()  # still under way when its connection has become old
    while 0 not in connection.statuses and connection.read(patiently(30)):
        pass
    seconds, goodbye = time.monotonic() - began, connection.statuses.get(0, b"")
    checks.check("gRPC: an old connection is told to go, with GOAWAY", goodbye.startswith(b"GOAWAY") and 0.8 < seconds < patiently(30), f"{seconds:.1f} s")
    connection.is_over = False
    connection.send_body(stream, message(good()))
    while stream not in connection.statuses and connection.read(patiently(30)):
        pass
    checks.check("gRPC: and what is under way on it is finished", b"grpc-status\x010" in connection.statuses.get(stream, b""), connection.statuses)
    connection.close()
    idle = Connection(daemon.port)
    idle.read(0.2)
    code = daemon.stop()
    while idle.read(2):
        pass
    checks.check("gRPC: a stop says GOAWAY", idle.statuses.get(0, b"").startswith(b"GOAWAY") and code == 0, idle.statuses)
    daemon.remove()


def answers_of_http(daemon):
    def ask(body=None, path="/v1/traces", kind=PROTOBUF, **more):
        connection = connect(daemon)
        answer = post(connection, good() if body is None else body, path, kind, **more)
        connection.close()
        return answer

    for kind, body in ((PROTOBUF, good()), (JSON, b"{}")):
        status, headers, answer = ask(body, kind=kind)
        checks.check(f"HTTP: {kind} is 200 in its type", status == 200 and headers["Content-Type"] == kind and answer == (b"" if kind == PROTOBUF else b"{}"))
        status, headers, answer = ask(b"\xff", kind=kind)
        told = json.loads(answer)["code"] == 3 if kind == JSON else answer.startswith(field(1, 3))
        checks.check(f"HTTP: bad {kind} is 400 with INVALID_ARGUMENT in a google.rpc.Status", status == 400 and told and headers["Content-Type"] == kind)
        checks.check("HTTP: and asks for no retry", headers["Retry-After"] is None)
    for is_gzip in (False, True):
        for is_chunked in (False, True):
            status, _, _ = ask(good(text=os.urandom(2000).hex()), is_gzip=is_gzip, is_chunked=is_chunked)
            checks.check(f"HTTP: {'gzip' if is_gzip else 'plain'}, {'chunked' if is_chunked else 'with its length'}", status == 200, status)
    many = connect(daemon)
    checks.check("HTTP: a connection serves many requests", [post(many, good())[0] for _ in range(50)] == [200] * 50)
    snake = b'{"resource_spans":[{"scope_spans":[{"spans":[{"trace_id":"%s","span_id":"%s","name":"a"}]}]}]}'
    status, _, answer = ask(snake % (b"5b" * 16, b"01" * 8), kind=JSON)
    checks.check("HTTP: JSON keys in snake_case are read, as protobuf's own readers do", (status, answer) == (200, b"{}"), (status, answer))


def no_answer_is_unknown(daemon):
    found = by_label(daemon.metrics(), "flywheel_receiver_requests_total", "code")
    checks.check("UNKNOWN was never answered", found["UNKNOWN"] == 0, found)


daemon = Daemon(args.flywheel, "trajectory: { settle: 500ms }", http="")
daemon.start()
encodings_of_grpc(daemon.port)
calls_of_grpc(daemon.port)
answers_of_http(daemon)
no_answer_is_unknown(daemon)
checks.check("it ends with 0 on TERM", daemon.stop() == 0)
daemon.remove()
ends_of_connections()
checks.finish()
