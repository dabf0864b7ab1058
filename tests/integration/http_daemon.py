"""A daemon that listens for OTLP over HTTP too, and a client of plain sockets that says exactly what a test wants said."""
import gzip, http.client, socket

from daemon import Daemon, free_port

PROTOBUF, JSON = "application/x-protobuf", "application/json"


class HttpDaemon(Daemon):
    def __init__(self, flywheel, pipeline, http_options="", limits=""):
        super().__init__(flywheel, pipeline)
        self.http_port = free_port()
        text = self.config.read_text()
        grpc = f"endpoint: 127.0.0.1:{self.port}, ack: durable }}"
        assert grpc in text
        http = f", http: {{ endpoint: 127.0.0.1:{self.http_port}{http_options} }}"
        self.config.write_text(text.replace(grpc, grpc + http) + limits)

    def connect(self, seconds=30):
        return http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=seconds)

    def socket(self, seconds=30):
        return socket.create_connection(("127.0.0.1", self.http_port), timeout=seconds)

    def rss_kib(self, what="VmHWM"):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(what + ":"))

    def reset_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as refs:
            refs.write("5")

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100


def post(connection, body, path="/v1/traces", kind=PROTOBUF, headers={}, is_gzip=False, is_chunked=False):
    """(status, headers, body) of the answer."""
    headers = {"Content-Type": kind, **headers}
    if is_gzip:
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, 1)
    if is_chunked:
        pieces = iter([body[at:at + 1000] for at in range(0, len(body), 1000)])
        connection.request("POST", path, pieces, headers, encode_chunked=True)
    else:
        connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()
