// card.js -- the card: who it is, what is owed, what was agreed, the script, what happened before.

import { $, fill, h, icon, say, show, value } from './dom.js';
import { figure, onLang, phone, span, t, when, word } from './text.js';
import { campaign, model } from './model.js';

const CHANNEL_ICON = { sms: 'sms', messenger: 'sms', email: 'mail', call: 'phone' };

function drawDebt(debt) {
	const box = $('debt');
	show(box, debt !== undefined && debt !== null && debt !== '');
	if (box.hidden)
		return;
	if (typeof debt !== 'object') {
		fill(box, h('span', {}, t('card.debt')), h('b', {}, String(debt)));
		return;
	}
	const sum = debt.amount === undefined ? '' : Number.isFinite(Number(debt.amount))
		? `${figure(debt.amount, Number.isInteger(Number(debt.amount)) ? 0 : 2)} ${debt.currency ?? ''}`
		: `${debt.amount} ${debt.currency ?? ''}`;
	fill(box, h('span', {}, t('card.debt')), h('b', {}, sum.trim()),
		debt.overdue_days > 0 ? h('em', {}, icon('warn'), t('card.overdue', { n: figure(debt.overdue_days) })) : null,
		debt.due ? h('small', {}, t('card.due', { at: debt.due })) : null);
}

function drawAgreed(back) {
	const box = $('agreed');
	show(box, back);
	if (back) {
		fill(box, icon('clock'), h('span', {}, t('card.agreed')), h('b', {}, when(back.at)),
			back.comment ? h('small', {}, back.comment) : null);
	}
}

function drawWho(card) {
	const person = card.person ?? {};
	say($('name'), person.name || phone(card.number) || t('card.unknown'));
	say($('number'), phone(card.number));
	say($('kind'), word('kind', card.kind));
	$('kind').dataset.kind = card.kind ?? '';
	say($('campaign'), campaign(card.campaign)?.title || card.campaign || '');
	drawDebt(card.debt);
	drawAgreed(card.callback);
	const rows = Array.isArray(card.fields) ? card.fields.map((f) => [f.title ?? f.name, f.value])
		: Object.entries(card.fields ?? {});
	const more = Object.entries(person).filter(([k]) => !['id', 'name', 'numbers'].includes(k))
		.map(([k, v]) => [word('person', k), v]);
	if (Array.isArray(person.numbers) && person.numbers.length > 1)
		more.push([t('card.numbers'), person.numbers.map((n) => phone(n.number ?? n)).join(', ')]);
	fill($('fields'), [...rows, ...more].filter(([, v]) => v !== null && v !== undefined && v !== '')
		.map(([k, v]) => [h('dt', {}, k), h('dd', {}, value(typeof v === 'object' ? JSON.stringify(v) : v))]));
}

function drawScript(card) {
	const steps = card.script?.length ? card.script : campaign(card.campaign)?.script ?? [];
	show($('script'), steps.length);
	fill($('script'), h('ol', {}, steps.map((s) => h('li', {},
		s.title ? h('h3', {}, s.title) : null,
		String(s.text ?? '').split('\n').map((line) => h('p', {}, line))))));
	$('script').scrollTop = 0;
}

// A result of before, as its campaign calls it now.
function titleOf(row) {
	const found = campaign(row.campaign)?.results?.find((x) => x.name === row.result);
	return found?.title ?? row.result;
}

function drawHistory(card) {
	const rows = card.history ?? [];
	fill($('history'), rows.map((r) => h('tr', {},
		h('td', { class: 'nowrap' }, when(r.at)),
		h('td', { class: 'nowrap' }, icon(CHANNEL_ICON[r.channel] ?? 'phone'), word('channel', r.channel)),
		h('td', {}, [word('outcome', r.outcome), titleOf(r)].filter(Boolean).join(' · '),
			r.agent ? h('small', {}, r.agent) : null),
		h('td', {}, value(r.comment ?? '')))));
	show($('history-none'), rows.length === 0);
}

export function drawCard() {
	const card = model.card;
	show($('who-empty'), !card);
	show($('who-card'), card);
	show($('history-box'), card);
	show($('idle'), !card);
	document.body.classList.toggle('has-card', Boolean(card));
	if (!card) {
		show($('script'), false);
		return;
	}
	document.body.dataset.attempt = card.attempt ?? '';
	drawWho(card);
	drawScript(card);
	drawHistory(card);
}

export function drawIdle(ms) {
	const state = model.agent.state;
	say($('idle-text'), t(`idle.${state}`));
	say($('idle-time'), span(ms));
	say($('idle-more'), t(`idle.${state}.more`));
}

onLang(() => { if (model.me) drawCard(); });
