/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CONTROL_QUERY_H
#define BROKER_CONTROL_QUERY_H

#include "proto/base/arena.h"
#include "proto/frame.h"
#include <lienthong/status.h>

/* clang-format off */
/*
 * What ltctl asks, as verbs of the operator port (Query -> Page; rows of named texts; ltctl makes
 * tables, JSON and CSV). Queries come outside of a session (session 0, seq 0), one at a time; ltctl
 * repeats a query that met silence, with the same number.
 *
 * Every value is text. `*_ms`: epoch milliseconds in decimal, "0" or absent = never (an instant) or
 * none (uptime_ms: a duration). Flags: "1" or "0". Numbers: decimal. `code`: a stable code of
 * errors.def ("attempts-exhausted"). `state`: a name of states.def. `kind`: kind_name() of a
 * transfer, agency_kind_name() of an agency. Agencies stand by id; `*_name` is the Vietnamese name
 * beside it. A field that does not apply may be left out; fields that ltctl does not know show in
 * JSON only.
 *
 * Page.code: 0, or why there are no rows: LT_NOT_FOUND (show, case, where, agency-get, replay),
 * LT_FIELD_BAD and LT_FIELD_MISSING (an argument; detail "name: value"), LT_NOT_PERMITTED (detail:
 * the role needed), and for acts the statuses of registry_check and registry_check_route. An empty
 * answer to a filter is no failure: code 0 and no rows. LT_KEY_UNKNOWN: outside the dates of the
 * person's key.
 *
 * `case` and `sender_key` of a sensitive procedure are tokens; query_audit.h.
 *
 * Reading verbs, paged by cursor. Arguments in brackets may be absent; `since`, `until` are epoch
 * milliseconds over the acceptance time (since <= t < until), `kind` and `state` are names:
 *
 *   status
 *       one row: software epoch format (in use) format_known (the highest) started_ms uptime_ms now_ms clock ("ok", "suspect") drift_ms
 *       intake (code: "ok", or why intake refuses now: "busy", "disk-reserve", "clock-suspect",
 *       "draining") durable applied (positions) journal_bytes journal_first backed_up_to
 *       archived_to carry_below cut_ready disk_free_bytes disk_left_ms (until intake
 *       closes, as the last hours went; absent: not in sight) memory_bytes agencies connected sessions sessions_next (of them by secret_key_next) open ready sent behind backoff held parked
 *       in_flight notices_waiting accepted taken refused expired cancelled difference
 *       transfers_per_s syncs quarantined pending (what waits for a second person) incarnation reconciling (flag: a declared restore is
 *       not over) stamped_size stamped_ms stamp_failures (when timestamp_url is set). With more open legs than a page looks at (SCAN_ROWS_MAX) those that are
 *       counted from the lists are left out: ready sent behind backoff held difference
 *   agencies [id=]
 *       one row each: id name kind locality contact connected key_next (flag: all its sessions by secret_key_next) since_ms (connected since, or line
 *       down since; 0: never seen) open parked in_flight notices_waiting open_bytes (of
 *       its own transfers that are not closed) share_full (flag: that is all it may have) suspended
 *       paused draining shielded successor successor_from_ms keys (how many are valid now)
 *   routes
 *       procedure locality kind ("" = any) to to_name
 *   transfers [agency= (the receiver) from= case= state= kind= procedure= since= until=]
 *       one row per leg, oldest first: id leg kind from to to_name case procedure state since_ms
 *       (in this state) attempts due_ms accepted_ms code reason unknown (flag: outcome unknown)
 *   show id= [from=] [purpose=]   (from: needed when two senders used the id; purpose: shows codes)
 *       rows of one transfer, told apart by the field `row`, in this order:
 *       row=transfer: id kind from from_name case procedure procedure_raw locality priority
 *         sender_key created_ms accepted_ms position header_bytes body_bytes body_type attachments
 *         digest after reply_to addressed (whom the sender named, when a successor took its place)
 *       row=leg: leg to to_name state since_ms attempts due_ms code reason unknown
 *       row=event, oldest first: time_ms position event (fact_kind_name) leg agency attempt state
 *         code reason person; of an act: act second risk; rerouted: to second risk; held: held
 *         ("yes", "no", "unknown") by
 *   case code=
 *       the rows of `transfers` for every transfer of a case or alias, in order
 *   where code=
 *       one row per leg that answers "where is it": the open legs, else the last closed one:
 *       case id kind leg from from_name agency agency_name state since_ms attempts due_ms code
 *       reason who (sender, receiver, operator) waits_for ("incident", "line": not connected,
 *       "credit": the receiver takes no more now, "lane": waits_id goes first, "paused": by an
 *       operator, "suspended": the agency, by a registrar, "due", "answer", "person", "send") waits_id waits_state waits_since_ms waits_code (of the leg that goes
 *       first) incident incident_code incident_ms (since) deadline_ms left_ms (negative: past)
 *       holds (flag: the axis still has something to do) connected suspended (flag: the agency) line_since_ms (connected
 *       since, or down since; 0 unknown) unknown
 *   parked [agency= code=]
 *       oldest first: id leg kind from to to_name case procedure code reason who contact
 *       since_ms attempts unknown
 *   parked group=code|who|agency|reason [agency=]
 *       counted, not listed; never a walk over the legs. group=code: code who count; group=who:
 *       who count; group=agency: agency agency_name contact count (without agency=); group=reason:
 *       agency agency_name code who reason count, for those that came with words; runs of digits
 *       in the words are one '#', and they are cut at 48 bytes
 *   incidents [all=1]
 *       open ones by agency, with all=1 then the closed ones, latest first: number agency
 *       agency_name code state ("open", "closed") since_ms last_ms closed_ms count (failures)
 *       waiting (open legs of the agency that are not parked; of an open one) parked (of the agency
 *       with that cause) owner (sender, receiver, operator) contact probes due_ms (of the next)
 *       person comment
 *   alarms
 *       of the house: what ("base": it does not read; "quarantined": count records are set aside;
 *       "disk": full before disk_alarm_days, left_ms;
 *       "share": an agency used up its share of the journal) agency agency_name code left_ms; then
 *       of the sweeper's last whole round: what ("stuck": a leg in one state for too long,
 *       "difference": a sum that is not zero, "more": count others found no room) agency
 *       agency_name id leg case kind code who state since_ms difference count round_ms (when the
 *       round ended). Looked up when asked: "crl-stale"; "timestamp" (since_ms count why detail); "key-ending", "seal-key-ending" (the last
 *       valid key or certificate of an agency), "crl-ending": until_ms, within_days (60, 30, 7, 1,
 *       0: over)
 *   metrics
 *       numbers for a monitor: rows of name [label of] value, names ending in _total only grow;
 *       then rows of agencies: agency accepted taken refused expired cancelled open parked
 *       open_bytes share_full counted
 *       difference (by the sweeper's last round) connected incident (flags)
 *   conservation
 *       one row per agency (as receiver), last the total with agency "": agency name accepted
 *       taken refused expired cancelled open counted (open, from the lists) difference
 *       (accepted minus taken, refused, expired, cancelled, counted). Legs of nobody stand under
 *       agency "-". moved: legs that came or went while an agency was counted over several
 *       turns; the difference is beyond what these explain
 *   log-proof [origin= size=]
 *       one row: key (the log's, as a line) code (log-rolled-back, note-foreign; absent: none)
 *       checkpoint (the newest, as signed) first path (hex: it extends `size` of this origin) broken
 *       (the last statement about a restore). LT_BUSY: ask again. LT_NOT_HERE: no log, or none yet
 *   quarantine
 *       facts that do not read or were passed over in this life: position kind what found_ms
 *   pending
 *       what waits for a second person: acts by number, then plans: what ("act", "plan") number
 *       state ("waits-second", "refused-here") act person reason since_ms; of an act until_ms id from
 *       from_name case leg (the first) to to_name new new_name (of a reroute) refused_by
 *       refused_why; of a plan items agencies (plan-approve). Acts are kept in memory for an hour
 *   plan-list
 *       newest first, a row each: number state since_ms made_ms person reason selection items
 *       act ("replay", "redirect") (of a redirect: old old_name to to_name left_open) agencies left_out (legs of other live plans) passed replayed passed_over taken refused
 *       parked_again ended outstanding pace stop duration_ms (of the rest, at the pace) second
 *       (flag: needs a second person) approver code state_person state_reason digest
 *       while running also: waits ("incident-open", "gate-closed", "agency-open", "restore-open")
 *       waits_agency waits_name waits_incident
 *   plan-show number=
 *       the same row of one plan
 *   plan-look number=
 *       the dry run as of now, in parts: a page looks at some items and has a row per receiver;
 *       the rows of all pages are added up: to to_name items passed taken moved (no longer parked)
 *       unknown joined reassign (today's routing finds a receiver) nobody unreadable bytes oldest_ms
 *       newest_ms suspended successor
 *   plan-report number= [result=]
 *       a row per item, in the order of the plan: id leg case from to to_name bytes position
 *       result (waiting, sent-again, taken, refused, parked-again, ended, passed-over; of a redirect
 *       also moved, joined: the successor had it) state code
 *       time_ms
 *   rights-get, rights-put, body, who-saw, audit-acts: query_audit.h
 *   agency-get id=
 *       one row: id number entry (hex of agency_write)
 *   seal-keys id=
 *       one row per signing key: id key (hex) algorithm subject from_ms to_ms since_ms revoked
 *       valid (flag: a seal of this key would be taken now) why (not: the code; else empty)
 *
 * Acts (roles checked; each a fact; the answer leaves after the fact is durable):
 *
 *   replay id= [leg=] [reason=] [dry_run=1]
 *       one row per leg: id leg to to_name case state (before) next (state after) result
 *       ("replayed", "would-replay", "not-parked") code bytes. Without leg=: all parked legs
 *   backup-mark position=
 *       a backup holds everything up to there; only forward, never beyond what is durable. One
 *       row: change ("changed", "same") backed_up_to position (of the fact; 0 none)
 *   archive-mark position=
 *       complete months of an archive hold everything up to there; the same rules. One row: change
 *       archived_to position
 *   carry below= [dry_run=1]
 *       approver; what is live below is written again above it, so that the journal can be cut
 *       there: at most archived_to + 1, backed_up_to + 1, durable. One row: change ("ordered",
 *       "would-order") below legs bytes (to be carried; more: 1 when not all open legs were looked
 *       at) position. It is done when cut_ready of `status` equals carry_below
 *   agency-unshield id= reason=
 *       an agency that was kept out after crashes is let in again. One row: id change position
 *   restore-done reason=
 *       approver; a declared restore is reconciled, new ids come in. One row: change position
 *   enable format= reason= [dry_run=]
 *       from here on that format of the journal may be written, and the releases that do not know
 *       it do not start any more. format change ("changed", "would-order", "same") position;
 *       LT_FORMAT_BEYOND
 *   clock-confirm reason=
 *       the wall clock is right although it left the monotonic one. One row: change ("changed",
 *       "same" when it was not suspect) drift_ms position
 *   hold, release, skip id= [leg=] reason= [dry_run=1]
 *   cancel, expire id= [leg=] reason= [second=1] [dry_run=1]
 *       one row per leg: id leg to to_name case state (before) next (after) result code second
 *       risk. Without leg=: every leg whose state allows it. result: the act done ("held",
 *       "cancelled" ...), "would-..." of a dry run, "same" (it was so already), of a dry run also
 *       "would-ask", "needs-second". LT_LEG_STATE, LT_SCOPE; of legs once sent: LT_HELD_ASKED (ask
 *       again), LT_RECEIVER_HOLDS, LT_SECOND_PERSON (an approver repeats it with second=1)
 *   reroute id= [leg=] to= reason= [second=1] [dry_run=1]
 *       two rows as above: the old leg, and the new one. LT_EXISTS: that agency has it;
 *       LT_LEGS_TOO_MANY, LT_AGENCY_UNKNOWN
 *   pending-approve number= [dry_run=1]
 *       approver, another than the one who asked: the act, as if repeated with second=1; its rows
 *   pending-refuse number= reason=
 *       the one who asked, or an approver; the row of `pending`. It stays there for its hour
 *   agency-gate id= gate=pause|drain|open reason= [dry_run=1]
 *       one row: id name change ("changed", "same") paused draining position
 *   ping id=
 *       no fact; one row: id name result ("answered", "adapter-only": its local system gave no
 *       sign, "no-answer", "not-connected") took_ms by connected since_ms. LT_HELD_ASKED: ask again
 *   incident-note number= reason=
 *       who looks after it, in words; the last note stands. One row: number agency code person
 *       comment position
 *   plan-make act=redirect agency= reason= [to=] [pace=] [stop=]
 *       every open leg of a dissolved agency to its successor in the registry (with to= it must be
 *       that one). LT_NO_SUCCESSOR; plan-run: LT_AGENCY_OPEN while the old one is delivered to
 *   plan-make reason= [agency= ("-": of nobody yet) from= case= procedure= code= since= until=]
 *             [list=] [pace=] [stop=]
 *       the row of the plan, which is chosen from then on; with list= nothing is chosen: legs come
 *       by plan-add, and plan-freeze ends the list. No dry_run: a plan sends nothing by itself
 *   plan-add number= what=ids|codes payload=<lines>
 *       at most 150 lines; a row for each that was not taken: value result (not-found, not-parked,
 *       leased) plan. LT_SCOPE, LT_PLAN_TOO_LARGE: the whole plan is cancelled
 *   plan-freeze, plan-approve (approver, another than the maker), plan-run (also: resume),
 *   plan-pause, plan-cancel number= [reason=]
 *       the row of the plan; LT_PLAN_STATE, LT_SECOND_PERSON, LT_SCOPE
 *   agency-put payload=<entry> [reason=] [dry_run=1]
 *       registrar; the whole entry as agency_write makes it; a suspension and its end need a reason; the number is the one of
 *       agency-get, or 0: given by the broker. One row: id number change ("added", "changed",
 *       "same") position. Equal bytes are no fact ("same")
 *   route-put, route-gone payload=<entry> [dry_run=1]
 *       one row: change ("added", "removed", "same") position
 *   seal-key-put id= payload=<DER> [from=] [to=] [dry_run=1]
 *       registrar; a certificate or a public key. One row: id key change position
 *   seal-key-revoke id= key= [reason=] [dry_run=1]
 *       registrar; key: the first 8 digits of its id, or more
 *   enrol-list
 *       requests to be let in: code id name state ("waits", "approved", "refused") known (flag: the
 *       agency is in the registry) renewal (flag: with both of these keys) from (address, "file") made_ms seen_ms until_ms reason
 *   enrol-show code=
 *       that row, and public_key key algorithm request (hex). LT_NOT_FOUND, LT_ENROL_CODE_TWICE
 *   enrol-put payload=<PKCS#10 in DER>
 *       registrar; a request that came in a file. The row. LT_ENROL_EXPIRED, LT_BUSY
 *   enrol-approve code= reason= payload=<run16 entry, run16 certificate or empty> [dry_run=1]
 *       registrar; the entry as agency_write makes it, with the request's key in it. The row, and
 *       number change ("added", "changed") certificate (flag) position. LT_ENROL_DECIDED, and what
 *       agency-put says
 *   enrol-refuse code= reason=
 *       registrar; the row
 *
 * dry_run=1 checks everything, writes no fact, and answers what would be.
 */
/* clang-format on */

#endif
