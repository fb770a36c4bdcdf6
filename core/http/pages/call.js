// call.js -- the buttons of a talk: hang up, hold, transfer and consultation, keys, machine; the
// preview's dial and skip; manual calls.

import { get, post } from './api.js';
import { $, enable, fill, h, icon, say, show } from './dom.js';
import { onLang, span, t, word } from './text.js';
import { attempt, why } from './login.js';
import { left, model, previewing, talking } from './model.js';

const act = (what, body) => attempt(() => post(`desk/${what}`, body));

// A button that is pressed once and waits for its answer.
function once(id, what, body) {
	$(id).addEventListener('click', async () => {
		const button = $(id);
		if (button.disabled)
			return;
		button.dataset.busy = '1';
		button.disabled = true;
		await act(what, body);
		delete button.dataset.busy;
		drawCall();
	});
}

function can(id, on) {
	enable($(id), on && !$(id).dataset.busy);
}

export function drawCall() {
	const talk = talking();
	const consulted = talk ? model.consult : null;
	can('hangup', talk);
	can('hold', talk && !consulted);
	can('transfer', talk && !consulted);
	can('keypad', talk);
	can('machine', talk && !consulted);
	// detection took the last talk: it may have been wrong
	show($('person'), model.agent?.freed);
	can('person', model.agent?.freed);
	say($('hold-text'), model.held ? t('call.resume') : t('call.hold'));
	$('hold').classList.toggle('on', model.held);
	show($('consult'), consulted);
	if (consulted) {
		say($('consult-text'), t(`consult.${['calling', 'talking', 'joined'].includes(consulted.state)
			? consulted.state : 'talking'}`, { who: consulted.with ?? '' }));
		can('join', consulted.state === 'talking');
		can('complete', consulted.state === 'talking' || consulted.state === 'joined');
		can('back', true);
	}
	// a preview's buttons stand where those of the talk do: nothing moves
	show($('preview'), previewing() && model.card);
	show($('call-row'), $('preview').hidden);
	can('dial', previewing());
	can('skip', previewing());
	if (!talk && keysOpen)
		$('dialog').close();
}

export function tickCall() {
	const ms = left();
	say($('preview-time'), previewing() && ms !== null ? span(ms) : '');
}

// --- the dialogue of transfers ---

let people = [];

function who(list) {
	return (Array.isArray(list) ? list : list?.agents ?? []).filter((a) => (a.user ?? a.agent) !== model.me?.user);
}

function transfer() {
	if ($('transfer').disabled)
		return;
	const filter = h('input', { type: 'text', id: 'transfer-to', autocomplete: 'off', maxlength: 40 });
	const list = h('div', { class: 'pick-list', role: 'listbox', 'aria-label': t('transfer.agents') });
	const said = h('p', { class: 'missing', role: 'alert' });
	let to = null;
	const at = h('button', { type: 'button', id: 'transfer-now' }, t('transfer.now'));
	const ask = h('button', { type: 'button', id: 'transfer-consult', class: 'go' }, t('transfer.consult'));
	const number = () => (/^\+?[\d\s()-]{5,24}$/.test(filter.value.trim()) ? filter.value.replace(/[^\d+]/g, '') : '');
	const body = () => (to ? { agent: to } : number() ? { number: number() } : null);
	const draw = () => {
		const part = filter.value.trim().toLowerCase();
		const found = people.filter((a) => !part || number() || `${a.title ?? ''} ${a.user}`.toLowerCase().includes(part));
		fill(list, found.length ? found.map((a) => h('button', { type: 'button', role: 'option', data: { agent: a.user, state: a.state },
			'aria-selected': String(a.user === to), onclick: () => { to = a.user === to ? null : a.user; draw(); } },
		icon(a.state ?? 'offline'), h('b', {}, a.title ?? a.user), h('small', {}, word('state', a.state))))
			: h('p', { class: 'empty' }, t('transfer.nobody')));
		enable(at, body());
		enable(ask, body());
	};
	filter.addEventListener('input', () => { to = null; draw(); });
	const go = async (what) => {
		try {
			await post(`desk/${what}`, body());
			$('dialog').close();
		} catch (e) {
			say(said, why(e));
		}
	};
	at.addEventListener('click', () => go('transfer'));
	ask.addEventListener('click', () => go('consult'));
	dialog(t('transfer.title'), h('label', {}, h('span', {}, t('transfer.to')), filter), list, said,
		h('div', { class: 'row' }, h('span', { class: 'space' }), at, ask));
	people = [];
	draw();
	filter.focus();
	get('agents').then((all) => {
		const order = ['ready', 'wrapup', 'paused', 'reserved', 'talking'];
		people = who(all).map((a) => ({ ...a, user: a.user ?? a.agent })).filter((a) => a.state && a.state !== 'offline')
			.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
		draw();
	}, () => draw());
}

// --- the keypad ---

let keysOpen = false;

function keypad() {
	if ($('keypad').disabled)
		return;
	const sent = h('output', { class: 'keys-sent', 'aria-live': 'polite' });
	const press = (key) => {
		sent.append(key);
		act('key', { key });
	};
	dialog(t('call.keypad'), sent, h('div', { class: 'keys' },
		[...'123456789*0#'].map((k) => h('button', { type: 'button', data: { key: k }, onclick: () => press(k) }, k))));
	keysOpen = true;
	$('dialog').onkeydown = (e) => {
		if (/^[0-9*#]$/.test(e.key)) {
			e.preventDefault();
			press(e.key);
		}
	};
}

export function dialog(title, ...children) {
	const box = $('dialog');
	fill(box, h('header', {}, h('h2', { id: 'dialog-title' }, title),
		h('button', { type: 'button', class: 'quiet', 'aria-label': t('do.close'), onclick: () => box.close() }, icon('close'))),
	...children);
	box.setAttribute('aria-labelledby', 'dialog-title');
	box.onkeydown = null;
	if (!box.open)
		box.showModal();
}
$('dialog').addEventListener('close', () => {
	keysOpen = false;
	fill($('dialog'));
});

export function drawManual() {
	const all = model.me?.campaigns ?? [];
	const fit = all.filter((c) => ['manual', 'preview'].includes(c.mode));
	const list = fit.length || all.some((c) => c.mode) ? fit : all;
	show($('manual'), list.length && ['paused', 'ready'].includes(model.agent.state));
	const was = $('manual-campaign').value;
	fill($('manual-campaign'), list.map((c) => h('option', { value: c.name,
		...(c.name === was ? { selected: true } : {}) }, c.title || c.name)));
}

// Enter on nothing in particular dials the previewed lead.
export function keyDial() {
	if ($('preview').hidden || $('dial').disabled)
		return false;
	$('dial').click();
	return true;
}

once('hangup', 'hangup');
once('machine', 'machine');
once('person', 'person');
once('join', 'join');
once('complete', 'complete');
once('back', 'back');
once('dial', 'dial', {});
once('skip', 'skip');
$('hold').addEventListener('click', () => { if (!$('hold').disabled) act(model.held ? 'resume' : 'hold'); });
$('transfer').addEventListener('click', transfer);
$('keypad').addEventListener('click', keypad);
$('manual').addEventListener('submit', async (e) => {
	e.preventDefault();
	const number = $('manual-number').value.replace(/[^\d+]/g, '');
	if (number.length >= 5 && await act('dial', { number, campaign: $('manual-campaign').value }))
		$('manual-number').value = '';
});
onLang(() => { if (model.me) drawCall(); });
