/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_LIMITS_H
#define BROKER_LIMITS_H

#include <assert.h>

#include <lienthong/types.h>

/* Every bound of the broker, in one place; those of the wire are in <lienthong/types.h>. */

/* sessions */
#define SESSIONS_MAX            8192
#define SESSIONS_PER_AGENCY_MAX 4
#define AGENCIES_MAX            16384
#define ROUTES_MAX              65536
#define BEAT_MS                 15000
#define LEASE_MS                60000
#define BLOCKED_MS_MAX          60000
#define HELLOS_PER_MINUTE_MAX   60  /* per agency */
#define REFUSALS_PER_SECOND_MAX 200 /* per agency; above: session closed */
#define RAM_MIB_MAX             256

/* windows lent to senders, from one pool */
#define SUBMIT_POOL_BYTES          (64LL * 1024 * 1024)
#define SUBMIT_IDLE_BYTES          (16 * 1024)
#define SUBMIT_SESSION_BYTES_MAX   (1024 * 1024)
#define SUBMIT_SESSION_PARCELS_MAX 1024

/* under verification: received, not yet decided; what no longer fits waits in front of the house */
#define VERIFY_INLINE_BYTES (128 * 1024) /* parcels of a frame up to which no thread is asked */
#define VERIFY_THREADS_MAX  4
#define VERIFY_QUEUE_MAX    64 /* frames waiting for a thread; the next is checked by the core */
#define VERIFY_FRAMES_MAX   256
#define VERIFY_BYTES_MAX    (16LL * 1024 * 1024) /* of memory they hold */

/* deliveries */
#define IN_FLIGHT_MAX        65536 /* sent and unsettled legs, all agencies together */
#define IN_FLIGHT_AGENCY_MAX 1024
#define DELIVER_BYTES_MAX    (256 * 1024) /* of one Deliver frame */
#define SETTLE_TIMEOUT_MS    (10 * 60 * 1000)
#define NOTICES_AGENCY_MAX   1024 /* sent and unacknowledged */

/* retry */
#define ATTEMPTS_MAX     8
#define BACKOFF_FIRST_MS 2000
#define BACKOFF_MS_MAX   (10 * 60 * 1000)
#define LATER_MS_MAX     (60 * 60 * 1000)

/* breakers: one cause at one agency makes one incident */
#define INCIDENT_CASES   5 /* failures of one class on so many cases, without a success between */
#define PROBE_FIRST_MS   5000
#define PROBE_MS_MAX     (5 * 60 * 1000)
#define LINE_SWEEP_DESKS 512 /* looked at each time */

/* the sweeper */
#define SWEEPER_ENTRIES 1024  /* open legs looked at each time */
#define SWEEPER_REST_MS 10000 /* from one round's begin to the next */

/* the turn */
#define TURN_FRAMES_MAX  64
#define TURN_ARENA_BYTES (32 * 1024 * 1024)
#define FETCH_BYTES_MAX  (8 * 1024 * 1024) /* bodies being fetched or fetched and unsent */
#define BODY_CACHE_BYTES (32 * 1024 * 1024)
#define IDLE_WAIT_MS_MAX 100

/* what is live goes over the place of a cut */
#define CARRY_LOOK_MAX  1024 /* open legs looked at in one turn */
#define CARRY_ASKED_MAX 8    /* transfers being read for it at one time */

/* operators */
#define PAGE_ROWS_MAX    200
#define SCAN_ROWS_MAX    20000 /* looked at for one page */
#define ACT_WISHES_MAX   64    /* acts that wait for a second person */
#define ACT_WISH_KEEP_MS (60 * 60 * 1000)

/* questions to receivers' local systems */
#define HELD_ASKS_MAX 1024
#define HELD_WAIT_MS  10000           /* without an answer by then: there is none */
#define HELD_BACK_MS  (2 * 60 * 1000) /* after a start: an agency may come back and be asked */
#define HELD_KEEP_MS  (10 * 60 * 1000)

/* agencies that catch up after a restore */
#define LIST_LOOKS_MAX  2000 /* positions looked at for one page of a List */
#define LIST_LOOKS_TURN 4000 /* of one turn, all agencies together */
#define GIVINGS_MAX     32   /* BytesAsks under way */
#define GIVINGS_TURN    4    /* of them a frame each in one turn */
#define GIVING_MS_MAX   30000

/* replay plans */
#define PLANS_LIVE_MAX         64
#define PLAN_ITEMS_MAX         200000 /* of one plan; configurable */
#define PLAN_SECOND_OVER       100    /* items: above, a second person approves; configurable */
#define PLAN_PACE_MAX          60000  /* per minute */
#define PLAN_PACE_NORMAL       600
#define PLAN_STOP_NORMAL       20               /* percent of failures among the outcomes */
#define PLAN_RESULTS_LEAST     20               /* outcomes before that share means anything */
#define PLAN_LIST_IDLE_MS      (10 * 60 * 1000) /* between two pages of a list */
#define PLAN_STEPS_TURN        64               /* items carried out in one turn, per plan */
#define PLAN_REDIRECTS_TURN    8    /* of a redirect, which reads every parcel's header back */
#define PLAN_WALK_TURN         1000 /* items looked at for the next one to carry out */
#define PLAN_WAIT_MS           1000 /* between two walks that found only what has to wait */
#define PLAN_LOOKS_TURN        4000 /* parked legs looked at in one turn while choosing */
#define PLAN_DIGEST_TURN       8000 /* items */
#define PLAN_TURN_FACTS_BUSY   256  /* more in the batch: live traffic has this turn */
#define PLAN_LOOK_ITEMS        2000 /* of one page of a dry run */
#define PLAN_LOOK_HEADER_COSTS 16   /* a header read back counts like so many items */

/* disk */
#define RESERVE_BYTES  (64LL * 1024 * 1024)
#define FREE_LOW_BYTES (256LL * 1024 * 1024) /* below: intake refuses; configurable */

/* attachments */
#define BLOB_ORPHAN_AGE_MS (7LL * 24 * 60 * 60 * 1000)
#define BLOB_SWEEP_MS      60000 /* how often orphans are looked for */
#define BLOB_SWEEP_ENTRIES 512   /* looked at each time */

/* clocks */
#define CLOCK_DRIFT_MS_MAX  60000
#define CLOCK_SKEW_MS_NOTED 60000 /* an agency's clock that is further off stands in the log */

static_assert(SUBMIT_IDLE_BYTES >= LT_HEADER_BYTES_MAX, "an idle session can send one header");
static_assert(SESSIONS_MAX * (long long)SUBMIT_IDLE_BYTES <= 2 * SUBMIT_POOL_BYTES,
              "idle windows of all sessions stay near the pool");
static_assert(DELIVER_BYTES_MAX < LT_FRAME_BYTES_MAX, "a Deliver fits its frame");
static_assert(LT_HEADER_BYTES_MAX + LT_BODY_INLINE_MAX < LT_SUBMIT_BYTES_MAX,
              "the largest parcel fits a Submit");
static_assert(VERIFY_QUEUE_MAX + VERIFY_THREADS_MAX <= VERIFY_FRAMES_MAX,
              "a thread finds a place for what it has checked");
static_assert(TURN_FRAMES_MAX * (long long)LT_FRAME_BYTES_MAX <= TURN_ARENA_BYTES * 2LL,
              "a turn's frames decode within the arena");

#endif
