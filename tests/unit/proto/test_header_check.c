/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every rule of a header at its limit and one past it: each test takes the one good header, breaks
 * one thing and looks at code and field. Then the parcel against its header.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/text.h"
#include "proto/digest.h"
#include "proto/header_check.h"

#define NOW_MS  1790000000000LL
#define DAY_MS  (24LL * 60 * 60 * 1000)
#define LONGEST 1024

static char longest[LONGEST + 1]; /* xxxx... */
static struct lt_bytes codes[LT_LEGS_MAX + 1];
static char code_texts[LT_LEGS_MAX + 1][8];
static struct attachment files[LT_ATTACHMENTS_MAX + 1];

static struct lt_bytes xs(size_t size)
{
    return (struct lt_bytes){(const uint8_t *)longest, size};
}

static struct lt_id id_at(int64_t time_ms)
{
    struct lt_id id = {{0}};
    for (int i = 0; i < 6; i++) {
        id.bytes[i] = (uint8_t)((uint64_t)time_ms >> (40 - 8 * i));
    }
    id.bytes[6] = 0x70;
    id.bytes[8] = 0x80;
    id.bytes[15] = 1;
    return id;
}

static struct header good(void)
{
    struct header header = {
        .id = id_at(NOW_MS),
        .sender_key = text_bytes("TTHC-1"),
        .content_digest = {{1}},
        .kind = LT_KIND_FORWARD,
        .from = text_bytes("H24.15.8"),
        .case_code = text_bytes("000.00.15.H24-260930-0001"),
        .schema_version = 1,
        .created_ms = NOW_MS,
    };
    return header;
}

static int setup(void **state)
{
    (void)state;
    memset(longest, 'x', LONGEST);
    for (unsigned i = 0; i <= LT_LEGS_MAX; i++) {
        memcpy(code_texts[i], "H24.00", 7);
        code_texts[i][4] = (char)('0' + i / 10);
        code_texts[i][5] = (char)('0' + i % 10);
        codes[i] = text_bytes(code_texts[i]);
    }
    for (unsigned i = 0; i <= LT_ATTACHMENTS_MAX; i++) {
        files[i] = (struct attachment){.sha256 = {{1, (uint8_t)i}}, .size = 1};
    }
    return 0;
}

static void gives(const struct header *header, enum lt_status expected, const char *field)
{
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(header_check(header, NOW_MS, &fault), expected);
    assert_int_equal(fault.status, expected);
    assert_string_equal(fault.field, field);
}

static void passes(const struct header *header)
{
    assert_int_equal(header_check(header, NOW_MS, NULL), LT_OK);
}

static void the_good_header(void **state)
{
    (void)state;
    struct header header = good();
    passes(&header);
}

static void required_fields(void **state)
{
    (void)state;
    struct header header = good();
    memset(&header.id, 0, sizeof(header.id));
    gives(&header, LT_FIELD_MISSING, "id");
    header = good();
    memset(&header.content_digest, 0, sizeof(header.content_digest));
    gives(&header, LT_FIELD_MISSING, "content_digest");
    header = good();
    header.from.size = 0;
    gives(&header, LT_FIELD_MISSING, "from");
    header = good();
    header.case_code.size = 0;
    gives(&header, LT_FIELD_MISSING, "case_code");
    header = good();
    header.created_ms = 0;
    gives(&header, LT_FIELD_MISSING, "created_ms");
    header = good();
    header.sender_key.size = 0;
    gives(&header, LT_SENDER_KEY_BAD, "sender_key");
}

static void the_id_and_its_time(void **state)
{
    (void)state;
    const struct {
        int64_t time_ms;
        enum lt_status expected;
    } times[] = {
        {NOW_MS - 400 * DAY_MS, LT_OK}, {NOW_MS - 400 * DAY_MS - 1, LT_ID_TIME},
        {NOW_MS + DAY_MS, LT_OK},       {NOW_MS + DAY_MS + 1, LT_ID_TIME},
        {0xffffffffffff, LT_ID_TIME},
    };
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct header header = good();
        header.id = id_at(times[i].time_ms);
        if (times[i].expected == LT_OK) {
            passes(&header);
        } else {
            gives(&header, times[i].expected, "id");
        }
    }
    struct header header = good();
    header.id.bytes[6] = 0x40;
    gives(&header, LT_FIELD_BAD, "id");
}

static void sender_key_n_and_one_more(void **state)
{
    (void)state;
    struct header header = good();
    header.sender_key = xs(LT_SENDER_KEY_MAX);
    passes(&header);
    header.sender_key = xs(LT_SENDER_KEY_MAX + 1);
    gives(&header, LT_SENDER_KEY_BAD, "sender_key");
    header.sender_key = (struct lt_bytes){(const uint8_t *)"\0\xff", 2}; /* bytes, not a text */
    passes(&header);
}

static void kinds(void **state)
{
    (void)state;
    struct header header = good();
    for (int kind = 1; kind < LT_KINDS_END; kind++) {
        header.kind = (enum lt_kind)kind;
        passes(&header);
    }
    header.kind = LT_KIND_NONE;
    gives(&header, LT_FIELD_BAD, "kind");
    header.kind = LT_KINDS_END;
    gives(&header, LT_FIELD_BAD, "kind");
}

static void agency_ids(void **state)
{
    (void)state;
    struct header header = good();
    header.from = text_bytes("H24.15.8.H24.15.8.H24.15.8.H24.15.8"); /* 35 */
    passes(&header);
    header.from = text_bytes("H24.15.8.H24.15.8.H24.15.8.H24.15.80");
    gives(&header, LT_FIELD_BAD, "from");
    header.from = text_bytes("h24.15");
    gives(&header, LT_FIELD_BAD, "from");
    header = good();
    struct lt_bytes to[] = {text_bytes("H24.01"), text_bytes("H24..2")};
    header.to = to;
    header.to_count = 2;
    gives(&header, LT_FIELD_BAD, "to");
    to[1] = text_bytes("H24.01");
    gives(&header, LT_FIELD_BAD, "to"); /* twice */
    to[1] = text_bytes("H24.02");
    passes(&header);
    header.to = codes;
    header.to_count = LT_LEGS_MAX;
    passes(&header);
    header.to_count++;
    gives(&header, LT_LEGS_TOO_MANY, "to");
}

static void numbers_n_and_one_more(void **state)
{
    (void)state;
    struct header header = good();
    header.schema_version = 2;
    gives(&header, LT_FIELD_BAD, "schema_version");
    header.schema_version = 0;
    gives(&header, LT_FIELD_BAD, "schema_version");
    header = good();
    header.priority = 4;
    passes(&header);
    header.priority = 5;
    gives(&header, LT_FIELD_BAD, "priority");
    header = good();
    header.business.present = true;
    header.business.status = 10;
    header.business.channel = 3;
    header.business.return_method = 3;
    passes(&header);
    header.business.status = 11;
    gives(&header, LT_FIELD_BAD, "business.status");
    header.business.status = 0;
    header.business.channel = 4;
    gives(&header, LT_FIELD_BAD, "business.channel");
    header.business.channel = 0;
    header.business.return_method = 4;
    gives(&header, LT_FIELD_BAD, "business.return_method");
}

static void times_begin_in_1970(void **state)
{
    (void)state;
    struct header header = good();
    const struct {
        int64_t *time_ms;
        const char *field;
    } times[] = {
        {&header.created_ms, "created_ms"},
        {&header.handed_over_ms, "handed_over_ms"},
        {&header.task.deadline_ms, "task.deadline_ms"},
        {&header.business.event_ms, "business.event_ms"},
        {&header.business.received_ms, "business.received_ms"},
        {&header.business.promised_old_ms, "business.promised_old_ms"},
        {&header.business.promised_new_ms, "business.promised_new_ms"},
        {&header.business.supplement_due_ms, "business.supplement_due_ms"},
    };
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        header = good();
        *times[i].time_ms = -1;
        gives(&header, LT_FIELD_BAD, times[i].field);
        *times[i].time_ms = 1;
        passes(&header);
    }
    header = good();
    header.skew_ms = -86400000; /* a difference, not a time */
    passes(&header);
}

static void texts_n_and_one_more(void **state)
{
    (void)state;
    struct header header;
    struct lt_bytes alias;
    struct attachment file = files[0];
    const struct {
        struct lt_bytes *text;
        const char *field;
        size_t most;
    } texts[] = {
        {&header.locality, "locality", LT_LOCALITY_MAX},
        {&header.case_code, "case_code", LT_CASE_CODE_MAX},
        {&alias, "aliases", LT_CASE_CODE_MAX},
        {&header.task.task_id, "task.task_id", LT_TASK_ID_MAX},
        {&header.body_type, "body_type", LT_BODY_TYPE_MAX},
        {&header.traceparent, "traceparent", LT_TRACEPARENT_MAX},
        {&file.component, "attachments.component", LT_COMPONENT_MAX},
        {&file.name, "attachments.name", LT_FILE_NAME_MAX},
        {&header.business.pause_reason, "business.pause_reason", LT_REASON_MAX},
        {&header.business.handing_officer, "business.handing_officer", LT_OFFICER_MAX},
        {&header.business.handing_unit, "business.handing_unit", LT_PLACE_MAX},
        {&header.business.receiving_officer, "business.receiving_officer", LT_OFFICER_MAX},
        {&header.business.receiving_unit, "business.receiving_unit", LT_PLACE_MAX},
        {&header.business.return_place, "business.return_place", LT_PLACE_MAX},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        header = good();
        alias = xs(1);
        file = files[0];
        header.aliases = &alias;
        header.aliases_count = 1;
        header.attachments = &file;
        header.attachments_count = 1;
        *texts[i].text = xs(texts[i].most);
        passes(&header);
        *texts[i].text = xs(texts[i].most + 1);
        gives(&header, LT_FIELD_BAD, texts[i].field);
        *texts[i].text = text_bytes("\xff");
        gives(&header, LT_TEXT_BAD, texts[i].field);
    }
}

static void procedure_is_the_normal_form_of_the_raw_one(void **state)
{
    (void)state;
    struct header header = good();
    header.procedure_raw = text_bytes("1.001193.000.00.00.H56");
    gives(&header, LT_FIELD_BAD, "procedure");
    header.procedure = text_bytes("1.001193");
    passes(&header);
    header.procedure = text_bytes("1.00119");
    gives(&header, LT_FIELD_BAD, "procedure");
    header.procedure_raw.size = 0;
    gives(&header, LT_FIELD_BAD, "procedure");
    header.procedure_raw = header.procedure = xs(LT_PROCEDURE_MAX);
    passes(&header);
    header.procedure_raw = xs(LT_PROCEDURE_MAX + 1);
    gives(&header, LT_FIELD_BAD, "procedure_raw");
}

static void aliases_n_and_one_more(void **state)
{
    (void)state;
    struct header header = good();
    header.aliases = codes;
    header.aliases_count = LT_ALIASES_MAX;
    passes(&header);
    header.aliases_count++;
    gives(&header, LT_FIELD_BAD, "aliases");
    struct lt_bytes empty = {NULL, 0};
    header.aliases = &empty;
    header.aliases_count = 1;
    gives(&header, LT_FIELD_BAD, "aliases");
}

static void a_transfer_is_not_its_own_neighbour(void **state)
{
    (void)state;
    struct header header = good();
    header.after = header.id;
    gives(&header, LT_FIELD_BAD, "after");
    header = good();
    header.reply_to = header.id;
    gives(&header, LT_FIELD_BAD, "reply_to");
    header.after = header.reply_to = id_at(NOW_MS - 1);
    passes(&header);
}

static void attachments_n_and_one_more(void **state)
{
    (void)state;
    struct header header = good();
    header.attachments = files;
    header.attachments_count = LT_ATTACHMENTS_MAX;
    passes(&header);
    header.attachments_count++;
    gives(&header, LT_ATTACHMENT_BAD, "attachments");

    struct attachment two[2] = {files[0], files[1]};
    header.attachments = two;
    header.attachments_count = 2;
    two[1].size = LT_ATTACHMENT_BYTES_MAX;
    passes(&header);
    two[1].size++;
    gives(&header, LT_ATTACHMENT_BAD, "attachments.size");
    two[1].size = 0;
    gives(&header, LT_ATTACHMENT_BAD, "attachments.size");
    two[1] = two[0];
    gives(&header, LT_ATTACHMENT_BAD, "attachments.sha256");
    memset(&two[1].sha256, 0, sizeof(two[1].sha256));
    gives(&header, LT_ATTACHMENT_BAD, "attachments.sha256");
}

static void an_attached_body_is_the_first_attachment(void **state)
{
    (void)state;
    struct header header = good();
    header.body_attached = true;
    gives(&header, LT_ATTACHMENT_BAD, "body_attached");
    header.attachments = files;
    header.attachments_count = 2;
    header.body_sha256 = files[0].sha256;
    header.body_size = files[0].size;
    passes(&header);
    header.body_size++;
    gives(&header, LT_ATTACHMENT_BAD, "body_attached");
    header.body_size--;
    header.body_sha256 = files[1].sha256;
    gives(&header, LT_ATTACHMENT_BAD, "body_attached");
}

/* ---- parcels ---- */

static struct digester *digester;

static int open_digester(void **state)
{
    (void)setup(state);
    return digester_open(&digester) == LT_OK ? 0 : -1;
}

static int close_digester(void **state)
{
    (void)state;
    digester_close(&digester);
    return 0;
}

static void parcel_gives(const struct parcel *parcel, const struct header *header,
                         enum lt_status expected, const char *field)
{
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(parcel_check(digester, parcel, header, &fault), expected);
    assert_string_equal(fault.field, field);
}

static struct parcel parcel_of(size_t header_size, struct lt_bytes body)
{
    static uint8_t header[LT_HEADER_BYTES_MAX + 1];
    struct parcel parcel = {{header, header_size}, body, {{0}}};
    parcel.digest = digest_of_two(digester, parcel.header, parcel.body);
    return parcel;
}

static void parcel_digests(void **state)
{
    (void)state;
    struct header header = good();
    struct parcel parcel = parcel_of(10, text_bytes("body"));
    header.body_sha256 = digest_of(digester, parcel.body);
    header.body_size = 4;
    parcel_gives(&parcel, &header, LT_OK, "");
    parcel.digest.bytes[31] ^= 1;
    parcel_gives(&parcel, &header, LT_DIGEST_WRONG, "digest");
    parcel.digest.bytes[31] ^= 1;
    header.body_sha256.bytes[0] ^= 1;
    parcel_gives(&parcel, &header, LT_DIGEST_WRONG, "body_sha256");
    memset(&header.body_sha256, 0, sizeof(header.body_sha256));
    parcel_gives(&parcel, &header, LT_DIGEST_WRONG, "body_sha256");
    header.body_sha256 = digest_of(digester, parcel.body);
    header.body_size = 5;
    parcel_gives(&parcel, &header, LT_FIELD_BAD, "body_size");
    /* The border between header and body is not in the digest, but it is in body_size. */
    parcel.header.size = 9;
    parcel_gives(&parcel, &header, LT_DIGEST_WRONG, "digest");
}

static void parcel_without_body(void **state)
{
    (void)state;
    struct header header = good();
    struct parcel parcel = parcel_of(10, (struct lt_bytes){NULL, 0});
    parcel_gives(&parcel, &header, LT_OK, "");
    header.body_sha256 = digest_of(digester, parcel.body);
    parcel_gives(&parcel, &header, LT_OK, "");
    header.body_sha256.bytes[3] ^= 1;
    parcel_gives(&parcel, &header, LT_DIGEST_WRONG, "body_sha256");
    header.body_attached = true;
    parcel_gives(&parcel, &header, LT_OK, "");
    parcel = parcel_of(10, text_bytes("inline"));
    parcel_gives(&parcel, &header, LT_FIELD_BAD, "body_attached");
}

static void parcel_sizes_n_and_one_more(void **state)
{
    (void)state;
    static uint8_t body[LT_BODY_INLINE_MAX + 1];
    struct header header = good();
    struct parcel parcel =
        parcel_of(LT_HEADER_BYTES_MAX, (struct lt_bytes){body, LT_BODY_INLINE_MAX});
    header.body_size = LT_BODY_INLINE_MAX;
    header.body_sha256 = digest_of(digester, parcel.body);
    parcel_gives(&parcel, &header, LT_OK, "");
    parcel.header.size++;
    parcel_gives(&parcel, &header, LT_HEADER_BAD, "header");
    parcel.header.size--;
    parcel.body.size++;
    parcel_gives(&parcel, &header, LT_BODY_TOO_LARGE, "body");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_good_header, setup),
        cmocka_unit_test_setup(required_fields, setup),
        cmocka_unit_test_setup(the_id_and_its_time, setup),
        cmocka_unit_test_setup(sender_key_n_and_one_more, setup),
        cmocka_unit_test_setup(kinds, setup),
        cmocka_unit_test_setup(agency_ids, setup),
        cmocka_unit_test_setup(numbers_n_and_one_more, setup),
        cmocka_unit_test_setup(times_begin_in_1970, setup),
        cmocka_unit_test_setup(texts_n_and_one_more, setup),
        cmocka_unit_test_setup(procedure_is_the_normal_form_of_the_raw_one, setup),
        cmocka_unit_test_setup(aliases_n_and_one_more, setup),
        cmocka_unit_test_setup(a_transfer_is_not_its_own_neighbour, setup),
        cmocka_unit_test_setup(attachments_n_and_one_more, setup),
        cmocka_unit_test_setup(an_attached_body_is_the_first_attachment, setup),
        cmocka_unit_test_setup_teardown(parcel_digests, open_digester, close_digester),
        cmocka_unit_test_setup_teardown(parcel_without_body, open_digester, close_digester),
        cmocka_unit_test_setup_teardown(parcel_sizes_n_and_one_more, open_digester, close_digester),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
