/*-------------------------------------------------------------------------
 *
 * address.h
 *	  Is an address a public one, which the owner of a database may have us call?
 *
 * Plain C, like src/token.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYS_ADDRESS_H
#define AZ_KEYS_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * An address of the internet: neither this machine nor this network, and nothing that
 * is reserved.  An address of IPv6 that holds one of IPv4 (mapped, 6to4, NAT64) is
 * what that one is.  Of another family: false.
 */
extern bool az_address_is_public(const struct sockaddr *address);

#endif							/* AZ_KEYS_ADDRESS_H */
