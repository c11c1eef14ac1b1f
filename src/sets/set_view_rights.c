/*-------------------------------------------------------------------------
 *
 * set_view_rights.c
 *	  Who may ask a set, with whose rights it is read, and whether it is the
 *	  one that the snapshot shows.
 *
 *-------------------------------------------------------------------------
 */
#include "sets/set_view_intern.h"

#include "access/xlog.h"
#include "catalog/pg_authid.h"
#include "jit/jit.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "server/setting.h"

/* ----------------------------------------------------------------
 * With whose rights
 * ----------------------------------------------------------------
 */

/*
 * A function in the view finds what it names without a schema by the search
 * path, and would find what the caller has put there.  Core compiles a query over
 * tables of which it has no statistics, for many times longer than it runs.
 */
void
az_begin_as_set_owner(Oid owner, AzCaller *caller)
{
	az_begin_bound_as(owner, caller);
	az_set_within_level("search_path", "pg_catalog, pg_temp");
	if (!row_security)
		az_set_within_level("row_security", "on");
	if (jit_enabled)
		az_set_within_level("jit", "off");
}

/* ----------------------------------------------------------------
 * Definitions that are being changed
 * ----------------------------------------------------------------
 */

/*
 * A transaction that changes a definition holds a lock until it has been
 * announced.  A reader that gets a conflicting lock knows that there is no
 * such transaction.  A standby has only the strongest locks.
 */
static bool
is_being_defined(Oid relation)
{
	LOCKMODE	mode = RecoveryInProgress() ? AccessShareLock : RowExclusiveLock;

	if (!ConditionalLockRelationOid(relation, mode))
		return true;
	UnlockRelationOid(relation, mode);
	return false;
}

/*
 * Sessions that have the library tell by themselves (az_note_definition()), and
 * with a server that preloads it all have.
 */
bool
az_is_definition_told(AzSetView *view)
{
	AzMoment	moment;
	ListCell   *lc;

	if (az_all_sessions_tell())
		return true;
	moment = az_moment_of(GetActiveSnapshot());
	if (view->any_defined && az_is_same_moment(&view->defined, &moment))
		return true;
	foreach(lc, view->relations)
	{
		if (is_being_defined(lfirst_oid(lc)))
			return false;
	}
	view->defined = moment;
	view->any_defined = true;
	return true;
}

/* ----------------------------------------------------------------
 * Rights
 * ----------------------------------------------------------------
 */

static bool
may_ask(const AzSetView *view, Oid role)
{
	return pg_class_aclcheck(view->oid, role, ACL_SELECT) == ACLCHECK_OK ||
		pg_attribute_aclcheck_all(view->oid, role, ACL_SELECT, ACLMASK_ALL) == ACLCHECK_OK ||
		(view->asks_identity && has_privs_of_role(view->owner, ROLE_PG_DATABASE_OWNER));
}

bool
az_may_ask_set(AzSetView *view)
{
	Oid			role = GetUserId();

	if (view->role != role)
	{
		view->allowed = may_ask(view, role);
		view->role = role;
	}
	return view->allowed;
}
