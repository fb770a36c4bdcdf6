/* Answers tz_truth.py: reads "ZONE|utc_s" or "ZONE|L day second" lines, writes one number a
 * line.  ZONE beginning with ':' is a POSIX TZ string. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tz.h"
#include "zone_bytes.h"

static enum zv_err get_zone(const char *name, struct zv_tz **ret)
{
	uint8_t bytes[512];

	if (name[0] != ':')
		return zv_tz_load(NULL, name, ret);
	return zv_tz_parse(bytes, zone_bytes(name + 1, bytes, sizeof(bytes)), ret);
}

int main(void)
{
	char line[256], held[256] = "";
	struct zv_tz *tz = NULL;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		char *bar = strchr(line, '|');

		if (bar == NULL)
			return 2;
		*bar++ = 0;
		if (strcmp(held, line) != 0) {
			zv_tz_free(tz);
			tz = NULL;
			if (get_zone(line, &tz) != ZV_OK) {
				fprintf(stderr, "%s: not read\n", line);
				return 1;
			}
			memcpy(held, line, sizeof(held));
		}
		if (*bar == 'L') {
			char *end;
			long day = strtol(bar + 1, &end, 10);
			long second = strtol(end, NULL, 10);

			printf("%lld\n", (long long)zv_tz_from_local(tz, (int32_t)day, (int32_t)second));
		} else {
			printf("%d\n", zv_tz_offset(tz, strtoll(bar, NULL, 10)));
		}
	}
	zv_tz_free(tz);
	return 0;
}
