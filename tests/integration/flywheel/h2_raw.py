"""HTTP/2 by hand, as far as one who means no good needs it: frames and literal headers, no library to refuse the odd ones."""
import socket, struct, time

DATA, HEADERS, RST, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1
TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def integer(value, prefix, first):
    if value < (1 << prefix) - 1:
        return bytes([first | value])
    out, value = bytes([first | (1 << prefix) - 1]), value - (1 << prefix) + 1
    while value >= 128:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def literal(name, value):
    """Never indexed, not compressed."""
    name, value = (t.encode() if isinstance(t, str) else t for t in (name, value))
    return b"\x10" + integer(len(name), 7, 0) + name + integer(len(value), 7, 0) + value


def export_headers(*more):
    plain = ((":method", "POST"), (":scheme", "http"), (":path", TRACES), (":authority", "localhost"), ("te", "trailers"),
             ("content-type", "application/grpc")) + more
    return b"".join(literal(*header) for header in plain)


def message(body, is_compressed=False):
    return bytes([is_compressed]) + struct.pack(">I", len(body)) + body


class Connection:
    def __init__(self, port, timeout=20, context=None):
        """`context`: an ssl one, for a TLS port."""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.socket.settimeout(timeout)
        self.received, self.window, self.windows, self.initial, self.next_stream = b"", 65535, {}, 65535, 1
        self.statuses, self.is_over = {}, False
        self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0))

    def send(self, data):
        self.socket.sendall(data)

    def open(self, *more_headers, end=False):
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        self.windows[stream] = self.initial
        self.send(frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, export_headers(*more_headers)))
        return stream

    def read(self, seconds=None):
        """One frame and what it changes; False at the end or when nothing comes."""
        try:
            if seconds is not None:
                self.socket.settimeout(seconds)
            while len(self.received) < 9 or len(self.received) < 9 + int.from_bytes(self.received[:3], "big"):
                chunk = self.socket.recv(65536)
                if not chunk:
                    self.is_over = True
                    return False
                self.received += chunk
        except (TimeoutError, OSError) as error:
            self.is_over = not isinstance(error, TimeoutError)
            return False
        size = int.from_bytes(self.received[:3], "big")
        kind, flags, stream = self.received[3], self.received[4], int.from_bytes(self.received[5:9], "big") & 0x7fffffff
        payload, self.received = self.received[9:9 + size], self.received[9 + size:]
        if kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                if int.from_bytes(payload[at:at + 2], "big") == 4:
                    value = int.from_bytes(payload[at + 2:at + 6], "big")
                    self.windows = {s: w + value - self.initial for s, w in self.windows.items()}
                    self.initial = value
            self.send(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self.send(frame(PING, ACK, 0, payload))
        elif kind == WINDOW:
            if stream:
                self.windows[stream] = self.windows.get(stream, 0) + int.from_bytes(payload, "big")
            else:
                self.window += int.from_bytes(payload, "big")
        elif kind == HEADERS and flags & END_STREAM:
            self.statuses[stream] = payload
        elif kind in (RST, GOAWAY):
            self.statuses[stream] = ("RST" if kind == RST else "GOAWAY").encode() + payload
            self.is_over = self.is_over or kind == GOAWAY
        return True

    def send_body(self, stream, body, end=True, seconds=20):
        """All of `body`, as fast as flow control lets it through; how much was sent."""
        sent, until = 0, time.time() + seconds
        while sent < len(body) and stream not in self.statuses and not self.is_over and time.time() < until:
            size = min(16384, len(body) - sent, self.window, self.windows[stream])
            if size <= 0:
                self.read(1)
                continue
            is_last = end and sent + size == len(body)
            self.send(frame(DATA, END_STREAM if is_last else 0, stream, body[sent:sent + size]))
            sent, self.window, self.windows[stream] = sent + size, self.window - size, self.windows[stream] - size
        return sent

    def status(self, stream, seconds=20):
        """What ended the stream: the gRPC status as a number where it can be read, else its frame's name."""
        until = time.time() + seconds
        while stream not in self.statuses and not self.is_over and time.time() < until:
            self.read(max(0.01, until - time.time()))
        ended = self.statuses.get(stream)
        if ended is None:
            return "closed" if self.is_over else "silence"
        if ended[:3] in (b"RST", b"GOA"):
            return ended[:3].decode()
        return status_of(ended)

    def close(self):
        self.socket.close()


def status_of(block):
    """grpc-status out of a header block, where core writes it out and not as an index."""
    at = block.find(b"grpc-status")
    return block[at + 12:at + 12 + block[at + 11]].decode() if at >= 0 else "ended"
