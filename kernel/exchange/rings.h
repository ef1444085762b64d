// SPDX-License-Identifier: MIT
//
// Ring objects: kernel-held, named in the manifest, one client and one server. They outlive both. Layout: kernel/abi/ring.h.
#ifndef BH_RINGS_H
#define BH_RINGS_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/error.h"
#include "kernel/abi/ring.h"
#include "kernel/platform/platform.h"

struct bh_ring_state;
struct buffer;
struct domain;
struct event_object;

struct ring {
    char name[32];
    struct domain *client, *server;
    struct buffer *buffer;    // data that its requests refer to, or NULL
    struct bh_ring_header *header; // the kernel's view
    hpa frames;
    uint64_t offset;          // slot offset of the header page
    uint64_t request_pages_size, completion_pages_size; // bytes
    uint64_t type;
    uint32_t entry_count, completion_size;
    struct event_object *submit_event, *completion_event;
    struct event_object *forward; // where submit_event goes while the server lives, or NULL
    bool client_attached, server_attached;
    bool client_was, server_was; // before the one on trial
    uint32_t accused_epoch;   // in which its client last said that the server broke the protocol
    struct ring *next;
};

struct ring_shape {
    uint32_t entry_count, request_size, completion_size;
    uint64_t type;
};

enum bh_error rings_create(const char *name, struct domain *client, struct domain *server,
                           const struct ring_shape *shape, struct buffer *buffer, struct ring **out);
// Map it in one of its two domains and describe it.
enum bh_error rings_attach(struct ring *ring, struct domain *domain, struct bh_ring_info *info);
// The ring with this number, from 0; NULL: there are no more.
const struct ring *rings_get(uint32_t number);
// All that there is to say about a ring, for its name and its domains.
void rings_describe(const struct ring *ring, struct bh_ring_state *state);
// The server's wish: signals of its client raise `event` instead.
enum bh_error rings_forward(struct ring *ring, struct domain *domain, struct event_object *event);
// `accuser` says that its peer broke the protocol. Counted and logged; the server that is to die of it, or NULL. A client never dies of it.
struct domain *rings_accuse(struct ring *ring, struct domain *accuser, uint32_t epoch, const char *what, uint64_t value);
// New epoch for those that it served, wake their clients.
void rings_domain_died(struct domain *domain);
// Nobody starts this server again but an operator: its clients end what is in flight, and what they submit later. And: it starts again, in a new epoch.
void rings_give_up(const struct domain *server);
void rings_take_up(const struct domain *server);
// The domain is about to get another image: remember which rings it uses. Later, while that is on trial: how many of them it does not use; on how many that it serves
// requests wait and it has completed none; each time the name of one, unless NULL. Its trial is over.
void rings_note_attached(const struct domain *domain);
uint32_t rings_missing(const struct domain *domain, const char **name);
uint32_t rings_stuck(const struct domain *domain, const char **name);
void rings_end_trial(const struct domain *domain);
// Scribble over the completions of all rings that `domain` serves, as a broken server would (crash injection).
enum bh_error rings_corrupt(struct domain *domain);

#endif
