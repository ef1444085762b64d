// SPDX-License-Identifier: MIT
//
// The client of a ring, and a server that writes anything into its own pages at any time: every read of them gives any value, and two reads of
// one word may differ. Indices and sequence numbers are three bits wide here. Whom the client accuses of what does not matter, as long as it
// stays right itself. Names in comments are functions of runtime/ring_client.c.
//
// claim inside: no value of the server's is used as an index before it was checked
// claim in_flight: what the client counts as in flight is what it waits for
// claim answers: it takes an answer only to a request that is in flight, once
// small: -DN=2
// big: -DN=3
// bug BUG_SLOT_NOT_CHECKED breaks inside: a completion's slot is used as it stands
// bug BUG_READ_TWICE breaks inside: a slot is checked, and read once more to be used
// bug BUG_ANY_SEQUENCE breaks answers: the sequence numbers are not compared
// bug BUG_NOT_COUNTED breaks in_flight: the slot is free, and not counted as such
#define U(x) ((x) & 7)
#define BEFORE(index, limit) (U((limit) - (index)) > 0 && U((limit) - (index)) < 4)

inline any_index(x) { // also past the end
    if :: x = 0 :: x = 1 :: x = N - 1 :: x = N :: x = 7 fi
}
inline any(x) {
    atomic { select(x : 0 .. 7) }
}

active proctype client() {
    byte taken, stale, doubtful, waiting, tail, slot, sequence, next = 1, i, counted;
    byte sequences[N];
    any(tail); // adopt_requests: what is in flight stands in its own pages, the tail does not
    taken = U(tail - N);
    stale = tail;
    doubtful = tail;
    tail = 0;
end:
    do
    :: waiting < N -> // bh_ring_submit
        d_step {
            i = 0;
            do :: sequences[i] != 0 -> i++ :: else -> break od;
            sequences[i] = next;
            next = (next == 3 -> 1 : next + 1);
            waiting++;
            i = 0
        }
    :: taken = 0; stale = 0; doubtful = 0 // see_epoch
    :: true -> // bh_ring_complete, one look
        any(tail);
        if
        :: tail == taken -> goto over
        :: tail != taken && U(tail - taken) > N ->
            if
            :: BEFORE(taken, stale) && U(tail - stale) <= N -> taken = U(tail - N)
            :: else -> goto over // accuse_server
            fi
        :: else
        fi;
        atomic { any(sequence); any_index(slot) } // take_completion
#ifndef BUG_SLOT_NOT_CHECKED
        if :: slot >= N -> goto over :: else fi;
#endif
#ifdef BUG_READ_TWICE
        any_index(slot);
#endif
        assert(slot < N || inside);
        if
        :: slot >= N
#ifdef BUG_ANY_SEQUENCE
        :: slot < N && sequence == 0 ->
#else
        :: slot < N && (sequence == 0 || sequences[slot] != sequence) ->
#endif
            if :: BEFORE(taken, doubtful) -> taken = U(taken + 1) :: else fi
        :: else ->
            if
            :: true // the sequence number is another at the second look: look again, or accuse
            :: true ->
                d_step {
                    assert((sequences[slot] != 0 && sequences[slot] == sequence) || answers);
                    if :: BEFORE(taken, stale) -> doubtful = U(taken + N + 1) :: else fi;
                    taken = U(taken + 1);
                    sequences[slot] = 0;
#ifndef BUG_NOT_COUNTED
                    waiting--
#endif
                }
            fi
        fi;
over:
        atomic {
            i = 0;
            do :: i < N -> counted = counted + (sequences[i] != 0 -> 1 : 0); i++ :: else -> break od;
            assert(counted == waiting || in_flight);
            i = 0;
            counted = 0;
            tail = 0;
            slot = 0;
            sequence = 0
        }
    od
}
