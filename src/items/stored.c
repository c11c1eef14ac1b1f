/*-------------------------------------------------------------------------
 *
 * stored.c
 *	  A digest of what a database has stored for the identity in force.
 *
 *-------------------------------------------------------------------------
 */
#include "items/stored.h"

#include "items/grants.h"
#include "server/report.h"
#include "session/session.h"
#include "token/b64url.h"
#include "token/crypto.h"
#include "token/identity_sum.h"

/* So much of the digest tells two of them apart. */
#define SUM_BYTES		16

/* The last one that was made. */
static struct
{
	uint32		serial;			/* of the identity; 0: there is none */
	uint32		grants;			/* of its item permissions */
	unsigned char sum[32];
}			last;

static void
raise_failed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_SYSTEM_ERROR),
			 errmsg("could not compute what is stored for the identity")));
}

/* Two sums in one, and what belongs to them: a ceiling says, too, that somebody only reads. */
static void
make_sum(const AzAdoption *current)
{
	unsigned char all[2 * 32 + 1] = {0};
	const void *bytes;
	Size		size = az_grants_bytes(az_adopted_identity(current), &bytes);

	last.serial = 0;
	all[2 * 32] = current->read_only;
	if (!az_identity_sum(az_adopted_identity(current), all) ||
		(size > 0 && !az_sha256(bytes, size, all + 32)) ||
		!az_sha256(all, sizeof(all), last.sum))
		raise_failed();
}

char *
az_stored_digest(const AzAdoption *current)
{
	uint32		grants = az_grants_serial_of(az_adopted_identity(current));
	char	   *digest = palloc(AZ_B64URL_ENCODED_LEN(SUM_BYTES) + 1);

	if (last.serial != current->serial || last.grants != grants)
	{
		make_sum(current);
		last.serial = current->serial;
		last.grants = grants;
	}
	az_b64url_encode(last.sum, SUM_BYTES, digest);
	return digest;
}

void
az_compare_with_stored(AzAdoption *current, const char *stored)
{
	(void) az_settle_candidate(current);
	if (!current->inactive && strcmp(az_stored_digest(current), stored) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("what is stored here for the identity differs from the server that hands it over"),
			 errdetail("The options of its issuer, a ceiling, item permissions or inactive subjects differ."),
			 errhint("Bring the trust of the server where it is administered to the other one: on the coordinator of Citus by authz.spread_trust(), elsewhere by authz.export_trust() and authz.import_trust()."),
			 errhidestmt(true),
			 errhidecontext(true)));
}
