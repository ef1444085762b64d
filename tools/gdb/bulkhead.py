# SPDX-License-Identifier: MIT
"""gdb for Bulkhead: symbols of each domain as it starts, and what the kernel knows of domains, threads and calls.

  bulkhead-symbols [BUILD]   load symbols of the domains that are there, and of each that starts from now on
  bulkhead-domains           slot, state, colour, restarts, memory, last death of each domain
  bulkhead-threads           each thread: where it is, in which domain, and through which calls it came there

Read by `make debug`."""
import os

import gdb  # pylint: disable=import-error

STATES = ("unused", "loaded", "running", "dead", "ended")
THREAD_STATES = ("free", "ready", "running", "waiting", "ended")
COLOURS = ("gs", "fs")
CONTROL_STACK_AREA, CONTROL_STACK_SIZE, THREADS_MAX = 0x200000000000, 0x10000, 128
BUILD = "build"
loaded = set()


def domains():
    """Each struct domain of the kernel, by slot; the kernel's own is the first."""
    table = gdb.parse_and_eval("'kernel/domain/domain.c'::domains")
    first, last = table.type.range()
    return [table[number].dereference() for number in range(first, last + 1) if int(table[number])]


def image_path(domain):
    image = domain["image"]
    return os.path.join(BUILD, "domains", image["name"].string() + ".elf") if int(image) else None


def load_symbols(name, path, base):
    if base in loaded or not path or not os.path.exists(path):
        return
    loaded.add(base)
    gdb.execute(f"add-symbol-file {path} -o {base:#x}", to_string=True)
    print(f"symbols of {name}: {path} at {base:#x}")


class DomainStarts(gdb.Breakpoint):
    """A thread is made, the first of a domain when its text has just been mapped: load its symbols and go on, which puts breakpoints there."""

    def __init__(self):
        super().__init__("thread_create", internal=True)
        self.silent = True
        self.commands = "silent\nbulkhead-symbols-of-started\ncontinue"


class SymbolsOfStarted(gdb.Command):
    """Used by the breakpoint in thread_create()."""

    def __init__(self):
        super().__init__("bulkhead-symbols-of-started", gdb.COMMAND_OBSCURE)

    def invoke(self, argument, from_tty):
        domain = gdb.parse_and_eval("home").dereference()
        load_symbols(domain["name"].string(), image_path(domain), int(domain["base"]))


class Symbols(gdb.Command):
    """Load symbols of all domains, now and as they start: bulkhead-symbols [BUILD]"""

    def __init__(self):
        super().__init__("bulkhead-symbols", gdb.COMMAND_FILES, gdb.COMPLETE_FILENAME)
        self.watch = None

    def invoke(self, argument, from_tty):
        global BUILD  # pylint: disable=global-statement
        BUILD = argument or BUILD
        gdb.execute("set breakpoint pending on")  # places in domains that have not started yet
        self.watch = self.watch or DomainStarts()
        try:
            for domain in domains():
                load_symbols(domain["name"].string(), image_path(domain), int(domain["base"]))
        except gdb.MemoryError:
            pass  # the machine has not begun: paging is off


class Domains(gdb.Command):
    """What the kernel knows of each domain."""

    def __init__(self):
        super().__init__("bulkhead-domains", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        print(f"{'id':>3} {'name':20} {'state':8} {'colour':6} {'restarts':>8} {'memory':>10} {'calls':>12}  last death")
        for one in domains():
            calls = int(one["call_count"]) + sum(int(thread["calls"][int(one["id"])]) for thread in threads())
            print(f"{int(one['id']):3} {one['name'].string():20} {STATES[int(one['state'])]:8} {COLOURS[int(one['colour'])]:6} "
                  f"{int(one['restarts']):8} {int(one['memory_used']):10} {calls:12}  {one['crash']['text'].string(errors='replace')}")


def threads():
    """Each live struct thread, at the base of its control stack."""
    kind = gdb.lookup_type("struct thread").pointer()
    for number in range(THREADS_MAX):
        thread = gdb.Value(CONTROL_STACK_AREA + number * CONTROL_STACK_SIZE).cast(kind).dereference()
        try:
            if THREAD_STATES[int(thread["state"])] not in ("free", "ended"):
                yield thread
        except gdb.MemoryError:
            continue  # this stack was never made


class Threads(gdb.Command):
    """Each thread with the calls that brought it where it is, innermost first."""

    def __init__(self):
        super().__init__("bulkhead-threads", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        for thread in threads():
            home = thread["home"]
            print(f"{int(thread['id']):3} {thread['name'].string(errors='replace'):16} {THREAD_STATES[int(thread['state'])]:8} "
                  f"priority {int(thread['priority'])}, of {home['name'].string() if int(home) else '?'}, "
                  f"in {thread['domain']['name'].string() if int(thread['domain']) else '?'}")
            record = thread["top"]
            while int(record):
                print(f"      {record['caller']['name'].string()} called {record['callee']['name'].string()}, "
                      f"back to {int(record['resume']):#x}")
                record = record["previous"]


SymbolsOfStarted()
Symbols()
Domains()
Threads()
