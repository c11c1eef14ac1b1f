/*-------------------------------------------------------------------------
 *
 * older.c
 *	  Makes the server say that it is an older minor release: RELEASE, as in
 *	  server_version_num.  For test/tap/260_release.pl.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

/* Nobody else may: the only value in its range is that of the server. */
void
_PG_init(void)
{
	struct config_int *number = NULL;

#if PG_VERSION_NUM < 160000
	struct config_generic **all = get_guc_variables();
	int			n = GetNumConfigOptions();
#else
	int			n;
	struct config_generic **all = get_guc_variables(&n);
#endif

	while (number == NULL && n-- > 0)
	{
		if (strcmp(all[n]->name, "server_version_num") == 0)
			number = (struct config_int *) all[n];
	}
	number->min = number->max = RELEASE;
	*number->variable = RELEASE;
}
