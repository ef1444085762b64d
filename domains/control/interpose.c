// SPDX-License-Identifier: MIT
//
// Shadows put in place and taken away while the system runs. A capability is known by the name that the manifest gave it, or #N.
#include "interpose.h"

#include <stdlib.h>
#include <string.h>

#include "bulkhead/domain.h"
#include "kernel.h"
#include "line.h"

static bool find(bh_cap system_cap, uint32_t id, const char *wanted, struct bh_held_cap *held) {
    for (uint32_t from = 0; system_cap_info(system_cap, id, from, held) == BH_OK; from = held->number + 1)
        if (wanted[0] == '#' ? held->number == strtoul(wanted + 1, NULL, 10) : strcmp(held->name, wanted) == 0)
            return true;
    return false;
}

void do_interpose(bh_cap system_cap, const char *domain, const char *capability, const char *how) {
    struct bh_held_cap held;
    enum bh_error error = BH_OK;
    bool on = strcmp(how, "on") == 0;
    uint32_t id;
    if (!on && strcmp(how, "off") != 0 && strcmp(how, "ask") != 0) {
        refuse("interpose: `%s' is none of on, off, ask", how);
        return;
    }
    if (!find_domain(domain, &id))
        return;
    if (!find(system_cap, id, capability, &held)) {
        refuse("%s holds no capability \"%s\"; `bhctl caps %s' lists them", domain, capability, domain);
        return;
    }
    if (strcmp(how, "ask") != 0)
        error = system_interpose(system_cap, id, held.number, on);
    if (error == BH_ENOENT)
        refuse("no shadow stands by for that; give its port interpose = \"standby\" in the manifest");
    else if (error)
        answer("interpose", error);
    else {
        (void)find(system_cap, id, capability, &held);
        say("{\"ok\":true,\"port\":");
        say_string(held.object_name, sizeof(held.object_name));
        say("}");
    }
}
