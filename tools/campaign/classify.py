# SPDX-License-Identifier: MIT
"""From what was seen in a run to its class, the worst that applies."""

# From bad to good; what a run of the class means.
CLASSES = {
    "system-lost": "the machine or its control line is gone",
    "corruption": "something acknowledged is not there, or something changed that nobody wrote",
    "given-up": "detected; the domain is not started again, as its restart policy says",
    "guest-error": "the guest was told of an error, or waits for ever",
    "recovered-delay": "the domain was started again, or went on, and a request, or an answer from the network, took longer than in undisturbed runs",
    "recovered-unseen": "the domain was started again, and the guest waited no longer than in undisturbed runs",
    "no-effect": "nothing was detected and nothing differs",
}
RECOVERED = ("recovered-delay", "recovered-unseen", "no-effect")
WAITS = {"slowest_us": "request", "network_slowest_us": "answer from the network", "entropy_slowest_us": "read of random bytes"}  # what the guest waited for
STANDS_US = 1_000_000  # who waits for so long does so because of the fault, even if nothing was detected
FIO_JOBS = 2
VERIFY_FAILED = 84  # EILSEQ: fio read what it had not written


def lost(evidence):
    if evidence.get("panic"):
        return evidence["panic"]
    if not evidence.get("running", True):
        return f"the machine ended, status {evidence.get('status')}"
    if not evidence.get("control", True):
        return "the control line does not answer"
    return None


def corrupted(evidence):
    if evidence.get("mismatches"):
        return f"{evidence['mismatches']} records were read that are not what was written"
    if evidence.get("disk"):
        return f"the disk: {evidence['disk'][0]}" + (f" ({len(evidence['disk'])} places)" if len(evidence["disk"]) > 1 else "")
    if VERIFY_FAILED in evidence.get("fio", []):
        return "fio read what it had not written"
    if evidence.get("memory"):
        return f"{evidence['memory']} words of the guest's memory changed"
    if evidence.get("network_mismatches"):
        return f"the guest received {evidence['network_mismatches']} records that were not sent"
    if evidence.get("entropy_mismatches"):
        return f"the guest read {evidence['entropy_mismatches']} pieces of random bytes that the device did not give, or gave before"
    if evidence.get("console"):
        return f"{evidence['console']} parts of what the guest printed came otherwise, or not at all"
    if evidence.get("peer", {}).get("wrong"):
        return f"from the guest: {evidence['peer']['wrong'][0]}"
    return None


def given_up(evidence):
    """What the guest sees of it then is what the restart policy asked for."""
    return f"{evidence['given_up']} is not started again" if evidence.get("given_up") else None


def visible(evidence):
    if evidence.get("errors"):
        return f"{evidence['errors']} requests failed in the guest"
    if evidence.get("network_errors"):
        return f"{evidence['network_errors']} connections of the guest were lost"
    if evidence.get("entropy_errors"):
        return f"{evidence['entropy_errors']} reads of random bytes failed in the guest"
    if evidence.get("peer", {}).get("lost"):
        return evidence["peer"]["lost"][0]
    if evidence.get("finished", True) and not evidence.get("stuck") and len(evidence.get("fio", [0] * FIO_JOBS)) != FIO_JOBS:
        return "fio ended without a word"
    if any(evidence.get("fio", [])):
        return f"fio: errors {', '.join(str(one) for one in evidence['fio'] if one)}"
    if evidence.get("kernel_log"):
        return f"the guest's kernel says: {evidence['kernel_log'][0]}"
    if evidence.get("stuck"):
        return f"{evidence['stuck']} of the guest's programs and connections wait for ever"
    if evidence.get("peer", {}).get("waiting"):
        return f"{evidence['peer']['waiting']} connections are over in the guest and not at their other end"
    if not evidence.get("finished", True):
        return "the guest does not answer"
    return None


def slow(evidence, limits, least):
    """What took longer than its limit."""
    for name, what in WAITS.items():
        if evidence.get(name, 0) > max(limits.get(name, float("inf")), least):
            return f"slowest {what} {evidence[name] / 1000:.1f} ms"
    return None


def classify(evidence, limits):
    """(class, why). `limits': what takes no longer is not called slow: a busy host makes requests wait, too."""
    for name, judge in (("system-lost", lost), ("corruption", corrupted), ("given-up", given_up), ("guest-error", visible)):
        why = judge(evidence)
        if why:
            return name, why
    deaths = "; ".join(f"{one['domain']}: {one['cause']}: {one['text']}" for one in evidence.get("deaths", []))
    detected = deaths or evidence.get("breaches")
    why = slow(evidence, limits, 0 if detected else STANDS_US)
    if why:
        return "recovered-delay", why + (f"; {deaths}" if deaths else "")
    if detected:
        return "recovered-unseen", deaths or f"{evidence['breaches']} breaches of a ring's protocol were refused"
    return "no-effect", ""
