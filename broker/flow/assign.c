/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Who gets a transfer: the receivers it names (a dissolved agency's successor takes its place), or,
 * with none named, the agencies competent for procedure, locality and kind. Pure: the same registry
 * and header give the same legs. Nobody competent: one leg for nobody, parked for an operator.
 */
#include <string.h>

#include "steps.h"

/* The leg of this agency, or one past the last. */
static uint32_t leg_for(const struct fact_accepted *accepted, uint32_t agency)
{
    uint32_t i = 0;
    while (i < accepted->legs_count && accepted->legs[i].agency != agency) {
        i++;
    }
    return i;
}

static enum lt_status assign_named(const struct registry *registry, const struct header *header,
                                   int64_t now_ms, struct fact_accepted *accepted,
                                   uint32_t named[LT_LEGS_MAX], struct fault *fault)
{
    for (uint32_t i = 0; i < header->to_count; i++) {
        const struct agency *agency = registry_by_id(registry, header->to[i]);
        const struct agency *heir = registry_successor(registry, agency, now_ms);
        if (heir == NULL) {
            return fault_set(fault, LT_AGENCY_UNKNOWN, "to", "%.*s", (int)header->to[i].size,
                             (const char *)header->to[i].data);
        }
        uint32_t leg = leg_for(accepted, heir->number);
        if (leg == accepted->legs_count) {
            named[leg] = agency->number;
            accepted->legs[accepted->legs_count++] = (struct fact_leg){.agency = heir->number};
        } else if (agency == heir) {
            named[leg] = heir->number; /* it is meant itself as well */
        }
    }
    return LT_OK;
}

enum lt_status assign(const struct registry *registry, const struct header *header, int64_t now_ms,
                      struct fact_accepted *accepted, uint32_t named[LT_LEGS_MAX],
                      struct fault *fault)
{
    accepted->legs_count = 0;
    if (header->to_count != 0) {
        return assign_named(registry, header, now_ms, accepted, named, fault);
    }
    struct assigned legs[LT_LEGS_MAX];
    bool known = false;
    uint32_t count = registry_assign(registry, header->procedure, header->locality, header->kind,
                                     now_ms, legs, &known);
    for (uint32_t i = 0; i < count; i++) {
        named[i] = legs[i].named;
        accepted->legs[accepted->legs_count++] = (struct fact_leg){.agency = legs[i].number};
    }
    if (count == 0) {
        named[0] = 0;
        accepted->legs[0] = (struct fact_leg){
            .agency = 0, .parked = known ? LT_UNDETERMINED : LT_PROCEDURE_UNKNOWN};
        accepted->legs_count = 1;
    }
    return LT_OK;
}
