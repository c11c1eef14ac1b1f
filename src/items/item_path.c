/*-------------------------------------------------------------------------
 *
 * item_path.c
 *	  The path of an item.
 *
 * A permission on an item holds for what is below it, so it matters where a
 * path may be cut.  An e-mail address is never cut: "ann@mail.com" must not
 * stand above "ann@mail.com.br", nor "ann" above "ann.lee@mail.com".  Where an
 * address ends nobody can tell, because what follows could be more of its
 * domain; where it begins neither, because what precedes could be more of its
 * local part.  But behind the name "profile" it begins: SciAuthZ makes the
 * paths SciReg.<item>.profile.<address>.
 *
 *-------------------------------------------------------------------------
 */
#include "items/item_path.h"

#include "utils/builtins.h"

static inline char
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

void
az_lower_ascii(char *folded, const char *text, size_t len)
{
	size_t		i;

	for (i = 0; i < len; i++)
		folded[i] = fold(text[i]);
}

bool
az_same_ascii(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t		i;

	if (alen != blen)
		return false;
	for (i = 0; i < alen; i++)
	{
		if (fold(a[i]) != fold(b[i]))
			return false;
	}
	return true;
}

bool
az_is_item_path(const char *item, size_t len)
{
	bool		empty = true;
	size_t		i;

	for (i = 0; i < len; i++)
	{
		if (item[i] == '.' && empty)
			return false;
		empty = item[i] == '.';
	}
	return !empty;
}

text *
az_item_argument(FunctionCallInfo fcinfo, int argno)
{
	text	   *item;

	if (PG_ARGISNULL(argno))
		return NULL;
	item = PG_GETARG_TEXT_PP(argno);
	if (!az_is_item_path(VARDATA_ANY(item), VARSIZE_ANY_EXHDR(item)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("malformed item path: \"%s\"", text_to_cstring(item)),
				 errdetail("A path has names between its dots, and none is empty.")));
	return item;
}

size_t
az_item_profile(const char *item, size_t len)
{
	const char *start = item;
	const char *dot;

	while ((dot = memchr(start, '.', item + len - start)) != NULL)
	{
		if (az_same_ascii(start, dot - start, "profile", strlen("profile")))
			return dot + 1 - item;
		start = dot + 1;
	}
	return 0;
}

/* SciAuthZ's own: there an address follows whether it looks like one or not. */
static bool
is_registry(const char *item, size_t len)
{
	const size_t registry = strlen("SciReg.");

	return len > registry && az_same_ascii(item, registry, "SciReg.", registry);
}

/*
 * With an "@" in it everything may be the address, unless "profile" stands
 * before it.
 */
size_t
az_item_names(const char *item, size_t len)
{
	const char *at = memchr(item, '@', len);
	size_t		profile;

	if (at == NULL && !is_registry(item, len))
		return len;
	profile = az_item_profile(item, at ? (size_t) (at - item) : len);
	return profile > 0 || at != NULL ? profile : len;
}

size_t
az_item_parent(const char *item, size_t names, size_t most)
{
	size_t		end;

	if (names == 0)
		return 0;
	for (end = Min(names - 1, most); end > 0 && item[end] != '.'; end--)
		;
	return end;
}

bool
az_is_item_above(const text *above, const text *below)
{
	size_t		len = VARSIZE_ANY_EXHDR(above);

	return VARSIZE_ANY_EXHDR(below) > len && VARDATA_ANY(below)[len] == '.' &&
		len < az_item_names(VARDATA_ANY(below), VARSIZE_ANY_EXHDR(below)) &&
		az_same_ascii(VARDATA_ANY(above), len, VARDATA_ANY(below), len);
}
