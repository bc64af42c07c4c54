/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef LIENTHONG_EXPORT_H
#define LIENTHONG_EXPORT_H

/* Attributes used in public headers. LT_CHECK: the caller must look at the result. */

#define LT_EXPORT       __attribute__((visibility("default")))
#define LT_CHECK        __attribute__((warn_unused_result))
#define LT_PRINTF(f, a) __attribute__((format(printf, f, a)))

#endif
