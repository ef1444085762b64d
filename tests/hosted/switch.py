#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hostile clients of the switch (tests/domains/rowdy), while two others talk through it (tests/domains/neighbour): frames that are wrong or change while they
are read, forged senders, floods of frames to one and to everybody, buffers that are none, rings that lie. The others' talk goes on, the switch lives, and
the log names nobody but the guilty. In the hosted kernel, and some of it on bare metal with four processors."""
import sys

from peers import Story

SENTENCES = {
    "malformed": ["port rowdy: a frame that lies outside its pool"],
    "spoof": ["port rowdy: a frame with somebody else's source address was dropped"],
    "flood": [],
    "broadcast": ["port rowdy: it sends more frames to everybody than its share"],
    "hoard": [],
    "lie-sending": ["rowdy broke the protocol of ring rowdy-tx"],
    "lie-receiving": ["rowdy broke the protocol of ring rowdy-rx"],
    "calls": [],
}

if __name__ == "__main__":
    sys.exit(Story("switch", ("asker", "answerer", "rowdy"), {name: (sentences, "rowdy") for name, sentences in SENTENCES.items()},
                   r"(\S+) broke the protocol of ring |port (\S+): |(\S+): dies", ("malformed", "broadcast", "lie-receiving")).main(__doc__))
