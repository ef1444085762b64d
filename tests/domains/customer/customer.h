// SPDX-License-Identifier: MIT
//
// Between the scenarios of the customer.
#ifndef CUSTOMER_H
#define CUSTOMER_H

#include <bulkhead/domain.h>

#include "tests/domains/expect.h"

typedef void scenario(void);
scenario compress_scenario, script_scenario, sql_scenario, sql_on_disk_scenario;

// Repeat a call until the service is there.
#define AWAIT(call)                                                                                                                        \
    for (int tries_ = 0; tries_ < 400 && (call) == BH_EDEAD; tries_++)                                                                      \
    bh_sleep_for(5000000)

bh_cap find(const char *name); // a capability that the manifest grants
// A service has answered `size' bytes of `text', and whether and how it failed, to what it was asked: is that what was wanted?
void expect_answer(const char *asked, uint32_t failed, const char *text, uint32_t size, uint32_t failed_wanted, const char *wanted);

#endif
