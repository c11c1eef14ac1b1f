/*-------------------------------------------------------------------------
 *
 * refused.c
 *	  Errors of Citus when a node does not take the identity that is handed
 *	  over.
 *
 * The node raises 28000 when it does not take it.  On a connection that has
 * written, or is to write, Citus makes it a warning, and raises an internal
 * error which says that the connection has failed.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/refused.h"

/* Of an error that is no warning nothing comes after it. */
static void
say_so(void *arg)
{
	AzRefused  *refused = arg;
	int			code = geterrcode();

	if (code == ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION)
		refused->warned = true;
	else if (code == ERRCODE_INTERNAL_ERROR && refused->warned)
	{
		errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION);
		errdetail("A node has refused the identity; the warning before this says why.");
		errhint("Nodes take it on connections of members of dbmi_authz.cluster_role.  Work as a role that is one of these members; a superuser does not count as one.");
	}
}

void
az_refused_begin(AzRefused *refused)
{
	refused->warned = false;
	refused->callback.callback = say_so;
	refused->callback.arg = refused;
	refused->callback.previous = error_context_stack;
	error_context_stack = &refused->callback;
}

void
az_refused_end(const AzRefused *refused)
{
	error_context_stack = refused->callback.previous;
}
