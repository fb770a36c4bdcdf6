#include "wheel.h"

#include <stdlib.h>

#define SLOTS 65536u

struct zvc_wheel {
	uint64_t done_ms; /* every timer up to here has fired */
	struct zvc_timer *slots[SLOTS];
};

struct zvc_wheel *zvc_wheel_create(uint64_t now_ms)
{
	struct zvc_wheel *wheel = calloc(1, sizeof(*wheel));

	if (wheel != NULL)
		wheel->done_ms = now_ms;
	return wheel;
}

void zvc_wheel_destroy(struct zvc_wheel *wheel)
{
	free(wheel);
}

void zvc_timer_unset(struct zvc_timer *timer)
{
	if (timer->link == NULL)
		return;
	*timer->link = timer->next;
	if (timer->next != NULL)
		timer->next->link = timer->link;
	timer->link = NULL;
	timer->next = NULL;
}

void zvc_timer_set(struct zvc_wheel *wheel, struct zvc_timer *timer, uint64_t at_ms)
{
	struct zvc_timer **slot;

	zvc_timer_unset(timer);
	if (at_ms <= wheel->done_ms)
		at_ms = wheel->done_ms + 1;
	timer->at_ms = at_ms;
	slot = &wheel->slots[at_ms % SLOTS];
	timer->next = *slot;
	timer->link = slot;
	if (timer->next != NULL)
		timer->next->link = &timer->next;
	*slot = timer;
}

/* A timer that fires may set and unset any other, so each step starts at the slot's head again:
 * the due ones are first moved to a list of their own. */
static void run_slot(struct zvc_timer **slot, uint64_t now_ms)
{
	struct zvc_timer *due = NULL;

	for (struct zvc_timer *t = *slot, *next; t != NULL; t = next) {
		next = t->next;
		if (t->at_ms > now_ms)
			continue;
		zvc_timer_unset(t);
		t->next = due;
		t->link = &due;
		if (due != NULL)
			due->link = &t->next;
		due = t;
	}
	while (due != NULL) {
		struct zvc_timer *t = due;

		zvc_timer_unset(t);
		t->fire(t);
	}
}

void zvc_wheel_run(struct zvc_wheel *wheel, uint64_t now_ms)
{
	while (wheel->done_ms < now_ms) {
		wheel->done_ms++;
		run_slot(&wheel->slots[wheel->done_ms % SLOTS], wheel->done_ms);
	}
}
