// SPDX-License-Identifier: MIT
//
// One exchange buffer at a time, three domains, two threads: made, shared, moved, lent along chains of calls, dropped, revoked, and every domain
// dies and comes back at any moment between two steps. Each operation of kernel/exchange/buffers.c holds the kernel's lock, so each is one
// step; a call that lends has three (lend, the time inside, give back), between which anything else happens.
//
// `held` counts a domain's own or shared capabilities, `lent` those that CAPS_LENT marks. Domain 1's thread 0 begins there, thread 1 in 2.
//
// claim mapped_by_right: a buffer is mapped only in a domain that lives and holds a capability to it
// claim counted: the buffer's references are the capabilities to it, and as long as it is there somebody has one
// claim freed_once: it is freed when the last capability goes, once, and mapped nowhere then
// claim moved_alone: a moved buffer is the receiver's alone
// claim lent_stays: as long as a call runs, what it was lent is there, whatever becomes of the lender
// claim lent_is_back: a domain has nothing lent but for calls that run inside it
// claim accounted: its size is charged to its owner as long as that lives, to nobody else
// small: -DDEATHS=2
// big: -DDEATHS=4
// bug BUG_FREED_BEFORE_UNMAPPED breaks freed_once: the frames go back, and then the mapping goes
// bug BUG_DROP_KEEPS_MAPPING breaks mapped_by_right: who drops the last capability keeps the mapping
// bug BUG_DEATH_KEEPS_MAPPING breaks mapped_by_right: a dead domain's table is cleared without a look at what is mapped
// bug BUG_MOVED_WHILE_LENT breaks moved_alone: a move does not look whether it is lent
// bug BUG_MOVE_KEEPS_SHARES breaks moved_alone: who had it shared keeps it
// bug BUG_SHARER_MOVES breaks accounted: a domain may move what it has only shared
// bug BUG_DEATH_TAKES_LENT breaks lent_stays: the death of the owner takes it from those to whom it is lent
// bug BUG_UNLEND_UNMAPS breaks lent_stays: giving back unmaps, though another call has it lent to the same domain
// bug BUG_UNLEND_AFTER_DEATH breaks lent_stays: a call whose callee died gives back the entry of its successor
// bug BUG_DEATH_KEEPS_LENT breaks lent_is_back: the entries of a dead borrower stay
// bug BUG_NOT_GIVEN_BACK breaks lent_is_back: a call whose lender died does not give back
// bug BUG_LENT_NOT_COUNTED breaks counted: lending does not count as a reference
// bug BUG_CHARGED_TWICE breaks accounted: freeing what outlived its owner is credited once more
#define COUNT 3
#define THREADS 2
#define LEVELS 2

typedef Domain {
    bool running, mapped; // buffer->mapped[id]
    byte held, lent;
    short charged; // memory_used
};
typedef Call { // an invocation that lends
    byte callee;
    bool lent; // the callee's entry exists
    bool over; // the callee died: the thread leaves past it
};
Domain domains[COUNT + 1];
Call calls[THREADS * LEVELS];
byte depth[THREADS];
bool exists, orphan;
byte owner, references, deaths;
byte d, t, n, entries; // of steps that are one

#define LEVEL(thread, number) calls[(thread) * LEVELS + (number)]
#define MAY_LEND(domain) (domains[domain].held > 0 || domains[domain].lent > 0)

inline destroy() { // buffers_destroy
    d = 1;
    do
    :: d <= COUNT ->
#ifndef BUG_FREED_BEFORE_UNMAPPED
        domains[d].mapped = false;
#endif
        assert(!domains[d].mapped || freed_once);
        assert((domains[d].held == 0 && domains[d].lent == 0) || freed_once);
        d++
    :: else -> break
    od;
    d = 0;
    assert(exists || freed_once);
    exists = false;
#ifdef BUG_CHARGED_TWICE
    domains[owner].charged--;
#else
    if :: !orphan -> domains[owner].charged-- :: else fi;
#endif
    owner = 0;
    orphan = false
}

inline release() {
    references--;
    if :: references == 0 -> destroy() :: else fi
}

inline cap_removed(from) { // buffers_cap_removed
#ifdef BUG_FREED_BEFORE_UNMAPPED
    release();
    if :: domains[from].held == 0 && domains[from].lent == 0 -> domains[from].mapped = false :: else fi
#else
#ifndef BUG_DROP_KEEPS_MAPPING
    if :: domains[from].held == 0 && domains[from].lent == 0 -> domains[from].mapped = false :: else fi;
#endif
    release()
#endif
}

inline forget(from) { // kernel/domain/caps.c:caps_forget_object
    do
    :: domains[from].held > 0 -> domains[from].held--; cap_removed(from)
    :: else -> break
    od;
#ifdef BUG_DEATH_TAKES_LENT
    do
    :: domains[from].lent > 0 -> domains[from].lent--; cap_removed(from)
    :: else -> break
    od
#endif
}

inline check() {
    n = 1;
    entries = 0;
    do
    :: n <= COUNT ->
        assert(!domains[n].mapped || (exists && domains[n].running && (domains[n].held > 0 || domains[n].lent > 0)) || mapped_by_right);
        assert(domains[n].charged == (exists && !orphan && owner == n -> 1 : 0) || accounted);
        entries = entries + domains[n].held + domains[n].lent;
        t = 0;
        d = 0;
        do
        :: t < THREADS * LEVELS ->
            if :: calls[t].callee == n && calls[t].lent -> d++ :: else fi;
            t++
        :: else -> break
        od;
        assert(domains[n].lent <= d || lent_is_back);
        assert(d == 0 || (exists && domains[n].lent >= d && domains[n].mapped) || lent_stays);
        n++
    :: else -> break
    od;
    assert(references == entries || counted);
    assert(exists == (entries > 0) || counted);
    n = 0;
    t = 0;
    d = 0;
    entries = 0
}

inline leave(thread) { // the topmost call ends: PROXY_UNLEND, or invoke_landing
    n = depth[thread] - 1;
    if
#ifdef BUG_UNLEND_AFTER_DEATH
    :: (LEVEL(thread, n).lent || LEVEL(thread, n).over) && domains[LEVEL(thread, n).callee].lent > 0 ->
#else
#ifdef BUG_NOT_GIVEN_BACK
    :: LEVEL(thread, n).lent && ((n == 0 && domains[thread + 1].running) || (n > 0 && !LEVEL(thread, 0).over)) ->
#else
    :: LEVEL(thread, n).lent -> // buffers_unlend
#endif
#endif
        domains[LEVEL(thread, n).callee].lent--;
#ifdef BUG_UNLEND_UNMAPS
        domains[LEVEL(thread, n).callee].mapped = false;
#endif
        cap_removed(LEVEL(thread, n).callee)
    :: else
    fi;
    LEVEL(thread, n).callee = 0;
    LEVEL(thread, n).lent = false;
    LEVEL(thread, n).over = false;
    depth[thread]--;
    n = 0
}

inline die(dead) { // kernel/domain/crash.c:reclaim
    domains[dead].running = false;
    deaths++;
#ifndef BUG_DEATH_KEEPS_MAPPING
    domains[dead].mapped = false; // buffers_domain_died
#endif
    if
    :: exists && owner == dead && !orphan -> // orphan()
        references++;
        orphan = true;
        domains[dead].charged--;
        n = 1;
        do
        :: n <= COUNT -> forget(n); n++
        :: else -> break
        od;
        n = 0;
        release()
    :: else
    fi;
    do // kernel/domain/caps.c:caps_drop_unnamed
#ifdef BUG_DEATH_KEEPS_MAPPING
    :: domains[dead].held > 0 -> domains[dead].held--; release()
#else
    :: domains[dead].held > 0 -> domains[dead].held--; cap_removed(dead)
#endif
#ifndef BUG_DEATH_KEEPS_LENT
    :: domains[dead].held == 0 && domains[dead].lent > 0 -> domains[dead].lent--; cap_removed(dead)
    :: domains[dead].held == 0 && domains[dead].lent == 0 -> break
#else
    :: domains[dead].held == 0 -> break
#endif
    od;
    t = 0;
    do
    :: t < THREADS * LEVELS ->
        if :: calls[t].callee == dead -> calls[t].lent = false; calls[t].over = true :: else fi;
        t++
    :: else -> break
    od;
    t = 0
}

// move_check
#ifdef BUG_SHARER_MOVES
#define MAY_MOVE (NOT_LENT)
#else
#define MAY_MOVE (owner == from && NOT_LENT)
#endif
#ifdef BUG_MOVED_WHILE_LENT
#define NOT_LENT true
#else
#define NOT_LENT (domains[1].lent + domains[2].lent + domains[3].lent == 0)
#endif

// A thread that calls, lends, and returns
proctype thread(byte me) {
    byte from, to;
end:
    do
    :: depth[me] < LEVELS -> // PROXY_ENTER, buffers_lend
        atomic {
            from = me + 1;
            if
            :: depth[me] > 0 -> from = (LEVEL(me, depth[me] - 1).over -> 0 : LEVEL(me, depth[me] - 1).callee)
            :: else
            fi;
            select(to : 1 .. COUNT);
            if
            :: exists && to != from && domains[from].running && domains[to].running && MAY_LEND(from) ->
                d_step {
#ifdef BUG_LENT_NOT_COUNTED
                    domains[to].lent++;
#else
                    domains[to].lent++; references++;
#endif
                    domains[to].mapped = true;
                    LEVEL(me, depth[me]).callee = to;
                    LEVEL(me, depth[me]).lent = true;
                    depth[me]++;
                    check()
                }
            :: else
            fi;
            from = 0;
            to = 0
        }
    :: atomic { depth[me] > 0 -> d_step { leave(me); check() } }
    od
}

// What the domains do otherwise, and the end of them
init {
    byte from, to;
    atomic {
        domains[1].running = true;
        domains[2].running = true;
        domains[3].running = true;
        run thread(0);
        run thread(1)
    }
end:
    do
    :: atomic { // buffers_create, call_buffer_alloc
        !exists;
        select(to : 1 .. COUNT);
        if
        :: domains[to].running -> d_step { exists = true; owner = to; references = 1; domains[to].held = 1; domains[to].mapped = true; domains[to].charged++; check() }
        :: else
        fi;
        to = 0
       }
    :: atomic { // kernel/domain/invoke.c:invoke_give_cap, call_buffer_map
        select(from : 1 .. COUNT);
        select(to : 1 .. COUNT);
        if
        :: exists && domains[from].running && domains[to].running && domains[from].held > 0 && domains[to].held < 2 ->
            d_step { domains[to].held++; references++; domains[to].mapped = true; check() }
        :: else
        fi;
        from = 0;
        to = 0
       }
    :: atomic { // caps_drop
        select(from : 1 .. COUNT);
        if
        :: domains[from].held > 0 -> d_step { domains[from].held--; cap_removed(from); check() }
        :: else
        fi;
        from = 0
       }
    :: atomic { // caps_revoke, by the owner
        if
        :: exists && !orphan && domains[owner].held > 0 ->
            d_step {
                n = 1;
                do
                :: n <= COUNT -> if :: n != owner -> forget(n) :: else fi; n++
                :: else -> break
                od;
                n = 0;
                check()
            }
        :: else
        fi
       }
    :: atomic { // buffers_move
        select(from : 1 .. COUNT);
        select(to : 1 .. COUNT);
        if
        :: exists && !orphan && from != to && domains[from].running && domains[to].running && domains[from].held > 0 && domains[to].held < 2 && MAY_MOVE ->
            d_step {
                domains[to].held++;
                references++;
                domains[to].mapped = true;
#ifdef BUG_MOVE_KEEPS_SHARES
                forget(from);
#else
                n = 1; // forget_elsewhere
                do
                :: n <= COUNT -> if :: n != to -> forget(n) :: else fi; n++
                :: else -> break
                od;
                n = 0;
#endif
                owner = to;
                domains[from].charged--;
                domains[to].charged++;
                n = 1;
                do
                :: n <= COUNT ->
                    assert(n == to || (domains[n].held == 0 && domains[n].lent == 0 && !domains[n].mapped) || moved_alone);
                    n++
                :: else -> break
                od;
                n = 0;
                check()
            }
        :: else
        fi;
        from = 0;
        to = 0
       }
    :: atomic {
        deaths < DEATHS;
        select(from : 1 .. COUNT);
        if
        :: domains[from].running -> d_step { die(from); check() }
        :: else
        fi;
        from = 0
       }
    :: atomic { // domain_start
        select(from : 1 .. COUNT);
        if
        :: !domains[from].running -> domains[from].running = true
        :: else
        fi;
        from = 0
       }
    od
}
