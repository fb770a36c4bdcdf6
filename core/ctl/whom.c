#include "ctl/whom.h"

#include <string.h>

#include "conf/conf.h"
#include "law/law.h"
#include "store/phone.h"

bool zv_whom_number(const char *text, uint64_t *ret_e164)
{
	size_t len = strlen(text), used = 0;
	enum zv_phone_verdict verdict = zv_phone_parse(text, len, ZV_COUNTRY_RU, ret_e164, &used);

	if (verdict == ZV_PHONE_OK && used == len)
		return true;
	if (zv_conf_phone(text, ret_e164) == ZV_OK && text[0] == '+')
		return true; /* of a plan that lists do not bring, as +44 20 7946 0000 */
	zv_ctl_say("\"%s\" is no telephone number: %s", text,
	           verdict != ZV_PHONE_OK ? zv_phone_text(verdict) : "one number, please");
	return false;
}

int zv_whom_read(const struct zv_args *args, struct zv_whom *ret_whom)
{
	const char *person = zv_args_opt(args, "person");

	*ret_whom = (struct zv_whom){0};
	if ((args->n_args == 1) == (person != NULL)) {
		zv_ctl_say("a number or --person ID, please");
		return ZV_EXIT_USAGE;
	}
	if (person != NULL && !zv_args_u64(person, 1, UINT64_MAX, &ret_whom->person)) {
		zv_ctl_say("--person: an id as `zvonarctl leads export` shows it, not \"%s\"", person);
		return ZV_EXIT_USAGE;
	}
	if (person == NULL && !zv_whom_number(args->arg[0], &ret_whom->e164))
		return ZV_EXIT_USAGE;
	return -1;
}

bool zv_moment_read(const char *option, const char *text, int64_t now_ms, int64_t *ret_ms)
{
	int64_t span_ms;
	int32_t day;

	if (zv_conf_moment(text, ret_ms) == ZV_OK)
		return true;
	if (zv_law_date(text, &day)) {
		*ret_ms = (int64_t)day * 86400000;
		return true;
	}
	if (zv_conf_duration(text, &span_ms) == ZV_OK) {
		*ret_ms = now_ms + span_ms;
		return true;
	}
	zv_ctl_say("%s: a moment such as 2026-11-23T09:00:00+03:00, a day such as 2026-11-23 or a "
	           "span from now such as 90d, not \"%s\"", option, text);
	return false;
}

int64_t zv_calendar_now(struct zv_store *store, bool *ret_in_use)
{
	struct zv_store_facts facts;

	if (ret_in_use != NULL)
		*ret_in_use = false;
	if (zv_store_facts(store, &facts) != ZV_OK)
		return zv_wall_ms();
	if (ret_in_use != NULL)
		*ret_in_use = facts.in_use;
	return facts.simulated && facts.calendar_ms > 0 ? facts.calendar_ms : zv_wall_ms();
}

int zv_whom_campaign(struct zv_store *store, const struct zv_args *args, uint32_t *ret_id)
{
	const char *name = zv_args_opt(args, "campaign");
	struct zv_campaign_info info;
	int status;

	*ret_id = 0;
	if (name == NULL)
		return ZV_EXIT_DONE;
	status = zv_ctl_campaign(store, name, &info);
	if (status == ZV_EXIT_DONE)
		*ret_id = info.id;
	return status;
}

struct naming {
	uint32_t id;
	char *buf;
	size_t size;
};

static void name_one(void *arg, const struct zv_campaign_info *info)
{
	struct naming *n = arg;

	if (info->id == n->id)
		(void)snprintf(n->buf, n->size, "%s", info->name);
}

const char *zv_campaign_name(struct zv_store *store, uint32_t id, char *buf, size_t size)
{
	struct naming n = {id, buf, size};

	buf[0] = 0;
	if (id != 0 && (zv_store_campaign_each(store, name_one, &n) != ZV_OK || buf[0] == 0))
		(void)snprintf(buf, size, "campaign %u", id);
	return buf;
}

json_t *zv_whom_request(const char *cmd, const struct zv_whom *v, size_t n)
{
	json_t *request = json_pack("{s:s}", "cmd", cmd);
	json_t *numbers = json_array(), *persons = json_array();

	for (size_t i = 0; i < n; i++) {
		char digits[24];

		(void)snprintf(digits, sizeof(digits), "%llu",
		               (unsigned long long)(v[i].e164 != 0 ? v[i].e164 : v[i].person));
		(void)json_array_append_new(v[i].e164 != 0 ? numbers : persons,
		                            json_string(digits));
	}
	if (json_array_size(numbers) > 0)
		(void)json_object_set(request, "numbers", numbers);
	if (json_array_size(persons) > 0)
		(void)json_object_set(request, "persons", persons);
	json_decref(numbers);
	json_decref(persons);
	return request;
}

int zv_whom_tell(struct zv_ctl *ctl, json_t *request, json_t **ret_reply)
{
	int status = zv_client_do(ctl, request, ret_reply);
	struct zv_store *store;
	bool in_use;

	if (status != ZV_EXIT_NO_DAEMON)
		return status;
	store = zv_ctl_store(ctl, true, &status);
	if (store == NULL)
		return status;
	(void)zv_calendar_now(store, &in_use);
	zv_store_close(store);
	if (!in_use)
		return -1;
	zv_ctl_say("a zvonard runs on %s, and not at %s: say where with -s SOCKET", ctl->store_dir,
	           ctl->socket);
	return ZV_EXIT_NO_DAEMON;
}
