#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_person(const struct call *c)
{
	return strcmp(c->truth, "person") == 0;
}

bool tally_is_right(const struct call *call, uint8_t heard)
{
	if (heard == ZV_DETECTED_UNSURE) /* treated as a person */
		return is_person(call);
	return strcmp(call->truth, zv_detected_name(heard)) == 0;
}

bool tally_in_time(const struct call *call, const struct heard *heard)
{
	/* Two frames of grace after the beep's end, and the pause that shows what it was. */
	uint32_t by_ms = call->beep_ms + 300 > 4000 ? call->beep_ms + 300 : 4000;

	return heard->last == ZV_DETECTED_MACHINE && heard->last_ms <= by_ms;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t at_share(uint32_t *times, uint32_t n, uint32_t percent)
{
	if (n == 0)
		return 0;
	qsort(times, n, sizeof(*times), by_size);
	return times[(uint64_t)(n - 1) * percent / 100];
}

static const struct heard *of(const struct call *c, bool is_ours)
{
	return is_ours ? &c->ours : &c->amd;
}

void tally_rates(const struct tally *tally, bool is_ours, struct tally_rates *ret_rates)
{
	static uint32_t persons[TALLY_CALLS], machines[TALLY_CALLS], words[TALLY_CALLS], quiets[TALLY_CALLS];
	uint32_t n_persons = 0, n_machines = 0;
	struct tally_rates r = {0};

	for (uint32_t i = 0; i < tally->n; i++) {
		const struct call *c = &tally->calls[i];
		const struct heard *h = of(c, is_ours);

		if (c->is_early) {
			r.early++;
			r.early_right += tally_is_right(c, h->last);
		} else if (is_person(c)) {
			r.persons++;
			r.person_as_machine += h->first == ZV_DETECTED_MACHINE || h->last == ZV_DETECTED_MACHINE;
			r.person_unsure += h->first == ZV_DETECTED_UNSURE || h->first == ZV_DETECTED_NOTHING;
			if (h->first == ZV_DETECTED_PERSON) {
				words[n_persons] = h->word_ms;
				quiets[n_persons] = h->quiet_ms;
				persons[n_persons++] = h->at_ms;
			}
		} else {
			r.machines++;
			r.machine_as_person += h->first == ZV_DETECTED_PERSON;
			r.machine_in_time += tally_in_time(c, h);
			r.machine_late += h->first != ZV_DETECTED_MACHINE && h->last == ZV_DETECTED_MACHINE;
			r.machine_never += h->last != ZV_DETECTED_MACHINE;
			if (h->first == ZV_DETECTED_MACHINE)
				machines[n_machines++] = h->at_ms;
		}
	}
	r.person_as_machine *= 100.0 / (r.persons > 0 ? r.persons : 1);
	r.person_unsure *= 100.0 / (r.persons > 0 ? r.persons : 1);
	r.machine_as_person *= 100.0 / (r.machines > 0 ? r.machines : 1);
	r.machine_in_time *= 100.0 / (r.machines > 0 ? r.machines : 1);
	r.machine_late *= 100.0 / (r.machines > 0 ? r.machines : 1);
	r.machine_never *= 100.0 / (r.machines > 0 ? r.machines : 1);
	r.early_right *= 100.0 / (r.early > 0 ? r.early : 1);
	r.word_p50_ms = at_share(words, n_persons, 50);
	r.word_p95_ms = at_share(words, n_persons, 95);
	r.quiet_p50_ms = at_share(quiets, n_persons, 50);
	r.person_p50_ms = at_share(persons, n_persons, 50);
	r.person_p95_ms = at_share(persons, n_persons, 95);
	r.machine_p50_ms = at_share(machines, n_machines, 50);
	r.machine_p95_ms = at_share(machines, n_machines, 95);
	r.person_p99_ms = at_share(persons, n_persons, 99);
	r.machine_p99_ms = at_share(machines, n_machines, 99);
	*ret_rates = r;
}

/* Rows of one kind by class or by language. */
static const char *key_of(const struct call *c, bool by_language)
{
	return by_language ? c->language : c->name;
}

static void print_rows(const struct tally *tally, bool is_early, bool by_language)
{
	char names[TALLY_NAMES][48];
	uint32_t n = 0;

	for (uint32_t i = 0; i < tally->n; i++) {
		char name[48];
		uint32_t k = 0;

		snprintf(name, sizeof(name), "%s %s", tally->calls[i].truth, key_of(&tally->calls[i], by_language));
		while (k < n && strcmp(names[k], name) != 0)
			k++;
		if (tally->calls[i].is_early == is_early && k == n && n < TALLY_NAMES)
			memcpy(names[n++], name, sizeof(name));
	}
	qsort(names, n, sizeof(names[0]), (int (*)(const void *, const void *))strcmp);
	for (uint32_t k = 0; k < n; k++) {
		uint32_t counts[2][ZV_DETECTED_MAX] = {{0}}, calls = 0, n_times = 0;
		static uint32_t times[TALLY_CALLS];

		for (uint32_t i = 0; i < tally->n; i++) {
			const struct call *c = &tally->calls[i];
			char name[48];

			snprintf(name, sizeof(name), "%s %s", c->truth, key_of(c, by_language));
			if (c->is_early != is_early || strcmp(name, names[k]) != 0)
				continue;
			calls++;
			if (c->ours.first != ZV_DETECTED_NOTHING && c->ours.first != ZV_DETECTED_UNSURE)
				times[n_times++] = c->ours.at_ms;
			counts[0][is_early ? c->ours.last : c->ours.first]++;
			counts[1][c->amd.first]++;
		}
		printf("%-26s %5u", names[k], calls);
		for (uint32_t v = is_early ? ZV_DETECTED_RINGING : 1; v < (is_early ? ZV_DETECTED_MAX : ZV_DETECTED_RINGING); v++)
			printf(" %8u", counts[0][v]);
		printf(" %8u %6u %6u", counts[0][0], at_share(times, n_times, 50), at_share(times, n_times, 95));
		if (!is_early) {
			printf("   |");
			for (uint32_t v = 1; v < ZV_DETECTED_RINGING; v++)
				printf(" %8u", counts[1][v]);
		}
		printf("\n");
	}
}

static void print_rates(const char *name, const struct tally_rates *r)
{
	printf("%-10s persons as machines %5.1f %%, unsure %5.1f %%, decided p50 %u ms p95 %u ms after the answer, "
	       "%u and %u after their first word began, %u after their last one ended\n", name,
	       r->person_as_machine, r->person_unsure, r->person_p50_ms, r->person_p95_ms,
	       r->word_p50_ms, r->word_p95_ms, r->quiet_p50_ms);
	printf("%-10s machines by 4 s or the beep %5.1f %%, first as persons %5.1f %% (first otherwise, found later %5.1f %%, never %5.1f %%), p50 %u ms p95 %u ms\n",
	       "", r->machine_in_time, r->machine_as_person, r->machine_late, r->machine_never,
	       r->machine_p50_ms, r->machine_p95_ms);
}

void tally_print(const struct tally *tally)
{
	struct tally_rates ours, amd;

	tally_rates(tally, true, &ours);
	tally_rates(tally, false, &amd);
	for (int by_language = 0; by_language < 2; by_language++) {
		printf("\n%-26s %5s %8s %8s %8s %8s %6s %6s   |%9s %8s %8s\n", "answered: truth, heard as", "calls",
		       "person", "machine", "unsure", "none", "p50", "p95", "Asterisk:", "machine", "unsure");
		print_rows(tally, false, by_language != 0);
	}
	printf("\n%-26s %5s %8s %8s %8s %8s %8s %6s %6s\n", "early media", "calls", "ringing", "busy", "congest.",
	       "unreach.", "none", "p50", "p95");
	print_rows(tally, true, false);
	printf("\n");
	print_rates("zvonar", &ours);
	print_rates("Asterisk", &amd);
	printf("early media right %.1f %%\n", ours.early_right);
}

static void json(const char *name, double value, const char *unit, uint32_t n)
{
	printf("{\"name\":\"detect.%s\",\"value\":%.2f,\"unit\":\"%s\",\"n\":%u}\n", name, value, unit, n);
}

void tally_print_json(const struct tally *tally)
{
	for (int is_ours = 1; is_ours >= 0; is_ours--) {
		const char *who = is_ours ? "zvonar" : "asterisk_rule";
		struct tally_rates r;
		char name[64];

		tally_rates(tally, is_ours != 0, &r);
		snprintf(name, sizeof(name), "%s.person_as_machine", who);
		json(name, r.person_as_machine, "%", r.persons);
		snprintf(name, sizeof(name), "%s.machine_in_time", who);
		json(name, r.machine_in_time, "%", r.machines);
		snprintf(name, sizeof(name), "%s.machine_as_person", who);
		json(name, r.machine_as_person, "%", r.machines);
		snprintf(name, sizeof(name), "%s.machine_never", who);
		json(name, r.machine_never, "%", r.machines);
		printf("{\"name\":\"detect.%s.person_decided\",\"value\":%u,\"unit\":\"ms\",\"n\":%u,\"p50\":%u,\"p95\":%u,\"p99\":%u}\n",
		       who, r.person_p50_ms, r.persons, r.person_p50_ms, r.person_p95_ms, r.person_p99_ms);
		printf("{\"name\":\"detect.%s.machine_decided\",\"value\":%u,\"unit\":\"ms\",\"n\":%u,\"p50\":%u,\"p95\":%u,\"p99\":%u}\n",
		       who, r.machine_p50_ms, r.machines, r.machine_p50_ms, r.machine_p95_ms, r.machine_p99_ms);
		if (is_ours)
			printf("{\"name\":\"detect.%s.person_after_first_word\",\"value\":%u,\"unit\":\"ms\",\"n\":%u,\"p50\":%u,\"p95\":%u}\n",
			       who, r.word_p50_ms, r.persons, r.word_p50_ms, r.word_p95_ms);
		if (is_ours)
			json("zvonar.early_right", r.early_right, "%", r.early);
	}
}
