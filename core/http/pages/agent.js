// agent.js -- the agent's page: who is in, the header, the stream, the keys.

import { Problem, Stream, del, post } from './api.js';
import { $, arrows, enable, fill, h, icon, say, setIcon, show, typing } from './dom.js';
import { onLang, phone, span, t, texts, word } from './text.js';
import { askIn, attempt, begin, langs, lost, toast } from './login.js';
import { inState, left, model, pauseName, previewing, refresh, take, talking, wrapping } from './model.js';
import { drawCard, drawIdle } from './card.js';
import { dialog, drawCall, drawManual, keyDial, tickCall } from './call.js';
import { finish, forget, keyResult, openResult, stateResult, tickResult } from './result.js';
import { refreshTasks, stateTasks, toldTask } from './tasks.js';

let leaving = false;
let fresh = false; // just let in by password: the shift begins by itself
const stateIcon = icon('offline');
$('state-icon').append(stateIcon);
const phoneIcon = icon('phone');
const phoneText = h('span', {});
$('phone').append(phoneIcon, phoneText);

function drawState() {
	const a = model.agent;
	document.body.dataset.state = a.state;
	document.title = `${word('state', a.state)} · zvonar`;
	setIcon(stateIcon, a.state);
	say($('state-name'), word('state', a.state));
	say($('state-more'), a.state === 'paused' ? pauseName(a.pause)
		: talking() && model.held && !model.consult ? t('call.held')
		: (a.state === 'talking' || a.state === 'reserved') && a.kind !== 'none' ? word('kind', a.kind) : '');
	const on = a.state !== 'offline';
	show($('start'), !on);
	show($('ready'), on);
	show($('pause'), on);
	enable($('ready'), a.state === 'paused' || (wrapping() && a.want !== null && a.want !== undefined && a.want !== ''));
	enable($('pause'), on && a.state !== 'paused');
	say($('want'), a.want ? t(`want.${a.want}`) : '');
	$('phone').dataset.phone = a.phone ?? 'gone';
	say(phoneText, word('phone', a.phone ?? 'gone'));
	$('phone').title = a.number && talking() ? phone(a.number) : '';
	if (leaving && !on)
		gone();
}

function drawAll() {
	drawState();
	drawCard();
	openResult();
	drawCall();
	drawManual();
	stateResult();
	drawPauses();
	say($('user'), model.me?.title || model.me?.user || '');
	tick();
}

function tick() {
	const ms = inState();
	const rest = left();
	say($('state-time'), model.agent.state === 'offline' ? '' : span(ms));
	const share = rest === null ? 0 : Math.max(0, Math.min(1, rest / model.agent.limit_ms));
	$('state-limit').style.width = `${(share * 100).toFixed(1)}%`;
	$('state-limit').classList.toggle('near', rest !== null && rest < 10000);
	if (!model.card)
		drawIdle(model.agent.state === 'offline' ? 0 : ms);
	tickCall();
	tickResult();
}

// --- pauses ---

function drawPauses() {
	const codes = model.me?.pause_codes ?? [];
	fill($('pause-menu'), codes.map((p, i) => h('button', { type: 'button', role: 'menuitem', data: { code: p.code },
		onclick: () => pause(p.code) }, i < 9 ? h('kbd', {}, String(i + 1)) : null, h('span', {}, p.name))));
}

function menu(on) {
	show($('pause-menu'), on);
	$('pause').setAttribute('aria-expanded', String(on));
	if (on)
		$('pause-menu').querySelector('button')?.focus();
}

async function pause(code) {
	menu(false);
	$('pause').focus();
	await attempt(() => post('desk/pause', { code }));
}

// --- keys ---

function onKey(e) {
	if ($('app').hidden || e.repeat && e.key !== 'Tab')
		return;
	const f = { F2: 'hold', F4: 'hangup', F8: 'transfer' }[e.key];
	if (f && !e.altKey && !e.ctrlKey && !e.metaKey) {
		e.preventDefault();
		$(f).click();
	} else if (e.key === 'F9') {
		e.preventDefault();
		if (!$('ready').disabled && !$('ready').hidden)
			$('ready').click();
		else if (!$('pause').disabled && !$('pause').hidden)
			menu($('pause-menu').hidden);
	} else if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) {
		e.preventDefault();
		finish();
	} else if (e.key === 'Escape' && !$('pause-menu').hidden) {
		menu(false);
		$('pause').focus();
	} else if (!e.altKey && !e.ctrlKey && !e.metaKey && !$('dialog').open) {
		plainKey(e);
	}
}

function plainKey(e) {
	const digit = /^(?:Digit|Numpad)([1-9])$/.exec(e.code);
	if (digit && !$('pause-menu').hidden) {
		e.preventDefault();
		$('pause-menu').querySelectorAll('button')[digit[1] - 1]?.click();
	} else if (digit && !typing()) {
		if (keyResult(Number(digit[1])))
			e.preventDefault();
	} else if (e.key === 'Enter' && previewing() && (document.activeElement === document.body || !document.activeElement)) {
		if (keyDial())
			e.preventDefault();
	}
}

function keysHelp() {
	const rows = [['1–9', 'keys.result'], ['Ctrl Enter', 'keys.done'], ['F2', 'keys.hold'], ['F4', 'keys.hangup'],
		['F8', 'keys.transfer'], ['F9', 'keys.pause'], ['Enter', 'keys.dial'], ['Esc', 'keys.close']];
	dialog(t('keys.title'), h('dl', { class: 'keys-help' }, rows.map(([k, what]) => [
		h('dt', {}, h('kbd', {}, k)), h('dd', {}, t(what))])));
}

// --- tabs of the right column ---

function side(which) {
	for (const name of ['result', 'tasks']) {
		const on = name === which;
		$(`tab-${name}`).setAttribute('aria-selected', String(on));
		$(`tab-${name}`).tabIndex = on ? 0 : -1;
		show($(`side-${name}`), on);
	}
}

// --- the stream ---

function onEvent(name, data) {
	if (name === 'hello') {
		sync();
	} else if (name === 'request') {
		toldTask(data);
	} else if (name === 'note' || name === 'alarm') {
		toast(data.text ?? '', name === 'alarm' ? 'bad' : '');
	} else if (['agent', 'card', 'card_close', 'held', 'resumed', 'consult'].includes(name)) {
		if (name === 'agent' && data.user && data.user !== model.me?.user)
			return; // a supervisor's stream tells of all
		const had = model.card?.attempt;
		take(name, data);
		if (name === 'card' && data.attempt !== had)
			side('result');
		if (name === 'card' || name === 'card_close') {
			drawCard();
			openResult();
		}
		drawState();
		drawCall();
		drawManual();
		stateResult();
		stateTasks();
		tick();
	}
}

async function sync() {
	try {
		for (let i = 0; i < 3 && !await refresh(); i++)
			;
		show($('login'), false);
		show($('app'), true);
		drawAll();
		refreshTasks();
		if (fresh) {
			fresh = false;
			if (model.agent.state === 'offline')
				attempt(() => post('desk/login'));
		}
	} catch (e) {
		if (e instanceof Problem && (e.status === 401 || e.status === 403))
			denied(e.status);
	}
}

const stream = new Stream(onEvent, (state, ms) => {
	if (state === 'denied')
		denied(401);
	else
		lost(state === 'lost', ms);
});

const denied = (status) => askIn(stream, status, Boolean(model.me), () => start(true));

function start(byPassword) {
	fresh = byPassword;
	leaving = false;
	stream.last = '';
	stream.start();
}

// --- leaving ---

async function leave() {
	leaving = true;
	if (model.agent.state === 'offline') {
		gone();
		return;
	}
	if (!await attempt(() => post('desk/logout')))
		leaving = false;
	else if (talking() || wrapping())
		toast(t('want.logout'));
}

async function gone() {
	leaving = false;
	stream.stop();
	forget();
	try { await del('session'); } catch { /* it runs out by itself */ }
	model.me = null;
	model.card = null;
	denied(0);
}

$('start').addEventListener('click', () => attempt(() => post('desk/login')));
$('ready').addEventListener('click', () => { if (!$('ready').disabled) attempt(() => post('desk/ready')); });
$('pause').addEventListener('click', () => menu($('pause-menu').hidden));
$('logout').addEventListener('click', leave);
$('keys').addEventListener('click', keysHelp);
$('tab-result').addEventListener('click', () => side('result'));
$('tab-tasks').addEventListener('click', () => side('tasks'));
$('lost-again').addEventListener('click', () => stream.again());
arrows($('tabs'), 'button');
arrows($('pause-menu'), 'button');
document.addEventListener('keydown', onKey);
document.addEventListener('click', (e) => {
	if (!$('pause-menu').hidden && !e.target.closest('.menu-box'))
		menu(false);
});
onLang(() => { if (model.me) drawAll(); });
setInterval(tick, 500);
setInterval(() => { if (model.me && !stream.stopped) refreshTasks(); }, 60000);

texts(document);
langs($('lang'));
begin(() => start(false), denied);
