/* app/form_check.h -- is what was filled in what the form asks for?  Pure. */
#ifndef ZV_APP_FORM_CHECK_H
#define ZV_APP_FORM_CHECK_H

#include <jansson.h>

#include "app/config.h"

/* fields: an object.  Every member is a field of the form (form NULL: any) and of its type, texts
 * have at most 2000 bytes; with `whole` all that is required is there.  "2.5" is a number, too.
 * False: why says which field (size bytes). */
bool zv_form_check(const struct zv_config_form *form, const json_t *fields, bool whole, char *why,
		   size_t size);

#endif
