"""Certificates for one test run, made by the openssl command."""
import pathlib

from flywheel import processes


def run(*command):
    processes.run(*command, check=True)


class Authority:
    """A CA in `directory`; issue() gives (certificate, key) as paths."""

    def __init__(self, directory, name):
        self.directory, self.name = pathlib.Path(directory), name
        self.directory.mkdir(parents=True, exist_ok=True)
        self.cert, self.key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-keyout", str(self.key), "-out", str(self.cert), "-subj", f"/CN={name}")

    def issue(self, name, names="DNS:localhost,IP:127.0.0.1", days=30):
        """A negative number of days: it has expired that long ago."""
        cert, key, request = (self.directory / f"{self.name}-{name}.{end}" for end in ("pem", "key", "csr"))
        extensions = self.directory / "extensions"
        extensions.write_text(f"subjectAltName={names}\n")
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key), "-out",
            str(request), "-subj", f"/CN={name}")
        run("openssl", "x509", "-req", "-in", str(request), "-CA", str(self.cert), "-CAkey", str(self.key), "-CAcreateserial",
            "-out", str(cert), "-extfile", str(extensions), "-days", str(days))
        key.chmod(0o600)
        return cert, key
