/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_COLUMNS_H
#define OPS_TOOLS_LTCTL_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "phrase.h"
#include "proto/frame.h"

/* What stands in a field and how it is shown; names and fields of the verbs:
 * broker/control/query.h. */
enum column_type {
    COLUMN_TEXT,
    COLUMN_NUMBER,
    COLUMN_BYTES,    /* a number, shown as KiB or MiB */
    COLUMN_TIME,     /* epoch milliseconds */
    COLUMN_DURATION, /* milliseconds */
    COLUMN_FLAG,     /* "1" or "0" */
    COLUMN_STATE,
    COLUMN_KIND,
    COLUMN_AGENCY_KIND,
    COLUMN_EVENT,
    COLUMN_CODE,
    COLUMN_WHO,
    COLUMN_RESULT,
};

struct column {
    const char *field;
    enum column_type type;
    const char *heading[LANGUAGES_END];
};

#define COLUMNS_MAX 48

struct columns {
    const struct column *columns;
    size_t count;
    bool vertical; /* a table shows one line per field */
};

extern const struct columns columns_status;
extern const struct columns columns_agencies;
extern const struct columns columns_agency;
extern const struct columns columns_routes;
extern const struct columns columns_transfers;
extern const struct columns columns_show_transfer;
extern const struct columns columns_show_leg;
extern const struct columns columns_show_event;
extern const struct columns columns_parked;
extern const struct columns columns_parked_count;
extern const struct columns columns_incidents;
extern const struct columns columns_incident_note;
extern const struct columns columns_alarms;
extern const struct columns columns_conservation;
extern const struct columns columns_where;
extern const struct columns columns_replay;
extern const struct columns columns_act;
extern const struct columns columns_gate;
extern const struct columns columns_ping;
extern const struct columns columns_plans;
extern const struct columns columns_plan;
extern const struct columns columns_pending;
extern const struct columns columns_pending;
extern const struct columns columns_plan_total;
extern const struct columns columns_plan_receiver;
extern const struct columns columns_plan_line;
extern const struct columns columns_plan_item;
extern const struct columns columns_change;
extern const struct columns columns_change_route;
extern const struct columns columns_keys;
extern const struct columns columns_seal_keys;
extern const struct columns columns_change_seal_key;
extern const struct columns columns_finding;
extern const struct columns columns_verify;
extern const struct columns columns_log_finding;
extern const struct columns columns_log_verify;
extern const struct columns columns_log_kept;
extern const struct columns columns_backup;
extern const struct columns columns_archive;
extern const struct columns columns_archive_month;
extern const struct columns columns_archive_event;
extern const struct columns columns_carry;
extern const struct columns columns_cut;
extern const struct columns columns_clock;
extern const struct columns columns_enable;
extern const struct columns columns_base;
extern const struct columns columns_quarantine;
extern const struct columns columns_ca;
extern const struct columns columns_enrol;
extern const struct columns columns_enrol_one;
extern const struct columns columns_enrol_approve;
extern const struct columns columns_rights;
extern const struct columns columns_body;
extern const struct columns columns_body_attachment;
extern const struct columns columns_who_saw;
extern const struct columns columns_audit_acts;

/* The value of a field; empty when the row has none. */
struct lt_bytes row_field(const struct row *row, const char *name);

/* The value as a number; 0 when absent or no number. */
int64_t row_number(const struct row *row, const char *name);

/* A value as a table shows it, safe for a terminal. */
void cell_write(char *out, size_t out_size, enum column_type type, struct lt_bytes value,
                enum language language);

#endif
