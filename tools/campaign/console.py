# SPDX-License-Identifier: MIT
"""Whether the guest's console came as it was printed: the load sums up what it prints (tools/guest/campaign/console.c)."""
import re
import zlib

SUM = re.compile(r"^@C (\d+) ([0-9a-f]{8})\n", re.M)
FOR_EACH_DEATH = 2  # a piece that comes twice spoils the sum of one part, or of two if their border is in it


def damaged(text):
    """How many parts of a console's text, which may begin and end anywhere, are not what was printed, or are not there."""
    sums = list(SUM.finditer(text))
    bad = 0
    for before, after in zip(sums, sums[1:]):
        same = zlib.crc32(text[before.end():after.start()].encode(errors="replace")) == int(after.group(2), 16)
        bad += not same or int(after.group(1)) != int(before.group(1)) + 1
    return bad


def more_than_deaths_explain(text, deaths):
    return max(0, damaged(text) - FOR_EACH_DEATH * deaths)
