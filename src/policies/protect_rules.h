/*-------------------------------------------------------------------------
 *
 * protect_rules.h
 *	  The rules that protect() is given, and the condition that they make.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_PROTECT_RULES_H
#define AZ_PROTECT_RULES_H

#include "policies/policy.h"
#include "policies/protect_set.h"
#include "server/compat.h"

#define AZ_PROTECT_LISTS	8

typedef enum AzMode
{
	AZ_MODE_NONE,				/* what is given, for all commands */
	AZ_MODE_OWNER,
	AZ_MODE_OWNER_OR_READ,
	AZ_MODE_READ_ONLY
} AzMode;

typedef struct AzProtectRules
{
	AzMode		mode;
	AzTableColumn owner;
	AzTableColumn org;
	const char *org_permission;
	AzProtectSets sets;
	bool		admin;
	const char *list[AZ_COMMANDS][AZ_PROTECT_LISTS];	/* the call, NULL: not given */
	bool		any_list;
} AzProtectRules;

/*
 * From the arguments of protect(); 22023 when they make no sense.  Nothing is
 * looked up yet.
 */
extern void az_read_protect_rules(FunctionCallInfo fcinfo, AzProtectRules *rules);

/* Its argument of that name. */
extern bool az_is_dry_run(FunctionCallInfo fcinfo);

/*
 * 42703 or 42804 when a column is not there, or cannot be compared; 42809 or
 * 42804 when a set is none.
 */
extern void az_find_protect_columns(AzProtectRules *rules, const AzTable *table);

/*
 * What must hold for a row that is there, or for a new one, as an SQL
 * expression; NULL when the command gets no policy.
 */
extern char *az_protect_condition(const AzProtectRules *rules, AzCommand command,
								  AzRow row);

#endif							/* AZ_PROTECT_RULES_H */
