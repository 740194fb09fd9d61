"""The Python side of quickjs-python.mjs: one run per line of JSON, a new context for each."""

import json
import sys

sys.path.insert(0, sys.argv[1])

import quickjs

CALL = "\nmain(JSON.parse(inputText)).then(JSON.stringify).then((text) => { globalThis.output = text })"


def run(order):
    context = quickjs.Context()
    context.set_memory_limit(order["memoryBytes"])
    context.set_time_limit(order["timeoutMs"] / 1000)
    context.set("inputText", order["inputText"])
    context.eval(order["source"] + CALL)
    while context.execute_pending_job():
        pass
    return context.get("output")


for line in sys.stdin:
    try:
        answer = {"text": run(json.loads(line))}
    except Exception as error:
        answer = {"error": str(error).split("\n")[0]}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
