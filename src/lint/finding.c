/*-------------------------------------------------------------------------
 *
 * finding.c
 *	  What the linter finds.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/finding.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "utils/builtins.h"

#include "server/encoding.h"

const char *
az_level_name(AzLevel level)
{
	static const char *const names[] = {"error", "warning", "info"};

	return names[level];
}

/*
 * The beginning of SHA-256 over both, with a zero byte between.  In UTF-8, so
 * that a database with another encoding has the same; SQL_ASCII may hold bytes
 * that cannot be converted.
 */
static char *
make_fingerprint(const char *code, const char *object)
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
	uint8		sum[PG_SHA256_DIGEST_LENGTH];
	char	   *digits = palloc(2 * AZ_FINGERPRINT_BYTES + 1);
	int			len;
	const char *utf8 = az_to_utf8(object, strlen(object), &len);
	bool		made;

	if (utf8)
		object = utf8;
	if (context == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	made = pg_cryptohash_init(context) == 0 &&
		pg_cryptohash_update(context, (const uint8 *) code, strlen(code) + 1) == 0 &&
		pg_cryptohash_update(context, (const uint8 *) object, strlen(object)) == 0 &&
		pg_cryptohash_final(context, sum, sizeof(sum)) == 0;
	pg_cryptohash_free(context);
	if (!made)
		elog(ERROR, "could not compute a SHA-256 sum");
	hex_encode((const char *) sum, AZ_FINGERPRINT_BYTES, digits);
	digits[2 * AZ_FINGERPRINT_BYTES] = '\0';
	return digits;
}

static bool
is_ignored(const AzFindings *findings, const AzFinding *finding)
{
	ListCell   *lc;

	foreach(lc, findings->ignored)
	{
		if (strcmp(lfirst(lc), finding->code) == 0 ||
			strcmp(lfirst(lc), finding->fingerprint) == 0)
			return true;
	}
	return false;
}

void
az_add_finding(AzFindings *findings, const AzFinding *finding)
{
	AzFinding  *copy = palloc(sizeof(*copy));

	copy->code = pstrdup(finding->code);
	copy->level = finding->level;
	copy->object = pstrdup(finding->object);
	copy->detail = pstrdup(finding->detail);
	copy->hint = pstrdup(finding->hint);
	copy->fingerprint = make_fingerprint(copy->code, copy->object);
	if (!is_ignored(findings, copy))
		findings->list = lappend(findings->list, copy);
}

static int
compare_findings(const ListCell *a, const ListCell *b)
{
	const AzFinding *x = lfirst(a);
	const AzFinding *y = lfirst(b);
	int			order = (int) x->level - (int) y->level;

	if (order == 0)
		order = strcmp(x->code, y->code);
	if (order == 0)
		order = strcmp(x->object, y->object);
	return order != 0 ? order : strcmp(x->detail, y->detail);
}

void
az_sort_findings(AzFindings *findings)
{
	const char *before = NULL;
	ListCell   *lc;

	list_sort(findings->list, compare_findings);
	foreach(lc, findings->list)
	{
		const char *fingerprint = ((const AzFinding *) lfirst(lc))->fingerprint;

		if (before && strcmp(before, fingerprint) == 0)
			findings->list = foreach_delete_current(findings->list, lc);
		before = fingerprint;
	}
}
