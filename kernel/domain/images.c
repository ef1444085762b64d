// SPDX-License-Identifier: MIT
//
// The kernel interface Images. An offered image is copied, and checked by a thread of the kernel's in pieces of a millisecond, with as long a pause behind each,
// while everything else goes on; only what passed can take a domain's place. Invariant: `domain->image` changes only while the domain is dead, and with
// it nothing else: slot, ports, rings and granted capabilities stay bound to the domain. What is put in its place is on trial (`domain->previous` is set) until
// whoever watches deaths keeps it or puts the predecessor back. Memory: one offer, and one predecessor for each domain on trial.
#include <stdlib.h>
#include <string.h>

#include "images_kernel.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/crash.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/loader.h"
#include "kernel/domain/privileged.h"
#include "kernel/exchange/buffers.h"
#include "kernel/exchange/rings.h"
#include "kernel/sched/thread.h"

#define PIECE_NS 1000000ull
#define SIZE_MAX_OFFERED (4ull << 20)
#define CHECK_PRIORITY 1

enum offer_state : uint32_t { OFFER_NONE, OFFER_CHECKING, OFFER_REFUSED, OFFER_READY };

static struct {
    enum offer_state state;
    struct domain *domain;
    struct loaded_image *image; // READY
    uint8_t *bytes;             // CHECKING: not verified yet
    size_t size;
    struct event_object *event; // CHECKING: to be raised at the end
    enum bh_error error;
    uint64_t piece_ends_ns;
    char name[48], why[320];
} offer;

// ---- checking

static void breathe(void) {
    uint64_t now = clock_now_ns();
    if (now < offer.piece_ends_ns)
        return;
    (void)thread_sleep(now + PIECE_NS);
    offer.piece_ends_ns = clock_now_ns() + PIECE_NS;
}

// Does it serve all ports of its domain?
static enum bh_error bindings_check(const struct domain *domain, const struct loaded_image *image) {
    for (struct port *port = port_of(domain, NULL); port; port = port_of(domain, port)) {
        enum bh_error error = loader_serves(domain, image, port);
        if (error)
            return error;
    }
    return BH_OK;
}

static void check(void *argument) {
    struct loaded_image *image;
    (void)argument;
    offer.piece_ends_ns = clock_now_ns() + PIECE_NS;
    verify_pause = breathe;
    refusals_to(offer.why, sizeof(offer.why));
    enum bh_error error = loader_verify_sent(offer.name, offer.bytes, offer.size, offer.domain, &image);
    if (error) {
        free(offer.bytes);
    } else {
        error = loader_fits(offer.domain, image);
        if (!error && offer.domain->isolation == BH_ISOLATION_PKS)
            error = privileged_check(offer.name, &image->verified);
        if (!error)
            error = bindings_check(offer.domain, image);
        if (error)
            loader_release(image);
    }
    refusals_to(NULL, 0);
    verify_pause = NULL;
    offer.bytes = NULL;
    offer.image = error ? NULL : image;
    offer.error = error;
    offer.state = error ? OFFER_REFUSED : OFFER_READY;
    event_raise(&offer.event->event);
    event_object_release(offer.event);
    offer.event = NULL;
}

static enum bh_error offer_check(const struct domain *domain, uint64_t size, const struct buffer *buffer) {
    if (domain == crash_watching())
        return refuse(BH_ENOTSUP, "images.offer: %s decides whether an upgrade is kept, so it is not upgraded itself", domain->name);
    if (!domain->manifest)
        return refuse(BH_ENOTSUP, "images.offer: %s is not of the manifest", domain->name);
    if (offer.state == OFFER_CHECKING)
        return refuse(BH_EBUSY, "images.offer: another image is being checked, for %s", offer.domain->name);
    if (!size || size > SIZE_MAX_OFFERED || size > buffer->size)
        return refuse(BH_ERANGE, "images.offer: %llu bytes are none, or more than the buffer has (%llu) or an image may have (%llu)",
                      (unsigned long long)size, (unsigned long long)buffer->size, SIZE_MAX_OFFERED);
    return BH_OK;
}

enum bh_error serve_images_offer(struct domain *caller, uint64_t object, uint32_t id, uint64_t size, const char *name, struct cap *buffer,
                                 struct cap *event) {
    const struct buffer *from = buffer->object;
    struct domain *domain;
    (void)caller, (void)object;
    enum bh_error error = domain_wanted("images.offer", id, &domain);
    if (!error)
        error = offer_check(domain, size, from);
    if (error)
        return error;
    uint8_t *copy = malloc(size);
    if (!copy)
        return refuse(BH_ENOMEM, "images.offer: no memory for an image of %llu bytes", (unsigned long long)size);
    if (offer.image)
        loader_release(offer.image);
    memset(&offer, 0, sizeof(offer));
    memcpy(copy, platform_direct(from->frames), size);
    copy_name(offer.name, sizeof(offer.name), name);
    offer.domain = domain;
    offer.bytes = copy;
    offer.size = size;
    error = thread_create("image check", &kernel_domain, (uint64_t)check, 0, CHECK_PRIORITY, NULL);
    if (error) {
        offer.bytes = NULL;
        free(copy);
        return error;
    }
    offer.state = OFFER_CHECKING;
    offer.event = event->object;
    event_object_hold(offer.event);
    return BH_OK;
}

enum bh_error serve_images_verdict(struct domain *caller, uint64_t object, struct bh_image_verdict *verdict) {
    static const enum bh_error errors[] = {[OFFER_NONE] = BH_ENOENT, [OFFER_CHECKING] = BH_EBUSY, [OFFER_READY] = BH_OK};
    (void)caller, (void)object;
    *verdict = (struct bh_image_verdict){.error = offer.state == OFFER_REFUSED ? offer.error : errors[offer.state],
                                         .domain = offer.domain ? offer.domain->id : 0};
    if (offer.image) {
        verdict->build = offer.image->build;
        verdict->instructions = offer.image->verified.instruction_count;
        verdict->functions = offer.image->verified.function_count;
    }
    if (offer.state == OFFER_REFUSED)
        copy_name(verdict->why, sizeof(verdict->why), offer.why[0] ? offer.why : error_sentence(offer.error));
    return BH_OK;
}

// ---- taking a place

static enum bh_error upgrade_check(const struct domain *domain) {
    if (offer.state != OFFER_READY || offer.domain != domain)
        return refuse(BH_ENOENT, "images.upgrade: no image that was checked waits for %s", domain->name);
    if (domain->previous)
        return refuse(BH_EBUSY, "images.upgrade: %s is on trial with image %016llx", domain->name, (unsigned long long)domain->image->build);
    if (domain->state == DOMAIN_LOADED)
        return refuse(BH_EAGAIN, "images.upgrade: %s has not started yet", domain->name);
    return BH_OK;
}

// A domain that is dead, or was given up, waits to be started.
static void await_start(struct domain *domain) {
    domain->state = DOMAIN_DEAD;
    crash_tell_watcher();
}

enum bh_error serve_images_upgrade(struct domain *caller, uint64_t object, uint32_t id) {
    struct domain *domain;
    (void)object;
    enum bh_error error = domain_wanted("images.upgrade", id, &domain);
    if (!error)
        error = upgrade_check(domain);
    if (error)
        return error;
    struct loaded_image *image = offer.image;
    port_note_served(domain);
    rings_note_attached(domain);
    log_write(BH_LOG_INFO, domain->name, "upgrade: image %s (%016llx) takes the place of %s (%016llx)", image->name, (unsigned long long)image->build,
              domain->image->name, (unsigned long long)domain->image->build);
    crash_domain(domain, BH_CRASH_UPGRADE, NULL, 0, "by %s, to image %016llx", caller->name, (unsigned long long)image->build);
    domain->crash.cause = BH_CRASH_UPGRADE; // also of one that was dead
    domain->previous = domain->image;
    domain->image = image;
    domain->trial_ends_ns = 0;
    loader_hold(image);
    memset(&offer, 0, sizeof(offer));
    await_start(domain);
    return BH_OK;
}

static enum bh_error on_trial(const char *what, uint32_t id, struct domain **out) {
    enum bh_error error = domain_wanted(what, id, out);
    if (!error && !(*out)->previous)
        return refuse(BH_EINVAL, "%s: %s is not on trial", what, (*out)->name);
    return error;
}

enum bh_error serve_images_keep(struct domain *caller, uint64_t object, uint32_t id) {
    struct domain *domain;
    (void)caller, (void)object;
    enum bh_error error = on_trial("images.keep", id, &domain);
    if (error)
        return error;
    if (domain->state != DOMAIN_RUNNING)
        return refuse(BH_EDEAD, "images.keep: %s does not run", domain->name);
    rings_end_trial(domain);
    log_write(BH_LOG_INFO, domain->name, "upgrade: image %s (%016llx) is kept", domain->image->name, (unsigned long long)domain->image->build);
    loader_release(domain->previous);
    domain->previous = NULL;
    domain->upgrades++;
    return BH_OK;
}

enum bh_error serve_images_roll_back(struct domain *caller, uint64_t object, uint32_t id, const char *why) {
    struct domain *domain;
    (void)caller, (void)object;
    enum bh_error error = on_trial("images.roll_back", id, &domain);
    if (error)
        return error;
    struct loaded_image *failed = domain->image;
    crash_domain(domain, BH_CRASH_KILLED, NULL, 0, "on trial: %s", why); // if it still runs; else the record of its death stays
    log_write(BH_LOG_ERROR, domain->name, "upgrade: image %s (%016llx) failed its trial: %s; image %s (%016llx) is put back", failed->name,
              (unsigned long long)failed->build, why, domain->previous->name, (unsigned long long)domain->previous->build);
    domain->image = domain->previous;
    domain->previous = NULL;
    domain->refused_build = failed->build;
    domain->rollbacks++;
    loader_release(failed);
    await_start(domain);
    return BH_OK;
}

// ---- looking

enum bh_error serve_images_info(struct domain *caller, uint64_t object, uint32_t id, struct bh_image_info *info) {
    struct domain *domain;
    (void)caller, (void)object;
    enum bh_error error = domain_wanted("images.info", id, &domain);
    if (error)
        return error;
    *info = (struct bh_image_info){.build = domain->image->build, .refused = domain->refused_build, .upgrades = domain->upgrades,
                                   .rollbacks = domain->rollbacks, .fixed = domain == crash_watching()};
    copy_name(info->name, sizeof(info->name), domain->image->name);
    if (domain->previous) {
        info->previous = domain->previous->build;
        info->trial_ends_ns = domain->trial_ends_ns;
        copy_name(info->previous_name, sizeof(info->previous_name), domain->previous->name);
    }
    return BH_OK;
}

enum bh_error serve_images_trial(struct domain *caller, uint64_t object, uint32_t id, struct bh_image_trial *trial) {
    struct domain *domain;
    (void)caller, (void)object;
    enum bh_error error = on_trial("images.trial", id, &domain);
    if (error)
        return error;
    const char *port = NULL, *ring = NULL;
    *trial = (struct bh_image_trial){.unserved = port_missing(domain, &port)};
    trial->unserved += rings_missing(domain, &ring);
    trial->stuck = rings_stuck(domain, port || ring ? NULL : &ring);
    copy_name(trial->missing, sizeof(trial->missing), port ? port : ring ? ring : "");
    return BH_OK;
}
