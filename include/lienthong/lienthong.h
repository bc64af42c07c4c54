/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef LIENTHONG_H
#define LIENTHONG_H

/* The SDK in one include; its pages are client.h, restore.h and transfer.h. */

#include <lienthong/client.h>
#include <lienthong/clock.h>
#include <lienthong/export.h>
#include <lienthong/restore.h>
#include <lienthong/status.h>
#include <lienthong/transfer.h>
#include <lienthong/types.h>

#endif
