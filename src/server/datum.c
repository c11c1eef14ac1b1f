/*-------------------------------------------------------------------------
 *
 * datum.c
 *	  Between SQL and the identity.
 *
 * Nothing here allocates for a comparison unless an argument arrives
 * compressed or out of line; such a copy is freed at once, because a check
 * may run for every row of a large table.
 *
 *-------------------------------------------------------------------------
 */
#include "server/datum.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/arrayaccess.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "server/report.h"

void
az_list_read(AzList *list, Datum datum)
{
	list->datum = datum;
	if (VARATT_IS_SHORT(DatumGetPointer(list->datum)) &&
		!VARATT_IS_EXTERNAL(DatumGetPointer(list->datum)))
	{
		/* packed as rows hold it: aligned here, without an allocation */
		Size		len = VARSIZE_SHORT(DatumGetPointer(list->datum)) - VARHDRSZ_SHORT;

		list->array = (AnyArrayType *) list->room;
		SET_VARSIZE(list->array, len + VARHDRSZ);
		memcpy(VARDATA(list->array), VARDATA_SHORT(DatumGetPointer(list->datum)), len);
	}
	else
		list->array = DatumGetAnyArrayP(list->datum);
	list->count = ArrayGetNItems(AARR_NDIM(list->array), AARR_DIMS(list->array));
}

/* False when the argument is NULL. */
static bool
list_open(AzList *list, FunctionCallInfo fcinfo, int argno)
{
	if (PG_ARGISNULL(argno))
		return false;
	az_list_read(list, PG_GETARG_DATUM(argno));
	return true;
}

bool
az_requirements_open(AzList *list, FunctionCallInfo fcinfo, int argno)
{
	if (!list_open(list, fcinfo, argno))
		return false;
	if (list->count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("list of requirements must not be empty"),
				 errdetail("An empty list would be met by everybody or by nobody."),
				 errhint("Name at least one, or leave the check out.")));
	return true;
}

void
az_list_close(AzList *list)
{
	if (!VARATT_IS_EXPANDED_HEADER(list->array) &&
		(Pointer) list->array != (Pointer) list->room &&
		(Pointer) list->array != DatumGetPointer(list->datum))
		pfree(list->array);
	list->array = NULL;
}

/*
 * The next element as a text; NULL for an SQL NULL.  Free *copy when it is
 * set: an element of an expanded array may be toasted.
 */
static const text *
next_element(array_iter *iter, int i, text **copy)
{
	bool		isnull;
	Datum		datum = array_iter_next(iter, &isnull, i, -1, false, TYPALIGN_INT);
	text	   *element;

	*copy = NULL;
	if (isnull)
		return NULL;
	element = DatumGetTextPP(datum);
	if ((Pointer) element != DatumGetPointer(datum))
		*copy = element;
	return element;
}

/*
 * The first hit decides an "any", the first miss an "all".  The caller says
 * how many elements there are.
 */
static bool
list_holds(const AzList *list, bool all, AzHolds holds, const AzIdentity *id,
		   const void *where)
{
	array_iter	iter;
	int			i;

	array_iter_setup(&iter, list->array);
	for (i = 0; i < list->count; i++)
	{
		text	   *copy;
		const text *value = next_element(&iter, i, &copy);
		bool		held = value != NULL &&
			holds(id, where, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));

		CHECK_FOR_INTERRUPTS();
		if (copy != NULL)
			pfree(copy);
		if (held != all)
			return held;
	}
	return all;
}

bool
az_list_any(const AzList *list, AzHolds holds, const AzIdentity *id,
			const void *where)
{
	return list_holds(list, false, holds, id, where);
}

bool
az_list_all(const AzList *list, AzHolds holds, const AzIdentity *id,
			const void *where)
{
	return list->count > 0 && list_holds(list, true, holds, id, where);
}

bool
az_set_holds(const AzIdentity *id, const void *where, const char *value,
			 size_t len)
{
	return az_set_has(id, where, value, len);
}

bool
az_claim_holds(const AzIdentity *id, const void *where, const char *value,
			   size_t len)
{
	return az_node_holds(id, where, value, len);
}

bool
az_claim_is(const AzIdentity *id, const void *where, const char *value,
			size_t len)
{
	return az_node_is(id, where, value, len);
}

static const AzNode *
walk_path(const AzIdentity *id, const AzList *path)
{
	const AzNode *node = &id->claims;
	array_iter	iter;
	int			i;

	if (path->count == 0)
		return NULL;
	array_iter_setup(&iter, path->array);
	for (i = 0; i < path->count && node != NULL; i++)
	{
		text	   *copy;
		const text *key = next_element(&iter, i, &copy);

		if (key == NULL)
			return NULL;
		node = az_node_member(id, node, VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key));
		if (copy != NULL)
			pfree(copy);
	}
	return node;
}

const AzNode *
az_claim_at_argument(const AzIdentity *id, FunctionCallInfo fcinfo, int argno)
{
	AzList		path;
	const AzNode *node;

	if (!list_open(&path, fcinfo, argno))
		return NULL;
	node = walk_path(id, &path);
	az_list_close(&path);
	return node;
}

/* Groups that the token does not list must not count as none (Q20). */
static bool
is_closed(const AzIdentity *id, const AzText *path, size_t n)
{
	if (unlikely(az_is_unlisted_location(id, path, n)))
		az_raise_groups_unlisted();
	return az_is_limited_location(id, path, n);
}

bool
az_is_closed_claim(const AzIdentity *id, const char *name, size_t len)
{
	const AzText key = {name, len};

	return is_closed(id, &key, 1);
}

/* Paths are short; one that is deeper than any token leads nowhere. */
static bool
is_closed_path(const AzIdentity *id, const AzList *path)
{
	AzText		keys[AZ_JSON_MAX_DEPTH];
	text	   *copies[AZ_JSON_MAX_DEPTH];
	array_iter	iter;
	int			n = Min(path->count, AZ_JSON_MAX_DEPTH);
	bool		closed;
	int			i;

	array_iter_setup(&iter, path->array);
	for (i = 0; i < n; i++)
	{
		const text *key = next_element(&iter, i, &copies[i]);

		keys[i].bytes = key ? VARDATA_ANY(key) : "";
		keys[i].len = key ? VARSIZE_ANY_EXHDR(key) : 0;
	}
	closed = is_closed(id, keys, n);
	for (i = 0; i < n; i++)
	{
		if (copies[i] != NULL)
			pfree(copies[i]);
	}
	return closed;
}

const AzNode *
az_open_claim_at_argument(const AzIdentity *id, FunctionCallInfo fcinfo, int argno)
{
	AzList		path;
	bool		closed;

	if ((id->limited || id->groups_unlisted) && list_open(&path, fcinfo, argno))
	{
		closed = is_closed_path(id, &path);
		az_list_close(&path);
		if (closed)
			return NULL;
	}
	return az_claim_at_argument(id, fcinfo, argno);
}

const AzNode *
az_scalar_or_null(const AzNode *node)
{
	if (node != NULL && (az_node_type(node) == AZ_STRING ||
						 az_node_type(node) == AZ_NUMBER))
		return node;
	return NULL;
}

/*
 * As the operator #>> gives it, except that a number keeps the text with
 * which the checks compare.
 */
Datum
az_text_datum(const AzIdentity *id, const AzNode *node)
{
	const char *bytes;
	size_t		len;
	Jsonb	   *jsonb;

	if (az_node_text(id, node, &bytes, &len))
		return PointerGetDatum(cstring_to_text_with_len(bytes, len));
	jsonb = DatumGetJsonbP(az_jsonb_datum(id, node));
	return CStringGetTextDatum(JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb)));
}

Datum
az_return_text(FunctionCallInfo fcinfo, const AzIdentity *id,
			   const AzNode *node)
{
	if (node == NULL || az_node_type(node) == AZ_NULL)
		PG_RETURN_NULL();
	return az_text_datum(id, node);
}

Datum
az_array_datum(Datum *texts, int count)
{
	return PointerGetDatum(construct_array(texts, count, TEXTOID, -1, false,
										   TYPALIGN_INT));
}

Datum
az_text_array_of_set(const AzIdentity *id, const AzSet *set)
{
	const AzNode *items = az_set_items(id, set);
	Datum	   *texts = palloc(sizeof(Datum) * (set->count + 1));
	uint32		i;

	for (i = 0; i < set->count; i++)
		texts[i] = az_text_datum(id, &items[i]);
	return az_array_datum(texts, set->count);
}

static Numeric
number_value(const AzIdentity *id, const AzNode *node)
{
	char	   *number = pnstrdup(az_node_bytes(id, node), az_node_len(node));

	return DatumGetNumeric(DirectFunctionCall3(numeric_in,
											   CStringGetDatum(number),
											   ObjectIdGetDatum(InvalidOid),
											   Int32GetDatum(-1)));
}

/* The strings stay where they are: making the jsonb copies them. */
static void
fill_scalar(const AzIdentity *id, const AzNode *node, JsonbValue *value)
{
	memset(value, 0, sizeof(JsonbValue));
	switch (az_node_type(node))
	{
		case AZ_STRING:
			value->type = jbvString;
			value->val.string.len = az_node_len(node);
			value->val.string.val = unconstify(char *, az_node_bytes(id, node));
			break;
		case AZ_NUMBER:
			value->type = jbvNumeric;
			value->val.numeric = number_value(id, node);
			break;
		case AZ_FALSE:
		case AZ_TRUE:
			value->type = jbvBool;
			value->val.boolean = az_node_type(node) == AZ_TRUE;
			break;
		default:
			value->type = jbvNull;
			break;
	}
}

/* Adds a node to what is being built; place says what it is there. */
static JsonbValue *
push_node(JsonbParseState **state, const AzIdentity *id, const AzNode *node,
		  JsonbIteratorToken place)
{
	JsonbValue	scalar;
	uint32		i;

	check_stack_depth();
	if (az_node_type(node) == AZ_ARRAY)
	{
		pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
		for (i = 0; i < az_node_len(node); i++)
			push_node(state, id, &az_node_elements(id, node)[i], WJB_ELEM);
		return pushJsonbValue(state, WJB_END_ARRAY, NULL);
	}
	if (az_node_type(node) == AZ_OBJECT)
	{
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		for (i = 0; i < az_node_len(node); i++)
		{
			const AzMember *member = &az_node_members(id, node)[i];

			fill_scalar(id, &member->name, &scalar);
			pushJsonbValue(state, WJB_KEY, &scalar);
			push_node(state, id, &member->value, WJB_VALUE);
		}
		return pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	fill_scalar(id, node, &scalar);
	return pushJsonbValue(state, place, &scalar);
}

Datum
az_jsonb_datum(const AzIdentity *id, const AzNode *node)
{
	JsonbParseState *state = NULL;
	JsonbValue	scalar;

	if (az_node_type(node) == AZ_ARRAY || az_node_type(node) == AZ_OBJECT)
		return JsonbPGetDatum(JsonbValueToJsonb(push_node(&state, id, node,
														  WJB_ELEM)));
	fill_scalar(id, node, &scalar);
	return JsonbPGetDatum(JsonbValueToJsonb(&scalar));
}

Datum
az_return_jsonb(FunctionCallInfo fcinfo, const AzIdentity *id,
				const AzNode *node)
{
	if (node == NULL || az_node_type(node) == AZ_NULL)
		PG_RETURN_NULL();
	return az_jsonb_datum(id, node);
}
