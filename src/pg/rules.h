/*-------------------------------------------------------------------------
 *
 * rules.h
 *	  The rules that protect() is given, and the condition that they make.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_RULES_H
#define AZ_RULES_H

#include "compat.h"
#include "policy.h"

#define AZ_RULE_LISTS	8

typedef enum AzMode
{
	AZ_MODE_NONE,				/* what is given, for all commands */
	AZ_MODE_OWNER,
	AZ_MODE_OWNER_OR_READ,
	AZ_MODE_READ_ONLY
} AzMode;

typedef struct AzRuleColumn
{
	const char *name;			/* NULL: not given */
	const char *quoted;
	AttrNumber	number;
} AzRuleColumn;

typedef struct AzRules
{
	AzMode		mode;
	AzRuleColumn owner;
	AzRuleColumn org;
	const char *org_permission;
	bool		admin;
	const char *list[AZ_COMMANDS][AZ_RULE_LISTS];	/* the call, NULL: not given */
	bool		any_list;
} AzRules;

/*
 * From the arguments of protect(); 22023 when they make no sense.  Nothing is
 * looked up yet.
 */
extern void az_read_rules(FunctionCallInfo fcinfo, AzRules *rules);

/* Its last argument. */
extern bool az_is_dry_run(FunctionCallInfo fcinfo);

/* 42703 or 42804 when a column is not there, or cannot be compared. */
extern void az_find_rule_columns(AzRules *rules, const AzTable *table);

/*
 * What must hold for a row, as an SQL expression; NULL when the command gets
 * no policy.
 */
extern char *az_rule_condition(const AzRules *rules, AzCommand command);

#endif							/* AZ_RULES_H */
