/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_DOOR_PRIVATE_H
#define ADAPTERS_HOST_DOOR_PRIVATE_H

#include <jansson.h>

#include <lienthong/client.h>

/* Shared by the files behind door_json.h only. */

/* Parses an object within the limits of the doors. */
LT_CHECK enum lt_status door_tree_read(json_t **ret_tree, struct lt_bytes text,
                                       struct lt_problem *problem);

/* Everything of a request but its keys and its body, as JSON under the names of the door; NULL when
 * memory ran out. */
json_t *door_request_form(const struct lt_request *request);

/* What the outcome is called in JSON and in file names, or NULL; and back (NONE when unknown). */
const char *door_outcome_name(enum lt_outcome outcome);
enum lt_outcome door_outcome_by_name(const char *name);

#endif
