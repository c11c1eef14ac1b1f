/*-------------------------------------------------------------------------
 *
 * org.c
 *	  Memberships in organisations.
 *
 * Ids are strings in the token.  A text names exactly one of them, and so
 * does an integer, which has one canonical form; both are found by binary
 * search.  A uuid or a citext can be spelled in several ways, so there every
 * membership is looked at, for a uuid most of them at two digits only.
 *
 *-------------------------------------------------------------------------
 */
#include "checks/org.h"

#include "utils/builtins.h"
#include "utils/uuid.h"

#include "server/value.h"

/* An organisation as the caller named it. */
typedef struct OrgName
{
	const AzValueType *type;
	Datum		value;
	Oid			collation;
	uint32		digits;			/* the first four of a uuid, in lower case */
} OrgName;

/* False when it is NULL.  The type is judged in any case. */
static bool
read_name(FunctionCallInfo fcinfo, int argno, OrgName *name)
{
	name->type = az_value_type(fcinfo, argno);
	if (PG_ARGISNULL(argno))
		return false;
	name->value = PG_GETARG_DATUM(argno);
	name->collation = PG_GET_COLLATION();
	if (name->type->kind == AZ_VALUE_UUID)
	{
		static const char hex[] = "0123456789abcdef";
		const unsigned char *uuid = DatumGetUUIDP(name->value)->data;
		char		digits[4];

		digits[0] = hex[uuid[0] >> 4];
		digits[1] = hex[uuid[0] & 15];
		digits[2] = hex[uuid[1] >> 4];
		digits[3] = hex[uuid[1] & 15];
		memcpy(&name->digits, digits, sizeof(digits));
	}
	return true;
}

/*
 * A cheap look at an id that does not begin like the uuid: setting that bit
 * makes letters small and leaves digits alone.
 */
static inline bool
begins_otherwise(const OrgName *name, const char *text, uint32 len)
{
	uint32		digits;

	if (name->type->kind != AZ_VALUE_UUID || len < sizeof(digits))
		return false;
	memcpy(&digits, text, sizeof(digits));
	return (digits | 0x20202020) != name->digits && text[0] != '{';
}

static inline bool
names(const OrgName *name, const AzIdentity *id, const AzOrg *org)
{
	const char *text = az_node_bytes(id, &org->id);
	uint32		len = az_node_len(&org->id);

	return !begins_otherwise(name, text, len) &&
		az_value_equals(name->type, name->value, name->collation, text, len);
}

/* Can two ids of different bytes be the same value? */
static bool
has_spellings(const OrgName *name)
{
	return name->type->kind == AZ_VALUE_UUID ||
		name->type->kind == AZ_VALUE_CITEXT;
}

static const AzOrg *
find_text(const AzIdentity *id, Datum value)
{
	text	   *own = DatumGetTextPP(value);
	const AzOrg *org = az_org_find(id, VARDATA_ANY(own), VARSIZE_ANY_EXHDR(own));

	if ((Pointer) own != DatumGetPointer(value))
		pfree(own);
	return org;
}

static const AzOrg *
find_name(const AzIdentity *id, Datum value)
{
	const char *own = NameStr(*DatumGetName(value));

	return az_org_find(id, own, strnlen(own, NAMEDATALEN));
}

static const AzOrg *
find_integer(const AzIdentity *id, int64 value)
{
	char		buf[MAXINT8LEN + 1];

	return az_org_find(id, buf, pg_lltoa(value, buf));
}

/*
 * The membership that the value names, of a type in which different bytes
 * are different values.
 */
static const AzOrg *
find_exact(const AzIdentity *id, const OrgName *name)
{
	switch (name->type->kind)
	{
		case AZ_VALUE_TEXT:
			return find_text(id, name->value);
		case AZ_VALUE_NAME:
			return find_name(id, name->value);
		case AZ_VALUE_INT2:
			return find_integer(id, DatumGetInt16(name->value));
		case AZ_VALUE_INT4:
			return find_integer(id, DatumGetInt32(name->value));
		case AZ_VALUE_INT8:
			return find_integer(id, DatumGetInt64(name->value));
		case AZ_VALUE_UUID:
		case AZ_VALUE_CITEXT:
			break;
	}
	return NULL;
}

/* The first membership that the value names and that passes the test. */
static const AzOrg *
find(const AzIdentity *id, const OrgName *name, AzOrgTest test, const void *what)
{
	const AzOrg *org;
	uint32		i;

	if (!has_spellings(name))
	{
		org = find_exact(id, name);
		return org != NULL && (test == NULL || test(id, org, what)) ? org : NULL;
	}

	org = az_orgs(id);
	for (i = 0; i < id->norgs; i++)
	{
		if (names(name, id, &org[i]) && (test == NULL || test(id, &org[i], what)))
			return &org[i];
	}
	return NULL;
}

bool
az_org_any(FunctionCallInfo fcinfo, int argno, const AzIdentity *id,
		   AzOrgTest test, const void *what)
{
	OrgName		name;

	return read_name(fcinfo, argno, &name) && id != NULL &&
		find(id, &name, test, what) != NULL;
}

const AzOrg *
az_org_first(FunctionCallInfo fcinfo, int argno, const AzIdentity *id)
{
	OrgName		name;

	if (!read_name(fcinfo, argno, &name) || id == NULL)
		return NULL;
	return find(id, &name, NULL, NULL);
}

const AzOrg *
az_org_active(const AzIdentity *id)
{
	return id != NULL && id->active_org && id->norgs > 0 ? az_orgs(id) : NULL;
}

bool
az_org_named(FunctionCallInfo fcinfo, int argno, const AzIdentity *id,
			 const AzOrg *org)
{
	OrgName		name;

	return read_name(fcinfo, argno, &name) && org != NULL &&
		names(&name, id, org);
}

static bool
set_has(const AzIdentity *id, const AzSet *set, const text *value)
{
	return az_set_has(id, set, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

/* The role that was assigned, not one that it includes. */
static bool
is_assigned(const AzIdentity *id, const AzOrg *org, const text *role)
{
	return az_node_type(&org->role) == AZ_STRING &&
		az_node_len(&org->role) == VARSIZE_ANY_EXHDR(role) &&
		memcmp(az_node_bytes(id, &org->role), VARDATA_ANY(role),
			   VARSIZE_ANY_EXHDR(role)) == 0;
}

bool
az_org_has_role(const AzIdentity *id, const AzOrg *org, const void *role)
{
	return is_assigned(id, org, role) ||
		(org->multi_role && set_has(id, &org->additional, role));
}

/* PropelAuth: the list of inherited roles includes the assigned one. */
bool
az_org_at_least(const AzIdentity *id, const AzOrg *org, const void *role)
{
	if (org->multi_role)
		return az_org_has_role(id, org, role);
	return set_has(id, &org->inherited, role);
}

bool
az_org_permits(const AzIdentity *id, const AzOrg *org, const void *permission)
{
	return set_has(id, &org->permissions, permission);
}
