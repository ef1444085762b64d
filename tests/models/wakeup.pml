// SPDX-License-Identifier: MIT
//
// Event suppression of a ring in one direction, on a processor with store buffers (x86-TSO): the sender announces entries and signals only if
// the receiver wished for it; the receiver says what it wishes for, looks once more, and sleeps. A store stands in the processor's own buffer
// until it drains, in order, at any later moment; a fence waits for that, and so does every kernel call (the lock is a locked instruction).
// Indices wrap: they begin just below the end of their range (256 here, 2^32 in the code).
//
// The sender is bh_ring_submit and bh_ring_submit_notify, or bh_ring_finish and bh_ring_finish_notify; the receiver is
// bh_ring_take and bh_ring_wait_submit, or bh_ring_complete and bh_ring_wait_completion. The event is kernel/sched/wait.c.
//
// claim deadlock: a receiver sleeps only while there is nothing for it
// claim whole: what was announced can be read
// small: -DCOUNT=4
// big: -DCOUNT=9
// bug BUG_NO_FENCE_NOTIFY breaks deadlock: the wish is read while the announcement is still in the store buffer
// bug BUG_NO_FENCE_WAIT breaks deadlock: the tail is read while the wish is still in the store buffer
// bug BUG_NO_SECOND_LOOK breaks deadlock: the receiver sleeps right after it said its wish
// bug BUG_WISH_INCLUSIVE breaks deadlock: the comparison of wish and tail is off by one
// bug BUG_NOTED_TOO_EARLY breaks deadlock: the tail of the last look is noted before the look
// bug BUG_INDEX_FIRST breaks whole: the tail is announced before the entry is written
#define START 253
#define ENTRIES 2
#define U(x) ((x) & 255)
#define FENCE_SENDER empty(buffer_sender)
#define FENCE_RECEIVER empty(buffer_receiver)
#define TAIL ENTRIES // in a store buffer: the word that is not an entry

byte tail = START, wish = START;
byte entry[ENTRIES];
byte room = ENTRIES; // slots of the ring that are free, told by other means
bool event;
chan buffer_sender = [4] of { byte, byte };
chan buffer_receiver = [4] of { byte };

active proctype drain_sender() {
    byte word, value;
end:
    do
    :: atomic { buffer_sender?word, value; if :: word == TAIL -> tail = value :: else -> entry[word] = value fi; word = 0; value = 0 }
    od
}

active proctype drain_receiver() {
    byte value;
end:
    do
    :: atomic { buffer_receiver?value; wish = value; value = 0 }
    od
}

active proctype sender() {
    byte posted = START, notified = START, sent = 0, seen;
    do
    :: sent < COUNT && room > 0 -> // bh_ring_submit, bh_ring_finish
        room--;
#ifdef BUG_INDEX_FIRST
        buffer_sender!TAIL, U(posted + 1);
        buffer_sender!posted % ENTRIES, posted;
#else
        buffer_sender!posted % ENTRIES, posted;
        buffer_sender!TAIL, U(posted + 1);
#endif
        posted = U(posted + 1);
        sent++
    :: posted != notified -> // bh_ring_submit_notify, bh_ring_finish_notify
#ifndef BUG_NO_FENCE_NOTIFY
        FENCE_SENDER;
#endif
#ifdef BUG_NOTED_TOO_EARLY
        notified = posted;
#endif
        seen = wish;
        if
#ifdef BUG_WISH_INCLUSIVE
        :: U(posted - seen - 2) < U(posted - notified) ->
#else
        :: U(posted - seen - 1) < U(posted - notified) -> // passed()
#endif
            FENCE_SENDER;
            event = true // event_raise
        :: else
        fi;
        notified = posted;
        seen = 0
    :: sent == COUNT && posted == notified -> break
    od
}

active proctype receiver() {
    byte taken = START, got = 0, seen;
    do
    :: got < COUNT ->
        seen = tail; // bh_ring_take, bh_ring_complete
        if
        :: seen != taken ->
            assert(entry[taken % ENTRIES] == taken || whole);
            taken = U(taken + 1);
            got++;
            room++
        :: else -> // bh_ring_arm_submit and bh_ring_wait_submit, bh_ring_wait_completion
            buffer_receiver!taken;
#ifndef BUG_NO_FENCE_WAIT
            FENCE_RECEIVER;
#endif
#ifndef BUG_NO_SECOND_LOOK
            seen = tail;
#endif
            if
            :: seen != taken
            :: else ->
                FENCE_RECEIVER;
                atomic { event -> event = false } // event_wait
            fi
        fi;
        seen = 0
    :: else -> break
    od
}
