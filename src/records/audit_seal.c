/*-------------------------------------------------------------------------
 *
 * audit_seal.c
 *	  The rows of authz.audit_seal.
 *
 *-------------------------------------------------------------------------
 */
#include "records/audit_seal.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "server/spi.h"

/* Whatever has become of the table. */
#define COLUMNS \
	"SELECT s.seal::pg_catalog.int8, s.origin::pg_catalog.int8," \
	" s.from_xid::pg_catalog.xid8, s.before_xid::pg_catalog.xid8, s.events::pg_catalog.int8," \
	" s.last_at::pg_catalog.timestamptz, s.sealed_at::pg_catalog.timestamptz," \
	" s.content::pg_catalog.bytea, s.sum::pg_catalog.bytea, s.pruned::pg_catalog.bool"

void
az_lock_seals(void)
{
	AzSpiParams none = {0};

	(void) az_spi_run("LOCK TABLE authz.audit_seal IN SHARE ROW EXCLUSIVE MODE", &none);
}

/* One row, as the active snapshot shows it. */
static uint64
read_one(const char *query, const int64 *number)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(number ? *number : 0)};

	if (SPI_execute_with_args(query, number ? 1 : 0, types, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the seals");
	return SPI_processed;
}

static Datum
value_of(int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, isnull);
}

/* False where it is none, which the owner of the table can bring about. */
static bool
read_sum(int column, AzSum *sum)
{
	bool		isnull;
	Datum		value = value_of(column, &isnull);
	bytea	   *bytes = isnull ? NULL : DatumGetByteaPP(value);

	memset(sum, 0, sizeof(*sum));
	if (bytes == NULL || VARSIZE_ANY_EXHDR(bytes) != AZ_SUM_SIZE)
		return false;
	memcpy(sum->bytes, VARDATA_ANY(bytes), AZ_SUM_SIZE);
	return true;
}

static bool
read_number(int column, void *number)
{
	bool		isnull;
	int64		value = DatumGetInt64(value_of(column, &isnull));

	if (isnull)
		value = 0;
	memcpy(number, &value, sizeof(value));
	return !isnull;
}

static void
read_seal(AzStoredSeal *stored)
{
	AzSeal	   *seal = &stored->seal;
	bool		isnull;
	bool		whole;

	whole = read_number(1, &seal->seal);
	whole = read_number(2, &seal->origin) && whole;
	whole = read_number(3, &seal->from_xid) && whole;
	whole = read_number(4, &seal->before_xid) && whole;
	whole = read_number(5, &seal->events) && whole;
	whole = read_number(6, &seal->last_at) && whole;
	whole = read_number(7, &seal->sealed_at) && whole;
	whole = read_sum(8, &seal->content) && whole;
	whole = read_sum(9, &stored->sum) && whole;
	stored->pruned = DatumGetBool(value_of(10, &isnull)) && !isnull;
	stored->broken = !whole || isnull;
	stored->marks = NULL;
}

bool
az_next_seal(int64 after, AzStoredSeal *stored)
{
	MemoryContext context = CurrentMemoryContext;
	bool		isnull;
	Datum		marks;

	if (read_one(COLUMNS ", s.marks::pg_catalog.bytea FROM authz.audit_seal s WHERE s.seal OPERATOR(pg_catalog.>) $1 ORDER BY s.seal LIMIT 1",
			 &after) == 0)
		return false;
	read_seal(stored);
	marks = value_of(11, &isnull);
	if (!isnull)
	{
		MemoryContext old = MemoryContextSwitchTo(context);

		stored->marks = DatumGetByteaPCopy(marks);
		MemoryContextSwitchTo(old);
	}
	SPI_freetuptable(SPI_tuptable);
	return true;
}

bool
az_last_seal(AzStoredSeal *stored)
{
	if (read_one(COLUMNS " FROM authz.audit_seal s ORDER BY s.seal DESC LIMIT 1", NULL) == 0)
		return false;
	read_seal(stored);
	SPI_freetuptable(SPI_tuptable);
	return true;
}

uint64
az_sealed_before(int64 origin)
{
	uint64		before = 0;

	if (read_one("SELECT s.before_xid::pg_catalog.xid8 FROM authz.audit_seal s WHERE s.origin OPERATOR(pg_catalog.=) $1"
			 " ORDER BY s.seal DESC LIMIT 1", &origin) > 0)
		(void) read_number(1, &before);
	SPI_freetuptable(SPI_tuptable);
	return before;
}

static void
add_number(Oid *types, Datum *values, int column, Oid type, int64 number)
{
	types[column] = type;
	values[column] = Int64GetDatum(number);
}

static void
add_bytes(Oid *types, Datum *values, int column, const void *bytes, Size len)
{
	bytea	   *value = palloc(VARHDRSZ + len);

	SET_VARSIZE(value, VARHDRSZ + len);
	memcpy(VARDATA(value), bytes, len);
	types[column] = BYTEAOID;
	values[column] = PointerGetDatum(value);
}

void
az_store_seal(const AzSeal *seal, const AzSum *sum, const AzMarks *marks)
{
	Oid			types[10];
	Datum		values[10];

	add_number(types, values, 0, INT8OID, seal->seal);
	add_number(types, values, 1, INT8OID, seal->origin);
	add_number(types, values, 2, XID8OID, (int64) seal->from_xid);
	add_number(types, values, 3, XID8OID, (int64) seal->before_xid);
	add_number(types, values, 4, INT8OID, seal->events);
	add_number(types, values, 5, TIMESTAMPTZOID, seal->last_at);
	add_number(types, values, 6, TIMESTAMPTZOID, seal->sealed_at);
	add_bytes(types, values, 7, seal->content.bytes, AZ_SUM_SIZE);
	add_bytes(types, values, 8, sum->bytes, AZ_SUM_SIZE);
	add_bytes(types, values, 9, marks->bytes.data, marks->bytes.len);
	if (SPI_execute_with_args("INSERT INTO authz.audit_seal (seal, origin, from_xid, before_xid, events,"
							  " last_at, sealed_at, content, sum, marks)"
							  " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
							  lengthof(types), types, values, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not store a seal");
}
