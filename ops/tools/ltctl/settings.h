/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_SETTINGS_H
#define OPS_TOOLS_LTCTL_SETTINGS_H

#include <stdbool.h>

#include "options.h"
#include "phrase.h"
#include "proto/base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Where the broker is and who we are: ~/.config/lienthong/ltctl.yaml (or --config), options first.
 *
 *   endpoint: tcp://truc.vidu.vn:7760     --endpoint
 *   server_key: <64 hex> or a .pub file   --server-key
 *   secret_key: /path/of/NAME.key         --key
 *   language: vi                          --lang, LT_LANG
 */
struct settings {
    char endpoint[256];
    struct lt_key server_key;
    struct lt_key secret_key;
    bool server_key_given;
    bool secret_key_given;
    enum language language;
};

/* What main found in the environment; NULL when absent. */
struct surroundings {
    const char *home;
    const char *language;
};

/* "vi" or "en"; false for anything else, NULL included. */
LT_CHECK bool language_read(enum language *ret_language, const char *text);

/*
 * A missing default file is no fault, a missing --config is (LT_NOT_FOUND). LT_CONFIG_BAD with
 * line; LT_SECRET_READABLE, LT_NOT_FOUND, LT_FIELD_BAD for keys. Words of the fault in `language`.
 */
LT_CHECK enum lt_status settings_read(const struct options *options,
                                      const struct surroundings *surroundings,
                                      enum language language, struct settings *ret_settings,
                                      struct fault *fault);

/* A public key as 64 hex digits or as the path of a .pub file. */
LT_CHECK enum lt_status public_key_read(const char *text, struct lt_key *ret_key,
                                        struct fault *fault);

#endif
