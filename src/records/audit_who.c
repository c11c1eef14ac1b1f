/*-------------------------------------------------------------------------
 *
 * audit_who.c
 *	  Who changes a row.
 *
 *-------------------------------------------------------------------------
 */
#include "records/audit_who.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/inet.h"
#include "utils/memutils.h"

#include "server/datum.h"
#include "session/candidate.h"
#include "session/stopped.h"

/*
 * Nothing is looked up here: that would be a look at the trust for each row,
 * and in the middle of a query.
 */
static const char *
standing(const AzAdoption *current)
{
	/* whatever became of it since: no issuer has vouched for it */
	if (current->simulated)
		return "simulated";
	if (current->ended != AZ_OK || az_unix_now() >= current->identity->deadline)
		return "ended";
	return current->inactive ? "inactive" : "valid";
}

static void
set_node(AzEvent *event, AzEventColumn column, const AzIdentity *id, const AzNode *node)
{
	if (az_node_type(node) != AZ_NULL)
		az_event_set(event, column, az_text_datum(id, node));
}

/* As the token has it, whatever is left to an actor. */
static void
set_identity(AzEvent *event)
{
	const AzAdoption *current = az_judged_candidate();
	const AzIdentity *id;

	if (current == NULL)
		return;
	if (current->refused)
		az_raise_ended(current);
	id = current->identity;
	set_node(event, Event_issuer, id, &id->issuer);
	set_node(event, Event_subject, id,
			 az_node_type(&id->subject) != AZ_NULL ? &id->subject : &id->user_id);
	set_node(event, Event_actor, id, &id->actor);
	set_node(event, Event_token_id, id, &id->token_id);
	az_event_set_text(event, Event_login, standing(current));
}

static void
set_role(AzEvent *event, AzEventColumn column, Oid role)
{
	const char *name = GetUserNameFromId(role, true);

	az_event_set_text(event, column, name ? name : psprintf("%u", role));
}

/* It does not change while the session lasts. */
static void
set_client(AzEvent *event)
{
	static bool known = false;
	static Datum address = (Datum) 0;

	if (!known)
	{
		LOCAL_FCINFO(fcinfo, 0);
		Datum		found;

		InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
		found = inet_client_addr(fcinfo);
		if (!fcinfo->isnull)
		{
			MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

			address = datumCopy(found, false, -1);
			MemoryContextSwitchTo(old);
		}
		known = true;
	}
	if (address != (Datum) 0)
		az_event_set(event, Event_client, address);
}

void
az_event_set_who(AzEvent *event)
{
	set_identity(event);
	set_role(event, Event_role, GetUserId());
	set_role(event, Event_session_role, GetSessionUserId());
	set_client(event);
}
