// campaigns.js -- the floor page's campaigns (why each is not dialling now), trunks and queues.

import { now, post } from './api.js';
import { $, fill, h, icon, say, show } from './dom.js';
import { clock, dayKey, figure, known, moment, percent, span, t, when, word } from './text.js';
import { attempt } from './login.js';

const WHY_MOST = 6;
const rows = new Map(); // name -> {node, ...}

// A bar whose end is `most`; mark: where the limit stands.
export function meter(share, limit, most) {
	const part = h('i', {}), mark = h('u', {});
	const node = h('span', { class: 'meter' }, part, mark);
	node.put = (x, of, end) => {
		const top = end ?? Math.max((of || 0) * 2, x || 0, 0.0001);
		part.style.width = `${Math.min(100, (x || 0) / top * 100).toFixed(1)}%`;
		mark.style.left = of ? `${Math.min(100, of / top * 100).toFixed(1)}%` : '0';
		show(mark, of);
		node.classList.toggle('near', Boolean(of) && x > of * 0.8);
		node.classList.toggle('beyond', Boolean(of) && x > of);
	};
	node.put(share, limit, most);
	return node;
}

function pair(label) {
	const value = h('b', {}), small = h('small', {});
	return { node: h('div', { class: 'pair' }, h('span', {}, label), value, small), value, small };
}

function row(c, operator) {
	const r = { name: h('b', { class: 'c-name' }), mode: h('small', {}), running: h('span', { class: 'running' }),
		calls: h('span', { class: 'c-calls' }), bar: meter(0, 0), abandon: h('b', {}), limit: h('small', {}),
		occupancy: pair(t('floor.occupancy')), answer: pair(t('floor.answer')), ratio: pair(t('floor.ratio')),
		waits: pair(t('floor.waits')), why: h('div', { class: 'why' }), toggle: null };
	r.toggle = operator ? h('button', { type: 'button', class: 'small', onclick: () => attempt(() =>
		post(`campaigns/${encodeURIComponent(c.name)}/${r.toggle.dataset.on === '1' ? 'pause' : 'start'}`)) }) : null;
	r.node = h('article', { class: 'campaign', data: { campaign: c.name } },
		h('header', {}, r.running, r.name, r.mode, h('span', { class: 'space' }), r.calls, r.toggle),
		h('div', { class: 'c-body' },
			h('div', { class: 'c-figures' },
				h('div', { class: 'pair abandon' }, h('span', {}, t('floor.abandon')), r.abandon, r.limit, r.bar),
				r.occupancy.node, r.answer.node, r.ratio.node, r.waits.node), r.why));
	return r;
}

// The reason in words: with its detail if that has some, as the daemon says it if it is a new one.
function reason(w) {
	const exact = `why.${w.reason}.${w.detail}`, plain = `why.${w.reason}`;
	const words = known(exact) ? t(exact) : known(plain) ? t(plain) : w.text || w.reason;
	return w.until_ms > now() ? `${words}, ${t('floor.until', { at: until(w.until_ms) })}` : words;
}

// Today the time alone.
function until(ms) {
	const m = moment(ms);
	return dayKey(m) === dayKey(moment(now())) ? clock(m) : when(ms);
}

function drawWhy(box, why) {
	const list = [...(why ?? [])].sort((a, b) => b.count - a.count).slice(0, WHY_MOST);
	const most = Math.max(1, ...list.map((w) => w.count));
	while (box.children.length > list.length + 1)
		box.lastChild.remove();
	if (!box.children.length)
		box.append(h('h3', {}));
	say(box.firstChild, list.length ? t('floor.why') : t('floor.why.none'));
	list.forEach((w, i) => {
		let line = box.children[i + 1];
		if (!line) {
			line = h('div', { class: 'reason' }, h('span', {}), h('span', { class: 'track' }, h('i', {})), h('b', {}));
			box.append(line);
		}
		const words = reason(w);
		say(line.children[0], words);
		line.children[0].title = words;
		line.children[1].firstChild.style.width = `${(w.count / most * 100).toFixed(1)}%`;
		say(line.children[2], w.count > 0 ? figure(w.count) : ''); // 0: it holds all of it back
	});
}

function drawRow(r, c) {
	const running = c.running ?? !(c.why ?? []).some((w) => w.reason === 'not_started');
	say(r.name, c.title || c.name);
	say(r.mode, word('mode', c.mode));
	say(r.running, running ? t('floor.running') : t('floor.stopped'));
	r.node.classList.toggle('stopped', !running);
	say(r.calls, `${t('floor.ringing')} ${figure(c.ringing)} · ${t('floor.talking')} ${figure(c.talking)} · ${
		t('floor.waiting')} ${figure(c.waiting)} · ${t('floor.ready')} ${figure(c.ready)}`);
	say(r.abandon, percent(c.abandon_rate, 1));
	say(r.limit, c.abandon_limit ? t('floor.limit', { x: percent(c.abandon_limit, 1) }) : '');
	r.bar.put(c.abandon_rate, c.abandon_limit);
	say(r.occupancy.value, percent(c.occupancy));
	say(r.answer.value, percent(c.answer_rate));
	say(r.ratio.value, figure(c.dial_ratio, 2));
	show(r.waits.node, Number.isFinite(c.wait_p95_ms));
	say(r.waits.value, Number.isFinite(c.wait_p95_ms) ? t('floor.waits.value',
		{ half: figure(c.wait_p50_ms / 1000, 1), most: figure(c.wait_p95_ms / 1000, 1) }) : '–');
	if (r.toggle) {
		r.toggle.dataset.on = running ? '1' : '0';
		say(r.toggle, running ? t('floor.stop') : t('floor.start'));
	}
	drawWhy(r.why, c.why);
}

export function drawCampaigns(list, operator) {
	const box = $('campaigns');
	const names = new Set(list.map((c) => c.name));
	for (const [name, r] of rows) {
		if (!names.has(name)) {
			r.node.remove();
			rows.delete(name);
		}
	}
	for (const c of list) {
		if (!rows.has(c.name)) {
			rows.set(c.name, row(c, operator));
			box.append(rows.get(c.name).node);
		}
		drawRow(rows.get(c.name), c);
	}
}

// The language changed: titles stand in the elements.
export function redraw() {
	rows.clear();
	fill($('campaigns'));
}

// What answer detection told of a trunk's answers, and what agents said was wrong.
function detected(d) {
	const told = d?.told ?? {};
	const n = (told.person ?? 0) + (told.machine ?? 0) + (told.unsure ?? 0) + (d?.late ?? 0);
	if (!n)
		return null;
	return h('small', { class: 'wide' }, [t('floor.detect', { person: figure(told.person), machine: figure(told.machine),
		unsure: figure((told.unsure ?? 0) + (d.late ?? 0)) }),
	d.persons_wrong + d.machines_wrong > 0 ? t('floor.detect.wrong', { n: figure(d.persons_wrong + d.machines_wrong) }) : '']
		.filter(Boolean).join(' · '));
}

export function drawLines(trunks, queues) {
	fill($('trunks'), (trunks ?? []).map((x) => h('div', { class: `trunk ${x.state ?? ''}` },
		h('span', {}, icon(x.state === 'up' ? 'check' : 'warn'), h('b', {}, x.name), h('small', {}, word('trunk', x.state))),
		h('small', {}, x.channels ? t('floor.trunk.calls', { n: figure(x.calls), of: figure(x.channels) }) : figure(x.calls)),
		x.channels ? meter(x.calls, 0, x.channels) : null,
		detected(x.detection))));
	show($('queues-title'), (queues ?? []).length);
	fill($('queues'), (queues ?? []).map((q) => h('div', { class: 'queue' },
		h('b', {}, q.title || q.name), h('span', { class: q.waiting > 0 ? 'hot' : '' }, `${t('floor.waiting')} ${figure(q.waiting)}`),
		h('small', {}, [q.waiting > 0 ? t('floor.longest', { span: span(q.longest_s * 1000) }) : '',
			t('floor.queue.served', { n: figure(q.served) }), t('floor.queue.gaveup', { n: figure(q.given_up) })].filter(Boolean).join(' · ')))));
}
