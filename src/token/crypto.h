/*-------------------------------------------------------------------------
 *
 * crypto.h
 *	  What the token library asks of OpenSSL apart from keys and signatures.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CRYPTO_H
#define AZ_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Does OpenSSL have what it makes once for a process?  If memory ran out at
 * that very moment it does not, and would crash.
 */
extern bool az_openssl_is_there(void);

/*
 * Is a lack of memory among the errors that OpenSSL has queued?  It may have added to it
 * on the way out.  Takes errors from the queue.
 */
extern bool az_memory_ran_out(void);

/* Overwrite what may be secret before it is freed.  data may be NULL. */
extern void az_wipe(void *data, size_t len);

/* Compared in a time that does not depend on what they are. */
extern bool az_same_secret(const void *a, const void *b, size_t len);

/* SHA-256 of some bytes, for the cache of verified tokens; false on failure. */
extern bool az_sha256(const void *data, size_t len, unsigned char digest[32]);

/* The same, where the caller looks after OpenSSL's queue of errors. */
extern bool az_sha256_with_errors(const void *data, size_t len, unsigned char digest[32]);

/*
 * For a process whose children will verify tokens: have OpenSSL make what each
 * of them would make at its first token, which is most of what that token
 * costs.
 *
 * Children may share it.  These are descriptions of algorithms, which never
 * change, with counters that each child has of its own after the fork; no other
 * thread is there that could hold a lock.  No key is loaded and no random number
 * drawn, and OpenSSL's generators notice a fork by themselves.  What fails here
 * the children try again.
 */
extern void az_crypto_prepare_fork(void);

/* The version of OpenSSL that was loaded. */
extern const char *az_crypto_version(void);

#endif							/* AZ_CRYPTO_H */
