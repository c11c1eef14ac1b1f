/*-------------------------------------------------------------------------
 *
 * trust_row.h
 *	  What a row of the trust says.
 *
 * Rows may have been restored from a dump or edited by hand.  One that the
 * functions of the extension would not have written is treated as absent, with
 * a warning.  What is returned goes with the current context.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TRUST_ROW_H
#define AZ_TRUST_ROW_H

#include "server/compat.h"
#include "access/htup.h"
#include "access/tupdesc.h"
#include "token/json.h"

/*
 * A text or json column as UTF-8; NULL for SQL NULL and for bytes that are not
 * UTF-8.
 */
extern char *az_row_utf8(HeapTuple tuple, int column, TupleDesc desc);

/* JSON in a column; NULL when it does not parse. */
extern AzJson *az_row_json(HeapTuple tuple, int column, TupleDesc desc);

/*
 * A number that changes when the row is written again: with other content or,
 * by another transaction, also with the same content.
 */
extern uint64 az_row_version(HeapTuple tuple);

/* "ignoring invalid <what> <name>"; name (UTF-8) and why may be NULL. */
extern void az_warn_bad_row(const char *what, const char *name, const char *why,
							const char *hint);

#endif							/* AZ_TRUST_ROW_H */
