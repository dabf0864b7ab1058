"""What a hostile sender can do to the gRPC port, and what it costs: for each attack the daemon's peak memory and CPU, and what
a good client beside it notices. Each one must leave the daemon alive, within its memory, and serving the good client
again. Attacks are made by hand (h2_raw), one after the other; times are this machine's and are printed, not judged."""
import multiprocessing, os, resource, socket, ssl, struct, threading, time, zlib

from flywheel.certificates import Authority
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.h2_raw import (CONTINUATION, END_HEADERS, END_STREAM, HEADERS, RST, Connection, export_headers, frame, integer, message)
from flywheel.metrics import spans_add_up, total
from flywheel.otlp_bytes import attribute, field, fixed64, request, span

MB = 1 << 20
checks = Checks()
NOW = time.time_ns()


def good_client(port, context_files, results, is_ending):
    """One span every 10 ms on one connection, again on a new one when that is lost."""
    context = None
    if context_files:
        context = ssl.create_default_context(cafile=context_files[0])
        context.load_cert_chain(context_files[1], context_files[2])
    connection = None
    while not is_ending.is_set():
        began, outcome = time.time(), "failed"
        try:
            connection = connection or Connection(port, 10, context)
            stream = connection.open()
            connection.send_body(stream, message(simple_request()))
            outcome = connection.status(stream, 10)
            connection.statuses.clear()
        except OSError:
            pass
        if outcome not in ("0", "ended", "14") or connection.is_over or connection.next_stream > 2000:
            if connection:
                connection.close()
            connection = None
        results.append((began, time.time() - began, outcome))
        time.sleep(0.01)


def simple_request():
    return request([span(os.urandom(16), os.urandom(8), None, "chat", NOW, NOW + 1)])


class Target(Daemon):
    def __init__(self, flywheel, limits="", **parts):
        super().__init__(flywheel, limits, **parts)
        self.files, self.good = None, None

    def begin(self, files_max=None):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if files_max:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files_max, hard))
        self.start()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        manager = multiprocessing.Manager()
        self.results, self.is_ending = manager.list(), manager.Event()
        self.good = multiprocessing.Process(target=good_client, args=(self.port, self.files, self.results, self.is_ending), daemon=True)
        self.good.start()
        self.wait(lambda: len(self.results) > 20)

    def end(self):
        self.is_ending.set()
        self.good.join()
        code = self.stop()
        checks.check("the daemon is alive after all of it, and ends well", code == 0, code)
        self.remove()

    def seen(self, since, until):
        return [(latency, outcome) for began, latency, outcome in list(self.results) if since <= began + latency and began <= until]


def p99(seen):
    times = sorted(latency for latency, _ in seen)
    return f"{times[int(len(times) * 0.99)] * 1000:.0f} ms" if times else "-"


rows, only = [], ""


def attack(target, name, run, expected=None, growth_mb=250):
    """`run(port)` does it and says what it got."""
    if only not in name:
        return
    time.sleep(1)
    before = target.seen(time.time() - 1, time.time())
    target.reset_peak()
    rss, cpu, began = target.memory_kib() / 1024, target.cpu_seconds(), time.time()
    try:
        result = str(run(target.port))
    except OSError as error:
        result = type(error).__name__
    ended = time.time()
    is_served = target.wait(lambda: any(o in ("0", "ended") for _, o in target.seen(ended + 0.001, time.time())), 60)
    during = target.seen(began, max(ended, began + 0.2))
    peak, spent = target.memory_kib("VmHWM") / 1024, target.cpu_seconds() - cpu
    failed = sum(outcome not in ("0", "ended", "14") for _, outcome in during)
    rows.append((name, f"{peak:.0f} MB (+{peak - rss:.0f})", f"{spent:.1f} s", f"{p99(before)} / {p99(during)}", result))
    is_expected = expected is None or set(result.split(",")) <= expected
    checks.check(name, is_expected and is_served and peak - rss < growth_mb and target.process.poll() is None,
                 f"{result}; peak +{peak - rss:.0f} MB; {spent:.1f} CPU s; good p99 {p99(before)} / {p99(during)}, {failed} failed")


def send(body, *headers, is_compressed=False):
    def run(port):
        connection = Connection(port)
        stream = connection.open(*headers)
        connection.send_body(stream, message(body, is_compressed))
        status = connection.status(stream)
        connection.close()
        return status
    return run


# --- bodies ---

def gzip_bomb(size):
    compressor, block, out = zlib.compressobj(9, wbits=31), bytes(MB), []
    for _ in range(size // MB):
        out.append(compressor.compress(block))
    return b"".join(out) + compressor.flush()


def nested_value(depth):
    value = field(1, "x")
    for _ in range(depth):
        value = field(5, field(1, value))
    return value


def one_span(*more, trace_id=None, span_id=None, start=NOW, end=NOW + 1):
    return (field(1, os.urandom(16) if trace_id is None else trace_id) + field(2, os.urandom(8) if span_id is None else span_id)
            + field(5, "chat") + fixed64(7, start) + fixed64(8, end) + b"".join(more))


def of_spans(*spans):
    return request(list(spans))


def empty_spans(count):
    return field(1, field(2, b"\x12\x00" * count))


def long_trace(count):
    trace_id = os.urandom(16)
    return request([span(trace_id, struct.pack(">Q", i + 1), None, "step", NOW, NOW + 1) for i in range(count)])


BIG = (1 << 63) + 5
BODIES = {
    "nested AnyValue, 10,000 deep": of_spans(one_span(field(9, field(1, "k") + field(2, nested_value(10000))))),
    "4 MiB of empty spans": empty_spans(2 * MB),
    "100,000 attributes on a span": of_spans(one_span(*[attribute(9, "k", i) for i in range(100000)])),
    "array attribute of 300,000 values": of_spans(one_span(field(9, field(1, "k") + field(2, field(5, field(1, field(3, 1)) * 300000))))),
    "50,000 events and links": of_spans(one_span(*[field(11, fixed64(1, NOW) + field(2, "e"))] * 25000,
                                               *[field(13, field(1, bytes(16)) + field(2, bytes(8)))] * 25000)),
    "embedded NUL in key and name": of_spans(one_span(field(5, "a\0b"), attribute(9, "k\0hidden", "v"))),
    "invalid UTF-8 everywhere": of_spans(one_span(field(5, b"\xff\xfe\xc0"), field(9, field(1, b"\xff") + field(2, field(1, b"\xed\xa0\x80"))))),
    "ids of zero, short and long": of_spans(one_span(trace_id=bytes(16)), one_span(span_id=bytes(8)), one_span(trace_id=b"\1" * 15),
                                            one_span(span_id=b"\1" * 9), one_span(trace_id=b""), one_span(span_id=b"")),
    "counts of 2^63 and more": of_spans(one_span(field(10, BIG), field(12, BIG), field(14, BIG), attribute(9, "gen_ai.usage.input_tokens", BIG),
                                                 attribute(9, "gen_ai.usage.output_tokens", (1 << 64) - 1))),
    "times of 0 and 2^64-1": of_spans(one_span(start=0, end=0), one_span(start=(1 << 64) - 1, end=0), one_span(start=0, end=(1 << 64) - 1)),
    "a trace of 100,000 spans": long_trace(100000),
    "truncated in the middle": long_trace(100)[:-7],
    "length that lies": b"\x0a\xff\xff\xff\xff\x0f" + bytes(100),
    "random bytes": os.urandom(100000),
}


# --- connections ---

def continuation_flood(size):
    def run(port):
        connection = Connection(port)
        block = export_headers() + b"\x10" + integer(6, 7, 0) + b"x-long" + integer(size, 7, 0)
        sent = 0
        try:
            connection.send(frame(HEADERS, 0, 1, block))
            while sent < size:
                connection.send(frame(CONTINUATION, 0, 1, b"a" * 16000))
                sent += 16000
            connection.send(frame(CONTINUATION, END_HEADERS, 1))
        except OSError:
            return f"cut after {sent / MB:.1f} MiB"
        status = connection.status(1, 60)
        connection.close()
        return status
    return run


def large_metadata(port):
    """Core holds a client to the limit that the client has acknowledged; who does not is the continuation flood."""
    connection = Connection(port)
    while connection.read(0.3):
        pass
    block = export_headers(*[(f"x-{i}", "v" * 1000) for i in range(40)])
    connection.send(frame(HEADERS, 0, 1, block[:16000]))  # and no end of the stream
    for at in range(16000, len(block), 16000):
        connection.send(frame(CONTINUATION, END_HEADERS if at + 16000 >= len(block) else 0, 1, block[at:at + 16000]))
    status = connection.status(1, 3)
    connection.close()
    return status


def rapid_reset(count, pause=0.0):
    def run(port):
        connection, stream, sent = Connection(port), 1, 0
        block = export_headers()
        try:
            for _ in range(count // 100):
                burst = b""
                for _ in range(100):
                    burst += frame(HEADERS, END_HEADERS, stream, block) + frame(RST, 0, stream, struct.pack(">I", 8))
                    stream += 2
                connection.send(burst)
                sent += 100
                time.sleep(pause)
        except OSError:
            return "cut"
        connection.read(1)
        connection.close()
        return f"{sent} streams"
    return run


def slow_senders(connections, streams, seconds):
    def run(port):
        crowd = [Connection(port) for _ in range(connections)]
        for connection in crowd:
            for _ in range(streams):
                connection.send_body(connection.open(), message(bytes(MB))[:2000], end=False)
        until = time.time() + seconds
        while time.time() < until:
            for connection in crowd:
                try:
                    for stream in list(connection.windows)[:streams]:
                        if stream not in connection.statuses:
                            connection.send(frame(0, 0, stream, b"\0"))
                    while connection.read(0.001):
                        pass
                    while not connection.is_over and len(connection.windows) - len(connection.statuses) < streams:
                        connection.send_body(connection.open(), message(bytes(MB))[:2000], end=False)
                except OSError:
                    connection.is_over = True
            time.sleep(0.1)
        cut = sum(len(connection.statuses) for connection in crowd)
        for connection in crowd:
            connection.close()
        return f"{connections * streams} at a time, {cut} cut"
    return run


def huge_messages(port):
    """Core keeps a message until it has all of it, however large it is announced: the quota must end it."""
    answers = []

    def one():
        try:
            connection = Connection(port)
            stream = connection.open()
            connection.send_body(stream, b"\0" + struct.pack(">I", 0xffffffff) + bytes(400 * MB), end=False, seconds=8)
            answers.append(connection.status(stream, 3))
            connection.close()
        except OSError:
            answers.append("RST")
    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ",".join(sorted(set(answers)))


def idle_connections(count, seconds=2.0):
    def run(port):
        crowd = []
        for _ in range(count):
            one = socket.socket()
            one.settimeout(0.2)
            try:
                one.connect(("127.0.0.1", port))
            except OSError:
                pass
            crowd.append(one)
        time.sleep(seconds)
        for one in crowd:
            one.close()
        return f"{count} connections"
    return run


def many_bombs(body, count):
    def run(port):
        answers, lock = [], threading.Lock()

        def one():
            try:
                answer = send(body, ("grpc-encoding", "gzip"), is_compressed=True)(port)
            except OSError as error:
                answer = type(error).__name__
            with lock:
                answers.append(answer)
        threads = [threading.Thread(target=one) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return ",".join(sorted(set(answers)))
    return run


def half_closed_and_garbage(port):
    for talk in (b"", b"\0" * 1000, b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100,
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(HEADERS, END_HEADERS | END_STREAM, 0, b"\xff" * 50)):
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port), 5) as one:
                one.sendall(talk)
    return "100 connections"


def handshakes(context, seconds):
    def run(port):
        until, count = time.time() + seconds, 0
        while time.time() < until:
            with socket.create_connection(("127.0.0.1", port), 5) as one:
                try:
                    context.wrap_socket(one, server_hostname="localhost").close()
                except (ssl.SSLError, OSError):
                    pass
            count += 1
        return f"{count} handshakes"
    return run


def slow_handshakes(count, seconds):
    """Half of them send their hello whole and then nothing, so that the server has answered and waits; half send it a byte at a time."""
    def run(port):
        hello = ssl.MemoryBIO()
        client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            pass
        hello, crowd, cut = hello.read(), [], 0
        for number in range(count):
            try:
                one = socket.create_connection(("127.0.0.1", port), 5)
                one.sendall(hello if number % 2 else hello[:1])
                one.setblocking(False)
                crowd.append(one)
            except OSError:
                cut += 1
        until, at = time.time() + seconds, 1
        while time.time() < until:
            for one in crowd[::2]:
                try:
                    one.send(hello[at:at + 1])
                except OSError:
                    pass
            at += 1
            time.sleep(0.1)
        for one in crowd:
            try:
                while one.recv(65536):
                    pass
                cut += 1
            except BlockingIOError:
                pass
            except OSError:
                cut += 1
            one.close()
        return f"{count} handshakes, {cut} cut"
    return run


def attack_plaintext(flywheel):
    target = Target(flywheel, "limits: { receiving: 128MiB }\n")
    target.begin()
    bomb = gzip_bomb(512 * MB)
    attack(target, f"gzip bomb, {len(bomb) // 1024} KiB to 512 MiB", send(bomb, ("grpc-encoding", "gzip"), is_compressed=True), {"8"})
    attack(target, "the same, 16 at once", many_bombs(bomb, 16), {"8", "14"})
    for name, body in BODIES.items():
        attack(target, name, send(body), {"0", "3", "8"})
    attack(target, "messages of 400 MiB, 4 at once", huge_messages, {"RST", "8", "14"}, growth_mb=300)
    attack(target, "40 KB of metadata", large_metadata, {"8", "RST"})
    attack(target, "continuation flood, 4 MiB", continuation_flood(4 * MB), growth_mb=50)
    attack(target, "rapid reset, 30,000 streams", rapid_reset(30000), {"cut"}, growth_mb=50)
    attack(target, "rapid reset, 5,000 streams a second", rapid_reset(20000, 0.02), {"cut"})
    attack(target, "slow senders, 20 x 20 for 5 s", slow_senders(20, 20, 5))
    attack(target, "no HTTP/2 at all", half_closed_and_garbage)
    attack(target, "1,100 idle connections", idle_connections(1100))
    checks.check("the account adds up", target.wait(lambda: spans_add_up(target.metrics())))
    target.end()


def attack_descriptors(flywheel):
    target = Target(flywheel)
    target.begin(files_max=200)
    attack(target, "400 idle connections, 200 descriptors", idle_connections(400))
    target.end()


def attack_tls_port(flywheel):
    target = Target(flywheel, "limits: { handshake: 1s }\n")
    ca = Authority(target.directory / "tls", "ca")
    server, client = ca.issue("server"), ca.issue("client")
    guards = f", tls: {{ cert_file: {server[0]}, key_file: {server[1]}, client_ca_file: {ca.cert} }}"
    target.write(otlp=guards)
    target.files = (str(ca.cert), str(client[0]), str(client[1]))
    target.begin(files_max=200)
    stranger = ssl.create_default_context(cafile=str(ca.cert))
    attack(target, "TLS: 400 silent connections, 200 descriptors", idle_connections(400))
    attack(target, "TLS: handshakes without a certificate, 3 s", handshakes(stranger, 3))
    attack(target, "TLS: no TLS at all", half_closed_and_garbage)
    target.end()


def attack_tls_handshakes(flywheel):
    target = Target(flywheel, "limits: { handshake: 1s }\n")
    ca = Authority(target.directory / "tls", "ca")
    server, client = ca.issue("server"), ca.issue("client")
    target.write(otlp=f", tls: {{ cert_file: {server[0]}, key_file: {server[1]}, client_ca_file: {ca.cert} }}")
    target.files = (str(ca.cert), str(client[0]), str(client[1]))
    target.begin()
    attack(target, "TLS: 500 handshakes that never end", slow_handshakes(500, 4), {"500 handshakes", " 500 cut"}, growth_mb=100)
    slowly = total(target.metrics(), "flywheel_receiver_limit_hits_total", transport="grpc", limit="handshake")
    checks.check("TLS: each of them is cut by its time, and counted", only not in "TLS: 500" or slowly >= 500, slowly)
    target.end()


HEAD = ("attack", "peak RSS", "CPU", "good client's p99 before / during", "result")


def main():
    global only
    chosen = arguments(only="")
    flywheel, only = chosen.flywheel, chosen.only
    attack_plaintext(flywheel)
    attack_descriptors(flywheel)
    attack_tls_port(flywheel)
    attack_tls_handshakes(flywheel)
    widths = [max(len(row[i]) for row in [HEAD] + rows) for i in range(5)]
    for row in [HEAD] + rows:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
    checks.finish()


main()
