// SPDX-License-Identifier: MIT
//
// What a victim does at the end of relay() when it is told to, besides crashing: the kinds from MISBEHAVE_FIRST on.
#ifndef VICTIM_MISBEHAVE_H
#define VICTIM_MISBEHAVE_H

#include <stdint.h>
#include "kernel/abi/cap.h"
#include "kernel/abi/error.h"

enum misbehaviour : uint32_t {
    MISBEHAVE_FIRST = 100,
    MISBEHAVE_NULL_IN = 100,      // calls with addresses that are not its own to give
    MISBEHAVE_NULL_OUT = 101,
    MISBEHAVE_READ_ONLY_OUT = 102,
    MISBEHAVE_BYTES_PAST_END = 103,
    MISBEHAVE_NO_STACK = 104,     // forgets its data stack pointer, and is called back
    MISBEHAVE_SERVE_LESS = 105,   // serves a port with too few methods
    MISBEHAVE_NOT_IMPORTED = 106, // calls an interface that its image does not import
    MISBEHAVE_DERIVE_DEEP = 107,  // derives a capability from a capability from ..., and revokes the first
    MISBEHAVE_PANIC_WILD = 108,   // panics with a message that is not there
    MISBEHAVE_DEEP_PANIC = 109,   // panics with as little control stack left as calls leave
    MISBEHAVE_MOVE_AND_TOUCH = 110, // writes to a buffer that it has moved
    MISBEHAVE_LEND_SLOWLY = 111,  // lends a buffer to a call that takes time
    MISBEHAVE_BUSY_CALLS = 112,   // calls others for longer than its watchdog allows to compute
    MISBEHAVE_EXECUTE_DATA = 113, // serves a port with methods that are data
    MISBEHAVE_SHARE_AND_DIE = 114, // shares a buffer for good, and crashes
    MISBEHAVE_EXIT = 115,
    MISBEHAVE_MOVE_SHARED = 116,  // moves a buffer that is not its own
    MISBEHAVE_STACK_ASTRAY = 117, // is called back while its data stack pointer is somewhere else
    MISBEHAVE_NUMBERS = 118,      // no misbehaviour: a call with structures
    MISBEHAVE_CALL_LATE = 119,    // no misbehaviour: a call that takes time and then writes into this domain's memory
    MISBEHAVE_LATE_ANSWER = 120,  // what it wrote
    MISBEHAVE_FULL_FPU = 121,     // calls and returns with a full floating-point stack
    MISBEHAVE_COMPUTE = 122,      // no misbehaviour: long double arithmetic, 42
    MISBEHAVE_GIVE_UP = 123,      // drops the capability "next"
    MISBEHAVE_MISALIGNED = 124,   // calls with a control stack that is not aligned as the ABI has it
    MISBEHAVE_PLAY = 125,         // no misbehaviour: is client of the ring "play": low 16 bits submissions, above them completions awaited
    MISBEHAVE_CALL_AT_RANDOM = 126, // run-time calls with arguments that make no sense
    MISBEHAVE_JUMP = 127,         // longjmp; the value, less one for each domain passed, says how
    MISBEHAVE_WATCH = 128,        // touches memory for ever; the value is the address of its struct watch
    MISBEHAVE_HOLD = 129,         // no misbehaviour: keeps what takes time from its end, as the value, one of enum hold, says
    // What comes by capabilities (badges.c).
    MISBEHAVE_BADGES = 130,
    MISBEHAVE_BADGE = 130,        // no misbehaviour: first letter of its port << 32 | the badge it is called with
    MISBEHAVE_BADGE_NESTED = 131, // no misbehaviour: the badge before << 32 | after a call of its own that comes back into it
    MISBEHAVE_ANSWER = 132,       // no misbehaviour: answers with "next", with the badge `value`, or as it is for 0
    MISBEHAVE_ANSWER_TWICE = 133, // tries to
    MISBEHAVE_ANSWER_WITH = 134,  // answers with a capability that it has not, or that it must not pass on
    MISBEHAVE_ANSWER_LATE = 135,  // answers when its caller may be gone
    MISBEHAVE_ANSWER_AND_DIE = 136,
    MISBEHAVE_FILL_TABLE = 137,   // accepts and calls next until its own table is full; how often an answer came
    MISBEHAVE_ACCEPT_LATE = 138,  // no misbehaviour: accepts, and calls next with MISBEHAVE_ANSWER_LATE
    // Types of functions (types.c).
    MISBEHAVE_TYPES = 150,
    MISBEHAVE_CALL_OTHER_TYPE = 150, // calls through a pointer that was cast to another type
    MISBEHAVE_CALL_UNLABELLED = 151, // calls an assembly function that has no type label
    MISBEHAVE_CALL_DATA = 152,
    MISBEHAVE_CALL_NULL = 153,
    MISBEHAVE_JUMP_OTHER_TYPE = 154, // a tail call
    MISBEHAVE_SERVE_OTHER_TYPE = 155, // serves a port with a method of another type
    MISBEHAVE_THREAD_OTHER_TYPE = 156, // starts a thread in a function of another type
    MISBEHAVE_CALL_STUBS = 157,      // no misbehaviour: calls assembly functions of the runtime through pointers, 3
    // Of plain domains (attacks.c); the value is an address where one is needed.
    MISBEHAVE_ATTACKS = 170,
    ATTACK_READ = 170,       // the word there
    ATTACK_WRITE = 171,      // zero
    ATTACK_JUMP = 172,
    ATTACK_WRITE_TEXT = 173, // its own
    ATTACK_PRIVILEGED = 174, // read cr3
    ATTACK_PORT = 175,       // read one
    ATTACK_SYSTEM_CALL = 176,
    ATTACK_BASES = 177,      // load segment bases and come back
    ATTACK_FLAGS = 178,      // leave the direction flag set and floating-point exceptions unmasked, and come back
    // Several threads of the domain at once (race.c); the value says how long in ms.
    MISBEHAVE_RACE_FIRST = 200,
    RACE_ARGUMENTS = 200, // rewrite arguments while they are passed
    RACE_UNMAP = 201,     // unmap memory that arguments are read from and results written to
    RACE_LEND = 202,      // move, unmap, derive and revoke a buffer that is lent
    RACE_CAPS = 203,      // drop, derive and revoke capabilities that others use
    RACE_THREADS = 204,   // make and end threads
    RACE_SERVE = 205,     // serve the port with other methods while it is called
    RACE_SCRIBBLE = 206,  // write over each other's stacks
    RACE_RING = 207,      // write over the pages of a ring that is in use
    RACE_DEVICE = 208,    // take all that a device's capability gives, with events that go away
    RACE_BADGES = 209,    // call through an index that changes between two capabilities of different ports and badges
};

// Of MISBEHAVE_HOLD, which says how many calls and requests take time at the moment. A test that needs one to be under way holds it: how long a few
// milliseconds are is for the host to say.
enum hold : uint64_t { HOLD_NONE, HOLD_ALL, HOLD_ASK };

// Of MISBEHAVE_WATCH: after each touch of `target` it says in `touched` what `moment` was before.
struct watch {
    uint64_t target; // address
    uint32_t write;  // 1: by writing
    uint32_t moment, touched;
};

enum bh_error try_badges(enum misbehaviour kind, const char *port, bh_cap next, uint64_t *value); // badges.c
enum bh_error break_types(enum misbehaviour kind, const char *port, uint64_t *value); // types.c
enum bh_error attack(enum misbehaviour kind, uint64_t *value); // attacks.c
enum bh_error race(enum misbehaviour kind, const char *port, uint64_t duration_ms, uint64_t *rounds); // race.c
void take_time(uint64_t duration_ns); // holding.c: sleep, for longer as long as all are held
uint64_t hold(enum hold order);       // holding.c
enum bh_error serve_again(const char *port, void *object); // main.c; echo() says EAGAIN when there is an object

enum jump : uint64_t {
    JUMP_WELL = 1, // the only one that comes back
    JUMP_LEFT_FRAME,
    JUMP_FROM_INSIDE, // to where another activation of the domain has set it
    JUMP_OUT_OF_DOMAIN, // into this activation, from one that is further in
    JUMP_OTHER_FUNCTION,
    JUMP_INTO_FUNCTION,
    JUMP_BESIDE,
    JUMP_ABOVE,
    JUMP_BELOW,
    JUMP_ANYWHERE, // this and up: a mark made up from the number
};
uint64_t jump_badly(bh_cap next, uint64_t how); // jumps.c: 77 when it went well

void call_at_random(uint64_t from); // raw_calls.c
enum bh_error misbehave(enum misbehaviour kind, const char *port, uint64_t *value);

// Kinds of fill().
#define FILL_SLOWLY 100       // fill, take time, fill again
#define FILL_BRIEFLY 101      // fill, let others run, fill again
#define FILL_LEND_ON 102      // let another thread lend it on for longer than the call takes
#define FILL_LEND_DERIVED 103 // the same with a capability derived from it
#define FILL_END_THREAD 104   // fill, then end the thread, which is the caller's

#endif
