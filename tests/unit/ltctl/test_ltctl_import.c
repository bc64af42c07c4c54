/* SPDX-License-Identifier: EUPL-1.2 */
/* Import files, good and hostile: every mistake with its line, and nothing of a wrong file used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/limits.h"
#include "ops/tools/ltctl/csv.h"
#include "ops/tools/ltctl/entry.h"
#include "ops/tools/ltctl/import.h"

#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static enum lt_status read_size(bool yaml, const char *text, size_t size,
                                struct import **ret_import, struct import_fault *fault)
{
    char *copy = malloc(size + 1);
    assert_non_null(copy);
    memcpy(copy, text, size);
    enum lt_status status = import_read_text(yaml, copy, size, ret_import, fault);
    free(copy);
    return status;
}

static struct import *good(bool yaml, const char *text)
{
    struct import *import = NULL;
    struct import_fault fault;
    enum lt_status status = read_size(yaml, text, strlen(text), &import, &fault);
    if (status != LT_OK) {
        char said[512];
        import_sentence(&fault, LANGUAGE_EN, said, sizeof(said));
        print_error("line %d: %s\n", fault.line, said);
    }
    assert_int_equal(status, LT_OK);
    return import;
}

static void bad(bool yaml, const char *text, enum import_wrong wrong, int line, const char *words)
{
    struct import *import = NULL;
    struct import_fault fault;
    assert_int_equal(read_size(yaml, text, strlen(text), &import, &fault), LT_CONFIG_BAD);
    assert_null(import);
    char said[512];
    import_sentence(&fault, LANGUAGE_EN, said, sizeof(said));
    if (fault.wrong != wrong || fault.line != line || strstr(said, words) == NULL) {
        print_error("wrong %d line %d: %s\n", (int)fault.wrong, fault.line, said);
        fail();
    }
    import_sentence(&fault, LANGUAGE_VI, said, sizeof(said));
    assert_true(strlen(said) > 5);
}

static void a_list_from_a_spreadsheet(void **state)
{
    (void)state;
    struct import *import =
        good(false, "\xEF\xBB\xBFid,name,kind,locality,public_key,contact\r\n"
                    "H24.1,\"UBND xã \"\"A\"\", mẫu\",commune,11824," KEY_A ",trực ban\r\n"
                    "\r\n"
                    "H24.2,  Sở mẫu  ,sở,,,\r\n");
    assert_int_equal(import->agencies_count, 2);
    assert_int_equal(import->routes_count, 0);
    const struct import_agency *first = &import->agencies[0];
    assert_string_equal(first->agency.id, "H24.1");
    assert_string_equal(first->agency.name, "UBND xã \"A\", mẫu");
    assert_string_equal(first->agency.locality, "11824");
    assert_int_equal(first->agency.keys_count, 1);
    assert_int_equal(first->agency.keys[0].key.bytes[31], 0xAA);
    assert_int_equal(first->line, 2);
    assert_string_equal(import->agencies[1].agency.name, "Sở mẫu");
    assert_int_equal(import->agencies[1].agency.kind, AGENCY_DEPARTMENT);
    assert_int_equal(import->agencies[1].line, 4);
    import_close(&import);
    assert_null(import);
}

static void semicolons_and_columns_in_any_order(void **state)
{
    (void)state;
    struct import *import = good(false, "name;id;kind\nSở A, B;H24.1;department");
    assert_string_equal(import->agencies[0].agency.name, "Sở A, B");
    import_close(&import);
}

static void routes_are_normalised(void **state)
{
    (void)state;
    struct import *import = good(false, "procedure,locality,kind,to\n"
                                        "1.001193.000.00.00.H56,11824,forward,H24.1\n"
                                        ",,,H24.2\n");
    assert_int_equal(import->routes_count, 2);
    /* Sorted: the one for everything comes first. */
    assert_string_equal(import->routes[0].route.to, "H24.2");
    assert_int_equal(import->routes[0].line, 3);
    assert_string_equal(import->routes[1].route.procedure, "1.001193");
    assert_int_equal(import->routes[1].route.kind, LT_KIND_FORWARD);
    import_close(&import);
}

static void rights_of_the_agencies(void **state)
{
    (void)state;
    struct import *import = good(false, "id,name,kind,send_kinds,send_procedures,send_to\n"
                                        "H24.1,A,xã,status result,1.001193.000.00.00.H56 3.00*,\n"
                                        "H24.2,B,xã,all,all,H24.9 G22.*\n"
                                        "H24.3,C,xã,,,\n");
    const struct import_agency *first = &import->agencies[0];
    assert_true(first->kinds_given && first->procedures_given);
    assert_false(first->receivers_given);
    assert_int_equal(first->agency.kinds_denied & (1u << LT_KIND_STATUS), 0);
    assert_int_equal(first->agency.kinds_denied & (1u << LT_KIND_RESULT), 0);
    assert_int_not_equal(first->agency.kinds_denied & (1u << LT_KIND_FORWARD), 0);
    assert_int_equal(first->rights->procedures_count, 2);
    assert_string_equal(first->rights->procedures[0], "1.001193");
    assert_string_equal(first->rights->procedures[1], "3.00*");
    const struct import_agency *second = &import->agencies[1];
    assert_int_equal(second->agency.kinds_denied, 0);
    assert_int_equal(second->rights->procedures_count, 0); /* said: no limit */
    assert_true(second->procedures_given);
    assert_int_equal(second->rights->receivers_count, 2);
    assert_string_equal(second->rights->receivers[0], "G22.*");
    const struct import_agency *third = &import->agencies[2];
    assert_false(third->kinds_given || third->procedures_given || third->receivers_given);
    assert_null(third->rights);
    import_close(&import);
    import = good(true, "agencies:\n  - {id: H24.1, name: A, kind: xã, send_to: H24.9}\n");
    assert_int_equal(import->agencies[0].rights->receivers_count, 1);
    import_close(&import);
    bad(false, "id,name,kind,send_kinds\nH24.1,A,xã,forwrd\n", IMPORT_VALUE, 2, "forwrd");
    bad(false, "id,name,kind,send_to\nH24.1,A,xã,h-1\n", IMPORT_RULE, 2, "receivers");
    bad(false, "id,name,kind,send_procedures\nH24.1,A,xã,*\n", IMPORT_RULE, 2, "procedures");
    bad(false, "to,send_to\nH24.1,all\n", IMPORT_COLUMN_UNKNOWN, 1, "send_to");
}

static void both_lists_in_yaml(void **state)
{
    (void)state;
    struct import *import =
        good(true, "agencies:\n"
                   "  - {id: H24.1, name: UBND xã A, kind: xã, locality: 11824}\n"
                   "  - id: H24.2\n"
                   "    name: Sở mẫu\n"
                   "    kind: department\n"
                   "    public_key: " KEY_B "\n"
                   "routes:\n"
                   "  - procedure: 1.001193\n"
                   "    to: H24.2\n");
    assert_int_equal(import->agencies_count, 2);
    assert_string_equal(import->agencies[0].agency.locality, "11824");
    assert_int_equal(import->agencies[1].line, 3);
    assert_int_equal(import->agencies[1].agency.keys_count, 1);
    assert_int_equal(import->routes_count, 1);
    assert_int_equal(import->routes[0].line, 8);
    import_close(&import);
}

#define HEAD "id,name,kind,locality,public_key,contact\n"
#define GOOD "H24.1,A,commune,,,\n"

static void duplicates_name_both_lines(void **state)
{
    (void)state;
    bad(false, HEAD GOOD "H24.2,B,commune,,,\nH24.1,C,commune,,,\n", IMPORT_ID_TWICE, 4,
        "H24.1 stands in line 2");
    bad(false, HEAD "H24.1,A,commune,," KEY_A ",\nH24.2,B,commune,," KEY_A ",\n", IMPORT_KEY_TWICE,
        3, "H24.2 stands in line 2");
    bad(false, "to,procedure\nH24.1,1.001193\nH24.1,1.002\nH24.1,1.001193.000\n",
        IMPORT_ROUTE_TWICE, 4, "line 2");
    bad(true,
        "agencies:\n  - {id: H24.1, name: A, kind: other}\n  - {id: H24.1, name: B, kind: other}\n",
        IMPORT_ID_TWICE, 3, "H24.1 stands in line 2");
}

static void wrong_lines_are_named(void **state)
{
    (void)state;
    bad(false, HEAD GOOD "h24.2,B,commune,,,\n", IMPORT_RULE, 3, "id");
    bad(false, HEAD GOOD "H24.2,,commune,,,\n", IMPORT_RULE, 3, "name");
    bad(false, HEAD GOOD "H24.2,B,comune,,,\n", IMPORT_VALUE, 3, "comune");
    bad(false, HEAD GOOD "H24.2,B,commune,abc,,\n", IMPORT_RULE, 3, "locality");
    bad(false, HEAD GOOD "H24.2,B,commune,,1234,\n", IMPORT_VALUE, 3, "64 hex");
    bad(false, HEAD GOOD "H24.2,B,commune,,\n", IMPORT_FIELDS, 3, "5 fields, the header has 6");
    bad(false, HEAD GOOD "H24.2,B,commune,,,,\n", IMPORT_FIELDS, 3, "7 fields");
    bad(false, "to,kind\nH24.2,forwards\n", IMPORT_VALUE, 2, "forwards");
    bad(false, "to,locality\nH24.2,abc\n", IMPORT_RULE, 2, "locality");
    bad(false, HEAD GOOD "\"H24\n.3\",B,commune,,,\n" GOOD, IMPORT_RULE, 3, "id");
}

static void wrong_columns_are_named(void **state)
{
    (void)state;
    bad(false, "id,name,kin\n", IMPORT_COLUMN_UNKNOWN, 1, "\"kin\"");
    bad(false, "id,name\nH24.1,A\n", IMPORT_COLUMN_MISSING, 1, "\"kind\"");
    bad(false, "id,id,name,kind\n", IMPORT_COLUMN_TWICE, 1, "\"id\"");
    bad(false, "id,name,kind,to\n", IMPORT_COLUMN_UNKNOWN, 1, "\"to\"");
    bad(false, "to,contact\n", IMPORT_COLUMN_UNKNOWN, 1, "\"contact\"");
    bad(false, "procedure,kind\n", IMPORT_COLUMN_MISSING, 1, "\"to\"");
}

static void texts_have_limits(void **state)
{
    (void)state;
    char text[512];
    snprintf(text, sizeof(text), HEAD "H24.1,%0127d,commune,,,\n", 1);
    struct import *import = good(false, text);
    import_close(&import);
    snprintf(text, sizeof(text), HEAD "H24.1,%0128d,commune,,,\n", 1);
    bad(false, text, IMPORT_TOO_LONG, 2, "at most 127 bytes");
    snprintf(text, sizeof(text), HEAD "%035d,A,commune,,,\n", 1);
    import = good(false, text);
    import_close(&import);
    snprintf(text, sizeof(text), HEAD "%036d,A,commune,,,\n", 1);
    bad(false, text, IMPORT_TOO_LONG, 2, "id");
}

static void hostile_bytes_are_refused(void **state)
{
    (void)state;
    struct import *import = NULL;
    struct import_fault fault;
    bad(false, HEAD GOOD "H24.2,B\xC1\xC1,commune,,,\n", IMPORT_NOT_TEXT, 3, "UTF-8");
    static const char nul[] = HEAD "H24.1,A\0B,commune,,,\n";
    assert_int_equal(read_size(false, nul, sizeof(nul) - 1, &import, &fault), LT_CONFIG_BAD);
    assert_int_equal(fault.wrong, IMPORT_NOT_TEXT);
    assert_int_equal(fault.line, 2);
    bad(false, HEAD "\"H24.1,A,commune,,,\n", IMPORT_QUOTE, 2, "quote");
    bad(false, HEAD "\"H24.1\"x,A,commune,,,\n", IMPORT_QUOTE, 2, "quote");
    bad(false, "", IMPORT_EMPTY, 1, "nothing");
    bad(false, "\xEF\xBB\xBF\r\n \n", IMPORT_EMPTY, 1, "nothing");
    bad(false, HEAD, IMPORT_EMPTY, 1, "nothing");
    char commas[256];
    memset(commas, ',', sizeof(commas));
    memcpy(commas, HEAD, sizeof(HEAD) - 1);
    commas[sizeof(commas) - 1] = '\0';
    bad(false, commas, IMPORT_FIELDS, 2, "fields");
}

static void hostile_yaml_is_refused(void **state)
{
    (void)state;
    bad(true, "agencies:\n  - id: H24.1\n    nam: A\n", IMPORT_YAML, 3, "did you mean \"name\"");
    bad(true, "agency:\n  - id: H24.1\n", IMPORT_YAML, 1, "no such key");
    bad(true, "agencies:\n  - id: [H24.1]\n", IMPORT_YAML, 2, "single value");
    bad(true, "agencies: H24.1\n", IMPORT_YAML, 1, "list");
    bad(true, "agencies:\n\t- id: H24.1\n", IMPORT_YAML, 2, "not YAML");
    bad(true, "agencies: &a\n  - {id: H24.1, name: A, kind: other}\nroutes: *a\n", IMPORT_YAML, 3,
        "aliases");
    bad(true, "agencies: []\nroutes: []\n", IMPORT_EMPTY, 1, "nothing");
    bad(true, "agencies:\n  - name: A\n    kind: other\n", IMPORT_RULE, 2, "id");
    bad(true, "# nothing\n", IMPORT_YAML, 1, "empty");
    /* Deep nesting ends as a fault, not as a crash. */
    char deep[40001];
    memset(deep, '[', sizeof(deep));
    deep[sizeof(deep) - 1] = '\0';
    struct import *import = NULL;
    struct import_fault fault;
    assert_int_equal(read_size(true, deep, sizeof(deep) - 1, &import, &fault), LT_CONFIG_BAD);
}

static void lists_have_limits(void **state)
{
    (void)state;
    size_t room = (size_t)(ROUTES_MAX + 2) * 24;
    char *text = malloc(room);
    assert_non_null(text);
    for (uint32_t extra = 0; extra <= 1; extra++) {
        struct import *import = NULL;
        struct import_fault fault;
        size_t used = (size_t)snprintf(text, room, "id,name,kind\n");
        for (uint32_t i = 0; i < AGENCIES_MAX + extra; i++) {
            used += (size_t)snprintf(text + used, room - used, "H%u,A,other\n", i);
        }
        enum lt_status wanted = extra == 0 ? LT_OK : LT_CONFIG_BAD;
        assert_int_equal(read_size(false, text, used, &import, &fault), wanted);
        assert_true(extra == 0 ? import->agencies_count == AGENCIES_MAX
                               : fault.wrong == IMPORT_TOO_MANY);
        import_close(&import);

        used = (size_t)snprintf(text, room, "to,procedure\n");
        for (uint32_t i = 0; i < ROUTES_MAX + extra; i++) {
            used += (size_t)snprintf(text + used, room - used, "H1,1.%u\n", i);
        }
        assert_int_equal(read_size(false, text, used, &import, &fault), wanted);
        assert_true(extra == 0 ? import->routes_count == ROUTES_MAX
                               : fault.wrong == IMPORT_TOO_MANY);
        import_close(&import);
    }
    free(text);
}

static void files_are_told_by_their_ending(void **state)
{
    (void)state;
    char path[] = "/tmp/lt-import-XXXXXX.yaml";
    int fd = mkstemps(path, 5);
    assert_true(fd >= 0);
    static const char text[] = "agencies:\n  - {id: H24.1, name: A, kind: other}\n";
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    assert_int_equal(close(fd), 0);
    struct import *import = NULL;
    struct import_fault wrong;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(import_read(path, &import, &wrong, &fault), LT_OK);
    assert_int_equal(import->agencies_count, 1);
    import_close(&import);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(import_read(path, &import, &wrong, &fault), LT_NOT_FOUND);
}

/* ---- the CSV reader by itself ---- */

static void records_keep_their_lines(void **state)
{
    (void)state;
    char text[] = "a , \"b\"\"\nc\" ,\r\n\n\"\"\rx,y";
    struct csv csv;
    char *fields[CSV_FIELDS_MAX];
    uint32_t count;
    int line;
    csv_init(&csv, text, sizeof(text) - 1);
    assert_int_equal(csv_next(&csv, fields, &count, &line), CSV_RECORD);
    assert_int_equal(count, 3);
    assert_int_equal(line, 1);
    assert_string_equal(fields[0], "a");
    assert_string_equal(fields[1], "b\"\nc");
    assert_string_equal(fields[2], "");
    assert_int_equal(csv_next(&csv, fields, &count, &line), CSV_RECORD);
    assert_int_equal(count, 1);
    assert_int_equal(line, 4);
    assert_string_equal(fields[0], "");
    assert_int_equal(csv_next(&csv, fields, &count, &line), CSV_RECORD);
    assert_int_equal(line, 5);
    assert_string_equal(fields[1], "y");
    assert_int_equal(csv_next(&csv, fields, &count, &line), CSV_END);
    assert_int_equal(csv_next(&csv, fields, &count, &line), CSV_END);
}

static void fields_have_a_limit(void **state)
{
    (void)state;
    char text[64];
    struct csv csv;
    char *fields[CSV_FIELDS_MAX];
    uint32_t count;
    int line;
    memset(text, ',', sizeof(text));
    csv_init(&csv, text, CSV_FIELDS_MAX - 1);
    assert_int_equal(csv_next(&csv, fields, &count, &line), CSV_RECORD);
    assert_int_equal(count, CSV_FIELDS_MAX);
    memset(text, ',', sizeof(text));
    csv_init(&csv, text, CSV_FIELDS_MAX);
    assert_int_equal(csv_next(&csv, fields, &count, &line), CSV_CROWDED);
}

/* ---- keys of an entry ---- */

static struct agency_key key_of(uint8_t fill)
{
    struct agency_key key;
    memset(&key, 0, sizeof(key));
    memset(key.key.bytes, fill, sizeof(key.key.bytes));
    return key;
}

static void the_oldest_revoked_key_makes_room(void **state)
{
    (void)state;
    struct agency agency;
    memset(&agency, 0, sizeof(agency));
    for (uint8_t fill = 1; fill <= AGENCY_KEYS_MAX; fill++) {
        struct agency_key key = key_of(fill);
        assert_true(entry_key_add(&agency, &key));
    }
    struct agency_key fifth = key_of(5);
    assert_false(entry_key_add(&agency, &fifth));
    assert_int_equal(agency.keys_count, AGENCY_KEYS_MAX);
    struct agency_key known = key_of(2);
    assert_true(entry_key_add(&agency, &known)); /* there already */
    assert_int_equal(agency.keys_count, AGENCY_KEYS_MAX);
    agency.keys[1].revoked = true;
    agency.keys[2].revoked = true;
    assert_true(entry_key_add(&agency, &fifth));
    const uint8_t left[] = {1, 3, 4, 5};
    for (uint32_t i = 0; i < AGENCY_KEYS_MAX; i++) {
        assert_int_equal(agency.keys[i].key.bytes[0], left[i]);
    }
    assert_true(agency.keys[1].revoked);
    assert_false(agency.keys[3].revoked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_from_a_spreadsheet),
        cmocka_unit_test(semicolons_and_columns_in_any_order),
        cmocka_unit_test(routes_are_normalised),
        cmocka_unit_test(rights_of_the_agencies),
        cmocka_unit_test(both_lists_in_yaml),
        cmocka_unit_test(duplicates_name_both_lines),
        cmocka_unit_test(wrong_lines_are_named),
        cmocka_unit_test(wrong_columns_are_named),
        cmocka_unit_test(texts_have_limits),
        cmocka_unit_test(hostile_bytes_are_refused),
        cmocka_unit_test(hostile_yaml_is_refused),
        cmocka_unit_test(lists_have_limits),
        cmocka_unit_test(files_are_told_by_their_ending),
        cmocka_unit_test(records_keep_their_lines),
        cmocka_unit_test(fields_have_a_limit),
        cmocka_unit_test(the_oldest_revoked_key_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
