# SPDX-License-Identifier: MIT
"""A recording as JSON of the Trace Event Format, which ui.perfetto.dev and chrome://tracing open.

Four groups of tracks: threads (calls nested in calls, across domains), domains (the same calls, each on the track of the domain that is called, with arrows from
the caller's), processors (which thread ran when), and counters. Deaths, restarts, buffers, refusals and lines of the log are marks."""
import json

from spans import NO_THREAD, Names, Walker

THREADS, PROCESSORS, COUNTERS, DOMAINS = 1, 2, 3, 100  # process numbers; a domain's is DOMAINS + its own
STEP_US = 10000  # of the counters
MARKS = {"CRASH", "START", "REVOKE", "MOVE", "LEND", "UNLEND", "REFUSE", "LOG", "MIGRATE"}
COUNTED = {"CALL": "calls", "GATE": "kernel calls", "EXIT": "VM exits", "INTERRUPT": "interrupts", "SWITCH": "switches"}


class Chrome:
    """Collects trace events."""

    def __init__(self, recording):
        self.recording, self.names = recording, recording.names
        self.titles = Names(recording.names)
        self.out, self.tracks, self.flows = [], {}, 0
        self.walker = Walker(self)
        self.running = {}  # processor -> (thread number, name, since)
        self.woken = {}    # thread number -> flow
        self.reason = {}   # thread number -> of its VM exit

    def at(self, ticks):
        return round(self.recording.microseconds(ticks), 3)

    def put(self, **event):
        self.out.append(event)

    def track(self, pid, tid, name):
        self.tracks[pid, tid] = name
        return {"pid": pid, "tid": tid}

    def thread_track(self, thread):
        return self.track(THREADS, thread.serial, self.titles.thread(thread))

    def domain_track(self, thread, domain):
        return self.track(DOMAINS + domain, thread.serial, self.titles.thread(thread))

    # ---- what the walker tells

    def begin(self, thread, span, _depth):
        ts, title = self.at(span.start), self.titles.title(span)
        arguments = {"caller": self.names.domain(span.caller)}
        if span.kind == "call":
            arguments["callee"] = self.names.domain(span.callee)
            if span.badge:
                arguments["badge"] = span.badge
            reason = self.reason.pop(thread.number, None)
            if reason is not None and span.caller == 0:
                arguments["VM exit"] = self.names.reasons.get(reason, reason)
        self.put(ph="B", ts=ts, name=title, cat=span.kind, args=arguments, **self.thread_track(thread))
        if span.kind == "call":
            self.put(ph="B", ts=ts, name=self.names.method(span.method), cat="domain", args=arguments, **self.domain_track(thread, span.callee))
            self.arrow(ts, self.domain_track(thread, span.caller) if span.caller else None, self.domain_track(thread, span.callee))

    def arrow(self, ts, source, target):
        if source is None or source == target:
            return
        self.flows += 1
        self.put(ph="s", ts=ts, id=self.flows, name="call", cat="flow", **source)
        self.put(ph="f", bp="e", ts=ts, id=self.flows, name="call", cat="flow", **target)

    def end(self, thread, span):
        ts, arguments = self.at(span.end), {}
        if span.error:
            arguments["error"] = self.names.error(span.error)
        if span.how:
            arguments["ended"] = {"dead": "the domain died", "unwound": "no return was recorded", "end": "the recording or the thread ended"}[span.how]
        self.put(ph="E", ts=ts, args=arguments, **self.thread_track(thread))
        if span.kind == "call":
            self.put(ph="E", ts=ts, args=arguments, **self.domain_track(thread, span.callee))

    # ---- marks, processors, counters

    def mark(self, event):
        values, names = event.values, self.names
        words = {"CRASH": lambda: f"{names.domain(event.domain)} dies: {names.causes.get(values['cause'], values['cause'])}",
                 "START": lambda: f"{names.domain(event.domain)} starts, instance {values['generation']}",
                 "REVOKE": lambda: f"{names.domain(event.domain)} revokes #{values['capability']}",
                 "MOVE": lambda: f"{names.domain(event.domain)} gives {values['size']} bytes to {names.domain(values['receiver'])}",
                 "LEND": lambda: f"{names.domain(event.domain)} lends {values['size']} bytes to {names.domain(values['borrower'])}",
                 "UNLEND": lambda: f"{values['size']} bytes back from {names.domain(values['borrower'])}",
                 "REFUSE": lambda: f"{names.domain(event.domain)} is refused: {names.error(values['error'])}",
                 "LOG": lambda: self.recording.log.get(values["position"], "a line of the log"),
                 "MIGRATE": lambda: f"from processor {values['from']}"}[event.name]()
        scope = "g" if event.name == "CRASH" else "t"
        track = self.thread_track(self.walker.thread(event.thread)) if event.thread != NO_THREAD else self.track(PROCESSORS, event.cpu, f"processor {event.cpu}")
        self.put(ph="i", s=scope, ts=self.at(event.ticks), name=words, cat=event.name.lower(), args=values, **track)

    def switch(self, event):
        """The processor's track shows who ran; who was waking whom is an arrow."""
        track = self.track(PROCESSORS, event.cpu, f"processor {event.cpu}")
        ts, following = self.at(event.ticks), event.values["next"]
        self.stop_running(event.cpu, ts)
        if following == NO_THREAD:
            return
        thread = self.walker.thread(following)
        self.running[event.cpu] = (following, self.titles.thread(thread), ts)
        flow = self.woken.pop(following, None)
        if flow:
            self.put(ph="f", bp="e", ts=ts, id=flow, name="wake", cat="wake", **self.thread_track(thread))
        self.track(**track, name=f"processor {event.cpu}")

    def stop_running(self, cpu, ts):
        if cpu in self.running:
            number, name, since = self.running.pop(cpu)
            self.put(ph="X", ts=since, dur=round(max(0, ts - since), 3), name=name, cat="run", args={"thread": number}, pid=PROCESSORS, tid=cpu)

    def wake(self, event):
        if event.thread == NO_THREAD or event.values["woken"] in self.woken:
            return
        self.flows += 1
        self.woken[event.values["woken"]] = self.flows
        self.put(ph="s", ts=self.at(event.ticks), id=self.flows, name="wake", cat="wake", **self.thread_track(self.walker.thread(event.thread)))

    def counters(self):
        steps = {}
        for event in self.recording.events:
            if event.name in COUNTED:
                counts = steps.setdefault(int(self.recording.microseconds(event.ticks) // STEP_US), {})
                counts[COUNTED[event.name]] = counts.get(COUNTED[event.name], 0) + 1
        for step in range(max(steps, default=-1) + 1):
            for name in COUNTED.values():
                count = steps.get(step, {}).get(name, 0)
                self.put(ph="C", ts=step * STEP_US, name=f"{name} in {STEP_US // 1000} ms", args={name: count}, pid=COUNTERS, tid=0)

    def titles_of_tracks(self):
        groups = {THREADS: "threads", PROCESSORS: "processors", COUNTERS: "counters"}
        for pid in sorted({pid for pid, _ in self.tracks} | {COUNTERS}):
            name = groups.get(pid) or f"domain {self.names.domain(pid - DOMAINS)}"
            yield {"ph": "M", "name": "process_name", "pid": pid, "tid": 0, "args": {"name": name}}
            yield {"ph": "M", "name": "process_sort_index", "pid": pid, "tid": 0, "args": {"sort_index": pid}}
        for (pid, tid), name in sorted(self.tracks.items()):
            yield {"ph": "M", "name": "thread_name", "pid": pid, "tid": tid, "args": {"name": name}}

    def build(self):
        for event in self.recording.events:
            if event.name == "EXIT":
                self.reason[event.thread] = event.values["reason"]
            self.walker.take(event)
            if event.name in MARKS:
                self.mark(event)
            elif event.name == "SWITCH":
                self.switch(event)
            elif event.name == "WAKE":
                self.wake(event)
        last = self.recording.events[-1].ticks if self.recording.events else self.recording.end["ticks"]
        self.walker.finish(last)
        for cpu in list(self.running):
            self.stop_running(cpu, self.at(last))
        self.counters()
        self.out.sort(key=lambda event: event["ts"])  # stable: what was first at one instant stays first
        return {"traceEvents": [*self.titles_of_tracks(), *self.out], "displayTimeUnit": "ns",
                "otherData": {"system": "Bulkhead", "lost records by processor": self.recording.lost, "classes": list(self.recording.classes)}}


def write(recording, path):
    document = Chrome(recording).build()
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, separators=(",", ":"))
    return len(document["traceEvents"])
