// SPDX-License-Identifier: MIT
//
// Between the scenarios of the customer.
#ifndef CUSTOMER_H
#define CUSTOMER_H

#include <bulkhead/domain.h>

typedef void scenario(void);
scenario compress_scenario, script_scenario, sql_scenario, sql_on_disk_scenario;

[[noreturn]] void fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define EXPECT(condition, ...) ((condition) ? (void)0 : fail(__FILE__, __LINE__, __VA_ARGS__))
#define EXPECT_ERROR(call, expected)                                                                                                       \
    do {                                                                                                                                   \
        enum bh_error got_ = (call);                                                                                                       \
        EXPECT(got_ == (expected), "%s: %s", #call, bh_strerror(got_));                                                                    \
    } while (0)
#define EXPECT_OK(call) EXPECT_ERROR(call, BH_OK)

// Repeat a call until the service is there.
#define AWAIT(call)                                                                                                                        \
    for (int tries_ = 0; tries_ < 400 && (call) == BH_EDEAD; tries_++)                                                                      \
    bh_sleep_for(5000000)

bh_cap find(const char *name); // a capability that the manifest grants

#endif
