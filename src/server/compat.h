/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  What differs between the server versions that we build against, each
 *	  with its reason; and how a function is made callable from SQL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_COMPAT_H
#define AZ_COMPAT_H

#include "postgres.h"
#include "fmgr.h"

#if PG_VERSION_NUM < 150000
#error "dbmi_authz needs PostgreSQL 15 or later"
#endif

/* The macros over varlenas left postgres.h in 16 (core commit d952373a9). */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/*
 * Before 16 PGDLLEXPORT is empty outside Windows and every symbol is visible
 * (core commit 089480c07 changed that).  We compile with hidden visibility on
 * all versions, so say it ourselves.
 */
#if PG_VERSION_NUM < 160000
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

/*
 * The C function behind an SQL function; its name is the SQL name with
 * "authz_" in front.  AZ_SQL(authz_has_scope) { ... PG_RETURN_BOOL(x); }
 */
#define AZ_SQL(name) \
	extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
	extern PGDLLEXPORT const Pg_finfo_record *CppConcat(pg_finfo_, name) (void); \
	PG_FUNCTION_INFO_V1(name); \
	Datum name(PG_FUNCTION_ARGS)

/* 18 writes it in front of a declaration; so do we everywhere. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn		__attribute__((noreturn))
#endif

/*
 * The extra data of a setting is freed by core: with free() before 16, with
 * guc_free() since (core commit 407b50f2d).
 */
#if PG_VERSION_NUM < 160000
#define az_guc_alloc(size)	malloc(size)
#define az_guc_free(ptr)	free(ptr)
#else
#include "utils/guc.h"
#define az_guc_alloc(size)	guc_malloc(LOG, size)
#define az_guc_free(ptr)	guc_free(ptr)
#endif

/*
 * A setting as core keeps it, by its name, which must exist.  Core has a
 * function for it since 16 (core commit 0a20ff54f).
 */
#if PG_VERSION_NUM < 160000
#include "utils/guc_tables.h"
static inline const struct config_generic *
az_find_setting(const char *name)
{
	struct config_generic **settings = get_guc_variables();

	while (pg_strcasecmp((*settings)->name, name) != 0)
		settings++;
	return *settings;
}
#else
#include "utils/guc_tables.h"
#define az_find_setting(name)	find_option(name, false, false, ERROR)
#endif

/*
 * Since 16 (GUC_NO_RESET) nobody resets or saves whether a transaction is
 * read-only.  In 15 RESET and set_config(..., NULL) give the value that stands
 * here, without asking, and the end of a function with a SET clause gives the one
 * from before.
 */
#if PG_VERSION_NUM < 160000
#define AZ_READ_ONLY_IS_SAVED	true
#define az_reset_read_only_to(value) \
	(((struct config_bool *) az_find_setting("transaction_read_only"))->reset_val = (value))
#else
#define AZ_READ_ONLY_IS_SAVED	false
#define az_reset_read_only_to(value)	((void) (value))
#endif

/* 15.1 gave it a new name (core commit a19e5cee6), the flag's value is the same. */
#if PG_VERSION_NUM < 150001
#define InitMaterializedSRF		SetSingleFuncCall
#define MAT_SRF_USE_EXPECTED_DESC	0x01
#endif

/* PGPROC.lxid became part of vxid in 17 (core commit ab355e3a8). */
#if PG_VERSION_NUM < 170000
#define az_local_xid()		(MyProc->lxid)
#else
#define az_local_xid()		(MyProc->vxid.lxid)
#endif

/* The number of a process, by which its slot is found, left PGPROC in 17 (core commit 024c52111). */
#if PG_VERSION_NUM < 170000
#define az_proc_number()	(MyProc->pgprocno)
#else
#define az_proc_number()	MyProcNumber
#endif

/* One function asks for the owner of any object since 16 (core commit afbfc0298). */
#if PG_VERSION_NUM < 160000
#define az_owns_relation(oid) \
	pg_class_ownercheck(oid, GetUserId())
#else
#define az_owns_relation(oid) \
	object_ownercheck(RelationRelationId, oid, GetUserId())
#endif

/* A plan's relations and rights stand in lists of their own since 16 (core commit a61b1f748). */
#if PG_VERSION_NUM < 160000
typedef struct RangeTblEntry AzRelationRights;
#define az_relation_rights(plan)	((plan)->rtable)
#else
typedef struct RTEPermissionInfo AzRelationRights;
#define az_relation_rights(plan)	((plan)->permInfos)
#endif

/*
 * The same while a query is made: its rights are those of the entry, or stand in
 * the query.
 */
#if PG_VERSION_NUM < 160000
#define az_take_rights(query, pstate)	((void) 0)
#define az_rights_of_entry(query, entry)	(entry)
#else
#define az_take_rights(query, pstate)	((query)->rteperminfos = (pstate)->p_rteperminfos)
#define az_rights_of_entry(query, entry)	getRTEPermissionInfo((query)->rteperminfos, entry)
#endif

/* The rights of one relation of a plan; NULL: a child, which has its parent's. */
#if PG_VERSION_NUM < 160000
#define az_rights_in_plan(plan, entry)	(entry)
#else
#define az_rights_in_plan(plan, entry) \
	((entry)->perminfoindex == 0 ? NULL : \
	 list_nth_node(RTEPermissionInfo, (plan)->permInfos, (entry)->perminfoindex - 1))
#endif

/*
 * The role as which a scan reads a foreign table is in the scan, too, since 16
 * (core commit 599b33b94).
 */
#if PG_VERSION_NUM < 160000
#define az_scan_as(scan, role)	((void) (scan))
#else
#define az_scan_as(scan, role)	((scan)->checkAsUser = (role))
#endif

/* A membership may come without SET ROLE since 16 (core commit 3d14e171e). */
#if PG_VERSION_NUM < 160000
#define az_may_become(member, role)	is_member_of_role(member, role)
#else
#define az_may_become(member, role)	member_can_set_role(member, role)
#endif

/* One function for the privileges of all kinds of objects since 16 (core commit c727f511b). */
#if PG_VERSION_NUM < 160000
#define az_may_execute(function, role) \
	(pg_proc_aclcheck(function, role, ACL_EXECUTE) == ACLCHECK_OK)
#else
#define az_may_execute(function, role) \
	(object_aclcheck(ProcedureRelationId, function, role, ACL_EXECUTE) == ACLCHECK_OK)
#endif

/*
 * The privileges of pg_has_role() by which a member can get a role's rights: since
 * 16 a membership may give none (core commit e3ce2de09).
 */
#if PG_VERSION_NUM < 160000
#define AZ_MEMBERSHIP	"'MEMBER'"
#else
#define AZ_MEMBERSHIP	"'USAGE, SET'"
#endif

/*
 * Membership WITH SET FALSE does not let SET ROLE since 16 (core commit 3d14e171e),
 * and pg_has_role() tells; before, every member could.  Since then CREATEROLE gives
 * membership only in roles with ADMIN OPTION (core commit cf5eb37c5).
 */
#if PG_VERSION_NUM < 160000
#define AZ_MAY_SET_ROLE		"'MEMBER'"
#define AZ_CREATEROLE_GRANTS_ALL	"true"
#else
#define AZ_MAY_SET_ROLE		"'SET'"
#define AZ_CREATEROLE_GRANTS_ALL	"false"
#endif

/*
 * ExecutorRun lost its last parameter in 18 (core commit 3eea7a0c9).  Written
 * behind the last parameter or argument that all versions have.
 */
#if PG_VERSION_NUM < 180000
#define AZ_EXECUTE_ONCE_PARAM	, bool execute_once
#define AZ_EXECUTE_ONCE			, execute_once
#else
#define AZ_EXECUTE_ONCE_PARAM
#define AZ_EXECUTE_ONCE
#endif

/* The same where we run a query ourselves, from its start and once. */
#if PG_VERSION_NUM < 180000
#define az_execute(query, rows)	ExecutorRun(query, ForwardScanDirection, rows, true)
#define az_execute_past_hooks(query) \
	standard_ExecutorRun(query, ForwardScanDirection, 0, true)
#else
#define az_execute(query, rows)	ExecutorRun(query, ForwardScanDirection, rows)
#define az_execute_past_hooks(query) \
	standard_ExecutorRun(query, ForwardScanDirection, 0)
#endif

/* As az_may_execute(), for the use of a schema. */
#if PG_VERSION_NUM < 160000
#define az_may_use_schema(schema, role) \
	(pg_namespace_aclcheck(schema, role, ACL_USAGE) == ACLCHECK_OK)
#else
#define az_may_use_schema(schema, role) \
	(object_aclcheck(NamespaceRelationId, schema, role, ACL_USAGE) == ACLCHECK_OK)
#endif

/* As az_may_execute(), for the use of a foreign server. */
#if PG_VERSION_NUM < 160000
#define az_may_use_server(server, role) \
	(pg_foreign_server_aclcheck(server, role, ACL_USAGE) == ACLCHECK_OK)
#else
#define az_may_use_server(server, role) \
	(object_aclcheck(ForeignServerRelationId, server, role, ACL_USAGE) == ACLCHECK_OK)
#endif

/*
 * An index scan takes a place to count in since 18 (core commit 0fbceae84).
 * Ours are not ordered.
 */
#if PG_VERSION_NUM < 180000
#define az_index_beginscan(rel, index, snapshot, nkeys) \
	index_beginscan(rel, index, snapshot, nkeys, 0)
#else
#define az_index_beginscan(rel, index, snapshot, nkeys) \
	index_beginscan(rel, index, snapshot, NULL, nkeys, 0)
#endif

/* A sub-query may know of a set operation above it since 17 (core commit 66c0185a3). */
#if PG_VERSION_NUM < 170000
#define az_subquery_planner(glob, parse, parent, recursion, fraction) \
	subquery_planner(glob, parse, parent, recursion, fraction)
#else
#define az_subquery_planner(glob, parse, parent, recursion, fraction) \
	subquery_planner(glob, parse, parent, recursion, fraction, NULL)
#endif

/* Rows may be put into those indexes alone that summarize since 16 (core commit 19d8e2308). */
#if PG_VERSION_NUM < 160000
#define AZ_ONLY_SUMMARIZING
#else
#define AZ_ONLY_SUMMARIZING		, false
#endif

/*
 * A column may be worked out when it is read since 18 (core commit 83ea6c540); an
 * expression over one (varno 1) is one over what it is made of.  The caller includes
 * the header of core's rewriter.
 */
#if PG_VERSION_NUM < 180000
#define ATTRIBUTE_GENERATED_VIRTUAL 'v'
#define az_expand_generated(node, rel)	((void) (rel), (node))
#else
#define az_expand_generated(node, rel)	expand_generated_columns_in_expr(node, rel, 1)
#endif

/* auto_explain shows parameters since 16. */
#define AZ_EXPLAINS_PARAMETERS	(PG_VERSION_NUM >= 160000)

#endif							/* AZ_COMPAT_H */
