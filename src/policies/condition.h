/*-------------------------------------------------------------------------
 *
 * condition.h
 *	  What the conditions that protect() writes have become.
 *
 * A name with its schema is looked up all the same: where somebody else's
 * function or type of that name fits better than ours, it is taken.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CONDITION_H
#define AZ_CONDITION_H

#include "policies/policy.h"
#include "server/compat.h"

/*
 * 55000 unless our policies of that table consist of nothing but the
 * extension's own functions; or would, with that condition.
 */
extern void az_check_written(const AzTable *table);
extern void az_check_condition(const AzTable *table, const char *condition);

#endif							/* AZ_CONDITION_H */
