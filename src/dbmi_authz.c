/*-------------------------------------------------------------------------
 *
 * dbmi_authz.c
 *	  Verified identities inside PostgreSQL: module start.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "miscadmin.h"

#include "cluster/hand_over.h"
#include "items/stored.h"
#include "records/reads.h"
#include "objects/registry.h"
#include "planner/guard.h"
#include "planner/plan.h"
#include "planner/set_plans.h"
#include "planner/utility_guard.h"
#include "server/announced.h"
#include "server/counts.h"
#include "server/discretion.h"
#include "server/release.h"
#include "server/shared.h"
#include "session/handed.h"
#include "session/line_identity.h"
#include "session/token_setting.h"
#include "sets/set_view.h"
#include "stats/sessions.h"
#include "token/crypto.h"
#include "trust/senders.h"
#include "trust/trust_log.h"
#include "trust/trust_table.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

/*
 * Loading happens once, whole or not at all.  Core calls this again after an
 * error, in the same library with the same variables.  So all that may raise
 * comes first and can be repeated.  Hooks come last, where nothing raises and
 * nothing is interrupted: one that was chained to itself would never return.
 *
 * What is reported here, a warning of core's too, comes in the middle of a
 * statement that perhaps holds a token, so it tells no context.
 */
void
_PG_init(void)
{
	static bool loaded = false;
	AzDiscretion discretion;

	if (loaded)
		return;
	az_discretion_begin(&discretion);
	az_announced_init();
	az_set_view_init(az_kind_of_call);
	az_candidate_init();
	az_token_setting_init();
	az_warn_of_release(false);
	az_discretion_end(&discretion);
	if (process_shared_preload_libraries_in_progress)
	{
		az_crypto_prepare_fork();
		az_counts_init();
		az_sessions_init();
		az_senders_init();
	}

	HOLD_INTERRUPTS();
	az_shared_init();
	az_trust_table_init();
	az_trust_log_init(az_logged_in);
	az_registry_init();
	az_guard_init();
	az_utility_guard_init();
	az_plan_init();
	az_reads_init();
	az_hand_over_init();
	az_handed_init(az_compare_with_stored);
	az_line_identity_init();
	az_token_setting_ready();
	loaded = true;
	RESUME_INTERRUPTS();
}
