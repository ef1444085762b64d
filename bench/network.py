# SPDX-License-Identifier: MIT
"""bench/network: 65,160 bytes of TCP payload from one client of the switch to another: as one frame that stays whole, as one that the switch has to cut into 45, and,
for what of that is frames and what checksums, as 45 frames. Instructions on bare metal under QEMU's counting, by switch, client and kernel together."""
import os
import re
import statistics
import tempfile

from emulator import ROOT, make_archive, run_counted, tail

PAYLOAD, LEAST = 65160, 8
KINDS = {"whole": "one frame, kept whole", "plain": "45 frames, ready to be sent", "summed": "45 frames whose checksums the switch completes",
         "cut": "one frame that the switch cuts into 45"}


def run(options, failure):
    with tempfile.TemporaryDirectory() as folder:
        archive, log = os.path.join(folder, "network.archive"), os.path.join(folder, "log")
        make_archive(options, failure, os.path.join(ROOT, "bench", "network.toml"), archive)
        run_counted(options, failure, archive, log, "the system with the switch", "-serial", f"file:{log}")
        with open(log, encoding="utf-8", errors="replace") as file:
            text = file.read()
        samples = {kind: [int(ticks) for ticks in re.findall(rf"sent {kind}: (\d+)", text)] for kind in KINDS}
        if any(len(of) < LEAST for of in samples.values()):
            raise failure(f"the system's report is incomplete; its log ends with:\n{tail(log)}")
    medians = {kind: statistics.median(of) for kind, of in samples.items()}
    kinds = [{"name": kind, "what": what, "instructions": medians[kind], "ratio": round(medians[kind] / medians["whole"], 3)} for kind, what in KINDS.items()]
    return {"benchmark": "network", "payload": PAYLOAD, "kinds": kinds, "targets": []}
