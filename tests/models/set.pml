// SPDX-License-Identifier: MIT
//
// One server that sleeps on one event for several rings: it says its wish on each, looks at each, and sleeps; a client signals the event of its
// ring, which the kernel forwards to the server's. The server may die; its successor makes a new event. Store buffers: wakeup.pml.
// The server is runtime/ring_set.c, forwarding kernel/exchange/rings.c.
//
// claim deadlock: a server sleeps only while no ring has anything for it
// small: -DCOUNT=2 -DDEATHS=1
// big: -DCOUNT=3 -DDEATHS=2
// bug BUG_ONE_WISH breaks deadlock: the wish is said on the first ring only
// bug BUG_LOOK_FIRST breaks deadlock: all rings are looked at before the wishes are said
// bug BUG_NOT_FORWARDED breaks deadlock: the second ring's event stays its own
#define RINGS 2

byte tail[RINGS], wish[RINGS], taken[RINGS]; // `taken' outlives the server: the log says it
bool own[RINGS];     // the rings' own events: signalled
bool forwarded[RINGS];
bool event;          // the server's
bool killed, runs;

inline raise(ring) { // event_raise
    if
    :: forwarded[ring] -> event = true
    :: !forwarded[ring] -> own[ring] = true // nobody waits for that one
    fi
}

proctype client(byte ring) {
    byte sent, seen;
    do
    :: sent < COUNT ->
        sent++;
        tail[ring] = sent;  // bh_ring_submit
        seen = wish[ring];  // bh_ring_submit_notify
        if
        :: seen == sent - 1 -> atomic { raise(ring) } // passed()
        :: else
        fi;
        seen = 0
    :: sent == COUNT -> break
    od
}

inline arm(ring) { // bh_ring_arm_submit
    wish[ring] = taken[ring];
    if :: tail[ring] != taken[ring] -> work = true :: else fi
}

active proctype server() {
    bool work;
life:
    atomic { killed = false; runs = true; work = false; event = false }
    {
        forwarded[0] = true; // rings_forward
#ifndef BUG_NOT_FORWARDED
        forwarded[1] = true;
#endif
        do
        :: taken[0] == COUNT && taken[1] == COUNT -> break
        :: else ->
            do // bh_ring_set_take
            :: atomic { tail[0] != taken[0] -> taken[0]++ }
            :: atomic { tail[1] != taken[1] -> taken[1]++ }
            :: tail[0] == taken[0] && tail[1] == taken[1] -> break
            od;
            if
            :: taken[0] == COUNT && taken[1] == COUNT
            :: else -> // bh_ring_set_wait
                work = false;
#ifdef BUG_LOOK_FIRST
                if :: tail[0] != taken[0] || tail[1] != taken[1] -> work = true :: else fi;
                wish[0] = taken[0];
                wish[1] = taken[1];
#else
                arm(0);
#ifndef BUG_ONE_WISH
                arm(1);
#endif
#endif
                if
                :: work
                :: else -> atomic { event -> event = false }
                fi;
                work = false
            fi
        od
    } unless { killed };
    if
    :: killed -> goto life
    :: else -> runs = false
    fi
}

active proctype killer() {
    byte deaths = DEATHS;
end:
    do
    :: atomic { // server_died: stop_forwarding, and the completion pages, where the wishes are, zeroed
        deaths > 0 && runs && !killed ->
        deaths--;
        killed = true;
        forwarded[0] = false; forwarded[1] = false;
        wish[0] = 0; wish[1] = 0
       }
    od
}

init {
    atomic { run client(0); run client(1) }
}
