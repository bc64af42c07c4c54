/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Whether a word of the configuration file can be what it is meant to be. Pure: no file is read and
 * nothing is looked up, so the same word is right or wrong on every machine.
 */
#include <stdlib.h>
#include <string.h>

#include "agency.h"
#include "config.h"
#include "config_valid.h"
#include "proto/base/text.h"

/* A port of 1..65535, or "*" (any free one) when `any` is set. */
static bool port_valid(const char *port, bool any)
{
    if (any && strcmp(port, "*") == 0) {
        return true;
    }
    size_t digits = strspn(port, "0123456789");
    long number = digits >= 1 && digits <= 5 ? strtol(port, NULL, 10) : 0;
    return port[digits] == '\0' && number >= 1 && number <= 65535;
}

bool config_address_valid(const char *address, bool to_bind)
{
    static const char scheme[] = "tcp://";
    if (strncmp(address, scheme, sizeof(scheme) - 1) != 0) {
        return false;
    }
    const char *host = address + sizeof(scheme) - 1;
    const char *colon = strrchr(host, ':');
    bool dialled = to_bind || (host[0] != '*' && strncmp(host, "0.0.0.0:", 8) != 0);
    return colon != NULL && colon > host && strchr(host, ' ') == NULL && dialled &&
           port_valid(colon + 1, to_bind);
}

bool config_url_valid(const char *url)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t size = strlen(schemes[i]);
        if (strncmp(url, schemes[i], size) == 0) {
            return url[size] != '\0' && url[size] != '/' && strpbrk(url, " \t\r\n") == NULL;
        }
    }
    return false;
}

bool config_operator_name_valid(const char *name)
{
    size_t size = strlen(name);
    return size <= OPERATOR_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               size;
}

/* An agency's id, or its beginning (or nothing) with one "*" behind it. */
bool config_scope_valid(const char *pattern)
{
    size_t size = strlen(pattern);
    bool open = size > 0 && pattern[size - 1] == '*';
    size_t begins = open ? size - 1 : size;
    return (begins == 0 && open) ||
           agency_id_valid((struct lt_bytes){(const uint8_t *)pattern, begins}) ||
           (open && begins > 1 && pattern[begins - 1] == '.' &&
            agency_id_valid((struct lt_bytes){(const uint8_t *)pattern, begins - 1}));
}

/* As the registry has procedures: two groups; or the beginning of one, and not every one. */
bool config_sensitive_valid(const char *text)
{
    char normal[LT_PROCEDURE_MAX + 2];
    size_t size = strlen(text);
    bool open = size > 0 && text[size - 1] == '*';
    size_t begins = open ? size - 1 : size;
    for (size_t i = 0; i < begins; i++) {
        if (text[i] <= ' ' || text[i] >= 0x7F || text[i] == '*') {
            return false;
        }
    }
    procedure_normalise(normal, sizeof(normal), text_bytes(text));
    return begins > 0 && begins <= LT_PROCEDURE_MAX && (open || strcmp(normal, text) == 0);
}
