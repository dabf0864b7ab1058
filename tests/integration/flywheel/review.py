"""The review API of a daemon, as a program or a browser asks it."""
import http.client, json, re, ssl

from flywheel.waiting import patiently

class Api:
    """Whoever has this token, or nobody."""

    def __init__(self, port, token=None, host="127.0.0.1", cafile=None):
        self.port, self.token, self.host = port, token, host
        self.context = ssl.create_default_context(cafile=cafile) if cafile else None

    def connect(self):
        if self.context:
            return http.client.HTTPSConnection(self.host, self.port, timeout=patiently(60), context=self.context)
        return http.client.HTTPConnection(self.host, self.port, timeout=patiently(60))

    def ask(self, method, path, body=None, headers={}, raw=None, is_text=False):
        """(status, headers, value): the body as JSON, None when it is none. `raw`: the bytes of a body."""
        sent = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        if body is not None or raw is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers)
        connection = self.connect()
        try:
            connection.request(method, path, raw if raw is not None else json.dumps(body).encode() if body is not None else None,
                               {name: value for name, value in sent.items() if value is not None})
            answer = connection.getresponse()
            text = answer.read().decode()
            try:
                value = json.loads(text)
            except ValueError:
                value = None
            return answer.status, answer.headers, text if is_text else value
        finally:
            connection.close()

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body, **more):
        return self.ask("POST", path, body, **more)


def sign_in(daemon, name=None):
    """A session by a code of `flywheel review`, of a declared person; the Api that has it."""
    shown = daemon.run("review", "-c", daemon.config, check=True).stdout
    port, code = re.search(r":(\d+)/#code=([0-9a-f]+)", shown).groups()
    status, _, session = Api(int(port)).post("/api/v1/session", {"code": code, **({"name": name} if name else {})})
    assert status == 200, (status, session)
    return Api(int(port), session["session"])


def items(api, state="open"):
    return api.get(f"/api/v1/review/items?state={state}")[2]["items"]
