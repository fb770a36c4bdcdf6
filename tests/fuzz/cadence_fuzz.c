/* A campaign's `strategy` section as an operator may write it, then a lead called by it: whatever
 * is read must answer soundly, and end.  After a 0 byte the input goes on with the outcomes. */
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "zvonar/strategy.h"

#define DAY_MS INT64_C(86400000)

extern const struct zv_plugin zv_plugin;

static void silent(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

static struct zv_conf_sink sink = {.line = silent};

static void host_log(void *ctx, enum zv_log_level level, const char *text)
{
	(void)ctx;
	(void)level;
	(void)strlen(text);
}

static size_t count(void *ctx, const struct zv_conf_node *node)
{
	(void)ctx;
	return zv_conf_count(node);
}

static const struct zv_conf_node *at(void *ctx, const struct zv_conf_node *node, size_t i)
{
	(void)ctx;
	return zv_conf_at(node, i);
}

static const char *key(void *ctx, const struct zv_conf_node *node, size_t i)
{
	(void)ctx;
	return zv_conf_key(node, i);
}

static const struct zv_conf_node *get(void *ctx, const struct zv_conf_node *node, const char *name)
{
	(void)ctx;
	return zv_conf_get(node, name);
}

static const char *text_of(void *ctx, const struct zv_conf_node *node)
{
	(void)ctx;
	return zv_conf_text(node);
}

static void conf_error(void *ctx, const struct zv_conf_node *node, const char *text)
{
	(void)ctx;
	zv_conf_error(&sink, node, "%s", text);
}

/* UTC all over, open from 9 to 21 every day. */
static enum zv_err to_local(void *ctx, uint16_t zone, int64_t utc_ms, struct zv_local *ret)
{
	(void)ctx;
	(void)zone;
	memset(ret, 0, sizeof(*ret));
	ret->day = (int32_t)(utc_ms / DAY_MS);
	ret->second_of_day = (int32_t)(utc_ms % DAY_MS / 1000);
	return ZV_OK;
}

static enum zv_err from_local(void *ctx, uint16_t zone, int32_t day, int32_t second, int64_t *ret_ms)
{
	(void)ctx;
	(void)zone;
	*ret_ms = day * DAY_MS + second * INT64_C(1000);
	return ZV_OK;
}

static enum zv_err window(void *ctx, uint32_t campaign, uint16_t zone, int64_t utc_ms, int64_t *ret_start,
			  int64_t *ret_end)
{
	int64_t day = utc_ms / DAY_MS;

	(void)ctx;
	(void)campaign;
	(void)zone;
	if (utc_ms >= day * DAY_MS + 21 * 3600000)
		day++;
	*ret_start = day * DAY_MS + 9 * 3600000;
	*ret_end = day * DAY_MS + 21 * 3600000;
	return ZV_OK;
}

static void require(int holds)
{
	if (!holds)
		abort();
}

/* Calls one lead until it has its category. */
static void live(void *self, void *campaign, const uint8_t *data, size_t size)
{
	const struct zv_strategy_ops *ops = zv_plugin.ops;
	struct zv_number_brief numbers[2] = {{.order = 1}, {.order = 0}};
	struct zv_attempt_brief history[ZV_HISTORY_MAX + 1];
	int64_t at_ms = 20780 * DAY_MS + 10 * 3600000;
	uint8_t number = 0;

	memset(history, 0, sizeof(history));
	for (uint8_t n = 1; n <= ZV_HISTORY_MAX; n++) {
		uint8_t byte = size > 0 ? data[(n - 1) % size] : (uint8_t)ZV_OUT_NO_ANSWER;
		struct zv_strategy_out out = {.size = sizeof(out)};
		struct zv_strategy_in in = {
			.size = sizeof(in), .seed = 7, .now_ms = at_ms + 30000, .n_numbers = 2, .n_history = n,
			.numbers = numbers, .history = history,
		};

		history[n - 1] = (struct zv_attempt_brief){
			.at_ms = at_ms, .outcome = byte % 16, .result = byte / 16 % 4, .number = number};
		require(ops->next(self, campaign, &in, &out) == ZV_OK);
		require(out.n_messages <= ZV_STEP_MESSAGES_MAX);
		for (uint8_t i = 0; i < out.n_messages; i++)
			require(out.messages[i] < 2);
		if (out.kind == ZV_STEP_FINAL) {
			require(out.category >= 1 && out.category <= 4);
			require(out.due_ms == 0 || (out.due_ms >= in.now_ms && !out.remove));
			return;
		}
		require(out.kind == ZV_STEP_RETRY && out.number < 2 && out.due_class <= ZV_DUE_LATER);
		require(out.due_ms >= in.now_ms && out.due_ms < in.now_ms + 400 * DAY_MS);
		require(out.due_ms % DAY_MS >= 9 * 3600000 && out.due_ms % DAY_MS < 21 * 3600000);
		if (out.invalid_number)
			numbers[number].status = ZV_NUM_INVALID;
		number = out.number;
		at_ms = out.due_ms;
	}
	abort(); /* a lead that never ends */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const categories[] = {"недоступен", "интересно", "рассылка", "неинтересно"};
	static const char *const results[] = {"interested", "not_interested", "keep_informed"};
	static const char *const messages[] = {"other", "pick_up"};
	static const struct zv_host host = {
		.size = sizeof(host), .log = host_log, .conf_count = count, .conf_at = at, .conf_key = key,
		.conf_get = get, .conf_text = text_of, .conf_error = conf_error, .to_local = to_local,
		.from_local = from_local, .window = window,
	};
	const struct zv_campaign_view view = {
		.size = sizeof(view), .name = "fuzz", .n_categories = 4, .n_results = 3, .n_messages = 2,
		.categories = categories, .results = results, .messages = messages,
	};
	const struct zv_strategy_ops *ops = zv_plugin.ops;
	const uint8_t *zero = size > 0 ? memchr(data, 0, size) : NULL;
	size_t len = zero == NULL ? size : (size_t)(zero - data);
	struct zv_conf_tree *tree;
	void *self, *campaign;

	if (zv_conf_parse((const char *)data, len, "fuzz", &sink, &tree) != ZV_OK)
		return 0;
	require(zv_plugin.open(&host, NULL, &self) == ZV_OK);
	if (ops->open_campaign(self, &view, zv_conf_get(zv_conf_root(tree), "strategy"), &campaign) == ZV_OK) {
		/* The section's nodes are not to be used any more. */
		zv_conf_free(tree);
		tree = NULL;
		live(self, campaign, zero == NULL ? NULL : zero + 1, zero == NULL ? 0 : size - len - 1);
		ops->close_campaign(self, campaign);
	}
	zv_plugin.close(self);
	zv_conf_free(tree);
	return 0;
}
