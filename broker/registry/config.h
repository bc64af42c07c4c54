/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_REGISTRY_CONFIG_H
#define BROKER_REGISTRY_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * lienthongd.yaml through libcyaml. Errors name file, line and key and say what to do
 * (LT_CONFIG_BAD). A reload (SIGHUP) may change what is marked (r); the rest needs a restart and a
 * change of it is refused with its name.
 *
 *   data: /var/lib/lienthong           folder of journal.mdb, state.mdb, blobs/
 *   listen: [tcp://0.0.0.0:7760]       agencies and operators
 *   blob_listen: tcp://0.0.0.0:7761
 *   blob_public: tcp://host:7761       told to agencies; empty: same host, port of blob_listen
 *   enrol_listen: tcp://0.0.0.0:7762   where strangers ask to be let in; empty: nowhere
 *   enrol_hours: 72                    (r) so long a request to be let in is good
 *   secret_key: /etc/lienthong/broker.key      (refused when readable by others)
 *   secret_key_next: FILE              the key that takes its place, answering at ...
 *   listen_next: tcp://0.0.0.0:7770    ... this address for agencies and operators, and at
 *   blob_listen_next: tcp://0.0.0.0:7771
 *   blob_public_next: tcp://host:7771  told to who comes in there; empty: next port of the same
 * host operators:                         (r) first registrar and other people
 *     - name: truc-ban-1
 *       public_key: <64 hex>
 *       role: registrar                viewer, operator, approver, registrar; auditor
 *       from: 2026-10-01               the key is good from the beginning of this day ...
 *       to: 2027-09-30                 ... to the end of this one, or to an instant with time and
 *                                      offset; absent: from ever, for ever
 *       agencies: [H24.15, H24.1*]     whose legs may be acted on; "*" at the end: any that begins
 *                                      so; absent or empty: all
 *   sensitive_procedures: [3.000333]   (r) codes of their cases are masked for operators; "*" at
 *                                      the end: any that begins so
 *   log_level: info                    (r) debug, info, warn, error
 *   free_low_mib: 256                  (r) intake refuses below
 *   disk_alarm_days: 14                (r) full before that, as the last hours went: an alarm; 0:
 *                                      never
 *   agency_share_mib: 8192             (r) of one agency's open transfers; 0 = no bound
 *   attempts_max: 8                    (r)
 *   backoff_first_ms: 2000             (r)
 *   settle_timeout_s: 600              (r)
 *   line_incident_minutes: 15          (r) a line down for longer is an incident; 0 = never
 *   status_deadline_days: 30           (r) of kinds that park at their deadline; 0 = never
 *   stuck_hours: 24                    (r) in one state for longer: an alarm; 0 = never
 *   plan_items_max: 200000             (r) legs in one replay plan
 *   plan_second_person_over: 100       (r) items; more, or a second agency, need an approver
 *   blob_quota_mib: 20480              (r) per agency
 *   blob_bandwidth_kib_s: 0            (r) per agency; 0 = no cap
 *   blob_bandwidth_office_kib_s: 0     (r) the cap from 07:30 to 17:00 on working days
 *   restore_minutes: 15                (r) after a declared restore, before new ids come in
 *   seals: registered                  (r) who must seal: those with a signing key; required: all
 *   trust_list: /etc/lienthong/trust.pem   (r) authorities of certificates; empty: none counts
 *   trust_crl: /etc/lienthong/crl.pem      (r) their lists of revoked ones; read again by a reload
 *   crl_grace_hours: 72                (r) a late list goes on for known keys, with an alarm
 *   scrub_kib_s: 1024                  the journal is checked in the background at this pace; 0:
 * off log_origin: lienthong/log          name of the log and of its keys; no space, no plus
 *   log_signing_key: DATA/log.key      PEM, 0600; made (Ed25519) when it is not there
 *   log_signing_key_next: FILE         the key that takes its place: signs beside it; so made
 *   log_checkpoint_ms: 200             a checkpoint is signed at most so often
 *   timestamp_url: http://tsa.example/tsa  (r) authority of time-stamps (RFC 3161); empty: none
 *   timestamp_trust: /etc/lienthong/tsa.pem  (r) whose time is believed; read again by a reload
 *   timestamp_policy: 1.2.3.4          (r) the only one accepted; empty: any
 *   timestamp_hours: 24                (r) between two
 *   io_threads: 1
 */
/* In order, but for the auditor: lowest, so that no comparison of roles lets one act. */
enum operator_role {
    OPERATOR_AUDITOR = 1,
    OPERATOR_VIEWER = 2,
    OPERATOR_OPERATOR = 3,
    OPERATOR_APPROVER = 4,
    OPERATOR_REGISTRAR = 5,
};

#define CONFIG_OPERATORS_MAX 64
#define CONFIG_LISTEN_MAX    4
#define CONFIG_SCOPE_MAX     16
#define CONFIG_SENSITIVE_MAX 64

struct operator_entry {
    char name[64];
    struct lt_key key;
    enum operator_role role;
    int64_t from_ms; /* 0: from ever */
    int64_t to_ms;   /* first instant at which it is no longer good; 0: never */
    char scope[CONFIG_SCOPE_MAX][LT_AGENCY_ID_MAX + 2]; /* ids, or beginnings with "*" */
    uint32_t scope_count;                               /* 0: every agency */
};

struct config {
    char data[256];
    char listen[CONFIG_LISTEN_MAX][128];
    uint32_t listen_count;
    char blob_listen[128];
    char blob_public[128];
    char enrol_listen[128];
    char secret_key[256];
    char secret_key_next[256]; /* "": none, and then the three below are "" too */
    char listen_next[128];
    char blob_listen_next[128];
    char blob_public_next[128];
    char log_origin[128];
    char log_signing_key[272];
    char log_signing_key_next[256]; /* "": none */
    struct operator_entry operators[CONFIG_OPERATORS_MAX];
    uint32_t operators_count;
    char sensitive[CONFIG_SENSITIVE_MAX][LT_PROCEDURE_MAX + 2]; /* codes, or beginnings with "*" */
    uint32_t sensitive_count;
    char log_level[8];
    uint32_t free_low_mib;
    uint32_t disk_alarm_days;
    uint32_t agency_share_mib;
    uint32_t attempts_max;
    uint32_t backoff_first_ms;
    uint32_t settle_timeout_s;
    uint32_t line_incident_minutes;
    uint32_t status_deadline_days;
    uint32_t stuck_hours;
    uint32_t plan_items_max;
    uint32_t plan_second_person_over;
    uint32_t blob_quota_mib;
    uint32_t blob_bandwidth_kib_s;
    uint32_t blob_bandwidth_office_kib_s;
    uint32_t restore_minutes;
    bool seals_required;
    char trust_list[256];
    char trust_crl[256];
    uint32_t crl_grace_hours;
    uint32_t enrol_hours;
    uint32_t scrub_kib_s;
    uint32_t log_checkpoint_ms;
    char timestamp_url[256];
    char timestamp_trust[256];
    char timestamp_policy[64];
    uint32_t timestamp_hours;
    uint32_t io_threads;
};

LT_CHECK enum lt_status config_read(const char *path, struct config *ret_config,
                                    struct fault *fault);

/* Takes what may change at run time from `next`; names the first key that needs a restart. */
LT_CHECK enum lt_status config_reload(struct config *config, const struct config *next,
                                      struct fault *fault);

const struct operator_entry *config_operator(const struct config *config, const char *name);

/* May this person act on what belongs to the agency? "": what is nobody's yet. */
bool operator_may_touch(const struct operator_entry *person, const char *agency_id);

/* Is it one of sensitive_procedures? Normalised. */
bool config_sensitive(const struct config *config, struct lt_bytes procedure);

/* Is the person's key good at that moment? */
bool operator_in_time(const struct operator_entry *person, int64_t now_ms);
const char *operator_role_name(enum operator_role role);

#endif
