/* app/template.h -- texts with variables: "Здравствуйте, {{name|уважаемый клиент}}!".
 *
 * {{column}} stands for an attribute of the lead, {{column|text}} has a default for an absent or
 * empty one.  There is nothing else: no escapes, no nesting.  Pure.
 */
#ifndef ZV_APP_TEMPLATE_H
#define ZV_APP_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

#include "zvonar/err.h"

#define ZV_TEMPLATE_TEXT_MAX 4096u

/* attrs: "key\0value\0key\0value\0", attrs_len bytes, as zv_store_lead_attrs gives it (hostile:
 * a last text without its 0 is ignored).  Writes a text that ends in 0; control characters in
 * values become spaces.  An unknown variable without default becomes nothing and is counted in
 * *ret_missing (may be NULL).  ZV_EPARSE: braces that do not match; ZV_EFULL: buf is too small. */
enum zv_err zv_template_render(const char *text, const char *attrs, size_t attrs_len, char *buf,
			       size_t cap, uint32_t *ret_missing) ZV_MUST_USE;

/* Checks the form.  Calls fn (may be NULL) with each variable's name (not ended by 0) and
 * whether it has a default.  ZV_EPARSE with a static phrase. */
enum zv_err zv_template_check(const char *text,
			      void (*fn)(void *arg, const char *name, size_t len, int has_default),
			      void *arg, const char **ret_wrong) ZV_MUST_USE;

/* Number of a rendered text in a voice; never 0.  The same on every machine and in every run:
 * it names files in the cache. */
uint64_t zv_prompt_hash(const char *voice, uint32_t rate, const char *text);

#endif
