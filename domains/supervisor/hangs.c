// SPDX-License-Identifier: MIT
//
// A domain that computes without end is ended by the kernel's watchdog; one that waits for something that never comes looks like one that has nothing to do.
// The difference is who is at the other end of its rings: it hangs if a signal stands for it on a ring and at LOOKS looks, one after the other, it has neither
// waited for such a signal nor done anything on that ring since the look before: completed a request, if it serves the ring; submitted one or taken an answer, if
// it is the client. Who never waited for a ring's signals leaves them standing on purpose. A device that keeps silent is no hang: its driver waits for the signal
// all the same. And it hangs if a call of another domain, or an exit of a vCPU, waits in it at LOOKS looks for the same thing: who waits there with good reason
// looks around now and then. And if at LOOKS looks the same signal of another domain stands for it, for an event of its own for which it has waited before: who
// has no time for what was signalled waits for the event all the same. Looks are counted, not time, so that a machine that stood still blames nobody. What is
// remembered here a successor of this domain learns anew.
#include "hangs.h"

#include "bulkhead/domain.h"
#include "kernel.h"
#include "kernel/abi/manifest.h"
#include "trials.h"

#define LOOKS 4
#define MS 1000000ull

struct looks {
    uint32_t in_vain; // one after the other
    uint64_t next_ns;
};

// One side of one ring.
static struct watch {
    uint32_t epoch, submitted, completed, busy; // as they were at the last look
    uint32_t generation;                        // of the domain
    struct looks looks;
} servers[BH_RINGS_MAX], clients[BH_RINGS_MAX];

// The oldest of what waits for one domain, by its number, which is never used again.
static struct oldest {
    uint64_t number; // at the last look
    struct looks looks;
} calls[BH_SLOT_COUNT], signals[BH_SLOT_COUNT];

// Whether it is time to look; if not, *next is brought forward to when it is.
static bool is_due(const struct looks *looks, uint64_t now, uint64_t *next) {
    if (now >= looks->next_ns)
        return true;
    wake_by(next, looks->next_ns);
    return false;
}

// A look was taken. Whether it was the last of LOOKS in vain.
static bool count_look(struct looks *looks, bool in_vain, uint32_t answer_ms, uint64_t now, uint64_t *next) {
    looks->in_vain = in_vain ? looks->in_vain + 1 : 0;
    looks->next_ns = now + answer_ms * MS / LOOKS;
    wake_by(next, looks->next_ns);
    if (looks->in_vain < LOOKS)
        return false;
    looks->in_vain = 0;
    return true;
}

static bool moves(const struct watch *watch, const struct bh_ring_state *ring, bool server, uint32_t generation) {
    if (generation != watch->generation || ring->epoch != watch->epoch)
        return true;
    if (server)
        return !ring->server_unheard || ring->completed != watch->completed;
    return !ring->client_unheard || ring->submitted != watch->submitted || ring->busy != watch->busy;
}

static void end_it(const struct bh_domain_info *info) {
    enum bh_error error = system_kill(system_cap, info->id);
    if (error)
        bh_warn("%s cannot be ended: %s", info->name, bh_strerror(error));
}

static void look_at(struct watch *watch, const struct bh_ring_state *ring, bool server, uint64_t now, uint64_t *next) {
    struct bh_domain_info info;
    if (!is_due(&watch->looks, now, next) || system_domain_info(system_cap, server ? ring->server : ring->client, &info) != BH_OK || !info.answer_ms)
        return;
    bool well = info.state != BH_DOMAIN_STATE_RUNNING || moves(watch, ring, server, info.generation);
    *watch = (struct watch){.epoch = ring->epoch, .submitted = ring->submitted, .completed = ring->completed, .busy = ring->busy,
                            .generation = info.generation, .looks = watch->looks};
    if (!count_look(&watch->looks, !well, info.answer_ms, now, next))
        return;
    bh_error_log("%s hangs: it has not looked at ring %s for %u ms, nor %s, and its %s waits", info.name, ring->name, info.answer_ms,
                 server ? "answered" : "taken an answer", server ? "client" : "server");
    end_it(&info);
}

// Whether the domain was ended.
static bool look_at_oldest(struct oldest *oldest, uint64_t number, const char *what, const struct bh_domain_info *info, uint64_t now, uint64_t *next) {
    if (!info->answer_ms || !is_due(&oldest->looks, now, next))
        return false;
    bool well = info->state != BH_DOMAIN_STATE_RUNNING || !number || number != oldest->number;
    oldest->number = number;
    if (!count_look(&oldest->looks, !well, info->answer_ms, now, next))
        return false;
    bh_error_log("%s hangs: %s for %u ms", info->name, what, info->answer_ms);
    end_it(info);
    return true;
}

void hangs_look_at_domain(const struct bh_domain_info *info, uint64_t now, uint64_t *next) {
    if (!look_at_oldest(&calls[info->id], info->oldest_wait, "a call waits in it for the same thing", info, now, next))
        (void)look_at_oldest(&signals[info->id], info->oldest_signal, "a signal of another domain stands unheard", info, now, next);
}

void hangs_look(uint64_t now, uint64_t *next) {
    struct bh_ring_state ring;
    for (uint32_t number = 0; number < BH_RINGS_MAX && system_ring_info(system_cap, number, &ring) == BH_OK; number++) {
        look_at(&servers[number], &ring, true, now, next);
        look_at(&clients[number], &ring, false, now, next);
    }
}
