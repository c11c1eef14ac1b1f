/*-------------------------------------------------------------------------
 *
 * address.c
 *	  Is an address a public one, which the owner of a database may have us call?
 *
 * By the registries of special-purpose addresses (RFC 6890).  Of IPv4 the list says
 * what is none; of IPv6 everything is none but 2000::/3, and a list of what is
 * reserved in there.
 *
 *-------------------------------------------------------------------------
 */
#include "address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct Range4
{
	uint32_t	first;
	int			bits;
} Range4;

#define IP4(a, b, c, d)	((uint32_t) (a) << 24 | (b) << 16 | (c) << 8 | (d))

static const Range4 reserved4[] = {
	{IP4(0, 0, 0, 0), 8},		/* this network, unspecified */
	{IP4(10, 0, 0, 0), 8},		/* private (RFC 1918) */
	{IP4(100, 64, 0, 0), 10},	/* carrier-grade NAT (RFC 6598) */
	{IP4(127, 0, 0, 0), 8},		/* loopback */
	{IP4(169, 254, 0, 0), 16},	/* link-local, and a cloud's metadata */
	{IP4(172, 16, 0, 0), 12},	/* private */
	{IP4(192, 0, 0, 0), 24},	/* protocols (RFC 6890) */
	{IP4(192, 0, 2, 0), 24},	/* documentation (RFC 5737) */
	{IP4(192, 88, 99, 0), 24},	/* relays of 6to4 (RFC 7526) */
	{IP4(192, 168, 0, 0), 16},	/* private */
	{IP4(198, 18, 0, 0), 15},	/* benchmarks (RFC 2544) */
	{IP4(198, 51, 100, 0), 24}, /* documentation */
	{IP4(203, 0, 113, 0), 24},	/* documentation */
	{IP4(224, 0, 0, 0), 4},		/* multicast */
	{IP4(240, 0, 0, 0), 4}		/* reserved, broadcast */
};

typedef struct Range6
{
	unsigned char first[8];
	int			bits;			/* at most 64 */
} Range6;

static const Range6 reserved6[] = {
	{{0x20, 0x01, 0x00, 0x00}, 23}, /* protocols, Teredo, ORCHID (RFC 2928) */
	{{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation (RFC 3849) */
	{{0x3f, 0xff, 0x00, 0x00}, 20}	/* documentation (RFC 9637) */
};

static bool
begins_with(const unsigned char *bytes, const unsigned char *prefix, int bits)
{
	int			whole = bits / 8;
	int			rest = bits % 8;

	return memcmp(bytes, prefix, whole) == 0 &&
		(rest == 0 || (bytes[whole] ^ prefix[whole]) >> (8 - rest) == 0);
}

static bool
is_public4(const unsigned char *bytes)
{
	uint32_t	address = IP4(bytes[0], bytes[1], bytes[2], bytes[3]);
	size_t		i;

	for (i = 0; i < sizeof(reserved4) / sizeof(reserved4[0]); i++)
	{
		if ((address ^ reserved4[i].first) >> (32 - reserved4[i].bits) == 0)
			return false;
	}
	return true;
}

static bool
is_public6(const unsigned char *bytes)
{
	static const unsigned char mapped[12] = {[10] = 0xff,[11] = 0xff};
	static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	static const unsigned char six_to_four[2] = {0x20, 0x02};
	size_t		i;

	if (memcmp(bytes, mapped, sizeof(mapped)) == 0 ||	/* RFC 4291, 2.5.5.2 */
		memcmp(bytes, nat64, sizeof(nat64)) == 0)	/* RFC 6052, 2.1 */
		return is_public4(bytes + 12);
	if (memcmp(bytes, six_to_four, sizeof(six_to_four)) == 0)	/* RFC 3056, 2 */
		return is_public4(bytes + 2);
	for (i = 0; i < sizeof(reserved6) / sizeof(reserved6[0]); i++)
	{
		if (begins_with(bytes, reserved6[i].first, reserved6[i].bits))
			return false;
	}
	return bytes[0] >> 5 == 1;	/* global unicast (RFC 4291, 2.4) */
}

bool
az_address_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
	{
		struct sockaddr_in in;

		memcpy(&in, address, sizeof(in));
		return is_public4((const unsigned char *) &in.sin_addr);
	}
	if (address->sa_family == AF_INET6)
	{
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof(in6));
		return is_public6(in6.sin6_addr.s6_addr);
	}
	return false;
}
