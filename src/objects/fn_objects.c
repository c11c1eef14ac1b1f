/*-------------------------------------------------------------------------
 *
 * fn_objects.c
 *	  SQL functions that ask for object permissions.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "executor/spi.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "items/grants.h"
#include "objects/object.h"
#include "server/datum.h"
#include "server/guc.h"
#include "server/report.h"
#include "session/denial.h"
#include "session/session.h"

#define NO_OBJECT	"Object does not exist"

static const bool all_rules[AZ_N_RULE_KINDS] = {true, true};

static void
set_perm(AzObjectQuestion *question, const text *perm)
{
	question->perm = VARDATA_ANY(perm);
	question->perm_len = VARSIZE_ANY_EXHDR(perm);
}

/*
 * Table and row from the arguments that begin there; false when one of them is
 * NULL.
 */
static bool
set_object(AzObjectQuestion *question, FunctionCallInfo fcinfo, int argno)
{
	memset(question, 0, sizeof(*question));
	memcpy(question->ask, all_rules, sizeof(all_rules));
	if (PG_ARGISNULL(argno) || PG_ARGISNULL(argno + 1))
		return false;
	question->rel = PG_GETARG_OID(argno);
	question->pk = PG_GETARG_TEXT_PP(argno + 1);
	return true;
}

/* ----------------------------------------------------------------
 * Yes or no
 * ----------------------------------------------------------------
 */

AZ_SQL(authz_has_perm)
{
	const AzIdentity *id = az_current();
	text	   *perm;

	if (id == NULL || PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	perm = PG_GETARG_TEXT_PP(0);
	PG_RETURN_BOOL(az_perm_held(id, VARDATA_ANY(perm), VARSIZE_ANY_EXHDR(perm)));
}

static bool
holds_perm(const AzIdentity *id, const void *unused, const char *perm, size_t len)
{
	return az_perm_held(id, perm, len);
}

AZ_SQL(authz_has_perms)
{
	const AzIdentity *id = az_current();
	AzList		required;
	bool		held;

	if (!az_requirements_open(&required, fcinfo, 0))
		PG_RETURN_BOOL(false);
	held = id != NULL && az_list_all(&required, holds_perm, id, NULL);
	az_list_close(&required);
	PG_RETURN_BOOL(held);
}

AZ_SQL(authz_has_object_perm)
{
	const AzIdentity *id = az_current();
	AzObjectQuestion question;

	if (id == NULL || PG_ARGISNULL(0) || !set_object(&question, fcinfo, 1))
		PG_RETURN_BOOL(false);
	set_perm(&question, PG_GETARG_TEXT_PP(0));
	PG_RETURN_BOOL(az_object_permitted(az_object_site(fcinfo, true), id, &question));
}

typedef struct Several
{
	AzObjectSite *site;
	AzObjectQuestion question;
} Several;

/* Rules have run between two of them, so the identity is asked for again. */
static bool
permits(const AzIdentity *unused, const void *arg, const char *perm, size_t len)
{
	const Several *several = arg;
	AzObjectQuestion question = several->question;

	question.perm = perm;
	question.perm_len = len;
	return az_object_permitted(several->site, az_in_force(), &question);
}

AZ_SQL(authz_has_object_perms)
{
	const AzIdentity *id = az_current();
	Several		several;
	AzList		required;
	bool		permitted;

	if (!az_requirements_open(&required, fcinfo, 0))
		PG_RETURN_BOOL(false);
	permitted = id != NULL && set_object(&several.question, fcinfo, 1);
	if (permitted)
	{
		several.site = az_object_site(fcinfo, true);
		permitted = az_list_all(&required, permits, NULL, &several);
	}
	az_list_close(&required);
	PG_RETURN_BOOL(permitted);
}

/* ----------------------------------------------------------------
 * Or an error
 * ----------------------------------------------------------------
 */

/*
 * Is there such a row, as the caller may see it?  An ordinary query, with the
 * caller's rights and under the policies of the table.
 */
static bool
row_visible(Oid rel, const AzPrimaryKey *key, Datum value)
{
	StringInfoData sql;
	Oid			types[1] = {key->type};
	Datum		values[1] = {value};
	int			result;
	bool		found;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT 1 FROM %s WHERE ", az_table_name(rel));
	generate_operator_clause(&sql,
							 quote_identifier(get_attname(rel, key->column, false)),
							 key->type,
							 lookup_type_cache(key->type, TYPECACHE_EQ_OPR)->eq_opr,
							 "$1", key->type);
	SPI_connect();
	result = SPI_execute_with_args(sql.data, 1, types, values, NULL, false, 1);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "could not look a row up: %s", SPI_result_code_string(result));
	found = SPI_processed > 0;
	SPI_finish();
	return found;
}

static bool
object_exists(const AzObjectQuestion *question)
{
	AzPrimaryKey	key;
	AzRowName		row;

	az_find_primary_key(question->rel, &key);
	az_row_name_read(&key, &row, question->pk);
	return az_row_name_valid(&key, &row) && row_visible(question->rel, &key, row.value);
}

AZ_SQL(authz_require_object_perm)
{
	AzObjectQuestion question;
	bool		permitted = false;

	(void) az_current_required();
	if (!set_object(&question, fcinfo, 1) || !object_exists(&question))
		az_raise_missing(NO_OBJECT);
	if (!PG_ARGISNULL(0))
	{
		set_perm(&question, PG_GETARG_TEXT_PP(0));
		permitted = az_object_permitted(az_object_site(fcinfo, false),
										az_current(), &question);
	}
	if (!permitted)
	{
		char	   *asked = az_denied_json("permission",
									 PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0)),
									 "table", az_table_name(question.rel),
									 "row", text_to_cstring(question.pk), NULL);

		if (!az_hide_forbidden)
			az_raise_denied_for("Insufficient role, scope or permission", asked);
		az_log_denial(asked);
		az_raise_missing(NO_OBJECT);
	}
	PG_RETURN_VOID();
}

/* ----------------------------------------------------------------
 * Which ones
 * ----------------------------------------------------------------
 */

/* The rules that a source of permissions asks. */
static void
set_source(AzObjectQuestion *question, FunctionCallInfo fcinfo, int argno)
{
	char	   *source;

	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("source of permissions must not be null")));
	source = text_to_cstring(PG_GETARG_TEXT_PP(argno));
	if (strcmp(source, "user") == 0)
		question->ask[AZ_RULE_GROUP] = false;
	else if (strcmp(source, "group") == 0)
		question->ask[AZ_RULE_USER] = false;
	else if (strcmp(source, "all") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized source of permissions \"%s\"", source),
				 errdetail("Sources are \"all\", \"user\" and \"group\".")));
}

static int
compare_texts(const ListCell *a, const ListCell *b)
{
	const text *x = lfirst(a);
	const text *y = lfirst(b);

	return az_compare(VARDATA_ANY(x), VARSIZE_ANY_EXHDR(x),
					  VARDATA_ANY(y), VARSIZE_ANY_EXHDR(y));
}

/*
 * There is no list of all permissions, so these are the token's permissions
 * and those that have a rule on this table.
 */
static List *
candidates(const AzIdentity *id, Oid rel)
{
	List	   *perms = az_registered_for(rel);
	const AzNode *items = az_set_items(id, &id->permissions);
	uint32		i;

	for (i = 0; i < id->permissions.count; i++)
		perms = lappend(perms, DatumGetPointer(az_text_datum(id, &items[i])));
	list_sort(perms, compare_texts);
	return perms;
}

AZ_SQL(authz_object_permissions)
{
	const AzIdentity *id = az_current();
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	AzObjectQuestion question;
	bool		complete = set_object(&question, fcinfo, 0);
	AzObjectSite *site;
	ListCell   *lc;
	const ListCell *last = NULL;

	set_source(&question, fcinfo, 2);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (id == NULL || !complete)
		PG_RETURN_NULL();

	site = az_object_site(fcinfo, false);
	question.quiet = true;		/* others' permissions are to be expected here */
	foreach(lc, candidates(id, question.rel))
	{
		Datum		value = PointerGetDatum(lfirst(lc));
		bool		isnull = false;

		if (last && compare_texts(last, lc) == 0)
			continue;
		last = lc;
		set_perm(&question, lfirst(lc));
		if (az_object_permitted(site, az_current(), &question))
			tuplestore_putvalues(result->setResult, result->setDesc, &value, &isnull);
	}
	PG_RETURN_NULL();
}

/* ----------------------------------------------------------------
 * And why
 * ----------------------------------------------------------------
 */

static const char *
plain_text(const AzIdentity *id, const AzNode *node)
{
	const char *text;
	size_t		len;

	return az_node_text(id, node, &text, &len) ? pnstrdup(text, len) : NULL;
}

/* What is asked, and for whom. */
static List *
headings(FunctionCallInfo fcinfo, const AzIdentity *id, bool object)
{
	List	   *lines = NIL;
	const char *perm = PG_ARGISNULL(0) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(0));
	const char *name = NULL;
	const char *user_id = NULL;

	lines = lappend(lines, psprintf("Permission: %s", perm));
	if (id)
	{
		name = plain_text(id, &id->username);
		if (name == NULL)
			name = plain_text(id, &id->subject);
		user_id = plain_text(id, &id->user_id);
	}
	lines = lappend(lines, id == NULL ? pstrdup("User: anonymous") :
					psprintf("User: %s (%s)", name ? name : "", user_id ? user_id : ""));
	if (object)
		lines = lappend(lines,
						psprintf("Object: %s (%s)",
								 PG_ARGISNULL(1) ? "" :
								 DatumGetCString(DirectFunctionCall1(regclassout,
																	 PG_GETARG_DATUM(1))),
								 PG_ARGISNULL(2) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(2))));
	return lappend(lines, pstrdup(""));
}

/* The same decision as that of has_perm() or has_object_perm(). */
static bool
decide(FunctionCallInfo fcinfo, bool object, List **lines)
{
	AzObjectQuestion question;
	bool		complete = set_object(&question, fcinfo, 1);

	if (PG_ARGISNULL(0) || (object && !complete))
	{
		*lines = lappend(*lines, pstrdup("Null argument: denied"));
		return false;
	}
	set_perm(&question, PG_GETARG_TEXT_PP(0));
	if (!object)
		return az_explain_perm_held(az_current(), question.perm, question.perm_len, lines);
	question.why = lines;
	return az_object_permitted(az_object_site(fcinfo, false), az_current(), &question);
}

AZ_SQL(authz_explain_perm)
{
	const AzIdentity *id = az_current();
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		object = !PG_ARGISNULL(1) || !PG_ARGISNULL(2);
	int			verbosity = PG_ARGISNULL(3) ? -1 : PG_GETARG_INT32(3);
	List	   *lines = NIL;
	ListCell   *lc;
	bool		granted;

	if (verbosity < 0 || verbosity > 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("verbosity must be 0, 1 or 2")));
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (verbosity == 0)
		PG_RETURN_NULL();

	if (verbosity == 2)
		lines = headings(fcinfo, id, object);
	granted = decide(fcinfo, object, &lines);	/* first: it adds lines */
	lines = lappend(lines, granted ? pstrdup("RESULT: Permission Granted") :
					pstrdup("RESULT: Permission Denied"));
	foreach(lc, lines)
	{
		Datum		value = CStringGetTextDatum(lfirst(lc));
		bool		isnull = false;

		tuplestore_putvalues(result->setResult, result->setDesc, &value, &isnull);
	}
	PG_RETURN_NULL();
}
