/*-------------------------------------------------------------------------
 *
 * test_identity_sum.c
 *	  The digest of what answers about an identity depend on: the same for
 *	  issuers that make the same of a payload, another one for all others.
 *
 *-------------------------------------------------------------------------
 */
#include "tokens.h"
#include "token/identity_sum.h"
#include "token/limit.h"

static const char payload_text[] =
"{\"iss\":\"https://x/\",\"sub\":\"ann\",\"aud\":\"clinic\",\"email\":\"ann@x\",\"login\":\"ann1\","
"\"act\":{\"sub\":\"bot\"},\"scope\":\"a b\",\"roles\":[\"r\"],\"more\":[\"r\",\"s\"],\"permissions\":[\"p\"],"
"\"perms\":[\"p\",\"q\"],\"groups\":[\"g\",\"admins\"],\"number\":1,\"text\":\"1\","
"\"org_id_to_org_member_info\":{\"o1\":{\"org_id\":\"o1\",\"org_name\":\"One\",\"user_role\":\"Admin\","
"\"inherited_user_roles_plus_current_role\":[\"Admin\",\"Member\"],\"user_permissions\":[\"x\"]}},"
"\"org_id\":\"o1\",\"org_role\":\"admin\"}";

/* Each means something else than all the others. */
static const char *const meanings[] = {
	"{}",
	"{\"owner_claim\":\"email\"}",
	"{\"owner_claim\":\"login\"}",
	"{\"user_id_claim\":\"login\"}",
	"{\"email_claim\":\"login\"}",
	"{\"role_claims\":[\"more\"]}",
	"{\"role_claims\":[]}",
	"{\"role_claims\":[\"text\"]}",
	"{\"scope_claims\":[\"more\"]}",
	"{\"permission_claims\":[\"perms\"]}",
	"{\"group_claims\":[\"more\"]}",
	"{\"admin_groups\":[\"admins\"]}",
	"{\"org_shape\":\"single\"}",
	"{\"org_shape\":\"single\",\"org_role_claims\":[\"roles\"]}",
};

/* Each the same as the first. */
static const char *const same[] = {
	"{\"role_claims\":[\"roles\",\"nothing\"]}",
	"{\"role_claims\":[\"nothing\",\"roles\"]}",
	"{\"admin_groups\":[\"nobody\"]}",
	"{\"actors\":[\"bot\"]}",
};

#define N_MEANINGS	(sizeof(meanings) / sizeof(meanings[0]))

typedef struct Sum
{
	unsigned char bytes[32];
} Sum;

static Sum
sum_of(const char *options, const AzCeiling *ceiling)
{
	AzIssuer   *issuer = new_issuer("https://x/", options);
	AzBuilder  *builder = az_builder_new();
	AzJson	   *payload = parse(payload_text);
	AzVerified	verified = verified_of(issuer, payload);
	const AzIdentity *id = NULL;
	AzIdentity *room;
	Sum			sum;

	/* times, and with which key it was signed, are no part of it */
	verified.expires += options[1];
	must(az_claims_build(builder, &verified, NULL, &id) == AZ_OK, "cannot build");
	room = malloc(az_limit_room(id));
	must(room != NULL, "out of memory");
	if (ceiling)
		az_limit_identity(id, ceiling, room);
	must(az_identity_sum(ceiling ? room : id, sum.bytes), "cannot make a sum");
	free(room);
	az_json_free(payload);
	az_builder_free(builder);
	az_issuer_free(issuer);
	return sum;
}

static bool
are_same(const Sum *a, const Sum *b)
{
	return memcmp(a, b, sizeof(Sum)) == 0;
}

static void
test_options(void)
{
	Sum			sums[N_MEANINGS];
	size_t		i;
	size_t		k;

	for (i = 0; i < N_MEANINGS; i++)
	{
		Sum			again = sum_of(meanings[i], NULL);

		sums[i] = sum_of(meanings[i], NULL);
		ok(are_same(&sums[i], &again), "%s: the same twice", meanings[i]);
		for (k = 0; k < i; k++)
		{
			if (are_same(&sums[i], &sums[k]))
				break;
		}
		ok(k == i, "%s: none as %s", meanings[i], k == i ? "it" : meanings[k]);
	}
	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++)
	{
		Sum			sum = sum_of(same[i], NULL);

		ok(are_same(&sum, &sums[0]), "%s: as nothing", same[i]);
	}
}

/* Each limit by itself, what it leaves of nothing included, and none. */
static void
test_ceilings(void)
{
	static AzText texts[] = {{"p", 1}, {"zz", 2}};
	Sum			sums[AZ_N_LIMITS + 2];
	int			n = 0;
	int			i;
	int			k;

	sums[n++] = sum_of("{}", NULL);
	for (i = 0; i <= AZ_N_LIMITS; i++)
	{
		AzCeiling	ceiling;

		memset(&ceiling, 0, sizeof(ceiling));
		if (i < AZ_N_LIMITS)
			ceiling.limits[i] = (AzLimit) {true, 2, texts};
		sums[n] = sum_of("{}", &ceiling);
		for (k = 0; k < n && !are_same(&sums[n], &sums[k]); k++)
			;
		ok(k == n, "ceiling %d: none as it", i);
		n++;
	}
}

int
main(void)
{
	test_options();
	test_ceilings();
	return tap_done();
}
