#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A campaign as an array of jobs on a Slurm cluster of this one machine (tools/campaign/slurm_node.py). Without Slurm's programs, or when not started by
root, which slurmd wants, nothing is tested."""
import json
import os
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "tools", "campaign")]
import slurm_node  # noqa: E402  pylint: disable=wrong-import-position
from checks import Checks  # noqa: E402  pylint: disable=wrong-import-position

BUILD = os.environ.get("BUILD", "build")
NAME, RUNS = "of-slurm-test", 2


def main():
    os.chdir(ROOT)
    checks = Checks()
    checks.options(__doc__, build=False)
    if not checks.wants("slurm"):
        return checks.end()
    lacking = slurm_node.missing()
    if lacking or os.geteuid():
        print(f"  nothing tested: {'install slurmctld, slurmd, slurm-client and munge' if lacking else 'slurmd wants root'}")
        return checks.end()
    folder = os.path.join(BUILD, "campaign", NAME)
    with slurm_node.Node(os.path.join(BUILD, "tests", "slurm-node")):
        result = subprocess.run([sys.executable, "tools/campaign/slurm.py", "virtio-blk", "--build", BUILD, "--name", NAME, "--runs", str(RUNS), "--parts", "2",
                                 "--faults", "null", "--undisturbed", "1"], capture_output=True, text=True, timeout=280, check=False)
    checks.check(result.returncode == 0 and f"{RUNS} of {RUNS} runs without anything the guest could see" in result.stdout,
                 "an array of jobs is submitted, runs and is gathered", result.stdout + result.stderr)
    parts = sorted(name for name in os.listdir(folder) if name.startswith("runs-"))
    checks.check(parts == ["runs-0.jsonl", "runs-1.jsonl"], "each part kept its own runs", str(parts))
    with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
        summary = json.load(file)
    checks.check(summary["runs"] == RUNS and summary["detected"] == RUNS, "the report counts all parts", json.dumps(summary))
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
