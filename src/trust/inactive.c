/*-------------------------------------------------------------------------
 *
 * inactive.c
 *	  Is a subject listed as inactive?
 *
 *-------------------------------------------------------------------------
 */
#include "trust/inactive.h"

#include "utils/snapmgr.h"

#include "trust/trust_table.h"

/*
 * Usually there is no row at all, and then nothing is looked up.  A table that
 * cannot be read does not count as empty.
 */
static bool
is_empty(void)
{
	static AzReading reading = {0};
	static bool any;
	AzReading	now;
	AzRows		rows;

	if (az_reading_serves(&reading, az_source(AZ_STORED_INACTIVE)))
		return !any;
	now = az_begin_reading(az_source(AZ_STORED_INACTIVE));
	/* an error half-way leaves it unknown */
	reading.epoch = 0;
	if (az_begin_rows_under(&rows, GetActiveSnapshot(), AZ_TABLE_INACTIVE, NULL, NULL, 0))
	{
		any = az_next_row(&rows) != NULL;
		reading = now;
	}
	az_end_rows(&rows);
	return reading.epoch != 0 && !any;
}

bool
az_is_listed_inactive(const char *issuer, const char *subject)
{
	static const AttrNumber columns[] = {Inactive_issuer, Inactive_subject};
	const char *texts[] = {issuer, subject};
	AzRows		rows;
	bool		found;

	if (is_empty())
		return false;
	found = !az_begin_rows_under(&rows, GetActiveSnapshot(), AZ_TABLE_INACTIVE, columns,
								 texts, lengthof(texts)) ||
		az_next_row(&rows) != NULL;
	az_end_rows(&rows);
	return found;
}
