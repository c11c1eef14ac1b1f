/*-------------------------------------------------------------------------
 *
 * explain_row.h
 *	  Which policy lets one row through, and which one stops it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_EXPLAIN_ROW_H
#define AZ_EXPLAIN_ROW_H

#include "insight/explain.h"

/*
 * Of the row with that key, for SELECT, UPDATE or DELETE.  False, and one line
 * that is the same whatever the reason, when SELECT shows no such row.
 */
extern bool az_say_row(AzExplanation *explanation, text *pk);

#endif							/* AZ_EXPLAIN_ROW_H */
