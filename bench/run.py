#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the benchmarks: one readable table, BUILD/bench/NAME.json and NAME.svg for each.

  call         a call into another domain beside an indirect call, a pipe, an eventfd and a futex (hosted, native)
  confinement  programs compiled by bhcc against plain clang -O2 (hosted, native)
  hardened     the same programs in a hardened domain against a domain as usual (hosted, native)
  workloads    real libraries compiled by clang, gcc, for a domain, and through wasm2c (hosted, native)
  verifier     MB/s of text beside capstone alone
  exits        instructions for a VM exit handled in the vmm domain (QEMU, counted)
  boot         instructions from start to the guest's shell, beside the guest alone (QEMU, counted)
  lines        trusted code by folder

Every comparison is made within one run. A target that is missed is said, and does not fail the command.
"""
import argparse
import glob
import json
import math
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import boot as boot_bench  # noqa: E402
import exits as exits_bench  # noqa: E402
import plot  # noqa: E402
from table import Table, cell, spread  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CALL_LIMIT = 15  # core cycles over an indirect call
MEAN_LIMIT, PROGRAM_LIMIT = 1.03, 1.10
VERIFIER_LIMIT = 10  # MB/s
TIMEOUT = 300
SLOW = ("boot", "workloads")  # boot Linux twice, compile libraries four times: left out of --quick


class Failure(Exception):
    """A benchmark did not run."""


def harness(options, name, *arguments):
    """Run BUILD/bench/NAME; what it wrote, as data."""
    out = os.path.join(options.out, name + ".json")
    program = os.path.join(options.build, "bench", name)
    if not os.path.exists(program):
        raise Failure(f"{program} is missing; `make bench' builds it")
    try:
        done = subprocess.run([program, arguments[0], out + ".new", *map(str, arguments[1:])], stdin=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{name} did not end within {TIMEOUT} s") from error
    if done.returncode:
        raise Failure(f"{name} failed with status {done.returncode}:\n{done.stderr.rstrip()}")
    with open(out + ".new", encoding="utf-8") as file:
        data = json.load(file)
    os.remove(out + ".new")
    return data


def save(options, data):
    """Write NAME.json whole or not at all; the path of the plot that goes with it."""
    out = os.path.join(options.out, data["benchmark"] + ".json")
    with open(out + ".new", "w", encoding="utf-8") as file:
        json.dump(data, file, indent=1)
        file.write("\n")
    os.replace(out + ".new", out)
    return os.path.join(options.out, data["benchmark"] + ".svg")


def call(options):
    data = harness(options, "call", os.path.join(options.build, "bench", "bench.archive"), 21 if options.quick else 1001)
    by_name = {kind["name"]: kind for kind in data["kinds"]}
    # Against the cheaper of the two indirect calls: how long one takes depends on where the compiler put the loop.
    cheapest = min(by_name[name]["cycles"]["median"] for name in ("indirect", "local"))
    over = by_name["call"]["cycles"]["median"] - cheapest
    data["targets"] = [{"what": "call with bases cached, core cycles over the cheaper indirect call", "value": round(over, 2),
                        "limit": CALL_LIMIT, "met": over <= CALL_LIMIT}]
    rate = data["cycles_per_tick"] / data["tick_ns"]
    table = Table(f"Calls, one process, processor {data['processor']} at {rate:.2f} GHz: medians of {data['rounds']} batches, there and back",
                  ["", "ns", "core cycles", "quartiles", "base writes"])
    for kind in data["kinds"]:
        writes = kind.get("base_writes")
        table.row(kind["what"], cell(kind["ns"]["median"]), cell(kind["cycles"]["median"]), spread(kind["cycles"]), "" if writes is None else f"{writes:.1f}")
    table.targets(data["targets"])
    plot.bars(save(options, data), "There and back, core cycles (logarithmic)",
              [(kind["what"], kind["cycles"]["median"], kind["cycles"]) for kind in data["kinds"]], logarithmic=True)
    return table


def compared(options, name, archive, turns, way):
    """Run a comparison of programs; its data, with the geometric mean of a way's ratios."""
    data = harness(options, name, os.path.join(options.build, archive), *([3, 200] if options.quick else turns))
    programs = data["programs"]
    data["geometric_mean"] = round(math.exp(sum(math.log(program[way]["ratio"]["median"]) for program in programs) / len(programs)), 4)
    data["targets"] = []
    return data


def pair_rows(table, data, first, second):
    for program in data["programs"]:
        ratio = program[second]["ratio"]
        table.row(f"{program['name']:12} {program['what']}", cell(program[first]["ns"]["median"] / 1e6), cell(program[second]["ns"]["median"] / 1e6),
                  f"{ratio['median']:.3f}", spread(ratio, 3))


def ratio_bars(data, way):
    return [(program["name"], program[way]["ratio"]["median"], program[way]["ratio"]) for program in data["programs"]]


def confinement(options):
    data = compared(options, "confinement", "bench/bench.archive", [61, 4000], "domain")
    programs, mean = data["programs"], data["geometric_mean"]
    worst = max(programs, key=lambda program: program["domain"]["ratio"]["median"])
    data["targets"] = [
        {"what": f"geometric mean of {len(programs)} programs", "value": round(mean, 3), "limit": MEAN_LIMIT, "met": mean <= MEAN_LIMIT},
        {"what": f"the worst program ({worst['name']})", "value": round(worst["domain"]["ratio"]["median"], 3), "limit": PROGRAM_LIMIT,
         "met": worst["domain"]["ratio"]["median"] <= PROGRAM_LIMIT}]
    table = Table(f"Confinement, bhcc in a domain / clang -O2: medians of {data['turns']} turns, processor {data['processor']}",
                  ["", "clang ms", "bhcc ms", "ratio", "quartiles"])
    pair_rows(table, data, "clang", "domain")
    table.targets(data["targets"])
    plot.bars(save(options, data), "Time in a domain as a share of clang -O2", ratio_bars(data, "domain"),
              marks=[(1, "1"), (MEAN_LIMIT, ""), (PROGRAM_LIMIT, "1.10")])
    return table


def hardened(options):
    data = compared(options, "hardened", "bench/bench.archive", [31, 4000], "hardened")
    table = Table(f"Hardened domain / domain as usual: medians of {data['turns']} turns, processor {data['processor']}",
                  ["", "usual ms", "hardened ms", "ratio", "quartiles"])
    pair_rows(table, data, "usual", "hardened")
    table.note(f"geometric mean of {len(data['programs'])} programs: {data['geometric_mean']:.3f}; no target: it is what the mode costs")
    plot.bars(save(options, data), "Time in a hardened domain as a share of one as usual", ratio_bars(data, "hardened"), marks=[(1, "1")])
    return table


WAYS = {"gcc": "gcc -O2", "domain": "domain", "wasm2c": "wasm2c"}


def workloads(options):
    data = compared(options, "workloads", "workloads/workloads.archive", [21, 8000], "domain")
    programs = data["programs"]
    means = {way: math.exp(sum(math.log(program[way]["ratio"]["median"]) for program in programs) / len(programs)) for way in WAYS}
    lost = [program for program in programs if program["domain"]["ratio"]["median"] >= program["wasm2c"]["ratio"]["median"]]
    data["geometric_means"] = {way: round(mean, 4) for way, mean in means.items()}
    data["targets"] = [
        {"what": f"geometric mean of {len(programs)} workloads in a domain", "value": round(means["domain"], 3), "limit": MEAN_LIMIT,
         "met": means["domain"] <= MEAN_LIMIT},
        {"what": "workloads in which wasm2c is not slower" + "".join(f", {program['name']}" for program in lost), "value": len(lost), "limit": 0,
         "met": not lost}]
    table = Table(f"Workloads, time as a share of clang -O2: medians of {data['turns']} turns, processor {data['processor']}",
                  ["", "clang ms", *WAYS.values(), "quartiles of the domain"])
    for program in programs:
        table.row(f"{program['name']:13} {program['what']}", cell(program["clang"]["ns"]["median"] / 1e6),
                  *(f"{program[way]['ratio']['median']:.3f}" for way in WAYS), spread(program["domain"]["ratio"], 3))
    table.row("geometric mean", "", *(f"{mean:.3f}" for mean in means.values()), "")
    table.targets(data["targets"])
    plot.bars(save(options, data), "Time as a share of clang -O2",
              [(f"{program['name']}: {way}", program[way]["ratio"]["median"], program[way]["ratio"]) for program in programs for way in WAYS],
              marks=[(1, "1"), (MEAN_LIMIT, "")])
    return table


def verifier(options):
    images = sorted(glob.glob(os.path.join(options.build, "domains", "*.elf")), key=os.path.getsize)
    if not images:
        raise Failure(f"there is no image in {options.build}/domains; `make all' builds some")
    data = harness(options, "verifier", images[-1], 2 if options.quick else 15)
    speed, alone = data["verifier_mb_s"], data["capstone_mb_s"]
    data["targets"] = [{"what": "verifier, MB/s of text on one core", "value": round(speed["median"], 2), "limit": VERIFIER_LIMIT,
                        "met": speed["median"] >= VERIFIER_LIMIT, "least": True}]
    table = Table(f"Verifier, one core: {os.path.basename(data['image'])}, {data['text_bytes']} bytes of text, "
                  f"{data['instructions']} instructions", ["", "MB/s", "quartiles"])
    table.row("verifier, whole", cell(speed["median"]), spread(speed))
    table.row("capstone alone, with details", cell(alone["median"]), spread(alone))
    table.targets(data["targets"])
    plot.bars(save(options, data), "MB of text in a second", [("verifier", speed["median"], speed), ("capstone alone", alone["median"], alone)],
              marks=[(VERIFIER_LIMIT, "10")])
    return table


def exits(options):
    data, table = exits_bench.run(options, Failure)
    path = save(options, data)
    rows = [(kind["what"], kind["instructions"], None) for kind in data["kinds"]]
    rows += [(what, instructions, None) for what, instructions in data["for_scale"].items()]
    plot.bars(path, "Instructions for a VM exit, there and back", rows, marks=[(exits_bench.LIMIT, str(exits_bench.LIMIT))])
    return table


def boot(options):
    data, table = boot_bench.run(options, Failure)
    rows = [(part["name"], part["instructions"] / 1e6, None) for part in data["parts"]]
    plot.bars(save(options, data), "Millions of instructions to the guest's shell",
              rows + [("all", data["bulkhead"] / 1e6, None), ("the guest alone", data["direct"] / 1e6, None)])
    return table


def lines(options):
    command = [os.path.join(ROOT, "tools", "metrics.py"), "--build", os.path.abspath(options.build), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"tools/metrics.py: {done.stderr.strip()}")
    data = {"benchmark": "lines", **json.loads(done.stdout)}
    data["targets"] = [{"what": "trusted lines without libraries", "value": data["trusted"], "limit": data["limit"],
                        "met": data["trusted"] <= data["limit"]}]
    table = Table("Trusted code, lines without comments and blank ones", ["", "files", "lines"])
    for folder in data["trusted_folders"]:
        table.row(folder["folder"], str(folder["files"]), str(folder["lines"]))
    table.targets(data["targets"])
    plot.bars(save(options, data), "Lines of trusted code", [(folder["folder"], folder["lines"], None) for folder in data["trusted_folders"]])
    return table


BENCHMARKS = {"call": call, "confinement": confinement, "hardened": hardened, "workloads": workloads, "verifier": verifier, "exits": exits, "boot": boot, "lines": lines}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="folder of the build (default: build)")
    parser.add_argument("--only", default="", metavar="NAME", help="one benchmark: " + ", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="few repetitions, no Linux: shows that everything runs, measures nothing (results: BUILD/bench/quick)")
    options = parser.parse_args()
    if options.only and options.only not in BENCHMARKS:
        parser.error(f"there is no benchmark `{options.only}' (known: {', '.join(BENCHMARKS)})")
    options.out = os.path.join(options.build, "bench", *(["quick"] if options.quick else []))
    os.makedirs(options.out, exist_ok=True)
    failed = 0
    names = [options.only] if options.only else [name for name in BENCHMARKS if not (options.quick and name in SLOW)]
    for name in names:
        try:
            print(BENCHMARKS[name](options).text(), flush=True)
        except Failure as failure:
            print(f"bench/{name}: {failure}\n", file=sys.stderr, flush=True)
            failed += 1
    print(f"data and plots: {options.out}/*.json, *.svg")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
