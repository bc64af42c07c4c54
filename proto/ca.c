/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The certificate authority in a folder: its key and root are read when it is opened and one
 * process has it at a time (a lock on the index's neighbour). Issuing writes the index first, so a
 * certificate that exists is one that can be revoked; a crash between leaves a line for one that
 * nobody has.
 *
 * The index is text, one line per certificate, rewritten whole and renamed into place: a few
 * thousand agencies with one certificate a year make some hundred KiB. Serials are 128 random bits,
 * so two folders that were copied from one another do not give the same twice.
 *
 * The list of revoked certificates is signed again at every change, and must be signed again before
 * its nextUpdate: the broker's grace covers a weekend, not forgetfulness.
 */
#include "ca.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/file.h"
#include "base/text.h"
#include "enrol.h"
#include "sign.h"
#include "sign_private.h"

#define PATH_BYTES      512
#define PEM_BYTES_MAX   (64 * 1024)
#define INDEX_BYTES_MAX (16 * 1024 * 1024)
#define LINE_BYTES      256
#define NAME_BYTES_MAX  64
#define SERIAL_BYTES    16
#define SERIAL_PREFIX   8
#define SKEW_S          300 /* the machine that checks may be behind ours */
#define DAY_S           (24 * 3600LL)
#define DAYS_MAX        3700
#define PURPOSE         "1.3.6.1.5.5.7.3.36" /* documentSigning */

struct ca {
    char folder[PATH_BYTES];
    int lock;
    EVP_PKEY *key;
    X509 *root;
    uint64_t list_number;
    struct ca_entry *entries;
    uint32_t count;
    uint32_t capacity;
};

static enum lt_status library_fault(struct fault *fault, const char *what)
{
    ERR_clear_error();
    return fault_set(fault, LT_CRYPTO, what, "the library fails");
}

static void path_of(const struct ca *ca, const char *name, char out[PATH_BYTES])
{
    snprintf(out, PATH_BYTES, "%.440s/%s", ca->folder, name);
}

/* ---- PEM files ---- */

static enum lt_status bio_write(BIO *bio, const char *path, struct fault *fault)
{
    char *text = NULL;
    long size = BIO_get_mem_data(bio, &text);
    return file_write(path, (struct lt_bytes){(const uint8_t *)text, (size_t)size}, 0644, fault);
}

static enum lt_status x509_write(X509 *certificate, const char *path, struct fault *fault)
{
    BIO *bio = BIO_new(BIO_s_mem());
    enum lt_status status = bio == NULL || PEM_write_bio_X509(bio, certificate) != 1
                                ? library_fault(fault, path)
                                : bio_write(bio, path, fault);
    BIO_free(bio);
    return status;
}

enum lt_status certificate_write_file(const char *path, struct lt_bytes der, struct fault *fault)
{
    const uint8_t *at = der.data;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.size);
    enum lt_status status =
        certificate == NULL ? library_fault(fault, path) : x509_write(certificate, path, fault);
    X509_free(certificate);
    return status;
}

static enum lt_status root_read(const char *path, X509 **ret_root, struct fault *fault)
{
    uint8_t *text = NULL;
    size_t size = 0;
    enum lt_status status = file_read(path, PEM_BYTES_MAX, &text, &size, fault);
    if (status != LT_OK) {
        return status;
    }
    BIO *bio = BIO_new_mem_buf(text, (int)size);
    X509 *root = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, pem_no_password, NULL);
    BIO_free(bio);
    free(text);
    ERR_clear_error();
    if (root == NULL) {
        return fault_set(fault, LT_DAMAGED, path, "no certificate in PEM");
    }
    *ret_root = root;
    return LT_OK;
}

/* ---- the index ---- */

static bool entries_grow(struct ca *ca)
{
    uint32_t capacity = ca->capacity == 0 ? 64 : 2 * ca->capacity;
    if (ca->count < ca->capacity) {
        return true;
    }
    struct ca_entry *entries = realloc(ca->entries, capacity * sizeof(*entries));
    if (entries == NULL) {
        return false;
    }
    ca->entries = entries;
    ca->capacity = capacity;
    return true;
}

static size_t line_write(char out[LINE_BYTES], const struct ca_entry *entry)
{
    char key[2 * sizeof(entry->key_id.bytes) + 1];
    hex_write(key, entry->key_id.bytes, sizeof(entry->key_id.bytes));
    int size = snprintf(out, LINE_BYTES, "%c %s %lld %lld %lld %s %s\n", entry->revoked ? 'R' : 'V',
                        entry->serial, (long long)(entry->from_ms / 1000),
                        (long long)(entry->to_ms / 1000), (long long)(entry->revoked_ms / 1000),
                        entry->agency, key);
    return (size_t)size;
}

static bool line_read(const char *line, struct ca_entry *ret_entry)
{
    struct ca_entry entry;
    char state;
    char key[2 * sizeof(entry.key_id.bytes) + 1];
    long long from_s;
    long long to_s;
    long long revoked_s;
    memset(&entry, 0, sizeof(entry));
    if (sscanf(line, "%c %32s %lld %lld %lld %35s %64s", &state, entry.serial, &from_s, &to_s,
               &revoked_s, entry.agency, key) != 7 ||
        (state != 'V' && state != 'R') || strlen(entry.serial) != CA_SERIAL_BYTES - 1 ||
        !hex_read(entry.key_id.bytes, sizeof(entry.key_id.bytes), key)) {
        return false;
    }
    entry.revoked = state == 'R';
    entry.from_ms = from_s * 1000;
    entry.to_ms = to_s * 1000;
    entry.revoked_ms = revoked_s * 1000;
    *ret_entry = entry;
    return true;
}

static enum lt_status index_write(const struct ca *ca, struct fault *fault)
{
    char path[PATH_BYTES];
    char *text = malloc((size_t)(ca->count + 1) * LINE_BYTES);
    if (text == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "index", "no memory");
    }
    size_t used = (size_t)snprintf(text, LINE_BYTES, "lienthong-ca 1 crl %llu\n",
                                   (unsigned long long)ca->list_number);
    for (uint32_t i = 0; i < ca->count; i++) {
        used += line_write(text + used, &ca->entries[i]);
    }
    path_of(ca, "index", path);
    enum lt_status status =
        file_write(path, (struct lt_bytes){(const uint8_t *)text, used}, 0644, fault);
    free(text);
    return status;
}

static enum lt_status lines_take(struct ca *ca, char *text)
{
    char *rest = NULL;
    unsigned long long number;
    char *line = strtok_r(text, "\n", &rest);
    if (line == NULL || sscanf(line, "lienthong-ca 1 crl %llu", &number) != 1) {
        return LT_DAMAGED;
    }
    ca->list_number = number;
    while ((line = strtok_r(NULL, "\n", &rest)) != NULL) {
        if (!entries_grow(ca)) {
            return LT_NO_MEMORY;
        }
        if (!line_read(line, &ca->entries[ca->count])) {
            return LT_DAMAGED;
        }
        ca->count++;
    }
    return LT_OK;
}

static enum lt_status index_read(struct ca *ca, struct fault *fault)
{
    char path[PATH_BYTES];
    uint8_t *text = NULL;
    size_t size = 0;
    path_of(ca, "index", path);
    enum lt_status status = file_read(path, INDEX_BYTES_MAX, &text, &size, fault);
    if (status != LT_OK) {
        return status;
    }
    status = lines_take(ca, (char *)text);
    free(text);
    return status == LT_OK ? LT_OK
                           : fault_set(fault, status, path, "line %u does not read", ca->count + 2);
}

/* ---- certificates ---- */

static bool extension_add(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool serial_set(X509 *certificate, char out[CA_SERIAL_BYTES])
{
    uint8_t bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return false;
    }
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); /* positive, and always as long */
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool set =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    hex_write(out, bytes, sizeof(bytes));
    return set;
}

/* Everything but names, key and extensions. */
static bool certificate_frame(X509 *certificate, int64_t from_ms, int64_t to_ms,
                              char serial[CA_SERIAL_BYTES])
{
    return X509_set_version(certificate, X509_VERSION_3) == 1 && serial_set(certificate, serial) &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)(from_ms / 1000)) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)(to_ms / 1000)) != NULL;
}

static bool name_add(X509_NAME *subject, int nid, const char *text)
{
    return text[0] == '\0' || X509_NAME_add_entry_by_NID(subject, nid, MBSTRING_UTF8,
                                                         (const uint8_t *)text, -1, -1, 0) == 1;
}

static X509 *root_make(EVP_PKEY *key, const char *name, uint32_t years, int64_t now_ms)
{
    char serial[CA_SERIAL_BYTES];
    X509 *root = X509_new();
    if (root == NULL) {
        return NULL;
    }
    X509_NAME *subject = X509_get_subject_name(root);
    bool made = certificate_frame(root, now_ms - SKEW_S * 1000,
                                  now_ms + years * 365LL * DAY_S * 1000, serial) &&
                name_add(subject, NID_commonName, name) &&
                X509_set_issuer_name(root, subject) == 1 && X509_set_pubkey(root, key) == 1 &&
                extension_add(root, root, NID_subject_key_identifier, "hash") &&
                extension_add(root, root, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                extension_add(root, root, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                X509_sign(root, key, EVP_sha256()) > 0;
    if (!made) {
        X509_free(root);
        return NULL;
    }
    return root;
}

static X509 *leaf_make(struct ca *ca, const struct enrol_request *request, struct ca_entry *entry)
{
    const uint8_t *at = request->spki;
    X509 *leaf = X509_new();
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)request->spki_size);
    bool made = leaf != NULL && key != NULL;
    if (made) {
        X509_NAME *subject = X509_get_subject_name(leaf);
        made = certificate_frame(leaf, entry->from_ms, entry->to_ms, entry->serial) &&
               name_add(subject, NID_commonName, request->agency) &&
               name_add(subject, NID_organizationName, request->name) &&
               X509_set_issuer_name(leaf, X509_get_subject_name(ca->root)) == 1 &&
               X509_set_pubkey(leaf, key) == 1 &&
               extension_add(leaf, ca->root, NID_subject_key_identifier, "hash") &&
               extension_add(leaf, ca->root, NID_authority_key_identifier, "keyid:always") &&
               extension_add(leaf, ca->root, NID_basic_constraints, "critical,CA:FALSE") &&
               extension_add(leaf, ca->root, NID_key_usage, "critical,digitalSignature") &&
               extension_add(leaf, ca->root, NID_ext_key_usage, PURPOSE) &&
               X509_sign(leaf, ca->key, EVP_sha256()) > 0;
    }
    EVP_PKEY_free(key);
    if (!made) {
        X509_free(leaf);
        return NULL;
    }
    return leaf;
}

/* ---- the list of revoked ones ---- */

static bool revoked_add(X509_CRL *list, const struct ca_entry *entry)
{
    BIGNUM *number = NULL;
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)(entry->revoked_ms / 1000));
    ASN1_INTEGER *serial =
        BN_hex2bn(&number, entry->serial) == 0 ? NULL : BN_to_ASN1_INTEGER(number, NULL);
    X509_REVOKED *revoked = X509_REVOKED_new();
    bool added = time != NULL && serial != NULL && revoked != NULL &&
                 X509_REVOKED_set_serialNumber(revoked, serial) == 1 &&
                 X509_REVOKED_set_revocationDate(revoked, time) == 1 &&
                 X509_CRL_add0_revoked(list, revoked) == 1;
    if (!added) {
        X509_REVOKED_free(revoked);
    }
    BN_free(number);
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(time);
    return added;
}

static bool list_times(X509_CRL *list, uint32_t days, int64_t now_ms)
{
    ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)(now_ms / 1000 - SKEW_S));
    ASN1_TIME *to = ASN1_TIME_set(NULL, (time_t)(now_ms / 1000 + days * DAY_S));
    bool set = from != NULL && to != NULL && X509_CRL_set1_lastUpdate(list, from) == 1 &&
               X509_CRL_set1_nextUpdate(list, to) == 1;
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return set;
}

static bool list_extensions(const struct ca *ca, X509_CRL *list)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, ca->root, NULL, NULL, list, 0);
    X509_EXTENSION *issuer =
        X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    bool added = issuer != NULL && number != NULL && X509_CRL_add_ext(list, issuer, -1) == 1 &&
                 ASN1_INTEGER_set_uint64(number, ca->list_number) == 1 &&
                 X509_CRL_add1_ext_i2d(list, NID_crl_number, number, 0, 0) == 1;
    X509_EXTENSION_free(issuer);
    ASN1_INTEGER_free(number);
    return added;
}

static bool list_fill(const struct ca *ca, X509_CRL *list, uint32_t days, int64_t now_ms)
{
    bool made = X509_CRL_set_version(list, X509_CRL_VERSION_2) == 1 &&
                X509_CRL_set_issuer_name(list, X509_get_subject_name(ca->root)) == 1 &&
                list_times(list, days, now_ms);
    for (uint32_t i = 0; made && i < ca->count; i++) {
        made = !ca->entries[i].revoked || revoked_add(list, &ca->entries[i]);
    }
    return made && X509_CRL_sort(list) == 1 && list_extensions(ca, list) &&
           X509_CRL_sign(list, ca->key, EVP_sha256()) > 0;
}

enum lt_status ca_list_write(struct ca *ca, uint32_t days, int64_t now_ms, struct fault *fault)
{
    char path[PATH_BYTES];
    if (days == 0 || days > DAYS_MAX) {
        return fault_set(fault, LT_FIELD_BAD, "days", "%u", days);
    }
    /* The number first: it may skip, it must not come twice. */
    ca->list_number++;
    enum lt_status status = index_write(ca, fault);
    X509_CRL *list = status == LT_OK ? X509_CRL_new() : NULL;
    BIO *bio = status == LT_OK ? BIO_new(BIO_s_mem()) : NULL;
    if (status == LT_OK && (list == NULL || bio == NULL || !list_fill(ca, list, days, now_ms) ||
                            PEM_write_bio_X509_CRL(bio, list) != 1)) {
        status = library_fault(fault, "crl.pem");
    }
    if (status == LT_OK) {
        path_of(ca, "crl.pem", path);
        status = bio_write(bio, path, fault);
    }
    X509_CRL_free(list);
    BIO_free(bio);
    return status;
}

/* ---- opening ---- */

static enum lt_status lock_take(struct ca *ca, struct fault *fault)
{
    char path[PATH_BYTES];
    path_of(ca, "lock", path);
    ca->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (ca->lock < 0) {
        return fault_set(fault, errno == ENOENT ? LT_NOT_FOUND : LT_IO, path, "%s",
                         strerror(errno));
    }
    if (flock(ca->lock, LOCK_EX | LOCK_NB) != 0) {
        return fault_set(fault, LT_AGAIN, path, "another process has it");
    }
    return LT_OK;
}

static enum lt_status ca_new(const char *folder, struct ca **ret_ca, struct fault *fault)
{
    struct ca *ca = calloc(1, sizeof(*ca));
    if (ca == NULL) {
        return fault_set(fault, LT_NO_MEMORY, folder, "no memory");
    }
    snprintf(ca->folder, sizeof(ca->folder), "%.440s", folder);
    ca->lock = -1;
    enum lt_status status = lock_take(ca, fault);
    if (status != LT_OK) {
        ca_close(&ca);
        return status;
    }
    *ret_ca = ca;
    return LT_OK;
}

void ca_close(struct ca **ca_p)
{
    struct ca *ca = *ca_p;
    if (ca == NULL) {
        return;
    }
    EVP_PKEY_free(ca->key);
    X509_free(ca->root);
    free(ca->entries);
    if (ca->lock >= 0) {
        close(ca->lock);
    }
    free(ca);
    *ca_p = NULL;
}

static enum lt_status key_make(struct ca *ca, struct fault *fault)
{
    char secret[PATH_BYTES];
    char public[PATH_BYTES];
    path_of(ca, "ca.key", secret);
    path_of(ca, "ca.pub", public);
    enum lt_status status = signer_make_file(SIGN_ECDSA_P256, 0, secret, public, fault);
    return status == LT_OK ? private_key_from_file(secret, &ca->key, fault) : status;
}

enum lt_status ca_make(const char *folder, const char *name, uint32_t years, uint32_t list_days,
                       int64_t now_ms, struct fault *fault)
{
    struct ca *ca = NULL;
    char path[PATH_BYTES];
    if (name[0] == '\0' || strlen(name) > NAME_BYTES_MAX || !utf8_valid(text_bytes(name))) {
        return fault_set(fault, LT_FIELD_BAD, "name", "1 to %d bytes", NAME_BYTES_MAX);
    }
    if (years == 0 || years > 30) {
        return fault_set(fault, LT_FIELD_BAD, "years", "%u", years);
    }
    enum lt_status status = folder_make(folder, 0700, fault);
    if (status == LT_OK) {
        status = ca_new(folder, &ca, fault);
    }
    if (ca == NULL) {
        return status;
    }
    path_of(ca, "certs", path);
    status = folder_make(path, 0755, fault);
    if (status == LT_OK) {
        status = key_make(ca, fault);
    }
    if (status == LT_OK) {
        ca->root = root_make(ca->key, name, years, now_ms);
        path_of(ca, "ca.pem", path);
        status = ca->root == NULL ? library_fault(fault, path) : x509_write(ca->root, path, fault);
    }
    if (status == LT_OK) {
        status = ca_list_write(ca, list_days, now_ms, fault);
    }
    ca_close(&ca);
    return status;
}

enum lt_status ca_open(const char *folder, struct ca **ret_ca, struct fault *fault)
{
    struct ca *ca = NULL;
    char path[PATH_BYTES];
    enum lt_status status = ca_new(folder, &ca, fault);
    if (ca == NULL) {
        return status;
    }
    path_of(ca, "ca.key", path);
    status = private_key_from_file(path, &ca->key, fault);
    if (status == LT_OK) {
        path_of(ca, "ca.pem", path);
        status = root_read(path, &ca->root, fault);
    }
    if (status == LT_OK && X509_check_private_key(ca->root, ca->key) != 1) {
        ERR_clear_error();
        status = fault_set(fault, LT_DAMAGED, path, "not the certificate of ca.key");
    }
    if (status == LT_OK) {
        status = index_read(ca, fault);
    }
    if (status != LT_OK) {
        ca_close(&ca);
        return status;
    }
    *ret_ca = ca;
    return LT_OK;
}

/* ---- issuing, revoking ---- */

int64_t ca_until_ms(const struct ca *ca)
{
    struct tm broken_down;
    memset(&broken_down, 0, sizeof(broken_down));
    if (ASN1_TIME_to_tm(X509_get0_notAfter(ca->root), &broken_down) != 1) {
        ERR_clear_error();
        return 0;
    }
    return (int64_t)timegm(&broken_down) * 1000;
}

static enum lt_status leaf_keep(struct ca *ca, X509 *leaf, const struct ca_entry *entry,
                                struct fault *fault)
{
    char name[CA_SERIAL_BYTES + 16];
    char path[PATH_BYTES];
    if (!entries_grow(ca)) {
        return fault_set(fault, LT_NO_MEMORY, "index", "no memory");
    }
    ca->entries[ca->count++] = *entry;
    enum lt_status status = index_write(ca, fault);
    if (status != LT_OK) {
        ca->count--;
        return status;
    }
    snprintf(name, sizeof(name), "certs/%s.pem", entry->serial);
    path_of(ca, name, path);
    return x509_write(leaf, path, fault);
}

enum lt_status ca_issue(struct ca *ca, struct lt_bytes request_der, uint32_t days, int64_t now_ms,
                        uint8_t memory[CERTIFICATE_BYTES_MAX], struct lt_bytes *ret_der,
                        struct fault *fault)
{
    struct enrol_request request;
    struct ca_entry entry;
    int64_t until_ms = ca_until_ms(ca);
    enum lt_status status = enrol_request_read(request_der, &request, fault);
    if (status != LT_OK) {
        return status;
    }
    memset(&entry, 0, sizeof(entry));
    entry.from_ms = now_ms - SKEW_S * 1000;
    entry.to_ms = now_ms + days * DAY_S * 1000;
    entry.to_ms = entry.to_ms < until_ms ? entry.to_ms : until_ms;
    entry.key_id = request.key_id;
    memcpy(entry.agency, request.agency, sizeof(entry.agency));
    if (days == 0 || days > DAYS_MAX || entry.to_ms <= now_ms) {
        return fault_set(fault, LT_FIELD_BAD, "days", "%u, or the authority itself has expired",
                         days);
    }
    X509 *leaf = leaf_make(ca, &request, &entry);
    uint8_t *at = memory;
    int size = leaf == NULL ? 0 : i2d_X509(leaf, NULL);
    if (size <= 0 || size > CERTIFICATE_BYTES_MAX) {
        status = library_fault(fault, "certificate");
    }
    if (status == LT_OK) {
        status = leaf_keep(ca, leaf, &entry, fault);
    }
    if (status == LT_OK) {
        (void)i2d_X509(leaf, &at);
        *ret_der = (struct lt_bytes){memory, (size_t)size};
    }
    X509_free(leaf);
    ERR_clear_error();
    return status;
}

enum lt_status ca_revoke(struct ca *ca, const char *serial, uint32_t list_days, int64_t now_ms,
                         struct fault *fault)
{
    struct ca_entry *found = NULL;
    uint32_t count = 0;
    size_t size = strlen(serial);
    for (uint32_t i = 0; i < ca->count && size >= SERIAL_PREFIX; i++) {
        if (strncmp(ca->entries[i].serial, serial, size) == 0) {
            found = &ca->entries[i];
            count++;
        }
    }
    if (count != 1) {
        return fault_set(fault, LT_NOT_FOUND, "serial", "%.40s: %u begin so", serial, count);
    }
    if (!found->revoked) {
        found->revoked = true;
        found->revoked_ms = now_ms;
    }
    return ca_list_write(ca, list_days, now_ms, fault);
}

uint32_t ca_count(const struct ca *ca)
{
    return ca->count;
}

const struct ca_entry *ca_at(const struct ca *ca, uint32_t index)
{
    return index < ca->count ? &ca->entries[index] : NULL;
}
