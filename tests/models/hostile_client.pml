// SPDX-License-Identifier: MIT
//
// The server of a ring, and a client that writes anything into its own pages at any time: every read of them gives any value, and two reads of
// one word may differ. Indices and sequence numbers are three bits wide here. Names in comments are functions of runtime/ring_server.c.
//
// claim inside: no value of the client's is used as an index before it was checked
// claim takes_once: the server never has one slot twice
// small: -DN=2
// big: -DN=4
// bug BUG_ORDER_NOT_CHECKED breaks inside: an entry of the order is used as it stands
// bug BUG_TAKEN_AGAIN breaks takes_once: a slot that is in flight is taken from the order again
// bug BUG_REPLAYED_AGAIN breaks takes_once: a slot that is in flight is taken from the log again, since its number has grown
#define U(x) ((x) & 7)

inline any_index(x) { // also past the end
    if :: x = 0 :: x = 1 :: x = N - 1 :: x = N :: x = 7 fi
}
inline any(x) {
    atomic { select(x : 0 .. 7) }
}

active proctype server() {
    byte taken, replay_tail, replay_left = N, last, tail, slot, sequence, best, best_sequence, i;
    bool held[N]; // ring->sequences[slot] != 0
    any(tail); // adopt_log
    taken = tail;
    replay_tail = tail;
end:
    do
    :: replay_left > 0 -> // take_replay: each slot may be BUSY, with any number
        best = N;
        best_sequence = 0;
        i = 0;
        do
        :: i < N ->
            any(sequence);
            if
#ifdef BUG_REPLAYED_AGAIN
            :: sequence > last && (best == N || sequence < best_sequence) && sequence <= replay_tail -> best = i; best_sequence = sequence
#else
            :: !held[i] && sequence > last && (best == N || sequence < best_sequence) && sequence <= replay_tail -> best = i; best_sequence = sequence
#endif
            :: true
            fi;
            i++
        :: else -> break
        od;
        i = 0;
        sequence = 0;
        if
        :: best == N -> replay_left = 0
        :: else ->
            replay_left--;
            last = best_sequence;
            if
            :: true // not BUSY, or without a number, at the second look
            :: true ->
                assert(!held[best] || takes_once);
                held[best] = true
            fi
        fi;
        best = 0;
        best_sequence = 0
    :: true -> // bh_ring_take
        any(tail);
        if
        :: tail == taken
        :: tail != taken && U(tail - taken) > N -> taken = tail // accuse
        :: else ->
            any_index(slot);
            taken = U(taken + 1);
            if
#ifndef BUG_ORDER_NOT_CHECKED
            :: slot >= N // accuse
#endif
#ifndef BUG_TAKEN_AGAIN
            :: slot < N && held[slot] // accuse
#endif
            :: else ->
                assert(slot < N || inside);
                if
                :: slot < N ->
                    assert(!held[slot] || takes_once);
                    held[slot] = true
                :: else
                fi
            fi
        fi;
        tail = 0;
        slot = 0
    :: true -> // bh_ring_finish
        atomic { select(i : 0 .. N - 1) };
        held[i] = false;
        i = 0
    od
}
