/*-------------------------------------------------------------------------
 *
 * fn_issuer.c
 *	  Whom this database trusts: issuers, and the guard of the tables that
 *	  hold the trust.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "server/announced.h"
#include "server/arguments.h"
#include "server/own.h"
#include "server/spi.h"
#include "trust/admin.h"
#include "trust/issuer_row.h"
#include "trust/options.h"
#include "trust/trust_log.h"

/* ----------------------------------------------------------------
 * The guard
 * ----------------------------------------------------------------
 */

static void
drop_keys_of(const text *issuer)
{
	AzSpiParams	params = {0};

	az_spi_param(&params, TEXTOID, issuer);
	az_spi_run("DELETE FROM authz.issuer_key WHERE issuer OPERATOR(pg_catalog.=) $1",
		   &params);
}

/*
 * An issuer's keys go with its name.  A foreign key would do that, but also
 * insist on the issuer's row when pg_restore loads both tables at once, with
 * several jobs.
 */
static void
drop_keys(const TriggerData *trigger)
{
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	int			column = SPI_fnumber(desc, "issuer");
	AzSpiParams	params = {0};
	char	   *before;
	char	   *after = NULL;
	AzCaller	caller;

	az_begin_as_owner(&caller);
	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		az_spi_run("DELETE FROM authz.issuer_key", &params);
	else
	{
		before = SPI_getvalue(trigger->tg_trigtuple, desc, column);
		if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
			after = SPI_getvalue(trigger->tg_newtuple, desc, column);
		if (before && (after == NULL || strcmp(before, after) != 0))
			drop_keys_of(cstring_to_text(before));
	}
	az_end_administering(&caller);
}

/*
 * Fired before every statement that writes to a table of the trust, and after
 * every row that was written.
 *
 * Before a statement it refuses writers who do not administer this database,
 * whatever privileges on the table they have come by (pg_write_all_data), and
 * notes that there will be something to tell (announced.h).
 *
 * Both times, and after a COPY, the record of the trust hears of it (trust_log.h).
 *
 * After a row it makes sessions read the trust that they keep again.  After,
 * and not before: the writing session acts on the message when the next
 * command of the transaction starts, and a function that the statement calls
 * may start one while the row is not there yet.  For a row, and not for a
 * statement: logical replication fires no statement triggers, and a statement
 * that changes nothing makes nobody read the tables again.
 */
AZ_SQL(authz_trust_guard)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger functions can only be called as triggers")));
	az_check_administers(RelationGetRelationName(trigger->tg_relation));
	az_note_write();
	az_trust_log_trigger(trigger);
	if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
	{
		CacheInvalidateRelcache(trigger->tg_relation);
		if (!TRIGGER_FIRED_BY_INSERT(trigger->tg_event) &&
			strcmp(RelationGetRelationName(trigger->tg_relation), "issuer") == 0)
			drop_keys(trigger);
	}
	return PointerGetDatum(NULL);
}

/* ----------------------------------------------------------------
 * Audiences
 * ----------------------------------------------------------------
 */

/*
 * Where the audience chooses the issuer, one value must not choose two.
 */
static void
check_not_shared(const text *issuer, const ArrayType *audience)
{
	AzSpiParams	params = {0};

	az_spi_param(&params, TEXTOID, issuer);
	az_spi_param(&params, TEXTARRAYOID, audience);
	if (az_spi_look_up("SELECT i.issuer, a.value"
			   " FROM authz.issuer i, pg_catalog.unnest(i.audience) a(value),"
			   "	  pg_catalog.unnest($2) b(value), authz.profile p"
			   " WHERE p.profile OPERATOR(pg_catalog.=) i.profile"
			   " AND p.chosen_by OPERATOR(pg_catalog.=) 'aud'"
			   " AND i.issuer OPERATOR(pg_catalog.<>) $1"
			   " AND a.value OPERATOR(pg_catalog.=) b.value LIMIT 1", &params) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("issuer \"%s\" already has audience \"%s\"",
						az_spi_result(0, 1), az_spi_result(0, 2)),
				 errdetail("Tokens of this profile are assigned to an issuer by their audience."),
				 errhint("Give each issuer audiences of its own.")));
}

/* ----------------------------------------------------------------
 * Issuers whose tokens name none
 * ----------------------------------------------------------------
 */

/*
 * The value of the option in a row; "otherwise" where there is no usable
 * value.
 */
static bool
switches_on(const char *options, bool otherwise)
{
	AzJson	   *json;
	bool		on;

	if (az_json_parse(options, strlen(options), &json) != AZ_JSON_OK)
		return otherwise;
	on = az_option_is_on(json, "unnamed", otherwise);
	az_json_free(json);
	return on;
}

/* Another issuer with the option; NULL when there is none. */
static const char *
find_unnamed(const text *but)
{
	AzSpiParams	params = {0};
	uint64		n;
	uint64		i;

	az_spi_param(&params, TEXTOID, but);
	n = az_spi_look_up("SELECT i.issuer, i.options, p.options"
				   " FROM authz.issuer i, authz.profile p"
				   " WHERE p.profile OPERATOR(pg_catalog.=) i.profile"
				   " AND i.issuer OPERATOR(pg_catalog.<>) $1"
				   " AND (pg_catalog.strpos(pg_catalog.concat(i.options, p.options), 'unnamed')"
				   "	  OPERATOR(pg_catalog.>) 0"
				   "	  OR pg_catalog.strpos(pg_catalog.concat(i.options, p.options),"
				   "						   pg_catalog.chr(92)) OPERATOR(pg_catalog.>) 0)", &params);
	for (i = 0; i < n; i++)
	{
		if (switches_on(az_spi_result(i, 2), switches_on(az_spi_result(i, 3), false)))
			return az_spi_result(i, 1);
	}
	return NULL;
}

/* An issuer that tokens choose by audience, also without "iss". */
static const char *
find_chosen_by_audience(const text *but)
{
	AzSpiParams	params = {0};

	az_spi_param(&params, TEXTOID, but);
	if (az_spi_look_up("SELECT i.issuer FROM authz.issuer i, authz.profile p"
				   " WHERE p.profile OPERATOR(pg_catalog.=) i.profile"
				   " AND p.chosen_by OPERATOR(pg_catalog.=) 'aud'"
				   " AND i.issuer OPERATOR(pg_catalog.<>) $1 LIMIT 1", &params) == 0)
		return NULL;
	return az_spi_result(0, 1);
}

static void
check_alone(const text *issuer, const AzIssuer *built)
{
	const char *unnamed;
	const char *by_audience = NULL;

	if (!built->unnamed && !built->by_audience)
		return;
	unnamed = find_unnamed(issuer);
	if (built->unnamed && unnamed)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("issuer \"%s\" already has the tokens that name no issuer", unnamed),
				 errhint("Only one issuer of a database can have option \"unnamed\".")));
	if (built->unnamed)
		by_audience = find_chosen_by_audience(issuer);
	if (unnamed || by_audience)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an issuer of tokens that name no issuer cannot stand beside one that is chosen by audience"),
				 unnamed ? errdetail("Issuer \"%s\" has option \"unnamed\".", unnamed) :
				 errdetail("Issuer \"%s\" is chosen by audience.", by_audience),
				 errhint("A token without iss would belong to both; keep one of them.")));
}

/* ----------------------------------------------------------------
 * Issuers
 * ----------------------------------------------------------------
 */

/*
 * Issuers are added and altered one at a time, so that two transactions
 * cannot give out one audience.  Reading goes on, and so does changing keys.
 */
static void
lock_issuers(void)
{
	AzSpiParams	params = {0};

	az_spi_run("LOCK TABLE authz.issuer IN SHARE ROW EXCLUSIVE MODE", &params);
}

AZ_SQL(authz_add_issuer)
{
	text	   *issuer = az_arg_text(fcinfo, 0, "issuer");
	ArrayType  *audience = NULL;
	text	   *name = az_arg_text(fcinfo, 2, "profile");
	AzJson	   *options;
	AzProfile	profile;
	AzIssuer   *built;
	AzSpiParams	params = {0};
	AzCaller	caller;

	az_arg_required(fcinfo, 3, "options");
	options = az_parse_json(PG_GETARG_TEXT_PP(3), "issuer options",
							ERRCODE_INVALID_PARAMETER_VALUE);
	if (!PG_ARGISNULL(1))
	{
		audience = PG_GETARG_ARRAYTYPE_P(1);
		az_check_audience_argument(audience);
	}

	az_begin_administering("issuer", &caller);
	lock_issuers();
	if (!az_read_profile(name, &profile))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized profile \"%s\"", text_to_cstring(name)),
				 errhint("%s", az_valid_profiles())));
	if (audience == NULL && profile.audience_required)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("audience must not be null"),
				 errdetail("Profile \"%s\" requires an audience.", text_to_cstring(name)),
				 errhint("Pass what the claim aud of the tokens may be, as an array: '{https://api.example}'.")));
	built = az_build_issuer(issuer, &profile, options, ERRCODE_INVALID_PARAMETER_VALUE);
	az_check_issuer(built, ERRCODE_INVALID_PARAMETER_VALUE);
	check_alone(issuer, built);
	if (profile.by_audience && audience)
		check_not_shared(issuer, audience);

	az_spi_param(&params, TEXTOID, issuer);
	az_spi_param(&params, TEXTARRAYOID, audience);
	az_spi_param(&params, TEXTOID, name);
	az_spi_param(&params, JSONOID, az_merge_options(options, options));
	if (az_spi_run("INSERT INTO authz.issuer (issuer, audience, profile, options)"
			   " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", &params) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("issuer \"%s\" already exists", text_to_cstring(issuer)),
				 errhint("alter_issuer changes it, drop_issuer removes it.")));
	/* keys that somebody wrote before there was an issuer are not its keys */
	drop_keys_of(issuer);
	az_end_administering(&caller);
	PG_RETURN_VOID();
}

/*
 * The new options.  They are judged as a whole, because the old ones may come
 * from a dump or may have been edited by hand.
 */
static text *
change_options(const AzIssuerRow *row, const AzProfile *profile, const AzJson *change)
{
	const int	refusal = ERRCODE_INVALID_PARAMETER_VALUE;
	text	   *merged;
	AzIssuer   *built;

	/* by itself first: a misspelled name is refused also when it is null */
	az_build_issuer(row->issuer, profile, change, refusal);
	merged = az_merge_options(az_parse_json(row->options, "issuer options", refusal), change);
	built = az_build_issuer(row->issuer, profile,
							az_parse_json(merged, "issuer options", refusal), refusal);
	az_check_issuer(built, refusal);
	check_alone(row->issuer, built);
	return merged;
}

AZ_SQL(authz_alter_issuer)
{
	text	   *issuer = az_arg_text(fcinfo, 0, "issuer");
	bool		nothing = PG_ARGISNULL(1) && PG_ARGISNULL(2);
	AzJson	   *change;
	ArrayType  *audience = PG_ARGISNULL(2) ? NULL : PG_GETARG_ARRAYTYPE_P(2);
	AzIssuerRow row;
	AzProfile	profile;
	AzSpiParams	params = {0};
	AzCaller	caller;

	change = az_parse_json(PG_ARGISNULL(1) ? cstring_to_text("{}") : PG_GETARG_TEXT_PP(1),
						   "issuer options", ERRCODE_INVALID_PARAMETER_VALUE);
	if (audience)
		az_check_audience_argument(audience);

	az_begin_administering("issuer", &caller);
	lock_issuers();
	az_lock_issuer(issuer, &row);
	if (!nothing)
	{
		az_profile_of(&row, &profile);
		if (audience && profile.by_audience)
			check_not_shared(issuer, audience);
		az_spi_param(&params, TEXTOID, issuer);
		az_spi_param(&params, JSONOID, change_options(&row, &profile, change));
		az_spi_param(&params, TEXTARRAYOID, audience);
		az_spi_run("UPDATE authz.issuer SET options = $2, audience = COALESCE($3, audience)"
			   " WHERE issuer OPERATOR(pg_catalog.=) $1", &params);
	}
	az_end_administering(&caller);
	PG_RETURN_VOID();
}

/* The trigger removes the keys; revocations stay. */
AZ_SQL(authz_drop_issuer)
{
	text	   *issuer = az_arg_text(fcinfo, 0, "issuer");
	AzSpiParams	params = {0};
	AzCaller	caller;

	az_begin_administering("issuer", &caller);
	az_spi_param(&params, TEXTOID, issuer);
	if (az_spi_run("DELETE FROM authz.issuer WHERE issuer OPERATOR(pg_catalog.=) $1",
			   &params) == 0)
		az_raise_no_issuer(issuer);
	if (!az_objects_are_old())
		az_spi_run("DELETE FROM authz.jwks_status WHERE issuer OPERATOR(pg_catalog.=) $1",
				   &params);
	az_end_administering(&caller);
	PG_RETURN_VOID();
}
