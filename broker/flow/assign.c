/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Who gets a transfer: the receivers it names (a dissolved agency's successor takes its place), or,
 * with none named, the agencies competent for procedure, locality and kind. Pure: the same registry
 * and header give the same legs. Nobody competent: one leg for nobody, parked for an operator.
 */
#include <string.h>

#include "steps.h"

static bool has_leg(const struct fact_accepted *accepted, uint32_t agency)
{
    for (uint32_t i = 0; i < accepted->legs_count; i++) {
        if (accepted->legs[i].agency == agency) {
            return true;
        }
    }
    return false;
}

static enum lt_status assign_named(const struct registry *registry, const struct header *header,
                                   struct fact_accepted *accepted, struct fault *fault)
{
    for (uint32_t i = 0; i < header->to_count; i++) {
        const struct agency *agency = registry_by_id(registry, header->to[i]);
        const struct agency *heir = agency == NULL ? NULL : registry_successor(registry, agency);
        if (heir == NULL) {
            return fault_set(fault, LT_AGENCY_UNKNOWN, "to", "%.*s", (int)header->to[i].size,
                             (const char *)header->to[i].data);
        }
        if (!has_leg(accepted, heir->number)) {
            accepted->legs[accepted->legs_count++] = (struct fact_leg){.agency = heir->number};
        }
    }
    return LT_OK;
}

enum lt_status assign(const struct registry *registry, const struct header *header,
                      struct fact_accepted *accepted, struct fault *fault)
{
    accepted->legs_count = 0;
    if (header->to_count != 0) {
        return assign_named(registry, header, accepted, fault);
    }
    uint32_t numbers[LT_LEGS_MAX];
    bool known = false;
    uint32_t count = registry_assign(registry, header->procedure, header->locality, header->kind,
                                     numbers, &known);
    for (uint32_t i = 0; i < count; i++) {
        accepted->legs[accepted->legs_count++] = (struct fact_leg){.agency = numbers[i]};
    }
    if (count == 0) {
        accepted->legs[0] = (struct fact_leg){
            .agency = 0, .parked = known ? LT_UNDETERMINED : LT_PROCEDURE_UNKNOWN};
        accepted->legs_count = 1;
    }
    return LT_OK;
}
