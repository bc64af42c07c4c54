/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The command table: one row for each command of ltctl, which main looks up by its words. A new
 * command is a row here, a function in a file of its own, and a page in help.def.
 */
#include <string.h>

#include "ltctl.h"

#define B(name)      OPTION_BIT(name)
#define WORDS_UNTOLD WORDS_MAX

/* clang-format off */
const struct command commands[] = {
    {"status", 0, 0, 0, run_status},
    {"agencies", 0, 0, 0, run_agencies},
    {"routes", 0, 0, 0, run_routes},
    {"transfers",
     B(AGENCY) | B(FROM) | B(CASE) | B(STATE) | B(KIND) | B(PROCEDURE) | B(SINCE) | B(UNTIL) |
         B(LIMIT),
     0, 0, run_transfers},
    {"show", B(BODY) | B(PURPOSE) | B(FROM), 1, 1, run_show},
    {"case", 0, 1, 1, run_case},
    {"where", 0, 1, 1, run_where},
    {"parked", B(AGENCY) | B(CODE) | B(GROUP) | B(LIMIT), 0, 0, run_parked},
    {"incidents", B(ALL), 0, 0, run_incidents},
    {"incident note", B(REASON), 1, 1, run_incident_note},
    {"alarms", 0, 0, 0, run_alarms},
    {"metrics", 0, 0, 0, run_metrics},
    {"replay", B(LEG) | B(REASON) | B(DRY_RUN), 1, WORDS_UNTOLD, run_replay},
    {"hold", B(LEG) | B(REASON) | B(DRY_RUN), 1, 1, run_hold},
    {"release", B(LEG) | B(REASON) | B(DRY_RUN), 1, 1, run_release},
    {"skip", B(LEG) | B(REASON) | B(DRY_RUN), 1, 1, run_skip},
    {"cancel", B(LEG) | B(REASON) | B(SECOND) | B(DRY_RUN), 1, 1, run_cancel},
    {"expire", B(LEG) | B(REASON) | B(SECOND) | B(DRY_RUN), 1, 1, run_expire},
    {"reroute", B(LEG) | B(TO) | B(REASON) | B(SECOND) | B(DRY_RUN), 1, 1, run_reroute},
    {"ping", 0, 1, 1, run_ping},
    {"plan make",
     B(AGENCY) | B(FROM) | B(CASE) | B(PROCEDURE) | B(CODE) | B(SINCE) | B(UNTIL) | B(CODES) |
         B(IDS) | B(PACE) | B(STOP) | B(REASON),
     0, 0, run_plan_make},
    {"pending", 0, 0, 0, run_pending},
    {"pending approve", B(DRY_RUN), 1, 1, run_pending_approve},
    {"pending refuse", B(REASON), 1, 1, run_pending_refuse},
    {"plan list", B(LIMIT), 0, 0, run_plan_list},
    {"plan show", 0, 1, 1, run_plan_show},
    {"plan approve", B(REASON), 1, 1, run_plan_approve},
    {"plan run", B(EVERY), 1, 1, run_plan_run},
    {"plan pause", B(REASON), 1, 1, run_plan_pause},
    {"plan resume", B(EVERY), 1, 1, run_plan_run},
    {"plan cancel", B(REASON), 1, 1, run_plan_cancel},
    {"plan report", B(RESULT) | B(LIMIT), 1, 1, run_plan_report},
    {"watch", B(EVERY), 0, 0, run_watch},
    {"conservation", 0, 0, 0, run_conservation},
    {"registry import", B(DRY_RUN), 1, 1, run_import},
    {"agency list", 0, 0, 0, run_agencies},
    {"agency show", 0, 1, 1, run_agency_show},
    {"agency add",
     B(NAME) | B(KIND) | B(LOCALITY) | B(CONTACT) | B(SUCCESSOR) | B(PUBLIC_KEY) | B(RATE) |
         B(QUOTA_MIB) | B(DENY) | B(DRY_RUN),
     1, 1, run_agency_add},
    {"agency set",
     B(NAME) | B(KIND) | B(LOCALITY) | B(CONTACT) | B(SUCCESSOR) | B(RATE) | B(QUOTA_MIB) |
         B(DENY) | B(DRY_RUN),
     1, 1, run_agency_set},
    {"agency successor", B(FROM) | B(DRY_RUN), 2, 2, run_agency_successor},
    {"agency redirect", B(PACE) | B(STOP) | B(REASON), 2, 2, run_agency_redirect},
    {"agency rights show", 0, 1, 1, run_agency_rights_show},
    {"agency rights set",
     B(KINDS) | B(PROCEDURES) | B(TO) | B(RATE) | B(QUOTA_MIB) | B(REASON) | B(DRY_RUN), 1, 1,
     run_agency_rights_set},
    {"audit who-saw", B(FROM), 1, 1, run_audit_who_saw},
    {"audit acts", B(PERSON) | B(SINCE) | B(UNTIL), 0, 0, run_audit_acts},
    {"agency suspend", B(REASON) | B(DRY_RUN), 1, 1, run_agency_suspend},
    {"agency resume", B(REASON) | B(DRY_RUN), 1, 1, run_agency_resume},
    {"agency pause", B(REASON) | B(DRY_RUN), 1, 1, run_agency_pause},
    {"agency drain", B(REASON) | B(DRY_RUN), 1, 1, run_agency_drain},
    {"agency open", B(REASON) | B(DRY_RUN), 1, 1, run_agency_open},
    {"agency key add", B(FROM) | B(TO) | B(DRY_RUN), 2, 2, run_agency_key_add},
    {"agency key revoke", B(DRY_RUN), 2, 2, run_agency_key_revoke},
    {"agency seal-key add", B(FROM) | B(TO) | B(DRY_RUN), 2, 2, run_seal_key_add},
    {"agency seal-key revoke", B(REASON) | B(DRY_RUN), 2, 2, run_seal_key_revoke},
    {"agency seal-key list", 0, 1, 1, run_seal_key_list},
    {"route add", B(PROCEDURE) | B(LOCALITY) | B(KIND) | B(TO) | B(DRY_RUN), 0, 0, run_route_add},
    {"route remove", B(PROCEDURE) | B(LOCALITY) | B(KIND) | B(TO) | B(DRY_RUN), 0, 0,
     run_route_remove},
    {"key make", 0, 1, 1, run_key_make},
    {"seal-key make", 0, 1, 1, run_seal_key_make},
    {"ca init", B(NAME) | B(DAYS), 1, 1, run_ca_init},
    {"ca list", 0, 1, 1, run_ca_list},
    {"ca issue", B(DAYS) | B(OUT), 2, 2, run_ca_issue},
    {"ca revoke", B(DAYS), 2, 2, run_ca_revoke},
    {"ca crl", B(DAYS), 1, 1, run_ca_crl},
    {"enrol list", 0, 0, 0, run_enrol_list},
    {"enrol show", 0, 1, 1, run_enrol_show},
    {"enrol approve",
     B(AGENCY) | B(NAME) | B(KIND) | B(LOCALITY) | B(CONTACT) | B(CA) | B(DAYS) | B(OUT) |
         B(REASON) | B(DRY_RUN),
     1, 1, run_enrol_approve},
    {"enrol refuse", B(REASON), 1, 1, run_enrol_refuse},
    {"enrol renew", B(CA) | B(DAYS), 0, 0, run_enrol_renew},
    {"enrol import", 0, 1, 1, run_enrol_import},
    {"journal verify", 0, 1, 1, run_journal_verify},
    {"log checkpoint", B(PUBLIC_KEY) | B(DATA), 0, 0, run_log_checkpoint},
    {"log consistency", B(PUBLIC_KEY) | B(DATA) | B(OUTPUT), 1, 2, run_log_consistency},
    {"log verify", B(PUBLIC_KEY) | B(DATA), 0, 256, run_log_verify},
    {"evidence", B(DATA) | B(OUTPUT) | B(ARCHIVE) | B(WITHOUT_BODIES) | B(CHAIN) | B(CRL), 1, 1,
     run_evidence},
    {"quarantine", 0, 0, 0, run_quarantine},
    {"agency unshield", B(REASON), 1, 1, run_agency_unshield},
    {"clock confirm", B(REASON), 0, 0, run_clock_confirm},
    {"enable", B(REASON) | B(DRY_RUN), 1, 1, run_enable},
    {"backup", B(NO_MARK), 2, 2, run_backup},
    {"backup verify", 0, 1, 1, run_backup_verify},
    {"restore", B(BY) | B(REASON), 2, 2, run_restore},
    {"restore declare", B(BY) | B(REASON), 1, 1, run_restore_declare},
    {"restore done", B(REASON), 0, 0, run_restore_done},
    {"archive run", B(UNTIL) | B(NO_MARK), 2, 2, run_archive_run},
    {"archive verify", 0, 1, 1, run_archive_verify},
    {"archive find", B(FROM), 2, 2, run_archive_find},
    {"journal carry", B(BELOW) | B(DRY_RUN), 0, 0, run_journal_carry},
    {"journal cut", B(BELOW) | B(ARCHIVE) | B(DRY_RUN), 1, 1, run_journal_cut},
    {"journal base", B(ARCHIVE), 1, 1, run_journal_base},
    {NULL, 0, 0, 0, NULL},
};
/* clang-format on */

/* How many of `words` are those of the command; 0 when they are others. */
static uint32_t words_match(const char *command, const char *const *words, uint32_t count)
{
    uint32_t used = 0;
    for (const char *at = command; *at != '\0'; used++) {
        size_t size = strcspn(at, " ");
        if (used == count || strlen(words[used]) != size || memcmp(words[used], at, size) != 0) {
            return 0;
        }
        at += size + (at[size] == ' ');
    }
    return used;
}

const struct command *command_find(const char *const *words, uint32_t count, uint32_t *ret_used)
{
    const struct command *found = NULL;
    *ret_used = 0;
    for (const struct command *command = commands; command->words != NULL; command++) {
        uint32_t used = words_match(command->words, words, count);
        if (used > *ret_used) {
            *ret_used = used;
            found = command;
        }
    }
    return found;
}
