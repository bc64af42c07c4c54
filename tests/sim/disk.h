/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_SIM_DISK_H
#define TESTS_SIM_DISK_H

/* The disk of state.mdb and of the base: the file calls of the whole program go through it. */
void disk_fill(void);
void disk_fail(int calls); /* the one after so many fails once */
void disk_heal(void);

#endif
