// floor.js -- the supervisors' page: everything of one snapshot a second.

import { Problem, Stream, del, get, now, setNow } from './api.js';
import { $, fill, h, icon, say, show } from './dom.js';
import { clock, figure, moment, onLang, percent, span, t, texts } from './text.js';
import { askIn, begin, langs, lost } from './login.js';
import { drawPeople, heardOver, pauseCodes, setOwn } from './people.js';
import { drawCampaigns, drawLines, meter, redraw } from './campaigns.js';
import { Chart, Hour } from './chart.js';

let me = null;
let floor = null;
const hour = new Hour();
const ALARMS_MAX = 4;

// --- figures of the whole floor ---

const sum = (list, key) => list.reduce((n, x) => n + (Number(x[key]) || 0), 0);

// A rate of the whole: the snapshot's own, else of its campaigns, each as heavy as `weight` says.
function overall(key, weight) {
	if (Number.isFinite(floor[key]))
		return floor[key];
	const list = (floor.campaigns ?? []).filter((c) => Number.isFinite(c[key]));
	const heavy = list.reduce((n, c) => n + weight(c), 0);
	return heavy > 0 ? list.reduce((n, c) => n + c[key] * weight(c), 0) / heavy : null;
}

function totals() {
	const campaigns = floor.campaigns ?? [], agents = floor.agents ?? [];
	const live = sum(campaigns, 'live'), abandoned = sum(campaigns, 'abandoned');
	const limits = campaigns.map((c) => c.abandon_limit).filter((x) => x > 0);
	const waits = (key) => (Number.isFinite(floor[key]) ? floor[key] : campaigns.filter((c) => Number.isFinite(c[key]))
		.reduce((most, c) => Math.max(most ?? 0, c[key]), null));
	return {
		dialing: floor.calls?.dialing ?? 0, ringing: floor.calls?.ringing ?? 0, talking: floor.calls?.talking ?? 0,
		waiting: sum(campaigns, 'waiting') + sum(floor.queues ?? [], 'waiting'),
		longest: Math.max(0, ...(floor.queues ?? []).map((q) => (q.waiting > 0 ? q.longest_s : 0))),
		ready: agents.filter((a) => a.state === 'ready').length,
		on: agents.filter((a) => a.state !== 'offline').length,
		occupancy: overall('occupancy', (c) => (c.talking || 0) + (c.ready || 0) + 1),
		live, abandoned, abandon: live > 0 ? abandoned / live : null, limit: limits.length ? Math.min(...limits) : null,
		answer: overall('answer_rate', (c) => (c.live || 0) + 1), ratio: overall('dial_ratio', (c) => (c.ready || 0) + (c.talking || 0) + 1),
		p50: floor.waits ? (floor.waits.n > 0 ? floor.waits.p50_s * 1000 : null) : waits('wait_p50_ms'),
		p95: floor.waits ? (floor.waits.n > 0 ? floor.waits.p95_s * 1000 : null) : waits('wait_p95_ms'),
	};
}

const bars = { abandon: meter(0, 0), occupancy: meter(0, 0, 1) };
const TILES = [
	['ringing', 'floor.ringing', (x) => figure(x.ringing), (x) => `${t('floor.dialing')} ${figure(x.dialing)}`],
	['talking', 'floor.talking', (x) => figure(x.talking), () => ''],
	['waiting', 'floor.waiting', (x) => figure(x.waiting), (x) => (x.longest ? t('floor.longest', { span: span(x.longest * 1000) }) : '')],
	['ready', 'floor.ready', (x) => figure(x.ready), (x) => t('floor.trunk.calls', { n: figure(x.ready), of: figure(x.on) })],
	['occupancy', 'floor.occupancy', (x) => percent(x.occupancy), () => '', bars.occupancy],
	['abandon', 'floor.abandon', (x) => percent(x.abandon, 1), (x) => [x.limit ? t('floor.limit', { x: percent(x.limit, 1) }) : '',
		t('floor.trunk.calls', { n: figure(x.abandoned), of: figure(x.live) })].filter(Boolean).join(' · '), bars.abandon],
	['answer', 'floor.answer', (x) => percent(x.answer), () => ''],
	['ratio', 'floor.ratio.short', (x) => figure(x.ratio, 2), () => t('floor.ratio.words')],
	['waits', 'floor.waits', (x) => (x.p95 === null ? '–' : t('floor.waits.value', { half: figure(x.p50 / 1000, 1), most: figure(x.p95 / 1000, 1) })), () => t('floor.waits.words')],
];
const tiles = TILES.map(([id, title, value, small, bar]) => {
	const parts = { name: h('span', {}), value: h('b', {}), small: h('small', {}) };
	return { title, read: value, more: small, parts,
		node: h('div', { class: `panel tile t-${id}`, data: { tile: id } }, parts.name, parts.value, bar ?? null, parts.small) };
});
fill($('tiles'), tiles.map((x) => x.node));

function drawTiles(x) {
	for (const tile of tiles) {
		say(tile.parts.name, t(tile.title));
		say(tile.parts.value, tile.read(x));
		say(tile.parts.small, tile.more(x));
	}
	bars.abandon.put(x.abandon ?? 0, x.limit);
	bars.occupancy.put(x.occupancy ?? 0, 0, 1);
	document.querySelector('.t-waiting').classList.toggle('hot', x.waiting > 0);
}

// --- charts ---

const rate = (x, exact) => percent(x, exact || (x < 0.1 && x > 0) ? 1 : 0);
const charts = [
	new Chart({ title: () => t('floor.chart.calls'), empty: () => t('floor.chart.empty'), least: 4, write: (x) => figure(x),
		lines: [{ key: 'ringing', colour: '--wrapup', say: (x) => `${t('floor.ringing')} ${x}` },
			{ key: 'talking', colour: '--talking', say: (x) => `${t('floor.talking')} ${x}` }] }),
	new Chart({ title: () => t('floor.abandon'), empty: () => t('floor.chart.empty'), least: 0.04, write: rate,
		lines: [{ key: 'abandon', colour: '--bad' }, { key: 'limit', colour: '--soft', dash: true, say: (x) => t('floor.limit', { x }) }] }),
	new Chart({ title: () => t('floor.occupancy'), empty: () => t('floor.chart.empty'), least: 1, most: 1, write: rate,
		lines: [{ key: 'occupancy', colour: '--accent' }] }),
];
fill($('charts'), charts.map((c) => c.node));

function drawCharts() {
	for (const c of charts)
		c.draw(hour.points);
}

// --- all of it ---

function draw() {
	if (!floor)
		return;
	const x = totals();
	drawTiles(x);
	drawPeople(floor.agents ?? []);
	heardOver(floor.agents ?? []);
	drawCampaigns(floor.campaigns ?? [], me?.role === 'operator');
	drawLines(floor.trunks, floor.queues);
	say($('user'), me?.title || me?.user || '');
	document.title = `${t('floor.title')} · zvonar`;
}

function take(snapshot) {
	floor = snapshot;
	setNow(floor.now_ms);
	const x = totals();
	const finite = (v) => (Number.isFinite(v) ? v : null);
	hour.add({ ringing: x.ringing, talking: x.talking, abandon: finite(x.abandon), limit: finite(x.limit), occupancy: finite(x.occupancy) });
	draw();
	drawCharts();
}

function alarm(text) {
	const node = h('div', { class: 'alarm' }, icon('bell'), h('time', {}, clock(moment(now()))), h('span', {}, text),
		h('button', { type: 'button', class: 'quiet', 'aria-label': t('do.close'), onclick: () => node.remove() }, icon('close')));
	for (const old of $('alarms').children) {
		if (old.querySelector('span').textContent === text)
			old.remove();
	}
	$('alarms').prepend(node);
	while ($('alarms').children.length > ALARMS_MAX)
		$('alarms').lastChild.remove();
}

function onEvent(name, data) {
	if (name === 'hello') {
		sync();
	} else if (name === 'floor') {
		take(data);
	} else if (name === 'agent' && floor) {
		if (data.user === me?.user)
			setOwn(data);
		const a = floor.agents?.find((one) => one.user === data.user);
		if (a) {
			Object.assign(a, data, { since: data.since_ms ?? a.since, limit: data.limit_ms ?? a.limit });
			draw();
		}
	} else if (name === 'queue' && floor) {
		const q = floor.queues?.find((one) => one.name === data.queue);
		if (q) {
			Object.assign(q, data);
			draw();
		}
	} else if (name === 'alarm' || name === 'note') {
		alarm(data.text ?? '');
	}
}

async function sync() {
	try {
		const [who, snapshot] = await Promise.all([get('me'), get('floor')]);
		me = who;
		pauseCodes(me.pause_codes);
		setOwn(me.agent);
		show($('login'), false);
		show($('app'), true);
		take(snapshot);
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

const denied = (status) => askIn(stream, status, Boolean(me), () => {
	stream.last = '';
	stream.start();
});

$('logout').addEventListener('click', async () => {
	stream.stop();
	try { await del('session'); } catch { /* it runs out by itself */ }
	me = null;
	floor = null;
	denied(0);
});
$('lost-again').addEventListener('click', () => stream.again());
$('dialog').addEventListener('close', () => fill($('dialog')));
addEventListener('resize', drawCharts);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawCharts);
onLang(() => { setOwn(null); redraw(); draw(); drawCharts(); });
const tick = () => {
	say($('clock'), clock(moment(now())));
	if (floor)
		drawPeople();
};
setInterval(tick, 1000);

tick();
texts(document);
langs($('lang'));
begin(() => stream.start(), denied);
