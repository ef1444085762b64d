// SPDX-License-Identifier: MIT
//
// Calls, and domains that die while threads are inside, on their way in, or on their way out, and come back in the same slot. Each thread has
// a processor, unless it is preempted or sleeps. Proxies take no lock: between their doors other processors meet them anywhere. Kernel code
// holds the one lock, so it is atomic but for what proxies see of it.
//
//   door      KERNEL_LOCK of kernel/platform/pc/gate.inc: no longer outside, then wait for the lock
//   outside   struct cpu; cpus_stop() of kernel/platform/pc/smp.c waits until no other processor is
//   doomed    record->resume is invoke_landing (kernel/domain/invoke.c:invoke_doom_callers)
//   lent      the callee holds a buffer lent for this call (kernel/exchange/buffers.c)
//
// claim deadlock: nobody waits for ever, neither for the lock nor for processors to stop
// claim no_call_into_the_dead: a domain's code runs in the instance that the thread entered, never in a dead one or its successor
// claim back_to_the_living: a thread returns to the instance that made the call, and results are written into no other
// claim lent_is_back: when a call has returned, whatever way, the callee has nothing left of what it was lent for it
// claim way_out: a thread of a dead domain finds the record by which it entered, and only such threads are sent out
// ltl goes_out -DDEATHS=1 -DDEPTH=2 -DTHREADS=1: who is told to leave does, sooner or later, if every processor runs on
// small: -DDEATHS=2 -DDEPTH=3 -DTHREADS=1
// small: -DDEATHS=1 -DDEPTH=2 -DTHREADS=2
// big: -DDEATHS=1 -DDEPTH=3 -DTHREADS=2
// big: -DDEATHS=2 -DDEPTH=2 -DTHREADS=2
// bug BUG_NO_STOP breaks no_call_into_the_dead: a death does not stop the other processors
// bug BUG_STOP_IN_PROXY breaks no_call_into_the_dead: processors are stopped inside proxies too
// bug BUG_UNLOCK_FIRST breaks no_call_into_the_dead: a processor releases the lock, and then says that it is outside
// bug BUG_UNMAP_FIRST breaks no_call_into_the_dead: memory is reclaimed before the processors stand still
// bug BUG_PORTS_STAY breaks no_call_into_the_dead: the ports of the dead go on serving
// bug BUG_DOOR_NOT_CHECKED breaks no_call_into_the_dead: a proxy looks only before its door whether the callee lives
// bug BUG_NO_DOOM breaks back_to_the_living: records of calls that the dead made are left as they are
// bug BUG_COPY_BACK breaks back_to_the_living: results are copied back to a caller that died meanwhile
// bug BUG_UNLEND_GIVEN_UP breaks lent_is_back: a proxy whose caller died leaves before it has given back what was lent
// bug BUG_PASSED_STAY breaks lent_is_back: a call that is abandoned on its way in does not take back what it passed
// bug BUG_EXIT_FROM_CALL breaks lent_is_back: a thread may end inside a call that it came in by
// bug BUG_NO_WAKE breaks way_out: threads that sleep in the dead go on sleeping
// bug BUG_FLAG_STAYS breaks way_out: a thread that is out keeps the word that sent it out
// bug BUG_NOT_SETTLED breaks goes_out: an interrupted thread goes on where it was, though its domain is dead
// bug BUG_TAKE_STAYS breaks deadlock: a proxy that abandons its call keeps the lock
#define DOMAINS 2
#define KERNEL 0
#define UNWIND_DOMAIN 1
#define UNWIND_CALLEE 2

typedef Domain { // struct domain
    bool running;  // state == DOMAIN_RUNNING
    bool serving;  // of its port
    bool mapped;   // its memory is there
    byte instance; // generation
};
typedef Thread { // struct thread, struct cpu
    byte domain, top, unwind;
    bool outside;
    bool preempted; // thread->frame is where it goes on ...
    bool landing;   // ... and that is invoke_landing
    bool sleeping;  // in event_wait
    byte instance;  // of the domain whose code it runs
};
typedef Record { // struct invocation
    byte caller, callee, caller_instance, callee_instance;
    bool doomed, lent;
};
Domain domains[DOMAINS + 1];
Thread threads[THREADS];
Record records[THREADS * DEPTH];
bool lock, stopping;
byte deaths;
byte u, n; // of loops inside d_step

#define ME threads[t]
#define RECORD(thread, number) records[(thread) * DEPTH + (number)]
#define TOP RECORD(t, ME.top - 1)
#define ALIVE(which, number) (domains[which].mapped && domains[which].instance == number)
#define NEXT(which) (which == 1 -> 2 : 1)

#if THREADS == 1
#define ALL_IN !threads[0].outside
#else
#define ALL_IN (!threads[0].outside && !threads[1].outside)
#endif

inline take_lock() {
    ME.outside = false;
    atomic { !lock -> lock = true }
}

inline release_lock() {
#ifdef BUG_UNLOCK_FIRST
    lock = false;
    ME.outside = true
#else
    ME.outside = true;
    lock = false
#endif
}

// kernel/domain/crash.c:unwind_one, for all threads, and reclaim
inline unwind_all(dead) {
    u = 0;
    do
    :: u < THREADS ->
        n = 0;
        do
        :: n < threads[u].top ->
#ifndef BUG_NO_DOOM
            if :: RECORD(u, n).caller == dead -> RECORD(u, n).doomed = true :: else fi;
#endif
            if :: RECORD(u, n).callee == dead -> RECORD(u, n).lent = false :: else fi; // kernel/domain/caps.c:caps_drop_unnamed
            n++
        :: else -> break
        od;
        if
        :: threads[u].domain != dead ->
            if
            :: threads[u].top > 0 && RECORD(u, threads[u].top - 1).callee == dead -> threads[u].unwind = threads[u].unwind | UNWIND_CALLEE
            :: else
            fi
        :: threads[u].domain == dead && threads[u].preempted -> threads[u].landing = true // invoke_unwind_thread
        :: else ->
            threads[u].unwind = threads[u].unwind | UNWIND_DOMAIN;
#ifndef BUG_NO_WAKE
            threads[u].sleeping = false // thread_wake
#endif
        fi;
        u++
    :: else -> break
    od;
    u = 0;
    n = 0;
    domains[dead].mapped = false
}

// kernel/domain/crash.c:crash_domain; the lock is held
inline crash(dead) {
    if
    :: domains[dead].running ->
        d_step { domains[dead].running = false; deaths++ }
#ifndef BUG_PORTS_STAY
        domains[dead].serving = false; // domain_stop_ports
#endif
#ifdef BUG_UNMAP_FIRST
        domains[dead].mapped = false;
#endif
#ifndef BUG_NO_STOP
        stopping = true; // cpus_stop
        ALL_IN;
#endif
        d_step { stopping = false; unwind_all(dead) }
    :: else
    fi
}

// kernel/domain/invoke.c:drop_half_made
inline drop_half_made(dead) {
    do
    :: ME.top > 0 && TOP.callee != dead -> assert(!TOP.lent || lent_is_back); ME.top--
    :: else -> break
    od;
    assert(ME.top > 0 || way_out)
}

// kernel/domain/invoke.c:invoke_settle, invoke_abandon, or a gate's look at the word: the lock is held, goes to landing afterwards
inline go_out() {
    d_step {
        assert(!(ME.unwind & UNWIND_DOMAIN) || !ALIVE(ME.domain, ME.instance) || way_out);
        assert(!(ME.unwind & UNWIND_CALLEE) || ME.top > 0 || way_out);
        if :: ME.unwind & UNWIND_DOMAIN -> drop_half_made(ME.domain) :: else fi
    }
}

inline abandon() { // proxy_abandon, proxy_abandon_passed
#ifndef BUG_PASSED_STAY
    if :: !(ME.unwind & UNWIND_CALLEE) && TOP.lent -> TOP.lent = false :: else fi; // caps_take_back
#endif
    assert(!TOP.lent || lent_is_back);
    go_out();
#ifdef BUG_TAKE_STAYS
    ME.outside = true
#else
    release_lock()
#endif
}

#ifdef BUG_DOOR_NOT_CHECKED
#define SENT_OUT(mask) false
#else
#define SENT_OUT(mask) (ME.unwind & (mask))
#endif

inline push(from, to) { // PROXY_RECORD
    ME.top++;
    TOP.caller = from;
    TOP.callee = to;
    TOP.caller_instance = ME.instance;
    TOP.callee_instance = domains[to].instance;
    TOP.doomed = false;
    TOP.lent = false
}

proctype thread(byte t) {
home: // kernel/sched/thread.c:domain_thread, kernel/domain/invoke.c:enter; the processor is not outside
    take_lock();
    if
    :: domains[1].running ->
        d_step { push(KERNEL, 1); ME.domain = 1; ME.instance = domains[1].instance } // kernel/arch/x86_64/proxy.S:invoke_enter
        release_lock();
        goto inside
    :: else ->
        lock = false;
        goto home
    fi;

inside: // a domain's code
    assert(ALIVE(ME.domain, ME.instance) || no_call_into_the_dead);
    if
    :: stopping -> // kernel/platform/pc/trap.c:interrupted
        take_lock();
        if
#ifndef BUG_NOT_SETTLED
        :: ME.unwind -> go_out(); ME.unwind = 0; release_lock(); goto landing
#endif
        :: else -> release_lock(); goto inside
        fi
    :: atomic { !lock -> ME.preempted = true; ME.outside = false }; // kernel/sched/thread.c:sched_preempt
        atomic {
            !lock -> ME.preempted = false; ME.outside = true; // switch_to_frame
            if :: ME.landing -> ME.landing = false; goto landing :: else -> goto inside fi
        }
    :: true -> goto gate
    :: atomic { ME.top < DEPTH && domains[NEXT(ME.domain)].serving -> push(ME.domain, NEXT(ME.domain)) } goto entering // PROXY_ENTER
    :: true -> goto leaving
    fi;

gate: // kernel/arch/x86_64/calls.S:gate_enter
    take_lock();
    if
    :: ME.unwind
    :: !ME.unwind && deaths < DEATHS -> crash(ME.domain) // call_exit, call_panic; or trap_fault, which ends in the same way
    :: !ME.unwind ->
        atomic { ME.sleeping = true; lock = false }; // call_event_wait, kernel/sched/wait.c
end_sleeping:
        atomic { !lock && !ME.sleeping -> lock = true }
#ifdef BUG_EXIT_FROM_CALL
    :: !ME.unwind -> release_lock(); goto landing
#else
    :: !ME.unwind && TOP.caller == KERNEL -> release_lock(); goto landing // call_thread_exit
#endif
    fi;
    if // gate_leave
    :: ME.unwind -> go_out(); release_lock(); goto landing
    :: else -> release_lock(); goto inside
    fi;

entering: // a proxy, the record is pushed
    if
    :: true -> // proxy_lease
        take_lock();
        if :: SENT_OUT(UNWIND_DOMAIN | UNWIND_CALLEE) -> abandon(); goto landing :: else -> release_lock() fi
    :: deaths < DEATHS -> // a bad address, the caller's or the callee's: kernel/platform/pc/trap.c:fault
        take_lock();
        if
        :: ME.unwind -> go_out()
        :: else ->
            if :: true -> crash(TOP.caller); drop_half_made(ME.domain) :: true -> crash(TOP.callee) fi // trap_fault
        fi;
        ME.unwind = 0;
        release_lock();
        goto landing
    :: true
    fi;
    if
    :: true -> // proxy_translate: a buffer is lent ...
        take_lock();
        if :: SENT_OUT(UNWIND_DOMAIN | UNWIND_CALLEE) -> abandon(); goto landing :: else -> TOP.lent = true; release_lock() fi;
        if
        :: true -> // ... and something else passed
            take_lock();
            if :: SENT_OUT(UNWIND_DOMAIN | UNWIND_CALLEE) -> abandon(); goto landing :: else -> release_lock() fi
        :: true
        fi
    :: true
    fi;
#ifdef BUG_STOP_IN_PROXY
    if :: stopping -> take_lock(); release_lock() :: true fi;
#endif
    d_step { ME.domain = TOP.callee; ME.instance = TOP.callee_instance }; // PROXY_CALL
    goto inside;

leaving: // the callee returned
    if
    :: TOP.caller == KERNEL -> // invoke_enter
        take_lock();
        if :: ME.unwind -> go_out(); release_lock(); goto landing :: else fi;
        d_step { ME.domain = KERNEL; ME.instance = 0; ME.top-- };
        lock = false;
        goto home
    :: else
    fi;
    d_step { ME.domain = TOP.caller; ME.instance = TOP.caller_instance }; // PROXY_RETURN
    if
    :: TOP.lent -> // proxy_unlend
        take_lock();
        if
#ifdef BUG_UNLEND_GIVEN_UP
        :: SENT_OUT(UNWIND_DOMAIN | UNWIND_CALLEE) -> go_out(); release_lock(); goto landing
#else
        :: SENT_OUT(UNWIND_CALLEE) -> abandon(); goto landing
#endif
        :: else -> TOP.lent = false; release_lock()
        fi
    :: else
    fi;
    if // PROXY_OUT_BACK
#ifdef BUG_COPY_BACK
    :: true -> assert(ALIVE(TOP.caller, TOP.caller_instance) || back_to_the_living)
#else
    :: !TOP.doomed -> assert(ALIVE(TOP.caller, TOP.caller_instance) || back_to_the_living)
#endif
    :: true
    fi;
    goto done;

landing: // kernel/arch/x86_64/proxy.S:invoke_landing
#ifndef BUG_FLAG_STAYS
    ME.unwind = 0;
#endif
    if
    :: TOP.caller == KERNEL ->
        take_lock();
        d_step { ME.unwind = 0; ME.domain = KERNEL; ME.instance = 0; assert(!TOP.lent || lent_is_back); ME.top-- };
        lock = false;
        goto home
    :: else -> d_step { ME.domain = TOP.caller; ME.instance = TOP.caller_instance }
    fi;

done: // PROXY_DONE
    atomic { assert(!TOP.lent || lent_is_back); ME.top-- };
    if
    :: records[t * DEPTH + ME.top].doomed -> goto landing
    :: else -> assert(ALIVE(ME.domain, ME.instance) || back_to_the_living); goto inside
    fi
}

// Another processor, in the kernel all the time: bhctl, the supervisor. kernel/domain/domain.c:domain_start
init {
    byte d;
    atomic {
        d = 1;
        do
        :: d <= DOMAINS -> domains[d].running = true; domains[d].serving = true; domains[d].mapped = true; d++
        :: else -> break
        od;
        d = 0;
        do
        :: d < THREADS -> run thread(d); d++
        :: else -> break
        od;
        d = 0
    }
end:
    do
    :: atomic { deaths < DEATHS && !lock -> lock = true };
        if :: true -> crash(1) :: true -> crash(2) fi;
        lock = false
    :: atomic { !lock && !domains[1].running -> d = 1; lock = true } goto again
    :: atomic { !lock && !domains[2].running -> d = 2; lock = true } goto again
    od;
again:
    atomic {
        u = 0;
        do
        :: u < THREADS -> assert(!(threads[u].sleeping && threads[u].domain == d) || way_out); u++
        :: else -> break
        od;
        u = 0;
        domains[d].instance++;
        domains[d].mapped = true;
        domains[d].running = true
    }
    domains[d].serving = true; // kernel/domain/ports.c:port_serve
    d = 0;
    lock = false;
    goto end
}

#ifdef LTL_goes_out
ltl goes_out { [] (threads[0].unwind != 0 -> <> (threads[0].unwind == 0)) }
#endif
