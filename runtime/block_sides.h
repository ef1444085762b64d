// SPDX-License-Identifier: MIT
//
// What block_server.c asks of block_patience.c.
#ifndef BH_RUNTIME_BLOCK_SIDES_H
#define BH_RUNTIME_BLOCK_SIDES_H

#include "bulkhead/block_server.h"

void block_patience_open(struct bh_block_server *server);
// A request has been taken and is about to be looked at. False: it ended too many instances.
bool block_patience_allows(struct bh_block_server *server, uint32_t slot);
void block_patience_end(struct bh_block_server *server, uint32_t slot);

#endif
