/*-------------------------------------------------------------------------
 *
 * function.h
 *	  A function that the planner met: which check of ours it is, and may the
 *	  role in force execute it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_FUNCTION_H
#define AZ_FUNCTION_H

#include "server/compat.h"
#include "nodes/primnodes.h"

#include "planner/checks.h"

typedef struct AzFunction
{
	Oid			oid;
	uint32		hash;			/* in PROCOID */
	Oid			support;		/* its planner support function, or none */
	uint32		support_hash;
	bool		ours;			/* which is the one of checks */
	int			nargs;
	List	   *defaults;		/* of the last arguments, see below */
	const AzCheck *check;		/* NULL: none, or not as the script made it */
} AzFunction;

/* False when there is no such function. */
extern bool az_find_function(Oid oid, AzFunction *function);

/*
 * Write the defaults of arguments out, as core does later, reading them from
 * the catalogs each time.  False: some are missing, or named, and it is left to
 * core.
 */
extern bool az_complete_arguments(FuncExpr *call);

/*
 * The hash value, in PROCOID, of the planner support function of checks, through
 * which a change of identity finds kept plans; 0: the extension is not installed.
 */
extern uint32 az_support_hash(void);

/* Has the role in force EXECUTE on it? */
extern bool az_is_executable(Oid oid);

/*
 * What the executor does when it prepares a call, for a call that is no longer
 * in the plan: core's 42501 unless the role in force has EXECUTE, and the
 * object-access hook is asked.
 */
extern void az_require_executable(Oid oid);

#endif							/* AZ_FUNCTION_H */
