/* SPDX-License-Identifier: EUPL-1.2 */
/* Rights at the door, bodies with a purpose, auditors, dates of keys: in a whole broker. */
#include "house_test.h"

#include "broker/journal/fact_seen.h"
#include "broker/registry/rights.h"

#define TOKEN_BYTES 14 /* "~", 12 digits, NUL: mask.h */

static struct house house;
static struct world_link *auditor;

static int open_house(void **state)
{
    (void)state;
    house_init(&house);
    struct operator_entry *entry = &house.config.operators[house.config.operators_count++];
    snprintf(entry->name, sizeof(entry->name), "auditor-1");
    entry->role = OPERATOR_AUDITOR;
    entry->key = house_key(200, 99);
    assert_int_equal(world_net_admit(house.net, &entry->key, "operator/auditor-1"), LT_OK);
    auditor = world_net_dial(house.net, 0, &entry->key);
    assert_non_null(auditor);
    add_agency(&house, "A", 1);
    add_agency(&house, "B", 2);
    add_agency(&house, "C", 3);
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    house_deinit(&house);
    return 0;
}

/* The auditor asks, by the viewer's place in the house. */
static struct page audit(const char *verb, const char *const *args, uint32_t rows, uint32_t code,
                         struct lt_bytes cursor)
{
    struct world_link *viewer = house.people[VIEWER];
    house.people[VIEWER] = auditor;
    struct page page = ask_page(&house, VIEWER, verb, args, rows, cursor);
    house.people[VIEWER] = viewer;
    if (page.code != code) {
        fail_msg("%s: %s %.*s", verb, lt_code((enum lt_status)page.code), (int)page.detail.size,
                 (const char *)page.detail.data);
    }
    return page;
}

#define audit_ok(verb, args) audit(verb, args, 0, LT_OK, (struct lt_bytes){NULL, 0})

static struct page grant(const char *id, const char *procedure, const char *receiver, bool dry_run)
{
    uint8_t memory[RIGHTS_BYTES_MAX];
    struct pair pairs[HOUSE_ARGS_MAX];
    struct rights rights;
    memset(&rights, 0, sizeof(rights));
    assert_true(procedure == NULL || rights_add_procedure(&rights, text_bytes(procedure)));
    assert_true(receiver == NULL || rights_add_receiver(&rights, text_bytes(receiver)));
    struct query query = {.verb = text_bytes("rights-put"),
                          .payload = rights_write(memory, sizeof(memory), &rights)};
    query_fill(&query, pairs,
               ARGS("id", id, "reason", "theo quy chế", "dry_run", dry_run ? "1" : ""));
    struct page page = house_ask(&house, REGISTRAR, &query);
    house_settle(&house);
    return page;
}

static enum lt_status send_as(const char *procedure, const char *to, const char *case_code)
{
    struct given given = accept(
        &house,
        &(struct wish){.from = "A", .to = {to}, .case_code = case_code, .procedure = procedure});
    house_settle(&house);
    return given.code;
}

/* ---- rights ------------------------------------------------------------------------------------
 */

static void without_rights_everything_goes(void **state)
{
    (void)state;
    assert_int_equal(send_as("1.001193", "B", "H-1"), LT_OK);
    struct page page = ask_ok(&house, VIEWER, "rights-get", ARGS("id", "A"));
    assert_true(strlen(field(&house, &page, 0, "rights")) > 0);
    ask_code(&house, VIEWER, "rights-get", ARGS("id", "Z"), LT_NOT_FOUND);
    ask_code(&house, VIEWER, "rights-get", ARGS(), LT_FIELD_MISSING);
}

static void what_is_not_granted_is_refused_and_not_stored(void **state)
{
    (void)state;
    struct page page = grant("A", "1.001193", "B", false);
    assert_field(&house, &page, 0, "change", "changed");
    assert_int_equal(send_as("1.001193", "B", "H-1"), LT_OK);
    uint64_t before = journal_staged(house.flow->journal);
    assert_int_equal(send_as("1.001194", "B", "H-2"), LT_NOT_PERMITTED);
    assert_int_equal(send_as("1.001193", "C", "H-3"), LT_NOT_PERMITTED);
    assert_int_equal(send_as("", "B", "H-4"), LT_NOT_PERMITTED);
    assert_int_equal(journal_staged(house.flow->journal), before); /* nothing was stored */
    grant("A", NULL, NULL, false);
    assert_int_equal(send_as("1.001194", "C", "H-2"), LT_OK);
}

static void competence_leads_to_nobody_outside(void **state)
{
    (void)state;
    assert_int_equal(route_put(&house, "route-put", "1.001193", "", "B", false).code, LT_OK);
    assert_int_equal(route_put(&house, "route-put", "1.001194", "", "C", false).code, LT_OK);
    grant("A", NULL, "B", false);
    assert_int_equal(send_as("1.001193", NULL, "H-1"), LT_OK);
    assert_int_equal(send_as("1.001194", NULL, "H-2"), LT_NOT_PERMITTED);
    assert_int_equal(send_as("1.009999", NULL, "H-3"), LT_OK); /* nobody yet: parked */
}

static void what_was_accepted_is_known_after_the_right_is_gone(void **state)
{
    (void)state;
    struct lt_id id = uuid7_next(&house.ids, &house.clock.clock, &house.entropy.entropy);
    struct wish wish = {.from = "A",
                        .to = {"B"},
                        .case_code = "H-1",
                        .procedure = "1.001193",
                        .sender_key = "k",
                        .id = &id};
    struct given first = accept_now(&house, &wish);
    grant("A", "2.000815", NULL, false);
    wish.id = NULL; /* a wiped adapter: another id for the same key */
    struct given again = accept(&house, &wish);
    assert_int_equal(again.code, LT_OK);
    assert_memory_equal(&again.known_as, &first.id, sizeof(first.id));
    house_settle(&house);
    wish.sender_key = "new";
    assert_int_equal(accept(&house, &wish).code, LT_NOT_PERMITTED);
}

static void granting_has_rules(void **state)
{
    (void)state;
    uint8_t memory[RIGHTS_BYTES_MAX];
    struct pair pairs[HOUSE_ARGS_MAX];
    struct rights rights;
    uint64_t before = journal_staged(house.flow->journal);
    struct page page = grant("A", "1.001193", NULL, true);
    assert_field(&house, &page, 0, "change", "changed");
    assert_int_equal(journal_staged(house.flow->journal), before);
    assert_int_equal(grant("A", "1.001193.000.00.00.H56", NULL, false).code, LT_FIELD_BAD);
    assert_int_equal(grant("A", NULL, "h24", false).code, LT_FIELD_BAD);
    assert_int_equal(grant("Z", "1.001193", NULL, false).code, LT_NOT_FOUND);
    memset(&rights, 0, sizeof(rights));
    rights.agency = 2; /* B's number */
    struct query query = {.verb = text_bytes("rights-put"),
                          .payload = rights_write(memory, sizeof(memory), &rights)};
    query_fill(&query, pairs, ARGS("id", "A"));
    assert_int_equal(house_ask(&house, REGISTRAR, &query).code, LT_FIELD_BAD);
    query.payload = text_bytes("?");
    assert_int_equal(house_ask(&house, REGISTRAR, &query).code, LT_FIELD_BAD);
    query.payload = (struct lt_bytes){NULL, 0};
    assert_int_equal(house_ask(&house, REGISTRAR, &query).code, LT_FIELD_MISSING);
    assert_int_equal(house_ask(&house, APPROVER, &query).code, LT_NOT_PERMITTED);
    assert_int_equal(journal_staged(house.flow->journal), before);
    page = grant("A", "1.001193", NULL, false);
    assert_field(&house, &page, 0, "change", "changed");
    page = grant("A", "1.001193", NULL, false);
    assert_field(&house, &page, 0, "change", "same");
    snprintf(house.config.operators[REGISTRAR].scope[0], LT_AGENCY_ID_MAX, "B");
    house.config.operators[REGISTRAR].scope_count = 1;
    assert_int_equal(grant("A", NULL, NULL, false).code, LT_SCOPE);
    assert_int_equal(grant("B", "1.001193", NULL, false).code, LT_OK);
}

static void rights_survive_a_restart_and_a_refold(void **state)
{
    (void)state;
    grant("A", "1.001193", "B", false);
    broker_close(&house.broker);
    house_open_broker(&house);
    house_settle(&house);
    assert_int_equal(send_as("1.001194", "B", "H-1"), LT_NOT_PERMITTED);
    broker_close(&house.broker);
    assert_int_equal(unlink(house.state_path), 0);
    house_open_broker(&house);
    house_settle(&house);
    assert_int_equal(send_as("1.001194", "B", "H-1"), LT_NOT_PERMITTED);
    assert_int_equal(send_as("1.001193", "B", "H-1"), LT_OK);
}

/* ---- bodies ------------------------------------------------------------------------------------
 */

static struct given one(const char *case_code)
{
    return accept_now(
        &house,
        &(struct wish){.from = "A", .to = {"B"}, .case_code = case_code, .procedure = "1.001193"});
}

static void a_body_wants_a_role_and_a_purpose(void **state)
{
    (void)state;
    struct given given = one("H-1");
    uint64_t before = journal_staged(house.flow->journal);
    ask_code(&house, VIEWER, "body", ARGS("id", given.id_text, "purpose", "xem"), LT_NOT_PERMITTED);
    audit("body", ARGS("id", given.id_text, "purpose", "xem"), 0, LT_NOT_PERMITTED,
          (struct lt_bytes){NULL, 0});
    ask_code(&house, OPERATOR, "body", ARGS("id", given.id_text), LT_FIELD_MISSING);
    ask_code(&house, OPERATOR, "body", ARGS("id", given.id_text, "purpose", " \t"),
             LT_FIELD_MISSING);
    snprintf(house.config.operators[OPERATOR].scope[0], LT_AGENCY_ID_MAX, "C");
    house.config.operators[OPERATOR].scope_count = 1;
    ask_code(&house, OPERATOR, "body", ARGS("id", given.id_text, "purpose", "xem"), LT_SCOPE);
    ask_code(&house, OPERATOR, "body",
             ARGS("id", "0199a0b1-2c3d-7e4f-8a5b-6c7d8e9f0a1b", "purpose", "xem"), LT_NOT_FOUND);
    assert_int_equal(journal_staged(house.flow->journal), before); /* nobody saw anything */
    snprintf(house.config.operators[OPERATOR].scope[0], LT_AGENCY_ID_MAX, "B");
    struct page page =
        ask_ok(&house, OPERATOR, "body", ARGS("id", given.id_text, "purpose", "xác minh"));
    assert_field(&house, &page, 0, "body", "{\"thu\":true}");
    assert_field(&house, &page, 0, "body_bytes", "12");
    assert_int_equal(journal_staged(house.flow->journal), before + 1);
    assert_int_equal(house.flow->durable, before + 1); /* the fact first, the page then */
}

static void no_other_verb_shows_a_body(void **state)
{
    (void)state;
    struct given given = one("H-1");
    static const char *const verbs[][3] = {{"show", "id", NULL},
                                           {"case", "code", "H-1"},
                                           {"where", "code", "H-1"},
                                           {"transfers", "case", "H-1"}};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        const char *value = verbs[i][2] == NULL ? given.id_text : verbs[i][2];
        struct page page = ask_ok(&house, REGISTRAR, verbs[i][0], ARGS(verbs[i][1], value));
        assert_true(page.count > 0);
        for (uint32_t row = 0; row < page.count; row++) {
            assert_field(&house, &page, row, "body", NULL);
            for (uint32_t f = 0; f < page.rows[row].count; f++) {
                struct lt_bytes shown = page.rows[row].fields[f].value;
                assert_null(memmem(shown.data, shown.size, "thu\":", 5));
            }
        }
    }
}

/* ---- audit -------------------------------------------------------------------------------------
 */

static void only_auditors_ask_and_they_do_nothing_else(void **state)
{
    (void)state;
    static const char *const acts[] = {"replay",      "hold",      "cancel",      "agency-put",
                                       "rights-put",  "plan-make", "carry",       "backup-mark",
                                       "agency-gate", "route-put", "plan-approve"};
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        audit(acts[i], ARGS(), 0, LT_NOT_PERMITTED, (struct lt_bytes){NULL, 0});
    }
    audit_ok("status", ARGS());
    audit_ok("agencies", ARGS());
    audit_ok("audit-acts", ARGS("person", "operator-1"));
    for (int person = VIEWER; person < PEOPLE; person++) {
        ask_code(&house, (enum person)person, "audit-acts", ARGS("person", "x"), LT_NOT_PERMITTED);
        ask_code(&house, (enum person)person, "who-saw", ARGS("code", "x"), LT_NOT_PERMITTED);
    }
}

static void who_saw_a_transfer_and_a_case(void **state)
{
    (void)state;
    struct given first = one("H-1");
    struct given second = one("H-1");
    struct given other = one("H-2");
    ask_ok(&house, OPERATOR, "body", ARGS("id", first.id_text, "purpose", "một"));
    ask_ok(&house, APPROVER, "body", ARGS("id", second.id_text, "purpose", "hai"));
    ask_ok(&house, OPERATOR, "body", ARGS("id", other.id_text, "purpose", "ba"));
    ask_ok(&house, OPERATOR, "body", ARGS("id", first.id_text, "purpose", "bốn"));
    struct page page = audit_ok("who-saw", ARGS("id", first.id_text));
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 0, "person", "operator-1");
    assert_field(&house, &page, 0, "purpose", "một");
    assert_field(&house, &page, 0, "act", "body");
    assert_field(&house, &page, 0, "id", first.id_text);
    assert_field(&house, &page, 1, "purpose", "bốn");
    page = audit_ok("who-saw", ARGS("code", "H-1"));
    assert_int_equal(page.count, 3);
    assert_field(&house, &page, 2, "person", "approver-1");
    assert_field(&house, &page, 2, "id", second.id_text);
    /* One row a page: the same rows, in the same order. */
    struct lt_bytes cursor = {NULL, 0};
    static const char *const purposes[] = {"một", "bốn", "hai"};
    for (int i = 0; i < 3; i++) {
        page = audit("who-saw", ARGS("code", "H-1"), 1, LT_OK, cursor);
        assert_int_equal(page.count, 1);
        assert_field(&house, &page, 0, "purpose", purposes[i]);
        cursor = page.cursor;
    }
    audit("who-saw", ARGS("code", "H-9"), 0, LT_NOT_FOUND, (struct lt_bytes){NULL, 0});
    audit("who-saw", ARGS(), 0, LT_FIELD_MISSING, (struct lt_bytes){NULL, 0});
    page = audit_ok("who-saw", ARGS("code", "H-2"));
    assert_int_equal(page.count, 1);
}

static void what_a_person_did(void **state)
{
    (void)state;
    struct given given = one("H-1");
    char since[32];
    char until[32];
    ask_ok(&house, OPERATOR, "hold", ARGS("id", given.id_text, "reason", "chờ"));
    int64_t between_ms = journal_time_ms(house.flow->journal) + 1;
    world_advance(&house.world, 1000);
    ask_ok(&house, OPERATOR, "body", ARGS("id", given.id_text, "purpose", "xem"));
    ask_ok(&house, APPROVER, "release", ARGS("id", given.id_text, "reason", "xong"));
    struct page page = audit_ok("audit-acts", ARGS("person", "operator-1"));
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 0, "event", "act");
    assert_field(&house, &page, 0, "act", "hold");
    assert_field(&house, &page, 0, "reason", "chờ");
    assert_field(&house, &page, 0, "case", "H-1");
    assert_field(&house, &page, 1, "event", "seen");
    assert_field(&house, &page, 1, "purpose", "xem");
    snprintf(since, sizeof(since), "%lld", (long long)between_ms);
    snprintf(until, sizeof(until), "%lld", (long long)between_ms);
    page = audit_ok("audit-acts", ARGS("person", "operator-1", "since", since));
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "event", "seen");
    page = audit_ok("audit-acts", ARGS("person", "operator-1", "until", until));
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "act", "hold");
    page = audit("audit-acts", ARGS("person", "operator-1"), 1, LT_OK, (struct lt_bytes){NULL, 0});
    assert_int_equal(page.count, 1);
    page = audit("audit-acts", ARGS("person", "operator-1"), 1, LT_OK, page.cursor);
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "event", "seen");
    page = audit_ok("audit-acts", ARGS("person", "operator-")); /* not the beginning of a name */
    assert_int_equal(page.count, 0);
    page = audit_ok("audit-acts", ARGS("person", "registrar-1")); /* three agencies */
    assert_int_equal(page.count, 3);
    assert_field(&house, &page, 0, "act", "agency");
    assert_field(&house, &page, 2, "agency", "C");
    assert_int_equal(agency_suspend(&house, "B", true, "lộ khóa").code, LT_OK);
    page = audit_ok("audit-acts", ARGS("person", "registrar-1"));
    assert_int_equal(page.count, 4);
    assert_field(&house, &page, 3, "agency", "B");
    assert_field(&house, &page, 3, "reason", "lộ khóa");
    audit("audit-acts", ARGS(), 0, LT_FIELD_MISSING, (struct lt_bytes){NULL, 0});
}

static void the_index_is_the_same_after_a_refold(void **state)
{
    (void)state;
    struct given given = one("H-1");
    ask_ok(&house, OPERATOR, "hold", ARGS("id", given.id_text, "reason", "chờ"));
    ask_ok(&house, OPERATOR, "body", ARGS("id", given.id_text, "purpose", "xem"));
    broker_close(&house.broker);
    assert_int_equal(unlink(house.state_path), 0);
    house_open_broker(&house);
    house_settle(&house);
    assert_int_equal(audit_ok("audit-acts", ARGS("person", "operator-1")).count, 2);
    assert_int_equal(audit_ok("who-saw", ARGS("code", "H-1")).count, 1);
}

/* ---- sensitive procedures ----------------------------------------------------------------------
 */

static struct given secret(const char *case_code)
{
    return accept_now(
        &house,
        &(struct wish){.from = "A", .to = {"B"}, .case_code = case_code, .procedure = "3.000333"});
}

static void mark_sensitive(const char *line)
{
    snprintf(house.config.sensitive[house.config.sensitive_count++], LT_PROCEDURE_MAX, "%s", line);
}

static void codes_are_tokens_everywhere(void **state)
{
    (void)state;
    char first_token[TOKEN_BYTES];
    mark_sensitive("3.0003*");
    struct given given = secret("BIMAT-1");
    secret("BIMAT-1");
    secret("BIMAT-2");
    one("H-1");
    struct page page = ask_ok(&house, REGISTRAR, "transfers", ARGS());
    assert_int_equal(page.count, 4);
    snprintf(first_token, sizeof(first_token), "%s", field(&house, &page, 0, "case"));
    assert_int_equal(first_token[0], '~');
    assert_int_equal(strlen(first_token), TOKEN_BYTES - 1);
    assert_field(&house, &page, 1, "case", first_token); /* the same case */
    assert_string_not_equal(field(&house, &page, 2, "case"), first_token);
    assert_field(&house, &page, 3, "case", "H-1");
    park(&house, &given, 0, "họ tên trong lời trả lời");
    page = ask_ok(&house, REGISTRAR, "parked", ARGS());
    assert_field(&house, &page, 0, "case", first_token);
    assert_field(&house, &page, 0, "reason", NULL);
    page = ask_ok(&house, VIEWER, "show", ARGS("id", given.id_text));
    for (uint32_t row = 0; row < page.count; row++) {
        assert_field(&house, &page, row, "reason", NULL);
    }
    assert_field(&house, &page, 0, "case", first_token);
    assert_field(&house, &page, 0, "masked", "1");
    assert_int_equal(field(&house, &page, 0, "sender_key")[0], '~');
    page = ask_ok(&house, OPERATOR, "replay", ARGS("id", given.id_text, "dry_run", "1"));
    assert_field(&house, &page, 0, "case", first_token);
    page =
        ask_ok(&house, OPERATOR, "hold", ARGS("id", given.id_text, "reason", "x", "dry_run", "1"));
    assert_field(&house, &page, 0, "case", first_token);
    page = ask_ok(&house, VIEWER, "where", ARGS("code", "BIMAT-1")); /* named by who asks */
    assert_field(&house, &page, 0, "case", "BIMAT-1");
}

static void tokens_hang_on_the_key(void **state)
{
    (void)state;
    char token[TOKEN_BYTES];
    mark_sensitive("3.000333");
    secret("BIMAT-1");
    struct page page = ask_ok(&house, VIEWER, "transfers", ARGS());
    snprintf(token, sizeof(token), "%s", field(&house, &page, 0, "case"));
    assert_int_equal(operators_mask(house.operators, text_bytes("một khóa khác")), LT_OK);
    page = ask_ok(&house, VIEWER, "transfers", ARGS());
    assert_string_not_equal(field(&house, &page, 0, "case"), token);
}

static void a_purpose_shows_the_codes(void **state)
{
    (void)state;
    mark_sensitive("3.000333");
    struct given given = secret("BIMAT-1");
    struct given plain = one("H-1");
    uint64_t before = journal_staged(house.flow->journal);
    ask_code(&house, VIEWER, "show", ARGS("id", given.id_text, "purpose", "xem"), LT_NOT_PERMITTED);
    audit("show", ARGS("id", given.id_text, "purpose", "xem"), 0, LT_NOT_PERMITTED,
          (struct lt_bytes){NULL, 0});
    ask_code(&house, OPERATOR, "show", ARGS("id", given.id_text, "purpose", " "), LT_FIELD_MISSING);
    ask_ok(&house, OPERATOR, "show", ARGS("id", plain.id_text, "purpose", "xem")); /* not masked */
    assert_int_equal(journal_staged(house.flow->journal), before);
    struct page page =
        ask_ok(&house, OPERATOR, "show", ARGS("id", given.id_text, "purpose", "xác minh"));
    assert_field(&house, &page, 0, "case", "BIMAT-1");
    assert_field(&house, &page, 0, "masked", NULL);
    assert_int_equal(house.flow->durable, before + 1);
    page = audit_ok("who-saw", ARGS("id", given.id_text));
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "act", "codes");
    assert_int_equal(field(&house, &page, 0, "case")[0], '~'); /* for the auditor it stays masked */
    page = ask_ok(&house, OPERATOR, "show", ARGS("id", given.id_text)); /* the next look */
    assert_int_equal(field(&house, &page, 0, "case")[0], '~');
}

/* Words that people typed, and codes they chose plans by: for whoever typed them and whoever
 * decides.
 */
static void words_and_selections_are_masked(void **state)
{
    (void)state;
    mark_sensitive("3.000333");
    struct given given = secret("BIMAT-1");
    struct given plain = one("H-1");
    park(&house, &given, 0, "NGUYỄN VĂN THỬ NGHIỆM chưa đủ giấy tờ");
    /* Counted by words: nobody's name of a sensitive case is in the list. */
    struct page page = ask_ok(&house, REGISTRAR, "parked", ARGS("group", "reason"));
    assert_int_equal(page.count, 1);
    assert_int_equal(field(&house, &page, 0, "reason")[0], '~');
    assert_field(&house, &page, 0, "masked", "1");
    assert_field(&house, &page, 0, "count", "1");
    page = ask_ok(&house, VIEWER, "parked", ARGS("group", "code")); /* causes have no words */
    assert_field(&house, &page, 0, "count", "1");
    /* A plan by the code of a case. */
    page = ask_ok(&house, OPERATOR, "plan-make",
                  ARGS("case", "BIMAT-1", "since", "1", "reason", "gửi lại cho ông THỬ"));
    assert_field(&house, &page, 0, "selection", "case=BIMAT-1 since=1");
    for (int i = 0; i < 20; i++) {
        house_turn(&house);
    }
    page = ask_ok(&house, OPERATOR, "plan-show", ARGS("number", "1")); /* whose words they are */
    assert_field(&house, &page, 0, "selection", "case=BIMAT-1 since=1");
    assert_field(&house, &page, 0, "reason", "gửi lại cho ông THỬ");
    page = ask_ok(&house, APPROVER, "plan-show", ARGS("number", "1")); /* who decides */
    assert_field(&house, &page, 0, "selection", "case=BIMAT-1 since=1");
    page = ask_ok(&house, VIEWER, "plan-list", ARGS());
    assert_field(&house, &page, 0, "reason", NULL);
    assert_int_equal(strncmp(field(&house, &page, 0, "selection"), "case=~", 6), 0);
    assert_non_null(strstr(field(&house, &page, 0, "selection"), " since=1"));
    page = ask_ok(&house, VIEWER, "plan-report", ARGS("number", "1"));
    assert_int_equal(field(&house, &page, 0, "case")[0], '~');
    /* By agency: what it holds counts. And one without anything sensitive is shown as it is. */
    ask_ok(&house, OPERATOR, "plan-cancel", ARGS("number", "1", "reason", "ông THỬ đã rút"));
    page = ask_ok(&house, VIEWER, "plan-show", ARGS("number", "1"));
    assert_field(&house, &page, 0, "state_reason", NULL);
    park(&house, &plain, 0, "thiếu giấy");
    ask_ok(&house, OPERATOR, "plan-make", ARGS("case", "H-1", "reason", "gửi lại"));
    for (int i = 0; i < 20; i++) {
        house_turn(&house);
    }
    page = ask_ok(&house, VIEWER, "plan-show", ARGS("number", "2"));
    assert_field(&house, &page, 0, "selection", "case=H-1");
    assert_field(&house, &page, 0, "reason", "gửi lại");
    page =
        ask_ok(&house, VIEWER, "parked", ARGS("group", "reason")); /* the same cause and agency */
    assert_int_equal(page.count, 2);
    assert_int_equal(field(&house, &page, 0, "reason")[0], '~');
    assert_int_equal(field(&house, &page, 1, "reason")[0], '~');
}

/* Without a sensitive leg behind the same cause the words stand as they are. */
static void words_of_others_are_shown(void **state)
{
    (void)state;
    mark_sensitive("3.000333");
    struct given plain = one("H-1");
    park(&house, &plain, 0, "thiếu giấy");
    struct page page = ask_ok(&house, VIEWER, "parked", ARGS("group", "reason"));
    assert_field(&house, &page, 0, "reason", "thiếu giấy");
    assert_field(&house, &page, 0, "masked", NULL);
}

/* What waits for a second person is shown whole to those who may agree. */
static void pending_words_are_masked(void **state)
{
    (void)state;
    mark_sensitive("3.000333");
    struct given given = secret("BIMAT-1");
    say_sent(&house, &given, 0);
    struct page page = {.code = LT_HELD_ASKED};
    for (int i = 0; i < 40 && page.code == LT_HELD_ASKED; i++) {
        page = ask_page(&house, OPERATOR, "cancel",
                        ARGS("id", given.id_text, "reason", "ông THỬ xin rút"), 0,
                        (struct lt_bytes){NULL, 0});
        world_advance(&house.world, 1000);
    }
    assert_int_equal(page.code, LT_SECOND_PERSON);
    page = ask_ok(&house, VIEWER, "pending", ARGS());
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "reason", NULL);
    assert_int_equal(field(&house, &page, 0, "case")[0], '~');
    page = ask_ok(&house, APPROVER, "pending", ARGS());
    assert_field(&house, &page, 0, "reason", "ông THỬ xin rút");
    page = ask_ok(&house, OPERATOR, "pending", ARGS());
    assert_field(&house, &page, 0, "reason", "ông THỬ xin rút");
}

/* ---- dates -------------------------------------------------------------------------------------
 */

static void a_key_is_good_within_its_dates(void **state)
{
    (void)state;
    struct operator_entry *entry = &house.config.operators[OPERATOR];
    ask_ok(&house, OPERATOR, "status", ARGS());
    entry->to_ms = house.world.wall_ms + 1000;
    ask_ok(&house, OPERATOR, "status", ARGS());
    world_advance(&house.world, 2000); /* the connection is the same */
    ask_code(&house, OPERATOR, "status", ARGS(), LT_KEY_UNKNOWN);
    ask_code(&house, OPERATOR, "hold", ARGS("id", "x", "reason", "y"), LT_KEY_UNKNOWN);
    entry->to_ms = 0;
    entry->from_ms = house.world.wall_ms + 60000;
    ask_code(&house, OPERATOR, "status", ARGS(), LT_KEY_UNKNOWN);
    world_advance(&house.world, 61000);
    ask_ok(&house, OPERATOR, "status", ARGS());
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        CASE(without_rights_everything_goes),
        CASE(what_is_not_granted_is_refused_and_not_stored),
        CASE(competence_leads_to_nobody_outside),
        CASE(what_was_accepted_is_known_after_the_right_is_gone),
        CASE(granting_has_rules),
        CASE(rights_survive_a_restart_and_a_refold),
        CASE(a_body_wants_a_role_and_a_purpose),
        CASE(no_other_verb_shows_a_body),
        CASE(only_auditors_ask_and_they_do_nothing_else),
        CASE(who_saw_a_transfer_and_a_case),
        CASE(what_a_person_did),
        CASE(the_index_is_the_same_after_a_refold),
        CASE(codes_are_tokens_everywhere),
        CASE(tokens_hang_on_the_key),
        CASE(a_purpose_shows_the_codes),
        CASE(words_and_selections_are_masked),
        CASE(words_of_others_are_shown),
        CASE(pending_words_are_masked),
        CASE(a_key_is_good_within_its_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
