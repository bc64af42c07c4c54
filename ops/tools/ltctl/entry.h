/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_ENTRY_H
#define OPS_TOOLS_LTCTL_ENTRY_H

#include "broker/registry/agency.h"
#include "broker/registry/rights.h"
#include "ltctl.h"

/* Entries of the registry, asked for and put back. Failures have been said already. */

/* EXIT_NOT_FOUND is said only when `wanted`. */
enum exit_code entry_get(struct ltctl *ltctl, const char *id, bool wanted,
                         struct agency *ret_agency);

/* Checks, puts, and gives the row of the answer to `output` (NULL: to nobody). */
enum exit_code entry_put(struct ltctl *ltctl, const struct agency *agency, bool dry_run,
                         struct output *output);
enum exit_code entry_put_route(struct ltctl *ltctl, const struct route *route, bool gone,
                               bool dry_run, struct output *output);

/* What --name, --kind, --locality and their like say about an agency, over what is there
 * (agency.c). */
enum exit_code agency_options(const struct ltctl *ltctl, struct agency *agency);
/* The rights beside it (rights.c); an agency without an entry has one that limits nothing. */
enum exit_code entry_rights_get(struct ltctl *ltctl, const char *id, struct rights *ret_rights);
enum exit_code entry_rights_put(struct ltctl *ltctl, const char *id, const struct rights *rights,
                                bool dry_run, bool *ret_changed);

/* --rate and --quota-mib, over what is there (agency.c). */
enum exit_code entry_numbers_take(const struct ltctl *ltctl, struct agency *agency);

/* Adds a key; the oldest revoked one makes room. False: four keys that are not revoked. A key that
 * is there already stays as it is. */
LT_CHECK bool entry_key_add(struct agency *agency, const struct agency_key *key);

#endif
