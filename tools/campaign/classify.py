# SPDX-License-Identifier: MIT
"""From what was seen in a run to its class, the worst that applies."""

# From bad to good; what a run of the class means.
CLASSES = {
    "system-lost": "the machine or its control line is gone",
    "corruption": "something acknowledged is not there, or something changed that nobody wrote",
    "given-up": "detected; the domain is not started again, as its restart policy says",
    "guest-error": "the guest was told of an error, or waits for ever",
    "recovered-delay": "the domain was started again, or went on, and a request took longer than in undisturbed runs",
    "recovered-unseen": "the domain was started again, and the guest's slowest request was none slower than in undisturbed runs",
    "no-effect": "nothing was detected and nothing differs",
}
RECOVERED = ("recovered-delay", "recovered-unseen", "no-effect")
STANDS_US = 1_000_000  # a request that waits for so long does so because of the fault, even if nothing was detected
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
    return None


def given_up(evidence):
    """What the guest sees of it then is what the restart policy asked for."""
    return f"{evidence['given_up']} is not started again" if evidence.get("given_up") else None


def visible(evidence):
    if evidence.get("errors"):
        return f"{evidence['errors']} requests failed in the guest"
    if any(evidence.get("fio", [])):
        return f"fio: errors {', '.join(str(one) for one in evidence['fio'] if one)}"
    if evidence.get("kernel_log"):
        return f"the guest's kernel says: {evidence['kernel_log'][0]}"
    if evidence.get("stuck"):
        return f"{evidence['stuck']} of the guest's programs wait for ever"
    if not evidence.get("finished", True):
        return "the guest does not answer"
    return None


def classify(evidence, unseen_us):
    """(class, why). `unseen_us': a request that takes no longer is not called slow: a busy host makes requests wait, too."""
    for name, judge in (("system-lost", lost), ("corruption", corrupted), ("given-up", given_up), ("guest-error", visible)):
        why = judge(evidence)
        if why:
            return name, why
    deaths = "; ".join(f"{one['domain']}: {one['cause']}: {one['text']}" for one in evidence.get("deaths", []))
    slowest = evidence.get("slowest_us", 0)
    detected = deaths or evidence.get("breaches")
    if slowest > (unseen_us if detected else max(unseen_us, STANDS_US)):
        return "recovered-delay", f"slowest request {slowest / 1000:.1f} ms" + (f"; {deaths}" if deaths else "")
    if detected:
        return "recovered-unseen", deaths or f"{evidence['breaches']} breaches of a ring's protocol were refused"
    return "no-effect", ""
