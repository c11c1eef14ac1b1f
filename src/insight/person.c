/*-------------------------------------------------------------------------
 *
 * person.c
 *	  The identity in force, in words.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/person.h"

#include "lib/stringinfo.h"

#include "insight/wording.h"
#include "session/session.h"

char *
az_node_words(const AzIdentity *id, const AzNode *node)
{
	return az_quote_value(az_node_bytes(id, node), az_node_len(node));
}

bool
az_is_there(const AzNode *node)
{
	return node != NULL && az_node_type(node) != AZ_NULL;
}

char *
az_nodes_words(const AzIdentity *id, const AzNode *nodes, uint32 n)
{
	StringInfoData text;
	uint32		i;

	initStringInfo(&text);
	appendStringInfoChar(&text, '{');
	for (i = 0; i < Min(n, AZ_MOST_VALUES); i++)
	{
		const char *value;
		size_t		len;

		if (!az_node_text(id, &nodes[i], &value, &len))
			value = "...", len = 3;
		appendStringInfo(&text, "%s%s", i == 0 ? "" : ", ", az_quote_value(value, len));
	}
	if (n > AZ_MOST_VALUES)
		appendStringInfo(&text, " and %u more", n - AZ_MOST_VALUES);
	appendStringInfoChar(&text, '}');
	return text.data;
}

char *
az_actor_name(const AzPerson *person)
{
	return az_node_words(person->id, &person->id->actor);
}

bool
az_is_limited(const AzPerson *person)
{
	return person->id->limited != 0;
}

static const AzIdentity *
copy_identity(const AzIdentity *id)
{
	return memcpy(palloc(id->size), id, id->size);
}

void
az_find_person(AzPerson *person)
{
	const AzIdentity *id = az_in_force();

	memset(person, 0, sizeof(*person));
	person->inactive = id == NULL && az_candidate() != NULL;
	if (id == NULL)
		return;
	person->simulated = az_is_simulated();
	person->id = copy_identity(id);
	person->as_signed = copy_identity(az_candidate()->identity);
}

static char *
subject_name(const AzIdentity *id)
{
	if (az_is_there(&id->subject))
		return az_node_words(id, &id->subject);
	return az_is_there(&id->owner) ? az_node_words(id, &id->owner) : pstrdup("somebody");
}

char *
az_person_name(const AzPerson *person)
{
	char	   *name;

	if (person->id == NULL)
		return NULL;
	name = subject_name(person->id);
	return az_is_there(&person->id->actor) ?
		psprintf("%s for %s", az_actor_name(person), name) : name;
}

char *
az_person_text(const AzPerson *person)
{
	char	   *text;

	if (person->inactive)
		return pstrdup("nobody is logged in, for the subject of the token is inactive");
	if (person->id == NULL)
		return pstrdup("nobody is logged in");
	text = psprintf("%ssubject %s of %s", person->simulated ? "simulated " : "",
					subject_name(person->id),
					az_node_words(person->id, &person->id->issuer));
	return az_is_there(&person->id->actor) ?
		psprintf("%s, actor %s%s", text, az_actor_name(person),
				 az_is_limited(person) ? " within a ceiling" : "") : text;
}
