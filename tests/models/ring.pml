// SPDX-License-Identifier: MIT
//
// A ring whose server and client may die at any instant and come back: every request that was announced is answered exactly once, and honest
// peers never accuse one another. With GIVE_UPS the server may also be given up: then the client ends what is in flight, which counts as answered. One statement is one access to memory that the other side sees; what touches a side's own memory alone is
// joined to it. Names in comments are functions of runtime/ring_client.c and runtime/ring_server.c unless a file is named. Stores are seen in order, as on x86; where a store
// must not pass a later load the code has a fence (wakeup.pml).
//
// A request is known by its sequence number; `pay` stands for the payload, which is right if it is that number.
//
// claim deadlock: no request is lost: whoever sleeps is woken as long as something is in flight
// claim exactly_once: no request is answered twice
// claim not_again: a server takes nothing that was answered already
// claim whole: the payload of an answer is the one that belongs to the request
// claim no_false_accusation: the sides are honest, so neither finds the other at fault
// ltl ends -DREQUESTS=1 -DSERVER_DEATHS=1 -DCLIENT_DEATHS=0: the client gets all its answers in the end, if both sides run on
// small: -DREQUESTS=2 -DSERVER_DEATHS=1 -DCLIENT_DEATHS=0
// small: -DREQUESTS=2 -DSERVER_DEATHS=0 -DCLIENT_DEATHS=1
// small: -DREQUESTS=1 -DSERVER_DEATHS=1 -DCLIENT_DEATHS=0 -DGIVE_UPS
// big: -DREQUESTS=2 -DSERVER_DEATHS=1 -DCLIENT_DEATHS=0 -DGIVE_UPS
// big: -DREQUESTS=2 -DSERVER_DEATHS=1 -DCLIENT_DEATHS=1
// big: -DREQUESTS=3 -DSERVER_DEATHS=1 -DCLIENT_DEATHS=0
// big: -DREQUESTS=3 -DSERVER_DEATHS=0 -DCLIENT_DEATHS=1
// bug BUG_NO_ACKNOWLEDGEMENT breaks not_again: a new server reads the log while the client may still take an answer of the last one
// bug BUG_SEQUENCE_BEFORE_STATE breaks not_again: the log is read while a slot is used anew, so that an old number is found with a new request
// bug BUG_HASTY_ACCUSATION breaks no_false_accusation: the client does not look at the epoch again before it accuses
// bug BUG_NO_REPLAY breaks deadlock: a new server goes on from the tail and forgets the log
// bug BUG_ENDLESS_REPLAY breaks ends: the log is read again and again, whether or not there is anything in it
// bug BUG_REPLAY_ALL breaks not_again: what is announced after the new server attached is replayed too
// bug BUG_NO_EPOCH_RESET breaks deadlock: the client's index stays where it was when the completions were zeroed
// bug BUG_NO_DEATH_SIGNAL breaks deadlock: the kernel does not wake the client at a death, nor when a server attaches
// bug BUG_FREE_FIRST breaks deadlock: the slot is free again before its answer was taken whole
// bug BUG_TAIL_FIRST breaks whole: a completion is announced before its words are written
// bug BUG_ADOPT_NOTHING -DREQUESTS=2 -DSERVER_DEATHS=0 -DCLIENT_DEATHS=1 breaks no_false_accusation: a client that comes back forgets what is in flight
// bug BUG_ADOPT_UNANNOUNCED -DREQUESTS=2 -DSERVER_DEATHS=0 -DCLIENT_DEATHS=1 breaks deadlock: a client that comes back waits for what it had not announced
// bug BUG_BY_SLOT -DREQUESTS=3 -DSERVER_DEATHS=0 -DCLIENT_DEATHS=1 breaks exactly_once: an answer is taken for whatever is in flight in its slot
// bug BUG_SAME_EPOCH -DREQUESTS=2 -DSERVER_DEATHS=1 -DCLIENT_DEATHS=0 -DGIVE_UPS breaks not_again: an operator starts what was given up, without a new epoch
// bug BUG_SILENT_END -DREQUESTS=1 -DSERVER_DEATHS=1 -DCLIENT_DEATHS=0 -DGIVE_UPS breaks deadlock: the client is not woken when its server is given up
#ifndef N
#define N 2 // entries
#endif
#define BEFORE(index, limit) ((index) < (limit)) // no wrap here: wakeup.pml has that

// ---- the header page: the kernel's
byte epoch = 1;
#ifdef GIVE_UPS
bool given_up;
bool down, operator; // the server is not started again, or not before an operator comes; does one come?
#endif
// ---- request pages: the client's
byte submit_tail, completion_event, epoch_seen;
bool busy[N];
byte sequence_of[N], order[N];
// ---- completion pages: the server's
byte completion_tail, submit_event;
byte entry_slot[N], entry_sequence[N], entry_pay[N];
// ---- events (kernel/sched/wait.c)
bool submit_signal, completion_signal;
// ---- what the kernel knows
bool server_killed, client_killed, server_runs, client_runs;
// ---- what the claims are about
bool answered[REQUESTS + 1];

// ======== the client: private words of struct bh_ring

inline see_epoch() {
    d_step {
        c_changed = (epoch != c_epoch);
        if
        :: c_changed ->
            c_epoch = epoch;
#ifndef BUG_NO_EPOCH_RESET
            c_taken = 0;
            c_tail = 0;
#endif
            c_stale = 0;
            c_doubtful = 0
        :: else
        fi
    }
    if
    :: c_changed ->
        epoch_seen = c_epoch;
        submit_signal = true // acknowledge(): bh_call_event_signal
    :: else
    fi
}

// accuse_server: only if the server is the one that wrote what we read
inline accuse_server() {
#ifdef BUG_HASTY_ACCUSATION
    c_changed = false;
#else
    see_epoch();
#endif
    assert(c_changed || no_false_accusation);
    c_again = true
}

inline client_attach() { // bh_ring_attach, adopt_requests
    d_step {
        c_epoch = epoch; // kernel/exchange/rings.c:rings_attach, under the lock
        c_taken = 0; c_posted = 0; c_notified = 0; c_stale = 0; c_doubtful = 0; c_sequence = 0; c_in_flight = 0;
        i = 0; do :: i < N -> c_sequences[i] = 0; i++ :: else -> break od; i = 0
    }
    c_tail = completion_tail;
    d_step {
        c_posted = submit_tail;
        do
        :: i < N ->
            if
            :: sequence_of[i] != 0 && sequence_of[i] <= c_posted && sequence_of[i] > c_sequence -> c_sequence = sequence_of[i]
            :: else
            fi;
            if
            :: !busy[i]
#ifdef BUG_ADOPT_NOTHING
            :: busy[i] -> busy[i] = false
#else
#ifndef BUG_ADOPT_UNANNOUNCED
            :: busy[i] && (sequence_of[i] == 0 || sequence_of[i] > c_posted) -> busy[i] = false
#else
            :: busy[i] && (sequence_of[i] == 0 || sequence_of[i] > c_posted) -> c_sequences[i] = sequence_of[i]; c_in_flight++
#endif
            :: busy[i] && sequence_of[i] != 0 && sequence_of[i] <= c_posted -> c_sequences[i] = sequence_of[i]; c_in_flight++
#endif
            fi;
            i++
        :: else -> break
        od;
        i = 0;
        c_sequence = c_posted;
        c_notified = 0;
        if :: c_tail < N -> c_taken = 0 :: else -> c_taken = c_tail - N fi;
        c_stale = c_tail;
        c_doubtful = c_tail;
        c_tail = c_taken
    }
    epoch_seen = c_epoch;
    submit_signal = true // acknowledge()
}

inline submit() { // bh_ring_submit
    d_step {
        do :: c_sequences[c_slot] != 0 -> c_slot++ :: else -> break od;
        c_sequence++;
        c_sequences[c_slot] = c_sequence
    }
    sequence_of[c_slot] = c_sequence;
    d_step { busy[c_slot] = true; order[c_posted % N] = c_slot } // nobody looks at the order before the tail
    atomic { c_posted++; submit_tail = c_posted; c_in_flight++; c_slot = 0 }
}

inline submit_notify() { // bh_ring_submit_notify
    d_step {
        c_wanted = (c_posted - submit_event - 1 >= 0 && c_posted - submit_event - 1 < c_posted - c_notified); // passed()
        c_notified = c_posted
    }
    if :: c_wanted -> atomic { submit_signal = true; c_wanted = false } :: else fi
}

inline take_completion() {
    c_seen = entry_sequence[c_taken % N];
    c_slot = entry_slot[c_taken % N];
#ifdef BUG_FREE_FIRST
    busy[c_slot] = false;
#endif
    if
#ifdef BUG_BY_SLOT
    :: c_seen == 0 || c_sequences[c_slot] == 0 ->
#else
    :: c_seen == 0 || c_sequences[c_slot] != c_seen ->
#endif
        c_slot = 0;
        if
        :: BEFORE(c_taken, c_doubtful) ->
            see_epoch();
            if :: !c_changed -> c_taken++ :: else fi;
            c_again = true
        :: else -> accuse_server()
        fi
    :: else ->
        c_pay = entry_pay[c_taken % N];
        if
        :: entry_sequence[c_taken % N] != c_seen ->
            d_step { c_slot = 0; c_pay = 0 }
            if
            :: BEFORE(c_taken, c_stale) -> c_again = true
            :: else -> accuse_server()
            fi
        :: else ->
            atomic { // one store, and what is private
                if :: BEFORE(c_taken, c_stale) -> c_doubtful = c_taken + N + 1 :: else fi;
                c_taken++;
                c_sequences[c_slot] = 0;
                c_in_flight--;
                busy[c_slot] = false;
                assert(c_pay == c_seen || whole);
                assert(!answered[c_seen] || exactly_once);
                answered[c_seen] = true;
                c_got = true;
                c_slot = 0; c_pay = 0; c_seen = 0
            }
        fi
    fi;
    c_seen = 0
}

#ifdef GIVE_UPS
inline fail_all() { // what is in flight ends
    if
    :: given_up ->
        do
        :: i < N ->
            atomic {
                if
                :: c_sequences[i] != 0 ->
                    assert(!answered[c_sequences[i]] || exactly_once);
                    answered[c_sequences[i]] = true;
                    c_sequences[i] = 0;
                    c_in_flight--;
                    busy[i] = false;
                    c_got = true
                :: else
                fi;
                i++
            }
        :: else -> break
        od;
        i = 0
    :: else
    fi
}
#endif

inline complete() { // bh_ring_complete; c_got: there was one
    c_got = false;
    see_epoch();
    c_again = true;
    do
    :: c_again ->
        c_again = false;
        if // look()
        :: c_tail == c_taken || BEFORE(c_taken, c_stale) -> c_tail = completion_tail
        :: else
        fi;
        if
#ifdef GIVE_UPS
        :: c_tail == c_taken -> fail_all()
#else
        :: c_tail == c_taken
#endif
        :: c_tail < c_taken || c_tail - c_taken > N ->
            if
            :: BEFORE(c_taken, c_stale) && c_tail >= c_stale && c_tail - c_stale <= N -> c_taken = c_tail - N; take_completion()
            :: else -> accuse_server()
            fi
        :: c_tail > c_taken && c_tail - c_taken <= N -> take_completion()
        fi
    :: else -> break
    od
}

inline wait_completion() { // bh_ring_wait_completion
    see_epoch();
    completion_event = c_taken;
    c_seen = completion_tail;
    if
    :: c_seen != c_taken
#ifdef GIVE_UPS
    :: c_seen == c_taken && given_up
#endif
    :: else -> atomic { completion_signal -> completion_signal = false } // event_wait
    fi;
    c_seen = 0
}

active proctype client() {
    byte c_epoch, c_taken, c_posted, c_notified, c_stale, c_doubtful, c_sequence, c_in_flight;
    byte c_sequences[N];
    byte i, c_slot, c_seen, c_pay, c_tail;
    bool c_again, c_got, c_changed, c_wanted;
life:
    atomic { client_killed = false; client_runs = true; c_slot = 0; c_seen = 0; c_pay = 0; c_tail = 0; c_again = false; c_got = false; c_changed = false; c_wanted = false; i = 0 }
    {
        client_attach();
        do
        :: c_sequence < REQUESTS && c_in_flight < N ->
            submit();
            if :: submit_notify() :: c_sequence < REQUESTS && c_in_flight < N fi // now, or with the next
        :: c_in_flight > 0 ->
            if :: c_notified != c_posted -> submit_notify() :: else fi;
            complete();
            if
            :: !c_got && c_in_flight > 0 -> wait_completion()
            :: else
            fi;
            c_got = false
        :: c_in_flight == 0 && epoch != c_epoch -> complete() // it was woken at the death
        :: c_sequence == REQUESTS && c_in_flight == 0 -> break
        od
    } unless { client_killed };
    if
    :: client_killed -> goto life
    :: else -> atomic { client_runs = false }
    fi
}

// ======== the server: private words of struct bh_ring

inline server_attach() { // bh_ring_attach, adopt_log
    d_step { // kernel/exchange/rings.c:rings_attach, under the lock
        s_epoch = epoch;
        s_taken = 0; s_posted = 0; s_notified = 0; s_replay_left = 0; s_replay_tail = 0; s_sequence = 0; s_in_flight = 0;
        j = 0; do :: j < N -> s_sequences[j] = 0; j++ :: else -> break od; j = 0;
#ifndef BUG_NO_DEATH_SIGNAL
        completion_signal = true
#endif
    }
    d_step {
        s_taken = submit_tail;
        s_tail = s_taken;
        s_replay_tail = s_taken;
#ifndef BUG_NO_REPLAY
        s_replay_left = N
#endif
    }
}

inline copy_request(slot) { // sets s_got
    d_step {
        assert(!answered[sequence_of[slot]] || not_again);
        s_sequences[slot] = sequence_of[slot];
        s_in_flight++;
        s_got = true
    }
}

inline take_replay() {
    s_best = N;
    do
    :: j < N ->
#ifdef BUG_SEQUENCE_BEFORE_STATE
        s_seen = sequence_of[j];
#else
        s_busy = busy[j];
#endif
        d_step {
#ifdef BUG_SEQUENCE_BEFORE_STATE
            s_busy = busy[j];
#else
            s_seen = sequence_of[j];
#endif
            if
#ifdef BUG_REPLAY_ALL
            :: s_busy && s_sequences[j] == 0 && s_seen > s_sequence && (s_best == N || s_seen < s_best_sequence)
#else
            :: s_busy && s_sequences[j] == 0 && s_seen > s_sequence && (s_best == N || s_seen < s_best_sequence) && s_seen <= s_replay_tail
#endif
                -> s_best = j; s_best_sequence = s_seen
            :: else
            fi;
            s_seen = 0;
            s_busy = false;
            j++
        }
    :: else -> break
    od;
    j = 0;
    if
#ifdef BUG_ENDLESS_REPLAY
    :: s_best == N
#else
    :: s_best == N -> s_replay_left = 0
#endif
    :: else ->
        d_step { s_replay_left--; s_sequence = s_best_sequence; s_best_sequence = 0; s_busy = busy[s_best] }
        if :: s_busy -> copy_request(s_best) :: else fi;
        s_busy = false
    fi;
    s_best = 0
}

// Has the client seen our epoch? Until then it may still be taking what our predecessor answered.
#ifdef BUG_NO_ACKNOWLEDGEMENT
#define ACKNOWLEDGED true
#else
#define ACKNOWLEDGED (epoch_seen == s_epoch)
#endif

inline take() { // bh_ring_take
    s_got = false;
    if
    :: ACKNOWLEDGED ->
        do
        :: s_replay_left > 0 && !s_got -> take_replay()
        :: else -> break
        od;
        if
        :: s_got
        :: else ->
            if :: s_tail == s_taken -> s_tail = submit_tail :: else fi;
            if
            :: s_tail == s_taken
            :: else ->
                assert((s_tail > s_taken && s_tail - s_taken <= N) || no_false_accusation);
                d_step {
                    s_slot = order[s_taken % N];
                    s_taken++;
                    assert(s_sequences[s_slot] == 0 || no_false_accusation)
                }
                assert(busy[s_slot] || no_false_accusation);
                copy_request(s_slot);
                s_slot = 0
            fi
        fi
    :: else
    fi
}

inline finish() { // bh_ring_finish, of any slot that is in flight
    atomic {
        if
        :: s_sequences[0] != 0 -> s_slot = 0
        :: s_sequences[1] != 0 -> s_slot = 1
#if N > 2
        :: s_sequences[2] != 0 -> s_slot = 2
#endif
        fi;
        entry_sequence[s_posted % N] = 0
    }
#ifdef BUG_TAIL_FIRST
    completion_tail = s_posted + 1;
    entry_sequence[s_posted % N] = s_sequences[s_slot];
    entry_slot[s_posted % N] = s_slot;
    entry_pay[s_posted % N] = s_sequences[s_slot];
#else
    d_step { entry_slot[s_posted % N] = s_slot; entry_pay[s_posted % N] = s_sequences[s_slot] }
    entry_sequence[s_posted % N] = s_sequences[s_slot];
#endif
    atomic { s_sequences[s_slot] = 0; s_slot = 0; s_in_flight--; s_posted++; completion_tail = s_posted }
}

inline finish_notify() { // bh_ring_finish_notify
    d_step {
        s_wanted = (s_posted - completion_event - 1 >= 0 && s_posted - completion_event - 1 < s_posted - s_notified); // passed()
        s_notified = s_posted
    }
    if :: s_wanted -> atomic { completion_signal = true; s_wanted = false } :: else fi
}

inline wait_submit() { // bh_ring_arm_submit, bh_ring_wait_submit
    submit_event = s_taken;
    if
    :: ACKNOWLEDGED ->
        if
        :: s_replay_left > 0 || submit_tail != s_taken
        :: else ->
end_idle:   atomic { submit_signal -> submit_signal = false } // event_wait
        fi
    :: else ->
end_early: atomic { submit_signal -> submit_signal = false }
    fi
}

active proctype server() {
    byte s_epoch, s_taken, s_tail, s_posted, s_notified, s_replay_left, s_replay_tail, s_sequence;
    byte s_sequences[N];
    byte j, s_best, s_best_sequence, s_seen, s_slot, s_in_flight;
    bool s_got, s_busy, s_wanted;
end_life: // given up, it is not started again
    atomic {
#ifdef GIVE_UPS
        !down ->
#endif
        server_killed = false; server_runs = true; j = 0; s_best = 0; s_best_sequence = 0; s_seen = 0; s_slot = 0; s_got = false; s_busy = false; s_wanted = false
    }
    {
        server_attach();
        do
        :: true ->
            take();
            if
            :: s_got
            :: !s_got && s_in_flight == 0 -> wait_submit()
            :: !s_got && s_in_flight > 0 -> finish(); finish_notify()
            fi
        :: s_in_flight > 0 -> finish(); if :: finish_notify() :: s_in_flight > 0 fi
        od
    } unless { server_killed };
    goto end_life
}

// ======== kernel/domain/crash.c:crash_domain, with all processors stopped; the supervisor starts the domain again
active proctype killer() {
    byte servers = SERVER_DEATHS, clients = CLIENT_DEATHS;
end:
    do
    :: atomic {
        servers > 0 && server_runs && !server_killed -> // kernel/exchange/rings.c:server_died
        servers--;
        server_killed = true;
#ifdef GIVE_UPS
        if :: true :: down = true; operator = true :: down = true fi;
#endif
        d_step {
            completion_tail = 0;
            submit_event = 0;
            epoch++
        };
        entry_slot[0] = 0; entry_sequence[0] = 0; entry_pay[0] = 0;
        entry_slot[1] = 0; entry_sequence[1] = 0; entry_pay[1] = 0;
#if N > 2
        entry_slot[2] = 0; entry_sequence[2] = 0; entry_pay[2] = 0;
#endif
#ifndef BUG_NO_DEATH_SIGNAL
        completion_signal = true
#endif
       }
#ifdef GIVE_UPS
    :: atomic { // kernel/exchange/rings.c:rings_give_up
        down && !given_up ->
        given_up = true;
#ifndef BUG_SILENT_END
        completion_signal = true
#endif
       }
    :: atomic { // rings_take_up
        given_up && operator ->
        given_up = false;
        down = false;
#ifndef BUG_SAME_EPOCH
        epoch++;
        completion_signal = true
#endif
       }
#endif
    :: atomic { clients > 0 && client_runs && !client_killed -> clients--; client_killed = true }
    od
}

#ifdef LTL_ends
ltl ends { <> (!client_runs && answered[REQUESTS]) }
#endif
