#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A campaign on a cluster: an array of Slurm jobs, each with a part of the runs, and the report of all of them.

  slurm.py DOMAIN --runs 1000 --parts 50     write the script, submit it, wait, gather
  slurm.py DOMAIN --runs 1000 --write        only write the script, build/campaign/NAME/array.sh

The folder of the project must be the same on all nodes. A part that ends early is continued by submitting again with --resume.
"""
import argparse
import os
import shlex
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "campaign.py")
SCRIPT = """#!/bin/bash
#SBATCH --job-name=bulkhead-{name}
#SBATCH --array=0-{last}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --output={folder}/part-%a.log
{more}cd {root}
exec {program} --part "$SLURM_ARRAY_TASK_ID/{parts}" --resume
"""


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("domain")
    parser.add_argument("--system", default="linux")
    parser.add_argument("--choose", action="append", metavar="NAME=VALUE", help="another one of the manifest's choices")
    parser.add_argument("--build", default="build")
    parser.add_argument("--name", help="results go to build/campaign/NAME (the domain's)")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", help="kinds, with commas between")
    parser.add_argument("--parts", type=int, default=4, help="jobs in the array (4)")
    parser.add_argument("--undisturbed", type=int, help="runs without a fault, to compare with")
    parser.add_argument("--partition", help="of the cluster")
    parser.add_argument("--write", action="store_true", help="do not submit")
    parser.add_argument("--resume", action="store_true", help="the folder holds a part of the runs")
    return parser.parse_args()


def common(arguments):
    """The words for campaign.py that all parts share."""
    words = [sys.executable, PROGRAM, arguments.domain, "--system", arguments.system, "--build", arguments.build, "--runs", str(arguments.runs),
             "--seed", str(arguments.seed)]
    for choice in arguments.choose or []:
        words += ["--choose", choice]
    for name in ("name", "faults", "undisturbed"):
        if getattr(arguments, name):
            words += [f"--{name}", str(getattr(arguments, name))]
    return words


def write_script(arguments, folder):
    path = os.path.join(folder, "array.sh")
    program = " ".join(shlex.quote(word) for word in common(arguments))
    more = f"#SBATCH --partition={arguments.partition}\n" if arguments.partition else ""
    with open(path, "w", encoding="utf-8") as file:
        file.write(SCRIPT.format(name=arguments.name or arguments.domain, last=arguments.parts - 1, parts=arguments.parts, folder=folder,
                                 root=shlex.quote(os.getcwd()), program=program, more=more))
    return path


def count_runs(folder):
    total = 0
    for name in os.listdir(folder):
        if name.startswith("runs") and name.endswith(".jsonl"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                total += sum(1 for _ in file)
    return total


def wait_for(job, folder, runs):
    shown = -1
    while True:
        queue = subprocess.run(["squeue", "--noheader", "--jobs", job, "--format=%T"], capture_output=True, text=True, check=False)
        done = count_runs(folder)
        if done != shown:
            print(f"{done}/{runs} runs; {len(queue.stdout.split())} jobs in the queue", file=sys.stderr, flush=True)
            shown = done
        if not queue.stdout.strip():
            return
        time.sleep(2)


def main():
    arguments = parse()
    folder = os.path.abspath(os.path.join(arguments.build, "campaign", arguments.name or arguments.domain))
    if not arguments.write and not shutil.which("sbatch"):
        print("slurm.py: sbatch is missing: install slurm-client, or run this on the cluster's login node", file=sys.stderr)
        return 1
    prepared = subprocess.run([*common(arguments), "--prepare", *(["--resume"] if arguments.resume else [])], check=False)
    if prepared.returncode:
        return prepared.returncode
    path = write_script(arguments, folder)
    if arguments.write:
        print(path)
        return 0
    submitted = subprocess.run(["sbatch", "--parsable", path], capture_output=True, text=True, check=False)
    if submitted.returncode:
        print(f"slurm.py: sbatch refused: {submitted.stderr.strip()}", file=sys.stderr)
        return 1
    job = submitted.stdout.strip().split(";")[0]
    print(f"array {job} of {arguments.parts} jobs", file=sys.stderr)
    try:
        wait_for(job, folder, arguments.runs)
    except KeyboardInterrupt:
        subprocess.run(["scancel", job], check=False)
        print("\nthe array was cancelled; --resume goes on", file=sys.stderr)
    return subprocess.run([*common(arguments), "--report"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
