// result.js -- what came of the talk: the campaign's results with hot keys, reasons, topics, the
// form, a comment, a call-back; and the wrap-up's end.

import { post } from './api.js';
import { $, enable, fill, h, say, show } from './dom.js';
import { onLang, span, t } from './text.js';
import { Callback } from './callback.js';
import { Form } from './form.js';
import { attempt } from './login.js';
import { left, model, ofCard, talking, wrapping } from './model.js';

const KEPT = 'zvonar.draft';
const titled = (x) => (typeof x === 'object' ? { ...x, title: x.title ?? x.name } : { name: x, title: x });

let draft = null; // {attempt, result, reason, topic, subtopic, comment, callback, fields}
let sending = false;
let sent = null; // attempt whose result is told
const callback = new Callback($('callback'), () => keep());
const form = new Form($('form'), () => keep());

const results = () => ofCard('results').map(titled);
const chosen = () => results().find((r) => r.name === draft?.result);

function keep() {
	if (!draft)
		return;
	draft.callback = callback.value;
	draft.fields = form.values;
	try { sessionStorage.setItem(KEPT, JSON.stringify(draft)); } catch { /* lives in the page alone */ }
	drawDone();
}

function kept(id) {
	try {
		const d = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null');
		return d && d.attempt === id ? d : null;
	} catch {
		return null;
	}
}

export function forget() {
	draft = null;
	try { sessionStorage.removeItem(KEPT); } catch { /* nothing was kept */ }
}

// What is still wanted before "done", in words.
function missing() {
	const list = [];
	const r = chosen();
	if (!r && results().length)
		list.push(t('missing.result'));
	if (r?.reasons?.length && !draft.reason)
		list.push(t('missing.reason'));
	if (r?.callback && !callback.value)
		list.push(t('missing.callback'));
	if (r?.comment === 'required' && !draft.comment.trim())
		list.push(t('result.comment'));
	if (r?.form !== false)
		list.push(...form.missing);
	return list;
}

// The card is another one (or gone, or told anew after a break).
export function openResult() {
	const card = model.card;
	show($('result'), card);
	show($('result-empty'), !card);
	show($('done-box'), card);
	if (!card) {
		callback.close();
		forget();
		return;
	}
	const id = String(card.attempt ?? '');
	if (draft?.attempt === id)
		return;
	draft = kept(id) ?? { attempt: id, result: '', reason: '', topic: '', subtopic: '', comment: '' };
	$('comment').value = draft.comment;
	callback.close();
	form.open(ofCard('form'), draft.fields);
	show($('form'), form.fields.length && chosen()?.form !== false);
	draw();
	if (chosen()?.callback)
		callback.open(card, draft.callback);
}

function draw() {
	if (!draft)
		return;
	drawResults();
	drawReasons();
	drawTopics();
	drawDone();
}

function drawResults() {
	fill($('results'), results().map((r, i) => h('button', {
		type: 'button', role: 'radio', class: `result-button ${r.tone ?? ''}`, data: { result: r.name },
		'aria-checked': String(r.name === draft.result), 'aria-keyshortcuts': i < 9 ? String(i + 1) : null,
		onclick: () => pick(r.name) },
	i < 9 ? h('kbd', {}, String(i + 1)) : null, h('span', {}, r.title))));
}

function pick(name) {
	if (!draft || sending)
		return;
	const again = draft.result === name;
	draft.result = name;
	if (!again)
		draft.reason = '';
	for (const b of $('results').children)
		b.setAttribute('aria-checked', String(b.dataset.result === name));
	drawReasons();
	show($('form'), chosen()?.form !== false && form.fields.length);
	if (chosen()?.callback) {
		if (!callback.card)
			callback.open(model.card, null);
	} else {
		callback.close();
	}
	keep();
}

function drawReasons() {
	const reasons = (chosen()?.reasons ?? []).map(titled);
	show($('reasons'), reasons.length);
	fill($('reasons'), reasons.map((r) => h('button', { type: 'button', role: 'radio', class: 'chip',
		data: { reason: r.name }, 'aria-checked': String(r.name === draft.reason),
		onclick: () => { draft.reason = r.name; drawReasons(); keep();
			$('reasons').querySelector('[aria-checked=true]')?.focus(); } }, r.title)));
}

function drawTopics() {
	const topics = ofCard('topics').map(titled);
	show($('topics'), topics.length);
	if (!topics.length)
		return;
	const pickOne = (label, list, value, put) => h('label', {}, h('span', {}, label),
		h('select', { data: { pick: label }, onchange: (e) => { put(e.target.value); keep(); },
			...(list.length ? {} : { disabled: true }) },
		h('option', { value: '' }, '—'),
		list.map((x) => h('option', { value: x.name, ...(x.name === value ? { selected: true } : {}) }, x.title))));
	const sub = (topics.find((x) => x.name === draft.topic)?.subtopics ?? []).map(titled);
	fill($('topics'),
		pickOne(t('result.topic'), topics, draft.topic, (v) => {
			draft.topic = v; draft.subtopic = ''; drawTopics(); $('topics').querySelector('select')?.focus();
		}),
		pickOne(t('result.subtopic'), sub, draft.subtopic, (v) => { draft.subtopic = v; }));
}

function drawDone() {
	const ready = Boolean(draft) && (talking() || wrapping()) && draft.attempt !== sent;
	enable($('done'), ready && !sending);
	say($('done-text'), talking() ? t('result.done.talking') : t('result.done'));
	enable($('extend'), wrapping());
	if (!$('missing').textContent || missing().length === 0)
		say($('missing'), '');
}

async function done() {
	if (!draft || $('done').disabled || sending)
		return;
	const lack = missing();
	if (lack.length) {
		say($('missing'), t('missing.text', { what: lack.join(', ') }));
		return;
	}
	const body = { result: draft.result, comment: draft.comment.trim() };
	for (const key of ['topic', 'subtopic', 'reason'])
		if (draft[key])
			body[key] = draft[key];
	if (callback.value)
		body.callback = callback.value;
	if (Object.keys(form.values).length)
		body.fields = form.values;
	const id = draft.attempt;
	sending = true;
	drawDone();
	if (await attempt(() => post('desk/done', body)))
		sent = id;
	sending = false;
	drawDone();
}

// Each second: the wrap-up's clock; at its end what was chosen is told rather than lost.
export function tickResult() {
	const ms = wrapping() ? left() : null;
	say($('wrap-time'), ms === null ? '' : span(ms));
	$('wrap-time').classList.toggle('near', ms !== null && ms < 10000);
	if (ms !== null && ms < 1500 && draft?.result && !sending && draft.attempt !== sent && missing().length === 0)
		done();
}

export function stateResult() {
	drawDone();
	tickResult();
}

// 1..9 choose a result; true: it was one.
export function keyResult(digit) {
	const r = results()[digit - 1];
	if (!model.card || !r || $('result').hidden)
		return false;
	pick(r.name);
	$('results').querySelector('[aria-checked=true]')?.focus({ preventScroll: true });
	return true;
}

export const finish = () => done();

$('comment').addEventListener('input', (e) => {
	if (draft) {
		draft.comment = e.target.value;
		keep();
	}
});
$('result').addEventListener('submit', (e) => e.preventDefault());
$('done').addEventListener('click', done);
$('extend').addEventListener('click', () => attempt(() => post('desk/extend')));
onLang(() => {
	draw();
	form.draw();
	if (callback.card) {
		callback.build();
		callback.ahead();
	}
});
