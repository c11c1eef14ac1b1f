/*-------------------------------------------------------------------------
 *
 * identity_sum.c
 *	  What answers about an identity depend on, as a digest.
 *
 * The claims themselves are left out, because the payload is the same.  Left
 * out, too, is what a server looks at when it verifies, and whose key it was.
 *
 *-------------------------------------------------------------------------
 */
#include "token/identity_sum.h"

#include <stdlib.h>
#include <string.h>

#include "token/crypto.h"

typedef struct Bytes
{
	unsigned char *data;
	size_t		len;
	size_t		room;
	bool		failed;
} Bytes;

static void
put(Bytes *bytes, const void *data, size_t len)
{
	if (!bytes->failed && bytes->len + len > bytes->room)
	{
		size_t		room = 2 * (bytes->len + len);
		unsigned char *larger = realloc(bytes->data, room);

		bytes->failed = larger == NULL;
		if (larger)
		{
			bytes->data = larger;
			bytes->room = room;
		}
	}
	if (bytes->failed || len == 0)
		return;
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

static void
put_number(Bytes *bytes, uint32_t number)
{
	put(bytes, &number, sizeof(number));
}

/* A scalar: its type and its text. */
static void
put_node(Bytes *bytes, const AzIdentity *id, const AzNode *node)
{
	const char *text = NULL;
	size_t		len = 0;

	put_number(bytes, az_node_type(node));
	(void) az_node_text(id, node, &text, &len);
	put_number(bytes, (uint32_t) len);
	put(bytes, text, len);
}

static void
put_set(Bytes *bytes, const AzIdentity *id, const AzSet *set)
{
	const AzNode *items = az_set_items(id, set);
	uint32_t	i;

	put_number(bytes, set->count);
	for (i = 0; i < set->count; i++)
		put_node(bytes, id, &items[i]);
}

static void
put_orgs(Bytes *bytes, const AzIdentity *id)
{
	const AzOrg *orgs = az_orgs(id);
	uint32_t	i;

	put_number(bytes, id->norgs);
	for (i = 0; i < id->norgs; i++)
	{
		put_node(bytes, id, &orgs[i].id);
		put_node(bytes, id, &orgs[i].name);
		put_node(bytes, id, &orgs[i].role);
		put_number(bytes, orgs[i].multi_role);
		put_set(bytes, id, &orgs[i].permissions);
		put_set(bytes, id, &orgs[i].inherited);
		put_set(bytes, id, &orgs[i].additional);
	}
}

static void
put_names(Bytes *bytes, const AzIdentity *id)
{
	const AzNode *const names[] = {
		&id->issuer, &id->subject, &id->user_id, &id->owner, &id->email, &id->username,
		&id->client_id, &id->token_id, &id->client, &id->acr, &id->actor
	};
	size_t		i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put_node(bytes, id, names[i]);
}

static void
put_sets(Bytes *bytes, const AzIdentity *id)
{
	const AzSet *const sets[] = {
		&id->audience, &id->amr, &id->scopes, &id->roles, &id->permissions, &id->groups,
		&id->admin_permissions, &id->permission_ceiling, &id->item_ceiling
	};
	size_t		i;

	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		put_set(bytes, id, sets[i]);
}

static void
put_flags(Bytes *bytes, const AzIdentity *id)
{
	const uint32_t flags[] = {
		id->is_admin, id->active_org, id->groups_unlisted, id->limited, id->never_admin,
		id->permissions_limited, id->items_limited
	};

	put(bytes, flags, sizeof(flags));
}

bool
az_identity_sum(const AzIdentity *id, unsigned char sum[32])
{
	Bytes		bytes = {NULL, 0, 0, false};
	bool		made;

	put_names(&bytes, id);
	put_sets(&bytes, id);
	put_orgs(&bytes, id);
	put_flags(&bytes, id);
	made = !bytes.failed && az_sha256(bytes.data, bytes.len, sum);
	free(bytes.data);
	return made;
}
