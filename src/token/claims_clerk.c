/*-------------------------------------------------------------------------
 *
 * claims_clerk.c
 *	  Permissions in an organisation from Clerk's compact claim.
 *
 * Version 2 of Clerk's session tokens has in "fea" features as
 * "o:dashboard,o:teams", in "o"."per" names as "manage,read", and in
 * "o"."fpm" a number for each feature of the organisation, "3,2", whose lowest
 * bit stands for the first name.  That reads org:dashboard:manage,
 * org:dashboard:read and org:teams:read.
 *
 *-------------------------------------------------------------------------
 */
#include "token/claims_intern.h"

#include <stdio.h>
#include <string.h>

/* Clerk writes no longer permissions, and no more of them. */
#define MAX_PERMISSION	256
#define MAX_PERMISSIONS	1000

typedef struct Item
{
	const char *text;
	size_t		len;
} Item;

/* Take the next item off a list with commas; false at its end. */
static bool
next_item(Item *list, Item *item)
{
	const char *comma;

	if (list->text == NULL)
		return false;
	comma = memchr(list->text, ',', list->len);
	item->text = list->text;
	item->len = comma != NULL ? (size_t) (comma - list->text) : list->len;
	list->text = comma != NULL ? comma + 1 : NULL;
	list->len -= comma != NULL ? item->len + 1 : item->len;
	while (item->len > 0 && az_is_space(item->text[0]))
		item->text++, item->len--;
	while (item->len > 0 && az_is_space(item->text[item->len - 1]))
		item->len--;
	return true;
}

/*
 * The name behind "o:" or "uo:"; false for a text that is not a feature of an
 * organisation.
 */
static bool
is_of_organisation(Item feature, Item *name)
{
	const char *colon = memchr(feature.text, ':', feature.len);

	if (colon == NULL || memchr(feature.text, 'o', (size_t) (colon - feature.text)) == NULL)
		return false;
	name->text = colon + 1;
	name->len = feature.len - (size_t) (colon + 1 - feature.text);
	return name->len > 0;
}

/* A text that is not a number has no bit. */
static uint64_t
read_mask(Item digits)
{
	uint64_t	mask = 0;
	size_t		i;

	if (digits.len > 19)
		return 0;
	for (i = 0; i < digits.len; i++)
	{
		if (digits.text[i] < '0' || digits.text[i] > '9')
			return 0;
		mask = mask * 10 + (uint64_t) (digits.text[i] - '0');
	}
	return mask;
}

static bool
add_permission(AzReading *reading, Item feature, Item name)
{
	char		text[MAX_PERMISSION];
	int			len;

	if (name.len == 0 || feature.len + name.len + strlen("org::") >= sizeof(text))
		return false;
	len = snprintf(text, sizeof(text), "org:%.*s:%.*s", (int) feature.len, feature.text,
				   (int) name.len, name.text);
	az_builder_set_add(reading->builder,
					   az_builder_string(reading->builder, text, (size_t) len));
	return true;
}

static size_t
add_feature(AzReading *reading, Item feature, Item names, uint64_t mask)
{
	size_t		added = 0;
	Item		name;

	for (; mask != 0 && next_item(&names, &name); mask >>= 1)
	{
		if ((mask & 1) != 0)
			added += add_permission(reading, feature, name);
	}
	return added;
}

static bool
read_text(const AzJson *object, const char *key, Item *text)
{
	text->text = az_json_string(az_json_get_z(object, key), &text->len);
	return text->text != NULL;
}

bool
az_add_compact_permissions(AzReading *reading)
{
	const AzJson *o = az_json_get_z(reading->payload, "o");
	Item		features;
	Item		names;
	Item		masks;
	Item		feature;
	Item		mask;
	size_t		added = 0;

	if (!read_text(o, "per", &names) || !read_text(o, "fpm", &masks) ||
		!read_text(reading->payload, "fea", &features))
		return false;
	while (added < MAX_PERMISSIONS && next_item(&features, &feature))
	{
		if (!is_of_organisation(feature, &feature))
			continue;
		if (!next_item(&masks, &mask))
			break;
		added += add_feature(reading, feature, names, read_mask(mask));
	}
	return true;
}
