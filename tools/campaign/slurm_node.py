#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A Slurm cluster of this one machine, in a private folder, for as long as a command runs.

  slurm_node.py FOLDER COMMAND...     sbatch, squeue and the others of COMMAND talk to it

Needs Debian's slurmctld, slurmd, slurm-client and munge, and root, as slurmd does; no service of the machine is used or changed."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo")
START_TIMEOUT = 30
CONFIGURATION = """ClusterName=campaign
SlurmctldHost={host}
SlurmctldPort={port}
SlurmdPort={node_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
NodeName={host} CPUs={cpus} State=UNKNOWN
PartitionName=local Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing():
    """Programs that are not there; Debian has them below /usr/sbin, too."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    return [name for name in PROGRAMS if not shutil.which(name)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


class Node:
    def __init__(self, folder):
        self.folder, self.processes = os.path.abspath(folder), []

    def start(self, *command):
        with open(os.path.join(self.folder, command[0] + ".out"), "w", encoding="utf-8") as log:
            self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("", "state", "spool"):
            os.makedirs(os.path.join(self.folder, name), mode=0o755)
        host = socket.gethostname().split(".")[0]
        with open(os.path.join(self.folder, "slurm.conf"), "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(host=host, folder=self.folder, port=free_port(), node_port=free_port(), cpus=os.cpu_count()))
        with open(os.path.join(self.folder, "cgroup.conf"), "w", encoding="utf-8") as file:
            file.write("CgroupAutomount=no\n")
        key = os.path.join(self.folder, "munge.key")
        with open(key, "wb") as file:
            file.write(os.urandom(128))
        os.chmod(key, 0o600)
        os.environ["SLURM_CONF"] = os.path.join(self.folder, "slurm.conf")
        try:
            self.start("munged", "--foreground", "--force", f"--key-file={key}", *(f"--{what}={self.folder}/munge.{end}" for what, end in
                       (("socket", "sock"), ("pid-file", "pid"), ("log-file", "log"), ("seed-file", "seed"))))
            self.wait_for(lambda: os.path.exists(f"{self.folder}/munge.sock"), "munged")
            self.start("slurmctld", "-D", "-i")
            self.start("slurmd", "-D", "-N", host)
            self.wait_for(self.ready, "the cluster")
        except BaseException:
            self.__exit__()
            raise
        return self

    def ready(self):
        state = subprocess.run(["sinfo", "--noheader", "--format=%T"], capture_output=True, text=True, check=False).stdout.strip()
        return state in ("idle", "mixed")

    def wait_for(self, condition, what):
        deadline = time.monotonic() + START_TIMEOUT
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what} does not start; its logs: {self.folder}")
            time.sleep(0.2)

    def __exit__(self, *unused):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    lacking = missing()
    if lacking or os.geteuid():
        print(f"slurm_node.py: {', '.join(lacking)} missing; install slurmctld, slurmd, slurm-client and munge" if lacking
              else "slurm_node.py: slurmd wants root", file=sys.stderr)
        return 1
    try:
        with Node(sys.argv[1]):
            return subprocess.run(sys.argv[2:], check=False).returncode
    except RuntimeError as trouble:
        print(f"slurm_node.py: {trouble}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
