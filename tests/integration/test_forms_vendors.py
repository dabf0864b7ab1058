"""Rows in the forms of other tools, taken by the tools' own SDKs: what their models make of a line is what the line says. Each SDK is
pinned in an environment of its own (flywheel/vendor.py); openai is in that of the tests."""
# peer: the SDKs of Langfuse, LangSmith, Phoenix, FutureAGI, Label Studio and OpenAI
import json, pathlib

import openai.types.chat
import openai.types.evals
import openai.types.eval_create_params
import pydantic

from flywheel.checks import Checks, arguments
from flywheel.vendor import Vendor
from form_rows import FormRows

args = arguments()
checks = Checks()
made = FormRows(args.flywheel)
lines = {form: made.lines(form) for form in ("langfuse", "langsmith", "phoenix", "futureagi", "label-studio", "openai-evals", "messages")}
checks.check("lines of every form", all(len(found) > 3 for found in lines.values()), {form: len(found) for form, found in lines.items()})


def compare(what, found, wanted):
    different = [(a, b) for a, b in zip(found, wanted) if a != b]
    checks.check(what, len(found) == len(wanted) and not different, different[:1])


# The model knows its members by their Python names alone; what it sends has those of the wire.
found = Vendor("langfuse").ask('''
from langfuse.api.dataset_items.types.create_dataset_item_request import CreateDatasetItemRequest as Item
names = {field.alias or name: name for name, field in Item.model_fields.items()}
names.update({"datasetName": "dataset_name", "expectedOutput": "expected_output", "sourceTraceId": "source_trace_id",
              "sourceObservationId": "source_observation_id"})
unknown = sorted({key for line in given for key in line if names.get(key) not in Item.model_fields})
answer = [unknown, [json.loads(Item(**{names[key]: value for key, value in line.items()}).json()) for line in given]]
''', lines["langfuse"])
checks.equal("langfuse: every member is known to CreateDatasetItemRequest", found[0], [])
compare("langfuse: and leaves again as the line has it", found[1], lines["langfuse"])

# `outputs` warns, and is the name on the wire.
found = Vendor("langsmith").ask('''
import warnings
warnings.simplefilter("ignore")
from langsmith.schemas import ExampleCreate
answer = []
for line in given:
    made = ExampleCreate(**line)
    assert not (line.keys() - ExampleCreate.model_fields.keys() - {"outputs"}), line.keys()
    answer.append({**json.loads(made.model_dump_json(by_alias=True, exclude_none=True, exclude={"created_at"}))})
''', lines["langsmith"])
compare("langsmith: ExampleCreate says what the line says", [{key: value for key, value in line.items() if value is not False} for line in found], lines["langsmith"])

found = Vendor("phoenix").ask('''
import httpx
from phoenix.client.resources import datasets
from phoenix.client import Client
sent = []
class Seen(Exception): pass
def answer_request(request):
    if request.url.path.endswith("/arize_phoenix_version"):
        return httpx.Response(200, text="99.0.0")
    sent.append(json.loads(request.read()))
    raise Seen()
client = Client(http_client=httpx.Client(base_url="http://phoenix.invalid", transport=httpx.MockTransport(answer_request)))
try:
    client.datasets.create_dataset(name="bank", examples=given)
except Seen:
    pass
answer = [[datasets._is_input_dataset_example(line) for line in given], sent]
''', lines["phoenix"])
checks.check("phoenix: each line is an example", all(found[0]))
payload = found[1][0]
wanted = {key: [line.get(name) for line in lines["phoenix"]]
          for key, name in {"inputs": "input", "outputs": "output", "metadata": "metadata", "splits": "splits", "span_ids": "span_id", "example_ids": "id"}.items()}
checks.equal("phoenix: the upload holds what the lines say", {key: payload.get(key) == value for key, value in wanted.items()}, {key: True for key in wanted})

found = Vendor("futureagi").ask('''
from fi.datasets.types import Cell, Column, DataTypeChoices, Row
answer = []
for line in given:
    row = Row(id=line["id"], cells=[Cell(**cell) for cell in line["cells"]])
    for cell in row.cells:
        Column(name=cell.column_name, data_type=DataTypeChoices.TEXT)
    answer.append({"id": str(row.id), "cells": [{"column_name": cell.column_name, "value": cell.value} for cell in row.cells]})
''', lines["futureagi"])
compare("futureagi: Row, Cell and Column take every line", found, lines["futureagi"])
checks.equal("futureagi: all rows have the same columns", len({json.dumps([cell["column_name"] for cell in line["cells"]]) for line in lines["futureagi"]}), 1)
checks.equal("futureagi: the longest cell has as many characters as it may", max(len(cell["value"]) for line in lines["futureagi"] for cell in line["cells"]), 65535)

# The labelling configuration of `queue export` shows rows, too. validate_task of 2.1.2 throws on tasks with predictions: they are asked
# about apart.
path = made.daemon.directory / "tasks.json"
made.daemon.run("queue", "export", "-c", made.daemon.config, "--format", "label-studio", "-o", path, check=True)
configuration = pathlib.Path(f"{path}.config.xml").read_text(encoding="utf-8")
found = Vendor("label-studio").ask('''
from label_studio_sdk.label_interface import LabelInterface
configuration, tasks = given
interface = LabelInterface(configuration)
interface.validate()
answer = [[interface.validate_task({"data": task["data"]}), [interface.validate_prediction(one, return_errors=True) for one in task["predictions"]]] for task in tasks]
wrong = {"result": [{**tasks[0]["predictions"][0]["result"][0], "value": {"choices": ["perhaps"]}}]}
answer = [answer, interface.validate_prediction(wrong)]
''', [configuration, lines["label-studio"]])
checks.equal("label-studio: every task and its prediction hold", [task for task in found[0] if task != [True, [[]]]], [])
checks.equal("label-studio: it would say so if one did not", found[1], False)

source = pydantic.TypeAdapter(openai.types.evals.CreateEvalJSONLRunDataSourceParam)
given = {"type": "jsonl", "source": {"type": "file_content", "content": lines["openai-evals"]}}
taken = source.validate_python(given)
checks.equal("openai-evals: the data source of a run", [dict(line) for line in taken["source"]["content"]], lines["openai-evals"])
path = made.daemon.directory / "evals.jsonl"
made.export("--format", "openai-evals", "-o", path)
schema = json.loads(pathlib.Path(f"{path}.item_schema.json").read_text(encoding="utf-8"))
custom = pydantic.TypeAdapter(openai.types.eval_create_params.DataSourceConfigCustom)
checks.equal("openai-evals: the schema of its items", custom.validate_python({"type": "custom", "item_schema": schema})["item_schema"], schema)

message = pydantic.TypeAdapter(openai.types.chat.ChatCompletionMessageParam)
said = [[dict(message.validate_python(turn)) for turn in line["messages"]] for line in lines["messages"]]
compare("messages: turns of a conversation", said, [line["messages"] for line in lines["messages"]])
checks.equal("messages: the last is the answer to learn", {(line["messages"][-2]["role"], line["messages"][-1]["role"]) for line in lines["messages"]}, {("user", "assistant")})
made.daemon.stop()
made.daemon.remove()
checks.finish()
