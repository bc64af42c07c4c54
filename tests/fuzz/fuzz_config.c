/* SPDX-License-Identifier: EUPL-1.2 */
/* Any bytes as lienthongd.yaml: read, or refused with words, a line inside the file and no change.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "broker/registry/config.h"
#include "proto/base/text.h"
#include "seeds.h"

#define UNTOUCHED 0x55

static void fault_check(enum lt_status status, const struct fault *fault, const uint8_t *data,
                        size_t size)
{
    int lines = 1;
    for (size_t i = 0; i < size; i++) {
        lines += data[i] == '\n' || data[i] == '\r' || data[i] >= 0x80; /* also NEL, LS and PS */
    }
    if (status == LT_CONFIG_BAD) {
        assert(fault->status == LT_CONFIG_BAD);
        assert(fault->detail[0] != '\0' && fault->line >= 0 && fault->line <= lines + 1);
    }
    assert(utf8_valid(text_bytes(fault->field)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config config; /* too large for a stack */
    char path[48];
    struct fault fault;
    int fd = memfd_create("config", MFD_CLOEXEC);
    assert(fd >= 0);
    ssize_t written = write(fd, data, size);
    assert(written == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    memset(&config, UNTOUCHED, sizeof(config));
    fault_init(&fault);
    enum lt_status status = config_read(path, &config, &fault);
    if (status != LT_OK) {
        fault_check(status, &fault, data, size);
        assert(config.data[0] == UNTOUCHED && config.io_threads == 0x55555555);
    } else {
        assert(config.listen_count >= 1 && config.listen_count <= CONFIG_LISTEN_MAX);
        assert(config.operators_count <= CONFIG_OPERATORS_MAX);
        assert(config.attempts_max >= 1 && config.io_threads >= 1);
        enum lt_status same = config_reload(&config, &config, &fault);
        assert(same == LT_OK);
    }
    close(fd);
    return 0;
}
