/*-------------------------------------------------------------------------
 *
 * protect_set.h
 *	  The sets by which protect() has rows reached.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_PROTECT_SET_H
#define AZ_PROTECT_SET_H

#include "policies/column.h"
#include "policies/policy.h"
#include "server/compat.h"

typedef struct AzProtectSets
{
	Oid			read;			/* a view; InvalidOid: not given */
	Oid			write;
	AzTableColumn column;
	const char *in_read;		/* the call, NULL: not given */
	const char *in_write;
} AzProtectSets;

/*
 * From the arguments of protect() behind that number, which its function of
 * 1.0 lacks; 22023 when they make no sense.  Nothing is looked up yet.
 */
extern void az_read_protect_sets(FunctionCallInfo fcinfo, int argno, AzProtectSets *sets);

/*
 * The calls, when the column was found.  Raises what az_look_at_set_view() does,
 * and 42804 when the key cannot be compared with the column.  The views stay
 * locked, so that nobody drops one meanwhile.
 */
extern void az_find_protect_sets(const AzTable *table, AzProtectSets *sets);

/* The call that says what the command reaches; NULL: no set was given. */
extern const char *az_protect_set(const AzProtectSets *sets, AzCommand command);

#endif							/* AZ_PROTECT_SET_H */
