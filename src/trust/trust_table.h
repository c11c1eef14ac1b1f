/*-------------------------------------------------------------------------
 *
 * trust_table.h
 *	  The tables of the trust, as the install script has them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TRUST_TABLE_H
#define AZ_TRUST_TABLE_H

#include "server/compat.h"
#include "access/attnum.h"
#include "access/htup.h"
#include "access/genam.h"
#include "nodes/pg_list.h"
#include "server/reading.h"
#include "trust/table_shape.h"

typedef enum AzCatalog
{
	AZ_TABLE_PROFILE, AZ_TABLE_ISSUER, AZ_TABLE_KEY, AZ_TABLE_REVOCATION,
	AZ_TABLE_INACTIVE, AZ_TABLE_ITEM, AZ_TABLE_IMPLIES, AZ_TABLE_CEILING,
	AZ_TABLE_CLUSTER_KEY,
	AZ_N_TABLES
} AzCatalog;

enum
{
	Profile_profile = 1, Profile_chosen_by, Profile_audience_required,
	Profile_options
};
enum
{
	Issuer_issuer = 1, Issuer_audience, Issuer_profile, Issuer_options
};
enum
{
	Key_issuer = 1, Key_kid, Key_alg, Key_jwk, Key_thumbprint, Key_source,
	Key_added_at
};
enum
{
	Revocation_issuer = 1, Revocation_kind, Revocation_value,
	Revocation_issued_before, Revocation_until, Revocation_revoked_at
};
enum
{
	Inactive_issuer = 1, Inactive_subject
};
enum
{
	Item_email = 1, Item_client, Item_item, Item_permission, Item_granted_by,
	Item_granted_at
};
enum
{
	Implies_client = 1, Implies_permission, Implies_implies
};

enum
{
	Ceiling_issuer = 1, Ceiling_actor, Ceiling_scopes, Ceiling_roles,
	Ceiling_permissions, Ceiling_groups, Ceiling_org_roles,
	Ceiling_org_permissions, Ceiling_item_permissions, Ceiling_keep,
	Ceiling_admin, Ceiling_read_only
};
enum
{
	Cluster_kid = 1, Cluster_thumbprint, Cluster_number, Cluster_added_at,
	Cluster_jwk, Cluster_private_jwk
};

/* Is the extension installed here?  Finds its tables. */
extern bool az_tables_found(void);

/*
 * Grows by one at least whenever a row of that table may have changed.  Read
 * it before the table: a change that arrives meanwhile then counts as new.
 */
extern uint64 az_table_epoch(AzCatalog table);

/*
 * The same for all tables of the trust, revocations and inactive subjects
 * included.  Reads pending invalidation messages first.
 */
extern uint64 az_trust_epoch(void);

/*
 * What is stored for an identity, and is read under the snapshot of the
 * question: item permissions with what they imply, inactive subjects,
 * ceilings.
 */
typedef enum AzStored
{
	AZ_STORED_GRANTS, AZ_STORED_INACTIVE, AZ_STORED_CEILINGS
} AzStored;

extern AzSource *az_source(AzStored what);

/*
 * OIDs of the tables whose changes end a kept plan: of every plan that met a
 * check, and of one that asked for stored permissions.
 */
extern List *az_tables_of_plans(bool grants);

/* Objects of 1.0 have no ceilings. */
extern bool az_has_ceilings(void);

/* Open one of our tables as az_open_as() does. */
extern Relation az_open_table(AzCatalog table);

/*
 * Why a table is not what the install script made; NULL when it is.  *remedy
 * is the action for ALTER TABLE that mends it, or NULL.  Call
 * az_tables_found() before.
 */
extern const char *az_fault_of_table(AzCatalog table, const char **name, const char **remedy);

/*
 * Does the index have all rows that are visible under that snapshot or, for
 * NULL, now?  An index that was rebuilt may lack rows that only an older
 * snapshot shows.
 */
extern bool az_index_shows_all(Relation index, Snapshot snapshot);

/*
 * Memory for one look-up, which is freed at once, because a session may live
 * for years.
 */
typedef struct AzLookUp
{
	MemoryContext context;
	MemoryContext old;
} AzLookUp;

extern void az_begin_look_up(AzLookUp *look_up);
extern void az_end_look_up(const AzLookUp *look_up);

/*
 * The rows that have these texts (UTF-8) in these columns; at most one text
 * may be NULL, and matches NULL.  They are read as last committed, or under a
 * snapshot:
 *
 *	  if (az_begin_rows(&rows, table, columns, texts, n))
 *		  while ((tuple = az_next_row(&rows)) != NULL) ...
 *	  az_end_rows(&rows);
 *
 * False when the table cannot be read.  An index serves if there is one that
 * begins with the columns.
 */
#define AZ_MAX_ROW_KEYS	3

typedef struct AzRows
{
	Relation	rel;
	SysScanDesc scan;			/* NULL: there are none */
	AttrNumber	null_column;	/* 0: none */
} AzRows;

extern bool az_begin_rows(AzRows *rows, AzCatalog table, const AttrNumber *columns,
						  const char *const *texts, int n);
extern bool az_begin_rows_under(AzRows *rows, Snapshot snapshot, AzCatalog table,
								const AttrNumber *columns, const char *const *texts,
								int n);
extern HeapTuple az_next_row(AzRows *rows);
extern void az_end_rows(AzRows *rows);

extern void az_trust_table_init(void);

#endif							/* AZ_TRUST_TABLE_H */
