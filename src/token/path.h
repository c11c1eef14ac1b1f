/*-------------------------------------------------------------------------
 *
 * path.h
 *	  Lists of names, and where in a payload a claim stands.
 *
 * All memory is malloc'ed and goes with the az_..._free() of the list.
 * Everything is UTF-8.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_PATH_H
#define AZ_PATH_H

#include "token/json.h"

typedef struct AzName
{
	char	   *data;			/* terminated, no U+0000 inside */
	size_t		len;
} AzName;

typedef struct AzNames
{
	size_t		n;
	AzName	   *name;
} AzNames;

/* Keys of nested objects, outermost first; n >= 1. */
typedef struct AzPath
{
	size_t		n;
	AzName	   *name;
	bool		keys;			/* the values are the keys of the object there */
} AzPath;

typedef struct AzPaths
{
	size_t		n;
	AzPath	   *path;
} AzPaths;

/* What a reader says when memory ran out: this very text. */
extern const char az_out_of_memory[];

/* New memory, terminated; NULL when there is none. */
extern char *az_copy_bytes(const char *data, size_t len);

/* The lists are empty then, and fit for use. */
extern void az_names_free(AzNames *names);
extern void az_path_free(AzPath *path);
extern void az_paths_free(AzPaths *paths);

/* Append one; false when memory ran out. */
extern bool az_names_add(AzNames *names, const char *data, size_t len);

/* Take a name out, if it is there. */
extern void az_names_drop(AzNames *names, const char *name);

/* Is it one of the names?  Bytewise. */
extern bool az_names_has(const AzNames *names, const char *name, size_t len);

/*
 * Readers of options: NULL, or why the value was refused (constant text), and
 * because of which element of it, from 1.  Append the members of an array,
 * each a string that is not empty.
 */
extern const char *az_names_add_array(AzNames *names, const AzJson *array,
									  bool distinct, size_t *element);

/*
 * Replace a location (AzPath *): one key, or an array of keys from the outside
 * inwards.  Where a list is looked for it may also be the keys of an object.
 */
extern const char *az_read_path(void *field, const AzJson *value, size_t *element);
extern const char *az_read_list_path(void *field, const AzJson *value, size_t *element);

/* Replace an array of locations (AzPaths *) of either kind. */
extern const char *az_read_paths(void *field, const AzJson *value, size_t *element);
extern const char *az_read_list_paths(void *field, const AzJson *value, size_t *element);

/*
 * Replace the locations (AzPaths *) of one value, of which the first that is
 * present counts: one location, or an array with an array among its members,
 * which are locations then.
 */
extern const char *az_read_first_path(void *field, const AzJson *value, size_t *element);

/* Is it this one key, at the top? */
extern bool az_path_is(const AzPath *path, const char *name);

/* Does the one path lead to the other, or into it? */
extern bool az_path_begins(const AzPath *path, const AzPath *start);

/*
 * The value at a path: NULL when a key is absent or the value is JSON null.
 */
extern const AzJson *az_claim_at(const AzJson *payload, const AzPath *path);

/* The first path with a value; NULL: there is none. */
extern const AzPath *az_first_path(const AzJson *payload, const AzPaths *paths);

#endif							/* AZ_PATH_H */
