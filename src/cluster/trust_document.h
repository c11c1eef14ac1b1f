/*-------------------------------------------------------------------------
 *
 * trust_document.h
 *	  The trust of a database as one JSON document, for other servers.
 *
 *	  {"version": 1,
 *	   "profiles": [{"profile", "chosen_by", "audience_required", "options"}],
 *	   "issuers": [{"issuer", "audience", "profile", "options",
 *					"keys": [{"jwk", "source", "added_at"}]}],
 *	   "cluster_keys": [JWK, ...],
 *	   "revocations": [...], "inactive_subjects": [...], "actor_ceilings": [...],
 *	   "item_permissions": [...], "permission_implies": [...],
 *	   "object_access": [...]}
 *
 * The rows of the last lists have the columns of their tables as members.  All
 * members are there, and no others, so that a version which knows more is not
 * taken for less.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TRUST_DOCUMENT_H
#define AZ_TRUST_DOCUMENT_H

#include "server/compat.h"
#include "token/json.h"

/* Another one when a member is added, goes, or means something else. */
#define AZ_TRUST_DOCUMENT_VERSION	1

typedef enum AzTrustList
{
	AZ_LIST_PROFILES, AZ_LIST_ISSUERS, AZ_LIST_CLUSTER_KEYS, AZ_LIST_REVOCATIONS,
	AZ_LIST_INACTIVE, AZ_LIST_CEILINGS, AZ_LIST_ITEMS, AZ_LIST_IMPLIES,
	AZ_LIST_ACCESS,
	AZ_N_LISTS
} AzTrustList;

/* As the document calls it. */
extern const char *az_trust_list_name(AzTrustList list);

typedef struct AzTrustDocument
{
	AzJson	   *root;			/* goes with the current context */
	const AzJson *lists[AZ_N_LISTS];
	text	   *texts[AZ_N_LISTS];	/* the same as they stand there */
} AzTrustDocument;

/*
 * Read a document; raises 22023 when it is not as above, with the place and
 * never the value.  Whether a row makes sense is judged by the code that
 * writes it.
 */
extern void az_read_trust_document(const text *json, AzTrustDocument *document);

/* Inside SPI_connect(): the texts of its lists, so that none is looked for in all of them. */
extern void az_split_trust_document(const text *json, AzTrustDocument *document);

/* "invalid trust", 22023: row i of that list, counted from 0; why is a sentence. */
pg_noreturn extern void az_raise_bad_trust(AzTrustList list, size_t i, const char *why);

/* The string of a member that was checked; NULL for null. */
extern text *az_trust_text(const AzJson *row, const char *member);

/*
 * Profiles of the extension: they are exported only where an issuer uses them.
 */
extern const char *const az_own_profiles[];
extern const int az_n_own_profiles;

#endif							/* AZ_TRUST_DOCUMENT_H */
