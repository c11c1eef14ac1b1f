#include "server/compat.h"
#include "funcapi.h"
AZ_SQL(authz_policy_changes)
{
	InitMaterializedSRF(fcinfo, 0);
	PG_RETURN_NULL();
}
