#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Talk to a running Bulkhead system over its control line.

  bhctl domains                      what runs, with restarts, memory and calls
  bhctl crash DOMAIN --how KIND      break a domain on purpose
  bhctl kill DOMAIN                  end it, as its supervisor would
  bhctl restart DOMAIN               start it again, also one that was given up
  bhctl upgrade DOMAIN IMAGE         put another image in its place while the system runs; the one before comes back if that fails its first second
  bhctl upgrade --list               which build of its image each domain runs
  bhctl backtrace DOMAIN             its last death: cause, place, callers
  bhctl log [--follow]               the kernel's log
  bhctl memory                       memory, threads, buffers, capabilities of the whole system
  bhctl cpus                         how busy each processor is, and whose code it runs
  bhctl caps [DOMAIN] [--svg FILE]   who holds which capability, derived from whose, leading to what; as a picture
  bhctl call PORT [METHOD ARG...]    call a method of a port that the manifest grants to control; without METHOD: what there is
  bhctl interpose CLIENT CAP [MODE]  put a shadow before what CLIENT calls by CAP: log, measure, inject, check, replay, some of them with commas
                                     between, or pass; without MODE: what it counted; --remove takes it away
  bhctl trace [-o FILE] [--flame FILE] [--profile FILE]   record calls, exits, deaths, scheduling; for ui.perfetto.dev, and as flame graphs
  bhctl core [DOMAIN] [-o FILE]      what is left of a domain that died, as a core file for gdb; first: bhctl core --keep on
  bhctl top [--once]                 what is busy: domains, calls between them and how long they take, rings
  bhctl metrics [--listen PORT]      the same numbers for Prometheus
  bhctl off [STATUS]                 end the system

Every command takes --json. Exit status: 0 done, 1 refused or no system there, 2 wrong usage.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tools", "run"))
import call as calls  # noqa: E402  pylint: disable=wrong-import-position
import pci as functions  # noqa: E402  pylint: disable=wrong-import-position
import shadows  # noqa: E402  pylint: disable=wrong-import-position
import caps as graph  # noqa: E402  pylint: disable=wrong-import-position
import core as cores  # noqa: E402  pylint: disable=wrong-import-position
import upgrade as upgrades  # noqa: E402  pylint: disable=wrong-import-position
import figures  # noqa: E402  pylint: disable=wrong-import-position
import watch  # noqa: E402  pylint: disable=wrong-import-position
from machine import Control, Trouble  # noqa: E402  pylint: disable=wrong-import-position

KINDS = {"null": "store through a null pointer", "wild-kernel": "store to an address of the kernel", "wild-slot": "store to an address of another slot",
         "undefined": "undefined instruction", "divide": "division by zero", "loop": "endless loop", "control-stack": "endless recursion, control stack",
         "data-stack": "endless recursion, data stack", "panic": "it gives up by itself", "ring": "broken completions in its ring",
         "dma": "its device is sent to memory that nobody granted, with its next transfer", "irq-storm": "its interrupts come without end",
         "hang": "those of its threads that wait for an event wait for ever",
         "leak": "it takes memory, threads and capabilities until it gets no more, and gives up a second later"}
# What need not end it.
DISTURBANCES = {"irq-drop": "for a second its interrupts get lost", "irq-repeat": "for a second its interrupts come again and again"}


def amount(count):
    """Bytes for people."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 10240 or unit == "GiB":
            return f"{count} {unit}"
        count //= 1024
    return ""


def table(rows):
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


def domains(control, _):
    answer = control.ask("domains")
    rows = [("ID", "NAME", "STATE", "RESTARTS", "LAST DEATH", "THREADS", "CAPS", "MEMORY", "QUOTA", "CALLS", "COLOUR", "BASE WRITES", "BREACHES", "IMAGE")]
    for one in answer["domains"]:
        cause = one["cause"] if one["cause"] != "none" else "-"
        state = "given up" if one["state"] == "ended" and one["cause"] not in ("none", "exit") else one["state"]
        rows.append((one["id"], one["name"], state, one["restarts"], cause, one["threads"], one["caps"], amount(one["memory"]),
                     amount(one["memory_quota"]), one["calls"], one["colour"], one["base_writes"], one["breaches"], (one["image"] or "-")[:8]))
    return answer, lambda: table(rows)


def crash(control, arguments):
    answer = control.ask(f"crash {arguments.domain} {arguments.how}")
    if arguments.how in DISTURBANCES:
        return answer, lambda: print(f"{arguments.domain}: {DISTURBANCES[arguments.how]}")
    return answer, lambda: print(f"{arguments.domain}: {KINDS[arguments.how]}; `bhctl backtrace {arguments.domain}' shows what came of it")


def kill(control, arguments):
    return control.ask(f"kill {arguments.domain}"), lambda: print(f"{arguments.domain} was killed")


def restart(control, arguments):
    return control.ask(f"restart {arguments.domain}"), lambda: print(f"{arguments.domain} runs")


def source_line(build, name, offset):
    """FILE:LINE of an offset in a domain's image, or nothing."""
    image = os.path.join(build, "domains", name + ".elf")
    tool = shutil.which("llvm-symbolizer-19") or shutil.which("addr2line")
    if not tool or not os.path.exists(image):
        return ""
    command = [tool, "--obj=" + image, hex(offset)] if "symbolizer" in tool else [tool, "-e", image, hex(offset)]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip().splitlines()
    place = next((line for line in lines if ":" in line and not line.startswith("?")), "")
    return os.path.relpath(place, os.path.realpath(ROOT)) if place.startswith("/") else place


def backtrace(control, arguments):
    answer = control.ask(f"backtrace {arguments.domain}")
    names = {one["id"]: one["name"] for one in control.ask("domains")["domains"]}

    def show():
        print(f"{arguments.domain} (instance {answer['generation']}): {answer['cause']}: {answer['text']}")
        for number, frame in enumerate(answer["frames"]):
            name = names.get(frame["domain"], "kernel")
            # A return address stands behind its call.
            place = source_line(arguments.build, name, frame["offset"] - (1 if number else 0))
            print(f"  #{number:<2} {name}: {frame['symbol'] or '?'}+0x{frame['within']:x} (0x{frame['offset']:x}){'  ' + place if place else ''}")
        if not answer["frames"]:
            print("  (no frames: none of its threads was running)")
    return answer, show


def read_log(control, position):
    text = ""
    while True:
        answer = control.ask(f"log {position}")
        text += answer["text"]
        if answer["next"] == position or not answer["text"]:
            return text, answer["next"]
        position = answer["next"]


def log(control, arguments):
    text, position = read_log(control, 0)
    if not arguments.follow:
        return {"ok": True, "text": text}, lambda: sys.stdout.write(text)
    while True:
        sys.stdout.write(text)
        sys.stdout.flush()
        time.sleep(0.3)
        text, position = read_log(control, position)


def memory(control, _):
    answer = control.ask("memory")

    def show():
        print(f"memory   {amount(answer['free'])} free of {amount(answer['total'])}; page tables {amount(answer['tables'])}, the kernel's own {amount(answer['heap'])}")
        print(f"uptime   {answer['uptime_ns'] / 1e9:.1f} s")
        print(f"threads  {answer['threads']}\nbuffers  {answer['buffers']}\ncaps     {answer['caps']}")
    return answer, show


def cpus(control, _):
    answer = control.ask("cpus")
    names = {one["id"]: one["name"] for one in control.ask("domains")["domains"]}
    uptime = control.ask("memory")["uptime_ns"]
    rows = [("ID", "HARDWARE ID", "BUSY", "SWITCHES", "STEALS", "NOW")]
    for one in answer["cpus"]:
        rows.append((one["id"], one["hardware_id"], f"{one['busy_ns'] / uptime:.0%}", one["switches"], one["steals"], names.get(one["domain"], "-")))
    return answer, lambda: table(rows)


def caps(control, arguments):
    names = {one["id"]: one["name"] for one in control.ask("domains")["domains"]}
    if arguments.domain and arguments.domain not in names.values():
        raise Trouble(f"there is no domain \"{arguments.domain}\"; `bhctl domains' lists them")
    domains = [{**control.ask(f"caps {name}"), "name": name} for name in names.values()]
    if arguments.svg:
        try:
            with open(arguments.svg, "w", encoding="utf-8") as file:
                file.write(graph.svg(domains, names))
        except OSError as error:
            raise Trouble(f"{arguments.svg}: {error.strerror}") from error
    answer = {"ok": True, "domains": [one for one in domains if arguments.domain in (None, one["name"])]}
    return answer, lambda: print(f"{arguments.svg}: written" if arguments.svg else graph.text(domains, names, arguments.domain))


def off(control, arguments):
    try:
        answer = control.ask(f"off {arguments.status}")
    except Trouble as trouble:
        if "the machine ended" not in str(trouble):
            raise
        answer = {"ok": True}  # it was quicker than its answer
    return answer, lambda: print("the system was told to end")


def parse():
    parser = argparse.ArgumentParser(prog="bhctl", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="the answer as JSON")
    shared.add_argument("--socket", default=os.path.join("build", "run", "control.sock"), help="control socket (build/run/control.sock)")
    shared.add_argument("--build", default="build", help="where the images are, for file and line (build)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, function, words in (("domains", domains, ""), ("crash", crash, "d"), ("kill", kill, "d"), ("restart", restart, "d"), ("upgrade", upgrades.upgrade, ""),
                                  ("backtrace", backtrace, "d"), ("log", log, ""), ("memory", memory, ""), ("cpus", cpus, ""), ("caps", caps, ""), ("pci", functions.pci, ""), ("call", calls.call, ""), ("interpose", shadows.interpose, ""),
                                  ("trace", watch.trace, ""), ("core", cores.core, ""), ("top", figures.top, ""),
                                  ("metrics", figures.metrics, ""), ("off", off, "")):
        one = commands.add_parser(name, parents=[shared])
        one.set_defaults(function=function)
        if words:
            one.add_argument("domain")
        if name == "crash":
            one.add_argument("--how", choices={**KINDS, **DISTURBANCES}, default="null", help="default: null")
        if name == "log":
            one.add_argument("--follow", "-f", action="store_true", help="go on with what comes")
        if name == "caps":
            one.add_argument("domain", nargs="?", help="only this one's")
            one.add_argument("--svg", metavar="FILE", help="write the graph of all domains as a picture")
        if name == "call":
            one.add_argument("port", help="the name of a grant of control's, or #N: a capability that a call returned")
            one.add_argument("method", nargs="?")
            one.add_argument("argument", nargs="*", help="numbers, names of enums (flags: A|B), text, structs as JSON, bytes and buffers in hexadecimal or "
                             "@FILE, names of capabilities, none for what is optional")
        if name == "interpose":
            one.add_argument("client", help="a domain")
            one.add_argument("capability", help="its name in the manifest, or #N")
            one.add_argument("mode", nargs="?")
            one.add_argument("setting", nargs="*", help="faults=fail,delay,lose,flip every=N error=NAME delay_ns=N seed=N method=NAME wait_ns=N")
            one.add_argument("--remove", action="store_true", help="let it call the server itself again")
            one.add_argument("--clear", action="store_true", help="begin to count from nothing")
        if name == "upgrade":
            upgrades.add_upgrade(one)
        if name == "core":
            cores.add_core(one)
        if name == "top":
            figures.add_top(one)
        if name == "metrics":
            figures.add_metrics(one)
        if name == "trace":
            watch.add_trace(one)
        if name == "pci":
            functions.add_pci(one)
        if name == "off":
            one.add_argument("status", nargs="?", type=int, default=0)
    return parser.parse_args()


def main():
    arguments = parse()
    try:
        control = Control(arguments.socket, timeout=10)
        answer, show = arguments.function(control, arguments)
    except Trouble as trouble:
        if arguments.json:
            print(json.dumps({"ok": False, "error": str(trouble)}))
        else:
            print(f"bhctl: {trouble}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        return 130
    if arguments.json:
        print(json.dumps(answer))
    else:
        show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
