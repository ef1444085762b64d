# SPDX-License-Identifier: MIT
"""From events to spans: which calls were inside which, thread by thread.

A call is known by the place of its record on the thread's control stack, which grows down: what begins at the same place or above ends everything that was
deeper and never came back (an unwound call, a record that was overwritten). So spans always nest, whatever is missing."""
from dataclasses import dataclass

NO_THREAD = 0xff
GUEST_FRAME = 0  # deeper than any call


@dataclass
class Span:
    kind: str      # call, kernel, guest
    frame: int
    caller: int
    callee: int
    method: int
    start: int     # ticks
    badge: int = 0
    doomed: bool = False
    end: int = 0
    error: int = 0
    how: str = ""  # "", or why there was no return: dead, unwound, end


class Thread:
    """One thread from its start to its end; numbers are used again."""

    def __init__(self, number, serial, home=None):
        self.number, self.serial, self.home = number, serial, home
        self.stack = []


class Walker:
    """Feed it events in order of time; it tells `sink` of begin(thread, span, depth) and end(thread, span)."""

    def __init__(self, sink):
        self.sink = sink
        self.live, self.all = {}, []

    def thread(self, number):
        if number not in self.live:
            self.begin_thread(number, None)
        return self.live[number]

    def begin_thread(self, number, home):
        self.live[number] = Thread(number, len(self.all), home)
        self.all.append(self.live[number])

    def pop(self, thread, ticks, error=0, how=""):
        span = thread.stack.pop()
        span.end, span.error, span.how = max(ticks, span.start), error, how
        self.sink.end(thread, span)

    def pop_above(self, thread, frame, ticks):
        """What is deeper than `frame` is over."""
        while thread.stack and thread.stack[-1].frame < frame:
            self.pop(thread, ticks, how="" if thread.stack[-1].kind == "guest" else "unwound")

    def pop_doomed(self, thread, ticks):
        while thread.stack and thread.stack[-1].doomed:
            self.pop(thread, ticks, -9, "dead")

    def push(self, thread, span):
        self.pop_above(thread, span.frame + 1, span.start)
        thread.stack.append(span)
        self.sink.begin(thread, span, len(thread.stack))

    def back(self, thread, frame, error, ticks):
        self.pop_above(thread, frame, ticks)
        if thread.stack and thread.stack[-1].frame == frame:
            self.pop(thread, ticks, error)
        self.pop_doomed(thread, ticks)

    def death(self, domain, ticks):
        """A thread inside the dead leaves at once; one that the dead sent on leaves when it is back."""
        for thread in self.live.values():
            for span in thread.stack:
                span.doomed |= span.callee == domain and span.kind == "call" or span.caller == domain and span.kind == "kernel"
            self.pop_doomed(thread, ticks)

    def take(self, event):
        values = event.values
        if event.name == "CRASH":
            self.death(event.domain, event.ticks)
        elif event.name == "THREAD_START":
            self.end_thread(values["new_thread"], event.ticks)
            self.begin_thread(values["new_thread"], event.domain)
        if event.thread == NO_THREAD:
            return
        thread = self.thread(event.thread)
        if event.name == "CALL":
            self.push(thread, Span("call", values["frame"], event.domain, values["callee"], values["method"] | values["interface"] << 8, event.ticks,
                                   values["badge"]))
        elif event.name == "GATE":
            self.push(thread, Span("kernel", values["frame"], event.domain, 0, values["method"] | values["interface"] << 8, event.ticks))
        elif event.name in ("RETURN", "GATE_RETURN"):
            self.back(thread, values["frame"], values["error"], event.ticks)
        elif event.name == "ENTRY" and not values["error"]:
            self.push(thread, Span("guest", GUEST_FRAME, 0, 0, values["vcpu"], event.ticks))
        elif event.name == "EXIT":
            self.pop_above(thread, GUEST_FRAME + 1, event.ticks)
        elif event.name == "THREAD_END":
            self.end_thread(event.thread, event.ticks)

    def end_thread(self, number, ticks):
        thread = self.live.pop(number, None)
        while thread and thread.stack:
            self.pop(thread, ticks, how="end")

    def finish(self, ticks):
        for number in list(self.live):
            self.end_thread(number, ticks)


class Names:
    """What a span is called."""

    def __init__(self, names):
        self.names = names

    def title(self, span):
        if span.kind == "guest":
            return f"guest, vCPU {span.method}"
        where = "kernel" if span.kind == "kernel" else self.names.domain(span.callee)
        return f"{where}: {self.names.method(span.method)}"

    def thread(self, thread):
        name = self.names.threads.get(thread.number)
        home = self.names.domain(thread.home) if thread.home is not None else None
        if name and (home is None or home in (name, "kernel") or name == "inject"):
            return f"{name} ({thread.number})"
        return f"{home or name or 'thread'} ({thread.number})"
