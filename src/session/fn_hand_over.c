/*-------------------------------------------------------------------------
 *
 * fn_hand_over.c
 *	  SQL functions behind the view authz.hand_over, which takes assertions.
 *
 * It is a view with a trigger, because that is what a foreign table of another
 * server can read and write, within the transaction that it has here.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "funcapi.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "server/discretion.h"
#include "server/encoding.h"
#include "server/guc.h"
#include "server/report.h"
#include "session/received.h"
#include "session/token_setting.h"

/* The columns of the view. */
enum
{
	Offer_destination = 1, Offer_challenge, Offer_assertion
};
#define N_COLUMNS	Offer_assertion

/*
 * The user who reads it may be at the other server, and see nothing of this
 * one.
 */
static char *
why_not_here(void)
{
	if (az_cluster_role == NULL || *az_cluster_role == '\0')
		return pstrdup("Parameter \"dbmi_authz.cluster_role\" is empty in this session.");
	if (!OidIsValid(get_role_oid(az_cluster_role, true)))
		return psprintf("Parameter \"dbmi_authz.cluster_role\" names role \"%s\", which does not exist.",
						az_cluster_role);
	return psprintf("It was not authenticated as role \"%s\", nor as a member of it.",
					az_cluster_role);
}

static void
check_takes(void)
{
	if (!az_takes_assertions())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("no identity is taken from another server on this connection"),
				 errdetail_internal("%s", why_not_here()),
				 errhint("Connect as the role that dbmi_authz.cluster_role names on this server, or as a member of it.  A superuser sets it there, for new connections.")));
}

static Datum
text_of(const char *utf8)
{
	const char *text = az_from_utf8(utf8);

	return text ? CStringGetTextDatum(text) : (Datum) 0;
}

AZ_SQL(authz_hand_over_offer)
{
	TupleDesc	shape;
	Datum		values[N_COLUMNS];
	bool		nulls[N_COLUMNS] = {false, false, true};

	check_takes();
	if (get_call_result_type(fcinfo, NULL, &shape) != TYPEFUNC_COMPOSITE ||
		shape->natts != N_COLUMNS)
		elog(ERROR, "return type must be a row type");
	values[Offer_destination - 1] = text_of(az_destination_here());
	values[Offer_challenge - 1] = text_of(az_new_challenge());
	values[Offer_assertion - 1] = (Datum) 0;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(shape), values, nulls)));
}

/* The trigger may be on another view than ours, with any columns. */
static void
check_trigger(FunctionCallInfo fcinfo)
{
	const TriggerData *trigger = (const TriggerData *) fcinfo->context;
	TupleDesc	shape;
	int			i;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_INSTEAD(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function must be called by an INSTEAD OF UPDATE trigger")));
	shape = RelationGetDescr(trigger->tg_relation);
	for (i = 0; i < N_COLUMNS; i++)
	{
		if (shape->natts != N_COLUMNS || TupleDescAttr(shape, i)->atttypid != TEXTOID)
			ereport(ERROR,
					(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
					 errmsg("view \"%s\" does not have the columns of authz.hand_over",
							RelationGetRelationName(trigger->tg_relation))));
	}
}

static void
take(Datum assertion)
{
	AzDiscretion discretion;
	text	   *bytes;

	az_take_token(&discretion);
	bytes = DatumGetTextPP(assertion);
	az_hide_pieces(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	az_set_handed(az_receive(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), AZ_ROAD_FOREIGN));
	az_discretion_end(&discretion);
}

/* RETURNING sees the next challenge, and no assertion. */
AZ_SQL(authz_take_hand_over)
{
	const TriggerData *trigger = (const TriggerData *) fcinfo->context;
	int			columns[] = {Offer_challenge, Offer_assertion};
	bool		nulls[] = {false, true};
	Datum		values[2] = {0};
	Datum		assertion;
	TupleDesc	shape;
	bool		isnull;

	check_trigger(fcinfo);
	check_takes();
	shape = RelationGetDescr(trigger->tg_relation);
	assertion = heap_getattr(trigger->tg_newtuple, Offer_assertion, shape, &isnull);
	if (isnull)
		az_set_handed(az_receive_nobody());
	else
		take(assertion);
	values[0] = text_of(az_new_challenge());
	PG_RETURN_POINTER(heap_modify_tuple_by_cols(trigger->tg_newtuple, shape,
												lengthof(columns), columns, values, nulls));
}
