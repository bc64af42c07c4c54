/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_LTCTL_H
#define OPS_TOOLS_LTCTL_LTCTL_H

#include <stdbool.h>

#include "connect.h"
#include "options.h"
#include "output.h"
#include "settings.h"
#include <lienthong/clock.h>

/* What a command ends with, and the process too. */
enum exit_code {
    EXIT_GOOD = 0,
    EXIT_ERROR = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_FOUND = 3,
    EXIT_UNREACHABLE = 4,
    EXIT_FINDINGS = 5,
};

/* One run of ltctl, as main makes it. */
struct ltctl {
    struct options options;
    struct surroundings surroundings;
    enum language language;
    enum output_mode mode;
    const struct command *command;
    const char *const *arguments; /* behind the words of the command */
    uint32_t arguments_count;
    const struct lt_clock *clock;
    const struct lt_entropy *entropy;
    bool terminal; /* standard output is one */
    struct settings settings;
    struct connection *connection; /* NULL until the first question */
};

/* The command table: which words, which options, how many arguments, what runs. */
struct command {
    const char *words; /* "agency key add" */
    uint64_t options;  /* besides OPTIONS_COMMON */
    uint32_t arguments_min;
    uint32_t arguments_max;
    enum exit_code (*run)(struct ltctl *ltctl);
};

/* The table, ended by a NULL `words`. */
extern const struct command commands[];

/* The command whose words stand in front of `words`, the longest; *ret_used says how many. */
const struct command *command_find(const char *const *words, uint32_t count, uint32_t *ret_used);

/* ---- asking (ask.c) ---- */

/* Says on standard error what is wrong and what to do, and gives the exit code for it. */
enum exit_code complain(const struct ltctl *ltctl, enum lt_status status,
                        const struct fault *fault);
/* With another word about what to do than the code's own; NULL: that one. */
enum exit_code complain_and(const struct ltctl *ltctl, enum lt_status status,
                            const struct fault *fault, const char *instead);
/* A sentence of phrases.def, filled already, and "see --help": EXIT_USAGE. */
enum exit_code complain_usage(const struct ltctl *ltctl, const char *sentence);

/* A question being put together. Values are borrowed; no more than QUESTION_ARGS_MAX. */
#define QUESTION_ARGS_MAX   12
#define QUESTION_CURSOR_MAX 512
struct question {
    struct query query;
    struct pair args[QUESTION_ARGS_MAX];
    char numbers[2][24]; /* room for values made here */
    uint8_t cursor[QUESTION_CURSOR_MAX];
    bool quiet;   /* "not there" is no failure to speak of */
    bool patient; /* "being asked" and "busy" are no answers yet: asked again by itself */
};
void question_init(struct question *question, const char *verb);
void question_add(struct question *question, const char *name, const char *value); /* unless NULL */

/* Asks; dials before the first question. Anything but EXIT_GOOD has been said already. */
enum exit_code ask(struct ltctl *ltctl, struct question *question, struct page *ret_page);

/* Makes it the question for the page after this one; false when there is none. */
bool question_next(struct question *question, const struct page *page);

/* Every page into the output, at most `limit` rows (0: all). */
enum exit_code ask_all(struct ltctl *ltctl, struct question *question,
                       const struct columns *columns, uint64_t limit);

/* An instant of an option, as decimal text in `number`; nothing is added without the option. */
enum exit_code question_moment(struct ltctl *ltctl, struct question *question, enum option option,
                               char number[24]);

/* A finished output, complaint included. */
enum exit_code finish(struct ltctl *ltctl, struct output *output, bool say_empty);

/* A number of an option; `normal` when it is absent. EXIT_USAGE when it is none or out of range. */
enum exit_code option_number(const struct ltctl *ltctl, enum option option, uint64_t least,
                             uint64_t most, uint64_t normal, uint64_t *ret_number);

/* ---- commands, a file each ---- */

enum exit_code run_status(struct ltctl *ltctl);
enum exit_code run_agencies(struct ltctl *ltctl);
enum exit_code run_routes(struct ltctl *ltctl);
enum exit_code run_transfers(struct ltctl *ltctl);
enum exit_code run_show(struct ltctl *ltctl);
enum exit_code run_case(struct ltctl *ltctl);
enum exit_code run_where(struct ltctl *ltctl);
enum exit_code run_parked(struct ltctl *ltctl);
enum exit_code run_incidents(struct ltctl *ltctl);
enum exit_code run_incident_note(struct ltctl *ltctl);
enum exit_code run_alarms(struct ltctl *ltctl);
enum exit_code run_metrics(struct ltctl *ltctl);
enum exit_code run_conservation(struct ltctl *ltctl);
enum exit_code run_replay(struct ltctl *ltctl);
enum exit_code run_hold(struct ltctl *ltctl);
enum exit_code run_release(struct ltctl *ltctl);
enum exit_code run_skip(struct ltctl *ltctl);
enum exit_code run_cancel(struct ltctl *ltctl);
enum exit_code run_expire(struct ltctl *ltctl);
enum exit_code run_reroute(struct ltctl *ltctl);
enum exit_code run_ping(struct ltctl *ltctl);
enum exit_code run_agency_pause(struct ltctl *ltctl);
enum exit_code run_agency_drain(struct ltctl *ltctl);
enum exit_code run_agency_open(struct ltctl *ltctl);
enum exit_code run_pending(struct ltctl *ltctl);
enum exit_code run_pending_approve(struct ltctl *ltctl);
enum exit_code run_pending_refuse(struct ltctl *ltctl);
enum exit_code run_plan_make(struct ltctl *ltctl);
enum exit_code run_plan_list(struct ltctl *ltctl);
enum exit_code run_plan_show(struct ltctl *ltctl);
enum exit_code run_plan_approve(struct ltctl *ltctl);
enum exit_code run_plan_run(struct ltctl *ltctl);
enum exit_code run_plan_pause(struct ltctl *ltctl);
enum exit_code run_plan_cancel(struct ltctl *ltctl);
enum exit_code run_plan_report(struct ltctl *ltctl);
enum exit_code run_watch(struct ltctl *ltctl);
enum exit_code run_import(struct ltctl *ltctl);
enum exit_code run_agency_add(struct ltctl *ltctl);
enum exit_code run_agency_set(struct ltctl *ltctl);
enum exit_code run_agency_successor(struct ltctl *ltctl);
enum exit_code run_agency_redirect(struct ltctl *ltctl);
enum exit_code run_agency_show(struct ltctl *ltctl);
enum exit_code run_agency_rights_show(struct ltctl *ltctl);
enum exit_code run_agency_rights_set(struct ltctl *ltctl);
enum exit_code run_audit_who_saw(struct ltctl *ltctl);
enum exit_code run_audit_acts(struct ltctl *ltctl);
enum exit_code show_body(struct ltctl *ltctl); /* show --body */
enum exit_code run_agency_suspend(struct ltctl *ltctl);
enum exit_code run_agency_resume(struct ltctl *ltctl);
enum exit_code run_agency_key_add(struct ltctl *ltctl);
enum exit_code run_agency_key_revoke(struct ltctl *ltctl);
enum exit_code run_seal_key_make(struct ltctl *ltctl);
enum exit_code run_seal_key_add(struct ltctl *ltctl);
enum exit_code run_seal_key_revoke(struct ltctl *ltctl);
enum exit_code run_seal_key_list(struct ltctl *ltctl);
enum exit_code run_route_add(struct ltctl *ltctl);
enum exit_code run_route_remove(struct ltctl *ltctl);
enum exit_code run_key_make(struct ltctl *ltctl);
enum exit_code run_ca_init(struct ltctl *ltctl);
enum exit_code run_ca_list(struct ltctl *ltctl);
enum exit_code run_ca_issue(struct ltctl *ltctl);
enum exit_code run_ca_revoke(struct ltctl *ltctl);
enum exit_code run_ca_crl(struct ltctl *ltctl);
enum exit_code run_enrol_list(struct ltctl *ltctl);
enum exit_code run_enrol_show(struct ltctl *ltctl);
enum exit_code run_enrol_approve(struct ltctl *ltctl);
enum exit_code run_enrol_renew(struct ltctl *ltctl);
enum exit_code run_enrol_refuse(struct ltctl *ltctl);
enum exit_code run_enrol_import(struct ltctl *ltctl);
enum exit_code run_journal_verify(struct ltctl *ltctl);
enum exit_code run_log_checkpoint(struct ltctl *ltctl);
enum exit_code run_log_consistency(struct ltctl *ltctl);
enum exit_code run_log_verify(struct ltctl *ltctl);
enum exit_code run_evidence(struct ltctl *ltctl);
enum exit_code run_quarantine(struct ltctl *ltctl);
enum exit_code run_agency_unshield(struct ltctl *ltctl);
enum exit_code run_clock_confirm(struct ltctl *ltctl);
enum exit_code run_enable(struct ltctl *ltctl);
enum exit_code run_backup(struct ltctl *ltctl);
enum exit_code run_backup_verify(struct ltctl *ltctl);
enum exit_code run_restore(struct ltctl *ltctl);
enum exit_code run_restore_declare(struct ltctl *ltctl);
enum exit_code run_restore_done(struct ltctl *ltctl);
enum exit_code run_archive_run(struct ltctl *ltctl);
enum exit_code run_archive_verify(struct ltctl *ltctl);
enum exit_code run_archive_find(struct ltctl *ltctl);
enum exit_code run_journal_carry(struct ltctl *ltctl);
enum exit_code run_journal_cut(struct ltctl *ltctl);
enum exit_code run_journal_base(struct ltctl *ltctl);

#endif
