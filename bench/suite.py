# SPDX-License-Identifier: MIT
"""The benchmarks, each a function that measures and returns a Result (result.py). A new one is a function here and a row of BENCHMARKS."""
import json
import math
import os
import subprocess

import boot as boot_bench
import dma as dma_bench
import exits as exits_bench
import mechanisms as mechanisms_bench
import network as network_bench
import plot
import recovery as recovery_bench
import ring_bench
from published import CALLS, figure
from result import Result, write
from stats import quantile
from table import Table, cell, spread

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CALL_LIMIT = 15  # core cycles over an indirect call
MEAN_LIMIT, PROGRAM_LIMIT = 1.03, 1.10
VERIFIER_LIMIT = 10  # MB/s
TIMEOUT = 300
QUARTILES = {"low": 0.25, "median": 0.5, "high": 0.75}


class Failure(Exception):
    """A benchmark did not run."""


def harness(options, name, *arguments):
    """Run BUILD/bench/NAME as often as there are to be runs; what it wrote, as data, with the samples of all."""
    out = os.path.join(options.out, name + ".json.new")
    program = os.path.join(options.build, "bench", name)
    runs = []
    if not os.path.exists(program):
        raise Failure(f"{program} is missing; `make bench' builds it")
    for _ in range(options.runs):
        try:
            done = subprocess.run([program, arguments[0], out, *map(str, arguments[1:])], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                  timeout=TIMEOUT, check=False)
        except subprocess.TimeoutExpired as error:
            raise Failure(f"{name} did not end within {TIMEOUT} s") from error
        if done.returncode:
            raise Failure(f"{name} failed with status {done.returncode}:\n{done.stderr.rstrip()}")
        with open(out, encoding="utf-8") as file:
            runs.append(json.load(file))
        os.remove(out)
    return pooled(runs)


def pooled(runs):
    """The data of several runs as one: samples by run, with the quartiles of all; everything else is the first run's."""
    first = runs[0]
    if isinstance(first, dict) and "samples" in first:
        ordered = sorted(value for run in runs for value in run["samples"])
        return {"runs": [run["samples"] for run in runs], **{name: quantile(ordered, part) for name, part in QUARTILES.items()}}
    if isinstance(first, dict):
        return {key: pooled([run[key] for run in runs]) for key in first}
    if isinstance(first, list):
        return [pooled(list(row)) for row in zip(*runs)]
    return first


def finish(options, result, title, rows, **look):
    """Keep the plot in the result, and NAME.json and NAME.svg beside the report."""
    result.plot = plot.bars(title, rows, **look)
    write(os.path.join(options.out, result.name + ".json"), result.data)
    write(os.path.join(options.out, result.name + ".svg"), result.plot)
    return result


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
    result = Result("call", "Calls into another domain", "There and back, in one process on one processor: in each round every kind gets one batch. Core cycles are "
                    "ticks times what a chain of dependent additions says of the clock rate at that moment.", data, table)
    for kind in data["kinds"]:
        beside = "call/indirect" if kind["name"] != "indirect" else None
        result.measure(f"call/{kind['name']}", kind["what"], "core cycles", kind["cycles"]["runs"], beside=beside)
    result.figures(CALLS)
    return finish(options, result, "There and back, core cycles (logarithmic)",
                  [(kind["what"], kind["cycles"]["median"], kind["cycles"]) for kind in data["kinds"]], logarithmic=True)


def compared(options, name, archive, turns, way):
    """Run a comparison of programs; its data, with the geometric mean of a way's ratios."""
    data = harness(options, name, os.path.join(options.build, archive), *([3, 200] if options.quick else turns))
    programs = data["programs"]
    data["geometric_mean"] = round(mean_of([program[way]["ratio"]["median"] for program in programs]), 4)
    data["targets"] = []
    return data


def mean_of(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def measure_ways(result, base, *ways):
    """A measure of each program and way, beside the one that all are compared with, and of the geometric means by turn."""
    programs = result.data["programs"]
    for way, title in ways:
        for program in programs:
            result.measure(f"{result.name}/{program['name']}/{way}", f"{program['name']}: {title}", f"of {base}", program[way]["ratio"]["runs"])
        runs = zip(*(program[way]["ratio"]["runs"] for program in programs))
        result.measure(f"{result.name}/mean/{way}", f"geometric mean of {len(programs)}: {title}", f"of {base}",
                       [[mean_of(turn) for turn in zip(*run)] for run in runs])


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
    result = Result("confinement", "What confinement costs", "Each program compiled by bhcc into a domain and by clang -O2 into the benchmark, run in turn by one thread; the ratio "
                    "is of the same turn.", data, table)
    measure_ways(result, "clang -O2", ("domain", "domain"))
    return finish(options, result, "Time in a domain as a share of clang -O2", ratio_bars(data, "domain"),
                  marks=[(1, "1"), (MEAN_LIMIT, ""), (PROGRAM_LIMIT, "1.10")])


def hardened(options):
    data = compared(options, "hardened", "bench/bench.archive", [31, 4000], "hardened")
    table = Table(f"Hardened domain / domain as usual: medians of {data['turns']} turns, processor {data['processor']}",
                  ["", "usual ms", "hardened ms", "ratio", "quartiles"])
    pair_rows(table, data, "usual", "hardened")
    table.note(f"geometric mean of {len(data['programs'])} programs: {data['geometric_mean']:.3f}; no target: it is what the mode costs")
    result = Result("hardened", "What the hardened mode costs", "The same programs in two domains, one of them hardened against speculation, run in turn.", data, table)
    measure_ways(result, "a domain as usual", ("hardened", "hardened domain"))
    return finish(options, result, "Time in a hardened domain as a share of one as usual", ratio_bars(data, "hardened"), marks=[(1, "1")])


WAYS = {"gcc": "gcc -O2", "domain": "domain", "wasm2c": "wasm2c"}


def workloads(options):
    data = compared(options, "workloads", "workloads/workloads.archive", [21, 8000], "domain")
    programs = data["programs"]
    means = {way: mean_of([program[way]["ratio"]["median"] for program in programs]) for way in WAYS}
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
    result = Result("workloads", "Real libraries", "Libraries from Debian's source packages, compiled by clang, gcc, for a domain, and by way of WebAssembly and wasm2c; one thread runs "
                    "them in turn.", data, table)
    measure_ways(result, "clang -O2", *WAYS.items())
    return finish(options, result, "Time as a share of clang -O2",
                  [(f"{program['name']}: {way}", program[way]["ratio"]["median"], program[way]["ratio"]) for program in programs for way in WAYS],
                  marks=[(1, "1"), (MEAN_LIMIT, "")])


def rings(options):
    data = harness(options, ring_bench.program(options.build), "all", *([3, 50] if options.quick else [61, 1]))
    table = ring_bench.tell(data)
    result = Result("rings", "Rings", "A request of 16 bytes and its answer, by several ways in one process, one after the other in each round. A sample during which another program "
                    "took a processor is measured again.", data, table)
    for kind in data["kinds"]:
        result.measure(ring_bench.key_of(kind), f"{kind['group']}, batch {kind['batch']}: {kind['what']}", "ns", kind["ns"]["runs"],
                       beside=ring_bench.beside(kind, data["kinds"]))
    return finish(options, result, "Nanoseconds for a message and its answer, batches of 8 (logarithmic)",
                  [(f"{kind['group']}: {kind['what']}", kind["ns"]["median"], kind["ns"]) for kind in data["kinds"]
                   if kind["batch"] == 8 or kind["group"] == "latency"], logarithmic=True)


def verifier(options):
    image = os.path.join(options.build, "domains", "vmm.elf")
    if not os.path.exists(image):
        raise Failure(f"{image} is missing; `make bench' builds it")
    data = harness(options, "verifier", image, 2 if options.quick else 15)
    speed, alone = data["verifier_mb_s"], data["capstone_mb_s"]
    data["targets"] = [{"what": "verifier, MB/s of text on one core", "value": round(speed["median"], 2), "limit": VERIFIER_LIMIT,
                        "met": speed["median"] >= VERIFIER_LIMIT, "least": True}]
    table = Table(f"Verifier, one core: {os.path.basename(data['image'])}, {data['text_bytes']} bytes of text, "
                  f"{data['instructions']} instructions", ["", "MB/s", "quartiles"])
    table.row("verifier, whole", cell(speed["median"]), spread(speed))
    table.row("capstone alone, with details", cell(alone["median"]), spread(alone))
    table.targets(data["targets"])
    result = Result("verifier", "The verifier's speed", "The vmm's image is verified again and again, beside capstone decoding the same text and doing nothing else.", data, table)
    result.measure("verifier/whole", "verifier", "MB/s", speed["runs"], more_is_better=True, beside="verifier/capstone")
    result.measure("verifier/capstone", "capstone alone, with details", "MB/s", alone["runs"], more_is_better=True)
    return finish(options, result, "MB of text in a second", [("verifier", speed["median"], speed), ("capstone alone", alone["median"], alone)],
                  marks=[(VERIFIER_LIMIT, "10")])


def exits(options):
    data, table = exits_bench.run(options, Failure)
    result = Result("exits", "VM exits", "From the guest's instruction to its next one, counted by the emulator: whatever runs, guest, kernel or vmm domain.", data, table)
    for kind in data["kinds"]:
        result.measure(f"exits/{kind['name']}", kind["what"], "instructions", value=kind["instructions"])
    result.figures(figure(what, number, ("measured once with the same guest", "the same emulator, Linux 6.1 KVM nested in it"), "instructions")
                   for what, number in data["for_scale"].items())
    rows = [(kind["what"], kind["instructions"], None) for kind in data["kinds"]]
    rows += [(what, instructions, None) for what, instructions in data["for_scale"].items()]
    return finish(options, result, "Instructions for a VM exit, there and back", rows, marks=[(exits_bench.LIMIT, str(exits_bench.LIMIT))])


def dma(options):
    data = dma_bench.run(options, Failure)
    table = Table("A buffer lent to a driver for its device and taken back, instructions", ["", *(f"{size}: {kind}" for size in dma_bench.SIZES for kind in ("map", "unmap", "ratio"))])
    result = Result("dma", "Buffers for devices", "A driver asks where a buffer is, which maps it for its device, and gives it up, which unmaps it. Instructions on bare metal under QEMU's "
                    "instruction counting, with an IOMMU and without; what the IOMMU itself takes to forget is not seen.", data, table)
    rows = []
    for name, (what, _, _) in dma_bench.MACHINES.items():
        machine = data["machines"][name]
        table.row(what, *(text for found in machine["sizes"].values() for text in (cell(found["map"]), cell(found["unmap"]), cell(found["ratio"]))))
        table.note(f"{what}: its IOMMU is told to forget {machine['forgotten']:.0f} times for each lending" if name != "none" else "ratio: both together, to the same without an IOMMU")
        for size, found in machine["sizes"].items():
            for kind in ("map", "unmap"):
                result.measure(f"dma/{name}/{size}/{kind}", f"{kind} {size}, {what}", "instructions", value=found[kind], beside=f"dma/none/{size}/{kind}" if name != "none" else None)
            rows.append((f"{size}, {what}", found["map"] + found["unmap"], None))
        result.measure(f"dma/{name}/forgotten", f"orders to forget for each lending, {what}", "orders", value=machine["forgotten"])
    return finish(options, result, "Instructions to lend a buffer and to take it back (logarithmic)", rows, logarithmic=True)


def network(options):
    data = network_bench.run(options, Failure)
    table = Table(f"{data['payload']:,} bytes of TCP payload from one client of the switch to another, instructions", ["", "instructions", "to one kept whole"])
    result = Result("network", "Software segmentation", "What the switch does for a client that takes no segments as they are. Instructions of everything on bare metal under QEMU's instruction "
                    "counting, from the sender's submission to the receiver's last frame; neither side reads or writes payload.", data, table)
    for kind in data["kinds"]:
        table.row(kind["what"], cell(kind["instructions"]), cell(kind["ratio"]))
        result.measure(f"network/{kind['name']}", kind["what"], "instructions", value=kind["instructions"], beside=None if kind["name"] == "whole" else "network/whole")
    return finish(options, result, "Instructions for 64 KB of TCP payload", [(kind["what"], kind["instructions"], None) for kind in data["kinds"]])


def boot(options):
    data, table = boot_bench.run(options, Failure)
    rows = [(part["name"], part["instructions"] / 1e6, None) for part in data["parts"]]
    result = Result("boot", "From start to the guest's shell", "Instructions from the emulator's start, in Bulkhead and with the same guest directly on the emulator, and where they go.", data, table)
    result.measure("boot/direct", "the same guest directly on the emulator", "instructions", value=data["direct"])
    result.measure("boot/bulkhead", "in Bulkhead, all", "instructions", value=data["bulkhead"], beside="boot/direct")
    for part in data["parts"]:
        result.measure(f"boot/{part['name']}", f"in Bulkhead: {part['name']}", "instructions", value=part["instructions"])
    return finish(options, result, "Millions of instructions to the guest's shell",
                  rows + [("all", data["bulkhead"] / 1e6, None), ("the guest alone", data["direct"] / 1e6, None)])


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
    result = Result("lines", "The trusted base", "Lines without comments and blank ones of what everything rests on.", data, table)
    result.measure("lines/trusted", "trusted lines without libraries", "lines", value=data["trusted"])
    for folder in data["trusted_folders"]:
        result.measure(f"lines/{folder['folder']}", folder["folder"], "lines", value=folder["lines"])
    return finish(options, result, "Lines of trusted code", [(folder["folder"], folder["lines"], None) for folder in data["trusted_folders"]])


def mechanisms(options):
    data = mechanisms_bench.measure(options, Failure, harness)
    what, bare, hosted = mechanisms_bench.WHAT, data["bare"], data["hosted"]
    table = Table("A call into a domain, there and back, by what isolates the domain", ["", "instructions", "with 64 bytes", "ns", "core cycles", "quartiles"])
    result = Result("mechanisms", "Mechanisms of isolation", "One server under each mechanism, one confined client, one interface. Instructions: on bare metal under QEMU's "
                    "instruction counting, which sees neither what a TLB costs that is emptied, nor what a serializing instruction does. Times: in the hosted kernel.", data, table)
    for name, sentence in what.items():
        counts, times = bare.get(name), hosted.get(name)
        table.row(f"{name}: {sentence}", cell(counts["call"]) if counts else "", cell(counts["record"]) if counts else "",
                  cell(times["call"]["ns"]["median"]) if times else "", cell(times["call"]["cycles"]["median"]) if times else "",
                  spread(times["call"]["cycles"]) if times else "")
        for kind, words in (("call", ""), ("record", ", with 64 bytes")):
            if counts:
                result.measure(f"mechanisms/{name}/{kind}/instructions", f"{name}{words}", "instructions", value=counts[kind],
                               beside=f"mechanisms/none/{kind}/instructions" if name != "none" else None)
            if times:
                result.measure(f"mechanisms/{name}/{kind}/cycles", f"{name}{words}, hosted", "core cycles", times[kind]["cycles"]["runs"],
                               beside=f"mechanisms/none/{kind}/cycles" if name != "none" else None)
    local = hosted["sfi"]["local"]
    table.row("for scale: an indirect call inside the client", cell(bare["sfi"]["local"]), "", cell(local["ns"]["median"]), cell(local["cycles"]["median"]), spread(local["cycles"]))
    for one in CALLS:
        table.note(f"published: {one['what']}: {one['value']} {one['unit']}, {one['processor']} ({one['source']})")
    result.figures(CALLS)
    rows = [(f"{name}, instructions", counts["call"], None) for name, counts in bare.items()]
    rows += [(f"{name}, hosted, core cycles", times["call"]["cycles"]["median"], times["call"]["cycles"]) for name, times in hosted.items()]
    return finish(options, result, "A call there and back, by mechanism (logarithmic)", rows, logarithmic=True)


def recovery(options):
    archive, process = (os.path.join(options.build, "bench", "recovery-" + name) for name in ("hosted.archive", "process"))
    data = {"benchmark": "recovery", "stages": recovery_bench.count_stages(options, Failure), "targets": [],
            "native": harness(options, "recovery", archive, process, 11 if options.quick else 1001)}
    if not options.quick:
        data["throughput"] = recovery_bench.throughput(options, Failure)
    table = Table("From the fault to the successor's first completed request, instructions (medians; one processor, 8 requests in flight)", ["", "instructions", "share", ""])
    result = Result("recovery", "Recovery", "A driver of the emulator's disk dies with requests in flight: instructions by stage, counted by the emulator, whoever executes them. A domain that dies "
                    "and is restarted by its supervisor, and a Linux process by its parent: time, in one process on one processor. Throughput: in turns under the emulator.", data, table)
    medians = [quantile(sorted(column), 0.5) for column in zip(*data["stages"]["rounds"])]
    for (name, _, what), count in zip(recovery_bench.STAGES, medians):
        table.row(f"{name}: {what}", cell(count), f"{count / sum(medians):.0%}", "")
        result.measure(f"recovery/stage/{name}", f"{name}: {what}", "instructions", value=count)
    table.row("all", cell(sum(medians)), "", "")
    result.measure("recovery/all", "from the fault to the first completed request", "instructions", value=sum(medians))
    tell_restarts(result, table, data["native"])
    tell_memory(result, table, data)
    if "throughput" in data:
        share = data["throughput"]
        table.note(f"the guest's disk while its driver dies every {share['interval_ms']} ms: {share['share']:.0%} of the undisturbed throughput ({share['restarts']} restarts, no error)")
        result.measure("recovery/throughput", f"the guest's disk, its driver dying every {share['interval_ms']} ms", "of undisturbed", share["shares"], more_is_better=True)
    return finish(options, result, "Instructions from the fault to the first completed request", [(name, count, None) for (name, _, _), count in zip(recovery_bench.STAGES, medians)])


def tell_restarts(result, table, native):
    kinds = native["kinds"]
    domain = kinds[0]["whole"]["median"]
    for kind in kinds:
        table.note(f"restart of {kind['what']}: {cell(kind['whole']['median'])} us ({cell(kind['dead']['median'])} until the death is known), {kind['whole']['median'] / domain:.1f} of a domain's; "
                   f"{kind['per_second']:,.0f} a second sustained")
        result.measure(f"recovery/restart/{kind['name']}", f"restart of {kind['what']}", "us", kind["whole"]["runs"], beside="recovery/restart/domain" if kind is not kinds[0] else None)


def tell_memory(result, table, data):
    memory, native = data["stages"]["memory"], data["native"]["memory"]
    process = native["process_private"] + native["process_tables"]
    for name, size in memory.items():
        table.note(f"memory of domain {name}: {size // 1024} KiB, of the Linux process {process // 1024} KiB (what it wrote to, and its page tables)")
        result.measure(f"recovery/memory/{name}", f"memory of domain {name}, with page tables and control stacks", "bytes", value=size)
    result.measure("recovery/memory/process", "memory of the Linux process: pages that it wrote to, page tables", "bytes", value=process)


BENCHMARKS = {"call": call, "mechanisms": mechanisms, "confinement": confinement, "hardened": hardened, "workloads": workloads, "rings": rings, "verifier": verifier, "exits": exits, "dma": dma, "network": network, "boot": boot, "recovery": recovery,
              "lines": lines}
SLOW = ("boot", "workloads")  # boot Linux twice, compile libraries four times: left out of --quick
