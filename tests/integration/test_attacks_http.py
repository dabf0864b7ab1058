"""Each known hole of an OTLP endpoint, over HTTP: what is answered, what it costs (peak memory, processor time), and what a good
client notices meanwhile. One row an attack; afterwards the books balance and every record is valid."""
import gzip, json, multiprocessing, socket, struct, time, zlib

import jsonschema

from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon, adds_up
from flywheel.places import root
from flywheel.sender import JSON, PROTOBUF, connect, connect_socket, post
from flywheel.waiting import patiently
from flywheel.otlp_bytes import attribute, field, fixed64, request, span

PIPELINE = """
trajectory: { settle: 500ms, idle_timeout: 2s, max_spans: 10000 }
rules: [{ name: failed, measure: errors, fail_above: 0 }]
selection: { fail: 1, borderline: 1, unscored: 1, pass: 1 }
redaction: { content: full }
"""
# Half the default body limit, so that the figures say something on a small machine too.
LIMIT = 32 << 20
GROWTH_KIB = (2 * LIMIT >> 10) + (64 << 10)
args = arguments(seconds=1.0)
checks = Checks()
NOW = time.time_ns()


def trace_id(number):
    return struct.pack(">QQ", 0xA77AC4, number)


def one(number, name="chat", attributes=b"", **more):
    return request([span(trace_id(number), struct.pack(">Q", number + 1), None, name, NOW, NOW + 1000, **more) + attributes])


def keyed(value, key="k"):
    return field(9, field(1, key) + field(2, value))


def nested(depth):
    value = field(1, "x")
    for _ in range(depth):
        value = field(5, field(1, value))
    return value


def json_request(*spans):
    return b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b",".join(spans) + b"]}]}]}"


def json_span(number, more=b""):
    return (b'{"traceId":"%s","spanId":"%s","name":"chat","startTimeUnixNano":"%d","endTimeUnixNano":"%d"%s}'
            % (trace_id(number).hex().encode(), struct.pack(">Q", number + 1).hex().encode(), NOW, NOW + 1000, more))


def json_attribute(value):
    return b',"attributes":[{"key":"k","value":' + value + b"}]"


def gzip_bomb(size, pieces=b"\0"):
    """gzip of so many bytes without holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = pieces * ((1 << 20) // len(pieces))
    return b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()


def many_spans(count, number):
    return request([span(trace_id(number), struct.pack(">Q", i + 1), None, "s", NOW, NOW + 1) for i in range(count)])


class GoodClient:
    """A process that sends one small run after another and keeps the time that each answer took."""

    numbers = 1 << 32

    def __init__(self, daemon):
        self.is_over, self.out = multiprocessing.Event(), multiprocessing.Queue()
        GoodClient.numbers += 1 << 20
        self.process = multiprocessing.Process(target=self.send, args=(daemon, GoodClient.numbers), daemon=True)
        self.process.start()

    def send(self, daemon, number):
        connection, seconds, wrong = connect(daemon), [], []
        while not self.is_over.is_set():
            number += 1
            began = time.monotonic()
            try:
                status, _, _ = post(connection, one(number))
            except OSError as mistake:
                status, connection = repr(mistake), connect(daemon)
            seconds.append(time.monotonic() - began)
            if status != 200:
                wrong.append(status)
            time.sleep(0.01)
        self.out.put((seconds, wrong))

    def finish(self):
        """p99 in ms, how many it sent, and which answers were wrong."""
        self.is_over.set()
        seconds, wrong = self.out.get(timeout=patiently(120))
        self.process.join()
        return sorted(seconds)[int(len(seconds) * 0.99)] * 1000, len(seconds), wrong


def posts(body, wanted, kind=PROTOBUF, headers={}, path="/v1/traces", says=None):
    """An attack that posts one body over and over: each answer is one that is wanted."""
    def attack(daemon, until):
        wrong, count = [], 0
        while count == 0 or time.monotonic() < until:
            connection = connect(daemon)
            status, _, answer = post(connection, body, path, kind, headers)
            connection.close()
            count += 1
            if status not in wanted or (says and says not in answer):
                wrong.append((status, answer[:200]))
        return not wrong, f"{count} x {wanted[0]}" if not wrong else wrong[0]
    return attack


GZIP = {"Content-Encoding": "gzip"}


def open_many(count, first=b""):
    """Connections that say a little and then nothing, or a byte now and then."""
    def attack(daemon, until):
        sockets = []
        for _ in range(count):
            try:
                sockets.append(connect_socket(daemon))
                sockets[-1].sendall(first)
            except OSError:
                pass
        while time.monotonic() < until:
            for s in sockets:
                try:
                    s.sendall(b"x")
                except OSError:
                    pass
            time.sleep(0.2)
        for s in sockets:
            s.close()
        return True, f"{len(sockets)} connections"
    return attack


def torn(body, headers=b""):
    """Bodies that stop in the middle, by a reset."""
    def attack(daemon, until):
        count = 0
        while time.monotonic() < until:
            s = connect_socket(daemon)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n"
                      b"Content-Length: %d\r\n%s\r\n" % (len(body), headers) + body[: len(body) // 2])
            s.close()
            count += 1
        return True, f"{count} torn"
    return attack


def raw(text, wanted):
    """Bytes that are no good HTTP: refused, or the connection is closed."""
    def attack(daemon, until):
        count, wrong = 0, []
        while count == 0 or time.monotonic() < until:
            s = connect_socket(daemon, 30)
            answer = b""
            try:
                s.sendall(text)
                s.shutdown(socket.SHUT_WR)
                while part := s.recv(4096):
                    answer += part
            except TimeoutError:
                wrong.append("no end")
            except OSError:
                pass  # closed already
            s.close()
            count += 1
            if answer and answer.split()[1] not in wanted:
                wrong.append(answer[:80])
        return not wrong, f"{count} times" if not wrong else wrong[0]
    return attack


def endless_chunks(daemon, until):
    s, sent = connect_socket(daemon, 60), 0
    try:
        s.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n\r\n")
        while sent < 8 * LIMIT:
            s.sendall(b"100000\r\n" + bytes(1 << 20) + b"\r\n")
            sent += 1 << 20
    except OSError:
        pass
    s.close()
    return sent < 8 * LIMIT, f"cut after {sent >> 20} MiB"


HUGE = b"%d" % (1 << 63)
BIG_ARRAY = field(5, b"".join(field(1, field(3, 1)) for _ in range(200_000)))
ATTACKS = [
    ("gzip bomb, 4 GiB in 4 MiB", posts(gzip_bomb(4 << 30), [413], headers=GZIP)),
    ("gzip bomb as JSON", posts(gzip_bomb(1 << 30, b" "), [413], JSON, GZIP)),
    ("gzip of many members", posts(gzip.compress(b"") * 200_000, [200], headers=GZIP)),
    ("gzip that lies about its size", posts(gzip_bomb(64 << 20)[:-4] + b"\1\0\0\0", [400, 413], headers=GZIP)),
    ("AnyValue 10,000 deep", posts(one(1, attributes=keyed(nested(10_000))), [200, 400])),
    ("AnyValue 10,000 deep in JSON", posts(json_request(json_span(2, json_attribute(b'{"arrayValue":{"values":[' * 10_000))), [400], JSON)),
    ("10,000,000 brackets of JSON", posts(b"[" * 10_000_000, [400], JSON)),
    ("2,000,000 empty spans", posts(field(1, field(2, b"\x12\x00" * 2_000_000)), [200], says=b"bad_trace_id")),
    ("2,000,000 empty spans in JSON", posts(json_request(*[b"{}"] * 2_000_000), [200], JSON, says=b"bad_trace_id")),
    ("12,000,000 unknown fields in gzip", posts(gzip_bomb(24 << 20, b"\x12\x00"), [200], headers=GZIP)),
    ("invalid UTF-8", posts(one(3, name=b"\xff\xfe\xc3", attributes=keyed(field(1, b"\xed\xa0\x80\xff"))), [200])),
    ("invalid UTF-8 in JSON", posts(json_request(json_span(4, json_attribute(b'{"stringValue":"\xff\xc3"}'))), [200, 400], JSON)),
    ("lone surrogates in JSON", posts(json_request(json_span(5, json_attribute(b'{"stringValue":"\\ud800 \\udc00\\ud800"}'))), [200], JSON)),
    ("NUL in a name", posts(one(6, name=b"a\0b"), [200], says=b"nul_in_name")),
    ("NUL in a key of JSON", posts(json_request(json_span(7, b',"attributes":[{"key":"a\\u0000b"}]')), [200, 400], JSON)),
    ("zero ids", posts(request([span(bytes(16), bytes(8), None, "x", NOW, NOW)]), [200], says=b"bad_trace_id")),
    ("short ids", posts(request([span(b"abc", b"d", None, "x", NOW, NOW)]), [200], says=b"bad_trace_id")),
    ("short and odd ids in JSON", posts(b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b","spanId":"01"}]}]}]}', [200], JSON, says=b"bad_trace_id")),
    ("an id that is no hex in JSON", posts(b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz"}]}]}]}', [200], JSON, says=b"bad_trace_id")),
    ("counts of 2^63", posts(one(8, gen_ai__usage__input_tokens=(1 << 63) - 1, attributes=field(10, (1 << 63) + 5) + field(12, 1 << 63)), [200, 400])),
    ("counts of 2^63 in JSON", posts(json_request(json_span(9, json_attribute(b'{"intValue":"' + HUGE + b'"}'))), [200, 400], JSON)),
    ("numbers of 1e999 in JSON", posts(json_request(json_span(10, json_attribute(b'{"doubleValue":1e999}'))), [200, 400], JSON)),
    ("a number of 1,000,000 digits in JSON", posts(json_request(json_span(11, json_attribute(b'{"intValue":' + b"9" * 1_000_000 + b"}"))), [200, 400], JSON)),
    ("an array of 200,000 values", posts(one(12, attributes=keyed(BIG_ARRAY)), [200])),
    # Of what is taken, what is open may fill limits.memory, here and in long traces below; the rest are pages of the journal, which
    # the kernel may take back.
    ("an array of 200,000 values in JSON", posts(json_request(json_span(13, json_attribute(b'{"arrayValue":{"values":[' + b",".join([b'{"intValue":1}'] * 200_000) + b"]}}"))), [200, 503], JSON), 500 << 10),
    ("100,000 attributes", posts(one(14, attributes=b"".join(attribute(9, f"k{i}", i) for i in range(100_000))), [200], says=b"too_many_attributes")),
    ("an attribute of 16 MiB", posts(one(15, attributes=keyed(field(1, bytes(16 << 20)))), [200], says=b"too_large")),
    ("times of 0 and 2^64-1", posts(request([field(1, trace_id(16)) + field(2, b"12345678") + fixed64(7, 0) + fixed64(8, (1 << 64) - 1)]), [200])),
    ("times of 0 and 2^64-1 in JSON", posts(json_request(json_span(17).replace(b"%d" % NOW, b"0").replace(b"%d" % (NOW + 1000), b"%d" % ((1 << 64) - 1))), [200], JSON)),
    ("times over 2^64 in JSON", posts(json_request(json_span(18).replace(b"%d" % NOW, b"18446744073709551616")), [200], JSON, says=b"bad_value")),
    ("a trace of 100,000 spans", posts(many_spans(100_000, 19), [200, 503]), 500 << 10),
    ("100,001 spans", posts(many_spans(100_001, 20), [200, 503]), 500 << 10),
    ("lengths that reach out of the body", posts(b"\x0a\xff\xff\xff\x7f" + bytes(100), [400])),
    ("a varint without end", posts(b"\x80" * 1_000_000, [400])),
    ("random bytes in JSON's place", posts(bytes(range(256)) * 4000, [400], JSON)),
    ("endless chunks", endless_chunks),
    ("a coding that a tab makes another", raw(b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\t\r\n\r\n2\r\n{}\r\n0\r\n\r\n", [b"400"])),
    ("two types of a body", raw(b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", [b"400"])),
    ("two senders", raw(b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\nContent-Length: 2\r\n\r\n{}", [b"400"])),
    ("a chunk of 2^64 bytes", raw(b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff0\r\nx", [b"400", b"413"])),
    ("a length of 2^64", raw(b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 18446744073709551616\r\n\r\n", [b"400", b"413"])),
    ("1 MiB of headers", raw(b"POST /v1/traces HTTP/1.1\r\nHost: a\r\n" + b"X-Header: 0123456789\r\n" * 50_000 + b"\r\n", [b"400", b"413", b"431"])),
    ("a path of 1 MiB", raw(b"POST /" + b"a" * (1 << 20) + b" HTTP/1.1\r\n\r\n", [b"400", b"413", b"414", b"431"])),
    ("TLS on the plain port", raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100), [b"400"])),
    ("HTTP/2 on the plain port", raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(100), [b"400", b"405", b"505"])),
    ("bodies torn in the middle", torn(bytes(4 << 20))),
    ("400 slow heads", open_many(400, b"POST /v1/traces HTTP/1.1\r\nX-Slow: ")),
    ("400 slow bodies", open_many(400, b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n")),
    ("2,000 connections at once", open_many(2000)),
]


def run(daemon, name, attack, growth_kib=GROWTH_KIB):
    client = GoodClient(daemon)
    time.sleep(0.1)
    daemon.reset_peak()
    before_kib, before_cpu, began = daemon.memory_kib(), daemon.cpu_seconds(), time.monotonic()
    try:
        is_good, what = attack(daemon, time.monotonic() + args.seconds)
    except OSError as mistake:
        is_good, what = False, repr(mistake)
    seconds = time.monotonic() - began
    p99_ms, count, wrong = client.finish()
    grown_kib = daemon.memory_kib("VmHWM") - before_kib
    cpu = daemon.cpu_seconds() - before_cpu
    is_alive = daemon.process.poll() is None
    checks.check(name, is_good and is_alive and grown_kib < growth_kib and not wrong,
                 f"{what}; +{grown_kib >> 10} MiB, {cpu:.1f} s CPU in {seconds:.1f} s; good client p99 {p99_ms:.0f} ms of {count}"
                 + (f", wrong {wrong[:3]}" if wrong else ""))


daemon = Daemon(args.flywheel, PIPELINE + "limits: { connection_idle: 2s, memory: 192MiB }\n",
                http=f", max_message: {LIMIT >> 20}MiB, request_timeout: 3s")
daemon.start()
for attack in ATTACKS:
    run(daemon, *attack)
daemon.wait(lambda: daemon.in_flight() == 0, 120)
account = daemon.status()["spans"]
checks.check("every span is accounted for", adds_up(account), account)
code = daemon.stop()
checks.check("it ends with 0 on TERM", code == 0, code)
schema = json.loads((root / "proto/review.schema.json").read_text())
records = daemon.records()
by_trace = {r["trajectory_id"]: r for r in records}
for number in (3, 5, 8, 12, 13, 16, 17, 19):  # what was let in, however odd, became a good record
    record = by_trace.get(trace_id(number).hex())
    if checks.check(f"the trace of attack {number} is a record", record is not None) or record:
        jsonschema.validate(record, schema)
checks.check("and all are valid JSON", len(records) > 100, len(records))
daemon.remove()
checks.finish()
