// SPDX-License-Identifier: MIT
//
// Uses the services on ported libraries as a domain does that needs them, and powers off with status 0 when all of them held what they promise. The
// setting "scenario" says which.
#include "customer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

static bh_cap system_cap;

static const struct {
    const char *name;
    scenario *run;
} scenarios[] = {{"compress", compress_scenario}, {"script", script_scenario}, {"sql", sql_scenario}, {"sql-on-disk", sql_on_disk_scenario}};

void fail(const char *file, int line, const char *format, ...) {
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    bh_error_log("FAILED: %s:%d: %s", file, line, text);
    (void)system_power_off(system_cap, 1);
    bh_thread_exit();
}

bh_cap find(const char *name) {
    bh_cap cap;
    enum bh_error error = bh_cap_find(name, &cap);
    EXPECT(!error, "%s: %s", name, bh_strerror(error));
    return cap;
}

int main(void) {
    char name[480];
    system_cap = find("system");
    EXPECT_OK(settings_get(find("settings"), "scenario", name));
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++)
        if (strcmp(scenarios[i].name, name) == 0) {
            scenarios[i].run();
            bh_info("ok %s", name);
            (void)system_power_off(system_cap, 0);
            bh_thread_exit();
        }
    fail(__FILE__, __LINE__, "no scenario %s", name);
}
