/*-------------------------------------------------------------------------
 *
 * explain.h
 *	  Who may do what with a table's rows, and by which policies.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_EXPLAIN_H
#define AZ_EXPLAIN_H

#include "insight/applied.h"
#include "insight/person.h"

typedef struct AzExplanation
{
	Relation	rel;
	CmdType		command;		/* SELECT, INSERT, UPDATE or DELETE */
	AzPerson	person;
	AzBinding	binding;
	char	   *table;			/* its name */
	char	   *role;			/* that is in force */
	char	   *who;			/* the person, or the role of nobody */
	bool		of_row;			/* it is one row that is explained */
	List	   *explained;		/* conditions that were taken apart already */
	List	   *lines;			/* what was said, char * */
} AzExplanation;

/* Policies that decide together: on rows for a command, or on new rows. */
typedef struct AzStage
{
	CmdType		policies_for;
	bool		new_rows;
	const char *title;
} AzStage;

/* Those of a command, the first one alone deciding for it; how many. */
#define AZ_MOST_STAGES	3
extern int	az_stages(CmdType command, const AzStage **stages);

/* Fill it in; raises 28000 for an identity that has ended (R2). */
extern void az_begin_explanation(AzExplanation *explanation, Relation rel, CmdType command);

extern void az_say(AzExplanation *explanation, const char *format,...) pg_attribute_printf(2, 3);

/* What an answer begins with: "nobody is logged in: ", or nothing. */
extern const char *az_in_whose_name(const AzExplanation *explanation);

/* What a condition of the table means for the identity in force. */
extern Node *az_meaning(const AzExplanation *explanation, Node *condition);

/* Why policies do not bind: "role app owns the table, ..."; NULL: they do. */
extern char *az_why_not_bound(const AzExplanation *explanation);

/* "permissive policy own". */
extern char *az_policy_name_text(const AzPolicyApplied *policy);

/* The answer as a whole, and then what it is made of. */
extern void az_say_answer(AzExplanation *explanation);
extern void az_say_policies(AzExplanation *explanation);

#endif							/* AZ_EXPLAIN_H */
