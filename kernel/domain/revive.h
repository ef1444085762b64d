// SPDX-License-Identifier: MIT
//
// Who restarts the supervisor.
#ifndef BH_REVIVE_H
#define BH_REVIVE_H

struct domain;

// The domain that watches deaths died: it is started again soon, unless it died too often.
void revive(struct domain *domain);

#endif
