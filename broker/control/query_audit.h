/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CONTROL_QUERY_AUDIT_H
#define BROKER_CONTROL_QUERY_AUDIT_H

/* clang-format off */
/*
 * More verbs of the operator port, as query.h has them: what agencies may send, what people see of
 * transfers, and what auditors ask.
 *
 * Of a sensitive procedure `case` and `sender_key` are tokens ("~" and 12 hex digits, the same for
 * the same code) and `reason` is left out, in every row of every verb, unless the one who asks
 * named the code. `show` with purpose= (operator) shows them, and says so in a fact. Words of
 * parked group=reason are tokens (masked=1) where a leg of that agency and cause is of one. Of
 * plans and of what waits for a second person, words and codes are shown to whoever typed them and
 * to approvers and registrars; for the others words are left out, and a code in `selection` is a
 * token.
 *
 *   rights-get id=
 *       one row: id number rights (hex of rights_write)
 *   body id= [from=] purpose=
 *       operator; a fact (FACT_SEEN), durable before the page. row=body: id case seen (position of
 *       the fact) body_type body_bytes body_attached, body (UTF-8) or body_hex; officers, units and
 *       return place when there are any. Then row=attachment: component name size sha256
 *   who-saw id= [from=] | code=
 *       auditor; views of masked things, by transfer, oldest first: time_ms person event ("seen")
 *       act ("body", "codes") purpose position id case
 *   audit-acts person= [since= until=]
 *       auditor; acts and views of a person, oldest first: time_ms person event (fact_kind_name)
 *       act reason or purpose agency agency_name number (of a plan, an incident, a position) id
 *       case position
 *
 * Acts:
 *
 *   rights-put id= [reason=] payload=<rights, sorted> [dry_run=1]
 *       registrar; one row: id number change ("changed", "same") position
 */
/* clang-format on */

#endif
