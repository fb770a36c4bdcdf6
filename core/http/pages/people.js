// people.js -- the agents of the floor page: a tile each, sorted and filtered; what a supervisor may
// do with one.  Tiles stay the same elements from second to second: nothing flickers, focus stays.

import { get, now, post } from './api.js';
import { $, enable, fill, h, icon, say, setIcon, show } from './dom.js';
import { phone, span, t, word } from './text.js';
import { attempt, toast } from './login.js';

const STATES = ['talking', 'reserved', 'wrapup', 'ready', 'paused', 'offline'];
const LONG = 1.0; // a tile warns when the state's limit is reached

let agents = [];
let filter = '';
let heard = null; // {user, title, how}: whom the supervisor listens to
let codes = [];
let own = null; // the supervisor's own phone, as event agent tells
const PICKUP_MS = 45000;
const tiles = new Map(); // user -> {node, ...}

export const pauseCodes = (list) => { codes = list ?? []; };
const key = (a) => String(a.user ?? a.agent);
const since = (a) => a.since_ms ?? a.since ?? 0;
const limit = (a) => a.limit_ms ?? a.limit ?? 0;
const named = (a) => a.title || a.user || String(a.agent);

function tile(a) {
	const mark = icon(a.state);
	const name = h('b', {}), time = h('span', { class: 'time' }), state = h('small', {});
	const bar = h('i', {});
	const node = h('button', { type: 'button', class: 'agent', 'aria-haspopup': 'dialog', data: { user: key(a) },
		onclick: () => actions(key(a)) },
	h('span', { class: 'agent-head' }, mark, name, time), h('span', { class: 'agent-foot' }, state), h('span', { class: 'limit' }, bar));
	return { node, mark, name, time, state, bar };
}

function drawTile(tileOf, a) {
	const ms = since(a) ? now() - since(a) : 0;
	const over = limit(a) > 0 && ms >= limit(a) * LONG;
	tileOf.node.className = `agent s-${a.state}${over ? ' over' : ''}${heard?.user === key(a) ? ' heard' : ''}`;
	tileOf.node.dataset.state = a.state;
	setIcon(tileOf.mark, a.state);
	say(tileOf.name, named(a));
	say(tileOf.time, a.state === 'offline' ? '' : span(ms));
	const words = a.state === 'paused' ? pauseName(a.pause) || word('state', a.state) : word('state', a.state);
	const off = a.state !== 'offline' && a.phone && a.phone !== 'up';
	say(tileOf.state, off ? word('phone', a.phone) : a.state === 'talking' && a.number ? phone(a.number) : words);
	tileOf.node.classList.toggle('no-phone', Boolean(off));
	const label = `${named(a)}: ${word('state', a.state)}`;
	if (tileOf.node.getAttribute('aria-label') !== label) {
		tileOf.node.setAttribute('aria-label', label);
		tileOf.node.title = label;
	}
	tileOf.bar.style.width = limit(a) > 0 ? `${Math.min(100, ms / limit(a) * 100).toFixed(1)}%` : '0';
}

const pauseName = (code) => codes.find((c) => c.code === code)?.name ?? '';

function order() {
	const by = $('sort').value;
	const part = $('find').value.trim().toLowerCase();
	const list = agents.filter((a) => (!filter || a.state === filter) &&
		(!part || `${named(a)} ${a.user} ${a.number ?? ''} ${a.campaign ?? ''}`.toLowerCase().includes(part)));
	const name = (a, b) => named(a).localeCompare(named(b));
	const time = (a, b) => since(a) - since(b) || name(a, b);
	if (by === 'name')
		return list.sort(name);
	if (by === 'time')
		return list.sort((a, b) => (a.state === 'offline') - (b.state === 'offline') || time(a, b));
	return list.sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || time(a, b));
}

export function drawPeople(list) {
	if (list)
		agents = list;
	drawStates();
	const box = $('agents');
	const wanted = order();
	const here = new Set(agents.map(key));
	for (const [user, old] of tiles) {
		if (!here.has(user)) {
			old.node.remove();
			tiles.delete(user);
		}
	}
	const nodes = wanted.map((a) => {
		if (!tiles.has(key(a)))
			tiles.set(key(a), tile(a));
		drawTile(tiles.get(key(a)), a);
		return tiles.get(key(a)).node;
	});
	const same = box.children.length === nodes.length && nodes.every((n, i) => box.children[i] === n);
	if (!same) {
		const focused = document.activeElement;
		const top = box.scrollTop;
		fill(box, nodes.length ? nodes : h('p', { class: 'empty' }, t('floor.none')));
		if (nodes.includes(focused))
			focused.focus({ preventScroll: true });
		box.scrollTop = top;
	}
}

function drawStates() {
	const box = $('states');
	if (!box.children.length) {
		fill(box, ['', ...STATES].map((s) => h('button', { type: 'button', class: s ? `chip c-${s}` : 'chip', data: { state: s },
			onclick: () => { filter = s; drawPeople(); } }, s ? icon(s) : null, h('span', {}), h('b', {}))));
	}
	for (const b of box.children) {
		const s = b.dataset.state;
		b.setAttribute('aria-pressed', String(s === filter));
		say(b.querySelector('span'), s ? word('state', s) : t('floor.all'));
		b.title = b.querySelector('span').textContent;
		say(b.querySelector('b'), s ? agents.filter((a) => a.state === s).length : agents.length);
	}
}

// --- a supervisor in a talk ---

function drawHeard() {
	show($('supervise'), heard);
	if (!heard)
		return;
	say($('supervise-who'), t('floor.you', { who: heard.title }));
	for (const how of ['listen', 'whisper', 'barge']) {
		$(`sup-${how}`).setAttribute('aria-pressed', String(heard.how === how));
		$(`sup-${how}`).classList.toggle('on', heard.how === how);
	}
}

// Of the stream and of /me.
export function setOwn(agent) {
	own = agent ?? own;
	show($('phone'), own);
	if (!own)
		return;
	$('phone').dataset.phone = own.phone ?? 'gone';
	if (!$('phone').firstChild)
		$('phone').append(icon('phone'), h('span', {}));
	say($('phone').lastChild, word('phone', own.phone ?? 'gone'));
}

// To hear anything his own phone must be up: it is called first.
async function pickedUp() {
	if (!own || own.phone === 'up')
		return;
	if (own.state === 'offline')
		await post('desk/login');
	toast(t('floor.pickup'));
	const end = Date.now() + PICKUP_MS;
	while (own.phone !== 'up' && Date.now() < end)
		await new Promise((done) => { setTimeout(done, 100); });
}

async function hear(how, a) {
	const who = { user: key(a), title: named(a), how };
	if (await attempt(async () => { await pickedUp(); await post(`desk/${how}`, { agent: who.user }); })) {
		heard = who;
		drawHeard();
		drawPeople();
	}
}

async function leave() {
	if (heard && await attempt(() => post('desk/leave', { agent: heard.user }))) {
		heard = null;
		drawHeard();
		drawPeople();
	}
}

// The talk that was heard is over.
export function heardOver(list) {
	if (heard && list.some((a) => key(a) === heard.user && a.state !== 'talking')) {
		heard = null;
		drawHeard();
	}
}

// --- what may be done with one ---

async function actions(user) {
	const a = agents.find((x) => key(x) === user);
	if (!a)
		return;
	if (!codes.length) {
		try { codes = (await get('me')).pause_codes ?? []; } catch { /* no pause is offered then */ }
	}
	const box = $('dialog');
	const path = `agents/${encodeURIComponent(user)}`;
	const go = async (what, call) => {
		box.close();
		if (await attempt(call))
			toast(t('floor.do.done', { what, who: named(a) }));
	};
	const button = (name, words, on, call) => {
		const b = h('button', { type: 'button', data: { do: name }, onclick: () => (name === 'listen' || name === 'whisper' || name === 'barge'
			? (box.close(), hear(name, a)) : go(words, call)) },
		['listen', 'whisper', 'barge'].includes(name) ? icon(name === 'listen' ? 'ear' : name) : null, words);
		enable(b, on);
		return b;
	};
	const talk = a.state === 'talking';
	const on = a.state !== 'offline';
	fill(box, h('header', {}, h('h2', { id: 'dialog-title' }, t('floor.actions', { who: named(a) })),
		h('button', { type: 'button', class: 'quiet', 'aria-label': t('do.close'), onclick: () => box.close() }, icon('close'))),
	h('p', { class: `c-${a.state}` }, icon(a.state), ' ', word('state', a.state), ' ', a.number && talk ? phone(a.number) : ''),
	h('div', { class: 'row grow' }, button('listen', t('floor.do.listen'), talk), button('whisper', t('floor.do.whisper'), talk),
		button('barge', t('floor.do.barge'), talk)),
	h('div', { class: 'row grow' }, button('ready', t('floor.do.ready'), on && a.state !== 'ready', () => post(`${path}/ready`)),
		button('logout', t('floor.do.logout'), on, () => post(`${path}/logout`))),
	codes.length ? h('div', { class: 'pauses' }, h('h2', {}, t('do.pause')),
		codes.map((c) => button(`pause-${c.code}`, c.name, on, () => post(`${path}/pause`, { code: c.code })))) : null);
	box.setAttribute('aria-labelledby', 'dialog-title');
	if (!box.open)
		box.showModal();
}

for (const how of ['listen', 'whisper', 'barge'])
	$(`sup-${how}`).addEventListener('click', () => heard && hear(how, { user: heard.user, title: heard.title }));
$('sup-leave').addEventListener('click', leave);
$('sort').addEventListener('change', () => drawPeople());
$('find').addEventListener('input', () => drawPeople());
