# SPDX-License-Identifier: MIT
"""bhctl interpose: a shadow put before a client's server, told what to do, asked what it saw, and taken away, while all of them run."""
import sys

from call import load
from machine import Trouble

MODES = ("log", "measure", "inject", "check", "replay")
FAULTS = ("fail", "delay", "lose", "flip")


def shadow_class(build):
    """The generated client of the interface Shadow, its types, and errors of the system by name."""
    client, kind = load(build, 7)
    return client, kind, sys.modules[kind.__module__]


def bits(words, known, kind):
    """A flags value of words with commas between."""
    total = kind(0)
    for word in words.split(","):
        if word not in known:
            raise Trouble(f"`{word}' is none of {', '.join(known)}")
        total |= kind[word.upper()]
    return total


def number_of(key, text):
    try:
        return int(text, 0)
    except ValueError as error:
        raise Trouble(f"{key}={text}: give a number") from error


def change(module, settings, words, methods):
    """KEY=VALUE from the command line."""
    errors = {name: number for number, name in module.ERRORS.items()}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key not in ("faults", "every", "error", "delay_ns", "seed", "wait_ns", "method"):
            raise Trouble(f"`{word}': write faults=, every=, error=, delay_ns=, seed=, wait_ns= or method=, and a value")
        if key == "faults":
            settings.faults = bits(value, FAULTS, module.ShadowFault)
        elif key == "error":
            settings.error = errors[value] if value in errors else number_of(key, value)
        elif key == "method":
            if value not in methods:
                raise Trouble(f"method={value}: there are {', '.join(methods)}")
            settings.method = methods.index(value)
        else:
            setattr(settings, key, number_of(key, value))


def reports(client, shadow):
    """What was counted of each method."""
    found = []
    try:
        while True:
            found.append(shadow.report(len(found)))
    except client.CallError as error:
        if error.name != "ENOENT":
            raise
    return found


def quantile(histogram, part):
    """The upper end of the range in which that part of the calls lies, in ticks."""
    wanted, seen = part * sum(histogram), 0
    for power, count in enumerate(histogram):
        seen += count
        if count and seen >= wanted:
            return f"<{2 << power}"
    return "-"


def print_reports(found):
    rows = [("METHOD", "CALLS", "FAILED", "INJECTED", "BROKEN", "REPEATED", "TICKS: MEAN", "LEAST", "MOST", "50 %", "99 %")]
    for one in found:
        measured = sum(one.histogram)
        rows.append((one.method, one.calls, one.failed, one.injected, one.broken, one.repeated, one.ticks // measured if measured else "-",
                     one.least or "-", one.most or "-", quantile(one.histogram, 0.5), quantile(one.histogram, 0.99)))
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


def interpose(control, arguments):
    client, kind, module = shadow_class(arguments.build)
    words = f"interpose {arguments.client} {arguments.capability}"
    if arguments.remove:
        port = control.ask(f"{words} off")["port"]
        return {"ok": True, "port": port}, lambda: print(f"{arguments.client} calls {port} by itself again")
    port = control.ask(f"{words} ask")["port"].removesuffix(".shadow")
    if arguments.mode or arguments.setting:
        control.ask(f"{words} on")
    shadow = kind(control, port + ".shadow")
    try:
        found = reports(client, shadow)
        if arguments.mode or arguments.setting:
            settings = shadow.settings()
            settings.mode = settings.mode if not arguments.mode else module.ShadowMode(0) if arguments.mode == "pass" else bits(arguments.mode, MODES, module.ShadowMode)
            change(module, settings, arguments.setting, [one.method for one in found])
            shadow.set(settings)
        if arguments.clear:
            shadow.clear()
            found = reports(client, shadow)
    except (client.CallError, client.Mistake) as error:
        raise Trouble(str(error)) from error
    answer = {"ok": True, "port": port, "mode": arguments.mode, "methods": [{name: getattr(one, name) for name, *_ in one.FIELDS} for one in found]}
    if arguments.mode or arguments.setting:
        return answer, lambda: print(f"{arguments.client} calls {port} through {port}.shadow{': ' + arguments.mode if arguments.mode else ''}")
    return answer, lambda: print_reports(found)
