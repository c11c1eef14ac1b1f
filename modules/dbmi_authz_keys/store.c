/*-------------------------------------------------------------------------
 *
 * store.c
 *	  What the database knows of its issuers, and what it is told of them.
 *
 * What comes back is cast to a type of pg_catalog in the query, so it is what it seems
 * whatever a column has become.
 *
 *-------------------------------------------------------------------------
 */
#include "store.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "as_owner.h"
#include "settings.h"

#define IS			" OPERATOR(pg_catalog.=) "

/* An option of the issuer's, or of the profile that they start from. */
#define JWKS_URI \
	"COALESCE(i.options OPERATOR(pg_catalog.->>) 'jwks_uri'," \
	" p.options OPERATOR(pg_catalog.->>) 'jwks_uri')"

/*
 * Issuers whose keys can be fetched.  Where somebody adds keys by hand, no
 * further keys are fetched.
 */
#define SOURCES \
	"SELECT i.issuer::pg_catalog.text, " JWKS_URI "::pg_catalog.text" \
	" FROM authz.issuer i LEFT JOIN authz.profile p ON p.profile" IS "i.profile" \
	" LEFT JOIN authz.jwks_status s ON s.issuer" IS "i.issuer" \
	" WHERE (" JWKS_URI " IS NOT NULL" \
	" OR (pg_catalog.starts_with(i.issuer::pg_catalog.text, 'http')" \
	" AND NOT EXISTS (SELECT FROM authz.issuer_key k WHERE k.issuer" IS "i.issuer" \
	" AND k.source OPERATOR(pg_catalog.<>) 'set_jwks')))"

/* All that decides what set_jwks() does with a set. */
#define STATE \
	"SELECT pg_catalog.hashtextextended(pg_catalog.concat(" \
	"(SELECT pg_catalog.concat(i.options, '/', p.options) FROM authz.issuer i" \
	" LEFT JOIN authz.profile p ON p.profile" IS "i.profile WHERE i.issuer" IS "$1), '/'," \
	" (SELECT pg_catalog.string_agg(pg_catalog.concat_ws('/', k.kid, k.alg, k.thumbprint, k.source), ' '" \
	" ORDER BY k.kid, k.alg, k.thumbprint) FROM authz.issuer_key k WHERE k.issuer" IS "$1)), 0)::pg_catalog.text"

/*
 * Now, or farther ahead than we ever say: a clock was wrong.  max is the parameter
 * with the longest interval, in seconds.
 */
#define DUE(max) \
	"(s.next_due IS NULL OR s.next_due OPERATOR(pg_catalog.<=) pg_catalog.now()" \
	" OR s.next_due OPERATOR(pg_catalog.>) (pg_catalog.now() OPERATOR(pg_catalog.+)" \
	" pg_catalog.make_interval(mins => 1, secs => " max ")))"

/* While nobody has fetched since we began. */
#define STILL_OURS	" WHERE s.issuer" IS "$1 AND s.last_attempt" IS "$2"
#define NEXT		"pg_catalog.now() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => $3)"

void
az_store_init(void)
{
	az_as_owner_init();
}

/* ---- questions ---- */

static void
look(void *arg)
{
	AzStoreState *state = arg;
	AzParams	none = {0};

	*state = AZ_STORE_EMPTY;
	if (az_run("SELECT extversion FROM pg_catalog.pg_extension"
			   " WHERE extname OPERATOR(pg_catalog.=) 'dbmi_authz'", &none) > 0)
		*state = strcmp(az_result(0, 1), "1.0") == 0 ? AZ_STORE_OLD : AZ_STORE_READY;
}

AzFault
az_store_look(AzStoreState *state)
{
	return az_as_owner(look, state, AZ_STORE_MS);
}

typedef struct Question
{
	MemoryContext context;		/* for what is found */
	int			limit;
	const char *name;
	AzUrlRules	rules;
	List	   *found;
} Question;

/* Is there a place to fetch its keys from, within the rules of discovery? */
static bool
can_be_asked(const AzSource *source, const AzUrlRules *rules)
{
	return source->jwks_uri != NULL || az_may_discover(source->name, rules);
}

static AzSource *
read_source(uint64 row)
{
	AzSource   *source = palloc0(sizeof(*source));
	char	   *uri = az_result(row, 2);

	source->issuer = az_result(row, 1);
	if (source->issuer == NULL)
		return NULL;
	source->issuer = pstrdup(source->issuer);
	source->name = pstrdup(pg_server_to_any(source->issuer, strlen(source->issuer), PG_UTF8));
	if (uri)
		source->jwks_uri = pstrdup(pg_server_to_any(uri, strlen(uri), PG_UTF8));
	return source;
}

/* The limit is of those that can be asked: others do not keep them waiting. */
static void
take_sources(Question *question, uint64 n)
{
	MemoryContext old = MemoryContextSwitchTo(question->context);
	uint64		i;

	for (i = 0; i < n && list_length(question->found) < question->limit; i++)
	{
		AzSource   *source = read_source(i);

		if (source && can_be_asked(source, &question->rules))
			question->found = lappend(question->found, source);
	}
	MemoryContextSwitchTo(old);
}

static void
ask_due(void *arg)
{
	Question   *question = arg;
	AzParams	params = {0};

	az_param(&params, FLOAT8OID, Float8GetDatum((double) az_keys_max_interval));
	take_sources(question,
				 az_run(SOURCES " AND " DUE("$1") " ORDER BY s.next_due NULLS FIRST", &params));
}

AzFault
az_store_due(int limit, List **due)
{
	Question	question = {CurrentMemoryContext, limit, NULL, az_keys_rules(), NIL};
	AzFault		fault = az_as_owner(ask_due, &question, AZ_STORE_MS);

	*due = fault == 0 ? question.found : NIL;
	return fault;
}

static void
ask_one(void *arg)
{
	Question   *question = arg;
	AzParams	params = {0};
	char	   *issuer = pg_any_to_server(question->name, strlen(question->name), PG_UTF8);

	az_param(&params, TEXTOID, CStringGetTextDatum(issuer));
	take_sources(question, az_run(SOURCES " AND i.issuer" IS "$1", &params));
}

AzFault
az_store_find(const char *name, AzSource **source)
{
	Question	question = {CurrentMemoryContext, 1, name, az_keys_rules(), NIL};
	AzFault		fault = az_as_owner(ask_one, &question, AZ_STORE_MS);

	*source = fault == 0 && question.found ? linitial(question.found) : NULL;
	return fault;
}

/* ---- a claim, and its ends ---- */

typedef struct Errand
{
	const AzSource *source;
	AzClaim    *claim;
	bool		wished;
	const char *jwks;
	const char *word;
	long		next;			/* seconds */
} Errand;

static uint64
read_state(const AzSource *source)
{
	AzParams	params = {0};
	char	   *state;

	az_param(&params, TEXTOID, CStringGetTextDatum(source->issuer));
	(void) az_run(STATE, &params);
	state = az_result(0, 1);
	return state ? (uint64) strtoll(state, NULL, 10) : 0;
}

/* What was listed a while ago may have another address now, or none. */
static bool
still_there(const AzSource *source)
{
	Question	question = {CurrentMemoryContext, 1, source->name, az_keys_rules(), NIL};
	AzSource   *now;

	ask_one(&question);
	if (question.found == NIL)
		return false;
	now = linitial(question.found);
	if (now->jwks_uri == NULL || source->jwks_uri == NULL)
		return now->jwks_uri == source->jwks_uri;
	return strcmp(now->jwks_uri, source->jwks_uri) == 0;
}

static void
claim_it(void *arg)
{
	Errand	   *errand = arg;
	AzParams	params = {0};
	bool		isnull;

	az_param(&params, TEXTOID, CStringGetTextDatum(errand->source->issuer));
	az_param(&params, BOOLOID, BoolGetDatum(errand->wished));
	az_param(&params, FLOAT8OID, Float8GetDatum((double) errand->next));
	az_param(&params, FLOAT8OID, Float8GetDatum((double) az_keys_max_interval));
	errand->claim->held =
		az_run("INSERT INTO authz.jwks_status AS s (issuer, last_attempt, next_due)"
			   " SELECT i.issuer, pg_catalog.now(), " NEXT
			   " FROM authz.issuer i WHERE i.issuer" IS "$1"
			   " ON CONFLICT (issuer) DO UPDATE SET last_attempt = excluded.last_attempt,"
			   " next_due = excluded.next_due WHERE $2 OR " DUE("$4")
			   " RETURNING s.last_attempt::pg_catalog.timestamptz", &params) > 0;
	if (!errand->claim->held)
		return;
	errand->claim->since =
		DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	errand->claim->state = read_state(errand->source);
	errand->claim->held = still_there(errand->source);
}

AzFault
az_store_claim(const AzSource *source, bool wished, int seconds, AzClaim *claim)
{
	Errand		errand = {source, claim, wished, NULL, NULL, seconds};
	AzFault		fault;

	memset(claim, 0, sizeof(*claim));
	fault = az_as_owner(claim_it, &errand, AZ_STORE_MS);
	if (fault != 0)
		claim->held = false;
	return fault;
}

/* What STILL_OURS and NEXT ask for. */
static AzParams
end_params(const Errand *errand)
{
	AzParams	params = {0};

	az_param(&params, TEXTOID, CStringGetTextDatum(errand->source->issuer));
	az_param(&params, TIMESTAMPTZOID, TimestampTzGetDatum(errand->claim->since));
	az_param(&params, FLOAT8OID, Float8GetDatum((double) errand->next));
	return params;
}

/* As set_jwks() does, and before other rows, as it does. */
static void
lock_issuer(const Errand *errand)
{
	AzParams	params = {0};

	az_param(&params, TEXTOID, CStringGetTextDatum(errand->source->issuer));
	(void) az_run("SELECT FROM authz.issuer i WHERE i.issuer" IS "$1 FOR NO KEY UPDATE", &params);
}

/*
 * Only then the row that says whose claim it is, so that an older set never comes
 * after a newer one.  Nor after a change by the owner, as where a key was dropped and
 * another jwks_uri given.
 */
static void
store_keys(void *arg)
{
	Errand	   *errand = arg;
	AzParams	params = end_params(errand);
	AzParams	keys = {0};

	lock_issuer(errand);
	errand->claim->held = read_state(errand->source) == errand->claim->state &&
		az_run("UPDATE authz.jwks_status s SET next_due = " NEXT STILL_OURS, &params) > 0;
	if (!errand->claim->held)
		return;
	az_param(&keys, TEXTOID, params.value[0]);
	az_param(&keys, TEXTOID, CStringGetTextDatum(errand->jwks));
	(void) az_run("SELECT authz.set_jwks($1, $2::pg_catalog.json)", &keys);
	errand->claim->state = read_state(errand->source);
}

AzFault
az_store_keys(const AzSource *source, const char *jwks, long next, AzClaim *claim)
{
	Errand		errand = {source, claim, false, jwks, NULL, next};

	return az_as_owner(store_keys, &errand, AZ_STORE_MS);
}

static void
store_unchanged(void *arg)
{
	Errand	   *errand = arg;
	AzParams	params = end_params(errand);

	(void) az_run("UPDATE authz.jwks_status s SET last_success = pg_catalog.now(),"
				  " last_error = NULL, next_due = " NEXT STILL_OURS, &params);
}

AzFault
az_store_unchanged(const AzSource *source, long next, const AzClaim *claim)
{
	Errand		errand = {source, (AzClaim *) claim, false, NULL, NULL, next};

	return az_as_owner(store_unchanged, &errand, AZ_STORE_MS);
}

static void
store_failure(void *arg)
{
	Errand	   *errand = arg;
	AzParams	params = end_params(errand);

	az_param(&params, TEXTOID, CStringGetTextDatum(errand->word));
	(void) az_run("UPDATE authz.jwks_status s SET last_error = $4, next_due = " NEXT STILL_OURS,
				  &params);
}

AzFault
az_store_failure(const AzSource *source, const char *word, long next, const AzClaim *claim)
{
	Errand		errand = {source, (AzClaim *) claim, false, NULL, word, next};

	return az_as_owner(store_failure, &errand, AZ_STORE_MS);
}
