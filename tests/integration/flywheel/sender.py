"""Requests over HTTP by plain sockets that say exactly what a test wants said, and over gRPC until they are acknowledged."""
import gzip, http.client, socket, threading, time

from flywheel.waiting import patiently

PROTOBUF, JSON = "application/x-protobuf", "application/json"


def connect(daemon, seconds=60):
    return http.client.HTTPConnection("127.0.0.1", daemon.http_port, timeout=patiently(seconds))


def connect_socket(daemon, seconds=60):
    return socket.create_connection(("127.0.0.1", daemon.http_port), timeout=patiently(seconds))


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


def in_threads(go, work, count):
    """go(part) over `count` threads, each with every count-th item; returns when all have ended."""
    threads = [threading.Thread(target=go, args=(work[k::count],), daemon=True) for k in range(count)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]


def send_until_taken(call, body, refusals=None, is_over=lambda: False):
    """Sends again until it is acknowledged, and appends the code of each refusal. False when it is over before that."""
    import grpc  # only who sends by gRPC needs it

    while not is_over():
        try:
            call(body, timeout=patiently(10))
            return True
        except grpc.RpcError as error:
            if refusals is not None:
                refusals.append(error.code().name)
            time.sleep(0.02)
    return False

