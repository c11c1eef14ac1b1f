/*-------------------------------------------------------------------------
 *
 * explain_row.c
 *	  Which policy lets one row through, and which one stops it.
 *
 * That is asked of a row that SELECT shows, and of nothing else.  The conditions
 * are evaluated in core's order, up to the first that decides.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/explain_row.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "utils/rel.h"

#include "insight/meaning.h"
#include "insight/row.h"
#include "insight/wording.h"

typedef enum Verdict
{
	PASSES,
	STOPPED,
	NOT_TOLD
} Verdict;

/* A condition of a policy, or one arm of it that is enough to pass or to stop. */
typedef struct Part
{
	const AzPolicyApplied *policy;
	Node	   *condition;
} Part;

/* What policies say of the row, by which part (NULL: by none), and why not more. */
typedef struct Decision
{
	Verdict		verdict;
	const Part *by;
	const char *reason;
	int			others;			/* parts that cannot be asked either */
} Decision;

/* One expression that says which of several policies decides. */
typedef struct Question
{
	const AzExplanation *explanation;
	bool		new_rows;
	CaseExpr   *first;
	List	   *asked;			/* Part, by the number that the expression gives */
	Decision	untold;			/* the first that cannot be asked */
	bool		untold_stops;	/* and one of these is a restrictive one */
} Question;

static Node *
make_number(int number)
{
	return (Node *) makeConst(INT4OID, -1, InvalidOid, sizeof(int32), Int32GetDatum(number),
							  false, true);
}

static Node *
make_not_true(Node *condition)
{
	BooleanTest *test = makeNode(BooleanTest);

	test->arg = (Expr *) condition;
	test->booltesttype = IS_NOT_TRUE;
	test->location = -1;
	return (Node *) test;
}

static void
ask(Question *question, Part *part)
{
	CaseWhen   *when = makeNode(CaseWhen);

	question->asked = lappend(question->asked, part);
	when->expr = (Expr *) (part->policy->permissive ? part->condition :
						   make_not_true(part->condition));
	when->result = (Expr *) make_number(list_length(question->asked));
	when->location = -1;
	question->first->args = lappend(question->first->args, when);
}

static void
ask_part(Question *question, const AzPolicyApplied *policy, Node *condition)
{
	const char *reason = az_not_told(question->explanation->rel, condition);
	Part	   *part = palloc(sizeof(*part));

	part->policy = policy;
	part->condition = condition;
	if (reason == NULL)
		ask(question, part);
	else if (question->untold.reason)
		question->untold.others++;
	else
		question->untold = (Decision) {NOT_TOLD, part, reason, 0};
	question->untold_stops |= reason && !policy->permissive;
}

/* Of what permits one arm of OR is enough, of what restricts one arm of AND. */
static List *
parts_of(const AzPolicyApplied *policy, Node *condition)
{
	const BoolExpr *arms = (const BoolExpr *) condition;

	if (IsA(condition, BoolExpr) &&
		arms->boolop == (policy->permissive ? OR_EXPR : AND_EXPR))
		return arms->args;
	return list_make1(condition);
}

static void
ask_all(Question *question, List *policies)
{
	ListCell   *lc;
	ListCell   *part;

	foreach(lc, policies)
	{
		const AzPolicyApplied *policy = lfirst(lc);
		Node	   *condition = az_policy_condition(policy, question->new_rows);

		if (condition == NULL)
			continue;
		foreach(part, parts_of(policy, az_meaning(question->explanation, condition)))
			ask_part(question, policy, lfirst(part));
	}
}

/* Among the parts that were asked, the one of that number. */
static Decision
decide(const Question *question, int number)
{
	const Part *by = number == 0 ? NULL : list_nth(question->asked, number - 1);

	if (by && !by->policy->permissive)
		return (Decision) {STOPPED, by, NULL, 0};
	if (by == NULL && question->untold.reason == NULL)
		return (Decision) {STOPPED, NULL, NULL, 0};
	if (by == NULL || question->untold_stops)
		return question->untold;
	return (Decision) {PASSES, by, NULL, 0};
}

/* Of rows that are there, a restrictive policy stops none that SELECT shows. */
static Decision
find_decision(const AzExplanation *explanation, AzOneRow *row, const AzStage *stage)
{
	Question	question = {.explanation = explanation, .new_rows = stage->new_rows};
	AzApplied	applied;
	int			number = 0;

	az_find_applied(explanation->rel, stage->policies_for, &applied);
	if (az_is_false(az_applied_condition(&applied, stage->new_rows)))
		return (Decision) {STOPPED, NULL, NULL, 0};
	question.first = makeNode(CaseExpr);
	question.first->casetype = INT4OID;
	question.first->defresult = (Expr *) make_number(0);
	question.first->location = -1;
	if (stage->policies_for != CMD_SELECT)
		ask_all(&question, applied.restrictive);
	ask_all(&question, applied.permissive);
	if (question.asked != NIL)
		(void) az_evaluate_over_row(row, (Node *) question.first, &number);
	return decide(&question, number);
}

/* "permissive policy own lets it through, owner = 'ann'" */
static char *
decision_text(const AzExplanation *explanation, const Decision *decision)
{
	const Part *by = decision->by;

	if (decision->verdict == NOT_TOLD)
		return psprintf("%s (%s%s)", decision->reason, az_policy_name_text(by->policy),
						decision->others > 0 ? ", among others" : "");
	if (by == NULL)
		return pstrdup("no permissive policy lets it through");
	return psprintf("%s %s, %s", az_policy_name_text(by->policy),
					decision->verdict == PASSES ? "lets it through" : "stops it",
					az_condition_in_short(RelationGetRelid(explanation->rel), by->condition));
}

/* What stands before who it is, and behind, for each verdict. */
typedef struct Saying
{
	const char *before[3];
	const char *behind[3];
} Saying;

static const Saying of_select = {
	{"", "", ""},
	{" sees the row", " sees the row, and its conditions change while it is looked at", " sees the row"}
};
static const Saying of_update = {
	{"", "", "whether "},
	{" may update the row", " may not update the row", " may update the row is not told"}
};
static const Saying of_delete = {
	{"", "", "whether "},
	{" may delete the row", " may not delete the row", " may delete the row is not told"}
};
static const Saying of_new_row = {
	{"", "", "whether "},
	{" may write the row back unchanged", " may not write the row back unchanged (42501)",
	" may write the row back unchanged is not told"}
};

static const Saying *
saying_of(const AzStage *stage)
{
	if (stage->new_rows)
		return &of_new_row;
	return stage->policies_for == CMD_SELECT ? &of_select :
		stage->policies_for == CMD_UPDATE ? &of_update : &of_delete;
}

static void
say(AzExplanation *explanation, const AzStage *stage, Verdict verdict, const char *why)
{
	const Saying *saying = saying_of(stage);

	az_say(explanation, "%s%s%s%s: %s.", az_in_whose_name(explanation),
		   saying->before[verdict], explanation->who, saying->behind[verdict], why);
}

static Verdict
say_stage(AzExplanation *explanation, AzOneRow *row, const AzStage *stage)
{
	char	   *why = az_why_not_bound(explanation);
	Decision	decision = {.verdict = PASSES};

	if (why == NULL)
	{
		decision = find_decision(explanation, row, stage);
		why = decision_text(explanation, &decision);
	}
	say(explanation, stage, decision.verdict, why);
	return decision.verdict;
}

bool
az_say_row(AzExplanation *explanation, text *pk)
{
	const AzStage *stages;
	int			n = az_stages(explanation->command, &stages);
	AzOneRow	row;
	int			i;

	if (!az_find_row(explanation->rel, pk, &row))
	{
		az_say(explanation, "There is no row with this key, or none that you may see.");
		return false;
	}
	for (i = 0; i < n; i++)
	{
		/* a row that cannot be reached is not written back */
		if (say_stage(explanation, &row, &stages[i]) == STOPPED && i + 2 < n)
			i++;
	}
	return true;
}
