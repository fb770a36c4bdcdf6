// callback.js -- picks the time of a call-back among those the law allows.  Days as tabs, slots as
// buttons; what is closed says why.  The daemon names the spans, the page cuts them into slots.

import { get, now } from './api.js';
import { arrows, fill, h, icon, say } from './dom.js';
import { clock, day, dayKey, moment, t, weekday, when } from './text.js';
import { why } from './login.js';

const SLOT_MS = 30 * 60000, DAY_MS = 86400000, DAYS = 7, SOON_MS = 2 * 3600000;

// The answer of desk/times in either of its forms: spans with a reason are closed.
export function spans(answer) {
	const all = Array.isArray(answer) ? answer
		: [...(answer?.times ?? answer?.open ?? []), ...(answer?.closed ?? [])];
	const read = (x) => ({ from: moment(x.from), to: moment(x.to), reason: x.reason ?? x.text ?? '' });
	const good = all.map(read).filter((s) => s.from && s.to && s.to.ms > s.from.ms)
		.sort((a, b) => a.from.ms - b.from.ms);
	return { open: good.filter((s) => !s.reason), closed: good.filter((s) => s.reason),
		reason: answer?.reason ?? '' };
}

// Round times of the person's wall clock within the open spans, from `from_ms` on.
export function slots(open, from_ms) {
	const found = [];
	for (const s of open) {
		const offset = s.from.offset * 60000;
		const first = Math.max(s.from.ms, from_ms);
		let at = Math.ceil((first + offset) / SLOT_MS) * SLOT_MS - offset;
		for (; at < s.to.ms; at += SLOT_MS)
			found.push({ ms: at, offset: s.from.offset });
	}
	return found;
}

export const lawful = (open, ms) => open.some((s) => ms >= s.from.ms && ms < s.to.ms);

export class Callback {
	// changed(): the choice is another one
	constructor(box, changed) {
		this.box = box;
		this.changed = changed;
		this.chosen = null;  // {at: ms, offset}
		this.anyone = false;
		this.days = new Map();
	}

	open(card, kept) {
		this.card = card;
		this.days.clear();
		this.chosen = kept?.at ? moment(kept.at) : null;
		this.anyone = Boolean(kept?.anyone);
		this.offset = this.chosen?.offset ?? moment(now()).offset;
		this.day = this.chosen ? dayKey(this.chosen) : this.dayAt(0);
		this.build();
		this.load(this.day).then(() => this.ahead());
	}

	close() {
		this.card = null;
		this.chosen = null;
		fill(this.box);
	}

	get value() {
		if (!this.chosen)
			return null;
		return { at: new Date(this.chosen.ms).toISOString(), anyone: this.anyone };
	}

	get said() {
		return this.chosen ? when(iso(this.chosen)) : '';
	}

	dayAt(i) {
		return dayKey({ ms: now() + i * DAY_MS, offset: this.offset });
	}

	build() {
		this.tabs = h('div', { class: 'days', role: 'tablist', 'aria-label': t('back.days'), 'aria-busy': 'true' });
		this.body = h('div', { class: 'slots', role: 'tabpanel', tabindex: '-1' });
		this.exact = h('input', { type: 'time', id: 'back-exact', 'aria-label': t('back.exact'),
			onchange: () => this.pickExact() });
		this.other = h('input', { type: 'date', id: 'back-day', 'aria-label': t('back.otherday'),
			min: this.dayAt(0), onchange: (e) => { if (e.target.value) this.go(e.target.value); } });
		this.soon = h('button', { type: 'button', id: 'back-soon', onclick: () => this.pickSoon() },
			icon('clock'), t('back.soon'));
		this.note = h('p', { class: 'back-note', role: 'status' });
		const who = (anyone, key) => h('label', { class: 'radio' },
			h('input', { type: 'radio', name: 'back-who', value: anyone ? 'anyone' : 'me',
				...(anyone === this.anyone ? { checked: true } : {}),
				onchange: () => { this.anyone = anyone; this.changed(); } }), h('span', {}, t(key)));
		fill(this.box, h('fieldset', { class: 'back' },
			h('legend', {}, t('back.title')),
			h('div', { class: 'row' }, this.soon, h('span', { class: 'space' }),
				who(false, 'back.me'), who(true, 'back.anyone')),
			this.tabs, this.body,
			h('div', { class: 'row' },
				h('label', { class: 'inline' }, h('span', {}, t('back.exact')), this.exact),
				h('label', { class: 'inline' }, h('span', {}, t('back.otherday')), this.other)),
			this.note));
		arrows(this.tabs, 'button');
		this.draw();
	}

	async load(key) {
		if (this.days.has(key))
			return this.days.get(key);
		const card = this.card;
		const query = new URLSearchParams({ lead: card.lead, campaign: card.campaign ?? '', day: key });
		let found;
		try {
			found = spans(await get(`desk/times?${query}`));
			const any = found.open[0] ?? found.closed[0];
			if (any)
				this.offset = any.from.offset;
		} catch (e) {
			found = { open: [], closed: [], reason: why(e), failed: true };
		}
		if (card !== this.card)
			return found;
		if (!found.failed)
			this.days.set(key, found);
		else
			this.failed = found;
		this.drawTabs();
		if (key === this.day)
			this.drawDay(); // another day's answer may not take the focus from this one's times
		return found;
	}

	// The other days of the week one after the other, so that closed ones are seen in their tabs.
	async ahead() {
		const card = this.card;
		for (let i = 0; i < DAYS && card && card === this.card; i++)
			await this.load(this.dayAt(i));
		if (card === this.card)
			this.tabs.removeAttribute('aria-busy');
	}

	go(key) {
		this.day = key;
		this.draw();
		this.load(key);
	}

	draw() {
		if (!this.card)
			return;
		this.drawTabs();
		this.drawDay();
	}

	drawTabs() {
		const keys = [];
		for (let i = 0; i < DAYS; i++)
			keys.push(this.dayAt(i));
		if (!keys.includes(this.day))
			keys.push(this.day);
		const focused = this.tabs.contains(document.activeElement) && document.activeElement.dataset.day;
		fill(this.tabs, keys.map((key) => this.drawTab(key)));
		if (focused)
			this.tabs.querySelector(`[data-day="${focused}"]`)?.focus();
	}

	drawTab(key) {
		const m = { ms: Date.parse(`${key}T12:00:00Z`), offset: 0 };
		const found = this.days.get(key);
		const shut = found && slots(found.open, now()).length === 0;
		return h('button', { type: 'button', role: 'tab', data: { day: key }, class: `${shut ? 'shut' : ''}${key === this.dayAt(0) ? ' today' : ''}`,
			'aria-selected': String(key === this.day), tabindex: key === this.day ? '0' : '-1',
			title: shut ? t('back.shut') : key === this.dayAt(0) ? t('back.today') : '', onclick: () => this.go(key) },
		h('b', {}, weekday(m)), h('small', {}, day(m)));
	}

	drawDay() {
		const found = this.days.get(this.day) ?? this.failed;
		if (!found) {
			fill(this.body, h('p', { class: 'empty' }, t('back.loading')));
			return;
		}
		const free = slots(found.open, now());
		fill(this.body,
			free.length ? h('div', { class: 'slot-grid', role: 'radiogroup', 'aria-label': t('back.times') },
				free.map((m) => h('button', { type: 'button', role: 'radio', class: 'slot',
					'aria-checked': String(this.chosen?.ms === m.ms), data: { at: iso(m) },
					onclick: () => this.pick(m) }, clock(m))))
				: h('p', { class: 'empty' }, found.reason || t('back.shut')),
			found.closed.map((s) => h('p', { class: 'closed' }, icon('close'),
				h('b', {}, `${clock(s.from)}–${clock(s.to) === '00:00' ? '24:00' : clock(s.to)}`), ` ${s.reason}`)));
		const grid = this.body.querySelector('.slot-grid');
		if (grid)
			arrows(grid, 'button');
		say(this.note, this.chosen ? t('back.chosen', { at: this.said }) : '');
	}

	pick(m) {
		this.chosen = { ms: m.ms, offset: m.offset };
		for (const b of this.body.querySelectorAll('.slot'))
			b.setAttribute('aria-checked', String(b.dataset.at === iso(m)));
		say(this.note, t('back.chosen', { at: this.said }));
		this.changed();
	}

	refuse(text) {
		say(this.note, text);
	}

	async pickSoon() {
		const at = { ms: Math.round((now() + SOON_MS) / 1000) * 1000, offset: this.offset };
		const found = await this.load(dayKey(at));
		if (!this.card)
			return;
		if (!lawful(found.open, at.ms)) {
			this.refuse(t('back.notthen', { at: when(iso(at)), why: reasonAt(found, at.ms) }));
			return;
		}
		this.day = dayKey(at);
		this.draw();
		this.pick(at);
	}

	async pickExact() {
		const found = this.days.get(this.day);
		const m = /^(\d\d):(\d\d)/.exec(this.exact.value);
		if (!found || !m)
			return;
		const at = { ms: Date.parse(`${this.day}T${m[0]}:00Z`) - this.offset * 60000, offset: this.offset };
		if (at.ms < now())
			this.refuse(t('back.past'));
		else if (!lawful(found.open, at.ms))
			this.refuse(t('back.notthen', { at: when(iso(at)), why: reasonAt(found, at.ms) }));
		else
			this.pick(at);
	}
}

function reasonAt(found, ms) {
	return found.closed.find((s) => ms >= s.from.ms && ms < s.to.ms)?.reason ?? found.reason ?? '';
}

function iso(m) {
	const o = Math.abs(m.offset), two = (n) => String(n).padStart(2, '0');
	return new Date(m.ms + m.offset * 60000).toISOString().slice(0, 19) +
		`${m.offset < 0 ? '-' : '+'}${two(Math.floor(o / 60))}:${two(o % 60)}`;
}
