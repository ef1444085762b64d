// SPDX-License-Identifier: MIT
//
// Two of these talk through the switch. The asker asks (setting `role'), the answerer answers; a question or an answer that is lost is asked for again. All
// that they hear is checked: whose it is, and that it is whole. Setting `scenario': what the rowdy does meanwhile, and so what is to be seen of it.
#include <bulkhead/net_client.h>

#include "tests/domains/street.h"

#define WAIT_NS (100 * MS)
#define PATIENCE_NS (40000 * MS)

bh_cap system_cap;
static struct bh_net_client client;
static struct street *street;
static uint32_t role, answered;
static char scenario[BH_SETTING_SIZE];
static uint64_t give_up_ns;

static void send(const struct talk *talk) {
    struct bh_net_transmit_request request = {0};
    while (bh_net_reserve(&client, sizeof(*talk), &request)) {
        EXPECT(bh_time_ns() < give_up_ns, "%s: what I sent is not completed", scenario);
        (void)bh_ring_wait_completion(&client.transmit, bh_time_ns() + WAIT_NS);
        bh_net_collect(&client);
    }
    memcpy(bh_net_memory(&client, &request.segments[0]), talk, sizeof(*talk));
    bh_net_submit(&client, &request);
    bh_ring_submit_notify(&client.transmit);
}

static void hear(const struct talk *talk) {
    const struct talk should = talk_of(talk->to, talk->from, talk->kind, talk->number);
    bool whole = !memcmp(&should, talk, sizeof(should)), rowdy = !memcmp(talk->from, mac_of_rowdy, 6);
    if (talk->kind == TALK_NOISE && rowdy) {
        street->heard[role]++;
        return;
    }
    EXPECT(whole, "%s: a frame of kind %u, number %u came changed", scenario, talk->kind, talk->number);
    EXPECT(!rowdy && talk->kind != TALK_FORGED, "%s: a frame with a forged sender came", scenario);
    if (role == ANSWERER && talk->kind == TALK_QUESTION) {
        const struct talk answer = talk_of(mac_of_asker, mac_of_answerer, TALK_ANSWER, talk->number);
        send(&answer);
    } else if (role == ASKER && talk->kind == TALK_ANSWER && talk->number == answered) {
        answered++;
    }
}

// All that is there now.
static void listen(void) {
    while (bh_net_receive(&client)) {
        struct talk talk;
        const uint8_t *piece = bh_net_piece(&client, &client.incoming.pieces[0]);
        bool fits = client.incoming.count == 1 && client.incoming.size == sizeof(talk) && piece[12] == TALK_TYPE >> 8 && piece[13] == (TALK_TYPE & 0xff);
        EXPECT(fits || !memcmp(piece + 6, mac_of_rowdy, 6), "%s: a frame of %u bytes that nobody sent", scenario, client.incoming.size);
        if (fits) {
            memcpy(&talk, piece, sizeof(talk));
            hear(&talk);
        } else {
            street->strange++; // the rowdy may send what it likes in its own name
        }
        bh_net_release(&client);
    }
    bh_ring_submit_notify(&client.receive);
    bh_net_collect(&client);
}

static void listen_until(uint64_t deadline_ns, uint32_t question) {
    for (;;) {
        listen();
        if (answered > question || bh_time_ns() >= deadline_ns)
            return;
        (void)bh_ring_wait_completion(&client.receive, deadline_ns);
    }
}

// Ask until all was answered and enough time went by. Returns how often a question was asked again.
static uint32_t ask(void) {
    uint64_t least_ns = bh_time_ns() + TALK_MS * MS;
    uint32_t again = 0;
    for (uint32_t number = 0; number < QUESTIONS || bh_time_ns() < least_ns; number++) {
        const struct talk question = talk_of(mac_of_answerer, mac_of_asker, TALK_QUESTION, number);
        const struct talk useless = talk_of(mac_of_rowdy, mac_of_asker, TALK_QUESTION, number);
        for (int tries = 0; answered == number; tries++) {
            EXPECT(bh_time_ns() < give_up_ns, "%s: question %u has no answer after %d tries", scenario, number, tries);
            again += tries > 0;
            send(&question);
            if (!strcmp(scenario, "hoard") || !strcmp(scenario, "lie-receiving")) // so that the switch looks at its empty buffers
                send(&useless);
            listen_until(bh_time_ns() + WAIT_NS, number);
        }
    }
    return again;
}

static void begin(void) {
    const struct bh_net_filter filter = {.promiscuous = !strcmp(scenario, "broadcast")};
    struct bh_net_info info;
    uint32_t accepted;
    enum bh_error error;
    EXPECT_OK(bh_net_attach(&client, "net"));
    while ((error = net_info(client.net, &info)) == BH_EDEAD && bh_time_ns() < give_up_ns)
        bh_sleep_for(MS);
    EXPECT_OK(error);
    EXPECT(!memcmp(info.mac, role == ASKER ? mac_of_asker : mac_of_answerer, 6), "the switch gives me another address");
    EXPECT_OK(net_accept(client.net, 0, &accepted));
    EXPECT_OK(net_filter(client.net, &filter));
    street->ready[role] = 1;
}

static void await(_Atomic uint32_t *word, const char *what) {
    while (!*word) {
        EXPECT(bh_time_ns() < give_up_ns, "%s: %s does not come", scenario, what);
        listen_until(bh_time_ns() + MS, UINT32_MAX - 1);
    }
}

// Of the rowdy's frames to everybody no more came than its share: what it has at once, and what each second adds.
static void check_share(uint64_t from_ns, uint32_t before) {
    uint64_t most = FLOOD_LIMIT / 8 + 1 + FLOOD_LIMIT * (bh_time_ns() - from_ns) / (1000 * MS) + 2;
    uint32_t came = street->heard[ASKER] - before;
    EXPECT(came && came <= most, "%u frames to everybody came, the share is %llu", came, (unsigned long long)most);
    EXPECT(street->deeds > came, "all of the rowdy's %u frames came: that tests nothing", street->deeds);
    bh_info("%u of %u frames to everybody came", came, street->deeds);
}

// However many events the rowdy has watched, one of ours is taken, and signalled.
static void watch_beside_the_rowdy(void) {
    bh_cap event;
    EXPECT_OK(bh_event_create(&event));
    EXPECT_OK(net_watch_link_changed(client.net, event));
    EXPECT_OK(bh_event_wait(event, bh_time_ns() + 10000 * MS)); // when the rowdy watches once more
}

static void run_asker(void) {
    await(&street->ready[ANSWERER], "the other neighbour");
    await(&street->begun, "the rowdy");
    uint64_t from_ns = bh_time_ns();
    uint32_t before = street->heard[ASKER], again = ask();
    listen();
    if (!strcmp(scenario, "broadcast"))
        check_share(from_ns, before);
    if (!strcmp(scenario, "calls"))
        watch_beside_the_rowdy();
    street->enough = 1;
    await(&street->over, "the end of the rowdy");
    EXPECT(street->deeds, "%s: the rowdy did nothing", scenario);
    EXPECT(street->strange || strcmp(scenario, "malformed"), "no frame that changed while it was cut came through");
    EXPECT(!strcmp(scenario, "flood") || again * 10 <= answered, "%s: %u of %u questions had to be asked again", scenario, again, answered);
    bh_info("ok %s: %u questions, %u asked again, %u deeds, %u and %u frames of the rowdy's heard, %u strange", scenario, answered, again, street->deeds,
            street->heard[ASKER], street->heard[ANSWERER], street->strange);
    EXPECT_OK(system_power_off(system_cap, 0));
}

int main(void) {
    char text[BH_SETTING_SIZE];
    street = find_street();
    EXPECT_SETTING("scenario", scenario);
    EXPECT_SETTING("role", text);
    role = strcmp(text, "asker") ? ANSWERER : ASKER;
    give_up_ns = bh_time_ns() + PATIENCE_NS;
    begin();
    if (role == ASKER)
        run_asker();
    for (;;)
        listen_until(bh_time_ns() + WAIT_NS, UINT32_MAX - 1);
}
