/*-------------------------------------------------------------------------
 *
 * sharing_tables.c
 *	  What the catalog says of what sharing_view() is given.
 *
 * Keys of two tables are compared by the operator of their type, and stand in
 * one column of the view.  So they must have one type and one collation; text
 * and varchar count as one, and a domain as what it is over.
 *
 *-------------------------------------------------------------------------
 */
#include "policies/sharing_tables.h"

#include "access/htup_details.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

static void
check_base(const AzTableColumn *column, const char *relation, Oid type, const char *use)
{
	if (getBaseType(column->type) != type)
		az_raise_unfit_column(column, relation, use,
							  psprintf("It must be of type %s, or a domain over it.",
									   format_type_be(type)));
}

/* The level is compared with literals, so an enum will do as well. */
static void
check_level(AzTableColumn *column, const char *relation)
{
	column->base = getBaseType(column->type);
	if (!type_is_enum(column->base))
		az_check_value_column(column, relation, "compared with levels");
}

static void
check_column(AzSharingColumn which, AzTableColumn *column, const char *relation)
{
	switch (which)
	{
		case AZ_SHARE_SUBJECT:
		case AZ_MEMBER_SUBJECT:
			az_check_value_column(column, relation, "compared with a claim");
			break;
		case AZ_FOLDER_BREAKS:
		case AZ_SHARE_DENY:
			check_base(column, relation, BOOLOID, "used as a flag");
			break;
		case AZ_SHARE_UNTIL:
		case AZ_MEMBER_UNTIL:
		case AZ_SUBTEAM_UNTIL:
			check_base(column, relation, TIMESTAMPTZOID, "used as an end");
			break;
		case AZ_SHARE_LEVEL:
			check_level(column, relation);
			break;
		default:
			az_check_value_column(column, relation, "used as a key");
			break;
	}
}

static void
find_columns(AzSharingRules *rules)
{
	int			i;

	for (i = 0; i < AZ_SHARING_COLUMNS; i++)
	{
		const AzTable *table = &rules->table[az_sharing_table_of(i)];

		if (rules->column[i].name == NULL)
			continue;
		az_find_column(table, &rules->column[i]);
		check_column(i, &rules->column[i], table->name);
	}
}

static void
check_alike(const AzTableColumn *one, const char *one_relation,
			const AzTableColumn *other, const char *other_relation)
{
	if (one->name == NULL || other->name == NULL)
		return;
	if (one->kind != other->kind || one->collation != other->collation)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" cannot be compared with column \"%s\" of relation \"%s\"",
						one->name, one_relation, other->name, other_relation),
				 one->kind != other->kind ?
				 errdetail("Their types are %s and %s.",
						   format_type_be(one->type), format_type_be(other->type)) :
				 errdetail("Their collations differ.")));
}

static void
check_pairs(const AzSharingRules *rules)
{
	static const AzSharingColumn pairs[][2] = {
		{AZ_SHARE_KEY, AZ_FOLDER_KEY},
		{AZ_FOLDER_PARENT, AZ_FOLDER_KEY},
		{AZ_SHARE_TEAM, AZ_MEMBER_TEAM},
		{AZ_SUBTEAM, AZ_MEMBER_TEAM},
		{AZ_SUBTEAM_OF, AZ_MEMBER_TEAM},
	};
	int			i;

	for (i = 0; i < (int) lengthof(pairs); i++)
		check_alike(&rules->column[pairs[i][0]],
					rules->table[az_sharing_table_of(pairs[i][0])].name,
					&rules->column[pairs[i][1]],
					rules->table[az_sharing_table_of(pairs[i][1])].name);
}

/* Its first column, and whether there is the second one that a set can have. */
static void
read_set_columns(AzSharingRules *rules, const char *name)
{
	AzTableColumn column;
	HeapTuple	tuple;
	int			n = 0;

	while (HeapTupleIsValid(tuple = SearchSysCacheAttNum(rules->team_set, n + 1)))
	{
		az_read_column((Form_pg_attribute) GETSTRUCT(tuple), &column);
		ReleaseSysCache(tuple);
		n++;
		if (n == 1)
			rules->team_set_key = column;
		else
			rules->team_set_ends = strcmp(column.name, "valid_until") == 0 &&
				column.type == TIMESTAMPTZOID;
	}
	if (n == 0 || n > 2 || (n == 2 && !rules->team_set_ends))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("view \"%s\" is not a set", name),
				 errdetail("A set has one column, its keys, or a second one that is named valid_until and of type timestamp with time zone.")));
}

static void
find_team_set(AzSharingRules *rules)
{
	char	   *name;

	LockRelationOid(rules->team_set, AccessShareLock);
	name = get_rel_name(rules->team_set);
	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", rules->team_set)));
	if (get_rel_relkind(rules->team_set) != RELKIND_VIEW)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a view", name)));
	rules->team_set_quoted = az_qualified_name(rules->team_set);
	read_set_columns(rules, name);
	az_check_value_column(&rules->team_set_key, name, "used as a key");
	check_alike(&rules->column[AZ_SHARE_TEAM], rules->table[AZ_SHARES].name,
				&rules->team_set_key, name);
}

void
az_find_sharing_tables(AzSharingRules *rules, LOCKMODE mode)
{
	int			i;

	for (i = 0; i < AZ_SHARING_TABLES; i++)
	{
		if (rules->given[i])
			az_lock_table(rules->rel[i], mode, &rules->table[i]);
	}
	find_columns(rules);
	check_pairs(rules);
	if (rules->by_set)
		find_team_set(rules);
}
