"""The JSON reader with validation against MicroPython's C json.loads: instructions and heap.

Both run in the same virtual machine on the same requests. Instructions: callgrind counts a run of
N messages and one of 2 N, the difference is N messages and nothing else; it repeats to the last
instruction. The garbage collector is off, which flatters json.loads: all it builds is garbage
later, while the reader allocates next to nothing. Heap: the least at which a request of 64 kB,
read from a file piece by piece, is taken in, less what the same script needs without it.

The figures are the worst of all requests; the reader starts, checks, keeps the declared fields in
its arena and finishes.
"""

import json
import re
import subprocess
import tempfile
from pathlib import Path

SIZES = (150, 1000, 65536)
REPEAT = {150: 100, 1000: 20, 65536: 1}
ARENA = 4096  # BytesPerMessage of the unix build
CHUNK = 512  # bytes a piece, as they come from the socket
_SCRIPT = """
import gc, json, sys
if {reader}:
    from wire.message import MessageReader
    reader = MessageReader(bytearray({arena}))
    def parse(data):
        reader.start()
        i = 0
        while i + {chunk} < n:
            reader.feed(data, i, i + {chunk})
            i += {chunk}
        reader.feed(data, i, n)
        reader.finish()
else:
    parse = json.loads
data = open({path!r}, "rb").read()
n = len(data)
parse(data)
assert not {reader} or not reader.error, reader.detail
gc.collect()
gc.disable()
for _ in range({repeat}):
    parse(data)
"""
_HEAP_SCRIPT = """
import gc, json, sys
from wire.message import MessageReader
f = open({path!r}, "rb")
if {what} == 1:
    json.load(f)
elif {what} == 2:
    reader = MessageReader(bytearray({arena}))
    chunk = bytearray({chunk})
    reader.start()
    while True:
        n = f.readinto(chunk)
        if not n:
            break
        reader.feed(chunk, 0, n)
    reader.finish()
    assert not reader.error, reader.detail
"""


# Refused, should it come to a charger.
_NO_EVSE = {
    "idToken": {"idToken": "04A2B3C4D5E680", "type": "ISO14443"},
    "remoteStartId": 4711,
    "evseId": 99,
}


def _variables(n):
    component = ("OCPPCommCtrlr", "SampledDataCtrlr", "TxCtrlr", "AuthCtrlr", "Connector")
    variable = ("HeartbeatInterval", "TxUpdatedMeasurands", "EVConnectionTimeOut", "Enabled")
    for i in range(n):
        yield {
            "component": {"name": component[i % 5], "evse": {"id": i % 2 + 1}},
            "variable": {"name": variable[i % 4]},
            "attributeType": "Actual",
        }


def _get_variables(n):
    return "GetVariables", {"getVariableData": list(_variables(n))}


def _set_variables(n):
    items = list(_variables(n))
    for i, item in enumerate(items):
        item["attributeValue"] = str(300 + i)
    return "SetVariables", {"setVariableData": items}


def _start(n):
    """Its profile is checked, and nobody keeps it."""
    periods = [
        {"startPeriod": 900 * i, "limit": 6 + i % 26, "numberPhases": 3}
        for i in range((n + 1) // 2)
    ]
    schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": periods}
    profile = {
        "id": 12,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [{**schedule, "startSchedule": "2026-01-01T00:00:00Z"}],
    }
    if n > 1:
        profile["chargingSchedule"].append({**profile["chargingSchedule"][0], "id": 2})
    return "RequestStartTransaction", {**_NO_EVSE, "chargingProfile": profile}


def requests(size):
    """Requests of about `size` bytes: (action, bytes)."""
    if size == 150:
        one = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
        start = {**_NO_EVSE, "evseId": 1}
        trigger = {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}}
        short = (
            ("GetVariables", {"getVariableData": [one]}),
            ("SetVariables", {"setVariableData": [{**one, "attributeValue": "300"}]}),
            ("RequestStartTransaction", start),
            ("TriggerMessage", trigger),
        )
        for action, payload in short:
            yield action, _message(action, payload)
        return
    for make in (_get_variables, _set_variables, _start):
        low, high = 1, 2000
        while high - low > 1:
            n = (low + high) // 2
            low, high = (low, n) if len(_message(*make(n))) > size else (n, high)
        yield make(low)[0], _message(*make(low))


def _message(action, payload):
    text = json.dumps(
        [2, "a3a5b6f8-0000-4000-8000-0000000000ff", action, payload], separators=(",", ":")
    )
    return text.encode()


class Machine:
    """The virtual machine that runs scripts, as it is or under callgrind."""

    def __init__(self, binary, folder, path=""):
        self.binary = str(binary)
        self.folder = Path(folder)
        self.path = path and "import sys\nsys.path.insert(0, %r)\n" % str(path)

    def instructions(self, script):
        file = self.folder / "script.py"
        file.write_text(self.path + script)
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        command += [self.binary, "-X", "heapsize=64m", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode or not found:
            raise RuntimeError("bench: %s" % (done.stdout + done.stderr)[-500:])
        return int(found.group(1))

    def least_heap(self, script):
        """The least heap, in bytes, at which the script passes."""
        file = self.folder / "script.py"
        file.write_text(self.path + script)

        def passes(size):
            command = [self.binary, "-X", "heapsize=%d" % size, str(file)]
            return not subprocess.run(command, capture_output=True, check=False).returncode

        low, high = 1024, 8 << 20
        if not passes(high):
            raise RuntimeError("bench: the script fails in any heap")
        while high - low > 64:
            middle = (low + high) // 2
            low, high = (low, middle) if passes(middle) else (middle, high)
        return high


def costs(machine, path, repeat, size):
    """Instructions for one message, its file being `path`: (json.loads, reader)."""
    arena = 65535 if size > 10000 else ARENA  # everything is kept, nothing refused
    found = []
    for reader in (0, 1):
        counts = [
            machine.instructions(
                _SCRIPT.format(reader=reader, path=str(path), repeat=n, arena=arena, chunk=CHUNK)
            )
            for n in (repeat, 2 * repeat)
        ]
        found.append((counts[1] - counts[0]) / repeat)
    return found


def heap(machine, path):
    """Bytes of heap for the message in file `path`: (json.load, reader)."""
    least = [
        machine.least_heap(
            _HEAP_SCRIPT.format(what=what, path=str(path), arena=ARENA, chunk=CHUNK)
        )
        for what in (0, 1, 2)
    ]
    return [n - least[0] for n in least[1:]]


def run(build_dir, binary=None, path=""):
    """-> json_cost_ratio and json_heap_ratio by size, the worst of the requests of that size."""
    cost_ratio, heap_ratio = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(binary or Path(build_dir) / "unix" / "micropython", folder, path)
        print(
            "  %-24s %7s %11s %11s %6s" % ("request", "bytes", "json i/B", "reader i/B", "ratio")
        )
        for size in SIZES:
            worst = 0.0
            for action, data in requests(size):
                file = Path(folder) / "message.json"
                file.write_bytes(data)
                loads, reader = costs(machine, file, REPEAT[size], size)
                ratio = reader / loads
                worst = max(worst, ratio)
                row = (action, len(data), loads / len(data), reader / len(data), ratio)
                print("  %-24s %7d %11.1f %11.1f %6.3f" % row)
                if size == 65536 and action == "RequestStartTransaction":
                    loads, reader = heap(machine, file)
                    heap_ratio[str(size)] = round(reader / loads, 4)
                    print("  %-24s %7d %11d %11d  bytes of heap" % (action, size, loads, reader))
            cost_ratio[str(size)] = round(worst, 4)
    return {"json_cost_ratio": cost_ratio, "json_heap_ratio": heap_ratio}


if __name__ == "__main__":
    import sys

    print(run(*sys.argv[1:]))
