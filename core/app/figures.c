/* What GET /metrics shows: the daemon's figures for Prometheus.  Thread: http. */
#include <stdio.h>
#include <stdlib.h>

#include "app/daemon_int.h"
#include "dial/route/outcome.h"
#include "http/metrics.h"

static void one(struct zv_metrics *m, const char *name, enum zv_metric_type type, const char *help,
		uint64_t value)
{
	zv_metric_one(m, name, type, help, (double)value);
}

static void calls(struct zv_metrics *m, const struct zv_engine_view *v)
{
	const struct zv_engine_stats *s = &v->stats;

	one(m, "zvonar_calls_originated_total", ZV_METRIC_COUNTER, "INVITEs sent", s->dials);
	one(m, "zvonar_calls_answered_total", ZV_METRIC_COUNTER, "Calls that were answered", s->answered);
	one(m, "zvonar_calls_abandoned_total", ZV_METRIC_COUNTER,
	    "People who answered and for whom no agent was free", s->abandoned);
	one(m, "zvonar_calls_not_sent_total", ZV_METRIC_COUNTER, "Intents that were withdrawn", s->not_sent);
	one(m, "zvonar_failovers_total", ZV_METRIC_COUNTER, "Calls that went on by another trunk", s->failovers);
	zv_metric_family(m, "zvonar_calls", ZV_METRIC_GAUGE, "Calls now, by what they are doing");
	zv_metric_of(m, "state", "dialing", s->dialing);
	zv_metric_of(m, "state", "ringing", s->ringing);
	zv_metric_of(m, "state", "talking", s->talking);
	zv_metric_family(m, "zvonar_outcomes_total", ZV_METRIC_COUNTER, "Attempts by their outcome");
	for (int i = 1; i < ZV_OUT_MAX; i++)
		zv_metric_of(m, "result", zv_outcome_name((enum zv_outcome)i), (double)s->outcomes[i]);
	one(m, "zvonar_hopper_leads", ZV_METRIC_GAUGE, "Leads that the engine holds", s->offers_held);
	one(m, "zvonar_engine_events_total", ZV_METRIC_COUNTER, "Events taken in", v->events);
	one(m, "zvonar_engine_late_events_total", ZV_METRIC_COUNTER, "Events that came too late", s->late_events);
	one(m, "zvonar_overloads_total", ZV_METRIC_COUNTER, "Times that new calls were shed", s->overloads);
	one(m, "zvonar_pacer_failures_total", ZV_METRIC_COUNTER, "Decisions that a pacer did not give",
	    s->pacer_failures);
}

static void trunks(struct zv_metrics *m, const struct zv_config *c, const struct zv_engine_view *v)
{
	zv_metric_family(m, "zvonar_trunk_calls", ZV_METRIC_GAUGE, "Calls of a trunk now");
	for (uint32_t i = 0; i < c->engine.n_trunks; i++)
		zv_metric_of(m, "trunk", c->engine.trunks[i].name, v->trunks[i].calls);
	zv_metric_family(m, "zvonar_trunk_up", ZV_METRIC_GAUGE, "1: the trunk takes calls");
	for (uint32_t i = 0; i < c->engine.n_trunks; i++)
		zv_metric_of(m, "trunk", c->engine.trunks[i].name, v->trunks[i].state != ZV_TRUNK_DOWN);
	zv_metric_family(m, "zvonar_trunk_calls_originated_total", ZV_METRIC_COUNTER, "INVITEs by trunk");
	for (uint32_t i = 0; i < c->engine.n_trunks; i++)
		zv_metric_of(m, "trunk", c->engine.trunks[i].name, (double)v->trunks[i].dials);
	zv_metric_family(m, "zvonar_trunk_failures_total", ZV_METRIC_COUNTER, "Failed calls by trunk");
	for (uint32_t i = 0; i < c->engine.n_trunks; i++)
		zv_metric_of(m, "trunk", c->engine.trunks[i].name, (double)v->trunks[i].failed);
}

static void verdicts(struct zv_metrics *m, const char *trunk, const struct zv_heard_stats *s)
{
	for (uint8_t heard = 0; heard < ZV_HEARD_MAX; heard++)
		for (uint8_t by = 0; by < ZV_HEARD_BY_MAX; by++)
			if (s->n[heard][by] > 0)
				zv_metric(m, (const struct zv_metric_label[]){
					{"trunk", trunk}, {"heard", zv_heard_name(heard)},
					{"cause", zv_heard_by_name(by)}}, 3, (double)s->n[heard][by]);
}

static void detection(struct zv_metrics *m, const struct zv_config *c, const struct zv_engine_view *v)
{
	zv_metric_family(m, "zvonar_detection_verdicts_total", ZV_METRIC_COUNTER,
			 "Verdicts of answer detection and of early media");
	for (uint32_t i = 0; i < c->engine.n_trunks; i++)
		verdicts(m, c->engine.trunks[i].name, &v->trunks[i].heard);
	zv_metric_family(m, "zvonar_detection_seconds_total", ZV_METRIC_COUNTER,
			 "Time that the verdicts took, in all");
	for (uint32_t i = 0; i < c->engine.n_trunks; i++)
		zv_metric_of(m, "trunk", c->engine.trunks[i].name, (double)v->trunks[i].heard.ms / 1000);
	zv_metric_family(m, "zvonar_detection_late_total", ZV_METRIC_COUNTER,
			 "Answers without a verdict in time, taken for persons");
	for (uint32_t i = 0; i < c->engine.n_trunks; i++)
		zv_metric_of(m, "trunk", c->engine.trunks[i].name, (double)v->trunks[i].heard.late);
	zv_metric_family(m, "zvonar_detection_corrections_total", ZV_METRIC_COUNTER,
			 "Verdicts that agents said were wrong, by what had been told");
	for (uint32_t i = 0; i < c->engine.n_trunks; i++) {
		const struct zv_heard_stats *s = &v->trunks[i].heard;

		zv_metric(m, (const struct zv_metric_label[]){{"trunk", c->engine.trunks[i].name},
							      {"told", "person"}}, 2, (double)s->persons_wrong);
		zv_metric(m, (const struct zv_metric_label[]){{"trunk", c->engine.trunks[i].name},
							      {"told", "machine"}}, 2, (double)s->machines_wrong);
	}
}

static void campaigns(struct zv_metrics *m, const struct zv_config *c, const struct zv_engine_view *v)
{
	zv_metric_family(m, "zvonar_abandon_ratio", ZV_METRIC_GAUGE,
			 "Abandoned of those answered by a person, today");
	for (uint32_t i = 0; i < c->engine.n_campaigns; i++)
		zv_metric_of(m, "campaign", c->campaigns[i].name,
			     v->campaigns[i].live == 0 ? 0 : (double)v->campaigns[i].abandoned /
								     (double)v->campaigns[i].live);
	zv_metric_family(m, "zvonar_pacing_ratio", ZV_METRIC_GAUGE, "Calls under way for an idle agent");
	for (uint32_t i = 0; i < c->engine.n_campaigns; i++)
		if (v->campaigns[i].paced)
			zv_metric_of(m, "campaign", c->campaigns[i].name,
				     v->campaigns[i].figures.idle == 0 ? 0 :
					     (double)v->campaigns[i].figures.in_flight /
						     v->campaigns[i].figures.idle);
	zv_metric_family(m, "zvonar_answer_ratio", ZV_METRIC_GAUGE, "Estimated chance that a person answers");
	for (uint32_t i = 0; i < c->engine.n_campaigns; i++)
		if (v->campaigns[i].paced)
			zv_metric_of(m, "campaign", c->campaigns[i].name,
				     v->campaigns[i].figures.answer_ppm / 1e6);
}

static void agents(struct zv_metrics *m, struct zv_daemon *d)
{
	static const char *const states[] = {"offline", "ready", "reserved", "talking", "wrapup", "paused"};
	uint32_t n[ZV_AG_STATES];

	zv_desks_count(d->desks, n);
	zv_metric_family(m, "zvonar_agents", ZV_METRIC_GAUGE, "Agents by state");
	for (int i = 0; i < ZV_AG_STATES; i++)
		zv_metric_of(m, "state", states[i], n[i]);
	zv_desks_waits(d->desks, m);
}

static void packets_io(struct zv_metrics *m, const struct zv_media_stats *s)
{
	one(m, "zvonar_media_io_lost_total", ZV_METRIC_COUNTER,
	    "Packets that came to the interface and not to us: it, its driver or a ring was full", s->io_lost);
	one(m, "zvonar_media_io_unresolved_total", ZV_METRIC_COUNTER,
	    "Packets not sent: the next hop's address was not known", s->io_unresolved);
	one(m, "zvonar_media_io_full_total", ZV_METRIC_COUNTER, "Packets not sent: the device took no more",
	    s->io_full);
	one(m, "zvonar_media_io_foreign_total", ZV_METRIC_COUNTER, "Frames that were nobody's", s->io_foreign);
	one(m, "zvonar_media_io_handed_total", ZV_METRIC_COUNTER, "Packets that came on another thread's queue",
	    s->io_handed);
	one(m, "zvonar_media_io_passed_up_total", ZV_METRIC_COUNTER, "Frames passed to the kernel", s->io_passed_up);
	one(m, "zvonar_media_io_passed_down_total", ZV_METRIC_COUNTER, "Frames passed from the kernel",
	    s->io_passed_down);
}

static void threads(struct zv_metrics *m, struct zv_daemon *d)
{
	struct zv_media_stats sum = {0};
	struct zv_sip_stats sip = {0};
	struct zv_store_stats store;
	struct zv_ears_stats ears;

	for (uint32_t i = 0; i < d->wires->n_media; i++) {
		struct zv_media_stats s;

		zv_media_get_stats(d->media, i, &s);
		sum.tx_packets += s.tx_packets;
		sum.rx_packets += s.rx_packets;
		sum.rejected += s.rejected;
		sum.srtp_forged += s.srtp_forged;
		sum.srtp_replayed += s.srtp_replayed;
		sum.late_ticks += s.late_ticks;
		sum.send_errors += s.send_errors;
		sum.streams += s.streams;
		sum.io_lost += s.io_lost;
		sum.io_unresolved += s.io_unresolved;
		sum.io_full += s.io_full;
		sum.io_foreign += s.io_foreign;
		sum.io_handed += s.io_handed;
		sum.io_passed_up += s.io_passed_up;
		sum.io_passed_down += s.io_passed_down;
		sum.ear_lost += s.ear_lost;
	}
	for (uint32_t i = 0; i < d->wires->n_shards; i++) {
		struct zv_sip_stats s;

		zv_sip_get_stats(d->sip, i, &s);
		sip.retransmits += s.retransmits;
		sip.timeouts += s.timeouts;
		sip.bad_messages += s.bad_messages;
	}
	one(m, "zvonar_rtp_sent_packets_total", ZV_METRIC_COUNTER, "RTP packets sent", sum.tx_packets);
	one(m, "zvonar_rtp_received_packets_total", ZV_METRIC_COUNTER, "RTP packets taken in", sum.rx_packets);
	one(m, "zvonar_rtp_rejected_packets_total", ZV_METRIC_COUNTER, "Packets of wrong senders", sum.rejected);
	zv_ears_get_stats(d->ears, &ears);
	one(m, "zvonar_detection_legs", ZV_METRIC_GAUGE, "Legs that are listened to now", ears.live);
	one(m, "zvonar_detection_lost_frames_total", ZV_METRIC_COUNTER,
	    "Frames that detection did not get to hear", sum.ear_lost);
	one(m, "zvonar_srtp_forged_packets_total", ZV_METRIC_COUNTER, "SRTP packets that did not authenticate",
	    sum.srtp_forged);
	one(m, "zvonar_srtp_replayed_packets_total", ZV_METRIC_COUNTER, "SRTP packets that came before",
	    sum.srtp_replayed);
	one(m, "zvonar_rtp_streams", ZV_METRIC_GAUGE, "Streams now", sum.streams);
	zv_metric_family(m, "zvonar_media_io", ZV_METRIC_GAUGE, "How RTP packets go (media.io)");
	zv_metric_of(m, "kind", zv_media_io_of(d->media, NULL), 1);
	one(m, "zvonar_media_late_ticks_total", ZV_METRIC_COUNTER, "Media ticks that came late", sum.late_ticks);
	packets_io(m, &sum);
	one(m, "zvonar_sip_retransmits_total", ZV_METRIC_COUNTER, "SIP requests sent again", sip.retransmits);
	one(m, "zvonar_sip_timeouts_total", ZV_METRIC_COUNTER, "SIP requests without an answer", sip.timeouts);
	one(m, "zvonar_sip_bad_messages_total", ZV_METRIC_COUNTER, "SIP messages that made no sense",
	    sip.bad_messages);
	zv_store_get_stats(d->store, &store);
	one(m, "zvonar_store_commits_total", ZV_METRIC_COUNTER, "Transactions flushed", store.commits);
	one(m, "zvonar_store_messages_total", ZV_METRIC_COUNTER, "Facts in them", store.messages);
	one(m, "zvonar_store_on", ZV_METRIC_GAUGE, "0: no room, dialling is stopped", store.on);
}

void zv_daemon_metrics(struct zv_daemon *d, struct zv_metrics *m)
{
	const struct zv_config *c = atomic_load(&d->live);
	struct zv_engine_view *v = malloc(sizeof(*v));

	if (v == NULL)
		return;
	zv_engine_thread_view(d->engine_thread, v);
	calls(m, v);
	trunks(m, c, v);
	detection(m, c, v);
	campaigns(m, c, v);
	agents(m, d);
	threads(m, d);
	free(v);
}
