"""Where things are in the repository."""
import pathlib

root = pathlib.Path(__file__).resolve().parents[3]
corpus = root / "tests/data/corpus"
TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"


def corpus_requests():
    """The files of all recorded requests in wire bytes, in name order, and (service, bytes) of each."""
    files = [file for file in sorted(corpus.glob("*/*.pb")) if "metrics" not in file.name]
    return files, [(LOGS if "-logs" in file.name else TRACES, file.read_bytes()) for file in files]
