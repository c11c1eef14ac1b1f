/*-------------------------------------------------------------------------
 *
 * probe.c
 *	  What the benchmark needs inside the server: functions that do nothing,
 *	  OpenSSL's bare verification, a query over and over, a clock, a look at
 *	  the memory.
 *
 * Compiled by bench/run and loaded by its path, for the benchmark alone.  A
 * failure is an error that ends the benchmark: a comparison with something
 * that did not work would be worth nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <malloc.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "tcop/tcopprot.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

PG_MODULE_MAGIC;

/* More keys than the benchmark has. */
#define MAX_KEYS	16

typedef struct ReadyKey
{
	char	   *pem;			/* as it was given, not terminated */
	size_t		len;
	bool		private;
	EVP_PKEY   *pkey;
} ReadyKey;

static ReadyKey keys[MAX_KEYS];
static int	nkeys = 0;

static void
fail(const char *what)
{
	elog(ERROR, "%s: %s", what, ERR_reason_error_string(ERR_get_error()));
}


/*
 * Nothing
 */

PG_FUNCTION_INFO_V1(bench_empty);
Datum
bench_empty(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(false);
}

/* An internal subtransaction, begun and released. */
PG_FUNCTION_INFO_V1(bench_subtransaction);
Datum
bench_subtransaction(PG_FUNCTION_ARGS)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	ReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	PG_RETURN_BOOL(false);
}

PG_FUNCTION_INFO_V1(bench_nothing);
Datum
bench_nothing(PG_FUNCTION_ARGS)
{
	PG_RETURN_VOID();
}


/*
 * Signatures, as an ordinary program makes and verifies them: the key is at
 * hand, the context is new for each.
 */

/* Parsed at the first call in this backend, and kept. */
static EVP_PKEY *
ready_key(const text *pem, bool private)
{
	const char *bytes = VARDATA_ANY(pem);
	size_t		len = VARSIZE_ANY_EXHDR(pem);
	ReadyKey   *key;
	BIO		   *bio;
	int			i;

	for (i = 0; i < nkeys; i++)
	{
		if (keys[i].private == private && keys[i].len == len &&
			memcmp(keys[i].pem, bytes, len) == 0)
			return keys[i].pkey;
	}
	if (nkeys == MAX_KEYS)
		elog(ERROR, "too many keys");

	key = &keys[nkeys];
	bio = BIO_new_mem_buf(bytes, (int) len);
	key->pkey = private ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) :
		PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (key->pkey == NULL)
		fail("could not read a key");
	key->pem = MemoryContextAlloc(TopMemoryContext, len);
	memcpy(key->pem, bytes, len);
	key->len = len;
	key->private = private;
	nkeys++;
	return key->pkey;
}

/* The hash goes with the algorithm; an Edwards curve has its own. */
static const EVP_MD *
hash_of(const text *alg)
{
	const char *name = VARDATA_ANY(alg);
	size_t		len = VARSIZE_ANY_EXHDR(alg);

	if (len == 5 && memcmp(name + 2, "256", 3) == 0)
		return EVP_sha256();
	if (len == 5 && memcmp(name, "EdDSA", 5) == 0)
		return NULL;
	elog(ERROR, "unrecognized algorithm");
}

/* bench_verify(alg text, public_key text, msg bytea, sig bytea) */
PG_FUNCTION_INFO_V1(bench_verify);
Datum
bench_verify(PG_FUNCTION_ARGS)
{
	const EVP_MD *md = hash_of(PG_GETARG_TEXT_PP(0));
	EVP_PKEY   *pkey = ready_key(PG_GETARG_TEXT_PP(1), false);
	bytea	   *msg = PG_GETARG_BYTEA_PP(2);
	bytea	   *sig = PG_GETARG_BYTEA_PP(3);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int			answer;

	answer = EVP_DigestVerifyInit(ctx, NULL, md, NULL, pkey);
	if (answer == 1)
		answer = EVP_DigestVerify(ctx,
								  (unsigned char *) VARDATA_ANY(sig),
								  VARSIZE_ANY_EXHDR(sig),
								  (unsigned char *) VARDATA_ANY(msg),
								  VARSIZE_ANY_EXHDR(msg));
	EVP_MD_CTX_free(ctx);
	if (answer != 1)
		fail("could not verify a signature");
	PG_RETURN_BOOL(true);
}

/* bench_sign(alg text, private_key text, msg bytea): in OpenSSL's form */
PG_FUNCTION_INFO_V1(bench_sign);
Datum
bench_sign(PG_FUNCTION_ARGS)
{
	const EVP_MD *md = hash_of(PG_GETARG_TEXT_PP(0));
	EVP_PKEY   *pkey = ready_key(PG_GETARG_TEXT_PP(1), true);
	bytea	   *msg = PG_GETARG_BYTEA_PP(2);
	size_t		len = (size_t) EVP_PKEY_get_size(pkey);
	bytea	   *sig = palloc(VARHDRSZ + len);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool		ok;

	ok = EVP_DigestSignInit(ctx, NULL, md, NULL, pkey) == 1 &&
		EVP_DigestSign(ctx, (unsigned char *) VARDATA(sig), &len,
					   (unsigned char *) VARDATA_ANY(msg),
					   VARSIZE_ANY_EXHDR(msg)) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		fail("could not sign");
	SET_VARSIZE(sig, VARHDRSZ + len);
	PG_RETURN_BYTEA_P(sig);
}

/* bench_raw_ecdsa(sig bytea): r and s of P-256 as RFC 7518, 3.4 has them */
PG_FUNCTION_INFO_V1(bench_raw_ecdsa);
Datum
bench_raw_ecdsa(PG_FUNCTION_ARGS)
{
	bytea	   *der = PG_GETARG_BYTEA_PP(0);
	const unsigned char *p = (unsigned char *) VARDATA_ANY(der);
	const int	coord = 32;
	bytea	   *raw = palloc(VARHDRSZ + 2 * coord);
	unsigned char *out = (unsigned char *) VARDATA(raw);
	ECDSA_SIG  *sig = d2i_ECDSA_SIG(NULL, &p, VARSIZE_ANY_EXHDR(der));
	bool		ok;

	ok = sig != NULL &&
		BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, coord) == coord &&
		BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + coord, coord) == coord;
	ECDSA_SIG_free(sig);
	if (!ok)
		fail("could not read an ECDSA signature");
	SET_VARSIZE(raw, VARHDRSZ + 2 * coord);
	PG_RETURN_BYTEA_P(raw);
}

/* bench_b64url(data bytea): RFC 4648, 5, without padding */
PG_FUNCTION_INFO_V1(bench_b64url);
Datum
bench_b64url(PG_FUNCTION_ARGS)
{
	bytea	   *data = PG_GETARG_BYTEA_PP(0);
	int			len = VARSIZE_ANY_EXHDR(data);
	char	   *out = palloc(len / 3 * 4 + 5);
	char	   *p;

	EVP_EncodeBlock((unsigned char *) out, (unsigned char *) VARDATA_ANY(data), len);
	for (p = out; *p != '\0' && *p != '='; p++)
	{
		if (*p == '+')
			*p = '-';
		else if (*p == '/')
			*p = '_';
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out, p - out));
}


/*
 * A query over and over
 */

static int64
count_found(void)
{
	bool		isnull;

	if (SPI_processed != 1)
		elog(ERROR, "the query did not return one row");
	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
									   SPI_tuptable->tupdesc, 1, &isnull));
}

/*
 * bench_repeat(query text, times integer, planned boolean): run a query that
 * returns one bigint.  Planned once and kept, or parsed and planned anew each
 * time, as a client does that sends it as text.
 */
PG_FUNCTION_INFO_V1(bench_repeat);
Datum
bench_repeat(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			times = PG_GETARG_INT32(1);
	bool		planned = PG_GETARG_BOOL(2);
	SPIPlanPtr	plan = NULL;
	int64		found = 0;
	int			done;
	int			i;

	SPI_connect();
	if (planned)
	{
		plan = SPI_prepare(query, 0, NULL);
		if (plan == NULL)
			elog(ERROR, "could not prepare the query");
	}
	for (i = 0; i < times; i++)
	{
		done = plan ? SPI_execute_plan(plan, NULL, NULL, true, 0) :
			SPI_execute(query, true, 0);
		if (done != SPI_OK_SELECT)
			elog(ERROR, "could not run the query");
		found = count_found();
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_finish();
	PG_RETURN_INT64(found);
}

/* Queries that this backend keeps a plan of, each for the role that asked. */
typedef struct KeptQuery
{
	Oid			role;
	char	   *text;
	SPIPlanPtr	plan;
	struct KeptQuery *next;
} KeptQuery;

static KeptQuery *kept_queries = NULL;

static SPIPlanPtr
kept_plan(const char *text)
{
	KeptQuery  *query;

	for (query = kept_queries; query != NULL; query = query->next)
	{
		if (query->role == GetUserId() && strcmp(query->text, text) == 0)
			return query->plan;
	}
	query = MemoryContextAlloc(TopMemoryContext, sizeof(*query));
	query->role = GetUserId();
	query->text = MemoryContextStrdup(TopMemoryContext, text);
	query->plan = SPI_prepare(text, 0, NULL);
	if (query->plan == NULL || SPI_keepplan(query->plan) != 0)
		elog(ERROR, "could not prepare the query");
	query->next = kept_queries;
	kept_queries = query;
	return query->plan;
}

static void
log_in(FmgrInfo *set_token, Datum token)
{
	LOCAL_FCINFO(call, 2);

	InitFunctionCallInfoData(*call, set_token, 2, InvalidOid, NULL, NULL);
	call->args[0].value = token;
	call->args[0].isnull = false;
	call->args[1].value = BoolGetDatum(false);
	call->args[1].isnull = false;
	(void) FunctionCallInvoke(call);
}

/*
 * bench_take_turns(tokens text[], queries text[], times integer): one user
 * after the other logs in and runs his query, whose plan is kept; the queries
 * begin anew where they end.  Without queries they log in and that is all.
 * Returns the sum of what was found.
 */
PG_FUNCTION_INFO_V1(bench_take_turns);
Datum
bench_take_turns(PG_FUNCTION_ARGS)
{
	int			times = PG_GETARG_INT32(2);
	Oid			arguments[] = {TEXTOID, BOOLOID};
	FmgrInfo	set_token;
	Datum	   *tokens;
	Datum	   *queries;
	int			ntokens;
	int			nqueries;
	SPIPlanPtr *plans;
	int64		found = 0;
	int			i;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT,
					  &tokens, NULL, &ntokens);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT,
					  &queries, NULL, &nqueries);
	fmgr_info(LookupFuncName(list_make2(makeString("authz"), makeString("set_token")),
							 lengthof(arguments), arguments, false), &set_token);
	SPI_connect();
	plans = palloc(sizeof(*plans) * (nqueries + 1));
	for (i = 0; i < nqueries; i++)
		plans[i] = kept_plan(TextDatumGetCString(queries[i]));
	for (i = 0; i < times; i++)
	{
		log_in(&set_token, tokens[i % ntokens]);
		if (nqueries == 0)
			continue;
		if (SPI_execute_plan(plans[i % nqueries], NULL, NULL, true, 0) != SPI_OK_SELECT)
			elog(ERROR, "could not run the query");
		found += count_found();
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_finish();
	PG_RETURN_INT64(found);
}

/*
 * bench_plan(query text, times integer): parse and rewrite a query once and
 * plan it over and over.
 */
PG_FUNCTION_INFO_V1(bench_plan);
Datum
bench_plan(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			times = PG_GETARG_INT32(1);
	RawStmt    *parsed = linitial_node(RawStmt, pg_parse_query(query));
	Query	   *rewritten = linitial_node(Query,
										  pg_analyze_and_rewrite_fixedparams(parsed, query,
																			 NULL, 0, NULL));
	MemoryContext one_time = AllocSetContextCreate(CurrentMemoryContext, "one planning",
												   ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(one_time);
	int			i;

	for (i = 0; i < times; i++)
	{
		/* the planner writes into what it is given */
		(void) pg_plan_query(copyObject(rewritten), query, CURSOR_OPT_PARALLEL_OK, NULL);
		MemoryContextReset(one_time);
	}
	MemoryContextSwitchTo(outer);
	PG_RETURN_VOID();
}


/*
 * Measuring
 */

static long long
nanoseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/*
 * "clock W P": nanoseconds on the wall, and of processor time that this
 * backend has had.
 */
PG_FUNCTION_INFO_V1(bench_clock);
Datum
bench_clock(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("clock %lld %lld",
											  nanoseconds(CLOCK_MONOTONIC),
											  nanoseconds(CLOCK_PROCESS_CPUTIME_ID))));
}

/*
 * bench_lap(): the same two clocks, since the last call in this backend; as
 * an array.
 */
PG_FUNCTION_INFO_V1(bench_lap);
Datum
bench_lap(PG_FUNCTION_ARGS)
{
	static const clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID};
	static long long last[lengthof(clocks)];
	Datum		laps[lengthof(clocks)];
	int			i;

	for (i = 0; i < (int) lengthof(clocks); i++)
	{
		long long	now = nanoseconds(clocks[i]);

		laps[i] = Int64GetDatum(now - last[i]);
		last[i] = now;
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(laps, lengthof(clocks), INT8OID, 8,
										  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* Bytes that malloc has given out and not got back. */
/*
 * What a session does that has lost messages about changes: it knows nothing
 * any more.
 */
PG_FUNCTION_INFO_V1(bench_lose_messages);
Datum
bench_lose_messages(PG_FUNCTION_ARGS)
{
	InvalidateSystemCaches();
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(bench_allocated);
Datum
bench_allocated(PG_FUNCTION_ARGS)
{
	struct mallinfo2 info = mallinfo2();

	PG_RETURN_INT64((int64) (info.uordblks + info.hblkhd));
}

/*
 * Bytes of this process's own memory that are resident: the kernel's count,
 * without what it shares with other backends.
 */
PG_FUNCTION_INFO_V1(bench_resident);
Datum
bench_resident(PG_FUNCTION_ARGS)
{
	FILE	   *file = fopen("/proc/self/smaps_rollup", "r");
	char		line[256];
	long long	kilobytes = -1;

	if (file == NULL)
		elog(ERROR, "could not read /proc/self/smaps_rollup: %m");
	while (fgets(line, sizeof(line), file) != NULL &&
		   sscanf(line, "Anonymous: %lld", &kilobytes) != 1)
		;
	fclose(file);
	if (kilobytes < 0)
		elog(ERROR, "/proc/self/smaps_rollup has no line \"Anonymous\"");
	PG_RETURN_INT64(kilobytes * 1024);
}
