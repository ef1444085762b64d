#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the benchmarks: a table for each, and one report, BUILD/bench/report.html, with report.json beside it (of one benchmark: report-NAME).

  call         a call into another domain beside an indirect call, a pipe, an eventfd and a futex (hosted, native)
  mechanisms   the same call under each mechanism of isolation (QEMU, counted; and hosted, native), beside published figures
  confinement  programs compiled by bhcc against plain clang -O2 (hosted, native)
  hardened     the same programs in a hardened domain against a domain as usual (hosted, native)
  workloads    real libraries compiled by clang, gcc, for a domain, and through wasm2c (hosted, native)
  rings        our ring beside rte_ring, pipes, sockets and io_uring; what each guarantee costs (native)
  verifier     MB/s of text beside capstone alone
  exits        instructions for a VM exit handled in the vmm domain (QEMU, counted)
  dma          a buffer mapped for a device and unmapped, with an IOMMU and without (QEMU, counted)
  network      64 KB of TCP through the switch, kept whole and cut (QEMU, counted)
  boot         instructions from start to the guest's shell, beside the guest alone (QEMU, counted)
  recovery     from a driver's death to its successor's first answer, by stage (QEMU, counted); restarts beside Linux processes (native); a guest's throughput meanwhile
  lines        trusted code by folder

Every comparison is made within one run. A target that is missed is said, and does not fail the command. What is to be compared with another report later is
better measured in several runs (--runs 8): from run to run code lies elsewhere, and that is often more than the spread inside one. bench/compare.py compares.
"""
import argparse
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import describe  # noqa: E402
import report  # noqa: E402
from suite import BENCHMARKS, SLOW, Failure  # noqa: E402

RUNS_MAX = 30


def runs(text):
    if not re.fullmatch(r"[0-9]+", text) or not 1 <= int(text) <= RUNS_MAX:
        raise argparse.ArgumentTypeError(f"`{text}' runs: give a number from 1 to {RUNS_MAX}")
    return int(text)


def name_of_copy(text):
    if not re.fullmatch(r"[A-Za-z0-9_.-]*", text) or text.startswith("."):
        raise argparse.ArgumentTypeError(f"`{text}' is no name for a copy: letters, digits, `_', `-' and `.' make one")
    return text


def options_of(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="folder of the build (default: build)")
    parser.add_argument("--only", default="", metavar="NAME", help="one benchmark: " + ", ".join(BENCHMARKS))
    parser.add_argument("--runs", type=runs, default=1, metavar="N", help="native benchmarks: so many processes, one after the other (default: 1)")
    parser.add_argument("--save", type=name_of_copy, default="", metavar="NAME", help="keep a copy of the report as BUILD/bench/saved/NAME.json and .html, for comparisons")
    parser.add_argument("--quick", action="store_true", help="few repetitions, no Linux: shows that everything runs, measures nothing (results: BUILD/bench/quick)")
    options = parser.parse_args(arguments)
    if options.only and options.only not in BENCHMARKS:
        parser.error(f"there is no benchmark `{options.only}' (known: {', '.join(BENCHMARKS)})")
    options.out = os.path.join(options.build, "bench", *(["quick"] if options.quick else []))
    return options


def main():
    options = options_of()
    os.makedirs(options.out, exist_ok=True)
    failed, results = [], []
    about = {"made": describe.now(), "quick": options.quick, "machine": describe.machine(), "source": describe.source(), "load_before": describe.load()}
    names = [options.only] if options.only else [name for name in BENCHMARKS if not (options.quick and name in SLOW)]
    for name in names:
        try:
            result = BENCHMARKS[name](options)
        except Failure as failure:
            print(f"bench/{name}: {failure}\n", file=sys.stderr, flush=True)
            failed.append(name)
            continue
        results.append(result)
        print(result.table.text(), flush=True)
    about["load_after"] = describe.load()
    paths = report.write_report(os.path.join(options.out, f"report-{options.only}" if options.only else "report"), about, results, failed)
    if options.save:
        folder = os.path.join(options.build, "bench", "saved")
        os.makedirs(folder, exist_ok=True)
        paths += report.write_report(os.path.join(folder, options.save), about, results, failed)
    print("report: " + ", ".join(paths))
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
