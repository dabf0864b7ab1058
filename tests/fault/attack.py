"""A mixture of what does harm, over HTTP and gRPC: large and compressed bodies, bombs, garbage, clients that go in the middle, many cohorts,
logs without spans. What a number does follows from the seed."""
import gzip, http.client, json, random, socket, time


def span(chance, attributes, **more):
    now = time.time_ns()
    return {"traceId": chance.randbytes(16).hex(), "spanId": chance.randbytes(8).hex(), "name": "agent", "startTimeUnixNano": str(now - 10**9),
            "endTimeUnixNano": str(now), "attributes": [{"key": k, "value": {"stringValue": v}} for k, v in attributes.items()], **more}


def request(spans):
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


def post(member, body, kind="application/json", path="/v1/traces", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", member.http_port, timeout=60)
    try:
        connection.request("POST", path, body, {"Content-Type": kind, **headers})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def large(member, chance, size):
    return post(member, request([span(chance, {"input.value": "x" * min(size, 900_000)})]))


def compressed(member, chance, size):
    spans = [span(chance, {"note": "y" * 200}, parentSpanId="00000000000000ff") for _ in range(min(size // 300, 8000) + 1)]
    return post(member, gzip.compress(request(spans), 1), **{"Content-Encoding": "gzip"})


def nested(member, chance, size):
    return post(member, b"[" * min(size, 400_000))


def garbage(member, chance, size):
    return post(member, chance.randbytes(size), "application/x-protobuf")


def bomb(member, chance, size):
    return post(member, gzip.compress(bytes(size * 20)), "application/x-protobuf", **{"Content-Encoding": "gzip"})


def cohorts(member, chance, size):
    return post(member, request([span(chance, {"intent": f"intent {chance.randrange(10**6)}"}) for _ in range(50)]))


def logs(member, chance, size):
    name = {"key": "gen_ai.evaluation.name", "value": {"stringValue": "q" * min(size, 5000)}}
    rows = [{"traceId": chance.randbytes(16).hex(), "spanId": chance.randbytes(8).hex(), "eventName": "gen_ai.evaluation.result", "attributes": [name]}
            for _ in range(100)]
    return post(member, json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": rows}]}]}).encode(), path="/v1/logs")


def gone(member, chance, size):
    head = f"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {size + 10}\r\n\r\n".encode()
    return shout(member.http_port, head + b"{" * size)


def frames(member, chance, size):
    return shout(member.port, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + chance.randbytes(min(size, 65536)))


def shout(port, data):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(data)
        return "gone"
    except OSError as error:
        return type(error).__name__


KINDS = (large, compressed, nested, garbage, bomb, cohorts, logs, gone, frames)


def attack(member, chance):
    return chance.choice(KINDS)(member, chance, int(10 ** chance.uniform(2, 6.7)))
