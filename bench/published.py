# SPDX-License-Identifier: MIT
"""What others measured, for scale: never of the same run or the same processor as ours, and so never in a target."""

REDLEAF = ("Narayanan et al., RedLeaf, OSDI 2020, table 1", "2 x Intel Xeon E5-2660 v3 (Haswell) at 2.6 GHz")


def figure(what, value, source, unit="cycles"):
    paper, processor = source
    return {"what": what, "value": value, "unit": unit, "source": paper, "processor": processor}


CALLS = [figure("RedLeaf: call into another domain", "124", REDLEAF),
         figure("RedLeaf: the same through a shadow domain", "141", REDLEAF),
         figure("VMFUNC: one way", "169", REDLEAF),
         figure("VMFUNC: call and reply", "396", REDLEAF),
         figure("seL4: call and reply", "834", REDLEAF),
         figure("protection keys: a write of PKRU, one way", "20-26", ("ERIM, USENIX Security 2019, and Hodor, USENIX ATC 2019", "Intel Xeon (Skylake)"))]
