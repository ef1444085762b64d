// SPDX-License-Identifier: MIT
//
// Capabilities to one port: derived, passed, dropped, revoked, lost by death, in any order, while a thread calls through them. Every operation
// of kernel/domain/caps.c holds the kernel's lock, so each is one step here, but for the wait of cpus_stop(); the proxy of the call takes no
// lock between its doors. Entry 1 is the owner's, by the manifest; the others lie in the tables of two more domains.
//
// claim deadlock: nobody waits for ever
// claim whole_subtree: after a revocation nothing is left of what was derived from the entry, however far, by whatever way
// claim tree: every live entry hangs on a live parent once, or is a root; nothing hangs on what is gone
// claim no_use_after_revoke: when a revocation has returned, no call begins through what it took away
// small: -DENTRIES=5
// big: -DENTRIES=6
// bug BUG_NO_INTERRUPT breaks deadlock: the revocation waits for the other processors, and tells them nothing
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

#define MAY_NOT_CALL (caps[2].state != LIVE && caps[3].state != LIVE)
// invoke_may_call: has the caller any capability to the port?
#define CALLABLE (caps[2].callable || caps[3].callable)

typedef Cap { // struct cap
    byte state, parent, child, sibling;
    bool callable; // domain->callable[] points to the port
    byte above;    // for the claims: from which entries it comes
};
Cap caps[ENTRIES + 1];
bool lock, stopping, outside;
byte called;  // the entry through which the thread calls
bool late;    // for the claims: a revocation that took it away has returned, and the caller had no other
byte i, j, at, top, count; // of steps that are one

inline link_to_parent(self, to) {
    caps[self].parent = to;
    caps[self].sibling = 0;
    if
    :: to != 0 -> caps[self].sibling = caps[to].child; caps[to].child = self
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

inline clear_entry(self) {
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
    caps[self].above = 0;
    at = 1;
    do // the entry may be used anew
    :: at <= ENTRIES -> caps[at].above = caps[at].above & (255 - BIT(self)); at++
    :: else -> break
    od;
    at = 0
}

inline revoke_descendants(self) {
    at = self;
    do
    :: caps[at].child != 0 ->
        at = caps[at].child;
#ifdef BUG_GRANDCHILDREN_STAY
        do :: caps[at].child != 0 -> j = caps[at].child; caps[at].child = caps[j].sibling; link_to_parent(j, 0) :: else -> break od;
        j = 0
#endif
    :: else ->
        if
        :: at == self -> break
        :: else ->
            top = caps[at].parent;
            unlink_from_parent(at);
            let_go(at);
            at = top
        fi
    od;
    at = 0;
    top = 0
}

inline check() {
    i = 1;
    do
    :: i <= ENTRIES ->
        assert(caps[i].state == LIVE || (caps[i].parent == 0 && caps[i].child == 0) || tree);
        if
        :: caps[i].state == LIVE && caps[i].parent != 0 ->
            assert(caps[caps[i].parent].state == LIVE || tree);
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

// caps_revoke, of `self`
inline revoke(self) {
    atomic { !lock -> lock = true };
    if
    :: caps[self].state == LIVE ->
        d_step {
            revoke_descendants(self);
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
        :: caps[from].state == LIVE && caps[self].state == EMPTY -> d_step { insert(self, from); check() }
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
    :: revoke(1)
    :: revoke(2)
    :: revoke(3)
    :: revoke(4)
    od
}
