/*-------------------------------------------------------------------------
 *
 * builder.h
 *	  An identity block while it grows: strings, trees and sets into one
 *	  chunk of memory.
 *
 * The first failure stays: every later call does nothing and returns an empty
 * value, and az_builder_finish() says what it was.  So a caller checks for
 * failure once, at the end.
 *
 * Text comes in as UTF-8 and goes through the converter; text that is asked
 * for by name is converted in the same way before it is compared.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_BUILDER_H
#define AZ_BUILDER_H

#include "token/identity.h"
#include "token/reason.h"

/*
 * How strings leave UTF-8.  Called for strings that hold a byte >= 0x80
 * only.  On success *out is new memory for free().  It may also leave by
 * longjmp: everything is then still owned by the builder.
 *
 * Two different strings must never become one, or two people would.  So a
 * string that does not convert back to the same bytes does not fit.
 */
typedef struct AzConverter
{
	bool		(*convert) (void *arg, const char *utf8, size_t len,
							char **out, size_t *out_len);
	void	   *arg;
} AzConverter;

typedef struct AzBuilder AzBuilder; /* opaque: a growing block */

static inline AzNode
az_make_node(AzType type, size_t len, uint32_t off)
{
	AzNode		node;

	node.head = (uint32_t) len << 3 | (uint32_t) type;
	node.off = off;
	return node;
}

extern AzBuilder *az_builder_new(void);
extern void az_builder_free(AzBuilder *builder);

/* Begin a block; the one before, if any, is gone.  converter may be NULL. */
extern void az_builder_start(AzBuilder *builder, const AzConverter *converter);

/* Has something failed?  Then what was added may be missing from the block. */
extern bool az_builder_failed(const AzBuilder *builder);

/* The block so far.  It moves whenever something is added. */
extern const AzIdentity *az_builder_block(const AzBuilder *builder);

/* Has the text a form in the encoding of the block? */
extern bool az_builder_fits(const AzBuilder *builder, const char *utf8, size_t len);

/* A string: converted, or byte for byte. */
extern AzNode az_builder_string(AzBuilder *builder, const char *utf8, size_t len);
extern AzNode az_builder_bytes(AzBuilder *builder, const char *bytes, size_t len);

/* A whole JSON value. */
extern AzNode az_builder_tree(AzBuilder *builder, const AzJson *json);

/* Copy a member of an object in the block; false: absent, or no object. */
extern bool az_builder_member(AzBuilder *builder, AzNode object,
							  const char *utf8, size_t len, AzMember *member);

/*
 * A set: add its strings, then end it.  A string may be a part of one that
 * is in the block already.  When the set turns out to be exactly the elements
 * of array (else AZ_NULL), it shares them.
 */
extern void az_builder_set_add(AzBuilder *builder, AzNode string);
extern AzSet az_builder_set_end(AzBuilder *builder, AzNode array);

/*
 * Is that string in a finished set?  A string that does not fit is in no set.
 */
extern bool az_builder_set_has(AzBuilder *builder, const AzSet *set,
							   const char *utf8, size_t len);

/* Zeroed room for n records, and to write one of them. */
extern uint32_t az_builder_room(AzBuilder *builder, size_t n, size_t width);
extern void az_builder_put(AzBuilder *builder, uint32_t room, size_t i,
						   const void *record, size_t width);

/* uint32_t[n]: the records' indexes, sorted by the string that they begin
 * with.  Two equal strings are a failure. */
extern uint32_t az_builder_order(AzBuilder *builder, uint32_t room, size_t n,
								 size_t width);

/*
 * Put the header in its place (size is filled in) and hand out the block,
 * borrowed from the builder until az_builder_start().  AZ_OK,
 * AZ_CLAIM_ENCODING, AZ_TOKEN_TOO_LARGE or AZ_NO_MEMORY.
 */
extern AzReason az_builder_finish(AzBuilder *builder, AzIdentity *header,
								  const AzIdentity **identity);

#endif							/* AZ_BUILDER_H */
