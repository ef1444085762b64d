# SPDX-License-Identifier: MIT
"""The trace of a running system: records as kernel/abi/trace.def describes them, fetched over the control line, in order of time, with names.

What is foreign here is only the system's word about itself; still, an event that the table does not know is kept under its number."""
import base64
import json
import os
import re
import struct
import subprocess
import time
from bisect import bisect_right
from dataclasses import dataclass, field

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
ABI = os.path.join(ROOT, "kernel", "abi")
RECORD = struct.Struct("<QQHBBIQ")
NO_THREAD = 0xff
FIXED_CALLS, THREAD_START = 255, 254  # in place of an interface
CLASSES = ("calls", "kernel", "exits", "life", "scheduling", "memory", "interrupts", "log", "samples", "statistics")
ROW = re.compile(r'^EVENT\((\w+), (\d+), (\w+), "([^"]*)", "([^"]*)", "([^"]*)"\)$')
FIELD = re.compile(r"(\w+)(?::(\d+)-(\d+))?")
EXIT_REASONS = os.path.join(ROOT, "idl", "guest.bidl")


def class_bits(names):
    return sum(1 << CLASSES.index(name) for name in names)


def definitions():
    """Number -> (name, fields of a, fields of b, sentence); a field is (name, lowest bit, highest bit)."""
    def fields(text, width):
        return [(name, int(low or 0), int(high or width - 1)) for name, low, high in FIELD.findall(text)]
    table = {}
    for line in open(os.path.join(ABI, "trace.def"), encoding="utf-8"):
        match = ROW.match(line)
        if match:
            name, number, _, a, b, sentence = match.groups()
            table[int(number)] = (name, fields(a, 32), fields(b, 64), sentence)
    return table


@dataclass
class Event:
    ticks: int
    cpu: int
    name: str
    thread: int
    domain: int
    values: dict


def signed(value):
    return value - (1 << 32) if value >> 31 else value


def decode(data, cpu, table):
    for position, ticks, number, thread, domain, a, b in RECORD.iter_unpack(data):
        name, in_a, in_b, _ = table.get(number, (f"EVENT_{number}", [("a", 0, 31)], [("b", 0, 63)], ""))
        values = {one: word >> low & (1 << high - low + 1) - 1 for word, fields in ((a, in_a), (b, in_b)) for one, low, high in fields}
        if "error" in values:
            values["error"] = signed(values["error"] & 0xffffffff)
        yield position, Event(ticks, cpu, name, thread, domain, values)


class Names:
    """What numbers are called: domains, threads, methods, functions."""

    def __init__(self, control, build):
        self.build = build
        self.domains = {0: "kernel"}
        self.images = {}
        for one in control.ask("domains")["domains"]:
            self.domains[one["id"]] = one["name"]
            self.images[one["id"]] = one.get("image") or one["name"]
        self.threads = {one["id"]: one["name"] for one in control.ask("threads")["threads"]}
        self.methods = {}
        try:
            with open(os.path.join(build, "gen", "interfaces.json"), encoding="utf-8") as file:
                for one in json.load(file)["interfaces"]:
                    for number, method in enumerate(one.get("method_names", [])):
                        self.methods[one["id"] << 8 | number] = f"{one['name']}.{method}"
        except OSError:
            pass  # numbers will have to do
        for match in re.finditer(r"^CALL\((\d+), (\w+)", open(os.path.join(ABI, "calls.def"), encoding="utf-8").read(), re.M):
            self.methods[FIXED_CALLS << 8 | int(match.group(1))] = match.group(2)
        self.methods[THREAD_START << 8] = "thread"
        self.causes = {int(number): words for _, number, words in
                       re.findall(r'^CAUSE\((\w+), (\d+), "([^"]*)"\)', open(os.path.join(ABI, "crash.def"), encoding="utf-8").read(), re.M)}
        self.errors = {int(number): name for name, number in
                       re.findall(r"^ERROR\((\w+), (-?\d+),", open(os.path.join(ABI, "errors.def"), encoding="utf-8").read(), re.M)}
        reasons = re.search(r"enum ExitReason : u32 \{(.*?)\}", open(EXIT_REASONS, encoding="utf-8").read(), re.S)
        self.reasons = {int(number): name for name, number in re.findall(r"(\w+) = (\d+)", reasons.group(1))} if reasons else {}
        self.symbols = {}

    def domain(self, number):
        return self.domains.get(number, f"domain {number}")

    def method(self, number):
        return self.methods.get(number, f"{number >> 8}.{number & 255}")

    def error(self, number):
        return self.errors.get(number, str(number))

    def function(self, domain, address):
        """The function at a slot offset of a domain's image, or (domain 0) at an address of the kernel."""
        if domain not in self.symbols:
            places = [os.path.join(self.build, "domains", f"{self.images.get(domain)}.elf")] if domain else \
                [os.path.join(self.build, "pc", "bulkhead.elf"), os.path.join(self.build, "hosted", "bulkhead")]
            self.symbols[domain] = next((table for table in map(function_table, places) if table), ([], []))
        starts, names = self.symbols[domain]
        index = bisect_right(starts, address) - 1
        return names[index] if index >= 0 else hex(address)


def function_table(path):
    """Addresses and names of the functions of an ELF file, by address."""
    if not os.path.exists(path):
        return None
    try:
        text = subprocess.run(["nm", "--defined-only", path], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return None
    rows = sorted((int(at, 16), name) for at, kind, name in (line.split(maxsplit=2) for line in text.splitlines() if len(line.split()) == 3)
                  if kind in "tTwW")
    return [at for at, _ in rows], [name for _, name in rows]


@dataclass
class Recording:
    """What was recorded, in order of time."""
    events: list
    names: Names
    classes: tuple
    start: dict  # what `trace info' said at both ends
    end: dict
    lost: list  # records by processor
    sample_ns: int = 0
    log: dict = field(default_factory=dict)  # position -> line

    def microseconds(self, ticks):
        """Since the recording began."""
        rate = (self.end["ns"] - self.start["ns"]) / max(1, self.end["ticks"] - self.start["ticks"])
        return max(0.0, (ticks - self.start["ticks"]) * rate / 1000)


def fetch(control, heads, table):
    """The records of all processors, and how many of each were overwritten."""
    events, lost = [], []
    for cpu, head in enumerate(heads):
        position, seen = 0, 0
        while position < head:
            answer = control.ask(f"trace read {cpu} {position}")
            for _, event in decode(base64.b64decode(answer["records"]), cpu, table):
                events.append(event)
                seen += 1
            if answer["next"] == position:
                break
            position = answer["next"]
        lost.append(head - seen)
    events.sort(key=lambda event: event.ticks)
    return events, lost


def fetch_log(control, events):
    """The lines that the trace points to and that the log still holds."""
    lines = {}
    for event in events:
        if event.name == "LOG":
            position = event.values["position"]
            text = control.ask(f"log {position}")["text"]
            lines[position] = text.split("\n", 1)[0]
    return lines


def record(control, classes, seconds, records, sample_ns, build):
    """Switch the trace on for so long (or until Ctrl-C), and take what it holds."""
    table = definitions()
    control.ask(f"trace start {class_bits(classes)} {records} {sample_ns}")
    start = control.ask("trace info")
    try:
        time.sleep(seconds)
    except KeyboardInterrupt:
        pass
    control.ask("trace stop")
    end = control.ask("trace info")
    events, lost = fetch(control, end["heads"], table)
    return Recording(events, Names(control, build), tuple(classes), start, end, lost, sample_ns, fetch_log(control, events))
