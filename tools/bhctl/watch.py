# SPDX-License-Identifier: MIT
"""bhctl trace: record what a running system does, and write it for the tools that show it."""
import os

import chrome
import events
import flame
from machine import Trouble

DEFAULT = ("calls", "exits", "life", "scheduling", "memory", "log")
RECORDS_MIN, RECORDS_MAX = 64, 65536
SAMPLE_HZ_MIN, SAMPLE_HZ_MAX = 1, 10000
SECONDS_MAX = 3600


def power_of_two(count):
    return 1 << max(0, count - 1).bit_length()


def classes_of(arguments):
    """Which classes of events to record, in the order of the table."""
    wanted = set(arguments.events.split(",")) if arguments.events else set(DEFAULT)
    unknown = sorted(wanted - set(events.CLASSES[:-1]))
    if unknown:
        raise Trouble(f"--events: there is no class `{unknown[0]}'; known: {', '.join(events.CLASSES[:-1])}")
    if arguments.profile:
        wanted.add("samples")
    return tuple(name for name in events.CLASSES if name in wanted)


def check(arguments):
    if not 0 < arguments.seconds <= SECONDS_MAX:
        raise Trouble(f"--seconds {arguments.seconds:g}: not between 0 and {SECONDS_MAX}")
    if not SAMPLE_HZ_MIN <= arguments.hz <= SAMPLE_HZ_MAX:
        raise Trouble(f"--hz {arguments.hz}: not between {SAMPLE_HZ_MIN} and {SAMPLE_HZ_MAX}")
    if not RECORDS_MIN <= arguments.records <= RECORDS_MAX:
        raise Trouble(f"--records {arguments.records}: not between {RECORDS_MIN} and {RECORDS_MAX}")
    for path in filter(None, (arguments.output, arguments.flame, arguments.profile)):
        if not os.path.isdir(os.path.dirname(path) or "."):
            raise Trouble(f"{path}: there is no such folder")


def save(path, write):
    """Whole or not at all."""
    part = path + ".part"
    try:
        result = write(part)
        os.replace(part, path)
        return result
    except OSError as error:
        try:
            os.unlink(part)
        except OSError:
            pass
        raise Trouble(f"{path}: {error.strerror}; nothing was written") from error


def trace(control, arguments):
    check(arguments)
    classes = classes_of(arguments)
    recording = events.record(control, classes, arguments.seconds, power_of_two(arguments.records), round(1e9 / arguments.hz), arguments.build)
    span = (recording.end["ns"] - recording.start["ns"]) / 1e9
    note = f"{span:.2f} s, {len(recording.events)} events of {', '.join(classes)}"
    written = []
    if arguments.output or not (arguments.flame or arguments.profile):
        path = arguments.output or "trace.json"
        save(path, lambda part: chrome.write(recording, part))
        written.append(path)
    if arguments.flame:
        save(arguments.flame, lambda part: flame.write(flame.Calls(recording).stacks(), part, "Time by domains", note))
        written.append(arguments.flame)
    if arguments.profile:
        save(arguments.profile, lambda part: flame.write(flame.samples(recording), part, "Time by functions, sampled", note))
        written.append(arguments.profile)
    lost = sum(recording.lost)

    def show():
        print(f"{note}" + (f"; {lost} older ones were overwritten (more room: --records, fewer: --events)" if lost else ""))
        for path in written:
            print(f"{path}: written" + (", for ui.perfetto.dev or chrome://tracing" if path.endswith(".json") else ""))
    return {"ok": True, "seconds": span, "events": len(recording.events), "lost": recording.lost, "files": written}, show


def add_trace(parser):
    parser.add_argument("--seconds", type=float, default=1.0, help="for how long; Ctrl-C ends it sooner (1)")
    parser.add_argument("--events", metavar="LIST", help=f"classes of events, from {','.join(events.CLASSES[:-1])} ({','.join(DEFAULT)})")
    parser.add_argument("-o", "--output", metavar="FILE", help="JSON for ui.perfetto.dev or chrome://tracing (trace.json, if no picture is asked for)")
    parser.add_argument("--flame", metavar="FILE", help="a flame graph: time by domains and methods, as SVG")
    parser.add_argument("--profile", metavar="FILE", help="a flame graph of functions, sampled by the clock, as SVG")
    parser.add_argument("--hz", type=int, default=1000, help="samples a second (1000)")
    parser.add_argument("--records", type=int, default=16384, help="room on each processor, up to 65536; the oldest are overwritten (16384)")
