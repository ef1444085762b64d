// SPDX-License-Identifier: MIT
//
// What a disk's client may rely on (docs/recovery.md), through deaths of the driver and cuts of the power at any instant: one block, to which versions 1, 2, 3, ... are
// written one after the other, with flushes at any time. The device has a volatile cache; it does what it was given in any order, and writes the cache to the platter
// when it likes. What ring.pml shows is taken for granted: a death, the forgetting of answers and the client's seeing of the new epoch are one step. The client keeps
// rule 2: it submits a write when the one before has completed. Slot 0 of the log is for writes, slot 1 for flushes.
//
// claim deadlock: every request is answered in the end
// claim there: a write that completes is what the device has
// claim never_older: an acknowledged write is never overwritten by an older one
// claim covered: a flush that completes has made last what was acknowledged when it was submitted
// claim lasts: after a power cut the block has at least the version that was flushed last
// small: -DWRITES=3 -DFLUSHES=2 -DDEATHS=2 -DCUTS=1
// big: -DWRITES=4 -DFLUSHES=3 -DDEATHS=3 -DCUTS=2
// bug BUG_NO_RESET breaks never_older: the device goes on with what a dead driver gave it
// bug BUG_REPLAY_TAKEN breaks never_older: a new driver replays the last write that its predecessor took, whether or not it is in the log
// bug BUG_PASSED_OVER breaks there: a new driver takes the writes of the log for done
// bug BUG_OWN_CACHE breaks there: a driver acknowledges a write that the device does not have yet
// bug BUG_EARLY_FLUSH breaks covered: a driver acknowledges a flush that the device has not done yet
// bug BUG_LYING_DEVICE breaks lasts: the device says that it has flushed and has not
// bug BUG_NO_REPLAY breaks deadlock: a new driver forgets the log
#define WRITE 0
#define FLUSH 1

// the log: the client's
bool busy[2];
byte version; // of the write
// answers: the driver's, forgotten at its death
bool answered[2];
// the device
bool pending[2], done[2];
byte pending_version, cache, platter;
byte stale; // a write of a dead driver that is still to be done, 0: none
// what the claims are about
byte acknowledged, durable, covers;
bool covers_nothing; // the power has gone since the flush was submitted
bool killed, runs;

active proctype client() {
    byte next = 1, flushes;
    do
    :: atomic { next <= WRITES && !busy[WRITE] -> version = next; busy[WRITE] = true; next++ }
    :: atomic { flushes < FLUSHES && !busy[FLUSH] -> covers = acknowledged; covers_nothing = false; busy[FLUSH] = true; flushes++ }
    :: atomic {
        answered[WRITE] ->
        assert(cache == version || there);
        acknowledged = version;
        answered[WRITE] = false;
        busy[WRITE] = false
       }
    :: atomic {
        answered[FLUSH] ->
        assert(covers_nothing || platter >= covers || covered);
        if :: !covers_nothing && covers > durable -> durable = covers :: else fi;
        answered[FLUSH] = false;
        busy[FLUSH] = false
       }
    :: next > WRITES && flushes == FLUSHES && !busy[WRITE] && !busy[FLUSH] -> break
    od
}

active proctype device() {
end:
    do
    :: atomic { // every write, also one that a bug brings back
        pending[WRITE] ->
        assert(pending_version >= acknowledged || never_older);
        cache = pending_version;
        pending[WRITE] = false;
        done[WRITE] = true
       }
    :: atomic {
        stale != 0 ->
        assert(stale >= acknowledged || never_older);
        cache = stale;
        stale = 0
       }
    :: atomic {
        pending[FLUSH] ->
#ifndef BUG_LYING_DEVICE
        platter = cache;
#endif
        pending[FLUSH] = false;
        done[FLUSH] = true
       }
    :: atomic { platter != cache -> platter = cache }
    od
}

inline give(slot) {
    atomic {
        held[slot] = true;
        done[slot] = false;
        pending[slot] = true;
        if :: slot == WRITE -> pending_version = version; taken = version :: else fi
    }
}

inline answer(slot) {
    atomic { held[slot] = false; answered[slot] = true }
}

active proctype driver() {
    bool held[2];
    byte taken; // the last write; a driver that remembers it across deaths is broken
life:
    atomic {
        held[WRITE] = false; held[FLUSH] = false;
#ifdef BUG_REPLAY_TAKEN
        stale = taken;
#endif
        killed = false; runs = true
    }
    {
end_idle: do
#ifdef BUG_NO_REPLAY
        :: busy[WRITE] && !held[WRITE] && !answered[WRITE] && version > taken -> give(WRITE)
#else
#ifdef BUG_PASSED_OVER
        :: busy[WRITE] && !held[WRITE] && !answered[WRITE] && version == taken -> answer(WRITE)
        :: busy[WRITE] && !held[WRITE] && !answered[WRITE] && version > taken -> give(WRITE)
#else
        :: busy[WRITE] && !held[WRITE] && !answered[WRITE] -> give(WRITE)
#endif
#endif
        :: busy[FLUSH] && !held[FLUSH] && !answered[FLUSH] -> give(FLUSH)
#ifdef BUG_OWN_CACHE
        :: held[WRITE] -> answer(WRITE)
#else
        :: held[WRITE] && done[WRITE] -> answer(WRITE)
#endif
#ifdef BUG_EARLY_FLUSH
        :: held[FLUSH] -> answer(FLUSH)
#else
        :: held[FLUSH] && done[FLUSH] -> answer(FLUSH)
#endif
        od
    } unless { killed };
    goto life
}

// kernel/domain/crash.c: the device is reset before anybody hears of the death, and the answers that the client did not take are forgotten.
inline die() {
    killed = true;
    runs = false;
#ifdef BUG_NO_RESET
    if :: pending[WRITE] -> stale = pending_version :: else fi;
#endif
    pending[WRITE] = false; pending[FLUSH] = false;
    done[WRITE] = false; done[FLUSH] = false;
    answered[WRITE] = false; answered[FLUSH] = false
}

active proctype killer() {
    byte deaths = DEATHS, cuts = CUTS;
end:
    do
    :: atomic { deaths > 0 && runs && !killed -> deaths--; die() }
    :: atomic { // the cache may just have been written
        cuts > 0 && runs && !killed ->
        cuts--;
        die();
        stale = 0;
        cache = platter;
        assert(platter >= durable || lasts);
        if :: acknowledged > platter -> acknowledged = platter :: else fi;
        covers_nothing = true
       }
    od
}
