/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Making, finding and switching the key files of an agency. Everything may be run again: a key that
 * exists is used, a request that exists and fits is the one that waits (so its code stays the same
 * when somebody calls twice), and a switch that was cut short goes on where it was. A file that was
 * in use is kept under another name before the next one takes its place.
 *
 * All of it is done as the user that runs the adapter, in folders that user owns; nothing asks for
 * more rights than that.
 */
#include "enrol_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/ca.h"
#include "proto/keyfile.h"
#include "proto/port_zmq.h"
#include "proto/trust.h"

#define SUFFIX_BYTES     16
#define RENEWAL_YOUNG_MS (60 * 60 * 1000LL)

static void path_with(const char *stem, const char *suffix, char *out, size_t out_size)
{
    snprintf(out, out_size, "%.*s%s", (int)(out_size - SUFFIX_BYTES), stem, suffix);
}

/* The name without ".key", with ".next" when it is the next one's. */
static void stem_of(const char *path, bool rotated, char *out, size_t out_size)
{
    size_t size = strlen(path);
    size_t kept = size > 4 && strcmp(path + size - 4, ".key") == 0 ? size - 4 : size;
    snprintf(out, out_size, "%.*s%s", (int)kept, path, rotated ? ".next" : "");
}

void enrol_paths(const char *key, const char *signing_key, bool rotated,
                 struct enrol_paths *ret_paths)
{
    char stem[CONFIG_PATH_BYTES + SUFFIX_BYTES];
    char plain[CONFIG_PATH_BYTES + SUFFIX_BYTES];
    struct enrol_paths *paths = ret_paths;
    stem_of(key, rotated, stem, sizeof(stem));
    path_with(stem, ".key", paths->key, sizeof(paths->key));
    path_with(stem, ".pub", paths->pub, sizeof(paths->pub));
    if (!rotated) {
        snprintf(paths->key, sizeof(paths->key), "%s", key);
    }
    stem_of(key, false, stem, sizeof(stem));
    path_with(stem, ".seal.key", plain, sizeof(plain));
    stem_of(signing_key[0] != '\0' ? signing_key : plain, rotated, stem, sizeof(stem));
    path_with(stem, ".key", paths->signing_key, sizeof(paths->signing_key));
    path_with(stem, ".pem", paths->signing_pub, sizeof(paths->signing_pub));
    path_with(stem, ".csr", paths->request, sizeof(paths->request));
    path_with(stem, ".crt", paths->certificate, sizeof(paths->certificate));
    if (!rotated && signing_key[0] != '\0') {
        snprintf(paths->signing_key, sizeof(paths->signing_key), "%s", signing_key);
    }
}

static enum lt_status curve_open(const struct enrol_paths *paths, struct lt_key *ret_secret,
                                 struct fault *fault)
{
    enum lt_status status = keyfile_read_secret(paths->key, ret_secret, fault);
    if (status != LT_NOT_FOUND) {
        return status;
    }
    fault_init(fault);
    status = keyfile_make(paths->key, paths->pub, fault);
    return status == LT_OK ? keyfile_read_secret(paths->key, ret_secret, fault) : status;
}

static enum lt_status signing_open(const struct enrol_paths *paths, struct signer *ret_signer,
                                   struct fault *fault)
{
    enum lt_status status = signer_open_file(paths->signing_key, ret_signer, fault);
    if (status != LT_NOT_FOUND) {
        return status;
    }
    fault_init(fault);
    status = signer_make_file(SIGN_ECDSA_P256, 0, paths->signing_key, paths->signing_pub, fault);
    return status == LT_OK ? signer_open_file(paths->signing_key, ret_signer, fault) : status;
}

bool enrol_keys_dates(const struct enrol_paths *paths, int64_t *ret_from_ms, int64_t *ret_to_ms)
{
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    struct lt_bytes der;
    bool certificate = false;
    struct certificate_about about;
    if (credential_from_file(paths->certificate, memory, &der, &certificate, NULL) != LT_OK ||
        !certificate || certificate_about(der, &about) != LT_OK) {
        return false;
    }
    *ret_from_ms = about.from_ms;
    *ret_to_ms = about.to_ms;
    return true;
}

/* A renewal goes on with a request that is younger than the certificate; the authority puts the
 * beginning of a certificate some minutes back. */
static bool outlived(const struct enrol_paths *paths, const struct enrol_wish *wish,
                     const struct enrol_request *request)
{
    int64_t from_ms;
    int64_t to_ms;
    return wish->renew && enrol_keys_dates(paths, &from_ms, &to_ms) &&
           request->made_ms < from_ms + RENEWAL_YOUNG_MS;
}

/* The request that lies there, when it is of this agency and both keys. */
static bool request_found(const struct enrol_paths *paths, const struct enrol_wish *wish,
                          const struct lt_key *curve, const struct signer *signer, uint8_t *memory,
                          struct lt_bytes *ret_der, struct enrol_request *ret_request)
{
    struct enrol_request request;
    return !wish->again &&
           enrol_request_from_file(paths->request, memory, ret_der, NULL) == LT_OK &&
           enrol_request_read(*ret_der, &request, NULL) == LT_OK &&
           strcmp(request.agency, wish->agency) == 0 && !outlived(paths, wish, &request) &&
           memcmp(&request.curve, curve, sizeof(*curve)) == 0 &&
           memcmp(&request.key_id, public_key_id(signer->public_key), sizeof(request.key_id)) ==
               0 &&
           (*ret_request = request, true);
}

enum lt_status enrol_keys_open(const struct enrol_paths *paths, const struct enrol_wish *wish,
                               struct lt_key *ret_secret, uint8_t memory[ENROL_REQUEST_BYTES_MAX],
                               struct lt_bytes *ret_der, struct enrol_request *ret_request,
                               struct fault *fault)
{
    struct lt_key secret;
    struct lt_key curve;
    struct signer signer;
    memset(&signer, 0, sizeof(signer));
    enum lt_status status = curve_open(paths, &secret, fault);
    if (status == LT_OK) {
        status = curve_public(&secret, &curve);
    }
    if (status == LT_OK) {
        status = signing_open(paths, &signer, fault);
    }
    if (status == LT_OK &&
        !request_found(paths, wish, &curve, &signer, memory, ret_der, ret_request)) {
        status = enrol_request_make(&signer, wish->agency, wish->name, &curve, wish->now_ms, memory,
                                    ret_der, fault);
        if (status == LT_OK) {
            status = enrol_request_write_file(paths->request, *ret_der, fault);
        }
        if (status == LT_OK) {
            status = enrol_request_read(*ret_der, ret_request, fault);
        }
    }
    signer_close(&signer);
    if (status == LT_OK) {
        *ret_secret = secret;
    }
    explicit_bzero(&secret, sizeof(secret));
    return status;
}

enum lt_status enrol_keys_keep(const struct enrol_paths *paths, const struct enrol_request *request,
                               struct lt_bytes certificate, struct fault *fault)
{
    struct public_key *key = NULL;
    if (certificate.size == 0) {
        return LT_OK;
    }
    enum lt_status status = certificate_key(certificate, &key, fault);
    if (status == LT_OK &&
        memcmp(public_key_id(key), &request->key_id, sizeof(request->key_id)) != 0) {
        status = fault_set(fault, LT_FIELD_BAD, "certificate", "it is of another key");
    }
    public_key_close(&key);
    return status == LT_OK ? certificate_write_file(paths->certificate, certificate, fault)
                           : status;
}

/* `next` takes the place of `now`, which stays as *.old. What was switched before is passed over.
 */
static enum lt_status file_switch(const char *next, const char *now, struct fault *fault)
{
    char old[CONFIG_PATH_BYTES + 2 * SUFFIX_BYTES];
    snprintf(old, sizeof(old), "%s.old", now);
    if (access(next, F_OK) != 0) {
        return LT_OK;
    }
    if (access(now, F_OK) == 0) {
        if ((unlink(old) != 0 && errno != ENOENT) || link(now, old) != 0) {
            return fault_set(fault, LT_IO, old, "%s", strerror(errno));
        }
    }
    if (rename(next, now) != 0) {
        return fault_set(fault, LT_IO, now, "%s", strerror(errno));
    }
    return folder_sync_of(now, fault);
}

enum lt_status enrol_keys_switch(const struct enrol_paths *next, const struct enrol_paths *paths,
                                 struct fault *fault)
{
    const char *const files[][2] = {
        {next->signing_pub, paths->signing_pub},
        {next->signing_key, paths->signing_key},
        {next->certificate, paths->certificate},
        {next->request, paths->request},
        {next->pub, paths->pub},
        {next->key, paths->key},
    };
    enum lt_status status = LT_OK;
    for (size_t i = 0; status == LT_OK && i < sizeof(files) / sizeof(files[0]); i++) {
        status = file_switch(files[i][0], files[i][1], fault);
    }
    return status;
}
