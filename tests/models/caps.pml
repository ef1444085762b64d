// SPDX-License-Identifier: MIT
//
// Capabilities to one port: derived, passed, dropped, revoked, lost by death, in any order, while a thread calls through them. Every operation
// of kernel/domain/caps.c holds the kernel's lock, so each is one step here, but for the wait of cpus_stop() and for revoking, which lets the lock
// go after each of its steps; the proxy of the call takes no lock between its doors. Entry 1 is the owner's, by the manifest; the others lie in the tables of two more domains.
//
// claim deadlock: nobody waits for ever
// claim whole_subtree: after a revocation nothing is left of what was derived from the entry, however far, by whatever way
// claim tree: every live entry hangs on a live parent once, or is a root; nothing hangs on what is gone, but while that is being revoked
// claim half_revoked: nothing is derived from what hangs on an entry that is being revoked, or passed on
// claim no_use_after_revoke: when a revocation has returned, no call begins through what it took away
// small: -DENTRIES=5
// bug BUG_NO_INTERRUPT breaks deadlock: the revocation waits for the other processors, and tells them nothing
// bug BUG_HALF_REVOKED_DERIVES breaks half_revoked: whether an entry above is being revoked is not looked at
// bug BUG_DROPPED_HALFWAY breaks whole_subtree: an entry that is dropped while it is being revoked hands over what is left
// bug BUG_GRANDCHILDREN_STAY breaks whole_subtree: only what was derived from the entry itself is revoked
// bug BUG_CHILDREN_FREED breaks whole_subtree: what was derived from a dropped entry hangs on nothing any more
// bug BUG_PASSED_UNLINKED breaks whole_subtree: a capability that is passed is not linked to its giver's
// bug BUG_NOT_UNLINKED breaks tree: a dropped entry stays in its parent's list
// bug BUG_DEATH_CLEARS_TABLE breaks tree: the table of a dead domain is cleared without a look at the tree
// bug BUG_NOT_SHOWN breaks no_use_after_revoke: the word that proxies look at is not changed
// bug BUG_NO_STOP breaks no_use_after_revoke: the revocation returns while a proxy has found the capability
// bug BUG_DOOR_NOT_CHECKED breaks no_use_after_revoke: a proxy that waited for the lock does not look again
#define EMPTY 0
#define LIVE 1
#define REVOKED 2
#define CALLER 2
#define DOMAIN(entry) (entry == 1 -> 1 : (entry <= 3 -> CALLER : 3))
#define BIT(entry) (1 << (entry))

#define REVOKING (caps[1].revoking || caps[2].revoking || caps[3].revoking || caps[4].revoking)
#define REVOKING_ONES ((caps[1].revoking -> BIT(1) : 0) | (caps[2].revoking -> BIT(2) : 0) | (caps[3].revoking -> BIT(3) : 0) | (caps[4].revoking -> BIT(4) : 0))
#define MAY_NOT_CALL (caps[2].state != LIVE && caps[3].state != LIVE)
// invoke_may_call: has the caller any capability to the port?
#define CALLABLE (caps[2].callable || caps[3].callable)

typedef Cap { // struct cap
    byte state, parent, child, sibling;
    bool callable; // domain->callable[] points to the port
    bool revoking;
    byte above;    // for the claims: from which entries it comes
};
Cap caps[ENTRIES + 1];
bool lock, stopping, outside;
byte called;  // the entry through which the thread calls
bool late;    // for the claims: a revocation that took it away has returned, and the caller had no other
byte i, j, at, top, count; // of steps that are one

inline link_to_parent(link, under) {
    caps[link].parent = under;
    caps[link].sibling = 0;
    if
    :: under != 0 -> caps[link].sibling = caps[under].child; caps[under].child = link
    :: else
    fi
}

inline unlink_from_parent(self) {
    if
    :: caps[self].parent != 0 ->
        j = caps[self].parent;
        if
        :: caps[j].child == self -> caps[j].child = caps[self].sibling
        :: else ->
            j = caps[j].child;
            do
            :: j != 0 && caps[j].sibling != self -> j = caps[j].sibling
            :: else -> break
            od;
            caps[j].sibling = caps[self].sibling
        fi;
        j = 0;
        caps[self].parent = 0;
        caps[self].sibling = 0
    :: else
    fi
}

inline let_go(self) {
    caps[self].state = REVOKED;
    caps[self].above = 0;
    caps[self].revoking = false;
#ifndef BUG_NOT_SHOWN
    caps[self].callable = false // show()
#endif
}

inline insert(self, from) { // caps_insert
    caps[self].state = LIVE;
    caps[self].callable = true;
    caps[self].above = caps[from].above | BIT(from);
#ifdef BUG_PASSED_UNLINKED
    if :: DOMAIN(self) == DOMAIN(from) -> link_to_parent(self, from) :: else -> link_to_parent(self, 0) fi
#else
    link_to_parent(self, from)
#endif
}

inline revoke_step(what) { // of an entry that has children
    at = caps[what].child;
    if :: caps[at].state == LIVE -> let_go(at) :: else fi;
    if
    :: caps[at].child != 0 -> // hand_child_over
        top = caps[at].child;
        caps[at].child = caps[top].sibling;
#ifdef BUG_GRANDCHILDREN_STAY
        link_to_parent(top, 0)
#else
        link_to_parent(top, what)
#endif
    :: else -> unlink_from_parent(at)
    fi;
    at = 0;
    top = 0
}

inline revoke_descendants(what) {
    do :: caps[what].child != 0 -> revoke_step(what) :: else -> break od
}

// is_doomed: `top` is 1 when an entry above is being revoked
inline look_above(self) {
    at = caps[self].parent;
    top = 0;
#ifndef BUG_HALF_REVOKED_DERIVES
    do
    :: at != 0 -> if :: caps[at].revoking -> top = 1 :: else fi; at = caps[at].parent
    :: else -> break
    od;
#endif
    at = 0
}

inline clear_entry(self) {
#ifndef BUG_DROPPED_HALFWAY
    if :: caps[self].revoking -> revoke_descendants(self) :: else fi;
#endif
    i = 1;
    do // what its revocation had left over
    :: i <= ENTRIES -> assert(!(caps[self].revoking && caps[i].state == LIVE && (caps[i].above & BIT(self))) || whole_subtree); i++
    :: else -> break
    od;
    i = 0;
    do // hand_children_over
    :: caps[self].child != 0 ->
        at = caps[self].child;
        caps[self].child = caps[at].sibling;
#ifdef BUG_CHILDREN_FREED
        link_to_parent(at, 0)
#else
        link_to_parent(at, caps[self].parent)
#endif
    :: else -> break
    od;
#ifndef BUG_NOT_UNLINKED
    unlink_from_parent(self);
#endif
    caps[self].state = EMPTY;
    caps[self].parent = 0;
    caps[self].sibling = 0;
    caps[self].callable = false;
    caps[self].revoking = false;
    caps[self].above = 0;
    at = 1;
    do // the entry may be used anew
    :: at <= ENTRIES -> caps[at].above = caps[at].above & (255 - BIT(self)); at++
    :: else -> break
    od;
    at = 0
}

inline check() {
    i = 1;
    do
    :: i <= ENTRIES ->
        assert(caps[i].state == LIVE || (caps[i].parent == 0 && caps[i].child == 0) || REVOKING || tree);
        if
        :: caps[i].state == LIVE && caps[i].parent != 0 ->
            assert(caps[caps[i].parent].state == LIVE || (REVOKING && caps[caps[i].parent].state == REVOKED) || tree);
            j = caps[caps[i].parent].child;
            top = 0;
            count = 0;
            do
            :: j != 0 && count <= ENTRIES ->
                if :: j == i -> top++ :: else fi;
                j = caps[j].sibling;
                count++
            :: else -> break
            od;
            assert(count <= ENTRIES || tree);
            assert(top == 1 || tree);
            j = 0;
            top = 0;
            count = 0
        :: else
        fi;
        i++
    :: else -> break
    od;
    i = 0
}

// caps_revoke, of `self`, again and again until nothing is left (runtime/cap.c)
inline revoke(self) {
    do
    :: atomic { !lock -> lock = true };
        if
        :: caps[self].state == LIVE && caps[self].child != 0 ->
            d_step { revoke_step(self); caps[self].revoking = (caps[self].child != 0); check() }
            if :: caps[self].child != 0 -> lock = false :: else -> break fi
        :: caps[self].state == LIVE && caps[self].child == 0 -> caps[self].revoking = false; break
        :: else -> break
        fi
    od;
    if
    :: caps[self].state == LIVE ->
        d_step {
            i = 1;
            do
            :: i <= ENTRIES -> assert(!(caps[i].state == LIVE && (caps[i].above & BIT(self))) || whole_subtree); i++
            :: else -> break
            od;
            i = 0;
            check()
        }
#ifndef BUG_NO_STOP
#ifndef BUG_NO_INTERRUPT
        stopping = true; // cpus_stop
#endif
        !outside;
        stopping = false;
#endif
        d_step {
            if :: called != 0 && caps[called].state == REVOKED && MAY_NOT_CALL -> late = true :: else fi;
            lock = false
        }
    :: else -> lock = false
    fi
}

// A thread of domain 2, on a processor of its own
active proctype caller() {
    outside = true;
inside:
    if
    :: stopping -> outside = false; atomic { !lock -> outside = true } goto inside // kernel/platform/pc/trap.c:interrupted
    :: atomic { caps[2].callable -> called = 2; late = false } // PROXY_ENTER: one load
    :: atomic { caps[3].callable -> called = 3; late = false }
    fi;
    do
    :: true -> // proxy_lease, proxy_translate
        outside = false;
        atomic { !lock -> lock = true };
        if
#ifndef BUG_DOOR_NOT_CHECKED
        :: !CALLABLE -> atomic { outside = true; called = 0 }; lock = false; goto inside // proxy_back_out
#endif
        :: else ->
            atomic {
                outside = true;
                if :: CALLABLE -> late = false; if :: caps[2].callable -> called = 2 :: else -> called = 3 fi :: else fi
            }
            lock = false
        fi
    :: true -> break
    od;
    atomic {
        assert(!late || !MAY_NOT_CALL || no_use_after_revoke); // PROXY_CALL: the server is entered
        called = 0;
        late = false
    }
    goto inside
}

// What the three domains do by other threads, in whatever order
active proctype others() {
    byte self, from;
    atomic { caps[1].state = LIVE; caps[1].callable = true };
end:
    do
    :: atomic { // caps_derive, or invoke_give_cap by a call
        !lock;
        select(from : 1 .. ENTRIES);
        select(self : 2 .. ENTRIES);
        if
        :: caps[from].state == LIVE && caps[self].state == EMPTY ->
            d_step {
                look_above(from);
                if
                :: top == 0 -> assert(!(caps[from].above & REVOKING_ONES) || half_revoked); insert(self, from); check()
                :: else
                fi;
                top = 0
            }
        :: else
        fi;
        self = 0;
        from = 0
       }
    :: atomic { // caps_drop
        !lock;
        select(self : 2 .. ENTRIES);
        if
        :: caps[self].state != EMPTY -> d_step { clear_entry(self); check() }
        :: else
        fi;
        self = 0
       }
    :: atomic { // kernel/domain/caps.c:caps_drop_unnamed of domain 3, which died
        !lock;
        d_step {
            self = 4;
            do
            :: self <= ENTRIES ->
                if
#ifdef BUG_DEATH_CLEARS_TABLE
                :: caps[self].state != EMPTY -> caps[self].state = EMPTY; caps[self].parent = 0; caps[self].sibling = 0; caps[self].child = 0; caps[self].callable = false
#else
                :: caps[self].state != EMPTY -> clear_entry(self)
#endif
                :: else
                fi;
                self++
            :: else -> break
            od;
            check();
            self = 0
        }
       }
    od
}

// Somebody who revokes now and then
active proctype revoker() {
end:
    do
    :: revoke(1)
    :: revoke(2)
    :: revoke(3)
    :: revoke(4)
    od
}
