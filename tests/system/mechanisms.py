#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Domains under each mechanism of isolation (docs/mechanisms.md): the scenarios of tests/hosted with victims of the plain flavour, in the hosted kernel
and on bare metal; mixtures of mechanisms in one chain of calls; and attacks, each of which a mechanism stops or, as its page says, does not.

The scenarios assert the same for every mechanism: values, structs, bytes, capabilities, buffers, rings, and what becomes of callers when a domain dies.
"""
import os
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "hosted"), os.path.join(ROOT, "tests", "system")]
import domains  # noqa: E402
import hosted  # noqa: E402 (their folders had to be found first)

# What a mechanism could get wrong: calls in and out, at depth and nested, memory that comes and goes, death wherever it may come.
SCENARIOS = ("calls-carry-values", "calls-refuse-capabilities", "crash-in-call", "crash-by-injection", "crash-of-two-threads",
             "nested-death-in-the-middle", "nested-death-at-the-end", "caller-dies-first", "late-answer", "exits", "busy-watchdog",
             "capability-rights", "capability-revocation", "capability-badges", "capability-answers", "race-caps", "buffers-lent", "buffers-moved", "buffers-shared", "buffer-owner-dies",
             "quotas", "events", "sleeping", "preemption", "floating-point", "ring-replay", "ring-broken", "many-callers", "leaks", "storm", "plain-attacks")
SHORT = ("crash-in-call", "caller-dies-first", "buffers-lent", "ring-replay", "storm", "plain-attacks")  # on bare metal, where each boots a machine
AT_ONCE = ("race-lend", "processors-kill-the-middle", "storm")  # with several processors

DOMAIN_SIZE, ISOLATION_AT = 96, 84  # struct bh_archive_domain (kernel/abi/manifest.h)
MECHANISMS = {"hosted": ("none", "process"), "pc": ("none", "paging", "pks")}


def everybody(mechanism):
    return [(domain, mechanism) for domain in "abc"]


def run_hosted(options):
    runner = hosted.Runner(options)
    for mechanism in MECHANISMS["hosted"]:
        for name in SCENARIOS:
            runner.scenario(name, title=f"{name}-{mechanism}", isolation=everybody(mechanism))
        for name in ("nested-death-in-the-middle", "storm"):  # a and c so, b confined by sfi
            runner.scenario(name, title=f"{name}-{mechanism}-and-sfi", isolation=[("a", mechanism), ("c", mechanism)])
    return runner


def run_machine(options):
    machine = domains.Machine(options)
    for mechanism in MECHANISMS["pc"]:
        for machine.cpus in (1, 4):
            for name in SCENARIOS if options.all else SHORT if machine.cpus == 1 else AT_ONCE:
                machine.scenario(name, title=f"{name}-{mechanism}", isolation=everybody(mechanism))
    return machine


def processes_of(kernel):
    """Of the kernel's children those that are domains: {slot: pid}."""
    found = {}
    with open(f"/proc/{kernel}/task/{kernel}/children", encoding="ascii") as file:
        for pid in file.read().split():
            with open(f"/proc/{pid}/cmdline", "rb") as words:
                name, slot, *_ = words.read().split(b"\0") + [b"", b""]
            if name == b"bulkhead-domain":
                found[int(slot)] = int(pid)
    return found


def strange_mappings(pid, slot):
    """Mappings of a domain's process that are neither its slot's, nor shared with the kernel as they should be, nor its own program's."""
    strange = []
    with open(f"/proc/{pid}/maps", encoding="ascii") as file:
        for line in file:
            start, end = (int(word, 16) for word in line.split()[0].split("-"))
            path = " ".join(line.split()[5:])
            own_file = path.startswith("/memfd:bulkhead-domain") or path in ("", "[stack]", "[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]", "[heap]")
            mailboxes = path.startswith("/memfd:bulkhead-mailboxes") and 0x1E0000000000 <= start < end <= 0x1E0000009000
            if not (own_file or mailboxes or slot <= start < end <= slot + (1 << 32)):
                strange.append(line.strip())
    return strange


def process_from_outside(runner):
    """What a domain's process has in its address space; and what happens when somebody kills it."""
    name = "process-from-outside"
    if not runner.wanted(name):
        return
    archive = runner.archive(name, os.path.join(ROOT, "tests", "hosted", "victims.toml"), ["conductor.scenario=plain-killed", "conductor.plain=process"],
                             everybody("process"))
    log = os.path.join(runner.logs, name + ".log")
    problem, strange = None, []
    with open(log, "wb") as sink, subprocess.Popen([os.path.join(runner.build, "hosted", "bulkhead"), archive], stdout=sink, stderr=sink,
                                                   stdin=subprocess.DEVNULL) as kernel:
        deadline = time.monotonic() + 30
        while "until it is killed" not in open(log, encoding="utf-8", errors="replace").read() and time.monotonic() < deadline:
            time.sleep(0.02)
        children = processes_of(kernel.pid)
        for slot, pid in children.items():
            strange += strange_mappings(pid, slot)
        if len(children) == 3:
            os.kill(children[0x100000000000 + (2 << 32)], signal.SIGKILL)
        else:
            problem = f"{len(children)} processes of 3"
        try:
            status = kernel.wait(timeout=120)
        except subprocess.TimeoutExpired:
            kernel.kill()
            status = None
    left = [pid for pid in children.values() if os.path.exists(f"/proc/{pid}") and "bulkhead-domain" in open(f"/proc/{pid}/comm", encoding="ascii").read()]
    os.unlink(archive)
    if strange:
        problem = f"mapped in a domain's process: {strange[0]}"
    elif left:
        problem = f"processes are left: {left}"
    elif status != 0:
        problem = problem or f"status {status}"
    runner.report(name, problem, open(log, encoding="utf-8", errors="replace").read())


def refused(machine, name, archive, message, arguments=()):
    """The system does not start, and says why."""
    status, text = machine.boot(name, archive, arguments=arguments)
    os.unlink(archive)
    machine.report(name, None if status == 1 and message in text else f"status {status}, and the log does not say `{message}'", text)


def run_refusals(runner, machine):
    """What a mechanism cannot do is said when the system starts."""
    machine.cpus = 1
    victims = os.path.join(ROOT, "tests", "hosted", "victims.toml")
    if machine.wanted("pks-without-keys"):
        archive = machine.archive("pks-without-keys", victims, isolation=[("a", "pks")])
        refused(machine, "pks-without-keys", archive, "isolation pks needs a processor with protection keys", ["-cpu", "max,-pks"])
    if machine.wanted("pks-too-many"):
        manifest = os.path.join(machine.logs, "pks-too-many.toml")
        with open(victims, encoding="utf-8") as source, open(manifest, "w", encoding="utf-8") as target:
            target.write(source.read() + "".join(f'[domain.v{i}]\nimage = "victim"\nisolation = "pks"\nmemory = "1M"\n' for i in range(14)))
        refused(machine, "pks-too-many", machine.archive("pks-too-many", manifest), "all 13 protection keys for domains are in use")
    for name, code, message in (("pks-wrmsr-hidden", b"\xb8\x0f\x30\x90\x90", "the bytes of wrmsr"), ("pks-halt", b"\xf4", "hlt at"),
                                ("pks-loads-fs", b"\x8e\xe0", "mov at")):
        if machine.wanted(name):
            archive = machine.archive(name, victims, isolation=[("a", "pks")])
            data = bytearray(open(archive, "rb").read())
            at = hosted.text_of(data, b"victim-plain")
            data[at:at + len(code)] = code
            open(archive, "wb").write(data)
            refused(machine, name, archive, message)
    if runner.wanted("plain-for-sfi"):
        archive = runner.archive("plain-for-sfi", victims, isolation=[("a", "none")])
        data = bytearray(open(archive, "rb").read())
        domains_at, _ = hosted.table(data, hosted.DOMAINS)
        hosted.put(data, domains_at + DOMAIN_SIZE + ISOLATION_AT, "<I", 0)  # of the second, a
        open(archive, "wb").write(data)
        refused(runner, "plain-for-sfi", archive, "an image of the plain flavour, which sfi does not confine")
    for name, runner, mechanism in (("process-on-bare-metal", machine, "process"), ("paging-in-a-process", runner, "paging"), ("pks-in-a-process", runner, "pks")):
        if runner.wanted(name):
            refused(runner, name, runner.archive(name, victims, isolation=[("a", mechanism)]), f"isolation {mechanism} is not one of this platform")


def main():
    parser = hosted.parser(__doc__)
    parser.add_argument("--all", action="store_true", help="all scenarios on bare metal, too")
    options = parser.parse_args()
    runs = [run_hosted(options), run_machine(options)]
    process_from_outside(runs[0])
    run_refusals(*runs)
    passed, failed = sum(run.passed for run in runs), sum(run.failed for run in runs)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
