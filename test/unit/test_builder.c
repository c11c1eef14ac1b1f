/*-------------------------------------------------------------------------
 *
 * test_builder.c
 *	  Limits of the block that an identity is built in.
 *
 * No test has gigabytes: what is too long is refused before it is looked at.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "token/builder.h"
#include "signer.h"
#include "tap.h"

#define LONGEST		((size_t) (UINT32_MAX >> 3))

static AzReason
finish(AzBuilder *builder)
{
	AzIdentity	header = {0};
	const AzIdentity *id;
	AzReason	reason = az_builder_finish(builder, &header, &id);

	MUST((id != NULL) == (reason == AZ_OK));
	return reason;
}

static AzBuilder *
begun(void)
{
	AzBuilder  *builder = az_builder_new();

	MUST(builder != NULL);
	az_builder_start(builder, NULL);
	return builder;
}

static void
test_limits(void)
{
	AzBuilder  *builder = begun();

	ok(finish(builder) == AZ_OK, "accept an empty block");

	az_builder_start(builder, NULL);
	az_builder_bytes(builder, "x", LONGEST + 1);
	ok(finish(builder) == AZ_TOKEN_TOO_LARGE, "refuse a string that a node cannot count");

	az_builder_start(builder, NULL);
	ok(az_builder_room(builder, LONGEST + 1, 1) == 0, "nor is there room for so many records");
	ok(finish(builder) == AZ_TOKEN_TOO_LARGE, "refuse more records than a node can count");

	az_builder_start(builder, NULL);
	az_builder_room(builder, LONGEST, 8);
	ok(finish(builder) == AZ_TOKEN_TOO_LARGE, "refuse records of more than 2 GB");

	az_builder_start(builder, NULL);
	az_builder_room(builder, LONGEST, 4);
	ok(finish(builder) == AZ_TOKEN_TOO_LARGE, "refuse a block that they would fill to 2 GB");

	az_builder_start(builder, NULL);
	ok(az_builder_order(builder, 0, LONGEST, 8) == 0 && finish(builder) == AZ_TOKEN_TOO_LARGE,
	   "refuse to sort so many");

	az_builder_start(builder, NULL);
	ok(finish(builder) == AZ_OK, "none of it outlives the next start");
	az_builder_free(builder);
}

/* What is too large for one token does not stay, and does not hurt the next. */
static void
test_large(void)
{
	AzBuilder  *builder = begun();
	size_t		size = 1024 * 1024;
	char	   *large = malloc(size);
	AzNode		node;

	MUST(large != NULL);
	memset(large, 'x', size);
	node = az_builder_bytes(builder, large, size);
	ok(az_node_len(&node) == size && finish(builder) == AZ_OK, "accept a megabyte");
	az_builder_start(builder, NULL);
	node = az_builder_bytes(builder, "small", 5);
	ok(az_node_len(&node) == 5 &&
	   memcmp(az_node_bytes(az_builder_block(builder), &node), "small", 5) == 0,
	   "accept a small one after it");
	free(large);
	az_builder_free(builder);
}

int
main(void)
{
	test_limits();
	test_large();
	return tap_done();
}
