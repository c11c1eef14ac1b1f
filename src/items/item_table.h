/*-------------------------------------------------------------------------
 *
 * item_table.h
 *	  The rows of authz.item_permission and authz.permission_implies.
 *
 * A grant belongs to an e-mail address, within the application that the
 * issuer's option "client" names.  An item is a path with dots.  Letters of
 * ASCII compare without regard to case, in items, permissions and addresses.
 *
 * Rows are read without the caller's privileges, under the active snapshot.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ITEM_TABLE_H
#define AZ_ITEM_TABLE_H

#include "server/compat.h"
#include "executor/tuptable.h"
#include "token/identity.h"
#include "trust/trust_table.h"

/* A string of the identity as a text, palloc'd. */
extern text *az_node_text_copy(const AzIdentity *id, const AzNode *node);

/* Can anything be granted to it: has it an application and an address? */
static inline bool
az_can_hold_items(const AzIdentity *id)
{
	return id != NULL && az_node_type(&id->client) == AZ_STRING &&
		az_node_type(&id->email) == AZ_STRING && az_node_len(&id->email) > 0;
}

/* A text of a row; NULL for SQL's, which the owner can have let in. */
extern text *az_row_text(TupleTableSlot *row, int column);

/* It runs in a memory context that ends with the row. */
typedef void (*AzRowFound) (TupleTableSlot *row, void *arg);

/*
 * Rows with these texts in the first columns of that index of the table.
 * There may be any number of them: it can be interrupted.
 */
extern void az_scan_by_texts(AzCatalog table, const char *index_name,
							 text *const *keys, int nkeys,
							 AzRowFound found, void *arg);

/* The identity's own grants, sorted by item; it must be able to hold some. */
extern void az_scan_own_items(const AzIdentity *id, AzRowFound found, void *arg);

/* All grants on that very item within its application. */
extern void az_scan_item(const AzIdentity *id, const text *item,
						 AzRowFound found, void *arg);

#endif							/* AZ_ITEM_TABLE_H */
