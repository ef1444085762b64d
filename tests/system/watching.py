#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Watching a system: traces taken apart and drawn, core files opened by gdb, numbers in the form that Prometheus reads.

Scenarios of tests/domains/conductor print what the kernel recorded, in the hosted kernel and on bare metal with one processor and four; bhctl does all of it on
a system with a guest whose disk driver is broken on purpose."""
import base64
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tools", "bhctl"), os.path.join(ROOT, "tools", "run"), os.path.join(ROOT, "tests", "hosted"), os.path.join(ROOT, "tests", "system")]
import chrome  # noqa: E402 (the folders had to be found first)
import core  # noqa: E402
import domains  # noqa: E402
import events  # noqa: E402
import flame  # noqa: E402
import hosted  # noqa: E402
from machine import PATIENCE, Machine, Trouble  # noqa: E402

PHASES = {"B", "E", "X", "i", "C", "M", "s", "f"}


class Wrong(Exception):
    """What a test found."""


def expect(condition, words):
    if not condition:
        raise Wrong(words)


# ---- the forms

def check_chrome(document):
    """The Trace Event Format, as far as we use it. How often each kind of end came."""
    expect(set(document) >= {"traceEvents", "displayTimeUnit"}, "keys")
    stacks, flows, named, ends = {}, {}, set(), {}
    for event in document["traceEvents"]:
        expect(event["ph"] in PHASES and isinstance(event["pid"], int) and isinstance(event["tid"], int), f"{event}")
        track = event["pid"], event["tid"]
        if event["ph"] == "M":
            named.add(track if event["name"] == "thread_name" else event["pid"])
            continue
        expect(isinstance(event["ts"], (int, float)) and event["ts"] >= 0, f"time of {event}")
        expect(event["ph"] in "EC" or (track in named and event["pid"] in named), f"a track without a name: {event}")
        if event["ph"] == "B":
            stacks.setdefault(track, []).append(event["ts"])
        elif event["ph"] == "E":
            expect(stacks.get(track), f"an end without a beginning: {event}")
            expect(stacks[track].pop() <= event["ts"], f"an end before its beginning: {event}")
            how = event["args"].get("ended", "returned")
            ends[how] = ends.get(how, 0) + 1
        elif event["ph"] == "X":
            expect(event["dur"] >= 0, f"duration of {event}")
        elif event["ph"] in "sf":
            flows.setdefault(event["id"], []).append(event["ph"])
    expect(not any(stacks.values()), f"{sum(map(len, stacks.values()))} beginnings without an end")
    expect(all(ends_of[0] == "s" and len(ends_of) <= 2 for ends_of in flows.values()), "arrows")
    return ends


def check_svg(path):
    """Titles of the boxes."""
    tree = xml.etree.ElementTree.parse(path)
    return [one.text for one in tree.iter("{http://www.w3.org/2000/svg}title")]


SAMPLE = re.compile(r'^(\w+)(?:\{((?:\w+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)$')


def check_exposition(text):
    """Prometheus' text format: families with help and type before their samples, histograms that add up. name -> {labels: value}."""
    kinds, helped, samples = {}, set(), {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            helped.add(line.split()[2])
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            expect(name in helped and name not in kinds and kind in ("counter", "gauge", "histogram"), line)
            kinds[name] = kind
        else:
            match = SAMPLE.match(line)
            expect(match, f"not a sample: {line}")
            family = re.sub(r"_(bucket|sum|count)$", "", match.group(1))
            expect(match.group(1) in kinds or kinds.get(family) == "histogram", f"no type: {line}")
            samples.setdefault(match.group(1), {})[match.group(2) or ""] = float(match.group(3))
    for name in (name for name, kind in kinds.items() if kind == "histogram"):
        last = {}
        for labels, value in samples.get(name + "_bucket", {}).items():
            series, bound = re.match(r'(.*),le="([^"]*)"$', labels).groups()
            expect(value >= last.get(series, (0, 0))[0] and float(bound.replace("+Inf", "inf")) > last.get(series, (0, -1))[1], f"{name}: {labels}")
            last[series] = value, float(bound.replace("+Inf", "inf"))
        expect(all(samples[name + "_count"][series] == value for series, (value, _) in last.items()), f"{name}: the last bucket is not the count")
    return samples


def gdb(image, path, *commands):
    words = [word for command in commands for word in ("-ex", command)]
    return subprocess.run(["gdb", "-nx", "-batch", *words, image, path], capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
                          env={**os.environ, "DEBUGINFOD_URLS": ""})


# ---- what scenarios print

class Printed:
    """Stands in for the control line: the names that a log tells."""

    def __init__(self, text):
        self.text = text

    def ask(self, command):
        started = re.findall(r"I (\S+): started in slot (\d+)", self.text)
        return {"domains": [{"id": int(number), "name": name} for name, number in started]} if command == "domains" else {"threads": []}


def recording_of(text, build):
    table = events.definitions()
    found, lost = [], []
    heads = {int(cpu): int(head) for cpu, head in re.findall(r"trace-head (\d+) (\d+)", text)}
    for cpu, head in heads.items():
        raw = b"".join(base64.b64decode(line) for line in re.findall(rf"trace-records {cpu} (\S+)$", text, re.M))
        decoded = list(events.decode(raw, cpu, table))
        positions = [position for position, _ in decoded]
        expect(positions == list(range(head - len(decoded) + 1, head + 1)), f"processor {cpu}: positions do not follow one another")
        found += [event for _, event in decoded]
        lost.append(head - len(decoded))
    found.sort(key=lambda event: event.ticks)
    ends = [dict(zip(("ticks", "ns"), map(int, re.search(rf"trace-{which} (\d+) (\d+)", text).groups()))) for which in ("start", "end")]
    return events.Recording(found, events.Names(Printed(text), build), events.CLASSES[:-1], *ends, lost, 1000000)


class Tests:
    def __init__(self, options):
        self.options, self.build, self.only = options, options.build, options.only
        self.passed = self.failed = 0
        self.folder = os.path.join(self.build, "logs", "watching")
        os.makedirs(self.folder, exist_ok=True)

    def test(self, name, function, *arguments):
        if self.only not in name:
            return
        try:
            function(*arguments)
        except (Wrong, Trouble, OSError, KeyError, ValueError, subprocess.SubprocessError, core.Malformed) as problem:
            self.failed += 1
            print(f"FAILED {name}: {type(problem).__name__}: {problem}", flush=True)
            return
        self.passed += 1
        print(f"ok {name}", flush=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def scenario(self, runner, name):
        """Its log."""
        runner.logs = self.folder
        archive = runner.archive(name, os.path.join(ROOT, "tests", "hosted", "victims.toml"), [f"conductor.scenario={name}", *runner.settings])
        status, text = runner.boot(name, archive)
        os.unlink(archive)
        expect(status == 0, f"status {status}: {''.join(re.findall('FAILED.*', text))}")
        return text

    def trace_under_load(self, runner, title, cpus):
        recording = recording_of(self.scenario(runner, "trace-under-load"), self.build)
        expect(len(recording.lost) == cpus, f"{len(recording.lost)} processors")
        expect(sum(recording.lost) > 0, "nothing was overwritten")
        kinds = {event.name for event in recording.events}
        expect({"CALL", "RETURN", "GATE", "GATE_RETURN", "SWITCH", "CRASH", "SAMPLE", "FRAME", "INTERRUPT", "LOG"} <= kinds, f"only {sorted(kinds)}")
        path = self.path(f"{title}.json")
        chrome.write(recording, path)
        ends = check_chrome(json.load(open(path, encoding="utf-8")))
        expect(ends.get("returned", 0) > 50 and ends.get("the domain died", 0) > 0, f"{ends}")
        flame.write(flame.Calls(recording).stacks(), self.path(f"{title}.svg"), "calls", "")
        flame.write(flame.samples(recording), self.path(f"{title}-profile.svg"), "samples", "")
        expect(any("Victim.relay" in box for box in check_svg(self.path(f"{title}.svg"))), "no relay in the picture")
        expect(len(check_svg(self.path(f"{title}-profile.svg"))) > 3, "the profile is empty")

    def core_of_a_call(self, runner, title):
        text = self.scenario(runner, "core-of-a-call")
        dump = core.parse(b"".join(base64.b64decode(line) for line in re.findall(r"conductor: core (\S+)$", text, re.M)))
        image, path = os.path.join(self.build, "domains", "victim.elf"), self.path(f"{title}.core")
        with open(path, "wb") as file:
            file.write(core.elf(dump, image))
        done = gdb(image, path, "backtrace", "frame function relay", "print port", "print $_siginfo.si_signo", "print $_siginfo._sifields._sigfault.si_addr", "info proc mappings")
        for pattern in (r"Program terminated with signal SIGSEGV", r"#0 .* in store \(address=8\) at runtime/inject\.c:\d+", r"in bh_inject \(.*\) at runtime/inject\.c",
                        r"in relay \(.*depth=0, kind=1.*\) at tests/domains/victim/main\.c:\d+", r'\$1 = "c\.victim"', r"\$2 = 11\b", r"\$3 = \(void \*\) 0x100400000008", r"victim\.elf"):
            expect(re.search(pattern, done.stdout), f"gdb does not say {pattern}:\n{done.stdout}\n{done.stderr}")
        expect("may not match" not in done.stdout + done.stderr, done.stderr)

    # ---- bhctl, with a guest

    def bhctl(self, machine, *words, status=0, limit=None):
        """What it printed."""
        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        done = subprocess.run([os.path.join(ROOT, "tools", "bhctl", "bhctl.py"), words[0], "--socket", machine.path("control.sock"), "--build", self.build, *words[1:]],
                              capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL, preexec_fn=small_files if limit else None)
        expect(done.returncode == status, f"bhctl {' '.join(words)}: status {done.returncode}, {done.stdout} {done.stderr}")
        return done.stdout + done.stderr

    def traced_crash(self, machine):
        out, calls, profile = (self.path(name) for name in ("linux.json", "linux.svg", "linux-profile.svg"))
        taking = subprocess.Popen([os.path.join(ROOT, "tools", "bhctl", "bhctl.py"), "trace", "--socket", machine.path("control.sock"), "--build", self.build, "--seconds", "2.5", "--records",
                                   "65536", "--events", "calls,exits,life,memory,scheduling,log", "-o", out, "--flame", calls, "--profile", profile], stdout=subprocess.PIPE, text=True)
        try:
            machine.send("dd if=/dev/vda of=/dev/null bs=64k count=400 2>/dev/null\n")
            expect(taking.wait(120) == 0, "bhctl trace failed")
        finally:
            taking.kill()
        document = json.load(open(out, encoding="utf-8"))
        ends = check_chrome(document)
        expect(ends.get("no return was recorded", 0) == 0 or sum(document["otherData"]["lost records by processor"]), f"{ends}")
        names = {event.get("name") for event in document["traceEvents"]}
        expect({"vmm: Vcpu.exit", "guest, vCPU 0"} <= names, "no guest in the trace")
        expect(any(event["ph"] == "f" for event in document["traceEvents"]), "no arrows")
        expect(any("vmm: Vcpu.exit" in box for box in check_svg(calls)) and len(check_svg(profile)) > 3, "pictures")

    def crash_in_trace(self, machine):
        """A driver that dies while a trace is taken."""
        out = self.path("crash.json")
        machine.release_control()
        machine.send("while :; do dd if=/dev/vda of=/dev/null bs=64k count=100 iflag=direct 2>/dev/null || dd if=/dev/vda of=/dev/null bs=64k count=100; done &\n")
        ask = machine.control.ask
        before = next(one["restarts"] for one in ask("domains")["domains"] if one["name"] == "virtio-blk")
        classes = events.class_bits(("calls", "kernel", "life", "log"))
        ask(f"trace start {classes} 65536 1000000")
        start = ask("trace info")
        ask("crash virtio-blk null")
        deadline = time.monotonic() + 20
        while not any(one["name"] == "virtio-blk" and one["restarts"] > before and one["state"] == "running" for one in ask("domains")["domains"]):
            expect(time.monotonic() < deadline, "virtio-blk is not restarted")
        time.sleep(0.3)
        ask("trace stop")
        end = ask("trace info")
        found, lost = events.fetch(machine.control, end["heads"], events.definitions())
        recording = events.Recording(found, events.Names(machine.control, self.build), ("calls", "kernel", "life", "log"), start, end, lost, 0, events.fetch_log(machine.control, found))
        chrome.write(recording, out)
        machine.release_control()
        document = json.load(open(out, encoding="utf-8"))
        check_chrome(document)
        marks = [event["name"] for event in document["traceEvents"] if event["ph"] == "i"]
        expect(any(re.match(r"virtio-blk dies: page fault", mark) for mark in marks), "no death")
        expect(f"virtio-blk starts, instance {before + 2}" in marks, "no start")
        expect(any("virtio-blk: dies: page fault" in mark for mark in marks), "no line of the log")

    def restarts(self, machine):
        one = next(one for one in json.loads(self.bhctl(machine, "domains", "--json"))["domains"] if one["name"] == "virtio-blk")
        return one["restarts"] if one["state"] == "running" else -1

    def wait_restart(self, machine, before):
        deadline = time.monotonic() + 20
        while self.restarts(machine) <= before:
            expect(time.monotonic() < deadline, "virtio-blk is not restarted")

    def core_by_bhctl(self, machine):
        path = self.path("virtio-blk.core")
        self.bhctl(machine, "core", "--keep", "on")
        restarts = self.restarts(machine)
        self.bhctl(machine, "crash", "virtio-blk")
        self.wait_restart(machine, restarts)
        self.bhctl(machine, "core", "virtio-blk", "-o", path)
        done = gdb(os.path.join(self.build, "domains", "virtio-blk.elf"), path, "thread apply all backtrace", "info threads")
        for pattern in (r"in store \(address=8\) at runtime/inject\.c", r"serve \(.*\) at drivers/virtio/blk/main\.c:\d+", r"in main \(.*\) at drivers/virtio/blk/main\.c"):
            expect(re.search(pattern, done.stdout), f"gdb does not say {pattern}:\n{done.stdout}\n{done.stderr}")
        expect(f"virtio-blk, instance {restarts + 1}" in self.bhctl(machine, "core"), "the list of cores")
        expect('nothing is kept of a death of "vmm"' in self.bhctl(machine, "core", "vmm", status=1), "a core of who did not die")
        self.bhctl(machine, "core", "--keep", "off")

    def numbers(self, machine):
        text = self.bhctl(machine, "top", "--once", "--interval", "1")
        for pattern in (r"^up \d+ s, processors busy (\d+ %,? ?){4}", r"^vmm\s+running", r"^kernel -> vmm: Vcpu\.exit\s+\d+\s", r"^disk\s+vmm\s+virtio-blk\s+\d+/64"):
            expect(re.search(pattern, text, re.M), f"{pattern} in {text}")
        self.bhctl(machine, "metrics", "--statistics", "on")
        time.sleep(0.5)
        samples = check_exposition(self.bhctl(machine, "metrics"))
        expect(samples["bulkhead_domain_up"]['domain="vmm"'] == 1 and samples["bulkhead_statistics_on"][""] == 1, "gauges")
        expect(samples["bulkhead_call_ticks_count"]['caller="kernel",callee="vmm",method="Vcpu.exit"'] > 10, "calls of the vmm")
        serving = subprocess.Popen([os.path.join(ROOT, "tools", "bhctl", "bhctl.py"), "metrics", "--socket", machine.path("control.sock"), "--build", self.build, "--listen", "0"],
                                   stdout=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # who runs this test may ignore it
        try:
            url = serving.stdout.readline().split(",")[0]
            with urllib.request.urlopen(url, timeout=20) as answer:
                expect(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"), "content type")
                check_exposition(answer.read().decode())
            serving.send_signal(signal.SIGINT)
            expect(serving.wait(10 * PATIENCE) == 130, "Ctrl-C")
        finally:
            serving.kill()
        self.bhctl(machine, "metrics", "--statistics", "off")

    def refusals(self, machine):
        for words, answer in ((("trace", "--events", "calls,sounds"), "there is no class `sounds'"), (("trace", "--seconds", "-1"), "not between 0 and"),
                              (("trace", "--hz", "0"), "not between 1 and"), (("trace", "--records", "7"), "not between 64 and"), (("top", "--interval", "0"), "not between 0.1 and"),
                              (("trace", "-o", "/nonexistent/t.json"), "there is no such folder"), (("core", "nobody"), "nothing is kept of a death")):
            expect(answer in self.bhctl(machine, *words, status=1), f"{words}")
        full = self.path("full.json")
        expect("nothing was written" in self.bhctl(machine, "trace", "--seconds", "0.3", "-o", full, status=1, limit=4096), "a full disk")
        expect(not os.path.exists(full) and not os.path.exists(full + ".part"), "a part of the file is left")

    def without_capability(self):
        manifest = self.path("bare.toml")
        with open(manifest, "w", encoding="utf-8") as file:
            file.write('[system]\nname = "bare"\n\n[domain.control]\nmemory = "2M"\n\n[port.system]\nserver = "kernel"\ninterface = "System"\n\n[port.com2]\nserver = "kernel"\n'
                       'interface = "Ports"\ndevice = "ports:2f8-2ff:3"\n\n[[grant]]\nto = "control"\nname = "system"\nport = "system"\n\n[[grant]]\nto = "control"\nname = "serial"\nport = "com2"\n')
        archive = self.path("bare.archive")
        subprocess.run([sys.executable, os.path.join(ROOT, "tools", "mkimage", "mkimage.py"), manifest, "-o", archive, "--build", self.build], check=True, cwd=ROOT)
        with Machine(build=self.build, system="bare", folder=self.path("bare"), wants_disk=False, archive=os.path.abspath(archive)) as machine:
            machine.wait_for("I control: started", log=True)
            expect('grants the control domain no capability "trace"' in self.bhctl(machine, "trace", status=1), "trace")
            expect('grants the control domain no capability "trace"' in self.bhctl(machine, "top", "--once", status=1), "top")
            expect('no buffer "cores"' in self.bhctl(machine, "core", "--keep", "on", status=1), "core")

    def guest(self):
        with Machine(build=self.build, system="linux", folder=self.path("linux"), cpus=4, snapshot=True) as machine:
            try:
                machine.wait_for(r"guest:~#", 120)
                machine.control.ask("domains")
            except Trouble as problem:
                self.failed += 1
                print(f"FAILED the guest: {problem}")
                return
            machine.release_control()
            self.test("bhctl-trace-of-a-guest", self.traced_crash, machine)
            self.test("a-driver-dies-in-a-trace", self.crash_in_trace, machine)
            self.test("bhctl-core-of-a-driver", self.core_by_bhctl, machine)
            self.test("bhctl-top-and-metrics", self.numbers, machine)
            self.test("bhctl-refuses", self.refusals, machine)


def main():
    options = hosted.parser(__doc__).parse_args()
    tests = Tests(options)
    for cpus in (0, 1, 4):  # 0: the hosted kernel
        runner = domains.Machine(options) if cpus else hosted.Runner(options)
        runner.cpus = cpus
        where = f"{cpus}-processors" if cpus else "hosted"
        tests.test(f"trace-under-load-{where}", tests.trace_under_load, runner, f"load-{where}", cpus or 1)
        if cpus < 2:
            tests.test(f"core-of-a-call-{where}", tests.core_of_a_call, runner, f"call-{where}")
    tests.test("without-capability", tests.without_capability)
    if any(options.only in name for name in ("bhctl-trace-of-a-guest", "a-driver-dies-in-a-trace", "bhctl-core-of-a-driver", "bhctl-top-and-metrics", "bhctl-refuses")):
        tests.guest()
    print(f"{tests.passed} passed, {tests.failed} failed")
    return 1 if tests.failed else 0


if __name__ == "__main__":
    sys.exit(main())
