/*-------------------------------------------------------------------------
 *
 * item_path.h
 *	  The path of an item: names with dots between them, and perhaps an e-mail
 *	  address at its end.
 *
 * Letters of ASCII compare without regard to case.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ITEM_PATH_H
#define AZ_ITEM_PATH_H

#include "server/compat.h"

/* Letters of ASCII to lower case; folded may be text itself. */
extern void az_lower_ascii(char *folded, const char *text, size_t len);

/* Same text, letters of ASCII in any case. */
extern bool az_same_ascii(const char *a, size_t alen, const char *b, size_t blen);

/* A path has components between its dots, and none is empty. */
extern bool az_is_item_path(const char *item, size_t len);

/*
 * The argument that is an item, NULL for NULL; raises 22023 when it is not a
 * path.
 */
extern text *az_item_argument(FunctionCallInfo fcinfo, int argno);

/*
 * Is a component that a dot follows, within the first len bytes, "profile"?
 * Returns the length up to and with that dot, for the first one; 0: none is.
 */
extern size_t az_item_profile(const char *item, size_t len);

/*
 * How much of the path is names: only dots in there separate.  What follows is
 * an address, and one component, whatever dots it has.
 */
extern size_t az_item_names(const char *item, size_t len);

/*
 * The length of the longest parent of the path that is not longer than most;
 * 0: there is none.  names: az_item_names() of the path.
 */
extern size_t az_item_parent(const char *item, size_t names, size_t most);

/* Does the path above stand above the path below? */
extern bool az_is_item_above(const text *above, const text *below);

#endif							/* AZ_ITEM_PATH_H */
