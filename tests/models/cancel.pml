// SPDX-License-Identifier: MIT
//
// Cancelling a request of a ring, at any instant, with a server that may die: the request is answered once all the same, and "cancelled" means
// that no server ever began it. What ring.pml shows is taken for granted here: a death, the zeroing of completions and the client's seeing of
// the new epoch are one step, and an answer is one step. The client is runtime/ring_client.c, the server runtime/ring_server.c.
//
// claim deadlock: whoever sleeps is woken, also for what was cancelled
// claim exactly_once: a request is answered once, in the slot that it is in
// claim never_begun: what is answered as cancelled was begun by no server, dead or alive
// small: -DREQUESTS=3 -DDEATHS=1
// big: -DREQUESTS=4 -DDEATHS=2
// bug BUG_REPLAY_CANCELS breaks never_begun: a new server answers the cancelled requests of the log as such, though its predecessor may have begun them
// bug BUG_LOOK_WHEN_DONE breaks never_begun: the server looks for the client's wish when it answers, not when it takes
// bug BUG_SILENT breaks deadlock: no event goes out for what was cancelled
// bug BUG_PASSED_OVER breaks deadlock: a cancelled request is passed over, without an answer
// bug BUG_FREED_AT_ONCE breaks exactly_once: the client takes the slot of what it cancels for free
#define N 2
#define FREE 0
#define BUSY 1
#define CANCEL 2

// request pages
byte state[N], number[N]; // `number' stands for sequence and payload
byte submit_tail;
chan order = [N] of { byte };
// completion pages
chan answers = [N] of { byte, byte, bool }; // slot, number, cancelled
bool submit_signal, completion_signal;
bool killed, runs, finished;
// what the claims are about
bool begun[REQUESTS + 1], answered[REQUESTS + 1];

active proctype client() {
    byte sent, got, slot, seen;
    bool cancelled;
    do
    :: sent < REQUESTS && (state[0] == FREE || state[1] == FREE) -> // bh_ring_submit, bh_ring_submit_notify
        if
        :: state[0] == FREE -> slot = 0
        :: state[1] == FREE -> slot = 1
        fi;
        atomic { // the order of these stores: ring.pml
            sent++;
            number[slot] = sent;
            state[slot] = BUSY;
#ifdef BUG_FREED_AT_ONCE
            if :: full(order) -> order?_ :: nfull(order) fi;
#endif
            order!slot;
            submit_tail++;
            slot = 0
        }
        submit_signal = true
    :: state[0] == BUSY ->
#ifdef BUG_FREED_AT_ONCE
        state[0] = FREE
#else
        state[0] = CANCEL // bh_ring_cancel
#endif
    :: state[1] == BUSY ->
#ifdef BUG_FREED_AT_ONCE
        state[1] = FREE
#else
        state[1] = CANCEL
#endif
    :: got < REQUESTS -> // bh_ring_complete, bh_ring_wait_completion
        if
        :: atomic {
            nempty(answers) -> answers?slot, seen, cancelled;
            assert((state[slot] != FREE && number[slot] == seen && !answered[seen]) || exactly_once);
            assert(!cancelled || !begun[seen] || never_begun);
            answered[seen] = true;
            state[slot] = FREE;
            got++;
            slot = 0; seen = 0; cancelled = false
           }
        :: empty(answers) && sent < REQUESTS // there is more to do first
        :: empty(answers) && sent == REQUESTS -> atomic { completion_signal -> completion_signal = false }
        fi
    :: got == REQUESTS -> break
    od;
    finished = true
}

inline answer(which, was_cancelled) {
    atomic {
        answers!which, number[which], was_cancelled;
        held[which] = false
    }
}

active proctype server() {
    byte slot, seen, i, replay_tail;
    bool held[N];
life:
    atomic { killed = false; runs = true; slot = 0; seen = 0; held[0] = false; held[1] = false; i = 0; replay_tail = 0 }
    {
        atomic { // bh_ring_adopt_log: all that was announced is in the log
            do :: nempty(order) -> order?_ :: empty(order) -> break od;
            replay_tail = submit_tail
        }
        do
        :: i < N -> // take_replay
            if
            :: state[i] == FREE || number[i] > replay_tail
#ifdef BUG_REPLAY_CANCELS
            :: state[i] == CANCEL && number[i] <= replay_tail -> answer(i, true); completion_signal = true
            :: state[i] == BUSY && number[i] <= replay_tail ->
#else
            :: state[i] != FREE && number[i] <= replay_tail ->
#endif
                atomic { begun[number[i]] = true; held[i] = true }
            fi;
            i++
        :: i == N -> break
        od;
        do
        :: nempty(order) -> // take_next
            order?slot;
            seen = state[slot];
#ifdef BUG_LOOK_WHEN_DONE
            atomic { begun[number[slot]] = true; held[slot] = true };
#else
            if
#ifdef BUG_PASSED_OVER
            :: seen == CANCEL
#else
            :: seen == CANCEL ->
                answer(slot, true);
#ifndef BUG_SILENT
                completion_signal = true
#endif
#endif
            :: else -> atomic { begun[number[slot]] = true; held[slot] = true }
            fi;
#endif
            slot = 0;
            seen = 0
        :: held[0] || held[1] -> // bh_ring_finish, bh_ring_finish_notify
            if
            :: held[0] -> slot = 0
            :: held[1] -> slot = 1
            fi;
#ifdef BUG_LOOK_WHEN_DONE
            answer(slot, state[slot] == CANCEL);
#else
            answer(slot, false);
#endif
            slot = 0;
            completion_signal = true
        :: empty(order) && !held[0] && !held[1] -> // bh_ring_wait_submit
end_idle:   atomic { submit_signal -> submit_signal = false }
        od
    } unless { killed };
    goto life
}

active proctype killer() {
    byte deaths = DEATHS;
end:
    do
    :: atomic {
        deaths > 0 && runs && !killed -> // kernel/exchange/rings.c:server_died
        deaths--;
        killed = true;
        do :: nempty(answers) -> answers?_, _, _ :: empty(answers) -> break od;
        submit_signal = true; // the client has seen the new epoch
        completion_signal = true
       }
    od
}
