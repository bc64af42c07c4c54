/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_REGISTRY_CONFIG_VALID_H
#define BROKER_REGISTRY_CONFIG_VALID_H

#include <stdbool.h>

#define OPERATOR_NAME_MAX 54 /* "operator/NAME" is a connection's user, 63 bytes */

/* Words of the configuration file; used by config.c. */
bool config_address_valid(const char *address, bool to_bind); /* tcp://HOST:PORT */
bool config_url_valid(const char *url); /* http or https, with a host, no blank */
bool config_operator_name_valid(const char *name);
bool config_scope_valid(const char *pattern);  /* an agency's id, or its beginning and "*" */
bool config_sensitive_valid(const char *text); /* a procedure, or its beginning and "*" */

#endif
