// SPDX-License-Identifier: MIT
//
// Several threads of a client on one ring (runtime/ring_shared.c): one of those who wait leads, which is to sleep on the ring's event and to take
// what comes for all; the others sleep on events of their own. Any wait may run out of time. The server takes no lock, so what is done under it is one step only where the server sees none of it.
//
// claim deadlock: nobody sleeps for ever: each request is answered to the thread that waits for it, and who waits for room gets it
// claim mine: an answer goes to the request that it belongs to, as long as its thread waits for that
// small: -DTHREADS=3 -DN=1 -DREQUESTS=1 -DTIMEOUTS=1
// small: -DTHREADS=3 -DN=2 -DREQUESTS=1 -DTIMEOUTS=1
// big: -DTHREADS=3 -DN=1 -DREQUESTS=2 -DTIMEOUTS=1
// big: -DTHREADS=3 -DN=2 -DREQUESTS=1 -DTIMEOUTS=2
// bug BUG_NO_HANDOVER breaks deadlock: a leader who leaves wakes nobody
// bug BUG_LATE_HANDOVER breaks deadlock: a leader hands on when it has its answer, and not when its time runs out
// bug BUG_NOT_ARMED breaks deadlock: the leader does not say that it wants an event
// bug BUG_NO_SECOND_LOOK breaks deadlock: it does, and sleeps without another look
// bug BUG_NOT_FORGOTTEN breaks mine: who does not wait any more stays entered for the answer
#define NOBODY 255
#define ROOM 1
#define TICKET 2

#define LOCK atomic { !locked -> locked = true }
#define UNLOCK locked = false

bool locked;
chan work = [N] of { byte };    // slots submitted
chan answers = [N] of { byte }; // slots completed
bool wish, ring_event;          // the leader's wish for an event, and that
bool used[N];
byte owner[N], owner_ticket[N];
byte in_flight;
bool led;
// by thread
byte waits[THREADS];            // 0: is in no queue
bool event[THREADS], done[THREADS], waited_for[THREADS];
byte ticket[THREADS];
byte timeouts = TIMEOUTS;

inline wake(who) {
    waits[who] = 0;
    event[who] = true
}

inline wake_any(kind) { // the first in the queue: any of them here
    if
    :: waits[0] == kind -> wake(0)
    :: waits[1] == kind -> wake(1)
    :: waits[2] == kind -> wake(2)
    :: waits[0] != kind && waits[1] != kind && waits[2] != kind
    fi
}

inline collect() {
    do
    :: nempty(answers) ->
        answers?slot;
        used[slot] = false;
        in_flight--;
        wake_any(ROOM);
        if
        :: owner[slot] != NOBODY ->
            assert((waited_for[owner[slot]] && owner_ticket[slot] == ticket[owner[slot]]) || mine);
            done[owner[slot]] = true;
            if :: waits[owner[slot]] == TICKET -> wake(owner[slot]) :: else fi
        :: else
        fi;
        owner[slot] = NOBODY
    :: empty(answers) -> break
    od;
    slot = 0
}

inline hand_over() {
#ifndef BUG_NO_HANDOVER
    if
    :: !led && waits[0] -> wake(0)
    :: !led && waits[1] -> wake(1)
    :: !led && waits[2] -> wake(2)
    :: led || !(waits[0] || waits[1] || waits[2])
    fi
#endif
    skip
}

#define READY(kind) ((kind == ROOM && in_flight < N) || (kind == TICKET && done[me]))

inline await(kind) { // await() and sleep(), with the lock
    late = false;
    atomic { collect() };
    do
    :: READY(kind) -> atomic { hand_over() }; break
    :: !READY(kind) && late ->
#ifndef BUG_LATE_HANDOVER
       atomic { hand_over() };
#endif
       break
    :: !READY(kind) && !late && !led ->
#ifndef BUG_NOT_ARMED
       wish = true; // bh_ring_arm_completion
#endif
#ifndef BUG_NO_SECOND_LOOK
       again = nempty(answers);
#endif
       atomic { led = true; UNLOCK };
       if
       :: again
       :: !again -> atomic { ring_event -> ring_event = false }
       :: atomic { !again && timeouts > 0 -> timeouts--; late = true }
       fi;
       LOCK;
       atomic { again = false; led = false; collect() }
    :: !READY(kind) && !late && led ->
       atomic { waits[me] = kind; UNLOCK };
       if
       :: atomic { event[me] -> event[me] = false }
       :: atomic { timeouts > 0 -> timeouts--; late = true }
       fi;
       LOCK;
       atomic { waits[me] = 0; collect() }
    od
}

proctype thread(byte me) {
    byte sent, slot, at;
    bool late, again;
    do
    :: sent < REQUESTS ->
        LOCK; // bh_ring_shared_submit
        await(ROOM);
        if
        :: in_flight < N ->
           atomic {
            sent++;
            ticket[me] = sent;
            done[me] = false;
            waited_for[me] = true;
            at = 0;
            do :: used[at] -> at++ :: !used[at] -> break od;
            used[at] = true;
            in_flight++;
            owner[at] = me;
            owner_ticket[at] = sent;
            work!at;
            UNLOCK
           };
           LOCK; // bh_ring_shared_wait
           await(TICKET);
           atomic { // bh_ring_shared_forget
#ifndef BUG_NOT_FORGOTTEN
            if :: !done[me] -> owner[at] = NOBODY :: done[me] fi;
#endif
            waited_for[me] = false;
            at = 0;
            UNLOCK
           }
        :: in_flight == N -> atomic { assert(late || mine); sent++; UNLOCK } // it gives up
        fi
    :: sent == REQUESTS -> break
    od
}

active proctype server() {
    byte slot;
end:
    do
    :: work?slot ->
        answers!slot; // bh_ring_finish
        atomic { if :: wish -> wish = false; ring_event = true :: !wish fi } // bh_ring_finish_notify
    od
}

init {
    atomic {
        byte i;
        do :: i < N -> owner[i] = NOBODY; i++ :: i == N -> break od;
        run thread(0); run thread(1); run thread(2)
    }
}
