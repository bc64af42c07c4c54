/* SPDX-License-Identifier: EUPL-1.2 */
/* Holds the interposer of file calls, which may stand in one file of a program only. */
#include "disk.h"

#include <errno.h>

#include "harness/io_faults.h"

void disk_fill(void)
{
    atomic_store(&io_disk_full, true);
}

void disk_fail(int calls)
{
    io_plan(calls, EIO, false);
}

void disk_heal(void)
{
    io_heal();
}
