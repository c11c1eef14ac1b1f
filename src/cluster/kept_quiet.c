/*-------------------------------------------------------------------------
 *
 * kept_quiet.c
 *	  Citus does not write what it sends to nodes.
 *
 * With its setting on, it tells the client and the log.  To set it off would not do:
 * a function in the same query may set it on, or go back to it, where no hook
 * sees that.  So core is given another place for the value until the transaction ends:
 * all that is set and shown goes on there, and Citus reads "off".
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/kept_quiet.h"

#include "server/compat.h"
#include "access/xact.h"
#include "utils/guc.h"

#include "server/report.h"

#define SETTING		"citus.log_remote_commands"

static struct config_bool *setting = NULL;	/* not NULL: kept quiet */
static bool *place;				/* where Citus reads it */
static bool value;

/* Before core undoes what was set in the transaction. */
static void
transaction_ended(XactEvent event, void *arg)
{
	if (setting == NULL || (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
							event != XACT_EVENT_PREPARE))
		return;
	setting->variable = place;
	*place = value;
	setting = NULL;
}

/* NULL: Citus has no parameter of that name. */
static struct config_bool *
find_setting(void)
{
	struct config_generic *found;

	if (GetConfigOption(SETTING, true, false) == NULL ||
		(GetConfigOptionFlags(SETTING, true) & GUC_CUSTOM_PLACEHOLDER) != 0)
		return NULL;
	found = (struct config_generic *) az_find_setting(SETTING);
	if (found->vartype != PGC_BOOL)
		az_raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
				 "the identity cannot be handed to other nodes", NULL,
				 "This version of Citus has another parameter \"" SETTING "\" than is known here.",
				 "Update the extension.");
	return (struct config_bool *) found;
}

void
az_keep_citus_quiet(void)
{
	static bool registered = false;
	struct config_bool *found;

	if (setting != NULL || (found = find_setting()) == NULL)
		return;
	if (!registered)
		RegisterXactCallback(transaction_ended, NULL);
	registered = true;
	place = found->variable;
	value = *place;
	*place = false;
	found->variable = &value;
	setting = found;
}
