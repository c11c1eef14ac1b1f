/*-------------------------------------------------------------------------
 *
 * fn_items.c
 *	  Questions about item permissions (django-dbmi-client, SciAuthZ).
 *
 * As everywhere the identity is looked at first (R2), then the arguments, and
 * only then whether anybody is there: a malformed path is an error for
 * anonymous sessions, too.
 *
 *-------------------------------------------------------------------------
 */
#include "server/datum.h"
#include "funcapi.h"
#include "items/grants.h"
#include "items/item_path.h"
#include "items/item_table.h"
#include "session/denial.h"
#include "session/session.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/tuplestore.h"

/* NULL for check_parents counts as false. */
static inline bool
flag_argument(FunctionCallInfo fcinfo, int argno)
{
	return !PG_ARGISNULL(argno) && PG_GETARG_BOOL(argno);
}

static bool
holds(FunctionCallInfo fcinfo, const AzIdentity *id)
{
	text	   *item = az_item_argument(fcinfo, 0);
	text	   *permission;
	bool		held;

	if (item == NULL || PG_ARGISNULL(1))
		return false;
	permission = PG_GETARG_TEXT_PP(1);
	held = az_holds_item(id, VARDATA_ANY(item), VARSIZE_ANY_EXHDR(item),
						 VARDATA_ANY(permission), VARSIZE_ANY_EXHDR(permission),
						 flag_argument(fcinfo, 2));
	PG_FREE_IF_COPY(item, 0);
	PG_FREE_IF_COPY(permission, 1);
	return held;
}

AZ_SQL(authz_has_item_permission)
{
	PG_RETURN_BOOL(holds(fcinfo, az_current()));
}

AZ_SQL(authz_require_item_permission)
{
	if (!holds(fcinfo, az_current()))
	{
		(void) az_current_required();
		az_raise_denied_for("Insufficient role, scope or permission",
							az_denied_arguments_json(fcinfo, "item", "permission", NULL));
	}
	PG_RETURN_VOID();
}

/* What an element of a list is asked with. */
typedef struct ItemQuestion
{
	const text *item;
	bool		parents;
} ItemQuestion;

static bool
holds_element(const AzIdentity *id, const void *where, const char *value,
			  size_t len)
{
	const ItemQuestion *question = where;

	return az_holds_item(id, VARDATA_ANY(question->item),
						 VARSIZE_ANY_EXHDR(question->item), value, len,
						 question->parents);
}

AZ_SQL(authz_has_any_item_permission)
{
	const AzIdentity *id = az_current();
	ItemQuestion question;
	AzList		required;
	bool		held;

	question.item = az_item_argument(fcinfo, 0);
	question.parents = flag_argument(fcinfo, 2);
	if (!az_requirements_open(&required, fcinfo, 1))
		PG_RETURN_BOOL(false);
	held = id != NULL && question.item != NULL &&
		az_list_any(&required, holds_element, id, &question);
	az_list_close(&required);
	PG_RETURN_BOOL(held);
}

/* The permission claim, or the same permission on the application. */
AZ_SQL(authz_has_app_permission)
{
	const AzIdentity *id = az_current();
	text	   *permission;
	bool		held;

	if (id == NULL || PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	permission = PG_GETARG_TEXT_PP(0);
	held = az_set_has(id, &id->permissions, VARDATA_ANY(permission),
					  VARSIZE_ANY_EXHDR(permission)) ||
		az_holds_application(id, VARDATA_ANY(permission),
							 VARSIZE_ANY_EXHDR(permission));
	PG_FREE_IF_COPY(permission, 0);
	PG_RETURN_BOOL(held);
}

AZ_SQL(authz_manages_item)
{
	const AzIdentity *id = az_current();
	text	   *item = az_item_argument(fcinfo, 0);
	bool		managed;

	if (item == NULL)
		PG_RETURN_BOOL(false);
	managed = az_holds_item(id, VARDATA_ANY(item), VARSIZE_ANY_EXHDR(item),
							AZ_MANAGE, strlen(AZ_MANAGE), flag_argument(fcinfo, 1));
	PG_FREE_IF_COPY(item, 0);
	PG_RETURN_BOOL(managed);
}

AZ_SQL(authz_item_client)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_return_text(fcinfo, id, &id->client);
}

/* ----------------------------------------------------------------
 * Lists
 * ----------------------------------------------------------------
 */

/* What a row is judged by, and where it goes. */
typedef struct Listing
{
	const AzIdentity *id;
	ReturnSetInfo *result;
	const text *item;			/* NULL: any */
	const text *permission;
	bool		children;
	bool		everybody;		/* not only rows of one's own */
	text	   *last;			/* the item listed last, in "context" */
	MemoryContext context;
} Listing;

static bool
same_text(const text *a, const text *b)
{
	return az_same_ascii(VARDATA_ANY(a), VARSIZE_ANY_EXHDR(a),
						VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b));
}

static void
put_text(Listing *listing, text *value)
{
	Datum		datum = PointerGetDatum(value);
	bool		isnull = false;

	tuplestore_putvalues(listing->result->setResult, listing->result->setDesc,
						 &datum, &isnull);
}

static void
list_row(TupleTableSlot *row, void *arg)
{
	Listing    *listing = arg;
	text	   *item = az_row_text(row, Item_item);
	text	   *permission = az_row_text(row, Item_permission);

	if (permission == NULL ||
		!az_ceiling_has_item(listing->id, VARDATA_ANY(permission), VARSIZE_ANY_EXHDR(permission)))
		return;
	if (listing->item == NULL ||
		(item != NULL && (same_text(listing->item, item) ||
						  (listing->children && az_is_item_above(listing->item, item)))))
		tuplestore_puttupleslot(listing->result->setResult, row);
}

AZ_SQL(authz_item_permissions)
{
	const AzIdentity *id = az_current();
	Listing		listing = {.id = id};

	listing.item = az_item_argument(fcinfo, 0);
	listing.children = flag_argument(fcinfo, 1);
	InitMaterializedSRF(fcinfo, 0);
	listing.result = (ReturnSetInfo *) fcinfo->resultinfo;
	if (az_can_hold_items(id))
		az_scan_own_items(id, list_row, &listing);
	return (Datum) 0;
}

/* Rows come sorted by item, in any case of letters. */
static void
list_managed(TupleTableSlot *row, void *arg)
{
	Listing    *listing = arg;
	text	   *item = az_row_text(row, Item_item);
	MemoryContext old;

	if (item == NULL || (listing->last && same_text(listing->last, item)))
		return;
	if (!az_holds_item(listing->id, VARDATA_ANY(item), VARSIZE_ANY_EXHDR(item),
					   AZ_MANAGE, strlen(AZ_MANAGE), false))
		return;
	old = MemoryContextSwitchTo(listing->context);
	if (listing->last)
		pfree(listing->last);
	listing->last = (text *) DatumGetPointer(datumCopy(PointerGetDatum(item),
													   false, -1));
	MemoryContextSwitchTo(old);
	put_text(listing, item);
}

AZ_SQL(authz_managed_items)
{
	const AzIdentity *id = az_current();
	Listing		listing = {.id = id, .context = CurrentMemoryContext};

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	listing.result = (ReturnSetInfo *) fcinfo->resultinfo;
	if (az_can_hold_items(id))
		az_scan_own_items(id, list_managed, &listing);
	return (Datum) 0;
}

static void
list_grantee(TupleTableSlot *row, void *arg)
{
	Listing    *listing = arg;
	text	   *email = az_row_text(row, Item_email);
	text	   *permission = az_row_text(row, Item_permission);

	if (email == NULL || permission == NULL || !same_text(permission, listing->permission))
		return;
	if (listing->everybody ||
		az_same_ascii(VARDATA_ANY(email), VARSIZE_ANY_EXHDR(email),
					 az_node_bytes(listing->id, &listing->id->email),
					 az_node_len(&listing->id->email)))
		put_text(listing, email);
}

/*
 * A row is visible to its user, to those who manage the item, and to
 * administrators.
 */
AZ_SQL(authz_item_grantees)
{
	const AzIdentity *id = az_current();
	Listing		listing = {.id = id};

	listing.item = az_item_argument(fcinfo, 0);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	listing.result = (ReturnSetInfo *) fcinfo->resultinfo;
	if (!az_can_hold_items(id) || listing.item == NULL || PG_ARGISNULL(1))
		return (Datum) 0;
	listing.permission = PG_GETARG_TEXT_PP(1);
	if (!az_ceiling_has_item(id, VARDATA_ANY(listing.permission),
							 VARSIZE_ANY_EXHDR(listing.permission)))
		return (Datum) 0;
	listing.everybody = az_is_admin(id) ||
		az_holds_item(id, VARDATA_ANY(listing.item), VARSIZE_ANY_EXHDR(listing.item),
					  AZ_MANAGE, strlen(AZ_MANAGE), true);
	az_scan_item(id, listing.item, list_grantee, &listing);
	return (Datum) 0;
}
