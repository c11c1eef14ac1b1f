/*-------------------------------------------------------------------------
 *
 * datum.h
 *	  Between SQL and the identity: lists of text in, text, text[] and jsonb
 *	  out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_DATUM_H
#define AZ_DATUM_H

#include "server/compat.h"
#include "datatype/timestamp.h"
#include "token/limit.h"
#include "utils/array.h"

/*
 * The difference between the times of an identity, which count from 1970, and
 * those of a timestamp, which count from 2000.
 */
#define AZ_EPOCH_SHIFT \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

/*
 * exp as a timestamp.  A NumericDate fits into int64 microseconds, and so does
 * the smaller number.
 */
static inline TimestampTz
az_expiry_of(int64 expires)
{
	if (expires == PG_INT64_MAX || !IS_VALID_TIMESTAMP(expires - AZ_EPOCH_SHIFT))
		return DT_NOEND;
	return expires - AZ_EPOCH_SHIFT;
}

/*
 * A text[] argument, read in place.  One of several dimensions counts as the
 * list of all its elements.
 */
typedef struct AzList
{
	Datum		datum;
	AnyArrayType *array;
	int			count;
	int64		room[(VARATT_SHORT_MAX + VARHDRSZ) / sizeof(int64) + 1];	/* for a short one */
} AzList;

extern void az_list_read(AzList *list, Datum datum);

/* The same for a list of requirements: 22023 when it is empty (R3). */
extern bool az_requirements_open(AzList *list, FunctionCallInfo fcinfo, int argno);

/* Forget the list, and the copy when one had to be made. */
extern void az_list_close(AzList *list);

/* Is that value among the values of "where"? */
typedef bool (*AzHolds) (const AzIdentity *id, const void *where,
						 const char *value, size_t len);

/* where is an AzSet, or an AzNode to be read as a list, or as one value */
extern bool az_set_holds(const AzIdentity *id, const void *where,
						 const char *value, size_t len);
extern bool az_claim_holds(const AzIdentity *id, const void *where,
						   const char *value, size_t len);
extern bool az_claim_is(const AzIdentity *id, const void *where,
						const char *value, size_t len);

/* A NULL element never matches: no "any", and an "all" fails. */
extern bool az_list_any(const AzList *list, AzHolds holds,
						const AzIdentity *id, const void *where);
extern bool az_list_all(const AzList *list, AzHolds holds,
						const AzIdentity *id, const void *where);

/*
 * The claim at the path in a text[] argument: object keys in order.  NULL
 * when the path is NULL, empty, holds a NULL, or leads nowhere.
 */
extern const AzNode *az_claim_at_argument(const AzIdentity *id,
										  FunctionCallInfo fcinfo, int argno);

/*
 * The same for code that compares the claim: NULL also where an actor is
 * within a ceiling and the path leads to something that a ceiling limits.
 */
extern const AzNode *az_open_claim_at_argument(const AzIdentity *id,
											   FunctionCallInfo fcinfo, int argno);

/*
 * Is this top-level claim closed to an actor within a ceiling?  Raises 28000
 * for groups that the token does not list.
 */
extern bool az_is_closed_claim(const AzIdentity *id, const char *name, size_t len);

/* A string or a number; NULL for anything else and for no node. */
extern const AzNode *az_scalar_or_null(const AzNode *node);

/* Results of the calling function; SQL NULL when node is NULL or AZ_NULL. */
extern Datum az_return_text(FunctionCallInfo fcinfo, const AzIdentity *id,
							const AzNode *node);
extern Datum az_return_jsonb(FunctionCallInfo fcinfo, const AzIdentity *id,
							 const AzNode *node);

/* The same as values, palloc'd.  node is not NULL. */
extern Datum az_text_datum(const AzIdentity *id, const AzNode *node);
extern Datum az_jsonb_datum(const AzIdentity *id, const AzNode *node);

/* text[], palloc'd: a set in the order of the token, or texts made before. */
extern Datum az_text_array_of_set(const AzIdentity *id, const AzSet *set);
extern Datum az_array_datum(Datum *texts, int count);

#endif							/* AZ_DATUM_H */
