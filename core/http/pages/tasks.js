// tasks.js -- requests: what a person has to do.  The most urgent next, its form, done or returned;
// the deadline as colour, shape and words.

import { get, now, post } from './api.js';
import { $, enable, fill, h, icon, say, value } from './dom.js';
import { moment, onLang, phone, roughly, t, when, word } from './text.js';
import { Form } from './form.js';
import { attempt, toast } from './login.js';
import { model } from './model.js';

const SOON_MS = 3600000;
let mine = [];
let open = null; // id of the one whose form is open
const kept = new Map(); // id -> {fields, comment}

const listed = (answer) => (Array.isArray(answer) ? answer : answer?.requests ?? []);
const due = (r) => r.due ?? r.deadline ?? null;

function pressing(r) {
	const m = moment(due(r));
	if (!m)
		return '';
	const ms = m.ms - now();
	return ms < 0 ? 'late' : ms < SOON_MS ? 'soon' : 'calm';
}

function deadline(r) {
	const m = moment(due(r));
	if (!m)
		return null;
	const tone = pressing(r);
	const ms = m.ms - now();
	return h('span', { class: `due ${tone}`, title: when(due(r)) }, icon(tone === 'calm' ? 'clock' : 'warn'),
		t(tone === 'late' ? 'task.late' : 'task.left', { span: roughly(ms) }));
}

export async function refreshTasks() {
	try {
		const all = listed(await get('requests'));
		mine = all.filter((r) => r.status === 'work' && (!r.agent || r.agent === model.me?.user));
		const waiting = all.filter((r) => r.status === 'new').length;
		say($('task-count'), mine.length + waiting || '');
		$('task-count').classList.toggle('late', all.some((r) => r.status !== 'done' && pressing(r) === 'late'));
		draw();
		return all;
	} catch { /* asked again with the next event or minute */ }
	return [];
}

function draw() {
	if ($('tasks').contains(document.activeElement) && document.activeElement.matches('input, textarea, select'))
		return; // he is writing: not under his hands
	fill($('tasks'), mine.length ? mine.map(one) : h('p', { class: 'empty' }, t('task.none')));
}

function one(r) {
	const id = String(r.id);
	const shown = open === id;
	const head = h('button', { type: 'button', class: 'task-head', 'aria-expanded': String(shown),
		onclick: () => { open = shown ? null : id; draw(); $('tasks').querySelector(`[data-task="${CSS.escape(id)}"] button`)?.focus(); } },
	icon('task'), h('b', {}, r.title || word('task.type', r.type)), deadline(r));
	return h('article', { class: `task ${pressing(r)}`, data: { task: id } }, head, shown ? body(r, id) : null);
}

function body(r, id) {
	const was = kept.get(id) ?? {};
	const said = h('p', { class: 'missing', role: 'alert' });
	const box = h('div', { class: 'form' });
	const comment = h('textarea', { rows: 2, maxlength: 2000, value: was.comment ?? '' });
	const form = new Form(box, () => save());
	const save = () => kept.set(id, { fields: form.values, comment: comment.value });
	form.open(r.form, was.fields ?? r.fields);
	comment.addEventListener('input', save);
	const tell = async (what, told) => {
		if (await attempt(() => post(`requests/${encodeURIComponent(id)}/${what}`, told))) {
			kept.delete(id);
			open = null;
			document.activeElement?.blur();
			await refreshTasks();
		}
	};
	const done = () => {
		if (form.missing.length)
			say(said, t('missing.text', { what: form.missing.join(', ') }));
		else
			tell('done', { fields: form.values, comment: comment.value.trim() });
	};
	const number = r.number ?? r.phone;
	return h('div', { class: 'task-body' },
		r.person?.name || r.name ? h('p', {}, icon('person'), r.person?.name ?? r.name) : null,
		number ? h('p', {}, icon('phone'), phone(number), ' ', call(r, number)) : null,
		r.text ? h('p', { class: 'task-text' }, value(r.text)) : null,
		box, h('label', {}, h('span', {}, t('result.comment')), comment), said,
		h('div', { class: 'row' },
			h('button', { type: 'button', data: { do: 'return' },
				onclick: () => tell('return', { comment: comment.value.trim() }) }, t('task.return')),
			h('span', { class: 'space' }),
			h('button', { type: 'button', class: 'go', data: { do: 'done' }, onclick: done }, t('task.done'))));
}

function call(r, number) {
	if (!r.campaign)
		return null;
	const free = ['paused', 'ready'].includes(model.agent.state);
	return h('button', { type: 'button', data: { do: 'call' }, ...(free ? {} : { disabled: true }),
		onclick: () => attempt(() => post('desk/dial', r.lead
			? { lead: r.lead, campaign: r.campaign } : { number, campaign: r.campaign })) }, t('task.call'));
}

let asked = 0; // timer of the next look at the list
const fresh = new Set(); // ids that were told to be new since

// Event request: everybody hears of each; the list is read at most once in two seconds.
export function toldTask(data) {
	if (!data.what || data.what === 'created')
		fresh.add(String(data.id));
	asked ||= setTimeout(async () => {
		asked = 0;
		const all = await refreshTasks();
		const mineToo = all.filter((r) => fresh.has(String(r.id)) && r.status === 'new');
		fresh.clear();
		if (mineToo.length)
			toast(t('task.new', { title: mineToo.map((r) => r.title || word('task.type', r.type)).join(', ') }));
	}, 500 + Math.random() * 1500);
}

async function next() {
	enable($('task-next'), false);
	await attempt(async () => {
		const r = await get('requests/next');
		if (!r) {
			toast(t('task.nothing'));
			return;
		}
		await post(`requests/${encodeURIComponent(r.id)}/take`);
		open = String(r.id);
		await refreshTasks();
	});
	enable($('task-next'), true);
}

export function stateTasks() {
	draw();
}

$('task-next').addEventListener('click', next);
onLang(draw);
