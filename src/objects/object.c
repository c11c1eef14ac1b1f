/*-------------------------------------------------------------------------
 *
 * object.c
 *	  May the identity do something to one row of a table?
 *
 * The one place that decides, for checks, listings and explanations alike
 * (djem):
 *
 *	 - an administrator may, unless dbmi_authz.universal_olp; - a user who does
 *	 not hold the permission as such may not, and no rule is asked; - the rule
 *	 for users and then the rule for groups: the first "yes" decides; - where a
 *	 rule was asked and none said yes, denied; - where none is registered,
 *	 dbmi_authz.olp_default decides.
 *
 * What is found out about a permission on a table is kept with the call site,
 * a rule's FmgrInfo too: a rule may ask again, and what a function keeps in an
 * FmgrInfo is not made for two calls at once.
 *
 *-------------------------------------------------------------------------
 */
#include "objects/object.h"

#include "lib/stringinfo.h"
#include "optimizer/optimizer.h"
#include "utils/memutils.h"

#include "items/grants.h"
#include "objects/rule.h"
#include "server/guc.h"

/* A call site that is asked about more than this starts again. */
#define MAX_SUBJECTS	64

/* A permission on a table. */
typedef struct Subject
{
	char	   *perm;
	size_t		len;
	Oid			rel;
	bool		elsewhere;		/* only other tables have rules for it */
	bool		has_key;		/* "key" is known */
	AzPrimaryKey	key;
	AzRule		rules[AZ_N_RULE_KINDS]; /* signature NULL: none */
} Subject;

struct AzObjectSite
{
	MemoryContext context;		/* of all below */
	uint64		generation;		/* of the registry, which it fits */
	List	   *subjects;
	bool		over_rows;		/* the row's key comes out of a query's rows */
	bool		running;		/* one of its rules is */
	bool		warned;
};

static AzObjectSite *
make_site(FunctionCallInfo fcinfo, MemoryContext parent)
{
	AzObjectSite *site = MemoryContextAllocZero(parent, sizeof(AzObjectSite));

	site->context = AllocSetContextCreate(parent, "dbmi_authz object permissions",
										  ALLOCSET_SMALL_SIZES);
	site->generation = az_registry_generation();
	site->over_rows = contain_var_clause(fcinfo->flinfo->fn_expr);
	return site;
}

/*
 * Where a rule of this very site asks again, the site cannot be used for it.
 */
AzObjectSite *
az_object_site(FunctionCallInfo fcinfo, bool lasting)
{
	AzObjectSite *site = lasting ? fcinfo->flinfo->fn_extra : NULL;

	if (!lasting || (site && site->running))
		return make_site(fcinfo, CurrentMemoryContext);
	if (site == NULL)
	{
		site = make_site(fcinfo, fcinfo->flinfo->fn_mcxt);
		fcinfo->flinfo->fn_extra = site;
	}
	else if (site->generation != az_registry_generation() ||
			 list_length(site->subjects) > MAX_SUBJECTS)
	{
		site->subjects = NIL;
		MemoryContextReset(site->context);
		site->generation = az_registry_generation();
	}
	return site;
}

/* Read first: what fails then has not been made known to the site. */
static Subject *
make_subject(AzObjectSite *site, const AzObjectQuestion *question)
{
	MemoryContext old = MemoryContextSwitchTo(site->context);
	Subject    *subject = palloc0(sizeof(Subject));
	AzRegistered found;
	int			kind;

	az_find_registered(question->perm, question->perm_len, question->rel, &found);
	subject->perm = pnstrdup(question->perm, question->perm_len);
	subject->len = question->perm_len;
	subject->rel = question->rel;
	subject->elsewhere = !found.here && found.elsewhere;
	for (kind = 0; kind < AZ_N_RULE_KINDS; kind++)
	{
		if (found.rules[kind] == NULL)
			continue;
		subject->rules[kind].signature = found.rules[kind];
		subject->rules[kind].owner = found.owners[kind];
		subject->rules[kind].any_owner = !az_registry_has_owners();
		subject->rules[kind].rel = question->rel;
		subject->rules[kind].over_rows = site->over_rows;
		subject->rules[kind].context =
			AllocSetContextCreate(site->context, "dbmi_authz rule",
								  ALLOCSET_SMALL_SIZES);
	}
	site->subjects = lappend(site->subjects, subject);
	MemoryContextSwitchTo(old);
	return subject;
}

static Subject *
find_subject(AzObjectSite *site, const AzObjectQuestion *question)
{
	ListCell   *lc;

	foreach(lc, site->subjects)
	{
		Subject    *subject = lfirst(lc);

		if (subject->rel == question->rel && subject->len == question->perm_len &&
			memcmp(subject->perm, question->perm, subject->len) == 0)
			return subject;
	}
	return make_subject(site, question);
}

static AzPrimaryKey *
key_of(AzObjectSite *site, Subject *subject)
{
	if (!subject->has_key)
	{
		MemoryContext old = MemoryContextSwitchTo(site->context);

		az_find_primary_key(subject->rel, &subject->key);
		subject->has_key = true;
		MemoryContextSwitchTo(old);
	}
	return &subject->key;
}

/* One line of an explanation, when somebody wants it. */
static void explain(List **why, const char *format,...) pg_attribute_printf(2, 3);

static void
explain(List **why, const char *format,...)
{
	StringInfoData line;
	va_list		args;
	int			needed;

	if (why == NULL)
		return;
	initStringInfo(&line);
	for (;;)
	{
		va_start(args, format);
		needed = appendStringInfoVA(&line, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&line, needed);
	}
	*why = lappend(*why, line.data);
}

/* An administrator holds no more than the ceiling of who acts for them leaves. */
static bool
in_ceiling(const AzIdentity *id, const char *perm, size_t len)
{
	return !id->permissions_limited || az_set_has(id, &id->permission_ceiling, perm, len);
}

bool
az_explain_perm_held(const AzIdentity *id, const char *perm, size_t len, List **why)
{
	if (id == NULL)
		return false;
	if (!in_ceiling(id, perm, len))
	{
		explain(why, "Beyond the ceiling of the actor: denied");
		return false;
	}
	if (why == NULL && az_set_has(id, &id->permissions, perm, len))
		return true;
	if (az_is_admin(id))
	{
		explain(why, az_universal_olp ?
				"Active superuser: Implicit permission (model-level)" :
				"Active superuser: Implicit permission");
		return true;
	}
	return az_set_has(id, &id->permissions, perm, len);
}

bool
az_perm_held(const AzIdentity *id, const char *perm, size_t len)
{
	return az_explain_perm_held(id, perm, len, NULL);
}

/*
 * The permission belongs to another table.  Open by default would be a
 * mistake here, and silence one too.
 */
static bool
deny_elsewhere(AzObjectSite *site, const AzObjectQuestion *question)
{
	const char *table = az_table_name(question->rel);

	explain(question->why, "Registered for other tables only: denied");
	if (question->quiet || site->warned)
		return false;
	site->warned = true;
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("permission \"%.*s\" is not registered for table %s",
					(int) question->perm_len, question->perm, table),
			 errdetail("It has rules on another table, so it is denied here."),
			 errhint("Register a rule for this table, or ask for a permission of its own.")));
	return false;
}

static const char *
name_of_answer(AzRuleVerdict answer)
{
	switch (answer)
	{
		case AZ_RULE_SAYS_TRUE:
			return "true";
		case AZ_RULE_SAYS_FALSE:
			return "false";
		case AZ_RULE_SAYS_NULL:
			return "null";
		case AZ_RULE_DENIES:
			return "denied";
		case AZ_RULE_CHANGED_HANDS:
			return "changed hands";
		case AZ_RULE_NO_ROW:
			break;
	}
	return "no such row";
}

static AzRuleVerdict
ask(AzObjectSite *site, Subject *subject, AzRuleKind kind, AzRowName *row,
	const AzObjectQuestion *question)
{
	AzRule	   *rule = &subject->rules[kind];
	const char *message = NULL;
	AzRuleVerdict answer = az_ask_rule(rule, key_of(site, subject), row,
										&site->running, &message);

	explain(question->why, "%s rule %s: %s%s%s",
			kind == AZ_RULE_USER ? "User" : "Group", rule->signature,
			name_of_answer(answer), message ? ": " : "", message ? message : "");
	return answer;
}

static bool
decide_by_default(AzObjectSite *site, Subject *subject, AzRowName *row,
				  const AzObjectQuestion *question)
{
	if (az_olp_default == AZ_OLP_CLOSED)
	{
		explain(question->why, "No rule: default closed");
		return false;
	}
	if (!az_row_name_valid(key_of(site, subject), row))
	{
		explain(question->why, "No rule: no such row");
		return false;
	}
	explain(question->why, "No rule: default open");
	return true;
}

static bool
decide_by_rules(AzObjectSite *site, const AzObjectQuestion *question)
{
	Subject    *subject = find_subject(site, question);
	AzRowName		row = {0};
	bool		asked = false;
	int			kind;

	if (subject->elsewhere)
		return deny_elsewhere(site, question);
	if (az_olp_default != AZ_OLP_CLOSED || subject->rules[AZ_RULE_USER].signature ||
		subject->rules[AZ_RULE_GROUP].signature)
		az_row_name_read(key_of(site, subject), &row, question->pk);
	for (kind = 0; kind < AZ_N_RULE_KINDS; kind++)
	{
		if (!question->ask[kind] || subject->rules[kind].signature == NULL)
			continue;
		asked = true;
		if (ask(site, subject, kind, &row, question) == AZ_RULE_SAYS_TRUE)
			return true;
	}
	return !asked && decide_by_default(site, subject, &row, question);
}

bool
az_object_permitted(AzObjectSite *site, const AzIdentity *id,
					const AzObjectQuestion *question)
{
	bool		held;

	if (id == NULL)
		return false;
	if (!az_universal_olp && in_ceiling(id, question->perm, question->perm_len) &&
		az_is_admin(id))
	{
		explain(question->why, "Active superuser: Implicit permission");
		return true;
	}
	held = az_explain_perm_held(id, question->perm, question->perm_len, question->why);
	explain(question->why, "Model-level Result: %s", held ? "Granted" : "Denied");
	return held && decide_by_rules(site, question);
}
