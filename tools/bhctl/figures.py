# SPDX-License-Identifier: MIT
"""bhctl top and bhctl metrics: the numbers of a running system, once, again and again, or for Prometheus.

Some are always counted; CPU by domain and the calls of each edge with their latency are counted while statistics are on (a class of the trace)."""
import http.server
import shutil
import sys
import time
from dataclasses import dataclass

from events import Names, class_bits
from machine import Trouble

STATISTICS = class_bits(("statistics",))
SAMPLE_NS = 1000000
RECORDS = 64  # none are written
SCREEN = "\x1b[H\x1b[2J"


def start_statistics(control):
    """Switch them on unless they are; True when it was us."""
    classes = control.ask("trace info")["classes"]
    if classes & STATISTICS:
        return False
    if classes:
        raise Trouble("a trace is being recorded; statistics begin when it is done")
    control.ask(f"trace start {STATISTICS} {RECORDS} {SAMPLE_NS}")
    return True


def read_edges(control):
    """(caller, callee, method) -> [count, errors, ticks, buckets], over all processors."""
    edges, start = {}, 0
    while True:
        answer = control.ask(f"edges {start}")
        for one in answer["edges"]:
            known = edges.setdefault((one["caller"], one["callee"], one["method"]), [0, 0, 0, [0] * len(one["buckets"])])
            known[0] += one["count"]
            known[1] += one["errors"]
            known[2] += one["ticks"]
            known[3] = [a + b for a, b in zip(known[3], one["buckets"])]
            start = one["number"] + 1
        if not answer["more"]:
            return edges


@dataclass
class Reading:
    """Everything at one time."""
    info: dict
    domains: list
    cpus: list
    memory: dict
    rings: list
    edges: dict


def read(control):
    return Reading(control.ask("trace info"), control.ask("domains")["domains"], control.ask("cpus")["cpus"], control.ask("memory"),
                   control.ask("rings")["rings"], read_edges(control))


# ---- top

def quantile(buckets, share):
    """Ticks below which that share of the calls stayed, to a factor of two: the upper end of a bucket."""
    left = share * sum(buckets)
    for power, count in enumerate(buckets):
        left -= count
        if left <= 0:
            return 2 ** (power + 1)
    return 0


def duration(ns):
    for limit, unit in ((1e3, "ns"), (1e6, "us"), (1e9, "ms")):
        if ns < limit:
            return f"{ns * 1000 / limit:.3g} {unit}"
    return f"{ns / 1e9:.3g} s"


def size(count):
    return f"{count / 1048576:.1f}M" if count >= 1048576 else f"{count // 1024}K"


def rows(lines):
    widths = [max(len(str(line[i])) for line in lines) for i in range(len(lines[0]))]
    return ["  ".join(str(cell).ljust(width) if place == 0 else str(cell).rjust(width) for place, (cell, width) in enumerate(zip(line, widths))).rstrip()
            for line in lines]


class Top:
    """What has changed between two readings."""

    def __init__(self, names, before, after):
        self.names, self.before, self.after = names, before, after
        self.seconds = max(1e-9, (after.memory["uptime_ns"] - before.memory["uptime_ns"]) / 1e9)
        self.ns_per_tick = (after.info["ns"] - before.info["ns"]) / max(1, after.info["ticks"] - before.info["ticks"])

    def edge(self, key):
        new, old = self.after.edges[key], self.before.edges.get(key)
        if not old:
            return new
        return [new[0] - old[0], new[1] - old[1], new[2] - old[2], [a - b for a, b in zip(new[3], old[3])]]

    def head(self):
        memory = self.after.memory
        busy = [(new["busy_ns"] - old["busy_ns"]) / 1e7 / self.seconds for new, old in zip(self.after.cpus, self.before.cpus)]
        exits = sum(self.edge(key)[0] for key in self.after.edges if key[0] == 0 and self.names.method(key[2]) == "Vcpu.exit")
        yield (f"up {memory['uptime_ns'] / 1e9:.0f} s, processors busy {' '.join(f'{min(one, 100):.0f} %' for one in busy)}, memory {size(memory['total'] - memory['free'])} of "
               f"{size(memory['total'])}, {memory['threads']} threads, {exits / self.seconds:.0f} VM exits/s")

    def domains(self):
        samples = [new - old for new, old in zip(self.after.info["samples"], self.before.info["samples"])]
        whole = max(1, sum(samples))
        old = {one["id"]: one for one in self.before.domains}
        lines = [("kernel, guests", "", 100 * samples[0] / whole, "", "", "", "")]
        for one in self.after.domains:
            calls = one["calls"] - old.get(one["id"], one)["calls"]
            lines.append((one["name"], one["state"], 100 * samples[one["id"]] / whole, f"{calls / self.seconds:.0f}", size(one["memory"]), one["threads"], one["restarts"]))
        lines.sort(key=lambda line: -line[2])
        return rows([("DOMAIN", "STATE", "CPU %", "CALLS/S", "MEMORY", "THREADS", "RESTARTS"), *((*line[:2], f"{line[2]:.1f}", *line[3:]) for line in lines)])

    def edges(self, most):
        found = [(key, self.edge(key)) for key in self.after.edges]
        found = sorted((one for one in found if one[1][0]), key=lambda one: -one[1][2])[:most]
        lines = [("EDGE", "CALLS/S", "ERRORS", "MEAN", "HALF BELOW", "99 % BELOW")]
        for (caller, callee, method), (count, errors, ticks, buckets) in found:
            lines.append((f"{self.names.domain(caller)} -> {self.names.domain(callee)}: {self.names.method(method)}", f"{count / self.seconds:.0f}", errors,
                          duration(ticks / count * self.ns_per_tick), duration(quantile(buckets, 0.5) * self.ns_per_tick), duration(quantile(buckets, 0.99) * self.ns_per_tick)))
        return rows(lines)

    def rings(self):
        if not self.after.rings:
            return []
        return rows([("RING", "FROM", "TO", "FILL", "EPOCH"), *((one["name"], self.names.domain(one["client"]), self.names.domain(one["server"]),
                                                               f"{one['busy']}/{one['entries']}", one["epoch"]) for one in self.after.rings)])

    def text(self, most):
        return "\n".join([*self.head(), "", *self.domains(), "", *self.edges(most), "", *self.rings()])

    def data(self):
        return {"ok": True, "seconds": self.seconds, "domains": self.after.domains, "samples": self.after.info["samples"], "cpus": self.after.cpus, "rings": self.after.rings,
                "edges": [{"caller": self.names.domain(key[0]), "callee": self.names.domain(key[1]), "method": self.names.method(key[2]), "count": one[0], "errors": one[1],
                           "ns": round(one[2] * self.ns_per_tick)} for key in self.after.edges for one in [self.edge(key)]]}


def top(control, arguments):
    if not 0.1 <= arguments.interval <= 3600:
        raise Trouble(f"--interval {arguments.interval:g}: not between 0.1 and 3600 seconds")
    ours = start_statistics(control)
    live = sys.stdout.isatty() and not arguments.once
    try:
        names, before = Names(control, arguments.build), read(control)
        while True:
            time.sleep(arguments.interval)
            after = read(control)
            state = Top(names, before, after)
            if arguments.once or arguments.json:
                return state.data(), lambda: print(state.text(arguments.edges))
            columns, lines = shutil.get_terminal_size()
            text = state.text(max(3, lines - len(after.domains) - len(after.rings) - 9) if live else arguments.edges)
            if live:
                text = "\n".join(line[:columns] for line in text.splitlines()[:lines - 1])
            print((SCREEN if live else "") + text + ("" if live else "\n"), flush=True)
            before = after
    finally:
        if ours:
            control.ask("trace stop")


def add_top(parser):
    parser.add_argument("--interval", type=float, default=2.0, help="seconds from one reading to the next (2)")
    parser.add_argument("--once", action="store_true", help="print one interval and end")
    parser.add_argument("--edges", type=int, default=20, help="how many edges, without a terminal (20)")


# ---- metrics: the text format of Prometheus, version 0.0.4

def label(text):
    return str(text).replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def labels(pairs):
    return "{" + ",".join(f'{name}="{label(value)}"' for name, value in pairs) + "}" if pairs else ""


def number(value):
    return repr(value) if isinstance(value, float) else str(value)


class Exposition:
    """Families of samples, each with its help and type once."""

    def __init__(self):
        self.lines = []

    def family(self, name, kind, text, samples):
        self.lines += [f"# HELP bulkhead_{name} {text}", f"# TYPE bulkhead_{name} {kind}"]
        self.lines += [f"bulkhead_{name}{suffix}{labels(pairs)} {number(value)}" for suffix, pairs, value in samples]

    def simple(self, name, kind, text, samples):
        self.family(name, kind, text, [("", pairs, value) for pairs, value in samples])


def histogram(pairs, edge):
    """Cumulative buckets up to the last that holds anything, then all."""
    count, _, ticks, buckets = edge
    last = max((power for power, one in enumerate(buckets[:-1]) if one), default=0)
    below = 0
    for power, one in enumerate(buckets[:last + 1]):
        below += one
        if below:
            yield "_bucket", [*pairs, ("le", 2 ** (power + 1) - 1)], below
    count = max(count, sum(buckets))
    yield "_bucket", [*pairs, ("le", "+Inf")], count
    yield "_sum", pairs, ticks
    yield "_count", pairs, count


def exposition(names, reading):
    out, domains, memory, info = Exposition(), reading.domains, reading.memory, reading.info

    def by_domain(key, change=lambda value: value):
        return [([("domain", one["name"])], change(one[key])) for one in domains]
    out.simple("uptime_seconds", "counter", "Time since the machine started.", [([], memory["uptime_ns"] / 1e9)])
    out.simple("ticks_total", "counter", "The time stamp counter.", [([], info["ticks"])])
    out.simple("memory_free_bytes", "gauge", "Memory that nobody uses.", [([], memory["free"])])
    out.simple("memory_bytes", "gauge", "Memory of the machine.", [([], memory["total"])])
    out.simple("threads", "gauge", "Live threads.", [([], memory["threads"])])
    out.simple("domain_up", "gauge", "Whether the domain runs.", by_domain("state", lambda state: int(state == "running")))
    out.simple("domain_restarts_total", "counter", "How often the domain was started again.", by_domain("restarts"))
    out.simple("domain_calls_total", "counter", "Calls into the domain.", by_domain("calls"))
    out.simple("domain_base_writes_total", "counter", "How often a call or a return had to write the segment base of the domain.", by_domain("base_writes"))
    out.simple("domain_memory_bytes", "gauge", "Memory that the domain uses.", by_domain("memory"))
    out.simple("domain_memory_quota_bytes", "gauge", "Memory that the domain may use.", by_domain("memory_quota"))
    out.simple("domain_capabilities", "gauge", "Capabilities that the domain holds.", by_domain("caps"))
    out.simple("cpu_busy_seconds_total", "counter", "For how long the processor has run threads.", [([("cpu", one["id"])], one["busy_ns"] / 1e9) for one in reading.cpus])
    out.simple("cpu_switches_total", "counter", "Switches from one thread to another.", [([("cpu", one["id"])], one["switches"]) for one in reading.cpus])
    out.simple("cpu_steals_total", "counter", "Threads taken from other processors' queues.", [([("cpu", one["id"])], one["steals"]) for one in reading.cpus])
    out.simple("ring_busy", "gauge", "Requests under way in the ring.", [([("ring", one["name"])], one["busy"]) for one in reading.rings])
    out.simple("ring_entries", "gauge", "Requests that the ring has room for.", [([("ring", one["name"])], one["entries"]) for one in reading.rings])
    out.simple("ring_epoch", "gauge", "Epoch of the ring: one more with each death of its server.", [([("ring", one["name"])], one["epoch"]) for one in reading.rings])
    out.simple("statistics_on", "gauge", "Whether calls are being counted by edge.", [([], int(bool(info["classes"] & STATISTICS)))])
    if info["records"]:
        counted(out, names, reading)
    return "\n".join(out.lines) + "\n"


def counted(out, names, reading):
    """What is counted while statistics are on."""
    info = reading.info
    edges = [([("caller", names.domain(caller)), ("callee", names.domain(callee)), ("method", names.method(method))], edge)
             for (caller, callee, method), edge in sorted(reading.edges.items())]
    out.simple("domain_samples_total", "counter", "How often the clock found the domain at work; kernel: it or a guest.",
               [([("domain", names.domain(domain))], count) for domain, count in enumerate(info["samples"]) if count])
    out.simple("call_errors_total", "counter", "Calls that returned an error.", [(pairs, edge[1]) for pairs, edge in edges])
    # In ticks, since the bounds of buckets must stay the same from one reading to the next.
    out.family("call_ticks", "histogram", "Ticks of the time stamp counter from call to return; ticks_total says how long one is.",
               [sample for pairs, edge in edges for sample in histogram(pairs, edge)])


def serve(control, names, port):
    """Answer GET /metrics until Ctrl-C. One request at a time: there is one control line."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # pylint: disable=invalid-name
            try:
                status, body = (200, exposition(names, read(control))) if self.path == "/metrics" else (404, "there is /metrics\n")
            except Trouble as trouble:
                status, body = 503, f"{trouble}\n"
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass
    try:
        server = http.server.HTTPServer(("127.0.0.1", port), Handler)
    except (OSError, OverflowError) as error:
        raise Trouble(f"port {port}: {error}") from error
    print(f"http://127.0.0.1:{server.server_port}/metrics, until Ctrl-C", flush=True)
    server.serve_forever()


def metrics(control, arguments):
    if arguments.statistics == "on":
        start_statistics(control)
    elif arguments.statistics == "off":
        control.ask("trace stop")
    names = Names(control, arguments.build)
    if arguments.listen is not None:
        serve(control, names, arguments.listen)
    text = exposition(names, read(control))
    return {"ok": True, "text": text}, lambda: sys.stdout.write(text)


def add_metrics(parser):
    parser.add_argument("--statistics", choices=("on", "off"), help="count calls by edge, and CPU by domain, from now on; or no more")
    parser.add_argument("--listen", type=int, metavar="PORT", help="answer GET /metrics on 127.0.0.1 until Ctrl-C; 0: any port")
