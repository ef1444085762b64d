// SPDX-License-Identifier: MIT
//
// Uses the services on ported libraries as a domain does that needs them, and powers off with status 0 when all of them held what they promise. The
// setting "scenario" says which.
#include "customer.h"

#include <string.h>

#include "kernel.h"

bh_cap system_cap;

static const struct {
    const char *name;
    scenario *run;
} scenarios[] = {{"compress", compress_scenario}, {"script", script_scenario}, {"sql", sql_scenario}, {"sql-on-disk", sql_on_disk_scenario}};

bh_cap find(const char *name) {
    bh_cap cap;
    enum bh_error error = bh_cap_find(name, &cap);
    EXPECT(!error, "%s: %s", name, bh_strerror(error));
    return cap;
}

void expect_answer(const char *asked, uint32_t failed, const char *text, uint32_t size, uint32_t failed_wanted, const char *wanted) {
    EXPECT(failed == failed_wanted && size == strlen(wanted) && memcmp(text, wanted, size) == 0, "`%s' gives %u `%.*s', not %u `%s'", asked, failed,
           (int)size, text, failed_wanted, wanted);
}

int main(void) {
    char name[BH_SETTING_SIZE];
    system_cap = find("system");
    EXPECT_SETTING("scenario", name);
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++)
        if (strcmp(scenarios[i].name, name) == 0) {
            scenarios[i].run();
            bh_info("ok %s", name);
            (void)system_power_off(system_cap, 0);
            bh_thread_exit();
        }
    fail(__FILE__, __LINE__, "no scenario %s", name);
}
