#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "carrier.h"

#define BUCKETS 65536u

struct zvc_calls {
	struct zvc_call *branches[BUCKETS];
	struct zvc_call *dialogs[BUCKETS];
	struct zvc_call *all;
	struct zvc_number *numbers; /* open addressing, a power of two */
	size_t n_numbers, numbers_size;
};

static uint64_t hash(struct zvc_str s)
{
	const struct zv_key key = {1, 2};

	return zv_siphash(&key, s.p, s.n);
}

struct zvc_calls *zvc_calls_create(void)
{
	struct zvc_calls *calls = calloc(1, sizeof(*calls));

	if (calls == NULL)
		return NULL;
	calls->numbers_size = 65536;
	calls->numbers = calloc(calls->numbers_size, sizeof(*calls->numbers));
	if (calls->numbers == NULL) {
		free(calls);
		return NULL;
	}
	return calls;
}

void zvc_calls_destroy(struct zvc_carrier *carrier)
{
	if (carrier->calls == NULL)
		return;
	while (carrier->calls->all != NULL)
		zvc_call_free(carrier->calls->all);
	free(carrier->calls->numbers);
	free(carrier->calls);
	carrier->calls = NULL;
}

static struct zvc_number *number_place(struct zvc_number *places, size_t size, uint64_t number)
{
	size_t at = zv_mix64(number) & (size - 1);

	while (places[at].number != 0 && places[at].number != number)
		at = (at + 1) & (size - 1);
	return &places[at];
}

struct zvc_number *zvc_number_get(struct zvc_carrier *carrier, uint64_t number)
{
	struct zvc_calls *calls = carrier->calls;
	struct zvc_number *place = number_place(calls->numbers, calls->numbers_size, number);

	if (place->number != 0)
		return place;
	if (2 * calls->n_numbers > calls->numbers_size) {
		size_t size = 2 * calls->numbers_size;
		struct zvc_number *wider = calloc(size, sizeof(*wider));

		if (wider == NULL)
			return NULL;
		for (size_t i = 0; i < calls->numbers_size; i++) {
			if (calls->numbers[i].number != 0)
				*number_place(wider, size, calls->numbers[i].number) =
				        calls->numbers[i];
		}
		free(calls->numbers);
		calls->numbers = wider;
		calls->numbers_size = size;
		place = number_place(wider, size, number);
	}
	calls->n_numbers++;
	place->number = number;
	return place;
}

#define LINK(call, head, name)                                                                     \
	do {                                                                                       \
		(call)->name##_next = *(head);                                                     \
		(call)->name##_link = (head);                                                      \
		if (*(head) != NULL)                                                               \
			(*(head))->name##_link = &(call)->name##_next;                             \
		*(head) = (call);                                                                  \
	} while (0)

#define UNLINK(call, name)                                                                         \
	do {                                                                                       \
		*(call)->name##_link = (call)->name##_next;                                        \
		if ((call)->name##_next != NULL)                                                   \
			(call)->name##_next->name##_link = (call)->name##_link;                    \
	} while (0)

struct zvc_call *zvc_call_new(struct zvc_carrier *carrier, const struct zvc_net_message *message)
{
	struct zvc_call *call = calloc(1, sizeof(*call));

	if (call == NULL)
		return NULL;
	call->raw = malloc(message->len);
	if (call->raw == NULL) {
		free(call);
		return NULL;
	}
	memcpy(call->raw, message->bytes, message->len);
	call->raw_len = message->len;
	(void)zvc_msg_parse(call->raw, call->raw_len, &call->invite);
	call->carrier = carrier;
	call->id = ++carrier->next_id;
	LINK(call, &carrier->calls->branches[hash(call->invite.via.branch) % BUCKETS], branch);
	LINK(call, &carrier->calls->dialogs[hash(call->invite.call_id) % BUCKETS], dialog);
	LINK(call, &carrier->calls->all, all);
	return call;
}

void zvc_call_free(struct zvc_call *call)
{
	zvc_timer_unset(&call->plan_timer);
	zvc_timer_unset(&call->repeat_timer);
	zvc_timer_unset(&call->end_timer);
	zvc_leg_close(call->carrier->media, call->leg);
	UNLINK(call, branch);
	UNLINK(call, dialog);
	UNLINK(call, all);
	free(call->last);
	free(call->raw);
	free(call);
}

struct zvc_call *zvc_call_by_branch(struct zvc_carrier *carrier, const struct zvc_msg *msg)
{
	struct zvc_call *call = carrier->calls->branches[hash(msg->via.branch) % BUCKETS];

	if (msg->via.branch.n == 0)
		return NULL;
	while (call != NULL && !(zvc_str_eq(call->invite.via.branch, msg->via.branch) &&
	                         zvc_str_eq(call->invite.via.host, msg->via.host) &&
	                         call->invite.via.port == msg->via.port))
		call = call->branch_next;
	return call;
}

static struct zvc_call *first_of_id(struct zvc_carrier *carrier, struct zvc_str call_id)
{
	return carrier->calls->dialogs[hash(call_id) % BUCKETS];
}

struct zvc_call *zvc_call_by_dialog(struct zvc_carrier *carrier, const struct zvc_msg *msg)
{
	struct zvc_call *call = first_of_id(carrier, msg->call_id);

	while (call != NULL && !(zvc_str_eq(call->invite.call_id, msg->call_id) &&
	                         zvc_str_is(msg->to.tag, call->to_tag) &&
	                         zvc_str_eq(call->invite.from.tag, msg->from.tag)))
		call = call->dialog_next;
	return call;
}

struct zvc_call *zvc_call_by_response(struct zvc_carrier *carrier, const struct zvc_msg *msg)
{
	struct zvc_call *call = first_of_id(carrier, msg->call_id);

	while (call != NULL && !(zvc_str_eq(call->invite.call_id, msg->call_id) &&
	                         zvc_str_is(msg->from.tag, call->to_tag)))
		call = call->dialog_next;
	return call;
}

struct zvc_call *zvc_call_same_id(struct zvc_carrier *carrier, const struct zvc_msg *msg)
{
	struct zvc_call *call = first_of_id(carrier, msg->call_id);

	while (call != NULL &&
	       (call->challenged || !zvc_str_eq(call->invite.call_id, msg->call_id)))
		call = call->dialog_next;
	return call;
}

void zvc_calls_each(struct zvc_carrier *carrier, zvc_call_fn fn, void *arg)
{
	for (struct zvc_call *call = carrier->calls->all, *next; call != NULL; call = next) {
		next = call->all_next;
		fn(arg, call);
	}
}

const char *zvc_state_name(enum zvc_state state)
{
	static const char *const names[] = {
	        [ZVC_S_PROCEEDING] = "ringing", [ZVC_S_REFUSED] = "refused",
	        [ZVC_S_ANSWERED] = "answered",  [ZVC_S_UP] = "up",
	        [ZVC_S_HANGING] = "hanging",    [ZVC_S_OVER] = "over",
	};

	return names[state];
}
