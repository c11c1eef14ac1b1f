/*-------------------------------------------------------------------------
 *
 * wording.c
 *	  Expressions and names, in lines that people read.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/wording.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "insight/shown.h"


/*
 * Lines
 */

/*
 * Of Unicode: what ends a line, and what turns the direction of writing and so
 * shows one text as another one.
 */
static bool
is_hidden(pg_wchar c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
		(c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

static void
append_hidden(StringInfo line, pg_wchar c)
{
	switch (c)
	{
		case '\n':
			appendStringInfoString(line, "\\n");
			break;
		case '\r':
			appendStringInfoString(line, "\\r");
			break;
		case '\t':
			appendStringInfoString(line, "\\t");
			break;
		default:
			appendStringInfo(line, "\\u%04x", (unsigned) c);
	}
}

/* The character at s, as a number that is_hidden() understands. */
static pg_wchar
code_of(const char *s, int len)
{
	if (len == 1)
		return IS_HIGHBIT_SET(*s) ? 0xa0 : (unsigned char) *s;
	return GetDatabaseEncoding() == PG_UTF8 ? utf8_to_unicode((const unsigned char *) s) : 0xa0;
}

static void
append_line(StringInfo line, const char *text, size_t size, bool quoted)
{
	const char *end = text + size;

	while (text < end)
	{
		int			len = Min(pg_encoding_mblen(GetDatabaseEncoding(), text), end - text);
		pg_wchar	c = code_of(text, len);

		if (is_hidden(c))
			append_hidden(line, c);
		else if (quoted && (*text == '"' || *text == '\\'))
			appendStringInfo(line, "\\%c", *text);
		else
			appendBinaryStringInfo(line, text, len);
		text += len;
	}
}

char *
az_one_line(const char *text)
{
	StringInfoData line;

	initStringInfo(&line);
	append_line(&line, text, strlen(text), false);
	return line.data;
}

/* Nothing in it that could be taken for what stands around a value. */
static bool
is_plain_word(const char *value, size_t len)
{
	size_t		i;

	for (i = 0; i < len; i++)
	{
		if (value[i] <= ' ' || value[i] >= 0x7f || strchr("\"\\,;{}()'", value[i]))
			return false;
	}
	return len > 0;
}

char *
az_quote_value(const char *value, size_t len)
{
	StringInfoData line;

	if (is_plain_word(value, len))
		return pnstrdup(value, len);
	initStringInfo(&line);
	appendStringInfoChar(&line, '"');
	append_line(&line, value, len, true);
	appendStringInfoChar(&line, '"');
	return line.data;
}


/*
 * Expressions
 */

/* Without the parentheses around all of it. */
static char *
without_parentheses(char *text)
{
	size_t		len = strlen(text);
	int			depth = 0;
	char		quote = '\0';
	size_t		i;

	if (len < 2 || text[0] != '(' || text[len - 1] != ')')
		return text;
	for (i = 0; i < len; i++)
	{
		if (quote != '\0')
			quote = text[i] == quote ? '\0' : quote;
		else if (text[i] == '\'' || text[i] == '"')
			quote = text[i];
		else if (text[i] == '(')
			depth++;
		else if (text[i] == ')' && --depth == 0 && i < len - 1)
			return text;
	}
	return pnstrdup(text + 1, len - 2);
}

/* A list as a constant of its first values; *more: how many there are behind. */
static Const *
shorten_list(const Const *list, int *more)
{
	ArrayType  *array = DatumGetArrayTypeP(list->constvalue);
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	Const	   *copy = copyObject(unconstify(Const *, list));
	Datum	   *values;
	bool	   *nulls;
	int16		len;
	bool		byval;
	char		align;

	if (n <= AZ_MOST_VALUES)
		return copy;
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &len, &byval, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), len, byval, align, &values, &nulls, &n);
	copy->constvalue = PointerGetDatum(construct_md_array(values, nulls, 1,
														  (int[]) {AZ_MOST_VALUES}, (int[]) {1},
														  ARR_ELEMTYPE(array), len, byval, align));
	*more += n - AZ_MOST_VALUES;
	return copy;
}

static Node *
shorten(Node *node, void *more)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, ScalarArrayOpExpr))
	{
		ScalarArrayOpExpr *any = copyObject((ScalarArrayOpExpr *) node);
		Const	   *list = lsecond(any->args);

		if (IsA(list, Const) && !list->constisnull)
			lsecond(any->args) = shorten_list(list, more);
		return (Node *) any;
	}
	return expression_tree_mutator(node, shorten, more);
}

/* Without the type of literals that are texts anyway: 'ann'::text is 'ann'. */
static char *
without_text_casts(const char *text)
{
	static const char cast[] = "'::text";
	StringInfoData line;
	bool		quoted = false;

	initStringInfo(&line);
	for (; *text; text++)
	{
		appendStringInfoChar(&line, *text);
		quoted ^= *text == '\'';
		if (!quoted && strncmp(text, cast, strlen(cast)) == 0 && text[strlen(cast)] != '[')
			text += strlen(cast) - 1;
	}
	return line.data;
}

static char *
condition_text(Oid rel, Node *condition)
{
	return az_one_line(without_parentheses(az_shown_condition(rel, condition)));
}

char *
az_condition_in_short(Oid rel, Node *condition)
{
	int			more = 0;
	Node	   *in_short = shorten(condition, &more);
	char	   *text = without_text_casts(condition_text(rel, in_short));

	return more == 0 ? text : psprintf("%s (and %d more values)", text, more);
}

/* As text in quotes, or as it is where SQL needs none. */
static char *
value_text(Oid type, Datum value)
{
	Oid			output;
	bool		is_varlena;
	char	   *text;

	getTypeOutputInfo(type, &output, &is_varlena);
	text = OidOutputFunctionCall(output, value);
	switch (type)
	{
		case BOOLOID:
			return DatumGetBool(value) ? "true" : "false";
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return text;
		default:
			return quote_literal_cstr(text);
	}
}

char *
az_result_in_short(Oid rel, Node *result)
{
	Const	   *constant = (Const *) result;

	if (!IsA(result, Const) || constant->consttype == BOOLOID || type_is_array(constant->consttype))
		return az_condition_in_short(rel, result);
	if (constant->constisnull)
		return "NULL";
	return az_one_line(value_text(constant->consttype, constant->constvalue));
}

/* The elements of a list, as arguments. */
static char *
list_text(const Const *list)
{
	ArrayType  *array = DatumGetArrayTypeP(list->constvalue);
	StringInfoData text;
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			i;

	initStringInfo(&text);
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &n);
	for (i = 0; i < n; i++)
		appendStringInfo(&text, "%s%s", i == 0 ? "" : ", ",
						 nulls[i] ? "NULL" : value_text(TEXTOID, values[i]));
	return text.data;
}

static char *
argument_text(Oid rel, Node *arg, bool spread)
{
	Const	   *constant = (Const *) (arg = eval_const_expressions(NULL, arg));

	if (!IsA(arg, Const))
		return az_shown_expression(rel, arg);
	if (constant->constisnull)
		return "NULL";
	if (spread && constant->consttype == TEXTARRAYOID)
		return list_text(constant);
	return value_text(constant->consttype, constant->constvalue);
}

char *
az_call_text(Oid rel, const FuncExpr *call)
{
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	appendStringInfo(&text, "%s(", get_func_name(call->funcid));
	foreach(lc, call->args)
		appendStringInfo(&text, "%s%s", foreach_current_index(lc) == 0 ? "" : ", ",
						 argument_text(rel, lfirst(lc),
									   call->funcvariadic && lnext(call->args, lc) == NULL));
	appendStringInfoChar(&text, ')');
	return az_one_line(text.data);
}
