/*-------------------------------------------------------------------------
 *
 * issuer_intern.h
 *	  How the values of options are read, for issuer_options.c alone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ISSUER_INTERN_H
#define AZ_ISSUER_INTERN_H

#include "token/issuer.h"

/*
 * Readers replace one field by a value of the right type.  They return NULL,
 * or why the value was refused, and if it is an array, because of which
 * element, from 1; the field is then still fit to be freed.
 */
typedef const char *(*AzOptionReader) (void *field, const AzJson *value, size_t *element);

extern const char *az_read_names(void *field, const AzJson *value, size_t *element);
extern const char *az_read_actors(void *field, const AzJson *value, size_t *element);
extern const char *az_read_algorithms(void *field, const AzJson *value, size_t *element);
extern const char *az_read_boolean(void *field, const AzJson *value, size_t *element);
extern const char *az_read_leeway(void *field, const AzJson *value, size_t *element);
extern const char *az_read_skew(void *field, const AzJson *value, size_t *element);
extern const char *az_read_max_age(void *field, const AzJson *value, size_t *element);
extern const char *az_read_bound_tokens(void *field, const AzJson *value, size_t *element);
extern const char *az_read_overage(void *field, const AzJson *value, size_t *element);
extern const char *az_read_org_shape(void *field, const AzJson *value, size_t *element);
extern const char *az_read_string(void *field, const AzJson *value, size_t *element);
extern const char *az_read_uri(void *field, const AzJson *value, size_t *element);
extern const char *az_read_audience_claims(void *field, const AzJson *value, size_t *element);

#endif							/* AZ_ISSUER_INTERN_H */
